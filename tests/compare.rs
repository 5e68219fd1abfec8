//! Two captures of one process: what the program did between them is known, and its source marks the lines.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

mod pipeline;
mod support;

use gotriage::model::Grade;
use gotriage::render::{Format, diff};
use gotriage::triage::Options;
use gotriage::triage::compare::compare;
use gotriage::triage::compare::report::{DiffReport, GroupChange};
use gotriage::triage::report::{Category, Place};
use std::collections::BTreeMap;
use std::process::Command;

const RELEASES: [&str; 3] = ["go1.19.8", "go1.23.9", "go1.27.3"];

/// The runtime gives ids to each of the two Ps in batches of 16; with one batch begun and one to come that is 64.
const ID_SLACK: u64 = 64;

fn file(mode: &str, name: &str) -> Vec<u8> {
    let path = support::corpus().join("captures").join(mode).join(name);
    std::fs::read(&path).expect("a capture")
}

fn between(before: &[u8], after: &[u8]) -> DiffReport {
    let inputs = [("before.txt", before), ("after.txt", after)];
    pipeline::with_evidence(&inputs, |evidence| {
        compare(evidence, &Options::default()).expect("two inputs")
    })
}

fn captured(mode: &str, release: &str) -> DiffReport {
    let capture = |when: &str| file(mode, &format!("{release}-{when}.txt"));
    between(&capture("before"), &capture("after"))
}

/// How many go statements the program counted between the captures.
fn created(mode: &str, release: &str) -> u64 {
    let text = file(mode, &format!("{release}-created.txt"));
    String::from_utf8(text)
        .expect("digits")
        .trim()
        .parse()
        .expect("a number")
}

/// The line of the program with a marker.
fn marked(marker: &str) -> u32 {
    let path = support::corpus().join("programs/captures/main.go");
    let source = std::fs::read_to_string(path).expect("the program");
    let at = source
        .lines()
        .position(|line| line.contains(&format!("// {marker}: ")));
    at.expect("a marked line") as u32 + 1
}

fn line(place: Option<&Place>) -> Option<u32> {
    place.map(|place| place.line)
}

fn group<'d>(diff: &'d DiffReport, marker: &str) -> &'d GroupChange {
    let line = marked(marker);
    let mut groups = diff.groups.iter();
    groups
        .find(|group| group.site.as_ref().is_some_and(|site| site.line == line))
        .expect("the group")
}

#[test]
fn a_leak_is_named_with_its_go_statement() {
    for release in RELEASES {
        let diff = captured("leak", release);
        assert_eq!(diff.verdict.category, Category::GoroutineLeak, "{release}");
        assert_eq!(diff.verdict.grade, Grade::Probable, "{release}");
        assert_eq!(
            line(diff.verdict.culprit.as_ref()),
            Some(marked("leak")),
            "{release}"
        );
        assert_eq!(
            line(diff.verdict.created_by.as_ref()),
            Some(marked("leaks")),
            "{release}"
        );
        let leaked = group(&diff, "leak");
        assert_eq!(
            (leaked.before, leaked.after, leaked.unmoved),
            (20, 80, 20),
            "{release}"
        );
        assert_eq!(leaked.change, "grew");
        let idle = group(&diff, "idle");
        assert_eq!((idle.change, idle.unmoved), ("equal", 4), "{release}");
    }
}

#[test]
fn a_hang_is_named_with_its_holder_and_waiters_that_stay() {
    for release in RELEASES {
        let diff = captured("hang", release);
        assert_eq!(diff.verdict.category, Category::LockHang, "{release}");
        assert_eq!(diff.verdict.grade, Grade::Probable, "{release}");
        // Nothing but its type ties the holder to the lock: named as possible, and not to be opened first.
        assert_eq!(
            line(diff.verdict.culprit.as_ref()),
            Some(marked("wait")),
            "{release}"
        );
        let holder = format!("(main.go:{}), as it did before", marked("hold"));
        assert!(
            diff.verdict.headline.contains(&holder),
            "{:?}",
            diff.verdict
        );
        let lock = diff
            .waits
            .iter()
            .find(|wait| wait.after.as_ref().is_some_and(|w| w.kind == "sync.Mutex"));
        let lock = lock.expect("the lock");
        let waiters =
            |wait: &Option<gotriage::triage::report::Wait>| wait.as_ref().map(|w| w.waiters);
        assert_eq!(
            (waiters(&lock.before), waiters(&lock.after)),
            (Some(3), Some(12)),
            "{release}"
        );
        assert_eq!((lock.change, lock.unmoved), ("grew", 3), "{release}");
        // More than a minute lay between: the three waited longer, and the headers say so.
        assert_eq!(group(&diff, "wait").waited_longer, 3, "{release}");
    }
}

#[test]
fn a_busy_process_that_is_well_is_neither() {
    for release in RELEASES {
        let diff = captured("steady", release);
        assert_eq!(
            diff.verdict.category,
            Category::Healthy,
            "{release}: {:?}",
            diff.verdict
        );
        assert_eq!(group(&diff, "idle").unmoved, 4, "{release}");
        assert_eq!(diff.goroutines.stayed, 5, "{release}");
    }
}

#[test]
fn ids_tell_how_many_were_created() {
    for release in RELEASES {
        for mode in ["leak", "hang", "steady"] {
            let (diff, truth) = (captured(mode, release), created(mode, release));
            let turnover = &diff.goroutines;
            assert!(turnover.appeared <= truth, "{release} {mode}: {turnover:?}");
            // The newest may have ended, never begun.
            let about = turnover.created_about.unwrap_or(turnover.appeared);
            assert!(
                about <= truth + ID_SLACK,
                "{release} {mode}: {about} of {truth}"
            );
        }
        let about = captured("leak", release).goroutines.created_about;
        let truth = created("leak", release);
        let near = about.is_some_and(|about| about.abs_diff(truth) <= ID_SLACK);
        assert!(near, "{release}: {about:?} of {truth}");
    }
}

#[test]
fn a_capture_against_itself_stands_still() {
    for mode in ["leak", "hang", "steady"] {
        let capture = file(mode, "go1.27.3-before.txt");
        let diff = between(&capture, &capture);
        assert!(diff.groups.iter().all(|group| group.change == "equal"));
        let turnover = &diff.goroutines;
        assert_eq!((turnover.ended, turnover.appeared), (0, 0));
        assert_eq!(turnover.stayed, turnover.unmoved);
        assert_ne!(diff.verdict.grade, Grade::Confirmed);
    }
}

#[test]
fn other_builds_and_programs_are_no_pair() {
    let other = support::corpus().join("dumps/lock-hang/go1.27.3-debug2.txt");
    let other = std::fs::read(other).expect("a dump");
    for release in RELEASES {
        let before = file("leak", &format!("{release}-before.txt"));
        let diff = between(&before, &other);
        assert_eq!(
            diff.process.answer, "different",
            "{release}: {:?}",
            diff.process
        );
        assert_eq!(diff.verdict.category, Category::None, "{release}");
    }
}

fn goroutine(id: u64, state: &str, func: &str, made: &str) -> String {
    format!(
        "goroutine {id} [{state}]:\nmain.{func}(...)\n\t/app/main.go:20 +0x1\ncreated by {made}\n\t/app/main.go:9 +0x1c\n\n"
    )
}

fn many(ids: std::ops::Range<u64>, state: &str, func: &str) -> String {
    ids.map(|id| goroutine(id, state, func, "main.serve in goroutine 1"))
        .collect()
}

fn of_texts(before: &str, after: &str) -> DiffReport {
    between(before.as_bytes(), after.as_bytes())
}

#[test]
fn one_id_of_two_origins_is_proof_of_two_processes() {
    let before = goroutine(7, "select", "work", "main.serve in goroutine 1");
    for made in ["main.other in goroutine 1", "main.serve in goroutine 5"] {
        let diff = of_texts(&before, &goroutine(7, "select", "work", made));
        assert_eq!(
            (diff.process.answer, diff.process.grade),
            ("different", Grade::Confirmed)
        );
    }
}

#[test]
fn ids_that_fell_are_of_a_process_that_was_started_anew() {
    let before = many(9_000..9_040, "select", "work");
    let diff = of_texts(&before, &many(100..140, "select", "work"));
    assert_eq!(
        (diff.process.answer, diff.process.grade),
        ("different", Grade::Probable)
    );
    // A few may have ids that a P has held since long ago.
    let diff = of_texts(
        &before,
        &(before.clone() + &many(100..105, "select", "work")),
    );
    assert_eq!(diff.process.answer, "same");
}

#[test]
fn goroutines_that_come_and_go_are_no_leak() {
    let before = many(100..120, "chan receive", "work");
    let load = of_texts(&before, &many(500..580, "chan receive", "work"));
    assert!(load.verdict.grade <= Grade::Possible, "{:?}", load.verdict);
    let leak = of_texts(
        &before,
        &(before.clone() + &many(500..560, "chan receive", "work")),
    );
    assert_eq!(
        (leak.verdict.category, leak.verdict.grade),
        (Category::GoroutineLeak, Grade::Probable)
    );
    let few = of_texts(
        &before,
        &(before.clone() + &many(500..505, "chan receive", "work")),
    );
    assert_eq!(few.verdict.category, Category::Healthy);
}

#[test]
fn what_the_leak_collector_marked_is_confirmed() {
    let diff = of_texts(
        &many(100..103, "chan receive", "work"),
        &many(100..103, "chan receive (leaked)", "work"),
    );
    assert_eq!(
        (diff.verdict.category, diff.verdict.grade),
        (Category::GoroutineLeak, Grade::Confirmed)
    );
}

#[test]
fn frames_of_the_runtime_do_not_part_a_group() {
    let bare = many(100..130, "select", "work");
    let system = bare.replace("main.work(", "runtime.gopark(0x0?)\n\t/go/src/runtime/proc.go:424 +0xce fp=0x1 sp=0x1 pc=0x1\nmain.work(");
    let diff = of_texts(&bare, &system);
    assert_eq!(diff.goroutines.unmoved, 30);
    assert!(diff.groups.iter().all(|group| group.change == "equal"));
}

#[test]
fn every_form_is_printed_and_fits() {
    let schema = Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(["schema", "diff"])
        .output()
        .expect("gotriage runs");
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).expect("JSON");
    let schema = jsonschema::draft202012::new(&schema).expect("a schema");
    let hostile = many(1..40, "select\u{1b}[2J", "x\u{202e}|`<script>");
    let mut pairs = vec![of_texts(&hostile, &hostile), of_texts("", "nothing\n")];
    pairs.extend(["leak", "hang", "steady"].map(|mode| captured(mode, "go1.27.3")));
    for pair in &pairs {
        let printed = |format| {
            let mut out = Vec::new();
            diff::write(pair, format, &mut out).expect("to memory");
            String::from_utf8(out).expect("UTF-8")
        };
        let json = serde_json::from_str(&printed(Format::Json)).expect("JSON");
        assert!(schema.is_valid(&json));
        for width in [20, 80, 160] {
            let text = printed(pipeline::text(width));
            let widest = text
                .lines()
                .map(unicode_width::UnicodeWidthStr::width)
                .max();
            assert!(widest <= Some(width), "{widest:?}\n{text}");
            assert!(!text.contains(['\u{1b}', '\u{202e}']));
        }
        let markdown = printed(Format::Markdown { all: true });
        assert!(!markdown.contains(['\u{1b}', '\u{202e}']) && !markdown.contains(" <script>"));
    }
}

#[test]
fn the_command_answers_by_its_exit_code() {
    let captures = support::corpus().join("captures");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gotriage"));
        let output = command
            .arg("diff")
            .args(arguments)
            .current_dir(&captures)
            .output();
        output.expect("gotriage runs").status.code()
    };
    let (before, after) = ("leak/go1.27.3-before.txt", "leak/go1.27.3-after.txt");
    assert_eq!(run(&[before, after]), Some(0));
    assert_eq!(run(&[before, after, "--fail-on", "probable"]), Some(1));
    assert_eq!(run(&[before, after, "--fail-on", "confirmed"]), Some(0));
    assert_eq!(run(&[before, before]), Some(2));
    assert_eq!(run(&[before, "no-such-file"]), Some(2));
    assert_eq!(run(&[before]), Some(2));
    assert_eq!(run(&[before, "../README.md"]), Some(3));
}

// --- profiles ---

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

/// What `go tool pprof -raw -diff_base` prints: columns, and their sums by stack.
fn gos_difference(text: &str, kind: &str) -> (Vec<String>, Sums) {
    let mut columns = Vec::new();
    let mut samples: Vec<(Vec<i64>, Vec<u64>)> = Vec::new();
    let mut locations: BTreeMap<u64, Vec<(String, String)>> = BTreeMap::new();
    let (mut part, mut id) = ("", 0);
    for line in text.lines() {
        match line {
            "Samples:" | "Locations" | "Mappings" => {
                part = line;
                continue;
            }
            _ => {}
        }
        match part {
            "Samples:" if columns.is_empty() => {
                columns = line.split_whitespace().map(str::to_owned).collect();
            }
            "Samples:" => {
                let Some((numbers, stack)) = line.split_once(": ") else {
                    continue;
                };
                let row: Option<Vec<i64>> = numbers
                    .split_whitespace()
                    .map(|it| it.parse().ok())
                    .collect();
                if let Some(row) = row {
                    let stack = stack.split_whitespace();
                    samples.push((row, stack.map(|it| it.parse().unwrap()).collect()));
                }
            }
            "Locations" => {
                let mut words = line.split_whitespace();
                let mut word = words.next().unwrap_or_default();
                if let Some(number) = word.strip_suffix(':') {
                    id = number.parse().unwrap();
                    let address = words.next().unwrap_or_default();
                    word = words.next().unwrap_or_default();
                    if word.starts_with("M=") {
                        word = words.next().unwrap_or_default();
                    }
                    if word.starts_with(':') {
                        // No line of the program: only the address tells them apart.
                        locations
                            .entry(id)
                            .or_default()
                            .push((address.to_owned(), ":0".into()));
                        continue;
                    }
                }
                let place = words.next().unwrap_or_default();
                let place = place.rsplit_once(':').map_or(place, |(place, _)| place);
                let frames = locations.entry(id).or_default();
                frames.push((word.to_owned(), place.to_owned()));
            }
            _ => {}
        }
    }
    let mut sums = Sums::new();
    for (row, stack) in &samples {
        let frames: Vec<_> = stack
            .iter()
            .flat_map(|id| locations[id].iter().cloned())
            .collect();
        add(&mut sums, &frames, kind, row);
    }
    sums.retain(|_, row| row.iter().any(|&value| value != 0));
    (columns, sums)
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
            let shown = columns.iter().map(|name| name.replace("[dflt]", ""));
            assert_eq!(named, shown.collect::<Vec<_>>(), "{release} {kind}");
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
