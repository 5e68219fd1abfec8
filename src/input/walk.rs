//! Which files a scan reads: the paths given, and what lies below the directories among them.
//!
//! Links are followed, as `/var/log/containers` wants it; a file that is reached by several names is read once, under the first of
//! them. The order is that of the names, whatever order the file system has. What is no file, or can't be looked at, is a
//! [`Remark`]. Called by `cli::scan`; read [`find`].

use super::archive::Remark;
use globset::GlobSet;
use std::collections::HashSet;
use std::fs::{FileType, Metadata};
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Which names below a directory count.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// If there are any, a file has to match one.
    pub include: GlobSet,
    /// Files and directories that match one are left out.
    pub exclude: GlobSet,
}

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Path as given, with what follows below a directory; `-` is standard input.
    pub path: PathBuf,
    /// Bytes; 0 for what has no size, a pipe.
    pub bytes: u64,
    /// False for pipes and the like, which are read from their beginning to their end.
    pub regular: bool,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Finds {
    /// Files, in the order of the paths given and below each by name.
    pub files: Vec<Found>,
    /// What was passed over.
    pub remarks: Vec<Remark>,
}

/// Walks all paths.
pub fn find(paths: &[PathBuf], choice: &Choice) -> Finds {
    let mut walk = Walk {
        choice,
        finds: Finds::default(),
        seen: HashSet::new(),
    };
    for path in paths {
        walk.path(path);
    }
    walk.finds
}

struct Walk<'c> {
    choice: &'c Choice,
    finds: Finds,
    /// Files by device and number.
    seen: HashSet<(u64, u64)>,
}

impl Walk<'_> {
    fn remark(&mut self, path: &Path, text: impl Into<String>, incomplete: bool) {
        self.finds.remarks.push(Remark {
            path: path.to_string_lossy().into_owned(),
            text: text.into(),
            incomplete,
        });
    }

    /// A path as given. Special files are read where they are named; below a directory they are passed over.
    fn path(&mut self, path: &Path) {
        if path == Path::new("-") {
            return self.push(path, 0, false);
        }
        match std::fs::metadata(path) {
            Ok(about) if about.is_dir() => self.directory(path),
            Ok(about) => self.file(path, &about),
            Err(cause) => self.remark(path, format!("cannot be read: {cause}"), true),
        }
    }

    fn directory(&mut self, root: &Path) {
        let choice = self.choice;
        let kept = |entry: &DirEntry| {
            let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
            entry.depth() == 0 || !choice.exclude.is_match(below)
        };
        let entries = WalkDir::new(root).follow_links(true).sort_by_file_name();
        for entry in entries.into_iter().filter_entry(kept) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => self.entry(root, &entry),
                Err(error) => self.trouble(root, &error),
            }
        }
    }

    fn entry(&mut self, root: &Path, entry: &DirEntry) {
        let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
        if !self.choice.include.is_empty() && !self.choice.include.is_match(below) {
            return;
        }
        if !entry.file_type().is_file() {
            let text = format!("not read: {}", special(entry.file_type()));
            return self.remark(entry.path(), text, false);
        }
        match entry.metadata() {
            Ok(about) => self.file(entry.path(), &about),
            Err(error) => self.trouble(root, &error),
        }
    }

    fn file(&mut self, path: &Path, about: &Metadata) {
        if identity(about).is_none_or(|identity| self.seen.insert(identity)) {
            self.push(path, about.len(), about.is_file());
        }
    }

    fn push(&mut self, path: &Path, bytes: u64, regular: bool) {
        self.finds.files.push(Found {
            path: path.to_owned(),
            bytes,
            regular,
        });
    }

    fn trouble(&mut self, root: &Path, error: &walkdir::Error) {
        let path = error.path().unwrap_or(root).to_owned();
        if error.loop_ancestor().is_some() {
            let text = "not followed: a link back to a directory above it";
            return self.remark(&path, text, false);
        }
        let dangling = std::fs::symlink_metadata(&path).is_ok_and(|about| about.is_symlink());
        match error.io_error() {
            Some(_) if dangling => self.remark(&path, "not followed: a link to nothing", false),
            Some(cause) => self.remark(&path, format!("cannot be read: {cause}"), true),
            None => self.remark(&path, error.to_string(), true),
        }
    }
}

/// Device and number of a file, which are the same under all its names.
#[cfg(unix)]
fn identity(about: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((about.dev(), about.ino()))
}

/// Other systems do not tell.
#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "not a regular file"
}
