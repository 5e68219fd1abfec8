//! The debugger scripts, run by gdb and delve on a program that prints its own maps: a snapshot must hold all that it printed.
//!
//! The program is tests/probe/subject; it sees its maps with corpus/programs/map-memory, through unsafe and structs declared in Go,
//! so it shares no offset with gotriage. gdb starts it, which containers allow more often than attaching, collects a snapshot when it aborts, and writes a core.
//! The core is then read by gdb and by delve.
//!
//! Kernels of containers may refuse tracing altogether. There the subject writes the core by itself where it may (`ulimit -c`, a
//! core_pattern of a plain name) and only cores are read; where it may not either, that is said, and the scripts stand untried.
//! Machines without a debugger skip these tests; in CI they fail there.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod toolchain;

use gotriage::gomap::probe::{Debugger, Place, Request, WantedMap, script};
use gotriage::goruntime::version::GoVersion;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use toolchain::{Toolchain, extremes, run, skip, toolchains};

/// The subject's maps, without and with types that text tells in full.
const MAPS: &[(&str, Option<&str>)] = &[
    ("main.sessions", Some("map[string]int")),
    ("main.growing", Some("map[int64]int64")),
    ("main.small", Some("map[int64]string")),
    ("main.empty", Some("map[string]int")),
    ("main.named", Some("map[struct{ID int32; Name string}]bool")),
    ("main.blobs", Some("map[int32][200]byte")),
    ("main.sets", Some("map[int64]struct{}")),
    ("main.server.users", None),
    ("main.shop.users", None),
    ("main.shop", None),
    ("main.never", None),
];

/// From this minor on the linker must be told to let the subject name the runtime's secrets.
const LINKNAMES_CHECKED_SINCE: GoVersion = GoVersion::minor(23);

/// A program, built, in a folder of its own.
struct Subject {
    folder: PathBuf,
    binary: PathBuf,
}

impl Subject {
    fn build(toolchain: &Toolchain, name: &str, linker_flags: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("probe-{name}-{}", toolchain.version));
        std::fs::create_dir_all(&folder).unwrap();
        let binary = folder.join("subject");
        let unchecked = match toolchain.version >= LINKNAMES_CHECKED_SINCE {
            true => "-checklinkname=0",
            false => "",
        };
        let source = folder.join("source");
        copy("tests/probe/subject", &source);
        copy("corpus/programs/map-memory", &source.join("mapmem"));
        run(toolchain
            .build(&source, &binary)
            .arg("-buildvcs=false")
            .arg(format!("-ldflags={unchecked} {linker_flags}"))
            .arg("."))
        .unwrap_or_else(|error| panic!("Go {}:\n{error}", toolchain.version));
        Subject { folder, binary }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn save_script(&self, debugger: Debugger, file: &str, maps: Vec<WantedMap>) {
        let request = Request { maps, go: None };
        std::fs::write(self.path(file), script(debugger, &request)).unwrap();
    }

    fn gdb(&self) -> Command {
        let mut gdb = Command::new("gdb");
        gdb.current_dir(&self.folder)
            .args(["-nx", "-batch", "-iex", "set auto-load no"])
            .env_remove("GOTRIAGE_SNAPSHOT");
        gdb
    }

    /// Lets the subject die: under gdb, which collects a snapshot by probe.gdb and writes a core, or where gdb may not trace by
    /// itself. `None` where neither leaves a core.
    fn die(&self) -> Option<Died> {
        if !may_trace() {
            loudly("gdb may not trace here, so live processes are not read");
            return self.die_alone();
        }
        let mut gdb = self.gdb();
        for command in [
            "set disable-randomization off",
            "run abort > truth.json",
            "source probe.gdb",
            "generate-core-file core",
        ] {
            gdb.args(["-ex", command]);
        }
        run(gdb.arg(&self.binary)).unwrap();
        Some(Died {
            truth: self.truth(),
            live: Some(self.snapshot()),
        })
    }

    /// Go ends with SIGABRT itself, and so with a core, only at this level.
    fn die_alone(&self) -> Option<Died> {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "ulimit -c unlimited; ./subject abort > truth.json"])
            .env("GOTRACEBACK", "crash")
            .current_dir(&self.folder);
        shell.output().unwrap();
        let files = std::fs::read_dir(&self.folder).unwrap().flatten();
        let mut cores = files.map(|file| file.path()).filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("core")
        });
        let Some(core) = cores.next() else {
            loudly("no core is written here either, so the scripts stand untried");
            return None;
        };
        std::fs::rename(core, self.path("core")).unwrap();
        Some(Died {
            truth: self.truth(),
            live: None,
        })
    }

    /// What the subject printed of itself, without what no header holds: types, which are asked for on their own, and the length that
    /// an array was allocated with.
    fn truth(&self) -> Value {
        let printed = std::fs::read(self.path("truth.json")).unwrap();
        let mut truth: Value = serde_json::from_slice(&printed).unwrap();
        for map in truth["maps"].as_array_mut().unwrap() {
            let fields = map.as_object_mut().unwrap();
            for elsewhere in ["type", "key_type", "elem_type", "allocated_buckets"] {
                fields.remove(elsewhere);
            }
        }
        truth
    }

    /// Has gdb read the core by probe.gdb.
    fn read_core(&self) -> Value {
        run(self.gdb().args(["-x", "probe.gdb", "subject", "core"])).unwrap();
        self.snapshot()
    }

    /// The snapshot that a script wrote; it is taken away, so that the next script can't pass with it.
    fn snapshot(&self) -> Value {
        let path = self.path("gotriage-snapshot.json");
        let text = std::fs::read(&path).unwrap_or_else(|_| panic!("no {}", path.display()));
        std::fs::remove_file(&path).unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

/// Copies the files of a folder of the project.
fn copy(from: &str, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// What is left of a subject, besides a core.
struct Died {
    /// What it printed of itself.
    truth: Value,
    /// What gdb collected of it while it was alive.
    live: Option<Value>,
}

/// Whether the kernel lets gdb run a program.
fn may_trace() -> bool {
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch", "-ex", "run", "/bin/true"]);
    let printed = gdb.output().unwrap().stdout;
    String::from_utf8_lossy(&printed).contains("exited normally")
}

/// Says what the kernel refuses, past the test harness, which keeps what passing tests print to itself.
fn loudly(what: &str) {
    let line = format!("SKIPPED: tests/probe.rs: {what}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

fn has(debugger: &str) -> bool {
    let found = Command::new(debugger).arg("--help").output().is_ok();
    if !found {
        skip(&format!("no {debugger} found"));
    }
    found
}

fn wanted(place: &str, type_text: Option<&str>) -> WantedMap {
    WantedMap {
        place: Place::Expression(place.to_owned()),
        type_text: type_text.map(str::to_owned),
        name: None,
    }
}

/// All that is in `truth` must be in `snapshot`.
fn holds(truth: &Value, snapshot: &Value, at: &str) {
    match (truth, snapshot) {
        (Value::Object(fields), Value::Object(_)) => {
            for (name, value) in fields {
                holds(value, &snapshot[name], &format!("{at}.{name}"));
            }
        }
        (Value::Array(values), Value::Array(found)) => {
            assert_eq!(values.len(), found.len(), "length of {at}");
            for (n, value) in values.iter().enumerate() {
                holds(value, &found[n], &format!("{at}[{n}]"));
            }
        }
        _ => assert_eq!(truth, snapshot, "{at}"),
    }
}

/// The map of that name in a snapshot, or in what the subject printed.
fn map<'a>(document: &'a Value, name: &str) -> &'a Value {
    let maps = document["maps"].as_array().unwrap();
    maps.iter().find(|map| map["name"] == name).unwrap()
}

/// Growth must be under way, and tables be several, or little would be compared.
fn is_worth_comparing(truth: &Value) {
    let growing = map(truth, "main.growing");
    match growing["old_evacuated"].as_str() {
        Some(marks) => assert!(marks.contains('0') && marks.contains('1')),
        None => assert!(growing["tables"].as_array().unwrap().len() > 1),
    }
}

#[test]
fn snapshots_hold_what_the_process_says_of_itself() {
    if !has("gdb") {
        return;
    }
    for toolchain in extremes(toolchains()) {
        let subject = Subject::build(&toolchain, "full", "");
        let maps = || -> Vec<WantedMap> {
            let names = MAPS.iter().map(|&(name, _)| name);
            names.map(|name| wanted(name, None)).collect()
        };
        subject.save_script(Debugger::Gdb, "probe.gdb", maps());
        let typed = WantedMap {
            name: Some("typed".into()),
            ..wanted("main.named", Some(SPELLED_KEY))
        };
        let for_delve = maps().into_iter().chain([typed]).collect();
        subject.save_script(Debugger::Delve, "probe.star", for_delve);
        let Some(Died { truth, live }) = subject.die() else {
            return;
        };
        is_worth_comparing(&truth);
        if let Some(live) = live {
            holds(&truth, &live, "live, gdb");
        }
        let core = subject.read_core();
        holds(&truth, &core, "core, gdb");
        has_type_trees(&core);
        has_no_strangers(&core);
        let header = Place::Header(word(&map(&truth, "main.named")["header"]));
        let by_address = WantedMap {
            place: header,
            type_text: Some("map[main.Key]bool".into()),
            name: Some("main.named".into()),
        };
        subject.save_script(Debugger::Gdb, "probe.gdb", vec![by_address]);
        let found = subject.read_core();
        assert_eq!(map(&found, "main.named"), map(&core, "main.named"));
        if has("dlv") {
            let line = "printf 'source probe.star\\nexit\\n' | dlv core subject core --check-go-version=false \
                        --allow-non-terminal-interactive=true";
            let mut shell = Command::new("sh");
            run(shell.args(["-c", line]).current_dir(&subject.folder)).unwrap();
            let mut delve = subject.snapshot();
            has_no_strangers(&delve);
            assert_eq!(map(&delve, "typed")["type"], SPELLED_KEY);
            let maps = delve["maps"].as_array_mut().unwrap();
            maps.retain(|map| map["name"] != "typed");
            holds(&truth, &delve, "core, delve");
        }
        std::fs::remove_dir_all(&subject.folder).unwrap();
    }
}

/// `main.named` with its key spelled out, for those who do not know `main.Key`.
const SPELLED_KEY: &str = "map[struct{ID int32; Name string}]bool";

/// A pointer to something else is no map, nor is a map that was never made.
fn has_no_strangers(snapshot: &Value) {
    let maps = snapshot["maps"].as_array().unwrap();
    let mut names = maps.iter().map(|map| &map["name"]);
    assert!(names.all(|name| name != "main.shop" && name != "main.never"));
}

/// What `main.Key` and `main.Blob` are made of, as main.go declares them.
fn has_type_trees(snapshot: &Value) {
    let key = json!({"name": "main.Key", "kind": "struct", "size": 24, "align": 8, "fields": [
        {"name": "ID", "off": 0, "type": {"name": "int32", "kind": "int32", "size": 4, "align": 4}},
        {"name": "Name", "off": 8, "type": {"name": "string", "kind": "string", "size": 16, "align": 8}},
    ]});
    assert_eq!(map(snapshot, "main.named")["key_type"], key);
    let blob = json!({"name": "main.Blob", "kind": "array", "size": 200, "align": 1, "len": 200,
        "elem": {"name": "uint8", "kind": "uint8", "size": 1, "align": 1}});
    assert_eq!(map(snapshot, "main.blobs")["elem_type"], blob);
}

#[test]
fn types_as_text_stand_in_for_debug_information() {
    if !has("gdb") {
        return;
    }
    for toolchain in extremes(toolchains()) {
        let subject = Subject::build(&toolchain, "bare", "-w");
        let typed = MAPS.iter().filter(|(_, type_text)| type_text.is_some());
        let maps = typed.map(|&(name, type_text)| wanted(name, type_text));
        subject.save_script(Debugger::Gdb, "probe.gdb", maps.collect());
        let Some(Died { mut truth, live }) = subject.die() else {
            return;
        };
        // A field of a variable can't be named without debug information.
        let maps = truth["maps"].as_array_mut().unwrap();
        maps.retain(|map| {
            map["name"]
                .as_str()
                .is_some_and(|name| !name.ends_with(".users"))
        });
        if let Some(live) = live {
            holds(&truth, &live, "live, gdb, -w");
        }
        holds(&truth, &subject.read_core(), "core, gdb, -w");
        std::fs::remove_dir_all(&subject.folder).unwrap();
    }
}

/// Strings in a bucket with its overflow chain, or in a group, of a map[string]int, read by gdb alone: eight tophashes, eight keys of
/// two words, eight elements, a pointer; or eight control bytes, eight pairs of key and element.
const READER: &str = r#"
import gdb, json
inferior = gdb.selected_inferior()
def word(at): return int.from_bytes(bytes(inferior.read_memory(at, 8)), "little")
def text(at):
    length = word(at + 8)
    return bytes(inferior.read_memory(word(at), length)).decode() if 0 < length < 64 else ""
def bucket(at): return [text(at + 8 + 16 * n) for n in range(8)] + (bucket(word(at + 200)) if word(at + 200) else [])
def group(at): return [text(at + 8 + 24 * n) for n in range(8)]
print(json.dumps([(bucket if kind == "bucket" else group)(at) for kind, at in PLACES]))
"#;

const BUCKET: u64 = 208;
const GROUP: u64 = 200;

fn word(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().strip_prefix("0x").unwrap(), 16).unwrap()
}

/// Address and kind of the place that an answer of `map locate` names, and the slot where it names one.
fn place(map: &Value, answer: &Value) -> (&'static str, u64, Option<usize>) {
    let number = |field: &str| answer[field].as_u64().unwrap_or_else(|| panic!("{answer}"));
    if answer["impl"] == "classic" {
        let array = match answer["array"] == "old" {
            true => "oldbuckets",
            false => "buckets",
        };
        return (
            "bucket",
            word(&map[array]) + number("bucket") * BUCKET,
            None,
        );
    }
    let table = &map["tables"][number("table") as usize];
    let [slot] = answer["slots"].as_array().unwrap().as_slice() else {
        panic!("several slots share seven bits of hash, take another key: {answer}")
    };
    let group = word(&table["groups"]) + slot["group"].as_u64().unwrap() * GROUP;
    (
        "group",
        group,
        slot["slot"].as_u64().map(|slot| slot as usize),
    )
}

/// Probes the core for one map, as a user does.
fn probe(subject: &Subject, map: &str) -> Value {
    let mut gotriage = Command::new(env!("CARGO_BIN_EXE_gotriage"));
    let output = gotriage
        .args([
            "map",
            "probe",
            "--debugger",
            "gdb",
            "--name",
            "sessions",
            "--map",
            map,
        ])
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    std::fs::write(subject.path("probe.gdb"), output.stdout).unwrap();
    subject.read_core()
}

/// What `map locate` says of some keys of a snapshot.
fn located(subject: &Subject, snapshot: &Value, keys: &[String]) -> Vec<Value> {
    std::fs::write(subject.path("snapshot.json"), snapshot.to_string()).unwrap();
    let line =
        |key: &String| json!({"id": key, "map": "sessions", "key": {"lit": format!("{key:?}")}});
    let lines: Vec<String> = keys.iter().map(|key| line(key).to_string()).collect();
    std::fs::write(subject.path("queries.jsonl"), lines.join("\n")).unwrap();
    let mut gotriage = Command::new(env!("CARGO_BIN_EXE_gotriage"));
    let output = gotriage
        .args([
            "map",
            "locate",
            "--snapshot",
            "snapshot.json",
            "--queries",
            "queries.jsonl",
        ])
        .current_dir(&subject.folder)
        .output()
        .unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    answers
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_probed_key_lies_where_locate_says() {
    if !has("gdb") {
        return;
    }
    let keys: Vec<String> = (0..5000)
        .step_by(97)
        .map(|n| format!("session {n}"))
        .collect();
    for toolchain in extremes(toolchains()) {
        let subject = Subject::build(&toolchain, "located", "");
        subject.save_script(
            Debugger::Gdb,
            "probe.gdb",
            vec![wanted("main.sessions", None)],
        );
        if subject.die().is_none() {
            return;
        }
        let by_name = probe(&subject, "main.sessions");
        let header = by_name["maps"][0]["header"].as_str().unwrap();
        let by_address = probe(&subject, &format!("{header}=map[string]int"));
        for snapshot in [by_name, by_address] {
            let answers = located(&subject, &snapshot, &keys);
            let unique = |answer: &&Value| {
                answer["slots"]
                    .as_array()
                    .is_none_or(|slots| slots.len() == 1)
            };
            let answers: Vec<&Value> = answers.iter().filter(unique).collect();
            assert!(answers.len() > keys.len() / 2);
            let places: Vec<_> = answers
                .iter()
                .map(|answer| place(&snapshot["maps"][0], answer))
                .collect();
            let rows: Vec<Value> = places
                .iter()
                .map(|(kind, at, _)| json!([kind, at]))
                .collect();
            std::fs::write(
                subject.path("read.py"),
                format!("PLACES = {}\n{READER}", Value::from(rows)),
            )
            .unwrap();
            let mut gdb = subject.gdb();
            let output = gdb
                .args(["-x", "read.py", "subject", "core"])
                .output()
                .unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            let found: Vec<Vec<String>> =
                serde_json::from_str(printed.lines().last().unwrap()).unwrap();
            for ((answer, (.., slot)), strings) in answers.iter().zip(&places).zip(found) {
                let key = answer["id"].as_str().unwrap();
                match slot {
                    Some(slot) => assert_eq!(strings[*slot], key),
                    None => assert!(strings.iter().any(|string| string == key), "{answer}"),
                }
            }
        }
        std::fs::remove_dir_all(&subject.folder).unwrap();
    }
}
