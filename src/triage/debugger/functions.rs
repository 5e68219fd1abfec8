//! Runtime functions worth stopping at, by verdict, map operation, key type and Go version. Read by the parent alone.

use crate::goruntime::mapops::{KeyKind, MapOp};
use crate::goruntime::version::VersionRange;
use crate::triage::report::Category;

/// How a debugger gets hold of the trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Approach {
    /// Run it until the runtime gives up; these functions raise the message.
    Dies(&'static [&'static str]),
    /// Attach while it hangs or grows.
    Attach,
    /// Nothing raises anything: watch who comes by.
    Watch,
}

const FATAL: Approach = Approach::Dies(&["runtime.fatal"]);
const THROW: Approach = Approach::Dies(&["runtime.throw"]);
const PANIC: Approach = Approach::Dies(&["runtime.gopanic"]);

/// By category and version. `runtime.fatal` came with 1.19; the `fatal` of internal/runtime/maps, sync and internal/sync call it.
pub(super) const APPROACHES: &[(Category, VersionRange, Approach)] = &[
    (Category::MapWriteWrite, VersionRange::since(19), FATAL),
    (Category::MapWriteWrite, VersionRange::until(18), THROW),
    (Category::MapReadWrite, VersionRange::since(19), FATAL),
    (Category::MapReadWrite, VersionRange::until(18), THROW),
    (Category::MapIterateWrite, VersionRange::since(19), FATAL),
    (Category::MapIterateWrite, VersionRange::until(18), THROW),
    (Category::MapCloneWrite, VersionRange::since(21), FATAL),
    (Category::MapRaceReport, VersionRange::ALL, Approach::Watch),
    (Category::DataRaceReport, VersionRange::ALL, Approach::Watch),
    (Category::NilMapWrite, VersionRange::ALL, PANIC),
    (
        Category::NilDereference,
        VersionRange::ALL,
        Approach::Dies(&["runtime.sigpanic"]),
    ),
    (Category::IndexOutOfRange, VersionRange::ALL, PANIC),
    (Category::TypeAssertion, VersionRange::ALL, PANIC),
    (Category::DivideByZero, VersionRange::ALL, PANIC),
    (Category::ClosedChannel, VersionRange::ALL, PANIC),
    (
        Category::SyncMisuse,
        VersionRange::since(19),
        Approach::Dies(&["runtime.fatal", "runtime.gopanic"]),
    ),
    (
        Category::SyncMisuse,
        VersionRange::until(18),
        Approach::Dies(&["runtime.throw", "runtime.gopanic"]),
    ),
    (Category::RuntimePanic, VersionRange::ALL, PANIC),
    (Category::CustomPanic, VersionRange::ALL, PANIC),
    (Category::TestFailure, VersionRange::ALL, PANIC),
    (Category::OutOfMemory, VersionRange::ALL, THROW),
    (Category::StackOverflow, VersionRange::ALL, THROW),
    (Category::RuntimeFault, VersionRange::ALL, THROW),
    (Category::DeadlockAllAsleep, VersionRange::since(19), FATAL),
    (Category::DeadlockAllAsleep, VersionRange::until(18), THROW),
    (Category::LockHang, VersionRange::ALL, Approach::Attach),
    (Category::GoroutineLeak, VersionRange::ALL, Approach::Attach),
    (Category::TestTimeout, VersionRange::ALL, Approach::Attach),
    (Category::Signal, VersionRange::ALL, Approach::Attach),
];

/// The runtime function behind an operation, and what it calls the map.
pub(super) struct MapFunction {
    pub(super) op: MapOp,
    /// Key type the function is for; `None` for every type.
    pub(super) key: Option<KeyKind>,
    pub(super) versions: VersionRange,
    pub(super) functions: &'static [&'static str],
    /// Expression for the header at the function's entry.
    pub(super) header: &'static str,
}

const fn row(
    op: MapOp,
    key: Option<KeyKind>,
    versions: VersionRange,
    functions: &'static [&'static str],
    header: &'static str,
) -> MapFunction {
    MapFunction {
        op,
        key,
        versions,
        functions,
        header,
    }
}

const STRING: Option<KeyKind> = Some(KeyKind::String);
const BITS32: Option<KeyKind> = Some(KeyKind::Bits32);
const BITS64: Option<KeyKind> = Some(KeyKind::Bits64);
const POINTER: Option<KeyKind> = Some(KeyKind::Pointer);
const GENERIC: Option<KeyKind> = Some(KeyKind::Generic);
const OLD: VersionRange = VersionRange::until(23);
const NEW: VersionRange = VersionRange::since(24);

/// Pointer keys are read and deleted by the functions for words of their size, and have assign functions of their own.
pub(super) const MAP_FUNCTIONS: &[MapFunction] = &[
    row(
        MapOp::Write,
        STRING,
        OLD,
        &["runtime.mapassign_faststr"],
        "h",
    ),
    row(
        MapOp::Write,
        STRING,
        NEW,
        &["runtime.mapassign_faststr"],
        "m",
    ),
    row(
        MapOp::Write,
        BITS32,
        OLD,
        &["runtime.mapassign_fast32"],
        "h",
    ),
    row(
        MapOp::Write,
        BITS32,
        NEW,
        &["runtime.mapassign_fast32"],
        "m",
    ),
    row(
        MapOp::Write,
        BITS64,
        OLD,
        &["runtime.mapassign_fast64"],
        "h",
    ),
    row(
        MapOp::Write,
        BITS64,
        NEW,
        &["runtime.mapassign_fast64"],
        "m",
    ),
    row(
        MapOp::Write,
        POINTER,
        OLD,
        &["runtime.mapassign_fast64ptr"],
        "h",
    ),
    row(
        MapOp::Write,
        POINTER,
        NEW,
        &["runtime.mapassign_fast64ptr"],
        "m",
    ),
    row(MapOp::Write, GENERIC, OLD, &["runtime.mapassign"], "h"),
    row(MapOp::Write, GENERIC, NEW, &["runtime.mapassign"], "m"),
    row(
        MapOp::Read,
        STRING,
        OLD,
        &["runtime.mapaccess1_faststr", "runtime.mapaccess2_faststr"],
        "h",
    ),
    row(
        MapOp::Read,
        STRING,
        NEW,
        &["runtime.mapaccess1_faststr", "runtime.mapaccess2_faststr"],
        "m",
    ),
    row(
        MapOp::Read,
        BITS32,
        OLD,
        &["runtime.mapaccess1_fast32", "runtime.mapaccess2_fast32"],
        "h",
    ),
    row(
        MapOp::Read,
        BITS32,
        NEW,
        &["runtime.mapaccess1_fast32", "runtime.mapaccess2_fast32"],
        "m",
    ),
    row(
        MapOp::Read,
        BITS64,
        OLD,
        &["runtime.mapaccess1_fast64", "runtime.mapaccess2_fast64"],
        "h",
    ),
    row(
        MapOp::Read,
        BITS64,
        NEW,
        &["runtime.mapaccess1_fast64", "runtime.mapaccess2_fast64"],
        "m",
    ),
    row(
        MapOp::Read,
        POINTER,
        OLD,
        &["runtime.mapaccess1_fast64", "runtime.mapaccess2_fast64"],
        "h",
    ),
    row(
        MapOp::Read,
        POINTER,
        NEW,
        &["runtime.mapaccess1_fast64", "runtime.mapaccess2_fast64"],
        "m",
    ),
    row(
        MapOp::Read,
        GENERIC,
        OLD,
        &["runtime.mapaccess1", "runtime.mapaccess2"],
        "h",
    ),
    row(
        MapOp::Read,
        GENERIC,
        NEW,
        &["runtime.mapaccess1", "runtime.mapaccess2"],
        "m",
    ),
    row(
        MapOp::Delete,
        STRING,
        OLD,
        &["runtime.mapdelete_faststr"],
        "h",
    ),
    row(
        MapOp::Delete,
        BITS32,
        OLD,
        &["runtime.mapdelete_fast32"],
        "h",
    ),
    row(
        MapOp::Delete,
        BITS64,
        OLD,
        &["runtime.mapdelete_fast64"],
        "h",
    ),
    row(
        MapOp::Delete,
        POINTER,
        OLD,
        &["runtime.mapdelete_fast64"],
        "h",
    ),
    row(MapOp::Delete, GENERIC, OLD, &["runtime.mapdelete"], "h"),
    row(
        MapOp::Delete,
        None,
        NEW,
        &["internal/runtime/maps.(*Map).Delete"],
        "m",
    ),
    row(MapOp::Iterate, None, OLD, &["runtime.mapiternext"], "it.h"),
    row(
        MapOp::Iterate,
        None,
        NEW,
        &["internal/runtime/maps.(*Iter).Next"],
        "it.m",
    ),
    row(MapOp::Clear, None, OLD, &["runtime.mapclear"], "h"),
    row(
        MapOp::Clear,
        None,
        NEW,
        &["internal/runtime/maps.(*Map).Clear"],
        "m",
    ),
    row(
        MapOp::Clone,
        None,
        VersionRange::between(21, 23),
        &["runtime.mapclone2"],
        "src",
    ),
    row(
        MapOp::Clone,
        None,
        VersionRange::since(25),
        &["internal/runtime/maps.(*Map).Clone"],
        "m",
    ),
];
