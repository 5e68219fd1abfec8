//! The report as JSON, schema `gotriage.report/1`: two spaces of indentation, a newline at the end, the same bytes every run.
//!
//! Indented whether or not it goes to a terminal: a diff of two reports should show the field that changed. Characters that
//! could drive a terminal are written as `\u` escapes, which every JSON reader turns back.

use super::escape;
use crate::triage::report::Report;
use std::io::{self, Write};

/// Writes `report` to `out`.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(report).map_err(io::Error::other)?;
    text.push('\n');
    out.write_all(escape::json(&text).as_bytes())
}
