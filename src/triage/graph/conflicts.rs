//! The conflict graph: the parties on both sides of the map they fought over, the one that noticed to the left.

use super::report::{Edge, EdgeKind, Node, NodeKind};
use super::{Drawing, EVIDENCE_MOST, goroutines, site_of};
use crate::analyze::conflict::{Conflict, Party, Why};
use crate::model::{FrameId, Grade, RaceActor};
use crate::triage::case::Case;
use crate::triage::maps::{map_id, op_word, why_word};
use crate::triage::values::{at, count};

/// Who a node is: one party, or several that did the same at the same place for the same reasons.
#[derive(Clone, PartialEq)]
enum Who {
    Block(u32),
    Actor(RaceActor, usize),
    Alike(usize, Option<FrameId>, &'static str, Grade, Vec<Why>),
}

struct Side {
    who: Who,
    node: usize,
    members: Vec<u32>,
}

/// Draws it with at most `most` nodes, the best conflicts first.
pub(super) fn draw(case: &Case<'_, '_>, most: usize) -> Drawing {
    let mut drawing = Drawing::default();
    let mut sides: Vec<Side> = Vec::new();
    let mut maps: Vec<(usize, String)> = Vec::new();
    let mut left_out = 0;
    for (rank, conflict) in (1..).zip(&case.maps.conflicts) {
        // A conflict adds its map and two parties at most.
        if drawing.nodes.len() + 3 > most.max(3) {
            left_out += 1;
            continue;
        }
        let known = maps.iter().find(|(index, _)| *index == conflict.map);
        let map = match known {
            Some((_, id)) => id.clone(),
            None => {
                let id = drawing.add(map_node(case, conflict.map));
                maps.push((conflict.map, id.clone()));
                id
            }
        };
        for side in 0..conflict.parties.len() {
            let (party, id) = place_party(case, &mut drawing, &mut sides, conflict, side);
            let edge = operation(case, conflict, party, side, rank, &id, &map);
            join(&mut drawing.edges, edge);
        }
    }
    for side in sides.iter().filter(|side| side.members.len() > 1) {
        if let Some(shown) = drawing.nodes.get_mut(side.node) {
            *shown = Node {
                id: shown.id.clone(),
                ..goroutines(case, &side.members)
            };
        }
    }
    drawing.folded.alike_by = Some("line");
    drawing.folded.nodes_left_out = left_out;
    tell(case, &mut drawing, left_out);
    drawing
}

fn tell(case: &Case<'_, '_>, drawing: &mut Drawing, left_out: u64) {
    drawing.folded.goroutines = u64::from(case.census.total);
    if case.maps.conflicts.is_empty() {
        let none = "No conflict over a map was found in this evidence.";
        drawing.notes.push(none.to_owned());
    }
    if left_out > 0 {
        drawing.notes.push(format!(
            "{} found no room; --nodes N makes more.",
            count(left_out, "conflict", "conflicts")
        ));
    }
    if case.maps.more_suspects > 0 {
        drawing.notes.push(format!(
            "{} tied by less are not drawn.",
            count(
                case.maps.more_suspects as u64,
                "possible party",
                "possible parties"
            )
        ));
    }
}

fn map_node(case: &Case<'_, '_>, index: usize) -> Node {
    let header = case.maps.maps.get(index).and_then(|map| map.header);
    let name = match header {
        Some(header) => format!("map {} at {header}", map_id(index)),
        None => format!("map {}", map_id(index)),
    };
    Node {
        name: Some(name),
        ..Node::of(NodeKind::Map)
    }
}

/// The node of a party, new or known.
fn place_party<'c>(
    case: &Case<'_, '_>,
    drawing: &mut Drawing,
    sides: &mut Vec<Side>,
    conflict: &'c Conflict,
    side: usize,
) -> (&'c Party, String) {
    let [first, second] = &conflict.parties;
    let party = if side == 0 { first } else { second };
    let position = party
        .goroutine
        .and_then(|block| case.incident.position(block.of(case.evidence)?.id));
    let noticed = side == 0
        || party
            .goroutine
            .is_some_and(|block| Some(block) == case.crasher);
    let who = match (position, party.actor) {
        (Some(at), _) if noticed || conflict.grade == Grade::Confirmed => Who::Block(at),
        (None, Some(actor)) => Who::Actor(actor, report_of(conflict)),
        _ => {
            let whys = conflict.reasons.iter().map(|reason| reason.why).collect();
            let op = op_word(party.op);
            Who::Alike(conflict.map, party.site, op, conflict.grade, whys)
        }
    };
    let known = sides.iter_mut().find(|side| side.who == who);
    if let Some(known) = known {
        let id = drawing.nodes.get(known.node).map(|node| node.id.clone());
        if let Some(at) = position.filter(|at| !known.members.contains(at)) {
            known.members.push(at);
        }
        return (party, id.unwrap_or_default());
    }
    let shown = match (position, party.actor) {
        (Some(at), _) => goroutines(case, &[at]),
        (None, actor) => Node {
            goroutines: match actor {
                Some(RaceActor::Goroutine(id)) => vec![id.0],
                Some(RaceActor::Main) | None => Vec::new(),
            },
            numbering: actor.map(|_| "race-detector"),
            name: (actor == Some(RaceActor::Main)).then(|| "main goroutine".to_owned()),
            site: site_of(case, party.site),
            ..Node::of(NodeKind::Unnamed)
        },
    };
    sides.push(Side {
        who,
        node: drawing.nodes.len(),
        members: position.into_iter().collect(),
    });
    (party, drawing.add(shown))
}

/// The report of the detector a conflict is from: its numbers hold within a process, its lines tell reports apart.
fn report_of(conflict: &Conflict) -> usize {
    let document = conflict.reasons.first().map(|reason| reason.document.0);
    document.unwrap_or_default() as usize
}

fn operation(
    case: &Case<'_, '_>,
    conflict: &Conflict,
    party: &Party,
    side: usize,
    rank: u32,
    id: &str,
    map: &str,
) -> Edge {
    // That the one that noticed was at the map is what the runtime says; the grade is that of the other's part in it.
    let said = |why: Why| matches!(why, Why::RuntimeMessage | Why::RaceReport);
    let own = side == 0 && conflict.reasons.iter().any(|reason| said(reason.why));
    let reasons = conflict.reasons.iter();
    let reasons =
        reasons.filter(|reason| !said(reason.why) || own || conflict.grade == Grade::Confirmed);
    let reasons: Vec<_> = reasons.filter(|reason| !own || said(reason.why)).collect();
    let mut why: Vec<String> = Vec::new();
    for reason in &reasons {
        let word = why_word(reason.why).to_owned();
        if !why.contains(&word) {
            why.push(word);
        }
    }
    let evidence = reasons.iter().take(EVIDENCE_MOST);
    let grade = if own {
        Grade::Confirmed
    } else {
        conflict.grade
    };
    Edge {
        site: site_of(case, party.site),
        op: Some(op_word(party.op).to_owned()),
        noticed: side == 0,
        conflicts: vec![rank],
        why,
        evidence: evidence
            .map(|reason| at(case.evidence, reason.document, reason.line))
            .collect(),
        ..Edge::between(EdgeKind::Operated, grade, id, map)
    }
}

/// Adds an edge, or its conflict to the equal one that is there.
fn join(edges: &mut Vec<Edge>, edge: Edge) {
    let equal = edges.iter_mut().find(|known| {
        (&known.from, &known.to, &known.op, &known.site)
            == (&edge.from, &edge.to, &edge.op, &edge.site)
    });
    let Some(known) = equal else {
        edges.push(edge);
        return;
    };
    for rank in edge.conflicts {
        if !known.conflicts.contains(&rank) {
            known.conflicts.push(rank);
        }
    }
    known.grade = known.grade.max(edge.grade);
    known.noticed |= edge.noticed;
}
