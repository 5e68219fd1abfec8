//! Snapshots and secrets as users give them: files of the snapshot format, or flags.
//!
//! Flags become a document of the same format ([`from_fields`]), so that there is one reader and one set of rules.

use super::Refused;
use super::args::{SecretArgs, TargetArgs, YesNo};
use crate::gomap::hash::Secrets;
use crate::gomap::layout::survey;
use crate::gomap::snapshot::document::{SCHEMA, SnapshotError};
use crate::gomap::snapshot::{Body, Snapshot};
use crate::gomap::target::{Arch, Target};
use crate::goruntime::version::{GoBuild, MapLayout};
use crate::input::{DEFAULT_MAX_BYTES, Reading, Source};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// Name of the one map that flags describe.
pub const ONLY_MAP: &str = "map";

/// Fields of a classic map, in the snapshot format.
const CLASSIC_FIELDS: &[&str] = &[
    "header",
    "count",
    "flags",
    "B",
    "noverflow",
    "hash0",
    "buckets",
    "oldbuckets",
    "nevacuate",
    "extra",
    "next_overflow",
    "allocated_buckets",
    "old_evacuated",
];

/// Fields of a Swiss map, but for its tables.
const SWISS_FIELDS: &[&str] = &[
    "header",
    "used",
    "seed",
    "dir_ptr",
    "dir_len",
    "global_depth",
    "global_shift",
    "writing",
    "tombstone_possible",
    "clear_seq",
    "small_ctrls",
];

/// Fields of the one table that flags describe.
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

/// Reads a snapshot. `go` counts where it does not tell a release that maps are known of; `go` and `arch` must not contradict it.
pub fn snapshot(path: &Path, go: Option<GoBuild>, arch: Option<Arch>) -> Result<Snapshot, Refused> {
    let source = read(path)?;
    let refused = |why: String| Refused(format!("{}: {why}", source.name));
    let told = match Snapshot::parse(source.bytes()) {
        Err(
            SnapshotError::Missing { .. } | SnapshotError::Version(_) | SnapshotError::Target(_),
        ) if go.is_some() => Snapshot::parse_with(source.bytes(), go),
        Ok(told) => match go.filter(|&go| contradicts(told.target.build, go)) {
            Some(go) => {
                let (own, go) = (build_text(told.target.build), build_text(go));
                return Err(refused(format!(
                    "the process was of Go {own}, but --go says {go}: leave --go out, or take the file of the other process"
                )));
            }
            None => Ok(told),
        },
        wrong => wrong,
    };
    let told = told.map_err(|error| refused(error.to_string()))?;
    match arch.filter(|&arch| arch != told.target.arch) {
        Some(arch) => Err(refused(format!(
            "the process ran on {}, but --arch says {arch}: leave --arch out, or take the file of the other process",
            told.target.arch
        ))),
        None => Ok(told),
    }
}

/// Whether a build can't be the one that `named` names, which may leave open its patch number and its experiment.
fn contradicts(own: GoBuild, named: GoBuild) -> bool {
    let patches = own.version.patch.zip(named.version.patch);
    let experiment = named.map_experiment;
    own.version.minor != named.version.minor
        || patches.is_some_and(|(own, named)| own != named)
        || (experiment.is_some() && experiment != own.map_experiment)
}

fn build_text(build: GoBuild) -> String {
    match survey::word(build.map_experiment) {
        Some(experiment) => format!("{} X:{experiment}", build.version),
        None => build.version.to_string(),
    }
}

/// A snapshot, with the secrets of flags, and of a file of secrets, before its own.
pub fn process(
    path: &Path,
    target: &TargetArgs,
    secrets: &SecretArgs,
) -> Result<Snapshot, Refused> {
    let mut snapshot = snapshot(path, target.go, target.arch)?;
    let own = match &secrets.secrets {
        None => Secrets::default(),
        Some(file) => {
            let other = self::snapshot(file, target.go, target.arch)?;
            let (one, two) = (snapshot.target, other.target);
            if contradicts(one.build, two.build) || one.arch != two.arch {
                return Err(Refused(format!(
                    "{} is of Go {} on {}, {} of Go {} on {}: every process has secrets of its own, so take those of the same process",
                    path.display(),
                    build_text(one.build),
                    one.arch,
                    file.display(),
                    build_text(two.build),
                    two.arch
                )));
            }
            other.secrets
        }
    };
    snapshot.secrets.prefer(with_flags(own, secrets)?);
    Ok(snapshot)
}

/// The secrets of flags, with those of the file for what the flags leave open, and the build and machine: those of the file, or of
/// the flags where there is none.
pub fn secrets(target: &TargetArgs, args: &SecretArgs) -> Result<(Target, Secrets), Refused> {
    let (target, file) = match &args.secrets {
        Some(path) => {
            let file = snapshot(path, target.go, target.arch)?;
            (file.target, file.secrets)
        }
        None => (super::target(target)?, Secrets::default()),
    };
    Ok((target, with_flags(file, args)?))
}

/// The secrets of a file, and before them those of flags.
fn with_flags(mut secrets: Secrets, args: &SecretArgs) -> Result<Secrets, Refused> {
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
    args: &SecretArgs,
) -> Result<Snapshot, Refused> {
    let (target, secrets) = self::secrets(target, args)?;
    let layout = target.rules.layout;
    let mut map = Map::new();
    let mut table = Map::new();
    map.insert("name".into(), json!(ONLY_MAP));
    map.insert("type".into(), json!(map_type));
    map.insert("impl".into(), json!(layout.to_string()));
    if let Some(seed) = args.seed {
        map.insert(seed_name(layout).into(), json!(format!("{seed:#x}")));
    }
    check_names(fields, layout, args.seed.is_some())?;
    for (name, value) in fields {
        let text = || Value::String(value.clone());
        let value = match DIGIT_FIELDS.contains(&name.as_str()) {
            true => text(),
            false => serde_json::from_str(value).unwrap_or_else(|_| text()),
        };
        let part = match table_fields(layout).contains(&name.as_str()) {
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
        "go_version": format!("go{}", target.build.version),
        "arch": target.arch.to_string(),
        "maps": [map],
    });
    let mut snapshot = Snapshot::parse_with(document.to_string().as_bytes(), Some(target.build))?;
    if let Some(Body::Unreadable(why)) = snapshot.maps.first().map(|map| &map.body) {
        return Err(Refused(format!("--field: {why}")));
    }
    snapshot.secrets = secrets;
    Ok(snapshot)
}

/// The header's word that hashes begin with, as snapshots name it.
fn seed_name(layout: MapLayout) -> &'static str {
    match layout {
        MapLayout::Classic => "hash0",
        MapLayout::Swiss => "seed",
    }
}

fn header_fields(layout: MapLayout) -> &'static [&'static str] {
    match layout {
        MapLayout::Classic => CLASSIC_FIELDS,
        MapLayout::Swiss => SWISS_FIELDS,
    }
}

fn table_fields(layout: MapLayout) -> &'static [&'static str] {
    match layout {
        MapLayout::Classic => &[],
        MapLayout::Swiss => TABLE_FIELDS,
    }
}

/// Refuses fields that these maps do not have, and those that are given twice.
fn check_names(
    fields: &[(String, String)],
    layout: MapLayout,
    has_seed: bool,
) -> Result<(), Refused> {
    let known = || header_fields(layout).iter().chain(table_fields(layout));
    let mut given = BTreeSet::new();
    if has_seed {
        given.insert(seed_name(layout));
    }
    for (name, _) in fields {
        if !known().any(|known| known == name) {
            let known: Vec<&str> = known().copied().collect();
            return Err(Refused(format!(
                "--field {name}: {layout} maps, which this Go has, have no such field, but {}; --go names another version",
                known.join(", ")
            )));
        }
        if !given.insert(name) {
            return Err(Refused(format!("--field {name}: it is given twice")));
        }
    }
    Ok(())
}
