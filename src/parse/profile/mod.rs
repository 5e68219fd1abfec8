//! Profiles in every form: one grammar a file, all into [`Profile`](crate::model::Profile).
//!
//! | file | what it reads |
//! |---|---|
//! | `proto`, on `wire` | protocol buffers: `debug=0`, files of `go tool pprof`; `kind` tells what they count |
//! | `legacy` | the texts of `debug=1`: goroutine, threadcreate, heap, mutex, block |
//! | `perf` | the text of `perf script` |
//! | `folded` | `a;b;c 42` |
//!
//! A binary profile is a document of its own; texts may stand in a log, so the driver (`text`) hands them over line by line. Addresses
//! without a name are kept, and named from the program where it is given ([`crate::parse::symbols`]).

pub(super) mod folded;
mod kind;
pub(super) mod legacy;
pub(super) mod perf;
pub(super) mod proto;
pub(crate) mod wire;

use super::symbols::Named;
use crate::model::{Address, Frame, FrameId, FrameKind, Symbols};

/// Frames of one stack. Go keeps 128 by default and 1024 at most (`GODEBUG=profstackdepth`), inlined ones apart.
const STACK_MOST: usize = 4096;

/// Frames of all stacks together: more than any process has, and a bound on what a small hostile file can ask for.
const FRAMES_MOST: usize = 50_000_000;

/// Columns of numbers: heap profiles have four.
const COLUMNS_MOST: usize = 16;

/// Labels of one sample: programs set a handful.
const LABELS_MOST: usize = 32;

/// The frame of a bare address: named from the program, or unnamed.
fn frame<'t>(symbols: &mut Symbols<'t>, named: Option<Named<'t>>, address: Address) -> FrameId {
    let empty = symbols.name(b"");
    let frame = match named {
        Some(named) => Frame {
            func: symbols.name(named.func),
            file: symbols.name(named.file),
            line: named.line,
            offset: None,
            kind: FrameKind::Call,
        },
        None => Frame {
            func: empty,
            file: empty,
            line: 0,
            offset: None,
            kind: FrameKind::Unnamed(address),
        },
    };
    symbols.frame(frame)
}
