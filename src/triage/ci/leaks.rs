//! What goleak found as findings: one for each way in which goroutines were started and left. Called by [`super::review`].

use super::{Desk, Draft, rules};
use crate::model::{CallLine, Grade, Leaked, PackageOutcome};
use crate::triage::annotation::Level;
use crate::triage::fingerprint::{of_lines, site};
use crate::triage::report::Place;
use crate::triage::values;

/// Adds the findings of all goleak reports.
pub(super) fn add(desk: &mut Desk<'_, '_>) {
    let run = desk.run;
    for package in &run.packages {
        if package.outcome == PackageOutcome::Passed {
            continue;
        }
        for report in &package.leaks {
            let mut groups: Vec<Vec<&Leaked<'_>>> = Vec::new();
            for leaked in &report.goroutines {
                let alike = |group: &&mut Vec<&Leaked<'_>>| {
                    let first = group.first();
                    first.is_some_and(|first| is_alike(first, leaked))
                };
                match groups.iter_mut().find(alike) {
                    Some(group) => group.push(leaked),
                    None => groups.push(vec![leaked]),
                }
            }
            for group in groups {
                let document = package.document;
                let (Some(first), Some(document)) = (group.first(), document) else {
                    continue;
                };
                let draft = draft(desk, document, first, group.len());
                desk.add(draft);
            }
        }
    }
}

fn is_alike(one: &Leaked<'_>, other: &Leaked<'_>) -> bool {
    one.stack == other.stack && one.created_by == other.created_by
}

fn draft(
    desk: &Desk<'_, '_>,
    document: crate::model::DocumentId,
    leaked: &Leaked<'_>,
    count: usize,
) -> Draft {
    let stack: Vec<Place> = leaked.stack.iter().map(place).collect();
    let started = leaked.created_by.as_ref().map(place);
    let calls: Vec<Place> = stack.iter().cloned().chain(started.clone()).collect();
    let own = calls
        .iter()
        .find(|call| desk.checkout.locate(call).is_some())
        .or(calls.first());
    let by = match &started {
        Some(started) => format!(", started by {}", values::call(started)),
        None => String::new(),
    };
    let stands = own.map(|call| format!(" in {}", values::call(call)));
    let words = format!(
        "{} still there when the test was over, in state {}{}{by}",
        match count {
            1 => "1 goroutine was".to_owned(),
            _ => format!("{count} goroutines were"),
        },
        values::text(leaked.state),
        stands.unwrap_or_default(),
    );
    let mut lines: Vec<String> = own
        .map(|call| format!("site {}", site(call)))
        .into_iter()
        .collect();
    lines.extend(
        started
            .as_ref()
            .map(|call| format!("started {}", site(call))),
    );
    Draft {
        row: rules::LEAK,
        grade: Grade::Confirmed,
        level: Level::Error,
        tests: desk.tests_of(document, leaked.line, &calls),
        places: calls,
        message: values::sentence(&words),
        related: started
            .map(|call| (call, "started here".to_owned()))
            .into_iter()
            .collect(),
        flows: vec![(format!("goroutine {}, which was left", leaked.id), stack)],
        fingerprint: of_lines(rules::LEAK.rule.id, lines),
        at: values::at(desk.evidence, document, leaked.line),
        incident: None,
    }
}

fn place(call: &CallLine<'_>) -> Place {
    Place {
        func: values::text(call.func),
        file: values::text(call.file),
        line: call.line,
    }
}
