//! A text on its way through the layers: its bytes and, line by line, where they came from.
//!
//! Every step of the room takes a [`Layer`] and builds the next one with a [`Builder`]. Read [`Layer`] first.

use crate::model::{LineMap, LineOrigin, TextLine};
use bstr::ByteSlice;
use std::borrow::Cow;

/// A text with some of its wrappers taken off.
#[derive(Debug)]
pub(super) struct Layer<'s> {
    /// The bytes, lines ended by `\n`.
    pub text: Cow<'s, [u8]>,
    /// Where each line came from.
    pub lines: LineMap,
    /// The container, pod or unit it belongs to, outermost first.
    pub stream: Option<String>,
}

impl<'s> Layer<'s> {
    /// Every line, without its line end, and its origin.
    pub fn lines(&self) -> impl Iterator<Item = (LineOrigin, &[u8])> {
        (0u32..)
            .zip(lines_of(&self.text))
            .map(|(number, line)| (self.lines.origin(TextLine(number)), line))
    }

    /// The same lines in the same stream, each changed by `change`.
    pub fn map_lines(
        &self,
        mut change: impl FnMut(&[u8], &mut Builder, LineOrigin),
    ) -> Layer<'static> {
        let mut builder = Builder::with_capacity(self.text.len());
        for (origin, line) in self.lines() {
            change(line, &mut builder, origin);
        }
        builder.finish(self.stream.clone())
    }
}

/// The lines of a text without their `\n`; an end of line at the end of the text opens no further line.
pub(super) fn lines_of(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, after) = match memchr::memchr(b'\n', rest) {
            Some(end) => (rest.get(..end)?, rest.get(end + 1..)?),
            None => (rest, &b""[..]),
        };
        rest = after;
        Some(line)
    })
}

/// Number of lines as [`lines_of`] gives them.
pub(super) fn count_lines(text: &[u8]) -> u32 {
    let ends = memchr::memchr_iter(b'\n', text).count();
    let open = usize::from(!text.is_empty() && !text.ends_with(b"\n"));
    u32::try_from(ends + open).unwrap_or(u32::MAX)
}

/// Builds the next layer line by line.
#[derive(Debug, Default)]
pub(super) struct Builder {
    text: Vec<u8>,
    origins: Vec<LineOrigin>,
}

impl Builder {
    /// Room for `bytes` of text.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            text: Vec::with_capacity(bytes),
            origins: Vec::new(),
        }
    }

    /// One whole line.
    pub fn line(&mut self, origin: LineOrigin, line: &[u8]) {
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
        self.origins.push(origin);
    }

    /// A text of one or more lines that all came from one place.
    pub fn text(&mut self, origin: LineOrigin, text: &[u8]) {
        for line in text
            .strip_suffix(b"\n")
            .unwrap_or(text)
            .split(|&byte| byte == b'\n')
        {
            self.line(origin, line);
        }
    }

    /// The last line written so far, without its line end.
    pub fn last_line(&self) -> Option<&[u8]> {
        let body = self.text.strip_suffix(b"\n")?;
        let start = body.rfind_byte(b'\n').map_or(0, |at| at + 1);
        body.get(start..)
    }

    /// Takes the last line back.
    pub fn pop(&mut self) -> Option<(LineOrigin, Vec<u8>)> {
        let line = self.last_line()?.to_vec();
        self.text.truncate(self.text.len() - line.len() - 1);
        self.origins.pop().map(|origin| (origin, line))
    }

    /// The bytes so far.
    pub fn bytes(&self) -> &[u8] {
        &self.text
    }

    /// The layer.
    pub fn finish(self, stream: Option<String>) -> Layer<'static> {
        Layer {
            text: Cow::Owned(self.text),
            lines: LineMap::new(self.origins),
            stream,
        }
    }
}
