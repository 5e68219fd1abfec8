//! `--redact` of a scan: every text in which something was found is cleaned and looked at again, and names of files are cleaned.
//!
//! One [`Cleaner`] serves all texts: pseudonyms are equal for equal words over the whole scan. Without a key they are counted, so one
//! thread reads, and texts come in the same order every time; with a key they do not depend on the order. [`super::keep::Keep`] has
//! the cleaner, since everything that is told goes through there.

use crate::cli::redact::UNWRAPPED;
use crate::redact::{Cleaner, Dirty, Redaction};
use crate::triage::scan::find::{Found, Text, find};
use crate::triage::scan::report::ScanNote;
use std::sync::{Mutex, MutexGuard};

/// Said of results that no merge may mix: without a key `anon1` is somebody else in each of them. `gotriage merge` looks for it.
pub const KEYLESS: &str =
    "redacted without --redact-key: equal pseudonyms mean the same only within these results";

/// Cleans what a scan tells.
pub struct Redacting {
    cleaner: Mutex<Cleaner>,
}

impl Redacting {
    /// With no pseudonym yet.
    pub fn new(redaction: Redaction) -> Self {
        Self {
            cleaner: Mutex::new(Cleaner::new(redaction)),
        }
    }

    fn cleaner(&self) -> MutexGuard<'_, Cleaner> {
        self.cleaner
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }

    /// A file's name, or an archive's and its member's.
    pub fn path(&self, path: &str) -> String {
        self.cleaner().path(path)
    }

    /// What is found in a text once it is clean.
    pub fn find(&self, text: Text<'_>) -> Found {
        let dirty = Dirty {
            name: "",
            bytes: text.bytes,
        };
        let mut cleaner = self.cleaner();
        let cleaned = cleaner.clean(&[dirty]).pop();
        let path = cleaner.path(text.path);
        drop(cleaner);
        let Some(cleaned) = cleaned else {
            return Found::default();
        };
        let note = |line, text: String, incomplete| ScanNote {
            path: path.clone(),
            line,
            text,
            incomplete,
        };
        let bytes = match cleaned.bytes {
            Ok(bytes) => bytes,
            Err(why) => {
                return Found {
                    incidents: Vec::new(),
                    notes: vec![note(None, why.to_string(), true)],
                };
            }
        };
        let clean = Text {
            path: &path,
            bytes: &bytes,
            ..text
        };
        let mut found = find(clean, None);
        if cleaned.unwrapped {
            let line = u32::try_from(text.lines_before + 1).ok();
            found.notes.push(note(line, UNWRAPPED.to_owned(), false));
        }
        found
    }
}
