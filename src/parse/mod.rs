//! From unwrapped text to the model: one grammar per file, borrowed slices out.
//!
//! [`read`] parses everything given; [`arguments`] takes a second look at one goroutine. `text` is the driver, `dump/` holds the
//! grammars of a dump's lines, `race` and `gotest` those around it, `profile/` those of profiles, which [`symbols`] names; `chunks`
//! makes large texts parallel.

mod arguments;
mod chunks;
mod collect;
mod dump;
mod glue;
pub mod gotest;
mod lines;
mod profile;
mod race;
pub mod symbols;
mod tally;
mod text;
pub mod trace;
mod words;

pub use arguments::arguments;
pub(crate) use profile::wire;

use crate::envelope::{Opened, Unwrapped};
use crate::goruntime::anchors;
use crate::model::{
    Document, DocumentId, Evidence, Forms, GoroutineFlags, Input, InputId, Item, LineTally, Note,
    Symbols,
};
use symbols::Executable;
use tally::Tally;

/// The size at which the pprof handler of every Go version cuts a goroutine dump (`debug=2`), in bytes.
const PPROF_CUT: u64 = 64 << 20;

/// True for a text that is a profile as folded stacks: no line of it looks like one of a dump.
pub fn is_folded(text: &[u8]) -> bool {
    profile::folded::recognise(text)
}

/// One input on its way into the evidence.
#[derive(Debug)]
pub struct Given<'t> {
    /// Path as given; `-` for standard input.
    pub name: &'t str,
    /// Size after decompression, in bytes.
    pub bytes: u64,
    /// The unwrapped source.
    pub opened: &'t Opened<'t>,
    /// True where reading stopped before the end of the source.
    pub truncated: bool,
    /// Remarks made while reading (damaged compression, limits).
    pub notes: Vec<String>,
}

/// Parses all inputs of a run. Never fails: what no grammar takes is counted in each document's tally.
pub fn read<'t>(given: &[Given<'t>]) -> Evidence<'t> {
    read_named(given, None)
}

/// The same, with names for the bare addresses of profiles from the program that was running.
pub fn read_named<'t>(given: &[Given<'t>], program: Option<&Executable<'t>>) -> Evidence<'t> {
    read_with_traces(given, program, &mut |_, _| {})
}

/// Takes an execution trace: which input it is, and its bytes. It hands them to [`trace::read`], with a sink that adds up what it wants
/// to know: the evidence keeps no events.
pub type TakeTrace<'f> = dyn FnMut(InputId, &[u8]) + 'f;

/// The same; every execution trace is handed to `take` where it is found.
pub fn read_with_traces<'t>(
    given: &[Given<'t>],
    program: Option<&Executable<'t>>,
    take: &mut TakeTrace<'_>,
) -> Evidence<'t> {
    let mut evidence = Evidence::default();
    for (index, given) in given.iter().enumerate() {
        let id = InputId(index as u32);
        let first = evidence.documents.len();
        for text in &given.opened.texts {
            let document = document(
                DocumentId(evidence.documents.len() as u32),
                id,
                text,
                &mut evidence.symbols,
                program,
            );
            if let [Item::Trace(_)] = document.items[..] {
                take(id, document.text);
            }
            evidence.documents.push(document);
        }
        let input = input(
            id,
            given,
            evidence.documents.get(first..).unwrap_or_default(),
        );
        evidence.inputs.push(input);
    }
    evidence
}

fn document<'t>(
    id: DocumentId,
    input: InputId,
    unwrapped: &'t Unwrapped<'t>,
    symbols: &mut Symbols<'t>,
    program: Option<&Executable<'t>>,
) -> Document<'t> {
    let text: &'t [u8] = &unwrapped.text;
    let mut document = Document {
        id,
        input,
        stream: unwrapped.stream.clone(),
        text,
        lines: &unwrapped.lines,
        items: Vec::new(),
        goroutines: Vec::new(),
        scheduling: Vec::new(),
        forms: Forms::default(),
        tally: LineTally::default(),
    };
    if let Some(form) = trace::form(text) {
        document.items.push(Item::Trace(form));
    } else if anchors::is_profile(text) {
        let found = profile::proto::profile(text, symbols, program);
        document.items.push(Item::Profile(Box::new(found)));
    } else if profile::folded::recognise(text) {
        let mut tally = Tally::default();
        let found = profile::folded::profile(text, symbols, &mut tally);
        document.items.push(Item::Profile(Box::new(found)));
        document.tally.unparsed = tally.unparsed;
        document.tally.total = unwrapped_lines(text);
    } else {
        let ranges = chunks::cut(text, chunks::PIECE);
        chunks::parse_into(&mut document, &ranges, symbols, program);
    }
    document
}

/// Lines of a text; a last one without its end counts.
fn unwrapped_lines(text: &[u8]) -> u32 {
    let ends = memchr::memchr_iter(b'\n', text).count() as u32;
    ends + u32::from(!text.is_empty() && !text.ends_with(b"\n"))
}

fn input(id: InputId, given: &Given<'_>, documents: &[Document<'_>]) -> Input {
    let note = |line, text| Note {
        input: id,
        line,
        text,
    };
    let mut notes: Vec<Note> = given
        .notes
        .iter()
        .map(|text| note(None, text.clone()))
        .collect();
    notes.extend(
        given
            .opened
            .notes
            .iter()
            .map(|remark| note(remark.line, remark.text.clone())),
    );
    for document in documents {
        for item in &document.items {
            let Item::Profile(profile) = item else {
                continue;
            };
            notes.extend(profile.notes.iter().map(|remark| {
                let line = remark.line.map(|line| document.lines.origin(line).line);
                note(line, remark.text.clone())
            }));
        }
    }
    let cut_by_pprof = given.bytes == PPROF_CUT
        && documents
            .iter()
            .any(|document| !document.goroutines.is_empty());
    if cut_by_pprof {
        notes.push(note(
            Some(given.opened.lines),
            "cut at 64 MiB, where net/http/pprof ends a goroutine dump".into(),
        ));
    }
    Input {
        id,
        name: given.name.to_owned(),
        bytes: given.bytes,
        lines: given.opened.lines,
        envelope: given.opened.envelope.clone(),
        notes,
        truncated: given.truncated
            || given.opened.truncated
            || cut_by_pprof
            || documents.iter().any(breaks_off)
            || documents.iter().any(holds_cut_profile),
        wrapper_lines: given.opened.wrapper_lines.clone(),
    }
}

fn holds_cut_profile(document: &Document<'_>) -> bool {
    let cut = |item: &Item<'_>| matches!(item, Item::Profile(profile) if profile.cut);
    document.items.iter().any(cut)
}

/// True where the text ends inside its last goroutine.
fn breaks_off(document: &Document<'_>) -> bool {
    let last = document.goroutines.last();
    last.is_some_and(|last| {
        last.flags.has(GoroutineFlags::INCOMPLETE) && last.span.end == document.text.len()
    })
}
