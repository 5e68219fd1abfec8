//! A page of Markdown on a test run: what was found where, and the tests that failed by their own words. For the summary of a
//! workflow step, a merge request, a ticket.

use super::outcome;
use crate::render::escape::{code_span, markdown};
use crate::triage::ci::report::{CiReport, Finding, TestName};
use std::io::{self, Write};

/// Findings in the table, and failed tests in the list: a step's summary may have 1 MiB, and nobody reads that much.
const MOST: usize = 100;

/// Writes the page.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &CiReport, out: &mut dyn Write) -> io::Result<()> {
    match report.findings.len() {
        0 => writeln!(out, "## Test run: no crash, race, hang or leak")?,
        1 => writeln!(out, "## Test run: 1 finding")?,
        many => writeln!(out, "## Test run: {many} findings")?,
    }
    let ran = outcome(&report.tests);
    if !ran.is_empty() {
        writeln!(out, "\n{}.", markdown(&ran))?;
    }
    if !report.findings.is_empty() {
        table(&report.findings, out)?;
        for finding in report.findings.iter().take(MOST) {
            details(finding, out)?;
        }
    }
    failed(report, out)
}

fn table(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n| Finding | Line | Test | Grade |\n|---|---|---|---|"
    )?;
    for finding in findings.iter().take(MOST) {
        let annotation = &finding.annotation;
        let at = annotation.at.as_ref();
        let at = at.map(|at| code_span(&format!("{}:{}", at.file, at.line)));
        let tests: Vec<String> = finding.tests.iter().take(3).map(name).collect();
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            markdown(&annotation.title),
            at.unwrap_or_default(),
            tests.join(", "),
            finding.grade.word()
        )?;
    }
    if findings.len() > MOST {
        writeln!(
            out,
            "\n{} more findings are in the JSON report.",
            findings.len() - MOST
        )?;
    }
    Ok(())
}

fn name(test: &TestName) -> String {
    match &test.test {
        Some(name) => code_span(&format!("{} {name}", test.package)),
        None => code_span(&test.package),
    }
}

fn details(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let annotation = &finding.annotation;
    let at = annotation.at.as_ref();
    let at = at.map(|at| format!(" at {}:{}", at.file, at.line));
    let summary = format!("{}{}", annotation.title, at.unwrap_or_default());
    writeln!(
        out,
        "\n<details><summary>{}</summary>\n",
        markdown(&summary)
    )?;
    let lines = annotation.message.lines();
    let lines: Vec<String> = lines.map(markdown).collect();
    // A backslash breaks the line, and at the end of a paragraph it would be seen.
    writeln!(out, "{}\n", lines.join("\\\n"))?;
    for other in &annotation.related {
        let at = code_span(&format!("{}:{}", other.file, other.line));
        writeln!(out, "- {at} {}", markdown(&other.message))?;
    }
    writeln!(out, "\n</details>")
}

/// Tests that failed without a finding of their own.
fn failed(report: &CiReport, out: &mut dyn Write) -> io::Result<()> {
    let found = |package: &str, test: &str| {
        let mut tests = report.findings.iter().flat_map(|finding| &finding.tests);
        tests.any(|known| {
            let below = |name: &str| name == test || name.starts_with(&format!("{test}/"));
            known.package == package && known.test.as_deref().is_some_and(below)
        })
    };
    let mut names: Vec<String> = Vec::new();
    for package in &report.tests.packages {
        for test in &package.tests {
            if test.outcome == "failed" && !found(&package.path, &test.name) {
                names.push(code_span(&format!("{} {}", package.path, test.name)));
            }
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nFailed without a crash:\n")?;
    for name in names.iter().take(MOST) {
        writeln!(out, "- {name}")?;
    }
    if names.len() > MOST {
        writeln!(out, "- and {} more", names.len() - MOST)?;
    }
    Ok(())
}
