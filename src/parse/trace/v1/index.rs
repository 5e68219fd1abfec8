//! The first pass over a trace up to Go 1.21: where each processor's events lie, and everything that is not an event.
//!
//! ```text
//! 41 p ticks                 a batch: events of processor p follow, until the next batch
//! 25 id length bytes…        a string, before its first use or at the end
//! c3 L id n { pc func file line }×n   a stack; all of them come at the end
//! 02 hz                      ticks per second, at the end: without it the trace was not ended properly
//! 23 g                       a goroutine that runs timers (before Go 1.14)
//! f1 L dt ts p g stack       a CPU sample, in a batch of processor 0; its time is `ts`
//! ```
//!
//! A batch does not say how long it is, so every event must be walked over to find the next one; and the batches of different
//! processors lie in the order in which they filled up, so that the first events may stand last in the file. Only when all is
//! walked over can the lanes be merged. Read [`Index::read`] first; where bytes are no event, [`Walk::resync`] looks for a batch.

use super::super::leb::Bytes;
use super::shape::{Fault, SHAPES, Shape, number, number_or_fault, sized_numbers, skip, text};
use crate::goruntime::tracewire::v1;
use crate::model::trace::{ABSENT, DamageKind, Damages, TableBuilder};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Go's limit for the frames of a stack.
const FRAME_LIMIT: u64 = 1000;

/// Processors with a lane of their own. Each costs some hundred bytes; more than this no machine has.
const LANE_LIMIT: usize = 1 << 16;

/// Events that must follow a byte that looks like a batch, after damage. Five random bytes pass for an event each once in 3000 times.
const PROBE_EVENTS: usize = 8;

/// How far, in ticks, a batch found after damage may be from the one before: a day at the usual 50 million ticks a second.
const PROBE_TICKS: u64 = 1 << 42;

/// The events of one batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// First byte in the file, after the batch's header.
    pub(super) start: usize,
    /// End of the last timed event.
    pub(super) end: usize,
    /// Ticks at which it begins.
    pub(super) ticks: u64,
}

/// A CPU sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) tick: u64,
    pub(super) proc: u64,
    /// 0 where it is not known.
    pub(super) goroutine: u64,
    pub(super) stack: u64,
}

/// What the first pass finds.
#[derive(Debug, Default)]
pub(super) struct Index<'t> {
    /// Processors and their batches, in the order of the file.
    pub(super) lanes: Vec<(u64, Vec<Stretch>)>,
    /// By time.
    pub(super) samples: Vec<Sample>,
    pub(super) tables: TableBuilder<'t>,
    /// Ticks per second.
    pub(super) frequency: Option<u64>,
    /// Goroutines that run timers, sorted.
    pub(super) timers: Vec<u64>,
}

/// Bytes of a trace that is worth a second thread.
const WORTH_HALVING: usize = 1 << 20;

/// Bytes looked through for a batch to begin the second half with; Go's batches have 64 kB.
const HALVING_REACH: usize = 256 << 10;

/// Ticks below which the time of a batch in the middle is no time. Every machine has run for longer; a number of an event that looks
/// like a batch is smaller.
const LEAST_TICKS: u64 = 1 << 28;

impl<'t> Index<'t> {
    /// Walks over all of `bytes` from `start` on. The second half on a second thread: that it began where a batch does shows when the
    /// first half is done.
    pub(super) fn read(bytes: &'t [u8], start: usize, damage: &mut Damages) -> Self {
        let middle = match bytes.len() >= WORTH_HALVING {
            true => Walk::new(bytes).batch_from(bytes.len() / 2, HALVING_REACH),
            false => None,
        };
        Self::halved(bytes, start, middle, damage)
    }

    /// `middle`: where the second half may begin.
    fn halved(bytes: &'t [u8], start: usize, middle: Option<usize>, damage: &mut Damages) -> Self {
        let second = || {
            let mut walk = Walk::new(bytes);
            let (_, fault) = walk.events(middle?);
            walk.close();
            fault.is_none().then_some(walk.index)
        };
        std::thread::scope(|scope| {
            let mut second = middle.map(|_| scope.spawn(second));
            let mut walk = Walk::new(bytes);
            walk.meets = middle.unwrap_or(usize::MAX);
            let mut at = start;
            while at < bytes.len() {
                let (reached, fault) = walk.events(at);
                walk.close();
                at = match fault {
                    Some(fault) => walk.resync(reached, fault, damage),
                    None if Some(reached) == middle => {
                        let index = second
                            .take()
                            .and_then(|thread| thread.join().ok().flatten());
                        match index.is_some_and(|index| walk.append(index)) {
                            true => bytes.len(),
                            false => reached,
                        }
                    }
                    None => reached,
                };
            }
            let mut index = walk.index;
            index.samples.sort_by_key(|sample| sample.tick);
            index.timers.sort_unstable();
            index
        })
    }

    /// True where there is no event at all.
    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty() && self.samples.is_empty()
    }
}

struct Walk<'t> {
    file: &'t [u8],
    index: Index<'t>,
    by_proc: HashMap<u64, usize, FxBuildHasher>,
    /// The batch that goes on, and its lane.
    open: Option<(usize, Stretch)>,
    /// Of the latest batch.
    ticks: Option<u64>,
    /// Where to stop, once, if an event begins there.
    meets: usize,
}

impl<'t> Walk<'t> {
    fn new(file: &'t [u8]) -> Self {
        Self {
            file,
            index: Index::default(),
            by_proc: HashMap::default(),
            open: None,
            ticks: None,
            meets: usize::MAX,
        }
    }

    /// Where, from `at` on and within `reach` bytes, a batch seems to begin.
    fn batch_from(&self, at: usize, reach: usize) -> Option<usize> {
        let rest = self.file.get(at..)?;
        let rest = rest.get(..reach).unwrap_or(rest);
        let mut candidates = memchr::memchr_iter(0x41, rest).map(|place| at + place);
        candidates.find(|&place| {
            let mut bytes = Bytes::from(self.file, place + 1);
            let (_, ticks) = (bytes.number(), bytes.number());
            ticks.is_some_and(|ticks| ticks >= LEAST_TICKS) && self.looks_like_batch(place)
        })
    }

    /// Adds what a walk found that began where this one stands; false, and nothing is done, where a walk by oneself might find other.
    fn append(&mut self, later: Index<'t>) -> bool {
        let index = &mut self.index;
        let many = index.lanes.len() + later.lanes.len() >= LANE_LIMIT;
        if many || index.frequency.is_some() && later.frequency.is_none() {
            return false;
        }
        for (proc, stretches) in later.lanes {
            let next = index.lanes.len();
            let lane = *self.by_proc.entry(proc).or_insert(next);
            match index.lanes.get_mut(lane) {
                Some((_, known)) => known.extend(stretches),
                None => index.lanes.push((proc, stretches)),
            }
        }
        index.samples.extend(later.samples);
        index.timers.extend(later.timers);
        index.tables.append(later.tables);
        index.frequency = later.frequency;
        true
    }

    /// Walks from `at` on, to the end or to the first event that cannot be read.
    fn events(&mut self, at: usize) -> (usize, Option<Fault>) {
        let mut bytes = Bytes::from(self.file, at);
        loop {
            let start = bytes.position();
            if start == self.meets {
                self.meets = usize::MAX;
                return (start, None);
            }
            let Some(first) = bytes.byte() else {
                return (start, None);
            };
            let shape = SHAPES[usize::from(first)];
            let done = match shape {
                Shape::Numbers(_) | Shape::Sized(_) | Shape::SizedText(_) => {
                    self.event(number(first), shape, &mut bytes)
                }
                _ => self.structure(shape, &mut bytes),
            };
            if let Err(fault) = done {
                return (start, Some(fault));
            }
        }
    }

    /// An event; those without a time are taken into the tables.
    #[inline]
    fn event(&mut self, number: u8, shape: Shape, bytes: &mut Bytes<'t>) -> Result<(), Fault> {
        let Some((_, stretch)) = &mut self.open else {
            // Before the first batch.
            return Err(Fault::Unknown);
        };
        match number {
            v1::FREQUENCY => {
                let hz = number_or_fault(bytes)?;
                self.index.frequency = Some(hz).filter(|&hz| hz > 0 && i64::try_from(hz).is_ok());
            }
            v1::TIMER_GOROUTINE => {
                let goroutine = number_or_fault(bytes)?;
                self.index.timers.push(goroutine);
            }
            v1::CPU_SAMPLE => {
                let numbers = sized_numbers(bytes)?;
                self.index
                    .samples
                    .push(sample(numbers).ok_or(Fault::Broken)?);
            }
            _ => {
                skip(shape, bytes)?;
                stretch.end = bytes.position();
            }
        }
        Ok(())
    }

    /// A batch, a string, a stack.
    fn structure(&mut self, shape: Shape, bytes: &mut Bytes<'t>) -> Result<(), Fault> {
        match shape {
            Shape::Batch => {
                let proc = number_or_fault(bytes)?;
                if proc != ABSENT && proc > i32::MAX as u64 {
                    return Err(Fault::Broken);
                }
                let ticks = number_or_fault(bytes)?;
                self.close();
                self.begin(proc, ticks, bytes.position());
            }
            Shape::String => {
                let id = number_or_fault(bytes)?;
                self.index.tables.string(id, text(bytes)?);
            }
            Shape::Stack => {
                let numbers = sized_numbers(bytes)?;
                let first = self.index.tables.frame_count();
                if stack(numbers, first, &mut self.index.tables).is_none() {
                    self.index.tables.abandon_stack(first);
                    return Err(Fault::Broken);
                }
            }
            _ => return Err(Fault::Unknown),
        }
        Ok(())
    }

    fn begin(&mut self, proc: u64, ticks: u64, start: usize) {
        self.ticks = Some(ticks);
        let lanes = &mut self.index.lanes;
        let lane = match self.by_proc.get(&proc) {
            Some(&lane) => lane,
            None => {
                // Beyond the limit the last lane takes everything; only in a broken file.
                let lane = lanes.len().min(LANE_LIMIT - 1);
                if lane == lanes.len() {
                    lanes.push((proc, Vec::new()));
                    self.by_proc.insert(proc, lane);
                }
                lane
            }
        };
        let stretch = Stretch {
            start,
            end: start,
            ticks,
        };
        self.open = Some((lane, stretch));
    }

    /// Files the batch that goes on, if there are timed events in it.
    fn close(&mut self) {
        let Some((lane, stretch)) = self.open.take() else {
            return;
        };
        if stretch.end > stretch.start
            && let Some((_, stretches)) = self.index.lanes.get_mut(lane)
        {
            stretches.push(stretch);
        }
    }

    /// Looks for the next batch after an event at `at` that cannot be read, and says so.
    fn resync(&mut self, at: usize, fault: Fault, damage: &mut Damages) -> usize {
        let end = self.file.len();
        let rest = self.file.get(at + 1..).unwrap_or_default();
        let candidates = memchr::memchr_iter(0x41, rest).map(|place| at + 1 + place);
        let next = candidates
            .into_iter()
            .find(|&place| self.looks_like_batch(place))
            .unwrap_or(end);
        let kind = match fault {
            Fault::Cut => DamageKind::CutBatch,
            Fault::Unknown => DamageKind::UnknownEvent,
            Fault::Broken => DamageKind::BrokenEvent,
        };
        damage.add(kind, at, next - at);
        next
    }

    fn looks_like_batch(&self, at: usize) -> bool {
        let mut bytes = Bytes::from(self.file, at);
        bytes.byte();
        let (Some(proc), Some(ticks)) = (bytes.number(), bytes.number()) else {
            return false;
        };
        let near = self
            .ticks
            .is_none_or(|before| ticks.abs_diff(before) < PROBE_TICKS);
        if !near || proc != ABSENT && proc > i32::MAX as u64 {
            return false;
        }
        for _ in 0..PROBE_EVENTS {
            let Some(first) = bytes.byte() else {
                return true;
            };
            match SHAPES[usize::from(first)] {
                Shape::Batch => return true,
                shape => match skip(shape, &mut bytes) {
                    Ok(()) => {}
                    Err(fault) => return fault == Fault::Cut,
                },
            }
        }
        true
    }
}

fn sample(numbers: &[u8]) -> Option<Sample> {
    let mut bytes = Bytes::new(numbers);
    bytes.number()?;
    let (tick, proc) = (bytes.number()?, bytes.number()?);
    let (goroutine, stack) = (bytes.number()?, bytes.number()?);
    (bytes.left() == 0).then_some(Sample {
        tick,
        proc,
        goroutine,
        stack,
    })
}

fn stack(numbers: &[u8], first: usize, tables: &mut TableBuilder<'_>) -> Option<()> {
    let mut bytes = Bytes::new(numbers);
    let id = bytes.number()?;
    let count = bytes.number().filter(|&count| count <= FRAME_LIMIT)?;
    for _ in 0..count {
        let (pc, func) = (bytes.number()?, bytes.number()?);
        let (file, line) = (bytes.number()?, bytes.number()?);
        tables.frame(pc, func, file, line);
    }
    if count > 0 {
        tables.end_stack(id, first);
    }
    (bytes.left() == 0).then_some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::path::Path;

    fn found(bytes: &[u8], middle: Option<usize>) -> String {
        let mut damage = Damages::default();
        let index = Index::halved(bytes, 16, middle, &mut damage);
        format!("{index:?} {damage:?}")
    }

    /// Wherever the second half begins, where a batch does or only seems to, and whatever is wrong with either.
    #[test]
    fn two_halves_are_the_whole() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/traces");
        for name in ["mixed-go1.19.8", "mixed-go1.21.13", "cut-go1.21.13"] {
            let packed = std::fs::read(path.join(format!("{name}.trace.zst"))).unwrap();
            let mut bytes = zstd::decode_all(&packed[..]).unwrap();
            for damaged in [None, Some(bytes.len() / 5), Some(bytes.len() / 5 * 4)] {
                if let Some(place) = damaged {
                    bytes[place..place + 9].fill(0xff);
                }
                let whole = found(&bytes, None);
                let walk = Walk::new(&bytes);
                let (mut at, mut batches) = (16, 0);
                while let Some(place) = walk.batch_from(at, usize::MAX) {
                    assert!(found(&bytes, Some(place)) == whole, "{name} {place}");
                    (at, batches) = (place + 1, batches + 1);
                }
                assert!(batches > 1, "{name}");
                for place in memchr::memchr_iter(0x41, &bytes).skip(16).step_by(9) {
                    assert!(found(&bytes, Some(place)) == whole, "{name} {place}");
                }
            }
        }
    }
}
