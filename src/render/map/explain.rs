//! `gotriage map explain`: who dies of whom at which check, what breaks unnoticed, and how, step by step.

use crate::gomap::interleave::survey::{Pair, Summary};
use crate::gomap::interleave::{Damage, Death, Fill, Keys, Operation, Outcome, Setting, Step, Who};
use crate::goruntime::version::MapLayout;
use crate::render::sheet::{Block, Fit};
use std::collections::{BTreeMap, BTreeSet};

/// Columns of a cell before it goes on in the next row; two such beside the flag fit on 80.
const CELL: usize = 34;

/// Columns of a cell where there are four.
const STATE: usize = 18;

/// Columns of what a word means.
const MEANING: usize = 60;

/// Examples in a folded page: a death, and a damage.
const EXAMPLES: usize = 2;

/// First lines of every page.
fn opening(go: &str, layout: MapLayout) -> Vec<Block> {
    let layout = match layout {
        MapLayout::Classic => "classic",
        MapLayout::Swiss => "Swiss",
    };
    vec![Block::Prose(format!(
        "Goroutines A and B, one {layout} map of Go {go}, no lock"
    ))]
}

/// Pairs of operations in every state of the map.
pub fn survey(go: &str, layout: MapLayout, pairs: &[Pair]) -> Vec<Block> {
    let mut blocks = opening(go, layout);
    for pair in pairs {
        let all = &pair.settings;
        let deaths = union(all, |setting| &setting.deaths);
        let damages = union(all, |setting| &setting.corrupts);
        blocks.extend(summary(pair.a, pair.b, &deaths, &damages));
        blocks.push(safe(pair.a, pair.b, &harmless_fills(all)));
        let apart = |one: &Summary| one.keys == Keys::Apart && !one.deaths.is_empty();
        blocks.push(flag(all.iter().any(apart)));
        if !deaths.is_empty() {
            blocks.push(deaths_table(all));
        }
        if !damages.is_empty() {
            blocks.push(damage_table(all));
        }
    }
    let all: Vec<Summary> = pairs
        .iter()
        .flat_map(|pair| pair.settings.clone())
        .collect();
    if !all.iter().all(Summary::is_harmless) {
        let states: Vec<Setting> = all.iter().map(Summary::setting).collect();
        let deaths = union(&all, |setting| &setting.deaths);
        let damages = union(&all, |setting| &setting.corrupts);
        blocks.push(meanings(&states, &deaths, &damages));
    }
    blocks.extend(closing());
    blocks
}

/// Pairs in one state of the map, with examples step by step.
pub fn singles(go: &str, layout: MapLayout, pairs: &[Pair], all: bool) -> Vec<Block> {
    let mut blocks = opening(go, layout);
    let states = pairs.iter().flat_map(|pair| &pair.settings);
    blocks.extend(states.take(1).map(state));
    for pair in pairs {
        let told = pair.settings.iter();
        blocks.extend(told.flat_map(|one| single((pair.a, pair.b), one, all)));
    }
    blocks.extend(closing());
    blocks
}

fn state(of: &Summary) -> Block {
    labelled(
        "map",
        format!("{}; {}", fill_words(of.fill), keys_words(of.keys)),
    )
}

fn single((a, b): (Operation, Operation), setting: &Summary, all: bool) -> Vec<Block> {
    let outcomes = setting.outcomes.as_deref().unwrap_or_default();
    let deaths: BTreeSet<Death> = setting.deaths.iter().copied().collect();
    let damages: BTreeSet<Damage> = setting.corrupts.iter().copied().collect();
    let harmless = setting.is_harmless();
    let mut blocks = summary(a, b, &deaths, &damages);
    blocks.push(safe(a, b, if harmless { &["as here"] } else { &[] }));
    blocks.push(flag(setting.keys == Keys::Apart && !deaths.is_empty()));
    let notes = setting.notes.iter();
    blocks.extend(notes.map(|note| labelled("note", note.clone())));
    if !harmless {
        blocks.push(meanings(&[], &deaths, &damages));
    }
    let examples = examples(outcomes, &deaths, &damages);
    let shown = if all {
        examples.len()
    } else {
        EXAMPLES.min(examples.len())
    };
    let (told, rest) = examples.split_at(shown);
    blocks.extend(told.iter().map(|(title, steps)| example(title, steps)));
    blocks.push(Block::Folded {
        more: rest.len(),
        noun: "example",
    });
    blocks
}

/// How it is known, and what is not in it.
fn closing() -> Vec<Block> {
    vec![
        Block::Heading("How this is known".into()),
        Block::Prose(
            "By running every order in which the memory accesses of the two can be mixed, as the compiled code of this Go makes them, \
             on a map of a few cells. More than 31,000 runs of real programs (Go 1.19 to 1.27, amd64) died only in ways that are among \
             these; reads of growing classic maps that missed a key are among them too. None split a Swiss table: that state is told from \
             the compiled code alone. More can break than is shown: processors let stores wait, and an element of several words (string, \
             slice, interface) can be read half-written."
                .into(),
        ),
    ]
}

fn labelled(label: &str, value: String) -> Block {
    Block::Labelled(label.into(), value)
}

fn union<T: Clone + Ord>(all: &[Summary], of: impl Fn(&Summary) -> &Vec<T>) -> BTreeSet<T> {
    all.iter().flat_map(|setting| of(setting).clone()).collect()
}

fn summary(
    a: Operation,
    b: Operation,
    deaths: &BTreeSet<Death>,
    damages: &BTreeSet<Damage>,
) -> Vec<Block> {
    let damage = match damages.is_empty() {
        true => "nothing that the model sees: where nobody dies, the map and the answers are as if one had come after the other".to_owned(),
        false => format!(
            "where nobody dies: {}",
            damages.iter().map(|damage| damage.word()).collect::<Vec<_>>().join(", ")
        ),
    };
    vec![
        Block::Heading(format!("A: {}, B: {}", a.word(), b.word())),
        labelled("A dies", dies(Who::A, deaths)),
        labelled("B dies", dies(Who::B, deaths)),
        labelled("breaks", damage),
    ]
}

/// `"concurrent map writes" at its entry or exit check`, for each message.
fn dies(who: Who, deaths: &BTreeSet<Death>) -> String {
    let mut by_message: Vec<(&str, Vec<&str>)> = Vec::new();
    for death in deaths.iter().filter(|death| death.who == who) {
        match by_message
            .iter_mut()
            .find(|(message, _)| *message == death.message)
        {
            Some((_, checks)) => checks.push(death.check()),
            None => by_message.push((death.message, vec![death.check()])),
        }
    }
    let each = by_message
        .iter()
        .map(|(message, checks)| format!("\"{message}\" at its {} check", either(checks)));
    match by_message.is_empty() {
        true => "never".to_owned(),
        false => each.collect::<Vec<_>>().join("; "),
    }
}

/// `entry, exit or exit-small`
fn either(words: &[&str]) -> String {
    match words {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => words.concat(),
    }
}

/// Whether the two may go on without a lock; `harmless` names the states in which nothing happens.
fn safe(a: Operation, b: Operation, harmless: &[&str]) -> Block {
    let changes = [a, b].iter().any(|one| one.map_op().mutates());
    labelled(
        "safe",
        match (changes, harmless) {
            (false, _) => {
                "yes: neither changes the map. Of all operations only read, iterate and clone are safe together".to_owned()
            }
            (true, []) => "no: both need the same lock, whatever their keys".to_owned(),
            (true, states) => format!(
                "by luck alone, where the map is {}: both need the same lock",
                either(states)
            ),
        },
    )
}

/// Fills in which nothing happens, wherever the keys lie.
fn harmless_fills(all: &[Summary]) -> Vec<&'static str> {
    let fills: BTreeSet<Fill> = all.iter().map(|setting| setting.fill).collect();
    let harmless = |fill: &Fill| {
        let mut of = all.iter().filter(|setting| setting.fill == *fill);
        of.all(Summary::is_harmless)
    };
    let fills = fills.into_iter().filter(harmless);
    fills.map(Fill::word).collect()
}

/// `apart`: somebody dies although the keys lie in different places.
fn flag(apart: bool) -> Block {
    let proof = match apart {
        true => ": they die as well where their keys lie apart",
        false => "",
    };
    labelled(
        "flag",
        format!(
            "one for the whole map, not one for each bucket, group or table{proof}. It is no lock: that nobody died proves nothing"
        ),
    )
}

/// Rows of states with the same content of their cells.
fn states(all: &[Summary], cells: impl Fn(&Summary) -> Vec<String>) -> Vec<Vec<String>> {
    let mut rows: Vec<(Vec<Fill>, Vec<Keys>, Vec<String>)> = Vec::new();
    let mut fills: Vec<Fill> = all.iter().map(|setting| setting.fill).collect();
    fills.dedup();
    for fill in fills {
        let here = all.iter().filter(|setting| setting.fill == fill);
        let mut by_cells: Vec<(Vec<Keys>, Vec<String>)> = Vec::new();
        for setting in here {
            let cells = cells(setting);
            match by_cells.iter_mut().find(|(_, known)| *known == cells) {
                Some((keys, _)) => keys.push(setting.keys),
                None => by_cells.push((vec![setting.keys], cells)),
            }
        }
        let alone = by_cells.len() == 1;
        for (keys, cells) in by_cells {
            let keys = if alone { Vec::new() } else { keys };
            match rows.iter_mut().find(|row| row.1 == keys && row.2 == cells) {
                Some((fills, ..)) => fills.push(fill),
                None => rows.push((vec![fill], keys, cells)),
            }
        }
    }
    let label = |keys: &[Keys]| match keys {
        [] => "any".to_owned(),
        some => words(some.iter().map(|keys| keys.word())),
    };
    rows.into_iter()
        .flat_map(|(fills, keys, cells)| {
            let mut row = vec![words(fills.iter().map(|fill| fill.word())), label(&keys)];
            row.extend(cells);
            wrapped(row)
        })
        .collect()
}

/// `entry, exit`; `-` for none.
fn words<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<&str> = words.collect();
    match words.is_empty() {
        true => "-".to_owned(),
        false => words.join(", "),
    }
}

/// A row whose long cells go on in rows below.
fn wrapped(cells: Vec<String>) -> Vec<Vec<String>> {
    let narrow = if cells.len() > 3 { STATE } else { CELL };
    let columns: Vec<Vec<String>> = cells.iter().map(|cell| fold(cell, narrow)).collect();
    let height = columns.iter().map(Vec::len).max().unwrap_or_default();
    let at = |row: usize| {
        let cell = |column: &Vec<String>| column.get(row).cloned().unwrap_or_default();
        columns.iter().map(cell).collect()
    };
    (0..height).map(at).collect()
}

/// Text in lines of so many columns, broken at spaces.
fn fold(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, String::len);
        match lines.last_mut() {
            Some(line) if last == 0 => line.push_str(word),
            Some(line) if last + 1 + word.len() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn deaths_table(all: &[Summary]) -> Block {
    let checks = |setting: &Summary, who| {
        let of = setting.deaths.iter().filter(|death| death.who == who);
        words(of.map(Death::check))
    };
    Block::Table {
        title: "At which check".into(),
        columns: vec![
            ("MAP", Fit::Middle),
            ("KEYS", Fit::Middle),
            ("A DIES", Fit::Middle),
            ("B DIES", Fit::Middle),
        ],
        rows: states(all, |setting| {
            [Who::A, Who::B].map(|who| checks(setting, who)).to_vec()
        }),
    }
}

fn damage_table(all: &[Summary]) -> Block {
    Block::Table {
        title: "What breaks where nobody dies".into(),
        columns: vec![
            ("MAP", Fit::Middle),
            ("KEYS", Fit::Middle),
            ("BREAKS", Fit::Middle),
        ],
        rows: states(all, |setting| {
            vec![words(setting.corrupts.iter().map(|damage| damage.word()))]
        }),
    }
}

/// The words of the tables, with what they mean; of states only where several are told.
fn meanings(states: &[Setting], deaths: &BTreeSet<Death>, damages: &BTreeSet<Damage>) -> Block {
    let mut words: Vec<(&str, &str)> = Vec::new();
    let fills: BTreeSet<Fill> = states.iter().map(|state| state.fill).collect();
    words.extend(fills.iter().map(|fill| (fill.word(), fill_words(*fill))));
    let keys: BTreeSet<Keys> = states.iter().map(|state| state.keys).collect();
    words.extend(keys.iter().map(|keys| (keys.word(), keys_words(*keys))));
    let checks: BTreeMap<_, _> = deaths
        .iter()
        .map(|death| (death.at, death.check()))
        .collect();
    words.extend(checks.values().map(|check| (*check, check_words(check))));
    words.extend(
        damages
            .iter()
            .map(|damage| (damage.word(), damage_words(*damage))),
    );
    let rows = words.iter().flat_map(|(word, meaning)| {
        let lines = fold(meaning, MEANING).into_iter().zip(0..);
        lines.map(|(line, at)| match at {
            0 => vec![(*word).to_owned(), line],
            _ => vec![String::new(), line],
        })
    });
    Block::Table {
        title: "The words".into(),
        columns: vec![("", Fit::Whole), ("", Fit::Middle)],
        rows: rows.collect(),
    }
}

fn fill_words(fill: Fill) -> &'static str {
    match fill {
        Fill::Empty => "nothing in it, and nothing ever was",
        Fill::Small => "a few entries in its only bucket or group",
        Fill::SmallLast => "seven entries there: one slot is free",
        Fill::SmallFull => "eight entries there: one more makes it grow",
        Fill::Room => "several buckets or groups, with room",
        Fill::Full => "several, and one more entry makes it grow",
        Fill::Split => {
            "a table of 1,024 slots is full: one more entry splits it and doubles the directory"
        }
        Fill::Growing => {
            "growth under way, their bucket still to be evacuated, which a write does first"
        }
        Fill::Evacuated => "growth under way, their bucket evacuated, another not",
    }
}

fn keys_words(keys: Keys) -> &'static str {
    match keys {
        Keys::Same => "one key",
        Keys::SamePlace => "two keys in one bucket or group",
        Keys::Apart => "two keys in different buckets or groups",
    }
}

fn check_words(check: &str) -> &'static str {
    match check {
        "entry" => "before the operation: the flag is set, so another is writing",
        "middle" => {
            "halfway: another has begun to write, evacuated the same bucket or taken the last slot"
        }
        "exit" => "at the end of a write: its own mark is gone",
        _ => "the same, where the map is small",
    }
}

fn damage_words(damage: Damage) -> &'static str {
    match damage {
        Damage::EntryLost => "a key that should be there is not found",
        Damage::EntryReturns => "a key that should be gone is found",
        Damage::WrongElement => "a key has an element that nobody stored for it",
        Damage::CountWrong => "len(m) is not the number of entries",
        Damage::WrongAnswer => "a read, range or clone was told what never was so",
        Damage::FlagLeftSet => "the flag stays set: the next operation dies, and names an innocent",
        Damage::CloneFlagSet => "the clone has the flag set: its first use dies",
        Damage::StrayAccess => "memory outside the array was used: other keys, or a fault",
    }
}

/// One example of each death, then of each damage, with its title; a death and a damage first.
fn examples<'o>(
    outcomes: &'o [Outcome],
    deaths: &BTreeSet<Death>,
    damages: &BTreeSet<Damage>,
) -> Vec<(String, &'o [Step])> {
    let of_death = deaths.iter().filter_map(|death| {
        let ends = outcomes.iter().filter(|end| end.deaths.contains(death));
        let end = ends.min_by_key(|end| (end.deaths.len(), end.example.len()))?;
        let with = match end.deaths.len() {
            1 => "",
            _ => ", and the other too",
        };
        let title = format!(
            "{:?} ({}) dies at its {} check{with}",
            death.who,
            death.operation.word(),
            death.check()
        );
        Some((title, end.example.as_slice()))
    });
    let of_damage = damages.iter().filter_map(|damage| {
        let ends = outcomes.iter().filter(|end| end.corrupts.contains(damage));
        let end = ends.min_by_key(|end| (end.corrupts.len(), end.example.len()))?;
        let title = format!("Nobody dies, {}: {}", damage.word(), damage_words(*damage));
        Some((title, end.example.as_slice()))
    });
    let mut all: Vec<_> = of_death.collect();
    let damages: Vec<_> = of_damage.collect();
    let (first, rest) = damages.split_at(damages.len().min(1));
    let at = all.len().min(1);
    all.splice(at..at, first.iter().cloned());
    all.extend(rest.iter().cloned());
    all
}

/// Steps in two columns, the flag between them.
fn example(title: &str, steps: &[Step]) -> Block {
    let row = |step: &Step| {
        let does = match step.does.split_once(" with \"") {
            Some((does, _)) => does,
            None => &step.does,
        };
        let flag = if step.flag { "set" } else { "-" };
        let lines = fold(does, CELL).into_iter().enumerate();
        lines
            .map(|(at, line)| {
                let flag = if at == 0 {
                    flag.to_owned()
                } else {
                    String::new()
                };
                match step.who {
                    Who::A => vec![line, flag, String::new()],
                    Who::B => vec![String::new(), flag, line],
                }
            })
            .collect::<Vec<_>>()
    };
    Block::Table {
        title: title.to_owned(),
        columns: vec![("A", Fit::Middle), ("FLAG", Fit::Whole), ("B", Fit::Middle)],
        rows: steps.iter().flat_map(row).collect(),
    }
}
