//! What the `map` commands and `diff` print: blocks of a page, before anybody knows its width and colours.
//!
//! Each command's file in `render::map` or `render::diff` turns a result into blocks; [`write`] prints them.

use super::TextOptions;
use super::text;
use super::words::Inputs;
use crate::triage::report::Finding;
use std::io::{self, Write};

pub use super::text::Fit;

/// A piece of a page.
#[derive(Clone, Debug)]
pub enum Block {
    /// A section begins.
    Heading(String),
    /// A paragraph.
    Prose(String),
    /// A short label and its value.
    Labelled(String, String),
    /// A graded statement.
    Finding(Finding),
    /// A table under its title; the title may be empty.
    Table {
        /// Above the table.
        title: String,
        /// Heads, and what may be shortened.
        columns: Vec<(&'static str, Fit)>,
        /// Cells by row.
        rows: Vec<Vec<String>>,
    },
    /// Rows that were left out.
    Folded {
        /// How many.
        more: usize,
        /// Of what.
        noun: &'static str,
    },
    /// Lines to paste.
    Code(String),
}

/// Writes the page to `out`.
///
/// # Errors
/// Those of `out`.
pub fn write(blocks: &[Block], options: TextOptions, out: &mut dyn Write) -> io::Result<()> {
    text::sheet(blocks, Inputs::none(), options, out)
}

/// As [`write`], for a page whose statements refer to lines of these inputs.
pub(super) fn write_about(
    blocks: &[Block],
    inputs: Inputs<'_>,
    options: TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    text::sheet(blocks, inputs, options, out)
}
