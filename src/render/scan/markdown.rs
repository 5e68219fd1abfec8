//! The clusters of a scan as Markdown, for a ticket.

use super::rows;
use super::table::headline;
use crate::render::escape::{code_span, markdown};
use crate::triage::scan::report::{Cluster, ScanReport};
use std::io::{self, Write};

/// Rows of a folded table: a ticket is read by people.
const CLUSTERS: usize = 40;

/// Remarks of a folded page.
const NOTES: usize = 10;

/// Writes the page to `out`.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &ScanReport, all: bool, out: &mut dyn Write) -> io::Result<()> {
    let limit = |count: usize, most: usize| if all { count } else { count.min(most) };
    writeln!(out, "## gotriage: {}", headline(report))?;
    let shown = limit(report.clusters.len(), CLUSTERS);
    if shown > 0 {
        writeln!(
            out,
            "\n| count | first seen | last seen | category | culprit | grade | example | fingerprint |\n|---:|---|---|---|---|---|---|---|"
        )?;
    }
    for cluster in report.clusters.iter().take(shown) {
        row(cluster, out)?;
    }
    folded(report.clusters.len() - shown, "clusters", out)?;
    if !report.conflicts.is_empty() {
        writeln!(out, "\n### Conflicts with one side in each of two logs\n")?;
    }
    for conflict in &report.conflicts {
        writeln!(out, "- {}", markdown(&rows::joined(conflict)))?;
    }
    let shown = limit(report.notes.len(), NOTES);
    if shown > 0 {
        writeln!(out, "\n### Remarks\n")?;
    }
    for note in report.notes.iter().take(shown) {
        writeln!(out, "- {}", markdown(&rows::note(note)))?;
    }
    folded(report.notes.len() - shown, "remarks", out)
}

fn row(cluster: &Cluster, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} | {} |",
        cluster.count,
        rows::time(cluster.first_seen.as_deref()),
        rows::time(cluster.last_seen.as_deref()),
        cluster.category.word(),
        code_span(&rows::culprit(cluster)),
        rows::grades(cluster),
        code_span(&rows::example(cluster)),
        code_span(&cluster.fingerprint.to_string()),
    )
}

fn folded(more: usize, nouns: &str, out: &mut dyn Write) -> io::Result<()> {
    match more {
        0 => Ok(()),
        _ => writeln!(out, "\n{more} {nouns} more; --all shows them."),
    }
}
