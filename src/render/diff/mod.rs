//! The difference of two captures as text, Markdown, JSON or a page.
//!
//! `cli` calls [`write`]. Text is a [`sheet`]; what is folded is folded alike everywhere ([`changed`], [`waits`]).

mod markdown;
mod text;
pub(super) mod traces;

use super::Format;
use super::words::{Inputs, counted};
use super::{html, json, sheet};
use crate::triage::compare::report::profile::{LineChange, ProfileDiff};
use crate::triage::compare::report::{Capture, DiffReport, GroupChange, WaitChange};
use crate::triage::report::Wait;
use crate::triage::trace::time;
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
        Format::Html { all } => html::diff(diff, all, out),
    }
}

/// What a capture is: so many goroutines, or these profiles, or a trace.
pub(super) fn holds(capture: &Capture) -> String {
    match (capture.traced_ns, capture.goroutines, &capture.profiles[..]) {
        (Some(ns), goroutines, _) => format!(
            "trace of {}, {} at its end",
            time(ns),
            counted(goroutines, "goroutine")
        ),
        (None, 0, [_, ..]) => format!("profiles: {}", capture.profiles.join(", ")),
        (None, goroutines, _) => counted(goroutines, "goroutine"),
    }
}

/// The names of both captures.
pub(super) fn inputs(diff: &DiffReport) -> Inputs<'_> {
    let captures = [&diff.before, &diff.after];
    Inputs::named(&captures.map(|capture| (capture.input, capture.path.as_str())))
}

/// Groups for a table: those that changed, then those that stand still; the rest only with `all`. And how many are left out.
pub(super) fn changed(diff: &DiffReport, all: bool) -> (Vec<&GroupChange>, usize) {
    let worth = |group: &&GroupChange| all || group.change != "equal" || group.waited_longer > 0;
    let rows: Vec<&GroupChange> = diff.groups.iter().filter(worth).collect();
    cut(rows, diff.groups.len(), all)
}

/// Waits for a table: locks, and those that several goroutines share.
pub(super) fn waits(diff: &DiffReport, all: bool) -> (Vec<&WaitChange>, usize) {
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

/// Lines of a profile for a table: those that changed; the rest only with `all`. And how many are left out.
fn grown(profile: &ProfileDiff, all: bool) -> (Vec<&LineChange>, usize) {
    let worth = |line: &&LineChange| all || line.change != "equal";
    let mut rows: Vec<&LineChange> = profile.lines.iter().filter(worth).collect();
    if !all {
        // What shrank most stands last; of a long list it would be lost behind what hardly changed.
        rows.sort_by_key(|line| {
            let grown = profile
                .value(&line.after)
                .saturating_sub(profile.value(&line.before));
            std::cmp::Reverse(grown.unsigned_abs())
        });
    }
    cut(rows, profile.lines.len(), all)
}

/// Above the lines of a profile.
fn title(profile: &ProfileDiff) -> String {
    let column = usize::try_from(profile.shown).ok();
    let column = column.and_then(|column| profile.columns.get(column));
    let counts = column.map_or("", |column| column.name.as_str());
    let since = match profile.since_start {
        true => ", from the start of the process",
        false => "",
    };
    format!("Lines of the {} profile by {counts}{since}", profile.kind)
}

/// `+1.2 MiB`, `-3`, `=`.
fn difference(profile: &ProfileDiff, before: i64, after: i64) -> String {
    match after.saturating_sub(before) {
        0 => "=".to_owned(),
        less @ ..0 => profile.amount(less),
        more => format!("+{}", profile.amount(more)),
    }
}

fn cut<T>(mut rows: Vec<T>, total: usize, all: bool) -> (Vec<T>, usize) {
    if !all {
        rows.truncate(ROWS);
    }
    let left = total - rows.len();
    (rows, left)
}

/// `+60`, `-3`, `=`.
pub(super) fn signed(before: u64, after: u64) -> String {
    use super::words::count;
    match after.checked_sub(before) {
        Some(0) => "=".to_owned(),
        Some(more) => format!("+{}", count(more)),
        None => format!("-{}", count(before - after)),
    }
}

/// Both sides of a wait: waiters before, waiters after, and the wait itself, the later where there is one.
pub(super) fn sides(change: &WaitChange) -> Option<(u64, u64, &Wait)> {
    let waiters = |wait: &Option<Wait>| wait.as_ref().map_or(0, |wait| wait.waiters);
    let wait = change.after.as_ref().or(change.before.as_ref())?;
    Some((waiters(&change.before), waiters(&change.after), wait))
}
