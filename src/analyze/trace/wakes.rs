//! Who woke whom, and how often.
//!
//! A program in a steady state wakes the same few pairs over and over, so a small cache stands before the table: most wake-ups only add
//! one to an entry of it. Read [`Wakes::edge`] first.

use super::figures::{UnblockCounts, Wake};
use super::name;
use super::stacks::{KeptStack, NameId, Stacks};
use super::top::Top;
use crate::model::trace::Word;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Pairs counted one by one; a million short-lived goroutines woken by one would fill any table.
const PAIR_LIMIT: usize = 1 << 20;

/// Entries of the cache; a power of two.
const CACHED: usize = 2048;

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
    cache: Vec<(Pair, u64)>,
    pairs: HashMap<Pair, Known, FxBuildHasher>,
    pub(super) dropped: u64,
}

impl Wakes {
    pub(super) fn new() -> Self {
        Self {
            counts: UnblockCounts::default(),
            cache: vec![((0, 0, Word::EMPTY), 0); CACHED],
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
    #[inline]
    pub(super) fn edge(&mut self, pair: Pair, from: impl FnOnce() -> (From, From)) {
        self.counts.edges += 1;
        let place = (pair.0.wrapping_mul(61) ^ pair.1) as usize % CACHED;
        let cached = &mut self.cache[place];
        if cached.0 == pair && cached.1 != 0 {
            cached.1 += 1;
            return;
        }
        let (old, count) = std::mem::replace(cached, (pair, 1));
        if count > 0 {
            self.add(old, count);
        }
        self.introduce(pair, from);
    }

    fn add(&mut self, pair: Pair, count: u64) {
        match self.pairs.get_mut(&pair) {
            Some(known) => known.count += count,
            None => self.dropped += count,
        }
    }

    fn introduce(&mut self, pair: Pair, from: impl FnOnce() -> (From, From)) {
        let full = self.pairs.len() >= PAIR_LIMIT;
        match self.pairs.get_mut(&pair) {
            Some(_) => {}
            None if full => {}
            None => {
                let known = Known {
                    count: 0,
                    from: from(),
                };
                self.pairs.insert(pair, known);
            }
        }
    }

    /// Counts, and all wake-ups by pair and reason.
    pub(super) fn finish(&mut self) -> (UnblockCounts, Vec<Edge>) {
        for (pair, count) in std::mem::take(&mut self.cache) {
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
