//! Traces since Go 1.22: generation by generation, each with tables of its own.
//!
//! `index` finds the batches of a generation, `tables` reads what it says of itself, `frontier` has the next event of every thread,
//! and `order` decides whether it may come now (`state`, `goroutines`, `procs` and `ranges` hold its rules). Here is the loop around
//! them. Read [`read`] first, then [`Reader::events`].

mod frontier;
mod goroutines;
mod index;
mod order;
mod procs;
mod quick;
mod ranges;
mod state;
mod tables;

use super::out::Out;
use super::{HEADER_BYTES, Options};
use crate::model::trace::{
    Context, DamageKind, Damages, EventKind, NO_SLOT, REASON_PLACES, StackRef, SyncPoint, Tables,
    Tick, Vocabulary,
};
use crate::model::trace::{Outcome, Sink};
use frontier::Frontier;
use index::{Generation, Index};
use order::Step;
use state::States;
use tables::{Contents, Sample};

/// The first header whose reader refuses a generation without end before it looks at it.
const REFUSED_WHOLE_SINCE: u16 = 26;

/// Heads tried in vain, for each byte of the file, before order is given up and time alone decides. Real traces wait a few times in
/// a million events; a broken one with thousands of threads must not take the square of its size.
const PATIENCE_PER_BYTE: u64 = 4;

/// The same, for the smallest files.
const PATIENCE: u64 = 1 << 20;

/// Events believed against the rules, in one generation, before order is given up there.
const FORCED_LIMIT: u32 = 10_000;

/// Reads all generations.
pub(super) fn read<S: Sink>(
    bytes: &[u8],
    header: u16,
    options: Options,
    damage: Damages,
    out: Out<'_, S>,
) -> Outcome {
    let mut vocabulary = Vocabulary::default();
    let states = States::new(&mut vocabulary);
    let mut reader = Reader {
        header,
        options,
        out,
        states,
        damage,
        tick: None,
        patience: PATIENCE + PATIENCE_PER_BYTE * bytes.len() as u64,
        syncs: 0,
        first_generation: 0,
        salvaged_from: None,
    };
    let mut index = Index::new(bytes, HEADER_BYTES, header);
    while let Some(generation) = index.generation(&mut reader.damage) {
        let more;
        (vocabulary, more) = reader.generation(generation, vocabulary);
        if !more {
            break;
        }
    }
    reader.finish(vocabulary)
}

struct Reader<'s, S> {
    header: u16,
    options: Options,
    out: Out<'s, S>,
    states: States,
    damage: Damages,
    /// Of the generation before.
    tick: Option<Tick>,
    patience: u64,
    syncs: u32,
    first_generation: u64,
    salvaged_from: Option<i64>,
}

impl<S: Sink> Reader<'_, S> {
    /// Reads one generation; false where nothing after it shall be read.
    fn generation(
        &mut self,
        generation: Generation<'_>,
        vocabulary: Vocabulary,
    ) -> (Vocabulary, bool) {
        let contents = Contents::read(&generation, vocabulary, self.tick, &mut self.damage);
        let refused_whole = self.header >= REFUSED_WHOLE_SINCE;
        if !contents.whole {
            // A process that dies may have begun a generation; there is nothing in it.
            if generation.events.is_empty() && refused_whole {
                return (contents.tables.vocabulary, true);
            }
            if !generation.events.is_empty() {
                self.damage
                    .add(DamageKind::IncompleteGeneration, generation.offset, 0);
            }
            if !self.options.salvage {
                return (contents.tables.vocabulary, false);
            }
        }
        if self.first_generation == 0 {
            self.first_generation = generation.number;
        }
        self.states.generation += 1;
        self.states.forced = !contents.whole;
        self.tick = Some(contents.tick);
        let begins = contents.tick.ns(generation.begins);
        if !contents.whole {
            self.salvaged_from = self.salvaged_from.or(Some(begins));
        }
        let frontier = Frontier::new(generation.events, contents.tick, &mut self.damage);
        let mut tables = contents.tables;
        for reason in 1..REASON_PLACES as u64 {
            tables.word(reason);
        }
        self.out.generation(&tables);
        self.sync(begins, false, &tables);
        self.events(frontier, &mut tables, &contents.samples);
        self.out.end_generation(&tables);
        (tables.vocabulary, true)
    }

    fn sync(&mut self, at: i64, last: bool, tables: &Tables<'_>) {
        self.syncs += 1;
        let point = SyncPoint {
            number: self.syncs,
            last,
        };
        self.out.emit(
            at,
            Context::NONE,
            StackRef::NONE,
            EventKind::Sync(point),
            tables,
        );
    }

    /// All events of a generation, in their order.
    fn events<'t>(
        &mut self,
        mut frontier: Frontier<'t>,
        tables: &mut Tables<'t>,
        samples: &[Sample],
    ) {
        let mut samples = samples;
        let mut forced = 0;
        loop {
            let earliest = frontier.earliest();
            if let [sample, rest @ ..] = samples
                && earliest.is_none_or(|head| sample.at < head)
            {
                samples = rest;
                self.sample(sample, tables);
                continue;
            }
            if earliest.is_none() {
                return;
            }
            // A sample comes before events that are later than it, not at the same time.
            let until = samples.first().map_or(i64::MAX, |sample| sample.at);
            let (states, out) = (&mut self.states, &mut self.out);
            let step = frontier.run(until, &mut self.damage, |cursor, limit, tick| match states
                .stretch(cursor, (limit, tick), tables, out)
            {
                true => Step::Done,
                false => {
                    cursor.look(tick);
                    states.advance(cursor, tables, out)
                }
            });
            if step == Step::Done {
                continue;
            }
            let waits = step == Step::Wait;
            if waits && self.another(&mut frontier, tables) {
                continue;
            }
            let kind = match waits {
                true => DamageKind::NoOrder,
                false => DamageKind::Contradiction,
            };
            self.force(kind, &mut frontier, tables);
            forced += 1;
            if forced >= FORCED_LIMIT || self.patience == 0 {
                self.states.forced = true;
            }
        }
    }

    /// The head waits: tries the others by time, and takes the first that goes.
    #[cold]
    fn another<'t>(&mut self, frontier: &mut Frontier<'t>, tables: &mut Tables<'t>) -> bool {
        frontier.sort();
        for place in 1..frontier.len() {
            self.patience = self.patience.saturating_sub(1);
            if self.patience == 0 {
                return false;
            }
            let Some(cursor) = frontier.cursor(place) else {
                return false;
            };
            if self.states.advance(cursor, tables, &mut self.out) == Step::Done {
                frontier.step(place, &mut self.damage);
                return true;
            }
        }
        false
    }

    /// Believes the head against the rules.
    #[cold]
    fn force<'t>(
        &mut self,
        kind: DamageKind,
        frontier: &mut Frontier<'t>,
        tables: &mut Tables<'t>,
    ) {
        let Some(cursor) = frontier.cursor(0) else {
            return;
        };
        self.damage.add(kind, cursor.offset(), 0);
        let before = std::mem::replace(&mut self.states.forced, true);
        self.states.advance(cursor, tables, &mut self.out);
        self.states.forced = before;
        frontier.step(0, &mut self.damage);
    }

    fn sample(&mut self, sample: &Sample, tables: &Tables<'_>) {
        let context = Context {
            thread: sample.thread,
            proc: sample.proc,
            goroutine: sample.goroutine,
            slot: self
                .states
                .goroutines
                .find(sample.goroutine)
                .unwrap_or(NO_SLOT),
        };
        let stack = tables.stack(sample.stack);
        self.out
            .emit(sample.at, context, stack, EventKind::StackSample, tables);
    }

    fn finish(mut self, vocabulary: Vocabulary) -> Outcome {
        let tables = Tables::of_words(vocabulary);
        self.sync(self.out.last(), true, &tables);
        Outcome {
            header: self.header,
            generations: self.states.generation,
            first_generation: self.first_generation,
            salvaged_from: self.salvaged_from,
            damage: self.damage,
            vocabulary: tables.vocabulary,
        }
    }
}
