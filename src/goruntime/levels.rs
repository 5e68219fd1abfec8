//! How much a traceback prints: the GOTRACEBACK level, how to tell it, and what each kind of crash prints at it.
//!
//! ```text
//! GOTRACEBACK=single (default)  the crashing goroutine; all of them for runtime faults, signals, deadlocks
//! GOTRACEBACK=all               all user goroutines, frames of the runtime hidden
//! GOTRACEBACK=system            all goroutines, frames of the runtime shown, fp= sp= pc= on every frame
//! GOTRACEBACK=crash             the same, then SIGABRT; after a signal a dump of every further thread behind "-----"
//! ```
//!
//! `analyze` infers the level from [`LEVEL_SIGNS`]; `triage` says with [`default_scope`] why other goroutines are missing.

use super::messages::Raised;
use super::version::{GoVersion, VersionRange, Versions, any_contains};

/// A GOTRACEBACK level, as far as text can show it; ordered, later levels print more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `none`: the message alone.
    None,
    /// `single`.
    Single,
    /// `all`.
    All,
    /// `system`.
    System,
    /// `crash`.
    Crash,
}

impl Level {
    /// The word GOTRACEBACK takes.
    pub fn word(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Single => "single",
            Level::All => "all",
            Level::System => "system",
            Level::Crash => "crash",
        }
    }
}

/// Something seen in a dump that only some levels print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LevelSign {
    /// A message and no goroutine.
    NoGoroutine,
    /// One goroutine, the one that crashed.
    OneGoroutine,
    /// Other goroutines than the one that crashed.
    OtherGoroutines,
    /// `fp=` on a frame of a goroutine that did not crash.
    RegistersOnOthers,
    /// A frame of package runtime, other than exported functions, on a goroutine that did not crash.
    RuntimeFramesOnOthers,
    /// `gp=` in a header.
    GpInHeader,
    /// A goroutine of the runtime itself: `force gc (idle)`, `GC worker (idle)`.
    SystemGoroutine,
    /// `-----` and a further thread.
    FurtherThread,
}

/// What a sign says of the level in effect for this dump. A crash may raise the level above the one that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelRow {
    /// The sign.
    pub sign: LevelSign,
    /// The lowest level that prints it.
    pub at_least: Level,
    /// The highest level that prints it.
    pub at_most: Level,
    /// Versions for which that holds.
    pub versions: Versions,
}

const ALL: Versions = &[VersionRange::ALL];
const SINCE_22: Versions = &[VersionRange::since(22)];

/// The signs.
#[rustfmt::skip]
pub const LEVEL_SIGNS: &[LevelRow] = &[
    LevelRow { sign: LevelSign::NoGoroutine,           at_least: Level::None,   at_most: Level::None,   versions: ALL },
    LevelRow { sign: LevelSign::OneGoroutine,          at_least: Level::Single, at_most: Level::Crash,  versions: ALL },
    LevelRow { sign: LevelSign::OtherGoroutines,       at_least: Level::All,    at_most: Level::Crash,  versions: ALL },
    LevelRow { sign: LevelSign::RegistersOnOthers,     at_least: Level::System, at_most: Level::Crash,  versions: ALL },
    LevelRow { sign: LevelSign::RuntimeFramesOnOthers, at_least: Level::System, at_most: Level::Crash,  versions: ALL },
    LevelRow { sign: LevelSign::SystemGoroutine,       at_least: Level::System, at_most: Level::Crash,  versions: ALL },
    LevelRow { sign: LevelSign::GpInHeader,            at_least: Level::System, at_most: Level::Crash,  versions: SINCE_22 },
    LevelRow { sign: LevelSign::FurtherThread,         at_least: Level::Crash,  at_most: Level::Crash,  versions: ALL },
];

/// The levels that print all of `signs`: lowest and highest. `None` for none, and for signs that exclude each other.
pub fn level_of(signs: impl IntoIterator<Item = LevelSign>) -> Option<(Level, Level)> {
    let mut found: Option<(Level, Level)> = None;
    for sign in signs {
        let row = LEVEL_SIGNS.iter().find(|row| row.sign == sign)?;
        let (low, high) = found.unwrap_or((Level::None, Level::Crash));
        found = Some((low.max(row.at_least), high.min(row.at_most)));
    }
    found.filter(|(low, high)| low <= high)
}

/// Which goroutines a crash prints when GOTRACEBACK is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Only the one that crashed, without frames of the runtime.
    Crashing,
    /// All user goroutines, without frames of the runtime.
    All,
    /// All goroutines with all frames.
    System,
}

/// How a crash came about, for [`default_scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrashOrigin {
    /// `panic: …`, a nil dereference included.
    Panic,
    /// `fatal error: …` that blames the program.
    UserFatal,
    /// `fatal error: …` of the program, raised on no goroutine: deadlocks.
    FatalWithoutGoroutine,
    /// `fatal error: …` of the runtime itself.
    Throw,
    /// SIGQUIT, SIGABRT and other fatal signals.
    Signal,
    /// `go test` ran out of time; it asks for all goroutines.
    TestTimeout,
}

const SCOPES: &[(CrashOrigin, VersionRange, Scope)] = &[
    (CrashOrigin::Panic, VersionRange::ALL, Scope::Crashing),
    (CrashOrigin::UserFatal, VersionRange::until(25), Scope::All),
    (
        CrashOrigin::UserFatal,
        VersionRange::since(26),
        Scope::Crashing,
    ),
    (
        CrashOrigin::FatalWithoutGoroutine,
        VersionRange::ALL,
        Scope::All,
    ),
    (CrashOrigin::Throw, VersionRange::until(18), Scope::All),
    (CrashOrigin::Throw, VersionRange::since(19), Scope::System),
    (CrashOrigin::Signal, VersionRange::until(18), Scope::All),
    (CrashOrigin::Signal, VersionRange::since(19), Scope::System),
    (CrashOrigin::TestTimeout, VersionRange::ALL, Scope::All),
];

/// What a crash of this origin prints by default; `None` where the version is unknown and matters.
pub fn default_scope(origin: CrashOrigin, version: Option<GoVersion>) -> Option<Scope> {
    let mut fitting = SCOPES
        .iter()
        .filter(|(row, range, _)| {
            *row == origin && version.is_none_or(|version| range.contains(version))
        })
        .map(|&(_, _, scope)| scope);
    let scope = fitting.next()?;
    fitting.all(|other| other == scope).then_some(scope)
}

/// How a message of this kind came about in `version`; an unknown version is taken for one after 1.19.
pub fn origin(raised: Raised, version: Option<GoVersion>) -> CrashOrigin {
    let user = |range: VersionRange, origin| match version {
        Some(version) if !any_contains(&[range], version) => CrashOrigin::Throw,
        _ => origin,
    };
    match raised {
        Raised::Panic => CrashOrigin::Panic,
        Raised::Throw => CrashOrigin::Throw,
        Raised::User(range) => user(range, CrashOrigin::UserFatal),
        Raised::UserWithoutGoroutine(range) => user(range, CrashOrigin::FatalWithoutGoroutine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goruntime::messages::classify_fatal;

    #[test]
    fn signs_bound_the_level_from_both_sides() {
        assert_eq!(
            level_of([LevelSign::OneGoroutine]),
            Some((Level::Single, Level::Crash))
        );
        let system = level_of([LevelSign::OtherGoroutines, LevelSign::GpInHeader]);
        assert_eq!(system, Some((Level::System, Level::Crash)));
        assert_eq!(
            level_of([LevelSign::NoGoroutine, LevelSign::GpInHeader]),
            None
        );
        assert_eq!(level_of([]), None);
    }

    #[test]
    fn since_26_a_map_fatal_prints_one_goroutine() {
        let raised = classify_fatal(b"concurrent map writes").raised;
        let scope = |version: &str| {
            let version = version.parse().ok();
            default_scope(origin(raised, version), version)
        };
        assert_eq!(scope("1.26.6"), Some(Scope::Crashing));
        assert_eq!(scope("1.25.5"), Some(Scope::All));
        assert_eq!(scope("1.18"), Some(Scope::All));
        assert_eq!(default_scope(origin(raised, None), None), None);
        let deadlock = classify_fatal(b"all goroutines are asleep - deadlock!").raised;
        assert_eq!(
            default_scope(origin(deadlock, None), None),
            Some(Scope::All)
        );
    }
}
