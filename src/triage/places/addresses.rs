//! Addresses in race reports and faults.
//!
//! An access to an element stands in a race report with a frame of user code on top, and nothing says that it is one. It is tied to a
//! map where the same line races on that map's header as well, as every `m[k] = v` under `-race` does; with a snapshot also by the
//! array it lies in.

use super::super::case::Case;
use super::super::crash::LastWords;
use super::super::maps::map_id;
use super::super::memory;
use super::super::report::{At, MapPlace};
use super::super::values::{at, site};
use super::words;
use crate::analyze::accesses::user_site;
use crate::gomap::infer::{self, Clue, Inference, KnownArray, Reach, Role};
use crate::gomap::snapshot::Body;
use crate::gomap::snapshot::answer::{Book, Entry};
use crate::model::{DocumentId, FrameId, Grade, Item, RaceAccess, RaceStack};
use serde_json::json;

/// Faults below this address are offsets from a nil pointer.
const NIL_PAGE: u64 = 4096;

/// Inferred candidates that are still an answer: an array of one size class can begin on each page of its span, ten at the most.
const FEW: usize = 10;

/// An address of the text.
pub(in crate::triage) struct Seen {
    /// The address.
    pub address: u64,
    /// Who did what with it: `written in main.(*Cache).Set (main.go:41)`.
    pub said: String,
    /// What can lie there if it is in a map.
    role: Role,
    /// The map it is tied to, as an index.
    pub map: Option<usize>,
    /// Where it stands.
    pub evidence: Vec<At>,
}

/// The places of all addresses that lie in a map for all that is known.
pub(super) fn places(case: &Case<'_, '_>) -> Vec<MapPlace> {
    located(case).into_iter().map(|(_, place)| place).collect()
}

/// The same, with what the text says of each.
pub(in crate::triage) fn located(case: &Case<'_, '_>) -> Vec<(Seen, MapPlace)> {
    let book = case.capture.book;
    let book = book.filter(|book| memory::may_be_of(&case.go, book.snapshot));
    let (exact, open): (Vec<_>, Vec<_>) = seen(case)
        .into_iter()
        .map(|seen| {
            let place = book.and_then(|book| by_snapshot(case, book, &seen));
            (seen, place)
        })
        .partition(|(_, place)| place.is_some());
    let mut found: Vec<(Seen, MapPlace)> = exact
        .into_iter()
        .filter_map(|(seen, place)| Some((seen, place?)))
        .collect();
    let open: Vec<Seen> = open.into_iter().map(|(seen, _)| seen).collect();
    let inferred: Vec<Option<MapPlace>> = open
        .iter()
        .map(|seen| inferred(case, &open, seen))
        .collect();
    found.extend(
        open.into_iter()
            .zip(inferred)
            .filter_map(|(seen, place)| Some((seen, place?))),
    );
    found
}

/// The addresses of the text that are no map's header, each once.
fn seen(case: &Case<'_, '_>) -> Vec<Seen> {
    let mut all: Vec<Seen> = Vec::new();
    for next in raced(case).chain(faulted(case)) {
        let is_header = |map: &crate::analyze::conflict::MapIdentity| {
            map.header.is_some_and(|header| header.0 == next.address)
        };
        if case.maps.maps.iter().any(is_header) {
            continue;
        }
        match all.iter_mut().find(|known| known.address == next.address) {
            Some(known) => {
                known.evidence.extend(next.evidence);
                known.map = known.map.or(next.map);
            }
            None => all.push(next),
        }
    }
    all
}

fn raced<'c>(case: &'c Case<'_, '_>) -> impl Iterator<Item = Seen> + use<'c> {
    let reports = case.incident.races.iter();
    let reports = reports.filter_map(|race| match race.of(case.evidence)? {
        Item::Race(report) => Some((race.document, report)),
        _ => None,
    });
    reports.flat_map(move |(document, report)| {
        let accesses = report.accesses.iter();
        accesses.map(move |access| race_access(case, document, access))
    })
}

fn race_access(case: &Case<'_, '_>, document: DocumentId, access: &RaceAccess) -> Seen {
    let user = match access.stack {
        RaceStack::Known(stack) => user_site(case.evidence, stack),
        RaceStack::Lost => None,
    };
    let did = if access.write { "written" } else { "read" };
    let place = user.map_or_else(String::new, |id| format!(" in {}", site(case.evidence, id)));
    Seen {
        address: access.address.0,
        said: format!("{did}{place}"),
        // The program itself never writes a key; it reads keys where it ranges.
        role: match access.write {
            true => Role::Elem(Reach::Inside),
            false => Role::Slot(Reach::Inside),
        },
        map: user.and_then(|id| tied_map(case, id)),
        evidence: vec![at(case.evidence, document, access.line)],
    }
}

/// The map that a party of a conflict touches at the same line.
fn tied_map(case: &Case<'_, '_>, id: FrameId) -> Option<usize> {
    let line = |id: FrameId| {
        let frame = case.evidence.symbols.get(id)?;
        Some((frame.func, frame.line))
    };
    let here = line(id)?;
    let mut conflicts = case.maps.conflicts.iter();
    let found = conflicts.find(|conflict| {
        let mut sites = conflict.parties.iter().filter_map(|party| party.site);
        sites.any(|site| line(site) == Some(here))
    })?;
    Some(found.map)
}

/// The address that a fault touched, where it is no nil pointer's.
fn faulted<'c>(case: &'c Case<'_, '_>) -> impl Iterator<Item = Seen> + use<'c> {
    let words = case.words.iter();
    words.filter_map(|(document, words)| {
        let LastWords::Preamble(crash) = words else {
            return None;
        };
        let dump = crash.signal_dump.as_ref();
        let (address, line) = match &crash.signal {
            Some(note) => (note.addr, note.line),
            None => (dump?.addr?, dump?.line),
        };
        (address.0 >= NIL_PAGE).then(|| Seen {
            address: address.0,
            said: "the fault's address".into(),
            role: Role::Unknown,
            map: None,
            evidence: vec![at(case.evidence, *document, line)],
        })
    })
}

fn by_snapshot(case: &Case<'_, '_>, book: &Book<'_>, seen: &Seen) -> Option<MapPlace> {
    let answer = book.address(None, seen.address);
    let shot = answer.map.filter(|_| answer.found.is_ok())?;
    let mut maps = case.maps.maps.iter();
    let own = maps.position(|map| {
        map.header
            .is_some_and(|header| shot.header == Some(header.0))
            && memory::same(case, map).is_some()
    });
    let mut place = unknown(seen);
    place.map = own.map(map_id);
    place.set(Some(book), &answer, case.capture.grade());
    let its_map = match &place.map {
        Some(id) => id.clone(),
        None => format!("{} of the snapshot", shot.name),
    };
    place.text = format!("in {its_map}: {}", place.text);
    Some(place)
}

/// Candidates by the type of the snapshot's map, or that there are none to tell; `None` for what nothing ties to a map.
fn inferred(case: &Case<'_, '_>, open: &[Seen], seen: &Seen) -> Option<MapPlace> {
    let index = seen.map?;
    let mut place = unknown(seen);
    let map = case.maps.maps.get(index)?;
    let entry = memory::same(case, map);
    let clues = open.iter().filter(|other| other.map == Some(index));
    let clues: Vec<Clue> = clues
        .map(|other| Clue {
            addr: other.address,
            role: other.role,
        })
        .collect();
    let inference = entry.and_then(|entry| candidates(case.capture.book?, entry, &clues));
    let Some(inference) = inference else {
        place.text = format!(
            "possibly an element of {}, as its line races on that map too; which one can't be told from sizes and pages alone",
            map_id(index)
        );
        place.grade = Grade::Possible;
        return Some(place);
    };
    place.text = words::candidates(&inference, seen.address);
    place.place = Some(json!({ "candidates": inference.candidates }));
    place.grade = Grade::Possible;
    Some(place)
}

/// What sizes and pages leave, if that is little enough to say something.
fn candidates(book: &Book<'_>, entry: &Entry<'_>, clues: &[Clue]) -> Option<Inference> {
    let layout = entry.layout.as_ref()?;
    let known = KnownArray {
        shape: entry.shape().filter(|_| !knows_arrays(&entry.shot.body)),
        base: None,
    };
    let found = infer::candidates(&book.snapshot.target, layout, clues, known, FEW + 1);
    let few = (1..=FEW).contains(&found.candidates.len());
    (few && found.complete).then_some(found)
}

/// True where an address outside all arrays of the snapshot says that the map has got another one since.
fn knows_arrays(body: &Body) -> bool {
    match body {
        Body::Classic(shot) => shot.buckets.is_some(),
        Body::Swiss(shot) if shot.dir_len == Some(0) => shot.dir_ptr.is_some(),
        Body::Swiss(shot) => shot.tables.iter().all(|table| table.groups.is_some()),
        Body::Unreadable(_) => false,
    }
}

fn unknown(seen: &Seen) -> MapPlace {
    MapPlace {
        what: "address".into(),
        value: format!("{:#x}", seen.address),
        map: seen.map.map(map_id),
        goroutines: Vec::new(),
        place: None,
        text: String::new(),
        grade: Grade::Unknown,
        evidence: seen.evidence.clone(),
    }
}
