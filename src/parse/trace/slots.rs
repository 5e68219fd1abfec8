//! Records by number, for goroutines, processors and threads: numbers are sparse and grow without end, slots are reused.
//!
//! A small direct-mapped cache stands before the hash table, for the few that are at work at any time; memory follows the number of
//! records alive, not the numbers read from the file. Used by the state tracking of both forms.

use crate::model::trace::NO_SLOT;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Numbers in the cache; a power of two.
const CACHED: usize = 1024;

pub(super) struct Slots<T> {
    items: Vec<T>,
    free: Vec<u32>,
    index: HashMap<u64, u32, FxBuildHasher>,
    cache: Box<[(u64, u32); CACHED]>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            free: Vec::new(),
            index: HashMap::default(),
            cache: Box::new([(0, NO_SLOT); CACHED]),
        }
    }
}

impl<T> Slots<T> {
    /// The slot of number `id`.
    #[inline]
    pub(super) fn find(&mut self, id: u64) -> Option<u32> {
        let (cached, slot) = self.cache[id as usize % CACHED];
        if cached == id && slot != NO_SLOT {
            return Some(slot);
        }
        self.search(id)
    }

    /// [`Self::find`] where the cache does not have it, which has it afterwards.
    #[cold]
    pub(super) fn search(&mut self, id: u64) -> Option<u32> {
        let slot = *self.index.get(&id)?;
        self.cache[id as usize % CACHED] = (id, slot);
        Some(slot)
    }

    /// Adds a record for a number that has none.
    pub(super) fn insert(&mut self, id: u64, item: T) -> u32 {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.items[slot as usize] = item;
                slot
            }
            None => {
                self.items.push(item);
                (self.items.len() - 1) as u32
            }
        };
        self.index.insert(id, slot);
        self.cache[id as usize % CACHED] = (id, slot);
        slot
    }

    /// Forgets a number. Its slot keeps the old record until another takes it.
    pub(super) fn remove(&mut self, id: u64) {
        if let Some(slot) = self.index.remove(&id) {
            self.free.push(slot);
        }
        let cached = &mut self.cache[id as usize % CACHED];
        if cached.0 == id {
            cached.1 = NO_SLOT;
        }
    }

    /// The record in a slot that [`Self::find`] or [`Self::insert`] gave.
    #[inline]
    pub(super) fn at(&mut self, slot: u32) -> &mut T {
        &mut self.items[slot as usize]
    }

    /// The cache and the records, for many questions in a row: the slot of number `id` is in place `id` modulo the cache's length, if
    /// that place has this number.
    #[inline]
    pub(super) fn parts(&mut self) -> (&[(u64, u32); CACHED], &mut [T]) {
        (&self.cache, &mut self.items)
    }

    /// All records, in the order of their slots; those of forgotten numbers, too.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.items.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_share_a_cache_line_are_kept_apart() {
        let mut slots = Slots::default();
        let (a, b) = (5, 5 + CACHED as u64);
        let first = slots.insert(a, 'a');
        let second = slots.insert(b, 'b');
        assert_eq!((slots.find(a), slots.find(b)), (Some(first), Some(second)));
        slots.remove(a);
        assert_eq!((slots.find(a), slots.find(b)), (None, Some(second)));
        let third = slots.insert(7, 'c');
        assert_eq!(third, first);
        assert_eq!((*slots.at(third), *slots.at(second)), ('c', 'b'));
    }
}
