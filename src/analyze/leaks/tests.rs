//! What is a hang or a leak, and what is a quiet server.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

use super::*;
use crate::analyze::census::census;
use crate::analyze::incident::incidents;
use crate::analyze::testing::{go, on_texts};
use crate::analyze::waits::waits;

struct Found {
    hangs: Vec<(HangKind, u32, Vec<u64>)>,
    leaks: Vec<(LeakReason, Grade, u32)>,
}

fn found(text: &str) -> Found {
    on_texts(&[text], |evidence| {
        let incident = &incidents(evidence, false)[0];
        let census = census(incident, evidence);
        let waits = waits(incident, &census, evidence, &go(27));
        let ids = |blocks: &[GoroutineRef]| {
            blocks
                .iter()
                .map(|at| at.of(evidence).unwrap().id.0)
                .collect()
        };
        Found {
            hangs: hangs(incident, &census, &waits, evidence)
                .iter()
                .map(|hang| (hang.kind, hang.count, ids(&hang.goroutines)))
                .collect(),
            leaks: leaks(incident, &census, evidence)
                .iter()
                .map(|leak| (leak.reason, leak.grade, leak.count))
                .collect(),
        }
    })
}

/// `count` goroutines of one line, the n-th made by goroutine `parent(n)`.
fn many(count: u32, state: &str, top: &str, parent: impl Fn(u32) -> u32) -> String {
    let block = |n: u32| {
        format!(
            "goroutine {} [{state}]:\n{top}\n\t/app/main.go:20 +0x1d\ncreated by main.serve in goroutine {}\n\t/app/main.go:9 +0x1d\n\n",
            1000 + n,
            parent(n)
        )
    };
    (0..count).map(block).collect()
}

const WORK: &str = "main.work(...)";

fn lock_frames() -> String {
    format!(
        "sync.(*Mutex).lockSlow(0xc0000a2020)\n\t/usr/local/go/src/sync/mutex.go:171 +0x165\n{WORK}"
    )
}

#[test]
fn senders_that_nobody_hears_are_a_leak() {
    assert_eq!(
        found(&many(50, "chan send", WORK, |_| 1)).leaks,
        [(LeakReason::Senders, Grade::Probable, 50)]
    );
    assert_eq!(
        found(&many(10, "chan send", WORK, |_| 1)).leaks,
        [(LeakReason::Senders, Grade::Possible, 10)]
    );
    let waited = many(10, "chan send, 4 minutes", WORK, |_| 1);
    assert_eq!(
        found(&waited).leaks,
        [(LeakReason::Senders, Grade::Probable, 10)]
    );
    assert_eq!(
        found(&many(9, "chan send, 4 minutes", WORK, |_| 1)).leaks,
        []
    );
}

#[test]
fn what_outlives_its_creators_is_a_leak_and_a_pool_is_only_suspicious() {
    let waiting = "select, 8 minutes";
    let orphans = many(100, waiting, WORK, |n| 50_000 + n);
    assert_eq!(
        found(&orphans).leaks,
        [(LeakReason::Orphans, Grade::Probable, 100)]
    );
    assert_eq!(
        found(&many(100, waiting, WORK, |_| 1)).leaks,
        [(LeakReason::Alike, Grade::Possible, 100)]
    );
    assert_eq!(found(&many(99, waiting, WORK, |_| 1)).leaks, []);
}

#[test]
fn writers_beside_readers_of_connections_are_no_orphans() {
    let writers = many(200, "select, 8 minutes", WORK, |n| 50_000 + n);
    let readers = many(200, "IO wait", "main.read(...)", |n| 50_000 + n)
        .replace("goroutine 1", "goroutine 7");
    let leaks = found(&(writers + &readers)).leaks;
    assert_eq!(leaks, [(LeakReason::Alike, Grade::Possible, 200)]);
}

#[test]
fn the_collectors_mark_is_believed() {
    let marked = many(1, "chan receive (leaked)", WORK, |_| 1);
    assert_eq!(
        found(&marked).leaks,
        [(LeakReason::MarkedLeaked, Grade::Confirmed, 1)]
    );
}

#[test]
fn goroutines_that_wait_by_design_are_no_finding() {
    let idle = [
        (
            "select, 90 minutes",
            "net/http.(*persistConn).writeLoop(0xc0001)",
        ),
        (
            "IO wait, 90 minutes",
            "internal/poll.runtime_pollWait(0x7f68, 0x72)",
        ),
        (
            "select, 90 minutes",
            "database/sql.(*DB).connectionOpener(0xc0001)",
        ),
        ("chan receive, 90 minutes", "os/signal.loop()"),
    ];
    for (state, top) in idle {
        let found = found(&many(500, state, top, |n| 50_000 + n));
        assert_eq!((found.leaks, found.hangs.len()), (vec![], 0), "{top}");
    }
}

#[test]
fn a_crowd_or_a_minute_at_a_lock_is_a_hang() {
    let at_lock = |count, state| found(&many(count, state, &lock_frames(), |_| 1)).hangs;
    let crowd = at_lock(10, "sync.Mutex.Lock");
    assert_eq!(crowd.len(), 1);
    assert_eq!((crowd[0].0, crowd[0].1), (HangKind::Lock, 10));
    assert!(at_lock(9, "sync.Mutex.Lock").is_empty());
    assert_eq!(at_lock(1, "sync.Mutex.Lock, 2 minutes").len(), 1);
    assert!(
        found(&many(10, "sync.Mutex.Lock", &lock_frames(), |_| 1))
            .leaks
            .is_empty()
    );
}

#[test]
fn a_crowd_at_a_lock_that_changes_hands_is_none() {
    let crowd = many(12, "sync.Mutex.Lock", &lock_frames(), |_| 1);
    let woken =
        many(1, "runnable", &lock_frames(), |_| 1).replace("goroutine 1000", "goroutine 900");
    assert!(found(&(crowd + &woken)).hangs.is_empty());
}

#[test]
fn a_deadlock_of_all_is_what_the_runtime_says() {
    let text = "fatal error: all goroutines are asleep - deadlock!\n\n\
        goroutine 1 [chan receive]:\nmain.main()\n\t/app/main.go:31 +0x6e\n\n\
        goroutine 2 [force gc (idle)]:\nruntime.gopark(0x0?)\n\t/usr/local/go/src/runtime/proc.go:402 +0xce\n";
    assert_eq!(found(text).hangs, [(HangKind::AllAsleep, 1, vec![1])]);
}

#[test]
fn a_test_timeout_names_the_innermost_test_that_is_stuck() {
    let test = |id: u32, top: &str| {
        format!(
            "goroutine {id} [chan receive]:\n{top}testing.tRunner(0x1853cbee2008, 0x1853cbe8ebc8)\n\t/usr/local/go/src/testing/testing.go:2195 +0xea\n\
                 created by testing.(*T).Run in goroutine 1\n\t/usr/local/go/src/testing/testing.go:2260 +0x4d4\n\n"
        )
    };
    let run = "testing.(*T).Run(0x1853cbee2248)\n\t/usr/local/go/src/testing/testing.go:2268 +0x4f2\nexample.com/app.TestReply(0x1853cbee2248)\n\t/app/x_test.go:17 +0x105\n";
    let leaf = "example.com/app.TestReply.func1(0x1853cbee2488?)\n\t/app/x_test.go:19 +0x33\n";
    let text = format!(
        "panic: test timed out after 1s\n\ngoroutine 3 [running]:\ntesting.(*M).startAlarm.func1()\n\t/usr/local/go/src/testing/testing.go:2961 +0x34a\n\
         created by time.goFunc\n\t/usr/local/go/src/time/sleep.go:182 +0x2d\n\n{}{}",
        test(21, run),
        test(23, leaf)
    );
    assert_eq!(found(&text).hangs, [(HangKind::TestTimeout, 1, vec![23])]);
}
