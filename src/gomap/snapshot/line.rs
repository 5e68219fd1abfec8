//! Answers as the snapshot format writes them, a JSON object each; `gotriage schema map-locate` prints its schema from these types.
//!
//! ```text
//! {"id": 1, "hash": "0x32cf…", "impl": "classic", "array": "old", "bucket": 811, "new_bucket": 2859, "tophash": 50}
//! {"id": 3, "map": "sessions", "array": "old", "bucket": 811, "overflow": null, "slot": 0, "field": "key", "offset": 0}
//! ```
//!
//! [`super::answer::Answer::to_json`] makes one of an answer. Words are `"0x…"`.

use super::super::locate::address::{AddressPlace, BucketPlace, GroupPlace};
use super::super::locate::key::{BucketArray, ClassicKey, SwissKey};
use super::answer::{Answer, Found, RANDOM};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

/// Why neither array can be named.
const NOT_TOLD_WHICH: &str = "the map is growing, and without old_evacuated nothing tells whether this old bucket has been evacuated";

/// One answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AnswerLine<'a> {
    /// The question's `id`, whatever it was; null where it had none.
    id: &'a Value,
    /// Of an address: the name of the map that it lies in.
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<&'a str>,
    #[serde(flatten)]
    place: PlaceLine<'a>,
}

/// What is answered, by its fields.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum PlaceLine<'a> {
    Classic(ClassicLine),
    Swiss(SwissLine),
    Random(RandomLine),
    Hash(HashLine<'a>),
    Bucket(BucketLine),
    Group(GroupLine),
    Fixed(FixedLine),
    Unknown(UnknownLine<'a>),
}

/// Where a lookup of a key looks in a classic map.
#[derive(Debug, Serialize, JsonSchema)]
struct ClassicLine {
    /// The key's hash.
    hash: String,
    /// Always `classic`.
    r#impl: &'static str,
    /// The array that is searched now, `old` or `new`; null where nothing tells which.
    array: Option<&'static str>,
    /// The bucket in that array.
    bucket: Option<u64>,
    /// During growth: the bucket in the new array.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_bucket: Option<u64>,
    /// The bucket in the old array, where `array` is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_bucket: Option<u64>,
    /// Why `array` is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    /// What the cell's tophash byte holds.
    tophash: u8,
    /// True where the map is empty, so that the key is in no bucket; left out elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<bool>,
}

/// Where a lookup of a key looks in a Swiss map.
#[derive(Debug, Serialize, JsonSchema)]
struct SwissLine {
    /// The key's hash.
    hash: String,
    /// Always `swiss`.
    r#impl: &'static str,
    /// Index into the snapshot's tables; -1 in a small map.
    table: i64,
    /// Directory entry; -1 in a small map.
    directory: i64,
    /// The hash without its low seven bits: its own low bits are the first group.
    h1: String,
    /// The low seven bits: the control byte of the key's slot.
    h2: u8,
    /// Groups in the order of probing, up to the first with an empty slot.
    groups: Vec<u64>,
    /// Slots on the way whose control byte is `h2`; none: the key is not in the map. Left out where control bytes are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<Vec<SlotLine>>,
}

/// A slot.
#[derive(Debug, Serialize, JsonSchema)]
struct SlotLine {
    /// Group.
    group: u64,
    /// Slot in it.
    slot: u8,
}

/// A key that hashes to another number each time.
#[derive(Debug, Serialize, JsonSchema)]
struct RandomLine {
    /// Always null.
    hash: (),
    /// Why.
    why: &'static str,
}

/// A key whose hash is known, while its place is not.
#[derive(Debug, Serialize, JsonSchema)]
struct HashLine<'a> {
    /// The key's hash.
    hash: String,
    /// What is missing for the place.
    error: &'a str,
}

/// An address in a classic bucket.
#[derive(Debug, Serialize, JsonSchema)]
struct BucketLine {
    /// Which array: `old` or `new`.
    array: &'static str,
    /// Which bucket; null in an overflow bucket, whose chain is not known.
    bucket: Option<u64>,
    /// True in an overflow bucket.
    overflow: Option<bool>,
    /// Which cell; null of the overflow pointer and of padding.
    slot: Option<u8>,
    /// `tophash`, `key`, `elem`, `overflow` or `padding`.
    field: Cow<'static, str>,
    /// Bytes from the start of that field.
    offset: u64,
}

/// An address in a Swiss group.
#[derive(Debug, Serialize, JsonSchema)]
struct GroupLine {
    /// Index into the snapshot's tables; -1 in a small map.
    table: i64,
    /// Which group.
    group: u64,
    /// Which slot; null of padding behind all slots.
    slot: Option<u8>,
    /// `ctrl`, `key`, `elem` or `padding`.
    field: Cow<'static, str>,
    /// Bytes from the start of that field.
    offset: u64,
}

/// An address in a header, a table's fixed part, or the directory.
#[derive(Debug, Serialize, JsonSchema)]
struct FixedLine {
    /// Which entry of the directory, where it lies in that.
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<u64>,
    /// Which table, where it lies in one: index into the snapshot's tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<u64>,
    /// `header.B`, `table.capacity`, `extra.nextOverflow`, `directory`, `padding`, …
    field: Cow<'static, str>,
    /// Bytes from the start of that field; of the directory, from its own start.
    offset: u64,
}

/// A question without an answer.
#[derive(Debug, Serialize, JsonSchema)]
struct UnknownLine<'a> {
    /// Why.
    error: &'a str,
}

impl<'a> AnswerLine<'a> {
    /// The answer to the question of that `id`.
    pub fn new(answer: &'a Answer<'_>, id: &'a Value) -> Self {
        let place = match &answer.found {
            Err(error) => PlaceLine::Unknown(UnknownLine { error }),
            Ok(Found::Classic(place)) => PlaceLine::Classic(ClassicLine::new(place)),
            Ok(Found::Swiss(place)) => PlaceLine::Swiss(SwissLine::new(place)),
            Ok(Found::Random) => PlaceLine::Random(RandomLine {
                hash: (),
                why: RANDOM,
            }),
            Ok(Found::HashOnly { hash, why }) => PlaceLine::Hash(HashLine {
                hash: word(*hash),
                error: why,
            }),
            Ok(Found::Address(place)) => address(place),
        };
        let map = match answer.found {
            Ok(Found::Address(_)) => answer.map.map(|shot| shot.name.as_str()),
            _ => None,
        };
        Self { id, map, place }
    }
}

fn word(word: u64) -> String {
    format!("{word:#x}")
}

impl ClassicLine {
    fn new(place: &ClassicKey) -> Self {
        let (array, bucket) = place.searched().unzip();
        let open = place.growing.filter(|_| array.is_none());
        Self {
            hash: word(place.hash),
            r#impl: "classic",
            array: array.map(BucketArray::word),
            bucket,
            new_bucket: place.growing.map(|_| place.bucket),
            old_bucket: open.map(|growing| growing.old_bucket),
            why: open.map(|_| NOT_TOLD_WHICH),
            tophash: place.tophash,
            absent: place.absent.then_some(true),
        }
    }
}

impl SwissLine {
    fn new(place: &SwissKey) -> Self {
        let (directory, table) = place.table.map_or((-1, -1), |(entry, position)| {
            (entry as i64, position as i64)
        });
        let slot = |&(group, slot): &(u64, u8)| SlotLine { group, slot };
        let slots = place.slots.as_ref();
        Self {
            hash: word(place.hash),
            r#impl: "swiss",
            table,
            directory,
            h1: word(place.h1),
            h2: place.h2,
            groups: place.groups.clone(),
            slots: slots.map(|slots| slots.iter().map(slot).collect()),
        }
    }
}

fn address(place: &AddressPlace) -> PlaceLine<'static> {
    let (field, offset, slot) = (place.field(), place.offset(), place.slot());
    let (directory, table) = match place {
        AddressPlace::Bucket(BucketPlace {
            array,
            bucket,
            overflow,
            ..
        }) => {
            return PlaceLine::Bucket(BucketLine {
                array: array.word(),
                bucket: *bucket,
                overflow: *overflow,
                slot,
                field,
                offset,
            });
        }
        AddressPlace::Group(GroupPlace { table, group, .. }) => {
            return PlaceLine::Group(GroupLine {
                table: table.map_or(-1, |table| table as i64),
                group: *group,
                slot,
                field,
                offset,
            });
        }
        AddressPlace::Header(_) | AddressPlace::Extra(_) => (None, None),
        AddressPlace::Directory { entry, .. } => (Some(*entry), None),
        AddressPlace::Table { table, .. } => (None, Some(*table as u64)),
    };
    PlaceLine::Fixed(FixedLine {
        directory,
        table,
        field,
        offset,
    })
}
