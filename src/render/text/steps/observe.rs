//! Step 1: goroutines by state, what they wait for, and the groups of equal stacks.

use super::super::page::Page;
use super::super::table::Fit;
use crate::render::fold;
use crate::render::words;
use crate::triage::report::{Group, IncidentReport, Wait};
use std::io;

/// States, waits, groups and frames of a group in a folded report: what fits one screen together.
const STATES: usize = 6;
const WAITS: usize = 5;
const GROUPS: usize = 4;
const FRAMES: usize = 5;

/// Ids listed beside a group.
const IDS: usize = 6;

/// Tables and stacks of step 1.
pub fn write(page: &mut Page<'_>, incident: &IncidentReport) -> io::Result<()> {
    states(page, incident)?;
    waits(page, &words::shared_waits(&incident.waits))?;
    groups(page, incident)
}

fn states(page: &mut Page<'_>, incident: &IncidentReport) -> io::Result<()> {
    let states = &incident.goroutines.states;
    let shown = states.len().min(page.fold(STATES));
    let rows = states.iter().take(shown).map(|state| {
        vec![
            words::count(state.count),
            state.state.clone(),
            words::waited(state.longest_wait_minutes).unwrap_or_default(),
        ]
    });
    let title = words::counted(incident.goroutines.total, "goroutine");
    let columns = [
        ("COUNT", Fit::Number),
        ("STATE", Fit::Middle),
        ("LONGEST WAIT", Fit::Whole),
    ];
    page.table(&format!("{title} by state"), &columns, rows.collect())?;
    page.folded(states.len() - shown, "state")
}

fn waits(page: &mut Page<'_>, waits: &[&Wait]) -> io::Result<()> {
    let shown = waits.len().min(page.fold(WAITS));
    let rows = waits.iter().take(shown).map(|wait| {
        let site = wait.sites.first();
        vec![
            words::count(wait.waiters),
            wait.kind.clone(),
            wait.address.clone().unwrap_or_default(),
            words::wait(wait.longest_wait_minutes),
            wait.holder
                .map_or_else(String::new, |id| format!("goroutine {id}")),
            site.map_or_else(String::new, |site| words::place(&site.file, site.line)),
        ]
    });
    let columns = [
        ("WAITERS", Fit::Number),
        ("ON", Fit::Middle),
        ("ADDRESS", Fit::Whole),
        ("LONGEST", Fit::Whole),
        ("HELD BY", Fit::Middle),
        ("AT", Fit::Path),
    ];
    page.table("Waiting for the same thing", &columns, rows.collect())?;
    page.folded(waits.len() - shown, "wait")
}

fn groups(page: &mut Page<'_>, incident: &IncidentReport) -> io::Result<()> {
    let shown = fold::groups(incident, GROUPS, page.all);
    if !shown.is_empty() {
        page.blank()?;
        page.prose("  ", "Groups of equal stacks", page.palette.strong)?;
    }
    for group in &shown {
        stack(page, group, fold::has_crashed(incident, group))?;
    }
    page.folded(incident.goroutines.groups.len() - shown.len(), "group")
}

fn stack(page: &mut Page<'_>, group: &Group, crashed: bool) -> io::Result<()> {
    let mut head = format!("{} × {}", words::count(group.count), group.state);
    if group.longest_wait_minutes > 0 {
        head += &format!(", up to {}", words::wait(group.longest_wait_minutes));
    }
    let noun = if group.goroutines.len() == 1 {
        "goroutine"
    } else {
        "goroutines"
    };
    // A profile knows no ids.
    if !group.goroutines.is_empty() {
        head += &format!("; {noun} {}", words::ids(&group.goroutines, page.fold(IDS)));
    }
    if crashed {
        head += " (crashed)";
    }
    page.prose("  ", &head, page.palette.strong)?;
    let (above, frames, below) = fold::frames(group, FRAMES, page.all);
    if let Some(left_out) = words::left_out(above, "above") {
        page.prose("      ", &left_out, page.palette.faint)?;
    }
    let frames: Vec<_> = frames
        .iter()
        .map(|frame| (frame.func.as_str(), words::place(&frame.file, frame.line)))
        .collect();
    page.frames(&frames)?;
    if let Some(left_out) = words::left_out(below, "below") {
        page.prose("      ", &left_out, page.palette.faint)?;
    }
    match &group.created_by {
        Some(site) => {
            let text = format!("created by {}", words::created_by(site));
            page.prose("      ", &text, page.palette.faint)
        }
        None => Ok(()),
    }
}
