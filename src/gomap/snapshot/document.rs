//! The snapshot's JSON.
//!
//! ```json
//! {"schema": "gotriage.map-snapshot/1", "go_version": "go1.23.9", "os": "linux", "arch": "amd64",
//!  "secrets": {"aeskeysched": "5a3c…", "hashkey": ["0x0", "0x0", "0x0", "0x0"], "use_aes": true},
//!  "maps": [{"name": "sessions", "type": "map[string]int", "impl": "classic", "header": "0xc000012345", "B": 5, "hash0": "0x5bd1e995",
//!            "buckets": "0xc000100000", "oldbuckets": "0x0", "nevacuate": 0, "flags": 0, "count": 190}]}
//! ```
//!
//! Words may be strings or numbers. What a map lacks is `None`; a map that can't be read keeps its name and the reason, and costs no
//! other map. Read [`Snapshot::parse_with`].

use super::super::hash::Secrets;
use super::super::target::{Arch, Target, TargetError};
use super::super::types::{MapType, TypeError};
use super::super::value::from_hex as hex;
use super::{Body, ClassicShot, MapShot, Snapshot, SwissShot, TableShot};
use crate::goruntime::version::{GoBuild, VersionError};
use serde_json::{Map, Value};

/// The format's name and version.
pub const SCHEMA: &str = "gotriage.map-snapshot/1";

/// Why a document is no snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Another format.
    #[error("its schema is {0}, not {SCHEMA}")]
    Schema(String),
    /// No version.
    #[error("it lacks go_version, which decides how maps lie and hash; add it, or pass --go")]
    NoVersion,
    /// A version that is none.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// No machine.
    #[error(
        "it lacks arch, which decides sizes and hashes; add \"arch\": \"amd64\" or what GOARCH was"
    )]
    NoArch,
    /// A build or machine that is not computed with.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A field of another form.
    #[error("its {field} is not {expected}")]
    Field {
        /// The field.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

impl Snapshot {
    /// Reads a snapshot that says its own Go version.
    ///
    /// # Errors
    /// [`SnapshotError`] where the document as a whole can't be used.
    pub fn parse(text: &[u8]) -> Result<Self, SnapshotError> {
        Self::parse_with(text, None)
    }

    /// Reads a snapshot; `go` is believed more than its own version.
    ///
    /// # Errors
    /// [`SnapshotError`] where the document as a whole can't be used.
    pub fn parse_with(text: &[u8], go: Option<GoBuild>) -> Result<Self, SnapshotError> {
        let document: Value = serde_json::from_slice(text)?;
        let string = |field| document.get(field).and_then(Value::as_str);
        match document.get("schema") {
            Some(Value::String(schema)) if schema == SCHEMA => {}
            Some(other) => return Err(SnapshotError::Schema(other.to_string())),
            None => return Err(SnapshotError::Schema("missing".into())),
        }
        let build = match (go, string("go_version")) {
            (Some(build), _) => build,
            (None, Some(version)) => version.parse()?,
            (None, None) => return Err(SnapshotError::NoVersion),
        };
        let arch: Arch = string("arch").ok_or(SnapshotError::NoArch)?.parse()?;
        let target = Target::new(build, arch)?;
        let maps = document.get("maps").and_then(Value::as_array);
        Ok(Snapshot {
            go_version: string("go_version").unwrap_or_default().to_owned(),
            os: string("os").unwrap_or_default().to_owned(),
            target,
            secrets: document
                .get("secrets")
                .map_or(Ok(Secrets::default()), secrets)?,
            maps: maps
                .into_iter()
                .flatten()
                .map(|map| map_shot(map, arch))
                .collect(),
        })
    }
}

fn secrets(value: &Value) -> Result<Secrets, SnapshotError> {
    let given = |field| value.get(field).filter(|value| !value.is_null());
    let wrong = |field, expected| SnapshotError::Field { field, expected };
    let aeskeysched = given("aeskeysched").map(|value| {
        let digits = value.as_str().and_then(hex);
        digits.ok_or(wrong(
            "secrets.aeskeysched",
            "a string of hexadecimal digits",
        ))
    });
    let hashkey = given("hashkey").map(|value| {
        let words = value
            .as_array()
            .map(|words| words.iter().map_while(word).collect::<Vec<u64>>());
        let four = words.and_then(|words| <[u64; 4]>::try_from(words).ok());
        four.ok_or(wrong("secrets.hashkey", "a list of four words"))
    });
    let use_aes =
        given("use_aes").map(|value| flag(value).ok_or(wrong("secrets.use_aes", "true or false")));
    Ok(Secrets {
        aeskeysched: aeskeysched.transpose()?,
        hashkey: hashkey.transpose()?,
        use_aes: use_aes.transpose()?,
    })
}

/// `"0xc000012345"`, `"17"` or `17`.
pub fn word(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        },
        number => number.as_u64(),
    }
}

/// `true`, `false`, `1`, `0`, `"1"`.
fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| match word(value)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    })
}

fn map_shot(value: &Value, arch: Arch) -> MapShot {
    let string = |field| value.get(field).and_then(Value::as_str);
    let type_text = string("type").unwrap_or_default().to_owned();
    let tree = |field| value.get(field).filter(|tree| !tree.is_null());
    let types = MapType::with_trees(&type_text, tree("key_type"), tree("elem_type"), arch);
    let types = match types {
        Err(TypeError::Malformed { .. }) if type_text.is_empty() => {
            Err(TypeError::NotAMap("a map without a type".into()))
        }
        types => types,
    };
    let body = match value.as_object() {
        Some(fields) => body(&Fields {
            fields,
            wrong: Default::default(),
        }),
        None => Body::Unreadable("it is no JSON object".into()),
    };
    MapShot {
        name: string("name").unwrap_or_default().to_owned(),
        types,
        type_text,
        header: value.get("header").and_then(word),
        body,
    }
}

/// The fields of an object; the first that has another form than it should is remembered.
struct Fields<'v> {
    fields: &'v Map<String, Value>,
    wrong: std::cell::RefCell<Option<String>>,
}

impl<'v> Fields<'v> {
    /// A field, if it is there and not null.
    fn take<T>(&self, field: &str, read: impl FnOnce(&'v Value) -> Option<T>) -> Option<T> {
        let value = self.fields.get(field).filter(|value| !value.is_null())?;
        let found = read(value);
        if found.is_none() {
            let shown: String = value.to_string().chars().take(60).collect();
            self.wrong.borrow_mut().get_or_insert(format!(
                "the snapshot's {field} of this map can't be read: {shown}"
            ));
        }
        found
    }

    fn word(&self, field: &str) -> Option<u64> {
        self.take(field, word)
    }

    fn small<T: TryFrom<u64>>(&self, field: &str) -> Option<T> {
        self.take(field, |value| T::try_from(word(value)?).ok())
    }
}

fn body(map: &Fields<'_>) -> Body {
    let shot = match map.fields.get("impl").and_then(Value::as_str) {
        Some("classic") => Body::Classic(classic(map)),
        Some("swiss") => Body::Swiss(swiss(map)),
        other => {
            let shown = other.unwrap_or("missing");
            return Body::Unreadable(format!(
                "the snapshot's impl of this map is {shown}, not classic or swiss"
            ));
        }
    };
    match map.wrong.borrow_mut().take() {
        Some(why) => Body::Unreadable(why),
        None => shot,
    }
}

fn classic(map: &Fields<'_>) -> ClassicShot {
    ClassicShot {
        count: map.word("count"),
        flags: map.small("flags"),
        b: map.small("B"),
        noverflow: map.small("noverflow"),
        hash0: map.small("hash0"),
        buckets: map.word("buckets"),
        oldbuckets: map.word("oldbuckets"),
        nevacuate: map.word("nevacuate"),
        extra: map.word("extra"),
        next_overflow: map.word("next_overflow"),
        allocated_buckets: map.word("allocated_buckets"),
        old_evacuated: map.take("old_evacuated", evacuated),
    }
}

/// `"0110"`, or a list of numbers or booleans.
fn evacuated(value: &Value) -> Option<Vec<bool>> {
    match value {
        Value::String(digits) => digits
            .bytes()
            .map(|digit| match digit {
                b'0' => Some(false),
                b'1' => Some(true),
                _ => None,
            })
            .collect(),
        list => list.as_array()?.iter().map(flag).collect(),
    }
}

fn swiss(map: &Fields<'_>) -> SwissShot {
    let tables = map.take("tables", |value| {
        Some(
            value
                .as_array()?
                .iter()
                .map_while(Value::as_object)
                .collect::<Vec<_>>(),
        )
    });
    let tables: Vec<TableShot> = tables
        .into_iter()
        .flatten()
        .map(|fields| {
            let fields = Fields {
                fields,
                wrong: Default::default(),
            };
            let table = table(&fields);
            if let Some(why) = fields.wrong.borrow_mut().take() {
                map.wrong.borrow_mut().get_or_insert(why);
            }
            table
        })
        .collect();
    SwissShot {
        used: map.word("used"),
        seed: map.word("seed"),
        dir_ptr: map.word("dir_ptr"),
        dir_len: map.word("dir_len"),
        global_depth: map.small("global_depth"),
        global_shift: map.small("global_shift"),
        writing: map.take("writing", |value| flag(value).map(u8::from)),
        tombstone_possible: map.take("tombstone_possible", flag),
        clear_seq: map.word("clear_seq"),
        small_ctrls: map.take("small_ctrls", |value| hex(value.as_str()?)?.try_into().ok()),
        directory: map.take("directory", |value| {
            let entry = |value: &Value| u32::try_from(word(value)?).ok();
            value.as_array()?.iter().map(entry).collect()
        }),
        tables,
    }
}

fn table(table: &Fields<'_>) -> TableShot {
    TableShot {
        addr: table.word("addr"),
        used: table.small("used"),
        capacity: table.small("capacity"),
        growth_left: table.small("growth_left"),
        local_depth: table.small("local_depth"),
        index: table.take("index", index),
        groups: table.word("groups"),
        length_mask: table.word("length_mask"),
        ctrls: table.take("ctrls", |value| hex(value.as_str()?)),
    }
}

/// A number, -1 among them.
fn index(value: &Value) -> Option<i64> {
    let text = || value.as_str()?.parse().ok();
    value
        .as_i64()
        .or_else(text)
        .or_else(|| word(value)?.try_into().ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use serde_json::json;

    fn snapshot(maps: Value) -> Snapshot {
        let document =
            json!({"schema": SCHEMA, "go_version": "go1.23.9", "arch": "amd64", "maps": maps});
        Snapshot::parse(document.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn words_are_strings_or_numbers() {
        let maps = json!([{"name": "m", "type": "map[string]int", "impl": "classic", "header": "0xc000012340",
            "B": 3, "buckets": 824633786368_u64, "oldbuckets": "0x0", "old_evacuated": "0110", "extra": null}]);
        let read = snapshot(maps);
        let Body::Classic(shot) = &read.maps[0].body else {
            panic!("not classic")
        };
        assert_eq!(
            (shot.b, shot.buckets, shot.oldbuckets),
            (Some(3), Some(0xc0_0001_0000), Some(0))
        );
        assert_eq!(shot.old_evacuated, Some(vec![false, true, true, false]));
        assert_eq!((shot.extra, shot.flags), (None, None));
    }

    #[test]
    fn a_damaged_map_costs_no_other() {
        let maps = json!([17, {"name": "a", "type": "map[string]int", "impl": "classic", "B": "many"},
            {"name": "b", "type": "map[main.K]int", "impl": "swiss", "dir_len": 0},
            {"name": "c", "type": "map[string]int", "impl": "swiss", "dir_len": 0, "small_ctrls": "0102808080808080"}]);
        let maps = snapshot(maps).maps;
        let unreadable: Vec<bool> = maps
            .iter()
            .map(|map| matches!(map.body, Body::Unreadable(_)))
            .collect();
        assert_eq!(unreadable, [true, true, false, false]);
        assert_eq!(maps[2].types, Err(TypeError::Named("main.K".into())));
        assert!(maps[3].types.is_ok());
    }

    #[test]
    fn what_is_no_snapshot_says_why() {
        let why = |text: &str| Snapshot::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(why("{").starts_with("not JSON"));
        assert!(why("{}").contains("missing, not gotriage.map-snapshot/1"));
        let start = format!("{{\"schema\": \"{SCHEMA}\"");
        assert!(why(&format!("{start}}}")).contains("go_version"));
        assert!(why(&format!("{start}, \"go_version\": \"go1.23\"}}")).contains("arch"));
        assert!(
            why(&format!(
                "{start}, \"go_version\": \"go1.23\", \"arch\": \"s390x\"}}"
            ))
            .contains("big-endian")
        );
    }

    #[test]
    fn secrets_alone_are_a_snapshot() {
        let document = json!({"schema": SCHEMA, "go_version": "go1.27.3", "arch": "amd64",
            "secrets": {"aeskeysched": "00ff", "hashkey": ["0x1", 2, "3", "0x4"], "use_aes": 1}});
        let read = Snapshot::parse(document.to_string().as_bytes())
            .unwrap()
            .secrets;
        assert_eq!(
            read,
            Secrets {
                aeskeysched: Some(vec![0, 255]),
                hashkey: Some([1, 2, 3, 4]),
                use_aes: Some(true)
            }
        );
    }
}
