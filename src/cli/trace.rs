//! `gotriage trace`: one execution trace, alone; and the traces among the inputs of an analysis.

use super::args::TraceArgs;
use super::exit::Exit;
use super::output;
use super::progress::Progress;
use super::read::{self, ReadSettings};
use crate::analyze::trace::{Figures, Findings, TOP_WAITING, Tally};
use crate::input::Source;
use crate::model::trace::{Event, Sink, Tables};
use crate::parse::trace;
use crate::render;
use crate::triage::trace::{TraceInput, TraceReport, TraceSummary, report};

/// Reads the trace and prints the report.
pub fn run(args: &TraceArgs) -> Exit {
    let progress = Progress::new();
    let settings = ReadSettings {
        files: args.file.iter().cloned().collect(),
        max_bytes: args.max_bytes,
    };
    let mut inputs = read::all(&settings, &progress);
    let Some(source) = inputs.sources.pop() else {
        return Exit::Incomplete;
    };
    let summed = match trace::is_text(source.bytes()) {
        true => sum_text(source.bytes(), args.top, &progress),
        false => sum(source.bytes(), args.top, &progress),
    };
    progress.finish();
    let Some((figures, findings)) = summed else {
        output::complain(&format!(
            "{}: no execution trace: it does not begin with \"go 1.N trace\", nor is it the text of go tool trace -d=parsed. Profiles, dumps and logs are read without a subcommand",
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

/// Adds the trace up; `None` where `bytes` are none.
fn sum(bytes: &[u8], top: usize, progress: &Progress) -> Option<(Figures, Findings)> {
    let mut watched = Watched::new(top, progress);
    let outcome = trace::read(bytes, trace::Options::default(), &mut watched)?;
    Some(watched.tally.finish(&outcome))
}

/// The same for the text that `go tool trace -d=parsed` prints.
fn sum_text(bytes: &[u8], top: usize, progress: &Progress) -> Option<(Figures, Findings)> {
    let mut watched = Watched::new(top, progress);
    let outcome = trace::read_text(bytes, &mut watched)?;
    Some(watched.tally.finish(&outcome))
}

/// The traces among the inputs of an analysis.
pub fn summaries(sources: &[Source], progress: &Progress) -> Vec<TraceSummary> {
    let summary = |(source, input): (&Source, u32)| {
        let (trace, findings) = sum(source.bytes(), TOP_WAITING, progress)?;
        Some(TraceSummary {
            input,
            trace,
            findings,
        })
    };
    sources.iter().zip(0..).filter_map(summary).collect()
}

/// Events between two looks at the progress line.
const STRIDE: u64 = 1 << 20;

/// The tally, with an eye on the terminal.
struct Watched<'p> {
    tally: Tally,
    progress: &'p Progress,
    events: u64,
}

impl<'p> Watched<'p> {
    fn new(top: usize, progress: &'p Progress) -> Self {
        Self {
            tally: Tally::new(top),
            progress,
            events: 0,
        }
    }
}

impl Sink for Watched<'_> {
    fn generation(&mut self, tables: &Tables<'_>) {
        self.tally.generation(tables);
    }

    #[inline]
    fn event(&mut self, event: &Event, tables: &Tables<'_>) {
        self.events += 1;
        if self.events.is_multiple_of(STRIDE) {
            self.progress.events(self.events);
        }
        self.tally.event(event, tables);
    }

    fn end_generation(&mut self, tables: &Tables<'_>) {
        self.tally.end_generation(tables);
    }
}
