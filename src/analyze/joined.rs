//! A trace and a dump held against each other, goroutine by goroutine: whether they are of one process, and what they share.
//!
//! Both print the numbers that the process itself gives its goroutines, and both say where a goroutine was created. One number with
//! two `go` statements proves two processes. Equal ones prove nothing: a program that is started anew numbers its goroutines alike.
//! Called by `triage` before the Go version is inferred, so that no other process's trace has a say in it. Read [`join`] first.

use super::incident::{Incident, IncidentKind};
use super::trace::{LiveFrame, LiveGoroutines};
use crate::goruntime::frames::{is_user, unwrapped};
use crate::model::{Evidence, FrameId, FrameKind, Goroutine, GoroutineFlags, NameId, StackId};

/// Whether trace and dump are of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinship {
    /// They share goroutines, and nothing contradicts.
    Same,
    /// They contradict each other.
    Other,
    /// They share no goroutine.
    Strangers,
}

/// Why they are not of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clash {
    /// Another `go` statement created it.
    CreatedElsewhere,
    /// It began with a function that is not on its stack.
    BegunOtherwise,
    /// It ended in the trace and is alive in the later dump.
    Ended,
}

/// What a comparison gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The verdict.
    pub kinship: Kinship,
    /// Goroutines of the dump that are alive at the end of the trace.
    pub shared: u64,
    /// Of those, the ones whose user-written `go` statement is equal in both.
    pub agreeing: u64,
    /// The other goroutines of the dump, ascending.
    pub absent: Vec<u64>,
    /// The first contradictions: goroutine and why.
    pub clashes: Vec<(u64, Clash)>,
}

/// Contradictions listed; one is enough.
const CLASHES: usize = 3;

/// Holds the goroutines of an incident against those of a trace. Time linear in the goroutines, with a look-up for each.
pub fn join(evidence: &Evidence<'_>, incident: &Incident, live: &LiveGoroutines) -> Join {
    let mut join = Join {
        kinship: Kinship::Strangers,
        shared: 0,
        agreeing: 0,
        absent: Vec::new(),
        clashes: Vec::new(),
    };
    let died = matches!(incident.kind, IncidentKind::Crash | IncidentKind::CutCrash);
    let is_last_word = died && incident.runs.iter().all(|run| !run.joined);
    let mut clashes = 0_u64;
    for &(id, position) in incident.ids() {
        let block = incident.goroutines.get(position as usize);
        let Some(goroutine) = block.and_then(|block| block.of(evidence)) else {
            continue;
        };
        let seen = live.get(id.0);
        let ended = seen.is_none() && live.left_out() == 0 && live.creation(id.0).is_some();
        let found = match seen {
            Some(_) => compare(evidence, goroutine, live),
            None if ended && is_last_word => Some(Err(Clash::Ended)),
            None => None,
        };
        match (seen, found) {
            (_, Some(Err(clash))) => {
                clashes += 1;
                if join.clashes.len() < CLASHES {
                    join.clashes.push((id.0, clash));
                }
            }
            (Some(_), Some(Ok(()))) => join.agreeing += 1,
            _ => {}
        }
        match seen {
            Some(_) => join.shared += 1,
            None => join.absent.push(id.0),
        }
    }
    let certain = join
        .clashes
        .iter()
        .any(|(_, clash)| *clash != Clash::BegunOtherwise);
    join.kinship = match join.shared {
        _ if certain || clashes > join.shared / 2 => Kinship::Other,
        0 => Kinship::Strangers,
        _ => Kinship::Same,
    };
    join
}

/// Whether both say the same of one goroutine; `None` where one of them says nothing.
fn compare(
    evidence: &Evidence<'_>,
    goroutine: &Goroutine,
    live: &LiveGoroutines,
) -> Option<Result<(), Clash>> {
    let seen = live.get(goroutine.id.0)?;
    if let (Some(created), true) = (goroutine.created_by, seen.created_at().len() > 0) {
        let frame = evidence.symbols.get(created)?;
        let (func, file) = (
            evidence.symbols.text(frame.func),
            evidence.symbols.text(frame.file),
        );
        // An inlined creator stands above the function that the dump names; the line is that of the statement in both.
        let equal = seen
            .created_at()
            .any(|at| at.line == frame.line && base(at.file) == base(file));
        return match (equal, is_user(func, file)) {
            (false, _) if frame.line > 0 => Some(Err(Clash::CreatedElsewhere)),
            (true, true) => Some(Ok(())),
            _ => None,
        };
    }
    let start = seen.start_func();
    let unknown = start.is_empty() || goroutine.stack == StackId::EMPTY || is_cut(goroutine);
    if unknown || !is_user(start, b"") {
        return None;
    }
    let symbols = &evidence.symbols;
    let wanted = generic(start);
    let stands = symbols.frames(goroutine.stack).any(|frame| {
        frame.kind == FrameKind::Elided || generic(symbols.text(frame.func)) == wanted
    });
    (!stands).then_some(Err(Clash::BegunOtherwise))
}

/// A function's name up to its type arguments, which dumps leave out.
fn generic(func: &[u8]) -> &[u8] {
    let func = unwrapped(func);
    func.split(|&b| b == b'[').next().unwrap_or(func)
}

fn is_cut(goroutine: &Goroutine) -> bool {
    let flags = [
        GoroutineFlags::ELIDED,
        GoroutineFlags::INCOMPLETE,
        GoroutineFlags::STACK_UNAVAILABLE,
    ];
    flags.iter().any(|&flag| goroutine.flags.has(flag))
}

/// The last element of a path: captures of one program may have been made with and without -trimpath.
fn base(path: &[u8]) -> &[u8] {
    path.rsplit(|&b| b == b'/' || b == b'\\')
        .next()
        .unwrap_or(path)
}

/// True where a frame of a trace stands at the line of a frame of a dump or profile.
pub fn at_line(evidence: &Evidence<'_>, frame: FrameId, of_trace: &LiveFrame<'_>) -> bool {
    evidence.symbols.get(frame).is_some_and(|frame| {
        frame.line == of_trace.line
            && base(evidence.symbols.text(frame.file)) == base(of_trace.file)
    })
}

/// Function, file and line.
pub type Own = (NameId, NameId, u32);

/// The frames of user code of a stack, as function, file and line: what a dump that hides the runtime and a profile that shows it have in
/// common.
pub fn own_frames(evidence: &Evidence<'_>, stack: StackId) -> Vec<Own> {
    let symbols = &evidence.symbols;
    let own = symbols
        .frames(stack)
        .filter(|frame| is_user(symbols.text(frame.func), symbols.text(frame.file)));
    own.map(|frame| (frame.func, frame.file, frame.line))
        .collect()
}
