//! The same verdict out of every wrapper of the same dump.

mod pipeline;
mod support;
mod wrap;

use gotriage::triage::report::{IncidentReport, Report};

/// Dumps of different kinds and ages.
const DUMPS: [&str; 12] = [
    "map-write-write/go1.19.8-system.txt",
    "map-read-write/go1.27.3-system.txt",
    "map-iterate-write/go1.23.9-all.txt",
    "two-die-at-once/go1.21.13-all.txt",
    "nil-dereference/go1.25.5-single.txt",
    "custom-panic-multiline/go1.24.11-single.txt",
    "deadlock-all-asleep/go1.26.6-single.txt",
    "lock-hang/go1.27.3-debug2.txt",
    "labels/go1.27.3-all.txt",
    "index-out-of-range/go1.23.9-all.txt",
    "race-map/go1.24.11-race.txt",
    "stack-overflow/go1.22.10-single.txt",
];

fn triaged(bytes: &[u8]) -> Report {
    pipeline::report(&[("dump", bytes)])
}

/// What must not depend on the wrapper. White space inside a panic's text is the wrapper's to lose.
fn essence(incident: &IncidentReport) -> String {
    let crash = incident.crash.as_ref().map(|crash| {
        (
            crash.kind.clone(),
            crash.goroutine,
            crash.message.split_whitespace().collect::<String>(),
        )
    });
    let parties: Vec<_> = incident
        .conflicts
        .iter()
        .map(|conflict| {
            let sides = conflict
                .participants
                .iter()
                .map(|p| (p.goroutine, p.op.clone(), p.file.clone(), p.line));
            (conflict.grade.word(), sides.collect::<Vec<_>>())
        })
        .collect();
    let waits: Vec<_> = incident
        .waits
        .iter()
        .map(|wait| (&wait.kind, &wait.address, wait.waiters))
        .collect();
    let verdict = (
        incident.verdict.category.word(),
        incident.verdict.grade.word(),
    );
    format!(
        "{verdict:?} {crash:?} {} {parties:?} {waits:?}",
        incident.goroutines.total
    )
}

#[test]
fn the_verdict_does_not_depend_on_the_wrapper() {
    let truths = support::manifest();
    let mut complaints = Vec::new();
    let mut tried = 0;
    for dump in DUMPS {
        let mut fitting = truths.iter().filter(|truth| truth.file.ends_with(dump));
        let Some(truth) = fitting.next() else {
            panic!("{dump} is not in the corpus")
        };
        let bytes = truth.bytes();
        let plain: Vec<String> = triaged(&bytes).incidents.iter().map(essence).collect();
        for (name, wrap) in wrap::all() {
            // The race detector writes a report in one piece; only the runtime prints word by word.
            if name == "print calls" && truth.level == "race" {
                continue;
            }
            let wrapped = triaged(&wrap(&bytes));
            let found: Vec<String> = wrapped.incidents.iter().map(essence).collect();
            let input = &wrapped.inputs[0];
            tried += 1;
            if found != plain {
                complaints.push(format!(
                    "{} in {name} ({}):\n  {found:?}\n  not {plain:?}",
                    truth.file, input.envelope
                ));
            }
            if input.parsed_lines + input.set_aside_lines + input.unparsed_lines != input.lines {
                complaints.push(format!("{} in {name}: lines do not add up", truth.file));
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "{} of {tried}:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}
