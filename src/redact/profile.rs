//! Binary profiles: the same message with a cleaned table of strings.
//!
//! A profile.proto message names everything by index into one table (field 6), so its other fields stay byte for byte: samples, weights
//! and addresses. Names of functions and files are treated as in a text, keys and values of labels are somebody's altogether. Numbers in
//! labels stay: a heap profile keeps the sizes of blocks there.

use super::rewrite::Rewriter;
use crate::parse::wire::{Value, Wire};
use rustc_hash::FxHashSet;

/// Fields of profile.proto, by message.
const SAMPLE: u64 = 2;
const STRINGS: u64 = 6;
const SAMPLE_LABEL: u64 = 3;
const LABEL_KEY: u64 = 1;
const LABEL_STR: u64 = 2;

/// The cleaned message; `None` where it is damaged, so that what stands behind the damage is unknown.
pub fn clean(message: &[u8], rewriter: &mut Rewriter<'_>) -> Option<Vec<u8>> {
    let labels = label_strings(message);
    let mut out = Vec::with_capacity(message.len());
    let mut wire = Wire::new(message);
    let mut index = 0;
    loop {
        let before = wire.left();
        let Some((field, value)) = wire.next() else {
            break;
        };
        let field_bytes = message.get(message.len() - before..message.len() - wire.left())?;
        match (field, value) {
            (STRINGS, Value::Bytes(text)) => {
                let shown = rewriter.alone(text, labels.contains(&index));
                // Key of the field: number 6, a length follows.
                out.push((STRINGS << 3 | 2) as u8);
                varint(shown.len() as u64, &mut out);
                out.extend_from_slice(&shown);
                index += 1;
            }
            _ => out.extend_from_slice(field_bytes),
        }
    }
    (wire.left() == 0).then_some(out)
}

/// Indices of strings that labels use.
fn label_strings(message: &[u8]) -> FxHashSet<u64> {
    let samples = Wire::new(message).filter(|(field, _)| *field == SAMPLE);
    let labels = samples.flat_map(|(_, sample)| Wire::new(sample.bytes()));
    let labels = labels.filter(|(field, _)| *field == SAMPLE_LABEL);
    let parts = labels.flat_map(|(_, label)| Wire::new(label.bytes()));
    let parts = parts.filter(|(field, _)| matches!(*field, LABEL_KEY | LABEL_STR));
    parts.map(|(_, index)| index.number()).collect()
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
