//! All that one process left behind, in one report: crash, trace and profiles of the same run, from corpus/joined.
//!
//! What is true of them is in its manifest: what the process knew of its own goroutines, the marks in its source, and what Go's own
//! `go tool trace` prints of the trace.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");

/// One process.
struct Capture {
    truth: Value,
}

impl Capture {
    fn path(&self, file: &str) -> String {
        let name = self.truth["capture"].as_str().unwrap();
        let path = PathBuf::from(CORPUS).join("joined").join(name).join(file);
        path.to_str().unwrap().to_owned()
    }

    fn is(&self, mode: &str) -> bool {
        self.truth["mode"] == mode
    }

    /// Numbers of the goroutines of one part.
    fn part(&self, part: &str) -> Vec<u64> {
        let known = self.truth["known"].as_array().unwrap().iter();
        let of = known.filter(|one| one["part"] == part);
        of.map(|one| one["id"].as_u64().unwrap()).collect()
    }

    fn line(&self, mark: &str) -> u64 {
        self.truth["lines"][mark][0].as_u64().unwrap()
    }

    /// The report on the crash and some of the other files.
    fn incident(&self, files: &[&str]) -> Value {
        let paths: Vec<String> = files.iter().map(|file| self.path(file)).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        only_incident(&paths)
    }
}

fn captures() -> Vec<Capture> {
    let text = std::fs::read(format!("{CORPUS}/joined/manifest.json")).expect("manifest");
    let entries: Vec<Value> = serde_json::from_slice(&text).expect("JSON");
    let captures: Vec<Capture> = entries.into_iter().map(|truth| Capture { truth }).collect();
    assert!(captures.len() >= 5, "{} captures", captures.len());
    captures
}

fn json(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args([arguments, &["--format", "json"]].concat())
        .stdin(Stdio::null())
        .output()
        .expect("gotriage runs");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn only_incident(paths: &[&str]) -> Value {
    let report = json(paths);
    let incidents = report["incidents"].as_array().expect("incidents");
    assert_eq!(incidents.len(), 1, "{paths:?}");
    incidents[0].clone()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn numbers(value: &Value) -> Vec<u64> {
    list(value).iter().filter_map(Value::as_u64).collect()
}

/// Statements of a step, each with the inputs it comes from.
fn said(incident: &Value, step: usize) -> Vec<(String, BTreeSet<u64>)> {
    let findings = list(&incident["steps"][step - 1]["findings"]).iter();
    let one = |finding: &Value| {
        let inputs = list(&finding["evidence"]).iter();
        let inputs = inputs.filter_map(|at| at["input"].as_u64()).collect();
        (finding["text"].as_str().unwrap().to_owned(), inputs)
    };
    findings.map(one).collect()
}

#[test]
fn goroutines_are_joined_by_number_and_the_lost_ones_counted() {
    for capture in captures() {
        let incident = capture.incident(&["crash.txt", "trace.zst"]);
        let join = &incident["joins"][0];
        let name = &capture.truth["capture"];
        assert_eq!(join["kinship"], "same-process", "{name}");
        let (printed, lost) = (
            numbers(&capture.truth["printed"]),
            numbers(&capture.truth["not_traced"]),
        );
        assert_eq!(
            join["absent_goroutines"], capture.truth["not_traced"],
            "{name}"
        );
        assert_eq!(
            join["shared"].as_u64().unwrap() as usize,
            printed.len() - lost.len(),
            "{name}"
        );
        if capture.is("fatal") {
            assert!(
                capture.part("late").iter().all(|id| lost.contains(id)),
                "{name}"
            );
        }
        let listed: Vec<String> = lost.iter().map(u64::to_string).collect();
        let told = said(&incident, 1)
            .into_iter()
            .find(|(text, _)| text.contains("of the text are in this trace"));
        let (text, inputs) = told.expect("the relation is told");
        assert!(
            lost.is_empty() || text.contains(&listed.join(", ")),
            "{name}: {text}"
        );
        assert_eq!(inputs, BTreeSet::from([1]));
    }
}

/// State, reason, time and wakers at the end are those that Go's own reader has.
#[test]
fn what_they_did_last_is_what_go_tool_trace_says() {
    let mut checked = 0;
    for capture in captures() {
        let incident = capture.incident(&["crash.txt", "trace.zst"]);
        let last_ns = incident["traces"][0]["findings"]["last_ns"]
            .as_i64()
            .unwrap();
        for one in list(&incident["joins"][0]["goroutines"]) {
            let id = one["goroutine"].as_u64().unwrap();
            let truth = &capture.truth["trace"][id.to_string()];
            let (name, last) = (&capture.truth["capture"], &truth["last"]);
            assert_eq!(one["state"], last["state"], "{name}: {id}");
            assert_eq!(one["reason"], last["reason"], "{name}: {id}");
            let since = last_ns - one["for_ns"].as_i64().unwrap();
            let theirs = last["at_ns"].as_i64().unwrap();
            // Go's reader bends times where generations overlap.
            assert!(
                since.abs_diff(theirs) < 30_000_000,
                "{name}: {id}: {since} {theirs}"
            );
            let mut ours: BTreeMap<String, u64> = BTreeMap::new();
            for waker in list(&one["wakers"]) {
                let key = waker["goroutine"].to_string();
                *ours.entry(key).or_default() += waker["times"].as_u64().unwrap();
            }
            for (waker, times) in &ours {
                let theirs = truth["wakers"][waker].as_u64().unwrap_or(0);
                assert!(*times <= theirs, "{name}: {waker} woke {id}");
                if list(&one["wakers"]).len() < 4 {
                    assert_eq!(*times, theirs, "{name}: {waker} woke {id}");
                }
            }
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked} goroutines");
}

/// The creators had ended: the dump names one, the trace those behind it.
#[test]
fn chains_of_creators_reach_main_through_the_trace() {
    for capture in captures().iter().filter(|capture| capture.is("fatal")) {
        let [boot, dispatch] = ["boot", "dispatch"].map(|part| capture.part(part)[0]);
        let alone = capture.incident(&["crash.txt"]);
        let joined = capture.incident(&["crash.txt", "trace.zst"]);
        let chain = |incident: &Value| -> Vec<(u64, u64)> {
            let links = list(&incident["conflicts"][0]["participants"][0]["chain"]).to_vec();
            let link =
                |link: &Value| Some((link["site"]["line"].as_u64()?, link["goroutine"].as_u64()?));
            links.iter().filter_map(link).collect()
        };
        let feed = (capture.line("creates: feed"), dispatch);
        assert_eq!(chain(&alone), [feed]);
        let further = [
            (capture.line("creates: dispatch"), boot),
            (capture.line("creates: boot"), 1),
        ];
        assert_eq!(chain(&joined), [&[feed][..], &further].concat());
        let sources: Vec<Option<u64>> = list(&joined["conflicts"][0]["participants"][0]["chain"])
            .iter()
            .map(|link| link["input"].as_u64())
            .collect();
        assert_eq!(sources, [None, Some(1), Some(1)]);
    }
}

#[test]
fn a_trace_of_another_process_is_told_and_not_joined() {
    let captures = captures();
    let crash = captures
        .iter()
        .find(|one| one.truth["capture"] == "fatal-go1.23.9")
        .unwrap();
    for other in [
        "traces/mixed-go1.23.9.trace.zst",
        "traces/mixed-go1.27.3.trace.zst",
    ] {
        let other = format!("{CORPUS}/{other}");
        let incident = only_incident(&[&crash.path("crash.txt"), &other]);
        assert_eq!(incident["joins"][0]["kinship"], "other-process");
        assert_eq!(list(&incident["joins"][0]["goroutines"]).len(), 0);
        let first = said(&incident, 1)
            .into_iter()
            .filter(|(_, inputs)| inputs.contains(&1));
        assert_eq!(
            first.count(),
            1,
            "that it is of another process, and no more"
        );
        for step in 2..=3 {
            let told = said(&incident, step).into_iter();
            assert_eq!(
                told.filter(|(_, inputs)| inputs.contains(&1)).count(),
                0,
                "{other}"
            );
        }
        assert!(
            incident["go"]["version"]
                .as_str()
                .is_none_or(|version| version.starts_with("1.23"))
        );
    }
}

#[test]
fn profiles_are_joined_by_stack() {
    for capture in captures() {
        let files = [
            "crash.txt",
            "goroutine.pb.gz",
            "cpu.pb.gz",
            "mutex.pb.gz",
            "block.pb.gz",
            "heap.pb.gz",
        ];
        let incident = capture.incident(&files);
        let told = said(&incident, 2);
        let feeds: Vec<String> = capture.part("feed").iter().map(u64::to_string).collect();
        let name = &capture.truth["capture"];
        let find = |input: u64, words: &str| {
            let mut from = told
                .iter()
                .filter(|(_, inputs)| *inputs == BTreeSet::from([input]));
            from.find(|(text, _)| text.contains(words))
                .map(|(text, _)| text.clone())
        };
        if capture.is("fatal") {
            let race = format!("main.go:{}", capture.line("race"));
            // Not every feeder was inside when the process died, and 1.24 and later name the map's code in the crashing one's stack.
            let dump = std::fs::read_to_string(capture.path("crash.txt")).unwrap();
            let inside_put = |id: &str| {
                let header = format!("goroutine {id} ");
                let mut blocks = dump.split("\n\n");
                let block = blocks.find(|block| block.starts_with(&header));
                block.is_some_and(|block| block.contains(".(*Ledger).put("))
            };
            let crashed = incident["crash"]["goroutine"].to_string();
            let classic = incident["go"]["map_layout"] == "classic";
            let hides: Vec<&String> = feeds
                .iter()
                .filter(|id| inside_put(id) && (classic || **id != crashed))
                .collect();
            assert!(!hides.is_empty(), "{name}");
            let inside = find(1, "inside a map operation (write)").expect("the profile's own");
            assert!(
                inside.contains(&race) && hides.iter().all(|id| inside.contains(id.as_str())),
                "{name}: {inside}"
            );
            let hot = find(2, "a line of the conflict").expect("the hot line");
            assert!(hot.contains(&race), "{name}: {hot}");
            let memory = said(&incident, 3)
                .into_iter()
                .find(|(text, _)| text.contains("a line of the conflict"));
            assert!(
                memory.is_some_and(|(text, inputs)| text.contains(&race) && inputs.contains(&5)),
                "{name}"
            );
        } else {
            let lock = format!("main.go:{}", capture.line("wait"));
            let waits = find(4, "3 goroutines of the text wait there").expect("the contended line");
            assert!(waits.contains(&lock), "{name}: {waits}");
            assert!(
                find(3, "in the function where 3 goroutines of the text wait").is_some(),
                "{name}"
            );
        }
    }
}

/// Captures without a dump tell the Go version by their lines, and a trace by its header, too.
#[test]
fn traces_and_profiles_tell_the_version() {
    for capture in captures() {
        let version = capture.truth["go"].as_str().unwrap();
        for (file, most) in [
            ("trace.zst", 30),
            ("goroutine.pb.gz", 30),
            ("heap.pb.gz", 60),
        ] {
            let go = capture.incident(&[file])["go"].clone();
            let fits: Vec<&str> = list(&go["candidates"])
                .iter()
                .filter_map(Value::as_str)
                .collect();
            let name = &capture.truth["capture"];
            assert!(fits.contains(&version), "{name} {file}: {go}");
            assert!(fits.len() <= most, "{name} {file}: {fits:?}");
        }
    }
}

/// A goroutine that writes a trace stands in an exported function of the runtime: every level shows it.
#[test]
fn a_tracing_process_is_not_taken_for_one_that_shows_the_runtime() {
    for capture in captures().iter().filter(|capture| capture.is("fatal")) {
        let incident = capture.incident(&["crash.txt"]);
        assert_eq!(incident["traceback"]["level"], "all");
    }
}

#[test]
fn states_over_time_cover_the_trace() {
    for capture in captures() {
        let incident = capture.incident(&["crash.txt", "trace.zst"]);
        let trace = &incident["traces"][0];
        let timeline = &trace["findings"]["timeline"];
        let slice = timeline["slice_ns"].as_i64().unwrap();
        let columns = list(&timeline["states"]["Waiting"]).len() as i64;
        let length = trace["findings"]["last_ns"].as_i64().unwrap()
            - trace["findings"]["first_ns"].as_i64().unwrap();
        assert!((20..=40).contains(&columns), "{columns}");
        assert!(
            length.abs_diff(slice * columns) < 2 * slice.unsigned_abs(),
            "{length} {slice} {columns}"
        );
        let seen = trace["trace"]["goroutines"]["seen"].as_u64().unwrap();
        for column in 0..columns as usize {
            let states = timeline["states"].as_object().unwrap().values();
            let there: u64 = states.map(|counts| counts[column].as_u64().unwrap()).sum();
            assert!(there <= seen);
        }
        let lines = list(&timeline["goroutines"]);
        assert!(!lines.is_empty());
        for line in lines {
            let states = line["states"].as_str().unwrap();
            assert_eq!(states.len() as i64, columns);
            assert!(
                states.chars().all(|state| "#+-s ".contains(state)),
                "{states}"
            );
        }
    }
}

/// The start function of each node, by its id.
fn names(graph: &Value) -> BTreeMap<String, String> {
    let nodes = list(&graph["nodes"]).iter();
    let name = |node: &Value| {
        let text = |field: &str| node[field].as_str().unwrap_or_default().to_owned();
        (text("id"), text("name"))
    };
    nodes.map(name).collect()
}

fn edges(graph: &Value) -> BTreeMap<(String, String), Value> {
    let names = names(graph);
    let edge = |edge: &Value| {
        let end = |field: &str| names[edge[field].as_str().unwrap()].clone();
        ((end("from"), end("to")), edge.clone())
    };
    list(&graph["edges"]).iter().map(edge).collect()
}

#[test]
fn graphs_of_a_trace_have_its_wake_ups_and_creations() {
    for capture in captures().iter().filter(|capture| !capture.is("flight")) {
        let trace = capture.path("trace.zst");
        let wakes = edges(&json(&["graph", "--kind", "wake", &trace]));
        let [ask, answer] = ["ask", "answer"].map(|part| capture.part(part)[0]);
        for ((from, waker), (to, woken)) in [
            (("main.ask", ask), ("main.answer", answer)),
            (("main.answer", answer), ("main.ask", ask)),
        ] {
            let edge = &wakes[&(from.to_owned(), to.to_owned())];
            let theirs = &capture.truth["trace"][woken.to_string()]["wakers"][waker.to_string()];
            assert_eq!(edge["times"], *theirs, "{from} woke {to}");
            let by_reason = list(&edge["wakes"]).iter();
            let sum: u64 = by_reason.map(|wake| wake["times"].as_u64().unwrap()).sum();
            assert_eq!(edge["times"].as_u64(), Some(sum));
        }
        let created = edges(&json(&["graph", "--kind", "creation", &trace]));
        for (creator, part) in [
            ("main.main", "boot"),
            ("main.boot", "dispatch"),
            ("main.dispatch", "feed"),
            ("main.main", "ask"),
        ] {
            let edge = &created[&(creator.to_owned(), format!("main.{part}"))];
            assert_eq!(
                edge["site"]["line"],
                capture.line(&format!("creates: {part}")),
                "{part}"
            );
        }
    }
}
