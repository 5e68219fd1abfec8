//! The first pass over the text: its stacks as tables, each once.
//!
//! A stack is known by its bytes: equal text is an equal stack, and there are some thousand different ones among millions of events.
//! Read [`Gathered::read`] first.

use super::line::{Fields, Records, frames, unquote};
use crate::model::trace::{StackRef, TableBuilder, Tables, Vocabulary};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Different stacks kept; later ones are not shown.
const STACK_LIMIT: usize = 1 << 20;

/// Messages with escapes that are kept as they were before they were quoted; later ones are shown quoted.
const MESSAGE_LIMIT: usize = 1 << 16;

/// What the first pass gives.
pub(super) struct Gathered<'t> {
    pub(super) tables: Tables<'t>,
    /// Stacks by their text.
    stacks: HashMap<&'t [u8], u64, FxBuildHasher>,
}

/// Messages that hold escapes, without them, in their order.
pub(super) fn messages(text: &[u8]) -> Vec<Vec<u8>> {
    Records::new(text)
        .filter_map(|record| escaped_message(record.line))
        .take(MESSAGE_LIMIT)
        .map(unquote)
        .collect()
}

/// The message of a line, if it is a `Log` whose message holds escapes.
pub(super) fn escaped_message(line: &[u8]) -> Option<&[u8]> {
    memchr::memchr(b'\\', line)?;
    let fields = Fields::of(line)?;
    (fields.word(0)? == b"Log").then_some(())?;
    let message = fields.text(b"Message")?;
    memchr::memchr(b'\\', message).map(|_| message)
}

impl<'t> Gathered<'t> {
    pub(super) fn read(text: &'t [u8]) -> Self {
        let mut builder = TableBuilder::default();
        let mut names: HashMap<&'t [u8], u64, FxBuildHasher> = HashMap::default();
        let mut stacks: HashMap<&'t [u8], u64, FxBuildHasher> = HashMap::default();
        for record in Records::new(text) {
            for stack in [record.own, record.stack] {
                if stack.is_empty() || stacks.len() >= STACK_LIMIT || stacks.contains_key(stack) {
                    continue;
                }
                let id = stacks.len() as u64 + 1;
                stacks.insert(stack, id);
                let first = builder.frame_count();
                for frame in frames(stack).flatten() {
                    let mut name = |text: &'t [u8]| {
                        let next = names.len() as u64 + 1;
                        *names.entry(text).or_insert(next)
                    };
                    let (func, file) = (name(frame.func), name(frame.file));
                    builder.frame(frame.pc, func, file, frame.line);
                }
                builder.end_stack(id, first);
            }
        }
        for (text, id) in names {
            builder.string(id, text);
        }
        Self {
            tables: builder.build(Vocabulary::default()).0,
            stacks,
        }
    }

    /// The stack with this text.
    pub(super) fn stack(&self, text: &[u8]) -> StackRef {
        match self.stacks.get(text) {
            Some(&id) if !text.is_empty() => self.tables.stack(id),
            _ => StackRef::NONE,
        }
    }
}
