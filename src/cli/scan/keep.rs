//! What was found, kept: the incidents as lines of JSON in a temporary file that has no name, what the overview needs in memory.
//!
//! A year's logs hold more incidents than fit into memory. Threads of a scan, or the lines that `merge` reads, go into a [`Keep`];
//! [`Kept`] gives them out in their order. Equal lines are one incident, so nothing depends on who came first.

use super::redacting::Redacting;
use crate::render::escape;
use crate::triage::scan::brief::Brief;
use crate::triage::scan::find::{Found, Text};
use crate::triage::scan::report::{ScanIncident, ScanNote};
use crate::triage::scan::{arrange, arrange_notes};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

/// Times within which an incident counts, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    /// Not before.
    pub since: Option<i128>,
    /// Not after.
    pub until: Option<i128>,
}

/// Takes what is found, from any thread.
pub struct Keep {
    bounds: Bounds,
    redacting: Option<Redacting>,
    inner: Mutex<Kept>,
}

/// All that was found.
pub struct Kept {
    file: File,
    /// Where each line begins; the last one is where the next will.
    starts: Vec<u64>,
    /// In short; arranged by [`Keep::arranged`].
    pub briefs: Vec<Brief>,
    /// Remarks.
    pub notes: Vec<ScanNote>,
    /// Why lines could not be kept.
    trouble: Option<io::Error>,
}

impl Keep {
    /// An empty one.
    ///
    /// # Errors
    /// Where no temporary file can be made.
    pub fn new(bounds: Bounds, redacting: Option<Redacting>) -> io::Result<Self> {
        let inner = Kept {
            file: tempfile::tempfile()?,
            starts: vec![0],
            briefs: Vec::new(),
            notes: Vec::new(),
            trouble: None,
        };
        Ok(Self {
            bounds,
            redacting,
            inner: Mutex::new(inner),
        })
    }

    /// An incident.
    pub fn incident(&self, incident: &ScanIncident) {
        let line = match serde_json::to_string(incident) {
            Ok(line) => escape::json(&line).into_owned() + "\n",
            Err(error) => return self.with(|kept| kept.trouble = Some(error.into())),
        };
        let brief = Brief::of(incident, line.as_bytes(), 0);
        match brief.is_within(self.bounds.since, self.bounds.until) {
            Some(true) => self.with(|kept| kept.push(brief, line.as_bytes())),
            Some(false) => {}
            None => self.clean_note(ScanNote {
                path: brief.path,
                line: Some(brief.line),
                text: "an incident without a time stamp was left out by --since or --until".into(),
                incomplete: false,
            }),
        }
    }

    /// A remark on a file.
    pub fn note(&self, mut note: ScanNote) {
        if let Some(redacting) = &self.redacting {
            note.path = redacting.path(&note.path);
        }
        self.clean_note(note);
    }

    /// What a text holds, as it is found in it, or in what is left of it by `--redact`.
    pub fn found(&self, text: Text<'_>, found: Found) {
        let found = match &self.redacting {
            None => found,
            Some(redacting) => redacting.find(text),
        };
        for incident in &found.incidents {
            self.incident(incident);
        }
        for note in found.notes {
            self.clean_note(note);
        }
    }

    /// A remark that may be shown as it is.
    pub fn clean_note(&self, note: ScanNote) {
        self.with(|kept| kept.notes.push(note));
    }

    /// Incidents so far.
    pub fn count(&self) -> usize {
        self.with(|kept| kept.briefs.len())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        // A thread that panicked while it held the lock has at worst left a line half written, which nothing refers to.
        let mut kept = self
            .inner
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        change(&mut kept)
    }

    /// Everything, in order.
    ///
    /// # Errors
    /// Where an incident could not be kept: the disk is full.
    pub fn arranged(self) -> io::Result<Kept> {
        let mut kept = self
            .inner
            .into_inner()
            .unwrap_or_else(|poison| poison.into_inner());
        if let Some(trouble) = kept.trouble.take() {
            return Err(trouble);
        }
        arrange(&mut kept.briefs);
        arrange_notes(&mut kept.notes);
        Ok(kept)
    }
}

impl Kept {
    fn push(&mut self, mut brief: Brief, line: &[u8]) {
        if self.trouble.is_some() {
            return;
        }
        if let Err(cause) = self.file.write_all(line) {
            self.trouble = Some(cause);
            return;
        }
        brief.kept = self.starts.len() - 1;
        let start = self.starts.last().copied().unwrap_or(0);
        self.starts.push(start + line.len() as u64);
        self.briefs.push(brief);
    }

    /// The line of an incident.
    ///
    /// # Errors
    /// Those of the temporary file.
    pub fn line(&mut self, kept: usize) -> io::Result<Vec<u8>> {
        let start = self.starts.get(kept).copied().unwrap_or(0);
        let end = self.starts.get(kept + 1).copied().unwrap_or(start);
        self.file.seek(SeekFrom::Start(start))?;
        let mut line = Vec::new();
        (&self.file).take(end - start).read_to_end(&mut line)?;
        Ok(line)
    }

    /// The incident itself.
    ///
    /// # Errors
    /// Those of the temporary file.
    pub fn load(&mut self, kept: usize) -> io::Result<ScanIncident> {
        let line = self.line(kept)?;
        serde_json::from_slice(&line).map_err(io::Error::other)
    }
}
