//! Snapshots and keys that real programs printed: every document is read, and every literal stands in memory as Go put it there.
//!
//! Each file under corpus/maps/map-truth is a snapshot document on the first line and, on the lines behind it, what the program found in its
//! own memory. A line with `key.lit` gives a key as Go source writes it beside its memory (`key.mem`, `key.refs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use gotriage::gomap::snapshot::question::{Ask, KeyGiven, Question};
use gotriage::gomap::snapshot::{Body, Snapshot};
use gotriage::gomap::target::Arch;
use gotriage::gomap::types::MapType;
use gotriage::gomap::value::{Image, Referent};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The folder's files, by name.
fn truth_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/maps/map-truth");
    let entries = std::fs::read_dir(folder).expect("corpus/maps/map-truth is there");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.to_string_lossy().ends_with(".jsonl.zst"));
    found.sort();
    assert!(!found.is_empty());
    found
}

/// The words of strings and interfaces are addresses of the process, or left out; everything else has to be equal.
fn without_words(mut image: Image, arch: Arch) -> Image {
    for reference in &mut image.refs {
        let at = reference.offset as usize;
        image.bytes[at..at + 2 * arch.word() as usize].fill(0);
        if let Referent::Iface(Some(dynamic)) = &mut reference.referent {
            dynamic.image = without_words(std::mem::take(&mut dynamic.image), arch);
            // The hash sees no names, so a literal in an interface may be written by its underlying type.
            dynamic.go_type.name.clear();
        }
    }
    image
}

#[test]
fn every_document_is_read_and_every_literal_is_its_memory() {
    let (mut literals, mut spelled_out) = (0, 0);
    for path in truth_files() {
        let file = std::fs::File::open(&path).unwrap();
        let text = zstd::decode_all(file).unwrap();
        let mut lines = text
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty());
        let snapshot = Snapshot::parse(lines.next().unwrap()).unwrap();
        let arch = snapshot.target.arch;
        let mut keys = HashMap::new();
        for map in &snapshot.maps {
            assert!(
                !matches!(map.body, Body::Unreadable(_)),
                "{path:?}: {map:?}"
            );
            let types = map.types.as_ref();
            let types = types.unwrap_or_else(|error| panic!("{path:?}: {}: {error}", map.name));
            // Where the text alone says enough, it says the same as the type trees.
            if let Ok(from_text) = MapType::parse(&map.type_text, arch) {
                assert_eq!(&from_text, types, "{path:?}: {}", map.name);
                spelled_out += 1;
            }
            keys.insert(map.name.as_str(), &types.key);
        }
        for line in lines {
            let value: serde_json::Value = serde_json::from_slice(line).unwrap();
            let Some(given) = value.get("key") else {
                continue;
            };
            let context = || format!("{path:?}: {}", String::from_utf8_lossy(line));
            let mut memory = given.clone();
            let literal = memory.as_object_mut().unwrap().remove("lit");
            let question = serde_json::json!({"key": memory}).to_string();
            let Ok(Ask::Key(memory)) = Question::parse(question.as_bytes()).ask else {
                panic!("{}", context());
            };
            let key = keys[value["map"].as_str().unwrap()];
            let memory = memory.to_image(key, arch);
            let memory = memory.unwrap_or_else(|error| panic!("{}: {error}", context()));
            if let Some(literal) = literal {
                let literal = KeyGiven::Literal(literal.as_str().unwrap().to_owned());
                let image = literal.to_image(key, arch);
                let image = image.unwrap_or_else(|error| panic!("{}: {error}", context()));
                assert_eq!(
                    without_words(image, arch),
                    without_words(memory, arch),
                    "{}",
                    context()
                );
                literals += 1;
            }
        }
    }
    assert!(
        literals > 1000 && spelled_out > 100,
        "{literals}, {spelled_out}"
    );
}
