//! The arguments of `gotriage diff`; see [`crate::cli::shared`] for those that others take, too.

use super::DiffSettings;
use crate::cli::shared::{CaptureArgs, GradeArg, ReportArgs};
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

  # What changed between two execution traces: who has not moved, who came, who waits longer
  curl -so before.trace 'http://HOST:6060/debug/pprof/trace?seconds=5'
  curl -so after.trace 'http://HOST:6060/debug/pprof/trace?seconds=5'
  gotriage diff before.trace after.trace

  # For the ticket, for a script, for CI
  gotriage diff --format markdown before.txt after.txt
  gotriage diff --format json before.txt after.txt | jq .verdict
  gotriage diff --fail-on probable before.txt after.txt")]
pub struct DiffArgs {
    /// The earlier capture; `-` is standard input
    ///
    /// A crash dump, SIGQUIT text or debug=2 text, in a log or alone; a profile; or an execution trace. Of a file with several incidents the last one is
    /// taken.
    #[arg(value_name = "BEFORE", value_hint = ValueHint::FilePath)]
    before: PathBuf,
    /// The later capture of the same process; `-` is standard input
    ///
    /// What speaks against one process is said: ids that stand for goroutines of different origin, ids that fell, other releases,
    /// builds or programs.
    #[arg(value_name = "AFTER", value_hint = ValueHint::FilePath)]
    after: PathBuf,
    /// How they are read.
    #[command(flatten)]
    capture: CaptureArgs,
    /// Form of the answer.
    #[command(flatten)]
    report: ReportArgs,
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
            read: self
                .capture
                .reading(vec![self.before.clone(), self.after.clone()]),
            options: self.capture.options(true),
            form: self.report.settings(),
            fail_on: self.fail_on.map(Into::into),
        }
    }
}
