//! Questions on a snapshot, a line of JSON each.
//!
//! ```json
//! {"id": 1, "map": "sessions", "key": {"lit": "\"abc\""}}
//! {"id": 2, "map": "sessions", "key": {"mem": "fc40…", "refs": [{"off": 0, "str": "31313737"}]}}
//! {"id": 3, "map": "sessions", "addr": "0xc0007b6838"}
//! {"id": 4, "addr": "0xc0007b6838"}
//! ```

use super::super::target::Arch;
use super::super::types::{GoType, MAX_DEPTH, tree};
use super::super::value::from_hex as hex;
use super::super::value::{Dynamic, Image, KeyError, Referent};
use super::document::word;
use serde_json::Value;
use std::collections::BTreeMap;

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Comes back with the answer.
    pub id: Value,
    /// The map's name, or its header's address.
    pub map: Option<String>,
    /// What is asked.
    pub asked: Asked,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Where a key lies.
    Key(KeyGiven),
    /// What lies at an address.
    Address(u64),
}

/// A key as a question gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyGiven {
    /// A Go literal.
    Literal(String),
    /// Memory, and what it refers to: `{"mem": hex, "refs": […]}`.
    Memory(Value),
}

/// Why a line is no question; with the id, if one could be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{why}")]
pub struct QuestionError {
    /// Null where there was none.
    pub id: Value,
    /// What is wrong.
    pub why: String,
}

impl Question {
    /// Reads one line.
    ///
    /// # Errors
    /// [`QuestionError`].
    pub fn parse(line: &[u8]) -> Result<Self, QuestionError> {
        let wrong = |id: Value, why: String| QuestionError { id, why };
        let value: Value = serde_json::from_slice(line)
            .map_err(|error| wrong(Value::Null, format!("the question is not JSON: {error}")))?;
        let id = value.get("id").cloned().unwrap_or_default();
        let map = value.get("map").and_then(Value::as_str).map(str::to_owned);
        let asked = match (value.get("key"), value.get("addr")) {
            (Some(key), None) => KeyGiven::parse(key).map(Asked::Key),
            (None, Some(addr)) => word(addr)
                .map(Asked::Address)
                .ok_or_else(|| format!("{addr} is no address; write \"0xc000012345\"")),
            _ => Err("a question has either \"key\" or \"addr\"".to_owned()),
        };
        match asked {
            Ok(asked) => Ok(Question { id, map, asked }),
            Err(why) => Err(wrong(id, why)),
        }
    }
}

impl KeyGiven {
    fn parse(key: &Value) -> Result<Self, String> {
        match (key.get("lit"), key.get("mem")) {
            (Some(Value::String(literal)), None) => Ok(KeyGiven::Literal(literal.clone())),
            (None, Some(_)) => Ok(KeyGiven::Memory(key.clone())),
            _ => Err("a key has either \"lit\", a Go literal, or \"mem\", its memory in hexadecimal digits".into()),
        }
    }

    /// The key as a value of the map's key type.
    ///
    /// # Errors
    /// [`KeyError`] for a literal or memory that is none of that type.
    pub fn to_image(&self, go_type: &GoType, arch: Arch) -> Result<Image, KeyError> {
        match self {
            KeyGiven::Literal(literal) => Image::parse(literal, go_type, arch),
            KeyGiven::Memory(value) => memory(value, go_type, arch, 0),
        }
    }
}

/// `{"mem": hex, "refs": [{"off", "str"} | {"off", "iface"}]}`
fn memory(value: &Value, go_type: &GoType, arch: Arch, depth: usize) -> Result<Image, KeyError> {
    let wrong = |why: &str| KeyError::Memory {
        go_type: go_type.name.clone(),
        why: why.to_owned(),
    };
    if depth >= MAX_DEPTH {
        return Err(wrong("interfaces in interfaces, too deep to follow"));
    }
    let mem = value.get("mem").and_then(Value::as_str).and_then(hex);
    let bytes = mem.ok_or_else(|| wrong("\"mem\" is no string of hexadecimal digits"))?;
    let list = value.get("refs").and_then(Value::as_array);
    let mut refs = BTreeMap::new();
    for given in list.into_iter().flatten() {
        let offset = given
            .get("off")
            .and_then(word)
            .ok_or_else(|| wrong("a ref has no \"off\""))?;
        let referent =
            match (given.get("str"), given.get("iface")) {
                (Some(text), None) => {
                    let text = text.as_str().and_then(hex);
                    Referent::Str(text.ok_or_else(|| {
                        wrong("a ref's \"str\" is no string of hexadecimal digits")
                    })?)
                }
                (None, Some(Value::Null)) => Referent::Iface(None),
                (None, Some(dynamic)) => Referent::Iface(Some(Box::new(dynamic_value(
                    dynamic,
                    go_type,
                    arch,
                    depth + 1,
                )?))),
                _ => return Err(wrong("a ref has either \"str\" or \"iface\"")),
            };
        refs.insert(offset, referent);
    }
    Image::assemble(go_type, bytes, refs)
}

fn dynamic_value(
    value: &Value,
    outer: &GoType,
    arch: Arch,
    depth: usize,
) -> Result<Dynamic, KeyError> {
    let missing = || KeyError::Memory {
        go_type: outer.name.clone(),
        why: "an \"iface\" has no \"type\"".into(),
    };
    let given = value.get("type").ok_or_else(missing)?;
    let go_type = tree::go_type(given, arch).map_err(|error| KeyError::Memory {
        go_type: outer.name.clone(),
        why: error.to_string(),
    })?;
    let image = memory(value, &go_type, arch, depth)?;
    Ok(Dynamic { go_type, image })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_question() {
        let asked = |line: &str| Question::parse(line.as_bytes()).unwrap();
        let literal = asked(r#"{"id": "a", "map": "m", "key": {"lit": "42"}}"#);
        assert_eq!(
            (literal.id, literal.map.as_deref()),
            (Value::from("a"), Some("m"))
        );
        assert_eq!(literal.asked, Asked::Key(KeyGiven::Literal("42".into())));
        assert_eq!(asked(r#"{"addr": "0xc000"}"#).asked, Asked::Address(0xc000));
    }

    #[test]
    fn what_is_none_says_why_and_keeps_its_id() {
        let error = |line: &str| Question::parse(line.as_bytes()).unwrap_err();
        assert_eq!(error("{").id, Value::Null);
        for line in [
            r#"{"id": 5}"#,
            r#"{"id": 5, "key": {}, "addr": 1}"#,
            r#"{"id": 5, "addr": "here"}"#,
            r#"{"id": 5, "key": {"lit": 5}}"#,
        ] {
            assert_eq!(error(line).id, Value::from(5), "{line}");
        }
    }

    #[test]
    fn memory_has_the_size_of_its_type() {
        let int = GoType::parse("int32", Arch::Amd64).unwrap();
        let image = |key: &str| {
            let line = format!("{{\"key\": {key}}}");
            match Question::parse(line.as_bytes()).unwrap().asked {
                Asked::Key(given) => given.to_image(&int, Arch::Amd64),
                Asked::Address(_) => unreachable!(),
            }
        };
        assert_eq!(
            image(r#"{"mem": "2a000000"}"#).unwrap().bytes,
            [42, 0, 0, 0]
        );
        assert!(matches!(
            image(r#"{"mem": "2a"}"#),
            Err(KeyError::Size {
                wanted: 4,
                given: 1,
                ..
            })
        ));
        assert!(matches!(
            image(r#"{"mem": "xx"}"#),
            Err(KeyError::Memory { .. })
        ));
    }
}
