//! The text of `go tool pprof -raw`, Go's own reading of a profile, for tests that compare with it.
//!
//! ```text
//! PeriodType: space bytes
//! Period: 16384
//! Time: 2026-11-21 16:48:46.710687722 +0000 UTC
//! Samples:
//! alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes
//!           0          0          0          0: 1 2 3 4 5 6
//!                 bytes:[5376]
//!           1     327680          0          0: 7 8 9 10 11 12 13 14 15 3 4 16 6
//! Locations
//!      1: 0x4d4fcf M=1 runtime/pprof.writeHeapInternal runtime/pprof/pprof.go:650:0 s=628
//! Mappings
//! 1: 0x400000/0x4ec000/0x0 /app/app 11f036260eca1f7780efecc918b8deff3bf8f95b [FN]
//! ```
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // each test reads its part; helpers fail as tests do

use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Raw {
    pub columns: Vec<String>,
    pub samples: Vec<RawSample>,
    pub locations: BTreeMap<u64, RawLocation>,
    pub mappings: Vec<(u64, u64, u64, String)>,
    pub period: i64,
}

#[derive(Debug, Default)]
pub struct RawSample {
    pub values: Vec<i64>,
    pub locations: Vec<u64>,
    pub labels: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default)]
pub struct RawLocation {
    pub address: u64,
    /// Function, `file:line`; innermost first.
    pub lines: Vec<(String, String)>,
}

fn hexadecimal(word: &str) -> u64 {
    u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap()
}

/// `goroutine/count[dflt]` without the mark.
fn column(word: &str) -> String {
    word.trim_end_matches("[dflt]").to_owned()
}

/// The text of `go tool pprof -raw`.
pub fn raw(text: &str) -> Raw {
    let mut raw = Raw::default();
    let mut part = "";
    let mut last = 0;
    for line in text.lines() {
        match line {
            "Samples:" | "Locations" | "Mappings" => {
                part = line;
                continue;
            }
            _ => {}
        }
        match part {
            "" => {
                if let Some(period) = line.strip_prefix("Period: ") {
                    raw.period = period.parse().unwrap();
                }
            }
            "Samples:" if raw.columns.is_empty() => {
                raw.columns = line.split_whitespace().map(column).collect()
            }
            "Samples:" => raw_sample(&mut raw, line),
            "Locations" => {
                let (id, rest) = match line.split_once(": ") {
                    Some((id, rest)) if id.trim().parse::<u64>().is_ok() => {
                        (id.trim().parse().unwrap(), rest)
                    }
                    _ => (last, line),
                };
                last = id;
                raw_location(raw.locations.entry(id).or_default(), rest);
            }
            _ => raw.mappings.extend(raw_mapping(line)),
        }
    }
    raw
}

fn raw_sample(raw: &mut Raw, line: &str) {
    let numbers = line.split_once(": ").filter(|(numbers, _)| {
        numbers
            .split_whitespace()
            .all(|word| word.parse::<i64>().is_ok())
    });
    // A sample without a stack ends with the colon.
    let bare = line
        .trim_end()
        .strip_suffix(':')
        .map(|numbers| (numbers, ""));
    match numbers.or(bare) {
        Some((numbers, locations)) => raw.samples.push(RawSample {
            values: numbers
                .split_whitespace()
                .map(|word| word.parse().unwrap())
                .collect(),
            locations: locations
                .split_whitespace()
                .map(|word| word.parse().unwrap())
                .collect(),
            labels: Vec::new(),
        }),
        None => {
            let sample = raw.samples.last_mut().expect("labels of a sample");
            // `job:[drain] bytes:[48]`
            for part in line.trim().split("] ") {
                let (key, value) = part.split_once(":[").unwrap_or_else(|| panic!("{line}"));
                sample.labels.push((
                    key.trim().to_owned(),
                    value.trim_end_matches(']').to_owned(),
                ));
            }
        }
    }
}

fn raw_location(location: &mut RawLocation, text: &str) {
    let mut words = text.split_whitespace().peekable();
    if let Some(address) = words.next_if(|word| word.starts_with("0x")) {
        location.address = hexadecimal(address);
    }
    let words: Vec<&str> = words
        .filter(|word| !word.starts_with("M=") && !word.starts_with("s="))
        .collect();
    if let [func @ .., place] = words.as_slice()
        && !func.is_empty()
    {
        // file:line:column
        let (place, _) = place.rsplit_once(':').unwrap();
        location.lines.push((func.join(" "), place.to_owned()));
    }
}

fn raw_mapping(line: &str) -> Option<(u64, u64, u64, String)> {
    let (_, rest) = line.split_once(": ")?;
    let mut words = rest.split_whitespace();
    let mut range = words.next()?.split('/').map(hexadecimal);
    let file = words.next().unwrap_or_default().to_owned();
    Some((range.next()?, range.next()?, range.next()?, file))
}
