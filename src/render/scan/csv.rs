//! The clusters of a scan as CSV (RFC 4180): one line each, below a line with the names of the columns.

use super::rows;
use crate::triage::scan::report::ScanReport;
use std::io::{self, Write};

/// Names of the columns.
const COLUMNS: [&str; 12] = [
    "fingerprint",
    "count",
    "first_seen",
    "last_seen",
    "category",
    "grade",
    "other_side",
    "culprit_function",
    "culprit_file",
    "culprit_line",
    "example",
    "headline",
];

/// Writes the table to `out`.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &ScanReport, out: &mut dyn Write) -> io::Result<()> {
    line(&COLUMNS.map(str::to_owned), out)?;
    for cluster in &report.clusters {
        let culprit = cluster.culprit.as_ref();
        let cells = [
            cluster.fingerprint.to_string(),
            cluster.count.to_string(),
            cluster.first_seen.clone().unwrap_or_default(),
            cluster.last_seen.clone().unwrap_or_default(),
            cluster.category.word().to_owned(),
            cluster.grade.word().to_owned(),
            cluster
                .other_side
                .map(|grade| grade.word().to_owned())
                .unwrap_or_default(),
            culprit.map(|place| place.func.clone()).unwrap_or_default(),
            culprit.map(|place| place.file.clone()).unwrap_or_default(),
            culprit
                .map(|place| place.line.to_string())
                .unwrap_or_default(),
            rows::example(cluster),
            cluster.headline.clone(),
        ];
        line(&cells, out)?;
    }
    Ok(())
}

fn line(cells: &[String; COLUMNS.len()], out: &mut dyn Write) -> io::Result<()> {
    let quoted: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    write!(out, "{}\r\n", quoted.join(","))
}

/// A cell, quoted where it has to be. A spreadsheet takes what begins like a formula for one: an apostrophe in front stops that.
fn cell(text: &str) -> String {
    let text = crate::render::escape::line(text);
    let formula = text.starts_with(['=', '+', '-', '@']);
    let text = format!("{}{text}", if formula { "'" } else { "" });
    match text.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        assert_eq!(cell("main.go"), "main.go");
        assert_eq!(cell("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(cell("a\nb"), "a\\nb");
    }
}
