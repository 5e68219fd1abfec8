use super::super::super::layout::Layout;
use super::super::super::target::{Arch, Target};
use super::super::super::types::{GoType, Kind, MapType, Scalar};
use super::super::replay::KeyId;
use super::super::replay::path::AssignPath;
use super::*;

fn empty(version: &str) -> Replay {
    let target = Target::new(version.parse().unwrap(), Arch::Amd64).unwrap();
    let int = GoType {
        name: "int".into(),
        size: 8,
        align: 8,
        kind: Kind::Scalar(Scalar::Int { signed: true }),
    };
    let (key, elem) = (int.clone(), int);
    let layout = Layout::new(&target, &MapType { key, elem });
    Replay::new(&target, &layout, AssignPath::Fast, 0).unwrap()
}

fn filled(version: &str, hashes: impl Iterator<Item = u64>) -> (Replay, Vec<Event>) {
    let mut map = empty(version);
    let events = (0..)
        .zip(hashes)
        .map(|(key, hash)| map.assign(KeyId(key), hash).unwrap())
        .collect();
    (map, events)
}

#[test]
fn nothing_is_spread_over_an_empty_map() {
    let spread = Spread::of(&empty("1.23.9"));
    assert_eq!(
        (spread.entries, spread.units, spread.longest_reach()),
        (0, 1, 0)
    );
    assert_eq!((spread.entropy_bits, spread.most_entropy_bits), (0.0, 0.0));
    assert_eq!(Spread::of(&empty("1.27.3")).units, 0);
}

#[test]
fn an_even_spread_has_the_most_entropy() {
    // Four keys for each of sixteen buckets.
    let (map, _) = filled("1.23.9", 0..64);
    let spread = Spread::of(&map);
    assert_eq!((spread.entries, spread.units), (64, 16));
    assert_eq!((spread.entropy_bits, spread.most_entropy_bits), (4.0, 4.0));
    let full: Vec<(u64, u64)> = spread.loads.iter().map(|l| (l.entries, l.units)).collect();
    assert_eq!(full, [(0, 0), (1, 0), (2, 0), (3, 0), (4, 16)]);
    assert_eq!(spread.reach, BTreeMap::from([(1, 64)]));
    assert_eq!(spread.overflow, BTreeMap::from([(0, 16)]));
}

#[test]
fn hashes_that_agree_show() {
    // All in bucket 0: eight there, eight in each of the overflow buckets behind it.
    let (map, _) = filled("1.23.9", (0..20).map(|n| n << 32));
    let spread = Spread::of(&map);
    assert_eq!(spread.entropy_bits, 0.0);
    assert_eq!(spread.reach, BTreeMap::from([(1, 8), (2, 8), (3, 4)]));
    assert_eq!(spread.overflow, BTreeMap::from([(0, 3), (2, 1)]));
    assert_eq!(spread.longest_reach(), 3);
    // One home group; the second is a step away, the third another two.
    let (map, _) = filled("1.27.3", (0..20).map(|n| n << 32));
    let spread = Spread::of(&map);
    assert_eq!(spread.reach, BTreeMap::from([(1, 8), (2, 8), (3, 4)]));
    assert_eq!((spread.units, spread.loads[20].units), (4, 1));
}

#[test]
fn what_chance_expects_adds_up() {
    for (entries, units) in [(100, 16), (1, 1), (5, 1), (7, 3), (0, 4), (5000, 1024)] {
        let mut chance = Chance::new(entries, units);
        let all: f64 = (0..=entries).map(|_| chance.next_load()).sum();
        assert!((all - 1.0).abs() < 1e-9, "{entries} in {units}: {all}");
    }
    // Two dice with four sides each: both elsewhere, one here, both here.
    let mut chance = Chance::new(2, 4);
    let three: Vec<f64> = (0..3).map(|_| chance.next_load() * 16.0).collect();
    assert!(
        three
            .iter()
            .zip([9.0, 6.0, 1.0])
            .all(|(a, b)| (a - b).abs() < 1e-9)
    );
}

#[test]
fn half_grown_maps_count_each_chain_once() {
    let (map, events) = filled("1.23.9", 0..105);
    // 105 entries are one more than sixteen buckets take, and two of those have been moved.
    assert!(events.last().is_some_and(|last| last.evacuated.len() == 2));
    let spread = Spread::of(&map);
    assert_eq!((spread.units, spread.entries), (14 + 2 * 2, 105));
    assert_eq!(spread.overflow.values().sum::<u64>(), spread.units);
}

#[test]
fn writes_that_share_a_bucket_are_found() {
    // Nine entries make two buckets; keys 1, 3, 5, … lie in the second, which did not exist when the first eight were written.
    let (mut map, mut events) = filled("1.23.9", 0..12);
    events.push(map.delete(KeyId(9), 9).unwrap());
    events.push(map.delete(KeyId(77), 77).unwrap());
    let shared = shared(events.iter());
    let operations: Vec<&[u64]> = shared.iter().map(|s| &s.operations[..]).collect();
    assert_eq!(
        operations,
        [&[1, 2, 3, 4, 5, 6, 7, 8][..], &[9, 11], &[10, 12, 13]]
    );
}
