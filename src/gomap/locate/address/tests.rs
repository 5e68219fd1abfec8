//! A place leads back to its address: for the bytes of every part of maps of many types, builds and stages.
//!
//! `field + offset` is computed here a second time, from the layouts' own functions for each slot and from the headers' fields, so
//! that a mistake which locating and its inverse share shows as well.

use super::super::super::snapshot::SwissShot;
use super::*;
use crate::gomap::layout::tests::{BUILDS, array, empty, int, many_types, map, string, target};
use crate::gomap::layout::unit::UnitField;
use crate::gomap::types::MapType;
use std::collections::BTreeSet;

const HEADER: u64 = 0xc0_0001_2000;
const EXTRA: u64 = 0xc0_0001_3000;
const NEW: u64 = 0xc0_0010_0000;
const OLD: u64 = 0xc0_0020_0008;
const DIRECTORY: u64 = 0xc0_0001_4000;
const TABLES: u64 = 0xc0_0001_5000;
const GROUPS: u64 = 0xc0_0030_0000;
/// Between one table's groups and the next one's.
const APART: u64 = 0x10_0000;

fn shot(types: &MapType, body: Body) -> MapShot {
    MapShot {
        name: "m".into(),
        type_text: types.to_string(),
        types: Ok(types.clone()),
        header: Some(HEADER),
        body,
    }
}

/// A map of one bucket, one with overflow buckets behind its array, one that doubles, one that grows to the same size.
fn classic_stages() -> Vec<Body> {
    let stage = |b, flags, oldbuckets| {
        Body::Classic(ClassicShot {
            b: Some(b),
            flags: Some(flags),
            buckets: Some(NEW),
            oldbuckets: Some(oldbuckets),
            extra: Some(EXTRA),
            ..ClassicShot::default()
        })
    };
    vec![
        stage(0, 0, 0),
        stage(4, 0, 0),
        stage(5, 0, OLD),
        stage(4, SAME_SIZE_GROW, OLD),
    ]
}

/// A small map, one with a table, one whose directory leads to three.
fn swiss_stages() -> Vec<Body> {
    let table = |at: u64, capacity: u16, mask| TableShot {
        addr: Some(TABLES + at * 0x100),
        capacity: Some(capacity),
        groups: Some(GROUPS + at * APART),
        length_mask: mask,
        ..TableShot::default()
    };
    let stage = |dir_len, dir_ptr, tables| {
        Body::Swiss(SwissShot {
            dir_len: Some(dir_len),
            dir_ptr: Some(dir_ptr),
            tables,
            ..SwissShot::default()
        })
    };
    let three = vec![
        table(0, 8, Some(0)),
        table(1, 16, None),
        table(2, 32, Some(3)),
    ];
    vec![
        stage(0, GROUPS, vec![]),
        stage(1, DIRECTORY, vec![table(0, 16, Some(1))]),
        stage(4, DIRECTORY, three),
    ]
}

/// All offsets of a small region; of an array, those of its first two and last two units and of the two where `main` ends.
fn offsets(region: &Region, layout: &Layout) -> BTreeSet<u64> {
    let unit = layout.unit().size();
    let units = match region.part {
        RegionPart::Buckets { main, .. } => {
            let count = region.size / unit;
            vec![0, 1, main - 1, main, count.saturating_sub(2), count - 1]
        }
        _ => return (0..region.size).collect(),
    };
    let bytes = units.into_iter().flat_map(|at| at * unit..(at + 1) * unit);
    bytes.filter(|&offset| offset < region.size).collect()
}

/// Where a field begins that a place names, in the region at `base`; `None` of padding in a bucket or group.
fn field_start(place: &AddressPlace, base: u64, layout: &Layout, target: &Target) -> Option<u64> {
    let fixed = |form: &Header, of: &FixedPlace| base + form.field(of.field).unwrap().offset;
    let unit_start = |position: u64| base + position * layout.unit().size();
    Some(match (place, layout) {
        (AddressPlace::Header(of), _) => fixed(&map_header(target), of),
        (AddressPlace::Extra(of), _) => fixed(&mapextra(target), of),
        (AddressPlace::Table { place: of, .. }, _) => fixed(&table(target), of),
        (AddressPlace::Directory { entry, offset }, _) => {
            assert_eq!(*entry, offset / target.word());
            base
        }
        (AddressPlace::Bucket(of), Layout::Classic(layout)) => {
            let slot = || of.part.slot.unwrap();
            let in_bucket = match of.part.field {
                UnitField::Tophash => layout.tophash_at(slot()),
                UnitField::Key => layout.key_at(slot()),
                UnitField::Elem => layout.elem_at(slot()),
                UnitField::Overflow => layout.overflow_at,
                _ => return None,
            };
            unit_start(of.position) + in_bucket
        }
        (AddressPlace::Group(of), Layout::Swiss(layout)) => {
            let slot = || of.part.slot.unwrap();
            let in_group = match of.part.field {
                UnitField::Ctrl => layout.ctrl_at(slot()),
                UnitField::Key => layout.key_at(slot()),
                UnitField::Elem => layout.elem_at(slot()),
                _ => return None,
            };
            unit_start(of.group) + in_group
        }
        _ => panic!("{place:?} in {layout:?}"),
    })
}

fn check(shot: &MapShot, layout: &Layout, target: &Target) -> usize {
    let mut walked = 0;
    let regions = regions(shot, Some(layout), target);
    for region in &regions {
        for offset in offsets(region, layout) {
            let addr = region.base + offset;
            let place = locate_in(region, Some(layout), target, addr);
            let place = place.unwrap_or_else(|| panic!("{offset} of {region:?} in {shot:?}"));
            let about = || format!("{place:?} of {} at {addr:#x} in {shot:?}", layout.noscan());
            assert_eq!(
                place.address(shot, layout, target),
                Some(addr),
                "{}",
                about()
            );
            if let Some(start) = field_start(&place, region.base, layout, target) {
                assert_eq!(start + place.offset(), addr, "{}", about());
            }
            walked += 1;
        }
        for outside in [region.base - 1, region.last() + 1] {
            assert_eq!(locate_in(region, Some(layout), target, outside), None);
            let neighbour = regions.iter().any(|other| other.contains(outside));
            let found = locate_address(shot, Some(layout), target, outside);
            assert_eq!(found.is_some(), neighbour, "{outside:#x} in {shot:?}");
        }
    }
    walked
}

#[test]
fn every_byte_has_a_place_that_leads_back_to_it() {
    let mut walked = 0;
    for build in BUILDS {
        for arch in ["amd64", "386"] {
            let target = target(build, arch);
            let word = target.word();
            let elems = [
                empty(),
                int(1, word),
                string(word),
                array(129, int(1, word)),
            ];
            for key in many_types(word) {
                for elem in &elems {
                    let types = map(key.clone(), elem.clone());
                    let layout = Layout::new(&target, &types);
                    let stages = match layout {
                        Layout::Classic(_) => classic_stages(),
                        Layout::Swiss(_) => swiss_stages(),
                    };
                    for body in stages {
                        walked += check(&shot(&types, body), &layout, &target);
                    }
                }
            }
        }
    }
    assert!(walked > 1_000_000, "{walked}");
}

#[test]
fn overflow_buckets_stand_behind_the_main_ones() {
    let target = target("go1.23.9", "amd64");
    let types = map(int(8, 8), int(8, 8));
    let layout = Layout::new(&target, &types);
    let of = |stage: usize, addr| {
        let shot = shot(&types, classic_stages().remove(stage));
        match locate_address(&shot, Some(&layout), &target, addr) {
            Some(AddressPlace::Bucket(place)) => Some((place.array, place.bucket, place.overflow)),
            _ => None,
        }
    };
    // Go 1.23 gives a map[int64]int64 of B 4 eighteen buckets: 17 of 144 bytes come into a cell of 2688.
    assert_eq!(
        of(1, NEW + 15 * 144),
        Some((BucketArray::New, Some(15), None))
    );
    assert_eq!(
        of(1, NEW + 16 * 144),
        Some((BucketArray::New, None, Some(true)))
    );
    assert_eq!(
        of(1, NEW + 18 * 144 - 1),
        Some((BucketArray::New, None, Some(true)))
    );
    assert_eq!(of(1, NEW + 18 * 144), None);
    // Where it doubled from B 4, the old array has them too; B 0 has none.
    assert_eq!(
        of(2, OLD + 16 * 144),
        Some((BucketArray::Old, None, Some(true)))
    );
    assert_eq!(of(0, NEW + 144), None);
}

#[test]
fn without_types_the_fixed_parts_are_found() {
    let target = target("go1.27.3", "amd64");
    let types = map(int(8, 8), int(8, 8));
    let shot = shot(&types, swiss_stages().remove(2));
    let field = |addr| {
        let place = locate_address(&shot, None, &target, addr)?;
        Some((place.field().into_owned(), place.offset()))
    };
    assert_eq!(field(HEADER + 8), Some(("header.seed".into(), 0)));
    assert_eq!(field(DIRECTORY + 9), Some(("directory".into(), 9)));
    assert_eq!(field(TABLES + 0x102), Some(("table.capacity".into(), 0)));
    assert_eq!(field(GROUPS), None);
}
