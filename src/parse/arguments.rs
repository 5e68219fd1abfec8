//! A second look at one goroutine, for its arguments.
//!
//! Arguments are kept out of the model: for 200,000 goroutines they would cost more than the dump itself, and only the few
//! goroutines that stand in map operations, in methods of a party's receiver or in lock calls are ever asked for theirs.

use super::dump::args::args;
use super::dump::block::{self, Sink};
use super::dump::frame::{self, FunctionLine, Location};
use super::lines::Cursor;
use super::tally::Tally;
use crate::model::{Address, Args, FrameArgs, Goroutine, GoroutineId, TextLine};

/// The arguments of each frame of a goroutine's own stack, in the order of its frame ids. `text` is the document's text.
pub fn arguments(text: &[u8], goroutine: &Goroutine) -> Vec<FrameArgs> {
    let mut cursor = Cursor::new(
        text,
        goroutine.span.start,
        goroutine.span.end,
        goroutine.line.0,
    );
    let mut sink = Arguments {
        frames: Vec::new(),
        own: true,
    };
    cursor.take();
    block::body(&mut cursor, &mut sink, &mut Tally::default());
    sink.frames
}

struct Arguments {
    frames: Vec<FrameArgs>,
    /// False from the first ancestor on: those are not this goroutine's frames.
    own: bool,
}

impl Arguments {
    fn push(&mut self, frame: FrameArgs) {
        if self.own {
            self.frames.push(frame);
        }
    }
}

impl<'t> Sink<'t> for Arguments {
    fn frame(&mut self, at: TextLine, function: FunctionLine<'t>, location: &'t [u8]) -> bool {
        let Some(Location { registers, .. }) = frame::location(location) else {
            return false;
        };
        let args = if function.args == b"..." {
            Args::default()
        } else {
            args(function.args)
        };
        self.push(FrameArgs {
            args,
            registers,
            line: Some(at),
        });
        true
    }

    fn foreign_frame(&mut self, _: &'t [u8], _: Option<Location<'t>>, _: Address) {
        self.push(FrameArgs::default());
    }

    fn elided(&mut self, _: u32) {
        self.push(FrameArgs::default());
    }

    fn created_by(&mut self, _: &'t [u8], _: Option<GoroutineId>, location: &'t [u8]) -> bool {
        location.is_empty() || frame::location(location).is_some()
    }

    fn ancestor(&mut self, _: GoroutineId) {
        self.own = false;
    }
}
