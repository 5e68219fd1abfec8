//! Goroutines counted by id: a dump may print one goroutine twice, and captures repeat the goroutines of a crash.

use super::{GoroutineRef, Incident};
use crate::model::{Evidence, Goroutine, GoroutineFlags, GoroutineId, StackId, Symbols};

/// [`quality`] of a block that has all its frames.
pub(super) const WHOLE: u8 = 2;

/// How much of a goroutine a block shows: 0 no frames, 1 some, [`WHOLE`] all that were to be printed.
pub(super) fn quality(goroutine: &Goroutine) -> u8 {
    if goroutine.stack == StackId::EMPTY || goroutine.flags.has(GoroutineFlags::STACK_UNAVAILABLE) {
        0
    } else if goroutine.flags.has(GoroutineFlags::INCOMPLETE) {
        1
    } else {
        WHOLE
    }
}

/// True where two blocks of one id can be of one process: created by the same statement and the same goroutine, as far as both
/// say. Offsets are left out, they are lost in some cut and rewrapped texts.
pub(super) fn same_creation(a: &Goroutine, b: &Goroutine, symbols: &Symbols<'_>) -> bool {
    let (Some(a_site), Some(b_site)) = (a.created_by, b.created_by) else {
        // Only a block that broke off may lack the line that the other one has.
        let cut = |g: &Goroutine| quality(g) < WHOLE || g.flags.has(GoroutineFlags::DAMAGED_HEADER);
        return a.created_by == b.created_by || cut(a) || cut(b);
    };
    let place = |site| {
        let frame = symbols.get(site)?;
        Some((frame.func, frame.line))
    };
    let parents_agree = a.parent.is_none() || b.parent.is_none() || a.parent == b.parent;
    parents_agree && (a_site == b_site || place(a_site) == place(b_site))
}

impl Incident {
    /// Fills `goroutines`, `system_stacks`, `inputs` and the id table from `runs`. Time n log n, n being the blocks; where ids
    /// ascend and none comes twice, n.
    pub(super) fn settle(&mut self, evidence: &Evidence<'_>) {
        let blocks: usize = self.runs.iter().map(|run| run.range.len()).sum();
        let mut refs: Vec<GoroutineRef> = Vec::with_capacity(blocks);
        let mut keys: Vec<(GoroutineId, u32)> = Vec::with_capacity(blocks);
        let mut system_stacks = Vec::new();
        for block in self.blocks() {
            let Some(goroutine) = block.of(evidence) else {
                continue;
            };
            if goroutine.id.0 == 0 {
                system_stacks.push(block);
                continue;
            }
            keys.push((goroutine.id, refs.len() as u32));
            refs.push(block);
        }
        if !keys.is_sorted() {
            keys.sort_unstable();
        }
        let repeated = keys
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a.0 == b.0));
        if repeated {
            keep_best_copies(&mut refs, &mut keys, evidence);
        }
        self.goroutines = refs;
        self.system_stacks = system_stacks;
        self.by_id = keys;
        self.note_origins(evidence);
    }

    fn note_origins(&mut self, evidence: &Evidence<'_>) {
        self.documents.sort_unstable();
        self.documents.dedup();
        self.inputs = self
            .documents
            .iter()
            .filter_map(|&id| evidence.document(id))
            .map(|document| document.input)
            .collect();
        self.inputs.sort_unstable();
        self.inputs.dedup();
    }
}

/// Leaves one block for each id; `keys` are sorted by id, then text order.
fn keep_best_copies(
    refs: &mut Vec<GoroutineRef>,
    keys: &mut Vec<(GoroutineId, u32)>,
    evidence: &Evidence<'_>,
) {
    let quality_at = |at: u32| {
        let block = refs.get(at as usize);
        block
            .and_then(|block| block.of(evidence))
            .map_or(0, quality)
    };
    // `dedup_by` keeps the first of equal ids, which takes over a better later copy.
    keys.dedup_by(|later, first| {
        if later.0 != first.0 {
            return false;
        }
        if quality_at(later.1) > quality_at(first.1) {
            first.1 = later.1;
        }
        true
    });
    let mut kept: Vec<u32> = keys.iter().map(|&(_, at)| at).collect();
    kept.sort_unstable();
    for key in keys.iter_mut() {
        key.1 = kept.partition_point(|&at| at < key.1) as u32;
    }
    *refs = kept
        .iter()
        .filter_map(|&at| refs.get(at as usize).copied())
        .collect();
}
