//! Two captures of one process against each other: what grew, what went, who stands where it stood.
//!
//! `triage::compare` asks [`compare`] for the numbers and judges them. Goroutines are joined by id, which a process never gives
//! twice; groups by the frames of user code and libraries and the `go` statement, so that a dump at system level (which shows the
//! runtime's frames) can be held against `debug=2` (which does not). What speaks against one process is in [`Identity`].

use super::census::Census;
use super::incident::{GoroutineRef, Incident};
use super::version::GoFacts;
use super::waits::{Object, Wait, Waits};
use crate::goruntime::frames::{Owner, is_user, owner};
use crate::model::{Address, Evidence, FrameId, Goroutine, GoroutineId, NameId, StackId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many goroutines of a group are named.
const NAMED_MOST: usize = 20;

/// A P takes goroutine ids in batches of this many, so newer goroutines may have lower ids by that much for each P.
pub const ID_BATCH: u64 = 16;

/// One of the captures.
#[derive(Clone, Copy)]
pub struct Side<'s> {
    /// Its goroutines.
    pub incident: &'s Incident,
    /// Their census.
    pub census: &'s Census,
    /// What they wait for.
    pub waits: &'s Waits,
    /// The Go version behind it.
    pub go: &'s GoFacts,
}

/// A group in both captures.
#[derive(Clone, Debug)]
pub struct GroupChange {
    /// Frames, as the later capture prints them where it has the group.
    pub stack: StackId,
    /// The `go` statement.
    pub created_by: Option<FrameId>,
    /// State, as printed first; of the later capture where it has the group.
    pub state: NameId,
    /// Goroutines in the earlier capture.
    pub before: u32,
    /// Goroutines in the later one.
    pub after: u32,
    /// Goroutines in both, at this place in the same state.
    pub unmoved: u32,
    /// Of these, how many waited for more full minutes in the later capture.
    pub waited_longer: u32,
    /// Longest wait in full minutes in the later capture, or in the earlier one for a group that went.
    pub longest_wait_minutes: Option<u32>,
    /// Marked `(leaked)` in the later capture.
    pub leaked: u32,
    /// The first of the later capture by id, those that are new first; of the earlier one for a group that went.
    pub goroutines: Vec<GoroutineRef>,
}

/// What is waited for in both captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitChange {
    /// Index into the earlier capture's waits.
    pub before: Option<usize>,
    /// Index into the later capture's waits.
    pub after: Option<usize>,
    /// Waiters in both captures, at one place in one state.
    pub unmoved: u32,
    /// Of these, how many waited for more full minutes in the later capture.
    pub waited_longer: u32,
}

/// What tells whether both captures are of one process.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Goroutines of both captures with equal `go` statements; the main goroutine has none.
    pub shared: u32,
    /// Goroutines of one id that were created by different statements: proof of two processes. The first of each capture.
    pub contradictions: Vec<(GoroutineRef, GoroutineRef)>,
    /// No Go release fits both.
    pub releases_differ: bool,
    /// More lines of user code stand at different offsets in their functions than at equal ones; the first such line.
    pub builds_differ: Option<(FrameId, FrameId)>,
    /// They have no function of user code in common, though both show some.
    pub programs_differ: bool,
    /// All of the many goroutines that only the later capture has are older, by their ids, than the newest of the earlier one.
    pub ids_fell: bool,
    /// Waits became shorter for more unmoved goroutines than longer.
    pub waits_shrank: bool,
}

/// The difference of two captures.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Groups by the size of their change, then by size.
    pub groups: Vec<GroupChange>,
    /// What is waited for, by the growth of waiters.
    pub waits: Vec<WaitChange>,
    /// Goroutines in both.
    pub stayed: u32,
    /// Goroutines in both, at the same place in the same state.
    pub unmoved: u32,
    /// Goroutines of the earlier capture alone.
    pub ended: u32,
    /// Goroutines of the later capture alone.
    pub appeared: u32,
    /// The highest ids of both captures.
    pub highest: (Option<GoroutineId>, Option<GoroutineId>),
    /// One process or two.
    pub identity: Identity,
}

impl Comparison {
    /// How many goroutines were created between the captures, as far as the highest ids tell: [`ID_BATCH`] for each P more or less,
    /// and fewer than there were where the newest have ended. `None` where they tell less than the goroutines that appeared.
    pub fn created(&self) -> Option<u64> {
        let (before, after) = (self.highest.0?, self.highest.1?);
        let created = after.0.checked_sub(before.0)?;
        (created > u64::from(self.appeared)).then_some(created)
    }
}

/// Compares. Time n log n in the goroutines.
pub fn compare(evidence: &Evidence<'_>, before: Side<'_>, after: Side<'_>) -> Comparison {
    let mut places = Places::new(evidence);
    let mut comparison = Comparison::default();
    let mut unmoved: FxHashMap<GoroutineId, bool> = FxHashMap::default();
    for &(id, position) in after.incident.ids() {
        let Some((block, now)) = look(evidence, after.incident, position) else {
            continue;
        };
        let then = before.incident.find(id);
        let then = then.and_then(|block| Some((block, block.of(evidence)?)));
        let group = places.count_after(block, now, then.is_none());
        match then {
            None => comparison.appeared += 1,
            Some((earlier, then)) => {
                comparison.stayed += 1;
                comparison
                    .identity
                    .note(evidence, (earlier, then), (block, now));
                if places.stands_still(then, now) {
                    let longer = now.wait_minutes > then.wait_minutes;
                    unmoved.insert(id, longer);
                    places.count_unmoved(group, longer);
                }
            }
        }
    }
    for &(id, position) in before.incident.ids() {
        if let Some((block, then)) = look(evidence, before.incident, position) {
            places.count_before(block, then);
            comparison.ended += u32::from(after.incident.position(id).is_none());
        }
    }
    comparison.unmoved = unmoved.len() as u32;
    let highest = |side: &Side<'_>| side.incident.ids().last().map(|&(id, _)| id);
    comparison.highest = (highest(&before), highest(&after));
    comparison.identity.finish(evidence, before, after);
    comparison.waits = wait_changes(evidence, before, after, &unmoved);
    comparison.groups = places.changes;
    let size = |group: &GroupChange| {
        Reverse((
            group.after.abs_diff(group.before),
            group.after.max(group.before),
        ))
    };
    comparison.groups.sort_by_key(size);
    comparison
}

fn look<'e>(
    evidence: &'e Evidence<'_>,
    incident: &Incident,
    position: u32,
) -> Option<(GoroutineRef, &'e Goroutine)> {
    let block = *incident.goroutines.get(position as usize)?;
    Some((block, block.of(evidence)?))
}

/// A stack without the runtime's own frames, as a number.
type Bare = u32;

/// Groups by stack and `go` statement.
struct Places<'p, 't> {
    evidence: &'p Evidence<'t>,
    bare: FxHashMap<StackId, Bare>,
    stacks: FxHashMap<Vec<FrameId>, Bare>,
    index: FxHashMap<(Bare, Option<FrameId>), usize>,
    changes: Vec<GroupChange>,
    /// Goroutines of a group that are in the later capture alone come first in its list; this many are there.
    fresh: Vec<usize>,
}

impl<'p, 't> Places<'p, 't> {
    fn new(evidence: &'p Evidence<'t>) -> Self {
        Self {
            evidence,
            bare: FxHashMap::default(),
            stacks: FxHashMap::default(),
            index: FxHashMap::default(),
            changes: Vec::new(),
            fresh: Vec::new(),
        }
    }

    fn bare(&mut self, stack: StackId) -> Bare {
        if let Some(&known) = self.bare.get(&stack) {
            return known;
        }
        let symbols = &self.evidence.symbols;
        let is_own = |id: &FrameId| {
            let frame = symbols.get(*id);
            frame.is_some_and(|frame| owner(symbols.text(frame.func)) == Owner::Runtime)
        };
        let all = symbols.frame_ids(stack);
        let mut frames: Vec<FrameId> = all.iter().filter(|id| !is_own(id)).copied().collect();
        if frames.is_empty() {
            frames = all.to_vec();
        }
        let next = self.stacks.len() as Bare;
        let bare = *self.stacks.entry(frames).or_insert(next);
        self.bare.insert(stack, bare);
        bare
    }

    fn place(&mut self, goroutine: &Goroutine) -> usize {
        let key = (self.bare(goroutine.stack), goroutine.created_by);
        let at = *self.index.entry(key).or_insert(self.changes.len());
        if at == self.changes.len() {
            self.fresh.push(0);
            self.changes.push(GroupChange {
                stack: goroutine.stack,
                created_by: goroutine.created_by,
                state: goroutine.state,
                before: 0,
                after: 0,
                unmoved: 0,
                waited_longer: 0,
                longest_wait_minutes: None,
                leaked: 0,
                goroutines: Vec::new(),
            });
        }
        at
    }

    fn count_after(&mut self, block: GoroutineRef, goroutine: &Goroutine, fresh: bool) -> usize {
        use crate::model::GoroutineFlags;
        let at = self.place(goroutine);
        let (Some(group), Some(first_old)) = (self.changes.get_mut(at), self.fresh.get_mut(at))
        else {
            return at;
        };
        group.after += 1;
        group.leaked += u32::from(goroutine.flags.has(GoroutineFlags::LEAKED));
        group.longest_wait_minutes = group.longest_wait_minutes.max(goroutine.wait_minutes);
        if fresh && *first_old < NAMED_MOST {
            group.goroutines.insert(*first_old, block);
            *first_old += 1;
            group.goroutines.truncate(NAMED_MOST);
        } else if group.goroutines.len() < NAMED_MOST {
            group.goroutines.push(block);
        }
        at
    }

    fn count_unmoved(&mut self, group: usize, longer: bool) {
        if let Some(group) = self.changes.get_mut(group) {
            group.unmoved += 1;
            group.waited_longer += u32::from(longer);
        }
    }

    fn count_before(&mut self, block: GoroutineRef, goroutine: &Goroutine) {
        let at = self.place(goroutine);
        let Some(group) = self.changes.get_mut(at) else {
            return;
        };
        group.before += 1;
        if group.after == 0 {
            group.longest_wait_minutes = group.longest_wait_minutes.max(goroutine.wait_minutes);
            if group.goroutines.len() < NAMED_MOST {
                group.goroutines.push(block);
            }
        }
    }

    /// The same place and state at both moments. It may have gone on and come back, unless its wait says otherwise.
    fn stands_still(&mut self, then: &Goroutine, now: &Goroutine) -> bool {
        then.state == now.state
            && then.created_by == now.created_by
            && self.bare(then.stack) == self.bare(now.stack)
    }
}

impl Identity {
    /// What one goroutine of both captures says.
    fn note(
        &mut self,
        evidence: &Evidence<'_>,
        (earlier, then): (GoroutineRef, &Goroutine),
        (later, now): (GoroutineRef, &Goroutine),
    ) {
        let (Some(one), Some(other)) = (then.created_by, now.created_by) else {
            // The block of one may have broken off.
            return;
        };
        let creators_differ = matches!((then.parent, now.parent), (Some(a), Some(b)) if a != b);
        match statement(evidence, one) == statement(evidence, other) && !creators_differ {
            true => self.shared += 1,
            false => self.contradictions.push((earlier, later)),
        }
    }

    /// What the captures as a whole say.
    fn finish(&mut self, evidence: &Evidence<'_>, before: Side<'_>, after: Side<'_>) {
        let (old, new) = (&before.go.candidates, &after.go.candidates);
        self.releases_differ =
            !old.is_empty() && !new.is_empty() && !old.iter().any(|release| new.contains(release));
        self.builds_differ = builds_differ(evidence, before.census, after.census);
        let (then, now) = (
            functions(evidence, before.census),
            functions(evidence, after.census),
        );
        self.programs_differ = !then.is_empty() && !now.is_empty() && then.is_disjoint(&now);
        let newest = before.incident.ids().last().map(|&(id, _)| id);
        let only_later = after.incident.ids().iter().map(|&(id, _)| id);
        let mut only_later = only_later.filter(|&id| before.incident.position(id).is_none());
        // Fewer could all be of batches that Ps have held since long ago.
        let many = only_later.clone().count() as u64 > ID_BATCH;
        self.ids_fell = many && only_later.all(|id| Some(id) < newest);
        let waits = after.incident.ids().iter().filter_map(|&(id, position)| {
            let (_, now) = look(evidence, after.incident, position)?;
            let then = before.incident.find(id)?.of(evidence)?;
            let same = then.state == now.state && then.stack == now.stack;
            same.then_some(now.wait_minutes.cmp(&then.wait_minutes))
        });
        let balance: i64 = waits.map(|order| order as i64).sum();
        self.waits_shrank = balance < 0;
    }
}

/// A `go` statement by function and line; the file may be printed with another prefix, and offsets are the build's.
fn statement<'t>(evidence: &Evidence<'t>, id: FrameId) -> Option<(&'t [u8], u32)> {
    let frame = evidence.symbols.get(id)?;
    Some((evidence.symbols.text(frame.func), frame.line))
}

/// A line of user code and the offset it stands at; `None` where it has several, of calls inlined here and there.
type Offsets<'t> = BTreeMap<(&'t [u8], u32), Option<(u32, FrameId)>>;

/// The offsets of the lines of user code of a capture, `go` statements included.
fn offsets<'t>(evidence: &Evidence<'t>, census: &Census) -> Offsets<'t> {
    let symbols = &evidence.symbols;
    let groups = census.groups.iter();
    let ids = groups.flat_map(|group| {
        symbols
            .frame_ids(group.stack)
            .iter()
            .copied()
            .chain(group.created_by)
    });
    let mut offsets = Offsets::new();
    for id in ids {
        let Some(frame) = symbols.get(id) else {
            continue;
        };
        let (func, file) = (symbols.text(frame.func), symbols.text(frame.file));
        let Some(offset) = frame.offset.filter(|_| is_user(func, file)) else {
            continue;
        };
        let known = offsets
            .entry((func, frame.line))
            .or_insert(Some((offset, id)));
        if known.is_some_and(|(other, _)| other != offset) {
            *known = None;
        }
    }
    offsets
}

/// The first line of both captures whose offset differs, where more differ than agree.
fn builds_differ(
    evidence: &Evidence<'_>,
    before: &Census,
    after: &Census,
) -> Option<(FrameId, FrameId)> {
    let (then, now) = (offsets(evidence, before), offsets(evidence, after));
    let both = then.iter().filter_map(|(line, one)| {
        let (one, other) = ((*one)?, (*now.get(line)?)?);
        Some((one, other))
    });
    let (equal, different): (Vec<_>, Vec<_>) = both.partition(|(one, other)| one.0 == other.0);
    let first = different.first().filter(|_| different.len() > equal.len());
    first.map(|&((_, one), (_, other))| (one, other))
}

/// Functions of user code on the stacks of a capture.
fn functions(evidence: &Evidence<'_>, census: &Census) -> FxHashSet<NameId> {
    let symbols = &evidence.symbols;
    let frames = census
        .groups
        .iter()
        .flat_map(|group| symbols.frames(group.stack));
    let user = frames.filter(|frame| is_user(symbols.text(frame.func), symbols.text(frame.file)));
    user.map(|frame| frame.func).collect()
}

/// Waits joined by address, else by kind and line.
fn wait_changes(
    evidence: &Evidence<'_>,
    before: Side<'_>,
    after: Side<'_>,
    unmoved: &FxHashMap<GoroutineId, bool>,
) -> Vec<WaitChange> {
    let mut earlier: FxHashMap<WaitKey, Vec<usize>> = FxHashMap::default();
    for (at, wait) in before.waits.waits.iter().enumerate().rev() {
        earlier.entry(WaitKey::of(wait)).or_default().push(at);
    }
    let mut changes = Vec::new();
    for (at, wait) in after.waits.waits.iter().enumerate() {
        let waiters = wait.waiters.iter();
        let ids =
            waiters.filter_map(|&position| Some(look(evidence, after.incident, position)?.1.id));
        let still: Vec<bool> = ids.filter_map(|id| unmoved.get(&id).copied()).collect();
        changes.push(WaitChange {
            before: earlier.get_mut(&WaitKey::of(wait)).and_then(Vec::pop),
            after: Some(at),
            unmoved: still.len() as u32,
            waited_longer: still.iter().filter(|longer| **longer).count() as u32,
        });
    }
    let mut over: Vec<usize> = earlier.into_values().flatten().collect();
    over.sort_unstable();
    changes.extend(over.into_iter().map(|at| WaitChange {
        before: Some(at),
        after: None,
        unmoved: 0,
        waited_longer: 0,
    }));
    changes.sort_by_key(|change| {
        let count = |waits: &Waits, at: Option<usize>| {
            let wait = at.and_then(|at| waits.waits.get(at));
            wait.map_or(0, |wait| wait.waiters.len() as i64)
        };
        let grown = count(after.waits, change.after) - count(before.waits, change.before);
        Reverse((grown, count(after.waits, change.after)))
    });
    changes
}

#[derive(PartialEq, Eq, Hash)]
enum WaitKey {
    At(Object, Address),
    Line(Object, Option<FrameId>),
}

impl WaitKey {
    fn of(wait: &Wait) -> Self {
        match wait.address.or(wait.through) {
            Some(address) => WaitKey::At(wait.object, address),
            None => WaitKey::Line(wait.object, wait.sites.first().map(|&(site, _)| site)),
        }
    }
}
