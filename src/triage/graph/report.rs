//! The graph as renderers see it, and exactly what `gotriage graph --format json` prints (schema `gotriage.graph/1`).
//!
//! Plain data, made by [`super::graph`]. Text taken from logs stands here as it was (lossy UTF-8); every renderer escapes it.

use crate::model::Grade;
use crate::triage::report::{At, NoteReport, Place, Tool, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

/// The schema's name and version.
pub const SCHEMA: &str = "gotriage.graph/1";

/// One picture: a graph of one incident.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GraphReport {
    /// Always `gotriage.graph/1`.
    pub schema: &'static str,
    /// Who made it.
    pub tool: Tool,
    /// What the edges say.
    pub kind: GraphKind,
    /// What was given, by the number that evidence refers to.
    pub inputs: Vec<GraphInput>,
    /// Which incident of the inputs this is, from 1; 0 where nothing from Go was recognised.
    pub incident: u32,
    /// How many incidents the inputs hold.
    pub incidents: u32,
    /// What happened.
    pub verdict: Verdict,
    /// Goroutines, maps and locks. Equal goroutines are one node with a count.
    pub nodes: Vec<Node>,
    /// Who did what to whom.
    pub edges: Vec<Edge>,
    /// What was put together, and what found no room.
    pub folded: Folded,
    /// Sentences for below the picture.
    pub notes: Vec<String>,
    /// Remarks on the inputs: cuts, damage, what was repaired.
    pub input_notes: Vec<NoteReport>,
}

/// One input.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GraphInput {
    /// Number used in evidence references.
    pub id: u32,
    /// Path as given; `-` is standard input.
    pub path: String,
}

/// Which graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GraphKind {
    /// Who created whom.
    Creation,
    /// Who fought whom over which map.
    Conflict,
    /// Who waits for what, and who holds it.
    Wait,
    /// Who woke whom, of an execution trace.
    Wake,
}

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// Goroutines of the text.
    Goroutines,
    /// Goroutines that are named as creators and are not in the text.
    Gone,
    /// A party or creator whose number the text does not tell.
    Unnamed,
    /// A map.
    Map,
    /// A lock, channel or group that goroutines wait for.
    Object,
    /// Goroutines of an execution trace: those of one `go` statement and one start function.
    Origin,
    /// Nodes that found no room.
    Rest,
}

/// A node.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Node {
    /// Name within the graph: `n1`.
    pub id: String,
    /// What it stands for.
    pub kind: NodeKind,
    /// How many goroutines it stands for; 1 for a map or lock.
    pub count: u64,
    /// Their ids, ascending, the first 20.
    pub goroutines: Vec<u64>,
    /// `race-detector` where the ids are the detector's own numbers, which no dump shares; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbering: Option<&'static str>,
    /// Name of a map or lock: `map m1 0x3320e19060f0`, `sync.Mutex 0xc00001c0a8`; the start function of an origin.
    pub name: Option<String>,
    /// State, where all have the same.
    pub state: Option<String>,
    /// Longest wait in full minutes.
    pub longest_wait_minutes: u32,
    /// First frame of user code, else the innermost one, where all have the same.
    pub site: Option<Place>,
    /// The goroutine that died is this one.
    pub crashed: bool,
    /// Where the first of them stand.
    pub evidence: Vec<At>,
}

impl Node {
    /// A node of which nothing is known yet, of one goroutine or thing.
    pub fn of(kind: NodeKind) -> Self {
        Self {
            id: String::new(),
            kind,
            count: 1,
            goroutines: Vec::new(),
            numbering: None,
            name: None,
            state: None,
            longest_wait_minutes: 0,
            site: None,
            crashed: false,
            evidence: Vec::new(),
        }
    }
}

/// What an edge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeKind {
    /// `from` created `to`.
    Created,
    /// `from` operated on the map `to`.
    Operated,
    /// `from` waits for `to`.
    WaitsFor,
    /// The lock `from` is held by `to`.
    HeldBy,
    /// `from` woke `to`.
    Woke,
}

/// Wake-ups for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WakeReason {
    /// What the woken had waited for, in the words of the trace; may be empty.
    pub reason: String,
    /// How often.
    pub times: u64,
}

/// An edge.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Edge {
    /// Id of a node.
    pub from: String,
    /// Id of a node.
    pub to: String,
    /// What it says.
    pub kind: EdgeKind,
    /// How far the evidence carries it.
    pub grade: Grade,
    /// The `go` statement, or the line of the map operation.
    pub site: Option<Place>,
    /// `read`, `write`, `delete`, `iterate`, `clear`, `clone` or `unknown`, on a map.
    pub op: Option<String>,
    /// How often `from` woke `to`; absent from other edges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The same by reason, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wakes: Vec<WakeReason>,
    /// This party noticed the conflict; the other is what it noticed.
    pub noticed: bool,
    /// Ranks of the conflicts it takes part in, as the report counts them.
    pub conflicts: Vec<u32>,
    /// What carries the grade: `runtime-message`, `same-map-header`, `printed-creator`, `only-goroutine-in-that-function`, …
    pub why: Vec<String>,
    /// Where it stands.
    pub evidence: Vec<At>,
}

impl Edge {
    /// An edge with nothing to say for it yet.
    pub fn between(kind: EdgeKind, grade: Grade, from: &str, to: &str) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            kind,
            grade,
            site: None,
            op: None,
            times: None,
            wakes: Vec::new(),
            noticed: false,
            conflicts: Vec::new(),
            why: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

/// What a graph does not show one by one.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Folded {
    /// Goroutines in the text.
    pub goroutines: u64,
    /// What counted as equal: `stack`, `line-and-creators` or `go-statement` of creations, `line` of other graphs; null where nothing was
    /// put together.
    pub alike_by: Option<&'static str>,
    /// Goroutines that share a node with others.
    pub together: u64,
    /// Nodes that found no room.
    pub nodes_left_out: u64,
    /// Goroutines in those.
    pub goroutines_left_out: u64,
}

impl GraphKind {
    /// The word of `--kind`.
    pub fn word(self) -> &'static str {
        match self {
            GraphKind::Creation => "creation",
            GraphKind::Conflict => "conflict",
            GraphKind::Wait => "wait",
            GraphKind::Wake => "wake",
        }
    }
}
