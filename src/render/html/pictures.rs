//! The conflict and creation graphs of an incident, from what its report lists.
//!
//! `gotriage graph` draws from the evidence and shows every goroutine; a page has the report alone, which may come from a file of a
//! scan, and draws what a reader of that incident has to see: who fought, and how the parties and the largest groups came to be. The
//! nodes go through the same drawing ([`crate::render::graph`]).

mod creation;

use crate::model::Grade;
use crate::triage::graph::report::{
    Edge, EdgeKind, Folded, GraphKind, GraphReport, Node, NodeKind, SCHEMA,
};
use crate::triage::report::{Conflict, Group, IncidentReport, Participant, Place, Tool};
pub(super) use creation::creation;

/// Conflicts in the picture; the table below it has more.
const CONFLICTS: usize = 12;

/// Ids that a node keeps for those who point at it.
const IDS: usize = 20;

/// Who fought over which map; `None` without a conflict.
pub(super) fn conflict(incident: &IncidentReport, anchor: &str) -> Option<GraphReport> {
    if incident.conflicts.is_empty() {
        return None;
    }
    let mut picture = Picture::new(GraphKind::Conflict, incident, anchor);
    for conflict in incident.conflicts.iter().take(CONFLICTS) {
        let header = incident.maps.iter().find(|map| map.id == conflict.map);
        let name = match header.and_then(|map| map.header.as_ref()) {
            Some(header) => format!("map {} at {header}", conflict.map),
            None => format!("map {}", conflict.map),
        };
        let map = picture.named(NodeKind::Map, &name);
        for (side, party) in conflict.participants.iter().enumerate() {
            let node = picture.party(incident, conflict, party, side);
            picture.operated(conflict, party, side, &node, &map);
        }
    }
    let left_out = incident.conflicts.len().saturating_sub(CONFLICTS);
    if left_out > 0 {
        picture.graph.notes.push(format!("{left_out} more below."));
    }
    Some(picture.graph)
}

/// A graph being made.
struct Picture<'p> {
    graph: GraphReport,
    /// Before each id, since ids are unique on a page.
    anchor: &'p str,
}

impl<'p> Picture<'p> {
    fn new(kind: GraphKind, incident: &IncidentReport, anchor: &'p str) -> Self {
        let graph = GraphReport {
            schema: SCHEMA,
            tool: Tool {
                name: "gotriage",
                version: env!("CARGO_PKG_VERSION"),
            },
            kind,
            inputs: Vec::new(),
            incident: 1,
            incidents: 1,
            verdict: incident.verdict.clone(),
            nodes: Vec::new(),
            edges: Vec::new(),
            folded: Folded::default(),
            notes: Vec::new(),
            input_notes: Vec::new(),
        };
        Self { graph, anchor }
    }

    /// Adds a node; its id.
    fn add(&mut self, mut node: Node) -> String {
        let kind = self.graph.kind.word();
        node.id = format!("{}-{kind}{}", self.anchor, self.graph.nodes.len() + 1);
        let id = node.id.clone();
        self.graph.nodes.push(node);
        id
    }

    /// The node of that kind and name, new or known.
    fn named(&mut self, kind: NodeKind, name: &str) -> String {
        let known = self.graph.nodes.iter();
        let mut known = known.filter(|node| node.kind == kind);
        match known.find(|node| node.name.as_deref() == Some(name)) {
            Some(node) => node.id.clone(),
            None => self.add(Node {
                name: Some(name.to_owned()),
                ..Node::of(kind)
            }),
        }
    }

    /// The node of a party. Suspects at one line share one.
    fn party(
        &mut self,
        incident: &IncidentReport,
        conflict: &Conflict,
        party: &Participant,
        side: usize,
    ) -> String {
        let site = site_of(party);
        let racing = party.numbering.is_some();
        let kind = match party.goroutine {
            Some(_) if !racing => NodeKind::Goroutines,
            _ => NodeKind::Unnamed,
        };
        let id = party.goroutine;
        let suspect = side > 0 && conflict.grade < Grade::Confirmed && !racing;
        let shared = |node: &Node| match id.filter(|id| node.goroutines.contains(id)) {
            // The detector counts on its own, so its numbers are those of no dump.
            Some(_) => node.kind == kind,
            None => suspect && !node.crashed && node.kind == kind && node.site == site,
        };
        if let Some(known) = self.graph.nodes.iter_mut().find(|node| shared(node)) {
            if let Some(id) = id.filter(|id| !known.goroutines.contains(id)) {
                known.count += 1;
                known.goroutines.push(id);
                known.goroutines.truncate(IDS);
            }
            return known.id.clone();
        }
        let group = group_of(incident, id.filter(|_| !racing));
        let died = incident.crash.as_ref().and_then(|crash| crash.goroutine);
        self.add(Node {
            goroutines: id.into_iter().collect(),
            numbering: racing.then_some("race-detector"),
            state: group.map(|group| group.state.clone()),
            site,
            crashed: id.is_some() && died == id && !racing,
            ..Node::of(kind)
        })
    }

    fn operated(
        &mut self,
        conflict: &Conflict,
        party: &Participant,
        side: usize,
        from: &str,
        to: &str,
    ) {
        let said = |why: &str| matches!(why, "runtime-message" | "race-report");
        let own = side == 0 && conflict.evidence.iter().any(|one| said(&one.why));
        let mut why: Vec<String> = Vec::new();
        for one in &conflict.evidence {
            let fits = own == said(&one.why) || conflict.grade == Grade::Confirmed;
            if fits && !why.contains(&one.why) {
                why.push(one.why.clone());
            }
        }
        let edge = Edge {
            site: site_of(party),
            op: Some(party.op.clone()),
            noticed: side == 0,
            conflicts: vec![conflict.rank],
            why,
            // That the one that noticed was at the map is what the runtime says; the grade is that of the other's part.
            ..Edge::between(
                EdgeKind::Operated,
                if own {
                    Grade::Confirmed
                } else {
                    conflict.grade
                },
                from,
                to,
            )
        };
        let known = self.graph.edges.iter_mut();
        let mut known = known.filter(|known| known.from == edge.from && known.to == edge.to);
        match known.find(|known| known.op == edge.op) {
            Some(known) => {
                known.grade = known.grade.max(edge.grade);
                known.noticed |= edge.noticed;
                known.conflicts.push(conflict.rank);
                known.conflicts.dedup();
            }
            None => self.graph.edges.push(edge),
        }
    }
}

fn site_of(party: &Participant) -> Option<Place> {
    Some(Place {
        func: party.func.clone()?,
        file: party.file.clone().unwrap_or_default(),
        line: party.line.unwrap_or_default(),
    })
}

fn group_of(incident: &IncidentReport, id: Option<u64>) -> Option<&Group> {
    let id = id?;
    let mut groups = incident.goroutines.groups.iter();
    groups.find(|group| group.goroutines.contains(&id))
}
