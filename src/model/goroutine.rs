//! One goroutine as a dump prints it: header, stack, creation.

use super::{Address, FrameId, GoroutineId, NameId, Span, StackId, TextLine};

/// Marks of a goroutine's header and body that need no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GoroutineFlags(u16);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:expr;)*) => {
        impl GoroutineFlags {
            $($(#[$doc])* pub const $name: GoroutineFlags = GoroutineFlags(1 << $bit);)*
        }
    };
}

flags! {
    /// `, locked to thread`.
    LOCKED = 0;
    /// ` (leaked)`: the goroutine leak collector found it unreachable (Go 1.26 experiment, 1.27).
    LEAKED = 1;
    /// ` (scan)`: its stack was being scanned by the collector.
    SCAN = 2;
    /// ` (durable)` or 1.24's `(synctest)`: blocked in a way only its own synctest bubble can end.
    DURABLE = 3;
    /// `goroutine running on other thread; stack unavailable` in place of frames.
    STACK_UNAVAILABLE = 4;
    /// The text ended, or turned into something else, before the block was whole.
    INCOMPLETE = 5;
    /// The header is damaged: the status or the final colon is missing.
    DAMAGED_HEADER = 6;
    /// Lines of other writers stood inside the block and were set aside.
    FOREIGN_LINES = 7;
    /// The stack has a `frames elided` line.
    ELIDED = 8;
}

impl GoroutineFlags {
    /// Sets the marks of `other` too.
    pub fn insert(&mut self, other: GoroutineFlags) {
        self.0 |= other.0;
    }

    /// True where all marks of `other` are set.
    pub fn has(self, other: GoroutineFlags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// One printed goroutine. 64-bit word sizes; plain old data, so that 200,000 of them are cheap.
#[derive(Clone, Debug, PartialEq)]
pub struct Goroutine {
    /// Its number.
    pub id: GoroutineId,
    /// The whole block in the document's text, header first.
    pub span: Span,
    /// The header's line.
    pub line: TextLine,
    /// Wait reason or state as printed, without suffixes: `chan receive`, `running`.
    pub state: NameId,
    /// Frames, innermost first.
    pub stack: StackId,
    /// The `go` statement that made it; `None` for the main goroutine and where the text lacks it.
    pub created_by: Option<FrameId>,
    /// The goroutine that ran that statement (Go 1.21 and later).
    pub parent: Option<GoroutineId>,
    /// `N minutes`; absent below one minute and for states that do not wait.
    pub wait_minutes: Option<u32>,
    /// Marks.
    pub flags: GoroutineFlags,
    /// Index into [`super::Document::scheduling`], where the header or body says more.
    pub extra: Option<u32>,
}

/// The rarer parts of a header: `gp=… m=… mp=…`, bubble, labels, ancestors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scheduling<'t> {
    /// Address of the runtime's g (Go 1.22 and later at system level).
    pub gp: Option<Address>,
    /// Thread number; `None` for `m=nil`.
    pub m: Option<u64>,
    /// Address of the runtime's m.
    pub mp: Option<Address>,
    /// `, synctest bubble N` (1.25) or `, synctest group N` (1.24).
    pub bubble: Option<u64>,
    /// pprof labels as printed, without the outer braces: `job: "re index", z: plain`.
    pub labels: Option<&'t [u8]>,
    /// `GODEBUG=tracebackancestors`, nearest first.
    pub ancestors: Vec<Ancestor>,
}

/// One `[originating from goroutine 20]:` section.
#[derive(Clone, Debug, PartialEq)]
pub struct Ancestor {
    /// The ancestor's number.
    pub id: GoroutineId,
    /// Its stack at the `go` statement.
    pub stack: StackId,
    /// Where it was created itself.
    pub created_by: Option<FrameId>,
}
