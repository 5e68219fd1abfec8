//! What belongs together, on short texts in the forms of Go 1.19 to 1.27.

use super::*;
use crate::analyze::testing::{on_opened, on_texts};
use crate::envelope::{Opened, Unwrapped};
use crate::model::{LineMap, LineOrigin};
use std::borrow::Cow;

fn kinds(texts: &[&str]) -> Vec<IncidentKind> {
    on_texts(texts, |evidence| {
        let found = incidents(evidence, false);
        found.iter().map(|incident| incident.kind).collect()
    })
}

fn ids(incident: &Incident, evidence: &Evidence<'_>) -> Vec<u64> {
    let blocks = incident.goroutines.iter();
    blocks
        .filter_map(|block| Some(block.of(evidence)?.id.0))
        .collect()
}

fn id_of(block: Option<GoroutineRef>, evidence: &Evidence<'_>) -> Option<u64> {
    Some(block?.of(evidence)?.id.0)
}

fn panic_in(id: u32, line: u32) -> String {
    format!(
        "panic: connection refused\n\ngoroutine {id} [running]:\nmain.dial(0xc00012a000)\n\t/app/main.go:{line} +0x185\n\
         created by main.main in goroutine 1\n\t/app/main.go:9 +0x1d\n"
    )
}

const CAPTURE: &str = "goroutine 1 [select (no cases)]:\nmain.main()\n\t/app/main.go:31 +0x6e\n\n\
    goroutine 7 [chan receive, 4 minutes]:\nmain.worker(...)\n\t/app/main.go:22\n\
    created by main.main in goroutine 1\n\t/app/main.go:12 +0x77\n";

const RACE: &str = "==================\nWARNING: DATA RACE\nWrite at 0x00c000094028 by goroutine 8:\n  \
    main.main.func1()\n      /app/main.go:11 +0x44\n\nPrevious read at 0x00c000094028 by main goroutine:\n  \
    main.main()\n      /app/main.go:14 +0x88\n==================\n";

#[test]
fn each_restart_is_an_incident_even_with_equal_dumps() {
    let log = [panic_in(7, 20), panic_in(7, 20), panic_in(7, 20)].concat();
    assert_eq!(kinds(&[&log]), [IncidentKind::Crash; 3]);
}

#[test]
fn one_dump_in_two_files_is_one_incident() {
    let fuller = format!(
        "{}\n{}",
        panic_in(7, 20),
        CAPTURE.replace("goroutine 7", "goroutine 8")
    );
    on_texts(&[&panic_in(7, 20), &fuller], |evidence| {
        let found = incidents(evidence, false);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].repeats.len(), 1);
        assert_eq!(found[0].inputs.len(), 2);
        assert_eq!(ids(&found[0], evidence), [7, 1, 8]);
        // The fuller print leads.
        assert_eq!(found[0].crash.map(|at| at.document.0), Some(1));
        assert_eq!(incidents(evidence, true).len(), 2);
    });
}

#[test]
fn equal_messages_with_other_addresses_are_two_deaths() {
    let other = panic_in(7, 20).replace("0xc00012a000", "0xc00099f000");
    assert_eq!(kinds(&[&panic_in(7, 20), &other]), [IncidentKind::Crash; 2]);
}

#[test]
fn an_annotation_of_the_panic_line_is_no_second_death() {
    let log = format!("{}panic: connection refused\n", panic_in(7, 20));
    on_texts(&[&log], |evidence| {
        let found = incidents(evidence, false);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].repeats.len(), 1);
        assert_eq!(
            id_of(crash_goroutine(&found[0], evidence), evidence),
            Some(7)
        );
    });
}

fn stamped(text: &str, seconds: &[i64]) -> Opened<'static> {
    let lines = text.lines().count() as u32;
    let origins = (0..lines * seconds.len() as u32).map(|n| LineOrigin {
        line: n + 1,
        time: Some(seconds[(n / lines) as usize] * 1_000_000_000),
    });
    Opened {
        texts: vec![Unwrapped {
            text: Cow::Owned(text.repeat(seconds.len()).into_bytes()),
            lines: LineMap::new(origins.collect()),
            stream: None,
        }],
        envelope: "cri".into(),
        lines: lines * seconds.len() as u32,
        notes: Vec::new(),
        wrapper_lines: Vec::new(),
        truncated: false,
    }
}

#[test]
fn time_stamps_tell_copies_from_restarts() {
    let count = |seconds: &[i64]| {
        let text = panic_in(7, 20);
        on_opened(&[stamped(&text, seconds)], |evidence| {
            incidents(evidence, false).len()
        })
    };
    assert_eq!(count(&[50, 50]), 1);
    assert_eq!(count(&[50, 80]), 2);
    let text = panic_in(7, 20);
    let files = [stamped(&text, &[50]), stamped(&text, &[90])];
    assert_eq!(
        on_opened(&files, |evidence| incidents(evidence, false).len()),
        2
    );
}

#[test]
fn pods_of_one_log_are_never_joined() {
    let mut opened = stamped(CAPTURE, &[50]);
    opened.texts.push(stamped(CAPTURE, &[50]).texts.remove(0));
    for (text, name) in opened.texts.iter_mut().zip(["web-1", "web-2"]) {
        text.stream = Some(name.into());
    }
    on_opened(&[opened], |evidence| {
        let found = incidents(evidence, false);
        let kinds: Vec<_> = found.iter().map(|incident| incident.kind).collect();
        assert_eq!(kinds, [IncidentKind::Capture; 2]);
    });
}

#[test]
fn captures_join_the_only_crash() {
    on_texts(&[CAPTURE, &panic_in(9, 20)], |evidence| {
        let found = incidents(evidence, false);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, IncidentKind::Crash);
        // The crash's own blocks come first.
        assert_eq!(ids(&found[0], evidence), [9, 1, 7]);
        assert_eq!(found[0].at.document.0, 0);
        assert_eq!(incidents(evidence, true).len(), 2);
    });
    let two = [panic_in(9, 20), panic_in(9, 21)].concat();
    assert_eq!(
        kinds(&[CAPTURE, &two]),
        [
            IncidentKind::Capture,
            IncidentKind::Crash,
            IncidentKind::Crash
        ]
    );
}

#[test]
fn a_capture_with_another_creation_of_the_same_id_stays_apart() {
    // Goroutine 7 was made at main.go:9 in the crash and at main.go:12 in the capture.
    assert_eq!(
        kinds(&[&panic_in(7, 20), CAPTURE]),
        [IncidentKind::Crash, IncidentKind::Capture]
    );
    let later = CAPTURE.replace("4 minutes", "9 minutes");
    assert_eq!(kinds(&[CAPTURE, &later]), [IncidentKind::Capture]);
}

#[test]
fn race_reports_before_a_crash_belong_to_it() {
    let log = format!("{RACE}{RACE}{}", panic_in(7, 20));
    on_texts(&[&log], |evidence| {
        let found = incidents(evidence, false);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].races.len(), 2);
        assert_eq!(found[0].kind, IncidentKind::Crash);
    });
    let alone = format!("{RACE}{RACE}Found 2 data race(s)\nexit status 66\n");
    assert_eq!(kinds(&[&alone]), [IncidentKind::RaceReports]);
    let two = format!("{alone}{RACE}");
    assert_eq!(kinds(&[&two]), [IncidentKind::RaceReports; 2]);
}

#[test]
fn packages_of_a_test_run_are_told_apart() {
    let log = format!(
        "--- FAIL: TestA (0.00s)\n{}exit status 2\nFAIL\texample.com/a\t0.005s\n\
         --- FAIL: TestB (0.00s)\n    b_test.go:3: bad\nFAIL\nFAIL\texample.com/b\t0.002s\n\
         ok  \texample.com/c\t0.01s\nFAIL\n",
        panic_in(7, 20)
    );
    on_texts(&[&log], |evidence| {
        let found = incidents(evidence, false);
        let kinds: Vec<_> = found.iter().map(|incident| incident.kind).collect();
        assert_eq!(kinds, [IncidentKind::Crash, IncidentKind::TestFailure]);
        let names: Vec<Vec<&[u8]>> = found
            .iter()
            .map(|incident| {
                let marks = incident
                    .tests
                    .iter()
                    .filter_map(|at| match at.of(evidence) {
                        Some(Item::Test(mark)) => Some(mark.name),
                        _ => None,
                    });
                marks.collect()
            })
            .collect();
        assert!(
            names[0].contains(&b"TestA".as_slice()) && !names[0].contains(&b"TestB".as_slice())
        );
        assert!(
            names[1].contains(&b"TestB".as_slice()) && !names[1].contains(&b"TestA".as_slice())
        );
    });
}

#[test]
fn recovered_panics_are_counted_by_stack_and_end_no_process() {
    let one = |id: u32| {
        format!(
            "2026/11/21 09:40:34 http: panic serving 127.0.0.1:5{id}: boom\ngoroutine {id} [running]:\n\
             net/http.(*conn).serve.func1()\n\t/usr/local/go/src/net/http/server.go:1959 +0xbb\n\
             panic({{0x985678?, 0xa04240?}})\n\t/usr/local/go/src/runtime/panic.go:859 +0x125\n\
             main.checkout({{0x9c25e0?, 0x2397887f20f0}}, 0x0?)\n\t/app/main.go:14 +0x45\n\
             created by net/http.(*Server).Serve in goroutine 8\n\t/usr/local/go/src/net/http/server.go:3604 +0x4fd\n"
        )
    };
    let log = format!("{RACE}{}{}{}", one(12), one(31), panic_in(7, 20));
    on_texts(&[&log], |evidence| {
        let found = incidents(evidence, false);
        let kinds: Vec<_> = found.iter().map(|incident| incident.kind).collect();
        assert_eq!(kinds, [IncidentKind::RecoveredPanic, IncidentKind::Crash]);
        assert_eq!(found[0].repeats.len(), 1);
        assert_eq!(
            id_of(crash_goroutine(&found[0], evidence), evidence),
            Some(12)
        );
        // The process went on: the race report before the recovered panics is still of the one that died.
        assert_eq!(found[1].races.len(), 1);
        assert_eq!(ids(&found[1], evidence), [7]);
    });
}

const TWO_FATALS: &str = "fatal error: concurrent map writes\nfatal error: concurrent map writes\n\n\
    goroutine 25 [running]:\nmain.rise(0xc000012345)\n\t/app/main.go:20 +0x1fc\n\
    created by main.main in goroutine 1\n\t/app/main.go:9 +0x1d\n\n\
    goroutine 1 [semacquire]:\nmain.main()\n\t/app/main.go:30 +0x1fc\n\n\
    goroutine 20 [running]:\n\tgoroutine running on other thread; stack unavailable\n\
    created by main.main in goroutine 1\n\t/app/main.go:10 +0x1d\n\n\
    goroutine 20 [running]:\nmain.fall(0xc000012345)\n\t/app/main.go:25 +0x1fc\n\
    created by main.main in goroutine 1\n\t/app/main.go:10 +0x1d\n";

#[test]
fn the_second_of_two_fatal_errors_is_the_last_goroutine() {
    on_texts(&[TWO_FATALS], |evidence| {
        let found = incidents(evidence, false);
        assert_eq!(found.len(), 1);
        assert_eq!(ids(&found[0], evidence), [25, 1, 20]);
        assert_eq!(
            id_of(crash_goroutine(&found[0], evidence), evidence),
            Some(25)
        );
        let second = second_crasher(&found[0], evidence);
        assert_eq!(id_of(second, evidence), Some(20));
        assert_eq!(found[0].find(GoroutineId(20)), second);
        assert_eq!(found[0].find(GoroutineId(21)), None);
    });
}

#[test]
fn a_second_panic_of_one_process_needs_proof() {
    let listed = "goroutine 9 [running]:\n\tgoroutine running on other thread; stack unavailable\n\
        created by main.main in goroutine 1\n\t/app/main.go:9 +0x1d\n";
    let proved = format!("{}\n{listed}{}", panic_in(7, 20), panic_in(9, 21));
    on_texts(&[&proved], |evidence| {
        let found = incidents(evidence, false);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].further_crashes.len(), 1);
        assert_eq!(
            id_of(second_crasher(&found[0], evidence), evidence),
            Some(9)
        );
    });
    let at_once = [panic_in(7, 20), panic_in(9, 21)].concat();
    assert_eq!(kinds(&[&at_once]), [IncidentKind::Crash]);
    let same_goroutine_again = [panic_in(7, 20), panic_in(7, 21)].concat();
    assert_eq!(kinds(&[&same_goroutine_again]), [IncidentKind::Crash; 2]);
    let apart = [&panic_in(7, 20), "\n", &panic_in(9, 21)].concat();
    assert_eq!(kinds(&[&apart]), [IncidentKind::Crash; 2]);
    let restarted = [&panic_in(7, 20), "service starting\n", &panic_in(9, 21)].concat();
    assert_eq!(kinds(&[&restarted]), [IncidentKind::Crash; 2]);
    // A dump with others is of a process of its own.
    let with_others = format!(
        "{proved}\n{}",
        CAPTURE.replace("goroutine 7", "goroutine 8")
    );
    assert_eq!(kinds(&[&with_others]), [IncidentKind::Crash; 2]);
}

#[test]
fn nobody_is_to_blame_for_a_deadlock_or_a_signal_from_outside() {
    let culprit = |text: &str| {
        on_texts(&[text], |evidence| {
            let found = incidents(evidence, false);
            assert_eq!(found[0].kind, IncidentKind::Crash);
            id_of(crash_goroutine(&found[0], evidence), evidence)
        })
    };
    let dump = |head: &str, state: &str| {
        format!(
            "{head}\n\ngoroutine 0 [idle]:\nruntime.futex()\n\t/usr/local/go/src/runtime/sys_linux_amd64.s:559 +0x21\n\n\
                 goroutine 1 [{state}]:\nmain.main()\n\t/app/main.go:31 +0x6e\n"
        )
    };
    assert_eq!(
        culprit(&dump("SIGQUIT: quit\nPC=0x46b5c1 m=0 sigcode=0", "running")),
        None
    );
    assert_eq!(
        culprit(&dump(
            "SIGABRT: abort\nPC=0x46b5c1 m=0 sigcode=0",
            "running"
        )),
        None
    );
    let fault = "SIGSEGV: segmentation violation\nPC=0x46b5c1 m=0 sigcode=1 addr=0x33b\nsignal arrived during cgo execution";
    assert_eq!(culprit(&dump(fault, "syscall")), Some(1));
    let killed = "SIGSEGV: segmentation violation\nPC=0x46b5c1 m=0 sigcode=0";
    assert_eq!(culprit(&dump(killed, "running")), None);
    let asleep = "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/app/main.go:31 +0x6e\n";
    assert_eq!(culprit(asleep), None);
}

#[test]
fn a_crash_file_has_no_preamble() {
    let file = "goroutine 7 [running]:\ninternal/runtime/maps.fatal({0x4a9091?, 0x0?})\n\t/usr/local/go/src/runtime/panic.go:1195 +0x18\n\
        main.(*totals).add(...)\n\t/app/main.go:15\n";
    on_texts(&[file], |evidence| {
        let found = incidents(evidence, false);
        assert_eq!(found[0].kind, IncidentKind::CutCrash);
        assert_eq!(
            id_of(crash_goroutine(&found[0], evidence), evidence),
            Some(7)
        );
    });
    on_texts(&[CAPTURE, file], |evidence| {
        let found = incidents(evidence, false);
        assert_eq!(found.len(), 2, "goroutine 7 has two creations");
    });
    let user_level = "\ngoroutine 18 [running]:\nmain.(*visits).count(...)\n\t/app/main.go:14\n";
    assert_eq!(kinds(&[user_level]), [IncidentKind::CutCrash]);
    assert_eq!(kinds(&[&user_level[1..]]), [IncidentKind::Capture]);
    let handler = "goroutine 17 [running]:\nruntime/pprof.writeGoroutineStacks({0x9e94e8, 0x12431d1964b0})\n\
        \t/usr/local/go/src/runtime/pprof/pprof.go:816 +0x69\n";
    assert_eq!(kinds(&[handler]), [IncidentKind::Capture]);
}
