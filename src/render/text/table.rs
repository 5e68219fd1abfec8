//! Tables that fit: cells are shortened until the widths add up, then laid out by `tabled`.
//!
//! Steps describe a [`Table`] and hand it to [`super::page::Page::table`]. Where even shortened columns do not fit side by side (a
//! terminal of thirty columns), each row is printed as a list. Cells that would lose too much ([`Fit::Below`]) stand under their row.

use super::wrap::{middle, path, width};
use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Modify, Padding, Style};

/// Columns between two cells.
const GAP: usize = 2;

/// A shortened cell keeps at least this much.
const MIN_CELL: usize = 8;

/// A cell that may go below its row goes there before it is shortened to less than this.
const MIN_BESIDE: usize = 30;

/// What stands before a cell below its row.
const BELOW: &str = "      ";

/// What may happen to a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// A number: to the right, never shortened.
    Number,
    /// A word or an address: never shortened.
    Whole,
    /// A state or a sentence: its middle may go.
    Middle,
    /// A path or function: its beginning may go.
    Path,
    /// The same where there is room for most of it; else it stands under its row.
    Below,
}

impl Fit {
    /// What is left of a cell at least; `None` where it is never shortened.
    fn least(self) -> Option<usize> {
        match self {
            Fit::Number | Fit::Whole => None,
            Fit::Middle | Fit::Path => Some(MIN_CELL),
            Fit::Below => Some(MIN_BESIDE),
        }
    }
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its head.
    pub head: &'static str,
    /// What may happen to its cells.
    pub fit: Fit,
}

/// Rows of escaped text.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// A table's lines.
#[derive(Debug, PartialEq, Eq)]
pub enum Layout {
    /// Head line (unless no column has a head) and one line for each row.
    Grid(Vec<String>),
    /// One block for each row: `head: cell` pairs.
    List(Vec<Vec<String>>),
}

impl Table {
    /// An empty table.
    pub fn new(columns: &[(&'static str, Fit)]) -> Self {
        let columns = columns.iter().map(|&(head, fit)| Column { head, fit });
        Self {
            columns: columns.collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; its cells are escaped and in the order of the columns.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines, none wider than `room` (list lines are for the caller to wrap). Columns without any content are left out.
    pub fn layout(mut self, room: usize) -> Layout {
        self.drop_empty_columns();
        if let Some(widths) = self.widths(room) {
            return Layout::Grid(self.grid(&widths));
        }
        let narrow = self.without_below();
        match narrow.widths(room) {
            Some(widths) if narrow.columns.len() < self.columns.len() => {
                let head = usize::from(narrow.has_heads());
                let mut lines = narrow.grid(&widths);
                for (at, under) in self.below(room).into_iter().enumerate().rev() {
                    let row = (at + 1 + head).min(lines.len());
                    lines.splice(row..row, under);
                }
                Layout::Grid(lines)
            }
            _ => Layout::List(self.list()),
        }
    }

    /// The columns that stay beside each other where the others go below.
    fn without_below(&self) -> Self {
        let stays = |column: &Column| column.fit != Fit::Below;
        let cells = |row: &Vec<String>| {
            let cells = row.iter().zip(&self.columns);
            let cells = cells.filter(|(_, column)| stays(column));
            cells.map(|(cell, _)| cell.clone()).collect()
        };
        Self {
            columns: self.columns.iter().copied().filter(stays).collect(),
            rows: self.rows.iter().map(cells).collect(),
        }
    }

    /// The lines under each row.
    fn below(&self, room: usize) -> Vec<Vec<String>> {
        let line = |cell: &String| {
            let shown = path(cell, room.saturating_sub(BELOW.len()));
            format!("{BELOW}{shown}")
        };
        let lines = |row: &Vec<String>| {
            let cells = row.iter().zip(&self.columns);
            let cells = cells.filter(|(cell, column)| column.fit == Fit::Below && !cell.is_empty());
            cells.map(|(cell, _)| line(cell)).collect()
        };
        self.rows.iter().map(lines).collect()
    }

    /// False for a table that only lines things up.
    pub fn has_heads(&self) -> bool {
        self.columns.iter().any(|column| !column.head.is_empty())
    }

    fn drop_empty_columns(&mut self) {
        let used: Vec<bool> = (0..self.columns.len())
            .map(|at| {
                let mut cells = self.rows.iter().filter_map(|row| row.get(at));
                cells.any(|cell| !cell.is_empty())
            })
            .collect();
        let keep = |at: usize| used.get(at).copied().unwrap_or_default();
        let mut at = 0..;
        self.columns.retain(|_| at.next().is_some_and(keep));
        for row in &mut self.rows {
            let mut at = 0..;
            row.retain(|_| at.next().is_some_and(keep));
        }
    }

    /// Column widths that add up to at most `room`: the widest column that may shrink gives way first.
    fn widths(&self, room: usize) -> Option<Vec<usize>> {
        let mut widths: Vec<usize> = self.columns.iter().map(|c| width(c.head)).collect();
        for row in &self.rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(cell));
            }
        }
        let gaps = GAP * self.columns.len().saturating_sub(1);
        loop {
            if widths.iter().sum::<usize>() + gaps <= room {
                return Some(widths);
            }
            let widest = widths
                .iter_mut()
                .zip(&self.columns)
                .filter(|(room, column)| {
                    let least = column.fit.least();
                    least.is_some_and(|least| **room > least.max(width(column.head)))
                })
                .max_by_key(|(room, _)| **room)?;
            *widest.0 -= 1;
        }
    }

    fn grid(self, widths: &[usize]) -> Vec<String> {
        let mut builder = Builder::with_capacity(self.rows.len() + 1, self.columns.len());
        if self.has_heads() {
            builder.push_record(self.columns.iter().map(|column| column.head));
        }
        for row in &self.rows {
            let cells = row.iter().zip(&self.columns).zip(widths);
            builder.push_record(cells.map(|((cell, column), &room)| match column.fit {
                Fit::Number | Fit::Whole => cell.clone(),
                Fit::Middle => middle(cell, room),
                Fit::Path | Fit::Below => path(cell, room),
            }));
        }
        let mut table = builder.build();
        table.with(Style::empty()).with(Padding::new(0, GAP, 0, 0));
        for (at, column) in self.columns.iter().enumerate() {
            if column.fit == Fit::Number {
                table.with(Modify::new(Columns::one(at)).with(Alignment::right()));
            }
        }
        let text = table.to_string();
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    fn list(self) -> Vec<Vec<String>> {
        let block = |row: Vec<String>| {
            let pairs = row.into_iter().zip(&self.columns);
            pairs
                .filter(|(cell, _)| !cell.is_empty())
                .map(|(cell, column)| match column.head {
                    "" => cell,
                    head => format!("{}: {cell}", head.to_lowercase()),
                })
                .collect()
        };
        self.rows.into_iter().map(block).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(&[
            ("COUNT", Fit::Number),
            ("STATE", Fit::Middle),
            ("", Fit::Whole),
            ("AT", Fit::Path),
        ]);
        for (count, at) in [
            ("3", "/app/internal/cache/store.go:20"),
            ("12", "/app/main.go:7"),
        ] {
            let cells = [count, "chan receive", "", at];
            table.row(cells.map(str::to_owned).to_vec());
        }
        table
    }

    #[test]
    fn numbers_stand_right_and_empty_columns_go() {
        let expected = [
            "COUNT  STATE         AT",
            "    3  chan receive  /app/internal/cache/store.go:20",
            "   12  chan receive  /app/main.go:7",
        ];
        assert_eq!(
            sample().layout(80),
            Layout::Grid(expected.map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn the_widest_cell_gives_way() {
        let expected = [
            "COUNT  STATE         AT",
            "    3  chan receive  …/store.go:20",
            "   12  chan receive  /app/main.go:7",
        ];
        assert_eq!(
            sample().layout(37),
            Layout::Grid(expected.map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn what_would_lose_too_much_stands_below() {
        let mut table = Table::new(&[("COUNT", Fit::Number), ("AT", Fit::Below), ("", Fit::Whole)]);
        for (count, at) in [
            ("3", "/app/internal/cache/eviction/policy/store.go:20"),
            ("12", ""),
        ] {
            table.row([count, at, "confirmed"].map(str::to_owned).to_vec());
        }
        let expected = [
            "COUNT",
            "    3  confirmed",
            "      …/eviction/policy/store.go:20",
            "   12  confirmed",
        ];
        assert_eq!(
            table.layout(40),
            Layout::Grid(expected.map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn too_narrow_for_columns_is_a_list() {
        let Layout::List(blocks) = sample().layout(20) else {
            panic!("laid out side by side");
        };
        assert_eq!(blocks.len(), 2);
        assert_eq!(
            blocks[1],
            ["count: 12", "state: chan receive", "at: /app/main.go:7"]
        );
    }
}
