//! What kinds of findings there are, as rows: their names in code hosts, their titles, what they mean.
//!
//! Names are the verdict categories of the report, and two more for what never ran or outlived its test. Code hosts keep them in
//! baselines: rows may be added, not renamed.

use crate::triage::annotation::Rule;
use crate::triage::report::Category;

/// A row: the rule and its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub rule: Rule,
    /// A few words for the head of an annotation.
    pub title: &'static str,
}

const fn row(id: &'static str, title: &'static str, description: &'static str) -> Row {
    Row {
        rule: Rule { id, description },
        title,
    }
}

/// A package that the compiler, the linker or vet refused.
pub(super) const BUILD: Row = row(
    "build-failed",
    "Build failed",
    "The compiler, the linker or vet refused a package, so that its tests did not run",
);

/// Goroutines that outlived a test, as goleak reports them.
pub(super) const LEAK: Row = row(
    "goroutine-leak",
    "Goroutine leak",
    "Goroutines were still there when the test was over",
);

/// The row of a verdict.
pub(super) fn of(category: Category) -> Row {
    use Category::*;
    let (title, description) = match category {
        MapWriteWrite => (
            "Concurrent map writes",
            "Two goroutines wrote one map without a lock, and the runtime ended the process",
        ),
        MapReadWrite => (
            "Concurrent map read and write",
            "A goroutine read a map while another wrote it, and the runtime ended the process",
        ),
        MapIterateWrite => (
            "Concurrent map iteration and write",
            "A goroutine ranged over a map while another wrote it, and the runtime ended the process",
        ),
        MapCloneWrite => (
            "Concurrent map clone and write",
            "A goroutine cloned a map while another wrote it, and the runtime ended the process",
        ),
        MapRaceReport => (
            "Data race on a map",
            "The race detector saw two goroutines use one map without a lock, one of them writing",
        ),
        DataRaceReport => (
            "Data race",
            "The race detector saw two goroutines use one variable without a lock, one of them writing",
        ),
        NilMapWrite => ("Write to a nil map", "A map was written before it was made"),
        NilDereference => ("Nil dereference", "A nil pointer was followed"),
        IndexOutOfRange => (
            "Index out of range",
            "An index or a slice bound lay outside of a slice, array or string",
        ),
        TypeAssertion => (
            "Failed type assertion",
            "An interface value held another type than the one asserted",
        ),
        DivideByZero => ("Division by zero", "An integer was divided by zero"),
        ClosedChannel => (
            "Misused channel",
            "A channel was closed twice, closed while nil, or sent on after it was closed",
        ),
        SyncMisuse => (
            "Misused lock",
            "A lock was unlocked that was not locked, or a WaitGroup went below zero",
        ),
        RuntimePanic => ("Runtime panic", "The runtime refused an operation"),
        CustomPanic => ("Panic", "The program called panic"),
        OutOfMemory => ("Out of memory", "The process ran out of memory"),
        StackOverflow => (
            "Stack overflow",
            "A goroutine's stack grew beyond its limit: most often endless recursion",
        ),
        DeadlockAllAsleep => (
            "Deadlock",
            "All goroutines wait for each other or for nobody",
        ),
        LockHang => ("Hang", "Goroutines wait for a lock that is not given back"),
        GoroutineLeak => ("Goroutine leak", LEAK.rule.description),
        MemoryLeak => (
            "Memory leak",
            "Memory that one line allocates stays, and there is more of it with time",
        ),
        TestTimeout => (
            "Test timed out",
            "A test ran longer than the limit of go test, which then ended the process",
        ),
        TestFailure => ("Test failed", "A test failed without a crash"),
        Signal => ("Killed by a signal", "A signal ended the process"),
        RuntimeFault => (
            "Fault in the runtime",
            "The runtime found itself damaged: often by cgo, unsafe, or a data race",
        ),
        Healthy => ("Goroutine dump", "Goroutines, nothing wrong seen in them"),
        None => ("Nothing recognised", "Nothing from Go was recognised"),
    };
    row(category.word(), title, description)
}
