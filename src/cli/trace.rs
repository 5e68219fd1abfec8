//! `gotriage trace`: one execution trace, alone; and the traces among the inputs of an analysis.

use super::args::TraceArgs;
use super::exit::Exit;
use super::output;
use super::progress::Progress;
use super::read::{self, ReadSettings};
use crate::analyze::trace::{Figures, Findings, TOP_WAITING, add_up};
use crate::model::InputId;
use crate::parse::trace;
use crate::render;
use crate::triage::trace::{TraceInput, TraceReport, TraceSummary, report};
use std::sync::atomic::{AtomicU64, Ordering};

/// Reads the trace and prints the report.
pub fn run(args: &TraceArgs) -> Exit {
    let progress = Progress::new();
    let settings = ReadSettings {
        files: args.file.iter().cloned().collect(),
        max_bytes: args.max_bytes,
        redact: args.redact.settings(),
    };
    let mut inputs = read::all(&settings, &progress);
    let Some(source) = inputs.sources.pop() else {
        return Exit::Incomplete;
    };
    let summed = sum(source.bytes(), args.top, &progress, &|| source.release());
    progress.finish();
    let Some((figures, findings)) = summed else {
        output::complain(&format!(
            "{}: no execution trace: it does not begin with \"go 1.N trace\", nor is it the text of go tool trace -d=parsed (-d up to Go 1.21) or the JSON that its server gives at /jsontrace. Profiles, dumps and logs are read without a subcommand",
            source.name
        ));
        return Exit::Nothing;
    };
    let input = TraceInput {
        path: source.name.clone(),
        bytes: source.bytes().len() as u64,
        truncated: source.truncated,
        notes: source.notes.clone(),
    };
    let report: TraceReport = report(input, figures, findings);
    let printed = args
        .show
        .print(&report, || render::trace::sheet(&report, args.show.all));
    match inputs.incomplete {
        true => Exit::Incomplete,
        false => printed,
    }
}

/// Events after which what was read of a mapped file is given back: some 16 MB of it.
const RELEASED_AFTER: u64 = 3_000_000;

/// Adds the trace up; `None` where `bytes` are none. `release` gives back the memory of the file; what is looked at again comes back.
pub(super) fn sum(
    bytes: &[u8],
    top: usize,
    progress: &Progress,
    release: &(dyn Fn() + Sync),
) -> Option<(Figures, Findings)> {
    let options = trace::Options::default();
    let released = AtomicU64::new(0);
    let watch = |events| {
        progress.events(events);
        if events / RELEASED_AFTER > released.swap(events / RELEASED_AFTER, Ordering::Relaxed) {
            release();
        }
    };
    let (tally, outcome) = std::thread::scope(|scope| {
        if bytes.len() > AHEAD {
            scope.spawn(|| touch(bytes));
        }
        add_up(top, bytes, &watch, |sink| {
            trace::read_any(bytes, options, sink)
        })
    });
    Some(tally.finish(&outcome?))
}

/// A trace among the inputs of an analysis.
pub fn summary(
    input: InputId,
    bytes: &[u8],
    progress: &Progress,
    release: &(dyn Fn() + Sync),
) -> Option<TraceSummary> {
    let (trace, findings) = sum(bytes, TOP_WAITING, progress, release)?;
    Some(TraceSummary {
        input: input.0,
        trace,
        findings,
    })
}

/// Bytes touched ahead of the reader. More would only take memory for what it has not read yet; a file of no more comes in as it is
/// mapped.
const AHEAD: usize = 16 << 20;

/// Bytes of a page, or of part of one.
const PAGE: usize = 4 << 10;

/// Brings a mapped file's pages in, so that the reader need not wait for one after the other.
fn touch(bytes: &[u8]) {
    let ahead = bytes.iter().take(AHEAD).step_by(PAGE);
    std::hint::black_box(ahead.fold(0, |sum: u8, byte| sum ^ byte));
}
