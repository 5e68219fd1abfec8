//! The difference for a terminal: verdict, captures, statements, then the tables of groups and waits.

use super::{changed, difference, grown, holds, sides, signed, title, traces, waits};
use crate::render::sheet::{Block, Fit};
use crate::render::words::{self, count};
use crate::triage::compare::report::profile::ProfileDiff;
use crate::triage::compare::report::trace::TraceDiff;
use crate::triage::compare::report::{Capture, DiffReport, DiffVerdict};
use crate::triage::report::{Finding, Place};

/// The page.
pub fn blocks(diff: &DiffReport, all: bool) -> Vec<Block> {
    let mut blocks = verdict(&diff.verdict);
    blocks.push(Block::Labelled("before".into(), capture(&diff.before)));
    blocks.push(Block::Labelled("after".into(), capture(&diff.after)));
    let notes = diff.notes.iter();
    blocks.extend(notes.map(|note| Block::Labelled("note".into(), note.text.clone())));
    blocks.push(Block::Heading("What happened between".into()));
    blocks.extend(diff.findings.iter().cloned().map(Block::Finding));
    // Numbers of two processes mean nothing beside each other.
    if diff.process.answer != "different" || all {
        if !diff.groups.is_empty() {
            groups(diff, all, &mut blocks);
            wait_table(diff, all, &mut blocks);
        }
        for profile in &diff.profiles {
            lines(profile, all, &mut blocks);
        }
        for trace in &diff.traces {
            traced(trace, all, &mut blocks);
        }
    }
    blocks
}

fn verdict(verdict: &DiffVerdict) -> Vec<Block> {
    let finding = Finding {
        text: format!("{}: {}", verdict.category.word(), verdict.headline),
        items: Vec::new(),
        grade: verdict.grade,
        evidence: verdict.evidence.clone(),
        code: None,
        advice: false,
    };
    let labelled = |label: &str, place: &Option<Place>| {
        let place = place.as_ref()?;
        let line = words::place(&place.file, place.line);
        Some(Block::Labelled(
            label.into(),
            format!("{line} in {}", place.func),
        ))
    };
    let mut blocks = vec![Block::Finding(finding)];
    blocks.extend(labelled("open", &verdict.culprit));
    blocks.extend(labelled("started", &verdict.created_by));
    blocks
}

fn capture(capture: &Capture) -> String {
    let path = match capture.path.as_str() {
        "-" => "standard input",
        path => path,
    };
    let go = capture.go.as_ref();
    let go = go.map_or(String::new(), |go| format!(", Go {go}"));
    let of = match capture.incidents {
        0 | 1 => String::new(),
        several => format!(", incident {} of {several}", capture.incident),
    };
    let what = holds(capture);
    let alone = format!(
        "; alone: {} {}",
        capture.grade.word(),
        capture.category.word()
    );
    format!("{path}: {what}{go}{of}{alone}")
}

fn traced(trace: &TraceDiff, all: bool, blocks: &mut Vec<Block>) {
    for table in traces::tables(trace, all) {
        blocks.push(Block::Table {
            title: table.title.into(),
            columns: table.columns,
            rows: table.rows,
        });
        folded(table.left, table.noun, blocks);
    }
}

fn groups(diff: &DiffReport, all: bool, blocks: &mut Vec<Block>) {
    let (shown, left) = changed(diff, all);
    let rows = shown.into_iter().map(|group| {
        let made = group.created_by.as_ref();
        let made = made.map(|made| words::place(base(&made.file), made.line));
        let mut row = numbers(group.before, group.after, group.unmoved);
        row.push(group.state.clone());
        row.push(words::waited(group.longest_wait_minutes).unwrap_or_default());
        let site = group.site.as_ref();
        row.extend(place(
            site.map(|site| (&*site.func, &*site.file, site.line)),
        ));
        row.push(made.unwrap_or_default());
        row
    });
    let columns = vec![
        ("STATE", Fit::Middle),
        ("WAIT", Fit::Whole),
        ("IN", Fit::Path),
        ("AT", Fit::Whole),
        ("STARTED", Fit::Whole),
    ];
    let title = "Groups of equal stack and go statement; STILL: in both, at the same place";
    table(title, columns, rows.collect(), blocks);
    folded(left, "group", blocks);
}

fn wait_table(diff: &DiffReport, all: bool, blocks: &mut Vec<Block>) {
    let (shown, left) = waits(diff, all);
    let rows = shown.into_iter().filter_map(|change| {
        let (before, after, wait) = sides(change)?;
        let mut row = numbers(before, after, change.unmoved);
        row.push(wait.kind.clone());
        row.push(wait.address.clone().unwrap_or_default());
        row.push(words::waited(wait.longest_wait_minutes).unwrap_or_default());
        let site = wait.sites.first();
        row.extend(place(
            site.map(|site| (&*site.func, &*site.file, site.line)),
        ));
        Some(row)
    });
    let columns = vec![
        ("WAITS FOR", Fit::Middle),
        ("ADDRESS", Fit::Whole),
        ("WAIT", Fit::Whole),
        ("IN", Fit::Path),
        ("AT", Fit::Whole),
    ];
    table("Waiters", columns, rows.collect(), blocks);
    folded(left, "wait", blocks);
}

fn lines(profile: &ProfileDiff, all: bool, blocks: &mut Vec<Block>) {
    let (shown, left) = grown(profile, all);
    let rows = shown.into_iter().map(|line| {
        let (before, after) = (profile.value(&line.before), profile.value(&line.after));
        let mut row = vec![
            profile.amount(before),
            profile.amount(after),
            difference(profile, before, after),
            line.does.clone().unwrap_or_default(),
        ];
        let site = &line.site;
        row.extend(place(Some((&*site.func, &*site.file, site.line))));
        row
    });
    blocks.push(Block::Table {
        title: title(profile),
        columns: vec![
            ("WAS", Fit::Number),
            ("NOW", Fit::Number),
            ("DIFF", Fit::Number),
            ("DOES", Fit::Middle),
            ("IN", Fit::Path),
            ("AT", Fit::Whole),
        ],
        rows: rows.collect(),
    });
    folded(left, "line", blocks);
}

/// How many goroutines there were and are, and how many of them stand still.
fn numbers(before: u64, after: u64, still: u64) -> Vec<String> {
    vec![
        count(before),
        count(after),
        signed(before, after),
        count(still),
    ]
}

/// A function and its line, in two cells.
fn place(site: Option<(&str, &str, u32)>) -> [String; 2] {
    site.map_or_else(Default::default, |(func, file, line)| {
        [function(func), words::place(base(file), line)]
    })
}

/// A table whose rows begin with [`numbers`].
fn table(
    title: &str,
    own: Vec<(&'static str, Fit)>,
    rows: Vec<Vec<String>>,
    blocks: &mut Vec<Block>,
) {
    let mut columns = vec![
        ("WAS", Fit::Number),
        ("NOW", Fit::Number),
        ("DIFF", Fit::Number),
        ("STILL", Fit::Number),
    ];
    columns.extend(own);
    blocks.push(Block::Table {
        title: title.into(),
        columns,
        rows,
    });
}

fn folded(more: usize, noun: &'static str, blocks: &mut Vec<Block>) {
    blocks.push(Block::Folded { more, noun });
}

/// A function in a narrow column: most are of `main`, which needs no saying.
fn function(func: &str) -> String {
    func.strip_prefix("main.").unwrap_or(func).to_owned()
}

fn base(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}
