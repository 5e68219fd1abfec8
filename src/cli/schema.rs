//! `gotriage schema`: the JSON schemas of `--format json`, made from the types that are printed.

use super::args::SchemaOf;
use super::exit::Exit;
use super::map::{Explained, Growth, Layouts, Located};
use super::output;
use crate::triage::ci::report::CiReport;
use crate::triage::compare::report::DiffReport;
use crate::triage::graph::report::GraphReport;
use crate::triage::report::{Report, SuspectsReport};
use crate::triage::runbook::Runbook;
use crate::triage::scan::report::{ScanLine, ScanReport};
use crate::triage::trace::TraceReport;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use std::io;

/// The schema of what is written, not of what could be read: a field that is left out where it is empty is not required, all others are.
fn printed<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>()
}

/// Prints a schema.
pub fn run(of: SchemaOf) -> Exit {
    let schema = match of {
        SchemaOf::Report => printed::<Report>(),
        SchemaOf::Graph => printed::<GraphReport>(),
        SchemaOf::Diff => printed::<DiffReport>(),
        SchemaOf::Scan => printed::<ScanReport>(),
        SchemaOf::ScanLine => printed::<ScanLine>(),
        SchemaOf::Ci => printed::<CiReport>(),
        SchemaOf::Suspects => printed::<SuspectsReport>(),
        SchemaOf::Runbook => printed::<Runbook>(),
        SchemaOf::Trace => printed::<TraceReport>(),
        SchemaOf::MapLayout => printed::<Layouts>(),
        SchemaOf::MapGrow => printed::<Growth>(),
        SchemaOf::MapExplain => printed::<Explained>(),
        SchemaOf::MapLocate => printed::<Located<'_>>(),
    };
    let written = output::print(|out| {
        let text = serde_json::to_string_pretty(&schema).map_err(io::Error::other)?;
        writeln!(out, "{text}")
    });
    if written {
        Exit::Analysed
    } else {
        Exit::Incomplete
    }
}
