//! Writes to a classic map whose hashes nobody knows, by what they do to its shape.
//!
//! ```text
//! entries          insert 27: 2^3 buckets, whatever the hashes
//! overflow         behind eight entries each: after 50 inserts six at most, empty ones once all is deleted
//! same size        only with 2^B overflow buckets: never, while six is less
//! ```
//!
//! [`super::super::Replay::unseen`] calls this for writes before a seed was drawn that is known; the writes behind them find their
//! buckets in 2^B empty ones, and an empty overflow bucket in a chain takes what a new one would.

use super::super::super::plan::classic::{OVERFLOW_SAMPLED_FROM, over_load, overflow_limit};
use super::super::{Outcome, ReplayError};
use super::{Classic, SLOTS};

/// What operations without a hash leave open, since the current array was made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unseen {
    /// Entries that came into the array, evacuated or inserted.
    pub inserts: u64,
    /// Empty overflow buckets that may hang in the chains, at most.
    pub overflows: u64,
}

impl Unseen {
    /// Overflow buckets at most: each is made behind eight entries.
    pub(super) fn most_overflows(self) -> u64 {
        self.overflows + self.inserts.saturating_sub(1) / u64::from(SLOTS)
    }
}

impl Classic {
    /// An operation under a seed that is not known, in a map that was empty when they began. Inserts double the map by their number
    /// alone, and what is emptied has been evacuated: that takes fewer writes than there are entries. Only a growth of the same size
    /// depends on the hashes.
    pub(in super::super) fn unseen(&mut self, outcome: Outcome) -> Result<(), ReplayError> {
        match outcome {
            Outcome::Inserted => return self.unseen_insert(),
            Outcome::Deleted { .. } => self.count -= 1,
            Outcome::Cleared => _ = self.clear(),
            Outcome::Updated | Outcome::Absent | Outcome::Nothing => {}
        }
        if self.count == 0 {
            self.unseen.overflows = self.unseen.most_overflows();
            self.unseen.inserts = 0;
        }
        Ok(())
    }

    fn unseen_insert(&mut self) -> Result<(), ReplayError> {
        if over_load(self.target.rules.load_halves, self.count + 1, self.b) {
            self.nevacuate = 1 << self.b;
            self.b += 1;
            self.pool.clear();
            self.free.clear();
            self.make_array();
            self.unseen.inserts = self.count;
        }
        let overflows = self.overflows + self.unseen.most_overflows();
        // Where Go counts at random, an eighth below the limit is beyond chance.
        let open = match self.b < OVERFLOW_SAMPLED_FROM {
            true => overflows >= u64::from(overflow_limit(self.b)),
            false => overflows * 8 > 7 << self.b,
        };
        if open || self.old.is_some() {
            return Err(ReplayError::Unforeseen("a growth of the same size"));
        }
        self.unseen.inserts += 1;
        self.count += 1;
        Ok(())
    }
}
