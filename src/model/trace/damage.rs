//! What is wrong with a trace, and where. Read [`Damages`] first.

use schemars::JsonSchema;
use serde::Serialize;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DamageKind {
    /// The file ends inside a batch of events.
    CutBatch,
    /// The last generation has no tables (or not all): its events were read without stacks and names.
    IncompleteGeneration,
    /// Bytes that are no batch were skipped.
    NotABatch,
    /// The numbers of generations do not follow each other.
    GenerationOrder,
    /// The clock's frequency is lost, the usual one was taken. Up to Go 1.21 there is no usual one: all times are ticks.
    NoFrequency,
    /// An event of a type that no known version writes: the rest of its batch is lost.
    UnknownEvent,
    /// An event whose arguments do not end, or go beyond all limits: the rest of its batch is lost.
    BrokenEvent,
    /// A table of strings, stacks or samples that does not follow its grammar: its rest is lost.
    BrokenTable,
    /// An event names a stack or string that is in no table.
    MissingEntry,
    /// An event contradicts the state its goroutine, thread or processor was in; the event was believed.
    Contradiction,
    /// Events wait for something that never comes; the earliest one was taken as it is.
    NoOrder,
    /// The format is newer than known; it was read as the newest known one.
    NewFormat,
    /// Time goes backwards.
    TimeOrder,
}

impl DamageKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [DamageKind; 13] = [
        DamageKind::CutBatch,
        DamageKind::IncompleteGeneration,
        DamageKind::NotABatch,
        DamageKind::GenerationOrder,
        DamageKind::NoFrequency,
        DamageKind::UnknownEvent,
        DamageKind::BrokenEvent,
        DamageKind::BrokenTable,
        DamageKind::MissingEntry,
        DamageKind::Contradiction,
        DamageKind::NoOrder,
        DamageKind::NewFormat,
        DamageKind::TimeOrder,
    ];
}

/// One place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Damage {
    /// What.
    pub kind: DamageKind,
    /// Byte of the trace file at which it was noticed.
    pub offset: u64,
    /// Bytes that were not read because of it; 0 where nothing was left out.
    pub bytes: u64,
}

/// All of it: the first places, and how many there are of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Damages {
    /// The first of them, in the order in which they were noticed.
    pub places: Vec<Damage>,
    /// How many of each kind, those in `places` included.
    pub counts: std::collections::BTreeMap<DamageKind, u64>,
}

impl Damages {
    /// Places kept. A trace broken in more is broken everywhere.
    pub const KEPT: usize = 100;

    /// Adds a place.
    pub fn add(&mut self, kind: DamageKind, offset: usize, bytes: usize) {
        *self.counts.entry(kind).or_default() += 1;
        if self.places.len() < Self::KEPT {
            self.places.push(Damage {
                kind,
                offset: offset as u64,
                bytes: bytes as u64,
            });
        }
    }

    /// True for a whole trace.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many of one kind.
    pub fn count(&self, kind: DamageKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }
}
