//! The text of a Go literal, before its type is known.
//!
//! ```text
//! 42  -0x1f  'a'  1.5e3  (1+2i)  "x\001"  `raw`  true  nil  NaN  -Inf  math.NaN()
//! [16]byte{1, 15: 0xff}   [...]int{1, 2}   {a: 1, b: {"x", "y"}}   main.Key{1, "x"}
//! int64(5)   time.Duration(1500)   (*main.T)(0xc000012340)   complex(1, -2)
//! ```
//!
//! [`super::literal`] gives an [`Expr`] its type and turns it into memory. Types inside are read by [`super::super::types::grammar`].

use super::super::tokens::{
    Read, character, end, expected, identifier, list, number, skip_blanks, string, symbol, too_deep,
};
use super::super::types::MAX_DEPTH;
use super::super::types::grammar::{Syntax, go_type};
use nom::Parser;
use nom::sequence::delimited;

/// A part of a literal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expr<'t> {
    /// The literal's text from here on.
    pub rest: &'t str,
    pub what: What<'t>,
}

/// What stands there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What<'t> {
    Nil,
    Bool(bool),
    /// Digits as written; an imaginary one ends with `i`.
    Number(&'t str),
    /// `NaN`, `Inf`; as Go prints them in complex numbers, `NaNi`.
    Special {
        value: f64,
        imaginary: bool,
    },
    Char(u32),
    Text(Vec<u8>),
    Signed {
        minus: bool,
        inner: Box<Expr<'t>>,
    },
    /// Real and imaginary part: `1-2i`, `complex(1, -2)`.
    Complex {
        real: Box<Expr<'t>>,
        minus: bool,
        imaginary: Box<Expr<'t>>,
        /// Of `complex(…)`, where the second number has no `i`.
        call: bool,
    },
    /// `T{…}`, `{…}`
    Composite {
        head: Head<'t>,
        elements: Vec<Element<'t>>,
    },
    /// `T(x)`
    Conversion {
        to: Syntax<'t>,
        /// Bytes of the type's text.
        to_len: usize,
        inner: Box<Expr<'t>>,
    },
}

/// The type in front of a brace.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Head<'t> {
    None,
    Type {
        syntax: Syntax<'t>,
        len: usize,
    },
    /// `[...]T`: as long as the elements say.
    Counted {
        elem: Syntax<'t>,
        len: usize,
    },
}

/// A value between braces.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Element<'t> {
    pub key: ElementKey<'t>,
    pub value: Expr<'t>,
}

/// What stands before its colon.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ElementKey<'t> {
    None,
    Field(&'t str),
    Index(Expr<'t>),
}

/// A text that is nothing but a literal.
pub(super) fn literal(text: &str) -> Read<'_, Expr<'_>> {
    let (rest, (expr, ())) = (|i| expression(i, 0), end).parse(text)?;
    Ok((rest, expr))
}

/// A literal, or the sum of a real and an imaginary one; `depth` is the number of literals around it.
fn expression(i: &str, depth: usize) -> Read<'_, Expr<'_>> {
    let start = skip_blanks(i);
    let (rest, real) = term(start, depth)?;
    let sign = |rest| {
        let plus = symbol("+")(rest).map(|(rest, ())| (rest, false));
        plus.or_else(|_| symbol("-")(rest).map(|(rest, ())| (rest, true)))
    };
    let Ok((rest, minus)) = sign(rest) else {
        return Ok((rest, real));
    };
    let (rest, imaginary) = term(rest, depth)?;
    let what = What::Complex {
        real: Box::new(real),
        minus,
        imaginary: Box::new(imaginary),
        call: false,
    };
    Ok((rest, Expr { rest: start, what }))
}

/// One literal, with its sign.
fn term(i: &str, depth: usize) -> Read<'_, Expr<'_>> {
    let i = skip_blanks(i);
    if depth >= MAX_DEPTH {
        return too_deep(i);
    }
    let inner = depth + 1;
    let here = |(rest, what)| (rest, Expr { rest: i, what });
    match i.chars().next() {
        Some(sign @ ('-' | '+')) => {
            let (rest, operand) = term(i.get(1..).unwrap_or_default(), inner)?;
            let what = What::Signed {
                minus: sign == '-',
                inner: Box::new(operand),
            };
            Ok(here((rest, what)))
        }
        Some('"' | '`') => string(i).map(|(rest, text)| here((rest, What::Text(text)))),
        Some('\'') => character(i).map(|(rest, value)| here((rest, What::Char(value)))),
        Some('0'..='9' | '.') => number(i).map(|(rest, text)| here((rest, What::Number(text)))),
        Some('{') => {
            let (rest, elements) = braces(i, inner)?;
            let head = Head::None;
            Ok(here((rest, What::Composite { head, elements })))
        }
        Some('(') => parenthesis(i, inner),
        Some('&') => expected(
            i,
            "an address such as 0xc000012345, the one that the pointer holds,",
        ),
        Some(_) => match word(i, inner) {
            Some(read) => read.map(here),
            None => typed(i, inner).map(here),
        },
        None => expected(i, "a literal"),
    }
}

/// `(1+2i)`, or the type of a conversion: `(*main.T)(0xc000012340)`.
fn parenthesis(i: &str, depth: usize) -> Read<'_, Expr<'_>> {
    let in_parentheses = delimited(symbol("("), |i| go_type(i, depth), symbol(")"));
    let mut conversion = (in_parentheses, symbol("("));
    if let Ok((inside, (to, ()))) = conversion.parse(i) {
        let to_len = i.len() - inside.len();
        let (rest, what) = converted(inside, to, to_len, depth)?;
        return Ok((rest, Expr { rest: i, what }));
    }
    delimited(symbol("("), |i| expression(i, depth), symbol(")")).parse(i)
}

/// The operand of a conversion, and its parenthesis.
fn converted<'t>(i: &'t str, to: Syntax<'t>, to_len: usize, depth: usize) -> Read<'t, What<'t>> {
    let (i, inner) = expression(i, depth)?;
    let (i, ()) = symbol(")")(i)?;
    let inner = Box::new(inner);
    Ok((i, What::Conversion { to, to_len, inner }))
}

/// Words that are values by themselves, and functions that make constants; `None` for others.
fn word(i: &str, depth: usize) -> Option<Read<'_, What<'_>>> {
    const SPECIALS: &[(&str, f64)] = &[
        ("math.NaN()", f64::NAN),
        ("math.Inf(1)", f64::INFINITY),
        ("math.Inf(+1)", f64::INFINITY),
        ("math.Inf(0)", f64::INFINITY),
        ("math.Inf(-1)", f64::NEG_INFINITY),
    ];
    for &(text, value) in SPECIALS {
        if let Some(rest) = i.strip_prefix(text) {
            let imaginary = false;
            return Some(Ok((rest, What::Special { value, imaginary })));
        }
    }
    let (rest, name) = identifier(i).ok()?;
    let special = |value, imaginary| What::Special { value, imaginary };
    let what = match name {
        "nil" => What::Nil,
        "true" => What::Bool(true),
        "false" => What::Bool(false),
        "NaN" | "nan" => special(f64::NAN, false),
        "Inf" | "inf" => special(f64::INFINITY, false),
        "NaNi" => special(f64::NAN, true),
        "Infi" => special(f64::INFINITY, true),
        "complex" => return Some(complex_call(rest, depth)),
        _ => return None,
    };
    Some(Ok((rest, what)))
}

/// `(1, -2)` of `complex(1, -2)`
fn complex_call(i: &str, depth: usize) -> Read<'_, What<'_>> {
    let (i, ()) = symbol("(")(i)?;
    let (i, real) = term(i, depth)?;
    let (i, ()) = symbol(",")(i)?;
    let (i, imaginary) = term(i, depth)?;
    let (i, ()) = symbol(")")(i)?;
    let what = What::Complex {
        real: Box::new(real),
        minus: false,
        imaginary: Box::new(imaginary),
        call: true,
    };
    Ok((i, what))
}

/// A type, then braces or parentheses.
fn typed(i: &str, depth: usize) -> Read<'_, What<'_>> {
    let mut counted = (symbol("["), symbol("..."), symbol("]"));
    if let Ok((elem_text, _)) = counted.parse(i) {
        let (rest, elem) = go_type(elem_text, depth)?;
        let len = i.len() - rest.len();
        let head = Head::Counted { elem, len };
        let (rest, elements) = braces(rest, depth)?;
        return Ok((rest, What::Composite { head, elements }));
    }
    let (rest, syntax) = match go_type(i, depth) {
        Err(nom::Err::Error(wrong)) if wrong.rest.len() == i.len() => {
            return expected(i, "a literal");
        }
        read => read?,
    };
    let len = i.len() - rest.len();
    if let Ok((inside, ())) = symbol("(")(rest) {
        return converted(inside, syntax, len, depth);
    }
    if skip_blanks(rest).starts_with('{') {
        let (rest, elements) = braces(rest, depth)?;
        let head = Head::Type { syntax, len };
        return Ok((rest, What::Composite { head, elements }));
    }
    expected(
        i,
        "a literal (a constant is not known by its name; text stands in quotes)",
    )
}

/// `{1, 2: "x", a: nil}`
fn braces(i: &str, depth: usize) -> Read<'_, Vec<Element<'_>>> {
    let (i, ()) = symbol("{")(i)?;
    list(i, symbol(","), "}", |i| element(i, depth))
}

/// `a: 1`, `2: "x"`, `nil`
fn element(i: &str, depth: usize) -> Read<'_, Element<'_>> {
    let mut field = (identifier, symbol(":"));
    if let Ok((rest, (name, ()))) = field.parse(i) {
        let (rest, value) = expression(rest, depth)?;
        let key = ElementKey::Field(name);
        return Ok((rest, Element { key, value }));
    }
    let (rest, first) = expression(i, depth)?;
    let Ok((rest, ())) = symbol(":")(rest) else {
        let key = ElementKey::None;
        return Ok((rest, Element { key, value: first }));
    };
    let (rest, value) = expression(rest, depth)?;
    let key = ElementKey::Index(first);
    Ok((rest, Element { key, value }))
}
