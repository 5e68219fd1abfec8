//! Maps in the report: what is known of each, the keys seen, and where keys and addresses lie.

use super::At;
use crate::model::Grade;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A map that takes part.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MapReport {
    /// Name within the report: `m1`.
    pub id: String,
    /// Header address, where printed firmly.
    pub header: Option<String>,
    /// Go type, as far as known.
    #[serde(rename = "type")]
    pub go_type: Option<String>,
    /// `string`, `32-bit`, `64-bit`, `pointer` or `other`.
    pub key_kind: Option<String>,
    /// `classic` or `swiss`.
    pub layout: Option<String>,
    /// Address of the type descriptor, where printed firmly.
    pub type_pointer: Option<String>,
    /// Keys seen in arguments: a value, or the pointer and length of a string.
    pub keys: Vec<KeySeen>,
    /// What ties the parties to it: `header`, `receiver`, `line`, `message`, `race-report`.
    pub identified_by: String,
}

/// A key as an argument list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeySeen {
    /// Goroutine that used it.
    pub goroutine: Option<u64>,
    /// Key value, where the word is the key itself.
    pub value: Option<String>,
    /// Address of the key or of its string bytes.
    pub pointer: Option<String>,
    /// Length of a string key in bytes.
    pub length: Option<u64>,
}

/// Where a key or an address lies in a map, or why that can't be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MapPlace {
    /// `key` or `address`.
    pub what: String,
    /// The key where it is printed, else the address it stands at; of an address, the address.
    pub value: String,
    /// Id of the map in `maps`; null where it is none of them.
    pub map: Option<String>,
    /// Goroutines that used the key, ascending; empty for addresses.
    pub goroutines: Vec<u64>,
    /// As `gotriage map locate --format json` answers, without `id`; where only candidates are known, `candidates` as there. Null
    /// where nothing is known.
    #[serde(rename = "where")]
    pub place: Option<Value>,
    /// The same in words, or why there is none.
    pub text: String,
    /// How far it can be relied on: `probable` by a snapshot, which was taken at another moment; `possible` where inferred.
    pub grade: Grade,
    /// Where the key or address stands.
    pub evidence: Vec<At>,
}
