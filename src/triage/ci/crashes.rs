//! Incidents as findings: processes that died, timed out or hung during a test. Called by [`super::review`].

use super::{Desk, Draft, TestName, level, owner, rules};
use crate::analyze::incident::{Incident, IncidentKind, ItemRef};
use crate::model::{Document, Evidence, Item, PackageRun, TextLine};
use crate::triage::annotation::Level;
use crate::triage::fingerprint::fingerprint;
use crate::triage::report::{Category, Conflict, Group, IncidentReport, Place};
use crate::triage::values;
use crate::triage::verdict::past_of;

/// Conflicts whose other parties are named; a crowd of suspects is in the report.
const MOST_CONFLICTS: usize = 4;

/// Adds the finding of an incident, where it is one.
pub(super) fn add(
    desk: &mut Desk<'_, '_>,
    incident: &Incident,
    report: &IncidentReport,
    index: u32,
) {
    let verdict = &report.verdict;
    let told_elsewhere = matches!(
        incident.kind,
        IncidentKind::TestFailure | IncidentKind::RaceReports
    );
    let harmless = matches!(verdict.category, Category::Healthy | Category::None);
    let document = incident.at.document;
    if told_elsewhere || harmless || desk.passed(document) || is_of_leaks(desk, incident) {
        return;
    }
    let line = line_of(desk.evidence, incident.at).unwrap_or_default();
    let own = own_group(report);
    let calls = calls(report, own);
    let mut tests = desk.tests_of(document, line, &calls);
    if let Some(crash) = &report.crash {
        let listed = owner::running(&crash.message);
        if let (Some(first), false) = (tests.first().cloned(), listed.is_empty()) {
            tests = listed
                .into_iter()
                .map(|test| TestName {
                    test: Some(test),
                    ..first.clone()
                })
                .collect();
        }
    }
    let recovered = report.crash.as_ref().is_some_and(|crash| crash.recovered);
    desk.add(Draft {
        row: rules::of(verdict.category),
        grade: verdict.grade,
        level: match recovered {
            true => Level::Warning,
            false => level(verdict.grade),
        },
        places: verdict.culprit.iter().cloned().chain(calls).collect(),
        message: message(report),
        related: related(report, own),
        flows: flows(report, own),
        fingerprint: fingerprint(report),
        tests,
        at: values::at(desk.evidence, document, line),
        incident: Some(index),
    });
}

/// The headline; of a timeout also where the test stood.
fn message(report: &IncidentReport) -> String {
    let verdict = &report.verdict;
    let said = values::sentence(&verdict.headline);
    match (&verdict.category, &verdict.culprit) {
        (Category::TestTimeout, Some(place)) => {
            format!("{said} What it waited for is in {}.", values::call(place))
        }
        _ => said,
    }
}

/// The group of the goroutine that died.
fn own_group(report: &IncidentReport) -> Option<&Group> {
    group(report, report.crash.as_ref()?.goroutine?)
}

fn group(report: &IncidentReport, goroutine: u64) -> Option<&Group> {
    let mut groups = report.goroutines.groups.iter();
    groups.find(|group| group.goroutines.contains(&goroutine))
}

/// The calls that lead to the crash, innermost first, and the `go` statements behind them.
fn calls(report: &IncidentReport, own: Option<&Group>) -> Vec<Place> {
    let stack = own.map(|group| group.stack.clone()).unwrap_or_default();
    let first = own_conflicts(report).next();
    let parties = first.map(|conflict| &conflict.participants[..]);
    let chain = parties.and_then(|parties| parties.first());
    let chain = chain.map(|party| party.chain.iter().map(|link| link.site.clone()).collect());
    let chain: Vec<Place> = chain.unwrap_or_default();
    let created = own.and_then(creation);
    stack.into_iter().chain(created).chain(chain).collect()
}

/// The `go` statement of a group.
fn creation(group: &Group) -> Option<Place> {
    let site = group.created_by.as_ref()?;
    Some(Place {
        func: site.func.clone(),
        file: site.file.clone(),
        line: site.line,
    })
}

/// Conflicts of the crash itself; those that the race detector saw before it are findings of their own, and number goroutines anew.
fn own_conflicts(report: &IncidentReport) -> impl Iterator<Item = &Conflict> {
    let seen_by_detector = |conflict: &&Conflict| {
        conflict
            .participants
            .iter()
            .any(|party| party.numbering.is_some())
    };
    let conflicts = report.conflicts.iter();
    conflicts
        .filter(move |conflict| !seen_by_detector(conflict))
        .take(MOST_CONFLICTS)
}

/// The other parties, and where all were started.
fn related(report: &IncidentReport, own: Option<&Group>) -> Vec<(Place, String)> {
    let mut related = Vec::new();
    for conflict in own_conflicts(report) {
        others(conflict, &mut related);
    }
    if let Some(started) = own.and_then(creation) {
        related.push((
            started,
            "the goroutine that died was started here".to_owned(),
        ));
    }
    related
}

fn others(conflict: &Conflict, related: &mut Vec<(Place, String)>) {
    for party in conflict.participants.iter().skip(1) {
        let who = match party.goroutine {
            Some(id) => format!("goroutine {id}"),
            None => "another goroutine".to_owned(),
        };
        let did = past_of(&party.op);
        let grade = conflict.grade.word();
        if let (Some(func), Some(file), Some(line)) = (&party.func, &party.file, party.line) {
            let place = Place {
                func: func.clone(),
                file: file.clone(),
                line,
            };
            related.push((place, format!("{who} {did} the map here ({grade})")));
        }
        if let Some(link) = party.chain.first() {
            related.push((link.site.clone(), format!("{who} was started here")));
        }
    }
}

/// The stacks of the goroutine that died, and of those it fought with.
fn flows(report: &IncidentReport, own: Option<&Group>) -> Vec<(String, Vec<Place>)> {
    let mut flows = Vec::new();
    if let (Some(group), Some(crash)) = (own, &report.crash) {
        let id = crash.goroutine.unwrap_or_default();
        flows.push((format!("goroutine {id}, which died"), group.stack.clone()));
    }
    for party in own_conflicts(report).flat_map(|conflict| conflict.participants.iter().skip(1)) {
        let Some(id) = party.goroutine else { continue };
        if let Some(group) = group(report, id) {
            let title = format!("goroutine {id}, which {} the map", past_of(&party.op));
            flows.push((title, group.stack.clone()));
        }
    }
    flows
}

/// True where all that an incident holds is what goleak prints: a finding of its own.
fn is_of_leaks(desk: &Desk<'_, '_>, incident: &Incident) -> bool {
    let (Some(package), Some(document)) = (
        desk.package(incident.at.document),
        desk.evidence.document(incident.at.document),
    ) else {
        return false;
    };
    let blocks = incident
        .blocks()
        .filter_map(|block| block.of(desk.evidence));
    let fragments = incident
        .fragments
        .iter()
        .filter_map(|at| line_of(desk.evidence, *at));
    let mut lines = blocks.map(|block| block.line).chain(fragments).peekable();
    incident.crash.is_none()
        && lines.peek().is_some()
        && lines.all(|line| is_in_leak(package, document, line))
}

fn is_in_leak(package: &PackageRun<'_>, document: &Document<'_>, line: TextLine) -> bool {
    package.document == Some(document.id)
        && package
            .leaks
            .iter()
            .any(|leak| leak.lines.contains(&line.0))
}

/// The line of an item.
fn line_of(evidence: &Evidence<'_>, at: ItemRef) -> Option<TextLine> {
    let document = evidence.document(at.document)?;
    match at.of(evidence)? {
        Item::Crash(crash) => Some(crash.line),
        Item::Goroutines(range) => Some(document.goroutines.get(range.start as usize)?.line),
        Item::Thread(dump) => Some(dump.line),
        Item::Registers(registers) => Some(registers.line),
        Item::Race(race) => Some(race.line),
        Item::RaceCount(_, line) => Some(*line),
        Item::Test(mark) => Some(mark.line),
        Item::Fragment(fragment) => Some(fragment.line),
        Item::Profile(_) | Item::Trace(_) => None,
    }
}
