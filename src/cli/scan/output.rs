//! The answer of `gotriage scan` and `gotriage merge`: what is kept, in the form asked for, and the exit code.

use super::keep::{Bounds, Kept};
use crate::cli::exit::Exit;
use crate::cli::output::{self, OutputFormat, Page};
use crate::model::Grade;
use crate::render;
use crate::triage::report::Category;
use crate::triage::scan::report::{ScanLine, ScanReport};
use crate::triage::scan::{alone, summary};
use clap::ValueEnum;
use std::io::{self, Write};

/// Forms of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScanFormat {
    /// A table for terminals.
    Text,
    /// One incident a line.
    Jsonl,
    /// The overview, with examples.
    Json,
    /// One cluster a line.
    Csv,
    /// For tickets.
    Markdown,
    /// For browsers: one file.
    Html,
}

/// What the user asked for.
#[derive(Debug)]
pub struct Answer {
    /// Earliest time, in nanoseconds since 1970.
    pub since: Option<i128>,
    /// Latest.
    pub until: Option<i128>,
    /// Form.
    pub format: ScanFormat,
    /// First digits of the fingerprint to show.
    pub show: Option<String>,
    /// Long tables in full.
    pub all: bool,
    /// How text looks.
    pub page: Page,
    /// `--fail-on`.
    pub fail_on: Option<Grade>,
}

impl Answer {
    /// The times that count.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            since: self.since,
            until: self.until,
        }
    }

    /// Prints what is kept.
    pub fn print(&self, mut kept: Kept) -> Exit {
        let notes = kept.notes.clone();
        let briefs = std::mem::take(&mut kept.briefs);
        let report = match summary(&briefs, notes, |brief| kept.load(brief.kept)) {
            Ok(report) => report,
            Err(cause) => return lost(&cause),
        };
        let printed = match (&self.show, self.format) {
            (Some(digits), _) => match self.show(&report, digits) {
                Some(printed) => printed,
                None => return Exit::Incomplete,
            },
            (None, ScanFormat::Jsonl) => output::print(|out| {
                for brief in &briefs {
                    out.write_all(&kept.line(brief.kept)?)?;
                }
                notes_as_lines(&report, out)
            }),
            (None, _) => output::print(|out| self.write(&report, out)),
        };
        match printed {
            true => self.exit(&report),
            false => Exit::Incomplete,
        }
    }

    fn write(&self, report: &ScanReport, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            ScanFormat::Csv => render::scan::csv(report, out),
            ScanFormat::Markdown => render::scan::markdown(report, self.all, out),
            ScanFormat::Html => render::html::scan(report, self.all, out),
            ScanFormat::Json | ScanFormat::Jsonl => render::scan::json(report, out),
            ScanFormat::Text => {
                let format = self.page.format(OutputFormat::Text, self.all);
                render::scan::text(report, format, out)
            }
        }
    }

    /// The report on one cluster's example; `None`, after a message, where the digits name no cluster or several.
    fn show(&self, report: &ScanReport, digits: &str) -> Option<bool> {
        let named = |print: &str| print.starts_with(digits);
        let clusters = report.clusters.iter();
        let mut clusters = clusters.filter(|cluster| named(&cluster.fingerprint.to_string()));
        let cluster = match (clusters.next(), clusters.next()) {
            (Some(only), None) => only,
            (None, _) => {
                output::complain(&format!(
                    "--show {digits}: nothing that was found has this fingerprint; without --show they are listed"
                ));
                return None;
            }
            (Some(_), Some(_)) => {
                output::complain(&format!(
                    "--show {digits}: several fingerprints begin so; give more digits"
                ));
                return None;
            }
        };
        let format = match self.format {
            ScanFormat::Markdown => OutputFormat::Markdown,
            ScanFormat::Html => OutputFormat::Html,
            ScanFormat::Json | ScanFormat::Jsonl => OutputFormat::Json,
            ScanFormat::Text | ScanFormat::Csv => OutputFormat::Text,
        };
        let whole = alone((*cluster.example).clone(), &report.notes);
        let format = self.page.format(format, self.all);
        Some(output::print(|out| render::write(&whole, format, out)))
    }

    fn exit(&self, report: &ScanReport) -> Exit {
        let fails = |grade: Grade| self.fail_on.is_some_and(|least| grade >= least);
        let mut clusters = report.clusters.iter();
        if report.notes.iter().any(|note| note.incomplete) {
            Exit::Incomplete
        } else if report.clusters.is_empty() {
            Exit::Nothing
        } else if clusters
            .any(|cluster| cluster.category != Category::Healthy && fails(cluster.grade))
        {
            Exit::Failing
        } else {
            Exit::Analysed
        }
    }
}

/// Said where the temporary file fails.
pub fn lost(cause: &io::Error) -> Exit {
    output::complain(&format!(
        "what was found cannot be kept in {}: {cause}; set TMPDIR to a directory with more room",
        std::env::temp_dir().display()
    ));
    Exit::Incomplete
}

/// The remarks behind the incidents of `--format jsonl`.
fn notes_as_lines(report: &ScanReport, out: &mut dyn Write) -> io::Result<()> {
    for note in &report.notes {
        let line = ScanLine::Note { note: note.clone() };
        let line = serde_json::to_string(&line).map_err(io::Error::other)?;
        writeln!(out, "{}", render::escape::json(&line))?;
    }
    Ok(())
}
