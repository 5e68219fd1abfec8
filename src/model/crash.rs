//! How a process said that it dies: panic chain, fatal error, signal.

use super::{Address, FrameId, Span, StackId, TextLine};

/// One `panic: …` entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanicEntry<'t> {
    /// The value as printed, continuation lines included, markers taken off.
    pub value: &'t [u8],
    /// Its first line.
    pub line: TextLine,
    /// ` [recovered]`: a deferred function recovered it (and another panic followed).
    pub recovered: bool,
    /// ` [recovered, repanicked]` (Go 1.25 and later).
    pub repanicked: bool,
}

/// `fatal error: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fatal<'t> {
    /// The text behind `fatal error: `.
    pub text: &'t [u8],
    /// Its first line.
    pub line: TextLine,
    /// How often the same line was printed in a row: 2 where two goroutines died at once (Go 1.23 and before).
    pub times: u32,
}

/// `[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4ab031]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalNote<'t> {
    /// `SIGSEGV: segmentation violation`, or a hexadecimal number on Windows.
    pub name: &'t [u8],
    /// `code=`.
    pub code: u64,
    /// `addr=`: the faulting address.
    pub addr: Address,
    /// `pc=`.
    pub pc: Address,
    /// Its line.
    pub line: TextLine,
}

/// `SIGQUIT: quit` with its `PC=… m=… sigcode=…` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalDump<'t> {
    /// `SIGQUIT: quit`.
    pub name: &'t [u8],
    /// `PC=`, where that line is present.
    pub pc: Option<Address>,
    /// `m=`: the thread that took the signal.
    pub m: Option<u64>,
    /// `sigcode=`, printed as an unsigned number.
    pub sigcode: Option<u64>,
    /// ` addr=` (Go 1.22 and later, SIGSEGV and SIGBUS).
    pub addr: Option<Address>,
    /// `signal arrived during cgo execution`.
    pub in_cgo: bool,
    /// The line of the name.
    pub line: TextLine,
}

/// A register dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registers<'t> {
    /// Names and values in printing order.
    pub values: Vec<(&'t [u8], Address)>,
    /// The first line.
    pub line: TextLine,
}

/// The preamble of a dump: everything that says why the process dies, before its goroutines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crash<'t> {
    /// All its lines.
    pub span: Span,
    /// The line that says it first.
    pub line: TextLine,
    /// The panic chain, oldest first.
    pub panics: Vec<PanicEntry<'t>>,
    /// The fatal error, if there is one.
    pub fatal: Option<Fatal<'t>>,
    /// The signal behind a panic or a fault.
    pub signal: Option<SignalNote<'t>>,
    /// A dump begun by a signal.
    pub signal_dump: Option<SignalDump<'t>>,
    /// `runtime: …` lines before it: stack limits, thread limits, allocation sizes.
    pub context: Vec<&'t [u8]>,
    /// `runtime stack:` frames, where printed.
    pub runtime_stack: Option<StackId>,
    /// Creation site printed under the runtime stack, if any.
    pub runtime_created_by: Option<FrameId>,
}
