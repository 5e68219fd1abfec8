//! What a goroutine did, from its slices and the arrows that end at them.
//!
//! Between two slices there is an arrow (created, woken, back from a system call: since when it could run is known), or none. Then the
//! function it stood in tells whether it waited. Read [`Life::events`] first.

use super::gather::{Arrow, Call, Cause, Slice};
use crate::goruntime::halts::{Halt, halt};
use crate::model::trace::{
    ABSENT, Context, Event, EventKind, GoState, GoTransition, NO_SLOT, StackRef, Word,
};

/// What `convert` knows of all goroutines.
pub(super) trait World {
    /// The goroutine that ran on a row.
    fn runs(&self, row: u64, at: i64) -> u64;
    /// The arrow to a place.
    fn arrow(&self, row: u64, at: i64) -> Option<Arrow>;
    /// System calls begun on a row within a time.
    fn calls(&self, slice: &Slice) -> &[Call];
    /// A stack by its innermost frame.
    fn stack(&self, frame: u64) -> StackRef;
    /// The function of a frame.
    fn function(&self, frame: u64) -> &str;
    /// A reason as a word.
    fn reason(&self, reason: &str) -> Word;
    /// The stack of the function a goroutine began with.
    fn start(&self, goroutine: u64) -> StackRef;
    /// When the document ends.
    fn end(&self) -> i64;
    /// When it begins.
    fn begin(&self) -> i64;
    /// Written by a tool up to Go 1.21.
    fn old(&self) -> bool;
}

/// One goroutine on its way.
pub(super) struct Life<'w, W> {
    world: &'w W,
    id: u64,
    state: GoState,
    events: &'w mut Vec<Event>,
}

impl<'w, W: World> Life<'w, W> {
    /// Appends all changes of a goroutine; its slices are in the order of time.
    pub(super) fn events(world: &'w W, slices: &[Slice], events: &'w mut Vec<Event>) {
        let Some(first) = slices.first() else {
            return;
        };
        let mut life = Life {
            world,
            id: first.goroutine,
            state: GoState::Undetermined,
            events,
        };
        for (place, slice) in slices.iter().enumerate() {
            let next = slices.get(place + 1);
            let arrow = next.and_then(|next| world.arrow(next.row, next.start));
            life.begins(slice);
            life.runs(slice, arrow.map(|arrow| arrow.cause));
            life.ends(slice, next.is_some(), arrow.map(|arrow| arrow.cause));
        }
    }

    /// Up to the moment it runs.
    fn begins(&mut self, slice: &Slice) {
        let arrow = self.world.arrow(slice.row, slice.start);
        if let Some(arrow) = arrow {
            self.caused(&arrow);
        }
        let place = Context {
            thread: ABSENT,
            proc: slice.row,
            goroutine: ABSENT,
            slot: NO_SLOT,
        };
        self.turn(slice.start, GoState::Running, Word::EMPTY, 0, place);
    }

    /// What an arrow says of the time before.
    fn caused(&mut self, arrow: &Arrow) {
        let by = Context {
            thread: ABSENT,
            proc: arrow.from_row,
            goroutine: self.world.runs(arrow.from_row, arrow.from),
            slot: NO_SLOT,
        };
        let before = match arrow.cause {
            Cause::Go => {
                // Tools up to Go 1.21 show who was there before as created by nobody when the trace began.
                let was_there = self.world.old() && by.goroutine == ABSENT;
                if self.state == GoState::Undetermined && !was_there {
                    self.state = GoState::NotExist;
                }
                let by = if was_there { Context::NONE } else { by };
                let stack = if was_there { 0 } else { arrow.stack };
                self.turn(arrow.from, GoState::Runnable, Word::EMPTY, stack, by);
                return;
            }
            Cause::Unblock(_) => GoState::Waiting,
            Cause::SyscallExit => GoState::Syscall,
        };
        if self.state == GoState::Undetermined {
            let since = self.world.begin();
            self.turn(since, before, Word::EMPTY, 0, Context::NONE);
        }
        self.turn(arrow.from, GoState::Runnable, Word::EMPTY, arrow.stack, by);
    }

    /// System calls while it runs.
    fn runs(&mut self, slice: &Slice, then: Option<Cause>) {
        let own = self.own(slice);
        let calls = self.world.calls(slice);
        for (place, call) in calls.iter().enumerate() {
            let last = place + 1 == calls.len();
            let blocks = call
                .blocked
                .unwrap_or(last && then == Some(Cause::SyscallExit));
            self.turn(call.start, GoState::Syscall, Word::EMPTY, call.stack, own);
            if blocks && last {
                return;
            }
            let end = call.end.min(slice.end);
            self.turn(end, GoState::Running, Word::EMPTY, 0, own);
        }
    }

    /// Why it stopped. `then`: what let it run again, if it did (`again`) and that is told.
    fn ends(&mut self, slice: &Slice, again: bool, then: Option<Cause>) {
        if self.state == GoState::Syscall || !again && slice.end >= self.world.end() {
            return;
        }
        let halted = match slice.end_stack {
            0 => None,
            frame => halt(self.world.function(frame)),
        };
        let told = match halted {
            Some(Halt::Waits(new, old)) => match self.world.old() {
                true => old,
                false => new,
            },
            Some(Halt::Yields) => "runtime.Gosched",
            None => "preempted",
        };
        let own = self.own(slice);
        let (state, reason) = match then {
            Some(Cause::Unblock(Word::EMPTY)) if halted.is_some() => {
                (GoState::Waiting, self.world.reason(told))
            }
            Some(Cause::Unblock(reason)) => (GoState::Waiting, reason),
            Some(Cause::SyscallExit) => (GoState::Syscall, Word::EMPTY),
            Some(Cause::Go) => (GoState::NotExist, Word::EMPTY),
            None if !again && slice.end_stack == 0 => (GoState::NotExist, Word::EMPTY),
            None => match halted {
                Some(Halt::Waits(..)) => (GoState::Waiting, self.world.reason(told)),
                _ => (GoState::Runnable, self.world.reason(told)),
            },
        };
        self.turn(slice.end, state, reason, slice.end_stack, own);
    }

    fn own(&self, slice: &Slice) -> Context {
        Context {
            thread: ABSENT,
            proc: slice.row,
            goroutine: self.id,
            slot: NO_SLOT,
        }
    }

    /// Changes its state. `frame` is where who did it stood.
    fn turn(&mut self, at: i64, to: GoState, reason: Word, frame: u64, by: Context) {
        let from = std::mem::replace(&mut self.state, to);
        let stack = self.world.stack(frame);
        let own = match from {
            GoState::NotExist | GoState::Undetermined => self.world.start(self.id),
            _ if by.goroutine == self.id => stack,
            _ => StackRef::NONE,
        };
        let change = GoTransition {
            id: self.id,
            slot: NO_SLOT,
            from,
            to,
            reason,
            stack: own,
        };
        self.events.push(Event {
            at,
            context: by,
            stack,
            kind: EventKind::Goroutine(change),
        });
    }
}
