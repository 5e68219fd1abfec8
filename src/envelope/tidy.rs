//! Small damage to the lines themselves: padding at their ends, characters that an editor made prettier, masked secrets.

use super::sample::Sample;
use super::step::Peeled;
use super::text::{Layer, lines_of};
use crate::goruntime::anchors::{self, Anchor};
use crate::model::TextLine;
use bstr::ByteSlice;

/// Takes blanks off the ends of lines, where those of structural lines are padded.
pub(super) fn padding(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    let padded = |line: &[u8]| line.ends_with(b" ") || line.ends_with(b"\t");
    let shown = |line: &[u8]| {
        padded(line)
            && anchors::classify(line).is_none()
            && anchors::classify(line.trim_end()).is_some_and(Anchor::is_structural)
    };
    sample.lines().find(|line| shown(line))?;
    let next = layer.map_lines(|line, builder, origin| {
        let trimmed = line.trim_end();
        // A panic with an empty text ends with the blank behind its colon.
        let trimmed = if trimmed.ends_with(b"panic:") {
            line.get(..trimmed.len() + 1).unwrap_or(line)
        } else {
            trimmed
        };
        builder.line(origin, trimmed);
    });
    Some(Peeled::one("padding", next))
}

/// What editors and chats make of plain characters, and the plain ones.
const PRETTIER: [(&str, &str); 10] = [
    ("\u{a0}", " "),
    ("\u{202f}", " "),
    ("\u{2003}", " "),
    ("…", "..."),
    ("“", "\""),
    ("”", "\""),
    ("‘", "'"),
    ("’", "'"),
    ("\u{200b}", ""),
    ("\u{feff}", ""),
];

/// Makes lines plain that thereby become lines of a dump; all others, a panic's text above all, stay.
pub(super) fn typography(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    if sample.as_layer().text.is_ascii() {
        return None;
    }
    sample.lines().find(|line| plain(line).is_some())?;
    let next = layer.map_lines(|line, builder, origin| match plain(line) {
        Some(plain) => builder.line(origin, &plain),
        None => builder.line(origin, line),
    });
    Some(Peeled::one("typography", next))
}

fn plain(line: &[u8]) -> Option<Vec<u8>> {
    if line.is_ascii() || anchors::classify(line).is_some() {
        return None;
    }
    let text = PRETTIER
        .iter()
        .fold(line.to_vec(), |text, (pretty, plain)| {
            text.replace(pretty, plain)
        });
    anchors::classify(&text)
        .filter(|form| *form != Anchor::Preamble)
        .map(|_| text)
}

/// Bytes searched for a mask: a secret that is part of a path is masked in every stack.
const MASK_REACH: usize = 1024 * 1024;

/// The first line of a dump in which a CI system replaced a secret by `***`.
pub(super) fn first_mask(text: &[u8]) -> Option<TextLine> {
    let text = text.get(..text.len().min(MASK_REACH)).unwrap_or_default();
    let at = text.find_iter(b"***").find(|at| {
        let start = text
            .get(..*at)
            .and_then(|before| before.rfind_byte(b'\n'))
            .map_or(0, |end| end + 1);
        text.get(start..)
            .and_then(|rest| lines_of(rest).next())
            .and_then(anchors::classify)
            .is_some_and(|form| form != Anchor::Preamble)
    })?;
    let lines = memchr::memchr_iter(b'\n', text.get(..at)?).count();
    u32::try_from(lines).ok().map(TextLine)
}
