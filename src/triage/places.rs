//! Where the keys and addresses of an incident's text lie in its maps.
//!
//! ```text
//! runtime.mapassign_fast64(0x51f180, 0xc00007c0f0, 0xd1)    key 0xd1 of the map at 0xc00007c0f0
//! Write at 0x00c0000b4710 by goroutine 8:                   an element, in user code at the line that races on the map too
//! [signal SIGSEGV: segmentation violation code=… addr=…]    what a fault touched
//! ```
//!
//! A place takes the map's fields and the process's secrets, so there is none without a snapshot; `missing` words say what it takes.
//! Where the snapshot has the map but not the address (its arrays moved on), [`infer`](crate::gomap::infer) tells the candidates
//! that sizes and pages leave. Called for the report's `places` and by the third step.

mod addresses;
mod words;

use super::case::Case;
use super::maps::map_id;
use super::memory::{self, Match};
use super::report::MapPlace;
use super::values::at;
use crate::analyze::accesses::KeyWord;
use crate::analyze::conflict::MapIdentity;
use crate::analyze::incident::GoroutineRef;
use crate::gomap::snapshot::answer::{Answer, Book, Entry, Found};
use crate::gomap::value::Image;
use crate::goruntime::mapops::KeyForm;
use crate::goruntime::version::MapLayout;
use crate::model::Grade;
pub(super) use addresses::{Seen, located};
use serde_json::Value;
use std::collections::BTreeMap;
pub(super) use words::needs;

/// Keys and addresses kept, each: beyond this they say the same of one map again.
const MOST: usize = 64;

/// All places: keys by map, then addresses in the order of the text.
pub(super) fn places(case: &Case<'_, '_>) -> Vec<MapPlace> {
    let maps = case.maps.maps.iter().enumerate();
    let keys = maps.flat_map(|(index, map)| keys(case, index, map));
    keys.take(MOST)
        .chain(addresses::places(case).into_iter().take(MOST))
        .collect()
}

/// The places of the keys that goroutines used on one map, each once.
pub(super) fn keys(case: &Case<'_, '_>, index: usize, map: &MapIdentity) -> Vec<MapPlace> {
    let mut distinct: Vec<(KeyWord, Vec<GoroutineRef>)> = Vec::new();
    let mut seen = BTreeMap::new();
    for &(goroutine, key) in &map.keys {
        let words = (key.word, key.length, key.form == KeyForm::Value);
        let position = *seen.entry(words).or_insert(distinct.len());
        match distinct.get_mut(position) {
            Some((_, users)) => users.push(goroutine),
            None => distinct.push((key, vec![goroutine])),
        }
    }
    let found = memory::find(case, map);
    let place = |(key, users)| key_place(case, (index, map), found, key, users);
    distinct.into_iter().map(place).collect()
}

fn key_place(
    case: &Case<'_, '_>,
    (index, map): (usize, &MapIdentity),
    found: Option<Match<'_>>,
    key: KeyWord,
    users: Vec<GoroutineRef>,
) -> MapPlace {
    let goroutines = users.iter().filter_map(|block| block.of(case.evidence));
    let mut place = MapPlace {
        what: "key".into(),
        value: format!("{:#x}", key.word),
        map: Some(map_id(index)),
        goroutines: goroutines.map(|goroutine| goroutine.id.0).collect(),
        place: None,
        text: String::new(),
        grade: Grade::Unknown,
        evidence: users
            .iter()
            .filter_map(|block| {
                let line = block.of(case.evidence)?.line;
                Some(at(case.evidence, block.document, line))
            })
            .collect(),
    };
    place.goroutines.sort_unstable();
    let (entry, grade) = match found {
        Some(Match::Same(entry)) => (entry, case.capture.grade()),
        Some(Match::Doubtful(entry)) => (entry, Grade::Possible),
        Some(Match::Other(..)) | None => {
            place.text = format!("not to be told: it takes {}", words::needs(case, map));
            return place;
        }
    };
    match image(case, entry, key) {
        Err(why) => place.text = why,
        Ok(image) => place.set(case.capture.book, &ask(case, entry, &image), grade),
    }
    place
}

/// Asks by the header: names are the producer's choice and may be double.
fn ask<'c>(case: &Case<'c, '_>, entry: &Entry<'_>, image: &Image) -> Answer<'c> {
    let header = entry.shot.header.map(|header| format!("{header:#x}"));
    match case.capture.book {
        Some(book) => book.key(header.as_deref(), image),
        None => Answer {
            map: None,
            found: Err("there is no snapshot".into()),
        },
    }
}

/// The key's memory, where the text prints it.
fn image(case: &Case<'_, '_>, entry: &Entry<'_>, key: KeyWord) -> Result<Image, String> {
    let types = entry.shot.types.as_ref().map_err(ToString::to_string)?;
    let word = case
        .capture
        .book
        .map_or(8, |book| book.snapshot.target.word());
    match key.form {
        KeyForm::Value if types.key.size <= word => {
            let bytes = key.word.to_le_bytes();
            let bytes = bytes.get(..types.key.size as usize).unwrap_or_default();
            Ok(Image {
                bytes: bytes.to_vec(),
                refs: Vec::new(),
            })
        }
        KeyForm::Value => Err("the key is wider than a word and printed in parts".into()),
        _ => Err(words::not_printed(key)),
    }
}

impl MapPlace {
    /// Takes an answer over.
    fn set(&mut self, book: Option<&Book<'_>>, answer: &Answer<'_>, grade: Grade) {
        match &answer.found {
            Err(why) => self.text = why.clone(),
            Ok(found) => {
                self.text = words::found(answer.map, found);
                self.grade = match found {
                    Found::HashOnly { .. } => Grade::Unknown,
                    _ => grade,
                };
                let mut json = answer.to_json(&Value::Null);
                if let Value::Object(fields) = &mut json {
                    fields.remove("id");
                }
                self.place = book.map(|_| json);
            }
        }
    }
}

/// The layout as far as known: the snapshot's where there is one.
fn layout(case: &Case<'_, '_>) -> Option<MapLayout> {
    let book = case.capture.book;
    case.go
        .map_layout
        .or(book.map(|book| book.snapshot.target.rules.layout))
}
