//! Where every byte of a map lies: headers, buckets, groups, tables, field by field.
//!
//! [`Layout::new`] computes the layout of a map type for a build. `locate` walks it from an address to a field, `gotriage map layout` prints it. Read [`classic`] or [`swiss`] first, each opens with a drawing; [`unit`] is what both
//! give in the end, a row of fields without gaps; [`header`] holds the fixed parts.

pub mod classic;
pub mod header;
pub mod survey;
pub mod swiss;
pub mod unit;

use super::target::Target;
use super::types::{GoType, MapType};
use crate::goruntime::version::MapLayout;
use unit::Unit;

/// Keys and elements above this many bytes are stored behind a pointer (`MaxKeyBytes`, `MapMaxKeyBytes`: 128 in all versions).
pub const LARGEST_INLINE: u64 = 128;

/// No Go type is aligned more strictly; a type tree that says otherwise is not believed.
const LARGEST_ALIGN: u64 = 8;

/// Cells in a bucket and slots in a group, in all versions.
pub const SLOTS: u8 = 8;

/// How a key or element stands in its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Bytes it takes there: of the value, or of a pointer to it.
    pub size: u64,
    /// Alignment in bytes of what stands there.
    pub align: u64,
    /// True where a pointer to it stands there.
    pub indirect: bool,
    /// True where the collector has to look into it.
    pub pointers: bool,
}

/// The layout of a map type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Classic.
    Classic(classic::ClassicLayout),
    /// Swiss.
    Swiss(swiss::SwissLayout),
}

impl Layout {
    /// The layout of `types` in `target`.
    pub fn new(target: &Target, types: &MapType) -> Self {
        match target.rules.layout {
            MapLayout::Classic => Layout::Classic(classic::ClassicLayout::new(target, types)),
            MapLayout::Swiss => Layout::Swiss(swiss::SwissLayout::new(target, types)),
        }
    }

    /// The bucket or group, field by field.
    pub fn unit(&self) -> &Unit {
        match self {
            Layout::Classic(classic) => &classic.unit,
            Layout::Swiss(swiss) => &swiss.unit,
        }
    }

    /// True where the collector does not look into buckets or groups; the allocator places such arrays differently.
    pub fn noscan(&self) -> bool {
        match self {
            Layout::Classic(classic) => classic.noscan,
            Layout::Swiss(swiss) => swiss.noscan,
        }
    }
}

impl Cell {
    /// The cell of a key or element type; `word` is the bytes of a pointer.
    pub fn of(go_type: &GoType, word: u64) -> Self {
        let indirect = go_type.size > LARGEST_INLINE;
        Self {
            size: if indirect { word } else { go_type.size },
            align: if indirect {
                word
            } else {
                go_type.align.clamp(1, LARGEST_ALIGN)
            },
            indirect,
            pointers: indirect || go_type.has_pointers(),
        }
    }
}

/// The next multiple of `align` at or above `offset`; an `align` of 0 is taken as 1.
pub(crate) fn align_up(offset: u64, align: u64) -> u64 {
    let align = align.max(1);
    offset.div_ceil(align).saturating_mul(align)
}

#[cfg(test)]
pub(crate) mod tests;
