//! What histories of real maps don't hold: refusals, limits, and single steps where versions differ.

use super::super::super::target::Arch;
use super::super::super::types::MapType;
use super::super::super::types::{Field, GoType, Kind, Scalar};
use super::*;

fn go_type(size: u64, kind: Kind) -> GoType {
    GoType {
        name: "T".into(),
        size,
        align: size.clamp(1, 8),
        kind,
    }
}

fn int(size: u64) -> GoType {
    go_type(size, Kind::Scalar(Scalar::Int { signed: true }))
}

fn map(version: &str, path: AssignPath, hint: u64) -> Replay {
    let target = Target::new(version.parse().unwrap(), Arch::Amd64).unwrap();
    let types = MapType {
        key: int(8),
        elem: int(8),
    };
    Replay::new(&target, &Layout::new(&target, &types), path, hint).unwrap()
}

fn fill(map: &mut Replay, hashes: impl Iterator<Item = u64>) {
    for (key, hash) in (0..).zip(hashes) {
        map.assign(KeyId(key), hash).unwrap();
    }
}

fn swiss(map: &Replay) -> SwissState {
    match map.state() {
        State::Swiss(state) => state,
        State::Classic(_) => panic!("classic"),
    }
}

#[test]
fn nothing_is_computed_with_a_seed_that_is_gone() {
    for version in ["1.23.9", "1.27.3"] {
        let mut map = map(version, AssignPath::Fast, 0);
        fill(&mut map, 0..2);
        assert!(!map.delete(KeyId(0), 0).unwrap().seed_redrawn);
        assert!(map.delete(KeyId(1), 1).unwrap().seed_redrawn);
        let refused = Err(ReplayError::SeedUnknown { since: 4 });
        assert_eq!(map.assign(KeyId(0), 0), refused, "{version}");
        // Deletes and clears of an empty map hash nothing.
        assert_eq!(map.delete(KeyId(0), 0).unwrap().outcome, Outcome::Nothing);
        let clear = map.clear().unwrap();
        assert_eq!(
            (clear.outcome, clear.seed_redrawn),
            (Outcome::Nothing, false)
        );
        map.reseeded();
        assert_eq!(map.assign(KeyId(0), 7).unwrap().outcome, Outcome::Inserted);
        assert!(map.clear().unwrap().seed_redrawn);
        assert_eq!(
            map.assign(KeyId(0), 7),
            Err(ReplayError::SeedUnknown { since: 8 })
        );
    }
}

#[test]
fn what_can_not_be_replayed_is_refused() {
    assert_eq!(word(&Hash::Random), Err(ReplayError::RandomHash));
    assert_eq!(word(&Hash::Word(9)), Ok(9));
    let mut map = map("1.23.9", AssignPath::Fast, MAX_HINT);
    map.operations = MAX_OPERATIONS;
    assert_eq!(map.clear(), Err(ReplayError::TooManyOperations));
    let target = Target::new("1.27.3".parse().unwrap(), Arch::Amd64).unwrap();
    let types = MapType {
        key: int(8),
        elem: int(8),
    };
    let layout = Layout::new(&target, &types);
    let refused = Replay::new(&target, &layout, AssignPath::Fast, MAX_HINT + 1);
    assert_eq!(refused.err(), Some(ReplayError::Hint(MAX_HINT + 1)));
}

#[test]
fn hashes_that_agree_in_their_top_bits_end_the_replay() {
    let mut map = map("1.27.3", AssignPath::Fast, 0);
    fill(&mut map, 0..896);
    assert_eq!(
        map.assign(KeyId(896), 896),
        Err(ReplayError::DirectoryTooLarge(32))
    );
}

#[test]
fn a_random_counter_makes_what_follows_uncertain() {
    let buckets = 1_u64 << 16;
    let mut map = map("1.23.9", AssignPath::Fast, 425_984);
    // Nine keys a bucket: an overflow bucket for each bucket that is reached.
    let mut first = None;
    for key in 0..9 * (buckets / 2 + 100) {
        let hash = (key / 9) | ((key % 9) << 56);
        let event = map.assign(KeyId(key as u32), hash).unwrap();
        assert!(event.growth.is_empty());
        if event.uncertain && first.is_none() {
            first = Some(event.operation);
        }
    }
    // With 2^15 overflow buckets made, the counter is expected at a quarter of all buckets; from the next check on nothing is sure.
    assert_eq!(first, Some(9 * (buckets / 2 + 1) + 1));
    let State::Classic(state) = map.state() else {
        panic!("Swiss");
    };
    assert!(!state.noverflow_exact);
    assert_eq!(
        (state.b, state.noverflow),
        (16, (buckets / 2 + 100) as u16 / 2)
    );
}

#[test]
fn an_update_turns_a_full_small_map_into_a_table_up_to_1_26() {
    for (version, grows) in [("1.24.11", true), ("1.26.6", true), ("1.27.3", false)] {
        let mut map = map(version, AssignPath::Generic, 0);
        fill(&mut map, 0..8);
        let event = map.assign(KeyId(3), 3).unwrap();
        assert_eq!(event.outcome, Outcome::Updated);
        assert_eq!(event.growth == [Growth::ToTable], grows, "{version}");
        assert_eq!(swiss(&map).dir_len, u64::from(grows));
    }
}

/// Fourteen keys fill a table of sixteen slots; six of the eight in its first group become tombstones.
fn worn(version: &str, path: AssignPath) -> Replay {
    let mut map = map(version, path, 0);
    let hash = |key: u64| ((key / 8) << 7) | key;
    fill(&mut map, (0..14).map(hash));
    for key in 0..6 {
        let deleted = map.delete(KeyId(key), hash(u64::from(key))).unwrap();
        assert_eq!(deleted.outcome, Outcome::Deleted { tombstone: true });
    }
    map
}

#[test]
fn tombstones_are_pruned_where_that_version_and_function_do() {
    use AssignPath::{Fast, FastPtr, Generic};
    let pruning = [
        ("1.24.11", Fast, false),
        ("1.25.5", Fast, true),
        ("1.25.5", FastPtr, false),
        ("1.26.6", FastPtr, false),
        ("1.27.3", FastPtr, true),
        ("1.27.3", Generic, false),
    ];
    for (version, path, prunes) in pruning {
        let mut map = worn(version, path);
        // A key of the second group: it passes no tombstone, so it needs room.
        let event = map.assign(KeyId(20), (1 << 7) | 20).unwrap();
        let expected = if prunes {
            Growth::Pruned {
                table: 0,
                tombstones: 6,
            }
        } else {
            Growth::TableGrown {
                table: 0,
                from: 16,
                to: 32,
            }
        };
        assert_eq!(event.growth, [expected], "{version} {path:?}");
        // A key of the first group takes the first tombstone instead, whoever assigns.
        let mut map = worn(version, path);
        let event = map.assign(KeyId(20), 20).unwrap();
        assert!(event.growth.is_empty());
        let place = Place::Table {
            table: 0,
            group: 0,
            slot: 0,
        };
        assert_eq!(event.place, Some(place));
    }
}

#[test]
fn clear_of_an_empty_map_wipes_tombstones_from_1_25_on() {
    for (version, wipes) in [("1.24.11", false), ("1.25.5", true)] {
        let mut map = worn(version, AssignPath::Fast);
        for key in 6..14 {
            map.delete(KeyId(key), ((u64::from(key) / 8) << 7) | u64::from(key))
                .unwrap();
        }
        let event = map.clear().unwrap();
        assert_eq!(event.outcome == Outcome::Cleared, wipes, "{version}");
        // The eight of the first group were all deleted while it had no empty slot.
        let left = if wipes { 14 } else { 6 };
        assert_eq!(swiss(&map).tables[0].growth_left, left, "{version}");
    }
}

#[test]
fn growth_moves_the_keys_own_bucket_and_the_next_in_line() {
    let mut map = map("1.23.9", AssignPath::Fast, 26);
    fill(&mut map, 0..26);
    let event = map.assign(KeyId(26), 6).unwrap();
    assert_eq!(event.growth, [Growth::Doubled { from: 2, to: 3 }]);
    // Old bucket 2 held 2, 6, 10, …, 22 (odd multiples of two alternate between the halves); then number 0.
    let moved =
        [(2, 3, 3), (0, 4, 3)].map(|(bucket, to_x, to_y)| Evacuation { bucket, to_x, to_y });
    assert_eq!(event.evacuated, moved);
    // An update moves on as well, and so does a delete of a key that is not there.
    let event = map.assign(KeyId(1), 1).unwrap();
    assert_eq!(event.outcome, Outcome::Updated);
    assert_eq!(event.evacuated.len(), 2);
    assert_eq!(event.growth, [Growth::Finished]);
    assert_eq!(map.delete(KeyId(99), 99).unwrap().outcome, Outcome::Absent);
}

#[test]
fn the_function_follows_from_the_types() {
    use AssignPath::{Fast, FastPtr, Generic};
    let string = || go_type(16, Kind::String);
    let array = |len, elem: GoType| {
        let elem = Box::new(elem);
        go_type(len * elem.size, Kind::Array { len, elem })
    };
    let pair = |name: &str, offset| {
        let field = |name: &str, offset| Field {
            name: name.into(),
            offset,
            go_type: int(4),
        };
        let fields = vec![field("a", 0), field(name, offset)];
        go_type(offset + 4, Kind::Struct { fields })
    };
    let keys = [
        (int(8), Fast),
        (int(4), Fast),
        (int(2), Generic),
        (string(), Fast),
        (array(1, string()), Fast),
        (array(2, string()), Generic),
        (array(8, int(1)), Fast),
        (pair("b", 4), Fast),
        (pair("_", 4), Generic),
        (pair("b", 8), Generic),
        (go_type(8, Kind::Float), Generic),
        (go_type(8, Kind::Pointer), FastPtr),
        (go_type(16, Kind::Interface { empty: true }), Generic),
    ];
    for (key, path) in keys {
        let of = |elem| {
            let key = key.clone();
            AssignPath::of(&MapType { key, elem }, 8)
        };
        assert_eq!(of(int(8)), path, "{key:?}");
        assert_eq!(of(array(129, int(1))), Generic);
    }
    let types = MapType {
        key: array(2, go_type(4, Kind::Pointer)),
        elem: int(4),
    };
    assert_eq!(AssignPath::of(&types, 4), Generic);
}

/// Words without pattern (splitmix64), as hashes of numbered keys under numbered seeds.
fn hash(seed: u64, key: u32) -> u64 {
    let n = (seed << 32 | u64::from(key)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// A life: so many keys are inserted, while every third write deletes or not; then all are deleted, or cleared.
fn life(keys: u32, deletes: bool, clears: bool) -> Vec<(u32, Outcome)> {
    let mut writes = Vec::new();
    let (mut there, deleted) = (Vec::new(), Outcome::Deleted { tombstone: false });
    for key in 0..keys {
        writes.push((key, Outcome::Inserted));
        there.push(key);
        if deletes && key % 3 == 2 {
            writes.push((there.remove(0), deleted));
        }
    }
    match clears {
        true => writes.push((0, Outcome::Cleared)),
        false => writes.extend(there.into_iter().map(|key| (key, deleted))),
    }
    writes
}

/// The same writes, once with hashes and once without.
fn lived(version: &str, hint: u64, writes: &[(u32, Outcome)], seed: Option<u64>) -> Option<Replay> {
    let mut map = map(version, AssignPath::Fast, hint);
    for &(key, outcome) in writes {
        match (seed, outcome) {
            (None, outcome) => map.unseen(outcome).ok()?,
            (Some(_), Outcome::Cleared) => _ = map.clear().unwrap(),
            (Some(seed), Outcome::Inserted) => {
                _ = map.assign(KeyId(key), hash(seed, key)).unwrap();
            }
            (Some(seed), _) => _ = map.delete(KeyId(key), hash(seed, key)).unwrap(),
        }
    }
    map.reseeded();
    Some(map)
}

#[test]
fn what_is_foreseen_without_hashes_is_so_under_every_seed() {
    let (mut foreseen, mut refused) = (0, 0);
    for version in ["1.21.13", "1.23.9", "1.24.11", "1.27.3"] {
        for (keys, hint) in [
            (5, 0),
            (8, 0),
            (9, 0),
            (27, 0),
            (100, 0),
            (600, 0),
            (2_000, 0),
            (6, 500),
            (40, 4_000),
        ] {
            for (deletes, clears) in [(false, true), (true, true), (false, false), (true, false)] {
                let writes = life(keys, deletes, clears);
                let Some(mut unseen) = lived(version, hint, &writes, None) else {
                    refused += 1;
                    continue;
                };
                foreseen += 1;
                let events: Vec<Event> = (0..150)
                    .map(|key| unseen.assign(KeyId(key), hash(99, key)).unwrap())
                    .collect();
                for seed in 1..20 {
                    let mut seen = lived(version, hint, &writes, Some(seed)).unwrap();
                    for (key, ours) in (0..150).zip(&events) {
                        let theirs = seen.assign(KeyId(key), hash(99, key)).unwrap();
                        if ours.uncertain {
                            break;
                        }
                        let name = format!("{version} {keys} {hint} {deletes} {clears} {seed}");
                        assert_eq!(ours.operation, theirs.operation);
                        assert_eq!(ours.growth, theirs.growth, "{name}");
                        assert_eq!(chained(ours.place), chained(theirs.place), "{name}");
                        assert_eq!(ours.unit, theirs.unit, "{name}");
                    }
                }
            }
        }
    }
    assert!(
        foreseen > 60 && refused > 15,
        "{foreseen} foreseen, {refused} refused"
    );
}

/// A place without the cell of an overflow bucket, which overflow buckets of before can have taken.
fn chained(place: Option<Place>) -> Option<Place> {
    place.map(|place| match place {
        Place::Bucket {
            array,
            bucket,
            link,
            slot,
            ..
        } => Place::Bucket {
            array,
            bucket,
            link,
            cell: None,
            slot,
        },
        other => other,
    })
}
