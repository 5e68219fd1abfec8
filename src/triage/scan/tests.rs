//! Clusters and conflicts of hand-made logs.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

use super::brief::Brief;
use super::find::{Text, find};
use super::*;
use crate::model::Grade;
use std::convert::Infallible;

/// One goroutine, as Go 1.26 prints it, that died in a method.
fn died(message: &str, call: &str, at: &str, runtime: &str) -> String {
    format!(
        "2026-01-02T15:04:05Z up\nfatal error: {message}\n\ngoroutine 7 [running]:\ninternal/runtime/maps.fatal({{0x4a3b2c?, 0x5?}})\n\t/usr/local/go/src/runtime/panic.go:1046 +0x18\n{runtime}({{0x47e3a0, 0x1}})\n\t/usr/local/go/src/internal/runtime/maps/runtime_faststr.go:121 +0x1f2\n{call}(0xc000012345)\n\t{at} +0x45\ncreated by main.main in goroutine 1\n\t/app/main.go:9 +0x1c\n"
    )
}

fn reader(program: &str) -> String {
    died(
        "concurrent map read and map write",
        "main.(*Cache).Get",
        &format!("{program}/cache.go:40"),
        "runtime.mapaccess1_faststr",
    )
    .replace("/app/main.go", &format!("{program}/main.go"))
}

fn writer(program: &str) -> String {
    died(
        "concurrent map writes",
        "main.(*Cache).Set",
        &format!("{program}/cache.go:31"),
        "runtime.mapassign_faststr",
    )
    .replace("/app/main.go", &format!("{program}/main.go"))
}

fn scanned(logs: &[(&str, String)]) -> ScanReport {
    let found = logs.iter().flat_map(|(path, log)| {
        let text = Text {
            path,
            bytes: log.as_bytes(),
            lines_before: 0,
            cut: false,
        };
        find(text, None).incidents
    });
    let incidents: Vec<ScanIncident> = found.collect();
    let line = |incident: &ScanIncident| serde_json::to_vec(incident).unwrap();
    let mut briefs: Vec<Brief> = (0..)
        .zip(&incidents)
        .map(|(kept, incident)| Brief::of(incident, &line(incident), kept))
        .collect();
    arrange(&mut briefs);
    let load = |brief: &Brief| Ok::<_, Infallible>(incidents[brief.kept].clone());
    match summary(&briefs, Vec::new(), load) {
        Ok(report) => report,
    }
}

#[test]
fn equal_crashes_are_one_cluster_with_its_times() {
    let later = writer("/app").replace("15:04:05", "17:00:00");
    let report = scanned(&[
        ("b.log", later),
        ("a.log", writer("/app")),
        ("c.log", reader("/app")),
    ]);
    let counts: Vec<u64> = report
        .clusters
        .iter()
        .map(|cluster| cluster.count)
        .collect();
    assert_eq!(counts, [2, 1]);
    let most = &report.clusters[0];
    assert_eq!(most.first_seen.as_deref(), Some("2026-01-02T15:04:05Z"));
    assert_eq!(most.last_seen.as_deref(), Some("2026-01-02T17:00:00Z"));
    let paths: Vec<&str> = most.incidents.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["a.log", "b.log"]);
    assert_eq!(most.example.path, "a.log");
    assert_eq!(most.example.line, 2);
}

#[test]
fn a_reader_and_a_writer_of_two_logs_make_one_conflict() {
    let report = scanned(&[("r.log", reader("/app")), ("w.log", writer("/app"))]);
    let [conflict] = &report.conflicts[..] else {
        panic!("{:?}", report.conflicts);
    };
    assert_eq!(conflict.kind, "read-write");
    assert_eq!(conflict.grade, Grade::Probable);
    assert_eq!(conflict.on, "main.(*Cache)");
    let sides = conflict.sides.iter();
    let sides: Vec<_> = sides
        .map(|side| (side.op.as_str(), side.path.as_str(), side.site.line))
        .collect();
    assert_eq!(sides, [("read", "r.log", 40), ("write", "w.log", 31)]);
    assert!(
        report
            .clusters
            .iter()
            .all(|cluster| cluster.other_side == Some(Grade::Probable))
    );
    assert!(
        report
            .clusters
            .iter()
            .all(|cluster| cluster.conflicts == [0])
    );
}

#[test]
fn sides_of_different_programs_or_types_stay_apart() {
    let apart = |logs: &[(&str, String)]| {
        let report = scanned(logs);
        assert!(!report.clusters.is_empty());
        assert_eq!(report.conflicts, []);
    };
    apart(&[("r.log", reader("/app")), ("w.log", writer("/other"))]);
    let other_type = writer("/app").replace("(*Cache)", "(*Queue)");
    apart(&[("r.log", reader("/app")), ("w.log", other_type)]);
    let other_reader = reader("/app").replace("cache.go:40", "cache.go:44");
    apart(&[("r.log", reader("/app")), ("s.log", other_reader)]);
    apart(&[("v.log", writer("/app")), ("w.log", writer("/app"))]);
    // One library, two programs.
    let shared = |log: String, main: &str| {
        log.replace("main.(*Cache)", "example.com/lib.(*Cache)")
            .replace("/app/cache.go", "/mod/lib/cache.go")
            .replace("/app/main.go", &format!("{main}/main.go"))
    };
    let (one, two) = (
        shared(reader("/app"), "/one"),
        shared(writer("/app"), "/two"),
    );
    apart(&[("r.log", one.clone()), ("w.log", two)]);
    let same = scanned(&[("r.log", one), ("w.log", shared(writer("/app"), "/one"))]);
    assert_eq!(same.conflicts.len(), 1);
}

#[test]
fn what_is_read_twice_counts_once() {
    let twice = scanned(&[("w.log", writer("/app")), ("w.log", writer("/app"))]);
    assert_eq!(twice.clusters[0].count, 1);
}
