//! `gotriage scan` and `gotriage merge` as users meet them: archives, limits, clusters, forms, exit codes.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

mod pipeline;
mod scanning;

use gotriage::triage::fingerprint::fingerprint;
use gotriage::triage::report::Category;
use proptest::prelude::*;
use scanning::{Dir, READER, WRITER, code, gotriage, lines, run, stdout};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Path, line and fingerprint of every incident of a scan's lines.
fn incidents(lines: &[Value]) -> BTreeSet<(String, u64, String)> {
    let incidents = lines.iter().filter(|line| line["fingerprint"].is_string());
    incidents
        .map(|line| {
            (
                line["path"].as_str().unwrap().to_owned(),
                line["line"].as_u64().unwrap(),
                line["fingerprint"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

fn notes(lines: &[Value]) -> Vec<&Value> {
    let notes = lines.iter().map(|line| &line["note"]);
    notes.filter(|note| !note.is_null()).collect()
}

#[test]
fn a_zoo_is_walked_to_its_end() {
    let dir = Dir::new("zoo");
    dir.file("plain.log", WRITER);
    dir.file("quiet.log", b"GET / 200\n");
    dir.file("deep/down/rotated.log.1", &scanning::gzip(WRITER));
    dir.file(
        "bundle.zip",
        &scanning::zip(&[("a.log", WRITER), ("b/c.log", READER)]),
    );
    dir.file(
        "nodes.tar",
        &scanning::tar(&[("n1.zip", &scanning::zip(&[("x.log", READER)]))]),
    );
    dir.file("cut.gz", &scanning::gzip(&WRITER.repeat(50))[..40]);
    dir.file("name.tar.gz", WRITER);
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(&dir.0, dir.0.join("deep/loop")).unwrap();
        symlink(dir.0.join("plain.log"), dir.0.join("same.log")).unwrap();
        symlink("/no/such/file", dir.0.join("dangling")).unwrap();
        let pipe = std::process::Command::new("mkfifo")
            .arg(dir.0.join("pipe"))
            .status();
        assert!(pipe.unwrap().success());
    }
    let output = run(&["scan", "--format", "jsonl", dir.path()]);
    assert_eq!(code(&output), 2, "one of the files is cut");
    let lines = lines(&output);
    let short = |path: &str| {
        path.strip_prefix(dir.path())
            .unwrap()
            .trim_start_matches('/')
            .to_owned()
    };
    let found: Vec<String> = incidents(&lines)
        .iter()
        .map(|(path, ..)| short(path))
        .collect();
    assert_eq!(
        found,
        [
            "bundle.zip!a.log",
            "bundle.zip!b/c.log",
            "deep/down/rotated.log.1",
            "name.tar.gz",
            "nodes.tar!n1.zip!x.log",
            "plain.log",
        ]
    );
    let notes = notes(&lines);
    let noted = |name: &str, word: &str, incomplete: bool| {
        let about = notes
            .iter()
            .find(|note| short(note["path"].as_str().unwrap()) == name);
        let about = about.unwrap_or_else(|| panic!("{name}: {notes:?}"));
        assert!(about["text"].as_str().unwrap().contains(word), "{about}");
        assert_eq!(about["incomplete"], incomplete, "{about}");
    };
    noted("cut.gz", "damaged or cut", true);
    #[cfg(unix)]
    {
        noted("deep/loop", "link back", false);
        noted("dangling", "link to nothing", false);
        noted("pipe", "named pipe", false);
    }
}

#[test]
fn many_small_files_are_no_matter() {
    let dir = Dir::new("many");
    let many = (0..500).map(|n| (format!("{n}.log"), WRITER));
    let archive: Vec<(String, &[u8])> = many.collect();
    let archive: Vec<(&str, &[u8])> = archive
        .iter()
        .map(|(name, text)| (name.as_str(), *text))
        .collect();
    dir.file("many.tar", &scanning::tar(&archive));
    let quiet: Vec<String> = (0..50_000).map(|n| format!("{}/{n}", n % 7)).collect();
    let quiet: Vec<(&str, &[u8])> = quiet
        .iter()
        .map(|name| (name.as_str(), &b"quiet\n"[..]))
        .collect();
    dir.file("quiet.tar.gz", &scanning::gzip(&scanning::tar(&quiet)));
    let output = run(&["scan", "--format", "csv", dir.path()]);
    assert_eq!(code(&output), 0);
    let table = stdout(&output);
    assert_eq!(table.lines().count(), 2, "{table}");
    assert_eq!(table.lines().nth(1).unwrap().split(',').nth(1), Some("500"));
}

#[test]
fn limits_are_told_and_end_with_2() {
    let dir = Dir::new("limits");
    let inner = scanning::zip(&[("x.log", WRITER)]);
    let path = dir.file("nest.tar", &scanning::tar(&[("n.zip", &inner)]));
    let path = path.to_str().unwrap();
    let output = run(&["scan", "--max-depth", "1", path]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains("--max-depth"));
    assert_eq!(code(&run(&["scan", "--max-member", "10", path])), 2);
    assert_eq!(code(&run(&["scan", path])), 0);
    let bomb = dir.file("bomb.gz", &scanning::gzip(&vec![b'a'; 70 << 20]));
    let output = run(&["scan", "--max-ratio", "10", bomb.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains("--max-ratio"));
}

#[test]
fn exit_codes_are_those_of_the_contract() {
    let dir = Dir::new("exits");
    let crash = dir.file("crash.log", WRITER);
    let quiet = dir.file("quiet.log", b"GET / 200\n");
    let (crash, quiet) = (crash.to_str().unwrap(), quiet.to_str().unwrap());
    assert_eq!(code(&run(&["scan", crash])), 0);
    assert_eq!(code(&run(&["scan", quiet])), 3);
    // As the default command: the verdict is confirmed, though the other side is not known.
    assert_eq!(code(&run(&["--fail-on", "confirmed", crash])), 1);
    assert_eq!(code(&run(&["scan", "--fail-on", "confirmed", crash])), 1);
    let race = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/dumps/race-map");
    let race = race.to_str().unwrap();
    assert_eq!(code(&run(&["scan", "--fail-on", "confirmed", race])), 1);
    assert_eq!(code(&run(&["scan", "/no/such/file"])), 2);
    assert_eq!(code(&run(&["scan"])), 2);
    assert_eq!(code(&run(&["scan", "--since", "yesterday", crash])), 2);
    assert_eq!(code(&run(&["scan", "--show", "ffffffff", crash])), 2);
    assert_eq!(code(&run(&["merge", quiet])), 2);
}

#[test]
fn times_bound_what_is_told() {
    let dir = Dir::new("times");
    for (name, day) in [
        ("a.log", "2026-01-01"),
        ("b.log", "2026-01-02"),
        ("c.log", "2026-01-03"),
    ] {
        dir.file(
            name,
            &[format!("{day}T12:00:00Z up\n").as_bytes(), WRITER].concat(),
        );
    }
    dir.file("unstamped.log", WRITER);
    let found = |bounds: &[&str]| {
        let arguments = [&["scan", "--format", "jsonl"], bounds, &[dir.path()]].concat();
        let found = incidents(&lines(&run(&arguments)));
        let names = found
            .iter()
            .map(|(path, ..)| path.rsplit('/').next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(found(&[]).len(), 4);
    assert_eq!(found(&["--since", "2026-01-02"]), ["b.log", "c.log"]);
    assert_eq!(found(&["--until", "2026-01-02"]), ["a.log", "b.log"]);
    assert_eq!(found(&["--since", "2026-01-02T12:00:01Z"]), ["c.log"]);
    let output = run(&["scan", "--since", "2026-01-02", dir.path()]);
    assert!(stdout(&output).contains("without a time stamp"));
    assert!(stdout(&output).contains("2026-01-02"));
}

#[test]
fn globs_choose_files() {
    let dir = Dir::new("globs");
    for name in ["a.log", "b.txt", "old/a.log"] {
        dir.file(name, WRITER);
    }
    let count = |globs: &[&str]| {
        let arguments = [&["scan", "--format", "jsonl"], globs, &[dir.path()]].concat();
        incidents(&lines(&run(&arguments))).len()
    };
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--include", "*.log"]), 2);
    assert_eq!(count(&["--exclude", "old"]), 2);
    assert_eq!(count(&["--include", "*.log", "--exclude", "old"]), 1);
    assert_eq!(count(&["--include", "*.none"]), 0);
}

#[test]
fn a_pipe_is_searched_like_a_file() {
    let noise = b"2026-01-02T15:04:05Z GET /items 200\n".repeat(300_000);
    let log = [&noise[..], WRITER, &noise, READER, &noise].concat();
    let dir = Dir::new("pipe");
    let file = dir.file("big.log", &log);
    let packed = dir.file("big.log.gz", &scanning::gzip(&log));
    let places = |found: &BTreeSet<(String, u64, String)>| -> Vec<(u64, String)> {
        found
            .iter()
            .map(|(_, line, print)| (*line, print.clone()))
            .collect()
    };
    let scan = |path: &Path, jobs: &str| {
        let path = path.to_str().unwrap();
        places(&incidents(&lines(&run(&[
            "scan", "--format", "jsonl", "--jobs", jobs, path,
        ]))))
    };
    let one = scan(&file, "1");
    let line = 300_000 + 1;
    assert_eq!(
        one.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
        [
            line,
            line + 300_000 + WRITER.iter().filter(|b| **b == b'\n').count() as u64
        ]
    );
    assert_eq!(scan(&file, "7"), one);
    assert_eq!(scan(&packed, "2"), one);
    let mut child = gotriage(&["scan", "--format", "jsonl", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&log));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(places(&incidents(&lines(&output))), one);
}

#[test]
fn one_of_them_is_shown_in_full() {
    let dir = Dir::new("show");
    let path = dir.file("crash.log", WRITER);
    let path = path.to_str().unwrap();
    let found = lines(&run(&["scan", "--format", "jsonl", path]));
    let print = found[0]["fingerprint"].as_str().unwrap();
    let shown = stdout(&run(&["scan", "--show", &print[..8], path]));
    for part in ["Observe", "Locate", "Anatomy", "Verify", "crash.log"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let json = run(&["scan", "--show", print, "--format", "json", path]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["schema"], "gotriage.report/1");
    let alone = run(&["--format", "json", path]);
    let alone: Value = serde_json::from_slice(&alone.stdout).unwrap();
    assert_eq!(json["incidents"], alone["incidents"]);
    let saved = dir.file(
        "lines.jsonl",
        &run(&["scan", "--format", "jsonl", path]).stdout,
    );
    let merged = run(&["merge", "--show", print, saved.to_str().unwrap()]);
    assert_eq!(stdout(&merged), shown);
}

#[test]
fn the_printed_schemas_fit_what_is_printed() {
    let dir = Dir::new("schema");
    dir.file("r.log", READER);
    dir.file("w.log", WRITER);
    dir.file("cut.gz", &scanning::gzip(&WRITER.repeat(50))[..40]);
    let validator = |of: &str| {
        let schema: Value = serde_json::from_slice(&run(&["schema", of]).stdout).unwrap();
        jsonschema::draft202012::new(&schema).unwrap()
    };
    let report: Value =
        serde_json::from_slice(&run(&["scan", "--format", "json", dir.path()]).stdout).unwrap();
    assert_eq!(report["schema"], "gotriage.scan/1");
    assert_eq!(report["conflicts"][0]["grade"], "probable");
    let (scan, line) = (validator("scan"), validator("scan-line"));
    assert!(scan.is_valid(&report));
    let lines = lines(&run(&["scan", "--format", "jsonl", dir.path()]));
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|value| line.is_valid(value)));
    let mut wrong = lines[0].clone();
    wrong["fingerprint"] = "no digits".into();
    assert!(!line.is_valid(&wrong));
    assert!(!scan.is_valid(&lines[0]));
}

#[test]
fn the_default_command_opens_archives() {
    let dir = Dir::new("default");
    let tar = dir.file(
        "logs.tar",
        &scanning::tar(&[("a.log", WRITER), ("b.log", b"quiet\n")]),
    );
    let output = run(&["--format", "json", tar.to_str().unwrap()]);
    assert_eq!(code(&output), 0);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let paths = report["inputs"].as_array().unwrap().iter();
    let paths: Vec<&str> = paths.map(|input| input["path"].as_str().unwrap()).collect();
    let tar = tar.to_str().unwrap();
    assert_eq!(paths, [format!("{tar}!a.log"), format!("{tar}!b.log")]);
    assert_eq!(report["incidents"][0]["crash"]["goroutine"], 7);
}

/// Every file of the corpus: what the default command's rooms find in it, the scan finds, and clusters hold what belongs together.
#[test]
fn the_corpus_is_found_whole_and_in_the_right_clusters() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/dumps");
    let output = run(&["scan", "--format", "jsonl", corpus.to_str().unwrap()]);
    assert_eq!(code(&output), 0);
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, _, print) in incidents(&lines(&output)) {
        found.entry(path).or_default().push(print);
    }
    let mut paths = Vec::new();
    files(&corpus, &mut paths);
    let mut lost = Vec::new();
    for path in paths.iter().step_by(5) {
        let name = path.to_str().unwrap();
        let report = pipeline::report(&[(name, &std::fs::read(path).unwrap())]);
        let own = report.incidents.iter();
        let own = own.filter(|incident| incident.verdict.category != Category::None);
        let mut own: Vec<String> = own
            .map(|incident| fingerprint(incident).to_string())
            .collect();
        own.sort();
        let mut scanned = found.get(name).cloned().unwrap_or_default();
        scanned.sort();
        if own != scanned {
            lost.push(format!("{name}: {own:?} but {scanned:?}"));
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever way the logs are parted, grouped and ordered, the merged answer is that of one scan, byte by byte.
    #[test]
    fn merges_equal_one_scan(groups in proptest::collection::vec(0usize..4, 8), order in any::<bool>(), nested in any::<bool>()) {
        let dir = Dir::new("merge");
        let parts = scanning::logs(&dir);
        prop_assert_eq!(parts.len(), groups.len());
        let scan = |paths: &[&str], format: &str| {
            let arguments = [&["scan", "--format", format][..], paths].concat();
            run(&arguments).stdout
        };
        let all: Vec<&str> = parts.iter().map(String::as_str).collect();
        let mut saved: Vec<String> = Vec::new();
        for group in 0..4 {
            let of_group = parts.iter().zip(&groups).filter(|(_, own)| **own == group);
            let paths: Vec<&str> = of_group.map(|(path, _)| path.as_str()).collect();
            if !paths.is_empty() {
                let file = dir.file(&format!("{group}.jsonl"), &scan(&paths, "jsonl"));
                saved.push(file.to_str().unwrap().to_owned());
            }
        }
        if order {
            saved.reverse();
        }
        if nested && saved.len() > 1 {
            let arguments = ["merge", "--format", "jsonl", &saved[0], &saved[1]];
            let both = dir.file("both.jsonl", &run(&arguments).stdout);
            saved.splice(0..2, [both.to_str().unwrap().to_owned()]);
        }
        let saved: Vec<&str> = saved.iter().map(String::as_str).collect();
        for format in ["jsonl", "json", "text", "csv", "markdown"] {
            let merged = run(&[&["merge", "--format", format][..], &saved].concat());
            prop_assert!(merged.stdout == scan(&all, format), "{}", format);
            prop_assert_eq!(code(&merged), 2, "one of the logs is cut");
        }
    }
}

/// What nobody else may read: in paths, names of members, log lines, messages, labels.
const SECRETS: [&str; 6] = [
    "zyxwtenant",
    "qqalice",
    "hunter2zyxw",
    "4111111111111111",
    "203.0.113.77",
    "zyxwhost7",
];

/// A log with a secret wherever a program can put it.
fn planted(secret: &str) -> Vec<u8> {
    format!(
        "2026-03-01T10:00:00Z login of {secret} from {secret}@{secret}.example ok\n\
         panic: order of {secret} (\"{secret}\") failed\n\n\
         goroutine 7 [running] {{tenant: \"{secret}\"}}:\n\
         main.(*Store).Charge(0xc00012a000, {{0xc00003a010, 0x5}})\n\
         \t/home/{secret}/src/app/store.go:42 +0x1d\n\
         created by main.serve in goroutine 1\n\
         \t/home/{secret}/src/app/main.go:15 +0x45\n\
         {secret} is gone\nexit status 2\n"
    )
    .into_bytes()
}

/// Logs of two tenants, in directories and archives called after them; a reader and a writer of one map, and a file that is cut.
fn tenants(name: &str) -> Dir {
    let dir = Dir::new(name);
    for secret in SECRETS {
        let log = planted(secret);
        dir.file(&format!("{secret}/{secret}.log"), &log);
        let members = [(format!("{secret}/pod.log"), log)];
        let members: Vec<(&str, &[u8])> = members
            .iter()
            .map(|(name, log)| (name.as_str(), log.as_slice()))
            .collect();
        dir.file(&format!("b-{secret}.zip"), &scanning::zip(&members));
        let cut = &scanning::gzip(&planted(secret).repeat(9))[..60];
        dir.file(&format!("cut-{secret}.gz"), cut);
    }
    dir.file("20260102/w.log", WRITER);
    dir.file("20260103/w.log", WRITER);
    dir.file("r.log", READER);
    dir
}

#[test]
fn nothing_of_a_redacted_scan_tells_a_secret() {
    let dir = tenants("redacted");
    let key = dir.file("key", b"k");
    let key = key.to_str().unwrap();
    for how in [
        vec!["--redact"],
        vec!["--redact=all"],
        vec!["--redact", "--redact-key", key],
    ] {
        for format in ["text", "jsonl", "json", "csv", "markdown", "html"] {
            let mut arguments = vec!["scan", "--all", "--format", format, dir.path()];
            arguments.extend(&how);
            let output = run(&arguments);
            assert_eq!(code(&output), 2, "{how:?} {format}: files are cut");
            let shown = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
            let shown = shown.to_lowercase();
            for secret in SECRETS {
                let at = shown.find(secret);
                let near = at.map(|at| shown.get(at.saturating_sub(200)..at + 20));
                assert_eq!(near, None, "{how:?} {format}");
            }
            assert!(shown.contains("custom-panic"), "{how:?} {format}");
            assert_eq!(stdout(&run(&arguments)), stdout(&output), "the same again");
        }
    }
}

#[test]
fn a_redacted_scan_finds_the_same_clusters() {
    let dir = tenants("redacted-clusters");
    let plain = lines(&run(&["scan", "--format", "jsonl", dir.path()]));
    let clean = lines(&run(&["scan", "--format", "jsonl", "--redact", dir.path()]));
    let prints = |lines: &[Value]| {
        let mut prints: Vec<String> = incidents(lines).into_iter().map(|one| one.2).collect();
        prints.sort();
        prints
    };
    assert_eq!(prints(&plain), prints(&clean));
    let message = |line: &Value| line["crash"]["message"].as_str().map(str::to_owned);
    let messages: BTreeSet<String> = clean.iter().filter_map(message).collect();
    // One for each of them, in the file and in the archive alike, and the two sides of the map.
    assert_eq!(messages.len(), SECRETS.len() + 2, "{messages:?}");
}

#[test]
fn redacted_results_merge_with_a_key_and_only_so() {
    let dir = tenants("redacted-merge");
    let key = dir.file("key", b"k").to_str().unwrap().to_owned();
    let paths = [
        "zyxwtenant",
        "b-zyxwtenant.zip",
        "20260102",
        "20260103",
        "r.log",
    ];
    let paths = paths.map(|name| dir.0.join(name).to_str().unwrap().to_owned());
    for what in ["--redact", "--redact=all"] {
        let scan = |paths: &[String], more: &[&str]| {
            let mut arguments = vec!["scan", "--format", "jsonl", what];
            arguments.extend(more);
            arguments.extend(paths.iter().map(String::as_str));
            stdout(&run(&arguments))
        };
        let keyed = ["--redact-key", key.as_str()];
        let whole = scan(&paths, &keyed);
        let parts: Vec<String> = paths
            .iter()
            .zip(0..)
            .map(|(path, n)| {
                let part = scan(std::slice::from_ref(path), &keyed);
                let file = dir.file(&format!("part-{n}"), part.as_bytes());
                file.to_str().unwrap().to_owned()
            })
            .collect();
        let mut arguments = vec!["merge", "--format", "jsonl"];
        arguments.extend(parts.iter().map(String::as_str));
        let merged = run(&arguments);
        assert_eq!(stdout(&merged), whole, "{what}");
        assert_eq!(whole.lines().count(), 5, "{whole}");
        assert_eq!(code(&merged), 0);
    }
    let scan = |path: &str| stdout(&run(&["scan", "--format", "jsonl", "--redact", path]));
    let parts = [(&paths[0], "x"), (&paths[2], "y")].map(|(path, name)| {
        let file = dir.file(name, scan(path).as_bytes());
        file.to_str().unwrap().to_owned()
    });
    let alone = run(&["merge", &parts[0]]);
    assert_eq!(code(&alone), 0, "one result may be printed in another form");
    let both = run(&["merge", &parts[0], &parts[1]]);
    assert_eq!(code(&both), 2);
    let told = String::from_utf8_lossy(&both.stderr).into_owned();
    assert!(told.contains("--redact-key"), "{told}");
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_a_scan_of_a_silent_pipe() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(["scan", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(WRITER).unwrap();
    let status = format!("/proc/{}/status", child.id());
    let catches_sigint = || {
        let status = std::fs::read_to_string(&status).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        u64::from_str_radix(mask.unwrap().trim(), 16).unwrap() & 2 != 0
    };
    while !catches_sigint() {
        std::thread::yield_now();
    }
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    drop(pipe);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains("interrupted: 0 of 1 files"));
}

#[test]
fn captures_of_the_living_are_told_from_crashes() {
    let dir = Dir::new("captures");
    dir.file("crash.log", WRITER);
    let text = |dir: &Dir| stdout(&run(&["scan", "--width", "200", dir.path()]));
    assert!(!text(&dir).contains("living processes"));
    let heap = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/profiles/go1.23.9/heap.pb.gz");
    std::fs::copy(heap, dir.0.join("heap.pb.gz")).unwrap();
    let both = text(&dir);
    assert!(both.contains("2 incidents in 2 clusters"), "{both}");
    assert!(both.contains("living processes"), "{both}");
}
