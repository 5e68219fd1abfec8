//! Go literals as keys: from `struct{a int32; b string}{1, "x"}` to the bytes that stand in memory.
//!
//! ```text
//! map[string]T          "x\001"            `raw`            hex:7801 (the string's bytes)
//! map[int32]T           42  -0x1f  'a'     int32(42)        hex:2a000000 (the memory, as for all other types)
//! map[[4]int]T          [4]int{2: 5}       {1, 2, 3, 4}
//! map[main.Key]T        main.Key{ID: 1}    {1, "x"}
//! map[any]T             42 (an int)  int64(42)  'a' (an int32)  1.5  "x"  [2]int{1, 2}  (*main.T)(0xc000012340)  nil
//! map[*T]T, map[chan T] 0xc000012340       nil
//! ```
//!
//! Where Go and debuggers differ, both are taken: Go has no constant -0, NaN or infinity, so `-0.0` is the negative zero and `NaN`,
//! `+Inf`, `-Inf` stand for `math.NaN()` and `math.Inf`. Inside an interface with methods a value is written by its underlying
//! type, since the hash does not see names. Words that refer elsewhere (of strings and interfaces) are set only so far that a
//! reader of the bytes isn't misled: a string's length, and 1 as the type of an interface that isn't nil.

use super::super::target::Arch;
use super::super::tokens::{Why, Wrong};
use super::super::types::grammar::Syntax;
use super::super::types::{Field, GoType, Kind, Scalar, TypeError, resolve};
use super::expression::{self, Element, ElementKey, Expr, Head, What};
use super::number::{self, Width};
use super::{Dynamic, Image, KeyError, Referent, from_hex};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of all images that one literal makes. `[1000000]int{}` is short to write; keys of that size are not met.
const LARGEST_IMAGES: u64 = 1 << 20;

impl Image {
    /// Reads a Go literal, or `hex:…`, as a value of `go_type`.
    ///
    /// # Errors
    /// [`KeyError`], with the place in the text where there is one.
    pub fn parse(literal: &str, go_type: &GoType, arch: Arch) -> Result<Self, KeyError> {
        if let Some(digits) = literal.trim().strip_prefix("hex:") {
            return from_hex_literal(literal, digits, go_type);
        }
        let fault = |wrong: Wrong<'_>| KeyError::Literal {
            literal: literal.to_owned(),
            go_type: go_type.name.clone(),
            why: match wrong.why {
                Why::Expected(what) => format!("{what} expected"),
                Why::TooDeep => "it nests too deeply".to_owned(),
            },
            at: wrong.offset(literal),
        };
        let (_, expr) = expression::literal(literal).map_err(|error| fault(Wrong::of(error)))?;
        let mut budget = LARGEST_IMAGES;
        let text = Text { literal, arch };
        text.image(&expr, go_type, &mut budget)
    }
}

/// `hex:…`: a string's bytes, or the memory of anything else.
fn from_hex_literal(literal: &str, digits: &str, go_type: &GoType) -> Result<Image, KeyError> {
    let bytes = from_hex(digits.trim()).ok_or_else(|| KeyError::Literal {
        literal: literal.to_owned(),
        go_type: go_type.name.clone(),
        why: "pairs of hex digits expected behind hex:".to_owned(),
        at: literal.len() - literal.trim_start().len() + "hex:".len(),
    })?;
    if go_type.kind != Kind::String {
        return Image::assemble(go_type, bytes, BTreeMap::new());
    }
    let mut memory = vec![0; go_type.size as usize];
    put(&mut memory, go_type.size / 2, &bytes.len().to_le_bytes());
    let refs = BTreeMap::from([(0, Referent::Str(bytes))]);
    Image::assemble(go_type, memory, refs)
}

/// Puts a number's low bytes at an offset, as many as fit its word or field.
fn put(memory: &mut [u8], offset: u64, bytes: &[u8]) {
    let behind = usize::try_from(offset)
        .ok()
        .and_then(|at| memory.get_mut(at..));
    for (to, from) in behind.into_iter().flatten().zip(bytes) {
        *to = *from;
    }
}

/// The literal as a whole, for messages.
struct Text<'t> {
    literal: &'t str,
    arch: Arch,
}

/// A value that is being written.
struct Memory<'b> {
    bytes: Vec<u8>,
    refs: BTreeMap<u64, Referent>,
    /// Bytes that other images may still have.
    budget: &'b mut u64,
}

impl<'t> Text<'t> {
    fn wrong<T>(
        &self,
        expr: &Expr<'_>,
        go_type: &GoType,
        why: impl Into<String>,
    ) -> Result<T, KeyError> {
        Err(KeyError::Literal {
            literal: self.literal.to_owned(),
            go_type: go_type.name.clone(),
            why: why.into(),
            at: self.literal.len().saturating_sub(expr.rest.len()),
        })
    }

    /// The memory of a whole value.
    fn image(
        &self,
        expr: &Expr<'_>,
        go_type: &GoType,
        budget: &mut u64,
    ) -> Result<Image, KeyError> {
        let Some(left) = budget.checked_sub(go_type.size) else {
            return self.wrong(expr, go_type, "keys of more than a MiB are not computed");
        };
        *budget = left;
        let mut memory = Memory {
            bytes: vec![0; go_type.size as usize],
            refs: BTreeMap::new(),
            budget,
        };
        self.write(expr, go_type, 0, &mut memory)?;
        Image::assemble(go_type, memory.bytes, memory.refs)
    }

    /// Writes a value of `go_type` at an offset. Recurses as deep as the type.
    fn write(
        &self,
        expr: &Expr<'_>,
        go_type: &GoType,
        offset: u64,
        memory: &mut Memory<'_>,
    ) -> Result<(), KeyError> {
        if let Kind::Interface { .. } = go_type.kind {
            return self.interface(expr, go_type, offset, memory);
        }
        if let What::Conversion { to, to_len, inner } = &expr.what {
            self.same_type(expr, to, *to_len, go_type)?;
            return self.write(inner, go_type, offset, memory);
        }
        match &go_type.kind {
            Kind::Array { len, elem } => self.array(expr, go_type, (*len, elem), offset, memory),
            Kind::Struct { fields } => self.structure(expr, go_type, fields, offset, memory),
            Kind::String => {
                let What::Text(text) = &expr.what else {
                    let why = match &expr.what {
                        What::Complex { call: false, .. } => NO_SUM,
                        _ => "a string in quotes expected",
                    };
                    return self.wrong(expr, go_type, why);
                };
                let word = go_type.size / 2;
                let length = text.len().to_le_bytes();
                put(&mut memory.bytes, offset + word, low(&length, word));
                memory.refs.insert(offset, Referent::Str(text.clone()));
                Ok(())
            }
            Kind::Complex => {
                let half = go_type.size / 2;
                let parts = number::complex(expr, Width::of(half));
                let (real, imaginary) = parts.or_else(|why| self.wrong(expr, go_type, why))?;
                put(&mut memory.bytes, offset, low(&real.to_le_bytes(), half));
                let imaginary = imaginary.to_le_bytes();
                put(&mut memory.bytes, offset + half, low(&imaginary, half));
                Ok(())
            }
            _ => {
                let bits = self.bits(expr, go_type)?.to_le_bytes();
                put(&mut memory.bytes, offset, low(&bits, go_type.size));
                Ok(())
            }
        }
    }

    /// The low bytes of a value that fits into eight; of a slice, map or function, which can only be nil, all are zero.
    fn bits(&self, expr: &Expr<'_>, go_type: &GoType) -> Result<u64, KeyError> {
        match (&go_type.kind, &expr.what) {
            (Kind::Scalar(Scalar::Bool), What::Bool(value)) => Ok(u64::from(*value)),
            (Kind::Scalar(Scalar::Bool), _) => self.wrong(expr, go_type, "true or false expected"),
            (Kind::Scalar(Scalar::Int { signed }), _) => self.integer(expr, go_type, *signed),
            (Kind::Float, _) => number::real(expr, Width::of(go_type.size))
                .or_else(|why| self.wrong(expr, go_type, why)),
            (Kind::Pointer, _) => self.address(expr, go_type),
            (_, What::Nil) => Ok(0),
            _ => self.wrong(expr, go_type, "only nil can be written of such a type"),
        }
    }

    /// Refuses a type in the text that isn't the one expected. A name whose type isn't known is taken to be right.
    fn same_type(
        &self,
        expr: &Expr<'_>,
        written: &Syntax<'_>,
        written_len: usize,
        go_type: &GoType,
    ) -> Result<(), KeyError> {
        match resolve::resolve(written, written_len, self.arch) {
            Ok(written) if written.name == go_type.name || same_memory(&written, go_type) => Ok(()),
            Ok(written) => self.wrong(expr, go_type, format!("its type is {}", written.name)),
            Err(TypeError::Named(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A whole number in the range of its type, as two's complement.
    fn integer(&self, expr: &Expr<'_>, go_type: &GoType, signed: bool) -> Result<u64, KeyError> {
        let Some(value) = number::whole(expr) else {
            return self.wrong(expr, go_type, "a whole number expected");
        };
        let bits = go_type.size.min(8) * 8;
        let (least, most) = match signed {
            true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
            false => (0, (1i128 << bits) - 1),
        };
        if (least..=most).contains(&value) {
            Ok(value as u64)
        } else {
            self.wrong(expr, go_type, format!("{least} to {most} expected"))
        }
    }

    /// What a pointer or channel holds.
    fn address(&self, expr: &Expr<'_>, go_type: &GoType) -> Result<u64, KeyError> {
        let most = (1i128 << (go_type.size.min(8) * 8)) - 1;
        let address = match &expr.what {
            What::Nil => Some(0),
            What::Number(_) => number::whole(expr).filter(|&address| address <= most),
            _ => None,
        };
        match address.and_then(|address| u64::try_from(address).ok()) {
            Some(address) => Ok(address),
            None => self.wrong(
                expr,
                go_type,
                "nil or an address such as 0xc000012345 expected",
            ),
        }
    }

    /// The elements of a composite literal, after its type was compared.
    fn elements<'e>(
        &self,
        expr: &'e Expr<'t>,
        go_type: &GoType,
    ) -> Result<&'e [Element<'t>], KeyError> {
        let What::Composite { head, elements } = &expr.what else {
            return self.wrong(expr, go_type, "{…} expected");
        };
        match head {
            Head::None => {}
            Head::Type { syntax, len } => self.same_type(expr, syntax, *len, go_type)?,
            Head::Counted { elem, len } => {
                let counted = self.counted(expr, elem, *len, elements)?;
                if !same_memory(&counted, go_type) {
                    return self.wrong(expr, go_type, format!("its type is {}", counted.name));
                }
            }
        }
        Ok(elements)
    }

    /// The type of `[...]T{…}`.
    fn counted(
        &self,
        expr: &Expr<'_>,
        elem: &Syntax<'_>,
        text_len: usize,
        elements: &[Element<'_>],
    ) -> Result<GoType, KeyError> {
        let elem = resolve::resolve(elem, text_len, self.arch)?;
        let mut len = 0;
        let mut next = 0;
        for element in elements {
            next = self.index(expr, &elem, element, next)?;
            len = len.max(next);
        }
        let name = format!("[{len}]{}", elem.name);
        Ok(resolve::array(name, len, elem, self.arch)?)
    }

    /// One more than the index an element is for, where `next` is that of an element without one.
    fn index(
        &self,
        expr: &Expr<'_>,
        go_type: &GoType,
        element: &Element<'_>,
        next: u64,
    ) -> Result<u64, KeyError> {
        let index = match &element.key {
            ElementKey::None => Some(next),
            ElementKey::Index(index) => {
                number::whole(index).and_then(|index| u64::try_from(index).ok())
            }
            ElementKey::Field(_) => None,
        };
        match index.and_then(|index| index.checked_add(1)) {
            Some(behind) => Ok(behind),
            None => self.wrong(expr, go_type, "an index before : has to be a whole number"),
        }
    }

    fn array(
        &self,
        expr: &Expr<'t>,
        go_type: &GoType,
        (len, elem): (u64, &GoType),
        offset: u64,
        memory: &mut Memory<'_>,
    ) -> Result<(), KeyError> {
        let mut behind = 0;
        let mut given = BTreeSet::new();
        for element in self.elements(expr, go_type)? {
            behind = self.index(&element.value, go_type, element, behind)?;
            let index = behind - 1;
            if index >= len {
                return self.wrong(
                    &element.value,
                    go_type,
                    format!("there is no element {index}"),
                );
            }
            if !given.insert(index) {
                return self.wrong(
                    &element.value,
                    go_type,
                    format!("element {index} is given twice"),
                );
            }
            self.write(&element.value, elem, offset + index * elem.size, memory)?;
        }
        Ok(())
    }

    fn structure(
        &self,
        expr: &Expr<'t>,
        go_type: &GoType,
        fields: &[Field],
        offset: u64,
        memory: &mut Memory<'_>,
    ) -> Result<(), KeyError> {
        let elements = self.elements(expr, go_type)?;
        let has_name = |element: &Element<'_>| matches!(element.key, ElementKey::Field(_));
        let named = elements.first().is_some_and(has_name);
        if !named && !elements.is_empty() && elements.len() != fields.len() {
            let why = format!(
                "all {} fields, or names before the values, expected",
                fields.len()
            );
            return self.wrong(expr, go_type, why);
        }
        let mut given = BTreeSet::new();
        for (at, element) in elements.iter().enumerate() {
            let value = &element.value;
            let found = match element.key {
                ElementKey::Field(name) if named => fields
                    .iter()
                    .find(|field| field.name == name && name != "_"),
                ElementKey::None if !named => fields.get(at),
                _ => return self.wrong(value, go_type, "names before all values or none expected"),
            };
            let Some(field) = found else {
                return self.wrong(value, go_type, "there is no field of that name");
            };
            if named && !given.insert(&field.name) {
                return self.wrong(value, go_type, format!("{} is given twice", field.name));
            }
            self.write(value, &field.go_type, offset + field.offset, memory)?;
        }
        Ok(())
    }

    /// An interface's value, with the type it says or the one Go gives to constants.
    fn interface(
        &self,
        expr: &Expr<'_>,
        go_type: &GoType,
        offset: u64,
        memory: &mut Memory<'_>,
    ) -> Result<(), KeyError> {
        let (dynamic, value) = match &expr.what {
            What::Complex {
                call: false, real, ..
            } if !is_number(real) => {
                return self.wrong(expr, go_type, NO_SUM);
            }
            What::Nil => {
                memory.refs.insert(offset, Referent::Iface(None));
                return Ok(());
            }
            What::Conversion { to, to_len, inner } => {
                (resolve::resolve(to, *to_len, self.arch)?, inner.as_ref())
            }
            _ => (self.default_type(expr, go_type)?, expr),
        };
        if let Kind::Interface { .. } = dynamic.kind {
            return self.interface(value, go_type, offset, memory);
        }
        if !dynamic.is_comparable() {
            return Err(KeyError::Unhashable(dynamic.name));
        }
        let image = self.image(value, &dynamic, memory.budget)?;
        put(&mut memory.bytes, offset, &[1]);
        let dynamic = Dynamic {
            go_type: dynamic,
            image,
        };
        memory
            .refs
            .insert(offset, Referent::Iface(Some(Box::new(dynamic))));
        Ok(())
    }

    /// The type of a literal where nothing else says it.
    fn default_type(&self, expr: &Expr<'_>, go_type: &GoType) -> Result<GoType, KeyError> {
        let basic = match &expr.what {
            What::Composite { head, elements } => {
                return match head {
                    Head::Type { syntax, len } => Ok(resolve::resolve(syntax, *len, self.arch)?),
                    Head::Counted { elem, len } => self.counted(expr, elem, *len, elements),
                    Head::None => self.wrong(expr, go_type, "a type before { expected"),
                };
            }
            What::Signed { inner, .. } => match inner.what {
                What::Number(_) | What::Char(_) | What::Special { .. } => {
                    return self.default_type(inner, go_type);
                }
                _ => return self.wrong(expr, go_type, "a number expected behind the sign"),
            },
            What::Bool(_) => "bool",
            What::Text(_) => "string",
            What::Char(_) => "int32",
            What::Complex { .. } => "complex128",
            What::Special { imaginary, .. } => ["float64", "complex128"][usize::from(*imaginary)],
            What::Number(text) if text.ends_with('i') => "complex128",
            What::Number(text) if number::is_integer(text) => "int",
            What::Number(_) => "float64",
            What::Nil | What::Conversion { .. } => "",
        };
        match resolve::basic(basic, self.arch) {
            Some(go_type) => Ok(go_type),
            None => self.wrong(expr, go_type, "a value expected"),
        }
    }
}

/// Instead of a constant expression's value: `"a"+"b"`.
const NO_SUM: &str = "expressions are not computed, so the value itself is expected";

/// Whether it can be the real part of a complex number.
fn is_number(expr: &Expr<'_>) -> bool {
    match &expr.what {
        What::Signed { inner, .. } => is_number(inner),
        what => matches!(what, What::Number(_) | What::Char(_) | What::Special { .. }),
    }
}

/// The first `count` bytes.
fn low(bytes: &[u8], count: u64) -> &[u8] {
    bytes.get(..count as usize).unwrap_or(bytes)
}

/// True where values of two types look the same, whatever the types and their parts are called.
fn same_memory(one: &GoType, other: &GoType) -> bool {
    let parts = match (&one.kind, &other.kind) {
        (
            Kind::Array { len, elem },
            Kind::Array {
                len: other_len,
                elem: other_elem,
            },
        ) => len == other_len && same_memory(elem, other_elem),
        (
            Kind::Struct { fields },
            Kind::Struct {
                fields: other_fields,
            },
        ) => {
            let same = |(field, other): (&Field, &Field)| {
                field.name == other.name
                    && field.offset == other.offset
                    && same_memory(&field.go_type, &other.go_type)
            };
            fields.len() == other_fields.len() && fields.iter().zip(other_fields).all(same)
        }
        (Kind::Array { .. } | Kind::Struct { .. }, _) => false,
        (kind, other_kind) => kind == other_kind,
    };
    one.size == other.size && parts
}

#[cfg(test)]
mod tests;
