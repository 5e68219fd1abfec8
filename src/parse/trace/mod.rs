//! Execution traces (`runtime/trace`, `go test -trace`, `/debug/pprof/trace`, flight recorders), binary, of every version since 1.11.
//!
//! ```text
//! 67 6f 20 31 2e 32 36 20 74 72 61 63 65 00 00 00   "go 1.26 trace" and zeros: the number of the format, not of the Go version
//! 01 01 ff ff ff ff ff ff ff ff ff 01 …             batches (v2, from 1.22) or events (v1, to 1.21) follow
//! ```
//!
//! | header | written by | form |
//! |---|---|---|
//! | `go 1.11` `1.19` `1.21` | 1.11-1.18, 1.19-1.20, 1.21 | v1: one stream for each processor, tables at the end |
//! | `go 1.22` `1.23` `1.25` `1.26` | 1.22, 1.23-1.24, 1.25, 1.26-1.27 | v2: generations with tables of their own, one stream for each thread |
//!
//! [`read`] puts the streams in order, follows the states of goroutines, threads and processors, and hands each event to a [`Sink`];
//! nothing is kept, so that memory depends on live goroutines and the tables of one generation, not on the length of the trace. It
//! never fails: what cannot be read is left out and listed in [`Outcome::damage`]. A trace cut by a crash keeps its last generation
//! as far as it goes ([`Options::salvage`]). Events, contexts and their order are those of golang.org/x/exp/trace. Read [`read`]
//! first, then `v2/mod.rs` or `v1/mod.rs`.

mod chrome;
mod leb;
mod names;
mod out;
mod slots;
mod tasks;
mod text;
mod v1;
mod v2;

pub use chrome::is_trace_json;
pub use out::Clock;
pub use text::{is_text, read_text};

pub use crate::goruntime::anchors::trace_header as header;
use crate::model::trace::{DamageKind, Damages, Outcome, Sink};
use out::Out;

/// How a trace is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whose times events get. Those of traces up to Go 1.21 are always as written.
    pub clock: Clock,
    /// Read on into a generation whose end is missing: without stacks and names, in the order of time alone.
    pub salvage: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Clock::Written,
            salvage: true,
        }
    }
}

/// Bytes of the header.
const HEADER_BYTES: usize = 16;

/// The newest header whose form is known.
const NEWEST: u16 = 26;

/// The first header whose form is known. Events of older ones have other arguments.
const OLDEST: u16 = 11;

/// The first header of the form with generations.
const FIRST_V2: u16 = 22;

/// Reads a trace; `None` where `bytes` are none, or one from before Go 1.11.
pub fn read<S: Sink>(bytes: &[u8], options: Options, sink: &mut S) -> Option<Outcome> {
    let header = header(bytes).filter(|&header| header >= OLDEST)?;
    let mut damage = Damages::default();
    if header > NEWEST {
        damage.add(DamageKind::NewFormat, 0, 0);
    }
    if header < FIRST_V2 {
        let out = Out::new(sink, Clock::Written);
        return Some(v1::read(bytes, header, options, damage, out));
    }
    let out = Out::new(sink, options.clock);
    Some(v2::read(bytes, header, options, damage, out))
}

/// In which form a trace is, as [`Outcome::header`] says it: the number of its header, or one of [`Outcome::TEXT`] and
/// [`Outcome::CHROME`]; `None` where `bytes` are none.
pub fn form(bytes: &[u8]) -> Option<u16> {
    header(bytes)
        .or_else(|| is_trace_json(bytes).then_some(Outcome::CHROME))
        .or_else(|| is_text(bytes).then_some(Outcome::TEXT))
}

/// Reads a trace in whatever form it is: binary, the text of `go tool trace -d`, or the JSON it gives a browser.
pub fn read_any<S: Sink>(bytes: &[u8], options: Options, sink: &mut S) -> Option<Outcome> {
    match form(bytes)? {
        Outcome::TEXT => read_text(bytes, sink),
        Outcome::CHROME => chrome::read(bytes, sink),
        _ => read(bytes, options, sink),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_known_by_its_header() {
        assert_eq!(header(b"go 1.26 trace\0\0\0rest"), Some(26));
        assert_eq!(header(b"go 1.5 trace\0\0\0\0"), Some(5));
        for no in [
            b"go 1.26 trace\0\0".as_slice(),
            b"go 1.26 trace\0\0x",
            b"go 1.026 trace\0\0",
            b"go 1. trace\0\0\0\0\0",
            b"go 1.26 tracing\0",
        ] {
            assert_eq!(header(no), None, "{no:?}");
        }
    }
}
