//! What a goroutine's header says it waits for, and which frame names the object.
//!
//! ```text
//! goroutine 18 [sync.Mutex.Lock, 5 minutes]:            1.20 and later; "semacquire" before
//! internal/sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)
//! internal/sync.(*Mutex).lockSlow(0x201979516008)       the mutex, printed without `?` on every version from 1.21 on
//! internal/sync.(*Mutex).Lock(...)
//! sync.(*Mutex).Lock(...)
//! main.(*Cache).Set(0x0?)                               the first frame that is not the standard library's: who waits
//! ```
//!
//! Words in parentheses were compared with the addresses a program printed of its own locks and channels. `analyze` groups waiters
//! with these rows. Read [`wait_state`] and [`wait_object`] first.

use super::mapops::Place;
use super::version::{GoVersion, VersionRange, Versions};

/// What a state means for the goroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitKind {
    /// On a thread.
    Running,
    /// Could run, has no thread.
    Runnable,
    /// In a system call or in C.
    Syscall,
    /// Receiving from a channel.
    ChanReceive,
    /// Sending to a channel.
    ChanSend,
    /// On a nil channel: for ever.
    ChanNil,
    /// In a `select` with cases.
    Select,
    /// In `select {}`: for ever.
    SelectEmpty,
    /// `sync.Mutex.Lock`.
    Mutex,
    /// `sync.RWMutex.Lock`.
    RwMutexWrite,
    /// `sync.RWMutex.RLock`.
    RwMutexRead,
    /// `semacquire`: a mutex up to 1.19, a wait group up to 1.23; the frames tell.
    Semaphore,
    /// `sync.WaitGroup.Wait`.
    WaitGroup,
    /// `sync.Cond.Wait`.
    Cond,
    /// `time.Sleep`.
    Sleep,
    /// Network or file readiness.
    Io,
    /// The other side of an `iter.Pull`.
    Coroutine,
    /// `synctest.Run` or `synctest.Wait`.
    Synctest,
    /// Work of the runtime itself, or done in its name: collector, finalizers, tracer.
    System,
    /// No goroutine any more, or none yet.
    Gone,
}

impl WaitKind {
    /// True where another goroutine has to act before this one goes on: a lock, a channel, a group.
    pub fn needs_another(self) -> bool {
        use WaitKind::*;
        matches!(
            self,
            ChanReceive
                | ChanSend
                | Select
                | Mutex
                | RwMutexWrite
                | RwMutexRead
                | Semaphore
                | WaitGroup
                | Cond
                | Coroutine
                | Synctest
        )
    }

    /// True for locks.
    pub fn is_lock(self) -> bool {
        matches!(
            self,
            WaitKind::Mutex | WaitKind::RwMutexWrite | WaitKind::RwMutexRead
        )
    }

    /// True where nothing can ever end the wait.
    pub fn is_for_ever(self) -> bool {
        matches!(self, WaitKind::ChanNil | WaitKind::SelectEmpty)
    }
}

/// One state or wait reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitRow {
    /// As printed in the header, without suffixes.
    pub state: &'static str,
    /// What it means.
    pub kind: WaitKind,
    /// Versions that print it.
    pub versions: Versions,
    /// For the reader: "waiting to receive from a channel".
    pub words: &'static str,
}

const ALL: Versions = &[VersionRange::ALL];
const UNTIL_19: Versions = &[VersionRange::until(19)];
const SINCE_14: Versions = &[VersionRange::since(14)];
const SINCE_15: Versions = &[VersionRange::since(15)];
const SINCE_20: Versions = &[VersionRange::since(20)];
const SINCE_22: Versions = &[VersionRange::since(22)];
const SINCE_23_4: Versions = &[VersionRange::since_release(GoVersion::release(23, 4))];
const SINCE_24: Versions = &[VersionRange::since(24)];
const SINCE_25: Versions = &[VersionRange::since(25)];
const SINCE_26: Versions = &[VersionRange::since(26)];

const fn row(
    state: &'static str,
    kind: WaitKind,
    versions: Versions,
    words: &'static str,
) -> WaitRow {
    WaitRow {
        state,
        kind,
        versions,
        words,
    }
}

use WaitKind::*;

#[rustfmt::skip]
const STATES: &[WaitRow] = &[
    row("running",                     Running,      ALL,        "running"),
    row("runnable",                    Runnable,     ALL,        "ready to run"),
    row("syscall",                     Syscall,      ALL,        "in a system call or C code"),
    row("preempted",                   Runnable,     SINCE_14,   "stopped by the runtime for a moment"),
    row("waiting",                     System,       ALL,        "waiting, reason not recorded"),
    row("idle",                        Gone,         ALL,        "a thread without a goroutine"),
    row("dead",                        Gone,         ALL,        "finished"),
    row("copystack",                   Running,      ALL,        "moving its stack"),
    row("???",                         Gone,         ALL,        "in an unknown state"),
    row("leaked",                      Gone,         SINCE_26,   "unreachable, found by the leak collector"),
    row("waiting for cgo callback",    Syscall,      SINCE_26,   "waiting for C to call back"),

    row("chan receive",                ChanReceive,  ALL,        "waiting to receive from a channel"),
    row("chan send",                   ChanSend,     ALL,        "waiting to send to a channel"),
    row("chan receive (nil chan)",     ChanNil,      ALL,        "receiving from a nil channel, for ever"),
    row("chan send (nil chan)",        ChanNil,      ALL,        "sending to a nil channel, for ever"),
    row("select",                      Select,       ALL,        "waiting in a select"),
    row("select (no cases)",           SelectEmpty,  ALL,        "in an empty select, for ever"),
    row("semacquire",                  Semaphore,    ALL,        "waiting for a lock or a wait group"),
    row("sync.Mutex.Lock",             Mutex,        SINCE_20,   "waiting for a mutex"),
    row("sync.RWMutex.Lock",           RwMutexWrite, SINCE_20,   "waiting to write-lock an RWMutex"),
    row("sync.RWMutex.RLock",          RwMutexRead,  SINCE_20,   "waiting to read-lock an RWMutex"),
    row("sync.WaitGroup.Wait",         WaitGroup,    SINCE_24,   "waiting for a WaitGroup"),
    row("sync.Cond.Wait",              Cond,         ALL,        "waiting for a condition"),
    row("sleep",                       Sleep,        ALL,        "sleeping"),
    row("IO wait",                     Io,           ALL,        "waiting for network or file input"),
    row("coroutine",                   Coroutine,    SINCE_22,   "waiting for the other side of an iterator"),
    row("synctest.Run",                Synctest,     SINCE_24,   "running a synctest bubble"),
    row("synctest.Wait",               Synctest,     SINCE_24,   "waiting for a synctest bubble"),

    row("finalizer wait",              System,       ALL,        "runtime: waiting for finalizers"),
    row("cleanup wait",                System,       SINCE_25,   "runtime: waiting for cleanups"),
    row("force gc (idle)",             System,       ALL,        "runtime: periodic collection, idle"),
    row("GOMAXPROCS updater (idle)",   System,       SINCE_25,   "runtime: processor limit watcher, idle"),
    row("timer goroutine (idle)",      System,       UNTIL_19,   "runtime: timers, idle"),
    row("GC sweep wait",               System,       ALL,        "runtime: sweeper, idle"),
    row("GC scavenge wait",            System,       ALL,        "runtime: scavenger, idle"),
    row("GC worker (idle)",            System,       ALL,        "runtime: collector, idle"),
    row("GC worker (active)",          System,       SINCE_20,   "runtime: collector, working"),
    row("GC assist marking",           System,       ALL,        "helping the collector"),
    row("GC assist wait",              System,       ALL,        "waiting for the collector's credit"),
    row("GC mark termination",         System,       SINCE_20,   "ending a collection"),
    row("GC weak to strong wait",      System,       SINCE_23_4, "waiting for the collector to allow weak pointers"),
    row("garbage collection",          System,       ALL,        "running a collection"),
    row("garbage collection scan",     System,       ALL,        "being scanned by the collector"),
    row("wait for GC cycle",           System,       ALL,        "waiting for a collection to end"),
    row("stopping the world",          System,       SINCE_20,   "stopping all goroutines"),
    row("dumping heap",                System,       ALL,        "writing a heap dump"),
    row("panicwait",                   System,       ALL,        "waiting for a crash to be printed"),
    row("trace reader (blocked)",      System,       ALL,        "waiting for trace data"),
    row("debug call",                  System,       SINCE_15,   "running a debugger's call"),
    row("flushing proc caches",        System,       SINCE_22,   "flushing allocator caches"),
    row("trace goroutine status",      System,       SINCE_22,   "reading a goroutine's status for a trace"),
    row("trace proc status",           System,       SINCE_22,   "reading a processor's status for a trace"),
    row("page trace flush",            System,       SINCE_22,   "flushing a page trace"),
];

/// The row of a state as printed; ` (durable)` and 1.24's ` (synctest)` may still stand at its end.
pub fn wait_state(state: &[u8]) -> Option<&'static WaitRow> {
    let plain = state
        .strip_suffix(b" (durable)")
        .or(state.strip_suffix(b" (synctest)"))
        .unwrap_or(state);
    STATES.iter().find(|row| row.state.as_bytes() == plain)
}

/// A function that waits on an object, and the word that holds the object's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitObjectRow {
    /// Name as a traceback prints it.
    pub function: &'static str,
    /// What it waits for. [`WaitKind::Semaphore`] where the callers have to tell.
    pub kind: WaitKind,
    /// The word with the address; `None` where the function only tells the kind.
    pub place: Option<Place>,
    /// Subtract this to get from the word to the object (64-bit machines).
    pub offset: u8,
    /// Versions whose word is right where it is printed without `?`.
    pub exact_in: Versions,
}

const STACK_ARGS: Versions = &[VersionRange::until(16)];
const TRUSTED: Versions = &[VersionRange::until(16), VersionRange::since(18)];
const FIRST: Option<Place> = Some(Place {
    argument: 0,
    word: 0,
    flat: 0,
});

const fn object(
    function: &'static str,
    kind: WaitKind,
    offset: u8,
    exact_in: Versions,
) -> WaitObjectRow {
    WaitObjectRow {
        function,
        kind,
        place: FIRST,
        offset,
        exact_in,
    }
}

/// Offsets of the semaphore words: Mutex 4; RWMutex 8 for writers, 12 for readers, its own Mutex at 0; WaitGroup 8; the list of a
/// Cond 16.
#[rustfmt::skip]
const OBJECTS: &[WaitObjectRow] = &[
    object("internal/sync.(*Mutex).lockSlow",            Mutex,        0,  TRUSTED),
    object("internal/sync.(*Mutex).Lock",                Mutex,        0,  TRUSTED),
    object("internal/sync.runtime_SemacquireMutex",      Mutex,        4,  NEVER),
    object("sync.(*Mutex).lockSlow",                     Mutex,        0,  TRUSTED),
    object("sync.(*Mutex).Lock",                         Mutex,        0,  TRUSTED),
    // Up to 1.19 RWMutex waits through it too; there the frame above this one is an RWMutex method.
    object("sync.runtime_SemacquireMutex",               Mutex,        4,  STACK_ARGS),
    object("sync.runtime_SemacquireRWMutex",             RwMutexWrite, 8,  NEVER),
    object("sync.runtime_SemacquireRWMutexR",            RwMutexRead,  12, NEVER),
    object("sync.(*RWMutex).Lock",                       RwMutexWrite, 0,  TRUSTED),
    object("sync.(*RWMutex).RLock",                      RwMutexRead,  0,  TRUSTED),
    object("sync.(*WaitGroup).Wait",                     WaitGroup,    0,  TRUSTED),
    object("sync.runtime_SemacquireWaitGroup",           WaitGroup,    8,  NEVER),
    object("sync.runtime_Semacquire",                    Semaphore,    0,  NEVER),
    object("sync.runtime_notifyListWait",                Cond,         16, TRUSTED),
    object("sync.(*Cond).Wait",                          Cond,         0,  TRUSTED),
    object("runtime.chanrecv",                           ChanReceive,  0,  TRUSTED),
    object("runtime.chanrecv1",                          ChanReceive,  0,  STACK_ARGS),
    object("runtime.chanrecv2",                          ChanReceive,  0,  STACK_ARGS),
    object("runtime.chansend",                           ChanSend,     0,  TRUSTED),
    object("runtime.chansend1",                          ChanSend,     0,  STACK_ARGS),
    bare("runtime.selectgo",                             Select),
    bare("runtime.block",                                SelectEmpty),
    bare("time.Sleep",                                   Sleep),
    bare("internal/poll.runtime_pollWait",               Io),
    bare("sync.(*Once).doSlow",                          Mutex),
];

const NEVER: Versions = &[];

const fn bare(function: &'static str, kind: WaitKind) -> WaitObjectRow {
    WaitObjectRow {
        function,
        kind,
        place: None,
        offset: 0,
        exact_in: NEVER,
    }
}

/// The row of a function that waits.
pub fn wait_object(function: &[u8]) -> Option<&'static WaitObjectRow> {
    OBJECTS
        .iter()
        .find(|row| row.function.as_bytes() == function)
}

/// The row of `runtime.semacquire1`, whose first word is the semaphore inside the object and was right, unmarked, in every run at
/// system level. The goroutine's state (or the `sync` method below) says which kind of object it is.
pub fn semacquire1_offset(kind: WaitKind) -> Option<u8> {
    OBJECTS
        .iter()
        .filter(|row| row.kind == kind && row.function.contains("runtime_Sem"))
        .map(|row| row.offset)
        .next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_and_function_has_one_row() {
        for row in STATES {
            assert_eq!(wait_state(row.state.as_bytes()), Some(row));
        }
        for row in OBJECTS {
            assert_eq!(wait_object(row.function.as_bytes()), Some(row));
        }
        assert_eq!(wait_state(b"chan recv"), None);
    }

    #[test]
    fn bubble_marks_do_not_hide_the_reason() {
        assert_eq!(
            wait_state(b"select (durable)").map(|row| row.kind),
            Some(Select)
        );
        assert_eq!(
            wait_state(b"chan receive (synctest)").map(|row| row.kind),
            Some(ChanReceive)
        );
        assert_eq!(
            wait_state(b"chan receive (nil chan)").map(|row| row.kind),
            Some(ChanNil)
        );
    }

    #[test]
    fn semaphores_stand_where_the_structs_have_them() {
        // One program printed &mu = 0xc000108008 and runtime.semacquire1(0xc00010800c, …) of its waiters, and so on for each kind.
        assert_eq!(semacquire1_offset(Mutex), Some(0x0c - 0x08));
        assert_eq!(semacquire1_offset(RwMutexRead), Some(0x1c - 0x10));
        assert_eq!(semacquire1_offset(RwMutexWrite), Some(0x30 - 0x28));
        assert_eq!(semacquire1_offset(WaitGroup), Some(0x60 - 0x58));
        assert_eq!(semacquire1_offset(Select), None);
    }
}
