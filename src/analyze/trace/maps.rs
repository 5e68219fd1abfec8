//! Goroutines in map operations, as far as a trace shows them.
//!
//! Map operations make no events of their own. They are seen when a CPU sample, a preemption, a sweep or an assist happens inside one:
//! its stack then holds a function of the runtime's maps. One such sight proves that the goroutine was there at that moment; sights of
//! two goroutines whose times interleave say that both worked on maps in the same stretch of time, not that it was the same map.
//! Stronger is this: a goroutine that was stopped inside an operation is inside until it runs again, and whoever is seen in an
//! operation meanwhile overlaps with it beyond doubt. Read [`MapUses::seen`] first.

use super::figures::{MapOverlap, MapUse, Place};
use super::stacks::{MapSite, Stacks};
use super::{frame_place, name};
use crate::model::trace::ABSENT;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Pairs of goroutine and line kept.
const USE_LIMIT: usize = 1 << 14;

/// Goroutines watched that were stopped inside an operation.
const STOPPED_LIMIT: usize = 64;

/// Uses listed, and compared with each other.
const LISTED: usize = 200;

/// Overlaps listed.
const OVERLAPS: usize = 100;

/// Pairs with an overlap beyond doubt.
const INSIDE_LIMIT: usize = 1 << 14;

type Key = (u64, MapSite);

#[derive(Clone, Copy, Debug)]
struct Seen {
    samples: u64,
    events: u64,
    first: i64,
    last: i64,
}

/// Sights of one of a pair in its operation while the other was stopped inside its own.
#[derive(Clone, Copy, Debug)]
struct Inside {
    times: u64,
    first: i64,
    last: i64,
}

#[derive(Debug, Default)]
pub(super) struct MapUses {
    uses: HashMap<Key, Seen, FxBuildHasher>,
    /// Who was stopped inside an operation.
    stopped: Vec<Key>,
    inside: HashMap<(Key, Key), Inside, FxBuildHasher>,
    pub(super) events: u64,
    pub(super) dropped: u64,
}

impl MapUses {
    /// A goroutine was seen at `site`.
    pub(super) fn seen(&mut self, at: i64, goroutine: u64, site: MapSite, sample: bool) {
        self.events += 1;
        let key = (goroutine, site);
        if !self.uses.contains_key(&key) && self.uses.len() >= USE_LIMIT {
            self.dropped += 1;
            return;
        }
        let seen = self.uses.entry(key).or_insert(Seen {
            samples: 0,
            events: 0,
            first: at,
            last: at,
        });
        seen.last = at;
        match sample {
            true => seen.samples += 1,
            false => seen.events += 1,
        }
        for &other in self.stopped.iter().filter(|other| other.0 != goroutine) {
            let pair = (other.min(key), other.max(key));
            if self.inside.len() < INSIDE_LIMIT || self.inside.contains_key(&pair) {
                let inside = self.inside.entry(pair).or_insert(Inside {
                    times: 0,
                    first: at,
                    last: at,
                });
                inside.times += 1;
                inside.last = at;
            }
        }
    }

    /// A goroutine was stopped inside an operation: it stays there.
    pub(super) fn stops(&mut self, goroutine: u64, site: MapSite) {
        if self.stopped.len() < STOPPED_LIMIT {
            self.stopped.push((goroutine, site));
        }
    }

    /// A goroutine runs again, or is gone.
    #[inline]
    pub(super) fn runs(&mut self, goroutine: u64) {
        if !self.stopped.is_empty() {
            self.stopped.retain(|(stopped, _)| *stopped != goroutine);
        }
    }

    /// The uses, the most frequent first, and which of them overlap.
    pub(super) fn finish(&self, stacks: &Stacks) -> (Vec<MapUse>, Vec<MapOverlap>) {
        let mut uses: Vec<(Key, Seen)> =
            self.uses.iter().map(|(key, seen)| (*key, *seen)).collect();
        uses.sort_by(|(a_key, a), (b_key, b)| {
            (b.samples + b.events, a.first, a_key.0, a_key.1).cmp(&(
                a.samples + a.events,
                b.first,
                b_key.0,
                b_key.1,
            ))
        });
        uses.truncate(LISTED);
        let mut overlaps = Vec::new();
        for (a, (a_key, a_seen)) in uses.iter().enumerate() {
            for (b, (b_key, b_seen)) in uses.iter().enumerate().skip(a + 1) {
                let stretch = (a_seen.first.max(b_seen.first), a_seen.last.min(b_seen.last));
                let pair = (*a_key.min(b_key), *a_key.max(b_key));
                let inside = self.inside.get(&pair);
                let (from_ns, to_ns) = inside.map_or(stretch, |sure| (sure.first, sure.last));
                if a_key.0 != b_key.0 && from_ns <= to_ns {
                    overlaps.push(MapOverlap {
                        a,
                        b,
                        from_ns,
                        to_ns,
                        inside: inside.map_or(0, |sure| sure.times),
                    });
                }
            }
        }
        overlaps.sort_by_key(|overlap| {
            let together = overlap.to_ns.saturating_sub(overlap.from_ns);
            (
                std::cmp::Reverse((overlap.inside, together)),
                overlap.a,
                overlap.b,
            )
        });
        overlaps.truncate(OVERLAPS);
        let shown = uses.iter().map(|(key, seen)| shown(key, seen, stacks));
        (shown.collect(), overlaps)
    }
}

fn shown((goroutine, site): &Key, seen: &Seen, stacks: &Stacks) -> MapUse {
    let at: Place = frame_place(&site.caller, stacks);
    MapUse {
        goroutine: if *goroutine == ABSENT { 0 } else { *goroutine },
        operation: name(site.operation, stacks),
        at,
        samples: seen.samples,
        events: seen.events,
        first_ns: seen.first,
        last_ns: seen.last,
    }
}
