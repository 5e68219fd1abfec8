//! Records of `key=value` pairs, as logfmt, logrus and slog write them.
//!
//! ```text
//! time="2026-01-02T15:04:05Z" level=error msg="recovered" stack="goroutine 7 [running]:\nmain.f()\n\t/app/main.go:9 +0x1d\n"
//! time=2026-01-02T15:04:05.000Z level=ERROR msg="goroutine 1 [running]:"
//! ```
//!
//! Read [`peel`]; `prefix` uses [`start_of_pairs`] to stop before the pairs.

use super::record::{Record, Tally};
use crate::envelope::escapes::unquote;
use crate::envelope::sample::Sample;
use crate::envelope::stamp;
use crate::envelope::step::Peeled;
use crate::envelope::streams::{Assembly, assemble};
use crate::envelope::text::Layer;
use crate::goruntime::anchors;

/// Places where pairs may begin that are tried in one line.
const MAX_STARTS: usize = 24;

/// One pair of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair<'t> {
    key: &'t [u8],
    value: &'t [u8],
    /// The value stood in quotes and is still escaped.
    quoted: bool,
}

impl Pair<'_> {
    fn unescaped(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(self.value.len());
        if self.quoted {
            unquote(self.value, &mut value);
        } else {
            value.extend_from_slice(self.value);
        }
        value
    }
}

/// Takes pairs off, where their values hold lines of a dump.
pub(in crate::envelope) fn peel(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    if sample.hidden == 0 {
        return None;
    }
    let keys = learn(sample);
    if keys.is_empty() {
        return None;
    }
    let assembled = assemble(layer, sample, |layer, assembly| {
        read(layer, &keys, assembly)
    })?;
    Some(Peeled::assembled("logfmt", assembled))
}

/// The keys whose values hold lines of a dump.
fn learn(sample: &Sample) -> Vec<Vec<u8>> {
    let mut tallies: Vec<(Vec<u8>, Tally)> = Vec::new();
    for line in sample.lines() {
        let Some(start) = anchors::find_inside(line).and_then(|dump| start_of_pairs(line, dump))
        else {
            continue;
        };
        for pair in line.get(start..).and_then(pairs).unwrap_or_default() {
            let known = tallies
                .iter()
                .position(|(key, _)| key == pair.key)
                .unwrap_or(tallies.len());
            if known == tallies.len() {
                tallies.push((pair.key.to_vec(), Tally::default()));
            }
            if let Some((_, tally)) = tallies.get_mut(known) {
                tally.count(&pair.unescaped());
            }
        }
    }
    tallies
        .into_iter()
        .filter(|(_, tally)| tally.plain > 0 || tally.hidden > 0)
        .map(|(key, _)| key)
        .collect()
}

/// Hands the values of the learnt keys on; what stands before the pairs stays as a line of its own.
fn read(layer: &Layer, keys: &[Vec<u8>], assembly: &mut Assembly) {
    for (origin, line) in layer.lines() {
        let dump = anchors::find_inside(line).unwrap_or(0);
        let start = start_of_pairs(line, dump).unwrap_or(0);
        let read = line.get(start..).and_then(pairs).filter(|pairs| {
            pairs
                .iter()
                .any(|pair| keys.iter().any(|key| key == pair.key))
        });
        let Some(read) = read else {
            assembly.raw(origin, line);
            continue;
        };
        let stamp = stamp::parse(line)
            .filter(|_| start > 0)
            .and_then(|stamp| stamp.time);
        let mut record = Record {
            time: stamp.or(origin.time),
            ..Record::default()
        };
        for pair in read {
            if keys.iter().any(|key| key == pair.key) {
                record.values.push((origin, pair.unescaped()));
            } else {
                record.note(pair.key, pair.value, || (origin, pair.unescaped()));
            }
        }
        if start > 0 {
            assembly.raw(
                origin,
                line.get(..start).unwrap_or_default().trim_ascii_end(),
            );
        }
        record.close(false, assembly);
    }
}

/// Where the pairs begin whose quoted value holds the dump line at `dump`.
pub(in crate::envelope) fn start_of_pairs(line: &[u8], dump: usize) -> Option<usize> {
    let before = line.get(..dump)?;
    memchr::memmem::find(before, b"=\"")?;
    let starts = std::iter::once(0).chain(
        before
            .iter()
            .enumerate()
            .filter(|(_, byte)| matches!(byte, b' ' | b'\t'))
            .map(|(at, _)| at + 1),
    );
    starts
        .take(MAX_STARTS)
        .find(|start| line.get(*start..).is_some_and(|rest| pairs(rest).is_some()))
}

/// The pairs of a line that consists of pairs; a quote that is never closed reaches to the end of the line.
fn pairs(line: &[u8]) -> Option<Vec<Pair<'_>>> {
    let mut pairs = Vec::new();
    let mut rest = line.trim_ascii();
    while !rest.is_empty() {
        let length = rest
            .iter()
            .take_while(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@' | b'/')
            })
            .count();
        let (key, after) = (rest.get(..length)?, rest.get(length..)?.strip_prefix(b"=")?);
        if key.is_empty() {
            return None;
        }
        let (pair, after) = match after.strip_prefix(b"\"") {
            Some(inner) => {
                let end = closing_quote(inner).unwrap_or(inner.len());
                (
                    Pair {
                        key,
                        value: inner.get(..end)?,
                        quoted: true,
                    },
                    inner.get(end + 1..).unwrap_or_default(),
                )
            }
            None => {
                let end = after
                    .iter()
                    .position(|byte| byte.is_ascii_whitespace())
                    .unwrap_or(after.len());
                (
                    Pair {
                        key,
                        value: after.get(..end)?,
                        quoted: false,
                    },
                    after.get(end..)?,
                )
            }
        };
        pairs.push(pair);
        rest = after.trim_ascii_start();
    }
    (!pairs.is_empty()).then_some(pairs)
}

/// Offset of the quote that ends a string.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_a_line() {
        let read = pairs(br#"time=1 msg="a \"b\" c" err= x.y="open"#).unwrap_or_default();
        let shown: Vec<(&[u8], Vec<u8>)> = read
            .iter()
            .map(|pair| (pair.key, pair.unescaped()))
            .collect();
        assert_eq!(
            shown,
            [
                (&b"time"[..], b"1".to_vec()),
                (b"msg", b"a \"b\" c".to_vec()),
                (b"err", Vec::new()),
                (b"x.y", b"open".to_vec())
            ]
        );
    }

    #[test]
    fn pairs_may_begin_behind_free_text() {
        let line =
            br#"2026/01/02 15:04:05 ERROR recovered stack="goroutine 1 [running]:\nmain.f()""#;
        assert_eq!(start_of_pairs(line, 43), Some(36));
        assert_eq!(
            start_of_pairs(b"panic: x=1 goroutine 1 [running]:", 11),
            None
        );
    }
}
