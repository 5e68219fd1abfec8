//! Every planted fault is found at its marked line, with its test; nothing else is.

use crate::checkout::{Checkout, VERSIONS, marked};
use serde_json::Value;

/// A finding, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    rule: String,
    at: String,
    tests: Vec<String>,
    related: Vec<String>,
}

fn found(json: &Value) -> Vec<Found> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |value: &Value| format!("{}:{}", text(&value["file"]), value["line"]);
    let findings = json["findings"].as_array().expect("findings");
    findings
        .iter()
        .map(|finding| Found {
            rule: text(&finding["rule"]["id"]),
            at: place(&finding["at"]),
            tests: finding["tests"]
                .as_array()
                .expect("tests")
                .iter()
                .map(|test| text(&test["test"]))
                .collect(),
            related: finding["related"]
                .as_array()
                .expect("places")
                .iter()
                .map(place)
                .collect(),
        })
        .collect()
}

/// Rule, marker, test: what the module does wrong.
const PLANTED: [(&str, &str, &str); 10] = [
    ("map-race-report", "race: map", "TestCast"),
    ("data-race-report", "race: number", "TestTotal/after_one"),
    ("map-write-write", "fatal", "TestFill"),
    ("index-out-of-range", "panic", "TestMinor/short"),
    ("test-timeout", "timeout", "TestAsk/nobody_answers"),
    ("goroutine-leak", "leak", "TestStart"),
    ("goroutine-leak", "leak", "TestListen"),
    ("build-failed", "build", ""),
    ("build-failed", "vet", ""),
    ("data-race-report", "race: map", "TestCast"),
];

fn has(found: &[Found], rule: &str, places: &[String], test: &str) -> bool {
    found.iter().any(|finding| {
        finding.rule == rule
            && places.contains(&finding.at)
            && finding.tests.iter().any(|name| name == test)
    })
}

#[test]
fn every_planted_fault_is_found_at_its_line() {
    let marked = marked();
    let checkout = Checkout::new();
    for version in VERSIONS {
        for form in ["plain", "json"] {
            let (json, code) = checkout.judged(&format!("{version}-{form}"), &[]);
            let found = found(&json);
            assert_eq!(code, 1, "{version} {form}");
            for (rule, marker, test) in PLANTED {
                assert!(
                    has(&found, rule, &marked[marker], test),
                    "{version} {form}: no {rule} at {marker} in {test}: {found:#?}"
                );
            }
            let all: Vec<&String> = marked.values().flatten().collect();
            for finding in &found {
                assert!(
                    all.contains(&&finding.at),
                    "{version} {form}: nothing is wrong at {finding:?}"
                );
            }
            for at in &marked["build"] {
                let there = found.iter().any(|finding| finding.at == *at);
                assert!(there, "{version} {form}: {at}");
            }
        }
    }
}

#[test]
fn the_other_party_and_the_go_statement_are_related() {
    let marked = marked();
    let checkout = Checkout::new();
    for version in VERSIONS {
        let (json, _) = checkout.judged(&format!("{version}-json"), &[]);
        let found = found(&json);
        let numbers = &marked["race: number"];
        let race = found
            .iter()
            .find(|finding| numbers.contains(&finding.at))
            .expect("the race on a number");
        let other = numbers.iter().find(|at| **at != race.at);
        assert!(
            race.related.contains(other.expect("two sides")),
            "{version}: {race:?}"
        );
        for leak in found.iter().filter(|one| one.rule == "goroutine-leak") {
            let started = leak.related.iter();
            let mut started = started.filter(|at| marked["leaks"].contains(at));
            assert!(started.next().is_some(), "{version}: {leak:?}");
        }
    }
}

#[test]
fn verbose_and_trimmed_paths_lead_to_the_same_lines() {
    let marked = marked();
    let checkout = Checkout::new();
    for version in VERSIONS {
        let (json, _) = checkout.judged(&format!("{version}-verbose"), &[]);
        let verbose = found(&json);
        for (rule, marker, test) in [
            ("map-write-write", "fatal", "TestFill"),
            ("index-out-of-range", "panic", "TestMinor/short"),
            ("test-timeout", "timeout", "TestAsk/nobody_answers"),
            ("goroutine-leak", "leak", "TestListen"),
            ("build-failed", "vet", ""),
        ] {
            let there = has(&verbose, rule, &marked[marker], test);
            assert!(there, "{version}: {rule}: {verbose:#?}");
        }
        let (json, _) = checkout.judged(&format!("{version}-trimpath"), &[]);
        let trimmed = found(&json);
        for (rule, marker, test) in [
            ("map-write-write", "fatal", "TestFill"),
            ("map-race-report", "race: map", "TestCast"),
            ("goroutine-leak", "leak", "TestStart"),
        ] {
            let there = has(&trimmed, rule, &marked[marker], test);
            assert!(there, "{version}: {rule}: {trimmed:#?}");
        }
    }
}

#[test]
fn a_failed_test_without_a_crash_is_no_finding() {
    let checkout = Checkout::new();
    for version in VERSIONS {
        for (name, packages) in [("passing", 3), ("directory", 1)] {
            let (json, code) = checkout.judged(&format!("{version}-{name}"), &[]);
            assert_eq!(code, 0, "{version} {name}");
            assert_eq!(json["findings"].as_array().map(Vec::len), Some(0));
            assert_eq!(json["tests"]["failed"], 2, "{version} {name}");
            let listed = json["tests"]["packages"].as_array().map(Vec::len);
            assert_eq!(listed, Some(packages), "{version} {name}");
        }
    }
}

#[test]
fn tests_are_counted_as_json_names_them() {
    let checkout = Checkout::new();
    for version in VERSIONS {
        let (json, _) = checkout.judged(&format!("{version}-json"), &[]);
        let tests = &json["tests"];
        // TestMinor/whole, TestNew, TestBefore, TestFine, TestSum/large, TestListen.
        assert_eq!(tests["passed"], 6, "{version}");
        assert_eq!(tests["skipped"], 1, "{version}");
        // TestAsk, its subtest, and TestFill.
        assert_eq!(tests["unfinished"], 3, "{version}");
        // TestMinor, TestMinor/short, TestStart, TestSum, TestSum/small, TestCast, TestTotal, TestTotal/after_one.
        assert_eq!(tests["failed"], 8, "{version}");
    }
}

#[test]
fn prefixes_of_other_machines_are_taken_off() {
    let checkout = Checkout::new();
    std::fs::remove_file(checkout.path().join("go.mod")).expect("no go.mod");
    let (json, _) = checkout.judged("go1.23.9-plain", &[]);
    let lost = found(&json);
    let race = |found: &[Found]| {
        let mut found = found.iter();
        found.any(|one| one.rule == "map-race-report" && one.at == "store/store.go:15")
    };
    assert!(!race(&lost), "no module tells where /app lies");
    let (json, _) = checkout.judged(
        "go1.23.9-plain",
        &["--strip-prefix", "/x", "--strip-prefix", "/app"],
    );
    assert!(race(&found(&json)));
}

#[test]
fn goleak_before_1_3_prints_headers_of_goroutines() {
    let marked = marked();
    let (json, code) = Checkout::new().judged("go1.21.13-goleak1.2.1", &[]);
    let found = found(&json);
    assert_eq!((code, found.len()), (1, 2), "{found:#?}");
    for test in ["TestStart", "TestListen"] {
        assert!(has(&found, "goroutine-leak", &marked["leak"], test));
    }
}

#[test]
fn grades_decide_on_the_exit_code() {
    let checkout = Checkout::new();
    let code = |fail_on: &str| checkout.judged("go1.23.9-plain", &["--fail-on", fail_on]).1;
    assert_eq!(code("confirmed"), 1);
    assert_eq!(code("never"), 0);
}
