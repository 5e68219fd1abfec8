//! From an address to the field of a map that it lies in, where the map's bases are known.
//!
//! ```text
//! classic   header ── buckets ──► │ 2^B main buckets │ preallocated overflow buckets │
//!                  └─ oldbuckets ► │ the same, of the array before growth             │     └─ extra ► mapextra
//! Swiss     header ── dirPtr ──► │ entry │ entry │ … │ ──► table ── groups.data ──► │ group │ group │ … │
//!                           └──► │ group │                 a map of at most eight entries has no directory
//! ```
//!
//! [`locate_address`] tries these parts one after another. Overflow buckets that were allocated singly are found only by walking
//! chains in memory, which a snapshot does not carry: an address in one of them is in none of the parts. [`AddressPlace::address`]
//! comes back from a place to the address.

use super::super::alloc::classic_array;
use super::super::layout::classic::ClassicLayout;
use super::super::layout::header::{Header, PADDING, map_header, mapextra, table};
use super::super::layout::swiss::SwissLayout;
use super::super::layout::unit::{Part, Unit};
use super::super::layout::{Layout, SLOTS};
use super::super::snapshot::{Body, ClassicShot, MapShot, SwissShot, TableShot};
use super::super::target::Target;
use super::key::{BucketArray, SAME_SIZE_GROW};
use std::borrow::Cow;

/// Which field an address lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressPlace {
    /// The `hmap` or `Map`.
    Header(FixedPlace),
    /// What `hmap.extra` points to.
    Extra(FixedPlace),
    /// A classic bucket.
    Bucket(BucketPlace),
    /// The array of table pointers.
    Directory {
        /// Which pointer.
        entry: u64,
        /// Bytes from the directory's start.
        offset: u64,
    },
    /// The fixed part of a Swiss table.
    Table {
        /// Position among the snapshot's tables.
        table: usize,
        /// The field.
        place: FixedPlace,
    },
    /// A Swiss group.
    Group(GroupPlace),
}

/// A field of a fixed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedPlace {
    /// As Go names it, or [`PADDING`].
    pub field: &'static str,
    /// Bytes from the field's start.
    pub offset: u64,
}

/// A byte of a classic bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketPlace {
    /// In which array.
    pub array: BucketArray,
    /// Position in that array, overflow buckets counted on behind the main ones.
    pub position: u64,
    /// The main bucket; `None` for an overflow bucket, whose chain is not known.
    pub bucket: Option<u64>,
    /// `Some(true)` for an overflow bucket, `None` for a main bucket.
    pub overflow: Option<bool>,
    /// Where in the bucket.
    pub part: Part,
    /// Where the number of buckets in the array, preallocated ones counted, comes from.
    pub length: ArrayLength,
}

/// How the length of a bucket array is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArrayLength {
    /// The snapshot says it.
    Given,
    /// By the rule that the runtime allocates with.
    Computed,
}

/// A byte of a Swiss group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupPlace {
    /// Position among the snapshot's tables; `None` for the one group of a small map.
    pub table: Option<usize>,
    /// Which group.
    pub group: u64,
    /// Where in the group.
    pub part: Part,
}

/// A bucket array in memory.
struct BucketSpan {
    array: BucketArray,
    base: u64,
    main: u64,
    buckets: u64,
    length: ArrayLength,
}

/// The field of the map that `addr` lies in; `None` where it lies in no part that the snapshot tells of.
pub fn locate_address(
    map: &MapShot,
    layout: &Layout,
    target: &Target,
    addr: u64,
) -> Option<AddressPlace> {
    locate_fixed(map, target, addr).or_else(|| match (&map.body, layout) {
        (Body::Classic(shot), Layout::Classic(layout)) => {
            locate_bucket(shot, layout, target, addr).map(AddressPlace::Bucket)
        }
        (Body::Swiss(shot), Layout::Swiss(layout)) => {
            locate_group(shot, layout, addr).map(AddressPlace::Group)
        }
        _ => None,
    })
}

/// As [`locate_address`], of the parts that are the same for all types: headers and the directory.
pub fn locate_fixed(map: &MapShot, target: &Target, addr: u64) -> Option<AddressPlace> {
    if let Some(place) = in_fixed(&map_header(target), map.header, addr) {
        return Some(AddressPlace::Header(place));
    }
    match &map.body {
        Body::Classic(shot) => {
            in_fixed(&mapextra(target), shot.extra, addr).map(AddressPlace::Extra)
        }
        Body::Swiss(shot) => in_directory(shot, target, addr).or_else(|| {
            let form = table(target);
            shot.tables.iter().enumerate().find_map(|(at, of)| {
                in_fixed(&form, of.addr, addr).map(|place| AddressPlace::Table { table: at, place })
            })
        }),
        Body::Unreadable(_) => None,
    }
}

/// Distance of `addr` from `base`, where it is less than `size`. A base of 0 is a nil pointer.
fn within(base: Option<u64>, size: u64, addr: u64) -> Option<u64> {
    let base = base.filter(|&base| base != 0)?;
    addr.checked_sub(base).filter(|&offset| offset < size)
}

fn in_fixed(form: &Header, base: Option<u64>, addr: u64) -> Option<FixedPlace> {
    let (field, offset) = form.at(within(base, form.size, addr)?)?;
    Some(FixedPlace {
        field: field.name,
        offset,
    })
}

fn in_directory(shot: &SwissShot, target: &Target, addr: u64) -> Option<AddressPlace> {
    let size = shot.dir_len?.saturating_mul(target.word());
    let offset = within(shot.dir_ptr, size, addr)?;
    Some(AddressPlace::Directory {
        entry: offset / target.word(),
        offset,
    })
}

fn locate_bucket(
    shot: &ClassicShot,
    layout: &ClassicLayout,
    target: &Target,
    addr: u64,
) -> Option<BucketPlace> {
    let spans = [
        new_array(shot, layout, target),
        old_array(shot, layout, target),
    ];
    spans.into_iter().flatten().find_map(|span| {
        let (position, part) = in_units(&layout.unit, Some(span.base), span.buckets, addr)?;
        let is_main = position < span.main;
        Some(BucketPlace {
            array: span.array,
            position,
            bucket: is_main.then_some(position),
            overflow: (!is_main).then_some(true),
            part,
            length: span.length,
        })
    })
}

/// The unit of an array of `units` that `addr` lies in, and where in it.
fn in_units(unit: &Unit, base: Option<u64>, units: u64, addr: u64) -> Option<(u64, Part)> {
    let offset = within(base, units.saturating_mul(unit.size()), addr)?;
    let position = offset.checked_div(unit.size())?;
    Some((position, unit.part(offset % unit.size())?))
}

fn new_array(shot: &ClassicShot, layout: &ClassicLayout, target: &Target) -> Option<BucketSpan> {
    let computed = classic_array(target, layout, shot.b?);
    Some(BucketSpan {
        array: BucketArray::New,
        base: shot.buckets?,
        main: computed.main,
        buckets: shot.allocated_buckets.unwrap_or(computed.buckets),
        length: match shot.allocated_buckets {
            Some(_) => ArrayLength::Given,
            None => ArrayLength::Computed,
        },
    })
}

/// The array before growth. It was allocated by the same rule as the new one, so overflow buckets of its own stand behind it.
fn old_array(shot: &ClassicShot, layout: &ClassicLayout, target: &Target) -> Option<BucketSpan> {
    let base = shot.oldbuckets?;
    let (main, buckets) = match old_b(shot)? {
        OldB::Known(b) => {
            let array = classic_array(target, layout, b);
            (array.main, array.buckets)
        }
        // What lies beyond half the new size is a main bucket or an overflow bucket, by which growth it is: not to be told.
        OldB::AtLeast(b) => {
            let main = classic_array(target, layout, b).main;
            (main, main)
        }
    };
    Some(BucketSpan {
        array: BucketArray::Old,
        base,
        main,
        buckets,
        length: ArrayLength::Computed,
    })
}

/// B of the array before growth.
enum OldB {
    Known(u8),
    AtLeast(u8),
}

fn old_b(shot: &ClassicShot) -> Option<OldB> {
    let b = shot.b?;
    if let Some(flags) = shot.flags {
        let shrink = u8::from(flags & SAME_SIZE_GROW == 0);
        return b.checked_sub(shrink).map(OldB::Known);
    }
    let evacuated = shot.old_evacuated.as_ref().map(Vec::len);
    match evacuated.filter(|len| len.is_power_of_two()) {
        Some(len) => u8::try_from(len.trailing_zeros()).ok().map(OldB::Known),
        None => b.checked_sub(1).map(OldB::AtLeast),
    }
}

fn locate_group(shot: &SwissShot, layout: &SwissLayout, addr: u64) -> Option<GroupPlace> {
    if shot.dir_len == Some(0) {
        let (group, part) = in_units(&layout.unit, shot.dir_ptr, 1, addr)?;
        return Some(GroupPlace {
            table: None,
            group,
            part,
        });
    }
    shot.tables.iter().enumerate().find_map(|(at, table)| {
        let (group, part) = in_units(&layout.unit, table.groups, groups(table)?, addr)?;
        Some(GroupPlace {
            table: Some(at),
            group,
            part,
        })
    })
}

/// Number of groups of a table.
fn groups(table: &TableShot) -> Option<u64> {
    match (table.length_mask, table.capacity) {
        (Some(mask), _) => Some(mask.saturating_add(1)),
        (None, Some(capacity)) => Some(u64::from(capacity) / u64::from(SLOTS)),
        (None, None) => None,
    }
}

impl AddressPlace {
    /// As answers name the field: `header.B`, `table.capacity`, `extra.nextOverflow`, `directory`, `key`, `padding`.
    pub fn field(&self) -> Cow<'static, str> {
        let (part, place) = match self {
            AddressPlace::Header(place) => ("header", place),
            AddressPlace::Extra(place) => ("extra", place),
            AddressPlace::Table { place, .. } => ("table", place),
            AddressPlace::Directory { .. } => return "directory".into(),
            AddressPlace::Bucket(BucketPlace { part, .. })
            | AddressPlace::Group(GroupPlace { part, .. }) => return part.field.name().into(),
        };
        match place.field {
            PADDING => PADDING.into(),
            field => format!("{part}.{field}").into(),
        }
    }

    /// Bytes from the start of the field; of the directory, from its own start.
    pub fn offset(&self) -> u64 {
        match self {
            AddressPlace::Header(place)
            | AddressPlace::Extra(place)
            | AddressPlace::Table { place, .. } => place.offset,
            AddressPlace::Directory { offset, .. } => *offset,
            AddressPlace::Bucket(BucketPlace { part, .. })
            | AddressPlace::Group(GroupPlace { part, .. }) => part.offset,
        }
    }

    /// The cell, slot or control byte.
    pub fn slot(&self) -> Option<u8> {
        match self {
            AddressPlace::Bucket(BucketPlace { part, .. })
            | AddressPlace::Group(GroupPlace { part, .. }) => part.slot,
            _ => None,
        }
    }

    /// The address of the place: the inverse of [`locate_address`]. `None` where the map has no such place, or its base is not known.
    pub fn address(&self, map: &MapShot, layout: &Layout, target: &Target) -> Option<u64> {
        match (self, &map.body, layout) {
            (AddressPlace::Header(place), _, _) => {
                fixed_address(&map_header(target), map.header, place)
            }
            (AddressPlace::Extra(place), Body::Classic(shot), _) => {
                fixed_address(&mapextra(target), shot.extra, place)
            }
            (AddressPlace::Table { table: at, place }, Body::Swiss(shot), _) => {
                fixed_address(&table(target), shot.tables.get(*at)?.addr, place)
            }
            (AddressPlace::Directory { offset, .. }, Body::Swiss(shot), _) => {
                shot.dir_ptr?.checked_add(*offset)
            }
            (AddressPlace::Bucket(place), Body::Classic(shot), Layout::Classic(layout)) => {
                let base = match place.array {
                    BucketArray::New => shot.buckets,
                    BucketArray::Old => shot.oldbuckets,
                };
                unit_address(&layout.unit, base, place.position, place.part)
            }
            (AddressPlace::Group(place), Body::Swiss(shot), Layout::Swiss(layout)) => {
                let base = match place.table {
                    None => shot.dir_ptr,
                    Some(at) => shot.tables.get(at)?.groups,
                };
                unit_address(&layout.unit, base, place.group, place.part)
            }
            _ => None,
        }
    }
}

fn fixed_address(form: &Header, base: Option<u64>, place: &FixedPlace) -> Option<u64> {
    let field = form.field(place.field)?;
    base?.checked_add(field.offset)?.checked_add(place.offset)
}

fn unit_address(unit: &Unit, base: Option<u64>, position: u64, part: Part) -> Option<u64> {
    let start = base?.checked_add(position.checked_mul(unit.size())?)?;
    start.checked_add(unit.offset(part)?)
}

#[cfg(test)]
mod tests;
