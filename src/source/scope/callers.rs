//! Who may call a function, by the words of bodies that are not parsed yet.
//!
//! A call names what it calls: a function of the same package as it is, one of another package behind a dot, a method behind a dot.
//! Who does not import a package, directly or through others, has no value of its types, unless it calls through an interface.

use super::Scope;
use crate::source::ast::Name;
use crate::source::facts::Target;
use crate::source::program::{FuncDef, FuncId, PackageId, Program, Ty, TypeId};
use crate::source::skim::word;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Whose words are looked at.
#[derive(Clone, Debug)]
pub(super) enum Who {
    /// Everybody's.
    All,
    /// Those of one package.
    Package(PackageId),
    /// Those of packages that import one.
    Importers(PackageId),
    /// Those of these packages.
    Among(std::sync::Arc<HashSet<PackageId>>),
}

/// Words that are looked for.
#[derive(Debug)]
pub(super) struct Wanted {
    words: HashMap<u32, Vec<Who>>,
    /// A bit for the last sixteen bits of each word.
    bits: Vec<u64>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            words: HashMap::new(),
            bits: vec![0; 1 << 10],
        }
    }
}

impl Wanted {
    pub(super) fn add(&mut self, word: u32, who: Who) {
        self.words.entry(word).or_default().push(who);
        if let Some(bits) = self.bits.get_mut(usize::from(word as u16) / 64) {
            *bits |= 1 << (word % 64);
        }
    }

    /// A word for one group of packages.
    pub(super) fn add_once(&mut self, word: u32, who: Who) {
        if !self.words.contains_key(&word) {
            self.add(word, who);
        }
    }

    fn has(&self, program: &Program<'_>, words: &[u32], package: PackageId) -> bool {
        words.iter().any(|word| {
            let bits = self.bits.get(usize::from(*word as u16) / 64);
            bits.is_some_and(|bits| bits >> (word % 64) & 1 == 1)
                && self.words.get(word).is_some_and(|who| {
                    let mut who = who.iter();
                    who.any(|who| who.includes(program, package))
                })
        })
    }
}

impl Who {
    fn includes(&self, program: &Program<'_>, package: PackageId) -> bool {
        match self {
            Who::All => true,
            Who::Package(own) => *own == package,
            Who::Importers(of) => program
                .package(package)
                .is_some_and(|package| package.imports.binary_search(of).is_ok()),
            Who::Among(packages) => packages.contains(&package),
        }
    }
}

/// What names mean across packages, found once.
#[derive(Default)]
pub(super) struct Names {
    /// Packages that import each package.
    importers: Vec<Vec<PackageId>>,
    /// Packages that import a package, directly or through others, with itself.
    above: HashMap<PackageId, std::sync::Arc<HashSet<PackageId>>>,
    /// Methods of interfaces.
    abstracts: HashSet<Name>,
    implementations: HashMap<(TypeId, Name), Rc<Vec<FuncId>>>,
}

impl Names {
    pub(super) fn new(program: &Program<'_>) -> Self {
        let mut importers = vec![Vec::new(); program.packages.len()];
        for (package, id) in program.packages.iter().zip(0..) {
            for imported in &package.imports {
                if let Some(list) = importers.get_mut(imported.0 as usize) {
                    list.push(PackageId(id));
                }
            }
        }
        let interfaces = program.types.iter().filter_map(|def| match &def.ty {
            Ty::Interface(methods) => Some(methods.iter().cloned()),
            _ => None,
        });
        Self {
            importers,
            abstracts: interfaces.flatten().collect(),
            ..Self::default()
        }
    }

    /// Packages that may have values of a package's types.
    pub(super) fn above(&mut self, package: PackageId) -> std::sync::Arc<HashSet<PackageId>> {
        if let Some(known) = self.above.get(&package) {
            return known.clone();
        }
        let mut found = HashSet::from([package]);
        let mut open = vec![package];
        while let Some(id) = open.pop() {
            let importers = self.importers.get(id.0 as usize).into_iter().flatten();
            open.extend(importers.copied().filter(|&id| found.insert(id)));
        }
        let found = std::sync::Arc::new(found);
        self.above.insert(package, found.clone());
        found
    }

    /// The functions that a call may be of.
    pub(super) fn targets(&mut self, program: &Program<'_>, target: &Target) -> Vec<FuncId> {
        match target {
            Target::Func(id) => vec![*id],
            Target::Abstract(ty, name) => {
                let known = self.implementations.entry((*ty, name.clone()));
                let known = known.or_insert_with(|| Rc::new(program.implementations(*ty, name)));
                known.to_vec()
            }
            Target::Literal(_) | Target::Param(_) | Target::Foreign(..) => Vec::new(),
        }
    }

    /// Adds the ways in which a function is called.
    pub(super) fn call_of(&mut self, def: &FuncDef, wanted: &mut Wanted) {
        let name = def.name.as_bytes();
        let dotted = word(name, true);
        if def.receiver.is_none() {
            wanted.add(word(name, false), Who::Package(def.package));
            wanted.add(word(name, false), Who::Importers(def.package));
            wanted.add(dotted, Who::Importers(def.package));
            return;
        }
        match self.abstracts.contains(&def.name) {
            true => wanted.add(dotted, Who::All),
            false => {
                let above = self.above(def.package);
                wanted.add(dotted, Who::Among(above));
            }
        }
    }
}

impl Scope {
    /// Finds the callers of all functions inside, and theirs; true where anything was open.
    pub(super) fn grow(&mut self, program: &Program<'_>) -> bool {
        let any = !self.open.is_empty();
        while !self.open.is_empty() {
            let open = std::mem::take(&mut self.open);
            let mut wanted = Wanted::default();
            for def in open.iter().filter_map(|&id| program.func(id)) {
                let is_called =
                    def.receiver.is_some() || (&*def.name != "init" && def.decl.is_some());
                if is_called {
                    self.names.call_of(def, &mut wanted);
                }
            }
            let found = self.mentioning(program, &wanted);
            self.look_at(program, open.iter().copied().chain(found));
            for id in open {
                for caller in self.callers.get(&id).cloned().unwrap_or_default() {
                    self.enter(caller);
                }
            }
        }
        any
    }

    /// Functions not looked at yet that have one of the words; all whose words are not known.
    pub(super) fn mentioning(&self, program: &Program<'_>, wanted: &Wanted) -> Vec<FuncId> {
        if wanted.words.is_empty() {
            return Vec::new();
        }
        let known = &self.first;
        let all = program.funcs.par_iter().enumerate();
        let found = all.filter(|(at, def)| {
            let words = words_of(program, def);
            words.is_none_or(|words| wanted.has(program, words, def.package))
                && !known.contains_key(&FuncId(*at as u32))
        });
        found.map(|(at, _)| FuncId(at as u32)).collect()
    }
}

/// The words of a function; `None` in a file that was parsed whole.
fn words_of<'p>(program: &Program<'p>, def: &FuncDef) -> Option<&'p [u32]> {
    let outline = &program
        .files
        .get(def.file as usize)?
        .deferred
        .as_ref()?
        .outline;
    match def.decl {
        Some(at) => Some(&outline.funcs.get(at as usize)?.words),
        None => Some(&outline.around),
    }
}
