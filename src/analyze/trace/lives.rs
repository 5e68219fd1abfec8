//! Goroutines over time: their states, waits and origins.
//!
//! A [`Life`] is kept for each goroutine that is alive, by the slot its transitions name; when it ends, its sums go to its origin
//! (creation stack and start function) and into the lists of the greatest. Read [`Lives::transition`] first.

use super::figures::{CountTime, GoroutineCounts, Name, Origin, StateTimes, Stretch, Waiter};
use super::stacks::{KeptStack, NameId, Stacks};
use super::top::Top;
use super::{name, places};
use crate::model::trace::{GoState, GoTransition, StackRef, Tables, Vocabulary, Word};
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
struct Kept {
    goroutine: u64,
    start: NameId,
    since: i64,
    ns: i64,
    reason: Word,
    stack: KeptStack,
    at_end: bool,
}

/// Where a stack is to be found.
#[derive(Clone, Copy, Debug)]
enum Where {
    /// In the tables of the current generation.
    Here(StackRef),
    Kept(KeptStack),
}

/// A goroutine that is alive.
#[derive(Clone, Copy, Debug)]
struct Life {
    id: u64,
    alive: bool,
    /// False until a transition has told its state.
    known: bool,
    state: GoState,
    /// Whether `reason` is one of blocking, of stopping, or none.
    cause: Cause,
    reason: Word,
    since: i64,
    sums: [i64; STATES],
    stack: Where,
    created_at: KeptStack,
    creator: NameId,
    start: NameId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    None,
    Block,
    Stop,
}

const DEAD: Life = Life {
    id: 0,
    alive: false,
    known: false,
    state: GoState::Undetermined,
    cause: Cause::None,
    reason: Word::EMPTY,
    since: 0,
    sums: [0; STATES],
    stack: Where::Kept(KeptStack::NONE),
    created_at: KeptStack::NONE,
    creator: NameId::NONE,
    start: NameId::NONE,
};

#[derive(Clone, Copy, Debug, Default)]
struct OriginSums {
    goroutines: u64,
    alive: u64,
    times: StateTimes,
}

/// All goroutines of a trace.
#[derive(Debug)]
pub(super) struct Lives {
    lives: Vec<Life>,
    transitions: [[u64; STATES]; STATES],
    counts: GoroutineCounts,
    totals: [i64; STATES],
    backfill: [i64; STATES],
    blocks: Vec<CountTime>,
    stops: Vec<CountTime>,
    origins: HashMap<(KeptStack, NameId), OriginSums, FxBuildHasher>,
    returnable: HashSet<u64, FxBuildHasher>,
    waiting: Top<(u64, i64, NameId, NameId)>,
    waits: Top<Kept>,
    runnable: Top<Kept>,
    syscalls: Top<Kept>,
    dropped_origins: u64,
}

impl Lives {
    pub(super) fn new(top: usize) -> Self {
        Self {
            lives: Vec::new(),
            transitions: [[0; STATES]; STATES],
            counts: GoroutineCounts::default(),
            totals: [0; STATES],
            backfill: [0; STATES],
            blocks: Vec::new(),
            stops: Vec::new(),
            origins: HashMap::default(),
            returnable: HashSet::default(),
            waiting: Top::new(top),
            waits: Top::new(STRETCHES),
            runnable: Top::new(STRETCHES),
            syscalls: Top::new(STRETCHES),
            dropped_origins: 0,
        }
    }

    /// Takes a transition. `by` is the stack of the context, `sync` the time at which the generation began.
    #[inline]
    pub(super) fn transition(
        &mut self,
        at: i64,
        change: &GoTransition,
        by: StackRef,
        sync: i64,
        stacks: &mut Stacks,
        tables: &Tables<'_>,
    ) {
        let (from, to) = (change.from, change.to);
        self.transitions[from as usize][to as usize] += 1;
        let slot = change.slot as usize;
        if slot >= self.lives.len() {
            self.lives.resize(slot + 1, DEAD);
        }
        let life = &self.lives[slot];
        if !life.alive || life.id != change.id {
            self.begin(slot, change);
        }
        match from {
            GoState::NotExist => self.created(slot, change, by, stacks, tables),
            GoState::Undetermined => {
                self.counts.preexisting += 1;
                self.backfill[to as usize] += at.wrapping_sub(sync);
            }
            _ => {}
        }
        let life = &mut self.lives[slot];
        if change.stack.is_some() && life.start == NameId::NONE {
            life.start = stacks.facts(change.stack, tables).root;
        }
        if from == to {
            return;
        }
        self.leave(slot, at, stacks, tables);
        let life = &mut self.lives[slot];
        life.state = to;
        life.known = true;
        life.since = at;
        life.reason = change.reason;
        life.stack = Where::Here(change.stack);
        life.cause = Cause::None;
        match (from, to) {
            (GoState::Running, GoState::Waiting) => {
                life.cause = Cause::Block;
                tally(&mut self.blocks, change.reason).count += 1;
            }
            (GoState::Running, GoState::Runnable) => {
                life.cause = Cause::Stop;
                tally(&mut self.stops, change.reason).count += 1;
            }
            (_, GoState::NotExist) => self.ended(slot, from == GoState::Syscall),
            _ => {}
        }
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
        if self.returnable.is_empty() || !self.returnable.remove(&change.id) {
            self.counts.seen += 1;
        }
    }

    #[cold]
    fn created(
        &mut self,
        slot: usize,
        change: &GoTransition,
        by: StackRef,
        stacks: &mut Stacks,
        tables: &Tables<'_>,
    ) {
        self.counts.created += 1;
        let creation = stacks.facts(by, tables);
        let start = stacks.facts(change.stack, tables);
        let life = &mut self.lives[slot];
        (life.created_at, life.creator) = (creation.kept, creation.leaf);
        life.start = start.root;
    }

    /// Books the time in the state that ends.
    #[inline]
    fn leave(&mut self, slot: usize, at: i64, stacks: &mut Stacks, tables: &Tables<'_>) {
        let life = &mut self.lives[slot];
        if !life.known {
            return;
        }
        let ns = at.wrapping_sub(life.since);
        let sum = &mut life.sums[life.state as usize];
        *sum = sum.wrapping_add(ns);
        match life.cause {
            Cause::None => {}
            Cause::Block => add_time(&mut self.blocks, life.reason, ns),
            Cause::Stop => add_time(&mut self.stops, life.reason, ns),
        }
        let list = match life.state {
            GoState::Waiting => &mut self.waits,
            GoState::Runnable => &mut self.runnable,
            GoState::Syscall => &mut self.syscalls,
            _ => return,
        };
        if list.wants(ns, life.id) {
            let stack = match life.stack {
                Where::Here(stack) => stacks.facts(stack, tables).kept,
                Where::Kept(stack) => stack,
            };
            let kept = Kept {
                goroutine: life.id,
                start: life.start,
                since: life.since,
                ns,
                reason: life.reason,
                stack,
                at_end: false,
            };
            list.offer(ns, life.id, kept);
        }
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

    /// The tables are about to go: keeps the stacks of those who still stand where they showed them.
    pub(super) fn end_generation(&mut self, stacks: &mut Stacks, tables: &Tables<'_>) {
        for life in self.lives.iter_mut().filter(|life| life.alive) {
            if let Where::Here(stack) = life.stack {
                life.stack = Where::Kept(stacks.facts(stack, tables).kept);
            }
        }
    }

    /// The function a live goroutine began with.
    pub(super) fn start(&self, slot: u32, id: u64) -> NameId {
        match self.lives.get(slot as usize) {
            Some(life) if life.id == id => life.start,
            _ => NameId::NONE,
        }
    }

    /// Ends all stretches at the end of the trace.
    pub(super) fn finish(mut self, last: i64, stacks: &mut Stacks) -> LivesAtEnd {
        let nothing = Tables::default();
        let mut at_end = Top::new(STRETCHES);
        let mut at_end_by_reason: BTreeMap<Word, u64> = BTreeMap::new();
        for slot in 0..self.lives.len() {
            let life = self.lives[slot];
            if !life.alive {
                continue;
            }
            self.counts.alive_at_end += u64::from(life.known);
            let open = Kept {
                goroutine: life.id,
                start: life.start,
                since: life.since,
                ns: last.wrapping_sub(life.since),
                reason: life.reason,
                stack: match life.stack {
                    Where::Kept(stack) => stack,
                    Where::Here(_) => KeptStack::NONE,
                },
                at_end: true,
            };
            let list = match life.state {
                _ if !life.known => None,
                GoState::Waiting => {
                    *at_end_by_reason.entry(life.reason).or_default() += 1;
                    at_end.offer(open.ns, life.id, open);
                    Some(&mut self.waits)
                }
                GoState::Runnable => Some(&mut self.runnable),
                GoState::Syscall => Some(&mut self.syscalls),
                _ => None,
            };
            if let Some(list) = list {
                list.offer(open.ns, life.id, open);
            }
            // The lists have it already, marked as lasting.
            self.lives[slot].stack = Where::Kept(KeptStack::NONE);
            self.book_open(slot, last, stacks, &nothing);
            self.close(slot, true);
        }
        LivesAtEnd {
            lives: self,
            at_end,
            at_end_by_reason,
        }
    }

    /// [`Self::leave`] without the lists.
    fn book_open(&mut self, slot: usize, last: i64, stacks: &mut Stacks, tables: &Tables<'_>) {
        let lists = [
            std::mem::replace(&mut self.waits, Top::new(0)),
            std::mem::replace(&mut self.runnable, Top::new(0)),
            std::mem::replace(&mut self.syscalls, Top::new(0)),
        ];
        self.leave(slot, last, stacks, tables);
        [self.waits, self.runnable, self.syscalls] = lists;
    }
}

/// Counts by word.
#[inline]
fn tally(counts: &mut Vec<CountTime>, word: Word) -> &mut CountTime {
    let place = usize::from(word.0);
    if place >= counts.len() {
        counts.resize(place + 1, CountTime::default());
    }
    &mut counts[place]
}

#[inline]
fn add_time(counts: &mut Vec<CountTime>, word: Word, ns: i64) {
    let entry = tally(counts, word);
    entry.ns = entry.ns.wrapping_add(ns);
}

/// Goroutines when all is read.
pub(super) struct LivesAtEnd {
    lives: Lives,
    at_end: Top<Kept>,
    at_end_by_reason: BTreeMap<Word, u64>,
}

/// What [`LivesAtEnd::lists`] gives.
pub(super) struct Lists {
    pub(super) waiting: Vec<Waiter>,
    pub(super) waits: Vec<Stretch>,
    pub(super) at_end: Vec<Stretch>,
    pub(super) runnable: Vec<Stretch>,
    pub(super) syscalls: Vec<Stretch>,
}

impl LivesAtEnd {
    pub(super) fn counts(&self) -> GoroutineCounts {
        self.lives.counts
    }

    pub(super) fn dropped_origins(&self) -> u64 {
        self.lives.dropped_origins
    }

    /// `Running->Waiting` and how often.
    pub(super) fn transitions(&self) -> BTreeMap<String, u64> {
        let mut named = BTreeMap::new();
        for (row, from) in self.lives.transitions.iter().zip(GoState::ALL) {
            for (&count, to) in row.iter().zip(GoState::ALL) {
                if count > 0 {
                    named.insert(format!("{}->{}", from.name(), to.name()), count);
                }
            }
        }
        named
    }

    /// Time in each state; with `backfill` from the beginning of the trace.
    pub(super) fn state_times(&self, backfill: bool) -> BTreeMap<&'static str, i64> {
        let states = [
            GoState::Runnable,
            GoState::Running,
            GoState::Waiting,
            GoState::Syscall,
        ];
        let time = |state: GoState| {
            let before = self.lives.backfill[state as usize];
            let total = self.lives.totals[state as usize];
            total.wrapping_add(if backfill { before } else { 0 })
        };
        states.map(|state| (state.name(), time(state))).into()
    }

    pub(super) fn block_reasons(&self, words: &Vocabulary) -> BTreeMap<Name, CountTime> {
        by_name(&self.lives.blocks, words)
    }

    pub(super) fn stop_reasons(&self, words: &Vocabulary) -> BTreeMap<Name, CountTime> {
        by_name(&self.lives.stops, words)
    }

    pub(super) fn at_end_by_reason(&self, words: &Vocabulary) -> BTreeMap<Name, u64> {
        let named = |(&word, &count): (&Word, &u64)| (Name::from(words.text(word)), count);
        self.at_end_by_reason.iter().map(named).collect()
    }

    /// By number of goroutines, then by name and place.
    pub(super) fn origins(&self, stacks: &Stacks) -> Vec<Origin> {
        let mut origins: Vec<Origin> = self
            .lives
            .origins
            .iter()
            .map(|(&(created_at, start), sums)| Origin {
                created_at: places(created_at, stacks),
                start_func: name(start, stacks),
                goroutines: sums.goroutines,
                alive: sums.alive,
                times: sums.times,
            })
            .collect();
        origins.sort_by(|a, b| {
            b.goroutines
                .cmp(&a.goroutines)
                .then_with(|| a.start_func.cmp(&b.start_func))
                .then_with(|| a.created_at.cmp(&b.created_at))
        });
        origins
    }

    /// The lists of the greatest.
    pub(super) fn lists(self, stacks: &Stacks, words: &Vocabulary) -> Lists {
        let stretches = |list: Top<Kept>| -> Vec<Stretch> {
            let shown = |kept: Kept| Stretch {
                goroutine: kept.goroutine,
                start_func: name(kept.start, stacks),
                since_ns: kept.since,
                ns: kept.ns,
                reason: Name::from(words.text(kept.reason)),
                stack: places(kept.stack, stacks),
                at_end: kept.at_end,
            };
            list.into_sorted().into_iter().map(shown).collect()
        };
        let waiter = |(goroutine, wait_ns, creator, start)| Waiter {
            goroutine,
            wait_ns,
            create_func: name(creator, stacks),
            start_func: name(start, stacks),
        };
        let waiting = self.lives.waiting.into_sorted();
        Lists {
            waiting: waiting.into_iter().map(waiter).collect(),
            waits: stretches(self.lives.waits),
            at_end: stretches(self.at_end),
            runnable: stretches(self.lives.runnable),
            syscalls: stretches(self.lives.syscalls),
        }
    }
}

fn by_name(counts: &[CountTime], words: &Vocabulary) -> BTreeMap<Name, CountTime> {
    counts
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.count > 0)
        .map(|(word, entry)| (Name::from(words.text(Word(word as u16))), *entry))
        .collect()
}
