//! Step 4, Verify and mitigate: what to do right now, what settles the open questions, what to change, and a program that shows it.

use super::advice::{self, Usage, mitigation, patterns};
use super::case::Case;
use super::debugger;
use super::missing::{Gap, missing as words_for};
use super::observe::finding;
use super::report::{Breakpoints, Category, Code, Finding, Missing, Place, Reproduction};
use super::reproduction::{self, MapAccess, Through};
use super::values::{name, place, text};
use crate::analyze::conflict::{Conflict, Party};
use crate::analyze::incident::GoroutineRef;
use crate::goruntime::frames;
use crate::goruntime::mapops::{KeyKind, MapOp};
use crate::model::{Evidence, GoroutineFlags, Grade, ProfileKind, StackId};
use std::collections::BTreeSet;

/// The statements of the step.
pub(super) fn findings(case: &Case<'_, '_>) -> Vec<Finding> {
    let mut findings = right_now(case);
    findings.extend(quiet(case));
    findings.extend(
        super::profiles::verify(case)
            .map(|commands| with_code("The profile in full:".into(), "sh", commands)),
    );
    findings.extend(super::trace::findings(case, 4));
    findings.extend(fixes(case));
    if let Some(reproduction) = reproduction(case) {
        let said = match super::profiles::lacks_individuals(case) {
            // A process that is profiled is alive and has said nothing.
            true => {
                "This program comes to stand in such a way; gotriage repro writes it to a file."
                    .to_owned()
            }
            false => format!(
                "This program dies with the same message ({}); gotriage repro writes it to a file.",
                reproduction.message
            ),
        };
        findings.push(with_code(said, "go", reproduction.program));
        let about = match case.maps.conflicts.is_empty() {
            true => "Run it:",
            false => "Run it, and see the race detector name both lines:",
        };
        findings.push(with_code(about.into(), "sh", reproduction.run));
    }
    for Breakpoints { debugger, script } in breakpoints(case) {
        let said = format!("To stop at the moment it happens, with {debugger}:");
        findings.push(with_code(said, "text", script));
    }
    for finding in &mut findings {
        (finding.grade, finding.advice) = (case.grade, true);
    }
    findings
}

/// Advice with something to paste; [`findings`] grades it.
fn with_code(said: String, lang: &'static str, text: String) -> Finding {
    Finding {
        text: said,
        items: Vec::new(),
        grade: Grade::Unknown,
        evidence: Vec::new(),
        code: Some(Code { lang, text }),
        advice: true,
    }
}

fn right_now(case: &Case<'_, '_>) -> Vec<Finding> {
    let Some(row) = mitigation(case.category) else {
        return Vec::new();
    };
    let mut findings = vec![Finding {
        items: row.now.iter().map(|&step| step.to_owned()).collect(),
        ..finding("Right now:".into(), case.grade, Vec::new())
    }];
    if !row.commands.is_empty() {
        findings.push(with_code(
            "These show more:".into(),
            "sh",
            row.commands.to_owned(),
        ));
    }
    let held = case.waits.waits.iter().any(|wait| wait.object.is_lock());
    let repair = match mitigation(Category::LockHang) {
        Some(locks) if held && case.category == Category::DeadlockAllAsleep => locks.repair,
        _ => row.repair,
    };
    findings.push(finding(
        format!("The repair: {repair}"),
        case.grade,
        Vec::new(),
    ));
    findings
}

/// What tells more of a process whose capture shows nothing wrong: what of it is there already is left out.
fn quiet(case: &Case<'_, '_>) -> Option<Finding> {
    if case.category != Category::Healthy {
        return None;
    }
    let has = |kinds: &[ProfileKind]| {
        case.profiles
            .iter()
            .any(|weighed| kinds.contains(&weighed.kind))
    };
    let rows = [
        (super::profiles::shows_goroutines(case), advice::COMPARE),
        (!has(&[ProfileKind::Cpu, ProfileKind::Perf]), advice::CPU),
        (case.joins.is_empty(), advice::TRACE),
        (
            !has(&[ProfileKind::Heap, ProfileKind::Allocs]),
            advice::HEAP,
        ),
    ];
    let commands = rows.iter().filter(|(fits, _)| *fits);
    let commands: Vec<&str> = commands.map(|(_, command)| *command).collect();
    (!commands.is_empty()).then(|| {
        let said = "Nothing in it is wrong by itself. If the process misbehaves all the same, these tell more; several files of one process are read as one:";
        with_code(said.into(), "sh", commands.join("\n"))
    })
}

/// The fixes that fit how the map is used.
fn fixes(case: &Case<'_, '_>) -> Vec<Finding> {
    let Some(conflict) = case.maps.conflicts.first() else {
        return Vec::new();
    };
    let usage = Usage {
        noticed: access(case, &conflict.parties[0]),
        other: access(case, &conflict.parties[1]),
        in_handlers: conflict.parties.iter().any(|party| in_handler(case, party)),
        deletes_in_range: false,
        through_a_copy: conflict
            .parties
            .iter()
            .any(|party| has_value_receiver(case, party)),
    };
    let mut named = BTreeSet::new();
    let fitting = patterns(&usage)
        .into_iter()
        .flat_map(advice::Pattern::fixes);
    fitting
        .filter(|fix| named.insert(fix.kind))
        .map(|fix| {
            let said = format!(
                "Fix, {}: {}. Wrong when {}.",
                fix.name, fix.how, fix.wrong_when
            );
            Finding {
                code: Some(Code {
                    lang: "go",
                    text: fix.code.to_owned(),
                }),
                ..finding(said, conflict.grade, Vec::new())
            }
        })
        .collect()
}

/// What a party does, and through which package.
fn access(case: &Case<'_, '_>, party: &Party) -> Option<MapAccess> {
    let through = party
        .goroutine
        .and_then(|block| block.of(case.evidence))
        .map_or(Through::UserCode, |goroutine| {
            through(case.evidence, goroutine.stack)
        });
    Some(MapAccess {
        op: party.op?,
        through,
    })
}

/// The package between the user's line and the map.
fn through(evidence: &Evidence<'_>, stack: StackId) -> Through {
    let above_user = evidence.symbols.frames(stack).take_while(|frame| {
        !frames::is_user(
            evidence.symbols.text(frame.func),
            evidence.symbols.text(frame.file),
        )
    });
    for frame in above_user {
        match frames::package(evidence.symbols.text(frame.func)) {
            b"encoding/json" => return Through::Json,
            b"fmt" | b"log" | b"log/slog" => return Through::Fmt,
            _ => {}
        }
    }
    Through::UserCode
}

fn in_handler(case: &Case<'_, '_>, party: &Party) -> bool {
    let Some(goroutine) = party.goroutine.and_then(|block| block.of(case.evidence)) else {
        return false;
    };
    let created = goroutine
        .created_by
        .and_then(|id| case.evidence.symbols.get(id));
    created.is_some_and(|frame| {
        let package = frames::package(case.evidence.symbols.text(frame.func));
        matches!(
            package,
            b"net/http" | b"google.golang.org/grpc" | b"net/rpc" | b"net/http/internal/http2"
        )
    })
}

fn has_value_receiver(case: &Case<'_, '_>, party: &Party) -> bool {
    let frame = party.site.and_then(|id| case.evidence.symbols.get(id));
    let receiver = frame.and_then(|frame| frames::receiver(case.evidence.symbols.text(frame.func)));
    receiver.is_some_and(|receiver| !receiver.pointer && !receiver.is_closure())
}

/// A program that dies the same way.
pub(super) fn reproduction(case: &Case<'_, '_>) -> Option<Reproduction> {
    let conflict = case.maps.conflicts.first();
    let side = |index: usize| {
        conflict.and_then(|conflict: &Conflict| access(case, conflict.parties.get(index)?))
    };
    let clue = clue(case);
    reproduction::reproduction(&reproduction::Request {
        category: case.category,
        clue: &clue,
        noticed: side(0),
        other: side(1),
        key: key_kind(case),
        go: case.go.version,
    })
}

/// The crash message, or for a hang the state most goroutines are in.
fn clue(case: &Case<'_, '_>) -> String {
    let waiting = matches!(
        case.category,
        Category::DeadlockAllAsleep | Category::LockHang | Category::GoroutineLeak
    );
    let locks = case.waits.waits.iter().find(|wait| wait.object.is_lock());
    if let Some(lock) = locks.filter(|_| waiting) {
        return format!("{}.Lock", lock.object.name());
    }
    match (&case.words, waiting) {
        (Some((_, words)), false) => text(words.message()),
        _ => case
            .census
            .states
            .first()
            .map(|state| name(case.evidence, state.state))
            .unwrap_or_default(),
    }
}

fn key_kind(case: &Case<'_, '_>) -> Option<KeyKind> {
    let map = case
        .maps
        .conflicts
        .first()
        .and_then(|conflict| case.maps.maps.get(conflict.map));
    map.and_then(|map| map.key_kind)
}

/// Debugger scripts with this dump's lines.
pub(super) fn breakpoints(case: &Case<'_, '_>) -> Vec<Breakpoints> {
    let conflict = case.maps.conflicts.first();
    let parties = || conflict.into_iter().flat_map(|conflict| &conflict.parties);
    let sites = parties()
        .filter_map(|party| party.site)
        .chain(case.crash_site());
    let mut places: Vec<Place> = Vec::new();
    for site in sites.map(|id| place(case.evidence, id)) {
        if !places.contains(&site) {
            places.push(site);
        }
    }
    let key = key_kind(case);
    let operations: Vec<(MapOp, Option<KeyKind>)> = parties()
        .filter_map(|party| Some((party.op?, key)))
        .collect();
    let header = conflict
        .and_then(|conflict| case.maps.maps.get(conflict.map)?.header)
        .map(|header| header.to_string());
    debugger::breakpoints(&debugger::Request {
        category: case.category,
        go: case.go.version,
        places: &places,
        operations: &operations,
        header: header.as_deref(),
    })
}

/// The evidence that would raise a grade, with the command that gets it.
pub(super) fn missing(case: &Case<'_, '_>) -> Vec<Missing> {
    gaps(case)
        .into_iter()
        .filter_map(|gap| words_for(gap, case.go.version))
        .collect()
}

/// What is not in the text, most wanted first. Long because it is a table: what each row needs, then one row a gap.
fn gaps(case: &Case<'_, '_>) -> Vec<Gap> {
    let conflict = case.maps.conflicts.first();
    let is_map_crash = case.map_fatal.is_some();
    let best = conflict.map_or(Grade::Confirmed, |conflict| conflict.grade);
    let level = case.level.as_ref();
    let others_shown = level.is_none_or(|level| level.other_goroutines);
    let runtime_shown = level.is_none_or(|level| level.runtime_frames);
    let died = case.words.is_some();
    let truncated = case.incident.inputs.iter().any(|id| {
        case.evidence
            .inputs
            .get(id.0 as usize)
            .is_some_and(|input| input.truncated)
    });
    let hung = matches!(
        case.category,
        Category::LockHang | Category::DeadlockAllAsleep | Category::TestTimeout
    );
    let unheld = case
        .hangs
        .iter()
        .filter_map(|hang| case.waits.waits.get(hang.wait?))
        .any(|wait| wait.object.is_lock() && wait.holder().is_none());
    let parentless = case.forest.without_parent > 0
        && !case.incident.documents.iter().any(|&id| {
            case.evidence
                .document(id)
                .is_some_and(|document| document.forms.parents)
        });
    let memory_fault = matches!(case.category, Category::RuntimeFault | Category::Signal)
        && case
            .words
            .as_ref()
            .is_some_and(|(_, words)| words.kind() != "signal" || case.crasher.is_some());
    let found = [
        (
            Gap::OtherParty,
            is_map_crash && best < Grade::Confirmed && (best == Grade::Unknown || !others_shown),
        ),
        (
            Gap::RunningStack,
            is_map_crash && best < Grade::Confirmed && has_unavailable(case),
        ),
        (
            Gap::MapHeader,
            is_map_crash
                && case
                    .maps
                    .maps
                    .first()
                    .is_some_and(|map| map.header.is_none()),
        ),
        (
            Gap::RuntimeFrames,
            !runtime_shown && (is_map_crash || !died && case.census.total > 0),
        ),
        (
            Gap::RaceReport,
            is_map_crash && best < Grade::Confirmed && case.incident.races.is_empty(),
        ),
        (Gap::MapContents, is_map_crash),
        (
            Gap::OtherGoroutines,
            died && !is_map_crash
                && !others_shown
                && case.census.total == 1
                && needs_others(case.category),
        ),
        (Gap::LockHolder, hung && unheld),
        (Gap::ContentionProfile, case.category == Category::LockHang),
        (
            Gap::SecondCapture,
            matches!(
                case.category,
                Category::GoroutineLeak | Category::LockHang | Category::Healthy
            ) && super::profiles::shows_goroutines(case),
        ),
        (
            Gap::ShortWaits,
            hung && case.census.longest_waits.is_empty(),
        ),
        (Gap::HeapProfile, case.category == Category::OutOfMemory),
        (Gap::Core, memory_fault),
        (
            Gap::ElidedFrames,
            case.crash_goroutine()
                .is_some_and(|goroutine| goroutine.flags.has(GoroutineFlags::ELIDED)),
        ),
        (Gap::Individuals, super::profiles::lacks_individuals(case)),
        (Gap::MapMemory, super::profiles::lacks_maps(case)),
        (Gap::Parents, parentless && case.census.total > 1),
        (Gap::Head, !case.incident.fragments.is_empty()),
        (
            Gap::PprofLimit,
            truncated && !died && case.census.total > 1_000,
        ),
        (Gap::Tail, truncated && (died || case.census.total <= 1_000)),
        (
            Gap::GoVersion,
            case.go.version.is_none() && case.census.total > 0,
        ),
    ];
    found
        .into_iter()
        .filter(|&(_, lacking)| lacking)
        .map(|(gap, _)| gap)
        .collect()
}

/// Deaths whose cause often stands in another goroutine.
fn needs_others(category: Category) -> bool {
    matches!(
        category,
        Category::ClosedChannel
            | Category::SyncMisuse
            | Category::NilDereference
            | Category::NilMapWrite
    )
}

fn has_unavailable(case: &Case<'_, '_>) -> bool {
    let unavailable = |block: &GoroutineRef| {
        block
            .of(case.evidence)
            .is_some_and(|goroutine| goroutine.flags.has(GoroutineFlags::STACK_UNAVAILABLE))
    };
    case.incident.goroutines.iter().any(unavailable)
}
