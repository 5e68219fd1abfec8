//! What a generation says of itself: strings, stacks, CPU samples, clocks.
//!
//! ```text
//! 04 { 05 id length bytes… }*                 strings
//! 02 { 03 id n { pc func file line }×n }*     stacks, innermost frame first; func and file are strings
//! 06 { 07 time m p g stack }*                 CPU samples; time is absolute
//! 08 hz                                       ticks per second, alone (to 1.24)
//! 32 { 08 hz | 33 dt mono sec nsec }*         the same with a snapshot of clocks (from 1.25)
//! ```
//!
//! They come after the events that use them, so a cut generation has none. Read [`Contents::read`] first.

use super::super::leb::Bytes;
use super::index::{Batch, Generation};
use crate::goruntime::tracewire::{FIXED_STRINGS, USUAL_FREQUENCY, wire};
use crate::model::trace::{
    ABSENT, ClockSnapshot, DamageKind, Damages, TableBuilder, Tables, Tick, Vocabulary,
};

/// Go's limits: frames of a stack, bytes of a string.
const FRAME_LIMIT: u64 = 128;
const STRING_LIMIT: u64 = 1 << 10;

/// The length of a tick, of which a second has `hz`.
fn tick(hz: u64) -> Tick {
    let ns = 1.0 / (hz as f64 / 1e9);
    match ns.fract() == 0.0 && (1.0..1e9).contains(&ns) {
        true => Tick::Whole(ns as u64),
        false => Tick::Odd(ns),
    }
}

/// A CPU sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// ns.
    pub(super) at: i64,
    pub(super) thread: u64,
    pub(super) proc: u64,
    pub(super) goroutine: u64,
    pub(super) stack: u64,
}

/// The decoded tables of a generation.
pub(super) struct Contents<'t> {
    pub(super) tables: Tables<'t>,
    /// By time.
    pub(super) samples: Vec<Sample>,
    pub(super) tick: Tick,
    /// True where nothing is missing: frequency, and the names of all frames.
    pub(super) whole: bool,
}

impl<'t> Contents<'t> {
    /// Reads all tables of a generation. Where its frequency is lost `usual`, that of the one before, is taken.
    pub(super) fn read(
        generation: &Generation<'t>,
        vocabulary: Vocabulary,
        usual: Option<Tick>,
        damage: &mut Damages,
    ) -> Self {
        let mut reading = Reading::default();
        for batch in &generation.tables {
            let mut bytes = Bytes::new(batch.data);
            if reading.batch(batch, &mut bytes).is_none() {
                let at = bytes.position();
                damage.add(
                    DamageKind::BrokenTable,
                    batch.offset + at,
                    batch.data.len() - at,
                );
                reading.broken = true;
            }
        }
        reading.finish(generation, vocabulary, usual)
    }
}

#[derive(Default)]
struct Reading<'t> {
    builder: TableBuilder<'t>,
    samples: Vec<Sample>,
    hz: Option<u64>,
    /// Ticks, and the other clocks.
    clock: Option<(u64, u64, u64, u64)>,
    strings: bool,
    broken: bool,
}

impl<'t> Reading<'t> {
    /// `None` at the first byte that does not fit; what was read before it stays.
    fn batch(&mut self, batch: &Batch<'t>, bytes: &mut Bytes<'t>) -> Option<()> {
        match batch.data.first() {
            Some(&wire::STRINGS) => {
                self.strings = true;
                bytes.byte();
                while bytes.left() > 0 {
                    self.string(bytes)?;
                }
            }
            Some(&wire::STACKS) => {
                bytes.byte();
                while bytes.left() > 0 {
                    let first = self.builder.frame_count();
                    if self.stack(bytes).is_none() {
                        self.builder.abandon_stack(first);
                        return None;
                    }
                }
            }
            Some(&wire::CPU_SAMPLES) => {
                bytes.byte();
                while bytes.left() > 0 {
                    self.sample(bytes)?;
                }
            }
            _ => self.clocks(batch, bytes)?,
        }
        Some(())
    }

    fn string(&mut self, bytes: &mut Bytes<'t>) -> Option<()> {
        (bytes.byte()? == wire::STRING).then_some(())?;
        let id = bytes.number()?;
        let length = bytes.number().filter(|&length| length <= STRING_LIMIT)?;
        self.builder.string(id, bytes.take(length)?);
        Some(())
    }

    fn stack(&mut self, bytes: &mut Bytes<'t>) -> Option<()> {
        (bytes.byte()? == wire::STACK).then_some(())?;
        let first = self.builder.frame_count();
        let id = bytes.number()?;
        let count = bytes.number().filter(|&count| count <= FRAME_LIMIT)?;
        for _ in 0..count {
            let (pc, func) = (bytes.number()?, bytes.number()?);
            let (file, line) = (bytes.number()?, bytes.number()?);
            self.builder.frame(pc, func, file, line);
        }
        self.builder.end_stack(id, first);
        Some(())
    }

    fn sample(&mut self, bytes: &mut Bytes<'t>) -> Option<()> {
        (bytes.byte()? == wire::CPU_SAMPLE).then_some(())?;
        let (time, thread) = (bytes.number()?, bytes.number()?);
        let (proc, goroutine) = (bytes.number()?, bytes.number()?);
        let stack = bytes.number()?;
        self.samples.push(Sample {
            at: time as i64, // ticks, until the frequency is known
            thread,
            proc,
            goroutine: if goroutine == 0 { ABSENT } else { goroutine },
            stack,
        });
        Some(())
    }

    fn clocks(&mut self, batch: &Batch<'t>, bytes: &mut Bytes<'t>) -> Option<()> {
        let mut time = batch.time;
        while bytes.left() > 0 {
            match bytes.byte()? {
                wire::SYNC => {}
                wire::FREQUENCY => {
                    let hz = bytes.number()?;
                    self.hz = self.hz.or(Some(hz));
                }
                wire::CLOCK_SNAPSHOT => {
                    time = time.wrapping_add(bytes.number()?);
                    let clock = (time, bytes.number()?, bytes.number()?, bytes.number()?);
                    self.clock = self.clock.or(Some(clock));
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn finish(
        mut self,
        generation: &Generation<'t>,
        vocabulary: Vocabulary,
        usual: Option<Tick>,
    ) -> Contents<'t> {
        let hz = self.hz.filter(|&hz| hz > 0);
        let tick = hz
            .map(tick)
            .or(usual)
            .unwrap_or_else(|| tick(USUAL_FREQUENCY));
        let tables_there = self.strings || generation.events.is_empty();
        let ended = generation.ended && tables_there && hz.is_some() && !self.broken;
        if !ended {
            for (number, text) in FIXED_STRINGS.iter().enumerate() {
                self.builder.string(number as u64 + 1, text.as_bytes());
            }
        }
        let (mut tables, named) = self.builder.build(vocabulary);
        let whole = ended && named;
        tables.incomplete = !whole;
        tables.clock = self
            .clock
            .map(|(time, mono_ns, wall_seconds, wall_nanos)| ClockSnapshot {
                trace_ns: tick.ns(time),
                mono_ns,
                wall_seconds,
                wall_nanos,
            });
        let mut samples = self.samples;
        for sample in &mut samples {
            sample.at = tick.ns(sample.at as u64);
        }
        samples.sort_by_key(|sample| sample.at);
        Contents {
            tables,
            samples,
            tick,
            whole,
        }
    }
}
