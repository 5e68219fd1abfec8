//! Graphs of an execution trace: who woke whom, who created whom, and who was seen in map operations at one moment.
//!
//! Goroutines of one `go` statement and one start function share a node, so that a hundred thousand stay readable. Read [`wakes`]
//! first.

use super::Drawing;
use super::report::{Edge, EdgeKind, Node, NodeKind, WakeReason};
use crate::analyze::trace::{Findings, MapOverlap, MapUse, Origin, is_programs};
use crate::goruntime::mapops::map_op;
use crate::model::Grade;
use crate::triage::case::Case;
use crate::triage::joins::Joined;
use crate::triage::maps::op_word;
use crate::triage::report::{At, Place};
use crate::triage::values::count;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The trace that is drawn: the first that has what is asked for, and may be told of this process.
fn trace<'c>(case: &'c Case<'_, '_>, has: impl Fn(&Findings) -> bool) -> Option<&'c Joined<'c>> {
    let own = case.joins.iter().filter(|joined| !joined.is_foreign(case));
    own.into_iter().find(|joined| has(&joined.summary.findings))
}

/// True where a trace has wake-ups to draw.
pub(super) fn has_wakes(case: &Case<'_, '_>) -> bool {
    trace(case, |findings| !findings.wake_origins.is_empty()).is_some()
}

/// True where a trace has goroutines to draw.
pub(super) fn has_origins(case: &Case<'_, '_>) -> bool {
    trace(case, |findings| !findings.origins.is_empty()).is_some()
}

/// True where two goroutines were in map operations at one moment for certain.
pub(super) fn has_overlaps(case: &Case<'_, '_>) -> bool {
    trace(case, |findings| sure_overlaps(findings).next().is_some()).is_some()
}

fn sure_overlaps(findings: &Findings) -> impl Iterator<Item = &MapOverlap> {
    let overlaps = findings.map_overlaps.iter();
    overlaps.filter(|overlap| overlap.inside > 0)
}

/// Who woke whom, the most frequent first, with at most `most` nodes.
pub(super) fn wakes(case: &Case<'_, '_>, most: usize) -> Drawing {
    let mut drawing = Drawing::default();
    let Some(joined) = trace(case, |findings| !findings.wake_origins.is_empty()) else {
        let none =
            "Who woke whom stands in execution traces; none with wake-ups is among the inputs.";
        drawing.notes.push(none.to_owned());
        return drawing;
    };
    let findings = &joined.summary.findings;
    let mut board = Board::new(joined, drawing, most);
    let mut pairs: BTreeMap<(usize, usize), Vec<WakeReason>> = BTreeMap::new();
    for wake in &findings.wake_origins {
        let reasons = pairs.entry((wake.waker, wake.woken)).or_default();
        reasons.push(WakeReason {
            reason: wake.reason.to_string(),
            times: wake.count,
        });
    }
    let mut ranked: Vec<((usize, usize), u64, Vec<WakeReason>)> = pairs
        .into_iter()
        .map(|(pair, reasons)| (pair, reasons.iter().map(|one| one.times).sum(), reasons))
        .collect();
    let own = |at: usize| {
        let origin = findings.origins.get(at);
        origin.is_some_and(|origin| is_programs(&origin.start_func.0))
    };
    // What the runtime does for itself, and the tracer, comes last.
    ranked.sort_by_key(|(pair, times, _)| {
        let of_program = own(pair.0) && own(pair.1);
        (!of_program, std::cmp::Reverse(*times), *pair)
    });
    let mut left_out = 0;
    for ((waker, woken), times, wakes) in ranked {
        let (Some(from), Some(to)) = (board.place(waker, true), board.place(woken, true)) else {
            left_out += times;
            continue;
        };
        let woke = Edge {
            times: Some(times),
            wakes,
            why: vec!["trace".to_owned()],
            evidence: vec![board.at()],
            ..Edge::between(EdgeKind::Woke, Grade::Confirmed, &from, &to)
        };
        board.drawing.edges.push(woke);
    }
    let mut drawing = board.finish();
    if left_out > 0 {
        drawing.notes.push(format!(
            "{} between nodes that found no room; --nodes N makes more.",
            count(left_out, "wake-up", "wake-ups")
        ));
    }
    drawing
}

/// The creation forest of a trace, the most numerous first, with at most `most` nodes.
pub(super) fn creation(case: &Case<'_, '_>, most: usize) -> Drawing {
    let drawing = Drawing::default();
    let Some(joined) = trace(case, |findings| !findings.origins.is_empty()) else {
        return drawing;
    };
    let findings = &joined.summary.findings;
    let mut creators: FxHashMap<usize, (usize, u64)> = FxHashMap::default();
    for made in &findings.origin_creations {
        let known = creators
            .entry(made.created)
            .or_insert((made.creator, made.count));
        if made.count > known.1 {
            *known = (made.creator, made.count);
        }
    }
    let mut board = Board::new(joined, drawing, most);
    for at in 0..findings.origins.len() {
        let is_parent = creators.values().any(|&(creator, _)| creator == at);
        let own = findings
            .origins
            .get(at)
            .is_some_and(|origin| is_programs(&origin.start_func.0));
        if own || is_parent {
            let _ = board.place(at, false);
        }
    }
    for at in 0..findings.origins.len() {
        let Some(&(creator, _)) = creators.get(&at) else {
            continue;
        };
        if let (Some(from), Some(to)) = (board.known(creator), board.known(at)) {
            let created = Edge {
                site: findings.origins.get(at).and_then(statement),
                why: vec!["trace".to_owned()],
                evidence: vec![board.at()],
                ..Edge::between(EdgeKind::Created, Grade::Confirmed, &from, &to)
            };
            board.drawing.edges.push(created);
        }
    }
    board.finish()
}

/// Goroutines in map operations at one moment: whether on one map, no trace says.
pub(super) fn overlaps(case: &Case<'_, '_>, most: usize) -> Drawing {
    let mut drawing = Drawing::default();
    let Some(joined) = trace(case, |findings| sure_overlaps(findings).next().is_some()) else {
        return drawing;
    };
    let findings = &joined.summary.findings;
    let mut ids: FxHashMap<usize, String> = FxHashMap::default();
    let mut left_out = 0;
    for (rank, overlap) in (1..).zip(sure_overlaps(findings)) {
        if drawing.nodes.len() + 3 > most {
            left_out += 1;
            continue;
        }
        let map = drawing.add(Node {
            name: Some("a map, or two".to_owned()),
            ..Node::of(NodeKind::Map)
        });
        for (side, at) in [overlap.a, overlap.b].into_iter().enumerate() {
            let Some(used) = findings.map_uses.get(at) else {
                continue;
            };
            let id = match ids.get(&at) {
                Some(id) => id.clone(),
                None => drawing.add(user(used, joined)),
            };
            ids.insert(at, id.clone());
            let op = map_op(&used.operation.0).map(|row| row.op);
            drawing.edges.push(Edge {
                site: Some(place(&used.at)),
                op: Some(op_word(op).to_owned()),
                noticed: side == 0,
                conflicts: vec![rank],
                why: vec!["inside-at-one-moment".to_owned()],
                evidence: vec![at_trace(joined)],
                ..Edge::between(EdgeKind::Operated, Grade::Possible, &id, &map)
            });
        }
    }
    let said =
        "Seen inside map operations at the same moment; whether it was one map is not in a trace.";
    drawing.notes.push(said.to_owned());
    if left_out > 0 {
        drawing.notes.push(format!(
            "{} found no room; --nodes N makes more.",
            count(left_out, "pair", "pairs")
        ));
    }
    drawing
}

fn user(used: &MapUse, joined: &Joined<'_>) -> Node {
    Node {
        goroutines: vec![used.goroutine],
        state: Some(format!(
            "seen {}",
            count(used.samples + used.events, "time", "times")
        )),
        site: Some(place(&used.at)),
        evidence: vec![at_trace(joined)],
        ..Node::of(NodeKind::Goroutines)
    }
}

fn at_trace(joined: &Joined<'_>) -> At {
    At {
        input: joined.summary.input,
        line: 0,
    }
}

fn place(of: &crate::analyze::trace::Place) -> Place {
    Place {
        func: of.func.to_string(),
        file: of.file.to_string(),
        line: of.line,
    }
}

/// The `go` statement of an origin.
fn statement(origin: &Origin) -> Option<Place> {
    origin.created_at.first().map(place)
}

/// Origins with a node.
struct Board<'c> {
    joined: &'c Joined<'c>,
    drawing: Drawing,
    most: usize,
    ids: FxHashMap<usize, String>,
}

impl<'c> Board<'c> {
    fn new(joined: &'c Joined<'c>, drawing: Drawing, most: usize) -> Self {
        Self {
            joined,
            drawing,
            most,
            ids: FxHashMap::default(),
        }
    }

    fn at(&self) -> At {
        at_trace(self.joined)
    }

    fn known(&self, origin: usize) -> Option<String> {
        self.ids.get(&origin).cloned()
    }

    /// The node of an origin, new if there is room; with its `go` statement where no edge tells it.
    fn place(&mut self, at: usize, with_site: bool) -> Option<String> {
        if let Some(id) = self.ids.get(&at) {
            return Some(id.clone());
        }
        let origin = self.joined.summary.findings.origins.get(at)?;
        if self.drawing.nodes.len() >= self.most {
            return None;
        }
        let begun = match (origin.start_func.is_empty(), origin.created_at.is_empty()) {
            (false, _) => origin.start_func.to_string(),
            (true, true) => "there before the trace".to_owned(),
            (true, false) => "start not known".to_owned(),
        };
        let id = self.drawing.add(Node {
            count: origin.goroutines,
            name: Some(begun),
            state: Some(match origin.alive {
                alive if alive == origin.goroutines => "alive at the end".to_owned(),
                0 => "ended".to_owned(),
                alive => format!("{} alive at the end", crate::triage::values::grouped(alive)),
            }),
            site: statement(origin).filter(|_| with_site),
            evidence: vec![at_trace(self.joined)],
            ..Node::of(NodeKind::Origin)
        });
        self.ids.insert(at, id.clone());
        Some(id)
    }

    /// Says what the folding did.
    fn finish(mut self) -> Drawing {
        let origins = &self.joined.summary.findings.origins;
        let left: Vec<&Origin> = origins
            .iter()
            .enumerate()
            .filter(|(at, _)| !self.ids.contains_key(at))
            .map(|(_, origin)| origin)
            .collect();
        let folded = &mut self.drawing.folded;
        folded.goroutines = origins.iter().map(|origin| origin.goroutines).sum();
        folded.alike_by = Some("go-statement");
        let shared = self.drawing.nodes.iter().filter(|node| node.count > 1);
        folded.together = shared.map(|node| node.count).sum();
        folded.nodes_left_out = left.len() as u64;
        folded.goroutines_left_out = left.iter().map(|origin| origin.goroutines).sum();
        let notes = &mut self.drawing.notes;
        if folded.together > 0 {
            notes.push(format!(
                "{} of one go statement and one start function share a node with others (× their number).",
                count(folded.together, "goroutine", "goroutines")
            ));
        }
        if folded.nodes_left_out > 0 {
            notes.push(format!(
                "{} of {} are not drawn: the runtime's own, without such edges, or without room (--nodes N makes more).",
                count(folded.goroutines_left_out, "goroutine", "goroutines"),
                count(folded.nodes_left_out, "origin", "origins")
            ));
        }
        self.drawing
    }
}
