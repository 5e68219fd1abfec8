//! The signs of one incident: its frames, and the forms of its headers and messages.
//!
//! Called by [`super::of_incident`]. Of many goroutines only the distinct stacks and the first headers are looked at, so the cost
//! is that of one pass over their ids. Read [`gather`] first.

use crate::analyze::incident::{Incident, crash_goroutine};
use crate::analyze::trace::LiveFrame;
use crate::goruntime::cues::{self, Cue};
use crate::goruntime::frames::{Owner, owner};
use crate::goruntime::messages::{classify_fatal, classify_panic};
use crate::goruntime::tracewire::writers;
use crate::goruntime::version::{ReleaseSet, Versions};
use crate::goruntime::waits::{WaitKind, wait_state};
use crate::model::{
    Crash, Document, Evidence, Frame, FrameId, FrameKind, Goroutine, GoroutineFlags, GoroutineId,
    Item, NameId, ProfileKind, RaceStack, StackId, Symbols,
};
use std::collections::{BTreeMap, BTreeSet};

/// Signs of an incident that are not in its frames' names and lines.
#[derive(Clone, Debug, Default)]
pub struct VersionCues {
    /// Signs seen.
    pub seen: BTreeSet<Cue>,
    /// States and wait reasons seen.
    pub states: BTreeSet<NameId>,
    /// Releases that print the messages of the crash, with the message.
    pub(super) messages: Vec<(ReleaseSet, String)>,
    /// Frames whose names count and whose lines do not, because the table lists calls: where a panic was raised, where a running
    /// goroutine was stopped, and functions of the runtime in race reports, which stand at their declaration.
    pub(super) unlisted: BTreeSet<FrameId>,
    /// Function, file and line of the calls at which goroutines of a trace stand.
    pub(super) traced: Vec<(Vec<u8>, Vec<u8>, u32)>,
}

/// What an execution trace of the same process tells of the version.
#[derive(Clone, Debug)]
pub struct TraceSigns<'t> {
    /// Its header: `go 1.26`.
    pub header: &'t str,
    /// Where its goroutines wait and were created.
    pub calls: Vec<LiveFrame<'t>>,
}

/// Raises the errors of Swiss maps; as it is not in package runtime, every level shows it.
const MAPS_FATAL: &[u8] = b"internal/runtime/maps.fatal";

/// Headers that are looked at. All headers of a dump have one form, so more tell no more.
const HEADERS: usize = 4096;

/// Blocks whose text is searched for argument forms; the first ones hold the crash and, at system level, `runtime.goexit`.
const BLOCKS: usize = 16;

/// Argument lists that tell the version by their form alone.
const ARGUMENT_FORMS: &[(&[u8], Cue)] = &[
    (b"\npanic(0x", Cue::FlatArguments),
    (b"\nruntime.goexit({})", Cue::GoexitWithEmptyStruct),
    (b"\nruntime.goexit()", Cue::GoexitWithoutArguments),
];

/// The distinct frames of an incident, creation sites included, and its cues.
pub(super) fn gather(evidence: &Evidence<'_>, incident: &Incident) -> (Vec<FrameId>, VersionCues) {
    let mut frames = Frames::new(&evidence.symbols);
    let mut cues = VersionCues::default();
    let mut states = BTreeMap::new();
    for (n, block) in incident.blocks().enumerate() {
        let Some(document) = evidence.document(block.document) else {
            continue;
        };
        let Some(goroutine) = document.goroutines.get(block.index as usize) else {
            continue;
        };
        frames.stack(goroutine.stack);
        frames.frame(goroutine.created_by);
        let on_thread = states
            .entry(goroutine.state)
            .or_insert_with(|| is_on_thread(&evidence.symbols, goroutine));
        if *on_thread {
            frames.innermost_is_anywhere(goroutine);
        }
        if n < HEADERS {
            cues.note_goroutine(evidence, document, goroutine);
        }
        if n < BLOCKS {
            cues.note_arguments(document.slice(goroutine.span));
        }
    }
    let crashes = incident.crash.iter().chain(&incident.further_crashes);
    for crash in crashes.filter_map(|item| item.crash(evidence)) {
        cues.note_crash(crash);
        frames.stack(crash.runtime_stack.unwrap_or(StackId::EMPTY));
        frames.frame(crash.runtime_created_by);
    }
    for document in incident
        .documents
        .iter()
        .filter_map(|&id| evidence.document(id))
    {
        cues.note_document(document);
    }
    let died = crash_goroutine(incident, evidence).and_then(|block| block.of(evidence));
    if let (Some(crash), Some(goroutine)) = (incident.preamble(evidence), died) {
        cues.note_crash_stack(&evidence.symbols, crash, goroutine);
    }
    note_profiles(evidence, incident, &mut frames);
    let printed = frames.ids.len();
    note_races(evidence, incident, &mut frames);
    let of_races = frames
        .ids
        .get(printed..)
        .unwrap_or_default()
        .iter()
        .copied();
    cues.unlisted = frames.stopped;
    cues.unlisted
        .extend(of_races.filter(|&frame| is_declaration(&evidence.symbols, frame)));
    (frames.ids, cues)
}

/// Frames of profiles. The innermost of a CPU sample is wherever the program was.
fn note_profiles(evidence: &Evidence<'_>, incident: &Incident, frames: &mut Frames<'_, '_>) {
    for profile in incident
        .profiles
        .iter()
        .filter_map(|item| item.of(evidence))
    {
        let Item::Profile(profile) = profile else {
            continue;
        };
        let at_calls = !matches!(
            profile.kind,
            ProfileKind::Cpu | ProfileKind::Perf | ProfileKind::Folded | ProfileKind::Other
        );
        for sample in &profile.samples {
            frames.stack(sample.stack);
            let innermost = evidence.symbols.frame_ids(sample.stack).first();
            frames.stopped.extend(innermost.filter(|_| !at_calls));
        }
    }
}

fn note_races(evidence: &Evidence<'_>, incident: &Incident, frames: &mut Frames<'_, '_>) {
    for race in incident.races.iter().filter_map(|item| item.of(evidence)) {
        let Item::Race(race) = race else { continue };
        let accesses = race.accesses.iter().map(|access| access.stack);
        for stack in accesses.chain(race.creations.iter().map(|creation| creation.stack)) {
            if let RaceStack::Known(stack) = stack {
                frames.stack(stack);
            }
        }
    }
}

fn function_of<'t>(symbols: &Symbols<'t>, frame: FrameId) -> &'t [u8] {
    symbols
        .get(frame)
        .map_or(&[][..], |frame| symbols.text(frame.func))
}

/// True for the functions that begin a panic: `panic`, `runtime.sigpanic`, `runtime.goPanicIndex`, `runtime.panicmem`.
fn raises_panic(symbols: &Symbols<'_>, frame: FrameId) -> bool {
    let function = function_of(symbols, frame);
    let prefixes: [&[u8]; 3] = [b"runtime.panic", b"runtime.goPanic", b"runtime.sigpanic"];
    function == b"panic" || prefixes.iter().any(|prefix| function.starts_with(prefix))
}

/// True for the functions that raise a fatal error, which always stand at the same call.
fn raises_fatal(symbols: &Symbols<'_>, frame: FrameId) -> bool {
    let function = function_of(symbols, frame);
    function.ends_with(b".fatal") || function.ends_with(b".throw")
}

/// True where the goroutine ran, or was stopped while it could run.
fn is_on_thread(symbols: &Symbols<'_>, goroutine: &Goroutine) -> bool {
    let state = wait_state(symbols.text(goroutine.state));
    state.is_none_or(|row| matches!(row.kind, WaitKind::Running | WaitKind::Runnable))
}

fn is_declaration(symbols: &Symbols<'_>, frame: FrameId) -> bool {
    let function = function_of(symbols, frame);
    owner(function) == Owner::Runtime || function.starts_with(b"sync/atomic.")
}

/// Collects frame ids, each once, visiting each stack once.
struct Frames<'e, 't> {
    symbols: &'e Symbols<'t>,
    ids: Vec<FrameId>,
    seen_frames: Vec<bool>,
    seen_stacks: Vec<bool>,
    stopped: BTreeSet<FrameId>,
}

impl<'e, 't> Frames<'e, 't> {
    fn new(symbols: &'e Symbols<'t>) -> Self {
        Self {
            symbols,
            ids: Vec::new(),
            seen_frames: vec![false; symbols.all_frames().len()],
            seen_stacks: vec![false; symbols.stack_count()],
            stopped: BTreeSet::new(),
        }
    }

    fn stack(&mut self, stack: StackId) {
        if !first_time(&mut self.seen_stacks, stack.0) {
            return;
        }
        let mut raised = false;
        for &id in self.symbols.frame_ids(stack) {
            self.frame(Some(id));
            let raises = raises_panic(self.symbols, id);
            if raised && !raises {
                self.stopped.insert(id);
            }
            raised = raises;
        }
    }

    /// Marks the innermost frame of a goroutine that was stopped where it happened to be.
    fn innermost_is_anywhere(&mut self, goroutine: &Goroutine) {
        let innermost = self.symbols.frame_ids(goroutine.stack).first();
        self.stopped
            .extend(innermost.filter(|&&id| !raises_fatal(self.symbols, id)));
    }

    fn frame(&mut self, frame: Option<FrameId>) {
        if let Some(frame) = frame
            && first_time(&mut self.seen_frames, frame.index() as u32)
        {
            self.ids.push(frame);
        }
    }
}

fn first_time(seen: &mut [bool], id: u32) -> bool {
    seen.get_mut(id as usize)
        .is_some_and(|seen| !std::mem::replace(seen, true))
}

impl VersionCues {
    /// Takes the signs of the traces of the same process.
    pub(super) fn note_traces(&mut self, traces: &[TraceSigns<'_>]) {
        for signs in traces {
            if let Some(writers) = writers(signs.header) {
                let words = format!("the trace's header \"{}\"", signs.header);
                self.messages.push((writers.releases(), words));
            }
            let calls = signs.calls.iter();
            let of_go = calls.filter(|frame| owner(frame.func) != Owner::User);
            self.traced
                .extend(of_go.map(|frame| (frame.func.to_vec(), frame.file.to_vec(), frame.line)));
        }
        self.traced.sort_unstable();
        self.traced.dedup();
    }

    fn note(&mut self, cue: Cue, seen: bool) {
        if seen {
            self.seen.insert(cue);
        }
    }

    /// Takes the forms of a text, unless several processes may have written it.
    fn note_document(&mut self, document: &Document<'_>) {
        let crashes = document
            .items
            .iter()
            .filter(|item| matches!(item, Item::Crash(_)));
        if crashes.count() > 1 {
            return;
        }
        let forms = document.forms;
        self.note(Cue::Braces, forms.braces);
        self.note(Cue::DoubtfulArguments, forms.doubtful_args);
    }

    /// Takes the argument forms of one block's text.
    fn note_arguments(&mut self, block: &[u8]) {
        for &(form, cue) in ARGUMENT_FORMS {
            self.note(cue, memchr::memmem::find(block, form).is_some());
        }
    }

    /// Takes the signs of a preamble.
    fn note_crash(&mut self, crash: &Crash<'_>) {
        for entry in &crash.panics {
            self.seen.extend(cues::panic_value_cues(entry.value));
            self.note(Cue::Repanicked, entry.repanicked);
            if let Some(row) = classify_panic(entry.value) {
                self.note_message(row.versions, row.text);
            }
        }
        if let Some(fatal) = &crash.fatal {
            let row = classify_fatal(fatal.text);
            self.note_message(row.versions, row.text);
            self.note(Cue::FatalTwice, fatal.times > 1);
            self.note(Cue::PanicsAboveFatal, !crash.panics.is_empty());
        }
        let address = crash.signal_dump.as_ref().and_then(|dump| dump.addr);
        self.note(Cue::SignalDumpAddress, address.is_some());
    }

    fn note_message(&mut self, versions: Versions, text: &str) {
        let releases = ReleaseSet::of(versions);
        if releases != ReleaseSet::ALL {
            self.messages
                .push((releases, format!("the message \"{text}\"")));
        }
    }

    /// Takes the sign of the stack that raised a map error.
    fn note_crash_stack(&mut self, symbols: &Symbols<'_>, crash: &Crash<'_>, died: &Goroutine) {
        let class = crash
            .fatal
            .as_ref()
            .map(|fatal| classify_fatal(fatal.text).class);
        let whole = !died.flags.has(GoroutineFlags::STACK_UNAVAILABLE)
            && !died.flags.has(GoroutineFlags::INCOMPLETE)
            && died.stack != StackId::EMPTY;
        let named = symbols
            .frames(died.stack)
            .any(|frame| symbols.text(frame.func) == MAPS_FATAL);
        let is_map_error = class.is_some_and(|class| class.is_map_conflict());
        self.note(Cue::MapErrorFromRuntime, is_map_error && whole && !named);
    }

    /// Takes the signs of one goroutine's header and stack.
    fn note_goroutine(
        &mut self,
        evidence: &Evidence<'_>,
        document: &Document<'_>,
        goroutine: &Goroutine,
    ) {
        let symbols = &evidence.symbols;
        self.states.insert(goroutine.state);
        self.note(Cue::LeakedMark, goroutine.flags.has(GoroutineFlags::LEAKED));
        if goroutine.flags.has(GoroutineFlags::ELIDED) {
            let counted = |frame: &Frame| {
                if frame.line > 0 {
                    Cue::ElidedCount
                } else {
                    Cue::ElidedWithoutCount
                }
            };
            let frames = symbols.frames(goroutine.stack);
            self.seen.extend(
                frames
                    .filter(|frame| frame.kind == FrameKind::Elided)
                    .map(counted),
            );
        }
        let creator = goroutine.created_by.and_then(|frame| symbols.get(frame));
        let by_user = creator.is_some_and(|frame| owner(symbols.text(frame.func)) == Owner::User);
        self.note(Cue::ParentNamed, goroutine.parent.is_some());
        self.note(Cue::ParentMissing, goroutine.parent.is_none() && by_user);
        let extra = goroutine
            .extra
            .and_then(|n| document.scheduling.get(n as usize));
        let Some(extra) = extra else { return };
        self.note(Cue::LabelsInHeader, extra.labels.is_some());
        self.note(Cue::SynctestInHeader, extra.bubble.is_some());
        self.note(Cue::GpInHeader, extra.gp.is_some());
        // A g0 may be static data or come from C.
        let on_heap = extra.gp.filter(|_| goroutine.id != GoroutineId(0));
        self.note(
            Cue::HeapElsewhere,
            on_heap.is_some_and(|gp| cues::is_heap_elsewhere(gp.0)),
        );
    }
}
