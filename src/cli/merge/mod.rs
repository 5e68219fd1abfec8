//! `gotriage merge A.jsonl B.jsonl`: what scans found, put together as if one scan had found it.
//!
//! Everything that a scan prints follows from its lines, so a merge keeps them as a scan does and prints the same way.

pub mod args;

use super::exit::Exit;
use super::output::complain;
use super::scan::keep::Keep;
use super::scan::output::{Answer, lost};
use super::scan::redacting::KEYLESS;
use crate::input::archive::{self, Limits, Origin, Remark, Visitor};
use crate::triage::scan::report::{ScanIncident, ScanNote};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::{Path, PathBuf};

/// What the user asked for.
#[derive(Debug)]
pub struct MergeSettings {
    /// Results of scans.
    pub files: Vec<PathBuf>,
    /// What is told.
    pub answer: Answer,
}

/// Bytes of the longest line: an incident of 200,000 goroutines of their own stacks has less.
const LONGEST: u64 = 1 << 30;

/// Reads, puts together, prints.
pub fn run(settings: &MergeSettings) -> Exit {
    let keep = match Keep::new(settings.answer.bounds(), None) {
        Ok(keep) => keep,
        Err(cause) => return lost(&cause),
    };
    let mut lines = Lines {
        keep: &keep,
        texts: 0,
        keyless: None,
        wrong: false,
    };
    for path in &settings.files {
        lines.file(path);
    }
    if let Some(name) = lines.keyless.take().filter(|_| lines.texts > 1) {
        lines.complain(&format!(
            "{name}: redacted without --redact-key: its pseudonyms mean others than those of the other files, so equal ones are not \
             the same; scan with --redact-key to merge"
        ));
    }
    let wrong = lines.wrong;
    match keep.arranged() {
        Ok(kept) => {
            let exit = settings.answer.print(kept);
            if wrong { Exit::Incomplete } else { exit }
        }
        Err(cause) => lost(&cause),
    }
}

/// Takes lines from files.
struct Lines<'k> {
    keep: &'k Keep,
    /// Results read.
    texts: usize,
    /// One whose pseudonyms hold in it alone.
    keyless: Option<String>,
    /// Something could not be read.
    wrong: bool,
}

impl Lines<'_> {
    fn complain(&mut self, message: &str) {
        self.wrong = true;
        complain(message);
    }

    fn file(&mut self, path: &Path) {
        let name = path.to_string_lossy().into_owned();
        if path == Path::new("-") {
            let mut stream = stdin().lock();
            return archive::visit(&name, Origin::Stream(&mut stream), Limits::default(), self);
        }
        match File::open(path).and_then(|file| Ok((file.metadata()?, file))) {
            Ok((about, _)) if about.is_dir() => self.complain(&format!(
                "{name}: a directory; merge takes files that gotriage scan --format jsonl wrote"
            )),
            Ok((about, mut file)) => {
                let origin = Origin::Seekable(&mut file, about.len());
                match about.is_file() {
                    true => archive::visit(&name, origin, Limits::default(), self),
                    false => {
                        archive::visit(&name, Origin::Stream(&mut file), Limits::default(), self)
                    }
                }
            }
            Err(cause) => self.complain(&format!("{name}: cannot be read: {cause}")),
        }
    }

    /// One line; what is wrong with it, if it is none of a scan.
    fn line(&mut self, name: &str, line: &[u8]) -> Result<(), serde_json::Error> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        if line.trim_ascii_start().starts_with(b"{\"note\"") {
            let mut value: Value = serde_json::from_slice(line)?;
            let note: ScanNote =
                serde_json::from_value(value.get_mut("note").map_or(Value::Null, Value::take))?;
            if note.text == KEYLESS {
                self.keyless.get_or_insert_with(|| name.to_owned());
            }
            self.keep.note(note);
        } else {
            let incident: ScanIncident = serde_json::from_slice(line)?;
            self.keep.incident(&incident);
        }
        Ok(())
    }
}

impl Visitor for Lines<'_> {
    fn text(&mut self, name: &str, stream: &mut dyn Read) {
        let mut lines = BufReader::new(stream);
        let mut line = Vec::new();
        self.texts += 1;
        for number in 1u64.. {
            line.clear();
            let read = lines.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            if !read.is_ok_and(|count| count > 0) {
                break;
            }
            if let Err(error) = self.line(name, &line) {
                return self.complain(&format!(
                    "{name}:{number}: not a line of gotriage scan --format jsonl ({error}); the rest of this file is left out"
                ));
            }
        }
    }

    fn remark(&mut self, remark: Remark) {
        self.complain(&format!("{}: {}", remark.path, remark.text));
    }
}
