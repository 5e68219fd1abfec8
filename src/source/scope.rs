//! What of a module has to do with one crash: the functions that get to the map, and what decides how they do.
//!
//! [`analyse`] answers [`Analysis::at`]. The declarations of all files are known; bodies are parsed when they are asked for. It starts
//! at the line that crashed, takes every function that mentions a known one by name, and keeps those that do call it, until nobody
//! new calls any of them (`callers`); the same for the functions that work on the map or hand it on (`carriers`). Beside these only
//! what they are told apart by is walked: what the functions they call do to locks, and whether `main` has started a goroutine
//! before it comes to them (`starts`). All other functions count as empty, which is true as far as this map goes: no call leads from
//! them to it.

mod callers;
mod carriers;
mod starts;

use super::ast::Func;
use super::facts::{CallKind, Facts, Held, Part, Place, Target};
use super::flow::{Analysis, infer_variables, summary};
use super::frames::{Finder, Frame};
use super::lower::Reader;
use super::module::Module;
use super::pairs::{maps, type_of};
use super::program::{FuncDef, FuncId, Program, Ty, TypeId};
use super::site::Site;
use super::skim::word;
use super::walk::{Summaries, func_name, walk};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The map of a parameter is one of the callers', which are found in the next round; theirs may be one of their callers' again.
const MAX_ROUNDS: usize = 8;

/// A function that is given a function hands it on this far; as far as the call graph follows it.
const MAX_HANDING_ON: usize = 3;

/// Analyses what has to do with the lines that crashed.
pub(super) fn analyse<'m>(module: &'m Module, stacks: &[Vec<Frame<'_>>]) -> Analysis<'m> {
    let mut program = Program::new(module);
    infer_variables(&mut program);
    let mut scope = Scope::new(&program);
    scope.show(&program, stacks);
    let facts = scope.facts(&program);
    let mut analysis = Analysis::join(module, program, facts);
    for func in funcs_at(&analysis, stacks) {
        scope.enter(func);
    }
    for _ in 0..MAX_ROUNDS {
        if !scope.grow(&analysis.program) {
            break;
        }
        let facts = scope.facts(&analysis.program);
        analysis = Analysis::join(module, analysis.program, facts);
        let places = maps_at(&analysis, stacks);
        scope.follow(&analysis.program, &places);
    }
    analysis
}

/// Where the stacks stand in the module.
fn sites(finder: &Finder<'_, '_>, stacks: &[Vec<Frame<'_>>]) -> Vec<Site> {
    let sites = stacks.iter().filter_map(|stack| Site::of(finder, stack));
    sites.filter_map(Result::ok).collect()
}

/// The functions at these places.
fn funcs_at(analysis: &Analysis<'_>, stacks: &[Vec<Frame<'_>>]) -> Vec<FuncId> {
    let sites = sites(&Finder::new(analysis), stacks);
    let funcs = sites.iter().filter_map(|site| analysis.part(site.node));
    funcs.map(|(_, _, func)| func).collect()
}

/// The variables and fields of the maps that are used at these places, as far as their callers on the stacks are known.
fn maps_at(analysis: &Analysis<'_>, stacks: &[Vec<Frame<'_>>]) -> BTreeSet<Place> {
    let finder = Finder::new(analysis);
    let maps = maps(analysis);
    let mut places = BTreeSet::new();
    for site in sites(&finder, stacks) {
        for (map, used) in site.all_uses(&finder, &maps) {
            places.insert(root(&map.place).clone());
            if let Some(access) = analysis.access(used) {
                let handed = analysis.on_stack(&access.place, used.node, &site.callers);
                places.insert(root(&handed).clone());
            }
        }
    }
    places
}

/// The variable, field or parameter that a place is or hangs on.
fn root(place: &Place) -> &Place {
    let mut place = place;
    while let Place::Part(of, _) | Place::Element(of) = place {
        place = of;
    }
    place
}

/// The functions looked at so far.
#[derive(Default)]
struct Scope {
    /// Bodies parsed when they were asked for, by function.
    bodies: HashMap<FuncId, Func>,
    /// Functions as they are where nothing is known of others.
    first: HashMap<FuncId, Facts>,
    /// Functions as they are.
    second: HashMap<FuncId, Facts>,
    /// Who calls a function or gives it away, of those looked at.
    callers: HashMap<FuncId, Vec<FuncId>>,
    /// Functions that get to the maps in question.
    inside: HashSet<FuncId>,
    /// Those of them whose callers are not known yet.
    open: Vec<FuncId>,
    /// Initialisers whose literals may stand on a stack.
    shown: HashSet<FuncId>,
    /// Fields of which it is known to what locks they are set.
    aliased: HashSet<Place>,
    /// Functions that set them.
    aliasing: BTreeSet<FuncId>,
    names: callers::Names,
}

impl Scope {
    fn new(program: &Program<'_>) -> Self {
        Self {
            names: callers::Names::new(program),
            ..Self::default()
        }
    }

    /// Literals outside of functions have lines only once they are walked.
    fn show(&mut self, program: &Program<'_>, stacks: &[Vec<Frame<'_>>]) {
        let base = |path: &str| path.rsplit(['/', '\\']).next().map(str::to_owned);
        let frames = stacks.iter().flatten();
        let named: HashSet<String> = frames.filter_map(|frame| base(frame.file)).collect();
        let all = program.funcs.iter().zip(0..);
        let shown = all.filter(|(def, _)| {
            let file = program.files.get(def.file as usize);
            let name = file.and_then(|file| base(&file.path));
            def.decl.is_none() && name.is_some_and(|name| named.contains(&name))
        });
        self.shown = shown.map(|(_, id)| FuncId(id)).collect();
        self.look_at(program, self.shown.clone());
    }

    /// A function that gets to the maps.
    fn enter(&mut self, func: FuncId) {
        if self.inside.insert(func) {
            self.open.push(func);
        }
    }

    /// Walks functions that were not yet, in the order of their numbers.
    fn look_at(&mut self, program: &Program<'_>, funcs: impl IntoIterator<Item = FuncId>) {
        let unknown = funcs
            .into_iter()
            .filter(|func| !self.first.contains_key(func));
        let unknown: BTreeSet<FuncId> = unknown.collect();
        let unknown: Vec<FuncId> = unknown.into_iter().collect();
        let summaries = Summaries::default();
        let walked: Vec<(FuncId, Option<Func>, Facts)> = unknown
            .into_par_iter()
            .map_init(Reader::new, |reader, id| {
                let body = reader
                    .as_mut()
                    .and_then(|reader| deferred(reader, program, id));
                let (facts, _) = walk(program, &summaries, id, body.as_ref());
                (id, body, facts)
            })
            .collect();
        for (id, body, facts) in walked {
            for target in self.targets(program, &facts) {
                self.callers.entry(target).or_default().push(id);
                if self.inside.contains(&target) {
                    self.enter(id);
                }
            }
            self.bodies.extend(body.map(|body| (id, body)));
            self.first.insert(id, facts);
        }
    }

    /// Functions that these call, start or give away.
    fn targets(&mut self, program: &Program<'_>, facts: &Facts) -> Vec<FuncId> {
        let mut found = Vec::new();
        for edge in &facts.edges {
            found.extend(self.names.targets(program, &edge.target));
            found.extend(edge.args.iter().filter_map(|arg| match arg.func {
                Some(Target::Func(id)) => Some(id),
                _ => None,
            }));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The functions inside, those they give functions to, and those that say what their locks are; with what all of them call.
    fn needed(&mut self, program: &Program<'_>) -> BTreeSet<FuncId> {
        let mut needed: BTreeSet<FuncId> = self.inside.iter().copied().collect();
        needed.extend(&self.aliasing);
        let mut open: Vec<FuncId> = needed.iter().copied().collect();
        for _ in 0..=MAX_HANDING_ON {
            self.look_at(program, open.iter().copied());
            let given = open.iter().filter_map(|id| self.first.get(id));
            let given: BTreeSet<FuncId> = given.flat_map(given_functions).collect();
            open = given
                .into_iter()
                .filter(|&func| needed.insert(func))
                .collect();
        }
        let known = needed.iter().filter_map(|id| self.first.get(id));
        let callees: Vec<FuncId> = known.flat_map(called).collect();
        self.look_at(program, callees);
        needed
    }

    /// Walks the needed functions once more, with what is known of those they call.
    fn look_again(&mut self, program: &Program<'_>, needed: &BTreeSet<FuncId>) {
        let known = self.first.iter();
        let funcs = known.filter_map(|(&id, facts)| Some((id, summary(facts)?)));
        let summaries = Summaries {
            funcs: funcs.collect(),
        };
        let needed: Vec<FuncId> = needed.iter().copied().collect();
        let walked: Vec<(FuncId, Facts)> = needed
            .into_par_iter()
            .map(|id| (id, walk(program, &summaries, id, self.bodies.get(&id)).0))
            .collect();
        self.second.extend(walked);
    }

    /// The facts of all functions; those that have nothing to do with the maps are empty.
    fn facts(&mut self, program: &Program<'_>) -> Vec<Facts> {
        let mut needed = self.needed(program);
        self.look_again(program, &needed);
        if self.find_aliases(program, &needed) {
            needed = self.needed(program);
            self.look_again(program, &needed);
        }
        let starting = self.starting(program);
        let all = program.funcs.iter().zip(0..);
        all.map(|(def, id)| {
            let id = FuncId(id);
            let known = match needed.contains(&id) {
                true => self.second.get(&id),
                false => self
                    .first
                    .get(&id)
                    .filter(|_| starting.contains(&id) || self.shown.contains(&id)),
            };
            known.cloned().unwrap_or_else(|| empty(program, def))
        })
        .collect()
    }

    /// Looks for what sets the locks that are pointers; true where a function was found that does.
    fn find_aliases(&mut self, program: &Program<'_>, needed: &BTreeSet<FuncId>) -> bool {
        let mut fields = BTreeSet::new();
        for facts in needed.iter().filter_map(|id| self.second.get(id)) {
            let held = facts.accesses.iter().flat_map(|access| &access.held);
            let held = held.chain(facts.edges.iter().flat_map(|edge| &edge.held));
            let locks = held.filter_map(|held: &Held| held.lock.as_ref());
            fields.extend(locks.filter(|lock| may_be_pointer(program, lock)).cloned());
        }
        fields.retain(|field| self.aliased.insert(field.clone()));
        let mut wanted = callers::Wanted::default();
        for field in &fields {
            if let Place::Field(_, name) = field {
                wanted.add(word(name.as_bytes(), false), callers::Who::All);
                wanted.add(word(name.as_bytes(), true), callers::Who::All);
            }
        }
        let found = self.mentioning(program, &wanted);
        self.look_at(program, found.iter().copied());
        let before = self.aliasing.len();
        let sets = |id: &FuncId| {
            let facts = self.first.get(id);
            facts.is_some_and(|facts| {
                let mut aliases = facts.lock_aliases.iter();
                aliases.any(|(field, _)| fields.contains(field))
            })
        };
        let found: Vec<FuncId> = found.into_iter().filter(sets).collect();
        self.aliasing.extend(found);
        self.aliasing.len() > before
    }
}

/// The body of a function that was not parsed with its file.
fn deferred(reader: &mut Reader, program: &Program<'_>, id: FuncId) -> Option<Func> {
    let def = program.func(id)?;
    let file = program.file_of(id)?.deferred.as_ref()?;
    let span = file.outline.funcs.get(def.decl? as usize)?;
    span.body.as_ref()?;
    reader.function(&file.text, span)
}

/// A function without anything in it.
fn empty(program: &Program<'_>, def: &FuncDef) -> Facts {
    let decl = program
        .files
        .get(def.file as usize)
        .zip(def.decl)
        .and_then(|(file, at)| file.funcs.get(at as usize));
    let lines = decl.map_or((0, 0), |decl| (decl.func.line, decl.func.end));
    let part = Part::new(None, lines, func_name(program, def));
    Facts {
        parts: vec![part],
        ..Facts::default()
    }
}

/// Functions that are given a function here, or that hand on one that this function was given.
fn given_functions(facts: &Facts) -> Vec<FuncId> {
    let given = facts.edges.iter().filter_map(|edge| match edge.target {
        Target::Func(id) if edge.args.iter().any(|arg| arg.func.is_some()) => Some(id),
        _ => None,
    });
    given.collect()
}

/// Functions that are called or started.
fn called(facts: &Facts) -> Vec<FuncId> {
    let called = facts.edges.iter().filter_map(|edge| match edge.target {
        Target::Func(id) if edge.kind != CallKind::Callback => Some(id),
        _ => None,
    });
    called.collect()
}

/// True for a field that is no mutex itself, so that it may stand for another one.
fn may_be_pointer(program: &Program<'_>, lock: &Place) -> bool {
    let Place::Field(..) = lock else {
        return false;
    };
    !matches!(type_of(program, lock), Ty::External(path, name) if &*path == "sync" && &*name != "Locker")
}

/// The types of a package's own names.
fn speaks_of(ty: &Ty, of: TypeId) -> bool {
    match ty {
        Ty::Named(id) => *id == of,
        Ty::Pointer(to) | Ty::List(to) | Ty::Chan(to) => speaks_of(to, of),
        Ty::Map(parts) => speaks_of(&parts.0, of) || speaks_of(&parts.1, of),
        Ty::Func(ty) => ty
            .results
            .iter()
            .chain(&ty.params)
            .any(|ty| speaks_of(ty, of)),
        Ty::Struct(fields) => fields.iter().any(|field| speaks_of(&field.ty, of)),
        Ty::Tuple(types) => types.iter().any(|ty| speaks_of(ty, of)),
        Ty::Unknown | Ty::Plain | Ty::External(..) | Ty::Interface(_) => false,
    }
}
