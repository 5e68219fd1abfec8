//! `gotriage trace`, and traces among the inputs of a report, against the figures of Go's own reader in corpus/traces.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

mod tracing;

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tracing::{Sample, pick, samples, whole};

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

/// The report on a trace that comes through a pipe, with that directory for temporary files.
fn piped(bytes: &[u8], temporary: &Path) -> Value {
    let mut gotriage = Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(["trace", "-", "--format", "json"])
        .env("TMPDIR", temporary)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gotriage runs");
    let mut pipe = gotriage.stdin.take().expect("a pipe");
    pipe.write_all(bytes).expect("gotriage reads");
    drop(pipe);
    let output = gotriage.wait_with_output().expect("gotriage ends");
    assert_eq!(output.status.code(), Some(0));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// More than is kept in memory goes through a temporary file, or stays in memory where there is no place for one.
#[test]
fn a_long_trace_from_a_pipe_is_read_like_a_file() {
    let mut bytes = pick("mixed-go1.27.3").bytes;
    // No trace of the corpus is long: behind the last batch of this one follow bytes that are none.
    bytes.resize(bytes.len() + (20 << 20), 0);
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("trace");
    std::fs::write(&file, &bytes).expect("room");
    let mut whole = json(&["trace", &file.display().to_string()]);
    whole["input"]["path"] = "-".into();
    assert_eq!(piped(&bytes, folder.path()), whole);
    assert_eq!(piped(&bytes, &folder.path().join("missing")), whole);
    let left = std::fs::read_dir(folder.path()).expect("the directory");
    assert_eq!(left.count(), 1, "a temporary file is left behind");
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
    let mut checked = 0;
    for sample in whole() {
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
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/joined/fatal-go1.27.3");
    let trace = format!("{folder}/trace.zst");
    let report = json(&[&format!("{folder}/crash.txt"), &trace]);
    let incidents = report["incidents"].as_array().expect("incidents");
    assert_eq!(incidents.len(), 1);
    let incident = &incidents[0];
    assert_eq!(incident["verdict"]["category"], "map-write-write");
    let traces = incident["traces"].as_array().expect("traces");
    assert_eq!(traces.len(), 1);
    assert_eq!(traces[0]["input"], 1);
    assert_eq!(traces[0]["trace"], json(&["trace", &trace])["trace"]);
    let located = incident["steps"][1]["findings"]
        .as_array()
        .expect("findings");
    assert!(located.iter().any(|finding| {
        finding["evidence"][0]["input"] == 1
            && finding["text"]
                .as_str()
                .unwrap()
                .contains("Map operations stand on")
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

/// The text of the tools up to Go 1.21 has no stacks; everything else is as in the trace it was made from, by Go's own reader, but for
/// times: the tool cuts off fractions of a ns.
#[test]
fn old_text_counts_as_gos_reader_counts_the_trace() {
    for (name, _) in tracing::old_texts() {
        let oracle = tracing::pick(name).oracle;
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/traces");
        let report = json(&["trace", &format!("{folder}/{name}.text.zst")]);
        let trace = &report["trace"];
        for figure in COUNTS {
            if !matches!(figure, "header" | "cpu_samples") {
                assert_eq!(trace[figure], oracle[figure], "{name} {figure}");
            }
        }
        let samples = (&trace["cpu_samples"], &oracle["cpu_samples"]);
        assert_eq!(samples.0["total"], samples.1["total"], "{name}");
        assert_eq!(trace["damage"], Value::Array(Vec::new()), "{name}");
        near(name, "state_time_ns", trace, &oracle, 2_000);
        for list in ["block_reasons", "stop_reasons", "ranges"] {
            let (ours, theirs) = (&trace[list], &oracle[list]);
            let keys = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(ours), keys(theirs), "{name} {list}");
            for key in keys(theirs) {
                near(&format!("{name} {list}"), &key, ours, theirs, 2_000);
            }
        }
    }
}

/// Two numbers, or the numbers of two objects.
fn near(what: &str, key: &str, ours: &Value, theirs: &Value, most: i64) {
    match &theirs[key] {
        Value::Object(parts) => {
            for part in parts.keys() {
                near(
                    &format!("{what} {key}"),
                    part,
                    &ours[key],
                    &theirs[key],
                    most,
                );
            }
        }
        number => {
            let (ours, theirs) = (ours[key].as_i64(), number.as_i64());
            let apart = ours.unwrap().abs_diff(theirs.unwrap());
            assert!(
                apart <= most.unsigned_abs(),
                "{what} {key}: {ours:?} {theirs:?}"
            );
        }
    }
}

/// Whose figures the picture for a browser holds: every slice of a goroutine that ran, the ranges, the samples, the logs. Tools up to
/// Go 1.21 draw the collector's workers without a number, so theirs are not counted.
#[test]
fn a_view_gives_the_figures_it_holds() {
    for (name, _) in tracing::views() {
        let oracle = tracing::pick(name).oracle;
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/traces");
        let report = json(&["trace", &format!("{folder}/{name}.view.json.zst")]);
        let trace = &report["trace"];
        assert_eq!(trace["header"], "chrome", "{name}");
        assert_eq!(trace["damage"], Value::Array(Vec::new()), "{name}");
        let transitions = |of: &Value, names: &[&str]| -> u64 {
            let counts = names
                .iter()
                .filter_map(|name| of["go_transitions"][name].as_u64());
            counts.sum()
        };
        let runs = [
            "Runnable->Running",
            "Waiting->Running",
            "Undetermined->Running",
        ];
        let mut expected = transitions(&oracle, &runs);
        if name.contains("1.19") || name.contains("1.21") {
            expected -= oracle["events_by_kind"]["Label"].as_u64().unwrap_or(0);
        }
        assert_eq!(transitions(trace, &runs), expected, "{name} runs");
        for kind in ["Running->Syscall", "Syscall->Running", "Syscall->Runnable"] {
            let counts = [trace, &oracle].map(|of| transitions(of, &[kind]));
            assert_eq!(counts[0], counts[1], "{name} {kind}");
        }
        assert_eq!(trace["cpu_samples"], oracle["cpu_samples"], "{name}");
        let logs = [trace, &oracle].map(|of| of["events_by_kind"]["Log"].as_u64());
        assert_eq!(logs[0], logs[1], "{name} logs");
        let ranges = oracle["ranges"].as_object().unwrap();
        for (range, theirs) in ranges {
            let ours = &trace["ranges"][range];
            for figure in ["begin", "end"] {
                assert_eq!(ours[figure], theirs[figure], "{name} {range}");
            }
            near(&format!("{name} {range}"), "ns", ours, theirs, 2_000);
        }
        for reason in ["chan receive", "chan send", "select", "sleep"] {
            let count = |of: &Value| of["block_reasons"][reason]["count"].as_u64();
            assert_eq!(count(trace), count(&oracle), "{name} {reason}");
        }
        assert_eq!(report["steps"].as_array().map(Vec::len), Some(4));
    }
}

/// Among the inputs of a report, a view is a trace like any other.
#[test]
fn a_view_joins_a_report() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/traces");
    let view = format!("{folder}/panic-go1.27.3.view.json.zst");
    let text = format!("{folder}/panic-go1.21.13.text.zst");
    for file in [view, text] {
        let report = json(&[&file]);
        assert_eq!(report["inputs"][0]["holds"][0], "trace", "{file}");
        let traces = report["incidents"][0]["traces"].as_array();
        assert_eq!(traces.map(Vec::len), Some(1), "{file}");
    }
}

/// Cut anywhere, a view keeps what came before the cut, and says that it is cut. Stacks stand last.
#[test]
fn a_cut_view_says_so() {
    let views = tracing::views();
    let (_, view) = views
        .iter()
        .find(|(name, _)| *name == "panic-go1.27.3")
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    for part in 1..8 {
        let cut = folder.path().join(format!("{part}.json"));
        std::fs::write(&cut, &view[..view.len() * part / 8]).unwrap();
        let report = json(&["trace", cut.to_str().unwrap()]);
        let damage = report["trace"]["damage"].as_array().unwrap();
        assert_eq!(damage.len(), 1, "{part}");
        assert_eq!(damage[0]["kind"], "cut_batch");
    }
}

/// Damaged on purpose: events stand at the last time there is, or too far from a synchronisation for the sum of their times.
#[test]
fn times_at_the_end_of_time_are_reported() {
    for name in ["end-of-time", "far-from-sync"] {
        let root = env!("CARGO_MANIFEST_DIR");
        let trace = format!("{root}/tests/tracing/{name}.trace");
        let trace = trace.as_str();
        for arguments in [
            &["trace", trace][..],
            &[trace],
            &["--format", "html", trace],
        ] {
            let output = run(arguments);
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        }
    }
}
