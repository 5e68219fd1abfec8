//! Real profiles against Go's own reader: every sample, number, address, function and line of `go tool pprof -raw`.
//!
//! corpus/profiles.py made the files and their answers (FILE.raw.zst). The forms with `debug=1` are also compared with the protobuf form
//! of the same process, which names what they leave out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests fail as tests do

mod pipeline;
mod profiling;
#[path = "profiling/raw.rs"]
mod raw;
mod support;

use gotriage::model::{Evidence, FrameKind, LabelValue, Profile, ProfileKind, Sample};
use profiling::with_profile;
use raw::{Raw, RawLocation, raw};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::unpacked;

/// Profiles that have to be there: seven releases, eight kinds, two forms, CPU in one.
const LEAST: usize = 90;

fn files() -> Vec<PathBuf> {
    let folder = support::corpus().join("profiles");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("corpus/profiles")
        .flat_map(|release| std::fs::read_dir(release.unwrap().path()).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.to_string_lossy();
            name.contains("/go1.")
                && (name.ends_with(".pb.gz") || name.contains(".debug1.txt"))
                && !name.ends_with(".raw.zst")
        })
        .collect();
    files.sort();
    assert!(files.len() >= LEAST, "{} profiles", files.len());
    files
}

// --- what gotriage says, in the same words ---

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Locations of a sample's stack: one for each address, with its lines.
fn locations(evidence: &Evidence<'_>, profile: &Profile<'_>, sample: &Sample) -> Vec<RawLocation> {
    let symbols = &evidence.symbols;
    let mut addresses = profile.addresses_of(sample).iter();
    let mut found = Vec::new();
    let mut lines = Vec::new();
    for frame in symbols.frames(sample.stack) {
        if !matches!(frame.kind, FrameKind::Unnamed(_)) {
            lines.push((
                text(symbols.text(frame.func)),
                format!("{}:{}", text(symbols.text(frame.file)), frame.line),
            ));
        }
        if frame.kind == FrameKind::Inlined {
            continue;
        }
        found.push(RawLocation {
            address: addresses
                .next()
                .expect("an address for each physical frame")
                .0,
            lines: std::mem::take(&mut lines),
        });
    }
    assert!(addresses.next().is_none() && lines.is_empty());
    found
}

fn labels(
    evidence: &Evidence<'_>,
    profile: &Profile<'_>,
    sample: &Sample,
) -> Vec<(String, String)> {
    let labels = profile.labels_of(sample).iter();
    let mut labels: Vec<(String, String)> = labels
        .map(|label| {
            let value = match label.value {
                LabelValue::Text(value) => text(value),
                LabelValue::Number(number, unit) => {
                    format!("{number}{}", text(evidence.symbols.text(unit)))
                }
            };
            (text(label.key), value)
        })
        .collect();
    labels.sort();
    labels
}

/// Every difference between a profile and what pprof makes of it.
fn differences(
    evidence: &Evidence<'_>,
    profile: &Profile<'_>,
    raw: &Raw,
    named: bool,
) -> Vec<String> {
    let mut odd = Vec::new();
    let name = |id| text(evidence.symbols.text(id));
    let columns: Vec<String> = profile
        .types
        .iter()
        .map(|column| format!("{}/{}", name(column.name), name(column.unit)))
        .collect();
    if columns != raw.columns {
        odd.push(format!("columns {columns:?}, not {:?}", raw.columns));
    }
    if profile.samples.len() != raw.samples.len() {
        odd.push(format!(
            "{} samples, not {}",
            profile.samples.len(),
            raw.samples.len()
        ));
    }
    for ((sample, row), expected) in profile.rows().zip(&raw.samples) {
        if row != expected.values {
            odd.push(format!("{row:?}, not {:?}", expected.values));
        }
        let stack = locations(evidence, profile, sample);
        let addresses: Vec<u64> = stack.iter().map(|location| location.address).collect();
        let wanted: Vec<&RawLocation> = expected
            .locations
            .iter()
            .map(|id| &raw.locations[id])
            .collect();
        if !addresses
            .iter()
            .eq(wanted.iter().map(|location| &location.address))
        {
            odd.push(format!("addresses {addresses:x?}, not {wanted:x?}"));
        }
        if named
            && !stack
                .iter()
                .map(|location| &location.lines)
                .eq(wanted.iter().map(|location| &location.lines))
        {
            odd.push(format!("stack {stack:?}, not {wanted:?}"));
        }
        let mut wanted = expected.labels.clone();
        wanted.sort();
        if named && labels(evidence, profile, sample) != wanted {
            odd.push(format!(
                "labels {:?}, not {wanted:?}",
                labels(evidence, profile, sample)
            ));
        }
    }
    odd
}

fn raw_of(path: &Path) -> Option<Raw> {
    let answer = PathBuf::from(format!(
        "{}.raw.zst",
        path.to_string_lossy().trim_end_matches(".zst")
    ));
    let answer = answer.exists().then(|| unpacked(&answer))?;
    Some(raw(&String::from_utf8(answer).unwrap()))
}

fn complain(complaints: &[String]) {
    let shown: Vec<String> = complaints
        .iter()
        .take(4)
        .map(|text| text.chars().take(600).collect::<String>())
        .collect();
    assert!(
        complaints.is_empty(),
        "{} differences: {shown:#?}",
        complaints.len()
    );
}

#[test]
fn every_sample_is_that_of_pprof() {
    let (mut complaints, mut samples, mut compared) = (Vec::new(), 0, 0);
    for path in files() {
        let Some(raw) = raw_of(&path) else {
            continue;
        };
        let protobuf = path.to_string_lossy().ends_with(".pb.gz");
        with_profile(&unpacked(&path), |evidence, profile| {
            let odd = differences(evidence, profile, &raw, protobuf);
            complaints.extend(
                odd.into_iter()
                    .map(|odd| format!("{}: {odd}", path.display())),
            );
            if protobuf {
                let name = |id| text(evidence.symbols.text(id));
                let mappings: Vec<_> = profile
                    .mappings
                    .iter()
                    .map(|mapping| {
                        (
                            mapping.start.0,
                            mapping.limit.0,
                            mapping.offset,
                            name(mapping.file),
                        )
                    })
                    .collect();
                assert_eq!(mappings, raw.mappings, "{}", path.display());
                assert_eq!(profile.period, raw.period, "{}", path.display());
            }
            samples += profile.samples.len();
            compared += 1;
        });
    }
    complain(&complaints);
    assert!(
        compared >= LEAST - 7 && samples > 1500,
        "{samples} samples of {compared} profiles"
    );
}

#[test]
fn every_kind_is_told() {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for path in files() {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let stem = file.split('.').next().unwrap().to_owned();
        with_profile(&unpacked(&path), |_, profile| {
            // The text of allocs says heap.
            let expected = match (stem.as_str(), file.ends_with(".pb.gz")) {
                ("allocs", false) => "heap",
                (stem, _) => stem,
            };
            // Nothing tells an empty profile's kind.
            if !profile.samples.is_empty() {
                assert_eq!(profile.kind.word(), expected, "{}", path.display());
            }
            assert!(
                profile.notes.is_empty(),
                "{}: {:?}",
                path.display(),
                profile.notes
            );
            *kinds.entry(profile.kind.word()).or_default() += 1;
        });
    }
    for kind in [
        "goroutine",
        "goroutineleak",
        "heap",
        "allocs",
        "mutex",
        "block",
        "cpu",
        "threadcreate",
    ] {
        assert!(kinds.contains_key(kind), "{kind}: {kinds:?}");
    }
}

/// Stacks of a capture as names and lines, with the numbers of one column; frames that `debug=1` hides left out.
fn visible(bytes: &[u8], column: usize) -> BTreeMap<Vec<String>, i64> {
    with_profile(bytes, |evidence, profile| {
        let mut stacks = BTreeMap::new();
        for (sample, row) in profile.rows() {
            let frames: Vec<String> = evidence
                .symbols
                .frames(sample.stack)
                .filter(|frame| !matches!(frame.kind, FrameKind::Unnamed(_)))
                .map(|frame| {
                    (
                        text(evidence.symbols.text(frame.func)),
                        text(evidence.symbols.text(frame.file)),
                        frame.line,
                    )
                })
                .filter(|(func, ..)| func != "runtime.goexit")
                .map(|(func, file, line)| format!("{func} {file}:{line}"))
                .collect();
            let hidden = frames
                .iter()
                .take_while(|frame| {
                    frame.starts_with("runtime.") || frame.starts_with("internal/runtime/")
                })
                .count();
            let frames = frames[hidden..].to_vec();
            *stacks.entry(frames).or_default() += row[column];
        }
        stacks
    })
}

/// Stacks that stand still between two captures: those with a marked function of the program and without the capture itself.
fn still(stacks: BTreeMap<Vec<String>, i64>, functions: &[&str]) -> BTreeMap<Vec<String>, i64> {
    let marked = |frames: &Vec<String>| {
        functions
            .iter()
            .any(|function| frames.iter().any(|frame| frame.starts_with(function)))
    };
    stacks
        .into_iter()
        .filter(|(frames, _)| marked(frames))
        .collect()
}

#[test]
fn both_forms_show_the_same_stacks() {
    // Column, and functions that nothing calls between the two captures.
    let checks: [(&str, usize, &[&str]); 5] = [
        (
            "goroutine",
            0,
            &["main.waiter ", "main.receiver ", "main.sender "],
        ),
        ("heap", 3, &["main.fill ", "main.scratch "]),
        ("allocs", 1, &["main.fill ", "main.scratch "]),
        ("mutex", 1, &["main.(*Store).Locked "]),
        ("block", 1, &["main.(*Store).Locked "]),
    ];
    let mut compared = 0;
    for path in files()
        .iter()
        .filter(|path| path.to_string_lossy().ends_with(".pb.gz"))
    {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some((stem, column, functions)) = checks
            .iter()
            .find(|(stem, ..)| name == format!("{stem}.pb.gz"))
        else {
            continue;
        };
        let texts = [
            format!("{stem}.debug1.txt"),
            format!("{stem}.debug1.txt.zst"),
        ];
        let other = texts
            .iter()
            .map(|text| path.with_file_name(text))
            .find(|path| path.exists())
            .unwrap();
        let binary = still(visible(&unpacked(path), *column), functions);
        let written = still(visible(&unpacked(&other), *column), functions);
        assert!(!binary.is_empty(), "{}", path.display());
        assert_eq!(
            binary.keys().collect::<Vec<_>>(),
            written.keys().collect::<Vec<_>>(),
            "{}",
            path.display()
        );
        for (stack, value) in &binary {
            // Cycles become nanoseconds in one division here and in another there.
            let near = value.abs_diff(written[stack]) <= value.unsigned_abs() / 1000;
            assert!(
                near,
                "{}: {stack:?}: {value}, not {}",
                path.display(),
                written[stack]
            );
        }
        compared += 1;
    }
    assert_eq!(compared, 7 * checks.len());
}

#[test]
fn perf_and_folded_stacks_agree() {
    let folder = support::corpus().join("profiles/perf");
    let stacks = |bytes: &[u8], skip: usize| {
        with_profile(bytes, |evidence, profile| {
            let mut stacks: BTreeMap<Vec<String>, i64> = BTreeMap::new();
            for (sample, row) in profile.rows() {
                let mut frames: Vec<String> = evidence
                    .symbols
                    .frames(sample.stack)
                    .map(|frame| text(evidence.symbols.text(frame.func)))
                    .collect();
                frames.truncate(frames.len() - skip);
                *stacks.entry(frames).or_default() += row[0];
            }
            (profile.kind, stacks)
        })
    };
    let (perf, samples) = stacks(&unpacked(&folder.join("go1.27.3.script.zst")), 0);
    // The folded form has the command as its outermost frame.
    let (folded, weights) = stacks(&unpacked(&folder.join("go1.27.3.folded")), 1);
    assert_eq!((perf, folded), (ProfileKind::Perf, ProfileKind::Folded));
    assert_eq!(samples, weights);
    assert!(
        samples
            .keys()
            .any(|frames| frames.iter().any(|frame| frame == "runtime.mapassign"))
    );
}
