//! Inference against real addresses whose true places are known, and against every cell of arrays put at every place they can have.

use super::super::layout::tests::{BUILDS, array, int, many_types, map, string, target};
use super::super::types::MapType;
use super::*;
use std::collections::BTreeSet;

/// An array of that length, anywhere.
fn long(shape: Option<Shape>) -> KnownArray {
    KnownArray { shape, base: None }
}

/// `(base, unit, slot)` of every candidate for the address of an element.
fn elems(build: &str, types: MapType, shape: Shape, addr: u64) -> Vec<(u64, u64, Option<u8>)> {
    let target = target(build, "amd64");
    let layout = Layout::new(&target, &types);
    let clue = Clue {
        addr,
        role: Role::Elem(Reach::Start),
    };
    let inference = candidates(&target, &layout, &[clue], long(Some(shape)), usize::MAX);
    assert!(inference.complete && inference.left_out == 0);
    let place = |candidate: &Candidate| candidate.places.first().copied();
    let row = |candidate: &Candidate| {
        place(candidate).map(|place| (candidate.base, place.unit, place.part.slot))
    };
    inference.candidates.iter().filter_map(row).collect()
}

/// Go 1.19, `map[int64]int64` of two entries: the second race of `m[k] = v` with the same in another goroutine.
#[test]
fn a_race_in_the_only_bucket_go_1_19() {
    let found = elems(
        "1.19.8",
        map(int(8, 8), int(8, 8)),
        Shape::Classic { b: 0 },
        0xc000_09e048,
    );
    assert_eq!(found, [(0xc000_09e000, 0, Some(0))]);
}

/// Go 1.27 with -race, the same program.
#[test]
fn a_race_in_the_only_group_go_1_27() {
    let types = || map(int(8, 8), int(8, 8));
    let small = Shape::Swiss { capacity: 8 };
    assert_eq!(
        elems("1.27.3", types(), small, 0xc000_0b0010),
        [(0xc000_0b0000, 0, Some(0))]
    );
    assert_eq!(
        elems("1.27.3", types(), small, 0xc000_0b0020),
        [(0xc000_0b0000, 0, Some(1))]
    );
}

#[test]
fn one_page_classes_leave_one_base_go_1_23() {
    let found = elems(
        "1.23.9",
        map(int(8, 8), int(8, 8)),
        Shape::Classic { b: 1 },
        0xc000_026168,
    );
    assert_eq!(found, [(0xc000_026120, 0, Some(0))]);
}

/// The base is 8 bytes into its cell, where the type of an object with pointers stands.
#[test]
fn whole_slots_leave_one_of_five_bases_go_1_27() {
    let found = elems(
        "1.27.3",
        map(string(8), int(8, 8)),
        Shape::Swiss { capacity: 512 },
        0x3617_a555_6098,
    );
    assert_eq!(found, [(0x3617_a555_6008, 0, Some(5))]);
}

#[test]
fn four_groups_remain_of_eight_bases_go_1_27() {
    let found = elems(
        "1.27.3",
        map(int(8, 8), int(1, 8)),
        Shape::Swiss { capacity: 1024 },
        0x3617_a5a0_f400,
    );
    let mut groups: Vec<u64> = found.iter().map(|&(_, group, _)| group).collect();
    groups.sort_unstable();
    assert_eq!(groups, [22, 52, 82, 112]);
    assert!(
        found
            .iter()
            .any(|&(_, group, slot)| (group, slot) == (22, Some(4)))
    );
}

#[test]
fn three_bases_remain_of_seven_go_1_23() {
    let found = elems(
        "1.23.9",
        map(string(8), array(200, int(1, 8))),
        Shape::Classic { b: 6 },
        0xc000_0d5890,
    );
    let mut places: Vec<_> = found.iter().map(|&(_, unit, slot)| (unit, slot)).collect();
    places.sort_unstable();
    assert_eq!(places, [(0, Some(0)), (49, Some(6)), (59, Some(2))]);
    assert!(found.contains(&(0xc000_0d5808, 0, Some(0))));
}

/// Slot 4 of group 22 and slot 0 of group 23 of the array of [`four_groups_remain_of_eight_bases_go_1_27`]; then one beyond its end.
#[test]
fn addresses_of_one_map_share_a_base() {
    let target = target("1.27.3", "amd64");
    let layout = Layout::new(&target, &map(int(8, 8), int(1, 8)));
    let base = 0x3617_a5a0_f400 - 22 * 136 - 80;
    let clue = |addr| Clue {
        addr,
        role: Role::Elem(Reach::Start),
    };
    let shape = Some(Shape::Swiss { capacity: 1024 });
    let bases = |addrs: &[u64]| {
        let clues: Vec<Clue> = addrs.iter().copied().map(clue).collect();
        let found = candidates(&target, &layout, &clues, long(shape), usize::MAX);
        let bases = found.candidates.iter().map(|candidate| candidate.base);
        bases.collect::<Vec<_>>()
    };
    let last = base + 127 * 136 + 8 + 7 * 16 + 8;
    assert_eq!(bases(&[base + 22 * 136 + 80, last]), [base]);
    assert_eq!(bases(&[base + 16, last]), [base]);
    assert!(bases(&[base + 16, base + 16 + 17_408]).is_empty());
}

#[test]
fn lengths_are_tried_through_and_counted() {
    let target = target("1.23.9", "amd64");
    let layout = Layout::new(&target, &map(int(8, 8), int(8, 8)));
    let clue = Clue {
        addr: 0xc000_026168,
        role: Role::Elem(Reach::Start),
    };
    let all = candidates(&target, &layout, &[clue], KnownArray::default(), usize::MAX);
    let true_one = |candidate: &Candidate| {
        (candidate.shape, candidate.base) == (Shape::Classic { b: 1 }, 0xc000_026120)
    };
    assert!(all.candidates.iter().any(true_one));
    let some = candidates(&target, &layout, &[clue], KnownArray::default(), 3);
    assert_eq!(some.candidates, all.candidates[..3]);
    assert_eq!(some.left_out as usize, all.candidates.len() - 3);
}

#[test]
fn headers_are_judged_and_not_placed() {
    let target = target("1.23.9", "amd64");
    let layout = Layout::new(&target, &map(int(8, 8), int(8, 8)));
    let clue = Clue {
        addr: 0xc000_07e090,
        role: Role::Header,
    };
    let found = candidates(&target, &layout, &[clue], KnownArray::default(), 10);
    assert!(found.candidates.is_empty() && found.left_out == 0);
    assert_eq!(found.headers.len(), 1);
    assert_eq!(found.headers[0].cell, Some(3));
}

#[test]
fn a_value_can_be_touched_inside() {
    let target = target("1.27.3", "amd64");
    let layout = Layout::new(&target, &map(int(8, 8), string(8)));
    let count = |role| {
        let clue = Clue {
            addr: 0xc000_0b0000 + 8 + 8 + 8,
            role,
        };
        let shape = Some(Shape::Swiss { capacity: 8 });
        candidates(&target, &layout, &[clue], long(shape), 10)
            .candidates
            .len()
    };
    assert_eq!(count(Role::Elem(Reach::Start)), 0);
    assert_eq!(count(Role::Elem(Reach::Inside)), 1);
    assert_eq!(count(Role::Slot(Reach::Inside)), 1);
    assert_eq!(count(Role::Key(Reach::Inside)), 0);
    assert_eq!(count(Role::Unknown), 1);
}

#[test]
fn absurd_questions_end() {
    let target = target("1.23.9", "amd64");
    let layout = Layout::new(&target, &map(int(8, 8), int(8, 8)));
    for addr in [0, 1, 8191, 8192, u64::MAX] {
        let clue = Clue {
            addr,
            role: Role::Slot(Reach::Start),
        };
        for shape in [
            Shape::Classic { b: 255 },
            Shape::Swiss { capacity: u64::MAX },
        ] {
            let found = candidates(&target, &layout, &[clue], long(Some(shape)), 5);
            assert!(found.candidates.len() <= 5);
        }
    }
    let clue = Clue {
        addr: 0x7f00_0000_0000,
        role: Role::Unknown,
    };
    let found = candidates(
        &target,
        &layout,
        &[clue],
        long(Some(Shape::Classic { b: 40 })),
        5,
    );
    assert!(!found.complete && found.left_out > 0);
}

/// Arrays of many types and lengths, put into the first and last cell of a span (cells as the reference of size classes cuts them)
/// at a base without any special digits: the truth is among the candidates for the first and the last element.
#[test]
fn the_truth_is_always_among_the_candidates() {
    const HEAP: u64 = 0x2_5a31_4000;
    for build in BUILDS {
        let target = target(build, "amd64");
        for elem in many_types(8).into_iter().filter(|elem| elem.size > 0) {
            let layout = Layout::new(&target, &map(string(8), elem));
            for shape in shapes(&layout).into_iter().take(10) {
                let Some(array) = Array::new(&target, &layout, shape) else {
                    continue;
                };
                let last_cell = array
                    .allocation
                    .class
                    .map_or(0, |class| class.pages * PAGE / class.size - 1);
                for cell in [0, last_cell] {
                    let base = HEAP + cell * array.allocation.taken() + array.allocation.header;
                    for unit in [0, array.units - 1] {
                        check_elem(&target, &layout, &array, base, unit);
                    }
                }
            }
        }
    }
}

fn check_elem(target: &Target, layout: &Layout, array: &Array, base: u64, unit: u64) {
    let in_unit = match layout {
        Layout::Classic(layout) => layout.elem_at(7),
        Layout::Swiss(layout) => layout.elem_at(7),
    };
    let clue = Clue {
        addr: base + unit * layout.unit().size() + in_unit,
        role: Role::Elem(Reach::Start),
    };
    let found = candidates(target, layout, &[clue], long(Some(array.shape)), usize::MAX);
    let is_true = |candidate: &&Candidate| candidate.base == base;
    let place = found.candidates.iter().find(is_true).map(|it| it.places[0]);
    let place = place.map(|place| (place.unit, place.part.field, place.part.slot));
    assert_eq!(
        place,
        Some((unit, UnitField::Elem, Some(7))),
        "{base:#x} {array:?}"
    );
}

/// Where the array is known, its length alone is open.
#[test]
fn a_known_base_leaves_out_all_others() {
    let target = target("1.23.9", "amd64");
    let layout = Layout::new(&target, &map(string(8), int(8, 8)));
    let clue = Clue {
        addr: 0xc000_0d2008,
        role: Role::Slot(Reach::Inside),
    };
    let bases = |base| {
        let known = KnownArray { shape: None, base };
        let found = candidates(&target, &layout, &[clue], known, usize::MAX);
        let bases = found.candidates.iter().map(|candidate| candidate.base);
        bases.collect::<BTreeSet<_>>()
    };
    assert!(bases(None).len() > 1);
    assert_eq!(bases(Some(0xc000_0d2000)), BTreeSet::from([0xc000_0d2000]));
    assert!(bases(Some(0xc000_0d2010)).is_empty());
}
