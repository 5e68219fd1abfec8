//! `gotriage map locate`: for each key and address where it lies, in words and with the numbers it follows from.

use crate::gomap::infer::{Candidate, Inference, Shape};
use crate::gomap::locate::address::AddressPlace;
use crate::gomap::locate::key::{BucketArray, ClassicKey, Growing, Half, SwissKey};
use crate::gomap::snapshot::answer::{Answer, Book, Found, RANDOM};
use crate::gomap::snapshot::question::{Ask, KeyGiven, Question};
use crate::gomap::snapshot::{Body, MapShot};
use crate::render::sheet::{Block, Fit};
use crate::render::words::count;

/// Candidates in a folded table.
const SHOWN: usize = 20;

/// What is known, to be shown.
#[derive(Debug)]
pub struct Page<'p> {
    /// The maps.
    pub book: &'p Book<'p>,
    /// In the order of the questions.
    pub answers: &'p [(&'p Question, Answer<'p>)],
    /// What keys lack for a place: why it is needed, and how to get it.
    pub missing: &'p [(&'p str, &'p str)],
    /// Where addresses can lie.
    pub candidates: Option<&'p Inference>,
    /// Lists every candidate that there is.
    pub all: bool,
}

/// The page.
pub fn sheet(page: &Page<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (question, answer) in page.answers {
        let inferred = page.candidates.is_some()
            && answer.found.is_err()
            && matches!(question.ask, Ok(Ask::Address(_)));
        if !inferred {
            blocks.extend(section(page, question, answer));
        }
    }
    if !page.missing.is_empty() {
        blocks.push(Block::Heading("what the key's place takes".into()));
        for (why, how) in page.missing {
            blocks.push(labelled("missing", (*why).to_owned()));
            blocks.push(labelled("how", (*how).to_owned()));
        }
    }
    let candidates = page.candidates.into_iter();
    blocks.extend(candidates.flat_map(|found| inference(found, page.all)));
    blocks
}

/// In place of what is told of all keys at once.
const BELOW: &str = "see below what is missing for it";

fn section(page: &Page<'_>, question: &Question, answer: &Answer<'_>) -> Vec<Block> {
    let book = page.book;
    let is_key = matches!(question.ask, Ok(Ask::Key(_)));
    let unknown = |why: &str| match is_key && !page.missing.is_empty() {
        true => labelled("unknown", BELOW.into()),
        false => labelled("unknown", why.to_owned()),
    };
    let asked = match &question.ask {
        Ok(Ask::Key(KeyGiven::Literal(literal))) => format!("key {literal}"),
        Ok(Ask::Key(KeyGiven::Memory(_))) => "key given as memory".to_owned(),
        Ok(Ask::Address(address)) => format!("address {address:#x}"),
        Err(_) => "a question that can't be read".to_owned(),
    };
    let mut blocks = vec![Block::Heading(asked)];
    blocks.extend(answer.map.map(|shot| labelled("map", map_line(book, shot))));
    match &answer.found {
        Err(why) => blocks.push(unknown(why)),
        Ok(Found::Random) => blocks.push(labelled("hash", RANDOM.into())),
        Ok(Found::HashOnly { hash, why }) => {
            blocks.push(labelled("hash", format!("{hash:#x}")));
            blocks.push(unknown(why));
        }
        Ok(Found::Classic(place)) => blocks.extend(classic(answer.map, place)),
        Ok(Found::Swiss(place)) => blocks.extend(swiss(answer.map, place)),
        Ok(Found::Address(place)) => blocks.extend(address(place)),
    }
    blocks
}

fn labelled(label: &str, value: String) -> Block {
    Block::Labelled(label.into(), value)
}

fn map_line(book: &Book<'_>, shot: &MapShot) -> String {
    let implementation = book.snapshot.target.rules.layout;
    let entries = match &shot.body {
        Body::Classic(shot) => shot.count,
        Body::Swiss(shot) => shot.used,
        Body::Unreadable(_) => None,
    };
    let entries = entries.map_or_else(String::new, |n| match n {
        1 => ", 1 entry".into(),
        n => format!(", {} entries", count(n)),
    });
    let header = shot
        .header
        .map_or_else(String::new, |header| format!(" at {header:#x}"));
    format!(
        "{}{header}: {}, {implementation} (Go {}){entries}",
        shot.name, shot.type_text, book.snapshot.target.build.version
    )
}

fn classic(shot: Option<&MapShot>, place: &ClassicKey) -> Vec<Block> {
    let b = match shot.map(|shot| &shot.body) {
        Some(Body::Classic(shot)) => shot.b.unwrap_or_default(),
        _ => 0,
    };
    let buckets = count(1 << b.min(63));
    let mut blocks = vec![
        labelled("hash", format!("{:#x}", place.hash)),
        labelled(
            "tophash",
            format!(
                "{:#04x}: the hash's top byte, raised by 5 where it is below 5",
                place.tophash
            ),
        ),
        labelled(
            "bucket",
            format!("{} of {buckets}: the hash's low {b} bits", place.bucket),
        ),
    ];
    if let Some(growing) = &place.growing {
        blocks.push(labelled("growing", growth(growing, place)));
    }
    let searched = match place.searched() {
        _ if place.absent => "the map is empty: the key is not in it".to_owned(),
        Some((BucketArray::New, bucket)) => {
            format!("bucket {bucket} of buckets, and its overflow chain")
        }
        Some((BucketArray::Old, bucket)) => {
            format!("bucket {bucket} of oldbuckets, and its overflow chain")
        }
        None => "not known: nothing tells whether the old bucket has been evacuated".into(),
    };
    blocks.push(labelled("lookup", searched));
    blocks
}

fn growth(growing: &Growing, place: &ClassicKey) -> String {
    let done = match growing.evacuated {
        Some(true) => "evacuated",
        Some(false) => "not evacuated yet",
        None => "evacuated or not",
    };
    let target = match (growing.same_size, growing.half) {
        (true, _) => format!(
            "its entries keep the number {} (same-size growth)",
            place.bucket
        ),
        (false, Half::X) => format!(
            "this key belongs to the lower half, X: bucket {}",
            place.bucket
        ),
        (false, Half::Y) => format!(
            "this key belongs to the upper half, Y: bucket {}",
            place.bucket
        ),
    };
    format!("old bucket {}, {done}; {target}", growing.old_bucket)
}

fn swiss(shot: Option<&MapShot>, place: &SwissKey) -> Vec<Block> {
    let directory = match (place.table, shot.map(|shot| &shot.body)) {
        (None, _) => "none: a map of at most eight entries is one group".to_owned(),
        (Some((entry, table)), Some(Body::Swiss(shot))) => {
            let entries = count(shot.dir_len.unwrap_or_default());
            format!("{entry} of {entries} of the directory, the hash's top bits: table {table}")
        }
        (Some((entry, table)), _) => format!("{entry} of the directory: table {table}"),
    };
    let groups = match place.groups.is_empty() {
        true => "none yet: Go makes the group with the first entry".to_owned(),
        false => {
            let groups: Vec<String> = place.groups.iter().map(u64::to_string).collect();
            groups.join(", ")
        }
    };
    let is_empty =
        matches!(shot.map(|shot| &shot.body), Some(Body::Swiss(shot)) if shot.used == Some(0));
    let mut blocks = vec![
        labelled("hash", format!("{:#x}", place.hash)),
        labelled("entry", directory),
        labelled(
            "H1",
            format!(
                "{:#x}: the hash without its low 7 bits; its own low bits are the first group",
                place.h1
            ),
        ),
        labelled(
            "H2",
            format!("{:#04x}: the control byte of its slot", place.h2),
        ),
        labelled("groups", groups),
    ];
    blocks.push(match &place.slots {
        _ if is_empty => labelled("slots", "none: the map is empty, so the key is not in it".into()),
        None => labelled("slots", "not known without the control bytes (ctrls), so all groups of the probe sequence are listed".into()),
        Some(slots) if slots.is_empty() => labelled("slots", "none has this control byte on the way to the first empty slot: the key is not in the map".into()),
        Some(slots) => {
            let slots: Vec<String> = slots.iter().map(|(group, slot)| format!("group {group} slot {slot}")).collect();
            labelled("slots", format!("{}: whose control byte is H2; a lookup compares the keys there", slots.join(", ")))
        }
    });
    blocks
}

fn address(place: &AddressPlace) -> Vec<Block> {
    let inside = match place {
        AddressPlace::Header(_) => "the map's header".to_owned(),
        AddressPlace::Extra(_) => "what the header's extra points to".to_owned(),
        AddressPlace::Directory { entry, .. } => format!("the directory, entry {entry}"),
        AddressPlace::Table { table, .. } => format!("the fixed part of table {table}"),
        AddressPlace::Bucket(place) => {
            let array = match place.array {
                BucketArray::New => "buckets",
                BucketArray::Old => "oldbuckets",
            };
            match place.bucket {
                Some(bucket) => format!("bucket {bucket} of {array}"),
                None => format!(
                    "a preallocated overflow bucket, number {} of {array}; in which chain is not known",
                    place.position
                ),
            }
        }
        AddressPlace::Group(place) => match place.table {
            None => "the one group of a small map".to_owned(),
            Some(table) => format!("group {} of table {table}", place.group),
        },
    };
    let slot = place
        .slot()
        .map_or_else(String::new, |slot| format!(" of slot {slot}"));
    let bytes = match place.offset() {
        0 => "its first byte".to_owned(),
        offset => format!("byte {offset}"),
    };
    vec![
        labelled("in", inside),
        labelled("field", format!("{}{slot}, {bytes}", place.field())),
    ]
}

fn inference(found: &Inference, all: bool) -> Vec<Block> {
    let total = found.candidates.len() as u64 + found.left_out;
    let said = match total {
        0 => "No array of this map type, and with the length and base that were given, can hold the addresses at once: one of these, the version or an address is another, or the array is on a stack.".to_owned(),
        1 => "Base or length are not known. By size class and page one array can hold the address (inferred; assumes it is on the heap).".to_owned(),
        n => format!("Base or length are not known. By size class and page {} arrays can hold the addresses (inferred; assumes they are on the heap). A base or length (--field buckets=, --field B=; --field groups=, --field capacity=), a second address of the same array, or the key with the secrets narrow it down.", count(n)),
    };
    let shown = if all { found.candidates.len() } else { SHOWN };
    let columns = vec![
        ("ARRAY", Fit::Whole),
        ("BASE", Fit::Whole),
        ("ADDRESS", Fit::Whole),
        ("UNIT", Fit::Whole),
        ("FIELD", Fit::Middle),
    ];
    let rows = found
        .candidates
        .iter()
        .take(shown)
        .flat_map(candidate)
        .collect();
    let mut blocks = vec![
        Block::Heading("candidates".into()),
        Block::Prose(said),
        Block::Table {
            title: String::new(),
            columns,
            rows,
        },
        Block::Folded {
            more: found.candidates.len().saturating_sub(shown),
            noun: "candidate",
        },
    ];
    if found.left_out > 0 {
        let rest = format!("{} more are not listed.", count(found.left_out));
        blocks.push(Block::Prose(rest));
    }
    blocks
}

fn candidate(candidate: &Candidate) -> Vec<Vec<String>> {
    let (array, unit) = match candidate.shape {
        Shape::Classic { b } => (format!("B={b}"), "bucket"),
        Shape::Swiss { capacity } => (format!("{capacity} slots"), "group"),
    };
    let row = |place: &crate::gomap::infer::InferredPlace| {
        let slot = place
            .part
            .slot
            .map_or_else(String::new, |slot| format!(" of slot {slot}"));
        let kind = if place.overflow {
            "overflow bucket"
        } else {
            unit
        };
        vec![
            array.clone(),
            format!("{:#x}", candidate.base),
            format!("{:#x}", place.addr),
            format!("{kind} {}", place.unit),
            format!(
                "{}{slot}, byte {}",
                place.part.field.name(),
                place.part.offset
            ),
        ]
    };
    candidate.places.iter().map(row).collect()
}
