//! Who works on a map or hands it on: by its name, by what gives it back, and by being given it.

use super::callers::{Wanted, Who};
use super::{Scope, called, root, speaks_of};
use crate::source::ast::Name;
use crate::source::facts::{CallKind, Facts, Place};
use crate::source::flow::MAX_ORIGINS;
use crate::source::program::{FuncId, Import, PackageId, Program, Ty, TypeId};
use crate::source::skim::word;
use crate::source::walk::calls::{encodes_itself, is_encoder};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// A map that is handed through more calls than this is followed no further, as in the whole module.
const MAX_STEPS: usize = 6;

impl Scope {
    /// Takes in all functions that work on maps of these variables and fields.
    pub(super) fn follow(&mut self, program: &Program<'_>, places: &BTreeSet<Place>) {
        let mut wanted = Wanted::default();
        for place in places {
            self.mention_of(program, place, &mut wanted);
        }
        let mut found: BTreeSet<FuncId> = self.mentioning(program, &wanted).into_iter().collect();
        found.extend(self.encoding(program, places));
        self.look_at(program, found);
        let is_ours = |place: &Place| places.contains(root(place));
        let mut carriers: BTreeSet<FuncId> = self.with(is_ours);
        // What gives the map back is called by name.
        let mut wanted = Wanted::default();
        let givers: Vec<FuncId> = carriers
            .iter()
            .filter(|id| {
                self.first
                    .get(id)
                    .is_some_and(|facts| gives(facts, is_ours))
            })
            .copied()
            .collect();
        for def in givers.iter().filter_map(|&id| program.func(id)) {
            self.names.call_of(def, &mut wanted);
        }
        let found = self.mentioning(program, &wanted);
        self.look_at(program, found);
        for giver in &givers {
            carriers.extend(self.callers.get(giver).into_iter().flatten());
        }
        self.hand_on(program, &carriers, is_ours);
        for id in carriers {
            self.enter(id);
        }
    }

    /// Functions looked at in which such a place is used, handed on or given back.
    fn with(&self, is_ours: impl Fn(&Place) -> bool) -> BTreeSet<FuncId> {
        let has = |facts: &Facts| {
            let used = facts.accesses.iter().any(|access| is_ours(&access.place));
            let args = facts.edges.iter().flat_map(|edge| &edge.args);
            let mut handed = args.filter_map(|arg| arg.place.as_ref());
            used || handed.any(&is_ours) || gives(facts, &is_ours)
        };
        let all = self.first.iter();
        all.filter(|(_, facts)| has(facts))
            .map(|(&id, _)| id)
            .collect()
    }

    /// Takes in the functions that are given the map.
    fn hand_on(
        &mut self,
        program: &Program<'_>,
        carriers: &BTreeSet<FuncId>,
        is_ours: impl Fn(&Place) -> bool,
    ) {
        let calls = carriers.iter().filter_map(|id| self.first.get(id));
        let calls: Vec<FuncId> = calls.flat_map(called).collect();
        self.look_at(program, calls);
        self.look_again(program, carriers);
        let mut open: BTreeSet<FuncId> = carriers.clone();
        let mut seen = open.clone();
        for step in 0..MAX_STEPS {
            let mut next = BTreeSet::new();
            for id in &open {
                let facts = match step {
                    0 => self.second.get(id),
                    _ => self.first.get(id),
                };
                let handed = |place: &Place| match root(place) {
                    Place::Param(of, ..) => of == id,
                    place => is_ours(place),
                };
                let edges = facts.into_iter().flat_map(|facts| &facts.edges);
                let edges = edges.filter(|edge| {
                    let mut places = edge.args.iter().filter_map(|arg| arg.place.as_ref());
                    places.any(handed)
                });
                for target in edges.map(|edge| edge.target.clone()).collect::<Vec<_>>() {
                    next.extend(self.names.targets(program, &target));
                }
            }
            next.retain(|id| seen.insert(*id));
            self.look_at(program, next.iter().copied());
            // Only those that do something with what they are given.
            next.retain(|id| {
                let facts = self.first.get(id);
                facts.is_some_and(|facts| {
                    let args = facts.edges.iter().flat_map(|edge| &edge.args);
                    let handed = args.filter_map(|arg| arg.place.as_ref());
                    let used = facts.accesses.iter().map(|access| &access.place);
                    let mut all = used.chain(handed).map(root);
                    all.any(|place| matches!(place, Place::Param(of, ..) if of == id))
                })
            });
            let serving: Vec<FuncId> = next
                .iter()
                .filter(|&&id| self.serves_everybody(program, id))
                .copied()
                .collect();
            next.retain(|id| !serving.contains(id));
            for &id in &next {
                self.enter(id);
            }
            open = next;
        }
    }

    /// True for a function that is given so many maps that none is followed into it: what it does is nobody's in particular.
    fn serves_everybody(&mut self, program: &Program<'_>, id: FuncId) -> bool {
        let Some(def) = program.func(id).filter(|_| !self.inside.contains(&id)) else {
            return false;
        };
        let mut wanted = Wanted::default();
        self.names.call_of(def, &mut wanted);
        let found = self.mentioning(program, &wanted);
        self.look_at(program, found);
        let mut given: BTreeMap<usize, BTreeSet<Place>> = BTreeMap::new();
        for caller in self.callers.get(&id).cloned().unwrap_or_default() {
            let edges = self.first.get(&caller).map(|facts| facts.edges.clone());
            for edge in edges.unwrap_or_default() {
                if edge.kind == CallKind::Callback
                    || !self.names.targets(program, &edge.target).contains(&id)
                {
                    continue;
                }
                for (at, arg) in edge.args.iter().enumerate() {
                    let known = arg.place.iter();
                    let known = known.filter(|place| !matches!(root(place), Place::Param(..)));
                    given.entry(at).or_default().extend(known.cloned());
                }
            }
        }
        let serves = |at: u16| {
            let given = given.get(&usize::from(at));
            given.is_some_and(|given| given.len() > MAX_ORIGINS)
        };
        let facts = self.first.get(&id);
        facts.is_some_and(|facts| {
            let args = facts.edges.iter().flat_map(|edge| &edge.args);
            let handed = args.filter_map(|arg| arg.place.as_ref());
            let used = facts.accesses.iter().map(|access| &access.place);
            let mut params = used.chain(handed).filter_map(|place| match root(place) {
                Place::Param(of, 0, at) if *of == id => Some(*at),
                _ => None,
            });
            params.all(serves)
        })
    }

    /// The words by which a place is named, and by whom.
    fn mention_of(&mut self, program: &Program<'_>, place: &Place, wanted: &mut Wanted) {
        match place {
            Place::Global(id) => {
                let Some(var) = program.var(*id) else { return };
                let name = var.name.as_bytes();
                wanted.add(word(name, false), Who::Package(var.package));
                wanted.add(word(name, true), Who::Importers(var.package));
                wanted.add(word(name, false), Who::Importers(var.package));
            }
            Place::Field(owner, name) => {
                let Some(def) = program.type_def(*owner) else {
                    return;
                };
                let who = match is_exported(name) {
                    true => Who::Among(self.names.above(def.package)),
                    false => Who::Package(def.package),
                };
                wanted.add(word(name.as_bytes(), true), who);
            }
            // Known by its function alone.
            _ => {}
        }
    }

    /// Functions that may give a struct with the map to an encoder, which names no field. A package has values of a type where it
    /// declares something of that type, or imports a package that does.
    fn encoding(&self, program: &Program<'_>, places: &BTreeSet<Place>) -> BTreeSet<FuncId> {
        let mut found = BTreeSet::new();
        for place in places {
            let Place::Field(owner, name) = place else {
                continue;
            };
            let fields = program.fields_of(&Ty::Named(*owner));
            let is_map = fields
                .iter()
                .any(|field| field.name == *name && program.is_map(&field.ty));
            if !is_map || encodes_itself(program, *owner) {
                continue;
            }
            let Some(home) = program.type_def(*owner).map(|def| def.package) else {
                continue;
            };
            let speaking = Arc::new(speaking(program, *owner));
            let mut wanted = Wanted::default();
            for imports in &program.imports {
                for (alias, import) in imports {
                    if matches!(import, Import::Foreign(path) if is_encoder(path) && (is_exported(name) || matches!(&**path, "fmt" | "log")))
                    {
                        let word = word(alias.as_bytes(), false);
                        wanted.add_once(word, Who::Among(speaking.clone()));
                    }
                }
            }
            found.extend(self.mentioning(program, &wanted));
            let own = program.funcs.iter().zip(0..);
            let own = own.filter(|(def, _)| def.package == home);
            found.extend(own.map(|(_, id)| FuncId(id)));
        }
        found
    }
}

/// True where one of its results is such a place.
fn gives(facts: &Facts, is_ours: impl Fn(&Place) -> bool) -> bool {
    let part = facts.parts.first();
    part.and_then(|part| part.returns.as_ref())
        .is_some_and(is_ours)
}

fn is_exported(name: &Name) -> bool {
    name.starts_with(char::is_uppercase)
}

/// Packages that may have a value of a type at hand.
fn speaking(program: &Program<'_>, of: TypeId) -> HashSet<PackageId> {
    let types = program.types.iter().zip(0..);
    let types = types.filter(|(def, id)| TypeId(*id) == of || speaks_of(&def.ty, of));
    let types = types.map(|(def, _)| def.package);
    let funcs = program.funcs.iter();
    let funcs = funcs.filter(|def| {
        let mut types = def.ty.results.iter().chain(&def.ty.params);
        types.any(|ty| speaks_of(ty, of))
    });
    let vars = program.vars.iter().filter(|var| speaks_of(&var.ty, of));
    let mut speaking: HashSet<PackageId> = types
        .chain(funcs.map(|def| def.package))
        .chain(vars.map(|var| var.package))
        .collect();
    let all = program.packages.iter().zip(0..);
    let importing = all.filter(|(package, _)| {
        let mut imports = package.imports.iter();
        imports.any(|id| speaking.contains(id))
    });
    let importing: Vec<PackageId> = importing.map(|(_, id)| PackageId(id)).collect();
    speaking.extend(importing);
    speaking
}
