//! `gotriage diff BEFORE AFTER`: two captures of one process against each other.

pub mod args;

use super::analyse::with_evidence;
use super::exit::Exit;
use super::output::{self, Colour, OutputFormat};
use super::progress::Progress;
use super::read::{self, ReadSettings};
use crate::model::Grade;
use crate::render::diff::write;
use crate::triage::Options;
use crate::triage::compare::compare;
use crate::triage::compare::report::DiffReport;
use crate::triage::report::Category;

/// What the user asked for.
#[derive(Debug)]
pub struct DiffSettings {
    /// The earlier and the later capture, and limits.
    pub read: ReadSettings,
    /// What steers the analysis.
    pub options: Options,
    /// Form of the answer.
    pub format: OutputFormat,
    /// Colours.
    pub colour: Colour,
    /// Long lists in full.
    pub all: bool,
    /// Columns, if set.
    pub width: Option<usize>,
    /// `--fail-on`.
    pub fail_on: Option<Grade>,
}

/// Reads both, compares, prints.
pub fn run(settings: &DiffSettings) -> Exit {
    let progress = Progress::new();
    let inputs = read::all(&settings.read, &progress);
    let compared = with_evidence(&inputs.sources, None, &progress, |evidence| {
        compare(evidence, &settings.options)
    });
    progress.finish();
    let Some(diff) = compared else {
        if !inputs.incomplete {
            output::complain("BEFORE and AFTER have to be two different files");
        }
        return Exit::Incomplete;
    };
    if let Some(path) = without_goroutines(&diff) {
        output::complain(&format!(
            "{path}: no goroutine with an id was recognised; diff compares dumps (debug=2, SIGQUIT, a crash), not profiles or traces"
        ));
        return if inputs.incomplete {
            Exit::Incomplete
        } else {
            Exit::Nothing
        };
    }
    let format = output::format(
        settings.format,
        settings.colour,
        settings.width,
        settings.all,
    );
    if !output::print(|out| write(&diff, format, out)) || inputs.incomplete {
        return Exit::Incomplete;
    }
    exit(&diff, settings.fail_on)
}

/// The capture that nothing can be compared with.
fn without_goroutines(diff: &DiffReport) -> Option<&str> {
    let mut captures = [&diff.before, &diff.after].into_iter();
    captures
        .find(|capture| capture.goroutines == 0)
        .map(|capture| capture.path.as_str())
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
