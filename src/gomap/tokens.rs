//! The small words of Go source: symbols, identifiers, numbers, quoted text; and where and why reading stopped.
//!
//! ```text
//! map  chan  struct            keywords, never names
//! github.com/x/y.Key·1         a qualified name, as reflect and debuggers print it
//! 0x_ff  017  0b11  1_000.5e-3 a number, read by its digits later
//! "x\001\u00e9"  `raw`  '\n'   quoted text
//! ```
//!
//! [`super::types::grammar`] and [`super::value::expression`] are built of these. Every function takes the rest of the text, skips
//! blanks before its word, and fails with a [`Wrong`] that remembers the rest it failed on.

use nom::IResult;
use nom::error::{ErrorKind, ParseError};

/// What a function of a grammar returns.
pub(super) type Read<'t, O> = IResult<&'t str, O, Wrong<'t>>;

/// Where reading stopped, as the rest of the text there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong<'t> {
    pub rest: &'t str,
    pub why: Why,
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Another word had to stand there.
    Expected(&'static str),
    /// The text nests deeper than [`super::types::MAX_DEPTH`].
    TooDeep,
}

impl<'t> ParseError<&'t str> for Wrong<'t> {
    fn from_error_kind(rest: &'t str, _: ErrorKind) -> Self {
        Wrong {
            rest,
            why: Why::Expected("something else"),
        }
    }

    fn append(_: &'t str, _: ErrorKind, other: Self) -> Self {
        other
    }

    /// Of two ways to read a text, the one that came further tells the mistake.
    fn or(self, other: Self) -> Self {
        if self.rest.len() < other.rest.len() {
            self
        } else {
            other
        }
    }
}

impl<'t> Wrong<'t> {
    /// The error that ends all attempts, with its cause; `Incomplete` does not occur on whole texts.
    pub fn of(error: nom::Err<Wrong<'t>>) -> Self {
        match error {
            nom::Err::Error(wrong) | nom::Err::Failure(wrong) => wrong,
            nom::Err::Incomplete(_) => Wrong::from_error_kind("", ErrorKind::Eof),
        }
    }

    /// Bytes of `text` before the mistake.
    pub fn offset(&self, text: &str) -> usize {
        text.len().saturating_sub(self.rest.len())
    }
}

/// A failure that leaves other readings possible.
pub(super) fn expected<'t, O>(rest: &'t str, what: &'static str) -> Read<'t, O> {
    Err(nom::Err::Error(Wrong {
        rest,
        why: Why::Expected(what),
    }))
}

/// A failure that ends all readings.
pub(super) fn too_deep<'t, O>(rest: &'t str) -> Read<'t, O> {
    Err(nom::Err::Failure(Wrong {
        rest,
        why: Why::TooDeep,
    }))
}

/// The text behind blanks and line ends.
pub(super) fn skip_blanks(i: &str) -> &str {
    i.trim_start_matches([' ', '\t', '\n', '\r'])
}

/// Exactly `text`: `[`, `<-`, `...`
pub(super) fn symbol<'t>(text: &'static str) -> impl Fn(&'t str) -> Read<'t, ()> {
    move |i| {
        let i = skip_blanks(i);
        match i.strip_prefix(text) {
            Some(rest) => Ok((rest, ())),
            None => expected(i, text),
        }
    }
}

/// A keyword: `chan`, but not the beginning of `channel`.
pub(super) fn keyword<'t>(text: &'static str) -> impl Fn(&'t str) -> Read<'t, ()> {
    move |i| {
        let i = skip_blanks(i);
        let (rest, word) = split_word(i);
        if word == text {
            Ok((rest, ()))
        } else {
            expected(i, text)
        }
    }
}

/// The end of the text.
pub(super) fn end(i: &str) -> Read<'_, ()> {
    let i = skip_blanks(i);
    if i.is_empty() {
        Ok((i, ()))
    } else {
        expected(i, "the end")
    }
}

/// Items up to `close`, with separators between them; one may stand behind the last.
pub(super) fn list<'t, O>(
    mut i: &'t str,
    separator: impl Fn(&'t str) -> Read<'t, ()>,
    close: &'static str,
    item: impl Fn(&'t str) -> Read<'t, O>,
) -> Read<'t, Vec<O>> {
    let mut items = Vec::new();
    loop {
        if let Ok((rest, ())) = symbol(close)(i) {
            return Ok((rest, items));
        }
        let (rest, next) = item(i)?;
        items.push(next);
        i = match separator(rest) {
            Ok((rest, ())) => rest,
            Err(_) => return symbol(close)(rest).map(|(rest, ())| (rest, items)),
        };
    }
}

/// Words of the language that name nothing.
const KEYWORDS: &[&str] = &[
    "break",
    "case",
    "chan",
    "const",
    "continue",
    "default",
    "defer",
    "else",
    "fallthrough",
    "for",
    "func",
    "go",
    "goto",
    "if",
    "import",
    "interface",
    "map",
    "package",
    "range",
    "return",
    "select",
    "struct",
    "switch",
    "type",
    "var",
];

fn is_word_char(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Letters, digits and underscores at the start of a text: the rest, and the word.
fn split_word(i: &str) -> (&str, &str) {
    let end = i.find(|c| !is_word_char(c)).unwrap_or(i.len());
    let (word, rest) = i.split_at(end);
    (rest, word)
}

/// `Key`, `_`, `größe`
pub(super) fn identifier(i: &str) -> Read<'_, &str> {
    let i = skip_blanks(i);
    let (rest, word) = split_word(i);
    let starts_well = word.chars().next().is_some_and(|c| !c.is_numeric());
    if starts_well && !KEYWORDS.contains(&word) {
        Ok((rest, word))
    } else {
        expected(i, "a name")
    }
}

/// `int`, `main.Key`, `gopkg.in/yaml.v3.Node`, `main.T·1` (reflect's name of a type declared in a function).
pub(super) fn qualified(i: &str) -> Read<'_, &str> {
    let i = skip_blanks(i);
    let (mut rest, _) = identifier(i)?;
    loop {
        let behind = rest.trim_start_matches(['.', '/', '-', '~', '·']);
        let (next, word) = split_word(behind);
        // Only one joint at a time, so that `...` and `<-` stay symbols.
        if word.is_empty() || rest.chars().count() - behind.chars().count() != 1 {
            let name = i.get(..i.len() - rest.len()).unwrap_or(i);
            return Ok((rest, name));
        }
        rest = next;
    }
}

/// The text of a number, digits unchecked: `1_000`, `0x1.8p-3`, `.5e+10`, `2i`.
pub(super) fn number(i: &str) -> Read<'_, &str> {
    let i = skip_blanks(i);
    let bytes = i.as_bytes();
    let digit_at = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    if !(digit_at(0) || (i.starts_with('.') && digit_at(1))) {
        return expected(i, "a number");
    }
    let exponents: &[u8] = if i.starts_with("0x") || i.starts_with("0X") {
        b"pP"
    } else {
        b"eE"
    };
    let mut before = 0;
    let mut length = 0;
    for &byte in bytes {
        let sign = matches!(byte, b'+' | b'-') && exponents.contains(&before);
        if !(sign || byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')) {
            break;
        }
        before = byte;
        length += 1;
    }
    let (text, rest) = i.split_at(length);
    Ok((rest, text))
}

/// The value of an integer literal: `42`, `0x_ff`, `017`, `0o17`, `0b11`.
pub(super) fn integer(text: &str) -> Option<u128> {
    let (digits, radix) = match text.get(..2) {
        Some("0x" | "0X") => (text.get(2..)?, 16),
        Some("0b" | "0B") => (text.get(2..)?, 2),
        Some("0o" | "0O") => (text.get(2..)?, 8),
        _ if text.len() > 1 && text.starts_with('0') => (text.get(1..)?, 8),
        _ => (text, 10),
    };
    let mut any = false;
    let mut sum = 0u128;
    for c in digits.chars().filter(|&c| c != '_') {
        sum = sum
            .checked_mul(u128::from(radix))?
            .checked_add(u128::from(c.to_digit(radix)?))?;
        any = true;
    }
    any.then_some(sum)
}

/// `"x\001"` or `` `raw` ``; the bytes need not be UTF-8.
pub(super) fn string(i: &str) -> Read<'_, Vec<u8>> {
    let i = skip_blanks(i);
    if let Some(inner) = i.strip_prefix('`') {
        return match inner.split_once('`') {
            // Go leaves carriage returns out of raw strings.
            Some((raw, rest)) => Ok((rest, raw.bytes().filter(|&b| b != b'\r').collect())),
            None => expected("", "a closing `"),
        };
    }
    let Some(mut rest) = i.strip_prefix('"') else {
        return expected(i, "a string");
    };
    let mut bytes = Vec::new();
    loop {
        if let Some(rest) = rest.strip_prefix('"') {
            return Ok((rest, bytes));
        }
        let (next, piece) = piece(rest, '"')?;
        match piece {
            Piece::Byte(byte) => bytes.push(byte),
            Piece::Char(c) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
        rest = next;
    }
}

/// `'a'`, `'\n'`, `'\xff'`: its number.
pub(super) fn character(i: &str) -> Read<'_, u32> {
    let i = skip_blanks(i);
    let (rest, ()) = symbol("'")(i)?;
    let (rest, value) = piece(rest, '\'')?;
    match rest.strip_prefix('\'') {
        Some(rest) => Ok((
            rest,
            match value {
                Piece::Byte(byte) => u32::from(byte),
                Piece::Char(c) => u32::from(c),
            },
        )),
        None => expected(rest, "a closing '"),
    }
}

/// What one character or escape stands for.
enum Piece {
    /// `\ooo` and `\xhh` are bytes.
    Byte(u8),
    Char(char),
}

/// One character or escape between quotes.
fn piece(i: &str, quote: char) -> Read<'_, Piece> {
    let mut chars = i.chars();
    match chars.next() {
        None => expected(
            i,
            if quote == '"' {
                "a closing \""
            } else {
                "a closing '"
            },
        ),
        Some('\n') => expected(i, "\\n in place of a line end"),
        Some(c) if c == quote => expected(i, "a character"),
        Some('\\') => escape(chars.as_str(), quote),
        Some(c) => Ok((chars.as_str(), Piece::Char(c))),
    }
}

/// What stands behind a backslash.
fn escape(i: &str, quote: char) -> Read<'_, Piece> {
    const WANTED: &str = "an escape of Go: \\n, \\001, \\xff, \\u00e9, …";
    let mut chars = i.chars();
    let simple = match chars.next() {
        Some('a') => 7,
        Some('b') => 8,
        Some('f') => 12,
        Some('n') => b'\n',
        Some('r') => b'\r',
        Some('t') => b'\t',
        Some('v') => 11,
        Some('\\') => b'\\',
        Some(c) if c == quote => quote as u8,
        Some('x') => return digits(chars.as_str(), 2, 16, WANTED, as_byte),
        Some('u') => return digits(chars.as_str(), 4, 16, WANTED, as_char),
        Some('U') => return digits(chars.as_str(), 8, 16, WANTED, as_char),
        Some('0'..='7') => return digits(i, 3, 8, WANTED, as_byte),
        _ => return expected(i, WANTED),
    };
    Ok((chars.as_str(), Piece::Byte(simple)))
}

fn as_byte(value: u32) -> Option<Piece> {
    u8::try_from(value).ok().map(Piece::Byte)
}

fn as_char(value: u32) -> Option<Piece> {
    char::from_u32(value).map(Piece::Char)
}

/// Exactly `count` digits, and what they mean.
fn digits<'t>(
    i: &'t str,
    count: usize,
    radix: u32,
    wanted: &'static str,
    meaning: impl Fn(u32) -> Option<Piece>,
) -> Read<'t, Piece> {
    let text = i.get(..count).filter(|text| !text.starts_with('+'));
    let value = text.and_then(|text| u32::from_str_radix(text, radix).ok());
    match (value.and_then(meaning), i.get(count..)) {
        (Some(piece), Some(rest)) => Ok((rest, piece)),
        _ => expected(i, wanted),
    }
}

/// A text as Go quotes it, for tags.
pub(super) fn quote(bytes: &[u8]) -> String {
    let mut out = String::from('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\x07' => out.push_str("\\a"),
                '\x08' => out.push_str("\\b"),
                '\x0b' => out.push_str("\\v"),
                '\x0c' => out.push_str("\\f"),
                c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
                c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Option<Vec<u8>> {
        string(text)
            .ok()
            .filter(|(rest, _)| rest.is_empty())
            .map(|(_, bytes)| bytes)
    }

    #[test]
    fn strings_with_every_escape() {
        assert_eq!(
            bytes(r#""\a\b\f\n\r\t\v\\\"""#).unwrap(),
            b"\x07\x08\x0c\n\r\t\x0b\\\""
        );
        assert_eq!(
            bytes(r#""\377\xfF\u00e9\U0001F600""#).unwrap(),
            b"\xff\xff\xc3\xa9\xf0\x9f\x98\x80"
        );
        assert_eq!(bytes("`a\\n\r\n\"`").unwrap(), b"a\\n\n\"");
    }

    #[test]
    fn near_misses_of_strings() {
        for text in [
            r#""\'""#,
            r#""\400""#,
            r#""\x+f""#,
            r#""\ud800""#,
            r#""\U00110000""#,
            r#""\8""#,
            r#""\"#,
            "\"a\nb\"",
            "\"é\\xé\"",
            "`open",
            "\"open",
        ] {
            assert_eq!(bytes(text), None, "{text}");
        }
        assert!(character("''").is_err());
        assert!(character("'ab'").is_err());
        assert!(character("'\\\"'").is_err());
    }

    #[test]
    fn names_end_where_go_ends_them() {
        let name = |text| qualified(text).map(|(rest, name)| (name, rest)).unwrap();
        assert_eq!(
            name("github.com/go-redis/redis/v8.Key["),
            ("github.com/go-redis/redis/v8.Key", "[")
        );
        assert_eq!(name("main.T·1)"), ("main.T·1", ")"));
        assert_eq!(name("a...int"), ("a", "...int"));
        assert!(qualified("chan<- int").is_err());
        assert!(qualified("9a").is_err());
    }

    #[test]
    fn numbers_end_where_go_ends_them() {
        let text = |text| number(text).map(|(rest, number)| (number, rest)).unwrap();
        assert_eq!(text("1.5e-3-2i"), ("1.5e-3", "-2i"));
        assert_eq!(text("0x1e-3"), ("0x1e", "-3"));
        assert_eq!(text("0x1p+3+"), ("0x1p+3", "+"));
        assert_eq!(text(".5}"), (".5", "}"));
        assert!(number(".x").is_err());
    }
}
