//! How many bytes the allocator gives a map's parts, and where an object can begin.
//!
//! Small objects of one size class share spans of whole pages, cut into equal cells; large ones get pages of their own:
//!
//! ```text
//! span, page-aligned    │ cell 0 │ cell 1 │ cell 2 │ … │ cell k │ rest │
//! object in a cell      │ object          │   no pointers, up to 512 bytes, or Go 1.21 and before
//!                       │ type │ object   │   pointers and more than 512 bytes, from 1.22: begins 8 bytes later
//! ```
//!
//! A classic map asks it for more than a size: the bucket array is filled up to the end of its cell with
//! overflow buckets ([`classic_array`]). `infer` turns it around to find where an array began.

use super::layout::classic::ClassicLayout;
use super::layout::header::{self, map_header};
use super::layout::swiss::SwissLayout;
use super::layout::{SLOTS, align_up};
use super::target::Target;
use crate::goruntime::maprules::{HeapForm, MALLOC_HEADER, malloc_header_above};
use crate::goruntime::sizeclasses::{LARGEST_SMALL, PAGE, SizeClass, class_of};

/// From this B on, a bucket array is allocated with overflow buckets: 2^(B-4) of them, and what the cell has room for.
const PREALLOCATES_FROM_B: u8 = 4;

/// How an object of a given size stands in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Bytes that the object may use: those it asked for, rounded up.
    pub usable: u64,
    /// Its size class; `None` for a large object, which has pages of its own.
    pub class: Option<SizeClass>,
    /// Bytes from the start of its cell to its own: 0 or [`MALLOC_HEADER`].
    pub header: u64,
}

/// A classic bucket array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketArray {
    /// The 2^B main buckets.
    pub main: u64,
    /// All buckets: the main ones and, behind them, the preallocated overflow buckets.
    pub buckets: u64,
    /// Bytes of all buckets.
    pub bytes: u64,
    /// Its place in the heap.
    pub allocation: Allocation,
}

/// An array of Swiss groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupArray {
    /// Groups.
    pub units: u64,
    /// Bytes of all groups.
    pub bytes: u64,
    /// Its place in the heap.
    pub allocation: Allocation,
}

impl Allocation {
    /// Bytes that the object takes from the heap: a cell, or pages.
    pub fn taken(&self) -> u64 {
        self.class.map_or(self.usable, |class| class.size)
    }
}

/// Where the allocator puts an object of `size` bytes; `noscan` where it holds no pointers.
pub fn roundup(target: &Target, size: u64, noscan: bool) -> Allocation {
    let header = match target.rules.heap {
        HeapForm::TypeWord if !noscan && size > malloc_header_above(target.word()) => MALLOC_HEADER,
        _ => 0,
    };
    let small = match target.rules.heap {
        HeapForm::Bitmap => size < LARGEST_SMALL,
        HeapForm::TypeWord => size <= LARGEST_SMALL - MALLOC_HEADER,
    };
    match class_of(size.saturating_add(header)).filter(|_| small) {
        Some(class) => Allocation {
            usable: class.size - header,
            class: Some(class),
            header,
        },
        None => Allocation {
            usable: align_up(size, PAGE),
            class: None,
            header: 0,
        },
    }
}

/// The bucket array of a map with 2^`b` main buckets. Absurd `b` saturate.
pub fn classic_array(target: &Target, layout: &ClassicLayout, b: u8) -> BucketArray {
    let main = 1_u64.checked_shl(u32::from(b)).unwrap_or(u64::MAX);
    let mut buckets = main;
    if b >= PREALLOCATES_FROM_B {
        buckets = main.saturating_add(main >> PREALLOCATES_FROM_B);
        let wanted = buckets.saturating_mul(layout.bucket_size);
        let usable = roundup(target, wanted, layout.noscan).usable;
        if usable != wanted {
            buckets = usable / layout.bucket_size;
        }
    }
    let bytes = buckets.saturating_mul(layout.bucket_size);
    BucketArray {
        main,
        buckets,
        bytes,
        allocation: roundup(target, bytes, layout.noscan),
    }
}

/// The groups of a table of `capacity` slots, or of a small map (8).
pub fn swiss_groups(target: &Target, layout: &SwissLayout, capacity: u64) -> GroupArray {
    let units = capacity.div_ceil(u64::from(SLOTS));
    let bytes = units.saturating_mul(layout.size);
    GroupArray {
        units,
        bytes,
        allocation: roundup(target, bytes, layout.noscan),
    }
}

/// A Swiss directory of `entries` pointers to tables.
pub fn directory(target: &Target, entries: u64) -> Allocation {
    roundup(target, entries.saturating_mul(target.word()), false)
}

/// The map header, where it is on the heap.
pub fn header_allocation(target: &Target) -> Allocation {
    roundup(target, map_header(target).size, false)
}

/// A Swiss table's fixed part.
pub fn table_allocation(target: &Target) -> Allocation {
    roundup(target, header::table(target).size, false)
}

#[cfg(test)]
mod tests {
    use super::super::layout::tests::{array, int, map, string, target};
    use super::*;

    #[test]
    fn objects_with_pointers_make_room_for_their_type() {
        let (before, since) = (target("1.21.13", "amd64"), target("1.22.10", "amd64"));
        let of = |target, size, noscan| {
            let found = roundup(target, size, noscan);
            (found.usable, found.taken(), found.header)
        };
        assert_eq!(of(&before, 520, false), (576, 576, 0));
        assert_eq!(of(&since, 520, false), (568, 576, 8));
        assert_eq!(of(&since, 520, true), (576, 576, 0));
        assert_eq!(of(&since, 512, false), (512, 512, 0));
        // 570 bytes fit in a cell of 576, but not behind a type word.
        assert_eq!(of(&since, 570, false), (632, 640, 8));
        let narrow = target("1.22.10", "386");
        assert_eq!(of(&narrow, 129, false), (136, 144, 8));
        assert_eq!(of(&narrow, 128, false), (128, 128, 0));
    }

    #[test]
    fn large_objects_are_whole_pages() {
        let (before, since) = (target("1.21.13", "amd64"), target("1.22.10", "amd64"));
        let of = |target, size| {
            let found = roundup(target, size, false);
            (found.usable, found.class.is_some(), found.header)
        };
        assert_eq!(of(&before, 32_767), (32_768, true, 0));
        assert_eq!(of(&before, 32_768), (32_768, false, 0));
        assert_eq!(of(&since, 32_760), (32_760, true, 8));
        assert_eq!(of(&since, 32_761), (32_768, false, 0));
        assert_eq!(of(&since, 32_769), (40_960, false, 0));
    }

    #[test]
    fn headers_have_their_classes() {
        let of = |build, arch| header_allocation(&target(build, arch)).taken();
        assert_eq!(of("1.23.9", "amd64"), 48);
        assert_eq!(of("go1.24.11 X:noswissmap", "amd64"), 64);
        assert_eq!(of("1.27.3", "amd64"), 48);
        assert_eq!(of("1.23.9", "386"), 32);
        let swiss = target("1.27.3", "amd64");
        assert_eq!(table_allocation(&swiss).taken(), 32);
        assert_eq!(directory(&swiss, 64).taken(), 512);
        assert_eq!(directory(&swiss, 128).taken(), 1152);
    }

    #[test]
    fn bucket_arrays_are_filled_up_with_overflow_buckets() {
        let target = target("1.23.9", "amd64");
        let of = |types, b| {
            let array = classic_array(&target, &ClassicLayout::new(&target, &types), b);
            (array.main, array.buckets, array.allocation.taken())
        };
        let words = || map(int(8, 8), int(8, 8));
        assert_eq!(of(words(), 0), (1, 1, 144));
        assert_eq!(of(words(), 3), (8, 8, 1152));
        // 17 buckets are 2448 bytes; the class of 2688 has room for one more.
        assert_eq!(of(words(), 4), (16, 18, 2688));
        // map[string][200]byte of Go 1.23.9 at B=6: 68 buckets of 208 bytes, 8 bytes into a cell of 14336.
        let indirect = || map(string(8), array(200, int(1, 8)));
        assert_eq!(of(indirect(), 6), (64, 68, 14_336));
    }

    #[test]
    fn tables_are_arrays_of_groups() {
        let target = target("1.27.3", "amd64");
        let of = |types, capacity| {
            let array = swiss_groups(&target, &SwissLayout::new(&target, &types), capacity);
            (array.units, array.bytes, array.allocation.taken())
        };
        assert_eq!(of(map(string(8), int(8, 8)), 8), (1, 200, 208));
        assert_eq!(of(map(string(8), int(8, 8)), 512), (64, 12_800, 13_568));
        assert_eq!(of(map(int(8, 8), int(1, 8)), 1024), (128, 17_408, 18_432));
    }

    #[test]
    fn absurd_sizes_saturate() {
        let target = target("1.23.9", "amd64");
        let layout = ClassicLayout::new(&target, &map(int(8, 8), int(8, 8)));
        for b in [48, 63, 64, u8::MAX] {
            assert!(classic_array(&target, &layout, b).buckets >= 1 << 48);
        }
        let layout = SwissLayout::new(&target, &map(int(8, 8), int(8, 8)));
        assert_eq!(swiss_groups(&target, &layout, u64::MAX).bytes, u64::MAX);
    }
}
