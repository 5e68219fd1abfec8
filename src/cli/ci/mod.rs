//! `gotriage ci`: the output of `go test` read, judged, and written in the forms that CI systems take.
//!
//! [`run`] is the walk: [`stream`] reads (and passes through), the rooms judge, [`files`] writes, [`checkout`] finds out where the
//! repository is.

pub mod args;
mod checkout;
mod files;
mod redacting;
mod stream;

use super::exit::Exit;
use super::output;
use super::progress::Progress;
use super::read::{self, ReadSettings};
use super::redact::Asked;
use crate::input::Source;
use crate::model::{Grade, TestRun};
use crate::parse::gotest::{test_run, transcript};
use crate::parse::{Given, read};
use crate::render::ci as render;
use crate::triage::Options;
use crate::triage::annotation::Annotation;
use crate::triage::ci::report::CiReport;
use crate::triage::ci::review;
use crate::triage::report::Category;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What the user asked for.
#[derive(Debug)]
pub struct CiSettings {
    /// The log; none for standard input.
    file: Option<PathBuf>,
    /// Pass the log through.
    tee: bool,
    /// `--redact`.
    redact: Option<Asked>,
    /// Limit for the log, in bytes after decompression.
    max_bytes: u64,
    /// What steers the analysis.
    options: Options,
    /// `--strip-prefix`.
    prefixes: Vec<String>,
    /// Where outputs go.
    files: Files,
    /// `--github`.
    github: bool,
    /// The CI system; none for what the environment says.
    system: Option<System>,
    /// What makes the exit code 1.
    fail_on: FailOn,
}

/// Where outputs go.
#[derive(Debug, Default)]
pub struct Files {
    out: Option<PathBuf>,
    sarif: Option<PathBuf>,
    junit: Option<PathBuf>,
    gitlab: Option<PathBuf>,
    markdown: Option<PathBuf>,
    json: Option<PathBuf>,
    html: Option<PathBuf>,
    summary: Option<PathBuf>,
}

/// A CI system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI.
    GitLab,
    /// None known.
    None,
}

/// What makes the exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// Any finding.
    Any,
    /// A finding of that grade or above.
    Grade(Grade),
    /// Nothing.
    Never,
}

impl System {
    /// As the environment says.
    fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name| variable(name).is_some_and(|value| value == "true" || value == "1");
        if is_set("GITHUB_ACTIONS") {
            System::GitHub
        } else if is_set("GITLAB_CI") {
            System::GitLab
        } else {
            System::None
        }
    }
}

/// What was read of the log.
struct Log {
    source: Source,
    /// Not all of it.
    incomplete: bool,
    /// Its last line, passed through, has no end yet.
    open_line: bool,
}

/// Reads, judges, writes.
pub fn run(settings: &CiSettings) -> Exit {
    let Some(mut log) = read_log(settings) else {
        return Exit::Incomplete;
    };
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let system = settings.system.unwrap_or_else(|| System::detect(variable));
    let mut checkout = checkout::find(&settings.prefixes, variable);
    if let Some(asked) = &settings.redact {
        let Some(clean) = redacting::redacted(log, &mut checkout, asked) else {
            return Exit::Incomplete;
        };
        log = clean;
    }
    let transcript = transcript(log.source.bytes());
    let evidence = read(&[Given {
        name: &log.source.name,
        bytes: log.source.bytes().len() as u64,
        opened: &transcript,
        truncated: log.source.truncated,
        notes: log.source.notes.clone(),
    }]);
    let run = test_run(&evidence);
    let report = review(&evidence, &settings.options, &run, checkout);
    let recognised = is_recognised(&run, &report);
    if !recognised {
        let name = shown(&log.source.name);
        output::complain(&format!(
            "{name}: no output of go test was recognised; pipe both of its streams: go test ./... 2>&1 | gotriage ci"
        ));
    }
    let annotations: Vec<Annotation> = report
        .findings
        .iter()
        .map(|finding| finding.annotation.clone())
        .collect();
    let written = files::write(settings, system, &report, &annotations, variable)
        & (!recognised || tell(settings, system, &report, &annotations, &log));
    if !written || log.incomplete {
        Exit::Incomplete
    } else if !recognised {
        Exit::Nothing
    } else if fails(&report, settings.fail_on) {
        Exit::Failing
    } else {
        Exit::Analysed
    }
}

/// The log, after a message where there is none.
fn read_log(settings: &CiSettings) -> Option<Log> {
    let file = settings
        .file
        .as_deref()
        .filter(|path| *path != Path::new("-"));
    if file.is_none() || settings.tee {
        return stream::read(file, settings.max_bytes, settings.tee);
    }
    let progress = Progress::new();
    let mut inputs = read::all(
        &ReadSettings {
            files: file.map(Path::to_path_buf).into_iter().collect(),
            max_bytes: settings.max_bytes,
            redact: None,
        },
        &progress,
    );
    progress.finish();
    Some(Log {
        source: inputs.sources.pop()?,
        incomplete: inputs.incomplete,
        open_line: false,
    })
}

/// Workflow commands, and the findings for whoever reads the log: beside a log that is passed through, on stderr.
fn tell(
    settings: &CiSettings,
    system: System,
    report: &CiReport,
    annotations: &[Annotation],
    log: &Log,
) -> bool {
    let commands = settings.github || system == System::GitHub;
    if settings.tee {
        let mut text = Vec::new();
        // A vector takes everything.
        let _ = render::text::write(report, &mut text);
        output::to_stderr(&String::from_utf8_lossy(&text));
    }
    output::print(|out| {
        if commands && log.open_line && !annotations.is_empty() {
            out.write_all(b"\n")?;
        }
        if commands {
            render::github::write(&shown_first(annotations), out)?;
        }
        match settings.tee || settings.files.takes_stdout() {
            true => Ok(()),
            false => render::text::write(report, out),
        }
    })
}

/// A runner shows the first ten of each level: one for each line comes first.
fn shown_first(annotations: &[Annotation]) -> Vec<Annotation> {
    let mut lines = BTreeSet::new();
    let (mut first, later): (Vec<Annotation>, Vec<Annotation>) = annotations
        .iter()
        .cloned()
        .partition(|annotation| annotation.at.is_none() || lines.insert(annotation.at.clone()));
    first.extend(later);
    first
}

/// True where the input is of `go test`, or holds what only Go prints.
fn is_recognised(run: &TestRun<'_>, report: &CiReport) -> bool {
    let mut incidents = report.report.incidents.iter();
    !run.packages.is_empty()
        || !report.findings.is_empty()
        || incidents.any(|incident| incident.verdict.category != Category::None)
}

fn fails(report: &CiReport, fail_on: FailOn) -> bool {
    let mut findings = report.findings.iter();
    match fail_on {
        FailOn::Any => findings.next().is_some(),
        FailOn::Grade(grade) => findings.any(|finding| finding.grade >= grade),
        FailOn::Never => false,
    }
}

/// A source as messages name it.
fn shown(name: &str) -> &str {
    if name == "-" { "standard input" } else { name }
}
