//! A report of the race detector.
//!
//! Its goroutine numbers are the detector's own: never join them with those of a dump. A map operation reports the address of
//! the map header; element memory reports a slot.

use super::{Address, FrameId, GoroutineId, Span, StackId, TextLine};

/// Who made an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaceActor {
    /// `main goroutine`.
    Main,
    /// `goroutine N`, the detector's number.
    Goroutine(GoroutineId),
}

/// A stack of a report; the detector may have lost it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaceStack {
    /// Frames, innermost first.
    Known(StackId),
    /// `[failed to restore the stack]`.
    Lost,
}

/// `Write at 0x00c000094028 by goroutine 8:` or `Previous read at … by main goroutine:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaceAccess {
    /// True for a write.
    pub write: bool,
    /// True for the access that came before.
    pub previous: bool,
    /// The memory both touched.
    pub address: Address,
    /// Who.
    pub actor: RaceActor,
    /// Where.
    pub stack: RaceStack,
    /// The line of this access.
    pub line: TextLine,
}

/// `Goroutine 8 (running) created at:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaceCreation {
    /// The detector's number.
    pub goroutine: GoroutineId,
    /// False for `(finished)`.
    pub running: bool,
    /// The stack of the `go` statement, innermost first.
    pub stack: RaceStack,
    /// The innermost frame of it.
    pub site: Option<FrameId>,
    /// Its line.
    pub line: TextLine,
}

/// One `WARNING: DATA RACE` report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaceReport {
    /// All its lines.
    pub span: Span,
    /// The line of the warning.
    pub line: TextLine,
    /// The access that was caught, then the previous ones.
    pub accesses: Vec<RaceAccess>,
    /// Where the parties were created; none for the main goroutine.
    pub creations: Vec<RaceCreation>,
    /// False where the text broke off.
    pub complete: bool,
}
