//! Incidents: what of the evidence belongs to one process.
//!
//! `triage` asks [`incidents`] first and writes one report for each. Everything else in `analyze` works on one [`Incident`].
//! Read [`Incident`], then `split` (one text into parts) and `join` (parts of all texts into incidents).

mod distinct;
mod join;
mod split;
#[cfg(test)]
mod tests;

use crate::goruntime::messages::{Raised, classify_fatal};
use crate::goruntime::waits::{WaitKind, wait_state};
use crate::model::{
    Crash, Document, DocumentId, Evidence, Goroutine, GoroutineFlags, GoroutineId, InputId, Item,
    Symbols,
};
use std::ops::Range;

/// An item of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemRef {
    /// Which document.
    pub document: DocumentId,
    /// Index into [`Document::items`].
    pub item: u32,
}

/// A printed goroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoroutineRef {
    /// Which document.
    pub document: DocumentId,
    /// Index into [`Document::goroutines`].
    pub index: u32,
}

impl ItemRef {
    /// The item itself.
    pub fn of<'e, 't>(self, evidence: &'e Evidence<'t>) -> Option<&'e Item<'t>> {
        let document = evidence.document(self.document)?;
        document.items.get(self.item as usize)
    }

    /// The preamble, where the item is one.
    pub fn crash<'e, 't>(self, evidence: &'e Evidence<'t>) -> Option<&'e Crash<'t>> {
        match self.of(evidence)? {
            Item::Crash(crash) => Some(crash),
            _ => None,
        }
    }
}

impl GoroutineRef {
    /// The goroutine itself.
    pub fn of<'e>(self, evidence: &'e Evidence<'_>) -> Option<&'e Goroutine> {
        let document = evidence.document(self.document)?;
        document.goroutines.get(self.index as usize)
    }
}

/// Why the evidence is an incident of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IncidentKind {
    /// A process died and said why.
    Crash,
    /// A goroutine panicked, net/http recovered it and logged the stack: the process lives on.
    RecoveredPanic,
    /// The dump of a death without the lines that announce it: a file of `debug.SetCrashOutput`, or a log cut at its head.
    /// The innermost frame of its first goroutine raises a panic or a fatal error.
    CutCrash,
    /// Goroutines of a process that was alive, or of which only goroutines are left.
    Capture,
    /// Reports of the race detector, and nothing that died.
    RaceReports,
    /// Tests failed without a crash.
    TestFailure,
}

/// Goroutine blocks that stand together in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoroutineRun {
    /// Which document.
    pub document: DocumentId,
    /// Range of [`Document::goroutines`].
    pub range: Range<u32>,
    /// True for a capture that joined a crash: printed at another moment than the crash itself.
    pub joined: bool,
}

/// What belongs to one process that died or was captured alive.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Why it is one.
    pub kind: IncidentKind,
    /// Its first item.
    pub at: ItemRef,
    /// The preamble ([`Item::Crash`]), or the `http: panic serving` line ([`Item::Test`]) of a recovered panic.
    pub crash: Option<ItemRef>,
    /// Preambles of other goroutines of the same process, where the text proves that they are of the same.
    pub further_crashes: Vec<ItemRef>,
    /// The same crash printed again: an annotation, a second stream, another file with the same dump. For recovered panics: the
    /// later ones with an equal stack.
    pub repeats: Vec<ItemRef>,
    /// Goroutine blocks as printed, copies and g0 included: the crash's own in text order, then those of joined captures.
    pub runs: Vec<GoroutineRun>,
    /// One block for each goroutine id but 0, in the order of `runs`: the copy with the most frames, the earlier of equals.
    pub goroutines: Vec<GoroutineRef>,
    /// Blocks of `goroutine 0`, the scheduler's stacks of the threads.
    pub system_stacks: Vec<GoroutineRef>,
    /// Race reports.
    pub races: Vec<ItemRef>,
    /// Frames whose goroutine header is not in the text ([`Item::Fragment`]).
    pub fragments: Vec<ItemRef>,
    /// `Found N data race(s)` lines.
    pub race_counts: Vec<ItemRef>,
    /// Dumps of further threads (`-----`).
    pub threads: Vec<ItemRef>,
    /// Register dumps.
    pub registers: Vec<ItemRef>,
    /// Lines of `go test`, and of what ran the process.
    pub tests: Vec<ItemRef>,
    /// Profiles.
    pub profiles: Vec<ItemRef>,
    /// Execution traces.
    pub traces: Vec<ItemRef>,
    /// Goroutines that a goroutine profile counts, the largest number where several joined.
    pub profile_total: Option<u64>,
    /// Documents with a part in it, ascending.
    pub documents: Vec<DocumentId>,
    /// Inputs with a part in it, ascending.
    pub inputs: Vec<InputId>,
    /// `goroutines` by id: ascending ids with their positions there.
    by_id: Vec<(GoroutineId, u32)>,
}

impl Incident {
    fn new(kind: IncidentKind, at: ItemRef) -> Self {
        Self {
            kind,
            at,
            crash: None,
            further_crashes: Vec::new(),
            repeats: Vec::new(),
            runs: Vec::new(),
            goroutines: Vec::new(),
            system_stacks: Vec::new(),
            races: Vec::new(),
            fragments: Vec::new(),
            race_counts: Vec::new(),
            threads: Vec::new(),
            registers: Vec::new(),
            tests: Vec::new(),
            profiles: Vec::new(),
            traces: Vec::new(),
            profile_total: None,
            documents: vec![at.document],
            inputs: Vec::new(),
            by_id: Vec::new(),
        }
    }

    /// An incident of an input in which nothing of a process was found.
    pub fn empty(input: InputId) -> Self {
        let at = ItemRef {
            document: DocumentId(u32::MAX),
            item: 0,
        };
        Self {
            documents: Vec::new(),
            inputs: vec![input],
            ..Self::new(IncidentKind::Capture, at)
        }
    }

    /// The goroutine of that id, if its block is in the text.
    pub fn find(&self, id: GoroutineId) -> Option<GoroutineRef> {
        let position = self.position(id)?;
        self.goroutines.get(position as usize).copied()
    }

    /// Index into `goroutines` of that id.
    pub fn position(&self, id: GoroutineId) -> Option<u32> {
        let at = self.by_id.binary_search_by_key(&id, |&(id, _)| id).ok()?;
        self.by_id.get(at).map(|&(_, position)| position)
    }

    /// Ids of `goroutines`, ascending, each with its index there.
    pub fn ids(&self) -> &[(GoroutineId, u32)] {
        &self.by_id
    }

    /// All blocks as printed, in the order of `runs`.
    pub fn blocks(&self) -> impl DoubleEndedIterator<Item = GoroutineRef> {
        self.runs.iter().flat_map(|run| {
            let document = run.document;
            run.range
                .clone()
                .map(move |index| GoroutineRef { document, index })
        })
    }

    /// The blocks that the process printed itself as it died, without those of joined captures.
    fn own_blocks(&self) -> impl DoubleEndedIterator<Item = GoroutineRef> {
        let own = self.runs.iter().filter(|run| !run.joined);
        own.flat_map(|run| {
            let document = run.document;
            run.range
                .clone()
                .map(move |index| GoroutineRef { document, index })
        })
    }

    /// The preamble, where there is one.
    pub fn preamble<'e, 't>(&self, evidence: &'e Evidence<'t>) -> Option<&'e Crash<'t>> {
        self.crash?.crash(evidence)
    }
}

/// All incidents of the evidence, in the order of their first lines; with `separate`, no incident takes from two inputs.
///
/// - Every preamble starts an incident; goroutines, threads, registers and race reports that follow belong to it, until the next
///   preamble, the end of the process (`exit status 2`, `FAIL pkg`) or the end of the text. Race reports and failed tests that
///   stand before it, with no end of a process between, belong to it too.
/// - A second preamble belongs to the same process only where that is proved: its goroutine stands in the first dump as `running`
///   with `stack unavailable`, created at the same place, and the second dump prints no other goroutine (a process that was
///   started anew would print its own), or the runtime says `panic during panic`. Two panics at once are taken for one process where
///   the second report stands on the last line of the first, of another goroutine alone. Anything else is another process.
/// - A crash printed again is one incident with `repeats`, see `join`.
/// - Captures given together are one incident, and join the crash where there is exactly one. A capture that prints a goroutine id
///   of the other part with another creation site is of another process and stays apart.
/// - A panic that net/http recovered is an incident of its own; panics with equal stacks in one text are one, with `repeats`.
///
/// Time n log n in the number of goroutine blocks.
pub fn incidents(evidence: &Evidence<'_>, separate: bool) -> Vec<Incident> {
    let parts = evidence
        .documents
        .iter()
        .flat_map(|document| split::parts(evidence, document))
        .collect();
    let mut incidents = join::join(evidence, parts, separate);
    for incident in &mut incidents {
        incident.settle(evidence);
    }
    incidents.sort_by_key(|incident| incident.at);
    incidents
}

/// The goroutine that died, or that panicked and was recovered: the first block behind the preamble, g0 apart.
///
/// `None` where no goroutine is to blame (a deadlock of all, a signal sent from outside), and where its block is not in the
/// text, which shows in the first block being parked.
pub fn crash_goroutine(incident: &Incident, evidence: &Evidence<'_>) -> Option<GoroutineRef> {
    match incident.kind {
        IncidentKind::Crash if has_no_culprit(incident.preamble(evidence)?) => return None,
        IncidentKind::Crash | IncidentKind::RecoveredPanic | IncidentKind::CutCrash => {}
        _ => return None,
    }
    let first = incident
        .own_blocks()
        .find(|block| block.of(evidence).is_some_and(|g| g.id.0 != 0))?;
    let goroutine = first.of(evidence)?;
    if is_parked(goroutine, &evidence.symbols) {
        return None;
    }
    best_copy(incident, evidence, goroutine.id).or(Some(first))
}

/// A second goroutine that died with the first. Up to Go 1.23 two fatal errors at once print their line twice; the second
/// goroutine is listed as `running` with `stack unavailable`, and its frames follow at the very end without a preamble.
pub fn second_crasher(incident: &Incident, evidence: &Evidence<'_>) -> Option<GoroutineRef> {
    if let Some(further) = incident.further_crashes.first() {
        let document = evidence.document(further.document)?;
        return split::first_goroutine(document, further.item);
    }
    let fatal = incident.preamble(evidence)?.fatal.is_some();
    if !fatal || !incident.threads.is_empty() {
        return None;
    }
    let last = incident.own_blocks().next_back()?;
    let goroutine = last.of(evidence)?;
    let listed = incident.own_blocks().take_while(|&block| block != last);
    let was_unavailable = listed
        .filter_map(|block| block.of(evidence))
        .any(|earlier| is_unavailable_copy(earlier, goroutine, &evidence.symbols));
    was_unavailable.then_some(last)
}

fn best_copy(
    incident: &Incident,
    evidence: &Evidence<'_>,
    id: GoroutineId,
) -> Option<GoroutineRef> {
    let own = incident.own_blocks().filter(|block| {
        let goroutine = block.of(evidence);
        goroutine.is_some_and(|g| g.id == id && distinct::quality(g) == distinct::WHOLE)
    });
    own.min()
}

/// True where `earlier` is `later` as the other thread's dump lists it: the same goroutine, running, without its frames.
fn is_unavailable_copy(earlier: &Goroutine, later: &Goroutine, symbols: &Symbols<'_>) -> bool {
    earlier.id == later.id
        && earlier.flags.has(GoroutineFlags::STACK_UNAVAILABLE)
        && !later.flags.has(GoroutineFlags::STACK_UNAVAILABLE)
        && symbols.text(earlier.state) == b"running"
        && distinct::same_creation(earlier, later, symbols)
}

/// True for deaths that no goroutine caused: all are asleep, or a signal came from outside.
fn has_no_culprit(crash: &Crash<'_>) -> bool {
    if let Some(fatal) = &crash.fatal {
        return matches!(
            classify_fatal(fatal.text).raised,
            Raised::UserWithoutGoroutine(_)
        );
    }
    let Some(signal) = &crash.signal_dump else {
        return false;
    };
    // SIGQUIT asks for a dump. SIGABRT is somebody's `kill`, unless C code called abort().
    let asked = signal.name.starts_with(b"SIGQUIT");
    let aborted = signal.name.starts_with(b"SIGABRT") && !signal.in_cgo;
    // si_code 0 is SI_USER: sent with kill(2) by a process.
    asked || aborted || (signal.sigcode == Some(0) && !signal.in_cgo)
}

/// True for a goroutine that waits: it cannot be the one that was executing when the process died.
pub(crate) fn is_parked(goroutine: &Goroutine, symbols: &Symbols<'_>) -> bool {
    wait_state(symbols.text(goroutine.state)).is_some_and(|row| {
        row.kind.needs_another()
            || row.kind.is_for_ever()
            || matches!(row.kind, WaitKind::Sleep | WaitKind::Io)
    })
}

/// The document and its first line of an incident's items, for ordering and evidence.
pub(crate) fn document_of<'e, 't>(
    evidence: &'e Evidence<'t>,
    at: ItemRef,
) -> Option<&'e Document<'t>> {
    evidence.document(at.document)
}
