//! The body of a goroutine: the lines from behind its header to where it ends.
//!
//! ```text
//! goroutine 24 [running]:                                  header.rs
//! main.(*Cache).Set(0xc00012a000, …)                       ┐ frame.rs, any number
//! <TAB>/app/main.go:41 +0x1d                                    ┘
//! created by main.startWorkers in goroutine 1              ┐ at most one; none for goroutine 1
//! <TAB>/app/main.go:26 +0x9d                                    ┘
//! [originating from goroutine 1]:                          ancestors, each with frames and `created by` of its own
//! ```
//!
//! A blank line ends it, unless frames go on behind it (blank lines doubled); so does the next header (blank lines dropped).
//! Other writers' lines may stand anywhere, even between the two lines of a frame: they are set aside when the stack resumes within
//! [`FOREIGN_LINES_MOST`] lines. A damaged line costs its own frame.

use super::frame::{self, FunctionLine, Location};
use super::{header, registers};
use crate::model::{Address, GoroutineFlags, GoroutineId, TextLine};
use crate::parse::glue;
use crate::parse::lines::{Cursor, Line};
use crate::parse::tally::Tally;

/// How many lines of other writers may interrupt a stack before it counts as broken off. Loggers that race with a traceback write
/// a few lines, seldom a screenful.
const FOREIGN_LINES_MOST: usize = 40;

/// What a body consists of, told to whoever walks it.
pub(in crate::parse) trait Sink<'t> {
    /// A function line and the line behind it. False where that line is no location, so that there is no frame.
    fn frame(&mut self, at: TextLine, function: FunctionLine<'t>, location: &'t [u8]) -> bool;
    /// A frame without a Go function: C code.
    fn foreign_frame(&mut self, name: &'t [u8], location: Option<Location<'t>>, pc: Address);
    /// `...N frames elided...`; 0 for an unknown number.
    fn elided(&mut self, count: u32);
    /// Where the goroutine, or the ancestor last named, was created. False where `location` is none; the empty one says that no
    /// location was printed, and is always taken.
    fn created_by(
        &mut self,
        function: &'t [u8],
        parent: Option<GoroutineId>,
        location: &'t [u8],
    ) -> bool;
    /// `[originating from goroutine N]:`: what follows is that ancestor's.
    fn ancestor(&mut self, id: GoroutineId);
}

/// How far into the body the walk is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Frames,
    Created,
}

/// Walks a body from behind its header and leaves the cursor at its end. Says what is to be marked on the goroutine.
pub(in crate::parse) fn body<'t>(
    cursor: &mut Cursor<'t>,
    sink: &mut impl Sink<'t>,
    tally: &mut Tally,
) -> GoroutineFlags {
    let mut flags = GoroutineFlags::default();
    let mut stage = Stage::Frames;
    let mut empty = true;
    while let Some(line) = cursor.peek() {
        if line.is_blank() {
            if !resumes_behind_blanks(cursor, stage) {
                break;
            }
            cursor.pass(&line);
            continue;
        }
        let taken = match stage {
            Stage::Created => take_ancestor(cursor, &line, sink, &mut stage),
            Stage::Frames => take_line(cursor, &line, sink, &mut stage, &mut flags, tally),
        };
        let resumes = taken || skip_foreign(cursor, stage, &mut flags, tally);
        if !resumes {
            break;
        }
        empty = false;
    }
    if empty {
        flags.insert(GoroutineFlags::INCOMPLETE);
    }
    flags
}

/// One line, or one pair of lines, of a stack. False where the line is none.
fn take_line<'t>(
    cursor: &mut Cursor<'t>,
    line: &Line<'t>,
    sink: &mut impl Sink<'t>,
    stage: &mut Stage,
    flags: &mut GoroutineFlags,
    tally: &mut Tally,
) -> bool {
    let text = line.trimmed();
    if let Some(function) = frame::function_line(text) {
        return take_frame(cursor, line, function, sink, flags, tally);
    }
    if let Some((function, parent)) = frame::created_by(text) {
        cursor.pass(line);
        take_creation(cursor, function, parent, sink, flags, tally);
        *stage = Stage::Created;
        return true;
    }
    if let Some(count) = frame::elided(text) {
        sink.elided(count);
        flags.insert(GoroutineFlags::ELIDED);
    } else if frame::stack_unavailable(text) {
        flags.insert(GoroutineFlags::STACK_UNAVAILABLE);
    } else if let Some(pc) = frame::foreign_function(text) {
        sink.foreign_frame(text, None, pc);
    } else if !frame::walker_complaint(text) {
        return take_symbolized(cursor, line, sink);
    }
    cursor.pass(line);
    true
}

/// A function line with the location behind it, foreign lines between them set aside.
fn take_frame<'t>(
    cursor: &mut Cursor<'t>,
    line: &Line<'t>,
    function: FunctionLine<'t>,
    sink: &mut impl Sink<'t>,
    flags: &mut GoroutineFlags,
    tally: &mut Tally,
) -> bool {
    let mut ahead = *cursor;
    ahead.pass(line);
    let Some(next) = ahead.peek() else {
        cursor.pass(line);
        flags.insert(GoroutineFlags::INCOMPLETE);
        return true;
    };
    if sink.frame(line.number, function, next.trimmed()) {
        ahead.pass(&next);
        *cursor = ahead;
        return true;
    }
    if let Some(cut) = glue::tail(next.bytes)
        && sink.frame(
            line.number,
            function,
            next.bytes.get(..cut).unwrap_or_default().trim_ascii(),
        )
    {
        ahead.pass_part(&next, cut);
        *cursor = ahead;
        return true;
    }
    if !next.ended {
        // The text ends inside this location line.
        ahead.pass(&next);
        *cursor = ahead;
        flags.insert(GoroutineFlags::INCOMPLETE);
        return true;
    }
    let Some(distance) = location_ahead(&ahead) else {
        return false;
    };
    pass_aside(&mut ahead, distance, tally);
    flags.insert(GoroutineFlags::FOREIGN_LINES);
    if let Some(next) = ahead.take() {
        sink.frame(line.number, function, next.trimmed());
    }
    *cursor = ahead;
    true
}

/// Steps over foreign lines.
fn pass_aside(cursor: &mut Cursor<'_>, lines: usize, tally: &mut Tally) {
    for _ in 0..lines {
        tally.aside(cursor.number());
        cursor.take();
    }
}

/// How many foreign lines stand between a function line and its location.
fn location_ahead(cursor: &Cursor<'_>) -> Option<usize> {
    let mut ahead = *cursor;
    for distance in 0..=FOREIGN_LINES_MOST {
        let line = ahead.take()?;
        let text = line.trimmed();
        if (distance == 0 || line.bytes.len() > text.len()) && frame::location(text).is_some() {
            return Some(distance);
        }
        if line.is_blank()
            || ends_body(text)
            || frame::function_line(text).is_some()
            || text.starts_with(b"created by ")
        {
            return None;
        }
    }
    None
}

/// The location line of a creation site, if it is there.
fn take_creation<'t>(
    cursor: &mut Cursor<'t>,
    function: &'t [u8],
    parent: Option<GoroutineId>,
    sink: &mut impl Sink<'t>,
    flags: &mut GoroutineFlags,
    tally: &mut Tally,
) {
    let next = cursor.peek();
    if let Some(next) = next.filter(|next| !next.is_blank()) {
        if sink.created_by(function, parent, next.trimmed()) {
            cursor.pass(&next);
            return;
        }
        if let Some(cut) = glue::tail(next.bytes)
            && let Some(location) = next.bytes.get(..cut)
            && sink.created_by(function, parent, location.trim_ascii())
        {
            cursor.pass_part(&next, cut);
            return;
        }
    }
    if let Some(distance) = location_ahead(cursor).filter(|&distance| distance > 0) {
        flags.insert(GoroutineFlags::FOREIGN_LINES);
        pass_aside(cursor, distance, tally);
        if let Some(next) = cursor.take() {
            sink.created_by(function, parent, next.trimmed());
        }
        return;
    }
    sink.created_by(function, parent, b"");
    if next.is_none_or(|next| !next.ended) {
        flags.insert(GoroutineFlags::INCOMPLETE);
        if let Some(next) = next {
            cursor.pass(&next);
        }
    }
}

/// A C frame named by a cgo symbolizer: a bare name, then a location that ends in `pc=`.
fn take_symbolized<'t>(cursor: &mut Cursor<'t>, line: &Line<'t>, sink: &mut impl Sink<'t>) -> bool {
    let mut ahead = *cursor;
    ahead.pass(line);
    let Some(next) = ahead.peek() else {
        return false;
    };
    let Some((location, pc)) = frame::foreign_location(next.trimmed()) else {
        return false;
    };
    sink.foreign_frame(line.trimmed(), location, pc);
    ahead.pass(&next);
    *cursor = ahead;
    true
}

/// Behind `created by` only ancestors may follow.
fn take_ancestor<'t>(
    cursor: &mut Cursor<'t>,
    line: &Line<'t>,
    sink: &mut impl Sink<'t>,
    stage: &mut Stage,
) -> bool {
    let Some(id) = frame::originating_from(line.trimmed()) else {
        return false;
    };
    sink.ancestor(id);
    cursor.pass(line);
    *stage = Stage::Frames;
    true
}

/// True where blank lines stand in the middle of a body, not at its end.
fn resumes_behind_blanks(cursor: &Cursor<'_>, stage: Stage) -> bool {
    let mut ahead = *cursor;
    while let Some(line) = ahead.peek() {
        if !line.is_blank() {
            return resumes_at(&ahead, stage);
        }
        ahead.pass(&line);
    }
    false
}

/// True where the next line goes on with a body: a whole frame, a creation, or a line that stands in the place of one; behind
/// `created by`, an ancestor.
fn resumes_at(cursor: &Cursor<'_>, stage: Stage) -> bool {
    let Some(line) = cursor.peek() else {
        return false;
    };
    let text = line.trimmed();
    if stage == Stage::Created {
        return frame::originating_from(text).is_some();
    }
    if frame::elided(text).is_some()
        || frame::stack_unavailable(text)
        || frame::foreign_function(text).is_some()
    {
        return true;
    }
    let mut behind = *cursor;
    behind.pass(&line);
    let pair = frame::function_line(text).is_some() || text.starts_with(b"created by ");
    pair && location_ahead(&behind).is_some()
}

/// Sets foreign lines aside if the stack resumes behind them.
fn skip_foreign(
    cursor: &mut Cursor<'_>,
    stage: Stage,
    flags: &mut GoroutineFlags,
    tally: &mut Tally,
) -> bool {
    let mut ahead = *cursor;
    for _ in 0..FOREIGN_LINES_MOST {
        let Some(line) = ahead.peek() else {
            return false;
        };
        if line.is_blank() || ends_body(line.trimmed()) {
            return false;
        }
        ahead.pass(&line);
        if resumes_at(&ahead, stage) {
            while cursor.pos() < ahead.pos() {
                tally.aside(cursor.number());
                cursor.take();
            }
            flags.insert(GoroutineFlags::FOREIGN_LINES);
            return true;
        }
    }
    false
}

/// Lines that never stand inside a body.
fn ends_body(text: &[u8]) -> bool {
    match text.first() {
        Some(b'g') => header::header(text).is_some() || registers::register(text).is_some(),
        Some(b'p') => text.starts_with(b"panic: "),
        Some(b'f') => text.starts_with(b"fatal error: "),
        Some(b'-') => text == b"-----" || text.starts_with(b"--- "),
        Some(b'=' | b'W') => {
            text.starts_with(b"==================") || text == b"WARNING: DATA RACE"
        }
        Some(b'e') => text.starts_with(b"exit status ") || registers::register(text).is_some(),
        Some(b'F') => text == b"FAIL" || text.starts_with(b"FAIL\t"),
        _ => registers::register(text).is_some(),
    }
}
