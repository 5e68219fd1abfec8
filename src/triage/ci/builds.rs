//! What did not compile as findings. Called by [`super::review`].
//!
//! A package that failed to build without a word of its own (because of a package it imports, or because the compiler's words went
//! elsewhere) is a finding without a line.

use super::{Desk, Draft, TestName, rules};
use crate::model::{BuildError, Grade, PackageOutcome, PackageRun};
use crate::triage::annotation::Level;
use crate::triage::fingerprint::of_lines;
use crate::triage::report::{At, Place};
use crate::triage::values;

/// Adds the findings of all packages that were not built.
pub(super) fn add(desk: &mut Desk<'_, '_>) {
    let run = desk.run;
    let anything_said = run
        .packages
        .iter()
        .any(|package| !package.builds.is_empty());
    for package in &run.packages {
        for error in &package.builds {
            let draft = said(desk, package, error);
            desk.add(draft);
        }
        let refused = matches!(
            package.outcome,
            PackageOutcome::BuildFailed | PackageOutcome::SetupFailed
        );
        if refused && package.builds.is_empty() && !anything_said {
            let draft = unsaid(desk, package);
            desk.add(draft);
        }
    }
}

fn said(desk: &Desk<'_, '_>, package: &PackageRun<'_>, error: &BuildError) -> Draft {
    // The compiler's paths count as code of the package, which is the user's.
    let place = error.at.as_ref().map(|at| Place {
        func: "main.".to_owned(),
        file: at.file.clone(),
        line: at.line,
    });
    let by = if error.vet { "vet: " } else { "" };
    let where_to = error
        .at
        .as_ref()
        .map(|at| format!("file {}:{}", at.file, at.line));
    let mut lines: Vec<String> = where_to.into_iter().collect();
    lines.push(format!("message {}", error.message));
    Draft {
        message: format!("{by}{}", error.message),
        places: place.into_iter().collect(),
        fingerprint: of_lines(rules::BUILD.rule.id, lines),
        at: values::at(desk.evidence, error.document, error.line),
        ..empty(package)
    }
}

fn unsaid(desk: &Desk<'_, '_>, package: &PackageRun<'_>) -> Draft {
    let document = package.document.and_then(|id| desk.evidence.document(id));
    let last = document.map_or(At { input: 0, line: 0 }, |document| {
        let line = crate::model::TextLine(document.tally.total.saturating_sub(1));
        values::at(desk.evidence, document.id, line)
    });
    Draft {
        message: format!(
            "{} was not built; what the compiler said is not in the input. Pipe both streams: go test ./... 2>&1 | gotriage ci",
            package.path
        ),
        fingerprint: of_lines(
            rules::BUILD.rule.id,
            vec![format!("package {}", package.path)],
        ),
        at: last,
        ..empty(package)
    }
}

fn empty(package: &PackageRun<'_>) -> Draft {
    Draft {
        row: rules::BUILD,
        grade: Grade::Confirmed,
        level: Level::Error,
        places: Vec::new(),
        message: String::new(),
        related: Vec::new(),
        flows: Vec::new(),
        fingerprint: of_lines(rules::BUILD.rule.id, Vec::new()),
        tests: vec![TestName {
            package: package.path.clone(),
            test: None,
        }],
        at: At { input: 0, line: 0 },
        incident: None,
    }
}
