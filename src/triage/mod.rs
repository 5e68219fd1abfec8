//! From analysed evidence to the four-step report.
//!
//! [`report_with_traces`] makes one [`report::IncidentReport`] for each incident: `case` runs the analyses, `verdict` says what happened, and the
//! steps are one file each: `observe`, `locate`, `anatomy`, `verify`. What a snapshot of the process adds to the third step is
//! `memory`'s and `places`' business; what traces and profiles say of the goroutines of a dump is that of `joins`. Words that do not depend on the dump stand as rows in `advice`, `missing`, `debugger` and
//! `reproduction`. [`graph`] makes pictures of the same case, [`compare`] holds two captures of one process
//! against each other, [`trace`] is the report on an execution trace, [`runbook`] says how to capture more, [`ci`] places findings of a
//! test run in a repository, as [`annotation`]s.

mod accounting;
pub mod advice;
mod anatomy;
pub mod annotation;
mod case;
pub mod ci;
pub mod compare;
mod crash;
pub mod debugger;
pub mod fingerprint;
pub mod graph;
mod joins;
mod level;
mod locate;
mod maps;
pub mod memory;
pub mod missing;
mod observe;
mod places;
mod profiles;
pub mod report;
pub mod reproduction;
pub mod runbook;
pub mod scan;
pub mod suspects;
pub mod trace;
mod values;
mod verdict;
mod verify;
mod waits;

use crate::analyze::incident::incidents;
use crate::gomap::snapshot::answer::Book;
use crate::goruntime::version::GoBuild;
use crate::model::{Evidence, Grade};
use crate::source::Module;
use case::Case;
use memory::{Capture, Memory};
use report::{
    Category, Creation, GoReport, Goroutines, IncidentReport, NoteReport, Report, SCHEMA, Step,
    Tool, Verdict,
};
use std::sync::Arc;
use suspects::{Named, SourceView};
use trace::TraceSummary;

/// What the user set.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--go 1.23`: overrides the inferred version.
    pub go: Option<GoBuild>,
    /// `--separate`: files are never joined into one incident.
    pub separate: bool,
    /// `--snapshot`, `--secrets`: what was captured of the process besides its text.
    pub memory: Memory,
    /// `--src`: the source of the program.
    pub source: Option<Arc<Module>>,
}

/// The report on all evidence of a run, but for what its traces say.
pub fn report(evidence: &Evidence<'_>, options: &Options) -> Report {
    report_with_traces(evidence, &[], options)
}

/// The report on all evidence of a run. `traces` are the execution traces among the inputs, added up.
pub fn report_with_traces(
    evidence: &Evidence<'_>,
    traces: &[TraceSummary],
    options: &Options,
) -> Report {
    let found = incidents(evidence, options.separate);
    let mut notes = notes(evidence);
    let mut reports: Vec<IncidentReport> = Vec::with_capacity(found.len());
    let book = options.memory.snapshot.as_ref().map(Book::open);
    let mut capture = Capture {
        book: book.as_ref(),
        has_secrets: options.memory.has_secrets,
        processes: found.len(),
        traces,
        source: None,
    };
    let source = options
        .source
        .as_deref()
        .map(|module| match module.deferred {
            true => {
                let cases = found.iter();
                let cases =
                    cases.map(|incident| Case::new(evidence, incident, options.go, capture));
                SourceView::at(module, &suspects::stacks(cases))
            }
            false => SourceView::new(module),
        });
    capture.source = source.as_ref();
    for incident in &found {
        let case = Case::new(evidence, incident, options.go, capture);
        notes.extend(case_notes(&case));
        reports.push(incident_report(&case));
    }
    if reports.is_empty() {
        reports.push(nothing());
    }
    notes.sort_by(|a, b| (a.input, a.line, &a.text).cmp(&(b.input, b.line, &b.text)));
    notes.dedup();
    Report {
        schema: SCHEMA,
        tool: Tool::this(),
        inputs: accounting::inputs(evidence),
        incidents: reports,
        notes,
    }
}

fn incident_report(case: &Case<'_, '_>) -> IncidentReport {
    let named = Named::of(case);
    let mut located = locate::findings(case);
    located.extend(named.located(case));
    let mut verified = verify::findings(case);
    verified.extend(named.repair(case));
    let steps = [
        ("Observe", observe::findings(case)),
        ("Locate", located),
        ("Anatomy", anatomy::findings(case)),
        ("Verify and mitigate", verified),
    ];
    let numbered = steps.into_iter().zip(1..);
    IncidentReport {
        go: go_report(case),
        verdict: verdict::verdict(case),
        crash: crash::crash_report(case),
        traceback: level::traceback(case),
        goroutines: observe::goroutines(case),
        creation: locate::creation(case),
        maps: maps::maps(case),
        places: places::places(case),
        conflicts: maps::conflicts(case),
        suspects: named.suspects,
        waits: waits::waits(case),
        profiles: profiles::reports(case),
        traces: trace::reports(case),
        joins: joins::reports(case),
        steps: numbered
            .map(|((title, findings), n)| Step { n, title, findings })
            .collect(),
        missing: verify::missing(case),
        reproduction: verify::reproduction(case),
        breakpoints: verify::breakpoints(case),
    }
}

fn go_report(case: &Case<'_, '_>) -> GoReport {
    GoReport {
        version: case.go.version.map(|version| version.to_string()),
        candidates: case
            .go
            .candidates
            .iter()
            .map(|version| version.to_string())
            .collect(),
        from: case.go.from.word().to_owned(),
        map_layout: case
            .go
            .map_layout
            .map(|layout| maps::layout_word(layout).to_owned()),
        reasons: case.go.reasons.clone(),
    }
}

impl Tool {
    /// This program.
    fn this() -> Self {
        Tool {
            name: "gotriage",
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The answer for inputs without anything from Go.
pub(crate) fn nothing() -> IncidentReport {
    IncidentReport {
        go: GoReport {
            version: None,
            candidates: Vec::new(),
            from: "unknown".into(),
            map_layout: None,
            reasons: Vec::new(),
        },
        verdict: Verdict {
            category: Category::None,
            grade: Grade::Unknown,
            headline: "nothing from Go was recognised".into(),
            culprit: None,
        },
        crash: None,
        traceback: None,
        goroutines: Goroutines {
            total: 0,
            states: Vec::new(),
            groups: Vec::new(),
            in_map_operations: 0,
        },
        creation: Creation::default(),
        maps: Vec::new(),
        places: Vec::new(),
        conflicts: Vec::new(),
        suspects: Vec::new(),
        waits: Vec::new(),
        profiles: Vec::new(),
        traces: Vec::new(),
        joins: Vec::new(),
        steps: Vec::new(),
        missing: Vec::new(),
        reproduction: None,
        breakpoints: Vec::new(),
    }
}

/// Remarks made while the inputs were read and unwrapped.
fn notes(evidence: &Evidence<'_>) -> Vec<NoteReport> {
    let own = evidence
        .inputs
        .iter()
        .flat_map(|input| &input.notes)
        .chain(&evidence.notes);
    own.map(|note| NoteReport {
        input: note.input.0,
        line: note.line,
        text: note.text.clone(),
    })
    .collect()
}

/// Remarks on what an incident's text leaves out.
fn case_notes(case: &Case<'_, '_>) -> Vec<NoteReport> {
    let mut notes: Vec<NoteReport> = observe::broken_off(case)
        .into_iter()
        .map(|(id, at)| NoteReport {
            input: at.input,
            line: Some(at.line),
            text: format!("goroutine {id} is incomplete: the text breaks off inside it"),
        })
        .collect();
    notes.extend(missing_goroutines(case));
    notes
}

/// How many goroutines a cut capture lacks, where another part of the evidence prints their number.
fn missing_goroutines(case: &Case<'_, '_>) -> Option<NoteReport> {
    let input = case.incident.inputs.iter().find_map(|&id| {
        case.evidence
            .inputs
            .get(id.0 as usize)
            .filter(|input| input.truncated)
    })?;
    let printed = u64::from(case.census.total);
    let text = match case.incident.profile_total {
        Some(total) if total > printed => format!(
            "the text is cut: {} of {} goroutines are missing (the total is that of the goroutine profile given with it)",
            values::grouped(total - printed),
            values::grouped(total)
        ),
        _ => format!(
            "the text is cut behind goroutine number {} of it: how many are missing is not printed; the first line of /debug/pprof/goroutine?debug=1 tells",
            values::grouped(printed)
        ),
    };
    Some(NoteReport {
        input: input.id.0,
        line: Some(input.lines),
        text,
    })
}
