//! How to capture more of a program, and which capture settles what: `gotriage runbook`.
//!
//! [`CAPTURES`] holds a row for each way to look into a Go process, [`SETTLES`] which of them a verdict needs, best first. What to do right now and
//! the commands of a verdict are the rows that the fourth step of a report prints ([`super::advice`]), and what a given report lacks is in the
//! words of [`super::missing`]. HOST:PORT, PID and POD stand for the program's own until [`Target`] fills them in.

use super::advice;
use super::report::{Category, Missing, Tool};
use crate::goruntime::version::{GoVersion, VersionRange};
use schemars::JsonSchema;
use serde::Serialize;

/// The schema's name and version.
pub const SCHEMA: &str = "gotriage.runbook/1";

/// A way to look into a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    PreviousLog,
    GoroutineText,
    GoroutineCounts,
    GoroutineBinary,
    GoroutineLeak,
    Heap,
    HeapText,
    Allocs,
    Mutex,
    Block,
    Cpu,
    Trace,
    Quit,
    TracebackAll,
    TracebackSystem,
    TracebackCrash,
    Core,
    Race,
}

/// One way, with what it is worth.
struct Row {
    how: How,
    versions: VersionRange,
    title: &'static str,
    /// Lines to paste.
    command: &'static str,
    /// What gotriage makes of it.
    read: &'static str,
    shows: &'static str,
    hides: &'static str,
    /// What it does to the process.
    cost: &'static str,
}

const ALL: VersionRange = VersionRange::ALL;

/// All ways, those that do least to the process first.
const CAPTURES: &[Row] = &[
    Row {
        how: How::PreviousLog,
        versions: ALL,
        title: "the log of the run that died",
        command: "kubectl logs --previous --tail=-1 POD > crash.log    # or: journalctl -u UNIT -o json --since -1h > crash.log",
        read: "gotriage crash.log",
        shows: "the crash as it was printed, whole",
        hides: "what the log system cut or dropped; --tail=-1 keeps kubectl from cutting",
        cost: "none",
    },
    Row {
        how: How::GoroutineText,
        versions: ALL,
        title: "all goroutines, one by one",
        command: "curl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=2' > goroutines.txt",
        read: "gotriage goroutines.txt",
        shows: "each goroutine's id, state, wait from one minute on, user frames and creator",
        hides: "frames of the runtime, so map operations; who holds a lock; everything behind 64 MiB",
        cost: "the program stands still while it writes: milliseconds for thousands of goroutines",
    },
    Row {
        how: How::GoroutineCounts,
        versions: ALL,
        title: "all goroutines, equal stacks added up",
        command: "curl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=1' > goroutine.debug1.txt",
        read: "gotriage goroutine.debug1.txt",
        shows: "how many stand at each stack, with pprof labels; no limit of size",
        hides: "ids, states, waits and creators; the runtime's innermost frames",
        cost: "a short stop",
    },
    Row {
        how: How::GoroutineBinary,
        versions: ALL,
        title: "all goroutines with the runtime's frames",
        command: "curl -s -o goroutine.pb.gz http://HOST:PORT/debug/pprof/goroutine",
        read: "gotriage goroutine.pb.gz",
        shows: "which map operation each stack is in, and how many goroutines",
        hides: "ids, states, waits and creators; addresses of maps",
        cost: "a short stop",
    },
    Row {
        how: How::GoroutineLeak,
        versions: VersionRange::since(27),
        title: "goroutines that nothing can wake any more",
        command: "curl -s 'http://HOST:PORT/debug/pprof/goroutineleak?debug=2' > leaked.txt",
        read: "gotriage leaked.txt",
        shows: "goroutines marked (leaked): blocked for ever, proved by the garbage collector",
        hides: "leaks that a global variable or a running goroutine still reaches",
        cost: "a run of the garbage collector",
    },
    Row {
        how: How::Heap,
        versions: ALL,
        title: "what holds the memory",
        command: "curl -s -o heap.pb.gz http://HOST:PORT/debug/pprof/heap",
        read: "gotriage heap.pb.gz    # and: go tool pprof -sample_index=inuse_space -top heap.pb.gz",
        shows: "live memory by the line that allocated it",
        hides: "which of it is that of maps; stacks of goroutines; memory of C",
        cost: "none to speak of",
    },
    Row {
        how: How::HeapText,
        versions: ALL,
        title: "which memory is that of maps",
        command: "curl -s 'http://HOST:PORT/debug/pprof/heap?debug=1' > heap.debug1.txt",
        read: "gotriage --exe ./app heap.debug1.txt    # the very build that runs",
        shows: "lines that make and grow maps, with the program's own tables",
        hides: "names, without --exe",
        cost: "none to speak of",
    },
    Row {
        how: How::Allocs,
        versions: ALL,
        title: "what allocates",
        command: "curl -s -o allocs.pb.gz http://HOST:PORT/debug/pprof/allocs",
        read: "gotriage allocs.pb.gz",
        shows: "all memory ever allocated, by line: what keeps the garbage collector busy",
        hides: "what of it is still in use",
        cost: "none to speak of",
    },
    Row {
        how: How::Mutex,
        versions: ALL,
        title: "who held locks that others waited for",
        command: "curl -s -o mutex.pb.gz http://HOST:PORT/debug/pprof/mutex    # the program has to call runtime.SetMutexProfileFraction(5)",
        read: "gotriage mutex.pb.gz",
        shows: "lines that released a contended lock, with the time others lost",
        hides: "locks that are still held",
        cost: "a percent or so while it is on",
    },
    Row {
        how: How::Block,
        versions: ALL,
        title: "where goroutines wait",
        command: "curl -s -o block.pb.gz http://HOST:PORT/debug/pprof/block    # the program has to call runtime.SetBlockProfileRate(10000)",
        read: "gotriage block.pb.gz",
        shows: "lines that waited for channels and locks, by time",
        hides: "waits that have not ended; network and system calls",
        cost: "a percent or so while it is on",
    },
    Row {
        how: How::Cpu,
        versions: ALL,
        title: "what runs",
        command: "curl -s -o cpu.pb.gz 'http://HOST:PORT/debug/pprof/profile?seconds=10'",
        read: "gotriage cpu.pb.gz",
        shows: "lines that use the processor, map operations among them",
        hides: "everything that waits",
        cost: "a few percent for ten seconds",
    },
    Row {
        how: How::Trace,
        versions: ALL,
        title: "who ran, waited and woke whom",
        command: "curl -s -o trace.out 'http://HOST:PORT/debug/pprof/trace?seconds=5'",
        read: "gotriage trace trace.out    # or beside the crash: gotriage crash.log trace.out",
        shows: "every change of state with its stack, over time",
        hides: "map operations, but for chance; addresses",
        cost: "some percent for five seconds (much more before Go 1.21), megabytes a second",
    },
    Row {
        how: How::Quit,
        versions: ALL,
        title: "all goroutines of a process without net/http/pprof",
        command: "kill -QUIT PID    # in a pod: kubectl exec POD -- kill -QUIT 1",
        read: "kubectl logs --previous POD | gotriage",
        shows: "all goroutines on standard error, with the runtime's frames since Go 1.19",
        hides: "who holds a lock",
        cost: "the process ends",
    },
    Row {
        how: How::TracebackAll,
        versions: ALL,
        title: "all goroutines at the next crash",
        command: "GOTRACEBACK=all ./app    # in a deployment: kubectl set env deployment/NAME GOTRACEBACK=all",
        read: "gotriage crash.log",
        shows: "the other party: since Go 1.26 a fatal error prints the crashing goroutine alone by default",
        hides: "frames of the runtime, so the address of a map",
        cost: "a restart; longer crash texts",
    },
    Row {
        how: How::TracebackSystem,
        versions: ALL,
        title: "the map operations at the next crash",
        command: "GOTRACEBACK=system ./app    # in a deployment: kubectl set env deployment/NAME GOTRACEBACK=system",
        read: "gotriage crash.log",
        shows: "all goroutines with the runtime's frames: map header, key, which check noticed",
        hides: "fields of the map",
        cost: "a restart; longer crash texts",
    },
    Row {
        how: How::TracebackCrash,
        versions: ALL,
        title: "a core at the next crash",
        command: "ulimit -c unlimited && GOTRACEBACK=crash ./app    # where it goes: sysctl kernel.core_pattern",
        read: "gotriage crash.log    # maps of the core: gotriage map probe --help",
        shows: "all that GOTRACEBACK=system prints, and the memory for a debugger",
        hides: "nothing",
        cost: "a restart; a file as large as the process",
    },
    Row {
        how: How::Core,
        versions: ALL,
        title: "a copy of the living process",
        command: "gcore -o core PID",
        read: "gotriage map probe --help    # then: dlv core ./app core.PID",
        shows: "everything: variables, maps, locks",
        hides: "nothing",
        cost: "the process stands still while its memory is written; mind liveness probes",
    },
    Row {
        how: How::Race,
        versions: ALL,
        title: "both lines of a race",
        command: "CGO_ENABLED=1 go build -race -o app-race . && ./app-race 2> race.log    # one replica under real traffic",
        read: "gotriage race.log",
        shows: "both accesses with their stacks, whether or not anything crashes",
        hides: "races that did not happen in that run; maps.Clone",
        cost: "2 to 20 times slower, 5 to 10 times the memory",
    },
];

/// What settles a verdict, best first.
const SETTLES: &[(&[Category], &[How])] = &[
    (
        &[
            Category::MapWriteWrite,
            Category::MapReadWrite,
            Category::MapIterateWrite,
            Category::MapCloneWrite,
        ],
        &[
            How::TracebackSystem,
            How::Race,
            How::GoroutineBinary,
            How::TracebackCrash,
            How::PreviousLog,
        ],
    ),
    (
        &[Category::MapRaceReport, Category::DataRaceReport],
        &[How::Race, How::TracebackSystem],
    ),
    (
        &[
            Category::NilMapWrite,
            Category::NilDereference,
            Category::IndexOutOfRange,
            Category::TypeAssertion,
            Category::DivideByZero,
            Category::RuntimePanic,
            Category::CustomPanic,
        ],
        &[
            How::PreviousLog,
            How::TracebackAll,
            How::Race,
            How::TracebackCrash,
        ],
    ),
    (
        &[Category::ClosedChannel, Category::SyncMisuse],
        &[How::TracebackAll, How::Race, How::Trace, How::PreviousLog],
    ),
    (
        &[Category::OutOfMemory],
        &[
            How::Heap,
            How::HeapText,
            How::GoroutineCounts,
            How::Allocs,
            How::Core,
        ],
    ),
    (
        &[Category::StackOverflow],
        &[How::PreviousLog, How::TracebackCrash, How::GoroutineText],
    ),
    (
        &[Category::DeadlockAllAsleep, Category::LockHang],
        &[
            How::GoroutineText,
            How::Mutex,
            How::Block,
            How::Trace,
            How::Core,
            How::Quit,
        ],
    ),
    (
        &[Category::GoroutineLeak],
        &[
            How::GoroutineLeak,
            How::GoroutineText,
            How::GoroutineCounts,
            How::Heap,
            How::Trace,
        ],
    ),
    (
        &[Category::TestTimeout, Category::TestFailure],
        &[How::Race, How::TracebackAll, How::Trace],
    ),
    (
        &[Category::Signal, Category::RuntimeFault],
        &[How::PreviousLog, How::TracebackCrash, How::Core, How::Race],
    ),
    (
        &[Category::Healthy],
        &[
            How::GoroutineText,
            How::GoroutineBinary,
            How::Heap,
            How::Cpu,
            How::Trace,
        ],
    ),
];

/// The program to look into; what is not known keeps its placeholder.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Where it serves net/http/pprof: `localhost:6060`.
    pub host: Option<String>,
    /// Its process.
    pub pid: Option<u32>,
    /// Its pod.
    pub pod: Option<String>,
}

/// What is known of the trouble.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// The verdict; `None` for all captures.
    pub category: Option<Category>,
    /// The Go version, for what only some have.
    pub go: Option<GoVersion>,
    /// What a report lacks.
    pub missing: Vec<Missing>,
}

/// What to run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Runbook {
    /// Always `gotriage.runbook/1`.
    pub schema: &'static str,
    /// Who made it.
    pub tool: Tool,
    /// The verdict it is for; null for all captures.
    pub category: Option<Category>,
    /// The Go version it is for, where one is known.
    pub go: Option<String>,
    /// What to do right now, the quickest first.
    pub now: Vec<String>,
    /// Captures: those that settle the verdict, best first; without a verdict all of them.
    pub captures: Vec<CaptureStep>,
    /// Commands that show more of this verdict, as the report has them.
    pub commands: Vec<String>,
    /// What the given report lacks, and how to get it.
    pub missing: Vec<Missing>,
    /// The repair that lasts.
    pub repair: Option<String>,
}

/// One capture.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CaptureStep {
    /// What it is.
    pub title: String,
    /// Lines to paste.
    pub command: String,
    /// What reads it.
    pub read: String,
    /// What it shows.
    pub shows: String,
    /// What it hides.
    pub hides: String,
    /// What it does to the process.
    pub cost: String,
}

/// The verdicts that have one.
pub fn categories() -> impl Iterator<Item = Category> {
    let rows = SETTLES.iter();
    rows.flat_map(|(categories, _)| *categories).copied()
}

/// The runbook for some trouble with some program.
pub fn runbook(trouble: &Trouble, target: &Target) -> Runbook {
    let wanted = SETTLES.iter().find(|(categories, _)| {
        trouble
            .category
            .is_some_and(|category| categories.contains(&category))
    });
    let exists = |row: &&Row| trouble.go.is_none_or(|go| row.versions.contains(go));
    let captures: Vec<&Row> = match wanted {
        None => CAPTURES.iter().filter(exists).collect(),
        Some((_, ways)) => {
            let rows = ways
                .iter()
                .filter_map(|way| CAPTURES.iter().find(|row| row.how == *way));
            rows.filter(exists).collect()
        }
    };
    let mitigation = trouble.category.and_then(advice::mitigation);
    let fill = |text: &str| target.fill(text);
    let missing = trouble.missing.iter().map(|gap| Missing {
        how: fill(&gap.how),
        ..gap.clone()
    });
    Runbook {
        schema: SCHEMA,
        tool: Tool::this(),
        category: trouble.category,
        go: trouble.go.map(|go| go.to_string()),
        now: mitigation.map_or_else(Vec::new, |row| {
            row.now.iter().map(|step| fill(step)).collect()
        }),
        captures: captures.into_iter().map(|row| step(row, target)).collect(),
        commands: mitigation.map_or_else(Vec::new, |row| row.commands.lines().map(fill).collect()),
        missing: missing.collect(),
        repair: mitigation.map(|row| row.repair.to_owned()),
    }
}

fn step(row: &Row, target: &Target) -> CaptureStep {
    CaptureStep {
        title: row.title.to_owned(),
        command: target.fill(row.command),
        read: target.fill(row.read),
        shows: row.shows.to_owned(),
        hides: row.hides.to_owned(),
        cost: row.cost.to_owned(),
    }
}

impl Target {
    /// Puts what is known in the place of HOST:PORT, PID and POD.
    fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        if let Some(host) = &self.host {
            filled = filled.replace("HOST:PORT", host);
        }
        if let Some(pid) = self.pid {
            filled = filled.replace("PID", &pid.to_string());
        }
        match &self.pod {
            Some(pod) => filled.replace("POD", pod),
            None => filled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_verdict_has_captures_and_none_has_two_rows() {
        let advised: Vec<Category> = advice::categories().collect();
        assert!(advised.len() > 20);
        for category in &advised {
            let rows = SETTLES
                .iter()
                .filter(|(categories, _)| categories.contains(category));
            assert_eq!(rows.count(), 1, "{category:?}");
        }
        for (_, ways) in SETTLES {
            let distinct: BTreeSet<&How> = ways.iter().collect();
            assert_eq!(distinct.len(), ways.len());
        }
        for row in CAPTURES {
            assert_eq!(
                CAPTURES.iter().filter(|other| other.how == row.how).count(),
                1
            );
            let texts = [
                row.title,
                row.command,
                row.read,
                row.shows,
                row.hides,
                row.cost,
            ];
            assert!(
                texts
                    .iter()
                    .all(|text| !text.is_empty() && !text.ends_with('.')),
                "{}",
                row.title
            );
        }
    }

    #[test]
    fn what_a_version_lacks_is_not_advised() {
        let of = |go: &str| {
            let trouble = Trouble {
                category: Some(Category::GoroutineLeak),
                go: go.parse().ok(),
                ..Trouble::default()
            };
            let book = runbook(&trouble, &Target::default());
            let found = book.captures.iter();
            found
                .filter(|capture| capture.command.contains("goroutineleak"))
                .count()
        };
        assert_eq!((of("1.26"), of("1.27")), (0, 1));
    }
}
