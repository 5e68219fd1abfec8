//! `gotriage trace`, and traces among the inputs of a report, against the figures of Go's own reader in corpus/traces.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

mod tracing;

use serde_json::Value;
use std::process::{Command, Output, Stdio};
use tracing::{Sample, samples};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("gotriage runs")
}

fn json(arguments: &[&str]) -> Value {
    let output = run(&[arguments, &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn path(sample: &Sample) -> String {
    format!(
        "{}/corpus/traces/{}.trace.zst",
        env!("CARGO_MANIFEST_DIR"),
        sample.name
    )
}

/// Figures that are counts, equal for every clock.
const COUNTS: [&str; 8] = [
    "header",
    "events_total",
    "events_by_kind",
    "go_transitions",
    "proc_transitions",
    "goroutines",
    "unblock",
    "cpu_samples",
];

#[test]
fn counts_are_those_of_gos_reader() {
    let whole = samples()
        .into_iter()
        .filter(|sample| sample.error().is_none());
    let mut checked = 0;
    for sample in whole {
        let report = json(&["trace", &path(&sample)]);
        for figure in COUNTS {
            let (ours, theirs) = (&report["trace"][figure], &sample.oracle[figure]);
            assert_eq!(ours, theirs, "{} {figure}", sample.name);
        }
        let steps = report["steps"].as_array().expect("steps");
        assert_eq!(steps.len(), 4);
        checked += 1;
    }
    assert!(checked > 15, "{checked} traces");
}

/// A crash and the trace of the same process are one incident, and both are heard.
#[test]
fn a_trace_joins_the_report_of_a_crash() {
    let sample = samples()
        .into_iter()
        .find(|sample| sample.name == "mixed-go1.27.3")
        .expect("a sample");
    let crash = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/corpus/dumps/map-write-write/go1.27.3-system.txt"
    );
    let report = json(&[crash, &path(&sample)]);
    let incidents = report["incidents"].as_array().expect("incidents");
    assert_eq!(incidents.len(), 1);
    let incident = &incidents[0];
    assert_eq!(incident["verdict"]["category"], "map-write-write");
    let traces = incident["traces"].as_array().expect("traces");
    assert_eq!(traces.len(), 1);
    assert_eq!(traces[0]["input"], 1);
    assert_eq!(
        traces[0]["trace"]["events_total"],
        sample.oracle["events_total"]
    );
    let located = incident["steps"][1]["findings"]
        .as_array()
        .expect("findings");
    assert!(located.iter().any(|finding| {
        finding["evidence"][0]["input"] == 1
            && finding["text"].as_str().unwrap().contains("main.churn")
    }));
    assert_eq!(report["inputs"][1]["holds"][0], "trace");
}

/// The text that `go tool trace -d=parsed` prints of a trace holds the same events.
#[test]
fn text_of_a_trace_counts_as_the_trace() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/traces/panic-go1.27.3");
    let text = json(&["trace", &format!("{folder}.text.zst")]);
    let trace = json(&["trace", &format!("{folder}.trace.zst")]);
    assert_eq!(text["trace"]["header"], "text");
    for figure in COUNTS.iter().filter(|figure| **figure != "header") {
        assert_eq!(text["trace"][figure], trace["trace"][figure], "{figure}");
    }
}

#[test]
fn what_is_no_trace_is_told() {
    let output = run(&["trace", concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("no execution trace"));
}

#[test]
fn the_page_is_no_wider_than_asked() {
    for sample in samples() {
        for width in [60, 80, 160] {
            let asked = format!("--width={width}");
            let output = run(&["trace", &path(&sample), &asked]);
            let text = String::from_utf8(output.stdout).expect("UTF-8");
            let wide = text
                .lines()
                .filter(|line| !line.starts_with("      ") && line.chars().count() > width);
            assert_eq!(wide.count(), 0, "{} {width}", sample.name);
        }
    }
}
