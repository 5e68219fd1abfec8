//! A graph of an incident as DOT, Mermaid, JSON or SVG: one file per format.
//!
//! `cli` calls [`write`]. [`label`] says what stands in a node; [`layout`] is the geometry of our own SVG ([`svg`]), and
//! [`graphviz`] dresses the one that Graphviz draws.

mod dot;
pub mod graphviz;
mod label;
mod layout;
mod mermaid;
mod svg;

use super::json;
use crate::triage::graph::report::GraphReport;
use std::io::{self, Write};
pub use svg::{STYLE, escaped as xml, inline};

/// The form of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphFormat {
    /// For Graphviz.
    Dot,
    /// For Markdown on code hosts.
    Mermaid,
    /// For programs.
    Json,
    /// A picture.
    Svg,
}

/// Writes `graph` to `out`.
///
/// # Errors
/// Those of `out`.
pub fn write(graph: &GraphReport, format: GraphFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        GraphFormat::Dot => out.write_all(dot::text(graph).as_bytes()),
        GraphFormat::Mermaid => out.write_all(mermaid::text(graph).as_bytes()),
        GraphFormat::Json => json::pretty(graph, out),
        GraphFormat::Svg => out.write_all(svg::text(graph).as_bytes()),
    }
}
