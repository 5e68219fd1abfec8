//! Two traces of one process: what the program did in and between them is known, and its source marks the lines.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

mod support;

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const RELEASES: [&str; 3] = ["go1.21.13", "go1.22.10", "go1.27.3"];

/// What the program's `main` does: requests before the earlier trace (which first run in it; those of 1.21 wait already), in it,
/// between, and in the later one.
const GROWN: [u64; 4] = [2, 3, 10, 15];

/// Who stands at the ends of the traces. A status up to 1.22 has no stack: who waits already when a trace begins stands where an
/// earlier one has seen it, or nowhere.
fn standing(release: &str) -> (u64, u64) {
    let [earlier, inside, between, later] = GROWN;
    let before = earlier + inside;
    match release {
        "go1.21.13" => (inside, inside + later),
        "go1.22.10" => (before, before + later),
        _ => (before, before + between + later),
    }
}

fn pair(mode: &str, release: &str, when: &str) -> String {
    let name = format!("traces/pairs/{mode}-{release}-{when}.trace.zst");
    support::corpus().join(name).display().to_string()
}

fn diff(before: &str, after: &str, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(["diff", before, after])
        .args(options)
        .stdin(Stdio::null())
        .output()
        .expect("gotriage runs")
}

fn compared(mode: &str, release: &str) -> Value {
    let (before, after) = (pair(mode, release, "before"), pair(mode, release, "after"));
    let output = diff(&before, &after, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{mode} {release}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// How many goroutines the program counted in each trace.
fn created(mode: &str, release: &str) -> [u64; 2] {
    let name = format!("traces/pairs/{mode}-{release}-created.txt");
    let text = std::fs::read_to_string(support::corpus().join(name)).expect("the counts");
    let mut counts = text
        .split_whitespace()
        .map(|count| count.parse().expect("a number"));
    [counts.next().unwrap(), counts.next().unwrap()]
}

/// The line of the program with a marker.
fn marked(marker: &str) -> u64 {
    let path: PathBuf = support::corpus().join("programs/trace-pair/main.go");
    let source = std::fs::read_to_string(path).expect("the program");
    let mut lines = source.lines();
    let at = lines.position(|line| line.contains(&format!("// {marker}: ")));
    at.expect("a marked line") as u64 + 1
}

fn group<'d>(diff: &'d Value, marker: &str) -> &'d Value {
    let line = marked(marker);
    let groups = diff["groups"].as_array().expect("groups");
    let mut at = groups.iter().filter(|group| group["site"]["line"] == line);
    let found = at.next().unwrap_or_else(|| panic!("{marker}: {groups:?}"));
    assert!(at.next().is_none(), "{marker} twice: {groups:?}");
    found
}

/// Who waits and is seen nowhere: a status up to Go 1.21 tells the function, and not the line.
fn placeless(diff: &Value) -> &Value {
    let groups = diff["groups"].as_array().expect("groups");
    let mut at = groups
        .iter()
        .filter(|group| group["site"].is_null() && group["state"] == "waiting");
    at.next().unwrap_or_else(|| panic!("{groups:?}"))
}

fn origin<'d>(diff: &'d Value, start: &str) -> &'d Value {
    let origins = diff["traces"][0]["origins"].as_array().expect("origins");
    let mut of = origins
        .iter()
        .filter(|origin| origin["start_func"] == start);
    of.next().unwrap_or_else(|| panic!("{start}: {origins:?}"))
}

/// Before, after, and unmoved.
fn numbers(group: &Value) -> [u64; 3] {
    ["before", "after", "unmoved"].map(|name| group[name].as_u64().expect("a number"))
}

#[test]
fn a_leak_is_named_with_its_go_statement() {
    for release in RELEASES {
        let diff = compared("leak", release);
        let verdict = &diff["verdict"];
        assert_eq!(verdict["category"], "goroutine-leak", "{release}");
        assert_eq!(verdict["culprit"]["line"], marked("leak"), "{release}");
        assert_eq!(verdict["created_by"]["line"], marked("leaks"), "{release}");
        assert_eq!(diff["process"]["answer"], "same", "{release}");
        let leaked = group(&diff, "leak");
        assert_eq!(leaked["state"], "chan send");
        let (before, after) = standing(release);
        let [_, inside, _, later] = GROWN;
        assert_eq!(numbers(leaked), [before, after, before], "{release}");
        let sums = origin(&diff, "main.fetch");
        assert_eq!(sums["before"]["created"], inside, "{release}");
        assert_eq!(sums["after"]["created"], later, "{release}");
        assert_eq!(sums["created_at"]["line"], marked("leaks"), "{release}");
    }
    let grade = compared("leak", "go1.27.3")["verdict"]["grade"].clone();
    assert_eq!(grade, "probable");
}

#[test]
fn a_hang_is_named_with_waiters_that_have_no_event() {
    for release in RELEASES {
        let diff = compared("hang", release);
        let verdict = &diff["verdict"];
        assert_eq!(verdict["category"], "lock-hang", "{release}");
        assert_eq!(verdict["grade"], "probable", "{release}");
        assert_eq!(verdict["culprit"]["line"], marked("wait"), "{release}");
        assert_eq!(verdict["created_by"]["line"], marked("reads"), "{release}");
        let waiting = group(&diff, "wait");
        assert_eq!(waiting["state"], "sync.Mutex.Lock", "{release}");
        let (before, after) = standing(release);
        // Nobody got the lock.
        assert_eq!(numbers(waiting), [before, after, before], "{release}");
    }
}

fn tells(diff: &Value, words: &str) -> bool {
    let findings = diff["findings"].as_array().expect("findings");
    let mut texts = findings.iter().map(|finding| finding["text"].as_str());
    texts.any(|text| text.expect("a text").contains(words))
}

#[test]
fn goroutines_that_come_and_go_are_no_leak() {
    for release in RELEASES {
        for mode in ["steady", "starve"] {
            let diff = compared(mode, release);
            assert_eq!(diff["verdict"]["category"], "healthy", "{mode} {release}");
            assert_eq!(diff["process"]["answer"], "same", "{mode} {release}");
            let sums = origin(&diff, "main.request");
            assert_eq!(sums["before"]["alive"], 0, "{mode} {release}");
            assert_eq!(sums["after"]["alive"], 0, "{mode} {release}");
            assert_eq!(
                sums["created_at"]["line"],
                marked("churns"),
                "{mode} {release}"
            );
            let made = created(mode, release);
            let spinners = match mode {
                "starve" => 8,
                _ => 0,
            };
            assert_eq!(sums["before"]["created"], made[0], "{mode} {release}");
            assert_eq!(
                sums["after"]["created"],
                made[1] - spinners,
                "{mode} {release}"
            );
        }
        // Idle workers never move.
        let diff = compared("steady", release);
        match release {
            "go1.21.13" => assert_eq!(numbers(placeless(&diff)), [4, 4, 4]),
            "go1.22.10" => assert!(tells(&diff, "nothing tells where")),
            _ => assert_eq!(numbers(group(&diff, "idle")), [4, 4, 4]),
        }
    }
}

#[test]
fn waits_for_a_processor_and_collections_are_told() {
    for release in RELEASES {
        let diff = compared("starve", release);
        let trace = &diff["traces"][0];
        let longest = |when: &str| {
            let ns = &trace["scheduling"][when]["longest_ns"];
            ns.as_i64().expect("ns")
        };
        // The spinners run for 60 ms, and the scheduler changes them every ten.
        assert!(longest("before") < 5_000_000, "{release}");
        assert!(longest("after") > 10_000_000, "{release}");
        assert!(tells(&diff, "wait longer for a processor"), "{release}");
        let spun = origin(&diff, "main.spin");
        assert_eq!(spun["after"]["created"], 8, "{release}");
        assert_eq!(spun["created_at"]["line"], marked("starves"), "{release}");
        let ranges = trace["ranges"].as_array().expect("ranges");
        let marking = |range: &&Value| range["name"] == "GC concurrent mark phase";
        let marking = ranges.iter().find(marking).expect("a collection");
        assert_eq!(marking["before"]["count"], 0, "{release}");
        // One was asked for; that one, or another, may have been under way when the trace began.
        let after = marking["after"]["count"].as_u64();
        assert!(after.is_some_and(|count| count >= 1), "{release}");
    }
}

#[test]
fn the_wrong_order_and_other_processes_are_told() {
    let (before, after) = (
        pair("leak", "go1.27.3", "before"),
        pair("leak", "go1.27.3", "after"),
    );
    let other = pair("leak", "go1.22.10", "after");
    for (first, second) in [(&after, &before), (&before, &other)] {
        let output = diff(first, second, &["--format", "json"]);
        let diff: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(diff["process"]["answer"], "different", "{second}");
        assert_eq!(diff["verdict"]["category"], "none", "{second}");
    }
}

#[test]
fn every_form_names_the_leak() {
    let (before, after) = (
        pair("leak", "go1.27.3", "before"),
        pair("leak", "go1.27.3", "after"),
    );
    let place = format!("main.go:{}", marked("leak"));
    for form in ["text", "markdown", "html"] {
        let output = diff(&before, &after, &["--format", form]);
        assert_eq!(output.status.code(), Some(0));
        let page = String::from_utf8(output.stdout).expect("UTF-8");
        for told in [place.as_str(), "main.fetch", "Waits for a processor"] {
            assert!(page.contains(told), "{form} does not tell {told}: {page}");
        }
    }
    let failing = diff(&before, &after, &["--fail-on", "probable"]);
    assert_eq!(failing.status.code(), Some(1));
}

#[test]
fn what_it_prints_fits_its_schema() {
    let printed = Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(["schema", "diff"])
        .output()
        .expect("gotriage runs");
    let schema: Value = serde_json::from_slice(&printed.stdout).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    for mode in ["leak", "starve"] {
        let diff = compared(mode, "go1.27.3");
        let errors: Vec<String> = validator
            .iter_errors(&diff)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{mode}: {errors:?}");
    }
}

#[test]
fn a_trace_and_a_dump_are_for_the_report() {
    let trace = pair("leak", "go1.27.3", "before");
    let dump = support::corpus().join("captures/leak/go1.27.3-after.txt");
    let dump = dump.display().to_string();
    for (first, second) in [(&trace, &dump), (&dump, &trace)] {
        let output = diff(first, second, &[]);
        assert_eq!(output.status.code(), Some(3));
        let told = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(told.contains(&format!("gotriage {trace} {dump}")), "{told}");
    }
}
