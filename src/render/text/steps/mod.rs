//! The four steps: findings first, then the tables that belong to the step.
//!
//! One file per step; the findings' texts come from `triage`, the tables from the incident's own fields.

mod anatomy;
mod locate;
mod observe;
mod verify;

use super::page::Page;
use crate::triage::report::IncidentReport;
use std::io;

/// All steps of an incident.
pub fn write(page: &mut Page<'_>, incident: &IncidentReport) -> io::Result<()> {
    for step in &incident.steps {
        page.heading(&format!("{}  {}", step.n, step.title))?;
        for finding in &step.findings {
            page.finding(finding)?;
        }
        match step.n {
            1 => observe::write(page, incident)?,
            2 => locate::write(page, incident)?,
            3 => anatomy::write(page, incident)?,
            4 => verify::write(page, incident)?,
            _ => {}
        }
    }
    Ok(())
}
