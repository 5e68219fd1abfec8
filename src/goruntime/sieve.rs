//! Which texts are worth a look: the words without which nothing of Go's begins, found at the speed of a search for fixed strings.
//!
//! ```text
//! goroutine 7 [running]:        panic: boom         http: panic serving 10.0.0.1:80: boom     fatal error: concurrent map writes
//! WARNING: DATA RACE            PC=0x46d2a3 m=0 sigcode=0                                     --- FAIL: TestX, FAIL<TAB>pkg
//! goroutine profile: total 12   heap profile: 103: …      --- mutex:      --- contention:     perf's frames: 66a0a runtime.mapdelete+0x1ca
//! ```
//!
//! A scan gives to the parsers only what stands around a hit, so a hit may be too many and never one too few: whatever makes an
//! incident of its own in `analyze::incident` has one of these words, in every wrapper that leaves letters readable (JSON, CRI,
//! syslog, HTML, colours). Text in UTF-16 is decoded before. What no word tells (protocol buffers, execution traces, folded stacks) is
//! told by the first bytes of a file.

use regex::bytes::Regex;
use std::sync::LazyLock;

/// The words. All of them are fixed strings: the search runs in vector instructions.
static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"goroutine|panic|fatal error:|DATA RACE|PC=0x|FAIL|profile: |--- mutex:|--- contention:|\+0x",
    )
    .ok()
});

/// Bytes around a word's start that [`next`] looks at: a frame of perf is told by the beginning of its line.
pub const SIGHT: usize = 512;

/// The next place at or behind `from` where something of Go's may stand.
pub fn next(text: &[u8], from: usize) -> Option<usize> {
    let words = WORDS.as_ref()?;
    let mut from = from;
    while from <= text.len() {
        let found = words.find_at(text, from)?;
        let behind = text.get(found.end()..).unwrap_or_default();
        let before = text.get(..found.start()).unwrap_or_default();
        if counts(found.as_bytes(), before, behind) {
            return Some(found.start());
        }
        from = found.start() + 1;
    }
    None
}

/// Whether a word, with what stands around it, is more than a word of some log.
fn counts(word: &[u8], before: &[u8], behind: &[u8]) -> bool {
    match word {
        b"goroutine" => opens_header(behind),
        b"panic" => behind.starts_with(b":") || behind.starts_with(b" serving"),
        b"FAIL" => {
            let tab = behind.starts_with(b"\t")
                || [&b"\\t"[..], b"\\u0009", b"#011", b"&#9;", b"&#x9;"]
                    .iter()
                    .any(|tab| behind.starts_with(tab));
            tab || (behind.starts_with(b":") && before.ends_with(b"--- "))
        }
        b"profile: " => {
            behind.starts_with(b"total ") || behind.first().is_some_and(u8::is_ascii_digit)
        }
        b"+0x" => is_perf_frame(before),
        _ => true,
    }
}

/// `goroutine 7 [`, `goroutine *** [`, and what wrappers make of the blank; not `goroutines=12`, `goroutine leak`.
fn opens_header(behind: &[u8]) -> bool {
    match behind {
        [b' ', next, ..] => !next.is_ascii_lowercase(),
        [next, ..] => {
            matches!(
                next,
                b' ' | b'\t' | b'\r' | b'\n' | b'\\' | b'&' | b'%' | b'+' | b'#' | b'<'
            ) || *next == 0x1b
                || *next >= 0x80
        }
        [] => true,
    }
}

/// `→ 66a0a runtime.mapdelete`: white space, an address, a name.
fn is_perf_frame(before: &[u8]) -> bool {
    let near = before
        .get(before.len().saturating_sub(SIGHT)..)
        .unwrap_or_default();
    let Some(newline) = memchr::memrchr(b'\n', near) else {
        return false;
    };
    let line = near.get(newline + 1..).unwrap_or_default();
    let body = line.trim_ascii_start();
    let digits = body.iter().take_while(|byte| byte.is_ascii_hexdigit());
    let digits = digits.count();
    body.len() < line.len() && digits > 0 && body.get(digits) == Some(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_something_of_gos_is_found() {
        for text in [
            "goroutine 7 [running]:",
            "goroutine *** [running]:",
            "{\"log\":\"goroutine 7 [running]:\\n\"}",
            "goroutine&nbsp;7 [running]:",
            "goroutine\n7 [running]:",
            "goroutine",
            "panic: boom",
            "2026/01/02 15:04:05 http: panic serving 10.0.0.1:80: boom",
            "fatal error: all goroutines are asleep - deadlock!",
            "WARNING: DATA RACE",
            "PC=0x46d2a3 m=0 sigcode=0",
            "    --- FAIL: TestX (0.00s)",
            "FAIL\texample.com/app\t0.005s",
            "{\"Output\":\"FAIL\\texample.com/app\\t0.005s\\n\"}",
            "goroutine profile: total 12",
            "heap profile: 103: 896640 [984: 11332848] @ heap/8192",
            "--- contention:",
            "app 1 2.5:  1 cpu-clock:\n\t   66a0a runtime.mapdelete+0x1ca (/app/app)",
        ] {
            assert!(next(text.as_bytes(), 0).is_some(), "{text}");
            let later = format!("{text} {text}");
            assert!(next(later.as_bytes(), text.len()).is_some(), "{text}");
        }
    }

    #[test]
    fn words_of_other_logs_are_passed_over() {
        for text in [
            "go_goroutines 12",
            "goroutines=12",
            "goroutine leak check done",
            "don't panic",
            "panicked",
            "FAILED to connect",
            "FAIL: disk",
            "--- PASS: TestX",
            "user profile: anna",
            "\t/app/main.go:12 +0x1d",
            "a+0x1",
        ] {
            assert_eq!(next(text.as_bytes(), 0), None, "{text}");
        }
    }
}
