//! `gotriage map locate`: keys to buckets and slots, addresses to fields.

use super::args::LocateArgs;
use super::missing::{self, Missing};
use super::{Done, Refused, given, show};
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::gomap::infer::{self, Candidate, Clue, Inference, Reach, Role};
use crate::gomap::snapshot::Snapshot;
use crate::gomap::snapshot::answer::{Answer, Book};
use crate::gomap::snapshot::line::AnswerLine;
use crate::gomap::snapshot::question::{Ask, KeyGiven, Question};
use crate::gomap::types::TypeError;
use crate::gomap::value::Image;
use crate::render::map;
use bstr::ByteSlice;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::path::Path;

/// What `--format json` prints.
#[derive(Serialize, JsonSchema)]
pub struct Located<'a> {
    /// Always `gotriage.map-locate/1`.
    schema: &'static str,
    /// Go's version, as the process says it.
    go: &'a str,
    /// The machine, as GOARCH names it.
    arch: String,
    /// In the order of the questions: keys, then addresses, numbered from 1. With --queries each stands alone on a line.
    answers: Vec<AnswerLine<'a>>,
    /// What keys lack for a place: all of it, empty where nothing does.
    missing: Vec<Missing>,
    /// Arrays in which addresses can lie whose map is known by its type alone, by length, then from the base nearest to the first
    /// address down; null where none were looked for.
    candidates: Option<&'a [Candidate]>,
    /// How many more candidates there are.
    candidates_left_out: u64,
    /// False where `candidates_left_out` is but a lower bound.
    candidates_complete: bool,
}

/// Answers the questions of the flags, or of a file.
pub fn run(args: &LocateArgs) -> Done {
    let snapshot = snapshot(args)?;
    let book = Book::open(&snapshot);
    if let Some(path) = &args.queries {
        return queries(&book, path);
    }
    let questions = questions(args)?;
    check(args, &book)?;
    let missing = missing(args, &book);
    let answers: Vec<(&Question, Answer<'_>)> = questions
        .iter()
        .map(|question| (question, book.answer(question)))
        .collect();
    let candidates = candidates(args, &book, &answers);
    let lines = answers
        .iter()
        .map(|(question, answer)| AnswerLine::new(answer, &question.id));
    let result = Located {
        schema: "gotriage.map-locate/1",
        go: &snapshot.go_version,
        arch: snapshot.target.arch.to_string(),
        answers: lines.collect(),
        missing,
        candidates: candidates.as_ref().map(|found| &*found.candidates),
        candidates_left_out: candidates.as_ref().map_or(0, |found| found.left_out),
        candidates_complete: candidates.as_ref().is_none_or(|found| found.complete),
    };
    let missing = result.missing.iter();
    let missing: Vec<(&str, &str)> = missing.map(|one| (&*one.why, &*one.how)).collect();
    show(&args.show, &result, || {
        map::locate::sheet(&map::locate::Page {
            book: &book,
            answers: &answers,
            missing: &missing,
            candidates: candidates.as_ref(),
            all: args.show.all,
        })
    })
}

/// Refuses a map that is not there, and keys that are none of its type: such a question is wrong, not without an answer.
fn check(args: &LocateArgs, book: &Book<'_>) -> Result<(), Refused> {
    if args.key.is_empty() && args.map.is_none() {
        return Ok(());
    }
    let shot = book.named(args.map.as_deref()).map_err(Refused)?.shot;
    for literal in &args.key {
        let types = shot.types.as_ref().map_err(|error| untyped(error, args))?;
        Image::parse(literal, &types.key, book.snapshot.target.arch)
            .map_err(|error| Refused(format!("--key: {error}")))?;
    }
    Ok(())
}

/// A type that only its name is known of, and how to learn more.
fn untyped(error: &TypeError, args: &LocateArgs) -> Refused {
    let more = match (error, &args.snapshot) {
        (TypeError::Named(_), Some(_)) => {
            "; for the snapshot, gotriage map probe --debugger gdb collects what types are made of where the program has debug \
             information, and --map PLACE='map[struct{…}]int' says it to any debugger"
        }
        _ => "",
    };
    Refused(format!("{error}{more}"))
}

/// What the keys of the flags lack for a place.
fn missing(args: &LocateArgs, book: &Book<'_>) -> Vec<Missing> {
    let source = match args.snapshot {
        Some(_) => missing::Source::Snapshot,
        None => missing::Source::Flags,
    };
    match (args.key.as_slice(), book.named(args.map.as_deref())) {
        ([_, ..], Ok(entry)) => missing::of_key(book, entry.shot, source),
        _ => Vec::new(),
    }
}

/// The snapshot of the file, or one made of flags.
fn snapshot(args: &LocateArgs) -> Result<Snapshot, Refused> {
    if let Some(path) = &args.snapshot {
        return given::process(path, &args.target, &args.secrets);
    }
    let Some(map_type) = &args.map_type else {
        return Err(Refused(
            "say which map: --snapshot FILE, or --type 'map[K]V' with what is known of it (--go, --seed, --field)".into(),
        ));
    };
    given::from_fields(map_type, &args.field, &args.target, &args.secrets)
}

/// The questions of the flags, numbered from 1.
fn questions(args: &LocateArgs) -> Result<Vec<Question>, Refused> {
    let keys = args
        .key
        .iter()
        .map(|literal| Ask::Key(KeyGiven::Literal(literal.clone())));
    let addresses = args.addr.iter().map(|&address| Ask::Address(address));
    let questions: Vec<Question> = keys
        .chain(addresses)
        .zip(1..)
        .map(|(ask, n)| Question {
            id: json!(n),
            map: args.map.clone(),
            ask: Ok(ask),
        })
        .collect();
    match questions.is_empty() {
        true => Err(Refused(
            "ask something: --key LITERAL, --addr ADDRESS or --queries FILE".into(),
        )),
        false => Ok(questions),
    }
}

/// Candidates shown for one map; with a wrong type there may be thousands.
const CANDIDATES: usize = 200;

/// Where the addresses can lie as far as base or length of their array is not known: all of them in one.
fn candidates(
    args: &LocateArgs,
    book: &Book<'_>,
    answers: &[(&Question, Answer<'_>)],
) -> Option<Inference> {
    let [entry] = book.entries() else { return None };
    let layout = entry.layout.as_ref().filter(|_| args.snapshot.is_none())?;
    let open = answers.iter().filter(|(_, answer)| answer.found.is_err());
    let clue = |(question, _): &(&Question, Answer<'_>)| match question.ask {
        Ok(Ask::Address(addr)) => Some(Clue {
            addr,
            role: Role::Slot(Reach::Inside),
        }),
        _ => None,
    };
    let clues: Vec<Clue> = open.filter_map(clue).collect();
    let known = entry.array();
    let open = known.base.is_none() || known.shape.is_none();
    (open && !clues.is_empty())
        .then(|| infer::candidates(&book.snapshot.target, layout, &clues, known, CANDIDATES))
}

/// Answers a file of questions, line by line.
fn queries(book: &Book<'_>, path: &Path) -> Done {
    let source = given::read(path)?;
    let printed = output::print(|out| {
        for line in source
            .bytes()
            .lines()
            .filter(|line| !line.trim().is_empty())
        {
            let question = Question::parse(line);
            let answer = book.answer(&question).to_json(&question.id);
            serde_json::to_writer(&mut *out, &answer)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    });
    Ok(match printed {
        true => Exit::Analysed,
        false => Exit::Incomplete,
    })
}
