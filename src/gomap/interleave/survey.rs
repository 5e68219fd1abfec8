//! Two operations in every setting that a map can be in, or in one: what `gotriage map explain` shows and prints as JSON.
//!
//! Read [`survey`] first. Of many settings only the sums are kept: an example makes sense for one setting alone, which is [`single`].

use super::{Damage, Death, Ends, Fill, Keys, Operation, Outcome, Setting, explain, possible};
use crate::gomap::target::Target;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

/// What all orders of two operations come to, in one setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// Where their keys lie.
    pub keys: Keys,
    /// What is in the map.
    pub fill: Fill,
    /// All orders of their steps.
    pub interleavings: u128,
    /// Every fatal error that some order ends with, A's first.
    pub deaths: Vec<Death>,
    /// Some orders in which both were inside at the same time end without an error.
    pub unnoticed: bool,
    /// Every damage that some order leaves without an error.
    pub corrupts: Vec<Damage>,
    /// Where the setting was taken otherwise than asked, and what the steps imply.
    pub notes: Vec<String>,
    /// Where one setting was asked for: every way to end, with an example step by step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<Vec<Outcome>>,
}

impl Summary {
    /// The setting.
    pub fn setting(&self) -> Setting {
        Setting {
            keys: self.keys,
            fill: self.fill,
        }
    }

    /// True where no order kills or breaks anything.
    pub fn is_harmless(&self) -> bool {
        self.deaths.is_empty() && self.corrupts.is_empty()
    }
}

/// Two operations in all settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pair {
    /// What A does.
    pub a: Operation,
    /// What B does.
    pub b: Operation,
    /// By setting, in the order of [`Fill::ALL`]; none where the build has no such operation. Where neither has a key,
    /// [`Keys::Same`] stands for all.
    pub settings: Vec<Summary>,
}

/// The two operations in every setting that a map of this build can be in.
pub fn survey(target: &Target, a: Operation, b: Operation) -> Pair {
    let keys = match has_key(a) || has_key(b) {
        true => Keys::ALL,
        false => &Keys::ALL[..1],
    };
    let settings = Fill::ALL
        .iter()
        .flat_map(|&(_, fill)| keys.iter().map(move |&(_, keys)| Setting { keys, fill }));
    let settings: Vec<Setting> = settings
        .filter(|&setting| possible(target.rules.layout, setting).0 == setting)
        .filter(|setting| !(setting.fill == Fill::Empty && [a, b].contains(&Operation::Update)))
        .collect();
    let settings = settings
        .par_iter()
        .map(|&setting| Summary {
            outcomes: None,
            ..summary(target, a, b, setting)
        })
        .filter(|summary| summary.interleavings > 0)
        .collect();
    Pair { a, b, settings }
}

/// The two operations in one setting, or in the nearest to it that there can be.
pub fn single(target: &Target, a: Operation, b: Operation, setting: Setting) -> Pair {
    let settings = vec![summary(target, a, b, setting)];
    Pair { a, b, settings }
}

fn has_key(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::Clear | Operation::Iterate | Operation::Clone
    )
}

fn summary(target: &Target, a: Operation, b: Operation, setting: Setting) -> Summary {
    let explanation = explain(target, a, b, setting);
    let outcomes = explanation.outcomes;
    let deaths = outcomes.iter().flat_map(|outcome| &outcome.deaths);
    let corrupts = outcomes.iter().flat_map(|outcome| &outcome.corrupts);
    Summary {
        keys: explanation.setting.keys,
        fill: explanation.setting.fill,
        interleavings: explanation.interleavings,
        deaths: sorted(deaths),
        unnoticed: outcomes
            .iter()
            .any(|outcome| outcome.ends == Ends::BothFinish && outcome.overlap),
        corrupts: sorted(corrupts),
        notes: explanation.notes,
        outcomes: Some(outcomes),
    }
}

fn sorted<'t, T: Copy + Ord + 't>(all: impl Iterator<Item = &'t T>) -> Vec<T> {
    let mut all: Vec<T> = all.copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::gomap::interleave::Who;
    use crate::gomap::target::Arch;

    fn of(version: &str, a: Operation, b: Operation) -> Vec<Summary> {
        let target = Target::new(version.parse().unwrap(), Arch::Amd64).unwrap();
        survey(&target, a, b).settings
    }

    const LOOKING: [Operation; 3] = [Operation::Read, Operation::Iterate, Operation::Clone];
    const CHANGING: [Operation; 3] = [Operation::Update, Operation::Delete, Operation::Clear];

    #[test]
    fn who_only_looks_harms_nobody_who_only_looks() {
        for version in ["1.21", "1.23", "1.24", "1.27", "go1.25.5 X:noswissmap"] {
            for a in LOOKING {
                for b in LOOKING {
                    let all = of(version, a, b);
                    assert!(!all.is_empty());
                    assert!(
                        all.iter().all(Summary::is_harmless),
                        "{version} {a:?} {b:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn who_changes_a_map_can_kill_or_be_killed_by_anybody() {
        for version in ["1.21", "1.24", "1.27"] {
            for a in CHANGING {
                for b in LOOKING.into_iter().chain(CHANGING) {
                    let all = of(version, a, b);
                    let dies = all.iter().any(|setting| !setting.deaths.is_empty());
                    assert!(dies, "{version} {a:?} {b:?}");
                }
            }
        }
    }

    /// But for a clear, which empties the first bucket first, and that is A's.
    #[test]
    fn which_of_the_two_is_called_a_makes_no_difference() {
        let turned = |death: &Death| Death {
            who: match death.who {
                Who::A => Who::B,
                Who::B => Who::A,
            },
            ..*death
        };
        for version in ["1.23", "1.27"] {
            for a in CHANGING {
                for b in LOOKING.into_iter().chain(CHANGING) {
                    for (one, other) in of(version, a, b).iter().zip(of(version, b, a)) {
                        let mut deaths: Vec<Death> = one.deaths.iter().map(turned).collect();
                        deaths.sort_unstable();
                        let clears = [a, b].contains(&Operation::Clear);
                        if clears && one.keys == Keys::Apart {
                            assert_eq!(deaths, other.deaths, "{version} {a:?} {b:?}");
                            continue;
                        }
                        let told = (&deaths, &one.corrupts, one.unnoticed);
                        let same = (&other.deaths, &other.corrupts, other.unnoticed);
                        assert_eq!(told, same, "{version} {a:?} {b:?} {:?}", one.setting());
                    }
                }
            }
        }
    }

    #[test]
    fn settings_are_those_that_a_map_can_be_in() {
        let settings = |version, a, b| of(version, a, b).len();
        // Four fills of one bucket, in which keys lie apart no more, as in an evacuated one. Three others of each kind of map.
        assert_eq!(settings("1.23", Operation::Delete, Operation::Read), 19);
        assert_eq!(settings("1.27", Operation::Delete, Operation::Read), 17);
        assert_eq!(settings("1.27", Operation::Clear, Operation::Iterate), 7);
        // Nobody updates a key of an empty map.
        assert_eq!(settings("1.27", Operation::Update, Operation::Read), 15);
        assert_eq!(settings("1.19", Operation::Clear, Operation::Clone), 0);
    }
}
