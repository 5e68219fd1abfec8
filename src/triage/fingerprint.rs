//! Which crashes are the same one: a number that equal crashes share on every machine and with every release of gotriage.
//!
//! ```text
//! gotriage.fingerprint/1
//! category map-write-write
//! role writer
//! site main.(*Cache).Set cache.go:31
//! ```
//!
//! is the canonical text of a crash; its SHA-256, of which the first eight bytes are kept and printed as 16 hexadecimal digits, is the
//! fingerprint. Each line ends with a newline. What stands in it:
//!
//! - `category`: the verdict's, a word of the report's schema.
//! - `role`: what the goroutine that died did with the map (`writer`, `reader`, `iterator`, `cloner`); absent elsewhere.
//! - `site`: the line of user code to open first, as function, file and line. The function without escapes, type arguments, and what the
//!   compiler adds for closures and wrappers; the file without its directories, which differ between build machines. A report of
//!   the race detector on a map has two, sorted, each behind what was done there (`site write main.set main.go:9`).
//! - `message`: only where no site is known: the crash's own words up to their first line end, every number replaced by `#`.
//!
//! Addresses, goroutine ids, counts, the runtime's frames and lines, Go versions, grades and gotriage's own sentences are not in it.
//! Within `gotriage.scan/1` the text does not change. Called by `scan` for every incident; read [`fingerprint`].

use super::report::{Category, Conflict, IncidentReport, Participant, Place};
use crate::goruntime::frames;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// First line of the canonical text: another one makes other fingerprints.
const HEAD: &str = "gotriage.fingerprint/1\n";

/// Characters of a message that count; the rest of a long one is data.
const MESSAGE_MOST: usize = 200;

/// What equal crashes share. Shown as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// Not 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 16 hexadecimal digits, as `gotriage scan` prints them")]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or(NoFingerprint)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Fingerprint {
    fn schema_name() -> Cow<'static, str> {
        "Fingerprint".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What equal crashes share: 16 hexadecimal digits.",
            "type": "string",
            "pattern": "^[0-9a-f]{16}$"
        })
    }
}

/// The fingerprint of an incident.
pub fn fingerprint(incident: &IncidentReport) -> Fingerprint {
    hashed(&canonical(incident))
}

/// The fingerprint of a part of an incident, or of what is none: one report of the race detector, a build error. `lines` stand below
/// that of the category, sorted.
pub(super) fn of_lines(category: &str, mut lines: Vec<String>) -> Fingerprint {
    lines.sort();
    let mut text = format!("{HEAD}category {category}\n");
    for line in lines {
        text.push_str(&one_line(&line));
        text.push('\n');
    }
    hashed(&text)
}

fn hashed(canonical: &str) -> Fingerprint {
    let digest = Sha256::digest(canonical);
    let first = digest.iter().take(8);
    Fingerprint(first.fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The text that is hashed.
pub fn canonical(incident: &IncidentReport) -> String {
    let verdict = &incident.verdict;
    let crash = incident.crash.as_ref();
    let mut text = format!("{HEAD}category {}\n", verdict.category.word());
    if let Some(role) = crash.and_then(|crash| crash.role.as_ref()) {
        text.push_str(&format!("role {}\n", one_line(role)));
    }
    let raced = incident
        .conflicts
        .first()
        .filter(|_| verdict.category == Category::MapRaceReport);
    match (raced, &verdict.culprit, crash) {
        (Some(conflict), ..) => text.extend(both_sides(conflict)),
        (None, Some(place), _) => text.push_str(&format!("site {}\n", site(place))),
        (None, None, Some(crash)) => {
            text.push_str(&format!("message {}\n", without_numbers(&crash.message)));
        }
        (None, None, None) => {}
    }
    text
}

/// The two lines of a race, sorted: which of them the detector names first is chance.
fn both_sides(conflict: &Conflict) -> Vec<String> {
    let side = |party: &Participant| {
        let place = Place {
            func: party.func.clone().unwrap_or_default(),
            file: party.file.clone().unwrap_or_default(),
            line: party.line.unwrap_or(0),
        };
        format!("site {} {}\n", one_line(&party.op), site(&place))
    };
    let mut sides: Vec<String> = conflict.participants.iter().map(side).collect();
    sides.sort();
    sides
}

/// `main.(*Cache).Set cache.go:31`.
pub(super) fn site(place: &Place) -> String {
    let file = place.file.rsplit(['/', '\\']).next().unwrap_or_default();
    let function = function(&place.func);
    format!("{} {}:{}", one_line(&function), one_line(file), place.line)
}

/// A function's name as its author wrote it: no escapes, no type arguments, and a closure counts as the function around it.
pub fn function(printed: &str) -> String {
    let plain = frames::unescape(frames::unwrapped(printed.as_bytes())).into_owned();
    let package = frames::package(printed.as_bytes());
    let package = String::from_utf8_lossy(&frames::unescape(package)).into_owned();
    let plain = String::from_utf8_lossy(&plain).into_owned();
    let Some(name) = plain
        .strip_prefix(&package)
        .and_then(|rest| rest.strip_prefix('.'))
    else {
        return without_type_arguments(&plain);
    };
    let name = without_type_arguments(name);
    format!("{package}.{}", without_closures(&name))
}

/// `(*Gen).Get` of `(*Gen[...]).Get`.
fn without_type_arguments(name: &str) -> String {
    let mut depth = 0usize;
    let outside = name.chars().filter(|&c| {
        depth += usize::from(c == '[');
        let kept = depth == 0;
        depth = depth.saturating_sub(usize::from(c == ']'));
        kept
    });
    outside.collect()
}

/// `(*Cache).Set` of `(*Cache).Set.func1.2`, `run` of `run-range1`.
fn without_closures(name: &str) -> String {
    let mut parts = name.split('.');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let stem = part.trim_end_matches(|c: char| c.is_ascii_digit());
        if matches!(stem, "" | "func" | "gowrap" | "deferwrap")
            && (stem.len() < part.len() || stem.is_empty())
        {
            break;
        }
        kept.push('.');
        kept.push_str(part);
    }
    let end = kept.find("-range").unwrap_or(kept.len());
    kept.truncate(end);
    kept
}

/// The first line of a message, its numbers as `#`.
fn without_numbers(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let mut out = String::new();
    let mut rest = line.chars().take(MESSAGE_MOST).peekable();
    while let Some(c) = rest.next() {
        if !c.is_ascii_digit() {
            out.push(if c.is_control() { ' ' } else { c });
            continue;
        }
        out.push('#');
        // Behind a digit, hexadecimal letters and the x of 0x belong to the number.
        while rest
            .next_if(|c| c.is_ascii_hexdigit() || *c == 'x')
            .is_some()
        {}
    }
    out
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests;
