//! Who woke whom, and how often.
//!
//! A program in a steady state wakes the same few pairs over and over, so a small cache stands before the table: most wake-ups only add
//! one to an entry of it. Read [`Wakes::edge`] first.

use super::figures::{UnblockCounts, Wake};
use super::name;
use super::stacks::{NameId, Stacks};
use super::top::Top;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Pairs counted one by one; a million short-lived goroutines woken by one would fill any table.
const PAIR_LIMIT: usize = 1 << 20;

/// Entries of the cache; a power of two.
const CACHED: usize = 2048;

/// Pairs listed.
const LISTED: usize = 50;

type Pair = (u64, u64);

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    count: u64,
    funcs: Option<(NameId, NameId)>,
}

#[derive(Debug)]
pub(super) struct Wakes {
    counts: UnblockCounts,
    cache: Vec<(Pair, u64)>,
    pairs: HashMap<Pair, Known, FxBuildHasher>,
    pub(super) dropped: u64,
}

impl Wakes {
    pub(super) fn new() -> Self {
        Self {
            counts: UnblockCounts::default(),
            cache: vec![((0, 0), 0); CACHED],
            pairs: HashMap::default(),
            dropped: 0,
        }
    }

    /// Woken by nobody we know.
    #[inline]
    pub(super) fn without_goroutine(&mut self) {
        self.counts.edges_without_goroutine += 1;
    }

    /// `waker` woke `woken`. `funcs` is asked for the functions they began with, once in a while.
    #[inline]
    pub(super) fn edge(
        &mut self,
        waker: u64,
        woken: u64,
        funcs: impl FnOnce() -> (NameId, NameId),
    ) {
        self.counts.edges += 1;
        let pair = (waker, woken);
        let place = (waker.wrapping_mul(61) ^ woken) as usize % CACHED;
        let cached = &mut self.cache[place];
        if cached.0 == pair && cached.1 != 0 {
            cached.1 += 1;
            return;
        }
        let (old, count) = std::mem::replace(cached, (pair, 1));
        if count > 0 {
            self.add(old, count);
        }
        self.introduce(pair, funcs);
    }

    fn add(&mut self, pair: Pair, count: u64) {
        match self.pairs.get_mut(&pair) {
            Some(known) => known.count += count,
            None => self.dropped += count,
        }
    }

    fn introduce(&mut self, pair: Pair, funcs: impl FnOnce() -> (NameId, NameId)) {
        let full = self.pairs.len() >= PAIR_LIMIT;
        match self.pairs.get_mut(&pair) {
            Some(_) => {}
            None if full => {}
            None => {
                let known = Known {
                    count: 0,
                    funcs: Some(funcs()),
                };
                self.pairs.insert(pair, known);
            }
        }
    }

    /// Counts, and the most frequent pairs.
    pub(super) fn finish(&mut self, stacks: &Stacks) -> (UnblockCounts, Vec<Wake>) {
        for (pair, count) in std::mem::take(&mut self.cache) {
            if count > 0 {
                self.add(pair, count);
            }
        }
        self.counts.distinct_pairs = self.pairs.len() as u64;
        let mut pairs: Vec<(Pair, Known)> = self.pairs.drain().collect();
        pairs.sort_unstable_by_key(|(pair, _)| *pair);
        let mut top = Top::new(LISTED);
        for (place, (pair, known)) in pairs.into_iter().enumerate() {
            let count = i64::try_from(known.count).unwrap_or(i64::MAX);
            top.offer(count, place as u64, (pair, known));
        }
        let shown = |(pair, known): (Pair, Known)| {
            let (waker, woken) = known.funcs.unwrap_or((NameId::NONE, NameId::NONE));
            Wake {
                waker: pair.0,
                waker_func: name(waker, stacks),
                woken: pair.1,
                woken_func: name(woken, stacks),
                count: known.count,
            }
        };
        let listed = top.into_sorted().into_iter().map(shown).collect();
        (self.counts, listed)
    }
}
