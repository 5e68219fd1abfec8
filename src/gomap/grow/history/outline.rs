//! What a list of writes does to a map whatever its hashes: what is inserted, how much the map holds, when it becomes empty.
//!
//! ```text
//! 1            insert   1      ┐
//! 2            insert   2      │ first life: the seed that make drew
//! delete 1     delete   1      │
//! delete 2     delete   0      ┘ empty: Go draws a new seed here
//! 2            insert   1      ┐
//! 3            insert   2      ┘ second life: the seed that the header shows now
//! ```
//!
//! [`super::follow`] asks it which seed a write has, and for the plan it tells how large the map gets.

use super::super::super::types::GoType;
use super::super::super::value::Image;
use super::super::replay::{KeyId, Outcome};
use super::{Key, What, Write};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// A list of writes, without their hashes. NaN keys, which never leave a map, count as one; no write behind the first is followed.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// Entries at most.
    pub most: u64,
    /// New keys stored; more than [`Outline::most`] where some were deleted before others came.
    pub inserted: u64,
    /// For each write.
    pub(super) acts: Vec<Act>,
    lives: Vec<Life>,
}

/// A write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act {
    /// Equal for keys that `==` holds equal; `None` for what has no key.
    pub key: Option<KeyId>,
    /// What comes of it; `None` for a seed.
    pub outcome: Option<Outcome>,
}

/// The writes from the first, or from one that emptied the map, up to the next that does.
#[derive(Clone, Copy, Debug)]
struct Life {
    /// Its first write.
    begins: usize,
    /// The seed that a line in front of it tells.
    told: Option<u64>,
}

/// What is known of the map's seed beside the writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeedsGiven {
    /// By a flag.
    pub flag: Option<u64>,
    /// By a snapshot of the map after the writes.
    pub snapshot: Option<u64>,
}

/// The seeds of the first and the last life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seeds {
    /// The one that `make` drew.
    pub made: Option<u64>,
    /// The one that the map has in the end.
    pub now: Option<u64>,
}

/// Seeds that can't all be true.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the map{when} has the seed {one:#x} by {by_one}, and {other:#x} by {by_other}: only one can be true"
)]
pub struct SeedConflict {
    when: &'static str,
    one: u64,
    by_one: &'static str,
    other: u64,
    by_other: &'static str,
}

/// Writes under a seed that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unplaced {
    /// Number of the first, from 1.
    pub first: u64,
    /// Number of the last: it emptied the map, and Go drew another seed.
    pub last: u64,
}

impl Outline {
    /// Follows the writes' keys.
    pub fn of(writes: &[Write], key_type: &GoType) -> Self {
        let mut ids: HashMap<Image, KeyId> = HashMap::new();
        let mut id = |key: &Key| {
            let next = KeyId(ids.len() as u32);
            *ids.entry(key.image.identity(key_type)).or_insert(next)
        };
        let mut outline = Self {
            lives: vec![Life::at(0)],
            ..Self::default()
        };
        let mut there: HashSet<KeyId> = HashSet::new();
        for (write, number) in writes.iter().zip(1..) {
            let (key, outcome) = match &write.what {
                What::Seed(seed) => {
                    if let Some(life) = outline.lives.last_mut().filter(|_| there.is_empty()) {
                        life.told = Some(*seed);
                    }
                    (None, None)
                }
                What::Clear => (None, Some(cleared(&mut there))),
                What::Assign(key) => {
                    let key = id(key);
                    let outcome = match there.insert(key) {
                        true => Outcome::Inserted,
                        false => Outcome::Updated,
                    };
                    (Some(key), Some(outcome))
                }
                What::Delete(key) => {
                    let key = id(key);
                    (Some(key), Some(deleted(&mut there, key)))
                }
            };
            outline.acts.push(Act { key, outcome });
            outline.inserted += u64::from(outcome == Some(Outcome::Inserted));
            outline.most = outline.most.max(there.len() as u64);
            let emptied = matches!(outcome, Some(Outcome::Cleared | Outcome::Deleted { .. }));
            if emptied && there.is_empty() {
                outline.lives.push(Life::at(number));
            }
        }
        outline
    }

    /// Which life each given seed belongs to. A snapshot's, and a flag's where neither a snapshot nor the writes tell it, is that of the
    /// last; any other flag is that of the first.
    ///
    /// # Errors
    /// [`SeedConflict`].
    pub fn seeds(&self, given: SeedsGiven) -> Result<Seeds, SeedConflict> {
        const LINE: &str = "a line of the writes";
        let told = |life: Option<&Life>| life.and_then(|life| life.told);
        let (first, last) = (told(self.lives.first()), told(self.lives.last()));
        let flag = (given.flag, "--seed");
        let ended = agreed(
            " in the end",
            (given.snapshot, "the snapshot"),
            (last, LINE),
        )?;
        if self.lives.len() < 2 {
            let only = agreed("", (ended, "the snapshot or a line of the writes"), flag)?;
            return Ok(Seeds {
                made: only,
                now: only,
            });
        }
        if ended.is_none() {
            return Ok(Seeds {
                made: first,
                now: given.flag,
            });
        }
        // A line of the last life counts from where it stands on.
        Ok(Seeds {
            made: agreed(" as it was made", (first, LINE), flag)?,
            now: given.snapshot,
        })
    }

    /// True where a seed of any life is known.
    pub fn knows_a_seed(&self, seeds: Seeds) -> bool {
        self.known_from(seeds).is_some()
    }

    /// The write with which the last life begins that has a seed.
    pub(super) fn known_from(&self, seeds: Seeds) -> Option<usize> {
        let last = self.last_life();
        let told = self.lives.iter().rev().find(|life| life.told.is_some());
        let made = seeds.made.map(|_| 0);
        let now = seeds.now.map(|_| last);
        now.or(told.map(|life| life.begins)).or(made)
    }

    /// The write with which the last life begins.
    pub(super) fn last_life(&self) -> usize {
        self.lives.last().map_or(0, |life| life.begins)
    }
}

impl Life {
    fn at(begins: usize) -> Self {
        Self { begins, told: None }
    }
}

fn cleared(there: &mut HashSet<KeyId>) -> Outcome {
    match there.is_empty() {
        true => Outcome::Nothing,
        false => {
            there.clear();
            Outcome::Cleared
        }
    }
}

fn deleted(there: &mut HashSet<KeyId>, key: KeyId) -> Outcome {
    match (there.is_empty(), there.remove(&key)) {
        (true, _) => Outcome::Nothing,
        (false, true) => Outcome::Deleted { tombstone: false },
        (false, false) => Outcome::Absent,
    }
}

/// The seed that two sources give.
fn agreed(
    when: &'static str,
    (one, by_one): (Option<u64>, &'static str),
    (other, by_other): (Option<u64>, &'static str),
) -> Result<Option<u64>, SeedConflict> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Err(SeedConflict {
            when,
            one,
            by_one,
            other,
            by_other,
        }),
        (one, other) => Ok(one.or(other)),
    }
}
