//! Lines as programs write them, and keys as they stand in a process.

use super::*;
use serde_json::json;

fn question(line: &str) -> Question {
    Question::parse(line.as_bytes())
}

fn image(line: &str, go_type: &str) -> Result<Image, KeyError> {
    let go_type = GoType::parse(go_type, Arch::Amd64).unwrap();
    match question(line).ask {
        Ok(Ask::Key(key)) => key.to_image(&go_type, Arch::Amd64),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_documents_examples() {
    let one = question(r#"{"id": 1, "map": "sessions", "key": {"lit": "\"abc\""}}"#);
    assert_eq!((one.id, one.map.as_deref()), (json!(1), Some("sessions")));
    assert_eq!(one.ask, Ok(Ask::Key(KeyGiven::Literal("\"abc\"".into()))));
    let four = question(r#"{"id": ["a", null], "addr": "0xc0007b6838"}"#);
    assert_eq!((four.id, four.map), (json!(["a", null]), None));
    assert_eq!(four.ask, Ok(Ask::Address(0xc0007b6838)));
}

#[test]
fn memory_is_the_literals_once_pointers_are_left_out() {
    let memory = r#"{"key": {"mem": "1b000000520d0000382a3d00c00000000500000000000000", "refs": [{"off": 8, "str": "62616f6249"}]}}"#;
    let literal = r#"{"key": {"lit": "{27, 3410, \"baobI\"}"}}"#;
    let (mut memory, literal) = [memory, literal]
        .map(|line| image(line, "struct{ a, b int32; c string }").unwrap())
        .into();
    memory.bytes[8..16].fill(0);
    assert_eq!(memory, literal);
}

#[test]
fn dynamic_values_with_texts_and_trees_as_types() {
    let memory = |go_type: &str| {
        let line = format!(
            r#"{{"key": {{"mem": "{}", "refs": [{{"off": 0, "iface": {{"type": {go_type}, "mem": "06000000"}}}}]}}}}"#,
            "01".repeat(16)
        );
        image(&line, "any").map(|mut image| match image.refs.remove(0).referent {
            Referent::Iface(Some(dynamic)) => (dynamic.go_type.name, dynamic.image.bytes),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(memory("\"int32\""), Ok(("int32".into(), vec![6, 0, 0, 0])));
    assert_eq!(
        memory(r#"{"name": "main.ID", "kind": "uint32"}"#),
        Ok(("main.ID".into(), vec![6, 0, 0, 0]))
    );
    assert!(matches!(memory("\"main.ID\""), Err(KeyError::Type(_))));
    assert!(matches!(
        memory("\"int\""),
        Err(KeyError::Size {
            wanted: 8,
            given: 4,
            ..
        })
    ));
    assert_eq!(
        memory("\"[]int\""),
        Err(KeyError::Unhashable("[]int".into()))
    );
}

#[test]
fn references_have_to_be_where_the_type_has_them() {
    let key = |refs: &str| {
        let line = format!(
            r#"{{"key": {{"mem": "{}0200000000000000", "refs": {refs}}}}}"#,
            "01".repeat(16)
        );
        image(&line, "struct{ a int64; b string }")
    };
    assert!(key(r#"[{"off": 8, "str": "6162"}]"#).is_ok());
    assert!(matches!(
        key("[]"),
        Err(KeyError::MissingReferent {
            what: "string",
            offset: 8
        })
    ));
    assert!(matches!(
        key(r#"[{"off": 8, "iface": null}]"#),
        Err(KeyError::StrayReferent { offset: 8, .. })
    ));
    let twice = r#"[{"off": 0, "str": ""}, {"off": 8, "str": "6162"}]"#;
    assert!(matches!(
        key(twice),
        Err(KeyError::StrayReferent {
            what: "string",
            offset: 0,
            ..
        })
    ));
    // A blank field is neither compared nor hashed.
    let blank = format!(r#"{{"key": {{"mem": "{}"}}}}"#, "01".repeat(24));
    assert!(image(&blank, "struct{ a int64; _ string }").is_ok());
}

#[test]
fn words_tell_by_themselves_of_nothing() {
    let key = |go_type: &str, mem: &str, refs: &str| {
        let line = format!(r#"{{"key": {{"mem": "{mem}", "refs": {refs}}}}}"#);
        image(&line, go_type).map(|image| image.refs[0].referent.clone())
    };
    let (zero, word) = ("00".repeat(8), "01".repeat(8));
    // An empty string may point anywhere: a slice of another one does.
    let empty = key("string", &format!("{word}{zero}"), "[]");
    assert_eq!(empty, Ok(Referent::Str(Vec::new())));
    assert!(key("string", &format!("{zero}{word}"), "[]").is_err());
    let nil = key("any", &format!("{zero}{zero}"), "[]");
    assert_eq!(nil, Ok(Referent::Iface(None)));
    assert!(key("any", &format!("{word}{zero}"), "[]").is_err());
    let three = format!("{word}0300000000000000");
    assert!(key("string", &three, r#"[{"off": 0, "str": "616263"}]"#).is_ok());
    let short = key("string", &three, r#"[{"off": 0, "str": "6162"}]"#);
    assert!(matches!(short, Err(KeyError::Memory { .. })));
    let no_type = key(
        "any",
        &format!("{word}{word}"),
        r#"[{"off": 0, "iface": null}]"#,
    );
    assert!(matches!(no_type, Err(KeyError::Memory { .. })));
}

#[test]
fn lines_that_ask_nothing_say_why() {
    for (line, id, why) in [
        ("{", json!(null), "not JSON"),
        ("", json!(null), "not JSON"),
        ("[1]", json!(null), "nothing is asked"),
        (r#"{"id": 7}"#, json!(7), "nothing is asked"),
        (r#"{"id": 7, "map": 5, "addr": 1}"#, json!(7), "\"map\""),
        (r#"{"id": 7, "addr": "c000"}"#, json!(7), "\"addr\""),
        (
            r#"{"id": 7, "addr": 1, "key": {"lit": "1"}}"#,
            json!(7),
            "two questions",
        ),
        (r#"{"key": {"lit": 1}}"#, json!(null), "\"lit\""),
        (r#"{"key": {}}"#, json!(null), "\"key\""),
        (r#"{"key": {"mem": "0"}}"#, json!(null), "\"mem\""),
        (
            r#"{"key": {"mem": "", "refs": 1}}"#,
            json!(null),
            "\"refs\"",
        ),
        (
            r#"{"key": {"mem": "", "refs": [{"str": ""}]}}"#,
            json!(null),
            "\"off\"",
        ),
        (
            r#"{"key": {"mem": "", "refs": [{"off": 0}]}}"#,
            json!(null),
            "\"refs\"",
        ),
        (
            r#"{"key": {"mem": "", "refs": [{"off": 0, "str": "", "iface": null}]}}"#,
            json!(null),
            "\"refs\"",
        ),
        (
            r#"{"key": {"mem": "", "refs": [{"off": 0, "str": "x"}]}}"#,
            json!(null),
            "\"str\"",
        ),
        (
            r#"{"key": {"mem": "", "refs": [{"off": 0, "iface": {"mem": ""}}]}}"#,
            json!(null),
            "\"type\"",
        ),
    ] {
        let question = question(line);
        assert_eq!(question.id, id, "{line}");
        let error = question.ask.unwrap_err().to_string();
        assert!(error.contains(why), "{line}: {error}");
    }
}

#[test]
fn nesting_is_bounded() {
    let mut value = json!({"mem": ""});
    for _ in 0..MAX_DEPTH {
        value = json!({"mem": "", "refs": [{"off": 0, "iface": {"type": "any", "mem": "", "refs": value["refs"]}}]});
    }
    assert_eq!(key(&value), Err(QuestionError::TooDeep));
    let line = format!(
        r#"{{"addr": {}1{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(matches!(question(&line).ask, Err(QuestionError::Json(_))));
}

/// Two keys in one question, or references of one that has none.
#[test]
fn a_literal_stands_alone() {
    for line in [
        r#"{"key": {"lit": "1", "mem": "0100000000000000"}}"#,
        r#"{"key": {"lit": "1", "refs": [{"off": 999, "str": "61"}]}}"#,
    ] {
        let ask = question(line).ask;
        assert!(
            matches!(ask, Err(QuestionError::Malformed { field: "key", .. })),
            "{line}"
        );
    }
}
