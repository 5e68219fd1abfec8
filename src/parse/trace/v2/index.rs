//! Batches and generations of a trace since Go 1.22.
//!
//! ```text
//! 01 gen m time length bytes…      events of thread m; length is padded to ten bytes
//! 31 exp gen m time length bytes…  the same of an experiment; skipped
//! 34                               end of a generation (1.26 and later)
//! ```
//!
//! The first byte of a batch tells what it holds: 02 stacks, 04 strings, 06 CPU samples, 08 the clock's frequency (to 1.24), 32 the
//! frequency and a snapshot of clocks (from 1.25), anything else events. All batches of a generation lie together; up to 1.25 only
//! the next generation's number ends it. Nothing of a batch is decoded here: one jump a batch finds them all. Read
//! [`Index::generation`] first; where bytes are no batch, [`Index::resync`] looks for the next one.

use super::super::leb::{Bytes, LONGEST};
use crate::goruntime::tracewire::wire;
use crate::model::trace::{DamageKind, Damages};

/// Go's own limit for the bytes of a batch.
const BATCH_LIMIT: u64 = 64 << 10;

/// The first header of traces whose generations end with an event.
const EXPLICIT_END_SINCE: u16 = 26;

/// The first header of traces whose frequency stands in a sync batch.
const SYNC_BATCH_SINCE: u16 = 25;

/// A batch, its header taken off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch<'t> {
    /// The thread, or `ABSENT`.
    pub(super) thread: u64,
    /// Ticks at which it begins.
    pub(super) time: u64,
    /// What it holds.
    pub(super) data: &'t [u8],
    /// Where `data` begins in the file.
    pub(super) offset: usize,
}

/// All batches of one generation.
#[derive(Debug, Default)]
pub(super) struct Generation<'t> {
    /// Its number in the file.
    pub(super) number: u64,
    /// Where its first batch begins.
    pub(super) offset: usize,
    /// Batches of events, in the order of the file.
    pub(super) events: Vec<Batch<'t>>,
    /// Batches of strings, stacks, samples and clocks, in the order of the file.
    pub(super) tables: Vec<Batch<'t>>,
    /// The least time of any batch, in ticks.
    pub(super) begins: u64,
    /// True where its end is in the file: an event from 1.26 on, before that the next generation, or the end of the file between
    /// two batches.
    pub(super) ended: bool,
}

enum Item<'t> {
    Batch { generation: u64, batch: Batch<'t> },
    Experiment { generation: u64, time: u64 },
    End,
}

enum Found<'t> {
    Item(Item<'t>),
    /// No batch begins here.
    Nothing,
    /// The file ends inside a batch: what there is of it.
    Cut(Option<Item<'t>>),
}

/// Walks over the batches of a file.
pub(super) struct Index<'t> {
    bytes: &'t [u8],
    at: usize,
    explicit_end: bool,
    sync_batches: bool,
    current: u64,
}

impl<'t> Index<'t> {
    /// `start`: where the first batch begins.
    pub(super) fn new(bytes: &'t [u8], start: usize, header: u16) -> Self {
        Self {
            bytes,
            at: start,
            explicit_end: header >= EXPLICIT_END_SINCE,
            sync_batches: header >= SYNC_BATCH_SINCE,
            current: 0,
        }
    }

    /// The next generation, if there is one.
    pub(super) fn generation(&mut self, damage: &mut Damages) -> Option<Generation<'t>> {
        let mut generation = Generation {
            offset: self.at,
            ..Generation::default()
        };
        let mut seen = false;
        let mut cut = false;
        while self.at < self.bytes.len() && !cut {
            let start = self.at;
            let item = match self.item() {
                Found::Item(item) => item,
                Found::Nothing => {
                    self.resync(start, damage);
                    continue;
                }
                Found::Cut(item) => {
                    damage.add(DamageKind::CutBatch, start, self.bytes.len() - start);
                    self.at = self.bytes.len();
                    cut = true;
                    match item {
                        Some(item) => item,
                        None => break,
                    }
                }
            };
            let (number, time) = match &item {
                Item::End => {
                    generation.ended = true;
                    break;
                }
                Item::Batch { generation, batch } => (*generation, batch.time),
                Item::Experiment { generation, time } => (*generation, *time),
            };
            if !seen {
                seen = true;
                self.begin(number, start, damage);
                generation.number = number;
                generation.begins = time;
            } else if number != generation.number {
                self.at = start;
                self.check_order(generation.number, number, start, damage);
                generation.ended = !self.explicit_end;
                return Some(generation);
            }
            if generation.begins == 0 || time < generation.begins {
                generation.begins = time;
            }
            self.file(&mut generation, item);
        }
        if !self.explicit_end {
            generation.ended = !cut;
        }
        (seen || generation.ended && self.explicit_end).then_some(generation)
    }

    fn begin(&mut self, number: u64, offset: usize, damage: &mut Damages) {
        if self.current != 0 && number <= self.current {
            damage.add(DamageKind::GenerationOrder, offset, 0);
        }
        self.current = number;
    }

    fn check_order(&self, number: u64, next: u64, offset: usize, damage: &mut Damages) {
        if next != number.wrapping_add(1) || self.explicit_end {
            damage.add(DamageKind::GenerationOrder, offset, 0);
        }
    }

    /// Puts a batch where it belongs.
    fn file(&self, generation: &mut Generation<'t>, item: Item<'t>) {
        let Item::Batch { batch, .. } = item else {
            return;
        };
        match batch.data.first() {
            None => {}
            Some(&(wire::STRINGS | wire::STACKS | wire::CPU_SAMPLES)) => {
                generation.tables.push(batch);
            }
            Some(&wire::FREQUENCY) if !self.sync_batches => generation.tables.push(batch),
            Some(&wire::SYNC) if self.sync_batches => generation.tables.push(batch),
            Some(_) => generation.events.push(batch),
        }
    }

    /// Reads the header at the current position and goes behind its batch.
    fn item(&mut self) -> Found<'t> {
        let Some(rest) = self.bytes.get(self.at..) else {
            return Found::Nothing;
        };
        let mut bytes = Bytes::new(rest);
        let experiment = match bytes.byte() {
            Some(wire::END_OF_GENERATION) => {
                self.at += 1;
                return Found::Item(Item::End);
            }
            Some(wire::EVENT_BATCH) => false,
            Some(wire::EXPERIMENTAL_BATCH) => {
                bytes.byte();
                true
            }
            _ => return Found::Nothing,
        };
        let numbers = [
            bytes.number(),
            bytes.number(),
            bytes.number(),
            bytes.number(),
        ];
        let [Some(generation), Some(thread), Some(time), Some(length)] = numbers else {
            // Four numbers of ten bytes fit, or the file ends.
            return match bytes.left() <= LONGEST {
                true => Found::Cut(None),
                false => Found::Nothing,
            };
        };
        if length > BATCH_LIMIT || generation == 0 {
            return Found::Nothing;
        }
        let offset = self.at + bytes.position();
        let whole = bytes.left() as u64 >= length;
        let data = bytes
            .take(length.min(bytes.left() as u64))
            .unwrap_or_default();
        let item = match experiment {
            true => Item::Experiment { generation, time },
            false => Item::Batch {
                generation,
                batch: Batch {
                    thread,
                    time,
                    data,
                    offset,
                },
            },
        };
        if !whole {
            return Found::Cut(Some(item));
        }
        self.at = offset + data.len();
        Found::Item(item)
    }

    /// Goes to the next place where a batch of this or the next generation begins and another one, or the end, follows it.
    fn resync(&mut self, start: usize, damage: &mut Damages) {
        let mut from = start + 1;
        while let Some(rest) = self.bytes.get(from..)
            && let Some(found) = memchr::memchr(wire::EVENT_BATCH, rest)
        {
            self.at = from + found;
            let begins = self.at;
            if self.plausible() {
                self.at = begins;
                damage.add(DamageKind::NotABatch, start, begins - start);
                return;
            }
            from = begins + 1;
        }
        damage.add(DamageKind::NotABatch, start, self.bytes.len() - start);
        self.at = self.bytes.len();
    }

    fn plausible(&mut self) -> bool {
        match self.item() {
            Found::Item(Item::Batch { generation, .. }) => {
                let near = self.current == 0
                    || generation == self.current
                    || generation == self.current.wrapping_add(1);
                let follows = matches!(
                    self.bytes.get(self.at),
                    None | Some(
                        &(wire::EVENT_BATCH | wire::EXPERIMENTAL_BATCH | wire::END_OF_GENERATION)
                    )
                );
                near && follows
            }
            _ => false,
        }
    }
}
