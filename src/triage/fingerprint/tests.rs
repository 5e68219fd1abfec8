//! Fingerprints: equal for what is equal, different for what differs, and the same for ever.

#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

use super::*;
use crate::model::Grade;
use crate::triage::nothing;
use crate::triage::report::{At, CrashReport, Verdict};
use proptest::prelude::*;

fn crash(category: Category, func: &str, file: &str, line: u32) -> IncidentReport {
    let culprit = Place {
        func: func.into(),
        file: file.into(),
        line,
    };
    IncidentReport {
        verdict: Verdict {
            category,
            grade: Grade::Confirmed,
            headline: String::new(),
            culprit: Some(culprit),
        },
        crash: Some(CrashReport {
            kind: "fatal".into(),
            message: "concurrent map writes".into(),
            goroutine: Some(24),
            role: Some("writer".into()),
            noticed: None,
            at: At { input: 0, line: 2 },
            time: None,
            panics: Vec::new(),
            signal: None,
            context: Vec::new(),
            times_printed: 1,
            recovered: false,
        }),
        ..nothing()
    }
}

/// The digits are those of `sha256sum` over the text in the module's head: they may never change within the schema.
#[test]
fn fingerprints_are_the_documented_hash() {
    let incident = crash(
        Category::MapWriteWrite,
        "main.(*Cache).Set",
        "/srv/app/cache.go",
        31,
    );
    let text = "gotriage.fingerprint/1\ncategory map-write-write\nrole writer\nsite main.(*Cache).Set cache.go:31\n";
    assert_eq!(canonical(&incident), text);
    assert_eq!(fingerprint(&incident).to_string(), "941ff5e2ff482733");
}

#[test]
fn functions_lose_what_the_compiler_adds() {
    for (printed, expected) in [
        ("main.(*Cache).Set", "main.(*Cache).Set"),
        ("main.(*Cache).Set.func1.2", "main.(*Cache).Set"),
        ("main.(*Gen[...]).Get", "main.(*Gen).Get"),
        ("main.(*Gen[go.shape.string]).Get", "main.(*Gen).Get"),
        ("main.main.func3", "main.main"),
        ("main.main.gowrap1", "main.main"),
        ("main.run-range1", "main.run"),
        ("main.(*S).lock-fm", "main.(*S).lock"),
        ("main.function", "main.function"),
        ("example.com/my%2epkg.Do", "example.com/my.pkg.Do"),
        ("example.com/my%252epkg.Do.func1", "example.com/my.pkg.Do"),
        ("crosscall2", "crosscall2"),
        ("", ""),
    ] {
        assert_eq!(function(printed), expected);
    }
}

#[test]
fn messages_stand_in_where_no_line_is_known() {
    let mut a = crash(Category::Signal, "", "", 0);
    a.verdict.culprit = None;
    let mut b = a.clone();
    let words = |incident: &mut IncidentReport, message: &str| {
        incident.crash.as_mut().unwrap().message = message.into();
    };
    words(&mut a, "all 3 of 0xc000012345 are gone\nat 7");
    words(&mut b, "all 12 of 0xc0000beef0 are gone\nat 8");
    assert_eq!(fingerprint(&a), fingerprint(&b));
    words(&mut b, "none of 0xc0000beef0 is gone");
    assert_ne!(fingerprint(&a), fingerprint(&b));
}

#[test]
fn digits_are_read_back() {
    assert_eq!("00000000000000ff".parse(), Ok(Fingerprint(255)));
    for wrong in [
        "",
        "ff",
        "0000000000000000f",
        "+000000000000000",
        "00000000000000fg",
    ] {
        assert_eq!(wrong.parse::<Fingerprint>(), Err(NoFingerprint), "{wrong}");
    }
}

proptest! {
    /// Whatever changes between two runs of one program.
    #[test]
    fn what_differs_between_runs_does_not_count(
        goroutine in any::<u64>(), line in any::<u32>(), go in "1\\.[0-9]{1,2}\\.[0-9]", directory in "(/[a-z@.0-9]{1,8}){0,4}",
        closure in "(\\.func[0-9]{1,2})?", total in any::<u64>(), headline in ".*", noticed in "entry|exit",
    ) {
        let one = crash(Category::MapReadWrite, "main.(*Cache).Get", "/build/cache.go", 9);
        let mut other = crash(Category::MapReadWrite, &format!("main.(*Cache).Get{closure}"), &format!("{directory}/cache.go"), 9);
        other.go.version = Some(go);
        other.goroutines.total = total;
        other.verdict.headline = headline;
        other.verdict.grade = Grade::Possible;
        let crash = other.crash.as_mut().unwrap();
        (crash.goroutine, crash.at.line, crash.noticed) = (Some(goroutine), line, Some(noticed));
        crash.message = format!("concurrent map read {goroutine}");
        prop_assert_eq!(fingerprint(&one), fingerprint(&other));
    }

    /// Category, role, function, file and line each count.
    #[test]
    fn what_differs_between_crashes_counts(func in "main\\.[a-e]{1,9}", file in "[a-z]{1,9}\\.go", line in 1u32..99_999) {
        let one = crash(Category::MapReadWrite, &func, &file, line);
        let mut reader = one.clone();
        reader.crash.as_mut().unwrap().role = Some("reader".into());
        let others = [
            crash(Category::MapWriteWrite, &func, &file, line),
            crash(Category::MapReadWrite, &format!("{func}x"), &file, line),
            crash(Category::MapReadWrite, &func, &format!("x{file}"), line),
            crash(Category::MapReadWrite, &func, &file, line + 1),
            reader,
        ];
        for other in &others {
            prop_assert_ne!(fingerprint(&one), fingerprint(other));
        }
    }

    #[test]
    fn printed_digits_are_parsed(number in any::<u64>()) {
        let printed = Fingerprint(number).to_string();
        prop_assert_eq!(printed.len(), 16);
        prop_assert_eq!(printed.parse(), Ok(Fingerprint(number)));
    }

    #[test]
    fn nothing_printed_makes_it_panic(func in ".*", file in ".*", message in ".*") {
        let mut incident = crash(Category::CustomPanic, &func, &file, 1);
        prop_assert_eq!(canonical(&incident).lines().count(), 4);
        incident.verdict.culprit = None;
        incident.crash.as_mut().unwrap().message = message;
        fingerprint(&incident);
    }
}
