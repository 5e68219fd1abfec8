//! Where words go: reports through one locked, buffered stdout; messages to stderr; and how wide and colourful.
//!
//! Used by every subcommand. A closed pipe ends output quietly: whoever reads has seen enough.

use crate::render::{Format, MIN_WIDTH, TextOptions, escape};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::Path;

/// Columns where neither a terminal nor COLUMNS tells: into a file or pipe the text must look the same whoever writes it, and
/// mail, tickets and `less` on the smallest terminals hold 80.
const DEFAULT_WIDTH: usize = 80;

/// Bytes collected before they are written.
const BUFFER: usize = 64 << 10;

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// For terminals.
    Text,
    /// For programs.
    Json,
    /// For tickets.
    Markdown,
    /// For browsers.
    Html,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal.
    Auto,
    /// Into files as well.
    Always,
    /// Not at all.
    Never,
}

/// How text looks where the user chose.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Colours.
    pub colour: Colour,
    /// Columns, if set.
    pub width: Option<usize>,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// For whom.
    pub format: OutputFormat,
    /// Long lists in full.
    pub all: bool,
    /// How text looks.
    pub page: Page,
}

impl Form {
    /// The renderer's format for this stdout and environment.
    pub fn format(self) -> Format {
        self.page.format(self.format, self.all)
    }
}

impl Page {
    /// The renderer's format for this stdout and environment.
    pub fn format(self, format: OutputFormat, all: bool) -> Format {
        match format {
            OutputFormat::Json => Format::Json,
            OutputFormat::Markdown => Format::Markdown { all },
            OutputFormat::Html => Format::Html { all },
            OutputFormat::Text => Format::Text(self.text(all)),
        }
    }

    /// How text looks on this stdout and in this environment.
    pub fn text(self, all: bool) -> TextOptions {
        TextOptions {
            width: columns(self.width, variable, terminal_columns()),
            colour: is_coloured(self.colour, io::stdout().is_terminal(), variable),
            all,
        }
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn terminal_columns() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0))
}

fn columns(
    asked: Option<usize>,
    variable: impl Fn(&str) -> Option<OsString>,
    terminal: Option<usize>,
) -> usize {
    let set = variable("COLUMNS").and_then(|value| value.to_str()?.parse().ok());
    let width = asked.or(set).or(terminal).filter(|width| *width > 0);
    width.unwrap_or(DEFAULT_WIDTH).max(MIN_WIDTH)
}

fn is_coloured(
    colour: Colour,
    terminal: bool,
    variable: impl Fn(&str) -> Option<OsString>,
) -> bool {
    let is = |name: &str, value: &str| variable(name).is_some_and(|set| set == value);
    match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if variable("NO_COLOR").is_some() => false,
        Colour::Auto if variable("CLICOLOR_FORCE").is_some() && !is("CLICOLOR_FORCE", "0") => true,
        Colour::Auto => terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb"),
    }
}

/// Writes to stdout; false where that failed, after a message. A closed pipe is no failure.
#[must_use]
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> bool {
    let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    let result = write(&mut out).and_then(|()| out.flush());
    // What a failed write left in the buffer must not be tried again on drop.
    drop(out.into_parts());
    match result {
        Ok(()) => true,
        Err(cause) if cause.kind() == ErrorKind::BrokenPipe => true,
        Err(cause) => {
            complain(&format!(
                "standard output: {cause}; the report is incomplete"
            ));
            false
        }
    }
}

/// Writes a file; false where that failed, after a message. An existing file is kept unless `force` is set.
#[must_use]
pub fn file(path: &Path, bytes: &[u8], force: bool) -> bool {
    let mut options = OpenOptions::new();
    options.write(true);
    match force {
        true => options.create(true).truncate(true),
        false => options.create_new(true),
    };
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(bytes));
    let Err(cause) = written else { return true };
    complain(&match cause.kind() {
        ErrorKind::AlreadyExists => format!("{}: exists; --force overwrites it", path.display()),
        _ => format!("{}: cannot be written: {cause}", path.display()),
    });
    false
}

/// A message on stderr; names and causes in it are made harmless.
pub fn complain(message: &str) {
    to_stderr(&format!("gotriage: {}\n", escape::line(message)));
}

/// Text on stderr. If even that is closed there is nobody to tell.
pub fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        |wanted| {
            let mut pairs = pairs.iter();
            pairs
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value.into())
        }
    }

    #[test]
    fn width_is_as_asked_then_set_then_seen() {
        let columns_set = set(&[("COLUMNS", "132")]);
        assert_eq!(columns(Some(60), &columns_set, Some(200)), 60);
        assert_eq!(columns(None, &columns_set, Some(200)), 132);
        assert_eq!(columns(None, set(&[("COLUMNS", "wide")]), Some(200)), 200);
        assert_eq!(columns(None, set(&[]), None), 80);
        assert_eq!(columns(None, set(&[]), Some(4)), MIN_WIDTH);
        assert_eq!(columns(None, set(&[("COLUMNS", "0")]), None), 80);
    }

    #[test]
    fn colours_follow_the_customs() {
        let auto = |terminal, pairs| is_coloured(Colour::Auto, terminal, set(pairs));
        assert!(auto(true, &[("TERM", "xterm")]));
        assert!(!auto(false, &[("TERM", "xterm")]));
        assert!(!auto(true, &[("TERM", "dumb")]));
        assert!(!auto(true, &[("CLICOLOR", "0")]));
        assert!(auto(false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!auto(false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!auto(true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
        assert!(is_coloured(
            Colour::Always,
            false,
            set(&[("NO_COLOR", "1")])
        ));
        assert!(!is_coloured(
            Colour::Never,
            true,
            set(&[("CLICOLOR_FORCE", "1")])
        ));
    }
}
