//! The greatest few of many, in bounded memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Keeps the `limit` greatest entries by key; of equal ones the first by `Ord` of the entry's own tie-break.
#[derive(Debug)]
pub struct Top<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    limit: usize,
    /// Keys below it are not wanted.
    floor: i64,
}

#[derive(Debug)]
struct Entry<T> {
    /// Greater is better; the second part decides between equals, less is better.
    key: (i64, Reverse<u64>),
    value: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<T> Top<T> {
    /// Of `limit` entries.
    pub fn new(limit: usize) -> Self {
        Self {
            heap: BinaryHeap::new(),
            limit,
            floor: if limit == 0 { i64::MAX } else { i64::MIN },
        }
    }

    /// False where no entry with this key would be kept, told in one look.
    #[inline]
    pub fn may_want(&self, key: i64) -> bool {
        key >= self.floor
    }

    /// True where an entry with this key would be kept.
    fn wants(&self, key: i64, tie: u64) -> bool {
        self.heap.len() < self.limit
            || self
                .heap
                .peek()
                .is_some_and(|least| (key, Reverse(tie)) > least.0.key)
    }

    /// Adds an entry, if it is among the greatest.
    pub fn offer(&mut self, key: i64, tie: u64, value: T) {
        if !self.wants(key, tie) {
            return;
        }
        if self.heap.len() >= self.limit {
            self.heap.pop();
        }
        self.heap.push(Reverse(Entry {
            key: (key, Reverse(tie)),
            value,
        }));
        if self.heap.len() >= self.limit {
            self.floor = self.heap.peek().map_or(i64::MIN, |least| least.0.key.0);
        }
    }

    /// The entries, greatest first.
    pub fn into_sorted(self) -> Vec<T> {
        let mut entries = self.heap.into_vec();
        // Reversed entries sort the greatest first.
        entries.sort();
        entries.into_iter().map(|entry| entry.0.value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_are_kept_and_ties_go_to_the_lower_number() {
        let mut top = Top::new(3);
        for (key, tie) in [(5, 9), (1, 1), (5, 2), (7, 4), (5, 3), (0, 0)] {
            top.offer(key, tie, (key, tie));
        }
        assert_eq!(top.into_sorted(), [(7, 4), (5, 2), (5, 3)]);
    }

    #[test]
    fn none_are_kept_where_none_are_asked_for() {
        let mut top = Top::new(0);
        top.offer(1, 1, ());
        assert!(top.into_sorted().is_empty());
    }
}
