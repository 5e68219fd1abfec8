//! Waits as Go 1.19 and 1.27 print them.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

use super::*;
use crate::analyze::census::census;
use crate::analyze::incident::incidents;
use crate::analyze::testing::{go, on_texts};
use crate::model::Grade;

fn on_waits(text: &str, minor: u16, check: impl FnOnce(&Waits, &dyn Fn(u32) -> u64)) {
    let go = go(minor);
    on_texts(&[text], |evidence| {
        let incident = &incidents(evidence, false)[0];
        let census = census(incident, evidence);
        let found = waits(incident, &census, evidence, &go);
        let id = |at: u32| incident.goroutines[at as usize].of(evidence).unwrap().id.0;
        check(&found, &id);
    });
}

fn locker(id: u32, lock: &str, caller: &str) -> String {
    format!(
        "goroutine {id} [sync.Mutex.Lock]:\ninternal/sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x2?)\n\
         \t/usr/local/go/src/runtime/sema.go:95 +0x25\ninternal/sync.(*Mutex).lockSlow({lock})\n\
         \t/usr/local/go/src/internal/sync/mutex.go:149 +0x15a\ninternal/sync.(*Mutex).Lock(...)\n\
         \t/usr/local/go/src/internal/sync/mutex.go:70\nsync.(*Mutex).Lock(...)\n\
         \t/usr/local/go/src/sync/mutex.go:46\n{caller}\n\t/app/main.go:22 +0x5c\n\
         created by main.main in goroutine 1\n\t/app/main.go:37 +0xfb\n\n"
    )
}

#[test]
fn a_ring_of_two_locks_is_found_through_what_both_were_handed() {
    let text = [
        locker(
            18,
            "0xc0000a2020",
            "main.transfer(0xc0000a2010, 0xc0000a2020, 0xa)",
        ),
        locker(
            19,
            "0xc0000a2010",
            "main.transfer(0xc0000a2020, 0xc0000a2010, 0x14)",
        ),
        locker(20, "0xc0000a2010", "main.balance(0x0?)"),
    ]
    .concat();
    on_waits(&text, 27, |found, id| {
        let locks: Vec<_> = found
            .waits
            .iter()
            .map(|wait| {
                (
                    wait.object.name(),
                    wait.address.unwrap().0,
                    wait.waiters.len(),
                )
            })
            .collect();
        assert_eq!(
            locks,
            [
                ("sync.Mutex", 0xc0000a2010, 2),
                ("sync.Mutex", 0xc0000a2020, 1)
            ]
        );
        let ring: Vec<u64> = found.cycles[0]
            .goroutines
            .iter()
            .map(|&at| id(at))
            .collect();
        assert_eq!(
            (ring, found.cycles[0].grade),
            (vec![18, 19], Grade::Probable)
        );
        assert_eq!(found.cycles.len(), 1);
        // Likely is not proved.
        assert!(found.waits.iter().all(|wait| wait.holder().is_none()));
    });
}

#[test]
fn words_with_a_question_mark_name_no_lock() {
    let text = [
        locker(18, "0xc0000a2020?", "main.(*Ledger).Post(0xc0000a2010?)"),
        locker(19, "0xc0000a2020?", "main.(*Ledger).Post(0xc0000a2010?)"),
    ]
    .concat();
    on_waits(&text, 27, |found, _| {
        let [wait] = found.waits.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(
            (wait.address, wait.through, wait.waiters.len()),
            (None, None, 2)
        );
    });
    // Go 1.17 prints stale words without the mark.
    on_waits(&text.replace('?', ""), 17, |found, _| {
        assert!(found.waits.iter().all(|wait| wait.address.is_none()));
    });
}

#[test]
fn readers_and_writers_of_one_object_wait_for_one_lock() {
    let text = "goroutine 17 [sync.RWMutex.Lock]:\nsync.runtime_SemacquireRWMutex(0x0?, 0x0?, 0x0?)\n\
        \t/usr/local/go/src/runtime/sema.go:105 +0x25\nsync.(*RWMutex).Lock(0x0?)\n\t/usr/local/go/src/sync/rwmutex.go:155 +0x65\n\
        main.(*Catalog).Add(0x527b0a94240, {0x4e00d8, 0x4})\n\t/app/main.go:30 +0x37\n\n\
        goroutine 18 [sync.RWMutex.RLock, 7 minutes]:\nsync.runtime_SemacquireRWMutexR(0x0?, 0x0?, 0x0?)\n\
        \t/usr/local/go/src/runtime/sema.go:100 +0x25\nsync.(*RWMutex).RLock(...)\n\t/usr/local/go/src/sync/rwmutex.go:74\n\
        main.(*Catalog).Len(0x527b0a94240)\n\t/app/main.go:37 +0x49\n\n\
        goroutine 7 [chan send]:\nmain.(*Catalog).Export(0x0?, 0x527b0ae60e0)\n\t/app/main.go:24 +0xa5\n";
    on_waits(text, 27, |found, id| {
        let lock = &found.waits[0];
        assert_eq!((lock.object, lock.waiters.len()), (Object::RwMutex, 2));
        assert_eq!(lock.through, Some(Address(0x527b0a94240)));
        assert_eq!(lock.longest_wait_minutes, Some(7));
        let holders: Vec<_> = lock
            .holders
            .iter()
            .map(|holder| (id(holder.position), holder.grade, holder.reason))
            .collect();
        assert_eq!(holders, [(7, Grade::Possible, HolderReason::SameType)]);
    });
}

#[test]
fn the_holder_of_a_once_is_certain() {
    let once = |id: u32, above: &str, word: &str| {
        format!(
            "goroutine {id} [{above}\nsync.(*Once).doSlow({word}, 0x0?)\n\t/usr/local/go/src/sync/once.go:74 +0xb4\n\
                 sync.(*Once).Do(...)\n\t/usr/local/go/src/sync/once.go:65\nmain.load()\n\t/app/main.go:9 +0x1d\n\n"
        )
    };
    let waits = "sync.Mutex.Lock]:\ninternal/sync.(*Mutex).lockSlow(0xc000012344)\n\t/usr/local/go/src/internal/sync/mutex.go:149 +0x15a";
    let runs = "chan receive]:\nmain.dial(...)\n\t/app/main.go:4";
    let text = [
        once(5, runs, "0xc000012340"),
        once(6, waits, "0xc000012340"),
        once(7, runs, "0xc000099990"),
    ]
    .concat();
    on_waits(&text, 27, |found, id| {
        let lock = found
            .waits
            .iter()
            .find(|wait| wait.object == Object::Once)
            .unwrap();
        assert_eq!(lock.holder().map(|holder| id(holder.position)), Some(5));
    });
}

#[test]
fn a_runnable_goroutine_inside_the_lock_shows_that_it_moves() {
    let text = [
        locker(18, "0xc0000a2010", "main.(*locked).add(0x0?)"),
        locker(19, "0xc0000a2010", "main.(*locked).add(0x0?)")
            .replace("[sync.Mutex.Lock]", "[runnable]"),
    ]
    .concat();
    on_waits(&text, 27, |found, _| assert!(found.waits[0].moving));
}

#[test]
fn semacquire_is_told_by_the_frames() {
    // Go 1.19
    let text = "goroutine 1 [semacquire]:\nsync.runtime_Semacquire(0xc00001c0b0?)\n\t/usr/lib/go-1.19/src/runtime/sema.go:62 +0x25\n\
        sync.(*WaitGroup).Wait(0xc00001c0a8?)\n\t/usr/lib/go-1.19/src/sync/waitgroup.go:139 +0x52\nmain.main()\n\t/app/main.go:30 +0x1fc\n\n\
        goroutine 8 [semacquire]:\nsync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)\n\t/usr/lib/go-1.19/src/runtime/sema.go:77 +0x25\n\
        sync.(*RWMutex).RLock(...)\n\t/usr/lib/go-1.19/src/sync/rwmutex.go:71\nmain.get()\n\t/app/main.go:40 +0x1fc\n";
    on_waits(text, 19, |found, id| {
        let kinds: Vec<_> = found
            .waits
            .iter()
            .map(|wait| (id(wait.waiters[0]), wait.object))
            .collect();
        assert_eq!(kinds, [(1, Object::WaitGroup), (8, Object::RwMutex)]);
    });
}

#[test]
fn the_semaphore_of_an_rwmutex_is_not_that_of_a_mutex() {
    // Go 1.19 at system level; the RWMutex is at 0xc0000a2048, its semaphores 8 and 12 bytes behind.
    let waiter = |id: u32, semaphore: &str, method: &str| {
        format!(
            "goroutine {id} [semacquire]:\nruntime.semacquire1({semaphore}, 0x0?, 0x3, 0x0)\n\t/usr/lib/go-1.19/src/runtime/sema.go:144 +0x1fd\n\
                 sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)\n\t/usr/lib/go-1.19/src/runtime/sema.go:77 +0x25\n\
                 sync.(*RWMutex).{method}\n\t/usr/lib/go-1.19/src/sync/rwmutex.go:71\nmain.get()\n\t/app/main.go:{id} +0x1fc\n\n"
        )
    };
    let text = waiter(8, "0xc0000a2054", "RLock(...)") + &waiter(9, "0xc0000a2050", "Lock(0x0?)");
    on_waits(&text, 19, |found, _| {
        let [lock] = found.waits.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(
            (lock.object, lock.address),
            (Object::RwMutex, Some(Address(0xc0000a2048)))
        );
    });
}

#[test]
fn each_lock_has_its_own_longest_wait() {
    let text = [
        locker(18, "0xc0000a2010", "main.balance(0x0?)").replace("Lock]", "Lock, 9 minutes]"),
        locker(19, "0xc0000a2020", "main.balance(0x0?)"),
    ]
    .concat();
    on_waits(&text, 27, |found, _| {
        let longest: Vec<_> = found
            .waits
            .iter()
            .map(|wait| wait.longest_wait_minutes)
            .collect();
        assert_eq!(longest, [Some(9), None]);
    });
}
