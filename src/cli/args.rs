//! Every argument, defined once: help, man pages and completions are generated from here.
//!
//! [`super::run`] parses [`Cli`]; each subcommand turns its arguments into plain settings ([`AnalyseArgs::settings`]), so that no
//! other room meets a type of the parser. What several commands take stands in [`super::shared`], what one of the larger ones takes
//! in its folder.

use super::analyse::AnalyseSettings;
use super::ci::args::CiArgs;
use super::diff::args::DiffArgs;
use super::graph::args::GraphArgs;
use super::map::args::MapCommand;
use super::merge::args::MergeArgs;
use super::redact::args::{RedactArgs, RedactCommand};
use super::repro::ReproSettings;
use super::runbook::args::RunbookArgs;
use super::scan::args::ScanArgs;
use super::shared::{GradeArg, InputArgs, ReportArgs, size};
use super::show::ShowArgs;
use super::suspects::args::SuspectsArgs;
use crate::analyze::trace::TOP_WAITING;
use crate::input::DEFAULT_MAX_BYTES;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

const ABOUT: &str =
    "Reads what a dead or hanging Go program left behind and says what happened, with evidence";

const LONG_ABOUT: &str = "\
Reads what a dead or hanging Go program left behind (the text of a panic, a fatal error, SIGQUIT, the race detector, \
/debug/pprof/goroutine?debug=2), its profiles (binary or debug=1, perf script, folded stacks) or an execution trace, and prints what \
happened, where to look first, and what to do: observe, locate, anatomy, verify and mitigate.

Logs may be passed as they are: wrappers of log systems are taken off, unrelated lines are set aside, compressed files and archives \
are opened. Several files are one incident; `gotriage scan` looks for all incidents in many.";

const EXAMPLES: &str = "\
Examples:
  # What happened, and what to do
  gotriage crash.log

  # A container that died, a process that hangs or leaks
  kubectl logs -p POD | gotriage
  curl -s 'http://HOST:6060/debug/pprof/goroutine?debug=2' | gotriage

  # Goroutines inside map operations, hot writes, locks, memory
  curl -s http://HOST:6060/debug/pprof/goroutine | gotriage
  gotriage --exe ./app heap.debug1.txt
  perf script | gotriage

  # A crash and a capture, as one incident
  gotriage crash.log goroutines.txt

  # Who was the other one? With the source of the program
  gotriage --src . crash.log

  # With what a debugger read of the process's maps, from its core
  gotriage --snapshot gotriage-snapshot.json crash.log

  # For the ticket, for a script
  gotriage --format markdown crash.log
  gotriage --format html crash.log > report.html
  gotriage --format json crash.log | jq '.incidents[].verdict'

  # In CI: exit 1 if there is a conflict
  go test -race ./... 2>&1 | gotriage --fail-on probable

  # Does it leak, does it hang: two captures of one process
  gotriage diff before.txt after.txt

  # Without tenants, users, tokens: the report, or the log itself
  gotriage --redact --format markdown crash.log
  gotriage redact crash.log > crash.redacted.log

  # A year's logs: which crashes, how often, since when
  gotriage scan /var/log/pods incidents.tar.gz

  # A picture, a program that dies the same way
  gotriage graph crash.log -o creation.svg
  gotriage repro crash.log -o main.go

Exit codes:
  0  the input was analysed, whatever it showed
  1  with --fail-on: something of that grade or above was found
  2  wrong usage, unreadable input, or a limit was reached
  3  nothing from Go was recognised";

/// The program.
#[derive(Debug, Parser)]
#[command(
    name = "gotriage", version, about = ABOUT, long_about = LONG_ABOUT, after_help = EXAMPLES,
    args_conflicts_with_subcommands = true, max_term_width = 100
)]
pub struct Cli {
    /// What to do instead of the analysis.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The default: analyse.
    #[command(flatten)]
    pub analyse: AnalyseArgs,
}

/// What else there is.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a Go program that dies the same way
    Repro(ReproArgs),
    /// Find the crashes in many logs: how often, since when, where
    Scan(ScanArgs),
    /// Put the results of several scans together
    Merge(MergeArgs),
    /// Read the output of go test; write annotations and reports for CI
    Ci(CiArgs),
    /// Compare two captures of one process: what grew, what hangs
    Diff(DiffArgs),
    /// Draw who created whom, who fought over a map, or who waits for what
    Graph(GraphArgs),
    /// Report an execution trace: who ran, waited, woke whom
    Trace(TraceArgs),
    /// Print how to capture more: for a verdict, a report, a log
    Runbook(RunbookArgs),
    /// Replace what is somebody's: a dump that can be posted
    Redact(RedactCommand),
    /// Find maps in Go source that two goroutines may use at once
    Suspects(SuspectsArgs),
    /// Where keys and addresses lie in Go's maps, and how maps grow
    #[command(subcommand)]
    Map(MapCommand),
    /// Print the JSON schema of --format json
    Schema(SchemaArgs),
    /// Print the manual pages, or write them to a directory
    Man(ManArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// Execution traces.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gotriage trace trace.out
  curl -s 'http://localhost:6060/debug/pprof/trace?seconds=5' | gotriage trace
  gotriage trace trace.out --format json --top 100")]
pub struct TraceArgs {
    /// The trace; standard input without it
    ///
    /// What runtime/trace, go test -trace, /debug/pprof/trace or a flight recorder wrote, of any Go version since 1.11; compressed
    /// too. One that was cut by a crash is read as far as it goes. The text of `go tool trace -d=parsed` (`-d` up to 1.21) and the JSON
    /// that its server gives a browser (/jsontrace) are read, too; what they leave out is said.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Goroutines listed by their time in waits
    ///
    /// In top_waiting of the JSON.
    #[arg(long, value_name = "N", default_value_t = TOP_WAITING, help_heading = "Output")]
    pub top: usize,
    /// Read at most this much of the input
    ///
    /// After decompression; bytes, or with K, M or G behind.
    #[arg(long, value_name = "SIZE", default_value_t = DEFAULT_MAX_BYTES, value_parser = size, hide_default_value = true, help_heading = "Input")]
    pub max_bytes: u64,
    /// Redaction, of the text form.
    #[command(flatten)]
    pub redact: RedactArgs,
    /// Output.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// The same as a command of its own.
#[derive(Debug, Parser)]
pub struct TraceAlone {
    /// Its arguments.
    #[command(flatten)]
    pub args: TraceArgs,
}

/// Schemas.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Whose output
    ///
    /// `report` is the analysis; the others are the commands of that name, `map-layout` and the like those of `gotriage map`.
    /// Lines that answer --queries are the AnswerLine of map-locate.
    #[arg(value_name = "OUTPUT", default_value = "report")]
    pub of: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// `gotriage.report/1`.
    Report,
    /// `gotriage.graph/1`.
    Graph,
    /// `gotriage.diff/1`.
    Diff,
    /// `gotriage.scan/1`.
    Scan,
    /// A line of scan --format jsonl.
    ScanLine,
    /// `gotriage.report/1` with tests and findings.
    Ci,
    /// `gotriage.trace/1`.
    Trace,
    /// `gotriage.runbook/1`.
    Runbook,
    /// `gotriage.suspects/1`.
    Suspects,
    /// `gotriage.map-layout/1`.
    MapLayout,
    /// `gotriage.map-locate/1`.
    MapLocate,
    /// `gotriage.map-grow/1`.
    MapGrow,
    /// `gotriage.map-explain/1`.
    MapExplain,
}

/// The analysis.
#[derive(Debug, Args)]
pub struct AnalyseArgs {
    /// Inputs.
    #[command(flatten)]
    pub input: InputArgs,
    /// The program that was running, to name addresses in profiles
    ///
    /// Text profiles (debug=1) leave the runtime's frames as bare addresses, and with them the map operations; the program's own tables
    /// name them, stripped or not. It has to be the very build that wrote the profile. Example: --exe ./app goroutine.txt
    #[arg(long, value_name = "FILE", conflicts_with = "redact", value_hint = ValueHint::FilePath, help_heading = "Input")]
    exe: Option<PathBuf>,
    /// Go source of the program, to find who else is at the map
    ///
    /// The directory of its module, or one below it, at the revision that was running. Where a map crashed, every other line that
    /// writes the same map is found, with the locks held there, and ranked as suspect. Example: --src . crash.log
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Input")]
    src: Option<PathBuf>,
    /// Snapshot of the process's maps: gotriage.map-snapshot/1
    ///
    /// From a core of the same process, or from the process while it lived; `gotriage map probe` prints the debugger script that
    /// writes one. Step 3 then names types, fields, and the buckets or slots of keys and addresses. It is tied by addresses, which
    /// --redact replaces: not with that.
    #[arg(long, value_name = "FILE", conflicts_with = "redact", value_hint = ValueHint::FilePath, help_heading = "Memory")]
    snapshot: Option<PathBuf>,
    /// Secrets of the process's hash, in the same form
    ///
    /// For a snapshot that lacks them. Maps in this file are not used, and without --snapshot it places no key: the map's own seed
    /// and size are needed as well.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Memory")]
    secrets: Option<PathBuf>,
    /// Form of the report.
    #[command(flatten)]
    report: ReportArgs,
    /// Exit with 1 if a verdict or conflict has this grade or a higher one
    ///
    /// For CI. The report is the same. Goroutines of a healthy process never fail, whatever the grade. Example:
    /// go test -race ./... 2>&1 | gotriage --fail-on probable
    #[arg(long, value_name = "GRADE", help_heading = "Output")]
    fail_on: Option<GradeArg>,
}

/// The reproduction.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gotriage repro crash.log
  gotriage repro crash.log -o main.go && go run -race main.go
  kubectl logs -p POD | gotriage repro -o main.go")]
pub struct ReproArgs {
    /// Inputs.
    #[command(flatten)]
    pub input: InputArgs,
    /// Write the program to this file instead of standard output
    ///
    /// An existing file is kept unless --force is given.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    output: Option<PathBuf>,
    /// Overwrite the file of --output
    ///
    /// Without it an existing file is an error.
    #[arg(long, requires = "output", help_heading = "Output")]
    force: bool,
    /// Take the incident with this number, counted from 1
    ///
    /// By default the first one that a program can be made for. The report numbers its incidents.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Input")]
    incident: Option<u32>,
}

/// Manual pages.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # Read them, install them
  gotriage man | man -l -
  gotriage man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write one page for each subcommand into this directory
    ///
    /// It has to exist. Without it all pages go to standard output.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
}

/// Completions.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gotriage completions bash > ~/.local/share/bash-completion/completions/gotriage
  gotriage completions zsh > \"${fpath[1]}/_gotriage\"
  gotriage completions fish > ~/.config/fish/completions/gotriage.fish")]
pub struct CompletionsArgs {
    /// The shell to complete in
    ///
    /// The script goes to standard output.
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

impl AnalyseArgs {
    /// As plain settings.
    pub fn settings(&self) -> AnalyseSettings {
        AnalyseSettings {
            read: self.input.settings(),
            options: self.input.options(),
            exe: self.exe.clone(),
            src: self.src.clone(),
            snapshot: self.snapshot.clone(),
            secrets: self.secrets.clone(),
            form: self.report.settings(),
            fail_on: self.fail_on.map(Into::into),
        }
    }
}

impl ReproArgs {
    /// As plain settings.
    pub fn settings(&self) -> ReproSettings {
        ReproSettings {
            read: self.input.settings(),
            options: self.input.options(),
            output: self.output.clone(),
            force: self.force,
            incident: self.incident,
        }
    }
}

#[cfg(test)]
mod tests;
