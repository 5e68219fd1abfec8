//! Parts of all texts joined into incidents: crashes printed again, and captures. Called by [`super::incidents`].

use super::{GoroutineRef, Incident, IncidentKind, crash_goroutine, distinct, document_of, split};
use crate::model::{Crash, Document, Evidence, Goroutine, GoroutineId, InputId};

/// Two time stamps further apart than this are of two events. Log systems stamp copies of one line, in two streams or by two
/// collectors, within fractions of a second; a supervisor needs longer to start a process and let it die in the same way.
const COPY_NANOSECONDS: i64 = 1_000_000_000;

/// How many captures of different processes are told apart; each later capture is compared with the first of every process.
const CAPTURED_PROCESSES: usize = 16;

/// Joins the parts, which come in text order. With `separate`, each input by itself.
pub(super) fn join(evidence: &Evidence<'_>, parts: Vec<Incident>, separate: bool) -> Vec<Incident> {
    if !separate {
        return join_together(evidence, parts);
    }
    let input_of = |part: &Incident| -> Option<InputId> {
        document_of(evidence, part.at).map(|document| document.input)
    };
    let mut joined = Vec::new();
    let mut group: Vec<Incident> = Vec::new();
    for part in parts {
        if group
            .last()
            .is_some_and(|last| input_of(last) != input_of(&part))
        {
            joined.extend(join_together(evidence, std::mem::take(&mut group)));
        }
        group.push(part);
    }
    joined.extend(join_together(evidence, group));
    joined
}

fn join_together(evidence: &Evidence<'_>, parts: Vec<Incident>) -> Vec<Incident> {
    let mut incidents: Vec<Incident> = Vec::new();
    let mut captures: Vec<Incident> = Vec::new();
    let mut copies = CopyIndex::default();
    for part in parts {
        match part.kind {
            IncidentKind::Capture | IncidentKind::CutCrash => captures.push(part),
            IncidentKind::Crash => copies.add(evidence, &mut incidents, part),
            _ => incidents.push(part),
        }
    }
    let mut crashes = incidents
        .iter_mut()
        .filter(|incident| incident.kind == IncidentKind::Crash);
    let only_crash = match (crashes.next(), crashes.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    };
    let left = match only_crash {
        Some(crash) => join_captures_to(evidence, crash, captures),
        None => captures,
    };
    incidents.extend(join_captures(evidence, left));
    incidents
}

// --- crashes printed again ---

/// Crashes seen so far by a hash of their message, so that a log of thousands of restarts stays linear.
#[derive(Default)]
struct CopyIndex {
    by_message: rustc_hash::FxHashMap<Vec<u8>, Vec<usize>>,
}

/// With this many crashes of one message in the evidence it is a crash loop; only the last few are compared with a new one.
const COMPARED_CRASHES: usize = 4;

impl CopyIndex {
    fn add(&mut self, evidence: &Evidence<'_>, incidents: &mut Vec<Incident>, part: Incident) {
        let message = part.preamble(evidence).map(message).unwrap_or_default();
        let known = self.by_message.entry(message).or_default();
        let earlier = known.iter().rev().take(COMPARED_CRASHES).copied();
        for at in earlier {
            let Some(first) = incidents.get_mut(at) else {
                continue;
            };
            if is_printed_again(evidence, first, &part) {
                absorb_copy(first, part);
                return;
            }
        }
        known.push(incidents.len());
        incidents.push(part);
    }
}

/// All that a preamble says, white space apart.
fn message(crash: &Crash<'_>) -> Vec<u8> {
    let fatal = crash.fatal.iter().map(|fatal| fatal.text);
    let panics = crash.panics.iter().map(|panic| panic.value);
    let signal = crash.signal_dump.iter().map(|signal| signal.name);
    let mut message = Vec::new();
    for text in panics.chain(fatal).chain(signal) {
        message.extend(text.iter().filter(|byte| !byte.is_ascii_whitespace()));
        message.push(0);
    }
    message
}

/// True where `later`, which has the same message, is the crash `first` printed once more and not a second death.
///
/// Time stamps that differ prove two deaths. Else, within one text, a copy is a preamble without any goroutine beside one that
/// has some (the annotation that a CI system makes of the line), or a dump with the very same stamps; equal dumps without stamps
/// in one text are a process that dies again and again. In two inputs, or in two streams without a name, a copy has the same
/// goroutine block, addresses included.
fn is_printed_again(evidence: &Evidence<'_>, first: &Incident, later: &Incident) -> bool {
    let (Some(a), Some(b)) = (
        document_of(evidence, first.at),
        document_of(evidence, later.at),
    ) else {
        return false;
    };
    let one_input = a.input == b.input;
    if one_input && a.id != b.id && (a.stream.is_some() || b.stream.is_some()) {
        return false;
    }
    let stamps = (stamp(evidence, a, first), stamp(evidence, b, later));
    let apart = match stamps {
        (Some(a), Some(b)) => a.abs_diff(b) > COPY_NANOSECONDS as u64,
        _ => false,
    };
    if apart {
        return false;
    }
    let parties = (crash_block(evidence, first), crash_block(evidence, later));
    match parties {
        (Some(x), Some(y)) => {
            let same_stamps = stamps.0.is_some() && stamps.0 == stamps.1;
            (!one_input || same_stamps) && is_same_block(evidence, x, y)
        }
        (None, None) => !one_input && first.runs.is_empty() && later.runs.is_empty(),
        (Some(_), None) => later.runs.is_empty(),
        (None, Some(_)) => first.runs.is_empty(),
    }
}

fn stamp(evidence: &Evidence<'_>, document: &Document<'_>, incident: &Incident) -> Option<i64> {
    let crash = incident.preamble(evidence)?;
    document.lines.origin(crash.line).time
}

/// The block to compare: of the goroutine that died, or the first where nobody is to blame.
fn crash_block(evidence: &Evidence<'_>, incident: &Incident) -> Option<GoroutineRef> {
    crash_goroutine(incident, evidence).or_else(|| {
        let crash = incident.crash?;
        split::first_goroutine(evidence.document(crash.document)?, crash.item)
    })
}

fn is_same_block(evidence: &Evidence<'_>, a: GoroutineRef, b: GoroutineRef) -> bool {
    let (Some(x), Some(y)) = (a.of(evidence), b.of(evidence)) else {
        return false;
    };
    let letters = |at: GoroutineRef, goroutine: &Goroutine| -> Vec<u8> {
        let document = evidence.document(at.document);
        let text = document.map(|document| document.slice(goroutine.span));
        let solid = text.unwrap_or_default().iter();
        solid
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect()
    };
    x.id == y.id && x.stack == y.stack && letters(a, x) == letters(b, y)
}

/// Makes one of two prints of a crash: the fuller one leads, the other's goroutines fill its gaps.
fn absorb_copy(first: &mut Incident, later: Incident) {
    let blocks = |incident: &Incident| incident.blocks().count();
    let mut copy = later;
    if blocks(&copy) > blocks(first) {
        std::mem::swap(first, &mut copy);
    }
    let of_other_text = copy.at.document != first.at.document;
    first.at = first.at.min(copy.at);
    first.repeats.extend(copy.crash);
    first.repeats.append(&mut copy.repeats);
    first.repeats.sort_unstable();
    if of_other_text {
        add_captured(first, copy);
    } else {
        first.races.append(&mut copy.races);
        first.tests.append(&mut copy.tests);
    }
}

// --- captures ---

/// Joins captures to the one crash of the evidence; those of another process are given back.
fn join_captures_to(
    evidence: &Evidence<'_>,
    crash: &mut Incident,
    captures: Vec<Incident>,
) -> Vec<Incident> {
    let mut left = Vec::new();
    let known = creations(evidence, crash);
    for capture in captures {
        if may_be_one_process(evidence, crash, &known, &capture) {
            add_captured(crash, capture);
        } else {
            left.push(capture);
        }
    }
    left
}

/// Joins captures with each other, as far as they can be of one process.
fn join_captures(evidence: &Evidence<'_>, captures: Vec<Incident>) -> Vec<Incident> {
    let mut processes: Vec<(Incident, Vec<(GoroutineId, GoroutineRef)>)> = Vec::new();
    for capture in captures {
        let found = processes
            .iter_mut()
            .take(CAPTURED_PROCESSES)
            .find(|(process, known)| may_be_one_process(evidence, process, known, &capture));
        match found {
            Some((process, _)) => add_captured(process, capture),
            None => {
                let known = creations(evidence, &capture);
                processes.push((capture, known));
            }
        }
    }
    processes.into_iter().map(|(process, _)| process).collect()
}

/// Goroutine blocks by id, to compare where they were created.
fn creations(evidence: &Evidence<'_>, incident: &Incident) -> Vec<(GoroutineId, GoroutineRef)> {
    let mut known: Vec<(GoroutineId, GoroutineRef)> = incident
        .blocks()
        .filter_map(|block| Some((block.of(evidence)?.id, block)))
        .filter(|(id, _)| id.0 != 0)
        .collect();
    known.sort_unstable();
    known
}

/// False where the texts prove two processes: named streams of one input that differ, one goroutine id with two creations, two
/// deaths.
fn may_be_one_process(
    evidence: &Evidence<'_>,
    process: &Incident,
    known: &[(GoroutineId, GoroutineRef)],
    capture: &Incident,
) -> bool {
    let (Some(a), Some(b)) = (
        document_of(evidence, process.at),
        document_of(evidence, capture.at),
    ) else {
        return false;
    };
    if a.input == b.input && a.stream != b.stream {
        return false;
    }
    if died(process) && died(capture) {
        // A process dies once; a second print of its death has the same goroutine first.
        let blocks = (
            crash_block(evidence, process),
            crash_block(evidence, capture),
        );
        return matches!(blocks, (Some(x), Some(y)) if is_same_block(evidence, x, y));
    }
    capture.blocks().all(|block| {
        let Some(goroutine) = block.of(evidence) else {
            return true;
        };
        let found = known.binary_search_by_key(&goroutine.id, |&(id, _)| id);
        let other = found
            .ok()
            .and_then(|at| known.get(at))
            .and_then(|(_, other)| other.of(evidence));
        other.is_none_or(|other| distinct::same_creation(other, goroutine, &evidence.symbols))
    })
}

/// Adds what a capture holds. A death explains more than a look at the living process: it leads.
fn add_captured(process: &mut Incident, mut capture: Incident) {
    let at = process.at.min(capture.at);
    if !died(process) && died(&capture) {
        std::mem::swap(process, &mut capture);
    }
    let joined = died(process);
    process.runs.extend(capture.runs.into_iter().map(|mut run| {
        run.joined |= joined;
        run
    }));
    process.documents.extend(capture.documents);
    process.fragments.extend(capture.fragments);
    process.races.extend(capture.races);
    process.race_counts.extend(capture.race_counts);
    process.threads.extend(capture.threads);
    process.registers.extend(capture.registers);
    process.tests.extend(capture.tests);
    process.profiles.extend(capture.profiles);
    process.traces.extend(capture.traces);
    process.profile_total = process.profile_total.max(capture.profile_total);
    process.at = at;
}

fn died(incident: &Incident) -> bool {
    matches!(incident.kind, IncidentKind::Crash | IncidentKind::CutCrash)
}
