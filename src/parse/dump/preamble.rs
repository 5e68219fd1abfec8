//! What a dying process says first: the panic chain or the fatal error, and the signal behind it.
//!
//! ```text
//! panic: first [recovered]                                    oldest first; later ones behind one TAB
//! <TAB>panic: second
//! [signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4ab031]
//!
//! panic: same [recovered, repanicked]                         1.25 on
//!
//! fatal error: concurrent map writes                          printed twice where two goroutines die at once (to 1.23)
//! fatal error: concurrent map writes
//!
//! panic: before unlock                                        1.26 on: a fatal error while deferred calls run
//! <TAB>fatal error: sync: unlock of unlocked mutex
//! ```
//!
//! Printed by `printpanics`, `fatalthrow` and `fatalpanic` in runtime/panic.go. A blank line and the first goroutine follow.
//! A panic value is free text of any number of lines, indented by a TAB since 1.23, raw before: then it can hold blank lines and whole
//! goroutine blocks (`debug.Stack()` put into an error). So the goroutine that panicked is looked for first; all before it is text.

use super::block::{self, Sink};
use super::frame::{self, FunctionLine, Location};
use super::{header, signal};
use crate::goruntime::messages::is_known_fatal;
use crate::model::{
    Address, Crash, Fatal, GoroutineFlags, GoroutineId, PanicEntry, Span, TextLine,
};
use crate::parse::lines::{Cursor, Line};
use crate::parse::tally::Tally;

/// How many lines a panic value may have; an error that carries a rendered template or a query stays far below.
const PANIC_LINES_MOST: usize = 2_000;

/// How many lines of text may stand between a stack quoted in a panic value and the stack of the panic itself.
const LINES_BEHIND_QUOTE_MOST: usize = 3;

/// A preamble at the cursor, which is left behind it. `None` where nothing bears out that a Go program died here.
pub(in crate::parse) fn preamble<'t>(cursor: &mut Cursor<'t>) -> Option<Crash<'t>> {
    let first = cursor.peek()?;
    let indent = first.bytes.len() - first.trimmed().len();
    let body = find_body(cursor, indent);
    let tabs = body.is_some_and(|body| has_tabs(&body));
    let mut crash = Crash {
        line: first.number,
        ..Crash::default()
    };
    let mut ahead = *cursor;
    take_entries(
        &mut ahead,
        Bounds {
            body: body.map(|body| body.pos()),
            tabs,
        },
        &mut crash,
    );
    crash.span = Span {
        start: first.start,
        end: ahead.pos(),
    };
    if body.is_none() && !stands_alone(&crash, &ahead) {
        return None;
    }
    *cursor = body.unwrap_or(ahead);
    Some(crash)
}

/// True for a preamble that is one without stacks behind it: a text the runtime is known to print, a signal, a chain, or a panic that
/// was the last word of its process (GOTRACEBACK=none). Programs print `fatal error: …` of their own.
fn stands_alone(crash: &Crash<'_>, behind: &Cursor<'_>) -> bool {
    match &crash.fatal {
        Some(fatal) => is_known_fatal(fatal.text) || crash.signal.is_some(),
        None => crash.signal.is_some() || crash.panics.len() > 1 || is_last_word(behind),
    }
}

/// True where stacks bear out the preamble at the cursor.
pub(in crate::parse) fn has_stacks(cursor: &Cursor<'_>) -> bool {
    find_body(cursor, 0).is_some()
}

/// True where a line can open a preamble, leading blanks taken off.
pub(in crate::parse) fn opens(text: &[u8]) -> bool {
    text.starts_with(b"panic: ") || text == b"panic:" || text.starts_with(b"fatal error: ")
}

/// How far a preamble reaches, and whether the TABs of its text are the runtime's.
#[derive(Clone, Copy)]
struct Bounds {
    body: Option<usize>,
    tabs: bool,
}

impl Bounds {
    /// True where a line inside a panic's value begins the next entry of the chain. The runtime puts a TAB before each; where TABs are
    /// intact, a line at the margin is text that only looks like an entry.
    fn opens_entry(self, line: &Line<'_>) -> bool {
        opens(line.trimmed()) && (!self.tabs || line.bytes.first() == Some(&b'\t'))
    }
}

/// True where the location lines of the first goroutine are indented by a TAB, as the runtime prints them.
fn has_tabs(body: &Cursor<'_>) -> bool {
    body.look(2)
        .is_some_and(|line| line.bytes.first() == Some(&b'\t'))
}

/// Takes the chain, the fatal error and the signal note, up to `body`, or as far as their lines go without one.
fn take_entries<'t>(cursor: &mut Cursor<'t>, bounds: Bounds, crash: &mut Crash<'t>) {
    let body = bounds.body;
    while let Some(line) = cursor.peek() {
        if body.is_some_and(|body| line.start >= body) {
            break;
        }
        let text = line.trimmed();
        if let Some(note) = signal::signal_note(text, line.number) {
            crash.signal = Some(note);
            cursor.pass(&line);
        } else if let Some(value) = text.strip_prefix(b"fatal error: ") {
            take_fatal(cursor, &line, value, crash);
        } else if let Some(value) = panic_value(text) {
            take_panic(cursor, &line, value, bounds, crash);
        } else if body.is_some() && (line.is_blank() || is_repeated_text(text, crash)) {
            cursor.pass(&line);
        } else {
            break;
        }
    }
}

/// `panic: value` → `value`; a value may be empty, its trailing blank trimmed by a log system.
fn panic_value(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"panic: ")
        .or((text == b"panic:").then_some(b""))
}

/// One entry of the chain with all lines of its value.
fn take_panic<'t>(
    cursor: &mut Cursor<'t>,
    line: &Line<'t>,
    value: &'t [u8],
    bounds: Bounds,
    crash: &mut Crash<'t>,
) {
    cursor.pass(line);
    let value_start = line.start + (line.bytes.len() - value.len());
    let mut end = value_start + value.len();
    let mut behind_blank = *cursor;
    while let Some(next) = behind_blank.peek() {
        let text = next.trimmed();
        let inside = match bounds.body {
            Some(body) => next.start < body,
            None => next.bytes.first() == Some(&b'\t'),
        };
        if !inside || bounds.opens_entry(&next) || signal::signal_note(text, next.number).is_some()
        {
            break;
        }
        behind_blank.pass(&next);
        if !next.is_blank() {
            end = next.start + next.bytes.len();
            *cursor = behind_blank;
        }
    }
    let whole = cursor.slice(value_start, end);
    let whole = if value.is_empty() {
        whole.strip_prefix(b" ").unwrap_or(whole)
    } else {
        whole
    };
    let (whole, repanicked) = without_mark(whole, b" [recovered, repanicked]");
    let (whole, recovered) = without_mark(whole, b" [recovered]");
    crash.panics.push(PanicEntry {
        value: whole,
        line: line.number,
        recovered: recovered || repanicked,
        repanicked,
    });
}

fn without_mark<'t>(value: &'t [u8], mark: &[u8]) -> (&'t [u8], bool) {
    value
        .strip_suffix(mark)
        .map_or((value, false), |value| (value, true))
}

/// `fatal error: concurrent map writes`, once or several times, torn (`fatal error: fatal error: …`) or whole.
fn take_fatal<'t>(
    cursor: &mut Cursor<'t>,
    line: &Line<'t>,
    mut text: &'t [u8],
    crash: &mut Crash<'t>,
) {
    let mut times = 1;
    while let Some(rest) = text.strip_prefix(b"fatal error: ") {
        text = rest;
        times += 1;
    }
    cursor.pass(line);
    match &mut crash.fatal {
        Some(fatal) if fatal.text == text => fatal.times += times,
        Some(_) => {}
        none => {
            *none = Some(Fatal {
                text,
                line: line.number,
                times,
            })
        }
    }
}

/// The second half of a torn pair: the fatal text alone on its line.
fn is_repeated_text(text: &[u8], crash: &Crash<'_>) -> bool {
    crash
        .fatal
        .as_ref()
        .is_some_and(|fatal| fatal.times > 1 && fatal.text == text)
}

/// True where nothing of the same program follows: the process printed this and was gone.
fn is_last_word(cursor: &Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    while let Some(line) = ahead.take() {
        if !line.is_blank() {
            let text = line.trimmed();
            let ends: [&[u8]; 5] = [
                b"exit status ",
                b"FAIL",
                b"signal: ",
                b"ok  \t",
                b"--- FAIL",
            ];
            return ends.iter().any(|end| text.starts_with(end));
        }
    }
    true
}

/// Where the stacks begin: the first goroutine, or `runtime stack:`. `None` where this dump has none.
fn find_body<'t>(cursor: &Cursor<'t>, indent: usize) -> Option<Cursor<'t>> {
    let mut ahead = *cursor;
    let mut fatal = ahead.take()?.trimmed().starts_with(b"fatal error: ");
    for _ in 0..PANIC_LINES_MOST {
        let line = ahead.peek()?;
        let text = line.trimmed();
        let indented = line.bytes.len() - text.len() > indent;
        match text.first() {
            Some(b'r') if text == b"runtime stack:" => return Some(ahead),
            Some(b'g') if !indented && starts_body(&ahead) => {
                return Some(if fatal { ahead } else { behind_quotes(ahead) });
            }
            Some(b'f') if text.starts_with(b"fatal error: ") => fatal = true,
            Some(b'p') if indent == 0 && !indented && opens(text) && !chained(cursor, &line) => {
                return None;
            }
            Some(b'W') if text == b"WARNING: DATA RACE" => return None,
            _ => {}
        }
        ahead.pass(&line);
    }
    None
}

/// True where a `panic: ` at the margin still belongs to the chain: directly behind the lines of its predecessor, whose TABs a log
/// system may have eaten.
fn chained(start: &Cursor<'_>, line: &Line<'_>) -> bool {
    line.number.0.saturating_sub(start.number().0) <= 1
}

/// True where the cursor stands on a goroutine header with a body behind it, or at the end of a text that was cut there.
fn starts_body(cursor: &Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    if ahead
        .take()
        .is_none_or(|line| header::header(line.trimmed()).is_none())
    {
        return false;
    }
    let mut frames = Counting(0);
    let flags = block::body(&mut ahead, &mut frames, &mut Tally::default());
    frames.0 > 0 || flags.has(GoroutineFlags::STACK_UNAVAILABLE) || ahead.peek().is_none()
}

/// A panic prints its own goroutine first, and it alone is running with frames; when another running one with frames follows
/// directly, what came before was quoted in the panic's text.
fn behind_quotes(mut candidate: Cursor<'_>) -> Cursor<'_> {
    while let Some(next) = running_behind(candidate) {
        candidate = next;
    }
    candidate
}

/// The next running goroutine with frames, if the one at the cursor is running and only a few lines of text stand between.
fn running_behind(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut ahead = cursor;
    if header::header(ahead.take()?.trimmed())?.state != b"running" {
        return None;
    }
    block::body(&mut ahead, &mut Counting(0), &mut Tally::default());
    let mut lines = 0;
    while lines <= LINES_BEHIND_QUOTE_MOST {
        let line = ahead.peek()?;
        let text = line.trimmed();
        if let Some(header) = header::header(text) {
            let mut probe = ahead;
            probe.take();
            let flags = block::body(&mut probe, &mut Counting(0), &mut Tally::default());
            let whole = starts_body(&ahead) && !flags.has(GoroutineFlags::STACK_UNAVAILABLE);
            return (header.state == b"running" && whole).then_some(ahead);
        }
        if opens(text) {
            return None;
        }
        lines += usize::from(!line.is_blank());
        ahead.pass(&line);
    }
    None
}

/// Walks a body and keeps nothing but the number of its frames.
struct Counting(usize);

impl<'t> Sink<'t> for Counting {
    fn frame(&mut self, _: TextLine, _: FunctionLine<'t>, location: &'t [u8]) -> bool {
        let whole = frame::location(location).is_some();
        self.0 += usize::from(whole);
        whole
    }

    fn foreign_frame(&mut self, _: &'t [u8], _: Option<Location<'t>>, _: Address) {
        self.0 += 1;
    }

    fn elided(&mut self, _: u32) {}

    fn created_by(&mut self, _: &'t [u8], _: Option<GoroutineId>, location: &'t [u8]) -> bool {
        let whole = location.is_empty() || frame::location(location).is_some();
        self.0 += usize::from(whole);
        whole
    }

    fn ancestor(&mut self, _: GoroutineId) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Crash<'_>, &str) {
        let mut cursor = Cursor::new(text.as_bytes(), 0, text.len(), 0);
        let crash = preamble(&mut cursor).unwrap();
        (crash, &text[cursor.pos()..])
    }

    fn values(crash: &Crash<'_>) -> Vec<String> {
        crash
            .panics
            .iter()
            .map(|entry| String::from_utf8_lossy(entry.value).into_owned())
            .collect()
    }

    const STACK: &str = "goroutine 1 [running]:\nmain.main()\n\t/app/main.go:7 +0x1d\n";

    #[test]
    fn go1_22_chain_with_a_signal() {
        let text = format!(
            "panic: first [recovered]\n\tpanic: second\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4ab031]\n\n{STACK}"
        );
        let (crash, rest) = read(&text);
        assert_eq!(values(&crash), ["first", "second"]);
        assert!(crash.panics[0].recovered && !crash.panics[1].recovered);
        assert!(crash.signal.is_some());
        assert_eq!(rest, STACK);
    }

    #[test]
    fn go1_22_raw_value_with_blank_lines_and_a_header_without_frames() {
        let text = format!("panic: line one\n\ngoroutine 7 [running]:\nnot a stack\n\n{STACK}");
        let (crash, rest) = read(&text);
        assert_eq!(
            values(&crash),
            ["line one\n\ngoroutine 7 [running]:\nnot a stack"]
        );
        assert_eq!(rest, STACK);
    }

    #[test]
    fn go1_22_quoted_stack_is_text() {
        let quoted = "goroutine 7 [running]:\nruntime/debug.Stack()\n\t/usr/local/go/src/runtime/debug/stack.go:24 +0x5e\n";
        let text = format!("panic: worker: {quoted}\n{STACK}");
        let (crash, rest) = read(&text);
        assert_eq!(crash.panics.len(), 1);
        assert_eq!(rest, STACK);
    }

    #[test]
    fn go1_25_repanicked_value() {
        let (crash, _) = read(
            "panic: same [recovered, repanicked]\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:7 +0x1d\n",
        );
        assert_eq!(values(&crash), ["same"]);
        assert!(crash.panics[0].repanicked);
    }

    #[test]
    fn fatal_lines_of_two_goroutines() {
        for text in [
            "fatal error: concurrent map writes\nfatal error: concurrent map writes\n\n",
            "fatal error: fatal error: concurrent map writes\nconcurrent map writes\n\n",
        ] {
            let text = format!("{text}{STACK}");
            let (crash, rest) = read(&text);
            let fatal = crash.fatal.unwrap();
            assert_eq!(
                (fatal.text, fatal.times),
                (&b"concurrent map writes"[..], 2)
            );
            assert_eq!(rest, STACK);
        }
    }

    #[test]
    fn words_of_a_log_are_no_preamble() {
        let text = b"panic: mode off\nserver starts\n";
        assert_eq!(preamble(&mut Cursor::new(text, 0, text.len(), 0)), None);
        let last = b"panic: boom\nexit status 2\n";
        assert!(preamble(&mut Cursor::new(last, 0, last.len(), 0)).is_some());
    }
}
