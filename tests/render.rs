//! What the renderers print of reports built by hand: how it looks, and what must hold for any contents.

#![allow(clippy::expect_used)] // helpers of tests fail as tests do

mod reports;

use gotriage::render::{Format, TextOptions, escape, write};
use gotriage::triage::report::Report;
use proptest::prelude::*;

fn printed(report: &Report, format: Format) -> String {
    let mut out = Vec::new();
    write(report, format, &mut out).expect("writing to memory");
    String::from_utf8(out).expect("reports are UTF-8")
}

fn text(width: usize) -> Format {
    Format::Text(TextOptions {
        width,
        colour: false,
        all: false,
    })
}

#[test]
fn a_crash_at_80_columns() {
    insta::assert_snapshot!(printed(&reports::plain(), text(80)));
}

#[test]
fn a_crash_at_160_columns() {
    insta::assert_snapshot!(printed(&reports::plain(), text(160)));
}

#[test]
fn a_crash_at_40_columns() {
    insta::assert_snapshot!(printed(&reports::plain(), text(40)));
}

#[test]
fn a_crash_in_markdown() {
    insta::assert_snapshot!(printed(&reports::plain(), Format::Markdown { all: false }));
}

#[test]
fn nothing_from_go() {
    insta::assert_snapshot!(printed(&reports::nothing(), text(80)));
}

#[test]
fn three_incidents_open_with_a_table() {
    let mut report = reports::plain();
    let one = report.incidents[0].clone();
    report.incidents.extend([one.clone(), one]);
    let shown = printed(&report, text(80));
    let first: Vec<&str> = shown.lines().take(7).collect();
    assert_eq!(first[0], "3 incidents");
    assert!(
        first[2].contains("VERDICT") && first[5].contains("map-write-write"),
        "{first:?}"
    );
    assert_eq!(shown.matches("Incident 2 of 3").count(), 1);
}

#[test]
fn the_verdict_and_the_culprit_come_first() {
    let shown = printed(&reports::plain(), text(80));
    let first: Vec<&str> = shown.lines().take(3).collect();
    assert!(first[0].contains("confirmed") && first[0].contains("map-write-write"));
    assert!(first[1].starts_with("two goroutines wrote"));
    assert!(first[2].contains("/app/main.go:20"));
}

#[test]
fn colours_change_nothing_but_colours() {
    let report = reports::plain();
    let coloured = printed(
        &report,
        Format::Text(TextOptions {
            width: 80,
            colour: true,
            all: false,
        }),
    );
    assert!(coloured.contains('\u{1b}'));
    let mut bare = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        bare.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    bare.push_str(rest);
    assert_eq!(bare, printed(&report, text(80)));
}

#[test]
fn json_is_the_report_and_the_same_every_time() {
    let report = reports::plain();
    let shown = printed(&report, Format::Json);
    assert_eq!(shown, printed(&report, Format::Json));
    assert!(shown.ends_with("}\n"));
    let parsed: serde_json::Value = serde_json::from_str(&shown).expect("valid JSON");
    assert_eq!(parsed, serde_json::to_value(&report).expect("a value"));
}

#[test]
fn code_is_printed_as_it_is() {
    let report = reports::plain();
    let shown = printed(&report, text(40));
    for incident in &report.incidents {
        let program = &incident.reproduction.as_ref().expect("has one").program;
        for line in program.lines().filter(|line| !line.is_empty()) {
            assert!(shown.contains(&format!("\n      {line}\n")), "{line}");
        }
    }
}

/// A report whose texts are picked from `texts` and whose numbers from `numbers`, in turn. Code stays plain where `code` is false.
fn filled(texts: &[String], numbers: &[u64], code: bool) -> Report {
    let mut texts = texts.iter().cycle();
    let mut numbers = numbers.iter().cycle();
    reports::Filler {
        text: &mut |plain| match plain.contains('\n') && !code {
            true => plain.to_owned(),
            false => texts.next().cloned().unwrap_or_default(),
        },
        number: &mut |_| numbers.next().copied().unwrap_or_default(),
    }
    .report()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_line_is_wider_than_asked(
        texts in prop::collection::vec(any::<String>(), 1..40),
        numbers in prop::collection::vec(any::<u64>(), 1..20),
        width in 20usize..200,
    ) {
        let report = filled(&texts, &numbers, false);
        prop_assert_eq!(reports::too_wide(&report, width, false), Vec::<String>::new());
    }

    #[test]
    fn no_text_drives_a_terminal(
        texts in prop::collection::vec("(\\PC|[\u{0}-\u{9f}\u{200b}-\u{202e}]){0,60}", 1..40),
        numbers in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let report = filled(&texts, &numbers, true);
        for format in [text(80), Format::Json, Format::Markdown { all: true }] {
            let shown = printed(&report, format);
            let escaped = !shown.contains(|c| escape::is_hostile(c) && c != '\n' && c != '\t');
            prop_assert!(escaped, "{format:?}");
        }
    }
}
