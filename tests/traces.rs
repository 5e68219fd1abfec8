//! Execution traces of every version against Go's own reader: the stream event by event, and every figure number by number.
//!
//! The answers in `corpus/traces/*.oracle.json` come from `corpus/programs/trace-oracle`, a program around golang.org/x/exp/trace.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "tracing/damage.rs"]
mod damage;
#[path = "tracing/ends.rs"]
mod ends;
mod tracing;
#[path = "tracing/ways.rs"]
mod ways;

use gotriage::analyze::trace::{Figures, Findings, Tally};
use gotriage::model::trace::{DamageKind, Outcome};
use gotriage::parse::trace::{Clock, Options, is_text, read, read_text};
use serde_json::Value;
use std::collections::BTreeMap;
use tracing::{Lines, Sample, samples};

/// As Go's reader: its clock, and nothing after a generation without an end.
const AS_GO: Options = Options {
    clock: Clock::Strict,
    salvage: false,
};

fn figures(bytes: &[u8], options: Options) -> (Figures, Findings, Outcome) {
    let mut tally = Tally::default();
    let outcome = read(bytes, options, &mut tally).expect("a trace");
    let (figures, findings) = tally.finish(&outcome);
    (figures, findings, outcome)
}

/// Whole traces in the form with generations.
fn whole() -> impl Iterator<Item = Sample> {
    tracing::whole().filter(|sample| !sample.is_v1())
}

#[test]
fn the_stream_is_that_of_gos_reader_event_by_event() {
    for sample in whole() {
        let mut lines = Lines::default();
        if std::env::var_os("GOTRIAGE_TRACE_LINES").is_some() {
            lines.kept = Some(String::new());
        }
        let outcome = read(&sample.bytes, AS_GO, &mut lines).expect("a trace");
        if let (Some(kept), Some(place)) = (&lines.kept, std::env::var_os("GOTRIAGE_TRACE_LINES")) {
            std::fs::write(std::path::Path::new(&place).join(&sample.name), kept).unwrap();
        }
        assert!(
            outcome.damage.is_empty(),
            "{}: {:?}",
            sample.name,
            outcome.damage
        );
        let hashes = [
            format!("{:016x}", lines.stream.0),
            format!("{:016x}", lines.multiset),
        ];
        let expected =
            ["stream_fnv64", "multiset_fnv64"].map(|key| sample.oracle[key].as_str().unwrap());
        assert_eq!(hashes, expected, "{}", sample.name);
    }
}

/// Paths of two JSON values that differ. Numbers under a key that ends in `ns` may differ by `tolerance`; what is absent is zero.
fn differences(
    path: &str,
    ours: &Value,
    theirs: &Value,
    tolerance: Option<i64>,
    found: &mut Vec<String>,
) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let part = |object: &serde_json::Map<String, Value>| {
                    object.get(key).cloned().unwrap_or(Value::Null)
                };
                differences(
                    &format!("{path}/{key}"),
                    &part(a),
                    &part(b),
                    tolerance,
                    found,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                found.push(format!("{path}: {} against {} entries", a.len(), b.len()));
            }
            for (place, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}/{place}"), a, b, tolerance, found);
            }
        }
        _ => {
            let number = |value: &Value| match value {
                Value::Null => Some(0),
                value => value.as_i64(),
            };
            let same = match (number(ours), number(theirs)) {
                (Some(a), Some(b)) => {
                    let time = path.contains("ns");
                    let allowed = tolerance
                        .filter(|_| time)
                        .map_or(0, |least| least.max(b.abs() / 1000));
                    (a - b).abs() <= allowed
                }
                _ => ours == theirs,
            };
            if !same {
                found.push(format!("{path}: {ours} against {theirs}"));
            }
        }
    }
}

/// The binding figures, and those findings that the oracle has, too.
const FIGURES: [&str; 16] = [
    "header",
    "events_total",
    "events_by_kind",
    "go_transitions",
    "proc_transitions",
    "goroutines",
    "state_time_ns",
    "state_time_backfilled_ns",
    "block_reasons",
    "stop_reasons",
    "unblock",
    "ranges",
    "cpu_samples",
    "events_with_map_frame",
    "top_waiting",
    "last_ns",
];

/// Our figures under the oracle's names.
fn answer(figures: &Figures, findings: &Findings) -> Value {
    let mut ours = serde_json::to_value(figures).unwrap();
    ours["last_ns"] = findings.last_ns.into();
    ours["creations"] = creations(findings);
    ours["map_sites"] = map_sites(findings);
    let spans = |spans: &BTreeMap<_, gotriage::analyze::trace::SpanCounts>| {
        let mut all = serde_json::to_value(spans).unwrap();
        for span in all.as_object_mut().unwrap().values_mut() {
            let span = span.as_object_mut().unwrap();
            span.retain(|key, _| key == "count" || key == "ns");
        }
        all
    };
    ours["tasks"] = spans(&findings.tasks);
    ours["regions"] = spans(&findings.regions);
    ours["logs"] = serde_json::to_value(&findings.logs).unwrap();
    ours
}

fn creations(findings: &Findings) -> Value {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for origin in &findings.origins {
        let Some(site) = origin.created_at.first() else {
            continue;
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let key = format!("{} < {}", text(&site.func.0), text(&origin.start_func.0));
        *counts.entry(key).or_default() += origin.goroutines;
    }
    serde_json::to_value(counts).unwrap()
}

fn map_sites(findings: &Findings) -> Value {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for seen in &findings.map_uses {
        let key = match seen.at.line {
            0 => "?".to_owned(),
            line => format!("{}:{line}", String::from_utf8_lossy(&seen.at.func.0)),
        };
        *counts.entry(key).or_default() += seen.samples + seen.events;
    }
    serde_json::to_value(counts).unwrap()
}

fn compare(sample: &Sample, options: Options, keys: &[&str], tolerance: Option<i64>) {
    let (figures, findings, outcome) = figures(&sample.bytes, options);
    assert!(
        outcome.damage.is_empty(),
        "{}: {:?}",
        sample.name,
        outcome.damage
    );
    let mut ours = answer(&figures, &findings);
    if sample.is_v1() {
        without_old_starts(sample, &mut ours);
    }
    let mut found = Vec::new();
    for key in keys {
        differences(
            key,
            &ours[*key],
            &sample.oracle[*key],
            tolerance,
            &mut found,
        );
    }
    assert!(found.is_empty(), "{}:\n{}", sample.name, found.join("\n"));
}

#[test]
fn every_figure_is_that_of_gos_reader() {
    for sample in whole() {
        compare(&sample, AS_GO, &FIGURES, None);
        let findings = ["creations", "map_sites", "tasks", "regions", "logs"];
        compare(&sample, AS_GO, &findings, None);
    }
}

/// Goroutines in the order of their waits may change places where the clocks differ; everything else must not.
#[test]
fn written_times_give_the_same_counts_and_nearly_the_same_sums() {
    let keys: Vec<&str> = FIGURES
        .into_iter()
        .filter(|&key| key != "top_waiting")
        .collect();
    for sample in whole() {
        // Go's reader squeezes what overlaps between two generations into 1 ns steps.
        compare(&sample, Options::default(), &keys, Some(100_000));
    }
}

/// Go's reader drops the first functions of goroutines that were there before the trace; ours does not. Where it knows one, from a
/// stack seen later, it must be the same.
fn without_old_starts(sample: &Sample, ours: &mut Value) {
    let theirs = sample.oracle["top_waiting"].as_array().unwrap();
    for (waiter, known) in ours["top_waiting"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .zip(theirs)
    {
        if known["start_func"] == "" {
            waiter["start_func"] = "".into();
        }
    }
}

fn old() -> Vec<Sample> {
    let old = samples().into_iter().filter(Sample::is_v1);
    let whole: Vec<Sample> = old.filter(|sample| sample.error().is_none()).collect();
    assert!(whole.len() >= 2);
    whole
}

/// Where ticks are equal the order of Go's reader is random, and its clock moves the later event by 1 ns; a return from a system call
/// stands elsewhere in the order, though at the same time. Hence no digest of the stream, and sums that differ by some ns.
#[test]
fn old_traces_hold_the_same_events_and_figures() {
    for sample in old() {
        let mut lines = Lines {
            old_starts_dropped: true,
            ..Lines::default()
        };
        read(&sample.bytes, Options::default(), &mut lines).expect("a trace");
        let multiset = format!("{:016x}", lines.multiset);
        let expected = sample.oracle["multiset_fnv64"].as_str().unwrap();
        assert_eq!(multiset, expected, "{}", sample.name);
        compare(&sample, Options::default(), &FIGURES, Some(2_000));
        let findings = ["creations", "map_sites", "tasks", "regions", "logs"];
        compare(&sample, Options::default(), &findings, Some(2_000));
    }
}

/// The shortest prefix that still tells the clock's frequency, which stands after all events and before all stacks.
fn end_of_frequency(bytes: &[u8]) -> usize {
    let lost = |end: usize| {
        let (_, _, outcome) = figures(&bytes[..end], Options::default());
        outcome.damage.count(DamageKind::NoFrequency) > 0
    };
    let (mut without, mut with) = (16, bytes.len());
    while with - without > 1 {
        let middle = without.midpoint(with);
        match lost(middle) {
            true => without = middle,
            false => with = middle,
        }
    }
    with
}

/// Counts need neither a clock nor stacks nor an order.
#[test]
fn an_old_trace_that_was_not_ended_keeps_its_counts() {
    let counts = [
        "events_total",
        "events_by_kind",
        "go_transitions",
        "proc_transitions",
        "goroutines",
        "unblock",
    ];
    for sample in old() {
        let end = end_of_frequency(&sample.bytes);
        let (without, findings, outcome) = figures(&sample.bytes[..end - 1], Options::default());
        let ours = answer(&without, &findings);
        let mut found = Vec::new();
        for key in counts {
            differences(key, &ours[key], &sample.oracle[key], None, &mut found);
        }
        for (reason, theirs) in sample.oracle["block_reasons"].as_object().unwrap() {
            let ours = &ours["block_reasons"][reason]["count"];
            differences(reason, ours, &theirs["count"], None, &mut found);
        }
        assert!(found.is_empty(), "{}:\n{}", sample.name, found.join("\n"));
        assert_eq!(outcome.damage.count(DamageKind::IncompleteGeneration), 1);
        let strict = figures(&sample.bytes[..end - 1], AS_GO).0;
        assert_eq!(strict.events_total, 1, "the end alone");
    }
}

/// Where some bytes in the middle are no events, reading goes on with the next batch, and in the same order.
#[test]
fn a_hole_in_an_old_trace_costs_a_batch_at_most() {
    for sample in old() {
        let mut bytes = sample.bytes.clone();
        let place = bytes.len() / 4;
        bytes[place..place + 40].fill(0xff);
        let (rest, findings, outcome) = figures(&bytes, Options::default());
        let lost: u64 = outcome
            .damage
            .places
            .iter()
            .map(|damage| damage.bytes)
            .sum();
        assert!((40..=1 << 16).contains(&lost), "{}: {lost}", sample.name);
        let theirs = sample.oracle["events_total"].as_u64().unwrap();
        assert!(rest.events_total < theirs);
        assert!(
            theirs - rest.events_total <= lost,
            "{}: {} of {theirs}",
            sample.name,
            rest.events_total
        );
        assert!(findings.salvaged.is_none());
    }
}

/// The tools of the time give the same times as the oracle, but up to 1.24 they do not say when the first generation begins, so that
/// times from there on are left out, nor the stacks of statuses, so that some first functions are not known.
#[test]
fn text_gives_the_figures_of_the_trace_it_was_made_from() {
    for (name, text) in tracing::texts() {
        let sample = tracing::pick(name);
        assert!(is_text(&text) && !is_text(&sample.bytes), "{name}");
        let mut tally = Tally::default();
        let outcome = read_text(&text, &mut tally).expect("text");
        assert!(outcome.damage.is_empty(), "{name}: {:?}", outcome.damage);
        let (figures, findings) = tally.finish(&outcome);
        let ours = answer(&figures, &findings);
        let findings = ["creations", "map_sites", "tasks", "regions", "logs"];
        let new = name.contains("1.27");
        let figures = FIGURES
            .into_iter()
            .filter(|&key| key != "header" && (key != "state_time_backfilled_ns" || new));
        let mut found = Vec::new();
        for key in figures.chain(findings) {
            differences(
                key,
                &ours[key],
                &sample.oracle[key],
                Some(2_000),
                &mut found,
            );
        }
        found.retain(|difference| new || !difference.contains("start_func: \"\" against"));
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
    }
}

#[test]
fn lines_of_others_in_a_text_are_counted() {
    let (name, text) = tracing::texts().pop().unwrap();
    let mut mixed = Vec::new();
    for (number, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        if number % 100 == 99 {
            mixed.extend_from_slice(b"M=1 P=\nstray\n");
        }
        mixed.extend_from_slice(line);
    }
    let mut tally = Tally::default();
    let outcome = read_text(&mixed, &mut tally).expect("text");
    assert!(outcome.damage.count(DamageKind::BrokenEvent) > 20, "{name}");
    assert!(outcome.damage.count(DamageKind::NotABatch) > 20, "{name}");
    for end in (0..text.len()).step_by(211) {
        read_text(&text[..end], &mut Tally::default());
    }
}
