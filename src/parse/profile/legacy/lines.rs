//! The parts of a `debug=1` text's lines: first lines, numbers, quotes. Pure functions, called by [`super`], whose header shows the lines.

use crate::goruntime::needle::Needle;
use crate::model::ProfileKind;

/// What the first line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head<'t> {
    /// Name and total.
    Count(&'t [u8], u64),
    /// The sampling rate in bytes; 1 where every object was sampled.
    Heap(i64),
    /// `--- mutex:` or `--- contention:`.
    Waits(ProfileKind),
}

/// A `#` line with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NamedLine<'t> {
    pub address: u64,
    /// Bytes from the entry of the physical function.
    pub offset: u64,
    pub func: &'t [u8],
    pub file: &'t [u8],
    pub line: u32,
}

impl NamedLine<'_> {
    /// Where the physical function begins.
    pub fn entry(&self) -> u64 {
        self.address.wrapping_sub(self.offset)
    }
}

/// `# → 0x46ac84 → sync.runtime_SemacquireMutex+0x24 → sync/sema.go:95`.
pub(super) fn named_line(text: &[u8]) -> Option<NamedLine<'_>> {
    let mut parts = columns(text);
    let address = hexadecimal(parts.next()?)?;
    let (name, place) = (parts.next()?, parts.next()?);
    let colon = memchr::memrchr(b':', place)?;
    let plus = memchr::memmem::rfind(name, b"+0x");
    Some(NamedLine {
        address,
        offset: plus
            .and_then(|plus| hexadecimal(name.get(plus + 1..)?))
            .unwrap_or(0),
        func: plus.and_then(|plus| name.get(..plus)).unwrap_or(name),
        file: place.get(..colon)?,
        line: decimal(place.get(colon + 1..)?)?,
    })
}

/// True for a `#` line with an address alone.
pub(super) fn is_bare(text: &[u8]) -> bool {
    let mut parts = columns(text);
    parts.next().and_then(hexadecimal).is_some() && parts.next().is_none()
}

fn columns(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let behind = text.strip_prefix(b"#").unwrap_or_default();
    behind
        .split(|byte| *byte == b'\t')
        .filter(|part| !part.is_empty())
}

/// True for a line that a profile begins with.
pub(in crate::parse) fn opens(line: &[u8]) -> bool {
    head(line).is_some()
}

pub(super) fn head(line: &[u8]) -> Option<Head<'_>> {
    match line {
        b"--- mutex:" => return Some(Head::Waits(ProfileKind::Mutex)),
        b"--- contention:" => return Some(Head::Waits(ProfileKind::Block)),
        _ => {}
    }
    if let Some(rest) = line.strip_prefix(b"heap profile: ") {
        let at = memchr::memmem::find(rest, b" @ heap/")?;
        heap_numbers(rest.get(..at)?)?;
        let printed: i64 = decimal(rest.get(at + 8..)?)?;
        return Some(Head::Heap((printed / 2).max(1)));
    }
    static TOTAL: Needle = Needle::new(b" profile: total ");
    let at = TOTAL.find(line)?;
    let name = line.get(..at)?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/".contains(byte);
    let total = decimal(line.get(at + 16..)?)?;
    (!name.is_empty() && name.iter().all(plain)).then_some(Head::Count(name, total))
}

/// A whole decimal number.
pub(super) fn decimal<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits.trim_ascii()).ok()?.parse().ok()
}

/// `0x469d2e`.
pub(super) fn hexadecimal(word: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(word.strip_prefix(b"0x")?).ok()?;
    u64::from_str_radix(digits, 16).ok()
}

/// `1: 1280 [3: 3840]`: live objects and bytes, then all.
pub(super) fn heap_numbers(text: &[u8]) -> Option<[i64; 4]> {
    let (live, all) = split_once(text.trim_ascii(), b" [")?;
    let (objects, bytes) = split_once(live, b": ")?;
    let (all_objects, all_bytes) = split_once(all.strip_suffix(b"]")?, b": ")?;
    Some([
        decimal(objects)?,
        decimal(bytes)?,
        decimal(all_objects)?,
        decimal(all_bytes)?,
    ])
}

pub(super) fn split_once<'t>(text: &'t [u8], by: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = memchr::memmem::find(text, by)?;
    Some((text.get(..at)?, text.get(at + by.len()..)?))
}

/// `"a\"b"`: the text between the quotes, and what stands behind it.
pub(super) fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"\"")?;
    let mut escaped = false;
    let end = inner.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some((inner.get(..end)?, inner.get(end + 1..)?))
}

/// The sampler takes a block with a probability that grows with its size: `1 - e^(-size/rate)`. Dividing by it estimates what there was.
pub(super) fn scaled(count: i64, bytes: i64, rate: i64) -> (i64, i64) {
    if count == 0 || bytes == 0 {
        return (0, 0);
    }
    if rate <= 1 {
        return (count, bytes);
    }
    let mean = bytes as f64 / count as f64;
    let scale = 1.0 / (1.0 - (-mean / rate as f64).exp());
    ((count as f64 * scale) as i64, (bytes as f64 * scale) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines_tell_the_kind() {
        for (line, expected) in [
            ("goroutine profile: total 12", Head::Count(b"goroutine", 12)),
            (
                "threadcreate profile: total 6",
                Head::Count(b"threadcreate", 6),
            ),
            (
                "heap profile: 103: 896640 [984: 11332848] @ heap/1048576",
                Head::Heap(524_288),
            ),
            ("heap profile: 1: 16 [2: 32] @ heap/2", Head::Heap(1)),
            ("--- mutex:", Head::Waits(ProfileKind::Mutex)),
            ("--- contention:", Head::Waits(ProfileKind::Block)),
        ] {
            assert_eq!(head(line.as_bytes()), Some(expected), "{line}");
        }
        for line in [
            "the goroutine profile: total 12",
            "goroutine profile: total many",
            "heap profile: unknown @ heap/2",
            "--- mutex",
            "--- FAIL: TestX",
            " profile: total 5",
        ] {
            assert_eq!(head(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn quotes_end_at_the_first_bare_one() {
        assert_eq!(
            quoted(br#""a\"b\\":"c""#),
            Some((br#"a\"b\\"#.as_slice(), br#":"c""#.as_slice()))
        );
        assert_eq!(quoted(br#""a\""#), None);
    }
}
