//! Two execution traces of one process against each other: what grew, who did not move, and the verdict.
//!
//! Who stands in both is known by number (`analyze::trace::pair`); that one has no event in the whole later trace says more than two dumps
//! can. Sums of traces of different length are compared by the second. Read [`compare`] first; [`judge`] makes the sentences.

mod rates;

pub(super) use rates::length;

use super::change_word;
use super::report::trace::TraceDiff;
use super::report::{Capture, DiffReport, DiffVerdict, GroupChange, Process, SCHEMA, Turnover};
use crate::analyze::trace::pair::{self, PairGroup, Paired};
use crate::goruntime::tracewire::writers;
use crate::goruntime::waits::WaitKind;
use crate::model::trace::GoState;
use crate::model::{Evidence, Grade};
use crate::triage::notes;
use crate::triage::observe::finding;
use crate::triage::profiles::wait_word;
use crate::triage::report::{At, Category, CreatedBy, Finding, Place, Tool};
use crate::triage::trace::{TraceSummary, site_words, time};
use crate::triage::values::{call, count, grouped, sentence};
use rates::{difference, one_clock, shown};

/// Fewer new goroutines at one place are what a server under changing load has.
const GREW_LEAST: u64 = 10;

/// Growth counts where it is at least half of what was there, in halves.
const GREW_BY_HALVES: u64 = 3;

/// Of ten goroutines that were there, how many must stand still for the growth to be a leak and not load.
const STOOD_OF_TEN: u64 = 9;

/// A wait for a processor below this is no complaint, in ns: the scheduler's own time slice.
const LATE: i64 = 10_000_000;

/// So many times as much as before is worth a sentence.
const TIMES_MORE: i64 = 2;

/// What goroutines block on by their nature, the runtime's own or anybody's: no complaint.
const IDLE: [&str; 3] = [
    "GC background sweeper wait",
    "system goroutine wait",
    "sleep",
];

/// Sentences of one kind.
const SENTENCES_MOST: usize = 5;

/// Both traces, and what lies between.
struct Pair<'p> {
    before: &'p TraceSummary,
    after: &'p TraceSummary,
    paired: Paired,
    diff: TraceDiff,
    process: Process,
}

/// Compares two traces.
pub(super) fn compare(
    evidence: &Evidence<'_>,
    before: &TraceSummary,
    after: &TraceSummary,
) -> DiffReport {
    let paired = pair::compare(&before.findings.live, &after.findings.live);
    let pair = Pair {
        before,
        after,
        process: process(before, after, &paired),
        diff: difference(before, after, &paired),
        paired,
    };
    let (verdict, findings) = judge(&pair);
    let capture = |summary: &TraceSummary| Capture {
        input: summary.input,
        path: evidence
            .inputs
            .get(summary.input as usize)
            .map(|input| input.name.clone())
            .unwrap_or_default(),
        goroutines: summary.trace.goroutines.alive_at_end,
        profiles: Vec::new(),
        traced_ns: Some(length(&summary.findings)),
        go: writers(&summary.trace.header)
            .map(|row| row.words.trim_start_matches("Go ").to_owned()),
        incident: 1,
        incidents: 1,
        category: Category::Healthy,
        grade: Grade::Possible,
    };
    DiffReport {
        schema: SCHEMA,
        tool: Tool::this(),
        before: capture(before),
        after: capture(after),
        verdict,
        goroutines: turnover(&pair.paired),
        groups: pair
            .paired
            .groups
            .iter()
            .map(|group| group_change(&pair, group))
            .collect(),
        waits: Vec::new(),
        profiles: Vec::new(),
        findings,
        notes: notes(evidence),
        process: pair.process,
        traces: vec![pair.diff],
    }
}

fn turnover(paired: &Paired) -> Turnover {
    Turnover {
        stayed: paired.stayed,
        unmoved: paired.unmoved,
        ended: paired.ended,
        appeared: paired.appeared,
        created_about: None,
        highest_before: paired.highest.0,
        highest_after: paired.highest.1,
    }
}

/// One process or two, with what tells it.
fn process(before: &TraceSummary, after: &TraceSummary, paired: &Paired) -> Process {
    let mut against: Vec<(Grade, String)> = Vec::new();
    if let Some((id, then, now)) = paired.contradictions.first() {
        let said = format!(
            "goroutine {id} began with {then} in BEFORE and with {now} in AFTER, and a process never gives a number twice"
        );
        against.push((Grade::Confirmed, said));
    }
    if before.trace.header != after.trace.header {
        let said = format!(
            "Go versions differ: BEFORE has the header {:?}, AFTER {:?}",
            before.trace.header, after.trace.header
        );
        against.push((Grade::Confirmed, said));
    }
    let (then, now) = (&before.findings, &after.findings);
    if one_clock(before, after) {
        if now.first_ns < then.last_ns {
            let said = format!(
                "by the clock of the machine AFTER begins {} before BEFORE ends: they are given in the wrong order, or are of two processes",
                time(then.last_ns.saturating_sub(now.first_ns))
            );
            against.push((Grade::Confirmed, said));
        }
        if now.first_generation < then.first_generation + u64::from(then.generations) {
            let said = format!(
                "a process numbers the generations of its traces on: BEFORE ends with {}, and AFTER begins with {}",
                (then.first_generation + u64::from(then.generations)).saturating_sub(1),
                now.first_generation
            );
            against.push((Grade::Probable, said));
        }
    }
    if let Some(grade) = against.iter().map(|(grade, _)| *grade).max() {
        return Process {
            answer: "different",
            grade,
            reasons: against.into_iter().map(|(_, reason)| reason).collect(),
        };
    }
    match paired.agreed {
        0 => Process {
            answer: "unknown",
            grade: Grade::Unknown,
            reasons: vec![
                "no goroutine whose start function is known stands in both traces".to_owned(),
            ],
        },
        agreed => Process {
            answer: "same",
            grade: Grade::Probable,
            reasons: vec![format!(
                "{} in both traces with equal numbers and start functions, and none contradicts",
                count(agreed, "goroutine stands", "goroutines stand")
            )],
        },
    }
}

/// What they do, in the words of dumps where the stack tells it, else in those of the trace.
fn state(group: &PairGroup) -> String {
    match (group.state, group.waits) {
        (GoState::Waiting, Some(kind)) => wait_word(kind).to_owned(),
        (GoState::Waiting, None) if group.reason.is_empty() => "waiting".to_owned(),
        (GoState::Waiting, None) => group.reason.to_string(),
        (state, _) => state.name().to_lowercase(),
    }
}

fn group_change(pair: &Pair<'_>, group: &PairGroup) -> GroupChange {
    let waited = waited(pair, group).unwrap_or(0);
    GroupChange {
        change: change_word(group.before, group.after),
        before: group.before,
        after: group.after,
        unmoved: group.unmoved,
        waited_longer: group.unmoved,
        state: state(group),
        longest_wait_minutes: u32::try_from(waited / 60_000_000_000).unwrap_or(u32::MAX),
        site: group.stack.first().map(shown),
        stack: group.stack.iter().map(shown).collect(),
        created_by: group.created_at.as_ref().map(|made| CreatedBy {
            func: made.func.to_string(),
            file: made.file.to_string(),
            line: made.line,
            goroutine: None,
        }),
        goroutines: group.goroutines.clone(),
    }
}

/// How long the first of them has waited at least, in ns.
fn waited(pair: &Pair<'_>, group: &PairGroup) -> Option<i64> {
    let (then, now) = (&pair.before.findings, &pair.after.findings);
    let since = group.since_ns?;
    match one_clock(pair.before, pair.after) {
        true => Some(now.last_ns.saturating_sub(since.max(then.first_ns))),
        false if group.unmoved > 0 => Some(length(now)),
        false => None,
    }
}

/// A leak or a hang.
struct Claim {
    category: Category,
    grade: Grade,
    size: u64,
    said: String,
    culprit: Option<Place>,
    created_by: Option<Place>,
}

/// The verdict, and the statements in reading order.
fn judge(pair: &Pair<'_>) -> (DiffVerdict, Vec<Finding>) {
    let whole = [pair.before, pair.after].map(|summary| At {
        input: summary.input,
        line: 0,
    });
    let same = sentence(&pair.process.reasons.join("; "));
    let mut findings = vec![finding(
        super::verdict::process_sentence(&pair.process, &same),
        pair.process.grade,
        Vec::new(),
    )];
    let verdict = |category, grade, headline| DiffVerdict {
        category,
        grade,
        headline,
        culprit: None,
        created_by: None,
        evidence: whole.to_vec(),
    };
    if pair.process.answer == "different" {
        let headline = "the traces are no before and after of one process".to_owned();
        return (
            verdict(Category::None, pair.process.grade, headline),
            findings,
        );
    }
    let mut claims: Vec<Claim> = pair
        .paired
        .groups
        .iter()
        .filter_map(|group| claim(pair, group))
        .collect();
    claims.sort_by_key(|claim| {
        std::cmp::Reverse((
            claim.grade,
            claim.category == Category::LockHang,
            claim.size,
        ))
    });
    let further = claims.iter().skip(1).take(SENTENCES_MOST);
    findings
        .extend(further.map(|claim| finding(sentence(&claim.said), claim.grade, whole.to_vec())));
    let told = told(pair).into_iter();
    findings.extend(told.map(|said| finding(said, Grade::Confirmed, whole.to_vec())));
    let verdict = match claims.into_iter().next() {
        Some(claim) => DiffVerdict {
            culprit: claim.culprit,
            created_by: claim.created_by,
            ..verdict(claim.category, claim.grade, claim.said)
        },
        None => verdict(
            Category::Healthy,
            Grade::Possible,
            "nothing grew and nothing hangs between the traces".to_owned(),
        ),
    };
    (verdict, findings)
}

/// A group that keeps what it had and gets more, or waits for a lock that does not change hands.
fn claim(pair: &Pair<'_>, group: &PairGroup) -> Option<Claim> {
    if group.state != GoState::Waiting || group.waits.is_some_and(|kind| !kind.needs_another()) {
        return None;
    }
    let lock = group.waits.is_some_and(WaitKind::is_lock);
    let grown = group.after.saturating_sub(group.before);
    let stood = group.before > 0 && group.unmoved * 10 >= group.before * STOOD_OF_TEN;
    let much = grown >= GREW_LEAST && group.after * 2 >= group.before * GREW_BY_HALVES;
    let grade = match (lock, stood) {
        // The same ones wait through all of the later trace, and more have come: it did not change hands.
        (true, true) if grown > 0 => Grade::Probable,
        (true, true) => Grade::Possible,
        (false, true) if much => Grade::Probable,
        (_, false) if much => Grade::Possible,
        _ => return None,
    };
    let site = group.stack.first();
    let stands = site.map_or(String::new(), |site| format!(" at {}", site_words(site)));
    let made = group.created_at.as_ref();
    let started = made.map_or(String::new(), |made| {
        format!(", started by {}", site_words(made))
    });
    let kept = match (group.before, group.unmoved) {
        (0, _) => "none before".to_owned(),
        (before, unmoved) if before == unmoved => format!(
            "{} before, none of which has had an event since",
            grouped(before)
        ),
        (before, unmoved) => format!(
            "{} before, of which {} have had no event since",
            grouped(before),
            grouped(unmoved)
        ),
    };
    let waited = waited(pair, group).filter(|_| group.unmoved > 0);
    let waited = waited.map_or(String::new(), |ns| {
        format!("; the first has waited for at least {}", time(ns))
    });
    let who = match (lock, grown) {
        (true, _) => count(group.after, "goroutine waits", "goroutines wait"),
        _ => count(grown, "more goroutine waits", "more goroutines wait"),
    };
    let doing = match group.waits.is_none() && group.reason.is_empty() {
        true => String::new(),
        false => format!(" in {}", state(group)),
    };
    Some(Claim {
        category: match lock {
            true => Category::LockHang,
            false => Category::GoroutineLeak,
        },
        grade,
        size: grown,
        said: format!(
            "{who}{doing}{stands}{started}: {kept}, {} after{waited}",
            grouped(group.after)
        ),
        culprit: site.map(shown),
        created_by: made.map(shown),
    })
}

/// What the numbers say beside the verdict.
fn told(pair: &Pair<'_>) -> Vec<String> {
    let (diff, paired) = (&pair.diff, &pair.paired);
    let mut said = Vec::new();
    let between = diff
        .between_ns
        .map_or(String::new(), |ns| format!(", {} apart", time(ns)));
    said.push(format!(
        "BEFORE is {} long and AFTER {}{between}; times are compared by the second.",
        time(diff.before.ns),
        time(diff.after.ns)
    ));
    said.push(format!(
        "Of the program's goroutines at the end of BEFORE {} ended since; {} in both, {} of them without an event in AFTER; {} new.",
        grouped(paired.ended),
        count(paired.stayed, "stands", "stand"),
        grouped(paired.unmoved),
        count(paired.appeared, "is", "are")
    ));
    if paired.unplaced > 0 {
        said.push(format!(
            "{} through all of AFTER, and nothing tells where; some of them may be the runtime's. From Go 1.23 on a trace has their stacks.",
            count(paired.unplaced, "goroutine waited", "goroutines waited")
        ));
    }
    said.extend(later(diff));
    for (sums, what) in [
        (&diff.blocked, "blocked on"),
        (&diff.stopped, "waited for a processor after"),
    ] {
        let grown = sums
            .iter()
            .filter(|sum| sum.grew_much() && !IDLE.contains(&sum.name.as_str()))
            .take(SENTENCES_MOST);
        said.extend(grown.map(|sum| {
            format!(
                "Goroutines {what} {:?} for {} of each second, {} before ({} and {}).",
                sum.name,
                time(sum.after.ns_per_second),
                time(sum.before.ns_per_second),
                count(sum.after.count, "time", "times"),
                grouped(sum.before.count)
            )
        }));
    }
    let ranges = diff.ranges.iter().filter(|range| range.grew_much());
    said.extend(ranges.take(SENTENCES_MOST).map(|range| {
        format!(
            "The runtime's {} took {} of each second, {} before ({} and {}).",
            range.name,
            time(range.after.ns_per_second),
            time(range.before.ns_per_second),
            count(range.after.count, "time", "times"),
            grouped(range.before.count)
        )
    }));
    said
}

/// Goroutines wait longer for a processor.
fn later(diff: &TraceDiff) -> Option<String> {
    let (then, now) = (&diff.scheduling.before, &diff.scheduling.after);
    let late =
        now.longest_ns >= LATE && now.longest_ns >= then.longest_ns.saturating_mul(TIMES_MORE);
    let site = now
        .site
        .as_ref()
        .map_or(String::new(), |site| format!(" at {}", call(site)));
    late.then(|| {
        format!(
            "Goroutines wait longer for a processor: up to {}, {} before (goroutine {}{site}); {} on average, {} before.",
            time(now.longest_ns),
            time(then.longest_ns),
            now.goroutine.unwrap_or(0),
            time(now.mean_ns),
            time(then.mean_ns)
        )
    })
}
