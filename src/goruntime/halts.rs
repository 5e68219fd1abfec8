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
    waits("runtime.chanrecv1", "chan receive"),
    waits("runtime.chanrecv2", "chan receive"),
    waits("runtime.chansend1", "chan send"),
    waits("runtime.selectgo", "select"),
    waits("runtime.block", "forever"),
    waits("time.Sleep", "sleep"),
    waits("runtime.(*scavengerState).sleep", "sleep"),
    waits("sync.(*Mutex).Lock", "sync"),
    waits("internal/sync.(*Mutex).lockSlow", "sync"),
    waits("sync.(*RWMutex).Lock", "sync"),
    waits("sync.(*RWMutex).RLock", "sync"),
    waits("sync.(*WaitGroup).Wait", "sync"),
    waits("sync.(*Cond).Wait", "sync.(*Cond).Wait"),
    waits("runtime.gcMarkDone", "sync"),
    waits("runtime.gcStart", "sync"),
    waits_new("runtime.gcParkAssist", "GC mark assist wait for work"),
    waits("internal/poll.(*FD).Read", "network"),
    waits("internal/poll.(*FD).Write", "network"),
    waits("internal/poll.(*FD).Accept", "network"),
    waits("internal/poll.(*FD).WaitWrite", "network"),
    waits("internal/poll.spliceDrain", "network"),
    waits_new("runtime.(*scavengerState).park", "system goroutine wait"),
    waits_new("runtime.gopark", "system goroutine wait"),
    waits_new("runtime.goparkunlock", "GC background sweeper wait"),
    waits_new(
        "runtime/trace.(*traceMultiplexer).startLocked.func1",
        "system goroutine wait",
    ),
    waits_new("runtime.ReadTrace", "system goroutine wait"),
    ("runtime.Gosched", Halt::Yields),
    ("runtime.GC", Halt::Yields),
    ("runtime.goschedIfBusy", Halt::Yields),
    ("runtime.bgsweep", Halt::Yields),
    ("runtime.traceGoSched", Halt::Yields),
];

/// A row of a wait that old traces name as new ones do.
const fn waits(function: &'static str, reason: &'static str) -> (&'static str, Halt) {
    (function, Halt::Waits(reason, reason))
}

/// A row of a wait that traces before Go 1.22 have no name for.
const fn waits_new(function: &'static str, reason: &'static str) -> (&'static str, Halt) {
    (function, Halt::Waits(reason, ""))
}

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
