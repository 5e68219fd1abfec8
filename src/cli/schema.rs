//! `gotriage schema`: the JSON schema of `--format json`, made from the report's own types.

use super::exit::Exit;
use super::output;
use crate::triage::report::Report;
use std::io;

/// Prints the schema.
pub fn run() -> Exit {
    let schema = schemars::schema_for!(Report);
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
