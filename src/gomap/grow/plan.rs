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

use super::super::layout::{Layout, SLOTS};
use super::super::target::{Arch, Target};
use classic::ClassicStage;
use schemars::JsonSchema;
use serde::Serialize;
use swiss::SwissStage;

/// The stages of a map, smallest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Plan {
    /// Classic.
    Classic(Vec<ClassicStage>),
    /// Swiss.
    Swiss(Vec<SwissStage>),
}

/// A stage that no map reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Limit {
    /// The insert that would begin it.
    pub insert: u64,
    /// Bytes that it takes while what was before still stands.
    pub bytes: u64,
    /// Bytes of address space that Go's heap can have on this machine.
    pub address_space: u64,
}

impl Plan {
    /// What a map made with `hint` goes through while `inserts` distinct new keys are stored, and where memory ends before they are.
    pub fn of(target: &Target, layout: &Layout, hint: u64, inserts: u64) -> (Self, Option<Limit>) {
        match layout {
            Layout::Classic(layout) => {
                let (stages, limit) = classic::stages(target, layout, hint, inserts);
                (Plan::Classic(stages), limit)
            }
            Layout::Swiss(layout) => {
                let (stages, limit) = swiss::stages(target, layout, hint, inserts);
                (Plan::Swiss(stages), limit)
            }
        }
    }
}

/// True where Go takes a hint for none, since so much memory can't be.
pub fn ignores_hint(target: &Target, layout: &Layout, hint: u64) -> bool {
    match layout {
        Layout::Classic(layout) => {
            let first = classic::first_b(target, layout, hint);
            classic::over_load(target.rules.load_halves, hint, first)
        }
        Layout::Swiss(layout) => {
            hint > u64::from(SLOTS) && swiss::first_tables(target, layout, hint).is_none()
        }
    }
}

/// Numbers of inserts (the first is 1) or of writes, between which something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
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

/// The limit, where a stage that `insert` begins needs more bytes than there are.
fn limit(target: &Target, insert: u64, bytes: u64) -> Option<Limit> {
    let address_space = max_alloc(target);
    (bytes > address_space).then_some(Limit {
        insert,
        bytes,
        address_space,
    })
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
