//! The conflict graph: lines of user code that fought, and who fought with whom.
//!
//! One node for each line, one edge for each conflict between two lines. With several conflicts, from race reports mostly, the line with
//! the most edges is the one to guard first; lines that no edge connects are different quarrels.

use super::Conflict;
use crate::model::FrameId;
use petgraph::algo::connected_components;
use petgraph::graph::{NodeIndex, UnGraph};
use std::collections::BTreeMap;

/// Lines as nodes, indices of conflicts as edges.
#[derive(Debug, Default)]
pub struct ConflictGraph {
    graph: UnGraph<FrameId, usize>,
}

impl ConflictGraph {
    /// The graph of these conflicts; sides whose line is not known are left out.
    pub fn of(conflicts: &[Conflict]) -> Self {
        let mut graph = UnGraph::default();
        let mut nodes = BTreeMap::<FrameId, NodeIndex>::new();
        for (index, conflict) in conflicts.iter().enumerate() {
            let mut node =
                |site: FrameId| *nodes.entry(site).or_insert_with(|| graph.add_node(site));
            let [first, second] = conflict
                .parties
                .each_ref()
                .map(|party| party.site.map(&mut node));
            if let (Some(first), Some(second)) = (first, second) {
                graph.add_edge(first, second, index);
            }
        }
        Self { graph }
    }

    /// The line with the most conflicts, and their number, where there are several and one line stands out.
    pub fn hottest(&self) -> Option<(FrameId, usize)> {
        let degree = |node: NodeIndex| self.graph.edges(node).count();
        let mut ranked: Vec<NodeIndex> = self.graph.node_indices().collect();
        ranked.sort_by_key(|&node| (std::cmp::Reverse(degree(node)), node));
        let (first, second) = (*ranked.first()?, ranked.get(1).copied());
        let stands_out =
            degree(first) > 1 && second.is_none_or(|second| degree(second) < degree(first));
        stands_out
            .then(|| Some((*self.graph.node_weight(first)?, degree(first))))
            .flatten()
    }

    /// How many quarrels there are that share no line.
    pub fn quarrels(&self) -> usize {
        connected_components(&self.graph)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ConflictKind, Party};
    use super::*;
    use crate::model::{Frame, FrameKind, Grade, Symbols};

    /// A conflict between the lines of two numbers.
    fn between(symbols: &mut Symbols<'_>, lines: [u32; 2]) -> Conflict {
        let parties = lines.map(|line| {
            let (func, file) = (symbols.name(b"main.f"), symbols.name(b"/app/main.go"));
            let site = symbols.frame(Frame {
                func,
                file,
                line,
                offset: None,
                kind: FrameKind::Call,
            });
            Party {
                site: Some(site),
                ..Party::default()
            }
        });
        Conflict {
            map: 0,
            kind: ConflictKind::WriteWrite,
            grade: Grade::Confirmed,
            parties,
            reasons: Vec::new(),
        }
    }

    #[test]
    fn the_line_of_most_conflicts_stands_out() {
        let mut symbols = Symbols::default();
        let conflicts = [[1, 2], [1, 3], [8, 9]].map(|lines| between(&mut symbols, lines));
        let graph = ConflictGraph::of(&conflicts);
        assert_eq!(
            graph.hottest(),
            conflicts[0].parties[0].site.map(|site| (site, 2))
        );
        assert_eq!(graph.quarrels(), 2);
        assert_eq!(ConflictGraph::of(&conflicts[..1]).hottest(), None);
    }
}
