//! Each report of the race detector as a finding. Called by [`super::review`].
//!
//! The line shown is that of the access which was caught, where it is in the repository, else that of the earlier one; the other
//! party and the `go` statements are related.

use super::{Desk, Draft, rules};
use crate::analyze::accesses::user_site;
use crate::analyze::incident::{Incident, ItemRef};
use crate::model::{Evidence, Grade, Item, RaceAccess, RaceActor, RaceReport, RaceStack, TextLine};
use crate::triage::annotation::Level;
use crate::triage::fingerprint::{of_lines, site};
use crate::triage::report::{Category, IncidentReport, Place};
use crate::triage::values;
use crate::triage::verdict::past_of;

/// One access, in words of the report.
struct Side {
    who: String,
    /// `read`, `write`, and for maps `delete`, `iterate` and others.
    op: String,
    /// Its innermost line of user code.
    place: Option<Place>,
    stack: Vec<Place>,
}

/// Adds the findings of an incident's race reports.
pub(super) fn add(
    desk: &mut Desk<'_, '_>,
    incident: &Incident,
    report: &IncidentReport,
    index: u32,
) {
    for at in &incident.races {
        if let Some(Item::Race(race)) = at.of(desk.evidence)
            && !desk.passed(at.document)
        {
            let draft = draft(desk, *at, race, report, index);
            desk.add(draft);
        }
    }
}

fn draft(
    desk: &Desk<'_, '_>,
    at: ItemRef,
    race: &RaceReport,
    report: &IncidentReport,
    index: u32,
) -> Draft {
    let evidence = desk.evidence;
    let accesses = race.accesses.iter();
    let sides: Vec<Side> = accesses
        .clone()
        .map(|access| side(evidence, at, access, report))
        .collect();
    let on_map = accesses
        .clone()
        .any(|access| map_op(evidence, at, access.line, report).is_some());
    let category = match on_map {
        true => Category::MapRaceReport,
        false => Category::DataRaceReport,
    };
    let calls = calls(evidence, race, &sides);
    let shown = sides.iter().position(|side| {
        let place = side.place.as_ref();
        place.is_some_and(|place| desk.checkout.locate(place).is_some())
    });
    let own = shown.and_then(|number| sides.get(number)?.place.clone());
    Draft {
        row: rules::of(category),
        grade: Grade::Confirmed,
        level: Level::Error,
        message: message(&sides, on_map),
        related: others(&sides, shown)
            .chain(started(evidence, race))
            .collect(),
        fingerprint: of_lines(category.word(), sides.iter().map(line).collect()),
        tests: desk.tests_of(at.document, race.line, &calls),
        places: own.into_iter().chain(calls).collect(),
        at: values::at(evidence, at.document, race.line),
        incident: Some(index),
        flows: sides
            .into_iter()
            .map(|side| {
                let title = format!("{}, which {}", side.who, past_of(&side.op));
                (title, side.stack)
            })
            .collect(),
    }
}

/// The calls of both sides, and behind them those that led to the `go` statements.
fn calls(evidence: &Evidence<'_>, race: &RaceReport, sides: &[Side]) -> Vec<Place> {
    let own = sides.iter().flat_map(|side| side.stack.iter().cloned());
    let creations = race.creations.iter();
    own.chain(creations.flat_map(|creation| stack(evidence, creation.stack)))
        .collect()
}

/// What the sides that are not shown did, and where.
fn others(sides: &[Side], shown: Option<usize>) -> impl Iterator<Item = (Place, String)> {
    let others = sides
        .iter()
        .enumerate()
        .filter(move |(number, _)| Some(*number) != shown);
    others.filter_map(|(_, side)| {
        let did = format!("{} {} it here", side.who, past_of(&side.op));
        Some((side.place.clone()?, did))
    })
}

/// The `go` statements, in user code: that of a test itself is the testing package's.
fn started(evidence: &Evidence<'_>, race: &RaceReport) -> impl Iterator<Item = (Place, String)> {
    race.creations.iter().filter_map(move |creation| {
        let RaceStack::Known(stack) = creation.stack else {
            return None;
        };
        let place = values::place(evidence, user_site(evidence, stack)?);
        Some((
            place,
            format!("goroutine {} was started here", creation.goroutine),
        ))
    })
}

fn side(
    evidence: &Evidence<'_>,
    at: ItemRef,
    access: &RaceAccess,
    report: &IncidentReport,
) -> Side {
    let plain = if access.write { "write" } else { "read" };
    let site = match access.stack {
        RaceStack::Known(stack) => user_site(evidence, stack),
        RaceStack::Lost => None,
    };
    Side {
        who: match access.actor {
            RaceActor::Main => "the main goroutine".to_owned(),
            RaceActor::Goroutine(id) => format!("goroutine {id}"),
        },
        op: map_op(evidence, at, access.line, report).unwrap_or_else(|| plain.to_owned()),
        place: site.map(|id| values::place(evidence, id)),
        stack: stack(evidence, access.stack),
    }
}

/// What was done to a map, where the report pairs the access at that line.
fn map_op(
    evidence: &Evidence<'_>,
    at: ItemRef,
    line: TextLine,
    report: &IncidentReport,
) -> Option<String> {
    let printed = values::at(evidence, at.document, line);
    report.conflicts.iter().find_map(|conflict| {
        let number = conflict.evidence.iter().position(|one| {
            one.why == "race-report" && (one.input, one.line) == (printed.input, printed.line)
        })?;
        Some(conflict.participants.get(number)?.op.clone())
    })
}

fn stack(evidence: &Evidence<'_>, stack: RaceStack) -> Vec<Place> {
    match stack {
        RaceStack::Known(id) => {
            let frames = evidence.symbols.frame_ids(id).iter();
            frames.map(|&id| values::place(evidence, id)).collect()
        }
        RaceStack::Lost => Vec::new(),
    }
}

/// `goroutine 10 read a variable in store.(*Votes).Total (store.go:25), after goroutine 9 wrote it in …`
fn message(sides: &[Side], on_map: bool) -> String {
    let what = if on_map { "a map" } else { "a variable" };
    let told = |side: &Side, what: &str| {
        let place = match &side.place {
            Some(place) => format!(" in {}", values::call(place)),
            None => " at a place that the detector does not show".to_owned(),
        };
        format!("{} {} {what}{place}", side.who, past_of(&side.op))
    };
    let Some((caught, before)) = sides.split_first() else {
        return "The race detector's report breaks off before its first access.".to_owned();
    };
    let before: Vec<String> = before
        .iter()
        .map(|side| format!(", after {}", told(side, "it")))
        .collect();
    let words = format!(
        "{}{}, with nothing that orders the two",
        told(caught, what),
        before.concat()
    );
    format!(
        "{} Goroutine numbers are the detector's own.",
        values::sentence(&words)
    )
}

/// `site write main.set main.go:9`
fn line(side: &Side) -> String {
    let place = side.place.clone().unwrap_or(Place {
        func: String::new(),
        file: String::new(),
        line: 0,
    });
    format!("site {} {}", side.op, site(&place))
}
