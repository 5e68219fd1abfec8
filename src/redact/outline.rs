//! What of a text never changes by cleaning: goroutines with their states, crashes and races with the runtime's own frames.
//!
//! Where a wrapper cuts words in two, cleaning may replace the halves; a broken word anywhere shows in the outline that the parse gives.
//! Called by [`super::clean`].

use super::given;
use crate::envelope;
use crate::model::{Evidence, Item, RaceStack, StackId};
use crate::parse::read;

/// One thing of a document.
#[derive(PartialEq, Eq)]
pub enum Outline {
    /// A document with so many items begins.
    Document(usize),
    /// `goroutine 7 [select]:`
    Goroutine {
        id: u64,
        state: Vec<u8>,
        stack: Vec<Code>,
        created: bool,
    },
    /// The way to die: panics, the runtime's message, the signal, its stack.
    Crash {
        panics: usize,
        fatal: Option<Vec<u8>>,
        signal: bool,
        stack: Vec<Code>,
    },
    /// An access of a race report, with the number of the first access of the report to that address.
    Access {
        write: bool,
        same_as: Option<usize>,
        stack: Vec<Code>,
    },
}

/// A frame: the name and the line of what is Go's own, nothing of the program's.
type Code = Option<(Vec<u8>, u32)>;

/// The outline of a text as it is read.
pub fn outline(text: &[u8]) -> Vec<Outline> {
    let opened = envelope::open(text);
    let evidence = read(&[given("", text, &opened)]);
    let mut all = Vec::new();
    for document in &evidence.documents {
        if document.items.is_empty() {
            continue;
        }
        all.push(Outline::Document(document.items.len()));
        all.extend(document.goroutines.iter().map(|one| Outline::Goroutine {
            id: one.id.0,
            state: evidence.symbols.text(one.state).to_vec(),
            stack: stack(&evidence, one.stack),
            created: one.created_by.is_some(),
        }));
        for item in &document.items {
            add_item(&evidence, item, &mut all);
        }
    }
    all
}

fn add_item(evidence: &Evidence<'_>, item: &Item<'_>, all: &mut Vec<Outline>) {
    match item {
        Item::Crash(crash) => all.push(Outline::Crash {
            panics: crash.panics.len(),
            fatal: crash.fatal.as_ref().map(|fatal| fatal.text.to_vec()),
            signal: crash.signal.is_some() || crash.signal_dump.is_some(),
            stack: crash
                .runtime_stack
                .map_or_else(Vec::new, |id| stack(evidence, id)),
        }),
        Item::Race(race) => {
            all.extend(race.accesses.iter().map(|access| {
                Outline::Access {
                    write: access.write,
                    same_as: race
                        .accesses
                        .iter()
                        .position(|one| one.address == access.address),
                    stack: match access.stack {
                        RaceStack::Known(id) => stack(evidence, id),
                        RaceStack::Lost => Vec::new(),
                    },
                }
            }));
        }
        _ => {}
    }
}

fn stack(evidence: &Evidence<'_>, id: StackId) -> Vec<Code> {
    let symbols = &evidence.symbols;
    let frames = symbols.frames(id);
    frames
        .map(|frame| {
            let func = symbols.text(frame.func);
            let own = [&b"runtime."[..], b"internal/runtime/", b"sync."];
            let own = own.iter().any(|package| func.starts_with(package));
            own.then(|| (func.to_vec(), frame.line))
        })
        .collect()
}
