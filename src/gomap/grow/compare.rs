//! A replay's end against a snapshot of the same map: where they differ, the writes, their order or the hint are not those of the map.
//!
//! ```text
//! replay     count 50   B 3   noverflow 1   nevacuate 4          used 50   tables 1   table 0 capacity 64
//! snapshot   count 50   B 3   noverflow 1   nevacuate 4          used 50   tables 1   table 0 capacity 128   made with a hint
//! ```
//!
//! Only counts are compared, which any wrong hash or missing write would soon upset. `gotriage map grow --snapshot` prints it.

use super::super::snapshot::{Body, ClassicShot, SwissShot, TableShot};
use super::replay::State;
use super::replay::classic::ClassicState;
use super::replay::swiss::{SwissState, TableState};
use schemars::JsonSchema;
use serde::Serialize;

/// How the two compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Comparison {
    /// True where nothing differs.
    pub agrees: bool,
    /// Every field that both have.
    pub fields: Vec<Compared>,
}

/// A field of the header or of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Compared {
    /// Its name in the snapshot format; of tables with their number.
    pub field: String,
    /// In the replay.
    pub replay: u64,
    /// In the snapshot.
    pub snapshot: u64,
}

impl Compared {
    /// True where the two are the same.
    pub fn is_same(&self) -> bool {
        self.replay == self.snapshot
    }
}

/// Compares what both know; `None` where that is nothing.
pub fn compare(end: &State, body: &Body) -> Option<Comparison> {
    let fields = match (end, body) {
        (State::Classic(end), Body::Classic(shot)) => classic(end, shot),
        (State::Swiss(end), Body::Swiss(shot)) => swiss(end, shot),
        _ => return None,
    };
    (!fields.is_empty()).then(|| Comparison {
        agrees: fields.iter().all(Compared::is_same),
        fields,
    })
}

fn known(field: &str, replay: u64, snapshot: Option<u64>) -> Option<Compared> {
    Some(Compared {
        field: field.to_owned(),
        replay,
        snapshot: snapshot?,
    })
}

fn classic(end: &ClassicState, shot: &ClassicShot) -> Vec<Compared> {
    let noverflow = shot.noverflow.filter(|_| end.noverflow_exact);
    let growing = shot.oldbuckets.map(|old| u64::from(old != 0));
    let fields = [
        known("count", end.count, shot.count),
        known("B", u64::from(end.b), shot.b.map(u64::from)),
        known(
            "noverflow",
            u64::from(end.noverflow),
            noverflow.map(u64::from),
        ),
        known("growing", u64::from(end.growing), growing),
        known("nevacuate", end.nevacuate, shot.nevacuate),
    ];
    fields.into_iter().flatten().collect()
}

fn swiss(end: &SwissState, shot: &SwissShot) -> Vec<Compared> {
    let depth = shot.global_depth.map(u64::from);
    let mut fields: Vec<Compared> = [
        known("used", end.used, shot.used),
        known("dir_len", end.dir_len, shot.dir_len),
        known("global_depth", u64::from(end.global_depth), depth),
    ]
    .into_iter()
    .flatten()
    .collect();
    for table in &end.tables {
        let theirs = shot
            .tables
            .iter()
            .find(|shot| shot.index.is_some_and(|at| at as u64 == table.index));
        fields.extend(
            theirs
                .into_iter()
                .flat_map(|theirs| of_table(table, theirs)),
        );
    }
    fields
}

fn of_table(ours: &TableState, theirs: &TableShot) -> impl Iterator<Item = Compared> {
    let fields = [
        ("used", ours.used, theirs.used),
        ("capacity", ours.capacity, theirs.capacity),
        ("growth_left", ours.growth_left, theirs.growth_left),
    ];
    let index = ours.index;
    fields.into_iter().filter_map(move |(name, ours, theirs)| {
        let field = format!("table {index} {name}");
        known(&field, u64::from(ours), theirs.map(u64::from))
    })
}
