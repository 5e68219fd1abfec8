//! The wait graph: goroutines to the left of what they wait for, and to its right who holds it.

use super::report::{Edge, EdgeKind, Node, NodeKind};
use super::{Drawing, goroutines, headers, principals};
use crate::analyze::waits::{Holder, HolderReason, Object, Wait};
use crate::model::{FrameId, Grade, NameId};
use crate::triage::case::Case;
use crate::triage::values::{count, stands};
use rustc_hash::{FxHashMap, FxHashSet};

/// Waiters of one object that look alike.
struct Crowd {
    members: Vec<u32>,
}

/// What is drawn, and who has a node already.
struct Board<'b, 'c, 't> {
    case: &'b Case<'c, 't>,
    alone: FxHashSet<u32>,
    drawing: Drawing,
    /// Nodes of goroutines that stand alone.
    single: FxHashMap<u32, String>,
}

/// Draws it with at most `most` nodes: locks first, then what several wait for, then the rest.
pub(super) fn draw(case: &Case<'_, '_>, most: usize) -> Drawing {
    let waits = case.waits.waits.iter();
    let holders = waits.flat_map(|wait| wait.holders.iter().map(|holder| holder.position));
    let mut board = Board {
        case,
        alone: principals(case).into_iter().chain(holders).collect(),
        drawing: Drawing::default(),
        single: FxHashMap::default(),
    };
    board.drawing.folded.alike_by = Some("line");
    let mut ranked: Vec<&Wait> = case.waits.waits.iter().collect();
    ranked.sort_by_key(|wait| (!wait.object.is_lock(), wait.waiters.len() < 2));
    for wait in ranked {
        let crowds = board.crowds(wait);
        // The object, its waiters, its holders; the largest crowds where one object has more than there is room for.
        let room = most.saturating_sub(board.drawing.nodes.len() + 1 + wait.holders.len());
        if room == 0 {
            board.drawing.folded.nodes_left_out += 1 + crowds.len() as u64;
            board.drawing.folded.goroutines_left_out += wait.waiters.len() as u64;
            continue;
        }
        board.wait(wait, &crowds, room);
    }
    let mut drawing = board.drawing;
    drawing.tell_folding(u64::from(case.census.total));
    tell(case, &mut drawing);
    drawing
}

fn tell(case: &Case<'_, '_>, drawing: &mut Drawing) {
    let waiting: usize = case.waits.waits.iter().map(|wait| wait.waiters.len()).sum();
    let others = u64::from(case.census.total).saturating_sub(waiting as u64);
    if waiting == 0 {
        drawing
            .notes
            .push("No goroutine of this evidence waits for another one.".to_owned());
    } else if others > 0 {
        drawing.notes.push(format!(
            "{} for no other goroutine (running, sleeping, in system calls, reading from the network): drawn only where holding a lock.",
            count(others, "goroutine waits", "goroutines wait")
        ));
    }
}

impl Board<'_, '_, '_> {
    /// Waiters by line and state, most first, those that stand alone by themselves.
    fn crowds(&self, wait: &Wait) -> Vec<Crowd> {
        let mut index: FxHashMap<(Option<u32>, Option<FrameId>, NameId), usize> =
            FxHashMap::default();
        let mut crowds: Vec<Crowd> = Vec::new();
        for &position in &wait.waiters {
            let block = self.case.incident.goroutines.get(position as usize);
            let Some(goroutine) = block.and_then(|block| block.of(self.case.evidence)) else {
                continue;
            };
            let alone = self.alone.contains(&position).then_some(position);
            let key = (
                alone,
                stands(self.case.evidence, goroutine.stack),
                goroutine.state,
            );
            let at = *index.entry(key).or_insert(crowds.len());
            if at == crowds.len() {
                crowds.push(Crowd {
                    members: Vec::new(),
                });
            }
            if let Some(crowd) = crowds.get_mut(at) {
                crowd.members.push(position);
            }
        }
        crowds.sort_by_key(|crowd| std::cmp::Reverse(crowd.members.len()));
        crowds
    }

    fn wait(&mut self, wait: &Wait, crowds: &[Crowd], room: usize) {
        let object = self.drawing.add(object_node(wait));
        let (shown, left) = crowds.split_at(room.min(crowds.len()));
        for crowd in shown {
            let from = match &crowd.members[..] {
                [one] => self.single(*one),
                several => self.drawing.add(goroutines(self.case, several)),
            };
            let edge = self.waits_for(wait, crowd, &from, &object);
            self.drawing.edges.push(edge);
        }
        for crowd in left {
            self.drawing.folded.nodes_left_out += 1;
            self.drawing.folded.goroutines_left_out += crowd.members.len() as u64;
        }
        for holder in &wait.holders {
            let to = self.single(holder.position);
            self.drawing.edges.push(Edge {
                why: vec![reason_word(holder).to_owned()],
                evidence: headers(self.case, &[holder.goroutine]),
                ..Edge::between(EdgeKind::HeldBy, holder.grade, &object, &to)
            });
        }
    }

    fn single(&mut self, position: u32) -> String {
        if let Some(id) = self.single.get(&position) {
            return id.clone();
        }
        let id = self.drawing.add(goroutines(self.case, &[position]));
        self.single.insert(position, id.clone());
        id
    }

    /// That they wait is printed; that it is one and the same object for all is what the grade is about.
    fn waits_for(&self, wait: &Wait, crowd: &Crowd, from: &str, to: &str) -> Edge {
        let (grade, why) = match (wait.address, wait.through) {
            (Some(_), _) => (Grade::Confirmed, "printed-address"),
            (None, Some(_)) => (Grade::Probable, "same-receiver"),
            (None, None) if wait.waiters.len() == 1 => (Grade::Confirmed, "printed-state"),
            (None, None) => (Grade::Possible, "same-line"),
        };
        let first = crowd.members.first().and_then(|&at| {
            let block = self.case.incident.goroutines.get(at as usize);
            block.copied()
        });
        Edge {
            why: vec![why.to_owned()],
            evidence: headers(self.case, first.as_slice()),
            ..Edge::between(EdgeKind::WaitsFor, grade, from, to)
        }
    }
}

fn object_node(wait: &Wait) -> Node {
    let kind = wait.object.name();
    let name = match (wait.address, wait.through) {
        (Some(address), _) => format!("{kind} {address}"),
        (None, Some(object)) => format!("{kind} in {object}"),
        (None, None) if wait.waiters.len() == 1 || wait.object == Object::EmptySelect => {
            kind.to_owned()
        }
        (None, None) => format!("{kind}, one or several"),
    };
    Node {
        name: Some(name),
        longest_wait_minutes: wait.longest_wait_minutes.unwrap_or(0),
        ..Node::of(NodeKind::Object)
    }
}

fn reason_word(holder: &Holder) -> &'static str {
    match holder.reason {
        HolderReason::RunsOnce => "runs-once",
        HolderReason::SameObject => "same-object",
        HolderReason::SameType => "same-type",
    }
}
