//! Names across files: packages, types, functions, package variables, and what a selector on a type means.
//!
//! [`Program::new`] is built once over all files of a [`Module`]; [`super::walk`] asks it for types. Type inference is light: what is
//! written or follows from one expression is known, everything else is [`Ty::Unknown`] and stays so. Type arguments are not tracked:
//! a generic type is one type.

mod build;
mod lookup;

pub use lookup::Selected;

use super::ast::{File, FuncDecl, Name, TypeExpr};
use super::module::Module;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A type declaration of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u32);

/// A declared function or method; the initialisers of a file's package variables are one, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncId(pub u32);

/// A package variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VarId(pub u32);

/// A directory of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(pub u32);

/// A type as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ty {
    /// Not known: type parameters, results of other modules' functions.
    Unknown,
    /// Numbers, strings, booleans.
    Plain,
    /// Declared in this module.
    Named(TypeId),
    /// Declared elsewhere: import path and name.
    External(Name, Name),
    /// `*T`
    Pointer(Arc<Ty>),
    /// Slices and arrays.
    List(Arc<Ty>),
    /// Maps.
    Map(Arc<(Ty, Ty)>),
    /// Channels.
    Chan(Arc<Ty>),
    /// Functions.
    Func(Arc<FuncTy>),
    /// Structs without a name.
    Struct(Arc<Vec<Field>>),
    /// Interfaces without a name; method names, ascending.
    Interface(Arc<Vec<Name>>),
    /// Results of a call that has not exactly one.
    Tuple(Arc<Vec<Ty>>),
}

/// A function's type.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FuncTy {
    /// Parameters.
    pub params: Vec<Ty>,
    /// Results.
    pub results: Vec<Ty>,
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Ty,
    /// Embedded.
    pub embedded: bool,
}

/// A type declaration, resolved.
#[derive(Debug)]
pub struct TypeDef {
    /// Where.
    pub package: PackageId,
    /// Its name.
    pub name: Name,
    /// What it is made of.
    pub ty: Ty,
    /// `type A = B`
    pub alias: bool,
}

/// A function, resolved.
#[derive(Debug)]
pub struct FuncDef {
    /// Where.
    pub package: PackageId,
    /// Index into [`Program::files`].
    pub file: u32,
    /// Index into the file's functions; `None` for the initialisers of its variables.
    pub decl: Option<u32>,
    /// Its name; `init` for initialisers.
    pub name: Name,
    /// The receiver's type.
    pub receiver: Option<TypeId>,
    /// `*T` as receiver.
    pub by_pointer: bool,
    /// Its type, receiver apart.
    pub ty: Arc<FuncTy>,
}

/// A package variable, resolved.
#[derive(Debug)]
pub struct VarDef {
    /// Where.
    pub package: PackageId,
    /// Its name.
    pub name: Name,
    /// Its type; set by [`super::flow`] where it follows from the value.
    pub ty: Ty,
    /// Index into [`Program::files`].
    pub file: u32,
    /// Its line.
    pub line: u32,
}

/// A package.
#[derive(Debug)]
pub struct Package {
    /// Import path.
    pub path: String,
    /// The package clause.
    pub name: Name,
    /// True for `package main`.
    pub is_main: bool,
    /// Packages of this module that it imports, ascending.
    pub imports: Vec<PackageId>,
}

/// What an imported name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Import {
    /// A package of this module.
    Own(PackageId),
    /// Another's, by path.
    Foreign(Name),
}

/// All names of a module.
pub struct Program<'m> {
    /// The files, by path.
    pub files: &'m [File],
    /// The package of each file.
    pub file_packages: Vec<PackageId>,
    /// Imported names of each file.
    pub imports: Vec<FxHashMap<Name, Import>>,
    /// Packages, by path of their directories.
    pub packages: Vec<Package>,
    /// Types.
    pub types: Vec<TypeDef>,
    /// Functions.
    pub funcs: Vec<FuncDef>,
    /// Package variables.
    pub vars: Vec<VarDef>,
    /// By package.
    indices: Vec<Index>,
    /// By type.
    methods: Vec<FxHashMap<Name, FuncId>>,
    /// Types by the methods they declare.
    method_owners: FxHashMap<Name, Vec<TypeId>>,
}

/// The names of a package.
#[derive(Default)]
struct Index {
    types: FxHashMap<Name, TypeId>,
    funcs: FxHashMap<Name, FuncId>,
    vars: FxHashMap<Name, VarId>,
}

/// Where a type expression stands.
#[derive(Clone, Copy)]
pub struct Scope<'s> {
    /// Its package.
    pub package: PackageId,
    /// Index into [`Program::files`].
    pub file: u32,
    /// Type parameters in force.
    pub type_params: &'s [Name],
}

impl<'m> Program<'m> {
    /// Resolves the declarations of a module.
    pub fn new(module: &'m Module) -> Self {
        build::build(module)
    }

    /// The definition behind an id.
    pub fn type_def(&self, id: TypeId) -> Option<&TypeDef> {
        self.types.get(id.0 as usize)
    }

    /// The definition behind an id.
    pub fn func(&self, id: FuncId) -> Option<&FuncDef> {
        self.funcs.get(id.0 as usize)
    }

    /// The definition behind an id.
    pub fn var(&self, id: VarId) -> Option<&VarDef> {
        self.vars.get(id.0 as usize)
    }

    /// Sets the type of a package variable that has none written.
    pub(super) fn infer_var(&mut self, id: VarId, ty: Ty) {
        if let Some(var) = self.vars.get_mut(id.0 as usize)
            && var.ty == Ty::Unknown
        {
            var.ty = ty;
        }
    }

    /// The definition behind an id.
    pub fn package(&self, id: PackageId) -> Option<&Package> {
        self.packages.get(id.0 as usize)
    }

    /// The declaration of a function, unless it is made of initialisers.
    pub fn decl(&self, id: FuncId) -> Option<&'m FuncDecl> {
        let func = self.func(id)?;
        let file = self.files.get(func.file as usize)?;
        file.funcs.get(func.decl? as usize)
    }

    /// The file of a function.
    pub fn file_of(&self, id: FuncId) -> Option<&'m File> {
        self.files.get(self.func(id)?.file as usize)
    }

    /// A function of a package.
    pub fn func_named(&self, package: PackageId, name: &Name) -> Option<FuncId> {
        self.indices
            .get(package.0 as usize)?
            .funcs
            .get(name)
            .copied()
    }

    /// A variable of a package.
    pub fn var_named(&self, package: PackageId, name: &Name) -> Option<VarId> {
        self.indices
            .get(package.0 as usize)?
            .vars
            .get(name)
            .copied()
    }

    /// A type of a package.
    pub fn type_named(&self, package: PackageId, name: &Name) -> Option<TypeId> {
        self.indices
            .get(package.0 as usize)?
            .types
            .get(name)
            .copied()
    }

    /// What a name in a file's import list stands for.
    pub fn import(&self, file: u32, name: &Name) -> Option<&Import> {
        self.imports.get(file as usize)?.get(name)
    }

    /// A type as written, in its scope.
    pub fn resolve(&self, ty: &TypeExpr, scope: Scope<'_>) -> Ty {
        let pair = |ty: &TypeExpr| Arc::new(self.resolve(ty, scope));
        match ty {
            TypeExpr::Unknown => Ty::Unknown,
            TypeExpr::Name(None, name) => self.resolve_name(name, scope),
            TypeExpr::Name(Some(package), name) => match self.import(scope.file, package) {
                Some(Import::Own(package)) => match self.type_named(*package, name) {
                    Some(id) => Ty::Named(id),
                    None => Ty::Unknown,
                },
                Some(Import::Foreign(path)) => Ty::External(path.clone(), name.clone()),
                None => Ty::External(package.clone(), name.clone()),
            },
            TypeExpr::Pointer(to) => Ty::Pointer(pair(to)),
            TypeExpr::List(of) => Ty::List(pair(of)),
            TypeExpr::Chan(of) => Ty::Chan(pair(of)),
            TypeExpr::Map(of) => Ty::Map(Arc::new((
                self.resolve(&of.0, scope),
                self.resolve(&of.1, scope),
            ))),
            TypeExpr::Func(signature) => Ty::Func(Arc::new(self.func_ty(signature, scope))),
            TypeExpr::Struct(fields) => {
                let fields = fields.iter().map(|field| Field {
                    name: field.name.clone(),
                    ty: self.resolve(&field.ty, scope),
                    embedded: field.embedded,
                });
                Ty::Struct(Arc::new(fields.collect()))
            }
            TypeExpr::Interface(methods, _) => {
                let mut names: Vec<Name> = methods.iter().map(|(name, _)| name.clone()).collect();
                names.sort();
                Ty::Interface(Arc::new(names))
            }
        }
    }

    fn resolve_name(&self, name: &Name, scope: Scope<'_>) -> Ty {
        if scope.type_params.contains(name) {
            return Ty::Unknown;
        }
        if let Some(id) = self.type_named(scope.package, name) {
            return Ty::Named(id);
        }
        match &**name {
            "error" => Ty::Interface(Arc::new(vec![Name::from("Error")])),
            "any" => Ty::Interface(Arc::default()),
            _ if is_plain(name) => Ty::Plain,
            _ => Ty::Unknown,
        }
    }

    /// A signature's type.
    pub fn func_ty(&self, signature: &super::ast::Signature, scope: Scope<'_>) -> FuncTy {
        let all = |list: &[super::ast::Param]| {
            let types = list.iter().map(|param| self.resolve(&param.ty, scope));
            types.collect()
        };
        FuncTy {
            params: all(&signature.params),
            results: all(&signature.results),
        }
    }
}

/// The predeclared types without parts.
fn is_plain(name: &str) -> bool {
    matches!(
        name,
        "bool"
            | "byte"
            | "complex64"
            | "complex128"
            | "float32"
            | "float64"
            | "int"
            | "int8"
            | "int16"
            | "int32"
            | "int64"
            | "rune"
            | "string"
            | "uint"
            | "uint8"
            | "uint16"
            | "uint32"
            | "uint64"
            | "uintptr"
    )
}
