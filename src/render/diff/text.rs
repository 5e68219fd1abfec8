//! The difference for a terminal: verdict, captures, statements, then the tables of groups and waits.

use super::{changed, sides, signed, waits};
use crate::render::sheet::{Block, Fit};
use crate::render::words::{self, count, counted};
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
        groups(diff, all, &mut blocks);
        wait_table(diff, all, &mut blocks);
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
    let place = |label: &str, place: &Option<Place>| {
        let place = place.as_ref()?;
        let line = words::place(&place.file, place.line);
        Some(Block::Labelled(
            label.into(),
            format!("{line} in {}", place.func),
        ))
    };
    let mut blocks = vec![Block::Finding(finding)];
    blocks.extend(place("open", &verdict.culprit));
    blocks.extend(place("started", &verdict.created_by));
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
    let alone = format!(
        "; alone: {} {}",
        capture.grade.word(),
        capture.category.word()
    );
    format!(
        "{path}: {}{go}{of}{alone}",
        counted(capture.goroutines, "goroutine")
    )
}

fn groups(diff: &DiffReport, all: bool, blocks: &mut Vec<Block>) {
    let (shown, left) = changed(diff, all);
    let rows = shown.into_iter().map(|group| {
        let site = group.site.as_ref();
        let made = group.created_by.as_ref();
        vec![
            count(group.before),
            count(group.after),
            signed(group.before, group.after),
            count(group.unmoved),
            group.state.clone(),
            words::waited(group.longest_wait_minutes).unwrap_or_default(),
            site.map(|site| function(&site.func)).unwrap_or_default(),
            site.map(|site| words::place(base(&site.file), site.line))
                .unwrap_or_default(),
            made.map(|made| words::place(base(&made.file), made.line))
                .unwrap_or_default(),
        ]
    });
    let columns = vec![
        ("WAS", Fit::Number),
        ("NOW", Fit::Number),
        ("DIFF", Fit::Number),
        ("STILL", Fit::Number),
        ("STATE", Fit::Middle),
        ("WAIT", Fit::Whole),
        ("IN", Fit::Path),
        ("AT", Fit::Whole),
        ("STARTED", Fit::Whole),
    ];
    blocks.push(Block::Table {
        title: "Groups of equal stack and go statement; STILL: in both, at the same place".into(),
        columns,
        rows: rows.collect(),
    });
    blocks.push(Block::Folded {
        more: left,
        noun: "group",
    });
}

fn wait_table(diff: &DiffReport, all: bool, blocks: &mut Vec<Block>) {
    let (shown, left) = waits(diff, all);
    let rows = shown.into_iter().filter_map(|change| {
        let (before, after, wait) = sides(change)?;
        let site = wait.sites.first();
        Some(vec![
            count(before),
            count(after),
            signed(before, after),
            count(change.unmoved),
            wait.kind.clone(),
            wait.address.clone().unwrap_or_default(),
            words::waited(wait.longest_wait_minutes).unwrap_or_default(),
            site.map(|site| function(&site.func)).unwrap_or_default(),
            site.map(|site| words::place(base(&site.file), site.line))
                .unwrap_or_default(),
        ])
    });
    let columns = vec![
        ("WAS", Fit::Number),
        ("NOW", Fit::Number),
        ("DIFF", Fit::Number),
        ("STILL", Fit::Number),
        ("WAITS FOR", Fit::Middle),
        ("ADDRESS", Fit::Whole),
        ("WAIT", Fit::Whole),
        ("IN", Fit::Path),
        ("AT", Fit::Whole),
    ];
    blocks.push(Block::Table {
        title: "Waiters".into(),
        columns,
        rows: rows.collect(),
    });
    blocks.push(Block::Folded {
        more: left,
        noun: "wait",
    });
}

/// A function in a narrow column: most are of `main`, which needs no saying.
fn function(func: &str) -> String {
    func.strip_prefix("main.").unwrap_or(func).to_owned()
}

fn base(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}
