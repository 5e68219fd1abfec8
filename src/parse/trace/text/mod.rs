//! The text of `go tool trace -d=parsed` (`-d=1` with Go 1.22 and 1.23): the events of Go's own reader, one after the other.
//!
//! ```text
//! M=357 P=0 G=1 StateTransition Time=1847275500224 Resource=Goroutine(1) Reason="sleep" GoID=1 Running->Waiting
//! TransitionStack=
//!     time.Sleep @ 0x47ee80
//!         runtime/time.go:285
//!     main.main @ 0x4f0e26
//!         example.com/app/main.go:275
//!
//! Stack=
//!     time.Sleep @ 0x47ee80
//!         runtime/time.go:285
//! …
//! M=1358 P=3 G=1 StateTransition Time=1852884296448 GoID=37 NotExist->Runnable Reason=""        (the same from 1.26 on)
//! ```
//!
//! Everything the figures need is there; what is not: the format's version, and how a generation was cut. Up to 1.24 a `Sync` ends a
//! generation and none begins the first one, so one is added. The text is gone through twice: first its stacks and texts are gathered,
//! as a binary trace has them in tables, then its events are handed on. `line` reads one event, `gather` its stacks; `old` reads what
//! the tools up to Go 1.21 print. Read [`read_text`] first.

mod gather;
mod line;
mod old;

use super::Clock;
use super::out::Out;
use super::slots::Slots;
use crate::goruntime::tracewire::WIRE_EVENTS;
use crate::model::trace::{
    ABSENT, Context, DamageKind, Damages, EventKind, GoState, GoTransition, Metric, NO_SLOT,
    Outcome, ProcState, ProcTransition, Range, Region, Scope, Sink, StackRef, SyncPoint, Task,
    UserLog, Word,
};
use gather::Gathered;
use line::{Fields, Record, Records};

/// True where `bytes` begin with an event as a tool of any version prints it.
pub fn is_text(bytes: &[u8]) -> bool {
    is_parsed(bytes) || old::is_old(bytes)
}

/// True where they begin with one of Go 1.22 or later.
fn is_parsed(bytes: &[u8]) -> bool {
    let first = Records::new(bytes).line();
    first
        .and_then(|(line, _)| Fields::of(line))
        .is_some_and(|fields| fields.number(b"Time").is_some())
}

/// Reads all events; `None` where `bytes` do not begin with one. The header of the outcome is 0, the first generation too: text does
/// not tell them.
pub fn read_text<S: Sink>(bytes: &[u8], sink: &mut S) -> Option<Outcome> {
    if !is_parsed(bytes) {
        return old::read(bytes, sink);
    }
    let messages = gather::messages(bytes);
    let mut reader = Reader {
        out: Out::new(sink, Clock::Written),
        goroutines: Slots::default(),
        gathered: Gathered::read(bytes),
        messages: messages.iter(),
        syncs: 0,
        damage: Damages::default(),
    };
    reader.all(bytes);
    Some(Outcome {
        header: Outcome::TEXT,
        generations: reader.syncs.saturating_sub(1),
        first_generation: 0,
        salvaged_from: None,
        damage: reader.damage,
        vocabulary: reader.gathered.tables.vocabulary,
    })
}

struct Reader<'t, 's, S> {
    out: Out<'s, S>,
    goroutines: Slots<()>,
    gathered: Gathered<'t>,
    /// Those that hold escapes, without them.
    messages: std::slice::Iter<'t, Vec<u8>>,
    syncs: u32,
    damage: Damages,
}

impl<'t, S: Sink> Reader<'t, '_, S> {
    fn all(&mut self, text: &'t [u8]) {
        let mut records = Records::new(text).peekable();
        self.out.generation(&self.gathered.tables);
        while let Some(record) = records.next() {
            if record.other > 0 {
                let place = record.offset + record.line.len();
                self.damage.add(DamageKind::NotABatch, place, record.other);
            }
            if self.event(&record, records.peek().is_none()).is_none() {
                let (place, length) = (record.offset, record.line.len());
                self.damage.add(DamageKind::BrokenEvent, place, length);
            }
        }
        self.out.end_generation(&self.gathered.tables);
    }

    /// One event; `None` where its line lacks what its kind needs.
    fn event(&mut self, record: &Record<'t>, last: bool) -> Option<()> {
        let fields = Fields::of(record.line)?;
        let at = i64::try_from(fields.number(b"Time")?).ok()?;
        let kind = fields.word(0)?;
        if self.syncs == 0 && kind != b"Sync" {
            self.sync(at, false);
        }
        let context = self.context(&fields)?;
        let stack = self.gathered.stack(record.stack);
        let event = match kind {
            b"StateTransition" => return self.transition(at, context, stack, &fields, record),
            b"Sync" => {
                self.sync(at, last);
                return Some(());
            }
            _ => self.other(kind, &fields)?,
        };
        self.emit(at, context, stack, event);
        Some(())
    }

    fn emit(&mut self, at: i64, context: Context, stack: StackRef, kind: EventKind) {
        self.out
            .emit(at, context, stack, kind, &self.gathered.tables);
    }

    fn sync(&mut self, at: i64, last: bool) {
        self.syncs = self.syncs.saturating_add(1);
        let point = SyncPoint {
            number: self.syncs,
            last,
        };
        self.emit(at, Context::NONE, StackRef::NONE, EventKind::Sync(point));
    }

    fn context(&mut self, fields: &Fields<'_>) -> Option<Context> {
        let goroutine = fields.number(b"G")?;
        Some(Context {
            thread: fields.number(b"M")?,
            proc: fields.number(b"P")?,
            goroutine,
            slot: match goroutine {
                ABSENT => NO_SLOT,
                id => self.goroutines.find(id).unwrap_or(NO_SLOT),
            },
        })
    }

    /// A quoted text as a word.
    fn word(&mut self, quoted: &[u8]) -> Word {
        let words = &mut self.gathered.tables.vocabulary;
        match memchr::memchr(b'\\', quoted) {
            None => words.word(line::inside(quoted)),
            Some(_) => words.word(&line::unquote(quoted)),
        }
    }

    /// `GoID=37 NotExist->Runnable Reason="…"`, `ProcID=1 Idle->Running`.
    fn transition(
        &mut self,
        at: i64,
        context: Context,
        stack: StackRef,
        fields: &Fields<'_>,
        record: &Record<'t>,
    ) -> Option<()> {
        let states = fields.word(1)?;
        let arrow = memchr::memmem::find(states, b"->")?;
        let (from, to) = (states.get(..arrow)?, states.get(arrow + 2..)?);
        if let Some(id) = fields.number(b"ProcID") {
            let state = |name| {
                ProcState::ALL
                    .into_iter()
                    .find(|state| is(state.name(), name))
            };
            let change = ProcTransition {
                id,
                from: state(from)?,
                to: state(to)?,
            };
            self.emit(at, context, stack, EventKind::Proc(change));
            return Some(());
        }
        let state = |name| {
            GoState::ALL
                .into_iter()
                .find(|state| is(state.name(), name))
        };
        let (id, from, to) = (fields.number(b"GoID")?, state(from)?, state(to)?);
        let reason = self.word(fields.text(b"Reason").unwrap_or_default());
        let slot = match self.goroutines.find(id) {
            Some(slot) => slot,
            None => self.goroutines.insert(id, ()),
        };
        let change = GoTransition {
            id,
            slot,
            from,
            to,
            reason,
            stack: self.gathered.stack(record.own),
        };
        let context = Context {
            slot: match context.goroutine == id {
                true => slot,
                false => context.slot,
            },
            ..context
        };
        self.emit(at, context, stack, EventKind::Goroutine(change));
        if to == GoState::NotExist {
            self.goroutines.remove(id);
        }
        Some(())
    }

    /// Everything but transitions and synchronisation.
    fn other(&mut self, kind: &[u8], fields: &Fields<'t>) -> Option<EventKind> {
        let name = |reader: &mut Self, key| fields.text(key).map(|text| reader.word(text));
        Some(match kind {
            b"StackSample" => EventKind::StackSample,
            b"Label" => EventKind::Label(name(self, b"Label")?),
            b"Metric" => {
                let name = line::inside(fields.text(b"Name")?);
                let metrics = [Metric::Procs, Metric::HeapAlloc, Metric::HeapGoal];
                let metric = metrics.into_iter().find(|metric| is(metric.name(), name))?;
                EventKind::Metric(metric, fields.bracketed(b"Value")?)
            }
            b"RangeBegin" => EventKind::RangeBegin(self.range(fields)?),
            b"RangeActive" => EventKind::RangeActive(self.range(fields)?),
            b"RangeEnd" => EventKind::RangeEnd(self.range(fields)?),
            b"TaskBegin" | b"TaskEnd" => {
                let task = Task {
                    id: fields.number(b"ID")?,
                    parent: fields.number(b"Parent")?,
                    name: name(self, b"Type")?,
                };
                match kind {
                    b"TaskBegin" => EventKind::TaskBegin(task),
                    _ => EventKind::TaskEnd(task),
                }
            }
            b"RegionBegin" | b"RegionEnd" => {
                let region = Region {
                    task: fields.number(b"Task")?,
                    name: name(self, b"Type")?,
                };
                match kind {
                    b"RegionBegin" => EventKind::RegionBegin(region),
                    _ => EventKind::RegionEnd(region),
                }
            }
            b"Log" => self.log(fields)?,
            b"Experimental" => experimental(fields)?,
            _ => return None,
        })
    }

    fn range(&mut self, fields: &Fields<'_>) -> Option<Range> {
        let scope = fields.text(b"Scope")?;
        let name = self.word(fields.text(b"Name")?);
        let scope = match line::bracketed(scope) {
            Some(id) if scope.starts_with(b"Goroutine") => Scope::Goroutine(id),
            Some(id) if scope.starts_with(b"Proc") => Scope::Proc(id),
            _ => Scope::Global,
        };
        let list = fields.text(b"Attributes").unwrap_or_default();
        let attribute = |key: &[u8]| {
            let place = memchr::memmem::find(list, key)?;
            let value = list.get(place + key.len()..)?;
            let end = memchr::memchr(b')', value)?;
            line::bracketed(value.get(..=end)?)
        };
        let swept = attribute(b"\"bytes swept\"=").zip(attribute(b"\"bytes reclaimed\"="));
        Some(Range { name, scope, swept })
    }

    fn log(&mut self, fields: &Fields<'t>) -> Option<EventKind> {
        let message = fields.text(b"Message")?;
        let category = self.word(fields.text(b"Category")?);
        let unescaped = match memchr::memchr(b'\\', message) {
            Some(_) => self.messages.next().map(Vec::as_slice),
            None => None,
        };
        let message = match unescaped {
            Some(text) => self.gathered.tables.inline(text),
            None => self.gathered.tables.inline(line::inside(message)),
        };
        Some(EventKind::Log(UserLog {
            task: fields.number(b"Task")?,
            category,
            message,
        }))
    }
}

fn is(name: &str, text: &[u8]) -> bool {
    name.as_bytes() == text
}

/// `Name=HeapObject Args=[id=Uint64(5), type=Uint64(6)]`.
fn experimental(fields: &Fields<'_>) -> Option<EventKind> {
    let name = fields.text(b"Name")?;
    let event = WIRE_EVENTS.iter().find(|event| is(event.name, name))?;
    let mut arguments = [0; 3];
    let list = fields.text(b"Args")?;
    let values = list.split(|&byte| byte == b',');
    for (argument, value) in arguments.iter_mut().zip(values) {
        *argument = line::bracketed(value)?;
    }
    Some(EventKind::Experimental(event.number, arguments))
}
