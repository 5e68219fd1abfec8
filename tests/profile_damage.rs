//! Damaged profiles through the whole pipeline: every prefix, thousands of wrong bytes. Nothing panics, nothing grows without bound, and
//! every line of a text is accounted for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pipeline;
mod support;

use gotriage::model::{Item, Profile};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// Small profiles, one of each grammar.
const BINARY: [&str; 3] = ["goroutine.pb.gz", "mutex.pb.gz", "cpu.pb.gz"];
const TEXTS: [&str; 4] = [
    "go1.27.3/goroutine.debug1.txt",
    "go1.27.3/block.debug1.txt",
    "go1.19.8/mutex.debug1.txt",
    "perf/go1.27.3.folded",
];

/// Bytes of what a profile holds for each byte of the profile: frames repeat what tables say once, inlined lines too.
const GROWTH: usize = 4096;

fn binary(name: &str) -> Vec<u8> {
    support::unpacked(&support::corpus().join("profiles/go1.23.9").join(name))
}

fn text(name: &str) -> Vec<u8> {
    std::fs::read(support::corpus().join("profiles").join(name)).unwrap()
}

/// What a reader must keep to, whatever it read.
fn is_sound(profile: &Profile<'_>, bytes: usize) {
    let width = profile.types.len().max(1);
    assert_eq!(profile.values.len(), profile.samples.len() * width);
    for sample in &profile.samples {
        assert!(sample.addresses.end as usize <= profile.addresses.len());
        assert!(sample.labels.end as usize <= profile.labels.len());
    }
    let size = profile.values.len() + profile.addresses.len() + profile.labels.len();
    assert!(
        size <= GROWTH * bytes.max(1),
        "{size} numbers of {bytes} bytes"
    );
}

/// Reads, checks, and gives the number of samples and whether anything was noted.
fn read(bytes: &[u8]) -> (usize, bool) {
    pipeline::with_evidence(&[("-", bytes)], |evidence| {
        let profiles = evidence
            .documents
            .iter()
            .flat_map(|document| &document.items);
        let (mut samples, mut noted) = (0, false);
        for item in profiles {
            if let Item::Profile(profile) = item {
                is_sound(profile, bytes.len());
                samples += profile.samples.len();
                noted |= !profile.notes.is_empty();
            }
        }
        (samples, noted)
    })
}

fn walk(bytes: &[u8], what: &str) {
    let report = pipeline::report(&[("-", bytes)]);
    pipeline::print_all(&report);
    let odd = pipeline::unaccounted(&report);
    assert!(odd.is_empty(), "{what}: {odd:?}");
}

/// Beginnings of a profile that are too short to be known as one: time, two columns.
const UNKNOWABLE: usize = 24;

#[test]
fn every_prefix_of_a_binary_profile_is_read_and_said_to_be_cut() {
    for name in BINARY {
        let bytes = binary(name);
        let (whole, noted) = read(&bytes);
        assert!(whole > 0 && !noted, "{name}");
        let mut most = 0;
        for length in 0..bytes.len() {
            let (samples, noted) = read(&bytes[..length]);
            assert!(samples <= whole, "{name}, {length} bytes");
            assert!(
                samples >= most,
                "{name}, {length} bytes: {samples} samples after {most}"
            );
            most = samples;
            assert!(
                noted || length < UNKNOWABLE,
                "{name}, {length} bytes: nothing noted"
            );
        }
        for length in (0..bytes.len()).step_by(97) {
            walk(&bytes[..length], name);
        }
    }
}

#[test]
fn every_prefix_of_a_text_keeps_what_stands_before() {
    for name in TEXTS {
        let bytes = text(name);
        let (whole, _) = read(&bytes);
        assert!(whole > 0, "{name}");
        for length in 0..bytes.len() {
            let (samples, _) = read(&bytes[..length]);
            assert!(samples <= whole, "{name}, {length} bytes");
        }
        for length in (0..bytes.len()).step_by(61) {
            walk(&bytes[..length], name);
        }
    }
}

#[test]
fn wrong_bytes_cost_what_they_stand_in() {
    let mut numbers = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut below = |limit: usize| (numbers.next_u64() % limit.max(1) as u64) as usize;
    let inputs = BINARY.map(binary).into_iter().chain(TEXTS.map(text));
    for (index, bytes) in inputs.enumerate() {
        for round in 0..1500 {
            let mut damaged = bytes.clone();
            for _ in 0..=below(3) {
                let at = below(damaged.len());
                damaged[at] = below(256) as u8;
            }
            read(&damaged);
            if round % 50 == 0 {
                walk(&damaged, &format!("input {index}, round {round}"));
            }
        }
    }
}

/// A location of many lines, named by many samples: the frames asked for are a thousand times the bytes.
#[test]
fn small_files_cannot_ask_for_much() {
    let field = |number: u8, content: &[u8]| {
        let mut bytes = vec![number << 3 | 2];
        let mut length = content.len();
        while length >= 0x80 {
            bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend_from_slice(content);
        bytes
    };
    let mut profile = field(1, &[8, 1, 16, 2]);
    let mut location = vec![8, 1];
    for line in 0..10_000u16 {
        location.extend(field(4, &[8, 1, 16, 1 + (line % 100) as u8]));
    }
    profile.extend(field(5, &[8, 1, 16, 1]));
    profile.extend(field(4, &location));
    for _ in 0..2000 {
        profile.extend(field(2, &[field(1, &[1; 100]), vec![16, 1]].concat()));
    }
    for name in ["", "f", "count"] {
        profile.extend(field(6, name.as_bytes()));
    }
    let (samples, noted) = read(&profile);
    assert_eq!((samples, noted), (2000, true));
    walk(&profile, "a hostile profile");
}
