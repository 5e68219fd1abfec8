//! `gotriage map grow`: the stages of a map's growth; below them, where there are writes, the replay ([`replay`]).

mod replay;

use crate::gomap::grow::compare::Comparison;
use crate::gomap::grow::history::History;
use crate::gomap::grow::plan::classic::{ClassicStage, OVERFLOW_SAMPLED_FROM};
use crate::gomap::grow::plan::swiss::SwissStage;
use crate::gomap::grow::plan::{Bounds, Limit, Plan};
use crate::render::sheet::{Block, Fit};
use crate::render::words::{count, counted};

/// What there is to print.
#[derive(Debug)]
pub struct Page<'p> {
    /// Type, build and machine.
    pub subject: String,
    /// Told to `make`.
    pub hint: i128,
    /// True where Go takes it for none.
    pub hint_ignored: bool,
    /// Distinct new keys of the plan.
    pub inserts: u64,
    /// True where that is what the writes have in the map at a time, and not all that they store.
    pub at_a_time: bool,
    /// Its stages.
    pub plan: &'p Plan,
    /// The stage that memory has no room for.
    pub limit: Option<Limit>,
    /// The replay's end against a snapshot.
    pub snapshot: Option<&'p Comparison>,
    /// What the writes did.
    pub replay: Option<&'p History>,
    /// Why nothing is known of them, and what would help.
    pub missing: Vec<(&'p str, &'p str)>,
    /// Lists in full.
    pub all: bool,
}

/// The page.
pub fn sheet(page: &Page<'_>) -> Vec<Block> {
    let hint = match u64::try_from(page.hint) {
        Ok(0) => "made without a hint".to_owned(),
        Ok(hint) => format!("made for {}", entries(hint)),
        Err(_) => format!("made for {} entries", page.hint),
    };
    let mut blocks = vec![
        Block::Prose(format!("{}; {hint}", page.subject)),
        Block::Heading(match page.at_a_time {
            false => format!(
                "Plan: {} of new keys, no deletes",
                counted(page.inserts, "insert")
            ),
            true => format!(
                "Plan: {}, the most that the writes have there at a time, stored without deletes",
                entries(page.inserts)
            ),
        }),
    ];
    if page.hint_ignored {
        blocks.push(Block::Prose(match page.hint < 0 {
            true => "Go takes a negative hint for none.".into(),
            false => "Go takes a hint of this size for none: so much memory can't be.".into(),
        }));
    }
    blocks.extend(match page.plan {
        Plan::Classic(stages) => classic(stages, page.all),
        Plan::Swiss(stages) => swiss(stages, page.all),
    });
    blocks.extend(page.limit.map(|limit| {
        Block::Prose(format!(
            "No further: insert {} would need {} bytes, and the address space of Go's heap ends at {}.",
            count(limit.insert),
            count(limit.bytes),
            count(limit.address_space)
        ))
    }));
    blocks.extend(
        page.replay
            .iter()
            .flat_map(|of| replay::blocks(of, page.snapshot, page.all)),
    );
    if !page.missing.is_empty() {
        blocks.push(Block::Heading("Replay".into()));
        blocks.push(Block::Prose(
            "Where these keys lie can't be known, and is not guessed: it follows from their hashes. Missing for those:"
                .into(),
        ));
        for (why, how) in &page.missing {
            blocks.push(labelled("missing", (*why).to_owned()));
            blocks.push(labelled("how", (*how).to_owned()));
        }
    }
    blocks
}

/// `1 entry`, `12 entries`.
fn entries(n: u64) -> String {
    match n {
        1 => "1 entry".to_owned(),
        n => format!("{} entries", count(n)),
    }
}

fn labelled(label: &str, value: String) -> Block {
    Block::Labelled(label.into(), value)
}

/// Stages at the beginning and at the end of a folded table.
const STAGES: usize = 10;

/// A table of stages, of which a long one is folded.
fn stages_table(
    title: &str,
    columns: &[(&'static str, Fit)],
    mut rows: Vec<Vec<String>>,
    all: bool,
) -> Vec<Block> {
    let more = rows.len().saturating_sub(2 * STAGES);
    if all || more == 0 {
        return vec![table(title, columns, rows)];
    }
    let last = rows.split_off(STAGES + more);
    rows.truncate(STAGES);
    vec![
        table(title, columns, rows),
        Block::Folded {
            more,
            noun: "stage",
        },
        table("", columns, last),
    ]
}

fn table(title: &str, columns: &[(&'static str, Fit)], rows: Vec<Vec<String>>) -> Block {
    Block::Table {
        title: title.to_owned(),
        columns: columns.to_vec(),
        rows,
    }
}

/// `897`, or `3,361-3,810` where the hashes decide.
fn bounds(bounds: Bounds) -> String {
    match bounds.is_exact() {
        true => count(bounds.earliest),
        false => format!("{}-{}", count(bounds.earliest), count(bounds.latest)),
    }
}

/// `80`, or that the object is too large for the size classes.
fn cell(size_class: Option<u64>) -> String {
    size_class.map_or_else(|| "pages".to_owned(), count)
}

fn classic(stages: &[ClassicStage], all: bool) -> Vec<Block> {
    let stage = |stage: &ClassicStage| {
        vec![
            count(stage.begins_at),
            stage.b.to_string(),
            count(stage.buckets),
            count(stage.most_entries),
            count(u64::from(stage.overflow_limit)),
            stage
                .evacuation
                .map_or_else(String::new, |evacuation| count(evacuation.old_buckets)),
            stage
                .evacuation
                .map_or_else(String::new, |evacuation| bounds(evacuation.further_writes)),
        ]
    };
    let memory = |stage: &ClassicStage| {
        vec![
            stage.b.to_string(),
            count(stage.buckets),
            count(stage.preallocated),
            count(stage.bytes),
            cell(stage.size_class),
            stage
                .evacuation
                .map_or_else(String::new, |evacuation| count(evacuation.bytes_of_both)),
        ]
    };
    let mut blocks = stages_table(
        "Stages, and the insert that begins each",
        &[
            ("INSERT", Fit::Number),
            ("B", Fit::Number),
            ("BUCKETS", Fit::Number),
            ("ENTRIES", Fit::Number),
            ("OVERFLOW", Fit::Number),
            ("OLD", Fit::Number),
            ("WRITES", Fit::Number),
        ],
        stages.iter().map(stage).collect(),
        all,
    );
    blocks.push(Block::Prose(
            "ENTRIES: at most; one more doubles the map. OVERFLOW: so many overflow buckets start a growth of the same size. OLD: buckets of the array before, moved by the insert that begins the stage and by so many WRITES after it.".into(),
    ));
    if stages.iter().any(|stage| !stage.overflow_exact) {
        blocks.push(Block::Prose(format!(
            "From B={OVERFLOW_SAMPLED_FROM} on Go counts overflow buckets at random: OVERFLOW is the counter's limit, each counts with probability 2^({}-B).",
            OVERFLOW_SAMPLED_FROM - 1
        )));
    }
    blocks.extend(stages_table(
        "Memory of the buckets, in bytes",
        &[
            ("B", Fit::Number),
            ("BUCKETS", Fit::Number),
            ("SPARE", Fit::Number),
            ("BYTES", Fit::Number),
            ("HEAP CELL", Fit::Number),
            ("WITH THE OLD", Fit::Number),
        ],
        stages.iter().map(memory).collect(),
        all,
    ));
    blocks.push(Block::Prose(
        "SPARE: preallocated overflow buckets, part of BYTES. HEAP CELL: what the heap gives the array. WITH THE OLD: both arrays as the heap gives them, until all is moved. More overflow buckets take memory of their own.".into(),
    ));
    blocks
}

fn swiss(stages: &[SwissStage], all: bool) -> Vec<Block> {
    let stage = |stage: &SwissStage| {
        vec![
            tables(stage),
            count(u64::from(stage.capacity)),
            count(stage.most_entries),
            bounds(stage.grows_at),
            bounds(stage.in_any_case),
        ]
    };
    let memory = |stage: &SwissStage| {
        vec![
            tables(stage),
            count(u64::from(stage.capacity)),
            count(stage.bytes_per_table),
            cell(stage.size_class),
            count(stage.directory_bytes),
            count(stage.bytes),
            count(stage.replacement_bytes),
        ]
    };
    let mut blocks = stages_table(
        "Stages, and the insert that ends each",
        &[
            ("TABLES", Fit::Number),
            ("SLOTS", Fit::Number),
            ("ENTRIES", Fit::Number),
            ("GROWS AT", Fit::Number),
            ("IN ANY CASE", Fit::Number),
        ],
        stages.iter().map(stage).collect(),
        all,
    );
    blocks.push(Block::Prose(match stages.iter().any(|stage| stage.tables > 1) {
        false => "ENTRIES: at most, seven of eight slots. GROWS AT: the table is replaced by one of twice the slots, all of it within this insert.".into(),
        true => "ENTRIES: at most, seven of eight slots. GROWS AT: a table of up to 512 slots is replaced by one of twice the slots, a table of 1,024 is split in two, all of it within one insert. With several tables the hashes decide which fills first: GROWS AT is from the first to the last of them if the hashes spread evenly, IN ANY CASE when the first of them has to, whatever the hashes.".into(),
    }));
    blocks.extend(stages_table(
        "Memory of the groups, in bytes",
        &[
            ("TABLES", Fit::Number),
            ("SLOTS", Fit::Number),
            ("EACH", Fit::Number),
            ("HEAP CELL", Fit::Number),
            ("DIRECTORY", Fit::Number),
            ("ALL", Fit::Number),
            ("BESIDE", Fit::Number),
        ],
        stages.iter().map(memory).collect(),
        all,
    ));
    blocks.push(Block::Prose(
        "EACH: one table's groups. HEAP CELL: what the heap gives them. ALL: groups, tables and directory, as the heap gives them. BESIDE: what replaces one table, filled while the old one still stands.".into(),
    ));
    blocks
}

/// A small map is a group alone.
fn tables(stage: &SwissStage) -> String {
    match stage.tables {
        0 => "none".to_owned(),
        tables => count(tables),
    }
}
