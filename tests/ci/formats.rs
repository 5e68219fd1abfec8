//! Every form against what its readers demand, and all of them against each other.

use crate::checkout::{Checkout, VERSIONS, log};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// The files of `--out` for an output that is kept.
struct Out(tempfile::TempDir);

impl Out {
    fn of(checkout: &Checkout, name: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let to = directory.path().join("new/report");
        let (to, log) = (to.to_str().expect("a name"), log(name));
        let output = checkout.run(&["--out", to, log.to_str().expect("a name")]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        Self(directory)
    }

    fn text(&self, file: &str) -> String {
        let path = self.0.path().join("new/report").join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn json(&self, file: &str) -> Value {
        serde_json::from_str(&self.text(file)).expect("JSON")
    }

    /// The places of the findings.
    fn places(&self) -> BTreeSet<(String, u64)> {
        let findings = self.json("gotriage.json")["findings"].clone();
        let findings = findings.as_array().expect("findings").iter();
        findings
            .filter_map(|finding| place(&finding["at"]["file"], &finding["at"]["line"]))
            .collect()
    }
}

fn place(file: &Value, line: &Value) -> Option<(String, u64)> {
    Some((file.as_str()?.to_owned(), line.as_u64()?))
}

fn all() -> impl Iterator<Item = String> {
    let forms = ["plain", "json"];
    let names = VERSIONS.iter();
    names.flat_map(move |version| forms.map(|form| format!("{version}-{form}")))
}

fn sarif_schema() -> jsonschema::Validator {
    let schema = include_str!("sarif-schema-2.1.0.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    jsonschema::draft4::new(&schema).expect("a schema")
}

#[test]
fn sarif_results_all_have_a_line() {
    let checkout = Checkout::new();
    fs::remove_file(checkout.path().join("go.mod")).expect("no go.mod");
    let out = Out::of(&checkout, "go1.23.9-plain");
    let sarif = out.json("gotriage.sarif");
    assert!(sarif_schema().is_valid(&sarif));
    let run = &sarif["runs"][0];
    let count = |list: &Value| list.as_array().map_or(0, Vec::len);
    let told = count(&run["invocations"][0]["toolExecutionNotifications"]);
    let findings = count(&out.json("gotriage.json")["findings"]);
    assert!(told > 5, "no module tells where /app lies");
    assert_eq!(count(&run["results"]) + told, findings);
}

#[test]
fn sarif_is_what_its_schema_says() {
    let schema = sarif_schema();
    let checkout = Checkout::new();
    for name in all() {
        let out = Out::of(&checkout, &name);
        let sarif = out.json("gotriage.sarif");
        let faults: Vec<String> = schema
            .iter_errors(&sarif)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(faults, Vec::<String>::new(), "{name}");
        let results = sarif["runs"][0]["results"].as_array().expect("results");
        let places: BTreeSet<(String, u64)> = results
            .iter()
            .filter_map(|result| {
                let at = &result["locations"][0]["physicalLocation"];
                place(&at["artifactLocation"]["uri"], &at["region"]["startLine"])
            })
            .collect();
        assert_eq!(places, out.places(), "{name}");
        let races = results
            .iter()
            .filter(|result| result["ruleId"] == "data-race-report");
        for race in races {
            let related = race["relatedLocations"].as_array().map(Vec::len);
            assert!(related >= Some(1), "{name}: the other party: {race}");
            assert!(race["codeFlows"][0]["threadFlows"][0]["locations"][0].is_object());
        }
    }
}

#[test]
fn code_quality_has_the_documented_shape() {
    let checkout = Checkout::new();
    for name in all() {
        let out = Out::of(&checkout, &name);
        let report = out.json("gl-code-quality-report.json");
        let mut fingerprints = BTreeSet::new();
        let mut places = BTreeSet::new();
        for issue in report.as_array().expect("an array") {
            let text = |key: &str| issue[key].as_str().unwrap_or_default();
            assert!(!text("description").is_empty() && !text("check_name").is_empty());
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&text("severity")));
            assert!(
                fingerprints.insert(text("fingerprint").to_owned()),
                "{name}"
            );
            let at = &issue["location"];
            let path = at["path"].as_str().expect("a path");
            assert!(!path.starts_with(['/', '.']), "{path}");
            places.extend(place(&at["path"], &at["lines"]["begin"]));
        }
        assert_eq!(places, out.places(), "{name}");
    }
}

#[test]
fn junit_counts_what_it_holds() {
    let checkout = Checkout::new();
    for name in all() {
        let out = Out::of(&checkout, &name);
        let text = out.text("junit.xml");
        let xml = roxmltree::Document::parse(&text).expect("XML");
        let root = xml.root_element();
        assert_eq!(root.tag_name().name(), "testsuites");
        let count = |of: &str| {
            xml.descendants()
                .filter(|node| node.has_tag_name(of))
                .count()
        };
        let said = |of: &str| root.attribute(of).and_then(|number| number.parse().ok());
        assert_eq!(said("tests"), Some(count("testcase")), "{name}");
        assert_eq!(said("failures"), Some(count("failure")), "{name}");
        assert_eq!(said("errors"), Some(count("error")), "{name}");
        for suite in xml
            .descendants()
            .filter(|node| node.has_tag_name("testsuite"))
        {
            let children = suite
                .children()
                .filter(|node| node.has_tag_name("testcase"));
            let tests = suite
                .attribute("tests")
                .and_then(|number| number.parse().ok());
            assert_eq!(tests, Some(children.count()), "{name}");
        }
        let case = |class: &str, test: &str| {
            let mut cases = xml.descendants().filter(|node| {
                node.attribute("classname") == Some(class) && node.attribute("name") == Some(test)
            });
            let case = cases
                .next()
                .unwrap_or_else(|| panic!("{name}: no {class} {test}"));
            assert!(cases.next().is_none(), "{name}: {class} {test} twice");
            let child = case.children().find(roxmltree::Node::is_element);
            child.map_or("passed", |child| child.tag_name().name())
        };
        assert_eq!(case("example.com/app/flaky", "TestSum/small"), "failure");
        assert_eq!(case("example.com/app/store", "TestCast"), "error");
        assert_eq!(
            case("example.com/app/jobs", "TestAsk/nobody_answers"),
            "error"
        );
        assert_eq!(case("example.com/app/pool", "TestStart"), "error");
        assert_eq!(case("example.com/app/broken", "[build]"), "error");
        if name.ends_with("json") {
            assert_eq!(case("example.com/app/fine", "TestSkipped"), "skipped");
            assert_eq!(case("example.com/app/fine", "TestFine"), "passed");
        }
    }
}

#[test]
fn json_matches_the_printed_schema() {
    let checkout = Checkout::new();
    let printed = std::process::Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(["schema", "ci"])
        .output()
        .expect("gotriage runs");
    let schema: Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    let schema = jsonschema::draft202012::new(&schema).expect("a schema");
    for name in all() {
        let (json, _) = checkout.judged(&name, &[]);
        let faults: Vec<String> = schema
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(faults, Vec::<String>::new(), "{name}");
    }
    let lacking = serde_json::json!({"schema": "gotriage.report/1"});
    assert!(!schema.is_valid(&lacking), "a schema that takes anything");
}

#[test]
fn pages_name_every_line() {
    let checkout = Checkout::new();
    let out = Out::of(&checkout, "go1.23.9-json");
    let html = out.text("gotriage.html");
    let body = html.split_once('\n').expect("a doctype").1;
    roxmltree::Document::parse(body).expect("a page is XML, too");
    for (file, line) in out.places() {
        let at = format!("{file}:{line}");
        for page in ["summary.md", "gotriage.md", "gotriage.html"] {
            assert!(out.text(page).contains(&at), "{page} lacks {at}");
        }
    }
    assert!(out.text("summary.md").contains("TestSum/small"));
}

#[test]
fn github_gets_commands_and_a_summary() {
    let checkout = Checkout::new();
    let summary = checkout.path().join("step.md");
    fs::write(&summary, "before\n").expect("a file");
    let log = log("go1.27.3-plain");
    let output = checkout
        .ci(&["--tee", log.to_str().expect("a name")])
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .expect("gotriage runs");
    let passed = fs::read(&log).expect("the log");
    assert!(output.stdout.starts_with(&passed), "the log comes first");
    let behind = String::from_utf8_lossy(&output.stdout[passed.len()..]).into_owned();
    let (json, _) = checkout.judged("go1.27.3-plain", &[]);
    let findings = json["findings"].as_array().expect("findings");
    assert_eq!(behind.lines().count(), findings.len(), "{behind}");
    for finding in findings {
        let at = &finding["at"];
        let head = format!(
            "::error file={},line={},title=",
            at["file"].as_str().expect("a file"),
            at["line"]
        );
        assert!(behind.lines().any(|line| line.starts_with(&head)), "{head}");
    }
    let written = fs::read_to_string(&summary).expect("the summary");
    assert!(written.starts_with("before\n## Test run: "), "{written}");
}

#[test]
fn gitlab_gets_its_report() {
    let checkout = Checkout::new();
    let log = log("go1.23.9-json");
    let run = |arguments: &[&str]| {
        let mut command = checkout.ci(arguments);
        let status = command.env("GITLAB_CI", "true").arg(&log).output();
        assert_eq!(status.expect("gotriage runs").status.code(), Some(1));
    };
    let report = checkout.path().join("gl-code-quality-report.json");
    run(&["--system", "none"]);
    assert!(!report.exists());
    run(&[]);
    let text = fs::read_to_string(&report).expect("the report");
    assert!(text.starts_with('[') && text.contains("store/store.go"));
}
