//! Go types as far as maps need them: sizes, alignment, what is inside.
//!
//! [`GoType`] is the tree. It comes from the text of a type ([`grammar`] reads it, [`resolve`] gives it sizes, [`print`] its name) or
//! from a snapshot's type tree ([`tree`]), and answers what layouts and hashes ask: where pointers are, what has ==.

pub mod grammar;
mod print;
pub(in crate::gomap) mod resolve;
pub mod tree;

use super::target::Arch;
use serde_json::Value;

/// Nesting beyond this is refused, wherever a type comes from: Go itself has no deeper types in practice, and text is untrusted.
pub const MAX_DEPTH: usize = 64;

/// What [`TypeError::TooLarge`] says of it.
const TOO_DEEP: &str = "it nests more than 64 levels deep";

/// A type with its size on one machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GoType {
    /// As Go prints it: `string`, `[16]uint8`, `main.Key`.
    pub name: String,
    /// Bytes of a value.
    pub size: u64,
    /// Alignment in bytes.
    pub align: u64,
    /// What it is made of.
    pub kind: Kind,
}

/// What a type is made of; names as in package reflect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `bool`, the integers, `uintptr`: equal where the bytes are equal.
    Scalar(Scalar),
    /// `float32`, `float64`; by [`GoType::size`].
    Float,
    /// `complex64`, `complex128`; by [`GoType::size`].
    Complex,
    /// Pointer and length.
    String,
    /// `*T`, `unsafe.Pointer`, `chan T`: one word that points and is compared as a word.
    Pointer,
    /// `map[K]V`, `func(…)`: one word that points and can't be a key.
    Reference,
    /// Pointer, length, capacity; can't be a key.
    Slice,
    /// Type or method table, and data.
    Interface {
        /// True for `any` and other interfaces without methods.
        empty: bool,
    },
    /// `[len]elem`
    Array {
        /// Number of elements.
        len: u64,
        /// Their type.
        elem: Box<GoType>,
    },
    /// `struct{…}`
    Struct {
        /// In memory order.
        fields: Vec<Field>,
    },
}

/// The kinds that are plain bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Scalar {
    Bool,
    Int { signed: bool },
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// `_` for a blank field, which is neither compared nor hashed.
    pub name: String,
    /// Bytes from the start of the struct.
    pub offset: u64,
    /// Its type.
    pub go_type: GoType,
}

impl GoType {
    /// Reads any type: `[16]byte`, `struct{a int32; b string}`.
    ///
    /// # Errors
    /// [`TypeError`], with the place in the text.
    pub fn parse(text: &str, arch: Arch) -> Result<Self, TypeError> {
        grammar::any_type(text, arch)
    }

    /// True where Go allows ==, and so a key. An interface is comparable; whether its value is shows when it is hashed.
    pub fn is_comparable(&self) -> bool {
        match &self.kind {
            Kind::Scalar(_)
            | Kind::Float
            | Kind::Complex
            | Kind::String
            | Kind::Pointer
            | Kind::Interface { .. } => true,
            Kind::Reference | Kind::Slice => false,
            Kind::Array { elem, .. } => elem.is_comparable(),
            Kind::Struct { fields } => fields.iter().all(|field| field.go_type.is_comparable()),
        }
    }

    /// True where the collector has to look into a value.
    pub fn has_pointers(&self) -> bool {
        match &self.kind {
            Kind::Scalar(_) | Kind::Float | Kind::Complex => false,
            Kind::String
            | Kind::Pointer
            | Kind::Reference
            | Kind::Slice
            | Kind::Interface { .. } => true,
            Kind::Array { len, elem } => *len > 0 && elem.has_pointers(),
            Kind::Struct { fields } => fields.iter().any(|field| field.go_type.has_pointers()),
        }
    }
}

/// Why a text or tree is no type that can be computed with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TypeError {
    /// The text does not follow Go's grammar; `at` is the byte where that shows.
    #[error("\"{text}\" is not a Go type: {expected} expected at byte {at}")]
    Malformed {
        /// The whole text.
        text: String,
        /// Byte offset.
        at: usize,
        /// What could have stood there.
        expected: &'static str,
    },
    /// A type that is only named.
    #[error(
        "what {0} is made of can't be told from its name; write its underlying type, such as struct{{a int; b string}}, or give a type tree"
    )]
    Named(String),
    /// A type that Go does not allow as a key.
    #[error("{0} can't be a map key: it has no ==")]
    NotComparable(String),
    /// A type that stands in an interface as if it were one.
    #[error("{0} can't stand in an interface type: it is not an interface")]
    NotAnInterface(String),
    /// A map type was wanted.
    #[error("{0} is not a map type; write map[KEY]ELEM")]
    NotAMap(String),
    /// Nested too deeply, larger than the address space, or exploding when written out.
    #[error("the type is too large: {0}")]
    TooLarge(&'static str),
    /// A type tree that contradicts itself.
    #[error("the type tree of {name} is inconsistent: {why}")]
    Inconsistent {
        /// Type name.
        name: String,
        /// What does not fit.
        why: String,
    },
}

/// `map[K]V`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapType {
    /// K.
    pub key: GoType,
    /// V.
    pub elem: GoType,
}

impl MapType {
    /// Reads `map[string]int`.
    ///
    /// # Errors
    /// [`TypeError`], with the place in the text.
    pub fn parse(text: &str, arch: Arch) -> Result<Self, TypeError> {
        grammar::map_type(text, arch)
    }

    /// The same, with type trees in place of what the text only names.
    ///
    /// # Errors
    /// [`TypeError`], of a tree or of the part of the text that no tree replaces.
    pub fn with_trees(
        text: &str,
        key: Option<&Value>,
        elem: Option<&Value>,
        arch: Arch,
    ) -> Result<Self, TypeError> {
        let (key, elem) = match (key, elem) {
            (Some(key), Some(elem)) => (tree::go_type(key, arch)?, tree::go_type(elem, arch)?),
            (None, None) => return Self::parse(text, arch),
            (key, elem) => {
                let (key_text, elem_text) = grammar::map_parts(text)?;
                let part = |tree: Option<&Value>, syntax| match tree {
                    Some(tree) => tree::go_type(tree, arch),
                    None => resolve::resolve(syntax, text.len(), arch),
                };
                (part(key, &key_text)?, part(elem, &elem_text)?)
            }
        };
        as_key(&key)?;
        Ok(Self { key, elem })
    }
}

/// Refuses a type that can't be a key.
fn as_key(go_type: &GoType) -> Result<(), TypeError> {
    if go_type.is_comparable() {
        Ok(())
    } else {
        Err(TypeError::NotComparable(go_type.name.clone()))
    }
}

impl std::fmt::Display for MapType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "map[{}]{}", self.key.name, self.elem.name)
    }
}
