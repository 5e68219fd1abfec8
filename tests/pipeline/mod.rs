//! The way of bytes through all rooms, for tests, benches and fuzz targets: what must hold for any input whatever.
#![allow(dead_code, clippy::panic)] // every user needs another part

use gotriage::model::Evidence;
use gotriage::render::{Format, TextOptions};
use gotriage::triage::report::Report;
use gotriage::{envelope, parse, render, triage};
use std::io;

/// Unwraps and parses inputs given as name and bytes, and hands the evidence on.
pub fn with_evidence<T>(inputs: &[(&str, &[u8])], look: impl FnOnce(&Evidence<'_>) -> T) -> T {
    let opened: Vec<_> = inputs
        .iter()
        .map(|(_, bytes)| envelope::open(bytes))
        .collect();
    let given: Vec<_> = inputs
        .iter()
        .zip(&opened)
        .map(|((name, bytes), opened)| parse::Given {
            name,
            bytes: bytes.len() as u64,
            opened,
            truncated: false,
            notes: Vec::new(),
        })
        .collect();
    look(&parse::read(&given))
}

/// The report on these inputs.
pub fn report(inputs: &[(&str, &[u8])]) -> Report {
    with_evidence(inputs, |evidence| {
        triage::report(evidence, &triage::Options::default())
    })
}

/// One form of a report, as bytes.
pub fn printed(report: &Report, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    render::write(report, format, &mut out).unwrap_or_else(|error| panic!("in memory: {error}"));
    out
}

/// The text form without colours.
pub fn text(width: usize) -> Format {
    Format::Text(TextOptions {
        width,
        colour: false,
        all: false,
    })
}

/// Prints a report in every form into nothing.
pub fn print_all(report: &Report) {
    for format in [text(80), Format::Json, Format::Markdown { all: true }] {
        render::write(report, format, &mut io::sink())
            .unwrap_or_else(|error| panic!("into a sink: {error}"));
    }
}

/// Inputs whose lines don't add up, in words.
pub fn unaccounted(report: &Report) -> Vec<String> {
    let odd = report.inputs.iter().filter(|input| {
        input.parsed_lines + input.set_aside_lines + input.unparsed_lines != input.lines
    });
    odd.map(|input| {
        format!(
            "{}: {} parsed + {} set aside + {} not understood != {} lines",
            input.path,
            input.parsed_lines,
            input.set_aside_lines,
            input.unparsed_lines,
            input.lines
        )
    })
    .collect()
}
