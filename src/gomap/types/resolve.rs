//! Sizes, alignments and offsets: from a type as it is spelled to a [`GoType`].
//!
//! ```text
//!                64-bit              32-bit: nothing is aligned to more than a word
//! struct{        size 40, align 8    size 24, align 4
//!   a int16      0                   0
//!   b struct{    8                   4
//!     c byte       8                   4
//!     d int64      16                  8
//!     e byte       24                  16
//!   }            .. 32               .. 20
//!   f byte       32                  20
//! }
//! ```
//!
//! A field stands at the next multiple of its alignment; a struct is as aligned as its strictest field and padded to a multiple of
//! that. A last field without size costs a byte, unless nothing is before it: a pointer to it would point behind the struct.

use super::super::target::Arch;
use super::grammar::{self, Element, FieldGroup, Syntax};
use super::{Field, GoType, Kind, Scalar, TypeError, print};

/// Names in a resolved type may have this many times the bytes of its text (and at least [`LEAST_NAMES`]): every level of nesting
/// repeats the names inside it, and `a, b, c T` repeats T. More is a text made to explode.
const NAMES_PER_TEXT: usize = 64;

/// See [`NAMES_PER_TEXT`].
const LEAST_NAMES: usize = 4096;

/// How many bytes a basic type has.
#[derive(Clone, Copy)]
enum Size {
    Bytes(u64),
    Words(u64),
}

/// The predeclared types and `unsafe.Pointer`; alignment is the size of the part, but at most a word.
const BASICS: &[(&str, Kind, Size)] = &[
    ("bool", Kind::Scalar(Scalar::Bool), Size::Bytes(1)),
    ("int", SIGNED, Size::Words(1)),
    ("int8", SIGNED, Size::Bytes(1)),
    ("int16", SIGNED, Size::Bytes(2)),
    ("int32", SIGNED, Size::Bytes(4)),
    ("int64", SIGNED, Size::Bytes(8)),
    ("rune", SIGNED, Size::Bytes(4)),
    ("uint", UNSIGNED, Size::Words(1)),
    ("uint8", UNSIGNED, Size::Bytes(1)),
    ("uint16", UNSIGNED, Size::Bytes(2)),
    ("uint32", UNSIGNED, Size::Bytes(4)),
    ("uint64", UNSIGNED, Size::Bytes(8)),
    ("byte", UNSIGNED, Size::Bytes(1)),
    ("uintptr", UNSIGNED, Size::Words(1)),
    ("float32", Kind::Float, Size::Bytes(4)),
    ("float64", Kind::Float, Size::Bytes(8)),
    ("complex64", Kind::Complex, Size::Bytes(8)),
    ("complex128", Kind::Complex, Size::Bytes(16)),
    ("string", Kind::String, Size::Words(2)),
    ("error", Kind::Interface { empty: false }, Size::Words(2)),
    ("any", Kind::Interface { empty: true }, Size::Words(2)),
    ("unsafe.Pointer", Kind::Pointer, Size::Words(1)),
];

const SIGNED: Kind = Kind::Scalar(Scalar::Int { signed: true });
const UNSIGNED: Kind = Kind::Scalar(Scalar::Int { signed: false });

/// Types of the standard library that are used as keys and elements, with what they are made of; the same in Go 1.19 and 1.27 and
/// not likely to change, since programs rely on it. Of an interface only matters that it has methods.
const STANDARD: &[(&str, &str)] = &[
    ("time.Duration", "int64"),
    ("time.Month", "int"),
    ("time.Weekday", "int"),
    (
        "time.Time",
        "struct{ wall uint64; ext int64; loc *time.Location }",
    ),
    ("fs.FileMode", "uint32"),
    ("os.FileMode", "uint32"),
    ("reflect.Kind", "uint"),
    ("syscall.Signal", "int"),
    ("syscall.Errno", "uintptr"),
    ("net.IP", "[]byte"),
    ("net.HardwareAddr", "[]byte"),
    ("http.Header", "map[string][]string"),
    ("http.ConnState", "int"),
    ("url.Values", "map[string][]string"),
    ("token.Pos", "int"),
    ("context.Context", "interface{ Err() error }"),
    ("fmt.Stringer", "interface{ String() string }"),
    ("io.Reader", "interface{ Read([]byte) (int, error) }"),
    ("io.Writer", "interface{ Write([]byte) (int, error) }"),
    ("net.Addr", "interface{ String() string }"),
    ("net.Conn", "interface{ Close() error }"),
    ("reflect.Type", "interface{ Name() string }"),
    ("http.Handler", "interface{ ServeHTTP() }"),
];

/// Gives a type its sizes; `text_len` is the length of the text it was read from.
pub(in crate::gomap) fn resolve(
    syntax: &Syntax<'_>,
    text_len: usize,
    arch: Arch,
) -> Result<GoType, TypeError> {
    let names_left = text_len.saturating_mul(NAMES_PER_TEXT).max(LEAST_NAMES);
    Resolver { arch, names_left }.go_type(syntax)
}

struct Resolver {
    arch: Arch,
    names_left: usize,
}

impl Resolver {
    /// Recurses as deep as the grammar did, which bounds it.
    fn go_type(&mut self, syntax: &Syntax<'_>) -> Result<GoType, TypeError> {
        let name = print::name(syntax, self.names_left).ok_or(TOO_LONG)?;
        self.names_left -= name.len();
        let one = |kind, words| Ok(of_words(name.clone(), kind, words, self.arch));
        match syntax {
            Syntax::Name { path, args } if args.is_empty() => self.named(path, name),
            Syntax::Name { .. } => Err(TypeError::Named(name)),
            Syntax::Pointer(_) | Syntax::Chan { .. } => one(Kind::Pointer, 1),
            Syntax::Map { .. } | Syntax::Func(_) => one(Kind::Reference, 1),
            Syntax::Slice(_) => one(Kind::Slice, 3),
            Syntax::Interface(elements) => {
                let empty = self.is_empty_interface(elements)?;
                Ok(of_words(name, Kind::Interface { empty }, 2, self.arch))
            }
            Syntax::Array { len, elem } => {
                let elem = self.go_type(elem)?;
                array(name, *len, elem, self.arch)
            }
            Syntax::Struct(groups) => self.structure(name, groups),
        }
    }

    fn named(&mut self, path: &str, name: String) -> Result<GoType, TypeError> {
        if let Some(basic) = basic(path, self.arch) {
            return Ok(GoType { name, ..basic });
        }
        let Some((_, underlying)) = STANDARD.iter().find(|(known, _)| *known == path) else {
            return Err(TypeError::Named(name));
        };
        let underlying = grammar::any_type(underlying, self.arch)?;
        Ok(GoType { name, ..underlying })
    }

    /// An interface without methods. Of an embedded one that is only named it can't be told, unless there are others.
    fn is_empty_interface(&mut self, elements: &[Element<'_>]) -> Result<bool, TypeError> {
        let method = |element: &Element<'_>| matches!(element, Element::Method { .. });
        if elements.iter().any(method) {
            return Ok(false);
        }
        for element in elements {
            let Element::Embedded(embedded) = element else {
                continue;
            };
            let embedded = self.go_type(embedded)?;
            match embedded.kind {
                Kind::Interface { empty: true } => {}
                Kind::Interface { empty: false } => return Ok(false),
                _ => return Err(TypeError::NotAnInterface(embedded.name)),
            }
        }
        Ok(true)
    }

    fn structure(&mut self, name: String, groups: &[FieldGroup<'_>]) -> Result<GoType, TypeError> {
        let mut placed = Placed::default();
        for group in groups {
            for field in &group.names {
                let go_type = self.go_type(&group.go_type)?;
                self.names_left = self.names_left.checked_sub(field.len()).ok_or(TOO_LONG)?;
                placed.push(&name, (*field).to_owned(), go_type, None, self.arch)?;
            }
        }
        placed.into_type(name, None, None, self.arch)
    }
}

const TOO_LONG: TypeError = TypeError::TooLarge("its parts, written out, are too many");
const BEYOND_MEMORY: TypeError = TypeError::TooLarge("no value of it fits into memory");

/// A predeclared type.
pub(in crate::gomap) fn basic(name: &str, arch: Arch) -> Option<GoType> {
    let (_, kind, size) = BASICS.iter().find(|(known, _, _)| *known == name)?;
    let word = arch.word();
    let size = match *size {
        Size::Bytes(bytes) => bytes,
        Size::Words(words) => words * word,
    };
    let part = match kind {
        Kind::Complex => size / 2,
        _ => size,
    };
    Some(GoType {
        name: name.to_owned(),
        size,
        align: part.min(word),
        kind: kind.clone(),
    })
}

/// A type of so many words.
pub(super) fn of_words(name: String, kind: Kind, words: u64, arch: Arch) -> GoType {
    GoType {
        name,
        size: words * arch.word(),
        align: arch.word(),
        kind,
    }
}

/// The largest type that the compiler takes, or a little more on some machines.
fn largest(arch: Arch) -> u64 {
    if arch.word() == 8 {
        1 << 50
    } else {
        u64::from(u32::MAX)
    }
}

/// `[len]elem`
pub(in crate::gomap) fn array(
    name: String,
    len: u64,
    elem: GoType,
    arch: Arch,
) -> Result<GoType, TypeError> {
    let size = elem.size.checked_mul(len);
    let size = size
        .filter(|&size| size <= largest(arch))
        .ok_or(BEYOND_MEMORY)?;
    Ok(GoType {
        name,
        size,
        align: elem.align,
        kind: Kind::Array {
            len,
            elem: Box::new(elem),
        },
    })
}

/// The fields of a struct, each put behind the one before.
#[derive(Default)]
pub(super) struct Placed {
    fields: Vec<Field>,
    /// Bytes so far.
    end: u64,
    align: u64,
}

impl Placed {
    /// Puts a field of the struct `outer` at `offset`, or where Go would. An offset inside the fields before is [`TypeError::Inconsistent`].
    pub fn push(
        &mut self,
        outer: &str,
        name: String,
        go_type: GoType,
        offset: Option<u64>,
        arch: Arch,
    ) -> Result<(), TypeError> {
        let next = self.end.next_multiple_of(go_type.align.max(1));
        let offset = offset.unwrap_or(next);
        if offset < self.end {
            return Err(TypeError::Inconsistent {
                why: format!(
                    "field {name} begins at {offset}, inside the one before it, which ends at {}",
                    self.end
                ),
                name: outer.to_owned(),
            });
        }
        self.end = offset
            .checked_add(go_type.size)
            .filter(|&end| end <= largest(arch))
            .ok_or(BEYOND_MEMORY)?;
        self.align = self.align.max(go_type.align);
        self.fields.push(Field {
            name,
            offset,
            go_type,
        });
        Ok(())
    }

    /// The struct; `size` and `align` where they are known from elsewhere, which has to fit the fields.
    pub fn into_type(
        self,
        name: String,
        size: Option<u64>,
        align: Option<u64>,
        arch: Arch,
    ) -> Result<GoType, TypeError> {
        let least = self.align.max(1);
        let align = align.unwrap_or(least);
        let last = self.fields.last();
        let costs_a_byte = self.end > 0 && last.is_some_and(|field| field.go_type.size == 0);
        let wanted = (self.end + u64::from(costs_a_byte)).next_multiple_of(align.max(1));
        let size = size.unwrap_or(wanted);
        let why = if align < least {
            Some(format!(
                "alignment {align}, but a field of it needs {least}"
            ))
        } else if size < self.end || size > largest(arch) {
            Some(format!("{size} bytes, but its fields end at {}", self.end))
        } else {
            None
        };
        match why {
            Some(why) => Err(TypeError::Inconsistent { name, why }),
            None => Ok(GoType {
                name,
                size,
                align,
                kind: Kind::Struct {
                    fields: self.fields,
                },
            }),
        }
    }
}
