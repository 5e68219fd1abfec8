//! From a key's hash to its place in a snapshot's map, and from an address to the field it lies in.
//!
//! ```text
//! classic   hash ──► low B bits: bucket        top byte: tophash        (old bucket: one bit fewer, while growing)
//! Swiss     hash ──► top bits: directory entry    bits 7 and up: H1, the first group    low 7 bits: H2, the control byte
//! ```
//!
//! [`key`] goes from left to right and walks no further than the snapshot reaches; [`address`] goes back, [`index`] for many maps at
//! once. What a field that was not captured would decide is an error that names the field.

pub mod address;
pub mod index;
pub mod key;

/// Why a place can't be told from the fields of a map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocateError {
    /// A field that decides it was not captured.
    #[error("{field} of this map is not known, which decides it; {how}")]
    Missing {
        /// Field as the snapshot format names it.
        field: &'static str,
        /// Where it is to be had.
        how: &'static str,
    },
    /// Fields contradict each other.
    #[error("the fields of this map contradict each other: {0}")]
    Inconsistent(&'static str),
}
