//! Joined traces as values of the report.

use super::super::case::Case;
use super::super::report::{JoinReport, TracedGoroutine, TracedWaker};
use super::super::values::text;
use super::{Joined, own_frame, parties};
use crate::analyze::joined::Kinship;
use crate::analyze::trace::LiveGoroutine;
use crate::triage::report::Place;

/// Numbers listed of those that are not in the trace.
const ABSENT: usize = 20;

/// Groups of which the first goroutine is listed.
const GROUPS: usize = 20;

/// All traces held against the goroutines of the text; none where there are no goroutines.
pub(in crate::triage) fn reports(case: &Case<'_, '_>) -> Vec<JoinReport> {
    let with_text = case
        .joins
        .iter()
        .filter(|_| !case.incident.goroutines.is_empty());
    with_text.map(|joined| report(case, joined)).collect()
}

fn report(case: &Case<'_, '_>, joined: &Joined<'_>) -> JoinReport {
    let join = &joined.join;
    let kinship = match join.kinship {
        _ if joined.is_foreign(case) => "other-process",
        Kinship::Same => "same-process",
        Kinship::Other | Kinship::Strangers => "nothing-shared",
    };
    JoinReport {
        input: joined.summary.input,
        kinship: kinship.to_owned(),
        shared: join.shared,
        agreeing: join.agreeing,
        absent: join.absent.len() as u64,
        absent_goroutines: join.absent.iter().take(ABSENT).copied().collect(),
        contradicting: join.clashes.iter().map(|&(id, _)| id).collect(),
        goroutines: match joined.is_same(case) {
            true => listed(case, joined),
            false => Vec::new(),
        },
    }
}

fn listed(case: &Case<'_, '_>, joined: &Joined<'_>) -> Vec<TracedGoroutine> {
    let mut ids: Vec<u64> = parties(case)
        .iter()
        .map(|goroutine| goroutine.id.0)
        .collect();
    for group in case.census.groups.iter().take(GROUPS) {
        let first = case.census.members(group).first().and_then(|&at| {
            let block = case.incident.goroutines.get(at as usize)?;
            Some(block.of(case.evidence)?.id.0)
        });
        ids.extend(first.filter(|id| !ids.contains(id)));
    }
    let seen = ids.into_iter().filter_map(|id| joined.live().get(id));
    seen.map(|seen| traced(joined, &seen)).collect()
}

fn traced(joined: &Joined<'_>, seen: &LiveGoroutine<'_>) -> TracedGoroutine {
    let uses = joined.summary.findings.map_uses.iter();
    TracedGoroutine {
        goroutine: seen.id(),
        start_func: text(seen.start_func()),
        state: seen.state().name().to_owned(),
        reason: text(seen.reason()),
        for_ns: seen.for_ns(),
        since_before: seen.since_before(),
        at: own_frame(seen.stack()).map(|frame| Place {
            func: frame.func.to_string(),
            file: frame.file.to_string(),
            line: frame.line,
        }),
        wakers: seen
            .wakers()
            .map(|(goroutine, reason, times)| TracedWaker {
                goroutine,
                reason: text(reason),
                times,
            })
            .collect(),
        map_sights: uses
            .filter(|used| used.goroutine == seen.id())
            .map(|used| used.samples + used.events)
            .sum(),
        states: joined.live().line(seen.id()).map(str::to_owned),
    }
}
