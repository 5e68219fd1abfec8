//! The last step before the sink: stamps events with the clock that was asked for.

use crate::model::trace::Sink;
use crate::model::trace::{Context, Event, EventKind, Passages, StackRef, Tables};

/// Whose times events get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// As written. Where generations overlap, an event may be earlier than the one before it.
    Written,
    /// As golang.org/x/exp/trace gives them: never earlier than, nor equal to, the event before; who is, is moved to 1 ns after it.
    /// This bends times by up to some ms where generations meet.
    Strict,
}

/// Hands events on.
pub(super) struct Out<'s, S> {
    sink: &'s mut S,
    strict: bool,
    last: i64,
}

impl<'s, S: Sink> Out<'s, S> {
    pub(super) fn new(sink: &'s mut S, clock: Clock) -> Self {
        Self {
            sink,
            strict: clock == Clock::Strict,
            last: 0,
        }
    }

    /// Moves the clock before the first event of a trace that does not begin at a positive time.
    pub(super) fn begin_before(&mut self, at: i64) {
        self.last = at.saturating_sub(1);
    }

    /// Time of the latest event so far.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    pub(super) fn generation(&mut self, tables: &Tables<'_>) {
        self.sink.generation(tables);
    }

    pub(super) fn end_generation(&mut self, tables: &Tables<'_>) {
        self.sink.end_generation(tables);
    }

    /// Makes an event of its parts and hands it on.
    pub(super) fn emit(
        &mut self,
        at: i64,
        context: Context,
        stack: StackRef,
        kind: EventKind,
        tables: &Tables<'_>,
    ) {
        let mut event = Event {
            at,
            context,
            stack,
            kind,
        };
        self.hand_on(&mut event, tables);
    }

    /// Hands on an event that stands complete but for its time as the clock wants it.
    #[inline(always)]
    pub(super) fn hand_on(&mut self, event: &mut Event, tables: &Tables<'_>) {
        event.at = self.stamp(event.at);
        self.sink.event(event, tables);
    }

    /// The same for many changes of state in their bytes. `slot` tells the slot of each goroutine that starts or is woken.
    #[inline(always)]
    pub(super) fn pass_on(
        &mut self,
        passages: &Passages<'_>,
        slot: &mut dyn FnMut(u64) -> u32,
        tables: &Tables<'_>,
    ) {
        if self.strict {
            return self.stamp_all(passages, slot, tables);
        }
        self.last = self.last.max(passages.until);
        self.sink.passages(passages, slot, tables);
    }

    #[cold]
    fn stamp_all(
        &mut self,
        passages: &Passages<'_>,
        slot: &mut dyn FnMut(u64) -> u32,
        tables: &Tables<'_>,
    ) {
        passages.events(slot, tables, |event, change| {
            let event = Event {
                at: self.stamp(event.at),
                ..event
            };
            self.sink.passage(&event, &change, tables);
        });
    }

    /// The time that an event gets.
    #[inline(always)]
    fn stamp(&mut self, at: i64) -> i64 {
        let stamped = match self.strict && at <= self.last {
            true => self.last.saturating_add(1),
            false => at,
        };
        self.last = stamped.max(self.last);
        stamped
    }
}
