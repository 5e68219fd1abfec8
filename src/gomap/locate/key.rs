//! Where a lookup of a key looks.
//!
//! Takes the hash, not the key: `hash` made it with the map's own seed. [`classic`] follows `mapaccess` of Go up to 1.23 and of
//! `noswissmap` builds, [`swiss`] follows `getWithKey` of 1.24 and later.

use super::super::snapshot::{ClassicShot, SwissShot, TableShot};
use super::LocateError;

/// hmap.flags: the growth in progress keeps the number of buckets.
pub const SAME_SIZE_GROW: u8 = 8;

/// Tophash bytes below this mark cells without an entry (`minTopHash`).
pub const MIN_TOPHASH: u8 = 5;

/// Slots of a bucket and of a group.
pub const SLOTS: u64 = 8;

/// Control byte of a slot that never held an entry since the group was made.
pub const CTRL_EMPTY: u8 = 0x80;

/// `hmap.B` above this would take more buckets than an address space has bytes.
const MAX_B: u8 = 58;

/// Tables hold at most this many groups (`maxTableCapacity` 1024).
const MAX_GROUPS: u64 = 128;

/// One of the two bucket arrays of a growing map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BucketArray {
    /// `oldbuckets`: until its bucket is evacuated, an entry is there.
    Old,
    /// `buckets`: the only one when the map is not growing.
    New,
}

impl BucketArray {
    /// As answers name it.
    pub fn word(self) -> &'static str {
        match self {
            BucketArray::Old => "old",
            BucketArray::New => "new",
        }
    }
}

/// Where an old bucket's entry goes when it is evacuated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    /// The bucket of the same number.
    X,
    /// The bucket that many numbers higher as there were old buckets.
    Y,
}

/// The growth that a key's bucket is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growing {
    /// Bucket in the old array.
    pub old_bucket: u64,
    /// Whether that bucket was evacuated; `None` where the snapshot can't tell.
    pub evacuated: Option<bool>,
    /// True where the number of buckets stays: the map had too many overflow buckets, not too many entries.
    pub same_size: bool,
    /// Half of the new array; always X in same-size growth.
    pub half: Half,
}

/// Where a classic map keeps a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassicKey {
    /// The hash.
    pub hash: u64,
    /// The top byte as a cell stores it.
    pub tophash: u8,
    /// Bucket in the current array.
    pub bucket: u64,
    /// While the map grows.
    pub growing: Option<Growing>,
    /// True where the map has no entries at all, so that the key is in no bucket.
    pub absent: bool,
}

/// Where a Swiss map keeps a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwissKey {
    /// The hash.
    pub hash: u64,
    /// All bits but the low seven.
    pub h1: u64,
    /// The low seven bits: what the control byte of its slot holds.
    pub h2: u8,
    /// Directory entry and position of the table in the snapshot; `None` in a small map.
    pub table: Option<(u64, u64)>,
    /// Groups in the order in which they are probed, up to the first with an empty slot; all where control bytes are not known.
    pub groups: Vec<u64>,
    /// Slots on the way whose control byte is H2, as (group, slot); `None` where control bytes are not known.
    pub slots: Option<Vec<(u64, u8)>>,
}

impl ClassicKey {
    /// The array a lookup searches now and the bucket in it; `None` where the snapshot can't tell which.
    pub fn searched(&self) -> Option<(BucketArray, u64)> {
        match self.growing {
            None => Some((BucketArray::New, self.bucket)),
            Some(growing) => Some(match growing.evacuated? {
                true => (BucketArray::New, self.bucket),
                false => (BucketArray::Old, growing.old_bucket),
            }),
        }
    }
}

/// The tophash byte of a hash of `bits` bits.
pub fn tophash(hash: u64, bits: u32) -> u8 {
    let top = (hash >> (bits - 8)) as u8;
    if top < MIN_TOPHASH {
        top + MIN_TOPHASH
    } else {
        top
    }
}

/// Buckets of the array that a growing map came from.
pub fn old_bucket_count(b: u8, same_size: bool) -> u64 {
    match same_size {
        true => 1 << b,
        false => 1 << b.saturating_sub(1),
    }
}

/// Where a classic map with these fields keeps a key with this hash; `bits` is the width of the hash.
///
/// # Errors
/// [`LocateError`] where `B`, or what tells whether the map grows, was not captured.
pub fn classic(shot: &ClassicShot, hash: u64, bits: u32) -> Result<ClassicKey, LocateError> {
    let b = shot.b.ok_or(LocateError::Missing {
        field: "B",
        how: "it is byte 9 of the hmap (byte 5 on 32-bit machines)",
    })?;
    if b > MAX_B {
        return Err(LocateError::Inconsistent("B is larger than any map's"));
    }
    let bucket = hash & ((1 << b) - 1);
    let place = |growing| ClassicKey {
        hash,
        tophash: tophash(hash, bits),
        bucket,
        growing,
        absent: shot.count == Some(0) || shot.buckets == Some(0),
    };
    let old = shot.oldbuckets.ok_or(LocateError::Missing {
        field: "oldbuckets",
        how: "it is 0x0 where the map is not growing",
    })?;
    if old == 0 {
        return Ok(place(None));
    }
    let flags = shot.flags.ok_or(LocateError::Missing {
        field: "flags",
        how: "its flag 0x8 tells whether the growth keeps the number of buckets",
    })?;
    let same_size = flags & SAME_SIZE_GROW != 0;
    if b == 0 && !same_size {
        return Err(LocateError::Inconsistent("it grows into a single bucket"));
    }
    let count = old_bucket_count(b, same_size);
    let old_bucket = hash & (count - 1);
    Ok(place(Some(Growing {
        old_bucket,
        evacuated: evacuated(shot, old_bucket),
        same_size,
        half: if bucket == old_bucket {
            Half::X
        } else {
            Half::Y
        },
    })))
}

/// Every old bucket below `nevacuate` is evacuated; writes evacuate others as they come by, which only the buckets themselves show.
fn evacuated(shot: &ClassicShot, old_bucket: u64) -> Option<bool> {
    let seen = shot.old_evacuated.as_ref().and_then(|all| {
        let at = usize::try_from(old_bucket).ok()?;
        all.get(at).copied()
    });
    let counted = shot.nevacuate.is_some_and(|next| old_bucket < next);
    seen.or(counted.then_some(true))
}

/// Where a Swiss map with these fields keeps a key with this hash; `bits` is the width of the hash.
///
/// # Errors
/// [`LocateError`] where the directory's length or the table was not captured.
pub fn swiss(shot: &SwissShot, hash: u64, bits: u32) -> Result<SwissKey, LocateError> {
    let length = shot.dir_len.ok_or(LocateError::Missing {
        field: "dir_len",
        how: "it is the fourth word of the Map; 0 is a small map",
    })?;
    let (h1, h2) = (hash >> 7, (hash & 0x7f) as u8);
    if length == 0 {
        // Go makes the group with the first entry.
        let no_group = shot.dir_ptr == Some(0);
        let ctrls = shot.small_ctrls.as_ref().map(|ctrls| &ctrls[..]);
        let slots = ctrls.map(|ctrls| matches(ctrls, 0, h2));
        return Ok(SwissKey {
            hash,
            h1,
            h2,
            table: None,
            groups: if no_group { Vec::new() } else { vec![0] },
            slots: slots_of(shot, slots),
        });
    }
    if !length.is_power_of_two() || length.trailing_zeros() >= bits {
        return Err(LocateError::Inconsistent("dir_len is no power of two"));
    }
    check_depth(shot, length.trailing_zeros(), bits)?;
    let entry = directory_entry(hash, length, bits);
    let (position, table) = table_of(shot, entry, length)?;
    let (groups, slots) = probe(table, h1, h2)?;
    Ok(SwissKey {
        hash,
        h1,
        h2,
        table: Some((entry, position)),
        groups,
        slots: slots_of(shot, slots),
    })
}

/// A map without entries has none of the key, whatever is known of its control bytes.
fn slots_of(shot: &SwissShot, slots: Option<Vec<(u64, u8)>>) -> Option<Vec<(u64, u8)>> {
    match shot.used {
        Some(0) => Some(Vec::new()),
        _ => slots,
    }
}

/// A lookup shifts the hash by `globalShift`, so a directory of another length than that leads elsewhere. Go stores the two one after
/// the other: a snapshot between them, or of a map that two goroutines wrote, has them apart.
fn check_depth(shot: &SwissShot, depth: u32, bits: u32) -> Result<(), LocateError> {
    let other_depth = shot
        .global_depth
        .is_some_and(|given| u32::from(given) != depth);
    let other_shift = shot
        .global_shift
        .is_some_and(|given| u32::from(given) + depth != bits);
    match (other_depth, other_shift) {
        (true, _) => Err(LocateError::Inconsistent(
            "dir_len is not 2 to the power of global_depth",
        )),
        (_, true) => Err(LocateError::Inconsistent(
            "global_shift leaves another number of bits than dir_len has entries",
        )),
        _ => Ok(()),
    }
}

/// The top bits of the hash, as many as number a directory of this length; entry 0 where there is only one.
pub fn directory_entry(hash: u64, length: u64, bits: u32) -> u64 {
    match length.trailing_zeros() {
        0 => 0,
        depth => hash >> (bits - depth),
    }
}

/// The table at a directory entry: by the directory if it was captured, else by the tables' own numbers.
fn table_of(shot: &SwissShot, entry: u64, length: u64) -> Result<(u64, &TableShot), LocateError> {
    let missing = LocateError::Missing {
        field: "directory",
        how: "it has, for each of dir_len entries, a position in tables",
    };
    let position = match &shot.directory {
        Some(directory) => usize::try_from(entry)
            .ok()
            .and_then(|entry| directory.get(entry))
            .map(|&position| position as usize)
            .ok_or(LocateError::Inconsistent(
                "directory is shorter than dir_len",
            ))?,
        None => {
            let holds = |table: &TableShot| holds(table, entry, length).unwrap_or(false);
            shot.tables.iter().position(holds).ok_or(missing)?
        }
    };
    let table = shot.tables.get(position);
    let table = table.ok_or(LocateError::Inconsistent(
        "directory names a table that is not in tables",
    ))?;
    Ok((position as u64, table))
}

/// A table of local depth d fills 2^(global depth - d) directory entries, from its index on.
fn holds(table: &TableShot, entry: u64, length: u64) -> Option<bool> {
    let first = u64::try_from(table.index?).ok()?;
    let depth = u32::from(table.local_depth?);
    let entries = length.checked_shr(depth)?;
    Some((first..first.checked_add(entries)?).contains(&entry))
}

/// The groups a lookup visits, and the slots it compares.
type Probe = (Vec<u64>, Option<Vec<(u64, u8)>>);

fn probe(table: &TableShot, h1: u64, h2: u8) -> Result<Probe, LocateError> {
    let mask = table
        .length_mask
        .or(table
            .capacity
            .map(|slots| (u64::from(slots) / SLOTS).saturating_sub(1)))
        .ok_or(LocateError::Missing {
            field: "length_mask",
            how: "it is the last word of the table: the number of groups less one",
        })?;
    if mask >= MAX_GROUPS || !(mask + 1).is_power_of_two() {
        return Err(LocateError::Inconsistent(
            "length_mask is no number of groups of a table",
        ));
    }
    let mut groups = Vec::new();
    let mut slots = table.ctrls.is_some().then(Vec::new);
    for group in sequence(h1, mask) {
        groups.push(group);
        let Some(ctrls) = ctrls_of(table, group)? else {
            continue;
        };
        if let Some(slots) = &mut slots {
            slots.extend(matches(ctrls, group, h2));
        }
        if ctrls.contains(&CTRL_EMPTY) {
            break;
        }
    }
    Ok((groups, slots))
}

/// Groups `h1`, `h1+1`, `h1+3`, `h1+6`, … of a table: every group once.
pub fn sequence(h1: u64, mask: u64) -> impl Iterator<Item = u64> {
    let mut group = h1 & mask;
    (1..=mask + 1).map(move |step| {
        let this = group;
        group = (group + step) & mask;
        this
    })
}

/// The control bytes of a group; `None` where they were not captured.
fn ctrls_of(table: &TableShot, group: u64) -> Result<Option<&[u8]>, LocateError> {
    let Some(ctrls) = &table.ctrls else {
        return Ok(None);
    };
    let start = (group * SLOTS) as usize;
    let of_group = ctrls.get(start..start + SLOTS as usize);
    let short = LocateError::Inconsistent("ctrls has fewer bytes than the table has slots");
    of_group.map(Some).ok_or(short)
}

/// Slots of a group whose control byte is `h2`.
fn matches(ctrls: &[u8], group: u64, h2: u8) -> Vec<(u64, u8)> {
    let slots = (0u8..).zip(ctrls);
    slots
        .filter(|&(_, &ctrl)| ctrl == h2)
        .map(|(slot, _)| (group, slot))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn growing(b: u8, flags: u8, nevacuate: u64, old_evacuated: Option<Vec<bool>>) -> ClassicShot {
        ClassicShot {
            b: Some(b),
            flags: Some(flags),
            oldbuckets: Some(0xc000),
            nevacuate: Some(nevacuate),
            old_evacuated,
            ..ClassicShot::default()
        }
    }

    #[test]
    fn small_top_bytes_are_moved_out_of_the_way_of_marks() {
        assert_eq!(tophash(0x04ff_ffff_ffff_ffff, 64), 9);
        assert_eq!(tophash(0x0500_0000_0000_0000, 64), 5);
        assert_eq!(tophash(0xfe00_0000, 32), 0xfe);
    }

    #[test]
    fn an_old_bucket_splits_by_one_bit() {
        let shot = growing(3, 0, 2, Some(vec![true, true, false, true]));
        let low = classic(&shot, 0b010, 64).unwrap();
        assert_eq!(low.searched(), Some((BucketArray::Old, 2)));
        assert_eq!(low.growing.map(|g| g.half), Some(Half::X));
        let high = classic(&shot, 0b111, 64).unwrap();
        assert_eq!(high.searched(), Some((BucketArray::New, 7)));
        assert_eq!(
            high.growing.map(|g| (g.half, g.old_bucket)),
            Some((Half::Y, 3))
        );
    }

    #[test]
    fn same_size_growth_keeps_the_number() {
        let shot = growing(3, SAME_SIZE_GROW, 0, Some(vec![false; 8]));
        let place = classic(&shot, 0b111, 64).unwrap();
        assert_eq!(place.searched(), Some((BucketArray::Old, 7)));
        assert_eq!(place.growing.map(|g| g.half), Some(Half::X));
    }

    #[test]
    fn what_only_the_old_bucket_shows_is_not_guessed() {
        let shot = growing(3, 0, 2, None);
        assert_eq!(
            classic(&shot, 0b101, 64).unwrap().searched(),
            Some((BucketArray::New, 5))
        );
        assert_eq!(classic(&shot, 0b010, 64).unwrap().searched(), None);
        let blind = ClassicShot {
            b: Some(3),
            ..ClassicShot::default()
        };
        assert!(matches!(
            classic(&blind, 1, 64),
            Err(LocateError::Missing {
                field: "oldbuckets",
                ..
            })
        ));
    }

    #[test]
    fn probing_visits_every_group_once() {
        for mask in [0u64, 1, 3, 7, 127] {
            for h1 in [0u64, 5, 0xdead_beef] {
                let groups: Vec<u64> = sequence(h1, mask).collect();
                let distinct: BTreeSet<_> = groups.iter().collect();
                assert_eq!(
                    (groups.len() as u64, distinct.len() as u64),
                    (mask + 1, mask + 1)
                );
            }
        }
        assert_eq!(
            sequence(16, 127).take(4).collect::<Vec<_>>(),
            [16, 17, 19, 22]
        );
    }

    #[test]
    fn a_lookup_ends_at_the_first_empty_slot() {
        let mut ctrls = vec![0x11; 32];
        (ctrls[9], ctrls[10]) = (0x55, CTRL_EMPTY);
        let table = TableShot {
            length_mask: Some(3),
            ctrls: Some(ctrls),
            ..TableShot::default()
        };
        let shot = SwissShot {
            dir_len: Some(1),
            directory: Some(vec![0]),
            tables: vec![table],
            ..SwissShot::default()
        };
        let place = swiss(&shot, 0x55, 64).unwrap();
        assert_eq!(
            (place.groups, place.slots),
            (vec![0, 1], Some(vec![(1, 1)]))
        );
    }

    #[test]
    fn tables_stand_for_runs_of_directory_entries() {
        let table = |index, depth| TableShot {
            index: Some(index),
            local_depth: Some(depth),
            length_mask: Some(0),
            ..TableShot::default()
        };
        let shot = SwissShot {
            dir_len: Some(4),
            tables: vec![table(0, 2), table(1, 2), table(2, 1)],
            ..SwissShot::default()
        };
        let position = |top: u64| swiss(&shot, top << 62, 64).unwrap().table.unwrap();
        assert_eq!(
            [position(0), position(1), position(2), position(3)],
            [(0, 0), (1, 1), (2, 2), (3, 2)]
        );
    }
}
