//! Step 1, Observe: what died and what everyone was doing.

use super::case::Case;
use super::crash::{LastWords, check_word};
use super::level::{LevelFacts, traceback};
use super::maps::layout_word;
use super::report::{At, Category, Finding, Goroutines, Group, StateCount};
use super::values::{at, count, grouped, name, place, site, text};
use super::verdict::first_line;
use crate::analyze::accesses::user_site;
use crate::analyze::census;
use crate::goruntime::levels::Scope;
use crate::goruntime::mapchecks::CheckPoint;
use crate::goruntime::mapops::MapRole;
use crate::goruntime::version::MapLayout;
use crate::model::{Evidence, GoroutineFlags, Grade, Item, StackId, TextLine};

/// The statements of the step.
pub(super) fn findings(case: &Case<'_, '_>) -> Vec<Finding> {
    let parts = [
        death(case),
        second_death(case),
        noticing(case),
        chain_of_panics(case),
        context(case),
    ];
    let more = [
        version(case),
        population(case),
        in_maps(case),
        shown(case),
        fragments(case),
        races_beside(case),
    ];
    let mut findings: Vec<Finding> = parts.into_iter().chain(more).flatten().collect();
    findings.extend(super::profiles::observe(case));
    findings.extend(super::trace::findings(case, 1));
    findings
}

/// A statement without anything to paste.
pub(super) fn finding(text: String, grade: Grade, evidence: Vec<At>) -> Finding {
    Finding {
        text,
        items: Vec::new(),
        grade,
        evidence,
        code: None,
        advice: false,
    }
}

/// The line that says why the process died.
pub(super) fn crash_at(case: &Case<'_, '_>) -> Vec<At> {
    case.words
        .iter()
        .map(|(document, words)| at(case.evidence, *document, words.line()))
        .collect()
}

fn death(case: &Case<'_, '_>) -> Option<Finding> {
    let Some((_, words)) = &case.words else {
        return alive(case);
    };
    let message = first_line(&text(words.message()));
    let said = match words {
        LastWords::Recovered { .. } => format!(
            "net/http recovered a panic of a handler and closed its connection; the process lives on: {message}."
        ),
        LastWords::Preamble(_) => match words.kind() {
            "signal" => format!("The process was stopped by {message}."),
            "fatal" => format!(
                "The runtime ended the process: fatal error: {}.",
                message.trim_end_matches(['.', '!'])
            ),
            _ => format!("The process died of a panic: {message}."),
        },
    };
    let who = match (case.crash_goroutine(), case.crash_site()) {
        (Some(goroutine), Some(id)) => format!(
            " Goroutine {} was in {}.",
            goroutine.id,
            site(case.evidence, id)
        ),
        (Some(goroutine), None) => format!(" It was goroutine {}.", goroutine.id),
        (None, _) => String::new(),
    };
    let mut evidence = crash_at(case);
    evidence.extend(crasher_at(case));
    Some(finding(format!("{said}{who}"), Grade::Confirmed, evidence))
}

fn alive(case: &Case<'_, '_>) -> Option<Finding> {
    if case.category == Category::TestFailure || case.incident.goroutines.is_empty() {
        return None;
    }
    let said = match case.category {
        Category::RuntimePanic | Category::MapWriteWrite if case.crasher.is_some() => {
            "The dump of a crash without the lines that announce it."
        }
        _ => "Goroutines of a process that was alive; no crash in the text.",
    };
    Some(finding(
        said.into(),
        Grade::Confirmed,
        crasher_at(case).into_iter().collect(),
    ))
}

/// The header of the goroutine that died.
fn crasher_at(case: &Case<'_, '_>) -> Option<At> {
    let goroutine = case.crash_goroutine()?;
    Some(at(case.evidence, case.crasher?.document, goroutine.line))
}

fn second_death(case: &Case<'_, '_>) -> Option<Finding> {
    let (document, LastWords::Preamble(crash)) = case.words.as_ref()? else {
        return None;
    };
    let fatal = crash.fatal.as_ref().filter(|fatal| fatal.times > 1)?;
    let said = format!(
        "The fatal line is printed {} times: that many goroutines raised it before the process ended.",
        fatal.times
    );
    Some(finding(
        said,
        Grade::Confirmed,
        vec![at(case.evidence, *document, fatal.line)],
    ))
}

/// The mark of a Swiss map is flipped, not set, and without a lock: two writers that meet can leave it on, each without noticing, and the
/// next operation dies of it (`gomap::interleave`; rare in real runs, seen of Go 1.27).
const LEFT_MARKED: &str = ", or two earlier ones had met unnoticed and left the map marked";

/// On which side of its own operation the crashing goroutine noticed the other.
fn noticing(case: &Case<'_, '_>) -> Option<Finding> {
    let standing = case.maps.noticed.as_ref()?;
    let check = standing.check?;
    let meaning = match (check.point, check.role) {
        (CheckPoint::Entry, MapRole::Writer) => {
            "another goroutine's write was already going on when this one began"
        }
        (CheckPoint::Entry, _) => "a write by another goroutine was going on when this one looked",
        (CheckPoint::Middle, _) => "another goroutine began to write while this one was inside",
        (CheckPoint::Exit | CheckPoint::ExitSmall, _) => {
            "another goroutine wrote while this one's own write was going on"
        }
    };
    let stale = match (check.point, case.go.map_layout) {
        (CheckPoint::Entry, None | Some(MapLayout::Swiss)) => LEFT_MARKED,
        _ => "",
    };
    let said = format!(
        "It noticed on {} of its operation: {meaning}{stale}.",
        check_word(check.point)
    );
    let line = at(
        case.evidence,
        standing.goroutine.document,
        standing.goroutine.of(case.evidence)?.line,
    );
    Some(finding(said, Grade::Confirmed, vec![line]))
}

fn chain_of_panics(case: &Case<'_, '_>) -> Option<Finding> {
    let (document, LastWords::Preamble(crash)) = case.words.as_ref()? else {
        return None;
    };
    let first = crash
        .panics
        .first()
        .filter(|_| crash.panics.len() > 1 || crash.fatal.is_some())?;
    let said = format!(
        "It began with an earlier panic, raised before the last one: {}.",
        first_line(&text(first.value))
    );
    Some(finding(
        said,
        Grade::Confirmed,
        vec![at(case.evidence, *document, first.line)],
    ))
}

fn context(case: &Case<'_, '_>) -> Option<Finding> {
    let (document, LastWords::Preamble(crash)) = case.words.as_ref()? else {
        return None;
    };
    if crash.context.is_empty() {
        return None;
    }
    let lines: Vec<String> = crash.context.iter().map(|line| text(line)).collect();
    Some(finding(
        format!("The runtime said before: {}", lines.join("; ")),
        Grade::Confirmed,
        vec![at(case.evidence, *document, crash.line)],
    ))
}

fn version(case: &Case<'_, '_>) -> Option<Finding> {
    let go = &case.go;
    let layout = go
        .map_layout
        .map(|layout| format!(", {} maps", layout_word(layout)))
        .unwrap_or_default();
    let said = match (go.version, go.reasons.first()) {
        (Some(version), Some(reason)) => format!("Go {version}{layout}: {reason}."),
        (Some(version), None) => format!("Go {version}{layout}."),
        (None, Some(reason)) => format!("Go {}{layout}: {reason}.", span_of_candidates(case)?),
        (None, None) => return None,
    };
    let grade = if go.version.is_some() {
        Grade::Confirmed
    } else {
        Grade::Probable
    };
    Some(finding(said.replace("..", "."), grade, Vec::new()))
}

fn span_of_candidates(case: &Case<'_, '_>) -> Option<String> {
    let (first, last) = (case.go.candidates.first()?, case.go.candidates.last()?);
    Some(if first == last {
        first.to_string()
    } else {
        format!("{first} to {last}")
    })
}

fn population(case: &Case<'_, '_>) -> Option<Finding> {
    let census = &case.census;
    let largest = census.groups.first()?;
    let total = count(u64::from(census.total), "goroutine", "goroutines");
    let mut said = format!("{total} in the text");
    if largest.count() > 1 {
        let state = name(case.evidence, largest.state);
        let top = crate::analyze::accesses::user_site(case.evidence, largest.stack)
            .map(|id| format!(" at {}", site(case.evidence, id)))
            .unwrap_or_default();
        said.push_str(&format!(
            "; the largest group with one stack is {} in state {state}{top}",
            grouped(u64::from(largest.count()))
        ));
    }
    if census.leaked > 0 {
        said.push_str(&format!(
            "; the collector found {} leaked",
            grouped(u64::from(census.leaked))
        ));
    }
    said.push('.');
    Some(finding(
        said,
        Grade::Confirmed,
        crasher_at(case).into_iter().collect(),
    ))
}

fn in_maps(case: &Case<'_, '_>) -> Option<Finding> {
    let inside = case.maps.in_operations.len() as u64;
    if inside == 0 {
        return None;
    }
    let total = u64::from(case.census.total);
    let verb = if inside == 1 { "stands" } else { "stand" };
    let said = format!(
        "{} of {total} {verb} inside a map operation.",
        count(inside, "goroutine", "goroutines")
    );
    let lines = case.maps.in_operations.iter().take(8);
    let evidence = lines
        .filter_map(|&block| {
            Some(at(
                case.evidence,
                block.document,
                block.of(case.evidence)?.line,
            ))
        })
        .collect();
    Some(finding(said, Grade::Confirmed, evidence))
}

/// What the level of the traceback leaves out, where that matters.
fn shown(case: &Case<'_, '_>) -> Option<Finding> {
    let LevelFacts {
        default,
        other_goroutines,
        ..
    } = case.level.as_ref()?;
    let traceback = traceback(case)?;
    let hint = match (default, other_goroutines) {
        (Some(Scope::Crashing), false) => {
            " This crash prints no other goroutine unless GOTRACEBACK=all is set."
        }
        _ if !traceback.shows_runtime_frames && case.is_alive() => {
            " Frames of the runtime are hidden."
        }
        _ => "",
    };
    Some(finding(
        format!(
            "Traceback level {}: {}.{hint}",
            traceback.level, traceback.from
        ),
        Grade::Confirmed,
        Vec::new(),
    ))
}

fn fragments(case: &Case<'_, '_>) -> Option<Finding> {
    let lines: Vec<At> = case
        .incident
        .fragments
        .iter()
        .filter_map(|item| match item.of(case.evidence)? {
            Item::Fragment(fragment) => Some(at(case.evidence, item.document, fragment.line)),
            _ => None,
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    let said = format!(
        "{} without a goroutine header: the text was cut there.",
        count(lines.len() as u64, "stack stands", "stacks stand")
    );
    Some(finding(said, Grade::Confirmed, lines))
}

fn races_beside(case: &Case<'_, '_>) -> Option<Finding> {
    let races = &case.incident.races;
    if races.is_empty() {
        return None;
    }
    let lines = races
        .iter()
        .take(8)
        .filter_map(|item| match item.of(case.evidence)? {
            Item::Race(report) => Some(at(case.evidence, item.document, report.line)),
            _ => None,
        });
    let said = format!(
        "{} of the race detector; its goroutine numbers are its own.",
        count(races.len() as u64, "report", "reports")
    );
    Some(finding(said, Grade::Confirmed, lines.collect()))
}

/// The census as reported.
pub(super) fn goroutines(case: &Case<'_, '_>) -> Goroutines {
    if let Some(counted) = super::profiles::goroutines(case) {
        return counted;
    }
    Goroutines {
        total: u64::from(case.census.total),
        states: case
            .census
            .states
            .iter()
            .map(|state| state_count(case, state))
            .collect(),
        groups: case
            .census
            .groups
            .iter()
            .map(|group| group_report(case, group))
            .collect(),
        in_map_operations: case.maps.in_operations.len() as u64,
    }
}

fn state_count(case: &Case<'_, '_>, state: &census::StateCount) -> StateCount {
    StateCount {
        state: name(case.evidence, state.state),
        count: u64::from(state.count),
        longest_wait_minutes: state.longest_wait_minutes.unwrap_or(0),
    }
}

/// Where the stack first stands in user code.
fn user_frame(evidence: &Evidence<'_>, stack: StackId) -> Option<u32> {
    let site = user_site(evidence, stack)?;
    let frames = evidence.symbols.frame_ids(stack);
    let index = frames.iter().position(|&id| id == site)?;
    u32::try_from(index).ok()
}

fn group_report(case: &Case<'_, '_>, group: &census::Group) -> Group {
    let evidence = case.evidence;
    let members = case.census.members(group).iter();
    let ids = members.filter_map(|&position| {
        case.incident
            .goroutines
            .get(position as usize)?
            .of(evidence)
    });
    let created_by = group.created_by.map(|id| {
        let site = place(evidence, id);
        super::report::CreatedBy {
            func: site.func,
            file: site.file,
            line: site.line,
            goroutine: group.parent.map(|id| id.0),
        }
    });
    Group {
        count: u64::from(group.count()),
        state: name(evidence, group.state),
        longest_wait_minutes: group.longest_wait_minutes.unwrap_or(0),
        goroutines: ids.map(|goroutine| goroutine.id.0).collect(),
        stack: evidence
            .symbols
            .frame_ids(group.stack)
            .iter()
            .map(|&id| place(evidence, id))
            .collect(),
        user_frame: user_frame(evidence, group.stack),
        created_by,
    }
}

/// Goroutines whose block broke off, for the notes.
pub(super) fn broken_off(case: &Case<'_, '_>) -> Vec<(u64, At)> {
    let blocks = case.incident.goroutines.iter();
    let broken = blocks.filter_map(|&block| Some((block, block.of(case.evidence)?)));
    broken
        .filter(|(_, goroutine)| goroutine.flags.has(GoroutineFlags::INCOMPLETE))
        .map(|(block, goroutine)| {
            (
                goroutine.id.0,
                at(case.evidence, block.document, TextLine(goroutine.line.0)),
            )
        })
        .collect()
}
