//! Lines in which `go test` speaks of packages and tests itself.
//!
//! ```text
//! === RUN   TestCache/empty_key                also PAUSE, CONT, and NAME from Go 1.20 on; with -v
//!     --- FAIL: TestCache/empty_key (0.00s)    also PASS, SKIP; four blanks deeper for each level of subtests
//! no newline out--- FAIL: TestCache (0.02s)    behind what a test left open
//! ok  <TAB>example.com/app<TAB>0.011s<TAB>coverage: 81.0% of statements
//! ok  <TAB>example.com/app<TAB>(cached)
//! FAIL<TAB>example.com/app<TAB>0.005s
//! FAIL<TAB>example.com/app [build failed]      also [setup failed]
//! ?   <TAB>example.com/app<TAB>[no test files]
//! <TAB>example.com/app<TAB><TAB>coverage: 0.0% of statements      1.22 and later
//! ```

use crate::model::{PackageOutcome, TestOutcome};
use std::time::Duration;

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark<'l> {
    /// From here on this test writes; `None` for no test. The flag is set where it begins.
    Writes(Option<&'l str>, bool),
    /// A test waits for others: nobody is known to write.
    Pauses(&'l str),
    /// A test is over.
    Ended(&'l str, TestOutcome, Option<Duration>),
    /// A package is over.
    Package {
        path: &'l str,
        outcome: PackageOutcome,
        duration: Option<Duration>,
        cached: bool,
    },
    /// `PASS`, `FAIL` alone: all tests are over.
    Total,
}

/// The byte that test2json wants before a mark, so that none can be forged.
const GENUINE: u8 = 0x16;

/// The mark of a line, if it has one.
pub(super) fn mark(line: &[u8]) -> Option<Mark<'_>> {
    let line = match line {
        [GENUINE, rest @ ..] => rest,
        _ => line,
    };
    if matches!(line, b"PASS" | b"FAIL") {
        return Some(Mark::Total);
    }
    package(line)
        .or_else(|| progress(line.trim_ascii_start()))
        .or_else(|| ended(line))
}

/// `=== RUN   TestCache`
fn progress(line: &[u8]) -> Option<Mark<'_>> {
    let rest = line.strip_prefix(b"=== ")?;
    let (word, name) = rest.split_at_checked(5)?;
    let name = std::str::from_utf8(name).ok()?.trim();
    let named = (!name.is_empty()).then_some(name);
    match word {
        b"RUN  " => Some(Mark::Writes(Some(named?), true)),
        b"CONT " | b"NAME " => Some(Mark::Writes(named, false)),
        b"PAUSE" => Some(Mark::Pauses(named?)),
        _ => None,
    }
}

/// `--- FAIL: TestCache (0.00s)`, at the end of its line
fn ended(line: &[u8]) -> Option<Mark<'_>> {
    const WORDS: [(&[u8], TestOutcome); 3] = [
        (b"--- FAIL: ", TestOutcome::Failed),
        (b"--- PASS: ", TestOutcome::Passed),
        (b"--- SKIP: ", TestOutcome::Skipped),
    ];
    let at = memchr::memmem::rfind(line, b"--- ")?;
    let (behind, outcome) = WORDS
        .iter()
        .find_map(|(word, outcome)| Some((line.get(at..)?.strip_prefix(*word)?, *outcome)))?;
    let text = std::str::from_utf8(behind).ok()?;
    let (name, time) = text.trim_end().rsplit_once(" (")?;
    let duration = seconds(time.strip_suffix(')')?)?;
    let whole = !name.is_empty() && !name.contains(char::is_whitespace);
    whole.then_some(Mark::Ended(name, outcome, Some(duration)))
}

/// `ok  <TAB>example.com/app<TAB>0.011s` and its kin
fn package(line: &[u8]) -> Option<Mark<'_>> {
    let text = std::str::from_utf8(line).ok()?.trim_end();
    let (word, rest) = text.split_once('\t')?;
    let (path, note) = match rest.split_once('\t') {
        Some((path, note)) => (path, note),
        None => rest.split_once(' ').unwrap_or((rest, "")),
    };
    let outcome = match (word, note) {
        ("ok  ", _) => PackageOutcome::Passed,
        ("FAIL", "[build failed]") => PackageOutcome::BuildFailed,
        ("FAIL", "[setup failed]") => PackageOutcome::SetupFailed,
        ("FAIL", _) => PackageOutcome::Failed,
        ("?   ", "[no test files]") => PackageOutcome::NoTests,
        ("", note) if note.trim_start().starts_with("coverage: ") => PackageOutcome::NoTests,
        _ => return None,
    };
    if path.is_empty() || path.contains(char::is_whitespace) {
        return None;
    }
    let time = note.split('\t').next().unwrap_or_default();
    Some(Mark::Package {
        path,
        outcome,
        duration: seconds(time),
        cached: time == "(cached)",
    })
}

/// `0.005s`; longer than a year is no duration of a test.
fn seconds(text: &str) -> Option<Duration> {
    const MOST: f64 = 366.0 * 86_400.0;
    let digits = text.strip_suffix('s')?;
    if !digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    (number <= MOST).then(|| Duration::from_secs_f64(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go1_23_tests() {
        assert_eq!(
            mark(b"=== RUN   TestCache/empty"),
            Some(Mark::Writes(Some("TestCache/empty"), true))
        );
        assert_eq!(
            mark(b"=== NAME  TestCache"),
            Some(Mark::Writes(Some("TestCache"), false))
        );
        assert_eq!(mark(b"=== NAME  "), Some(Mark::Writes(None, false)));
        assert_eq!(
            mark(b"=== PAUSE TestCache"),
            Some(Mark::Pauses("TestCache"))
        );
        let failed = |time| Some(Mark::Ended("TestSub/x", TestOutcome::Failed, Some(time)));
        assert_eq!(
            mark(b"    --- FAIL: TestSub/x (1.25s)"),
            failed(Duration::from_millis(1250))
        );
        assert_eq!(
            mark(b"no newline out--- FAIL: TestSub/x (0.00s)"),
            failed(Duration::ZERO)
        );
    }

    #[test]
    fn go1_23_packages() {
        let package = |line| match mark(line) {
            Some(Mark::Package {
                path,
                outcome,
                duration,
                cached,
            }) => Some((path, outcome, duration, cached)),
            _ => None,
        };
        let ms = |ms| Some(Duration::from_millis(ms));
        use PackageOutcome::*;
        assert_eq!(
            package(b"ok  \ta/b\t0.011s\tcoverage: 81.0% of statements"),
            Some(("a/b", Passed, ms(11), false))
        );
        assert_eq!(
            package(b"ok  \ta/b\t(cached)"),
            Some(("a/b", Passed, None, true))
        );
        assert_eq!(
            package(b"FAIL\ta/b [build failed]"),
            Some(("a/b", BuildFailed, None, false))
        );
        assert_eq!(
            package(b"FAIL\ta/b\t0.005s"),
            Some(("a/b", Failed, ms(5), false))
        );
        assert_eq!(
            package(b"?   \ta/b\t[no test files]"),
            Some(("a/b", NoTests, None, false))
        );
        assert_eq!(
            package(b"\ta/b\t\tcoverage: 0.0% of statements"),
            Some(("a/b", NoTests, None, false))
        );
    }

    #[test]
    fn near_misses() {
        for line in [
            &b"=== RUNNING TestCache"[..],
            b"--- FAIL: two words (0.00s)",
            b"--- FAIL: TestX (soon)",
            b"FAIL\t",
            b"FAIL: TestX",
            b"ok\ta/b\t0.1s",
            b"\ta/b\tsomething else",
            b"--- FAIL: TestX (1e99s)",
        ] {
            assert_eq!(mark(line), None, "{}", String::from_utf8_lossy(line));
        }
    }
}
