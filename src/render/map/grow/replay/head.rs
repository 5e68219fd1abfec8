//! What stands above the writes of a replay: seed, end, the comparison with a snapshot, doubts.

use super::super::labelled;
use crate::gomap::grow::compare::{Compared, Comparison};
use crate::gomap::grow::history::History;
use crate::gomap::grow::plan::classic::OVERFLOW_SAMPLED_FROM;
use crate::gomap::grow::replay::State;
use crate::render::sheet::Block;
use crate::render::words::{count, counted};

/// Fields named in a comparison.
const FIELDS: usize = 8;

/// What the replay rests on, how it ends, and what of it is in doubt.
pub fn blocks(history: &History, snapshot: Option<&Comparison>) -> Vec<Block> {
    let seed = history
        .seed
        .map_or_else(String::new, |seed| format!(", seed {seed:#x}"));
    let mut blocks = vec![
        Block::Heading(format!(
            "Replay: {}",
            counted(history.steps.len() as u64, "write")
        )),
        labelled("hash", format!("{}{seed}", history.hashed_by)),
        labelled(
            "assumes",
            "these are all writes since the map was made, one after the other; buckets, groups and slots count from 0".into(),
        ),
    ];
    blocks.extend(history.unplaced.iter().map(|unplaced| {
        labelled(
            "no place",
            format!(
                "writes {} to {}: the last of them emptied the map, and Go drew a new seed then; the one before is not known, and their places are not guessed. A line \"seed 0x…\" in front of them tells it",
                count(unplaced.first),
                count(unplaced.last)
            ),
        )
    }));
    blocks.extend(history.end.iter().map(|state| labelled("end", end(state))));
    blocks.extend(snapshot.map(compared));
    blocks.extend(history.uncertain_from.map(|from| doubtful(history, from)));
    if let Some(stopped) = &history.stopped {
        let line = stopped
            .line
            .map_or_else(String::new, |line| format!(" (line {line})"));
        blocks.push(labelled(
            "stopped",
            format!(
                "before write {}{line}: {}",
                count(stopped.operation),
                stopped.why
            ),
        ));
    }
    blocks
}

/// Whether the snapshot shows the map that came out.
fn compared(comparison: &Comparison) -> Block {
    let told = |of: &Compared| match of.is_same() {
        true => format!("{} {}", of.field, count(of.replay)),
        false => format!(
            "{} {}, not {}",
            of.field,
            count(of.snapshot),
            count(of.replay)
        ),
    };
    let shown = comparison
        .fields
        .iter()
        .filter(|of| of.is_same() == comparison.agrees);
    let fields: Vec<String> = shown.clone().take(FIELDS).map(told).collect();
    let fields = fields.join("; ");
    let more = match shown.count().saturating_sub(FIELDS) {
        0 => String::new(),
        more => format!("; and {}", counted(more as u64, "more field")),
    };
    labelled(
        "snapshot",
        match comparison.agrees {
            true => format!("agrees with this end: {fields}{more}"),
            false => format!(
                "disagrees, so that the places below are not those of its map: {fields}{more}. Writes are missing or in another order, or the map was made with another --hint"
            ),
        },
    )
}

fn doubtful(history: &History, from: u64) -> Block {
    let why = match history.unplaced.is_empty() {
        true => {
            "Go counts the overflow buckets of a map this large at random, and the counter is so near its limit"
        }
        false => {
            "the writes without a place left overflow buckets, nobody knows how many, and the counter can be so near its limit"
        }
    };
    labelled(
        "doubtful",
        format!(
            "from write {} on: {why} that a growth of the same size may begin earlier or later than here; all that follows depends on it",
            count(from)
        ),
    )
}

fn end(state: &State) -> String {
    match state {
        State::Classic(state) => {
            let growing = match (state.growing, state.same_size) {
                (false, _) => "not growing",
                (true, false) => "growing",
                (true, true) => "growing, same size",
            };
            let about = match (state.noverflow_exact, state.b < OVERFLOW_SAMPLED_FROM) {
                (true, _) => "",
                (false, true) => "at least ",
                (false, false) => "about ",
            };
            format!(
                "count {}, B {}, noverflow {about}{}, {growing}, nevacuate {}",
                count(state.count),
                state.b,
                count(u64::from(state.noverflow)),
                count(state.nevacuate)
            )
        }
        State::Swiss(state) => {
            let shape = match state.tables.as_slice() {
                [] => "a small map".to_owned(),
                [only] => format!(
                    "one table of {} slots, growth_left {}",
                    count(u64::from(only.capacity)),
                    only.growth_left
                ),
                tables => counted(tables.len() as u64, "table"),
            };
            format!(
                "used {}, dir_len {}, global_depth {}: {shape}",
                count(state.used),
                count(state.dir_len),
                state.global_depth
            )
        }
    }
}
