//! `gotriage schema`: the JSON schemas of `--format json`, made from the types that are printed.

use super::args::SchemaOf;
use super::exit::Exit;
use super::map::{Layouts, Located};
use super::output;
use crate::triage::report::Report;
use std::io;

/// Prints a schema.
pub fn run(of: SchemaOf) -> Exit {
    let schema = match of {
        SchemaOf::Report => schemars::schema_for!(Report),
        SchemaOf::MapLayout => schemars::schema_for!(Layouts),
        SchemaOf::MapLocate => schemars::schema_for!(Located<'_>),
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
