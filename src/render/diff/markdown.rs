//! The difference as Markdown, for tickets. Text from captures is escaped as prose or put into code spans.

use super::{changed, difference, grown, holds, inputs, sides, signed, title, traces, waits};
use crate::render::escape::{code_span, markdown as prose};
use crate::render::sheet::Fit;
use crate::render::words::{self, count, counted, mark};
use crate::triage::compare::report::profile::ProfileDiff;
use crate::triage::compare::report::trace::TraceDiff;
use crate::triage::compare::report::{Capture, DiffReport};
use crate::triage::report::{Finding, Place};
use std::fmt::Write;

/// Evidence references behind a statement.
const REFERENCES: usize = 5;

/// The page.
pub fn text(diff: &DiffReport, all: bool) -> String {
    let mut out = String::new();
    let verdict = &diff.verdict;
    let _ = writeln!(out, "## {}\n", prose(&words::clip(&verdict.headline)));
    let _ = writeln!(
        out,
        "**Verdict:** {} {} `{}`  ",
        mark(verdict.grade),
        verdict.grade.word(),
        verdict.category.word()
    );
    for (label, place) in [
        ("Open first", &verdict.culprit),
        ("Started at", &verdict.created_by),
    ] {
        if let Some(place) = place {
            let _ = writeln!(out, "**{label}:** {}  ", at_place(place));
        }
    }
    for (label, one) in [("Before", &diff.before), ("After", &diff.after)] {
        let _ = writeln!(out, "**{label}:** {}  ", capture(one));
    }
    out.push('\n');
    for finding in &diff.findings {
        let _ = writeln!(out, "- {}", statement(finding, diff));
    }
    for note in &diff.notes {
        let _ = writeln!(out, "- {}", prose(&words::clip(&note.text)));
    }
    if diff.process.answer != "different" || all {
        groups(&mut out, diff, all);
        wait_table(&mut out, diff, all);
        for profile in &diff.profiles {
            lines(&mut out, profile, all);
        }
        for trace in &diff.traces {
            traced(&mut out, trace, all);
        }
    }
    out
}

fn at_place(place: &Place) -> String {
    format!(
        "{} in {}",
        code_span(&words::place(&place.file, place.line)),
        code_span(&place.func)
    )
}

fn capture(capture: &Capture) -> String {
    let what = holds(capture);
    format!(
        "{}, {what}, alone {} `{}`",
        code_span(&capture.path),
        capture.grade.word(),
        capture.category.word()
    )
}

fn statement(finding: &Finding, diff: &DiffReport) -> String {
    let references = inputs(diff).all(&finding.evidence, REFERENCES);
    let gap = if references.is_empty() { "" } else { ": " };
    format!(
        "{} {} \\[{}{gap}{}\\]",
        mark(finding.grade),
        prose(&words::clip(&finding.text)),
        finding.grade.word(),
        prose(&references)
    )
}

fn groups(out: &mut String, diff: &DiffReport, all: bool) {
    let (shown, left) = changed(diff, all);
    if !shown.is_empty() {
        out.push_str("\n| Before | After | Change | Still | State | At | Started at |\n| --: | --: | --: | --: | --- | --- | --- |\n");
    }
    for group in shown {
        let made = group.created_by.as_ref();
        let made = made.map(|made| code_span(&words::place(&made.file, made.line)));
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            count(group.before),
            count(group.after),
            signed(group.before, group.after),
            count(group.unmoved),
            code_span(&group.state),
            group.site.as_ref().map(at_place).unwrap_or_default(),
            made.unwrap_or_default()
        );
    }
    more(out, left, "group");
}

fn wait_table(out: &mut String, diff: &DiffReport, all: bool) {
    let (shown, left) = waits(diff, all);
    if !shown.is_empty() {
        out.push_str("\n| Before | After | Change | Still | Waits for | Address | At |\n| --: | --: | --: | --: | --- | --- | --- |\n");
    }
    for change in shown {
        let Some((before, after, wait)) = sides(change) else {
            continue;
        };
        let site = wait.sites.first();
        let site = site.map(|site| {
            code_span(&format!(
                "{} {}",
                site.func,
                words::place(&site.file, site.line)
            ))
        });
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            count(before),
            count(after),
            signed(before, after),
            count(change.unmoved),
            code_span(&wait.kind),
            wait.address.as_deref().map(code_span).unwrap_or_default(),
            site.unwrap_or_default()
        );
    }
    more(out, left, "wait");
}

fn lines(out: &mut String, profile: &ProfileDiff, all: bool) {
    let (shown, left) = grown(profile, all);
    let _ = writeln!(out, "\n{}", prose(&title(profile)));
    if !shown.is_empty() {
        out.push_str(
            "\n| Before | After | Change | Does | At |\n| --: | --: | --: | --- | --- |\n",
        );
    }
    for line in shown {
        let (before, after) = (profile.value(&line.before), profile.value(&line.after));
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            prose(&profile.amount(before)),
            prose(&profile.amount(after)),
            prose(&difference(profile, before, after)),
            line.does.as_deref().map(code_span).unwrap_or_default(),
            at_place(&line.site)
        );
    }
    more(out, left, "line");
}

fn traced(out: &mut String, trace: &TraceDiff, all: bool) {
    for table in traces::tables(trace, all) {
        let _ = writeln!(out, "\n{}\n", prose(table.title));
        let heads = table.columns.iter().map(|(head, _)| *head);
        let heads: Vec<&str> = heads.collect();
        let rules = table.columns.iter().map(|(_, fit)| match fit {
            Fit::Number => "--:",
            _ => "---",
        });
        let rules: Vec<&str> = rules.collect();
        let _ = writeln!(out, "| {} |\n| {} |", heads.join(" | "), rules.join(" | "));
        for row in &table.rows {
            let cells: Vec<String> = row.iter().map(|cell| prose(cell)).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        more(out, table.left, table.noun);
    }
}

fn more(out: &mut String, left: usize, noun: &str) {
    if left > 0 {
        let left = counted(left as u64, &format!("more {noun}"));
        let _ = writeln!(out, "\n… {left}; `--all` shows them");
    }
}
