//! From a [`Report`] to bytes: one file per output format.
//!
//! `cli` calls [`write`]. Renderers decide how things look and nothing else; whatever they print of a log went through
//! [`escape`] for the place it goes to. [`words`] holds the phrases that text and Markdown share.

pub mod ci;
pub mod diff;
pub mod escape;
mod fold;
pub mod graph;
pub mod html;
mod json;
pub mod map;
mod markdown;
pub mod runbook;
pub mod scan;
pub mod sheet;
pub mod suspects;
mod text;
pub mod trace;
mod words;

use crate::triage::report::Report;
use std::io::{self, Write};

pub use text::{MIN_WIDTH, TextOptions};

/// An output format with what it needs to know.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    /// For a terminal.
    Text(TextOptions),
    /// For programs: the report as it is.
    Json,
    /// For tickets and pull requests.
    Markdown {
        /// Long lists are not folded.
        all: bool,
    },
    /// For browsers: one file.
    Html {
        /// Long lists are not folded.
        all: bool,
    },
}

/// Writes `report` to `out`.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text(options) => text::write(report, options, out),
        Format::Json => json::pretty(report, out),
        Format::Markdown { all } => markdown::write(report, all, out),
        Format::Html { all } => html::report(report, all, out),
    }
}
