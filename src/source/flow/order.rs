//! What `main` is done with before a goroutine can have been started.
//!
//! [`super::super::pairs`] asks [`Analysis::is_over_before`] where one side of a pair is `main`. [`super::roots`] knows only whether any
//! goroutine at all runs at that point.

use super::graph::NodeId;
use super::roots::Phases;
use super::{Analysis, Use};
use std::collections::{HashMap, VecDeque};

/// Where `main` stands when one root's goroutines can run.
pub(super) struct Order {
    /// Order of the first event in a node that may lead to the start.
    starts: HashMap<NodeId, u32>,
    phases: Phases,
}

impl Order {
    fn of(analysis: &Analysis<'_>, id: u32) -> Option<Self> {
        let root = analysis.roots.get(id as usize)?;
        let mut starts: HashMap<NodeId, u32> = HashMap::new();
        let mut open = VecDeque::new();
        match root.started {
            Some((starter, _)) => {
                starts.insert(starter, root.seq);
                open.push_back(starter);
            }
            // A handler runs from when it is registered.
            None => open.push_back(root.node),
        }
        while let Some(node) = open.pop_front() {
            // However it comes to be called: by a goroutine, or by whoever the function is given to.
            for link in analysis.graph.to(node) {
                let seq = starts.entry(link.from).or_insert_with(|| {
                    open.push_back(link.from);
                    link.seq
                });
                *seq = link.seq.min(*seq);
            }
        }
        for (&node, seq) in &mut starts {
            *seq = first_turn(analysis, node, *seq);
        }
        let start = |node: NodeId| starts.get(&node).copied();
        let phases = Phases::of(&analysis.graph, &analysis.main.mains, start);
        // If no way from main to the start is known, there is one that is not.
        let is_known = phases.before.iter().any(|node| starts.contains_key(node));
        is_known.then_some(Self { starts, phases })
    }
}

/// The begin of the loop around an event: what comes before it there comes behind it in the next turn.
fn first_turn(analysis: &Analysis<'_>, node: NodeId, seq: u32) -> u32 {
    let loops = analysis.part(node).map(|(_, part, _)| &part.loops);
    let around = loops.into_iter().flatten();
    let around = around.filter(|(start, end)| *start < seq && seq < *end);
    around.map(|(start, _)| *start).min().unwrap_or(seq)
}

impl Analysis<'_> {
    /// True where `main` is done with a use before goroutines of this root can have been started.
    pub fn is_over_before(&self, used: &Use, root: u32) -> bool {
        let (Some(access), Some(known)) = (self.access(used), self.orders.get(root as usize))
        else {
            return false;
        };
        let order = known.get_or_init(|| Order::of(self, root));
        order.as_ref().is_some_and(|order| {
            let start = order.starts.get(&used.node).copied();
            !order.phases.is_late(used.node, access.seq, start)
        })
    }
}
