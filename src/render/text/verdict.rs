//! The top of the page: what happened, where to look first, how the process died, which Go it was.
//!
//! [`write`] opens every incident, [`overview`] lists several, [`nothing`] stands where no incident was found.

use super::footer;
use super::page::Page;
use super::table::Fit;
use crate::render::words;
use crate::triage::report::{CrashReport, IncidentReport, Place, Report, Verdict};
use anstyle::Style;
use std::io;

/// Lines of a panic value shown in a folded report.
const MESSAGE_LINES: usize = 12;

/// The head of an incident.
pub fn write(page: &mut Page<'_>, incident: &IncidentReport) -> io::Result<()> {
    let verdict = &incident.verdict;
    let strong = page.palette.strong;
    page.prose(
        "",
        &verdict_line(verdict),
        page.palette.grade(verdict.grade),
    )?;
    page.prose("", &verdict.headline, strong)?;
    if let Some(place) = &verdict.culprit {
        page.prose("→ ", &culprit(place), page.palette.place)?;
    }
    page.blank()?;
    if let Some(crash) = &incident.crash {
        death(page, crash)?;
    }
    page.labelled("go", &words::go(&incident.go), Style::new())?;
    if let Some(traceback) = &incident.traceback {
        page.labelled("shown", &words::traceback(traceback), Style::new())?;
    }
    Ok(())
}

/// `● confirmed  map-write-write`.
fn verdict_line(verdict: &Verdict) -> String {
    format!(
        "{} {} {}",
        words::mark(verdict.grade),
        verdict.grade.word(),
        verdict.category.word()
    )
}

/// `/app/main.go:20 in main.updateCache`.
fn culprit(place: &Place) -> String {
    let at = words::place(&place.file, place.line);
    match at.as_str() {
        "" => place.func.clone(),
        at => format!("{at} in {}", place.func),
    }
}

/// How the process died and where that stands.
fn death(page: &mut Page<'_>, crash: &CrashReport) -> io::Result<()> {
    let lines: Vec<&str> = crash.message.lines().collect();
    let shown = lines.len().min(page.fold(MESSAGE_LINES));
    let word = match crash.kind.as_str() {
        "fatal" => "fatal",
        "panic" => "panic",
        "signal" => "signal",
        _ => "crash",
    };
    for (at, line) in lines.iter().take(shown).enumerate() {
        let label = if at == 0 { word } else { "" };
        page.labelled(label, line, page.palette.strong)?;
    }
    if shown < lines.len() {
        let more = words::counted((lines.len() - shown) as u64, "more line");
        page.labelled(
            "",
            &format!("… {more}; --all shows them"),
            page.palette.faint,
        )?;
    }
    for line in &crash.context {
        page.labelled("", line, Style::new())?;
    }
    if let Some(line) = signal_line(crash) {
        page.labelled("", &line, Style::new())?;
    }
    for line in earlier_panics(crash) {
        page.labelled("before", &line, Style::new())?;
    }
    let place = words::crash_place(crash, &page.inputs);
    page.labelled("printed", &place, Style::new())
}

/// `SIGSEGV: segmentation violation, code 0x1, address 0x18, pc 0x47e3c4`, unless the message is the signal already.
fn signal_line(crash: &CrashReport) -> Option<String> {
    let signal = crash.signal.as_ref()?;
    let mut parts = Vec::new();
    if !crash.message.contains(&signal.name) {
        parts.push(signal.name.clone());
    }
    let numbers = [
        ("code", &signal.code),
        ("address", &signal.addr),
        ("pc", &signal.pc),
    ];
    for (name, number) in numbers {
        parts.extend(number.iter().map(|number| format!("{name} {number}")));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The panics of a chain before the one that killed, oldest first.
fn earlier_panics(crash: &CrashReport) -> Vec<String> {
    let Some((_, earlier)) = crash.panics.split_last() else {
        return Vec::new();
    };
    let told = |panic: &crate::triage::report::PanicReport| {
        let value = panic.value.lines().next().unwrap_or_default();
        match (panic.recovered, panic.repanicked) {
            (_, true) => format!("{value} (recovered, panicked again)"),
            (true, false) => format!("{value} (recovered)"),
            (false, false) => value.to_owned(),
        }
    };
    const TOLD: usize = 8;
    let hidden = earlier.len().saturating_sub(TOLD);
    let first = earlier.iter().take(TOLD).map(told);
    first
        .chain((hidden > 0).then(|| format!("{hidden} more")))
        .collect()
}

/// One line for each of several incidents.
pub fn overview(page: &mut Page<'_>, incidents: &[&IncidentReport]) -> io::Result<()> {
    let title = words::counted(incidents.len() as u64, "incident");
    page.prose("", &title, page.palette.strong)?;
    let row = |(at, incident): (usize, &&IncidentReport)| {
        let verdict = &incident.verdict;
        let printed = incident.crash.as_ref().map(|crash| match &crash.time {
            Some(time) => time.clone(),
            None => page.inputs.at(crash.at),
        });
        let culprit = verdict.culprit.as_ref();
        vec![
            (at + 1).to_string(),
            verdict.category.word().to_owned(),
            format!("{} {}", words::mark(verdict.grade), verdict.grade.word()),
            printed.unwrap_or_default(),
            culprit.map_or_else(String::new, |place| words::place(&place.file, place.line)),
        ]
    };
    let shown = incidents.len().min(page.fold(words::INCIDENTS));
    let rows = incidents.iter().take(shown).enumerate().map(row).collect();
    let columns = [
        ("#", Fit::Number),
        ("VERDICT", Fit::Whole),
        ("GRADE", Fit::Whole),
        ("WHEN", Fit::Middle),
        ("CULPRIT", Fit::Path),
    ];
    page.table("", &columns, rows)?;
    page.folded(incidents.len() - shown, "incident")
}

/// The page where nothing from Go was recognised.
pub fn nothing(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    page.prose("", &words::nothing_found(report), page.palette.strong)?;
    footer::write(page, report)?;
    page.heading("What to do")?;
    for (advice, command) in words::NOTHING_FOUND {
        page.prose("", advice, Style::new())?;
        page.code(command)?;
    }
    Ok(())
}
