//! The creation forest: creators to the left, what they created to the right, the `go` statement at the edge.

use super::report::{Edge, EdgeKind, Node, NodeKind};
use super::{Drawing, IDS_MOST, goroutines, headers, principals, site_of};
use crate::analyze::kin::{Class, Kin, Sameness, Who, kin};
use crate::model::Grade;
use crate::triage::case::Case;
use rustc_hash::FxHashMap;

/// Draws it with at most `most` nodes.
pub(super) fn draw(case: &Case<'_, '_>, most: usize) -> Drawing {
    let alone = principals(case);
    let kin = kin(
        case.incident,
        &case.census,
        &case.forest,
        case.evidence,
        &alone,
        most,
    );
    let shown = kin.shown(most);
    let mut drawing = Drawing::default();
    drawing.folded.alike_by = Some(match kin.sameness {
        Sameness::Stack => "stack",
        Sameness::Line => "line-and-creators",
        Sameness::Statement => "go-statement",
    });
    let mut names: FxHashMap<u32, String> = FxHashMap::default();
    for &at in &shown.classes {
        let Some(class) = kin.classes.get(at as usize) else {
            continue;
        };
        let id = drawing.add(class_node(case, &kin, at, class));
        if let Some(creator) = class.creator.and_then(|creator| names.get(&creator)) {
            let edge = created(case, class, creator, &id);
            drawing.edges.push(edge);
        }
        names.insert(at, id);
    }
    for rest in &shown.rests {
        drawing.folded.nodes_left_out += rest.classes;
        drawing.folded.goroutines_left_out += rest.goroutines;
        let id = drawing.add(Node {
            count: rest.goroutines,
            name: Some(format!("{} more nodes", rest.classes)),
            ..Node::of(NodeKind::Rest)
        });
        if let Some(creator) = rest.creator.and_then(|creator| names.get(&creator)) {
            drawing.edges.push(Edge::between(
                EdgeKind::Created,
                Grade::Confirmed,
                creator,
                &id,
            ));
        }
    }
    drawing.tell_folding(u64::from(case.census.total));
    drawing
}

fn class_node(case: &Case<'_, '_>, kin: &Kin, at: u32, class: &Class) -> Node {
    match &class.who {
        Who::Printed(members) => goroutines(case, members),
        Who::Runtime(members) => Node {
            name: Some("goroutines of the runtime".to_owned()),
            site: None,
            ..goroutines(case, members)
        },
        Who::Gone(ids) => Node {
            count: ids.len() as u64,
            goroutines: ids.iter().take(IDS_MOST).map(|id| id.0).collect(),
            ..Node::of(NodeKind::Gone)
        },
        // Only what they ran is known: the function of the `go` statement below.
        Who::Unnamed => {
            let mut below = kin.classes.iter();
            let child = below.find(|child| child.creator == Some(at));
            Node {
                site: site_of(case, child.and_then(|child| child.site)),
                ..Node::of(NodeKind::Unnamed)
            }
        }
    }
}

fn created(case: &Case<'_, '_>, class: &Class, creator: &str, id: &str) -> Edge {
    let members = match &class.who {
        Who::Printed(members) | Who::Runtime(members) => members.as_slice(),
        _ => &[],
    };
    let block = |&at: &u32| case.incident.goroutines.get(at as usize).copied();
    let blocks: Vec<_> = members.iter().take(1).filter_map(block).collect();
    let why = match class.grade {
        Grade::Confirmed => "printed-creator",
        _ => "only-goroutine-in-that-function",
    };
    Edge {
        site: site_of(case, class.site),
        why: vec![why.to_owned()],
        evidence: headers(case, &blocks),
        ..Edge::between(EdgeKind::Created, class.grade, creator, id)
    }
}
