//! Words, bytes and flags as they stand in a snapshot's JSON.

use serde_json::Value;

/// `"0xc000012345"`, `"17"` as some scripts print it, or a plain number.
pub(super) fn word(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
            Some(digits) => unsigned(digits, 16),
            None => unsigned(text, 10),
        },
        number => number.as_u64(),
    }
}

/// Digits alone: Rust would take a sign as well.
fn unsigned(digits: &str, radix: u32) -> Option<u64> {
    let digits = Some(digits).filter(|digits| !digits.starts_with('+'))?;
    u64::from_str_radix(digits, radix).ok()
}

/// `true`, `1`; `false`, `0`.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        number => match word(number)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
    }
}

/// `"0110"`, or a list of flags.
pub(super) fn flags(value: &Value) -> Option<Vec<bool>> {
    match value {
        Value::String(digits) => {
            let digits = digits.bytes().map(|digit| match digit {
                b'0' => Some(false),
                b'1' => Some(true),
                _ => None,
            });
            digits.collect()
        }
        list => list.as_array()?.iter().map(flag).collect(),
    }
}

/// `"c0ffee"`: pairs of hex digits.
pub(super) fn bytes(value: &Value) -> Option<Vec<u8>> {
    super::super::value::from_hex(value.as_str()?)
}

/// A field that is there and not null.
pub(super) fn field<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    object.get(name).filter(|value| !value.is_null())
}
