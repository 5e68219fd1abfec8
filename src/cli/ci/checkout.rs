//! Where the repository lies and which modules it has. [`find`] is called by [`super::run`]; nothing but go.mod and go.work is read.

use crate::triage::ci::checkout::{Checkout, Module};
use std::fs;
use std::path::{Path, PathBuf};

/// Variables in which CI systems name the checkout.
const ROOTS: [&str; 2] = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"];

/// A go.mod is a few lines; what is longer isn't one.
const LONGEST: u64 = 1 << 20;

/// Looks upwards from the current directory.
pub(super) fn find(prefixes: &[String], variable: impl Fn(&str) -> Option<String>) -> Checkout {
    let here = std::env::current_dir().and_then(fs::canonicalize);
    let Ok(here) = here else {
        return Checkout {
            prefixes: prefixes.to_vec(),
            ..Checkout::default()
        };
    };
    let named = ROOTS
        .iter()
        .filter_map(|name| fs::canonicalize(variable(name)?).ok())
        .find(|root| here.starts_with(root));
    let root = named
        .or_else(|| above(&here, ".git"))
        .or_else(|| above(&here, "go.work"))
        .or_else(|| above(&here, "go.mod"))
        .unwrap_or_else(|| here.clone());
    Checkout {
        directory: inside(&here, &root),
        modules: modules(&here, &root),
        root: slashed(&root),
        prefixes: prefixes.to_vec(),
        built_in: Vec::new(),
    }
}

/// The nearest directory upwards that has an entry of this name.
fn above(here: &Path, name: &str) -> Option<PathBuf> {
    let mut directories = here.ancestors();
    let found = directories.find(|directory| directory.join(name).exists());
    found.map(Path::to_path_buf)
}

/// Modules on the way up to the top, and those that a go.work there names.
fn modules(here: &Path, root: &Path) -> Vec<Module> {
    let mut modules: Vec<Module> = Vec::new();
    for directory in here.ancestors().take_while(|path| path.starts_with(root)) {
        modules.extend(module(directory, root));
        let work = text(&directory.join("go.work")).unwrap_or_default();
        for used in used(&work) {
            modules.extend(module(&directory.join(used), root));
        }
    }
    modules
}

fn module(directory: &Path, root: &Path) -> Option<Module> {
    let directory = fs::canonicalize(directory).ok()?;
    let text = text(&directory.join("go.mod"))?;
    let mut lines = text.lines();
    let path = lines.find_map(|line| Some(plain(line.trim().strip_prefix("module ")?)))?;
    Some(Module {
        path: path.to_owned(),
        directory: inside(&directory, root),
    })
}

/// The directories of `use ./a` and `use ( ./a ./b )`.
fn used(work: &str) -> Vec<&str> {
    let mut block = false;
    let mut found = Vec::new();
    for line in work.lines().map(str::trim) {
        match line.strip_prefix("use") {
            Some(rest) if rest.trim() == "(" => block = true,
            Some(rest) if rest.starts_with(' ') => found.push(plain(rest)),
            _ if line == ")" => block = false,
            _ if block && !line.starts_with("//") && !line.is_empty() => found.push(plain(line)),
            _ => {}
        }
    }
    found
}

/// A value without quotes and the comment behind it.
fn plain(value: &str) -> &str {
    let value = value.split("//").next().unwrap_or_default().trim();
    value.trim_matches(|c| c == '"' || c == '`')
}

fn text(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok()?;
    let small = about.is_file() && about.len() <= LONGEST;
    small.then(|| fs::read_to_string(path).ok()).flatten()
}

/// A path below another, with slashes; empty where it is the same or lies elsewhere.
fn inside(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).map(slashed).unwrap_or_default()
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspaces_name_their_modules() {
        let work = "go 1.23\n\nuse ./one // first\nuse (\n\t./two\n\t// ./not\n\t\"./three\"\n)\nreplace a => ./b\n";
        assert_eq!(used(work), ["./one", "./two", "./three"]);
    }

    #[test]
    fn modules_are_found_upwards() {
        let top = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(top.path()).unwrap();
        let here = top.join("app/store");
        fs::create_dir_all(&here).unwrap();
        fs::write(
            top.join("app/go.mod"),
            "// A module.\nmodule \"example.com/app\" // it\n\ngo 1.23\n",
        )
        .unwrap();
        let found = modules(&here, &top);
        let wanted = Module {
            path: "example.com/app".into(),
            directory: "app".into(),
        };
        assert_eq!(found, [wanted]);
        assert_eq!(inside(&here, &top), "app/store");
    }
}
