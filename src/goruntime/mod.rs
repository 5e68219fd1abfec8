//! Facts about Go by version, as tables: what the runtime prints, where, and since when.
//!
//! Used by `envelope` (only [`anchors`]), `parse`, `analyze` and `triage`. Nothing here decides anything. Every row names the
//! versions it holds for with the types of [`version`]; the questions are answered by one file each.

pub mod anchors;
pub mod arguments;
pub mod cues;
pub mod frames;
pub mod halts;
pub mod landmarks;
pub mod levels;
pub mod mapchecks;
pub mod mapops;
pub mod maprules;
pub mod mapsteps;
pub mod messages;
pub mod needle;
pub mod sieve;
pub mod sizeclasses;
pub mod tracewire;
pub mod version;
pub mod waits;
