//! Mutexes along the way: what is taken, given back, and held on one or on all paths.

use super::{Held, Value, Walker};
use crate::source::ast::{Call, Expr};
use crate::source::facts::{LockCopy, Place};
use crate::source::program::{Selected, Ty};

/// What a method with the name of a lock operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Take { exclusive: bool },
    Try { exclusive: bool },
    Release,
}

fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        "Lock" => Operation::Take { exclusive: true },
        "RLock" => Operation::Take { exclusive: false },
        "TryLock" => Operation::Try { exclusive: true },
        "TryRLock" => Operation::Try { exclusive: false },
        "Unlock" | "RUnlock" => Operation::Release,
        _ => return None,
    })
}

/// Locks after two paths meet: certain where both hold them, and no stronger than the weaker of the two.
pub(super) fn merge(left: &[Held], right: &[Held]) -> Vec<Held> {
    let mut merged: Vec<Held> = Vec::with_capacity(left.len());
    for held in left {
        let other = right.iter().find(|other| other.lock == held.lock);
        merged.push(Held {
            lock: held.lock.clone(),
            exclusive: held.exclusive && other.is_none_or(|other| other.exclusive),
            certain: held.certain && other.is_some_and(|other| other.certain),
        });
    }
    let only_right = right
        .iter()
        .filter(|held| !left.iter().any(|other| other.lock == held.lock));
    merged.extend(only_right.map(|held| Held {
        certain: false,
        ..held.clone()
    }));
    merged
}

impl Walker<'_, '_> {
    pub(super) fn set_held(&mut self, held: Vec<Held>) {
        if let Some(frame) = self.frames.last_mut() {
            frame.held = held;
        }
    }

    pub(super) fn hold(&mut self, locks: Vec<Held>) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        for lock in locks {
            frame
                .held
                .retain(|held| held.lock != lock.lock || lock.lock.is_none());
            frame.held.push(lock);
        }
    }

    pub(super) fn release(&mut self, lock: Option<Place>) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if let Some(at) = frame.held.iter().rposition(|held| held.lock == lock) {
            frame.held.remove(at);
            return;
        }
        let part = self.facts.parts.get_mut(usize::from(frame.part));
        if let (Some(part), Some(lock)) = (part, lock) {
            part.released.push(lock);
        }
    }

    /// The operation of a call such as `s.mu.RLock()`, with the lock. A lock that cannot be told apart, such as
    /// `s.lockFor(key)`, is `None` inside.
    fn lock_operation(&mut self, call: &Call) -> Option<(Operation, Option<Place>)> {
        let Expr::Select(operand, name, _) = &call.func else {
            return None;
        };
        let operation = operation(name).filter(|_| call.args.is_empty())?;
        if let Expr::Name(package) = &**operand
            && self.import(package).is_some()
        {
            return None;
        }
        let value = self.value(operand);
        let lock = match self.program.select(&value.ty, name) {
            Some(Selected::Foreign { via, .. }) => Some(Place::Field(via.0, via.1)),
            Some(Selected::Method(id, via)) => {
                let known = self.summaries.funcs.get(&id);
                // A method that locks a mutex of its own is followed there.
                if known.is_some_and(|known| !known.gained.is_empty() || !known.released.is_empty())
                {
                    return None;
                }
                via.map(|via| Place::Field(via.0, via.1)).or(value.place)
            }
            _ => value.place,
        };
        Some((operation, lock))
    }

    /// True for an operation on a lock that is a copy: that of a receiver or parameter which is a struct, no pointer to one, or of a
    /// variable that was given a struct of somebody else's. It keeps nobody out.
    fn is_on_copy(&mut self, call: &Call) -> bool {
        let Expr::Select(operand, name, _) = &call.func else {
            return false;
        };
        if operation(name).is_none() {
            return false;
        }
        let (variable, field) = match &**operand {
            Expr::Name(variable) => (variable, None),
            Expr::Select(inner, field, _) => match &**inner {
                Expr::Name(variable) => (variable, Some(field)),
                _ => return false,
            },
            _ => return false,
        };
        let Some(id) = self.find(variable) else {
            return false;
        };
        let is_param = self
            .facts
            .locals
            .get(id as usize)
            .is_some_and(|local| local.param.is_some());
        let local = self.locals.get(id as usize);
        let is_copy = is_param || local.is_some_and(|local| local.copy.is_some());
        let ty = local.map(|local| local.ty.clone());
        let Some(Ty::Named(owner)) = ty.filter(|_| is_copy) else {
            return false;
        };
        let fields = self.program.fields_of(&Ty::Named(owner));
        let lock = fields.iter().find(|known| match field {
            Some(field) => known.name == *field,
            None => known.embedded && is_mutex(&known.ty),
        });
        let Some(lock) = lock.filter(|lock| is_mutex(&lock.ty)) else {
            return false;
        };
        self.facts.copies.push(LockCopy {
            part: self.current(),
            line: call.line,
            ty: owner,
            field: lock.name.clone(),
        });
        true
    }

    /// True where the call was one on a lock, which it then was done to.
    pub(super) fn lock_call(&mut self, call: &Call) -> bool {
        if self.is_on_copy(call) {
            return true;
        }
        let Some((operation, lock)) = self.lock_operation(call) else {
            return false;
        };
        match operation {
            Operation::Take { exclusive } => self.hold(vec![Held {
                lock,
                exclusive,
                certain: true,
            }]),
            // The result decides; without a look at it the lock may be held.
            Operation::Try { exclusive } => self.hold(vec![Held {
                lock,
                exclusive,
                certain: false,
            }]),
            Operation::Release => self.release(lock),
        }
        true
    }

    /// True where a deferred call is one on a lock: it stays held to the end.
    pub(super) fn deferred_lock_call(&mut self, call: &Call) -> bool {
        if self.is_on_copy(call) {
            return true;
        }
        let Some((operation, lock)) = self.lock_operation(call) else {
            return false;
        };
        if let (Operation::Release, Some(lock), Some(frame)) =
            (operation, lock, self.frames.last_mut())
        {
            frame.deferred.push(lock);
        }
        true
    }

    /// Evaluates a condition; returns the locks held where it is true, and where it is false.
    pub(super) fn condition(&mut self, cond: &Expr) -> (Vec<Held>, Vec<Held>) {
        match cond {
            Expr::Not(inner) => {
                let (when_true, when_false) = self.condition(inner);
                (when_false, when_true)
            }
            Expr::And(both) => {
                let (mut left, _) = self.condition(&both.0);
                let (right, _) = self.condition(&both.1);
                left.extend(right);
                (left, Vec::new())
            }
            Expr::Call(call) => match self.try_lock(call) {
                Some(held) => (vec![held], Vec::new()),
                None => (Vec::new(), Vec::new()),
            },
            other => {
                self.value(other);
                (Vec::new(), Vec::new())
            }
        }
    }

    fn try_lock(&mut self, call: &Call) -> Option<Held> {
        let is_try = matches!(&call.func, Expr::Select(_, name, _) if matches!(operation(name), Some(Operation::Try { .. })));
        let found = match is_try {
            true => self.lock_operation(call),
            false => None,
        };
        match found {
            Some((Operation::Try { exclusive }, lock)) => Some(Held {
                lock,
                exclusive,
                certain: true,
            }),
            _ => {
                self.call(call);
                None
            }
        }
    }

    /// What a called function does to locks.
    pub(super) fn locks_of(&mut self, callee: &Value) {
        let (gained, released) = match &callee.func {
            Some(super::Target::Func(id)) => match self.summaries.funcs.get(id) {
                Some(summary) => (summary.gained.clone(), summary.released.clone()),
                None => return,
            },
            // `unlock := func() { … }`: walked already, where it stands.
            Some(super::Target::Literal(part)) => match self.facts.parts.get(usize::from(*part)) {
                Some(part) => (part.gained.clone(), part.released.clone()),
                None => return,
            },
            _ => return,
        };
        for lock in released {
            self.release(Some(lock));
        }
        self.hold(gained);
    }

    /// Notes that a field is set to the address of a lock: both are one.
    pub(super) fn lock_alias(&mut self, field: &Place, value: &Value) {
        let Ty::Pointer(to) = &value.ty else {
            return;
        };
        if let (true, Some(lock)) = (is_mutex(to), &value.place)
            && lock != field
        {
            self.facts.lock_aliases.push((field.clone(), lock.clone()));
        }
    }

    /// True for a `sync.Cond`, whose `Wait` is no join.
    pub(super) fn is_cond(&self, ty: &Ty) -> bool {
        matches!(self.program.pointee(ty), Ty::External(path, name) if &*path == "sync" && &*name == "Cond")
    }
}

/// A mutex of package sync, by value.
fn is_mutex(ty: &Ty) -> bool {
    matches!(ty, Ty::External(path, name) if &**path == "sync" && matches!(&**name, "Mutex" | "RWMutex"))
}
