//! The classic map's steps: buckets of eight with overflow chains, growth by two arrays and evacuation.
//!
//! ```text
//! m[k] = v   while growing: evacuate the old bucket that k belongs to, then one more (number nevacuate)
//!            k in its chain?            update, done
//!            not growing, and one entry more is too many, or overflow buckets are?
//!                                       new array beside the old one; from the top again (which evacuates two)
//!            store in the chain's first empty cell, else append an overflow bucket
//! delete     while growing: the same two evacuations; then the cell becomes emptyOne, and with it all emptyOne cells at the
//!            end of the chain become emptyRest
//! ```
//!
//! Old buckets are evacuated into an X and a Y bucket that nothing was stored in before, in chain order and without gaps. All versions
//! with this map agree, but for the load (`load_halves`). The fast assignments by key type take the same steps.

mod evacuate;
mod unseen;

use super::super::super::alloc;
use super::super::super::layout::SLOTS;
use super::super::super::layout::classic::ClassicLayout;
use super::super::super::target::Target;
use super::super::plan::classic::{OVERFLOW_SAMPLED_FROM, first_b, over_load, overflow_limit};
use super::{Array, Event, Growth, KeyId, MAX_OPERATIONS, Outcome, Place, ReplayError, Unit};

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use unseen::Unseen;

/// Cells of a bucket.
const CELLS: usize = SLOTS as usize;

/// Chain links that a replay visits in all: ordinary hashes need two or three for an operation.
const MAX_VISITS: u64 = 64 * MAX_OPERATIONS;

const EMPTY_REST: u8 = 0;
const EMPTY_ONE: u8 = 1;
const MIN_TOP_HASH: u8 = 5;

/// In a list of chain heads: nothing was stored in this bucket yet.
const UNTOUCHED: u32 = 0;
/// In the old array's heads: evacuated.
const EVACUATED: u32 = u32::MAX;

/// Words of the header, and what they imply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClassicState {
    /// `count`
    pub count: u64,
    /// `B`
    #[serde(rename = "B")]
    pub b: u8,
    /// `noverflow`; from B = 16 on its expected value, since Go increments it at random there. The least it can be where writes that
    /// could not be followed may have left overflow buckets.
    pub noverflow: u16,
    /// False where `noverflow` is only expected, or the least.
    pub noverflow_exact: bool,
    /// `nevacuate`; keeps its last value when growth is over.
    pub nevacuate: u64,
    /// `oldbuckets` is not nil.
    pub growing: bool,
    /// Flag 8: the growth at hand keeps the size.
    pub same_size: bool,
}

#[derive(Clone, Debug)]
struct Bucket {
    tophash: [u8; CELLS],
    keys: [KeyId; CELLS],
    hashes: [u64; CELLS],
    /// The overflow bucket, as a number in the pool plus one; 0 is nil.
    next: u32,
    cell: Option<u64>,
}

/// The old array while growing.
#[derive(Clone, Debug)]
struct OldArray {
    heads: Vec<u32>,
    same_size: bool,
}

/// A link of a chain.
#[derive(Clone, Copy, Debug)]
struct Link {
    /// Number in the pool.
    at: usize,
    /// Position in the chain.
    nth: u32,
}

/// Where a search ended.
struct Search {
    found: Option<(Link, usize)>,
    empty: Option<(Link, usize)>,
    last: Link,
}

/// A classic map.
#[derive(Clone, Debug)]
pub struct Classic {
    target: Target,
    layout: ClassicLayout,
    b: u8,
    count: u64,
    /// Overflow buckets since the array was made.
    overflows: u64,
    nevacuate: u64,
    /// Chain heads by bucket, as numbers in the pool plus one.
    heads: Vec<u32>,
    old: Option<OldArray>,
    pool: Vec<Bucket>,
    free: Vec<u32>,
    /// Preallocated overflow buckets left: the cells from here to the end of the array.
    prealloc: std::ops::Range<u64>,
    arrays: u32,
    visits: u64,
    unseen: Unseen,
}

impl Bucket {
    fn new(cell: Option<u64>) -> Self {
        Self {
            tophash: [EMPTY_REST; CELLS],
            keys: [KeyId::default(); CELLS],
            hashes: [0; CELLS],
            next: 0,
            cell,
        }
    }
}

fn is_empty(tophash: u8) -> bool {
    tophash <= EMPTY_ONE
}

impl Classic {
    /// What `makemap` returns for a hint.
    pub(super) fn new(target: &Target, layout: &ClassicLayout, hint: u64) -> Self {
        let mut map = Self {
            target: *target,
            layout: layout.clone(),
            b: first_b(target, layout, hint),
            count: 0,
            overflows: 0,
            nevacuate: 0,
            heads: Vec::new(),
            old: None,
            pool: Vec::new(),
            free: Vec::new(),
            prealloc: 0..0,
            arrays: 0,
            visits: 0,
            unseen: Unseen::default(),
        };
        map.make_array();
        map
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn state(&self) -> ClassicState {
        ClassicState {
            count: self.count,
            b: self.b,
            noverflow: self.noverflow(),
            noverflow_exact: self.b < OVERFLOW_SAMPLED_FROM && self.unseen.overflows == 0,
            nevacuate: self.nevacuate,
            growing: self.old.is_some(),
            same_size: self.old.as_ref().is_some_and(|old| old.same_size),
        }
    }

    pub(super) fn assign(
        &mut self,
        key: KeyId,
        hash: u64,
        event: &mut Event,
    ) -> Result<(), ReplayError> {
        self.check_visits()?;
        loop {
            let bucket = self.grow_work(hash, event);
            let search = self.search(bucket, key, hash);
            if let Some((link, slot)) = search.found {
                event.at(self.place(bucket, link, slot));
                return Ok(());
            }
            if self.old.is_none() && self.must_grow(event) {
                self.start_growth(event);
                continue;
            }
            let (link, slot) = match search.empty {
                Some(cell) => cell,
                None => (self.append_overflow(search.last), 0),
            };
            self.store(link.at, slot, key, hash);
            self.count += 1;
            event.outcome = Outcome::Inserted;
            event.at(self.place(bucket, link, slot));
            return Ok(());
        }
    }

    pub(super) fn delete(
        &mut self,
        key: KeyId,
        hash: u64,
        event: &mut Event,
    ) -> Result<(), ReplayError> {
        self.check_visits()?;
        let bucket = self.grow_work(hash, event);
        let search = self.search(bucket, key, hash);
        let Some((link, slot)) = search.found else {
            return Ok(());
        };
        event.outcome = Outcome::Deleted { tombstone: false };
        event.at(self.place(bucket, link, slot));
        self.erase(bucket, link, slot);
        self.count -= 1;
        Ok(())
    }

    /// False where the map was empty, so that Go returned at once.
    pub(super) fn clear(&mut self) -> bool {
        if self.count == 0 {
            return false;
        }
        self.count = 0;
        self.nevacuate = 0;
        self.old = None;
        self.pool.clear();
        self.free.clear();
        // Go wipes the array and uses it again; what is stored from here on shares nothing with what was there.
        self.make_array();
        true
    }

    pub(super) fn places(&self) -> Vec<(KeyId, u64, Place)> {
        let mut places = Vec::new();
        let old = self.old.as_ref().map(|old| (Array::Old, &old.heads));
        for (array, heads) in old.into_iter().chain([(Array::Current, &self.heads)]) {
            for (bucket, &head) in (0_u64..).zip(heads) {
                if head != EVACUATED {
                    self.chain_places(array, bucket, head, &mut places);
                }
            }
        }
        places
    }

    pub(super) fn units(&self) -> u64 {
        let buckets = self.heads.len() as u64;
        let Some(old) = &self.old else {
            return buckets;
        };
        // A bucket that is not evacuated stands for the one or two that it will be moved to.
        let left = old.heads.iter().filter(|&&head| head != EVACUATED).count() as u64;
        if old.same_size {
            buckets
        } else {
            buckets - left
        }
    }

    pub(super) fn chains(&self) -> BTreeMap<u32, u64> {
        let mut chains = BTreeMap::new();
        let old = self.old.iter().flat_map(|old| &old.heads);
        for &head in self
            .heads
            .iter()
            .chain(old)
            .filter(|&&head| head != EVACUATED)
        {
            let overflows = self.chain(head).count().saturating_sub(1) as u32;
            *chains.entry(overflows).or_default() += 1;
        }
        let counted: u64 = chains.values().sum();
        // Buckets that are not filled from the old array yet.
        if let Some(none) = chains.get_mut(&0) {
            *none -= counted - self.units();
        }
        chains
    }

    fn chain_places(
        &self,
        array: Array,
        bucket: u64,
        head: u32,
        places: &mut Vec<(KeyId, u64, Place)>,
    ) {
        for (link, at) in (0_u32..).zip(self.chain(head)) {
            let this = &self.pool[at];
            for slot in (0..CELLS).filter(|&slot| !is_empty(this.tophash[slot])) {
                let place = Place::Bucket {
                    array,
                    bucket,
                    link,
                    cell: this.cell,
                    slot: slot as u8,
                };
                places.push((this.keys[slot], this.hashes[slot], place));
            }
        }
    }

    /// Pool numbers along a chain.
    fn chain(&self, head: u32) -> impl Iterator<Item = usize> {
        let link = |number: u32| (number as usize).checked_sub(1);
        std::iter::successors(link(head), move |&at| link(self.pool[at].next))
    }

    fn place(&self, bucket: u64, link: Link, slot: usize) -> (Place, Unit) {
        let place = Place::Bucket {
            array: Array::Current,
            bucket,
            link: link.nth,
            cell: self.pool[link.at].cell,
            slot: slot as u8,
        };
        let unit = Unit {
            block: self.arrays - 1,
            index: bucket,
            of: self.heads.len() as u64,
        };
        (place, unit)
    }

    fn check_visits(&self) -> Result<(), ReplayError> {
        if self.visits > MAX_VISITS {
            return Err(ReplayError::ChainTooLong);
        }
        Ok(())
    }

    fn top_hash(&self, hash: u64) -> u8 {
        let top = (hash >> (self.target.hash_bits() - 8)) as u8;
        if top < MIN_TOP_HASH {
            top + MIN_TOP_HASH
        } else {
            top
        }
    }

    fn noverflow(&self) -> u16 {
        self.counted(self.overflows)
    }

    /// What Go's counter is expected at with so many overflow buckets.
    fn counted(&self, overflows: u64) -> u16 {
        let sampled = u32::from(self.b.saturating_sub(OVERFLOW_SAMPLED_FROM - 1));
        (overflows >> sampled) as u16
    }

    /// The checks before a new key is stored, in a map that is not growing.
    fn must_grow(&self, event: &mut Event) -> bool {
        if over_load(self.target.rules.load_halves, self.count + 1, self.b) {
            return true;
        }
        // From B = 16 on the counter is random, with the limit at one overflow bucket for each bucket expected. Below half of that a
        // growth has a chance of less than e^-5000, and there is nothing to warn of.
        let most = self.overflows + self.unseen.overflows;
        let limit = overflow_limit(self.b);
        let must = self.noverflow() >= limit;
        event.uncertain |= match self.b < OVERFLOW_SAMPLED_FROM {
            true => !must && self.counted(most) >= limit,
            false => most * 2 > 1 << self.b,
        };
        must
    }

    /// An array of 2^b buckets with its preallocated overflow buckets, nothing in it.
    fn make_array(&mut self) {
        let buckets = 1_u64 << self.b;
        let array = alloc::classic_array(&self.target, &self.layout, self.b);
        self.heads = vec![UNTOUCHED; buckets as usize];
        self.prealloc = buckets..array.buckets;
        self.overflows = 0;
        self.unseen = Unseen::default();
        self.arrays += 1;
    }

    fn start_growth(&mut self, event: &mut Event) {
        let from = self.b;
        let bigger = over_load(self.target.rules.load_halves, self.count + 1, from);
        event.growth.push(if bigger {
            self.b += 1;
            Growth::Doubled { from, to: self.b }
        } else {
            Growth::SameSize {
                b: from,
                noverflow: self.noverflow(),
            }
        });
        let heads = std::mem::take(&mut self.heads);
        self.old = Some(OldArray {
            heads,
            same_size: !bigger,
        });
        self.nevacuate = 0;
        self.make_array();
    }

    fn search(&mut self, bucket: u64, key: KeyId, hash: u64) -> Search {
        let top = self.top_hash(hash);
        let mut link = Link {
            at: self.main_bucket(bucket),
            nth: 0,
        };
        let mut empty = None;
        loop {
            self.visits += 1;
            let this = &self.pool[link.at];
            for slot in 0..CELLS {
                let cell = this.tophash[slot];
                if cell == top && this.keys[slot] == key {
                    return Search {
                        found: Some((link, slot)),
                        empty,
                        last: link,
                    };
                }
                if is_empty(cell) && empty.is_none() {
                    empty = Some((link, slot));
                }
                if cell == EMPTY_REST {
                    return Search {
                        found: None,
                        empty,
                        last: link,
                    };
                }
            }
            let Some(next) = (this.next as usize).checked_sub(1) else {
                return Search {
                    found: None,
                    empty,
                    last: link,
                };
            };
            link = Link {
                at: next,
                nth: link.nth + 1,
            };
        }
    }

    fn store(&mut self, at: usize, slot: usize, key: KeyId, hash: u64) {
        let top = self.top_hash(hash);
        let bucket = &mut self.pool[at];
        bucket.tophash[slot] = top;
        bucket.keys[slot] = key;
        bucket.hashes[slot] = hash;
    }

    /// Empties a cell, and turns the empty cells that end the chain into emptyRest.
    fn erase(&mut self, bucket: u64, link: Link, slot: usize) {
        self.pool[link.at].tophash[slot] = EMPTY_ONE;
        let links: Vec<usize> = self.chain(self.heads[bucket as usize]).collect();
        let cell = |number: usize| (links[number / CELLS], number % CELLS);
        let mut number = link.nth as usize * CELLS + slot;
        if number + 1 < links.len() * CELLS {
            let (at, slot) = cell(number + 1);
            if self.pool[at].tophash[slot] != EMPTY_REST {
                return;
            }
        }
        loop {
            let (at, slot) = cell(number);
            if self.pool[at].tophash[slot] != EMPTY_ONE {
                return;
            }
            self.pool[at].tophash[slot] = EMPTY_REST;
            let Some(before) = number.checked_sub(1) else {
                return;
            };
            number = before;
        }
    }

    /// The pool number of a bucket of the current array.
    fn main_bucket(&mut self, bucket: u64) -> usize {
        let head = self.heads[bucket as usize];
        if head != UNTOUCHED {
            return head as usize - 1;
        }
        let at = self.take(Some(bucket));
        self.heads[bucket as usize] = at as u32 + 1;
        at
    }

    fn append_overflow(&mut self, last: Link) -> Link {
        let mut cell = self.prealloc.next();
        if self.unseen.overflows > 0 {
            cell = None;
        }
        let at = self.take(cell);
        self.overflows += 1;
        self.pool[last.at].next = at as u32 + 1;
        Link {
            at,
            nth: last.nth + 1,
        }
    }

    /// An empty bucket from the pool.
    fn take(&mut self, cell: Option<u64>) -> usize {
        let bucket = Bucket::new(cell);
        if let Some(at) = self.free.pop() {
            self.pool[at as usize] = bucket;
            return at as usize;
        }
        self.pool.push(bucket);
        self.pool.len() - 1
    }
}
