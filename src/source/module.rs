//! Finding and reading a module's files.
//!
//! [`Module::open`] is called by the command line with the directory the user names. It looks for `go.mod` there and above, walks the
//! tree below, leaves out what `go build` leaves out (`vendor`, `testdata`, names that start with `.` or `_`, files of other
//! systems, `//go:build ignore`), and reads the rest in parallel. A file that cannot be read or has a syntax error costs that file's
//! part and a note.

use super::ast::File;
use super::lower::Reader;
use super::tags::{Target, is_built};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Larger files are tables that a generator wrote; parsing them takes longer than the rest of a module.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// More files than any Go repository has; beyond it somebody named `/`.
const MAX_FILES: usize = 200_000;

/// Stack of a worker: [`super::lower`]'s bound on nesting times the frames of walking one level, with room to spare.
pub(super) const WORKER_STACK: usize = 64 << 20;

/// Why a directory is no Go source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The directory cannot be read.
    #[error("{}: {cause}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// No Go file in it.
    #[error("{}: no Go source here that `go build` would take; name the directory with go.mod, or one below it", path.display())]
    NoSource {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// More than [`MAX_FILES`].
    #[error("{}: more than {MAX_FILES} Go files; name the module's own directory", path.display())]
    TooLarge {
        /// Where.
        path: PathBuf,
    },
}

/// A remark on the source: what was left out, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceNote {
    /// File, below the module's directory.
    pub file: Option<String>,
    /// Its line.
    pub line: Option<u32>,
    /// One sentence.
    pub text: String,
}

/// How a module is to be read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// System and architecture files are chosen for.
    pub target: Target,
    /// With `_test.go` files: for a crash inside a test.
    pub tests: bool,
    /// Bodies of functions are parsed when they are asked for: for a crash, which asks for few of them.
    pub deferred: bool,
}

/// The files of a directory tree, read.
#[derive(Debug)]
pub struct Module {
    /// The directory of `go.mod`, or the one given where there is none.
    pub root: PathBuf,
    /// Directories with a `go.mod` below `root`, each with its module path; the root's own under the empty name.
    pub modules: BTreeMap<String, String>,
    /// Files, by path.
    pub files: Vec<File>,
    /// What was left out.
    pub notes: Vec<SourceNote>,
    /// Bodies are parsed when they are asked for: see [`Reading::deferred`].
    pub deferred: bool,
}

impl Module {
    /// Opens the module that `dir` belongs to.
    pub fn open(dir: &Path, reading: &Reading) -> Result<Self, SourceError> {
        let unreadable = |cause| SourceError::Unreadable {
            path: dir.to_owned(),
            cause,
        };
        let given = dir.canonicalize().map_err(unreadable)?;
        std::fs::read_dir(&given).map_err(unreadable)?;
        let above = given.ancestors().find(|dir| dir.join("go.mod").is_file());
        let root = above.unwrap_or(&given).to_owned();
        let (paths, mut modules) = list(&root, reading)?;
        let pool = rayon::ThreadPoolBuilder::new()
            .stack_size(WORKER_STACK)
            .build();
        let read = || -> Vec<_> {
            paths
                .par_iter()
                .map_init(Reader::new, |reader, path| {
                    read(reader.as_mut()?, &root, path, reading)
                })
                .flatten()
                .collect()
        };
        let read = match &pool {
            Ok(pool) => pool.install(read),
            Err(_) => read(),
        };
        let (mut files, mut notes) = (Vec::new(), Vec::new());
        for (file, mut said) in read {
            files.extend(file);
            notes.append(&mut said);
        }
        if files.is_empty() {
            return Err(SourceError::NoSource { path: root });
        }
        if modules.is_empty() {
            modules.insert(String::new(), guessed_path(&files));
        }
        notes.sort();
        Ok(Self {
            root,
            modules,
            files,
            notes,
            deferred: reading.deferred,
        })
    }

    /// The import path of a file's directory.
    pub fn package_path(&self, file: &str) -> String {
        let dir = directory(file);
        let mut at = dir;
        loop {
            if let Some(module) = self.modules.get(at) {
                let rest = dir.get(at.len()..).unwrap_or_default();
                return join_path(module, rest.trim_start_matches('/'));
            }
            if at.is_empty() {
                return dir.to_owned();
            }
            at = directory(at);
        }
    }

    /// Lines of all files.
    pub fn lines(&self) -> u64 {
        self.files.iter().map(|file| u64::from(file.lines)).sum()
    }
}

/// `std` is the module of the standard library, whose packages go without it.
fn join_path(module: &str, rest: &str) -> String {
    match (module, rest) {
        ("" | "std", rest) => rest.to_owned(),
        (module, "") => module.to_owned(),
        (module, rest) => format!("{module}/{rest}"),
    }
}

/// Everything before the last slash.
pub(super) fn directory(path: &str) -> &str {
    path.rfind('/').and_then(|at| path.get(..at)).unwrap_or("")
}

/// Go files below `root`, sorted, and the modules among the directories.
fn list(
    root: &Path,
    reading: &Reading,
) -> Result<(Vec<String>, BTreeMap<String, String>), SourceError> {
    let walk = WalkDir::new(root).follow_links(false).into_iter();
    let kept = walk.filter_entry(|entry| {
        let name = entry.file_name().to_string_lossy();
        let left_out = name.starts_with(['.', '_'])
            || matches!(&*name, "vendor" | "testdata" | "node_modules");
        entry.depth() == 0 || !(entry.file_type().is_dir() && left_out)
    });
    let (mut paths, mut modules) = (Vec::new(), BTreeMap::new());
    for entry in kept.filter_map(Result::ok) {
        let Some(path) = below(root, entry.path()) else {
            continue;
        };
        let name = entry.file_name().to_string_lossy();
        if name == "go.mod" {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            if let Some(module) = module_line(&text) {
                modules.insert(directory(&path).to_owned(), module);
            }
            continue;
        }
        let is_source = name.ends_with(".go") && !name.starts_with(['.', '_']);
        let is_test = name.ends_with("_test.go");
        if !is_source || !entry.file_type().is_file() || (is_test && !reading.tests) {
            continue;
        }
        paths.push(path);
        if paths.len() > MAX_FILES {
            let path = root.to_owned();
            return Err(SourceError::TooLarge { path });
        }
    }
    paths.sort();
    Ok((paths, modules))
}

fn below(root: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(root).ok()?.components();
    let parts: Option<Vec<&str>> = parts.map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

/// `module example.com/shop // comment`
fn module_line(text: &str) -> Option<String> {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("module ") || line.starts_with("module\t"))?;
    let path = line.get("module".len()..)?.split("//").next()?;
    Some(path.trim().trim_matches(['"', '`']).to_owned())
}

/// A file of the module; `None` where there is no parser at all.
fn read(
    reader: &mut Reader,
    root: &Path,
    path: &str,
    reading: &Reading,
) -> Option<(Option<File>, Vec<SourceNote>)> {
    let disk = root.join(path);
    let note = |line, text: String| SourceNote {
        file: Some(path.to_owned()),
        line,
        text,
    };
    let size = std::fs::metadata(&disk).map(|data| data.len());
    if size.is_ok_and(|size| size > MAX_FILE_BYTES) {
        let text = "left out: larger than 4 MiB, a generated table".to_owned();
        return Some((None, vec![note(None, text)]));
    }
    let text = match std::fs::read(&disk) {
        Ok(text) => text,
        Err(cause) => return Some((None, vec![note(None, format!("left out: {cause}"))])),
    };
    if !is_built(path, &text, &reading.target) {
        return Some((None, Vec::new()));
    }
    let file = match reading.deferred {
        true => reader.headers(path.to_owned(), disk, text),
        false => reader.file(path.to_owned(), disk, &text),
    };
    let Some(file) = file else {
        let text = "left out: the parser gave up on it".to_owned();
        return Some((None, vec![note(None, text)]));
    };
    let said = file.error.map(|line| {
        let text = "syntax error; what stands around it is left out".to_owned();
        note(Some(line), text)
    });
    Some((Some(file), said.into_iter().collect()))
}

/// The module path of a tree without `go.mod`: what stands before its own directories in its imports, most often seen.
fn guessed_path(files: &[File]) -> String {
    let mut directories: Vec<&str> = files.iter().map(|file| directory(&file.path)).collect();
    directories.sort_unstable();
    directories.dedup();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, import) in files.iter().flat_map(|file| &file.imports) {
        // Only paths that start with a host are those of a repository.
        if !import
            .split('/')
            .next()
            .is_some_and(|host| host.contains('.'))
        {
            continue;
        }
        let tails = import.match_indices('/').map(|(at, _)| at);
        let tail = tails.into_iter().find_map(|at| {
            let tail = import.get(at + 1..)?;
            directories.binary_search(&tail).ok()?;
            import.get(..at)
        });
        if let Some(prefix) = tail {
            *seen.entry(prefix).or_default() += 1;
        }
    }
    let most = seen
        .into_iter()
        .max_by_key(|&(prefix, times)| (times, prefix));
    most.map(|(prefix, _)| prefix.to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_line_may_be_quoted_and_commented() {
        let text = "// a comment\nmodule \"example.com/shop\" // Deprecated: no\n\ngo 1.22\n";
        assert_eq!(module_line(text).as_deref(), Some("example.com/shop"));
        assert_eq!(module_line("go 1.22\n"), None);
        assert_eq!(module_line("modules example.com\n"), None);
    }

    #[test]
    fn packages_of_the_standard_library_go_without_its_name() {
        assert_eq!(join_path("std", "net/http"), "net/http");
        assert_eq!(join_path("example.com/a", ""), "example.com/a");
        assert_eq!(join_path("example.com/a", "b/c"), "example.com/a/b/c");
    }
}
