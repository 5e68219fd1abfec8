//! Texts whose characters were spelt differently: syslog's octal, HTML, line ends written as `\n`, Markdown fences.
//!
//! Each is undone only where the structure of a dump shows it (a location such as `#011/app/main.go:9 +0x1d` or
//! `main.go:9 &#43;0x1d`): a panic's text may hold any of them and mean it.

use super::escapes::{unentity, unoctal, unquote};
use super::sample::Sample;
use super::step::Peeled;
use super::text::{Builder, Layer, lines_of};
use crate::goruntime::anchors::{self, Anchor};
use crate::model::LineOrigin;
use bstr::ByteSlice;

/// Undoes `#011` and `#012` of rsyslog, where locations are indented with them.
pub(super) fn octal(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    let shown = |line: &[u8]| {
        if line.starts_with(b"FAIL#011") || line.starts_with(b"ok  #011") {
            return true;
        }
        let mut text = Vec::new();
        unoctal(line, &mut text);
        text.len() != line.len()
            && anchors::classify(line).is_none()
            && lines_of(&text)
                .any(|line| anchors::classify(line).is_some_and(Anchor::is_structural))
    };
    if !sample.holds(b"#") {
        return None;
    }
    sample
        .lines()
        .find(|line| line.contains(&b'#') && shown(line))?;
    let mut text = Vec::new();
    let next = layer.map_lines(|line, builder, origin| {
        text.clear();
        unoctal(line, &mut text);
        builder.text(origin, &text);
    });
    Some(Peeled::one("syslog escapes", next))
}

/// Tags that tickets and wikis put around and into a dump; they are dropped, `br` and the ends of blocks end a line.
const TAGS: [&str; 16] = [
    "br",
    "pre",
    "code",
    "p",
    "div",
    "span",
    "td",
    "tr",
    "li",
    "body",
    "html",
    "font",
    "b",
    "samp",
    "tt",
    "blockquote",
];
/// Tags after which a line ends.
const LINE_TAGS: [&str; 5] = ["br", "p", "div", "tr", "li"];
/// Longest tag looked for, attributes included.
const MAX_TAG: usize = 256;

/// Undoes HTML, where it disguises structural lines.
pub(super) fn html(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    if sample.hidden == 0 {
        return None;
    }
    let mut text = Vec::new();
    let mut gains = |line: &[u8]| {
        if memchr::memchr2(b'<', b'&', line).is_none() {
            return false;
        }
        text.clear();
        unmark(line, &mut text);
        text != line
            && anchors::classify(line).is_none()
            && lines_of(&text)
                .any(|line| anchors::classify(line).is_some_and(Anchor::is_structural))
    };
    sample.lines().find(|line| gains(line))?;
    let next = layer.map_lines(|line, builder, origin| {
        text.clear();
        unmark(line, &mut text);
        if text.is_empty() != line.is_empty() {
            return;
        }
        builder.text(origin, &text);
    });
    Some(Peeled::one("html", next))
}

/// `line` without tags and entities.
fn unmark(line: &[u8], out: &mut Vec<u8>) {
    let mut untagged = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr(b'<', rest) {
        untagged.extend_from_slice(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        match tag(after) {
            Some((length, ends_line)) => {
                rest = after.get(length..).unwrap_or_default();
                if ends_line && !rest.is_empty() {
                    untagged.push(b'\n');
                }
            }
            None => {
                untagged.push(b'<');
                rest = after;
            }
        }
    }
    untagged.extend_from_slice(rest);
    unentity(&untagged, out);
}

/// Length of the tag behind its `<`, and whether it ends a line.
fn tag(text: &[u8]) -> Option<(usize, bool)> {
    let closing = text.first() == Some(&b'/');
    let name: Vec<u8> = text
        .iter()
        .skip(usize::from(closing))
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    let name = TAGS.iter().find(|known| known.as_bytes() == name)?;
    let end = text.iter().take(MAX_TAG).position(|byte| *byte == b'>')?;
    let ends_line = LINE_TAGS.contains(name) && (closing || *name == "br");
    Some((end + 1, ends_line))
}

/// Splits lines in which a whole dump stands with its line ends and tabs spelt out (`\n`, `\t`, or `\\n`, `\\t`).
pub(super) fn spelt_out(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    if sample.hidden == 0 && sample.plain > 0 {
        return None;
    }
    if !sample.holds(b"\\n") {
        return None;
    }
    let free = sample.plain_headers == 0;
    sample.lines().find(|line| spelt(line, free))?;
    let next = layer.map_lines(|line, builder, origin| {
        if spelt(line, free) {
            spell(line, builder, origin);
        } else {
            builder.line(origin, line);
        }
    });
    Some(Peeled::one("escaped", next))
}

/// True where `line` holds a header or `created by` and, behind a spelt-out line end, a location. A panic's own line counts
/// only where no dump stands free (`free`): otherwise the panic's text quotes one.
fn spelt(line: &[u8], free: bool) -> bool {
    let located = [&b"\\\\n\\\\t"[..], b"\\n\\t", b"\\n    ", b"\\n"]
        .iter()
        .any(|end| {
            line.find_iter(end).any(|at| {
                line.get(at..)
                    .is_some_and(|rest| begins_location(rest.get(end.len()..).unwrap_or_default()))
            })
        });
    located
        && anchors::find_inside(line).is_some()
        && (free || anchors::classify(line) != Some(Anchor::Preamble))
}

fn begins_location(rest: &[u8]) -> bool {
    let end = rest.find(b"\\n").unwrap_or(rest.len());
    let first = rest.get(..end).unwrap_or_default();
    let first = first
        .find_byte(b'"')
        .and_then(|quote| first.get(..quote))
        .unwrap_or(first);
    anchors::is_location(first.trim_end_with(|c| c == '\\'))
}

/// Writes the lines of a spelt-out dump; text before its opening quote becomes a line of its own.
fn spell(line: &[u8], builder: &mut Builder, origin: LineOrigin) {
    let dump = anchors::find_inside(line).unwrap_or(0);
    let quote = line
        .get(..dump)
        .and_then(|before| before.rfind_byte(b'"'))
        .filter(|quote| {
            line.get(*quote..dump)
                .is_some_and(|between| between.find(b"\\\"").is_none())
        });
    let (before, text) = match quote {
        Some(quote) => (
            line.get(..quote).unwrap_or_default(),
            line.get(quote + 1..).unwrap_or_default(),
        ),
        None => (&b""[..], line),
    };
    let (text, after) = match quote.and_then(|_| closing_quote(text)) {
        Some(end) => (
            text.get(..end).unwrap_or_default(),
            text.get(end + 1..).unwrap_or_default(),
        ),
        None => (text, &b""[..]),
    };
    if !before.trim().is_empty() {
        builder.line(origin, before.trim_end());
    }
    let mut once = Vec::with_capacity(text.len());
    unquote(text, &mut once);
    if once.contains(&b'\n') {
        builder.text(origin, &once);
    } else {
        let mut twice = Vec::with_capacity(once.len());
        unquote(&once, &mut twice);
        builder.text(origin, &twice);
    }
    if !after.trim().is_empty() {
        builder.line(origin, after);
    }
}

/// Offset of the first quote that is not escaped.
fn closing_quote(text: &[u8]) -> Option<usize> {
    text.find_iter(b"\"").find(|at| {
        text.get(..*at).is_some_and(|before| {
            before
                .iter()
                .rev()
                .take_while(|byte| **byte == b'\\')
                .count()
                % 2
                == 0
        })
    })
}

/// What a fence begins with.
const FENCES: [&[u8]; 2] = [b"```", b"~~~"];

/// Takes the fences of Markdown code blocks off that hold a dump; a fence in a panic's text comes after the dump began.
pub(super) fn fences(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    if !FENCES.iter().any(|fence| sample.holds(fence)) {
        return None;
    }
    let mut lines = sample.lines_and_forms();
    let (first, _) = lines.find(|(line, form)| is_fence(line) || form.is_some())?;
    if !is_fence(first) || !lines.any(|(_, form)| form.is_some()) {
        return None;
    }
    let next = layer.map_lines(|line, builder, origin| {
        if !is_fence(line) {
            builder.line(origin, line);
        }
    });
    Some(Peeled::one("markdown", next))
}

/// "```", "```go", "~~~".
fn is_fence(line: &[u8]) -> bool {
    let line = line.trim();
    let mut ticks = FENCES.iter().filter_map(|fence| line.strip_prefix(*fence));
    ticks.next().is_some_and(|language| {
        language.len() < 20
            && language.iter().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'_' | b'`')
            })
    })
}
