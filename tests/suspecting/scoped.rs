//! What is read of a module for one crash gives the answer that the whole module gives.

use crate::pipeline;
use crate::support::corpus;
use gotriage::source::flow::Analysis;
use gotriage::source::pairs::maps;
use gotriage::source::{Module, Reading};
use gotriage::triage::{self, Options};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// A crash at each line of a module that works on a map, as Go prints it: every `every`th of them.
fn crashes(module: &Module, every: usize) -> Vec<String> {
    let analysis = Analysis::new(module);
    let mut lines = BTreeSet::new();
    for map in maps(&analysis) {
        for used in &map.uses {
            let access = analysis.access(used).expect("an access");
            let (_, _, func) = analysis.part(used.node).expect("a function");
            let def = analysis.program.func(func).expect("a function");
            let package = analysis.program.package(def.package).expect("a package");
            let (name, file) = analysis.name(used.node);
            let file = file.expect("a file").disk.display().to_string();
            let directory = match package.path.rsplit_once('/') {
                Some((directory, _)) if !package.is_main => format!("{directory}/"),
                _ => String::new(),
            };
            let message = match access.op.writes() {
                true => "concurrent map writes",
                false => "concurrent map read and map write",
            };
            lines.insert((file, access.line, message, format!("{directory}{name}")));
        }
    }
    let mut crashes = Vec::new();
    for (file, line, message, func) in lines.into_iter().step_by(every) {
        let mut text = format!("fatal error: {message}\n\ngoroutine 7 [running]:\n");
        writeln!(text, "{func}(...)\n\t{file}:{line} +0x1d\n").expect("in memory");
        crashes.push(text);
    }
    crashes
}

fn suspects_in(text: &str, module: Arc<Module>) -> Vec<Value> {
    let options = Options {
        source: Some(module),
        ..Options::default()
    };
    let inputs: [(&str, &[u8]); 1] = [("log", text.as_bytes())];
    let report = pipeline::with_evidence(&inputs, |evidence| triage::report(evidence, &options));
    let incidents = report.incidents.into_iter();
    incidents
        .map(|incident| serde_json::to_value(incident.suspects).expect("JSON"))
        .collect()
}

/// What differs between the whole of a module and what each crash asks of it; and how many suspects there are.
pub fn differences(dir: &Path, every: usize) -> (Vec<String>, usize) {
    let open = |deferred| {
        let reading = Reading {
            deferred,
            ..Reading::default()
        };
        Arc::new(Module::open(dir, &reading).expect("Go source"))
    };
    let (whole, part) = (open(false), open(true));
    let crashes = crashes(&whole, every);
    if crashes.is_empty() {
        return (Vec::new(), 0);
    }
    let expected = suspects_in(&crashes.concat(), whole);
    assert_eq!(expected.len(), crashes.len(), "{}", dir.display());
    let mut different = Vec::new();
    let mut suspects = 0;
    for (crash, expected) in crashes.iter().zip(&expected) {
        suspects += expected.as_array().map_or(0, Vec::len);
        let found = suspects_in(crash, part.clone());
        if found != [expected.clone()] {
            let found = found.first().unwrap_or(&Value::Null);
            different.push(format!("{crash}{expected:#}\nbut\n{found:#}"));
        }
    }
    (different, suspects)
}

#[test]
fn what_a_crash_asks_of_a_module_is_what_the_whole_says() {
    let programs = std::fs::read_dir(corpus().join("programs")).expect("programs");
    let mut suspects = 0;
    for entry in programs {
        let dir = entry.expect("a program").path();
        if Module::open(&dir, &Reading::default()).is_err() {
            continue;
        }
        let (different, found) = differences(&dir, 1);
        assert!(
            different.is_empty(),
            "{}: {}",
            different.len(),
            different[0]
        );
        suspects += found;
    }
    assert!(suspects > 200, "{suspects} suspects");
}
