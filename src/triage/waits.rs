//! Waits, hangs and leaks in the words of the report.

use super::case::Case;
use super::observe::finding;
use super::report::{At, Category, Finding, Wait, WaitSite};
use super::values::{at, count, place, sentence, site};
use crate::analyze::accesses::user_site;
use crate::analyze::incident::GoroutineRef;
use crate::analyze::leaks::{HangFinding, HangKind, LeakFinding, LeakReason};
use crate::analyze::waits::{self, Cycle, HolderReason};
use crate::model::{FrameId, Grade};

/// Lines of evidence given for one finding; the groups list the rest.
const EVIDENCE_MOST: usize = 8;

/// Findings of each kind that get a sentence; the table of waits has them all.
const SENTENCES_MOST: usize = 5;

/// A hang or a leak, where the text shows one. A lock hang holds goroutines up, so it is named before a leak of the same grade.
pub(super) fn verdict(case: &Case<'_, '_>) -> Option<(Category, Grade)> {
    let hang = case
        .hangs
        .first()
        .map(|hang| (Category::LockHang, hang.grade));
    let leak = case
        .leaks
        .first()
        .map(|leak| (Category::GoroutineLeak, leak.grade));
    match (hang, leak) {
        (Some(hang), Some(leak)) if leak.1 > hang.1 => Some(leak),
        (hang, leak) => hang.or(leak),
    }
}

/// The line that waits, or where the leaked goroutines are blocked; for the runtime's own deadlock, the largest wait.
pub(super) fn culprit(case: &Case<'_, '_>) -> Option<FrameId> {
    let waited = |index: Option<usize>| {
        case.waits
            .waits
            .get(index?)?
            .sites
            .first()
            .map(|&(site, _)| site)
    };
    let hang = case.hangs.first().and_then(|hang| {
        let first = || {
            user_site(
                case.evidence,
                hang.goroutines.first()?.of(case.evidence)?.stack,
            )
        };
        holder_frame(case, hang)
            .or(waited(hang.wait))
            .or_else(first)
    });
    match case.category {
        Category::GoroutineLeak => case.leaks.first().map(|leak| leak.blocked_at),
        Category::DeadlockAllAsleep => waited(Some(0)),
        _ => hang,
    }
}

/// Where the holder of the hang's lock stands, if one is known at least probably.
fn holder_frame(case: &Case<'_, '_>, hang: &HangFinding) -> Option<FrameId> {
    let holder = case
        .waits
        .waits
        .get(hang.wait?)?
        .holders
        .first()
        .filter(|holder| holder.grade >= Grade::Probable)?;
    user_site(case.evidence, holder.goroutine.of(case.evidence)?.stack)
}

/// The sentence for the top of the page.
pub(super) fn headline(case: &Case<'_, '_>) -> String {
    match (case.category, case.hangs.first(), case.leaks.first()) {
        (Category::LockHang, Some(hang), _) => hang_headline(case, hang),
        (Category::GoroutineLeak, _, Some(leak)) => leak_sentence(case, leak),
        _ => String::new(),
    }
}

fn hang_headline(case: &Case<'_, '_>, hang: &HangFinding) -> String {
    if let Some(cycle) = hang.cycle.and_then(|index| case.waits.cycles.get(index)) {
        return cycle_sentence(case, cycle);
    }
    let Some(wait) = hang.wait.and_then(|index| case.waits.waits.get(index)) else {
        return format!(
            "{} do not go on",
            count(u64::from(hang.count), "goroutine", "goroutines")
        );
    };
    let mut said = wait_sentence(case, wait);
    if let Some(holder) = wait
        .holders
        .first()
        .filter(|holder| holder.grade >= Grade::Probable)
        && let Some(goroutine) = holder.goroutine.of(case.evidence)
    {
        let stands = user_site(case.evidence, goroutine.stack)
            .map(|id| format!(", which stands in {}", site(case.evidence, id)));
        said.push_str(&format!(
            "; {} held by goroutine {}{}",
            holder_word(holder.grade),
            goroutine.id,
            stands.unwrap_or_default()
        ));
    }
    said
}

/// `40 goroutines wait for one sync.Mutex (0xc00001c0a8) at main.(*Ledger).Post (main.go:31), the longest for 12 minutes`
pub(super) fn wait_sentence(case: &Case<'_, '_>, wait: &waits::Wait) -> String {
    let address = wait
        .address
        .map(|address| format!(" ({address})"))
        .unwrap_or_default();
    let place = wait
        .sites
        .first()
        .map(|&(id, _)| format!(" at {}", site(case.evidence, id)))
        .unwrap_or_default();
    let others = match wait.sites.len() {
        0 | 1 => String::new(),
        more => format!(
            " and {}",
            count(more as u64 - 1, "other line", "other lines")
        ),
    };
    let longest = wait.longest_wait_minutes.map(|minutes| {
        format!(
            ", the longest for {}",
            count(u64::from(minutes), "minute", "minutes")
        )
    });
    let verb = if wait.waiters.len() == 1 {
        "waits"
    } else {
        "wait"
    };
    // Without an address nothing shows that it is the same one for all.
    let one = match (
        wait.address.or(wait.through),
        wait.waiters.len(),
        wait.object.is_select(),
    ) {
        (Some(_), _, _) => "for one",
        (None, _, true) => "in a",
        (None, 1, false) => "for a",
        (None, _, false) => "for a (or several)",
    };
    format!(
        "{} {verb} {one} {}{address}{place}{others}{}",
        count(wait.waiters.len() as u64, "goroutine", "goroutines"),
        wait.object.name(),
        longest.unwrap_or_default()
    )
}

/// `goroutines 7 and 8 wait for each other's locks: …`
fn cycle_sentence(case: &Case<'_, '_>, cycle: &Cycle) -> String {
    let goroutines = cycle.goroutines.iter().filter_map(|&position| {
        case.incident
            .goroutines
            .get(position as usize)?
            .of(case.evidence)
    });
    let parts: Vec<String> = goroutines
        .map(|goroutine| {
            let place = user_site(case.evidence, goroutine.stack)
                .map(|id| format!(" in {}", site(case.evidence, id)));
            format!("goroutine {}{}", goroutine.id, place.unwrap_or_default())
        })
        .collect();
    format!(
        "{} wait for each other's locks in a ring: {}",
        count(parts.len() as u64, "goroutine", "goroutines"),
        parts.join(" → ")
    )
}

fn leak_sentence(case: &Case<'_, '_>, leak: &LeakFinding) -> String {
    let made = leak
        .created_by
        .map(|id| format!(", started by {}", site(case.evidence, id)))
        .unwrap_or_default();
    let why = match leak.reason {
        LeakReason::MarkedLeaked => "the runtime's leak collector found them unreachable",
        LeakReason::WaitsForEver => "nothing can ever wake them",
        LeakReason::Senders => "nobody receives",
        LeakReason::Orphans => "those that started them are gone",
        LeakReason::TooMany => "too many for any pool of workers",
        LeakReason::Alike => {
            "alike and in great number, though an idle pool of workers looks the same"
        }
    };
    let verb = if leak.count == 1 { "is" } else { "are" };
    format!(
        "{} {verb} stuck in {} at {}{made}: {why}",
        count(u64::from(leak.count), "goroutine", "goroutines"),
        leak.object.name(),
        site(case.evidence, leak.blocked_at)
    )
}

/// Statements for step 2.
pub(super) fn findings(case: &Case<'_, '_>) -> Vec<Finding> {
    let hangs = case
        .hangs
        .iter()
        .take(SENTENCES_MOST)
        .filter(|hang| hang.kind != HangKind::AllAsleep);
    let mut findings: Vec<Finding> = hangs
        .map(|hang| {
            finding(
                sentence(&hang_finding(case, hang)),
                hang.grade,
                headers(case, &hang.goroutines),
            )
        })
        .collect();
    findings.extend(case.leaks.iter().take(SENTENCES_MOST).map(|leak| {
        let said = leak_sentence(case, leak);
        finding(sentence(&said), leak.grade, headers(case, &leak.goroutines))
    }));
    if findings.is_empty() || case.category == Category::DeadlockAllAsleep {
        findings.extend(plain_waits(case));
    }
    findings
}

fn hang_finding(case: &Case<'_, '_>, hang: &HangFinding) -> String {
    match hang.kind {
        HangKind::TestTimeout => {
            let blocked = count(
                u64::from(hang.count),
                "goroutine of a test is",
                "goroutines of tests are",
            );
            let first = hang
                .goroutines
                .first()
                .and_then(|block| user_site(case.evidence, block.of(case.evidence)?.stack));
            let place = first
                .map(|id| format!(", at {}", site(case.evidence, id)))
                .unwrap_or_default();
            format!("{blocked} blocked{place}: that is what ran out of time")
        }
        _ => hang_headline(case, hang),
    }
}

/// The largest waits, where they are no finding of their own but the process did not go on.
fn plain_waits(case: &Case<'_, '_>) -> Vec<Finding> {
    if !matches!(
        case.category,
        Category::DeadlockAllAsleep | Category::TestTimeout | Category::Signal
    ) {
        return Vec::new();
    }
    let described = case.waits.waits.iter().take(SENTENCES_MOST).map(|wait| {
        let blocks: Vec<GoroutineRef> = wait
            .waiters
            .iter()
            .filter_map(|&position| case.incident.goroutines.get(position as usize).copied())
            .collect();
        finding(
            sentence(&wait_sentence(case, wait)),
            Grade::Confirmed,
            headers(case, &blocks),
        )
    });
    described.collect()
}

/// The header lines of goroutines.
fn headers(case: &Case<'_, '_>, blocks: &[GoroutineRef]) -> Vec<At> {
    let first = blocks.iter().take(EVIDENCE_MOST);
    first
        .filter_map(|block| {
            Some(at(
                case.evidence,
                block.document,
                block.of(case.evidence)?.line,
            ))
        })
        .collect()
}

/// Statements for step 3: the locks, and who may hold them.
pub(super) fn anatomy(case: &Case<'_, '_>) -> Vec<Finding> {
    let hung = case
        .hangs
        .iter()
        .filter_map(|hang| case.waits.waits.get(hang.wait?));
    let locks = hung
        .filter(|wait| wait.object.is_lock())
        .take(SENTENCES_MOST);
    locks.flat_map(|wait| holder_findings(case, wait)).collect()
}

fn holder_findings(case: &Case<'_, '_>, wait: &waits::Wait) -> Vec<Finding> {
    let name = match wait.address {
        Some(address) => format!("the {} at {address}", wait.object.name()),
        None => format!("the {}", wait.object.name()),
    };
    if wait.holders.is_empty() {
        let said = format!(
            "Who holds {name} is not shown: Go keeps no record of a lock's owner, and no other goroutine in the text is tied to it."
        );
        return vec![finding(said, Grade::Unknown, Vec::new())];
    }
    let described = wait.holders.iter().filter_map(|holder| {
        let goroutine = holder.goroutine.of(case.evidence)?;
        let why = match holder.reason {
            HolderReason::RunsOnce => "it runs the function of this sync.Once",
            HolderReason::SameObject => "a frame of it was handed the lock or the object that contains it, and it does not wait for it",
            HolderReason::SameType => "it stands in a method of the type whose methods wait, and does not wait itself",
        };
        let stands = user_site(case.evidence, goroutine.stack).map(|id| format!(" in {}", site(case.evidence, id))).unwrap_or_default();
        let said = format!("Goroutine {}{stands} {} {name}: {why}.", goroutine.id, holds(holder.grade));
        Some(finding(said, holder.grade, headers(case, &[holder.goroutine])))
    });
    described.collect()
}

/// All waits as reported.
pub(super) fn waits(case: &Case<'_, '_>) -> Vec<Wait> {
    let report = |wait: &waits::Wait| Wait {
        kind: wait.object.name().to_owned(),
        address: wait.address.map(|address| address.to_string()),
        waiters: wait.waiters.len() as u64,
        longest_wait_minutes: wait.longest_wait_minutes.unwrap_or(0),
        holder: wait
            .holder()
            .and_then(|holder| holder.goroutine.of(case.evidence))
            .map(|goroutine| goroutine.id.0),
        sites: wait
            .sites
            .iter()
            .map(|&(id, waiters)| wait_site(case, id, waiters))
            .collect(),
        goroutines: ids(case, wait),
    };
    case.waits.waits.iter().map(report).collect()
}

fn wait_site(case: &Case<'_, '_>, id: FrameId, waiters: u32) -> WaitSite {
    let place = place(case.evidence, id);
    WaitSite {
        func: place.func,
        file: place.file,
        line: place.line,
        waiters: u64::from(waiters),
    }
}

fn ids(case: &Case<'_, '_>, wait: &waits::Wait) -> Vec<u64> {
    let blocks = wait.waiters.iter().filter_map(|&position| {
        case.incident
            .goroutines
            .get(position as usize)?
            .of(case.evidence)
    });
    blocks.map(|goroutine| goroutine.id.0).collect()
}

/// How sure it is that a goroutine holds a lock.
pub(super) fn holds(grade: Grade) -> &'static str {
    match grade {
        Grade::Confirmed => "holds",
        Grade::Probable => "probably holds",
        Grade::Possible | Grade::Unknown => "may hold",
    }
}

/// How sure a holder is, in a sentence.
fn holder_word(grade: Grade) -> &'static str {
    if grade == Grade::Confirmed {
        "it is"
    } else {
        "it is probably"
    }
}
