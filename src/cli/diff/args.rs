//! The arguments of `gotriage diff`; see [`crate::cli::args`] for those shared by all commands.

use super::DiffSettings;
use crate::cli::args::{FormatArg, GradeArg, size};
use crate::cli::read::ReadSettings;
use crate::cli::redact::args::RedactArgs;
use crate::cli::show::PageArgs;
use crate::goruntime::version::GoBuild;
use crate::input::DEFAULT_MAX_BYTES;
use crate::triage::Options;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// The comparison.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # Does it leak? Two captures a minute apart
  curl -s 'http://HOST:6060/debug/pprof/goroutine?debug=2' > before.txt
  sleep 60
  curl -s 'http://HOST:6060/debug/pprof/goroutine?debug=2' > after.txt
  gotriage diff before.txt after.txt

  # Does memory grow? What is contended more? Profiles of one kind, and a goroutine profile with a dump
  gotriage diff heap-before.pb.gz heap-after.pb.gz
  gotriage diff goroutine.pb.gz after.txt

  # For the ticket, for a script, for CI
  gotriage diff --format markdown before.txt after.txt
  gotriage diff --format json before.txt after.txt | jq .verdict
  gotriage diff --fail-on probable before.txt after.txt")]
pub struct DiffArgs {
    /// The earlier capture; `-` is standard input
    ///
    /// A crash dump, SIGQUIT text or debug=2 text, in a log or alone; or a profile. Of a file with several incidents the last one is
    /// taken.
    #[arg(value_name = "BEFORE", value_hint = ValueHint::FilePath)]
    before: PathBuf,
    /// The later capture of the same process; `-` is standard input
    ///
    /// What speaks against one process is said: ids that stand for goroutines of different origin, ids that fell, other releases,
    /// builds or programs.
    #[arg(value_name = "AFTER", value_hint = ValueHint::FilePath)]
    after: PathBuf,
    /// Go version of the program, such as 1.23, instead of the inferred one
    ///
    /// The version decides what runtime frames mean. Example: --go 1.23.4
    #[arg(long, value_name = "VERSION", help_heading = "Input")]
    go: Option<GoBuild>,
    /// Read at most this much of each input, such as 500M
    ///
    /// Bytes after decompression; the suffixes K, M and G count in steps of 1024. What was read is compared, and the exit code is 2.
    /// Default: 4G.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Input")]
    max_bytes: Option<u64>,
    /// Redaction.
    #[command(flatten)]
    redact: RedactArgs,
    /// Form of the answer
    ///
    /// `text` is for a terminal, `markdown` for tickets and pull requests, `html` one file for a browser, `json` for programs: the
    /// schema gotriage.diff/1, which `gotriage schema diff` prints.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Output"
    )]
    format: FormatArg,
    /// Show all groups and waits instead of those that changed
    ///
    /// Text, Markdown and HTML leave out what is equal in both captures. JSON has everything.
    #[arg(long, help_heading = "Output")]
    all: bool,
    /// Colours and width.
    #[command(flatten)]
    page: PageArgs,
    /// Exit with 1 if a leak or hang of this grade or a higher one shows
    ///
    /// For CI: a capture before and one after a load test. The answer is the same.
    #[arg(long, value_name = "GRADE", help_heading = "Output")]
    fail_on: Option<GradeArg>,
}

impl DiffArgs {
    /// As plain settings.
    pub fn settings(&self) -> DiffSettings {
        DiffSettings {
            read: ReadSettings {
                files: vec![self.before.clone(), self.after.clone()],
                max_bytes: self.max_bytes.unwrap_or(DEFAULT_MAX_BYTES),
                redact: self.redact.settings(),
            },
            options: Options {
                go: self.go,
                separate: true,
                ..Options::default()
            },
            format: self.format.into(),
            colour: self.page.colour(),
            all: self.all,
            width: self.page.width(),
            fail_on: self.fail_on.map(Into::into),
        }
    }
}
