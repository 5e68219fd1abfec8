//! The body of a dump: goroutine headers, frames, preambles, registers.
//!
//! One grammar a file: [`header`], [`frame`], [`args`], [`preamble`], [`signal`], [`registers`]; [`block`] puts a goroutine
//! together from its lines.

pub(super) mod args;
pub(super) mod block;
pub(super) mod frame;
pub(super) mod header;
pub(super) mod preamble;
pub(super) mod registers;
pub(super) mod signal;
