//! Profiles for tests: unpacked, and read as the program reads them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests fail as tests do

use crate::pipeline;
use gotriage::model::{Evidence, Item, Profile};
use std::path::Path;

/// The contents of a file, decompressed.
pub fn unpacked(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    match bytes.as_slice() {
        [0x1f, 0x8b, ..] => {
            let mut out = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut out)
                .unwrap();
            out
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd::decode_all(&bytes[..]).unwrap(),
        _ => bytes,
    }
}

/// Hands the one profile of some bytes on.
pub fn with_profile<T>(bytes: &[u8], look: impl FnOnce(&Evidence<'_>, &Profile<'_>) -> T) -> T {
    pipeline::with_evidence(&[("-", bytes)], |evidence| {
        let items = evidence
            .documents
            .iter()
            .flat_map(|document| &document.items);
        let mut profiles = items.filter_map(|item| match item {
            Item::Profile(profile) => Some(profile),
            _ => None,
        });
        let profile = profiles.next().expect("a profile");
        assert!(profiles.next().is_none(), "two profiles");
        look(evidence, profile)
    })
}
