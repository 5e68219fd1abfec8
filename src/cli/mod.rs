//! The command line: arguments, what is printed where, exit codes. The only room that prints.
//!
//! `main` calls [`run`]. Arguments are defined in [`args`] and turned into plain settings there; each subcommand has its file, and
//! [`analyse`], the default, is the walk through all rooms.

mod analyse;
mod args;
mod ci;
mod completions;
mod diff;
mod exit;
mod graph;
mod man;
mod map;
mod merge;
mod output;
mod progress;
mod read;
mod redact;
mod repro;
mod runbook;
mod scan;
mod schema;
mod shared;
mod show;
mod suspects;
mod trace;

pub use exit::Exit;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use std::ffi::OsString;
use std::io::{IsTerminal, stdin};

/// Runs the program with its arguments, the program's own name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(args) = trace_alone(&arguments) {
        return trace::run(&args);
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(answer) => return parsed_to_an_answer(&answer),
    };
    match cli.command {
        None if cli.analyse.input.files.is_empty() && stdin().is_terminal() => short_help(),
        None => analyse::run(&cli.analyse.settings()),
        Some(Command::Repro(args)) => repro::run(&args.settings()),
        Some(Command::Scan(args)) => scan::run(&args.settings()),
        Some(Command::Merge(args)) => merge::run(&args.settings()),
        Some(Command::Ci(args)) => ci::run(&args.settings()),
        Some(Command::Diff(args)) => diff::run(&args.settings()),
        Some(Command::Graph(args)) => graph::run(&args.settings()),
        Some(Command::Trace(args)) => trace::run(&args),
        Some(Command::Runbook(args)) => runbook::run(&args.settings()),
        Some(Command::Redact(args)) => redact::run(&args.settings()),
        Some(Command::Suspects(args)) => suspects::run(&args.settings()),
        Some(Command::Map(command)) => map::run(&command),
        Some(Command::Schema(args)) => schema::run(args.of),
        Some(Command::Man(args)) => man::run(args.directory.as_deref()),
        Some(Command::Completions(args)) => completions::run(args.shell),
    }
}

/// The arguments of `gotriage trace`, without those of all other commands, whose building takes longer than reading a small trace. `None`
/// where another command or help is asked for, or something is wrong, which the whole of the arguments knows better to tell.
fn trace_alone(arguments: &[OsString]) -> Option<args::TraceArgs> {
    let (_, own) = arguments.split_first()?;
    if own.first()? != "trace" {
        return None;
    }
    let alone = args::TraceAlone::try_parse_from(own).ok()?;
    Some(alone.args)
}

/// Help and version come out of the parser as errors that go to stdout; wrong usage goes to stderr.
fn parsed_to_an_answer(answer: &clap::Error) -> Exit {
    // A closed pipe behind `--help | head` is no failure.
    let _ = answer.print();
    if answer.use_stderr() {
        Exit::Incomplete
    } else {
        Exit::Analysed
    }
}

/// Nothing to read: neither a file nor a pipe.
fn short_help() -> Exit {
    output::complain("nothing to read: pass a file, or pipe a log in");
    let help = Cli::command().render_help();
    output::to_stderr(&help.to_string());
    Exit::Incomplete
}
