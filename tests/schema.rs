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
use std::process::Command;

/// The schema as `gotriage schema` prints it.
fn schema() -> Validator {
    let output = Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .arg("schema")
        .output()
        .expect("gotriage runs");
    assert!(output.status.success());
    let schema: Value = serde_json::from_slice(&output.stdout).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("the schema is a schema")
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
fn the_schema_describes_every_field() {
    let output = Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .arg("schema")
        .output()
        .expect("gotriage runs");
    let schema: Value = serde_json::from_slice(&output.stdout).expect("the schema is JSON");
    let definitions = schema["$defs"].as_object().expect("definitions");
    for (name, definition) in definitions.iter().chain([(&"Report".to_owned(), &schema)]) {
        let fields = definition["properties"].as_object();
        for (field, about) in fields.into_iter().flatten() {
            assert!(about["description"].is_string(), "{name}.{field}");
        }
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
