//! Undoes what writers do to bytes they will not print: backslash escapes of JSON and Go, octal of syslog, HTML entities.
//!
//! Only functions from bytes to bytes; whether a text is escaped at all is decided by the steps that call them.

use bstr::ByteSlice;

/// Undoes backslash escapes of a JSON or Go string (`\n \t \" \\ \/ \u000a \U0001f600 \x1b \033`) into `out`.
///
/// What is no escape stays as it is; halves of surrogate pairs become U+FFFD.
pub(super) fn unquote(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let escape = rest.get(at + 1..).unwrap_or_default();
        let length = one_escape(escape, out);
        rest = escape.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// One escape behind its backslash; gives the bytes it takes.
fn one_escape(escape: &[u8], out: &mut Vec<u8>) -> usize {
    let simple = match escape.first() {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'a') => 7,
        Some(b'v') => 11,
        Some(byte @ (b'"' | b'\\' | b'/' | b'\'')) => *byte,
        Some(b'u') => return unicode(escape, 4, out),
        Some(b'U') => return unicode(escape, 8, out),
        Some(b'x') => return byte_escape(escape.get(1..3), 16, 3, out),
        Some(b'0'..=b'3') => return byte_escape(escape.get(..3), 8, 3, out),
        _ => {
            out.push(b'\\');
            return 0;
        }
    };
    out.push(simple);
    1
}

/// `x1b`, `033`.
fn byte_escape(digits: Option<&[u8]>, radix: u32, length: usize, out: &mut Vec<u8>) -> usize {
    match number(digits, radix).and_then(|value| u8::try_from(value).ok()) {
        Some(byte) => {
            out.push(byte);
            length
        }
        None => {
            out.push(b'\\');
            0
        }
    }
}

/// `u00e9`, a surrogate pair `ud83d\ude00`, `U0001f600`.
fn unicode(escape: &[u8], digits: usize, out: &mut Vec<u8>) -> usize {
    let Some(first) = number(escape.get(1..1 + digits), 16) else {
        out.push(b'\\');
        return 0;
    };
    let second = escape
        .get(5..11)
        .filter(|next| next.starts_with(b"\\u"))
        .and_then(|next| number(next.get(2..), 16));
    let (value, length) = match (first, second) {
        (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) if digits == 4 => {
            (0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00), 11)
        }
        _ => (first, 1 + digits),
    };
    let mut buffer = [0; 4];
    out.extend_from_slice(
        char::from_u32(value)
            .unwrap_or(char::REPLACEMENT_CHARACTER)
            .encode_utf8(&mut buffer)
            .as_bytes(),
    );
    length
}

fn number(digits: Option<&[u8]>, radix: u32) -> Option<u32> {
    let digits = digits.filter(|digits| !digits.is_empty())?;
    digits.iter().try_fold(0u32, |sum, byte| {
        sum.checked_mul(radix)?
            .checked_add(char::from(*byte).to_digit(radix)?)
    })
}

/// Undoes rsyslog's octal escapes of control characters (`#011`, `\#011`) into `out`; all else stays.
pub(super) fn unoctal(line: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    while let Some(at) = memchr::memchr(b'#', rest) {
        let value = rest
            .get(at + 1..at + 4)
            .and_then(|digits| number(Some(digits), 8));
        match value
            .and_then(|value| u8::try_from(value).ok())
            .filter(u8::is_ascii_control)
        {
            Some(byte) => {
                let before = rest.get(..at).unwrap_or_default();
                out.extend_from_slice(before.strip_suffix(b"\\").unwrap_or(before));
                out.push(byte);
                rest = rest.get(at + 4..).unwrap_or_default();
            }
            None => {
                out.extend_from_slice(rest.get(..=at).unwrap_or_default());
                rest = rest.get(at + 1..).unwrap_or_default();
            }
        }
    }
    out.extend_from_slice(rest);
}

/// Named entities that occur in escaped dumps.
const ENTITIES: [(&[u8], &str); 9] = [
    (b"lt", "<"),
    (b"gt", ">"),
    (b"amp", "&"),
    (b"quot", "\""),
    (b"apos", "'"),
    (b"nbsp", " "),
    (b"hellip", "..."),
    (b"plus", "+"),
    (b"middot", "·"),
];
/// Longest text between `&` and `;` taken for an entity.
const MAX_ENTITY: usize = 10;

/// Undoes HTML entities (`&lt; &#43; &#x2b; &nbsp;`) into `out`; what is no entity stays.
pub(super) fn unentity(line: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    while let Some(at) = memchr::memchr(b'&', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        let name = after
            .find_byte(b';')
            .filter(|end| *end <= MAX_ENTITY)
            .and_then(|end| after.get(..end));
        match name.and_then(|name| entity(name, out).then_some(name.len())) {
            Some(length) => rest = after.get(length + 1..).unwrap_or_default(),
            None => {
                out.push(b'&');
                rest = after;
            }
        }
    }
    out.extend_from_slice(rest);
}

fn entity(name: &[u8], out: &mut Vec<u8>) -> bool {
    if let Some((_, text)) = ENTITIES.iter().find(|(known, _)| *known == name) {
        out.extend_from_slice(text.as_bytes());
        return true;
    }
    let Some(digits) = name.strip_prefix(b"#") else {
        return false;
    };
    let value = match digits
        .strip_prefix(b"x")
        .or_else(|| digits.strip_prefix(b"X"))
    {
        Some(hex) => number(Some(hex), 16),
        None => number(Some(digits), 10),
    };
    let Some(letter) = value.and_then(char::from_u32) else {
        return false;
    };
    let letter = if letter == '\u{a0}' { ' ' } else { letter };
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(undo: fn(&[u8], &mut Vec<u8>), text: &str) -> String {
        let mut out = Vec::new();
        undo(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn json_and_go_escapes() {
        assert_eq!(
            run(unquote, r#"a\n\t\"b\\n\u003c\ud83d\ude00\x41\/"#),
            "a\n\t\"b\\n<😀A/"
        );
        assert_eq!(run(unquote, r"C:\dir \u12 \"), r"C:\dir \u12 \");
    }

    #[test]
    fn octal_of_control_characters_only() {
        assert_eq!(
            run(unoctal, "#011/app/main.go:1#012x #101 issue #12 \\#011y"),
            "\t/app/main.go:1\nx #101 issue #12 \ty"
        );
    }

    #[test]
    fn entities() {
        assert_eq!(
            run(
                unentity,
                "a &lt;b&gt; &#43;0x1d &#x2b; &amp;lt; &nbsp;&bogus; & &"
            ),
            "a <b> +0x1d + &lt;  &bogus; & &"
        );
    }
}
