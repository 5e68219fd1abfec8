//! A Swiss group: eight control bytes and eight slots. Go 1.24 and later.
//!
//! ```text
//! map[string]int, 64-bit, 200 bytes, interleaved
//!   0       8       24       32      48       56                     200
//!   │ctrl×8 │ key 0 │ elem 0 │ key 1 │ elem 1 │ … │ key 7 │ elem 7 │
//!
//! the same with the mapsplitgroup experiment of 1.27
//!   0       8                       136                        200
//!   │ctrl×8 │ key 0 │ … │ key 7     │ elem 0 │ … │ elem 7      │
//! ```
//!
//! The compiler builds the group as an ordinary struct, so Go's rules for structs decide: a field begins at a multiple of its
//! alignment, a struct that ends in a field without bytes gets one more byte (a pointer to that field must not point to the next
//! object), and its size is a multiple of the largest alignment in it. Hence `map[int64]struct{}` takes sixteen bytes a slot where
//! a classic bucket takes eight.

use super::super::target::Target;
use super::super::types::MapType;
use super::unit::{Unit, UnitField};
use super::{Cell, SLOTS, align_up};
use crate::goruntime::maprules::GroupForm;

/// Bytes of the control word, which is where the keys begin.
const KEYS_AT: u64 = SLOTS as u64;

/// The layout of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwissLayout {
    /// Bytes of a pointer.
    pub word: u64,
    /// Key cell.
    pub key: Cell,
    /// Element cell.
    pub elem: Cell,
    /// How keys and elements are arranged.
    pub form: GroupForm,
    /// Bytes from the group's start to key 0.
    pub keys_at: u64,
    /// Bytes from one key to the next.
    pub key_stride: u64,
    /// Bytes from the group's start to element 0.
    pub elems_at: u64,
    /// Bytes from one element to the next.
    pub elem_stride: u64,
    /// Bytes of a group.
    pub size: u64,
    /// True where neither key nor element cells hold pointers.
    pub noscan: bool,
    /// Every byte of it.
    pub unit: Unit,
}

/// Size of a struct whose fields end at `end`, the last of them being `last_size` bytes long.
fn struct_size(end: u64, last_size: u64, align: u64) -> u64 {
    let hidden = u64::from(end > 0 && last_size == 0);
    align_up(end + hidden, align)
}

impl SwissLayout {
    /// The group of `types`.
    pub fn new(target: &Target, types: &MapType) -> Self {
        let word = target.word();
        let key = Cell::of(&types.key, word);
        let elem = Cell::of(&types.elem, word);
        let eight = u64::from(SLOTS);
        // The control word is a uint64, which 32-bit machines align to 4.
        let align = word.max(key.align).max(elem.align);
        let keys_at = align_up(KEYS_AT, key.align);
        let (key_stride, elems_at, elem_stride, size) = match target.rules.group {
            GroupForm::Interleaved => {
                let elem_in_slot = align_up(key.size, elem.align);
                let slot_align = key.align.max(elem.align);
                let stride = struct_size(elem_in_slot + elem.size, elem.size, slot_align);
                let slots_at = align_up(KEYS_AT, slot_align);
                let size = struct_size(slots_at + eight * stride, stride, align);
                (stride, slots_at + elem_in_slot, stride, size)
            }
            GroupForm::Split => {
                let elems_at = align_up(keys_at + eight * key.size, elem.align);
                let size = struct_size(elems_at + eight * elem.size, elem.size, align);
                (key.size, elems_at, elem.size, size)
            }
        };
        let mut layout = Self {
            word,
            key,
            elem,
            form: target.rules.group,
            keys_at,
            key_stride,
            elems_at,
            elem_stride,
            size,
            noscan: !key.pointers && !elem.pointers,
            unit: Unit::default(),
        };
        layout.unit = layout.pieces();
        layout
    }

    /// Bytes from the group's start to a control byte.
    pub fn ctrl_at(&self, slot: u8) -> u64 {
        u64::from(slot)
    }

    /// Bytes from the group's start to a key.
    pub fn key_at(&self, slot: u8) -> u64 {
        self.keys_at + u64::from(slot) * self.key_stride
    }

    /// Bytes from the group's start to an element.
    pub fn elem_at(&self, slot: u8) -> u64 {
        self.elems_at + u64::from(slot) * self.elem_stride
    }

    fn pieces(&self) -> Unit {
        let mut unit = Unit::default();
        unit.push_eight(UnitField::Ctrl, 1);
        unit.pad_to(self.keys_at, None);
        match self.form {
            GroupForm::Interleaved => {
                for slot in 0..SLOTS {
                    unit.push(UnitField::Key, Some(slot), self.key.size);
                    // With an element there is padding before it or after it, never both: an element aligned more strictly
                    // than the key ends where the slot ends. Without one the two paddings touch.
                    if self.elem.size > 0 {
                        unit.pad_to(self.elem_at(slot), Some(slot));
                        unit.push(UnitField::Elem, Some(slot), self.elem.size);
                    }
                    unit.pad_to(self.key_at(slot) + self.key_stride, Some(slot));
                }
            }
            GroupForm::Split => {
                unit.push_eight(UnitField::Key, self.key.size);
                if self.elem.size > 0 {
                    unit.pad_to(self.elems_at, None);
                    unit.push_eight(UnitField::Elem, self.elem.size);
                }
            }
        }
        unit.pad_to(self.size, None);
        unit
    }
}
