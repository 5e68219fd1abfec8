//! What to do about each verdict: now, to see more, and for good. Read by the parent alone.
//!
//! Written for someone who did not write the program: what stops the bleeding stands first. HOST:PORT is where the program serves
//! net/http/pprof.

use crate::triage::report::Category;

/// Advice for some verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mitigation {
    /// The verdicts it is for.
    pub categories: &'static [Category],
    /// What to do right now, one step each, the quickest first.
    pub now: &'static [&'static str],
    /// Commands that show more, one a line; empty where the dump says it all.
    pub commands: &'static str,
    /// The repair that lasts.
    pub repair: &'static str,
}

/// One row for each verdict that is trouble.
pub(super) const MITIGATIONS: &[Mitigation] = &[
    Mitigation {
        categories: &[
            Category::MapWriteWrite,
            Category::MapReadWrite,
            Category::MapIterateWrite,
            Category::MapCloneWrite,
        ],
        now: &[
            "Restart it, and let the supervisor do so from now on (restart: always): recover cannot catch this error, and the next one comes with the load.",
            "If it began with a release or a flag, take that back: the race is as old as the second goroutine that uses the map.",
            "Lower the concurrency on that path (worker count, queue consumers, request limit). That makes it rarer; GOMAXPROCS=1 makes it much rarer, and hides it.",
            "Distrust what the process wrote in its last seconds: conflicts that the runtime did not notice change maps silently.",
            "Set GOTRACEBACK=system for the next time: all goroutines, and the map's address.",
        ],
        commands: "CGO_ENABLED=1 go test -race ./...\nCGO_ENABLED=1 go build -race -o app-race .    # one replica under real traffic",
        repair: "Guard every use of the map with the same lock, reads and len included, or stop sharing it; then prove it with -race.",
    },
    Mitigation {
        categories: &[Category::MapRaceReport, Category::DataRaceReport],
        now: &[
            "The process goes on after a report. Keep it off production, where the same race can end it or spoil data.",
            "Take the first report first: later ones are often its consequences.",
        ],
        commands: "GORACE='halt_on_error=1 history_size=7' ./app-race    # stop at the first report, with longer histories\nCGO_ENABLED=1 go test -race -count=10 -run TestName ./...",
        repair: "Order the two accesses with a lock, a channel or sync/atomic on both sides. A race that looks harmless is undefined for interfaces, slices, strings and maps.",
    },
    Mitigation {
        categories: &[Category::NilMapWrite],
        now: &[
            "Roll back, or switch off what reaches this line: it fails every time its input comes.",
            "A server that recovers per request (net/http does) stays up; check for work left half done and locks left locked.",
        ],
        commands: "",
        repair: "Make the map where the struct is made (a constructor). Reading a nil map is fine, so the missing make shows only at the first write; after JSON decoding an absent field leaves it nil. A lazy make belongs under the write lock.",
    },
    Mitigation {
        categories: &[Category::NilDereference],
        now: &[
            "Roll back or switch off what reaches this line. If one input causes it, set that input aside: a retried message kills each replica in turn.",
            "A small fault address is the offset of the field that was read; it says which pointer was nil.",
        ],
        commands: "go vet ./...\nCGO_ENABLED=1 go test -race ./...    # a pointer that is nil only sometimes may be a race",
        repair: "Check the error before the value, the \", ok\" of a lookup before its result, and remember that an interface holding a nil pointer is not nil.",
    },
    Mitigation {
        categories: &[Category::IndexOutOfRange],
        now: &[
            "Set the input aside that causes it (message, file, request) before a retry brings down the next replica.",
            "Roll back if it came with a release.",
        ],
        commands: "CGO_ENABLED=1 go test -race ./...    # a slice read while another goroutine appends to it ends like this too\ngo test -fuzz=FuzzName ./PACKAGE    # with the input as seed",
        repair: "Check the length where the data comes in, not at each use. If the length in the message looks right, another goroutine changed the slice.",
    },
    Mitigation {
        categories: &[Category::TypeAssertion],
        now: &[
            "Find what sent the unexpected type (the message names both) and hold it back, or roll back.",
        ],
        commands: "",
        repair: "Use v, ok := x.(T) or a type switch with a default wherever the value comes from outside, from any, or from context values.",
    },
    Mitigation {
        categories: &[Category::DivideByZero],
        now: &[
            "Find the count or interval that became zero: usually an empty result or a setting that is missing. Put a value back, or roll back.",
        ],
        commands: "",
        repair: "Treat the empty case before dividing. Only integers panic; a float division by zero gives Inf or NaN and goes on.",
    },
    Mitigation {
        categories: &[Category::ClosedChannel],
        now: &[
            "Restart: it is a matter of timing and will mostly work again. It comes back at shutdown, timeouts and reloads.",
            "If a shutdown or reload sets it off, avoid that (drain by the load balancer instead) until it is fixed.",
        ],
        commands: "CGO_ENABLED=1 go test -race -count=100 -run TestName ./...",
        repair: "Only the sending side closes, once, after its last send; with several senders nobody closes, and a done channel or a context tells them to stop. sync.Once keeps a close from coming twice.",
    },
    Mitigation {
        categories: &[Category::SyncMisuse],
        now: &[
            "Restart. An unlock of an unlocked lock is a fatal error that recover cannot catch; a negative WaitGroup counter is a panic.",
            "Roll back if it came with a release: error paths that unlock twice are seldom old.",
        ],
        commands: "go vet ./...    # copylocks finds locks that were copied\nCGO_ENABLED=1 go test -race ./...",
        repair: "defer the Unlock right after the Lock, and the Done as the first line of the goroutine; call Add before the go statement; never copy a struct that holds a lock.",
    },
    Mitigation {
        categories: &[Category::RuntimePanic],
        now: &[
            "Roll back or switch off what reaches this line; set the input aside if one input causes it.",
        ],
        commands: "",
        repair: "The message names the rule that was broken (an unhashable key, a negative length, a bad conversion); check the value where it enters the program.",
    },
    Mitigation {
        categories: &[Category::CustomPanic],
        now: &[
            "Read the value: the program chose to die with it. Settings, a missing dependency or a failed start-up check are the usual causes; compare with what was changed last.",
            "A panic in a goroutine that has no recover of its own ends the process, whatever the caller recovers.",
        ],
        commands: "",
        repair: "Return errors for what can happen in production, and keep panics for what cannot.",
    },
    Mitigation {
        categories: &[Category::OutOfMemory],
        now: &[
            "Raise the limit, or lower the concurrency, whichever is quicker; add replicas so that each holds less.",
            "Set GOMEMLIMIT to about nine tenths of the container's limit (Go 1.19 and later): the collector then works harder before the limit. It cannot free what is still referenced.",
            "Take a heap profile while it is high, before the next restart.",
        ],
        commands: "curl -s -o heap.pb.gz http://HOST:PORT/debug/pprof/heap && go tool pprof -sample_index=inuse_space -top heap.pb.gz\ncurl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=1' | head -40    # goroutines hold memory too\nGODEBUG=gctrace=1 ./app",
        repair: "Bound what grows with input: caches, queues, goroutines, bodies read whole. A length taken from the wire must be checked before it is allocated.",
    },
    Mitigation {
        categories: &[Category::StackOverflow],
        now: &[
            "Find the input that nests or refers to itself and set it aside; recover cannot catch this.",
            "Roll back if it came with a release: the repeating frames name the cycle.",
        ],
        commands: "",
        repair: "End the recursion: a String, Error or MarshalJSON method that formats its own receiver, a linked structure with a cycle, or input without a depth limit. debug.SetMaxStack higher only delays it.",
    },
    Mitigation {
        categories: &[Category::DeadlockAllAsleep],
        now: &[
            "Restart; it will stop at the same place if the cause is in the order of start-up.",
            "The runtime sees this only when no goroutine at all can run. With a timer, a listener or cgo in the process the same mistake hangs in silence.",
        ],
        commands: "go vet ./...",
        repair: "Give each blocked operation its partner: a receiver for the send, a close for the range, a Done for the Wait, an Unlock on every path.",
    },
    Mitigation {
        categories: &[Category::LockHang],
        now: &[
            "Capture first, restart then: the evidence dies with the process. Take the goroutines twice, a minute apart, and a gcore if there is room.",
            "Take it out of the load balancer. A liveness probe that needs this lock would restart it by itself next time.",
            "Restart. Lower the concurrency if it comes back at once.",
        ],
        commands: "curl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=2' > g1.txt; sleep 60; curl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=2' > g2.txt\ngcore PID    # a copy of the process; it stands still meanwhile\nkill -QUIT PID    # prints all goroutines and ends it",
        repair: "Take locks in one order everywhere; hold none across I/O, channel operations or callbacks; never call a locking method with the lock held; never RLock twice in one goroutine, since a waiting writer blocks the second. Unlock with defer, so that a panic cannot leave it locked.",
    },
    Mitigation {
        categories: &[Category::GoroutineLeak],
        now: &[
            "Restart in a rolling way to buy time; the growth between two captures says how long.",
            "Take load off the path that starts them: disable the caller, shorten its timeout at the proxy, or limit its concurrency.",
            "Capture twice, minutes apart, before the restart.",
        ],
        commands: "curl -s 'http://HOST:PORT/debug/pprof/goroutine?debug=1' | head -40\ngo tool pprof -top -diff_base=g1.pb.gz g2.pb.gz    # two captures without debug=",
        repair: "Every go statement needs an end that does not depend on the other side: a context that is watched in each select, a buffered channel for a result nobody may want, a closed input, a deadline on I/O, a closed response body.",
    },
    Mitigation {
        categories: &[Category::TestTimeout],
        now: &[
            "Run the one test that the panic names, with a short timeout; the goroutine that waits longest is the first to look at.",
        ],
        commands: "go test -run '^TestName$' -count=1 -timeout=30s -v ./PACKAGE\nCGO_ENABLED=1 go test -race -run '^TestName$' -count=20 ./PACKAGE",
        repair: "Give what the test waits for a deadline of its own, well below that of go test, so that it fails with a reason. Raise -timeout only for tests that are slow and make progress.",
    },
    Mitigation {
        categories: &[Category::TestFailure],
        now: &[
            "Run that test alone, then many times: a failure that comes and goes is a race or an order between tests.",
        ],
        commands: "go test -run '^TestName$' -count=20 -v ./PACKAGE\ngo test -shuffle=on ./PACKAGE",
        repair: "No t.Fatal, FailNow or panic outside the test's own goroutine, no os.Exit in code under test, and no logging to t after the test has ended.",
    },
    Mitigation {
        categories: &[Category::Signal],
        now: &[
            "Find the sender: SIGQUIT and SIGABRT are sent on purpose (an operator, a watchdog, a failed liveness probe). The program was alive; look at what its goroutines were waiting for.",
            "SIGSEGV or SIGBUS outside Go code is a fault in cgo, in a library or in hardware.",
        ],
        commands: "journalctl -u UNIT --since -1h\nkubectl describe pod POD    # probes, OOMKilled, evictions\ndmesg -T | tail -50",
        repair: "Fix what the watchdog complained about, or the C side; keep a core for the latter (ulimit -c unlimited, GOTRACEBACK=crash).",
    },
    Mitigation {
        categories: &[Category::RuntimeFault],
        now: &[
            "Restart, and move it to another machine if it happens on one only: memory that fails looks like this.",
            "Upgrade to the newest patch release of this Go version.",
            "Keep a core of the next one: ulimit -c unlimited and GOTRACEBACK=crash.",
        ],
        commands: "CGO_ENABLED=1 go test -race ./...    # races on slices, interfaces and maps break memory\ngo build -gcflags=all=-d=checkptr .    # checks the use of unsafe\nGODEBUG=cgocheck=1 ./app    # is the default; GOEXPERIMENT=cgocheck2 at build time checks more (Go 1.21 and later)",
        repair: "Suspect unsafe, cgo, assembly and data races in the program first; the runtime itself is the least likely. Threads exhausted or not creatable are a limit: ulimit -u, pids.max, or blocking calls without bound.",
    },
];
