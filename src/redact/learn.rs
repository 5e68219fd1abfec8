//! What of an input is code, learnt from the parse: names of functions, elements of paths, and which lines are Go's own.
//!
//! A word counts as code where a grammar took it for a frame, never because it looks like one.

use super::{Redaction, Scope};
use crate::goruntime::frames::{self, Owner};
use crate::model::{Document, Evidence, FrameKind, Item, TextLine};
use crate::parse::{Given, read};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;

/// The code of all inputs.
#[derive(Debug, Default)]
pub struct Code {
    /// Functions as printed, with what stands in their place; equal where they stay.
    pub functions: FxHashMap<Vec<u8>, Vec<u8>>,
    /// Elements of paths.
    pub elements: FxHashSet<Vec<u8>>,
    /// Names before a type: `main`, `http`.
    pub packages: FxHashSet<Vec<u8>>,
    /// Packages as `go test` names them: one without a slash is a plain word.
    pub names: FxHashSet<Vec<u8>>,
    /// Test functions.
    pub tests: FxHashSet<Vec<u8>>,
    /// Functions that are to be renamed.
    pub own: Vec<Vec<u8>>,
    /// Tests among them.
    own_tests: FxHashSet<Vec<u8>>,
}

/// Lines of one input, from 1.
#[derive(Debug, Default)]
pub struct Lines {
    parsed: Vec<Range<u32>>,
    prose: Vec<Range<u32>>,
}

impl Lines {
    /// Whether every number of the line is one that Go printed.
    pub fn are_gos(&self, line: u32) -> bool {
        let within = |ranges: &[Range<u32>]| {
            let at = ranges.partition_point(|range| range.end <= line);
            ranges.get(at).is_some_and(|range| range.contains(&line))
        };
        within(&self.parsed) && !within(&self.prose)
    }
}

/// Learns from all inputs at once: what is code in one is code in the others.
pub fn learn(given: &[Given<'_>], redaction: &Redaction) -> (Code, Vec<Lines>) {
    let evidence = read(given);
    let scope = redaction.scope;
    let mut code = Code::default();
    let orgs = match scope {
        Scope::Data => FxHashSet::default(),
        Scope::All => organisations(&evidence),
    };
    for frame in evidence.symbols.all_frames() {
        if matches!(frame.kind, FrameKind::Elided | FrameKind::Unnamed(_)) {
            continue;
        }
        let func = evidence.symbols.text(frame.func);
        let file = evidence.symbols.text(frame.file);
        code.frame(func, file, scope == Scope::All && is_own(func, file, &orgs));
        if scope == Scope::Data {
            code.below(&redaction.roots, file);
        }
    }
    let lines = given.iter().enumerate();
    let lines = lines.map(|(at, _)| lines_of(&evidence, at as u32));
    let lines = lines.collect();
    (code, lines)
}

impl Code {
    /// What the new name of a test of the program's own begins with.
    pub fn renamed_test(&self, word: &[u8]) -> Option<&'static [u8]> {
        start_of_test(word).filter(|_| self.own_tests.contains(word))
    }

    /// The elements of a path behind a directory of code.
    pub fn below(&mut self, roots: &[String], file: &[u8]) {
        let behind = |root: &String| {
            let root = root.trim_end_matches('/');
            let rest = file.strip_prefix(root.as_bytes())?.strip_prefix(b"/")?;
            (!root.is_empty()).then_some(rest)
        };
        if let Some(rest) = roots.iter().find_map(behind) {
            self.path(rest);
        }
    }

    /// All elements of a path.
    pub fn path(&mut self, path: &[u8]) {
        let elements = path.split(|&byte| byte == b'/');
        let named = elements.filter(|element| !element.is_empty());
        self.elements.extend(named.map(<[u8]>::to_vec));
    }

    /// A test function, and whether its name is to be replaced.
    pub fn test(&mut self, name: &[u8], own: bool) {
        match own {
            true => self.own_tests.insert(name.to_vec()),
            false => self.tests.insert(name.to_vec()),
        };
    }

    /// A function with the path of its file.
    pub fn frame(&mut self, func: &[u8], file: &[u8], own: bool) {
        if func.len() > 2 && !self.functions.contains_key(func) {
            self.functions.insert(func.to_vec(), func.to_vec());
            if own {
                self.own.push(func.to_vec());
            }
        }
        let name = frames::short_name(func);
        let tests = match own {
            true => &mut self.own_tests,
            false => &mut self.tests,
        };
        let tested = name
            .split(|&byte| byte == b'.')
            .filter(|part| start_of_test(part).is_some());
        tests.extend(tested.map(<[u8]>::to_vec));
        if own {
            return;
        }
        let packages: Vec<&[u8]> = frames::package(func).split(|&byte| byte == b'/').collect();
        if let Some(last) = packages.last().filter(|last| last.len() > 1) {
            self.packages.insert(last.to_vec());
        }
        let elements: Vec<&[u8]> = file.split(|&byte| byte == b'/').collect();
        let Some((base, directories)) = elements.split_last() else {
            return;
        };
        self.elements.insert(base.to_vec());
        let shared = directories.iter().rev().zip(packages.iter().rev());
        for (element, _) in
            shared.take_while(|(element, package)| is_directory_of(element, package))
        {
            self.elements.insert(element.to_vec());
        }
        let cache = directories
            .windows(2)
            .position(|pair| pair == [b"pkg".as_slice(), b"mod"]);
        for element in cache
            .and_then(|at| directories.get(at + 2..))
            .unwrap_or_default()
        {
            self.elements.insert(element.to_vec());
        }
    }
}

/// `yaml.v3@v3.0.1` is the directory of `yaml%2ev3`.
fn is_directory_of(element: &[u8], package: &[u8]) -> bool {
    let plain = element
        .split(|&byte| byte == b'@')
        .next()
        .unwrap_or(element);
    !plain.is_empty() && frames::unescape(package).as_ref() == plain
}

/// `Test` of `TestLogin`: what makes a function one that `go test` runs.
pub fn start_of_test(name: &[u8]) -> Option<&'static [u8]> {
    let starts: [&'static [u8]; 4] = [b"Test", b"Benchmark", b"Fuzz", b"Example"];
    starts.into_iter().find(|start| name.starts_with(start))
}

fn is_dependency(file: &[u8]) -> bool {
    let holds = |part: &[u8]| memchr::memmem::find(file, part).is_some();
    holds(b"/pkg/mod/") || holds(b"/vendor/") || holds(b"@v")
}

/// `github.com/acme`: who publishes a package. Nobody for `main` and paths without a host.
fn organisation(func: &[u8]) -> Option<Vec<u8>> {
    let package = frames::package(func);
    let mut elements = package.split(|&byte| byte == b'/');
    let (host, name) = (elements.next()?, elements.next()?);
    host.contains(&b'.').then(|| [host, b"/", name].concat())
}

/// Who publishes the packages that no module cache or vendor directory holds.
fn organisations(evidence: &Evidence<'_>) -> FxHashSet<Vec<u8>> {
    let symbols = &evidence.symbols;
    let frames = symbols.all_frames().iter();
    let frames = frames.map(|frame| (symbols.text(frame.func), symbols.text(frame.file)));
    let own = frames.filter(|(func, file)| {
        frames::owner(func) == Owner::User && !is_dependency(file) && !file.is_empty()
    });
    own.filter_map(|(func, _)| organisation(func)).collect()
}

/// Whether a function is of the program's own modules, or of others of the same publisher.
pub fn is_own(func: &[u8], file: &[u8], orgs: &FxHashSet<Vec<u8>>) -> bool {
    frames::owner(func) == Owner::User
        && (!is_dependency(file) || organisation(func).is_some_and(|org| orgs.contains(&org)))
}

fn lines_of(evidence: &Evidence<'_>, input: u32) -> Lines {
    let documents = evidence.documents.iter();
    let documents = documents.filter(|document| document.input.0 == input);
    let mut lines = Lines::default();
    for document in documents {
        parsed(document, &mut lines.parsed);
        panics(document, &mut lines.prose);
    }
    join(&mut lines.parsed);
    join(&mut lines.prose);
    lines
}

/// Lines that a grammar took, as lines of the input.
fn parsed(document: &Document<'_>, into: &mut Vec<Range<u32>>) {
    let tally = &document.tally;
    let out = tally.aside.iter().chain(&tally.unparsed);
    let mut out: Vec<&Range<u32>> = out.collect();
    out.sort_by_key(|range| range.start);
    let mut at = 0;
    let end = tally.total;
    for left_out in out.into_iter().chain([&(end..end)]) {
        for line in at..left_out.start.max(at) {
            let origin = document.lines.origin(TextLine(line)).line;
            match into.last_mut() {
                Some(last) if last.end == origin => last.end += 1,
                Some(last) if last.contains(&origin) => {}
                _ => into.push(origin..origin + 1),
            }
        }
        at = at.max(left_out.end);
    }
}

/// Lines of panic values.
fn panics(document: &Document<'_>, into: &mut Vec<Range<u32>>) {
    for item in &document.items {
        let Item::Crash(crash) = item else { continue };
        for panic in &crash.panics {
            let ends = memchr::memchr_iter(b'\n', panic.value).count() as u32;
            for line in panic.line.0..=panic.line.0.saturating_add(ends) {
                let origin = document.lines.origin(TextLine(line)).line;
                into.push(origin..origin + 1);
            }
        }
    }
}

fn join(ranges: &mut Vec<Range<u32>>) {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<u32>> = Vec::with_capacity(ranges.len());
    for range in ranges.drain(..) {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    *ranges = joined;
}
