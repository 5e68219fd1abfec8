//! From the lines of a body to interned stacks.
//!
//! A dump repeats few frames many times, so each frame is first compared with the one last seen in its slot of [`Recent`]: two equal
//! texts need no parsing and no look-up in the tables.

use super::dump::block::Sink;
use super::dump::frame::{self, FunctionLine, Location};
use crate::model::{
    Address, Ancestor, Forms, Frame, FrameId, FrameKind, GoroutineId, StackId, Symbols, TextLine,
};

/// A frame's two texts and what they became.
#[derive(Clone, Copy)]
struct Printed<'t> {
    name: &'t [u8],
    location: &'t [u8],
    inlined: bool,
    id: FrameId,
}

/// Frames seen lately, each in the slot that its texts choose; a newer one takes the place of an older.
struct Recent<'t>(Vec<Option<Printed<'t>>>);

/// Slots of [`Recent`], a power of two: more frames than most dumps have, small enough for the processor's nearest cache.
const SLOTS: usize = 512;

impl Default for Recent<'_> {
    fn default() -> Self {
        Self(vec![None; SLOTS])
    }
}

impl<'t> Recent<'t> {
    /// The slot of a frame. The ends of both texts tell frames apart best: line numbers, offsets and method names stand there.
    fn slot(&mut self, name: &[u8], location: &[u8]) -> Option<&mut Option<Printed<'t>>> {
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 divided by the golden ratio
        let end = |text: &[u8]| {
            text.last_chunk()
                .map_or(text.len() as u64, |last| u64::from_le_bytes(*last))
        };
        let mixed = (end(location) ^ end(name).rotate_left(29) ^ location.len() as u64)
            .wrapping_mul(SPREAD);
        self.0.get_mut((mixed >> 32) as usize % SLOTS)
    }
}

/// Collects one body at a time; keeps the symbols of all.
#[derive(Default)]
pub(super) struct Collector<'t> {
    pub symbols: Symbols<'t>,
    pub forms: Forms,
    recent: Recent<'t>,
    frames: Vec<FrameId>,
    last_creation: Option<Printed<'t>>,
    created_by: Option<FrameId>,
    parent: Option<GoroutineId>,
    ancestor: Option<GoroutineId>,
    own: Option<Body>,
    ancestors: Vec<Ancestor>,
}

/// What a body said of its goroutine.
#[derive(Clone, Copy)]
pub(super) struct Body {
    pub stack: StackId,
    pub created_by: Option<FrameId>,
    pub parent: Option<GoroutineId>,
}

impl<'t> Collector<'t> {
    /// What was collected since the last call.
    pub fn finish(&mut self) -> (Body, Vec<Ancestor>) {
        self.close_section();
        let none = Body {
            stack: StackId::EMPTY,
            created_by: None,
            parent: None,
        };
        (
            self.own.take().unwrap_or(none),
            std::mem::take(&mut self.ancestors),
        )
    }

    /// Ends the goroutine's own stack, or that of the ancestor last named.
    fn close_section(&mut self) {
        let stack = self.symbols.stack(&self.frames);
        self.frames.clear();
        let section = Body {
            stack,
            created_by: self.created_by.take(),
            parent: self.parent.take(),
        };
        match self.ancestor.take() {
            None => self.own = Some(section),
            Some(id) => self.ancestors.push(Ancestor {
                id,
                stack,
                created_by: section.created_by,
            }),
        }
    }

    fn intern(
        &mut self,
        name: &'t [u8],
        location: Option<Location<'t>>,
        kind: FrameKind,
    ) -> FrameId {
        let func = self.symbols.name(name);
        let file = self
            .symbols
            .name(location.map_or(b"", |location| location.file));
        let (line, offset) =
            location.map_or((0, None), |location| (location.line, location.offset));
        self.symbols.frame(Frame {
            func,
            file,
            line,
            offset,
            kind,
        })
    }

    /// Looks for the forms of argument lists, until both are seen.
    fn note_args(&mut self, args: &[u8]) {
        if !self.forms.braces || !self.forms.doubtful_args {
            self.forms.braces |= args.contains(&b'{');
            self.forms.doubtful_args |= args.contains(&b'?');
        }
    }
}

impl<'t> Sink<'t> for Collector<'t> {
    #[inline]
    fn frame(&mut self, _: TextLine, function: FunctionLine<'t>, location: &'t [u8]) -> bool {
        let FunctionLine { name, args } = function;
        let inlined = args == b"...";
        self.note_args(args);
        let seen = self.recent.slot(name, location).and_then(|slot| *slot);
        let id = match seen {
            Some(seen)
                if seen.location == location && seen.name == name && seen.inlined == inlined =>
            {
                seen.id
            }
            _ => {
                let Some(place) = frame::location(location) else {
                    return false;
                };
                self.forms.frame_pointers |= place.registers.is_some();
                let kind = if inlined {
                    FrameKind::Inlined
                } else {
                    FrameKind::Call
                };
                let id = self.intern(name, Some(place), kind);
                if let Some(slot) = self.recent.slot(name, location) {
                    *slot = Some(Printed {
                        name,
                        location,
                        inlined,
                        id,
                    });
                }
                id
            }
        };
        self.frames.push(id);
        true
    }

    fn foreign_frame(&mut self, name: &'t [u8], location: Option<Location<'t>>, _: Address) {
        let id = self.intern(name, location, FrameKind::Cgo);
        self.frames.push(id);
    }

    fn elided(&mut self, count: u32) {
        let (func, file) = (self.symbols.name(b""), self.symbols.name(b""));
        let id = self.symbols.frame(Frame {
            func,
            file,
            line: count,
            offset: None,
            kind: FrameKind::Elided,
        });
        self.frames.push(id);
    }

    fn created_by(
        &mut self,
        name: &'t [u8],
        parent: Option<GoroutineId>,
        location: &'t [u8],
    ) -> bool {
        let id = match self.last_creation {
            Some(seen) if seen.location == location && seen.name == name => seen.id,
            _ => {
                let place = frame::location(location);
                if place.is_none() && !location.is_empty() {
                    return false;
                }
                self.intern(name, place, FrameKind::CreatedBy)
            }
        };
        self.last_creation = Some(Printed {
            name,
            location,
            inlined: false,
            id,
        });
        self.created_by = Some(id);
        self.parent = parent;
        self.forms.parents |= parent.is_some();
        true
    }

    fn ancestor(&mut self, id: GoroutineId) {
        self.close_section();
        self.ancestor = Some(id);
    }
}
