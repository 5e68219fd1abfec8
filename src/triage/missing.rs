//! What the evidence does not show, why not, and the command that shows it next time.
//!
//! Called by `triage` for the report's `missing` list: it decides which gaps there are, [`missing`] puts them into words. One row for
//! each gap and range of Go versions; HOST:PORT stands for where the program serves net/http/pprof.

use super::report::Missing;
use crate::goruntime::version::{GoVersion, VersionRange};

/// A kind of evidence that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gap {
    /// The other party of a map conflict is not in the text.
    OtherParty,
    /// Goroutines other than the crashing one are not printed, and that is no map conflict.
    OtherGoroutines,
    /// The header address of the map is not printed.
    MapHeader,
    /// Frames of the runtime are hidden, so the map operation itself is not visible.
    RuntimeFrames,
    /// A goroutine was on a processor, and its stack is `stack unavailable`.
    RunningStack,
    /// Keys, values and the map's fields.
    MapContents,
    /// Who runs what: pprof labels.
    Labels,
    /// Only a profile shows the goroutines: no ids, waiting times or creators.
    Individuals,
    /// A heap profile hides which allocations are maps.
    MapMemory,
    /// Ids of the creators.
    Parents,
    /// The creator's own stack at the time of the `go` statement, after it ended.
    Ancestors,
    /// Which goroutine holds the lock the others wait for.
    LockHolder,
    /// Waits of less than a minute are not told apart.
    ShortWaits,
    /// Frames in the middle of a deep stack.
    ElidedFrames,
    /// The start of the text.
    Head,
    /// The end of the text.
    Tail,
    /// The capture stopped at the 64 MiB that `debug=2` can hold.
    PprofLimit,
    /// The text was masked or redacted.
    Masked,
    /// No race detector report.
    RaceReport,
    /// No core dump of a fault in memory or in the runtime.
    Core,
    /// What fills the memory.
    HeapProfile,
    /// Where goroutines wait for locks, by time.
    ContentionProfile,
    /// One capture shows a state, not a growth.
    SecondCapture,
    /// The Go version cannot be told.
    GoVersion,
    /// The limit that ended the process came from outside (kill, cgroup).
    Outside,
    /// Source lines are those of another build than the source at hand.
    Build,
}

/// One gap for some versions.
struct Row {
    gap: Gap,
    versions: VersionRange,
    what: &'static str,
    why: &'static str,
    how: &'static str,
}

const ALL: VersionRange = VersionRange::ALL;

const fn row(
    gap: Gap,
    versions: VersionRange,
    what: &'static str,
    why: &'static str,
    how: &'static str,
) -> Row {
    Row {
        gap,
        versions,
        what,
        why,
        how,
    }
}

/// Rows of one gap do not overlap, and the newest stands first: it is taken for an unknown version.
const ROWS: &[Row] = &[
    row(
        Gap::OtherParty,
        VersionRange::since(26),
        "the other party",
        "since Go 1.26 a fatal error that is the program's own fault prints the crashing goroutine alone, unless told otherwise",
        "GOTRACEBACK=all in the environment, or debug.SetTraceback(\"all\") first thing in main; GOTRACEBACK=system also prints the map's address",
    ),
    row(
        Gap::OtherParty,
        VersionRange::until(25),
        "the other party",
        "it had left its map operation, or its frame there was hidden, by the time the goroutines were printed",
        "GOTRACEBACK=system prints the map operations and their headers; go build -race names both lines without luck",
    ),
    row(
        Gap::OtherGoroutines,
        ALL,
        "all other goroutines",
        "a panic prints the goroutine that panicked alone under the default GOTRACEBACK=single",
        "GOTRACEBACK=all in the environment, or debug.SetTraceback(\"all\") first thing in main",
    ),
    row(
        Gap::MapHeader,
        VersionRange::since(24),
        "the address of the map",
        "user-level tracebacks hide the runtime.map… frames that carry it; only a delete, clear or clone leaves a frame of internal/runtime/maps with it",
        "GOTRACEBACK=system (more frames) or GOTRACEBACK=crash (and a core)",
    ),
    row(
        Gap::MapHeader,
        VersionRange::until(23),
        "the address of the map",
        "user-level tracebacks hide the runtime.map… frames that carry it",
        "GOTRACEBACK=system (more frames) or GOTRACEBACK=crash (and a core)",
    ),
    row(
        Gap::RuntimeFrames,
        VersionRange::since(19),
        "the map operation each goroutine is in",
        "debug=2 text and tracebacks up to GOTRACEBACK=all leave out frames of the runtime",
        "on a living process the binary profile keeps them: curl -s -o goroutine.pb.gz http://HOST:PORT/debug/pprof/goroutine && go tool pprof -traces -focus='runtime.map|runtime/maps' goroutine.pb.gz ; kill -QUIT PID prints them too, and ends it",
    ),
    row(
        Gap::RuntimeFrames,
        VersionRange::until(18),
        "the map operation each goroutine is in",
        "debug=2 text and tracebacks up to GOTRACEBACK=all leave out frames of the runtime",
        "on a living process the binary profile keeps them: curl -s -o goroutine.pb.gz http://HOST:PORT/debug/pprof/goroutine && go tool pprof -traces -focus=runtime.map goroutine.pb.gz ; GOTRACEBACK=system prints them at the next crash",
    ),
    row(
        Gap::RunningStack,
        ALL,
        "the stack of a goroutine that was running",
        "the runtime does not stop other threads to read their stacks while it dies",
        "GOTRACEBACK=crash and ulimit -c unlimited: the core holds the stacks of all threads",
    ),
    row(
        Gap::MapContents,
        ALL,
        "the keys, the size and the growth state of the map",
        "a traceback holds at most a key or the address of one, never the map's fields",
        "a core: ulimit -c unlimited and GOTRACEBACK=crash before the next crash, or gcore PID now; then print the header with dlv core",
    ),
    row(
        Gap::Labels,
        VersionRange::since(26),
        "labels that say which request or job a goroutine serves",
        "none are set, or printing them is off: Go 1.26 wants a setting, 1.27 prints them if go.mod says go 1.27",
        "pprof.Do(ctx, pprof.Labels(\"job\", name), f) in the code, and GODEBUG=tracebacklabels=1",
    ),
    row(
        Gap::Labels,
        VersionRange::until(25),
        "labels that say which request or job a goroutine serves",
        "before Go 1.26 tracebacks and debug=2 never print them",
        "curl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=1' prints labels set with pprof.Do",
    ),
    row(
        Gap::Individuals,
        ALL,
        "who created the goroutines, and how long each has waited",
        "a profile adds up equal stacks: it has no goroutine ids, waiting times or creators",
        "curl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=2', given together with the profile",
    ),
    row(
        Gap::MapMemory,
        ALL,
        "which of the memory is that of maps",
        "Go leaves the runtime's frames out of heap profiles, and with them the functions that make and grow maps",
        "curl -s 'http://HOST:PORT/debug/pprof/heap?debug=1' > heap.txt && gotriage --exe ./app heap.txt, with the very build that runs",
    ),
    row(
        Gap::Parents,
        VersionRange::until(20),
        "which goroutine created which",
        "before Go 1.21 the line \"created by\" names the go statement and not the goroutine that ran it",
        "Go 1.21 or later; on older ones GODEBUG=tracebackancestors=5 prints the chain of creators",
    ),
    row(
        Gap::Ancestors,
        ALL,
        "what a creator that has ended was doing when it started the goroutine",
        "only its id and the go statement are kept",
        "GODEBUG=tracebackancestors=5 prints the stacks of five generations; it costs memory for each goroutine started",
    ),
    row(
        Gap::LockHolder,
        ALL,
        "the goroutine that holds the lock",
        "a Go lock does not record who took it, and no traceback prints it",
        "look for the one goroutine inside a function that takes this lock and waits for something else; capture twice, a minute apart, and see which one moved; dlv attach PID reads its variables; runtime.SetMutexProfileFraction(5) and curl -s 'http://HOST:PORT/debug/pprof/mutex?debug=1' show who held locks that others waited for, once released",
    ),
    row(
        Gap::ShortWaits,
        ALL,
        "how long the goroutines have waited",
        "waits are printed in whole minutes, and only from one minute on; the clock is set by the garbage collector, so a wait may be longer than printed",
        "capture again after two minutes: curl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=2'",
    ),
    row(
        Gap::ElidedFrames,
        VersionRange::since(23),
        "the middle of a deep stack",
        "tracebacks print the 50 innermost and the 50 outermost frames",
        "the profiles goroutine?debug=1 and debug=0 keep 128 frames, more with GODEBUG=profstackdepth=1024; a core keeps all of them",
    ),
    row(
        Gap::ElidedFrames,
        VersionRange::between(21, 22),
        "the middle of a deep stack",
        "tracebacks print the 50 innermost and the 50 outermost frames",
        "a core keeps all of them: GOTRACEBACK=crash and ulimit -c unlimited",
    ),
    row(
        Gap::ElidedFrames,
        VersionRange::until(20),
        "the outer part of a deep stack",
        "before Go 1.21 tracebacks stop at about 100 frames",
        "a core keeps all of them: GOTRACEBACK=crash and ulimit -c unlimited",
    ),
    row(
        Gap::Head,
        ALL,
        "the beginning of the dump",
        "the text starts in the middle; a rotated, tailed or size-limited log lost what came first, and the cause stands there",
        "kubectl logs --previous --tail=-1, journalctl without -n, or the file before it in rotation",
    ),
    row(
        Gap::Tail,
        VersionRange::since(23),
        "the end of the dump",
        "the text stops in the middle: the process was killed while it printed, or the log limits the size of a record",
        "debug.SetCrashOutput(file, debug.CrashOptions{}) writes crashes to a file of their own, past the log system",
    ),
    row(
        Gap::Tail,
        VersionRange::until(22),
        "the end of the dump",
        "the text stops in the middle: the process was killed while it printed, or the log limits the size of a record",
        "send stderr to a file, and give the process time between the signal and the kill (terminationGracePeriodSeconds, TimeoutStopSec)",
    ),
    row(
        Gap::PprofLimit,
        ALL,
        "the goroutines behind the first 64 MiB",
        "debug=2 writes into one buffer that grows to 64 MiB and drops the rest",
        "the binary profile has no such limit and counts all of them: curl -s -o goroutine.pb.gz http://HOST:PORT/debug/pprof/goroutine ; as text with equal stacks merged: goroutine?debug=1 ; everything: gcore PID",
    ),
    row(
        Gap::Masked,
        ALL,
        "words that were masked",
        "a log system or CI replaced parts of the text, so names, paths or addresses may not be the original ones",
        "the log before masking: stderr of the process on the machine itself, or its crash file",
    ),
    row(
        Gap::RaceReport,
        ALL,
        "a report of the race detector",
        "the program was not built with it; it names both lines and both stacks of every conflict that happens, fatal or not",
        "CGO_ENABLED=1 go test -race ./... ; or one replica of CGO_ENABLED=1 go build -race under real traffic (2 to 20 times slower, 5 to 10 times the memory). GORACE=history_size=7 loses fewer reports in hot loops. It does not watch maps.Clone",
    ),
    row(
        Gap::Core,
        ALL,
        "the memory of the process",
        "no core was written, or it is not at hand; a text cannot tell who broke the memory",
        "ulimit -c unlimited, sysctl kernel.core_pattern, GOTRACEBACK=crash ; then dlv core ./app CORE . From a living process: gcore PID",
    ),
    row(
        Gap::HeapProfile,
        ALL,
        "what the memory is used for",
        "a dump shows goroutines, not the heap",
        "curl -s -o heap.pb.gz http://HOST:PORT/debug/pprof/heap && go tool pprof -sample_index=inuse_space -top heap.pb.gz , before the limit is reached; GODEBUG=gctrace=1 shows the growth in the log",
    ),
    row(
        Gap::ContentionProfile,
        ALL,
        "how long goroutines wait for locks and channels, by line",
        "the block and mutex profiles are off until the program turns them on",
        "runtime.SetBlockProfileRate(10000) and runtime.SetMutexProfileFraction(5) in the program; then go tool pprof -top http://HOST:PORT/debug/pprof/block and …/mutex",
    ),
    row(
        Gap::SecondCapture,
        VersionRange::since(27),
        "whether the number of goroutines grows",
        "one capture shows a state and not a trend",
        "curl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=2' twice, ten minutes apart, then gotriage diff BEFORE AFTER; goroutineleak?debug=2 marks goroutines that nothing can wake any more",
    ),
    row(
        Gap::SecondCapture,
        VersionRange::until(26),
        "whether the number of goroutines grows",
        "one capture shows a state and not a trend",
        "curl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=2' twice, ten minutes apart, then gotriage diff BEFORE AFTER",
    ),
    row(
        Gap::GoVersion,
        ALL,
        "the Go version",
        "no frame of the standard library in the text has a line number that tells releases apart",
        "go version ./app prints it from the binary; give it with --go 1.N",
    ),
    row(
        Gap::Outside,
        ALL,
        "who sent the signal or set the limit",
        "the kernel or another process ended this one, and Go is told the signal alone",
        "dmesg -T | grep -i -e oom -e killed ; kubectl describe pod POD ; journalctl -u UNIT",
    ),
    row(
        Gap::Build,
        ALL,
        "the source of exactly this build",
        "line numbers are those of the build that crashed",
        "go version -m ./app prints vcs.revision; check that commit out before opening the lines",
    ),
];

/// The words for a gap. Without a version the words for the newest Go that has it are taken. `None` for a gap that this version does
/// not have (Go 1.21 and later print the creators' ids, for one).
pub fn missing(gap: Gap, go: Option<GoVersion>) -> Option<Missing> {
    let mut rows = ROWS.iter().filter(|row| row.gap == gap);
    let row = match go {
        Some(go) => rows.find(|row| row.versions.contains(go)),
        None => rows.next(),
    }?;
    Some(Missing {
        what: row.what.to_owned(),
        why: row.why.to_owned(),
        how: row.how.to_owned(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn how(gap: Gap, go: &str) -> Option<String> {
        missing(gap, go.parse().ok()).map(|missing| missing.how)
    }

    #[test]
    fn each_row_is_three_plain_lines() {
        for row in ROWS {
            for text in [row.what, row.why, row.how] {
                assert!(
                    !text.is_empty() && !text.contains('\n') && !text.ends_with('.'),
                    "{:?}: {text:?}",
                    row.gap
                );
            }
        }
    }

    #[test]
    fn no_version_has_two_answers() {
        for minor in 13..=28 {
            for row in ROWS {
                let fits = |other: &&Row| {
                    other.gap == row.gap && other.versions.contains(GoVersion::minor(minor))
                };
                assert!(
                    ROWS.iter().filter(fits).count() <= 1,
                    "{:?} in 1.{minor}",
                    row.gap
                );
            }
        }
    }

    #[test]
    fn the_newest_go_stands_first() {
        for (n, row) in ROWS.iter().enumerate() {
            let later = ROWS.iter().skip(n + 1).filter(|other| other.gap == row.gap);
            for other in later {
                assert!(row.versions.since > other.versions.until, "{:?}", row.gap);
            }
        }
    }

    #[test]
    fn commands_exist_in_the_version_they_are_given_for() {
        assert!(how(Gap::Tail, "1.22").is_some_and(|how| !how.contains("SetCrashOutput")));
        assert!(how(Gap::Tail, "1.23").is_some_and(|how| how.contains("SetCrashOutput")));
        assert!(how(Gap::SecondCapture, "1.26").is_some_and(|how| !how.contains("goroutineleak")));
        assert!(how(Gap::SecondCapture, "1.27").is_some_and(|how| how.contains("goroutineleak")));
        assert!(how(Gap::OtherParty, "1.26").is_some_and(|how| how.starts_with("GOTRACEBACK=all")));
        assert_eq!(how(Gap::Parents, "1.21"), None);
        assert!(missing(Gap::Parents, None).is_some());
    }
}
