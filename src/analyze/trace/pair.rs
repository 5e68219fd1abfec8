//! Two traces of one process: who stands in both, who came and went, and at which places there are more.
//!
//! A process never gives a goroutine's number twice, so the number says who is who. What a trace says of a goroutine that never
//! moves in it is poor (a state, from 1.23 on a stack, never a reason), so for those that stand in both the earlier trace, which saw them
//! block, speaks for the later one. Goroutines of the runtime and of the tracer are left out. `triage::compare` calls [`compare`].

use super::alive::{LiveFrame, LiveGoroutine, LiveGoroutines};
use super::figures::{Name, Place, blocks_for_others, is_programs};
use crate::goruntime::waits::{WaitKind, wait_object};
use crate::model::trace::GoState;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeMap;

/// Numbers listed of one group.
const LISTED: usize = 20;

/// Goroutines at one place at the ends of both traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairGroup {
    /// What they do.
    pub state: GoState,
    /// Why they wait, in the words of the trace; empty where nothing tells.
    pub reason: Name,
    /// What the functions at the top of their stack wait for.
    pub waits: Option<WaitKind>,
    /// Where they stand, innermost first.
    pub stack: Vec<Place>,
    /// The function they began with.
    pub start_func: Name,
    /// The `go` statement, where either trace saw it.
    pub created_at: Option<Place>,
    /// At the end of the earlier trace.
    pub before: u64,
    /// At the end of the later one.
    pub after: u64,
    /// In both, with no event of theirs in the later trace.
    pub unmoved: u64,
    /// Since when the first of those that wait has waited, in the clock of the trace that saw it; the least where it began before both.
    pub since_ns: Option<i64>,
    /// The first of the later trace, new ones first; of the earlier one where the later has none.
    pub goroutines: Vec<u64>,
}

/// What lies between two traces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paired {
    /// By growth, then by size.
    pub groups: Vec<PairGroup>,
    /// In both.
    pub stayed: u64,
    /// In both, with no event of theirs in the later trace.
    pub unmoved: u64,
    /// In the earlier alone.
    pub ended: u64,
    /// In the later alone.
    pub appeared: u64,
    /// Highest numbers.
    pub highest: (Option<u64>, Option<u64>),
    /// Numbers that began with different functions in the two.
    pub contradictions: Vec<(u64, Name, Name)>,
    /// Numbers that began with the same function in both.
    pub agreed: u64,
    /// Of the later trace: they waited through all of it, and nothing tells where.
    pub unplaced: u64,
}

/// What makes a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key<'a> {
    state: GoState,
    start_func: &'a [u8],
    stack: Vec<LiveFrame<'a>>,
}

/// Who is in a group.
#[derive(Default)]
struct Members<'a> {
    reason: &'a [u8],
    waits: Option<WaitKind>,
    created_at: BTreeMap<LiveFrame<'a>, u64>,
    before: u64,
    after: u64,
    unmoved: u64,
    since_ns: Option<i64>,
    old: Vec<u64>,
    new: Vec<u64>,
    gone: Vec<u64>,
}

/// Compares who is there at the ends of two traces.
pub fn compare(before: &LiveGoroutines, after: &LiveGoroutines) -> Paired {
    let mut paired = Paired::default();
    let mut groups: HashMap<Key<'_>, Members<'_>, FxBuildHasher> = HashMap::default();
    let highest = |live: &LiveGoroutines| live.iter().map(|seen| seen.id()).max();
    paired.highest = (highest(before), highest(after));
    for seen in before.iter() {
        let Some(key) = key(&seen, after.get(seen.id()).as_ref()) else {
            continue;
        };
        let members = groups.entry(key).or_default();
        members.before += 1;
        members.learn(&seen);
        if after.get(seen.id()).is_none() {
            paired.ended += 1;
            members.gone.push(seen.id());
        }
    }
    for seen in after.iter() {
        let earlier = before.get(seen.id());
        let still = earlier.filter(|then| stands_still(then, &seen));
        let speaks = still.as_ref().unwrap_or(&seen);
        let Some(key) = key(speaks, Some(&seen)) else {
            let known = |one: &LiveGoroutine<'_>| !one.start_func().is_empty();
            let nowhere = !known(&seen) && !earlier.as_ref().is_some_and(known);
            paired.unplaced += u64::from(nowhere && seen.state() == GoState::Waiting);
            continue;
        };
        let members = groups.entry(key).or_default();
        members.after += 1;
        members.learn(speaks);
        members.date(speaks);
        members.learn(&seen);
        match earlier {
            Some(then) => {
                members.old.push(seen.id());
                paired.stayed += 1;
                paired.identify(&then, &seen);
            }
            None => {
                members.new.push(seen.id());
                paired.appeared += 1;
            }
        }
        members.unmoved += u64::from(still.is_some());
        paired.unmoved += u64::from(still.is_some());
    }
    paired.groups = merged(groups);
    paired
}

impl Paired {
    fn identify(&mut self, then: &LiveGoroutine<'_>, now: &LiveGoroutine<'_>) {
        let (old, new) = (then.start_func(), now.start_func());
        if old.is_empty() || new.is_empty() {
            return;
        }
        match old == new {
            true => self.agreed += 1,
            false => self.contradictions.push((now.id(), old.into(), new.into())),
        }
    }
}

/// `other`: the same goroutine in the other trace, which may know its start function. `None` for goroutines of the runtime, and where
/// nothing tells what it is.
fn key<'a>(seen: &LiveGoroutine<'a>, other: Option<&LiveGoroutine<'a>>) -> Option<Key<'a>> {
    let known = [Some(seen), other];
    let mut starts = known.into_iter().flatten().map(|one| one.start_func());
    let start_func = starts.find(|func| !func.is_empty())?;
    is_programs(start_func).then(|| Key {
        state: seen.state(),
        start_func,
        stack: own_frames(seen),
    })
}

/// The frames from the program's innermost one on: those before it differ by what wrote the stack.
fn own_frames<'a>(seen: &LiveGoroutine<'a>) -> Vec<LiveFrame<'a>> {
    let mut frames: Vec<LiveFrame<'a>> = seen.stack().collect();
    let own = frames
        .iter()
        .position(|frame| !blocks_for_others(frame.func));
    frames.drain(..own.unwrap_or(0));
    frames
}

/// True for one in the same state in both, and at the same place as far as both tell, that has no event in the later trace.
fn stands_still(then: &LiveGoroutine<'_>, now: &LiveGoroutine<'_>) -> bool {
    if !now.since_before() || then.state() != now.state() {
        return false;
    }
    let (before, after) = (own_frames(then), own_frames(now));
    before == after || before.is_empty() || after.is_empty()
}

impl<'a> Members<'a> {
    fn learn(&mut self, seen: &LiveGoroutine<'a>) {
        if self.reason.is_empty() && seen.state() == GoState::Waiting {
            self.reason = seen.reason();
        }
        let calls = seen
            .stack()
            .take_while(|frame| blocks_for_others(frame.func));
        // The outermost knows best: a lock waits on a semaphore.
        let object = calls.filter_map(|frame| wait_object(frame.func)).last();
        self.waits = self.waits.or(object.map(|row| row.kind));
        if let Some(made) = seen.created_at().next() {
            *self.created_at.entry(made).or_default() += 1;
        }
    }

    /// Notes since when it has waited; who speaks of it may be the earlier trace.
    fn date(&mut self, seen: &LiveGoroutine<'a>) {
        if seen.state() == GoState::Waiting {
            let since = match seen.since_before() {
                true => i64::MIN,
                false => seen.since_ns(),
            };
            self.since_ns = Some(self.since_ns.map_or(since, |first| first.min(since)));
        }
    }
}

/// Groups as values, the most grown first. One without a `go` statement takes that of its start function, if there is but one.
fn merged(groups: HashMap<Key<'_>, Members<'_>, FxBuildHasher>) -> Vec<PairGroup> {
    let mut statements: BTreeMap<&[u8], Vec<LiveFrame<'_>>> = BTreeMap::new();
    for (key, members) in &groups {
        let known = statements.entry(key.start_func).or_default();
        known.extend(members.created_at.keys().copied());
        known.sort_unstable();
        known.dedup();
    }
    let mut listed: Vec<(Key<'_>, Members<'_>)> = groups.into_iter().collect();
    listed.sort_unstable_by(|(a, of_a), (b, of_b)| {
        let grown = |of: &Members<'_>| of.after as i64 - of.before as i64;
        let (grown, size) = (grown(of_b).cmp(&grown(of_a)), of_b.after.cmp(&of_a.after));
        grown.then(size).then_with(|| a.cmp(b))
    });
    let group = |(key, mut members): (Key<'_>, Members<'_>)| {
        let most = members.created_at.iter().max_by_key(|&(_, &count)| count);
        let only = statements.get(key.start_func).map(Vec::as_slice);
        let made = most.map(|(frame, _)| *frame).or(match only {
            Some(&[only]) => Some(only),
            _ => None,
        });
        let mut goroutines = std::mem::take(&mut members.new);
        goroutines.extend(&members.old);
        if goroutines.is_empty() {
            goroutines = members.gone;
        }
        goroutines.truncate(LISTED);
        PairGroup {
            state: key.state,
            reason: members.reason.into(),
            waits: members.waits,
            stack: key.stack.iter().map(place).collect(),
            start_func: key.start_func.into(),
            created_at: made.as_ref().map(place),
            before: members.before,
            after: members.after,
            unmoved: members.unmoved,
            since_ns: members.since_ns,
            goroutines,
        }
    };
    listed.into_iter().map(group).collect()
}

fn place(frame: &LiveFrame<'_>) -> Place {
    Place {
        func: frame.func.into(),
        file: frame.file.into(),
        line: frame.line,
    }
}
