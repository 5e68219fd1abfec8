//! The arguments of `gotriage ci`; see [`crate::cli::shared`] for those that others take, too.

use super::{CiSettings, Files, System};
use crate::cli::redact::args::RedactArgs;
use crate::cli::shared::{GradeArg, size};
use crate::goruntime::version::GoBuild;
use crate::input::DEFAULT_MAX_BYTES;
use crate::triage::Options;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Test runs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # In a pipe: the log as it comes, then what it means
  go test -race ./... 2>&1 | gotriage ci --tee

  # GitHub Actions: annotations and the step's summary come by themselves; SARIF for code scanning
  go test -race -json ./... 2>&1 | gotriage ci --sarif gotriage.sarif

  # GitLab: the code quality report comes by itself; JUnit for the tests tab
  go test -race ./... 2>&1 | gotriage ci --tee --junit junit.xml

  # All forms at once, of a log that is there already, built elsewhere
  gotriage ci --out report --strip-prefix /builds/group/app test.log

  # For others: messages, labels, names of subtests and hosts replaced; annotations stay on their lines
  gotriage ci --redact --out report test.log

With --redact=all code is replaced as well, and no annotation finds its line.

Exit codes:
  0  no finding; tests may have failed without a crash: ask go test (set -o pipefail)
  1  a finding (a panic, a fatal error, a race, a timeout, a leak, what did not build), or one of the grade of --fail-on
  2  wrong usage, unreadable input, an output that could not be written
  3  no output of go test was recognised")]
pub struct CiArgs {
    /// Output of go test, plain or -json; standard input without it
    ///
    /// Both streams of it: build errors go to standard error. `-` is standard input; .gz and .zst are read too.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Pass the input through to standard output, as it comes
    ///
    /// Byte for byte, and at once. What gotriage has to say of it goes to standard error then, workflow commands of --github apart. Not
    /// with --redact, which would be in vain.
    #[arg(long, conflicts_with = "redact", help_heading = "Input")]
    tee: bool,
    /// What stands before the repository's paths in the log
    ///
    /// For programs that were built elsewhere; may be given several times, the first that fits is taken. Directories that frames and
    /// go.mod give away need no mention. Example: --strip-prefix /builds/group/app
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    strip_prefix: Vec<String>,
    /// Go version of the program, such as 1.23, instead of the inferred one
    ///
    /// The version decides what runtime frames mean. Example: --go 1.23.4
    #[arg(long, value_name = "VERSION", help_heading = "Input")]
    go: Option<GoBuild>,
    /// Read at most this much of the input, such as 500M
    ///
    /// Bytes after decompression; the suffixes K, M and G count in steps of 1024. What was read is analysed, and the exit code is 2.
    /// Default: 4G.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Input")]
    max_bytes: Option<u64>,
    /// Redaction.
    #[command(flatten)]
    redact: RedactArgs,
    /// Write all forms into this directory
    ///
    /// It is made where it is missing: gotriage.json, gotriage.html, gotriage.md, gotriage.sarif, junit.xml, gl-code-quality-report.json and
    /// summary.md.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Output")]
    out: Option<PathBuf>,
    /// Write SARIF 2.1.0 to this file
    ///
    /// For code scanning. `-` is standard output, here and with the other files; a file is replaced as a whole, or left alone.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    sarif: Option<PathBuf>,
    /// Write JUnit XML to this file
    ///
    /// All tests that the log names; crashes, races, leaks and timeouts are errors of the test they belong to.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    junit: Option<PathBuf>,
    /// Write GitLab's code quality report to this file
    ///
    /// Findings without a line in the repository are left out, since GitLab takes none. In GitLab CI, without this option and --out, it
    /// is gl-code-quality-report.json in the current directory.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    gitlab: Option<PathBuf>,
    /// Write Markdown to this file
    ///
    /// The summary, and the four-step report on each process that died.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    markdown: Option<PathBuf>,
    /// Write JSON to this file
    ///
    /// The report (gotriage.report/1) with `tests` and `findings` beside it; `gotriage schema ci` prints its schema.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    json: Option<PathBuf>,
    /// Write a page for browsers to this file
    ///
    /// Findings and tests, and the four-step report with its pictures on each process that died: one file that loads nothing.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    html: Option<PathBuf>,
    /// Write the summary, as Markdown, to this file
    ///
    /// In GitHub Actions the step's summary gets it anyway.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    summary: Option<PathBuf>,
    /// Print GitHub workflow commands, which become annotations
    ///
    /// To standard output. In GitHub Actions they are printed anyway.
    #[arg(long, help_heading = "Output")]
    github: bool,
    /// The CI system to write for
    ///
    /// `auto` looks at GITHUB_ACTIONS and GITLAB_CI. `none` writes what the options name and nothing else.
    #[arg(
        long,
        value_name = "SYSTEM",
        default_value = "auto",
        help_heading = "Output"
    )]
    system: SystemArg,
    /// Exit with 1 if a finding has this grade or a higher one
    ///
    /// Without it any finding does. `never` always reports and never fails.
    #[arg(long, value_name = "GRADE", help_heading = "Output")]
    fail_on: Option<FailArg>,
}

/// CI systems.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum SystemArg {
    /// As the environment says.
    Auto,
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// Files and standard output alone.
    None,
}

/// Grades that fail a run, and none.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailArg {
    /// And above.
    Possible,
    /// And above.
    Probable,
    /// Alone.
    Confirmed,
    /// Not at all.
    Never,
}

impl CiArgs {
    /// As plain settings.
    pub fn settings(&self) -> CiSettings {
        CiSettings {
            file: self.file.clone(),
            tee: self.tee,
            redact: self.redact.settings(),
            max_bytes: self.max_bytes.unwrap_or(DEFAULT_MAX_BYTES),
            options: Options {
                go: self.go,
                ..Options::default()
            },
            prefixes: self.strip_prefix.clone(),
            files: Files {
                out: self.out.clone(),
                sarif: self.sarif.clone(),
                junit: self.junit.clone(),
                gitlab: self.gitlab.clone(),
                markdown: self.markdown.clone(),
                json: self.json.clone(),
                html: self.html.clone(),
                summary: self.summary.clone(),
            },
            github: self.github,
            system: match self.system {
                SystemArg::Auto => None,
                SystemArg::Github => Some(System::GitHub),
                SystemArg::Gitlab => Some(System::GitLab),
                SystemArg::None => Some(System::None),
            },
            fail_on: match self.fail_on {
                None => super::FailOn::Any,
                Some(FailArg::Never) => super::FailOn::Never,
                Some(FailArg::Possible) => super::FailOn::Grade(GradeArg::Possible.into()),
                Some(FailArg::Probable) => super::FailOn::Grade(GradeArg::Probable.into()),
                Some(FailArg::Confirmed) => super::FailOn::Grade(GradeArg::Confirmed.into()),
            },
        }
    }
}
