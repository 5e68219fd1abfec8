//! What log systems, terminals and tickets wrap around a dump, recognised by itself and taken off.
//!
//! [`open`] peels one wrapper after the other, each line keeping the line and the time stamp it had in the source. What a
//! wrapper is gets decided from the lines of a dump in it (`goruntime::anchors`), on a bounded sample; a plain dump is borrowed
//! as it is. The order of [`STEPS`] matters: bytes, then records, then prefixes, then escapes, then repairs of the lines.
//!
//! | file | what it takes off |
//! |---|---|
//! | `encoding` | UTF-16, byte order marks, carriage returns, terminal colours |
//! | `records/` | JSON, CSV, logfmt, journald's export format |
//! | `prefix`, `fields`, `first_line` | what stands before lines: learnt, not listed |
//! | `streams` | joins partial lines, takes interleaved containers apart |
//! | `markup`, `escapes` | HTML, Markdown fences, `#011`, `\n` and `\t` spelt out |
//! | `order`, `pieces`, `rewrap`, `tidy` | newest-first exports, one record per print call, hard-wrapped lines, padding |

mod encoding;
mod escapes;
mod fields;
mod first_line;
mod markup;
mod order;
mod pieces;
mod prefix;
mod records;
mod rewrap;
mod sample;
mod stamp;
mod step;
mod streams;
mod text;
mod tidy;

pub use encoding::Utf16;

use crate::goruntime::anchors;
use crate::model::{LineMap, TextLine};
use sample::Sample;
use std::borrow::Cow;
use std::ops::Range;
use step::Peeled;
use text::{Layer, count_lines};

/// Most steps taken on one text: real sources nest three or four wrappers, a hostile one must come to an end.
const MAX_STEPS: usize = 16;

/// One step: what came out from under one wrapper, or `None` where it is not there.
type Step = fn(&Layer, &Sample) -> Option<Peeled>;

/// All steps, in the order in which they are tried.
const STEPS: [Step; 17] = [
    encoding::carriage_returns,
    encoding::colours,
    records::json::peel,
    records::export::peel,
    records::csv::peel,
    markup::html,
    prefix::peel,
    records::logfmt::peel,
    markup::octal,
    markup::spelt_out,
    markup::fences,
    first_line::peel,
    tidy::padding,
    tidy::typography,
    pieces::join,
    order::reversed,
    rewrap::join,
];

/// One text found in a source, without its wrapper.
#[derive(Debug)]
pub struct Unwrapped<'s> {
    /// The text; borrowed from the source where nothing was taken off.
    pub text: Cow<'s, [u8]>,
    /// Back to the lines and time stamps of the source.
    pub lines: LineMap,
    /// The container, pod, unit or package it belongs to, where the source interleaves several.
    pub stream: Option<String>,
}

/// Something about the unwrapping that a reader of the report has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeNote {
    /// Line of the source, counted from 1, where there is one.
    pub line: Option<u32>,
    /// In words.
    pub text: String,
}

/// A source with its wrappers taken off.
#[derive(Debug)]
pub struct Opened<'s> {
    /// One text; one for each container, pod or unit where several that carry a dump are interleaved.
    pub texts: Vec<Unwrapped<'s>>,
    /// The wrappers, outermost first: `none`, `cri`, `journald + html`.
    pub envelope: String,
    /// Lines of the source.
    pub lines: u32,
    /// What was done that changes how the text has to be read.
    pub notes: Vec<EnvelopeNote>,
    /// Lines of the source, counted from 1, that carried nothing into any text. Ascending, disjoint.
    pub wrapper_lines: Vec<Range<u32>>,
    /// The wrapper shows that the source was cut.
    pub truncated: bool,
}

/// A source as UTF-8 with line ends, its wrappers still around it; a profile or trace as it is.
pub fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    match anchors::is_profile(bytes) || anchors::trace_header(bytes).is_some() {
        true => Cow::Borrowed(bytes),
        false => encoding::decode(bytes).text,
    }
}

impl Opened<'_> {
    /// What came out of a part of an input, behind so many lines of it.
    #[must_use]
    pub fn behind(mut self, lines: u32) -> Self {
        let shift = |line: &mut u32| *line = line.saturating_add(lines);
        for text in &mut self.texts {
            text.lines = std::mem::take(&mut text.lines).behind(lines);
        }
        let noted = self.notes.iter_mut().filter_map(|note| note.line.as_mut());
        noted.for_each(shift);
        for range in &mut self.wrapper_lines {
            shift(&mut range.start);
            shift(&mut range.end);
        }
        self
    }
}

/// The time that a line of a log carries, in nanoseconds since 1970: at its start, in brackets or quotes near it, or behind the key of a
/// JSON or logfmt record. A stamp without a zone is read as UTC, one without a year is none.
pub fn time_of(line: &[u8]) -> Option<i64> {
    stamp::inside(line)
}

/// Takes all wrappers off a source.
///
/// Never fails: what is no wrapper stays, and a text without any word of a dump comes through as it is (decoded to UTF-8).
///
/// A profile in protocol buffers or an execution trace (binary, or as JSON for a viewer) has no lines: it is handed on as one text of
/// none.
pub fn open(bytes: &[u8]) -> Opened<'_> {
    let trace = anchors::trace_header(bytes).is_some() || anchors::is_trace_json(bytes);
    if trace || anchors::is_profile(bytes) {
        return unlined(bytes);
    }
    let decoded = encoding::decode(bytes);
    let lines = count_lines(&decoded.text);
    let mut outcome = Outcome {
        names: decoded
            .name
            .map(|name| (0, name.to_owned()))
            .into_iter()
            .collect(),
        ..Outcome::default()
    };
    let mut pending = vec![(
        0,
        Layer {
            text: decoded.text,
            lines: LineMap::identity(),
            stream: None,
        },
    )];
    while let Some((depth, layer)) = pending.pop() {
        match outcome.step(depth, &layer) {
            Some(inner) => pending.extend(inner.into_iter().rev().map(|layer| (depth + 1, layer))),
            None => outcome.texts.push(Unwrapped {
                text: layer.text,
                lines: layer.lines,
                stream: layer.stream,
            }),
        }
    }
    outcome.note_binary(bytes);
    outcome.note_masks();
    let envelope = outcome.envelope();
    let wrapper_lines = uncovered(lines, &outcome.texts);
    Opened {
        texts: outcome.texts,
        envelope,
        lines,
        notes: outcome.notes,
        wrapper_lines,
        truncated: outcome.truncated,
    }
}

/// A source that is no text.
fn unlined(bytes: &[u8]) -> Opened<'_> {
    let whole = Unwrapped {
        text: Cow::Borrowed(bytes),
        lines: LineMap::identity(),
        stream: None,
    };
    Opened {
        texts: vec![whole],
        envelope: "none".to_owned(),
        lines: 0,
        notes: Vec::new(),
        wrapper_lines: Vec::new(),
        truncated: false,
    }
}

/// What has been found so far.
#[derive(Debug, Default)]
struct Outcome<'s> {
    texts: Vec<Unwrapped<'s>>,
    /// Wrappers by the number of steps before them.
    names: Vec<(usize, String)>,
    notes: Vec<EnvelopeNote>,
    truncated: bool,
}

impl Outcome<'_> {
    /// Takes the outermost wrapper of `layer` off; `None` where there is none left.
    fn step(&mut self, depth: usize, layer: &Layer) -> Option<Vec<Layer<'static>>> {
        if depth == MAX_STEPS {
            return None;
        }
        let sample = Sample::take(&layer.text)?;
        let peeled = STEPS
            .iter()
            .find_map(|step| step(layer, &sample))
            .filter(|peeled| !peeled.layers.is_empty())?;
        if !peeled.name.is_empty()
            && !self
                .names
                .iter()
                .any(|(at, name)| *at == depth && *name == peeled.name)
        {
            self.names.push((depth, peeled.name));
        }
        self.notes.extend(peeled.notes);
        self.truncated |= peeled.truncated;
        Some(peeled.layers)
    }

    /// The wrappers' names, outermost first.
    fn envelope(&mut self) -> String {
        self.names.sort_by_key(|(depth, _)| *depth);
        let names: Vec<&str> = self.names.iter().map(|(_, name)| name.as_str()).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(" + ")
        }
    }

    fn note_binary(&mut self, bytes: &[u8]) {
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let text =
                "binary (gzip) data, perhaps a pprof profile: fetch it with ?debug=2 to get text"
                    .to_owned();
            self.notes.push(EnvelopeNote { line: None, text });
        }
    }

    /// Secrets that a CI system replaced.
    fn note_masks(&mut self) {
        let masked = self
            .texts
            .iter()
            .filter_map(|unwrapped| Some((unwrapped, tidy::first_mask(&unwrapped.text)?)))
            .next();
        if let Some((unwrapped, line)) = masked {
            let line = Some(unwrapped.lines.origin(line).line);
            self.notes.push(EnvelopeNote {
                line,
                text: "parts of the dump are masked with ***".to_owned(),
            });
        }
    }
}

/// Lines of the source that are no origin of any unwrapped line.
fn uncovered(lines: u32, texts: &[Unwrapped]) -> Vec<Range<u32>> {
    if texts.iter().any(|unwrapped| unwrapped.lines.is_identity()) {
        return Vec::new();
    }
    let mut covered = vec![false; lines as usize];
    for unwrapped in texts {
        for line in 0..count_lines(&unwrapped.text) {
            let origin = unwrapped.lines.origin(TextLine(line)).line;
            if let Some(seen) = covered.get_mut((origin as usize).wrapping_sub(1)) {
                *seen = true;
            }
        }
    }
    let mut ranges: Vec<Range<u32>> = Vec::new();
    for (line, _) in (1u32..).zip(&covered).filter(|(_, seen)| !**seen) {
        match ranges.last_mut() {
            Some(last) if last.end == line => last.end += 1,
            _ => ranges.push(line..line + 1),
        }
    }
    ranges
}
