//! From a line of unwrapped text back to the line, and the time stamp, it had in the input.

use super::TextLine;

/// Where one unwrapped line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineOrigin {
    /// Line of the input, counted from 1.
    pub line: u32,
    /// Nanoseconds since 1970-01-01T00:00:00Z as stamped by the wrapper; a stamp without a zone is read as UTC.
    /// `None` where the wrapper gave no stamp or one without a year.
    pub time: Option<i64>,
}

/// The origin of every unwrapped line. The identity, for a text that came without a wrapper, costs nothing.
#[derive(Clone, Debug, Default)]
pub struct LineMap {
    origins: Option<Vec<LineOrigin>>,
    /// Lines of the input before the text, where nothing was taken off.
    before: u32,
}

impl LineMap {
    /// Unwrapped line n is input line n + 1, without time stamps.
    pub fn identity() -> Self {
        Self::default()
    }

    /// One origin for each unwrapped line, in the order of the unwrapped text.
    pub fn new(origins: Vec<LineOrigin>) -> Self {
        Self {
            origins: Some(origins),
            before: 0,
        }
    }

    /// The map of a text that is a part of its input, behind so many lines of it.
    #[must_use]
    pub fn behind(mut self, lines: u32) -> Self {
        match &mut self.origins {
            None => self.before = self.before.saturating_add(lines),
            Some(origins) => origins
                .iter_mut()
                .for_each(|origin| origin.line = origin.line.saturating_add(lines)),
        }
        self
    }

    /// True where nothing was taken off, so that both sides count alike.
    pub fn is_identity(&self) -> bool {
        self.origins.is_none()
    }

    /// The origin of `line`; a line past the end answers as the last one.
    pub fn origin(&self, line: TextLine) -> LineOrigin {
        match &self.origins {
            None => LineOrigin {
                line: line.0.saturating_add(1).saturating_add(self.before),
                time: None,
            },
            Some(origins) => origins
                .get(line.0 as usize)
                .or(origins.last())
                .copied()
                .unwrap_or(LineOrigin {
                    line: 1,
                    time: None,
                }),
        }
    }
}
