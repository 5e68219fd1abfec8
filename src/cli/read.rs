//! All inputs of a run, in the order given; those that cannot be read are told on stderr and left out.

use super::output;
use super::progress::Progress;
use super::redact::{self, Asked};
use crate::input::{self, InputError, Reading, Source};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What to read.
#[derive(Debug)]
pub struct ReadSettings {
    /// Paths; none for standard input.
    pub files: Vec<PathBuf>,
    /// Limit for each input, in bytes after decompression.
    pub max_bytes: u64,
    /// `--redact`.
    pub redact: Option<Asked>,
}

/// What was read.
#[derive(Debug)]
pub struct Inputs {
    /// Readable inputs, in order.
    pub sources: Vec<Source>,
    /// An input was unreadable, or longer than the limit.
    pub incomplete: bool,
}

/// Opens, maps, decompresses and, where asked, cleans everything. Messages come in the order of the inputs.
pub fn all(settings: &ReadSettings, progress: &Progress) -> Inputs {
    let paths = paths(&settings.files);
    let reading = Reading {
        max_bytes: settings.max_bytes,
        progress: &|bytes| progress.read(bytes),
    };
    let results: Vec<_> = match paths.as_slice() {
        [only] => vec![one(&reading, only)],
        several => several.par_iter().map(|path| one(&reading, path)).collect(),
    };
    let mut inputs = Inputs {
        sources: Vec::with_capacity(results.len()),
        incomplete: false,
    };
    for result in results {
        match result {
            Ok(read) => {
                inputs.incomplete |= read.sources.iter().any(|source| source.limited);
                inputs.sources.extend(read.sources);
                for remark in read.remarks {
                    inputs.incomplete |= remark.incomplete;
                    output::complain(&format!("{}: {}", remark.path, remark.text));
                }
            }
            Err(error) => {
                inputs.incomplete = true;
                output::complain(&error.to_string());
            }
        }
    }
    if let Some(asked) = &settings.redact {
        redact::apply(&mut inputs, asked);
    }
    inputs
}

/// What to open: each path once, since a pipe can be read once and goroutines named twice would count twice.
fn paths(files: &[PathBuf]) -> Vec<&Path> {
    let mut seen = BTreeSet::new();
    let once = files
        .iter()
        .map(PathBuf::as_path)
        .filter(|path| seen.insert(*path));
    let paths: Vec<&Path> = once.collect();
    match paths.as_slice() {
        [] => vec![Path::new("-")],
        _ => paths,
    }
}

fn one(reading: &Reading<'_>, path: &Path) -> Result<input::Inputs, InputError> {
    match path == Path::new("-") {
        true => reading.stdin_inputs(),
        false => reading.inputs(path),
    }
}
