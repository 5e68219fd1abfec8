//! The difference of two captures as a page.

use super::incident::{at_place, graded, statement};
use super::markup::{Html, table};
use super::page::Shell;
use super::{Sheet, tool};
use crate::render::diff::{changed, holds, inputs, sides, signed, traces, waits};
use crate::render::sheet::Fit;
use crate::render::words;
use crate::triage::compare::report::{Capture, DiffReport};
use std::io::{self, Write};

/// Writes it; with `all`, what is equal in both captures is listed as well.
///
/// # Errors
/// Those of `out`.
pub(in crate::render) fn write(
    diff: &DiffReport,
    all: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let inputs = inputs(diff);
    let sheet = Sheet {
        inputs: &inputs,
        anchor: "",
        all,
    };
    let verdict = &diff.verdict;
    let mut facts = vec![(
        "Verdict",
        graded(verdict.grade)
            .and(Html::text(" "))
            .and(Html::code(verdict.category.word())),
    )];
    let opened = verdict.culprit.iter().map(|place| ("Open first", place));
    let started = verdict.created_by.iter().map(|place| ("Started at", place));
    facts.extend(
        opened
            .chain(started)
            .map(|(name, place)| (name, at_place(place))),
    );
    facts.push(("Before", capture(&diff.before)));
    facts.push(("After", capture(&diff.after)));
    let facts = facts.into_iter().map(|(name, fact)| {
        let name = Html::text(name).within("dt", "");
        name.and(fact.within("dd", ""))
    });
    let facts: Html = facts.collect();
    let findings = diff.findings.iter();
    let findings: Html = findings.map(|finding| statement(finding, sheet)).collect();
    let notes = diff.notes.iter();
    let notes: Html = notes
        .map(|note| Html::text(&words::clip(&note.text)).within("li", ""))
        .collect();
    let mut body = Html::text(&words::clip(&verdict.headline))
        .within("h1", "")
        .and(facts.within("dl", "").within("div", "verdict"))
        .and(findings.and(notes).within("ul", "told"));
    if diff.process.answer != "different" || all {
        body.push(groups(diff, sheet));
        body.push(wait_table(diff, sheet));
        body.push(traced(diff, sheet));
    }
    let title = format!("{} – gotriage diff", verdict.headline);
    let shell = Shell {
        title: &words::clip(&title),
        sortable: true,
        tool: tool(&diff.tool),
        json: "--format json",
    };
    shell.write(body.within("div", "sortable"), out)
}

fn capture(capture: &Capture) -> Html {
    let about = format!(
        ", {}, alone {} {}",
        holds(capture),
        capture.grade.word(),
        capture.category.word()
    );
    Html::code(&capture.path).and(Html::text(&about))
}

/// The four numbers that a row of either table begins with.
fn numbers(before: u64, after: u64, still: u64) -> Vec<Html> {
    let numbers = [
        words::count(before),
        words::count(after),
        signed(before, after),
        words::count(still),
    ];
    numbers.iter().map(|number| Html::text(number)).collect()
}

fn groups(diff: &DiffReport, sheet: Sheet<'_, '_>) -> Html {
    let (shown, left) = changed(diff, sheet.all);
    let rows = shown.into_iter().map(|group| {
        let made = group.created_by.as_ref();
        let made = made.map(|made| words::place(&made.file, made.line));
        let mut row = numbers(group.before, group.after, group.unmoved);
        row.push(Html::text(&group.state));
        row.push(group.site.iter().map(at_place).collect());
        row.push(Html::code(&made.unwrap_or_default()));
        row
    });
    let head = [
        "Before",
        "After",
        "Change",
        "Still",
        "State",
        "At",
        "Started at",
    ];
    table(&head, &[0, 1, 2, 3], rows.collect()).and(sheet.more(left, "group"))
}

fn traced(diff: &DiffReport, sheet: Sheet<'_, '_>) -> Html {
    let tables = diff
        .traces
        .iter()
        .flat_map(|trace| traces::tables(trace, sheet.all));
    let html = tables.map(|one| {
        let columns = one.columns.iter().enumerate();
        let numbers = columns.filter(|(_, (_, fit))| *fit == Fit::Number);
        let numbers: Vec<usize> = numbers.map(|(at, _)| at).collect();
        let heads: Vec<&'static str> = one.columns.iter().map(|(head, _)| *head).collect();
        let rows = one
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| Html::text(cell)).collect());
        Html::text(one.title)
            .within("h2", "")
            .and(table(&heads, &numbers, rows.collect()))
            .and(sheet.more(one.left, one.noun))
    });
    html.collect()
}

fn wait_table(diff: &DiffReport, sheet: Sheet<'_, '_>) -> Html {
    let (shown, left) = waits(diff, sheet.all);
    let rows = shown.into_iter().filter_map(|change| {
        let (before, after, wait) = sides(change)?;
        let site = wait.sites.first();
        let site =
            site.map(|site| format!("{} {}", site.func, words::place(&site.file, site.line)));
        let mut row = numbers(before, after, change.unmoved);
        row.push(Html::text(&wait.kind));
        row.push(Html::code(wait.address.as_deref().unwrap_or_default()));
        row.push(Html::code(&site.unwrap_or_default()));
        Some(row)
    });
    let head = [
        "Before",
        "After",
        "Change",
        "Still",
        "Waits for",
        "Address",
        "At",
    ];
    table(&head, &[0, 1, 2, 3], rows.collect()).and(sheet.more(left, "wait"))
}
