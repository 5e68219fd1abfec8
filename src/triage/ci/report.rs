//! What `gotriage ci --json` prints: the report, what was run, and the findings with their places in the repository.
//!
//! Plain data, made by [`super::review`] and read by `render::ci`. Fields are only added within a version of the schema.

use crate::model::Grade;
use crate::triage::annotation::Annotation;
use crate::triage::report::{At, Report};
use schemars::JsonSchema;
use serde::Serialize;

/// The answer to one test run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CiReport {
    /// The report as for any other input; its incidents are the processes that died.
    #[serde(flatten)]
    pub report: Report,
    /// What ran.
    pub tests: Tests,
    /// What is wrong, in the order of the input; each once, however often it was printed.
    pub findings: Vec<Finding>,
}

/// What ran, and how it ended.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Tests {
    /// Tests that passed, as far as the output names them: without -v it doesn't.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were skipped.
    pub skipped: u64,
    /// Tests that were running when the process ended.
    pub unfinished: u64,
    /// Packages, in the order of the input.
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Package {
    /// Import path; empty where the output names none.
    pub path: String,
    /// `passed`, `failed`, `build-failed`, `setup-failed`, `no-tests`, `unfinished`.
    pub outcome: String,
    /// As printed.
    pub seconds: Option<f64>,
    /// The result is of an earlier run.
    pub cached: bool,
    /// Its tests, in the order of the input.
    pub tests: Vec<Test>,
}

/// One test or subtest.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Test {
    /// `TestCache/empty_key`.
    pub name: String,
    /// `passed`, `failed`, `skipped`, `unfinished`.
    pub outcome: String,
    /// As printed.
    pub seconds: Option<f64>,
    /// What it wrote, where it failed; the first 64 KiB.
    pub output: Option<String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// As code hosts take it.
    #[serde(flatten)]
    pub annotation: Annotation,
    /// How far the evidence carries it.
    pub grade: Grade,
    /// Tests that were running, or whose goroutines they were.
    pub tests: Vec<TestName>,
    /// Where it was printed; the first is the one described.
    pub evidence: Vec<At>,
    /// Index into `incidents`; null for what is no incident: a build error, a leak.
    pub incident: Option<u32>,
}

/// A test.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct TestName {
    /// Import path; empty where the output names none.
    pub package: String,
    /// `TestCache/empty_key`; null where no test is known.
    pub test: Option<String>,
}
