//! An annotation: one remark on one line of a repository, in no CI system's own words.
//!
//! Whatever finds something to say about a line of Go makes a list of [`Annotation`]s; `render::ci` writes such lists in the forms that
//! code hosts take. Start with [`Annotation`].

use schemars::JsonSchema;
use serde::Serialize;

/// What kind of remark it is. Rules are rows of tables: every annotation of one rule has the same description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Rule {
    /// Stable name in kebab case, such as `map-write-write`: filters and baselines of code hosts refer to it.
    pub id: &'static str,
    /// One sentence on what the rule finds, for whoever meets it first.
    pub description: &'static str,
}

/// How grave a remark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Note,
    /// Suspected.
    Warning,
    /// It happened.
    Error,
}

impl Level {
    /// `error`, as compilers and SARIF say it.
    pub fn word(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }
}

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Lines {
    /// Path relative to the top of the repository, with slashes.
    pub file: String,
    /// First line, from 1.
    pub line: u32,
    /// Last line; `None` where it is the first.
    pub end_line: Option<u32>,
}

/// Another place that has to do with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Related {
    /// Path relative to the top of the repository, with slashes.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// What happens there: `goroutine 9 wrote the map here`.
    pub message: String,
}

/// One remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Annotation {
    /// Its kind.
    pub rule: Rule,
    /// Its weight.
    pub level: Level,
    /// Where it belongs; `None` for what no line of the repository is to blame for.
    pub at: Option<Lines>,
    /// A few words.
    pub title: String,
    /// What to know, in full sentences; may have several lines. Text of logs stands in it as it was: writers escape it.
    pub message: String,
    /// Equal for the same finding in the next run, so that code hosts know it again.
    pub fingerprint: String,
    /// The other party, the `go` statement, the other access.
    pub related: Vec<Related>,
    /// Ways that lead to the place, one for each party: its calls, outermost first.
    pub flows: Vec<Flow>,
}

/// The calls of one party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Flow {
    /// Whose: `goroutine 9, which wrote`.
    pub title: String,
    /// Its calls in the repository, outermost first.
    pub steps: Vec<Related>,
}
