//! `gotriage repro`: the program of step 4, alone.

use super::analyse::walk;
use super::exit::{Exit, Outcome};
use super::output;
use super::progress::Progress;
use super::read::{self, ReadSettings};
use crate::triage::Options;
use crate::triage::report::{Report, Reproduction};
use std::path::PathBuf;

/// What the user asked for.
#[derive(Debug)]
pub struct ReproSettings {
    /// Inputs and limits.
    pub read: ReadSettings,
    /// What steers the analysis.
    pub options: Options,
    /// The file to write; none for stdout.
    pub output: Option<PathBuf>,
    /// An existing file is overwritten.
    pub force: bool,
    /// Which incident, from 1; none for the first that has a program.
    pub incident: Option<u32>,
}

/// Writes the program of an incident.
pub fn run(settings: &ReproSettings) -> Exit {
    let progress = Progress::new();
    let inputs = read::all(&settings.read, &progress);
    if inputs.sources.is_empty() {
        progress.finish();
        return Exit::Incomplete;
    }
    let report = walk(&inputs.sources, &settings.options, None, &progress);
    progress.finish();
    let outcome = Outcome {
        report: &report,
        incomplete: inputs.incomplete,
        fail_on: None,
    };
    let Some(program) = choose(&report, settings.incident) else {
        output::complain(&why_none(&report, settings.incident));
        return match outcome.exit() {
            Exit::Nothing => Exit::Nothing,
            _ => Exit::Incomplete,
        };
    };
    match write(program, settings) {
        true => outcome.exit(),
        false => Exit::Incomplete,
    }
}

fn choose(report: &Report, wanted: Option<u32>) -> Option<&Reproduction> {
    let mut incidents = report.incidents.iter();
    match wanted {
        Some(n) => incidents
            .nth(n.checked_sub(1)? as usize)?
            .reproduction
            .as_ref(),
        None => incidents.find_map(|incident| incident.reproduction.as_ref()),
    }
}

fn why_none(report: &Report, wanted: Option<u32>) -> String {
    let categories: Vec<&str> = report
        .incidents
        .iter()
        .map(|incident| incident.verdict.category.word())
        .collect();
    match (wanted, categories.as_slice()) {
        (_, [] | ["none"]) => "no program can be made: nothing from Go was recognised".to_owned(),
        (Some(n), all) if n as usize > all.len() => {
            format!("there is no incident {n}: the input holds {}", all.len())
        }
        (Some(n), all) => {
            let category = all.get(n as usize - 1).copied().unwrap_or_default();
            format!(
                "no program can be made for incident {n} ({category}); step 4 of the report says what to do instead"
            )
        }
        (None, all) => format!(
            "no program can be made for {}; step 4 of the report says what to do instead",
            all.join(", ")
        ),
    }
}

/// To the file or to stdout; false after a message.
fn write(program: &Reproduction, settings: &ReproSettings) -> bool {
    let text = program.program.as_bytes();
    let Some(path) = &settings.output else {
        return output::print(|out| out.write_all(text));
    };
    let written = output::file(path, text, settings.force);
    if written {
        let about = format!(
            "wrote {}; it dies with \"{}\" under Go {} or later: {}",
            path.display(),
            program.message,
            program.go_since,
            program.run
        );
        output::complain(&about);
    }
    written
}
