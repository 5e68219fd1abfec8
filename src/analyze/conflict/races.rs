//! Race reports about maps: the detector names both parties, so the conflict is confirmed.
//!
//! A map operation is reported with the header's address under frames of the runtime; element memory, with a frame of user code on
//! top, is a data race like any other and no conflict of map operations.

use super::{Conflict, ConflictKind, IdentifiedBy, MapFindings, MapIdentity, Party, Reason, Why};
use crate::analyze::accesses::{Stand, Stands, operation};
use crate::analyze::incident::Incident;
use crate::goruntime::mapops::{KeyKind, MapOp};
use crate::model::{Address, DocumentId, Evidence, Grade, Item, RaceAccess, RaceReport, RaceStack};

/// Adds the conflicts of all reports of the incident; equal pairs on one map count once.
pub(super) fn take_over(
    evidence: &Evidence<'_>,
    incident: &Incident,
    stands: &mut Stands,
    findings: &mut MapFindings,
) {
    for at in &incident.races {
        let Some(Item::Race(report)) = at.of(evidence) else {
            continue;
        };
        if let Some((address, kind, parties, key_kind)) = conflict(evidence, stands, report) {
            let map = map_at(findings, address, key_kind);
            let known = findings
                .conflicts
                .iter()
                .any(|old| old.map == map && same_sides(&old.parties, &parties));
            if !known {
                let reasons = report
                    .accesses
                    .iter()
                    .take(2)
                    .map(|access| reason(at.document, access))
                    .collect();
                findings.conflicts.push(Conflict {
                    map,
                    kind,
                    grade: Grade::Confirmed,
                    parties,
                    reasons,
                });
            }
        }
    }
}

type MapRace = (Address, ConflictKind, [Party; 2], Option<KeyKind>);

/// The conflict of one report, if it is about map operations.
fn conflict(evidence: &Evidence<'_>, stands: &mut Stands, report: &RaceReport) -> Option<MapRace> {
    let [first, second, ..] = &report.accesses[..] else {
        return None;
    };
    let (first_stand, second_stand) = (
        stand(evidence, stands, first),
        stand(evidence, stands, second),
    );
    let (first_op, second_op) = (seen(&first_stand), seen(&second_stand));
    if first_op.is_none() && second_op.is_none() || first.address != second.address {
        return None;
    }
    // `len(m)` has no frame of the runtime; the detector still says whether it read or wrote.
    let op = |seen: Option<MapOp>, access: &RaceAccess| {
        seen.unwrap_or(if access.write {
            MapOp::Write
        } else {
            MapOp::Read
        })
    };
    let (first_op, second_op) = (op(first_op, first), op(second_op, second));
    let milder = if first_op.mutates() {
        second_op
    } else {
        first_op
    };
    let party = |stand: &Option<Stand>, op, access: &RaceAccess| Party {
        actor: Some(access.actor),
        op: Some(op),
        site: stand
            .as_ref()
            .filter(|stand| !hides_reader(stand))
            .and_then(|stand| stand.site_frame),
        ..Party::default()
    };
    let parties = [
        party(&first_stand, first_op, first),
        party(&second_stand, second_op, second),
    ];
    let key_kinds = [&first_stand, &second_stand]
        .into_iter()
        .flatten()
        .flat_map(|stand| &stand.operations);
    let key_kind = key_kinds
        .map(|(_, row)| row.key_kind)
        .max_by_key(|&kind| kind != KeyKind::Generic);
    Some((first.address, ConflictKind::of(milder), parties, key_kind))
}

fn stand(evidence: &Evidence<'_>, stands: &mut Stands, access: &RaceAccess) -> Option<Stand> {
    match access.stack {
        RaceStack::Known(stack) => Some(stands.of(evidence, stack).clone()),
        RaceStack::Lost => None,
    }
}

fn seen(stand: &Option<Stand>) -> Option<MapOp> {
    stand.as_ref().and_then(operation)
}

/// True for a lookup whose own function the report leaves out: Go 1.27 shows `mapaccess2*` and `mapaccess1*`, and then the *caller* of
/// the function that looks up (verified on 1.27.3), whose line would be the wrong one.
pub(crate) fn hides_reader(stand: &Stand) -> bool {
    let functions: Vec<&str> = stand
        .operations
        .iter()
        .map(|(_, row)| row.function)
        .collect();
    matches!(functions[..], [inner, outer] if inner.starts_with("runtime.mapaccess2") && outer.starts_with("runtime.mapaccess1"))
}

fn map_at(findings: &mut MapFindings, header: Address, key_kind: Option<KeyKind>) -> usize {
    if let Some(known) = findings
        .maps
        .iter()
        .position(|map| map.header == Some(header))
    {
        return known;
    }
    let map = MapIdentity {
        header: Some(header),
        map_type: None,
        key_kind,
        keys: Vec::new(),
        by: IdentifiedBy::RaceReport,
    };
    findings.maps.push(map);
    findings.maps.len() - 1
}

fn same_sides(a: &[Party; 2], b: &[Party; 2]) -> bool {
    let sides = |parties: &[Party; 2]| {
        let mut sides = parties.clone().map(|party| (party.site, party.op));
        sides.sort();
        sides
    };
    sides(a) == sides(b)
}

fn reason(document: DocumentId, access: &RaceAccess) -> Reason {
    Reason {
        why: Why::RaceReport,
        document,
        line: access.line,
    }
}
