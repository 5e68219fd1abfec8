//! The call graph: every function and literal is a node, every call, `go` statement and function given away a link.

use crate::source::facts::{Argument, CallKind, Edge, Facts, Held, Target};
use crate::source::program::{FuncId, Program, TypeId};
use std::collections::HashMap;

/// A function or literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A function given to a function given to a function … is followed this far.
const MAX_HANDING_ON: usize = 3;

/// One way from a node to another.
#[derive(Clone, Debug)]
pub struct Link {
    /// The caller.
    pub from: NodeId,
    /// The callee.
    pub to: NodeId,
    /// How.
    pub kind: CallKind,
    /// Line of the call.
    pub line: u32,
    /// Order in the caller.
    pub seq: u32,
    /// Locks held there.
    pub held: Vec<Held>,
    /// Receiver first, then arguments; empty where they are not known.
    pub args: Vec<Argument>,
    /// In a loop of the caller.
    pub in_loop: bool,
    /// Functions of which it is known that one is called: 1, or the implementations of an interface.
    pub choices: u32,
    /// Types of what belongs to the call alone.
    pub own: Vec<TypeId>,
    /// Those of `own` that the caller was given itself.
    pub own_given: Vec<TypeId>,
}

/// Nodes and links.
pub(super) struct Graph {
    /// First node of each function.
    first: Vec<u32>,
    nodes: u32,
    /// Links by caller; `starts[n]..starts[n + 1]`.
    links: Vec<Link>,
    starts: Vec<u32>,
    /// Indices of links by callee, sorted.
    to: Vec<(NodeId, u32)>,
    /// Nodes that serve for ever, or start goroutines, directly: with the order of the first such event.
    pub servers: Vec<(NodeId, u32)>,
}

impl Graph {
    pub(super) fn new(program: &Program<'_>, facts: &[Facts]) -> Self {
        let mut first = Vec::with_capacity(facts.len());
        let mut nodes = 0;
        for facts in facts {
            first.push(nodes);
            nodes += facts.parts.len() as u32;
        }
        let mut graph = Self {
            first,
            nodes,
            links: Vec::new(),
            starts: Vec::new(),
            to: Vec::new(),
            servers: Vec::new(),
        };
        let mut implementations = HashMap::new();
        for (at, own) in facts.iter().enumerate() {
            for edge in &own.edges {
                let from = FuncId(at as u32);
                graph.add(program, facts, from, edge, &mut implementations);
            }
        }
        graph
            .links
            .sort_by_key(|link| (link.from, link.seq, link.to));
        graph.index();
        graph
    }

    fn index(&mut self) {
        let mut at = 0;
        for node in 0..self.nodes {
            self.starts.push(at as u32);
            while self.links.get(at).is_some_and(|link| link.from.0 == node) {
                at += 1;
            }
        }
        self.starts.push(at as u32);
        self.to = self
            .links
            .iter()
            .zip(0..)
            .map(|(link, at)| (link.to, at))
            .collect();
        self.to.sort_unstable();
    }

    /// Number of nodes.
    pub(super) fn len(&self) -> usize {
        self.nodes as usize
    }

    /// The node of a function's part.
    pub(super) fn node(&self, func: FuncId, part: u16) -> NodeId {
        let first = self.first.get(func.0 as usize).copied().unwrap_or(u32::MAX);
        NodeId(first.saturating_add(u32::from(part)))
    }

    /// The function and part of a node.
    pub(super) fn part_of(&self, node: NodeId) -> Option<(FuncId, u16)> {
        let at = self
            .first
            .partition_point(|&first| first <= node.0)
            .checked_sub(1)?;
        // Functions without parts share their first node with the next one; the last of them owns it.
        let part = node.0.checked_sub(*self.first.get(at)?)?;
        Some((FuncId(at as u32), u16::try_from(part).ok()?))
    }

    /// Links from a node, in order.
    pub(super) fn from(&self, node: NodeId) -> impl Iterator<Item = &Link> {
        let start = self.starts.get(node.0 as usize).copied().unwrap_or(0);
        let end = self
            .starts
            .get(node.0 as usize + 1)
            .copied()
            .unwrap_or(start);
        self.links
            .get(start as usize..end as usize)
            .unwrap_or_default()
            .iter()
    }

    /// Links to a node.
    pub(super) fn to(&self, node: NodeId) -> impl Iterator<Item = &Link> {
        let start = self.to.partition_point(|&(to, _)| to < node);
        let found = self.to.get(start..).unwrap_or_default().iter();
        found
            .take_while(move |(to, _)| *to == node)
            .filter_map(|&(_, at)| self.links.get(at as usize))
    }

    /// All links.
    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    fn add(
        &mut self,
        program: &Program<'_>,
        facts: &[Facts],
        func: FuncId,
        edge: &Edge,
        implementations: &mut HashMap<(TypeId, crate::source::ast::Name), Vec<FuncId>>,
    ) {
        let from = self.node(func, edge.part);
        let targets: Vec<NodeId> = match &edge.target {
            Target::Func(id) => vec![self.node(*id, 0)],
            Target::Literal(part) => vec![self.node(func, *part)],
            Target::Abstract(ty, name) => {
                let found = implementations
                    .entry((*ty, name.clone()))
                    .or_insert_with(|| program.implementations(*ty, name));
                found.iter().map(|id| self.node(*id, 0)).collect()
            }
            Target::Foreign(..) => {
                self.servers.push((from, edge.seq));
                Vec::new()
            }
            Target::Param(_) => Vec::new(),
        };
        for to in &targets {
            let choices = targets.len() as u32;
            self.links.push(Link {
                choices,
                ..link(from, *to, edge)
            });
        }
        if edge.kind != CallKind::Callback {
            self.add_given(facts, func, edge);
        }
    }

    /// The functions among the arguments of a call, as the callee calls them.
    fn add_given(&mut self, facts: &[Facts], func: FuncId, edge: &Edge) {
        let from = self.node(func, edge.part);
        let given = edge
            .args
            .iter()
            .enumerate()
            .filter_map(|(at, arg)| Some((at, arg.func.clone()?)));
        for (at, given) in given.collect::<Vec<_>>() {
            let to = match given {
                Target::Func(id) => self.node(id, 0),
                Target::Literal(part) => self.node(func, part),
                _ => continue,
            };
            let mut ways = Vec::new();
            match &edge.target {
                Target::Func(id) => called_as(facts, *id, at as u16, MAX_HANDING_ON, &mut ways),
                Target::Abstract(..) => ways.push((CallKind::Call, Vec::new())),
                _ => {}
            }
            if ways.is_empty() {
                ways.push((CallKind::Callback, Vec::new()));
            }
            for (kind, held) in ways {
                let mut link = link(from, to, edge);
                // What a goroutine is given to call runs there, not here.
                let kind = match (edge.kind, kind) {
                    (CallKind::Go, CallKind::Call) => CallKind::Go,
                    (_, kind) => kind,
                };
                link.kind = kind;
                link.args = Vec::new();
                match kind {
                    CallKind::Call => link.held.extend(held),
                    _ => link.held.clear(),
                }
                self.links.push(link);
            }
        }
    }
}

fn link(from: NodeId, to: NodeId, edge: &Edge) -> Link {
    Link {
        from,
        to,
        kind: edge.kind,
        line: edge.line,
        seq: edge.seq,
        held: edge.held.clone(),
        args: edge.args.clone(),
        in_loop: edge.in_loop,
        choices: 1,
        own: edge.own.clone(),
        own_given: edge.own_given.clone(),
    }
}

/// True where a function starts one goroutine and no other, and waits for it.
fn waits_behind(facts: &Facts, start: &Edge) -> bool {
    let started = facts.edges.iter();
    let started = started.filter(|edge| edge.part == start.part && edge.kind == CallKind::Go);
    let part = facts.parts.get(usize::from(start.part));
    let waits = part.is_some_and(|part| part.joins.iter().any(|&join| join > start.seq));
    waits && !start.in_loop && started.count() == 1
}

/// What a function does with a parameter that is a function: how it calls it, under which locks of its own.
fn called_as(
    facts: &[Facts],
    func: FuncId,
    param: u16,
    depth: usize,
    into: &mut Vec<(CallKind, Vec<Held>)>,
) {
    let Some(own) = facts.get(func.0 as usize).filter(|_| depth > 0) else {
        return;
    };
    let start_of = |part: u16| {
        own.edges
            .iter()
            .find(|edge| edge.target == Target::Literal(part) && edge.kind == CallKind::Go)
    };
    for edge in &own.edges {
        if edge.target == Target::Param(param) {
            match start_of(edge.part) {
                // It runs in another goroutine, but this one waits for it with all locks that it holds.
                Some(start) if waits_behind(own, start) => {
                    into.push((CallKind::Call, start.held.clone()));
                }
                Some(_) => into.push((CallKind::Go, Vec::new())),
                None if edge.kind == CallKind::Go && waits_behind(own, edge) => {
                    into.push((CallKind::Call, Vec::new()));
                }
                None => into.push((edge.kind, edge.held.clone())),
            }
            continue;
        }
        let Target::Func(next) = edge.target else {
            continue;
        };
        let handed = edge
            .args
            .iter()
            .position(|arg| arg.func == Some(Target::Param(param)));
        if let Some(at) = handed.filter(|_| next != func) {
            called_as(facts, next, at as u16, depth - 1, into);
        }
    }
}
