//! A test run as a page: findings with their lines, packages and tests, and below them the report on each process that died.

use super::incident::graded;
use super::markup::{Html, details, table};
use super::page::Shell;
use super::{found, incidents, tool};
use crate::render::ci::outcome;
use crate::render::words;
use crate::triage::ci::report::{CiReport, Finding, Package, TestName};
use crate::triage::report::{Category, IncidentReport};
use std::io::{self, Write};

/// Writes it.
///
/// # Errors
/// Those of `out`.
pub(in crate::render) fn write(report: &CiReport, out: &mut dyn Write) -> io::Result<()> {
    let heading = match report.findings.len() as u64 {
        0 => "Test run: no crash, race, hang or leak".to_owned(),
        n => format!("Test run: {}", words::counted(n, "finding")),
    };
    let ran = Html::text(&outcome(&report.tests)).within("p", "");
    let mut body = Html::text(&heading).within("h1", "").and(ran);
    let rows = report.findings.iter().map(row).collect();
    body.push(table(&["Grade", "Finding", "Line", "Tests"], &[], rows));
    body.push(report.findings.iter().map(told).collect());
    body.push(packages(&report.tests.packages));
    let died: Vec<&IncidentReport> = found(&report.report)
        .into_iter()
        .filter(|incident| incident.verdict.category != Category::TestFailure)
        .collect();
    if !died.is_empty() {
        body.push(incidents(&report.report, &died, false));
    }
    let shell = Shell {
        title: &format!("{heading} – gotriage"),
        sortable: false,
        tool: tool(&report.report.tool),
        json: "--json FILE",
    };
    shell.write(body, out)
}

fn row(finding: &Finding) -> Vec<Html> {
    let annotation = &finding.annotation;
    let at = annotation.at.as_ref();
    let at = at.map(|at| Html::code(&format!("{}:{}", at.file, at.line)));
    let tests: Vec<String> = finding.tests.iter().map(name).collect();
    vec![
        graded(finding.grade),
        Html::text(&words::clip(&annotation.title)),
        at.unwrap_or_default(),
        Html::text(&words::clip(&tests.join(", "))),
    ]
}

fn name(test: &TestName) -> String {
    match &test.test {
        Some(name) => format!("{} {name}", test.package),
        None => test.package.clone(),
    }
}

/// What a finding says, folded.
fn told(finding: &Finding) -> Html {
    let annotation = &finding.annotation;
    let message = Html::lines(&words::clip(&annotation.message)).within("p", "");
    let related = annotation.related.iter();
    let related: Html = related
        .map(|other| {
            let at = Html::code(&format!("{}:{}", other.file, other.line));
            at.and(Html::text(&format!(" {}", other.message)))
                .within("li", "")
        })
        .collect();
    let related = match related.is_empty() {
        true => related,
        false => related.within("ul", ""),
    };
    let title = Html::text(&words::clip(&annotation.title));
    let summary = match &annotation.at {
        Some(at) => title
            .and(Html::text(" "))
            .and(Html::code(&format!("{}:{}", at.file, at.line))),
        None => title,
    };
    details(summary, message.and(related), false)
}

/// Packages, with the tests that failed or were running.
fn packages(packages: &[Package]) -> Html {
    let rows = packages.iter().map(|package| {
        let broken = package.tests.iter();
        let broken: Vec<&str> = broken
            .filter(|test| matches!(test.outcome.as_str(), "failed" | "unfinished"))
            .map(|test| test.name.as_str())
            .collect();
        let seconds = package.seconds.map(|seconds| format!("{seconds:.2} s"));
        vec![
            Html::code(&package.path),
            Html::text(&package.outcome),
            Html::text(&seconds.unwrap_or_default()),
            Html::text(&words::clip(&broken.join(", "))),
        ]
    });
    let rows = table(
        &["Package", "Outcome", "Time", "Failed or running"],
        &[2],
        rows.collect(),
    );
    match rows.is_empty() {
        true => rows,
        false => Html::text("Packages").within("h2", "").and(rows),
    }
}
