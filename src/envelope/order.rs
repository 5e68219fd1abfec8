//! Exports that begin with the newest line: Loki, CloudWatch Insights, GCP, `journalctl -r`.
//!
//! Time stamps don't tell (lines of one dump share theirs), and a viewer's name proves nothing; the dump itself does. In the
//! order written, a header stands before its first function line; reversed, after it.

use super::sample::Sample;
use super::step::Peeled;
use super::text::{Builder, Layer};
use crate::goruntime::anchors::Anchor;
use crate::model::LineOrigin;

/// Headers in reversed surroundings have to outnumber the others by this much: a cut or interleaved dump shows a few of each.
const CLEAR_MAJORITY: usize = 4;

/// Turns the lines round, where the headers prove that they are reversed.
pub(super) fn reversed(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    let lines: Vec<(&[u8], Option<Anchor>)> = sample
        .lines_and_forms()
        .filter(|(line, _)| !line.trim_ascii().is_empty())
        .collect();
    let is_body = |line: Option<&(&[u8], Option<Anchor>)>| {
        line.is_some_and(|(line, form)| {
            *form == Some(Anchor::Function) || line.ends_with(b"stack unavailable")
        })
    };
    let (mut written, mut backwards) = (0usize, 0usize);
    for (at, (line, form)) in lines.iter().enumerate() {
        if heads_stack(line, *form) {
            written += usize::from(is_body(lines.get(at + 1)));
            backwards += usize::from(
                at.checked_sub(1)
                    .is_some_and(|before| is_body(lines.get(before))),
            );
        }
    }
    if backwards == 0 || backwards < written * CLEAR_MAJORITY {
        return None;
    }
    let note = "the source has its newest line first; the order was reversed, as its goroutine headers prove".to_owned();
    Some(Peeled::noted("newest first", turn_round(layer), note))
}

/// True for lines that stand before the functions of a stack: headers of goroutines and of race reports.
fn heads_stack(line: &[u8], form: Option<Anchor>) -> bool {
    match form {
        Some(Anchor::Header) => true,
        Some(Anchor::Fixed) => line.ends_with(b":"),
        _ => false,
    }
}

/// The lines in reverse order; the lines of a record that is one line of the source keep theirs.
fn turn_round(layer: &Layer) -> Layer<'static> {
    let lines: Vec<(LineOrigin, &[u8])> = layer.lines().collect();
    let mut builder = Builder::with_capacity(layer.text.len());
    let same_line =
        |(one, _): &(LineOrigin, &[u8]), (next, _): &(LineOrigin, &[u8])| one.line == next.line;
    // An array of records on one line has no lines to keep together.
    let record_per_line = lines.chunk_by(same_line).count() * 2 > lines.len();
    for group in lines
        .chunk_by(|one, next| record_per_line && same_line(one, next))
        .rev()
    {
        for (origin, line) in group {
            builder.line(*origin, line);
        }
    }
    builder.finish(layer.stream.clone())
}
