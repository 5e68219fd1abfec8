//! Who woke whom, and how often.
//!
//! A program in a steady state wakes the same few pairs over and over, so a small cache stands before the table: most wake-ups only add
//! one to an entry of it. Read [`Wakes::edge`] first.

use super::figures::{UnblockCounts, Wake};
use super::name;
use super::stacks::{KeptStack, NameId, Stacks};
use super::top::Top;
use crate::model::trace::{ABSENT, Word};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Pairs counted one by one; a million short-lived goroutines woken by one would fill any table.
const PAIR_LIMIT: usize = 1 << 20;

/// Entries of the cache; a power of two.
const CACHED: usize = 2048;

/// A place of the cache that has no pair.
const NOTHING: (Pair, u64) = ((ABSENT, ABSENT, Word::EMPTY), 0);

/// Pairs listed.
const LISTED: usize = 50;

/// Waker, woken, and what the woken had waited for.
type Pair = (u64, u64, Word);

/// Where a goroutine comes from: the creator's stack, and the function it began with.
pub(super) type From = (KeptStack, NameId);

#[derive(Clone, Copy, Debug)]
struct Known {
    count: u64,
    from: (From, From),
}

/// Wake-ups of one goroutine by another, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) waker: u64,
    pub(super) woken: u64,
    pub(super) reason: Word,
    pub(super) count: u64,
    /// Origins of the two.
    pub(super) from: (From, From),
}

#[derive(Debug)]
pub(super) struct Wakes {
    counts: UnblockCounts,
    cache: Box<[(Pair, u64); CACHED]>,
    pairs: HashMap<Pair, Known, FxBuildHasher>,
    pub(super) dropped: u64,
}

impl Wakes {
    pub(super) fn new() -> Self {
        Self {
            counts: UnblockCounts::default(),
            cache: Box::new([NOTHING; CACHED]),
            pairs: HashMap::default(),
            dropped: 0,
        }
    }

    /// Woken by nobody we know.
    #[inline]
    pub(super) fn without_goroutine(&mut self) {
        self.counts.edges_without_goroutine += 1;
    }

    /// `waker` woke `woken`. `from` is asked for their origins, once in a while.
    #[inline(always)]
    pub(super) fn edge(&mut self, pair: Pair, from: impl FnOnce() -> (From, From)) {
        self.counts.edges += 1;
        let place = place(pair);
        let cached = &mut self.cache[place];
        match cached.0 == pair {
            true => cached.1 += 1,
            false => self.change(pair, from()),
        }
    }

    /// Has a pair in the cache, instead of the one that is in its place.
    #[cold]
    fn change(&mut self, pair: Pair, from: (From, From)) {
        let (old, count) = std::mem::replace(&mut self.cache[place(pair)], (pair, 1));
        if count > 0 {
            self.add(old, count);
        }
        if self.pairs.len() < PAIR_LIMIT {
            let known = self.pairs.entry(pair);
            known.or_insert(Known { count: 0, from });
        }
    }

    fn add(&mut self, pair: Pair, count: u64) {
        match self.pairs.get_mut(&pair) {
            Some(known) => known.count += count,
            None => self.dropped += count,
        }
    }

    /// Counts, and all wake-ups by pair and reason.
    pub(super) fn finish(&mut self) -> (UnblockCounts, Vec<Edge>) {
        let empty = Box::new([NOTHING; CACHED]);
        for &(pair, count) in std::mem::replace(&mut self.cache, empty).iter() {
            if count > 0 {
                self.add(pair, count);
            }
        }
        let edge = |((waker, woken, reason), known): (Pair, Known)| Edge {
            waker,
            woken,
            reason,
            count: known.count,
            from: known.from,
        };
        let mut edges: Vec<Edge> = self.pairs.drain().map(edge).collect();
        edges.sort_unstable_by_key(|edge| (edge.waker, edge.woken, edge.reason));
        let pairs = edges.chunk_by(|a, b| (a.waker, a.woken) == (b.waker, b.woken));
        self.counts.distinct_pairs = pairs.count() as u64;
        (self.counts, edges)
    }
}

/// A pair's place in the cache.
#[inline(always)]
fn place(pair: Pair) -> usize {
    (pair.0.wrapping_mul(61) ^ pair.1) as usize % CACHED
}

/// The most frequent pairs, whatever the reasons.
pub(super) fn listed(edges: &[Edge], stacks: &Stacks) -> Vec<Wake> {
    let pairs = edges.chunk_by(|a, b| (a.waker, a.woken) == (b.waker, b.woken));
    let mut top = Top::new(LISTED);
    for (place, of_pair) in pairs.enumerate() {
        let count: u64 = of_pair.iter().map(|edge| edge.count).sum();
        if let Some(first) = of_pair.first() {
            let wake = Wake {
                waker: first.waker,
                waker_func: name(first.from.0.1, stacks),
                woken: first.woken,
                woken_func: name(first.from.1.1, stacks),
                count,
            };
            top.offer(i64::try_from(count).unwrap_or(i64::MAX), place as u64, wake);
        }
    }
    top.into_sorted()
}
