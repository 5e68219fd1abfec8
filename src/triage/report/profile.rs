//! Profiles as the report prints them: sums over stacks, by line. Made by `triage::profiles`; read [`ProfileReport`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A profile, weighed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProfileReport {
    /// Which input.
    pub input: u32,
    /// `goroutine`, `goroutineleak`, `heap`, `allocs`, `mutex`, `block`, `mutex or block`, `cpu`, `threadcreate`, `perf`, `folded`, `other`.
    pub kind: String,
    /// `protobuf`, `text (debug=1)`, `perf script`, `folded stacks`.
    pub form: String,
    /// Name of the column that weights are of: `inuse_space`, `delay`, `goroutine`.
    pub counts: String,
    /// Its unit: `bytes`, `nanoseconds`, `count`.
    pub unit: String,
    /// Its sum.
    pub total: i64,
    /// Distinct stacks.
    pub stacks: u64,
    /// When it was taken.
    pub taken: Option<String>,
    /// How long was measured, in nanoseconds.
    pub duration_nanos: Option<i64>,
    /// Build id of the program.
    pub build_id: Option<String>,
    /// Part of the total inside map operations.
    pub in_map_operations: i64,
    /// Map operations by line, heaviest first.
    pub map_operations: Vec<ProfileLine>,
    /// Lines of user code, heaviest first.
    pub lines: Vec<ProfileLine>,
    /// The heaviest groups of equal stacks whose samples carry labels, by their innermost line of user code.
    #[serde(default)]
    pub labelled: Vec<ProfileLine>,
    /// Memory of maps by the line that made or grew them; empty where the frames that show it are not in the profile.
    pub map_memory: Vec<ProfileMap>,
}

/// What a profile attributes to one line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProfileLine {
    /// Function.
    pub func: String,
    /// Its file.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// The map operation, or what is waited for there; null where neither shows.
    pub does: Option<String>,
    /// Sum of the column.
    pub weight: i64,
    /// Labels (`pprof.Do`) of its samples with the sums of the column, heaviest first; for groups and map operations.
    #[serde(default)]
    pub labels: Vec<ProfileLabel>,
}

/// A label with its weight.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProfileLabel {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// Sum of the column over the samples that carry it.
    pub weight: i64,
}

/// Maps made at one line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProfileMap {
    /// Function.
    pub func: String,
    /// Its file.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// Bytes in use.
    pub live_bytes: i64,
    /// Objects in use.
    pub live_objects: i64,
    /// Bytes ever allocated.
    pub total_bytes: i64,
}
