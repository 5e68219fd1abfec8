//! The answer of a scan: a table for terminals, CSV for spreadsheets, Markdown for tickets, JSON for programs. (The lines of `jsonl`
//! are written as they were kept.)

mod csv;
mod markdown;
pub(super) mod rows;
mod table;

pub use csv::write as csv;
pub use markdown::write as markdown;
pub(super) use table::headline;
pub use table::write as text;

use super::json::pretty;
use crate::triage::scan::report::ScanReport;
use std::io::{self, Write};

/// The overview as JSON.
///
/// # Errors
/// Those of `out`.
pub fn json(report: &ScanReport, out: &mut dyn Write) -> io::Result<()> {
    pretty(report, out)
}
