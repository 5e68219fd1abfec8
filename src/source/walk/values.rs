//! What an expression is: its type, the place it names, whether anybody else can know it.

use super::stmts::is_done_channel;
use super::{Base, MapOp, Value, Walker};
use crate::source::ast::{Element, Expr, Name, TypeExpr};
use crate::source::facts::{Origin, Place, Target};
use crate::source::program::{Import, PackageId, Selected, Ty};
use std::sync::Arc;

impl Walker<'_, '_> {
    /// Evaluates an expression: every read of a map and every call inside is noted on the way.
    pub(super) fn value(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Parts(parts) => {
                for part in parts {
                    self.value(part);
                }
                Value::of(if parts.is_empty() {
                    Ty::Plain
                } else {
                    Ty::Unknown
                })
            }
            Expr::Name(name) => self.name(name),
            Expr::Select(operand, name, _) => self.select(operand, name),
            Expr::Index(inner, line) => self.index(&inner.0, &inner.1, *line, MapOp::Read),
            Expr::Call(call) => self.call(call),
            Expr::Star(inner) => self.star(inner),
            Expr::Address(inner) => {
                let value = self.value(inner);
                Value {
                    ty: Ty::Pointer(Arc::new(value.ty.clone())),
                    ..value
                }
            }
            Expr::Not(inner) => {
                self.value(inner);
                Value::of(Ty::Plain)
            }
            Expr::And(both) => {
                self.value(&both.0);
                self.value(&both.1);
                Value::of(Ty::Plain)
            }
            Expr::Receive(inner) => self.receive(inner),
            Expr::Composite(ty, elements) => self.composite(ty, elements),
            Expr::Func(func) => self.stored_literal(func),
            Expr::Assert(inner, ty) => self.assertion(inner, ty.as_deref()),
            Expr::Type(ty) => Value::of(self.program.resolve(ty, self.scope)),
            Expr::Slice(operand, bounds) => {
                for bound in bounds {
                    self.value(bound);
                }
                self.value(operand)
            }
        }
    }

    fn name(&mut self, name: &Name) -> Value {
        if let Some(id) = self.find(name) {
            return self.local_value(id);
        }
        self.package_member(self.scope.package, name)
            .unwrap_or_else(Value::unknown)
    }

    /// A variable; one that another goroutine captures is not this function's alone any more.
    fn local_value(&mut self, id: u32) -> Value {
        let Some(local) = self.locals.get_mut(id as usize) else {
            return Value::unknown();
        };
        for frame in self.frames.iter_mut().rev() {
            if frame.part == local.part {
                break;
            }
            frame.captured.push(id);
            local.fresh &= !frame.apart;
        }
        let base = match local.base {
            Base::Local(root) => root,
            Base::Other => id,
        };
        let value = Value {
            ty: local.ty.clone(),
            place: Some(local.place.clone().unwrap_or(Place::Local(self.id, id))),
            base: Base::Local(base),
            from: Origin::Local(id),
            func: local.func.clone(),
            fresh: local.fresh,
            copied: false,
        };
        let root_fresh = self
            .locals
            .get(base as usize)
            .is_some_and(|root| root.fresh);
        Value {
            fresh: value.fresh && (root_fresh || base == id),
            ..value
        }
    }

    /// A variable, function or type of a package of this module.
    fn package_member(&self, package: PackageId, name: &Name) -> Option<Value> {
        if let Some(id) = self.program.var_named(package, name) {
            let ty = self.program.var(id).map(|var| var.ty.clone());
            return Some(Value {
                place: Some(Place::Global(id)),
                from: Origin::Global(id),
                ..Value::of(ty.unwrap_or(Ty::Unknown))
            });
        }
        if let Some(id) = self.program.func_named(package, name) {
            let ty = self.program.func(id).map(|func| func.ty.clone());
            return Some(Value {
                func: Some(Target::Func(id)),
                ..Value::of(Ty::Func(ty.unwrap_or_default()))
            });
        }
        let id = self.program.type_named(package, name)?;
        Some(Value::of(Ty::Named(id)))
    }

    fn select(&mut self, operand: &Expr, name: &Name) -> Value {
        if let Expr::Name(package) = operand
            && let Some(import) = self.import(package)
        {
            return match import.clone() {
                Import::Own(package) => self
                    .package_member(package, name)
                    .unwrap_or_else(Value::unknown),
                Import::Foreign(path) => Value {
                    func: Some(Target::Foreign(path.clone(), name.clone())),
                    ..Value::of(Ty::External(path, name.clone()))
                },
            };
        }
        let value = self.value(operand);
        let mut field = self.select_of(&value, name);
        field.fresh |= self
            .variable(operand)
            .and_then(|id| self.locals.get(id as usize))
            .is_some_and(|local| local.renewed.contains(name));
        field
    }

    /// The variable that an expression is, where it is one of the current part.
    pub(super) fn variable(&self, expr: &Expr) -> Option<u32> {
        let Expr::Name(name) = expr else {
            return None;
        };
        let id = self.find(name)?;
        let local = self.locals.get(id as usize)?;
        (local.part == self.current()).then_some(id)
    }

    /// `value.name`
    pub(super) fn select_of(&self, value: &Value, name: &Name) -> Value {
        let fresh = value.fresh;
        let part = |place: Option<Place>, ty: Ty| Value {
            place,
            base: value.base,
            from: value.from,
            fresh,
            ..Value::of(ty)
        };
        match self.program.select(&value.ty, name) {
            Some(Selected::Field(Some(owner), ty)) => {
                let is_func = matches!(self.program.underlying(&ty), Ty::Func(_));
                let mut field = part(Some(Place::Field(owner, name.clone())), ty);
                field.func = is_func.then(|| Target::Foreign(Name::from(""), name.clone()));
                field
            }
            Some(Selected::Field(None, ty)) => {
                let place = value.place.clone();
                part(
                    place.map(|place| Place::Part(Arc::new(place), name.clone())),
                    ty,
                )
            }
            Some(Selected::Method(id, _)) => {
                let ty = self.program.func(id).map(|func| func.ty.clone());
                Value {
                    func: Some(Target::Func(id)),
                    ..part(None, Ty::Func(ty.unwrap_or_default()))
                }
            }
            Some(Selected::Abstract(id)) => Value {
                func: Some(Target::Abstract(id, name.clone())),
                ..part(None, Ty::Unknown)
            },
            Some(Selected::Foreign { path, .. }) => Value {
                func: Some(Target::Foreign(path, name.clone())),
                ..part(None, Ty::Unknown)
            },
            None => {
                let path = match self.program.pointee(&value.ty) {
                    Ty::External(path, _) => path,
                    _ => Name::from(""),
                };
                Value {
                    func: Some(Target::Foreign(path, name.clone())),
                    ..part(None, Ty::Unknown)
                }
            }
        }
    }

    /// `operand[index]`; a map is read unless `op` says otherwise.
    pub(super) fn index(&mut self, operand: &Expr, index: &Expr, line: u32, op: MapOp) -> Value {
        let value = self.value(operand);
        self.value(index);
        let ty = self.program.underlying(&self.program.pointee(&value.ty));
        let element = match ty {
            Ty::Map(of) => {
                self.access(&value, op, line);
                of.1.clone()
            }
            Ty::List(of) => (*of).clone(),
            // Type arguments of a generic function.
            Ty::Func(_) => return value,
            _ => Ty::Unknown,
        };
        self.element(&value, element)
    }

    /// What stands in a container; if the container is new, so is what stands in it.
    pub(super) fn element(&self, container: &Value, ty: Ty) -> Value {
        let place = container.place.clone();
        Value {
            place: place.map(|place| Place::Element(Arc::new(place))),
            base: container.base,
            from: container.from,
            fresh: container.fresh,
            ..Value::of(ty)
        }
    }

    fn star(&mut self, inner: &Expr) -> Value {
        let value = self.value(inner);
        let ty = match &value.ty {
            Ty::Pointer(to) => (**to).clone(),
            _ => self.program.pointee(&value.ty),
        };
        Value { ty, ..value }
    }

    fn receive(&mut self, inner: &Expr) -> Value {
        let channel = self.value(inner);
        self.join(!is_done_channel(inner));
        match self.program.underlying(&channel.ty) {
            // Whoever received it owns it, unless a place says otherwise: nothing is said of it.
            Ty::Chan(of) => Value::of((*of).clone()),
            _ => Value::unknown(),
        }
    }

    fn assertion(&mut self, inner: &Expr, ty: Option<&TypeExpr>) -> Value {
        let value = self.value(inner);
        match ty {
            Some(ty) => {
                let ty = self.program.resolve(ty, self.scope);
                Value {
                    copied: matches!(self.program.underlying(&ty), Ty::Struct(_)),
                    ty,
                    func: None,
                    ..value
                }
            }
            None => value,
        }
    }

    fn composite(&mut self, ty: &TypeExpr, elements: &[Element]) -> Value {
        let ty = self.program.resolve(ty, self.scope);
        let is_struct = matches!(self.program.underlying(&ty), Ty::Struct(_));
        for Element { key, value } in elements {
            if let (Some(key), false) = (key, is_struct && ty != Ty::Unknown) {
                // The keys of a struct are field names; those of an unknown type may be.
                if ty != Ty::Unknown {
                    self.value(key);
                }
            }
            let value = self.value(value);
            if let (Some(Expr::Name(field)), Ty::Named(owner)) = (key, &ty) {
                self.lock_alias(&Place::Field(*owner, field.clone()), &value);
            }
            if value.func.is_some() || !value.fresh {
                self.give_away(&value);
            }
        }
        Value {
            fresh: true,
            ..Value::of(ty)
        }
    }
}
