//! What the profiles of an incident weigh: goroutines by stack, map operations by line, allocations, locks, hot code.
//!
//! A profile knows no goroutine ids, states or creators, only stacks and numbers; so everything here is a sum over stacks. Called by
//! `triage` for each step. Read [`weigh`] first; two profiles against each other are [`compare`]'s.

pub mod compare;

use super::accesses::{Stands, operation};
use super::incident::{Incident, ItemRef};
use crate::goruntime::frames;
use crate::goruntime::mapops::{MapOp, allocates_map};
use crate::goruntime::waits::{WaitKind, wait_object};
use crate::model::{
    Evidence, FrameId, FrameKind, Item, LabelValue, Profile, ProfileKind, Sample, StackId, TextLine,
};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::hash::Hash;

/// A stack with the sum of its samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The frames.
    pub stack: StackId,
    /// Sum of the column that is shown.
    pub weight: i64,
    /// What the frames show it to wait for; `None` where it runs, or where the frames that tell are hidden.
    pub waits: Option<WaitKind>,
    /// The first sample's line, in a text.
    pub line: Option<TextLine>,
    /// Labels of its samples, heaviest first.
    pub labels: Vec<LabelWeight>,
}

/// A label that the program set (`pprof.Do`), with the sum of the samples that carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelWeight {
    /// Key, as the profile has it.
    pub key: Vec<u8>,
    /// Value.
    pub value: Vec<u8>,
    /// Sum of the column that is shown.
    pub weight: i64,
}

/// Different labels of one stack or line that are kept; a label that is another for every request tells nothing by its values.
const LABELS_KEPT: usize = 256;

/// Samples inside map operations of one kind at one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapSite {
    /// Innermost frame of user code.
    pub site: FrameId,
    /// What is done there.
    pub op: MapOp,
    /// Sum of the column that is shown.
    pub weight: i64,
    /// The heaviest stack that leads there.
    pub stack: StackId,
    /// The first sample's line, in a text.
    pub line: Option<TextLine>,
    /// Labels of its samples, heaviest first.
    pub labels: Vec<LabelWeight>,
}

/// Memory of maps made at one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapMemory {
    /// Innermost frame of user code.
    pub site: FrameId,
    /// Bytes in use.
    pub live_bytes: i64,
    /// Objects in use: headers, buckets, tables, groups.
    pub live_objects: i64,
    /// Bytes ever allocated.
    pub total_bytes: i64,
}

/// Everything that is attributed to one line of user code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteWeight {
    /// Innermost frame of user code.
    pub site: FrameId,
    /// Sum of the column that is shown.
    pub weight: i64,
    /// Sum of the first column: contentions beside a delay, samples beside time.
    pub events: i64,
    /// For waits: what was waited for, or released.
    pub waits: Option<WaitKind>,
}

/// One profile, weighed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// Which.
    pub at: ItemRef,
    /// What it counts.
    pub kind: ProfileKind,
    /// Index of the column that is shown.
    pub column: usize,
    /// Sum of that column.
    pub total: i64,
    /// Equal stacks, heaviest first; equal weights in print order.
    pub groups: Vec<Group>,
    /// Map operations by line, heaviest first.
    pub map_sites: Vec<MapSite>,
    /// Maps by the line that makes or grows them, most live bytes first. Only where the frames that show it are in the profile: Go
    /// leaves the runtime's out of heap profiles.
    pub map_memory: Vec<MapMemory>,
    /// Lines of user code, heaviest first.
    pub sites: Vec<SiteWeight>,
    /// Part of the total whose innermost frames are addresses without a name.
    pub unnamed: i64,
    /// Of waits, the part at the runtime's own locks and channels, which no line of the program can help.
    pub in_runtime: i64,
}

impl Weighed {
    /// Part of the total that is inside map operations.
    pub fn in_maps(&self) -> i64 {
        self.map_sites
            .iter()
            .fold(0, |sum: i64, site| sum.saturating_add(site.weight))
    }
}

/// Weighs all profiles of an incident, in its order. Time linear in the samples' frames, n log n in stacks and lines.
pub fn weigh(incident: &Incident, evidence: &Evidence<'_>) -> Vec<Weighed> {
    let mut stands = Stands::default();
    incident
        .profiles
        .iter()
        .filter_map(|&at| match at.of(evidence)? {
            Item::Profile(profile) => Some(weighed(at, profile, evidence, &mut stands)),
            _ => None,
        })
        .collect()
}

fn weighed(
    at: ItemRef,
    profile: &Profile<'_>,
    evidence: &Evidence<'_>,
    stands: &mut Stands,
) -> Weighed {
    let last = profile.types.len().saturating_sub(1);
    let column = profile.shown_first.map_or(last, |column| column as usize);
    let mut sums = Sums::default();
    for (sample, row) in profile.rows() {
        sums.labels.clear();
        for label in profile.labels_of(sample) {
            if let LabelValue::Text(value) = label.value {
                sums.labels.push((label.key.to_vec(), value.to_vec()));
            }
        }
        sums.add(evidence, stands, profile.kind, sample, row, column);
    }
    Weighed {
        at,
        kind: profile.kind,
        column,
        total: profile.total(column).unwrap_or(0),
        groups: sums
            .groups
            .sorted(|group| group.weight)
            .into_iter()
            .map(sorted_group)
            .collect(),
        map_sites: sums
            .map_sites
            .sorted(|site| site.weight)
            .into_iter()
            .map(sorted_site)
            .collect(),
        map_memory: sums.map_memory.sorted(|memory| memory.live_bytes),
        sites: sums.sites.sorted(|site| site.weight),
        unnamed: sums.unnamed,
        in_runtime: sums.in_runtime,
    }
}

fn sorted_group(mut group: Group) -> Group {
    sort_labels(&mut group.labels);
    group
}

fn sorted_site(mut site: MapSite) -> MapSite {
    sort_labels(&mut site.labels);
    site
}

/// Heaviest first, then by name.
fn sort_labels(labels: &mut [LabelWeight]) {
    labels.sort_by(|a, b| {
        let names = |label: &LabelWeight| (label.key.clone(), label.value.clone());
        b.weight
            .cmp(&a.weight)
            .then_with(|| names(a).cmp(&names(b)))
    });
}

/// Adds a sample's labels to those of its stack or line.
fn add_labels(known: &mut Vec<LabelWeight>, labels: &[(Vec<u8>, Vec<u8>)], weight: i64) {
    for (key, value) in labels {
        let same = |label: &LabelWeight| label.key == *key && label.value == *value;
        if let Some(place) = known.iter().position(same) {
            let sum = &mut known[place].weight;
            *sum = sum.saturating_add(weight);
        } else if known.len() < LABELS_KEPT {
            known.push(LabelWeight {
                key: key.clone(),
                value: value.clone(),
                weight,
            });
        }
    }
}

/// Values by key, in order of first sight.
struct Table<K, V> {
    index: FxHashMap<K, usize>,
    rows: Vec<V>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            index: FxHashMap::default(),
            rows: Vec::new(),
        }
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    fn row(&mut self, key: K, new: impl FnOnce() -> V) -> Option<&mut V> {
        let at = *self.index.entry(key).or_insert(self.rows.len());
        if at == self.rows.len() {
            self.rows.push(new());
        }
        self.rows.get_mut(at)
    }

    /// Heaviest first; the sort is stable.
    fn sorted(mut self, weight: impl Fn(&V) -> i64) -> Vec<V> {
        self.rows.sort_by_key(|row| Reverse(weight(row)));
        self.rows
    }
}

#[derive(Default)]
struct Sums {
    groups: Table<StackId, Group>,
    map_sites: Table<(FrameId, MapOp), MapSite>,
    map_memory: Table<FrameId, MapMemory>,
    sites: Table<FrameId, SiteWeight>,
    /// Weight of the stack that a map site keeps.
    heaviest: FxHashMap<(FrameId, MapOp), i64>,
    unnamed: i64,
    in_runtime: i64,
    /// Keys and values of the sample at hand.
    labels: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Sums {
    fn add(
        &mut self,
        evidence: &Evidence<'_>,
        stands: &mut Stands,
        kind: ProfileKind,
        sample: &Sample,
        row: &[i64],
        column: usize,
    ) {
        let (stack, line) = (sample.stack, sample.line);
        let weight = row.get(column).copied().unwrap_or(0);
        let waits = waiting(evidence, stack);
        let group = self.groups.row(stack, || Group {
            stack,
            weight: 0,
            waits,
            line,
            labels: Vec::new(),
        });
        if let Some(group) = group {
            group.weight = group.weight.saturating_add(weight);
            add_labels(&mut group.labels, &self.labels, weight);
        }
        if is_unnamed(evidence, stack) {
            self.unnamed = self.unnamed.saturating_add(weight);
        }
        if waits_in_runtime(evidence, kind, stack) {
            self.in_runtime = self.in_runtime.saturating_add(weight);
            return;
        }
        let stand = stands.of(evidence, stack);
        let Some(site) = stand.site_frame else {
            return;
        };
        let known = self.sites.row(site, || SiteWeight {
            site,
            weight: 0,
            events: 0,
            waits,
        });
        if let Some(known) = known {
            known.weight = known.weight.saturating_add(weight);
            known.events = known
                .events
                .saturating_add(row.first().copied().unwrap_or(0));
        }
        match kind {
            ProfileKind::Heap | ProfileKind::Allocs => self.add_memory(evidence, stack, site, row),
            // Time that others waited, or that passed asleep: none of it was spent in the operation.
            ProfileKind::Mutex | ProfileKind::Block | ProfileKind::Contention => {}
            _ => {
                if let Some(op) = operation(stand) {
                    self.add_operation((site, op), stack, weight, line);
                }
            }
        }
    }

    fn add_operation(
        &mut self,
        key: (FrameId, MapOp),
        stack: StackId,
        weight: i64,
        line: Option<TextLine>,
    ) {
        let (site, op) = key;
        let new = || MapSite {
            site,
            op,
            weight: 0,
            stack,
            line,
            labels: Vec::new(),
        };
        let heaviest = self.heaviest.entry(key).or_insert(weight);
        if let Some(known) = self.map_sites.row(key, new) {
            known.weight = known.weight.saturating_add(weight);
            add_labels(&mut known.labels, &self.labels, weight);
            if weight > *heaviest {
                (*heaviest, known.stack) = (weight, stack);
            }
        }
    }

    /// Columns of a heap profile: objects and bytes, all and live.
    fn add_memory(&mut self, evidence: &Evidence<'_>, stack: StackId, site: FrameId, row: &[i64]) {
        let &[_, total_bytes, live_objects, live_bytes] = row else {
            return;
        };
        if !makes_map(evidence, stack) {
            return;
        }
        let new = || MapMemory {
            site,
            live_bytes: 0,
            live_objects: 0,
            total_bytes: 0,
        };
        if let Some(known) = self.map_memory.row(site, new) {
            known.live_bytes = known.live_bytes.saturating_add(live_bytes);
            known.live_objects = known.live_objects.saturating_add(live_objects);
            known.total_bytes = known.total_bytes.saturating_add(total_bytes);
        }
    }
}

/// True where the frames between a line of user code and the allocator are a map's.
fn makes_map(evidence: &Evidence<'_>, stack: StackId) -> bool {
    let symbols = &evidence.symbols;
    symbols
        .frames(stack)
        .map(|frame| (symbols.text(frame.func), symbols.text(frame.file)))
        .take_while(|(func, file)| !frames::is_user(func, file))
        .any(|(func, _)| allocates_map(func))
}

/// What the frames in front of the user's show a goroutine to wait for.
fn waiting(evidence: &Evidence<'_>, stack: StackId) -> Option<WaitKind> {
    let symbols = &evidence.symbols;
    let own = symbols
        .frames(stack)
        .map(|frame| (symbols.text(frame.func), symbols.text(frame.file)))
        .take_while(|(func, file)| !frames::is_user(func, file));
    // The outermost knows best: a wait group waits on a semaphore.
    own.filter_map(|(func, _)| wait_object(func))
        .last()
        .map(|row| row.kind)
}

/// True for a wait of the runtime itself. A program's lock is released in package sync, so a mutex profile's stack ends in the runtime only
/// where the lock is the runtime's; a program's channel is one function of the runtime away from its line. Texts hide these frames.
fn waits_in_runtime(evidence: &Evidence<'_>, kind: ProfileKind, stack: StackId) -> bool {
    let innermost = match kind {
        ProfileKind::Mutex => 1,
        ProfileKind::Block | ProfileKind::Contention => 2,
        _ => return false,
    };
    let symbols = &evidence.symbols;
    let mut own = symbols.frames(stack).map(|frame| {
        let func = symbols.text(frame.func);
        matches!(frame.kind, FrameKind::Unnamed(_)) || func.starts_with(b"runtime.")
    });
    (0..innermost).all(|_| own.next() == Some(true))
}

fn is_unnamed(evidence: &Evidence<'_>, stack: StackId) -> bool {
    let first = evidence.symbols.frames(stack).next();
    first.is_some_and(|frame| matches!(frame.kind, FrameKind::Unnamed(_)))
}
