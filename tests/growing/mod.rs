//! Runs of `gotriage map grow` for tests, and the histories of corpus/maps/map-history that they are held against.

#![allow(dead_code, clippy::expect_used, clippy::panic)] // every test takes what it needs

use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub const FILES: [&str; 4] = [
    "go1.22.10-amd64",
    "go1.25.5-noswissmap-amd64",
    "go1.24.11-amd64",
    "go1.27.3-386",
];

/// Longer histories are left to tests/gomap_replay.rs.
pub const LONGEST: usize = 4_500;

/// One map's life.
pub struct Life {
    pub begin: Value,
    pub operations: Vec<Value>,
    pub end: Value,
}

pub fn lives(file: &str) -> Vec<Life> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus/maps/map-history")
        .join(format!("{file}.jsonl.zst"));
    let packed = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let text = String::from_utf8(zstd::decode_all(packed).expect("zstd")).expect("UTF-8");
    let mut lives: Vec<Life> = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        if line.get("secrets").is_some() {
            lives.push(Life {
                begin: line,
                operations: Vec::new(),
                end: Value::Null,
            });
            continue;
        }
        let life = lives.last_mut().expect("a history");
        if line.get("op").is_some() {
            life.operations.push(line);
        } else if let Some(end) = line.get("end") {
            life.end = end.clone();
        }
    }
    lives
}

pub fn seed(state: &Value) -> Option<&str> {
    state["seed"].as_str().or(state["hash0"].as_str())
}

impl Life {
    /// The file of writes; a new seed is told as soon as Go had one.
    pub fn writes(&self) -> String {
        let mut now = seed(&self.begin["state"]).expect("a seed").to_owned();
        let mut text = String::from("# written by Go\n\n");
        for operation in &self.operations {
            let key = &operation["key"];
            let key = match (key["lit"].as_str(), key["mem"].as_str()) {
                (Some(literal), _) => literal.to_owned(),
                (None, Some(memory)) => format!("hex:{memory}"),
                (None, None) => String::new(),
            };
            text += &match operation["op"].as_str().expect("an op") {
                "delete" => format!("delete {key}\n"),
                "clear" => "clear\n".to_owned(),
                _ => format!("{key}\n"),
            };
            if let Some(seed) = operation.get("state").and_then(seed)
                && seed != now
            {
                now = seed.to_owned();
                text += &format!("seed {now}\n");
            }
        }
        text
    }

    pub fn replayed(&self, directory: &Path) -> Value {
        let secrets = directory.join("secrets.json");
        let document = json!({
            "schema": "gotriage.map-snapshot/1", "go_version": self.begin["go_version"],
            "arch": self.begin["arch"], "secrets": self.begin["secrets"],
        });
        std::fs::write(&secrets, document.to_string()).expect("a file");
        let mut arguments = vec![
            "map".to_owned(),
            "grow".to_owned(),
            self.begin["type"].as_str().expect("a type").to_owned(),
            "--format=json".to_owned(),
            "--keys=-".to_owned(),
            format!("--secrets={}", secrets.display()),
            format!("--seed={}", seed(&self.begin["state"]).expect("a seed")),
        ];
        arguments.extend(
            self.begin["hint"]
                .as_u64()
                .map(|hint| format!("--hint={hint}")),
        );
        let output = piped(&arguments, &self.writes());
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

impl Life {
    /// The replay of the writes alone, with a snapshot of a state for all else.
    pub fn snapshot(&self, directory: &Path, state: &Value) -> Value {
        let path = directory.join("snapshot.json");
        let mut map = state.clone();
        map["name"] = json!("tides");
        map["type"] = self.begin["type"].clone();
        let document = json!({
            "schema": "gotriage.map-snapshot/1", "go_version": self.begin["go_version"],
            "arch": self.begin["arch"], "secrets": self.begin["secrets"], "maps": [map],
        });
        std::fs::write(&path, document.to_string()).expect("a file");
        let writes = self.writes();
        let seedless = writes.lines().filter(|line| !line.starts_with("seed "));
        let writes: String = seedless.map(|line| format!("{line}\n")).collect();
        let snapshot = format!("--snapshot={}", path.display());
        let arguments = ["map", "grow", "--format=json", "--keys=-", &snapshot];
        let output = piped(&arguments, &writes);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

pub fn gotriage(arguments: &[impl AsRef<std::ffi::OsStr>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gotriage"));
    command
        .args(arguments)
        .env_remove("COLUMNS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub fn piped(arguments: &[impl AsRef<std::ffi::OsStr>], input: &str) -> Output {
    let mut child = gotriage(arguments).spawn().expect("gotriage");
    let mut stdin = child.stdin.take().expect("stdin");
    // A program that refuses its arguments never reads.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("an end")
}

pub fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

pub fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

pub fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("gotriage-grow-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

/// What of a state changes only when a map grows: B, or the directory and the tables' capacities.
pub fn shape(state: &Value) -> Value {
    let capacities = state["tables"].as_array().into_iter().flatten();
    json!([
        state["B"],
        state["dir_len"],
        capacities
            .map(|table| &table["capacity"])
            .collect::<Vec<_>>()
    ])
}

/// Numbers of the writes that changed the shape.
pub fn grown(life: &Life) -> Vec<u64> {
    let mut now = shape(&life.begin["state"]);
    let mut grown = Vec::new();
    for (operation, number) in life.operations.iter().zip(1..) {
        let Some(state) = operation.get("state").map(shape) else {
            continue;
        };
        if state != now {
            grown.push(number);
            now = state;
        }
    }
    grown
}

/// A hash key for a machine without AES: enough to hash with.
pub const HASHKEY: [&str; 3] = [
    "--hashkey=0x1f,0x2b,0x35,0x47",
    "--seed=7",
    "--arch=riscv64",
];
