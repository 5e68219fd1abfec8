//! `gotriage schema`: the JSON schemas of `--format json`, made from the types that are printed.

use super::args::SchemaOf;
use super::exit::Exit;
use super::map::{Explained, Growth, Layouts, Located};
use super::output;
use crate::triage::compare::report::DiffReport;
use crate::triage::graph::report::GraphReport;
use crate::triage::report::Report;
use crate::triage::trace::TraceReport;
use schemars::schema_for;
use std::io;

/// Prints a schema.
pub fn run(of: SchemaOf) -> Exit {
    let schema = match of {
        SchemaOf::Report => schema_for!(Report),
        SchemaOf::Graph => schema_for!(GraphReport),
        SchemaOf::Diff => schema_for!(DiffReport),
        SchemaOf::Trace => schema_for!(TraceReport),
        SchemaOf::MapLayout => schema_for!(Layouts),
        SchemaOf::MapGrow => schema_for!(Growth),
        SchemaOf::MapExplain => schema_for!(Explained),
        SchemaOf::MapLocate => schema_for!(Located<'_>),
    };
    let printed = output::print(|out| {
        let text = serde_json::to_string_pretty(&schema).map_err(io::Error::other)?;
        writeln!(out, "{text}")
    });
    if printed {
        Exit::Analysed
    } else {
        Exit::Incomplete
    }
}
