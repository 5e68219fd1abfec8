//! The tables of two traces, in cells: text, Markdown and HTML lay them out. Read [`tables`] first.

use super::{ROWS, signed};
use crate::render::sheet::Fit;
use crate::render::words::{self, count};
use crate::triage::compare::report::trace::{OriginChange, Scheduling, SumChange, TraceDiff};
use crate::triage::trace::time;

/// A table.
pub struct Table {
    /// Above it.
    pub title: &'static str,
    /// Heads, and how cells are set.
    pub columns: Vec<(&'static str, Fit)>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
    /// Rows left out, and of what.
    pub left: usize,
    /// One of them.
    pub noun: &'static str,
}

/// All tables that have rows. Without `all` long ones are cut, and what is equal to the digit is left out.
pub fn tables(trace: &TraceDiff, all: bool) -> Vec<Table> {
    let sums = |title, noun, sums: &[SumChange]| sum_table(title, noun, sums, all);
    let tables = [
        origins(&trace.origins, all),
        sums(
            "Time of all goroutines by state, in each second",
            "state",
            &trace.states,
        ),
        sums(
            "What they blocked on, in each second",
            "reason",
            &trace.blocked,
        ),
        sums(
            "Why they were stopped, and the wait for a processor, in each second",
            "reason",
            &trace.stopped,
        ),
        scheduling(&trace.scheduling.before, &trace.scheduling.after),
        sums(
            "The runtime's own work, in each second",
            "range",
            &trace.ranges,
        ),
    ];
    tables
        .into_iter()
        .filter(|table| !table.rows.is_empty())
        .collect()
}

fn sum_table(title: &'static str, noun: &'static str, sums: &[SumChange], all: bool) -> Table {
    let counted = sums
        .iter()
        .any(|sum| sum.before.count + sum.after.count > 0);
    let row = |sum: &SumChange| {
        let mut row = vec![
            time(sum.before.ns_per_second),
            time(sum.after.ns_per_second),
        ];
        if counted {
            row.extend([count(sum.before.count), count(sum.after.count)]);
        }
        row.push(sum.name.clone());
        row
    };
    let mut columns = vec![("WAS", Fit::Number), ("NOW", Fit::Number)];
    if counted {
        columns.extend([("TIMES BEFORE", Fit::Number), ("TIMES AFTER", Fit::Number)]);
    }
    columns.push(("OF", Fit::Middle));
    let most = if all { sums.len() } else { ROWS };
    Table {
        title,
        columns,
        rows: sums.iter().take(most).map(row).collect(),
        left: sums.len().saturating_sub(most),
        noun,
    }
}

fn origins(origins: &[OriginChange], all: bool) -> Table {
    let worth = |origin: &&OriginChange| {
        all || origin.change != "equal" || origin.before.created + origin.after.created > 0
    };
    let most = if all { origins.len() } else { ROWS };
    let rows: Vec<Vec<String>> = origins
        .iter()
        .filter(worth)
        .take(most)
        .map(origin)
        .collect();
    Table {
        title: "Goroutines by where they come from, at the ends; CREATED: in the traces; RUN and RUNNABLE: in each second of AFTER",
        columns: vec![
            ("WAS", Fit::Number),
            ("NOW", Fit::Number),
            ("DIFF", Fit::Number),
            ("CREATED", Fit::Number),
            ("RUN", Fit::Number),
            ("RUNNABLE", Fit::Number),
            ("BEGUN WITH", Fit::Path),
            ("STARTED", Fit::Whole),
        ],
        left: origins.len().saturating_sub(rows.len()),
        rows,
        noun: "origin",
    }
}

fn origin(origin: &OriginChange) -> Vec<String> {
    let (then, now) = (&origin.before, &origin.after);
    let made = origin.created_at.as_ref();
    let file = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
    vec![
        count(then.alive),
        count(now.alive),
        signed(then.alive, now.alive),
        format!("{} → {}", count(then.created), count(now.created)),
        time(now.running),
        time(now.runnable),
        origin.start_func.clone(),
        made.map_or(String::new(), |made| {
            words::place(&file(&made.file), made.line)
        }),
    ]
}

fn scheduling(before: &Scheduling, after: &Scheduling) -> Table {
    let row = |name: &str, one: &Scheduling| {
        vec![
            count(one.runs),
            time(one.mean_ns),
            time(one.longest_ns),
            name.to_owned(),
        ]
    };
    Table {
        title: "Waits for a processor",
        columns: vec![
            ("RUNS", Fit::Number),
            ("MEAN", Fit::Number),
            ("LONGEST", Fit::Number),
            ("IN", Fit::Whole),
        ],
        rows: vec![row("before", before), row("after", after)],
        left: 0,
        noun: "row",
    }
}
