//! Arguments that several commands share: what is read, how the answer is printed, values with a form of their own.
//!
//! Each group is flattened into the arguments of a command ([`super::args`], `*/args.rs`) and turned into plain settings there.

use super::output::{Colour, Form, OutputFormat, Page};
use super::read::ReadSettings;
use super::redact::args::RedactArgs;
use crate::goruntime::version::GoBuild;
use crate::input::DEFAULT_MAX_BYTES;
use crate::model::Grade;
use crate::render::MIN_WIDTH;
use crate::triage::Options;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Wider than this no terminal is, and a mistyped number shows.
const MAX_WIDTH: u64 = 1_000;

/// What is read, and how it is understood.
#[derive(Debug, Args)]
pub struct InputArgs {
    /// Logs, crash dumps, goroutine captures; `-` is standard input
    ///
    /// Several files are read as one incident: a crash with the captures that belong to it. Without files, standard input is read.
    /// gzip, zstd, bzip2, xz, tar and zip are recognised by their contents; the members of an archive are inputs, named archive!member.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// How they are read.
    #[command(flatten)]
    capture: CaptureArgs,
    /// Never join files into one incident
    ///
    /// By default captures without a crash join the crash given with them. With this option every file is looked at alone: logs of
    /// different processes, for instance.
    #[arg(long, help_heading = "Input")]
    separate: bool,
}

/// How captures are read, one or several.
#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// Go version of the program, such as 1.23, instead of the inferred one
    ///
    /// The version decides the layout of maps and what the runtime's line numbers mean. It is inferred from the dump; set it where
    /// the report says that it is not known, or doubts it. Example: --go 1.23.4
    #[arg(long, value_name = "VERSION", help_heading = "Input")]
    go: Option<GoBuild>,
    /// Read at most this much of each input, such as 500M
    ///
    /// Bytes after decompression; the suffixes K, M and G count in steps of 1024. What was read is analysed, the report says where it
    /// was cut, and the exit code is 2. Default: 4G.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Input")]
    max_bytes: Option<u64>,
    /// Redaction.
    #[command(flatten)]
    redact: RedactArgs,
}

/// How a report is printed.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Form of the report
    ///
    /// `text` is for a terminal, `markdown` for tickets and pull requests, `html` one file with pictures for a browser, `json` for
    /// programs: `gotriage schema` prints the schema, `gotriage schema diff` that of diff.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Output"
    )]
    format: FormatArg,
    /// Show long lists in full
    ///
    /// Text, Markdown and HTML show the largest groups, conflicts and sites, and of a comparison what changed. JSON has everything.
    #[arg(long, help_heading = "Output")]
    all: bool,
    /// Colours and width.
    #[command(flatten)]
    page: PageArgs,
}

/// How text looks.
#[derive(Debug, Args)]
pub struct PageArgs {
    /// Colours in the text
    ///
    /// `auto` colours on a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours everywhere.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    color: ColourArg,
    /// Columns of the text
    ///
    /// By default the width of the terminal, or COLUMNS where it is set, or 80 into a file or pipe. At least 20.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(MIN_WIDTH as u64..=MAX_WIDTH), help_heading = "Output")]
    width: Option<u64>,
}

impl PageArgs {
    /// As plain settings.
    pub fn settings(&self) -> Page {
        Page {
            colour: self.color.into(),
            width: self.width.and_then(|width| usize::try_from(width).ok()),
        }
    }
}

/// Forms of a report.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FormatArg {
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
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ColourArg {
    /// On a terminal.
    Auto,
    /// Into files as well.
    Always,
    /// Not at all.
    Never,
}

/// Grades that may fail a run.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum GradeArg {
    /// And above.
    Possible,
    /// And above.
    Probable,
    /// Alone.
    Confirmed,
}

impl CaptureArgs {
    /// What to read of these files.
    pub fn reading(&self, files: Vec<PathBuf>) -> ReadSettings {
        ReadSettings {
            files,
            max_bytes: self.max_bytes.unwrap_or(DEFAULT_MAX_BYTES),
            redact: self.redact.settings(),
        }
    }

    /// What steers the analysis of them.
    pub fn options(&self, separate: bool) -> Options {
        Options {
            go: self.go,
            separate,
            ..Options::default()
        }
    }
}

impl InputArgs {
    /// What to read.
    pub fn settings(&self) -> ReadSettings {
        self.capture.reading(self.files.clone())
    }

    /// What steers the analysis.
    pub fn options(&self) -> Options {
        self.capture.options(self.separate)
    }
}

impl ReportArgs {
    /// As plain settings.
    pub fn settings(&self) -> Form {
        Form {
            format: self.format.into(),
            all: self.all,
            page: self.page.settings(),
        }
    }
}

impl From<ColourArg> for Colour {
    fn from(arg: ColourArg) -> Self {
        match arg {
            ColourArg::Auto => Colour::Auto,
            ColourArg::Always => Colour::Always,
            ColourArg::Never => Colour::Never,
        }
    }
}

impl From<FormatArg> for OutputFormat {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Text => OutputFormat::Text,
            FormatArg::Json => OutputFormat::Json,
            FormatArg::Markdown => OutputFormat::Markdown,
            FormatArg::Html => OutputFormat::Html,
        }
    }
}

impl From<GradeArg> for Grade {
    fn from(arg: GradeArg) -> Self {
        match arg {
            GradeArg::Possible => Grade::Possible,
            GradeArg::Probable => Grade::Probable,
            GradeArg::Confirmed => Grade::Confirmed,
        }
    }
}

/// `500M` in bytes.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || {
        format!("\"{text}\" is not a size; write bytes, or a number with K, M or G, such as 500M")
    };
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let unit = text.get(digits.len()..).unwrap_or_default();
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        _ => return Err(wrong()),
    };
    match number.checked_mul(1 << shift) {
        Some(0) | None => Err(wrong()),
        Some(bytes) => Ok(bytes),
    }
}
