//! The text of `go tool trace -d` of Go 1.11 to 1.21.
//!
//! ```text
//! 0 GoCreate p=1 g=0 off=13988 g=1 stack=2
//! 14326 GoStart p=1 g=1 off=14042 g=1 seq=0
//! 147692 UserLog p=1 g=1 off=14170 id=1 keyid=5 category=order message=number 0
//! 5492770 GoSysExit p=1000003 g=28 off=290 g=28 seq=2 ts=967204016391
//! 5675146 GCSTWStart p=0 g=0 off=386 kindid=1 kind=sweep termination      (`STWStart` with the tool of Go 1.21)
//! ```
//!
//! Time in ns since the first event, name, processor, goroutine, place in the trace file, the arguments of the wire, then texts. There
//! are no stacks. The tool has put the events in order and given some of them processors of its own; it prints `GoStartLocal` as
//! `GoStart` with `seq=0`. Everything else is as on the wire, so it is put back into that form, one tick a ns, and read as such: what
//! an event means is said once, in `v1/convert.rs`. Read [`read`] first.

use super::super::leb::put;
use super::super::{HEADER_BYTES, Options};
use super::line::number;
use crate::goruntime::tracewire::{V1_EVENTS, WireEvent, fake_proc, v1};
use crate::model::trace::{ABSENT, DamageKind, Damages, Outcome, Sink};
use hashbrown::{HashMap, HashSet};
use memchr::{memchr, memmem};
use rustc_hash::FxBuildHasher;

/// Lines of the tool's own messages before the first event; it prints three at most.
const OPENING_LINES: usize = 8;

/// Bytes of a text in an event. Go's own limit on the wire is a little higher.
const TEXT_LIMIT: usize = 900_000;

/// The most arguments an event has on the wire, the stack left out.
const ARGUMENTS: usize = 3;

/// Argument counts from this on come after their length in bytes.
const SIZED: usize = 3;

/// True where `bytes` begin with an event in this form, after what the tool says of its own progress.
pub(super) fn is_old(bytes: &[u8]) -> bool {
    begin(bytes).is_some()
}

/// Where the first event begins.
fn begin(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for _ in 0..=OPENING_LINES {
        let rest = bytes.get(at..)?;
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..length)?;
        if Event::of(line).is_some() {
            return Some(at);
        }
        if !line.ends_with(b" trace...") {
            return None;
        }
        at += length + 1;
    }
    None
}

/// Reads all events; `None` where there is none at the beginning.
pub(super) fn read<S: Sink>(bytes: &[u8], sink: &mut S) -> Option<Outcome> {
    let mut damage = Damages::default();
    let mut wire = Wire::new();
    for record in Records::new(bytes, begin(bytes)?) {
        if wire.event(record.text).is_none() {
            damage.add(DamageKind::BrokenEvent, record.at, record.text.len());
        }
    }
    wire.seal();
    let mut outcome = super::super::read(&wire.bytes, Options::default(), sink)?;
    replace_offsets(bytes, &mut outcome.damage);
    for place in damage.places {
        let (offset, length) = (place.offset as usize, place.bytes as usize);
        outcome.damage.add(place.kind, offset, length);
    }
    for (kind, count) in damage.counts {
        let kept = outcome.damage.counts.entry(kind).or_default();
        *kept = (*kept).max(count);
    }
    outcome.header = Outcome::TEXT;
    Some(outcome)
}

/// Puts places in the text for places on the wire, by writing the wire once more.
fn replace_offsets(text: &[u8], damage: &mut Damages) {
    let mut places: Vec<_> = damage.places.iter_mut().collect();
    places.sort_by_key(|place| place.offset);
    let mut places = places.into_iter().peekable();
    let mut wire = Wire::new();
    for record in Records::new(text, begin(text).unwrap_or(0)) {
        if places.peek().is_none() {
            return;
        }
        let _ = wire.event(record.text);
        while let Some(place) = places.next_if(|place| place.offset < wire.bytes.len() as u64) {
            place.offset = record.at as u64;
        }
    }
    for place in places {
        place.offset = text.len() as u64;
    }
}

/// An event's line, and the rest of its message where that has more lines.
struct Record<'t> {
    text: &'t [u8],
    at: usize,
}

struct Records<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Records<'t> {
    fn new(text: &'t [u8], at: usize) -> Self {
        Self { text, at }
    }

    /// Where the line at `at` ends, without and with its line feed.
    fn line(&self, at: usize) -> Option<(&'t [u8], usize)> {
        let rest = self.text.get(at..).filter(|rest| !rest.is_empty())?;
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        Some((rest.get(..length)?, (at + length + 1).min(self.text.len())))
    }
}

impl<'t> Iterator for Records<'t> {
    type Item = Record<'t>;

    fn next(&mut self) -> Option<Record<'t>> {
        let at = self.at;
        let (line, mut next) = self.line(at)?;
        let mut end = at + line.len();
        let message = Event::of(line).is_some_and(|event| event.kind.number == v1::USER_LOG);
        while message
            && let Some((line, after)) = self.line(next)
            && Event::of(line).is_none()
        {
            (end, next) = (next + line.len(), after);
        }
        self.at = next;
        let text = self.text.get(at..end)?;
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        Some(Record { text, at })
    }
}

/// An event, read.
struct Event<'t> {
    kind: &'static WireEvent,
    ns: u64,
    proc: u64,
    goroutine: u64,
    arguments: [u64; ARGUMENTS],
    /// What follows the arguments.
    rest: &'t [u8],
}

impl<'t> Event<'t> {
    fn of(line: &'t [u8]) -> Option<Self> {
        let (ns, rest) = word(line);
        let ns = number(ns)?;
        let (name, rest) = word(rest);
        let name = match name {
            b"GCSTWStart" | b"GCSTWDone" => name.get(2..)?,
            name => name,
        };
        let kind = V1_EVENTS
            .iter()
            .find(|event| event.name.as_bytes() == name)?;
        let (proc, rest) = field(rest, b"p=")?;
        let (goroutine, rest) = field(rest, b"g=")?;
        let (_, mut rest) = field(rest, b"off=")?;
        let mut arguments = [0; ARGUMENTS];
        for (argument, _) in arguments.iter_mut().zip(kind.before_stack()) {
            let key = memchr(b'=', rest)?;
            (*argument, rest) = field(rest, rest.get(..=key)?)?;
        }
        Some(Self {
            kind,
            ns,
            proc,
            goroutine,
            arguments,
            rest,
        })
    }

    /// The text after a key.
    fn text(&self, key: &[u8]) -> Option<&'t [u8]> {
        let text = self.rest.strip_prefix(key)?;
        (text.len() <= TEXT_LIMIT).then_some(text)
    }
}

/// Up to the next blank, and what follows it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b' ', text).unwrap_or(text.len());
    let rest = text.get(end + 1..).unwrap_or_default();
    (&text[..end], rest)
}

/// The number after a key, and what follows.
fn field<'t>(text: &'t [u8], key: &[u8]) -> Option<(u64, &'t [u8])> {
    let (value, rest) = word(text.strip_prefix(key)?);
    let value = match value.trim_ascii_end() {
        b"-1" => ABSENT,
        value => number(value)?,
    };
    Some((value, rest))
}

/// The trace as it was on the wire, without stacks.
struct Wire {
    bytes: Vec<u8>,
    /// Processor of the batch that goes on, and the ns of its latest event.
    batch: Option<(u64, u64)>,
    /// On which processor a goroutine ran last.
    ran: HashMap<u64, u64, FxBuildHasher>,
    /// Strings that are written already.
    strings: HashSet<u64, FxBuildHasher>,
    timers: HashSet<u64, FxBuildHasher>,
    /// Names of the collector's stops as the tool of Go 1.21 prints them.
    new_stops: bool,
}

impl Wire {
    fn new() -> Self {
        Self {
            bytes: vec![0; HEADER_BYTES],
            batch: None,
            ran: HashMap::default(),
            strings: HashSet::default(),
            timers: HashSet::default(),
            new_stops: false,
        }
    }

    /// Writes the header: the numbers of stops mean something else since Go 1.21.
    fn seal(&mut self) {
        let header: &[u8; HEADER_BYTES] = match self.new_stops {
            true => b"go 1.21 trace\0\0\0",
            false => b"go 1.19 trace\0\0\0",
        };
        if let Some(place) = self.bytes.first_chunk_mut() {
            *place = *header;
        }
    }

    /// Appends an event; `None`, and nothing appended, where the line is none.
    fn event(&mut self, line: &[u8]) -> Option<()> {
        let event = Event::of(line)?;
        let text = match event.kind.number {
            v1::GO_START_LABEL => Some((event.arguments[2], event.text(b"label=")?)),
            v1::USER_TASK_CREATE | v1::USER_REGION => {
                Some((event.arguments[2], event.text(b"name=")?))
            }
            v1::USER_LOG => Some((event.arguments[1], category(&event)?.0)),
            _ => None,
        };
        self.new_stops |= memmem::find(line, b" STWStart ").is_some();
        self.batch(&event);
        if let Some((id, text)) = text
            && self.strings.insert(id)
        {
            self.bytes.push(v1::STRING);
            put(&mut self.bytes, id);
            put(&mut self.bytes, text.len() as u64);
            self.bytes.extend_from_slice(text);
        }
        self.append(&event)
    }

    /// Begins another batch where the event is not of the one that goes on, and remembers who runs where.
    fn batch(&mut self, event: &Event<'_>) {
        let unblock = event.kind.number == v1::GO_UNBLOCK;
        let proc = match event.proc {
            fake_proc::TIMERS | fake_proc::NETWORK if unblock => {
                let ran = self.ran.get(&event.goroutine).copied();
                ran.unwrap_or(event.proc)
            }
            proc => proc,
        };
        if matches!(event.kind.number, v1::GO_START | v1::GO_START_LABEL) {
            self.ran.insert(event.goroutine, proc);
        }
        let goes_on = self
            .batch
            .is_some_and(|(lane, ns)| lane == proc && ns <= event.ns);
        if !goes_on {
            let first = self.batch.is_none();
            self.bytes.push(v1::BATCH | 1 << 6);
            put(&mut self.bytes, proc);
            put(&mut self.bytes, event.ns);
            self.batch = Some((proc, event.ns));
            if first {
                self.bytes.push(v1::FREQUENCY);
                put(&mut self.bytes, 1_000_000_000);
            }
        }
        if event.proc == fake_proc::TIMERS && unblock && self.timers.insert(event.goroutine) {
            self.bytes.push(v1::TIMER_GOROUTINE);
            put(&mut self.bytes, event.goroutine);
        }
    }

    /// Time and arguments.
    fn append(&mut self, event: &Event<'_>) -> Option<()> {
        let (_, latest) = self.batch.as_mut()?;
        let delta = match event.kind.number {
            // Its time is an argument, and does not move that of its batch.
            v1::CPU_SAMPLE => 0,
            _ => event.ns.saturating_sub(std::mem::replace(latest, event.ns)),
        };
        let [first, second, third] = event.arguments;
        let (number, arguments): (u8, Vec<u64>) = match event.kind.number {
            v1::GO_START if second == 0 => (v1::GO_START_LOCAL, vec![first]),
            v1::GO_UNBLOCK if second == 0 => (v1::GO_UNBLOCK_LOCAL, vec![first, 0]),
            v1::GO_SYS_EXIT => {
                let told = if third == 0 { 0 } else { event.ns };
                (v1::GO_SYS_EXIT, vec![first, second, told])
            }
            // Its number of a stack means nothing here.
            v1::GO_CREATE => (v1::GO_CREATE, vec![first, 0, 0]),
            v1::CPU_SAMPLE => (v1::CPU_SAMPLE, vec![event.ns, second, third, 0]),
            number => {
                let own = event.kind.before_stack().len();
                let told = event.arguments.iter().copied().take(own);
                let all = event.kind.arguments.len();
                (number, told.chain([0]).take(all).collect())
            }
        };
        let mut numbers = Vec::with_capacity(16);
        for &value in [delta].iter().chain(&arguments) {
            put(&mut numbers, value);
        }
        let count = arguments.len().min(SIZED);
        self.bytes.push(number | (count as u8) << 6);
        if count == SIZED {
            put(&mut self.bytes, numbers.len() as u64);
        }
        self.bytes.extend_from_slice(&numbers);
        if number == v1::USER_LOG {
            let message = category(event)?.1;
            put(&mut self.bytes, message.len() as u64);
            self.bytes.extend_from_slice(message);
        }
        Some(())
    }
}

/// `category=… message=…` of a `UserLog`.
fn category<'t>(event: &Event<'t>) -> Option<(&'t [u8], &'t [u8])> {
    let text = event.text(b"category=")?;
    let key = b" message=";
    let place = memmem::find(text, key)?;
    Some((text.get(..place)?, text.get(place + key.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_go_1_19_is_an_event() {
        let line = b"5492770 GoSysExit p=1000003 g=28 off=290 g=28 seq=2 ts=967204016391";
        let event = Event::of(line).expect("an event");
        assert_eq!((event.ns, event.proc), (5_492_770, 1_000_003));
        assert_eq!(event.arguments, [28, 2, 967_204_016_391]);
        let log = b"147692 UserLog p=1 g=1 off=14170 id=1 keyid=5 category=order message=number 0";
        let event = Event::of(log).expect("an event");
        assert_eq!(category(&event), Some((&b"order"[..], &b"number 0"[..])));
    }

    #[test]
    fn what_lacks_an_argument_or_is_of_no_known_kind_is_none() {
        for line in [
            &b"3618 GoWaiting p=1 g=2 off=14001"[..],
            b"3618 GoDances p=1 g=2 off=14001 g=2",
            b"GoWaiting p=1 g=2 off=14001 g=2",
            b"3618 GoWaiting g=2 off=14001 g=2",
        ] {
            assert!(Event::of(line).is_none(), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn the_tools_own_messages_may_come_first() {
        let text =
            b"2026/11/21 19:01:49 Parsing trace...\n0 GoCreate p=1 g=0 off=13988 g=1 stack=2\n";
        assert_eq!(begin(text), Some(37));
        assert_eq!(
            begin(b"a log line\n0 GoCreate p=1 g=0 off=1 g=1 stack=2\n"),
            None
        );
    }

    #[test]
    fn a_message_of_several_lines_is_one_event() {
        let text = b"5 UserLog p=1 g=1 off=14170 id=1 keyid=5 category=a message=one\ntwo\n6 GoEnd p=1 g=1 off=3\n";
        let records: Vec<_> = Records::new(text, 0).map(|record| record.text).collect();
        assert_eq!(records.len(), 2);
        assert!(records[0].ends_with(b"message=one\ntwo"));
    }
}
