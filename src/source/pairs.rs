//! Two lines at one map: do locks keep them apart, and can they run at the same time?
//!
//! `triage::suspects` asks [`maps`] for every map with its uses, [`relation`] for the locks of two of them and [`clash`] for the
//! goroutines that may bring them together.

mod common;

use super::facts::{Access, CallKind, Held, Place};
use super::flow::{Analysis, NodeId, Root, RootKind, Use, named_in};
use super::program::{FuncId, Program, Ty, TypeId};
use common::in_common;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

/// Functions looked at behind a `go` statement for what its starter goes on to do.
const MAX_CONTINUATION: usize = 2_000;

/// A map and everything that is done with it.
#[derive(Clone, Debug)]
pub struct MapUses {
    /// Which map.
    pub place: Place,
    /// In the order of the files.
    pub uses: Vec<Use>,
}

/// What locks have to say about two uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// A common lock, at least one of them holding it alone.
    Guarded,
    /// Neither holds a lock.
    Unguarded,
    /// One holds a lock, the other none. True for the left one.
    OneSided(Held, bool),
    /// Both hold locks, but none in common.
    Different(Held, Held),
    /// The common lock is held for reading only, and one of them writes.
    ReadLocked(Held),
}

/// Two goroutines that may be at both uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// The root of the left use; `None` where it is the very code that started the other goroutine.
    pub left: Option<u32>,
    /// The root of the right use; the same for it.
    pub right: Option<u32>,
    /// Both roots are certain to run.
    pub strong: bool,
}

/// Who gets the benefit of the doubt where it is not known whether two goroutines have the same object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The suspicion: the program has crashed, so somebody did it.
    Crashed,
    /// The code: nothing has happened yet.
    Keeps,
}

/// Every map of the module with its uses, by place.
pub fn maps(analysis: &Analysis<'_>) -> Vec<MapUses> {
    let mut by_place: BTreeMap<Place, Vec<Use>> = BTreeMap::new();
    for (place, used) in analysis.uses() {
        by_place.entry(place).or_default().push(used);
    }
    by_place
        .into_iter()
        .map(|(place, uses)| MapUses { place, uses })
        .collect()
}

/// How locks stand between two uses, of which one writes.
pub fn relation(left: (&Use, &Access), right: (&Use, &Access)) -> Relation {
    let (a, b) = (&left.0.locks, &right.0.locks);
    let is_claim = |held: &Held| held.lock.is_none();
    if a.iter().chain(b).any(is_claim) {
        return Relation::Guarded;
    }
    let mut read_locked = None;
    for held in a {
        let Some(other) = b.iter().find(|other| other.lock == held.lock) else {
            continue;
        };
        // Whoever holds it alone keeps everybody out; two readers let each other in. Where it is not certain how it is held, it is
        // given the benefit of the doubt.
        let alone = held.exclusive || other.exclusive;
        let doubtful = !held.certain || !other.certain;
        if alone || doubtful || !(left.1.op.writes() || right.1.op.writes()) {
            return Relation::Guarded;
        }
        read_locked.get_or_insert_with(|| held.clone());
    }
    if let Some(held) = read_locked {
        return Relation::ReadLocked(held);
    }
    match (a.first(), b.first()) {
        (None, None) => Relation::Unguarded,
        (Some(held), None) => Relation::OneSided(held.clone(), true),
        (None, Some(held)) => Relation::OneSided(held.clone(), false),
        (Some(left), Some(right)) => Relation::Different(left.clone(), right.clone()),
    }
}

/// How two uses of a map clash: the goroutines that may bring them together and the locks these hold there, the most certain ones;
/// `None` where there are none, or locks keep them apart.
pub fn clash(
    analysis: &Analysis<'_>,
    place: &Place,
    left: (&Use, &Access),
    right: (&Use, &Access),
    doubt: Doubt,
) -> Option<(Relation, Meeting)> {
    if relation(left, right) == Relation::Guarded {
        return None;
    }
    let mut best: Option<(Relation, Meeting)> = None;
    for (l, r) in meetings(analysis, place, left.0, right.0) {
        let meeting = beside(analysis, l, r);
        let known = best.as_ref();
        let no_better = known.is_some_and(|(_, best)| best.strong || !meeting.strong);
        if no_better || (doubt == Doubt::Keeps && !meeting.strong) {
            continue;
        }
        let locked = (
            analysis.used_from(left.0, l),
            analysis.used_from(right.0, r),
        );
        let (left, right) = ((&locked.0, left.1), (&locked.1, right.1));
        let mut relation = relation(left, right);
        if relation != Relation::Guarded && doubt == Doubt::Keeps {
            match in_common(analysis, place, (left, l), (right, r)) {
                Some(known) => relation = known,
                None => continue,
            }
        }
        if relation != Relation::Guarded {
            best = Some((relation, meeting));
        }
    }
    best
}

/// Roots whose goroutines may be at both uses at once; `None` is the code that starts the other one.
fn meetings(
    analysis: &Analysis<'_>,
    place: &Place,
    left: &Use,
    right: &Use,
) -> Vec<(Option<u32>, Option<u32>)> {
    let mut found = Vec::new();
    for &r in &right.roots {
        if goes_on_beside(analysis, place, left, r) {
            found.push((None, Some(r)));
        }
    }
    for &l in &left.roots {
        if goes_on_beside(analysis, place, right, l) {
            found.push((Some(l), None));
        }
        for &r in &right.roots {
            if can_meet(analysis, place, (left, right), (l, r)) {
                found.push((Some(l), Some(r)));
            }
        }
    }
    found
}

fn beside(analysis: &Analysis<'_>, left: Option<u32>, right: Option<u32>) -> Meeting {
    let strong =
        |id: Option<u32>| id.is_none_or(|id| root(analysis, id).is_some_and(Root::is_strong));
    Meeting {
        left,
        right,
        strong: strong(left) && strong(right),
    }
}

fn root<'a>(analysis: &'a Analysis<'_>, id: u32) -> Option<&'a Root> {
    analysis.roots.get(id as usize)
}

/// True where goroutines of these roots can be at one map of this place at once.
fn can_meet(
    analysis: &Analysis<'_>,
    place: &Place,
    uses: (&Use, &Use),
    (l, r): (u32, u32),
) -> bool {
    let (Some(left), Some(right)) = (root(analysis, l), root(analysis, r)) else {
        return false;
    };
    if let Some((func, local)) = variable_of(place)
        && !(reaches_variable(analysis, left, func, local)
            && reaches_variable(analysis, right, func, local)
            && is_beyond(analysis, left, uses.0, func)
            && is_beyond(analysis, right, uses.1, func))
    {
        return false;
    }
    // Callers of a library may or may not call it at once: nothing follows from two of them alone.
    if !left.is_strong() && !right.is_strong() {
        return false;
    }
    if l == r {
        return left.many && !is_own(analysis, (l, left), place);
    }
    // Started by the same statement in different guises, or the same function started at different places: two goroutines.
    !waits_for(analysis, left, (r, right)) && !waits_for(analysis, right, (l, left))
}

/// True where `other` is what starts `scoped` and waits for its end.
fn waits_for(analysis: &Analysis<'_>, scoped: &Root, (id, other): (u32, &Root)) -> bool {
    let Some((starter, _)) = scoped.started.filter(|_| scoped.scoped) else {
        return false;
    };
    // Siblings that one function starts run beside each other, unless it waits for the first before it starts the second.
    if other.started.is_some_and(|(other, _)| other == starter) {
        return analysis.part(starter).is_some_and(|(_, part, _)| {
            let mut joins = part.joins.iter();
            joins.any(|&join| scoped.seq < join && join < other.seq)
        });
    }
    if other.many {
        return false;
    }
    if other.kind == RootKind::Exported || other.node == starter {
        return true;
    }
    other.kind == RootKind::Main || analysis.roots_of(starter).contains(&id)
}

/// Nodes that are called from these, they themselves included.
fn continuation(analysis: &Analysis<'_>, from: Vec<NodeId>) -> HashSet<NodeId> {
    let mut seen: HashSet<NodeId> = HashSet::new();
    let mut open: VecDeque<NodeId> = from.into();
    while let Some(node) = open.pop_front() {
        if seen.len() >= MAX_CONTINUATION || !seen.insert(node) {
            continue;
        }
        let calls = analysis.links(node);
        open.extend(
            calls
                .filter(|link| link.kind == CallKind::Call)
                .map(|link| link.to),
        );
    }
    seen
}

/// The variable of a function that a place is or hangs on.
fn variable_of(place: &Place) -> Option<(FuncId, u32)> {
    match place {
        Place::Local(func, id) => Some((*func, *id)),
        Place::Part(of, _) | Place::Element(of) => variable_of(of),
        _ => None,
    }
}

/// The named struct whose field a place is or hangs on.
fn owner_of(place: &Place) -> Option<TypeId> {
    match place {
        Place::Field(owner, _) => Some(*owner),
        Place::Part(of, _) | Place::Element(of) => owner_of(of),
        _ => None,
    }
}

/// True where a goroutine was given the variable: it was started in the variable's function, outside of what it runs itself.
fn reaches_variable(analysis: &Analysis<'_>, root: &Root, func: FuncId, local: u32) -> bool {
    let Some((starter, _)) = root.started else {
        return false;
    };
    let Some((facts, _, of)) = analysis.part(starter) else {
        return false;
    };
    let declared = facts.locals.get(local as usize).map(|local| local.part);
    let runs = analysis
        .part(root.node)
        .filter(|(_, _, runs)| *runs == func);
    let own = runs.and_then(|_| analysis.part_number(root.node));
    of == func && (own.is_none() || own != declared)
}

/// False for a use in the variable's own function: a goroutine that comes there by a call has made a variable of its own.
fn is_beyond(analysis: &Analysis<'_>, root: &Root, used: &Use, func: FuncId) -> bool {
    let (Some((facts, _, of)), Some((_, _, runs))) =
        (analysis.part(used.node), analysis.part(root.node))
    else {
        return true;
    };
    if of != func {
        return true;
    }
    let mut part = analysis.part_number(used.node);
    while let Some(at) = part.filter(|_| runs == func) {
        if Some(at) == analysis.part_number(root.node) {
            return true;
        }
        part = facts
            .parts
            .get(usize::from(at))
            .and_then(|part| part.parent);
    }
    false
}

/// True where every goroutine of the root has a map of its own there.
fn is_own(analysis: &Analysis<'_>, (id, root): (u32, &Root), place: &Place) -> bool {
    if let (Some((func, local)), Some((starter, _))) = (variable_of(place), root.started) {
        let Some((facts, part, of)) = analysis.part(starter) else {
            return false;
        };
        let declared = facts
            .locals
            .get(local as usize)
            .map_or(0, |local| local.seq);
        // Declared inside the loop around the `go` statement: one for each turn.
        let around = part
            .loops
            .iter()
            .filter(|(start, end)| *start < root.seq && root.seq < *end);
        return of == func
            && around
                .into_iter()
                .any(|(start, end)| *start <= declared && declared < *end);
    }
    let Some(owner) = owner_of(place) else {
        return false;
    };
    let known = analysis.owned.get(id as usize);
    known.is_some_and(|known| {
        known
            .get_or_init(|| owned(analysis, &root.own))
            .contains(&owner)
    })
}

/// The types that hang on a goroutine's own values: what they are made of, except what leads back to them.
fn owned(analysis: &Analysis<'_>, own: &BTreeSet<TypeId>) -> BTreeSet<TypeId> {
    let mut found: BTreeSet<TypeId> = own.clone();
    let mut open: Vec<TypeId> = own.iter().copied().collect();
    while let Some(id) = open.pop() {
        let Some(def) = analysis.program.type_def(id) else {
            continue;
        };
        let mut parts = Vec::new();
        named_in(&def.ty, &mut parts);
        for part in parts {
            if !found.contains(&part) && !leads_to(analysis, part, own) {
                found.insert(part);
                open.push(part);
            }
        }
    }
    found
}

fn leads_to(analysis: &Analysis<'_>, from: TypeId, to: &BTreeSet<TypeId>) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        if !seen.insert(id) || seen.len() > 200 {
            continue;
        }
        if to.contains(&id) {
            return true;
        }
        if let Some(def) = analysis.program.type_def(id) {
            named_in(&def.ty, &mut open);
        }
    }
    false
}

/// True where the code that starts the root's goroutine gets to this use while the goroutine runs.
fn goes_on_beside(analysis: &Analysis<'_>, place: &Place, at: &Use, id: u32) -> bool {
    let Some(root) = root(analysis, id) else {
        return false;
    };
    let Some((starter, _)) = root.started else {
        return false;
    };
    if let Some((func, local)) = variable_of(place)
        && !reaches_variable(analysis, root, func, local)
    {
        return false;
    }
    let Some((facts, part, _)) = analysis.part(starter) else {
        return false;
    };
    let variable = variable_of(place);
    let is_variable = variable.is_some();
    let declared = variable.and_then(|(_, local)| facts.locals.get(local as usize));
    let declared = declared.map_or(0, |local| local.seq);
    let runs_beside = |seq: u32| {
        let later = seq > root.seq && !part.joins.iter().any(|&join| root.seq < join && join < seq);
        let next_turn = part.loops.iter().any(|&(start, end)| {
            let around = |seq: u32| start < seq && seq < end;
            let joined = part
                .joins
                .iter()
                .any(|&join| around(join) && join > root.seq);
            around(seq) && around(root.seq) && declared < start && !joined
        });
        later || next_turn
    };
    if at.node == starter {
        let access = analysis.access(at);
        return access.is_some_and(|access| runs_beside(access.seq));
    }
    let onward = || {
        let calls = analysis
            .links(starter)
            .filter(|link| link.kind == CallKind::Call && runs_beside(link.seq));
        continuation(analysis, calls.map(|link| link.to).collect())
    };
    // For a variable it matters where it is declared; anything else is the same for all maps.
    if is_variable {
        return onward().contains(&at.node);
    }
    let known = analysis.beside.get(id as usize);
    known.is_some_and(|known| known.get_or_init(onward).contains(&at.node))
}

/// True where several goroutines may hold the map: package variables, fields of types that travel, variables given to goroutines.
pub fn may_be_shared(analysis: &Analysis<'_>, place: &Place) -> bool {
    match place {
        Place::Global(_) => true,
        Place::Field(owner, _) => analysis.shared_types.contains(owner),
        Place::Local(..) => true,
        Place::Param(..) => false,
        Place::Part(of, _) | Place::Element(of) => may_be_shared(analysis, of),
    }
}

/// The map in words of the source: `Settings.values`, `store.index`, `results (in main.run)`.
pub fn map_name(analysis: &Analysis<'_>, place: &Place) -> String {
    let program = &analysis.program;
    match place {
        Place::Global(id) => program.var(*id).map_or_else(String::new, |var| {
            let package = program.package(var.package);
            format!(
                "{}.{}",
                package.map_or("", |package| &*package.name),
                var.name
            )
        }),
        Place::Field(owner, field) => match program.type_def(*owner) {
            Some(def) => {
                let package = program.package(def.package);
                format!(
                    "{}.{}.{field}",
                    package.map_or("", |package| &*package.name),
                    def.name
                )
            }
            None => field.to_string(),
        },
        Place::Local(func, id) => {
            let facts = analysis.facts.get(func.0 as usize);
            let local = facts.and_then(|facts| facts.locals.get(*id as usize));
            let around = facts.and_then(|facts| facts.parts.first());
            match (local, around) {
                (Some(local), Some(around)) => format!("{} of {}", local.name, around.name),
                _ => String::new(),
            }
        }
        Place::Param(func, part, at) => {
            let facts = analysis.facts.get(func.0 as usize);
            let local = facts.and_then(|facts| {
                let mut locals = facts.locals.iter();
                locals.find(|local| local.part == *part && local.param == Some(*at))
            });
            let around = facts.and_then(|facts| facts.parts.get(usize::from(*part)));
            match (local, around) {
                (Some(local), Some(around)) => format!("{} of {}", local.name, around.name),
                _ => String::new(),
            }
        }
        Place::Part(of, name) => format!("{}.{name}", map_name(analysis, of)),
        Place::Element(of) => format!("{}[…]", map_name(analysis, of)),
    }
}

/// What a place's value is, where its declaration says it.
pub fn type_of(program: &Program<'_>, place: &Place) -> Ty {
    match place {
        Place::Global(id) => program.var(*id).map_or(Ty::Unknown, |var| var.ty.clone()),
        Place::Field(owner, name) => {
            let fields = program.fields_of(&Ty::Named(*owner));
            let field = fields.iter().find(|field| field.name == *name);
            field.map_or(Ty::Unknown, |field| field.ty.clone())
        }
        Place::Element(of) => match program.underlying(&program.pointee(&type_of(program, of))) {
            Ty::Map(of) => of.1.clone(),
            Ty::List(of) | Ty::Chan(of) => (*of).clone(),
            _ => Ty::Unknown,
        },
        _ => Ty::Unknown,
    }
}
