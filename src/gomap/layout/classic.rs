//! A classic bucket (`bmap`): eight tophash bytes, eight keys, eight elements, one overflow pointer. Go 1.23 and before, and
//! `noswissmap` builds of 1.24 and 1.25.
//!
//! ```text
//! map[string]int, 64-bit, 208 bytes
//!   0          8                              136                            200      208
//!   │tophash×8 │ key 0 │ key 1 │ … │ key 7    │ elem 0 │ elem 1 │ … │ elem 7 │ overflow│
//! ```
//!
//! Keys and elements stand apart so that nothing is lost to alignment: eight times a key's size is a multiple of any alignment up
//! to 8. The overflow word is the last of the bucket; where the bucket holds no other pointers it is typed `uintptr`, the collector
//! does not look at it, and `hmap.extra` keeps the overflow buckets alive.

use super::super::target::Target;
use super::super::types::MapType;
use super::unit::{Unit, UnitField};
use super::{Cell, SLOTS, align_up};

/// Bytes of the eight tophashes, which is where the keys begin.
const KEYS_AT: u64 = SLOTS as u64;

/// The layout of a bucket (`bmap`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicLayout {
    /// Bytes of a pointer.
    pub word: u64,
    /// Key cell.
    pub key: Cell,
    /// Element cell.
    pub elem: Cell,
    /// Bytes from the bucket's start to key 0.
    pub keys_at: u64,
    /// Bytes from the bucket's start to element 0.
    pub elems_at: u64,
    /// Bytes from the bucket's start to the overflow pointer.
    pub overflow_at: u64,
    /// Bytes of a bucket.
    pub bucket_size: u64,
    /// True where neither key nor element cells hold pointers.
    pub noscan: bool,
    /// Every byte of it.
    pub unit: Unit,
}

impl ClassicLayout {
    /// The bucket of `types`.
    pub fn new(target: &Target, types: &MapType) -> Self {
        let word = target.word();
        let key = Cell::of(&types.key, word);
        let elem = Cell::of(&types.elem, word);
        let elems_at = align_up(KEYS_AT + u64::from(SLOTS) * key.size, elem.align);
        let align = word.max(key.align).max(elem.align);
        let bucket_size = align_up(elems_at + u64::from(SLOTS) * elem.size + word, align);
        let mut layout = Self {
            word,
            key,
            elem,
            keys_at: KEYS_AT,
            elems_at,
            overflow_at: bucket_size - word,
            bucket_size,
            noscan: !key.pointers && !elem.pointers,
            unit: Unit::default(),
        };
        layout.unit = layout.pieces();
        layout
    }

    /// Bytes from the bucket's start to a tophash.
    pub fn tophash_at(&self, slot: u8) -> u64 {
        u64::from(slot)
    }

    /// Bytes from the bucket's start to a key.
    pub fn key_at(&self, slot: u8) -> u64 {
        self.keys_at + u64::from(slot) * self.key.size
    }

    /// Bytes from the bucket's start to an element.
    pub fn elem_at(&self, slot: u8) -> u64 {
        self.elems_at + u64::from(slot) * self.elem.size
    }

    fn pieces(&self) -> Unit {
        let mut unit = Unit::default();
        unit.push_eight(UnitField::Tophash, 1);
        unit.push_eight(UnitField::Key, self.key.size);
        unit.pad_to(self.elems_at, None);
        unit.push_eight(UnitField::Elem, self.elem.size);
        unit.pad_to(self.overflow_at, None);
        unit.push(UnitField::Overflow, None, self.word);
        unit
    }
}
