//! `gotriage map explain`: what two operations on one map can do to each other, in every state of the map or in one.

use super::args::{ExplainArgs, TargetArgs};
use super::{Done, Refused, show};
use crate::gomap::interleave::survey::{Pair, single, survey};
use crate::gomap::interleave::{Fill, Keys, Operation, Setting, impossible};
use crate::render::map;
use schemars::JsonSchema;
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

/// What `--format json` prints.
#[derive(Serialize, JsonSchema)]
pub struct Explained {
    /// Always `gotriage.map-explain/1`.
    schema: &'static str,
    /// The Go version.
    go: String,
    /// Kind of map: classic or swiss.
    layout: String,
    /// Each pair of operations that the two words stand for.
    pairs: Vec<Pair>,
}

/// Explains every pair that the words stand for.
pub fn run(args: &ExplainArgs) -> Done {
    let target = super::target(&TargetArgs {
        go: args.go,
        arch: None,
    })?;
    let pairs = pairs(args);
    for &(a, b) in &pairs {
        if let Some(why) = impossible(&target, a, b) {
            return Err(Refused(why));
        }
    }
    let build = target.build.version.to_string();
    let layout = target.rules.layout;
    let one = (args.keys.is_some() || args.fill.is_some()).then_some(Setting {
        keys: args.keys.unwrap_or(SETTING.keys),
        fill: args.fill.unwrap_or(SETTING.fill),
    });
    let told = |&(a, b): &(Operation, Operation)| match one {
        None => survey(&target, a, b),
        Some(setting) => single(&target, a, b, setting),
    };
    let result = Explained {
        schema: "gotriage.map-explain/1",
        go: build.clone(),
        layout: layout.to_string(),
        pairs: pairs.iter().map(told).collect(),
    };
    show(&args.show, &result, || match one {
        None => map::explain::survey(&build, layout, &result.pairs),
        Some(_) => map::explain::singles(&build, layout, &result.pairs, args.show.all),
    })
}

/// Every pair once: of the same two words, insert and update is update and insert.
fn pairs(args: &ExplainArgs) -> Vec<(Operation, Operation)> {
    let (Operations(a), Operations(b)) = (&args.a, &args.b);
    let all = a.iter().flat_map(|&a| b.iter().map(move |&b| (a, b)));
    all.filter(|&(one, other)| one <= other || a != b).collect()
}
