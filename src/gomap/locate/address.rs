//! From an address to the field of a map that it lies in, where the map's bases are known.
//!
//! ```text
//! classic   header ── buckets ──► │ 2^B main buckets │ preallocated overflow buckets │
//!                  └─ oldbuckets ► │ the same, of the array before growth             │     └─ extra ► mapextra
//! Swiss     header ── dirPtr ──► │ entry │ entry │ … │ ──► table ── groups.data ──► │ group │ group │ … │
//!                           └──► │ group │                 a map of at most eight entries has no directory
//! ```
//!
//! [`regions`] lists these parts, as far as a snapshot tells where they are; [`locate_in`] names the field of an address in one of
//! them. [`super::index`] finds the region of an address among those of many maps. Overflow buckets that were allocated singly are
//! found only by walking chains in memory, which a snapshot does not carry: an address in one of them is in none of the regions.
//! [`AddressPlace::address`] comes back from a place to the address.

use super::super::alloc::classic_array;
use super::super::layout::classic::ClassicLayout;
use super::super::layout::header::{Header, PADDING, map_header, mapextra, table};
use super::super::layout::unit::{Part, Unit};
use super::super::layout::{Layout, SLOTS};
use super::super::snapshot::{Body, ClassicShot, MapShot, TableShot};
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

/// A part of a map that lies in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Address of its first byte.
    pub base: u64,
    /// Its bytes, at least one.
    pub size: u64,
    /// Which part.
    pub part: RegionPart,
}

/// Which part of a map a [`Region`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionPart {
    /// The `hmap` or `Map`.
    Header,
    /// What `hmap.extra` points to.
    Extra,
    /// A bucket array with its preallocated overflow buckets.
    Buckets {
        /// Which of the two.
        array: BucketArray,
        /// Buckets that are not overflow buckets.
        main: u64,
        /// Where the number of buckets comes from.
        length: ArrayLength,
    },
    /// The array of table pointers.
    Directory,
    /// The fixed part of a table, by its position among the snapshot's tables.
    Table(usize),
    /// The groups of a table, or the one group of a small map.
    Groups(Option<usize>),
}

impl Region {
    /// The region; `None` of a nil pointer, and of what has no bytes.
    fn new(base: Option<u64>, size: u64, part: RegionPart) -> Option<Self> {
        let base = base.filter(|&base| base != 0 && size > 0)?;
        Some(Self { base, size, part })
    }

    /// Address of its last byte.
    pub fn last(&self) -> u64 {
        self.base.saturating_add(self.size - 1)
    }

    /// True where `addr` lies in it.
    pub fn contains(&self, addr: u64) -> bool {
        (self.base..=self.last()).contains(&addr)
    }
}

/// The field of the map that `addr` lies in; `None` where it lies in no part that the snapshot tells of.
pub fn locate_address(
    map: &MapShot,
    layout: Option<&Layout>,
    target: &Target,
    addr: u64,
) -> Option<AddressPlace> {
    let regions = regions(map, layout, target);
    let region = regions.iter().find(|region| region.contains(addr))?;
    locate_in(region, layout, target, addr)
}

/// The parts of a map whose addresses are known. Where bases are wrong and parts overlap, the first counts. Without a layout, those
/// that are the same for all types: headers and the directory.
pub fn regions(map: &MapShot, layout: Option<&Layout>, target: &Target) -> Vec<Region> {
    let header = map_header(target).size;
    let mut regions = Vec::new();
    regions.extend(Region::new(map.header, header, RegionPart::Header));
    match &map.body {
        Body::Classic(shot) => {
            let extra = mapextra(target).size;
            regions.extend(Region::new(shot.extra, extra, RegionPart::Extra));
            if let Some(Layout::Classic(layout)) = layout {
                regions.extend(new_array(shot, layout, target));
                regions.extend(old_array(shot, layout, target));
            }
        }
        Body::Swiss(shot) => {
            let entries = shot.dir_len.unwrap_or_default();
            let directory = entries.saturating_mul(target.word());
            let part = RegionPart::Directory;
            regions.extend(Region::new(shot.dir_ptr, directory, part));
            let fixed = table(target).size;
            let tables = || shot.tables.iter().enumerate();
            regions.extend(
                tables().filter_map(|(at, of)| Region::new(of.addr, fixed, RegionPart::Table(at))),
            );
            if let Some(Layout::Swiss(layout)) = layout {
                if shot.dir_len == Some(0) {
                    let part = RegionPart::Groups(None);
                    regions.extend(Region::new(shot.dir_ptr, layout.unit.size(), part));
                } else {
                    regions.extend(tables().filter_map(|(at, of)| {
                        let size = groups(of)?.saturating_mul(layout.unit.size());
                        Region::new(of.groups, size, RegionPart::Groups(Some(at)))
                    }));
                }
            }
        }
        Body::Unreadable(_) => {}
    }
    regions
}

/// The field of an address in a region of a map with this layout; `None` where it lies elsewhere.
pub fn locate_in(
    region: &Region,
    layout: Option<&Layout>,
    target: &Target,
    addr: u64,
) -> Option<AddressPlace> {
    let offset = addr.checked_sub(region.base)?;
    let offset = Some(offset).filter(|&offset| offset < region.size)?;
    match region.part {
        RegionPart::Header => at(&map_header(target), offset).map(AddressPlace::Header),
        RegionPart::Extra => at(&mapextra(target), offset).map(AddressPlace::Extra),
        RegionPart::Directory => Some(AddressPlace::Directory {
            entry: offset / target.word(),
            offset,
        }),
        RegionPart::Table(position) => Some(AddressPlace::Table {
            table: position,
            place: at(&table(target), offset)?,
        }),
        RegionPart::Groups(table) => {
            let (group, part) = in_units(layout?.unit(), offset)?;
            Some(AddressPlace::Group(GroupPlace { table, group, part }))
        }
        RegionPart::Buckets {
            array,
            main,
            length,
        } => {
            let (position, part) = in_units(layout?.unit(), offset)?;
            let is_main = position < main;
            Some(AddressPlace::Bucket(BucketPlace {
                array,
                position,
                bucket: is_main.then_some(position),
                overflow: (!is_main).then_some(true),
                part,
                length,
            }))
        }
    }
}

fn at(form: &Header, offset: u64) -> Option<FixedPlace> {
    let (field, offset) = form.at(offset)?;
    Some(FixedPlace {
        field: field.name,
        offset,
    })
}

/// The unit of an array that the byte at `offset` lies in, and where in it.
fn in_units(unit: &Unit, offset: u64) -> Option<(u64, Part)> {
    let position = offset.checked_div(unit.size())?;
    Some((position, unit.part(offset % unit.size())?))
}

fn new_array(shot: &ClassicShot, layout: &ClassicLayout, target: &Target) -> Option<Region> {
    let computed = classic_array(target, layout, shot.b?);
    let (buckets, length) = match shot.allocated_buckets {
        Some(given) => (given, ArrayLength::Given),
        None => (computed.buckets, ArrayLength::Computed),
    };
    let part = RegionPart::Buckets {
        array: BucketArray::New,
        main: computed.main,
        length,
    };
    let size = buckets.saturating_mul(layout.bucket_size);
    Region::new(shot.buckets, size, part)
}

/// The array before growth. It was allocated by the same rule as the new one, so overflow buckets of its own stand behind it.
fn old_array(shot: &ClassicShot, layout: &ClassicLayout, target: &Target) -> Option<Region> {
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
    let part = RegionPart::Buckets {
        array: BucketArray::Old,
        main,
        length: ArrayLength::Computed,
    };
    let size = buckets.saturating_mul(layout.bucket_size);
    Region::new(shot.oldbuckets, size, part)
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
