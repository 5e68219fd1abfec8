//! Made-up forests with known families.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

use super::*;
use crate::analyze::census::census;
use crate::analyze::creation::forest;
use crate::analyze::incident::incidents;
use crate::analyze::testing::on_texts;

fn block(id: u64, func: &str, creator: &str) -> String {
    let made = match creator {
        "" => String::new(),
        creator => format!("created by {creator}\n\t/app/main.go:7 +0x1d\n"),
    };
    format!("goroutine {id} [select]:\nmain.{func}(...)\n\t/app/main.go:90\n{made}\n")
}

fn folded<R>(text: &str, alone: &[u64], most: usize, check: impl FnOnce(&Kin) -> R) -> R {
    on_texts(&[text], |evidence| {
        let incident = &incidents(evidence, false)[0];
        let census = census(incident, evidence);
        let forest = forest(incident, evidence);
        let alone = alone.iter().map(|&id| incident.position(GoroutineId(id)));
        let alone: Vec<u32> = alone.map(Option::unwrap).collect();
        check(&kin(incident, &census, &forest, evidence, &alone, most))
    })
}

/// Size and creator of each class.
fn shape(kin: &Kin) -> Vec<(usize, Option<u32>)> {
    let size = |who: &Who| match who {
        Who::Printed(members) | Who::Runtime(members) => members.len(),
        Who::Gone(ids) => ids.len(),
        Who::Unnamed => 0,
    };
    let classes = kin.classes.iter();
    classes
        .map(|class| (size(&class.who), class.creator))
        .collect()
}

/// A main goroutine, three servers, and two workers of each.
fn servers() -> String {
    let mut text = block(1, "main", "");
    for server in [10, 20, 30] {
        text += &block(server, "serve", "main.main in goroutine 1");
        for worker in 1..=2 {
            let creator = format!("main.serve in goroutine {server}");
            text += &block(server + worker, "work", &creator);
        }
    }
    text
}

#[test]
fn alike_goroutines_of_alike_creators_are_one_class() {
    folded(&servers(), &[], 100, |kin| {
        assert_eq!(shape(kin), [(1, None), (3, Some(0)), (6, Some(1))]);
        assert_eq!(kin.classes[0].family, 10);
    });
}

#[test]
fn the_one_asked_for_stands_alone_with_its_creators() {
    folded(&servers(), &[22], 100, |kin| {
        let mut sizes = shape(kin);
        sizes.sort_unstable();
        let expected = [1, 1, 1, 1, 2, 4].to_vec();
        assert_eq!(sizes.iter().map(|&(n, _)| n).collect::<Vec<_>>(), expected);
    });
}

#[test]
fn creators_that_are_gone_are_one_class_by_what_they_started() {
    let gone = |id: u64| {
        block(
            id,
            "work",
            &format!("main.handle in goroutine {}", id + 500),
        )
    };
    let text: String = (1..=5).map(|n| gone(n * 100)).collect();
    folded(&text, &[], 100, |kin| {
        assert_eq!(shape(kin), [(5, None), (5, Some(0))]);
    });
}

#[test]
fn goroutines_of_the_runtime_are_one_class() {
    let own = |id: u64, func: &str| {
        let made =
            "created by runtime.gcenable in goroutine 1\n\t/go/src/runtime/mgc.go:204 +0x66\n";
        format!(
            "goroutine {id} [GC sweep wait]:\nruntime.{func}(...)\n\t/go/src/runtime/proc.go:424\n{made}\n"
        )
    };
    let text = block(1, "main", "") + &own(2, "bgsweep") + &own(3, "bgscavenge");
    folded(&text, &[], 100, |kin| {
        assert_eq!(shape(kin), [(1, None), (2, Some(0))]);
        assert!(matches!(kin.classes[1].who, Who::Runtime(_)));
    });
}

#[test]
fn links_in_a_circle_are_cut() {
    let text = block(7, "a", "main.b in goroutine 8") + &block(8, "b", "main.a in goroutine 7");
    folded(&text, &[], 100, |kin| {
        assert_eq!(kin.classes.len(), 2);
        assert_eq!(kin.classes.iter().map(|c| c.family).max(), Some(2));
    });
}

#[test]
fn old_dumps_tie_by_the_function_that_one_goroutine_runs() {
    let text = block(1, "main", "") + &block(5, "work", "main.main");
    folded(&text, &[], 100, |kin| {
        assert_eq!(shape(kin), [(1, None), (1, Some(0))]);
        assert_eq!(kin.classes[1].grade, Grade::Probable);
    });
}

#[test]
fn what_has_no_room_is_counted_where_it_hangs() {
    let kinds = |n: u64| block(n, &format!("kind{n}"), "main.main in goroutine 1");
    let text = block(1, "main", "") + &(2..=60).map(kinds).collect::<String>();
    folded(&text, &[33], 100, |kin| {
        let shown = kin.shown(10);
        assert!(shown.classes.len() + shown.rests.len() <= 10);
        let left = 60 - shown.classes.len() as u64;
        let rest = Rest {
            creator: Some(0),
            classes: left,
            goroutines: left,
        };
        assert_eq!(shown.rests, [rest]);
        let alone = |&at: &u32| kin.classes[at as usize].important;
        assert_eq!(shown.classes.iter().filter(|at| alone(at)).count(), 2);
    });
    folded(&text, &[], 10, |kin| {
        assert_eq!(kin.sameness, Sameness::Statement);
        assert_eq!(shape(kin), [(1, None), (59, Some(0))]);
    });
}
