//! A list of writes, as a user gives them, followed step by step: literals to images, images to hashes, hashes to a replay.
//!
//! ```text
//! "alpha"                 m["alpha"] = …
//! "beta"
//! delete "alpha"          delete(m, "alpha")
//! clear                   clear(m), and the map draws a new seed
//! seed 0x5bd1e995         which one: without it the hashes of what follows can't be computed
//! # a remark
//! ```
//!
//! `gotriage map grow` reads each line with [`Write::parse`], lets [`outline`] tell when the map was emptied, and hands them to
//! [`follow`]. Each time it is empty Go draws a new seed: writes under one that is not known get no place ([`Unplaced`]), and those
//! behind them only where the map's shape does not depend on it. What ends a replay early (a NaN, a seed that nobody knows) keeps the
//! steps before it.

pub mod outline;

use super::super::hash::{Hasher, KeyPlan};
use super::super::layout::Layout;
use super::super::locate::key::tophash;
use super::super::target::{Arch, Target};
use super::super::types::{GoType, MapType};
use super::super::value::{Image, KeyError};
use super::replay::path::AssignPath;
use super::replay::{Event, Outcome, Replay, ReplayError, State, word};
use super::spread::{self, Shared, Spread};
use crate::goruntime::version::MapLayout;
use outline::{Act, Outline, Seeds, Unplaced};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// Writes that are followed: each is kept with all it did, some hundred bytes, until it is printed.
pub const MAX_WRITES: usize = 500_000;

/// Low bits of a hash that a Swiss map's control byte holds.
const H2: u64 = 0x7f;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Its number in the file, from 1; `None` where it stood in no file.
    pub line: Option<u64>,
    /// What it says.
    pub what: What,
}

/// What is done to the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// `m[key] = …`
    Assign(Key),
    /// `delete(m, key)`
    Delete(Key),
    /// `clear(m)`
    Clear,
    /// Nothing: the seed that the map has had since it became empty, or, in front of all writes, since it was made.
    Seed(u64),
}

/// A key as it was given, and its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The literal.
    pub literal: String,
    /// The memory.
    pub image: Image,
}

/// Why a line is no write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// `delete` alone.
    #[error("delete what? Write the key behind it: delete \"abc\"")]
    DeleteWhat,
    /// `seed` without a word.
    #[error("\"{0}\" is no seed; write seed 0x5bd1e995")]
    Seed(String),
    /// A key that is none of this type.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A write and what it did.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Step {
    /// Its line in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The key as it was given; null for `clear`.
    pub key: Option<String>,
    /// Its hash.
    #[serde(serialize_with = "hexadecimal")]
    #[schemars(with = "Option<String>")]
    pub hash: Option<u64>,
    /// Classic: the byte of the hash that the bucket stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tophash: Option<u8>,
    /// Swiss: the bits of the hash in the control byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub h2: Option<u8>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// The write that could not be followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stopped {
    /// Its number among the writes, from 1.
    pub operation: u64,
    /// Its line in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Why.
    pub why: String,
}

/// All that happened.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct History {
    /// How the process hashes: `AES (amd64)`.
    pub hashed_by: String,
    /// The seed of the first write that has a place: `0x…`.
    #[serde(serialize_with = "hexadecimal")]
    #[schemars(with = "Option<String>")]
    pub seed: Option<u64>,
    /// Writes without a place: the map had a seed then that is not known.
    pub unplaced: Vec<Unplaced>,
    /// The other writes in order, up to the one that could not be followed.
    pub steps: Vec<Step>,
    /// Why the rest could not be followed.
    pub stopped: Option<Stopped>,
    /// From this write on all depends on a counter of overflow buckets: one that Go increments at random, or one that counts some of
    /// writes without a place.
    pub uncertain_from: Option<u64>,
    /// The header in the end; null where that is among writes without a place.
    pub end: Option<State>,
    /// How evenly the keys lie in the end; null like it.
    pub spread: Option<Spread>,
    /// Writes that worked in the same bucket or group.
    pub shared: Vec<Shared>,
}

impl Write {
    /// Reads a line; `None` for an empty one and for a remark.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn parse(text: &str, key_type: &GoType, arch: Arch) -> Result<Option<Self>, WriteError> {
        let text = text.trim();
        let (verb, rest) = text
            .split_once(char::is_whitespace)
            .map_or((text, ""), |(verb, rest)| (verb, rest.trim()));
        let what = match (verb, rest) {
            _ if text.is_empty() || text.starts_with('#') => return Ok(None),
            ("delete", "") => return Err(WriteError::DeleteWhat),
            ("delete", key) => What::Delete(Key::parse(key, key_type, arch)?),
            ("clear", "") => What::Clear,
            ("seed", word) => What::Seed(seed(word)?),
            _ => What::Assign(Key::parse(text, key_type, arch)?),
        };
        Ok(Some(Self { line: None, what }))
    }
}

impl Key {
    /// Reads a literal.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn parse(literal: &str, key_type: &GoType, arch: Arch) -> Result<Self, KeyError> {
        Ok(Self {
            literal: literal.to_owned(),
            image: Image::parse(literal, key_type, arch)?,
        })
    }
}

fn seed(text: &str) -> Result<u64, WriteError> {
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    let word = digits.map_or_else(|| text.parse(), |digits| u64::from_str_radix(digits, 16));
    word.map_err(|_| WriteError::Seed(text.to_owned()))
}

fn hexadecimal<S: Serializer>(word: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
    word.map(|word| format!("{word:#x}")).serialize(to)
}

/// Follows writes to a map that `make` returned with this hint; `outline` and `seeds` are of the same writes.
///
/// # Errors
/// [`ReplayError::Hint`]; what can't be followed later is in [`History::stopped`].
pub fn follow(
    target: &Target,
    types: &MapType,
    hint: u64,
    hasher: &Hasher,
    (outline, seeds): (&Outline, Seeds),
    writes: Vec<Write>,
) -> Result<History, ReplayError> {
    let layout = Layout::new(target, types);
    let path = AssignPath::of(types, target.word());
    let mut follower = Follower {
        target,
        hasher,
        plan: KeyPlan::new(target, &types.key),
        seed: seeds.made,
        now: seeds.now,
        last_life: outline.last_life(),
        known_from: outline.known_from(seeds).unwrap_or(0),
        replay: Replay::new(target, &layout, path, hint)?,
        first_seed: None,
        unplaced: Vec::new(),
    };
    let mut steps: Vec<Step> = Vec::new();
    let mut stopped = None;
    for (number, (write, act)) in writes.into_iter().zip(&outline.acts).enumerate() {
        let line = write.line;
        match follower.step(number, write, *act) {
            Ok(step) => steps.extend(step),
            Err(why) => {
                stopped = Some(Stopped {
                    operation: follower.replay.operations() + 1,
                    line,
                    why: why.to_string(),
                });
                break;
            }
        }
    }
    let events = || steps.iter().map(|step| &step.event);
    let Follower { replay, .. } = &follower;
    // Entries of writes without a place have none either.
    let placed = replay.places().len() as u64 == replay.count();
    Ok(History {
        hashed_by: hasher.algorithm().to_string(),
        seed: follower.first_seed,
        stopped,
        uncertain_from: events()
            .find(|event| event.uncertain)
            .map(|event| event.operation),
        end: placed.then(|| replay.state()),
        spread: placed.then(|| Spread::of(replay)),
        shared: spread::shared(events()),
        unplaced: follower.unplaced,
        steps,
    })
}

/// A map being followed.
struct Follower<'t> {
    target: &'t Target,
    hasher: &'t Hasher,
    plan: KeyPlan,
    /// The map's seed, where it is known.
    seed: Option<u64>,
    now: Option<u64>,
    /// The writes with which the map's last life begins, and the last one that has a seed.
    last_life: usize,
    known_from: usize,
    replay: Replay,
    first_seed: Option<u64>,
    unplaced: Vec<Unplaced>,
}

/// Why a write can't be followed.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error(
        "a map draws a new seed only when it becomes empty (clear, or a delete of the last entry), and here it holds entries"
    )]
    SeedOfFullMap,
    #[error("the map's seed is not known")]
    NoSeed,
}

impl Follower<'_> {
    /// `None` for what is no write, and for one that has no place.
    fn step(&mut self, number: usize, write: Write, act: Act) -> Result<Option<Step>, StepError> {
        if let What::Seed(seed) = write.what {
            self.reseed(seed)?;
            return Ok(None);
        }
        if act.outcome == Some(Outcome::Inserted) && self.replay.count() == 0 {
            let now = self.now.filter(|_| number >= self.last_life);
            if let Some(seed) = now {
                self.reseed(seed)?;
            }
        }
        if self.seed.is_none() && number < self.known_from {
            self.unseen(&write, act)?;
            return Ok(None);
        }
        self.placed(write, act).map(Some)
    }

    fn placed(&mut self, write: Write, act: Act) -> Result<Step, StepError> {
        let id = act.key.unwrap_or_default();
        let (key, hash, event) = match write.what {
            What::Assign(key) => {
                let hash = self.hash(&key)?;
                (Some(key), Some(hash), self.replay.assign(id, hash)?)
            }
            What::Delete(key) => {
                // Go does not hash for an operation on an empty map, whose seed may not even be known.
                let hash = match self.replay.count() {
                    0 => None,
                    _ => Some(self.hash(&key)?),
                };
                let event = self.replay.delete(id, hash.unwrap_or_default())?;
                (Some(key), hash, event)
            }
            What::Clear | What::Seed(_) => (None, None, self.replay.clear()?),
        };
        if hash.is_some() {
            self.first_seed = self.first_seed.or(self.seed);
        }
        if event.seed_redrawn {
            self.seed = None;
        }
        let classic = self.target.rules.layout == MapLayout::Classic;
        let bits = self.target.hash_bits();
        Ok(Step {
            line: write.line,
            key: key.map(|key| key.literal),
            hash,
            tophash: hash.filter(|_| classic).map(|hash| tophash(hash, bits)),
            h2: hash.filter(|_| !classic).map(|hash| (hash & H2) as u8),
            event,
        })
    }

    /// A write under a seed that is not known.
    fn unseen(&mut self, write: &Write, act: Act) -> Result<(), StepError> {
        if let What::Assign(key) | What::Delete(key) = &write.what {
            // Only to find NaN: it hashes differently each time under any seed.
            word(&self.plan.hash(self.hasher, &key.image, 0)?)?;
        }
        self.replay
            .unseen(act.outcome.unwrap_or(Outcome::Nothing))?;
        let last = self.replay.operations();
        match self.unplaced.last_mut() {
            Some(before) if before.last + 1 == last => before.last = last,
            _ => self.unplaced.push(Unplaced { first: last, last }),
        }
        Ok(())
    }

    fn reseed(&mut self, seed: u64) -> Result<(), StepError> {
        if self.replay.count() > 0 {
            return Err(StepError::SeedOfFullMap);
        }
        self.seed = Some(seed);
        self.replay.reseeded();
        Ok(())
    }

    fn hash(&self, key: &Key) -> Result<u64, StepError> {
        self.replay.known_seed()?;
        let seed = self.seed.ok_or(StepError::NoSeed)?;
        Ok(word(&self.plan.hash(self.hasher, &key.image, seed)?)?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::super::hash::Secrets;
    use super::*;

    fn history(map_type: &str, lines: &[&str]) -> History {
        let target = Target::new("1.23.9".parse().unwrap(), Arch::Riscv64).unwrap();
        let types = MapType::parse(map_type, target.arch).unwrap();
        let secrets = Secrets {
            hashkey: Some([3, 5, 7, 11]),
            ..Secrets::default()
        };
        let hasher = Hasher::new(&target, &secrets).unwrap();
        let writes: Vec<Write> = lines
            .iter()
            .filter_map(|line| Write::parse(line, &types.key, target.arch).unwrap())
            .collect();
        let outline = Outline::of(&writes, &types.key);
        let seeds = Seeds {
            made: Some(1),
            now: None,
        };
        follow(&target, &types, 0, &hasher, (&outline, seeds), writes).unwrap()
    }

    fn outcomes(history: &History) -> Vec<Outcome> {
        history
            .steps
            .iter()
            .map(|step| step.event.outcome)
            .collect()
    }

    #[test]
    fn keys_are_one_where_go_holds_them_equal() {
        let done = history("map[float64]int", &["0.0", "-0.0", "1", "1.0", "delete 1"]);
        use Outcome::{Deleted, Inserted, Updated};
        let deleted = Deleted { tombstone: false };
        assert_eq!(
            outcomes(&done),
            [Inserted, Updated, Inserted, Updated, deleted]
        );
        assert_eq!(done.stopped, None);
    }

    #[test]
    fn words_that_are_no_verbs_alone_are_keys() {
        let done = history(
            "map[string]int",
            &[
                "\"clear\"",
                "\"delete x\"",
                "",
                "  # none",
                "`seed 1`",
                "hex:78",
            ],
        );
        assert_eq!(outcomes(&done), [Outcome::Inserted; 4]);
    }

    #[test]
    fn lines_that_are_no_writes_are_refused() {
        let target = Target::new("1.23.9".parse().unwrap(), Arch::Amd64).unwrap();
        let types = MapType::parse("map[string]int", target.arch).unwrap();
        let refused = |line: &str| Write::parse(line, &types.key, target.arch).unwrap_err();
        assert_eq!(refused("delete"), WriteError::DeleteWhat);
        assert_eq!(refused("seed 0xzz"), WriteError::Seed("0xzz".into()));
        for line in ["alpha", "clear \"a\"", "delete alpha", "42", "\"open"] {
            assert!(matches!(refused(line), WriteError::Key(_)), "{line}");
        }
    }

    #[test]
    fn a_nan_ends_the_replay_and_keeps_what_was_before() {
        let done = history("map[float64]int", &["1.5", "NaN", "2.5"]);
        assert_eq!(outcomes(&done), [Outcome::Inserted]);
        assert_eq!(done.stopped.unwrap().operation, 2);
        assert_eq!(done.spread.unwrap().entries, 1);
    }

    #[test]
    fn a_seed_is_taken_from_an_empty_map_only() {
        let full = history("map[int]int", &["1", "seed 5", "2"]);
        assert_eq!(full.stopped.unwrap().operation, 2);
        let emptied = history("map[int]int", &["1", "delete 1", "delete 2", "seed 5", "2"]);
        use Outcome::{Deleted, Inserted, Nothing};
        let deleted = Deleted { tombstone: false };
        assert_eq!(outcomes(&emptied), [Inserted, deleted, Nothing, Inserted]);
        // What is not hashed by Go has no hash here.
        assert_eq!(emptied.steps.get(2).unwrap().hash, None);
        let unknown = history("map[int]int", &["1", "clear", "2"]);
        assert_eq!(outcomes(&unknown), [Inserted, Outcome::Cleared]);
    }
}
