//! Step 4: the reproduction and the debugger commands, ready to be pasted.

use super::super::page::Page;
use crate::triage::report::{IncidentReport, Reproduction, Step};
use anstyle::Style;
use std::io;

/// The programs of step 4, unless a finding has shown them already.
pub fn write(page: &mut Page<'_>, incident: &IncidentReport) -> io::Result<()> {
    if let Some(program) = &incident.reproduction
        && !shown(&incident.steps, &program.program)
    {
        reproduction(page, program)?;
    }
    for breakpoints in &incident.breakpoints {
        if !shown(&incident.steps, &breakpoints.script) {
            let title = format!("Breakpoints for {}", breakpoints.debugger);
            page.blank()?;
            page.prose("  ", &title, page.palette.strong)?;
            page.code(&breakpoints.script)?;
        }
    }
    Ok(())
}

fn reproduction(page: &mut Page<'_>, program: &Reproduction) -> io::Result<()> {
    page.blank()?;
    page.prose(
        "  ",
        "A program that dies the same way",
        page.palette.strong,
    )?;
    let about = format!(
        "dies with: {}; needs Go {} or later; gotriage repro writes it to a file; run it with: {}",
        program.message, program.go_since, program.run,
    );
    page.prose("  ", &about, Style::new())?;
    page.code(&program.program)
}

/// Whether a finding carries this code.
fn shown(steps: &[Step], text: &str) -> bool {
    let mut findings = steps.iter().flat_map(|step| &step.findings);
    findings.any(|finding| finding.code.as_ref().is_some_and(|code| code.text == text))
}
