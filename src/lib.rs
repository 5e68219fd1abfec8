//! gotriage reads what a dead or hanging Go program left behind and says, with evidence for each statement, what happened.
//!
//! One direction of flow; every room is a module and opens with what it is for:
//!
//! ```text
//! input ──► envelope ──► parse ──► model ──► analyze ──► triage ──► render
//! ```
//!
//! With `--redact` the bytes pass through `redact` before `envelope`. `goruntime` holds the facts about Go by version, as tables; `cli` is the only room that prints.
//! Read [`cli::run`] for the walk through all of them.

pub mod analyze;
pub mod cli;
pub mod envelope;
pub mod gomap;
pub mod goruntime;
pub mod input;
pub mod model;
pub mod parse;
pub mod redact;
pub mod render;
pub mod source;
pub mod triage;
