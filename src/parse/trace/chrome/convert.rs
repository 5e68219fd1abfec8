//! From records to events: tables of names and stacks, goroutines (by `lives`), ranges, processors, counters, logs. Read [`events`]
//! first.

use super::gather::{Arrow, Call, Gathered, Mark, MarkKind, Slice, Span, SpanKind};
use super::lives::{Life, World};
use crate::goruntime::halts::HALT_REASONS;
use crate::model::trace::{
    ABSENT, Context, Event, EventKind, Metric, NO_SLOT, ProcState, ProcTransition, Range, Scope,
    StackRef, TableBuilder, Tables, UserLog, Vocabulary, Word,
};
use crate::parse::trace::names::RangeNames;
use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;

/// Frames of a stack; Go's own limit. Frames name their callers by number, so a damaged document may lead in a circle.
const FRAME_LIMIT: usize = 128;

/// Numbers of stacks that hold only the function a goroutine began with; those of frames are far below.
const STARTS: u64 = 1 << 40;

/// Numbers of strings that are messages.
const MESSAGES: u64 = 1 << 40;

/// All events, in the order of time.
pub(super) fn events(gathered: &Gathered) -> (Tables<'_>, Vec<Event>) {
    let mut tables = tables(gathered);
    let names = RangeNames::new(&mut tables.vocabulary);
    let reasons = HALT_REASONS.map(|reason| (reason, tables.vocabulary.word(reason.as_bytes())));
    let mut slices = gathered.slices.clone();
    slices.sort_by_key(|slice| (slice.goroutine, slice.start));
    let mut rows = gathered.slices.clone();
    rows.sort_by_key(|slice| (slice.row, slice.start));
    let mut calls = gathered.calls.clone();
    calls.sort_by_key(|call| (call.row, call.start));
    let arrows = gathered.arrows.iter();
    let picture = Picture {
        gathered,
        tables: &tables,
        reasons: &reasons,
        rows,
        calls,
        arrows: arrows
            .map(|arrow| ((arrow.to_row, arrow.to), *arrow))
            .collect(),
    };
    let mut events = Vec::new();
    for slices in slices.chunk_by(|a, b| a.goroutine == b.goroutine) {
        Life::events(&picture, slices, &mut events);
    }
    picture.spans(&names, &mut events);
    picture.marks(&mut events);
    events.sort_by_key(|event| event.at);
    (tables, events)
}

fn tables(gathered: &Gathered) -> Tables<'_> {
    let mut builder = TableBuilder::default();
    let mut strings: HashMap<&str, u64, FxBuildHasher> = HashMap::default();
    let mut string = |text| {
        let next = strings.len() as u64 + 1;
        *strings.entry(text).or_insert(next)
    };
    let mut used: Vec<u64> = stacks(gathered).into_iter().collect();
    used.sort_unstable();
    for id in used {
        let first = builder.frame_count();
        let mut next = id;
        for _ in 0..FRAME_LIMIT {
            let Some((function, line, caller)) = gathered.frames.get(&next) else {
                break;
            };
            builder.frame(0, string(function), 0, u64::from(*line));
            next = *caller;
        }
        builder.end_stack(id, first);
    }
    let mut starts: Vec<_> = gathered.starts.iter().collect();
    starts.sort_unstable();
    for (goroutine, function) in starts {
        let first = builder.frame_count();
        builder.frame(0, string(function), 0, 0);
        builder.end_stack(STARTS.wrapping_add(*goroutine), first);
    }
    for (text, id) in strings {
        builder.string(id, text.as_bytes());
    }
    for (id, message) in (MESSAGES..).zip(&gathered.messages) {
        builder.string(id, message.as_bytes());
    }
    let words: Vocabulary = gathered.words.clone();
    builder.build(words).0
}

/// Innermost frames that anything refers to.
fn stacks(gathered: &Gathered) -> HashSet<u64, FxBuildHasher> {
    let slices = gathered.slices.iter().map(|slice| slice.end_stack);
    let arrows = gathered.arrows.iter().map(|arrow| arrow.stack);
    let calls = gathered.calls.iter().map(|call| call.stack);
    let spans = gathered.spans.iter().map(|span| span.stack);
    let marks = gathered.marks.iter().map(|mark| mark.stack);
    let all = slices.chain(arrows).chain(calls).chain(spans).chain(marks);
    all.filter(|&frame| frame != 0).collect()
}

/// The records in the orders in which they are looked up.
struct Picture<'g> {
    gathered: &'g Gathered,
    tables: &'g Tables<'g>,
    reasons: &'g [(&'static str, Word)],
    /// By row and start.
    rows: Vec<Slice>,
    /// By row and start.
    calls: Vec<Call>,
    /// By row and time of their ends.
    arrows: HashMap<(u64, i64), Arrow, FxBuildHasher>,
}

impl World for Picture<'_> {
    fn runs(&self, row: u64, at: i64) -> u64 {
        let after = self
            .rows
            .partition_point(|slice| (slice.row, slice.start) <= (row, at));
        let latest = after.checked_sub(1).and_then(|place| self.rows.get(place));
        match latest {
            Some(slice) if slice.row == row && slice.end >= at => slice.goroutine,
            _ => ABSENT,
        }
    }

    fn arrow(&self, row: u64, at: i64) -> Option<Arrow> {
        self.arrows.get(&(row, at)).copied()
    }

    fn calls(&self, slice: &Slice) -> &[Call] {
        let place = |at| {
            self.calls
                .partition_point(|call| (call.row, call.start) < (slice.row, at))
        };
        let (first, end) = (place(slice.start), place(slice.end));
        self.calls.get(first..end).unwrap_or_default()
    }

    fn stack(&self, frame: u64) -> StackRef {
        self.tables.stack(frame)
    }

    fn function(&self, frame: u64) -> &str {
        let known = self.gathered.frames.get(&frame);
        known.map_or("", |(function, ..)| function)
    }

    fn reason(&self, reason: &str) -> Word {
        let known = self.reasons.iter().find(|(text, _)| *text == reason);
        known.map_or(Word::EMPTY, |(_, word)| *word)
    }

    fn start(&self, goroutine: u64) -> StackRef {
        self.tables.stack(STARTS.wrapping_add(goroutine))
    }

    fn end(&self) -> i64 {
        self.gathered.end
    }

    fn begin(&self) -> i64 {
        let slices = self.gathered.slices.iter().map(|slice| slice.start);
        let marks = self.gathered.marks.iter().map(|mark| mark.at);
        let arrows = self.gathered.arrows.iter().map(|arrow| arrow.from);
        slices.chain(marks).chain(arrows).min().unwrap_or(0)
    }

    fn old(&self) -> bool {
        self.gathered.old
    }
}

impl Picture<'_> {
    fn context(&self, row: u64, at: i64) -> Context {
        Context {
            thread: ABSENT,
            proc: row,
            goroutine: self.runs(row, at),
            slot: NO_SLOT,
        }
    }

    /// Ranges. An assist is cut into pieces where its goroutine stops; it ends with the last of them.
    fn spans(&self, names: &RangeNames, events: &mut Vec<Event>) {
        let mut spans = self.gathered.spans.clone();
        spans.sort_by_key(|span| span.start);
        // Where the latest piece of an assist stands among the ends.
        let mut assists: HashMap<u64, usize, FxBuildHasher> = HashMap::default();
        for span in &spans {
            let context = self.context(span.row, span.start);
            let range = range(span, names, context.goroutine);
            let event = |at, stack, kind| Event {
                at,
                context,
                stack,
                kind,
            };
            if let SpanKind::Assist { resumed: true } = span.kind
                && let Some(&place) = assists.get(&context.goroutine)
            {
                if let Some(end) = events.get_mut(place) {
                    end.at = span.end;
                }
                continue;
            }
            let stack = self.tables.stack(span.stack);
            events.push(event(span.start, stack, EventKind::RangeBegin(range)));
            if matches!(span.kind, SpanKind::Assist { .. }) {
                assists.insert(context.goroutine, events.len());
            }
            events.push(event(span.end, StackRef::NONE, EventKind::RangeEnd(range)));
        }
    }

    /// Everything else.
    fn marks(&self, events: &mut Vec<Event>) {
        let mut marks = self.gathered.marks.clone();
        marks.sort_by_key(|mark| mark.at);
        let mut told: HashSet<u64, FxBuildHasher> = HashSet::default();
        let mut heap = (0, 0);
        for mark in &marks {
            let (context, stack) = (
                self.context(mark.row, mark.at),
                self.tables.stack(mark.stack),
            );
            let mut push = |context, kind| {
                events.push(Event {
                    at: mark.at,
                    context,
                    stack,
                    kind,
                });
            };
            match mark.kind {
                MarkKind::ProcStart | MarkKind::ProcStop => {
                    push(context, EventKind::Proc(proc(mark, told.insert(mark.row))));
                }
                MarkKind::Sample => push(context, EventKind::StackSample),
                MarkKind::Heap(allocated, next) => {
                    let goal = allocated.saturating_add(next);
                    if allocated != heap.0 {
                        let metric = EventKind::Metric(Metric::HeapAlloc, allocated);
                        push(Context::NONE, metric);
                    }
                    if next > 0 && goal != heap.1 {
                        push(Context::NONE, EventKind::Metric(Metric::HeapGoal, goal));
                        heap.1 = goal;
                    }
                    heap.0 = allocated;
                }
                MarkKind::Log(category, message) => {
                    let log = UserLog {
                        task: 0,
                        category,
                        message: self.tables.string(MESSAGES + message as u64),
                    };
                    push(context, EventKind::Log(log));
                }
            }
        }
    }
}

/// Whether a processor starts or stops; the first word of it is its status.
fn proc(mark: &Mark, first: bool) -> ProcTransition {
    let (from, to) = match mark.kind {
        MarkKind::ProcStart => (ProcState::Idle, ProcState::Running),
        _ => (ProcState::Running, ProcState::Idle),
    };
    ProcTransition {
        id: mark.row,
        from: if first { ProcState::Undetermined } else { from },
        to,
    }
}

fn range(span: &Span, names: &RangeNames, goroutine: u64) -> Range {
    let (name, scope) = match span.kind {
        SpanKind::Mark => (names.mark, Scope::Global),
        SpanKind::Sweep => (names.sweep, Scope::Proc(span.row)),
        SpanKind::Assist { .. } => (names.assist, Scope::Goroutine(goroutine)),
        SpanKind::Stop(name) => (name, Scope::Goroutine(goroutine)),
    };
    Range {
        name,
        scope,
        swept: span.swept,
    }
}
