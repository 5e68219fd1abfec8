//! In which slot a goroutine is, by its number. Read [`SlotsById::find`] first.

use crate::model::trace::{ABSENT, NO_SLOT};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Numbers in the cache before the table, for the few that are at work at any time; a power of two.
const CACHED: usize = 1024;

/// Goroutines that are alive.
#[derive(Debug)]
pub(super) struct SlotsById {
    cache: Box<[(u64, u32); CACHED]>,
    all: HashMap<u64, u32, FxBuildHasher>,
}

impl Default for SlotsById {
    fn default() -> Self {
        Self {
            cache: Box::new([(ABSENT, NO_SLOT); CACHED]),
            all: HashMap::default(),
        }
    }
}

impl SlotsById {
    /// The slot of a goroutine, or [`NO_SLOT`].
    #[inline(always)]
    pub(super) fn find(&mut self, id: u64) -> u32 {
        let (cached, slot) = self.cache[id as usize % CACHED];
        match cached == id {
            true => slot,
            false => self.search(id),
        }
    }

    #[cold]
    fn search(&mut self, id: u64) -> u32 {
        let slot = self.all.get(&id).copied().unwrap_or(NO_SLOT);
        self.cache[id as usize % CACHED] = (id, slot);
        slot
    }

    /// A goroutine is in a slot now.
    pub(super) fn enter(&mut self, id: u64, slot: u32) {
        self.all.insert(id, slot);
        self.cache[id as usize % CACHED] = (id, slot);
    }

    /// It has left that slot.
    pub(super) fn leave(&mut self, id: u64, slot: u32) {
        if self.all.get(&id) == Some(&slot) {
            self.all.remove(&id);
            self.cache[id as usize % CACHED] = (id, NO_SLOT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_left_is_nowhere_and_who_came_back_is_where_it_is() {
        let (a, b) = (5, 5 + CACHED as u64);
        let mut slots = SlotsById::default();
        slots.enter(a, 1);
        slots.enter(b, 2);
        assert_eq!(
            (slots.find(a), slots.find(b), slots.find(6)),
            (1, 2, NO_SLOT)
        );
        slots.enter(a, 3);
        slots.leave(a, 1);
        assert_eq!((slots.find(a), slots.find(b)), (3, 2));
        slots.leave(a, 3);
        assert_eq!((slots.find(a), slots.find(b)), (NO_SLOT, 2));
    }
}
