//! Questions on a snapshot, a line of JSON each.
//!
//! ```json
//! {"id": 1, "map": "sessions", "key": {"lit": "\"abc\""}}
//! {"id": 2, "map": "sessions", "key": {"mem": "fc40…", "refs": [{"off": 0, "str": "31313737"}]}}
//! {"id": 3, "map": "any", "key": {"mem": "e011…", "refs": [{"off": 0, "iface": {"type": "int", "mem": "0600000000000000"}}]}}
//! {"id": "x", "addr": "0xc0007b6838"}
//! ```
//!
//! Every line gets an answer, so every line is a [`Question`]: one that can't be read has the reason in place of what it asks. A
//! dynamic type is a text or a type tree, its `refs` are those of its own memory.

use super::super::target::Arch;
use super::super::types::{GoType, MAX_DEPTH, tree};
use super::super::value::{Dynamic, Image, KeyError, Referent};
use super::words::{bytes, field, word};
use serde_json::Value;
use std::collections::BTreeMap;

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Any JSON value, given back with the answer; null where there is none or the line is not JSON.
    pub id: Value,
    /// The map it concerns; none: any.
    pub map: Option<String>,
    /// What it asks, or why that can't be told.
    pub ask: Result<Ask, QuestionError>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Where a key is.
    Key(KeyGiven),
    /// What an address is.
    Address(u64),
}

/// A key as a question gives it, before its type is known.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyGiven {
    /// As Go source writes it.
    Literal(String),
    /// As it stands in memory.
    Memory(MemoryGiven),
}

/// Memory, and what it refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryGiven {
    /// The value's bytes.
    pub mem: Vec<u8>,
    /// By offset; a later one for the same offset replaces an earlier.
    pub refs: BTreeMap<u64, ReferentGiven>,
}

/// The other end of a reference.
#[derive(Clone, Debug, PartialEq)]
pub enum ReferentGiven {
    /// A string's bytes.
    Str(Vec<u8>),
    /// An interface's type (a text or a type tree) and value; `None` is nil.
    Iface(Option<(Value, MemoryGiven)>),
}

/// Why a line is no question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// Not JSON.
    #[error("the line is not JSON: {0}")]
    Json(String),
    /// A field that is there but not as it has to be.
    #[error("\"{field}\" is malformed: {expected} expected")]
    Malformed {
        /// Its name.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// Neither of the two.
    #[error("nothing is asked: add \"key\": {{\"lit\": \"…\"}} or \"addr\": \"0x…\"")]
    Nothing,
    /// Both.
    #[error("\"key\" and \"addr\" are two questions; ask them on two lines")]
    Both,
    /// Interfaces in interfaces.
    #[error("\"refs\" nest more than 64 levels deep")]
    TooDeep,
}

impl Question {
    /// Reads a line.
    pub fn parse(line: &[u8]) -> Self {
        let value: Value = match serde_json::from_slice(line) {
            Ok(value) => value,
            Err(error) => {
                return Self {
                    id: Value::Null,
                    map: None,
                    ask: Err(QuestionError::Json(error.to_string())),
                };
            }
        };
        let id = value.get("id").cloned().unwrap_or_default();
        match field(&value, "map").map(|map| map.as_str().ok_or(malformed("map", "a name"))) {
            Some(Err(error)) => Self {
                id,
                map: None,
                ask: Err(error),
            },
            map => Self {
                id,
                map: map.and_then(Result::ok).map(str::to_owned),
                ask: ask(&value),
            },
        }
    }
}

fn malformed(field: &'static str, expected: &'static str) -> QuestionError {
    QuestionError::Malformed { field, expected }
}

fn ask(question: &Value) -> Result<Ask, QuestionError> {
    match (field(question, "key"), field(question, "addr")) {
        (None, None) => Err(QuestionError::Nothing),
        (Some(_), Some(_)) => Err(QuestionError::Both),
        (Some(given), None) => key(given).map(Ask::Key),
        (None, Some(addr)) => match word(addr) {
            Some(addr) => Ok(Ask::Address(addr)),
            None => Err(malformed("addr", "\"0x…\"")),
        },
    }
}

fn key(given: &Value) -> Result<KeyGiven, QuestionError> {
    let is_memory = ["mem", "refs"].map(|name| field(given, name).is_some());
    if field(given, "lit").is_some() && is_memory.contains(&true) {
        return Err(malformed("key", "either \"lit\" or \"mem\" with \"refs\""));
    }
    match field(given, "lit") {
        Some(Value::String(literal)) => Ok(KeyGiven::Literal(literal.clone())),
        Some(_) => Err(malformed("lit", "a string that holds a Go literal")),
        None if field(given, "mem").is_some() => memory(given, 0).map(KeyGiven::Memory),
        None => Err(malformed("key", "{\"lit\": …} or {\"mem\": …}")),
    }
}

fn memory(given: &Value, depth: usize) -> Result<MemoryGiven, QuestionError> {
    if depth >= MAX_DEPTH {
        return Err(QuestionError::TooDeep);
    }
    let mem = field(given, "mem").and_then(bytes);
    let mem = mem.ok_or(malformed("mem", "pairs of hex digits"))?;
    let list = match field(given, "refs") {
        None => &Vec::new(),
        Some(refs) => refs.as_array().ok_or(malformed("refs", "a list"))?,
    };
    let mut refs = BTreeMap::new();
    for one in list {
        let offset = field(one, "off").and_then(word);
        let offset = offset.ok_or(malformed("off", "a number"))?;
        refs.insert(offset, referent(one, depth)?);
    }
    Ok(MemoryGiven { mem, refs })
}

fn referent(one: &Value, depth: usize) -> Result<ReferentGiven, QuestionError> {
    match (field(one, "str"), one.get("iface")) {
        (Some(text), None) => match bytes(text) {
            Some(bytes) => Ok(ReferentGiven::Str(bytes)),
            None => Err(malformed("str", "pairs of hex digits")),
        },
        (None, Some(Value::Null)) => Ok(ReferentGiven::Iface(None)),
        (None, Some(dynamic)) => {
            let go_type = field(dynamic, "type").ok_or(malformed("iface", "a \"type\""))?;
            let value = memory(dynamic, depth + 1)?;
            Ok(ReferentGiven::Iface(Some((go_type.clone(), value))))
        }
        _ => Err(malformed("refs", "\"str\" or \"iface\" beside \"off\"")),
    }
}

impl KeyGiven {
    /// The key as a value of the map's key type.
    ///
    /// # Errors
    /// [`KeyError`]: a malformed literal, memory of another size, contents that are missing or given for a wrong offset.
    pub fn to_image(&self, go_type: &GoType, arch: Arch) -> Result<Image, KeyError> {
        match self {
            KeyGiven::Literal(literal) => Image::parse(literal, go_type, arch),
            KeyGiven::Memory(memory) => memory.to_image(go_type, arch),
        }
    }
}

impl MemoryGiven {
    /// Recurses as deep as [`memory`] did, which bounds it.
    fn to_image(&self, go_type: &GoType, arch: Arch) -> Result<Image, KeyError> {
        let mut refs = BTreeMap::new();
        for (&offset, given) in &self.refs {
            let referent = match given {
                ReferentGiven::Str(bytes) => Referent::Str(bytes.clone()),
                ReferentGiven::Iface(None) => Referent::Iface(None),
                ReferentGiven::Iface(Some((dynamic, value))) => {
                    let go_type = tree::go_type(dynamic, arch)?;
                    if !go_type.is_comparable() {
                        return Err(KeyError::Unhashable(go_type.name));
                    }
                    let image = value.to_image(&go_type, arch)?;
                    Referent::Iface(Some(Box::new(Dynamic { go_type, image })))
                }
            };
            refs.insert(offset, referent);
        }
        Image::assemble(go_type, self.mem.clone(), refs)
    }
}

#[cfg(test)]
mod tests;
