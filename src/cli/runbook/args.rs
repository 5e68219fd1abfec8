//! The arguments of `gotriage runbook`; see [`crate::cli::shared`] for those that others take, too.

use super::RunbookSettings;
use crate::cli::shared::PageArgs;
use crate::goruntime::version::GoVersion;
use crate::triage::runbook::Target;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// How to capture more.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # All ways to look into a Go process
  gotriage runbook --host localhost:6060 --pid 4711

  # What settles a verdict, or what a report lacks
  gotriage runbook lock-hang --host 10.0.3.7:6060
  gotriage runbook crash.log --pod checkout-7d9f-abcde
  gotriage --format json crash.log > report.json && gotriage runbook report.json

  # For the wiki
  gotriage runbook --format markdown > runbook.md")]
pub struct RunbookArgs {
    /// A verdict, a report (JSON) or a log; all captures without it
    ///
    /// A verdict is a word such as lock-hang, map-write-write or goroutine-leak. Of a log or a report of --format json the verdict, the Go
    /// version and what is missing are taken.
    #[arg(value_name = "WHAT")]
    what: Option<PathBuf>,
    /// Take the incident with this number, counted from 1
    ///
    /// Of a log or report with several. By default the first.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Input")]
    incident: Option<u32>,
    /// Go version of the program, such as 1.23
    ///
    /// Leaves out what that version does not have. By default what the log or report tells.
    #[arg(long, value_name = "VERSION", help_heading = "Input")]
    go: Option<GoVersion>,
    /// Where the program serves net/http/pprof: HOST:PORT
    ///
    /// Put into the commands. Example: --host localhost:6060
    #[arg(long, value_name = "ADDRESS", value_parser = plain, help_heading = "Target")]
    host: Option<String>,
    /// Id of the process
    ///
    /// Put into the commands.
    #[arg(long, value_name = "PID", help_heading = "Target")]
    pid: Option<u32>,
    /// Name of the pod
    ///
    /// Put into the commands.
    #[arg(long, value_name = "POD", value_parser = plain, help_heading = "Target")]
    pod: Option<String>,
    /// Form of the runbook
    ///
    /// `text` is for a terminal, `markdown` for a wiki, `json` for programs: the schema gotriage.runbook/1, which
    /// `gotriage schema runbook` prints.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Output"
    )]
    format: RunbookFormat,
    /// Colours and width.
    #[command(flatten)]
    page: PageArgs,
}

/// Forms of a runbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RunbookFormat {
    /// For terminals.
    Text,
    /// For programs.
    Json,
    /// For a wiki.
    Markdown,
}

/// Names go into commands that are pasted into a shell: what could end a word there is refused.
fn plain(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:[]/".contains(c);
    match !text.is_empty() && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => {
            Err("letters, digits and -._:[]/ are taken, since it goes into commands".to_owned())
        }
    }
}

impl RunbookArgs {
    /// As plain settings.
    pub fn settings(&self) -> RunbookSettings {
        RunbookSettings {
            what: self.what.clone(),
            incident: self.incident,
            go: self.go,
            target: Target {
                host: self.host.clone(),
                pid: self.pid,
                pod: self.pod.clone(),
            },
            format: self.format,
            page: self.page.settings(),
        }
    }
}
