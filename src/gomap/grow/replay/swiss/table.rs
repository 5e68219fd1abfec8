//! Inside one table: groups of eight slots, the probe sequence, tombstones.
//!
//! ```text
//! hash  = …hhhhhhhhhhhhhhhhh ccccccc      c: low seven bits, the control byte of a full slot; h: where probing begins
//! group = h, h+1, h+3, h+6, …             modulo the number of groups; ends at a group that has an empty slot
//! ```

use super::super::super::plan::swiss::most_entries;
use super::super::KeyId;

/// Slots of a group.
pub(super) const SLOTS: usize = super::super::super::super::layout::SLOTS as usize;

const EMPTY: u8 = 0x80;
const DELETED: u8 = 0xFE;

/// Pruning has to be worth its walk over the whole table: a tenth of its slots.
const WORTH: u16 = 10;

/// Control bytes and slots.
#[derive(Clone, Debug)]
pub(super) struct Group {
    control: [u8; SLOTS],
    keys: [KeyId; SLOTS],
    hashes: [u64; SLOTS],
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub used: u16,
    pub capacity: u16,
    pub growth_left: u16,
    pub local_depth: u8,
    /// Number of its group array.
    pub block: u32,
    /// Made when the first key is stored: a hint may make many tables that are never used.
    groups: Vec<Group>,
}

/// What storing came to.
pub(super) enum Put {
    Updated { group: u64, slot: usize },
    Inserted { group: u64, slot: usize },
    Full,
}

/// A deleted key's slot.
pub(super) struct Deleted {
    pub group: u64,
    pub slot: usize,
    pub tombstone: bool,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            control: [EMPTY; SLOTS],
            keys: [KeyId::default(); SLOTS],
            hashes: [0; SLOTS],
        }
    }
}

fn control_byte(hash: u64) -> u8 {
    (hash & 0x7f) as u8
}

impl Group {
    pub(super) fn find(&self, key: KeyId, hash: u64) -> Option<usize> {
        let byte = control_byte(hash);
        (0..SLOTS).find(|&slot| self.control[slot] == byte && self.keys[slot] == key)
    }

    pub(super) fn first_empty(&self) -> Option<usize> {
        self.first(EMPTY)
    }

    pub(super) fn set(&mut self, slot: usize, key: KeyId, hash: u64) {
        self.control[slot] = control_byte(hash);
        self.keys[slot] = key;
        self.hashes[slot] = hash;
    }

    pub(super) fn set_empty(&mut self, slot: usize) {
        self.control[slot] = EMPTY;
    }

    /// Slot, key and hash of every entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, KeyId, u64)> {
        (0..SLOTS)
            .filter(|&slot| self.control[slot] < EMPTY)
            .map(|slot| (slot, self.keys[slot], self.hashes[slot]))
    }

    fn first(&self, byte: u8) -> Option<usize> {
        self.control.iter().position(|&control| control == byte)
    }

    fn count(&self, byte: u8) -> u16 {
        self.control.iter().filter(|&&c| c == byte).count() as u16
    }
}

/// Group numbers in probe order, each once. `groups` is a power of two.
pub(in super::super::super) fn probe(hash: u64, groups: u64) -> impl Iterator<Item = u64> {
    let mask = groups - 1;
    (0..groups).scan((hash >> 7) & mask, move |offset, step| {
        *offset = (*offset + step) & mask;
        Some(*offset)
    })
}

impl Table {
    pub(super) fn new(capacity: u16, local_depth: u8, block: u32) -> Self {
        Self {
            used: 0,
            capacity,
            growth_left: most_entries(capacity),
            local_depth,
            block,
            groups: Vec::new(),
        }
    }

    pub(super) fn put(&mut self, key: KeyId, hash: u64, prunes: bool) -> (Put, u16) {
        self.make_groups();
        let mut tombstone = None;
        for number in probe(hash, self.len()) {
            let group = &self.groups[number as usize];
            if let Some(slot) = group.find(key, hash) {
                let group = number;
                return (Put::Updated { group, slot }, 0);
            }
            if let Some(slot) = group.first_empty() {
                return self.put_absent(tombstone, (number, slot), key, hash, prunes);
            }
            tombstone = tombstone.or_else(|| group.first(DELETED).map(|slot| (number, slot)));
        }
        (Put::Full, 0)
    }

    /// Stores an entry of another table. The key is not here, there is room, and there are no tombstones.
    pub(super) fn put_new(&mut self, key: KeyId, hash: u64) {
        self.make_groups();
        for number in probe(hash, self.len()) {
            if let Some(slot) = self.groups[number as usize].first_empty() {
                self.fill((number, slot), key, hash);
                return;
            }
        }
    }

    pub(super) fn delete(&mut self, key: KeyId, hash: u64) -> Option<Deleted> {
        for number in probe(hash, self.len().max(1)) {
            let group = self.groups.get_mut(number as usize)?;
            let empty = group.first_empty();
            if let Some(slot) = group.find(key, hash) {
                // Only a full group is ever passed by a probe; in any other the slot can be empty again.
                let tombstone = empty.is_none();
                group.control[slot] = if tombstone { DELETED } else { EMPTY };
                self.growth_left += u16::from(!tombstone);
                self.used -= 1;
                return Some(Deleted {
                    group: number,
                    slot,
                    tombstone,
                });
            }
            if empty.is_some() {
                return None;
            }
        }
        None
    }

    /// Slots that entries and tombstones have taken.
    pub(super) fn spent(&self) -> u16 {
        most_entries(self.capacity) - self.growth_left
    }

    pub(super) fn clear(&mut self) {
        self.groups.clear();
        self.used = 0;
        self.growth_left = most_entries(self.capacity);
    }

    /// A table of another capacity with the same entries, taken in memory order.
    pub(super) fn grown(&self, capacity: u16, block: u32) -> Self {
        let mut table = Self::new(capacity, self.local_depth, block);
        for (_, _, key, hash) in self.entries() {
            table.put_new(key, hash);
        }
        table
    }

    /// Group, slot, key and hash of every entry, in memory order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u64, usize, KeyId, u64)> {
        (0_u64..).zip(&self.groups).flat_map(|(number, group)| {
            group
                .entries()
                .map(move |(slot, key, hash)| (number, slot, key, hash))
        })
    }

    fn len(&self) -> u64 {
        self.groups.len() as u64
    }

    fn make_groups(&mut self) {
        if self.groups.is_empty() {
            self.groups = vec![Group::default(); usize::from(self.capacity) / SLOTS];
        }
    }

    /// Stores a key whose probe ended at `empty`, having passed `tombstone` first.
    fn put_absent(
        &mut self,
        tombstone: Option<(u64, usize)>,
        empty: (u64, usize),
        key: KeyId,
        hash: u64,
        prunes: bool,
    ) -> (Put, u16) {
        // A tombstone is counted as used up already.
        self.growth_left += u16::from(tombstone.is_some());
        let pruned = if self.growth_left == 0 && prunes {
            self.prune()
        } else {
            0
        };
        if self.growth_left == 0 {
            return (Put::Full, 0);
        }
        let (group, slot) = tombstone.unwrap_or(empty);
        self.fill((group, slot), key, hash);
        (Put::Inserted { group, slot }, pruned)
    }

    fn fill(&mut self, (group, slot): (u64, usize), key: KeyId, hash: u64) {
        self.groups[group as usize].set(slot, key, hash);
        self.growth_left -= 1;
        self.used += 1;
    }

    /// Makes tombstones empty in groups that no entry's probe passes, if that frees enough. Returns how many.
    fn prune(&mut self) -> u16 {
        let tombstones = most_entries(self.capacity) - self.used - self.growth_left;
        if tombstones * WORTH < self.capacity {
            return 0;
        }
        let prunable: Vec<usize> = self.unpassed_groups();
        let count = |&at: &usize| self.groups[at].count(DELETED);
        let freed: u16 = prunable.iter().map(count).sum();
        if freed * WORTH < self.capacity {
            return 0;
        }
        for at in prunable {
            for control in &mut self.groups[at].control {
                if *control == DELETED {
                    *control = EMPTY;
                }
            }
        }
        self.growth_left += freed;
        freed
    }

    /// Groups that no entry of another group has in its probe sequence before its own.
    fn unpassed_groups(&self) -> Vec<usize> {
        let mut passed = vec![false; self.groups.len()];
        for (group, _, _, hash) in self.entries() {
            for number in probe(hash, self.len()).take_while(|&number| number != group) {
                passed[number as usize] = true;
            }
        }
        (0..passed.len()).filter(|&at| !passed[at]).collect()
    }
}
