//! The clusters of a scan as a table, for a terminal.

use super::rows;
use crate::render::sheet::{self, Block, Fit};
use crate::render::words::{NOTHING_FOUND, counted};
use crate::render::{Format, TextOptions};
use crate::triage::report::Category;
use crate::triage::scan::report::{Cluster, ScanReport};
use std::collections::HashSet;
use std::io::{self, Write};

/// Rows of a folded table.
const CLUSTERS: usize = 40;

/// Remarks of a folded page.
const NOTES: usize = 10;

/// Columns where nobody says how many.
const WIDTH: usize = 80;

/// Writes the page to `out`.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &ScanReport, format: Format, out: &mut dyn Write) -> io::Result<()> {
    let options = match format {
        Format::Text(options) => options,
        _ => TextOptions {
            width: WIDTH,
            colour: false,
            all: true,
        },
    };
    sheet::write(&blocks(report, options.all), options, out)
}

fn blocks(report: &ScanReport, all: bool) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(headline(report))];
    match report.clusters.is_empty() {
        true => blocks.push(Block::Prose(NOTHING_FOUND[0].0.to_owned())),
        false => blocks.extend(clusters(report, all)),
    }
    let alive = |cluster: &Cluster| cluster.category == Category::Healthy;
    if report.clusters.iter().any(alive) {
        blocks.push(Block::Prose(
            "healthy: profiles, traces and goroutines of living processes. A scan looks at each alone; gotriage CRASH CAPTURE…, or \
             gotriage ARCHIVE where it holds one incident, joins them with the crash they belong to."
                .into(),
        ));
    }
    if !report.conflicts.is_empty() {
        blocks.push(Block::Heading(
            "Conflicts with one side in each of two logs".into(),
        ));
        let conflicts = report.conflicts.iter().map(rows::joined);
        blocks.extend(conflicts.map(Block::Prose));
    }
    if !report.notes.is_empty() {
        let shown = if all { report.notes.len() } else { NOTES };
        blocks.push(Block::Heading("Remarks".into()));
        let notes = report.notes.iter().take(shown).map(rows::note);
        blocks.extend(notes.map(Block::Prose));
        blocks.push(Block::Folded {
            more: report.notes.len().saturating_sub(shown),
            noun: "remark",
        });
    }
    if let Some(first) = report.clusters.first() {
        blocks.push(Block::Prose(format!(
            "The report on one of them: --show {}",
            first.fingerprint
        )));
    }
    blocks
}

/// `37 incidents in 12 clusters`.
pub fn headline(report: &ScanReport) -> String {
    let incidents: u64 = report.clusters.iter().map(|cluster| cluster.count).sum();
    match incidents {
        0 => "nothing from Go was recognised".to_owned(),
        _ => format!(
            "{} in {}",
            counted(incidents, "incident"),
            counted(report.clusters.len() as u64, "cluster")
        ),
    }
}

fn clusters(report: &ScanReport, all: bool) -> Vec<Block> {
    let shown = if all { report.clusters.len() } else { CLUSTERS };
    let digits = digits(report);
    let rows = report.clusters.iter().take(shown);
    let rows = rows.map(|cluster| row(cluster, digits));
    vec![
        Block::Table {
            title: String::new(),
            columns: vec![
                ("count", Fit::Number),
                ("first", Fit::Whole),
                ("last", Fit::Whole),
                ("category", Fit::Whole),
                ("grade", Fit::Whole),
                ("fingerprint", Fit::Whole),
                ("culprit", Fit::Below),
                ("example", Fit::Below),
            ],
            rows: rows.collect(),
        },
        Block::Folded {
            more: report.clusters.len().saturating_sub(shown),
            noun: "cluster",
        },
    ]
}

/// The day of a time: a table has to fit a terminal, and the other forms have the rest.
fn day(seen: Option<&str>) -> String {
    let seen = seen.unwrap_or_default();
    seen.get(..10).unwrap_or(seen).to_owned()
}

/// First digits that tell the fingerprints apart, eight at least.
fn digits(report: &ScanReport) -> usize {
    let all: Vec<String> = report
        .clusters
        .iter()
        .map(|cluster| cluster.fingerprint.to_string())
        .collect();
    let apart = |digits: &usize| {
        let cut: HashSet<&str> = all.iter().filter_map(|one| one.get(..*digits)).collect();
        cut.len() == all.len()
    };
    (8..16).find(apart).unwrap_or(16)
}

fn row(cluster: &Cluster, digits: usize) -> Vec<String> {
    vec![
        cluster.count.to_string(),
        day(cluster.first_seen.as_deref()),
        day(cluster.last_seen.as_deref()),
        cluster.category.word().to_owned(),
        cluster.grade.word().to_owned(),
        cluster
            .fingerprint
            .to_string()
            .chars()
            .take(digits)
            .collect(),
        parties(cluster),
        rows::example(cluster),
    ]
}

/// The culprit, and how well the other side is known, where there is one.
fn parties(cluster: &Cluster) -> String {
    let culprit = rows::culprit(cluster);
    match cluster.other_side {
        Some(grade) => format!("{culprit}; other side {}", grade.word()),
        None => culprit,
    }
}
