//! `gotriage map grow`: the plan of a map's growth, and the replay of writes to it.

use super::args::GrowArgs;
use super::{Done, Refused, given, show};
use crate::gomap::grow::history::{self, History, Key, MAX_WRITES, What, Write};
use crate::gomap::grow::plan::Plan;
use crate::gomap::hash::{Hasher, Secrets, SecretsError};
use crate::gomap::layout::Layout;
use crate::gomap::layout::header::map_header;
use crate::gomap::layout::survey;
use crate::gomap::snapshot::answer::{self, Book};
use crate::gomap::target::Target;
use crate::gomap::types::MapType;
use crate::goruntime::version::MapLayout;
use crate::render::map;
use bstr::ByteSlice;
use serde::Serialize;
use std::path::Path;

/// The map in question.
struct Subject {
    target: Target,
    types: MapType,
    secrets: Secrets,
    seed: Option<u64>,
}

/// Something that no replay can do without.
#[derive(Debug, Serialize)]
pub struct Missing {
    what: &'static str,
    why: String,
    how: String,
}

/// What is printed.
#[derive(Serialize)]
struct Growth {
    schema: &'static str,
    #[serde(rename = "type")]
    map_type: String,
    go: String,
    experiment: Option<&'static str>,
    arch: String,
    #[serde(rename = "impl")]
    implementation: String,
    hint: u64,
    inserts: u64,
    plan: Plan,
    replay: Option<History>,
    missing: Vec<Missing>,
}

/// Prints the plan, and the replay where there are writes.
pub fn run(args: &GrowArgs) -> Done {
    let subject = subject(args)?;
    let writes = writes(args, &subject)?;
    let hint = args.hint.unwrap_or(0);
    let inserts = match (args.inserts, writes.is_empty(), args.hint) {
        (Some(inserts), _, _) => inserts,
        (None, false, _) => history::distinct(&writes, &subject.types.key),
        (None, true, Some(hint)) => hint,
        (None, true, None) => {
            return Err(Refused(
                "say how far the map grows: --inserts N or --hint N; or what is written: --keys FILE or --key LITERAL".into(),
            ));
        }
    };
    let (replay, missing) = match writes.is_empty() {
        true => (None, Vec::new()),
        false => replay(&subject, hint, &writes)?,
    };
    let Subject { target, types, .. } = &subject;
    let result = Growth {
        schema: "gotriage.map-grow/1",
        map_type: types.to_string(),
        go: target.build.version.to_string(),
        experiment: survey::word(target.build.map_experiment),
        arch: target.arch.to_string(),
        implementation: target.rules.layout.to_string(),
        hint,
        inserts,
        plan: Plan::of(target, &Layout::new(target, types), hint, inserts),
        replay,
        missing,
    };
    show(&args.show, &result, || sheet(&result, args.show.all))
}

fn sheet(result: &Growth, all: bool) -> Vec<crate::render::sheet::Block> {
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
        inserts: result.inserts,
        plan: &result.plan,
        replay: result.replay.as_ref(),
        missing: missing.collect(),
        all,
    })
}

/// The map of a snapshot, or of a type with flags; a file of secrets knows the build as well.
fn subject(args: &GrowArgs) -> Result<Subject, Refused> {
    let go = args.target.go;
    if let Some(path) = &args.snapshot {
        let snapshot = given::snapshot(path, go)?;
        let book = Book::open(&snapshot);
        let shot = book.named(args.map.as_deref()).map_err(Refused)?.shot;
        let mut secrets = snapshot.secrets.clone();
        secrets.prefer(given::secrets(&args.secrets, go)?);
        return Ok(Subject {
            target: snapshot.target,
            types: shot.types.clone()?,
            secrets,
            seed: args.secrets.seed.or(answer::seed(shot).ok()),
        });
    }
    let (build, secrets) = match &args.secrets.secrets {
        None => (None, Secrets::default()),
        Some(path) => {
            let file = given::snapshot(path, go)?;
            (Some(file.target), file.secrets)
        }
    };
    let target = match (build, args.target.arch) {
        (Some(target), Some(arch)) => Target::new(target.build, arch)?,
        (Some(target), None) => target,
        (None, _) => super::target(&args.target)?,
    };
    Ok(Subject {
        types: MapType::parse(args.map_type.as_deref().unwrap_or_default(), target.arch)?,
        target,
        secrets: given::with_flags(secrets, &args.secrets)?,
        seed: args.secrets.seed,
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
    writes: &[Write],
) -> Result<(Option<History>, Vec<Missing>), Refused> {
    let Subject { target, types, .. } = subject;
    let mut missing = Vec::new();
    let hasher = match Hasher::new(target, &subject.secrets) {
        Ok(hasher) => Some(hasher),
        Err(
            error @ (SecretsError::Missing { .. }
            | SecretsError::AesUnsaid { .. }
            | SecretsError::UnknownEnd(_)),
        ) => {
            missing.push(no_secrets(&error));
            None
        }
        Err(error) => return Err(error.into()),
    };
    if subject.seed.is_none() {
        missing.push(no_seed(target));
    }
    let (Some(hasher), Some(seed)) = (hasher, subject.seed) else {
        return Ok((None, missing));
    };
    let history = history::follow(target, types, hint, &hasher, seed, writes)?;
    Ok((Some(history), missing))
}

fn no_secrets(error: &SecretsError) -> Missing {
    let by_hand = match error {
        SecretsError::Missing { symbol, bytes } => {
            let flag = symbol.rsplit('.').next().unwrap_or_default();
            format!("; by hand, gdb BIN CORE and x/{bytes}xb &'{symbol}': --{flag}")
        }
        _ => String::new(),
    };
    Missing {
        what: "the secrets of the process's hash",
        why: error.to_string(),
        how: format!(
            "gotriage map probe prints a debugger script that writes them to a file, from a core or the live process: --secrets FILE{by_hand}"
        ),
    }
}

fn no_seed(target: &Target) -> Missing {
    let name = match target.rules.layout {
        MapLayout::Classic => "hash0",
        MapLayout::Swiss => "seed",
    };
    let header = map_header(target);
    let field = header.fields.iter().find(|field| field.name == name);
    let place = field.map_or_else(String::new, |field| {
        format!(" ({} bytes at offset {})", field.size, field.offset)
    });
    Missing {
        what: "the map's seed",
        why: format!(
            "every hash begins with {name} of this map, which Go draws when it makes the map"
        ),
        how: format!(
            "it stands in the header, {}{place}: --seed WORD; a snapshot of the map has it too: --snapshot FILE",
            header.name
        ),
    }
}
