//! One event of the text: its line and the stacks under it.
//!
//! ```text
//! M=608 P=1 G=1 RangeEnd Time=23811863251072 Name="GC incremental sweep" Scope=Proc(1) Attributes=["bytes swept"=Uint64(8192) …]
//! ```
//!
//! A line is a row of `key=value` and bare words between single blanks; a value is quoted as Go quotes strings, or goes on in
//! brackets. Read [`Fields::of`] first.

use memchr::memchr;

/// Fields of a line that are kept; no event has more.
const FIELD_LIMIT: usize = 16;

/// An event and the frames under it, as they stand in the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record<'t> {
    /// Its line.
    pub(super) line: &'t [u8],
    /// Where that begins in the text.
    pub(super) offset: usize,
    /// The lines of frames under `TransitionStack=`.
    pub(super) own: &'t [u8],
    /// The lines of frames under `Stack=`.
    pub(super) stack: &'t [u8],
    /// Bytes of lines that are neither.
    pub(super) other: usize,
}

/// Goes from event to event.
pub(super) struct Records<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Records<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The line at the current position, without its end, and where the next one begins.
    pub(super) fn line(&self) -> Option<(&'t [u8], usize)> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let (line, next) = match memchr(b'\n', rest) {
            Some(end) => (&rest[..end], self.at + end + 1),
            None => (rest, self.text.len()),
        };
        Some((line.strip_suffix(b"\r").unwrap_or(line), next))
    }

    /// All lines from the current position that are frames.
    fn frames(&mut self) -> &'t [u8] {
        let start = self.at;
        while let Some((line, next)) = self.line()
            && line.starts_with(b"\t")
        {
            self.at = next;
        }
        self.text.get(start..self.at).unwrap_or_default()
    }
}

impl<'t> Iterator for Records<'t> {
    type Item = Record<'t>;

    fn next(&mut self) -> Option<Record<'t>> {
        let (line, next) = self.line()?;
        let mut record = Record {
            line,
            offset: self.at,
            ..Record::default()
        };
        self.at = next;
        while let Some((line, next)) = self.line() {
            if line.starts_with(b"M=") {
                break;
            }
            self.at = next;
            match line {
                b"" => {}
                b"TransitionStack=" => record.own = self.frames(),
                b"Stack=" => record.stack = self.frames(),
                _ => record.other += line.len() + 1,
            }
        }
        Some(record)
    }
}

/// The frames of a stack, innermost first: function, pc, file, line.
pub(super) fn frames(stack: &[u8]) -> impl Iterator<Item = Option<Frame<'_>>> {
    let mut lines = stack.split(|&byte| byte == b'\n');
    std::iter::from_fn(move || {
        let function = lines.next().filter(|line| !line.is_empty())?;
        let place = lines.next().unwrap_or_default();
        Some(frame(function, place))
    })
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'t> {
    pub(super) func: &'t [u8],
    pub(super) pc: u64,
    pub(super) file: &'t [u8],
    pub(super) line: u64,
}

/// `\tFUNC @ 0xPC` and `\t\tFILE:LINE`.
fn frame<'t>(function: &'t [u8], place: &'t [u8]) -> Option<Frame<'t>> {
    let function = function.strip_prefix(b"\t")?.trim_ascii_end();
    let at = memchr::memmem::rfind(function, b" @ 0x")?;
    let (func, pc) = (function.get(..at)?, function.get(at + 5..)?);
    let place = place.strip_prefix(b"\t\t")?.trim_ascii_end();
    let colon = memchr::memrchr(b':', place)?;
    Some(Frame {
        func,
        pc: u64::from_str_radix(std::str::from_utf8(pc).ok()?, 16).ok()?,
        file: place.get(..colon)?,
        line: number(place.get(colon + 1..)?)?,
    })
}

/// A decimal number.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The fields of a line.
pub(super) struct Fields<'t> {
    /// Keys (empty for bare words) and values.
    fields: [(&'t [u8], &'t [u8]); FIELD_LIMIT],
    count: usize,
}

impl<'t> Fields<'t> {
    /// Splits a line; `None` where it is no event.
    pub(super) fn of(line: &'t [u8]) -> Option<Self> {
        if !line.starts_with(b"M=") {
            return None;
        }
        let mut fields = Self {
            fields: [(&[], &[]); FIELD_LIMIT],
            count: 0,
        };
        let mut rest = line;
        while !rest.is_empty() && fields.count < FIELD_LIMIT {
            let word = rest.get(..word_length(rest))?;
            rest = rest.get(word.len() + 1..).unwrap_or_default();
            let field = match memchr(b'=', word).filter(|_| !word.starts_with(b"\"")) {
                Some(place) => (word.get(..place)?, word.get(place + 1..)?),
                None => (&word[..0], word),
            };
            fields.fields[fields.count] = field;
            fields.count += 1;
        }
        (fields.count >= 5).then_some(fields)
    }

    fn all(&self) -> impl Iterator<Item = (&'t [u8], &'t [u8])> {
        self.fields.iter().take(self.count).copied()
    }

    /// The value of a key, as it is written.
    pub(super) fn text(&self, key: &[u8]) -> Option<&'t [u8]> {
        self.all().find(|field| field.0 == key).map(|field| field.1)
    }

    /// A decimal number; -1 is all ones.
    pub(super) fn number(&self, key: &[u8]) -> Option<u64> {
        match self.text(key)? {
            b"-1" => Some(u64::MAX),
            text => number(text),
        }
    }

    /// A number in brackets: 5 of `Uint64(5)`, of `Value{Uint64(5)}`, of `Goroutine(5)`.
    pub(super) fn bracketed(&self, key: &[u8]) -> Option<u64> {
        bracketed(self.text(key)?)
    }

    /// The bare word at a place among the bare words: 0 is the kind.
    pub(super) fn word(&self, place: usize) -> Option<&'t [u8]> {
        self.all()
            .filter(|field| field.0.is_empty())
            .nth(place)
            .map(|field| field.1)
    }
}

/// The number in the innermost brackets.
pub(super) fn bracketed(text: &[u8]) -> Option<u64> {
    let open = memchr::memrchr(b'(', text)?;
    let close = open + memchr(b')', text.get(open..)?)?;
    match text.get(open + 1..close)? {
        b"-1" => Some(u64::MAX),
        text => number(text),
    }
}

/// Bytes up to the next blank outside quotes and brackets.
fn word_length(text: &[u8]) -> usize {
    let (mut quoted, mut escaped, mut open) = (false, false, 0u32);
    for (place, &byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            b' ' if open == 0 => return place,
            _ => {}
        }
    }
    text.len()
}

/// Between the quotes, still escaped.
pub(super) fn inside(quoted: &[u8]) -> &[u8] {
    let inside = quoted.strip_prefix(b"\"");
    inside
        .and_then(|inside| inside.strip_suffix(b"\""))
        .unwrap_or(quoted)
}

/// A string as Go's `%q` writes it, without quotes and escapes.
pub(super) fn unquote(quoted: &[u8]) -> Vec<u8> {
    let mut rest = inside(quoted);
    let mut text = Vec::with_capacity(rest.len());
    while let Some(place) = memchr(b'\\', rest) {
        text.extend_from_slice(&rest[..place]);
        rest = escape(rest.get(place + 1..).unwrap_or_default(), &mut text);
    }
    text.extend_from_slice(rest);
    text
}

/// Takes what follows a backslash, and gives what is left.
fn escape<'t>(rest: &'t [u8], text: &mut Vec<u8>) -> &'t [u8] {
    let Some((&kind, rest)) = rest.split_first() else {
        return rest;
    };
    let digits = match kind {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        _ => 0,
    };
    if digits > 0 {
        let hex = rest
            .get(..digits)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        let Some(value) = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()) else {
            return rest;
        };
        match (kind, char::from_u32(value)) {
            (b'x', _) => text.push(value as u8),
            (_, Some(char)) => text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => {}
        }
        return rest.get(digits..).unwrap_or_default();
    }
    text.push(match kind {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        other => other,
    });
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_hold_blanks() {
        let line = br#"M=610 P=-1 G=3 Log Time=7 Task=1 Category="a \"b\" c" Message="x=1 y""#;
        let fields = Fields::of(line).expect("an event");
        assert_eq!(fields.word(0), Some(b"Log".as_slice()));
        assert_eq!(fields.number(b"P"), Some(u64::MAX));
        assert_eq!(
            fields.text(b"Category").map(unquote),
            Some(b"a \"b\" c".to_vec())
        );
        assert_eq!(
            fields.text(b"Message").map(unquote),
            Some(b"x=1 y".to_vec())
        );
    }

    #[test]
    fn values_may_be_lists() {
        let line = br#"M=1 P=0 G=2 RangeEnd Time=9 Name="GC" Scope=Proc(0) Attributes=["bytes swept"=Value{Uint64(5)} "b"=Uint64(6)]"#;
        let fields = Fields::of(line).expect("an event");
        assert_eq!(fields.bracketed(b"Scope"), Some(0));
        assert!(
            fields
                .text(b"Attributes")
                .is_some_and(|list| list.ends_with(b"]"))
        );
    }

    #[test]
    fn quotes_are_those_of_go() {
        assert_eq!(
            unquote(br#""a\n\x00\u00e9\U0001f600\\""#),
            "a\n\0é😀\\".as_bytes()
        );
        assert_eq!(unquote(br#""open\"#), b"\"open".to_vec());
    }

    #[test]
    fn an_event_takes_the_frames_under_it() {
        let text = b"M=1 a\nTransitionStack=\n\tf @ 0x1f\n\t\ta.go:3\n\nStack=\n\tg @ 0x2\n\t\tb:c.go:4\nodd\n\nM=2 b\n";
        let records: Vec<_> = Records::new(text).collect();
        assert_eq!(records.len(), 2);
        let stack: Vec<_> = frames(records[0].stack).collect();
        let expected = Frame {
            func: b"g",
            pc: 2,
            file: b"b:c.go",
            line: 4,
        };
        assert_eq!(stack, [Some(expected)]);
        assert_eq!(frames(records[0].own).count(), 1);
        assert_eq!(records[0].other, 4);
    }
}
