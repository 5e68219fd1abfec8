//! The printed schema against printed reports.

#![allow(clippy::expect_used)] // helpers of tests fail as tests do

mod reports;
mod support;

use gotriage::parse::Given;
use gotriage::render::{Format, write};
use gotriage::triage::{Options, report::Report};
use gotriage::{envelope, parse, triage};
use jsonschema::Validator;
use serde_json::Value;
use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};

/// The schema of the report as `gotriage schema` prints it.
fn schema() -> Validator {
    validator(&printed(&["schema"], b""))
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).expect("the schema is a schema")
}

/// What gotriage prints as JSON.
fn printed(arguments: &[&str], input: &[u8]) -> Value {
    let mut gotriage = Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gotriage runs");
    let mut stdin = gotriage.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("gotriage reads its input");
    drop(stdin);
    let output = gotriage.wait_with_output().expect("gotriage ends");
    assert!(output.status.success(), "{arguments:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn json(report: &Report) -> Value {
    let mut out = Vec::new();
    write(report, Format::Json, &mut out).expect("writing to memory");
    serde_json::from_slice(&out).expect("the report is JSON")
}

fn faults(schema: &Validator, value: &Value) -> Vec<String> {
    let errors = schema.iter_errors(value);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn reports_match_the_schema() {
    let schema = schema();
    for report in [reports::plain(), reports::nothing()] {
        assert_eq!(faults(&schema, &json(&report)), Vec::<String>::new());
    }
}

#[test]
fn what_is_no_report_does_not_match() {
    let schema = schema();
    let good = json(&reports::plain());
    let mut wrong = vec![Value::Null, serde_json::json!({})];
    for (pointer, value) in [
        ("/incidents/0/verdict/grade", "certain"),
        ("/incidents/0/verdict/category", "bad-luck"),
        ("/incidents/0/conflicts/0/participants/0/goroutine", "24"),
        ("/inputs/0/lines", "many"),
    ] {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).expect(pointer) = value.into();
        wrong.push(changed);
    }
    for value in wrong {
        assert!(!faults(&schema, &value).is_empty(), "{value}");
    }
}

#[test]
fn schemas_describe_every_field() {
    for of in ["report", "map-layout", "map-locate", "map-grow"] {
        let schema = printed(&["schema", of], b"");
        let definitions = schema["$defs"].as_object().expect("definitions");
        for (name, definition) in definitions.iter().chain([(&of.to_owned(), &schema)]) {
            let fields = definition["properties"].as_object();
            for (field, about) in fields.into_iter().flatten() {
                assert!(about["description"].is_string(), "{name}.{field}");
            }
        }
    }
}

#[test]
fn layouts_match_their_schema() {
    let schema = validator(&printed(&["schema", "map-layout"], b""));
    for (map_type, arch) in [
        ("map[string]int", "amd64"),
        ("map[[200]byte]struct{}", "386"),
        ("map[struct{a int8; b any}][3]string", "arm64"),
    ] {
        let layouts = printed(
            &[
                "map", "layout", map_type, "--arch", arch, "--format", "json",
            ],
            b"",
        );
        assert_eq!(
            faults(&schema, &layouts),
            Vec::<String>::new(),
            "{map_type}"
        );
        let mut wrong = layouts;
        wrong["layouts"][0]["unit"]["size"] = "many".into();
        assert!(!faults(&schema, &wrong).is_empty());
    }
}

/// The snapshot of a file of corpus/maps/map-truth, and addresses in it.
fn real_snapshot(name: &str) -> (Vec<u8>, Vec<String>) {
    let path = format!(
        "{}/corpus/maps/map-truth/{name}.jsonl.zst",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = zstd::decode_all(File::open(path).expect("a truth file")).expect("zstd");
    let mut lines = text.split(|&byte| byte == b'\n');
    let snapshot = lines.next().expect("a snapshot").to_vec();
    let addresses = lines.filter_map(|line| {
        let line: Value = serde_json::from_slice(line).ok()?;
        Some(line["addr"].as_str()?.to_owned())
    });
    (snapshot, addresses.step_by(50).collect())
}

#[test]
fn places_match_their_schema() {
    let schema = validator(&printed(&["schema", "map-locate"], b""));
    for file in ["go1.23.9-amd64", "go1.27.3-386", "go1.27.3-amd64"] {
        let (snapshot, addresses) = real_snapshot(file);
        let parsed: Value = serde_json::from_slice(&snapshot).expect("JSON");
        let maps = parsed["maps"].as_array().expect("maps");
        let ask = |arguments: &[&str]| {
            let start = ["map", "locate", "--snapshot", "-", "--format", "json"];
            let located = printed(&[&start, arguments].concat(), &snapshot);
            assert_eq!(
                faults(&schema, &located),
                Vec::<String>::new(),
                "{arguments:?}"
            );
            located
        };
        // Small maps, growing ones, and NaN.
        for (map_type, keys) in [
            ("map[int]int", ["1", "2"]),
            ("map[float64]int", ["1", "NaN"]),
            ("map[string]int", ["\"\"", "\"a\""]),
        ] {
            for map in maps.iter().filter(|map| map["type"] == map_type) {
                let name = map["name"].as_str().expect("a name");
                ask(&["--map", name, "--key", keys[0], "--key", keys[1]]);
            }
        }
        let asked: Vec<&str> = addresses.iter().flat_map(|addr| ["--addr", addr]).collect();
        let mut wrong = ask(&[&asked[..], &["--addr", "0x10"]].concat());
        wrong["answers"][0]["offset"] = "0x8".into();
        assert!(!faults(&schema, &wrong).is_empty());
    }
}

#[test]
fn candidates_match_their_schema() {
    let schema = validator(&printed(&["schema", "map-locate"], b""));
    for (go, map_type, key) in [
        ("1.23", "map[string]int", "\"a\""),
        ("1.27", "map[int]int64", "1"),
    ] {
        let given = [
            "--go",
            go,
            "--type",
            map_type,
            "--addr",
            "0xc000105a38",
            "--key",
            key,
        ];
        let located = printed(
            &[&["map", "locate", "--format", "json"], &given[..]].concat(),
            b"",
        );
        assert_eq!(faults(&schema, &located), Vec::<String>::new(), "{go}");
        assert_eq!(
            located["missing"][0]["what"],
            "the secrets of the process's hash"
        );
        let candidates = located["candidates"].as_array();
        assert!(candidates.is_some_and(|all| !all.is_empty()), "{go}");
    }
}

#[test]
fn growth_matches_its_schema() {
    let schema = validator(&printed(&["schema", "map-grow"], b""));
    let hashkey = ["--hashkey=0x1f,0x2b,0x35,0x47", "--arch=riscv64"];
    let queue: String = (0..400)
        .map(|key| format!("{key}\ndelete {}\n", key / 2))
        .collect();
    let emptied = format!("{queue}clear\nclear\n# anew\n1\n");
    let seeded = format!("seed 5\n{queue}");
    let start = ["map", "grow", "map[int]int", "--format", "json"];
    for go in ["--go=1.23", "--go=1.27"] {
        for (arguments, writes) in [
            (&["--inserts=18446744073709551615"][..], ""),
            (&["--hint=-4"], ""),
            (&["--key=1"], ""),
            (&["--keys=-", "--seed=7"], &queue[..]),
            (&["--keys=-", "--seed=7"], &emptied),
            (&["--keys=-", "--hint=2000"], &seeded),
        ] {
            let arguments = [&start[..], &hashkey, &[go], arguments].concat();
            let mut grown = printed(&arguments, writes.as_bytes());
            assert_eq!(
                faults(&schema, &grown),
                Vec::<String>::new(),
                "{arguments:?}"
            );
            grown["plan"][0]["begins_at"] = "first".into();
            grown["plan"][0]["grows_at"] = 9.into();
            assert!(!faults(&schema, &grown).is_empty());
        }
    }
}

#[test]
fn comparisons_match_their_schema() {
    let schema = validator(&printed(&["schema", "map-grow"], b""));
    for file in ["go1.23.9-amd64", "go1.27.3-amd64"] {
        let (snapshot, _) = real_snapshot(file);
        let parsed: Value = serde_json::from_slice(&snapshot).expect("JSON");
        let maps = parsed["maps"].as_array().expect("maps");
        let map = maps.iter().find(|map| map["type"] == "map[int]int");
        let name = map.expect("a map")["name"].as_str().expect("a name");
        let grown = printed(
            &[
                "map",
                "grow",
                "--snapshot",
                "-",
                "--map",
                name,
                "--key",
                "77",
                "--format",
                "json",
            ],
            &snapshot,
        );
        assert_eq!(faults(&schema, &grown), Vec::<String>::new());
        assert!(grown["snapshot"]["agrees"].is_boolean(), "{file}");
    }
}

/// The report on one text.
fn report_on(name: &str, bytes: &[u8]) -> Report {
    let opened = envelope::open(bytes);
    let given = Given {
        name,
        bytes: bytes.len() as u64,
        opened: &opened,
        truncated: false,
        notes: Vec::new(),
    };
    triage::report(&parse::read(&[given]), &Options::default())
}

/// Every dump of the corpus: its JSON matches, its text fits the narrowest and the usual width.
#[test]
fn reports_on_real_dumps_match_and_fit() {
    let schema = schema();
    support::for_all(|truth| {
        let report = report_on(&truth.file, &truth.bytes());
        let mut complaints = faults(&schema, &json(&report));
        for width in [20, 80] {
            complaints.extend(reports::too_wide(&report, width, true));
        }
        match complaints.is_empty() {
            true => Ok(()),
            false => Err(complaints.join("\n")),
        }
    });
}
