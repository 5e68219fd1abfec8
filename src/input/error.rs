//! Why an input could not be read, and what to do about it.
//!
//! Made by [`super::Reading`], printed by `cli` on stderr. Each message begins with the path and ends with the next step.

use super::kind::Foreign;
use std::fs;
use std::io;
use std::path::Path;

/// Names shorter apart than this are offered as what was meant (Jaro-Winkler similarity, 1 is equal).
const LIKENESS: f64 = 0.85;

/// Directory entries looked at for a suggestion; a spool directory may hold millions.
const MAX_SIBLINGS: usize = 2_000;

/// An input that yields nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// Nothing has this name.
    #[error("{}: no such file{}", shown(.path), .meant.as_deref().map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
    NotFound {
        /// Path as given.
        path: String,
        /// The sibling with the nearest name.
        meant: Option<String>,
    },
    /// A directory.
    #[error("{}: a directory; pass the files of one incident: gotriage {1}/*, or look for all incidents in it: gotriage scan {1}", shown(.path), .path.trim_end_matches('/'))]
    Directory {
        /// Path as given.
        path: String,
    },
    /// Not for this user.
    #[error("{}: permission denied; read it as its owner: sudo cat {path} | gotriage", shown(.path))]
    Denied {
        /// Path as given.
        path: String,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// Not a text.
    #[error("{}: {}; {}", shown(.path), .foreign.what, .foreign.advice)]
    Foreign {
        /// Path as given.
        path: String,
        /// What it is.
        foreign: &'static Foreign,
    },
    /// An archive, where one text is asked for.
    #[error("{}: in an archive of several members, or none; unpack it and pass the one that is meant", shown(.path))]
    Several {
        /// The first member.
        path: String,
    },
    /// An archive of which no member can be read.
    #[error("{}: no member of this archive could be read; look at it with: {list}", shown(.path))]
    Empty {
        /// Path as given.
        path: String,
        /// The command that lists its members.
        list: &'static str,
    },
    /// Compressed, and nothing comes out.
    #[error("{}: this {how} data cannot be decompressed: {cause}; fetch the file again, or try: {how} -dc FILE | gotriage", shown(.path))]
    Damaged {
        /// Path as given.
        path: String,
        /// `gzip`, `zstd`, `bzip2` or `xz`.
        how: &'static str,
        /// What the decompressor said.
        #[source]
        cause: io::Error,
    },
    /// The system failed to deliver it.
    #[error("{}: cannot be read: {cause}; copy the file and try the copy", shown(.path))]
    Unreadable {
        /// Path as given.
        path: String,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

impl InputError {
    /// Why `path` could not be opened.
    pub(super) fn opening(path: &Path, cause: io::Error) -> Self {
        let name = path.to_string_lossy().into_owned();
        match cause.kind() {
            io::ErrorKind::NotFound => InputError::NotFound {
                path: name,
                meant: nearest_sibling(path),
            },
            _ => Self::reading(&name, cause),
        }
    }

    /// Why an open input could not be read.
    pub(super) fn reading(name: &str, cause: io::Error) -> Self {
        let path = name.to_owned();
        match cause.kind() {
            io::ErrorKind::IsADirectory => InputError::Directory { path },
            io::ErrorKind::PermissionDenied => InputError::Denied { path, cause },
            _ => InputError::Unreadable { path, cause },
        }
    }
}

/// A path as messages name it.
fn shown(path: &str) -> &str {
    if path == "-" { "standard input" } else { path }
}

/// The entry beside `path` whose name is most like it, if any is like enough; of equals the first by name.
fn nearest_sibling(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    let entries = fs::read_dir(parent.unwrap_or(Path::new("."))).ok()?;
    let mut best: Option<(f64, String)> = None;
    for entry in entries.flatten().take(MAX_SIBLINGS) {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let likeness = strsim::jaro_winkler(wanted, &name);
        let better = match &best {
            None => likeness >= LIKENESS,
            Some((most, first)) => likeness > *most || (likeness == *most && name < *first),
        };
        if better {
            best = Some((likeness, name));
        }
    }
    let (_, name) = best?;
    let full = parent.map_or_else(|| name.clone().into(), |parent| parent.join(&name));
    Some(full.to_string_lossy().into_owned())
}
