//! The events of an execution trace as they lie in the file, from Go 1.22 on: number, name, arguments, since when.
//!
//! ```text
//! 14 GoStart g g_seq        one byte 16, then LEB128 numbers: ticks since the event before it, goroutine, sequence number
//! ```
//!
//! Every timed event begins with `dt`, which is not listed here. Argument lists never changed; a new event got a new number. The
//! names are those that `go tool trace -d=wire` prints. Older traces (1.11 to 1.21) have events of their own: [`V1_EVENTS`].
//! `parse::trace` decodes by these tables. Read [`WIRE_EVENTS`] first.

use super::version::{ReleaseSet, VersionRange};

/// Where an event may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a thread's batch, with a time: the events proper.
    Timed,
    /// Headers and tables.
    Structure,
}

/// One kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireEvent {
    /// Its byte.
    pub number: u8,
    /// Its name.
    pub name: &'static str,
    /// Its arguments after `dt`; all of them for what is no timed event.
    pub arguments: &'static [&'static str],
    /// Where it stands.
    pub place: Place,
    /// The first header (`go 1.NN trace`) that has it.
    pub since: u16,
}

impl WireEvent {
    /// Its arguments without the last one, where that is a stack.
    pub fn before_stack(&self) -> &'static [&'static str] {
        match self.arguments {
            [before @ .., "stack"] => before,
            all => all,
        }
    }
}

const fn timed(
    number: u8,
    name: &'static str,
    arguments: &'static [&'static str],
    since: u16,
) -> WireEvent {
    WireEvent {
        number,
        name,
        arguments,
        place: Place::Timed,
        since,
    }
}

const fn structure(
    number: u8,
    name: &'static str,
    arguments: &'static [&'static str],
    since: u16,
) -> WireEvent {
    WireEvent {
        number,
        name,
        arguments,
        place: Place::Structure,
        since,
    }
}

/// Numbers of the events that code names.
#[allow(missing_docs)] // the table below says what each is
pub mod wire {
    pub const EVENT_BATCH: u8 = 1;
    pub const STACKS: u8 = 2;
    pub const STACK: u8 = 3;
    pub const STRINGS: u8 = 4;
    pub const STRING: u8 = 5;
    pub const CPU_SAMPLES: u8 = 6;
    pub const CPU_SAMPLE: u8 = 7;
    pub const FREQUENCY: u8 = 8;
    pub const PROCS_CHANGE: u8 = 9;
    pub const PROC_START: u8 = 10;
    pub const PROC_STOP: u8 = 11;
    pub const PROC_STEAL: u8 = 12;
    pub const PROC_STATUS: u8 = 13;
    pub const GO_CREATE: u8 = 14;
    pub const GO_CREATE_SYSCALL: u8 = 15;
    pub const GO_START: u8 = 16;
    pub const GO_DESTROY: u8 = 17;
    pub const GO_DESTROY_SYSCALL: u8 = 18;
    pub const GO_STOP: u8 = 19;
    pub const GO_BLOCK: u8 = 20;
    pub const GO_UNBLOCK: u8 = 21;
    pub const GO_SYSCALL_BEGIN: u8 = 22;
    pub const GO_SYSCALL_END: u8 = 23;
    pub const GO_SYSCALL_END_BLOCKED: u8 = 24;
    pub const GO_STATUS: u8 = 25;
    pub const STW_BEGIN: u8 = 26;
    pub const STW_END: u8 = 27;
    pub const GC_ACTIVE: u8 = 28;
    pub const GC_BEGIN: u8 = 29;
    pub const GC_END: u8 = 30;
    pub const GC_SWEEP_ACTIVE: u8 = 31;
    pub const GC_SWEEP_BEGIN: u8 = 32;
    pub const GC_SWEEP_END: u8 = 33;
    pub const GC_MARK_ASSIST_ACTIVE: u8 = 34;
    pub const GC_MARK_ASSIST_BEGIN: u8 = 35;
    pub const GC_MARK_ASSIST_END: u8 = 36;
    pub const HEAP_ALLOC: u8 = 37;
    pub const HEAP_GOAL: u8 = 38;
    pub const GO_LABEL: u8 = 39;
    pub const USER_TASK_BEGIN: u8 = 40;
    pub const USER_TASK_END: u8 = 41;
    pub const USER_REGION_BEGIN: u8 = 42;
    pub const USER_REGION_END: u8 = 43;
    pub const USER_LOG: u8 = 44;
    pub const GO_SWITCH: u8 = 45;
    pub const GO_SWITCH_DESTROY: u8 = 46;
    pub const GO_CREATE_BLOCKED: u8 = 47;
    pub const GO_STATUS_STACK: u8 = 48;
    pub const EXPERIMENTAL_BATCH: u8 = 49;
    pub const SYNC: u8 = 50;
    pub const CLOCK_SNAPSHOT: u8 = 51;
    pub const END_OF_GENERATION: u8 = 52;
    pub const SPAN: u8 = 128;
    pub const GOROUTINE_STACK_FREE: u8 = 136;
}

/// All of them, by number. Where a stack is listed before another (`GoCreate`), it is the new goroutine's.
#[rustfmt::skip]
pub const WIRE_EVENTS: &[WireEvent] = &[
    structure(1, "EventBatch", &["gen", "m", "time", "size"], 22),
    structure(2, "Stacks", &[], 22),
    structure(3, "Stack", &["id", "nframes"], 22),
    structure(4, "Strings", &[], 22),
    structure(5, "String", &["id"], 22),
    structure(6, "CPUSamples", &[], 22),
    structure(7, "CPUSample", &["time", "m", "p", "g", "stack"], 22),
    structure(8, "Frequency", &["freq"], 22),
    timed(9, "ProcsChange", &["procs_value", "stack"], 22),
    timed(10, "ProcStart", &["p", "p_seq"], 22),
    timed(11, "ProcStop", &[], 22),
    timed(12, "ProcSteal", &["p", "p_seq", "m"], 22),
    timed(13, "ProcStatus", &["p", "pstatus"], 22),
    timed(14, "GoCreate", &["new_g", "new_stack", "stack"], 22),
    timed(15, "GoCreateSyscall", &["new_g"], 22),
    timed(16, "GoStart", &["g", "g_seq"], 22),
    timed(17, "GoDestroy", &[], 22),
    timed(18, "GoDestroySyscall", &[], 22),
    timed(19, "GoStop", &["reason_string", "stack"], 22),
    timed(20, "GoBlock", &["reason_string", "stack"], 22),
    timed(21, "GoUnblock", &["g", "g_seq", "stack"], 22),
    timed(22, "GoSyscallBegin", &["p_seq", "stack"], 22),
    timed(23, "GoSyscallEnd", &[], 22),
    timed(24, "GoSyscallEndBlocked", &[], 22),
    timed(25, "GoStatus", &["g", "m", "gstatus"], 22),
    timed(26, "STWBegin", &["kind_string", "stack"], 22),
    timed(27, "STWEnd", &[], 22),
    timed(28, "GCActive", &["gc_seq"], 22),
    timed(29, "GCBegin", &["gc_seq", "stack"], 22),
    timed(30, "GCEnd", &["gc_seq"], 22),
    timed(31, "GCSweepActive", &["p"], 22),
    timed(32, "GCSweepBegin", &["stack"], 22),
    timed(33, "GCSweepEnd", &["swept_value", "reclaimed_value"], 22),
    timed(34, "GCMarkAssistActive", &["g"], 22),
    timed(35, "GCMarkAssistBegin", &["stack"], 22),
    timed(36, "GCMarkAssistEnd", &[], 22),
    timed(37, "HeapAlloc", &["heapalloc_value"], 22),
    timed(38, "HeapGoal", &["heapgoal_value"], 22),
    timed(39, "GoLabel", &["label_string"], 22),
    timed(40, "UserTaskBegin", &["task", "parent_task", "name_string", "stack"], 22),
    timed(41, "UserTaskEnd", &["task", "stack"], 22),
    timed(42, "UserRegionBegin", &["task", "name_string", "stack"], 22),
    timed(43, "UserRegionEnd", &["task", "name_string", "stack"], 22),
    timed(44, "UserLog", &["task", "key_string", "value_string", "stack"], 22),
    timed(45, "GoSwitch", &["g", "g_seq"], 23),
    timed(46, "GoSwitchDestroy", &["g", "g_seq"], 23),
    timed(47, "GoCreateBlocked", &["new_g", "new_stack", "stack"], 23),
    timed(48, "GoStatusStack", &["g", "m", "gstatus", "stack"], 23),
    structure(49, "ExperimentalBatch", &["exp", "gen", "m", "time"], 23),
    structure(50, "Sync", &[], 25),
    structure(51, "ClockSnapshot", &["dt", "mono", "sec", "nsec"], 25),
    structure(52, "EndOfGeneration", &[], 26),
    // GODEBUG=traceallocfree=1.
    timed(128, "Span", &["id", "npages_value", "kindclass"], 23),
    timed(129, "SpanAlloc", &["id", "npages_value", "kindclass"], 23),
    timed(130, "SpanFree", &["id"], 23),
    timed(131, "HeapObject", &["id", "type"], 23),
    timed(132, "HeapObjectAlloc", &["id", "type"], 23),
    timed(133, "HeapObjectFree", &["id"], 23),
    timed(134, "GoroutineStack", &["id", "order"], 23),
    timed(135, "GoroutineStackAlloc", &["id", "order"], 23),
    timed(136, "GoroutineStackFree", &["id"], 23),
];

/// The event of a number.
pub fn wire_event(number: u8) -> Option<&'static WireEvent> {
    WIRE_EVENTS.iter().find(|event| event.number == number)
}

/// The most arguments a timed event has after `dt`.
pub const MAX_ARGUMENTS: usize = 4;

/// In [`ARGUMENT_COUNTS`]: no timed event.
pub const NOT_TIMED: u8 = u8::MAX;

/// Arguments after `dt` by event number, for the decoder.
pub const ARGUMENT_COUNTS: [u8; 256] = argument_counts();

const fn argument_counts() -> [u8; 256] {
    let mut counts = [NOT_TIMED; 256];
    let mut row = 0;
    while row < WIRE_EVENTS.len() {
        let event = &WIRE_EVENTS[row];
        if matches!(event.place, Place::Timed) {
            assert!(event.arguments.len() <= MAX_ARGUMENTS);
            counts[event.number as usize] = event.arguments.len() as u8;
        }
        row += 1;
    }
    counts
}

/// Reasons that every generation registers first and in this order, so that string number `n + 1` is `FIXED_STRINGS[n]` even where
/// the table itself is lost. Later ones differ by patch release.
pub const FIXED_STRINGS: [&str; 19] = [
    "Not worker",
    "GC (dedicated)",
    "GC (fractional)",
    "GC (idle)",
    "unspecified",
    "forever",
    "network",
    "select",
    "sync.(*Cond).Wait",
    "sync",
    "chan send",
    "chan receive",
    "GC mark assist wait for work",
    "GC background sweeper wait",
    "system goroutine wait",
    "preempted",
    "wait for debug call",
    "wait until GC ends",
    "sleep",
];

/// Ticks per second of the trace clock on all systems but Windows: 64 ns each. Assumed where the frequency is lost.
pub const USUAL_FREQUENCY: u64 = 15_625_000;

/// Functions of the runtime's maps, by how their names begin. A stack with one of them was inside a map operation.
///
/// Wider than the rows of [`super::mapops`]: the leaf of a sample may be any helper.
const MAP_FUNCTIONS: &[&str] = &[
    "internal/runtime/maps.",
    "runtime.mapassign",
    "runtime.mapdelete",
    "runtime.mapaccess",
    "runtime.mapiter",
    "runtime.mapIter",
    "runtime.mapclear",
    "runtime.mapclone",
    "runtime.makemap",
    "runtime.makeBucketArray",
    "runtime.hashGrow",
    "runtime.growWork",
    "runtime.evacuate",
    "runtime.advanceEvacuationMark",
    "runtime.(*hmap).",
    "runtime.(*bmap).",
];

/// True for a function of the runtime's maps.
pub fn is_map_function(function: &[u8]) -> bool {
    MAP_FUNCTIONS
        .iter()
        .any(|prefix| function.starts_with(prefix.as_bytes()))
}

/// Who writes a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writers {
    /// The header: `go 1.26`.
    pub header: &'static str,
    /// The first minor version that writes it, 26 of 1.26, and the last.
    pub minors: (u16, u16),
    /// In words.
    pub words: &'static str,
}

const fn writers_of(header: &'static str, minors: (u16, u16), words: &'static str) -> Writers {
    Writers {
        header,
        minors,
        words,
    }
}

/// From the sources of `go tool trace`, and traces of each.
const WRITERS: &[Writers] = &[
    writers_of("go 1.11", (11, 18), "Go 1.11 to 1.18"),
    writers_of("go 1.19", (19, 20), "Go 1.19 or 1.20"),
    writers_of("go 1.21", (21, 21), "Go 1.21"),
    writers_of("go 1.22", (22, 22), "Go 1.22"),
    writers_of("go 1.23", (23, 24), "Go 1.23 or 1.24"),
    writers_of("go 1.25", (25, 25), "Go 1.25"),
    writers_of("go 1.26", (26, 27), "Go 1.26 or 1.27"),
];

/// The Go versions that write a header; `None` for one that is not known.
pub fn writers(header: &str) -> Option<Writers> {
    WRITERS.iter().find(|row| row.header == header).copied()
}

impl Writers {
    /// True for the form in generations, which a process numbers through all its traces, in the machine's clock.
    pub fn has_generations(&self) -> bool {
        self.minors.0 >= 22
    }

    /// The releases that write it.
    pub fn releases(&self) -> ReleaseSet {
        ReleaseSet::of(&[VersionRange::between(self.minors.0, self.minors.1)])
    }
}

/// Start functions of goroutines that the tracer itself runs.
pub const TRACER_GOROUTINES: &[&str] = &[
    "runtime/trace.Start.func1",
    "runtime/trace.(*traceMultiplexer).startLocked.func1",
    "runtime.(*traceAdvancerState).start.func1",
    "runtime.traceStartReadCPU.func1",
];

/// Numbers of the events of traces up to Go 1.21.
#[allow(missing_docs)] // the table below says what each is
pub mod v1 {
    pub const BATCH: u8 = 1;
    pub const FREQUENCY: u8 = 2;
    pub const STACK: u8 = 3;
    pub const GOMAXPROCS: u8 = 4;
    pub const PROC_START: u8 = 5;
    pub const PROC_STOP: u8 = 6;
    pub const GC_START: u8 = 7;
    pub const GC_DONE: u8 = 8;
    pub const STW_START: u8 = 9;
    pub const STW_DONE: u8 = 10;
    pub const GC_SWEEP_START: u8 = 11;
    pub const GC_SWEEP_DONE: u8 = 12;
    pub const GO_CREATE: u8 = 13;
    pub const GO_START: u8 = 14;
    pub const GO_END: u8 = 15;
    pub const GO_STOP: u8 = 16;
    pub const GO_SCHED: u8 = 17;
    pub const GO_PREEMPT: u8 = 18;
    pub const GO_SLEEP: u8 = 19;
    pub const GO_BLOCK: u8 = 20;
    pub const GO_UNBLOCK: u8 = 21;
    pub const GO_BLOCK_SEND: u8 = 22;
    pub const GO_BLOCK_RECV: u8 = 23;
    pub const GO_BLOCK_SELECT: u8 = 24;
    pub const GO_BLOCK_SYNC: u8 = 25;
    pub const GO_BLOCK_COND: u8 = 26;
    pub const GO_BLOCK_NET: u8 = 27;
    pub const GO_SYS_CALL: u8 = 28;
    pub const GO_SYS_EXIT: u8 = 29;
    pub const GO_SYS_BLOCK: u8 = 30;
    pub const GO_WAITING: u8 = 31;
    pub const GO_IN_SYSCALL: u8 = 32;
    pub const HEAP_ALLOC: u8 = 33;
    pub const HEAP_GOAL: u8 = 34;
    pub const TIMER_GOROUTINE: u8 = 35;
    pub const FUTILE_WAKEUP: u8 = 36;
    pub const STRING: u8 = 37;
    pub const GO_START_LOCAL: u8 = 38;
    pub const GO_UNBLOCK_LOCAL: u8 = 39;
    pub const GO_SYS_EXIT_LOCAL: u8 = 40;
    pub const GO_START_LABEL: u8 = 41;
    pub const GO_BLOCK_GC: u8 = 42;
    pub const GC_MARK_ASSIST_START: u8 = 43;
    pub const GC_MARK_ASSIST_DONE: u8 = 44;
    pub const USER_TASK_CREATE: u8 = 45;
    pub const USER_TASK_END: u8 = 46;
    pub const USER_REGION: u8 = 47;
    pub const USER_LOG: u8 = 48;
    pub const CPU_SAMPLE: u8 = 49;
}

/// All events up to Go 1.21, by number. A stack is always the last argument.
#[rustfmt::skip]
pub const V1_EVENTS: &[WireEvent] = &[
    structure(1, "Batch", &["p", "ticks"], 11),
    structure(2, "Frequency", &["hz"], 11),
    structure(3, "Stack", &[], 11),
    timed(4, "Gomaxprocs", &["procs", "stack"], 11),
    timed(5, "ProcStart", &["thread"], 11),
    timed(6, "ProcStop", &[], 11),
    timed(7, "GCStart", &["seq", "stack"], 11),
    timed(8, "GCDone", &[], 11),
    timed(9, "STWStart", &["kind"], 11),
    timed(10, "STWDone", &[], 11),
    timed(11, "GCSweepStart", &["stack"], 11),
    timed(12, "GCSweepDone", &["swept", "reclaimed"], 11),
    timed(13, "GoCreate", &["g", "stack", "stack"], 11),
    timed(14, "GoStart", &["g", "seq"], 11),
    timed(15, "GoEnd", &[], 11),
    timed(16, "GoStop", &["stack"], 11),
    timed(17, "GoSched", &["stack"], 11),
    timed(18, "GoPreempt", &["stack"], 11),
    timed(19, "GoSleep", &["stack"], 11),
    timed(20, "GoBlock", &["stack"], 11),
    timed(21, "GoUnblock", &["g", "seq", "stack"], 11),
    timed(22, "GoBlockSend", &["stack"], 11),
    timed(23, "GoBlockRecv", &["stack"], 11),
    timed(24, "GoBlockSelect", &["stack"], 11),
    timed(25, "GoBlockSync", &["stack"], 11),
    timed(26, "GoBlockCond", &["stack"], 11),
    timed(27, "GoBlockNet", &["stack"], 11),
    timed(28, "GoSysCall", &["stack"], 11),
    timed(29, "GoSysExit", &["g", "seq", "ts"], 11),
    timed(30, "GoSysBlock", &[], 11),
    timed(31, "GoWaiting", &["g"], 11),
    timed(32, "GoInSyscall", &["g"], 11),
    timed(33, "HeapAlloc", &["mem"], 11),
    timed(34, "HeapGoal", &["mem"], 11),
    structure(35, "TimerGoroutine", &["g"], 11),
    timed(36, "FutileWakeup", &[], 11),
    structure(37, "String", &[], 11),
    timed(38, "GoStartLocal", &["g"], 11),
    timed(39, "GoUnblockLocal", &["g", "stack"], 11),
    timed(40, "GoSysExitLocal", &["g", "ts"], 11),
    timed(41, "GoStartLabel", &["g", "seq", "label"], 11),
    timed(42, "GoBlockGC", &["stack"], 11),
    timed(43, "GCMarkAssistStart", &["stack"], 11),
    timed(44, "GCMarkAssistDone", &[], 11),
    timed(45, "UserTaskCreate", &["task", "parent", "name", "stack"], 11),
    timed(46, "UserTaskEnd", &["task", "stack"], 11),
    timed(47, "UserRegion", &["task", "mode", "name", "stack"], 11),
    timed(48, "UserLog", &["task", "key", "stack"], 11),
    timed(49, "CPUSample", &["ts", "p", "g", "stack"], 19),
];

/// Why a goroutine blocks or stops, by the event of a trace up to Go 1.21, in the words of later ones. `GoBlock` tells no reason.
#[rustfmt::skip]
pub const V1_REASONS: &[(u8, &str)] = &[
    (v1::GO_STOP, "forever"),
    (v1::GO_SCHED, "runtime.Gosched"),
    (v1::GO_PREEMPT, "preempted"),
    (v1::GO_SLEEP, "sleep"),
    (v1::GO_BLOCK, ""),
    (v1::GO_BLOCK_SEND, "chan send"),
    (v1::GO_BLOCK_RECV, "chan receive"),
    (v1::GO_BLOCK_SELECT, "select"),
    (v1::GO_BLOCK_SYNC, "sync"),
    (v1::GO_BLOCK_COND, "sync.(*Cond).Wait"),
    (v1::GO_BLOCK_NET, "network"),
    (v1::GO_BLOCK_GC, "GC mark assist wait for work"),
];

/// Processors that Go's reader invents for what no processor does, by what it is.
#[allow(missing_docs)] // see above
pub mod fake_proc {
    pub const TIMERS: u64 = 1_000_001;
    pub const NETWORK: u64 = 1_000_002;
    pub const SYSCALLS: u64 = 1_000_003;
    pub const COLLECTOR: u64 = 1_000_004;
}

/// Why the world was stopped, up to Go 1.20, by the number in `STWStart`.
pub const V1_STOP_REASONS_TO_20: [&str; 2] = ["GC mark termination", "GC sweep termination"];

/// Why the world was stopped, by the number in `STWStart` of a Go 1.21 trace.
pub const V1_STOP_REASONS: [&str; 17] = [
    "",
    "GC mark termination",
    "GC sweep termination",
    "write heap dump",
    "goroutine profile",
    "goroutine profile cleanup",
    "all goroutine stack trace",
    "read mem stats",
    "AllThreadsSyscall",
    "GOMAXPROCS",
    "start trace",
    "stop trace",
    "CountPagesInUse (test)",
    "ReadMetricsSlow (test)",
    "ReadMemStatsSlow (test)",
    "PageCachePagesLeaked (test)",
    "ResetDebugLog (test)",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order_and_without_holes() {
        for (row, event) in V1_EVENTS.iter().enumerate() {
            assert_eq!(row + 1, usize::from(event.number), "{}", event.name);
        }
        let numbers: Vec<u8> = WIRE_EVENTS.iter().map(|event| event.number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        assert_eq!(numbers.iter().filter(|&&number| number < 128).count(), 52);
    }

    #[test]
    fn the_named_numbers_are_those_of_the_table() {
        for (number, name) in [
            (wire::GO_SWITCH_DESTROY, "GoSwitchDestroy"),
            (wire::GC_MARK_ASSIST_ACTIVE, "GCMarkAssistActive"),
            (wire::USER_LOG, "UserLog"),
            (wire::CLOCK_SNAPSHOT, "ClockSnapshot"),
            (wire::GOROUTINE_STACK_FREE, "GoroutineStackFree"),
        ] {
            assert_eq!(wire_event(number).map(|event| event.name), Some(name));
        }
    }

    #[test]
    fn map_functions_are_known_by_their_prefix() {
        for inside in [
            "internal/runtime/maps.(*table).rehash",
            "runtime.mapassign_fast64",
            "runtime.(*hmap).newoverflow",
        ] {
            assert!(is_map_function(inside.as_bytes()), "{inside}");
        }
        for outside in ["runtime.mallocgc", "main.mapassign", "runtime.memhash64"] {
            assert!(!is_map_function(outside.as_bytes()), "{outside}");
        }
    }
}
