//! How argument lists are printed, and when a word in them can be believed.
//!
//! ```text
//! (0x4d5fe0, 0xc00006a1b0, 0xc0000160ba, 0x2)        up to 1.16: flat words of the caller's frame, results included
//! (0x4d5fe0, 0xc00006a1b0, {0xc0000160ba, 0x2})      1.17 on: words of the spill area, structs in braces
//! (0x4d5fe0, 0xc00006a1b0?, {0xc0000160ba?, 0x2?})   1.18 on: `?` where the spill slot is not live at that point
//! ```
//!
//! Go 1.17 passes arguments in registers already but has no mark yet: it prints stale words as if they were right.

use super::version::{VersionRange, Versions};

/// Versions that print flat words.
pub const FLAT: Versions = &[VersionRange::until(16)];

/// Versions in which a word without a `?` is the argument's value.
pub const UNMARKED_IS_RIGHT: Versions = &[VersionRange::until(16), VersionRange::since(18)];
