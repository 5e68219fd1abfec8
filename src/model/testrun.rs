//! What `go test` says: packages, their tests, how each ended, what did not compile, which goroutines leaked.
//!
//! `parse::gotest` fills it, `triage::ci` reads it. Texts of findings are borrowed from the unwrapped input; names of packages and
//! tests are owned, since those of `-json` stand in records whose text is not kept.

use super::{DocumentId, GoroutineId, TextLine};
use std::ops::Range;
use std::time::Duration;

/// A whole run.
#[derive(Clone, Debug, Default)]
pub struct TestRun<'t> {
    /// Its packages, in the order of their first lines.
    pub packages: Vec<PackageRun<'t>>,
}

/// One package.
#[derive(Clone, Debug, Default)]
pub struct PackageRun<'t> {
    /// Import path; empty for text in which no package is named.
    pub path: String,
    /// How it ended.
    pub outcome: PackageOutcome,
    /// As printed behind its path.
    pub duration: Option<Duration>,
    /// The result was not made in this run: `(cached)`.
    pub cached: bool,
    /// Where its text is; `None` for a package that only a build error names.
    pub document: Option<DocumentId>,
    /// Tests, subtests among them, in the order of their first lines. Without `-v` those that passed are not named.
    pub tests: Vec<TestCase>,
    /// What the compiler, the linker or vet said.
    pub builds: Vec<BuildError>,
    /// What goleak said.
    pub leaks: Vec<LeakReport<'t>>,
    /// From which line on which test wrote, as an index of `tests`; ascending.
    pub writers: Vec<(TextLine, Option<u32>)>,
}

/// How a package ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PackageOutcome {
    /// `ok`.
    Passed,
    /// `FAIL`.
    Failed,
    /// `[build failed]`: the compiler, the linker or vet refused it.
    BuildFailed,
    /// `[setup failed]`: its imports could not be found.
    SetupFailed,
    /// `[no test files]`.
    NoTests,
    /// The text ends before its result.
    #[default]
    Unfinished,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestOutcome {
    /// `--- PASS`.
    Passed,
    /// `--- FAIL`.
    Failed,
    /// `--- SKIP`.
    Skipped,
    /// It began, and no result follows: it was running when the process ended.
    Unfinished,
}

/// One test or subtest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCase {
    /// `TestCache/empty_key`.
    pub name: String,
    /// How it ended.
    pub outcome: TestOutcome,
    /// As printed, in hundredths of a second.
    pub duration: Option<Duration>,
    /// The line that named it first.
    pub line: TextLine,
    /// The line where the race detector failed it.
    pub raced: Option<TextLine>,
    /// Lines it wrote. Ascending, disjoint.
    pub output: Vec<Range<u32>>,
}

/// One remark of the compiler, the linker or vet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    /// The text it stands in.
    pub document: DocumentId,
    /// Its line there.
    pub line: TextLine,
    /// Vet said it: the package compiles.
    pub vet: bool,
    /// The place, as printed: relative to where `go test` ran. `None` for the linker's.
    pub at: Option<BuildPlace>,
    /// What was said, further lines included.
    pub message: String,
}

/// `broken/broken.go:6:9`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildPlace {
    /// Path as printed.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// `found unexpected goroutines:`, as goleak prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakReport<'t> {
    /// All its lines.
    pub lines: Range<u32>,
    /// The goroutines that were left.
    pub goroutines: Vec<Leaked<'t>>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaked<'t> {
    /// Its line.
    pub line: TextLine,
    /// Its id.
    pub id: GoroutineId,
    /// Wait reason as printed.
    pub state: &'t [u8],
    /// Calls, innermost first.
    pub stack: Vec<CallLine<'t>>,
    /// The `go` statement.
    pub created_by: Option<CallLine<'t>>,
}

/// A function and the line it stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLine<'t> {
    /// Function as printed.
    pub func: &'t [u8],
    /// Path as printed.
    pub file: &'t [u8],
    /// Line, from 1.
    pub line: u32,
}

impl PackageRun<'_> {
    /// The test that wrote a line.
    pub fn writer(&self, line: TextLine) -> Option<&TestCase> {
        let next = self.writers.partition_point(|(from, _)| *from <= line);
        let (_, test) = self.writers.get(next.checked_sub(1)?)?;
        self.tests.get((*test)? as usize)
    }
}
