//! Go's own maps against gotriage's answers: every key and every address of every stored truth file.
//!
//! The files in corpus/maps/map-truth were printed by corpus/programs/map-truth: a snapshot, then for each entry Go's own hash, the
//! addresses that Go's own lookup and iterator gave, and where walking the memory found it. See corpus/README.md for the lines.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail as tests do

use gotriage::gomap::locate::address::{Region, locate_in, regions};
use gotriage::gomap::snapshot::answer::{Book, Entry, Found};
use gotriage::gomap::snapshot::question::Question;
use gotriage::gomap::snapshot::{MapShot, Snapshot};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// Lines that every check has to find; the files hold several times as many of each kind.
const LEAST: usize = 20_000;

/// Entries of all files: every one has Go's own hash of its key.
const ENTRIES: usize = 100_000;

/// Entries with a pointer in place of a key or an element of more than 128 bytes.
const BEHIND_POINTERS: usize = 1_000;

/// Differences shown before a test gives up.
const SHOWN: usize = 8;

struct Truth {
    name: String,
    snapshot: Snapshot,
    lines: Vec<Value>,
}

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/maps/map-truth");
    let entries = fs::read_dir(&directory).expect("corpus/maps/map-truth");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn unpack(path: &Path) -> Vec<u8> {
    let packed = fs::File::open(path).expect("a truth file");
    zstd::decode_all(packed).expect("zstd")
}

/// The first line alone.
fn snapshot(path: &Path) -> Snapshot {
    let text = unpack(path);
    let end = text.iter().position(|&byte| byte == b'\n');
    Snapshot::parse(&text[..end.expect("lines")]).expect("a snapshot")
}

fn read(path: &Path) -> Truth {
    let text = unpack(path);
    let mut lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let snapshot = Snapshot::parse(lines.next().expect("a snapshot")).expect("a snapshot");
    Truth {
        name: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        snapshot,
        lines: lines
            .map(|line| serde_json::from_slice(line).expect("JSON"))
            .collect(),
    }
}

fn ask(book: &Book<'_>, question: Value) -> Value {
    let question = Question::parse(question.to_string().as_bytes());
    book.answer(&question).to_json(&Value::Null)
}

/// Runs a check over all lines of all files; it returns what is wrong with a line, or `None` for a line it is not about. At least
/// `least` lines have to be checked in all.
fn check(least: usize, what: impl Fn(&Book<'_>, &Value) -> Option<Result<(), String>> + Sync) {
    let results = files()
        .into_par_iter()
        .map(|path| faults_of(&read(&path), &what));
    let (checked, faults) =
        results.reduce(|| (0, Vec::new()), |a, b| (a.0 + b.0, [a.1, b.1].concat()));
    assert!(
        faults.is_empty(),
        "{} wrong:\n{}",
        faults.len(),
        faults[..faults.len().min(SHOWN)].join("\n")
    );
    assert!(checked >= least, "only {checked} lines were checked");
}

fn faults_of(
    truth: &Truth,
    what: &(impl Fn(&Book<'_>, &Value) -> Option<Result<(), String>> + Sync),
) -> (usize, Vec<String>) {
    let book = Book::open(&truth.snapshot);
    let results = truth
        .lines
        .iter()
        .filter_map(|line| Some((line, what(&book, line)?)));
    let (mut checked, mut faults) = (0, Vec::new());
    for (line, result) in results {
        checked += 1;
        if let Err(fault) = result {
            let line: String = line.to_string().chars().take(300).collect();
            faults.push(format!("{}: {fault}\n  {line}", truth.name));
        }
    }
    (checked, faults)
}

/// Compares fields of an answer with what is true.
fn same(answer: &Value, wanted: &[(&str, Value)]) -> Result<(), String> {
    match wanted
        .iter()
        .find(|(field, value)| answer.get(*field).unwrap_or(&Value::Null) != value)
    {
        None => Ok(()),
        Some((field, value)) => Err(format!("{field} is {value}, answered {answer}")),
    }
}

fn key_question(line: &Value, form: &str) -> Option<Value> {
    let key = line.get("key")?;
    let given = key.get(form)?;
    let key = match form {
        "lit" => json!({ "lit": given }),
        _ => json!({ "mem": given, "refs": key.get("refs").cloned().unwrap_or(json!([])) }),
    };
    Some(json!({ "map": line["map"], "key": key }))
}

/// Go's own hash of an entry's key, and where it lies, as a lookup of its key would find it.
fn key_place(answer: &Value, line: &Value) -> Result<(), String> {
    if line["hash"].is_null() {
        return same(answer, &[("hash", Value::Null), ("error", Value::Null)]);
    }
    same(answer, &[("hash", line["hash"].clone())])?;
    if line.get("array").is_some() {
        return same(
            answer,
            &[
                ("array", line["array"].clone()),
                ("bucket", line["bucket"].clone()),
            ],
        );
    }
    same(answer, &[("table", line["table"].clone())])?;
    let slot = json!({ "group": line["group"], "slot": line["slot"] });
    let slots = answer["slots"].as_array().ok_or("no slots")?;
    match slots.contains(&slot)
        && answer["groups"]
            .as_array()
            .is_some_and(|groups| groups.contains(&line["group"]))
    {
        true => Ok(()),
        false => Err(format!("{slot} is not among the slots: {answer}")),
    }
}

#[test]
fn every_key_given_as_memory_is_where_go_put_it() {
    check(ENTRIES, |book, line| {
        Some(key_place(&ask(book, key_question(line, "mem")?), line))
    });
}

#[test]
fn every_key_given_as_a_literal_is_where_go_put_it() {
    check(LEAST, |book, line| {
        Some(key_place(&ask(book, key_question(line, "lit")?), line))
    });
}

/// Where an address of an entry lies; `None` in overflow buckets of their own, which no snapshot holds.
fn entry_place(book: &Book<'_>, line: &Value, field: &str, of: &str) -> Option<Result<(), String>> {
    let address = line.get(of)?;
    let answer = ask(book, json!({ "map": line["map"], "addr": address }));
    let in_chain = line["chain"].as_u64().is_some_and(|chain| chain > 0);
    if in_chain && answer.get("error").is_some() {
        return None;
    }
    let mut wanted = vec![
        ("slot", line["slot"].clone()),
        ("field", json!(field)),
        ("offset", json!(0)),
    ];
    if line.get("array").is_some() {
        let bucket = if in_chain {
            Value::Null
        } else {
            line["bucket"].clone()
        };
        let overflow = if in_chain { json!(true) } else { Value::Null };
        wanted.extend([
            ("array", line["array"].clone()),
            ("bucket", bucket),
            ("overflow", overflow),
        ]);
    } else {
        wanted.extend([
            ("table", line["table"].clone()),
            ("group", line["group"].clone()),
        ]);
    }
    Some(same(&answer, &wanted))
}

/// True where values of this size stand in the bucket or group itself: larger ones are behind a pointer, and those without bytes
/// share their address with what follows.
fn is_inline(size: u64) -> bool {
    (1..=128).contains(&size)
}

#[test]
fn every_address_of_a_key_is_found() {
    check(LEAST, |book, line| {
        let digits = line["key"]["mem"].as_str()?.len() as u64;
        is_inline(digits / 2).then(|| entry_place(book, line, "key", "key_addr"))?
    });
}

#[test]
fn every_address_of_an_element_is_found() {
    check(LEAST, |book, line| {
        let named = |shot: &&MapShot| line["map"] == shot.name.as_str();
        let shot = book.snapshot.maps.iter().find(named)?;
        let size = shot.types.as_ref().expect("types").elem.size;
        is_inline(size).then(|| entry_place(book, line, "elem", "elem_addr"))?
    });
}

#[test]
fn every_pointer_to_a_large_key_or_element_is_found() {
    check(BEHIND_POINTERS, |book, line| {
        let key = entry_place(book, line, "key", "key_cell");
        let elem = entry_place(book, line, "elem", "elem_cell");
        match (key, elem) {
            (Some(key), Some(elem)) => Some(key.and(elem)),
            (key, elem) => key.or(elem),
        }
    });
}

/// Bytes asked for in each part of a map, evenly from the first to the last.
const ASKED: u64 = 8;

/// Every part of every map, with its map's number.
fn all_regions(book: &Book<'_>) -> Vec<(usize, Region)> {
    let of = |(at, entry): (usize, &Entry<'_>)| {
        let regions = regions(entry.shot, entry.layout.as_ref(), &book.snapshot.target);
        regions.into_iter().map(move |region| (at, region))
    };
    book.entries().iter().enumerate().flat_map(of).collect()
}

/// The index over all maps answers as trying one part after another does, and the place leads back to its address. False where the
/// address lies in no map.
fn address_and_back(book: &Book<'_>, regions: &[(usize, Region)], addr: u64) -> bool {
    let answer = book.address(None, addr);
    let Some((at, region)) = regions.iter().find(|(_, region)| region.contains(addr)) else {
        assert!(answer.map.is_none() && answer.found.is_err(), "{addr:#x}");
        return false;
    };
    let (entry, target) = (&book.entries()[*at], &book.snapshot.target);
    let layout = entry.layout.as_ref();
    let place = locate_in(region, layout, target, addr).expect("a place");
    let back = place.address(entry.shot, layout.expect("types"), target);
    assert_eq!(back, Some(addr), "{place:?}");
    assert_eq!(answer.found, Ok(Found::Address(place)), "{addr:#x}");
    assert!(
        answer
            .map
            .is_some_and(|shot| std::ptr::eq(shot, entry.shot))
    );
    true
}

#[test]
fn addresses_of_real_maps_lead_to_places_and_back() {
    let asked = files().into_par_iter().map(|path| {
        let snapshot = snapshot(&path);
        let book = Book::open(&snapshot);
        let regions = all_regions(&book);
        let addresses = regions.iter().flat_map(|(_, region)| {
            let step = (region.size / ASKED).max(1);
            let inside = (0..region.size).step_by(step as usize);
            let ends = [region.base - 1, region.last(), region.last() + 1];
            inside.map(|offset| region.base + offset).chain(ends)
        });
        addresses
            .filter(|&addr| address_and_back(&book, &regions, addr))
            .count()
    });
    let asked: usize = asked.sum();
    assert!(asked >= ENTRIES, "only {asked} addresses were asked for");
}

/// The distance from the start of the field. The truth counts from the directory's entry, answers from its first entry.
fn offset(book: &Book<'_>, line: &Value) -> Value {
    match (
        line["field"].as_str(),
        line["directory"].as_u64(),
        line["offset"].as_u64(),
    ) {
        (Some("directory"), Some(entry), Some(offset)) => {
            json!(entry * book.snapshot.target.word() + offset)
        }
        _ => line["offset"].clone(),
    }
}

#[test]
fn every_listed_address_is_in_its_field() {
    check(LEAST, |book, line| {
        let address = line.get("addr")?;
        let answer = ask(book, json!({ "map": line["map"], "addr": address }));
        let in_chain = line["chain"].as_u64().is_some_and(|chain| chain > 0);
        if in_chain && answer.get("error").is_some() {
            return None;
        }
        let mut wanted = vec![
            ("field", line["field"].clone()),
            ("offset", offset(book, line)),
        ];
        let fields = ["array", "bucket", "table", "group", "slot"];
        let given = fields
            .iter()
            .filter(|field| line.get(**field).is_some() && !(in_chain && **field == "bucket"));
        wanted.extend(given.map(|field| (*field, line[*field].clone())));
        Some(same(&answer, &wanted))
    });
}
