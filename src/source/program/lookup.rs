//! What a selector on a type means: fields and methods through embedding, and who implements an interface.

use super::{Field, FuncId, Name, Program, Ty, TypeId};
use std::collections::HashSet;
use std::sync::Arc;

/// Embedding deeper than this is not written by people; it also bounds types that embed each other.
const MAX_EMBEDDING: usize = 8;

/// An interface with more implementations than this tells nothing about who is called.
const MAX_IMPLEMENTATIONS: usize = 12;

/// What `x.name` stands for.
#[derive(Clone, Debug)]
pub enum Selected {
    /// A field: the named struct that declares it, if it has a name, and its type.
    Field(Option<TypeId>, Ty),
    /// A method, with the embedded field that its receiver is, where it came through one.
    Method(FuncId, Option<(TypeId, Name)>),
    /// A method of a type declared elsewhere that is embedded here: `sync.Mutex` in a struct.
    Foreign {
        /// The embedded field.
        via: (TypeId, Name),
        /// Import path of its type.
        path: Name,
        /// Name of its type.
        name: Name,
    },
    /// A method of an interface of this module.
    Abstract(TypeId),
}

impl Program<'_> {
    /// What a type is made of: declarations are followed, to a depth that no cycle survives.
    pub fn underlying(&self, ty: &Ty) -> Ty {
        let mut ty = ty.clone();
        for _ in 0..MAX_EMBEDDING {
            match ty {
                Ty::Named(id) => ty = self.type_def(id).map_or(Ty::Unknown, |def| def.ty.clone()),
                other => return other,
            }
        }
        Ty::Unknown
    }

    /// The type behind pointers.
    pub fn pointee(&self, ty: &Ty) -> Ty {
        let mut ty = ty.clone();
        for _ in 0..MAX_EMBEDDING {
            match &ty {
                Ty::Pointer(to) => ty = (**to).clone(),
                // `type A = B`, and `type P *T`, which has no methods of its own.
                Ty::Named(id) => match self.type_def(*id) {
                    Some(def) if def.alias || matches!(def.ty, Ty::Pointer(_)) => {
                        ty = def.ty.clone();
                    }
                    _ => return ty,
                },
                _ => return ty,
            }
        }
        ty
    }

    /// True where a value of the type is a map.
    pub fn is_map(&self, ty: &Ty) -> bool {
        matches!(self.underlying(ty), Ty::Map(_))
    }

    fn fields(&self, ty: &Ty) -> Option<Arc<Vec<Field>>> {
        match self.underlying(ty) {
            Ty::Struct(fields) => Some(fields),
            _ => None,
        }
    }

    /// Fields of a type, pointers followed.
    pub fn fields_of(&self, ty: &Ty) -> Arc<Vec<Field>> {
        self.fields(&self.pointee(ty)).unwrap_or_default()
    }

    /// A method that the type itself declares.
    pub fn own_method(&self, id: TypeId, name: &Name) -> Option<FuncId> {
        self.methods.get(id.0 as usize)?.get(name).copied()
    }

    /// What `x.name` is for an `x` of this type: the shallowest field or method of that name.
    pub fn select(&self, ty: &Ty, name: &Name) -> Option<Selected> {
        let mut level: Vec<(Ty, Option<(TypeId, Name)>)> = vec![(self.pointee(ty), None)];
        let mut seen: HashSet<TypeId> = HashSet::new();
        for _ in 0..MAX_EMBEDDING {
            let mut next = Vec::new();
            let mut foreign = None;
            for (ty, via) in level {
                if let Some(found) = self.select_here(&ty, name, &via) {
                    return Some(found);
                }
                if let (Ty::External(path, type_name), Some(via)) = (&ty, via) {
                    foreign.get_or_insert(Selected::Foreign {
                        via,
                        path: path.clone(),
                        name: type_name.clone(),
                    });
                }
                let owner = match &ty {
                    Ty::Named(id) if !seen.insert(*id) => continue,
                    Ty::Named(id) => *id,
                    _ => continue,
                };
                let fields = self.fields(&ty).unwrap_or_default();
                let embedded = fields.iter().filter(|field| field.embedded);
                next.extend(embedded.map(|field| {
                    let via = Some((owner, field.name.clone()));
                    (self.pointee(&field.ty), via)
                }));
            }
            if foreign.is_some() {
                return foreign;
            }
            level = next;
        }
        None
    }

    fn select_here(&self, ty: &Ty, name: &Name, via: &Option<(TypeId, Name)>) -> Option<Selected> {
        let owner = match ty {
            Ty::Named(id) => Some(*id),
            _ => None,
        };
        if let Some(method) = owner.and_then(|id| self.own_method(id, name)) {
            return Some(Selected::Method(method, via.clone()));
        }
        match self.underlying(ty) {
            Ty::Struct(fields) => {
                let field = fields.iter().find(|field| field.name == *name)?;
                Some(Selected::Field(owner, field.ty.clone()))
            }
            Ty::Interface(methods) => {
                let known = methods.binary_search(name).is_ok();
                owner.filter(|_| known).map(Selected::Abstract)
            }
            _ => None,
        }
    }

    /// The methods of that name in all types of the module that have every method of the interface.
    pub fn implementations(&self, interface: TypeId, name: &Name) -> Vec<FuncId> {
        let Ty::Interface(methods) = self.underlying(&Ty::Named(interface)) else {
            return Vec::new();
        };
        let owners = |name: &Name| self.method_owners.get(name).map_or(0, Vec::len);
        let rarest = methods.iter().min_by_key(|name| owners(name));
        let Some(candidates) = rarest.and_then(|name| self.method_owners.get(name)) else {
            return Vec::new();
        };
        let has_all = |id: &&TypeId| {
            let ty = Ty::Named(**id);
            methods
                .iter()
                .all(|name| matches!(self.select(&ty, name), Some(Selected::Method(..))))
        };
        let found: Vec<FuncId> = candidates
            .iter()
            .filter(has_all)
            .filter_map(|id| match self.select(&Ty::Named(*id), name)? {
                Selected::Method(func, _) => Some(func),
                _ => None,
            })
            .take(MAX_IMPLEMENTATIONS + 1)
            .collect();
        match found.len() > MAX_IMPLEMENTATIONS {
            true => Vec::new(),
            false => found,
        }
    }
}
