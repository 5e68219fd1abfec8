//! `--redact`: nothing of anybody in any form, and every annotation on the line where it was.

use crate::checkout::{Checkout, VERSIONS};
use serde_json::Value;
use std::fs;

/// What a judgement says of the code.
fn findings(report: &Value) -> Vec<Value> {
    let findings = report["findings"].as_array().expect("findings").iter();
    findings
        .map(|finding| {
            let tests = finding["tests"].as_array().expect("tests").iter();
            let tests: Vec<String> = tests
                .map(|test| {
                    let name = test["test"].as_str().unwrap_or_default();
                    let function = name.split('/').next().unwrap_or_default();
                    format!("{} {function}", test["package"])
                })
                .collect();
            let flows = finding["flows"].as_array().map(Vec::len);
            let keys = [
                "rule", "level", "at", "grade", "related", "evidence", "incident",
            ];
            let mut kept: Vec<Value> = keys.iter().map(|key| finding[key].clone()).collect();
            kept.extend([tests.into(), flows.into()]);
            kept.into()
        })
        .collect()
}

#[test]
fn annotations_stay_on_their_lines() {
    let checkout = Checkout::new();
    for version in VERSIONS {
        for form in ["plain", "json"] {
            let name = format!("{version}-{form}");
            let (plain, code) = checkout.judged(&name, &[]);
            let (clean, clean_code) = checkout.judged(&name, &["--redact"]);
            assert_eq!(code, clean_code, "{name}");
            assert_eq!(findings(&plain), findings(&clean), "{name}");
            let packages = |report: &Value| {
                let packages = report["tests"]["packages"].as_array().expect("packages");
                let packages = packages.iter();
                packages
                    .map(|package| (package["path"].clone(), package["outcome"].clone()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(packages(&plain), packages(&clean), "{name}");
        }
    }
}

const SECRETS: [&str; 6] = [
    "zyxwtenant",
    "Qqalice",
    "hunter2zyxw",
    "4111111111111111",
    "203.0.113.77",
    "zyxwhost7",
];

/// An output of go test in which somebody is named wherever a test can name him.
fn planted(secret: &str, root: &str) -> String {
    format!(
        "# example.com/app/broken [example.com/app/broken.test]\n\
         broken/broken.go:5:9: cannot use \"{secret}\" (untyped string constant) as int value\n\
         FAIL\texample.com/app/broken [build failed]\n\
         2026/03/01 10:00:00 login of {secret}@{secret}.example\n\
         --- FAIL: TestSum (0.00s)\n    --- FAIL: TestSum/{secret} (0.00s)\n\
         \x20       sum_test.go:9: sum of {secret} is 3\n\
         FAIL\nFAIL\texample.com/app/sum\t0.01s\n\
         --- FAIL: TestCharge (0.00s)\n    --- FAIL: TestCharge/{secret} (0.00s)\n\
         panic: no plan for \"{secret}\" token={secret} [recovered]\n\
         \tpanic: no plan for \"{secret}\" token={secret}\n\n\
         goroutine 21 [running] {{tenant: \"{secret}\"}}:\n\
         example.com/app/store.Charge(0xc00012a000)\n\
         \t{root}/side/{secret}-tools/store/store.go:18 +0x1d\n\
         testing.tRunner(0xc0000c2820, 0x615588)\n\
         \t/usr/local/go/src/testing/testing.go:1690 +0x227\n\
         created by testing.(*T).Run in goroutine 20\n\
         \t/usr/local/go/src/testing/testing.go:1743 +0x826\n\
         FAIL\texample.com/app/store\t0.016s\nFAIL\n"
    )
    .replace("side/", if root.is_empty() { "/home/" } else { "side/" })
}

#[test]
fn no_form_tells_a_secret() {
    let checkout = Checkout::new();
    for secret in SECRETS {
        for what in ["--redact", "--redact=all"] {
            let out = tempfile::tempdir().expect("a directory");
            let to = out.path().join("out");
            let log = out.path().join("test.log");
            fs::write(&log, planted(secret, "")).expect("a log");
            let names = [&to, &log].map(|path| path.to_str().expect("a name"));
            let mut command = checkout.ci(&[what, "--github", "--out", names[0], names[1]]);
            let output = command.output().expect("gotriage runs");
            assert_eq!(output.status.code(), Some(1));
            let files = fs::read_dir(&to).expect("files").flatten();
            let mut texts: Vec<(String, Vec<u8>)> = files
                .map(|file| {
                    let text = fs::read(file.path()).expect("a file");
                    (file.file_name().to_string_lossy().into_owned(), text)
                })
                .collect();
            assert_eq!(texts.len(), 7);
            texts.push(("stdout".into(), output.stdout));
            texts.push(("stderr".into(), output.stderr));
            for (name, text) in texts {
                let text = String::from_utf8_lossy(&text).to_lowercase();
                let line = text
                    .lines()
                    .find(|line| line.contains(&secret.to_lowercase()));
                assert_eq!(line, None, "{what} {name}");
            }
        }
    }
}

#[test]
fn directories_of_the_repository_are_code() {
    let checkout = Checkout::new();
    let root = fs::canonicalize(checkout.path()).expect("a path");
    let root = root.to_str().expect("a name");
    let log = checkout.path().join("test.log");
    fs::write(&log, planted("zyxw", root)).expect("a log");
    let log = log.to_str().expect("a name");
    for redact in [&[][..], &["--redact"]] {
        let output = checkout.run(&[&["--json", "-"], redact, &[log]].concat());
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let findings = report["findings"].as_array().expect("findings").iter();
        let places: Vec<(&str, u64)> = findings
            .filter_map(|finding| {
                let at = &finding["at"];
                Some((at["file"].as_str()?, at["line"].as_u64()?))
            })
            .collect();
        let wanted = [
            ("broken/broken.go", 5),
            ("side/zyxw-tools/store/store.go", 18),
        ];
        assert_eq!(places, wanted, "{redact:?}");
    }
}

#[test]
fn a_log_that_is_passed_on_is_not_redacted_in_vain() {
    let checkout = Checkout::new();
    let output = checkout.run(&["--tee", "--redact"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}
