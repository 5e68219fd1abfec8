//! Suspects from the source against what is marked in it: corpus/programs/shared-maps has maps shared rightly and wrongly, and the other
//! programs mark the lines that raced in the dumps of the corpus.

#![allow(clippy::expect_used, clippy::unwrap_used)] // helpers of tests fail as tests do

#[path = "suspecting/crashes.rs"]
mod crashes;
mod pipeline;
#[path = "suspecting/scoped.rs"]
mod scoped;
mod support;

use scoped::differences;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use support::{Truth, corpus, manifest};

fn gotriage(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(arguments)
        .output()
        .expect("gotriage runs")
}

fn json(arguments: &[&str]) -> Value {
    let output = gotriage(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn suspects_of(dir: &Path) -> Value {
    json(&["suspects", dir.to_str().expect("UTF-8"), "--format", "json"])
}

fn shared_maps() -> std::path::PathBuf {
    corpus().join("programs/shared-maps")
}

/// File, line and kind of each site of each suspect.
fn named(report: &Value) -> BTreeSet<(String, u64, String)> {
    let suspects = report["suspects"].as_array().expect("a list");
    let sites = suspects.iter().flat_map(|suspect| {
        let kind = suspect["kind"].as_str().expect("a kind").to_owned();
        let sites = suspect["sites"].as_array().expect("sites").iter();
        sites.map(move |site| {
            let file = site["file"].as_str().expect("a file").to_owned();
            (file, site["line"].as_u64().expect("a line"), kind.clone())
        })
    });
    sites.collect()
}

/// Lines that end in `suspect: KIND`.
fn marked(dir: &Path) -> BTreeSet<(String, u64, String)> {
    let mut marks = BTreeSet::new();
    for entry in std::fs::read_dir(dir).expect("the program") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            continue;
        }
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&path).expect("text");
        for (line, at) in text.lines().zip(1..) {
            if let Some((_, kind)) = line.split_once("// suspect: ") {
                marks.insert((name.clone(), at, kind.trim().to_owned()));
            }
        }
    }
    marks
}

#[test]
fn the_marked_lines_are_named_and_no_others() {
    let marks = marked(&shared_maps());
    assert!(marks.len() > 6, "the program marks lines of every kind");
    assert_eq!(named(&suspects_of(&shared_maps())), marks);
}

#[test]
fn correct_programs_of_the_corpus_are_not_suspected() {
    for program in [
        "decoy-locked",
        "decoy-busy-maps",
        "healthy",
        "map-truth",
        "map-hashes",
    ] {
        let report = suspects_of(&corpus().join("programs").join(program));
        assert_eq!(named(&report), BTreeSet::new(), "{program}");
    }
}

/// Dumps of a crash at one marked line in which no other marked line is visible; two for each crash site, level and kind of path.
fn one_sided() -> Vec<Truth> {
    let mut seen = std::collections::BTreeMap::new();
    let mut dumps = manifest();
    dumps.retain(|truth| {
        let (Some(site), true) = (&truth.crash_site, truth.racing_visible.len() < 2) else {
            return false;
        };
        let wanted = !truth.racing_pairs.is_empty()
            && truth.category.starts_with("map-")
            && truth.level != "race";
        let times = seen
            .entry((
                truth.scenario.clone(),
                site.line,
                truth.level.clone(),
                site.file.clone(),
            ))
            .or_insert(0);
        *times += u32::from(wanted);
        wanted && *times <= 2
    });
    dumps
}

/// The lines that write and race with the crash site.
fn other_lines(truth: &Truth) -> BTreeSet<u64> {
    let line = truth.crash_site.as_ref().expect("a site").line;
    let mut lines = BTreeSet::new();
    for pair in &truth.racing_pairs {
        let [left, right] = &pair[..] else { continue };
        for (one, other) in [(left, right), (right, left)] {
            let writes = matches!(other.op.as_deref(), Some("write" | "delete" | "clear"));
            if one.line == line && writes {
                lines.insert(u64::from(other.line));
            }
        }
    }
    lines
}

#[test]
fn the_other_line_of_a_one_sided_dump_is_found() {
    let (mut first, mut among_three, mut all) = (0, 0, 0);
    let mut missed = Vec::new();
    for truth in one_sided() {
        let program = corpus().join("programs").join(&truth.scenario);
        let (program, dump) = (program.to_string_lossy(), truth.path());
        let report = json(&[
            "--format",
            "json",
            "--src",
            &program,
            &dump.to_string_lossy(),
        ]);
        let incidents = report["incidents"].as_array().expect("incidents");
        let incident = incidents
            .iter()
            .find(|incident| !incident["crash"].is_null())
            .unwrap_or(&incidents[0]);
        let suspects = incident["suspects"].as_array().cloned().unwrap_or_default();
        let wanted = other_lines(&truth);
        let rank = suspects.iter().position(|suspect| {
            wanted.contains(&suspect["sites"][1]["line"].as_u64().unwrap_or(0))
        });
        for suspect in &suspects {
            let grade = suspect["grade"].as_str().expect("a grade");
            assert!(
                matches!(grade, "probable" | "possible"),
                "{}: {grade}",
                truth.file
            );
        }
        all += 1;
        first += u32::from(rank == Some(0));
        among_three += u32::from(rank.is_some_and(|rank| rank < 3));
        if rank.is_none_or(|rank| rank > 2) {
            missed.push(truth.file);
        }
    }
    assert!(all > 100, "{all} dumps show one side");
    assert_eq!(among_three, all, "{missed:?}");
    assert_eq!(first, all, "the true line is among three, but not first");
}

#[test]
fn a_lock_hang_with_correct_locks_has_no_suspects() {
    let dumps = manifest();
    let locked = dumps
        .iter()
        .filter(|truth| truth.scenario == "decoy-locked");
    let program = corpus().join("programs/decoy-locked");
    for truth in locked.take(4) {
        let path = truth.path();
        let report = json(&[
            "--format",
            "json",
            "--src",
            program.to_str().unwrap(),
            path.to_str().unwrap(),
        ]);
        assert!(
            report["incidents"][0]["suspects"].is_null(),
            "{}",
            truth.file
        );
    }
}

#[test]
fn the_report_says_whose_line_it_is_and_names_the_fix() {
    let program = corpus().join("programs/map-read-write");
    let dump = manifest()
        .into_iter()
        .find(|truth| {
            truth.scenario == "map-read-write"
                && truth.level == "single"
                && truth.go.starts_with("1.27")
        })
        .expect("a dump");
    let output = gotriage(&[
        "--src",
        program.to_str().unwrap(),
        dump.path().to_str().unwrap(),
        "--width",
        "200",
    ]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        text.contains("main.(*Settings).Store (assign of main.Settings.values)"),
        "{text}"
    );
    assert!(
        text.contains("For main.Settings.values: Put a sync.RWMutex"),
        "{text}"
    );
}

#[test]
fn another_revision_is_recognised() {
    let dir = tempfile::tempdir().expect("a directory");
    let old =
        std::fs::read_to_string(corpus().join("programs/map-read-write/main.go")).expect("source");
    let moved = old.replace(
        "package main\n",
        &format!("package main\n{}", "\n// moved\n".repeat(40)),
    );
    std::fs::write(dir.path().join("main.go"), moved).expect("written");
    let dump = manifest()
        .into_iter()
        .find(|truth| truth.scenario == "map-read-write" && truth.level == "single")
        .expect("a dump");
    let output = gotriage(&[
        "--src",
        dir.path().to_str().unwrap(),
        dump.path().to_str().unwrap(),
        "--width",
        "300",
    ]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let words: Vec<&str> = text.split_whitespace().collect();
    let sentence = "main.go:17 is not in main.(*Settings).Lookup in the source given with --src";
    assert!(words.join(" ").contains(sentence), "{text}");
}

#[test]
fn damage_costs_one_file_and_a_note() {
    let dir = tempfile::tempdir().expect("a directory");
    for file in [
        "go.mod",
        "main.go",
        "locked.go",
        "unshared.go",
        "wrong.go",
        "ways.go",
        "order.go",
    ] {
        std::fs::copy(shared_maps().join(file), dir.path().join(file)).expect("copied");
    }
    let write =
        |name: &str, text: &[u8]| std::fs::write(dir.path().join(name), text).expect("written");
    write("broken.go", b"package main\n\nfunc broken( {\n\tif x {{{\n");
    write("binary.go", &[0xff, 0xfe, 0, 1, 2, b'{', b'(', 0x80]);
    write("empty.go", b"");
    write(
        "deep.go",
        format!(
            "package main\n\nvar x = {}1{}\n",
            "(".repeat(20_000),
            ")".repeat(20_000)
        )
        .as_bytes(),
    );
    write("other_windows.go", b"package main\n\nfunc broken( {\n");
    write(
        "ignored.go",
        b"//go:build ignore\n\npackage main\n\nfunc broken( {\n",
    );
    let report = suspects_of(dir.path());
    assert_eq!(named(&report), marked(&shared_maps()));
    let noted: BTreeSet<&str> = report["notes"]
        .as_array()
        .expect("notes")
        .iter()
        .filter_map(|note| note["file"].as_str())
        .collect();
    assert!(noted.contains("broken.go"), "{noted:?}");
    assert!(
        !noted.contains("other_windows.go") && !noted.contains("ignored.go"),
        "{noted:?}"
    );
}

/// A module with all that `go build` treats apart.
const APART: [(&str, &str); 8] = [
    ("go.mod", "module example.com/shop\n\ngo 1.21\n"),
    (
        "vendor/example.com/lib/lib.go",
        "package lib\n\nvar Shared = map[string]int{}\n\nfunc Racy() {\n\tgo func() { Shared[\"a\"]++ }()\n\tShared[\"b\"]++\n}\n",
    ),
    (
        "main.go",
        "package main\n\nimport (\n\t\"example.com/lib\"\n\t\"example.com/shop/cg\"\n\t\"example.com/shop/gen\"\n)\n\nfunc main() {\n\tlib.Racy()\n\tcg.Run()\n\tgen.Run()\n\tplatform()\n\tselect {}\n}\n",
    ),
    (
        "plat_linux.go",
        "package main\n\nvar seen = map[string]bool{}\n\nfunc platform() {\n\tfor i := 0; i < 2; i++ {\n\t\tgo func() { seen[\"linux\"] = true }()\n\t}\n}\n",
    ),
    (
        "plat_darwin.go",
        "package main\n\nvar seen = map[string]bool{}\n\nfunc platform() {\n\tgo func() { seen[\"darwin\"] = true }()\n\tseen[\"darwin\"] = false\n}\n",
    ),
    (
        "plat_other.go",
        "//go:build !linux && !darwin\n\npackage main\n\nvar seen = map[string]bool{}\n\nfunc platform() { seen[\"other\"] = true }\n",
    ),
    (
        "cg/cg.go",
        "package cg\n\n/*\n#include <stdlib.h>\nstatic int twice(int x) { return 2 * x; } // \" ' ` {\n*/\nimport \"C\"\n\nvar handles = map[int]*C.char{}\n\n//export onEvent\nfunc onEvent(id C.int) {\n\thandles[int(id)] = nil\n}\n\nfunc Run() {\n\tgo func() {\n\t\thandles[int(C.twice(2))] = C.CString(\"x\")\n\t}()\n\tdelete(handles, 1)\n}\n",
    ),
    (
        "gen/zz_generated.go",
        "// Code generated by shop-gen. DO NOT EDIT.\n\npackage gen\n\nvar table = map[string][]byte{\n\t\"a\": {0x1f, 0x8b},\n}\n\nvar counts = map[string]int{}\n\nfunc Run() {\n\tfor k := range table {\n\t\tgo func() { counts[k]++ }()\n\t}\n}\n",
    ),
];

#[test]
fn vendored_code_cgo_other_systems_and_generated_code_are_told_apart() {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, text) in APART {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let report = suspects_of(dir.path());
    let maps = report["suspects"].as_array().expect("a list");
    let maps: BTreeSet<&str> = maps.iter().filter_map(|map| map["map"].as_str()).collect();
    assert_eq!(
        maps,
        BTreeSet::from(["cg.handles", "gen.counts", "main.seen"])
    );
    let lines: BTreeSet<(String, u64)> = named(&report)
        .into_iter()
        .map(|(file, line, _)| (file, line))
        .collect();
    assert!(
        lines.contains(&("plat_linux.go".to_owned(), 7)),
        "{lines:?}"
    );
    assert_eq!(report["notes"].as_array().map(Vec::len), Some(0));
    let (different, suspects) = differences(dir.path(), 1);
    assert!(different.is_empty(), "{}", different[0]);
    assert!(suspects > 3, "{suspects} suspects");
}

#[test]
fn every_form_is_written_and_exit_codes_tell() {
    let dir = shared_maps();
    let dir = dir.to_str().unwrap();
    let forms = [
        ("text", "main.warehouse.shelves"),
        ("markdown", "`main.warehouse.shelves`"),
        ("sarif", "\"different-locks\""),
        ("github", "::warning file=wrong.go,line=54"),
    ];
    for (form, expected) in forms {
        let output = gotriage(&["suspects", dir, "--format", form, "--width", "200"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0));
        assert!(text.contains(expected), "{form}: {text}");
    }
    assert_eq!(
        gotriage(&["suspects", dir, "--fail"]).status.code(),
        Some(1)
    );
    let locked = corpus().join("programs/decoy-locked");
    assert_eq!(
        gotriage(&["suspects", locked.to_str().unwrap(), "--fail"])
            .status
            .code(),
        Some(0)
    );
    let empty = tempfile::tempdir().expect("a directory");
    let nothing = gotriage(&["suspects", empty.path().to_str().unwrap()]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("no Go source here"));
}

#[test]
fn the_answer_matches_its_schema_and_is_the_same_on_one_thread() {
    let schema = json(&["schema", "suspects"]);
    let schema = jsonschema::draft202012::new(&schema).expect("the schema is a schema");
    let report = suspects_of(&shared_maps());
    let faults: Vec<String> = schema
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(faults, Vec::<String>::new());
    let mut wrong = report.clone();
    wrong["suspects"][0]["sites"][0]["line"] = "many".into();
    assert!(schema.iter_errors(&wrong).next().is_some());
    let alone = Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args([
            "suspects",
            shared_maps().to_str().unwrap(),
            "--format",
            "json",
        ])
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .expect("gotriage runs");
    let many = gotriage(&[
        "suspects",
        shared_maps().to_str().unwrap(),
        "--format",
        "json",
    ]);
    assert_eq!(alone.stdout, many.stdout);
}
