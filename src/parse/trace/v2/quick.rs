//! The three kinds of events of which nearly all of a trace consists, on a short way: a goroutine starts, blocks, is woken.
//!
//! The rules are those of `goroutines.rs`; here are only the cases in which they are kept, decided on numbers in registers, without
//! a head in memory. Whatever else comes (another event, one that has to wait, a contradiction, numbers of more than eight bytes) ends
//! the stretch and is left as it was, for `order.rs`. Called by the loop in `mod.rs`; read [`States::stretch`] first.

use super::super::leb::Window;
use super::super::out::Out;
use super::frontier::Cursor;
use super::goroutines::plain;
use super::state::{Goroutine, States};
use super::tables::Tick;
use crate::goruntime::tracewire::wire;
use crate::model::trace::{
    ABSENT, Context, GoState, GoTransition, NO_SLOT, Sink, StackRef, Tables,
};

/// A thread on its stretch.
struct Stretch<'a, 't, 's, S> {
    states: &'a mut States,
    tables: &'a mut Tables<'t>,
    out: &'a mut Out<'s, S>,
    /// Who is at work, before the next event.
    context: Context,
    /// Time of the last event taken.
    at: i64,
    /// Bytes behind it.
    rest: &'t [u8],
}

impl States {
    /// Takes the events behind the cursor's head as long as they are of these kinds, in order, and not later than `limit`.
    #[inline(always)]
    pub(super) fn stretch<'t, S: Sink>(
        &mut self,
        cursor: &mut Cursor<'t>,
        (limit, tick): (i64, Tick),
        tables: &mut Tables<'t>,
        out: &mut Out<'_, S>,
    ) {
        if self.believed || self.forced || cursor.slot == NO_SLOT {
            return;
        }
        let slot = cursor.slot;
        let context = self.threads.at(slot).context();
        if context.proc == ABSENT {
            return;
        }
        let mut stretch = Stretch {
            context,
            at: cursor.head.at,
            rest: cursor.rest(),
            states: self,
            tables,
            out,
        };
        stretch.run(limit, tick);
        let Stretch {
            context, at, rest, ..
        } = stretch;
        cursor.go_on(at, rest);
        let thread = self.threads.at(slot);
        thread.run(context.goroutine, context.slot);
    }
}

impl<'t, S: Sink> Stretch<'_, 't, '_, S> {
    #[inline(always)]
    fn run(&mut self, limit: i64, tick: Tick) {
        while let Some(mut window) = Window::of(self.rest) {
            let number = window.byte();
            let at = self.at.wrapping_add(tick.ns(window.number()));
            if at > limit {
                return;
            }
            let taken = match number {
                wire::GO_START => self.start(at, window),
                wire::GO_BLOCK => self.block(at, window),
                wire::GO_UNBLOCK => self.wake(at, window),
                _ => return,
            };
            if taken.is_none() {
                return;
            }
        }
    }

    /// `GoStart g seq`.
    #[inline(always)]
    fn start(&mut self, at: i64, mut window: Window) -> Option<()> {
        let (id, number) = (window.number(), window.number());
        let rest = window.behind(self.rest)?;
        if self.context.slot != NO_SLOT {
            return None;
        }
        let slot = self.next(id, number, GoState::Runnable, GoState::Running)?;
        let change = plain(id, slot, GoState::Runnable, GoState::Running);
        self.take((at, rest), StackRef::NONE, change);
        (self.context.goroutine, self.context.slot) = (id, slot);
        Some(())
    }

    /// `GoBlock reason stack`.
    #[inline(always)]
    fn block(&mut self, at: i64, mut window: Window) -> Option<()> {
        let (reason, stack) = (window.number(), window.number());
        let rest = window.behind(self.rest)?;
        let (id, slot) = (self.context.goroutine, self.context.slot);
        if slot == NO_SLOT {
            return None;
        }
        let goroutine = self.states.goroutines.at(slot);
        if goroutine.state != GoState::Running {
            return None;
        }
        goroutine.state = GoState::Waiting;
        let stack = self.tables.stack(stack);
        let change = GoTransition {
            id,
            slot,
            from: GoState::Running,
            to: GoState::Waiting,
            reason: self.tables.word(reason),
            stack,
        };
        self.take((at, rest), stack, change);
        (self.context.goroutine, self.context.slot) = (ABSENT, NO_SLOT);
        Some(())
    }

    /// `GoUnblock g seq stack`.
    #[inline(always)]
    fn wake(&mut self, at: i64, mut window: Window) -> Option<()> {
        let (id, number, stack) = (window.number(), window.number(), window.number());
        let rest = window.behind(self.rest)?;
        let slot = self.next(id, number, GoState::Waiting, GoState::Runnable)?;
        let stack = self.tables.stack(stack);
        let change = plain(id, slot, GoState::Waiting, GoState::Runnable);
        self.take((at, rest), stack, change);
        Some(())
    }

    /// Moves a goroutine on whose turn it is; `None` where it is not.
    #[inline(always)]
    fn next(&mut self, id: u64, number: u64, from: GoState, to: GoState) -> Option<u32> {
        let slot = self.states.goroutines.find(id)?;
        let generation = self.states.generation;
        let goroutine: &mut Goroutine = self.states.goroutines.at(slot);
        if goroutine.state != from || !goroutine.sequence.precedes(generation, number) {
            return None;
        }
        goroutine.state = to;
        goroutine.sequence.number = number;
        Some(slot)
    }

    /// Hands an event on and goes behind it.
    #[inline(always)]
    fn take(&mut self, (at, rest): (i64, &'t [u8]), stack: StackRef, change: GoTransition) {
        self.out
            .pass_on(at, self.context, change, stack, self.tables);
        (self.at, self.rest) = (at, rest);
    }
}
