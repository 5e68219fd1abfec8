//! Snapshots and secrets as users give them: files of the snapshot format, or flags.
//!
//! Flags become a document of the same format ([`from_fields`]), so that there is one reader and one set of rules.

use super::Refused;
use super::args::{SecretArgs, TargetArgs, YesNo};
use crate::gomap::hash::Secrets;
use crate::gomap::snapshot::Snapshot;
use crate::gomap::snapshot::document::SCHEMA;
use crate::goruntime::version::GoBuild;
use crate::input::{DEFAULT_MAX_BYTES, Reading, Source};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Name of the one map that flags describe.
pub const ONLY_MAP: &str = "map";

/// Fields of a Swiss table, in the snapshot format; all others are the header's.
const TABLE_FIELDS: &[&str] = &[
    "addr",
    "capacity",
    "growth_left",
    "local_depth",
    "index",
    "groups",
    "length_mask",
    "ctrls",
];

/// Fields that are rows of digits, never numbers: 8080808080808080.
const DIGIT_FIELDS: &[&str] = &["ctrls", "small_ctrls", "old_evacuated"];

/// Reads a whole file or standard input (`-`), decompressed.
pub fn read(path: &Path) -> Result<Source, Refused> {
    let reading = Reading {
        max_bytes: DEFAULT_MAX_BYTES,
        progress: &|_| (),
    };
    let source = match path == Path::new("-") {
        true => reading.stdin(),
        false => reading.file(path),
    }?;
    match source.truncated {
        true => Err(Refused(format!(
            "{}: {}",
            source.name,
            source.notes.join("; ")
        ))),
        false => Ok(source),
    }
}

/// Reads a snapshot; `go` is believed more than what it says of itself.
pub fn snapshot(path: &Path, go: Option<GoBuild>) -> Result<Snapshot, Refused> {
    let source = read(path)?;
    Snapshot::parse_with(source.bytes(), go)
        .map_err(|error| Refused(format!("{}: {error}", source.name)))
}

/// The secrets of flags, with those of the file for what the flags leave open; none where neither was given.
pub fn secrets(args: &SecretArgs, go: Option<GoBuild>) -> Result<Secrets, Refused> {
    let file = match &args.secrets {
        Some(path) => snapshot(path, go)?.secrets,
        None => Secrets::default(),
    };
    with_flags(file, args)
}

/// The secrets of a file, and before them those of flags.
pub fn with_flags(mut secrets: Secrets, args: &SecretArgs) -> Result<Secrets, Refused> {
    if let Some(digits) = &args.aeskeysched {
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        let bytes = crate::gomap::value::from_hex(digits);
        secrets.aeskeysched = Some(bytes.ok_or_else(|| {
            Refused("--aeskeysched: an even number of hexadecimal digits expected, 256 on 64-bit machines".into())
        })?);
    }
    if let Some(used) = args.use_aes {
        secrets.use_aes = Some(used == YesNo::Yes);
    }
    match args.hashkey.as_slice() {
        [] => {}
        words => {
            let words: [u64; 4] = words.try_into().map_err(|_| {
                Refused(format!(
                    "--hashkey has four words with commas between, not {}",
                    words.len()
                ))
            })?;
            secrets.hashkey = Some(words);
        }
    }
    Ok(secrets)
}

/// A snapshot of one map, from its type and the fields that are known.
pub fn from_fields(
    map_type: &str,
    fields: &[(String, String)],
    target: &TargetArgs,
    secrets: &SecretArgs,
) -> Result<Snapshot, Refused> {
    let build = super::target(target)?;
    let mut map = Map::new();
    let mut table = Map::new();
    map.insert("name".into(), json!(ONLY_MAP));
    map.insert("type".into(), json!(map_type));
    map.insert("impl".into(), json!(build.rules.layout.to_string()));
    if let Some(seed) = secrets.seed {
        let word = json!(format!("{seed:#x}"));
        map.insert("seed".into(), word.clone());
        map.insert("hash0".into(), word);
    }
    for (name, value) in fields {
        let text = || Value::String(value.clone());
        let value = match DIGIT_FIELDS.contains(&name.as_str()) {
            true => text(),
            false => serde_json::from_str(value).unwrap_or_else(|_| text()),
        };
        let part = match TABLE_FIELDS.contains(&name.as_str()) {
            true => &mut table,
            false => &mut map,
        };
        part.insert(name.clone(), value);
    }
    if !table.is_empty() {
        map.insert("tables".into(), json!([table]));
        if map.get("dir_len").is_none_or(|length| *length == json!(1)) {
            map.entry("directory").or_insert_with(|| json!([0]));
        }
    }
    let document = json!({
        "schema": SCHEMA,
        "go_version": format!("go{}", build.build.version),
        "arch": build.arch.to_string(),
        "maps": [map],
    });
    let mut snapshot = Snapshot::parse_with(document.to_string().as_bytes(), Some(build.build))?;
    snapshot.secrets = self::secrets(secrets, target.go)?;
    Ok(snapshot)
}
