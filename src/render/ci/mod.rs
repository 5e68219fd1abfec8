//! What CI systems take: findings and tests, in each system's form.
//!
//! `cli` calls the writer of the form that was asked for: [`github`] for workflow commands, [`sarif`] for code scanning, [`gitlab`] for
//! code quality, [`junit`] for test reports, [`summary`] for a page of Markdown, [`text`] for people. The first three take any list of
//! annotations.

pub mod github;
pub mod gitlab;
pub mod junit;
pub mod sarif;
pub mod summary;
pub mod text;

use super::{html, json, markdown};
use crate::triage::ci::report::{CiReport, Tests};
use std::io::{self, Write};

/// Writes the whole answer for programs.
///
/// # Errors
/// Those of `out`.
pub fn json(report: &CiReport, out: &mut dyn Write) -> io::Result<()> {
    json::pretty(report, out)
}

/// Writes a page: findings and tests, and below them the report on each incident.
///
/// # Errors
/// Those of `out`.
pub fn html(report: &CiReport, out: &mut dyn Write) -> io::Result<()> {
    html::ci(report, out)
}

/// Writes the summary, and below it the report on each incident.
///
/// # Errors
/// Those of `out`.
pub fn markdown(report: &CiReport, out: &mut dyn Write) -> io::Result<()> {
    summary::write(report, out)?;
    if report
        .findings
        .iter()
        .any(|finding| finding.incident.is_some())
    {
        out.write_all(b"\n")?;
        markdown::write(&report.report, false, out)?;
    }
    Ok(())
}

/// `12 tests passed, 3 failed, 1 was running` and the packages, in words.
pub(super) fn outcome(tests: &Tests) -> String {
    let counts = [
        (tests.passed, "passed"),
        (tests.failed, "failed"),
        (tests.skipped, "skipped"),
        (tests.unfinished, "running when the process ended"),
    ];
    let of_tests = counted(&counts, "test", "tests");
    let packages = |outcomes: &[&str]| -> u64 {
        let of = |outcome: &str| outcomes.contains(&outcome);
        let packages = tests.packages.iter();
        packages.filter(|package| of(&package.outcome)).count() as u64
    };
    let counts = [
        (packages(&["passed"]), "passed"),
        (packages(&["failed"]), "failed"),
        (packages(&["build-failed", "setup-failed"]), "not built"),
        (packages(&["no-tests"]), "without tests"),
        (packages(&["unfinished"]), "without a result"),
    ];
    let of_packages = counted(&counts, "package", "packages");
    match (of_packages.is_empty(), of_tests.is_empty()) {
        (true, _) => of_tests,
        (false, true) => of_packages,
        (false, false) => format!("{of_packages}; {of_tests}"),
    }
}

/// `3 packages passed, 1 failed`; the noun stands once.
fn counted(counts: &[(u64, &str)], one: &str, many: &str) -> String {
    let mut words = String::new();
    for (count, what) in counts.iter().filter(|(count, _)| *count > 0) {
        match (words.is_empty(), *count) {
            (true, 1) => words.push_str(&format!("1 {one} {what}")),
            (true, _) => words.push_str(&format!("{count} {many} {what}")),
            (false, _) => words.push_str(&format!(", {count} {what}")),
        }
    }
    words
}
