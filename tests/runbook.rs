//! `gotriage runbook`: ready to paste, the same words as the report, and of the schema that is printed.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

use serde_json::Value;
use std::io::Write;
use std::process::{Command, Output, Stdio};

const DUMP: &str = "corpus/dumps/lock-cycle/go1.27.3-debug2.txt";

fn gotriage(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("gotriage runs")
}

fn text(arguments: &[&str]) -> String {
    let output = gotriage(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&text(arguments)).expect("JSON")
}

#[test]
fn targets_are_filled_in_everywhere() {
    let plain = text(&["runbook"]);
    for placeholder in ["HOST:PORT", "PID", "POD"] {
        assert!(plain.contains(placeholder), "{placeholder}");
    }
    let filled = text(&[
        "runbook",
        "--host",
        "localhost:6060",
        "--pid",
        "4711",
        "--pod",
        "web-0",
    ]);
    for placeholder in ["HOST:PORT", "PID", "POD"] {
        assert!(!filled.contains(placeholder), "{placeholder}:\n{filled}");
    }
    for command in [
        "http://localhost:6060/debug/pprof/goroutine?debug=2",
        "kill -QUIT 4711",
        "gcore -o core 4711",
        "kubectl logs --previous --tail=-1 web-0",
    ] {
        assert!(filled.contains(command), "{command}:\n{filled}");
    }
}

#[test]
fn names_that_would_run_something_are_refused() {
    for host in ["a;reboot", "$(id)", "a b", "'x'", "", "a\nb"] {
        let output = gotriage(&["runbook", "--host", host]);
        assert_eq!(output.status.code(), Some(2), "{host:?}");
    }
}

#[test]
fn commands_can_be_pasted_into_a_shell() {
    let books = [
        json(&["runbook", "--format", "json"]),
        json(&["runbook", "lock-hang", "--format", "json"]),
        json(&["runbook", "map-write-write", "--format", "json"]),
    ];
    let captures = books.iter().flat_map(|book| book["captures"].as_array());
    let captures: Vec<&Value> = captures.flatten().collect();
    assert!(captures.len() > 20);
    for capture in captures {
        for field in ["command", "read"] {
            let line = capture[field].as_str().expect("a line");
            let checked = Command::new("sh").args(["-n", "-c", line]).status();
            assert!(checked.expect("sh runs").success(), "{line}");
        }
    }
}

#[test]
fn a_log_its_report_and_the_verdict_agree() {
    let report = text(&["--format", "json", DUMP]);
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(report.as_bytes()).expect("written");
    let path = file.path().to_str().expect("a path");
    let of_log = json(&["runbook", DUMP, "--format", "json"]);
    let of_report = json(&["runbook", path, "--format", "json"]);
    assert_eq!(of_log, of_report);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let incident = &report["incidents"][0];
    assert_eq!(of_log["category"], incident["verdict"]["category"]);
    assert_eq!(of_log["missing"], incident["missing"]);
    let of_word = json(&["runbook", "lock-hang", "--go", "1.27", "--format", "json"]);
    assert_eq!(of_word["captures"], of_log["captures"]);
    assert_eq!(of_word["now"], of_log["now"]);
}

#[test]
fn the_fourth_step_of_a_report_has_the_same_commands() {
    for dump in [DUMP, "corpus/dumps/map-write-write/go1.23.9-system.txt"] {
        let book = json(&["runbook", dump, "--format", "json"]);
        let step4 = json(&["--format", "json", dump])["incidents"][0]["steps"][3].to_string();
        let commands = book["commands"].as_array().expect("commands");
        assert!(!commands.is_empty(), "{dump}");
        for command in commands {
            let quoted = command.to_string();
            let line = quoted.trim_matches('"');
            assert!(step4.contains(line), "{dump}: {line}");
        }
        for step in book["now"].as_array().expect("steps") {
            assert!(step4.contains(step.to_string().trim_matches('"')), "{step}");
        }
    }
}

#[test]
fn what_is_no_verdict_and_no_file_is_told() {
    let output = gotriage(&["runbook", "lock-hung"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("lock-hang") && told.contains("goroutine-leak"),
        "{told}"
    );
}

#[test]
fn the_schema_describes_what_is_printed() {
    let schema = json(&["schema", "runbook"]);
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for what in [
        &["runbook"][..],
        &["runbook", "out-of-memory"],
        &["runbook", DUMP],
    ] {
        let book = json(&[what, &["--format", "json"]].concat());
        let errors: Vec<String> = validator
            .iter_errors(&book)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{what:?}: {errors:?}");
        assert_eq!(book["schema"], "gotriage.runbook/1");
    }
}

#[test]
fn markdown_has_every_capture_under_its_heading() {
    let page = text(&["runbook", "goroutine-leak", "--format", "markdown"]);
    assert!(page.starts_with("# Runbook for goroutine-leak"), "{page}");
    assert!(page.contains("goroutineleak?debug=2") && page.matches("### ").count() >= 4);
}
