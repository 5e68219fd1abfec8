//! Where goroutines begin, and what each of them can reach.

use super::graph::{Graph, Link, NodeId};
use super::named_in;
use crate::source::facts::{CallKind, Facts};
use crate::source::program::{Program, Ty, TypeId};
use std::collections::{BTreeSet, HashSet, VecDeque};

/// Roots kept for one function: enough to tell one from several, and to name examples.
const MAX_ROOTS: usize = 6;

/// What a root is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RootKind {
    /// A handler of requests.
    Handler,
    /// A `go` statement, or a function of another module that does the same.
    Go,
    /// `main`, from its first goroutine on.
    Main,
    /// Given to somebody who calls it some time.
    Callback,
    /// An exported function of a library.
    Exported,
}

/// Where goroutines begin.
#[derive(Clone, Debug)]
pub struct Root {
    /// What.
    pub kind: RootKind,
    /// What runs there.
    pub node: NodeId,
    /// Who starts it, and the line.
    pub started: Option<(NodeId, u32)>,
    /// Order of the `go` statement in its function.
    pub seq: u32,
    /// Several at once.
    pub many: bool,
    /// The function that starts it waits for it.
    pub scoped: bool,
    /// Types of what belongs to one goroutine alone.
    pub own: BTreeSet<TypeId>,
    /// Those of them that its starter was given.
    pub own_given: BTreeSet<TypeId>,
}

impl Root {
    /// True where it is certain that something runs beside the rest of the program.
    pub fn is_strong(&self) -> bool {
        matches!(self.kind, RootKind::Handler | RootKind::Go | RootKind::Main)
    }
}

/// What `main` reaches before and after its first goroutine.
#[derive(Debug, Default)]
pub(super) struct MainPhases {
    /// The root of each `main`.
    root: Option<u32>,
    /// Every `main`.
    pub(super) mains: Vec<NodeId>,
    /// Order of the first event that starts a goroutine, by node.
    first_start: Vec<Option<u32>>,
    phases: Phases,
}

impl MainPhases {
    /// The root, where `main` gets to this point of a node with goroutines running.
    pub(super) fn root_at(&self, node: NodeId, seq: u32) -> Option<u32> {
        let started = self.first_start.get(node.0 as usize).copied().flatten();
        self.root
            .filter(|_| self.phases.is_late(node, seq, started))
    }
}

/// What calls get to before and after something has been started.
#[derive(Debug, Default)]
pub(super) struct Phases {
    pub(super) before: HashSet<NodeId>,
    pub(super) after: HashSet<NodeId>,
}

impl Phases {
    /// Follows calls from these nodes; `start` is the order of the event in a node that starts it.
    pub(super) fn of(
        graph: &Graph,
        from: &[NodeId],
        start: impl Fn(NodeId) -> Option<u32>,
    ) -> Self {
        let mut phases = Self::default();
        let mut open: VecDeque<(NodeId, bool)> = from.iter().map(|&node| (node, false)).collect();
        while let Some((node, late)) = open.pop_front() {
            let seen = match late {
                true => &mut phases.after,
                false => &mut phases.before,
            };
            if !seen.insert(node) {
                continue;
            }
            let start = start(node);
            for link in graph.from(node).filter(|link| link.kind == CallKind::Call) {
                let late = late || start.is_some_and(|start| link.seq > start);
                open.push_back((link.to, late));
            }
        }
        phases
    }

    /// True where this point of a node may come after the start; `start` is the event in that node that starts it.
    pub(super) fn is_late(&self, node: NodeId, seq: u32, start: Option<u32>) -> bool {
        self.after.contains(&node)
            || (self.before.contains(&node) && start.is_some_and(|start| seq > start))
    }
}

/// All roots, what they reach, and the phases of `main`.
pub(super) struct Found {
    pub(super) roots: Vec<Root>,
    pub(super) reach: Vec<Vec<u32>>,
    pub(super) main: MainPhases,
}

pub(super) fn find(program: &Program<'_>, facts: &[Facts], graph: &Graph) -> Found {
    let mut roots = handlers(program, facts, graph);
    roots.extend(started(facts, graph));
    let mut reach: Vec<Vec<u32>> = vec![Vec::new(); graph.len()];
    for (root, id) in roots.iter().zip(0..) {
        spread(graph, root.node, id, &mut reach);
    }
    multiply(&mut roots, graph, &reach);
    let main = main_phases(program, graph, &mut roots);
    let weak = weak(program, graph);
    let strong = roots.len() as u32;
    roots.extend(weak);
    for (root, id) in roots.iter().zip(0u32..).skip(strong as usize) {
        spread(graph, root.node, id, &mut reach);
    }
    Found { roots, reach, main }
}

fn root(kind: RootKind, node: NodeId) -> Root {
    Root {
        kind,
        node,
        started: None,
        seq: 0,
        many: false,
        scoped: false,
        own: BTreeSet::new(),
        own_given: BTreeSet::new(),
    }
}

fn handlers(program: &Program<'_>, facts: &[Facts], graph: &Graph) -> Vec<Root> {
    let mut roots = Vec::new();
    for (own, func) in facts.iter().zip(0..) {
        let func = crate::source::program::FuncId(func);
        let service = program
            .func(func)
            .is_some_and(|def| is_service(program, def));
        for (part, at) in own.parts.iter().zip(0..) {
            if part.handler || (service && at == 0) {
                roots.push(Root {
                    many: true,
                    ..root(RootKind::Handler, graph.node(func, at))
                });
            }
        }
    }
    roots
}

/// A method of a gRPC server: its receiver embeds the generated `UnimplementedXServer`, and it takes a context and a message, or ends
/// in a stream (`X_ListServer`, `grpc.ServerStreamingServer[T]`).
fn is_service(program: &Program<'_>, def: &crate::source::program::FuncDef) -> bool {
    let Some(receiver) = def.receiver else {
        return false;
    };
    let fields = program.fields_of(&Ty::Named(receiver));
    let generated = fields.iter().any(|field| {
        let marked = field.name.starts_with("Unimplemented") || field.name.starts_with("Unsafe");
        field.embedded && marked && field.name.ends_with("Server")
    });
    let takes_context = matches!(def.ty.params.first(), Some(Ty::External(path, name)) if &**path == "context" && &**name == "Context");
    let stream = match def.ty.params.last() {
        Some(Ty::External(_, name)) => name.ends_with("Server"),
        Some(Ty::Named(id)) => program
            .type_def(*id)
            .is_some_and(|def| def.name.ends_with("Server")),
        _ => false,
    };
    let exported = def.name.starts_with(|c: char| c.is_uppercase());
    generated && exported && (takes_context || stream)
}

fn started(facts: &[Facts], graph: &Graph) -> Vec<Root> {
    let links = graph
        .links()
        .iter()
        .filter(|link| link.kind == CallKind::Go);
    let mut roots: Vec<Root> = Vec::new();
    let mut seen = HashSet::new();
    for link in links {
        // What a goroutine is given and calls, at one place or two, is run by that one.
        if !seen.insert((link.from, link.line, link.to)) {
            continue;
        }
        let joined = graph.part_of(link.from).and_then(|(func, part)| {
            let facts = facts.get(func.0 as usize)?;
            let part = facts.parts.get(usize::from(part))?;
            Some(part.joins.iter().any(|&join| join > link.seq))
        });
        roots.push(Root {
            started: Some((link.from, link.line)),
            seq: link.seq,
            many: link.in_loop,
            scoped: joined.unwrap_or(false),
            own: link.own.iter().copied().collect(),
            own_given: link.own_given.iter().copied().collect(),
            ..root(RootKind::Go, link.to)
        });
    }
    roots
}

/// Adds the root to everything its node calls.
fn spread(graph: &Graph, from: NodeId, id: u32, reach: &mut [Vec<u32>]) {
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        let Some(known) = reach.get_mut(node.0 as usize) else {
            continue;
        };
        if known.contains(&id) || known.len() >= MAX_ROOTS {
            continue;
        }
        known.push(id);
        let calls = graph.from(node).filter(|link| link.kind == CallKind::Call);
        open.extend(calls.map(|link| link.to));
    }
}

/// A goroutine started by one of which there are many is one of many, and so is one whose starter is called in a loop. What the
/// starter was given from outside that loop is then no longer its own.
fn multiply(roots: &mut [Root], graph: &Graph, reach: &[Vec<u32>]) {
    let many: Vec<bool> = roots.iter().map(|root| root.many).collect();
    for root in roots.iter_mut() {
        let Some((starter, _)) = root.started else {
            continue;
        };
        let starters = reach.get(starter.0 as usize);
        let by_many = starters.is_some_and(|ids| {
            ids.iter()
                .any(|&id| many.get(id as usize).copied().unwrap_or(false))
        });
        root.many |= by_many;
        for call in graph
            .to(starter)
            .filter(|link| link.kind == CallKind::Call && link.in_loop)
        {
            root.many = true;
            let given = root.own_given.clone();
            root.own
                .retain(|ty| !given.contains(ty) || call.own.contains(ty));
        }
    }
}

fn main_phases(program: &Program<'_>, graph: &Graph, roots: &mut Vec<Root>) -> MainPhases {
    let mut phases = MainPhases {
        first_start: first_starts(graph),
        ..MainPhases::default()
    };
    let mut mains = Vec::new();
    for (def, id) in program.funcs.iter().zip(0..) {
        let package = program.package(def.package);
        let is_main = &*def.name == "main" && package.is_some_and(|package| package.is_main);
        if is_main && def.receiver.is_none() {
            mains.push(graph.node(crate::source::program::FuncId(id), 0));
        }
    }
    let Some(&first) = mains.first() else {
        return phases;
    };
    phases.root = Some(roots.len() as u32);
    roots.push(root(RootKind::Main, first));
    let starts = &phases.first_start;
    phases.phases = Phases::of(graph, &mains, |node| {
        starts.get(node.0 as usize).copied().flatten()
    });
    phases.mains = mains;
    phases
}

/// The order of the first event in a node that leaves goroutines running behind it: those that are waited for do not count.
fn first_starts(graph: &Graph) -> Vec<Option<u32>> {
    let mut first: Vec<Option<u32>> = vec![None; graph.len()];
    let mut open = Vec::new();
    let mark = |first: &mut Vec<Option<u32>>, node: NodeId, seq: u32, open: &mut Vec<NodeId>| {
        if let Some(slot) = first.get_mut(node.0 as usize) {
            if slot.is_none() {
                open.push(node);
            }
            *slot = Some(slot.map_or(seq, |known| known.min(seq)));
        }
    };
    for link in graph
        .links()
        .iter()
        .filter(|link| link.kind == CallKind::Go)
    {
        mark(&mut first, link.from, link.seq, &mut open);
    }
    for &(node, seq) in &graph.servers {
        mark(&mut first, node, seq, &mut open);
    }
    while let Some(node) = open.pop() {
        let callers: Vec<&Link> = graph
            .to(node)
            .filter(|link| link.kind == CallKind::Call)
            .collect();
        for link in callers {
            mark(&mut first, link.from, link.seq, &mut open);
        }
    }
    first
}

/// Functions that somebody may call some time: those given away, and what a library exports.
fn weak(program: &Program<'_>, graph: &Graph) -> Vec<Root> {
    let mut nodes: BTreeSet<(NodeId, RootKind)> = graph
        .links()
        .iter()
        .filter(|link| link.kind == CallKind::Callback)
        .map(|link| (link.to, RootKind::Callback))
        .collect();
    for (def, id) in program.funcs.iter().zip(0..) {
        let exported = def.name.starts_with(|c: char| c.is_uppercase());
        let package = program.package(def.package);
        let library = package.is_some_and(|package| !package.is_main);
        if exported && library && def.decl.is_some() {
            let node = graph.node(crate::source::program::FuncId(id), 0);
            nodes.insert((node, RootKind::Exported));
        }
    }
    nodes
        .into_iter()
        .map(|(node, kind)| root(kind, node))
        .collect()
}

/// Types of which more than one goroutine may hold the same value: what package variables, handlers and captured variables are made
/// of.
pub(super) fn shared_types(
    program: &Program<'_>,
    facts: &[Facts],
    graph: &Graph,
) -> HashSet<TypeId> {
    let mut open: Vec<TypeId> = facts
        .iter()
        .flat_map(|facts| facts.shared.iter().copied())
        .collect();
    for var in &program.vars {
        named_in(&var.ty, &mut open);
    }
    for root in handlers(program, facts, graph) {
        let func = graph
            .part_of(root.node)
            .and_then(|(func, _)| program.func(func));
        open.extend(func.and_then(|func| func.receiver));
    }
    let given = graph
        .links()
        .iter()
        .filter(|link| link.kind == CallKind::Callback);
    let given = given.filter_map(|link| graph.part_of(link.to));
    open.extend(given.filter_map(|(func, _)| program.func(func)?.receiver));
    let mut shared = HashSet::new();
    while let Some(id) = open.pop() {
        if !shared.insert(id) {
            continue;
        }
        if let Some(def) = program.type_def(id) {
            named_in(&def.ty, &mut open);
        }
    }
    shared
}
