//! The suspects of a module as text, Markdown or JSON.
//!
//! `cli` calls [`text`], [`markdown`] and [`json`]; annotations for code hosts are `render::ci`'s business.

use super::escape::{code_span, markdown as prose};
use super::sheet::{self, Block};
use super::{TextOptions, json};
use crate::render::words::{count, counted};
use crate::triage::report::{ModuleReport, SuspectsReport};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Suspects and notes in a folded page.
const SHOWN: usize = 20;
const NOTES: usize = 5;

/// Writes `report` for a terminal.
///
/// # Errors
/// Those of `out`.
pub fn text(report: &SuspectsReport, options: TextOptions, out: &mut dyn Write) -> io::Result<()> {
    sheet::write(&blocks(report, options.all), options, out)
}

/// Writes `report` for a ticket; with `all`, long lists stand in full.
///
/// # Errors
/// Those of `out`.
pub fn markdown(report: &SuspectsReport, all: bool, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(page(report, all).as_bytes())
}

/// Writes `report` as it is.
///
/// # Errors
/// Those of `out`.
pub fn json(report: &SuspectsReport, out: &mut dyn Write) -> io::Result<()> {
    json::pretty(report, out)
}

fn shown(of: usize, limit: usize, all: bool) -> usize {
    if all { of } else { of.min(limit) }
}

/// `3 suspects in example.com/shop: 120 files, 34,000 lines, 87 maps`
fn headline(report: &SuspectsReport) -> String {
    let ModuleReport {
        path,
        files,
        lines,
        maps,
    } = &report.module;
    let name = if path.is_empty() {
        "the directory"
    } else {
        path
    };
    let found = match report.suspects.len() as u64 {
        0 => "No suspect".to_owned(),
        found => counted(found, "suspect"),
    };
    format!(
        "{found} in {name}: {}, {} lines, {}",
        counted(*files, "file"),
        count(*lines),
        counted(*maps, "map")
    )
}

fn blocks(report: &SuspectsReport, all: bool) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(headline(report))];
    let taken = shown(report.findings.len(), SHOWN, all);
    blocks.extend(
        report
            .findings
            .iter()
            .take(taken)
            .cloned()
            .map(Block::Finding),
    );
    let more = report.findings.len() - taken;
    if more > 0 {
        blocks.push(Block::Folded {
            more,
            noun: "suspect",
        });
    }
    let taken = shown(report.notes.len(), NOTES, all);
    for note in report.notes.iter().take(taken) {
        let at = place(note.file.as_deref(), note.line);
        blocks.push(Block::Labelled("note".into(), format!("{at}{}", note.text)));
    }
    let more = report.notes.len() - taken;
    if more > 0 {
        blocks.push(Block::Folded { more, noun: "note" });
    }
    blocks
}

fn place(file: Option<&str>, line: Option<u32>) -> String {
    match (file, line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        (Some(file), None) => format!("{file}: "),
        _ => String::new(),
    }
}

fn page(report: &SuspectsReport, all: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "## {}\n", prose(&headline(report)));
    let taken = shown(report.suspects.len(), SHOWN, all);
    for suspect in report.suspects.iter().take(taken) {
        let _ = writeln!(
            out,
            "{}. {}: {}. {}.",
            suspect.rank,
            code_span(&suspect.map),
            prose(&suspect.why),
            prose(&suspect.fix)
        );
        let mut before = None;
        for site in suspect
            .sites
            .iter()
            .filter(|site| before.replace(*site) != Some(*site))
        {
            let at = format!("{}:{}", site.file, site.line);
            let _ = writeln!(
                out,
                "   - {} {} in {}: {}",
                code_span(&at),
                prose(&site.op),
                code_span(&site.func),
                code_span(&site.excerpt)
            );
        }
    }
    let more = report.suspects.len() - taken;
    if more > 0 {
        let _ = writeln!(out, "\n{more} more with --all.");
    }
    for note in report
        .notes
        .iter()
        .take(shown(report.notes.len(), NOTES, all))
    {
        let at = place(note.file.as_deref(), note.line);
        let _ = writeln!(out, "\nNote: {}", prose(&format!("{at}{}", note.text)));
    }
    out
}
