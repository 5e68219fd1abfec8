//! Two writers on one line.
//!
//! A dump is written in many small pieces, and programs print without a line end, so a known form may begin in the middle of a line:
//!
//! ```text
//! no newline outpanic: boom
//! <TAB>/app/main.go:20 +0x1dexit status 2
//! <TAB>/app/main.go:20 +0x1dFAIL<TAB>example.com/app<TAB>0.005s
//! ```

use super::dump::header;
use crate::goruntime::needle::Needle;

/// What stands glued behind the last line of a dump.
const TAILS: &[&[u8]] = &[
    b"exit status ",
    b"FAIL",
    b"panic: ",
    b"fatal error: ",
    b"signal: ",
    b"goroutine ",
    b"created by ",
    b"ok  \t",
    b"--- FAIL: ",
    b"===",
];

/// Where the text glued behind a location line begins.
pub(super) fn tail(line: &[u8]) -> Option<usize> {
    TAILS
        .iter()
        .filter_map(|tail| memchr::memmem::find(line, tail))
        .filter(|&at| at > 0)
        .min()
}

/// Where a preamble or a goroutine header begins inside a line that is none itself. `confirmed` is asked whether the lines behind it
/// bear out a `panic: ` or `fatal error: `: both are common words of logs.
pub(super) fn dump_start(line: &[u8], confirmed: impl Fn(usize) -> bool) -> Option<usize> {
    if line.ends_with(b":")
        && let Some(at) = memchr::memmem::rfind(line, b"goroutine ").filter(|&at| at > 0)
        && line
            .get(at..)
            .is_some_and(|rest| header::header(rest).is_some())
    {
        return Some(at);
    }
    static WORDS: [Needle; 2] = [Needle::new(b"panic: "), Needle::new(b"fatal error: ")];
    let start = WORDS.iter().filter_map(|word| word.find(line)).min()?;
    (start > 0 && confirmed(start)).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_of_test_runners_are_found() {
        assert_eq!(tail(b"\t/app/main.go:20 +0x1dexit status 2"), Some(22));
        assert_eq!(
            tail(b"\t/app/main.go:20 +0x1dFAIL\texample.com/app\t0.005s"),
            Some(22)
        );
        assert_eq!(tail(b"\t/app/main.go:20 +0x1d"), None);
    }

    #[test]
    fn a_dump_may_begin_in_mid_line() {
        assert_eq!(dump_start(b"no newline outpanic: boom", |_| true), Some(14));
        assert_eq!(dump_start(b"no newline outpanic: boom", |_| false), None);
        assert_eq!(
            dump_start(b"tracegoroutine 5 [running]:", |_| false),
            Some(5)
        );
        assert_eq!(dump_start(b"goroutine 5 is done:", |_| true), None);
    }
}
