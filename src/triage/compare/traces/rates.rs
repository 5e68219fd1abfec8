//! What two traces add up to, side by side: sums by the second, waits for a processor, origins. Read [`difference`] first.

use super::super::change_word;
use super::super::report::trace::{
    OriginChange, OriginSums, Scheduling, SchedulingChange, Sum, SumChange, TraceDiff, Traced,
};
use crate::analyze::trace::pair::Paired;
use crate::analyze::trace::{self, Findings, Name, is_programs};
use crate::goruntime::tracewire::writers;
use crate::triage::report::Place;
use crate::triage::trace::TraceSummary;
use std::collections::{BTreeMap, BTreeSet};

/// So many times as much as before is worth a sentence.
const TIMES_MORE: i64 = 2;

/// A reason, a range or a state that takes less than this of each second is not worth a sentence, in ns.
const NOTABLE: i64 = 10_000_000;

/// From the first to the last event, in ns.
pub(in crate::triage::compare) fn length(findings: &Findings) -> i64 {
    findings.last_ns.saturating_sub(findings.first_ns)
}

/// True where both clocks are the machine's: from Go 1.22 on.
pub(super) fn one_clock(before: &TraceSummary, after: &TraceSummary) -> bool {
    [before, after]
        .iter()
        .all(|summary| summary.findings.first_generation > 0 && numbers_on(summary))
}

/// True for the form whose generations are numbered through all traces of a process.
fn numbers_on(summary: &TraceSummary) -> bool {
    let row = writers(&summary.trace.header);
    row.is_some_and(|row| row.has_generations())
}

/// The sums of both.
pub(super) fn difference(
    before: &TraceSummary,
    after: &TraceSummary,
    paired: &Paired,
) -> TraceDiff {
    let (then, now) = (&before.trace, &after.trace);
    let lengths = (length(&before.findings), length(&after.findings));
    let traced = |summary: &TraceSummary| Traced {
        header: summary.trace.header.clone(),
        ns: length(&summary.findings),
        events: summary.trace.events_total,
        goroutines: summary.trace.goroutines,
    };
    let states = |summary: &TraceSummary| -> Sums {
        let times = summary.trace.state_time_backfilled_ns.iter();
        times
            .map(|(state, &ns)| ((*state).to_owned(), (0, ns)))
            .collect()
    };
    let reasons = |of: &BTreeMap<Name, trace::CountTime>| -> Sums {
        let sums = of.iter();
        sums.map(|(name, sum)| (name.to_string(), (sum.count, sum.ns)))
            .collect()
    };
    let ranges = |of: &BTreeMap<Name, trace::RangeCounts>| -> Sums {
        let sums = of.iter();
        sums.map(|(name, sum)| (name.to_string(), (sum.begin.max(sum.end), sum.ns)))
            .collect()
    };
    TraceDiff {
        before: traced(before),
        after: traced(after),
        between_ns: one_clock(before, after).then(|| {
            after
                .findings
                .first_ns
                .saturating_sub(before.findings.last_ns)
        }),
        states: sums(&states(before), &states(after), lengths),
        blocked: sums(
            &reasons(&then.block_reasons),
            &reasons(&now.block_reasons),
            lengths,
        ),
        stopped: sums(
            &reasons(&then.stop_reasons),
            &reasons(&now.stop_reasons),
            lengths,
        ),
        ranges: sums(&ranges(&then.ranges), &ranges(&now.ranges), lengths),
        scheduling: SchedulingChange {
            before: scheduling(before),
            after: scheduling(after),
        },
        origins: origins(before, after, paired),
    }
}

/// Counts and ns by name.
type Sums = BTreeMap<String, (u64, i64)>;

/// By growth of the time in each second, then by name.
fn sums(before: &Sums, after: &Sums, lengths: (i64, i64)) -> Vec<SumChange> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let sum = |of: &Sums, name: &String, length: i64| {
        let (count, ns) = of.get(name).copied().unwrap_or_default();
        Sum {
            count,
            ns,
            ns_per_second: by_second(ns, length),
        }
    };
    let change = |name: &String| SumChange {
        name: name.clone(),
        before: sum(before, name, lengths.0),
        after: sum(after, name, lengths.1),
    };
    let mut changes: Vec<SumChange> = names.into_iter().map(change).collect();
    changes.sort_by_key(|sum| std::cmp::Reverse(sum.grown()));
    changes
}

/// What `ns` of a trace of `length` ns are in each second.
fn by_second(ns: i64, length: i64) -> i64 {
    let scaled = i128::from(ns) * 1_000_000_000 / i128::from(length.max(1));
    i64::try_from(scaled).unwrap_or(i64::MAX)
}

impl SumChange {
    /// How much more time of each second it takes, in ns.
    fn grown(&self) -> i64 {
        self.after
            .ns_per_second
            .saturating_sub(self.before.ns_per_second)
    }

    /// True where it takes notably more, and a multiple of what it took.
    pub(super) fn grew_much(&self) -> bool {
        self.after.ns_per_second >= NOTABLE
            && self.after.ns_per_second >= self.before.ns_per_second.saturating_mul(TIMES_MORE)
    }
}

fn scheduling(summary: &TraceSummary) -> Scheduling {
    let runs = summary.trace.go_transitions.get("Runnable->Running");
    let runs = runs.copied().unwrap_or(0);
    let waited = summary
        .trace
        .state_time_ns
        .get("Runnable")
        .copied()
        .unwrap_or(0);
    let longest = summary.findings.longest_runnable.first();
    Scheduling {
        runs,
        mean_ns: waited / i64::try_from(runs.max(1)).unwrap_or(i64::MAX),
        longest_ns: longest.map_or(0, |stretch| stretch.ns),
        goroutine: longest.map(|stretch| stretch.goroutine),
        site: longest.and_then(|stretch| stretch.place()).map(shown),
    }
}

pub(super) fn shown(place: &trace::Place) -> Place {
    Place {
        func: place.func.to_string(),
        file: place.file.to_string(),
        line: place.line,
    }
}

/// By growth of those that are there at the end, then of those created. Origins are start functions: of who stands in the later trace and
/// was created before, that trace has no `go` statement.
fn origins(before: &TraceSummary, after: &TraceSummary, paired: &Paired) -> Vec<OriginChange> {
    let mut found: BTreeMap<&Name, (OriginSums, OriginSums, BTreeSet<&trace::Place>)> =
        BTreeMap::new();
    for (summary, later) in [(before, false), (after, true)] {
        let length = length(&summary.findings);
        for origin in &summary.findings.origins {
            if origin.start_func.is_empty() || !is_programs(&origin.start_func.0) {
                continue;
            }
            let (then, now, made) = found.entry(&origin.start_func).or_default();
            let sums = if later { now } else { then };
            made.extend(origin.created_at.first());
            sums.goroutines += origin.goroutines;
            sums.created += if origin.created_at.is_empty() {
                0
            } else {
                origin.goroutines
            };
            sums.running += by_second(origin.times.running, length);
            sums.runnable += by_second(origin.times.runnable, length);
            sums.waiting += by_second(origin.times.waiting, length);
            sums.syscall += by_second(origin.times.syscall, length);
        }
    }
    for group in &paired.groups {
        let (then, now, made) = found.entry(&group.start_func).or_default();
        then.alive += group.before;
        now.alive += group.after;
        made.extend(&group.created_at);
    }
    let change = |(start, (before, after, made)): (
        &Name,
        (OriginSums, OriginSums, BTreeSet<&trace::Place>),
    )| OriginChange {
        change: change_word(before.alive, after.alive),
        start_func: start.to_string(),
        created_at: match made.len() {
            1 => made.first().copied().map(shown),
            _ => None,
        },
        before,
        after,
    };
    let mut changes: Vec<OriginChange> = found.into_iter().map(change).collect();
    changes.sort_by_key(|origin| {
        let alive = origin.after.alive as i64 - origin.before.alive as i64;
        let created = origin.after.created as i64 - origin.before.created as i64;
        std::cmp::Reverse((alive, created))
    });
    changes
}
