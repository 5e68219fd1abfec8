//! Who created whom, beyond the end of the creators.
//!
//! A goroutine is often created by one that is gone when the process dies: a dump then names a number and no more. Of every goroutine
//! that the trace saw created and that is alive, or has created others, its creator and both stacks are kept. Read [`Lineage::born`]
//! first.

use super::stacks::{KeptStack, NameId};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Creations kept. Of goroutines that end without having created any, none is.
const LIMIT: usize = 1 << 18;

/// A creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Birth {
    /// Who ran the `go` statement; `ABSENT` where no goroutine did.
    pub(super) creator: u64,
    /// The creator's stack.
    pub(super) created_at: KeptStack,
    /// The function that the new one began with.
    pub(super) start: NameId,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    birth: Birth,
    has_created: bool,
}

/// Creations by the number of the created.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    births: HashMap<u64, Known, FxBuildHasher>,
}

impl Lineage {
    /// `id` was created.
    pub(super) fn born(&mut self, id: u64, birth: Birth) {
        if let Some(creator) = self.births.get_mut(&birth.creator) {
            creator.has_created = true;
        }
        if self.births.len() < LIMIT {
            let known = Known {
                birth,
                has_created: false,
            };
            self.births.insert(id, known);
        }
    }

    /// `id` ended.
    pub(super) fn ended(&mut self, id: u64) {
        let childless = self.births.get(&id).is_some_and(|known| !known.has_created);
        if childless {
            self.births.remove(&id);
        }
    }

    /// What is kept, by number.
    pub(super) fn finish(self) -> Vec<(u64, Birth)> {
        let kept = self.births.into_iter();
        let mut births: Vec<(u64, Birth)> = kept.map(|(id, known)| (id, known.birth)).collect();
        births.sort_unstable_by_key(|&(id, _)| id);
        births
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn birth(creator: u64) -> Birth {
        Birth {
            creator,
            created_at: KeptStack::NONE,
            start: NameId::NONE,
        }
    }

    #[test]
    fn those_who_created_others_are_remembered_after_their_end() {
        let mut lineage = Lineage::default();
        lineage.born(7, birth(1));
        lineage.born(8, birth(7));
        lineage.born(9, birth(7));
        for ended in [7, 8] {
            lineage.ended(ended);
        }
        let kept = lineage.finish();
        let numbers: Vec<(u64, u64)> = kept.iter().map(|(id, of)| (*id, of.creator)).collect();
        assert_eq!(numbers, [(7, 1), (9, 7)]);
    }
}
