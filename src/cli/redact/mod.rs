//! `gotriage redact`: inputs without what is somebody's; and [`apply`], by which every other command honours `--redact`.

pub mod args;

use super::analyse::walk;
use super::exit::{Exit, Outcome};
use super::output;
use super::progress::Progress;
use super::read::{self, Inputs, ReadSettings};
use crate::input::Source;
use crate::redact::{Dirty, Key, Redaction, Scope, clean};
use crate::triage::Options;
use crate::triage::report::Report;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// `--redact`, as asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What is replaced.
    pub scope: Scope,
    /// File with the key.
    pub key: Option<PathBuf>,
}

/// Said of an input that had to be cleaned without its wrapper.
pub const UNWRAPPED: &str = "its wrapper cuts words in two, so it is cleaned without the wrapper; lines are counted in the bare text";

/// What the user asked for.
#[derive(Debug)]
pub struct RedactSettings {
    /// Inputs and limits.
    pub read: ReadSettings,
    /// What is replaced.
    pub asked: Asked,
    /// The file to write, for one input.
    pub output: Option<PathBuf>,
    /// The directory to write to.
    pub directory: Option<PathBuf>,
    /// Existing files are overwritten.
    pub force: bool,
}

/// Puts the cleaned inputs in the place of those that were read. What can't be cleaned is told and left out: nothing of it is shown.
pub fn apply(inputs: &mut Inputs, asked: &Asked) {
    let sources = std::mem::take(&mut inputs.sources);
    let Some(redaction) = asked.redaction() else {
        inputs.incomplete = true;
        return;
    };
    let dirty: Vec<Dirty<'_>> = sources
        .iter()
        .map(|source| Dirty {
            name: &source.name,
            bytes: source.bytes(),
        })
        .collect();
    let cleaned = clean(&dirty, &redaction);
    for (source, clean) in sources.into_iter().zip(cleaned) {
        if clean.unwrapped {
            output::complain(&format!("{}: {UNWRAPPED}", source.name));
        }
        match clean.bytes {
            Ok(bytes) => inputs.sources.push(source.rewritten(clean.name, bytes)),
            Err(why) => {
                inputs.incomplete = true;
                output::complain(&format!("{} {why}", source.name));
            }
        }
    }
}

impl Asked {
    /// With the key read; `None`, after a message, where it can't be.
    pub fn redaction(&self) -> Option<Redaction> {
        let key = match &self.key {
            None => None,
            Some(path) => Some(key(path)?),
        };
        Some(Redaction {
            scope: self.scope,
            key,
            roots: Vec::new(),
        })
    }
}

fn key(path: &Path) -> Option<Key> {
    let told = |why: &str| output::complain(&format!("--redact-key {}: {why}", path.display()));
    match std::fs::read(path) {
        Ok(secret) if secret.trim_ascii().is_empty() => {
            told("is empty; write a secret into it, such as `openssl rand -hex 32` prints");
            None
        }
        Ok(secret) => Some(Key::new(secret.trim_ascii())),
        Err(cause) => {
            told(&cause.to_string());
            None
        }
    }
}

/// Reads, cleans, writes.
pub fn run(settings: &RedactSettings) -> Exit {
    let progress = Progress::new();
    let mut inputs = read::all(&settings.read, &progress);
    let several = inputs.sources.len() > 1;
    if several && settings.directory.is_none() {
        progress.finish();
        output::complain("several inputs need a directory to go to: --dir DIR");
        return Exit::Incomplete;
    }
    let before = walk(&inputs.sources, &Options::default(), None, &progress);
    let read = inputs.sources.len();
    apply(&mut inputs, &settings.asked);
    let after = walk(&inputs.sources, &Options::default(), None, &progress);
    progress.finish();
    let written = match &settings.directory {
        Some(directory) => into(directory, &inputs.sources, settings.force),
        None => inputs.sources.iter().all(|source| one(source, settings)),
    };
    if read > 0 && inputs.sources.len() == read {
        compare(&before, &after);
    }
    let outcome = Outcome {
        report: &after,
        incomplete: inputs.incomplete || !written,
        fail_on: None,
    };
    outcome.exit()
}

fn one(source: &Source, settings: &RedactSettings) -> bool {
    match &settings.output {
        Some(path) => output::file(path, source.bytes(), settings.force),
        None => output::print(|out| out.write_all(source.bytes())),
    }
}

/// Each to a file of its name; those of equal name get a number.
fn into(directory: &Path, sources: &[Source], force: bool) -> bool {
    let mut taken = BTreeSet::new();
    let mut all = true;
    for source in sources {
        let name = match source.name.rsplit(['/', '\\']).next() {
            Some("-") | None => "stdin.log",
            Some(name) => name,
        };
        let numbers = (2_u32..).map(|n| format!("{n}-{name}"));
        let mut names = [name.to_owned()].into_iter().chain(numbers);
        let free = names.find(|name| taken.insert(name.clone()));
        let path = directory.join(free.unwrap_or_default());
        all &= output::file(&path, source.bytes(), force);
    }
    all
}

/// Says on stderr what cleaning did to the verdict: nothing, or the reader has to know.
fn compare(before: &Report, after: &Report) {
    let verdicts = |report: &Report| {
        let incidents = report.incidents.iter();
        let verdicts =
            incidents.map(|incident| (incident.verdict.category, incident.verdict.grade));
        verdicts.collect::<Vec<_>>()
    };
    output::complain(match verdicts(before) == verdicts(after) {
        true => "the cleaned text gives the same verdict; look through it before you post it",
        false => {
            "the cleaned text gives another verdict than the original: it lost more than it should; compare both reports"
        }
    });
}
