//! The search never loses what the parsers would have found: over the corpus, alone and inside a long log, in windows.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

use super::super::keep::{Bounds, Kept};
use super::*;
use crate::input::archive::{Limits, Origin, visit};
use std::path::{Path, PathBuf};

/// Small enough that most of the corpus is long.
const SMALL: Sizes = Sizes {
    whole: 1 << 10,
    reach: Reach {
        lead: 8 << 10,
        reach: 96 << 10,
        line: 8 << 10,
        most: 64 << 20,
    },
    block: 3_001,
};

/// What a searcher finds in a text: fingerprint and line of each incident.
fn searched(bytes: &[u8], sizes: Sizes) -> Vec<(String, u32)> {
    let keep = Keep::new(Bounds::default(), None).unwrap();
    let (progress, large) = (Progress::new(0), Mutex::new(()));
    let mut searcher = Searcher::new(&keep, &progress, sizes, &large);
    visit(
        "a",
        Origin::Stream(&mut &*bytes),
        Limits::default(),
        &mut searcher,
    );
    let kept: Kept = keep.arranged().unwrap();
    let mut found: Vec<(String, u32)> = kept
        .briefs
        .iter()
        .map(|brief| (brief.fingerprint.to_string(), brief.line))
        .collect();
    found.sort();
    found
}

/// What the parsers find in the whole of it.
fn parsed(bytes: &[u8]) -> Vec<(String, u32)> {
    let found = find(whole("a", bytes), traced(bytes, 0));
    let incidents = found.incidents.iter();
    let mut found: Vec<(String, u32)> = incidents
        .map(|incident| (incident.fingerprint.to_string(), incident.line))
        .collect();
    found.sort();
    found
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// Every so many files of the corpus, uncompressed.
fn corpus(stride: usize) -> impl Iterator<Item = (PathBuf, Vec<u8>)> {
    let mut paths = Vec::new();
    files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"),
        &mut paths,
    );
    paths.sort();
    assert!(paths.len() > 1_000);
    paths.into_iter().step_by(stride).map(|path| {
        let bytes = std::fs::read(&path).unwrap();
        let plain = zstd::decode_all(&*bytes).unwrap_or(bytes);
        (path, plain)
    })
}

/// A service that has nothing to say about goroutines.
fn chatter(bytes: usize) -> Vec<u8> {
    let lines = (0u32..).map(|n| {
        let (path, code, took) = (n.wrapping_mul(2_654_435_761), 200 + n % 5, n % 97);
        format!("2026-01-02T15:04:05Z GET /v1/items/{path:08x} {code} {took}ms\n")
    });
    let mut text = String::new();
    for line in lines {
        text.push_str(&line);
        if text.len() > bytes {
            break;
        }
    }
    text.into_bytes()
}

#[test]
fn the_search_finds_in_the_corpus_what_the_parsers_find() {
    let mut lost = Vec::new();
    for (path, bytes) in corpus(23) {
        let parsed = parsed(&bytes);
        for sizes in [Sizes::USUAL, SMALL] {
            // Parts of a manifest or program may look like dumps; what counts is that nothing is lost.
            let found = searched(&bytes, sizes);
            if parsed.iter().any(|one| !found.contains(one)) {
                lost.push(format!(
                    "{}: {parsed:?} but {found:?} by {}",
                    path.display(),
                    sizes.whole
                ));
            }
        }
    }
    assert!(lost.is_empty(), "{} lost:\n{}", lost.len(), lost.join("\n"));
}

#[test]
fn the_search_finds_dumps_inside_a_long_log() {
    let (before, behind) = (chatter(40 << 10), chatter(150 << 10));
    let mut lost = Vec::new();
    for (path, bytes) in corpus(97).filter(|(path, _)| path.to_string_lossy().contains("/dumps/")) {
        let long = [&before[..], &bytes, &behind, &bytes, &before].concat();
        let (parsed, found) = (parsed(&long), searched(&long, SMALL));
        // Captures far apart are one incident to the parsers, and one each to windows.
        if parsed.is_empty() || parsed.iter().any(|one| !found.contains(one)) {
            lost.push(format!("{}: {parsed:?} but {found:?}", path.display()));
        }
    }
    assert!(lost.is_empty(), "{} lost:\n{}", lost.len(), lost.join("\n"));
}

const CRASH: &str = "fatal error: concurrent map writes\n\ngoroutine 7 [running]:\nmain.update(...)\n\t/app/main.go:20\nmain.worker(0x1)\n\t/app/main.go:14 +0x45\ncreated by main.main in goroutine 1\n\t/app/main.go:9 +0x1c\nexit status 2\n";

#[test]
fn wrapped_and_encoded_logs_are_searched() {
    let noise = String::from_utf8(chatter(60 << 10)).unwrap();
    let json = |text: &str| -> String {
        let record = |line: &str| {
            format!(
                "{}\n",
                serde_json::json!({"log": line, "time": "2026-01-02T15:04:05Z"})
            )
        };
        text.lines().map(record).collect()
    };
    let cri = |text: &str| -> String {
        let record = |line: &str| format!("2026-01-02T15:04:05.5Z stderr F {line}\n");
        text.lines().map(record).collect()
    };
    let plain = format!("{noise}{CRASH}{noise}");
    let utf16 =
        |unit: fn(u16) -> [u8; 2]| -> Vec<u8> { plain.encode_utf16().flat_map(unit).collect() };
    let one = searched(CRASH.as_bytes(), SMALL);
    let line = noise.lines().count() as u32 + 1;
    for (name, bytes) in [
        ("plain", plain.clone().into_bytes()),
        ("json", json(&plain).into_bytes()),
        ("cri", cri(&plain).into_bytes()),
        ("utf-16le", utf16(u16::to_le_bytes)),
        (
            "utf-16be",
            [&[0xfe, 0xff][..], &utf16(u16::to_be_bytes)].concat(),
        ),
        ("crlf", plain.replace('\n', "\r\n").into_bytes()),
    ] {
        let found = searched(&bytes, SMALL);
        assert_eq!(found, [(one[0].0.clone(), line)], "{name}");
        assert_eq!(found, searched(&bytes, Sizes::USUAL), "{name}");
    }
}

#[test]
fn times_come_from_the_lines_around() {
    let keep = Keep::new(Bounds::default(), None).unwrap();
    let (progress, large) = (Progress::new(0), Mutex::new(()));
    let mut searcher = Searcher::new(&keep, &progress, SMALL, &large);
    let log = format!("2026-01-02T15:04:05Z up\n{CRASH}2026-01-02T15:05:00Z up again\n");
    visit(
        "a",
        Origin::Stream(&mut log.as_bytes()),
        Limits::default(),
        &mut searcher,
    );
    let mut kept = keep.arranged().unwrap();
    let incident = kept.load(0).unwrap();
    assert_eq!(incident.first_seen.as_deref(), Some("2026-01-02T15:04:05Z"));
    assert_eq!(incident.last_seen, incident.first_seen);
    assert_eq!((incident.line, incident.path.as_str()), (2, "a"));
}
