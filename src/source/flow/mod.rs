//! Joining the facts of all functions: who calls whom with which locks held, what is still private, who can run at once.
//!
//! [`Analysis::new`] walks every function (twice: the second time it is known which functions lock, give back something new, or give
//! back a map), then settles four questions over the call graph: locks that every caller holds, parameters that every caller has just
//! made, places that parameters stand for, and roots, from which goroutines reach a function.

mod entry;
mod graph;
mod order;
mod places;
mod roots;
mod sharing;
mod together;

pub use graph::{Link, NodeId};
pub(super) use places::MAX_ORIGINS;
pub use roots::{Root, RootKind};
pub use sharing::{Common, Guesses, Tie, Way, Whose};

use super::ast::File;
use super::facts::{Access, Facts, Held, Part, Place};
use super::frames::Frame;
use super::module::{Module, WORKER_STACK};
use super::program::{FuncId, Program, Ty, TypeId};
use super::scope;
use super::walk::{Summaries, Summary, walk};
use graph::Graph;
use rayon::prelude::*;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Walks over all functions: one to learn what they do to locks, the next ones to use it in their callers.
const ROUNDS: usize = 2;

/// A module, analysed.
pub struct Analysis<'m> {
    /// Its files.
    pub module: &'m Module,
    /// Its names.
    pub program: Program<'m>,
    /// By [`FuncId`].
    pub facts: Vec<Facts>,
    graph: Graph,
    /// Locks that all callers hold, by node.
    entry: Vec<Vec<Held>>,
    /// Locks held at nodes whenever a root's goroutines come along, by root; made when asked for.
    locks_from: Vec<OnceCell<HashMap<NodeId, Vec<Held>>>>,
    /// Functions that starters go on to call beside their goroutines, by root; made when asked for.
    pub(super) beside: Vec<OnceCell<HashSet<NodeId>>>,
    /// Types that hang on a goroutine's own values, by root; made when asked for.
    pub(super) owned: Vec<OnceCell<BTreeSet<TypeId>>>,
    /// Where `main` stands when a root's goroutines can run, by root; made when asked for.
    orders: Vec<OnceCell<Option<order::Order>>>,
    /// What accesses are reached from, by whose they are; made when asked for.
    known: RefCell<HashMap<Whose, Option<Arc<sharing::Known>>>>,
    programs: together::Programs,
    /// Parameters that some caller shares with others, a bit for each, by node.
    shared_params: Vec<u64>,
    /// Where goroutines begin.
    pub roots: Vec<Root>,
    /// Roots that reach a node, strongest first.
    reach: Vec<Vec<u32>>,
    main: roots::MainPhases,
    origins: places::Origins,
    /// Types of which more than one goroutine may hold the same value.
    pub shared_types: HashSet<TypeId>,
    /// Types of which there are many values: fields and package variables keep lists or maps of them.
    pub plural_types: HashSet<TypeId>,
}

/// One access to one map, with everything that is known of it.
#[derive(Clone, Debug)]
pub struct Use {
    /// The function or literal.
    pub node: NodeId,
    /// Index into the function's accesses.
    pub index: u32,
    /// Locks held, those of all callers included.
    pub locks: Vec<Held>,
    /// Nobody else can know the map there.
    pub private: bool,
    /// Roots that reach it; see [`Analysis::roots`].
    pub roots: Vec<u32>,
}

impl Use {
    /// The use with more locks held.
    pub fn holding(&self, locks: &[Held]) -> Use {
        let mut used = self.clone();
        for held in locks {
            let mut known = used.locks.iter();
            if !known.any(|lock| lock.lock == held.lock && lock.certain) {
                used.locks.push(held.clone());
            }
        }
        used
    }
}

impl<'m> Analysis<'m> {
    /// Analyses a module.
    pub fn new(module: &'m Module) -> Self {
        let pool = rayon::ThreadPoolBuilder::new()
            .stack_size(WORKER_STACK)
            .build();
        match pool {
            Ok(pool) => pool.install(|| Self::build(module)),
            Err(_) => Self::build(module),
        }
    }

    /// Analyses what has to do with the lines that crashed: the innermost of each stack's frames that is in the module.
    pub fn at(module: &'m Module, stacks: &[Vec<Frame<'_>>]) -> Self {
        let pool = rayon::ThreadPoolBuilder::new()
            .stack_size(WORKER_STACK)
            .build();
        match pool {
            Ok(pool) => pool.install(|| scope::analyse(module, stacks)),
            Err(_) => scope::analyse(module, stacks),
        }
    }

    fn build(module: &'m Module) -> Self {
        let mut program = Program::new(module);
        infer_variables(&mut program);
        let facts = walk_all(&program);
        Self::join(module, program, facts)
    }

    /// Joins the facts of all functions.
    pub(super) fn join(module: &'m Module, program: Program<'m>, mut facts: Vec<Facts>) -> Self {
        entry::unify_locks(&mut facts);
        let graph = Graph::new(&program, &facts);
        let shared_params = entry::shared_params(&facts, &graph);
        let entry = entry::locks(&facts, &graph, &shared_params);
        let origins = places::Origins::new(&graph);
        let shared_types = roots::shared_types(&program, &facts, &graph);
        let plural_types = sharing::plural_types(&program);
        let found = roots::find(&program, &facts, &graph);
        Self {
            module,
            known: RefCell::default(),
            programs: together::Programs::new(&program),
            program,
            facts,
            graph,
            entry,
            shared_params,
            beside: found.roots.iter().map(|_| OnceCell::new()).collect(),
            orders: found.roots.iter().map(|_| OnceCell::new()).collect(),
            owned: found.roots.iter().map(|_| OnceCell::new()).collect(),
            locks_from: found.roots.iter().map(|_| OnceCell::new()).collect(),
            roots: found.roots,
            reach: found.reach,
            main: found.main,
            origins,
            shared_types,
            plural_types,
        }
    }

    /// The function and part behind a node.
    pub fn part(&self, node: NodeId) -> Option<(&Facts, &Part, FuncId)> {
        let (func, part) = self.graph.part_of(node)?;
        let facts = self.facts.get(func.0 as usize)?;
        Some((facts, facts.parts.get(usize::from(part))?, func))
    }

    /// The node of a function's part.
    fn node(&self, func: FuncId, part: u16) -> NodeId {
        self.graph.node(func, part)
    }

    /// Roots that reach a node, `main` apart.
    pub fn roots_of(&self, node: NodeId) -> &[u32] {
        self.reach.get(node.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// A node's number among the parts of its function.
    pub fn part_number(&self, node: NodeId) -> Option<u16> {
        self.graph.part_of(node).map(|(_, part)| part)
    }

    /// A node's name as Go prints it, and its file.
    pub fn name(&self, node: NodeId) -> (&str, Option<&'m File>) {
        match self.part(node) {
            Some((_, part, func)) => (&part.name, self.program.file_of(func)),
            None => ("", None),
        }
    }

    /// The access of a use.
    pub fn access(&self, at: &Use) -> Option<&Access> {
        let (facts, ..) = self.part(at.node)?;
        facts.accesses.get(at.index as usize)
    }

    /// All functions and literals with their first and last line.
    pub fn nodes(&self) -> impl Iterator<Item = (FuncId, NodeId, (u32, u32))> {
        let all = self.facts.iter().zip(0..);
        all.flat_map(move |(facts, func)| {
            let parts = facts.parts.iter().zip(0..);
            parts.map(move |(part, at)| {
                (FuncId(func), self.graph.node(FuncId(func), at), part.lines)
            })
        })
    }

    /// Calls and goroutines that start at a node.
    pub fn links(&self, node: NodeId) -> impl Iterator<Item = &Link> {
        self.graph.from(node)
    }

    /// All uses of all maps, in the order of the files.
    pub fn uses(&self) -> Vec<(Place, Use)> {
        let mut uses = Vec::new();
        for (facts, func) in self.facts.iter().zip(0..) {
            for (access, index) in facts.accesses.iter().zip(0..) {
                let node = self.graph.node(FuncId(func), access.part);
                for place in self.origins.of(&access.place) {
                    let mut used = self.used(node, index, facts, access);
                    self.add_handed_locks(&mut used, &access.place, &place);
                    uses.push((place, used));
                }
            }
        }
        uses
    }

    /// Locks held wherever this map, and not another one, is handed to the function that uses it.
    fn add_handed_locks(&self, used: &mut Use, place: &Place, origin: &Place) {
        if place == origin {
            return;
        }
        let calls = self.origins.calls_with(place, origin);
        let held = calls.into_iter().map(|(from, held)| {
            let around = self.entry.get(from.0 as usize).into_iter().flatten();
            held.iter().chain(around).cloned().collect::<Vec<Held>>()
        });
        for lock in held
            .reduce(|one, other| entry::common(&one, &other))
            .unwrap_or_default()
        {
            if !used
                .locks
                .iter()
                .any(|known| known.lock == lock.lock && known.certain)
            {
                used.locks.push(lock);
            }
        }
    }

    /// The use with the locks that goroutines of a root hold there: those of callers that the root never comes through do not count.
    pub fn used_from(&self, used: &Use, root: Option<u32>) -> Use {
        used.holding(&self.locks_at(used.node, root))
    }

    /// Locks that are held whenever goroutines of a root come to a node; without a root those that all callers hold.
    fn locks_at(&self, node: NodeId, root: Option<u32>) -> Vec<Held> {
        let asked = root.and_then(|id| {
            let known = self.locks_from.get(id as usize)?;
            Some((known, self.roots.get(id as usize)?.node))
        });
        let Some((known, from)) = asked else {
            let all = self.entry.get(node.0 as usize);
            return all.cloned().unwrap_or_default();
        };
        let all = known
            .get_or_init(|| entry::locks_from(&self.facts, &self.graph, &self.shared_params, from));
        all.get(&node).cloned().unwrap_or_default()
    }

    fn used(&self, node: NodeId, index: u32, facts: &Facts, access: &Access) -> Use {
        let mut locks = access.held.clone();
        for held in self.entry.get(node.0 as usize).into_iter().flatten() {
            if !locks
                .iter()
                .any(|lock| lock.lock == held.lock && lock.certain)
            {
                locks.push(held.clone());
            }
        }
        let mut roots = self.reach.get(node.0 as usize).cloned().unwrap_or_default();
        if let Some(main) = self.main.root_at(node, access.seq) {
            roots.push(main);
        }
        Use {
            node,
            index,
            locks,
            private: access.fresh || self.is_private(facts, access, node),
            roots,
        }
    }

    /// True where the path starts at a parameter that every caller has just made.
    fn is_private(&self, facts: &Facts, access: &Access, node: NodeId) -> bool {
        let super::facts::Base::Local(id) = access.base else {
            return false;
        };
        let Some(local) = facts.locals.get(id as usize) else {
            return false;
        };
        let (Some(at), Some((func, _))) = (local.param, self.graph.part_of(node)) else {
            return false;
        };
        let declared = self.graph.node(func, local.part);
        let shared = self.shared_params.get(declared.0 as usize).copied();
        shared.is_some_and(|bits| bits & entry::bit(at) == 0)
    }
}

/// Types of package variables that follow from their values.
pub(super) fn infer_variables(program: &mut Program<'_>) {
    let summaries = Summaries::default();
    let all = program.funcs.iter().zip(0..);
    let initialisers: Vec<FuncId> = all
        .filter(|(func, _)| func.decl.is_none())
        .map(|(_, id)| FuncId(id))
        .collect();
    // Twice: a variable may be made of another one's value.
    for _ in 0..2 {
        let found: Vec<_> = initialisers
            .par_iter()
            .flat_map_iter(|&id| walk(program, &summaries, id, None).1)
            .collect();
        for (var, ty) in found {
            program.infer_var(var, ty);
        }
    }
}

fn walk_all(program: &Program<'_>) -> Vec<Facts> {
    let ids = 0..program.funcs.len() as u32;
    let walked = |summaries: &Summaries, id| walk(program, summaries, FuncId(id), None).0;
    let mut summaries = Summaries::default();
    for _ in 1..ROUNDS {
        let found = ids.clone().into_par_iter().filter_map(|id| {
            let facts = walked(&summaries, id);
            Some((FuncId(id), summary(&facts)?))
        });
        summaries.funcs = found.collect();
    }
    ids.into_par_iter()
        .map(|id| walked(&summaries, id))
        .collect()
}

/// What callers have to know of a function; `None` where that is nothing.
pub(super) fn summary(facts: &Facts) -> Option<Summary> {
    let part = facts.parts.first()?;
    let travels = |held: &&Held| held.lock.as_ref().is_some_and(is_portable);
    let summary = Summary {
        gained: part.gained.iter().filter(travels).cloned().collect(),
        released: part
            .released
            .iter()
            .filter(|lock| is_portable(lock))
            .cloned()
            .collect(),
        returns_fresh: part.returns_fresh,
        returns: part.returns.clone(),
        returns_part_of: part.returns_part_of,
    };
    (summary != Summary::default()).then_some(summary)
}

/// True for places that mean the same in every function.
pub(super) fn is_portable(place: &Place) -> bool {
    match place {
        Place::Global(_) | Place::Field(..) => true,
        Place::Local(..) | Place::Param(..) => false,
        Place::Part(of, _) | Place::Element(of) => is_portable(of),
    }
}

/// The named types that a type is made of, pointers and containers followed.
pub fn named_in(ty: &Ty, into: &mut Vec<TypeId>) {
    match ty {
        Ty::Named(id) => into.push(*id),
        Ty::Pointer(of) | Ty::List(of) | Ty::Chan(of) => named_in(of, into),
        Ty::Map(of) => {
            named_in(&of.0, into);
            named_in(&of.1, into);
        }
        Ty::Struct(fields) => {
            for field in fields.iter() {
                named_in(&field.ty, into);
            }
        }
        _ => {}
    }
}
