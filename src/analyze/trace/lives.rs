//! Goroutines over time: their states, waits and origins.
//!
//! A [`Life`] is kept for each goroutine that is alive, by the slot its transitions name; when it ends, its sums go to its origin
//! (creation stack and start function) and into the lists of the greatest. Read [`Lives::transition`] first.

use super::alive::{LIVE_LIMIT, Row};
use super::ends::LivesAtEnd;
use super::figures::{CountTime, GoroutineCounts, StateTimes};
use super::moments::Moments;
use super::slots::SlotsById;
use super::stacks::{KeptStack, NameId, Stacks};
use super::top::Top;
use super::wakes::From;
use crate::model::trace::{ABSENT, GoState, GoTransition, StackRef, Word};
use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;
use std::collections::BTreeMap;

/// Entries of each list of longest stretches.
const STRETCHES: usize = 50;

/// Different origins kept one by one. Programs have some hundreds.
const ORIGIN_LIMIT: usize = 1 << 16;

/// Numbers of goroutines that left Go by returning to C, and may come back under the same number.
const RETURNABLE_LIMIT: usize = 1 << 20;

const STATES: usize = GoState::ALL.len();

/// A stretch that has ended, or goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) goroutine: u64,
    pub(super) start: NameId,
    pub(super) since: i64,
    pub(super) ns: i64,
    pub(super) reason: Word,
    pub(super) stack: KeptStack,
    pub(super) at_end: bool,
}

/// Who makes a transition: the goroutine of the context, and where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct By {
    pub(super) goroutine: u64,
    pub(super) stack: StackRef,
}

/// A transition of a goroutine that is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage {
    pub(super) slot: u32,
    pub(super) from: GoState,
    pub(super) to: GoState,
    pub(super) reason: Word,
    pub(super) stack: StackRef,
    /// The goroutine of the context.
    pub(super) by: u64,
}

/// Where the time of a stretch is booked, besides with its goroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account(u32);

impl Account {
    /// Nowhere: what is booked here nobody reads.
    const NONE: Account = Account(0);

    /// Blocked for a reason.
    #[inline]
    pub(super) fn block(reason: Word) -> Account {
        Account(2 * u32::from(reason.0) + 1)
    }

    /// Stopped for a reason.
    #[inline]
    pub(super) fn stop(reason: Word) -> Account {
        Account(2 * u32::from(reason.0) + 2)
    }
}

/// Counts and times by account.
#[derive(Debug, Default)]
pub(super) struct Accounts(Vec<CountTime>);

impl Accounts {
    #[inline(always)]
    fn count(&mut self, account: Account) {
        match self.0.get_mut(account.0 as usize) {
            Some(sums) => sums.count += 1,
            None => self.open(account),
        }
    }

    /// Counts what is the first of its account.
    #[cold]
    fn open(&mut self, account: Account) {
        let place = account.0 as usize;
        self.0.resize(place + 1, CountTime::default());
        self.0[place].count += 1;
    }

    #[inline]
    fn book(&mut self, account: Account, ns: i64) {
        if let Some(sums) = self.0.get_mut(account.0 as usize) {
            sums.ns = sums.ns.wrapping_add(ns);
        }
    }

    /// What is booked there.
    pub(super) fn of(&self, account: Account) -> CountTime {
        let sums = self.0.get(account.0 as usize);
        sums.copied().unwrap_or_default()
    }
}

/// What a goroutine does: eight bytes, written at once.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
struct Doing {
    account: Account,
    reason: Word,
    state: GoState,
    /// True where only a status told its state.
    told: bool,
}

impl Doing {
    /// In a state without reason.
    const fn plainly(state: GoState) -> Doing {
        Doing {
            account: Account::NONE,
            reason: Word::EMPTY,
            state,
            told: false,
        }
    }
}

/// A goroutine that is alive. Two million events look for theirs: the next one's place is a shift away, and what they change is in
/// its first half.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(128))]
struct Life {
    since: i64,
    doing: Doing,
    /// Where it came into its state.
    stack: KeptStack,
    start: NameId,
    sums: [i64; STATES],
    id: u64,
    waker: u64,
    alive: bool,
    /// False until a transition has told its state.
    known: bool,
    created_at: KeptStack,
    creator: NameId,
    creator_id: u64,
}

const DEAD: Life = Life {
    id: 0,
    since: 0,
    sums: [0; STATES],
    doing: Doing::plainly(GoState::Undetermined),
    stack: KeptStack::NONE,
    alive: false,
    known: false,
    start: NameId::NONE,
    created_at: KeptStack::NONE,
    creator: NameId::NONE,
    creator_id: ABSENT,
    waker: ABSENT,
};

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OriginSums {
    pub(super) goroutines: u64,
    pub(super) alive: u64,
    pub(super) times: StateTimes,
}

/// All goroutines of a trace.
#[derive(Debug)]
pub(super) struct Lives {
    lives: Vec<Life>,
    slots: SlotsById,
    pub(super) transitions: [[u64; STATES]; STATES],
    pub(super) counts: GoroutineCounts,
    pub(super) totals: [i64; STATES],
    pub(super) backfill: [i64; STATES],
    pub(super) accounts: Accounts,
    pub(super) origins: HashMap<(KeptStack, NameId), OriginSums, FxBuildHasher>,
    returnable: HashSet<u64, FxBuildHasher>,
    pub(super) waiting: Top<(u64, i64, NameId, NameId)>,
    /// The longest stretches, by state.
    pub(super) longest: [Top<Kept>; STATES],
    pub(super) dropped_origins: u64,
}

impl Lives {
    pub(super) fn new(top: usize) -> Self {
        Self {
            lives: Vec::new(),
            slots: SlotsById::default(),
            transitions: [[0; STATES]; STATES],
            counts: GoroutineCounts::default(),
            totals: [0; STATES],
            backfill: [0; STATES],
            accounts: Accounts::default(),
            origins: HashMap::default(),
            returnable: HashSet::default(),
            waiting: Top::new(top),
            longest: GoState::ALL.map(|state| {
                Top::new(match state {
                    GoState::Waiting | GoState::Runnable | GoState::Syscall => STRETCHES,
                    _ => 0,
                })
            }),
            dropped_origins: 0,
        }
    }

    /// Takes a transition. `by` is who made it, `sync` the time at which the generation began.
    pub(super) fn transition(
        &mut self,
        at: i64,
        change: &GoTransition,
        by: By,
        sync: i64,
        stacks: &Stacks,
    ) {
        let (from, to, mut stack) = (change.from, change.to, change.stack);
        let slot = change.slot as usize;
        if slot >= self.lives.len() {
            self.lives.resize(slot + 1, DEAD);
        }
        let life = &self.lives[slot];
        if !life.alive || life.id != change.id {
            self.begin(slot, change);
        }
        match from {
            GoState::NotExist => self.created(slot, change, by, stacks),
            GoState::Undetermined => {
                self.counts.preexisting += 1;
                let backfill = &mut self.backfill[to as usize];
                *backfill = backfill.wrapping_add(at.wrapping_sub(sync));
                // Without a stack of its own (up to Go 1.21, and in the JSON for a browser) the event tells where the goroutine began, not
                // where it is.
                if !by.stack.is_some() {
                    self.lives[slot].start = stacks.facts(stack).root;
                    stack = StackRef::NONE;
                }
            }
            _ => {}
        }
        let passage = Passage {
            slot: change.slot,
            from,
            to,
            reason: change.reason,
            stack,
            by: by.goroutine,
        };
        self.pass(at, passage, stacks);
    }

    /// The same for a goroutine in whose slot nobody else is.
    #[inline(always)]
    pub(super) fn pass(&mut self, at: i64, passage: Passage, stacks: &Stacks) {
        let Passage { from, to, .. } = passage;
        self.transitions[from as usize][to as usize] += 1;
        let Some(life) = self.lives.get_mut(passage.slot as usize) else {
            return;
        };
        let mut stack = KeptStack::NONE;
        if passage.stack.is_some() {
            let facts = stacks.facts(passage.stack);
            stack = facts.kept;
            if life.start == NameId::NONE {
                life.start = facts.root;
            }
        }
        if from == to {
            return;
        }
        if life.known {
            let ns = at.wrapping_sub(life.since);
            let state = life.doing.state as usize;
            life.sums[state] = life.sums[state].wrapping_add(ns);
            self.accounts.book(life.doing.account, ns);
            if self.longest[state].may_want(ns) {
                keep(&mut self.longest[state], life, ns);
            }
        }
        let account = match (from, to) {
            (GoState::Running, GoState::Waiting) => Account::block(passage.reason),
            (GoState::Running, GoState::Runnable) => Account::stop(passage.reason),
            _ => Account::NONE,
        };
        life.doing = Doing {
            account,
            reason: passage.reason,
            state: to,
            told: from == GoState::Undetermined,
        };
        life.known = true;
        life.since = at;
        life.stack = stack;
        if account != Account::NONE {
            self.accounts.count(account);
        }
        match (from, to) {
            (GoState::Waiting, GoState::Runnable) => life.waker = passage.by,
            (_, GoState::NotExist) => self.ended(passage.slot as usize, from == GoState::Syscall),
            _ => {}
        }
    }

    /// [`Self::pass`] from runnable to running, of a goroutine whose states are all known. The caller counts the transition.
    #[inline(always)]
    pub(super) fn starts(&mut self, at: i64, slot: u32) {
        let Some(life) = self.lives.get_mut(slot as usize) else {
            return;
        };
        let ns = life.leave(at, GoState::Runnable);
        if life.doing.account != Account::NONE {
            self.accounts.book(life.doing.account, ns);
        }
        if self.longest[GoState::Runnable as usize].may_want(ns) {
            keep(&mut self.longest[GoState::Runnable as usize], life, ns);
        }
        life.enter(at, Doing::plainly(GoState::Running), KeptStack::NONE);
    }

    /// The same from running to waiting at `stack`, whose outermost function `root` tells.
    #[inline(always)]
    pub(super) fn blocks(
        &mut self,
        at: i64,
        slot: u32,
        reason: Word,
        (stack, root): (KeptStack, impl FnOnce() -> NameId),
    ) {
        let Some(life) = self.lives.get_mut(slot as usize) else {
            return;
        };
        life.leave(at, GoState::Running);
        let account = Account::block(reason);
        let doing = Doing {
            account,
            reason,
            ..Doing::plainly(GoState::Waiting)
        };
        life.enter(at, doing, stack);
        if life.start == NameId::NONE {
            life.start = root();
        }
        self.accounts.count(account);
    }

    /// The same from waiting to runnable. `by`: number of the waker. Tells what it waited for.
    #[inline(always)]
    pub(super) fn wakes(&mut self, at: i64, slot: u32, by: u64) -> Word {
        let Some(life) = self.lives.get_mut(slot as usize) else {
            return Word::EMPTY;
        };
        let reason = life.doing.reason;
        let ns = life.leave(at, GoState::Waiting);
        if life.doing.account != Account::NONE {
            self.accounts.book(life.doing.account, ns);
        }
        if self.longest[GoState::Waiting as usize].may_want(ns) {
            keep(&mut self.longest[GoState::Waiting as usize], life, ns);
        }
        life.enter(at, Doing::plainly(GoState::Runnable), KeptStack::NONE);
        life.waker = by;
        reason
    }

    #[cold]
    fn begin(&mut self, slot: usize, change: &GoTransition) {
        if self.lives[slot].alive {
            // Only in a damaged trace: the slot was taken over without an end.
            self.close(slot, false);
        }
        self.lives[slot] = Life {
            id: change.id,
            alive: true,
            ..DEAD
        };
        self.slots.enter(change.id, change.slot);
        if self.returnable.is_empty() || !self.returnable.remove(&change.id) {
            self.counts.seen += 1;
        }
    }

    #[cold]
    fn created(&mut self, slot: usize, change: &GoTransition, by: By, stacks: &Stacks) {
        self.counts.created += 1;
        let creation = stacks.facts(by.stack);
        let start = stacks.facts(change.stack);
        let life = &mut self.lives[slot];
        (life.created_at, life.creator) = (creation.kept, creation.leaf);
        life.creator_id = by.goroutine;
        life.start = start.root;
    }

    #[cold]
    fn ended(&mut self, slot: usize, into_c: bool) {
        self.counts.destroyed += 1;
        if into_c && self.returnable.len() < RETURNABLE_LIMIT {
            self.returnable.insert(self.lives[slot].id);
        }
        self.close(slot, false);
    }

    /// Adds a life's sums to its origin and to the totals.
    fn close(&mut self, slot: usize, alive: bool) {
        let life = &mut self.lives[slot];
        life.alive = false;
        self.slots.leave(life.id, slot as u32);
        for (total, sum) in self.totals.iter_mut().zip(life.sums) {
            *total = total.wrapping_add(sum);
        }
        let wait = life.sums[GoState::Waiting as usize];
        if wait > 0 {
            self.waiting
                .offer(wait, life.id, (life.id, wait, life.creator, life.start));
        }
        let mut key = (life.created_at, life.start);
        if self.origins.len() >= ORIGIN_LIMIT && !self.origins.contains_key(&key) {
            self.dropped_origins += 1;
            key = (KeptStack::NONE, NameId::NONE);
        }
        let origin = self.origins.entry(key).or_default();
        origin.goroutines += 1;
        origin.alive += u64::from(alive);
        let times = &mut origin.times;
        for (time, state) in [
            (&mut times.runnable, GoState::Runnable),
            (&mut times.running, GoState::Running),
            (&mut times.waiting, GoState::Waiting),
            (&mut times.syscall, GoState::Syscall),
        ] {
            *time = time.wrapping_add(life.sums[state as usize]);
        }
    }

    /// The slot of a live goroutine, or `NO_SLOT`.
    #[inline(always)]
    pub(super) fn slot(&mut self, id: u64) -> u32 {
        self.slots.find(id)
    }

    /// Where a live goroutine comes from.
    pub(super) fn origin(&self, slot: u32, id: u64) -> From {
        match self.lives.get(slot as usize) {
            Some(life) if life.id == id => (life.created_at, life.start),
            _ => (KeptStack::NONE, NameId::NONE),
        }
    }

    /// Why the goroutine of a slot waits.
    #[inline]
    pub(super) fn reason(&self, slot: u32) -> Word {
        let life = self.lives.get(slot as usize);
        life.map_or(Word::EMPTY, |life| life.doing.reason)
    }

    /// Shows everybody's state to `moments`.
    #[cold]
    pub(super) fn show(&self, at: i64, moments: &mut Moments) {
        let counts = GoState::ALL.map(|state| {
            let entered = self.transitions.iter().map(|row| row[state as usize]);
            let left: u64 = self.transitions[state as usize].iter().sum();
            entered.sum::<u64>().saturating_sub(left)
        });
        let there = self.lives.iter().filter(|life| life.alive && life.known);
        moments.look(at, counts, there.map(|life| (life.id, life.doing.state)));
    }

    /// The number of the goroutine in a slot.
    #[inline]
    pub(super) fn id(&self, slot: u32) -> u64 {
        self.lives.get(slot as usize).map_or(ABSENT, |life| life.id)
    }

    /// Ends all stretches at the end of the trace.
    pub(super) fn finish(mut self, last: i64) -> LivesAtEnd {
        let mut at_end = Top::new(STRETCHES);
        let mut at_end_by_reason: BTreeMap<Word, u64> = BTreeMap::new();
        let mut alive = Vec::new();
        for slot in 0..self.lives.len() {
            let life = self.lives[slot];
            if !life.alive {
                continue;
            }
            self.counts.alive_at_end += u64::from(life.known);
            let open = Kept {
                at_end: true,
                ..life.stretch(last.wrapping_sub(life.since))
            };
            if life.known {
                alive.push(Row {
                    id: life.id,
                    state: life.doing.state,
                    reason: life.doing.reason,
                    since: life.since,
                    told: life.doing.told,
                    stack: open.stack,
                    creator: life.creator_id,
                    created_at: life.created_at,
                    start: life.start,
                    waker: life.waker,
                });
            }
            self.lives[slot].book_open(open.ns);
            if life.known {
                self.accounts.book(life.doing.account, open.ns);
                self.longest[life.doing.state as usize].offer(open.ns, life.id, open);
                if life.doing.state == GoState::Waiting {
                    *at_end_by_reason.entry(life.doing.reason).or_default() += 1;
                    at_end.offer(open.ns, life.id, open);
                }
            }
            self.close(slot, true);
        }
        let left_out = alive.len().saturating_sub(LIVE_LIMIT);
        if left_out > 0 {
            alive.select_nth_unstable_by_key(LIVE_LIMIT, |row| row.id);
            alive.truncate(LIVE_LIMIT);
        }
        LivesAtEnd {
            lives: self,
            at_end,
            at_end_by_reason,
            alive,
            left_out: left_out as u64,
        }
    }
}

impl Life {
    /// Its present stretch, `ns` long.
    fn stretch(&self, ns: i64) -> Kept {
        Kept {
            goroutine: self.id,
            start: self.start,
            since: self.since,
            ns,
            reason: self.doing.reason,
            stack: self.stack,
            at_end: false,
        }
    }

    /// Ends its stretch in `state`, and tells how long it was.
    #[inline(always)]
    fn leave(&mut self, at: i64, state: GoState) -> i64 {
        let ns = at.wrapping_sub(self.since);
        let sum = &mut self.sums[state as usize];
        *sum = sum.wrapping_add(ns);
        ns
    }

    /// Begins a stretch.
    #[inline(always)]
    fn enter(&mut self, at: i64, doing: Doing, stack: KeptStack) {
        self.since = at;
        self.doing = doing;
        self.stack = stack;
    }

    /// Adds the stretch that goes on when the trace ends.
    fn book_open(&mut self, ns: i64) {
        if self.known {
            let sum = &mut self.sums[self.doing.state as usize];
            *sum = sum.wrapping_add(ns);
        }
    }
}

/// Offers the present stretch of a life to a list.
#[cold]
fn keep(list: &mut Top<Kept>, life: &Life, ns: i64) {
    list.offer(ns, life.id, life.stretch(ns));
}
