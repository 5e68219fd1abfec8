//! Go itself, for tests that build and run programs.
//!
//! Go is `$GOTRIAGE_GO`, or else `$HOME/.cache/gotriage-go/<version>/go/bin/go` (corpus/toolchains.sh puts it there). What a machine
//! lacks is said and skipped, except where `CI=true`: there it fails.

#![allow(dead_code)] // every user needs another part

use gotriage::goruntime::version::GoVersion;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An installed Go.
pub struct Toolchain {
    go: PathBuf,
    pub version: GoVersion,
}

impl Toolchain {
    fn at(go: PathBuf) -> Option<Self> {
        let output = Command::new(&go)
            .args(["env", "GOVERSION"])
            .env("GOTOOLCHAIN", "local")
            .output()
            .ok()?;
        let version = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
        Some(Toolchain { go, version })
    }

    /// `go build -o binary` in `folder`; flags and packages are the caller's.
    pub fn build(&self, folder: &Path, binary: &Path) -> Command {
        let mut command = Command::new(&self.go);
        command
            .args(["build", "-o"])
            .arg(binary)
            .current_dir(folder)
            .env("GOTOOLCHAIN", "local")
            .env("GOPROXY", "off")
            .env("GOFLAGS", "");
        command
    }
}

/// Runs a command; the error is what it printed.
pub fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// All Go toolchains that can be found, oldest first; none only where a test may be skipped.
pub fn toolchains() -> Vec<Toolchain> {
    let mut found = match std::env::var_os("GOTRIAGE_GO") {
        Some(go) => vec![
            Toolchain::at(PathBuf::from(&go))
                .unwrap_or_else(|| panic!("GOTRIAGE_GO={} is no Go", go.display())),
        ],
        None => installed(),
    };
    found.sort_by_key(|toolchain| toolchain.version);
    if found.is_empty() {
        skip("no Go found: run corpus/toolchains.sh, or set GOTRIAGE_GO to a go binary");
    }
    found
}

/// Says what the machine lacks; fails in CI.
pub fn skip(advice: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{advice}");
    eprintln!("SKIPPED: {advice}");
}

fn installed() -> Vec<Toolchain> {
    let Some(home) = std::env::var_os("HOME") else {
        return Vec::new();
    };
    let cache = Path::new(&home).join(".cache/gotriage-go");
    let folders = std::fs::read_dir(cache).into_iter().flatten().flatten();
    folders
        .filter_map(|folder| Toolchain::at(folder.path().join("go/bin/go")))
        .collect()
}

/// The oldest and the newest.
pub fn extremes(mut all: Vec<Toolchain>) -> Vec<Toolchain> {
    if all.len() > 2 {
        all.drain(1..all.len() - 1);
    }
    all
}
