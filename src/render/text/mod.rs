//! The report for a terminal: verdict and culprit first, then the four steps, what is missing, and what was read.
//!
//! Called by [`crate::render::write`]. [`page`] knows how things look; each part of the report has its file, named for what it
//! prints. No line is wider than asked, except code that is to be pasted.

mod footer;
mod page;
mod steps;
mod style;
mod table;
mod verdict;
pub(super) mod wrap;

use super::sheet::Block;
use super::words::Inputs;
use crate::triage::report::{Category, IncidentReport, Report};
use page::Page;
use std::io::{self, Write};

pub use table::Fit;

/// Narrower than this nothing can be laid out; narrower terminals break the lines themselves.
pub const MIN_WIDTH: usize = 20;

/// How a text report looks.
#[derive(Clone, Copy, Debug)]
pub struct TextOptions {
    /// Columns; at least [`MIN_WIDTH`].
    pub width: usize,
    /// With ANSI colours.
    pub colour: bool,
    /// Long lists are not folded.
    pub all: bool,
}

/// Writes `report` to `out`.
pub fn write(report: &Report, options: TextOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(Inputs::of(report), out, options);
    let found: Vec<&IncidentReport> = found(report).collect();
    match found.as_slice() {
        [] => return verdict::nothing(&mut page, report),
        [only] => incident(&mut page, only)?,
        several => {
            verdict::overview(&mut page, several)?;
            let shown = several.len().min(page.fold(super::words::INCIDENTS));
            for (at, one) in several.iter().take(shown).enumerate() {
                page.heading(&format!("Incident {} of {}", at + 1, several.len()))?;
                incident(&mut page, one)?;
            }
        }
    }
    footer::write(&mut page, report)
}

/// Writes the blocks of a sheet to `out`, a page of its own; `inputs` names what its references point at.
pub fn sheet(
    blocks: &[Block],
    inputs: Inputs<'_>,
    options: TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(inputs, out, options);
    blocks.iter().try_for_each(|block| match block {
        Block::Heading(title) => page.heading(title),
        Block::Prose(text) => {
            page.blank()?;
            page.prose("", text, page.palette.plain)
        }
        Block::Labelled(label, value) => page.labelled(label, value, page.palette.plain),
        Block::Finding(finding) => page.finding(finding),
        Block::Table {
            title,
            columns,
            rows,
        } => page.table(title, columns, rows.clone()),
        Block::Folded { more, noun } => page.folded(*more, noun),
        Block::Code(text) => page.code(text),
    })
}

/// The incidents with something from Go in them.
fn found(report: &Report) -> impl Iterator<Item = &IncidentReport> {
    let incidents = report.incidents.iter();
    incidents.filter(|incident| incident.verdict.category != Category::None)
}

fn incident(page: &mut Page<'_>, incident: &IncidentReport) -> io::Result<()> {
    verdict::write(page, incident)?;
    steps::write(page, incident)?;
    footer::missing(page, &incident.missing)
}
