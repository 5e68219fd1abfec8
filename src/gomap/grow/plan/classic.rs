//! The sequence of B of a classic map.
//!
//! A map of 2^B buckets takes `load_halves` halves of an entry for each (13 halves: 6.5 entries), and eight at least. The insert of one
//! more starts the growth; it and every write after it evacuates one or two old buckets, until none is left.

use super::super::super::alloc;
use super::super::super::layout::SLOTS;
use super::super::super::layout::classic::ClassicLayout;
use super::super::super::target::Target;
use super::{Bounds, Limit, limit, max_alloc};
use schemars::JsonSchema;
use serde::Serialize;

/// From this B on, Go counts overflow buckets by chance: each with probability 2^(15-B).
pub const OVERFLOW_SAMPLED_FROM: u8 = 16;

/// No map has 2^this buckets: an array of them is larger than the address space.
const B_END: u8 = 48;

/// A map while it has 2^B buckets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClassicStage {
    /// B.
    #[serde(rename = "B")]
    pub b: u8,
    /// The insert that begins this stage; 1 for the first, whose array is made by `make` (or, for B = 0, by the first insert).
    pub begins_at: u64,
    /// 2^B.
    pub buckets: u64,
    /// Overflow buckets that the array brings along.
    pub preallocated: u64,
    /// Bytes of the array.
    pub bytes: u64,
    /// Bytes that the heap gives it.
    pub allocated: u64,
    /// Bytes of the heap cell that the array gets; `None` where it has pages of its own.
    pub size_class: Option<u64>,
    /// Entries that it takes.
    pub most_entries: u64,
    /// So many overflow buckets and a new key start a growth that keeps B.
    pub overflow_limit: u16,
    /// False where Go counts overflow buckets by chance.
    pub overflow_exact: bool,
    /// What of the stage before is still to be moved; `None` for the first.
    pub evacuation: Option<EvacuationPlan>,
}

/// The way from one array to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EvacuationPlan {
    /// Buckets of the old array.
    pub old_buckets: u64,
    /// Writes (assignments and deletes) until the last is evacuated, behind the one that began it: earliest where each works at the
    /// next old bucket in line, latest where each works at one that is evacuated already.
    pub further_writes: Bounds,
    /// Bytes that the heap gives both arrays.
    pub bytes_of_both: u64,
}

impl ClassicStage {
    /// The insert that starts the growth to B + 1.
    pub fn grows_at(&self) -> u64 {
        self.most_entries + 1
    }
}

/// True where `entries` are too many for 2^b buckets.
pub fn over_load(load_halves: u64, entries: u64, b: u8) -> bool {
    entries > most_entries(load_halves, b)
}

/// Entries that 2^b buckets take.
pub fn most_entries(load_halves: u64, b: u8) -> u64 {
    let pairs = 1_u64.checked_shl(u32::from(b)).unwrap_or(u64::MAX) / 2;
    load_halves.saturating_mul(pairs).max(u64::from(SLOTS))
}

/// Overflow buckets that are too many for 2^b buckets, as the counter has them.
pub fn overflow_limit(b: u8) -> u16 {
    1 << b.min(OVERFLOW_SAMPLED_FROM - 1)
}

/// B of `make(map[K]V, hint)`.
pub fn first_b(target: &Target, layout: &ClassicLayout, hint: u64) -> u8 {
    let fits = hint
        .checked_mul(layout.bucket_size)
        .is_some_and(|bytes| bytes <= max_alloc(target));
    if !fits {
        return 0;
    }
    (0..B_END)
        .find(|&b| !over_load(target.rules.load_halves, hint, b))
        .unwrap_or(0)
}

/// The stages of a map made with `hint` while `inserts` distinct new keys are stored, and what ends them early.
pub fn stages(
    target: &Target,
    layout: &ClassicLayout,
    hint: u64,
    inserts: u64,
) -> (Vec<ClassicStage>, Option<Limit>) {
    let mut stages: Vec<ClassicStage> = Vec::new();
    for b in first_b(target, layout, hint)..B_END {
        let stage = stage(target, layout, b, stages.last());
        let evacuation = stage.evacuation.map(|plan| plan.bytes_of_both);
        let bytes = evacuation.unwrap_or(stage.allocated);
        let limit = limit(target, stage.begins_at, bytes);
        if limit.is_some() && stage.evacuation.is_some() {
            return (stages, limit);
        }
        let last = stage.grows_at() > inserts;
        stages.push(stage);
        if last {
            break;
        }
    }
    (stages, None)
}

fn stage(
    target: &Target,
    layout: &ClassicLayout,
    b: u8,
    before: Option<&ClassicStage>,
) -> ClassicStage {
    let array = alloc::classic_array(target, layout, b);
    let allocated = array.allocation.taken();
    ClassicStage {
        b,
        begins_at: before.map_or(1, ClassicStage::grows_at),
        buckets: array.main,
        preallocated: array.buckets - array.main,
        bytes: array.bytes,
        allocated,
        size_class: array.allocation.class.map(|class| class.size),
        most_entries: most_entries(target.rules.load_halves, b),
        overflow_limit: overflow_limit(b),
        overflow_exact: b < OVERFLOW_SAMPLED_FROM,
        evacuation: before.map(|old| EvacuationPlan {
            old_buckets: old.buckets,
            further_writes: further_writes(old.buckets),
            bytes_of_both: allocated.saturating_add(old.allocated),
        }),
    }
}

/// The write that starts a growth evacuates two old buckets at once (the only one, where there is one); each later one two, or
/// one if its own is evacuated already.
fn further_writes(old_buckets: u64) -> Bounds {
    let left = old_buckets.saturating_sub(2);
    Bounds {
        earliest: left.div_ceil(2),
        latest: left,
    }
}
