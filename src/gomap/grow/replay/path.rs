//! Which of the runtime's assignment functions the compiler calls for a map type (`mapfast` in cmd/compile; the same in all versions).
//!
//! ```text
//! key of 4 plain bytes        mapassign_fast32            *T on 32-bit machines   mapassign_fast32ptr
//! key of 8 plain bytes        mapassign_fast64            *T on 64-bit machines   mapassign_fast64ptr
//! string                      mapassign_faststr           all else, and elements over 128 bytes: mapassign
//! ```
//!
//! They agree on where keys go, but not all of them prune a Swiss table's tombstones, so a table grows earlier under some.

use super::super::super::hash::is_plain;
use super::super::super::layout::LARGEST_INLINE;
use super::super::super::types::{GoType, Kind, MapType};

/// The assignment function of a map type. A map that is written through package reflect takes other ways, which are not among these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignPath {
    /// `mapassign_fast32`, `mapassign_fast64`, `mapassign_faststr`.
    Fast,
    /// `mapassign_fast64ptr`, `mapassign_fast32ptr`: the key is one pointer.
    FastPtr,
    /// `mapassign`.
    Generic,
}

impl AssignPath {
    /// The function for `types`; `word` is the bytes of a pointer.
    pub fn of(types: &MapType, word: u64) -> Self {
        let key = &types.key;
        if types.elem.size > LARGEST_INLINE {
            return AssignPath::Generic;
        }
        if matches!(innermost(key).kind, Kind::String) {
            return AssignPath::Fast;
        }
        match (key.size, key.has_pointers()) {
            _ if !is_plain(key) => AssignPath::Generic,
            (4 | 8, false) => AssignPath::Fast,
            (size, true) if size == word => AssignPath::FastPtr,
            _ => AssignPath::Generic,
        }
    }
}

/// What a type is that wraps one value in structs of one field and arrays of one element: the compiler treats it as that value.
fn innermost(mut go_type: &GoType) -> &GoType {
    loop {
        go_type = match &go_type.kind {
            Kind::Array { len: 1, elem } => elem,
            Kind::Struct { fields } => match &fields[..] {
                [field] if field.name != "_" => &field.go_type,
                _ => return go_type,
            },
            _ => return go_type,
        };
    }
}
