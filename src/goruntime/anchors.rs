//! How lines of a Go dump look, so that a wrapper can be told from what it wraps.
//!
//! `envelope` asks two questions: is this a whole line of a dump ([`classify`]), and does a line of a dump start somewhere
//! inside this one ([`find_inside`])? The forms are the same from Go 1.13 to 1.27:
//!
//! ```text
//! panic: assignment to entry in nil map                 Preamble
//! goroutine 7 gp=0xc000002380 m=3 mp=0xc000080008 [chan receive, 5 minutes] {job: "a b"}:     Header
//! main.(*Cache).Set(0xc00012a000, {0x4a3b2c, 0x5})      Function
//!         /app/cache.go:31 +0x1d                        Location
//! created by main.main in goroutine 1                   CreatedBy
//! exit status 2                                         not a line of a dump
//! ```

use super::needle::Needle;
use bstr::ByteSlice;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// Which form a whole line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// `goroutine 1 [running]:`.
    Header,
    /// `created by main.main in goroutine 1`.
    CreatedBy,
    /// `panic: …`, `fatal error: …`, `SIGQUIT: quit`, `WARNING: DATA RACE`, `--- FAIL: …`: a report begins.
    Preamble,
    /// `\t/app/main.go:12 +0x1d`.
    Location,
    /// `main.f(0x1, ...)`.
    Function,
    /// One of the fixed lines that stand between the others.
    Fixed,
}

impl Anchor {
    /// True for the forms that free text hardly ever has by chance.
    pub fn is_structural(self) -> bool {
        matches!(self, Anchor::Header | Anchor::CreatedBy | Anchor::Location)
    }
}

/// Starts of lines that open a report.
const PREAMBLES: [&[u8]; 12] = [
    b"panic: ",
    b"fatal error: ",
    b"WARNING: DATA RACE",
    b"SIGQUIT: quit",
    b"SIGABRT: abort",
    b"SIGSEGV: segmentation violation",
    b"SIGBUS: bus error",
    b"SIGILL: illegal instruction",
    b"SIGTRAP: trace trap",
    b"SIGFPE: floating-point exception",
    b"unexpected fault address 0x",
    b"--- FAIL: ",
];

/// Starts of the fixed lines inside a report.
const FIXED: [&[u8]; 11] = [
    b"[signal ",
    b"runtime stack:",
    b"PC=0x",
    b"...additional frames elided...",
    b"[originating from goroutine ",
    b"==================",
    b"Read at 0x",
    b"Write at 0x",
    b"Previous read at 0x",
    b"Previous write at 0x",
    b"runtime: goroutine stack exceeds ",
];

/// Stands for the frames of a goroutine that runs on another thread, indented.
const UNAVAILABLE: &[u8] = b"goroutine running on other thread; stack unavailable";

/// Words that occur in every dump, in any wrapper that keeps ASCII readable.
const TELLTALES: [&[u8]; 6] = [
    b"goroutine",
    b"panic:",
    b"fatal error:",
    b"DATA RACE",
    b"created by ",
    b".go:",
];

/// First lines of profiles that are texts (`debug=1`).
const PROFILE_STARTS: [&[u8]; 5] = [
    b"goroutine profile: total ",
    b"threadcreate profile: total ",
    b"heap profile: ",
    b"--- mutex:",
    b"--- contention:",
];

/// How the lines start in which such a profile names its addresses: as they are, and inside JSON.
const PROFILE_NAMES: [&[u8]; 2] = [b"#\t0x", b"#\\t0x"];

/// How the lines start that [`find_inside`] finds.
const DUMP_STARTS: [&[u8]; 5] = [
    b"goroutine ",
    b"fatal error: ",
    b"panic: ",
    b"created by ",
    b"WARNING: DATA RACE",
];

static GOROUTINE: Needle = Needle::new(b"goroutine ");
static CREATED_BY: Needle = Needle::new(b"created by ");
static GO_FILE: Needle = Needle::new(b".go:");
static OFFSET: Needle = Needle::new(b" +0x");
static FRAME_POINTER: Needle = Needle::new(b" fp=0x");
static PROGRAM_COUNTER: Needle = Needle::new(b" pc=0x");

/// All words that a place found by [`find_inside`] begins with: most lines of a log have none of them, which one search tells.
static BEGINNINGS: LazyLock<Option<Regex>> = LazyLock::new(|| any_of(beginnings()));

/// One of them stands in every line for which [`hides_dump`] is true.
static HIDDEN_WORDS: LazyLock<Option<Regex>> =
    LazyLock::new(|| any_of(beginnings().chain([&b".go:"[..]])));

fn beginnings() -> impl Iterator<Item = &'static [u8]> {
    const FIRST: [&[u8]; 2] = [b"goroutine ", b"created by "];
    let words = FIRST.iter().chain(&PREAMBLES);
    words.chain(&PROFILE_STARTS).chain(&PROFILE_NAMES).copied()
}

fn any_of(words: impl Iterator<Item = &'static [u8]>) -> Option<Regex> {
    let words: Vec<String> = words
        .map(|word| regex::escape(&String::from_utf8_lossy(word)))
        .collect();
    Regex::new(&words.join("|")).ok()
}

/// The number in an execution trace's header, 26 of `go 1.26 trace`: sixteen bytes since the first version, filled up with zeros.
pub fn trace_header(bytes: &[u8]) -> Option<u16> {
    const BYTES: usize = 16;
    let rest = bytes.get(..BYTES)?.strip_prefix(b"go 1.")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, tail) = rest.split_at(digits);
    let padding = tail.strip_prefix(b" trace")?;
    if padding.iter().any(|&byte| byte != 0) || number.starts_with(b"0") {
        return None;
    }
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// Bytes in which a document for Chrome's trace viewer says that it is one.
const TRACE_JSON_HEAD: usize = 1024;

/// True where a text is a trace in the JSON of Chrome's trace viewer, as `go tool trace` gives it to a browser:
/// `{"displayTimeUnit":"ns","traceEvents":[…`.
pub fn is_trace_json(bytes: &[u8]) -> bool {
    let head = bytes
        .get(..TRACE_JSON_HEAD)
        .unwrap_or(bytes)
        .trim_ascii_start();
    let has = |key: &str| memchr::memmem::find(head, key.as_bytes()).is_some();
    head.starts_with(b"{") && has("\"traceEvents\"") && has("\"displayTimeUnit\"")
}

/// True for the bytes of a profile in protocol buffers: no text, whatever follows.
///
/// A column comes first, a short message that begins with its field 1, a number: `sample_type` (0x0a), or `period_type` (0x5a) as
/// runtime/pprof writes counts; before it, in CPU profiles, the time (0x48, nanoseconds since 1970: nine bytes). Another field
/// stands behind it.
pub fn is_profile(bytes: &[u8]) -> bool {
    let column = match bytes {
        [0x48, time @ ..] => {
            let length = time
                .iter()
                .take(9)
                .take_while(|byte| **byte >= 0x80)
                .count();
            time.get(length + 1..)
                .filter(|_| length == 8)
                .unwrap_or_default()
        }
        column => column,
    };
    let &[0x0a | 0x5a, length @ 2..=22, 0x08, _, ..] = column else {
        return false;
    };
    let next = column.get(2 + usize::from(length));
    next.is_none_or(|&tag| matches!(tag & 7, 0 | 2) && (1..=15).contains(&(tag >> 3)))
}

/// The form of a whole line (without its line end), `None` for anything else.
///
/// Nothing may stand before the form, save the white space of locations and of race stacks, nor after it.
pub fn classify(line: &[u8]) -> Option<Anchor> {
    match *line.first()? {
        b'g' if header_length(line) == Some(line.len()) => return Some(Anchor::Header),
        b'c' if line.starts_with(b"created by ") => {
            return is_created_by(line).then_some(Anchor::CreatedBy);
        }
        _ => {}
    }
    if begins_with_one(line, &PREAMBLES) {
        return Some(Anchor::Preamble);
    }
    if is_fixed(line) {
        return Some(Anchor::Fixed);
    }
    if is_location(line) {
        return Some(Anchor::Location);
    }
    is_function(line.strip_prefix(b"  ").unwrap_or(line)).then_some(Anchor::Function)
}

/// Where in `line` a dump line starts that can be told from free text: a header, `created by`, a preamble.
pub fn find_inside(line: &[u8]) -> Option<usize> {
    let beginnings = BEGINNINGS.as_ref();
    if beginnings.is_some_and(|words| !words.is_match(line)) {
        return None;
    }
    let header = GOROUTINE.find_iter(line).find(|&at| {
        line.get(at..)
            .is_some_and(|rest| header_length(rest).is_some())
    });
    let created = CREATED_BY
        .find_iter(line)
        .find(|&at| line.get(at..).is_some_and(starts_like_created_by));
    let preamble = PREAMBLES
        .iter()
        .filter_map(|start| line.find(start))
        .filter(|&at| !follows_word(line, at))
        .min();
    let profile = profile_line_in(line);
    let starts = [header, created, preamble, profile];
    starts.into_iter().flatten().min()
}

/// True where `line` has a location with an offset (`.go:12 +0x1d`) or a goroutine header anywhere.
pub fn holds_structure(line: &[u8]) -> bool {
    holds_location(line)
        || GOROUTINE.find_iter(line).any(|at| {
            line.get(at..)
                .is_some_and(|rest| header_length(rest).is_some())
        })
}

/// True where a line of a dump stands in `line` behind something else, or disguised, or with others on one line.
pub fn hides_dump(line: &[u8]) -> bool {
    match classify(line) {
        Some(Anchor::Preamble | Anchor::Fixed) => {
            line.find(b"\\n").is_some() && GO_FILE.is_in(line)
        }
        Some(_) => false,
        None => holds_location(line) || find_inside(line).is_some(),
    }
}

/// How many lines of a text hide one of a dump ([`hides_dump`]).
pub fn count_hiding(text: &[u8]) -> usize {
    let Some(words) = HIDDEN_WORDS.as_ref() else {
        return 0;
    };
    let (mut count, mut from) = (0, 0);
    while let Some(found) = text.get(from..).and_then(|rest| words.find(rest)) {
        let at = from + found.start();
        let before = text.get(from..at).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before).map_or(from, |newline| from + newline + 1);
        let behind = text.get(at..).unwrap_or_default();
        let end = memchr::memchr(b'\n', behind).map_or(text.len(), |newline| at + newline);
        count += usize::from(text.get(start..end).is_some_and(hides_dump));
        from = end + 1;
    }
    count
}

/// True for a line that only a profile that is a text has: its first one, and those that name addresses.
pub fn is_profile_line(line: &[u8]) -> bool {
    begins_with_one(line, &PROFILE_STARTS) || begins_with_one(line, &PROFILE_NAMES)
}

fn is_fixed(line: &[u8]) -> bool {
    begins_with_one(line, &FIXED)
        || is_elided(line)
        || is_race_creation(line)
        || is_profile_line(line)
        || line.ends_with(UNAVAILABLE) && line.trim_ascii_start() == UNAVAILABLE
}

/// Most lines differ from all starts in their first byte, which costs less to see than to call a comparison.
fn begins_with_one(line: &[u8], starts: &[&[u8]]) -> bool {
    let mut starts = starts.iter();
    starts.any(|start| line.first() == start.first() && line.starts_with(start))
}

/// Where a line of a profile that is a text starts in `line`.
fn profile_line_in(line: &[u8]) -> Option<usize> {
    let starts = PROFILE_STARTS.iter().chain(&PROFILE_NAMES);
    starts.filter_map(|start| line.find(start)).min()
}

/// True where a source position of a Go file stands anywhere in `line`, closed by something that is not a digit.
pub fn holds_location(line: &[u8]) -> bool {
    GO_FILE.find_iter(line).any(|at| {
        let Some(rest) = line.get(at + 4..) else {
            return false;
        };
        let digits = count_digits(rest);
        let tail = rest.get(digits..).unwrap_or_default();
        digits > 0
            && (tail.starts_with(b" +0x")
                || tail.starts_with(b" &#43;0x")
                || tail.starts_with(b" \\u002b0x"))
    })
}

/// Offset of the first word of a dump in `text`; without one there is nothing to unwrap.
pub fn first_telltale(text: &[u8]) -> Option<usize> {
    let mut reach = text.len();
    let mut first = None;
    for word in TELLTALES {
        if let Some(at) = text.get(..reach).and_then(|near| near.find(word)) {
            (reach, first) = (at, Some(at));
        }
    }
    first
}

/// True where a line of a dump that can be told from free text starts anywhere in `text`.
pub fn carries_dump(text: &[u8]) -> bool {
    let profile = PROFILE_STARTS
        .iter()
        .any(|start| text.find(start).is_some());
    profile
        || DUMP_STARTS.iter().any(|start| {
            text.find_iter(start).any(|at| {
                let begin = text
                    .get(..at)
                    .and_then(|before| before.rfind_byte(b'\n'))
                    .map_or(0, |end| end + 1);
                let end = text
                    .get(at..)
                    .and_then(|rest| rest.find_byte(b'\n'))
                    .map_or(text.len(), |end| at + end);
                text.get(begin..end)
                    .is_some_and(|line| find_inside(line).is_some())
            })
        })
}

/// Offset of the next word of a dump in the `reach` bytes after `from`.
pub fn next_telltale(text: &[u8], from: usize, reach: usize) -> Option<usize> {
    let near = text.get(from..from.saturating_add(reach).min(text.len()))?;
    first_telltale(near).map(|at| from + at)
}

/// Length of the goroutine header at the start of `line`, `None` where there is none.
pub fn header_length(line: &[u8]) -> Option<usize> {
    let rest = line.strip_prefix(b"goroutine ")?;
    let digits = if rest.starts_with(b"***") {
        3
    } else {
        count_digits(rest)
    };
    let after = rest.get(digits..)?;
    if digits == 0 || !(after.starts_with(b" [") || after.starts_with(b" gp=0x")) {
        return None;
    }
    let open = after.find_byte(b'[')?;
    let head = "goroutine ".len() + digits;
    let mut from = open;
    loop {
        let close = from + after.get(from..)?.find_byte(b']')?;
        let tail = after.get(close + 1..)?;
        if tail.starts_with(b":") {
            return Some(head + close + 2);
        }
        if tail.starts_with(b" {") {
            return tail.find(b"}:").map(|end| head + close + 1 + end + 2);
        }
        from = close + 1;
    }
}

fn is_created_by(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"created by ") else {
        return false;
    };
    let name = match rest.rfind(b" in goroutine ") {
        Some(at)
            if rest
                .get(at + 14..)
                .is_some_and(|id| !id.is_empty() && id.iter().all(u8::is_ascii_digit)) =>
        {
            rest.get(..at)
        }
        _ => Some(rest),
    };
    name.is_some_and(is_name)
}

/// `created by pkg.Func`, whatever follows.
fn starts_like_created_by(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"created by ").unwrap_or_default();
    let name = rest
        .split(|&byte| matches!(byte, b' ' | b'\\' | b'"' | b'<' | b'\r' | b'\n'))
        .next()
        .unwrap_or_default();
    is_name(name)
}

fn is_name(name: &[u8]) -> bool {
    name.contains(&b'.')
        && name
            .first()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_' || *byte >= 0x80)
        && !name.iter().any(|byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\\' | b'<' | b'&' | b'|' | b';')
        })
}

/// `...103 frames elided...`.
fn is_elided(line: &[u8]) -> bool {
    line.strip_prefix(b"...")
        .and_then(|rest| rest.strip_suffix(b" frames elided..."))
        .is_some_and(|count| !count.is_empty())
}

/// `Goroutine 8 (running) created at:`.
fn is_race_creation(line: &[u8]) -> bool {
    line.starts_with(b"Goroutine ") && line.ends_with(b") created at:")
}

/// `\t/app/main.go:12 +0x1d fp=0x… sp=0x… pc=0x…`; the white space may be missing, changed or longer.
pub fn is_location(line: &[u8]) -> bool {
    if !ends_like_location(line) {
        return false;
    }
    let body = line.trim_start_with(|c| c == ' ' || c == '\t');
    let Some(colon) = position_colon(body) else {
        return false;
    };
    let path = body.get(..colon).unwrap_or_default();
    let rest = body.get(colon + 1..).unwrap_or_default();
    let tail = rest.get(count_digits(rest)..).unwrap_or_default();
    is_path(path, body.len() < line.len() || !tail.is_empty()) && is_location_tail(tail)
}

/// `:12` or `0x1d` at the end, which most lines of a log don't have.
fn ends_like_location(line: &[u8]) -> bool {
    let digits = line.iter().rev();
    let digits = digits.take_while(|byte| byte.is_ascii_hexdigit()).count();
    let before = line.len() - digits;
    let before = before.checked_sub(1).and_then(|at| line.get(at));
    digits > 0 && matches!(before, Some(b':' | b'x'))
}

/// The colon before the line number.
fn position_colon(body: &[u8]) -> Option<usize> {
    let end = OFFSET
        .find(body)
        .or_else(|| FRAME_POINTER.find(body))
        .or_else(|| PROGRAM_COUNTER.find(body))
        .unwrap_or(body.len());
    let head = body.get(..end)?;
    let colon = head.rfind_byte(b':')?;
    let number = head.get(colon + 1..)?;
    (!number.is_empty() && number.iter().all(u8::is_ascii_digit)).then_some(colon)
}

/// A path of a source file. `marked`: white space or an offset already speaks for a location.
fn is_path(path: &[u8], marked: bool) -> bool {
    let Some(&first) = path.first() else {
        return false;
    };
    let absolute = first == b'/' || path.get(1..3) == Some(b":/") || path.get(1..3) == Some(b":\\");
    let named = [
        &b".go"[..],
        b".s",
        b".c",
        b".h",
        b".cc",
        b".cpp",
        b".y",
        b".templ",
        b"<autogenerated>",
        b"?",
    ]
    .iter()
    .any(|end| path.ends_with(end));
    let spaced = path.iter().any(|byte| matches!(byte, b' ' | b'\t'));
    let clean = !path.iter().any(|byte| {
        byte.is_ascii_control() || matches!(byte, b'|' | b'"' | b'>' if path != b"<autogenerated>" )
    }) && path.find(b" /").is_none()
        && path.find(b": ").is_none();
    named
        && clean
        && (absolute
            || (!spaced
                && marked
                && (first.is_ascii_alphanumeric()
                    || matches!(first, b'<' | b'_' | b'?' | b'.' | b'*' | b'$'))))
}

/// ` +0x1d`, ` fp=0x… sp=0x… pc=0x…`, both or nothing.
fn is_location_tail(tail: &[u8]) -> bool {
    tail.is_empty()
        || (tail.starts_with(b" ")
            && tail.split(|&byte| byte == b' ').skip(1).all(|word| {
                let number = word
                    .strip_prefix(b"+")
                    .or_else(|| word.strip_prefix(b"fp="))
                    .or_else(|| word.strip_prefix(b"sp="))
                    .or_else(|| word.strip_prefix(b"pc="));
                number
                    .and_then(|n| n.strip_prefix(b"0x"))
                    .is_some_and(|hex| !hex.is_empty() && hex.iter().all(u8::is_ascii_hexdigit))
            }))
}

/// `main.(*Cache).Set(0xc00012a000, ...)`, `panic({0x…?, 0x…?})`, `main.f.func1()`.
pub fn is_function(line: &[u8]) -> bool {
    let Some(inner) = line.strip_suffix(b")") else {
        return false;
    };
    let Some(open) = inner.rfind_byte(b'(') else {
        return false;
    };
    let name = inner.get(..open).unwrap_or_default();
    let args = inner.get(open + 1..).unwrap_or_default();
    let plain = args.iter().all(|byte| {
        byte.is_ascii_hexdigit()
            || matches!(
                byte,
                b'x' | b'?' | b',' | b' ' | b'{' | b'}' | b'.' | b'_' | b'*'
            )
    });
    plain && (name == b"panic" || is_name(name))
}

fn count_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// True where the byte before `at` is a letter or digit (no spelt-out `\n` or `\t`), so that the word at `at` ends a longer one.
fn follows_word(line: &[u8], at: usize) -> bool {
    let before = line.get(..at).unwrap_or_default();
    if before.ends_with(b"\\n") || before.ends_with(b"\\t") {
        return false;
    }
    at.checked_sub(1)
        .and_then(|before| line.get(before))
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

#[cfg(test)]
mod tests;
