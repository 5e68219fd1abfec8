//! What the numbers of a comparison amount to: a leak, a hang, or neither.
//!
//! A group that grows is a leak only where it keeps what it had: the old ones stand where they stood, and more came. Groups whose
//! members change are load. The thresholds stand beside their reasons.

use super::report::{DiffVerdict, Process};
use super::{Pair, created_sentence};
use crate::analyze::compare::{GroupChange, WaitChange};
use crate::analyze::incident::GoroutineRef;
use crate::analyze::leaks::is_idle;
use crate::analyze::waits::{Holder, Object, Wait};
use crate::goruntime::waits::wait_state;
use crate::model::{FrameId, Grade};
use crate::triage::case::Case;
use crate::triage::observe::finding;
use crate::triage::report::{At, Category, Finding};
use crate::triage::values::{at, count, grouped, name, place, sentence, site, stands};
use crate::triage::waits::{holds, wait_sentence};

/// Fewer new goroutines at one place are what a server under changing load has.
const GREW_LEAST: u32 = 10;

/// Growth counts where it is at least half of what was there: pools grow by a few, leaks by as many as there are requests.
const GREW_BY_HALVES: u32 = 3;

/// Of ten goroutines that were there, how many must stand still for the growth to be a leak and not load.
const STOOD_OF_TEN: u32 = 9;

/// Groups that get a sentence; the table has them all.
const SENTENCES_MOST: usize = 5;

/// Lines of evidence for one statement.
const EVIDENCE_MOST: usize = 6;

/// A leak or a hang.
struct Claim {
    category: Category,
    grade: Grade,
    size: u64,
    said: String,
    culprit: Option<FrameId>,
    created_by: Option<FrameId>,
    evidence: Vec<At>,
}

/// The verdict, and the statements in reading order.
pub(super) fn judge(pair: &Pair<'_, '_, '_>) -> (DiffVerdict, Vec<Finding>) {
    let mut findings = Vec::new();
    let same = sentence(&pair.process.reasons.join("; "));
    findings.push(finding(
        process_sentence(&pair.process, &same),
        pair.process.grade,
        Vec::new(),
    ));
    if pair.process.answer == "different" {
        let verdict = DiffVerdict {
            category: Category::None,
            grade: pair.process.grade,
            headline: "the captures are no before and after of one process".to_owned(),
            culprit: None,
            created_by: None,
            evidence: Vec::new(),
        };
        return (verdict, findings);
    }
    let mut claims: Vec<Claim> = hangs(pair).chain(leaks(pair)).collect();
    claims.sort_by_key(|claim| {
        let rank = (
            claim.grade,
            claim.category == Category::LockHang,
            claim.size,
        );
        std::cmp::Reverse(rank)
    });
    let said = claims.iter().skip(1).take(SENTENCES_MOST);
    findings.extend(
        said.map(|claim| finding(sentence(&claim.said), claim.grade, claim.evidence.clone())),
    );
    findings.extend(standing_still(pair));
    let created = created_sentence(pair.comparison);
    findings.extend(created.map(|(grade, said)| finding(said, grade, Vec::new())));
    let evidence = pair.after.evidence;
    let verdict = match claims.first() {
        Some(claim) => DiffVerdict {
            category: claim.category,
            grade: claim.grade,
            headline: claim.said.clone(),
            culprit: claim.culprit.map(|id| place(evidence, id)),
            created_by: claim.created_by.map(|id| place(evidence, id)),
            evidence: claim.evidence.clone(),
        },
        None => nothing(pair),
    };
    (verdict, findings)
}

/// Whether the captures are of one process.
pub(super) fn process_sentence(process: &Process, reasons: &str) -> String {
    let are = match process.grade {
        Grade::Confirmed => "are",
        Grade::Probable => "are probably",
        Grade::Possible | Grade::Unknown => "may be",
    };
    match process.answer {
        "same" => format!("The captures {are} of one process. {reasons}"),
        "different" => {
            format!("The captures {are} no before and after of one process. {reasons}")
        }
        _ => format!("Nothing tells whether the captures are of one process. {reasons}"),
    }
}

fn nothing(pair: &Pair<'_, '_, '_>) -> DiffVerdict {
    let comparison = pair.comparison;
    let grown = pair
        .after
        .census
        .total
        .saturating_sub(pair.before.census.total);
    let headline = if comparison.stayed == 0 && comparison.appeared + comparison.ended == 0 {
        "neither capture has a goroutine".to_owned()
    } else if grown >= GREW_LEAST {
        format!(
            "{} more than before, at no single place that keeps them",
            count(u64::from(grown), "goroutine", "goroutines")
        )
    } else {
        "nothing grew and nothing hangs between the captures".to_owned()
    };
    DiffVerdict {
        category: Category::Healthy,
        grade: Grade::Possible,
        headline,
        culprit: None,
        created_by: None,
        evidence: Vec::new(),
    }
}

/// Groups that keep what they had and get more.
fn leaks(pair: &Pair<'_, '_, '_>) -> impl Iterator<Item = Claim> {
    let grown = pair
        .comparison
        .groups
        .iter()
        .filter(|group| group.after > group.before || group.leaked > 0);
    grown.filter_map(|group| leak(pair, group))
}

fn leak(pair: &Pair<'_, '_, '_>, group: &GroupChange) -> Option<Claim> {
    let case = pair.after;
    let object =
        wait_state(case.evidence.symbols.text(group.state)).and_then(|row| Object::of(row.kind));
    if object.is_some_and(Object::is_lock) {
        return None;
    }
    let grown = group.after.saturating_sub(group.before);
    let stood = group.unmoved * 10 >= group.before * STOOD_OF_TEN;
    let much = group.after * 2 >= group.before * GREW_BY_HALVES;
    let grade = if group.leaked > 0 {
        Grade::Confirmed
    } else if grown < GREW_LEAST || object.is_none() || is_idle(case.evidence, group.stack) {
        return None;
    } else if group.before > 0 && stood && much {
        Grade::Probable
    } else {
        Grade::Possible
    };
    let here = stands(case.evidence, group.stack);
    let stands_at = here.map_or(String::new(), |id| {
        format!(" at {}", site(case.evidence, id))
    });
    let made = group.created_by;
    let started = made.map_or(String::new(), |id| {
        format!(", started by {}", site(case.evidence, id))
    });
    let kept = match (group.before, group.unmoved) {
        (0, _) => "none before".to_owned(),
        (before, unmoved) if before == unmoved => format!(
            "{} before, and none of those has moved",
            grouped(before.into())
        ),
        (before, unmoved) => format!(
            "{} before, of which {} stand where they stood",
            grouped(before.into()),
            grouped(unmoved.into())
        ),
    };
    let marked = match group.leaked {
        0 => String::new(),
        leaked => format!("; the runtime's leak collector found {leaked} unreachable"),
    };
    Some(Claim {
        category: Category::GoroutineLeak,
        grade,
        size: u64::from(grown),
        said: format!(
            "{} wait in {}{stands_at}{started}: {kept}, {} after{marked}",
            count(u64::from(grown), "more goroutine", "more goroutines"),
            name(case.evidence, group.state),
            grouped(group.after.into())
        ),
        culprit: here,
        created_by: made,
        evidence: headers(case, &group.goroutines),
    })
}

/// Locks whose waiters stand where they stood, or grew, and rings that hold.
fn hangs(pair: &Pair<'_, '_, '_>) -> impl Iterator<Item = Claim> {
    let changes = pair.comparison.waits.iter();
    changes.filter_map(|change| hang(pair, change))
}

fn hang(pair: &Pair<'_, '_, '_>, change: &WaitChange) -> Option<Claim> {
    let case = pair.after;
    let wait = case.waits.waits.get(change.after?)?;
    if !wait.object.is_lock() {
        return None;
    }
    let before = change.before.and_then(|at| pair.before.waits.waits.get(at));
    let then = before.map_or(0, |wait| wait.waiters.len() as u32);
    let now = wait.waiters.len() as u32;
    let alone = case.hangs.iter().find(|hang| hang.wait == change.after);
    let known = alone.map(|hang| hang.grade);
    let grade = match change.unmoved {
        0 => known?,
        // One lock for sure, the same goroutines at it, and more behind them or for longer: it did not change hands.
        _ if wait.address.or(wait.through).is_some()
            && (now > then || change.waited_longer > 0) =>
        {
            known.unwrap_or(Grade::Possible).max(Grade::Probable)
        }
        _ => known.unwrap_or(Grade::Possible),
    };
    let still = stayed_waiting(then, change.unmoved);
    let holder = wait.holders.first();
    let block = holder.and_then(|holder| holder.goroutine.of(case.evidence));
    let held = holder.map_or(String::new(), |holder| held_by(pair, holder));
    // Only one that is held to be the holder for a reason of its own is to be opened first.
    let blamed = block.filter(|_| holder.is_some_and(|holder| holder.grade >= Grade::Probable));
    let waits_at = wait.sites.first().map(|&(id, _)| id);
    Some(Claim {
        category: Category::LockHang,
        grade,
        size: u64::from(now),
        said: format!("{}{still}{held}", wait_sentence(case, wait)),
        culprit: blamed
            .and_then(|goroutine| stands(case.evidence, goroutine.stack))
            .or(waits_at),
        created_by: blamed
            .and_then(|goroutine| goroutine.created_by)
            .or(made(case, wait)),
        evidence: waiters(case, wait),
    })
}

/// What became of those that waited before.
fn stayed_waiting(then: u32, unmoved: u32) -> String {
    match (then, unmoved) {
        (0, _) => "; none did before".to_owned(),
        (then, 0) => format!(
            "; {} did before, none of which still waits",
            grouped(then.into())
        ),
        (then, unmoved) if then == unmoved => format!(
            "; {} did before, and all of those still wait",
            grouped(then.into())
        ),
        (then, unmoved) => format!(
            "; {} did before, of which {} still wait",
            grouped(then.into()),
            grouped(unmoved.into())
        ),
    }
}

/// Who holds the lock, at which grade, where, and whether it stood there before.
fn held_by(pair: &Pair<'_, '_, '_>, holder: &Holder) -> String {
    let evidence = pair.after.evidence;
    let Some(goroutine) = holder.goroutine.of(evidence) else {
        return String::new();
    };
    let at = stands(evidence, goroutine.stack);
    let at = at.map_or(String::new(), |id| {
        format!(", which stands in {}", site(evidence, id))
    });
    format!(
        ". Goroutine {} {} it{at}{}",
        goroutine.id,
        holds(holder.grade),
        stood(pair, holder.goroutine)
    )
}

/// The `go` statement of the first waiter.
fn made(case: &Case<'_, '_>, wait: &Wait) -> Option<FrameId> {
    let first = *wait.waiters.first()?;
    case.incident
        .goroutines
        .get(first as usize)?
        .of(case.evidence)?
        .created_by
}

/// Said of a holder that was there before.
fn stood(pair: &Pair<'_, '_, '_>, holder: GoroutineRef) -> &'static str {
    let evidence = pair.after.evidence;
    let now = holder.of(evidence);
    let then = now.and_then(|now| pair.before.incident.find(now.id)?.of(evidence));
    match (then, now) {
        (Some(then), Some(now)) if stands(evidence, then.stack) == stands(evidence, now.stack) => {
            ", as it did before"
        }
        _ => "",
    }
}

fn waiters(case: &Case<'_, '_>, wait: &Wait) -> Vec<At> {
    let blocks = wait.waiters.iter();
    let blocks: Vec<GoroutineRef> = blocks
        .filter_map(|&at| case.incident.goroutines.get(at as usize).copied())
        .collect();
    headers(case, &blocks)
}

fn headers(case: &Case<'_, '_>, blocks: &[GoroutineRef]) -> Vec<At> {
    let first = blocks.iter().take(EVIDENCE_MOST);
    let lines = first.filter_map(|block| {
        let line = block.of(case.evidence)?.line;
        Some(at(case.evidence, block.document, line))
    });
    let mut lines: Vec<At> = lines.collect();
    lines.sort_unstable();
    lines
}

/// How many stand where they stood, and what of that is proved by their waits.
fn standing_still(pair: &Pair<'_, '_, '_>) -> Option<Finding> {
    let comparison = pair.comparison;
    if comparison.stayed == 0 {
        return None;
    }
    let longer: u64 = comparison
        .groups
        .iter()
        .map(|group| u64::from(group.waited_longer))
        .sum();
    let proved = match longer {
        0 => String::new(),
        longer => format!(", {} for more minutes than before", grouped(longer)),
    };
    let said = format!(
        "{} in both captures, {} at the same place in the same state{proved}; {} ended, {} appeared.",
        count(
            u64::from(comparison.stayed),
            "goroutine is",
            "goroutines are"
        ),
        grouped(comparison.unmoved.into()),
        grouped(comparison.ended.into()),
        grouped(comparison.appeared.into())
    );
    Some(finding(said, Grade::Confirmed, Vec::new()))
}
