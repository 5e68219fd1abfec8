//! The document, streamed into records of the few kinds that mean something. Read [`Gathered::read`] first.

use crate::model::trace::{DamageKind, Damages, Vocabulary, Word};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// The section of processors (or threads, or goroutines, as the view was asked for).
const PROCS: u64 = 0;

/// The section of counters.
const STATS: u64 = 1;

/// Times beyond this, in ns, are no times: they would not be whole numbers any more.
const LATEST: f64 = 9e15;

/// A goroutine that ran.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    pub(super) goroutine: u64,
    /// In ns, as all times here.
    pub(super) start: i64,
    pub(super) end: i64,
    /// Processor, thread or goroutine: the row of the picture.
    pub(super) row: u64,
    /// The frame it stood in when it stopped; 0 for none.
    pub(super) end_stack: u64,
}

/// What an arrow says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Created there.
    Go,
    /// Woken there; the reason it had waited for, if that is told.
    Unblock(Word),
    /// Came back from a system call there.
    SyscallExit,
}

/// An arrow from what let a goroutine run to where it ran.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrow {
    pub(super) cause: Cause,
    pub(super) from: i64,
    pub(super) from_row: u64,
    pub(super) to: i64,
    pub(super) to_row: u64,
    pub(super) stack: u64,
}

/// A system call. Up to Go 1.21 only its beginning is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) row: u64,
    pub(super) stack: u64,
    /// None where it is not told.
    pub(super) blocked: Option<bool>,
}

/// A range of the collector's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) kind: SpanKind,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) row: u64,
    pub(super) stack: u64,
    pub(super) swept: Option<(u64, u64)>,
}

/// Which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpanKind {
    Mark,
    Sweep,
    /// Goes on from an earlier one of the same goroutine (`resumed`).
    Assist {
        resumed: bool,
    },
    /// With its whole name.
    Stop(Word),
}

/// Something at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) at: i64,
    pub(super) row: u64,
    pub(super) stack: u64,
    pub(super) kind: MarkKind,
}

/// What.
#[derive(Clone, Copy, Debug)]
pub(super) enum MarkKind {
    ProcStart,
    ProcStop,
    Sample,
    /// Allocated bytes, and how many more until the next collection.
    Heap(u64, u64),
    /// Category, and which message.
    Log(Word, usize),
}

/// All of it.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) slices: Vec<Slice>,
    pub(super) arrows: Vec<Arrow>,
    pub(super) calls: Vec<Call>,
    pub(super) spans: Vec<Span>,
    pub(super) marks: Vec<Mark>,
    /// What the program logged.
    pub(super) messages: Vec<String>,
    /// The functions goroutines began with, by their number.
    pub(super) starts: HashMap<u64, String, FxBuildHasher>,
    /// Function, line and caller of a frame.
    pub(super) frames: HashMap<u64, (String, u32, u64), FxBuildHasher>,
    pub(super) words: Vocabulary,
    /// Written by a tool up to Go 1.21.
    pub(super) old: bool,
    /// The latest time.
    pub(super) end: i64,
    pub(super) damage: Damages,
    /// Arrows whose end has not come yet.
    open: HashMap<u64, Arrow, FxBuildHasher>,
}

/// One of `traceEvents`. What Go does not write is not looked at.
#[derive(Deserialize)]
struct Raw<'j> {
    #[serde(borrow, default)]
    name: Cow<'j, str>,
    #[serde(borrow, default)]
    ph: Cow<'j, str>,
    #[serde(borrow, default)]
    cat: Cow<'j, str>,
    /// µs.
    #[serde(default)]
    ts: f64,
    #[serde(default)]
    dur: f64,
    #[serde(default)]
    pid: u64,
    #[serde(default)]
    tid: u64,
    #[serde(default)]
    id: u64,
    #[serde(default)]
    sf: u64,
    #[serde(default)]
    esf: u64,
    #[serde(default)]
    args: Option<Arguments>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Arguments {
    blocked: Option<String>,
    #[serde(rename = "Allocated")]
    allocated: Option<u64>,
    #[serde(rename = "NextGC")]
    next: Option<u64>,
    #[serde(rename = "Swept bytes")]
    swept: Option<u64>,
    #[serde(rename = "Reclaimed bytes")]
    reclaimed: Option<u64>,
}

#[derive(Deserialize)]
struct RawFrame<'j> {
    #[serde(borrow)]
    name: Cow<'j, str>,
    #[serde(default)]
    parent: u64,
}

impl Gathered {
    /// Reads as far as the document goes.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut gathered = Self::default();
        let mut document = serde_json::Deserializer::from_slice(bytes);
        if let Err(error) = Document(&mut gathered).deserialize(&mut document) {
            let at = offset(bytes, error.line(), error.column());
            let kind = match error.is_eof() {
                true => DamageKind::CutBatch,
                false => DamageKind::BrokenEvent,
            };
            let rest = bytes.len().saturating_sub(at);
            gathered.damage.add(kind, at, rest);
        }
        gathered
    }

    fn event(&mut self, raw: &Raw<'_>) {
        let start = ns(raw.ts);
        let end = start.saturating_add(ns(raw.dur));
        match (&*raw.ph, raw.pid) {
            ("X", PROCS) => self.slice(raw, start, end),
            ("I", PROCS) => self.instant(raw, start),
            ("C", STATS) if raw.name == "Heap" => {
                let arguments = raw.args.as_ref();
                let heap = arguments.and_then(|of| of.allocated.zip(of.next));
                let Some((allocated, next)) = heap else {
                    return;
                };
                self.mark(raw, start, MarkKind::Heap(allocated, next));
            }
            ("s", PROCS) => self.arrow(raw, start),
            ("t", PROCS) => {
                if let Some(arrow) = self.open.remove(&raw.id) {
                    self.arrows.push(Arrow {
                        to: start,
                        to_row: raw.tid,
                        ..arrow
                    });
                }
            }
            _ => return,
        }
        self.end = self.end.max(end);
    }

    fn mark(&mut self, raw: &Raw<'_>, at: i64, kind: MarkKind) {
        self.marks.push(Mark {
            at,
            row: raw.tid,
            stack: raw.sf,
            kind,
        });
    }

    fn arrow(&mut self, raw: &Raw<'_>, from: i64) {
        let cause = match &*raw.name {
            "go" => Cause::Go,
            "sysexit" | "exit blocked syscall" => Cause::SyscallExit,
            name => {
                let Some(reason) = name.strip_prefix("unblock") else {
                    return;
                };
                let reason = reason
                    .strip_prefix(" (")
                    .and_then(|it| it.strip_suffix(')'));
                Cause::Unblock(self.words.word(reason.unwrap_or_default().as_bytes()))
            }
        };
        self.old |= raw.name == "sysexit";
        let arrow = Arrow {
            cause,
            from,
            from_row: raw.tid,
            to: from,
            to_row: raw.tid,
            stack: raw.sf,
        };
        self.open.insert(raw.id, arrow);
    }

    fn instant(&mut self, raw: &Raw<'_>, at: i64) {
        let kind = match &*raw.name {
            "proc start" => MarkKind::ProcStart,
            "proc stop" => MarkKind::ProcStop,
            "CPU profile sample" => MarkKind::Sample,
            "syscall" => {
                self.old = true;
                self.calls.push(Call {
                    start: at,
                    end: at.saturating_add(1),
                    row: raw.tid,
                    stack: raw.sf,
                    blocked: None,
                });
                return;
            }
            name if raw.cat == "user event" => {
                // `[category] message`, up to Go 1.21 `category=message`; both leave an empty category out.
                let bracketed = name.strip_prefix('[').and_then(|it| it.split_once("] "));
                let split = bracketed.or_else(|| name.split_once('='));
                if matches!(name, "task start" | "task end") && split.is_none() {
                    return;
                }
                let (category, message) = split.unwrap_or(("", name));
                let category = self.words.word(category.as_bytes());
                self.messages.push(message.to_owned());
                MarkKind::Log(category, self.messages.len() - 1)
            }
            _ => return,
        };
        self.mark(raw, at, kind);
    }

    fn slice(&mut self, raw: &Raw<'_>, start: i64, end: i64) {
        if let Some((goroutine, function)) = goroutine(&raw.name) {
            self.slices.push(Slice {
                goroutine,
                start,
                end,
                row: raw.tid,
                end_stack: raw.esf,
            });
            if !function.is_empty() && !self.starts.contains_key(&goroutine) {
                self.starts.insert(goroutine, function.to_owned());
            }
            return;
        }
        let arguments = raw.args.as_ref();
        if raw.name == "syscall" {
            let blocked = arguments.and_then(|of| of.blocked.as_deref());
            self.calls.push(Call {
                start,
                end,
                row: raw.tid,
                stack: raw.sf,
                blocked: blocked.map(|blocked| blocked == "yes"),
            });
            return;
        }
        let Some(kind) = self.span_kind(raw) else {
            return;
        };
        self.spans.push(Span {
            kind,
            start,
            end,
            row: raw.tid,
            stack: raw.sf,
            swept: arguments.and_then(|of| of.swept.zip(of.reclaimed)),
        });
    }

    /// A flat table of the names of both generations of tools.
    fn span_kind(&mut self, raw: &Raw<'_>) -> Option<SpanKind> {
        let name = &*raw.name;
        let assist = name.strip_prefix("MARK ASSIST");
        self.old |= matches!(name, "GC" | "SWEEP") || assist.is_some() || name.starts_with("STW (");
        Some(match name {
            "GC" | "GC concurrent mark phase" => SpanKind::Mark,
            "SWEEP" | "GC incremental sweep" => SpanKind::Sweep,
            // What goes on has no stack: it did not begin here.
            "GC mark assist" => SpanKind::Assist {
                resumed: raw.sf == 0,
            },
            _ if assist.is_some() => SpanKind::Assist {
                resumed: name.contains("resumed"),
            },
            name => {
                let reason = name
                    .strip_prefix("stop-the-world (")
                    .map(|reason| (reason, ""));
                let old = name.strip_prefix("STW (").map(|reason| match reason {
                    "mark termination)" | "sweep termination)" => (reason, "GC "),
                    reason => (reason, ""),
                });
                let (reason, collector) = reason.or(old)?;
                let whole = format!("stop-the-world ({collector}{reason}");
                SpanKind::Stop(self.words.word(whole.as_bytes()))
            }
        })
    }

    fn frame(&mut self, id: u64, frame: &RawFrame<'_>) {
        let (function, line) = frame.name.rsplit_once(':').unwrap_or((&frame.name, ""));
        let line = line.parse().unwrap_or(0);
        self.frames
            .insert(id, (function.to_owned(), line, frame.parent));
    }
}

/// `G19 main.worker (GC (idle))`: its number, and the function it began with, where that is known.
fn goroutine(name: &str) -> Option<(u64, &str)> {
    let (number, function) = name
        .strip_prefix('G')?
        .split_once(' ')
        .unwrap_or((name.get(1..)?, ""));
    let function = function.split(" (").next().unwrap_or(function);
    Some((number.parse().ok()?, function))
}

/// µs with a fraction, to whole ns.
fn ns(micros: f64) -> i64 {
    (micros * 1e3).round().clamp(-LATEST, LATEST) as i64
}

/// The byte at a line and column, both from 1.
fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let before = match line.checked_sub(2) {
        Some(ends) => memchr::memchr_iter(b'\n', bytes)
            .nth(ends)
            .map_or(0, |at| at + 1),
        None => 0,
    };
    (before + column.saturating_sub(1)).min(bytes.len())
}

/// The whole object.
struct Document<'g>(&'g mut Gathered);

impl<'j> DeserializeSeed<'j> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(self, document: D) -> Result<(), D::Error> {
        document.deserialize_map(self)
    }
}

impl<'j> Visitor<'j> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with traceEvents")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'j, str>>()? {
            match &*key {
                "traceEvents" => map.next_value_seed(Events(self.0))?,
                "stackFrames" => map.next_value_seed(Frames(self.0))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// `traceEvents`.
struct Events<'g>(&'g mut Gathered);

impl<'j> DeserializeSeed<'j> for Events<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(self, array: D) -> Result<(), D::Error> {
        array.deserialize_seq(self)
    }
}

impl<'j> Visitor<'j> for Events<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'j>>(self, mut array: A) -> Result<(), A::Error> {
        while let Some(raw) = array.next_element::<Raw<'j>>()? {
            self.0.event(&raw);
        }
        Ok(())
    }
}

/// `stackFrames`.
struct Frames<'g>(&'g mut Gathered);

impl<'j> DeserializeSeed<'j> for Frames<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(self, object: D) -> Result<(), D::Error> {
        object.deserialize_map(self)
    }
}

impl<'j> Visitor<'j> for Frames<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of frames by number")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((id, frame)) = map.next_entry::<Cow<'j, str>, RawFrame<'j>>()? {
            if let Ok(id) = id.parse() {
                self.0.frame(id, &frame);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goroutines_have_a_number_and_often_a_name() {
        assert_eq!(goroutine("G1 main.main"), Some((1, "main.main")));
        assert_eq!(goroutine("G7"), Some((7, "")));
        let worker = "G9 runtime.gcBgMarkWorker (GC (idle))";
        assert_eq!(goroutine(worker), Some((9, "runtime.gcBgMarkWorker")));
        let method = goroutine("G12 main.(*T[...]).run").map(|it| it.1);
        assert_eq!(method, Some("main.(*T[...]).run"));
        for other in ["GC", "GC (fractional)", "GC mark assist", "syscall", "G"] {
            assert_eq!(goroutine(other), None, "{other}");
        }
    }

    #[test]
    fn times_are_whole_ns() {
        assert_eq!(ns(158.4), 158_400);
        assert_eq!(ns(15.015_999_999_999_849), 15_016);
        assert_eq!(ns(f64::NAN), 0);
        assert_eq!(ns(f64::INFINITY), LATEST as i64);
    }

    #[test]
    fn a_cut_document_keeps_what_came_before() {
        let text = b"{\"displayTimeUnit\":\"ns\"\n,\"traceEvents\": [{\"name\":\"G1 main.main\",\"ph\":\"X\",\"ts\":1,\"dur\":2,\"pid\":0,\"tid\":1}\n,{\"name\":\"G2";
        let gathered = Gathered::read(text);
        assert_eq!(gathered.slices.len(), 1);
        assert_eq!(gathered.damage.count(DamageKind::CutBatch), 1);
        assert!(gathered.damage.places[0].offset > 90);
    }
}
