//! `gotriage suspects DIR`: maps of a module that two goroutines may use at once, without a crash to start from.

pub mod args;

use super::exit::Exit;
use super::output::{self, Page};
use crate::render::ci::{github, sarif};
use crate::render::suspects;
use crate::source::{Module, Reading};
use crate::triage::report::SuspectsReport;
use crate::triage::suspects::{SourceView, annotations, review};
use args::SuspectsFormat;
use std::path::PathBuf;

/// What the user asked for.
#[derive(Debug)]
pub struct SuspectsSettings {
    /// The module.
    pub dir: PathBuf,
    /// Form of the answer.
    pub format: SuspectsFormat,
    /// How text looks.
    pub page: Page,
    /// Long lists in full.
    pub all: bool,
    /// `--fail`
    pub fail: bool,
}

/// Reads, reviews, prints.
pub fn run(settings: &SuspectsSettings) -> Exit {
    let module = match Module::open(&settings.dir, &Reading::default()) {
        Ok(module) => module,
        Err(error) => {
            output::complain(&error.to_string());
            return Exit::Incomplete;
        }
    };
    let view = SourceView::new(&module);
    let report = review(&view);
    let exit = match print(&report, settings) {
        false => Exit::Incomplete,
        true if settings.fail && !report.suspects.is_empty() => Exit::Failing,
        true => Exit::Analysed,
    };
    // The process ends here: to take a million lines apart again, piece by piece, is left to the system.
    std::mem::forget(view);
    std::mem::forget(module);
    exit
}

fn print(report: &SuspectsReport, settings: &SuspectsSettings) -> bool {
    output::print(|out| match settings.format {
        SuspectsFormat::Text => {
            let options = settings.page.text(settings.all);
            suspects::text(report, options, out)
        }
        SuspectsFormat::Markdown => suspects::markdown(report, settings.all, out),
        SuspectsFormat::Json => suspects::json(report, out),
        SuspectsFormat::Sarif => sarif::write(&annotations(report), out),
        SuspectsFormat::Github => github::write(&annotations(report), out),
    })
}
