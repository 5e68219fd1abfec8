//! From a line to the same line with somebody's words replaced.
//!
//! ```text
//! panic: no plan for tenant "acme" (alice@acme.example)   →  panic: no anon1 for tenant "anon2" (anon3@anon2.example)
//!         /home/alice/src/billing/store.go:42 +0x1d       →          /home/anon3/src/billing/store.go:42 +0x1d
//! ```
//!
//! [`Rewriter::text`] walks over the bytes once, whatever wraps them: words are runs of letters and digits, and each is kept for a reason
//! (it is code, it is in the list, it is a number that Go printed) or replaced. Everything else is copied: line ends, quotes, brackets,
//! escapes (`\n`, `\u0022`, `&#43;`, `#011`, colours), so that wrappers stay wrappers and columns of a table stay columns.

use super::addresses::{self, Addresses};
use super::learn::{Code, Lines};
use super::pseudonyms::Pseudonyms;
use super::regions::{Regions, is_record};
use super::words;
use memchr::memmem;

/// Names of functions are looked up within so many bytes: the longest that the linker makes are some hundred.
const FUNCTION_MOST: usize = 1 << 10;

/// Digits of a number that says nothing about anybody: line numbers, ports, statuses, years.
const SHORT: usize = 4;

/// Endings that say what a file is.
const ENDINGS: [&[u8]; 19] = [
    b"go", b"s", b"c", b"h", b"log", b"txt", b"json", b"jsonl", b"gz", b"zst", b"out", b"pb",
    b"html", b"test", b"tar", b"tgz", b"zip", b"xz", b"bz2",
];

/// Writes texts with everything replaced that is somebody's.
pub struct Rewriter<'c> {
    /// What stays.
    pub code: &'c Code,
    /// What is put in place of words.
    pub names: &'c mut Pseudonyms,
    /// What is put in place of memory words.
    pub addresses: &'c mut Addresses,
    out: Vec<u8>,
    /// The last word that stayed, in lower case: numbers are read by it.
    last: Vec<u8>,
}

/// A piece of a line being read.
struct Piece<'t> {
    text: &'t [u8],
    regions: Regions,
    /// Every number is one that Go printed.
    gos: bool,
    /// It is of a record with fields.
    record: bool,
}

impl<'c> Rewriter<'c> {
    /// For texts of one run.
    pub fn new(code: &'c Code, names: &'c mut Pseudonyms, addresses: &'c mut Addresses) -> Self {
        Self {
            code,
            names,
            addresses,
            out: Vec::new(),
            last: Vec::new(),
        }
    }

    /// A whole input.
    pub fn text(&mut self, text: &[u8], lines: &Lines) -> Vec<u8> {
        self.out = Vec::with_capacity(text.len());
        for (line, n) in text.split_inclusive(|&byte| byte == b'\n').zip(1..) {
            let record = is_record(line);
            self.line(line, lines.are_gos(n) && !record, record);
        }
        std::mem::take(&mut self.out)
    }

    /// A text of one line, such as a path; a strict one keeps no word at all.
    pub fn alone(&mut self, text: &[u8], strict: bool) -> Vec<u8> {
        self.out = Vec::with_capacity(text.len());
        let regions = match strict {
            true => Regions::strict(text),
            false => Regions::of(text, false),
        };
        self.piece(&Piece {
            text,
            regions,
            gos: false,
            record: false,
        });
        std::mem::take(&mut self.out)
    }

    fn line(&mut self, line: &[u8], gos: bool, record: bool) {
        let mut start = 0;
        // A record may hold a whole dump in one line.
        let ends = memmem::find_iter(line, b"\\n").map(|at| at + 2);
        for end in ends.chain([line.len()]) {
            let text = line.get(start..end).unwrap_or_default();
            let regions = Regions::of(text, record);
            self.piece(&Piece {
                text,
                gos: gos || regions.is_profile(),
                regions,
                record,
            });
            start = end;
        }
    }

    fn piece(&mut self, piece: &Piece<'_>) {
        self.last.clear();
        let mut at = 0;
        while let Some(&byte) = piece.text.get(at) {
            let rest = piece.text.get(at..).unwrap_or_default();
            let taken = match byte {
                b'\\' | b'&' | b'#' | b'^' | 0x1b => escape(rest),
                _ => 0,
            };
            let taken = match taken {
                0 => self.word(piece, at),
                taken => {
                    self.keep(rest, taken);
                    taken
                }
            };
            at += taken.max(1);
        }
    }

    fn keep(&mut self, text: &[u8], length: usize) {
        self.out
            .extend_from_slice(text.get(..length).unwrap_or(text));
    }

    /// Takes what stands at `at`: a word with what belongs to it, or one character that is none. How many bytes that was.
    fn word(&mut self, piece: &Piece<'_>, at: usize) -> usize {
        let rest = piece.text.get(at..).unwrap_or_default();
        let length = word_length(rest);
        if length == 0 {
            let length = bstr::decode_utf8(rest).1.max(1);
            self.keep(rest, length);
            return length;
        }
        let strict = piece.regions.is_strict(at);
        if !strict && let Some(taken) = self.function(piece, rest) {
            return taken;
        }
        let found = self
            .hexadecimal(piece, rest, at)
            .or_else(|| self.host(rest, at, piece.text))
            .or_else(|| self.stamp(rest))
            .or_else(|| self.element(piece, rest, at, strict));
        match found {
            Some(taken) => taken,
            None => {
                let word = rest.get(..length).unwrap_or_default();
                self.plain(piece, word, at, strict)
            }
        }
    }

    /// A function that the parse has seen.
    fn function(&mut self, piece: &Piece<'_>, rest: &[u8]) -> Option<usize> {
        let within = rest.get(..FUNCTION_MOST).unwrap_or(rest);
        let stop = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`\\".contains(byte);
        let end = within.iter().position(stop).unwrap_or(within.len());
        let run = within.get(..end)?;
        let ends = (3..run.len()).rev();
        let ends = ends.filter(|&end| run.get(end).is_some_and(|byte| b"(;,+)[{:".contains(byte)));
        for end in [run.len()].into_iter().chain(ends) {
            let name = run.get(..end)?;
            let Some(shown) = self.code.functions.get(name) else {
                continue;
            };
            // C names are plain words, which a log line may hold as well.
            if piece.gos || name.contains(&b'.') {
                self.out.extend_from_slice(shown);
                return Some(end);
            }
        }
        None
    }

    /// `0xc00012a000`.
    fn hexadecimal(&mut self, piece: &Piece<'_>, rest: &[u8], at: usize) -> Option<usize> {
        let digits = rest.strip_prefix(b"0x")?;
        let count = digits.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let count = count.count();
        let digits = digits.get(..count)?;
        let number = addresses::value(digits)?;
        if word_length(rest) != count + 2 {
            return None;
        }
        let before = at.checked_sub(1).and_then(|at| piece.text.get(at));
        let of_code = before == Some(&b'+')
            || piece.regions.is_profile()
            || [&b"pc"[..], b"rip", b"eip", b"lr", b"code", b"sigcode"]
                .contains(&self.last.as_slice())
            || self.last == b"addr" && number < addresses::OFFSETS;
        let shown = match of_code {
            true => number,
            false => self.addresses.replace(number),
        };
        // The race detector fills up with zeros.
        let width = if digits.starts_with(b"0") { count } else { 0 };
        self.out
            .extend_from_slice(format!("0x{shown:0width$x}").as_bytes());
        Some(count + 2)
    }

    /// An address of the internet protocol.
    fn host(&mut self, rest: &[u8], at: usize, text: &[u8]) -> Option<usize> {
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        if matches!(before, Some(b'.' | b':')) {
            return None;
        }
        let of = |fits: fn(&u8) -> bool| {
            let run = rest.iter().take_while(|byte| fits(byte)).count();
            let run = rest.get(..run).unwrap_or_default();
            let end = run.iter().rposition(|byte| byte.is_ascii_hexdigit())?;
            let text = std::str::from_utf8(run.get(..=end)?).ok()?;
            let followed = rest.get(end + 1).is_some_and(|byte| is_word(*byte));
            (!followed).then_some(text)
        };
        let four = of(|byte| byte.is_ascii_digit() || *byte == b'.');
        if let Some(text) = four
            && let Ok(address) = text.parse::<std::net::Ipv4Addr>()
        {
            let shown = match address.is_loopback() || address.is_unspecified() {
                true => text.to_owned(),
                false => self.names.ipv4(text.as_bytes()),
            };
            self.out.extend_from_slice(shown.as_bytes());
            return Some(text.len());
        }
        let six = of(|byte| byte.is_ascii_hexdigit() || *byte == b':')?;
        six.parse::<std::net::Ipv6Addr>().ok()?;
        let shown = self.names.ipv6(six.as_bytes());
        self.out.extend_from_slice(shown.as_bytes());
        Some(six.len())
    }

    /// `2026-03-01T10:00:00.123456789Z`; dates and times in parts are short numbers and stay by themselves.
    fn stamp(&mut self, rest: &[u8]) -> Option<usize> {
        let shape = b"dddd-dd-ddTdd:dd:dd";
        let compact = b"ddddddddTdddddd";
        let fits = |shape: &[u8]| {
            let found = rest.get(..shape.len())?;
            let mut pairs = found.iter().zip(shape);
            let fit = pairs.all(|(byte, form)| match form {
                b'd' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't' | b' ' | b'_'),
                other => byte == other,
            });
            fit.then_some(shape.len())
        };
        let mut length = fits(shape).or_else(|| fits(compact))?;
        if matches!(rest.get(length), Some(b'.' | b',')) {
            let digits = rest.get(length + 1..)?.iter();
            let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
            length += if digits > 0 { digits + 1 } else { 0 };
        }
        if matches!(rest.get(length), Some(b'Z' | b'z')) {
            length += 1;
        }
        self.keep(rest, length);
        Some(length)
    }

    /// An element of a path: what stands beside a slash, or is the file of a frame.
    fn element(
        &mut self,
        piece: &Piece<'_>,
        rest: &[u8],
        at: usize,
        strict: bool,
    ) -> Option<usize> {
        let fits = |byte: &u8| is_word(*byte) || b"._@+~!%-".contains(byte);
        let run = rest.iter().take_while(|byte| fits(byte)).count();
        let run = rest.get(..run)?;
        let end = run.iter().rposition(|byte| is_word(*byte))? + 1;
        let element = run.get(..end)?;
        let slash = |byte: Option<&u8>| byte == Some(&b'/');
        let before = at.checked_sub(1).and_then(|at| piece.text.get(at));
        let in_path = slash(before) || slash(rest.get(end));
        if strict || !(in_path || element.contains(&b'.')) {
            return None;
        }
        if self.code.elements.contains(element) {
            self.keep(element, end);
            return Some(end);
        }
        let number = element.iter().all(u8::is_ascii_digit);
        if number && in_path && end > SHORT && !piece.regions.is_gos(at) {
            // What is counted is not the same in another run, and paths tell incidents apart.
            let shown = match self.names.is_keyed() {
                true => self.names.word(element).to_owned(),
                false => self.names.digits(element),
            };
            self.out.extend_from_slice(shown.as_bytes());
            return Some(end);
        }
        if !in_path || number || element.contains(&b'@') && !slash(before) {
            return None;
        }
        // `TestLogin/without_name`.
        if self.code.renamed_test(element).is_some() {
            return None;
        }
        if is_known(element) || self.code.tests.contains(element) {
            self.keep(element, end);
            return Some(end);
        }
        let dot = element.iter().rposition(|&byte| byte == b'.');
        let (stem, ending) = element.split_at_checked(dot.unwrap_or(end))?;
        let known = ending
            .get(1..)
            .is_some_and(|ending| ENDINGS.contains(&ending));
        let (stem, ending) = match known {
            true => (stem, ending),
            false => (element, &b""[..]),
        };
        let stem = match is_known(stem) {
            true => String::from_utf8_lossy(stem).into_owned(),
            false => self.names.word(stem).to_owned(),
        };
        self.out.extend_from_slice(stem.as_bytes());
        self.out.extend_from_slice(ending);
        Some(end)
    }

    /// A word that belongs to nothing larger.
    fn plain(&mut self, piece: &Piece<'_>, word: &[u8], at: usize, strict: bool) -> usize {
        let length = word.len();
        let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == length {
            self.digits(piece, word, at, strict);
            return length;
        }
        let rest = piece.text.get(at + length..).unwrap_or_default();
        // Memory that the stack walk complains about: `00007ffe013ca4b0: <0000000000000000  9b012f62…`.
        let hexadecimal = word.iter().all(u8::is_ascii_hexdigit);
        if hexadecimal && length == 16 {
            self.keep(&[b'0'; 16], length);
            return length;
        }
        let stays = !strict
            && (words::stays(word)
                || self.code.tests.contains(word)
                || self.code.names.contains(word)
                || self.is_package(word, rest)
                || is_counted(word, digits)
                || is_level(word)
                || is_register(word)
                || piece.gos && hexadecimal && rest.starts_with(b" "));
        if stays || length == 1 {
            self.keep(word, length);
            self.last = word.to_ascii_lowercase();
            if self.is_package(word, rest) && !strict {
                let name = rest.get(1..).unwrap_or_default();
                let name = word_length(name);
                self.keep(rest, name + 1);
                return length + name + 1;
            }
            return length;
        }
        if let Some(start) = self.code.renamed_test(word) {
            self.out.extend_from_slice(start);
            self.out.push(b'_');
        }
        let shown = self.names.word(word);
        self.out.extend_from_slice(shown.as_bytes());
        self.last.clear();
        length
    }

    /// `main.User`: a name of the program's code.
    fn is_package(&self, word: &[u8], rest: &[u8]) -> bool {
        let name = rest.strip_prefix(b".").and_then(|name| name.first());
        name.is_some_and(|byte| byte.is_ascii_alphabetic()) && self.code.packages.contains(word)
    }

    fn digits(&mut self, piece: &Piece<'_>, digits: &[u8], at: usize, strict: bool) {
        let before = piece.text.get(at.saturating_sub(4)..at).unwrap_or_default();
        let fraction =
            matches!(before, [b':', a, b, b'.' | b','] if a.is_ascii_digit() && b.is_ascii_digit());
        let stays = digits.len() <= SHORT
            || fraction
            || piece.gos
            || piece.regions.is_gos(at)
            || words::is_time(&self.last)
            || piece.record && is_moment(digits)
            || matches!(self.last.as_slice(), b"goroutine" | b"goroutines");
        if strict {
            let shown = self.names.word(digits);
            self.out.extend_from_slice(shown.as_bytes());
        } else if stays {
            self.out.extend_from_slice(digits);
        } else {
            let shown = self.names.digits(digits);
            self.out.extend_from_slice(shown.as_bytes());
        }
    }
}

/// Whether a word goes on with this byte. Letters of other scripts are words as well; bytes that are no text may be anything.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Bytes of the word that `text` begins with. `\u00fc` inside of a word is a letter of it.
fn word_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.first().copied().unwrap_or_default();
        let taken = match first {
            b'\\' => match unicode_escape(rest) {
                Some(letter) if letter.is_alphanumeric() => 6,
                _ => 0,
            },
            byte if byte.is_ascii() => usize::from(is_word(byte)),
            _ => match bstr::decode_utf8(rest) {
                (Some(letter), length) if letter.is_alphanumeric() => length,
                (Some(_), _) => 0,
                (None, length) => length,
            },
        };
        if taken == 0 {
            break;
        }
        at += taken;
    }
    at
}

/// The character of `\u00fc`.
fn unicode_escape(text: &[u8]) -> Option<char> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    char::from_u32(addresses::value(digits)? as u32)
}

/// Bytes of an escape that `text` begins with, a colour behind it included; 0 where it begins with none.
fn escape(text: &[u8]) -> usize {
    let length = match text {
        [0x1b, ..] => 1,
        [b'^', b'[', b'[', ..] => 2,
        [b'\\', b'u', ..] => match unicode_escape(text) {
            Some(letter) if !letter.is_alphanumeric() => 6,
            Some(_) => 0,
            None => 1,
        },
        [b'\\', b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => 4,
        [
            b'\\',
            b'n' | b'r' | b't' | b'"' | b'\\' | b'/' | b'b' | b'f',
            ..,
        ] => 2,
        // Control characters as syslog writes them.
        [b'#', b'0', b'0'..=b'3', b'0'..=b'7', ..] => 4,
        [b'&', ..] => entity(text),
        _ => 0,
    };
    let control = matches!(text, [0x1b | b'^', ..])
        || [&b"#033"[..], b"\\u001b", b"\\u001B", b"\\x1b"]
            .iter()
            .any(|escape| text.starts_with(escape));
    match text.get(length..) {
        Some(behind @ [b'[', ..]) if control => length + colour(behind),
        _ => length,
    }
}

/// Bytes of `[31;1m`.
fn colour(text: &[u8]) -> usize {
    let end = text
        .iter()
        .skip(1)
        .position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b'?'));
    end.map_or(1, |end| end + 2)
}

/// Bytes of `&#43;` or `&lt;`.
fn entity(text: &[u8]) -> usize {
    let most = text.get(..10).unwrap_or(text);
    let Some(end) = memchr::memchr(b';', most) else {
        return 0;
    };
    let name = most.get(1..end).unwrap_or_default();
    let known = match name.strip_prefix(b"#") {
        Some([b'x' | b'X', number @ ..]) => number.iter().all(u8::is_ascii_hexdigit),
        Some(number) => number.iter().all(u8::is_ascii_digit),
        None => !name.is_empty() && words::stays(name),
    };
    if known { end + 1 } else { 0 }
}

/// `12ms`, `3rd`, `100MB`: a short number with its unit. `digits` is how many digits it begins with.
fn is_counted(word: &[u8], digits: usize) -> bool {
    let unit = word.get(digits..).unwrap_or_default();
    (1..=SHORT).contains(&digits) && unit.len() <= 3 && unit.iter().all(u8::is_ascii_alphabetic)
}

/// `E0102`: how glog begins its lines.
fn is_level(word: &[u8]) -> bool {
    matches!(word, [b'I' | b'W' | b'E' | b'F' | b'D', date @ ..] if date.len() == 4 && date.iter().all(u8::is_ascii_digit))
}

/// Milli-, micro- or nanoseconds since 1970, of the years 2014 to 2033: what records of logs begin with.
fn is_moment(digits: &[u8]) -> bool {
    matches!(digits, [b'1', b'4'..=b'9', ..]) && matches!(digits.len(), 13 | 16 | 19)
}

/// `r12`: a register.
fn is_register(word: &[u8]) -> bool {
    matches!(word, [b'r', number @ ..] if (1..=2).contains(&number.len()) && number.iter().all(u8::is_ascii_digit))
}

/// `node-10.0.3.17`, `ip-10-0-3-17`: an element of a path with an address in it.
fn holds_host(element: &[u8]) -> bool {
    let parts = element.split(|byte| !is_word(*byte));
    let bytes: Vec<Option<u8>> = parts
        .map(|part| std::str::from_utf8(part).ok()?.parse().ok())
        .collect();
    bytes
        .windows(4)
        .any(|four| four.iter().all(Option::is_some))
}

/// Whether an element of a path says nothing about anybody: words of the list, short numbers, versions.
fn is_known(element: &[u8]) -> bool {
    if holds_host(element) {
        return false;
    }
    let parts = element.split(|byte| !is_word(*byte) || *byte == b'_');
    let mut parts = parts.filter(|part| !part.is_empty());
    parts.all(|part| {
        let letters = part
            .iter()
            .take_while(|byte| !byte.is_ascii_digit())
            .count();
        let number = part.get(letters..).unwrap_or_default();
        let word = part.get(..letters).unwrap_or_default();
        let short = number.len() <= SHORT && number.iter().all(u8::is_ascii_digit);
        words::stays(part) || short && (word.len() <= 1 || words::stays(word))
    })
}
