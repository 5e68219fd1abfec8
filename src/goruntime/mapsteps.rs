//! The order in which a map operation touches the map, step by step, by implementation and version.
//!
//! ```text
//! MOVZX 0x8(BX), CX; TESTL $4, CX; JNE fatal      check: one load                          runtime.mapassign_fast64, Go 1.23
//! CALL the hasher                                 it may panic, so the mark comes after it
//! MOVZX 0x8(BX), CX; XORL $4, CX; MOVB CL, 0x8(BX)   mark: a second load, then a store; no LOCK
//! …                                               buckets, slot, key; INCQ (BX) counts, without LOCK
//! MOVZX 0x8(BX), SI; TESTL $4, SI; JE fatal       check: a third load
//! MOVZX 0x8(BX), CX; ANDL $-5, CX; MOVB CL, 0x8(BX)  unmark: a fourth load, then a store
//! ```
//!
//! So reads the compiled code of every toolchain from 1.19 to 1.27 (Swiss: `CMPB $0, 0x22(BX)` and `XORL $1` both times). Checks and
//! marks share no load; none of the steps is atomic. The element is stored by the caller, after the mark is gone. Assignments are
//! those of the specialised functions; the generic one stores key before tophash. `gomap::interleave` runs these rows; read
//! [`course`] first.

use super::mapchecks::CheckPoint;
use super::mapops::MapOp;
use super::version::{GoVersion, MapLayout, VersionRange};

/// Which bucket or group a step works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Where the key belongs.
    Own,
    /// The other one.
    Other,
    /// The first of the map.
    First,
    /// The second of the map.
    Second,
}

/// One access to the map that another goroutine can come before or after; or a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapStep {
    /// Reads the number of entries; of none, the operation is over without a check.
    LeaveIfEmpty,
    /// Reads the flag; dies if it is set.
    CheckQuiet(CheckPoint),
    /// Reads the flag; dies if it is clear.
    CheckMark(CheckPoint),
    /// Reads the seed and hashes the key.
    LoadSeed,
    /// Reads the flag into a register, to change it.
    LoadFlag,
    /// Stores the flag as it was read, turned over (`^=`).
    StoreToggled,
    /// Stores the flags as they were read, without the mark (`&^=`).
    StoreCleared,
    /// Stores the flags as they were read, other bits changed.
    StoreKept,
    /// Reads whether there is any array.
    LoadFirst,
    /// Where there was none: stores an empty one.
    StoreFirst,
    /// Reads how many buckets (B) or tables (directory length) there are. A map that has grown comes back here.
    LoadSize,
    /// Reads the old array.
    LoadOld,
    /// Growing, to read: whether the bucket in the old array is evacuated; if not, it is read there.
    LookOld,
    /// Growing, to write: reads the old array once more, and whether the bucket in it is evacuated.
    LoadEvacuated(Which),
    /// It was not: reads its tophashes, and throws where somebody else has marked them by now.
    LoadOldTags(Which),
    /// Stores the mark over the tophashes. From here on readers go to the new array, where nothing is yet.
    MarkEvacuated(Which),
    /// Copies the entries to the new array.
    Evacuate(Which),
    /// Where keys or elements hold pointers and nobody iterates: clears keys and elements of the old bucket.
    ClearOld(Which),
    /// Growing: drops the old array when all is evacuated.
    DropOld,
    /// Reads the array, table or group.
    LoadBase,
    /// Swiss, more than one table: reads how many bits of the hash choose the entry of the directory.
    LoadShift,
    /// Reads the directory.
    LoadDirectory,
    /// Small map: reads the number of entries, to see whether one more fits.
    CountSmall,
    /// To grow step by step: reads the flags into a register.
    LoadFlagToGrow,
    /// Looks for the key, then for a free slot.
    FindSlot,
    /// Key absent: reads the number of entries, to see whether the map has to grow.
    CountRoom,
    /// To grow at once: copies all entries into a new table that nobody else knows.
    CopyAll,
    /// To split a table whose directory has no room: copies the directory to one of twice the length.
    CopyDirectory,
    /// Stores the new number of bits.
    StoreShift,
    /// Stores the new directory.
    StoreDirectory,
    /// Stores its length.
    StoreLength,
    /// To grow: stores the new size.
    StoreSize,
    /// To grow step by step: stores the present array as the old one.
    StoreOld,
    /// To grow: stores the new array.
    StoreBase,
    /// Having grown: back to [`MapStep::LoadSize`]. No access.
    Again,
    /// Having grown from a small map: looks for the slot in the new table.
    FindInNew,
    /// To read: looks for the tophash of the key.
    SeeTags,
    /// To read: compares the key behind it.
    CompareKey,
    /// Key absent: stores tophash or control byte.
    StoreTag,
    /// Key absent: stores the key.
    StoreKey,
    /// Reads the number of entries, to change it.
    LoadCount,
    /// Stores it as read, plus one.
    StoreCountUp,
    /// Stores it as read, minus one.
    StoreCountDown,
    /// Stores the element.
    StoreElem,
    /// Clears the element.
    ZeroElem,
    /// Marks the slot empty.
    EmptyTag,
    /// Swiss: clears a group from its first byte on, which makes all slots look full.
    ZeroCells(Which),
    /// Classic, after the tophashes, which come first: clears the keys.
    ZeroKeys(Which),
    /// Then the elements.
    ZeroElems(Which),
    /// Marks all slots empty.
    EmptyTags(Which),
    /// Growing: the same in the old array.
    EmptyOldTags(Which),
    /// Drops the old array, whatever is in it.
    ForgetOld,
    /// Stores that there are no entries.
    StoreCountZero,
    /// Draws a new seed.
    StoreSeed,
    /// Reads the element.
    ReadElem,
    /// Reads which slots are taken.
    PickEntry,
    /// The slot is marked evacuated: looks its key up in the map.
    Regrab,
    /// Reads the key there.
    ReadKey,
    /// Copies the header, flag and all.
    CopyHeader,
    /// Classic map of one bucket: copies the number of entries.
    CopyCount,
    /// Reads which slots are taken.
    SeeCells(Which),
    /// Copies those.
    CopyCells(Which),
    /// Reads of an old bucket whether it is evacuated, and which slots are taken.
    SeeOldCells(Which),
    /// Copies those.
    CopyOldCells(Which),
}

use CheckPoint::{Entry, Exit, ExitSmall, Middle};
use MapStep as S;
use Which::{First, Other, Own, Second};

/// The steps of one operation.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// In order; steps that do not apply are passed over.
    pub steps: &'static [MapStep],
    /// What its checks print behind `fatal error: `.
    pub message: &'static str,
    /// What it prints where it finds no free slot in a small map; `None` where the map grows instead.
    pub no_slot: Option<&'static str>,
}

/// What evacuation throws at a cell that is evacuated already.
pub const BAD_STATE: &str = "bad map state";

const WRITES: &str = "concurrent map writes";
const READ: &str = "concurrent map read and map write";
const ITERATION: &str = "concurrent map iteration and map write";
const CLONE: &str = "concurrent map clone and map write";
const NO_SLOT: &str = "small map with no empty slot (concurrent map writes?)";

const ALL: VersionRange = VersionRange::since(0);

struct Row(
    MapLayout,
    VersionRange,
    MapOp,
    &'static str,
    Option<&'static str>,
    &'static [MapStep],
);

/// One row for each way in which an operation goes; the first that fits counts. `maps.Clone` exists from 1.21.
#[rustfmt::skip]
const COURSES: &[Row] = &[
    Row(MapLayout::Classic, ALL, MapOp::Write, WRITES, None, &[
        S::CheckQuiet(Entry), S::LoadSeed, S::LoadFlag, S::StoreToggled, S::LoadFirst, S::StoreFirst,
        S::LoadSize, S::LoadOld,
        S::LoadEvacuated(Own), S::LoadOldTags(Own), S::MarkEvacuated(Own), S::Evacuate(Own), S::ClearOld(Own),
        S::LoadEvacuated(Other), S::LoadOldTags(Other), S::MarkEvacuated(Other), S::Evacuate(Other), S::ClearOld(Other), S::DropOld,
        S::LoadBase, S::FindSlot, S::CountRoom,
        // hashGrow
        S::LoadFlagToGrow, S::StoreSize, S::StoreKept, S::StoreOld, S::StoreBase, S::Again,
        S::StoreTag, S::StoreKey, S::LoadCount, S::StoreCountUp,
        S::CheckMark(Exit), S::LoadFlag, S::StoreCleared, S::StoreElem,
    ]),
    Row(MapLayout::Classic, ALL, MapOp::Delete, WRITES, None, &[
        S::LeaveIfEmpty, S::CheckQuiet(Entry), S::LoadSeed, S::LoadFlag, S::StoreToggled,
        S::LoadSize, S::LoadOld,
        S::LoadEvacuated(Own), S::LoadOldTags(Own), S::MarkEvacuated(Own), S::Evacuate(Own), S::ClearOld(Own),
        S::LoadEvacuated(Other), S::LoadOldTags(Other), S::MarkEvacuated(Other), S::Evacuate(Other), S::ClearOld(Other), S::DropOld,
        S::LoadBase, S::FindSlot, S::ZeroElem, S::EmptyTag, S::LoadCount, S::StoreCountDown,
        S::CheckMark(Exit), S::LoadFlag, S::StoreCleared,
    ]),
    // 1.21 to 1.23 empty every tophash first, for iterators that are under way; noswissmap counts clears for them instead.
    Row(MapLayout::Classic, VersionRange::between(21, 23), MapOp::Clear, WRITES, None, &[
        S::LeaveIfEmpty, S::CheckQuiet(Entry), S::LoadFlag, S::StoreToggled,
        S::LoadSize, S::LoadBase, S::EmptyTags(First), S::EmptyTags(Second),
        S::LoadOld, S::EmptyOldTags(First), S::EmptyOldTags(Second),
        S::LoadFlag, S::StoreKept, S::ForgetOld, S::StoreCountZero, S::StoreSeed,
        S::LoadSize, S::LoadBase, S::EmptyTags(First), S::ZeroKeys(First), S::ZeroElems(First),
        S::EmptyTags(Second), S::ZeroKeys(Second), S::ZeroElems(Second),
        S::CheckMark(Exit), S::LoadFlag, S::StoreCleared,
    ]),
    Row(MapLayout::Classic, ALL, MapOp::Clear, WRITES, None, &[
        S::LeaveIfEmpty, S::CheckQuiet(Entry), S::LoadFlag, S::StoreToggled,
        S::LoadFlag, S::StoreKept, S::ForgetOld, S::StoreCountZero, S::StoreSeed,
        S::LoadSize, S::LoadBase, S::EmptyTags(First), S::ZeroKeys(First), S::ZeroElems(First),
        S::EmptyTags(Second), S::ZeroKeys(Second), S::ZeroElems(Second),
        S::CheckMark(Exit), S::LoadFlag, S::StoreCleared,
    ]),
    Row(MapLayout::Classic, ALL, MapOp::Read, READ, None, &[
        S::LeaveIfEmpty, S::CheckQuiet(Entry), S::LoadSeed, S::LoadSize, S::LoadBase, S::LoadOld, S::LookOld,
        S::SeeTags, S::CompareKey, S::ReadElem,
    ]),
    Row(MapLayout::Classic, ALL, MapOp::Iterate, ITERATION, None, &[
        S::LeaveIfEmpty, S::LoadSize, S::LoadBase, S::CheckQuiet(Entry), S::LoadOld, S::LookOld,
        S::PickEntry, S::Regrab, S::ReadKey, S::ReadElem,
    ]),
    Row(MapLayout::Classic, VersionRange::since(21), MapOp::Clone, CLONE, None, &[
        S::LeaveIfEmpty, S::CheckQuiet(Entry), S::LoadSize, S::CopyCount, S::LoadBase,
        S::SeeCells(First), S::CopyCells(First), S::SeeCells(Second), S::CopyCells(Second),
        S::LoadOld, S::SeeOldCells(First), S::CheckQuiet(Middle), S::CopyOldCells(First),
        S::SeeOldCells(Second), S::CheckQuiet(Middle), S::CopyOldCells(Second),
    ]),
    Row(MapLayout::Swiss, VersionRange::until(26), MapOp::Write, WRITES, Some(NO_SLOT), &[
        S::CheckQuiet(Entry), S::LoadSeed, S::LoadFlag, S::StoreToggled, S::LoadFirst, S::StoreFirst,
        S::LoadSize, S::LoadShift, S::LoadDirectory, S::CountSmall, S::LoadBase, S::FindSlot, S::CountRoom,
        // growToTable, rehash, installTableSplit
        S::CopyAll, S::CopyDirectory, S::StoreShift, S::StoreDirectory, S::StoreLength, S::StoreBase, S::StoreSize, S::Again,
        S::StoreKey, S::StoreTag, S::LoadCount, S::StoreCountUp,
        S::CheckMark(ExitSmall), S::CheckMark(Exit), S::LoadFlag, S::StoreToggled, S::StoreElem,
    ]),
    Row(MapLayout::Swiss, VersionRange::since(27), MapOp::Write, WRITES, None, &[
        S::CheckQuiet(Entry), S::LoadSeed, S::LoadFlag, S::StoreToggled, S::LoadFirst, S::StoreFirst,
        S::LoadSize, S::LoadShift, S::LoadDirectory, S::LoadBase, S::FindSlot, S::CountRoom,
        S::CopyAll, S::CopyDirectory, S::StoreShift, S::StoreDirectory, S::StoreLength, S::StoreBase, S::StoreSize, S::FindInNew, S::Again,
        S::StoreKey, S::StoreTag, S::LoadCount, S::StoreCountUp,
        S::CheckMark(ExitSmall), S::CheckMark(Exit), S::LoadFlag, S::StoreToggled, S::StoreElem,
    ]),
    Row(MapLayout::Swiss, ALL, MapOp::Delete, WRITES, None, &[
        S::LeaveIfEmpty, S::CheckQuiet(Entry), S::LoadSeed, S::LoadFlag, S::StoreToggled,
        S::LoadSize, S::LoadShift, S::LoadDirectory, S::LoadBase, S::FindSlot, S::LoadCount, S::StoreCountDown, S::ZeroElem, S::EmptyTag,
        S::CheckMark(Exit), S::LoadFlag, S::StoreToggled,
    ]),
    Row(MapLayout::Swiss, ALL, MapOp::Clear, WRITES, None, &[
        S::LeaveIfEmpty, S::CheckQuiet(Entry), S::LoadFlag, S::StoreToggled,
        S::LoadSize, S::LoadDirectory, S::LoadBase, S::ZeroCells(First), S::EmptyTags(First), S::ZeroCells(Second), S::EmptyTags(Second),
        S::StoreCountZero, S::StoreSeed,
        S::CheckMark(Exit), S::LoadFlag, S::StoreToggled,
    ]),
    Row(MapLayout::Swiss, ALL, MapOp::Read, READ, None, &[
        S::LeaveIfEmpty, S::CheckQuiet(Entry), S::LoadSeed, S::LoadSize, S::LoadShift, S::LoadDirectory, S::LoadBase,
        S::FindSlot, S::ReadElem,
    ]),
    Row(MapLayout::Swiss, ALL, MapOp::Iterate, ITERATION, None, &[
        S::LeaveIfEmpty, S::LoadSize, S::LoadDirectory, S::LoadBase, S::CheckQuiet(Entry), S::PickEntry, S::ReadKey, S::ReadElem,
    ]),
    // 1.24 iterates over the map and inserts into a new one.
    Row(MapLayout::Swiss, VersionRange::only(24), MapOp::Clone, ITERATION, None, &[
        S::LeaveIfEmpty, S::LoadSize, S::LoadDirectory, S::LoadBase,
        S::CheckQuiet(Entry), S::SeeCells(First), S::CopyCells(First), S::CheckQuiet(Entry), S::SeeCells(Second), S::CopyCells(Second), S::CheckQuiet(Entry),
    ]),
    Row(MapLayout::Swiss, VersionRange::since(25), MapOp::Clone, CLONE, None, &[
        S::CheckQuiet(Entry), S::CopyHeader, S::SeeCells(First), S::CopyCells(First), S::SeeCells(Second), S::CopyCells(Second),
    ]),
];

/// How `version` with maps of `layout` goes about `op`; `None` where it has no such operation.
pub fn course(layout: MapLayout, version: GoVersion, op: MapOp) -> Option<Course> {
    COURSES
        .iter()
        .find(|Row(of, range, does, ..)| *of == layout && *does == op && range.contains(version))
        .map(|&Row(.., message, no_slot, steps)| Course {
            steps,
            message,
            no_slot,
        })
}

#[cfg(test)]
mod tests {
    use super::super::mapchecks::checks;
    use super::super::version::RELEASES;
    use super::*;

    const OPS: [MapOp; 6] = [
        MapOp::Read,
        MapOp::Write,
        MapOp::Delete,
        MapOp::Iterate,
        MapOp::Clear,
        MapOp::Clone,
    ];

    fn swiss(file: &str) -> bool {
        file.starts_with("internal/runtime/maps/")
    }

    #[test]
    fn every_message_of_a_course_stands_in_the_runtimes_source() {
        for &version in RELEASES.iter().filter(|version| version.minor >= 19) {
            let layout = version.map_layout().unwrap_or(MapLayout::Swiss);
            for op in OPS {
                let Some(course) = course(layout, version, op) else {
                    assert_eq!((op, version.minor < 21), (MapOp::Clone, true), "{version}");
                    continue;
                };
                for step in course.steps {
                    let (S::CheckQuiet(point) | S::CheckMark(point)) = *step else {
                        continue;
                    };
                    assert!(
                        stands_in_source(layout, version, point, course.message),
                        "{version} {op:?} {point:?}"
                    );
                }
                if let Some(message) = course.no_slot {
                    assert!(
                        stands_in_source(layout, version, Middle, message),
                        "{version}"
                    );
                }
            }
        }
    }

    fn stands_in_source(
        layout: MapLayout,
        version: GoVersion,
        point: CheckPoint,
        message: &str,
    ) -> bool {
        checks().iter().any(|check| {
            check.point == point
                && check.message == message
                && swiss(check.file) == (layout == MapLayout::Swiss)
                && check
                    .lines
                    .iter()
                    .any(|(_, releases)| releases.contains(version))
        })
    }

    #[test]
    fn every_check_of_the_source_is_a_step() {
        // copyKeys and copyValues have no caller in the standard library.
        let callable = |function: &str| !function.starts_with("runtime.copy");
        for &version in RELEASES.iter().filter(|version| version.minor >= 21) {
            let layout = version.map_layout().unwrap_or(MapLayout::Swiss);
            let here = checks().iter().filter(|check| {
                callable(check.function)
                    && swiss(check.file) == (layout == MapLayout::Swiss)
                    && check.lines.iter().any(|(_, set)| set.contains(version))
            });
            for check in here {
                let found = OPS
                    .iter()
                    .filter_map(|&op| course(layout, version, op))
                    .any(|course| {
                        let checks_there = course.message == check.message
                            && (course.steps.contains(&S::CheckQuiet(check.point))
                                || course.steps.contains(&S::CheckMark(check.point)));
                        checks_there || course.no_slot == Some(check.message)
                    });
                assert!(
                    found,
                    "{version} {} {:?} {}",
                    check.function, check.point, check.message
                );
            }
        }
    }
}
