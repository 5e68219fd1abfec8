//! `gotriage map explain` and `gotriage map probe` as users meet them. What real programs did, corpus/maps/interleavings.json, must be
//! in what `explain` says; the scripts of `probe` are run in tests/probe.rs.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail as tests do

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn gotriage(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gotriage"));
    command.arg("map").args(arguments).stdin(Stdio::null());
    for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.output().expect("gotriage runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A page without its line breaks.
fn flowing(page: &str) -> String {
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a call prints that must succeed.
fn printed(arguments: &[&str]) -> String {
    let output = gotriage(arguments);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
    assert!(output.stderr.is_empty(), "{arguments:?}");
    text(&output.stdout)
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(&[arguments, &["--format", "json"]].concat())).expect("JSON")
}

/// The message of a call that must fail.
fn refused(arguments: &[&str]) -> String {
    let output = gotriage(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty());
    text(&output.stderr)
}

/// Real runs, by toolchain, pair, keys and fill.
fn rows() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/maps/interleavings.json");
    serde_json::from_slice(&std::fs::read(path).expect("corpus")).expect("JSON")
}

fn word<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {value}"))
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value[field]
        .as_array()
        .unwrap_or_else(|| panic!("no {field} in {value}"))
}

/// The settings of an answer that a row can have been run in: different keys may or may not share a bucket.
fn fitting<'v>(settings: &'v [Value], row: &Value) -> Vec<&'v Value> {
    // A Swiss map never grows step by step; the program's growing one had room.
    let fill = match word(row, "fill") {
        "growing" => "room",
        fill => fill,
    };
    let same = word(row, "keys") == "same";
    let fits = |setting: &&Value| {
        let keys = word(setting, "keys") == "same";
        word(setting, "fill") == fill && keys == same
    };
    settings.iter().filter(fits).collect()
}

fn died(death: &Value, check: &str) -> [String; 3] {
    let check = if check == "mid" { "middle" } else { check };
    [word(death, "who"), check, word(death, "message")].map(str::to_owned)
}

#[test]
fn what_real_goroutines_did_is_told() {
    let rows = rows();
    let of_newest = |row: &&Value| word(row, "go") == "1.27.3";
    let rows: Vec<&Value> = rows.iter().filter(of_newest).collect();
    let pairs: BTreeSet<(&str, &str)> = rows
        .iter()
        .map(|row| (word(row, "a"), word(row, "b")))
        .collect();
    let mut checked = 0;
    for (a, b) in pairs {
        let answer = json(&["explain", a, b, "--go", "1.27.3"]);
        let [pair] = list(&answer, "pairs") else {
            panic!("{answer}")
        };
        let own = rows
            .iter()
            .filter(|row| (word(row, "a"), word(row, "b")) == (a, b));
        for row in own {
            // Nobody updates a key of an empty map; the program inserts it then.
            if word(row, "fill") == "empty" && [a, b].contains(&"update") {
                continue;
            }
            // Without a key on either side, the keys of the answer are one's own and nobody's.
            let keyless = list(pair, "settings")
                .iter()
                .all(|setting| word(setting, "keys") == "same");
            let mut row = (*row).clone();
            if keyless {
                row["keys"] = "same".into();
            }
            let settings = fitting(list(pair, "settings"), &row);
            assert!(!settings.is_empty(), "{row}");
            for death in list(&row, "deaths") {
                let real = died(death, word(death, "check"));
                let mut told = settings.iter().flat_map(|setting| list(setting, "deaths"));
                assert!(
                    told.any(|told| died(told, word(told, "at")) == real),
                    "{a} {b}: {death}"
                );
                checked += 1;
            }
            for kind in row["silent"].as_object().expect("kinds").keys() {
                let mut told = settings
                    .iter()
                    .flat_map(|setting| list(setting, "corrupts"));
                assert!(
                    told.any(|told| told == kind.as_str()),
                    "{a} {b}: {kind} in {row}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 200, "{checked}");
}

#[test]
fn the_page_says_who_dies_of_what_where() {
    let page = printed(&["explain", "insert", "read", "--go", "1.23.9"]);
    for part in [
        "A: insert, B: read",
        "A dies   never",
        "B dies   \"concurrent map read and map write\" at its entry check",
        "one for the whole map, not one for each bucket",
        "no: both need the same lock",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    let page = printed(&["explain", "read", "range"]);
    assert!(page.contains("yes: neither changes the map"));
    assert!(!page.contains("At which check") && !page.contains("need the same lock"));
    let page = printed(&["explain", "clear", "delete"]);
    assert!(page.contains("A dies   \"concurrent map writes\" at its entry or exit check"));
}

/// Of "different buckets need no lock" nothing is true: the newest writers die of each other wherever their keys are.
#[test]
fn keys_that_lie_apart_do_not_help() {
    for go in ["1.19", "1.23.9", "go1.24.11 X:noswissmap", "1.27.3"] {
        let page = printed(&["explain", "update", "delete", "--go", go, "--keys", "apart"]);
        assert!(
            flowing(&page).contains("they die as well where their keys lie apart"),
            "{go}\n{page}"
        );
    }
}

#[test]
fn the_number_of_real_runs_is_not_exaggerated() {
    let page = printed(&["explain", "read", "update", "--keys", "same"]);
    let page = flowing(&page);
    let (_, behind) = page.split_once("More than ").expect("a number");
    let claimed: u64 = behind
        .split(' ')
        .next()
        .map(|number| number.replace(',', ""))
        .and_then(|number| number.parse().ok())
        .expect("a number");
    let real: u64 = rows().iter().filter_map(|row| row["runs"].as_u64()).sum();
    assert!(
        claimed < real && real < claimed + 1_000,
        "{claimed} of {real}"
    );
}

#[test]
fn an_example_is_two_columns_with_the_flag_between() {
    let page = printed(&["explain", "update", "read", "--keys", "same"]);
    let (_, example) = page
        .split_once("B (read) dies at its entry check\n")
        .expect("an example");
    let mut lines = example.lines();
    let head = lines.next().expect("heads");
    let (flag, b) = (
        head.find("FLAG").expect("FLAG"),
        head.rfind('B').expect("B"),
    );
    let steps: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    // The reader steps in behind the writer's mark and dies of it; nothing else is between the two.
    let mark = steps
        .iter()
        .position(|line| line[flag..].starts_with("set"))
        .expect("a mark");
    let death = steps
        .iter()
        .position(|line| line.ends_with("dies"))
        .expect("a death");
    assert!(steps[mark].contains("stores the flag turned over") && mark < death);
    assert!(
        steps[death].is_char_boundary(b) && steps[death][b..].starts_with("checks the flag: set")
    );
    assert!(
        steps[..death]
            .iter()
            .any(|line| line.len() < b + 1 || line[b..].trim().is_empty())
    );
}

#[test]
fn examples_are_folded_unless_all_are_wanted() {
    let one = ["explain", "insert", "insert", "--keys", "apart"];
    let count = |page: &str| {
        page.lines()
            .filter(|line| line.contains("  FLAG  "))
            .count()
    };
    let folded = printed(&one);
    let all = printed(&[&one[..], &["--all"]].concat());
    let more = count(&all) - count(&folded);
    assert!(more > 0 && folded.contains(&format!("… {more} more examples; --all shows them")));
    assert!(!all.contains("--all"));
    let answer = json(&one);
    let [setting] = list(&list(&answer, "pairs")[0], "settings") else {
        panic!("{answer}")
    };
    let outcomes = list(setting, "outcomes");
    assert!(
        outcomes
            .iter()
            .all(|outcome| !list(outcome, "example").is_empty())
    );
}

#[test]
fn pages_fit_the_width() {
    for pair in [
        ["insert", "insert"],
        ["write", "delete"],
        ["clone", "clear"],
    ] {
        for more in [&[][..], &["--fill", "growing", "--go", "1.23", "--all"]] {
            for width in [60, 80, 132] {
                let columns = width.to_string();
                let call = [&["explain"], &pair[..], more, &["--width", &columns]].concat();
                for line in printed(&call).lines() {
                    assert!(line.chars().count() <= width, "{call:?}: {line}");
                }
            }
        }
    }
}

#[test]
fn a_write_is_an_insert_or_an_update() {
    let answer = json(&["explain", "write", "assign", "--keys", "same"]);
    let pairs: Vec<_> = list(&answer, "pairs")
        .iter()
        .map(|pair| (word(pair, "a"), word(pair, "b")))
        .collect();
    assert_eq!(
        pairs,
        [
            ("insert", "insert"),
            ("insert", "update"),
            ("update", "update")
        ]
    );
    let answer = json(&["explain", "write", "range", "--fill", "small"]);
    assert_eq!(list(&answer, "pairs").len(), 2);
    assert_eq!(word(&answer, "schema"), "gotriage.map-explain/1");
}

/// Two updates of keys that are there lose none, whatever an insert into an empty map does.
#[test]
fn updates_are_told_of_maps_that_have_the_key() {
    let damages = |arguments: &[&str]| -> BTreeSet<String> {
        let answer = json(&[&["explain"], arguments].concat());
        let settings = list(&list(&answer, "pairs")[0], "settings").to_vec();
        let words = settings.iter().flat_map(|one| list(one, "corrupts"));
        words.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let two = damages(&["update", "update", "--go", "1.27.3"]);
    assert_eq!(two, BTreeSet::from(["flag-left-set".to_owned()]));
    assert!(damages(&["insert", "insert", "--go", "1.27.3"]).contains("entry-lost"));
    let page = printed(&["explain", "update", "read", "--fill", "empty"]);
    assert!(
        flowing(&page).contains("the update is taken as an insert"),
        "{page}"
    );
}

/// Real readers were told that a key is not there which was there all the time.
#[test]
fn readers_of_growing_maps_are_not_told_to_be_safe() {
    for pair in [
        ["read", "update"],
        ["read", "insert"],
        ["read", "delete"],
        ["iterate", "update"],
    ] {
        for go in ["1.19", "1.21.13", "1.23.9", "go1.24.11 X:noswissmap"] {
            let more = ["--go", go, "--fill", "growing", "--keys", "same-place"];
            let page = printed(&[&["explain"], &pair[..], &more].concat());
            assert!(page.contains("wrong-answer"), "{go}\n{page}");
        }
    }
    let cleared = ["explain", "read", "clear", "--go", "1.23.9"];
    assert!(printed(&[&cleared[..], &["--fill", "evacuated"]].concat()).contains("wrong-answer"));
    let split = ["explain", "read", "insert", "--fill", "split"];
    for keys in ["same-place", "apart"] {
        let page = printed(&[&split[..], &["--keys", keys]].concat());
        assert!(page.contains("stray-access"), "{page}");
    }
}

/// One form, whether a state of the map is named or not.
#[test]
fn json_is_what_its_schema_says() {
    let output = Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(["schema", "map-explain"])
        .output()
        .expect("gotriage runs");
    let schema: Value = serde_json::from_slice(&output.stdout).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let named = [
        "explain", "write", "clone", "--fill", "full", "--go", "1.23.9",
    ];
    for call in [&named[..], &["explain", "insert", "delete"]] {
        let answer = json(call);
        assert!(validator.is_valid(&answer), "{call:?}");
        for pair in list(&answer, "pairs") {
            for setting in list(pair, "settings") {
                let told = setting.get("outcomes").is_some();
                assert_eq!(told, call.contains(&"--fill"), "{call:?}");
            }
        }
    }
    let mut wrong = json(&named);
    wrong["pairs"][0]["settings"][0]["fill"] = "brimful".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn what_cannot_be_explained_is_refused_with_what_can() {
    let message = refused(&["explain", "put", "read"]);
    for known in [
        "insert", "update", "delete", "clear", "read", "iterate", "clone", "write",
    ] {
        assert!(message.contains(known), "{message}");
    }
    assert!(refused(&["explain", "read", "read", "--fill", "tiny"]).contains("small-last"));
    assert!(refused(&["explain", "read", "read", "--keys", "near"]).contains("same-place"));
    assert!(refused(&["explain", "clone", "write", "--go", "1.19"]).contains("no maps.Clone"));
    assert!(refused(&["explain", "read", "write", "--go", "1.17"]).contains("1.19 to 1.27"));
}

#[test]
fn a_script_without_maps_says_how_to_find_one() {
    for debugger in ["gdb", "dlv"] {
        let output = gotriage(&["probe", "--debugger", debugger]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("WANTED = [\n]\n"));
        let advice = text(&output.stderr);
        for part in [
            "runtime.mapassign",
            "GOTRACEBACK=system",
            "step 3",
            "--map main.",
        ] {
            assert!(advice.contains(part), "{advice}");
        }
    }
}

#[test]
fn maps_of_a_probe_are_places_with_types() {
    let script = printed(&[
        "probe",
        "--debugger",
        "gdb",
        "--map",
        "0xc000012d80=map[string]int",
        "--map",
        "main.users",
        "--name",
        "sessions",
    ]);
    let wanted: Vec<Value> = script
        .lines()
        .skip_while(|line| *line != "WANTED = [")
        .skip(1)
        .take_while(|line| *line != "]")
        .map(|line| serde_json::from_str(line.trim().trim_end_matches(',')).expect("a row"))
        .collect();
    let [sessions, users] = wanted.as_slice() else {
        panic!("{wanted:?}")
    };
    assert_eq!(
        (word(sessions, "name"), word(sessions, "header")),
        ("sessions", "0xc000012d80")
    );
    assert_eq!(word(sessions, "type"), "map[string]int");
    assert_eq!(
        (word(users, "name"), word(users, "expression")),
        ("main.users", "main.users")
    );
    assert!(users["type"].is_null());
}

#[test]
fn places_that_hold_no_map_are_refused() {
    for (place, part) in [
        ("0xc000012d81", "no map header lies at"),
        ("0x0", "no map header lies at"),
        ("0xc000012d80?", "doubtful"),
        ("0xc00001zz80", "no word of 64 bits"),
        ("main.sessions=int", "no map type"),
        ("", "no map named"),
        ("=map[string]int", "no map named"),
    ] {
        let message = refused(&["probe", "--debugger", "gdb", "--map", place]);
        assert!(message.contains(part), "{place}: {message}");
    }
    let twice = [
        "probe",
        "--debugger",
        "gdb",
        "--map",
        "main.a",
        "--map",
        "main.a",
    ];
    assert!(refused(&twice).contains("--name tells them apart"));
    assert!(refused(&["probe", "--debugger", "gdb", "--name", "a"]).contains("--map"));
    assert!(refused(&["probe"]).contains("--debugger"));
    let doubtful = gotriage(&["probe", "--debugger", "gdb", "--map", "0xc000012d80"]);
    assert!(text(&doubtful.stderr).contains("without its type") && doubtful.status.success());
}
