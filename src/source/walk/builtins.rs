//! Predeclared functions, and those of package `maps`.

use super::{MapOp, Value, Walker};
use crate::source::ast::{Call, Expr};
use crate::source::facts::Target;
use crate::source::program::{Import, Ty};
use std::sync::Arc;

impl Walker<'_, '_> {
    /// The value of a call to a predeclared function or one of package `maps`; `None` for all others.
    pub(super) fn builtin(&mut self, call: &Call) -> Option<Value> {
        let name = match &call.func {
            Expr::Name(name) => name,
            Expr::Select(package, name, _) => {
                let Expr::Name(package) = &**package else {
                    return None;
                };
                return match self.import(package)? {
                    Import::Foreign(path) if is_maps(path) => self.of_maps(name, call),
                    _ => None,
                };
            }
            _ => return None,
        };
        if self.find(name).is_some() || self.program.func_named(self.scope.package, name).is_some()
        {
            return None;
        }
        match &**name {
            "delete" => Some(self.operation(call, MapOp::Delete)),
            "clear" => Some(self.operation(call, MapOp::Clear)),
            "len" => Some(self.operation(call, MapOp::Len)),
            "make" | "new" => Some(self.made(call, &**name == "new")),
            "append" => Some(self.appended(call)),
            "cap" | "copy" | "panic" | "recover" | "print" | "println" | "close" | "min"
            | "max" | "complex" | "real" | "imag" => {
                for arg in &call.args {
                    self.value(arg);
                }
                Some(Value::of(Ty::Unknown))
            }
            _ => None,
        }
    }

    fn operation(&mut self, call: &Call, op: MapOp) -> Value {
        let mut args = call.args.iter();
        let map = args.next().map(|map| self.value(map));
        for arg in args {
            self.value(arg);
        }
        if let Some(map) = map {
            self.access(&map, op, call.line);
        }
        Value::of(Ty::Plain)
    }

    fn made(&mut self, call: &Call, pointer: bool) -> Value {
        let mut args = call.args.iter();
        let ty = match args.next() {
            Some(Expr::Type(ty)) => self.program.resolve(ty, self.scope),
            Some(other) => self.value(other).ty,
            None => Ty::Unknown,
        };
        for arg in args {
            self.value(arg);
        }
        Value {
            fresh: true,
            ..Value::of(match pointer {
                true => Ty::Pointer(Arc::new(ty)),
                false => ty,
            })
        }
    }

    fn appended(&mut self, call: &Call) -> Value {
        let mut first = None;
        for arg in &call.args {
            let value = self.value(arg);
            match &first {
                None => first = Some(value),
                Some(list) => {
                    let into = list.from;
                    self.put_into(value.from, into);
                    self.give_away(&value);
                }
            }
        }
        let first = first.unwrap_or_else(Value::unknown);
        Value {
            func: None,
            ..first
        }
    }

    /// Package `maps`, of the standard library or its forerunner.
    fn of_maps(&mut self, name: &str, call: &Call) -> Option<Value> {
        let (first, second) = match name {
            "Keys" | "Values" | "All" => (Some(MapOp::Range), None),
            "Clone" => (Some(MapOp::Clone), None),
            "Equal" | "EqualFunc" => (Some(MapOp::Range), Some(MapOp::Range)),
            "Copy" => (Some(MapOp::Fill), Some(MapOp::Range)),
            "DeleteFunc" | "Insert" => (Some(MapOp::Fill), None),
            "Clear" => (Some(MapOp::Clear), None),
            "Collect" => (None, None),
            _ => return None,
        };
        let mut values = Vec::new();
        for arg in &call.args {
            let value = self.value(arg);
            if let Some(func @ Target::Literal(_)) = &value.func {
                let kind = super::CallKind::Call;
                self.edge(func.clone(), kind, Vec::new(), call.line);
            }
            values.push(value);
        }
        for (value, op) in values.iter().zip([first, second]) {
            if let Some(op) = op {
                self.access(value, op, call.line);
            }
        }
        let ty = match (name, values.first()) {
            ("Clone", Some(map)) => map.ty.clone(),
            _ => Ty::Unknown,
        };
        Some(Value {
            fresh: true,
            ..Value::of(ty)
        })
    }
}

fn is_maps(path: &str) -> bool {
    matches!(path, "maps" | "golang.org/x/exp/maps")
}
