//! Findings for people: one place a line, as compilers write them, so that terminals and editors link them.

use super::outcome;
use crate::render::escape::line;
use crate::triage::ci::report::{CiReport, Finding};
use std::io::{self, Write};

/// Writes the findings and what was run.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &CiReport, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        one(finding, report, out)?;
    }
    let found = match report.findings.len() {
        0 => "no findings".to_owned(),
        1 => "1 finding".to_owned(),
        many => format!("{many} findings"),
    };
    match outcome(&report.tests).as_str() {
        "" => writeln!(out, "gotriage: {found}"),
        ran => writeln!(out, "gotriage: {found}; {ran}"),
    }
}

fn one(finding: &Finding, report: &CiReport, out: &mut dyn Write) -> io::Result<()> {
    let annotation = &finding.annotation;
    match (&annotation.at, finding.evidence.first()) {
        (Some(at), _) => write!(out, "{}:{}: ", line(&at.file), at.line)?,
        (None, Some(printed)) => {
            let input = report.report.inputs.get(printed.input as usize);
            let path = input.map_or("-", |input| input.path.as_str());
            write!(out, "{}:{}: ", line(path), printed.line)?;
        }
        (None, None) => {}
    }
    writeln!(
        out,
        "{}: {} [{}, {}]",
        annotation.level.word(),
        line(&annotation.title),
        annotation.rule.id,
        finding.grade.word()
    )?;
    for text in annotation.message.lines() {
        writeln!(out, "    {}", line(text))?;
    }
    for other in &annotation.related {
        writeln!(
            out,
            "    {}:{}: {}",
            line(&other.file),
            other.line,
            line(&other.message)
        )?;
    }
    Ok(())
}
