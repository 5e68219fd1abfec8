//! Which goroutines can know one and the same value.
//!
//! Fields count by type, so goroutines that each have an object of their own look as if they met at its maps. Here what a goroutine was
//! given is followed down its calls: an access is reached from package variables, from variables that its goroutine shares with
//! others, or from nothing that anybody else is known to have. [`super::super::pairs`] asks [`Analysis::common`] for both sides.

use super::entry;
use super::graph::{Link, NodeId};
use super::roots::{Root, RootKind};
use super::{Analysis, Use};
use crate::source::facts::{Argument, CallKind, Facts, Held, LocalFacts, Origin, Part, Place};
use crate::source::program::{FuncId, Program, Ty, TypeId, VarId};
use crate::source::walk::MAX_ORIGIN_STEPS;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// Things that one parameter is reached from; a helper for everything has more, and then they tell nothing.
const MAX_COMMON: usize = 12;

/// What two goroutines may have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Common {
    /// A package variable.
    Global(VarId),
    /// An object of this type.
    Object(TypeId),
    /// A variable of a function, and the struct that it is or points to.
    Variable(FuncId, u32, Option<TypeId>),
}

/// What an access is reached from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tie {
    /// What.
    pub to: Common,
    /// It was put in there, by whoever made it; otherwise it was found there.
    pub put: bool,
}

impl Tie {
    /// True where both may lead to one value. Two that were each put into the same container are two; what two functions made for
    /// themselves are two as well.
    pub fn meets(self, other: Tie) -> bool {
        let same = match (self.to, other.to) {
            (Common::Variable(.., Some(ty)), Common::Object(object))
            | (Common::Object(object), Common::Variable(.., Some(ty))) => ty == object,
            (one, other) => one == other,
        };
        same && !(self.put && other.put)
    }
}

/// An interface with more implementations than this is called for so many things that one of them says little.
const FEW_IMPLEMENTATIONS: u32 = 4;

/// Calls of which only the interface is known, not which of its implementations it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guesses {
    /// All of them.
    pub all: u32,
    /// Those among many implementations.
    pub wide: u32,
}

impl Guesses {
    fn with(self, link: &Link) -> Self {
        Self {
            all: self.all + u32::from(link.choices > 1),
            wide: self.wide + u32::from(link.choices > FEW_IMPLEMENTATIONS),
        }
    }
}

/// How a goroutine comes to a value that others may know.
///
/// Locks and guesses are those of the calls that this tie came along: a function that is also called for other objects, without
/// their locks, does not make this one's locks forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// What it is reached from.
    pub tie: Tie,
    /// Locks held whenever it comes along.
    pub locks: Vec<Held>,
    /// The fewest on the way.
    pub guesses: Guesses,
}

/// Whose accesses are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// A root's goroutine, beside others.
    Goroutine(u32),
    /// The goroutines of one root, among themselves.
    Siblings(u32),
    /// The function that starts a root's goroutine.
    Starter(u32),
}

impl Whose {
    fn root(self) -> u32 {
        match self {
            Whose::Goroutine(id) | Whose::Siblings(id) | Whose::Starter(id) => id,
        }
    }
}

/// What the parameters of all functions that a goroutine comes to are reached from.
pub(super) struct Known {
    whose: Whose,
    /// Where it begins.
    start: (FuncId, u16),
    /// Its own variables may be known to goroutines that it starts.
    gives: bool,
    params: HashMap<NodeId, Vec<(u16, Way)>>,
    /// The fewest guesses on the way to each function.
    guesses: HashMap<NodeId, Guesses>,
}

impl Analysis<'_> {
    /// What an access is reached from that others may know, too, and how.
    pub fn common(&self, used: &Use, whose: Whose) -> Vec<Way> {
        let (Some(access), Some(known)) = (self.access(used), self.known(whose)) else {
            return Vec::new();
        };
        known.common(self, (used.node, access.seq), access.from)
    }

    /// The fewest guesses on the way to a use, whatever it is reached from.
    pub fn guesses(&self, used: &Use, whose: Whose) -> Guesses {
        let known = self.known(whose);
        let guesses = known.and_then(|known| known.guesses.get(&used.node).copied());
        guesses.unwrap_or_default()
    }

    /// Made when asked for; while it is being made, nothing is known.
    fn known(&self, whose: Whose) -> Option<Arc<Known>> {
        if let Some(known) = self.known.borrow().get(&whose) {
            return known.clone();
        }
        self.known.borrow_mut().insert(whose, None);
        let known = Known::of(self, whose).map(Arc::new);
        self.known.borrow_mut().insert(whose, known.clone());
        known
    }
}

impl Known {
    fn of(analysis: &Analysis<'_>, whose: Whose) -> Option<Self> {
        let root = analysis.roots.get(whose.root() as usize)?;
        let node = match whose {
            Whose::Starter(_) => root.started?.0,
            _ => root.node,
        };
        let (_, _, func) = analysis.part(node)?;
        let mut known = Self {
            whose,
            start: (func, analysis.part_number(node)?),
            gives: root.kind == RootKind::Main || matches!(whose, Whose::Starter(_)),
            params: HashMap::new(),
            guesses: guesses_from(analysis, node),
        };
        for (at, tie) in known.given(analysis, root) {
            let way = known.way(analysis, node, tie);
            known.add(node, at, way);
        }
        known.spread(analysis, node);
        Some(known)
    }

    /// What the first function is given.
    fn given(&self, analysis: &Analysis<'_>, root: &Root) -> Vec<(u16, Tie)> {
        let (func, part) = self.start;
        let is_receiver = root.kind == RootKind::Handler && part == 0;
        if is_receiver {
            let def = analysis.program.func(func);
            let receiver = def.and_then(|def| def.receiver);
            return receiver
                .map(|ty| (0, found(Common::Object(ty))))
                .into_iter()
                .collect();
        }
        if self.gives {
            let params = analysis.facts.get(func.0 as usize).into_iter();
            let params = params.flat_map(|facts| facts.locals.iter().zip(0..));
            let own = params.filter(|(local, _)| local.part == part);
            return own
                .filter_map(|(local, id)| Some((local.param?, found(named(func, id, local)))))
                .collect();
        }
        let Some((starter, line)) = root.started else {
            return Vec::new();
        };
        let Some((_, _, of)) = analysis.part(starter) else {
            return Vec::new();
        };
        let start = analysis.links(starter).find(|link| {
            link.kind == CallKind::Go
                && (link.to, link.line, link.seq) == (root.node, line, root.seq)
        });
        let args = start.map_or(&[][..], |link| &link.args).iter().zip(0u16..);
        let given = args.flat_map(|(arg, at)| {
            let common = match arg.from {
                Origin::Unknown => Vec::new(),
                Origin::Global(id) => global(analysis, id, false),
                // `go work(parts[i])`: an element for each.
                Origin::Local(_) if is_element(arg, self.whose) => Vec::new(),
                Origin::Local(id) => self.handed(analysis, of, id),
            };
            common.into_iter().map(move |common| (at, common))
        });
        given.collect()
    }

    /// What a variable around the `go` statement, or an argument of it, gives the goroutine to share.
    fn handed(&self, analysis: &Analysis<'_>, func: FuncId, id: u32) -> Vec<Tie> {
        match self.whose {
            Whose::Siblings(root) => among(analysis, root, func, id),
            _ => chain(analysis, func, id),
        }
    }

    /// A tie that holds from a function on.
    fn way(&self, analysis: &Analysis<'_>, node: NodeId, tie: Tie) -> Way {
        let root = match self.whose {
            Whose::Starter(_) => None,
            Whose::Goroutine(id) | Whose::Siblings(id) => Some(id),
        };
        Way {
            tie,
            locks: analysis.locks_at(node, root),
            guesses: self.guesses.get(&node).copied().unwrap_or_default(),
        }
    }

    /// Notes a way to a parameter; true where it tells something new. Of two ways by one tie what both are sure of is kept.
    fn add(&mut self, node: NodeId, at: u16, way: Way) -> bool {
        let known = self.params.entry(node).or_default();
        let same = known
            .iter_mut()
            .find(|(to, old)| *to == at && old.tie == way.tie);
        let Some((_, old)) = same else {
            let is_new = known.len() < MAX_COMMON;
            if is_new {
                known.push((at, way));
            }
            return is_new;
        };
        let both = Way {
            tie: way.tie,
            locks: entry::common(&old.locks, &way.locks),
            guesses: old.guesses.min(way.guesses),
        };
        let changed = *old != both;
        *old = both;
        changed
    }

    /// Down the calls, until nothing new comes to any parameter.
    fn spread(&mut self, analysis: &Analysis<'_>, from: NodeId) {
        let mut seen = HashSet::from([from]);
        let mut open = VecDeque::from([from]);
        while let Some(node) = open.pop_front() {
            for link in analysis
                .links(node)
                .filter(|link| link.kind == CallKind::Call)
            {
                let mut changed = seen.insert(link.to);
                for (arg, at) in link.args.iter().zip(0..).filter(|(arg, _)| !arg.fresh) {
                    for way in self.common(analysis, (node, link.seq), arg.from) {
                        changed |= self.add(link.to, at, along(way, link));
                    }
                }
                if changed {
                    open.push_back(link.to);
                }
            }
        }
    }

    /// What a value is reached from, at this point of a function.
    fn common(
        &self,
        analysis: &Analysis<'_>,
        (node, seq): (NodeId, u32),
        mut from: Origin,
    ) -> Vec<Way> {
        let (mut ways, mut put) = (Vec::new(), false);
        let (Some((facts, part, func)), Some(here)) =
            (analysis.part(node), analysis.part_number(node))
        else {
            return ways;
        };
        let begins = |ties: Vec<Tie>, put: bool| {
            let ties = ties.into_iter().map(move |tie| Tie {
                put: put || tie.put,
                ..tie
            });
            ties.map(|tie| self.way(analysis, node, tie))
        };
        for _ in 0..MAX_ORIGIN_STEPS {
            let id = match from {
                Origin::Unknown => break,
                Origin::Global(id) => {
                    ways.extend(begins(global(analysis, id, false), put));
                    break;
                }
                Origin::Local(id) => id,
            };
            let Some(local) = facts.locals.get(id as usize) else {
                break;
            };
            if self.is_captured(facts, func, here, local.part) {
                ways.extend(begins(self.handed(analysis, func, id), put));
                break;
            }
            if let Some(at) = local.param {
                let known = self.params.get(&analysis.node(func, local.part));
                let known = known.into_iter().flatten();
                ways.extend(known.filter(|(to, _)| *to == at).map(|(_, way)| Way {
                    tie: Tie {
                        put: put || way.tie.put,
                        ..way.tie
                    },
                    ..way.clone()
                }));
                break;
            }
            if self.gives {
                ways.extend(begins(vec![found(named(func, id, local))], put));
            }
            if here == local.part && is_unpublished(part, local, seq) {
                break;
            }
            put |= local.from == Origin::Unknown;
            from = local.reached_from();
        }
        ways
    }

    /// True for a variable of a part around the goroutine's first one, seen from a part of that function: unless it is that part
    /// itself, which the goroutine has called, with variables of its own.
    fn is_captured(&self, facts: &Facts, func: FuncId, here: u16, part: u16) -> bool {
        let (start, first) = self.start;
        if func != start || here == part {
            return false;
        }
        let parent = |part: u16| facts.parts.get(usize::from(part))?.parent;
        let mut around = parent(first);
        while let Some(at) = around {
            if at == part {
                return true;
            }
            around = parent(at);
        }
        false
    }
}

/// True where a value that was made here has not been put anywhere yet: until then it is being built, and its maker's alone.
fn is_unpublished(part: &Part, local: &LocalFacts, seq: u32) -> bool {
    let again = part.loops.iter().any(|&(start, end)| {
        let around = |seq: u32| start < seq && seq < end;
        around(seq) && around(local.put_at) && !around(local.seq)
    });
    local.from == Origin::Unknown && seq < local.put_at && !again
}

/// A way, one call further.
fn along(way: Way, link: &Link) -> Way {
    let mut way = way;
    way.guesses = way.guesses.with(link);
    for held in &link.held {
        if !way.locks.iter().any(|known| known.lock == held.lock) {
            way.locks.push(held.clone());
        }
    }
    way
}

/// The fewest guesses on the way from a function to those that it calls.
fn guesses_from(analysis: &Analysis<'_>, from: NodeId) -> HashMap<NodeId, Guesses> {
    let mut fewest: HashMap<NodeId, Guesses> = HashMap::new();
    let mut open = VecDeque::from([(from, Guesses::default())]);
    while let Some((node, guesses)) = open.pop_front() {
        if fewest.get(&node).is_some_and(|&known| known <= guesses) {
            continue;
        }
        fewest.insert(node, guesses);
        for link in analysis
            .links(node)
            .filter(|link| link.kind == CallKind::Call)
        {
            let next = (link.to, guesses.with(link));
            match link.choices > 1 {
                true => open.push_back(next),
                false => open.push_front(next),
            }
        }
    }
    fewest
}

/// Types that fields or package variables keep lists, maps or channels of.
pub(super) fn plural_types(program: &Program<'_>) -> HashSet<TypeId> {
    let fields = program.types.iter().map(|def| &def.ty);
    let mut open: Vec<(&Ty, bool)> = fields.map(|ty| (ty, false)).collect();
    open.extend(program.vars.iter().map(|var| (&var.ty, false)));
    let mut plural = HashSet::new();
    while let Some((ty, kept)) = open.pop() {
        match ty {
            Ty::Named(id) if kept => {
                plural.insert(*id);
            }
            Ty::Pointer(of) => open.push((of, kept)),
            Ty::List(of) | Ty::Chan(of) => open.push((of, true)),
            Ty::Map(of) => open.extend([(&of.0, true), (&of.1, true)]),
            Ty::Struct(fields) => open.extend(fields.iter().map(|field| (&field.ty, kept))),
            _ => {}
        }
    }
    plural
}

fn is_element(arg: &Argument, whose: Whose) -> bool {
    matches!(whose, Whose::Siblings(_)) && matches!(arg.place, Some(Place::Element(_)))
}

fn found(to: Common) -> Tie {
    Tie { to, put: false }
}

/// A package variable, and the object that it is: its methods know it as their receiver.
fn global(analysis: &Analysis<'_>, id: VarId, put: bool) -> Vec<Tie> {
    let ty = analysis
        .program
        .var(id)
        .map(|var| analysis.program.pointee(&var.ty));
    let object = match ty {
        Some(Ty::Named(ty)) => Some(Common::Object(ty)),
        _ => None,
    };
    let ties = object.into_iter().chain([Common::Global(id)]);
    ties.map(|to| Tie { to, put }).collect()
}

/// A parameter is whatever callers have of its type; any other variable is itself.
fn named(func: FuncId, id: u32, local: &LocalFacts) -> Common {
    match (local.ty, local.param) {
        (Some(ty), Some(_)) => Common::Object(ty),
        (ty, _) => Common::Variable(func, id, ty),
    }
}

/// A variable and all that it is a part of.
fn chain(analysis: &Analysis<'_>, func: FuncId, id: u32) -> Vec<Tie> {
    let (mut ties, mut put) = (Vec::new(), false);
    let facts = analysis.facts.get(func.0 as usize);
    let mut from = Origin::Local(id);
    for _ in 0..MAX_ORIGIN_STEPS {
        let id = match from {
            Origin::Unknown => break,
            Origin::Global(id) => {
                ties.extend(global(analysis, id, put));
                break;
            }
            Origin::Local(id) => id,
        };
        let Some(local) = facts.and_then(|facts| facts.locals.get(id as usize)) else {
            break;
        };
        ties.push(Tie {
            to: named(func, id, local),
            put,
        });
        put |= local.from == Origin::Unknown;
        from = local.reached_from();
    }
    ties
}

/// What the goroutines of one root share through a variable of their starter: one from outside the loop that starts them, or one
/// that several calls of the starter were given.
fn among(analysis: &Analysis<'_>, id: u32, func: FuncId, variable: u32) -> Vec<Tie> {
    let Some(root) = analysis.roots.get(id as usize) else {
        return Vec::new();
    };
    let Some((starter, _)) = root.started else {
        return chain(analysis, func, variable);
    };
    if let Some(outside) = is_outside(analysis, starter, root.seq, variable) {
        return match outside {
            true => chain(analysis, func, variable),
            false => Vec::new(),
        };
    }
    let mut found = Vec::new();
    let facts = analysis.facts.get(func.0 as usize);
    let local = facts.and_then(|facts| facts.locals.get(variable as usize));
    let param = local.and_then(|local| local.param);
    let calls = analysis.graph.to(starter);
    let repeated = calls.filter(|link| link.kind == CallKind::Call && link.in_loop);
    for link in repeated {
        let arg = param.and_then(|at| link.args.get(usize::from(at)));
        match (arg.map(|arg| arg.from), analysis.part(link.from)) {
            (Some(Origin::Global(id)), _) => found.extend(global(analysis, id, false)),
            (Some(Origin::Local(id)), Some((_, _, caller)))
                if is_outside(analysis, link.from, link.seq, id) == Some(true) =>
            {
                found.extend(chain(analysis, caller, id));
            }
            _ => {}
        }
    }
    // A variable that each call of the starter makes anew is another one each time, wherever it is put.
    if local.is_none_or(|local| {
        local.param.is_none()
            && local.from == Origin::Unknown
            && analysis.part_number(starter) == Some(local.part)
    }) {
        return found;
    }
    for &other in analysis.roots_of(starter) {
        let many = analysis.roots.get(other as usize);
        if other == id || !many.is_some_and(|root| root.is_strong() && root.many) {
            continue;
        }
        if let Some(known) = analysis.known(Whose::Siblings(other)) {
            let ways = known.common(analysis, (starter, root.seq), Origin::Local(variable));
            found.extend(ways.into_iter().map(|way| way.tie));
        }
    }
    found
}

/// True for a variable from outside the innermost loop around an event of a node; `None` where there is no loop.
fn is_outside(analysis: &Analysis<'_>, node: NodeId, seq: u32, variable: u32) -> Option<bool> {
    let (facts, part, _) = analysis.part(node)?;
    let around = part.loops.iter();
    let around = around.filter(|(start, end)| *start < seq && seq < *end);
    let (start, _) = around.max()?;
    let local = facts.locals.get(variable as usize)?;
    Some(local.seq < *start || analysis.part_number(node) != Some(local.part))
}
