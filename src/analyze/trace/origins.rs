//! Wake-ups and creations put together by where goroutines come from, so that a hundred thousand of them stay readable. Read [`wakes`] first.

use super::alive::Row;
use super::figures::{Name, Origin, OriginCreation, WakeOrigin};
use super::lineage::Birth;
use super::wakes::{Edge, From};
use crate::model::trace::{Vocabulary, Word};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeMap;

/// Entries listed. More than a picture has room for.
const LISTED: usize = 2_000;

/// Who created whom, by origin, in the order of the origins.
pub(super) fn creations(
    births: &[(u64, Birth)],
    origins: &[(From, Origin)],
    alive: &[Row],
) -> Vec<OriginCreation> {
    let places = places(origins);
    let rows = alive
        .iter()
        .map(|row| (row.id, (row.created_at, row.start)));
    let born = births
        .iter()
        .map(|(id, birth)| (*id, (birth.created_at, birth.start)));
    let from: HashMap<u64, From, FxBuildHasher> = born.chain(rows).collect();
    let place = |id: &u64| places.get(from.get(id)?).copied();
    let mut sums: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for (id, birth) in births {
        if let (Some(creator), Some(created)) = (place(&birth.creator), place(id)) {
            *sums.entry((creator, created)).or_default() += 1;
        }
    }
    let creations = sums.into_iter();
    creations
        .map(|((creator, created), count)| OriginCreation {
            creator,
            created,
            count,
        })
        .collect()
}

fn places(origins: &[(From, Origin)]) -> HashMap<From, usize, FxBuildHasher> {
    let origins = origins.iter().zip(0..);
    origins.map(|((from, _), at)| (*from, at)).collect()
}

/// By origin and reason, the most frequent first. Goroutines of origins that are not listed are left out.
pub(super) fn wakes(
    edges: &[Edge],
    origins: &[(From, Origin)],
    alive: &[Row],
    words: &Vocabulary,
) -> Vec<WakeOrigin> {
    let places = places(origins);
    // A start function may have become known only after the first wake-up.
    let known: HashMap<u64, From, FxBuildHasher> = alive
        .iter()
        .map(|row| (row.id, (row.created_at, row.start)))
        .collect();
    let place =
        |id: u64, first_seen: From| places.get(known.get(&id).unwrap_or(&first_seen)).copied();
    let mut sums: HashMap<(usize, usize, Word), (u64, u64), FxBuildHasher> = HashMap::default();
    for edge in edges {
        let waker = place(edge.waker, edge.from.0);
        let woken = place(edge.woken, edge.from.1);
        if let (Some(waker), Some(woken)) = (waker, woken) {
            let sum = sums.entry((waker, woken, edge.reason)).or_default();
            sum.0 += edge.count;
            sum.1 += 1;
        }
    }
    let mut listed: Vec<WakeOrigin> = sums
        .into_iter()
        .map(|((waker, woken, reason), (count, pairs))| WakeOrigin {
            waker,
            woken,
            reason: Name::from(words.text(reason)),
            count,
            pairs,
        })
        .collect();
    listed.sort_by(|a, b| {
        let least = b.count.cmp(&a.count);
        least.then_with(|| (a.waker, a.woken, &a.reason).cmp(&(b.waker, b.woken, &b.reason)))
    });
    listed.truncate(LISTED);
    listed
}
