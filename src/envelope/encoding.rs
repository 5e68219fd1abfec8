//! The bytes themselves: UTF-16, byte order marks, line ends, terminal colours.
//!
//! `open` calls [`decode`] once on the source; [`carriage_returns`] and [`colours`] are steps, because wrappers inside of
//! wrappers have them too (`"log":"goroutine 1 [running]:\r\n"`).

use super::sample::Sample;
use super::step::Peeled;
use super::text::Layer;
use crate::goruntime::anchors::{self, Anchor};
use bstr::ByteSlice;
use std::borrow::Cow;

/// Bytes looked at to tell UTF-16 without a byte order mark.
const PROBE: usize = 512;

/// A source in UTF-8, or as near to it as it came.
#[derive(Debug)]
pub(super) struct Decoded<'s> {
    pub text: Cow<'s, [u8]>,
    /// What it was, where it was not plain.
    pub name: Option<&'static str>,
}

/// A text in UTF-16, told by its first bytes: a stream of it is turned into UTF-8 piece by piece.
#[derive(Clone, Debug)]
pub struct Utf16 {
    unit: fn([u8; 2]) -> u16,
    /// Half a unit, or the first half of a pair of units.
    left: Vec<u8>,
}

impl Utf16 {
    /// `None` where `head`, the beginning of a text, is in another encoding.
    pub fn told(head: &[u8]) -> Option<Self> {
        let unit = match decode(head).name? {
            "utf-16le" => u16::from_le_bytes,
            "utf-16be" => u16::from_be_bytes,
            _ => return None,
        };
        let left = Vec::new();
        Some(Self { unit, left })
    }

    /// The next piece in UTF-8, as far as its letters are whole.
    pub fn decode(&mut self, piece: &[u8], to: &mut Vec<u8>) {
        self.left.extend_from_slice(piece);
        let mut whole = self.left.len() / 2 * 2;
        let last = whole
            .checked_sub(2)
            .and_then(|at| self.left.get(at..whole))
            .and_then(|pair| <[u8; 2]>::try_from(pair).ok())
            .map(self.unit);
        // The first half of a pair waits for the second.
        whole -= if last.is_some_and(|unit| (0xd800..0xdc00).contains(&unit)) {
            2
        } else {
            0
        };
        let rest = self.left.split_off(whole);
        to.extend_from_slice(&letters(&self.left, self.unit));
        self.left = rest;
    }
}

/// Turns UTF-16 into UTF-8, takes a byte order mark off, and gives a text of bare carriage returns line ends.
pub(super) fn decode(bytes: &[u8]) -> Decoded<'_> {
    let whole = |text| Decoded { text, name: None };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => whole(Cow::Borrowed(rest)),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes, "utf-16le"),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes, "utf-16be"),
        _ => match zeros(bytes) {
            (0, odd) if odd > 0 => utf16(bytes, u16::from_le_bytes, "utf-16le"),
            (even, 0) if even > 0 => utf16(bytes, u16::from_be_bytes, "utf-16be"),
            _ if has_bare_returns(bytes) => Decoded {
                text: Cow::Owned(bytes.replace(b"\r", b"\n")),
                name: Some("cr line ends"),
            },
            _ => whole(Cow::Borrowed(bytes)),
        },
    }
}

/// Zero bytes at even and at odd places, 0 and 0 where they are too few for UTF-16.
fn zeros(bytes: &[u8]) -> (usize, usize) {
    let probe = bytes.get(..bytes.len().min(PROBE)).unwrap_or_default();
    let count = |offset| {
        probe
            .iter()
            .skip(offset)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (even, odd) = (count(0), count(1));
    if (even + odd) * 5 >= probe.len() * 2 {
        (even, odd)
    } else {
        (0, 0)
    }
}

/// True for a text whose lines end with `\r` alone.
fn has_bare_returns(bytes: &[u8]) -> bool {
    let probe = bytes.get(..bytes.len().min(PROBE)).unwrap_or_default();
    probe.contains(&b'\r') && !bytes.contains(&b'\n') && anchors::first_telltale(bytes).is_some()
}

fn utf16<'s>(bytes: &[u8], unit: fn([u8; 2]) -> u16, name: &'static str) -> Decoded<'s> {
    Decoded {
        text: Cow::Owned(letters(bytes, unit)),
        name: Some(name),
    }
}

fn letters(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = bytes
        .chunks_exact(2)
        .filter_map(|pair| <[u8; 2]>::try_from(pair).ok().map(unit));
    let mut text = Vec::with_capacity(bytes.len() / 2);
    for letter in char::decode_utf16(units) {
        let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
    text
}

/// Takes carriage returns off: before line ends, and what a progress bar wrote before them on the line of a dump.
pub(super) fn carriage_returns(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    let disturbs = |line: &[u8]| {
        line.contains(&b'\r')
            && anchors::classify(line)
                .is_none_or(|form| form == Anchor::Preamble && line.ends_with(b"\r"))
    };
    if !sample.holds(b"\r") {
        return None;
    }
    let throughout =
        sample.lines().all(|line| line.ends_with(b"\r")) && sample.lines().nth(1).is_some();
    if !throughout {
        sample.lines().find(|line| {
            disturbs(line) && clean_of_returns(line) != *line && speaks(clean_of_returns(line))
        })?;
    }
    let next =
        layer.map_lines(|line, builder, origin| builder.line(origin, clean_of_returns(line)));
    let crlf = sample.lines().any(|line| line.ends_with(b"\r"));
    Some(Peeled::one(
        if crlf { "crlf" } else { "carriage returns" },
        next,
    ))
}

fn speaks(line: &[u8]) -> bool {
    anchors::classify(line).is_some()
        || anchors::find_inside(line).is_some()
        || anchors::holds_location(line)
}

/// `line` without the returns at its end, and without what a return in its middle let a dump line write over.
fn clean_of_returns(line: &[u8]) -> &[u8] {
    let body = line.trim_end_with(|c| c == '\r');
    match body.rfind_byte(b'\r').and_then(|at| body.get(at + 1..)) {
        Some(last) if anchors::classify(body) != Some(Anchor::Preamble) && speaks(last) => last,
        _ => body,
    }
}

/// Takes terminal colours off, where the structure of a dump is coloured, not just a panic's text.
pub(super) fn colours(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    if !ESCAPES.iter().any(|escape| sample.holds(escape)) {
        return None;
    }
    let (mut coloured, mut structural) = (0usize, 0usize);
    let mut plain = Vec::new();
    for line in sample.lines() {
        plain.clear();
        uncolour(line, &mut plain);
        // Colour before `panic:` is the wrapper's, colour behind it the panic's own.
        let opens = anchors::classify(line).is_none()
            && anchors::find_inside(&plain).is_some()
            && coloured_before_dump(line);
        if opens
            || (anchors::holds_structure(&plain)
                && anchors::classify(&plain) != Some(Anchor::Preamble))
        {
            structural += 1;
            coloured += usize::from(plain.len() != line.len());
        }
    }
    if coloured == 0 || coloured * 4 < structural {
        return None;
    }
    let next = layer.map_lines(|line, builder, origin| {
        plain.clear();
        uncolour(line, &mut plain);
        builder.line(origin, &plain);
    });
    Some(Peeled::one("ansi", next))
}

/// True where a control sequence stands before what looks like a dump in `line`.
fn coloured_before_dump(line: &[u8]) -> bool {
    let dump = anchors::find_inside(line).unwrap_or(line.len());
    line.get(..dump).is_some_and(has_escape)
}

/// The ways an escape byte is written: itself, as an editor shows it, as syslog spells it.
const ESCAPES: [&[u8]; 3] = [b"\x1b", b"^[", b"#033"];

fn has_escape(line: &[u8]) -> bool {
    ESCAPES.iter().any(|escape| line.find(escape).is_some())
}

/// `line` without control sequences (`ESC [ … letter`, `ESC ] … BEL`), written to `out`.
fn uncolour(line: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    loop {
        let next = ESCAPES
            .iter()
            .filter_map(|escape| rest.find(escape).map(|at| (at, escape.len())))
            .min();
        let Some((at, escape)) = next else { break };
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + escape..).unwrap_or_default();
        match sequence_length(after) {
            Some(length) => rest = after.get(length..).unwrap_or_default(),
            None => {
                let kept = if escape == 1 { 0 } else { escape };
                out.extend_from_slice(rest.get(at..at + kept).unwrap_or_default());
                rest = after;
            }
        }
    }
    out.extend_from_slice(rest);
}

/// Length of the control sequence whose escape byte stood before `text`.
fn sequence_length(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'[' => {
            let parameters = text
                .iter()
                .skip(1)
                .take_while(|byte| matches!(byte, b'0'..=b'?'))
                .count();
            text.get(1 + parameters)
                .filter(|last| matches!(last, b'@'..=b'~'))
                .map(|_| parameters + 2)
        }
        b']' => {
            let end = text.iter().position(|byte| matches!(byte, 7 | 0x1b))?;
            Some(if text.get(end..end + 2) == Some(b"\x1b\\") {
                end + 2
            } else {
                end + 1
            })
        }
        b'(' | b')' => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_is_told_with_and_without_a_mark() {
        let text = "panic: bööm\n\ngoroutine 1 [running]:\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for source in [
            le.clone(),
            be.clone(),
            [&[0xff, 0xfe][..], &le].concat(),
            [&[0xfe, 0xff][..], &be].concat(),
        ] {
            assert_eq!(&*decode(&source).text, text.as_bytes());
        }
    }

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(decode(b"panic: x\n").text, Cow::Borrowed(_)));
        assert_eq!(&*decode(b"\xef\xbb\xbfpanic: x\n").text, b"panic: x\n");
    }

    #[test]
    fn control_sequences_in_three_spellings() {
        for line in [
            "\x1b[1;31mpanic\x1b[0m: x",
            "^[[31mpanic^[[0m: x",
            "#033[31mpanic#033[0m: x",
            "\x1b]0;title\x07panic: x",
        ] {
            let mut out = Vec::new();
            uncolour(line.as_bytes(), &mut out);
            assert_eq!(out, b"panic: x", "{line}");
        }
    }
}
