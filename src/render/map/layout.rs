//! `gotriage map layout`: a section for each layout, tables of fields in it.

use crate::gomap::layout::survey::{CellShape, FieldShape, PartShape, Variant};
use crate::render::sheet::{Block, Fit};
use crate::render::words::counted;

/// The page.
pub fn sheet(map_type: &str, arch: &str, variants: &[Variant]) -> Vec<Block> {
    let mut blocks = vec![Block::Prose(format!("{map_type} on {arch}"))];
    for variant in variants {
        blocks.extend(section(variant));
    }
    blocks
}

fn section(variant: &Variant) -> Vec<Block> {
    let shape = &variant.shape;
    let experiment = variant
        .experiment
        .map_or_else(String::new, |name| format!(", GOEXPERIMENT={name}"));
    let pointers = match shape.noscan {
        true => "none: the collector does not look into it",
        false => "the collector looks into it",
    };
    let unit = &shape.unit;
    vec![
        Block::Heading(format!(
            "Go {}{experiment}: {}",
            variant.go, shape.implementation
        )),
        Block::Labelled("key".into(), cell(&shape.key)),
        Block::Labelled("elem".into(), cell(&shape.elem)),
        Block::Labelled(unit.name.into(), size(unit)),
        Block::Labelled("pointers".into(), pointers.into()),
        table(&shape.header),
        table(&shape.other),
        folded(unit),
    ]
}

fn cell(cell: &CellShape) -> String {
    let value = format!(
        "{}, {}, aligned to {}",
        cell.go_type,
        counted(cell.size, "byte"),
        cell.align
    );
    match cell.indirect {
        true => format!("{value}; larger than 128 bytes, so the cell holds a pointer to it"),
        false => value,
    }
}

fn size(part: &PartShape) -> String {
    let bytes = counted(part.size, "byte");
    match (part.size_class, part.type_word) {
        (None, _) => format!("{bytes}, in pages of its own"),
        (Some(class), 0) => format!("{bytes}, in a heap cell of {class}"),
        (Some(class), word) => {
            format!("{bytes}, in a heap cell of {class} behind {word} bytes with its type")
        }
    }
}

fn table(part: &PartShape) -> Block {
    let rows = part
        .fields
        .iter()
        .map(|field| row(field, field.name.to_owned(), field.offset));
    Block::Table {
        title: format!("{}: {}", part.name, size(part)),
        columns: columns(),
        rows: rows.collect(),
    }
}

fn columns() -> Vec<(&'static str, Fit)> {
    vec![
        ("OFFSET", Fit::Number),
        ("HEX", Fit::Number),
        ("SIZE", Fit::Number),
        ("FIELD", Fit::Middle),
    ]
}

fn row(field: &FieldShape, name: String, offset: u64) -> Vec<String> {
    vec![
        offset.to_string(),
        format!("{offset:#x}"),
        field.size.to_string(),
        name,
    ]
}

/// A unit's fields; a run of eight of the same kind is one row where they touch.
fn folded(unit: &PartShape) -> Block {
    let mut rows = Vec::new();
    let mut rest = unit.fields.as_slice();
    while let [first, ..] = rest {
        let run = touching(rest);
        let (these, after) = rest.split_at(run);
        let name = match (first.slot, these) {
            (Some(slot), [_]) => format!("{} {slot}", first.name),
            (Some(slot), [.., last]) => {
                format!("{} {slot} to {}", first.name, last.slot.unwrap_or(slot))
            }
            _ => first.name.to_owned(),
        };
        rows.push(row(first, name, first.offset));
        rest = after;
    }
    Block::Table {
        title: format!("{}: {}", unit.name, size(unit)),
        columns: columns(),
        rows,
    }
}

fn touching(fields: &[FieldShape]) -> usize {
    let same = |pair: &[FieldShape]| match pair {
        [a, b] => {
            a.name == b.name
                && a.size == b.size
                && a.offset + a.size == b.offset
                && b.slot.is_some()
        }
        _ => false,
    };
    1 + fields.windows(2).take_while(|pair| same(pair)).count()
}
