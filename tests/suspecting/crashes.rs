//! Crashes with a stack and its source: a map that was handed in, a line that has moved, a line that alone writes its map.

use crate::json;
use serde_json::Value;

/// Eight maps, each with a writer of its own, and a function that forgets a key in whichever of them it is handed.
fn many_shelves() -> String {
    let mut text = "package main\n\n".to_owned();
    for at in 1..=8 {
        text += &format!("var shelf{at} = map[string]int{{}}\n");
    }
    text += "\nfunc forget(m map[string]int, key string) {\n\tdelete(m, key)\n}\n\n";
    for at in 1..=8 {
        text += &format!("func fill{at}(key string) {{ shelf{at}[key] = 1 }}\n");
    }
    text += "\nfunc clean(key string) {\n";
    for at in 1..=8 {
        text += &format!("\tforget(shelf{at}, key)\n");
    }
    text += "}\n\nfunc main() {\n";
    for at in 1..=8 {
        text += &format!("\tgo fill{at}(\"a\")\n");
    }
    text += "\tclean(\"a\")\n}\n";
    text
}

/// The number of the line that has this text, from 1.
fn line_of(source: &str, text: &str) -> u64 {
    let mut lines = source.lines().zip(1..);
    let found = lines.find(|(line, _)| line.contains(text));
    found.expect("the line is there").1
}

/// A goroutine that died while it wrote a map: its frames below the runtime's, innermost first.
fn dump(frames: &[(&str, u64)]) -> String {
    let mut text = "fatal error: concurrent map writes\n\ngoroutine 7 [running]:\n\
        runtime.throw(0x4c2a1b, 0x15)\n\t/usr/local/go/src/runtime/panic.go:1116 +0x72\n\
        runtime.mapassign_faststr(0x4a1d20, 0xc000090180, 0x4bf6b1, 0x1, 0x0)\n\
        \t/usr/local/go/src/runtime/map_faststr.go:211 +0x3f1\n"
        .to_owned();
    for (func, line) in frames {
        text += &format!("{func}(0xc000090180)\n\t/src/app/main.go:{line} +0x4e\n");
    }
    text
}

/// The suspects of a dump against one file of source, and what step 2 says.
fn asked(source: &str, dump: &str) -> (Vec<Value>, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("go.mod"), "module example.com/app\n").expect("written");
    std::fs::write(path("main.go"), source).expect("written");
    std::fs::write(path("dump.txt"), dump).expect("written");
    let src = dir.path().to_string_lossy().into_owned();
    let report = json(&["--format", "json", "--src", &src, &path("dump.txt")]);
    let suspects = report["incidents"][0]["suspects"].as_array().cloned();
    (suspects.unwrap_or_default(), report.to_string())
}

#[test]
fn a_parameter_is_followed_up_the_stack() {
    let source = many_shelves();
    let crash = line_of(&source, "delete(m, key)");
    for at in [2, 7] {
        let call = line_of(&source, &format!("forget(shelf{at}, key)"));
        let text = dump(&[("main.forget", crash), ("main.clean", call)]);
        let (suspects, _) = asked(&source, &text);
        let wanted = line_of(&source, &format!("func fill{at}("));
        let named: Vec<(&str, u64)> = suspects
            .iter()
            .filter_map(|suspect| {
                let map = suspect["map"].as_str()?;
                let line = suspect["sites"][1]["line"].as_u64()?;
                map.starts_with("main.shelf").then_some((map, line))
            })
            .collect();
        assert_eq!(named, [(&*format!("main.shelf{at}"), wanted)]);
    }
    // Nothing says which of them it was.
    let (suspects, _) = asked(&source, &dump(&[("main.forget", crash)]));
    let names: Vec<&str> = suspects.iter().filter_map(|s| s["map"].as_str()).collect();
    assert!(
        !names.iter().any(|map| map.starts_with("main.shelf")),
        "{names:?}"
    );
}

const TWO_WRITERS: &str = "package main

var stock = map[string]int{}

func main() {
\tgo restock()
\tsell()
}

func restock() {
\tstock[\"tea\"] = 10
}

func sell() {
\tname := \"tea\"
\tprintln(name)
\tprintln(name)
\tprintln(name)
\tstock[name]--
}
";

#[test]
fn a_line_that_moved_a_little_is_looked_for_and_said_so() {
    let line = line_of(TWO_WRITERS, "stock[name]--");
    let (exact, said) = asked(TWO_WRITERS, &dump(&[("main.sell", line)]));
    assert_eq!(exact[0]["sites"][1]["func"], "main.restock");
    assert!(!said.contains("is taken for it"), "{said}");
    for by in [2, 3] {
        let (moved, said) = asked(TWO_WRITERS, &dump(&[("main.sell", line - by)]));
        assert_eq!(moved[0]["sites"][1]["func"], "main.restock");
        assert_eq!(moved[0]["grade"], "possible");
        assert!(
            said.contains(&format!("line {line} of the same function is taken for it")),
            "{said}"
        );
    }
    let (far, said) = asked(TWO_WRITERS, &dump(&[("main.sell", line - 4)]));
    assert_eq!(far, Vec::<Value>::new());
    assert!(said.contains("could not be told from the source"), "{said}");
}

#[test]
fn a_line_that_alone_writes_its_map_may_meet_itself() {
    let handed = "package main

func Mark(seen map[string]bool, key string) {
\tseen[key] = true
}
";
    let line = line_of(handed, "seen[key]");
    let (suspects, _) = asked(
        &handed.replace("main", "app"),
        &dump(&[("example.com/app.Mark", line)]),
    );
    let lines: Vec<u64> = suspects[0]["sites"]
        .as_array()
        .expect("sites")
        .iter()
        .filter_map(|site| site["line"].as_u64())
        .collect();
    assert_eq!((suspects.len(), lines), (1, vec![line, line]));
    assert_eq!(suspects[0]["grade"], "possible");
    // Under a lock it can't be.
    let locked = handed
        .replace("main", "app\n\nimport \"sync\"\n\nvar mu sync.Mutex")
        .replace(
            "\tseen[key] = true",
            "\tmu.Lock()\n\tdefer mu.Unlock()\n\tseen[key] = true",
        );
    let line = line_of(&locked, "seen[key]");
    let (suspects, _) = asked(&locked, &dump(&[("example.com/app.Mark", line)]));
    assert_eq!(suspects, Vec::<Value>::new());
}
