//! A checkout of the tested module, its marked lines, and gotriage run inside of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// Toolchains whose outputs are kept.
pub const VERSIONS: [&str; 3] = ["go1.21.13", "go1.23.9", "go1.27.3"];

/// Variables by which CI systems are told apart, and what they name.
const CI: [&str; 5] = [
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "GITHUB_WORKSPACE",
    "CI_PROJECT_DIR",
    "GITHUB_STEP_SUMMARY",
];

/// The module that testruns.sh tests, in a directory of its own.
pub struct Checkout(TempDir);

impl Checkout {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        copy(&corpus().join("programs/test-run"), directory.path());
        let module = "module example.com/app\n\ngo 1.21\n";
        fs::write(directory.path().join("go.mod"), module).expect("a go.mod");
        Self(directory)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// `gotriage ci` in the checkout, without a CI system around it.
    pub fn ci(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gotriage"));
        command.arg("ci").args(arguments).current_dir(self.path());
        command.stdin(Stdio::null());
        for name in CI {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.ci(arguments).output().expect("gotriage runs")
    }

    /// What `--json` says of an output that is kept, and the exit code.
    pub fn judged(&self, name: &str, more: &[&str]) -> (serde_json::Value, i32) {
        let log = log(name);
        let mut arguments = vec!["--json", "-", log.to_str().expect("a name")];
        arguments.extend(more);
        let output = self.run(&arguments);
        let json = serde_json::from_slice(&output.stdout).expect("JSON");
        (json, output.status.code().expect("an exit code"))
    }
}

pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// An output of go test.
pub fn log(name: &str) -> PathBuf {
    corpus().join("testruns").join(format!("{name}.txt"))
}

/// Files and directories below `from`.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a directory").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).expect("a directory");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

/// Where each marker stands in the module: `race: map` at `store/store.go:15`.
pub fn marked() -> BTreeMap<String, Vec<String>> {
    const KINDS: [&str; 8] = [
        "race", "fatal", "panic", "timeout", "leak", "build", "vet", "leaks",
    ];
    let root = corpus().join("programs/test-run");
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for folder in fs::read_dir(&root).expect("the module").flatten() {
        for file in fs::read_dir(folder.path()).expect("a package").flatten() {
            let path = file.path();
            let short = path.strip_prefix(&root).expect("below the module");
            let text = fs::read_to_string(&path).expect("Go source");
            for (line, number) in text.lines().zip(1..) {
                let Some((code, marker)) = line.rsplit_once("// ") else {
                    continue;
                };
                let kind = marker.split(':').next().expect("a word");
                if KINDS.contains(&kind) && !code.trim().is_empty() {
                    let place = format!("{}:{number}", short.display());
                    found.entry(marker.to_owned()).or_default().push(place);
                }
            }
        }
    }
    assert!(found.len() >= 8, "{found:?}");
    found
}
