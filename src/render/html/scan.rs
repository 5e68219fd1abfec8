//! What a scan found as a page: the clusters in a table that can be sorted, and the four-step report of each one's example.
//!
//! The table has the scan's own order and is whole without scripts; with them a press on a head sorts it. Called by `cli`.

use super::incident::{Sheet, content, graded};
use super::markup::{Html, details, table};
use super::page::Shell;
use super::tool;
use crate::render::scan::{headline, rows};
use crate::render::words::{self, Inputs};
use crate::triage::scan::report::{Cluster, ScanReport};
use std::io::{self, Write};

/// Clusters in a folded table, and those of them whose example is shown: a page of many megabytes opens nowhere.
const CLUSTERS: usize = 200;
const EXAMPLES: usize = 60;

/// Places of a cluster's incidents, remarks.
const PLACES: usize = 20;
const NOTES: usize = 100;

/// Writes a scan as a page; with `all`, every cluster with its example.
///
/// # Errors
/// Those of `out`.
pub fn scan(report: &ScanReport, all: bool, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("gotriage: {}", headline(report));
    let inputs = Inputs::none();
    let sheet = Sheet {
        inputs: &inputs,
        anchor: "",
        all,
    };
    let mut body = Html::text(&title).within("h1", "");
    let shown = report.clusters.len().min(sheet.fold(CLUSTERS));
    let examples = shown.min(sheet.fold(EXAMPLES));
    body.push(overview(&report.clusters, shown, examples));
    body.push(sheet.more(report.clusters.len() - shown, "cluster"));
    body.push(joined(report));
    for (cluster, n) in report.clusters.iter().take(examples).zip(1..) {
        body.push(one(cluster, n, sheet));
    }
    body.push(sheet.more(shown - examples, "example"));
    body.push(remarks(report, sheet));
    let shell = Shell {
        title: &title,
        sortable: true,
        tool: tool(&report.tool),
        json: "--format json",
    };
    shell.write(body, out)
}

fn overview(clusters: &[Cluster], shown: usize, examples: usize) -> Html {
    let rows = clusters.iter().take(shown).zip(1..).map(|(cluster, n)| {
        let linked = |shown: Html| match n <= examples {
            true => shown.with("a", &[("href", &format!("#c{n}"))]),
            false => shown,
        };
        vec![
            Html::text(&words::count(cluster.count)),
            linked(Html::text(cluster.category.word()).within("span", "whole")),
            Html::code(&rows::culprit(cluster)),
            graded(cluster.grade),
            cluster.other_side.map(graded).unwrap_or_default(),
            time(cluster.first_seen.as_deref()),
            time(cluster.last_seen.as_deref()),
            Html::code(&rows::example(cluster)),
            linked(Html::code(&cluster.fingerprint.to_string())),
        ]
    });
    // What a narrow screen shows without scrolling comes first.
    let head = [
        "Count",
        "Category",
        "Culprit",
        "Grade",
        "Other side",
        "First seen",
        "Last seen",
        "Example",
        "Fingerprint",
    ];
    table(&head, &[0], rows.collect()).within("div", "sortable")
}

/// Date and time, which may stand below each other.
fn time(seen: Option<&str>) -> Html {
    let shown = rows::time(seen);
    let parts = shown.split_whitespace().zip(0..).map(|(part, n)| {
        let part = Html::text(part).within("span", "whole");
        match n {
            0 => part,
            _ => Html::text(" ").and(part),
        }
    });
    parts.collect()
}

/// Conflicts with one side in each of two logs.
fn joined(report: &ScanReport) -> Html {
    let told = report.conflicts.iter().map(|conflict| {
        let grade = graded(conflict.grade).and(Html::text(" "));
        grade
            .and(Html::text(&rows::joined(conflict)))
            .within("li", "")
    });
    let told: Html = told.collect();
    match told.is_empty() {
        true => told,
        false => Html::text("Conflicts with one side in each of two logs")
            .within("h2", "")
            .and(told.within("ul", "")),
    }
}

/// A cluster with its example's report.
fn one(cluster: &Cluster, n: usize, sheet: Sheet<'_, '_>) -> Html {
    let anchor = format!("c{n}");
    let path = cluster.example.path.as_str();
    let inputs = Inputs::named(&[(0, path)]);
    let sheet = Sheet {
        inputs: &inputs,
        anchor: &anchor,
        ..sheet
    };
    let heading = Html::text(&words::clip(&cluster.headline)).with("h1", &[("id", &anchor)]);
    let mut facts = vec![words::counted(cluster.count, "incident")];
    let seen = [
        ("first seen", &cluster.first_seen),
        ("last seen", &cluster.last_seen),
    ];
    facts.extend(seen.into_iter().filter_map(|(what, time)| {
        let time = time.as_ref()?;
        Some(format!("{what} {}", rows::time(Some(time))))
    }));
    if !cluster.go.is_empty() {
        facts.push(format!("Go {}", cluster.go.join(", ")));
    }
    facts.push(format!("example: {}", rows::example(cluster)));
    let facts = Html::text(&facts.join("; ")).within("p", "faint");
    let report = content(&cluster.example.incident, sheet);
    let summary = Html::text("The report of the example");
    let article =
        heading
            .and(facts)
            .and(places(cluster, sheet))
            .and(details(summary, report, n == 1));
    article.within("article", "")
}

fn places(cluster: &Cluster, sheet: Sheet<'_, '_>) -> Html {
    if cluster.incidents.len() < 2 {
        return Html::new();
    }
    let shown = cluster.incidents.len().min(sheet.fold(PLACES));
    let lines = cluster.incidents.iter().take(shown).map(|one| {
        let time = rows::time(one.time.as_deref());
        Html::code(&words::place(&one.path, one.line))
            .and(Html::text(" "))
            .and(Html::text(&time))
            .within("li", "")
    });
    let lines: Html = lines.collect();
    let more = sheet.more(cluster.incidents.len() - shown, "incident");
    let title = Html::text("Where it was");
    details(title, lines.within("ul", "").and(more), false)
}

fn remarks(report: &ScanReport, sheet: Sheet<'_, '_>) -> Html {
    let shown = report.notes.len().min(sheet.fold(NOTES));
    let notes = report.notes.iter().take(shown);
    let notes: Html = notes
        .map(|note| Html::text(&rows::note(note)).within("li", ""))
        .collect();
    if notes.is_empty() {
        return notes;
    }
    Html::text("Remarks")
        .within("h2", "")
        .and(notes.within("ul", ""))
        .and(sheet.more(report.notes.len() - shown, "remark"))
}
