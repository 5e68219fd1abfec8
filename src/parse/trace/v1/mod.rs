//! Traces up to Go 1.21: one stream of events for each processor, and tables for all at the end.
//!
//! `index` walks over the file once, `lane` decodes a processor's events one at a time, `order` decides which lane's next event may
//! come (and which waits for another lane's), `convert` and `extras` say it in the events of later traces. Here is the loop around
//! them. Nothing is kept but the tables, the places of the batches and what is alive.
//!
//! A trace whose process died has no frequency, no stacks, few strings, and the first batches of some processors are missing. It is
//! read in the order of ticks alone, and its times are ticks. Where the file only ends among the stacks, those are missing and all else
//! is there. Read [`read`] first, then [`Reader::events`].

mod convert;
mod extras;
mod index;
mod lane;
mod order;
mod shape;

use super::out::Out;
use super::{HEADER_BYTES, Options};
use crate::goruntime::tracewire::v1;
use crate::model::trace::{
    ABSENT, Context, DamageKind, Damages, EventKind, NO_SLOT, Outcome, Sink, StackRef, SyncPoint,
    Tables, Vocabulary,
};
use convert::{States, Ticks, Turn};
use index::{Index, Sample};
use lane::Lane;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Lanes looked at in vain, for each byte of the file, before order is given up and time alone decides. In real traces one head in a
/// hundred waits; a broken one with thousands of processors must not take the square of its size.
const PATIENCE_PER_BYTE: u64 = 4;

/// The same, for the smallest files.
const PATIENCE: u64 = 1 << 20;

/// Events taken before their turn, before order is given up.
const FORCED_LIMIT: u32 = 10_000;

/// Samples looked over for one that falls into a system call. At the usual rate these are two seconds of a busy processor.
const SAMPLES_IN_CALL: usize = 200;

/// Time of the event that begins a trace: 1 ns before the first one.
const BEFORE_FIRST: i64 = -1;

/// Reads all of it.
pub(super) fn read<S: Sink>(
    bytes: &[u8],
    header: u16,
    options: Options,
    mut damage: Damages,
    out: Out<'_, S>,
) -> Outcome {
    let mut index = Index::read(bytes, HEADER_BYTES, &mut damage);
    let unordered = index.frequency.is_none();
    if unordered {
        damage.add(DamageKind::NoFrequency, bytes.len(), 0);
    }
    let salvage = unordered || damage.count(DamageKind::CutBatch) > 0;
    if salvage && !index.is_empty() {
        damage.add(DamageKind::IncompleteGeneration, HEADER_BYTES, 0);
    }
    if salvage && !options.salvage {
        index.lanes.clear();
        index.samples.clear();
    }
    let ticks = Ticks {
        base: 0,
        ns: index.frequency.map_or(1.0, |hz| 1e9 / hz as f64),
    };
    let (mut tables, named) = std::mem::take(&mut index.tables).build(Vocabulary::default());
    if !named && !salvage {
        damage.add(DamageKind::MissingEntry, bytes.len(), 0);
    }
    tables.incomplete = salvage;
    let mut states = States::new(header, ticks, index.timers, damage, &mut tables.vocabulary);
    states.order.forced = unordered;
    let lanes = index.lanes.into_iter();
    let reader = Reader {
        lanes: lanes
            .map(|(proc, stretches)| Lane::new(proc, stretches, bytes))
            .collect(),
        ready: BinaryHeap::new(),
        waiting: Vec::new(),
        samples: index.samples.into_iter(),
        states,
        tables,
        out,
        patience: PATIENCE + PATIENCE_PER_BYTE * bytes.len() as u64,
        forced: 0,
        latest: 0,
        unordered,
        salvage,
    };
    reader.all(header)
}

/// A lane that may go on: the tick of its next event, and its number.
type Ready = Reverse<(u64, u32)>;

struct Reader<'t, 's, S> {
    lanes: Vec<Lane<'t>>,
    ready: BinaryHeap<Ready>,
    /// Lanes that may not, and the slot of the goroutine they wait for.
    waiting: Vec<(u32, u32)>,
    /// Those that have not come yet.
    samples: std::vec::IntoIter<Sample>,
    states: States,
    tables: Tables<'t>,
    out: Out<'s, S>,
    patience: u64,
    forced: u32,
    /// Tick of the latest event.
    latest: u64,
    /// The trace was not ended: its beginning may be missing, too.
    unordered: bool,
    /// Its tables are not all there.
    salvage: bool,
}

impl<S: Sink> Reader<'_, '_, S> {
    fn all(mut self, header: u16) -> Outcome {
        for lane in 0..self.lanes.len() {
            self.next(lane as u32);
        }
        let empty = self.ready.is_empty() && self.waiting.is_empty() && self.samples.len() == 0;
        let mut syncs = 1;
        if !empty {
            self.states.ticks.base = self.first_tick();
            self.states.preamble = self.begins_with_preamble().then(Vec::new);
            self.out.begin_before(BEFORE_FIRST);
            self.out.generation(&self.tables);
            self.sync(BEFORE_FIRST, syncs, false);
            self.events();
            self.out.end_generation(&self.tables);
            syncs += 1;
        }
        let end = match empty {
            true => 0,
            false => self.out.last().saturating_add(1),
        };
        let tables = Tables::of_words(std::mem::take(&mut self.tables.vocabulary));
        self.tables = tables;
        self.sync(end, syncs, true);
        Outcome {
            header,
            generations: u32::from(!empty),
            first_generation: u64::from(!empty),
            salvaged_from: (self.salvage && !empty).then_some(0),
            damage: self.states.damage,
            vocabulary: self.tables.vocabulary,
        }
    }

    /// A trace tells first who was there before it. Where its beginning may be lost, that must be seen: nobody can create a goroutine
    /// on a processor that runs none.
    fn begins_with_preamble(&self) -> bool {
        let first = self
            .ready
            .peek()
            .and_then(|ready| self.lanes.get(ready.0.1 as usize));
        !self.unordered || first.is_some_and(|lane| lane.head().number == v1::GO_CREATE)
    }

    /// The least tick of anything.
    fn first_tick(&self) -> u64 {
        let ready = self.ready.iter().map(|ready| ready.0.1);
        let waiting = self.waiting.iter().map(|&(lane, _)| lane);
        let heads = ready
            .chain(waiting)
            .filter_map(|lane| self.lanes.get(lane as usize))
            .map(|lane| lane.head().tick);
        let samples = self.samples.as_slice().first();
        heads
            .chain(samples.map(|sample| sample.tick))
            .min()
            .unwrap_or(0)
    }

    fn sync(&mut self, at: i64, number: u32, last: bool) {
        let point = EventKind::Sync(SyncPoint { number, last });
        self.out
            .emit(at, Context::NONE, StackRef::NONE, point, &self.tables);
    }

    /// All events in their order.
    fn events(&mut self) {
        loop {
            let Some(Reverse((_, lane))) = self.ready.pop() else {
                if self.force() {
                    continue;
                }
                break;
            };
            // The same lane goes on as long as it is the earliest.
            while self.step(lane) {}
        }
        self.samples_before(u64::MAX);
    }

    /// Takes the next event of a lane, which may come; true where the one after it is the earliest of all and may come, too.
    #[inline]
    fn step(&mut self, number: u32) -> bool {
        let Some(lane) = self.lanes.get_mut(number as usize) else {
            return false;
        };
        let tick = lane.head().tick;
        if self
            .samples
            .as_slice()
            .first()
            .is_some_and(|sample| sample.tick < tick)
        {
            self.samples_before(tick);
        }
        let Some(lane) = self.lanes.get_mut(number as usize) else {
            return false;
        };
        if tick < self.latest {
            self.states
                .damage
                .add(DamageKind::TimeOrder, lane.offset(), 0);
        }
        self.latest = tick;
        let blocks = lane.head().number == v1::GO_SYS_CALL && blocks(lane, self.samples.as_slice());
        let changed = self.states.apply(&mut Turn {
            lane,
            blocks,
            at: self.states.ticks.at(tick),
            tables: &mut self.tables,
            out: &mut self.out,
        });
        if let Some(slot) = changed {
            self.wake(slot);
        }
        let Some(lane) = self.lanes.get_mut(number as usize) else {
            return false;
        };
        if !lane.advance(&mut self.states.damage) {
            return false;
        }
        if let Some(slot) = self.states.order.waits(lane) {
            self.file(number, slot);
            return false;
        }
        let next = (lane.head().tick, number);
        if self.ready.peek().is_none_or(|earliest| next < earliest.0) {
            return true;
        }
        self.ready.push(Reverse(next));
        false
    }

    /// Reads the first event of a lane and files it.
    fn next(&mut self, number: u32) {
        let Some(lane) = self.lanes.get_mut(number as usize) else {
            return;
        };
        if !lane.advance(&mut self.states.damage) {
            return;
        }
        match self.states.order.waits(lane) {
            Some(slot) => self.file(number, slot),
            None => self.ready.push(Reverse((lane.head().tick, number))),
        }
    }

    fn file(&mut self, lane: u32, slot: u32) {
        self.waiting.push((lane, slot));
        self.states.order.await_for(slot, true);
    }

    /// A goroutine has changed: asks the lanes that wait for it again.
    #[cold]
    fn wake(&mut self, slot: u32) {
        self.patience = self.patience.saturating_sub(self.waiting.len() as u64);
        if self.patience == 0 {
            self.give_up();
            return;
        }
        let mut place = 0;
        while let Some(&(lane, awaited)) = self.waiting.get(place) {
            let waits = match self.lanes.get(lane as usize) {
                Some(lane) if awaited == slot => self.states.order.waits(lane),
                _ => Some(awaited),
            };
            match waits {
                Some(_) => place += 1,
                None => self.release(place),
            }
        }
    }

    /// Lets a waiting lane go on.
    fn release(&mut self, place: usize) {
        let (lane, slot) = self.waiting.swap_remove(place);
        self.states.order.await_for(slot, false);
        if let Some(waited) = self.lanes.get(lane as usize) {
            self.ready.push(Reverse((waited.head().tick, lane)));
        }
    }

    /// All lanes wait: lets the earliest go on. False where there is none.
    #[cold]
    fn force(&mut self) -> bool {
        let tick = |lane: u32| self.lanes.get(lane as usize).map(|lane| lane.head().tick);
        let earliest = (0..self.waiting.len()).min_by_key(|&place| {
            let lane = self.waiting[place].0;
            (tick(lane), lane)
        });
        let Some(place) = earliest else {
            return false;
        };
        self.forced += 1;
        self.patience = self.patience.saturating_sub(self.waiting.len() as u64);
        if let Some(lane) = self.lanes.get(self.waiting[place].0 as usize) {
            self.states
                .damage
                .add(DamageKind::NoOrder, lane.offset(), 0);
        }
        self.release(place);
        if self.forced >= FORCED_LIMIT || self.patience == 0 {
            self.give_up();
        }
        true
    }

    /// From here on time alone decides.
    #[cold]
    fn give_up(&mut self) {
        self.states.order.forced = true;
        while !self.waiting.is_empty() {
            self.release(self.waiting.len() - 1);
        }
    }

    /// Hands on the samples before a tick.
    #[cold]
    fn samples_before(&mut self, tick: u64) {
        while let Some(&sample) = self.samples.as_slice().first()
            && sample.tick < tick
        {
            self.samples.next();
            let (goroutine, slot) = match sample.goroutine {
                0 => (ABSENT, NO_SLOT),
                id => (id, self.states.order.goroutines.find(id).unwrap_or(NO_SLOT)),
            };
            let context = Context {
                thread: ABSENT,
                proc: sample.proc,
                goroutine,
                slot,
            };
            let at = self.states.ticks.at(sample.tick);
            let stack = self.tables.stack(sample.stack);
            self.out
                .emit(at, context, stack, EventKind::StackSample, &self.tables);
        }
    }
}

/// True where the system call that a lane's next event begins blocks. Go's reader looks at the goroutine's next event only, even if
/// that is a CPU sample.
#[cold]
fn blocks(lane: &Lane<'_>, samples: &[Sample]) -> bool {
    let Some(tick) = lane.blocks_at() else {
        return false;
    };
    let within = samples
        .iter()
        .take(SAMPLES_IN_CALL)
        .take_while(|sample| sample.tick < tick);
    let own = lane.goroutine().0;
    within.into_iter().all(|sample| sample.goroutine != own)
}
