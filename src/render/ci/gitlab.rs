//! GitLab's code quality report: an array of issues, shown in merge requests at the line.
//!
//! ```json
//! [{"description": "…", "check_name": "map-race-report", "fingerprint": "0123456789abcdef", "severity": "blocker",
//!   "location": {"path": "store/cache.go", "lines": {"begin": 20}}}]
//! ```
//!
//! Every issue needs a file and a line: what has none is in the other outputs alone. Fingerprints have to be unique in one report.

use crate::render::json;
use crate::triage::annotation::{Annotation, Level, Lines};
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'static str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Begin,
}

#[derive(Serialize)]
struct Begin {
    begin: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<u32>,
}

/// Writes the annotations that have a line.
///
/// # Errors
/// Those of `out`.
pub fn write(annotations: &[Annotation], out: &mut dyn Write) -> io::Result<()> {
    let placed = annotations
        .iter()
        .filter_map(|one| Some(issue(one, one.at.as_ref()?)));
    let issues: Vec<Issue<'_>> = placed.collect();
    json::pretty(&issues, out)
}

fn issue<'a>(annotation: &'a Annotation, at: &'a Lines) -> Issue<'a> {
    let mut description = format!("{}: {}", annotation.title, annotation.message);
    for other in &annotation.related {
        description.push_str(&format!(
            " {}:{}: {}.",
            other.file, other.line, other.message
        ));
    }
    Issue {
        description,
        check_name: annotation.rule.id,
        fingerprint: &annotation.fingerprint,
        severity: match annotation.level {
            Level::Error => "blocker",
            Level::Warning => "major",
            Level::Note => "info",
        },
        location: Location {
            path: &at.file,
            lines: Begin {
                begin: at.line,
                end: at.end_line,
            },
        },
    }
}
