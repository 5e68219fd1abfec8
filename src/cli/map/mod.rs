//! `gotriage map`: the map room's own questions, a file for each subcommand.
//!
//! A subcommand makes a result of `gomap` from its arguments and hands it to [`show`]; what it looks like is `render::map`'s
//! business. [`given`] makes snapshots and secrets of files and flags, [`missing`] tells what hashes lack.

pub mod args;
mod explain;
pub(super) mod given;
mod grow;
mod layout;
mod locate;
mod missing;
mod probe;

pub use explain::Explained;
pub use grow::Growth;
pub use layout::Layouts;
pub use locate::Located;

use super::exit::Exit;
use super::output;
use super::show::ShowArgs;
use crate::gomap::target::{Target, TargetError};
use crate::goruntime::version::{GoBuild, GoVersion, RELEASES};
use crate::render::sheet::Block;
use args::{MapCommand, TargetArgs};
use serde::Serialize;
use std::fmt;

/// Runs one of the subcommands; a message on stderr and exit code 2 where it can't be done.
pub fn run(command: &MapCommand) -> Exit {
    let done = match command {
        MapCommand::Layout(args) => layout::run(args),
        MapCommand::Locate(args) => locate::run(args),
        MapCommand::Grow(args) => grow::run(args),
        MapCommand::Explain(args) => explain::run(args),
        MapCommand::Probe(args) => probe::run(args),
    };
    done.unwrap_or_else(|Refused(message)| {
        output::complain(&message);
        Exit::Incomplete
    })
}

/// Why a subcommand can't answer, in a sentence.
pub struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Refused {
    fn from(error: E) -> Self {
        Refused(error.to_string())
    }
}

type Done = Result<Exit, Refused>;

/// Prints a result: the blocks as text, or the value as JSON.
fn show(args: &ShowArgs, result: &impl Serialize, blocks: impl FnOnce() -> Vec<Block>) -> Done {
    Ok(args.print(result, blocks))
}

/// The build and machine that were named; the newest known Go on amd64 where not.
fn target(args: &TargetArgs) -> Result<Target, TargetError> {
    let newest = RELEASES.last().map_or(0, |release| release.minor);
    let build = args.go.unwrap_or(GoBuild {
        version: GoVersion::minor(newest),
        map_experiment: None,
    });
    Target::new(build, args.arch.unwrap_or_default())
}
