//! A whole output of `go test`: its packages taken apart before they are parsed, and put in order afterwards.
//!
//! `cli` calls [`transcript`], parses the texts as those of any other source, and asks [`test_run`] what was run. A test binary's
//! output is printed in one piece when the package is done, so plain text is cut behind each package's result.

use super::build::block;
use super::events::{Demultiplexed, demultiplex};
use super::leak::leak_report;
use super::marks::{Mark, mark};
use crate::envelope::{self, Opened, Unwrapped};
use crate::model::{
    BuildError, Document, Evidence, LineMap, LineOrigin, PackageOutcome, PackageRun, TestCase,
    TestOutcome, TestRun, TextLine,
};
use crate::parse::lines::{Cursor, Line};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

/// Takes an output apart: one text for each package, with its import path as the stream; text in which none is named has none. Anything
/// else comes through as one text.
pub fn transcript(bytes: &[u8]) -> Opened<'_> {
    if let Some(found) = demultiplex(bytes) {
        return of_events(found, bytes);
    }
    let mut opened = envelope::open(bytes);
    opened.texts = opened.texts.into_iter().flat_map(cut).collect();
    opened
}

fn of_events(found: Demultiplexed, bytes: &[u8]) -> Opened<'_> {
    let mut texts: Vec<Unwrapped<'_>> = found.packages;
    texts.extend(cut(found.stray));
    let ends = memchr::memchr_iter(b'\n', bytes).count() as u32;
    Opened {
        texts,
        envelope: "go test -json".to_owned(),
        lines: ends + u32::from(!bytes.is_empty() && !bytes.ends_with(b"\n")),
        notes: Vec::new(),
        wrapper_lines: Vec::new(),
        truncated: false,
    }
}

/// A plain text, cut behind the result of each package; one that belongs to a stream is a package's already.
fn cut(whole: Unwrapped<'_>) -> Vec<Unwrapped<'_>> {
    if whole.stream.is_some() {
        return vec![whole];
    }
    let mut pieces: Vec<(Range<usize>, u32, Option<String>)> = Vec::new();
    let mut cursor = Cursor::new(&whole.text, 0, whole.text.len(), 0);
    let (mut start, mut first) = (0, 0);
    while let Some(line) = cursor.take() {
        if let Some(Mark::Package { path, .. }) = mark(line.bytes) {
            pieces.push((start..line.next, first, Some(path.to_owned())));
            (start, first) = (line.next, line.number.0 + 1);
        }
    }
    if start < whole.text.len() {
        pieces.push((start..whole.text.len(), first, None));
    }
    let Unwrapped { text, lines, .. } = whole;
    pieces
        .into_iter()
        .map(|(range, first, stream)| {
            let text = match &text {
                Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or_default()),
                Cow::Owned(text) => Cow::Owned(text.get(range).unwrap_or_default().to_vec()),
            };
            let count = memchr::memchr_iter(b'\n', &text).count() as u32 + 1;
            let origins: Vec<LineOrigin> = (first..first.saturating_add(count))
                .map(|line| lines.origin(TextLine(line)))
                .collect();
            Unwrapped {
                text,
                lines: LineMap::new(origins),
                stream,
            }
        })
        .collect()
}

/// What was run, and how it ended, of the parsed texts of a [`transcript`].
pub fn test_run<'t>(evidence: &Evidence<'t>) -> TestRun<'t> {
    let mut packages: Vec<PackageRun<'t>> = Vec::new();
    let mut builds: Vec<(String, BuildError)> = Vec::new();
    for document in &evidence.documents {
        let mut reader = Reader::new(document);
        let mut cursor = Cursor::new(document.text, 0, document.text.len(), 0);
        while let Some(line) = cursor.peek() {
            reader.step(&mut cursor, &line);
        }
        builds.append(&mut reader.builds);
        let package = reader.package;
        let says_nothing =
            package.path.is_empty() && package.tests.is_empty() && package.leaks.is_empty();
        if !says_nothing {
            packages.push(package);
        }
    }
    let mut run = TestRun { packages };
    for (path, error) in builds {
        add_build(&mut run, path, error);
    }
    run
}

/// Linkers and shells print what looks like a heading, too: without a place it counts where the package was not built.
fn add_build(run: &mut TestRun<'_>, path: String, error: BuildError) {
    let known = run.packages.iter_mut().find(|package| package.path == path);
    match known {
        Some(package) => {
            let built = !matches!(
                package.outcome,
                PackageOutcome::BuildFailed | PackageOutcome::SetupFailed
            );
            if error.at.is_some() || !built {
                package.builds.push(error);
            }
        }
        None if error.at.is_some() => run.packages.push(PackageRun {
            path,
            outcome: PackageOutcome::BuildFailed,
            builds: vec![error],
            ..PackageRun::default()
        }),
        None => {}
    }
}

/// Reads the text of one package.
struct Reader<'t> {
    package: PackageRun<'t>,
    by_name: FxHashMap<String, u32>,
    writer: Option<u32>,
    /// The test that the line before reported as failed.
    failed_before: Option<(u32, TextLine)>,
    builds: Vec<(String, BuildError)>,
}

impl<'t> Reader<'t> {
    fn new(document: &Document<'t>) -> Self {
        Self {
            package: PackageRun {
                path: document.stream.clone().unwrap_or_default(),
                document: Some(document.id),
                ..PackageRun::default()
            },
            by_name: FxHashMap::default(),
            writer: None,
            failed_before: None,
            builds: Vec::new(),
        }
    }

    /// One line, or a block of several.
    fn step(&mut self, cursor: &mut Cursor<'t>, line: &Line<'t>) {
        if let Some(document) = self.package.document
            && let Some(block) = block(cursor, document)
        {
            let errors = block.errors.into_iter();
            self.builds
                .extend(errors.map(|error| (block.path.clone(), error)));
            return;
        }
        if let Some(report) = leak_report(cursor) {
            self.wrote(report.lines.clone());
            self.package.leaks.push(report);
            return;
        }
        cursor.pass(line);
        match mark(line.bytes) {
            Some(mark) => self.take(mark, line.number),
            None => {
                self.wrote(line.number.0..line.number.0 + 1);
                self.note_race(line);
            }
        }
    }

    fn take(&mut self, mark: Mark<'_>, line: TextLine) {
        match mark {
            Mark::Writes(name, _) => {
                let test = name.map(|name| self.test(name, line));
                self.writes(test, line);
            }
            Mark::Pauses(name) => {
                self.test(name, line);
                self.writes(None, line);
            }
            Mark::Ended(name, outcome, duration) => self.ended(name, outcome, duration, line),
            Mark::Package {
                path,
                outcome,
                duration,
                cached,
            } => {
                self.writes(None, line);
                let package = &mut self.package;
                package.path = path.to_owned();
                (package.outcome, package.duration, package.cached) = (outcome, duration, cached);
            }
            Mark::Total => self.writes(None, line),
        }
    }

    /// What a failed or skipped test wrote stands below its result without `-v`; a panic, too, is that of the last one. With `-v`
    /// subtests are reported first, and the tests around them on the lines that follow: the innermost is the one that panicked.
    fn ended(
        &mut self,
        name: &str,
        outcome: TestOutcome,
        duration: Option<Duration>,
        line: TextLine,
    ) {
        let test = self.test(name, line);
        if let Some(case) = self.package.tests.get_mut(test as usize) {
            (case.outcome, case.duration) = (outcome, duration);
        }
        let inner = self.failed_before.filter(|(inner, at)| {
            let inner = self.package.tests.get(*inner as usize);
            let is_inside = inner.is_some_and(|inner| {
                let rest = inner.name.strip_prefix(name);
                rest.is_some_and(|rest| rest.starts_with('/'))
            });
            is_inside && at.0 + 1 == line.0
        });
        let told = inner.map_or(test, |(inner, _)| inner);
        self.failed_before = (outcome == TestOutcome::Failed).then_some((told, line));
        self.writes((outcome != TestOutcome::Passed).then_some(told), line);
    }

    /// The test of that name, which may be new.
    fn test(&mut self, name: &str, line: TextLine) -> u32 {
        if let Some(&known) = self.by_name.get(name) {
            return known;
        }
        let index = self.package.tests.len() as u32;
        self.by_name.insert(name.to_owned(), index);
        self.package.tests.push(TestCase {
            name: name.to_owned(),
            outcome: TestOutcome::Unfinished,
            duration: None,
            line,
            raced: None,
            output: Vec::new(),
        });
        index
    }

    fn writes(&mut self, test: Option<u32>, from: TextLine) {
        self.writer = test;
        self.package.writers.push((from, test));
    }

    fn writing(&mut self) -> Option<&mut TestCase> {
        self.package.tests.get_mut(self.writer? as usize)
    }

    fn wrote(&mut self, lines: Range<u32>) {
        let Some(test) = self.writing() else { return };
        match test.output.last_mut() {
            Some(last) if last.end == lines.start => last.end = lines.end,
            _ => test.output.push(lines),
        }
    }

    /// `    testing.go:1867: race detected during execution of test`
    fn note_race(&mut self, line: &Line<'t>) {
        let raced = line
            .bytes
            .ends_with(b": race detected during execution of test");
        if raced && let Some(test) = self.writing() {
            test.raced.get_or_insert(line.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Given, read};

    fn with_run<R>(text: &str, look: impl FnOnce(&TestRun<'_>) -> R) -> R {
        let transcript = transcript(text.as_bytes());
        let evidence = read(&[Given {
            name: "test.log",
            bytes: text.len() as u64,
            opened: &transcript,
            truncated: false,
            notes: Vec::new(),
        }]);
        look(&test_run(&evidence))
    }

    /// Go 1.23, without `-v`.
    const PLAIN: &str = "# a/broken [a/broken.test]
broken/b.go:5:2: declared and not used: n
ok  \ta/fine\t0.011s
FAIL\ta/broken [build failed]
--- FAIL: TestSum (0.01s)
    --- FAIL: TestSum/small (0.00s)
        sum_test.go:7: 1 + 1 = 3
FAIL
FAIL\ta/sum\t0.008s
FAIL
";

    #[test]
    fn plain_text_is_cut_behind_each_package() {
        with_run(PLAIN, |run| {
            let packages: Vec<(&str, PackageOutcome)> = run
                .packages
                .iter()
                .map(|package| (package.path.as_str(), package.outcome))
                .collect();
            assert_eq!(
                packages,
                [
                    ("a/fine", PackageOutcome::Passed),
                    ("a/broken", PackageOutcome::BuildFailed),
                    ("a/sum", PackageOutcome::Failed)
                ]
            );
            assert_eq!(run.packages[1].builds.len(), 1);
            let tests: Vec<(&str, TestOutcome)> = run.packages[2]
                .tests
                .iter()
                .map(|test| (test.name.as_str(), test.outcome))
                .collect();
            assert_eq!(
                tests,
                [
                    ("TestSum", TestOutcome::Failed),
                    ("TestSum/small", TestOutcome::Failed)
                ]
            );
            assert_eq!(run.packages[2].tests[1].output, vec![2..3; 1]);
        });
    }

    #[test]
    fn go1_27_a_panic_below_inner_and_outer_results_is_the_inner_tests() {
        let text = "=== RUN   TestA\n=== RUN   TestA/x\n--- FAIL: TestA/x (0.00s)\n--- FAIL: TestA (0.00s)\npanic: boom\nFAIL\ta\t0.1s\n";
        with_run(text, |run| {
            let writer = run.packages[0].writer(TextLine(4));
            assert_eq!(writer.map(|test| test.name.as_str()), Some("TestA/x"));
        });
    }

    /// Go 1.21, with `-v`: two parallel tests.
    const VERBOSE: &str = "=== RUN   TestA
=== PAUSE TestA
=== RUN   TestB
    b_test.go:3: one
=== CONT  TestA
    a_test.go:3: two
--- PASS: TestA (0.00s)
not a test's
=== NAME  TestB
    b_test.go:4: three
    testing.go:1398: race detected during execution of test
--- FAIL: TestB (0.00s)
=== RUN   TestC
panic: boom
FAIL\ta\t0.008s
";

    #[test]
    fn lines_belong_to_the_test_that_writes() {
        with_run(VERBOSE, |run| {
            let [package] = &run.packages[..] else {
                panic!("one package: {run:?}")
            };
            let writer = |line| {
                package
                    .writer(TextLine(line))
                    .map(|test| test.name.as_str())
            };
            assert_eq!(
                [3, 5, 7, 9, 13].map(writer),
                [
                    Some("TestB"),
                    Some("TestA"),
                    None,
                    Some("TestB"),
                    Some("TestC")
                ]
            );
            let outcomes: Vec<TestOutcome> =
                package.tests.iter().map(|test| test.outcome).collect();
            use TestOutcome::*;
            assert_eq!(outcomes, [Passed, Failed, Unfinished]);
            assert_eq!(package.tests[1].raced, Some(TextLine(10)));
        });
    }
}
