//! The three kinds of events of which nearly all of a trace consists, on a short way: a goroutine starts, blocks, is woken.
//!
//! The rules are those of `goroutines.rs`; here are only the cases in which they are kept, decided on numbers in registers, without
//! a head in memory. Whatever else comes (another event, one that has to wait, a contradiction, numbers beyond 28 bits) ends the
//! stretch and is left as it was, for `order.rs`. What is taken is handed on in its bytes, checked: see [`Passages`]. Called by
//! the loop in `mod.rs`; read [`States::stretch`] first.

use super::super::out::Out;
use super::super::slots::Slots;
use super::frontier::Cursor;
use super::state::{Goroutine, States};
use crate::goruntime::tracewire::wire;
use crate::model::trace::{
    ABSENT, BLOCK, GoState, NO_SLOT, Passages, Passing, REASON_PLACES, START, Sink, Tables, Tick,
    WAKE,
};

const _: () = assert!(START == wire::GO_START && BLOCK == wire::GO_BLOCK);
const _: () = assert!(WAKE == wire::GO_UNBLOCK);

/// No time that is looked at here is further from 0, so that none overflows.
const FAR: i64 = 1 << 62;

/// How far a thread is on its stretch.
#[derive(Clone, Copy)]
struct Stretch<'t> {
    /// The goroutine at work, before the next event, and its slot.
    own: (u64, u32),
    /// Time of the last event taken.
    at: i64,
    /// What is left.
    rest: &'t [u8],
    events: u64,
}

/// What ends a stretch.
enum End {
    /// An event that has to be looked at more closely, or none.
    Other,
    /// One of these kinds, but too late: its time.
    Late(i64),
    /// The number of a goroutine that is not in the cache.
    Missing(u64),
}

impl States {
    /// Takes events, from the cursor's head on, as long as they are of these kinds, in order, and not later than `limit`. False where
    /// already the head is not.
    #[inline(never)]
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
        let (bytes, before) = cursor.at_head();
        let context = self.threads.at(cursor.slot).context();
        if context.proc == ABSENT || !(-FAR..FAR).contains(&before) || !tick.is_short() {
            return false;
        }
        if !matches!(bytes.first(), Some(&(START | BLOCK | WAKE))) {
            return false;
        }
        let mut stretch = Stretch {
            own: (context.goroutine, context.slot),
            at: before,
            rest: bytes,
            events: 0,
        };
        let until = (self.generation, limit.min(FAR));
        let goroutines = &mut self.goroutines;
        let next = match tick {
            Tick::Whole(ns) => stretch.run(goroutines, until, |ticks| Tick::Whole(ns).ns(ticks)),
            odd => stretch.run(goroutines, until, |ticks| odd.ns(ticks)),
        };
        let (at, length) = (stretch.at, bytes.len() - stretch.rest.len());
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
            context,
        };
        let goroutines = &mut self.goroutines;
        let mut slot = |id| goroutines.find(id).unwrap_or(NO_SLOT);
        out.pass_on(&passages, &mut slot, tables);
        cursor.go_on(at, length, next);
        self.threads
            .at(cursor.slot)
            .run(stretch.own.0, stretch.own.1);
        true
    }
}

impl Stretch<'_> {
    /// Goes as far as it can, in a generation and not beyond a time. Returns the time of the event that comes next, if it is of these
    /// kinds and only too late.
    #[inline(always)]
    fn run(
        &mut self,
        goroutines: &mut Slots<Goroutine>,
        (generation, limit): (u32, i64),
        ns: impl Fn(u64) -> i64,
    ) -> Option<i64> {
        loop {
            match self.go(goroutines, (generation, limit), &ns) {
                End::Late(at) => return Some(at),
                End::Missing(id) if goroutines.search(id).is_some() => {}
                End::Missing(_) | End::Other => return None,
            }
        }
    }

    #[inline(always)]
    fn go(
        &mut self,
        goroutines: &mut Slots<Goroutine>,
        (generation, limit): (u32, i64),
        ns: impl Fn(u64) -> i64,
    ) -> End {
        let (cache, goroutines) = goroutines.parts();
        let find = |id: u64| {
            let (cached, slot) = cache[id as usize % cache.len()];
            (cached == id).then_some(slot)
        };
        loop {
            let Some((ticks, passing, length)) = self.rest.first_chunk().and_then(Passing::read)
            else {
                return End::Other;
            };
            let at = self.at + ns(ticks);
            if at > limit {
                return End::Late(at);
            }
            match passing {
                Passing::Start { id, count } => {
                    let Some(slot) = find(id) else {
                        return End::Missing(id);
                    };
                    let change = Change {
                        generation,
                        count,
                        from: GoState::Runnable,
                        to: GoState::Running,
                    };
                    if self.own.1 != NO_SLOT || !change.take(goroutines.get_mut(slot as usize)) {
                        return End::Other;
                    }
                    self.own = (id, slot);
                }
                Passing::Block { reason, .. } => {
                    let own = goroutines.get_mut(self.own.1 as usize);
                    let Some(own) = own.filter(|own| own.state == GoState::Running) else {
                        return End::Other;
                    };
                    if reason >= REASON_PLACES as u64 {
                        return End::Other;
                    }
                    own.state = GoState::Waiting;
                    self.own = (ABSENT, NO_SLOT);
                }
                Passing::Wake { id, count, .. } => {
                    let Some(slot) = find(id) else {
                        return End::Missing(id);
                    };
                    let change = Change {
                        generation,
                        count,
                        from: GoState::Waiting,
                        to: GoState::Runnable,
                    };
                    if !change.take(goroutines.get_mut(slot as usize)) {
                        return End::Other;
                    }
                }
            }
            self.at = at;
            self.rest = &self.rest[length..];
            self.events += 1;
        }
    }
}

/// A change that has its place among a goroutine's.
struct Change {
    generation: u32,
    count: u64,
    from: GoState,
    to: GoState,
}

impl Change {
    /// Moves the goroutine on; false where it is not its turn.
    #[inline(always)]
    fn take(&self, goroutine: Option<&mut Goroutine>) -> bool {
        let Some(goroutine) = goroutine else {
            return false;
        };
        let precedes = goroutine.sequence.precedes(self.generation, self.count);
        let fits = goroutine.state == self.from && precedes;
        if fits {
            goroutine.state = self.to;
            goroutine.sequence.number = self.count;
        }
        fits
    }
}
