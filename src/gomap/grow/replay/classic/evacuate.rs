//! Evacuation: what a write to a growing classic map moves from the old array before it does its own work.
//!
//! ```text
//! old bucket 3 of 8     entries in chain order ─┬─ hash bit 3 clear ──► X, bucket 3 of 16
//!                                               └─ hash bit 3 set ────► Y, bucket 11 of 16     (same size: all to X)
//! ```
//!
//! The write's own old bucket comes first, then the one in line (`nevacuate`).

use super::super::{Evacuation, Event, Growth, KeyId};
use super::{CELLS, Classic, EVACUATED, Link, is_empty};

/// How many evacuated buckets the runtime steps over at once.
const ADVANCE: u64 = 1024;

/// Where evacuation puts the next entry of one half.
struct Destination {
    bucket: u64,
    /// Entries put so far, and the link that takes the next.
    filled: u32,
    at: usize,
}

impl Classic {
    /// What every assignment and deletion does first: at most two evacuations. Returns the key's bucket.
    pub(super) fn grow_work(&mut self, hash: u64, event: &mut Event) -> u64 {
        let bucket = hash & ((1 << self.b) - 1);
        if let Some(old) = &self.old {
            let old_mask = old.heads.len() as u64 - 1;
            self.evacuate(bucket & old_mask, event);
            self.evacuate(self.nevacuate, event);
        }
        bucket
    }

    fn evacuate(&mut self, number: u64, event: &mut Event) {
        let Some(old) = self.old.as_mut() else {
            return;
        };
        let old_len = old.heads.len() as u64;
        let same_size = old.same_size;
        let head = std::mem::replace(&mut old.heads[number as usize], EVACUATED);
        if head != EVACUATED {
            event
                .evacuated
                .push(self.move_chain(number, head, old_len, same_size));
        }
        if number == self.nevacuate {
            self.advance(event);
        }
    }

    fn move_chain(&mut self, number: u64, head: u32, old_len: u64, same_size: bool) -> Evacuation {
        let mut halves = [number, number + old_len].map(|bucket| Destination {
            bucket,
            filled: 0,
            at: 0,
        });
        let links: Vec<usize> = self.chain(head).collect();
        self.visits += links.len() as u64;
        for at in links {
            for slot in 0..CELLS {
                let bucket = &self.pool[at];
                if is_empty(bucket.tophash[slot]) {
                    continue;
                }
                let (key, hash) = (bucket.keys[slot], bucket.hashes[slot]);
                let y = !same_size && hash & old_len != 0;
                self.put_next(&mut halves[usize::from(y)], key, hash);
            }
            self.free.push(at as u32);
        }
        Evacuation {
            bucket: number,
            to_x: halves[0].filled,
            to_y: halves[1].filled,
        }
    }

    fn put_next(&mut self, to: &mut Destination, key: KeyId, hash: u64) {
        let slot = to.filled as usize % CELLS;
        if to.filled == 0 {
            to.at = self.main_bucket(to.bucket);
        } else if slot == 0 {
            let last = Link { at: to.at, nth: 0 };
            to.at = self.append_overflow(last).at;
        }
        self.store(to.at, slot, key, hash);
        to.filled += 1;
    }

    /// Moves `nevacuate` past what is evacuated, and drops the old array at its end.
    fn advance(&mut self, event: &mut Event) {
        let Some(old) = &self.old else {
            return;
        };
        let len = old.heads.len() as u64;
        let first = self.nevacuate + 1;
        let stop = len.min(first + ADVANCE);
        let evacuated = old.heads[first as usize..stop as usize]
            .iter()
            .take_while(|&&head| head == EVACUATED)
            .count();
        self.nevacuate = first + evacuated as u64;
        if self.nevacuate == len {
            self.old = None;
            event.growth.push(Growth::Finished);
        }
    }
}
