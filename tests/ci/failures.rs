//! Pipes, signals, full disks, files that cannot be read or written: the exit code, the message, and no partial file.

use crate::checkout::{Checkout, log};
use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;

fn name(path: &std::path::Path) -> &str {
    path.to_str().expect("a name")
}

#[test]
fn a_pipe_is_passed_through_as_it_comes() {
    let checkout = Checkout::new();
    let mut log = fs::read(log("go1.23.9-plain")).expect("the log");
    log.extend_from_slice(b"\xff\x00 no text, no line end");
    let mut child = checkout
        .ci(&["--tee"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("gotriage runs");
    let (first, rest) = log.split_at(100);
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = child.stdout.take().expect("a pipe");
    stdin.write_all(first).expect("a reader");
    // It comes although the input goes on.
    let mut passed = vec![0; first.len()];
    stdout.read_exact(&mut passed).expect("the first piece");
    let feeder = {
        let rest = rest.to_vec();
        std::thread::spawn(move || stdin.write_all(&rest).expect("a reader"))
    };
    stdout.read_to_end(&mut passed).expect("the rest");
    feeder.join().expect("the feeder");
    let output = child.wait_with_output().expect("gotriage ends");
    assert!(passed == log, "the log is not what came in");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("store/store.go:15: error: Data race"),
        "{told}"
    );
}

#[test]
fn a_closed_pipe_behind_tee_loses_no_finding() {
    let checkout = Checkout::new();
    let log = log("go1.27.3-json");
    let json = checkout.path().join("out.json");
    let mut child = checkout
        .ci(&["--tee", "--json", name(&json), name(&log)])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("gotriage runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("an end").code(), Some(1));
    assert!(
        fs::read_to_string(&json)
            .expect("JSON")
            .contains("map-write-write")
    );
}

#[test]
fn what_is_no_test_output_is_told() {
    let checkout = Checkout::new();
    let file = checkout.path().join("access.log");
    fs::write(&file, "GET / 200\nGET /favicon.ico 404\n").expect("a file");
    let output = checkout.run(&[name(&file)]);
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("no output of go test was recognised"),
        "{told}"
    );
    let output = checkout.run(&["no-such.log"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!output.stderr.is_empty());
    let output = checkout.run(&["--tee", name(checkout.path())]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_output_that_cannot_be_written_does_not_cost_the_others() {
    let checkout = Checkout::new();
    let log = log("go1.23.9-plain");
    let sarif = checkout.path().join("out.sarif");
    let output = checkout.run(&[
        "--json",
        "/no/such/directory/out.json",
        "--sarif",
        name(&sarif),
        name(&log),
    ]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("/no/such/directory/out.json: cannot be written"),
        "{told}"
    );
    assert!(fs::read_to_string(&sarif).expect("SARIF").ends_with("}\n"));
    let left: Vec<_> = fs::read_dir(checkout.path())
        .expect("a directory")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn limits_make_the_answer_incomplete() {
    let checkout = Checkout::new();
    let log = log("go1.23.9-plain");
    for more in [&[][..], &["--tee"]] {
        let mut arguments = vec!["--max-bytes", "4K", name(&log)];
        arguments.extend(more);
        let output = checkout.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        let whole = fs::read(&log).expect("the log");
        assert!(
            more.is_empty() || output.stdout == whole,
            "all is passed on"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let checkout = Checkout::new();
    let log = log("go1.23.9-plain");
    for option in [
        "--json",
        "--sarif",
        "--junit",
        "--gitlab",
        "--markdown",
        "--html",
        "--summary",
    ] {
        let output = checkout.run(&[option, "/dev/full", name(&log)]);
        assert_eq!(output.status.code(), Some(2), "{option}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            told.contains("/dev/full: cannot be written"),
            "{option}: {told}"
        );
    }
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("a device");
    let mut command = checkout.ci(&["--tee", name(&log)]);
    let output = command.stdout(full).stderr(Stdio::piped()).output();
    assert_eq!(output.expect("gotriage runs").status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_reading_not_the_report() {
    let checkout = Checkout::new();
    let log = fs::read(log("go1.23.9-plain")).expect("the log");
    let json = checkout.path().join("out.json");
    for signal in ["INT", "TERM"] {
        let mut child = checkout
            .ci(&["--tee", "--json", name(&json)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("gotriage runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(&log).expect("a reader");
        let mut passed = vec![0; log.len()];
        let mut stdout = child.stdout.take().expect("a pipe");
        stdout.read_exact(&mut passed).expect("all of it");
        let kill = std::process::Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(kill.expect("kill runs").success());
        assert_eq!(child.wait().expect("an end").code(), Some(2), "{signal}");
        let text = fs::read_to_string(&json).expect("JSON");
        let json: serde_json::Value = serde_json::from_str(&text).expect("whole JSON");
        assert!(
            json["findings"].as_array().map(Vec::len) > Some(5),
            "{signal}"
        );
        assert_eq!(json["inputs"][0]["truncated"], true, "{signal}");
        drop(stdin);
    }
}

#[test]
fn the_same_log_gives_the_same_bytes() {
    let checkout = Checkout::new();
    let log = log("go1.27.3-json");
    let (one, two) = (checkout.path().join("one"), checkout.path().join("two"));
    for (directory, threads) in [(&one, "1"), (&two, "4")] {
        let mut command = checkout.ci(&["--out", name(directory), name(&log)]);
        let status = command.env("RAYON_NUM_THREADS", threads).output();
        assert_eq!(status.expect("gotriage runs").status.code(), Some(1));
    }
    let mut files = 0;
    for entry in fs::read_dir(&one).expect("a directory").flatten() {
        let (a, b) = (
            fs::read(entry.path()),
            fs::read(two.join(entry.file_name())),
        );
        assert!(a.expect("a file") == b.expect("its twin"), "{entry:?}");
        files += 1;
    }
    assert_eq!(files, 7);
}
