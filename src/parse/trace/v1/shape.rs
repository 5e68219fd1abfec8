//! How many bytes an event of a trace up to Go 1.21 has: what its first byte says.
//!
//! ```text
//! 56 0a 07 21         GoBlockSend: low six bits 22, high two bits 1: two numbers, dt and stack
//! d5 06 9a 01 07 03 21 00   GoUnblock: low six bits 21, high two bits 3: 6 bytes of numbers (dt g seq stack) follow
//! ```
//!
//! The high bits are the number of arguments after `dt`, at most 3, and every event has a fixed number of them. So only 49 first
//! bytes of 256 can begin an event, and bytes that are none are noticed within a few. Read [`SHAPES`] first.

use super::super::leb::{Bytes, LONGEST};
use crate::goruntime::tracewire::{V1_EVENTS, v1};

/// The most numbers a timed event has after `dt`.
pub(super) const MAX_ARGUMENTS: usize = 4;

/// Bytes of numbers in an event that gives their length. Go's longest are stacks of 128 frames, about 2 kB; beyond this it is none.
const SIZED_LIMIT: u64 = 16 << 10;

/// Go's limit for the bytes of a string or message.
const TEXT_LIMIT: u64 = 1_000_000;

/// Arguments that fit into the first byte's two bits; one more, and a length comes first.
const COUNTED: usize = 3;

/// What follows the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// No event begins so.
    Unknown,
    /// A batch: processor, ticks.
    Batch,
    /// A string: number, length, bytes.
    String,
    /// So many numbers.
    Numbers(u8),
    /// The length of the numbers in bytes, then so many numbers.
    Sized(u8),
    /// The same, then the length of a text and the text.
    SizedText(u8),
    /// The length of the numbers in bytes, then a stack.
    Stack,
}

/// By first byte.
pub(super) const SHAPES: [Shape; 256] = shapes();

const fn shapes() -> [Shape; 256] {
    let mut shapes = [Shape::Unknown; 256];
    let mut row = 0;
    while row < V1_EVENTS.len() {
        let event = &V1_EVENTS[row];
        let arguments = event.arguments.len();
        assert!(arguments <= MAX_ARGUMENTS);
        let numbers = arguments as u8 + 1;
        let (high, shape) = match event.number {
            v1::BATCH => (1, Shape::Batch),
            v1::STRING => (0, Shape::String),
            v1::STACK => (COUNTED, Shape::Stack),
            v1::FREQUENCY | v1::TIMER_GOROUTINE => (0, Shape::Numbers(1)),
            v1::USER_LOG => (COUNTED, Shape::SizedText(numbers)),
            _ if arguments < COUNTED => (arguments, Shape::Numbers(numbers)),
            _ => (COUNTED, Shape::Sized(numbers)),
        };
        shapes[event.number as usize | high << 6] = shape;
        row += 1;
    }
    shapes
}

/// The event's number.
pub(super) fn number(first: u8) -> u8 {
    first & 0x3f
}

/// Why an event cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The file ends in it.
    Cut,
    /// Nothing of the kind begins with this byte.
    Unknown,
    /// A number of more than 64 bits, or a length beyond all limits.
    Broken,
}

/// A number, or why there is none.
#[inline]
pub(super) fn number_or_fault(bytes: &mut Bytes<'_>) -> Result<u64, Fault> {
    match bytes.number() {
        Some(number) => Ok(number),
        None if bytes.left() < LONGEST => Err(Fault::Cut),
        None => Err(Fault::Broken),
    }
}

fn sized<'t>(bytes: &mut Bytes<'t>, limit: u64) -> Result<&'t [u8], Fault> {
    match number_or_fault(bytes)? {
        length if length > limit => Err(Fault::Broken),
        length => bytes.take(length).ok_or(Fault::Cut),
    }
}

/// The numbers of a sized event, after its first byte.
#[inline]
pub(super) fn sized_numbers<'t>(bytes: &mut Bytes<'t>) -> Result<&'t [u8], Fault> {
    sized(bytes, SIZED_LIMIT)
}

/// A text after its length.
pub(super) fn text<'t>(bytes: &mut Bytes<'t>) -> Result<&'t [u8], Fault> {
    sized(bytes, TEXT_LIMIT)
}

/// Goes behind an event whose first byte is taken already.
#[inline]
pub(super) fn skip(shape: Shape, bytes: &mut Bytes<'_>) -> Result<(), Fault> {
    match shape {
        Shape::Numbers(count) if bytes.skip_numbers(count) => {}
        Shape::Numbers(count) => {
            for _ in 0..count {
                number_or_fault(bytes)?;
            }
        }
        Shape::Sized(_) | Shape::Stack => {
            sized_numbers(bytes)?;
        }
        Shape::SizedText(_) => {
            sized_numbers(bytes)?;
            text(bytes)?;
        }
        Shape::Batch => {
            number_or_fault(bytes)?;
            number_or_fault(bytes)?;
        }
        Shape::String => {
            number_or_fault(bytes)?;
            text(bytes)?;
        }
        Shape::Unknown => return Err(Fault::Unknown),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_one_first_byte() {
        let known = SHAPES.iter().filter(|&&shape| shape != Shape::Unknown);
        assert_eq!(known.count(), V1_EVENTS.len());
        assert_eq!(SHAPES[0x41], Shape::Batch);
        assert_eq!(SHAPES[0x56], Shape::Numbers(2));
        assert_eq!(SHAPES[0xd5], Shape::Sized(4));
        assert_eq!(SHAPES[0x16], Shape::Unknown);
    }

    #[test]
    fn an_event_may_be_cut_or_broken() {
        let skipped = |event: &[u8]| {
            let mut bytes = Bytes::new(event);
            let first = bytes.byte().unwrap_or_default();
            skip(SHAPES[usize::from(first)], &mut bytes).map(|()| bytes.position())
        };
        assert_eq!(skipped(&[0x56, 0x0a, 0x87, 0x01, 0xff]), Ok(4));
        assert_eq!(skipped(&[0x56, 0x0a, 0x87]), Err(Fault::Cut));
        assert_eq!(skipped(&[0xd5, 4, 1, 2, 3]), Err(Fault::Cut));
        assert_eq!(skipped(&[0xd5, 0xff, 0xff, 0xff, 1]), Err(Fault::Broken));
        assert_eq!(skipped(&[0x16, 0, 0]), Err(Fault::Unknown));
        let long: Vec<u8> = [0x51].into_iter().chain([0xff; 12]).collect();
        assert_eq!(skipped(&long), Err(Fault::Broken));
    }
}
