//! What step 3 says of a map: its identity, the rules it is computed by, where its fields stand, and where the keys lie.
//!
//! Without a snapshot that ends at the header: the rest takes words that no traceback prints, and the commands that fetch them from
//! a core are given. With one, `memory` finds the map in it and `places` the keys and addresses.

use super::super::case::Case;
use super::super::maps::{key_kind_word, layout_word, map_id};
use super::super::memory::{self, Match};
use super::super::observe::{crash_at, finding};
use super::super::places::{self, Seen};
use super::super::report::{At, Code, Finding, MapPlace};
use super::super::values::{at, count, grouped, sentence};
use super::fields;
use crate::analyze::accesses::KeyWord;
use crate::analyze::conflict::MapIdentity;
use crate::gomap::snapshot::answer::{Book, Entry};
use crate::gomap::snapshot::{Body, ClassicShot, MapShot, SwissShot};
use crate::goruntime::mapops::{KeyForm, KeyKind};
use crate::goruntime::version::MapLayout;
use crate::model::Grade;
use std::fmt::Write;

/// Keys and addresses spelled out; all stand in the report's `places`.
const SAID: usize = 6;

/// Maps of a snapshot whose damage is spelled out.
const DAMAGED: usize = 3;

/// The statements on all maps of an incident, and on the snapshot.
pub(super) fn findings(case: &Case<'_, '_>) -> Vec<Finding> {
    let maps = case.maps.maps.iter().enumerate();
    let mut findings: Vec<Finding> = maps
        .flat_map(|(index, map)| map_findings(case, index, map))
        .collect();
    findings.extend(addresses(case));
    findings.extend(case.capture.book.and_then(|book| unmatched(case, book)));
    findings.extend(case.capture.book.and_then(damaged));
    findings
}

fn map_findings(case: &Case<'_, '_>, index: usize, map: &MapIdentity) -> Vec<Finding> {
    let mut findings = vec![identity(case, map)];
    findings.extend(keys(case, map));
    findings.extend(layout(case));
    findings.extend(fields::finding(case, map));
    let found = memory::find(case, map);
    findings.extend(found.map(|found| matched(case, found)));
    let (placed, open): (Vec<MapPlace>, Vec<MapPlace>) = places::keys(case, index, map)
        .into_iter()
        .partition(|place| place.place.is_some());
    findings.extend(placed.iter().take(SAID).map(key_place));
    findings.extend(more(placed.len(), "key"));
    findings.extend(match found {
        Some(Match::Same(_) | Match::Doubtful(_)) => open.iter().take(SAID).map(key_open).collect(),
        _ => vec![unknown_bucket(case, index, map)],
    });
    findings
}

fn identity(case: &Case<'_, '_>, map: &MapIdentity) -> Finding {
    let kind = map.key_kind.and_then(key_kind_word);
    let keyed = match kind {
        Some("other") | None => String::new(),
        Some(kind) => format!(", with {kind} keys as its functions show"),
    };
    let lines: Vec<At> = header_lines(case);
    match map.header {
        Some(header) => {
            let described = map
                .map_type
                .map(|address| format!(", type descriptor {address}"))
                .unwrap_or_default();
            finding(
                format!("The map's header is at {header}{described}{keyed}."),
                Grade::Confirmed,
                lines,
            )
        }
        None => finding(
            format!(
                "The address of the map is not in the text{keyed}: this traceback level hides the runtime's frames, or marks their arguments as doubtful."
            ),
            Grade::Unknown,
            crash_at(case),
        ),
    }
}

fn header_lines(case: &Case<'_, '_>) -> Vec<At> {
    let standing = case.maps.noticed.iter();
    standing
        .filter_map(|standing| {
            Some(at(
                case.evidence,
                standing.goroutine.document,
                standing.header?.1,
            ))
        })
        .collect()
}

fn keys(case: &Case<'_, '_>, map: &MapIdentity) -> Option<Finding> {
    let described = map.keys.iter().filter_map(|(block, key)| {
        let id = block.of(case.evidence)?.id;
        Some(match (key.form, key.length) {
            (KeyForm::String, Some(length)) => {
                format!(
                    "goroutine {id} used a string key of {} at {:#x}",
                    count(length, "byte", "bytes"),
                    key.word
                )
            }
            (KeyForm::String, None) => {
                format!("goroutine {id} used a string key at {:#x}", key.word)
            }
            (KeyForm::Value, _) => {
                format!("goroutine {id} used the key {} ({:#x})", key.word, key.word)
            }
            (KeyForm::Pointer, _) => format!("goroutine {id} used a key stored at {:#x}", key.word),
        })
    });
    let described: Vec<String> = described.collect();
    if described.is_empty() {
        return None;
    }
    Some(finding(
        sentence(&described.join("; ")),
        Grade::Confirmed,
        header_lines(case),
    ))
}

/// What the layout means for the conflict.
fn layout(case: &Case<'_, '_>) -> Option<Finding> {
    let layout = case.go.map_layout?;
    let parts = match layout {
        MapLayout::Classic => {
            "an array of buckets of eight entries, grown step by step by later writes"
        }
        MapLayout::Swiss => "groups of eight slots in tables that are replaced when they grow",
    };
    let said = format!(
        "This Go version has {} maps: {parts}. The mark that a write is going on is one for the whole map, so writers of different keys collide as well.",
        layout_word(layout)
    );
    Some(finding(said, Grade::Confirmed, Vec::new()))
}

/// What the snapshot has of a map.
fn matched(case: &Case<'_, '_>, found: Match<'_>) -> Finding {
    let said = |text: String, grade| finding(text, grade, Vec::new());
    match found {
        Match::Same(entry) => {
            let processes = match case.capture.processes {
                0 | 1 => String::new(),
                n => format!(
                    " Of the {} processes of this report it is of one at most; equal addresses in two runs are common up to Go 1.25.",
                    grouped(n as u64)
                ),
            };
            said(
                format!(
                    "The snapshot has a map at this header: {}. It was taken at another moment than this text.{processes}",
                    described(entry.shot)
                ),
                Grade::Confirmed,
            )
        }
        Match::Doubtful(entry) => said(
            format!(
                "A doubtful word of the map operation, {:#x}, is the header of {} in the snapshot. Such words may be stale.",
                entry.shot.header.unwrap_or_default(),
                described(entry.shot)
            ),
            Grade::Possible,
        ),
        Match::Other(entry, why) => said(
            format!(
                "The snapshot has a map at this header too, {}, but not this one: {}. Nothing is taken from it.",
                name(entry.shot),
                why.sentence(case, entry)
            ),
            Grade::Confirmed,
        ),
    }
}

/// `balances, map[int64]int64, 300 entries, B=6 (64 buckets), …`.
fn described(shot: &MapShot) -> String {
    let parts = match &shot.body {
        Body::Classic(shot) => classic(shot),
        Body::Swiss(shot) => swiss(shot),
        Body::Unreadable(why) => vec![why.clone()],
    };
    let names = [name(shot), shot.type_text.clone()];
    let parts = names.into_iter().chain(parts);
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

fn name(shot: &MapShot) -> String {
    match shot.name.as_str() {
        "" => "a map without a name".to_owned(),
        name => name.to_owned(),
    }
}

fn entries(number: Option<u64>) -> Option<String> {
    number.map(|n| count(n, "entry", "entries"))
}

fn classic(shot: &ClassicShot) -> Vec<String> {
    let buckets = shot.b.map(|b| {
        let all = 1_u64.checked_shl(b.into()).map_or_else(String::new, |all| {
            format!(" ({})", count(all, "bucket", "buckets"))
        });
        format!("B={b}{all}")
    });
    let growing = shot.oldbuckets.map(|old| match old {
        0 => "not growing".to_owned(),
        old => format!("growing out of the array at {old:#x}"),
    });
    let parts = [
        entries(shot.count),
        buckets,
        growing,
        shot.hash0.map(|seed| format!("hash0 {seed:#x}")),
        shot.flags.map(|flags| format!("flags {flags:#x}")),
    ];
    parts.into_iter().flatten().collect()
}

fn swiss(shot: &SwissShot) -> Vec<String> {
    let tables = shot.dir_len.map(|len| match len {
        0 => "one group".to_owned(),
        len => format!(
            "{} behind {}",
            count(shot.tables.len() as u64, "table", "tables"),
            count(len, "directory entry", "directory entries")
        ),
    });
    let parts = [
        entries(shot.used),
        tables,
        shot.seed.map(|seed| format!("seed {seed:#x}")),
        shot.writing.map(|writing| format!("writing {writing}")),
    ];
    parts.into_iter().flatten().collect()
}

/// `The key 209 (0xd1) of goroutine 18 belongs in bucket 43 of 64`.
fn key_place(place: &MapPlace) -> Finding {
    let digits = place.value.strip_prefix("0x");
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let key = number.map_or_else(
        || place.value.clone(),
        |number| format!("{number} ({})", place.value),
    );
    let said = format!(
        "The key {key} of {} belongs in {}.",
        users(place),
        place.text
    );
    finding(said, place.grade, place.evidence.clone())
}

fn key_open(place: &MapPlace) -> Finding {
    let said = format!("Where the key of {} lies is {}.", users(place), place.text);
    finding(said, Grade::Unknown, place.evidence.clone())
}

fn users(place: &MapPlace) -> String {
    let ids: Vec<String> = place
        .goroutines
        .iter()
        .take(SAID)
        .map(u64::to_string)
        .collect();
    match ids.as_slice() {
        [only] => format!("goroutine {only}"),
        several => format!("goroutines {}", several.join(", ")),
    }
}

fn more(all: usize, noun: &str) -> Option<Finding> {
    let left = all.checked_sub(SAID).filter(|&left| left > 0)?;
    let said = format!(
        "{} more: places in --format json has them.",
        count(left as u64, noun, &format!("{noun}s"))
    );
    Some(finding(said, Grade::Unknown, Vec::new()))
}

/// What it takes to place a key where there is no snapshot of the map, and how to get it: for the first map, the others are alike.
fn unknown_bucket(case: &Case<'_, '_>, index: usize, map: &MapIdentity) -> Finding {
    let needs = places::needs(case, map);
    let Some(header) = map.header.filter(|_| index == 0) else {
        return finding(
            format!(
                "Which bucket or slot was involved can't be known from a traceback: it takes {needs}. A core dump or a live process has them."
            ),
            Grade::Unknown,
            Vec::new(),
        );
    };
    let said = format!(
        "Which bucket or slot was involved can't be known from a traceback: it takes {needs}. {} has them (map[K]V: the type in its source):",
        if case.is_alive() {
            "The process, where it still runs,"
        } else {
            "A core of this process"
        }
    );
    let mut text =
        format!("gotriage map probe --debugger gdb --map {header}='map[K]V' > probe.gdb\n");
    text.push_str(match case.is_alive() {
        true => "gdb -p PID -batch -x probe.gdb\n",
        false => "gdb BINARY CORE -batch -x probe.gdb\n",
    });
    let keys = map.keys.iter().map(|(_, key)| literal(*key, map.key_kind));
    let mut keys: Vec<String> = keys.collect();
    keys.sort();
    keys.dedup();
    if keys.is_empty() {
        keys.push("KEY".to_owned());
    }
    let _ = write!(
        text,
        "gotriage map locate --snapshot gotriage-snapshot.json --map {header}"
    );
    for key in keys.iter().take(SAID) {
        let _ = write!(text, " --key {key}");
    }
    Finding {
        code: Some(Code {
            lang: "sh",
            text: text + "\n",
        }),
        ..finding(said, Grade::Unknown, Vec::new())
    }
}

/// A key as the command takes it: its bytes where the text prints them.
fn literal(key: KeyWord, kind: Option<KeyKind>) -> String {
    let width = match kind {
        Some(KeyKind::Bits32) => 4,
        Some(KeyKind::Bits64 | KeyKind::Pointer) => 8,
        _ => 0,
    };
    match (key.form, key.word.to_le_bytes().get(..width)) {
        (KeyForm::Value, Some(bytes)) if width > 0 => {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            format!("hex:{}", digits.collect::<String>())
        }
        (KeyForm::String, _) => "'\"KEY\"'".to_owned(),
        _ => "KEY".to_owned(),
    }
}

/// Addresses of race reports and faults, and the command for those that are open.
fn addresses(case: &Case<'_, '_>) -> Vec<Finding> {
    let located = places::located(case);
    let mut findings: Vec<Finding> = located.iter().take(SAID).map(address).collect();
    findings.extend(more(located.len(), "address"));
    for index in 0..case.maps.maps.len() {
        let open = located
            .iter()
            .filter(|(seen, place)| seen.map == Some(index) && place.place.is_none());
        let open: Vec<u64> = open.map(|(seen, _)| seen.address).collect();
        if let (false, Some(last)) = (open.is_empty(), findings.last_mut()) {
            last.code = Some(locate_addresses(case, index, &open));
        }
    }
    findings
}

fn address((seen, place): &(Seen, MapPlace)) -> Finding {
    let said = format!(
        "The address {}, {}, is {}.",
        place.value, seen.said, place.text
    );
    finding(said, place.grade, place.evidence.clone())
}

/// The command that lists what sizes and pages leave of the addresses.
fn locate_addresses(case: &Case<'_, '_>, index: usize, addresses: &[u64]) -> Code {
    let version = case.go.version.map(|version| version.to_string());
    let version = version.unwrap_or_else(|| "VERSION".to_owned());
    let mut text = format!(
        "# map[K]V: the type of {}; lists where in its arrays the addresses can lie\n",
        map_id(index)
    );
    let _ = write!(text, "gotriage map locate --go {version} --type 'map[K]V'");
    for address in addresses.iter().take(SAID) {
        let _ = write!(text, " --addr {address:#x}");
    }
    Code {
        lang: "sh",
        text: text + "\n",
    }
}

/// Said where the snapshot has none of the text's maps, so that nobody takes silence for an answer.
fn unmatched(case: &Case<'_, '_>, book: &Book<'_>) -> Option<Finding> {
    let found = case
        .maps
        .maps
        .iter()
        .any(|map| memory::find(case, map).is_some());
    if found || case.maps.maps.is_empty() {
        return None;
    }
    let held = count(book.entries().len() as u64, "map", "maps");
    let said = match memory::may_be_of(&case.go, book.snapshot) {
        false => format!(
            "The snapshot is of {}, which this text is not of: nothing is taken from it.",
            book.snapshot.go_version
        ),
        true => format!(
            "The snapshot holds {held}, none at a header address that this text prints: nothing can be taken from it."
        ),
    };
    Some(finding(said, Grade::Unknown, Vec::new()))
}

/// Maps of the snapshot that can't be used.
fn damaged(book: &Book<'_>) -> Option<Finding> {
    let why = |entry: &Entry<'_>| match (&entry.shot.body, &entry.shot.types) {
        (Body::Unreadable(why), _) => Some(why.clone()),
        (_, Err(error)) => Some(error.to_string()),
        _ => None,
    };
    let all: Vec<String> = book
        .entries()
        .iter()
        .filter_map(|entry| Some(format!("{}: {}", name(entry.shot), why(entry)?)))
        .collect();
    let number = count(all.len() as u64, "map", "maps");
    let shown = all.get(..all.len().min(DAMAGED)).unwrap_or_default();
    (!all.is_empty()).then(|| {
        finding(
            format!(
                "{number} of the snapshot can't be used: {}.",
                shown.join("; ")
            ),
            Grade::Confirmed,
            Vec::new(),
        )
    })
}
