//! The difference of two captures as text, Markdown or JSON.
//!
//! `cli` calls [`write`]. Text is a [`sheet`]; what is folded is folded alike in text and Markdown ([`changed`], [`waits`]).

mod markdown;
mod text;

use super::Format;
use super::words::Inputs;
use super::{json, sheet};
use crate::triage::compare::report::{DiffReport, GroupChange, WaitChange};
use crate::triage::report::Wait;
use std::io::{self, Write};

/// Rows of a folded table.
const ROWS: usize = 12;

/// Writes `diff` to `out`.
///
/// # Errors
/// Those of `out`.
pub fn write(diff: &DiffReport, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text(options) => {
            sheet::write_about(&text::blocks(diff, options.all), inputs(diff), options, out)
        }
        Format::Json => json::pretty(diff, out),
        Format::Markdown { all } => out.write_all(markdown::text(diff, all).as_bytes()),
    }
}

fn inputs(diff: &DiffReport) -> Inputs<'_> {
    let captures = [&diff.before, &diff.after];
    Inputs::named(&captures.map(|capture| (capture.input, capture.path.as_str())))
}

/// Groups for a table: those that changed, then those that stand still; the rest only with `all`. And how many are left out.
fn changed(diff: &DiffReport, all: bool) -> (Vec<&GroupChange>, usize) {
    let worth = |group: &&GroupChange| all || group.change != "equal" || group.waited_longer > 0;
    let rows: Vec<&GroupChange> = diff.groups.iter().filter(worth).collect();
    cut(rows, diff.groups.len(), all)
}

/// Waits for a table: locks, and those that several goroutines share.
fn waits(diff: &DiffReport, all: bool) -> (Vec<&WaitChange>, usize) {
    let of = |change: &WaitChange, worth: fn(&Wait) -> bool| {
        let both = [&change.before, &change.after];
        both.into_iter().flatten().any(worth)
    };
    let worth = |change: &&WaitChange| {
        all || of(change, |wait| {
            wait.waiters > 1 || wait.kind.starts_with("sync.")
        })
    };
    let rows: Vec<&WaitChange> = diff.waits.iter().filter(worth).collect();
    cut(rows, diff.waits.len(), all)
}

fn cut<T>(mut rows: Vec<T>, total: usize, all: bool) -> (Vec<T>, usize) {
    if !all {
        rows.truncate(ROWS);
    }
    let left = total - rows.len();
    (rows, left)
}

/// `+60`, `-3`, `=`.
fn signed(before: u64, after: u64) -> String {
    use super::words::count;
    match after.checked_sub(before) {
        Some(0) => "=".to_owned(),
        Some(more) => format!("+{}", count(more)),
        None => format!("-{}", count(before - after)),
    }
}

/// Both sides of a wait: waiters before, waiters after, and the wait itself, the later where there is one.
fn sides(change: &WaitChange) -> Option<(u64, u64, &Wait)> {
    let waiters = |wait: &Option<Wait>| wait.as_ref().map_or(0, |wait| wait.waiters);
    let wait = change.after.as_ref().or(change.before.as_ref())?;
    Some((waiters(&change.before), waiters(&change.after), wait))
}
