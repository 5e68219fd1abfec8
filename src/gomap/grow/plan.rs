//! When a map grows and what it weighs, from counts alone: a hint, a number of new keys.
//!
//! ```text
//! make(map[int64]int64), Go 1.23                     the same, Go 1.27
//!   insert 1     B=0      1 bucket       144 bytes      1      one group             144 bytes
//!   insert 9     B=1      2 buckets      288            9      table of 16           2 groups
//!   insert 14    B=2      4 buckets      576            15     table of 32           4 groups
//!   …            two arrays while evacuating            …
//!   insert 833   B=8    284 buckets   40,960            897    two tables of 1024    from here on it depends on the hashes
//! ```
//!
//! For distinct new keys without deletes a classic map's steps are exact whatever the hashes: overflow buckets can't reach their limit,
//! since one is made only behind eight entries and the load allows fewer than eight for each bucket (from B = 16 on Go counts them by
//! chance, and chance would have to err by a fifth in tens of thousands). A Swiss map's are exact while it has one table. `gotriage map grow` prints the stages; [`super::replay`] uses the same limits.

pub mod classic;
pub mod swiss;

use super::super::layout::Layout;
use super::super::target::{Arch, Target};
use classic::ClassicStage;
use serde::Serialize;
use swiss::SwissStage;

/// The stages of a map, smallest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Plan {
    /// Classic.
    Classic(Vec<ClassicStage>),
    /// Swiss.
    Swiss(Vec<SwissStage>),
}

impl Plan {
    /// What a map made with `hint` goes through while `inserts` distinct new keys are stored.
    pub fn of(target: &Target, layout: &Layout, hint: u64, inserts: u64) -> Self {
        match layout {
            Layout::Classic(layout) => {
                Plan::Classic(classic::stages(target, layout, hint, inserts))
            }
            Layout::Swiss(layout) => Plan::Swiss(swiss::stages(target, layout, hint, inserts)),
        }
    }
}

/// Numbers of inserts (the first is 1) or of writes, between which something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// Not before this one.
    pub earliest: u64,
    /// With this one at the latest.
    pub latest: u64,
}

impl Bounds {
    /// What is known exactly.
    pub fn exactly(number: u64) -> Self {
        Self {
            earliest: number,
            latest: number,
        }
    }

    /// True where nothing is left open.
    pub fn is_exact(self) -> bool {
        self.earliest == self.latest
    }
}

/// Bytes of address space that the heap can have (`maxAlloc`): `make` takes a hint that needs more for none.
fn max_alloc(target: &Target) -> u64 {
    match (target.arch, target.word()) {
        (Arch::Wasm, _) => 1 << 32,
        (Arch::Mipsle, _) => 1 << 31,
        (_, 4) => 1 << 32,
        _ => 1 << 48,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
