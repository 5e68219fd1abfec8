//! Wrappers that put something before every line: time stamps, container names, pods, quotes, bars, indentation.
//!
//! The prefix is learnt from the lines in which a line of a dump starts behind it, and believed where its shape goes on in the
//! lines that follow. No vendor has code here; [`NAMES`] only calls the child by its name. Read [`peel`], then [`learn`].

use super::fields::{Heads, Shape};
use super::sample::Sample;
use super::stamp;
use super::step::Peeled;
use super::streams::{Assembly, assemble};
use super::text::Layer;
use crate::goruntime::anchors;
use crate::model::LineOrigin;
use bstr::ByteSlice;
use regex::bytes::Regex;

/// Lines behind a dump line in which its prefix has to go on.
const NEIGHBOURS: usize = 12;
/// Fewest lines that make a prefix.
const FEWEST: usize = 4;
/// Different shapes tried; a text has one or two, the rest is free text that quotes a dump.
const MAX_SHAPES: usize = 12;

/// Names of prefixes, by the look of one; only for people.
const NAMES: [(&str, &str); 13] = [
    (r"^\S+ (stdout|stderr) [PF](:\S*)? $", "cri"),
    (r"^\S+ \d\d[OE][ +]$", "gitlab"),
    (r"\t.*\t\S*\d\d:\d\d:\d\d\S* $", "github actions"),
    (r"^\S+\d\d:\d\d:\d\d\S* (app|heroku)\[[^\]]+\]: $", "heroku"),
    (r"^\S+\d\d:\d\d:\d\d\S* \S+\[[^\]]+\] \S+ \[\w+\] ?$", "fly"),
    (r"^<\d+>", "syslog"),
    (
        r"^([A-Z][a-z]{2} [ \d]\d [\d:.]+|\d{4}-\d\d-\d\dT\S+) \S+ [^ \[]+(\[\d+\])?: $",
        "journald",
    ),
    (r"^\[pod/", "kubectl"),
    (r"^[^|]+ *\| $", "compose"),
    (r"^\s*> ?$", "quote"),
    (r"^│ $", "box"),
    (r"^\s+$", "indentation"),
    (
        r"^\d{4}-\d\d-\d\d[T ][\d:.,]+(Z|[+-][\d:]+)? $",
        "time stamps",
    ),
];

/// Takes a prefix off every line that has it.
pub(super) fn peel(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    // A dump that stands free is not what a prefix hides, whatever its panic text quotes.
    if sample.hidden <= sample.plain_rigid {
        return None;
    }
    let learnt = learn(sample)?;
    let assembled = assemble(layer, sample, |layer, assembly| {
        read(layer, &learnt.shape, assembly)
    })?;
    let name = NAMES
        .iter()
        .find(|(form, _)| Regex::new(form).is_ok_and(|form| form.is_match(&learnt.example)));
    Some(Peeled::assembled(
        name.map_or("prefix", |(_, name)| name),
        assembled,
    ))
}

/// A shape and a prefix that has it.
#[derive(Debug)]
struct Learnt {
    shape: Shape,
    example: Vec<u8>,
}

/// The shape that makes most lines of the sample readable.
fn learn(sample: &Sample) -> Option<Learnt> {
    let lines: Vec<&[u8]> = sample.lines().collect();
    let mut best: Option<(usize, Learnt)> = None;
    for (at, whole) in candidates(&lines) {
        let neighbours = neighbours(&lines, at);
        let alone = lines.len() < FEWEST && lines.get(at).is_some_and(|line| is_alone(line));
        let fewest = if alone { 1 } else { 2 };
        let goes_on = std::iter::successors(Some(whole), Shape::shortened)
            .find(|shape| matches(shape, neighbours, fewest) * 4 >= neighbours.len() * 3);
        // A panic's text is indented, too, and may hold a whole dump.
        let Some(shape) =
            goes_on.filter(|shape| !(shape.is_indentation() && sample.plain_rigid > 0))
        else {
            continue;
        };
        let gain = readable(&shape, &lines);
        if gain > best.as_ref().map_or(0, |(gain, _)| *gain) {
            let mut heads = Heads::default();
            let example = lines
                .get(at)
                .filter(|line| shape.strip(line, &mut heads).is_some())
                .and_then(|line| line.get(..heads.length));
            best = Some((
                gain,
                Learnt {
                    shape,
                    example: example.unwrap_or_default().to_vec(),
                },
            ));
        }
    }
    best.filter(|(gain, learnt)| *gain > sample.readable && !learnt.example.is_empty())
        .map(|(_, learnt)| learnt)
}

/// The lines in which a prefix found in line `at` has to go on: those behind it, or before it where the text ends there.
fn neighbours<'l, 't>(lines: &'l [&'t [u8]], at: usize) -> &'l [&'t [u8]] {
    let end = (at + NEIGHBOURS).min(lines.len());
    let start = if end - at.min(end) < FEWEST {
        end.saturating_sub(FEWEST)
    } else {
        at
    };
    lines.get(start..end).unwrap_or_default()
}

/// The shapes of what stands before a dump line or a further wrapper, each with the first line that has it.
fn candidates(lines: &[&[u8]]) -> Vec<(usize, Shape)> {
    let mut found: Vec<(usize, Shape)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let prefix = payload_start(line).and_then(|start| line.get(..start));
        let Some(shape) = prefix.and_then(Shape::of) else {
            continue;
        };
        let known = found.iter_mut().any(|(_, known)| known.absorbs(&shape));
        if !known && found.len() < MAX_SHAPES {
            found.push((at, shape));
        }
    }
    found
}

/// True for a line that alone shows a prefix: a stamp, a bar or a bracket before the panic of a dump that has no more lines.
/// Words before it would make a crash of `recovered from panic: x`.
fn is_alone(line: &[u8]) -> bool {
    let before = anchors::find_inside(line)
        .and_then(|start| line.get(..start))
        .unwrap_or_default();
    let marked = stamp::parse(before).is_some()
        || before.starts_with(b"[")
        || before.starts_with(b"<")
        || before.contains(&b'|');
    let trimmed = before.trim_end();
    let bare = stamp::parse(before).is_some_and(|stamp| stamp.length >= trimmed.len());
    let ended = [&b"|"[..], b"]", b"]:", b">", b"}", b" F", b" P", b" - -"]
        .iter()
        .any(|end| trimmed.ends_with(end));
    trimmed.is_empty() || trimmed.iter().all(|byte| *byte == b'>') || (marked && (bare || ended))
}

/// How many of `lines` have the shape, 0 where fewer than `fewest` have: blank lines speak neither way.
fn matches(shape: &Shape, lines: &[&[u8]], fewest: usize) -> usize {
    let mut heads = Heads::default();
    let matching = lines
        .iter()
        .filter(|line| shape.strip(line, &mut heads).is_some())
        .count();
    let blank = lines.iter().filter(|line| line.trim().is_empty()).count();
    if matching >= fewest {
        matching + blank
    } else {
        0
    }
}

/// How many lines read as a dump, or as a further wrapper around one, once the shape is off.
fn readable(shape: &Shape, lines: &[&[u8]]) -> usize {
    let mut heads = Heads::default();
    let rest = lines.iter().filter_map(|line| {
        shape.strip(line, &mut heads)?;
        line.get(heads.length..)
    });
    rest.filter(|rest| anchors::classify(rest).is_some() || payload_start(rest).is_some())
        .count()
}

/// Where the text behind a prefix starts: JSON or key=value pairs that hold a line of a dump, or that line itself.
fn payload_start(line: &[u8]) -> Option<usize> {
    let dump = anchors::find_inside(line)?;
    let json = line
        .get(..dump)
        .and_then(|before| before.find(b"{\""))
        .filter(|_| line.trim_end().ends_with(b"}"));
    json.or_else(|| super::records::logfmt::start_of_pairs(line, dump))
        .or(Some(dump))
}

/// Takes the shape off all lines of a layer.
fn read(layer: &Layer, shape: &Shape, assembly: &mut Assembly) {
    let mut heads = Heads::default();
    let mut column = 0;
    for (origin, line) in layer.lines() {
        if shape.strip(line, &mut heads).is_some() {
            column = heads.length;
            let origin = LineOrigin {
                line: origin.line,
                time: heads.time.or(origin.time),
            };
            let text = line.get(heads.length..).unwrap_or_default();
            if heads.continues {
                assembly.reopen(&heads.writer);
            }
            assembly.record(&heads.writer, origin, text, heads.goes_on);
        } else {
            assembly.raw(origin, unindented(line, column));
        }
    }
}

/// journald indents the further lines of a message to the column at which its text began.
fn unindented(line: &[u8], column: usize) -> &[u8] {
    match line.split_at_checked(column) {
        Some((blanks, rest)) if column > 4 && blanks.iter().all(|&byte| byte == b' ') => rest,
        _ => line,
    }
}
