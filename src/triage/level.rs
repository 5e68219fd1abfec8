//! How much the traceback shows: the GOTRACEBACK level, told from what is printed and what is not.

use super::case::Case;
use super::crash::LastWords;
use super::report::Traceback;
use crate::goruntime::frames::{Owner, owner};
use crate::goruntime::levels::{
    CrashOrigin, Level, LevelSign, Scope, default_scope, level_of, origin,
};
use crate::goruntime::waits::{WaitKind, wait_state};
use crate::model::{Evidence, StackId};
use std::collections::BTreeSet;

/// What was inferred about the level.
#[derive(Clone, Debug)]
pub(super) struct LevelFacts {
    /// Lowest and highest level that print this; `None` for a capture through net/http/pprof or runtime/pprof.
    pub bounds: Option<(Level, Level)>,
    /// What an unset GOTRACEBACK prints for this crash and version, where known.
    pub default: Option<Scope>,
    /// Frames of the runtime are in the text.
    pub runtime_frames: bool,
    /// Goroutines besides the one that died are in the text.
    pub other_goroutines: bool,
}

/// Functions that only a level of system or more prints: where every parked goroutine stands, and what runs `main.main`. Not
/// `runtime.goexit`: goroutines that never ran show it at every level.
const SYSTEM_FRAMES: &[&[u8]] = &[b"runtime.gopark", b"runtime.main"];

/// Where a goroutine of the program stands that writes an execution trace.
const TRACE_READER: &[u8] = b"runtime.ReadTrace";

/// Infers the level; `None` where the text holds no goroutines of a crash or capture.
pub(super) fn infer(case: &Case<'_, '_>) -> Option<LevelFacts> {
    let crasher = case.crash_goroutine();
    let others = case
        .incident
        .goroutines
        .iter()
        .filter(|&&at| case.crasher != Some(at))
        .count();
    let stacks: BTreeSet<StackId> = case.census.groups.iter().map(|group| group.stack).collect();
    let runtime_frames = stacks
        .iter()
        .any(|&stack| shows_system_frames(case.evidence, stack));
    let facts = |bounds, default| LevelFacts {
        bounds,
        default,
        runtime_frames,
        other_goroutines: others > 0,
    };
    let Some((_, words)) = &case.words else {
        return (case.census.total > 0).then(|| facts(None, None));
    };
    let mut signs = BTreeSet::new();
    match (case.census.total, crasher) {
        (0, _) => signs.insert(LevelSign::NoGoroutine),
        (1, Some(_)) => signs.insert(LevelSign::OneGoroutine),
        _ => signs.insert(LevelSign::OtherGoroutines),
    };
    signs.extend(system_signs(case));
    Some(facts(level_of(signs), default_of(case, words)))
}

fn system_signs(case: &Case<'_, '_>) -> Vec<LevelSign> {
    let symbols = &case.evidence.symbols;
    let own = case.crash_goroutine().map(|goroutine| goroutine.stack);
    let groups = || case.census.groups.iter();
    let documents = || {
        case.incident
            .documents
            .iter()
            .filter_map(|&id| case.evidence.document(id))
    };
    // The goroutine that reads a trace for the program waits in an exported function of the runtime, which every level prints.
    let is_reader = |stack| {
        let mut frames = symbols.frames(stack);
        frames.any(|frame| symbols.text(frame.func) == TRACE_READER)
    };
    let system = groups().any(|group| {
        wait_state(symbols.text(group.state)).is_some_and(|row| row.kind == WaitKind::System)
            && !is_reader(group.stack)
    });
    let frames = groups()
        .any(|group| Some(group.stack) != own && shows_system_frames(case.evidence, group.stack));
    let registers = frames && documents().any(|document| document.forms.frame_pointers);
    let signs = [
        (LevelSign::FurtherThread, !case.incident.threads.is_empty()),
        (LevelSign::SystemGoroutine, system),
        (
            LevelSign::GpInHeader,
            documents().any(|document| document.forms.gp_headers),
        ),
        (LevelSign::RuntimeFramesOnOthers, frames),
        (LevelSign::RegistersOnOthers, registers),
    ];
    signs
        .into_iter()
        .filter(|&(_, seen)| seen)
        .map(|(sign, _)| sign)
        .collect()
}

fn shows_system_frames(evidence: &Evidence<'_>, stack: StackId) -> bool {
    evidence.symbols.frames(stack).any(|frame| {
        let func = evidence.symbols.text(frame.func);
        SYSTEM_FRAMES.contains(&func) && owner(func) == Owner::Runtime
    })
}

fn default_of(case: &Case<'_, '_>, words: &LastWords<'_, '_>) -> Option<Scope> {
    let origin = match (words.kind(), words.row()) {
        ("signal", _) => CrashOrigin::Signal,
        ("fatal", Some(row)) => origin(row.raised, case.go.version),
        (_, Some(row)) if row.text.starts_with("test timed out") => CrashOrigin::TestTimeout,
        _ => CrashOrigin::Panic,
    };
    default_scope(origin, case.go.version)
}

/// The level as reported.
pub(super) fn traceback(case: &Case<'_, '_>) -> Option<Traceback> {
    let facts = case.level.as_ref()?;
    let (level, from) = match facts.bounds {
        None if case.is_alive() => (
            "debug=2".to_owned(),
            "goroutines of a living process, as net/http/pprof prints them".to_owned(),
        ),
        None => (
            "unknown".to_owned(),
            "what is printed fits no level: the text is damaged or mixed".to_owned(),
        ),
        Some((low, _)) => (low.word().to_owned(), reason(facts, low)),
    };
    Some(Traceback {
        level,
        from,
        shows_runtime_frames: facts.runtime_frames,
        shows_other_goroutines: facts.other_goroutines,
    })
}

fn reason(facts: &LevelFacts, low: Level) -> String {
    let seen = match low {
        Level::None => "no goroutine is printed",
        Level::Single => "only the goroutine that died is printed",
        Level::All => "other goroutines are printed, frames of the runtime are not",
        Level::System => "frames and goroutines of the runtime are printed",
        Level::Crash => "the stacks of further threads are printed",
    };
    let by_default = match (facts.default, low) {
        (Some(Scope::All), Level::All) | (Some(Scope::System), Level::System) => {
            "; this crash prints that whatever GOTRACEBACK says"
        }
        (Some(Scope::Crashing), Level::Single) => ", as without GOTRACEBACK",
        _ => "",
    };
    format!("{seen}{by_default}")
}
