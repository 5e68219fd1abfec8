//! Step 2: the conflicts with their parties and creation chains, and the `go` statements with the most live goroutines.

use super::super::page::Page;
use super::super::table::Fit;
use crate::render::words;
use crate::triage::report::{Conflict, CreationSite, IncidentReport, MapReport, Participant};
use anstyle::Style;
use std::io;

/// Conflicts, creation sites and links of a chain in a folded report.
const CONFLICTS: usize = 3;
const SITES: usize = 5;
const LINKS: usize = 6;

/// Creators listed beside a site, references listed behind a reason.
const PARENTS: usize = 4;
const REFERENCES: usize = 3;

/// Conflicts and creation sites.
pub fn write(page: &mut Page<'_>, incident: &IncidentReport) -> io::Result<()> {
    let conflicts = &incident.conflicts;
    let shown = conflicts.len().min(page.fold(CONFLICTS));
    for conflict in conflicts.iter().take(shown) {
        one(page, conflict, &incident.maps)?;
    }
    page.folded(conflicts.len() - shown, "conflict")?;
    sites(page, &incident.creation.sites)
}

fn one(page: &mut Page<'_>, conflict: &Conflict, maps: &[MapReport]) -> io::Result<()> {
    let rows = conflict.participants.iter().map(party).collect();
    let columns = [
        ("GOROUTINE", Fit::Middle),
        ("DID", Fit::Whole),
        ("IN", Fit::Path),
        ("AT", Fit::Path),
        ("RECEIVER", Fit::Whole),
    ];
    page.table(&title(conflict, maps), &columns, rows)?;
    for party in &conflict.participants {
        chain(page, party)?;
    }
    match words::reasons(&conflict.evidence, &page.inputs, REFERENCES).as_str() {
        "" => Ok(()),
        why => page.prose("    ", &format!("why: {why}"), page.palette.faint),
    }
}

/// `Conflict 1: write-write on m1 (map[string]int at 0xc000102000), confirmed`.
fn title(conflict: &Conflict, maps: &[MapReport]) -> String {
    let map = maps.iter().find(|map| map.id == conflict.map);
    let known = map.map_or_else(String::new, |map| {
        let header = map.header.as_ref().map(|header| format!("at {header}"));
        let parts: Vec<&str> = [map.go_type.as_deref(), header.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        match parts.as_slice() {
            [] => String::new(),
            parts => format!(" ({})", parts.join(" ")),
        }
    });
    format!(
        "{} Conflict {}: {} on {}{known}, {}",
        words::mark(conflict.grade),
        conflict.rank,
        conflict.kind,
        conflict.map,
        conflict.grade.word(),
    )
}

fn party(party: &Participant) -> Vec<String> {
    let file = party.file.as_deref().unwrap_or_default();
    vec![
        words::party_id(party),
        party.op.clone(),
        party.func.clone().unwrap_or_else(|| "unknown".to_owned()),
        words::place(file, party.line.unwrap_or_default()),
        party.receiver.clone().unwrap_or_default(),
    ]
}

/// `24 ← main.start (main.go:26) in goroutine 1 ← …`, back to `main`.
fn chain(page: &mut Page<'_>, party: &Participant) -> io::Result<()> {
    let (Some(id), false) = (party.goroutine, party.chain.is_empty()) else {
        return Ok(());
    };
    let shown = party.chain.len().min(page.fold(LINKS));
    let links = party.chain.iter().take(shown).map(words::chain_link);
    let mut text = format!("created by {}", links.collect::<Vec<_>>().join(" ← "));
    if shown < party.chain.len() {
        text += &format!(" ← {} more", party.chain.len() - shown);
    }
    page.prose("    ", &format!("{id} {text}"), Style::new())
}

fn sites(page: &mut Page<'_>, sites: &[CreationSite]) -> io::Result<()> {
    let shown = sites.len().min(page.fold(SITES));
    let rows = sites.iter().take(shown).map(|site| {
        vec![
            words::count(site.goroutines),
            site.func.clone(),
            words::place(&site.file, site.line),
            words::ids(&site.parents, PARENTS),
        ]
    });
    let columns = [
        ("LIVE", Fit::Number),
        ("CREATED BY", Fit::Path),
        ("AT", Fit::Path),
        ("IN GOROUTINE", Fit::Middle),
    ];
    page.table("Goroutines by creation site", &columns, rows.collect())?;
    page.folded(sites.len() - shown, "site")
}
