//! Statements in their order: branches, loops, assignments, returns, and the locks held along them.

use super::locks::merge;
use super::{Base, Held, Local, MapOp, Value, Walker, spread};
use crate::source::ast::{Clause, Expr, For, If, Name, Range, Stmt, StmtKind, Switch, VarDecl};
use crate::source::facts::Place;
use crate::source::program::Ty;

/// How a block is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At its end.
    Falls,
    /// By `return`, `break`, `continue`, `goto` or `panic`.
    Leaves,
}

impl Walker<'_, '_> {
    /// A block with its own scope.
    pub(super) fn walk_block(&mut self, stmts: &[Stmt]) -> End {
        let names = self.names.len();
        let mut end = End::Falls;
        for stmt in stmts {
            (self.line, self.last) = (stmt.line, stmt.last);
            end = self.statement(stmt);
            if end == End::Leaves {
                break;
            }
        }
        self.names.truncate(names);
        end
    }

    /// A flat table of statements.
    fn statement(&mut self, stmt: &Stmt) -> End {
        match &stmt.kind {
            StmtKind::Expr(expr) => return self.expression(expr),
            StmtKind::Assign {
                left,
                right,
                define,
                op,
            } => self.assign(left, right, *define, *op),
            StmtKind::IncDec(target) => self.write(target, MapOp::Update),
            StmtKind::Vars(vars) => {
                for var in vars {
                    self.var(var);
                }
            }
            StmtKind::Send(channel, value) => {
                self.value(channel);
                let value = self.value(value);
                self.give_away(&value);
            }
            StmtKind::Go(call) => self.go(call),
            StmtKind::Defer(call) => self.defer(call),
            StmtKind::Return(results) => {
                let results: Vec<Value> = results.iter().map(|result| self.value(result)).collect();
                self.leave(&results);
                return End::Leaves;
            }
            StmtKind::Block(stmts) => return self.walk_block(stmts),
            StmtKind::If(branch) => return self.branch(branch),
            StmtKind::For(inner) => self.for_loop(inner),
            StmtKind::Range(inner) => self.range(inner),
            StmtKind::Switch(inner) => return self.switch(inner),
            StmtKind::Select(clauses, _) => return self.clauses(clauses, true, None, Ty::Unknown),
            StmtKind::Leave => return End::Leaves,
            StmtKind::Nothing => {}
        }
        End::Falls
    }

    fn expression(&mut self, expr: &Expr) -> End {
        self.value(expr);
        match expr {
            Expr::Call(call) if is_no_return(&call.func) => End::Leaves,
            _ => End::Falls,
        }
    }

    /// Here the function waits for others, unless it does so for ever.
    pub(super) fn join(&mut self, waits: bool) {
        let endless = self
            .frames
            .last()
            .is_some_and(|frame| frame.loops.iter().any(|&(_, endless)| endless));
        if !waits || endless {
            return;
        }
        let seq = self.next_seq();
        let current = self.current();
        if let Some(part) = self.facts.parts.get_mut(usize::from(current)) {
            part.joins.push(seq);
        }
    }

    fn assign(&mut self, left: &[Expr], right: &[Expr], define: bool, op: bool) {
        let values: Vec<Value> = match (left, right) {
            ([_, _], [Expr::Index(inner, line)]) => {
                vec![self.index(&inner.0, &inner.1, *line, MapOp::CommaOk)]
            }
            _ => right.iter().map(|value| self.value(value)).collect(),
        };
        let types = spread(&values, left.len());
        for (at, target) in left.iter().enumerate() {
            let mut value = match (values.len() == left.len() || at == 0, values.get(at)) {
                (true, Some(value)) => value.clone(),
                _ => Value::unknown(),
            };
            value.ty = types.get(at).cloned().unwrap_or(Ty::Unknown);
            match target {
                Expr::Name(name) if define => self.define(name, value),
                Expr::Name(name) => self.set(name, value),
                _ => {
                    let how = if op { MapOp::Update } else { MapOp::Assign };
                    self.write(target, how);
                    self.stored(target, &value);
                }
            }
        }
    }

    /// `name := value`; a name of this very scope is assigned instead, which a new variable of the same meaning stands for.
    fn define(&mut self, name: &Name, value: Value) {
        let local = self.holding(name, value);
        self.declare(local, None);
    }

    /// A variable with this value.
    fn holding(&mut self, name: &Name, value: Value) -> Local {
        let refers = self.refers(&value.ty);
        let is_element = matches!(value.place, Some(Place::Element(_)));
        let taken = value.copied || (value.place.is_some() && !is_element);
        let copy = (!refers && taken).then_some(value.base);
        let place = value.place.filter(|_| refers);
        let mut local = self.local(name, value.ty, None);
        local.copy = copy;
        local.from = value.from;
        local.fresh = value.fresh;
        local.func = value.func;
        local.base = match refers && place.is_some() {
            true => value.base,
            false => Base::Other,
        };
        local.place = place;
        local
    }

    /// True where a copy means the same thing: maps, pointers, functions.
    fn refers(&self, ty: &Ty) -> bool {
        !matches!(self.program.underlying(ty), Ty::Plain | Ty::Struct(_))
    }

    fn set(&mut self, name: &Name, value: Value) {
        let Some(id) = self.find(name) else {
            // A package variable is given a value: what it was made of is known to all from here on.
            self.give_away(&value);
            if let Some(id) = self.program.var_named(self.scope.package, name) {
                self.detach(&Place::Global(id));
            }
            return;
        };
        let declared = self.locals.get(id as usize).map(|local| local.ty.clone());
        self.made_of(id, value.from);
        let refers = self.refers(&value.ty);
        let is_element = matches!(value.place, Some(Place::Element(_)));
        let copy = (!refers && value.place.is_some() && !is_element).then_some(value.base);
        let outer = self
            .locals
            .get(id as usize)
            .is_some_and(|local| local.part != self.current());
        let Some(local) = self.locals.get_mut(id as usize) else {
            return;
        };
        if declared == Some(Ty::Unknown) {
            local.ty = value.ty;
        }
        local.func = value.func.or(local.func.take());
        if outer {
            return;
        }
        local.fresh = value.fresh;
        local.copy = copy;
        if refers && value.place.is_some() && value.place != Some(Place::Local(self.id, id)) {
            local.place = value.place;
            local.base = value.base;
        } else if refers && value.fresh {
            (local.place, local.base) = (None, Base::Other);
        }
    }

    /// The left side of an assignment.
    fn write(&mut self, target: &Expr, op: MapOp) {
        match target {
            Expr::Index(inner, line) => {
                self.index(&inner.0, &inner.1, *line, op);
            }
            other => {
                self.value(other);
            }
        }
    }

    /// `target = value` for a field, an element or what a pointer shows: a map made here is known under that name from now on.
    fn stored(&mut self, target: &Expr, value: &Value) {
        let seen = self.facts.accesses.len();
        let seq = self.seq;
        let edges = self.facts.edges.len();
        let into = self.value(target);
        // The target was noted once already, as written.
        self.facts.accesses.truncate(seen);
        self.facts.edges.truncate(edges);
        self.seq = seq;
        if let Some(place) = &into.place {
            self.lock_alias(place, value);
            if !matches!(target, Expr::Index(..)) {
                self.detach(place);
            }
        }
        if value.func.is_some() && !into.fresh {
            self.give_away(value);
        }
        self.put_into(value.from, into.from);
        self.renew(target, value);
        let (Base::Local(id), true) = (value.base, value.fresh && !into.fresh) else {
            return;
        };
        let is_own = value.place == Some(Place::Local(self.id, id));
        if let Some(local) = self.locals.get_mut(id as usize) {
            local.fresh = false;
            if is_own && self.program.is_map(&value.ty) {
                (local.place, local.base) = (into.place, into.base);
            }
        }
    }

    /// `next := *s; next.m = make(…)`: the copy's map is its own from here on.
    fn renew(&mut self, target: &Expr, value: &Value) {
        let Expr::Select(operand, field, _) = target else {
            return;
        };
        let Some(local) = self
            .variable(operand)
            .and_then(|id| self.locals.get_mut(id as usize))
        else {
            return;
        };
        local.renewed.retain(|known| known != field);
        if value.fresh && local.copy.is_some() {
            local.renewed.push(field.clone());
        }
    }

    /// A field or package variable gets another value: variables that were made of the old one have it to themselves from here on.
    /// `old := s.m; s.m = nil` takes the map out of everybody's reach.
    fn detach(&mut self, place: &Place) {
        let current = self.current();
        let taken = self
            .locals
            .iter_mut()
            .filter(|local| local.part == current && local.place.as_ref() == Some(place));
        for local in taken {
            (local.place, local.base, local.fresh) = (None, Base::Other, true);
        }
    }

    fn var(&mut self, decl: &VarDecl) {
        let values: Vec<Value> = decl.values.iter().map(|value| self.value(value)).collect();
        let types = spread(&values, decl.names.len());
        let declared = decl
            .ty
            .as_ref()
            .map(|ty| self.program.resolve(ty, self.scope));
        for (at, name) in decl.names.iter().enumerate() {
            let mut value = match values.get(at) {
                Some(value) => value.clone(),
                // `var s T` is as new as a literal.
                None => Value {
                    fresh: values.is_empty(),
                    ..Value::unknown()
                },
            };
            let inferred = types.get(at).cloned().unwrap_or(Ty::Unknown);
            value.ty = declared.clone().unwrap_or(inferred);
            let local = self.holding(name, value);
            self.declare(local, None);
        }
    }

    /// A way out of the part: the locks held, and what is given back.
    pub(super) fn leave(&mut self, results: &[Value]) {
        for result in results {
            if matches!(result.func, Some(crate::source::facts::Target::Literal(_))) {
                self.give_away(result);
            }
        }
        let part_of = results.first().and_then(|first| self.part_of(first.from));
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        let kept = frame.held.iter().filter(|held| match &held.lock {
            Some(lock) => !frame.deferred.contains(lock),
            None => true,
        });
        let kept: Vec<Held> = kept.cloned().collect();
        frame.exits = Some(match frame.exits.take() {
            Some(exits) => merge(&exits, &kept),
            None => kept,
        });
        let Some(first) = results.first() else {
            return;
        };
        let is_nil = first.place.is_none()
            && first.base == Base::Other
            && first.ty == Ty::Unknown
            && !first.fresh
            && first.func.is_none();
        if is_nil {
            return;
        }
        frame.fresh_returns = Some(frame.fresh_returns.unwrap_or(true) && first.fresh);
        let place = first.place.clone().filter(|_| !first.fresh);
        frame.returned_part_of = frame.returned_part_of.or(part_of);
        frame.returned = match frame.returned.take() {
            None => Some(place),
            Some(before) if before == place => Some(before),
            Some(_) => Some(None),
        };
    }

    fn branch(&mut self, branch: &If) -> End {
        let names = self.names.len();
        if let Some(init) = &branch.init {
            self.statement(init);
        }
        let (when_true, when_false) = self.condition(&branch.cond);
        let before = self.held();
        self.hold(when_true);
        let then = self.walk_block(&branch.then);
        let after_then = self.held();
        self.set_held(before.clone());
        self.hold(when_false);
        let otherwise = match &branch.otherwise {
            Some(stmts) => self.walk_block(stmts),
            None => End::Falls,
        };
        let end = match (then, otherwise) {
            (End::Leaves, End::Leaves) => End::Leaves,
            (End::Leaves, End::Falls) => End::Falls,
            (End::Falls, End::Leaves) => {
                self.set_held(after_then);
                End::Falls
            }
            (End::Falls, End::Falls) => {
                let mut merged = merge(&after_then, &self.held());
                // `if lock { mu.Lock() } … if lock { mu.Unlock() }`: what some paths took, the same ones give back.
                merged.retain(|held| {
                    let before = before.iter().find(|before| before.lock == held.lock);
                    let kept = after_then.iter().any(|after| after.lock == held.lock);
                    kept || before.is_none_or(|before| before.certain)
                });
                self.set_held(merged);
                End::Falls
            }
        };
        self.names.truncate(names);
        end
    }

    /// Runs `body` as a loop; behind it, what was held before it may be held or not.
    fn in_loop(&mut self, endless: bool, body: impl FnOnce(&mut Self)) {
        let before = self.held();
        let start = self.next_seq();
        if let Some(frame) = self.frames.last_mut() {
            frame.loops.push((start, endless));
        }
        body(self);
        let end = self.next_seq();
        let current = self.current();
        if let Some(frame) = self.frames.last_mut() {
            frame.loops.pop();
        }
        if let Some(part) = self.facts.parts.get_mut(usize::from(current)) {
            part.loops.push((start, end));
        }
        let merged = merge(&before, &self.held());
        self.set_held(merged);
    }

    fn for_loop(&mut self, inner: &For) {
        let names = self.names.len();
        if let Some(init) = &inner.init {
            self.statement(init);
        }
        self.in_loop(inner.cond.is_none(), |walker| {
            if let Some(cond) = &inner.cond {
                walker.value(cond);
            }
            walker.walk_block(&inner.body);
            if let Some(post) = &inner.post {
                walker.statement(post);
            }
        });
        self.names.truncate(names);
    }

    fn range(&mut self, inner: &Range) {
        let over = self.value(&inner.over);
        let line = self.line;
        let ty = self.program.underlying(&self.program.pointee(&over.ty));
        let (key, element) = match ty {
            Ty::Map(of) => {
                self.access(&over, MapOp::Range, line);
                let key = Value::of(of.0.clone());
                (key, self.element(&over, of.1.clone()))
            }
            Ty::List(of) => (Value::of(Ty::Plain), self.element(&over, (*of).clone())),
            Ty::Chan(of) => {
                let is_local = matches!(over.base, Base::Local(_));
                self.join(is_local && matches!(over.place, Some(Place::Local(..))));
                (Value::of((*of).clone()), Value::unknown())
            }
            _ => (Value::unknown(), Value::unknown()),
        };
        self.in_loop(false, |walker| {
            let names = walker.names.len();
            for (target, value) in inner.vars.iter().zip([key, element]) {
                match target {
                    Expr::Name(name) if inner.define => walker.define(name, value),
                    Expr::Name(name) => walker.set(name, value),
                    _ => walker.write(target, MapOp::Assign),
                }
            }
            walker.walk_block(&inner.body);
            walker.names.truncate(names);
        });
    }

    fn switch(&mut self, switch: &Switch) -> End {
        let names = self.names.len();
        if let Some(init) = &switch.init {
            self.statement(init);
        }
        let value = switch.value.as_ref().map(|value| self.value(value));
        let ty = value.as_ref().map_or(Ty::Unknown, |value| value.ty.clone());
        let bound = switch.bind.as_ref().zip(value);
        let end = self.clauses(&switch.clauses, switch.default, bound, ty);
        self.names.truncate(names);
        end
    }

    /// Clauses of `switch` and `select`: each starts with the locks held before.
    fn clauses(
        &mut self,
        clauses: &[Clause],
        one_runs: bool,
        bound: Option<(&Name, Value)>,
        ty: Ty,
    ) -> End {
        let before = self.held();
        let mut after: Option<Vec<Held>> = (!one_runs).then(|| before.clone());
        for clause in clauses {
            self.set_held(before.clone());
            let names = self.names.len();
            if let Some(comm) = &clause.comm {
                (self.line, self.last) = (comm.line, comm.last);
                self.communication(comm);
            }
            for value in &clause.values {
                self.value(value);
            }
            if let Some((name, value)) = &bound {
                let ty = match &clause.types[..] {
                    [one] => self.program.resolve(one, self.scope),
                    _ => ty.clone(),
                };
                let value = Value {
                    ty,
                    ..value.clone()
                };
                self.define(name, value);
            }
            // A `break` inside leaves the clause, not what stands around it.
            let leaves_all =
                self.walk_block(&clause.body) == End::Leaves && !ends_in_break(&clause.body);
            self.names.truncate(names);
            if !leaves_all {
                let held = self.held();
                after = Some(after.map_or(held.clone(), |after| merge(&after, &held)));
            }
        }
        match after {
            Some(after) => {
                self.set_held(after);
                End::Falls
            }
            None => {
                self.set_held(before);
                End::Leaves
            }
        }
    }

    /// A receive or send in a `select` waits for one of many, so it is no proof that a goroutine has ended.
    fn communication(&mut self, comm: &Stmt) {
        let current = self.current();
        let part = self.facts.parts.get(usize::from(current));
        let joins = part.map_or(0, |part| part.joins.len());
        self.statement(comm);
        if let Some(part) = self.facts.parts.get_mut(usize::from(current)) {
            part.joins.truncate(joins);
        }
    }
}

fn ends_in_break(body: &[Stmt]) -> bool {
    matches!(body.last().map(|stmt| &stmt.kind), Some(StmtKind::Leave))
}

/// `ctx.Done()`, `stop`, `quit`: the end of the program is no goroutine's end.
pub(super) fn is_done_channel(channel: &Expr) -> bool {
    match channel {
        Expr::Call(call) => {
            matches!(&call.func, Expr::Select(_, name, _) if &**name == "Done" || &**name == "After")
        }
        Expr::Select(_, name, _) => &**name == "C",
        _ => false,
    }
}

/// `panic`, `os.Exit`, `log.Fatal…`
fn is_no_return(func: &Expr) -> bool {
    match func {
        Expr::Name(name) => &**name == "panic",
        Expr::Select(package, name, _) => match &**package {
            Expr::Name(package) => {
                (&**package == "os" && &**name == "Exit")
                    || (&**package == "log" && name.starts_with("Fatal"))
            }
            _ => false,
        },
        _ => false,
    }
}
