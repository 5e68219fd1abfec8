//! `gotriage map grow` against what Go did: histories of corpus/maps/map-history, written as files of writes and replayed by the program.
//!
//! tests/gomap_replay.rs compares every state and place inside the library; here the command's own reading and printing is tested.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Classic and Swiss, both experiments' sides, 64 and 32 bits.
const FILES: [&str; 4] = [
    "go1.22.10-amd64",
    "go1.25.5-noswissmap-amd64",
    "go1.24.11-amd64",
    "go1.27.3-386",
];

/// Longer histories are left to tests/gomap_replay.rs.
const LONGEST: usize = 4_500;

/// One map's life.
struct Life {
    begin: Value,
    operations: Vec<Value>,
    end: Value,
}

fn lives(file: &str) -> Vec<Life> {
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

fn seed(state: &Value) -> Option<&str> {
    state["seed"].as_str().or(state["hash0"].as_str())
}

impl Life {
    /// The file of writes; a new seed is told as soon as Go had one.
    fn writes(&self) -> String {
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

    fn replayed(&self, directory: &Path) -> Value {
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

fn gotriage(arguments: &[impl AsRef<std::ffi::OsStr>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gotriage"));
    command
        .args(arguments)
        .env_remove("COLUMNS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn piped(arguments: &[impl AsRef<std::ffi::OsStr>], input: &str) -> Output {
    let mut child = gotriage(arguments).spawn().expect("gotriage");
    let mut stdin = child.stdin.take().expect("stdin");
    // A program that refuses its arguments never reads.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("an end")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("gotriage-grow-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

/// What of a state changes only when a map grows: B, or the directory and the tables' capacities.
fn shape(state: &Value) -> Value {
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
fn grown(life: &Life) -> Vec<u64> {
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

#[test]
fn the_command_replays_what_go_did() {
    let directory = directory("replay");
    let (mut replayed, mut growths) = (0, 0);
    for file in FILES {
        for life in lives(file) {
            if life.operations.len() > LONGEST {
                continue;
            }
            let name = format!("{file} {}", life.begin["history"]);
            let result = life.replayed(&directory);
            let replay = &result["replay"];
            assert_eq!(replay["stopped"], Value::Null, "{name}");
            assert_eq!(replay["uncertain_from"], Value::Null, "{name}");
            let steps = replay["steps"].as_array().expect("steps");
            assert_eq!(steps.len(), life.operations.len(), "{name}");
            for (ours, theirs) in steps.iter().zip(&life.operations) {
                let done = match theirs["op"].as_str() {
                    Some("insert") => "inserted",
                    Some("update") => "updated",
                    Some("delete") => "deleted",
                    _ => "cleared",
                };
                assert_eq!(ours["outcome"], done, "{name}: {ours}");
            }
            let grew = |step: &&Value| {
                let kinds = [
                    "doubled",
                    "to_table",
                    "table_grown",
                    "directory_doubled",
                    "split",
                ];
                let mut growth = step["growth"].as_array().expect("a list").iter();
                growth.any(|growth| kinds.iter().any(|kind| growth["kind"] == *kind))
            };
            let ours: Vec<u64> = steps
                .iter()
                .filter(grew)
                .filter_map(|step| step["operation"].as_u64())
                .collect();
            assert_eq!(ours, grown(&life), "{name}");
            for field in [
                "count",
                "B",
                "noverflow",
                "nevacuate",
                "used",
                "dir_len",
                "global_depth",
            ] {
                assert_eq!(
                    replay["end"].get(field),
                    life.end.get(field),
                    "{name}: {field}"
                );
            }
            assert_eq!(shape(&replay["end"]), shape(&life.end), "{name}");
            replayed += 1;
            growths += ours.len();
        }
    }
    std::fs::remove_dir_all(&directory).expect("no directory");
    assert!(
        replayed >= 30 && growths > 100,
        "{replayed} histories, {growths} growths"
    );
}

#[test]
fn the_plan_says_when_go_grew() {
    let mut checked = 0;
    for file in FILES {
        for life in lives(file) {
            let news = life
                .operations
                .iter()
                .take_while(|operation| operation["op"] == "insert");
            let inserts = news.count() as u64;
            let hint = life.begin["hint"].as_u64().unwrap_or(0);
            let go = life.begin["go_version"].as_str().expect("a version");
            let output = piped(
                &[
                    "map",
                    "grow",
                    life.begin["type"].as_str().expect("a type"),
                    "--format=json",
                    &format!("--go={go}"),
                    &format!("--arch={}", life.begin["arch"].as_str().expect("arch")),
                    &format!("--hint={hint}"),
                    &format!("--inserts={inserts}"),
                ],
                "",
            );
            let result: Value = serde_json::from_str(stdout(&output)).expect("JSON");
            let stages = result["plan"].as_array().expect("a plan");
            // Where a Swiss map has several tables the plan gives bounds.
            let ours: Vec<u64> = stages
                .iter()
                .filter_map(|stage| match stage.get("grows_at") {
                    None => stage["begins_at"].as_u64().filter(|at| *at > 1),
                    Some(bounds) if bounds["earliest"] == bounds["latest"] => {
                        bounds["earliest"].as_u64()
                    }
                    Some(_) => None,
                })
                .filter(|at| *at <= inserts)
                .collect();
            let mut theirs = grown(&life);
            theirs.retain(|at| *at <= inserts);
            if stages.iter().all(|stage| {
                stage
                    .get("tables")
                    .is_none_or(|tables| tables.as_u64() < Some(2))
            }) {
                assert_eq!(ours, theirs, "{file} {}", life.begin["history"]);
            } else {
                assert!(
                    theirs.starts_with(&ours),
                    "{file} {}: {ours:?}",
                    life.begin["history"]
                );
            }
            checked += ours.len();
        }
    }
    assert!(checked > 100, "{checked} growths");
}

#[test]
fn what_is_missing_for_a_replay_is_said_and_the_plan_printed() {
    let keys = ["--key=\"a\"", "--key=\"b\""];
    let output = piped(
        &[&["map", "grow", "map[string]int", "--go=1.23"][..], &keys].concat(),
        "",
    );
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    for part in [
        "runtime.aeskeysched",
        "hash0",
        "offset 12",
        "--seed",
        "Plan: 2 inserts",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let json = [
        &[
            "map",
            "grow",
            "map[string]int",
            "--go=1.27",
            "--seed=1",
            "--format=json",
        ][..],
        &keys,
    ];
    let result: Value = serde_json::from_str(stdout(&piped(&json.concat(), ""))).expect("JSON");
    assert_eq!(result["schema"], "gotriage.map-grow/1");
    assert_eq!(result["replay"], Value::Null);
    let missing = result["missing"].as_array().expect("a list");
    assert_eq!(missing.len(), 1, "the seed was given");
    assert!(
        missing[0]["why"]
            .as_str()
            .expect("why")
            .contains("internal/runtime/maps.aeskeysched")
    );
}

#[test]
fn wrong_usage_is_told_with_its_line() {
    let refused = |arguments: &[&str], input: &str, part: &str| {
        let output = piped(&[&["map", "grow"], arguments].concat(), input);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stdout(&output).is_empty(), "{arguments:?}");
        assert!(
            stderr(&output).contains(part),
            "{part}: {}",
            stderr(&output)
        );
    };
    refused(&[], "", "TYPE");
    refused(&["map[string]int"], "", "--inserts");
    refused(&["map[[]int]int", "--inserts=1"], "", "[]int");
    refused(
        &["map[string]int", "--keys=-"],
        "# nothing\n\n",
        "holds no write",
    );
    refused(
        &["map[int]int", "--keys=-"],
        "1\n# two\n\"two\"\n",
        "line 3: ",
    );
    refused(
        &["map[int]int", "--keys=-"],
        "1\ndelete\n",
        "line 2: delete what?",
    );
    refused(&["map[int]int", "--keys=-"], "seed tomorrow\n", "line 1: ");
    refused(&["map[int]int", "--key=x"], "", "--key: ");
    refused(
        &["map[int]int", "--inserts=1", "--map=m"],
        "",
        "--map <NAME>",
    );
    refused(
        &["map[int]int", "--key=1", "--hashkey=1,2,3"],
        "",
        "four words",
    );
}

/// A hash key for a machine without AES: enough to hash with.
const HASHKEY: [&str; 3] = [
    "--hashkey=0x1f,0x2b,0x35,0x47",
    "--seed=7",
    "--arch=riscv64",
];

#[test]
fn text_is_as_wide_as_asked_and_folded_unless_all_is_wanted() {
    let writes: String = (0..2_000).map(|n| format!("\"session-{n}\"\n")).collect();
    for go in ["--go=1.23", "--go=1.27"] {
        let page = |more: &[&str]| {
            let arguments = ["map", "grow", "map[string]int", "--keys=-", go];
            let output = piped(&[&arguments[..], &HASHKEY, more].concat(), &writes);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            stdout(&output).to_owned()
        };
        for width in [60, 80, 160] {
            let text = page(&[&format!("--width={width}")]);
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{go}: {widest:?} columns of {width}");
            assert!(
                text.lines().count() < 400,
                "{go}: {} lines",
                text.lines().count()
            );
            // Where there is little room keys are shortened.
            let keys = ["\"session-0\"", "\"session-1999\""];
            assert!(
                width == 60 || keys.iter().all(|key| text.contains(key)),
                "{text}"
            );
            assert!(text.contains("1,980 more writes; --all shows them"));
        }
        let all = page(&["--all", "--width=160"]);
        assert!((0..2_000).all(|n| all.contains(&format!("\"session-{n}\" "))));
        assert!(!all.contains("--all shows them"));
    }
}

#[test]
fn a_replay_ends_where_the_seed_is_drawn_anew() {
    let arguments = [
        "map",
        "grow",
        "map[int]int",
        "--keys=-",
        "--go=1.23",
        "--format=json",
    ];
    let replay = |writes: &str| {
        let output = piped(&[&arguments[..], &HASHKEY].concat(), writes);
        let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        result["replay"].clone()
    };
    let lost = replay("1\nclear\n# anew\n2\n");
    assert_eq!(lost["steps"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&lost["stopped"]["operation"], &lost["stopped"]["line"]),
        (&json!(3), &json!(4))
    );
    let told = replay("1\nclear\nseed 9\n2\n");
    assert_eq!(told["stopped"], Value::Null);
    // The key's hash is that of a map which was made with this seed.
    let fresh = replay("clear\nseed 9\n2\n");
    assert_eq!(told["steps"][2]["hash"], fresh["steps"][1]["hash"]);
    assert_ne!(told["steps"][2]["hash"], replay("2\n")["steps"][0]["hash"]);
}
