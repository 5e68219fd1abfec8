//! Places in words, and what it would take where there is none.

use super::super::case::Case;
use super::super::memory;
use super::super::values::{count, grouped};
use super::layout;
use crate::analyze::accesses::KeyWord;
use crate::analyze::conflict::MapIdentity;
use crate::gomap::infer::{Inference, Shape};
use crate::gomap::locate::address::AddressPlace;
use crate::gomap::locate::key::{BucketArray, ClassicKey, SwissKey};
use crate::gomap::snapshot::answer::{Found, RANDOM};
use crate::gomap::snapshot::{Body, MapShot};
use crate::gomap::target::Arch;
use crate::goruntime::mapops::KeyForm;
use crate::goruntime::version::MapLayout;

/// A place, without the map it is in.
pub(super) fn found(shot: Option<&MapShot>, found: &Found) -> String {
    match found {
        Found::Classic(place) => classic(shot, place),
        Found::Swiss(place) => swiss(place),
        Found::Random => RANDOM.to_owned(),
        Found::HashOnly { hash, why } => format!("its hash is {hash:#x}; {why}"),
        Found::Address(place) => address(place),
    }
}

fn classic(shot: Option<&MapShot>, place: &ClassicKey) -> String {
    let buckets = match shot.map(|shot| &shot.body) {
        Some(Body::Classic(shot)) => shot.b.and_then(|b| 1_u64.checked_shl(b.into())),
        _ => None,
    };
    let of = buckets.map_or_else(String::new, |all| format!(" of {}", grouped(all)));
    let bucket = format!("bucket {}{of}", place.bucket);
    let searched = match (place.growing, place.searched()) {
        (None, _) => bucket,
        (Some(growing), Some((BucketArray::Old, _))) => format!(
            "old bucket {}, as the map is growing and that one was not evacuated yet; it goes to {bucket}",
            growing.old_bucket
        ),
        (Some(growing), Some((BucketArray::New, _))) => format!(
            "{bucket}; the map is growing, and old bucket {} was evacuated",
            growing.old_bucket
        ),
        (Some(growing), None) => format!(
            "old bucket {} or, if that was evacuated, {bucket}",
            growing.old_bucket
        ),
    };
    format!(
        "{searched} (hash {:#x}, tophash {:#04x})",
        place.hash, place.tophash
    )
}

fn swiss(place: &SwissKey) -> String {
    let table = match place.table {
        None => "the one group of a small map".to_owned(),
        Some((_, table)) => format!("table {table}"),
    };
    let slots = place.slots.as_deref().unwrap_or_default().iter();
    let slots: Vec<String> = slots
        .map(|(group, slot)| match place.table {
            None => format!("slot {slot}"),
            Some(_) => format!("slot {slot} of group {group}"),
        })
        .collect();
    let known = place.slots.is_some();
    let slot = match (slots.as_slice(), known) {
        ([], false) => String::new(),
        ([], true) => ", in no slot: it was not in the map when the snapshot was taken".to_owned(),
        ([only], _) => format!(", {only}"),
        (several, _) => format!(", {}, whose control bytes are equal", several.join(" or ")),
    };
    let groups: Vec<String> = place.groups.iter().map(u64::to_string).collect();
    let probed = match place.table {
        None => String::new(),
        Some(_) => format!("groups probed: {}; ", groups.join(", ")),
    };
    format!(
        "{table}{slot} ({probed}hash {:#x}, control byte {:#04x})",
        place.hash, place.h2
    )
}

fn address(place: &AddressPlace) -> String {
    let slot = place
        .slot()
        .map_or_else(String::new, |slot| format!(", slot {slot}"));
    let unit = match place {
        AddressPlace::Header(_) | AddressPlace::Extra(_) => String::new(),
        AddressPlace::Directory { entry, .. } => format!("entry {entry} of the "),
        AddressPlace::Table { table, .. } => format!("table {table}, "),
        AddressPlace::Bucket(bucket) => {
            let old = match bucket.array {
                BucketArray::New => "",
                BucketArray::Old => "old ",
            };
            match bucket.bucket {
                Some(number) => format!("{old}bucket {number}{slot}, "),
                None => format!("an overflow bucket of the {old}array{slot}, "),
            }
        }
        AddressPlace::Group(group) => match group.table {
            None => format!("the one group{slot}, "),
            Some(table) => format!("table {table}, group {}{slot}, ", group.group),
        },
    };
    let byte = match place.offset() {
        0 => String::new(),
        offset => format!(", byte {offset} of it"),
    };
    format!("{unit}{}{byte}", place.field())
}

/// What the place of a key of this map takes, and no traceback prints.
pub(in crate::triage) fn needs(case: &Case<'_, '_>, map: &MapIdentity) -> String {
    let mut needs = Vec::new();
    if map.header.is_none() {
        needs.push("the map's address".to_owned());
    }
    needs.push(fields(case).to_owned());
    if !case.capture.has_secrets {
        needs.push(secrets(case));
    }
    needs.join("; ")
}

/// The fields of a map that decide where a key lies.
fn fields(case: &Case<'_, '_>) -> &'static str {
    match layout(case) {
        Some(MapLayout::Classic) => "the map's hash0, B and oldbuckets",
        Some(MapLayout::Swiss) => "the map's seed, directory and tables",
        None => "the map's seed and its size",
    }
}

/// The variables a process hashes with; with their package, where all versions that fit agree on it.
fn secrets(case: &Case<'_, '_>) -> String {
    let targets = memory::targets(&case.go, Arch::default()).unwrap_or_default();
    let mut packages: Vec<&str> = targets
        .iter()
        .map(|target| target.rules.secrets_package)
        .collect();
    packages.dedup();
    let package = match packages.as_slice() {
        [only] => format!("{only}."),
        _ => String::new(),
    };
    format!("{package}aeskeysched of the process (hashkey, where it hashes without AES)")
}

/// Why a key has no place though its map is known.
pub(super) fn not_printed(key: KeyWord) -> String {
    match (key.form, key.length) {
        (KeyForm::String, Some(length)) => format!(
            "not to be told: a traceback prints where the string stands ({:#x}, {}), not what it says",
            key.word,
            count(length, "byte", "bytes")
        ),
        _ => format!(
            "not to be told: a traceback prints where the key stands ({:#x}), not the key",
            key.word
        ),
    }
}

/// What sizes and pages leave of an address.
pub(super) fn candidates(inference: &Inference, address: u64) -> String {
    let mut ways: Vec<(String, String)> = Vec::new();
    for candidate in &inference.candidates {
        let (array, unit) = match candidate.shape {
            Shape::Classic { b } => (format!("with B={b}"), "bucket"),
            Shape::Swiss { capacity } => (format!("of {capacity} slots"), "group"),
        };
        let mut places = candidate.places.iter();
        let Some(place) = places.find(|place| place.addr == address) else {
            continue;
        };
        let unit = if place.overflow {
            "overflow bucket"
        } else {
            unit
        };
        let slot = place.part.slot.map(|slot| format!(", slot {slot}"));
        let field = place.part.field.name();
        let said = format!("{unit} {}{}, {field}", place.unit, slot.unwrap_or_default());
        match ways.last_mut() {
            Some((known, all)) if *known == array => *all += &format!(", or {said}"),
            _ => ways.push((array, said)),
        }
    }
    let ways = ways.iter();
    let ways: Vec<String> = ways
        .map(|(array, said)| format!("in an array {array} {said}"))
        .collect();
    format!(
        "in no array that the snapshot knows; inferred from size class and page, {}",
        ways.join("; ")
    )
}
