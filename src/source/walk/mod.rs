//! Going through one function: what it does with maps, under which locks, whom it calls, what it starts.
//!
//! [`walk`] is called once per declared function, in parallel, by [`super::flow`]; it reads [`super::ast`] and asks
//! [`super::program`] for types, and returns [`Facts`]. Function literals are walked where they stand, with the variables they
//! capture. `locks` follows the mutexes, `values` says what an expression is, `calls` what a call does, `stmts` the order of things.

mod builtins;
pub(super) mod calls;
mod locks;
mod stmts;
mod values;

use super::ast::{Func, Name, Param, VarDecl};
use super::facts::{
    Access, Argument, Base, CallKind, Edge, Facts, Held, LocalFacts, MapOp, Origin, Part, PartOf,
    Place, Target,
};
use super::program::{FuncDef, FuncId, Import, PackageId, Program, Scope, Ty, TypeId, VarId};
use rustc_hash::FxHashMap;

/// More variables or literals than this in one function are a generator's work; the rest of it is left out.
const MAX_PER_FUNCTION: usize = 60_000;

/// Variables made of variables made of variables … are followed this far.
pub(super) const MAX_ORIGIN_STEPS: usize = 12;

/// What is known of functions before they are walked: found by an earlier round.
#[derive(Debug, Default)]
pub struct Summaries {
    /// By function.
    pub funcs: FxHashMap<FuncId, Summary>,
}

/// What a caller has to know of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Locks it takes and keeps.
    pub gained: Vec<Held>,
    /// Locks it gives back.
    pub released: Vec<Place>,
    /// Gives back something new.
    pub returns_fresh: bool,
    /// Gives back this place.
    pub returns: Option<Place>,
    /// Gives back a part of this.
    pub returns_part_of: Option<PartOf>,
}

/// What an expression is.
#[derive(Clone, Debug)]
struct Value {
    ty: Ty,
    place: Option<Place>,
    base: Base,
    from: Origin,
    /// The function it is.
    func: Option<Target>,
    /// Made here, known to nobody else.
    fresh: bool,
    /// A struct taken out of an interface: a copy of what is in there.
    copied: bool,
}

impl Value {
    fn of(ty: Ty) -> Self {
        Value {
            ty,
            place: None,
            base: Base::Other,
            from: Origin::Unknown,
            func: None,
            fresh: false,
            copied: false,
        }
    }

    fn unknown() -> Self {
        Self::of(Ty::Unknown)
    }

    fn argument(&self) -> Argument {
        Argument {
            place: self.place.clone(),
            fresh: self.fresh,
            base: match self.base {
                Base::Local(id) => Some(id),
                Base::Other => None,
            },
            from: self.from,
            func: self.func.clone(),
        }
    }
}

/// A variable in scope.
struct Local {
    name: Name,
    ty: Ty,
    /// What it stands for, where it was made of something known.
    place: Option<Place>,
    base: Base,
    from: Origin,
    func: Option<Target>,
    /// Made in this function and not handed on so far.
    fresh: bool,
    /// The part that declares it.
    part: u16,
    /// Loops of that part around its declaration.
    loops: usize,
    /// A struct copied from elsewhere: its maps are still those of what it was copied from.
    copy: Option<Base>,
    /// Fields of a struct that were given something new, known to nobody else.
    renewed: Vec<Name>,
}

/// The part being walked.
struct Frame {
    part: u16,
    held: Vec<Held>,
    deferred: Vec<Place>,
    /// Starts of the open loops; true for those without an end.
    loops: Vec<(u32, bool)>,
    /// Locks at the exits so far.
    exits: Option<Vec<Held>>,
    /// All results so far were new.
    fresh_returns: Option<bool>,
    /// What all results so far were.
    returned: Option<Option<Place>>,
    /// What one of them was a part of.
    returned_part_of: Option<PartOf>,
    /// Runs in another goroutine than the part around it.
    apart: bool,
    /// Variables of parts around it that it uses.
    captured: Vec<u32>,
}

struct Walker<'p, 'm> {
    program: &'p Program<'m>,
    summaries: &'p Summaries,
    id: FuncId,
    scope: Scope<'p>,
    locals: Vec<Local>,
    /// Names in scope, innermost last.
    names: Vec<(Name, u32)>,
    frames: Vec<Frame>,
    facts: Facts,
    seq: u32,
    /// Lines of the statement at hand.
    line: u32,
    last: u32,
}

/// Facts of a function, and the types of the package variables it initialises. `body` is the function where its declaration's body was
/// not parsed with its file.
pub fn walk(
    program: &Program<'_>,
    summaries: &Summaries,
    id: FuncId,
    body: Option<&Func>,
) -> (Facts, Vec<(VarId, Ty)>) {
    let Some(def) = program.func(id) else {
        return (Facts::default(), Vec::new());
    };
    let decl = program.decl(id);
    let mut walker = Walker {
        program,
        summaries,
        id,
        scope: Scope {
            package: def.package,
            file: def.file,
            type_params: decl.map(|decl| &decl.type_params[..]).unwrap_or_default(),
        },
        locals: Vec::new(),
        names: Vec::new(),
        frames: Vec::new(),
        facts: Facts::default(),
        seq: 0,
        line: 0,
        last: 0,
    };
    let mut vars = Vec::new();
    match decl {
        Some(decl) => {
            let held = claimed(decl.claims_lock, &decl.name);
            let receiver = decl.receiver.as_ref();
            let func = body.unwrap_or(&decl.func);
            walker.part(func, receiver, held, false, func_name(program, def));
        }
        None => vars = walker.initialisers(def),
    }
    (walker.facts, vars)
}

/// What a function's comment or name claims of its callers.
fn claimed(by_comment: bool, name: &str) -> Vec<Held> {
    let endings = [
        "Locked",
        "WithLock",
        "UnderLock",
        "LockHeld",
        "NoLock",
        "Unlocked",
        "Unsafe",
        "locked",
        "nolock",
        "_unsafe",
    ];
    match by_comment || endings.iter().any(|ending| name.ends_with(ending)) {
        true => vec![Held {
            lock: None,
            exclusive: true,
            certain: true,
        }],
        false => Vec::new(),
    }
}

/// As Go prints it in a stack, package path left out to the last element: `store.(*Index).Put`.
pub(super) fn func_name(program: &Program<'_>, def: &FuncDef) -> String {
    let package = program.package(def.package);
    let package = package.map_or("", |package| match package.is_main {
        true => "main",
        // A directory without go.mod may have no path; the name is all that is known then.
        false => match package.path.rsplit('/').next() {
            Some("") | None => &package.name,
            Some(last) => last,
        },
    });
    let receiver = def.receiver.and_then(|id| program.type_def(id));
    match receiver {
        Some(receiver) if def.by_pointer => format!("{package}.(*{}).{}", receiver.name, def.name),
        Some(receiver) => format!("{package}.{}.{}", receiver.name, def.name),
        None => format!("{package}.{}", def.name),
    }
}

impl<'p, 'm> Walker<'p, 'm> {
    fn initialisers(&mut self, def: &FuncDef) -> Vec<(VarId, Ty)> {
        let Some(file) = self.program.files.get(def.file as usize) else {
            return Vec::new();
        };
        let name = func_name(self.program, def);
        self.open(None, (0, 0), false, Vec::new(), name);
        let mut found = Vec::new();
        for decl in &file.vars {
            (self.line, self.last) = (decl.line, decl.line);
            found.extend(self.initialiser(decl, def.package));
        }
        self.close();
        found
    }

    fn initialiser(&mut self, decl: &VarDecl, package: PackageId) -> Vec<(VarId, Ty)> {
        let values: Vec<Value> = decl.values.iter().map(|value| self.value(value)).collect();
        for value in &values {
            self.give_away(value);
        }
        if decl.ty.is_some() {
            return Vec::new();
        }
        let types = spread(&values, decl.names.len());
        let named = decl.names.iter().zip(types).filter_map(|(name, ty)| {
            let id = self.program.var_named(package, name)?;
            (ty != Ty::Unknown).then_some((id, ty))
        });
        named.collect()
    }

    /// Walks a function's parameters and body as a part of its own; returns its number.
    fn part(
        &mut self,
        func: &Func,
        receiver: Option<&Param>,
        held: Vec<Held>,
        apart: bool,
        name: String,
    ) -> (u16, Vec<u32>) {
        let parent = self.frames.last().map(|frame| frame.part);
        let number = self.open(parent, (func.line, func.end), apart, held, name);
        let names = self.names.len();
        self.parameters(func, receiver, number);
        let (line, last) = (self.line, self.last);
        if self.walk_block(&func.body) == stmts::End::Falls {
            self.leave(&[]);
        }
        (self.line, self.last) = (line, last);
        self.names.truncate(names);
        let captured = self.close();
        (number, captured)
    }

    fn open(
        &mut self,
        parent: Option<u16>,
        lines: (u32, u32),
        apart: bool,
        held: Vec<Held>,
        name: String,
    ) -> u16 {
        let number = self.facts.parts.len().min(usize::from(u16::MAX)) as u16;
        self.facts.parts.push(Part::new(parent, lines, name));
        self.frames.push(Frame {
            part: number,
            held,
            deferred: Vec::new(),
            loops: Vec::new(),
            exits: None,
            fresh_returns: None,
            returned: None,
            returned_part_of: None,
            apart,
            captured: Vec::new(),
        });
        number
    }

    /// Ends a part; returns the variables it captured.
    fn close(&mut self) -> Vec<u32> {
        let Some(frame) = self.frames.pop() else {
            return Vec::new();
        };
        let Some(part) = self.facts.parts.get_mut(usize::from(frame.part)) else {
            return Vec::new();
        };
        part.gained = frame.exits.unwrap_or_default();
        // What it gives back and takes again is held, though some of its ways out may lack it.
        let released = &part.released;
        part.gained.retain(|held| {
            held.lock
                .as_ref()
                .is_some_and(|lock| held.certain || released.contains(lock))
        });
        part.returns_fresh = frame.fresh_returns.unwrap_or(false);
        part.returns = frame.returned.flatten();
        part.returns_part_of = frame.returned_part_of;
        let mut captured = frame.captured;
        captured.sort_unstable();
        captured.dedup();
        captured
    }

    fn parameters(&mut self, func: &Func, receiver: Option<&Param>, part: u16) {
        let all = receiver.into_iter().map(|param| (0, param));
        let params = func.signature.params.iter();
        let mut types = Vec::new();
        for (at, param) in all.chain((1..).zip(params)) {
            let ty = self.program.resolve(&param.ty, self.scope);
            if at > 0 {
                types.push(ty.clone());
            }
            let Some(name) = &param.name else { continue };
            let place = Some(Place::Param(self.id, part, at));
            let is_func = matches!(self.program.underlying(&ty), Ty::Func(_));
            let local = Local {
                func: is_func.then_some(Target::Param(at)),
                ..self.local(name, ty, place)
            };
            self.declare(local, Some(at));
        }
        for result in &func.signature.results {
            let Some(name) = &result.name else { continue };
            let ty = self.program.resolve(&result.ty, self.scope);
            let local = self.local(name, ty, None);
            self.declare(local, None);
        }
        let handler = is_handler(&types);
        if let Some(part) = self.facts.parts.get_mut(usize::from(part)) {
            part.handler = handler;
        }
    }

    fn local(&self, name: &Name, ty: Ty, place: Option<Place>) -> Local {
        Local {
            name: name.clone(),
            ty,
            place,
            base: Base::Other,
            from: Origin::Unknown,
            func: None,
            fresh: false,
            part: self.current(),
            loops: self.frames.last().map_or(0, |frame| frame.loops.len()),
            copy: None,
            renewed: Vec::new(),
        }
    }

    /// Brings a variable into scope.
    fn declare(&mut self, local: Local, param: Option<u16>) -> Option<u32> {
        let id = self.locals.len() as u32;
        if self.locals.len() >= MAX_PER_FUNCTION || &*local.name == "_" {
            return None;
        }
        self.facts.locals.push(LocalFacts {
            name: local.name.clone(),
            part: local.part,
            seq: self.seq,
            line: self.line,
            param,
            ty: self.struct_of(&local.ty),
            from: local.from,
            put: Origin::Unknown,
            put_at: u32::MAX,
            is_list: matches!(self.program.underlying(&local.ty), Ty::List(_)),
        });
        self.names.push((local.name.clone(), id));
        self.locals.push(local);
        Some(id)
    }

    fn find(&self, name: &Name) -> Option<u32> {
        let mut names = self.names.iter().rev();
        names.find(|(known, _)| known == name).map(|&(_, id)| id)
    }

    fn current(&self) -> u16 {
        self.frames.last().map_or(0, |frame| frame.part)
    }

    fn next_seq(&mut self) -> u32 {
        self.seq += 1;
        self.seq
    }

    fn held(&self) -> Vec<Held> {
        self.frames
            .last()
            .map(|frame| frame.held.clone())
            .unwrap_or_default()
    }

    fn import(&self, name: &Name) -> Option<&'p Import> {
        match self.find(name) {
            Some(_) => None,
            None => self.program.import(self.scope.file, name),
        }
    }

    /// Notes an operation, where the value is a map that has a place.
    fn access(&mut self, map: &Value, op: MapOp, line: u32) {
        if !self.program.is_map(&map.ty) {
            return;
        }
        let Some(place) = map.place.clone() else {
            return;
        };
        let seq = self.next_seq();
        let access = Access {
            part: self.current(),
            line,
            last: self.last.max(line),
            seq,
            place,
            op,
            held: self.held(),
            base: map.base,
            from: map.from,
            fresh: map.fresh,
        };
        self.facts.accesses.push(access);
    }

    fn edge(&mut self, target: Target, kind: CallKind, args: Vec<Argument>, line: u32) {
        let used: Vec<u32> = args.iter().filter_map(|arg| arg.base).collect();
        let (own, own_given) = self.own_types(&used);
        let seq = self.next_seq();
        let in_loop = self
            .frames
            .last()
            .is_some_and(|frame| !frame.loops.is_empty());
        self.facts.edges.push(Edge {
            part: self.current(),
            line,
            seq,
            target,
            kind,
            held: self.held(),
            args,
            in_loop,
            own,
            own_given,
        });
    }

    /// The value becomes known to others: what it starts at is no longer this function's alone.
    fn give_away(&mut self, value: &Value) {
        if let Base::Local(id) = value.base
            && let Some(local) = self.locals.get_mut(id as usize)
        {
            local.fresh = false;
            local.renewed.clear();
        }
        if let Some(target @ (Target::Literal(_) | Target::Func(_))) = &value.func {
            self.edge(target.clone(), CallKind::Callback, Vec::new(), self.line);
        }
    }

    /// A variable was made of something known.
    fn made_of(&mut self, id: u32, from: Origin) {
        if let Some(local) = self.facts.locals.get_mut(id as usize)
            && from != Origin::Unknown
            && from != Origin::Local(id)
        {
            local.from = from;
        }
    }

    /// A value was put into something known: if it is a variable's, that one is reached from there by others.
    fn put_into(&mut self, value: Origin, into: Origin) {
        let seq = self.seq;
        if let Origin::Local(id) = value
            && let Some(local) = self.facts.locals.get_mut(id as usize)
            && into != Origin::Unknown
            && into != value
            && local.param.is_none()
        {
            local.put = into;
            local.put_at = local.put_at.min(seq);
        }
    }

    /// The parameter of the current part, or the package variable, that a value is a part of.
    fn part_of(&self, mut from: Origin) -> Option<PartOf> {
        for _ in 0..MAX_ORIGIN_STEPS {
            let id = match from {
                Origin::Unknown => return None,
                Origin::Global(id) => return Some(PartOf::Global(id)),
                Origin::Local(id) => id,
            };
            let local = self.facts.locals.get(id as usize)?;
            match local.param {
                Some(at) if local.part == self.current() => return Some(PartOf::Param(at)),
                _ => from = local.reached_from(),
            }
        }
        None
    }

    /// The struct behind a type, by name.
    fn struct_of(&self, ty: &Ty) -> Option<TypeId> {
        match self.program.pointee(ty) {
            Ty::Named(id) => Some(id),
            _ => None,
        }
    }
}

/// Types of `count` variables that are given these values.
fn spread(values: &[Value], count: usize) -> Vec<Ty> {
    if let [one] = values
        && count > 1
    {
        return match &one.ty {
            Ty::Tuple(types) => types.iter().cloned().collect(),
            // `v, ok := m[k]`, `v, ok := x.(T)`, `v, ok := <-c`
            ty => vec![ty.clone(), Ty::Plain],
        };
    }
    values.iter().map(|value| value.ty.clone()).collect()
}

/// `func(http.ResponseWriter, *http.Request)`, and the single context of the common web frameworks.
fn is_handler(params: &[Ty]) -> bool {
    let is = |ty: &Ty, package: &str, name: &str| {
        let ty = match ty {
            Ty::Pointer(to) => to,
            ty => ty,
        };
        matches!(ty, Ty::External(path, own) if path.contains(package) && &**own == name)
    };
    match params {
        [writer, request] => {
            is(writer, "net/http", "ResponseWriter") && is(request, "net/http", "Request")
        }
        [context] => {
            is(context, "gin-gonic/gin", "Context")
                || is(context, "labstack/echo", "Context")
                || is(context, "gofiber/fiber", "Ctx")
                || is(context, "valyala/fasthttp", "RequestCtx")
        }
        _ => false,
    }
}
