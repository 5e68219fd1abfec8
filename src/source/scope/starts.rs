//! Whether `main` has started a goroutine before it comes to the functions of the scope: what the functions around them call.

use super::Scope;
use crate::source::facts::{CallKind, Edge, Facts, Target};
use crate::source::program::{FuncId, Program};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Functions looked at for a way to a `go` statement, before all are.
const MAX_WAYS: usize = 2_000;

impl Scope {
    /// Functions outside that those on the way from `main` call before they start a goroutine themselves, down to the first `go`
    /// statements on each way.
    pub(super) fn starting(&mut self, program: &Program<'_>) -> HashSet<FuncId> {
        let mut open: BTreeSet<FuncId> = BTreeSet::new();
        let mut seen: HashSet<FuncId> = HashSet::new();
        for id in self.reached_by_mains(program) {
            let calls: Vec<Edge> = match self.second.get(&id) {
                Some(facts) => before_the_first_start(facts).cloned().collect(),
                None => Vec::new(),
            };
            let mut over: HashSet<u16> = HashSet::new();
            for edge in calls {
                if over.contains(&edge.part) {
                    continue;
                }
                match self.way_to_a_start(program, &edge) {
                    // What the part calls behind it does not matter any more.
                    Some(way) => {
                        over.insert(edge.part);
                        seen.extend(way);
                    }
                    None => open.extend(self.run_by(program, &edge)),
                }
            }
        }
        open.retain(|id| !self.inside.contains(id) && seen.insert(*id));
        while !open.is_empty() {
            self.look_at(program, open.iter().copied());
            let mut next = BTreeSet::new();
            for id in open {
                let facts = self.first.get(&id);
                if facts.is_some_and(|facts| {
                    facts
                        .edges
                        .iter()
                        .any(|edge| edge.part == 0 && starts(edge))
                }) {
                    continue;
                }
                let calls = facts.map(|facts| facts.edges.clone()).unwrap_or_default();
                for edge in calls.iter().filter(|edge| edge.kind == CallKind::Call) {
                    next.extend(self.run_by(program, edge));
                }
            }
            next.retain(|id| !self.inside.contains(id) && seen.insert(*id));
            open = next;
        }
        seen
    }

    /// The functions on a way of plain calls from a call to a `go` statement, where there is one.
    fn way_to_a_start(&mut self, program: &Program<'_>, call: &Edge) -> Option<Vec<FuncId>> {
        let first = self.names.targets(program, &call.target);
        let mut from: HashMap<FuncId, Option<FuncId>> =
            first.iter().map(|&id| (id, None)).collect();
        let mut open = first;
        while !open.is_empty() && from.len() < MAX_WAYS {
            self.look_at(program, open.iter().copied());
            let mut next = Vec::new();
            for id in open {
                let edges = self.first.get(&id).map(|facts| facts.edges.clone());
                let edges = edges.unwrap_or_default().into_iter();
                for edge in edges.filter(|edge| edge.part == 0) {
                    if starts(&edge) {
                        let way = std::iter::successors(Some(id), |id| *from.get(id)?);
                        return Some(way.filter(|id| !self.inside.contains(id)).collect());
                    }
                    if edge.kind != CallKind::Call {
                        continue;
                    }
                    for target in self.names.targets(program, &edge.target) {
                        from.entry(target).or_insert_with(|| {
                            next.push(target);
                            Some(id)
                        });
                    }
                }
            }
            open = next;
        }
        None
    }

    /// Functions inside that `main` comes to.
    fn reached_by_mains(&mut self, program: &Program<'_>) -> BTreeSet<FuncId> {
        let is_main = |id: &FuncId| {
            program.func(*id).is_some_and(|def| {
                let package = program.package(def.package);
                &*def.name == "main"
                    && def.receiver.is_none()
                    && package.is_some_and(|package| package.is_main)
            })
        };
        let mut open: Vec<FuncId> = self.inside.iter().copied().filter(is_main).collect();
        let mut seen: BTreeSet<FuncId> = open.iter().copied().collect();
        while let Some(id) = open.pop() {
            let calls = self.second.get(&id).map(|facts| facts.edges.clone());
            for edge in calls.unwrap_or_default() {
                if edge.kind != CallKind::Call {
                    continue;
                }
                for target in self.run_by(program, &edge) {
                    if self.inside.contains(&target) && seen.insert(target) {
                        open.push(target);
                    }
                }
            }
        }
        seen
    }

    /// What a call runs: its target, and the functions that it is given.
    fn run_by(&mut self, program: &Program<'_>, edge: &Edge) -> Vec<FuncId> {
        let mut run = self.names.targets(program, &edge.target);
        run.extend(edge.args.iter().filter_map(|arg| match arg.func {
            Some(Target::Func(id)) => Some(id),
            _ => None,
        }));
        run
    }
}

/// A `go` statement, or a server.
fn starts(edge: &Edge) -> bool {
    edge.kind == CallKind::Go || matches!(edge.target, Target::Foreign(..))
}

/// Calls of each part before it starts a goroutine itself.
fn before_the_first_start(facts: &Facts) -> impl Iterator<Item = &Edge> {
    let calls = facts.edges.iter();
    let calls = calls.filter(|edge| edge.kind == CallKind::Call);
    calls.filter(|call| {
        let mut edges = facts.edges.iter();
        !edges.any(|edge| edge.part == call.part && edge.seq < call.seq && starts(edge))
    })
}
