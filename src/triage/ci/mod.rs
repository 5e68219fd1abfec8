//! A test run judged for CI: what is wrong in it, each finding at its line of the repository and with the tests it belongs to.
//!
//! `cli` calls [`review`]. Findings come from the incidents of the report (`crashes`), the race detector's reports (`races`), what goleak
//! found (`leaks`) and what did not compile (`builds`). `owner` says whose test it was, [`checkout`] where the line is, `rules` names it.
//!
//! Tests that fail without a crash are no findings: go test reports those itself. What a package that passed printed is none either,
//! it may well be the dump that a test expects.

mod builds;
pub mod checkout;
mod crashes;
mod leaks;
mod owner;
mod races;
pub mod report;
mod rules;

use super::Options;
use super::annotation::{Annotation, Flow, Level, Lines, Related};
use super::fingerprint::Fingerprint;
use super::report::{At, Place};
use super::values;
use crate::analyze::incident::incidents;
use crate::model::{
    Document, DocumentId, Evidence, FrameKind, Grade, PackageOutcome, PackageRun, TestCase,
    TestOutcome, TestRun,
};
use checkout::Checkout;
use report::{CiReport, Finding, Package, Test, TestName, Tests};
use rules::Row;
use rustc_hash::FxHashMap;
use std::time::Duration;

/// Bytes of a failed test's own output that are kept: enough for its words, while a test may log megabytes.
const MOST_OUTPUT: usize = 64 << 10;

/// The report on a test run, and its findings.
pub fn review(
    evidence: &Evidence<'_>,
    options: &Options,
    run: &TestRun<'_>,
    checkout: Checkout,
) -> CiReport {
    let report = super::report(evidence, options);
    let mut desk = Desk {
        evidence,
        run,
        checkout,
        findings: Vec::new(),
        known: FxHashMap::default(),
    };
    desk.learn_places();
    let found = incidents(evidence, options.separate);
    for ((incident, reported), index) in found.iter().zip(&report.incidents).zip(0u32..) {
        races::add(&mut desk, incident, reported, index);
        crashes::add(&mut desk, incident, reported, index);
    }
    leaks::add(&mut desk);
    builds::add(&mut desk);
    let mut findings = desk.findings;
    findings.sort_by(|a, b| {
        let first = |finding: &Finding| finding.evidence.first().copied();
        (first(a), &a.annotation.fingerprint).cmp(&(first(b), &b.annotation.fingerprint))
    });
    CiReport {
        tests: tests(evidence, run),
        report,
        findings,
    }
}

/// Where findings are put together.
struct Desk<'c, 't> {
    evidence: &'c Evidence<'t>,
    run: &'c TestRun<'t>,
    checkout: Checkout,
    findings: Vec<Finding>,
    /// Findings by fingerprint.
    known: FxHashMap<Fingerprint, usize>,
}

/// A finding before its places are looked up.
struct Draft {
    row: Row,
    grade: Grade,
    level: Level,
    /// Lines that it may be shown at, the best first: the first one of the repository is taken.
    places: Vec<Place>,
    message: String,
    related: Vec<(Place, String)>,
    /// Calls of each party, innermost first, with a title.
    flows: Vec<(String, Vec<Place>)>,
    fingerprint: Fingerprint,
    tests: Vec<TestName>,
    at: At,
    incident: Option<u32>,
}

impl<'c, 't> Desk<'c, 't> {
    /// Frames tell in which directories modules were built.
    fn learn_places(&mut self) {
        for frame in self.evidence.symbols.all_frames() {
            if frame.kind == FrameKind::Call {
                let symbols = &self.evidence.symbols;
                self.checkout.learn(&Place {
                    func: values::text(symbols.text(frame.func)),
                    file: values::text(symbols.text(frame.file)),
                    line: frame.line,
                });
            }
        }
    }

    /// The package whose text a document is.
    fn package(&self, document: DocumentId) -> Option<&'c PackageRun<'t>> {
        let mut packages = self.run.packages.iter();
        packages.find(|package| package.document == Some(document))
    }

    /// True where what a document holds is no finding.
    fn passed(&self, document: DocumentId) -> bool {
        self.package(document)
            .is_some_and(|package| package.outcome == PackageOutcome::Passed)
    }

    /// Adds a finding, or another print of one that is known.
    fn add(&mut self, draft: Draft) {
        if let Some(finding) = self
            .known
            .get(&draft.fingerprint)
            .and_then(|&at| self.findings.get_mut(at))
        {
            for test in draft.tests {
                if !finding.tests.contains(&test) {
                    finding.tests.push(test);
                }
            }
            finding.evidence.push(draft.at);
            return;
        }
        self.known.insert(draft.fingerprint, self.findings.len());
        let finding = self.finding(draft);
        self.findings.push(finding);
    }

    fn finding(&self, draft: Draft) -> Finding {
        let at = draft
            .places
            .iter()
            .find_map(|place| self.checkout.locate(place));
        let related = draft.related.iter();
        let mut related: Vec<Related> = related
            .filter_map(|(place, message)| self.related(place, message))
            .collect();
        let mut seen: Vec<Related> = Vec::with_capacity(related.len());
        related.retain(|one| {
            let new = !seen.contains(one);
            seen.push(one.clone());
            new
        });
        Finding {
            annotation: Annotation {
                rule: draft.row.rule,
                level: draft.level,
                at: at.map(|(file, line)| Lines {
                    file,
                    line,
                    end_line: None,
                }),
                title: title(draft.row, &draft.tests),
                message: draft.message,
                fingerprint: draft.fingerprint.to_string(),
                related,
                flows: draft
                    .flows
                    .into_iter()
                    .filter_map(|flow| self.flow(flow))
                    .collect(),
            },
            grade: draft.grade,
            tests: draft.tests,
            evidence: vec![draft.at],
            incident: draft.incident,
        }
    }

    fn related(&self, place: &Place, message: &str) -> Option<Related> {
        let (file, line) = self.checkout.locate(place)?;
        Some(Related {
            file,
            line,
            message: message.to_owned(),
        })
    }

    /// A way with the calls of the repository, outermost first; none where no call is of it.
    fn flow(&self, (title, calls): (String, Vec<Place>)) -> Option<Flow> {
        let outermost_first = calls.iter().rev();
        let steps: Vec<Related> = outermost_first
            .filter_map(|call| self.related(call, &values::call(call)))
            .collect();
        (!steps.is_empty()).then_some(Flow { title, steps })
    }

    /// Which test a finding at a line of a document belongs to.
    fn tests_of(
        &self,
        document: DocumentId,
        line: crate::model::TextLine,
        calls: &[Place],
    ) -> Vec<TestName> {
        let Some(package) = self.package(document) else {
            return Vec::new();
        };
        vec![TestName {
            package: package.path.clone(),
            test: owner::of(package, line, calls),
        }]
    }
}

/// How grave a finding of a grade is.
fn level(grade: Grade) -> Level {
    match grade {
        Grade::Confirmed | Grade::Probable => Level::Error,
        Grade::Possible | Grade::Unknown => Level::Warning,
    }
}

/// `Data race in TestCast`
fn title(row: Row, tests: &[TestName]) -> String {
    let named: Vec<&str> = tests
        .iter()
        .filter_map(|test| test.test.as_deref())
        .collect();
    match (&named[..], tests) {
        ([one], _) => format!("{} in {one}", row.title),
        ([first, others @ ..], _) => format!("{} in {first} and {} more", row.title, others.len()),
        ([], [first, ..]) if !first.package.is_empty() => {
            format!("{} in {}", row.title, first.package)
        }
        _ => row.title.to_owned(),
    }
}

fn tests(evidence: &Evidence<'_>, run: &TestRun<'_>) -> Tests {
    let mut tests = Tests::default();
    for package in &run.packages {
        let document = package.document.and_then(|id| evidence.document(id));
        for test in &package.tests {
            let count = match test.outcome {
                TestOutcome::Passed => &mut tests.passed,
                TestOutcome::Failed => &mut tests.failed,
                TestOutcome::Skipped => &mut tests.skipped,
                TestOutcome::Unfinished => &mut tests.unfinished,
            };
            *count += 1;
        }
        tests.packages.push(Package {
            path: package.path.clone(),
            outcome: outcome_word(package.outcome).to_owned(),
            seconds: package.duration.map(|duration| duration.as_secs_f64()),
            cached: package.cached,
            tests: package
                .tests
                .iter()
                .map(|test| test_report(test, document))
                .collect(),
        });
    }
    tests
}

fn outcome_word(outcome: PackageOutcome) -> &'static str {
    match outcome {
        PackageOutcome::Passed => "passed",
        PackageOutcome::Failed => "failed",
        PackageOutcome::BuildFailed => "build-failed",
        PackageOutcome::SetupFailed => "setup-failed",
        PackageOutcome::NoTests => "no-tests",
        PackageOutcome::Unfinished => "unfinished",
    }
}

fn test_report(test: &TestCase, document: Option<&Document<'_>>) -> Test {
    let (outcome, told) = match test.outcome {
        TestOutcome::Passed => ("passed", false),
        TestOutcome::Failed => ("failed", true),
        TestOutcome::Skipped => ("skipped", true),
        TestOutcome::Unfinished => ("unfinished", true),
    };
    Test {
        name: test.name.clone(),
        outcome: outcome.to_owned(),
        seconds: test
            .duration
            .map(|duration: Duration| duration.as_secs_f64()),
        output: document
            .filter(|_| told && !test.output.is_empty())
            .map(|document| output(test, document)),
    }
}

/// The lines that a test wrote, to the limit.
fn output(test: &TestCase, document: &Document<'_>) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut ranges = test.output.iter().peekable();
    for (line, number) in document
        .text
        .split_inclusive(|&byte| byte == b'\n')
        .zip(0u32..)
    {
        while ranges.next_if(|range| range.end <= number).is_some() {}
        let Some(range) = ranges.peek() else { break };
        if !range.contains(&number) {
            continue;
        }
        if kept.len() + line.len() > MOST_OUTPUT {
            kept.extend_from_slice("…\n".as_bytes());
            break;
        }
        kept.extend_from_slice(line);
    }
    values::text(&kept)
}
