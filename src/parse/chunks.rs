//! Large texts in parallel: where a text may be cut, and how the pieces become one document again.
//!
//! A cut stands before a goroutine header whose predecessor ends in a location line: there the driver keeps no state. Pieces are
//! parsed on all cores, a few at a time so that their tables don't pile up, and merged in order; the result does not depend on the
//! number of threads or cuts.

use super::symbols::Executable;
use super::text::{self, Parsed};
use crate::model::{Document, Item, Renumbering, Symbols};
use memchr::memmem::Finder;
use rayon::prelude::*;
use std::ops::Range;

/// Pieces of about this size: large enough that merging their tables costs nothing, small enough to keep all cores busy.
pub(super) const PIECE: usize = 2 << 20;

/// Cuts a text into ranges of about `piece` bytes.
pub(super) fn cut(text: &[u8], piece: usize) -> Vec<Range<usize>> {
    let header = Finder::new(b"\ngoroutine ");
    let mut ranges = Vec::new();
    let mut start = 0;
    while text.len() - start > piece {
        let Some(next) = next_cut(text, start + piece, &header) else {
            break;
        };
        ranges.push(start..next);
        start = next;
    }
    ranges.push(start..text.len());
    ranges
}

fn next_cut(text: &[u8], mut from: usize, header: &Finder<'_>) -> Option<usize> {
    loop {
        let at = from + header.find(text.get(from..)?)?;
        let before = text.get(..at)?.trim_ascii_end();
        let line = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        if before.get(line) == Some(&b'\t') {
            return Some(at + 1);
        }
        from = at + 1;
    }
}

/// Parses the ranges of a text into `document`, all names into `symbols`.
pub(super) fn parse_into<'t>(
    document: &mut Document<'t>,
    ranges: &[Range<usize>],
    symbols: &mut Symbols<'t>,
    program: Option<&Executable<'t>>,
) {
    let at_once = rayon::current_num_threads().max(1) * 2;
    for batch in ranges.chunks(at_once) {
        let text = document.text;
        let pieces: Vec<Parsed<'t>> = batch
            .par_iter()
            .map(|range| text::parse(text, range.start, range.end, program))
            .collect();
        for piece in pieces {
            merge(document, piece, symbols);
        }
    }
}

fn merge<'t>(document: &mut Document<'t>, mut piece: Parsed<'t>, symbols: &mut Symbols<'t>) {
    text::shift_lines(&mut piece, document.tally.total);
    let ids = symbols.absorb(&piece.collector.symbols);
    let (goroutines, scheduling) = (
        document.goroutines.len() as u32,
        document.scheduling.len() as u32,
    );
    for goroutine in &mut piece.goroutines {
        goroutine.state = ids.name(goroutine.state);
        goroutine.stack = ids.stack(goroutine.stack);
        goroutine.created_by = goroutine.created_by.map(|id| ids.frame(id));
        goroutine.extra = goroutine.extra.map(|extra| extra + scheduling);
    }
    for ancestor in piece
        .scheduling
        .iter_mut()
        .flat_map(|extra| &mut extra.ancestors)
    {
        ancestor.stack = ids.stack(ancestor.stack);
        ancestor.created_by = ancestor.created_by.map(|id| ids.frame(id));
    }
    document.goroutines.append(&mut piece.goroutines);
    document.scheduling.append(&mut piece.scheduling);
    for mut item in piece.items {
        renumber(&mut item, &ids, goroutines);
        push_item(&mut document.items, item);
    }
    document.forms.merge(piece.collector.forms);
    document.tally.total += piece.lines;
    document.tally.aside.append(&mut piece.tally.aside);
    document.tally.unparsed.append(&mut piece.tally.unparsed);
}

/// Runs of goroutines that a cut parted become one again.
fn push_item<'t>(items: &mut Vec<Item<'t>>, item: Item<'t>) {
    if let (Some(Item::Goroutines(last)), Item::Goroutines(next)) = (items.last_mut(), &item)
        && last.end == next.start
    {
        last.end = next.end;
        return;
    }
    items.push(item);
}

fn renumber(item: &mut Item<'_>, ids: &Renumbering, goroutines: u32) {
    match item {
        Item::Goroutines(range) => *range = range.start + goroutines..range.end + goroutines,
        Item::Crash(crash) => {
            crash.runtime_stack = crash.runtime_stack.map(|id| ids.stack(id));
            crash.runtime_created_by = crash.runtime_created_by.map(|id| ids.frame(id));
        }
        Item::Race(report) => {
            let stacks = report.accesses.iter_mut().map(|access| &mut access.stack);
            for stack in stacks.chain(
                report
                    .creations
                    .iter_mut()
                    .map(|creation| &mut creation.stack),
            ) {
                if let crate::model::RaceStack::Known(id) = stack {
                    *id = ids.stack(*id);
                }
            }
            for creation in &mut report.creations {
                creation.site = creation.site.map(|id| ids.frame(id));
            }
        }
        Item::Fragment(fragment) => {
            fragment.stack = ids.stack(fragment.stack);
            fragment.created_by = fragment.created_by.map(|id| ids.frame(id));
        }
        Item::Profile(profile) => profile.renumber(ids),
        Item::Thread(_)
        | Item::Registers(_)
        | Item::RaceCount(..)
        | Item::Test(_)
        | Item::Trace(_) => {}
    }
}
