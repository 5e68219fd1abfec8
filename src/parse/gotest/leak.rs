//! What go.uber.org/goleak prints of goroutines that outlive a test.
//!
//! ```text
//!     pool_test.go:12: found unexpected goroutines:
//!         [Goroutine 8 in state chan receive, with example.com/app/pool.worker on top of the stack:
//!         example.com/app/pool.worker(...)
//!         <TAB>/app/pool/pool.go:15
//!         created by example.com/app/pool.Start in goroutine 7
//!         <TAB>/app/pool/pool.go:8 +0x48
//!          Goroutine 9 in state chan receive, with example.com/app/pool.worker on top of the stack:
//!         …
//!         ]
//! goleak: Errors on successful test run:found unexpected goroutines:
//! ```
//!
//! `VerifyNone` indents it as `t.Error` does, `VerifyTestMain` prints it flush left. Up to goleak 1.2 the goroutine's own header stands
//! below the first line of each.

use crate::model::{CallLine, GoroutineId, LeakReport, Leaked, TextLine};
use crate::parse::dump::frame;
use crate::parse::lines::{Cursor, Line};

/// The words of every report.
const WORDS: &[u8] = b"found unexpected goroutines:";

/// A report at the cursor, which is left behind it; the cursor stays where there is none.
pub(super) fn leak_report<'t>(cursor: &mut Cursor<'t>) -> Option<LeakReport<'t>> {
    let mut ahead = *cursor;
    let first = ahead.take()?;
    if !first.bytes.ends_with(WORDS) {
        return None;
    }
    let mut goroutines: Vec<Leaked<'t>> = Vec::new();
    while let Some(line) = ahead.peek() {
        let text = line.trimmed();
        if let Some(leaked) = head(text, line.number) {
            goroutines.push(leaked);
            ahead.pass(&line);
        } else if text == b"]" {
            ahead.pass(&line);
            break;
        } else {
            let Some(last) = goroutines.last_mut() else {
                break;
            };
            if !body(&mut ahead, &line, last) {
                break;
            }
        }
    }
    if goroutines.is_empty() {
        return None;
    }
    *cursor = ahead;
    Some(LeakReport {
        lines: first.number.0..cursor.number().0,
        goroutines,
    })
}

/// `[Goroutine 8 in state chan receive, with main.worker on top of the stack:`
fn head(text: &[u8], line: TextLine) -> Option<Leaked<'_>> {
    let text = text.strip_prefix(b"[").unwrap_or(text);
    let rest = text.strip_prefix(b"Goroutine ")?;
    let rest = rest.strip_suffix(b" on top of the stack:")?;
    let (id, rest) = part(rest, b" in state ")?;
    let at = memchr::memmem::rfind(rest, b", with ")?;
    Some(Leaked {
        line,
        id: GoroutineId(std::str::from_utf8(id).ok()?.parse().ok()?),
        state: rest.get(..at)?,
        stack: Vec::new(),
        created_by: None,
    })
}

fn part<'l>(text: &'l [u8], between: &[u8]) -> Option<(&'l [u8], &'l [u8])> {
    let at = memchr::memmem::find(text, between)?;
    Some((text.get(..at)?, text.get(at + between.len()..)?))
}

/// One line of a goroutine, or two: a function and its place. False for what belongs to none.
fn body<'t>(cursor: &mut Cursor<'t>, line: &Line<'t>, leaked: &mut Leaked<'t>) -> bool {
    let text = line.trimmed();
    let passed_over = text.is_empty()
        || text.starts_with(b"goroutine ") && text.ends_with(b":")
        || frame::elided(text).is_some();
    if passed_over {
        cursor.pass(line);
        return true;
    }
    let created = frame::created_by(text).map(|(func, _)| func);
    let Some(func) = created.or_else(|| Some(frame::function_line(text)?.name)) else {
        return false;
    };
    let mut ahead = *cursor;
    ahead.pass(line);
    let next = ahead.take();
    let Some(place) = next.and_then(|next| frame::location(next.trimmed())) else {
        return false;
    };
    *cursor = ahead;
    let call = CallLine {
        func,
        file: place.file,
        line: place.line,
    };
    match created {
        Some(_) => leaked.created_by = Some(call),
        None => leaked.stack.push(call),
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// goleak 1.3 under Go 1.27, in the form of `t.Error`.
    const REPORT: &str = "    pool_test.go:12: found unexpected goroutines:
        [Goroutine 8 in state chan receive, with a/pool.worker on top of the stack:
        a/pool.worker(...)
        \t/app/pool/pool.go:15
        created by a/pool.Start in goroutine 7
        \t/app/pool/pool.go:8 +0x48
         Goroutine 9 in state select, 2 minutes, with a/pool.worker on top of the stack:
        a/pool.worker(...)
        \t/app/pool/pool.go:15
        ]
FAIL
";

    #[test]
    fn goroutines_with_their_stacks() {
        let mut cursor = Cursor::new(REPORT.as_bytes(), 0, REPORT.len(), 0);
        let report = leak_report(&mut cursor).unwrap();
        assert_eq!(report.lines, 0..10);
        let [first, second] = &report.goroutines[..] else {
            panic!("two goroutines: {report:?}")
        };
        assert_eq!((first.id.0, first.state), (8, &b"chan receive"[..]));
        assert_eq!(
            (first.stack[0].file, first.stack[0].line),
            (&b"/app/pool/pool.go"[..], 15)
        );
        assert_eq!(first.created_by.map(|call| call.line), Some(8));
        assert_eq!((second.id.0, second.state), (9, &b"select, 2 minutes"[..]));
        assert_eq!(second.created_by, None);
        assert_eq!(cursor.take().map(|line| line.bytes), Some(&b"FAIL"[..]));
    }

    #[test]
    fn a_report_cut_anywhere_is_no_harm() {
        for cut in 0..REPORT.len() {
            let mut cursor = Cursor::new(REPORT.as_bytes(), 0, cut, 0);
            let found = leak_report(&mut cursor);
            assert!(found.is_none_or(|report| report.goroutines.len() <= 2));
        }
        let text = b"found unexpected goroutines: none\nGoroutine 8 in state x";
        assert!(leak_report(&mut Cursor::new(text, 0, text.len(), 0)).is_none());
    }
}
