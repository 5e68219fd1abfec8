//! Which of many regions of memory an address lies in.
//!
//! ```text
//! regions, in order of precedence         what is left of them, by address
//!   0    ├──────────────┤                   │ 0            │
//!   1         ├───────────────┤       ──►                  │ 1    │
//!   2    ├──────────────────────────┤                             │ 2    │
//! ```
//!
//! Regions of different maps overlap only where a snapshot is wrong or was taken while memory was freed and used again; the first
//! then counts, as it would if all were tried one after another. `snapshot::answer` asks this index, for one map or for all.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Regions without overlap, each with what it belongs to.
#[derive(Clone, Debug)]
pub struct RegionIndex<T> {
    /// By address.
    pieces: Vec<Piece<T>>,
}

/// What is left of a region, or a part of what is left.
#[derive(Clone, Copy, Debug)]
struct Piece<T> {
    first: u64,
    last: u64,
    owner: T,
}

impl<T: Copy> RegionIndex<T> {
    /// The index of regions (first address, last address, owner); where they overlap, the earlier counts.
    pub fn new(regions: impl IntoIterator<Item = (u64, u64, T)>) -> Self {
        let regions: Vec<_> = regions.into_iter().collect();
        let mut by_start: Vec<usize> = (0..regions.len()).collect();
        by_start.sort_by_key(|&at| regions.get(at).map(|&(first, ..)| first));
        let mut index = Self {
            pieces: Vec::with_capacity(regions.len()),
        };
        // Regions that have begun, the earliest in the list on top.
        let mut begun: BinaryHeap<Reverse<usize>> = BinaryHeap::new();
        let mut starts = by_start.into_iter().peekable();
        let mut from = 0;
        loop {
            while let Some(Reverse(top)) = begun.peek() {
                match regions.get(*top) {
                    Some(&(_, last, _)) if last >= from => break,
                    _ => begun.pop(),
                };
            }
            let top = begun.peek().and_then(|Reverse(at)| regions.get(*at));
            let next = starts.peek().and_then(|&at| regions.get(at));
            if let Some(&(first, ..)) = next
                && (top.is_none() || first <= from)
            {
                from = from.max(first);
                begun.extend(starts.next().map(Reverse));
                continue;
            }
            let Some(&(_, last, owner)) = top else {
                return index;
            };
            // The top keeps what lies before the next region begins, which may be one that counts more.
            let until = next.map_or(last, |&(first, ..)| last.min(first - 1));
            index.pieces.push(Piece {
                first: from,
                last: until,
                owner,
            });
            match until.checked_add(1) {
                Some(behind) => from = behind,
                None => return index,
            }
        }
    }

    /// What the region of an address belongs to.
    pub fn owner(&self, addr: u64) -> Option<T> {
        let behind = self.pieces.partition_point(|piece| piece.first <= addr);
        let piece = self.pieces.get(behind.checked_sub(1)?)?;
        (addr <= piece.last).then_some(piece.owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_of_overlapping_regions_counts() {
        let index = RegionIndex::new([(10, 19, 'a'), (15, 29, 'b'), (12, 39, 'c'), (0, 4, 'd')]);
        let owners: String = (0..41)
            .map(|addr| index.owner(addr).unwrap_or('.'))
            .collect();
        assert_eq!(owners, "ddddd.....aaaaaaaaaabbbbbbbbbbcccccccccc.");
    }

    #[test]
    fn the_ends_of_memory() {
        let index = RegionIndex::new([
            (u64::MAX, u64::MAX, 1),
            (0, 0, 2),
            (u64::MAX - 9, u64::MAX, 3),
        ]);
        let owners = [0, 1, u64::MAX - 10, u64::MAX - 1, u64::MAX].map(|addr| index.owner(addr));
        assert_eq!(owners, [Some(2), None, None, Some(3), Some(1)]);
        assert_eq!(RegionIndex::<u8>::new([]).owner(0), None);
    }

    proptest! {
        #[test]
        fn the_index_finds_what_trying_all_finds(regions in prop::collection::vec((0_u64..60, 1_u64..20), 0..12)) {
            let regions: Vec<(u64, u64, usize)> = regions
                .into_iter()
                .enumerate()
                .map(|(at, (first, size))| (first, first + size - 1, at))
                .collect();
            let index = RegionIndex::new(regions.clone());
            for addr in 0..90 {
                let tried = regions
                    .iter()
                    .find(|(first, last, _)| (*first..=*last).contains(&addr));
                prop_assert_eq!(index.owner(addr), tried.map(|&(.., at)| at));
            }
        }
    }
}
