//! The wire of protocol buffers: fields with a number and a value, one behind the other.
//!
//! ```text
//! 0a 04 08 01 10 02        field 1, length-delimited, 4 bytes: a message with field 1 = 1, field 2 = 2
//! 48 a2 b5 93 …            field 9, varint
//! ```
//!
//! Only as much as profile.proto needs: varints, fixed words, bytes. Messages inside messages are bytes here; who knows their meaning
//! reads them with a [`Wire`] of their own, so nothing recurses. Called by `proto`, and by `redact` to write a message again.

/// A varint has at most this many bytes: 64 bits in groups of seven.
const VARINT_MOST: usize = 10;

/// A value as the wire has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'t> {
    /// A varint, or a fixed word.
    Number(u64),
    /// Bytes, a text, a message, or packed numbers.
    Bytes(&'t [u8]),
}

impl<'t> Value<'t> {
    /// The number; 0 for bytes, as a reader of protocol buffers takes a field of another type for absent.
    pub fn number(self) -> u64 {
        match self {
            Value::Number(number) => number,
            Value::Bytes(_) => 0,
        }
    }

    /// The bytes; none for a number.
    pub fn bytes(self) -> &'t [u8] {
        match self {
            Value::Number(_) => &[],
            Value::Bytes(bytes) => bytes,
        }
    }

    /// The numbers of a repeated field: one, or many packed. Stops at damage.
    pub fn numbers(self) -> impl Iterator<Item = u64> {
        let (single, packed) = match self {
            Value::Number(number) => (Some(number), &[][..]),
            Value::Bytes(bytes) => (None, bytes),
        };
        let mut wire = Wire::new(packed);
        single
            .into_iter()
            .chain(std::iter::from_fn(move || wire.varint()))
    }
}

/// The rest of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire<'t> {
    rest: &'t [u8],
}

impl<'t> Wire<'t> {
    /// At the start of a message.
    pub fn new(message: &'t [u8]) -> Self {
        Self { rest: message }
    }

    /// Bytes not read yet: not 0 behind the last field means damage or a cut.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// One varint; `None` at the end, or where it does not end within its bytes.
    pub fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for (index, &byte) in self.rest.iter().take(VARINT_MOST).enumerate() {
            value |= u64::from(byte & 0x7f).checked_shl(7 * index as u32)?;
            if byte < 0x80 {
                self.rest = self.rest.get(index + 1..)?;
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'t [u8]> {
        let (head, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(head)
    }

    fn value(&mut self, wire_type: u64) -> Option<Value<'t>> {
        Some(match wire_type {
            0 => Value::Number(self.varint()?),
            1 => Value::Number(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Number(u32::from_le_bytes(self.take(4)?.try_into().ok()?).into()),
            _ => return None,
        })
    }
}

impl<'t> Iterator for Wire<'t> {
    /// Field number and value.
    type Item = (u64, Value<'t>);

    /// `None` at the end, and at damage: then [`Wire::left`] is not 0 and the wire stands before the damaged field.
    fn next(&mut self) -> Option<Self::Item> {
        let before = *self;
        let mut field = || {
            let tag = self.varint()?;
            let value = self.value(tag & 7)?;
            (tag >> 3 != 0).then_some((tag >> 3, value))
        };
        let found = field();
        if found.is_none() {
            *self = before;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_until_the_damage() {
        let message = [
            0x0a, 4, 8, 1, 16, 2, 0x48, 0xa2, 0x01, 0x31, 1, 0, 0, 0, 0, 0, 0, 0, 0x0a, 9, 0,
        ];
        let mut wire = Wire::new(&message);
        assert_eq!(wire.next(), Some((1, Value::Bytes(&[8, 1, 16, 2]))));
        assert_eq!(wire.next(), Some((9, Value::Number(0xa2 - 0x80 + 0x80))));
        assert_eq!(wire.next(), Some((6, Value::Number(1))));
        assert_eq!((wire.next(), wire.left()), (None, 3));
    }

    #[test]
    fn numbers_come_alone_or_packed() {
        let numbers = |value: Value<'_>| value.numbers().collect::<Vec<_>>();
        assert_eq!(numbers(Value::Number(7)), [7]);
        assert_eq!(numbers(Value::Bytes(&[1, 0x80, 1, 3])), [1, 128, 3]);
        assert_eq!(numbers(Value::Bytes(&[1, 0x80])), [1]);
        assert!(numbers(Value::Bytes(&[0xff; 11])).is_empty());
    }
}
