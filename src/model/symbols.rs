//! Interned names, frames and stacks, shared by all documents of the evidence.
//!
//! Go prints the same few frames over and over. A [`Frame`] is two names, a line and an offset; a stack is a run of frame ids in
//! one arena. Arguments differ from goroutine to goroutine, so they are no part of a frame: `parse::arguments` reads them
//! from the text again for the few goroutines where they matter.
//!
//! Parallel parsing fills one `Symbols` per chunk; [`Symbols::absorb`] merges them in chunk order, so ids do not depend on
//! the number of threads.

use super::Address;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;

/// A function or file name, interned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub u32);

/// A [`Frame`], interned. Never all zeros inside, so that an optional one takes no more room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(NonZeroU32);

impl FrameId {
    fn new(index: usize) -> Self {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        FrameId(NonZeroU32::new(number).unwrap_or(NonZeroU32::MAX))
    }

    /// Its position in [`Symbols::all_frames`].
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A stack: a run of frames, innermost first. [`StackId::EMPTY`] has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackId(pub u32);

impl StackId {
    /// The stack without frames, present in every table.
    pub const EMPTY: StackId = StackId(0);
}

/// What a line of a stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameKind {
    /// `main.(*Cache).Set(0xc00012a000, …)` with its own physical frame.
    Call,
    /// `main.helper(...)`: inlined into the frame below.
    Inlined,
    /// `created by main.main in goroutine 1`; only as a creation site, never inside a stack.
    CreatedBy,
    /// `...103 frames elided...`; `line` holds the number, 0 for `...additional frames elided...`.
    Elided,
    /// `non-Go function at pc=…` and C symbols; `offset` is absent.
    Cgo,
    /// An address that a profile gives without a name.
    Unnamed(Address),
}

/// One frame as printed, arguments apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frame {
    /// Function name as printed, generic brackets and `%2e` included.
    pub func: NameId,
    /// Source path as printed; the empty name where there was no location line.
    pub file: NameId,
    /// Source line, from 1; 0 where none was printed.
    pub line: u32,
    /// Bytes from the function's entry (`+0x1d`); `None` where not printed (inlined, or standing on the entry).
    pub offset: Option<u32>,
    /// What kind of line this is.
    pub kind: FrameKind,
}

/// The tables behind the ids.
#[derive(Clone, Debug)]
pub struct Symbols<'t> {
    names: Vec<&'t [u8]>,
    name_index: HashTable<u32>,
    frames: Vec<Frame>,
    frame_index: HashTable<u32>,
    stack_frames: Vec<FrameId>,
    stacks: Vec<(u32, u32)>,
    stack_index: HashTable<u32>,
}

/// How the ids of an absorbed table translate.
pub struct Renumbering {
    frames: Vec<FrameId>,
    stacks: Vec<StackId>,
    names: Vec<NameId>,
}

impl Renumbering {
    /// The id of the absorbed table's `id` in the absorbing one.
    pub fn frame(&self, id: FrameId) -> FrameId {
        self.frames.get(id.index()).copied().unwrap_or(id)
    }

    /// The id of the absorbed table's `id` in the absorbing one.
    pub fn stack(&self, id: StackId) -> StackId {
        self.stacks
            .get(id.0 as usize)
            .copied()
            .unwrap_or(StackId::EMPTY)
    }

    /// The id of the absorbed table's `id` in the absorbing one.
    pub fn name(&self, id: NameId) -> NameId {
        self.names.get(id.0 as usize).copied().unwrap_or(id)
    }
}

fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Default for Symbols<'_> {
    fn default() -> Self {
        let mut symbols = Self {
            names: Vec::new(),
            name_index: HashTable::new(),
            frames: Vec::new(),
            frame_index: HashTable::new(),
            stack_frames: Vec::new(),
            stacks: Vec::new(),
            stack_index: HashTable::new(),
        };
        symbols.name(b"");
        symbols.stack(&[]);
        symbols
    }
}

impl<'t> Symbols<'t> {
    /// The id of `name`, new or known.
    pub fn name(&mut self, name: &'t [u8]) -> NameId {
        let hash = hash_of(name);
        let names = &self.names;
        let found = self
            .name_index
            .find(hash, |&id| names.get(id as usize) == Some(&name));
        if let Some(&id) = found {
            return NameId(id);
        }
        let id = self.names.len() as u32;
        self.names.push(name);
        let names = &self.names;
        // The hash of the name itself, as above: that of an `Option` is another one.
        self.name_index.insert_unique(hash, id, |&id| {
            hash_of(names.get(id as usize).copied().unwrap_or_default())
        });
        NameId(id)
    }

    /// The id of `frame`, new or known.
    pub fn frame(&mut self, frame: Frame) -> FrameId {
        let hash = hash_of(frame);
        let frames = &self.frames;
        let found = self
            .frame_index
            .find(hash, |&id| frames.get(id as usize) == Some(&frame));
        if let Some(&id) = found {
            return FrameId::new(id as usize);
        }
        let id = self.frames.len() as u32;
        self.frames.push(frame);
        let frames = &self.frames;
        self.frame_index
            .insert_unique(hash, id, |&id| frames.get(id as usize).map_or(0, hash_of));
        FrameId::new(id as usize)
    }

    /// The id of the stack made of `frames`, innermost first.
    pub fn stack(&mut self, frames: &[FrameId]) -> StackId {
        let hash = hash_of(frames);
        let (arena, stacks) = (&self.stack_frames, &self.stacks);
        let found = self
            .stack_index
            .find(hash, |&id| run(arena, stacks, id) == frames);
        if let Some(&id) = found {
            return StackId(id);
        }
        let id = self.stacks.len() as u32;
        self.stacks
            .push((self.stack_frames.len() as u32, frames.len() as u32));
        self.stack_frames.extend_from_slice(frames);
        let (arena, stacks) = (&self.stack_frames, &self.stacks);
        self.stack_index
            .insert_unique(hash, id, |&id| hash_of(run(arena, stacks, id)));
        StackId(id)
    }

    /// The bytes of a name; empty for an id of another table.
    pub fn text(&self, id: NameId) -> &'t [u8] {
        self.names.get(id.0 as usize).copied().unwrap_or_default()
    }

    /// The frame behind an id, if it is of this table.
    pub fn get(&self, id: FrameId) -> Option<&Frame> {
        self.frames.get(id.index())
    }

    /// The frame ids of a stack, innermost first.
    pub fn frame_ids(&self, id: StackId) -> &[FrameId] {
        run(&self.stack_frames, &self.stacks, id.0)
    }

    /// The frames of a stack, innermost first.
    pub fn frames(&self, id: StackId) -> impl DoubleEndedIterator<Item = &Frame> {
        self.frame_ids(id)
            .iter()
            .filter_map(|&frame| self.get(frame))
    }

    /// Number of distinct stacks, the empty one included; ids run from 0.
    pub fn stack_count(&self) -> usize {
        self.stacks.len()
    }

    /// All distinct frames, in order of first sight.
    pub fn all_frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Takes over all of `other`, in its order, and says how its ids translate.
    pub fn absorb(&mut self, other: &Symbols<'t>) -> Renumbering {
        let names: Vec<NameId> = other.names.iter().map(|name| self.name(name)).collect();
        let renamed = |id: NameId| names.get(id.0 as usize).copied().unwrap_or(id);
        let frames: Vec<FrameId> = other
            .frames
            .iter()
            .map(|frame| {
                self.frame(Frame {
                    func: renamed(frame.func),
                    file: renamed(frame.file),
                    ..*frame
                })
            })
            .collect();
        let mut scratch = Vec::new();
        let stacks = (0..other.stacks.len() as u32)
            .map(|id| {
                scratch.clear();
                let ids = run(&other.stack_frames, &other.stacks, id);
                scratch.extend(ids.iter().filter_map(|id| frames.get(id.index())));
                self.stack(&scratch)
            })
            .collect();
        Renumbering {
            frames,
            stacks,
            names,
        }
    }
}

fn run<'a>(arena: &'a [FrameId], stacks: &[(u32, u32)], id: u32) -> &'a [FrameId] {
    let Some(&(start, len)) = stacks.get(id as usize) else {
        return &[];
    };
    arena
        .get(start as usize..(start + len) as usize)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_found_again_after_the_tables_have_grown() {
        let texts: Vec<String> = (0..2000).map(|n| format!("main.f{n}")).collect();
        let mut symbols = Symbols::default();
        let mut enter = || -> Vec<(NameId, FrameId, StackId)> {
            let ids = texts.iter().map(|text| {
                let func = symbols.name(text.as_bytes());
                let kind = FrameKind::Call;
                let frame = symbols.frame(Frame {
                    func,
                    file: func,
                    line: 1,
                    offset: None,
                    kind,
                });
                (func, frame, symbols.stack(&[frame, frame]))
            });
            ids.collect()
        };
        assert_eq!(enter(), enter());
    }
}
