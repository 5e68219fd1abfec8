//! Suspects: pairs of lines that the source says may be at one map at once.
//!
//! In a report (`incidents[].suspects`) they answer who the other party of a crash may be; `gotriage suspects` prints
//! [`SuspectsReport`], schema `gotriage.suspects/1`.

use super::{Finding, Tool};
use crate::model::Grade;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The schema's name and version.
pub const SUSPECTS_SCHEMA: &str = "gotriage.suspects/1";

/// Two lines at one map, or one line that several goroutines run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Suspect {
    /// From 1, most suspected first.
    pub rank: u32,
    /// `probable` where a goroutine of the dump stands in the function of the other line or was started where that one's are; else
    /// `possible`. Source alone never says more.
    pub grade: Grade,
    /// `unguarded`, `one-side-unlocked`, `different-locks`, `write-under-read-lock` or `copied-lock`.
    pub kind: String,
    /// The map as the source names it: package and type, or the function that declares it.
    pub map: String,
    /// The two lines; in a crash's report the first one is the line that crashed.
    pub sites: Vec<SuspectSite>,
    /// One sentence: locks, goroutines, and what of the dump supports it.
    pub why: String,
    /// What makes this map safe, and where.
    pub fix: String,
}

/// One of the lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SuspectSite {
    /// Function, named as in a stack, without the directories of its package.
    pub func: String,
    /// Path below the directory of go.mod.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// `assign`, `op-assign`, `delete`, `clear`, `fill`, `read`, `comma-ok`, `range`, `len`, `clone`, `encode` or `pass`.
    pub op: String,
    /// Locks held there, those of all callers included; ` (read)` behind those held for reading, ` (some paths)` behind those that not
    /// every path takes.
    pub locks: Vec<String>,
    /// The line as it stands in the file, without indentation.
    pub excerpt: String,
}

/// What `gotriage suspects` found in a module.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SuspectsReport {
    /// Always `gotriage.suspects/1`.
    pub schema: &'static str,
    /// Who made it.
    pub tool: Tool,
    /// The module.
    pub module: ModuleReport,
    /// Maps that are written without protection and reachable from more than one goroutine; one entry for each map.
    pub suspects: Vec<Suspect>,
    /// Files that were left out, in part or whole.
    pub notes: Vec<SourceRemark>,
    /// The suspects as statements, for pages.
    #[serde(skip)]
    #[schemars(skip)]
    pub findings: Vec<Finding>,
}

/// What was read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModuleReport {
    /// Module path, as in go.mod; empty where there is none and imports tell nothing.
    pub path: String,
    /// Files read.
    pub files: u64,
    /// Their lines.
    pub lines: u64,
    /// Maps with at least one access.
    pub maps: u64,
}

/// A remark on a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceRemark {
    /// Path below the directory of go.mod; null where it concerns them all.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// One sentence.
    pub text: String,
}
