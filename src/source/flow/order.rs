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
        let (starter, _) = root.started?;
        let mut starts = HashMap::from([(starter, root.seq)]);
        let mut open = VecDeque::from([starter]);
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
        let start = |node: NodeId| starts.get(&node).copied();
        let phases = Phases::of(&analysis.graph, &analysis.main.mains, start);
        // If no way from main to the start is known, there is one that is not.
        let is_known = phases.before.iter().any(|node| starts.contains_key(node));
        is_known.then_some(Self { starts, phases })
    }
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
