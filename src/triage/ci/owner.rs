//! Which test a finding belongs to.
//!
//! Goroutines know best: a stack or a chain of creation that leads to `TestCache` of the package is that test's, whatever the
//! output says. Which subtest it was, and whose it was where no stack leads to a test, is told by who was writing at that line, and for
//! races by the test that the detector fails next. A timeout lists the tests that were running.

use crate::goruntime::frames;
use crate::model::{PackageRun, TextLine};
use crate::triage::report::Place;

/// The test of a finding at `line`, whose goroutines went through `calls`.
pub(super) fn of(package: &PackageRun<'_>, line: TextLine, calls: &[Place]) -> Option<String> {
    let writer = package.writer(line).map(|test| test.name.as_str());
    let Some(root) = calls
        .iter()
        .find_map(|call| test_function(call, &package.path))
    else {
        return writer
            .map(str::to_owned)
            .or_else(|| Some(raced_next(package, line)?.to_owned()));
    };
    let is_of_root = |name: &&str| name.split('/').next() == Some(root.as_str());
    let named = writer
        .filter(is_of_root)
        .or_else(|| raced_next(package, line).filter(is_of_root));
    Some(named.map_or(root.clone(), str::to_owned))
}

/// The first test behind a line that the race detector failed.
fn raced_next<'p>(package: &'p PackageRun<'_>, line: TextLine) -> Option<&'p str> {
    let raced = package
        .tests
        .iter()
        .filter_map(|test| Some((test.raced.filter(|raced| *raced > line)?, test)));
    raced
        .min_by_key(|(raced, _)| *raced)
        .map(|(_, test)| test.name.as_str())
}

/// `TestCache` of `example.com/app.TestCache.func1`, in a test file of the package.
fn test_function(call: &Place, package: &str) -> Option<String> {
    const KINDS: [&str; 4] = ["Test", "Benchmark", "Fuzz", "Example"];
    if !call.file.ends_with("_test.go") {
        return None;
    }
    let func = call.func.as_bytes();
    let own = frames::unescape(frames::package(func)).into_owned();
    let own = String::from_utf8(own).ok()?;
    let is_own = package.is_empty() || own == package || own.strip_suffix("_test") == Some(package);
    let name = std::str::from_utf8(frames::short_name(func)).ok()?;
    let name = name.split('.').next()?;
    let is_test = KINDS.iter().any(|kind| {
        name.strip_prefix(kind)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_lowercase()))
    });
    (is_own && is_test).then(|| name.to_owned())
}

/// The tests that a timeout lists, those left out whose subtests are listed.
///
/// ```text
/// test timed out after 1s
///     running tests:
///         TestReply (1s)
///         TestReply/zero (1s)
/// ```
pub(super) fn running(message: &str) -> Vec<String> {
    let listed = message
        .lines()
        .skip_while(|line| line.trim() != "running tests:")
        .skip(1)
        .filter_map(|line| line.trim().rsplit_once(" ("));
    let names: Vec<&str> = listed.map(|(name, _)| name).collect();
    let has_subtest = |name: &str| {
        names.iter().any(|other| {
            other
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    };
    let innermost = names.iter().filter(|name| !has_subtest(name));
    innermost.map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_lead_to_tests() {
        let place = |func: &str, file: &str| Place {
            func: func.into(),
            file: file.into(),
            line: 1,
        };
        let test = |func, file| test_function(&place(func, file), "a/store");
        assert_eq!(
            test("a/store.TestCast.func1", "/app/x_test.go"),
            Some("TestCast".into())
        );
        assert_eq!(
            test("a/store_test.TestCast", "/app/x_test.go"),
            Some("TestCast".into())
        );
        assert_eq!(test("a/store.TestCast", "/app/x.go"), None);
        assert_eq!(test("a/other.TestCast", "/app/x_test.go"), None);
        assert_eq!(test("a/store.Testing", "/app/x_test.go"), None);
    }

    #[test]
    fn go1_23_lists_running_tests() {
        let message = "test timed out after 1s\n\trunning tests:\n\t\tTestReply (1s)\n\t\tTestReply/zero (1s)\n\t\tTestOther (0s)";
        assert_eq!(running(message), ["TestReply/zero", "TestOther"]);
        assert!(running("boom (1s)").is_empty());
    }
}
