//! Against what was seen in running programs.

use super::super::super::layout::Layout;
use super::super::super::types::{GoType, Kind, MapType, Scalar};
use super::super::replay::path::AssignPath;
use super::super::replay::{Growth, KeyId, Replay};
use super::*;

fn target(version: &str) -> Target {
    Target::new(version.parse().unwrap(), Arch::Amd64).unwrap()
}

fn int64() -> GoType {
    GoType {
        name: "int64".into(),
        size: 8,
        align: 8,
        kind: Kind::Scalar(Scalar::Int { signed: true }),
    }
}

fn layout(target: &Target) -> Layout {
    let (key, elem) = (int64(), int64());
    Layout::new(target, &MapType { key, elem })
}

fn classic_stages(version: &str, hint: u64, inserts: u64) -> Vec<classic::ClassicStage> {
    let target = target(version);
    match layout(&target) {
        Layout::Classic(layout) => classic::stages(&target, &layout, hint, inserts).0,
        Layout::Swiss(_) => panic!("Go {version} has Swiss maps"),
    }
}

fn swiss_stages(version: &str, hint: u64, inserts: u64) -> Vec<swiss::SwissStage> {
    let target = target(version);
    match layout(&target) {
        Layout::Swiss(layout) => swiss::stages(&target, &layout, hint, inserts).0,
        Layout::Classic(_) => panic!("Go {version} has classic maps"),
    }
}

/// A fixed series of words without pattern (splitmix64), as hashes.
fn hashes(seed: u64) -> impl Iterator<Item = u64> {
    (seed..).map(|n| {
        let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ (n >> 31)
    })
}

/// The inserts at which a map grows, and how.
fn growths(version: &str, hint: u64, inserts: u32, seed: u64) -> Vec<(u64, Growth)> {
    let target = target(version);
    let mut map = Replay::new(&target, &layout(&target), AssignPath::Fast, hint).unwrap();
    (0..inserts)
        .zip(hashes(seed))
        .flat_map(|(key, hash)| {
            let event = map.assign(KeyId(key), hash).unwrap();
            event.growth.into_iter().map(move |g| (event.operation, g))
        })
        .collect()
}

#[test]
fn most_entries_are_those_of_the_versions() {
    let most = |version, b: usize| {
        let stages = classic_stages(version, 0, 30_000);
        stages[b].most_entries
    };
    let seen: [(usize, u64, u64); 6] = [
        (0, 8, 8),
        (1, 13, 12),
        (2, 26, 24),
        (5, 208, 192),
        (8, 1664, 1536),
        (12, 26_624, 24_576),
    ];
    for (b, usual, in_21) in seen {
        for version in ["1.19.8", "1.22.10", "1.23.9", "go1.25.5 X:noswissmap"] {
            assert_eq!(most(version, b), usual, "{version} B={b}");
        }
        assert_eq!(most("1.21.13", b), in_21, "B={b}");
    }
}

#[test]
fn hints_make_the_arrays_that_were_seen() {
    let b = |version, hint| classic_stages(version, hint, 0)[0].b;
    assert_eq!([b("1.23.9", 8), b("1.23.9", 9)], [0, 1]);
    assert_eq!([b("1.23.9", 1024), b("1.21.13", 1024)], [8, 8]);
    let seen = [
        (8, 0, 8),
        (9, 1, 16),
        (14, 1, 16),
        (15, 1, 32),
        (52, 1, 64),
        (53, 1, 64),
        (57, 1, 128),
        (100, 1, 128),
        (896, 1, 1024),
        (897, 2, 512),
        (1000, 2, 1024),
        (1024, 2, 1024),
        (5000, 8, 1024),
        (20_000, 32, 1024),
    ];
    for (hint, tables, capacity) in seen {
        let first = &swiss_stages("1.27.3", hint, 0)[0];
        assert_eq!((first.tables, first.capacity), (tables, capacity), "{hint}");
    }
}

#[test]
fn hints_beyond_the_address_space_count_for_none() {
    for hint in [1 << 46, u64::MAX / 8, u64::MAX] {
        assert_eq!(classic_stages("1.23.9", hint, 0)[0].b, 0);
        assert_eq!(swiss_stages("1.27.3", hint, 0)[0].tables, 0);
        for target in ["1.23.9", "1.27.3"].map(target) {
            assert!(ignores_hint(&target, &layout(&target), hint));
        }
    }
    for hint in [0, 8, 9, 1 << 30] {
        for target in ["1.23.9", "1.27.3"].map(target) {
            assert!(!ignores_hint(&target, &layout(&target), hint));
        }
    }
    assert_eq!(classic_stages("1.23.9", 1 << 40, 0)[0].b, 38);
}

#[test]
fn stages_end_where_the_inserts_do() {
    let ends = |inserts| {
        let last = classic_stages("1.23.9", 0, inserts).pop().unwrap();
        (last.b, last.begins_at)
    };
    assert_eq!(ends(8), (0, 1));
    assert_eq!(ends(9), (1, 9));
    assert_eq!(ends(u64::from(u32::MAX)).0, 30);
}

#[test]
fn stages_end_where_memory_does() {
    for (version, space) in [("1.23.9", 1 << 48), ("1.27.3", 1 << 48)] {
        let target = target(version);
        let (plan, limit) = Plan::of(&target, &layout(&target), 0, u64::MAX);
        let limit = limit.unwrap();
        assert_eq!(limit.address_space, space, "{version}");
        assert!(limit.bytes > space && limit.insert > 1 << 40);
        let last = match plan {
            Plan::Classic(stages) => stages.last().unwrap().evacuation.unwrap().bytes_of_both,
            Plan::Swiss(stages) => stages.last().unwrap().bytes,
        };
        assert!(last <= space && last > space / 4, "{version}: {last}");
        assert_eq!(Plan::of(&target, &layout(&target), 0, 1 << 30).1, None);
    }
    let narrow = Target::new("1.23.9".parse().unwrap(), Arch::I386).unwrap();
    let (_, limit) = Plan::of(&narrow, &layout(&narrow), 0, u64::MAX);
    assert_eq!(limit.map(|limit| limit.address_space), Some(1 << 32));
}

#[test]
fn a_classic_map_grows_when_its_plan_says() {
    for version in ["1.21.13", "1.23.9"] {
        let planned: Vec<u64> = classic_stages(version, 100, 20_000)
            .iter()
            .map(classic::ClassicStage::grows_at)
            .filter(|&at| at <= 20_000)
            .collect();
        let replayed: Vec<u64> = growths(version, 100, 20_000, 1)
            .into_iter()
            .filter(|(_, growth)| matches!(growth, Growth::Doubled { .. }))
            .map(|(at, _)| at)
            .collect();
        assert_eq!(replayed, planned, "{version}");
        assert!(planned.len() > 5);
    }
}

#[test]
fn evacuation_ends_within_the_planned_writes() {
    let stages = classic_stages("1.23.9", 0, 20_000);
    let mut began = 0;
    let mut ended = 0;
    for (at, growth) in growths("1.23.9", 0, 20_000, 5) {
        match growth {
            Growth::Doubled { .. } => began = at,
            Growth::Finished => {
                let plan = stages.iter().find(|stage| stage.begins_at == began);
                let bounds = plan.unwrap().evacuation.unwrap().further_writes;
                let took = at - began;
                assert!(
                    bounds.earliest <= took && took <= bounds.latest,
                    "{took} {bounds:?}"
                );
                ended += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ended, 12);
}

/// Writes that always work at the next old bucket end the evacuation at the earliest, writes at an evacuated one at the latest.
#[test]
fn the_bounds_of_evacuation_are_reached() {
    let bounds = classic_stages("1.23.9", 0, 400)[6].evacuation.unwrap();
    assert_eq!(bounds.old_buckets, 32);
    let target = target("1.23.9");
    let mut grown = Replay::new(&target, &layout(&target), AssignPath::Fast, 208).unwrap();
    // Key 32 k + b lies in bucket b.
    for key in 0..209 {
        grown.assign(KeyId(key), u64::from(key)).unwrap();
    }
    // The 209th worked at old bucket 16, and evacuated 0 beside it; what is in line after 15 is therefore 17, with it.
    let writes = |keys: &[u32]| {
        let mut map = grown.clone();
        let done = keys.iter().position(|&key| {
            let event = map.assign(KeyId(key), u64::from(key)).unwrap();
            event.growth.contains(&Growth::Finished)
        });
        done.map(|at| at as u64 + 1)
    };
    assert_eq!(writes(&[16; 40]), Some(bounds.further_writes.latest));
    let in_line: Vec<u32> = (1..16).step_by(2).chain((18..32).step_by(2)).collect();
    assert_eq!(writes(&in_line), Some(bounds.further_writes.earliest));
}

#[test]
fn a_single_table_grows_when_its_plan_says() {
    let planned: Vec<u64> = swiss_stages("1.27.3", 0, 897)
        .iter()
        .filter(|stage| stage.tables < 2)
        .map(|stage| stage.grows_at.earliest)
        .collect();
    assert_eq!(planned, [9, 15, 29, 57, 113, 225, 449, 897]);
    let replayed: Vec<u64> = growths("1.27.3", 0, 897, 2)
        .into_iter()
        .filter(|(_, growth)| {
            !matches!(growth, Growth::FirstGroup | Growth::DirectoryDoubled { .. })
        })
        .map(|(at, _)| at)
        .collect();
    assert_eq!(replayed, planned);
}

#[test]
fn splits_fall_where_they_are_likely() {
    let stages = swiss_stages("1.27.3", 0, 100_000);
    let mut splits = 0;
    for (at, growth) in growths("1.27.3", 0, 100_000, 3) {
        let Growth::Split { local_depth, .. } = growth else {
            continue;
        };
        let of = stages
            .iter()
            .find(|stage| stage.capacity == 1024 && stage.tables == 1 << (local_depth - 1));
        let stage = of.unwrap();
        assert!(
            stage.grows_at.earliest <= at && at <= stage.grows_at.latest,
            "{at} {stage:?}"
        );
        assert!(stage.in_any_case.earliest <= at);
        splits += 1;
    }
    assert!(splits > 60, "{splits}");
    let two = stages.iter().find(|stage| stage.tables == 2).unwrap();
    assert_eq!(
        two.in_any_case,
        Bounds {
            earliest: 897,
            latest: 1793
        }
    );
    assert!(!two.in_any_case.is_exact() && two.most_entries == 1792);
}

#[test]
fn bytes_are_those_of_the_allocator() {
    let stages = classic_stages("1.23.9", 0, 900);
    let of = |b: usize| (stages[b].allocated, stages[b].preallocated);
    assert_eq!([of(0), of(1)], [(144, 0), (288, 0)]);
    // 128 + 8 buckets of 144 bytes are 19,584; their cell has 20,480, in which 142 fit.
    assert_eq!(of(7), (20_480, 14));
    assert_eq!(
        (stages[7].bytes, stages[7].size_class),
        (142 * 144, Some(20_480))
    );
    assert_eq!(stages[1].evacuation.unwrap().bytes_of_both, 144 + 288);
    let stages = swiss_stages("1.27.3", 0, 20);
    // A group of 136 bytes; four of them, a table of 32 bytes and a directory of one word.
    assert_eq!((stages[0].bytes, stages[0].replacement_bytes), (144, 288));
    let table = &stages[0];
    assert_eq!((table.bytes_per_table, table.size_class), (136, Some(144)));
    assert_eq!(stages[2].bytes, 576 + 32 + 8);
}
