//! Lines broken by a terminal or a mail program at its right edge.
//!
//! A line that is cut at the edge and reads as no line of a dump is joined with those behind it, where the whole then reads as
//! one. Terminals break anywhere, mail programs at a blank, which the break replaces. A panic's text can't be joined: nothing
//! in it shows where it was whole.

use super::sample::Sample;
use super::step::Peeled;
use super::text::{Builder, Layer};
use crate::goruntime::anchors::{self, Anchor};
use crate::goruntime::needle::Needle;
use crate::model::LineOrigin;
use bstr::ByteSlice;

/// Most lines joined to one: a frame with ten arguments at 72 columns takes five.
const MAX_JOINED: usize = 10;
/// Narrowest line that an edge has cut: mail programs move whole words on, so lines end well before the edge.
const MIN_COLUMNS: usize = 32;
/// A tab of a terminal moves on to the next multiple of this.
const TAB_COLUMNS: usize = 8;

static GO_FILE: Needle = Needle::new(b".go:");

/// Joins broken lines, where at least one structural line is broken.
pub(super) fn join(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    let lines: Vec<&[u8]> = sample.lines().collect();
    let edge = sample
        .lines_and_forms()
        .filter(|(line, form)| {
            *form == Some(Anchor::Location) || begins_line(line) || GO_FILE.is_in(line)
        })
        .map(|(line, _)| columns(line))
        .max()?;
    let mut forms = sample.lines_and_forms().enumerate();
    forms.find(|(at, (line, form))| {
        may_be_broken(line, *form) && joined(lines.get(*at..).unwrap_or_default(), edge).is_some()
    })?;
    let lines: Vec<(LineOrigin, &[u8])> = layer.lines().collect();
    let texts: Vec<&[u8]> = lines.iter().map(|(_, line)| *line).collect();
    let mut builder = Builder::with_capacity(layer.text.len());
    let (mut at, mut count) = (0, 0u32);
    while let Some((origin, line)) = lines.get(at) {
        match joined(texts.get(at..).unwrap_or_default(), edge) {
            Some((whole, taken)) => {
                builder.line(*origin, &whole);
                count += 1;
                at += taken;
            }
            None => {
                builder.line(*origin, line);
                at += 1;
            }
        }
    }
    let note = format!(
        "{count} line{} joined that had been broken at the right edge",
        if count == 1 { "" } else { "s" }
    );
    Some(Peeled::noted(
        "hard wrap",
        builder.finish(layer.stream.clone()),
        note,
    ))
}

/// The longest line of a dump that the first of `lines` and some behind it make, and how many they are.
fn joined(lines: &[&[u8]], edge: usize) -> Option<(Vec<u8>, usize)> {
    let (first, rest) = lines.split_first()?;
    if !may_be_broken(first, anchors::classify(first)) {
        return None;
    }
    let mut whole = first.to_vec();
    let mut found = None;
    for (index, next) in rest.iter().take(MAX_JOINED).enumerate() {
        let last = lines.get(index).copied().unwrap_or_default();
        let at_edge = columns(last) == edge;
        let complete = is_complete(&whole);
        // What reads as whole goes on only where the edge cut it, or where the next line is the rest of a location.
        if next.is_empty()
            || is_complete(next)
            || begins_line(next)
            || (complete && !at_edge && !is_location_rest(next))
        {
            break;
        }
        let needs_blank = whole.ends_with(b",") || is_location_rest(next);
        let replaced_blank =
            !at_edge || (needs_blank && !next.starts_with(b" ") && !whole.ends_with(b" "));
        if replaced_blank {
            whole.push(b' ');
        }
        whole.extend_from_slice(if replaced_blank {
            next.trim_start()
        } else {
            next
        });
        if is_complete(&whole) {
            found = Some((whole.clone(), index + 2));
        } else if complete {
            break;
        }
    }
    found
}

/// Columns that a line takes on a terminal.
fn columns(line: &[u8]) -> usize {
    if line.is_ascii() && !line.contains(&b'\t') {
        return line.len();
    }
    let wide = |column: usize, letter: char| {
        if letter == '\t' {
            (column / TAB_COLUMNS + 1) * TAB_COLUMNS
        } else {
            column + 1
        }
    };
    line.chars().fold(0, wide)
}

/// ` +0x1d`, ` fp=0x…`, ` in goroutine 7`: what may follow a location or a creation that reads as whole.
fn is_location_rest(line: &[u8]) -> bool {
    let rest = line.trim_start();
    [&b"+0x"[..], b"fp=0x", b"sp=0x", b"pc=0x", b"in goroutine "]
        .iter()
        .any(|start| rest.starts_with(start))
}

/// A line that is wide enough to be broken: the start of one, or one that reads as whole and may have lost its end.
fn may_be_broken(line: &[u8], form: Option<Anchor>) -> bool {
    let start = match form {
        None => begins_line(line) || line.starts_with(b"\t") || line.starts_with(b"    "),
        Some(form) => matches!(form, Anchor::Location | Anchor::CreatedBy),
    };
    start && columns(line) >= MIN_COLUMNS
}

/// A whole line of the body of a dump.
fn is_complete(line: &[u8]) -> bool {
    matches!(
        anchors::classify(line),
        Some(
            Anchor::Header
                | Anchor::CreatedBy
                | Anchor::Location
                | Anchor::Function
                | Anchor::Fixed
        )
    )
}

/// The start of a header, of `created by`, or of a function line.
fn begins_line(line: &[u8]) -> bool {
    if !line.first().is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let name = memchr::memchr(b'(', line).and_then(|open| line.get(..open));
    let call =
        name.is_some_and(|name| name.contains(&b'.') && !name.iter().any(u8::is_ascii_whitespace));
    line.starts_with(b"goroutine ")
        || line.starts_with(b"created by ")
        || line.starts_with(b"panic(")
        || call
}
