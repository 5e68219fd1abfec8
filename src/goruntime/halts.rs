//! Why a goroutine stopped, by the function it stood in: for pictures of traces, which show where it stood and not always why.
//!
//! Checked against the reasons in traces of the same runs, Go 1.19 to 1.27. Used by `parse::trace`. Read [`halt`] first.

/// Why a goroutine stopped, as far as the function it stood in tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// It waits: the reason as traces from Go 1.22 on name it, and as earlier ones do.
    Waits(&'static str, &'static str),
    /// It gave its processor away.
    Yields,
}

/// Innermost functions of goroutines that stop of their own will; those of all others were preempted. Runtime frames further in are
/// not in the stacks of events.
const HALTS: &[(&str, Halt)] = &[
    (
        "runtime.chanrecv1",
        Halt::Waits("chan receive", "chan receive"),
    ),
    (
        "runtime.chanrecv2",
        Halt::Waits("chan receive", "chan receive"),
    ),
    ("runtime.chansend1", Halt::Waits("chan send", "chan send")),
    ("runtime.selectgo", Halt::Waits("select", "select")),
    ("runtime.block", Halt::Waits("forever", "forever")),
    ("time.Sleep", Halt::Waits("sleep", "sleep")),
    (
        "runtime.(*scavengerState).sleep",
        Halt::Waits("sleep", "sleep"),
    ),
    ("sync.(*Mutex).Lock", Halt::Waits("sync", "sync")),
    (
        "internal/sync.(*Mutex).lockSlow",
        Halt::Waits("sync", "sync"),
    ),
    ("sync.(*RWMutex).Lock", Halt::Waits("sync", "sync")),
    ("sync.(*RWMutex).RLock", Halt::Waits("sync", "sync")),
    ("sync.(*WaitGroup).Wait", Halt::Waits("sync", "sync")),
    (
        "sync.(*Cond).Wait",
        Halt::Waits("sync.(*Cond).Wait", "sync.(*Cond).Wait"),
    ),
    ("runtime.gcMarkDone", Halt::Waits("sync", "sync")),
    ("runtime.gcStart", Halt::Waits("sync", "sync")),
    (
        "runtime.gcParkAssist",
        Halt::Waits("GC mark assist wait for work", ""),
    ),
    (
        "internal/poll.(*FD).Read",
        Halt::Waits("network", "network"),
    ),
    (
        "internal/poll.(*FD).Write",
        Halt::Waits("network", "network"),
    ),
    (
        "internal/poll.(*FD).Accept",
        Halt::Waits("network", "network"),
    ),
    (
        "internal/poll.(*FD).WaitWrite",
        Halt::Waits("network", "network"),
    ),
    (
        "internal/poll.spliceDrain",
        Halt::Waits("network", "network"),
    ),
    (
        "runtime.(*scavengerState).park",
        Halt::Waits("system goroutine wait", ""),
    ),
    ("runtime.gopark", Halt::Waits("system goroutine wait", "")),
    (
        "runtime.goparkunlock",
        Halt::Waits("GC background sweeper wait", ""),
    ),
    (
        "runtime/trace.(*traceMultiplexer).startLocked.func1",
        Halt::Waits("system goroutine wait", ""),
    ),
    (
        "runtime.ReadTrace",
        Halt::Waits("system goroutine wait", ""),
    ),
    ("runtime.Gosched", Halt::Yields),
    ("runtime.GC", Halt::Yields),
    ("runtime.goschedIfBusy", Halt::Yields),
    ("runtime.bgsweep", Halt::Yields),
    ("runtime.traceGoSched", Halt::Yields),
];

/// All reasons that [`HALTS`] gives, and the two of goroutines that can go on.
pub const HALT_REASONS: [&str; 13] = [
    "chan receive",
    "chan send",
    "select",
    "forever",
    "sleep",
    "sync",
    "sync.(*Cond).Wait",
    "GC mark assist wait for work",
    "network",
    "system goroutine wait",
    "GC background sweeper wait",
    "runtime.Gosched",
    "preempted",
];

/// Why a goroutine stopped in a function; `None` for one that does not stop by itself.
pub fn halt(function: &str) -> Option<Halt> {
    let row = HALTS.iter().find(|row| row.0 == function);
    row.map(|row| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_the_table_is_listed() {
        for (function, what) in HALTS {
            let Halt::Waits(new, old) = what else {
                continue;
            };
            assert!(HALT_REASONS.contains(new), "{function}");
            assert!(old.is_empty() || HALT_REASONS.contains(old), "{function}");
        }
        assert_eq!(halt("runtime.mapassign_fast64"), None);
    }
}
