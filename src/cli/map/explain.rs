//! `gotriage map explain`: what two operations on one map can do to each other, in every state of the map or in one.

use super::args::{ExplainArgs, TargetArgs};
use super::{Done, Refused, show};
use crate::gomap::interleave::survey::survey;
use crate::gomap::interleave::{Explanation, Fill, Keys, Operation, Setting, explain};
use crate::render::map;
use serde::Serialize;
use std::str::FromStr;

/// Words for an operation that are not the model's: Go's own, and those of a traceback, which does not tell an insert from an update.
const ALSO: &[(&str, &[Operation])] = &[
    ("write", WRITE),
    ("assign", WRITE),
    ("range", &[Operation::Iterate]),
];

const WRITE: &[Operation] = &[Operation::Insert, Operation::Update];

/// Where only one of --keys and --fill is given.
const SETTING: Setting = Setting {
    keys: Keys::SamePlace,
    fill: Fill::Room,
};

/// The operations that a word stands for.
#[derive(Clone, Debug)]
pub struct Operations(Vec<Operation>);

impl FromStr for Operations {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, all)) = ALSO.iter().find(|(word, _)| *word == text) {
            return Ok(Operations(all.to_vec()));
        }
        let one = text.parse::<Operation>();
        one.map(|operation| Operations(vec![operation]))
            .map_err(|error| format!("{error}, write (insert or update)"))
    }
}

/// What is printed as JSON: pairs in all states of the map, or in one.
#[derive(Serialize)]
struct Explained<P> {
    schema: &'static str,
    go: String,
    layout: String,
    pairs: Vec<P>,
}

#[derive(Serialize)]
struct Single {
    a: Operation,
    b: Operation,
    keys: Keys,
    fill: Fill,
    #[serde(flatten)]
    explanation: Explanation,
}

/// Explains every pair that the words stand for.
pub fn run(args: &ExplainArgs) -> Done {
    let target = super::target(&TargetArgs {
        go: args.go,
        arch: None,
    })?;
    let pairs = pairs(args);
    for &(a, b) in &pairs {
        let none = explain(&target, a, b, SETTING);
        if none.outcomes.is_empty() {
            return Err(Refused(none.notes.join("; ")));
        }
    }
    let build = target.build.version.to_string();
    let layout = target.rules.layout;
    if args.keys.is_none() && args.fill.is_none() {
        let surveyed = pairs.iter().map(|&(a, b)| survey(&target, a, b));
        let result = explained(&build, layout.to_string(), surveyed.collect());
        return show(&args.show, &result, || {
            map::explain::survey(&build, layout, &result.pairs)
        });
    }
    let setting = Setting {
        keys: args.keys.unwrap_or(SETTING.keys),
        fill: args.fill.unwrap_or(SETTING.fill),
    };
    let single = |&(a, b): &(Operation, Operation)| Single {
        a,
        b,
        keys: setting.keys,
        fill: setting.fill,
        explanation: explain(&target, a, b, setting),
    };
    let result = explained(
        &build,
        layout.to_string(),
        pairs.iter().map(single).collect(),
    );
    show(&args.show, &result, || {
        let one = |single: &Single| {
            map::explain::single(
                (single.a, single.b),
                setting,
                &single.explanation,
                args.show.all,
            )
        };
        let mut blocks = map::explain::opening(&build, layout);
        blocks.push(map::explain::state(setting));
        blocks.extend(result.pairs.iter().flat_map(one));
        blocks.extend(map::explain::closing());
        blocks
    })
}

fn explained<P>(build: &str, layout: String, pairs: Vec<P>) -> Explained<P> {
    Explained {
        schema: "gotriage.map-explain/1",
        go: build.to_owned(),
        layout,
        pairs,
    }
}

/// Every pair once: of the same two words, insert and update is update and insert.
fn pairs(args: &ExplainArgs) -> Vec<(Operation, Operation)> {
    let (Operations(a), Operations(b)) = (&args.a, &args.b);
    let all = a.iter().flat_map(|&a| b.iter().map(move |&b| (a, b)));
    all.filter(|&(one, other)| one <= other || a != b).collect()
}
