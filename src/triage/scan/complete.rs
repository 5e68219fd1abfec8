//! Conflicts that no single log shows whole: a reader died in one process, a writer in another, over what is the same map in their
//! common program.
//!
//! A dump of one goroutine (the default since Go 1.26) names one party. Where two clusters of one program stand in methods of one type,
//! or name one map type, the one that writes is the other side of the one that noticed. No process showed both, so the grade is
//! `probable` by the receiver's type and `possible` by the map's type alone. Called by [`super::summary`]; read [`joined`].

use super::brief::{Brief, OwnSide, Tie, directory};
use super::report::{JoinedConflict, Side};
use crate::model::Grade;
use std::collections::BTreeMap;

/// A cluster, its example, and the side of a conflict that this shows.
type Seen<'b> = (u32, &'b Brief, &'b OwnSide);

/// All of them, in the order of what ties them. `examples` are one incident of each cluster, with its index.
pub(super) fn joined<'b>(
    examples: impl Iterator<Item = (u32, &'b Brief)>,
) -> Vec<(JoinedConflict, [u32; 2])> {
    let mut by_type: BTreeMap<&(Tie, String), Vec<Seen<'_>>> = BTreeMap::new();
    for (cluster, brief) in examples {
        let Some(side) = &brief.side else { continue };
        for on in &side.on {
            by_type.entry(on).or_default().push((cluster, brief, side));
        }
    }
    let mut found: Vec<(JoinedConflict, [u32; 2])> = Vec::new();
    for ((tie, on), sides) in by_type {
        for (at, &first) in sides.iter().enumerate() {
            for &second in sides.get(at + 1..).unwrap_or_default() {
                let known = |(_, pair): &(JoinedConflict, [u32; 2])| *pair == [first.0, second.0];
                if !found.iter().any(known) {
                    found.extend(pair(*tie, on, first, second));
                }
            }
        }
    }
    found
}

/// The conflict of two sides, if one of them writes and one of them lacks the other.
fn pair(
    tie: Tie,
    on: &str,
    first: Seen<'_>,
    second: Seen<'_>,
) -> Option<(JoinedConflict, [u32; 2])> {
    let clusters = [first.0, second.0];
    if (first.2.whole && second.2.whole) || !of_one_program(first.2, second.2) {
        return None;
    }
    // The side that only looks at the map noticed; of two writers, the one whose log comes first.
    let (noticed, wrote) = match (is_write(&first.2.op), is_write(&second.2.op)) {
        (_, true) => (first, second),
        (true, false) => (second, first),
        (false, false) => return None,
    };
    let kind = match noticed.2.op.as_str() {
        "read" => "read-write",
        "iterate" => "iterate-write",
        "clone" => "clone-write",
        _ => "write-write",
    };
    let (grade, why) = match tie {
        Tie::Receiver => (Grade::Probable, "same-receiver-type"),
        Tie::MapType => (Grade::Possible, "same-map-type"),
    };
    let joined = JoinedConflict {
        kind: kind.to_owned(),
        grade,
        why: why.to_owned(),
        on: on.to_owned(),
        sides: vec![side(noticed), side(wrote)],
    };
    Some((joined, clusters))
}

fn is_write(op: &str) -> bool {
    matches!(op, "write" | "delete" | "clear")
}

/// Methods of a type lie in one directory, and a program has one main package.
fn of_one_program(first: &OwnSide, second: &OwnSide) -> bool {
    let one_main = match (&first.main, &second.main) {
        (Some(first), Some(second)) => first == second,
        _ => true,
    };
    one_main && directory(&first.site.file) == directory(&second.site.file)
}

fn side((_, brief, side): Seen<'_>) -> Side {
    Side {
        op: side.op.clone(),
        site: side.site.clone(),
        fingerprint: brief.fingerprint,
        path: brief.path.clone(),
        line: brief.line,
    }
}
