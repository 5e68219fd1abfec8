//! Suspects as remarks on lines, for code hosts.

use crate::triage::annotation::{Annotation, Level, Lines, Related, Rule};
use crate::triage::report::{Suspect, SuspectsReport};

/// One row for each kind of suspect.
const RULES: [Rule; 5] = [
    Rule {
        id: "unguarded",
        description: "A map is written while other goroutines may use it, and no lock is held.",
    },
    Rule {
        id: "one-side-unlocked",
        description: "A map is locked at one line and used without that lock at another.",
    },
    Rule {
        id: "different-locks",
        description: "Two lines use one map under two different locks.",
    },
    Rule {
        id: "copied-lock",
        description: "A map is shared by copies of a struct, and each copy locks a mutex of its own.",
    },
    Rule {
        id: "write-under-read-lock",
        description: "A map is written while its lock is held for reading only.",
    },
];

/// One remark for each suspect, on the line that writes.
pub fn annotations(report: &SuspectsReport) -> Vec<Annotation> {
    report.suspects.iter().filter_map(annotation).collect()
}

fn annotation(suspect: &Suspect) -> Option<Annotation> {
    let rule = RULES.iter().find(|rule| rule.id == suspect.kind)?;
    let [other, writer] = &suspect.sites[..] else {
        return None;
    };
    let related = (other != writer).then(|| Related {
        file: other.file.clone(),
        line: other.line,
        message: format!("{} of {} in {}", other.op, suspect.map, other.func),
    });
    Some(Annotation {
        rule: *rule,
        level: Level::Warning,
        at: Some(Lines {
            file: writer.file.clone(),
            line: writer.line,
            end_line: None,
        }),
        title: format!("{} may be used by two goroutines at once", suspect.map),
        message: format!("{}.\n{}.", suspect.why, suspect.fix),
        // Lines move; the map and the functions at it stay.
        fingerprint: format!(
            "{}/{}/{}/{}",
            suspect.kind, suspect.map, other.func, writer.func
        ),
        related: related.into_iter().collect(),
        flows: Vec::new(),
    })
}
