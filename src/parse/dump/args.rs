//! The words between a frame's parentheses.
//!
//! ```text
//! 0xc00012a000, {0xc00003a010, 0x5}, 0x2a        1.17 on: braces group structs, strings, slices, interfaces
//! 0xc000130f08?, {0x66f17a06008?, 0x0?}          1.18 on: `?` marks a word that may be stale
//! 0x4d5fe0, 0xc00006a1b0, 0xc0000160ba, 0x2, ... up to 1.16: flat words, results included, at most ten
//! {0x1, _, ...}                                  `_`: too far away to print
//! ```
//!
//! Printed by `printArgs` in runtime/traceback.go. An inlined frame prints `...` alone.

use super::header::hexadecimal;
use crate::model::{ArgToken, Args};
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::combinator::{map, opt, value};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

/// More tokens than the runtime ever prints (ten words, five levels of braces, separators apart); the rest is dropped.
const MOST_TOKENS: usize = 64;

/// The list between the parentheses; what no rule takes ends it.
pub(in crate::parse) fn args(mut rest: &[u8]) -> Args {
    let mut tokens = Vec::new();
    while tokens.len() < MOST_TOKENS {
        let Ok((next, token)) = token(rest) else {
            break;
        };
        tokens.push(token);
        rest = next;
    }
    Args { tokens }
}

/// One piece with the separator behind it.
fn token(i: &[u8]) -> IResult<&[u8], ArgToken> {
    let word = map(
        (preceded(tag("0x"), hexadecimal), opt(tag("?"))),
        |(value, mark): (u64, Option<&[u8]>)| ArgToken::Word {
            value,
            doubtful: mark.is_some(),
        },
    );
    let closed = alt((
        word,
        value(ArgToken::Close, tag("}")),
        value(ArgToken::More, tag("...")),
        value(ArgToken::Unprinted, tag("_")),
    ));
    alt((
        value(ArgToken::Open, tag("{")),
        terminated(closed, opt(tag(", "))),
    ))
    .parse(i)
}

/// True where `text` can be an argument list: nothing but words, braces, dots and marks.
pub(in crate::parse) fn is_args(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'x' | b',' | b' ' | b'{' | b'}' | b'.' | b'?' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go1_27_string_key_behind_two_pointers() {
        let args = args(b"0x4d5fe0, 0xc00006a1b0, {0xc0000160ba, 0x2?}");
        assert_eq!(args.firm(0, 0), Some(0x4d5fe0));
        assert_eq!(args.firm(1, 0), Some(0xc00006a1b0));
        assert_eq!(args.firm(2, 0), Some(0xc0000160ba));
        assert_eq!(args.firm(2, 1), None);
        assert_eq!(args.words(2).nth(1), Some((2, true)));
    }

    #[test]
    fn damage_ends_the_list() {
        assert_eq!(args(b"0x1, 2026/01/02 log line").tokens.len(), 1);
        assert_eq!(args(b"").tokens, []);
        assert_eq!(args(b"0x11112222333344445, 0x2").tokens, []);
        assert!(args("{".repeat(100_000).as_bytes()).tokens.len() <= MOST_TOKENS);
    }

    #[test]
    fn log_text_is_no_argument_list() {
        assert!(is_args(b"{0x1, _, ...}") && is_args(b"..."));
        assert!(!is_args(b"time=12, err"));
    }
}
