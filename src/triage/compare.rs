//! From two captures to a verdict: what leaks, what hangs, or that nothing did.
//!
//! `gotriage diff` calls [`compare_with_traces`]; numbers come from `analyze::compare`, [`verdict`] judges them, [`report`] holds the types.
//! Two captures show what one cannot: that goroutines stand where they stood, and that more have come.

mod profiles;
pub mod report;
mod traces;
mod verdict;

use super::case::Case;
use super::report::{CreatedBy, Tool, Wait};
use super::trace::TraceSummary;
use super::values::{count, grouped, name, place, site, stands};
use super::{Options, memory, notes, waits};
use crate::analyze::compare::{self, Comparison, ID_BATCH, Identity, Side};
use crate::analyze::incident::{GoroutineRef, Incident, incidents};
use crate::model::{Evidence, FrameId, Grade, InputId};
use profiles::ProfilePair;
use report::{Capture, DiffReport, GroupChange, Process, SCHEMA, Turnover, WaitChange};
use std::cmp::Ordering;

/// Compares the incidents of the first two inputs of the evidence, the earlier capture first; `None` where there are not two.
///
/// Of an input with several incidents the last one with goroutines is taken: the captures that are nearest to each other.
pub fn compare(evidence: &Evidence<'_>, options: &Options) -> Option<DiffReport> {
    compare_with_traces(evidence, &[], options)
}

/// The same where execution traces are among the inputs: two of them are compared with each other.
pub fn compare_with_traces(
    evidence: &Evidence<'_>,
    traces: &[TraceSummary],
    options: &Options,
) -> Option<DiffReport> {
    let [first, second, ..] = &evidence.inputs[..] else {
        return None;
    };
    let trace_of = |input: InputId| traces.iter().find(|trace| trace.input == input.0);
    if let (Some(before), Some(after)) = (trace_of(first.id), trace_of(second.id)) {
        return Some(traces::compare(evidence, before, after));
    }
    let found = incidents(evidence, true);
    let (old, new) = (last_of(&found, first.id), last_of(&found, second.id));
    let empty = Incident::empty(first.id);
    let case = |at: Option<usize>| {
        let incident = at.and_then(|at| found.get(at)).unwrap_or(&empty);
        Case::new(evidence, incident, options.go, memory::Capture::default())
    };
    let (before, after) = (case(old), case(new));
    let comparison = compare::compare(evidence, side(&before), side(&after));
    let both_dumps = before.census.total > 0 && after.census.total > 0;
    let profiles = profiles::pairs(&before, &after);
    let process = match both_dumps || profiles.is_empty() {
        true => process(evidence, &comparison),
        false => profiles::process(evidence, &profiles),
    };
    let pair = Pair {
        before: &before,
        after: &after,
        comparison: &comparison,
        profiles,
        process,
    };
    let (verdict, findings) = match both_dumps || pair.profiles.is_empty() {
        true => verdict::judge(&pair),
        false => profiles::judge(&pair),
    };
    Some(DiffReport {
        schema: SCHEMA,
        tool: Tool::this(),
        before: Capture {
            traced_ns: trace_of(first.id).map(|trace| traces::length(&trace.findings)),
            ..capture(&before, first.id, &found, old)
        },
        after: Capture {
            traced_ns: trace_of(second.id).map(|trace| traces::length(&trace.findings)),
            ..capture(&after, second.id, &found, new)
        },
        verdict,
        goroutines: turnover(&comparison),
        groups: if both_dumps {
            groups(&pair)
        } else {
            Vec::new()
        },
        waits: if both_dumps {
            wait_changes(&pair)
        } else {
            Vec::new()
        },
        profiles: profiles::reports(&pair),
        findings,
        notes: notes(evidence),
        process: pair.process,
        traces: Vec::new(),
    })
}

/// A program that is started anew gives the goroutines of its first moments the same ids: fewer shared ones than this prove little.
const SHARED_BY_CHANCE: u32 = 16;

/// Both captures, and what lies between.
struct Pair<'p, 'c, 't> {
    before: &'p Case<'c, 't>,
    after: &'p Case<'c, 't>,
    comparison: &'p Comparison,
    profiles: Vec<ProfilePair<'c, 't>>,
    process: Process,
}

/// The last incident of an input that has goroutines, else profiles.
fn last_of(found: &[Incident], input: InputId) -> Option<usize> {
    let last = |has: fn(&Incident) -> bool| {
        let mut all = found.iter();
        all.rposition(|incident| incident.inputs.contains(&input) && has(incident))
    };
    last(|incident| !incident.goroutines.is_empty())
        .or_else(|| last(|incident| !incident.profiles.is_empty()))
}

fn side<'s>(case: &'s Case<'_, '_>) -> Side<'s> {
    Side {
        incident: case.incident,
        census: &case.census,
        waits: &case.waits,
        go: &case.go,
    }
}

fn capture(case: &Case<'_, '_>, input: InputId, found: &[Incident], at: Option<usize>) -> Capture {
    let own = |incident: &&Incident| incident.inputs.contains(&input);
    let until = at.map_or(0, |at| at + 1);
    Capture {
        input: input.0,
        path: case
            .evidence
            .inputs
            .get(input.0 as usize)
            .map(|input| input.name.clone())
            .unwrap_or_default(),
        goroutines: u64::from(case.census.total),
        profiles: profiles::kinds(case),
        traced_ns: None,
        go: case.go.version.map(|version| version.to_string()),
        incident: found.iter().take(until).filter(own).count() as u32,
        incidents: found.iter().filter(own).count() as u32,
        category: case.category,
        grade: case.grade,
    }
}

fn turnover(comparison: &Comparison) -> Turnover {
    Turnover {
        stayed: u64::from(comparison.stayed),
        unmoved: u64::from(comparison.unmoved),
        ended: u64::from(comparison.ended),
        appeared: u64::from(comparison.appeared),
        created_about: comparison.created(),
        highest_before: comparison.highest.0.map(|id| id.0),
        highest_after: comparison.highest.1.map(|id| id.0),
    }
}

/// `grew`, `shrank`, `appeared`, `vanished` or `equal`.
fn change_word(before: u64, after: u64) -> &'static str {
    match (before, after) {
        (0, 0) => "equal",
        (0, _) => "appeared",
        (_, 0) => "vanished",
        _ if after > before => "grew",
        _ if after < before => "shrank",
        _ => "equal",
    }
}

fn groups(pair: &Pair<'_, '_, '_>) -> Vec<GroupChange> {
    let evidence = pair.after.evidence;
    let report = |group: &compare::GroupChange| GroupChange {
        change: change_word(u64::from(group.before), u64::from(group.after)),
        before: u64::from(group.before),
        after: u64::from(group.after),
        unmoved: u64::from(group.unmoved),
        waited_longer: u64::from(group.waited_longer),
        state: name(evidence, group.state),
        longest_wait_minutes: group.longest_wait_minutes.unwrap_or(0),
        site: stands(evidence, group.stack).map(|id| place(evidence, id)),
        stack: evidence
            .symbols
            .frame_ids(group.stack)
            .iter()
            .map(|&id| place(evidence, id))
            .collect(),
        created_by: group.created_by.map(|id| {
            let site = place(evidence, id);
            CreatedBy {
                func: site.func,
                file: site.file,
                line: site.line,
                goroutine: None,
            }
        }),
        goroutines: group
            .goroutines
            .iter()
            .filter_map(|block| block.of(evidence))
            .map(|goroutine| goroutine.id.0)
            .collect(),
    };
    pair.comparison.groups.iter().map(report).collect()
}

fn wait_changes(pair: &Pair<'_, '_, '_>) -> Vec<WaitChange> {
    let (then, now) = (waits::waits(pair.before), waits::waits(pair.after));
    let report = |change: &compare::WaitChange| {
        let before = change.before.and_then(|at| then.get(at)).cloned();
        let after = change.after.and_then(|at| now.get(at)).cloned();
        let waiters = |wait: &Option<Wait>| wait.as_ref().map_or(0, |wait| wait.waiters);
        WaitChange {
            change: change_word(waiters(&before), waiters(&after)),
            unmoved: u64::from(change.unmoved),
            before,
            after,
        }
    };
    pair.comparison.waits.iter().map(report).collect()
}

/// One process or two, with what tells it.
fn process(evidence: &Evidence<'_>, comparison: &Comparison) -> Process {
    let mut against: Vec<(Grade, String)> = contradictions(evidence, &comparison.identity);
    let (before, after) = comparison.highest;
    if let (true, Some(before), Some(after)) = (comparison.identity.ids_fell, before, after) {
        against.push((
            Grade::Probable,
            format!(
                "the ids of all {} goroutines that only AFTER has lie below {before}, the highest of BEFORE (AFTER's own is {after}): AFTER is older, or of a process that was started anew",
                comparison.appeared
            ),
        ));
    }
    let grade = against.iter().map(|(grade, _)| *grade).max();
    if let Some(grade) = grade {
        return Process {
            answer: "different",
            grade,
            reasons: against.into_iter().map(|(_, reason)| reason).collect(),
        };
    }
    let shared = comparison.identity.shared;
    if shared == 0 {
        return Process {
            answer: "unknown",
            grade: Grade::Unknown,
            reasons: vec!["no goroutine but the main one is in both captures".to_owned()],
        };
    }
    let mut reasons = vec![format!(
        "{} in both captures with equal ids and go statements, and none contradicts",
        count(u64::from(shared), "goroutine stands", "goroutines stand")
    )];
    let longer = comparison
        .groups
        .iter()
        .any(|group| group.waited_longer > 0);
    if comparison.identity.waits_shrank {
        reasons.push("waits became shorter: BEFORE may be the later capture".to_owned());
    }
    Process {
        answer: "same",
        grade: match shared >= SHARED_BY_CHANCE || longer {
            true => Grade::Probable,
            false => Grade::Possible,
        },
        reasons,
    }
}

fn contradictions(evidence: &Evidence<'_>, identity: &Identity) -> Vec<(Grade, String)> {
    let mut against = Vec::new();
    let made = |block: GoroutineRef| {
        let goroutine = block.of(evidence)?;
        let site = site(evidence, goroutine.created_by?);
        Some(match goroutine.parent {
            Some(parent) => (goroutine.id, format!("{site} in goroutine {parent}")),
            None => (goroutine.id, site),
        })
    };
    let first = identity.contradictions.first();
    if let Some(((id, then), (_, now))) =
        first.and_then(|&(then, now)| Some((made(then)?, made(now)?)))
    {
        let ids = count(
            identity.contradictions.len() as u64,
            "id stands",
            "ids stand",
        );
        against.push((
            Grade::Confirmed,
            format!(
                "{ids} for goroutines of different origin: goroutine {id} was created at {then} in BEFORE and at {now} in AFTER, and a process never gives an id twice"
            ),
        ));
    }
    if identity.releases_differ {
        let said = "no Go release fits both captures".to_owned();
        against.push((Grade::Probable, said));
    }
    if let Some((one, other)) = identity.builds_differ {
        let offset = |id: FrameId| {
            let frame = evidence.symbols.get(id);
            frame.and_then(|frame| frame.offset).unwrap_or_default()
        };
        against.push((
            Grade::Probable,
            format!(
                "the binaries differ: {} stands at +{:#x} in BEFORE and at +{:#x} in AFTER",
                site(evidence, one),
                offset(one),
                offset(other)
            ),
        ));
    }
    if identity.programs_differ {
        let said = "no function of user code is in both captures".to_owned();
        against.push((Grade::Probable, said));
    }
    against
}

/// How many goroutines were created, in words.
fn created_sentence(comparison: &Comparison) -> Option<(Grade, String)> {
    let (before, after) = (comparison.highest.0?, comparison.highest.1?);
    let ids = match before.cmp(&after) {
        Ordering::Less => format!("ids went up from {before} to {after}"),
        Ordering::Equal => format!("the highest id is {before} in both"),
        Ordering::Greater => format!("the highest id fell from {before} to {after}"),
    };
    let appeared = u64::from(comparison.appeared);
    let least = format!("At least {} created between", was(appeared));
    Some(match comparison.created() {
        Some(created) => (
            Grade::Probable,
            format!(
                "{least}, about {} as ids tell: {ids}. Each P takes them in batches of {ID_BATCH}, and those that have ended don't show.",
                grouped(created)
            ),
        ),
        _ if before > after => (
            Grade::Possible,
            format!("{least}; {ids}. Either the newest have ended, or AFTER is the older capture."),
        ),
        _ => (
            Grade::Probable,
            format!("{least}; ids tell no more: {ids}."),
        ),
    })
}

fn was(number: u64) -> String {
    count(number, "goroutine was", "goroutines were")
}
