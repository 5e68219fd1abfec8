//! `gotriage map locate` as users meet it: what it takes from where, what it refuses, and what it says where something is missing.
//!
//! What is true of the maps stands in corpus/maps/map-crash-snapshot: programs printed the snapshots of their own maps. That places of
//! keys and addresses are right is tests/maps.rs's business.

#![allow(clippy::expect_used)] // helpers of tests fail as tests do

use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn corpus(name: &str) -> PathBuf {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/corpus/maps/map-crash-snapshot"
    );
    PathBuf::from(folder).join(format!("{name}-amd64-crash.json"))
}

fn document(name: &str) -> Value {
    let text = fs::read(corpus(name)).expect("a snapshot");
    serde_json::from_slice(&text).expect("JSON")
}

fn locate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gotriage"))
        .args(["map", "locate"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("gotriage runs")
}

fn located(arguments: &[&str]) -> Value {
    let output = locate(&[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Why it is refused: exit code 2, nothing on stdout.
fn refused(arguments: &[&str]) -> String {
    let output = locate(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// A snapshot changed by `change`, in a file of its own.
fn changed(name: &str, file: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut document = document(name);
    change(&mut document);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("locate-{file}.json"));
    fs::write(&path, document.to_string()).expect("a file");
    path.to_str().expect("UTF-8").to_owned()
}

fn missing(located: &Value) -> Vec<&str> {
    let all = located["missing"].as_array().expect("a list");
    all.iter().filter_map(|one| one["what"].as_str()).collect()
}

const FILES: [&str; 4] = ["go1.21.13", "go1.23.9", "go1.24.11", "go1.27.3"];

/// What is said to be missing, given as it says, leaves nothing missing and places a key where the whole snapshot does.
#[test]
fn all_that_is_missing_is_told_at_once_and_is_enough() {
    for name in FILES {
        let (path, document) = (corpus(name), document(name));
        let path = path.to_str().expect("UTF-8");
        let map = &document["maps"][0];
        let asked = ["--type", "map[int64]int64", "--key", "171"];
        let nothing = located(&[&asked[..], &["--go", name]].concat());
        let told = missing(&nothing);
        let (fields, seed): (&[&str], _) = match map["impl"] == "classic" {
            true => (&["B", "oldbuckets"], "hash0"),
            false => (&["dir_len"], "seed"),
        };
        let first = ["the secrets of the process's hash", "the map's seed"];
        assert_eq!(told, [&first[..], fields].concat(), "{name}");
        for (one, flag) in [(0, "--secrets"), (1, "--seed"), (2, "--field")] {
            let how = nothing["missing"][one]["how"].as_str();
            assert!(how.is_some_and(|how| how.contains(flag)), "{name} {flag}");
        }
        let mut given: Vec<String> = fields
            .iter()
            .map(|field| format!("--field={field}={}", plain(&map[*field])))
            .collect();
        given.push(format!("--seed={}", plain(&map[seed])));
        given.push(format!("--secrets={path}"));
        let given = |more: &[String]| -> Vec<String> {
            let asked = asked.iter().map(|&text| text.to_owned());
            asked.chain(given.iter().chain(more).cloned()).collect()
        };
        let mut by_hand = located(&texts(&given(&[])));
        if map["impl"] == "swiss" {
            assert_eq!(missing(&by_hand), ["capacity"], "{name}");
            let table = &map["tables"][0];
            let more = ["capacity", "ctrls"]
                .map(|field| format!("--field={field}={}", plain(&table[field])));
            by_hand = located(&texts(&given(&more)));
        }
        assert!(missing(&by_hand).is_empty(), "{name}");
        let whole = located(&["--snapshot", path, "--key", "171"]);
        assert!(whole["answers"][0]["hash"].is_string(), "{whole}");
        assert_eq!(by_hand["answers"], whole["answers"], "{name}");
    }
}

fn plain(value: &Value) -> String {
    let text = value.as_str().map(str::to_owned);
    text.unwrap_or_else(|| value.to_string())
}

fn texts(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn text_tells_what_is_missing_too() {
    let output = locate(&["--go", "1.27", "--type", "map[string]int", "--key", "\"a\""]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(text.matches("\n  missing ").count(), 3, "{text}");
    assert_eq!(text.matches("\n  how ").count(), 3, "{text}");
}

#[test]
fn a_snapshot_without_secrets_says_how_to_get_them() {
    let path = changed("go1.27.3", "bare", |document| {
        document["secrets"] = Value::Null;
    });
    let bare = located(&["--snapshot", &path, "--key", "171"]);
    assert_eq!(missing(&bare), ["the secrets of the process's hash"]);
}

/// The file of secrets tells the version; another one named beside it, or another machine, is refused.
#[test]
fn a_file_of_secrets_tells_version_and_machine() {
    let path = corpus("go1.23.9");
    let path = path.to_str().expect("UTF-8");
    let asked = [
        "--type",
        "map[int64]int64",
        "--key",
        "171",
        "--secrets",
        path,
    ];
    let with = |more: &[&'static str]| [&asked[..], more].concat();
    assert_eq!(located(&asked)["go"], "go1.23.9");
    for fitting in ["1.23", "1.23.9"] {
        assert_eq!(located(&with(&["--go", fitting]))["go"], "go1.23.9");
    }
    let snapshot = ["--snapshot", path, "--key", "171"];
    for (other, named) in [
        (["--go", "1.27"], "1.27"),
        (["--go", "1.23.4"], "1.23.4"),
        (["--arch", "arm64"], "arm64"),
    ] {
        for asked in [&asked[..], &snapshot] {
            let why = refused(&[asked, &other].concat());
            assert!(why.contains(named) && why.contains(path), "{why}");
        }
    }
    let other = corpus("go1.27.3");
    let other = other.to_str().expect("UTF-8");
    let why = refused(&[&snapshot[..], &["--secrets", other]].concat());
    assert!(why.contains("1.23.9") && why.contains("1.27.3"), "{why}");
}

/// A version that no release has is what --go is for.
#[test]
fn go_names_the_version_of_a_development_build() {
    let path = changed("go1.27.3", "devel", |document| {
        document["go_version"] = "devel go1.28-3f2a1b".into();
    });
    refused(&["--snapshot", &path, "--key", "171"]);
    let told = located(&["--snapshot", &path, "--key", "171", "--go", "1.27"]);
    let true_path = corpus("go1.27.3");
    let true_one = located(&[
        "--snapshot",
        true_path.to_str().expect("UTF-8"),
        "--key",
        "171",
    ]);
    assert_eq!(told["answers"], true_one["answers"]);
}

#[test]
fn wrong_fields_are_refused() {
    for (go, field, why) in [
        ("1.23", "foo=1", "foo"),
        ("1.23", "dir_len=3", "dir_len"),
        ("1.23", "B=300", "B is 300"),
        ("1.27", "B=5", "B"),
        ("1.27", "capacity=1000", "capacity is 1000"),
        ("1.27", "dir_len=3", "dir_len is 3"),
    ] {
        let told = refused(&[
            "--go",
            go,
            "--type",
            "map[int]int",
            "--field",
            field,
            "--addr",
            "0xc000012080",
        ]);
        assert!(told.contains(why), "{field}: {told}");
    }
    let twice = ["--field", "B=5", "--field", "B=6", "--addr", "1"];
    let told = refused(&[&["--go", "1.23", "--type", "map[int]int"], &twice[..]].concat());
    assert!(told.contains("twice"), "{told}");
}

#[test]
fn questions_about_no_map_are_refused() {
    let path = changed("go1.23.9", "two", |document| {
        let mut other = document["maps"][0].clone();
        other["name"] = "orders".into();
        document["maps"].as_array_mut().expect("maps").push(other);
    });
    for asked in [
        &["--key", "171"][..],
        &["--key", "171", "--map", "accounts"],
    ] {
        let why = refused(&[&["--snapshot", &path], asked].concat());
        assert!(why.contains("balances") && why.contains("orders"), "{why}");
    }
    let asked = ["--snapshot", &path, "--map", "orders", "--key"];
    let why = refused(&[&asked[..], &["\"a\""]].concat());
    assert!(why.contains("int64"), "{why}");
    located(&[&asked[..], &["171"]].concat());
    let same = changed("go1.23.9", "same", |document| {
        let mut other = document["maps"][0].clone();
        other["header"] = "0xc000012340".into();
        document["maps"].as_array_mut().expect("maps").push(other);
    });
    let asked = ["--snapshot", &same, "--key", "171", "--map"];
    let why = refused(&[&asked[..], &["balances"]].concat());
    assert!(why.contains("0xc000012340"), "{why}");
    located(&[&asked[..], &["0xc000012340"]].concat());
}

#[test]
fn questions_stand_in_the_file_or_in_flags() {
    let path = corpus("go1.23.9");
    let start = [
        "--snapshot",
        path.to_str().expect("UTF-8"),
        "--queries",
        "-",
    ];
    for flag in [["--key", "1"], ["--addr", "0x10"], ["--map", "balances"]] {
        let why = refused(&[&start[..], &flag].concat());
        assert!(why.contains(flag[0]), "{why}");
    }
}

/// With base and length given nothing is left to try: the address lies outside.
#[test]
fn an_address_outside_a_known_array_has_no_candidates() {
    let asked = |go: &'static str, fields: &[&'static str]| {
        let start = [
            "--go",
            go,
            "--type",
            "map[string]int",
            "--addr",
            "0xc0000f2650",
        ];
        let fields = fields.iter().flat_map(|field| ["--field", field]);
        located(&start.into_iter().chain(fields).collect::<Vec<_>>())
    };
    // 256 buckets of 208 bytes and 16 behind them, filled up to their size class: far less than 0x20650 bytes.
    let classic = ["B=8", "buckets=0xc0000d2000", "oldbuckets=0x0"];
    for (go, fields, base) in [
        ("1.23.9", &classic[..], "0xc0000d2000"),
        (
            "1.27",
            &["dir_ptr=0xc0000d2000", "dir_len=0"],
            "0xc0000d2000",
        ),
    ] {
        let outside = asked(go, fields);
        assert!(outside["candidates"].is_null(), "{outside}");
        let why = outside["answers"][0]["error"].as_str().expect("an error");
        assert!(why.contains(base) && !why.contains("snapshot"), "{why}");
    }
    // Without a base there are some, and their addresses are texts.
    let open = asked("1.23.9", &["B=8"]);
    let candidates = open["candidates"].as_array().expect("candidates");
    assert!(!candidates.is_empty());
    for candidate in candidates {
        let base = candidate["base"].as_str().expect("a text");
        assert!(base.starts_with("0x"), "{base}");
        assert_eq!(candidate["places"][0]["addr"], "0xc0000f2650");
    }
    // With the base alone, only lengths are left.
    let based = asked("1.23.9", &["buckets=0xc0000d2000"]);
    let candidates = based["candidates"].as_array().expect("candidates");
    assert!(candidates.iter().all(|one| one["base"] == "0xc0000d2000"));
}

/// Go makes the group with the first entry; before, no key is there.
#[test]
fn an_empty_map_has_no_key() {
    let secrets = ["--use-aes", "no", "--hashkey", "1,2,3,4", "--seed", "5"];
    let ask = |go: &'static str, fields: &[&'static str]| {
        let start = ["--go", go, "--type", "map[int]int", "--key", "1"];
        let fields = fields.iter().flat_map(|field| ["--field", field]);
        let all = start.into_iter().chain(secrets).chain(fields);
        located(&all.collect::<Vec<_>>())["answers"][0].clone()
    };
    let swiss = ask("1.27", &["dir_ptr=0x0", "dir_len=0", "used=0"]);
    assert_eq!(
        (&swiss["slots"], &swiss["groups"]),
        (&json!([]), &json!([]))
    );
    assert!(ask("1.27", &["dir_len=0"]).get("slots").is_none());
    let classic = ask("1.23", &["B=0", "oldbuckets=0x0", "count=0"]);
    assert_eq!(classic["absent"], true);
    assert!(
        ask("1.23", &["B=0", "oldbuckets=0x0"])
            .get("absent")
            .is_none()
    );
}

#[test]
fn contradictions_are_told() {
    let error = |path: &str| {
        let answer = located(&["--snapshot", path, "--key", "171"])["answers"][0].clone();
        answer["error"].as_str().expect("an error").to_owned()
    };
    for (field, value) in [("global_depth", 3), ("global_shift", 61)] {
        let path = changed("go1.27.3", field, |document| {
            document["maps"][0][field] = value.into();
        });
        assert!(error(&path).contains(field));
    }
    let path = changed("go1.27.3", "zero", |document| {
        document["secrets"]["aeskeysched"] = "00".repeat(128).into();
    });
    assert!(error(&path).contains("use_aes"));
}

#[test]
fn wrong_literals_say_what_is_wrong() {
    let why =
        |map_type: &str, key: &str| refused(&["--go", "1.27", "--type", map_type, "--key", key]);
    for map_type in ["map[any]int", "map[string]int"] {
        let told = why(map_type, "\"a\"+\"b\"");
        assert!(
            told.contains("not computed") && !told.contains("complex"),
            "{told}"
        );
    }
    assert!(why("map[*int]int", "&T{}").contains("the one that the pointer holds"));
    assert!(!why("map[int]int", "hex:00").contains("a int"));
}

#[test]
fn a_named_type_says_how_to_spell_it() {
    let path = changed("go1.27.3", "named", |document| {
        let map = &mut document["maps"][0];
        map["type"] = "map[main.Key]int".into();
        map["key_type"] = Value::Null;
        map["elem_type"] = Value::Null;
    });
    let why = refused(&["--snapshot", &path, "--key", "171"]);
    assert!(
        why.contains("--debugger gdb") && why.contains("map[struct{"),
        "{why}"
    );
}

/// Go 1.27 fills hashkey on every machine, so that alone it does not tell the hash; before, it is zero where AES is used.
#[test]
fn whether_aes_is_used_is_asked_where_hashkey_does_not_tell() {
    let asked = |go: &str, more: &[&str]| {
        let given = ["--go", go, "--type", "map[int]int", "--key", "1"];
        let secrets = [
            "--hashkey",
            "1,2,3,4",
            "--seed",
            "5",
            "--field",
            "dir_len=0",
        ];
        located(&[&given[..], &secrets, more].concat())["answers"][0].clone()
    };
    let open = asked("1.27", &[]);
    assert!(
        open["error"]
            .as_str()
            .is_some_and(|why| why.contains("--use-aes")),
        "{open}"
    );
    assert!(asked("1.27", &["--use-aes", "no"])["hash"].is_string());
    assert!(asked("1.26", &[])["hash"].is_string());
    let yes = asked("1.26", &["--use-aes", "yes"]);
    assert!(
        yes["error"]
            .as_str()
            .is_some_and(|why| why.contains("aeskeysched")),
        "{yes}"
    );
}

/// Control bytes are digits, also where they look like a number.
#[test]
fn fields_of_digits_are_no_numbers() {
    let given = [
        "--go",
        "1.27",
        "--type",
        "map[int]int",
        "--key",
        "1",
        "--use-aes",
        "no",
    ];
    let known = [
        "--hashkey",
        "1,2,3,4",
        "--seed",
        "5",
        "--field",
        "dir_len=0",
        "--field",
        "small_ctrls=8080808080808080",
    ];
    let json = located(&[&given[..], &known].concat());
    assert_eq!(json["answers"][0]["slots"], json!([]), "{json}");
}
