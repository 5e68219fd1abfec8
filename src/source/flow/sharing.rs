//! Which goroutines can know one and the same value.
//!
//! Fields count by type, so goroutines that each have an object of their own look as if they met at its maps. Here what a goroutine was
//! given is followed down its calls: an access is reached from package variables, from variables that its goroutine shares with
//! others, or from nothing that anybody else is known to have. [`super::super::pairs`] asks [`Analysis::common`] for both sides.

use super::graph::NodeId;
use super::roots::{Root, RootKind};
use super::{Analysis, Use};
use crate::source::facts::{Argument, CallKind, Facts, LocalFacts, Origin, Place};
use crate::source::program::{FuncId, Ty, TypeId, VarId};
use crate::source::walk::MAX_ORIGIN_STEPS;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
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
    params: HashMap<NodeId, Vec<(u16, Tie)>>,
}

impl Analysis<'_> {
    /// What an access is reached from that others may know, too.
    pub fn common(&self, used: &Use, whose: Whose) -> BTreeSet<Tie> {
        let (Some((_, _, func)), Some(access), Some(known)) =
            (self.part(used.node), self.access(used), self.known(whose))
        else {
            return BTreeSet::new();
        };
        known.common(self, func, access.from).into_iter().collect()
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
        };
        for (at, common) in known.given(analysis, root) {
            known.add(node, at, common);
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

    fn add(&mut self, node: NodeId, at: u16, common: Tie) -> bool {
        let known = self.params.entry(node).or_default();
        let is_new = known.len() < MAX_COMMON && !known.contains(&(at, common));
        if is_new {
            known.push((at, common));
        }
        is_new
    }

    /// Down the calls, until nothing new comes to any parameter.
    fn spread(&mut self, analysis: &Analysis<'_>, from: NodeId) {
        let mut seen = HashSet::from([from]);
        let mut open = VecDeque::from([from]);
        while let Some(node) = open.pop_front() {
            let Some((_, _, func)) = analysis.part(node) else {
                continue;
            };
            for link in analysis
                .links(node)
                .filter(|link| link.kind == CallKind::Call)
            {
                let mut changed = seen.insert(link.to);
                for (arg, at) in link.args.iter().zip(0..).filter(|(arg, _)| !arg.fresh) {
                    for common in self.common(analysis, func, arg.from) {
                        changed |= self.add(link.to, at, common);
                    }
                }
                if changed {
                    open.push_back(link.to);
                }
            }
        }
    }

    fn common(&self, analysis: &Analysis<'_>, func: FuncId, mut from: Origin) -> Vec<Tie> {
        let (mut ties, mut put) = (Vec::new(), false);
        let Some(facts) = analysis.facts.get(func.0 as usize) else {
            return ties;
        };
        for _ in 0..MAX_ORIGIN_STEPS {
            let id = match from {
                Origin::Unknown => break,
                Origin::Global(id) => {
                    ties.extend(global(analysis, id, put));
                    break;
                }
                Origin::Local(id) => id,
            };
            let Some(local) = facts.locals.get(id as usize) else {
                break;
            };
            let further = if !self.is_inside(facts, func, local.part) {
                Some(self.handed(analysis, func, id))
            } else {
                local.param.map(|at| {
                    let known = self.params.get(&analysis.node(func, local.part));
                    let known = known.into_iter().flatten();
                    known
                        .filter(|(to, _)| *to == at)
                        .map(|(_, tie)| *tie)
                        .collect()
                })
            };
            if let Some(further) = further {
                ties.extend(further.into_iter().map(|tie| Tie {
                    put: put || tie.put,
                    ..tie
                }));
                break;
            }
            if self.gives {
                ties.push(Tie {
                    to: named(func, id, local),
                    put,
                });
            }
            put |= local.from == Origin::Unknown;
            from = local.reached_from();
        }
        ties
    }

    /// False for what the goroutine captured.
    fn is_inside(&self, facts: &Facts, func: FuncId, part: u16) -> bool {
        let mut part = Some(part);
        while let Some(at) = part.filter(|_| func == self.start.0) {
            if at == self.start.1 {
                return true;
            }
            part = facts
                .parts
                .get(usize::from(at))
                .and_then(|part| part.parent);
        }
        func != self.start.0
    }
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
            found.extend(known.common(analysis, func, Origin::Local(variable)));
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
