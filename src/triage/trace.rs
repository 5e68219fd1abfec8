//! Execution traces in words: what was traced, who worked and waited, what of maps it shows, and what it leaves open.
//!
//! `analyze::trace` adds a trace up; the figures go with the sentences, so that each can be checked against the number it was made of.
//! [`report`] is the answer of `gotriage trace`; in the report on an incident the same sentences join the four steps. Read
//! [`TraceSummary`] first; `steps` makes the sentences.

mod steps;

pub use steps::{site_words, time};

use super::case::Case;
use super::joins;
use super::report::{At, Category, Finding, Step, Tool};
use super::values::count;
use crate::analyze::trace::{Figures, Findings};
use crate::model::Grade;
use schemars::JsonSchema;
use serde::Serialize;

/// One trace, added up.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TraceSummary {
    /// Which input.
    pub input: u32,
    /// Counts and times as Go's own reader defines them.
    pub trace: Figures,
    /// What follows from the events beside them.
    pub findings: Findings,
}

/// What `gotriage trace --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TraceReport {
    /// Always `gotriage.trace/1`.
    pub schema: &'static str,
    /// Who says it.
    pub tool: Tool,
    /// What was read.
    pub input: TraceInput,
    /// Counts and times as Go's own reader defines them.
    pub trace: Figures,
    /// What follows from the events beside them.
    pub findings: Findings,
    /// The four steps.
    pub steps: Vec<Step>,
}

/// The file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TraceInput {
    /// Path as given; `-` is standard input.
    pub path: String,
    /// Size after decompression, in bytes.
    pub bytes: u64,
    /// True where reading stopped before the end of the input.
    pub truncated: bool,
    /// Remarks made while reading.
    pub notes: Vec<String>,
}

/// The report on one trace.
pub fn report(input: TraceInput, trace: Figures, findings: Findings) -> TraceReport {
    let summary = TraceSummary {
        input: 0,
        trace,
        findings,
    };
    let steps = steps::all(&summary, input.truncated);
    TraceReport {
        schema: "gotriage.trace/1",
        tool: Tool::this(),
        input,
        trace: summary.trace,
        findings: summary.findings,
        steps,
    }
}

/// The traces that belong to an incident.
fn of<'c>(case: &Case<'c, '_>) -> impl Iterator<Item = &'c TraceSummary> {
    case.joins.iter().map(|joined| joined.summary)
}

/// For the report's JSON.
pub(super) fn reports(case: &Case<'_, '_>) -> Vec<TraceSummary> {
    of(case).cloned().collect()
}

/// What the traces of an incident say in a step, from 1. A trace has no lines, so the whole of it is the evidence.
pub(super) fn findings(case: &Case<'_, '_>, step: u32) -> Vec<Finding> {
    let mut findings = Vec::new();
    for joined in &case.joins {
        let summary = joined.summary;
        let whole = At {
            input: summary.input,
            line: 0,
        };
        match step {
            1 => findings.extend(joins::observe(case, joined)),
            2 => findings.extend(joins::locate(case, joined)),
            _ => {}
        }
        // What another process did would only mislead.
        if joined.is_foreign(case) {
            continue;
        }
        let steps = steps::all(summary, false).into_iter();
        for mut finding in steps
            .filter(|one| one.n == step)
            .flat_map(|one| one.findings)
        {
            finding.evidence = vec![whole];
            findings.push(finding);
        }
    }
    findings
}

/// A process of which only a trace is there: nothing of it says that anything is wrong.
pub(super) fn verdict(case: &Case<'_, '_>) -> Option<(Category, Grade)> {
    of(case)
        .next()
        .map(|_| (Category::Healthy, Grade::Possible))
}

/// `17 goroutines traced for 65.5 ms`.
pub(super) fn headline(case: &Case<'_, '_>) -> Option<String> {
    let summary = of(case).next()?;
    let took = summary
        .findings
        .last_ns
        .saturating_sub(summary.findings.first_ns);
    Some(format!(
        "{} traced for {}",
        count(summary.trace.goroutines.seen, "goroutine", "goroutines"),
        time(took)
    ))
}
