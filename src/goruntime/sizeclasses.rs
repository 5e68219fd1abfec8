//! The allocator's size classes: how large the cell is that an object gets, and how long the span its cells are cut from.
//!
//! `gomap` finds with them where an array of buckets or groups can begin, given an address inside it, and how many buckets fit in
//! a rounded allocation. The classes are the same in Go 1.19 to 1.27 (`runtime/sizeclasses.go`,
//! `internal/runtime/gc/sizeclasses.go`).

/// Bytes of a page of the Go heap; spans are whole pages and begin at a multiple of this.
pub const PAGE: u64 = 8192;

/// Objects above this many bytes have a span of their own (with the type word in front, where there is one, counted in).
pub const LARGEST_SMALL: u64 = 32_768;

/// A size class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeClass {
    /// Bytes of a cell.
    pub size: u64,
    /// Pages of a span.
    pub pages: u64,
}

const fn one(size: u64) -> SizeClass {
    SizeClass { size, pages: 1 }
}

const fn many(size: u64, pages: u64) -> SizeClass {
    SizeClass { size, pages }
}

/// All classes, ascending.
#[rustfmt::skip]
pub const SIZE_CLASSES: &[SizeClass] = &[
    one(8), one(16), one(24), one(32), one(48), one(64), one(80), one(96), one(112), one(128), one(144), one(160),
    one(176), one(192), one(208), one(224), one(240), one(256), one(288), one(320), one(352), one(384), one(416),
    one(448), one(480), one(512), one(576), one(640), one(704), one(768), one(896), one(1024), one(1152), one(1280),
    many(1408, 2), one(1536), many(1792, 2), one(2048), many(2304, 2), one(2688), many(3072, 3), many(3200, 2),
    many(3456, 3), one(4096), many(4864, 3), many(5376, 2), many(6144, 3), many(6528, 4), many(6784, 5),
    many(6912, 6), one(8192), many(9472, 7), many(9728, 6), many(10240, 5), many(10880, 4), many(12288, 3),
    many(13568, 5), many(14336, 7), many(16384, 2), many(18432, 9), many(19072, 7), many(20480, 5), many(21760, 8),
    many(24576, 3), many(27264, 10), many(28672, 7), many(32768, 4),
];

/// The smallest class whose cells hold `size` bytes; `None` for objects that get a span of their own.
pub fn class_of(size: u64) -> Option<SizeClass> {
    let at = SIZE_CLASSES.partition_point(|class| class.size < size);
    SIZE_CLASSES.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_ascend_and_waste_less_than_an_eighth_of_a_span() {
        assert_eq!(SIZE_CLASSES.len(), 67);
        assert!(
            SIZE_CLASSES
                .windows(2)
                .all(|pair| pair[0].size < pair[1].size)
        );
        for class in SIZE_CLASSES {
            let span = class.pages * PAGE;
            assert!(span % class.size <= span / 8, "{class:?}");
        }
    }

    #[test]
    fn an_object_gets_the_next_larger_cell() {
        assert_eq!(class_of(1), Some(one(8)));
        assert_eq!(class_of(48), Some(one(48)));
        assert_eq!(class_of(49), Some(one(64)));
        assert_eq!(class_of(LARGEST_SMALL), Some(many(32_768, 4)));
        assert_eq!(class_of(LARGEST_SMALL + 1), None);
    }
}
