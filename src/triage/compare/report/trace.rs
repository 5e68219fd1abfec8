//! The difference of two execution traces as renderers see it. Traces differ in length, so times stand as ns in each second.

use crate::analyze::trace::GoroutineCounts;
use crate::triage::report::Place;
use schemars::JsonSchema;
use serde::Serialize;

/// Two traces.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TraceDiff {
    /// The earlier one.
    pub before: Traced,
    /// The later one.
    pub after: Traced,
    /// From the end of the earlier to the beginning of the later, in ns; null where their clocks can't be compared (Go 1.21 and
    /// earlier, texts).
    pub between_ns: Option<i64>,
    /// Time of all goroutines in each state.
    pub states: Vec<SumChange>,
    /// What running goroutines blocked on, by reason.
    pub blocked: Vec<SumChange>,
    /// Why running goroutines were stopped, by reason; the time is what they then waited for a processor.
    pub stopped: Vec<SumChange>,
    /// Ranges of the runtime: collections, stops of the world; those that began or ended in the trace.
    pub ranges: Vec<SumChange>,
    /// How long goroutines that could run waited for a processor.
    pub scheduling: SchedulingChange,
    /// Goroutines by where they come from, by growth.
    pub origins: Vec<OriginChange>,
}

/// One trace.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Traced {
    /// Its header: `go 1.26`.
    pub header: String,
    /// Its length in ns.
    pub ns: i64,
    /// Its events.
    pub events: u64,
    /// Its goroutines.
    pub goroutines: GoroutineCounts,
}

/// How often and how long, in both.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SumChange {
    /// Of what.
    pub name: String,
    /// In the earlier trace.
    pub before: Sum,
    /// In the later one.
    pub after: Sum,
}

/// How often and how long in one trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sum {
    /// How often.
    pub count: u64,
    /// How long in all, in ns.
    pub ns: i64,
    /// How long in each second of the trace, in ns.
    pub ns_per_second: i64,
}

/// Waits for a processor, in both.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SchedulingChange {
    /// In the earlier trace.
    pub before: Scheduling,
    /// In the later one.
    pub after: Scheduling,
}

/// Waits for a processor in one trace.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Scheduling {
    /// How often one began to run.
    pub runs: u64,
    /// How long they had been runnable before it on average, in ns.
    pub mean_ns: i64,
    /// The longest such wait, in ns.
    pub longest_ns: i64,
    /// Whose it was.
    pub goroutine: Option<u64>,
    /// Where that one stood.
    pub site: Option<Place>,
}

/// Goroutines of one origin, in both.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OriginChange {
    /// `grew`, `shrank`, `appeared`, `vanished` or `equal`, by those that are there at the end.
    pub change: &'static str,
    /// The function they began with.
    pub start_func: String,
    /// The `go` statement, where a trace saw it.
    pub created_at: Option<Place>,
    /// In the earlier trace.
    pub before: OriginSums,
    /// In the later one.
    pub after: OriginSums,
}

/// Goroutines of one origin in one trace; times in ns of each second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OriginSums {
    /// Seen.
    pub goroutines: u64,
    /// Created in the trace.
    pub created: u64,
    /// There at its end.
    pub alive: u64,
    /// Running.
    pub running: i64,
    /// Waiting for a processor.
    pub runnable: i64,
    /// Blocked.
    pub waiting: i64,
    /// In system calls.
    pub syscall: i64,
}
