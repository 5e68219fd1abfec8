//! The README's examples are run as they stand: the output of a `console` block is the program's, left out where a line `[…]` stands.

#![allow(clippy::panic)]

use std::path::Path;
use std::process::Command;

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The bodies of fenced blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let fence = format!("```{language}\n");
    text.split(&fence)
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next().map(str::to_owned))
        .collect()
}

#[test]
fn shown_output_is_the_programs_own() {
    let blocks = blocks("console");
    assert!(!blocks.is_empty());
    for block in blocks {
        let (command, shown) = block.split_once('\n').unwrap_or((&block, ""));
        let Some(arguments) = command.strip_prefix("$ cargo run --release -- ") else {
            panic!("no command this test can run: {command}");
        };
        let output = Command::new(env!("CARGO_BIN_EXE_gotriage"))
            .args(
                arguments
                    .split_whitespace()
                    .map(|word| word.trim_matches('\'')),
            )
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("COLUMNS")
            .output()
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut rest = printed.as_str();
        for (part, wanted) in shown.split("[…]").enumerate() {
            let wanted = wanted.trim_start_matches('\n');
            let at = rest.find(wanted).filter(|at| part > 0 || *at == 0);
            let Some(at) = at else {
                panic!("{command} prints\n{printed}");
            };
            rest = rest.get(at + wanted.len()..).unwrap_or_default();
        }
        assert!(
            shown.lines().count() > 10,
            "the README shows next to nothing"
        );
    }
}

#[test]
fn every_option_and_command_of_the_readme_exists() {
    let help = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_gotriage"))
            .args(arguments)
            .output();
        String::from_utf8_lossy(&output.unwrap_or_else(|error| panic!("{error}")).stdout)
            .into_owned()
    };
    let pages: &[&[&str]] = &[
        &["scan"],
        &["merge"],
        &["ci"],
        &["redact"],
        &["runbook"],
        &["trace"],
        &[],
        &["repro"],
        &["diff"],
        &["graph"],
        &["map", "layout"],
        &["map", "locate"],
        &["map", "grow"],
        &["map", "explain"],
        &["map", "probe"],
    ];
    let known: String = pages
        .iter()
        .map(|page| help(&[*page, &["--help"]].concat()))
        .collect();
    let mut checked = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()) {
        for call in line.split("gotriage ").skip(1) {
            let own = call.split(['|', '>', '&']).next().unwrap_or_default();
            for option in own.split_whitespace().filter(|word| word.starts_with("--")) {
                assert!(known.contains(option), "{option} of the README is unknown");
                checked += 1;
            }
        }
    }
    assert!(checked >= 4, "{checked} options found");
}
