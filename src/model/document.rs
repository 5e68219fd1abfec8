//! What one unwrapped text holds, in order.

use super::{
    Crash, DocumentId, FrameId, Goroutine, GoroutineId, InputId, LineMap, Profile, RaceReport,
    Registers, Scheduling, SignalDump, Span, StackId, TextLine,
};
use std::ops::Range;

/// What a document holds, in the order of its text.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'t> {
    /// A preamble: an incident begins.
    Crash(Box<Crash<'t>>),
    /// A run of goroutines, as a range of [`Document::goroutines`].
    Goroutines(Range<u32>),
    /// A further thread's signal dump behind `-----` (GOTRACEBACK=crash).
    Thread(SignalDump<'t>),
    /// A register dump.
    Registers(Registers<'t>),
    /// A race report.
    Race(Box<RaceReport>),
    /// `Found N data race(s)`.
    RaceCount(u64, TextLine),
    /// A line of `go test`, or of what runs it.
    Test(TestMark<'t>),
    /// A profile.
    Profile(Box<Profile<'t>>),
    /// An execution trace, by its header's number: 26 of `go 1.26 trace`. Its events are too many to keep: who wants them takes them
    /// while the inputs are parsed.
    Trace(u16),
    /// Frames without a header: the text was cut at its head, or the header is lost.
    Fragment(Fragment),
}

/// Frames whose goroutine header is not in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// All its lines.
    pub span: Span,
    /// The first line.
    pub line: TextLine,
    /// Frames, innermost first.
    pub stack: StackId,
    /// Where the goroutine was created.
    pub created_by: Option<FrameId>,
    /// Who created it.
    pub parent: Option<GoroutineId>,
}

/// Forms that a text shows somewhere; they tell Go versions and traceback levels apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Forms {
    /// Argument lists with braces (Go 1.17 and later).
    pub braces: bool,
    /// Arguments marked `?` (Go 1.18 and later).
    pub doubtful_args: bool,
    /// Frames with `fp=… sp=… pc=…` (system level, or the crashing goroutine of a throw).
    pub frame_pointers: bool,
    /// Headers with `gp=… m=…` (Go 1.22 and later, system level).
    pub gp_headers: bool,
    /// Headers with pprof labels (Go 1.26 and later).
    pub labels: bool,
    /// `created by … in goroutine N` (Go 1.21 and later).
    pub parents: bool,
}

impl Forms {
    /// Adds what another part of the same text shows.
    pub fn merge(&mut self, other: Forms) {
        self.braces |= other.braces;
        self.doubtful_args |= other.doubtful_args;
        self.frame_pointers |= other.frame_pointers;
        self.gp_headers |= other.gp_headers;
        self.labels |= other.labels;
        self.parents |= other.parents;
    }
}

/// What a line around a dump says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestMarkKind {
    /// `--- FAIL: TestX (0.00s)`.
    TestFailed,
    /// `FAIL\tpkg\t0.005s`, `FAIL\tpkg [build failed]`.
    PackageFailed,
    /// `ok  \tpkg\t0.01s`.
    PackageOk,
    /// `exit status 2`, `signal: aborted (core dumped)`: the process is over.
    ProcessEnded,
    /// `testing.go:1867: race detected during execution of test`.
    RaceInTest,
    /// `http: panic serving 127.0.0.1:42546: …`: a panic that net/http recovered.
    HttpPanic,
}

/// One such line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestMark<'t> {
    /// Which.
    pub kind: TestMarkKind,
    /// Test or package name, or the rest of the line.
    pub name: &'t [u8],
    /// Its line.
    pub line: TextLine,
}

/// Where every line of a text went: parsed, set aside, or not understood. The three add up to `total`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineTally {
    /// Lines of the text.
    pub total: u32,
    /// Lines that no dump form claims and that do not stand inside a dump: other log output. Ascending, disjoint.
    pub aside: Vec<Range<u32>>,
    /// Lines inside a dump that no grammar took. Ascending, disjoint.
    pub unparsed: Vec<Range<u32>>,
}

/// One unwrapped text and what it holds.
#[derive(Clone, Debug)]
pub struct Document<'t> {
    /// Its place in the evidence.
    pub id: DocumentId,
    /// The input it came from.
    pub input: InputId,
    /// The container, pod or unit, where one input interleaves several.
    pub stream: Option<String>,
    /// The unwrapped text; all spans are ranges of it.
    pub text: &'t [u8],
    /// Back to the input's lines.
    pub lines: &'t LineMap,
    /// Contents in order.
    pub items: Vec<Item<'t>>,
    /// All goroutines in order.
    pub goroutines: Vec<Goroutine>,
    /// The rarer header parts, see [`Goroutine::extra`].
    pub scheduling: Vec<Scheduling<'t>>,
    /// Forms seen somewhere in the text.
    pub forms: Forms,
    /// What became of every line.
    pub tally: LineTally,
}

impl<'t> Document<'t> {
    /// The bytes of a span.
    pub fn slice(&self, span: Span) -> &'t [u8] {
        span.of(self.text)
    }
}
