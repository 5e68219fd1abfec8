//! The difference of two profiles as renderers see it: numbers before and after by stack and by line.

use crate::triage::profiles::quantity;
use crate::triage::report::Place;
use schemars::JsonSchema;
use serde::Serialize;

/// Two profiles of one kind, or one of goroutines and a dump.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProfileDiff {
    /// `goroutine`, `heap`, `allocs`, `mutex`, `block`, `cpu`, `threadcreate`, …
    pub kind: String,
    /// Form of the earlier one: `protobuf`, `text (debug=1)`, … or `dump`.
    pub before: String,
    /// Form of the later one.
    pub after: String,
    /// Its columns, with their sums.
    pub columns: Vec<ColumnChange>,
    /// Index of the column that the lists are sorted by, and that the page shows.
    pub shown: u64,
    /// True for numbers that count from the start of the process and never fall: growth alone means nothing.
    pub since_start: bool,
    /// Stacks, by growth of the shown column.
    pub stacks: Vec<StackChange>,
    /// Lines of the program, by growth of the shown column.
    pub lines: Vec<LineChange>,
}

/// One column.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ColumnChange {
    /// `inuse_space`, `delay`, `goroutine`, …
    pub name: String,
    /// `bytes`, `nanoseconds`, `count`, …
    pub unit: String,
    /// Its sum in the earlier profile.
    pub before: i64,
    /// Its sum in the later one.
    pub after: i64,
}

/// A stack in both.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StackChange {
    /// `grew`, `shrank`, `appeared`, `vanished` or `equal`, by the shown column.
    pub change: &'static str,
    /// Numbers in the earlier profile, in the order of the columns.
    pub before: Vec<i64>,
    /// Numbers in the later one.
    pub after: Vec<i64>,
    /// What it waits for, where the frames show it.
    pub does: Option<String>,
    /// Frames, innermost first.
    pub stack: Vec<Place>,
}

/// A line of the program in both.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LineChange {
    /// `grew`, `shrank`, `appeared`, `vanished` or `equal`, by the shown column.
    pub change: &'static str,
    /// Numbers in the earlier profile, in the order of the columns.
    pub before: Vec<i64>,
    /// Numbers in the later one.
    pub after: Vec<i64>,
    /// The map operation, or what is waited for there; `makes a map` for memory; null where nothing shows.
    pub does: Option<String>,
    /// Where.
    pub site: Place,
}

impl ProfileDiff {
    /// A number of the shown column with its unit: `1.2 MiB`, `34 ms`, `12`.
    pub fn amount(&self, value: i64) -> String {
        let column = usize::try_from(self.shown).unwrap_or(usize::MAX);
        let unit = self.columns.get(column);
        quantity(unit.map_or("", |column| column.unit.as_str()), value)
    }

    /// The shown number of a row.
    pub fn value(&self, row: &[i64]) -> i64 {
        let column = usize::try_from(self.shown).unwrap_or(usize::MAX);
        row.get(column).copied().unwrap_or(0)
    }
}
