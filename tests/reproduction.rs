//! Every reproduction, built and run by a real Go: it must die with the message it promises, and the race detector must see it.
//!
//! Go is found by [`toolchain`]: the oldest and the newest. `cargo test --test reproduction -- --ignored` runs every combination of
//! operations and keys twenty times, on every Go found; that takes most of an hour for each.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod toolchain;

use gotriage::goruntime::mapops::{KeyKind, MapOp};
use gotriage::goruntime::version::GoVersion;
use gotriage::triage::report::{Category, Reproduction};
use gotriage::triage::reproduction::{MapAccess, Request, Through, reproduction};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use toolchain::{Toolchain, extremes, run, toolchains};

const BLANK: Request<'static> = Request {
    category: Category::None,
    clue: "",
    noticed: None,
    other: None,
    key: None,
    go: None,
};

const MUTATIONS: [MapOp; 3] = [MapOp::Write, MapOp::Delete, MapOp::Clear];

const KEYS: [KeyKind; 5] = [
    KeyKind::String,
    KeyKind::Bits32,
    KeyKind::Bits64,
    KeyKind::Pointer,
    KeyKind::Generic,
];

/// Ways to die without a map conflict.
const OTHER_DEATHS: &[(Category, &str)] = &[
    (Category::NilMapWrite, ""),
    (Category::NilDereference, ""),
    (Category::IndexOutOfRange, ""),
    (Category::IndexOutOfRange, "index out of range [-1]"),
    (
        Category::IndexOutOfRange,
        "index out of range [9] with length 0",
    ),
    (
        Category::IndexOutOfRange,
        "slice bounds out of range [:9] with capacity 4",
    ),
    (Category::IndexOutOfRange, "slice bounds out of range [7:2]"),
    (
        Category::TypeAssertion,
        "interface conversion: interface {} is string, not int",
    ),
    (
        Category::TypeAssertion,
        "interface conversion: interface {} is nil, not int",
    ),
    (
        Category::TypeAssertion,
        "interface conversion: main.T is not main.I: missing method M",
    ),
    (Category::DivideByZero, ""),
    (Category::ClosedChannel, "send on closed channel"),
    (Category::ClosedChannel, "close of closed channel"),
    (Category::ClosedChannel, "close of nil channel"),
    (Category::SyncMisuse, "sync: unlock of unlocked mutex"),
    (Category::SyncMisuse, "sync: Unlock of unlocked RWMutex"),
    (Category::SyncMisuse, "sync: RUnlock of unlocked RWMutex"),
    (Category::SyncMisuse, "sync: negative WaitGroup counter"),
    (Category::RuntimePanic, "hash of unhashable type []int"),
    (Category::RuntimePanic, "makeslice: len out of range"),
    (Category::StackOverflow, ""),
    (Category::DeadlockAllAsleep, ""),
    (Category::DeadlockAllAsleep, "sync.Mutex.Lock"),
    (Category::DeadlockAllAsleep, "sync.WaitGroup.Wait"),
    (Category::LockHang, ""),
    (Category::GoroutineLeak, ""),
];

/// Builds `main.go` in `folder`; the error is what Go printed.
fn build(
    toolchain: &Toolchain,
    folder: &Path,
    program: &str,
    with_race: bool,
) -> Result<PathBuf, String> {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("main.go"), program).unwrap();
    let binary = folder.join(if with_race { "repro-race" } else { "repro" });
    let mut command = toolchain.build(folder, &binary);
    if with_race {
        command.arg("-race").env("CGO_ENABLED", "1");
    }
    run(command.arg("main.go")).map(|_| binary)
}

fn by_user(op: MapOp) -> Option<MapAccess> {
    Some(MapAccess {
        op,
        through: Through::UserCode,
    })
}

fn conflict(
    category: Category,
    noticed: Option<MapAccess>,
    other: MapOp,
    key: KeyKind,
) -> Request<'static> {
    Request {
        category,
        noticed,
        other: by_user(other),
        key: Some(key),
        ..BLANK
    }
}

/// One of each role, key and detour.
fn some_conflicts() -> Vec<Request<'static>> {
    let json = Some(MapAccess {
        op: MapOp::Iterate,
        through: Through::Json,
    });
    vec![
        conflict(
            Category::MapWriteWrite,
            by_user(MapOp::Write),
            MapOp::Write,
            KeyKind::String,
        ),
        conflict(
            Category::MapWriteWrite,
            by_user(MapOp::Delete),
            MapOp::Clear,
            KeyKind::Bits64,
        ),
        conflict(
            Category::MapReadWrite,
            by_user(MapOp::Read),
            MapOp::Write,
            KeyKind::Generic,
        ),
        conflict(
            Category::MapReadWrite,
            by_user(MapOp::Read),
            MapOp::Delete,
            KeyKind::Bits32,
        ),
        conflict(
            Category::MapIterateWrite,
            by_user(MapOp::Iterate),
            MapOp::Write,
            KeyKind::Pointer,
        ),
        conflict(
            Category::MapIterateWrite,
            json,
            MapOp::Write,
            KeyKind::String,
        ),
        conflict(
            Category::MapCloneWrite,
            by_user(MapOp::Clone),
            MapOp::Write,
            KeyKind::String,
        ),
    ]
}

fn all_conflicts() -> Vec<Request<'static>> {
    let mut all = Vec::new();
    for key in KEYS {
        for other in MUTATIONS {
            for noticed in MUTATIONS {
                all.push(conflict(
                    Category::MapWriteWrite,
                    by_user(noticed),
                    other,
                    key,
                ));
            }
            all.push(conflict(
                Category::MapReadWrite,
                by_user(MapOp::Read),
                other,
                key,
            ));
            all.push(conflict(
                Category::MapCloneWrite,
                by_user(MapOp::Clone),
                other,
                key,
            ));
            for through in [Through::UserCode, Through::Json, Through::Fmt] {
                let noticed = Some(MapAccess {
                    op: MapOp::Iterate,
                    through,
                });
                all.push(conflict(Category::MapIterateWrite, noticed, other, key));
            }
        }
    }
    all
}

/// The line that says how the program ended. Up to Go 1.23 two goroutines may die at once and print the prefix twice.
fn last_words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let death = |line: &&str| line.starts_with("fatal error: ") || line.starts_with("panic: ");
    let words = text
        .lines()
        .find(death)
        .or(text.lines().last())
        .unwrap_or("");
    words.replace("fatal error: fatal error: ", "fatal error: ")
}

fn dies_as_promised(binary: &Path, promised: &Reproduction, context: &str) {
    let output = Command::new(binary).output().unwrap();
    assert!(!output.status.success(), "{context}: lived");
    assert_eq!(last_words(&output), promised.message, "{context}");
}

fn is_flagged(binary: &Path, context: &str) {
    let output = Command::new(binary).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("WARNING: DATA RACE"),
        "{context} under -race:\n{text}"
    );
}

/// Runs each program `times` with and, for map conflicts, without the race detector.
fn check(toolchain: &Toolchain, requests: &[Request<'static>], times: usize, test: &str) {
    for (n, request) in requests.iter().enumerate() {
        let request = Request {
            go: Some(toolchain.version),
            ..*request
        };
        let context = format!("Go {}, {request:?}", toolchain.version);
        let Some(promised) = reproduction(&request) else {
            assert_eq!(request.category, Category::MapCloneWrite, "{context}");
            assert!(toolchain.version < GoVersion::minor(21), "{context}");
            continue;
        };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("repro-{test}-{}-{n}", toolchain.version));
        let plain = build(toolchain, &folder, &promised.program, false)
            .unwrap_or_else(|error| panic!("{context}:\n{error}"));
        for _ in 0..times {
            dies_as_promised(&plain, &promised, &context);
        }
        if promised.run.contains("-race") {
            let with_race = build(toolchain, &folder, &promised.program, true)
                .unwrap_or_else(|error| panic!("{context}, -race:\n{error}"));
            for _ in 0..times {
                is_flagged(&with_race, &context);
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

fn other_deaths() -> Vec<Request<'static>> {
    OTHER_DEATHS
        .iter()
        .map(|&(category, clue)| Request {
            category,
            clue,
            ..BLANK
        })
        .collect()
}

#[test]
fn map_conflicts_die_as_promised_and_are_flagged() {
    for toolchain in extremes(toolchains()) {
        check(&toolchain, &some_conflicts(), 1, "maps");
    }
}

#[test]
fn other_deaths_come_as_promised() {
    for toolchain in extremes(toolchains()).iter().rev().take(1) {
        check(toolchain, &other_deaths(), 1, "others");
    }
}

#[test]
#[ignore = "builds some 150 programs for each Go and runs each forty times"]
fn every_program_dies_twenty_times() {
    for toolchain in toolchains() {
        check(&toolchain, &all_conflicts(), 20, "all");
        check(&toolchain, &other_deaths(), 20, "all-others");
    }
}

#[test]
fn what_a_program_cannot_show_has_none() {
    for category in [
        Category::CustomPanic,
        Category::OutOfMemory,
        Category::Signal,
        Category::RuntimeFault,
        Category::TestTimeout,
        Category::TestFailure,
        Category::DataRaceReport,
        Category::Healthy,
        Category::None,
    ] {
        assert!(
            reproduction(&Request { category, ..BLANK }).is_none(),
            "{category:?}"
        );
    }
    let unknown = Request {
        category: Category::SyncMisuse,
        clue: "sync: WaitGroup is reused before previous Wait has returned",
        ..BLANK
    };
    assert!(reproduction(&unknown).is_none());
}

#[test]
fn no_mark_is_left_unfilled() {
    for go in [
        None,
        "1.19".parse().ok(),
        "1.24.3".parse().ok(),
        "1.27".parse().ok(),
    ] {
        for request in all_conflicts().iter().chain(&other_deaths()) {
            let Some(made) = reproduction(&Request { go, ..*request }) else {
                continue;
            };
            assert!(!made.program.contains('@'), "{request:?}\n{}", made.program);
            assert!(
                made.program.contains(&made.message) || request.category == Category::GoroutineLeak,
                "{request:?}"
            );
        }
    }
}

#[test]
fn without_a_version_the_program_runs_on_any() {
    let clear = conflict(
        Category::MapWriteWrite,
        by_user(MapOp::Clear),
        MapOp::Clear,
        KeyKind::String,
    );
    let made = reproduction(&clear).unwrap();
    assert!(made.go_since == "1.19" && !made.program.contains("clear("));
    let made = reproduction(&Request {
        go: "1.22".parse().ok(),
        ..clear
    })
    .unwrap();
    assert!(made.go_since == "1.21" && made.program.contains("clear(shared)"));
}

#[test]
fn a_race_report_gets_the_crash_its_two_sides_lead_to() {
    let sides = conflict(
        Category::MapRaceReport,
        by_user(MapOp::Write),
        MapOp::Read,
        KeyKind::String,
    );
    let made = reproduction(&sides).unwrap();
    assert_eq!(
        made.message,
        "fatal error: concurrent map read and map write"
    );
    assert!(
        made.program
            .contains("go repeat(read, 100*time.Millisecond)")
    );
}

#[test]
fn numbers_of_a_message_are_kept_within_reason() {
    let made = |clue| {
        reproduction(&Request {
            category: Category::IndexOutOfRange,
            clue,
            ..BLANK
        })
        .unwrap()
        .message
    };
    assert_eq!(
        made("index out of range [12] with length 5"),
        "panic: runtime error: index out of range [12] with length 5"
    );
    for absurd in [
        "index out of range [5] with length 99999999999999999999",
        "index out of range [1] with length 4611686018427387904",
        "index out of range [2] with length 7",
        "slice bounds out of range [:3] with capacity 9",
        "",
    ] {
        assert_eq!(
            made(absurd),
            "panic: runtime error: index out of range [3] with length 3",
            "{absurd}"
        );
    }
}
