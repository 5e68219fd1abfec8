//! One incident as a graph: who created whom, who fought over which map, who waits for whom, who woke whom.
//!
//! `gotriage graph` calls [`graph`]; each kind has its file. Equal goroutines share a node, and no graph has more nodes than asked
//! for, so that a hundred thousand goroutines stay a picture that somebody can read. [`report`] holds the types.

mod conflicts;
mod creation;
pub mod report;
mod traced;
mod waiting;

use super::case::Case;
use super::memory::Capture;
use super::report::{At, Place, Tool};
use super::trace::TraceSummary;
use super::values::{at, count, place, stands};
use super::{Options, notes, nothing, verdict};
use crate::analyze::incident::{GoroutineRef, incidents};
use crate::model::{Evidence, FrameId, Grade};
use report::{Edge, Folded, GraphInput, GraphKind, GraphReport, Node, NodeKind, SCHEMA};

/// How many ids a node names; the picture shows fewer still.
const IDS_MOST: usize = 20;

/// How many lines of evidence a node or an edge gives.
const EVIDENCE_MOST: usize = 3;

/// What to draw.
#[derive(Clone, Copy, Debug)]
pub struct GraphOptions {
    /// Which graph.
    pub kind: GraphKind,
    /// Which incident, from 1; `None` for the first that has such a graph.
    pub incident: Option<u32>,
    /// How many nodes there may be.
    pub most: usize,
}

/// A graph being made.
#[derive(Default)]
struct Drawing {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    folded: Folded,
    notes: Vec<String>,
}

/// The graph of an incident; `traces` are the execution traces among the inputs, added up. `None` where the inputs have no incident of that number.
pub fn graph(
    evidence: &Evidence<'_>,
    traces: &[TraceSummary],
    options: &Options,
    asked: GraphOptions,
) -> Option<GraphReport> {
    let found = incidents(evidence, options.separate);
    let memory = Capture {
        traces,
        ..Capture::default()
    };
    let case = |at: usize| Some(Case::new(evidence, found.get(at)?, options.go, memory));
    let first_with_one =
        || (0..found.len()).find(|&at| case(at).is_some_and(|case| has(&case, asked.kind)));
    let at = match asked.incident {
        Some(n) => (n as usize).checked_sub(1)?,
        None => first_with_one().unwrap_or(0),
    };
    let (drawing, incident, verdict) = match case(at) {
        Some(case) => {
            let drawing = match asked.kind {
                GraphKind::Creation if case.incident.goroutines.is_empty() => {
                    traced::creation(&case, asked.most)
                }
                GraphKind::Creation => creation::draw(&case, asked.most),
                GraphKind::Conflict if is_seen_in_traces_only(&case) => {
                    traced::overlaps(&case, asked.most)
                }
                GraphKind::Conflict => conflicts::draw(&case, asked.most),
                GraphKind::Wait => waiting::draw(&case, asked.most),
                GraphKind::Wake => traced::wakes(&case, asked.most),
            };
            (drawing, at + 1, verdict::verdict(&case))
        }
        None if asked.incident.is_some() => return None,
        None => (Drawing::default(), 0, nothing().verdict),
    };
    let inputs = evidence.inputs.iter().map(|input| GraphInput {
        id: input.id.0,
        path: input.name.clone(),
    });
    let mut notes_below = drawing.notes;
    if found.len() > 1 {
        notes_below.push(format!(
            "This is incident {incident} of {}; --incident N draws another.",
            found.len()
        ));
    }
    Some(GraphReport {
        schema: SCHEMA,
        tool: Tool::this(),
        kind: asked.kind,
        inputs: inputs.collect(),
        incident: incident as u32,
        incidents: found.len() as u32,
        verdict,
        nodes: drawing.nodes,
        edges: drawing.edges,
        folded: drawing.folded,
        notes: notes_below,
        input_notes: notes(evidence),
    })
}

/// Whether an incident has anything to draw.
fn has(case: &Case<'_, '_>, kind: GraphKind) -> bool {
    match kind {
        GraphKind::Creation => !case.incident.goroutines.is_empty() || traced::has_origins(case),
        GraphKind::Conflict => !case.maps.conflicts.is_empty() || is_seen_in_traces_only(case),
        GraphKind::Wait => !case.waits.waits.is_empty(),
        GraphKind::Wake => traced::has_wakes(case),
    }
}

/// True where only a trace shows map operations that met.
fn is_seen_in_traces_only(case: &Case<'_, '_>) -> bool {
    case.maps.conflicts.is_empty() && traced::has_overlaps(case)
}

impl Drawing {
    /// Adds a node and gives it its name.
    fn add(&mut self, mut node: Node) -> String {
        node.id = format!("n{}", self.nodes.len() + 1);
        let id = node.id.clone();
        self.nodes.push(node);
        id
    }

    /// Says what the folding did to the goroutines of the text.
    fn tell_folding(&mut self, total: u64) {
        self.folded.goroutines = total;
        let shared = self.nodes.iter();
        let shared = shared.filter(|node| node.kind == NodeKind::Goroutines && node.count > 1);
        self.folded.together = shared.map(|node| node.count).sum();
        if self.folded.together == 0 {
            self.folded.alike_by = None;
        }
        let alike = match self.folded.alike_by {
            Some("stack") => "of equal stack, state, go statement and creators",
            Some("line-and-creators") => {
                "at one line, in one state, of one go statement and alike creators"
            }
            Some("go-statement") => "of one go statement and alike creators",
            _ => "at one line and in one state",
        };
        if self.folded.together > 0 {
            self.notes.push(format!(
                "{} {alike} share a node with others (× their number).",
                count(self.folded.together, "goroutine", "goroutines")
            ));
        }
        if self.folded.nodes_left_out > 0 {
            self.notes.push(format!(
                "{} with {} found no room; --nodes N makes more.",
                count(self.folded.nodes_left_out, "node", "nodes"),
                count(self.folded.goroutines_left_out, "goroutine", "goroutines")
            ));
        }
    }
}

/// The node of these goroutines, given by position.
fn goroutines(case: &Case<'_, '_>, members: &[u32]) -> Node {
    let block = |&at: &u32| case.incident.goroutines.get(at as usize).copied();
    let blocks: Vec<GoroutineRef> = members.iter().filter_map(block).collect();
    let printed = || blocks.iter().filter_map(|block| block.of(case.evidence));
    let mut states: Vec<_> = printed().map(|goroutine| goroutine.state).collect();
    let mut stacks: Vec<_> = printed().map(|goroutine| goroutine.stack).collect();
    states.dedup();
    stacks.sort_unstable();
    stacks.dedup();
    let mut sites: Vec<Option<FrameId>> = stacks
        .iter()
        .map(|&stack| stands(case.evidence, stack))
        .collect();
    sites.dedup();
    Node {
        count: members.len() as u64,
        goroutines: printed().take(IDS_MOST).map(|g| g.id.0).collect(),
        state: match &states[..] {
            [one] => Some(super::values::name(case.evidence, *one)),
            _ => None,
        },
        longest_wait_minutes: printed().filter_map(|g| g.wait_minutes).max().unwrap_or(0),
        site: match &sites[..] {
            [Some(one)] => Some(place(case.evidence, *one)),
            _ => None,
        },
        crashed: blocks.iter().any(|&block| Some(block) == case.crasher),
        evidence: headers(case, &blocks),
        ..Node::of(NodeKind::Goroutines)
    }
}

fn headers(case: &Case<'_, '_>, blocks: &[GoroutineRef]) -> Vec<At> {
    let lines = blocks.iter().take(EVIDENCE_MOST).filter_map(|block| {
        let line = block.of(case.evidence)?.line;
        Some(at(case.evidence, block.document, line))
    });
    lines.collect()
}

fn site_of(case: &Case<'_, '_>, id: Option<FrameId>) -> Option<Place> {
    id.map(|id| place(case.evidence, id))
}

/// Goroutines that must be told apart from those that look like them: the one that died, and who is at least probably a party of a
/// conflict or the holder of a lock.
pub(super) fn principals(case: &Case<'_, '_>) -> Vec<u32> {
    let conflicts = case.maps.conflicts.iter();
    let parties = conflicts
        .filter(|conflict| conflict.grade >= Grade::Probable)
        .flat_map(|conflict| &conflict.parties)
        .filter_map(|party| party.goroutine);
    let waits = case.waits.waits.iter();
    let holders = waits
        .flat_map(|wait| &wait.holders)
        .filter(|holder| holder.grade >= Grade::Probable)
        .map(|holder| holder.goroutine);
    let ring = case.waits.cycles.iter().flat_map(|cycle| &cycle.goroutines);
    let named = case.crasher.into_iter().chain(parties).chain(holders);
    let mut all: Vec<u32> = named
        .filter_map(|block| case.incident.position(block.of(case.evidence)?.id))
        .chain(ring.copied())
        .collect();
    let mut seen = rustc_hash::FxHashSet::default();
    all.retain(|&at| seen.insert(at));
    all
}
