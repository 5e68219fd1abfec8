//! Damaged dumps through the whole pipeline: nothing panics, every line is accounted for, and damage stays where it is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pipeline;
mod support;

use gotriage::model::Evidence;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::collections::BTreeMap;

/// Dumps of different kinds; small ones, so that thousands of variants of them can be tried.
const PICKS: [&str; 8] = [
    "map-read-write/go1.27.3-single.txt",
    "map-write-write/go1.19.8-single.txt",
    "nil-dereference/go1.23.9-system.txt",
    "labels/go1.27.3-all.txt",
    "ancestors/go1.21.13-all.txt",
    "race-map/go1.27.3-race.txt",
    "test-timeout/go1.27.3-test-json.txt",
    "lock-cycle/go1.27.3-debug2.txt",
];

fn picked() -> Vec<(&'static str, Vec<u8>)> {
    let dumps = support::corpus().join("dumps");
    let read = |pick: &'static str| {
        let bytes = std::fs::read(dumps.join(pick));
        (
            pick,
            bytes.unwrap_or_else(|error| panic!("{pick}: {error}")),
        )
    };
    PICKS.into_iter().map(read).collect()
}

/// The same numbers in every run.
fn numbers() -> TestRng {
    TestRng::deterministic_rng(RngAlgorithm::ChaCha)
}

fn below(rng: &mut TestRng, limit: usize) -> usize {
    (rng.next_u64() % limit.max(1) as u64) as usize
}

/// Bytes that mean something in a dump; the rest is chance.
const TELLING: &[u8] = b"\n\r\t :[](){}+0x\"\\,.#<&\x1b\xff\0";

fn other_byte(rng: &mut TestRng) -> u8 {
    match below(rng, 2) {
        0 => TELLING[below(rng, TELLING.len())],
        _ => rng.next_u32() as u8,
    }
}

/// The whole way, and the two promises that hold for any input.
fn walk(name: &str, what: &str, bytes: &[u8]) {
    let report = pipeline::report(&[(name, bytes)]);
    pipeline::print_all(&report);
    let odd = pipeline::unaccounted(&report);
    assert!(odd.is_empty(), "{name}, {what}: {odd:?}");
    let newlines = bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
    let lines = newlines + u64::from(bytes.last().is_some_and(|&last| last != b'\n'));
    let utf16 =
        bytes.contains(&0) || bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    assert!(
        utf16 || report.inputs[0].lines == lines,
        "{name}, {what}: {} of {lines} lines",
        report.inputs[0].lines
    );
}

#[test]
fn single_bytes_replaced() {
    let mut rng = numbers();
    for (name, bytes) in picked() {
        for _ in 0..250 {
            let mut damaged = bytes.clone();
            let (at, byte) = (below(&mut rng, bytes.len()), other_byte(&mut rng));
            damaged[at] = byte;
            walk(name, &format!("byte {at} is {byte:#x}"), &damaged);
        }
    }
}

#[test]
fn lines_deleted_doubled_and_swapped() {
    let mut rng = numbers();
    for (name, bytes) in picked() {
        let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
        for _ in 0..150 {
            let mut damaged = lines.clone();
            let mut what = String::new();
            for _ in 0..=below(&mut rng, 3) {
                let (a, b) = (
                    below(&mut rng, damaged.len()),
                    below(&mut rng, damaged.len()),
                );
                let kind = below(&mut rng, 3);
                match kind {
                    0 if damaged.len() > 1 => drop(damaged.remove(a)),
                    1 => damaged.insert(b, damaged[a]),
                    _ => damaged.swap(a, b),
                }
                what += &format!("{} line {a} {b}; ", ["delete", "double", "swap"][kind]);
            }
            walk(name, &what, &damaged.concat());
        }
    }
}

/// Frames by goroutine, with the place of the block in the text.
type Blocks = BTreeMap<u64, (std::ops::Range<usize>, Vec<String>)>;

fn blocks(evidence: &Evidence<'_>) -> Blocks {
    let symbols = &evidence.symbols;
    let goroutines = evidence
        .documents
        .iter()
        .flat_map(|document| &document.goroutines);
    goroutines
        .map(|goroutine| {
            let named = |frame: &gotriage::model::Frame| {
                let text = |id| String::from_utf8_lossy(symbols.text(id)).into_owned();
                format!(
                    "{} {}:{} {:?}",
                    text(frame.func),
                    text(frame.file),
                    frame.line,
                    frame.offset
                )
            };
            let created = goroutine.created_by.and_then(|id| symbols.get(id));
            let frames = symbols
                .frames(goroutine.stack)
                .chain(created)
                .map(named)
                .collect();
            (
                goroutine.id.0,
                (goroutine.span.start..goroutine.span.end, frames),
            )
        })
        .collect()
}

#[test]
fn a_damaged_byte_costs_its_own_goroutine_only() {
    let mut rng = numbers();
    let plain = [
        "labels/go1.27.3-all.txt",
        "ancestors/go1.21.13-all.txt",
        "lock-cycle/go1.27.3-debug2.txt",
    ];
    let mut complaints = Vec::new();
    for (name, bytes) in picked()
        .into_iter()
        .filter(|(name, _)| plain.contains(name))
    {
        let before = pipeline::with_evidence(&[(name, &bytes)], blocks);
        assert!(before.len() > 2, "{name} has {} goroutines", before.len());
        for _ in 0..700 {
            let at = below(&mut rng, bytes.len());
            // Line ends are not damaged here: without one, a block runs into its neighbour.
            let byte = b'!' + (rng.next_u32() % 90) as u8;
            if bytes[at] == b'\n' {
                continue;
            }
            let mut damaged = bytes.clone();
            damaged[at] = byte;
            let after = pipeline::with_evidence(&[(name, &damaged)], blocks);
            // A header that is none any more leaves its frames to the goroutine before it.
            let own: Vec<u64> = before
                .iter()
                .filter(|(_, (span, _))| span.contains(&at))
                .map(|(&id, _)| id)
                .collect();
            for (id, (_, frames)) in before.iter().filter(|(id, _)| !own.contains(id)) {
                match after.get(id) {
                    Some((_, found)) if found == frames => {}
                    found => complaints.push(format!(
                        "{name}: byte {at} is {:?} now, in the block of {own:?}; goroutine {id} has {:?} instead of {} frames",
                        byte as char,
                        found.map(|(_, found)| found.len()),
                        frames.len(),
                    )),
                }
            }
        }
    }
    let some = complaints[..complaints.len().min(20)].join("\n");
    assert!(complaints.is_empty(), "{} times:\n{some}", complaints.len());
}
