//! What the runtime says when a program dies, and what class of crash that is.
//!
//! ```text
//! fatal error: concurrent map writes                                      all versions
//! panic: runtime error: index out of range [5] with length 1              1.13 and later
//! panic: assignment to entry in nil map                                   all versions
//! panic: test timed out after 1s                                          package testing, all versions
//! ```
//!
//! `triage` turns the class into the verdict; `analyze` reads the role. Only texts that Go itself prints are here: any other panic
//! value is the program's own. Read [`classify_fatal`] and [`classify_panic`] first.

use super::mapops::MapRole;
use super::version::{VersionRange, Versions};

/// What kind of crash a message announces. Each class is one verdict category of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrashClass {
    /// Two goroutines wrote one map.
    MapWriteWrite,
    /// One read while another wrote.
    MapReadWrite,
    /// One ranged while another wrote.
    MapIterateWrite,
    /// One cloned while another wrote.
    MapCloneWrite,
    /// Assignment to an entry of a nil map.
    NilMapWrite,
    /// A nil pointer, or another bad address, was used.
    NilDereference,
    /// An index or a slice bound was out of range.
    IndexOutOfRange,
    /// A type assertion without `, ok` failed.
    TypeAssertion,
    /// Integer division by zero.
    DivideByZero,
    /// Send on, or close of, a closed or nil channel.
    ClosedChannel,
    /// A lock or a wait group was used against its rules.
    SyncMisuse,
    /// Any other error of the runtime that a deferred function could recover.
    RuntimePanic,
    /// Memory could not be had.
    OutOfMemory,
    /// A goroutine's stack grew past its limit.
    StackOverflow,
    /// No goroutine can ever run again.
    DeadlockAllAsleep,
    /// `go test -timeout` ran out.
    TestTimeout,
    /// A test ended in a way that package testing forbids.
    TestFailure,
    /// The runtime found itself, its threads or its memory broken.
    RuntimeFault,
}

impl CrashClass {
    /// True where the message itself says that two goroutines used one map.
    pub fn is_map_conflict(self) -> bool {
        self <= CrashClass::MapCloneWrite
    }
}

/// How a row's text and a message are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The whole first line.
    Exact,
    /// The beginning.
    Prefix,
    /// Anywhere in the first line.
    Contains,
    /// The beginning, and this text anywhere behind it.
    PrefixThen(&'static str),
}

/// How the runtime raises a fatal error, which decides what is printed with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// A panic: a deferred function could have recovered it.
    Panic,
    /// `throw`: the runtime gives up; printed at system level from 1.19 on.
    Throw,
    /// `fatal` in these versions (the program is at fault; obeys GOTRACEBACK), `throw` before.
    User(VersionRange),
    /// `fatal`, but with no goroutine of its own, so that all are printed.
    UserWithoutGoroutine(VersionRange),
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// The text behind `fatal error: ` or `panic: `.
    pub text: &'static str,
    /// How to compare.
    pub how: Match,
    /// What it announces.
    pub class: CrashClass,
    /// What the goroutine that prints it was doing to a map.
    pub role: Option<MapRole>,
    /// How it is raised.
    pub raised: Raised,
    /// Versions that print it.
    pub versions: Versions,
}

const ALL: Versions = &[VersionRange::ALL];
const SINCE_24: Versions = &[VersionRange::since(24)];
const SINCE_25: Versions = &[VersionRange::since(25)];
const USER: Raised = Raised::User(VersionRange::since(19));
const USER_25: Raised = Raised::User(VersionRange::since(25));

const fn fatal(text: &'static str, class: CrashClass, raised: Raised) -> MessageRow {
    MessageRow {
        text,
        how: Match::Exact,
        class,
        role: None,
        raised,
        versions: ALL,
    }
}

const fn map_fatal(
    text: &'static str,
    class: CrashClass,
    role: MapRole,
    versions: Versions,
) -> MessageRow {
    MessageRow {
        text,
        how: Match::Exact,
        class,
        role: Some(role),
        raised: USER,
        versions,
    }
}

const fn panic(text: &'static str, how: Match, class: CrashClass) -> MessageRow {
    MessageRow {
        text,
        how,
        class,
        role: None,
        raised: Raised::Panic,
        versions: ALL,
    }
}

use CrashClass::*;
use Match::{Contains, Exact, Prefix, PrefixThen};
use Raised::Throw;

/// Rows for `fatal error: `; the first that fits counts, the last fits everything.
#[rustfmt::skip]
const FATAL: &[MessageRow] = &[
    map_fatal("concurrent map writes", MapWriteWrite, MapRole::Writer, ALL),
    map_fatal("concurrent map read and map write", MapReadWrite, MapRole::Reader, ALL),
    // 1.24 says this of maps.Clone too.
    map_fatal("concurrent map iteration and map write", MapIterateWrite, MapRole::Iterator, ALL),
    map_fatal("concurrent map clone and map write", MapCloneWrite, MapRole::Cloner,
              &[VersionRange::between(21, 23), VersionRange::since(25)]),
    map_fatal("small map with no empty slot (concurrent map writes?)", MapWriteWrite, MapRole::Writer,
              &[VersionRange::between(24, 26)]),

    fatal("all goroutines are asleep - deadlock!", DeadlockAllAsleep, Raised::UserWithoutGoroutine(VersionRange::since(19))),
    MessageRow { how: Prefix,
        ..fatal("no goroutines (main called runtime.Goexit) - deadlock!", DeadlockAllAsleep, Raised::UserWithoutGoroutine(VersionRange::since(19))) },

    fatal("sync: unlock of unlocked mutex", SyncMisuse, USER),
    fatal("sync: Unlock of unlocked RWMutex", SyncMisuse, USER),
    fatal("sync: RUnlock of unlocked RWMutex", SyncMisuse, USER),
    MessageRow { how: Prefix, versions: SINCE_25, ..fatal("sync: WaitGroup.Add called from", SyncMisuse, USER_25) },
    MessageRow { how: Prefix, ..fatal("sync: ", SyncMisuse, Throw) },
    MessageRow { how: PrefixThen(" synctest "), versions: SINCE_25, ..fatal("send on", SyncMisuse, USER_25) },
    MessageRow { how: PrefixThen(" synctest "), versions: SINCE_25, ..fatal("receive on", SyncMisuse, USER_25) },
    MessageRow { how: PrefixThen(" synctest "), versions: SINCE_25, ..fatal("close of", SyncMisuse, USER_25) },
    MessageRow { how: PrefixThen(" synctest "), versions: SINCE_25, ..fatal("select on", SyncMisuse, USER_25) },
    MessageRow { how: PrefixThen(" synctest "), versions: SINCE_25, ..fatal("stop of", SyncMisuse, USER_25) },
    MessageRow { how: PrefixThen(" synctest "), versions: SINCE_25, ..fatal("reset of", SyncMisuse, USER_25) },
    MessageRow { how: PrefixThen(" outside bubble"), versions: SINCE_25, ..fatal("synctest timer accessed", SyncMisuse, USER_25) },
    MessageRow { how: PrefixThen(" synctest "), versions: SINCE_25, ..fatal("semaphore wake of", SyncMisuse, USER_25) },

    fatal("go of nil func value", RuntimePanic, USER),
    fatal("stack overflow", StackOverflow, Throw),
    MessageRow { how: Contains, ..fatal("out of memory", OutOfMemory, Throw) },
    MessageRow { how: Prefix, ..fatal("runtime: cannot allocate", OutOfMemory, Throw) },
    MessageRow { how: Prefix, versions: SINCE_24,
        ..fatal("crypto/rand: failed to read random data", RuntimeFault, Raised::User(VersionRange::since(24))) },
    MessageRow { how: Prefix, versions: SINCE_24,
        ..fatal("FIPS 140-3 self-test failed: ", RuntimeFault, Raised::User(VersionRange::since(24))) },
    fatal("thread exhaustion", RuntimeFault, Throw),
    fatal("runtime.newosproc", RuntimeFault, Throw),
    fatal("newosproc", RuntimeFault, Throw),
    fatal("fault", RuntimeFault, Throw),
    MessageRow { how: Prefix, ..fatal("unexpected signal during runtime execution", RuntimeFault, Throw) },
    MessageRow { how: Prefix, ..fatal("checkptr: ", RuntimeFault, Throw) },
    MessageRow { how: Prefix, ..fatal("found bad pointer in Go heap", RuntimeFault, Throw) },
    MessageRow { how: Prefix, ..fatal("panic while printing panic value", RuntimePanic, Throw) },
    MessageRow { how: Prefix, ..fatal("", RuntimeFault, Throw) },
];

/// Rows for `panic: `; the first that fits counts. No row: the program's own panic.
#[rustfmt::skip]
const PANIC: &[MessageRow] = &[
    panic("runtime error: invalid memory address or nil pointer dereference", Prefix, NilDereference),
    panic("runtime error: index out of range", Prefix, IndexOutOfRange),
    panic("runtime error: slice bounds out of range", Prefix, IndexOutOfRange),
    panic("runtime error: integer divide by zero", Prefix, DivideByZero),
    // Unhashable and uncomparable types, makeslice, growslice, shifts, conversions, range functions, panic(nil) in 1.27.
    panic("runtime error: ", Prefix, RuntimePanic),
    panic("assignment to entry in nil map", Exact, NilMapWrite),
    panic("interface conversion: ", Prefix, TypeAssertion),
    panic("value method ", PrefixThen(" called using nil *"), NilDereference),
    panic("send on closed channel", Exact, ClosedChannel),
    panic("close of closed channel", Exact, ClosedChannel),
    panic("close of nil channel", Exact, ClosedChannel),
    panic("makechan: size out of range", Exact, RuntimePanic),
    panic("runtime: allocation size out of range", Exact, RuntimePanic),
    panic("sync: ", Prefix, SyncMisuse),
    panic("sync.Cond is copied", Exact, SyncMisuse),
    panic("sync/atomic: ", Prefix, SyncMisuse),
    MessageRow { versions: &[VersionRange::only(24)],
        ..panic("send on synctest channel from outside bubble", Exact, SyncMisuse) },
    MessageRow { versions: &[VersionRange::only(24)],
        ..panic("receive on synctest channel from outside bubble", Exact, SyncMisuse) },
    MessageRow { versions: &[VersionRange::only(24)],
        ..panic("close of synctest channel from outside bubble", Exact, SyncMisuse) },
    MessageRow { versions: SINCE_24, ..panic("deadlock: all goroutines in bubble are blocked", Prefix, DeadlockAllAsleep) },
    MessageRow { versions: SINCE_25,
        ..panic("deadlock: main bubble goroutine has exited but blocked goroutines remain", Prefix, DeadlockAllAsleep) },
    MessageRow { versions: SINCE_24, ..panic("invariant failed: ", Prefix, RuntimeFault) },
    MessageRow { versions: &[VersionRange::between(21, 26)], ..panic("panic called with nil argument", Prefix, RuntimePanic) },
    panic("test timed out after ", Prefix, TestTimeout),
    panic("test executed panic(nil) or runtime.Goexit", Prefix, TestFailure),
    panic("unexpected call to os.Exit(0) during test", Prefix, TestFailure),
];

fn fits(row: &MessageRow, line: &[u8]) -> bool {
    let text = row.text.as_bytes();
    match row.how {
        Exact => line == text,
        Prefix => line.starts_with(text),
        Contains => memchr::memmem::find(line, text).is_some(),
        PrefixThen(then) => line
            .strip_prefix(text)
            .is_some_and(|rest| memchr::memmem::find(rest, then.as_bytes()).is_some()),
    }
}

fn first_line(message: &[u8]) -> &[u8] {
    let line = message.split(|&b| b == b'\n').next().unwrap_or_default();
    line.trim_ascii_end()
}

/// The row for the text behind `fatal error: `. A text that no row knows is the runtime's own trouble.
pub fn classify_fatal(text: &[u8]) -> &'static MessageRow {
    const LAST: &MessageRow = &FATAL[FATAL.len() - 1];
    let line = first_line(text);
    FATAL.iter().find(|row| fits(row, line)).unwrap_or(LAST)
}

/// True for a text that the runtime is known to print behind `fatal error: `.
pub fn is_known_fatal(text: &[u8]) -> bool {
    let (_, known) = FATAL.split_last().unwrap_or((&FATAL[0], &[]));
    known.iter().any(|row| fits(row, first_line(text)))
}

/// The row for the text behind `panic: ` (without ` [recovered]`); `None` for the program's own panic values.
pub fn classify_panic(value: &[u8]) -> Option<&'static MessageRow> {
    let line = first_line(value);
    PANIC.iter().find(|row| fits(row, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fatal_texts_have_their_class_and_role() {
        for (text, class, role) in [
            (
                "concurrent map writes",
                MapWriteWrite,
                Some(MapRole::Writer),
            ),
            (
                "concurrent map read and map write",
                MapReadWrite,
                Some(MapRole::Reader),
            ),
            (
                "concurrent map iteration and map write",
                MapIterateWrite,
                Some(MapRole::Iterator),
            ),
            (
                "concurrent map clone and map write",
                MapCloneWrite,
                Some(MapRole::Cloner),
            ),
            (
                "small map with no empty slot (concurrent map writes?)",
                MapWriteWrite,
                Some(MapRole::Writer),
            ),
            (
                "all goroutines are asleep - deadlock!",
                DeadlockAllAsleep,
                None,
            ),
            (
                "no goroutines (main called runtime.Goexit) - deadlock!",
                DeadlockAllAsleep,
                None,
            ),
            ("sync: RUnlock of unlocked RWMutex", SyncMisuse, None),
            ("sync: inconsistent mutex state", SyncMisuse, None),
            (
                "select on synctest channel from outside bubble",
                SyncMisuse,
                None,
            ),
            ("stack overflow", StackOverflow, None),
            ("runtime: out of memory", OutOfMemory, None),
            ("out of memory (stackalloc)", OutOfMemory, None),
            ("runtime: cannot allocate memory", OutOfMemory, None),
            ("thread exhaustion", RuntimeFault, None),
            ("fault\r", RuntimeFault, None),
            (
                "found bad pointer in Go heap (incorrect use of unsafe or cgo?)",
                RuntimeFault,
                None,
            ),
            ("bad g->status in ready", RuntimeFault, None),
            (
                "concurrent map writes by the billing job",
                RuntimeFault,
                None,
            ),
        ] {
            let row = classify_fatal(text.as_bytes());
            assert_eq!((row.class, row.role), (class, role), "{text}");
        }
    }

    #[test]
    fn panic_texts_have_their_class() {
        for (text, class) in [
            (
                "runtime error: invalid memory address or nil pointer dereference",
                NilDereference,
            ),
            (
                "runtime error: index out of range [5] with length 1",
                IndexOutOfRange,
            ),
            (
                "runtime error: slice bounds out of range [:2] with capacity 1",
                IndexOutOfRange,
            ),
            ("runtime error: integer divide by zero", DivideByZero),
            ("runtime error: hash of unhashable type []int", RuntimePanic),
            ("runtime error: makeslice: len out of range", RuntimePanic),
            (
                "runtime error: panic called with nil argument",
                RuntimePanic,
            ),
            ("panic called with nil argument", RuntimePanic),
            ("assignment to entry in nil map", NilMapWrite),
            (
                "interface conversion: interface {} is string, not int",
                TypeAssertion,
            ),
            (
                "interface conversion: string is not main.I: missing method M",
                TypeAssertion,
            ),
            (
                "value method main.T.M called using nil *T pointer",
                NilDereference,
            ),
            ("close of nil channel", ClosedChannel),
            ("send on closed channel", ClosedChannel),
            ("sync: negative WaitGroup counter", SyncMisuse),
            (
                "test timed out after 1s\n\trunning tests:\n\t\tTestHang (1s)",
                TestTimeout,
            ),
            (
                "deadlock: all goroutines in bubble are blocked",
                DeadlockAllAsleep,
            ),
        ] {
            assert_eq!(
                classify_panic(text.as_bytes()).map(|row| row.class),
                Some(class),
                "{text}"
            );
        }
    }

    #[test]
    fn a_programs_own_words_are_not_taken_for_the_runtimes() {
        for text in [
            "boom",
            "load config: runtime error: index out of range",
            "send on closed channel of broker",
            "main.myInt(7)",
            "",
        ] {
            assert_eq!(classify_panic(text.as_bytes()), None, "{text}");
        }
    }
}
