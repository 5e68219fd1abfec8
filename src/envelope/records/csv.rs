//! Exports as CSV: a header row, then one record for each line of the log, or one with the whole dump between quotes.
//!
//! ```text
//! Date,Host,Service,Message
//! 2026-01-02T15:04:05.000Z,node-3,web,"goroutine 24 [chan receive] {job: ""a b""}:"
//! ```
//!
//! Fields end at `,`, `;` or a tab, whichever the header row has. Read [`peel`], then [`Rows`].

use super::record::{Record, Tally};
use crate::envelope::sample::Sample;
use crate::envelope::step::Peeled;
use crate::envelope::streams::{Assembly, assemble};
use crate::envelope::text::{Layer, lines_of};
use crate::goruntime::anchors;
use crate::model::{LineOrigin, TextLine};
use bstr::ByteSlice;

/// Columns of a header row; more are a line of text with commas.
const MAX_COLUMNS: usize = 256;
/// Rows looked at before the whole text is.
const ROWS_TRIED: usize = 50;
/// Longest name of a column.
const MAX_NAME: usize = 64;

/// Takes a CSV export off, where one of its columns holds the dump.
pub(in crate::envelope) fn peel(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    let table = Table::learn(&layer.text)?;
    let assembled = assemble(layer, sample, |layer, assembly| {
        read(layer, &table, assembly)
    })?;
    Some(Peeled::assembled("csv", assembled))
}

/// The header row and the columns that hold the dump.
#[derive(Debug)]
struct Table {
    separator: u8,
    names: Vec<Vec<u8>>,
    /// Columns with lines of a dump, ascending.
    dump: Vec<usize>,
}

impl Table {
    fn learn(text: &[u8]) -> Option<Self> {
        let head = lines_of(text).next()?;
        let separator = *[b',', b';', b'\t']
            .iter()
            .max_by_key(|separator| head.iter().filter(|byte| byte == separator).count())?;
        let names = Rows::new(text, separator).next()?.fields;
        let named = |name: &Vec<u8>| {
            name.len() <= MAX_NAME
                && name.iter().all(|byte| {
                    byte.is_ascii_alphanumeric()
                        || matches!(byte, b'_' | b'-' | b'.' | b'@' | b' ' | b'/' | b'(' | b')')
                })
                && !name.is_empty()
                && name.trim().len() == name.len()
        };
        if names.len() < 2
            || names.len() > MAX_COLUMNS
            || !names.iter().all(named)
            || anchors::find_inside(head).is_some()
        {
            return None;
        }
        let first_rows = Rows::new(text, separator).take(ROWS_TRIED);
        if first_rows
            .filter(|row| row.fields.len() != names.len())
            .count()
            * 10
            > ROWS_TRIED
        {
            return None;
        }
        let mut tallies = vec![Tally::default(); names.len()];
        let (mut even, mut odd) = (0usize, 0usize);
        for row in Rows::new(text, separator).skip(1) {
            *if row.fields.len() == names.len() {
                &mut even
            } else {
                &mut odd
            } += 1;
            for (tally, field) in tallies.iter_mut().zip(&row.fields) {
                tally.count(field);
            }
        }
        let dump: Vec<usize> = (0..tallies.len())
            .filter(|column| {
                tallies
                    .get(*column)
                    .is_some_and(|tally| tally.plain > 0 || tally.hidden > 0)
            })
            .collect();
        (even > odd * 9 && !dump.is_empty()).then_some(Self {
            separator,
            names,
            dump,
        })
    }
}

/// Hands the columns with the dump on.
fn read(layer: &Layer, table: &Table, assembly: &mut Assembly) {
    for row in Rows::new(&layer.text, table.separator) {
        if row.fields == table.names {
            continue;
        }
        let origin = |line: u32| layer.lines.origin(TextLine(line));
        if row.fields.len() != table.names.len() {
            assembly.raw(origin(row.line), &row.fields.join(&table.separator));
            continue;
        }
        let mut record = Record {
            time: origin(row.line).time,
            ..Record::default()
        };
        for (column, (name, field)) in table.names.iter().zip(&row.fields).enumerate() {
            if !table.dump.contains(&column) {
                record.note(name, field, || (origin(row.line), field.clone()));
                continue;
            }
            // A quoted field goes over lines of the source: each keeps its own.
            let first = row.lines.get(column).copied().unwrap_or(row.line);
            record.values.extend(
                (first..)
                    .zip(lines_of(field))
                    .map(|(line, text)| (origin(line), text.to_vec())),
            );
            if field.is_empty() {
                record.values.push((origin(first), Vec::new()));
            }
        }
        close(record, assembly);
    }
}

/// Hands the lines on in their order; a record's `close` would sort them as if each were a value of its own.
fn close(record: Record, assembly: &mut Assembly) {
    for (origin, text) in &record.values {
        assembly.record(
            &record.writer,
            LineOrigin {
                line: origin.line,
                time: record.time.or(origin.time),
            },
            text,
            false,
        );
    }
}

/// One row: its fields without quotes, and the lines where they start.
#[derive(Debug)]
struct Row {
    fields: Vec<Vec<u8>>,
    lines: Vec<u32>,
    line: u32,
}

/// Rows of a text, one after the other; quotes inside quotes are doubled.
#[derive(Debug)]
struct Rows<'t> {
    rest: &'t [u8],
    separator: u8,
    line: u32,
}

impl<'t> Rows<'t> {
    fn new(text: &'t [u8], separator: u8) -> Self {
        Self {
            rest: text,
            separator,
            line: 0,
        }
    }

    /// The field at the start of the rest.
    fn field(&mut self) -> Vec<u8> {
        let mut field = Vec::new();
        let Some(mut inner) = self.rest.strip_prefix(b"\"") else {
            let end = self
                .rest
                .iter()
                .position(|byte| *byte == self.separator || *byte == b'\n')
                .unwrap_or(self.rest.len());
            let (text, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, b""));
            self.rest = rest;
            return text.trim_end_with(|c| c == '\r').to_vec();
        };
        loop {
            let end = memchr::memchr(b'"', inner).unwrap_or(inner.len());
            field.extend_from_slice(inner.get(..end).unwrap_or_default());
            inner = inner.get(end + 1..).unwrap_or_default();
            if inner.first() != Some(&b'"') {
                break;
            }
            field.push(b'"');
            inner = inner.get(1..).unwrap_or_default();
        }
        self.line += u32::try_from(memchr::memchr_iter(b'\n', &field).count()).unwrap_or(u32::MAX);
        self.rest = inner.strip_prefix(b"\r").unwrap_or(inner);
        field
    }
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.rest.is_empty() {
            return None;
        }
        let mut row = Row {
            fields: Vec::new(),
            lines: Vec::new(),
            line: self.line,
        };
        loop {
            row.lines.push(self.line);
            let field = self.field();
            row.fields.push(field);
            match self.rest.split_first() {
                Some((&byte, rest)) if byte == self.separator => self.rest = rest,
                Some((b'\n', rest)) => {
                    self.rest = rest;
                    self.line += 1;
                    return Some(row);
                }
                // Text behind a closing quote: no CSV, the next field takes it.
                Some(_) => {}
                None => return Some(row),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_hold_line_ends() {
        let rows: Vec<Row> = Rows::new(b"a,b\n1,\"x \"\"y\"\"\nz\"\n2,\n", b',').collect();
        let fields: Vec<Vec<Vec<u8>>> = rows.iter().map(|row| row.fields.clone()).collect();
        assert_eq!(
            fields,
            [
                vec![b"a".to_vec(), b"b".to_vec()],
                vec![b"1".to_vec(), b"x \"y\"\nz".to_vec()],
                vec![b"2".to_vec(), Vec::new()]
            ]
        );
        assert_eq!(
            rows.iter().map(|row| row.line).collect::<Vec<_>>(),
            [0, 1, 3]
        );
    }

    #[test]
    fn a_log_with_commas_is_no_table() {
        assert!(Table::learn(b"starting, please wait\nweb, goroutine 1 [running]:\n").is_none());
    }
}
