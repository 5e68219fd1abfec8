//! Where every line of every input went: parsed, set aside, or not understood.
//!
//! Counted in lines of the *input*. One input line may carry many unwrapped ones (a dump escaped in one JSON field) or only a part of
//! one (partial lines joined); it counts as parsed if anything of it was.

use super::report::InputReport;
use crate::model::{Document, Evidence, Input, Item};
use std::ops::Range;

/// The report on each input, in order.
pub(super) fn inputs(evidence: &Evidence<'_>) -> Vec<InputReport> {
    evidence
        .inputs
        .iter()
        .map(|input| input_report(evidence, input))
        .collect()
}

fn input_report(evidence: &Evidence<'_>, input: &Input) -> InputReport {
    let documents: Vec<&Document<'_>> = evidence
        .documents
        .iter()
        .filter(|document| document.input == input.id)
        .collect();
    let counts = match &documents[..] {
        [only] if only.lines.is_identity() => plain_counts(only),
        _ => mapped_counts(input, &documents),
    };
    InputReport {
        id: input.id.0,
        path: input.name.clone(),
        bytes: input.bytes,
        envelope: input.envelope.clone(),
        holds: holds(&documents),
        truncated: input.truncated,
        lines: u64::from(input.lines),
        parsed_lines: counts.parsed,
        set_aside_lines: counts.aside,
        unparsed_lines: counts.unparsed,
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    parsed: u64,
    aside: u64,
    unparsed: u64,
}

/// Without a wrapper both sides count alike.
fn plain_counts(document: &Document<'_>) -> Counts {
    let (aside, unparsed) = (
        total(&document.tally.aside),
        total(&document.tally.unparsed),
    );
    Counts {
        parsed: u64::from(document.tally.total).saturating_sub(aside + unparsed),
        aside,
        unparsed,
    }
}

fn total(ranges: &[Range<u32>]) -> u64 {
    ranges
        .iter()
        .map(|range| u64::from(range.end - range.start))
        .sum()
}

/// What became of an input line, the strongest claim last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Aside,
    Unparsed,
    Parsed,
}

/// Through the line maps of all texts of an input; one byte a line.
fn mapped_counts(input: &Input, documents: &[&Document<'_>]) -> Counts {
    let mut fates = vec![Fate::Aside; input.lines as usize];
    for document in documents {
        let mut aside = Walk::new(&document.tally.aside);
        let mut unparsed = Walk::new(&document.tally.unparsed);
        for line in 0..document.tally.total {
            let fate = match (aside.holds(line), unparsed.holds(line)) {
                (true, _) => Fate::Aside,
                (_, true) => Fate::Unparsed,
                _ => Fate::Parsed,
            };
            let origin = document.lines.origin(crate::model::TextLine(line)).line as usize;
            if let Some(known) = origin.checked_sub(1).and_then(|index| fates.get_mut(index)) {
                *known = fate.max(*known);
            }
        }
    }
    let count = |fate| fates.iter().filter(|&&known| known == fate).count() as u64;
    Counts {
        parsed: count(Fate::Parsed),
        aside: count(Fate::Aside),
        unparsed: count(Fate::Unparsed),
    }
}

/// Asks ascending ranges about ascending lines.
struct Walk<'r> {
    rest: &'r [Range<u32>],
}

impl<'r> Walk<'r> {
    fn new(rest: &'r [Range<u32>]) -> Self {
        Self { rest }
    }

    fn holds(&mut self, line: u32) -> bool {
        while let Some((first, rest)) = self.rest.split_first() {
            if line < first.end {
                return line >= first.start;
            }
            self.rest = rest;
        }
        false
    }
}

/// The kinds of things in an input, in a fixed order.
fn holds(documents: &[&Document<'_>]) -> Vec<String> {
    let any = |found: fn(&Item<'_>) -> bool| {
        documents
            .iter()
            .any(|document| document.items.iter().any(found))
    };
    let kinds: [(&str, bool); 6] = [
        ("dump", any(|item| matches!(item, Item::Crash(_)))),
        (
            "goroutines",
            any(|item| matches!(item, Item::Goroutines(_) | Item::Fragment(_))),
        ),
        ("profile", any(|item| matches!(item, Item::Profile(_)))),
        ("trace", any(|item| matches!(item, Item::Trace(_)))),
        ("race-report", any(|item| matches!(item, Item::Race(_)))),
        ("go-test", any(|item| matches!(item, Item::Test(_)))),
    ];
    let dump = kinds[0].1;
    let kinds = kinds
        .into_iter()
        .filter(|&(kind, there)| there && !(kind == "goroutines" && dump));
    kinds.map(|(kind, _)| kind.to_owned()).collect()
}
