//! Dumps made up for tests: a small model of what a dump says, printed in the forms of Go 1.16 to 1.27.
//!
//! Shares nothing with the parser: the forms stand here a second time, as the runtime's print statements have them. [`print`] is
//! `Dump` → text, [`arbitrary`] makes dumps for proptest, [`big`] makes large ones.
#![allow(dead_code)] // every user needs another part

pub mod arbitrary;
pub mod big;
pub mod print;

/// A dump, or a capture of a living process where it has no cause.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dump {
    pub cause: Cause,
    pub goroutines: Vec<Goroutine>,
    /// Names and values, behind the goroutines.
    pub registers: Vec<(String, u64)>,
}

/// Why the process says it dies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cause {
    /// `runtime: …` lines before everything else.
    pub context: Vec<String>,
    /// Oldest first.
    pub panics: Vec<Panic>,
    /// Text behind `fatal error: `, and how often it is printed.
    pub fatal: Option<(String, u32)>,
    pub note: Option<Note>,
    pub signal: Option<Signal>,
}

/// One entry of a panic chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Panic {
    /// As it stands in the text: from Go 1.23 on with a TAB behind each line end.
    pub value: String,
    pub mark: Mark,
}

/// What stands behind a panic's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    None,
    Recovered,
    /// Go 1.25 and later.
    Repanicked,
}

/// `[signal SIGSEGV: …]`
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub name: String,
    pub code: u64,
    pub addr: u64,
    pub pc: u64,
}

/// `SIGQUIT: quit` and the line below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    pub name: String,
    pub pc: u64,
    pub m: u64,
    pub sigcode: u64,
    /// Go 1.22 and later.
    pub addr: Option<u64>,
    pub in_cgo: bool,
}

/// One goroutine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Goroutine {
    pub id: u64,
    /// `gp=`, and `m=` with `mp=` where it is not `m=nil` (Go 1.22 and later).
    pub thread: Option<(u64, Option<(u64, u64)>)>,
    pub state: String,
    pub leaked: bool,
    pub scan: bool,
    pub minutes: Option<u32>,
    pub locked: bool,
    pub bubble: Option<u64>,
    /// As they stand between the braces.
    pub labels: Option<String>,
    /// `None` where the goroutine runs on another thread.
    pub frames: Option<Vec<Frame>>,
    pub created: Option<Creation>,
    pub ancestors: Vec<Ancestor>,
}

/// One entry of a stack.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    Call {
        func: String,
        args: Vec<Arg>,
        place: Place,
        /// `fp=`, `sp=`, `pc=`.
        registers: Option<(u64, u64, u64)>,
    },
    /// `(...)`.
    Inlined { func: String, place: Place },
    /// `...N frames elided...`; 0 for `additional`.
    Elided(u32),
    /// `non-Go function at pc=…`.
    Foreign { pc: u64 },
}

/// One argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// The bits, and whether a `?` stands behind them.
    Word(u64, bool),
    Group(Vec<Arg>),
    More,
    Unprinted,
}

/// `/app/main.go:41 +0x1d`
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub file: String,
    pub line: u32,
    pub offset: Option<u32>,
}

/// `created by …`
#[derive(Clone, Debug, PartialEq)]
pub struct Creation {
    pub func: String,
    /// Go 1.21 and later.
    pub parent: Option<u64>,
    pub place: Place,
}

/// `[originating from goroutine N]:`
#[derive(Clone, Debug, PartialEq)]
pub struct Ancestor {
    pub id: u64,
    pub frames: Vec<(String, Place)>,
    pub created: Option<Creation>,
}
