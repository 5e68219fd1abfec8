//! Where the report says that keys and addresses lie, against where the process itself found them before it died.
//!
//! corpus/programs/map-crash-snapshot printed the snapshot of its map and, walking its own memory, the place of every key; then it
//! died (`-crash`), or the race detector reported it (`-race`). Both kinds of text are in corpus/maps/map-crash-snapshot.

#![allow(clippy::expect_used)] // helpers of tests fail as tests do

mod pipeline;
mod support;

use gotriage::gomap::infer::classify::HeaderVerdict;
use gotriage::gomap::snapshot::{Body, Snapshot};
use gotriage::gomap::target::{Arch, Target};
use gotriage::gomap::types::MapType;
use gotriage::model::Grade;
use gotriage::triage::memory::Memory;
use gotriage::triage::report::{IncidentReport, MapPlace};
use gotriage::triage::{self, Options};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The account that both goroutines of `race` in the program write.
const RACED: &str = "17";

struct Death {
    name: String,
    text: Vec<u8>,
    snapshot: Snapshot,
    entries: Vec<Value>,
}

fn deaths(end: &str) -> Vec<Death> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/maps/map-crash-snapshot");
    let files = fs::read_dir(&directory).expect("the directory");
    let mut texts: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    texts.retain(|path| path.to_string_lossy().ends_with(&format!("-{end}.txt")));
    texts.sort();
    assert_eq!(texts.len(), 4, "{end}");
    texts.iter().map(|text| death(text)).collect()
}

fn death(text: &Path) -> Death {
    let packed = fs::File::open(text.with_extension("jsonl.zst")).expect("the process's own words");
    let lines = zstd::decode_all(packed).expect("zstd");
    let lines = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let document = fs::read(text.with_extension("json")).expect("the snapshot");
    let snapshot = Snapshot::parse(&document).expect("a snapshot");
    Death {
        name: text.to_string_lossy().into_owned(),
        text: fs::read(text).expect("a text"),
        snapshot,
        entries: lines
            .map(|line| serde_json::from_slice(line).expect("JSON"))
            .collect(),
    }
}

fn incident(texts: &[(&str, &[u8])], snapshot: Option<Snapshot>) -> IncidentReport {
    let options = Options {
        memory: Memory {
            snapshot,
            has_secrets: false,
        },
        ..Options::default()
    };
    let mut report = pipeline::with_evidence(texts, |evidence| triage::report(evidence, &options));
    report.incidents.remove(0)
}

fn with_snapshot(death: &Death) -> IncidentReport {
    incident(&[("text", &death.text)], Some(death.snapshot.clone()))
}

fn number(word: &str) -> u64 {
    let digits = word.strip_prefix("0x").expect("a word");
    u64::from_str_radix(digits, 16).expect("a word")
}

/// Whether the answer is where the process found the entry.
fn is_there(answer: &Value, truth: &Value) -> bool {
    let equal = |field: &str| answer[field] == truth[field];
    if truth.get("bucket").is_some() {
        return equal("array") && equal("bucket");
    }
    let slots = answer["slots"].as_array().expect("slots");
    let slot = |at: &&Value| at["group"] == truth["group"] && at["slot"] == truth["slot"];
    equal("table") && slots.iter().find(slot).is_some()
}

fn of_kind<'i>(incident: &'i IncidentReport, what: &'i str) -> impl Iterator<Item = &'i MapPlace> {
    incident
        .places
        .iter()
        .filter(move |place| place.what == what)
}

#[test]
fn keys_lie_where_the_process_found_them() {
    for death in deaths("crash") {
        let incident = with_snapshot(&death);
        assert_eq!(
            incident.maps[0].go_type.as_deref(),
            Some("map[int64]int64"),
            "{}",
            death.name
        );
        let mut checked = 0;
        for place in of_kind(&incident, "key") {
            let Some(answer) = &place.place else { continue };
            let key = number(&place.value).to_string();
            let truth = death
                .entries
                .iter()
                .find(|entry| entry["key"]["lit"] == key);
            let truth = truth.expect("a key of the map");
            assert!(is_there(answer, truth), "{}: {answer} {truth}", death.name);
            assert_eq!(answer["hash"], truth["hash"], "{}", death.name);
            assert_eq!(
                (place.map.as_deref(), place.grade),
                (Some("m1"), Grade::Probable)
            );
            checked += 1;
        }
        assert!(checked > 0, "{}: no key was placed", death.name);
    }
}

#[test]
fn raced_elements_are_those_of_the_entry_that_was_written() {
    for death in deaths("race") {
        let incident = with_snapshot(&death);
        let places: Vec<&MapPlace> = of_kind(&incident, "address").collect();
        let [place] = places.as_slice() else {
            unreachable!("{}: {places:?}", death.name)
        };
        let mut entries = death.entries.iter();
        let truth = entries.find(|entry| entry["key"]["lit"] == RACED);
        let truth = truth.expect("the entry");
        assert_eq!(truth["elem_addr"], place.value, "{}", death.name);
        let answer = place.place.as_ref().expect("a place");
        for field in ["bucket", "table", "group", "slot"] {
            assert_eq!(
                answer.get(field),
                truth.get(field),
                "{} {field}",
                death.name
            );
        }
        assert_eq!(
            (&answer["field"], &answer["offset"]),
            (&"elem".into(), &0.into())
        );
        assert_eq!(
            (place.map.as_deref(), place.grade),
            (Some("m1"), Grade::Probable)
        );
    }
}

#[test]
fn without_bases_the_true_slot_is_among_the_candidates() {
    for mut death in deaths("race") {
        match &mut death.snapshot.maps[0].body {
            Body::Classic(shot) => shot.buckets = None,
            Body::Swiss(shot) => shot.tables.iter_mut().for_each(|table| table.groups = None),
            Body::Unreadable(why) => unreachable!("{why}"),
        }
        let incident = with_snapshot(&death);
        let place = of_kind(&incident, "address").next().expect("a place");
        assert_eq!(place.grade, Grade::Possible, "{}", death.name);
        let mut entries = death.entries.iter();
        let truth = entries.find(|entry| entry["key"]["lit"] == RACED);
        let truth = truth.expect("the entry");
        let unit = truth.get("bucket").or(truth.get("group"));
        let candidates = place.place.as_ref().expect("candidates")["candidates"].as_array();
        let fits = |candidate: &Value| {
            let at = &candidate["places"][0];
            at["unit"] == *unit.expect("a unit") && at["part"]["slot"] == truth["slot"]
        };
        assert!(
            candidates.expect("candidates").iter().any(fits),
            "{}: {candidates:?} {truth}",
            death.name
        );
    }
}

/// Nothing that only a snapshot can know.
fn is_silent(incident: &IncidentReport) -> bool {
    let types = incident.maps.iter().all(|map| map.go_type.is_none());
    types && incident.places.iter().all(|place| place.place.is_none())
}

#[test]
fn without_a_snapshot_no_key_has_a_place() {
    for death in deaths("crash").iter().chain(&deaths("race")) {
        let incident = incident(&[("text", &death.text)], None);
        assert!(is_silent(&incident), "{}", death.name);
        assert!(!incident.places.is_empty(), "{}", death.name);
        let modest = |place: &MapPlace| place.grade <= Grade::Possible;
        assert!(incident.places.iter().all(modest), "{}", death.name);
    }
}

#[test]
fn a_snapshot_of_another_program_gives_nothing() {
    let all = deaths("crash");
    let header = |death: &Death| {
        number(
            incident(&[("text", &death.text)], None).maps[0]
                .header
                .as_ref()
                .expect("a header"),
        )
    };
    for death in &all {
        for other in all.iter().filter(|other| other.name != death.name) {
            let mut snapshot = other.snapshot.clone();
            snapshot.maps[0].header = Some(header(death));
            let same_layout = snapshot.target.rules.layout == death.snapshot.target.rules.layout;
            let found = incident(&[("text", &death.text)], Some(snapshot));
            assert!(
                is_silent(&found),
                "{} {} {same_layout}",
                death.name,
                other.name
            );
        }
        let mut snapshot = death.snapshot.clone();
        snapshot.maps[0].types = MapType::parse("map[string]int64", Arch::Amd64);
        let found = incident(&[("text", &death.text)], Some(snapshot));
        assert!(is_silent(&found), "{}", death.name);
    }
}

#[test]
fn of_several_processes_none_is_held_to_be_the_captured_one() {
    let death = deaths("crash").remove(0);
    let twice = [death.text.clone(), death.text.clone()].concat();
    let incident = incident(&[("text", &twice)], Some(death.snapshot.clone()));
    let placed: Vec<Grade> = incident
        .places
        .iter()
        .filter(|place| place.place.is_some())
        .map(|place| place.grade)
        .collect();
    assert!(!placed.is_empty() && placed.iter().all(|grade| *grade == Grade::Possible));
}

/// A header that the text prints for certain begins a cell of the heap: all maps of the corpus escape, as raced maps do.
#[test]
fn printed_headers_begin_heap_cells() {
    let checked = AtomicUsize::new(0);
    support::for_all(|truth| {
        let incident = incident(&[("text", &truth.bytes())], None);
        let build = truth.go.parse().map_err(|error| format!("{error}"))?;
        let target = Target::new(build, Arch::Amd64).map_err(|error| error.to_string())?;
        for header in incident.maps.iter().filter_map(|map| map.header.as_ref()) {
            let verdict = HeaderVerdict::of(&target, number(header));
            if verdict.cell.is_none() {
                return Err(verdict.to_string());
            }
            checked.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    });
    assert!(checked.load(Ordering::Relaxed) > 100);
}
