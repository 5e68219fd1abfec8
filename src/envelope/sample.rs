//! A bounded look at a text: what of it reads as a Go dump, and what is one behind a wrapper.
//!
//! Called before every step, so that a plain dump of any size costs a look at [`SAMPLE_BYTES`] only. Read [`Sample::take`].

use super::text::{Layer, lines_of};
use crate::goruntime::anchors::{self, Anchor};
use crate::model::LineMap;
use bstr::ByteSlice;
use std::borrow::Cow;

/// Bytes looked at: dumps and wrappers repeat themselves, 16 windows show every wrapper that a text has throughout.
const SAMPLE_BYTES: usize = 128 * 1024;
/// Windows taken from a longer text, each moved to the next word of a dump.
const WINDOWS: usize = 16;
/// A window begins this much before its first word of a dump, so that the lines around it are seen too.
const LEAD: usize = 2048;

/// Parts of a text that hold words of a dump, and what they look like.
#[derive(Debug)]
pub(super) struct Sample<'t> {
    layer: Layer<'t>,
    /// What each line reads as.
    forms: Vec<Option<Anchor>>,
    /// Structural lines (headers, locations, `created by`) that stand free.
    pub plain: usize,
    /// Goroutine headers that stand free.
    pub plain_headers: usize,
    /// Lines that stand free and begin with no white space: all forms but locations and functions.
    pub plain_rigid: usize,
    /// Lines of any form that stand free.
    pub readable: usize,
    /// Lines in which a dump line starts behind something else, or whose location is disguised.
    pub hidden: usize,
}

impl<'t> Sample<'t> {
    /// A look at `text`; `None` where no word of a dump occurs in it.
    pub fn take(text: &'t [u8]) -> Option<Self> {
        let first = anchors::first_telltale(text)?;
        let text = if text.len() <= SAMPLE_BYTES {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(spread(text, first).concat())
        };
        let forms: Vec<Option<Anchor>> = lines_of(&text).map(anchors::classify).collect();
        let hidden = anchors::count_hiding(&text);
        let layer = Layer {
            text,
            lines: LineMap::identity(),
            stream: None,
        };
        let mut sample = Self {
            layer,
            forms,
            plain: 0,
            plain_headers: 0,
            plain_rigid: 0,
            readable: 0,
            hidden,
        };
        let (mut plain, mut headers, mut rigid, mut readable) = (0, 0, 0, 0);
        for (line, form) in sample.lines_and_forms() {
            let Some(form) = form else { continue };
            plain += usize::from(form.is_structural());
            headers += usize::from(form == Anchor::Header);
            rigid += usize::from(
                !matches!(form, Anchor::Location | Anchor::Function)
                    && !line.starts_with(b"\t")
                    && !line.starts_with(b" "),
            );
            readable += 1;
        }
        (sample.plain, sample.plain_headers) = (plain, headers);
        (sample.plain_rigid, sample.readable) = (rigid, readable);
        Some(sample)
    }

    /// The parts one behind the other, as if they were the whole.
    pub fn as_layer(&self) -> &Layer<'t> {
        &self.layer
    }

    /// All lines looked at.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        lines_of(&self.layer.text)
    }

    /// All lines looked at, and as what they read.
    pub fn lines_and_forms(&self) -> impl Iterator<Item = (&[u8], Option<Anchor>)> {
        self.lines().zip(self.forms.iter().copied())
    }

    /// True where a text, of one line, stands anywhere: most steps look for something that no line has, and one search over all lines
    /// costs less than one for each.
    pub fn holds(&self, text: &[u8]) -> bool {
        self.layer.text.find(text).is_some()
    }
}

/// Windows over the whole text, the first at its first word of a dump.
fn spread(text: &[u8], first: usize) -> Vec<&[u8]> {
    let size = SAMPLE_BYTES / WINDOWS;
    let mut windows = Vec::with_capacity(WINDOWS);
    let mut end = 0;
    for number in 0..WINDOWS {
        let aim = (text.len() / WINDOWS * number).max(first).max(end);
        let Some(found) = anchors::next_telltale(text, aim, text.len() / WINDOWS) else {
            continue;
        };
        let from = line_start(text, found.saturating_sub(LEAD).max(end));
        let to = line_end(
            text,
            from.saturating_add(size).max(found.saturating_add(LEAD)),
        );
        windows.extend(text.get(from..to));
        end = to;
    }
    windows
}

/// Start of the first line at or after `at`, unless its line is longer than a window.
fn line_start(text: &[u8], at: usize) -> usize {
    if at == 0 || text.get(at - 1) == Some(&b'\n') {
        return at;
    }
    let near = text
        .get(at..(at + LEAD).min(text.len()))
        .and_then(|near| memchr::memchr(b'\n', near));
    match near {
        Some(end) => at + end + 1,
        None => text
            .get(..at)
            .and_then(|before| memchr::memrchr(b'\n', before))
            .map_or(0, |end| end + 1),
    }
}

/// End of the line at `at`, its `\n` included; a line longer than the sample is cut.
fn line_end(text: &[u8], at: usize) -> usize {
    let Some(rest) = text.get(at..) else {
        return text.len();
    };
    let near = rest.get(..SAMPLE_BYTES.min(rest.len())).unwrap_or_default();
    memchr::memchr(b'\n', near).map_or(at + near.len(), |end| at + end + 1)
}
