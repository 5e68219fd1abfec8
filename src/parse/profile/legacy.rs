//! The texts of `debug=1`: addresses in one line, their names in `#` lines below it.
//!
//! ```text
//! goroutine profile: total 12                          also threadcreate, goroutineleak, profiles of the program's own
//! 5 @ 0x469d2e 0x44a265 0x44a234 0x46ac85 0x476a9d 0x4d6ffd 0x4d6fdb 0x471081
//! # labels: {"job":"drain", "tenant":"a\"b"}           Go 1.15 and later
//! # → 0x46ac84 → sync.runtime_SemacquireMutex+0x24 → sync/sema.go:95
//! # → 0x4d6ffc → sync.(*Mutex).Lock+0x3c → sync/mutex.go:92
//! heap profile: 103: 896640 [984: 11332848] @ heap/8192         live and all objects and bytes, twice the sampling rate
//! 1: 1280 [3: 3840] @ 0x40d8ad 0x40dbcf
//! # runtime.MemStats
//! # HeapAlloc = 1296040
//! --- mutex:                                           --- contention: for block profiles
//! cycles/second=2600002113
//! sampling period=1
//! 386987479 469 @ 0x4d69ff 0x4d69e6
//! ```
//!
//! Printed by runtime/pprof (`printCountProfile`, `writeHeapInternal`, `writeProfileInternal`), Go 1.13 to 1.27. The first line holds return
//! addresses, the `#` lines those of the calls, one less. Frames of the runtime at the top of a goroutine have no `#` line: they stay
//! as addresses. Heap numbers are samples as taken; they are scaled here as pprof scales them, and cycles become nanoseconds.
//! Called by the driver at a line that [`opens`] a profile; read [`profile`].

mod bias;
mod lines;

pub(in crate::parse) use lines::opens;

use super::{FRAMES_MOST, LABELS_MOST, STACK_MOST, kind};
use crate::goruntime::anchors::{self, Anchor};
use crate::model::{
    Address, Frame, FrameId, FrameKind, Label, LabelValue, Profile, ProfileForm, ProfileKind,
    Sample, Span, Symbols, ValueType,
};
use crate::parse::lines::{Cursor, Line};
use crate::parse::symbols::Executable;
use crate::parse::tally::Tally;
use lines::{
    Head, NamedLine, decimal, head, heap_numbers, hexadecimal, named_line, quoted, scaled,
    split_once,
};

/// Lines of other writers between two lines of a profile; more of them and it is over.
const FOREIGN_MOST: usize = 16;

/// Reads a profile from its first line on; `None` where the line opens none.
pub(in crate::parse) fn profile<'t>(
    cursor: &mut Cursor<'t>,
    symbols: &mut Symbols<'t>,
    tally: &mut Tally,
    program: Option<&Executable<'t>>,
) -> Option<Profile<'t>> {
    let first = cursor.peek()?;
    let head = head(first.trimmed())?;
    cursor.pass(&first);
    let kind = match head {
        Head::Count(name, _) => kind::by_name(name),
        Head::Heap(_) => ProfileKind::Heap,
        Head::Waits(kind) => kind,
    };
    let mut profile = Profile::new(kind, ProfileForm::Text, first.number);
    let program = program.and_then(|program| match bias::tell(program, *cursor) {
        Ok(bias) => Some((program, bias)),
        Err(why) => {
            profile.refused_program = true;
            profile.note(Some(first.number), why);
            None
        }
    });
    let mut reader = Reader {
        profile,
        head,
        symbols,
        program,
        cycles_per_second: 0,
        record: None,
        returns: Vec::new(),
        named: Vec::new(),
        scratch: Vec::new(),
        interned: 0,
        shortened: 0,
        ended: false,
        spaced: 0,
        breaks_off: false,
    };
    reader.columns();
    while let Some(line) = cursor.peek() {
        if !reader.take(&line) && !reader.goes_on(cursor, &line, tally) {
            break;
        }
        cursor.pass(&line);
    }
    reader.breaks_off = reader.breaks_off(cursor);
    let span = Span {
        start: first.start,
        end: cursor.pos(),
    };
    Some(reader.finish(span))
}

struct Reader<'s, 't> {
    profile: Profile<'t>,
    head: Head<'t>,
    symbols: &'s mut Symbols<'t>,
    /// And how far above its linked addresses it lay.
    program: Option<(&'s Executable<'t>, u64)>,
    /// 0 until printed.
    cycles_per_second: i64,
    /// The record whose `#` lines are being read.
    record: Option<Sample>,
    /// Its return addresses.
    returns: Vec<u64>,
    /// Its `#` lines.
    named: Vec<NamedLine<'t>>,
    scratch: Vec<FrameId>,
    interned: usize,
    /// Records with more frames than are kept.
    shortened: u64,
    /// The last line of a heap profile was there: `# DebugGC = false`.
    ended: bool,
    /// Records that an empty line ends, as Go writes them.
    spaced: u64,
    /// The text ends inside the profile.
    breaks_off: bool,
}

impl<'t> Reader<'_, 't> {
    fn columns(&mut self) {
        let columns: &[(&'t [u8], &'t [u8])] = match self.head {
            Head::Count(name, total) => {
                self.profile.declared_total = Some(total);
                &[(name, b"count")]
            }
            Head::Heap(rate) => {
                self.profile.period = rate;
                self.profile.shown_first = Some(3);
                &[
                    (b"alloc_objects", b"count"),
                    (b"alloc_space", b"bytes"),
                    (b"inuse_objects", b"count"),
                    (b"inuse_space", b"bytes"),
                ]
            }
            Head::Waits(_) => {
                self.profile.period = 1;
                self.profile.shown_first = Some(1);
                &[(b"contentions", b"count"), (b"delay", b"nanoseconds")]
            }
        };
        for &(name, unit) in columns {
            let column = ValueType {
                name: self.symbols.name(name),
                unit: self.symbols.name(unit),
            };
            self.profile.types.push(column);
        }
    }

    /// One line of the profile; false for any other.
    fn take(&mut self, line: &Line<'t>) -> bool {
        let text = line.trimmed();
        match text.first() {
            None => {
                self.spaced += u64::from(self.record.is_some());
                self.close();
                true
            }
            Some(b'#') => self.take_detail(text),
            Some(b'0'..=b'9') => self.take_record(text, line),
            Some(_) => self.take_attribute(text),
        }
    }

    fn take_record(&mut self, text: &'t [u8], line: &Line<'t>) -> bool {
        let Some((numbers, addresses)) = split_once(text, b"@") else {
            return false;
        };
        let Some(row) = self.row(numbers) else {
            return false;
        };
        let addresses = addresses
            .split(|byte| *byte == b' ')
            .filter(|word| !word.is_empty());
        let returns: Option<Vec<u64>> = addresses.map(hexadecimal).collect();
        let Some(returns) = returns else {
            return false;
        };
        self.close();
        self.returns = returns;
        self.profile
            .values
            .extend(row.into_iter().take(self.profile.types.len()));
        let labels = self.profile.labels.len() as u32;
        self.record = Some(Sample {
            stack: crate::model::StackId::EMPTY,
            addresses: 0..0,
            labels: labels..labels,
            line: Some(line.number),
        });
        true
    }

    /// The numbers of a record, in the order of the columns.
    fn row(&self, numbers: &[u8]) -> Option<[i64; 4]> {
        match self.head {
            Head::Count(..) => Some([decimal(numbers)?, 0, 0, 0]),
            Head::Heap(rate) => {
                let [objects, bytes, all_objects, all_bytes] = heap_numbers(numbers)?;
                let (objects, bytes) = scaled(objects, bytes, rate);
                let (all_objects, all_bytes) = scaled(all_objects, all_bytes, rate);
                Some([all_objects, all_bytes, objects, bytes])
            }
            Head::Waits(_) => {
                let (cycles, count) = split_once(numbers.trim_ascii(), b" ")?;
                let (cycles, count): (i64, i64) = (decimal(cycles)?, decimal(count)?);
                Some([
                    count.saturating_mul(self.profile.period),
                    self.nanoseconds(cycles),
                    0,
                    0,
                ])
            }
        }
    }

    /// Cycles as nanoseconds; as they are where the clock is not printed. Every sample stands for `sampling period` waits.
    fn nanoseconds(&self, cycles: i64) -> i64 {
        match self.cycles_per_second {
            0 => cycles,
            hertz => (cycles as f64 * self.profile.period as f64 / (hertz as f64 / 1e9)) as i64,
        }
    }

    /// Whether the text that ends here ends too early. A heap profile ends with its counters; the others give every record an empty
    /// line, which wrappers may have taken out of all of them.
    fn breaks_off(&self, rest: &Cursor<'t>) -> bool {
        // What is left of a line that was cut is none of the profile's.
        let mut rest = *rest;
        let piece = rest.take();
        if rest.peek().is_some() {
            return false;
        }
        match self.head {
            Head::Heap(_) => !self.ended,
            Head::Count(..) => false,
            Head::Waits(_) => (self.record.is_some() || piece.is_some()) && self.spaced > 0,
        }
    }

    fn take_attribute(&mut self, text: &[u8]) -> bool {
        if !matches!(self.head, Head::Waits(_)) || !self.profile.samples.is_empty() {
            return false;
        }
        match split_once(text, b"=") {
            Some((b"cycles/second", value)) => {
                self.cycles_per_second = decimal(value).filter(|&hertz| hertz > 0).unwrap_or(0);
                true
            }
            Some((b"sampling period", value)) => {
                self.profile.period = decimal(value).filter(|&period| period > 0).unwrap_or(1);
                true
            }
            _ => false,
        }
    }

    /// A line that begins with `#`.
    fn take_detail(&mut self, text: &'t [u8]) -> bool {
        if text.starts_with(b"#\t0x") {
            let named = named_line(text);
            let is_bare = || lines::is_bare(text);
            let is_own = self.record.is_some() && (named.is_some() || is_bare());
            self.named.extend(named.filter(|_| is_own));
            return is_own;
        }
        if let Some(labels) = text.strip_prefix(b"# labels: {") {
            return self.take_labels(labels);
        }
        if !matches!(self.head, Head::Heap(_)) {
            return false;
        }
        if let Some((name, value)) = text
            .strip_prefix(b"# ")
            .and_then(|rest| split_once(rest, b" = "))
        {
            self.ended |= name == b"DebugGC";
            if let Some(number) = decimal(value) {
                let name = self.symbols.name(name);
                self.profile.memstats.push((name, number));
            }
            return true;
        }
        text == b"# runtime.MemStats"
    }

    /// `"job":"drain", "tenant":"a\"b"}`.
    fn take_labels(&mut self, mut rest: &'t [u8]) -> bool {
        let Some(record) = &mut self.record else {
            return false;
        };
        for _ in 0..LABELS_MOST {
            let Some((key, behind)) = quoted(rest) else {
                return false;
            };
            let value = behind.strip_prefix(b":").and_then(quoted);
            let Some((value, behind)) = value else {
                return false;
            };
            let value = LabelValue::Text(value);
            self.profile.labels.push(Label { key, value });
            record.labels.end = self.profile.labels.len() as u32;
            match behind.strip_prefix(b", ") {
                Some(more) => rest = more,
                None => return behind == b"}",
            }
        }
        true
    }

    /// Ends the record at hand: joins its addresses with their names.
    fn close(&mut self) {
        let Some(mut record) = self.record.take() else {
            return;
        };
        let start = self.profile.addresses.len() as u32;
        self.scratch.clear();
        let mut named = std::mem::take(&mut self.named);
        let mut rest = named.as_slice();
        // What prints an address of 0 knows nothing of the place (threadcreate).
        let returns = std::mem::take(&mut self.returns);
        for call in returns
            .iter()
            .filter(|&&address| address != 0)
            .map(|&address| address - 1)
        {
            let own = rest.iter().take_while(|line| line.address == call).count();
            let (mine, behind) = rest.split_at(own);
            rest = behind;
            if self.scratch.len() + mine.len() >= STACK_MOST || self.interned >= FRAMES_MOST {
                self.shortened += 1;
                break;
            }
            self.profile.addresses.push(Address(call));
            self.stand(call, mine);
        }
        // Names whose addresses are not in the first line: it was damaged.
        let left = rest
            .iter()
            .take(STACK_MOST.saturating_sub(self.scratch.len()));
        for line in left {
            let frame = self.intern(line, FrameKind::Call);
            self.scratch.push(frame);
        }
        self.interned += self.scratch.len();
        record.stack = self.symbols.stack(&self.scratch);
        record.addresses = start..self.profile.addresses.len() as u32;
        self.profile.samples.push(record);
        named.clear();
        self.named = named;
    }

    /// One physical frame with what is inlined in it.
    fn stand(&mut self, call: u64, lines: &[NamedLine<'t>]) {
        let Some((physical, inlined)) = lines.split_last() else {
            let named = self
                .program
                .and_then(|(program, bias)| program.frame(Address(call), bias));
            // Without a name it is shown as the text prints it: the return address.
            let frame = super::frame(self.symbols, named, Address(call.saturating_add(1)));
            self.scratch.push(frame);
            return;
        };
        for line in inlined {
            let frame = self.intern(line, FrameKind::Inlined);
            self.scratch.push(frame);
        }
        let frame = self.intern(physical, FrameKind::Call);
        self.scratch.push(frame);
    }

    fn intern(&mut self, line: &NamedLine<'t>, kind: FrameKind) -> FrameId {
        let frame = Frame {
            func: self.symbols.name(line.func),
            file: self.symbols.name(line.file),
            line: line.line,
            offset: None,
            kind,
        };
        self.symbols.frame(frame)
    }

    /// True where the profile goes on behind a line that is none of its own, which is counted.
    fn goes_on(&mut self, cursor: &Cursor<'t>, line: &Line<'t>, tally: &mut Tally) -> bool {
        let is_end = |text: &[u8]| {
            opens(text)
                || matches!(
                    anchors::classify(text),
                    Some(Anchor::Header | Anchor::Preamble)
                )
        };
        if is_end(line.trimmed()) {
            return false;
        }
        let mut ahead = *cursor;
        ahead.pass(line);
        for _ in 0..FOREIGN_MOST {
            let Some(next) = ahead.take() else {
                return false;
            };
            let text = next.trimmed();
            if is_end(text) {
                return false;
            }
            if text.starts_with(b"#\t0x")
                || split_once(text, b" @ 0x")
                    .is_some_and(|(numbers, _)| self.row(numbers).is_some())
            {
                match is_own(line.trimmed()) {
                    true => tally.unparsed(line.number),
                    false => tally.aside(line.number),
                }
                return true;
            }
        }
        false
    }

    fn finish(mut self, span: Span) -> Profile<'t> {
        self.close();
        let mut profile = self.profile;
        profile.span = span;
        if self.shortened > 0 {
            profile.note(
                None,
                format!(
                    "{} stacks are longer than {STACK_MOST} frames and were shortened",
                    self.shortened
                ),
            );
        }
        let read = profile.total(0).and_then(|read| u64::try_from(read).ok());
        if let (Some(declared), Some(read)) = (profile.declared_total, read)
            && read < declared
        {
            profile.cut = true;
            profile.note(
                Some(profile.line),
                format!("the profile is cut or damaged: its first line counts {declared}, and {read} were read"),
            );
        }
        if self.breaks_off {
            profile.cut = true;
            profile.note(
                Some(profile.line),
                "the profile is cut or damaged: its text does not go on to where Go ends it",
            );
        }
        let waits = matches!(self.head, Head::Waits(_));
        if waits && self.cycles_per_second == 0 && !profile.samples.is_empty() {
            profile.note(
                Some(profile.line),
                "cycles/second is missing: the waiting times are cycles, not nanoseconds",
            );
        }
        profile
    }
}

/// A line that only a profile prints, damaged.
fn is_own(text: &[u8]) -> bool {
    text.starts_with(b"#") || memchr::memmem::find(text, b" @ 0x").is_some()
}
