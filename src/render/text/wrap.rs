//! Fitting text into columns: widths, line breaks, shortening. All at character boundaries, for any width from one up.
//!
//! Everything that [`super::page::Page`] prints outside of code blocks comes through [`Flow`] or is measured here. Text is
//! expected to be escaped ([`crate::render::escape::line`]), so that each character takes a known number of columns.

use super::style::paint;
use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text columns below this are useless beside an indent; the indent gives way.
const MIN_COLUMN: usize = 10;

/// Columns that `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Words in styles, to be broken into lines.
#[derive(Debug, Default)]
pub struct Flow {
    words: Vec<(String, Style)>,
}

impl Flow {
    /// One style throughout.
    pub fn of(text: &str, style: Style) -> Self {
        let mut flow = Self::default();
        flow.push(text, style);
        flow
    }

    /// Adds the words of `text`.
    pub fn push(&mut self, text: &str, style: Style) {
        let words = text.split(' ').filter(|word| !word.is_empty());
        self.words
            .extend(words.map(|word| (word.to_owned(), style)));
    }

    /// Adds `text` as one word, which is broken only where it does not fit on a line of its own.
    pub fn push_whole(&mut self, text: &str, style: Style) {
        self.words.push((text.to_owned(), style));
    }

    /// The lines: the first behind `lead` (already painted, `lead_width` columns), the others indented as far. No line is wider than
    /// `room` unless the lead alone is.
    pub fn lines(&self, lead: &str, lead_width: usize, room: usize) -> Vec<String> {
        let indent = match room.saturating_sub(lead_width) < MIN_COLUMN {
            true => lead_width.min(room / 4),
            false => lead_width,
        };
        let mut lines = Lines {
            done: Vec::new(),
            line: lead.to_owned(),
            used: lead_width,
            start: true,
            indent,
            room,
        };
        for (word, style) in &self.words {
            lines.word(word, *style);
        }
        lines.finish()
    }
}

/// Lines being filled.
struct Lines {
    done: Vec<String>,
    line: String,
    used: usize,
    start: bool,
    indent: usize,
    room: usize,
}

impl Lines {
    fn word(&mut self, word: &str, style: Style) {
        let gap = usize::from(!self.start);
        if self.used + gap + width(word) > self.room && !self.start {
            self.next();
        }
        if !self.start {
            self.line.push(' ');
            self.used += 1;
        }
        let mut rest = word;
        while self.used + width(rest) > self.room {
            let (head, tail) = split(rest, self.room.saturating_sub(self.used));
            if head.is_empty() && self.used <= self.indent {
                break;
            }
            self.append(head, style);
            self.next();
            rest = tail;
        }
        self.append(rest, style);
        self.start = false;
    }

    fn append(&mut self, text: &str, style: Style) {
        self.line.push_str(&paint(text, style));
        self.used += width(text);
    }

    fn next(&mut self) {
        let indent = " ".repeat(self.indent);
        let line = std::mem::replace(&mut self.line, indent);
        self.done.push(line.trim_end().to_owned());
        self.used = self.indent;
        self.start = true;
    }

    fn finish(mut self) -> Vec<String> {
        self.next();
        self.done
    }
}

/// Cuts `word` so that the first part takes at most `room` columns: behind the last slash that fits, else behind any character.
fn split(word: &str, room: usize) -> (&str, &str) {
    let end = fitting(word.chars(), room);
    let head = word.get(..end).unwrap_or_default();
    let end = match head.rfind('/') {
        Some(slash) if slash + 1 > head.len() / 2 => slash + 1,
        _ => end,
    };
    word.split_at_checked(end).unwrap_or((word, ""))
}

/// Bytes of the leading characters that fit into `room` columns.
fn fitting(chars: impl Iterator<Item = char>, room: usize) -> usize {
    let mut used = 0;
    let mut bytes = 0;
    for c in chars {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        bytes += c.len_utf8();
    }
    bytes
}

/// `text` in at most `room` columns, its middle left out: `main.(*Ser…handle`.
pub fn middle(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(kept) = room.checked_sub(1) else {
        return String::new();
    };
    let head = fitting(text.chars(), kept / 3);
    let tail = fitting(text.chars().rev(), kept - kept / 3);
    let head = text.get(..head).unwrap_or_default();
    let tail = text.get(text.len() - tail..).unwrap_or_default();
    format!("{head}…{tail}")
}

/// A path or a qualified name in at most `room` columns: leading elements go first (`…/cache/store.go:20`), then the middle.
pub fn path(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let tails = text
        .match_indices('/')
        .map(|(at, _)| text.get(at..).unwrap_or_default());
    for tail in tails {
        if width(tail) < room {
            return format!("…{tail}");
        }
    }
    let last = text.rsplit('/').next().unwrap_or(text);
    middle(last, room)
}

/// `text` and the spaces that fill it up to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    text.to_owned() + &" ".repeat(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::escape;
    use proptest::prelude::*;

    fn lines(text: &str, lead: &str, room: usize) -> Vec<String> {
        Flow::of(text, Style::new()).lines(lead, width(lead), room)
    }

    #[test]
    fn words_fill_lines_behind_a_lead() {
        assert_eq!(
            lines("aa bb cc dd ee ff", "- ", 12),
            ["- aa bb cc", "  dd ee ff"]
        );
        assert_eq!(lines("", "- ", 12), ["-"]);
    }

    #[test]
    fn long_words_break_behind_a_slash() {
        let broken = lines("/usr/local/go/src/sync/mutex.go:90", "", 20);
        assert_eq!(broken, ["/usr/local/go/src/", "sync/mutex.go:90"]);
    }

    #[test]
    fn wide_characters_count_two_columns() {
        assert_eq!(
            lines("日本語日本語日本語", "", 10),
            ["日本語日本", "語日本語"]
        );
        assert_eq!(middle("日本語日本語", 7), "日…本語");
    }

    #[test]
    fn names_keep_their_end() {
        assert_eq!(
            path("/app/internal/cache/store.go:20", 20),
            "…/cache/store.go:20"
        );
        let name = "example.com/a/b.(*Store[...]).Set";
        assert_eq!(path(name, 30), "…/a/b.(*Store[...]).Set");
        assert_eq!(path(name, 20), "b.(*Store[...]).Set");
        assert_eq!(path(name, 12), "b.(…..]).Set");
        assert_eq!(path("main.go:20", 20), "main.go:20");
        assert_eq!(middle("abcdefghij", 0), "");
        assert_eq!(middle("abcdefghij", 1), "…");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text in any::<String>(), room in 2usize..60, indent in 0usize..30) {
            let text = escape::line(&text);
            let lead = " ".repeat(indent.min(room));
            for line in lines(&text, &lead, room) {
                prop_assert!(width(&line) <= room, "{line:?} in {room}");
            }
            prop_assert!(width(&middle(&text, room)) <= room);
            prop_assert!(width(&path(&text, room)) <= room);
        }

        #[test]
        fn no_character_is_lost(text in any::<String>(), room in 2usize..60) {
            let text = escape::line(&text);
            let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(squeeze(&lines(&text, "", room).concat()), squeeze(&text));
        }
    }
}
