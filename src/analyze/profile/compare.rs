//! Two profiles of one kind against each other: every stack and every line of the program with its numbers before and after.
//!
//! Stacks are matched by the names of their frames: addresses move with every build, and the forms of a profile hide different frames
//! of the runtime. Goroutines of a dump count as a profile of goroutines. Called by `triage::compare`. Read [`difference`] first.

use super::{Table, makes_map, waiting, waits_in_runtime};
use crate::analyze::accesses::{Stands, operation};
use crate::analyze::incident::Incident;
use crate::goruntime::mapops::MapOp;
use crate::goruntime::waits::WaitKind;
use crate::model::{
    Evidence, FrameId, FrameKind, NameId, Profile, ProfileKind, StackId, ValueType,
};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// Numbers of one stack or line, one for each column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// In the earlier profile.
    pub before: Vec<i64>,
    /// In the later one.
    pub after: Vec<i64>,
}

impl Change {
    fn new(columns: usize) -> Self {
        Self {
            before: vec![0; columns],
            after: vec![0; columns],
        }
    }

    fn add(&mut self, side: Side, row: &[i64]) {
        let sums = match side {
            Side::Before => &mut self.before,
            Side::After => &mut self.after,
        };
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum = sum.saturating_add(value);
        }
    }

    /// How much more a column has after.
    pub fn grown(&self, column: usize) -> i64 {
        let (before, after) = self.of(column);
        after.saturating_sub(before)
    }

    /// A column before and after.
    pub fn of(&self, column: usize) -> (i64, i64) {
        let value = |of: &[i64]| of.get(column).copied().unwrap_or(0);
        (value(&self.before), value(&self.after))
    }
}

/// A stack in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackChange {
    /// Its frames, of the later profile where it is in both.
    pub stack: StackId,
    /// What the frames show it to wait for.
    pub waits: Option<WaitKind>,
    /// Its numbers.
    pub change: Change,
}

/// A line of the program in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteChange {
    /// Innermost frame of user code.
    pub site: FrameId,
    /// The map operation there.
    pub op: Option<MapOp>,
    /// What is waited for there.
    pub waits: Option<WaitKind>,
    /// Maps are made or grown there, as far as the frames show it.
    pub makes_map: bool,
    /// Its numbers.
    pub change: Change,
}

/// The difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What was counted.
    pub kind: ProfileKind,
    /// The columns of both.
    pub columns: Vec<(NameId, NameId)>,
    /// The column that is shown.
    pub shown: usize,
    /// Sums.
    pub total: Change,
    /// What grew most first.
    pub stacks: Vec<StackChange>,
    /// What grew most first.
    pub sites: Vec<SiteChange>,
}

/// Stacks with a row of numbers each, under columns.
#[derive(Clone, Debug)]
pub struct Rows {
    kind: ProfileKind,
    columns: Vec<(NameId, NameId)>,
    shown: usize,
    rows: Vec<(StackId, Vec<i64>)>,
}

impl Rows {
    /// Those of a profile.
    pub fn of_profile(profile: &Profile<'_>) -> Self {
        let last = profile.types.len().saturating_sub(1);
        let column = |of: &ValueType| (of.name, of.unit);
        let rows = profile.rows();
        Self {
            kind: profile.kind,
            columns: profile.types.iter().map(column).collect(),
            shown: profile.shown_first.map_or(last, |column| column as usize),
            rows: rows
                .map(|(sample, row)| (sample.stack, row.to_vec()))
                .collect(),
        }
    }

    /// The goroutines of a dump, under the columns of the profile that they are compared with.
    pub fn of_dump(incident: &Incident, evidence: &Evidence<'_>, like: &Rows) -> Self {
        let stacks = incident.goroutines.iter();
        let stacks = stacks.filter_map(|block| block.of(evidence));
        Self {
            rows: stacks.map(|one| (one.stack, vec![1])).collect(),
            columns: like.columns.clone(),
            ..*like
        }
    }

    /// What was counted.
    pub fn kind(&self) -> ProfileKind {
        self.kind
    }

    /// For each of `columns`, which of its own it is; `None` where it lacks one.
    fn places(&self, columns: &[(NameId, NameId)]) -> Option<Vec<usize>> {
        let place = |wanted| self.columns.iter().position(|own| own == wanted);
        columns.iter().map(place).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// What names a frame; those without a name stand for themselves.
type Named = (NameId, NameId, u32, Option<FrameId>);

/// Compares; `None` where the columns differ. Time linear in the frames of both.
pub fn difference(evidence: &Evidence<'_>, before: &Rows, after: &Rows) -> Option<Difference> {
    let places = before.places(&after.columns)?;
    let columns = after.columns.len();
    let mut sums = Sums {
        evidence,
        kind: after.kind,
        columns,
        stands: Stands::default(),
        stacks: Table::default(),
        sites: Table::default(),
        keys: FxHashMap::default(),
        total: Change::new(columns),
    };
    // The later first: its stacks are the ones shown.
    for (stack, row) in &after.rows {
        sums.add(Side::After, *stack, row);
    }
    for (stack, row) in &before.rows {
        let row: Vec<i64> = places
            .iter()
            .map(|&place| row.get(place).copied().unwrap_or(0))
            .collect();
        sums.add(Side::Before, *stack, &row);
    }
    let shown = after.shown;
    let mut stacks = sums.stacks.rows;
    stacks.sort_by_key(|stack| Reverse(order(&stack.change, shown)));
    let mut sites = sums.sites.rows;
    sites.sort_by_key(|site| Reverse(order(&site.change, shown)));
    Some(Difference {
        kind: after.kind,
        columns: after.columns.clone(),
        shown,
        total: sums.total,
        stacks,
        sites,
    })
}

/// Growth first, then size.
fn order(change: &Change, shown: usize) -> (i64, i64) {
    (change.grown(shown), change.of(shown).1)
}

struct Sums<'e, 't> {
    evidence: &'e Evidence<'t>,
    kind: ProfileKind,
    columns: usize,
    stands: Stands,
    stacks: Table<Vec<Named>, StackChange>,
    sites: Table<(Named, bool), SiteChange>,
    /// Keys of stacks, made once.
    keys: FxHashMap<StackId, Vec<Named>>,
    total: Change,
}

impl Sums<'_, '_> {
    fn add(&mut self, side: Side, stack: StackId, row: &[i64]) {
        let (evidence, columns) = (self.evidence, self.columns);
        self.total.add(side, row);
        let goroutines = self.kind.counts_goroutines();
        let key = self
            .keys
            .entry(stack)
            .or_insert_with(|| key(evidence, stack, goroutines))
            .clone();
        let waits = match self.kind {
            ProfileKind::Heap | ProfileKind::Allocs | ProfileKind::Cpu => None,
            _ => waiting(evidence, stack),
        };
        let new = || StackChange {
            stack,
            waits,
            change: Change::new(columns),
        };
        if let Some(known) = self.stacks.row(key, new) {
            known.waits = known.waits.or(waits);
            known.change.add(side, row);
        }
        if waits_in_runtime(evidence, self.kind, stack) {
            return;
        }
        let stand = self.stands.of(evidence, stack);
        let Some(site) = stand.site_frame else {
            return;
        };
        let Some(named) = named(evidence, site) else {
            return;
        };
        let op = match self.kind {
            ProfileKind::Mutex | ProfileKind::Block | ProfileKind::Contention => None,
            ProfileKind::Heap | ProfileKind::Allocs => None,
            _ => operation(stand),
        };
        let heap = matches!(self.kind, ProfileKind::Heap | ProfileKind::Allocs);
        let makes_map = heap && makes_map(evidence, stack);
        let new = || SiteChange {
            site,
            op,
            waits,
            makes_map,
            change: Change::new(columns),
        };
        if let Some(known) = self.sites.row((named, makes_map), new) {
            known.op = known.op.or(op);
            known.waits = known.waits.or(waits);
            known.change.add(side, row);
        }
    }
}

/// The names of a stack's frames. Of goroutines those of the runtime are left out: each form hides others of them.
fn key(evidence: &Evidence<'_>, stack: StackId, goroutines: bool) -> Vec<Named> {
    let ids = evidence.symbols.frame_ids(stack).iter();
    let frames = ids.filter_map(|&id| named(evidence, id));
    let told = |frame: &Named| {
        let func = evidence.symbols.text(frame.0);
        let hidden = frame.3.is_some() || is_runtimes(func);
        !goroutines || !hidden
    };
    frames.filter(told).collect()
}

/// True for functions that dumps and texts leave out.
fn is_runtimes(func: &[u8]) -> bool {
    func.starts_with(b"runtime.") || func.starts_with(b"internal/runtime/")
}

fn named(evidence: &Evidence<'_>, id: FrameId) -> Option<Named> {
    let frame = evidence.symbols.get(id)?;
    let unnamed = matches!(frame.kind, FrameKind::Unnamed(_)).then_some(id);
    Some((frame.func, frame.file, frame.line, unnamed))
}
