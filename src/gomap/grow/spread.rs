//! How evenly the keys of a replayed map lie, against what chance would do.
//!
//! ```text
//! entries in a bucket   buckets   expected            Go's hashes of distinct keys fall like dice. Far more full buckets than
//!         4                 9        9.7              expected, or an entropy far below the most, mean hashes that agree:
//!         5                11       11.4              a broken hash, or keys chosen by someone who knows the seed.
//!         6                12       11.1
//! ```
//!
//! For a Swiss map an entry counts for its home, the group that its probe sequence begins with; how far from home it lies is its reach.

use super::super::layout::SLOTS;
use super::replay::swiss::table::probe;
use super::replay::{Array, Event, Outcome, Place, Replay, State, Unit};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Buckets or groups with one number of entries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Load {
    /// Entries.
    pub entries: u64,
    /// Buckets (with their overflow buckets) or home groups that have so many.
    pub units: u64,
    /// As many as chance would give so many entries.
    pub expected: f64,
}

/// How a map's entries are spread.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Spread {
    /// Entries.
    pub entries: u64,
    /// Buckets or groups. While a classic map grows: those that lookups go to, old and new.
    pub units: u64,
    /// From no entry up to the fullest.
    pub loads: Vec<Load>,
    /// Bits that a key's bucket or home group tells of the key, on the average.
    pub entropy_bits: f64,
    /// The most they could be: all equally full.
    pub most_entropy_bits: f64,
    /// How many entries are found in the how manyth bucket of their chain, or group of their probe sequence, from 1.
    pub reach: BTreeMap<u64, u64>,
    /// Classic: how many chains have how many overflow buckets.
    pub overflow: BTreeMap<u32, u64>,
}

/// Writes that worked in the same bucket or group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Shared {
    /// Where.
    pub unit: Unit,
    /// Their numbers, ascending; two at least.
    pub operations: Vec<u64>,
}

impl Spread {
    /// The spread of a map as it is now.
    pub fn of(replay: &Replay) -> Self {
        let tables = table_groups(&replay.state());
        let mut homes: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        let mut reach = BTreeMap::new();
        for (_, hash, place) in replay.places() {
            let (home, steps) = home(hash, place, &tables);
            *homes.entry(home).or_default() += 1;
            *reach.entry(steps).or_default() += 1;
        }
        let entries: u64 = homes.values().sum();
        let units = replay.units();
        Self {
            entries,
            units,
            loads: loads(&homes, entries, units),
            entropy_bits: entropy(&homes, entries),
            most_entropy_bits: (entries.min(units).max(1) as f64).log2(),
            reach,
            overflow: replay.chains(),
        }
    }

    /// Buckets or groups that the slowest lookup visits; 0 in an empty map.
    pub fn longest_reach(&self) -> u64 {
        self.reach.keys().next_back().copied().unwrap_or(0)
    }
}

/// Writes that worked in the same bucket or group, ordered by the first of them. What growth moved in passing is not counted.
pub fn shared<'e>(events: impl Iterator<Item = &'e Event>) -> Vec<Shared> {
    let mut by_unit: BTreeMap<Unit, Vec<u64>> = BTreeMap::new();
    for event in events.filter(|event| event.outcome != Outcome::Absent) {
        if let Some(unit) = event.unit {
            by_unit.entry(unit).or_default().push(event.operation);
        }
    }
    let mut shared: Vec<Shared> = by_unit
        .into_iter()
        .filter(|(_, operations)| operations.len() > 1)
        .map(|(unit, operations)| Shared { unit, operations })
        .collect();
    shared.sort_by_key(|shared| shared.operations.first().copied());
    shared
}

/// Groups of each table, by its first directory entry.
fn table_groups(state: &State) -> BTreeMap<u64, u64> {
    match state {
        State::Classic(_) => BTreeMap::new(),
        State::Swiss(state) => state
            .tables
            .iter()
            .map(|table| (table.index, u64::from(table.capacity) / u64::from(SLOTS)))
            .collect(),
    }
}

/// The unit where a search for a key begins, and how many it visits until it finds the key.
fn home(hash: u64, place: Place, tables: &BTreeMap<u64, u64>) -> ((u64, u64), u64) {
    match place {
        Place::Bucket {
            array,
            bucket,
            link,
            ..
        } => (
            (u64::from(array == Array::Old), bucket),
            u64::from(link) + 1,
        ),
        Place::Small { .. } => ((0, 0), 1),
        Place::Table { table, group, .. } => {
            let groups = tables.get(&table).copied().unwrap_or(1);
            let first = probe(hash, groups).next().unwrap_or(0);
            let steps = probe(hash, groups).take_while(|&at| at != group).count();
            ((table, first), steps as u64 + 1)
        }
    }
}

fn loads(homes: &BTreeMap<(u64, u64), u64>, entries: u64, units: u64) -> Vec<Load> {
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    for &load in homes.values() {
        *counts.entry(load).or_default() += 1;
    }
    counts.insert(0, units.saturating_sub(homes.len() as u64));
    let fullest = counts.keys().next_back().copied().unwrap_or(0);
    let mut chance = Chance::new(entries, units);
    (0..=fullest)
        .map(|load| Load {
            entries: load,
            units: counts.get(&load).copied().unwrap_or(0),
            expected: chance.next_load() * units as f64,
        })
        .collect()
}

/// The chance that a unit gets 0, 1, 2, … of the entries, if each goes to any unit alike (binomial).
struct Chance {
    left: f64,
    units: f64,
    load: f64,
    chance: f64,
}

impl Chance {
    fn new(entries: u64, units: u64) -> Self {
        let units = units.max(1) as f64;
        Self {
            left: entries as f64,
            units,
            load: 0.0,
            chance: (1.0 - 1.0 / units).powf(entries as f64),
        }
    }

    fn next_load(&mut self) -> f64 {
        let chance = self.chance;
        self.load += 1.0;
        if self.units > 1.0 {
            self.chance *= self.left / self.load / (self.units - 1.0);
        } else {
            // One unit gets everything.
            self.chance = if self.left == 1.0 { 1.0 } else { 0.0 };
        }
        self.left -= 1.0;
        chance
    }
}

fn entropy(homes: &BTreeMap<(u64, u64), u64>, entries: u64) -> f64 {
    let all = entries as f64;
    let parts = homes.values().map(|&load| {
        let share = load as f64 / all;
        share * share.log2()
    });
    // From zero down, so that no entries and one unit give 0 and not -0.
    0.0 - parts.sum::<f64>()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
