//! Lines of a dump in the source: which file a frame's path means, which function stands there, whether the two fit.
//!
//! Paths in dumps are absolute (`/home/ci/shop/store/index.go`), of a module cache (`/go/pkg/mod/example.com/shop@v1.2.0/store/index.go`)
//! or, with `-trimpath`, those of the package (`example.com/shop/store/index.go`). The function's package decides first, then the
//! longest common end of the paths.

use super::flow::{Analysis, NodeId, Use};
use super::pairs::MapUses;

/// A frame as a dump prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frame<'f> {
    /// `example.com/shop/store.(*Index).Put.func1`
    pub func: &'f str,
    /// Path.
    pub file: &'f str,
    /// Line, from 1.
    pub line: u32,
}

/// What the source says of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The file, by index, and the function at that line.
    Line {
        /// Index into the module's files.
        file: u32,
        /// The innermost function or literal there.
        node: NodeId,
    },
    /// The file is there, but at that line stands something else: another revision.
    Misfit {
        /// Index into the module's files.
        file: u32,
    },
    /// No such file.
    Absent,
}

/// Finds frames of one dump.
pub struct Finder<'a, 'm> {
    analysis: &'a Analysis<'m>,
    /// Nodes by file, with first and last line.
    nodes: Vec<Vec<(u32, u32, NodeId)>>,
}

impl<'a, 'm> Finder<'a, 'm> {
    /// An index over the functions of a module.
    pub fn new(analysis: &'a Analysis<'m>) -> Self {
        let mut nodes = vec![Vec::new(); analysis.module.files.len()];
        for (func, node, lines) in analysis.nodes() {
            let file = analysis.program.func(func).map(|def| def.file as usize);
            if let Some(list) = file.and_then(|file| nodes.get_mut(file)) {
                list.push((lines.0, lines.1, node));
            }
        }
        Self { analysis, nodes }
    }

    /// Where a frame stands.
    pub fn find(&self, frame: Frame<'_>) -> Found {
        let Some(file) = self.file(frame) else {
            return Found::Absent;
        };
        let nodes = self.nodes.get(file as usize).into_iter().flatten();
        let around = nodes.filter(|(first, last, _)| (*first..=*last).contains(&frame.line));
        let innermost = around.min_by_key(|(first, last, node)| (last - first, *node));
        match innermost {
            Some(&(_, _, node)) if self.fits(node, frame.func) => Found::Line { file, node },
            _ => Found::Misfit { file },
        }
    }

    /// The uses of maps on a frame's line; those that begin there first.
    pub fn uses_at<'u>(
        &self,
        maps: &'u [MapUses],
        node: NodeId,
        line: u32,
    ) -> Vec<(&'u MapUses, &'u Use)> {
        let mut found: Vec<(bool, &MapUses, &Use)> = Vec::new();
        for map in maps {
            for used in map.uses.iter().filter(|used| used.node == node) {
                let Some(access) = self.analysis.access(used) else {
                    continue;
                };
                if (access.line..=access.last).contains(&line) {
                    found.push((access.line != line, map, used));
                }
            }
        }
        found.sort_by_key(|(later, ..)| *later);
        let exact = found.iter().any(|(later, ..)| !later);
        found.retain(|(later, ..)| !(exact && *later));
        found
            .into_iter()
            .map(|(_, map, used)| (map, used))
            .collect()
    }

    fn file(&self, frame: Frame<'_>) -> Option<u32> {
        let path = frame.file.replace('\\', "/");
        let package = package_of(frame.func);
        let mut best: Option<(usize, u32)> = None;
        let mut tie = false;
        for (file, at) in self.analysis.module.files.iter().zip(0u32..) {
            let common = common_end(&file.path, &path);
            if common == 0 || !self.is_package(at, package) {
                continue;
            }
            match best {
                Some((known, _)) if known > common => {}
                Some((known, _)) if known == common => tie = true,
                _ => (best, tie) = (Some((common, at)), false),
            }
        }
        // Two programs of one repository may both have a main.go: a path that tells no more than that names neither.
        best.filter(|_| !tie).map(|(_, at)| at)
    }

    fn is_package(&self, file: u32, package: &str) -> bool {
        let program = &self.analysis.program;
        let id = program.file_packages.get(file as usize);
        let Some(known) = id.and_then(|&id| program.package(id)) else {
            return false;
        };
        match package {
            "main" => known.is_main,
            package => {
                known.path == package
                    || known.path.trim_end_matches("_test") == package
                    || (known.path.is_empty() || !self.has_go_mod())
                        && ends_with_path(package, &known.path)
            }
        }
    }

    fn has_go_mod(&self) -> bool {
        self.analysis.module.root.join("go.mod").is_file()
    }

    fn fits(&self, node: NodeId, func: &str) -> bool {
        let (name, _) = self.analysis.name(node);
        let initialiser =
            func.ends_with(".init") || func.contains(".init.") || func.contains(".glob.");
        initialiser || declared(name) == declared(func)
    }
}

fn ends_with_path(path: &str, end: &str) -> bool {
    // The directory itself, where nothing says what its import path is.
    end.is_empty()
        || path
            .strip_suffix(end)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// Path elements that two paths have in common, from the file name up.
fn common_end(left: &str, right: &str) -> usize {
    let pairs = left.rsplit('/').zip(right.rsplit('/'));
    pairs.take_while(|(left, right)| left == right).count()
}

/// `example.com/shop/store` of `example.com/shop/store.(*Index).Put`; dots in its last element are printed as `%2e`.
fn package_of(func: &str) -> &str {
    let slash = func.rfind('/').map_or(0, |at| at + 1);
    let rest = func.get(slash..).unwrap_or_default();
    let dot = rest.find('.').unwrap_or(rest.len());
    func.get(..slash + dot).unwrap_or(func)
}

/// The declared function behind a printed name: package path, type arguments and literals taken off. `(*Index).Put`
fn declared(func: &str) -> String {
    let slash = func.rfind('/').map_or(0, |at| at + 1);
    let rest = func.get(slash..).unwrap_or_default();
    let name = rest.split_once('.').map_or(rest, |(_, name)| name);
    let mut plain = String::new();
    let mut depth = 0usize;
    for c in name.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let method = plain.starts_with('(')
        || plain
            .split('.')
            .nth(1)
            .is_some_and(|second| !is_literal(second));
    let keep = if method { 2 } else { 1 };
    let parts: Vec<&str> = plain.split('.').take(keep).collect();
    parts.join(".").trim_end_matches("-fm").to_owned()
}

/// `func1`, `gowrap2`, `deferwrap1`, `1`
fn is_literal(part: &str) -> bool {
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
    let marks = ["func", "gowrap", "deferwrap", "gowrapfunc", "stkobj", ""];
    let plain = part.split('-').next().unwrap_or(part);
    marks
        .iter()
        .any(|mark| plain.strip_prefix(mark).is_some_and(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_behind_printed_names() {
        for (printed, name) in [
            ("main.(*Cache).Set", "(*Cache).Set"),
            (
                "example.com/shop/store.(*Index[...]).Put.func1",
                "(*Index).Put",
            ),
            ("main.run.func1.2", "run"),
            ("main.run.gowrap1", "run"),
            ("gopkg.in/yaml%2ev3.Node.Decode", "Node.Decode"),
            ("main.set.add", "set.add"),
            ("main.Map[...]", "Map"),
            ("main.(*T).loop-fm", "(*T).loop"),
        ] {
            assert_eq!(declared(printed), name, "{printed}");
        }
    }

    #[test]
    fn packages_of_printed_names() {
        assert_eq!(
            package_of("example.com/shop/store.(*Index).Put"),
            "example.com/shop/store"
        );
        assert_eq!(package_of("main.main"), "main");
    }

    #[test]
    fn paths_are_compared_from_their_ends() {
        assert_eq!(
            common_end(
                "store/index.go",
                "/go/pkg/mod/example.com/shop@v1.2.0/store/index.go"
            ),
            2
        );
        assert_eq!(common_end("store/index.go", "/app/index.go"), 1);
        assert_eq!(common_end("store/index.go", "/app/other.go"), 0);
    }
}
