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
mod wrap;

use crate::triage::report::{Category, IncidentReport, Report};
use page::Page;
use std::io::{self, Write};
use style::Palette;

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
    let palette = match options.colour {
        true => Palette::coloured(),
        false => Palette::default(),
    };
    let width = options.width.max(MIN_WIDTH);
    let mut page = Page::new(report, out, width, palette, options.all);
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
