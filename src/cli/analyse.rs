//! The default command: from bytes to a report. [`walk`] is the way through all rooms.

use super::exit::{Exit, Outcome};
use super::map::given;
use super::output::{self, Form};
use super::progress::Progress;
use super::read::{self, ReadSettings};
use super::trace;
use crate::input::Source;
use crate::model::{Evidence, Grade};
use crate::parse::Given;
use crate::parse::symbols::Executable;
use crate::source::{Module, Reading};
use crate::triage::Options;
use crate::triage::report::Report;
use crate::triage::trace::TraceSummary;
use crate::{envelope, parse, render, triage};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the user asked for.
#[derive(Debug)]
pub struct AnalyseSettings {
    /// Inputs and limits.
    pub read: ReadSettings,
    /// What steers the analysis.
    pub options: Options,
    /// The program that was running.
    pub exe: Option<PathBuf>,
    /// `--src`.
    pub src: Option<PathBuf>,
    /// `--snapshot`.
    pub snapshot: Option<PathBuf>,
    /// `--secrets`.
    pub secrets: Option<PathBuf>,
    /// Form of the report.
    pub form: Form,
    /// `--fail-on`.
    pub fail_on: Option<Grade>,
}

/// Reads, analyses, prints.
pub fn run(settings: &AnalyseSettings) -> Exit {
    let progress = Progress::new();
    let inputs = read::all(&settings.read, &progress);
    if inputs.sources.is_empty() {
        progress.finish();
        return Exit::Incomplete;
    }
    let (mut options, mut unreadable) = with_memory(settings);
    let file = program_file(settings.exe.as_deref());
    let program = file
        .as_deref()
        .and_then(|bytes| program(bytes, settings.exe.as_deref()));
    unreadable |= settings.exe.is_some() && program.is_none();
    options.source = source(settings.src.as_deref());
    unreadable |= settings.src.is_some() && options.source.is_none();
    let report = walk(&inputs.sources, &options, program.as_ref(), &progress);
    progress.finish();
    if !output::print(|out| render::write(&report, settings.form.format(), out)) {
        return Exit::Incomplete;
    }
    let outcome = Outcome {
        report: &report,
        incomplete: inputs.incomplete || unreadable,
        fail_on: settings.fail_on,
    };
    outcome.exit()
}

/// The bytes of the program; what cannot be read is told, and the analysis goes on without it.
fn program_file(path: Option<&Path>) -> Option<Vec<u8>> {
    let path = path?;
    let read = std::fs::read(path);
    read.map_err(|error| output::complain(&format!("--exe {}: {error}", path.display())))
        .ok()
}

fn program<'x>(bytes: &'x [u8], path: Option<&Path>) -> Option<Executable<'x>> {
    let read = Executable::read(bytes);
    let path = path.unwrap_or(Path::new("-")).display();
    read.map_err(|error| output::complain(&format!("--exe {path}: {error}")))
        .ok()
}

/// The module of `--src`; what cannot be read is told, and the report goes on without it.
fn source(dir: Option<&Path>) -> Option<Arc<Module>> {
    let reading = Reading {
        deferred: true,
        ..Reading::default()
    };
    let opened = Module::open(dir?, &reading);
    opened
        .map_err(|error| output::complain(&format!("--src {error}")))
        .ok()
        .map(Arc::new)
}

/// The options with what the files of `--snapshot` and `--secrets` hold; true where one can't be read. It is told on stderr, and the
/// report goes on without it.
fn with_memory(settings: &AnalyseSettings) -> (Options, bool) {
    let mut options = settings.options.clone();
    let mut unreadable = false;
    let mut read = |path: &Path| {
        let read = match path == Path::new("-") {
            true => Err("standard input is for logs; name the snapshot's file".to_owned()),
            false => given::snapshot(path, settings.options.go, None).map_err(|no| no.to_string()),
        };
        read.inspect_err(|why| {
            output::complain(why);
            unreadable = true;
        })
        .ok()
    };
    let secrets = settings.secrets.as_deref().and_then(&mut read);
    let memory = &mut options.memory;
    memory.snapshot = settings.snapshot.as_deref().and_then(&mut read);
    memory.has_secrets = secrets.is_some();
    if let (Some(snapshot), Some(secrets)) = (&mut memory.snapshot, secrets) {
        snapshot.secrets.prefer(secrets.secrets);
    }
    (options, unreadable)
}

/// input ──► envelope ──► parse ──► analyze and triage. Traces are added up while they are parsed.
pub fn walk(
    sources: &[Source],
    options: &Options,
    program: Option<&Executable<'_>>,
    progress: &Progress,
) -> Report {
    with_traces(sources, program, progress, |evidence, traces| {
        triage::report_with_traces(evidence, traces, options)
    })
}

/// input ──► envelope ──► parse ──► what `look` makes of it, and of the traces, added up.
pub fn with_traces<R>(
    sources: &[Source],
    program: Option<&Executable<'_>>,
    progress: &Progress,
    look: impl FnOnce(&Evidence<'_>, &[TraceSummary]) -> R,
) -> R {
    with_given(sources, progress, |given| {
        let mut traces = Vec::new();
        let evidence = parse::read_with_traces(given, program, &mut |input, bytes| {
            let release = || release(sources);
            traces.extend(trace::summary(input, bytes, progress, &release));
        });
        release(sources);
        look(&evidence, &traces)
    })
}

/// What is parsed is hardly looked at again.
fn release(sources: &[Source]) {
    for source in sources {
        source.release();
    }
}

/// input ──► envelope ──► what `look` makes of it.
fn with_given<R>(
    sources: &[Source],
    progress: &Progress,
    look: impl FnOnce(&[Given<'_>]) -> R,
) -> R {
    let sizes = sources.iter().map(|source| source.bytes().len() as u64);
    progress.analyse(sizes.sum());
    let opened: Vec<_> = sources
        .par_iter()
        .map(|source| envelope::open(source.bytes()))
        .collect();
    let given: Vec<Given<'_>> = sources
        .iter()
        .zip(&opened)
        .map(|(source, opened)| Given {
            name: &source.name,
            bytes: source.bytes().len() as u64,
            opened,
            truncated: source.truncated,
            notes: source.notes.clone(),
        })
        .collect();
    look(&given)
}
