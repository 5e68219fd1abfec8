//! `gotriage map grow`: the plan of a map's growth, and the replay of writes to it.

use super::args::GrowArgs;
use super::missing::{self, Missing};
use super::{Done, Refused, given, show};
use crate::gomap::grow::compare::{Comparison, compare};
use crate::gomap::grow::history::outline::{Outline, Seeds, SeedsGiven};
use crate::gomap::grow::history::{self, History, Key, MAX_WRITES, What, Write};
use crate::gomap::grow::plan::{Limit, Plan, ignores_hint};
use crate::gomap::hash::{Hasher, Secrets};
use crate::gomap::layout::Layout;
use crate::gomap::layout::survey;
use crate::gomap::snapshot::Body;
use crate::gomap::snapshot::answer::{self, Book};
use crate::gomap::target::Target;
use crate::gomap::types::MapType;
use crate::render::map;
use bstr::ByteSlice;
use schemars::JsonSchema;
use serde::Serialize;
use std::path::Path;

/// The map in question.
struct Subject {
    target: Target,
    types: MapType,
    secrets: Secrets,
    seeds: SeedsGiven,
    /// What a snapshot shows of it.
    body: Option<Body>,
}

/// What `--format json` prints.
#[derive(Serialize, JsonSchema)]
pub struct Growth {
    /// Always `gotriage.map-grow/1`.
    schema: &'static str,
    /// The map type, as Go writes it.
    #[serde(rename = "type")]
    map_type: String,
    /// Go's version.
    go: String,
    /// The experiment that it was built with: `noswissmap`, `mapsplitgroup`.
    experiment: Option<&'static str>,
    /// The machine, as GOARCH names it.
    arch: String,
    /// `classic` or `swiss`.
    #[serde(rename = "impl")]
    implementation: String,
    /// What `make` was told; 0 without a hint.
    hint: i128,
    /// True where Go takes this hint for none: it is negative, or so much memory can't be.
    hint_ignored: bool,
    /// New keys that the plan goes up to: as many as asked for, or as the map of the writes holds at most, or the hint.
    inserts: u64,
    /// The stages of a map that so many keys are stored in and nothing deleted from, smallest first.
    plan: Plan,
    /// The stage that memory has no room for; null where the plan ends before it.
    limit: Option<Limit>,
    /// What the writes do; null without writes, and where something is missing.
    replay: Option<History>,
    /// The end of the replay against the snapshot's map; null where one of them is not there.
    snapshot: Option<Comparison>,
    /// Why there is no replay of the writes.
    missing: Vec<Missing>,
}

/// Prints the plan, and the replay where there are writes.
pub fn run(args: &GrowArgs) -> Done {
    let subject = subject(args)?;
    let writes = writes(args, &subject)?;
    let outline = Outline::of(&writes, &subject.types.key);
    let layout = Layout::new(&subject.target, &subject.types);
    let hint = args.hint.unwrap_or(0);
    // A hint that is negative counts for none.
    let told = u64::try_from(hint).unwrap_or(0);
    let hint_ignored = hint < 0 || ignores_hint(&subject.target, &layout, told);
    let inserts = match (args.inserts, writes.is_empty(), args.hint) {
        (Some(inserts), _, _) => inserts,
        (None, false, _) => outline.most,
        (None, true, Some(_)) if hint_ignored => 0,
        (None, true, Some(_)) => told,
        (None, true, None) => {
            return Err(Refused(
                "say how far the map grows: --inserts N or --hint N; or what is written: --keys FILE or --key LITERAL".into(),
            ));
        }
    };
    let (replay, missing) = match writes.is_empty() {
        true => (None, Vec::new()),
        false => replay(&subject, told, &outline, writes)?,
    };
    let (plan, limit) = Plan::of(&subject.target, &layout, told, inserts);
    let Subject { target, types, .. } = &subject;
    let result = Growth {
        schema: "gotriage.map-grow/1",
        map_type: types.to_string(),
        go: target.build.version.to_string(),
        experiment: survey::word(target.build.map_experiment),
        arch: target.arch.to_string(),
        implementation: target.rules.layout.to_string(),
        hint,
        hint_ignored,
        inserts,
        plan,
        limit,
        snapshot: compared(&subject, replay.as_ref()),
        replay,
        missing,
    };
    let at_a_time = args.inserts.is_none() && outline.most < outline.inserted;
    show(&args.show, &result, || {
        sheet(&result, at_a_time, args.show.all)
    })
}

/// The replay's end against the snapshot's map, where all writes were followed.
fn compared(subject: &Subject, replay: Option<&History>) -> Option<Comparison> {
    let replay = replay.filter(|replay| replay.stopped.is_none())?;
    compare(replay.end.as_ref()?, subject.body.as_ref()?)
}

fn sheet(result: &Growth, at_a_time: bool, all: bool) -> Vec<crate::render::sheet::Block> {
    let missing = result
        .missing
        .iter()
        .map(|missing| (missing.why.as_str(), missing.how.as_str()));
    let experiment = result
        .experiment
        .map_or_else(String::new, |name| format!(" ({name})"));
    map::grow::sheet(&map::grow::Page {
        subject: format!(
            "{} in Go {}{experiment} on {}: {}",
            result.map_type, result.go, result.arch, result.implementation
        ),
        hint: result.hint,
        hint_ignored: result.hint_ignored,
        inserts: result.inserts,
        at_a_time,
        plan: &result.plan,
        limit: result.limit,
        snapshot: result.snapshot.as_ref(),
        replay: result.replay.as_ref(),
        missing: missing.collect(),
        all,
    })
}

/// The map of a snapshot, or of a type with flags; a file of secrets knows the build as well.
fn subject(args: &GrowArgs) -> Result<Subject, Refused> {
    let flag = args.secrets.seed;
    let Some(path) = &args.snapshot else {
        let (target, secrets) = given::secrets(&args.target, &args.secrets)?;
        return Ok(Subject {
            types: MapType::parse(args.map_type.as_deref().unwrap_or_default(), target.arch)?,
            target,
            secrets,
            seeds: SeedsGiven {
                flag,
                snapshot: None,
            },
            body: None,
        });
    };
    let snapshot = given::process(path, &args.target, &args.secrets)?;
    let book = Book::open(&snapshot);
    let shot = book.named(args.map.as_deref()).map_err(Refused)?.shot;
    Ok(Subject {
        target: snapshot.target,
        types: shot.types.clone()?,
        secrets: snapshot.secrets.clone(),
        seeds: SeedsGiven {
            flag,
            snapshot: answer::seed(shot).ok(),
        },
        body: Some(shot.body.clone()),
    })
}

/// The writes of the file, and behind them the keys of flags.
fn writes(args: &GrowArgs, subject: &Subject) -> Result<Vec<Write>, Refused> {
    let mut writes = match &args.keys {
        Some(path) => file(path, subject)?,
        None => Vec::new(),
    };
    for literal in &args.key {
        let key = Key::parse(literal, &subject.types.key, subject.target.arch)
            .map_err(|error| Refused(format!("--key: {error}")))?;
        let what = What::Assign(key);
        writes.push(Write { line: None, what });
    }
    Ok(writes)
}

fn file(path: &Path, subject: &Subject) -> Result<Vec<Write>, Refused> {
    let source = given::read(path)?;
    let mut writes = Vec::new();
    for (line, bytes) in (1..).zip(source.bytes().lines()) {
        let refused = |why: String| Refused(format!("{}, line {line}: {why}", source.name));
        let text = bytes.to_str().map_err(|_| {
            refused("this is not UTF-8; write the bytes in hexadecimal digits: hex:ff00".into())
        })?;
        let write = Write::parse(text, &subject.types.key, subject.target.arch)
            .map_err(|error| refused(error.to_string()))?;
        if writes.len() >= MAX_WRITES && write.is_some() {
            return Err(refused(format!(
                "more than {MAX_WRITES} writes are not replayed"
            )));
        }
        writes.extend(write.map(|write| Write {
            line: Some(line),
            ..write
        }));
    }
    match writes.is_empty() {
        true => Err(Refused(format!("{} holds no write", source.name))),
        false => Ok(writes),
    }
}

/// The replay, or what is missing for one.
fn replay(
    subject: &Subject,
    hint: u64,
    outline: &Outline,
    writes: Vec<Write>,
) -> Result<(Option<History>, Vec<Missing>), Refused> {
    let Subject { target, types, .. } = subject;
    let mut missing = Vec::new();
    let hasher = match Hasher::new(target, &subject.secrets) {
        Ok(hasher) => Some(hasher),
        Err(error) => {
            missing.push(missing::secrets(&error).ok_or(error)?);
            None
        }
    };
    let seeds: Seeds = outline.seeds(subject.seeds)?;
    if !outline.knows_a_seed(seeds) {
        missing.push(missing::seed(target));
    }
    let Some(hasher) = hasher.filter(|_| missing.is_empty()) else {
        return Ok((None, missing));
    };
    let history = history::follow(target, types, hint, &hasher, (outline, seeds), writes)?;
    Ok((Some(history), missing))
}
