//! The census of an incident: goroutines by state, and in groups that stand at the same place. Called by `triage` for step 1, and by
//! `waits` and `leaks`, which judge groups and not goroutines. Read [`census`] first.
//!
//! Everything is counted by goroutine id and holds interned ids and positions, no texts: 200,000 goroutines with 500 distinct stacks
//! cost 500 groups and four bytes for each goroutine.

use super::incident::Incident;
use crate::model::{Evidence, FrameId, Goroutine, GoroutineFlags, GoroutineId, NameId, StackId};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::ops::Range;

/// How many of the longest waits are listed by goroutine; a reader looks at the first few, `groups` have the rest.
const LONGEST_WAITS: usize = 10;

/// Goroutines of one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateCount {
    /// State as printed.
    pub state: NameId,
    /// How many.
    pub count: u32,
    /// Longest wait in full minutes; `None` where none has waited for a minute.
    pub longest_wait_minutes: Option<u32>,
}

/// Goroutines with equal stack, state and creation site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// State as printed.
    pub state: NameId,
    /// Their frames.
    pub stack: StackId,
    /// The `go` statement that made them.
    pub created_by: Option<FrameId>,
    /// The creator, where all have the same.
    pub parent: Option<GoroutineId>,
    /// Longest wait in full minutes.
    pub longest_wait_minutes: Option<u32>,
    /// How many have waited for a minute or more.
    pub waited: u32,
    /// How many carry the mark `(leaked)`.
    pub leaked: u32,
    /// Where in [`Census::members`] they stand.
    members: Range<u32>,
}

impl Group {
    /// How many goroutines.
    pub fn count(&self) -> u32 {
        self.members.end - self.members.start
    }
}

/// The census of an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Distinct goroutine ids, 0 apart.
    pub total: u32,
    /// By state, most first; equal counts in the order of their lowest ids.
    pub states: Vec<StateCount>,
    /// Largest first; equal counts in the order of their lowest ids.
    pub groups: Vec<Group>,
    /// Positions in [`Incident::goroutines`] of those that waited longest, longest first, then by id. Only waits of a minute or more.
    pub longest_waits: Vec<u32>,
    /// Goroutines marked `(leaked)`.
    pub leaked: u32,
    /// Goroutines whose stack has a `frames elided` line.
    pub elided: u32,
    /// Goroutines printed without frames (`stack unavailable`, header only).
    pub without_frames: u32,
    /// Goroutines whose block broke off.
    pub incomplete: u32,
    members: Vec<u32>,
}

impl Census {
    /// Positions in [`Incident::goroutines`] of a group, by ascending goroutine id.
    pub fn members(&self, group: &Group) -> &[u32] {
        let range = group.members.start as usize..group.members.end as usize;
        self.members.get(range).unwrap_or_default()
    }
}

/// Takes the census. Time linear in the goroutines, n log n in the groups.
pub fn census(incident: &Incident, evidence: &Evidence<'_>) -> Census {
    let mut counter = Counter::default();
    counter.group_of.reserve_exact(incident.ids().len());
    for &(_, position) in incident.ids() {
        let block = incident.goroutines.get(position as usize);
        if let Some(goroutine) = block.and_then(|block| block.of(evidence)) {
            counter.count(goroutine, position);
        }
    }
    counter.finish()
}

type GroupKey = (StackId, NameId, Option<FrameId>);

#[derive(Default)]
struct Counter {
    census: Census,
    states: FxHashMap<NameId, usize>,
    index: FxHashMap<GroupKey, u32>,
    sizes: Vec<u32>,
    /// Group and position of each goroutine, by ascending id.
    group_of: Vec<(u32, u32)>,
    /// The longest waits so far: minutes and the order of ids.
    longest: Vec<(Reverse<u32>, GoroutineId, u32)>,
}

impl Counter {
    fn count(&mut self, goroutine: &Goroutine, position: u32) {
        let census = &mut self.census;
        let has = |flag| u32::from(goroutine.flags.has(flag));
        census.total += 1;
        census.leaked += has(GoroutineFlags::LEAKED);
        census.elided += has(GoroutineFlags::ELIDED);
        census.incomplete += has(GoroutineFlags::INCOMPLETE);
        census.without_frames += u32::from(goroutine.stack == StackId::EMPTY);
        let wait = goroutine.wait_minutes;
        self.count_state(goroutine.state, wait);
        self.count_group(goroutine, position);
        if let Some(minutes) = wait {
            self.note_wait(minutes, goroutine.id, position);
        }
    }

    fn count_state(&mut self, state: NameId, wait: Option<u32>) {
        let states = &mut self.census.states;
        let at = *self.states.entry(state).or_insert(states.len());
        if at == states.len() {
            states.push(StateCount {
                state,
                count: 0,
                longest_wait_minutes: None,
            });
        }
        if let Some(known) = states.get_mut(at) {
            known.count += 1;
            known.longest_wait_minutes = known.longest_wait_minutes.max(wait);
        }
    }

    fn count_group(&mut self, goroutine: &Goroutine, position: u32) {
        let groups = &mut self.census.groups;
        let key = (goroutine.stack, goroutine.state, goroutine.created_by);
        let at = *self.index.entry(key).or_insert(groups.len() as u32);
        if at as usize == groups.len() {
            groups.push(Group {
                state: goroutine.state,
                stack: goroutine.stack,
                created_by: goroutine.created_by,
                parent: goroutine.parent,
                longest_wait_minutes: None,
                waited: 0,
                leaked: 0,
                members: 0..0,
            });
            self.sizes.push(0);
        }
        let (Some(group), Some(size)) =
            (groups.get_mut(at as usize), self.sizes.get_mut(at as usize))
        else {
            return;
        };
        *size += 1;
        if group.parent != goroutine.parent {
            group.parent = None;
        }
        group.longest_wait_minutes = group.longest_wait_minutes.max(goroutine.wait_minutes);
        group.waited += u32::from(goroutine.wait_minutes.is_some());
        group.leaked += u32::from(goroutine.flags.has(GoroutineFlags::LEAKED));
        self.group_of.push((at, position));
    }

    fn note_wait(&mut self, minutes: u32, id: GoroutineId, position: u32) {
        let entry = (Reverse(minutes), id, position);
        let at = self.longest.partition_point(|known| *known < entry);
        if at < LONGEST_WAITS {
            self.longest.insert(at, entry);
            self.longest.truncate(LONGEST_WAITS);
        }
    }

    /// Lays the members of all groups behind each other, then puts states and groups in order. Both sorts are stable, and both lists
    /// were made in the order of ids.
    fn finish(mut self) -> Census {
        let mut next: Vec<u32> = Vec::with_capacity(self.sizes.len());
        let mut end = 0;
        for (group, size) in self.census.groups.iter_mut().zip(&self.sizes) {
            next.push(end);
            group.members = end..end + size;
            end += size;
        }
        let mut members = vec![0; end as usize];
        for &(group, position) in &self.group_of {
            let Some(slot) = next.get_mut(group as usize) else {
                continue;
            };
            if let Some(member) = members.get_mut(*slot as usize) {
                *member = position;
            }
            *slot += 1;
        }
        self.census.members = members;
        self.census
            .groups
            .sort_by_key(|group| Reverse(group.count()));
        self.census.states.sort_by_key(|state| Reverse(state.count));
        self.census.longest_waits = self.longest.iter().map(|&(_, _, at)| at).collect();
        self.census
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // helpers of tests fail as tests do
mod tests {
    use super::*;
    use crate::analyze::incident::incidents;
    use crate::analyze::testing::on_texts;

    fn goroutine(id: u32, state: &str, line: u32, parent: u32) -> String {
        format!(
            "goroutine {id} [{state}]:\nmain.work(...)\n\t/app/main.go:{line}\n\
             created by main.main in goroutine {parent}\n\t/app/main.go:9 +0x1d\n\n"
        )
    }

    #[test]
    fn goroutines_are_counted_by_id_state_and_stack() {
        let text = [
            goroutine(30, "chan receive, 3 minutes", 20, 1),
            goroutine(20, "chan receive", 20, 1),
            goroutine(8, "select, 90 minutes", 21, 1),
            goroutine(9, "chan receive (leaked)", 20, 5),
            goroutine(20, "chan receive", 20, 1),
            goroutine(10, "select", 22, 1),
        ];
        on_texts(&[&text.concat()], |evidence| {
            let incident = &incidents(evidence, false)[0];
            let census = census(incident, evidence);
            assert_eq!((census.total, census.leaked), (5, 1));
            let states: Vec<_> = census
                .states
                .iter()
                .map(|s| {
                    (
                        evidence.symbols.text(s.state),
                        s.count,
                        s.longest_wait_minutes,
                    )
                })
                .collect();
            assert_eq!(
                states,
                [
                    (b"chan receive".as_slice(), 3, Some(3)),
                    (b"select".as_slice(), 2, Some(90))
                ]
            );
            let id = |&at: &u32| incident.goroutines[at as usize].of(evidence).unwrap().id.0;
            let groups: Vec<Vec<u64>> = census
                .groups
                .iter()
                .map(|group| census.members(group).iter().map(id).collect())
                .collect();
            assert_eq!(groups, [vec![9, 20, 30], vec![8], vec![10]]);
            assert_eq!(census.groups[0].parent, None);
            assert_eq!(census.groups[1].parent, Some(GoroutineId(1)));
            assert_eq!((census.groups[0].waited, census.groups[0].leaked), (1, 1));
            let longest: Vec<u64> = census.longest_waits.iter().map(id).collect();
            assert_eq!(longest, [8, 30]);
        });
    }

    #[test]
    fn only_the_longest_waits_are_kept_and_ties_go_by_id() {
        let text: String = (0..40)
            .map(|n| goroutine(100 - n, &format!("select, {} minutes", 1 + n % 4), 20, 1))
            .collect();
        on_texts(&[&text], |evidence| {
            let incident = &incidents(evidence, false)[0];
            let census = census(incident, evidence);
            let ids: Vec<u64> = census
                .longest_waits
                .iter()
                .map(|&at| incident.goroutines[at as usize].of(evidence).unwrap().id.0)
                .collect();
            assert_eq!(ids, [61, 65, 69, 73, 77, 81, 85, 89, 93, 97]);
        });
    }
}
