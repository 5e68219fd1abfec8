//! The sequence of tables of a Swiss map.
//!
//! A small map holds eight entries in one group. A table is rehashed by the insert that finds seven eighths of its slots used up:
//! doubled up to 1024 slots, then split. With several tables the hashes decide which fills up first.

use super::super::super::alloc::{self, Allocation};
use super::super::super::layout::SLOTS;
use super::super::super::layout::swiss::SwissLayout;
use super::super::super::target::Target;
use super::{Bounds, Limit, limit, max_alloc};
use schemars::JsonSchema;
use serde::Serialize;

/// Slots of the table that a small map becomes.
pub const FIRST_CAPACITY: u16 = 16;

/// Slots of the largest table.
pub const MAX_CAPACITY: u16 = 1024;

/// Entries and tombstones of a table at most, by eighths: one slot in eight stays empty, so that probing ends.
const LOAD_EIGHTHS: u16 = 7;

/// Standard deviations of a table's load that [`SwissStage::grows_at`] allows for: one table in three million lies outside.
const LIKELY_DEVIATIONS: f64 = 5.0;

/// No directory has 2^this entries: their tables are larger than the address space.
const DEPTH_END: u8 = 37;

/// A map while it has so many tables of one capacity.
///
/// With several tables that is the picture for hashes that spread evenly: some tables have split while others have not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SwissStage {
    /// Tables; 0 for a small map, which is a group alone.
    pub tables: u64,
    /// Slots of each.
    pub capacity: u16,
    /// Entries that all of them together take.
    pub most_entries: u64,
    /// The inserts between which they grow, first and last, if the hashes are spread evenly.
    pub grows_at: Bounds,
    /// The insert with which the first of them has to grow, whatever the hashes.
    pub in_any_case: Bounds,
    /// Bytes of one table's groups.
    pub bytes_per_table: u64,
    /// Bytes of the heap cell that they get; `None` where they have pages of their own.
    pub size_class: Option<u64>,
    /// Bytes of the directory.
    pub directory_bytes: u64,
    /// Bytes that the heap gives all groups, the tables' fixed parts and the directory.
    pub bytes: u64,
    /// Bytes of the table or tables that replace one of these, which stand beside it while they are filled.
    pub replacement_bytes: u64,
}

/// The tables that `make` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstTables {
    /// There are 2^depth of them.
    pub depth: u8,
    /// Slots of each.
    pub capacity: u16,
}

/// Entries and tombstones that a table takes before it is rehashed.
pub fn most_entries(capacity: u16) -> u16 {
    capacity / u16::from(SLOTS) * LOAD_EIGHTHS
}

/// The tables of `make(map[K]V, hint)`; `None` for a small map, or a hint that is too large to be followed.
pub fn first_tables(target: &Target, layout: &SwissLayout, hint: u64) -> Option<FirstTables> {
    if hint <= u64::from(SLOTS) {
        return None;
    }
    let slots = hint.checked_mul(u64::from(SLOTS))? / u64::from(LOAD_EIGHTHS);
    let tables = slots
        .div_ceil(u64::from(MAX_CAPACITY))
        .checked_next_power_of_two()?;
    // Go multiplies the slots by the bytes of a group here, eight times what is needed.
    let bytes = tables
        .checked_mul(u64::from(MAX_CAPACITY))?
        .checked_mul(layout.size)?;
    if bytes > max_alloc(target) {
        return None;
    }
    let capacity = (slots / tables).max(u64::from(SLOTS)).next_power_of_two();
    Some(FirstTables {
        depth: tables.trailing_zeros() as u8,
        capacity: u16::try_from(capacity).ok()?,
    })
}

/// The stages of a map made with `hint` while `inserts` distinct new keys are stored, and what ends them early.
pub fn stages(
    target: &Target,
    layout: &SwissLayout,
    hint: u64,
    inserts: u64,
) -> (Vec<SwissStage>, Option<Limit>) {
    let mut stages: Vec<SwissStage> = Vec::new();
    let mut at = match first_tables(target, layout, hint) {
        Some(first) => first,
        None => {
            let small = small(target, layout);
            let enough = inserts <= small.most_entries;
            stages.push(small);
            if enough {
                return (stages, None);
            }
            FirstTables {
                depth: 0,
                capacity: FIRST_CAPACITY,
            }
        }
    };
    while at.depth < DEPTH_END {
        let stage = stage(target, layout, at);
        let begins = stages.last().map_or(1, |before| before.grows_at.earliest);
        let limit = limit(target, begins, stage.bytes);
        if limit.is_some() && !stages.is_empty() {
            return (stages, limit);
        }
        let enough = inserts < stage.grows_at.earliest;
        stages.push(stage);
        if enough {
            break;
        }
        if at.capacity < MAX_CAPACITY {
            at.capacity *= 2;
        } else {
            at.depth += 1;
        }
    }
    (stages, None)
}

fn small(target: &Target, layout: &SwissLayout) -> SwissStage {
    let group = groups(target, layout, u16::from(SLOTS));
    let bytes = group.taken();
    let most_entries = u64::from(SLOTS);
    SwissStage {
        tables: 0,
        capacity: u16::from(SLOTS),
        most_entries,
        grows_at: Bounds::exactly(most_entries + 1),
        in_any_case: Bounds::exactly(most_entries + 1),
        bytes_per_table: layout.size,
        size_class: group.class.map(|class| class.size),
        directory_bytes: 0,
        bytes,
        replacement_bytes: group_bytes(target, layout, FIRST_CAPACITY),
    }
}

fn stage(target: &Target, layout: &SwissLayout, at: FirstTables) -> SwissStage {
    let tables = 1_u64 << at.depth;
    let each = u64::from(most_entries(at.capacity));
    let most = tables.saturating_mul(each);
    let array = alloc::swiss_groups(target, layout, u64::from(at.capacity));
    let taken = array.allocation.taken();
    let directory_bytes = alloc::directory(target, tables).taken();
    let fixed = alloc::table_allocation(target).taken();
    let replacement_bytes = if at.capacity < MAX_CAPACITY {
        group_bytes(target, layout, at.capacity * 2)
    } else {
        taken.saturating_mul(2)
    };
    SwissStage {
        tables,
        capacity: at.capacity,
        most_entries: most,
        grows_at: likely(tables, each),
        in_any_case: Bounds {
            earliest: each + 1,
            latest: most.saturating_add(1),
        },
        bytes_per_table: array.bytes,
        size_class: array.allocation.class.map(|class| class.size),
        directory_bytes,
        bytes: taken
            .saturating_add(fixed)
            .saturating_mul(tables)
            .saturating_add(directory_bytes),
        replacement_bytes,
    }
}

fn group_bytes(target: &Target, layout: &SwissLayout, capacity: u16) -> u64 {
    groups(target, layout, capacity).taken()
}

fn groups(target: &Target, layout: &SwissLayout, capacity: u16) -> Allocation {
    alloc::swiss_groups(target, layout, u64::from(capacity)).allocation
}

/// Between which inserts `tables` tables overflow, if each key falls into one of them by chance: a table's load varies by the square
/// root of its mean, so it is full when mean ± deviations·√mean reaches `each`.
fn likely(tables: u64, each: u64) -> Bounds {
    if tables == 1 {
        return Bounds::exactly(each + 1);
    }
    let root = (LIKELY_DEVIATIONS * LIKELY_DEVIATIONS + 4.0 * each as f64).sqrt();
    let inserts = |mean_root: f64| ((mean_root / 2.0).powi(2) * tables as f64) as u64;
    Bounds {
        earliest: inserts(root - LIKELY_DEVIATIONS).max(each) + 1,
        latest: inserts(root + LIKELY_DEVIATIONS) + 1,
    }
}
