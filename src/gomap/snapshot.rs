//! A process's maps and secrets as somebody captured them: `gotriage.map-snapshot/1`.
//!
//! Plain values; what the producer did not know is `None`. The document is read by [`document`], questions by
//! [`question`]; [`answer`] brings the two together, [`line`] writes what comes of it.

pub mod answer;
pub mod document;
pub mod line;
pub mod question;
mod words;

use super::hash::Secrets;
use super::target::Target;
use super::types::{MapType, TypeError};

/// A snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// `go1.27.3`, as the process says it.
    pub go_version: String,
    /// GOOS; empty where not given.
    pub os: String,
    /// Build and machine.
    pub target: Target,
    /// What the process hashes with.
    pub secrets: Secrets,
    /// Its maps, in document order.
    pub maps: Vec<MapShot>,
}

/// One map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapShot {
    /// The producer's name for it.
    pub name: String,
    /// `map[string]int`, as given.
    pub type_text: String,
    /// The types of keys and elements, from the type trees where there are some, else from the text.
    pub types: Result<MapType, TypeError>,
    /// Address of the `hmap` or `Map`.
    pub header: Option<u64>,
    /// Fields of its implementation.
    pub body: Body,
}

/// What the header and the arrays behind it hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Classic.
    Classic(ClassicShot),
    /// Swiss.
    Swiss(SwissShot),
    /// Fields that can't be read, or contradict the build or one another: why.
    Unreadable(String),
}

/// The fields of an `hmap`.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct ClassicShot {
    pub count: Option<u64>,
    pub flags: Option<u8>,
    pub b: Option<u8>,
    pub noverflow: Option<u16>,
    pub hash0: Option<u32>,
    /// `None` where not known, `Some(0)` before the first insert.
    pub buckets: Option<u64>,
    /// `Some(0)`: not growing.
    pub oldbuckets: Option<u64>,
    pub nevacuate: Option<u64>,
    pub extra: Option<u64>,
    pub next_overflow: Option<u64>,
    /// 2^B and the overflow buckets allocated with them.
    pub allocated_buckets: Option<u64>,
    /// While growing, for each old bucket.
    pub old_evacuated: Option<Vec<bool>>,
}

/// The fields of a `Map`, its directory and its tables.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct SwissShot {
    pub used: Option<u64>,
    pub seed: Option<u64>,
    pub dir_ptr: Option<u64>,
    /// 0: `dir_ptr` is the one group.
    pub dir_len: Option<u64>,
    pub global_depth: Option<u8>,
    pub global_shift: Option<u8>,
    pub writing: Option<u8>,
    pub tombstone_possible: Option<bool>,
    pub clear_seq: Option<u64>,
    /// The control bytes of the one group.
    pub small_ctrls: Option<[u8; 8]>,
    /// For each directory entry, an index into `tables`.
    pub directory: Option<Vec<u32>>,
    pub tables: Vec<TableShot>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct TableShot {
    pub addr: Option<u64>,
    pub used: Option<u16>,
    /// Slots.
    pub capacity: Option<u16>,
    pub growth_left: Option<u16>,
    pub local_depth: Option<u8>,
    /// First directory entry; -1 once replaced.
    pub index: Option<i64>,
    /// The first group.
    pub groups: Option<u64>,
    /// Number of groups less one.
    pub length_mask: Option<u64>,
    /// Eight bytes a group.
    pub ctrls: Option<Vec<u8>>,
}
