//! The driver: walks a text line by line and hands each form to its grammar.
//!
//! It holds the position, the resync points and the tally, and no grammar of its own. Resync points are goroutine headers and
//! preambles: whatever is damaged costs at most the block it stands in.

use super::collect::Collector;
use super::dump::header::{self, Header};
use super::dump::{block, frame, preamble, registers, signal};
use super::lines::{Cursor, Line};
use super::symbols::Executable;
use super::tally::Tally;
use super::words::Words;
use super::{glue, gotest, profile, race};
use crate::model::{
    Crash, Fragment, Goroutine, GoroutineFlags, Item, Scheduling, Span, StackId, TextLine,
};

/// What a range of a text holds. Line numbers count from the first line of the range; spans are those of the whole text.
pub(super) struct Parsed<'t> {
    pub collector: Collector<'t>,
    pub items: Vec<Item<'t>>,
    pub goroutines: Vec<Goroutine>,
    pub scheduling: Vec<Scheduling<'t>>,
    pub tally: Tally,
    /// Lines of the range.
    pub lines: u32,
}

/// Parses `text[start..end]`.
pub(super) fn parse<'t>(
    text: &'t [u8],
    start: usize,
    end: usize,
    program: Option<&Executable<'t>>,
) -> Parsed<'t> {
    let mut driver = Driver::new(Cursor::new(text, start, end, 0), program);
    while let Some(line) = driver.cursor.peek() {
        driver.step(&line);
    }
    driver.drop_context();
    driver.parsed.tally.settle();
    let ended = text.get(..end).is_some_and(|text| text.ends_with(b"\n")) || start == end;
    driver.parsed.lines = driver.cursor.number().0 + u32::from(!ended);
    driver.parsed
}

struct Driver<'p, 't> {
    cursor: Cursor<'t>,
    parsed: Parsed<'t>,
    /// `runtime: …` lines that wait for the preamble they belong to.
    context: Vec<Line<'t>>,
    /// The last line that was not blank belonged to a dump.
    in_dump: bool,
    /// `-----` was read: the next signal is another thread's.
    thread_ahead: bool,
    /// Where something may begin inside a line.
    words: Words,
    /// Names the bare addresses of profiles.
    program: Option<&'p Executable<'t>>,
}

impl<'p, 't> Driver<'p, 't> {
    fn new(cursor: Cursor<'t>, program: Option<&'p Executable<'t>>) -> Self {
        let parsed = Parsed {
            collector: Collector::default(),
            items: Vec::new(),
            goroutines: Vec::new(),
            scheduling: Vec::new(),
            tally: Tally::default(),
            lines: 0,
        };
        Self {
            cursor,
            parsed,
            context: Vec::new(),
            in_dump: false,
            thread_ahead: false,
            words: Words::default(),
            program,
        }
    }

    /// One form, or one line that is none.
    fn step(&mut self, line: &Line<'t>) {
        if line.is_blank() {
            self.pass_blank(line);
            return;
        }
        let text = line.trimmed();
        if self.keep_context(line, text) {
            return;
        }
        // Only what can open a preamble may claim the lines kept for one; the tally wants lines in order.
        if !matches!(text.first(), Some(b'p' | b'f' | b'S' | b'E')) {
            self.drop_context();
        }
        let worded = self.words.are_in(line, &self.cursor);
        let taken = self.take_dump_form(line, text, worded)
            || self.take_profile(line, text, worded)
            || self.take_mark(line, text, worded);
        self.drop_context();
        if !taken {
            self.set_aside(line, text);
        }
        self.in_dump = taken;
    }

    /// Blank lines belong to what stands before them.
    fn pass_blank(&mut self, line: &Line<'t>) {
        if !self.in_dump {
            self.parsed.tally.aside(line.number);
        }
        self.cursor.pass(line);
    }

    /// Goroutines, preambles, signals, races, registers, runtime stacks. `worded`: one of [`Words`] stands in the line.
    fn take_dump_form(&mut self, line: &Line<'t>, text: &'t [u8], worded: bool) -> bool {
        match text.first() {
            Some(b'g') if text.starts_with(b"goroutine ") => self.take_goroutine(line, text),
            Some(b'p' | b'f') if preamble::opens(text) => self.take_preamble(),
            Some(b'S' | b'E') => self.take_signal(),
            Some(b'W' | b'=') => self.take_race(line, text),
            Some(b'r') if text == b"runtime stack:" => self.take_runtime_stack(line),
            Some(b'-') if text == b"-----" => {
                self.thread_ahead = true;
                self.cursor.pass(line);
                true
            }
            _ => {
                self.take_registers(text)
                    || self.take_fragment(line, text)
                    || worded && self.take_glued(line)
            }
        }
    }

    fn take_goroutine(&mut self, line: &Line<'t>, text: &'t [u8]) -> bool {
        if profile::legacy::opens(text) {
            return false;
        }
        let header = header::header(text);
        let Some(header) = header.or_else(|| header::damaged_header(text)) else {
            return self.take_glued(line);
        };
        let start = line.start + (line.bytes.len() - text.len());
        let damaged = header.flags.has(GoroutineFlags::DAMAGED_HEADER);
        let before = self.cursor;
        self.cursor.pass(line);
        let flags = block::body(
            &mut self.cursor,
            &mut self.parsed.collector,
            &mut self.parsed.tally,
        );
        let (body, ancestors) = self.parsed.collector.finish();
        if damaged
            && flags.has(GoroutineFlags::INCOMPLETE)
            && body.stack == StackId::EMPTY
            && line.ended
        {
            self.cursor = before;
            return false;
        }
        let extra = self.keep_scheduling(&header, ancestors);
        let mut goroutine = Goroutine {
            id: header.id,
            span: Span {
                start,
                end: self.cursor.pos(),
            },
            line: line.number,
            state: self.parsed.collector.symbols.name(header.state),
            stack: body.stack,
            created_by: body.created_by,
            parent: body.parent,
            wait_minutes: header.wait_minutes,
            flags: header.flags,
            extra,
        };
        goroutine.flags.insert(flags);
        self.push_goroutine(goroutine);
        true
    }

    fn keep_scheduling(
        &mut self,
        header: &Header<'t>,
        ancestors: Vec<crate::model::Ancestor>,
    ) -> Option<u32> {
        self.parsed.collector.forms.gp_headers |= header.thread.is_some();
        self.parsed.collector.forms.labels |= header.labels.is_some();
        if header.thread.is_none()
            && header.labels.is_none()
            && header.bubble.is_none()
            && ancestors.is_empty()
        {
            return None;
        }
        let scheduling = Scheduling {
            gp: header.thread.map(|thread| thread.gp),
            m: header.thread.and_then(|thread| thread.m),
            mp: header.thread.and_then(|thread| thread.mp),
            bubble: header.bubble,
            labels: header.labels,
            ancestors,
        };
        self.parsed.scheduling.push(scheduling);
        Some(self.parsed.scheduling.len() as u32 - 1)
    }

    fn push_goroutine(&mut self, goroutine: Goroutine) {
        let index = self.parsed.goroutines.len() as u32;
        self.parsed.goroutines.push(goroutine);
        match self.parsed.items.last_mut() {
            Some(Item::Goroutines(range)) if range.end == index => range.end += 1,
            _ => self.parsed.items.push(Item::Goroutines(index..index + 1)),
        }
    }

    /// A profile as text, from its first line on.
    fn take_profile(&mut self, line: &Line<'t>, text: &[u8], worded: bool) -> bool {
        let Parsed {
            collector,
            tally,
            items,
            ..
        } = &mut self.parsed;
        let (cursor, symbols) = (&mut self.cursor, &mut collector.symbols);
        let found = if worded && profile::legacy::opens(text) {
            profile::legacy::profile(cursor, symbols, tally, self.program)
        } else if profile::perf::opens(cursor, line) {
            profile::perf::profile(cursor, symbols)
        } else {
            None
        };
        let taken = found.is_some();
        items.extend(found.map(|profile| Item::Profile(Box::new(profile))));
        taken
    }

    fn take_preamble(&mut self) -> bool {
        let Some(crash) = preamble::preamble(&mut self.cursor) else {
            return false;
        };
        self.push_crash(crash);
        true
    }

    fn push_crash(&mut self, mut crash: Crash<'t>) {
        crash.context = self.context.drain(..).map(|line| line.bytes).collect();
        self.thread_ahead = false;
        self.parsed.items.push(Item::Crash(Box::new(crash)));
    }

    fn take_signal(&mut self) -> bool {
        let start = self.cursor.pos();
        let Some(dump) = signal::signal_dump(&mut self.cursor) else {
            return false;
        };
        if std::mem::take(&mut self.thread_ahead) {
            self.parsed.items.push(Item::Thread(dump));
            return true;
        }
        let span = Span {
            start,
            end: self.cursor.pos(),
        };
        self.push_crash(Crash {
            span,
            line: dump.line,
            signal_dump: Some(dump),
            ..Crash::default()
        });
        true
    }

    fn take_race(&mut self, line: &Line<'t>, text: &[u8]) -> bool {
        if text == race::SEPARATOR {
            self.cursor.pass(line);
            return true;
        }
        let Some(report) = race::race_report(
            &mut self.cursor,
            &mut self.parsed.collector.symbols,
            &mut self.parsed.tally,
        ) else {
            return false;
        };
        self.parsed.items.push(Item::Race(Box::new(report)));
        true
    }

    /// `runtime stack:` and its frames belong to the preamble before it.
    fn take_runtime_stack(&mut self, line: &Line<'t>) -> bool {
        self.cursor.pass(line);
        block::body(
            &mut self.cursor,
            &mut self.parsed.collector,
            &mut self.parsed.tally,
        );
        let (body, _) = self.parsed.collector.finish();
        let crash = self
            .parsed
            .items
            .iter_mut()
            .rev()
            .find_map(|item| match item {
                Item::Crash(crash) => Some(crash),
                _ => None,
            });
        match crash {
            Some(crash) => {
                crash.runtime_stack = Some(body.stack);
                crash.runtime_created_by = body.created_by;
            }
            None => self.push_fragment(line, body),
        }
        true
    }

    fn take_registers(&mut self, text: &[u8]) -> bool {
        if registers::register(text).is_none() {
            return false;
        }
        let Some(registers) = registers::registers(&mut self.cursor) else {
            return false;
        };
        self.parsed.items.push(Item::Registers(registers));
        true
    }

    /// Frames without a header above them.
    fn take_fragment(&mut self, line: &Line<'t>, text: &[u8]) -> bool {
        if frame::function_line(text).is_none() && !text.starts_with(b"created by ") {
            return false;
        }
        let next = self.cursor.look(1);
        if next.is_none_or(|next| frame::location(next.trimmed()).is_none()) {
            return false;
        }
        block::body(
            &mut self.cursor,
            &mut self.parsed.collector,
            &mut self.parsed.tally,
        );
        let (body, _) = self.parsed.collector.finish();
        self.push_fragment(line, body);
        true
    }

    fn push_fragment(&mut self, line: &Line<'t>, body: super::collect::Body) {
        let span = Span {
            start: line.start,
            end: self.cursor.pos(),
        };
        let super::collect::Body {
            stack,
            created_by,
            parent,
        } = body;
        self.parsed.items.push(Item::Fragment(Fragment {
            span,
            line: line.number,
            stack,
            created_by,
            parent,
        }));
    }

    /// A dump that begins in the middle of a line.
    fn take_glued(&mut self, line: &Line<'t>) -> bool {
        let confirmed = |offset: usize| {
            let mut ahead = self.cursor;
            ahead.pass_part(line, offset);
            preamble::has_stacks(&ahead)
        };
        let Some(offset) = glue::dump_start(line.bytes, confirmed) else {
            return false;
        };
        self.cursor.pass_part(line, offset);
        true
    }

    /// Lines of `go test`, of the process's end, and totals.
    fn take_mark(&mut self, line: &Line<'t>, text: &[u8], worded: bool) -> bool {
        let item = match race::race_count(text) {
            Some(count) => Item::RaceCount(count, line.number),
            None => match gotest::test_mark(line, worded) {
                Some(mark) => Item::Test(mark),
                None => return false,
            },
        };
        self.parsed.items.push(item);
        self.cursor.pass(line);
        true
    }

    /// `runtime: …` and its kin are kept until it shows whether a preamble follows.
    fn keep_context(&mut self, line: &Line<'t>, text: &[u8]) -> bool {
        const OPENINGS: [&[u8]; 5] = [
            b"runtime: ",
            b"unexpected fault address ",
            b"fatal: ",
            b"panic during panic",
            b"accessed data from freed user arena ",
        ];
        let first = text.first();
        let mut openings = OPENINGS.iter();
        if !openings.any(|opening| first == opening.first() && text.starts_with(opening)) {
            return false;
        }
        self.context.push(*line);
        self.cursor.pass(line);
        true
    }

    fn drop_context(&mut self) {
        for line in self.context.drain(..) {
            self.parsed.tally.aside(line.number);
        }
    }

    fn set_aside(&mut self, line: &Line<'t>, text: &[u8]) {
        if looks_like_dump(line, text) {
            self.parsed.tally.unparsed(line.number);
        } else {
            self.parsed.tally.aside(line.number);
        }
        self.cursor.pass(line);
    }
}

/// A line that only a dump prints, though no grammar could place it.
fn looks_like_dump(line: &Line<'_>, text: &[u8]) -> bool {
    let indented = line.bytes.len() > text.len();
    let located = || {
        frame::location(text)
            .is_some_and(|place| place.file.ends_with(b".go") || place.file.ends_with(b".s"))
    };
    frame::function_line(text).is_some()
        || indented && located()
        || text.starts_with(b"created by ")
        || text.starts_with(b"goroutine ") && header::damaged_header(text).is_some()
        || frame::elided(text).is_some()
        || frame::originating_from(text).is_some()
}

/// Moves everything that carries a line number down by `lines`.
pub(super) fn shift_lines(parsed: &mut Parsed<'_>, lines: u32) {
    let shift = |line: &mut TextLine| line.0 = line.0.saturating_add(lines);
    for goroutine in &mut parsed.goroutines {
        shift(&mut goroutine.line);
    }
    for range in parsed
        .tally
        .aside
        .iter_mut()
        .chain(&mut parsed.tally.unparsed)
    {
        *range = range.start + lines..range.end + lines;
    }
    for item in &mut parsed.items {
        shift_item(item, shift);
    }
}

fn shift_item(item: &mut Item<'_>, shift: impl Fn(&mut TextLine)) {
    match item {
        Item::Crash(crash) => {
            shift(&mut crash.line);
            crash
                .panics
                .iter_mut()
                .for_each(|entry| shift(&mut entry.line));
            crash
                .fatal
                .iter_mut()
                .for_each(|fatal| shift(&mut fatal.line));
            crash
                .signal
                .iter_mut()
                .for_each(|note| shift(&mut note.line));
            crash
                .signal_dump
                .iter_mut()
                .for_each(|dump| shift(&mut dump.line));
        }
        Item::Race(report) => {
            shift(&mut report.line);
            report
                .accesses
                .iter_mut()
                .for_each(|access| shift(&mut access.line));
            report
                .creations
                .iter_mut()
                .for_each(|creation| shift(&mut creation.line));
        }
        Item::Thread(dump) => shift(&mut dump.line),
        Item::Registers(registers) => shift(&mut registers.line),
        Item::RaceCount(_, line) => shift(line),
        Item::Trace(_) => {}
        Item::Profile(profile) => {
            shift(&mut profile.line);
            let samples = profile.samples.iter_mut();
            samples
                .filter_map(|sample| sample.line.as_mut())
                .for_each(&shift);
            let notes = profile.notes.iter_mut();
            notes.filter_map(|note| note.line.as_mut()).for_each(&shift);
        }
        Item::Test(mark) => shift(&mut mark.line),
        Item::Fragment(fragment) => shift(&mut fragment.line),
        Item::Goroutines(_) => {}
    }
}
