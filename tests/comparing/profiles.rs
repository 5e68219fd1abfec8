//! Two profiles of one kind, and a goroutine profile with a dump, against `go tool pprof -diff_base` and the marked lines of profile-pair.

use super::{RELEASES, between, line};
use crate::raw::{RawLocation, raw};
use crate::support;
use gotriage::model::Grade;
use gotriage::triage::compare::report::DiffReport;
use gotriage::triage::report::Category;
use std::collections::BTreeMap;
use std::process::Command;

const KINDS: [&str; 7] = [
    "goroutine",
    "heap",
    "allocs",
    "mutex",
    "block",
    "cpu",
    "threadcreate",
];

fn pair_file(release: &str, name: &str) -> Vec<u8> {
    support::unpacked(&support::corpus().join("pairs").join(release).join(name))
}

fn profiled(release: &str, kind: &str) -> DiffReport {
    let file = |when: &str| pair_file(release, &format!("{kind}-{when}.pb.gz"));
    between(&file("before"), &file("after"))
}

/// Line of profile-pair with a marker.
fn grows_at(marker: &str) -> u32 {
    let path = support::corpus().join("programs/profile-pair/main.go");
    let source = std::fs::read_to_string(path).expect("the program");
    let at = source
        .lines()
        .position(|line| line.contains(&format!("// {marker}")));
    at.expect("a marked line") as u32 + 1
}

/// Sums by stack; a stack as the names of its frames, those of the runtime left out where goroutines are counted.
type Sums = BTreeMap<String, Vec<i64>>;

fn add(sums: &mut Sums, frames: &[(String, String)], kind: &str, row: &[i64]) {
    let shown = frames
        .iter()
        .filter(|(func, _)| kind != "goroutine" || !func.starts_with("runtime."));
    let names: Vec<String> = shown.map(|(func, at)| format!("{func} {at}")).collect();
    let sum = sums
        .entry(names.join(";"))
        .or_insert_with(|| vec![0; row.len()]);
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += value;
    }
}

/// Frames of a location; one without a line of the program is its address alone.
fn frames(location: &RawLocation) -> Vec<(String, String)> {
    match &location.lines[..] {
        [] => vec![(format!("{:#x}", location.address), ":0".into())],
        lines => lines.to_vec(),
    }
}

/// What `go tool pprof -raw -diff_base` prints: columns, and their sums by stack.
fn gos_difference(text: &str, kind: &str) -> (Vec<String>, Sums) {
    let raw = raw(text);
    let mut sums = Sums::new();
    for sample in &raw.samples {
        let stack = sample.locations.iter();
        let frames: Vec<_> = stack.flat_map(|id| frames(&raw.locations[id])).collect();
        add(&mut sums, &frames, kind, &sample.values);
    }
    sums.retain(|_, row| row.iter().any(|&value| value != 0));
    (raw.columns, sums)
}

#[test]
fn differences_of_profiles_are_those_of_gos_reader() {
    for release in RELEASES {
        for kind in KINDS {
            let text = String::from_utf8(pair_file(release, &format!("{kind}.diff.zst")));
            let (columns, expected) = gos_difference(&text.expect("text"), kind);
            let diff = profiled(release, kind);
            let [profile] = &diff.profiles[..] else {
                panic!("{release} {kind}: {} profiles", diff.profiles.len());
            };
            let named = profile.columns.iter();
            let named: Vec<String> = named
                .map(|column| format!("{}/{}", column.name, column.unit))
                .collect();
            assert_eq!(named, columns, "{release} {kind}");
            let mut ours = Sums::new();
            for stack in &profile.stacks {
                let frames = stack.stack.iter();
                let frames: Vec<_> = frames
                    .map(|at| (at.func.clone(), format!("{}:{}", at.file, at.line)))
                    .collect();
                let both = stack.after.iter().zip(&stack.before);
                let row: Vec<i64> = both.map(|(after, before)| after - before).collect();
                add(&mut ours, &frames, kind, &row);
            }
            ours.retain(|_, row| row.iter().any(|&value| value != 0));
            assert_eq!(ours, expected, "{release} {kind}");
        }
    }
}

/// `inuse_space` among the columns of a heap profile.
const LIVE_BYTES: usize = 3;

#[test]
fn what_grew_in_profiles_is_named_by_its_line() {
    for release in RELEASES {
        let goroutines = profiled(release, "goroutine");
        let verdict = &goroutines.verdict;
        assert_eq!(verdict.category, Category::GoroutineLeak, "{release}");
        assert_eq!(verdict.grade, Grade::Possible, "{release}");
        assert_eq!(line(verdict.culprit.as_ref()), Some(grows_at("leaks")));
        let of = |diff: &DiffReport, marker: &str| {
            let lines = diff.profiles[0].lines.iter();
            let at = grows_at(marker);
            let mut lines = lines.filter(|line| line.site.line == at);
            let found = lines.next().expect("the line");
            (found.change, found.before.clone(), found.after.clone())
        };
        assert_eq!(of(&goroutines, "leaks"), ("grew", vec![4], vec![44]));
        assert_eq!(of(&goroutines, "steady"), ("equal", vec![12], vec![12]));

        let heap = profiled(release, "heap");
        assert_eq!(heap.verdict.category, Category::MemoryLeak, "{release}");
        // Sampling may have left the line out before: memory that appears is no growth that was seen.
        let grade = match of(&heap, "kept").1[LIVE_BYTES] {
            0 => Grade::Possible,
            _ => Grade::Probable,
        };
        assert_eq!(heap.verdict.grade, grade, "{release}");
        assert_eq!(line(heap.verdict.culprit.as_ref()), Some(grows_at("kept")));

        for (kind, marker) in [("mutex", "contended"), ("allocs", "kept")] {
            let diff = profiled(release, kind);
            assert_eq!(diff.verdict.category, Category::Healthy, "{release} {kind}");
            assert!(diff.profiles[0].since_start, "{kind}");
            let (change, before, after) = of(&diff, marker);
            // Sampling may have left the line out before.
            let seen = before.iter().any(|&value| value != 0);
            assert_eq!(change, if seen { "grew" } else { "appeared" });
            assert!(
                after
                    .iter()
                    .zip(&before)
                    .all(|(after, before)| after >= before)
            );
        }
    }
}

/// The text of before with the dump of after: other forms, the same goroutines.
#[test]
fn a_goroutine_profile_is_compared_with_a_dump() {
    for release in RELEASES {
        let before = pair_file(release, "goroutine-before.txt");
        let after = pair_file(release, "goroutine-after.txt");
        for before in [before, pair_file(release, "goroutine-before.pb.gz")] {
            let diff = between(&before, &after);
            let [profile] = &diff.profiles[..] else {
                panic!("{release}: {} profiles", diff.profiles.len());
            };
            assert_eq!(profile.after, "dump", "{release}");
            let of = |marker: &str| {
                let at = grows_at(marker);
                let mut stacks = profile.stacks.iter().filter(|stack| {
                    let mut user = stack.stack.iter();
                    user.any(|frame| frame.line == at && frame.func.starts_with("main."))
                });
                let found = stacks.next().expect("the stack");
                assert!(stacks.next().is_none(), "{release}: one stack for {marker}");
                (found.before[0], found.after[0])
            };
            assert_eq!(of("leaks"), (4, 44), "{release}");
            assert_eq!(of("steady"), (12, 12), "{release}");
        }
    }
}

#[test]
fn profiles_of_two_processes_or_in_the_wrong_order_prove_nothing() {
    for kind in ["heap", "mutex", "goroutine"] {
        let file = |release: &str, when: &str| pair_file(release, &format!("{kind}-{when}.pb.gz"));
        let turned = between(&file("go1.27.3", "after"), &file("go1.27.3", "before"));
        assert_eq!(turned.process.answer, "different", "{kind}");
        assert_eq!(turned.process.grade, Grade::Confirmed, "{kind}");
        assert_eq!(turned.verdict.category, Category::None, "{kind}");
        let same = between(&file("go1.27.3", "before"), &file("go1.27.3", "before"));
        assert_eq!(same.verdict.category, Category::Healthy, "{kind}");
        let mut lines = same.profiles[0].lines.iter();
        assert!(lines.all(|line| line.change == "equal"), "{kind}");
    }
}

#[test]
fn differences_of_profiles_are_printed_in_every_form() {
    let folder = support::corpus().join("pairs/go1.27.3");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gotriage"));
        let output = command.args(arguments).current_dir(&folder).output();
        output.expect("gotriage runs")
    };
    let schema = run(&["schema", "diff"]);
    let schema = serde_json::from_slice(&schema.stdout).expect("a schema");
    let schema = jsonschema::draft202012::new(&schema).expect("the schema is a schema");
    for kind in KINDS {
        let (before, after) = (
            format!("{kind}-before.pb.gz"),
            format!("{kind}-after.pb.gz"),
        );
        let of = |more: &[&str]| run(&[&["diff", &before, &after], more].concat());
        let json = of(&["--format", "json"]);
        assert_eq!(json.status.code(), Some(0), "{kind}");
        let value = serde_json::from_slice(&json.stdout).expect("JSON");
        assert!(schema.is_valid(&value), "{kind}");
        for format in ["text", "markdown"] {
            let page = of(&["--format", format, "--all"]);
            let page = String::from_utf8(page.stdout).expect("text");
            // Go counts threads without their stacks.
            let told = match kind {
                "threadcreate" => "threadcreate",
                _ => "main.go:",
            };
            assert!(page.contains(told), "{kind} {format}: {page}");
        }
    }
    let heap = ["diff", "heap-before.pb.gz", "heap-after.pb.gz", "--fail-on"];
    for (grade, code) in [("possible", 1), ("probable", 1), ("confirmed", 0)] {
        let done = run(&[&heap[..], &[grade]].concat());
        assert_eq!(done.status.code(), Some(code), "{grade}");
    }
    let other = run(&["diff", "heap-before.pb.gz", "cpu-after.pb.gz"]);
    assert_eq!(other.status.code(), Some(3));
    assert!(other.stdout.is_empty());
    let why = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(why.contains("(heap)") && why.contains("(cpu)"), "{why}");
}
