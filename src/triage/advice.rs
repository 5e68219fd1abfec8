//! What to change in the code, and what to do until that is shipped.
//!
//! Called by the fourth step of the report. Two questions: which fixes fit the way the map is used ([`patterns`], then [`Pattern::fixes`]), and
//! what to do right now about a verdict ([`mitigation`]). The words are rows, in `advice/`; nothing here looks at a dump.

mod mitigations;

use super::report::Category;
use super::reproduction::{MapAccess, Through};
use crate::goruntime::mapops::MapOp;
pub use mitigations::Mitigation;

/// For a process that misbehaves while a capture shows nothing wrong: each says what it is for.
pub const COMPARE: &str = "curl -so later.txt 'http://HOST:PORT/debug/pprof/goroutine?debug=2'    # hangs or grows: gotriage diff BEFORE later.txt";
/// It burns processor time.
pub const CPU: &str =
    "curl -so cpu.pb.gz 'http://HOST:PORT/debug/pprof/profile?seconds=10'   # busy";
/// It is late.
pub const TRACE: &str = "curl -so trace.out 'http://HOST:PORT/debug/pprof/trace?seconds=5'      # slow without being busy";
/// It needs ever more memory.
pub const HEAP: &str = "curl -so heap.pb.gz 'http://HOST:PORT/debug/pprof/heap'                # needs more and more memory";

/// What the evidence says of the way a map is used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// The side that noticed.
    pub noticed: Option<MapAccess>,
    /// The other side.
    pub other: Option<MapAccess>,
    /// A party was started by net/http or another server that gives each request a goroutine.
    pub in_handlers: bool,
    /// A party is inside a delete or clear that stands in a loop over the same map.
    pub deletes_in_range: bool,
    /// The map is reached through a method with a value receiver, or a struct that was passed by value.
    pub through_a_copy: bool,
}

/// A way to use a map that wants its own fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// Several goroutines write.
    ManyWriters,
    /// Reads beside writes.
    ReadsBesideWrites,
    /// A range beside writes.
    RangeBesideWrites,
    /// A clone beside writes.
    CloneBesideWrites,
    /// A live map is handed to encoding/json, fmt or a logger.
    Printed,
    /// A loop over the map deletes from it while others use it.
    DeleteInRange,
    /// Requests share it.
    Handlers,
    /// The struct that holds it is copied.
    CopiedStruct,
}

/// A way to make a map safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FixKind {
    /// `sync.Mutex`.
    Mutex,
    /// `sync.RWMutex`.
    RwMutex,
    /// `sync.Map`.
    SyncMap,
    /// Several maps, each with a lock.
    Shards,
    /// A map that is never changed again, exchanged as a whole.
    Snapshot,
    /// One goroutine owns the map.
    Owner,
    /// A copy taken under the lock.
    CopyUnderLock,
    /// A map for each request or worker.
    OneEach,
    /// Pointer receivers.
    Pointer,
}

/// A fix in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Which.
    pub kind: FixKind,
    /// Its name, for a heading.
    pub name: &'static str,
    /// What to do.
    pub how: &'static str,
    /// When it is the wrong one.
    pub wrong_when: &'static str,
    /// Go lines that show it.
    pub code: &'static str,
}

const FIXES: &[Fix] = &[
    Fix {
        kind: FixKind::Mutex,
        name: "a mutex beside the map",
        how: "put a sync.Mutex into the struct that holds the map and take it around every use: reads, len, range and the first make too",
        wrong_when: "calls out (I/O, callbacks, channel sends) run while it is held, or a method that holds it calls another that takes it: Go's locks are not reentrant",
        code: "mu.Lock()\nm[k] = v\nmu.Unlock()",
    },
    Fix {
        kind: FixKind::RwMutex,
        name: "a read-write mutex",
        how: "RLock around reads and ranges, Lock around every change, so that readers do not wait for each other",
        wrong_when: "the read path fills the map on a miss (a write under RLock is the same race again), or the sections are so short that RLock itself is the contended word: measure against a plain mutex",
        code: "mu.RLock()\nv, ok := m[k]\nmu.RUnlock()",
    },
    Fix {
        kind: FixKind::SyncMap,
        name: "sync.Map",
        how: "for keys written once and read often, or goroutines that work on keys of their own; LoadOrStore makes check-and-set one step",
        wrong_when: "several keys must change together, a value is read, changed and stored back (m[k]++ stays a lost update), len is needed, or Range must see one moment: it does not",
        code: "v, loaded := m.LoadOrStore(k, fresh)",
    },
    Fix {
        kind: FixKind::Shards,
        name: "shards",
        how: "an array of maps, each with its own mutex, chosen by a hash of the key, once a profile shows one mutex as the bottleneck",
        wrong_when: "one key takes most of the traffic, or operations span keys: locks must then be taken in one fixed order",
        code: "s := &shards[maphash.String(seed, k)%uint64(len(shards))]\ns.mu.Lock()\ns.m[k] = v\ns.mu.Unlock()",
    },
    Fix {
        kind: FixKind::Snapshot,
        name: "an immutable snapshot",
        how: "readers load a pointer to a map that is never changed again; the one writer copies it, changes the copy and stores the new pointer",
        wrong_when: "writes are frequent (each copies the whole map) or there are two writers without a mutex between them (one update is lost); a value that is itself a pointer or a slice is still shared",
        code: "next := make(map[string]T, len(*cur.Load())+1)\nfor k, v := range *cur.Load() {\n\tnext[k] = v\n}\nnext[key] = value\ncur.Store(&next) // atomic.Pointer: Go 1.19; atomic.Value before",
    },
    Fix {
        kind: FixKind::Owner,
        name: "one goroutine owns the map",
        how: "send requests over a channel to the only goroutine that touches the map, where changes also start work or keep an order",
        wrong_when: "it is only a lookup table: each access then costs two goroutine switches, and an owner that calls back into a sender deadlocks",
        code: "for req := range requests {\n\tm[req.key] = req.value\n}",
    },
    Fix {
        kind: FixKind::CopyUnderLock,
        name: "copy under the lock, use the copy",
        how: "hold the lock that the writers take while the map is copied, release it, then range over, encode or print the copy",
        wrong_when: "the copy is taken without that lock: maps.Clone is itself a read and dies the same way, and the race detector does not watch it. It is shallow: pointers and slices in it are still shared",
        code: "mu.RLock()\nc := make(map[string]T, len(m)) // maps.Clone(m) since Go 1.21\nfor k, v := range m {\n\tc[k] = v\n}\nmu.RUnlock()",
    },
    Fix {
        kind: FixKind::OneEach,
        name: "do not share it",
        how: "give each request or worker its own map and merge the results in one place when they are done",
        wrong_when: "what one request stores must be seen by the next",
        code: "local := make(map[string]int)",
    },
    Fix {
        kind: FixKind::Pointer,
        name: "pointer receivers",
        how: "a copied struct shares its map with the original but not the mutex beside it; use pointer receivers, keep the struct in one place, and run go vet (copylocks)",
        wrong_when: "it is taken for the whole repair: the race stays until the lock is shared as well",
        code: "func (c *Cache) Set(k string, v T) // not (c Cache)",
    },
];

/// Which fixes fit a pattern, the likeliest first.
const PATTERNS: &[(Pattern, &[FixKind])] = &[
    (
        Pattern::ManyWriters,
        &[
            FixKind::Mutex,
            FixKind::Shards,
            FixKind::SyncMap,
            FixKind::Owner,
        ],
    ),
    (
        Pattern::ReadsBesideWrites,
        &[
            FixKind::RwMutex,
            FixKind::Snapshot,
            FixKind::SyncMap,
            FixKind::Mutex,
        ],
    ),
    (
        Pattern::RangeBesideWrites,
        &[FixKind::CopyUnderLock, FixKind::RwMutex, FixKind::Snapshot],
    ),
    (
        Pattern::CloneBesideWrites,
        &[FixKind::CopyUnderLock, FixKind::Snapshot],
    ),
    (
        Pattern::Printed,
        &[FixKind::CopyUnderLock, FixKind::Snapshot, FixKind::Mutex],
    ),
    (Pattern::DeleteInRange, &[FixKind::Mutex, FixKind::Snapshot]),
    (
        Pattern::Handlers,
        &[FixKind::Mutex, FixKind::OneEach, FixKind::RwMutex],
    ),
    (Pattern::CopiedStruct, &[FixKind::Pointer, FixKind::Mutex]),
];

/// What is worth knowing about a pattern, in a sentence.
const REMARKS: &[(Pattern, &str)] = &[
    (
        Pattern::ManyWriters,
        "Different keys do not help: the runtime marks the whole map, and growth moves all of it.",
    ),
    (
        Pattern::ReadsBesideWrites,
        "Any number of readers may share a map, as long as nobody writes; len(m) is a read as well, which the runtime does not check.",
    ),
    (
        Pattern::RangeBesideWrites,
        "A range must be covered by the lock from its first step to its last, not step by step.",
    ),
    (
        Pattern::CloneBesideWrites,
        "A clone reads the whole map, so the lock must cover it.",
    ),
    (
        Pattern::Printed,
        "encoding/json, fmt and loggers range over the map when they run, which may be later and in another goroutine than the call.",
    ),
    (
        Pattern::DeleteInRange,
        "Deleting while ranging is fine within one goroutine; it is the other goroutine that must be kept out for the whole loop.",
    ),
    (
        Pattern::Handlers,
        "Each request runs in a goroutine of its own, so every map reached from a handler is shared.",
    ),
    (
        Pattern::CopiedStruct,
        "Copying a struct copies the reference to its map: both copies change the same one.",
    ),
];

impl Pattern {
    /// The fixes that fit, the likeliest first.
    pub fn fixes(self) -> impl Iterator<Item = &'static Fix> {
        PATTERNS
            .iter()
            .filter(move |(pattern, _)| *pattern == self)
            .flat_map(|(_, kinds)| kinds.iter())
            .filter_map(|kind| FIXES.iter().find(|fix| fix.kind == *kind))
    }

    /// A sentence that belongs above the fixes.
    pub fn remark(self) -> &'static str {
        REMARKS
            .iter()
            .find(|(pattern, _)| *pattern == self)
            .map_or("", |(_, remark)| remark)
    }
}

/// The patterns that a use of a map shows, the most telling first; empty where no operation is known.
pub fn patterns(usage: &Usage) -> Vec<Pattern> {
    let sides = [usage.noticed, usage.other];
    let has = |op| sides.iter().flatten().any(|side| side.op == op);
    let printed = sides
        .iter()
        .flatten()
        .any(|side| side.through != Through::UserCode);
    let writers = sides
        .iter()
        .flatten()
        .filter(|side| side.op.mutates())
        .count();
    [
        (usage.through_a_copy, Pattern::CopiedStruct),
        (printed, Pattern::Printed),
        (usage.deletes_in_range, Pattern::DeleteInRange),
        (has(MapOp::Clone), Pattern::CloneBesideWrites),
        (has(MapOp::Iterate) && !printed, Pattern::RangeBesideWrites),
        (has(MapOp::Read), Pattern::ReadsBesideWrites),
        (writers > 1, Pattern::ManyWriters),
        (usage.in_handlers, Pattern::Handlers),
    ]
    .into_iter()
    .filter(|(seen, _)| *seen)
    .map(|(_, pattern)| pattern)
    .collect()
}

/// The verdicts that there is advice for.
pub fn categories() -> impl Iterator<Item = Category> {
    let rows = mitigations::MITIGATIONS.iter();
    rows.flat_map(|row| row.categories).copied()
}

/// What to do now, and the repair that lasts; `None` where nothing is wrong.
pub fn mitigation(category: Category) -> Option<&'static Mitigation> {
    mitigations::MITIGATIONS
        .iter()
        .find(|row| row.categories.contains(&category))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL_PATTERNS: [Pattern; 8] = [
        Pattern::ManyWriters,
        Pattern::ReadsBesideWrites,
        Pattern::RangeBesideWrites,
        Pattern::CloneBesideWrites,
        Pattern::Printed,
        Pattern::DeleteInRange,
        Pattern::Handlers,
        Pattern::CopiedStruct,
    ];

    fn side(op: MapOp, through: Through) -> Option<MapAccess> {
        Some(MapAccess { op, through })
    }

    #[test]
    fn every_pattern_has_fixes_and_a_remark() {
        for pattern in ALL_PATTERNS {
            assert!(
                pattern.fixes().count() > 1 && !pattern.remark().is_empty(),
                "{pattern:?}"
            );
        }
    }

    #[test]
    fn a_table_names_only_fixes_that_exist() {
        for (pattern, kinds) in PATTERNS {
            assert_eq!(pattern.fixes().count(), kinds.len(), "{pattern:?}");
        }
    }

    #[test]
    fn an_encoder_beside_a_writer_is_not_told_to_lock_each_step() {
        let usage = Usage {
            noticed: side(MapOp::Iterate, Through::Json),
            other: side(MapOp::Write, Through::UserCode),
            ..Usage::default()
        };
        assert_eq!(patterns(&usage), [Pattern::Printed]);
        let first = patterns(&usage)
            .first()
            .and_then(|pattern| pattern.fixes().next());
        assert_eq!(first.map(|fix| fix.kind), Some(FixKind::CopyUnderLock));
    }

    #[test]
    fn one_writer_is_not_many() {
        let usage = Usage {
            noticed: side(MapOp::Read, Through::UserCode),
            other: side(MapOp::Delete, Through::UserCode),
            in_handlers: true,
            ..Usage::default()
        };
        assert_eq!(
            patterns(&usage),
            [Pattern::ReadsBesideWrites, Pattern::Handlers]
        );
        assert!(patterns(&Usage::default()).is_empty());
    }

    #[test]
    fn every_trouble_has_one_mitigation_and_health_none() {
        for (n, row) in mitigations::MITIGATIONS.iter().enumerate() {
            for category in row.categories {
                let again = mitigations::MITIGATIONS.iter().skip(n + 1);
                assert!(
                    !again
                        .into_iter()
                        .any(|other| other.categories.contains(category)),
                    "{category:?}"
                );
            }
            assert!(!row.now.is_empty() && !row.repair.is_empty());
        }
        assert!(mitigation(Category::Healthy).is_none() && mitigation(Category::None).is_none());
        let all: usize = mitigations::MITIGATIONS
            .iter()
            .map(|row| row.categories.len())
            .sum();
        assert_eq!(all, 24, "26 categories, of which two are no trouble");
    }
}
