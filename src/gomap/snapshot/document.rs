//! The snapshot's JSON, `gotriage.map-snapshot/1`.
//!
//! ```json
//! {"schema": "gotriage.map-snapshot/1", "go_version": "go1.23.9", "os": "linux", "arch": "amd64",
//!  "secrets": {"aeskeysched": "ca23e000…", "hashkey": ["0x0", "0x0", "0x0", "0x0"], "use_aes": true},
//!  "maps": [
//!   {"name": "sessions", "type": "map[string]int", "impl": "classic", "header": "0xc000074000",
//!    "count": 20, "flags": 0, "B": 2, "hash0": "0x707d3ec6", "buckets": "0xc00007a000", "oldbuckets": "0x0"},
//!   {"name": "ids", "type": "map[int]int", "impl": "swiss", "header": "0xc000074030", "used": 20, "seed": "0x9ba2e1323afa11cb",
//!    "dir_len": 1, "directory": [0], "tables": [{"capacity": 32, "length_mask": 3, "groups": "0xc000106000", "ctrls": "6a4b…"}]}]}
//! ```
//!
//! Written by debugger scripts, core readers, or programs about themselves, so none of it is believed: numbers have to fit their
//! fields and one another, and no number decides how much memory is taken. What can't be known without the document as a whole
//! (version, machine, secrets) is an error; a map that can't be read keeps its place with the reason ([`Body::Unreadable`]), and
//! costs the others nothing. Words are `"0x…"` or plain numbers. Fields that are not known here are passed over.

use super::super::hash::Secrets;
use super::super::target::{Arch, Target, TargetError};
use super::super::types::{MapType, TypeError};
use super::words::{bytes, field, flag, flags, word};
use super::{Body, ClassicShot, MapShot, Snapshot, SwissShot, TableShot};
use crate::goruntime::version::{GoBuild, MapLayout, VersionError};
use serde_json::Value;

/// The only schema there is.
pub const SCHEMA: &str = "gotriage.map-snapshot/1";

/// Why a document is no snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Not JSON, or cut off; the message names line and column.
    #[error("the snapshot is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON of something else.
    #[error("the snapshot's schema is \"{found}\"; this version of gotriage reads \"{SCHEMA}\"")]
    Schema {
        /// What it says, empty where it says nothing.
        found: String,
    },
    /// Something that nothing can be computed without.
    #[error(
        "the snapshot does not say its {field}, which decides how maps lie and hash; add {how}"
    )]
    Missing {
        /// Name in the document.
        field: &'static str,
        /// How to say it.
        how: &'static str,
    },
    /// Its `go_version`.
    #[error("the snapshot's go_version: {0}")]
    Version(#[from] VersionError),
    /// Its `arch`, or a build that does not exist.
    #[error("the snapshot's build: {0}")]
    Target(#[from] TargetError),
    /// A part that is there but not as it has to be.
    #[error("the snapshot's {field} is malformed: {expected} expected")]
    Malformed {
        /// Name in the document.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
}

impl Snapshot {
    /// Reads a document.
    ///
    /// # Errors
    /// [`SnapshotError`] for what concerns all maps.
    pub fn parse(text: &[u8]) -> Result<Self, SnapshotError> {
        Self::parse_with(text, None)
    }

    /// The same, with a build that overrides the document's.
    ///
    /// # Errors
    /// [`SnapshotError`] for what concerns all maps.
    pub fn parse_with(text: &[u8], build: Option<GoBuild>) -> Result<Self, SnapshotError> {
        let document: Value = serde_json::from_slice(text)?;
        let string = |name| field(&document, name).and_then(Value::as_str);
        let found = string("schema").unwrap_or_default();
        if found != SCHEMA {
            let found = found.to_owned();
            return Err(SnapshotError::Schema { found });
        }
        let go_version = string("go_version");
        let build = match (build, go_version) {
            (Some(build), _) => build,
            (None, Some(text)) => text.parse()?,
            (None, None) => {
                return Err(missing(
                    "go_version",
                    "\"go_version\": \"go1.27.3\", or give --go 1.27.3",
                ));
            }
        };
        let arch =
            string("arch").ok_or(missing("arch", "\"arch\": \"amd64\", or what GOARCH was"))?;
        let arch: Arch = arch.parse()?;
        let target = Target::new(build, arch)?;
        let maps = match field(&document, "maps") {
            None => &Vec::new(),
            Some(maps) => maps.as_array().ok_or(SnapshotError::Malformed {
                field: "maps",
                expected: "a list of maps",
            })?,
        };
        Ok(Self {
            go_version: match go_version {
                Some(text) => text.to_owned(),
                None => format!("go{}", build.version),
            },
            os: string("os").unwrap_or_default().to_owned(),
            secrets: match field(&document, "secrets") {
                Some(given) => secrets(given)?,
                None => Secrets::default(),
            },
            maps: maps.iter().map(|map| shot(map, &target)).collect(),
            target,
        })
    }
}

fn missing(field: &'static str, how: &'static str) -> SnapshotError {
    SnapshotError::Missing { field, how }
}

/// What the process hashes with.
fn secrets(given: &Value) -> Result<Secrets, SnapshotError> {
    let malformed = |field, expected| SnapshotError::Malformed { field, expected };
    let aeskeysched = match field(given, "aeskeysched") {
        None => None,
        Some(value) => match bytes(value) {
            Some(bytes) if matches!(bytes.len(), 64 | 128) => Some(bytes),
            _ => {
                let expected = "256 hex digits (or 128 of a 32-bit machine)";
                return Err(malformed("secrets.aeskeysched", expected));
            }
        },
    };
    let hashkey = match field(given, "hashkey") {
        None => None,
        Some(value) => {
            let words = value.as_array().into_iter().flatten();
            let words: Option<Vec<u64>> = words.map(word).collect();
            let four = words.and_then(|words| <[u64; 4]>::try_from(words).ok());
            Some(four.ok_or_else(|| malformed("secrets.hashkey", "a list of four words"))?)
        }
    };
    let use_aes = match field(given, "use_aes") {
        None => None,
        Some(value) => {
            Some(flag(value).ok_or_else(|| malformed("secrets.use_aes", "true, false, 1 or 0"))?)
        }
    };
    Ok(Secrets {
        aeskeysched,
        hashkey,
        use_aes,
    })
}

/// One map, whatever is wrong with it.
fn shot(map: &Value, target: &Target) -> MapShot {
    let string = |name| field(map, name).and_then(Value::as_str);
    let fields = Fields { object: map };
    let header = fields.word("header");
    let body = header
        .clone()
        .and_then(|_: Option<u64>| body(&fields, target));
    MapShot {
        name: string("name").unwrap_or_default().to_owned(),
        type_text: string("type").unwrap_or_default().to_owned(),
        types: types(map, target.arch),
        header: header.unwrap_or_default(),
        body: body.unwrap_or_else(|why| {
            Body::Unreadable(format!("this map of the snapshot can't be read: {why}"))
        }),
    }
}

fn types(map: &Value, arch: Arch) -> Result<MapType, TypeError> {
    let text = field(map, "type").and_then(Value::as_str);
    let (key, elem) = (field(map, "key_type"), field(map, "elem_type"));
    if text.is_none() && (key.is_none() || elem.is_none()) {
        return Err(TypeError::NotAMap("a map without a type".to_owned()));
    }
    MapType::with_trees(text.unwrap_or_default(), key, elem, arch)
}

fn body(fields: &Fields<'_>, target: &Target) -> Result<Body, String> {
    if !fields.object.is_object() {
        return Err("it is no JSON object".to_owned());
    }
    let layout = target.rules.layout;
    let given = match field(fields.object, "impl") {
        None => layout,
        Some(Value::String(name)) if name == "classic" => MapLayout::Classic,
        Some(Value::String(name)) if name == "swiss" => MapLayout::Swiss,
        Some(_) => return Err("impl is neither \"classic\" nor \"swiss\"".to_owned()),
    };
    if given != layout {
        let version = target.build.version;
        return Err(format!(
            "a {given} map, but Go {version} as built has {layout} maps"
        ));
    }
    match layout {
        MapLayout::Classic => classic(fields, target).map(Body::Classic),
        MapLayout::Swiss => swiss(fields, target).map(Body::Swiss),
    }
}

/// Characters of a wrong value in a message.
const LONGEST_SHOWN: usize = 60;

/// The fields of a map or table; errors are sentences about one of them.
struct Fields<'v> {
    object: &'v Value,
}

impl Fields<'_> {
    /// A number that fits its field, if it is there.
    fn word<T: TryFrom<u64>>(&self, name: &str) -> Result<Option<T>, String> {
        self.read(name, "a number that fits the field", |value| {
            T::try_from(word(value)?).ok()
        })
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        self.read(name, "true, false, 1 or 0", flag)
    }

    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        self.read(name, "pairs of hex digits", bytes)
    }

    fn read<T>(
        &self,
        name: &str,
        expected: &str,
        meaning: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, String> {
        match field(self.object, name) {
            None => Ok(None),
            Some(value) => match meaning(value) {
                Some(meant) => Ok(Some(meant)),
                None => {
                    let shown: String = value.to_string().chars().take(LONGEST_SHOWN).collect();
                    Err(format!("{name} is {shown}, not {expected}"))
                }
            },
        }
    }
}

/// An exponent of two that a word can hold.
fn exponent(name: &str, given: Option<u8>, target: &Target) -> Result<Option<u8>, String> {
    match given {
        Some(given) if u64::from(given) >= target.word() * 8 => Err(format!(
            "{name} is {given}: 2^{given} of anything are more than memory holds"
        )),
        fits => Ok(fits),
    }
}

fn classic(fields: &Fields<'_>, target: &Target) -> Result<ClassicShot, String> {
    let shot = ClassicShot {
        count: fields.word("count")?,
        flags: fields.word("flags")?,
        b: exponent("B", fields.word("B")?, target)?,
        noverflow: fields.word("noverflow")?,
        hash0: fields.word("hash0")?,
        buckets: fields.word("buckets")?,
        oldbuckets: fields.word("oldbuckets")?,
        nevacuate: fields.word("nevacuate")?,
        extra: fields.word("extra")?,
        next_overflow: fields.word("next_overflow")?,
        allocated_buckets: fields.word("allocated_buckets")?,
        old_evacuated: fields.read("old_evacuated", "digits 0 and 1", flags)?,
    };
    check_classic(&shot)?;
    Ok(shot)
}

/// `sameSizeGrow` of `hmap.flags`.
const SAME_SIZE_GROW: u8 = 8;

fn check_classic(shot: &ClassicShot) -> Result<(), String> {
    let Some(buckets) = shot.b.and_then(|b| 1u64.checked_shl(u32::from(b))) else {
        return Ok(());
    };
    if let Some(allocated) = shot.allocated_buckets.filter(|&some| some < buckets) {
        return Err(format!(
            "allocated_buckets is {allocated}, but B makes {buckets} buckets"
        ));
    }
    let (Some(evacuated), Some(flags)) = (&shot.old_evacuated, shot.flags) else {
        return Ok(());
    };
    let old = match flags & SAME_SIZE_GROW {
        0 => buckets / 2,
        _ => buckets,
    };
    if !evacuated.is_empty() && evacuated.len() as u64 != old {
        return Err(format!(
            "old_evacuated tells of {} old buckets, but B and flags make {old}",
            evacuated.len()
        ));
    }
    Ok(())
}

fn swiss(fields: &Fields<'_>, target: &Target) -> Result<SwissShot, String> {
    let directory = fields.read("directory", "a list of indices", |value| {
        let entries = value.as_array()?.iter();
        let entries = entries.map(|entry| u32::try_from(word(entry)?).ok());
        entries.collect::<Option<Vec<u32>>>()
    })?;
    let small_ctrls = fields.read("small_ctrls", "16 hex digits", |value| {
        <[u8; 8]>::try_from(bytes(value)?).ok()
    })?;
    let tables = match field(fields.object, "tables") {
        None => Vec::new(),
        Some(Value::Array(tables)) => {
            let numbered = tables.iter().enumerate();
            let tables = numbered.map(|(at, object)| {
                table(&Fields { object }).map_err(|why| format!("table {at}: {why}"))
            });
            tables.collect::<Result<_, _>>()?
        }
        Some(_) => return Err("tables is not a list".to_owned()),
    };
    let shot = SwissShot {
        used: fields.word("used")?,
        seed: fields.word("seed")?,
        dir_ptr: fields.word("dir_ptr")?,
        dir_len: fields.word("dir_len")?,
        global_depth: exponent("global_depth", fields.word("global_depth")?, target)?,
        global_shift: fields.word("global_shift")?,
        writing: fields.read("writing", "a byte", |value| {
            let set = value.as_bool().map(u8::from);
            set.or_else(|| word(value)?.try_into().ok())
        })?,
        tombstone_possible: fields.flag("tombstone_possible")?,
        clear_seq: fields.word("clear_seq")?,
        small_ctrls,
        directory,
        tables,
    };
    check_directory(&shot)?;
    Ok(shot)
}

fn check_directory(shot: &SwissShot) -> Result<(), String> {
    if let Some(len) = shot
        .dir_len
        .filter(|&len| len != 0 && !len.is_power_of_two())
    {
        return Err(format!("dir_len is {len}, neither 0 nor a power of two"));
    }
    let Some(directory) = &shot.directory else {
        return Ok(());
    };
    let entries = directory.len() as u64;
    if let Some(len) = shot.dir_len.filter(|&len| len != entries) {
        return Err(format!(
            "dir_len is {len}, but directory has {entries} entries"
        ));
    }
    let tables = shot.tables.len();
    match directory.iter().find(|&&entry| entry as usize >= tables) {
        Some(entry) => Err(format!(
            "directory names table {entry}, but there are {tables}"
        )),
        None => Ok(()),
    }
}

fn table(fields: &Fields<'_>) -> Result<TableShot, String> {
    let index = fields.read("index", "a number", |value| {
        value.as_i64().or_else(|| word(value)?.try_into().ok())
    })?;
    let shot = TableShot {
        addr: fields.word("addr")?,
        used: fields.word("used")?,
        capacity: fields.word("capacity")?,
        growth_left: fields.word("growth_left")?,
        local_depth: fields.word("local_depth")?,
        index,
        groups: fields.word("groups")?,
        length_mask: fields.word("length_mask")?,
        ctrls: fields.bytes("ctrls")?,
    };
    check_table(&shot)?;
    Ok(shot)
}

/// Slots of a group.
const SLOTS: u64 = 8;

/// Go splits a table rather than make it larger (`maxTableCapacity`).
const MAX_CAPACITY: u16 = 1024;

fn is_capacity(slots: u16) -> bool {
    slots.is_power_of_two() && u64::from(slots) >= SLOTS && slots <= MAX_CAPACITY
}

fn check_table(shot: &TableShot) -> Result<(), String> {
    let groups = shot.length_mask.map(|mask| mask.checked_add(1));
    if groups.is_some_and(|groups| groups.is_none_or(|groups| !groups.is_power_of_two())) {
        return Err("length_mask is not one less than a power of two".to_owned());
    }
    if let Some(capacity) = shot.capacity.filter(|&slots| !is_capacity(slots)) {
        return Err(format!(
            "capacity is {capacity}; tables have {SLOTS}, 16, 32, … or {MAX_CAPACITY} slots"
        ));
    }
    let slots = groups
        .flatten()
        .and_then(|groups| groups.checked_mul(SLOTS));
    let capacity = shot.capacity.map(u64::from);
    if let (Some(slots), Some(capacity)) = (slots, capacity)
        && slots != capacity
    {
        return Err(format!(
            "capacity is {capacity}, but length_mask makes {slots} slots"
        ));
    }
    let ctrls = shot.ctrls.as_ref().map(|ctrls| ctrls.len() as u64);
    match (ctrls, slots.or(capacity)) {
        (Some(ctrls), Some(slots)) if ctrls != slots => {
            Err(format!("ctrls has {ctrls} bytes for {slots} slots"))
        }
        (Some(ctrls), None) if !ctrls.is_multiple_of(SLOTS) => Err(format!(
            "ctrls has {ctrls} bytes, which is not eight a group"
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
