//! `gotriage runbook`: how to capture more, of any program, for a verdict, or for what a log or report lacks.

pub mod args;

use super::analyse::walk;
use super::exit::Exit;
use super::output::{self, OutputFormat, Page};
use super::progress::Progress;
use super::read::{self, ReadSettings};
use crate::goruntime::version::GoVersion;
use crate::input::DEFAULT_MAX_BYTES;
use crate::render;
use crate::triage::Options;
use crate::triage::report::{Category, Missing};
use crate::triage::runbook::{Target, Trouble, categories, runbook};
use args::RunbookFormat;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What the user asked for.
#[derive(Debug)]
pub struct RunbookSettings {
    /// A verdict's word, or a file.
    pub what: Option<PathBuf>,
    /// Which incident of it, from 1.
    pub incident: Option<u32>,
    /// The Go version, if set.
    pub go: Option<GoVersion>,
    /// The program.
    pub target: Target,
    /// Form of the runbook.
    pub format: RunbookFormat,
    /// How text looks.
    pub page: Page,
}

/// Prints the runbook.
pub fn run(settings: &RunbookSettings) -> Exit {
    let trouble = match &settings.what {
        None => Ok(Trouble::default()),
        Some(what) => trouble(what, settings.incident),
    };
    let mut trouble = match trouble {
        Ok(trouble) => trouble,
        Err(why) => {
            output::complain(&why);
            return Exit::Incomplete;
        }
    };
    trouble.go = settings.go.or(trouble.go);
    let book = runbook(&trouble, &settings.target);
    let form = match settings.format {
        RunbookFormat::Text => OutputFormat::Text,
        RunbookFormat::Json => OutputFormat::Json,
        RunbookFormat::Markdown => OutputFormat::Markdown,
    };
    let format = settings.page.format(form, true);
    match output::print(|out| render::runbook::write(&book, format, out)) {
        true => Exit::Analysed,
        false => Exit::Incomplete,
    }
}

/// A verdict by its word, or what a file says.
fn trouble(what: &Path, incident: Option<u32>) -> Result<Trouble, String> {
    let word = what.to_str().unwrap_or_default();
    if let Some(category) = category(word) {
        return Ok(Trouble {
            category: Some(category),
            ..Trouble::default()
        });
    }
    if !what.exists() && word != "-" {
        let words: Vec<&str> = categories().map(Category::word).collect();
        return Err(format!(
            "{word}: neither a file nor a verdict; verdicts are {}",
            words.join(", ")
        ));
    }
    from_file(what, incident.unwrap_or(1))
}

fn category(word: &str) -> Option<Category> {
    categories().find(|category| category.word() == word)
}

/// What a report or a log says.
fn from_file(path: &Path, incident: u32) -> Result<Trouble, String> {
    let progress = Progress::new();
    let reading = ReadSettings {
        files: vec![path.to_owned()],
        max_bytes: DEFAULT_MAX_BYTES,
        redact: None,
    };
    let inputs = read::all(&reading, &progress);
    let bytes = inputs.sources.first().map(|source| source.bytes());
    let bytes = bytes.ok_or("there is nothing to make a runbook for")?;
    let given: Option<Value> = match bytes.trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice(bytes).ok(),
        _ => None,
    };
    let told = given.filter(|report| report["schema"] == crate::triage::report::SCHEMA);
    let report = match told {
        Some(report) => report,
        None => {
            let report = walk(&inputs.sources, &Options::default(), None, &progress);
            serde_json::to_value(&report).map_err(|why| why.to_string())?
        }
    };
    progress.finish();
    let incidents = report["incidents"].as_array().map_or(0, Vec::len);
    let one = &report["incidents"][(incident as usize).saturating_sub(1)];
    if one.is_null() {
        return Err(format!(
            "there is no incident {incident}: the input holds {incidents}"
        ));
    }
    Ok(from_report(one))
}

/// The part of an incident of `gotriage.report/1` that a runbook is made of.
fn from_report(incident: &Value) -> Trouble {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let missing = incident["missing"].as_array();
    let missing = missing.into_iter().flatten().map(|gap| Missing {
        what: text(&gap["what"]),
        why: text(&gap["why"]),
        how: text(&gap["how"]),
    });
    Trouble {
        category: category(&text(&incident["verdict"]["category"])),
        go: text(&incident["go"]["version"]).parse().ok(),
        missing: missing.collect(),
    }
}
