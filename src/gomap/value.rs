//! A key as it stands in memory, with what its words point to.
//!
//! The bytes of a string or of an interface's dynamic value stand elsewhere in a process; an [`Image`] carries both. It is made from
//! a Go literal ([`literal`]), from bytes (`hex:…`), or from a snapshot's question.

mod expression;
pub mod identity;
pub mod literal;
mod number;

use super::types::{GoType, Kind, TypeError};
use std::collections::BTreeMap;

/// The memory of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Image {
    /// As many bytes as the type has. Pointer and length words of strings and interfaces stand in here as well, and may be zero.
    pub bytes: Vec<u8>,
    /// What strings and interfaces in it refer to, by offset ascending.
    pub refs: Vec<Ref>,
}

/// What a string or interface at an offset refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ref {
    /// Bytes from the start of the image to the string's or interface's first word.
    pub offset: u64,
    /// What is there.
    pub referent: Referent,
}

/// The other end of a reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Referent {
    /// A string's bytes.
    Str(Vec<u8>),
    /// An interface's dynamic value; `None` is nil.
    Iface(Option<Box<Dynamic>>),
}

/// A value with its type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dynamic {
    /// The dynamic type.
    pub go_type: GoType,
    /// The value.
    pub image: Image,
}

/// Why a key can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The literal is malformed or of another type; `at` is the byte where that shows.
    #[error("{literal} is no {go_type}: {why} at byte {at}")]
    Literal {
        /// The text.
        literal: String,
        /// The type it was read as.
        go_type: String,
        /// What is wrong.
        why: String,
        /// Byte offset.
        at: usize,
    },
    /// Not as many bytes as the type has.
    #[error("type {go_type} has {wanted} bytes in memory, not {given}")]
    Size {
        /// The type.
        go_type: String,
        /// Its bytes.
        wanted: u64,
        /// Bytes given.
        given: u64,
    },
    /// Memory that contradicts what is given for its strings and interfaces.
    #[error("the memory of this {go_type} contradicts itself: {why}")]
    Memory {
        /// The type.
        go_type: String,
        /// What is wrong.
        why: String,
    },
    /// A string's or interface's content is not given.
    #[error("the key holds a {what} at offset {offset} whose contents are not given")]
    MissingReferent {
        /// `string` or `interface`.
        what: &'static str,
        /// Offset in the image.
        offset: u64,
    },
    /// A content is given for a string or interface that isn't there.
    #[error("a {what} is given for offset {offset}, where {go_type} has none")]
    StrayReferent {
        /// The type.
        go_type: String,
        /// `string` or `interface`.
        what: &'static str,
        /// Offset in the image.
        offset: u64,
    },
    /// The type of an interface's value can't be computed with.
    #[error("{0}")]
    Type(#[from] TypeError),
    /// The value makes Go panic: `hash of unhashable type []int`.
    #[error("Go panics on this key: hash of unhashable type {0}")]
    Unhashable(String),
    /// More than a key can have in practice.
    #[error("the key is too large: {0}")]
    TooLarge(&'static str),
}

/// A string or interface in a value.
struct Place {
    offset: u64,
    /// `string` or `interface`.
    what: &'static str,
    /// Bytes of its two words.
    size: u64,
    /// In a blank field, which nobody looks at.
    blank: bool,
}

impl Image {
    /// Puts a value's memory together with what its strings and interfaces refer to. A length of zero says by itself that a string
    /// is empty (its pointer may be anything), a type word of zero that an interface is nil; everything else has to be given. The
    /// words of what is given may be zero, since producers may not have them.
    ///
    /// # Errors
    /// [`KeyError::Size`], [`KeyError::MissingReferent`], [`KeyError::StrayReferent`], [`KeyError::Memory`].
    pub fn assemble(
        go_type: &GoType,
        bytes: Vec<u8>,
        mut given: BTreeMap<u64, Referent>,
    ) -> Result<Self, KeyError> {
        if bytes.len() as u64 != go_type.size {
            return Err(KeyError::Size {
                go_type: go_type.name.clone(),
                wanted: go_type.size,
                given: bytes.len() as u64,
            });
        }
        let mut places = Vec::new();
        collect_places(go_type, 0, false, &mut places);
        let mut refs = Vec::new();
        for place in places {
            let referent = match given.remove(&place.offset) {
                Some(referent) if referent.what() == place.what => {
                    agree(go_type, &bytes, &place, &referent)?;
                    referent
                }
                Some(other) => return Err(stray(go_type, place.offset, &other)),
                None if place.blank || place.telling_word(&bytes) == Some(0) => match place.what {
                    STRING => Referent::Str(Vec::new()),
                    _ => Referent::Iface(None),
                },
                None => {
                    return Err(KeyError::MissingReferent {
                        what: place.what,
                        offset: place.offset,
                    });
                }
            };
            refs.push(Ref {
                offset: place.offset,
                referent,
            });
        }
        match given.first_key_value() {
            Some((&offset, referent)) => Err(stray(go_type, offset, referent)),
            None => Ok(Self { bytes, refs }),
        }
    }
}

const STRING: &str = "string";
const INTERFACE: &str = "interface";

impl Referent {
    fn what(&self) -> &'static str {
        match self {
            Referent::Str(_) => STRING,
            Referent::Iface(_) => INTERFACE,
        }
    }
}

fn stray(go_type: &GoType, offset: u64, referent: &Referent) -> KeyError {
    KeyError::StrayReferent {
        go_type: go_type.name.clone(),
        what: referent.what(),
        offset,
    }
}

impl Place {
    /// The word that tells by itself of an empty string or a nil interface: its length, or its type.
    fn telling_word(&self, bytes: &[u8]) -> Option<u64> {
        let word = self.size / 2;
        let start = match self.what {
            STRING => self.offset + word,
            _ => self.offset,
        };
        let digits = bytes.get(start as usize..(start + word) as usize)?;
        let add = |low: u64, &byte: &u8| low << 8 | u64::from(byte);
        Some(digits.iter().rev().fold(0, add))
    }
}

/// Refuses a string of another length than memory says, and nil where memory has a type.
fn agree(
    go_type: &GoType,
    bytes: &[u8],
    place: &Place,
    referent: &Referent,
) -> Result<(), KeyError> {
    let told = place.telling_word(bytes).filter(|&word| word != 0);
    let at = place.offset;
    let why = match (told, referent) {
        (Some(length), Referent::Str(given)) if length != given.len() as u64 => {
            let given = given.len();
            format!("the string at offset {at} has {length} bytes, but {given} are given")
        }
        (Some(_), Referent::Iface(None)) => {
            format!("the interface at offset {at} has a type, but nil is given")
        }
        _ => return Ok(()),
    };
    let go_type = go_type.name.clone();
    Err(KeyError::Memory { go_type, why })
}

/// Strings and interfaces of a value, by offset. There are no more of them than the value has words; it recurses as deep as the type.
fn collect_places(go_type: &GoType, base: u64, blank: bool, places: &mut Vec<Place>) {
    let mut place = |what| {
        places.push(Place {
            offset: base,
            what,
            size: go_type.size,
            blank,
        });
    };
    match &go_type.kind {
        Kind::String => place(STRING),
        Kind::Interface { .. } => place(INTERFACE),
        // An array without bytes may have any number of elements.
        Kind::Array { len, elem } if go_type.size > 0 && elem.has_pointers() => {
            for index in 0..*len {
                collect_places(elem, base + index * elem.size, blank, places);
            }
        }
        Kind::Struct { fields } => {
            for field in fields {
                let blank = blank || field.name == "_";
                collect_places(&field.go_type, base + field.offset, blank, places);
            }
        }
        _ => {}
    }
}

/// Pairs of hex digits, as in `hex:…` and in snapshots; `None` where they are not.
pub fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| (*byte as char).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}
