//! A trace held against the goroutines of a dump, as the report has it, and chains of creators, which text and trace make together.

use super::Place;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One trace.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct JoinReport {
    /// The trace's input.
    pub input: u32,
    /// `same-process` (shared goroutines, nothing contradicts), `other-process`, `nothing-shared`.
    pub kinship: String,
    /// Goroutines of the text that are alive at the end of the trace.
    pub shared: u64,
    /// Of those, the ones whose `go` statement, written by the user, is the same in both.
    pub agreeing: u64,
    /// Goroutines of the text that are not in the trace.
    pub absent: u64,
    /// Their numbers, the first 20.
    pub absent_goroutines: Vec<u64>,
    /// Goroutines that prove two processes, the first 3.
    pub contradicting: Vec<u64>,
    /// Those that matter: who died, parties of conflicts, holders of locks; then the first of the largest groups.
    pub goroutines: Vec<TracedGoroutine>,
}

/// What a trace says of a goroutine of the text.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TracedGoroutine {
    /// Its number.
    pub goroutine: u64,
    /// The function it began with; empty where the trace does not tell.
    pub start_func: String,
    /// What it does when the trace ends: `Running`, `Runnable`, `Waiting`, `Syscall`.
    pub state: String,
    /// Why, in the words of the trace: `sync`, `chan receive`.
    pub reason: String,
    /// For how long it has done so, in ns.
    pub for_ns: i64,
    /// True where it did so before the trace began.
    pub since_before: bool,
    /// Where.
    pub at: Option<Place>,
    /// Who woke it, most often first, at most 4.
    pub wakers: Vec<TracedWaker>,
    /// CPU samples and events of it inside map operations.
    pub map_sights: u64,
    /// What it did over time, a letter for each slice of the trace's timeline; null where it was not watched.
    pub states: Option<String>,
}

/// Who woke a goroutine.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TracedWaker {
    /// Its number.
    pub goroutine: u64,
    /// What the woken had waited for.
    pub reason: String,
    /// How often.
    pub times: u64,
}

/// One step of a creation chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChainLink {
    /// The `go` statement.
    pub site: Place,
    /// Who ran it; null before Go 1.21.
    pub goroutine: Option<u64>,
    /// True where that goroutine is in the text.
    pub present: bool,
    /// The functions that led to the `go` statement, nearest first, where a trace has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<Place>,
    /// The trace that says so; absent where the text does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<u32>,
}
