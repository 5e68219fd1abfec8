//! The Swiss map's steps: a small map of one group, then tables that double, then a directory of tables that split.
//!
//! ```text
//! m[k] = v   small map:  k there? update.  A slot free? store.  Else the eight entries move into a table of sixteen slots
//!                        (up to 1.26 also when k is there and all eight slots are full)
//!            table:      follow the probe sequence to k (update) or to a group with an empty slot
//!                        a tombstone was passed? store in the first one
//!                        room left? store in the first empty slot
//!                        else prune tombstones, where this version and assignment does that, and store if there is room now
//!                        else rehash the whole table, and from the top again
//! rehash     capacity below 1024: one table of twice the capacity, in the same place of the directory
//!            capacity 1024:       two tables of 1024 by the next bit of the hash from the top; the directory doubles first if
//!                                 it has no entries to tell them apart
//! ```
//!
//! A rehash takes the old table's entries group by group, slot by slot. What happens inside one table is in
//! `table.rs`.

pub(in super::super) mod table;

use super::super::super::layout::swiss::SwissLayout;
use super::super::super::target::Target;
use super::super::plan::swiss::{FIRST_CAPACITY, MAX_CAPACITY, first_tables, most_entries};
use super::path::AssignPath;
use super::{Event, Growth, KeyId, Outcome, Place, ReplayError, Unit};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use table::{Group, Put, SLOTS, Table};

/// Most bits of a hash that select a directory entry: more would be 32 GiB of directory, which no hash of distinct keys leads to.
pub const MAX_DEPTH: u8 = 32;

/// Words of the header, and of its tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SwissState {
    /// `used`
    pub used: u64,
    /// `dirLen`: 0 is a small map.
    pub dir_len: u64,
    /// `globalDepth`
    pub global_depth: u8,
    /// `tombstonePossible`; `None` in versions without that field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tombstone_possible: Option<bool>,
    /// By directory index.
    pub tables: Vec<TableState>,
}

/// Words of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TableState {
    /// `index`: its first directory entry.
    pub index: u64,
    /// `used`
    pub used: u16,
    /// `capacity`
    pub capacity: u16,
    /// `growthLeft`
    pub growth_left: u16,
    /// `localDepth`
    pub local_depth: u8,
}

/// A Swiss map.
#[derive(Clone, Debug)]
pub struct Swiss {
    hash_bits: u32,
    prunes: bool,
    update_grows: bool,
    has_tombstone_flag: bool,
    used: u64,
    tombstone_possible: bool,
    global_depth: u8,
    small: Option<Group>,
    /// By the smallest hash that belongs to the table. The directory follows from it: an entry for each value of the top
    /// `global_depth` bits.
    tables: BTreeMap<u64, Table>,
    /// Groups and group arrays made so far.
    blocks: u32,
    /// Operations without a hash: slots of a table that entries and tombstones have taken, at most.
    spent: u16,
}

impl Swiss {
    /// What `NewMap` returns for a hint.
    pub(super) fn new(target: &Target, layout: &SwissLayout, path: AssignPath, hint: u64) -> Self {
        let rules = &target.rules;
        let mut map = Self {
            hash_bits: target.hash_bits(),
            prunes: match path {
                AssignPath::Fast => rules.prunes_tombstones,
                AssignPath::FastPtr => rules.prunes_for_pointer_keys,
                AssignPath::Generic => false,
            },
            update_grows: rules.full_small_update_grows,
            has_tombstone_flag: rules.prunes_tombstones,
            used: 0,
            tombstone_possible: false,
            global_depth: 0,
            small: None,
            tables: BTreeMap::new(),
            blocks: 0,
            spent: 0,
        };
        if let Some(first) = first_tables(target, layout, hint) {
            map.global_depth = first.depth;
            for index in 0..1_u64 << first.depth {
                let table = Table::new(first.capacity, first.depth, map.next_block());
                map.tables.insert(map.first_hash(index, first.depth), table);
            }
        }
        map
    }

    pub(super) fn used(&self) -> u64 {
        self.used
    }

    pub(super) fn state(&self) -> SwissState {
        let state = |(&first, table): (&u64, &Table)| TableState {
            index: self.index(first),
            used: table.used,
            capacity: table.capacity,
            growth_left: table.growth_left,
            local_depth: table.local_depth,
        };
        SwissState {
            used: self.used,
            dir_len: self.dir_len(),
            global_depth: self.global_depth,
            tombstone_possible: self.has_tombstone_flag.then_some(self.tombstone_possible),
            tables: self.tables.iter().map(state).collect(),
        }
    }

    pub(super) fn groups(&self) -> u64 {
        let slots: u64 = self.tables.values().map(|t| u64::from(t.capacity)).sum();
        slots / SLOTS as u64 + u64::from(self.small.is_some())
    }

    pub(super) fn places(&self) -> Vec<(KeyId, u64, Place)> {
        let mut places = Vec::new();
        if let Some(group) = &self.small {
            places.extend(group.entries().map(|(slot, key, hash)| {
                let slot = slot as u8;
                (key, hash, Place::Small { slot })
            }));
        }
        for (&first, table) in &self.tables {
            let index = self.index(first);
            places.extend(table.entries().map(|(group, slot, key, hash)| {
                let place = Place::Table {
                    table: index,
                    group,
                    slot: slot as u8,
                };
                (key, hash, place)
            }));
        }
        places
    }

    pub(super) fn assign(
        &mut self,
        key: KeyId,
        hash: u64,
        event: &mut Event,
    ) -> Result<(), ReplayError> {
        if self.tables.is_empty() && self.assign_small(key, hash, event) {
            return Ok(());
        }
        while !self.assign_table(key, hash, event) {
            self.rehash(hash, event)?;
        }
        Ok(())
    }

    pub(super) fn delete(&mut self, key: KeyId, hash: u64, event: &mut Event) {
        if let Some(group) = &mut self.small {
            if let Some(slot) = group.find(key, hash) {
                group.set_empty(slot);
                event.outcome = Outcome::Deleted { tombstone: false };
                event.at(small_place(slot));
                self.used -= 1;
            }
            return;
        }
        let Some((first, table)) = self.table_mut(hash) else {
            return;
        };
        let Some(deleted) = table.delete(key, hash) else {
            return;
        };
        let tombstone = deleted.tombstone;
        event.outcome = Outcome::Deleted { tombstone };
        event.at(self.place(first, deleted.group, deleted.slot));
        self.used -= 1;
        self.tombstone_possible |= tombstone;
    }

    /// False where Go returns at once: nothing is there, nor can a tombstone be.
    pub(super) fn clear(&mut self) -> bool {
        if self.used == 0 && !(self.has_tombstone_flag && self.tombstone_possible) {
            return false;
        }
        self.used = 0;
        self.tombstone_possible = false;
        if let Some(group) = &mut self.small {
            *group = Group::default();
        }
        for table in self.tables.values_mut() {
            table.clear();
        }
        true
    }

    /// An operation under a seed that is not known, in a map that was empty when they began. Entries are only counted: a small map and a
    /// table without tombstones grow by their number; which table splits, and where tombstones are left, depends on the hashes.
    pub(super) fn unseen(&mut self, outcome: Outcome) -> Result<(), ReplayError> {
        let full = self.used == SLOTS as u64;
        if self.used == 0 {
            self.spent = self.tables.values().map(Table::spent).max().unwrap_or(0);
        }
        match outcome {
            Outcome::Inserted => return self.unseen_insert(),
            Outcome::Updated if self.tables.is_empty() && full && self.update_grows => {
                self.become_table(&mut Event::new(0, outcome));
                self.spent = self.used as u16;
            }
            Outcome::Deleted { .. } => {
                // Only a group without an empty slot keeps a tombstone.
                let leaves_none = usize::from(self.spent) < SLOTS;
                let spent = self.spent.saturating_sub(u16::from(leaves_none));
                if self.used == 1 && spent > 0 {
                    return Err(ReplayError::Unforeseen("where tombstones are left"));
                }
                self.spent = spent;
                self.used -= 1;
            }
            Outcome::Cleared => _ = self.clear(),
            Outcome::Updated | Outcome::Absent | Outcome::Nothing => {}
        }
        Ok(())
    }

    fn unseen_insert(&mut self) -> Result<(), ReplayError> {
        if self.tables.is_empty() && self.used < SLOTS as u64 {
            if self.small.is_none() {
                self.small = Some(Group::default());
                self.blocks += 1;
            }
            self.used += 1;
            return Ok(());
        }
        if self.tables.is_empty() {
            self.become_table(&mut Event::new(0, Outcome::Inserted));
            self.spent = self.used as u16;
        }
        let limits = self
            .tables
            .values()
            .map(|table| most_entries(table.capacity));
        if limits.min().is_some_and(|limit| self.spent >= limit) {
            self.unseen_growth()?;
        }
        self.spent += 1;
        self.used += 1;
        Ok(())
    }

    fn unseen_growth(&mut self) -> Result<(), ReplayError> {
        let block = self.next_block();
        let only = self.tables.len() == 1;
        let table = self.tables.values_mut().next().filter(|table| {
            only && table.capacity < MAX_CAPACITY && u64::from(self.spent) == self.used
        });
        let table = table.ok_or(ReplayError::Unforeseen("which table grows, and when"))?;
        *table = Table::new(table.capacity * 2, table.local_depth, block);
        Ok(())
    }

    /// False where the map became a table and the key is not in it yet.
    fn assign_small(&mut self, key: KeyId, hash: u64, event: &mut Event) -> bool {
        if self.small.is_none() {
            self.small = Some(Group::default());
            self.blocks += 1;
            event.growth.push(Growth::FirstGroup);
        }
        let Some(group) = &mut self.small else {
            return false;
        };
        let full = self.used == SLOTS as u64;
        let found = group.find(key, hash);
        match (found, group.first_empty()) {
            (Some(slot), _) if !(full && self.update_grows) => {
                event.at(small_place(slot));
                true
            }
            (None, Some(slot)) => {
                group.set(slot, key, hash);
                self.used += 1;
                event.outcome = Outcome::Inserted;
                event.at(small_place(slot));
                true
            }
            _ => {
                self.become_table(event);
                false
            }
        }
    }

    fn become_table(&mut self, event: &mut Event) {
        let mut table = Table::new(FIRST_CAPACITY, 0, self.next_block());
        for (_, key, hash) in self.small.take().iter().flat_map(Group::entries) {
            table.put_new(key, hash);
        }
        self.tables.insert(0, table);
        event.growth.push(Growth::ToTable);
    }

    /// False where the key's table has no room.
    fn assign_table(&mut self, key: KeyId, hash: u64, event: &mut Event) -> bool {
        let prunes = self.prunes;
        let Some((first, table)) = self.table_mut(hash) else {
            return true;
        };
        let (put, pruned) = table.put(key, hash, prunes);
        if pruned > 0 {
            let table = self.index(first);
            let tombstones = pruned;
            event.growth.push(Growth::Pruned { table, tombstones });
        }
        match put {
            Put::Updated { group, slot } => event.at(self.place(first, group, slot)),
            Put::Inserted { group, slot } => {
                self.used += 1;
                event.outcome = Outcome::Inserted;
                event.at(self.place(first, group, slot));
            }
            Put::Full => return false,
        }
        true
    }

    /// Replaces the table of a hash by a larger one, or by two.
    fn rehash(&mut self, hash: u64, event: &mut Event) -> Result<(), ReplayError> {
        let Some((first, table)) = self.table_mut(hash) else {
            return Ok(());
        };
        let (from, depth) = (table.capacity, table.local_depth);
        if from < MAX_CAPACITY {
            let to = from * 2;
            let block = self.next_block();
            let table = self.index(first);
            if let Some(old) = self.tables.get_mut(&first) {
                let grown = old.grown(to, block);
                *old = grown;
            }
            event.growth.push(Growth::TableGrown { table, from, to });
            return Ok(());
        }
        if depth >= MAX_DEPTH {
            return Err(ReplayError::DirectoryTooLarge(depth));
        }
        self.split(first, depth + 1, event);
        Ok(())
    }

    fn split(&mut self, first: u64, depth: u8, event: &mut Event) {
        let Some(old) = self.tables.remove(&first) else {
            return;
        };
        let bit = 1_u64 << (self.hash_bits - u32::from(depth));
        let mut left = Table::new(MAX_CAPACITY, depth, self.next_block());
        let mut right = Table::new(MAX_CAPACITY, depth, self.next_block());
        for (_, _, key, hash) in old.entries() {
            let half = if hash & bit == 0 {
                &mut left
            } else {
                &mut right
            };
            half.put_new(key, hash);
        }
        self.tables.insert(first, left);
        self.tables.insert(first | bit, right);
        if depth > self.global_depth {
            self.global_depth = depth;
            let entries = self.dir_len();
            event.growth.push(Growth::DirectoryDoubled { entries });
        }
        event.growth.push(Growth::Split {
            left: self.index(first),
            right: self.index(first | bit),
            local_depth: depth,
        });
    }

    fn dir_len(&self) -> u64 {
        if self.tables.is_empty() {
            0
        } else {
            1 << self.global_depth
        }
    }

    fn next_block(&mut self) -> u32 {
        self.blocks += 1;
        self.blocks - 1
    }

    fn table_mut(&mut self, hash: u64) -> Option<(u64, &mut Table)> {
        self.tables
            .range_mut(..=hash)
            .next_back()
            .map(|(&first, table)| (first, table))
    }

    /// The first directory entry of the table that begins at a hash.
    fn index(&self, first: u64) -> u64 {
        first
            .checked_shr(self.hash_bits - u32::from(self.global_depth))
            .unwrap_or(0)
    }

    /// The smallest hash whose top bits are `index`.
    fn first_hash(&self, index: u64, depth: u8) -> u64 {
        index
            .checked_shl(self.hash_bits - u32::from(depth))
            .unwrap_or(0)
    }

    fn place(&self, first: u64, group: u64, slot: usize) -> (Place, Unit) {
        let place = Place::Table {
            table: self.index(first),
            group,
            slot: slot as u8,
        };
        let unit = self.tables.get(&first).map_or(SMALL_UNIT, |table| Unit {
            block: table.block,
            index: group,
            of: u64::from(table.capacity) / SLOTS as u64,
        });
        (place, unit)
    }
}

/// The one group of a small map.
const SMALL_UNIT: Unit = Unit {
    block: 0,
    index: 0,
    of: 1,
};

fn small_place(slot: usize) -> (Place, Unit) {
    let slot = slot as u8;
    (Place::Small { slot }, SMALL_UNIT)
}
