//! Prefixes, parts, wrong bytes and missing pieces of traces: whatever is done to one, it is read as far as it goes.

use super::tracing::{self, Numbers, samples};
use super::{AS_GO, figures};
use gotriage::analyze::trace::Tally;
use gotriage::parse::trace::{Clock, Options, read, read_any};

/// Reads what may be anything, and checks what holds for anything.
fn survive(what: &str, bytes: &[u8]) {
    for salvage in [true, false] {
        let options = Options {
            clock: Clock::Written,
            salvage,
        };
        let mut tally = Tally::default();
        let Some(outcome) = read(bytes, options, &mut tally) else {
            continue;
        };
        let (figures, findings) = tally.finish(&outcome);
        assert_eq!(
            figures.events_by_kind.values().sum::<u64>(),
            figures.events_total,
            "{what}"
        );
        let goroutines = figures.goroutines;
        assert!(
            goroutines.alive_at_end <= goroutines.seen,
            "{what}: {goroutines:?}"
        );
        assert!(
            findings
                .origins
                .iter()
                .map(|origin| origin.alive)
                .sum::<u64>()
                >= goroutines.alive_at_end,
            "{what}"
        );
        for damage in &figures.damage {
            assert!(
                damage.offset + damage.bytes <= bytes.len() as u64,
                "{what}: {damage:?}"
            );
        }
        // Each event takes two bytes of the file; a switch between coroutines is three events.
        assert!(
            figures.events_total <= 2 * bytes.len() as u64 + 3,
            "{what}: {}",
            figures.events_total
        );
        serde_json::to_string(&(figures, findings)).expect("JSON");
    }
}

/// Small ones, so that thousands of variants of them can be tried.
const SMALL: [&str; 8] = [
    "panic-go1.21.13",
    "mixed-go1.19.8",
    "mixed-go1.21.13",
    "panic-go1.22.10",
    "panic-go1.23.9",
    "panic-go1.27.3",
    "flight-go1.25.5",
    "flight-go1.27.3",
];

/// In bytes; of larger ones fewer variants are tried.
const LARGE: usize = 40_000;

#[test]
fn every_prefix_of_a_trace_is_read() {
    for (name, step) in [
        ("panic-go1.22.10", 1),
        ("flight-go1.27.3", 5),
        ("panic-go1.21.13", 1),
        ("mixed-go1.21.13", 997),
    ] {
        let sample = tracing::pick(name);
        for end in (0..sample.bytes.len()).step_by(step) {
            survive(&format!("{name} up to {end}"), &sample.bytes[..end]);
        }
    }
}

#[test]
fn parts_of_an_old_trace_are_read() {
    let sample = tracing::pick("mixed-go1.21.13");
    let mut numbers = Numbers(0x1234_5678_9abc_def1);
    for end in (0..sample.bytes.len()).step_by(331) {
        survive(&format!("up to {end}"), &sample.bytes[..end]);
        let mut bytes = sample.bytes.clone();
        let place = 16 + numbers.below(bytes.len() - 16);
        bytes[place] ^= 1 << numbers.below(8);
        survive(&format!("byte {place} to {}", bytes[place]), &bytes);
        bytes.drain(place..(place + numbers.below(200)).min(sample.bytes.len()));
        survive(&format!("a piece missing at {place}"), &bytes);
    }
    // Frequency and stacks come last: without them there are still states, and their reasons.
    let cut = tracing::pick("cut-go1.21.13");
    let (figures, findings, _) = figures(&cut.bytes, Options::default());
    assert!(
        findings
            .salvaged
            .is_some_and(|salvaged| salvaged.events > 100)
    );
    assert!(
        figures
            .block_reasons
            .values()
            .any(|reason| reason.count > 10)
    );
}

#[test]
fn a_prefix_says_that_it_is_one() {
    let sample = tracing::pick("flight-go1.27.3");
    let (_, findings, _) = figures(&sample.bytes, Options::default());
    assert!(findings.salvaged.is_none());
    let cut = &sample.bytes[..sample.bytes.len() - 1];
    let (figures, findings, _) = figures(cut, Options::default());
    assert!(!figures.damage.is_empty());
    assert!(
        findings
            .salvaged
            .is_some_and(|salvaged| salvaged.events > 0)
    );
}

#[test]
fn wrong_bytes_change_a_trace_and_break_nothing() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for name in SMALL {
        let sample = tracing::pick(name);
        let rounds = if sample.bytes.len() > LARGE { 30 } else { 600 };
        for round in 0..rounds {
            let mut bytes = sample.bytes.clone();
            let place = 16 + numbers.below(bytes.len() - 16);
            let old = bytes[place];
            bytes[place] = match round % 4 {
                0 => old ^ (1 << numbers.below(8)),
                1 => 0xff,
                2 => [1, 2, 4, 6, 8, 16, 20, 49, 50, 52, 0x41, 0xc3, 0xd5][numbers.below(13)],
                _ => numbers.below(256) as u8,
            };
            survive(
                &format!("{name}: byte {place} {old} to {}", bytes[place]),
                &bytes,
            );
        }
    }
}

#[test]
fn pieces_missing_or_doubled_break_nothing() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    for name in SMALL {
        let sample = tracing::pick(name);
        let rounds = if sample.bytes.len() > LARGE { 10 } else { 100 };
        for _ in 0..rounds {
            let mut bytes = sample.bytes.clone();
            let start = 16 + numbers.below(bytes.len() - 16);
            let end = (start + numbers.below(600)).min(bytes.len());
            let piece: Vec<u8> = bytes.drain(start..end).collect();
            survive(&format!("{name} without {start}..{end}"), &bytes);
            let place = 16 + numbers.below(bytes.len() - 16);
            bytes.splice(place..place, piece);
            survive(&format!("{name} with {start}..{end} at {place}"), &bytes);
        }
    }
}

/// What can be had of a trace whose end is missing: all whole generations as Go's reader sees them, and the rest besides.
#[test]
fn whole_generations_of_a_cut_trace_count_as_with_gos_reader() {
    let cut = samples()
        .into_iter()
        .filter(|sample| sample.error().is_some() && !sample.is_v1());
    for sample in cut {
        let (strict, _, outcome) = figures(&sample.bytes, AS_GO);
        assert!(!outcome.damage.is_empty(), "{}", sample.name);
        let theirs = sample.oracle["events_total"].as_u64().unwrap();
        assert!(strict.events_total <= theirs, "{}", sample.name);
        let (all, findings, _) = figures(&sample.bytes, Options::default());
        let salvaged = findings.salvaged.expect("something salvaged");
        assert_eq!(
            all.events_total,
            strict.events_total + salvaged.events,
            "{}",
            sample.name
        );
        assert!(salvaged.events > 10, "{}: {salvaged:?}", sample.name);
        println!(
            "{}: {} {theirs} {}",
            sample.name, strict.events_total, all.events_total
        );
    }
}

/// What a browser or an older tool was given may be cut or broken like anything else.
#[test]
fn damaged_views_and_old_texts_break_nothing() {
    let mut random = Numbers(7);
    for (name, bytes) in tracing::views().into_iter().chain(tracing::old_texts()) {
        for end in (0..bytes.len()).step_by(bytes.len() / 40) {
            let mut tally = Tally::default();
            if let Some(outcome) = read_any(&bytes[..end], Options::default(), &mut tally) {
                tally.finish(&outcome);
            }
        }
        for _ in 0..60 {
            let mut broken = bytes.clone();
            let place = random.below(broken.len());
            broken[place] = random.below(256) as u8;
            let mut tally = Tally::default();
            let read = read_any(&broken, Options::default(), &mut tally);
            assert!(read.is_some() || place < 2048, "{name} {place}");
        }
    }
}
