//! The parser against the manifest: every goroutine, every state, every line accounted for; no prefix loses a whole goroutine.

mod pipeline;
mod support;

use gotriage::model::{Evidence, GoroutineFlags, Item};
use std::collections::{BTreeMap, BTreeSet};

/// Parses one text and hands the evidence on.
fn parsed<T>(bytes: &[u8], look: impl FnOnce(&Evidence<'_>) -> T) -> T {
    pipeline::with_evidence(&[("dump", bytes)], look)
}

fn ids(evidence: &Evidence<'_>) -> BTreeSet<u64> {
    let all = evidence
        .documents
        .iter()
        .flat_map(|document| &document.goroutines);
    all.map(|goroutine| goroutine.id.0)
        .filter(|&id| id != 0)
        .collect()
}

#[test]
fn every_goroutine_of_the_corpus_is_found_once() {
    support::for_all(|truth| {
        let found = parsed(&truth.bytes(), ids);
        let wanted: BTreeSet<u64> = truth.all_goroutine_ids().into_iter().collect();
        if found == wanted {
            Ok(())
        } else {
            Err(format!("found {found:?}, printed {wanted:?}"))
        }
    });
}

#[test]
fn states_are_those_printed() {
    support::for_all(|truth| {
        if truth.incidents != 1 {
            return Ok(());
        }
        let found = parsed(&truth.bytes(), |evidence| {
            let mut states = BTreeMap::<u64, String>::new();
            for goroutine in evidence
                .documents
                .iter()
                .flat_map(|document| &document.goroutines)
                .filter(|g| g.id.0 != 0)
            {
                let state =
                    String::from_utf8_lossy(evidence.symbols.text(goroutine.state)).into_owned();
                states.entry(goroutine.id.0).or_insert(state);
            }
            states
                .into_values()
                .fold(BTreeMap::<String, u64>::new(), |mut counts, state| {
                    *counts.entry(state).or_default() += 1;
                    counts
                })
        });
        let printed = truth.states.iter().fold(
            BTreeMap::<String, u64>::new(),
            |mut states, (state, count)| {
                // Labels of Go 1.26 and the mark of the leak collector stand behind the reason.
                let reason = state
                    .split(" labels:")
                    .next()
                    .unwrap_or(state)
                    .trim_end_matches(" (leaked)");
                *states.entry(reason.to_owned()).or_default() += count;
                states
            },
        );
        if found == printed {
            Ok(())
        } else {
            Err(format!("found {found:?}, printed {printed:?}"))
        }
    });
}

#[test]
fn nothing_of_a_dump_is_left_over() {
    support::for_all(|truth| {
        let bytes = truth.bytes();
        let newlines = bytes.iter().filter(|&&byte| byte == b'\n').count() as u32;
        let lines = newlines + u32::from(bytes.last().is_some_and(|&last| last != b'\n'));
        parsed(&bytes, |evidence| {
            let total: u32 = evidence
                .documents
                .iter()
                .map(|document| document.tally.total)
                .sum();
            let unparsed: Vec<_> = evidence
                .documents
                .iter()
                .flat_map(|document| &document.tally.unparsed)
                .collect();
            let wrapped = evidence.inputs.iter().any(|input| input.envelope != "none");
            if total != lines && !wrapped {
                return Err(format!("{total} lines counted, {lines} there"));
            }
            if unparsed.is_empty() {
                Ok(())
            } else {
                Err(format!("not understood: {unparsed:?}"))
            }
        })
    });
}

#[test]
fn every_frame_has_its_place_and_every_incident_its_preamble() {
    support::for_all(|truth| {
        parsed(&truth.bytes(), |evidence| {
            let crashes = evidence
                .documents
                .iter()
                .flat_map(|document| &document.items)
                .filter(|item| match item {
                    Item::Test(mark) => mark.kind == gotriage::model::TestMarkKind::HttpPanic,
                    item => matches!(item, Item::Crash(_)),
                })
                .count();
            let alive = matches!(truth.level.as_str(), "debug2" | "race")
                || truth.category == "test-failure";
            if truth.message.is_some() && !alive && crashes < truth.incidents {
                return Err(format!(
                    "{crashes} preambles for {} incidents",
                    truth.incidents
                ));
            }
            let homeless = evidence.symbols.all_frames().iter().find(|frame| {
                frame.line == 0
                    && matches!(
                        frame.kind,
                        gotriage::model::FrameKind::Call | gotriage::model::FrameKind::CreatedBy
                    )
            });
            homeless.map_or(Ok(()), |frame| {
                Err(format!(
                    "{} has no line",
                    String::from_utf8_lossy(evidence.symbols.text(frame.func))
                ))
            })
        })
    });
}

/// Whole goroutines of a text, by id, with what was made of them.
fn whole(evidence: &Evidence<'_>) -> Vec<(u64, usize, Vec<String>)> {
    let document = &evidence.documents[0];
    let complete = |flags: GoroutineFlags| !flags.has(GoroutineFlags::INCOMPLETE);
    let frames = |stack| {
        let name = |frame: &gotriage::model::Frame| {
            format!(
                "{}:{}",
                String::from_utf8_lossy(evidence.symbols.text(frame.func)),
                frame.line
            )
        };
        evidence.symbols.frames(stack).map(name).collect::<Vec<_>>()
    };
    let goroutines = document
        .goroutines
        .iter()
        .filter(|goroutine| complete(goroutine.flags));
    goroutines
        .map(|goroutine| (goroutine.id.0, goroutine.span.end, frames(goroutine.stack)))
        .collect()
}

#[test]
fn no_prefix_of_a_dump_loses_a_whole_goroutine() {
    let picks = [
        "map-read-write/go1.27.3-system",
        "lock-hang/go1.23.9-debug2",
        "panic-repanic/go1.19.8",
        "labels/go1.27.3",
    ];
    let truths = support::manifest();
    let mut tried = 0;
    for pick in picks {
        let Some(truth) = truths.iter().find(|truth| truth.file.contains(pick)) else {
            panic!("{pick} is not in the corpus")
        };
        let bytes = truth.bytes();
        let bytes = &bytes[..bytes.len().min(24_000)];
        let all = parsed(bytes, whole);
        for cut in 0..bytes.len() {
            let some = parsed(&bytes[..cut], whole);
            let expected = all.iter().filter(|(_, end, _)| *end <= cut);
            for goroutine in expected {
                assert!(
                    some.iter()
                        .any(|found| found.0 == goroutine.0 && found.2 == goroutine.2),
                    "{}: cut at {cut}, goroutine {} is lost",
                    truth.file,
                    goroutine.0
                );
            }
        }
        tried += bytes.len();
    }
    assert!(tried > 10_000);
}
