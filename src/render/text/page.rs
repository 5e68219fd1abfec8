//! The page that all parts of the text report write on: width, colours, headings, findings, tables, code.
//!
//! Each step's file says what to print; this one knows how. Every method escapes what it is given, so a step cannot forget to.

use super::style::{Palette, paint};
use super::table::{Fit, Layout, Table};
use super::wrap::{Flow, pad, width};
use super::{MIN_WIDTH, TextOptions};
use crate::render::escape;
use crate::render::words::{self, Inputs};
use crate::triage::report::Finding;
use anstyle::Style;
use std::borrow::Cow;
use std::io::{self, Write};

/// Prose wider than this is tiring to read; tables use the whole width.
const PROSE: usize = 100;

/// Columns of a label in front of a value.
const LABEL: usize = 9;

/// Columns in front of code and stacks.
const CODE: usize = 6;

/// Evidence references behind a finding.
const MAX_REFERENCES: usize = 3;

/// Where the report is printed.
pub struct Page<'r> {
    out: &'r mut dyn Write,
    width: usize,
    /// The last line was empty; there are never two.
    is_blank: bool,
    /// Long lists are not folded.
    pub all: bool,
    /// The colours.
    pub palette: Palette,
    /// Names for evidence references.
    pub inputs: Inputs<'r>,
}

impl<'r> Page<'r> {
    /// An empty page; `inputs` names what evidence references point at.
    pub fn new(inputs: Inputs<'r>, out: &'r mut dyn Write, options: TextOptions) -> Self {
        Self {
            out,
            width: options.width.max(MIN_WIDTH),
            is_blank: true,
            all: options.all,
            palette: match options.colour {
                true => Palette::coloured(),
                false => Palette::default(),
            },
            inputs,
        }
    }

    /// `limit` in a folded report, everything with `--all`.
    pub fn fold(&self, limit: usize) -> usize {
        if self.all { usize::MAX } else { limit }
    }

    /// An empty line, unless one stands there already or the page is empty.
    pub fn blank(&mut self) -> io::Result<()> {
        if self.is_blank {
            return Ok(());
        }
        self.is_blank = true;
        writeln!(self.out)
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        self.is_blank = false;
        writeln!(self.out, "{line}")
    }

    /// `1  Observe ─────`, over the whole width, an empty line above.
    pub fn heading(&mut self, title: &str) -> io::Result<()> {
        let title = escape::line(title);
        let rule = self.width.saturating_sub(width(&title) + 1);
        let rule = paint(&"─".repeat(rule), self.palette.faint);
        self.blank()?;
        match width(&title) < self.width {
            true => self.line(&format!("{} {rule}", paint(&title, self.palette.strong))),
            false => self.prose("", &title, self.palette.strong),
        }
    }

    /// A paragraph; `lead` stands in front of its first line.
    pub fn prose(&mut self, lead: &str, text: &str, style: Style) -> io::Result<()> {
        let flow = Flow::of(&clip(text), style);
        self.flow(&flow, lead, lead, self.prose_width())
    }

    /// `  crash    fatal error: …`: a label in its column, a value beside it.
    pub fn labelled(&mut self, label: &str, value: &str, style: Style) -> io::Result<()> {
        let lead = format!("  {}", pad(&escape::line(label), LABEL));
        let painted = paint(&lead, self.palette.faint);
        let flow = Flow::of(&clip(value), style);
        self.flow(&flow, &lead, &painted, self.prose_width())
    }

    /// A graded statement: mark, text, and in brackets the grade's word with the evidence. Advice has no grade of its own.
    pub fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let references = self.inputs.all(&finding.evidence, MAX_REFERENCES);
        let grade = finding.grade.word();
        let tail = match references.as_str() {
            "" => format!("[{grade}]"),
            references => format!("[{grade}: {references}]"),
        };
        let mut flow = Flow::of(&clip(&finding.text), Style::new());
        let (lead, painted) = if finding.advice {
            ("  - ".to_owned(), "  - ".to_owned())
        } else {
            flow.push_whole(&escape::line(&tail), self.palette.faint);
            let lead = format!("  {} ", words::mark(finding.grade));
            let painted = paint(&lead, self.palette.grade(finding.grade));
            (lead, painted)
        };
        self.flow(&flow, &lead, &painted, self.prose_width())?;
        for (item, n) in finding.items.iter().zip(1..) {
            self.prose(&format!("    {n}. "), item, Style::new())?;
        }
        match &finding.code {
            Some(code) => self.code(&code.text),
            None => Ok(()),
        }
    }

    /// Lines to paste: indented, an empty line around them, never wrapped.
    pub fn code(&mut self, text: &str) -> io::Result<()> {
        self.blank()?;
        for line in escape::code(text).trim_matches('\n').split('\n') {
            match line.is_empty() {
                true => writeln!(self.out)?,
                false => self.line(&format!("{:CODE$}{line}", ""))?,
            }
        }
        self.blank()
    }

    /// A table under its title, if it has rows. Columns as in [`Table::new`]; cells are escaped here.
    pub fn table(
        &mut self,
        title: &str,
        columns: &[(&'static str, Fit)],
        rows: Vec<Vec<String>>,
    ) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut table = Table::new(columns);
        for row in rows {
            let cells = row.iter().map(|cell| escape::line(cell).into_owned());
            table.row(cells.collect());
        }
        self.blank()?;
        if !title.is_empty() {
            self.prose("  ", title, self.palette.strong)?;
        }
        match table.layout(self.width.saturating_sub(2)) {
            Layout::Grid(lines) => self.grid(&lines),
            Layout::List(blocks) => self.list(&blocks),
        }
    }

    /// Functions beside their places, lined up under a goroutine.
    pub fn frames(&mut self, frames: &[(&str, String)]) -> io::Result<()> {
        let mut table = Table::new(&[("", Fit::Path), ("", Fit::Path)]);
        for (func, place) in frames {
            let cells = [escape::line(func), escape::line(place)];
            table.row(cells.map(Cow::into_owned).to_vec());
        }
        let indent = " ".repeat(CODE);
        match table.layout(self.width.saturating_sub(CODE)) {
            Layout::Grid(lines) => lines
                .iter()
                .try_for_each(|line| self.line(&format!("{indent}{line}"))),
            Layout::List(blocks) => blocks
                .concat()
                .iter()
                .try_for_each(|line| self.prose(&indent, line, Style::new())),
        }
    }

    fn grid(&mut self, lines: &[String]) -> io::Result<()> {
        for (at, line) in lines.iter().enumerate() {
            let style = match at {
                0 => self.palette.faint,
                _ => Style::new(),
            };
            self.line(&format!("  {}", paint(line, style)))?;
        }
        Ok(())
    }

    fn list(&mut self, blocks: &[Vec<String>]) -> io::Result<()> {
        for block in blocks {
            for (at, pair) in block.iter().enumerate() {
                let lead = if at == 0 { "  - " } else { "    " };
                self.prose(lead, pair, Style::new())?;
            }
        }
        Ok(())
    }

    /// `… 12 more groups; --all shows them`, if any were left out.
    pub fn folded(&mut self, more: usize, noun: &str) -> io::Result<()> {
        if more == 0 {
            return Ok(());
        }
        let more = words::counted(more as u64, &format!("more {noun}"));
        let text = format!("… {more}; --all shows them");
        self.prose("  ", &text, self.palette.faint)
    }

    fn flow(&mut self, flow: &Flow, lead: &str, painted: &str, room: usize) -> io::Result<()> {
        for line in flow.lines(painted, width(lead), room) {
            self.line(&line)?;
        }
        Ok(())
    }

    fn prose_width(&self) -> usize {
        self.width.min(PROSE)
    }
}

/// A statement of bounded length, escaped for one line.
fn clip(text: &str) -> String {
    escape::line(&words::clip(text)).into_owned()
}
