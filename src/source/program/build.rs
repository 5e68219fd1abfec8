//! Filling the tables of a [`Program`].

use super::{
    FuncDef, FuncId, FuncTy, Import, Index, Package, PackageId, Program, Scope, Ty, TypeDef,
    TypeId, VarDef, VarId,
};
use crate::source::ast::{File, FuncDecl, Name, TypeExpr};
use crate::source::module::{Module, directory};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Packages, then types, then functions and variables: each needs the ones before.
pub(super) fn build(module: &Module) -> Program<'_> {
    let mut program = Program {
        files: &module.files,
        file_packages: Vec::new(),
        imports: Vec::new(),
        packages: Vec::new(),
        types: Vec::new(),
        funcs: Vec::new(),
        vars: Vec::new(),
        indices: Vec::new(),
        methods: Vec::new(),
        method_owners: FxHashMap::default(),
    };
    packages(&mut program, module);
    imports(&mut program);
    types(&mut program);
    functions(&mut program);
    variables(&mut program);
    program
}

fn packages(program: &mut Program<'_>, module: &Module) {
    let mut by_directory: FxHashMap<(&str, &str), PackageId> = FxHashMap::default();
    for file in &module.files {
        let dir = directory(&file.path);
        // The external test package of a directory is a package of its own.
        let apart = match file.package.ends_with("_test") && file.path.ends_with("_test.go") {
            true => "_test",
            false => "",
        };
        let next = PackageId(program.packages.len() as u32);
        let id = *by_directory.entry((dir, apart)).or_insert(next);
        if id == next {
            program.packages.push(Package {
                path: format!("{}{apart}", module.package_path(&file.path)),
                name: file.package.clone(),
                is_main: &*file.package == "main",
                imports: Vec::new(),
            });
            program.indices.push(Index::default());
        }
        // A damaged file has no package clause; the next one of its directory tells.
        if let Some(package) = program.packages.get_mut(id.0 as usize)
            && package.name.is_empty()
        {
            package.name = file.package.clone();
            package.is_main = &*file.package == "main";
        }
        program.file_packages.push(id);
    }
}

fn imports(program: &mut Program<'_>) {
    let mut by_path: FxHashMap<&str, PackageId> = FxHashMap::default();
    for (package, at) in program.packages.iter().zip(0..) {
        by_path.entry(&package.path).or_insert(PackageId(at));
    }
    let all = program.files.iter().map(|file| {
        let names = file.imports.iter().map(|(alias, path)| {
            let import = match by_path.get(&**path) {
                // In the standard library's own tree the locks are still locks, not structs to look into.
                Some(&own) if &**path != "sync" => Import::Own(own),
                _ => Import::Foreign(path.clone()),
            };
            let name = match (alias, &import) {
                (Some(alias), _) => alias.clone(),
                (None, Import::Own(own)) => program
                    .package(*own)
                    .map_or_else(|| path.clone(), |package| package.name.clone()),
                (None, Import::Foreign(path)) => Name::from(default_name(path)),
            };
            (name, import)
        });
        names.collect()
    });
    program.imports = all.collect();
    let mut own: Vec<(PackageId, PackageId)> = Vec::new();
    for (file, &package) in program.files.iter().zip(&program.file_packages) {
        let paths = file
            .imports
            .iter()
            .filter_map(|(_, path)| by_path.get(&**path));
        own.extend(paths.map(|&imported| (package, imported)));
    }
    own.sort_unstable();
    own.dedup();
    for (package, imported) in own {
        if let Some(package) = program.packages.get_mut(package.0 as usize) {
            package.imports.push(imported);
        }
    }
}

/// The name a package most likely has: `github.com/x/go-redis/v9` is used as `redis`, `gopkg.in/yaml.v3` as `yaml`.
fn default_name(path: &str) -> &str {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    let is_version = |part: &str| {
        let digits = part.strip_prefix('v');
        digits
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let name = match is_version(last) {
        true => parts.next().unwrap_or(last),
        false => last,
    };
    let name = match name.rsplit_once('.') {
        Some((name, version)) if is_version(version) => name,
        _ => name,
    };
    let name = name.strip_prefix("go-").unwrap_or(name);
    name.strip_suffix("-go")
        .or(name.strip_suffix(".go"))
        .unwrap_or(name)
}

fn scope<'s>(program: &Program<'_>, file: usize, type_params: &'s [Name]) -> Scope<'s> {
    let package = program.file_packages.get(file).copied();
    Scope {
        package: package.unwrap_or(PackageId(u32::MAX)),
        file: file as u32,
        type_params,
    }
}

fn types(program: &mut Program<'_>) {
    let files: &[File] = program.files;
    let mut declared = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let package = scope(program, at, &[]).package;
        for decl in &file.types {
            let id = TypeId(program.types.len() as u32);
            let Some(index) = program.indices.get_mut(package.0 as usize) else {
                continue;
            };
            if index.types.contains_key(&decl.name) {
                continue;
            }
            index.types.insert(decl.name.clone(), id);
            program.types.push(TypeDef {
                package,
                name: decl.name.clone(),
                ty: Ty::Unknown,
                alias: decl.alias,
            });
            declared.push((at, decl));
        }
    }
    program
        .methods
        .resize_with(program.types.len(), FxHashMap::default);
    let resolved: Vec<Ty> = declared
        .into_par_iter()
        .map(|(at, decl)| program.resolve(&decl.ty, scope(program, at, &decl.params)))
        .collect();
    for (def, ty) in program.types.iter_mut().zip(resolved) {
        def.ty = ty;
    }
}

fn functions(program: &mut Program<'_>) {
    let files: &[File] = program.files;
    for (at, file) in files.iter().enumerate() {
        for (index, decl) in file.funcs.iter().enumerate() {
            function(program, at, index as u32, decl);
        }
        if !file.vars.is_empty() {
            let package = scope(program, at, &[]).package;
            program.funcs.push(FuncDef {
                package,
                file: at as u32,
                decl: None,
                name: Name::from("init"),
                receiver: None,
                by_pointer: false,
                ty: Arc::new(FuncTy::default()),
            });
        }
    }
    for owners in program.method_owners.values_mut() {
        owners.sort();
        owners.dedup();
    }
}

fn function(program: &mut Program<'_>, file: usize, index: u32, decl: &FuncDecl) {
    let scope = scope(program, file, &decl.type_params);
    let id = FuncId(program.funcs.len() as u32);
    let (receiver, by_pointer) = match decl.receiver.as_ref().map(|receiver| &receiver.ty) {
        Some(TypeExpr::Pointer(to)) => (program.resolve(to, scope), true),
        Some(ty) => (program.resolve(ty, scope), false),
        None => (Ty::Unknown, false),
    };
    let receiver = match receiver {
        Ty::Named(id) => Some(id),
        _ => None,
    };
    let ty = program.func_ty(&decl.func.signature, scope);
    program.funcs.push(FuncDef {
        package: scope.package,
        file: file as u32,
        decl: Some(index),
        name: decl.name.clone(),
        receiver,
        by_pointer,
        ty: Arc::new(ty),
    });
    let name = decl.name.clone();
    match receiver {
        Some(receiver) => {
            if let Some(methods) = program.methods.get_mut(receiver.0 as usize) {
                methods.entry(name.clone()).or_insert(id);
            }
            program
                .method_owners
                .entry(name)
                .or_default()
                .push(receiver);
        }
        None if decl.receiver.is_none() && &*name != "init" => {
            if let Some(index) = program.indices.get_mut(scope.package.0 as usize) {
                index.funcs.entry(name).or_insert(id);
            }
        }
        None => {}
    }
}

fn variables(program: &mut Program<'_>) {
    let files: &[File] = program.files;
    for (at, file) in files.iter().enumerate() {
        let scope = scope(program, at, &[]);
        for decl in &file.vars {
            let ty = decl.ty.as_ref().map(|ty| program.resolve(ty, scope));
            for name in &decl.names {
                let id = VarId(program.vars.len() as u32);
                program.vars.push(VarDef {
                    package: scope.package,
                    name: name.clone(),
                    ty: ty.clone().unwrap_or(Ty::Unknown),
                    file: at as u32,
                    line: decl.line,
                });
                if let Some(index) = program.indices.get_mut(scope.package.0 as usize) {
                    index.vars.entry(name.clone()).or_insert(id);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::default_name;

    #[test]
    fn packages_are_used_by_their_likely_names() {
        for (path, name) in [
            ("sync", "sync"),
            ("github.com/redis/go-redis/v9", "redis"),
            ("gopkg.in/yaml.v3", "yaml"),
            ("github.com/nats-io/nats.go", "nats"),
            ("k8s.io/api/core/v1", "core"),
        ] {
            assert_eq!(default_name(path), name, "{path}");
        }
    }
}
