//! A type's name as reflect prints it: one spelling for all that mean the same.
//!
//! `[]byte` is `[]uint8`, `any` is `interface {}`, `struct{a, b int}` is `struct { a int; b int }`. Names of parameters fall away,
//! parentheses stay only in `chan (<-chan int)`. A short text may print long (`struct{a, b struct{a, b struct{…}}}` doubles with every
//! level), so that [`name`] stops at a limit. Not as reflect: methods of embedded interfaces are not listed one by one, and
//! `main.` before a method that isn't exported is printed only if it was written.

use super::super::tokens::quote;
use super::grammar::{Direction, Element, FieldGroup, Param, Signature, Syntax};
use std::fmt::{self, Write};

/// The name of a type; `None` beyond `limit` bytes.
pub(super) fn name(syntax: &Syntax<'_>, limit: usize) -> Option<String> {
    let mut out = Bounded {
        text: String::new(),
        limit,
    };
    go_type(&mut out, syntax).ok().map(|()| out.text)
}

/// A string that does not grow beyond its limit.
struct Bounded {
    text: String,
    limit: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.text.len() + piece.len() > self.limit {
            return Err(fmt::Error);
        }
        self.text.push_str(piece);
        Ok(())
    }
}

fn go_type(out: &mut Bounded, syntax: &Syntax<'_>) -> fmt::Result {
    match syntax {
        Syntax::Name { path, args } => named(out, path, args),
        Syntax::Pointer(elem) => prefixed(out, "*", elem),
        Syntax::Slice(elem) => prefixed(out, "[]", elem),
        Syntax::Array { len, elem } => {
            write!(out, "[{len}]")?;
            go_type(out, elem)
        }
        Syntax::Map { key, elem } => {
            prefixed(out, "map[", key)?;
            prefixed(out, "]", elem)
        }
        Syntax::Chan { direction, elem } => channel(out, *direction, elem),
        Syntax::Func(function) => {
            out.write_str("func")?;
            signature(out, function)
        }
        Syntax::Struct(groups) => structure(out, groups),
        Syntax::Interface(elements) => interface(out, elements),
    }
}

fn prefixed(out: &mut Bounded, prefix: &str, elem: &Syntax<'_>) -> fmt::Result {
    out.write_str(prefix)?;
    go_type(out, elem)
}

fn named(out: &mut Bounded, path: &str, args: &[Syntax<'_>]) -> fmt::Result {
    out.write_str(match path {
        "byte" => "uint8",
        "rune" => "int32",
        "any" => "interface {}",
        "os.FileMode" => "fs.FileMode",
        other => other,
    })?;
    for (at, arg) in args.iter().enumerate() {
        prefixed(out, if at == 0 { "[" } else { "," }, arg)?;
    }
    out.write_str(if args.is_empty() { "" } else { "]" })
}

fn channel(out: &mut Bounded, direction: Direction, elem: &Syntax<'_>) -> fmt::Result {
    let receives = matches!(
        elem,
        Syntax::Chan {
            direction: Direction::Receive,
            ..
        }
    );
    match direction {
        Direction::Receive => prefixed(out, "<-chan ", elem),
        Direction::Send => prefixed(out, "chan<- ", elem),
        Direction::Both if receives => {
            prefixed(out, "chan (", elem)?;
            out.write_str(")")
        }
        Direction::Both => prefixed(out, "chan ", elem),
    }
}

fn signature(out: &mut Bounded, signature: &Signature<'_>) -> fmt::Result {
    out.write_str("(")?;
    params(out, &signature.params)?;
    out.write_str(")")?;
    match signature.results.as_slice() {
        [] => Ok(()),
        [only] if only.times == 1 => prefixed(out, " ", &only.go_type),
        results => {
            out.write_str(" (")?;
            params(out, results)?;
            out.write_str(")")
        }
    }
}

fn params(out: &mut Bounded, params: &[Param<'_>]) -> fmt::Result {
    let each = params
        .iter()
        .flat_map(|param| std::iter::repeat_n(param, param.times));
    for (at, param) in each.enumerate() {
        out.write_str(if at == 0 { "" } else { ", " })?;
        prefixed(out, if param.variadic { "..." } else { "" }, &param.go_type)?;
    }
    Ok(())
}

fn structure(out: &mut Bounded, groups: &[FieldGroup<'_>]) -> fmt::Result {
    out.write_str("struct {")?;
    let fields = groups
        .iter()
        .flat_map(|group| group.names.iter().map(move |name| (group, name)));
    for (at, (group, name)) in fields.enumerate() {
        out.write_str(if at == 0 { " " } else { "; " })?;
        if !group.embedded {
            write!(out, "{name} ")?;
        }
        go_type(out, &group.go_type)?;
        if let Some(tag) = group.tag.as_deref().filter(|tag| !tag.is_empty()) {
            write!(out, " {}", quote(tag))?;
        }
    }
    out.write_str(if groups.is_empty() { "}" } else { " }" })
}

fn interface(out: &mut Bounded, elements: &[Element<'_>]) -> fmt::Result {
    let sort_key = |element: &&Element<'_>| match element {
        Element::Method { name, .. } => (1, name.rsplit('.').next().unwrap_or_default().to_owned()),
        Element::Embedded(_) => (0, String::new()),
    };
    let mut sorted: Vec<&Element<'_>> = elements.iter().collect();
    sorted.sort_by_key(sort_key);
    out.write_str("interface {")?;
    for (at, element) in sorted.into_iter().enumerate() {
        out.write_str(if at == 0 { " " } else { "; " })?;
        match element {
            Element::Method {
                name,
                signature: function,
            } => {
                out.write_str(name)?;
                signature(out, function)?;
            }
            Element::Embedded(named) => go_type(out, named)?,
        }
    }
    out.write_str(if elements.is_empty() { "}" } else { " }" })
}
