//! A bucket or a group as a row of pieces: every byte of it belongs to exactly one.
//!
//! ```text
//! map[int64]int8, Swiss:   ctrl×8 │ key 0 │ elem 0, padding×7 │ key 1 │ elem 1, padding×7 │ …
//! offset                   0      8       16                  24      32
//! ```
//!
//! [`super::classic`] and [`super::swiss`] lay the pieces down once for a map type. [`Unit::part`] goes from an offset to the piece and
//! the byte in it, [`Unit::offset`] comes back; `locate` and `infer` are built on the two.

use super::SLOTS;
use schemars::JsonSchema;
use serde::Serialize;

/// What a piece holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnitField {
    /// Classic: the top byte of one key's hash, or a mark.
    Tophash,
    /// Swiss: the control byte of one slot.
    Ctrl,
    /// A key, or the pointer to it.
    Key,
    /// An element, or the pointer to it.
    Elem,
    /// Classic: the pointer to the next bucket of the chain.
    Overflow,
    /// Nothing; there for the alignment of what follows.
    Padding,
}

/// A byte's place in a bucket or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct Part {
    /// What it belongs to.
    pub field: UnitField,
    /// Which cell or slot, 0 to 7; `None` for what belongs to the whole unit.
    pub slot: Option<u8>,
    /// Bytes from the start of that piece.
    pub offset: u64,
}

/// A run of bytes that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it holds.
    pub field: UnitField,
    /// Which cell or slot; `None` for what belongs to the whole unit.
    pub slot: Option<u8>,
    /// Bytes from the unit's start.
    pub start: u64,
    /// Bytes; never 0. A key or element without bytes has no piece.
    pub size: u64,
}

/// The pieces of a bucket or group by offset, without gap or overlap; for one field and slot there is at most one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    pieces: Vec<Piece>,
    size: u64,
}

impl UnitField {
    /// As reports and answers name it.
    pub fn name(self) -> &'static str {
        match self {
            UnitField::Tophash => "tophash",
            UnitField::Ctrl => "ctrl",
            UnitField::Key => "key",
            UnitField::Elem => "elem",
            UnitField::Overflow => "overflow",
            UnitField::Padding => "padding",
        }
    }
}

impl Unit {
    /// Bytes of the whole.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The pieces, by offset.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// What the byte at `offset` belongs to; `None` beyond the unit.
    pub fn part(&self, offset: u64) -> Option<Part> {
        let after = self.pieces.partition_point(|piece| piece.start <= offset);
        let piece = self.pieces.get(after.checked_sub(1)?)?;
        let inside = offset - piece.start;
        (inside < piece.size).then_some(Part {
            field: piece.field,
            slot: piece.slot,
            offset: inside,
        })
    }

    /// The offset of a part: the inverse of [`Unit::part`].
    pub fn offset(&self, part: Part) -> Option<u64> {
        let piece = self
            .pieces
            .iter()
            .find(|piece| (piece.field, piece.slot) == (part.field, part.slot))?;
        (part.offset < piece.size).then(|| piece.start + part.offset)
    }

    /// Appends `size` bytes.
    pub(super) fn push(&mut self, field: UnitField, slot: Option<u8>, size: u64) {
        if size > 0 {
            self.pieces.push(Piece {
                field,
                slot,
                start: self.size,
                size,
            });
            self.size += size;
        }
    }

    /// Appends a field of `size` bytes for each slot, without space between.
    pub(super) fn push_eight(&mut self, field: UnitField, size: u64) {
        for slot in 0..SLOTS {
            self.push(field, Some(slot), size);
        }
    }

    /// Appends padding up to `offset`.
    pub(super) fn pad_to(&mut self, offset: u64, slot: Option<u8>) {
        self.push(UnitField::Padding, slot, offset.saturating_sub(self.size));
    }
}
