//! Whole reports on dumps of the corpus, as people read them.
//!
//! After a deliberate change of words: `INSTA_UPDATE=always cargo test --test snapshots`, and read the difference. With `CI` set, or
//! with `INSTA_UPDATE=no`, a snapshot that is missing or differs fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pipeline;
mod support;

use gotriage::render::Format;

/// Name of the snapshots, and the dump.
const DUMPS: &[(&str, &str)] = &[
    ("writers", "map-write-write/go1.27.3-system.txt"),
    ("reader", "map-read-write/go1.23.9-single.txt"),
    ("iterator", "map-iterate-write/go1.27.3-all.txt"),
    ("cloner", "map-clone-write/go1.27.3-system.txt"),
    ("deadlock", "deadlock-all-asleep/go1.27.3-single.txt"),
    ("lock-hang", "lock-hang/go1.23.9-debug2.txt"),
    ("leak", "goroutine-leak/go1.27.3-debug2-goroutineleak.txt"),
    ("nil-dereference", "nil-dereference/go1.23.9-single.txt"),
    ("race-report", "race-map/go1.27.3-race.txt"),
    ("test-timeout", "test-timeout/go1.27.3-test.txt"),
    ("healthy", "healthy/go1.27.3-debug2.txt"),
];

fn printed(dump: &str, format: Format) -> String {
    let path = support::corpus().join("dumps").join(dump);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{dump}: {error}"));
    let report = pipeline::report(&[(dump, &bytes)]);
    String::from_utf8(pipeline::printed(&report, format))
        .unwrap_or_else(|error| panic!("{dump}: {error}"))
}

#[test]
fn at_80_columns() {
    for (name, dump) in DUMPS {
        insta::assert_snapshot!(format!("{name}-80"), printed(dump, pipeline::text(80)));
    }
}

#[test]
fn at_120_columns() {
    for (name, dump) in DUMPS {
        insta::assert_snapshot!(format!("{name}-120"), printed(dump, pipeline::text(120)));
    }
}

#[test]
fn in_markdown() {
    let (name, dump) = DUMPS[0];
    insta::assert_snapshot!(
        format!("{name}-markdown"),
        printed(dump, Format::Markdown { all: false })
    );
}
