//! Frames of map operations: what the goroutine does to which map, and with what key.
//!
//! ```text
//! runtime.mapassign_faststr(0x49e9a0, 0xc00010e000, {0x4b1f3c, 0x5})      1.19 and later: type, header, {key pointer, key length}
//! runtime.mapassign_faststr(0x4d5fe0, 0xc00006a1b0, 0xc0000160ba, 0x2, …)  up to 1.16: the same words without braces
//! internal/runtime/maps.(*Map).Delete(0xc00010e000, 0x49e9a0, 0xc0000b5f38) 1.24 and later: header, type, key pointer
//! reflect.Value.SetMapIndex({0x49e9a0?, 0xc00010e000?, 0x8?}, …)           second word of the receiver, right though marked
//! ```
//!
//! The header is the map's identity: what `%p` of the map prints and what race reports name. A word is believed only where it is
//! printed without `?` and the version is in [`MapOpRow::exact_in`]; 1.17 prints stale words unmarked, 1.18 marks all. Which words
//! are right was found by forcing the check in every operation on every minor. Read [`map_op`] first.

use super::version::{VersionRange, Versions};

/// What an operation does to the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapOp {
    /// `m[k]`, `v, ok := m[k]`.
    Read,
    /// `m[k] = v`, `m[k]++`, `append` to an element: all compile to one assignment.
    Write,
    /// `delete(m, k)`.
    Delete,
    /// `range m`.
    Iterate,
    /// `clear(m)`, and loops that delete every key.
    Clear,
    /// `maps.Clone(m)`.
    Clone,
}

impl MapOp {
    /// True where the map is changed, so that no other goroutine may be inside.
    pub fn mutates(self) -> bool {
        matches!(self, MapOp::Write | MapOp::Delete | MapOp::Clear)
    }
}

/// What the goroutine that noticed a conflict was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapRole {
    /// Assigning, deleting or clearing.
    Writer,
    /// Reading.
    Reader,
    /// Ranging.
    Iterator,
    /// Cloning.
    Cloner,
}

/// Where a frame belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapFamily {
    /// Entry points of the runtime with the same name and arguments in both layouts.
    Either,
    /// Only the classic map.
    Classic,
    /// Only the Swiss map.
    Swiss,
    /// Package reflect; encoding/json and fmt come through it.
    Reflect,
    /// Package maps: inlined and without words, a hint that stays visible when the runtime's frames are hidden.
    MapsPackage,
}

/// A word of an argument list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Top-level argument, from 0 (Go 1.17 and later, where structs have braces).
    pub argument: u8,
    /// Word inside it.
    pub word: u8,
    /// The word's number in the flat lists of Go 1.16 and earlier.
    pub flat: u8,
}

/// How the key is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// The word points at the key.
    Pointer,
    /// The word is the key.
    Value,
    /// The word points at the string's bytes; the next one is its length.
    String,
}

/// What the specialised function says of the key's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// A string.
    String,
    /// Four bytes without interior pointers: int32, uint32, rune.
    Bits32,
    /// Eight bytes: int64, and int, uint or a pointer on 64-bit machines.
    Bits64,
    /// A pointer, a channel, or a struct that is one.
    Pointer,
    /// Any type; the map descriptor knows it.
    Generic,
}

/// One function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapOpRow {
    /// Name as a traceback prints it.
    pub function: &'static str,
    /// What it does.
    pub op: MapOp,
    /// Where it belongs.
    pub family: MapFamily,
    /// The map header.
    pub header: Option<Place>,
    /// The map type descriptor.
    pub map_type: Option<Place>,
    /// The key.
    pub key: Option<(Place, KeyForm)>,
    /// What the name says of the key.
    pub key_kind: KeyKind,
    /// Versions whose unmarked header (and type, and key) words were right in every run.
    pub exact_in: Versions,
    /// Versions whose unmarked key words were right in every run; wider than `exact_in` for keys passed by value.
    pub key_exact_in: Versions,
    /// Versions whose header word carries a `?` and yet was right in every run. A hint that wants a second witness, never a proof.
    pub doubtful_right_in: Versions,
}

const fn at(argument: u8, word: u8, flat: u8) -> Option<Place> {
    Some(Place {
        argument,
        word,
        flat,
    })
}

const UNTIL_16: VersionRange = VersionRange::until(16);
const NEVER: Versions = &[];
const STACK_ARGS: Versions = &[UNTIL_16];
const WRITES: Versions = &[UNTIL_16, VersionRange::since(19)];
const CLASSIC: Versions = &[UNTIL_16, VersionRange::between(19, 23)];
const KEY_VALUES: Versions = &[VersionRange::ALL];
const SLOW_READ_1: Versions = &[UNTIL_16, VersionRange::between(19, 26)];
const ITER_INIT: Versions = &[UNTIL_16, VersionRange::between(22, 23)];
const SWISS: Versions = &[VersionRange::since(24)];
const SWISS_CLONE: Versions = &[VersionRange::since(25)];
const CLONE_2: Versions = &[VersionRange::between(21, 24)];
const CLONE: Versions = &[VersionRange::since(21)];
const REFLECT_VALUE: Versions = &[VersionRange::since(18)];

/// A row without words: what the function does is all that is known.
const fn bare(function: &'static str, op: MapOp, family: MapFamily) -> MapOpRow {
    MapOpRow {
        function,
        op,
        family,
        header: None,
        map_type: None,
        key: None,
        key_kind: KeyKind::Generic,
        exact_in: NEVER,
        key_exact_in: NEVER,
        doubtful_right_in: NEVER,
    }
}

/// Type, header.
const fn typed(
    function: &'static str,
    op: MapOp,
    family: MapFamily,
    exact_in: Versions,
) -> MapOpRow {
    MapOpRow {
        header: at(1, 0, 1),
        map_type: at(0, 0, 0),
        exact_in,
        ..bare(function, op, family)
    }
}

/// Type, header, key.
const fn keyed(
    function: &'static str,
    op: MapOp,
    key_kind: KeyKind,
    exact_in: Versions,
    key_exact_in: Versions,
) -> MapOpRow {
    let form = match key_kind {
        KeyKind::Generic => KeyForm::Pointer,
        KeyKind::String => KeyForm::String,
        KeyKind::Bits32 | KeyKind::Bits64 | KeyKind::Pointer => KeyForm::Value,
    };
    let key = Some((
        Place {
            argument: 2,
            word: 0,
            flat: 2,
        },
        form,
    ));
    MapOpRow {
        key,
        key_kind,
        key_exact_in,
        ..typed(function, op, MapFamily::Either, exact_in)
    }
}

/// Methods of the Swiss map: header, type.
const fn swiss(function: &'static str, op: MapOp, exact_in: Versions) -> MapOpRow {
    MapOpRow {
        header: at(0, 0, 0),
        map_type: at(1, 0, 1),
        exact_in,
        ..bare(function, op, MapFamily::Swiss)
    }
}

/// Methods of reflect.Value: the receiver is type, header, flags.
const fn value(function: &'static str, op: MapOp) -> MapOpRow {
    MapOpRow {
        header: at(0, 1, 1),
        map_type: at(0, 0, 0),
        exact_in: STACK_ARGS,
        doubtful_right_in: REFLECT_VALUE,
        ..bare(function, op, MapFamily::Reflect)
    }
}

const fn reflect(function: &'static str, op: MapOp) -> MapOpRow {
    typed(function, op, MapFamily::Reflect, STACK_ARGS)
}

const fn package(function: &'static str, op: MapOp) -> MapOpRow {
    bare(function, op, MapFamily::MapsPackage)
}

use KeyKind::{Bits32, Bits64, Generic, Pointer, String as Text};
use MapFamily::{Classic, Swiss};
use MapOp::{Clear, Clone as Copied, Delete, Iterate, Read, Write};

#[rustfmt::skip]
const TABLE: &[MapOpRow] = &[
    keyed("runtime.mapassign",           Write, Generic, WRITES, WRITES),
    keyed("runtime.mapassign_faststr",   Write, Text,    WRITES, KEY_VALUES),
    keyed("runtime.mapassign_fast32",    Write, Bits32,  WRITES, KEY_VALUES),
    keyed("runtime.mapassign_fast32ptr", Write, Pointer, WRITES, KEY_VALUES),
    keyed("runtime.mapassign_fast64",    Write, Bits64,  WRITES, KEY_VALUES),
    keyed("runtime.mapassign_fast64ptr", Write, Pointer, WRITES, KEY_VALUES),

    keyed("runtime.mapdelete",           Delete, Generic, CLASSIC, CLASSIC),
    keyed("runtime.mapdelete_faststr",   Delete, Text,    CLASSIC, WRITES),
    keyed("runtime.mapdelete_fast32",    Delete, Bits32,  CLASSIC, CLASSIC),
    keyed("runtime.mapdelete_fast64",    Delete, Bits64,  CLASSIC, CLASSIC),

    keyed("runtime.mapaccess1",          Read, Generic, SLOW_READ_1, SLOW_READ_1),
    keyed("runtime.mapaccess2",          Read, Generic, WRITES,      WRITES),
    keyed("runtime.mapaccess1_fast32",   Read, Bits32,  CLASSIC,     CLASSIC),
    keyed("runtime.mapaccess2_fast32",   Read, Bits32,  CLASSIC,     CLASSIC),
    keyed("runtime.mapaccess1_fast64",   Read, Bits64,  CLASSIC,     CLASSIC),
    keyed("runtime.mapaccess2_fast64",   Read, Bits64,  CLASSIC,     CLASSIC),
    keyed("runtime.mapaccess1_faststr",  Read, Text,    CLASSIC,     CLASSIC),
    keyed("runtime.mapaccess2_faststr",  Read, Text,    CLASSIC,     CLASSIC),
    keyed("runtime.mapaccess1_fat",      Read, Generic, STACK_ARGS,  STACK_ARGS),
    keyed("runtime.mapaccess2_fat",      Read, Generic, STACK_ARGS,  STACK_ARGS),
    keyed("runtime.mapaccessK",          Read, Generic, STACK_ARGS,  STACK_ARGS),

    typed("runtime.mapclear",     Clear,   MapFamily::Either, CLASSIC),
    typed("runtime.mapiterinit",  Iterate, MapFamily::Either, ITER_INIT),
    bare("runtime.mapiternext",   Iterate, MapFamily::Either),
    bare("runtime.mapIterStart",  Iterate, Swiss),
    bare("runtime.mapIterNext",   Iterate, Swiss),
    typed("runtime.mapclone2",    Copied,  MapFamily::Either, CLONE_2),
    bare("runtime.mapclone",      Copied,  MapFamily::Either),
    // Growth and evacuation of the classic map happen inside an assignment or a deletion.
    typed("runtime.growWork",         Write, Classic, STACK_ARGS),
    typed("runtime.growWork_fast32",  Write, Classic, STACK_ARGS),
    typed("runtime.growWork_fast64",  Write, Classic, STACK_ARGS),
    typed("runtime.growWork_faststr", Write, Classic, STACK_ARGS),
    typed("runtime.evacuate",         Write, Classic, STACK_ARGS),
    typed("runtime.evacuate_fast32",  Write, Classic, STACK_ARGS),
    typed("runtime.evacuate_fast64",  Write, Classic, STACK_ARGS),
    typed("runtime.evacuate_faststr", Write, Classic, STACK_ARGS),
    typed("runtime.hashGrow",         Write, Classic, STACK_ARGS),
    bare("runtime.(*hmap).newoverflow", Write, Classic),

    MapOpRow { key: Some((Place { argument: 2, word: 0, flat: 2 }, KeyForm::Pointer)), key_exact_in: SWISS,
               ..swiss("internal/runtime/maps.(*Map).Delete", Delete, SWISS) },
    swiss("internal/runtime/maps.(*Map).Clear", Clear, SWISS),
    swiss("internal/runtime/maps.(*Map).Clone", Copied, SWISS_CLONE),
    bare("internal/runtime/maps.(*Map).PutSlot", Write, Swiss),
    bare("internal/runtime/maps.(*Map).Get", Read, Swiss),
    bare("internal/runtime/maps.(*Map).getWithKey", Read, Swiss),
    bare("internal/runtime/maps.(*Map).getWithKeySmall", Read, Swiss),
    bare("internal/runtime/maps.(*Map).getWithoutKey", Read, Swiss),
    bare("internal/runtime/maps.(*Map).getWithoutKeySmallFastStr", Read, Swiss),
    bare("internal/runtime/maps.(*Map).putSlotSmall", Write, Swiss),
    bare("internal/runtime/maps.(*Map).putSlotSmallFast32", Write, Swiss),
    bare("internal/runtime/maps.(*Map).putSlotSmallFast64", Write, Swiss),
    bare("internal/runtime/maps.(*Map).putSlotSmallFastPtr", Write, Swiss),
    bare("internal/runtime/maps.(*Map).putSlotSmallFastStr", Write, Swiss),
    bare("internal/runtime/maps.(*Map).growToSmall", Write, Swiss),
    bare("internal/runtime/maps.(*Map).growToTable", Write, Swiss),
    bare("internal/runtime/maps.(*table).rehash", Write, Swiss),
    bare("internal/runtime/maps.(*table).grow", Write, Swiss),
    bare("internal/runtime/maps.(*table).split", Write, Swiss),
    bare("internal/runtime/maps.(*table).PutSlot", Write, Swiss),
    bare("internal/runtime/maps.(*table).uncheckedPutSlot", Write, Swiss),
    bare("internal/runtime/maps.(*table).Delete", Delete, Swiss),
    bare("internal/runtime/maps.(*Iter).Init", Iterate, Swiss),
    bare("internal/runtime/maps.(*Iter).Next", Iterate, Swiss),

    reflect("reflect.mapassign", Write),
    reflect("reflect.mapassign0", Write),
    reflect("reflect.mapassign_faststr", Write),
    reflect("reflect.mapassign_faststr0", Write),
    reflect("reflect.mapdelete", Delete),
    reflect("reflect.mapdelete_faststr", Delete),
    reflect("reflect.mapaccess", Read),
    reflect("reflect.mapaccess_faststr", Read),
    reflect("reflect.mapiterinit", Iterate),
    bare("reflect.mapiternext", Iterate, MapFamily::Reflect),
    bare("reflect.mapIterStart", Iterate, MapFamily::Reflect),
    bare("reflect.mapIterNext", Iterate, MapFamily::Reflect),
    reflect("reflect.mapclear", Clear),
    bare("reflect.mapclone", Copied, MapFamily::Reflect),
    // With a zero third argument this deletes; the runtime or reflect frame above says which.
    value("reflect.Value.SetMapIndex", Write),
    value("reflect.Value.MapIndex", Read),
    value("reflect.Value.MapKeys", Iterate),
    value("reflect.Value.Clear", Clear),
    bare("reflect.(*MapIter).Next", Iterate, MapFamily::Reflect),

    MapOpRow { header: at(0, 1, 1), map_type: at(0, 0, 0), exact_in: CLONE,
               ..package("maps.clone", Copied) },
    package("maps.Clone[...]", Copied),
    package("maps.Copy[...]", Iterate),
    package("maps.Equal[...]", Iterate),
    package("maps.EqualFunc[...]", Iterate),
    package("maps.DeleteFunc[...]", Delete),
    package("maps.Insert[...]", Write),
    package("maps.All[...].func1", Iterate),
    package("maps.Keys[...].func1", Iterate),
    package("maps.Values[...].func1", Iterate),
];

/// The row of a function, if it operates on a map.
pub fn map_op(function: &[u8]) -> Option<&'static MapOpRow> {
    TABLE.iter().find(|row| row.function.as_bytes() == function)
}

/// Functions that make maps or their parts, those of [`TABLE`] apart: which allocate for a map too, where they assign.
const MAKERS: &[&str] = &[
    "runtime.makemap",
    "runtime.makemap64",
    "runtime.makemap_small",
    "runtime.makeBucketArray",
    "reflect.makemap",
    "reflect.MakeMap",
    "reflect.MakeMapWithSize",
    "internal/runtime/maps.NewMap",
    "internal/runtime/maps.NewEmptyMap",
    "internal/runtime/maps.newTable",
    "internal/runtime/maps.newGroups",
    "internal/runtime/maps.(*table).reset",
    "internal/runtime/maps.newarray",
];

/// True for the functions that allocate memory of maps: `make` itself, growth, overflow buckets, tables and groups.
pub fn allocates_map(function: &[u8]) -> bool {
    MAKERS.iter().any(|maker| maker.as_bytes() == function)
        || map_op(function).is_some_and(|row| matches!(row.op, MapOp::Write | MapOp::Clone))
}

/// Functions of package maps that write one map while they range over it or over another.
const ALSO_WRITE: &[&str] = &["maps.Copy[...]", "maps.DeleteFunc[...]"];

/// True where the function of this row writes a map as well, whatever its frame is seen doing.
pub fn also_writes(row: &MapOpRow) -> bool {
    ALSO_WRITE.contains(&row.function)
}

/// All rows.
pub fn map_ops() -> &'static [MapOpRow] {
    TABLE
}

/// True for the concurrent maps of the standard library, which never raise these errors: `sync.(*Map).Load`,
/// `internal/sync.(*HashTrieMap[...]).Load` (Go 1.24 and later).
pub fn is_concurrent_map(function: &[u8]) -> bool {
    function.starts_with(b"sync.(*Map).")
        || function.starts_with(b"internal/sync.(*HashTrieMap[...]).")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::goruntime::version::{GoVersion, any_contains};

    #[test]
    fn each_function_has_one_row() {
        for row in TABLE {
            assert_eq!(
                map_op(row.function.as_bytes()),
                Some(row),
                "{}",
                row.function
            );
            assert!(
                row.header.is_some() || row.exact_in.is_empty(),
                "{}",
                row.function
            );
            assert!(
                row.key.is_some() || row.key_exact_in.is_empty(),
                "{}",
                row.function
            );
        }
        assert!(map_op(b"runtime.mapassign_faststr_extra").is_none());
        assert!(map_op(b"main.mapassign").is_none());
    }

    #[test]
    fn every_check_that_raises_a_map_error_is_in_a_known_frame() {
        for check in crate::goruntime::mapchecks::checks() {
            // copyKeys and copyValues are the bodies of maps.Keys and maps.Values before they were iterators; nothing calls them.
            if check.function.starts_with("runtime.copy") {
                continue;
            }
            let row =
                map_op(check.function.as_bytes()).unwrap_or_else(|| panic!("{}", check.function));
            let role = match row.op {
                MapOp::Write | MapOp::Delete | MapOp::Clear => MapRole::Writer,
                MapOp::Read => MapRole::Reader,
                MapOp::Iterate => MapRole::Iterator,
                MapOp::Clone => MapRole::Cloner,
            };
            assert_eq!(role, check.role, "{}", check.function);
        }
    }

    #[test]
    fn stale_words_of_17_and_18_are_never_exact_headers() {
        for row in TABLE {
            for minor in [17, 18] {
                assert!(
                    !any_contains(row.exact_in, GoVersion::minor(minor)),
                    "{}",
                    row.function
                );
            }
        }
        let deletion = map_op(b"runtime.mapdelete_faststr").unwrap();
        assert!(
            any_contains(deletion.exact_in, GoVersion::minor(23))
                && !any_contains(deletion.exact_in, GoVersion::minor(24))
        );
    }
}
