//! The three transitions of which nearly all of a trace consists, added up straight from their bytes.
//!
//! It comes to what [`Tally::pass`] comes to for each of them; the counts are made once for many. Read [`Tally::spell`] first.

use super::Tally;
use crate::model::trace::{
    ABSENT, GoState, Kind, NO_SLOT, Passages, Passing, StackRef, Tick, Word,
};

/// How many of each have not been counted yet.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    starts: u64,
    blocks: u64,
    wakes: u64,
}

impl Tally {
    /// Many changes of state, of goroutines that earlier events have introduced; stacks stand by their numbers. Returns the time of the
    /// last.
    #[inline(never)]
    pub(super) fn spell(&mut self, passages: &Passages<'_>) -> i64 {
        match passages.tick {
            Tick::Whole(ns) => self.spell_by(passages, |ticks| Tick::Whole(ns).ns(ticks)),
            odd => self.spell_by(passages, |ticks| odd.ns(ticks)),
        }
    }

    #[inline(always)]
    fn spell_by(&mut self, passages: &Passages<'_>, ns: impl Fn(u64) -> i64) -> i64 {
        let mut counts = Counts::default();
        let mut at = passages.before;
        let mut own = (self.lives.id(passages.context.slot), passages.context.slot);
        for (ticks, passing) in passages.each() {
            at = at.wrapping_add(ns(ticks));
            match passing {
                Passing::Start { id, .. } => {
                    self.look_after(&mut counts, at);
                    counts.starts += 1;
                    own = (id, self.lives.slot(id));
                    self.maps.runs(id);
                    self.lives.starts(at, own.1);
                }
                Passing::Block { reason, stack } => {
                    self.look_after(&mut counts, at);
                    counts.blocks += 1;
                    self.blocks(at, own, reason, stack);
                    own = (ABSENT, NO_SLOT);
                }
                Passing::Wake { id, stack, .. } => {
                    self.look_after(&mut counts, at);
                    counts.wakes += 1;
                    self.wakes(at, id, own, stack);
                }
            }
        }
        self.count(counts);
        self.last = self.last.max(at);
        at
    }

    /// Keeps what everybody does, if it is time to.
    #[inline(always)]
    fn look_after(&mut self, counts: &mut Counts, at: i64) {
        if at >= self.moments.next {
            self.count(std::mem::take(counts));
            self.look(at);
        }
    }

    fn count(&mut self, counts: Counts) {
        use GoState::{Runnable, Running, Waiting};
        let all = counts.starts + counts.blocks + counts.wakes;
        self.kinds[Kind::StateTransition as usize] += all;
        let transitions = &mut self.lives.transitions;
        transitions[Runnable as usize][Running as usize] += counts.starts;
        transitions[Running as usize][Waiting as usize] += counts.blocks;
        transitions[Waiting as usize][Runnable as usize] += counts.wakes;
    }

    #[inline(always)]
    fn blocks(&mut self, at: i64, (id, slot): (u64, u32), reason: u64, stack: u64) {
        let stack = place(stack);
        let reason = self.reasons.get(reason as usize);
        let reason = reason.copied().unwrap_or(Word::EMPTY);
        let (in_map, kept) = self.stacks.mark(stack);
        let root = || self.stacks.facts(stack).root;
        self.lives.blocks(at, slot, reason, (kept, root));
        if in_map {
            self.in_map(at, id, stack, false, Some(id));
        }
    }

    /// `own`: number and slot of who wakes, if anybody.
    #[inline(always)]
    fn wakes(&mut self, at: i64, id: u64, own: (u64, u32), stack: u64) {
        let stack = place(stack);
        let slot = self.lives.slot(id);
        let reason = self.lives.wakes(at, slot, own.0);
        match own.0 {
            ABSENT => self.wakes.without_goroutine(),
            waker => self.wakes.edge((waker, id, reason), || {
                let lives = &self.lives;
                (lives.origin(own.1, waker), lives.origin(slot, id))
            }),
        }
        if self.stacks.in_map(stack) {
            self.in_map(at, own.0, stack, false, None);
        }
    }
}

/// Where a stack of a number stands.
#[inline(always)]
fn place(number: u64) -> StackRef {
    StackRef(u32::try_from(number).unwrap_or_default())
}
