//! The report: all that `render` sees, and exactly what `--format json` prints (schema `gotriage.report/1`).
//!
//! Plain data, made by [`super::report`]. Fields are only added within a schema version. Text taken from logs stands here as it
//! was (lossy UTF-8); every renderer escapes it for where it is going.

mod joins;
mod maps;
mod profile;
mod suspects;
mod word;

pub use joins::{ChainLink, JoinReport, TracedGoroutine, TracedWaker};
pub use maps::{KeySeen, MapPlace, MapReport};
pub use profile::{ProfileLabel, ProfileLine, ProfileMap, ProfileReport};
pub use suspects::{
    ModuleReport, SUSPECTS_SCHEMA, SourceRemark, Suspect, SuspectSite, SuspectsReport,
};
pub use word::Word;

use super::trace::TraceSummary;
use crate::model::Grade;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use word::word;

/// The schema's name and version.
pub const SCHEMA: &str = "gotriage.report/1";

/// One run's answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Always `gotriage.report/1`.
    pub schema: &'static str,
    /// Who made it.
    pub tool: Tool,
    /// What was given.
    pub inputs: Vec<InputReport>,
    /// One for each process that died or was captured, in input order.
    pub incidents: Vec<IncidentReport>,
    /// Remarks on the inputs: cuts, damage, what was repaired.
    pub notes: Vec<NoteReport>,
}

/// The program that made the report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Tool {
    /// `gotriage`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// One input. `parsed_lines + set_aside_lines + unparsed_lines == lines`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InputReport {
    /// Number used in evidence references.
    pub id: u32,
    /// Path as given; `-` is standard input.
    pub path: String,
    /// Size after decompression.
    pub bytes: u64,
    /// The log system's wrapper, outermost first: `none`, `journald`, `cri + json`.
    pub envelope: String,
    /// What was found in it: `dump`, `goroutines`, `profile`, `race-report`, `go-test`; empty for nothing from Go.
    pub holds: Vec<String>,
    /// True where it ends, or was cut, before it should.
    pub truncated: bool,
    /// Lines of the input.
    pub lines: u64,
    /// Lines understood as part of a dump.
    pub parsed_lines: u64,
    /// Lines of other origin: unrelated log output, the wrapper's own lines.
    pub set_aside_lines: u64,
    /// Lines inside a dump that no grammar took.
    pub unparsed_lines: u64,
}

/// A place in an input.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct At {
    /// Which input.
    pub input: u32,
    /// Its line, from 1; 0 for an input without lines, a binary profile.
    pub line: u32,
}

/// A remark on an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoteReport {
    /// Which input.
    pub input: u32,
    /// Its line, if the remark has one.
    pub line: Option<u32>,
    /// One sentence.
    pub text: String,
}

/// One process that died or was captured alive.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct IncidentReport {
    /// The Go version behind the dump.
    pub go: GoReport,
    /// What happened, in one line.
    pub verdict: Verdict,
    /// How it died; null for a capture of a living process.
    pub crash: Option<CrashReport>,
    /// How much the traceback shows.
    pub traceback: Option<Traceback>,
    /// Census.
    pub goroutines: Goroutines,
    /// Who created whom.
    pub creation: Creation,
    /// The maps that take part.
    pub maps: Vec<MapReport>,
    /// Where the keys and addresses of the text lie in maps, as far as that can be told.
    pub places: Vec<MapPlace>,
    /// Who fought over them, best first.
    pub conflicts: Vec<Conflict>,
    /// Who the other party may be, from the source given with `--src`, most suspected first; absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspects: Vec<Suspect>,
    /// Who waits for what, most waiters first.
    pub waits: Vec<Wait>,
    /// Profiles, in input order.
    pub profiles: Vec<ProfileReport>,
    /// Execution traces, in input order; not read back from JSON.
    #[serde(skip_deserializing)]
    pub traces: Vec<TraceSummary>,
    /// The traces held against the goroutines of the text.
    pub joins: Vec<JoinReport>,
    /// The four steps.
    pub steps: Vec<Step>,
    /// What would raise a grade, and how to get it.
    pub missing: Vec<Missing>,
    /// A program that dies the same way, where one can be made.
    pub reproduction: Option<Reproduction>,
    /// Debugger commands with this dump's functions filled in.
    pub breakpoints: Vec<Breakpoints>,
}

/// Go version as inferred.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GoReport {
    /// `1.27`, or `1.23.9` where the patch release is certain; null where nothing tells.
    pub version: Option<String>,
    /// Releases that fit, oldest first.
    pub candidates: Vec<String>,
    /// `override`, `path`, `landmarks`, `cues` or `unknown`.
    pub from: String,
    /// `classic` (to 1.23) or `swiss` (1.24 on).
    pub map_layout: Option<String>,
    /// What told it, one short sentence each.
    pub reasons: Vec<String>,
}

/// The verdict categories of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Category {
    MapWriteWrite,
    MapReadWrite,
    MapIterateWrite,
    MapCloneWrite,
    MapRaceReport,
    DataRaceReport,
    NilMapWrite,
    NilDereference,
    IndexOutOfRange,
    TypeAssertion,
    DivideByZero,
    ClosedChannel,
    SyncMisuse,
    RuntimePanic,
    CustomPanic,
    OutOfMemory,
    StackOverflow,
    DeadlockAllAsleep,
    LockHang,
    GoroutineLeak,
    MemoryLeak,
    TestTimeout,
    TestFailure,
    Signal,
    RuntimeFault,
    Healthy,
    None,
}

/// What happened, at what grade.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// One of the contract's categories.
    pub category: Category,
    /// How far the evidence carries it.
    pub grade: Grade,
    /// One sentence for the top of the page.
    pub headline: String,
    /// The line to open first.
    pub culprit: Option<Place>,
}

/// A line of source code as a frame names it.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Place {
    /// Function as printed.
    pub func: String,
    /// Path as printed.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// How the process died.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CrashReport {
    /// `panic`, `fatal` or `signal`.
    pub kind: String,
    /// The last panic value, the fatal text or the signal.
    pub message: String,
    /// The goroutine that noticed; null where no goroutine was printed for it.
    pub goroutine: Option<u64>,
    /// For map fatals: `writer`, `reader`, `iterator`, `cloner`.
    pub role: Option<String>,
    /// For map fatals with runtime frames: `entry` (the other was inside first) or `exit` (the other came in during its own operation).
    pub noticed: Option<String>,
    /// Where it says so.
    pub at: At,
    /// The wrapper's time stamp of that line, RFC 3339.
    pub time: Option<String>,
    /// All panics of the chain, oldest first; empty for others.
    pub panics: Vec<PanicReport>,
    /// The signal behind it.
    pub signal: Option<SignalReport>,
    /// Lines the runtime printed before it (stack limits, thread limits).
    pub context: Vec<String>,
    /// How often the fatal line was printed: 2 where two goroutines died at once.
    pub times_printed: u32,
    /// True where net/http recovered the panic, so that the process lives on.
    pub recovered: bool,
}

/// One panic of a chain.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PanicReport {
    /// The value as printed.
    pub value: String,
    /// A deferred function recovered it.
    pub recovered: bool,
    /// And panicked with it again.
    pub repanicked: bool,
}

/// A signal.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SignalReport {
    /// `SIGSEGV: segmentation violation`.
    pub name: String,
    /// Signal code as printed.
    pub code: Option<String>,
    /// Faulting address.
    pub addr: Option<String>,
    /// Program counter.
    pub pc: Option<String>,
}

/// What the traceback setting showed and hid.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Traceback {
    /// `none`, `single`, `all`, `system`, `crash` or `debug=2`.
    pub level: String,
    /// What told it.
    pub from: String,
    /// True where frames of the runtime are printed.
    pub shows_runtime_frames: bool,
    /// True where goroutines other than the crashing one are printed.
    pub shows_other_goroutines: bool,
}

/// Census of the goroutines in the text, counted by id.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Goroutines {
    /// Distinct goroutine ids, g0 apart.
    pub total: u64,
    /// By state, most first.
    pub states: Vec<StateCount>,
    /// By equal stack, state and creation site, largest first.
    pub groups: Vec<Group>,
    /// Goroutines standing inside a map operation.
    pub in_map_operations: u64,
}

/// Goroutines of one state.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StateCount {
    /// Wait reason or state as printed.
    pub state: String,
    /// How many.
    pub count: u64,
    /// Longest wait in full minutes; 0 is less than one.
    pub longest_wait_minutes: u32,
}

/// Goroutines with equal stacks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// Their state.
    pub state: String,
    /// Longest wait in full minutes.
    pub longest_wait_minutes: u32,
    /// Their ids, ascending.
    pub goroutines: Vec<u64>,
    /// Frames, innermost first; line 0 and no file is an elision mark.
    pub stack: Vec<Place>,
    /// Place in `stack` of the first frame of user code, from 0; null where there is none.
    pub user_frame: Option<u32>,
    /// Where they were created.
    pub created_by: Option<CreatedBy>,
}

/// A creation site, with the creator where all of a group share one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CreatedBy {
    /// Function that ran the `go` statement.
    pub func: String,
    /// Its file.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// Id of the creator (Go 1.21 and later).
    pub goroutine: Option<u64>,
}

/// The creation forest.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Creation {
    /// Parent to child; beyond a limit only those on the way to a party of a conflict or crash.
    pub edges: Vec<CreationEdge>,
    /// Edges left out of `edges`.
    pub edges_omitted: u64,
    /// `go` statements by live goroutines, most first.
    pub sites: Vec<CreationSite>,
    /// Creators that are named but not in the text (ended, or not printed).
    pub gone_parents: u64,
}

/// One goroutine made by another.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CreationEdge {
    /// Creator's id; null before Go 1.21.
    pub parent: Option<u64>,
    /// Created goroutine's id.
    pub child: u64,
    /// The `go` statement.
    pub site: Place,
}

/// One `go` statement.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CreationSite {
    /// Function that ran it.
    pub func: String,
    /// Its file.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// Live goroutines it made.
    pub goroutines: u64,
    /// Ids of their creators, ascending; empty before Go 1.21.
    pub parents: Vec<u64>,
}

/// A pair of parties on one map.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Conflict {
    /// From 1, best first.
    pub rank: u32,
    /// Id of the map.
    pub map: String,
    /// `write-write`, `read-write`, `iterate-write`, `clone-write`.
    pub kind: String,
    /// Grade.
    pub grade: Grade,
    /// The parties: the one that noticed first.
    pub participants: Vec<Participant>,
    /// What carries the grade.
    pub evidence: Vec<ConflictEvidence>,
}

/// One side of a conflict.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Participant {
    /// Its id; null where it is inferred but not in the text.
    pub goroutine: Option<u64>,
    /// `race-detector` where `goroutine` is the detector's own number, which no dump shares; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbering: Option<String>,
    /// `read`, `write`, `delete`, `iterate`, `clear`, `clone` or `unknown`.
    pub op: String,
    /// First frame of user code; null where unknown.
    pub func: Option<String>,
    /// Its file.
    pub file: Option<String>,
    /// Its line.
    pub line: Option<u32>,
    /// For the party that noticed: `entry` or `exit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noticed: Option<String>,
    /// Receiver of the method at that place, where printed firmly.
    pub receiver: Option<String>,
    /// The chain of creators, nearest first, back to `main` where the text allows.
    pub chain: Vec<ChainLink>,
}

/// Why a conflict is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConflictEvidence {
    /// `runtime-message`, `race-report`, `same-map-header`, `doubtful-map-header`, `same-receiver`, `same-line`, `open-map-operation`, `same-function`, `sibling`, …
    pub why: String,
    /// Which input.
    pub input: u32,
    /// Its line.
    pub line: u32,
}

/// Goroutines blocked on one thing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Wait {
    /// `sync.Mutex`, `sync.RWMutex`, `chan receive`, `chan send`, `select`, `sync.WaitGroup`, `sync.Cond`, …
    pub kind: String,
    /// Address of the lock or channel, where printed firmly.
    pub address: Option<String>,
    /// How many wait.
    pub waiters: u64,
    /// Longest wait in full minutes.
    pub longest_wait_minutes: u32,
    /// The goroutine proved to hold it.
    pub holder: Option<u64>,
    /// Where they wait: user code, most first.
    pub sites: Vec<WaitSite>,
    /// Their ids, ascending.
    pub goroutines: Vec<u64>,
}

/// Waiters at one line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WaitSite {
    /// Function.
    pub func: String,
    /// File.
    pub file: String,
    /// Line.
    pub line: u32,
    /// How many stand there.
    pub waiters: u64,
}

/// One of the four steps.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// 1 to 4.
    pub n: u32,
    /// `Observe`, `Locate`, `Anatomy`, `Verify and mitigate`.
    #[serde(deserialize_with = "word")]
    pub title: Word,
    /// Statements in reading order.
    pub findings: Vec<Finding>,
}

/// A statement with its grade and evidence.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// One or two sentences.
    pub text: String,
    /// Its parts, where it announces several: things to do one after another.
    pub items: Vec<String>,
    /// Grade.
    pub grade: Grade,
    /// Where it stands.
    pub evidence: Vec<At>,
    /// Commands or code that belong to it.
    pub code: Option<Code>,
    /// True for what to do: no statement about the evidence, and the grade is that of the verdict it is for.
    pub advice: bool,
}

/// Something to paste.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Code {
    /// `sh`, `go`, `text`.
    #[serde(deserialize_with = "word")]
    pub lang: Word,
    /// The lines.
    pub text: String,
}

/// Evidence that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Missing {
    /// What.
    pub what: String,
    /// Why it is not in the text.
    pub why: String,
    /// The command or setting that shows it next time.
    pub how: String,
}

/// A program that dies the same way.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Reproduction {
    /// Complete Go source of `main.go`.
    pub program: String,
    /// The message it dies with.
    pub message: String,
    /// How to run it.
    pub run: String,
    /// Oldest Go release that compiles it.
    pub go_since: String,
}

/// Debugger commands.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Breakpoints {
    /// `dlv` or `gdb`.
    #[serde(deserialize_with = "word")]
    pub debugger: Word,
    /// Commands, one a line.
    pub script: String,
}

impl Category {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Category::MapWriteWrite => "map-write-write",
            Category::MapReadWrite => "map-read-write",
            Category::MapIterateWrite => "map-iterate-write",
            Category::MapCloneWrite => "map-clone-write",
            Category::MapRaceReport => "map-race-report",
            Category::DataRaceReport => "data-race-report",
            Category::NilMapWrite => "nil-map-write",
            Category::NilDereference => "nil-dereference",
            Category::IndexOutOfRange => "index-out-of-range",
            Category::TypeAssertion => "type-assertion",
            Category::DivideByZero => "divide-by-zero",
            Category::ClosedChannel => "closed-channel",
            Category::SyncMisuse => "sync-misuse",
            Category::RuntimePanic => "runtime-panic",
            Category::CustomPanic => "custom-panic",
            Category::OutOfMemory => "out-of-memory",
            Category::StackOverflow => "stack-overflow",
            Category::DeadlockAllAsleep => "deadlock-all-asleep",
            Category::LockHang => "lock-hang",
            Category::GoroutineLeak => "goroutine-leak",
            Category::MemoryLeak => "memory-leak",
            Category::TestTimeout => "test-timeout",
            Category::TestFailure => "test-failure",
            Category::Signal => "signal",
            Category::RuntimeFault => "runtime-fault",
            Category::Healthy => "healthy",
            Category::None => "none",
        }
    }
}
