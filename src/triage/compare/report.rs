//! The difference of two captures as renderers see it, and exactly what `gotriage diff --format json` prints (schema
//! `gotriage.diff/1`). Plain data, made by [`super::compare`].

pub mod profile;
pub mod trace;

use crate::model::Grade;
use crate::triage::report::{At, Category, CreatedBy, Finding, NoteReport, Place, Tool, Wait};
use profile::ProfileDiff;
use schemars::JsonSchema;
use serde::Serialize;
use trace::TraceDiff;

/// The schema's name and version.
pub const SCHEMA: &str = "gotriage.diff/1";

/// Two captures, and what lies between them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DiffReport {
    /// Always `gotriage.diff/1`.
    pub schema: &'static str,
    /// Who made it.
    pub tool: Tool,
    /// The earlier capture.
    pub before: Capture,
    /// The later capture.
    pub after: Capture,
    /// What happened between them.
    pub verdict: DiffVerdict,
    /// One process or two.
    pub process: Process,
    /// Goroutines by what became of them.
    pub goroutines: Turnover,
    /// Groups by the size of their change, those that did not change last.
    pub groups: Vec<GroupChange>,
    /// What is waited for, by the growth of waiters.
    pub waits: Vec<WaitChange>,
    /// Profiles of one kind in both captures, and a profile of goroutines against a dump.
    pub profiles: Vec<ProfileDiff>,
    /// Execution traces, where both captures are one.
    pub traces: Vec<TraceDiff>,
    /// Graded statements beside the verdict.
    pub findings: Vec<Finding>,
    /// Remarks on the inputs: cuts, damage, what was repaired.
    pub notes: Vec<NoteReport>,
}

/// One capture.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Capture {
    /// Number used in evidence references.
    pub input: u32,
    /// Path as given; `-` is standard input.
    pub path: String,
    /// Distinct goroutine ids; of a trace those that are there at its end.
    pub goroutines: u64,
    /// Kinds of its profiles.
    pub profiles: Vec<String>,
    /// Length of the execution trace in ns; null where it is none.
    pub traced_ns: Option<i64>,
    /// Go version as inferred; null where nothing tells.
    pub go: Option<String>,
    /// Which incident of the input it is, from 1, where it holds several: the last one with goroutines.
    pub incident: u32,
    /// How many incidents the input holds.
    pub incidents: u32,
    /// The verdict on this capture alone.
    pub category: Category,
    /// Its grade.
    pub grade: Grade,
}

/// What happened between the captures.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DiffVerdict {
    /// `goroutine-leak`, `memory-leak`, `lock-hang` or `healthy`; `none` where the captures can't be compared.
    pub category: Category,
    /// How far the evidence carries it.
    pub grade: Grade,
    /// One sentence for the top of the page.
    pub headline: String,
    /// The line to open first.
    pub culprit: Option<Place>,
    /// The `go` statement behind it.
    pub created_by: Option<Place>,
    /// Where it stands in the later capture.
    pub evidence: Vec<At>,
}

/// Whether both captures are of one process.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Process {
    /// `same`, `different`, or `unknown` where nothing tells.
    pub answer: &'static str,
    /// How sure the answer is.
    pub grade: Grade,
    /// What tells it, one sentence each.
    pub reasons: Vec<String>,
}

/// Goroutines by what became of them; by id, which a process never gives twice.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Turnover {
    /// In both captures.
    pub stayed: u64,
    /// In both, at the same place in the same state.
    pub unmoved: u64,
    /// In the earlier capture alone.
    pub ended: u64,
    /// In the later capture alone.
    pub appeared: u64,
    /// How many were created between, from the highest ids: 16 for each P more or fewer, and more where the newest have ended. Null where
    /// ids tell no more than `appeared`, which is the least.
    pub created_about: Option<u64>,
    /// Highest id of the earlier capture.
    pub highest_before: Option<u64>,
    /// Highest id of the later capture.
    pub highest_after: Option<u64>,
}

/// Goroutines of equal stacks (the runtime's own frames apart) and `go` statements in both captures.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GroupChange {
    /// `grew`, `shrank`, `appeared`, `vanished` or `equal`.
    pub change: &'static str,
    /// Goroutines in the earlier capture.
    pub before: u64,
    /// Goroutines in the later one.
    pub after: u64,
    /// Goroutines in both, at this place in the same state.
    pub unmoved: u64,
    /// Of these, how many waited for more full minutes in the later capture.
    pub waited_longer: u64,
    /// Their state.
    pub state: String,
    /// Longest wait in full minutes.
    pub longest_wait_minutes: u32,
    /// First frame of user code, else the innermost one.
    pub site: Option<Place>,
    /// Frames, innermost first.
    pub stack: Vec<Place>,
    /// Where they were created.
    pub created_by: Option<CreatedBy>,
    /// The first 20 of the later capture, new ones first; of the earlier one for a group that vanished.
    pub goroutines: Vec<u64>,
}

/// What is waited for in both captures.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WaitChange {
    /// `grew`, `shrank`, `appeared`, `vanished` or `equal`.
    pub change: &'static str,
    /// Waiters in both captures, at one place in one state.
    pub unmoved: u64,
    /// The wait in the earlier capture.
    pub before: Option<Wait>,
    /// The wait in the later capture.
    pub after: Option<Wait>,
}
