//! What is true of a function whoever calls it: locks held, parameters that nobody else knows.

use super::graph::{Graph, Link, NodeId};
use crate::source::facts::{CallKind, Facts, Held, Place};
use std::collections::{HashMap, VecDeque};

/// Fields that are set to the address of a lock, and always to the same one, are taken for that lock.
pub(super) fn unify_locks(facts: &mut [Facts]) {
    let mut locks: HashMap<Place, Option<Place>> = HashMap::new();
    for (field, lock) in facts.iter().flat_map(|facts| &facts.lock_aliases) {
        let known = locks
            .entry(field.clone())
            .or_insert_with(|| Some(lock.clone()));
        if known.as_ref() != Some(lock) {
            *known = None;
        }
    }
    let named = |held: &mut Vec<Held>| {
        for held in held {
            let lock = held.lock.as_ref().and_then(|lock| locks.get(lock));
            if let Some(Some(lock)) = lock {
                held.lock = Some(lock.clone());
            }
        }
    };
    for facts in facts {
        facts
            .accesses
            .iter_mut()
            .for_each(|access| named(&mut access.held));
        facts
            .edges
            .iter_mut()
            .for_each(|edge| named(&mut edge.held));
    }
}

/// The bit of a parameter; those beyond 62 share the last one.
pub(super) fn bit(param: u16) -> u64 {
    1 << param.min(63)
}

/// True for a node that is called from outside the graph, or by nobody known.
fn is_source(graph: &Graph, node: NodeId) -> bool {
    let mut called = false;
    for link in graph.to(node) {
        if link.kind != CallKind::Call {
            return true;
        }
        called |= link.from != node;
    }
    !called
}

/// Locks that every caller holds, by node: a greatest fixpoint over the calls.
pub(super) fn locks(facts: &[Facts], graph: &Graph, shared: &[u64]) -> Vec<Vec<Held>> {
    let nodes = (0..graph.len() as u32).map(NodeId);
    let sources = nodes.filter(|&node| is_source(graph, node));
    settle(facts, graph, shared, sources.collect())
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect()
}

/// The same over the calls that one root makes: what is always held where its goroutines come along.
pub(super) fn locks_from(
    facts: &[Facts],
    graph: &Graph,
    shared: &[u64],
    root: NodeId,
) -> HashMap<NodeId, Vec<Held>> {
    let settled = settle(facts, graph, shared, VecDeque::from([root]));
    let reached = settled.into_iter().zip(0..);
    reached
        .filter_map(|(held, node)| Some((NodeId(node), held?)))
        .collect()
}

/// Spreads locks from the sources, which hold none, along calls. Calls on a value that nobody else knows ask for no lock, so they do
/// not count.
fn settle(
    facts: &[Facts],
    graph: &Graph,
    shared: &[u64],
    mut open: VecDeque<NodeId>,
) -> Vec<Option<Vec<Held>>> {
    let mut entry: Vec<Option<Vec<Held>>> = vec![None; graph.len()];
    for &node in &open {
        set(&mut entry, node, Vec::new());
    }
    while let Some(node) = open.pop_front() {
        let here = entry
            .get(node.0 as usize)
            .cloned()
            .flatten()
            .unwrap_or_default();
        let bits = shared.get(node.0 as usize).copied().unwrap_or(u64::MAX);
        for link in graph.from(node) {
            if link.kind != CallKind::Call || is_on_private(facts, graph, link, bits) {
                continue;
            }
            let mut held = link.held.clone();
            for lock in &here {
                if !held.iter().any(|own| own.lock == lock.lock) {
                    held.push(lock.clone());
                }
            }
            let known = entry.get(link.to.0 as usize).cloned().flatten();
            let next = match &known {
                Some(known) => common(known, &held),
                None => held,
            };
            if known.as_ref() != Some(&next) {
                set(&mut entry, link.to, next);
                open.push_back(link.to);
            }
        }
    }
    entry
}

/// True for a method call on a value that only the caller knows.
fn is_on_private(facts: &[Facts], graph: &Graph, link: &Link, bits: u64) -> bool {
    link.args.first().is_some_and(|receiver| {
        receiver.fresh
            || receiver
                .base
                .is_some_and(|base| is_private(facts, graph, link.from, base, bits))
    })
}

fn set(entry: &mut [Option<Vec<Held>>], node: NodeId, held: Vec<Held>) {
    if let Some(slot) = entry.get_mut(node.0 as usize) {
        *slot = Some(held);
    }
}

/// Locks in both lists, no stronger than the weaker of the two.
pub(super) fn common(left: &[Held], right: &[Held]) -> Vec<Held> {
    let both = left.iter().filter_map(|held| {
        let other = right.iter().find(|other| other.lock == held.lock)?;
        Some(Held {
            lock: held.lock.clone(),
            exclusive: held.exclusive && other.exclusive,
            // Some callers hold it alone and others for reading: which of them get to a line that writes is not known.
            certain: held.certain && other.certain && held.exclusive == other.exclusive,
        })
    });
    both.collect()
}

/// Parameters that some caller shares, a bit for each, by node: a least fixpoint over the calls.
pub(super) fn shared_params(facts: &[Facts], graph: &Graph) -> Vec<u64> {
    let mut shared: Vec<u64> = vec![0; graph.len()];
    let mut open: VecDeque<NodeId> = VecDeque::new();
    for node in (0..graph.len() as u32).map(NodeId) {
        if is_source(graph, node)
            && let Some(bits) = shared.get_mut(node.0 as usize)
        {
            *bits = u64::MAX;
        }
        open.push_back(node);
    }
    while let Some(node) = open.pop_front() {
        let here = shared.get(node.0 as usize).copied().unwrap_or(u64::MAX);
        for link in graph.from(node).filter(|link| link.kind == CallKind::Call) {
            let mut bits = u64::MAX;
            for (arg, at) in link.args.iter().take(64).zip(0..) {
                let private = arg.fresh
                    || arg
                        .base
                        .is_some_and(|base| is_private(facts, graph, node, base, here));
                if private {
                    bits &= !bit(at);
                }
            }
            if let Some(slot) = shared.get_mut(link.to.0 as usize)
                && *slot | bits != *slot
            {
                *slot |= bits;
                open.push_back(link.to);
            }
        }
    }
    shared
}

/// True where a variable of the caller is a parameter of its own that nobody else knows.
fn is_private(facts: &[Facts], graph: &Graph, node: NodeId, base: u32, shared: u64) -> bool {
    let Some((func, part)) = graph.part_of(node) else {
        return false;
    };
    let local = facts
        .get(func.0 as usize)
        .and_then(|facts| facts.locals.get(base as usize));
    local.is_some_and(|local| {
        local.part == part && local.param.is_some_and(|at| shared & bit(at) == 0)
    })
}
