//! The end of the page: evidence that is missing, remarks, and what became of every line that was read.

use super::page::Page;
use crate::render::words;
use crate::triage::report::{Missing, NoteReport, Report};
use anstyle::Style;
use std::io;

/// Remarks shown in a folded report.
const NOTES: usize = 8;

/// What would raise a grade, and how to get it.
pub fn missing(page: &mut Page<'_>, missing: &[Missing]) -> io::Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    page.heading("Missing evidence")?;
    for one in missing {
        page.prose("  - ", &format!("{}: {}", one.what, one.why), Style::new())?;
        if one.how.contains('\n') {
            page.code(&one.how)?;
        } else {
            page.prose(
                "    ",
                &format!("next time: {}", one.how),
                page.palette.place,
            )?;
        }
    }
    Ok(())
}

/// Remarks and accounting of the whole run.
pub fn write(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    page.heading("Read")?;
    for input in &report.inputs {
        let name = page.inputs.name(input.id);
        let nature = format!("{name}: {}", words::input_nature(input));
        page.prose("  ", &nature, Style::new())?;
        page.prose(
            "    ",
            &words::line_accounting(report, input),
            page.palette.faint,
        )?;
    }
    let shown = report.notes.len().min(page.fold(NOTES));
    for note in report.notes.iter().take(shown) {
        let text = note_line(page, note);
        page.prose("  - ", &text, Style::new())?;
    }
    page.folded(report.notes.len() - shown, "note")
}

/// `crash.log:4711: dump cut at …`.
fn note_line(page: &Page<'_>, note: &NoteReport) -> String {
    let name = page.inputs.name(note.input);
    match note.line {
        Some(line) => format!("{name}:{line}: {}", note.text),
        None => format!("{name}: {}", note.text),
    }
}
