//! `gotriage map grow` against what Go did: histories of corpus/maps/map-history, written as files of writes and replayed by the program.
//!
//! tests/gomap_replay.rs compares every state and place inside the library; here the command's own reading and printing is tested.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod growing;

use growing::*;
use serde_json::{Value, json};

#[test]
fn the_command_replays_what_go_did() {
    let directory = directory("replay");
    let (mut replayed, mut growths) = (0, 0);
    for file in FILES {
        for life in lives(file) {
            if life.operations.len() > LONGEST {
                continue;
            }
            let name = format!("{file} {}", life.begin["history"]);
            let result = life.replayed(&directory);
            let replay = &result["replay"];
            assert_eq!(replay["stopped"], Value::Null, "{name}");
            assert_eq!(replay["uncertain_from"], Value::Null, "{name}");
            let steps = replay["steps"].as_array().expect("steps");
            assert_eq!(steps.len(), life.operations.len(), "{name}");
            for (ours, theirs) in steps.iter().zip(&life.operations) {
                let done = match theirs["op"].as_str() {
                    Some("insert") => "inserted",
                    Some("update") => "updated",
                    Some("delete") => "deleted",
                    _ => "cleared",
                };
                assert_eq!(ours["outcome"], done, "{name}: {ours}");
            }
            let grew = |step: &&Value| {
                let kinds = [
                    "doubled",
                    "to_table",
                    "table_grown",
                    "directory_doubled",
                    "split",
                ];
                let mut growth = step["growth"].as_array().expect("a list").iter();
                growth.any(|growth| kinds.iter().any(|kind| growth["kind"] == *kind))
            };
            let ours: Vec<u64> = steps
                .iter()
                .filter(grew)
                .filter_map(|step| step["operation"].as_u64())
                .collect();
            assert_eq!(ours, grown(&life), "{name}");
            for field in [
                "count",
                "B",
                "noverflow",
                "nevacuate",
                "used",
                "dir_len",
                "global_depth",
            ] {
                assert_eq!(
                    replay["end"].get(field),
                    life.end.get(field),
                    "{name}: {field}"
                );
            }
            assert_eq!(shape(&replay["end"]), shape(&life.end), "{name}");
            replayed += 1;
            growths += ours.len();
        }
    }
    std::fs::remove_dir_all(&directory).expect("no directory");
    assert!(
        replayed >= 30 && growths > 100,
        "{replayed} histories, {growths} growths"
    );
}

#[test]
fn the_plan_says_when_go_grew() {
    let mut checked = 0;
    for file in FILES {
        for life in lives(file) {
            let news = life
                .operations
                .iter()
                .take_while(|operation| operation["op"] == "insert");
            let inserts = news.count() as u64;
            let hint = life.begin["hint"].as_u64().unwrap_or(0);
            let go = life.begin["go_version"].as_str().expect("a version");
            let output = piped(
                &[
                    "map",
                    "grow",
                    life.begin["type"].as_str().expect("a type"),
                    "--format=json",
                    &format!("--go={go}"),
                    &format!("--arch={}", life.begin["arch"].as_str().expect("arch")),
                    &format!("--hint={hint}"),
                    &format!("--inserts={inserts}"),
                ],
                "",
            );
            let result: Value = serde_json::from_str(stdout(&output)).expect("JSON");
            let stages = result["plan"].as_array().expect("a plan");
            // Where a Swiss map has several tables the plan gives bounds.
            let ours: Vec<u64> = stages
                .iter()
                .filter_map(|stage| match stage.get("grows_at") {
                    None => stage["begins_at"].as_u64().filter(|at| *at > 1),
                    Some(bounds) if bounds["earliest"] == bounds["latest"] => {
                        bounds["earliest"].as_u64()
                    }
                    Some(_) => None,
                })
                .filter(|at| *at <= inserts)
                .collect();
            let mut theirs = grown(&life);
            theirs.retain(|at| *at <= inserts);
            if stages.iter().all(|stage| {
                stage
                    .get("tables")
                    .is_none_or(|tables| tables.as_u64() < Some(2))
            }) {
                assert_eq!(ours, theirs, "{file} {}", life.begin["history"]);
            } else {
                assert!(
                    theirs.starts_with(&ours),
                    "{file} {}: {ours:?}",
                    life.begin["history"]
                );
            }
            checked += ours.len();
        }
    }
    assert!(checked > 100, "{checked} growths");
}

#[test]
fn each_seed_counts_from_an_empty_map_to_the_next() {
    let arguments = [
        "map",
        "grow",
        "map[int]int",
        "--keys=-",
        "--go=1.23",
        "--format=json",
    ];
    let replay = |writes: &str| {
        let output = piped(&[&arguments[..], &HASHKEY].concat(), writes);
        let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        result["replay"].clone()
    };
    // The header shows the seed of now: what was written before has no place.
    let lost = replay("1\nclear\n# anew\n2\n");
    assert_eq!(lost["unplaced"], json!([{"first": 1, "last": 2}]));
    assert_eq!(lost["steps"].as_array().map(Vec::len), Some(1));
    assert_eq!(lost["steps"][0]["operation"], 3);
    assert_eq!(lost["steps"][0]["hash"], replay("2\n")["steps"][0]["hash"]);
    // Seeds of the beginning alone: what was written since has none.
    let ended = replay("seed 7\n1\nclear\nseed 8\n3\nclear\n2\nclear\nseed 9\n");
    assert_eq!(ended["steps"].as_array().map(Vec::len), Some(4));
    assert_eq!(ended["unplaced"], json!([{"first": 5, "last": 6}]));
    let told = replay("1\nclear\nseed 9\n2\n");
    assert_eq!(told["stopped"], Value::Null);
    // The key's hash is that of a map which was made with this seed.
    let [hashkey, _, arch] = HASHKEY;
    let made = [&arguments[..], &[hashkey, arch, "--seed=9"]].concat();
    let fresh: Value = serde_json::from_slice(&piped(&made, "2\n").stdout).expect("JSON");
    assert_eq!(
        told["steps"][2]["hash"],
        fresh["replay"]["steps"][0]["hash"]
    );
    assert_ne!(told["steps"][2]["hash"], replay("2\n")["steps"][0]["hash"]);
}

/// Writes with a printed state behind some that emptied the map, each with the last of those.
fn cuts(life: &Life, emptied: &[usize]) -> Vec<(usize, usize)> {
    let numbers = 1..=life.operations.len();
    let shown = numbers.filter(|number| life.operations[number - 1].get("state").is_some());
    let cut = |number: usize| {
        let before = emptied.iter().take_while(|last| **last < number);
        Some((*before.last()?, number)).filter(|_| !emptied.contains(&number))
    };
    shown.filter_map(cut).take(30).collect()
}

/// A map that is emptied ever again, and what a snapshot after each of its writes shows.
#[test]
fn a_snapshot_tells_the_seed_of_now_alone() {
    let directory = directory("tides");
    let (mut placed, mut refused, mut skipped) = (0, 0, 0);
    for file in FILES {
        for life in lives(file) {
            let states = life.operations.iter().zip(1..);
            let emptied: Vec<usize> = states
                .filter(|(operation, _)| {
                    let count = &operation["state"];
                    count["count"].as_u64().or(count["used"].as_u64()) == Some(0)
                })
                .map(|(_, number)| number)
                .collect();
            if emptied.is_empty() || life.operations.len() > LONGEST {
                continue;
            }
            let told = life.replayed(&directory)["replay"].clone();
            for (last, number) in cuts(&life, &emptied) {
                let name = format!("{file} {}, {number} writes", life.begin["history"]);
                let state = life.operations[number - 1]["state"].clone();
                let cut = Life {
                    begin: life.begin.clone(),
                    operations: life.operations[..number].to_vec(),
                    end: Value::Null,
                };
                let now = cut.snapshot(&directory, &state);
                let blind = now["replay"].clone();
                assert_eq!(blind["unplaced"][0]["first"], 1, "{name}");
                skipped += blind["unplaced"][0]["last"].as_u64().expect("a number");
                if blind["stopped"] != Value::Null {
                    assert_eq!(blind["steps"], json!([]), "{name}");
                    assert_eq!(now["snapshot"], Value::Null, "{name}");
                    refused += 1;
                    continue;
                }
                assert_eq!(
                    now["snapshot"]["agrees"], true,
                    "{name}: {}",
                    now["snapshot"]
                );
                for step in blind["steps"].as_array().expect("steps") {
                    let operation = step["operation"].as_u64().expect("a number") as usize;
                    assert!(operation > last, "{name}: {step}");
                    let mut theirs = told["steps"][operation - 1].clone();
                    // The one thing that may stay open.
                    if step["place"]["cell"] == Value::Null {
                        theirs["place"]["cell"].take();
                    }
                    for field in ["key", "hash", "outcome", "growth"] {
                        assert_eq!(step[field], theirs[field], "{name}: {step}");
                    }
                    for (field, there) in step["place"].as_object().into_iter().flatten() {
                        assert_eq!(*there, theirs["place"][field], "{name}: {step}");
                    }
                    placed += 1;
                }
            }
        }
    }
    std::fs::remove_dir_all(&directory).expect("no directory");
    println!("{placed} placed, {refused} refused, {skipped} skipped");
    assert!(
        skipped > 100,
        "{placed} placed, {refused} refused, {skipped} skipped"
    );
}
