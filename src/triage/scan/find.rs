//! One text of a scan: its incidents as the default command would report them, with place, time and fingerprint.
//!
//! `cli::scan` calls [`find`] for every text, or part of one, in which the sieve saw something. Each text is looked at alone.

use super::report::{ScanIncident, ScanNote};
use super::seen;
use crate::analyze::incident::incidents;
use crate::envelope;
use crate::parse::{self, Given};
use crate::triage::fingerprint::fingerprint;
use crate::triage::report::{Category, IncidentReport, InputReport};
use crate::triage::trace::TraceSummary;
use crate::triage::{self, Options};

/// A text, or a part of one.
#[derive(Clone, Copy, Debug)]
pub struct Text<'t> {
    /// The file, `archive!member` inside archives.
    pub path: &'t str,
    /// The bytes.
    pub bytes: &'t [u8],
    /// Lines of the file before them.
    pub lines_before: u64,
    /// True where the part ends only because parts have a largest size.
    pub cut: bool,
}

/// What is in a text.
#[derive(Debug, Default)]
pub struct Found {
    /// Incidents in the order of the text.
    pub incidents: Vec<ScanIncident>,
    /// Remarks on it.
    pub notes: Vec<ScanNote>,
}

/// Analyses a text; `trace` is its sum where it is an execution trace.
pub fn find(text: Text<'_>, trace: Option<TraceSummary>) -> Found {
    let lines_before = u32::try_from(text.lines_before).unwrap_or(u32::MAX);
    let opened = envelope::open(text.bytes).behind(lines_before);
    let given = [Given {
        name: text.path,
        bytes: text.bytes.len() as u64,
        opened: &opened,
        truncated: text.cut,
        notes: Vec::new(),
    }];
    let evidence = parse::read(&given);
    let options = Options {
        separate: true,
        ..Options::default()
    };
    let processes = incidents(&evidence, options.separate);
    let report = triage::report_with_traces(&evidence, trace.as_slice(), &options);
    let notes = report.notes.into_iter().map(|note| ScanNote {
        path: text.path.to_owned(),
        line: note.line,
        text: note.text,
        incomplete: false,
    });
    let mut found = Found {
        incidents: Vec::new(),
        notes: notes.collect(),
    };
    for (process, incident) in processes.iter().zip(report.incidents) {
        if incident.verdict.category == Category::None {
            continue;
        }
        let seen = seen::of(&evidence, process);
        let input = report.inputs.first().cloned();
        let placed = input.map(|input| placed(input, incident, seen));
        found.incidents.extend(placed);
    }
    if found.incidents.is_empty() {
        found.notes.clear();
    }
    found
}

fn placed(input: InputReport, mut incident: IncidentReport, seen: seen::Seen) -> ScanIncident {
    // The figures of a trace are its own report's; the sentences made of them stay.
    incident.traces.clear();
    let said = incident.crash.as_ref().map(|crash| crash.at.line);
    ScanIncident {
        path: input.path.clone(),
        line: said.unwrap_or(seen.line),
        fingerprint: fingerprint(&incident),
        first_seen: seen.first.map(triage::values::rfc3339),
        last_seen: seen.last.map(triage::values::rfc3339),
        input,
        incident,
    }
}
