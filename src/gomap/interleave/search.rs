//! All orders in which the steps of two goroutines can be mixed.
//!
//! Orders that lead to the same state have the same future, so states are kept once, each with the number of orders that lead to it
//! and the best way there: as few changes of turn as possible. Layer by layer, by number of steps done; no layer knows the others, so
//! the counts are exact. A few thousand states where nothing grows, some tens of thousands where both goroutines grow the map.

use super::damage::Orders;
use super::machine::Machine;
use super::memory::{Cell, Memory, Status, Thread};
use super::{Damage, Death, Ends, Outcome, Step, Who, words};
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};

#[derive(Clone, PartialEq, Eq)]
struct State {
    memory: Memory,
    threads: [Thread; 2],
    overlap: bool,
}

/// Of the fields in which states of one layer differ most often; most of the search is hashing. States that differ in others only
/// are told apart by comparing them.
impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for Thread {
            pc,
            flag,
            count,
            size,
            base,
            old,
            seed,
            slot,
            ..
        } in &self.threads
        {
            let slot = slot.map_or(u8::MAX, |slot| slot);
            hasher.write_u64(u64::from_le_bytes([
                *pc,
                u8::from(*flag),
                *count,
                *size,
                *base,
                *old,
                *seed,
                slot,
            ]));
        }
        let Memory {
            flag,
            count,
            size,
            base,
            old,
            seed,
            directory,
            cells,
            ..
        } = &self.memory;
        hasher.write_u64(u64::from_le_bytes([
            u8::from(*flag),
            *count,
            *size,
            *base,
            *old,
            *seed,
            directory.bits << 4 | directory.current,
            u8::from(self.overlap),
        ]));
        for array in cells {
            let tags = |bits: u32, cell: &Cell| {
                (bits << 5) ^ u32::from(cell.tag) ^ u32::from(cell.elem) << 2
            };
            hasher.write_u32(array.as_flattened().iter().fold(0, tags));
        }
    }
}

/// How a state is reached with the fewest changes of turn, if its last step is a given goroutine's.
#[derive(Clone, Copy)]
struct Way {
    changes: u16,
    /// The state before, and whose step led to it.
    before: Option<(usize, usize)>,
}

struct Node {
    state: State,
    orders: u128,
    /// By whose step was the last.
    ways: [Option<Way>; 2],
    /// Another state of the layer with the same hash.
    twin: Option<usize>,
}

type End = (Ends, bool, Vec<Damage>, Vec<Death>);

/// How the two can end, sorted.
pub fn outcomes(machine: &Machine) -> Vec<Outcome> {
    let nodes = explore(machine);
    let orders = Orders::new(machine);
    // States come in order of their number of steps, so the first of an end is a shortest one.
    let mut ends: BTreeMap<End, (u128, usize)> = BTreeMap::new();
    for (index, node) in nodes.iter().enumerate() {
        let running = |who: usize| machine.next(who, &node.state.threads[who]).is_some();
        if running(0) || running(1) {
            continue;
        }
        let end = end_of(machine, &orders, &node.state);
        let known = ends.entry(end).or_insert((0, index));
        known.0 += node.orders;
    }
    ends.into_iter()
        .map(
            |((ends, overlap, corrupts, deaths), (count, index))| Outcome {
                ends,
                deaths,
                overlap,
                corrupts,
                count,
                example: replay(machine, &schedule(&nodes, index)),
            },
        )
        .collect()
}

fn explore(machine: &Machine) -> Vec<Node> {
    let (memory, threads) = machine.start();
    let start = State {
        memory,
        threads,
        overlap: false,
    };
    let first = Way {
        changes: 0,
        before: None,
    };
    let mut nodes = vec![Node {
        state: start,
        orders: 1,
        ways: [Some(first), Some(first)],
        twin: None,
    }];
    let mut layer = 0..1;
    while !layer.is_empty() {
        let mut next: FxHashMap<u64, usize> = FxHashMap::default();
        let end = layer.end;
        for index in layer {
            for who in 0..2 {
                extend(machine, &mut nodes, &mut next, index, who);
            }
        }
        layer = end..nodes.len();
    }
    nodes
}

/// Adds the state that `who`'s next step leads to.
fn extend(
    machine: &Machine,
    nodes: &mut Vec<Node>,
    next: &mut FxHashMap<u64, usize>,
    index: usize,
    who: usize,
) {
    let node = &nodes[index];
    if machine.next(who, &node.state.threads[who]).is_none() {
        return;
    }
    let mut state = node.state.clone();
    machine.step(who, &mut state.memory, &mut state.threads);
    state.overlap |= state.threads.iter().all(|thread| thread.inside);
    let orders = node.orders;
    let way = [0, 1]
        .into_iter()
        .filter_map(|last| {
            let before = node.ways[last]?;
            let turned = last != who && before.before.is_some();
            Some(Way {
                changes: before.changes + u16::from(turned),
                before: Some((index, last)),
            })
        })
        .min_by_key(|way| way.changes);
    let at = index_of(state, nodes, next);
    let reached = &mut nodes[at];
    reached.orders += orders;
    let better = match (reached.ways[who], way) {
        (Some(known), Some(way)) => way.changes < known.changes,
        _ => true,
    };
    if better {
        reached.ways[who] = way;
    }
}

/// Where a state of the next layer is, put there if it is new.
fn index_of(state: State, nodes: &mut Vec<Node>, next: &mut FxHashMap<u64, usize>) -> usize {
    let hash = FxBuildHasher.hash_one(&state);
    let twin = next.get(&hash).copied();
    let mut known = twin;
    while let Some(at) = known {
        if nodes[at].state == state {
            return at;
        }
        known = nodes[at].twin;
    }
    nodes.push(Node {
        state,
        orders: 0,
        ways: [None; 2],
        twin,
    });
    next.insert(hash, nodes.len() - 1);
    nodes.len() - 1
}

fn end_of(machine: &Machine, orders: &Orders, state: &State) -> End {
    let deaths: Vec<Death> = [Who::A, Who::B]
        .into_iter()
        .zip(&state.threads)
        .filter_map(|(who, thread)| match thread.status {
            Status::Dead(at, thrown) => Some(Death {
                who,
                operation: machine.operation(who as usize),
                at,
                message: machine.message(who as usize, at, thrown),
            }),
            _ => None,
        })
        .collect();
    let ends = match deaths.as_slice() {
        [] => {
            let damage = orders.damage(machine, &state.memory, &state.threads);
            return (Ends::BothFinish, state.overlap, damage, deaths);
        }
        [Death { who: Who::A, .. }] => Ends::ADies,
        [_] => Ends::BDies,
        _ => Ends::BothDie,
    };
    (ends, false, Vec::new(), deaths)
}

/// Whose steps lead to a state, in order.
fn schedule(nodes: &[Node], index: usize) -> Vec<usize> {
    let mut turns = Vec::new();
    let last = [0, 1]
        .into_iter()
        .filter_map(|who| nodes[index].ways[who].map(|way| (way.changes, who)))
        .min();
    let mut at = last.map(|(_, who)| (index, who));
    while let Some((index, who)) = at {
        at = nodes[index].ways[who].and_then(|way| way.before);
        if at.is_some() {
            turns.push(who);
        }
    }
    turns.reverse();
    turns
}

fn replay(machine: &Machine, schedule: &[usize]) -> Vec<Step> {
    let (mut memory, mut threads) = machine.start();
    schedule
        .iter()
        .map(|&who| {
            let (before, step) = (threads[who], machine.next(who, &threads[who]));
            machine.step(who, &mut memory, &mut threads);
            let does = step.map_or_else(String::new, |step| {
                words::step(machine, who, step, &before, &threads[who], &memory)
            });
            Step {
                who: if who == 0 { Who::A } else { Who::B },
                does,
                flag: memory.flag,
            }
        })
        .collect()
}
