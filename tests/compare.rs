//! Two captures of one process: what the program did between them is known, and its source marks the lines.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

mod pipeline;
#[path = "comparing/profiles.rs"]
mod profiles;
#[path = "profiling/raw.rs"]
mod raw;
mod support;

use gotriage::model::Grade;
use gotriage::render::{Format, diff};
use gotriage::triage::Options;
use gotriage::triage::compare::compare;
use gotriage::triage::compare::report::{DiffReport, GroupChange};
use gotriage::triage::report::{Category, Place};
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
