//! What makes one map safe: which lock, or what instead of one, and where.

use super::{SourceView, words};
use crate::source::facts::{MapOp, Place};
use crate::source::flow::Use;
use crate::source::pairs::{MapUses, map_name};
use std::collections::{BTreeMap, BTreeSet};

/// Lines named in one sentence; the JSON has no more of them, the module's own search has.
const LISTED: usize = 6;

/// A lock that this share of the accesses hold is the map's own; the rest forgot it.
const MOST: f64 = 0.5;

/// The fix in one or two sentences. `named` is the lock that the sentence about the two lines speaks of.
pub(super) fn fix(view: &SourceView<'_>, map: &MapUses, named: Option<&Place>) -> String {
    let uses: Vec<(&Use, MapOp)> = map
        .uses
        .iter()
        .filter(|used| !used.private)
        .filter_map(|used| Some((used, view.analysis.access(used)?.op)))
        .collect();
    match existing_lock(&uses, named) {
        Some(lock) => take_existing(view, &lock, &uses),
        None => new_guard(view, map, &uses),
    }
}

/// The lock that most accesses hold; of two that are held equally often the one already named.
fn existing_lock(uses: &[(&Use, MapOp)], named: Option<&Place>) -> Option<Place> {
    let mut seen: BTreeMap<&Place, usize> = BTreeMap::new();
    for (used, _) in uses {
        let locks: BTreeSet<&Place> = used
            .locks
            .iter()
            .filter_map(|held| held.lock.as_ref())
            .collect();
        for lock in locks {
            *seen.entry(lock).or_default() += 1;
        }
    }
    let (lock, times) = seen
        .into_iter()
        .max_by_key(|&(lock, times)| (times, named == Some(lock), std::cmp::Reverse(lock)))?;
    (times as f64 >= uses.len() as f64 * MOST || times >= 2).then(|| lock.clone())
}

fn take_existing(view: &SourceView<'_>, lock: &Place, uses: &[(&Use, MapOp)]) -> String {
    let holds = |used: &Use, writes: bool| {
        used.locks
            .iter()
            .any(|held| held.lock.as_ref() == Some(lock) && (held.exclusive || !writes))
    };
    let lacking = uses.iter().filter(|(used, op)| !holds(used, op.writes()));
    let lacking: Vec<&(&Use, MapOp)> = lacking.collect();
    let with = uses.len() - lacking.len();
    let lines = listed(view, &lacking);
    let alone = match lacking
        .iter()
        .any(|(used, op)| op.writes() && holds(used, false))
    {
        true => " (Lock where it writes, not RLock)",
        false => "",
    };
    format!(
        "Take {} at {lines} as well{alone}: {with} of {} accesses hold it as they have to",
        map_name(&view.analysis, lock),
        uses.len()
    )
}

fn listed(view: &SourceView<'_>, uses: &[&(&Use, MapOp)]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (used, op) in uses {
        let line = match op.writes() {
            true => format!("{} (write)", words::at(view, used)),
            false => words::at(view, used),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let more = lines.len().saturating_sub(LISTED);
    lines.truncate(LISTED);
    match more {
        0 => lines.join(", "),
        more => format!("{} and {more} more", lines.join(", ")),
    }
}

/// No lock is there: the guard that the operations ask for.
fn new_guard(view: &SourceView<'_>, map: &MapUses, uses: &[(&Use, MapOp)]) -> String {
    let writes: Vec<&(&Use, MapOp)> = uses.iter().filter(|(_, op)| op.writes()).collect();
    let reads: Vec<&(&Use, MapOp)> = uses.iter().filter(|(_, op)| !op.writes()).collect();
    let has = |wanted: &[MapOp]| uses.iter().any(|(_, op)| wanted.contains(op));
    let name = map_name(&view.analysis, &map.place);
    let home = match &map.place {
        Place::Field(..) => "beside it in the struct",
        Place::Global(_) => "beside the variable",
        _ => "beside it",
    };
    if reads.is_empty() {
        let lines = listed(view, &writes);
        return format!("Put a sync.Mutex {home} and hold it at {lines}");
    }
    let both = format!(
        "Put a sync.RWMutex {home}: Lock at {}, RLock at {}",
        listed(view, &writes),
        listed(view, &reads)
    );
    let whole = has(&[
        MapOp::Range,
        MapOp::Encode,
        MapOp::Clone,
        MapOp::Len,
        MapOp::Fill,
        MapOp::Clear,
    ]);
    let counts = has(&[MapOp::Update]);
    let one_writer = writes.len() == 1;
    if one_writer && whole && !counts {
        return format!(
            "{both}. With one writer that runs seldom: build a new map there and put it into an atomic.Pointer, so that readers of {name} need no lock"
        );
    }
    if !whole && !counts {
        return format!(
            "{both}. A sync.Map fits too, for keys that are written once and read often"
        );
    }
    match counts {
        true => {
            format!("{both}; reading and writing back is one step, so the lock is held across both")
        }
        false => both,
    }
}
