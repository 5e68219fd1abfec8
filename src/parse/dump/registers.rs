//! The register dump behind the goroutines of a fatal signal or a throw.
//!
//! ```text
//! rax    0xca
//! rip    0x46d2a3
//! rflags 0x286
//! ```
//!
//! Printed by `dumpregs` in runtime/signal_*.go: a name padded to 7 (arm64: 8) columns and a word. Lines of one architecture follow
//! each other without a gap; a blank line stands before them, except behind the frames of goroutine 0 under GOTRACEBACK=crash.

use super::header::address;
use crate::model::{Address, Registers};
use crate::parse::lines::Cursor;
use nom::Parser;
use nom::bytes::complete::take_while1;
use nom::character::complete::space1;
use nom::combinator::{all_consuming, verify};
use nom::sequence::separated_pair;

/// The longest register name is `rflags`/`oldmask`/`eflags`; anything longer is prose.
const NAME_MOST: usize = 8;

/// `rax    0xca`
pub(in crate::parse) fn register(line: &[u8]) -> Option<(&[u8], Address)> {
    let name = verify(
        take_while1::<_, &[u8], nom::error::Error<&[u8]>>(|byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit()
        }),
        |name: &[u8]| {
            (2..=NAME_MOST).contains(&name.len())
                && name.first().is_some_and(u8::is_ascii_lowercase)
        },
    );
    all_consuming(separated_pair(name, space1, address))
        .parse(line)
        .ok()
        .map(|(_, pair)| pair)
}

/// A run of register lines; at least four, so that a stray `ab 0x1` in a log is none.
pub(in crate::parse) fn registers<'t>(cursor: &mut Cursor<'t>) -> Option<Registers<'t>> {
    const LEAST: usize = 4;
    let mut ahead = *cursor;
    let line = ahead.number();
    let mut values = Vec::new();
    while let Some(next) = ahead.peek() {
        let Some(value) = register(next.trimmed()) else {
            break;
        };
        values.push(value);
        ahead.pass(&next);
    }
    if values.len() < LEAST {
        return None;
    }
    *cursor = ahead;
    Some(Registers { values, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go1_22_amd64() {
        assert_eq!(register(b"rax    0xca"), Some((&b"rax"[..], Address(0xca))));
        assert_eq!(
            register(b"rflags 0x286"),
            Some((&b"rflags"[..], Address(0x286)))
        );
        assert_eq!(register(b"r8     0x0").unwrap().0, b"r8");
        let text = b"rax    0x1\nrbx    0x2\nrcx    0x3\nrdx    0x4\n\nnext";
        let mut cursor = Cursor::new(text, 0, text.len(), 7);
        let registers = registers(&mut cursor).unwrap();
        assert_eq!((registers.values.len(), registers.line.0), (4, 7));
        assert!(cursor.peek().unwrap().is_blank());
    }

    #[test]
    fn prose_is_no_register() {
        for line in [
            "rax",
            "rax 12",
            "Rax 0x1",
            "a 0x1",
            "something 0x1",
            "rax 0x1 0x2",
        ] {
            assert_eq!(register(line.as_bytes()), None, "{line}");
        }
        let text = b"ab 0x1\nlog";
        assert_eq!(registers(&mut Cursor::new(text, 0, text.len(), 0)), None);
    }
}
