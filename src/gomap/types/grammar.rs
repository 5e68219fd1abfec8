//! The text of a type, as people, reflect and debuggers write it.
//!
//! ```text
//! map[string]int                           map[[16]byte]*main.Session
//! map[struct{a, b int32; c string}]any     map[struct { A int32 "json:\"a\"" }]interface { String() string }
//! map[main.Pair[int,string]]<-chan func(...interface {}) (int, error)
//! ```
//!
//! [`Syntax`] is what the text says; nothing in it has a size yet, so that `*T` is read whatever T is. [`super::resolve`] gives it
//! sizes, [`super::print`] prints it as reflect does. Fields and methods may end at a line's end, as in source.

use super::super::target::Arch;
use super::super::tokens::{
    Read, Why, Wrong, end, expected, identifier, integer, keyword, list, number, qualified,
    skip_blanks, string, symbol, too_deep,
};
use super::{GoType, MAX_DEPTH, MapType, TypeError, resolve};
use nom::Parser;
use nom::branch::alt;
use nom::combinator::opt;

/// A type as it is spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gomap) enum Syntax<'t> {
    /// `int`, `main.Key`, `main.Pair[int,string]`
    Name {
        path: &'t str,
        args: Vec<Syntax<'t>>,
    },
    Pointer(Box<Syntax<'t>>),
    Slice(Box<Syntax<'t>>),
    Array {
        len: u64,
        elem: Box<Syntax<'t>>,
    },
    Map {
        key: Box<Syntax<'t>>,
        elem: Box<Syntax<'t>>,
    },
    Chan {
        direction: Direction,
        elem: Box<Syntax<'t>>,
    },
    Func(Signature<'t>),
    Struct(Vec<FieldGroup<'t>>),
    Interface(Vec<Element<'t>>),
}

/// Which way a channel goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gomap) enum Direction {
    Both,
    Receive,
    Send,
}

/// `(int, ...string) (int, error)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gomap) struct Signature<'t> {
    pub params: Vec<Param<'t>>,
    pub results: Vec<Param<'t>>,
}

/// A parameter or result; its name is no part of the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gomap) struct Param<'t> {
    /// How many there are of it in a row: two in `a, b int`.
    pub times: usize,
    /// `...T`
    pub variadic: bool,
    pub go_type: Syntax<'t>,
}

/// `a, b int32 "tag"`, or `*T` embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gomap) struct FieldGroup<'t> {
    pub names: Vec<&'t str>,
    pub embedded: bool,
    pub go_type: Syntax<'t>,
    pub tag: Option<Vec<u8>>,
}

/// What an interface asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gomap) enum Element<'t> {
    /// `String() string`
    Method {
        name: &'t str,
        signature: Signature<'t>,
    },
    /// `fmt.Stringer`
    Embedded(Syntax<'t>),
}

/// Reads `map[string]int`.
///
/// # Errors
/// [`TypeError`], with the place in the text.
pub fn map_type(text: &str, arch: Arch) -> Result<MapType, TypeError> {
    let (key, elem) = map_parts(text)?;
    let key = resolve::resolve(&key, text.len(), arch)?;
    super::as_key(&key)?;
    Ok(MapType {
        key,
        elem: resolve::resolve(&elem, text.len(), arch)?,
    })
}

/// Key and element of a map type, as spelled.
pub(super) fn map_parts(text: &str) -> Result<(Syntax<'_>, Syntax<'_>), TypeError> {
    match parse(text)? {
        Syntax::Map { key, elem } => Ok((*key, *elem)),
        _ => Err(TypeError::NotAMap(text.to_owned())),
    }
}

/// Reads any type.
///
/// # Errors
/// [`TypeError`], with the place in the text.
pub fn any_type(text: &str, arch: Arch) -> Result<GoType, TypeError> {
    resolve::resolve(&parse(text)?, text.len(), arch)
}

/// Reads a text that is nothing but a type.
pub(super) fn parse(text: &str) -> Result<Syntax<'_>, TypeError> {
    let whole = (|i| go_type(i, 0), end).parse(text);
    let wrong = match whole {
        Ok((_, (syntax, ()))) => return Ok(syntax),
        Err(error) => Wrong::of(error),
    };
    Err(match wrong.why {
        Why::TooDeep => TypeError::TooLarge(super::TOO_DEEP),
        Why::Expected(expected) => TypeError::Malformed {
            text: text.to_owned(),
            at: wrong.offset(text),
            expected,
        },
    })
}

/// Any type; `depth` is the number of types around it.
pub(in crate::gomap) fn go_type(i: &str, depth: usize) -> Read<'_, Syntax<'_>> {
    let i = skip_blanks(i);
    if depth >= MAX_DEPTH {
        return too_deep(i);
    }
    let inner = depth + 1;
    match i.chars().next() {
        Some('*') => symbol("*")(i).and_then(|(i, ())| {
            go_type(i, inner).map(|(i, elem)| (i, Syntax::Pointer(Box::new(elem))))
        }),
        Some('[') => array_or_slice(i, inner),
        Some('(') => {
            let (i, ()) = symbol("(")(i)?;
            let (i, parenthesised) = go_type(i, inner)?;
            symbol(")")(i).map(|(i, ())| (i, parenthesised))
        }
        Some('<') => receive_channel(i, inner),
        Some(c) if c == '_' || c.is_alphabetic() => word_type(i, inner),
        _ => expected(i, "a type"),
    }
}

/// `[]T`, `[4]T`
fn array_or_slice(i: &str, depth: usize) -> Read<'_, Syntax<'_>> {
    let (i, ()) = symbol("[")(i)?;
    if let Ok((i, ())) = symbol("]")(i) {
        let (i, elem) = go_type(i, depth)?;
        return Ok((i, Syntax::Slice(Box::new(elem))));
    }
    let at = skip_blanks(i);
    let len = number(i).ok().and_then(|(i, text)| {
        let len = u64::try_from(integer(text)?).ok()?;
        Some((i, len))
    });
    let Some((i, len)) = len else {
        return expected(at, "] or a length");
    };
    let (i, ()) = symbol("]")(i)?;
    let (i, elem) = go_type(i, depth)?;
    let elem = Box::new(elem);
    Ok((i, Syntax::Array { len, elem }))
}

/// `<-chan T`
fn receive_channel(i: &str, depth: usize) -> Read<'_, Syntax<'_>> {
    let (i, ((), ())) = (symbol("<-"), keyword("chan")).parse(i)?;
    channel(i, Direction::Receive, depth)
}

fn channel(i: &str, direction: Direction, depth: usize) -> Read<'_, Syntax<'_>> {
    let (i, elem) = go_type(i, depth)?;
    let elem = Box::new(elem);
    Ok((i, Syntax::Chan { direction, elem }))
}

/// A type that begins with a word: a keyword's, or a name.
fn word_type(i: &str, depth: usize) -> Read<'_, Syntax<'_>> {
    if let Ok((i, ())) = keyword("map")(i) {
        return map(i, depth);
    }
    if let Ok((i, ())) = keyword("chan")(i) {
        // The arrow belongs to the leftmost chan: `chan <-chan T` is a send channel of channels.
        return match symbol("<-")(i) {
            Ok((i, ())) => channel(i, Direction::Send, depth),
            Err(_) => channel(i, Direction::Both, depth),
        };
    }
    if let Ok((i, ())) = keyword("func")(i) {
        return signature(i, depth).map(|(i, signature)| (i, Syntax::Func(signature)));
    }
    if let Ok((i, ())) = keyword("struct")(i) {
        let (i, ()) = symbol("{")(i)?;
        return list(i, line_end, "}", |i| field(i, depth))
            .map(|(i, fields)| (i, Syntax::Struct(fields)));
    }
    if let Ok((i, ())) = keyword("interface")(i) {
        let (i, ()) = symbol("{")(i)?;
        return list(i, line_end, "}", |i| element(i, depth))
            .map(|(i, elements)| (i, Syntax::Interface(elements)));
    }
    name(i, depth)
}

/// `[K]V`
fn map(i: &str, depth: usize) -> Read<'_, Syntax<'_>> {
    let (i, ()) = symbol("[")(i)?;
    let (i, key) = go_type(i, depth)?;
    let (i, ()) = symbol("]")(i)?;
    let (i, elem) = go_type(i, depth)?;
    let (key, elem) = (Box::new(key), Box::new(elem));
    Ok((i, Syntax::Map { key, elem }))
}

/// `main.Key`, `main.Pair[int,string]`
fn name(i: &str, depth: usize) -> Read<'_, Syntax<'_>> {
    let (rest, path) = match qualified(i) {
        Ok(read) => read,
        Err(_) => return expected(i, "a type"),
    };
    let Some(inside) = rest.strip_prefix('[') else {
        return Ok((rest, Syntax::Name { path, args: vec![] }));
    };
    let (rest, args) = list(inside, symbol(","), "]", |i| go_type(i, depth))?;
    if args.is_empty() {
        return expected(inside, "a type");
    }
    Ok((rest, Syntax::Name { path, args }))
}

/// `;` or the end of a line.
fn line_end(i: &str) -> Read<'_, ()> {
    let rest = skip_blanks(i);
    match rest.strip_prefix(';') {
        Some(rest) => Ok((rest, ())),
        None if same_line(i, rest) => expected(rest, ";"),
        None => Ok((rest, ())),
    }
}

/// True where no line ends between a text and its rest.
fn same_line(i: &str, rest: &str) -> bool {
    let between = i.get(..i.len() - rest.len());
    between.is_none_or(|blanks| !blanks.contains('\n'))
}

/// `a, b int32 "tag"`, `*T`, `sync.Mutex`
fn field(i: &str, depth: usize) -> Read<'_, FieldGroup<'_>> {
    let named = |i| named_fields(i, depth);
    let embedded = |i| embedded_field(i, depth);
    let (i, mut group) = alt((named, embedded)).parse(i)?;
    if !skip_blanks(i).starts_with(['"', '`']) {
        return Ok((i, group));
    }
    let (i, tag) = string(i)?;
    group.tag = Some(tag);
    Ok((i, group))
}

/// `a, b int32`; debuggers write a package before names that are not exported.
fn named_fields(i: &str, depth: usize) -> Read<'_, FieldGroup<'_>> {
    let (mut i, first) = qualified(i)?;
    let mut names = vec![unqualified(first)];
    while let Ok((rest, ())) = symbol(",")(i) {
        let (rest, name) = identifier(rest)?;
        names.push(name);
        i = rest;
    }
    let (i, go_type) = go_type(i, depth)?;
    Ok((
        i,
        FieldGroup {
            names,
            embedded: false,
            go_type,
            tag: None,
        },
    ))
}

fn embedded_field(i: &str, depth: usize) -> Read<'_, FieldGroup<'_>> {
    let (i, star) = opt(symbol("*")).parse(i)?;
    let (i, named) = name(skip_blanks(i), depth)?;
    let next = skip_blanks(i);
    if same_line(i, next) && !next.starts_with([';', '}', '"', '`']) {
        // Not an embedded field then: the other reading tells the mistake.
        return expected(next, ";");
    }
    let names = match &named {
        Syntax::Name { path, .. } => vec![unqualified(path)],
        _ => vec![],
    };
    let go_type = match star {
        Some(()) => Syntax::Pointer(Box::new(named)),
        None => named,
    };
    Ok((
        i,
        FieldGroup {
            names,
            embedded: true,
            go_type,
            tag: None,
        },
    ))
}

/// The `Key` of `main.Key`.
fn unqualified(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// `String() string`, `main.m()`, `fmt.Stringer`
fn element(i: &str, depth: usize) -> Read<'_, Element<'_>> {
    let (rest, path) = qualified(i)?;
    if rest.starts_with('(') {
        let (rest, signature) = signature(rest, depth)?;
        return Ok((
            rest,
            Element::Method {
                name: path,
                signature,
            },
        ));
    }
    name(skip_blanks(i), depth).map(|(rest, named)| (rest, Element::Embedded(named)))
}

/// `(int, ...string) (int, error)`
fn signature(i: &str, depth: usize) -> Read<'_, Signature<'_>> {
    let (i, ()) = symbol("(")(i)?;
    let (i, params) = params(i, depth)?;
    let next = skip_blanks(i);
    let (rest, results) = match next.chars().next() {
        Some('(') => params_in_parentheses(next, depth)?,
        Some(c) if same_line(i, next) && (c == '_' || c.is_alphabetic() || "*[<".contains(c)) => {
            let (rest, go_type) = go_type(next, depth)?;
            (rest, vec![one(false, go_type)])
        }
        _ => (i, vec![]),
    };
    Ok((rest, Signature { params, results }))
}

fn params_in_parentheses(i: &str, depth: usize) -> Read<'_, Vec<Param<'_>>> {
    let (i, ()) = symbol("(")(i)?;
    params(i, depth)
}

fn one(variadic: bool, go_type: Syntax<'_>) -> Param<'_> {
    Param {
        times: 1,
        variadic,
        go_type,
    }
}

/// Parameters up to the closing parenthesis: all with names, or all without.
fn params(i: &str, depth: usize) -> Read<'_, Vec<Param<'_>>> {
    let named = |i| (identifier, |i| param_type(i, depth)).parse(i);
    let item = |i| {
        alt((
            (|i| named(i).map(|(i, (_, param))| (i, (true, param)))),
            (|i| param_type(i, depth).map(|(i, param)| (i, (false, param)))),
        ))
        .parse(i)
    };
    let (rest, items) = list(i, symbol(","), ")", item)?;
    if !items.iter().any(|(named, _)| *named) {
        return Ok((rest, items.into_iter().map(|(_, param)| param).collect()));
    }
    let mut params = Vec::new();
    let mut waiting = 0;
    for (named, mut param) in items {
        if named {
            param.times += waiting;
            waiting = 0;
            params.push(param);
        } else {
            waiting += 1;
        }
    }
    if waiting > 0 {
        return expected(rest, "a type for every parameter that has a name");
    }
    Ok((rest, params))
}

/// `T`, `...T`
fn param_type(i: &str, depth: usize) -> Read<'_, Param<'_>> {
    let (i, variadic) = opt(symbol("...")).parse(i)?;
    go_type(i, depth).map(|(i, go_type)| (i, one(variadic.is_some(), go_type)))
}

#[cfg(test)]
mod tests;
