//! JUnit XML: one suite for each package, one case for each test, findings as errors of the tests they belong to.
//!
//! A test that failed by its own words is a `failure`, one that crashed, raced, leaked or hung is an `error`. What belongs to no test
//! that the output names (a build error, a crash of the package) gets a case of its own.

use crate::render::escape;
use crate::triage::annotation::Annotation;
use crate::triage::ci::report::{CiReport, Finding, Package, Test, TestName};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::io::{self, Write};
use std::time::Duration;

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &CiReport, out: &mut dyn Write) -> io::Result<()> {
    let mut junit = Report::new("go test");
    let mut whole = Duration::ZERO;
    for package in &report.tests.packages {
        whole += duration(package.seconds).unwrap_or_default();
        junit.add_test_suite(suite(package, &report.findings));
    }
    let is_known = |name: &TestName| {
        let mut packages = report.tests.packages.iter();
        packages.any(|package| package.path == name.package)
    };
    let homeless: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| !finding.tests.iter().any(is_known))
        .collect();
    if !homeless.is_empty() {
        let mut suite = TestSuite::new("go test");
        for finding in homeless {
            suite.add_test_case(case(
                "",
                &finding.annotation.title,
                None,
                broken(&[finding]),
            ));
        }
        junit.add_test_suite(suite);
    }
    junit.set_time(whole);
    let text = without_skipped_total(junit.to_string().map_err(io::Error::other)?);
    out.write_all(text.as_bytes())?;
    match text.ends_with('\n') {
        true => Ok(()),
        false => out.write_all(b"\n"),
    }
}

/// The number of skipped tests stands in every suite. That of all suites is an attribute which the schema that Jenkins and others
/// check against does not have.
fn without_skipped_total(mut text: String) -> String {
    const NAME: &str = " skipped=\"";
    let of_whole = text.find("<testsuites ").and_then(|start| {
        let end = start + text.get(start..)?.find('>')?;
        let from = start + text.get(start..end)?.find(NAME)?;
        let to = from + NAME.len() + text.get(from + NAME.len()..end)?.find('"')? + 1;
        Some(from..to)
    });
    if let Some(range) = of_whole {
        text.replace_range(range, "");
    }
    text
}

fn suite(package: &Package, findings: &[Finding]) -> TestSuite {
    let mut suite = TestSuite::new(escape::code(&package.path));
    suite.set_time(duration(package.seconds).unwrap_or_default());
    let is_own = |test: &&TestName| test.package == package.path;
    let own: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.tests.iter().any(|test| is_own(&test)))
        .collect();
    let of_test = |name: Option<&str>| -> Vec<&Finding> {
        let mine = |test: &TestName| is_own(&test) && test.test.as_deref() == name;
        let found = own.iter().copied();
        found
            .filter(|finding| finding.tests.iter().any(mine))
            .collect()
    };
    for test in &package.tests {
        let findings = of_test(Some(&test.name));
        let status = match &findings[..] {
            [] => status(test),
            some => broken(some),
        };
        suite.add_test_case(case(&package.path, &test.name, test.seconds, status));
    }
    // Without -v a test that was running when the process ended is named by its finding alone.
    let named = own.iter().flat_map(|finding| &finding.tests);
    let mut unnamed: Vec<Option<&str>> = named
        .filter(is_own)
        .map(|test| test.test.as_deref())
        .filter(|name| name.is_none_or(|name| package.tests.iter().all(|test| test.name != name)))
        .collect();
    unnamed.sort_unstable();
    unnamed.dedup();
    for name in unnamed {
        let findings = of_test(name);
        let shown = name.unwrap_or(match package.outcome.as_str() {
            "build-failed" | "setup-failed" => "[build]",
            _ => "[package]",
        });
        suite.add_test_case(case(&package.path, shown, None, broken(&findings)));
    }
    suite
}

fn case(package: &str, name: &str, seconds: Option<f64>, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(escape::code(name), status);
    case.set_classname(escape::code(package));
    case.set_time(duration(seconds).unwrap_or_default());
    case
}

fn status(test: &Test) -> TestCaseStatus {
    let mut status = match test.outcome.as_str() {
        "failed" => TestCaseStatus::non_success(NonSuccessKind::Failure),
        "unfinished" => TestCaseStatus::non_success(NonSuccessKind::Error),
        "skipped" => TestCaseStatus::skipped(),
        _ => return TestCaseStatus::success(),
    };
    let output = test.output.as_deref().unwrap_or_default();
    let message = match test.outcome.as_str() {
        "unfinished" => "was running when the process ended",
        _ => output
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or("failed"),
    };
    status.set_message(escape::line(message));
    if test.outcome != "skipped" {
        status.set_type(test.outcome.as_str());
        status.set_description(escape::code(output));
    }
    status
}

/// The status of a test with findings; JUnit has room for one error, so that further ones follow in its text.
fn broken(findings: &[&Finding]) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    if let Some(first) = findings.first() {
        status.set_type(first.annotation.rule.id);
        status.set_message(escape::line(&first.annotation.title));
    }
    let told: Vec<String> = findings.iter().map(|one| told(&one.annotation)).collect();
    status.set_description(escape::code(&told.join("\n")));
    status
}

fn told(annotation: &Annotation) -> String {
    let mut lines = String::new();
    if let Some(at) = &annotation.at {
        lines.push_str(&format!("{}:{}: ", at.file, at.line));
    }
    lines.push_str(&annotation.message);
    for other in &annotation.related {
        lines.push_str(&format!(
            "\n{}:{}: {}",
            other.file, other.line, other.message
        ));
    }
    lines.push('\n');
    lines
}

fn duration(seconds: Option<f64>) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds?).ok()
}
