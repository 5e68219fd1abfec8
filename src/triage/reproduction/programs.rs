//! The rows that [`super::reproduction`] chooses from: operations, key types, kinds of conflict, whole programs.
//!
//! Each names the Go text beside this file that it stands for. Which row is taken is decided in the parent.

use super::{MapAccess, Through};
use crate::goruntime::mapops::{KeyKind, MapOp};
use crate::goruntime::version::VersionRange;
use crate::triage::report::Category;

/// One way to write one operation in Go.
pub(super) struct Operation {
    pub(super) access: MapAccess,
    /// Versions it is written this way for.
    pub(super) versions: VersionRange,
    /// Oldest minor that compiles it.
    pub(super) since: u16,
    /// Name of its Go function.
    pub(super) name: &'static str,
    pub(super) imports: &'static [&'static str],
    /// Key types it works with; empty for all.
    pub(super) keys: &'static [KeyKind],
    /// What the other side may do meanwhile for the message to be sure; empty for anything.
    pub(super) beside: &'static [MapOp],
    pub(super) source: &'static str,
}

pub(super) const fn by_user(op: MapOp) -> MapAccess {
    MapAccess {
        op,
        through: Through::UserCode,
    }
}

/// Oldest minor the programs were run with. They use nothing newer than the language of Go 1.13.
pub(super) const OLDEST_MINOR: u16 = 19;

/// The newer or more special of two ways to write an operation stands first; the other must be good for every version.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        access: by_user(MapOp::Write),
        versions: VersionRange::ALL,
        since: OLDEST_MINOR,
        name: "assign",
        imports: &[],
        keys: &[],
        beside: &[],
        source: include_str!("op_assign.go.tmpl"),
    },
    Operation {
        access: by_user(MapOp::Delete),
        versions: VersionRange::ALL,
        since: OLDEST_MINOR,
        name: "remove",
        imports: &[],
        keys: &[],
        beside: &[],
        source: include_str!("op_delete.go.tmpl"),
    },
    Operation {
        access: by_user(MapOp::Clear),
        versions: VersionRange::since(21),
        since: 21,
        name: "empty",
        imports: &["math/rand"],
        keys: &[],
        beside: &[],
        source: include_str!("op_clear.go.tmpl"),
    },
    Operation {
        access: by_user(MapOp::Clear),
        versions: VersionRange::ALL,
        since: OLDEST_MINOR,
        name: "empty",
        imports: &["math/rand"],
        keys: &[],
        beside: &[],
        source: include_str!("op_clear_loop.go.tmpl"),
    },
    Operation {
        access: by_user(MapOp::Read),
        versions: VersionRange::ALL,
        since: OLDEST_MINOR,
        name: "read",
        imports: &[],
        keys: &[],
        beside: &[MapOp::Clear],
        source: include_str!("op_read_absent.go.tmpl"),
    },
    Operation {
        access: by_user(MapOp::Read),
        versions: VersionRange::ALL,
        since: OLDEST_MINOR,
        name: "read",
        imports: &[],
        keys: &[],
        beside: &[],
        source: include_str!("op_read.go.tmpl"),
    },
    Operation {
        access: by_user(MapOp::Iterate),
        versions: VersionRange::ALL,
        since: OLDEST_MINOR,
        name: "iterate",
        imports: &[],
        keys: &[],
        beside: &[],
        source: include_str!("op_iterate.go.tmpl"),
    },
    Operation {
        access: MapAccess {
            op: MapOp::Iterate,
            through: Through::Json,
        },
        // 1.27 lists the keys first and looks each up, so it may die as a reader instead.
        versions: VersionRange::until(26),
        since: OLDEST_MINOR,
        name: "encode",
        imports: &["encoding/json"],
        keys: &[KeyKind::String, KeyKind::Bits32, KeyKind::Bits64],
        beside: &[MapOp::Write, MapOp::Delete],
        source: include_str!("op_json.go.tmpl"),
    },
    Operation {
        access: MapAccess {
            op: MapOp::Iterate,
            through: Through::Fmt,
        },
        versions: VersionRange::ALL,
        since: OLDEST_MINOR,
        name: "format",
        imports: &[],
        keys: &[],
        beside: &[],
        source: include_str!("op_print.go.tmpl"),
    },
    Operation {
        access: by_user(MapOp::Clone),
        versions: VersionRange::since(21),
        since: 21,
        name: "copyMap",
        imports: &["maps"],
        keys: &[],
        beside: &[],
        source: include_str!("op_clone.go.tmpl"),
    },
];

/// A key type: what the specialised map functions of that kind are used for.
pub(super) struct Key {
    pub(super) kind: KeyKind,
    pub(super) go_type: &'static str,
    pub(super) imports: &'static [&'static str],
    pub(super) source: &'static str,
}

pub(super) const KEYS: &[Key] = &[
    Key {
        kind: KeyKind::String,
        go_type: "string",
        imports: &["strconv"],
        source: include_str!("key_string.go.tmpl"),
    },
    Key {
        kind: KeyKind::Bits32,
        go_type: "uint32",
        imports: &[],
        source: include_str!("key_32.go.tmpl"),
    },
    Key {
        kind: KeyKind::Bits64,
        go_type: "uint64",
        imports: &[],
        source: include_str!("key_64.go.tmpl"),
    },
    Key {
        kind: KeyKind::Pointer,
        go_type: "*session",
        imports: &[],
        source: include_str!("key_pointer.go.tmpl"),
    },
    Key {
        kind: KeyKind::Generic,
        go_type: "endpoint",
        imports: &["strconv"],
        source: include_str!("key_other.go.tmpl"),
    },
];

/// What a kind of conflict is called and who can notice it.
pub(super) struct Conflict {
    pub(super) category: Category,
    pub(super) versions: VersionRange,
    /// Operations that raise this message; the first is the plainest.
    pub(super) noticed_by: &'static [MapOp],
    pub(super) message: &'static str,
    pub(super) title: &'static str,
    /// Who will be found dead.
    pub(super) noticer: &'static str,
}

const READER_NOTICES: &str =
    "Only the goroutine in @FIRST@ can notice: the single writer is never in its own way.";

pub(super) const CONFLICTS: &[Conflict] = &[
    Conflict {
        category: Category::MapWriteWrite,
        versions: VersionRange::ALL,
        noticed_by: &[MapOp::Write, MapOp::Delete, MapOp::Clear],
        message: "fatal error: concurrent map writes",
        title: "Two goroutines change one map without a lock.",
        noticer: "Either of the two may be the one that notices.",
    },
    Conflict {
        category: Category::MapReadWrite,
        versions: VersionRange::ALL,
        noticed_by: &[MapOp::Read],
        message: "fatal error: concurrent map read and map write",
        title: "One goroutine reads a map while another changes it.",
        noticer: READER_NOTICES,
    },
    Conflict {
        category: Category::MapIterateWrite,
        versions: VersionRange::ALL,
        noticed_by: &[MapOp::Iterate],
        message: "fatal error: concurrent map iteration and map write",
        title: "One goroutine ranges over a map while another changes it.",
        noticer: READER_NOTICES,
    },
    Conflict {
        category: Category::MapCloneWrite,
        versions: VersionRange::between(21, 23),
        noticed_by: &[MapOp::Clone],
        message: "fatal error: concurrent map clone and map write",
        title: "One goroutine clones a map while another changes it.",
        noticer: READER_NOTICES,
    },
    Conflict {
        category: Category::MapCloneWrite,
        versions: VersionRange::only(24),
        noticed_by: &[MapOp::Clone],
        message: "fatal error: concurrent map iteration and map write",
        title: "One goroutine clones a map while another changes it; Go 1.24 clones by iterating.",
        noticer: READER_NOTICES,
    },
    Conflict {
        category: Category::MapCloneWrite,
        versions: VersionRange::since(25),
        noticed_by: &[MapOp::Clone],
        message: "fatal error: concurrent map clone and map write",
        title: "One goroutine clones a map while another changes it.",
        noticer: READER_NOTICES,
    },
];

/// A complete program for a death that needs no second goroutine's help.
pub(super) struct Program {
    pub(super) category: Category,
    /// Text the clue must contain; empty takes every clue.
    pub(super) needle: &'static str,
    pub(super) message: &'static str,
    /// Words put into the source.
    pub(super) fill: &'static [(&'static str, &'static str)],
    pub(super) source: &'static str,
}

const NO_FILL: &[(&str, &str)] = &[];

/// The first row whose category and needle fit counts; a category without an empty needle has no program for other clues.
pub(super) const PROGRAMS: &[Program] = &[
    Program {
        category: Category::NilMapWrite,
        needle: "",
        message: "panic: assignment to entry in nil map",
        fill: NO_FILL,
        source: include_str!("nil_map.go.tmpl"),
    },
    Program {
        category: Category::NilDereference,
        needle: "",
        message: "panic: runtime error: invalid memory address or nil pointer dereference",
        fill: NO_FILL,
        source: include_str!("nil_dereference.go.tmpl"),
    },
    Program {
        category: Category::TypeAssertion,
        needle: "missing method",
        message: "panic: interface conversion: main.file is not main.closer: missing method Close",
        fill: NO_FILL,
        source: include_str!("assertion_method.go.tmpl"),
    },
    Program {
        category: Category::TypeAssertion,
        needle: " is nil, not ",
        message: "panic: interface conversion: interface {} is nil, not int",
        fill: NO_FILL,
        source: include_str!("assertion_nil.go.tmpl"),
    },
    Program {
        category: Category::TypeAssertion,
        needle: "",
        message: "panic: interface conversion: interface {} is string, not int",
        fill: NO_FILL,
        source: include_str!("assertion.go.tmpl"),
    },
    Program {
        category: Category::DivideByZero,
        needle: "",
        message: "panic: runtime error: integer divide by zero",
        fill: NO_FILL,
        source: include_str!("divide.go.tmpl"),
    },
    Program {
        category: Category::ClosedChannel,
        needle: "send on closed channel",
        message: "panic: send on closed channel",
        fill: NO_FILL,
        source: include_str!("send_closed.go.tmpl"),
    },
    Program {
        category: Category::ClosedChannel,
        needle: "close of closed channel",
        message: "panic: close of closed channel",
        fill: NO_FILL,
        source: include_str!("close_closed.go.tmpl"),
    },
    Program {
        category: Category::ClosedChannel,
        needle: "close of nil channel",
        message: "panic: close of nil channel",
        fill: NO_FILL,
        source: include_str!("close_nil.go.tmpl"),
    },
    Program {
        category: Category::SyncMisuse,
        needle: "unlock of unlocked mutex",
        message: "fatal error: sync: unlock of unlocked mutex",
        fill: &[
            ("@TYPE@", "sync.Mutex"),
            ("@LOCK@", "Lock"),
            ("@UNLOCK@", "Unlock"),
        ],
        source: include_str!("unlock.go.tmpl"),
    },
    Program {
        category: Category::SyncMisuse,
        needle: "RUnlock of unlocked RWMutex",
        message: "fatal error: sync: RUnlock of unlocked RWMutex",
        fill: &[
            ("@TYPE@", "sync.RWMutex"),
            ("@LOCK@", "RLock"),
            ("@UNLOCK@", "RUnlock"),
        ],
        source: include_str!("unlock.go.tmpl"),
    },
    Program {
        category: Category::SyncMisuse,
        needle: "Unlock of unlocked RWMutex",
        message: "fatal error: sync: Unlock of unlocked RWMutex",
        fill: &[
            ("@TYPE@", "sync.RWMutex"),
            ("@LOCK@", "Lock"),
            ("@UNLOCK@", "Unlock"),
        ],
        source: include_str!("unlock.go.tmpl"),
    },
    Program {
        category: Category::SyncMisuse,
        needle: "negative WaitGroup counter",
        message: "panic: sync: negative WaitGroup counter",
        fill: NO_FILL,
        source: include_str!("waitgroup.go.tmpl"),
    },
    Program {
        category: Category::RuntimePanic,
        needle: "hash of unhashable type",
        message: "panic: runtime error: hash of unhashable type []int",
        fill: NO_FILL,
        source: include_str!("unhashable.go.tmpl"),
    },
    Program {
        category: Category::RuntimePanic,
        needle: "makeslice: len out of range",
        message: "panic: runtime error: makeslice: len out of range",
        fill: NO_FILL,
        source: include_str!("makeslice.go.tmpl"),
    },
    Program {
        category: Category::StackOverflow,
        needle: "",
        message: "fatal error: stack overflow",
        fill: NO_FILL,
        source: include_str!("stack_overflow.go.tmpl"),
    },
    Program {
        category: Category::DeadlockAllAsleep,
        needle: "Mutex",
        message: "fatal error: all goroutines are asleep - deadlock!",
        fill: NO_FILL,
        source: include_str!("deadlock_lock.go.tmpl"),
    },
    Program {
        category: Category::DeadlockAllAsleep,
        needle: "WaitGroup",
        message: "fatal error: all goroutines are asleep - deadlock!",
        fill: NO_FILL,
        source: include_str!("deadlock_waitgroup.go.tmpl"),
    },
    Program {
        category: Category::DeadlockAllAsleep,
        needle: "",
        message: "fatal error: all goroutines are asleep - deadlock!",
        fill: NO_FILL,
        source: include_str!("deadlock_channel.go.tmpl"),
    },
    Program {
        category: Category::LockHang,
        needle: "",
        message: "hang: both goroutines are blocked in sync.(*Mutex).Lock",
        fill: NO_FILL,
        source: include_str!("lock_hang.go.tmpl"),
    },
    Program {
        category: Category::GoroutineLeak,
        needle: "",
        message: "1000 goroutines leaked",
        fill: NO_FILL,
        source: include_str!("leak.go.tmpl"),
    },
];
