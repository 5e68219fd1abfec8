//! What a scan prints: clusters with an example each, conflicts that two logs make whole, and remarks (schema `gotriage.scan/1`).
//!
//! The lines of `--format jsonl` are [`ScanLine`]s, and everything else follows from them (`summary`): that is what lets
//! `gotriage merge` give the answer that one scan would have given. Renderers get a [`ScanReport`]. Text taken from logs stands here as
//! it was; every renderer escapes it for where it is going.

use crate::model::Grade;
use crate::triage::fingerprint::Fingerprint;
use crate::triage::report::{Category, IncidentReport, InputReport, Place, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The schema's name and version.
pub const SCHEMA: &str = "gotriage.scan/1";

/// One scan's answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScanReport {
    /// Always `gotriage.scan/1`.
    pub schema: &'static str,
    /// Who made it.
    pub tool: Tool,
    /// Crashes by fingerprint: most incidents first, then the one seen last; captures of healthy processes at the end.
    pub clusters: Vec<Cluster>,
    /// Conflicts of which no single log shows both sides.
    pub conflicts: Vec<JoinedConflict>,
    /// Remarks on what was read: limits, damage, what could not be read.
    pub notes: Vec<ScanNote>,
}

/// Incidents with one fingerprint.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Cluster {
    /// What they share.
    pub fingerprint: Fingerprint,
    /// How many.
    pub count: u64,
    /// What happened.
    pub category: Category,
    /// How well the verdict is known: the best of all incidents.
    pub grade: Grade,
    /// How well the other side of a map conflict is known: the best of all incidents, and of the conflicts that other logs complete.
    /// Null where there is none.
    pub other_side: Option<Grade>,
    /// The example's headline.
    pub headline: String,
    /// The line to open first.
    pub culprit: Option<Place>,
    /// Earliest time stamp, RFC 3339 in UTC; null where no log has one.
    pub first_seen: Option<String>,
    /// Latest time stamp.
    pub last_seen: Option<String>,
    /// Go versions seen, ascending.
    pub go: Vec<String>,
    /// The incident that shows most, in full. All of them in full are the lines of `--format jsonl`.
    pub example: Box<ScanIncident>,
    /// Where and when its incidents were, by path and line.
    pub incidents: Vec<Occurrence>,
    /// Conflicts with a side in it, as indices into `conflicts`.
    pub conflicts: Vec<u32>,
}

/// Where and when one incident was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Occurrence {
    /// Path, `archive!member` inside archives.
    pub path: String,
    /// Line from 1; 0 for an input without lines.
    pub line: u32,
    /// Its time stamp; null where the log has none.
    pub time: Option<String>,
}

/// One incident with where and when: a line of `--format jsonl`. It is the incident of `gotriage.report/1` with some fields more; its
/// evidence names input 0, which is `path`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ScanIncident {
    /// The file, `-` for standard input; `archive!member` inside archives.
    pub path: String,
    /// Line of the file that says it, from 1; 0 for a file without lines.
    pub line: u32,
    /// What it shares with its like.
    pub fingerprint: Fingerprint,
    /// Its time stamp, RFC 3339 in UTC; null where the log has none.
    pub first_seen: Option<String>,
    /// The time stamp of its last repetition.
    pub last_seen: Option<String>,
    /// What of the file was looked at: all of it, or of a long one the part around the incident.
    pub input: InputReport,
    /// The incident.
    #[serde(flatten)]
    pub incident: IncidentReport,
}

/// A remark on something that was read, or could not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ScanNote {
    /// The file, archive or member.
    pub path: String,
    /// Its line, if the remark has one.
    pub line: Option<u32>,
    /// One sentence.
    pub text: String,
    /// True where something was left unread, so that the exit code is 2.
    pub incomplete: bool,
}

/// A line of `--format jsonl`: first the incidents, then the remarks.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ScanLine {
    /// An incident.
    Incident(Box<ScanIncident>),
    /// `{"note": …}`.
    Note {
        /// The remark.
        note: ScanNote,
    },
}

/// One conflict with both sides, each from another log.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct JoinedConflict {
    /// `write-write`, `read-write`, `iterate-write`, `clone-write`.
    pub kind: String,
    /// `probable`: no single process showed both.
    pub grade: Grade,
    /// What ties the sides: `same-receiver-type` or `same-map-type`.
    pub why: String,
    /// The type both use: `main.(*Cache)`.
    pub on: String,
    /// The side that noticed, then the one that writes.
    pub sides: Vec<Side>,
}

/// One side of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Side {
    /// `read`, `write`, `delete`, `iterate`, `clear`, `clone` or `unknown`.
    pub op: String,
    /// Where.
    pub site: Place,
    /// The cluster it is from.
    pub fingerprint: Fingerprint,
    /// A log that shows it.
    pub path: String,
    /// Its line.
    pub line: u32,
}
