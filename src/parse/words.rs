//! Where the next word stands with which something may begin inside a line, or that opens a profile.
//!
//! ```text
//! no newline outpanic: boom
//! 2026/01/02 15:04:05 http: panic serving 10.0.0.1:80: boom
//! testing.go:1490: race detected during execution of test
//! threadcreate profile: total 8
//! ```
//!
//! Most lines of a log have none of them; one search over the text tells so for thousands of lines. The driver asks [`Words`] before it
//! asks the grammars that look into a line.

use super::lines::{Cursor, Line};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// The words of `glue::dump_start`, of the marks of `gotest` inside a line, and of the first lines of profiles.
static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        "goroutine |panic|fatal error: |: race detected| profile: |--- mutex:|--- contention:",
    )
    .ok()
});

/// The next word of a text that is read from front to back.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Where it begins; 0 before the first search.
    next: usize,
}

impl Words {
    /// True where a word begins in a line. Lines are asked for in their order.
    pub fn are_in(&mut self, line: &Line<'_>, cursor: &Cursor<'_>) -> bool {
        if self.next < line.start || self.next == 0 {
            let rest = cursor.rest_of(line);
            let found = WORDS.as_ref().and_then(|words| words.find(rest));
            self.next = found.map_or(usize::MAX, |found| line.start + found.start());
        }
        self.next < line.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_words_are_told_from_others() {
        let text = b"panic: a\nplain\nplain\nx http: panic serving y\nplain\nheap profile: 1\n";
        let mut cursor = Cursor::new(text, 0, text.len(), 0);
        let mut words = Words::default();
        let mut told = Vec::new();
        while let Some(line) = cursor.peek() {
            told.push(words.are_in(&line, &cursor));
            cursor.pass(&line);
        }
        assert_eq!(told, [true, false, false, true, false, true]);
    }
}
