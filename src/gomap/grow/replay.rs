//! What every assignment, deletion and clear does to a map: where the key lands, what grows, what moves.
//!
//! A [`Replay`] repeats a map's history from its `make` on. It is given each key's hash ([`super::super::hash`] computes it) and keeps
//! no keys, only the numbers they are called by. [`classic`] and [`swiss`] are the two implementations; each follows the order in which
//! Go's runtime does things, since a step earlier or later puts keys elsewhere.
//!
//! Iteration is no operation here: it moves nothing in either implementation.

pub mod classic;
pub mod path;
pub mod swiss;

use super::super::hash::Hash;
use super::super::layout::Layout;
use super::super::target::Target;
use classic::{Classic, ClassicState};
use path::AssignPath;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use swiss::{Swiss, SwissState};

/// Operations that a replay takes: memory and time grow with them, and ten million fit a small machine.
pub const MAX_OPERATIONS: u64 = 10_000_000;

/// Largest `make` hint that is replayed: its directory and empty buckets take some tens of megabytes.
pub const MAX_HINT: u64 = 1 << 26;

/// What a key is called: the caller numbers the distinct keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// What an operation turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// A new key was stored.
    Inserted,
    /// The key was there; its element is replaced.
    Updated,
    /// The key was removed; with a tombstone in its place (Swiss, in a group without an empty slot).
    Deleted {
        /// True where the slot can't become empty.
        tombstone: bool,
    },
    /// A delete of a key that is not there.
    Absent,
    /// All entries were removed by `clear`.
    Cleared,
    /// `delete` or `clear` of an empty map: Go returns before it looks at anything.
    Nothing,
}

/// Which bucket array of a classic map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Array {
    /// `buckets`
    #[serde(rename = "new")]
    Current,
    /// `oldbuckets`: not evacuated yet.
    #[serde(rename = "old")]
    Old,
}

/// Where a key lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Place {
    /// Classic.
    Bucket {
        /// Array.
        array: Array,
        /// Number of the bucket that the chain starts with.
        bucket: u64,
        /// 0 is that bucket itself, 1 its first overflow bucket.
        #[serde(rename = "chain")]
        link: u32,
        /// The cell of the array that this link is: the bucket's number, or one past the buckets for a preallocated overflow bucket.
        /// `None` for an overflow bucket that is an object of its own, and where that is not known.
        cell: Option<u64>,
        /// 0 to 7.
        slot: u8,
    },
    /// Swiss, in the only group of a small map.
    Small {
        /// 0 to 7.
        slot: u8,
    },
    /// Swiss, in a table.
    Table {
        /// First directory entry of the table.
        table: u64,
        /// Group.
        group: u64,
        /// 0 to 7.
        slot: u8,
    },
}

/// A bucket chain or group that an operation worked in. Two operations with equal units touched the same memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Unit {
    /// Which array, table or small group, counted from 0 in the order in which the map made them.
    pub block: u32,
    /// Bucket or group in it.
    pub index: u64,
    /// How many buckets or groups that array, table or small group has.
    pub of: u64,
}

/// A step of growth that an operation set off or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Growth {
    /// Classic: too many entries; a second array of 2^to buckets stands beside the old one from here on.
    Doubled {
        /// B before.
        from: u8,
        /// B after.
        to: u8,
    },
    /// Classic: too many overflow buckets for the entries; an array of the same size.
    SameSize {
        /// B.
        #[serde(rename = "B")]
        b: u8,
        /// Overflow buckets counted.
        noverflow: u16,
    },
    /// Classic: the last old bucket is evacuated, the old array is dropped.
    Finished,
    /// Swiss: the first group is allocated.
    FirstGroup,
    /// Swiss: the small map became a table of sixteen slots.
    ToTable,
    /// Swiss: tombstones became empty slots, so the table need not grow.
    Pruned {
        /// First directory entry.
        table: u64,
        /// How many.
        tombstones: u16,
    },
    /// Swiss: a table of twice the capacity replaced the table.
    TableGrown {
        /// First directory entry.
        table: u64,
        /// Slots before.
        from: u16,
        /// Slots after.
        to: u16,
    },
    /// Swiss: the directory's entries were doubled, so that a table can be split.
    DirectoryDoubled {
        /// Entries after.
        entries: u64,
    },
    /// Swiss: two tables replaced the table.
    Split {
        /// First directory entry of the left one.
        left: u64,
        /// First directory entry of the right one.
        right: u64,
        /// Top bits of the hash that the entries of either have in common.
        local_depth: u8,
    },
}

/// An old bucket that a write moved into the new array (classic).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Evacuation {
    /// Its number in the old array.
    pub bucket: u64,
    /// Entries that stayed under that number.
    pub to_x: u32,
    /// Entries that went to the number plus the old array's length.
    pub to_y: u32,
}

/// What one operation did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Event {
    /// Number of the operation, from 1.
    pub operation: u64,
    /// What it was.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Where the key lies now, or lay when it was deleted.
    pub place: Option<Place>,
    /// The chain or group of that place.
    pub unit: Option<Unit>,
    /// Growth, in order.
    pub growth: Vec<Growth>,
    /// Old buckets moved, in order.
    pub evacuated: Vec<Evacuation>,
    /// True where the map drew a new seed: hashes computed with the old one mean nothing from here on.
    pub seed_redrawn: bool,
    /// True where this and later events hold only if a counter that Go increments at random has its expected value.
    pub uncertain: bool,
}

/// Why an operation can't be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Beyond [`MAX_HINT`].
    #[error("a hint of {0} is beyond what is replayed ({MAX_HINT})")]
    Hint(u64),
    /// Beyond [`MAX_OPERATIONS`].
    #[error("more than {MAX_OPERATIONS} operations are not replayed")]
    TooManyOperations,
    /// The key holds a NaN.
    #[error("a key with a NaN hashes differently each time: where it lies can't be computed")]
    RandomHash,
    /// The map drew a new seed.
    #[error(
        "operation {since} emptied the map, and Go drew a new seed then; give the seed that the map has had since"
    )]
    SeedUnknown {
        /// Operation that emptied it.
        since: u64,
    },
    /// What operations without a hash leave behind depends on their hashes.
    #[error(
        "the map had a seed here that is not known, and from here on {0} depends on it: a line \"seed 0x…\" in front of the writes to the empty map tells it"
    )]
    Unforeseen(&'static str),
    /// The hashes agree in so many top bits that the directory would not fit any memory.
    #[error("the hashes agree in their top {0} bits: these are not hashes of distinct keys")]
    DirectoryTooLarge(u8),
    /// The hashes agree so much that the chains are a list.
    #[error("the hashes put too many keys into one bucket: these are not hashes of distinct keys")]
    ChainTooLong,
}

/// The header's words that a debugger shows, after the last operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum State {
    /// Classic.
    Classic(ClassicState),
    /// Swiss.
    Swiss(SwissState),
}

#[derive(Clone, Debug)]
enum Engine {
    Classic(Box<Classic>),
    Swiss(Swiss),
}

/// A map as it is after the operations so far.
#[derive(Clone, Debug)]
pub struct Replay {
    engine: Engine,
    operations: u64,
    /// The operation that emptied the map, until the new seed is given.
    seed_lost_at: Option<u64>,
    uncertain: bool,
}

/// The word of a hash.
///
/// # Errors
/// [`ReplayError::RandomHash`]: Go draws the hash of a NaN anew at every call.
pub fn word(hash: &Hash) -> Result<u64, ReplayError> {
    match hash {
        Hash::Word(word) => Ok(*word),
        Hash::Random => Err(ReplayError::RandomHash),
    }
}

impl Event {
    fn new(operation: u64, outcome: Outcome) -> Self {
        Self {
            operation,
            outcome,
            place: None,
            unit: None,
            growth: Vec::new(),
            evacuated: Vec::new(),
            seed_redrawn: false,
            uncertain: false,
        }
    }

    fn at(&mut self, (place, unit): (Place, Unit)) {
        self.place = Some(place);
        self.unit = Some(unit);
    }
}

impl Replay {
    /// The map that `make(map[K]V, hint)` returns. `map[K]V{}` and `make` without a hint are a hint of 0.
    ///
    /// # Errors
    /// [`ReplayError::Hint`].
    pub fn new(
        target: &Target,
        layout: &Layout,
        path: AssignPath,
        hint: u64,
    ) -> Result<Self, ReplayError> {
        if hint > MAX_HINT {
            return Err(ReplayError::Hint(hint));
        }
        let engine = match layout {
            Layout::Classic(layout) => {
                Engine::Classic(Box::new(Classic::new(target, layout, hint)))
            }
            Layout::Swiss(layout) => Engine::Swiss(Swiss::new(target, layout, path, hint)),
        };
        Ok(Self {
            engine,
            operations: 0,
            seed_lost_at: None,
            uncertain: false,
        })
    }

    /// `m[key] = …`: inserts a new key, updates one that is there. `hash` is the key's under the map's current seed, as wide as the
    /// target's hashes are.
    ///
    /// # Errors
    /// [`ReplayError`]; the map is then as before, except after [`ReplayError::DirectoryTooLarge`], which ends the replay.
    pub fn assign(&mut self, key: KeyId, hash: u64) -> Result<Event, ReplayError> {
        self.known_seed()?;
        let mut event = self.begin(Outcome::Updated)?;
        match &mut self.engine {
            Engine::Classic(map) => map.assign(key, hash, &mut event)?,
            Engine::Swiss(map) => map.assign(key, hash, &mut event)?,
        }
        Ok(self.end(event))
    }

    /// `delete(m, key)`
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn delete(&mut self, key: KeyId, hash: u64) -> Result<Event, ReplayError> {
        if self.count() == 0 {
            let event = self.begin(Outcome::Nothing)?;
            return Ok(self.end(event));
        }
        self.known_seed()?;
        let mut event = self.begin(Outcome::Absent)?;
        match &mut self.engine {
            Engine::Classic(map) => map.delete(key, hash, &mut event)?,
            Engine::Swiss(map) => map.delete(key, hash, &mut event),
        }
        if matches!(event.outcome, Outcome::Deleted { .. }) && self.count() == 0 {
            event.seed_redrawn = true;
        }
        Ok(self.end(event))
    }

    /// `clear(m)`, and `for k := range m { delete(m, k) }`, which the compiler makes the same, unless keys can differ from themselves
    /// (floats, interfaces) or, up to 1.19, the function has type parameters.
    ///
    /// # Errors
    /// [`ReplayError::TooManyOperations`].
    pub fn clear(&mut self) -> Result<Event, ReplayError> {
        let mut event = self.begin(Outcome::Nothing)?;
        let cleared = match &mut self.engine {
            Engine::Classic(map) => map.clear(),
            Engine::Swiss(map) => map.clear(),
        };
        if cleared {
            event.outcome = Outcome::Cleared;
            event.seed_redrawn = true;
        }
        Ok(self.end(event))
    }

    /// An operation under a seed that nobody knows, of which only the outcome is: what it does to the map's shape. The first of them has to
    /// find the map empty, and all up to the one that empties it again have to be such.
    ///
    /// # Errors
    /// [`ReplayError::Unforeseen`] where the shape depends on the hash.
    pub fn unseen(&mut self, outcome: Outcome) -> Result<(), ReplayError> {
        self.begin(outcome)?;
        match &mut self.engine {
            Engine::Classic(map) => map.unseen(outcome)?,
            Engine::Swiss(map) => map.unseen(outcome)?,
        }
        self.operations += 1;
        if self.count() == 0 && outcome != Outcome::Nothing {
            self.seed_lost_at = Some(self.operations);
        }
        Ok(())
    }

    /// Says that hashes given from now on are computed with the seed that the map has had since it became empty.
    pub fn reseeded(&mut self) {
        self.seed_lost_at = None;
    }

    /// Entries.
    pub fn count(&self) -> u64 {
        match &self.engine {
            Engine::Classic(map) => map.count(),
            Engine::Swiss(map) => map.used(),
        }
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// The header's words.
    pub fn state(&self) -> State {
        match &self.engine {
            Engine::Classic(map) => State::Classic(map.state()),
            Engine::Swiss(map) => State::Swiss(map.state()),
        }
    }

    /// Every key with its hash and place, in memory order: old array before the current one, tables by directory index.
    pub fn places(&self) -> Vec<(KeyId, u64, Place)> {
        match &self.engine {
            Engine::Classic(map) => map.places(),
            Engine::Swiss(map) => map.places(),
        }
    }

    /// Chains (of the current array, and of what is left of the old one) or groups that a key can lie in.
    pub fn units(&self) -> u64 {
        match &self.engine {
            Engine::Classic(map) => map.units(),
            Engine::Swiss(map) => map.groups(),
        }
    }

    /// Classic: how many chains have how many overflow buckets, by their number.
    pub fn chains(&self) -> BTreeMap<u32, u64> {
        match &self.engine {
            Engine::Classic(map) => map.chains(),
            Engine::Swiss(_) => BTreeMap::new(),
        }
    }

    /// The error of an operation that needs a seed.
    ///
    /// # Errors
    /// [`ReplayError::SeedUnknown`] since the map was emptied.
    pub fn known_seed(&self) -> Result<(), ReplayError> {
        match self.seed_lost_at {
            Some(since) => Err(ReplayError::SeedUnknown { since }),
            None => Ok(()),
        }
    }

    fn begin(&mut self, outcome: Outcome) -> Result<Event, ReplayError> {
        if self.operations >= MAX_OPERATIONS {
            return Err(ReplayError::TooManyOperations);
        }
        Ok(Event::new(self.operations + 1, outcome))
    }

    fn end(&mut self, mut event: Event) -> Event {
        self.operations += 1;
        if event.seed_redrawn {
            self.seed_lost_at = Some(event.operation);
        }
        self.uncertain |= event.uncertain;
        event.uncertain = self.uncertain;
        event
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
