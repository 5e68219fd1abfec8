//! The arguments of `gotriage suspects`; see [`crate::cli::shared`] for those that others take, too.

use super::SuspectsSettings;
use crate::cli::shared::PageArgs;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// The review.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # Maps that several goroutines write without protection
  gotriage suspects .

  # In CI: remarks on the lines of a pull request, or for code scanning; fail if there is any
  gotriage suspects . --format github --fail
  gotriage suspects . --format sarif > suspects.sarif

  # After a crash, with the dump to narrow it down
  gotriage --src . crash.log")]
pub struct SuspectsArgs {
    /// Directory of the module, or one below it
    ///
    /// The nearest go.mod there or above decides. What go build leaves out is left out: vendor, testdata, other systems' files, and
    /// tests.
    #[arg(value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// Form of the answer
    ///
    /// `text` is for a terminal, `markdown` for pull requests, `json` for programs (`gotriage schema suspects` prints its schema),
    /// `sarif` for code scanning, `github` for annotations in GitHub's actions.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Output"
    )]
    format: SuspectsFormat,
    /// Show all suspects and notes instead of the first
    ///
    /// Text and Markdown fold long lists. The other forms have everything.
    #[arg(long, help_heading = "Output")]
    all: bool,
    /// Colours and width.
    #[command(flatten)]
    page: PageArgs,
    /// Exit with 1 if there is any suspect
    ///
    /// For CI. The answer is the same.
    #[arg(long, help_heading = "Output")]
    fail: bool,
}

/// Forms of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SuspectsFormat {
    /// For terminals.
    Text,
    /// For programs.
    Json,
    /// For pull requests.
    Markdown,
    /// For code scanning.
    Sarif,
    /// For GitHub's actions.
    Github,
}

impl SuspectsArgs {
    /// As plain settings.
    pub fn settings(&self) -> SuspectsSettings {
        SuspectsSettings {
            dir: self.dir.clone(),
            format: self.format,
            page: self.page.settings(),
            all: self.all,
            fail: self.fail,
        }
    }
}
