//! Calls: who is called with what, what is started, and what comes back.

use super::{Argument, Base, CallKind, Held, MapOp, Target, Value, Walker};
use crate::source::ast::{Call, Expr, Func, Name};
use crate::source::facts::{Origin, PartOf, Place};
use crate::source::program::{Program, Selected, Ty, TypeId};
use std::sync::Arc;

/// Functions of other modules that run what they are given in a goroutine, whatever their package: `errgroup.Group.Go`,
/// `sync.WaitGroup.Go`, `time.AfterFunc`, pools, schedulers.
const STARTERS: &[&str] = &[
    "Go",
    "TryGo",
    "AfterFunc",
    "Submit",
    "GoFunc",
    "SafeGo",
    "RunAsync",
    "AddFunc",
    "RunOnce",
    "Spawn",
];

/// Functions of other modules that store what they are given and call it when something happens.
const REGISTRARS: &[&str] = &[
    "Handle",
    "HandleFunc",
    "HandlerFunc",
    "Subscribe",
    "QueueSubscribe",
    "On",
    "OnEvent",
    "AddHandler",
    "Notify",
    "AddEventHandler",
];

/// Functions of other modules that serve until the end, each request in a goroutine of its own.
const SERVERS: &[&str] = &[
    "ListenAndServe",
    "ListenAndServeTLS",
    "Serve",
    "ServeTLS",
    "RunTLS",
    "Start",
];

/// Packages that look at every entry of what they are given.
const ENCODERS: &[&str] = &[
    "encoding/json",
    "encoding/gob",
    "encoding/xml",
    "fmt",
    "log",
    "log/slog",
    "text/template",
    "html/template",
];
const ENCODER_WORDS: &[&str] = &["yaml", "json", "spew", "logrus", "zap", "msgpack", "toml"];

impl Walker<'_, '_> {
    /// A call in the place of a value.
    pub(super) fn call(&mut self, call: &Call) -> Value {
        if let Some(value) = self.builtin(call) {
            return value;
        }
        if let Some(value) = self.conversion(call) {
            return value;
        }
        if self.lock_call(call) {
            return Value::of(Ty::Plain);
        }
        if let Expr::Func(func) = &call.func {
            let args = self.plain_arguments(&call.args);
            let (number, _) = self.literal(func, false);
            self.edge(Target::Literal(number), CallKind::Call, args, call.line);
            return Value::unknown();
        }
        let (callee, receiver) = self.callee(&call.func);
        let (args, values) = self.arguments(call, &callee, receiver);
        self.effects(call, &callee, &args, &values);
        self.locks_of(&callee);
        self.result(&callee, &args)
    }

    /// `T(x)`
    fn conversion(&mut self, call: &Call) -> Option<Value> {
        let ty = match &call.func {
            Expr::Type(ty) => self.program.resolve(ty, self.scope),
            Expr::Name(name) if self.find(name).is_none() => {
                let scope = self.scope;
                if self.program.func_named(scope.package, name).is_some()
                    || self.program.var_named(scope.package, name).is_some()
                {
                    return None;
                }
                match self.program.type_named(scope.package, name) {
                    Some(id) => Ty::Named(id),
                    None => Some(self.program.resolve(
                        &super::super::ast::TypeExpr::Name(None, name.clone()),
                        scope,
                    ))
                    .filter(|ty| *ty != Ty::Unknown)?,
                }
            }
            Expr::Select(package, name, _) => {
                let Expr::Name(package) = &**package else {
                    return None;
                };
                match self.import(package)? {
                    super::Import::Own(package) => {
                        Ty::Named(self.program.type_named(*package, name)?)
                    }
                    super::Import::Foreign(_) => return None,
                }
            }
            _ => return None,
        };
        let mut values: Vec<Value> = call.args.iter().map(|arg| self.value(arg)).collect();
        let value = values.pop().unwrap_or_else(Value::unknown);
        Some(Value { ty, ..value })
    }

    /// Who is called, and on what.
    fn callee(&mut self, func: &Expr) -> (Value, Argument) {
        let Expr::Select(operand, name, _) = func else {
            return (self.value(func), Argument::default());
        };
        if let Expr::Name(package) = &**operand
            && self.import(package).is_some()
        {
            return (self.value(func), Argument::default());
        }
        let value = self.value(operand);
        let mut receiver = value.argument();
        if let Some(Selected::Method(_, Some((owner, field)))) =
            self.program.select(&value.ty, name)
        {
            receiver.place = Some(Place::Field(owner, field));
        }
        receiver.func = None;
        let mut callee = self.select_of(&value, name);
        if &**name == "Wait" && !self.is_cond(&value.ty) {
            callee.ty = Ty::Plain;
        }
        (callee, receiver)
    }

    /// Arguments in order, the receiver first; literals among them are walked as what the callee makes of them.
    fn arguments(
        &mut self,
        call: &Call,
        callee: &Value,
        receiver: Argument,
    ) -> (Vec<Argument>, Vec<Value>) {
        let apart = matches!(&callee.func, Some(Target::Foreign(_, name)) if is_among(name, STARTERS) || is_among(name, REGISTRARS));
        let mut args = vec![receiver];
        let mut values = Vec::new();
        for arg in &call.args {
            let value = match arg {
                Expr::Func(func) => {
                    let (number, captured) = self.literal(func, apart);
                    if apart {
                        self.share(&captured);
                    }
                    Value {
                        func: Some(Target::Literal(number)),
                        ..Value::unknown()
                    }
                }
                other => self.value(other),
            };
            args.push(value.argument());
            values.push(value);
        }
        (args, values)
    }

    fn plain_arguments(&mut self, args: &[Expr]) -> Vec<Argument> {
        let mut all = vec![Argument::default()];
        for arg in args {
            let value = self.value(arg);
            all.push(value.argument());
        }
        all
    }

    /// Notes the call, and what a callee outside the module does with functions and maps.
    fn effects(&mut self, call: &Call, callee: &Value, args: &[Argument], values: &[Value]) {
        let Some(target) = callee.func.clone() else {
            return;
        };
        let (path, name) = match &target {
            Target::Foreign(path, name) => (path.clone(), name.clone()),
            _ => {
                let waits = matches!(&target, Target::Func(id) if self.program.func(*id).is_some_and(|func| &*func.name == "Wait"));
                self.edge(target, CallKind::Call, args.to_vec(), call.line);
                self.join(waits);
                return;
            }
        };
        self.join(&*name == "Wait" && callee.ty == Ty::Plain);
        if is_among(&name, SERVERS) {
            self.edge(target, CallKind::Call, Vec::new(), call.line);
        }
        for value in values {
            self.foreign_argument(&path, &name, value, call.line);
        }
    }

    fn foreign_argument(&mut self, path: &Name, name: &Name, value: &Value, line: u32) {
        if let Some(func @ (Target::Func(_) | Target::Literal(_))) = &value.func {
            let mut args = vec![value.argument()];
            if let Some(first) = args.first_mut() {
                first.func = None;
            }
            let kind = match &**name {
                starter if is_among(starter, STARTERS) => CallKind::Go,
                registrar if is_among(registrar, REGISTRARS) => CallKind::Callback,
                _ => CallKind::Call,
            };
            self.edge(func.clone(), kind, args, line);
            let once = &**path == "sync"
                && matches!(&**name, "Do" | "OnceFunc" | "OnceValue" | "OnceValues");
            if once && let Some(edge) = self.facts.edges.last_mut() {
                edge.held.push(Held {
                    lock: None,
                    exclusive: true,
                    certain: true,
                });
            }
            return;
        }
        if is_encoder(path) {
            self.encoded(path, value, line);
        } else {
            self.access(value, MapOp::Pass, line);
        }
        if matches!(
            &**name,
            "Store"
                | "Swap"
                | "LoadOrStore"
                | "CompareAndSwap"
                | "Put"
                | "Set"
                | "Add"
                | "PushBack"
        ) {
            self.give_away(value);
        }
    }

    /// A map given to an encoder is ranged over, and so are the maps in a struct.
    fn encoded(&mut self, path: &Name, value: &Value, line: u32) {
        if self.program.is_map(&value.ty) {
            self.access(value, MapOp::Encode, line);
            return;
        }
        let Some(owner) = self.struct_of(&value.ty) else {
            return;
        };
        if encodes_itself(self.program, owner) {
            return;
        }
        let prints_all = matches!(&**path, "fmt" | "log");
        let fields = self.program.fields_of(&value.ty);
        let shown = fields
            .iter()
            .filter(|field| prints_all || field.name.starts_with(|c: char| c.is_uppercase()));
        for field in shown.filter(|field| self.program.is_map(&field.ty)) {
            let map = self.select_of(value, &field.name);
            self.access(&map, MapOp::Encode, line);
        }
    }

    /// What comes back.
    fn result(&mut self, callee: &Value, args: &[Argument]) -> Value {
        let results = match &callee.ty {
            Ty::Func(ty) => ty.results.clone(),
            _ => Vec::new(),
        };
        let ty = match &results[..] {
            [one] => one.clone(),
            [] => Ty::Unknown,
            many => Ty::Tuple(Arc::new(many.to_vec())),
        };
        let mut value = Value::of(ty);
        let Some(Target::Func(id)) = &callee.func else {
            if is_lookup(callee) {
                value.from = args.first().map_or(Origin::Unknown, |arg| arg.from);
            }
            return self.reflected(callee, args).unwrap_or(value);
        };
        let Some(summary) = self.summaries.funcs.get(id) else {
            return value;
        };
        value.fresh = summary.returns_fresh;
        let taken_out = self
            .program
            .func(*id)
            .is_some_and(|def| takes_out(&def.name));
        value.from = match summary.returns_part_of.filter(|_| !taken_out) {
            Some(PartOf::Global(id)) => Origin::Global(id),
            Some(PartOf::Param(at)) => args
                .get(usize::from(at))
                .map_or(Origin::Unknown, |arg| arg.from),
            None => Origin::Unknown,
        };
        match &summary.returns {
            Some(Place::Param(of, 0, at)) if of == id => {
                if let Some(arg) = args.get(usize::from(*at)) {
                    value.place.clone_from(&arg.place);
                    value.base = arg.base.map_or(Base::Other, Base::Local);
                    value.fresh = arg.fresh;
                }
            }
            Some(Place::Local(of, _)) if of == id => {}
            place => value.place.clone_from(place),
        }
        value
    }

    /// `reflect.ValueOf(x)` and what is done with it still mean `x`.
    fn reflected(&mut self, callee: &Value, args: &[Argument]) -> Option<Value> {
        let Some(Target::Foreign(path, name)) = &callee.func else {
            return None;
        };
        if &**path != "reflect" {
            return None;
        }
        let of = match &**name {
            "ValueOf" | "Indirect" => args.get(1),
            _ => args.first(),
        }?;
        let value = Value {
            place: of.place.clone(),
            base: of.base.map_or(Base::Other, Base::Local),
            from: of.from,
            fresh: of.fresh,
            ..Value::of(Ty::External(path.clone(), Name::from("Value")))
        };
        let op = match &**name {
            "ValueOf" | "Indirect" | "Elem" => return Some(value),
            "SetMapIndex" => MapOp::Assign,
            "MapIndex" => MapOp::Read,
            "MapKeys" | "MapRange" => MapOp::Range,
            _ => return None,
        };
        // Only a map has these operations, whatever is known of its type.
        let map = Ty::Map(Arc::new((Ty::Unknown, Ty::Unknown)));
        self.access(&Value { ty: map, ..value }, op, self.line);
        None
    }

    /// Walks a literal as a part of its own.
    fn literal(&mut self, func: &Func, apart: bool) -> (u16, Vec<u32>) {
        let current = self.current();
        let siblings = self
            .facts
            .parts
            .iter()
            .filter(|part| part.parent == Some(current))
            .count()
            + 1;
        let around = self.facts.parts.get(usize::from(current));
        let name = around.map_or(String::new(), |part| match part.parent {
            Some(_) => format!("{}.{siblings}", part.name),
            None => format!("{}.func{siblings}", part.name),
        });
        self.part(func, None, Vec::new(), apart, name)
    }

    /// A literal that is kept for later.
    pub(super) fn stored_literal(&mut self, func: &Func) -> Value {
        let (number, _) = self.literal(func, false);
        let ty = self.program.func_ty(&func.signature, self.scope);
        Value {
            func: Some(Target::Literal(number)),
            ..Value::of(Ty::Func(Arc::new(ty)))
        }
    }

    /// `go f(…)`
    pub(super) fn go(&mut self, expr: &Expr) {
        let Expr::Call(call) = expr else {
            self.value(expr);
            return;
        };
        let (target, args, mut used) = match &call.func {
            Expr::Func(func) => {
                let args = self.plain_arguments(&call.args);
                let before: Vec<bool> = self.locals.iter().map(|local| local.fresh).collect();
                let (number, captured) = self.literal(func, true);
                // Whose they were is decided by how things stood before.
                for (local, fresh) in self.locals.iter_mut().zip(before) {
                    local.fresh = fresh;
                }
                (Some(Target::Literal(number)), args, captured)
            }
            func => {
                let (callee, receiver) = self.callee(func);
                let mut args = vec![receiver];
                for arg in &call.args {
                    let value = self.value(arg);
                    if matches!(value.func, Some(Target::Literal(_))) {
                        self.edge_of(&value, CallKind::Go, call.line);
                    }
                    args.push(value.argument());
                }
                (callee.func, args, Vec::new())
            }
        };
        used.extend(args.iter().filter_map(|arg| arg.base));
        let (own, own_given) = self.own_types(&used);
        if let Some(target) = target {
            self.edge(target, CallKind::Go, args, call.line);
            if let Some(edge) = self.facts.edges.last_mut() {
                (edge.own, edge.own_given) = (own, own_given);
                edge.held.clear();
            }
        }
        self.share(&used);
    }

    fn edge_of(&mut self, value: &Value, kind: CallKind, line: u32) {
        if let Some(target) = value.func.clone() {
            self.edge(target, kind, Vec::new(), line);
        }
    }

    /// Types of the variables that belong to the goroutine alone: made anew each time round the loop around the `go` statement, or,
    /// outside a loop, anything but package variables.
    pub(super) fn own_types(&self, used: &[u32]) -> (Vec<TypeId>, Vec<TypeId>) {
        let current = self.current();
        let loops = self.frames.last().map_or(0, |frame| frame.loops.len());
        let in_loop = |id: u32| {
            let local = self.locals.get(id as usize)?;
            let own = loops == 0 || (local.part == current && local.loops >= loops);
            Some((own, local))
        };
        let is_own = |id: &u32| {
            in_loop(*id).is_some_and(|(own, local)| match local.copy {
                Some(Base::Local(of)) => own && in_loop(of).is_some_and(|(own, _)| own),
                Some(Base::Other) => own && loops == 0,
                None => own,
            })
        };
        let (mut own, mut given) = (Vec::new(), Vec::new());
        for id in used.iter().filter(|id| is_own(id)) {
            let ty = self.locals.get(*id as usize).map(|local| local.ty.clone());
            let Some(ty) = ty.and_then(|ty| self.struct_of(&ty)) else {
                continue;
            };
            let facts = self.facts.locals.get(*id as usize);
            if facts.is_some_and(|local| local.param.is_some()) {
                given.push(ty);
            }
            own.push(ty);
        }
        for types in [&mut own, &mut given] {
            types.sort();
            types.dedup();
        }
        (own, given)
    }

    /// These variables are known to another goroutine from here on.
    fn share(&mut self, used: &[u32]) {
        for &id in used {
            let ty = self.locals.get_mut(id as usize).map(|local| {
                local.fresh = false;
                local.renewed.clear();
                local.ty.clone()
            });
            let shared = ty.and_then(|ty| self.struct_of(&ty));
            self.facts.shared.extend(shared);
        }
    }

    /// `defer f(…)`
    pub(super) fn defer(&mut self, expr: &Expr) {
        let Expr::Call(call) = expr else {
            self.value(expr);
            return;
        };
        if self.deferred_lock_call(call) {
            return;
        }
        if let Expr::Func(func) = &call.func {
            let args = self.plain_arguments(&call.args);
            let (number, _) = self.literal(func, false);
            self.edge(Target::Literal(number), CallKind::Call, args, call.line);
            let part = self.facts.parts.get(usize::from(number));
            let released = part.map(|part| part.released.clone()).unwrap_or_default();
            if let Some(frame) = self.frames.last_mut() {
                frame.deferred.extend(released);
            }
            return;
        }
        // What a deferred call does to locks is done at the end; until then they are as they were.
        let held = self.held();
        let (callee, receiver) = self.callee(&call.func);
        let (args, values) = self.arguments(call, &callee, receiver);
        let part = self.facts.parts.get(usize::from(self.current()));
        let joins = part.map_or(0, |part| part.joins.len());
        self.effects(call, &callee, &args, &values);
        let current = self.current();
        if let Some(part) = self.facts.parts.get_mut(usize::from(current)) {
            part.joins.truncate(joins);
        }
        self.set_held(held);
        if let Some(Target::Func(id)) = &callee.func
            && let Some(summary) = self.summaries.funcs.get(id)
        {
            let released = summary.released.clone();
            if let Some(frame) = self.frames.last_mut() {
                frame.deferred.extend(released);
            }
        }
    }
}

/// A function whose name says that what it gives back is the caller's from then on.
fn takes_out(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "pop", "dequeue", "take", "next", "remove", "poll", "acquire", "borrow", "clone", "copy",
    ]
    .iter()
    .any(|verb| name.starts_with(verb))
}

/// A method of another module's container that gives back what it keeps: `sync.Map.Load`, `atomic.Pointer.Load`, `lru.Cache.Get`.
/// What `sync.Pool.Get` gives back is nobody else's.
fn is_lookup(callee: &Value) -> bool {
    let Some(Target::Foreign(path, name)) = &callee.func else {
        return false;
    };
    match &**name {
        "Load" | "LoadOrStore" => true,
        "Get" | "Peek" => &**path != "sync" && &**path != "context",
        _ => false,
    }
}

/// True for a type that encoders do not look into.
pub(in crate::source) fn encodes_itself(program: &Program<'_>, owner: TypeId) -> bool {
    let own = [
        "MarshalJSON",
        "String",
        "Error",
        "MarshalText",
        "GoString",
        "Format",
        "MarshalYAML",
        "LogValue",
    ];
    own.iter()
        .any(|name| program.own_method(owner, &Name::from(*name)).is_some())
}

fn is_among(name: &str, names: &[&str]) -> bool {
    names.contains(&name)
}

/// True for a package that looks at every entry of what it is given.
pub(in crate::source) fn is_encoder(path: &str) -> bool {
    ENCODERS.contains(&path)
        || ENCODER_WORDS.iter().any(|word| {
            path.rsplit('/')
                .next()
                .is_some_and(|last| last.contains(word))
        })
}
