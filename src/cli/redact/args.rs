//! The arguments of `gotriage redact`, and `--redact` of all commands that read logs.

use super::{Asked, RedactSettings};
use crate::cli::read::ReadSettings;
use crate::cli::shared::size;
use crate::input::DEFAULT_MAX_BYTES;
use crate::redact::{Scope, TABLE};
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  # For a public issue: look through it before it is posted
  gotriage redact crash.log > crash.redacted.log

  # A crash and the captures that belong to it, with the same pseudonyms
  gotriage redact crash.log goroutines.txt --dir redacted

  # Names of the own code are secret as well
  gotriage redact --what all crash.log -o crash.redacted.log

  # Only the report
  gotriage --redact --format markdown crash.log";

/// `--redact`, flattened into every command that reads inputs.
#[derive(Clone, Debug, Default, Args)]
pub struct RedactArgs {
    /// Replace what is somebody's by pseudonyms, before anything is read
    ///
    /// Labels, hosts, paths, quoted and unknown words, addresses and long numbers, in every form of output: `gotriage redact --help` has
    /// the table. Code (functions, file names, lines) is kept; --redact=all replaces that of the program's own modules as well.
    #[arg(
        long,
        value_name = "WHAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "data",
        help_heading = "Redaction"
    )]
    redact: Option<ScopeArg>,
    /// File with a secret: equal pseudonyms in all runs with it
    ///
    /// Without it pseudonyms are counted (anon1, anon2, …) and hold within one run. With it they are drawn by HMAC-SHA-256 from the words;
    /// who has the file can test guesses. Addresses and numbers are counted in any case. Example: --redact --redact-key ~/.gotriage-key
    #[arg(long, value_name = "FILE", requires = "redact", value_hint = ValueHint::FilePath, help_heading = "Redaction")]
    redact_key: Option<PathBuf>,
}

/// What is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScopeArg {
    /// Data; code is kept.
    Data,
    /// The program's own code as well.
    All,
}

impl From<ScopeArg> for Scope {
    fn from(arg: ScopeArg) -> Self {
        match arg {
            ScopeArg::Data => Scope::Data,
            ScopeArg::All => Scope::All,
        }
    }
}

impl RedactArgs {
    /// As plain settings; `None` without `--redact`.
    pub fn settings(&self) -> Option<Asked> {
        Some(Asked {
            scope: self.redact?.into(),
            key: self.redact_key.clone(),
        })
    }
}

/// A cleaned log.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = after_long_help())]
pub struct RedactCommand {
    /// Logs, dumps, captures, profiles; standard input without any
    ///
    /// Compressed ones come out plain, UTF-16 as UTF-8, line by line as they went in. Binary profiles stay binary profiles; execution
    /// traces can't be cleaned.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// What is replaced besides data
    ///
    /// `data` keeps functions, types, file names and lines, which maintainers need; `all` replaces those of the program's own modules, and
    /// keeps the standard library and public modules of others.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "data",
        help_heading = "Redaction"
    )]
    what: ScopeArg,
    /// File with a secret: equal pseudonyms in all runs with it
    ///
    /// Without it pseudonyms are counted (anon1, anon2, …) and hold for the files of one run.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Redaction")]
    redact_key: Option<PathBuf>,
    /// Read at most this much of each input, such as 500M
    ///
    /// Bytes after decompression. What was read is cleaned, and the exit code is 2. Default: 4G.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Input")]
    max_bytes: Option<u64>,
    /// Write to this file instead of standard output
    ///
    /// For one input. An existing file is kept unless --force is given.
    #[arg(short, long, value_name = "FILE", conflicts_with = "dir", value_hint = ValueHint::FilePath, help_heading = "Output")]
    output: Option<PathBuf>,
    /// Write each input to a file of its own in this directory
    ///
    /// It has to exist. The files are named as the inputs are, with what is somebody's in their names replaced; existing ones are kept
    /// unless --force is given.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Output")]
    dir: Option<PathBuf>,
    /// Overwrite files that exist
    ///
    /// Without it an existing file is an error.
    #[arg(long, help_heading = "Output")]
    force: bool,
}

/// The examples and the table of what stays.
fn after_long_help() -> String {
    use std::fmt::Write;
    let mut help = EXAMPLES.to_owned();
    help += "\n\nWhat becomes of what:\n";
    for (what, becomes) in TABLE {
        let _ = writeln!(help, "  {what}:\n      {becomes}");
    }
    help += "\nOnly what a frame names counts as code. A cleaned dump has the lines of the original, gives the same verdict, and cleaning\n\
             it again changes nothing. Look through it all the same: no program knows what is a secret to you.";
    help
}

impl RedactCommand {
    /// As plain settings.
    pub fn settings(&self) -> RedactSettings {
        RedactSettings {
            read: ReadSettings {
                files: self.files.clone(),
                max_bytes: self.max_bytes.unwrap_or(DEFAULT_MAX_BYTES),
                redact: None,
            },
            asked: Asked {
                scope: self.what.into(),
                key: self.redact_key.clone(),
            },
            output: self.output.clone(),
            directory: self.dir.clone(),
            force: self.force,
        }
    }
}
