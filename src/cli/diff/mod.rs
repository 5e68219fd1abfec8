//! `gotriage diff BEFORE AFTER`: two captures of one process against each other.

pub mod args;

use super::analyse::with_traces;
use super::exit::Exit;
use super::output::{self, Form};
use super::progress::Progress;
use super::read::{self, ReadSettings};
use crate::model::Grade;
use crate::render::diff::write;
use crate::triage::Options;
use crate::triage::compare::compare_with_traces;
use crate::triage::compare::report::{Capture, DiffReport};
use crate::triage::report::Category;

/// What the user asked for.
#[derive(Debug)]
pub struct DiffSettings {
    /// The earlier and the later capture, and limits.
    pub read: ReadSettings,
    /// What steers the analysis.
    pub options: Options,
    /// Form of the answer.
    pub form: Form,
    /// `--fail-on`.
    pub fail_on: Option<Grade>,
}

/// Reads both, compares, prints.
pub fn run(settings: &DiffSettings) -> Exit {
    let progress = Progress::new();
    let inputs = read::all(&settings.read, &progress);
    let compared = with_traces(&inputs.sources, None, &progress, |evidence, traces| {
        compare_with_traces(evidence, traces, &settings.options)
    });
    progress.finish();
    let Some(diff) = compared else {
        if !inputs.incomplete {
            output::complain("BEFORE and AFTER have to be two different files");
        }
        return Exit::Incomplete;
    };
    if let Some(why) = incomparable(&diff) {
        output::complain(&why);
        return if inputs.incomplete {
            Exit::Incomplete
        } else {
            Exit::Nothing
        };
    }
    if !output::print(|out| write(&diff, settings.form.format(), out)) || inputs.incomplete {
        return Exit::Incomplete;
    }
    exit(&diff, settings.fail_on)
}

/// Why the captures can't be compared.
fn incomparable(diff: &DiffReport) -> Option<String> {
    if !diff.profiles.is_empty() || !diff.traces.is_empty() {
        return None;
    }
    let captures = [&diff.before, &diff.after];
    let empty = |capture: &&&Capture| {
        capture.goroutines == 0 && capture.profiles.is_empty() && capture.traced_ns.is_none()
    };
    if let Some(capture) = captures.iter().find(empty) {
        return Some(format!(
            "{}: neither goroutines nor profiles nor a trace were recognised; diff compares dumps (debug=2, SIGQUIT, a crash), profiles and execution traces",
            capture.path
        ));
    }
    if captures.iter().any(|capture| capture.traced_ns.is_some()) {
        return Some(with_trace(&diff.before, &diff.after));
    }
    let holds = |capture: &Capture| match capture.goroutines {
        0 => format!(
            "{} holds profiles ({})",
            capture.path,
            capture.profiles.join(", ")
        ),
        _ => format!("{} holds a dump", capture.path),
    };
    captures
        .iter()
        .any(|capture| capture.goroutines == 0)
        .then(|| {
            format!(
                "{} and {}: nothing in them is of one kind; a profile is compared with one of its kind, and a goroutine profile with a dump",
                holds(&diff.before),
                holds(&diff.after)
            )
        })
}

/// What to do with a trace and something else.
fn with_trace(before: &Capture, after: &Capture) -> String {
    let (trace, other) = match before.traced_ns {
        Some(_) => (before, after),
        None => (after, before),
    };
    let what = match other.goroutines {
        0 => "profiles, which name no goroutine",
        _ => "a dump",
    };
    format!(
        "{} is an execution trace, and {} holds {what}: one shows a stretch of time, the other a moment, so there is no difference between them. Read them together, joined by the goroutines' numbers: gotriage {} {}; or take a second trace and compare the two",
        trace.path, other.path, trace.path, other.path
    )
}

/// As for reports: a finding of the grade of `--fail-on` is 1.
fn exit(diff: &DiffReport, fail_on: Option<Grade>) -> Exit {
    let verdict = &diff.verdict;
    let harmless = matches!(verdict.category, Category::Healthy | Category::None);
    match !harmless && fail_on.is_some_and(|grade| verdict.grade >= grade) {
        true => Exit::Failing,
        false => Exit::Analysed,
    }
}
