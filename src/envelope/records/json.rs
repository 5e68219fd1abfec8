//! Records of JSON: docker json-file, journald, `go test -json`, Loki, CloudWatch, Stackdriver, Elastic, Datadog, and the lines
//! of zap, zerolog, slog and logrus.
//!
//! ```text
//! {"log":"goroutine 1 [running]:\n","stream":"stderr","time":"2026-01-02T15:04:05.123456789Z"}
//! {"level":"error","ts":1767366245.5,"msg":"recovered","stack":"goroutine 7 [running]:\nmain.f()\n\t/app/main.go:9 +0x1d\n"}
//! [{"insertId":"1","textPayload":"goroutine 1 [running]:","timestamp":"2026-01-02T15:04:05Z"}, …]
//! ```
//!
//! Which field holds the dump is learnt from the values; who wrote a record and when is read from keys that log systems agree
//! on. Read [`peel`], then [`Plan`].

use super::record::{Record, Tally};
use super::scan::{Event, Path, Walk};
use crate::envelope::escapes::unquote;
use crate::envelope::sample::Sample;
use crate::envelope::stamp;
use crate::envelope::step::Peeled;
use crate::envelope::streams::{Assembly, assemble};
use crate::envelope::text::Layer;
use crate::model::{LineOrigin, TextLine};
use rustc_hash::FxHashMap;

/// What the key of the dump says about the writer of the records.
const NAMES: [(&[u8], &str); 9] = [
    (b"log", "docker json-file"),
    (b"Output", "go test -json"),
    (b"MESSAGE", "journald json"),
    (b"textPayload", "gcp json"),
    (b"line", "loki json"),
    (b"values", "loki json"),
    (b"@message", "cloudwatch json"),
    (b"stack", "json field"),
    (b"stacktrace", "json field"),
];

/// Lines of a dump in the values of one path that settle which path it is.
const ENOUGH: usize = 2000;

/// Keys whose values are pieces of a stream, so that one without a line end always goes on in the next.
const JOINING_KEYS: [&[u8]; 2] = [b"log", b"Output"];

/// Takes the records of JSON off, where their values hold lines of a dump.
pub(in crate::envelope) fn peel(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    if sample.hidden == 0 && !super::pieces_likely(sample) {
        return None;
    }
    let is_document = layer
        .text
        .trim_ascii_start()
        .first()
        .is_some_and(|byte| matches!(byte, b'[' | b'{'));
    let plan = Plan::learn(if is_document {
        &layer.text
    } else {
        &sample.as_layer().text
    })?;
    let assembled = assemble(layer, sample, |layer, assembly| {
        read(layer, &plan, assembly)
    })?;
    let truncated = layer.text.len() == sample.as_layer().text.len()
        && Walk::new(&layer.text).last() == Some(Event::Cut);
    Some(Peeled {
        truncated,
        ..Peeled::assembled(plan.name, assembled)
    })
}

/// Which values hold the dump.
#[derive(Debug)]
struct Plan {
    paths: Vec<Path>,
    /// Values end with `\n`, so that one without it goes on in the next record.
    values_end: bool,
    name: &'static str,
}

impl Plan {
    fn learn(text: &[u8]) -> Option<Self> {
        let mut tallies: FxHashMap<Path, (&[u8], Tally)> = FxHashMap::default();
        let mut value = Vec::new();
        for event in Walk::new(text) {
            let (Event::Text { path, key, raw, .. } | Event::Plain { path, key, raw, .. }) = event
            else {
                continue;
            };
            let order = tallies.len();
            let (_, tally) = tallies.entry(path).or_insert((
                key,
                Tally {
                    order,
                    ..Tally::default()
                },
            ));
            value.clear();
            unquote(raw, &mut value);
            tally.count(&value);
            if tally.plain > ENOUGH {
                break;
            }
        }
        let mut ranked: Vec<(Path, &[u8], Tally)> = tallies
            .into_iter()
            .map(|(path, (key, tally))| (path, key, tally))
            .collect();
        ranked.sort_by_key(|(_, _, tally)| (std::cmp::Reverse(tally.weight()), tally.order));
        let (_, best_key, best) = *ranked.first()?;
        if best.weight() == (0, 0, 0) {
            return None;
        }
        let bytes_of_message = |key: &[u8]| key == b"MESSAGE" && best_key == b"MESSAGE";
        let taken = ranked.iter().enumerate().filter(|(rank, (_, key, tally))| {
            *rank == 0 || tally.plain > 0 || bytes_of_message(key)
        });
        let paths = taken.map(|(_, (path, _, _))| *path).collect();
        let name = NAMES
            .iter()
            .find(|(key, _)| *key == best_key)
            .map_or("json", |(_, name)| name);
        let values_end = best.values_end() || (JOINING_KEYS.contains(&best_key) && best.ended > 0);
        Some(Self {
            paths,
            values_end,
            name,
        })
    }
}

/// Walks through the whole text and hands each record's values on.
fn read(layer: &Layer, plan: &Plan, assembly: &mut Assembly) {
    let mut places = Places::new(layer);
    let mut open: Vec<Record> = Vec::new();
    for event in Walk::new(&layer.text) {
        match event {
            Event::Open => {
                let record = open.last().map(Record::inner).unwrap_or_default();
                open.push(record);
            }
            Event::Close => open
                .pop()
                .into_iter()
                .for_each(|record| record.close(plan.values_end, assembly)),
            Event::Cut => open
                .drain(..)
                .rev()
                .for_each(|record| record.close(plan.values_end, assembly)),
            Event::Raw { line, offset } => assembly.raw(places.origin(offset), line),
            scalar => {
                if let Some(record) = open.last_mut() {
                    take(record, plan, scalar, &mut places);
                }
            }
        }
    }
    open.drain(..)
        .rev()
        .for_each(|record| record.close(plan.values_end, assembly));
}

/// One scalar of a record: a piece of the dump, or something about it.
fn take(record: &mut Record, plan: &Plan, scalar: Event, places: &mut Places) {
    match scalar {
        Event::Text {
            path,
            key,
            raw,
            offset,
        } => {
            let mut value = || {
                let mut value = Vec::with_capacity(raw.len());
                unquote(raw, &mut value);
                (places.origin(offset), value)
            };
            if plan.paths.contains(&path) {
                record.values.push(value());
            } else if key == b"values" {
                record.time = stamp::of_value(raw);
            } else {
                record.note(key, raw, value);
            }
        }
        Event::Plain {
            path,
            key,
            raw,
            offset,
        } => {
            let byte = std::str::from_utf8(raw)
                .ok()
                .and_then(|text| text.parse::<u8>().ok());
            match byte.filter(|_| key == b"MESSAGE" && plan.paths.contains(&path)) {
                Some(byte) => add_byte(record, byte, || places.origin(offset)),
                None => record.note(key, raw, || (places.origin(offset), raw.to_vec())),
            }
        }
        _ => {}
    }
}

/// A byte of a journald message that is not UTF-8 and therefore printed as an array of numbers.
fn add_byte(record: &mut Record, byte: u8, origin: impl FnOnce() -> LineOrigin) {
    if record.values.is_empty() {
        record.values.push((origin(), Vec::new()));
    }
    if let Some((_, value)) = record.values.last_mut() {
        value.push(byte);
    }
}

/// From growing offsets to the lines they stand in.
struct Places<'l, 's> {
    layer: &'l Layer<'s>,
    at: usize,
    line: u32,
}

impl<'l, 's> Places<'l, 's> {
    fn new(layer: &'l Layer<'s>) -> Self {
        Self {
            layer,
            at: 0,
            line: 0,
        }
    }

    fn origin(&mut self, offset: usize) -> LineOrigin {
        let between = self.layer.text.get(self.at..offset).unwrap_or_default();
        self.line += u32::try_from(memchr::memchr_iter(b'\n', between).count()).unwrap_or(u32::MAX);
        self.at = offset;
        self.layer.lines.origin(TextLine(self.line))
    }
}
