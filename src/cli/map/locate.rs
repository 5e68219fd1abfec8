//! `gotriage map locate`: keys to buckets and slots, addresses to fields.

use super::args::LocateArgs;
use super::{Done, Refused, given, show};
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::gomap::infer::{self, Clue, Inference, Reach, Role};
use crate::gomap::snapshot::Snapshot;
use crate::gomap::snapshot::answer::{Answer, Book};
use crate::gomap::snapshot::line::AnswerLine;
use crate::gomap::snapshot::question::{Ask, KeyGiven, Question};
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
    /// Where addresses can lie whose map is known by its type alone; null where there are none.
    candidates: Option<&'a Inference>,
}

/// Answers the questions of the flags, or of a file.
pub fn run(args: &LocateArgs) -> Done {
    let snapshot = snapshot(args)?;
    let book = Book::open(&snapshot);
    if let Some(path) = &args.queries {
        return queries(&book, path);
    }
    let questions = questions(args)?;
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
        candidates: candidates.as_ref(),
    };
    show(&args.show, &result, || {
        map::locate::sheet(&book, &answers, candidates.as_ref(), args.show.all)
    })
}

/// The snapshot of the file, or one made of flags.
fn snapshot(args: &LocateArgs) -> Result<Snapshot, Refused> {
    if let Some(path) = &args.snapshot {
        let mut snapshot = given::snapshot(path, args.target.go)?;
        let own = given::secrets(&args.secrets, args.target.go)?;
        snapshot.secrets.prefer(own);
        return Ok(snapshot);
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

/// Where the addresses can lie if no base of the map is known: all of them in one array.
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
    let known = entry.shape();
    (!clues.is_empty())
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
