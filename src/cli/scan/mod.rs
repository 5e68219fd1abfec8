//! `gotriage scan PATH…`: which crashes are in these logs, how often, since when. Read [`run`], then `work`.

pub mod args;
mod bounds;
pub mod keep;
pub mod output;
mod progress;
mod queue;
pub mod redacting;
mod stream;
mod texts;
mod work;

use crate::cli::exit::Exit;
use crate::cli::redact::Asked;
use crate::input::archive::{Limits, Remark};
use crate::input::walk::{self, Choice};
use crate::triage::scan::report::ScanNote;
use keep::Keep;
use output::Answer;
use progress::Progress;
use redacting::{KEYLESS, Redacting};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the user asked for.
#[derive(Debug)]
pub struct ScanSettings {
    /// Files, directories, archives.
    pub paths: Vec<PathBuf>,
    /// Globs.
    pub choice: Choice,
    /// How far contents are followed.
    pub limits: Limits,
    /// Threads.
    pub jobs: usize,
    /// `--redact`.
    pub redact: Option<Asked>,
    /// What is told.
    pub answer: Answer,
}

/// Set by Ctrl-C: the scan stops, and tells what it has found.
static STOP: AtomicBool = AtomicBool::new(false);

/// Whether the scan is to stop.
pub fn is_stopped() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Walks, searches, prints.
pub fn run(settings: &ScanSettings) -> Exit {
    // Where the handler cannot be set, Ctrl-C ends the program as it does others.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            // The second one: whatever is going on takes too long.
            std::process::exit(Exit::Incomplete as i32);
        }
    });
    let redaction = match &settings.redact {
        None => None,
        Some(asked) => match asked.redaction() {
            None => return Exit::Incomplete,
            redaction => redaction,
        },
    };
    let keyless = redaction.as_ref().is_some_and(|how| how.key.is_none());
    let keep = match Keep::new(settings.answer.bounds(), redaction.map(Redacting::new)) {
        Ok(keep) => keep,
        Err(cause) => return output::lost(&cause),
    };
    let finds = walk::find(&settings.paths, &settings.choice);
    for remark in finds.remarks {
        keep.note(noted(remark));
    }
    let progress = Progress::new(finds.files.iter().map(|file| file.bytes).sum());
    let read = work::search(&finds.files, settings, &keep, &progress);
    progress.finish();
    let first = settings.paths.first();
    let of_all = |text: String, incomplete| ScanNote {
        path: first.map_or_else(String::new, |path| path.to_string_lossy().into_owned()),
        line: None,
        text,
        incomplete,
    };
    if is_stopped() {
        let files = finds.files.len();
        let text = format!("interrupted: {read} of {files} files were read to their end");
        keep.note(of_all(text, true));
    }
    if keyless && keep.count() > 0 {
        keep.note(of_all(KEYLESS.to_owned(), false));
    }
    match keep.arranged() {
        Ok(kept) => settings.answer.print(kept),
        Err(cause) => output::lost(&cause),
    }
}

/// A remark on the input as one of the answer.
fn noted(remark: Remark) -> ScanNote {
    ScanNote {
        path: remark.path,
        line: None,
        text: remark.text,
        incomplete: remark.incomplete,
    }
}
