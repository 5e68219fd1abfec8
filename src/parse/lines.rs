//! A cursor over the lines of a text: where a line starts, what it says, what its number is.
//!
//! Every driver of this room walks with a [`Cursor`]; it is `Copy`, so looking ahead is walking with a copy.

use crate::model::TextLine;

/// One line, or the rest of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// Its bytes without line end and trailing padding.
    pub bytes: &'t [u8],
    /// Where it starts in the text.
    pub start: usize,
    /// Where the next line starts.
    pub next: usize,
    /// Its number in the text.
    pub number: TextLine,
    /// False for a last line without a line end.
    pub ended: bool,
}

impl<'t> Line<'t> {
    /// The line without leading blanks.
    pub fn trimmed(&self) -> &'t [u8] {
        self.bytes.trim_ascii_start()
    }

    /// True where nothing but blanks stands in it.
    pub fn is_blank(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// A position at the start of a line (or behind glued text, inside one).
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'t> {
    text: &'t [u8],
    pos: usize,
    end: usize,
    number: u32,
}

impl<'t> Cursor<'t> {
    /// At the start of `text[start..end]`, whose first line has number `number`.
    pub fn new(text: &'t [u8], start: usize, end: usize, number: u32) -> Self {
        let end = end.min(text.len());
        Self {
            text,
            pos: start.min(end),
            end,
            number,
        }
    }

    /// Byte position in the text.
    pub fn pos(&self) -> usize {
        self.pos
    }

    /// Number of the line the cursor stands in.
    pub fn number(&self) -> TextLine {
        TextLine(self.number)
    }

    /// Bytes of the text behind the cursor's own reach, for values that run over several lines.
    pub fn slice(&self, start: usize, end: usize) -> &'t [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The text from the start of a line on.
    pub fn rest_of(&self, line: &Line<'_>) -> &'t [u8] {
        self.slice(line.start, self.end)
    }

    /// The line ahead; `None` at the end of the text.
    #[inline]
    pub fn peek(&self) -> Option<Line<'t>> {
        let rest = self.text.get(self.pos..self.end)?;
        if rest.is_empty() {
            return None;
        }
        let (length, next, ended) = match memchr::memchr(b'\n', rest) {
            Some(at) => (at, self.pos + at + 1, true),
            None => (rest.len(), self.end, false),
        };
        let bytes = trim_padding(rest.get(..length).unwrap_or_default());
        Some(Line {
            bytes,
            start: self.pos,
            next,
            number: TextLine(self.number),
            ended,
        })
    }

    /// The line ahead, stepping over it.
    #[inline]
    pub fn take(&mut self) -> Option<Line<'t>> {
        let line = self.peek()?;
        self.pass(&line);
        Some(line)
    }

    /// Steps over a line that was peeked at.
    #[inline]
    pub fn pass(&mut self, line: &Line<'t>) {
        self.pos = line.next;
        self.number += u32::from(line.ended);
    }

    /// Steps into the line ahead: `offset` bytes of it are passed, the rest becomes the next line.
    pub fn pass_part(&mut self, line: &Line<'t>, offset: usize) {
        self.pos = (line.start + offset).min(line.next);
    }

    /// The line `n` lines ahead (0 is the next one).
    pub fn look(&self, n: usize) -> Option<Line<'t>> {
        let mut ahead = *self;
        for _ in 0..n {
            ahead.take()?;
        }
        ahead.peek()
    }
}

#[inline]
fn trim_padding(bytes: &[u8]) -> &[u8] {
    match bytes.last() {
        Some(b' ' | b'\r' | b'\t') => bytes.trim_ascii_end(),
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_know_their_place_and_shed_padding() {
        let mut cursor = Cursor::new(b"one  \r\n\n\tthree", 0, 14, 0);
        let first = cursor.take().unwrap();
        assert_eq!((first.bytes, first.start, first.next), (&b"one"[..], 0, 7));
        assert!(cursor.take().unwrap().is_blank());
        let last = cursor.take().unwrap();
        assert_eq!(
            (last.trimmed(), last.number, last.ended),
            (&b"three"[..], TextLine(2), false)
        );
        assert_eq!(cursor.take(), None);
    }

    #[test]
    fn the_rest_of_a_glued_line_is_a_line_of_the_same_number() {
        let mut cursor = Cursor::new(b"no newline outpanic: boom\nnext", 0, 30, 4);
        let line = cursor.peek().unwrap();
        cursor.pass_part(&line, 14);
        let rest = cursor.take().unwrap();
        assert_eq!(
            (rest.bytes, rest.number),
            (&b"panic: boom"[..], TextLine(4))
        );
        assert_eq!(cursor.take().unwrap().number, TextLine(5));
    }
}
