//! `gotriage scan PATH…`: which crashes are in these logs, how often, since when. Read [`run`], then `work`.

pub mod args;
mod bounds;
pub mod keep;
pub mod output;
mod progress;
mod queue;
mod texts;
mod work;

use crate::cli::exit::Exit;
use crate::input::archive::{Limits, Remark};
use crate::input::walk::{self, Choice};
use crate::triage::scan::report::ScanNote;
use keep::Keep;
use output::Answer;
use progress::Progress;
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
    let keep = match Keep::new(settings.answer.bounds()) {
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
    if is_stopped() {
        keep.note(ScanNote {
            path: settings
                .paths
                .first()
                .map_or_else(String::new, |path| path.to_string_lossy().into_owned()),
            line: None,
            text: format!(
                "interrupted: {read} of {} files were read to their end",
                finds.files.len()
            ),
            incomplete: true,
        });
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
