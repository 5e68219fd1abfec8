//! `gotriage map grow` as users meet it: what is missing, what is refused, how far a plan goes, how wide the page is.

#![allow(clippy::expect_used, clippy::panic)]

mod growing;

use growing::*;
use serde_json::{Value, json};

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
    refused(&["map[int]int", "--hint=many"], "", "no number of entries");
}

/// A snapshot or a file of secrets is of one program; flags can't make it another's.
#[test]
fn flags_that_contradict_a_file_are_refused() {
    let directory = directory("conflict");
    let path = directory.join("snapshot.json");
    let document = json!({
        "schema": "gotriage.map-snapshot/1", "go_version": "go1.27.3", "arch": "amd64",
        "maps": [{"name": "m", "type": "map[int]int", "seed": "0x7", "used": 0, "dir_len": 0}],
    });
    std::fs::write(&path, document.to_string()).expect("a file");
    let (snapshot, secrets) = (
        format!("--snapshot={}", path.display()),
        format!("--secrets={}", path.display()),
    );
    let grow = |arguments: &[&str]| {
        let start = ["map", "grow", "--inserts=9", "--format=json"];
        piped(&[&start, arguments].concat(), "")
    };
    for (arguments, part) in [
        ([&snapshot[..], "--go=1.23"], "--go says 1.23"),
        ([&snapshot, "--go=1.27.2"], "of Go 1.27.3"),
        (
            [&snapshot, "--go=1.27.3-X:mapsplitgroup"],
            "X:mapsplitgroup",
        ),
        ([&snapshot, "--arch=arm64"], "--arch says arm64"),
    ] {
        let refused = grow(&arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&refused).contains(part), "{}", stderr(&refused));
    }
    let refused = grow(&["map[int]int", &secrets, "--go=1.23"]);
    assert_eq!(refused.status.code(), Some(2));
    let refused = grow(&[&snapshot, "--key=1", "--seed=8"]);
    assert!(
        stderr(&refused).contains("only one can be true"),
        "{}",
        stderr(&refused)
    );
    for arguments in [
        [&snapshot[..], "--go=1.27"].as_slice(),
        &["map[int]int", &secrets, "--arch=amd64"],
        &["map[int]int", &secrets],
    ] {
        let output = grow(arguments);
        let result: Value = serde_json::from_str(stdout(&output)).expect("JSON");
        assert_eq!(result["go"], "1.27.3", "{arguments:?}");
    }
    std::fs::remove_dir_all(&directory).expect("no directory");
}

#[test]
fn the_plan_follows_what_the_map_held_and_what_memory_holds() {
    let grow = |arguments: &[&str], writes: &str| {
        let start = ["map", "grow", "map[int]int", "--go=1.23"];
        piped(&[&start, arguments].concat(), writes)
    };
    let json = |arguments: &[&str], writes: &str| -> Value {
        let output = grow(&[arguments, &["--format=json"]].concat(), writes);
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    // A queue: never more than three entries, of 300 keys.
    let queue: String = (0..300)
        .map(|key| {
            format!(
                "{key}\n{}",
                if key < 2 {
                    String::new()
                } else {
                    format!("delete {}\n", key - 2)
                }
            )
        })
        .collect();
    let result = json(&["--keys=-"], &queue);
    assert_eq!(result["inserts"], 3);
    assert_eq!(result["plan"].as_array().map(Vec::len), Some(1));
    for (hint, ignored) in [("-1", true), ("9", false), ("4611686018427387904", true)] {
        let result = json(&["--hint", hint], "");
        assert_eq!(result["hint_ignored"], ignored, "{hint}");
        assert_eq!(result["plan"].as_array().map(Vec::len), Some(1), "{hint}");
        assert_eq!(result["plan"][0]["B"], u64::from(!ignored), "{hint}");
    }
    let output = grow(&["--hint=-1"], "");
    let text = stdout(&output);
    let remark = text.find("negative hint for none").expect("a remark");
    assert!(Some(remark) < text.find("INSERT"), "{text}");
    let all = json(&["--inserts=18446744073709551615"], "");
    assert_eq!(all["limit"]["address_space"], 1_u64 << 48);
    assert!(stdout(&grow(&["--inserts=18446744073709551615"], "")).contains("No further: insert "));
}

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
