#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::analyze::incident::incidents;
use crate::parse::{Given, read};
use std::path::Path;

/// The facts of each incident in a text.
fn all_facts(text: &[u8], named: Option<GoBuild>) -> Vec<GoFacts> {
    let opened = crate::envelope::open(text);
    let given = Given {
        name: "-",
        bytes: text.len() as u64,
        opened: &opened,
        truncated: false,
        notes: Vec::new(),
    };
    let evidence = read(&[given]);
    let incidents = incidents(&evidence, false);
    incidents
        .iter()
        .map(|incident| of_incident(&evidence, incident, &[], named))
        .collect()
}

fn facts(text: &str) -> GoFacts {
    all_facts(text.as_bytes(), None).swap_remove(0)
}

/// A goroutine of a Go 1.23.9 program that waits on a mutex; frames of the runtime left out, as at level all.
const WAITER_OF_23: &str = "\
goroutine 6 [sync.Mutex.Lock]:
sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)
\t/usr/local/go/src/runtime/sema.go:95 +0x25
sync.(*Mutex).lockSlow(0xc000108008)
\t/usr/local/go/src/sync/mutex.go:173 +0x15d
sync.(*Mutex).Lock(...)
\t/usr/local/go/src/sync/mutex.go:92
main.(*S).lock(0x0?)
\t/app/main.go:24 +0x3c
created by main.main in goroutine 1
\t/app/main.go:83 +0x53e
";

#[test]
fn lines_and_states_tell_the_minor() {
    let facts = facts(WAITER_OF_23);
    assert_eq!(
        facts.version,
        Some(GoVersion::minor(23)),
        "{:?}",
        facts.reasons
    );
    assert_eq!(
        (facts.from, facts.map_layout),
        (VersionSource::Landmarks, Some(MapLayout::Classic))
    );
    assert!(facts.candidates.contains(&GoVersion::release(23, 9)));
    assert!(
        facts
            .reasons
            .iter()
            .any(|reason| reason.contains("runtime/sema.go:95")),
        "{:?}",
        facts.reasons
    );
}

#[test]
fn the_installation_path_tells_the_release() {
    let text = WAITER_OF_23.replace(
        "/usr/local/go/src",
        "/opt/hostedtoolcache/go/1.23.7/x64/src",
    );
    let facts = facts(&text);
    assert_eq!(
        (facts.version, facts.from),
        (Some(GoVersion::release(23, 7)), VersionSource::Path)
    );
    assert_eq!(facts.candidates, [GoVersion::release(23, 7)]);
}

#[test]
fn a_path_that_the_lines_contradict_is_not_believed() {
    let text = WAITER_OF_23.replace("/usr/local/go/src", "/usr/lib/go-1.19/src");
    let facts = facts(&text);
    assert_eq!(facts.version, Some(GoVersion::minor(23)));
    assert!(
        facts
            .reasons
            .iter()
            .any(|reason| reason.contains("/usr/lib/go-1.19/")),
        "{:?}",
        facts.reasons
    );
}

#[test]
fn the_users_word_counts_and_a_contradiction_is_said() {
    let named = "go1.24.11 X:noswissmap".parse().unwrap();
    let facts = all_facts(WAITER_OF_23.as_bytes(), Some(named)).swap_remove(0);
    assert_eq!(
        (facts.version, facts.from),
        (Some(GoVersion::release(24, 11)), VersionSource::Override)
    );
    assert_eq!(facts.map_layout, Some(MapLayout::Classic));
    assert_eq!(facts.reasons.len(), 2, "{:?}", facts.reasons);
}

#[test]
fn user_code_alone_leaves_what_the_cues_leave() {
    let text = "panic: boom\n\ngoroutine 6 [running]:\nmain.f(0x1?, 0x2)\n\t/app/src/runtime/panic.go:802 +0x1\n\
                created by main.main in goroutine 1\n\t/app/main.go:8 +0x2\n";
    let facts = facts(text);
    assert_eq!(
        (facts.version, facts.from, facts.map_layout),
        (None, VersionSource::Cues, None)
    );
    assert_eq!(facts.candidates.first(), Some(&GoVersion::release(21, 0)));
}

#[test]
fn a_map_error_raised_by_the_runtime_itself_is_a_classic_maps() {
    let text = "fatal error: concurrent map writes\n\ngoroutine 6 [running]:\nmain.f()\n\t/app/main.go:7 +0x1\n\
                created by main.main in goroutine 1\n\t/app/main.go:8 +0x2\n";
    let facts = facts(text);
    assert_eq!(
        facts.map_layout,
        Some(MapLayout::Classic),
        "{:?}",
        facts.reasons
    );
    assert_eq!(facts.candidates.last(), Some(&GoVersion::release(23, 9)));
}

#[test]
fn flat_arguments_are_those_of_old_versions() {
    let text = "panic: boom\n\ngoroutine 1 [running]:\nmain.f.func1()\n\t/app/main.go:7 +0x1\n\
                panic(0x45e0a0, 0x4b1f3c)\n\t/usr/local/go/src/runtime/panic.go:1 +0x2\n\
                main.f()\n\t/app/main.go:9 +0x1\n";
    let facts = facts(text);
    assert_eq!(
        facts.candidates.last(),
        Some(&GoVersion::release(16, 8)),
        "{:?}",
        facts.reasons
    );
    assert_eq!(facts.map_layout, Some(MapLayout::Classic));
}

#[test]
fn a_line_that_raised_a_panic_is_not_a_call() {
    // In Go 1.21.13 line 118 is the panic itself; in 1.23 and 1.24 the wait stands there.
    let text = "panic: sync: WaitGroup is reused before previous Wait has returned\n\ngoroutine 7 [running]:\n\
                sync.(*WaitGroup).Wait(0x0?)\n\t/usr/local/go/src/sync/waitgroup.go:118 +0x74\n\
                main.f()\n\t/app/main.go:9 +0x1\n";
    let facts = facts(text);
    assert!(
        facts.candidates.contains(&GoVersion::release(21, 13)),
        "{:?}",
        facts.reasons
    );
}

#[test]
fn a_mark_that_contradicts_the_lines_is_reported() {
    let text = format!("panic: boom [recovered, repanicked]\n\n{WAITER_OF_23}");
    let facts = facts(&text);
    assert_eq!(facts.version, Some(GoVersion::minor(23)));
    let said = facts
        .reasons
        .iter()
        .any(|reason| reason.contains("against the other signs"));
    assert!(said, "{:?}", facts.reasons);
}

#[test]
fn every_dump_of_the_corpus_admits_its_true_version() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let manifest = std::fs::read(corpus.join("manifest.json")).unwrap();
    let entries: Vec<serde_json::Value> = serde_json::from_slice(&manifest).unwrap();
    let (mut files, mut told) = (0, 0);
    for entry in &entries {
        let (name, go) = (
            entry["file"].as_str().unwrap(),
            entry["go"].as_str().unwrap(),
        );
        let truth: GoVersion = go.parse().unwrap();
        let bytes = std::fs::read(corpus.join(name)).unwrap();
        for facts in all_facts(&bytes, None) {
            assert!(
                facts.candidates.contains(&truth),
                "{name}: {:?} {:?}",
                facts.version,
                facts.reasons
            );
            if let Some(version) = facts.version {
                assert_eq!(version.minor, truth.minor, "{name}: {:?}", facts.reasons);
                assert!(
                    version.patch.is_none_or(|patch| Some(patch) == truth.patch),
                    "{name}: {version}"
                );
                told += 1;
            }
            files += 1;
        }
    }
    assert!(files >= 100, "{files} dumps");
    assert!(
        told * 2 > files,
        "the minor is told in {told} of {files} dumps"
    );
}
