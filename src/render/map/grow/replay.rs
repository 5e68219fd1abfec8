//! The replay's part of the page: each write, each growth, how evenly the keys lie, which writes meet in a bucket.

mod head;

use super::{labelled, table};
use crate::gomap::grow::compare::Comparison;
use crate::gomap::grow::history::{History, Step};
use crate::gomap::grow::replay::{Array, Evacuation, Growth, Outcome, Place, State, Unit};
use crate::gomap::grow::spread::Spread;
use crate::render::sheet::{Block, Fit};
use crate::render::words::{count, counted, ids};

/// Writes shown at the beginning and at the end of a folded list.
const FIRST: usize = 15;
const LAST: usize = 5;

/// Rows of other folded lists.
const SHOWN: usize = 20;

/// Numbers of writes in one folded cell.
const NUMBERS: usize = 8;

/// Writes whose evacuations are told in a folded growth.
const EVACUATING: usize = 4;

/// Characters of the longest bar.
const BAR: u64 = 24;

/// What buckets and their like are called in one implementation.
struct Nouns {
    unit: &'static str,
    units: &'static str,
}

impl Nouns {
    fn of(history: &History) -> Self {
        let placed = history.steps.iter().find_map(|step| step.event.place);
        match (&history.end, placed) {
            (Some(State::Swiss(_)), _) | (_, Some(Place::Small { .. } | Place::Table { .. })) => {
                Nouns {
                    unit: "group",
                    units: "GROUPS",
                }
            }
            _ => Nouns {
                unit: "bucket",
                units: "BUCKETS",
            },
        }
    }
}

/// All of it.
pub fn blocks(history: &History, snapshot: Option<&Comparison>, all: bool) -> Vec<Block> {
    let nouns = Nouns::of(history);
    let mut blocks = head::blocks(history, snapshot);
    if history.steps.is_empty() {
        return blocks;
    }
    blocks.extend(writes(&history.steps, all));
    blocks.extend(growths(&history.steps, all));
    if let Some(of) = &history.spread {
        blocks.extend(spread(of, &nouns, all));
    }
    blocks.extend(shared(history, &nouns, all));
    blocks
}

fn writes(steps: &[Step], all: bool) -> Vec<Block> {
    let rows = |steps: &[Step]| {
        let columns = [
            ("WRITE", Fit::Number),
            ("KEY", Fit::Middle),
            ("PLACE", Fit::Whole),
            ("DID", Fit::Middle),
        ];
        table("", &columns, steps.iter().map(row).collect())
    };
    let folded = steps.len().saturating_sub(FIRST + LAST);
    if all || folded == 0 {
        return vec![rows(steps)];
    }
    let (first, rest) = steps.split_at(FIRST);
    vec![
        rows(first),
        Block::Folded {
            more: folded,
            noun: "write",
        },
        rows(rest.get(folded..).unwrap_or_default()),
    ]
}

fn row(step: &Step) -> Vec<String> {
    let event = &step.event;
    let mut did = vec![
        match event.outcome {
            Outcome::Inserted => "insert",
            Outcome::Updated => "update",
            Outcome::Deleted { tombstone: false } => "delete",
            Outcome::Deleted { tombstone: true } => "delete, leaves a tombstone",
            Outcome::Absent => "delete of an absent key",
            Outcome::Cleared => "clear",
            Outcome::Nothing => "nothing: the map is empty",
        }
        .to_owned(),
    ];
    did.extend(event.growth.iter().filter_map(word));
    if event.seed_redrawn {
        did.push("new seed".into());
    }
    vec![
        count(event.operation),
        step.key.clone().unwrap_or_default(),
        place(event.place, event.unit),
        did.join("; "),
    ]
}

/// A growth in two words; what each means is told below the table.
fn word(growth: &Growth) -> Option<String> {
    Some(match growth {
        Growth::Doubled { from, to } => format!("doubles B {from} → {to}"),
        Growth::SameSize { b, .. } => format!("same-size growth, B {b}"),
        Growth::ToTable => "becomes a table".into(),
        Growth::TableGrown { from, to, .. } => format!("table {from} → {to} slots"),
        Growth::Split { .. } => "splits the table".into(),
        Growth::Pruned { tombstones, .. } => format!("prunes {tombstones} tombstones"),
        Growth::DirectoryDoubled { entries } => format!("directory → {entries}"),
        Growth::Finished | Growth::FirstGroup => return None,
    })
}

fn place(place: Option<Place>, unit: Option<Unit>) -> String {
    let of = unit.map_or_else(String::new, |unit| format!(" of {}", count(unit.of)));
    match place {
        None => String::new(),
        Some(Place::Small { slot }) => format!("small map slot {slot}"),
        Some(Place::Table { table, group, slot }) => {
            format!("table {table} group {group}{of} slot {slot}")
        }
        Some(Place::Bucket {
            array,
            bucket,
            link,
            slot,
            ..
        }) => {
            let array = if array == Array::Old { "old " } else { "" };
            let link = match link {
                0 => String::new(),
                link => format!(" overflow {link}"),
            };
            format!("{array}bucket {bucket}{of}{link} slot {slot}")
        }
    }
}

/// A growth with the writes that carried it out.
struct Course {
    write: u64,
    told: String,
    /// Old buckets that are not moved yet.
    left: u64,
    /// By write.
    moved: Vec<(u64, Vec<Evacuation>)>,
}

impl Course {
    fn take(&mut self, write: u64, evacuated: &mut impl Iterator<Item = Evacuation>) {
        let taken: Vec<Evacuation> = evacuated.take(self.left as usize).collect();
        self.left -= taken.len() as u64;
        if !taken.is_empty() {
            self.moved.push((write, taken));
        }
    }
}

/// Every growth, and for a classic map which write moved which old buckets.
fn courses(steps: &[Step]) -> Vec<Course> {
    let mut courses: Vec<Course> = Vec::new();
    for step in steps {
        let event = &step.event;
        let mut evacuated = event.evacuated.iter().copied();
        // One write can end a growth and begin the next: its first evacuations belong to the old one.
        if let Some(course) = courses.last_mut() {
            course.take(event.operation, &mut evacuated);
        }
        for growth in &event.growth {
            let Some((told, left)) = told(growth) else {
                continue;
            };
            let mut course = Course {
                write: event.operation,
                told,
                left,
                moved: Vec::new(),
            };
            course.take(event.operation, &mut evacuated);
            courses.push(course);
        }
        if event.outcome == Outcome::Cleared {
            courses.iter_mut().for_each(|course| course.left = 0);
        }
    }
    courses
}

/// What a growth is, and how many old buckets are to be moved.
fn told(growth: &Growth) -> Option<(String, u64)> {
    let buckets = |b: u8| 1_u64 << b.min(63);
    Some(match growth {
        Growth::Doubled { from, to } => (
            format!(
                "too many entries: B {from} → {to}, {} beside the old ones",
                counted(buckets(*to), "bucket")
            ),
            buckets(*from),
        ),
        Growth::SameSize { b, noverflow } => (
            format!(
                "too many overflow buckets ({noverflow}): a new array of the same {}",
                counted(buckets(*b), "bucket")
            ),
            buckets(*b),
        ),
        Growth::ToTable => (
            "the small map is full: it becomes a table of 16 slots".into(),
            0,
        ),
        Growth::Pruned { table, tombstones } => (
            format!(
                "table {table}: {tombstones} tombstones become empty slots, so it need not grow"
            ),
            0,
        ),
        Growth::TableGrown { table, from, to } => (
            format!("table {table} is full: {from} → {to} slots, all entries move in this write"),
            0,
        ),
        Growth::DirectoryDoubled { entries } => (
            format!(
                "the directory has {} from here on; tables get other numbers",
                super::entries(*entries)
            ),
            0,
        ),
        Growth::Split {
            left,
            right,
            local_depth,
        } => (
            format!(
                "the table of 1,024 slots is full: split into tables {left} and {right} (by bit {local_depth} of the hash from the top), all entries move in this write"
            ),
            0,
        ),
        Growth::Finished | Growth::FirstGroup => return None,
    })
}

fn growths(steps: &[Step], all: bool) -> Vec<Block> {
    let courses = courses(steps);
    if courses.is_empty() {
        return vec![Block::Prose("No write made the map grow.".into())];
    }
    let shown = if all { courses.len() } else { SHOWN };
    let mut blocks = vec![Block::Heading("Growth, by the write that began it".into())];
    for course in courses.iter().take(shown) {
        blocks.push(labelled(&count(course.write), course.told.clone()));
        blocks.extend(evacuation(course, all));
    }
    blocks.push(Block::Folded {
        more: courses.len().saturating_sub(shown),
        noun: "step",
    });
    blocks
}

fn evacuation(course: &Course, all: bool) -> Option<Block> {
    let shown = if all { course.moved.len() } else { EVACUATING };
    let moved = course.moved.iter().take(shown).map(|(write, buckets)| {
        let buckets = buckets.iter().map(|moved| {
            let up = match moved.to_y {
                0 => String::new(),
                up => format!(", {up} up"),
            };
            format!("{} ({} stay{up})", moved.bucket, moved.to_x)
        });
        format!(
            "write {} bucket {}",
            count(*write),
            buckets.collect::<Vec<_>>().join(" and ")
        )
    });
    let mut told = moved.collect::<Vec<_>>().join("; ");
    let hidden = course.moved.get(shown..).unwrap_or_default();
    if let Some((last, _)) = hidden.last() {
        told.push_str(&format!(
            "; and {} up to write {}, --all shows them",
            counted(hidden.len() as u64, "more write"),
            count(*last)
        ));
    }
    if course.left > 0 {
        told.push_str(&format!(
            "; {} not moved yet",
            counted(course.left, "old bucket")
        ));
    }
    (!told.is_empty()).then(|| labelled("moved", told.trim_start_matches("; ").to_owned()))
}

fn spread(spread: &Spread, nouns: &Nouns, all: bool) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("How evenly the keys lie in the end".into())];
    if spread.entries == 0 {
        blocks.push(Block::Prose("The map is empty.".into()));
        return blocks;
    }
    blocks.push(labelled(
        "entropy",
        format!(
            "{:.2} of at most {:.2} bits: what a key's {} tells of it, on the average",
            spread.entropy_bits, spread.most_entropy_bits, nouns.unit
        ),
    ));
    let way = match nouns.unit {
        "group" => "groups of their probe sequence",
        _ => "buckets of their chain",
    };
    let reach = spread.reach.iter().map(|(steps, entries)| {
        let nth = count(*steps);
        format!("{} in number {nth}", count(*entries))
    });
    let reach: Vec<String> = reach.collect();
    blocks.push(labelled(
        "found",
        format!("entries by the {way}: {}", reach.join(", ")),
    ));
    let overflow = spread.overflow.iter().filter(|(length, _)| **length > 0);
    let overflow: Vec<String> = overflow
        .map(|(length, chains)| {
            format!(
                "{} with {}",
                counted(*chains, "chain"),
                counted(u64::from(*length), "overflow bucket")
            )
        })
        .collect();
    if !spread.overflow.is_empty() {
        blocks.push(labelled(
            "overflow",
            match overflow.is_empty() {
                true => "no bucket has an overflow bucket".to_owned(),
                false => overflow.join(", "),
            },
        ));
    }
    blocks.extend(histogram(spread, nouns, all));
    blocks
}

fn histogram(spread: &Spread, nouns: &Nouns, all: bool) -> [Block; 2] {
    let most = spread.loads.iter().map(|load| load.units).max();
    let most = most.unwrap_or(1).max(1);
    let shown = if all { spread.loads.len() } else { SHOWN };
    let rows = spread.loads.iter().take(shown).map(|load| {
        vec![
            count(load.entries),
            count(load.units),
            format!("{:.1}", load.expected),
            "▇".repeat((load.units * BAR).div_ceil(most) as usize),
        ]
    });
    let columns = [
        ("ENTRIES", Fit::Number),
        (nouns.units, Fit::Number),
        ("BY CHANCE", Fit::Number),
        ("", Fit::Whole),
    ];
    let title = match nouns.unit {
        "group" => "Groups by the entries whose search begins there",
        _ => "Buckets by the entries in their chain",
    };
    [
        table(title, &columns, rows.collect()),
        Block::Folded {
            more: spread.loads.len().saturating_sub(shown),
            noun: "row",
        },
    ]
}

fn shared(history: &History, nouns: &Nouns, all: bool) -> Vec<Block> {
    let unit = nouns.unit;
    let mut blocks = vec![Block::Heading(format!("Writes to the same {unit}"))];
    if history.shared.is_empty() {
        blocks.push(Block::Prose(format!(
            "No two writes worked in the same {unit}."
        )));
        return blocks;
    }
    let (shown, numbers) = match all {
        true => (usize::MAX, usize::MAX),
        false => (SHOWN, NUMBERS),
    };
    let rows = history.shared.iter().take(shown).map(|shared| {
        let first = shared.operations.first().copied().unwrap_or_default();
        let at = history
            .steps
            .partition_point(|step| step.event.operation < first);
        let step = history.steps.get(at);
        vec![
            step.and_then(|step| chain(step.event.place, shared.unit.of))
                .unwrap_or_default(),
            count(shared.operations.len() as u64),
            ids(&shared.operations, numbers),
        ]
    });
    let columns = [
        ("WHERE", Fit::Whole),
        ("COUNT", Fit::Number),
        ("WRITES", Fit::Middle),
    ];
    blocks.push(table("", &columns, rows.collect()));
    blocks.push(Block::Folded {
        more: history.shared.len().saturating_sub(shown),
        noun: unit,
    });
    blocks.push(Block::Prose(format!(
        "Numbers are those of the array or table at that time; after a growth a {unit} is another. Go's check for concurrent writes asks for the map alone, whatever the {unit}."
    )));
    blocks
}

/// A place without its slot.
fn chain(place: Option<Place>, of: u64) -> Option<String> {
    Some(match place? {
        Place::Small { .. } => "small map".into(),
        Place::Table { table, group, .. } => {
            format!("table {table} group {group} of {}", count(of))
        }
        Place::Bucket { bucket, .. } => format!("bucket {bucket} of {}", count(of)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gomap::grow::replay::Event;

    fn step(operation: u64, growth: Vec<Growth>, evacuated: &[u64]) -> Step {
        let moved = |&bucket: &u64| Evacuation {
            bucket,
            to_x: 1,
            to_y: 0,
        };
        Step {
            line: None,
            key: None,
            hash: None,
            tophash: None,
            h2: None,
            event: Event {
                operation,
                outcome: Outcome::Inserted,
                place: None,
                unit: None,
                growth,
                evacuated: evacuated.iter().map(moved).collect(),
                seed_redrawn: false,
                uncertain: false,
            },
        }
    }

    #[test]
    fn a_write_that_ends_a_growth_and_begins_one_moves_buckets_of_both() {
        let steps = [
            step(1, vec![Growth::SameSize { b: 1, noverflow: 2 }], &[0]),
            step(
                2,
                vec![Growth::Finished, Growth::Doubled { from: 1, to: 2 }],
                &[1, 0],
            ),
            step(3, vec![Growth::Finished], &[1]),
        ];
        let courses = courses(&steps);
        let moved: Vec<Vec<(u64, u64)>> = courses
            .iter()
            .map(|course| {
                let writes = course.moved.iter();
                writes
                    .flat_map(|(write, moved)| moved.iter().map(|one| (*write, one.bucket)))
                    .collect()
            })
            .collect();
        assert_eq!(moved, [[(1, 0), (2, 1)], [(2, 0), (3, 1)]]);
        assert!(courses.iter().all(|course| course.left == 0));
    }
}
