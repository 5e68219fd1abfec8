//! Lines of `go test`, of `go run`, and of net/http, that stand around dumps; and whole outputs of `go test`.
//!
//! ```text
//! --- FAIL: TestCache (0.00s)                                four blanks deeper for each level of subtests
//! FAIL<TAB>example.com/app<TAB>0.005s                   also `FAIL<TAB>example.com/app [build failed]`
//! ok  <TAB>example.com/app<TAB>0.011s
//! exit status 2                                             go run, and go test in directory mode
//! signal: aborted (core dumped)
//!     testing.go:1867: race detected during execution of test
//! 2026/01/02 15:04:05 http: panic serving 127.0.0.1:42546: boom
//! ```
//!
//! [`test_mark`] knows the lines that matter to dumps in any log. For a log that is the output of `go test`, [`transcript`] takes the
//! packages apart, and once they are parsed [`test_run`] says which tests they ran: `events` reads `-json`, `marks` the lines about
//! tests and packages, `build` what did not compile, `leak` what goleak found.

mod build;
mod events;
mod leak;
mod marks;
mod run;

pub use run::{test_run, transcript};

use super::lines::Line;
use crate::goruntime::needle::Needle;
use crate::model::{TestMark, TestMarkKind};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::combinator::{rest, value};

/// The mark on a line, if it carries one. `worded`: it may stand behind something else (`Words`).
pub(super) fn test_mark<'t>(line: &Line<'t>, worded: bool) -> Option<TestMark<'t>> {
    let text = line.trimmed();
    let (name, kind) = leading(text).or_else(|| worded.then(|| inside(text))?)?;
    Some(TestMark {
        kind,
        name,
        line: line.number,
    })
}

/// Marks that open their line.
fn leading(text: &[u8]) -> Option<(&[u8], TestMarkKind)> {
    // Asked for every line of a log: most are told by their first byte.
    if !matches!(text.first()?, b'-' | b'F' | b'o' | b'e' | b's') {
        return None;
    }
    let kind = alt((
        value(
            TestMarkKind::TestFailed,
            tag::<_, _, nom::error::Error<&[u8]>>("--- FAIL: "),
        ),
        value(TestMarkKind::PackageFailed, tag("FAIL\t")),
        value(TestMarkKind::PackageOk, tag("ok  \t")),
        value(TestMarkKind::ProcessEnded, tag("exit status ")),
        value(TestMarkKind::ProcessEnded, tag("signal: ")),
    ));
    let (_, (kind, behind)) = (kind, rest).parse(text).ok()?;
    let end = match kind {
        TestMarkKind::ProcessEnded => behind.len(),
        _ => memchr::memchr2(b' ', b'\t', behind).unwrap_or(behind.len()),
    };
    Some((behind.get(..end)?, kind))
}

/// Marks behind a time stamp or a file name.
fn inside(text: &[u8]) -> Option<(&[u8], TestMarkKind)> {
    static WORDS: [(Needle, TestMarkKind); 2] = [
        (
            Needle::new(b"http: panic serving "),
            TestMarkKind::HttpPanic,
        ),
        (
            Needle::new(b": race detected during execution of "),
            TestMarkKind::RaceInTest,
        ),
    ];
    WORDS
        .iter()
        .find_map(|(word, kind)| Some((word.behind(text)?, *kind)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::Cursor;

    fn mark(text: &str) -> Option<(TestMarkKind, String)> {
        let line = Cursor::new(text.as_bytes(), 0, text.len(), 0).peek()?;
        test_mark(&line, true)
            .map(|mark| (mark.kind, String::from_utf8_lossy(mark.name).into_owned()))
    }

    #[test]
    fn marks_carry_their_names() {
        use TestMarkKind::*;
        assert_eq!(
            mark("    --- FAIL: TestCache/sub (0.00s)"),
            Some((TestFailed, "TestCache/sub".into()))
        );
        assert_eq!(
            mark("FAIL\texample.com/app\t0.005s"),
            Some((PackageFailed, "example.com/app".into()))
        );
        assert_eq!(
            mark("FAIL\texample.com/app [build failed]"),
            Some((PackageFailed, "example.com/app".into()))
        );
        assert_eq!(mark("exit status 2"), Some((ProcessEnded, "2".into())));
        assert_eq!(
            mark("2026/01/02 15:04:05 http: panic serving 127.0.0.1:42546: boom"),
            Some((HttpPanic, "127.0.0.1:42546: boom".into()))
        );
        assert_eq!(mark("FAILED to connect"), None);
        assert_eq!(mark("okay"), None);
    }
}
