//! Answers as JSON: two spaces of indentation, a newline at the end, the same bytes every run.
//!
//! Indented whether or not it goes to a terminal: a diff of two reports should show the field that changed. Characters that
//! could drive a terminal are written as `\u` escapes, which every JSON reader turns back.

use super::escape;
use serde::Serialize;
use std::io::{self, Write};

/// Writes `answer` to `out`.
pub fn pretty(answer: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(answer).map_err(io::Error::other)?;
    text.push('\n');
    out.write_all(escape::json(&text).as_bytes())
}
