//! The report as a page: one file that opens anywhere, needs nothing else, and can be read without scripts.
//!
//! [`report`] is called by [`super::write`], [`scan`] by `cli` for what a scan found. [`markup`] is the only way text gets onto a page,
//! [`page`] the shell around it; an incident is [`incident`]'s, its tables [`steps`]', its pictures [`pictures`]'.

mod ci;
mod diff;
mod incident;
mod markup;
mod page;
mod pictures;
mod scan;
mod steps;

use super::words::{self, Inputs};
use crate::triage::report::{Category, IncidentReport, NoteReport, Report, Tool};
pub(super) use ci::write as ci;
pub(super) use diff::write as diff;
use incident::{Sheet, content, graded};
use markup::{Html, block};
use page::Shell;
pub use scan::scan;
use std::io::{self, Write};

/// Notes on inputs in a folded page.
const NOTES: usize = 40;

/// Writes a report as a page; with `all`, long lists stand in full.
///
/// # Errors
/// Those of `out`.
pub fn report(report: &Report, all: bool, out: &mut dyn Write) -> io::Result<()> {
    let found = found(report);
    let title = match found.first() {
        Some(first) => format!("{} – gotriage", first.verdict.headline),
        None => "Nothing from Go – gotriage".to_owned(),
    };
    let shell = Shell {
        title: &words::clip(&title),
        sortable: false,
        tool: tool(&report.tool),
        json: "--format json",
    };
    shell.write(incidents(report, &found, all), out)
}

fn found(report: &Report) -> Vec<&IncidentReport> {
    let found = report.incidents.iter();
    found
        .filter(|incident| incident.verdict.category != Category::None)
        .collect()
}

/// The incidents and what was read.
fn incidents(report: &Report, found: &[&IncidentReport], all: bool) -> Html {
    let inputs = Inputs::of(report);
    let sheet = Sheet {
        inputs: &inputs,
        anchor: "",
        all,
    };
    let shown = found.len().min(sheet.fold(words::INCIDENTS));
    let mut body = match found.len() {
        0 => nothing(report),
        1 => Html::new(),
        n => contents(found, shown, n),
    };
    for (incident, n) in found.iter().take(shown).zip(1..) {
        let anchor = format!("i{n}");
        let anchored = Sheet {
            anchor: &anchor,
            ..sheet
        };
        body.push(one(incident, n, found.len(), anchored));
    }
    body.push(sheet.more(found.len() - shown, "incident"));
    body.push(read(report, &sheet));
    body
}

fn tool(tool: &Tool) -> String {
    format!("{} {}", tool.name, tool.version)
}

/// Where to jump to, for several incidents.
fn contents(found: &[&IncidentReport], shown: usize, all: usize) -> Html {
    let heading = Html::text(&words::counted(all as u64, "incident")).within("h1", "");
    let lines = found.iter().take(shown).zip(1..).map(|(incident, n)| {
        let headline = Html::text(&words::clip(&incident.verdict.headline));
        let link = headline.with("a", &[("href", &format!("#i{n}"))]);
        let grade = graded(incident.verdict.grade);
        grade.and(Html::text(" ")).and(link).within("li", "")
    });
    let lines: Html = lines.collect();
    heading.and(lines.within("ol", ""))
}

fn one(incident: &IncidentReport, n: usize, of: usize, sheet: Sheet<'_, '_>) -> Html {
    let place = match of {
        1 => Html::new(),
        _ => Html::text(&format!("Incident {n} of {of}")).within("p", "faint"),
    };
    let headline = Html::text(&words::clip(&incident.verdict.headline));
    let heading = headline.with("h1", &[("id", sheet.anchor)]);
    let links = incident.steps.iter().map(|step| {
        let to = format!("#{}-step{}", sheet.anchor, step.n);
        let text = format!("{} {}", step.n, step.title);
        Html::text(&text)
            .with("a", &[("href", &to)])
            .within("li", "")
    });
    let links: Html = links.collect();
    let links = links.within("ul", "").within("nav", "");
    let article = place.and(heading).and(links).and(content(incident, sheet));
    article.within("article", "")
}

fn nothing(report: &Report) -> Html {
    let heading = Html::text(words::nothing_found(report).trim_end_matches('.')).within("h1", "");
    let advice = words::NOTHING_FOUND.iter();
    let advice: Html = advice
        .map(|(advice, command)| Html::text(advice).within("p", "").and(block(command)))
        .collect();
    heading.and(advice)
}

/// The inputs with what became of their lines, and the remarks on them.
fn read(report: &Report, sheet: &Sheet<'_, '_>) -> Html {
    let inputs = report.inputs.iter().map(|input| {
        let about = format!(
            ": {}; {}",
            words::input_nature(input),
            words::line_accounting(report, input)
        );
        Html::code(sheet.inputs.name(input.id))
            .and(Html::text(&about))
            .within("li", "")
    });
    let inputs: Html = inputs.collect();
    let shown = report.notes.len().min(sheet.fold(NOTES));
    let notes = report.notes.iter().take(shown);
    let notes: Html = notes.map(|note| remark(note, sheet)).collect();
    let notes = match notes.is_empty() {
        true => notes,
        false => notes.within("ul", ""),
    };
    Html::text("Read")
        .within("h2", "")
        .and(inputs.within("ul", ""))
        .and(notes)
        .and(sheet.more(report.notes.len() - shown, "note"))
}

fn remark(note: &NoteReport, sheet: &Sheet<'_, '_>) -> Html {
    let line = note.line.map(|line| format!(":{line}"));
    let name = sheet.inputs.name(note.input);
    let place = format!("{name}{}", line.unwrap_or_default());
    Html::code(&place)
        .and(Html::text(&format!(": {}", note.text)))
        .within("li", "")
}
