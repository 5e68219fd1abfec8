//! Maps and conflicts as the report shows them.

use super::case::Case;
use super::crash::check_word;
use super::memory;
use super::report::{ChainLink, Conflict, ConflictEvidence, KeySeen, MapReport, Participant};
use super::values::{at, place};
use crate::analyze::conflict::{ConflictKind, IdentifiedBy, MapIdentity, Party, Reason, Why};
use crate::goruntime::mapops::{KeyForm, KeyKind, MapOp};
use crate::goruntime::version::MapLayout;
use crate::model::RaceActor;

/// The name of a map within the report.
pub(super) fn map_id(index: usize) -> String {
    format!("m{}", index + 1)
}

/// All maps that take part in a conflict.
pub(super) fn maps(case: &Case<'_, '_>) -> Vec<MapReport> {
    case.maps
        .maps
        .iter()
        .enumerate()
        .map(|(index, map)| map_report(case, index, map))
        .collect()
}

fn map_report(case: &Case<'_, '_>, index: usize, map: &MapIdentity) -> MapReport {
    let captured = memory::same(case, map);
    let book = case.capture.book.filter(|_| captured.is_some());
    let captured_layout = book.map(|book| book.snapshot.target.rules.layout);
    let layout = case.go.map_layout.or(captured_layout);
    MapReport {
        id: map_id(index),
        header: map.header.map(|address| address.to_string()),
        go_type: captured
            .map(|entry| entry.shot.type_text.clone())
            .filter(|text| !text.is_empty()),
        key_kind: map.key_kind.and_then(key_kind_word).map(str::to_owned),
        layout: layout.map(|layout| layout_word(layout).to_owned()),
        type_pointer: map.map_type.map(|address| address.to_string()),
        keys: keys(case, map),
        identified_by: identified_word(map.by).to_owned(),
    }
}

fn keys(case: &Case<'_, '_>, map: &MapIdentity) -> Vec<KeySeen> {
    let seen = map.keys.iter().map(|(goroutine, key)| {
        let word = format!("{:#x}", key.word);
        let is_value = key.form == KeyForm::Value;
        KeySeen {
            goroutine: goroutine.of(case.evidence).map(|goroutine| goroutine.id.0),
            value: is_value.then(|| word.clone()),
            pointer: (!is_value).then_some(word),
            length: key.length,
        }
    });
    seen.collect()
}

/// The word for a key kind; generic functions serve all kinds and say nothing.
pub(super) fn key_kind_word(kind: KeyKind) -> Option<&'static str> {
    match kind {
        KeyKind::String => Some("string"),
        KeyKind::Bits32 => Some("32-bit"),
        KeyKind::Bits64 => Some("64-bit"),
        KeyKind::Pointer => Some("pointer"),
        KeyKind::Generic => Some("other"),
    }
}

/// The word for a layout.
pub(super) fn layout_word(layout: MapLayout) -> &'static str {
    match layout {
        MapLayout::Classic => "classic",
        MapLayout::Swiss => "swiss",
    }
}

fn identified_word(by: IdentifiedBy) -> &'static str {
    match by {
        IdentifiedBy::Header => "header",
        IdentifiedBy::RaceReport => "race-report",
        IdentifiedBy::Receiver => "receiver",
        IdentifiedBy::Line => "line",
        IdentifiedBy::Message => "message",
    }
}

/// All conflicts, best first.
pub(super) fn conflicts(case: &Case<'_, '_>) -> Vec<Conflict> {
    let ranked = case.maps.conflicts.iter().enumerate();
    let report = ranked.map(|(index, conflict)| Conflict {
        rank: index as u32 + 1,
        map: map_id(conflict.map),
        kind: kind_word(conflict.kind).to_owned(),
        grade: conflict.grade,
        participants: conflict
            .parties
            .iter()
            .map(|party| participant(case, party))
            .collect(),
        evidence: conflict
            .reasons
            .iter()
            .map(|reason| evidence(case, reason))
            .collect(),
    });
    report.collect()
}

/// The word for a kind of conflict.
pub(super) fn kind_word(kind: ConflictKind) -> &'static str {
    match kind {
        ConflictKind::WriteWrite => "write-write",
        ConflictKind::ReadWrite => "read-write",
        ConflictKind::IterateWrite => "iterate-write",
        ConflictKind::CloneWrite => "clone-write",
    }
}

/// The word for an operation.
pub(super) fn op_word(op: Option<MapOp>) -> &'static str {
    match op {
        Some(MapOp::Read) => "read",
        Some(MapOp::Write) => "write",
        Some(MapOp::Delete) => "delete",
        Some(MapOp::Iterate) => "iterate",
        Some(MapOp::Clear) => "clear",
        Some(MapOp::Clone) => "clone",
        None => "unknown",
    }
}

fn participant(case: &Case<'_, '_>, party: &Party) -> Participant {
    let site = party.site.map(|id| place(case.evidence, id));
    let goroutine = party.goroutine.and_then(|at| at.of(case.evidence));
    let (func, file, line) = match site {
        Some(site) => (Some(site.func), Some(site.file), Some(site.line)),
        None => (None, None, None),
    };
    Participant {
        goroutine: goroutine
            .map(|goroutine| goroutine.id.0)
            .or(party.actor.map(detector_number)),
        numbering: party.actor.map(|_| "race-detector".to_owned()),
        op: op_word(party.op).to_owned(),
        func,
        file,
        line,
        noticed: party.noticed.map(|check| check_word(check).to_owned()),
        receiver: party.receiver.map(|address| address.to_string()),
        chain: party_chain(case, party),
    }
}

/// The race detector's number; the main goroutine is 1 for it and for the runtime alike.
fn detector_number(actor: RaceActor) -> u64 {
    match actor {
        RaceActor::Main => 1,
        RaceActor::Goroutine(id) => id.0,
    }
}

fn party_chain(case: &Case<'_, '_>, party: &Party) -> Vec<ChainLink> {
    match (party.goroutine, party.actor) {
        (Some(at), _) => case.chain(at),
        (None, Some(RaceActor::Goroutine(id))) => case.race_creation(id).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn evidence(case: &Case<'_, '_>, reason: &Reason) -> ConflictEvidence {
    let at = at(case.evidence, reason.document, reason.line);
    ConflictEvidence {
        why: why_word(reason.why).to_owned(),
        input: at.input,
        line: at.line,
    }
}

/// The word for a reason.
pub(super) fn why_word(why: Why) -> &'static str {
    match why {
        Why::RuntimeMessage => "runtime-message",
        Why::RaceReport => "race-report",
        Why::SameMapHeader => "same-map-header",
        Why::DoubtfulHeader => "doubtful-map-header",
        Why::DiedTogether => "died-together",
        Why::SameReceiver => "same-receiver",
        Why::SameArgument => "same-argument",
        Why::SameLine => "same-line",
        Why::OpenMapOperation => "open-map-operation",
        Why::SameType => "same-type",
        Why::SameFunction => "same-function",
        Why::OtherThread => "other-thread",
        Why::Sibling => "sibling",
        Why::SamePackage => "same-package",
        Why::NotInText => "not-in-text",
    }
}

/// A reason in words, for the second step.
pub(super) fn why_sentence(why: Why) -> &'static str {
    match why {
        Why::RuntimeMessage => "the runtime's fatal error is this goroutine's",
        Why::RaceReport => "the race detector saw this access",
        Why::SameMapHeader => "both stand inside an operation on one map header",
        Why::DoubtfulHeader => {
            "the header printed for one is among the words of the other's map operation, marked as doubtful"
        }
        Why::DiedTogether => "it raised the same fatal error at the same moment",
        Why::SameReceiver => "it is in a method of the same object",
        Why::SameArgument => "it was handed the same pointer in the same function",
        Why::SameLine => "it stands at the same line",
        Why::OpenMapOperation => {
            "it is inside a mutating map operation that may be on the same map"
        }
        Why::SameType => "it is in a method of the same type",
        Why::SameFunction => "it is in the same function",
        Why::OtherThread => "it was running on another thread, so its stack is not in the text",
        Why::Sibling => "it was started by the same go statement",
        Why::SamePackage => "it runs code of the same package and waits for nothing",
        Why::NotInText => "it is not in the text",
    }
}
