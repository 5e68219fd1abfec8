//! Layouts against sizes and offsets that Go programs printed of themselves, and against the rule that fields tile the whole.
//!
//! The types below are put together by hand, so that these tests stand without the reader of type texts.

use super::classic::ClassicLayout;
use super::header::{Header, PADDING, map_header, mapextra, table};
use super::swiss::SwissLayout;
use super::unit::UnitField;
use super::*;
use crate::gomap::types::{Field, Kind, Scalar};

/// Builds of every form of header, bucket, group and heap.
pub(crate) const BUILDS: [&str; 9] = [
    "go1.19.8",
    "go1.21.13",
    "go1.22.10",
    "go1.23.9",
    "go1.24.11 X:noswissmap",
    "go1.24.11",
    "go1.25.5",
    "go1.27.3",
    "go1.27.3-X:mapsplitgroup",
];

#[allow(clippy::unwrap_used)]
pub(crate) fn target(build: &str, arch: &str) -> Target {
    Target::new(build.parse().unwrap(), arch.parse().unwrap()).unwrap()
}

pub(crate) fn map(key: GoType, elem: GoType) -> MapType {
    MapType { key, elem }
}

fn of(name: &str, size: u64, align: u64, kind: Kind) -> GoType {
    GoType {
        name: name.to_owned(),
        size,
        align,
        kind,
    }
}

/// An integer on a machine with words of `word` bytes.
pub(crate) fn int(size: u64, word: u64) -> GoType {
    let kind = Kind::Scalar(Scalar::Int { signed: true });
    of("int", size, size.min(word), kind)
}

pub(crate) fn string(word: u64) -> GoType {
    of("string", 2 * word, word, Kind::String)
}

pub(crate) fn pointer(word: u64) -> GoType {
    of("*T", word, word, Kind::Pointer)
}

pub(crate) fn array(len: u64, elem: GoType) -> GoType {
    let (size, align) = (len * elem.size, elem.align);
    let elem = Box::new(elem);
    of("[n]T", size, align, Kind::Array { len, elem })
}

pub(crate) fn empty() -> GoType {
    of("struct {}", 0, 1, Kind::Struct { fields: Vec::new() })
}

/// `struct{a A; b B}`
pub(crate) fn pair(a: GoType, b: GoType) -> GoType {
    let align = a.align.max(b.align);
    let second = a.size.next_multiple_of(b.align);
    let size = (second + b.size).next_multiple_of(align);
    let field = |name: &str, offset, go_type| Field {
        name: name.to_owned(),
        offset,
        go_type,
    };
    let fields = vec![field("a", 0, a), field("b", second, b)];
    of("struct", size, align, Kind::Struct { fields })
}

/// Types of many sizes and alignments, with and without pointers, around the bound of what stands inline.
pub(crate) fn many_types(word: u64) -> Vec<GoType> {
    vec![
        empty(),
        int(1, word),
        int(2, word),
        int(4, word),
        int(8, word),
        string(word),
        pointer(word),
        array(0, int(8, word)),
        array(3, int(1, word)),
        array(16, int(1, word)),
        array(127, int(1, word)),
        array(128, int(1, word)),
        array(129, int(1, word)),
        array(16, int(8, word)),
        array(8, string(word)),
        array(9, string(word)),
        pair(int(4, word), string(word)),
        pair(int(1, word), int(2, word)),
        pair(string(word), int(1, word)),
    ]
}

fn sizes(types: &MapType) -> [u64; 3] {
    let classic = ClassicLayout::new(&target("1.23.9", "amd64"), types);
    let swiss = SwissLayout::new(&target("1.27.3", "amd64"), types);
    let split = SwissLayout::new(&target("go1.27.3-X:mapsplitgroup", "amd64"), types);
    [classic.bucket_size, swiss.size, split.size]
}

/// `unsafe.Sizeof` of buckets and groups as Go 1.23 and 1.27 make them.
#[test]
fn buckets_and_groups_are_as_large_as_go_makes_them() {
    let (i64t, text) = (|| int(8, 8), || string(8));
    let large = || array(200, int(1, 8));
    let rows = [
        (map(i64t(), i64t()), [144, 136, 136]),
        (map(pointer(8), i64t()), [144, 136, 136]),
        (map(large(), large()), [144, 136, 136]),
        (map(text(), i64t()), [208, 200, 200]),
        (map(text(), text()), [272, 264, 264]),
        (map(text(), empty()), [144, 200, 144]),
        (map(i64t(), empty()), [80, 136, 80]),
        (map(i64t(), int(1, 8)), [88, 136, 80]),
        (map(int(4, 8), int(4, 8)), [80, 72, 72]),
        (map(int(1, 8), int(2, 8)), [40, 40, 32]),
        (map(empty(), empty()), [16, 16, 16]),
    ];
    for (types, wanted) in rows {
        assert_eq!(sizes(&types), wanted, "{types}");
    }
    let narrow = ClassicLayout::new(&target("1.23.9", "386"), &map(string(4), int(4, 4)));
    assert_eq!(narrow.bucket_size, 108);
}

#[test]
fn the_hundred_and_twenty_ninth_byte_makes_a_cell_a_pointer() {
    let of = |len| Cell::of(&array(len, int(1, 8)), 8);
    assert_eq!((of(128).size, of(128).indirect), (128, false));
    assert_eq!((of(129).size, of(129).indirect), (8, true));
    assert_eq!((of(128).pointers, of(129).pointers), (false, true));
}

#[test]
fn keys_and_elements_stand_where_they_were_seen() {
    let types = map(string(8), int(8, 8));
    let classic = ClassicLayout::new(&target("1.23.9", "amd64"), &types);
    assert_eq!((classic.key_at(7), classic.elem_at(0)), (120, 136));
    assert_eq!((classic.elem_at(7), classic.overflow_at), (192, 200));
    let swiss = SwissLayout::new(&target("1.27.3", "amd64"), &types);
    assert_eq!((swiss.key_at(1), swiss.elem_at(1)), (32, 48));
    let split = SwissLayout::new(&target("go1.27.3-X:mapsplitgroup", "amd64"), &types);
    assert_eq!((split.key_at(1), split.elem_at(1)), (24, 144));
}

/// Offsets of the fields, and the size, as DWARF gives them.
#[test]
fn header_fields_stand_where_dwarf_says() {
    let hmap = [0, 8, 9, 10, 12, 16, 24, 32, 40];
    let narrow_hmap = [0, 4, 5, 6, 8, 12, 16, 20, 24];
    let noswiss_hmap = [0, 8, 9, 10, 12, 16, 24, 32, 40, 48];
    let map_1_24 = [0, 8, 16, 24, 32, 33, 34, 40];
    let map_1_25 = [0, 8, 16, 24, 32, 33, 34, 35, 40];
    let narrow_map = [0, 8, 12, 16, 20, 21, 22, 23, 24];
    let rows: [(Header, &[u64], u64); 10] = [
        (map_header(&target("1.19.8", "amd64")), &hmap, 48),
        (map_header(&target("1.23.9", "arm64")), &hmap, 48),
        (map_header(&target("1.23.9", "386")), &narrow_hmap, 28),
        (
            map_header(&target("go1.25.5 X:noswissmap", "amd64")),
            &noswiss_hmap,
            56,
        ),
        (map_header(&target("1.24.11", "amd64")), &map_1_24, 48),
        (map_header(&target("1.25.5", "amd64")), &map_1_25, 48),
        (map_header(&target("1.27.3", "386")), &narrow_map, 32),
        (mapextra(&target("1.23.9", "amd64")), &[0, 8, 16], 24),
        (
            table(&target("1.27.3", "amd64")),
            &[0, 2, 4, 6, 8, 16, 24],
            32,
        ),
        (
            table(&target("1.27.3", "386")),
            &[0, 2, 4, 6, 8, 12, 16],
            24,
        ),
    ];
    for (header, offsets, size) in rows {
        let named = header.fields.iter().filter(|field| field.name != PADDING);
        let found: Vec<u64> = named.map(|field| field.offset).collect();
        assert_eq!(
            (found.as_slice(), header.size),
            (offsets, size),
            "{header:?}"
        );
    }
    let field = |build, name| map_header(&target(build, "amd64")).field(name);
    assert_eq!(field("1.24.11", "tombstonePossible"), None);
    assert_eq!(
        field("1.25.5", "tombstonePossible").map(|field| field.offset),
        Some(35)
    );
    assert_eq!(
        field("go1.24.11 X:noswissmap", "extra").map(|field| field.offset),
        Some(48)
    );
}

/// Calls `check` with every layout of [`many_types`] in all builds, on a wide and a narrow machine.
fn every_layout(check: impl Fn(&Layout)) {
    for (arch, word) in [("amd64", 8), ("386", 4)] {
        let types = many_types(word);
        for build in BUILDS {
            let target = target(build, arch);
            for key in &types {
                for elem in &types {
                    check(&Layout::new(&target, &map(key.clone(), elem.clone())));
                }
            }
        }
    }
}

#[test]
fn every_byte_of_a_unit_belongs_to_one_piece() {
    every_layout(|layout| {
        let unit = layout.unit();
        let mut end = 0;
        for piece in unit.pieces() {
            assert_eq!(piece.start, end, "{layout:?}");
            assert!(piece.size > 0);
            end += piece.size;
        }
        let size = match layout {
            Layout::Classic(classic) => classic.bucket_size,
            Layout::Swiss(swiss) => swiss.size,
        };
        assert_eq!((end, unit.size()), (size, size), "{layout:?}");
    });
}

#[test]
fn a_place_is_the_inverse_of_an_offset() {
    every_layout(|layout| {
        let unit = layout.unit();
        for offset in 0..unit.size() {
            let part = unit.part(offset);
            let back = part.and_then(|part| unit.offset(part));
            assert_eq!(back, Some(offset), "{part:?} of {layout:?}");
        }
        assert_eq!(unit.part(unit.size()), None);
        assert_eq!(unit.part(u64::MAX), None);
    });
}

/// The pieces agree with the offsets that are computed for each slot by themselves, and hold as many bytes as the cells have.
#[test]
fn pieces_are_the_cells() {
    every_layout(|layout| {
        let (key, elem) = match layout {
            Layout::Classic(of) => (of.key, of.elem),
            Layout::Swiss(of) => (of.key, of.elem),
        };
        for slot in 0..SLOTS {
            let (mark, mark_at, key_at, elem_at) = match layout {
                Layout::Classic(of) => (
                    UnitField::Tophash,
                    of.tophash_at(slot),
                    of.key_at(slot),
                    of.elem_at(slot),
                ),
                Layout::Swiss(of) => (
                    UnitField::Ctrl,
                    of.ctrl_at(slot),
                    of.key_at(slot),
                    of.elem_at(slot),
                ),
            };
            let fields = [
                (mark, mark_at, 1),
                (UnitField::Key, key_at, key.size),
                (UnitField::Elem, elem_at, elem.size),
            ];
            for (field, at, size) in fields {
                let mut pieces = layout.unit().pieces().iter();
                let piece = pieces.find(|piece| (piece.field, piece.slot) == (field, Some(slot)));
                let found = piece.map(|piece| (piece.start, piece.size));
                assert_eq!(found, (size > 0).then_some((at, size)), "{field:?} {slot}");
            }
            assert_eq!((key_at % key.align, elem_at % elem.align), (0, 0));
        }
    });
}

#[test]
fn every_byte_of_a_header_belongs_to_one_field() {
    for arch in ["amd64", "386"] {
        for build in BUILDS {
            let target = target(build, arch);
            for header in [map_header(&target), mapextra(&target), table(&target)] {
                for offset in 0..header.size {
                    let back = header.at(offset).and_then(|(field, inside)| {
                        Some(header.field(field.name)?.offset + inside)
                    });
                    assert_eq!(back, Some(offset), "{header:?}");
                }
                assert_eq!(header.at(header.size), None);
            }
        }
    }
}
