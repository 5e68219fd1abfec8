//! Step 3, Anatomy: the thing that broke. For a map conflict the map; for other deaths the pointer, index, lock or stack.
//!
//! Says what is computed from printed words, and what can't be known from this text and why.

mod fields;
mod map;

use super::case::Case;
use super::crash::LastWords;
use super::observe::{crash_at, finding};
use super::report::{Category, Finding};
use super::values::{site, text};
use crate::model::{Crash, FrameId, FrameKind, Grade, StackId};

/// Faults below this address come from a nil pointer plus a field's offset: the first page is never mapped (sysctl vm.mmap_min_addr).
const NIL_PAGE: u64 = 4096;

/// The statements of the step.
pub(super) fn findings(case: &Case<'_, '_>) -> Vec<Finding> {
    let mut findings = map::findings(case);
    findings.extend(own_content(case));
    findings.extend(super::waits::anatomy(case));
    findings.extend(super::profiles::anatomy(case));
    findings.extend(super::trace::findings(case, 3));
    if findings.is_empty() {
        findings.push(finding(
            "Nothing in the text asks for a closer look at one object.".into(),
            Grade::Unknown,
            Vec::new(),
        ));
    }
    findings
}

/// What is particular to deaths that are about no map.
fn own_content(case: &Case<'_, '_>) -> Vec<Finding> {
    let Some((_, words)) = &case.words else {
        return Vec::new();
    };
    let found = match (case.category, words) {
        (
            Category::NilDereference | Category::RuntimeFault | Category::Signal,
            LastWords::Preamble(crash),
        ) => fault_address(crash),
        (Category::IndexOutOfRange, _) => bounds(&text(words.message())),
        (Category::StackOverflow, _) => recursion(case),
        (category, _) => explanation(category).map(str::to_owned),
    };
    found
        .map(|said| finding(said, Grade::Confirmed, crash_at(case)))
        .into_iter()
        .collect()
}

/// What the address of a fault tells.
fn fault_address(crash: &Crash<'_>) -> Option<String> {
    let dump = crash.signal_dump.as_ref().and_then(|dump| dump.addr);
    let addr = crash.signal.as_ref().map(|note| note.addr).or(dump)?;
    Some(match addr.0 {
        0 => "The faulting address is 0x0: the pointer itself, or the first field behind it, was nil.".into(),
        offset if offset < NIL_PAGE => format!(
            "The faulting address is {addr}: a field {offset} bytes into a struct (or element {offset} bytes into an array) behind a nil pointer."
        ),
        _ => format!("The faulting address is {addr}, which is no nil pointer: freed, unmapped or overwritten memory."),
    })
}

/// `index out of range [5] with length 1` in words.
fn bounds(message: &str) -> Option<String> {
    let index = message.split_once('[')?.1.split_once(']')?.0;
    let (what, limit) = message.rsplit_once(" with ")?.1.split_once(' ')?;
    Some(format!(
        "The expression asked for [{index}] where the {what} is {limit}."
    ))
}

/// The functions that call each other without end.
fn recursion(case: &Case<'_, '_>) -> Option<String> {
    let stack = case.crash_goroutine()?.stack;
    let cycle = repeating(case, stack)?;
    let names: Vec<String> = cycle.iter().map(|&id| site(case.evidence, id)).collect();
    Some(format!(
        "The stack repeats {}: recursion without an end.",
        names.join(" → ")
    ))
}

/// The shortest run of frames that the top of a stack repeats at least three times.
fn repeating(case: &Case<'_, '_>, stack: StackId) -> Option<Vec<FrameId>> {
    const LONGEST: usize = 12;
    const TIMES: usize = 3;
    let symbols = &case.evidence.symbols;
    let frames: Vec<FrameId> = symbols.frame_ids(stack).to_vec();
    let lines = |id: &FrameId| symbols.get(*id).map(|frame| (frame.func, frame.line));
    (0..frames.len().min(LONGEST)).find_map(|start| {
        let rest = frames.get(start..)?;
        let plain = rest
            .iter()
            .take_while(|&&id| {
                symbols
                    .get(id)
                    .is_some_and(|frame| frame.kind != FrameKind::Elided)
            })
            .count();
        let rest = rest.get(..plain)?;
        (1..=LONGEST).find_map(|length| {
            let repeats = rest.len() >= length * TIMES
                && (length..length * TIMES)
                    .all(|at| rest.get(at).map(lines) == rest.get(at - length).map(lines));
            repeats.then(|| rest.get(..length).unwrap_or_default().to_vec())
        })
    })
}

/// One fact of the language behind a category.
fn explanation(category: Category) -> Option<&'static str> {
    Some(match category {
        Category::NilMapWrite => {
            "A map that was declared and never made reads as empty, but has nowhere to store: every assignment panics, whatever the key."
        }
        Category::TypeAssertion => {
            "The value's dynamic type is another one than asserted; the form `v, ok := x.(T)` asks without a panic."
        }
        Category::DivideByZero => {
            "An integer was divided by zero; floating-point division would have given an infinity instead."
        }
        Category::ClosedChannel => {
            "A channel can be closed once, only when it was made, and nothing can be sent on it afterwards. Receiving from it is fine."
        }
        Category::SyncMisuse => {
            "The state word of a lock or counter contradicts the call: an unlock without a lock, or more Done than Add. The runtime ends the process because the lock protects nothing any more."
        }
        Category::OutOfMemory => {
            "The operating system refused memory; the stack at hand is only the one that asked last, seldom the one that holds the most."
        }
        _ => return None,
    })
}
