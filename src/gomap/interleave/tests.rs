//! What must hold of the model whatever happens in real runs; those are in tests/interleavings.rs.
#![allow(clippy::unwrap_used)]

use super::machine::Machine;
use super::memory::{Memory, Thread};
use super::*;
use crate::gomap::target::Arch;
use std::collections::BTreeSet;

fn target(version: &str) -> Target {
    Target::new(version.parse().unwrap(), Arch::Amd64).unwrap()
}

fn run(version: &str, a: Operation, b: Operation, keys: Keys, fill: Fill) -> Explanation {
    explain(&target(version), a, b, Setting { keys, fill })
}

fn deaths(explanation: &Explanation) -> Vec<(Who, CheckPoint)> {
    let all = explanation
        .outcomes
        .iter()
        .flat_map(|outcome| &outcome.deaths);
    let mut deaths: Vec<_> = all.map(|death| (death.who, death.at)).collect();
    deaths.sort();
    deaths.dedup();
    deaths
}

fn corrupts(explanation: &Explanation, damage: Damage) -> bool {
    explanation
        .outcomes
        .iter()
        .any(|outcome| outcome.corrupts.contains(&damage))
}

const EVERY: [&str; 8] = [
    "1.19.8", "1.21.13", "1.22.10", "1.23.9", "1.24.11", "1.25.5", "1.26.6", "1.27.3",
];

#[test]
fn two_reads_mix_freely_and_harm_nobody() {
    // Classic: nine steps each, none is passed over but the look into an old bucket.
    let of = |version| {
        run(
            version,
            Operation::Read,
            Operation::Read,
            Keys::Same,
            Fill::Room,
        )
    };
    assert_eq!(of("1.23").interleavings, 48_620);
    // Swiss: seven.
    assert_eq!(of("1.25").interleavings, 3_432);
    for version in EVERY {
        let explanation = of(version);
        assert!(
            explanation
                .outcomes
                .iter()
                .all(|outcome| outcome.ends == Ends::BothFinish && outcome.corrupts.is_empty())
        );
    }
}

fn updates_apart(version: &str) -> Explanation {
    run(
        version,
        Operation::Update,
        Operation::Update,
        Keys::Apart,
        Fill::Room,
    )
}

#[test]
fn writers_of_different_buckets_die_as_well() {
    for version in EVERY {
        let explanation = updates_apart(version);
        let expected = [Who::A, Who::B]
            .into_iter()
            .flat_map(|who| [(who, CheckPoint::Entry), (who, CheckPoint::Exit)])
            .collect::<Vec<_>>();
        assert_eq!(deaths(&explanation), expected, "{version}");
        let unnoticed = explanation
            .outcomes
            .iter()
            .any(|outcome| outcome.overlap && outcome.corrupts.is_empty());
        assert!(unnoticed, "{version}");
    }
}

#[test]
fn a_writer_among_readers_never_dies() {
    for version in EVERY {
        for other in [Operation::Read, Operation::Iterate] {
            let explanation = run(
                version,
                Operation::Insert,
                other,
                Keys::SamePlace,
                Fill::Room,
            );
            assert_eq!(
                deaths(&explanation),
                [(Who::B, CheckPoint::Entry)],
                "{version} {other:?}"
            );
        }
    }
}

#[test]
fn only_a_flag_that_is_toggled_twice_stays_set() {
    for version in EVERY {
        let explanation = updates_apart(version);
        let swiss = target(version).rules.layout == MapLayout::Swiss;
        assert_eq!(
            corrupts(&explanation, Damage::FlagLeftSet),
            swiss,
            "{version}"
        );
    }
}

#[test]
fn updates_of_different_keys_leave_entries_and_count_alone() {
    for version in EVERY {
        let explanation = run(
            version,
            Operation::Update,
            Operation::Update,
            Keys::SamePlace,
            Fill::Room,
        );
        for damage in [
            Damage::EntryLost,
            Damage::CountWrong,
            Damage::WrongElement,
            Damage::StrayAccess,
        ] {
            assert!(!corrupts(&explanation, damage), "{version} {damage:?}");
        }
    }
}

#[test]
fn inserts_into_one_bucket_lose_entries_and_into_two_only_the_count() {
    for version in EVERY {
        let of = |keys| {
            run(
                version,
                Operation::Insert,
                Operation::Insert,
                keys,
                Fill::Room,
            )
        };
        let (one, two) = (of(Keys::SamePlace), of(Keys::Apart));
        assert!(corrupts(&one, Damage::EntryLost), "{version}");
        assert!(!corrupts(&two, Damage::EntryLost), "{version}");
        assert!(corrupts(&two, Damage::CountWrong), "{version}");
    }
}

#[test]
fn a_clone_inherits_the_flag_where_the_header_is_copied() {
    for (version, inherits) in [
        ("1.23", false),
        ("1.24", false),
        ("1.25", true),
        ("1.27", true),
    ] {
        let explanation = run(
            version,
            Operation::Update,
            Operation::Clone,
            Keys::Same,
            Fill::Room,
        );
        assert_eq!(
            corrupts(&explanation, Damage::CloneFlagSet),
            inherits,
            "{version}"
        );
    }
    let none = run(
        "1.19",
        Operation::Update,
        Operation::Clone,
        Keys::Same,
        Fill::Room,
    );
    assert_eq!((none.interleavings, none.notes.len()), (0, 1));
}

#[test]
fn an_empty_map_is_not_checked_by_a_delete() {
    for version in EVERY {
        let explanation = run(
            version,
            Operation::Delete,
            Operation::Clear,
            Keys::Same,
            Fill::Empty,
        );
        assert_eq!(explanation.interleavings, 2, "{version}");
        assert!(deaths(&explanation).is_empty(), "{version}");
    }
}

/// Counts orders one by one, as the search does not.
fn count(machine: &Machine, memory: Memory, threads: [Thread; 2]) -> u128 {
    let mut total = 0;
    let mut over = true;
    for who in 0..2 {
        if machine.next(who, &threads[who]).is_some() {
            let (mut memory, mut threads) = (memory, threads);
            machine.step(who, &mut memory, &mut threads);
            total += count(machine, memory, threads);
            over = false;
        }
    }
    if over { 1 } else { total }
}

#[test]
fn orders_are_counted_right() {
    for (version, operation) in [("1.23", Operation::Read), ("1.24", Operation::Delete)] {
        let target = target(version);
        let setting = Setting {
            keys: Keys::Same,
            fill: Fill::Small,
        };
        let pair = [operation, Operation::Iterate];
        let courses = pair
            .map(|one| course(target.rules.layout, target.build.version, one.map_op()).unwrap());
        let machine = Machine::new(target.rules.layout, pair, courses, setting, true);
        let (memory, threads) = machine.start();
        let explained = explain(&target, pair[0], pair[1], setting);
        assert_eq!(explained.interleavings, count(&machine, memory, threads));
    }
}

#[test]
fn examples_show_what_they_are_examples_of() {
    let explanation = run(
        "1.27",
        Operation::Insert,
        Operation::Delete,
        Keys::SamePlace,
        Fill::Room,
    );
    for outcome in &explanation.outcomes {
        let last_of = |who| outcome.example.iter().rfind(|step| step.who == who);
        for death in &outcome.deaths {
            assert!(last_of(death.who).unwrap().does.contains("dies"));
        }
        let left_set = outcome.corrupts.contains(&Damage::FlagLeftSet);
        if outcome.ends == Ends::BothFinish {
            assert_eq!(outcome.example.last().unwrap().flag, left_set);
        }
        assert!(outcome.example.iter().all(|step| !step.does.is_empty()));
    }
}

#[test]
fn words_are_those_of_the_json() {
    for (word, operation) in Operation::ALL {
        assert_eq!(serde_json::to_value(operation).unwrap(), *word);
        assert_eq!(word.parse(), Ok(*operation));
    }
    for (word, keys) in Keys::ALL {
        assert_eq!(serde_json::to_value(keys).unwrap(), *word);
    }
    for (word, fill) in Fill::ALL {
        assert_eq!(serde_json::to_value(fill).unwrap(), *word);
    }
    assert!("write".parse::<Operation>().is_err());
}

/// Nobody asks whether a map's buckets hold pointers, so the model must not keep silent about maps that hold none.
#[test]
fn pointers_in_the_buckets_only_add_damage() {
    let target = target("1.23");
    let course_of = |operation: Operation| {
        course(
            target.rules.layout,
            target.build.version,
            operation.map_op(),
        )
        .unwrap()
    };
    let damages = |machine: &Machine| -> BTreeSet<Damage> {
        let outcomes = search::outcomes(machine);
        outcomes.into_iter().flat_map(|end| end.corrupts).collect()
    };
    let mut more = 0;
    for pair in [
        [Operation::Update, Operation::Read],
        [Operation::Delete, Operation::Clone],
        [Operation::Insert, Operation::Iterate],
        [Operation::Delete, Operation::Delete],
    ] {
        for fill in [Fill::Growing, Fill::Evacuated] {
            let keys = Keys::SamePlace;
            let setting = Setting { keys, fill };
            let machine = Machine::new(
                target.rules.layout,
                pair,
                pair.map(course_of),
                setting,
                true,
            );
            let (with, without) = (damages(&machine), damages(&machine.without_pointers()));
            assert!(with.is_superset(&without), "{pair:?} {fill:?}");
            more += with.len() - without.len();
        }
    }
    assert!(more > 0);
}

/// A key that is there before and after, of whose bucket somebody evacuates: real programs were told that it is not there.
#[test]
fn readers_of_growing_maps_miss_keys() {
    for version in ["1.19.8", "1.21.13", "1.23.9", "go1.24.11 X:noswissmap"] {
        for writer in [Operation::Insert, Operation::Update, Operation::Delete] {
            for looks in [Operation::Read, Operation::Iterate] {
                let explanation = run(version, writer, looks, Keys::SamePlace, Fill::Growing);
                let case = format!("{version} {writer:?} {looks:?}");
                assert!(corrupts(&explanation, Damage::WrongAnswer), "{case}");
            }
        }
        let update = Operation::Update;
        let one = run(version, update, Operation::Read, Keys::Same, Fill::Growing);
        assert!(corrupts(&one, Damage::WrongAnswer), "{version}");
        // Clear zeroes the new array only.
        let read = |fill| run(version, Operation::Clear, Operation::Read, Keys::Same, fill);
        let zero = read(Fill::Evacuated);
        assert!(corrupts(&zero, Damage::WrongAnswer), "{version}");
        assert!(
            !corrupts(&read(Fill::Growing), Damage::WrongAnswer),
            "{version}"
        );
    }
}

/// Bits, address and length of a directory are three words.
#[test]
fn a_directory_that_doubles_is_met_half_stored() {
    for version in ["1.24.11", "1.27.3"] {
        for other in [
            Operation::Read,
            Operation::Iterate,
            Operation::Clone,
            Operation::Delete,
            Operation::Clear,
        ] {
            let explanation = run(version, Operation::Insert, other, Keys::Apart, Fill::Split);
            assert!(
                corrupts(&explanation, Damage::StrayAccess),
                "{version} {other:?}"
            );
        }
        let update = run(
            version,
            Operation::Update,
            Operation::Read,
            Keys::Apart,
            Fill::Split,
        );
        assert!(!corrupts(&update, Damage::StrayAccess), "{version}");
    }
}
