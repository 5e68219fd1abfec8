//! The two ends of reading a trace: who takes its events, and what is known when all are read. Read [`Sink`] first.

use super::{Damages, Event, GoTransition, Passages, Tables, Vocabulary};

/// Takes the events of a trace, one after the other.
pub trait Sink {
    /// A generation begins. Numbers of stacks and strings mean something in `tables` from here to [`Self::end_generation`].
    fn generation(&mut self, _tables: &Tables<'_>) {}

    /// An event.
    fn event(&mut self, event: &Event, tables: &Tables<'_>);

    /// The same for a change of state that does not begin or end a goroutine's life, where that goroutine and the one of the context (if
    /// there is one) have been introduced by events before, under the slots they have now: nearly all events of a trace in good order.
    #[inline(always)]
    fn passage(&mut self, event: &Event, _change: &GoTransition, tables: &Tables<'_>) {
        self.event(event, tables);
    }

    /// The same for many at once. `slot` tells the slot of each goroutine that starts or is woken.
    #[inline(always)]
    fn passages(
        &mut self,
        passages: &Passages<'_>,
        slot: &mut dyn FnMut(u64) -> u32,
        tables: &Tables<'_>,
    ) {
        self.passages_apart(passages, slot, tables);
    }

    /// Those of [`Self::passages`] one by one, for a sink that can't take them together.
    #[inline(never)]
    fn passages_apart(
        &mut self,
        passages: &Passages<'_>,
        slot: &mut dyn FnMut(u64) -> u32,
        tables: &Tables<'_>,
    ) {
        passages.events(slot, tables, |event, change| {
            self.passage(&event, &change, tables);
        });
    }

    /// The generation ends: the last chance to ask `tables`.
    fn end_generation(&mut self, _tables: &Tables<'_>) {}
}

/// What is known of a trace after reading it, beside its events.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `26` of `go 1.26`; [`Self::TEXT`] and [`Self::CHROME`] where that is not told.
    pub header: u16,
    /// Generations read; 1 for v1.
    pub generations: u32,
    /// Number of the first one. Other than 1: the process had traced before, or a flight recorder wrote this.
    pub first_generation: u64,
    /// Time of the first event of the incomplete last generation, if one was read.
    pub salvaged_from: Option<i64>,
    /// What is wrong with the file.
    pub damage: Damages,
    /// The words that events named.
    pub vocabulary: Vocabulary,
}

impl Outcome {
    /// [`Self::header`] of the text of `go tool trace -d`.
    pub const TEXT: u16 = 0;

    /// [`Self::header`] of the JSON that `go tool trace` gives a browser.
    pub const CHROME: u16 = 1;
}
