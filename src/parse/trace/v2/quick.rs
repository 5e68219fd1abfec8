//! The three kinds of events of which nearly all of a trace consists, on a short way: a goroutine starts, blocks, is woken.
//!
//! The rules are those of `goroutines.rs`; here are only the cases in which they are kept, decided on numbers in registers, without
//! a head in memory. Whatever else comes (another event, one that has to wait, a contradiction, numbers of more than eight bytes) ends
//! the stretch and is left as it was, for `order.rs`. What is taken is handed on in its bytes, checked: see [`Passages`]. Called by
//! the loop in `mod.rs`; read [`States::stretch`] first.

use super::super::out::Out;
use super::super::slots::Slots;
use super::frontier::Cursor;
use super::state::{Goroutine, States};
use crate::goruntime::tracewire::wire;
use crate::model::trace::{
    ABSENT, Firsts, GoState, NO_SLOT, Passages, REASON_PLACES, Sink, Tables, Tick, Window,
};

/// A thread on its stretch.
struct Stretch<'a, 't> {
    goroutines: &'a mut Slots<Goroutine>,
    generation: u32,
    /// The goroutine at work, before the next event, and its slot.
    own: (u64, u32),
    /// Time of the last event taken.
    at: i64,
    bytes: &'t [u8],
    /// Bytes taken.
    done: usize,
    events: u64,
}

impl States {
    /// Takes events, from the cursor's head on, as long as they are of these kinds, in order, and not later than `limit`. False where
    /// already the head is not.
    #[inline(always)]
    pub(super) fn stretch<'t, S: Sink>(
        &mut self,
        cursor: &mut Cursor<'t>,
        (limit, tick): (i64, Tick),
        tables: &Tables<'t>,
        out: &mut Out<'_, S>,
    ) -> bool {
        if self.believed || self.forced || cursor.slot == NO_SLOT {
            return false;
        }
        let context = self.threads.at(cursor.slot).context();
        if context.proc == ABSENT {
            return false;
        }
        let (bytes, before) = cursor.at_head();
        let mut stretch = Stretch {
            goroutines: &mut self.goroutines,
            generation: self.generation,
            own: (context.goroutine, context.slot),
            at: before,
            bytes,
            done: 0,
            events: 0,
        };
        let next = stretch.run(limit, tick);
        let (at, length, own) = (stretch.at, stretch.done, stretch.own);
        if length == 0 {
            return false;
        }
        let passages = Passages {
            bytes,
            length,
            offset: cursor.offset(),
            events: stretch.events,
            before,
            until: at,
            tick,
            firsts: Firsts {
                start: wire::GO_START,
                block: wire::GO_BLOCK,
                wake: wire::GO_UNBLOCK,
            },
            context,
        };
        let goroutines = &mut self.goroutines;
        let mut slot = |id| goroutines.find(id).unwrap_or(NO_SLOT);
        out.pass_on(&passages, &mut slot, tables);
        cursor.go_on(at, length, next);
        self.threads.at(cursor.slot).run(own.0, own.1);
        true
    }
}

impl Stretch<'_, '_> {
    /// Returns the time of the event that comes next, if it is whole and only too late.
    #[inline(always)]
    fn run(&mut self, limit: i64, tick: Tick) -> Option<i64> {
        loop {
            let mut window = self.bytes.get(self.done..).and_then(Window::of)?;
            let whole = window;
            let number = window.byte();
            let at = self.at.wrapping_add(tick.ns(window.number()));
            if at > limit {
                return (window.is_whole() && is_whole(number, whole)).then_some(at);
            }
            if at < self.at {
                return None;
            }
            match number {
                wire::GO_START => self.start(&mut window)?,
                wire::GO_BLOCK => self.block(&mut window)?,
                wire::GO_UNBLOCK => self.wake(&mut window)?,
                _ => return None,
            };
            self.at = at;
            self.done += window.used();
            self.events += 1;
        }
    }

    /// `GoStart g seq`.
    #[inline(always)]
    fn start(&mut self, window: &mut Window) -> Option<()> {
        let (id, number) = (window.number(), window.number());
        if self.own.1 != NO_SLOT || !window.is_whole() {
            return None;
        }
        let slot = self.next(id, number, GoState::Runnable, GoState::Running)?;
        self.own = (id, slot);
        Some(())
    }

    /// `GoBlock reason stack`.
    #[inline(always)]
    fn block(&mut self, window: &mut Window) -> Option<()> {
        let reason = window.number();
        window.number();
        if self.own.1 == NO_SLOT || !window.is_whole() || reason >= REASON_PLACES as u64 {
            return None;
        }
        let goroutine = self.goroutines.at(self.own.1);
        if goroutine.state != GoState::Running {
            return None;
        }
        goroutine.state = GoState::Waiting;
        self.own = (ABSENT, NO_SLOT);
        Some(())
    }

    /// `GoUnblock g seq stack`.
    #[inline(always)]
    fn wake(&mut self, window: &mut Window) -> Option<()> {
        let (id, number) = (window.number(), window.number());
        window.number();
        if !window.is_whole() {
            return None;
        }
        self.next(id, number, GoState::Waiting, GoState::Runnable)?;
        Some(())
    }

    /// Moves a goroutine on whose turn it is; `None` where it is not.
    #[inline(always)]
    fn next(&mut self, id: u64, number: u64, from: GoState, to: GoState) -> Option<u32> {
        let slot = self.goroutines.find(id)?;
        let goroutine = self.goroutines.at(slot);
        if goroutine.state != from || !goroutine.sequence.precedes(self.generation, number) {
            return None;
        }
        goroutine.state = to;
        goroutine.sequence.number = number;
        Some(slot)
    }
}

/// True where an event of one of the three kinds ends within its window.
#[inline(always)]
fn is_whole(number: u8, window: Window) -> bool {
    match number {
        wire::GO_START | wire::GO_BLOCK => window.has_ends::<4>(),
        wire::GO_UNBLOCK => window.has_ends::<5>(),
        _ => false,
    }
}
