//! What two goroutines on one map do to each other.
//!
//! ```text
//!   A: m["x"] = 1          flag          B: m["y"] = 2                (Go 1.23; the keys lie in different buckets)
//!   checks the flag         0
//!                           0            checks the flag
//!   reads the flag          0
//!   stores it turned over   1
//!                           1            reads the flag
//!                           0            stores it turned over
//!   …                       0            …
//!   checks its mark: dies   0            checks its mark: dies
//! ```
//!
//! There is one flag for the whole map, it is changed by a load and a store, and between a check and the mark behind it lies the
//! hashing of the key. So whether anybody notices depends on how the steps fall: [`explain`] runs all the ways in which the steps of
//! two operations can be mixed, on a map of a few cells, by the steps that this build's code has
//! ([`crate::goruntime::mapsteps`]), and counts how each of them ends. Nothing is told to it about what goes wrong: deaths are
//! checks that failed, and damage is what neither order of the two operations, one after the other, would have left behind.
//!
//! Memory is taken to be sequentially consistent: each step is seen by the other goroutine at once. Real processors let a store wait
//! in a buffer while later loads go on. That adds ways to pass each other unnoticed and to break things; deaths are claimed only as the
//! steps allow, and no real run showed another.
//! Counts are numbers of orders, not probabilities: real steps take different times.
//!
//! Read [`Setting`] and [`Outcome`] first, then [`machine`] (the map and its steps), [`growth`], [`search`] (all orders), [`damage`]. [`survey`]
//! asks for every setting at once.

mod damage;
mod growth;
mod machine;
mod memory;
mod search;
pub mod survey;
mod words;

#[cfg(test)]
mod tests;

use super::target::Target;
use crate::goruntime::mapchecks::CheckPoint;
use crate::goruntime::mapops::MapOp;
use crate::goruntime::mapsteps::course;
use crate::goruntime::version::MapLayout;
use machine::Machine;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::str::FromStr;

/// What a goroutine does, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// `m[k] = v` of a key that is not there (yet).
    Insert,
    /// `m[k] = v` of a key that is there; the same code.
    Update,
    /// `delete(m, k)`.
    Delete,
    /// `clear(m)`.
    Clear,
    /// `m[k]`.
    Read,
    /// One step of `range m`, at the bucket or group of the other goroutine's key.
    Iterate,
    /// `maps.Clone(m)`.
    Clone,
}

/// How the keys of the two goroutines lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// One key.
    Same,
    /// Two keys, one bucket or group.
    SamePlace,
    /// Two keys in different buckets or groups.
    Apart,
}

/// What is in the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// Nothing; nothing was ever in it.
    Empty,
    /// A few entries in its only bucket or group.
    Small,
    /// Seven there: one slot is free.
    SmallLast,
    /// Eight there: one more makes it grow.
    SmallFull,
    /// Several buckets or groups, and room for more.
    Room,
    /// Several, and one more makes it grow: a classic map begins, a Swiss table is replaced.
    Full,
    /// A table of the largest size is full (Swiss only): one more entry splits it in two, for which the directory is doubled.
    Split,
    /// Growth under way (classic only): every write evacuates buckets first. Where the keys are [`Keys::Apart`], both their buckets
    /// are still to be evacuated, else only the one they share.
    Growing,
    /// Growth under way (classic only), and the bucket that the keys share is evacuated already; another is not.
    Evacuated,
}

/// The map that the two meet on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting {
    /// Their keys. An operation without a key takes no notice.
    pub keys: Keys,
    /// Its entries.
    pub fill: Fill,
}

/// One of the two goroutines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub enum Who {
    /// The one with the first operation.
    A,
    /// The one with the second.
    B,
}

/// How it ends for the two, each taken to its own end. A process may be gone before the second one raises its error: where both
/// die, the text may show one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// Nobody notices.
    BothFinish,
    /// Only A raises a fatal error.
    ADies,
    /// Only B.
    BDies,
    /// Both raise one.
    BothDie,
}

/// A fatal error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Death {
    /// Who raises it.
    pub who: Who,
    /// Doing what.
    pub operation: Operation,
    /// At which check.
    #[serde(serialize_with = "check_word")]
    #[schemars(with = "String")]
    pub at: CheckPoint,
    /// What stands behind `fatal error: `.
    pub message: &'static str,
}

/// Damage that nobody noticed: what neither order of the two operations leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// A key that should be there is not found: its slot was taken by another, it lies where its hash no longer leads, or it was
    /// written to an array that was then dropped.
    EntryLost,
    /// A key that should be gone is found.
    EntryReturns,
    /// A key is found with an element that nobody means it to have: a zero that was never stored over, or another key's.
    WrongElement,
    /// `len` does not say how many keys are found.
    CountWrong,
    /// A read, an iteration step or a clone was told of an element, an entry or a number of entries that was true neither before nor
    /// after: a half-written entry, or a key missed.
    WrongAnswer,
    /// Both are through and the flag is set: the next operation dies although nobody is inside.
    FlagLeftSet,
    /// The clone was born with the flag set: the first operation on it dies although nobody else has it.
    CloneFlagSet,
    /// A size was used with an array of another size: cells of other keys, or memory that is no cell at all. It may fault.
    StrayAccess,
}

/// One step of an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// Whose.
    pub who: Who,
    /// What it reads or stores, in words.
    pub does: String,
    /// The flag behind it.
    pub flag: bool,
}

/// One way to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Outcome {
    /// Who is left.
    pub ends: Ends,
    /// The fatal errors, A's first.
    pub deaths: Vec<Death>,
    /// Where nobody dies: both were past their first check at the same time, so that luck alone decided.
    pub overlap: bool,
    /// Where nobody dies: what is broken.
    pub corrupts: Vec<Damage>,
    /// In how many orders of the steps it ends so.
    pub count: u128,
    /// One of them, as short and with as few changes of turn as there is.
    pub example: Vec<Step>,
}

/// What two operations on one map can do to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The map that it is about: the nearest to what was asked for that there can be.
    pub setting: Setting,
    /// All orders of their steps.
    pub interleavings: u128,
    /// How they end, those without a death first.
    pub outcomes: Vec<Outcome>,
    /// Where the question was taken otherwise than asked, and what the steps imply.
    pub notes: Vec<String>,
}

/// A word that is no operation, relation of keys or fill.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" is none of {known}")]
pub struct UnknownWord {
    /// As given.
    pub given: String,
    /// What there is.
    pub known: String,
}

fn check_word<S: Serializer>(point: &CheckPoint, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(words::check(*point))
}

macro_rules! words {
    ($type:ident: $($word:literal => $value:ident),+ $(,)?) => {
        impl $type {
            /// All of them, with the word each is known by.
            pub const ALL: &'static [(&'static str, $type)] = &[$(($word, $type::$value)),+];

            /// The word it is known by.
            pub fn word(self) -> &'static str {
                Self::ALL.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let known = || Self::ALL.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
                let row = Self::ALL.iter().find(|(word, _)| *word == text);
                row.map(|&(_, value)| value).ok_or_else(|| UnknownWord { given: text.to_owned(), known: known() })
            }
        }
    };
}

words!(Operation: "insert" => Insert, "update" => Update, "delete" => Delete, "clear" => Clear, "read" => Read,
    "iterate" => Iterate, "clone" => Clone);
words!(Keys: "same" => Same, "same-place" => SamePlace, "apart" => Apart);
words!(Fill: "empty" => Empty, "small" => Small, "small-last" => SmallLast, "small-full" => SmallFull, "room" => Room,
    "full" => Full, "split" => Split, "growing" => Growing, "evacuated" => Evacuated);
words!(Damage: "entry-lost" => EntryLost, "entry-returns" => EntryReturns, "wrong-element" => WrongElement,
    "count-wrong" => CountWrong, "wrong-answer" => WrongAnswer, "flag-left-set" => FlagLeftSet,
    "clone-flag-set" => CloneFlagSet, "stray-access" => StrayAccess);

impl Death {
    /// The check's word: entry, middle, exit or exit-small.
    pub fn check(&self) -> &'static str {
        words::check(self.at)
    }
}

impl Operation {
    /// The operation as the runtime has it.
    pub fn map_op(self) -> MapOp {
        match self {
            Operation::Insert | Operation::Update => MapOp::Write,
            Operation::Delete => MapOp::Delete,
            Operation::Clear => MapOp::Clear,
            Operation::Read => MapOp::Read,
            Operation::Iterate => MapOp::Iterate,
            Operation::Clone => MapOp::Clone,
        }
    }

    fn assigns(self) -> bool {
        self.map_op() == MapOp::Write
    }
}

impl Fill {
    /// Entries that stand for it in the model.
    fn entries(self) -> u8 {
        match self {
            Fill::Empty => 0,
            Fill::Small => 3,
            Fill::SmallLast => 7,
            Fill::SmallFull => 8,
            Fill::Full => 14,
            Fill::Room | Fill::Growing | Fill::Evacuated => 40,
            Fill::Split => 90,
        }
    }

    fn is_small(self) -> bool {
        matches!(
            self,
            Fill::Empty | Fill::Small | Fill::SmallLast | Fill::SmallFull
        )
    }
}

/// All ways in which `a` and `b` can go on one map of `target`'s build.
pub fn explain(target: &Target, a: Operation, b: Operation, setting: Setting) -> Explanation {
    let (setting, mut notes) = possible(target.rules.layout, setting);
    if setting.fill == Fill::Empty && [a, b].contains(&Operation::Update) {
        notes.push(
            "nobody updates a key of an empty map: the update is taken as an insert".to_owned(),
        );
    }
    let course_of = |operation: Operation| {
        course(
            target.rules.layout,
            target.build.version,
            operation.map_op(),
        )
    };
    let (Some(first), Some(second)) = (course_of(a), course_of(b)) else {
        notes.extend(impossible(target, a, b));
        return Explanation {
            setting,
            interleavings: 0,
            outcomes: Vec::new(),
            notes,
        };
    };
    let machine = Machine::new(
        target.rules.layout,
        [a, b],
        [first, second],
        setting,
        target.rules.full_small_update_grows,
    );
    let outcomes = search::outcomes(&machine);
    remark(&outcomes, &mut notes);
    Explanation {
        setting,
        interleavings: outcomes.iter().map(|outcome| outcome.count).sum(),
        outcomes,
        notes,
    }
}

/// Why a build cannot do one of the two.
pub fn impossible(target: &Target, a: Operation, b: Operation) -> Option<String> {
    let version = target.build.version;
    let lacks = |one: &Operation| course(target.rules.layout, version, one.map_op()).is_none();
    [a, b].iter().any(lacks).then(|| {
        format!("Go {version} has no maps.Clone; golang.org/x/exp/maps iterates and assigns")
    })
}

/// The nearest setting that this kind of map can be in.
fn possible(layout: MapLayout, asked: Setting) -> (Setting, Vec<String>) {
    let (mut setting, mut notes) = (asked, Vec::new());
    let mut take = |fill: Fill, why: &str| {
        setting.fill = fill;
        notes.push(format!("{why}: taken as {}", fill.word()));
    };
    match (asked.fill, layout) {
        (Fill::Growing | Fill::Evacuated, MapLayout::Swiss) => take(
            Fill::Room,
            "a Swiss table is replaced in one go and never seen half-grown",
        ),
        (Fill::Split, MapLayout::Classic) => take(Fill::Full, "a classic map has no directory"),
        _ => {}
    }
    if setting.fill.is_small() && setting.keys == Keys::Apart {
        setting.keys = Keys::SamePlace;
        notes.push(
            "so few entries lie in one bucket or group: the keys are taken to share it".to_owned(),
        );
    }
    if setting.fill == Fill::Evacuated && setting.keys == Keys::Apart {
        setting.keys = Keys::SamePlace;
        notes.push("one bucket is evacuated: the keys are taken to share it".to_owned());
    }
    (setting, notes)
}

fn remark(outcomes: &[Outcome], notes: &mut Vec<String>) {
    let any = |test: &dyn Fn(&Outcome) -> bool| outcomes.iter().any(test);
    if any(&|outcome| outcome.ends == Ends::BothDie) {
        notes.push(
            "where both die, the process may be gone before the second error is printed".to_owned(),
        );
    }
    if any(&|outcome| outcome.ends != Ends::BothFinish) && any(&|outcome| outcome.overlap) {
        notes.push("that nobody dies does not show that they did not meet".to_owned());
    }
    if any(&|outcome| outcome.corrupts.contains(&Damage::FlagLeftSet)) {
        notes.push(
            "the flag can stay set with nobody inside: the operation that then dies had no rival, and its stack names an innocent"
                .to_owned(),
        );
    }
}
