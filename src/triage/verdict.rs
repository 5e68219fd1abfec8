//! What happened, in one category, one grade and one sentence.

use super::case::Case;
use super::crash::{self, LastWords};
use super::maps::op_word;
use super::report::{Category, Verdict};
use super::values::{count, place, site, text};
use crate::analyze::conflict::{Conflict, ConflictKind, Party};
use crate::analyze::incident::IncidentKind;
use crate::goruntime::mapops::MapOp;
use crate::model::{FrameId, Grade, Item, RaceStack};

/// The category and how far it is carried.
pub(super) fn category(case: &Case<'_, '_>) -> (Category, Grade) {
    if let Some(fatal) = case.map_fatal {
        return (of_conflict(fatal.kind), Grade::Confirmed);
    }
    if let Some((_, words)) = &case.words {
        return match crash::category(words) {
            Category::Signal => of_signal(case),
            category => (category, Grade::Confirmed),
        };
    }
    match case.incident.kind {
        IncidentKind::RaceReports => (of_races(case), Grade::Confirmed),
        IncidentKind::TestFailure => (Category::TestFailure, Grade::Confirmed),
        IncidentKind::CutCrash => of_cut_crash(case),
        _ => of_capture(case),
    }
}

fn of_conflict(kind: ConflictKind) -> Category {
    match kind {
        ConflictKind::WriteWrite => Category::MapWriteWrite,
        ConflictKind::ReadWrite => Category::MapReadWrite,
        ConflictKind::IterateWrite => Category::MapIterateWrite,
        ConflictKind::CloneWrite => Category::MapCloneWrite,
    }
}

/// Somebody asked for the dump, or the process was stopped: a hang or a leak that it shows is the better answer.
fn of_signal(case: &Case<'_, '_>) -> (Category, Grade) {
    super::waits::verdict(case).unwrap_or((Category::Signal, Grade::Confirmed))
}

fn of_races(case: &Case<'_, '_>) -> Category {
    if case.maps.conflicts.is_empty() {
        Category::DataRaceReport
    } else {
        Category::MapRaceReport
    }
}

/// A dump without its first lines: the innermost frames tell what they can.
fn of_cut_crash(case: &Case<'_, '_>) -> (Category, Grade) {
    let Some(goroutine) = case.crash_goroutine() else {
        return (Category::None, Grade::Unknown);
    };
    let raises_map_error = case
        .evidence
        .symbols
        .frames(goroutine.stack)
        .next()
        .is_some_and(|frame| {
            case.evidence.symbols.text(frame.func) == b"internal/runtime/maps.fatal"
        });
    let op = case
        .maps
        .in_operations
        .iter()
        .find(|&&at| Some(at) == case.crasher)
        .and_then(|_| {
            crate::analyze::accesses::Stands::default()
                .of(case.evidence, goroutine.stack)
                .operations
                .first()
                .map(|(_, row)| row.op)
        });
    match (raises_map_error, op) {
        (true, Some(op)) => (of_conflict(ConflictKind::of(op)), Grade::Probable),
        (true, None) => (Category::MapWriteWrite, Grade::Possible),
        _ => (Category::RuntimePanic, Grade::Possible),
    }
}

/// A living process: two parties on one map, a hang, a leak, or nothing wrong. The stack of a goroutine that was panicking when it was
/// printed is a panic that somebody recovered and logged.
fn of_capture(case: &Case<'_, '_>) -> (Category, Grade) {
    if case.census.total == 0 {
        let traced = super::trace::verdict(case).unwrap_or((Category::None, Grade::Unknown));
        return super::profiles::verdict(case).unwrap_or(traced);
    }
    if case.logged_panic().is_some() {
        return (Category::CustomPanic, Grade::Possible);
    }
    if let Some(conflict) = case.maps.conflicts.first() {
        return (of_conflict(conflict.kind), conflict.grade);
    }
    super::waits::verdict(case).unwrap_or((Category::Healthy, Grade::Possible))
}

/// The verdict of a case.
pub(super) fn verdict(case: &Case<'_, '_>) -> Verdict {
    Verdict {
        category: case.category,
        grade: case.grade,
        headline: headline(case),
        culprit: culprit(case).map(|id| place(case.evidence, id)),
    }
}

/// The line to open first.
fn culprit(case: &Case<'_, '_>) -> Option<FrameId> {
    let best = case
        .maps
        .conflicts
        .first()
        .and_then(|conflict| conflict.parties.iter().find_map(|party| party.site));
    let raced = || {
        case.incident
            .races
            .iter()
            .find_map(|at| race_site(case, at.of(case.evidence)?))
    };
    let waiting = || super::waits::culprit(case).or_else(|| super::profiles::culprit(case));
    match case.category {
        Category::MapRaceReport => best.or_else(raced),
        Category::DataRaceReport => raced(),
        Category::CustomPanic if case.is_alive() => case.logged_panic(),
        Category::LockHang
        | Category::GoroutineLeak
        | Category::DeadlockAllAsleep
        | Category::TestTimeout => waiting(),
        Category::Healthy | Category::None | Category::Signal if case.crash_site().is_none() => {
            None
        }
        _ => case.crash_site().or(best),
    }
}

fn race_site(case: &Case<'_, '_>, item: &Item<'_>) -> Option<FrameId> {
    let Item::Race(report) = item else {
        return None;
    };
    report
        .accesses
        .iter()
        .find_map(|access| match access.stack {
            RaceStack::Known(stack) => crate::analyze::accesses::user_site(case.evidence, stack),
            RaceStack::Lost => None,
        })
}

fn headline(case: &Case<'_, '_>) -> String {
    if let Some(conflict) = case.maps.conflicts.first()
        && (case.map_fatal.is_some()
            || matches!(case.category, Category::MapRaceReport)
            || case.is_alive())
    {
        return conflict_headline(case, conflict);
    }
    if let Some((_, words)) = &case.words
        && !matches!(case.category, Category::LockHang | Category::GoroutineLeak)
    {
        return crash_headline(case, words);
    }
    if case.census.total == 0
        && case.is_alive()
        && let Some(said) = super::profiles::headline(case).or_else(|| super::trace::headline(case))
    {
        return said;
    }
    match case.category {
        Category::None => unread_headline(),
        Category::CustomPanic => logged_headline(case),
        Category::DataRaceReport => race_headline(case),
        Category::TestFailure => test_headline(case),
        Category::LockHang | Category::GoroutineLeak => super::waits::headline(case),
        Category::Healthy => {
            format!(
                "{}, nothing wrong seen in them",
                count(u64::from(case.census.total), "goroutine", "goroutines")
            )
        }
        _ => unannounced_headline(case),
    }
}

/// `goroutine 24 wrote a map in main.set (main.go:20) while goroutine 9 wrote it in main.set (main.go:20)`: no more than the grade of
/// each half allows.
fn conflict_headline(case: &Case<'_, '_>, conflict: &Conflict) -> String {
    let [first, second] = &conflict.parties;
    let half = |party: &Party| {
        let who = who(case, party);
        let did = past(party.op);
        let place = party
            .site
            .map(|id| format!(" in {}", site(case.evidence, id)))
            .unwrap_or_default();
        (who, did, place)
    };
    let (who, did, place) = half(first);
    let opening = format!("{who} {did} a map{place}");
    let (other, other_did, other_place) = half(second);
    match conflict.grade {
        Grade::Confirmed => format!("{opening} while {other} {other_did} it{other_place}"),
        Grade::Probable if second.goroutine.is_none() => {
            let crowd = suspects(case, conflict).unwrap_or(other);
            format!("{opening} while another goroutine wrote it, probably {crowd}{other_place}")
        }
        Grade::Probable => {
            format!("{opening} while another goroutine wrote it, probably {other}{other_place}")
        }
        Grade::Possible => {
            let suspects = suspects(case, conflict).unwrap_or(format!("{other}{other_place}"));
            format!("{opening} while another goroutine wrote it, possibly {suspects}")
        }
        Grade::Unknown => {
            format!("{opening} while another goroutine wrote it; the text does not show which")
        }
    }
}

/// `one of goroutines 6, 7 and 8`, where several are equally likely.
fn suspects(case: &Case<'_, '_>, conflict: &Conflict) -> Option<String> {
    let equal = case
        .maps
        .conflicts
        .iter()
        .filter(|other| other.map == conflict.map && other.grade == Grade::Possible);
    let ids: Vec<String> = equal
        .filter_map(|other| {
            Some(
                other.parties[1]
                    .goroutine?
                    .of(case.evidence)?
                    .id
                    .to_string(),
            )
        })
        .collect();
    let (last, others) = ids.split_last().filter(|(_, others)| !others.is_empty())?;
    Some(format!(
        "one of goroutines {} and {last}",
        others.join(", ")
    ))
}

/// The party's name in a sentence.
fn who(case: &Case<'_, '_>, party: &Party) -> String {
    match (
        party.goroutine.and_then(|at| at.of(case.evidence)),
        party.actor,
    ) {
        (Some(goroutine), _) => format!("goroutine {}", goroutine.id),
        (None, Some(crate::model::RaceActor::Main)) => "the main goroutine".into(),
        (None, Some(crate::model::RaceActor::Goroutine(id))) => {
            format!("goroutine {id} (the detector's number)")
        }
        (None, None) => "a goroutine".into(),
    }
}

fn past(op: Option<MapOp>) -> &'static str {
    past_of(op_word(op))
}

/// `wrote` of `write`: what a party did to a map.
pub(super) fn past_of(op: &str) -> &'static str {
    match op {
        "read" => "read",
        "write" => "wrote",
        "delete" => "deleted from",
        "iterate" => "ranged over",
        "clear" => "cleared",
        "clone" => "cloned",
        _ => "used",
    }
}

fn crash_headline(case: &Case<'_, '_>, words: &LastWords<'_, '_>) -> String {
    let message = first_line(&text(words.message()));
    let place = case
        .crash_site()
        .map(|id| format!(" in {}", site(case.evidence, id)))
        .unwrap_or_default();
    let goroutine = case
        .crasher_id()
        .map(|id| format!(", goroutine {id}"))
        .unwrap_or_default();
    match words {
        LastWords::Recovered { .. } => {
            format!("a request handler panicked and was recovered: {message}{place}{goroutine}")
        }
        LastWords::Preamble(_) => match words.kind() {
            "signal" => format!("the process was stopped by {message}{place}"),
            "fatal" => format!("fatal error: {message}{place}{goroutine}"),
            _ => format!("panic: {message}{place}{goroutine}"),
        },
    }
}

/// The first line of a message, shortened for a headline.
pub(super) fn first_line(message: &str) -> String {
    const LONGEST: usize = 160;
    let line = message.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

fn race_headline(case: &Case<'_, '_>) -> String {
    let reports = count(case.incident.races.len() as u64, "data race", "data races");
    match culprit(case) {
        Some(id) => format!(
            "{reports} reported, none of a map operation; first in {}",
            site(case.evidence, id)
        ),
        None => format!("{reports} reported, none of a map operation"),
    }
}

fn test_headline(case: &Case<'_, '_>) -> String {
    let failed = case
        .incident
        .tests
        .iter()
        .filter_map(|at| match at.of(case.evidence)? {
            Item::Test(mark) if mark.kind == crate::model::TestMarkKind::TestFailed => {
                Some(text(mark.name))
            }
            _ => None,
        });
    let names: Vec<String> = failed.collect();
    match &names[..] {
        [] => "a test run failed without a crash".into(),
        [one] => format!("test {one} failed without a crash"),
        [first, ..] => format!(
            "{} tests failed without a crash, first {first}",
            names.len()
        ),
    }
}

fn unread_headline() -> String {
    "no whole goroutine is in the text".into()
}

fn logged_headline(case: &Case<'_, '_>) -> String {
    let place = case
        .logged_panic()
        .map(|id| format!(" in {}", site(case.evidence, id)))
        .unwrap_or_default();
    format!(
        "the logged stack of a panic{place}; its message, and whether it was recovered, are not printed with it"
    )
}

fn unannounced_headline(case: &Case<'_, '_>) -> String {
    let place = case
        .crash_site()
        .map(|id| format!(" in {}", site(case.evidence, id)))
        .unwrap_or_default();
    format!("a goroutine died{place}; the lines that say of what are not in the text")
}
