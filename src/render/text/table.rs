//! Tables that fit: cells are shortened until the widths add up, then laid out by `tabled`.
//!
//! Steps describe a [`Table`] and hand it to [`super::page::Page::table`]. Where even shortened columns do not fit side by side (a
//! terminal of thirty columns), each row is printed as a list.

use super::wrap::{middle, path, width};
use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Modify, Padding, Style};

/// Columns between two cells.
const GAP: usize = 2;

/// A shortened cell keeps at least this much.
const MIN_CELL: usize = 8;

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
        match self.widths(room) {
            Some(widths) => Layout::Grid(self.grid(&widths)),
            None => Layout::List(self.list()),
        }
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
            let shrinks = |c: &Column| matches!(c.fit, Fit::Middle | Fit::Path);
            let widest = widths
                .iter_mut()
                .zip(&self.columns)
                .filter(|(room, column)| {
                    shrinks(column) && **room > MIN_CELL.max(width(column.head))
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
                Fit::Path => path(cell, room),
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
