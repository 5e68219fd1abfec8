//! Reports of the race detector.
//!
//! ```text
//! ==================
//! WARNING: DATA RACE
//! Write at 0x00c000094028 by goroutine 8:
//!   runtime.mapassign_faststr()
//!       /usr/local/go/src/runtime/map_faststr.go:223 +0x0
//!   main.(*Cache).Set()
//!       /app/main.go:17 +0x64
//!
//! Previous read at 0x00c000094028 by main goroutine:
//!   [failed to restore the stack]
//!
//! Goroutine 8 (running) created at:
//!   main.main()
//!       /app/main.go:30 +0x11d
//! ==================
//! Found 1 data race(s)
//! ```
//!
//! Printed by the detector's runtime (ThreadSanitizer, its Go printer), the same since Go 1.13. Indentation may be lost, blank lines
//! dropped; a line that fits nowhere ends the report, so that nothing behind it is lost.

use super::dump::frame::{self, FunctionLine};
use super::dump::header::hexadecimal;
use super::lines::Cursor;
use super::tally::Tally;
use crate::model::{
    Address, Frame, FrameKind, GoroutineId, RaceAccess, RaceActor, RaceCreation, RaceReport,
    RaceStack, Span, Symbols,
};
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::u64 as decimal;
use nom::combinator::{all_consuming, map, value};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

/// The line that opens every report.
pub(super) const WARNING: &[u8] = b"WARNING: DATA RACE";

/// The line around every report.
pub(super) const SEPARATOR: &[u8] = b"==================";

/// `Previous write at 0x00c000094028 by goroutine 8:`
struct AccessLine {
    previous: bool,
    write: bool,
    address: Address,
    actor: RaceActor,
}

/// A report at the cursor, which stands on its warning and is left behind the closing separator.
pub(super) fn race_report<'t>(
    cursor: &mut Cursor<'t>,
    symbols: &mut Symbols<'t>,
    tally: &mut Tally,
) -> Option<RaceReport> {
    let first = cursor.peek().filter(|line| line.trimmed() == WARNING)?;
    let mut report = RaceReport {
        span: Span {
            start: first.start,
            end: first.next,
        },
        line: first.number,
        accesses: Vec::new(),
        creations: Vec::new(),
        complete: false,
    };
    cursor.pass(&first);
    while let Some(line) = cursor.peek() {
        let text = line.trimmed();
        if text == SEPARATOR {
            report.complete = true;
            cursor.pass(&line);
            break;
        }
        if let Some(access) = access_line(text) {
            cursor.pass(&line);
            let AccessLine {
                previous,
                write,
                address,
                actor,
            } = access;
            let stack = stack(cursor, symbols, tally);
            report.accesses.push(RaceAccess {
                write,
                previous,
                address,
                actor,
                stack,
                line: line.number,
            });
        } else if let Some((goroutine, running)) = creation_line(text) {
            cursor.pass(&line);
            let stack = stack(cursor, symbols, tally);
            let site = match stack {
                RaceStack::Known(id) => symbols.frame_ids(id).first().copied(),
                RaceStack::Lost => None,
            };
            report.creations.push(RaceCreation {
                goroutine,
                running,
                stack,
                site,
                line: line.number,
            });
        } else if line.is_blank() || is_rare_section(text) {
            cursor.pass(&line);
        } else if !pass_foreign(cursor, tally) {
            break;
        }
    }
    report.span.end = cursor.pos();
    Some(report)
}

/// `Found 2 data race(s)`
pub(super) fn race_count(line: &[u8]) -> Option<u64> {
    parsed(
        delimited(tag("Found "), decimal, tag(" data race(s)")),
        line,
    )
}

fn parsed<'t, T>(
    parser: impl Parser<&'t [u8], Output = T, Error = nom::error::Error<&'t [u8]>>,
    line: &'t [u8],
) -> Option<T> {
    all_consuming(parser)
        .parse(line)
        .ok()
        .map(|(_, value)| value)
}

fn access_line(line: &[u8]) -> Option<AccessLine> {
    let kind = alt((
        value((false, false), tag("Read at ")),
        value((false, true), tag("Write at ")),
        value((true, false), tag("Previous read at ")),
        value((true, true), tag("Previous write at ")),
    ));
    let address = map(preceded(tag("0x"), hexadecimal), Address); // zero-padded to 12 digits
    let line_parser = (kind, address, delimited(tag(" by "), actor, tag(":")));
    parsed(line_parser, line).map(|((previous, write), address, actor)| AccessLine {
        previous,
        write,
        address,
        actor,
    })
}

/// `goroutine 8` or `main goroutine`
fn actor(i: &[u8]) -> IResult<&[u8], RaceActor> {
    let numbered = map(preceded(tag("goroutine "), decimal), |id| {
        RaceActor::Goroutine(GoroutineId(id))
    });
    alt((numbered, value(RaceActor::Main, tag("main goroutine")))).parse(i)
}

/// `Goroutine 8 (running) created at:`
fn creation_line(line: &[u8]) -> Option<(GoroutineId, bool)> {
    let running = alt((value(true, tag("running")), value(false, tag("finished"))));
    let parser = (
        preceded(tag("Goroutine "), decimal),
        delimited(tag(" ("), running, tag(") created at:")),
    );
    parsed(parser, line).map(|(id, running)| (GoroutineId(id), running))
}

/// Sections of the detector that Go programs hardly ever show; their stacks are read over.
fn is_rare_section(text: &[u8]) -> bool {
    let mut heads = alt((
        tag::<_, _, nom::error::Error<&[u8]>>("Heap block of size "),
        tag("Global var "),
        tag("Mutex "),
        tag("As if synchronized"),
    ));
    heads.parse(text).is_ok()
        || frame::function_line(text).is_some()
        || frame::location(text).is_some()
}

/// How many lines of other writers may stand inside a stack: the detector writes a report in one go, so only what a log system puts
/// between its lines.
const FOREIGN_LINES_MOST: usize = 8;

/// Frames up to the next blank line or head; lines of other writers between them are set aside.
fn stack<'t>(cursor: &mut Cursor<'t>, symbols: &mut Symbols<'t>, tally: &mut Tally) -> RaceStack {
    let mut frames = Vec::new();
    while let Some(line) = cursor.peek() {
        if line.trimmed() == b"[failed to restore the stack]" {
            cursor.pass(&line);
            return RaceStack::Lost;
        }
        let Some(FunctionLine { name, .. }) = ahead(cursor, tally, frame::function_line) else {
            break;
        };
        let Some(location) = ahead(cursor, tally, frame::location) else {
            break;
        };
        let (func, file) = (symbols.name(name), symbols.name(location.file));
        frames.push(symbols.frame(Frame {
            func,
            file,
            line: location.line,
            offset: location.offset,
            kind: FrameKind::Call,
        }));
    }
    RaceStack::Known(symbols.stack(&frames))
}

/// Steps over a few foreign lines, if a section of the report or its end follows them.
fn pass_foreign(cursor: &mut Cursor<'_>, tally: &mut Tally) -> bool {
    let mut probe = *cursor;
    for _ in 0..=FOREIGN_LINES_MOST {
        let Some(line) = probe.peek() else {
            return false;
        };
        let text = line.trimmed();
        if text == SEPARATOR || access_line(text).is_some() || creation_line(text).is_some() {
            while cursor.pos() < probe.pos() {
                tally.aside(cursor.number());
                cursor.take();
            }
            return true;
        }
        probe.pass(&line);
    }
    false
}

/// The next line that a grammar takes, a few foreign lines before it set aside; nothing is taken where there is none.
fn ahead<'t, T>(
    cursor: &mut Cursor<'t>,
    tally: &mut Tally,
    grammar: impl Fn(&'t [u8]) -> Option<T>,
) -> Option<T> {
    let mut probe = *cursor;
    for distance in 0..=FOREIGN_LINES_MOST {
        let line = probe.take()?;
        let text = line.trimmed();
        if let Some(found) = grammar(text) {
            for _ in 0..distance {
                tally.aside(cursor.number());
                cursor.take();
            }
            *cursor = probe;
            return Some(found);
        }
        if line.is_blank()
            || text == SEPARATOR
            || access_line(text).is_some()
            || creation_line(text).is_some()
        {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &[u8] = b"WARNING: DATA RACE
Write at 0x00c000094028 by goroutine 8:
  runtime.mapassign_faststr()
      /usr/local/go/src/runtime/map_faststr.go:223 +0x0
  main.(*Cache).Set()
      /app/main.go:17 +0x64

Previous read at 0x00c000094028 by main goroutine:
  [failed to restore the stack]

Goroutine 8 (finished) created at:
  main.main()
      /app/main.go:30 +0x11d
==================
Found 1 data race(s)
";

    #[test]
    fn go1_23_against_the_main_goroutine() {
        let mut symbols = Symbols::default();
        let mut cursor = Cursor::new(REPORT, 0, REPORT.len(), 0);
        let report = race_report(&mut cursor, &mut symbols, &mut Tally::default()).unwrap();
        assert!(report.complete);
        let [write, read] = &report.accesses[..] else {
            panic!("two accesses: {report:?}")
        };
        assert!(write.write && !write.previous && !read.write && read.previous);
        assert_eq!(
            (write.address, read.address),
            (Address(0xc000094028), Address(0xc000094028))
        );
        assert_eq!(
            (write.actor, read.actor),
            (RaceActor::Goroutine(GoroutineId(8)), RaceActor::Main)
        );
        assert_eq!(read.stack, RaceStack::Lost);
        assert!(!report.creations[0].running);
        let line = cursor.take().unwrap();
        assert_eq!(race_count(line.bytes), Some(1));
    }

    #[test]
    fn a_report_cut_anywhere_keeps_what_was_whole() {
        for cut in 0..REPORT.len() {
            let mut symbols = Symbols::default();
            let mut cursor = Cursor::new(REPORT, 0, cut, 0);
            if let Some(report) = race_report(&mut cursor, &mut symbols, &mut Tally::default()) {
                assert!(report.accesses.len() <= 2);
                assert_eq!(
                    report.complete,
                    cut >= REPORT.len() - b"\nFound 1 data race(s)\n".len()
                );
            }
        }
    }

    #[test]
    fn near_misses() {
        assert!(access_line(b"Write at 0x00c000094028 by goroutine eight:").is_none());
        assert!(creation_line(b"Goroutine 8 (sleeping) created at:").is_none());
        assert_eq!(race_count(b"Found 1 data races"), None);
    }
}
