//! What the goroutines of a trace add up to, once all is read. Read [`LivesAtEnd`] first.

use super::alive::Row;
use super::figures::{CountTime, GoroutineCounts, Name, Origin, Stretch, Waiter};
use super::lives::{Account, Kept, Lives};
use super::stacks::Stacks;
use super::top::Top;
use super::wakes::From;
use super::{name, places};
use crate::model::trace::{GoState, Vocabulary, Word};
use std::collections::BTreeMap;

/// Goroutines when all is read.
pub(super) struct LivesAtEnd {
    pub(super) lives: Lives,
    pub(super) at_end: Top<Kept>,
    pub(super) at_end_by_reason: BTreeMap<Word, u64>,
    pub(super) alive: Vec<Row>,
    /// Alive, and not in `alive`.
    pub(super) left_out: u64,
}

/// What [`LivesAtEnd::lists`] gives.
pub(super) struct Lists {
    pub(super) waiting: Vec<Waiter>,
    pub(super) waits: Vec<Stretch>,
    pub(super) at_end: Vec<Stretch>,
    pub(super) runnable: Vec<Stretch>,
    pub(super) syscalls: Vec<Stretch>,
}

impl LivesAtEnd {
    pub(super) fn counts(&self) -> GoroutineCounts {
        self.lives.counts
    }

    pub(super) fn dropped_origins(&self) -> u64 {
        self.lives.dropped_origins
    }

    /// `Running->Waiting` and how often.
    pub(super) fn transitions(&self) -> BTreeMap<String, u64> {
        let mut named = BTreeMap::new();
        for (row, from) in self.lives.transitions.iter().zip(GoState::ALL) {
            for (&count, to) in row.iter().zip(GoState::ALL) {
                if count > 0 {
                    named.insert(format!("{}->{}", from.name(), to.name()), count);
                }
            }
        }
        named
    }

    /// Time in each state; with `backfill` from the beginning of the trace.
    pub(super) fn state_times(&self, backfill: bool) -> BTreeMap<&'static str, i64> {
        let states = [
            GoState::Runnable,
            GoState::Running,
            GoState::Waiting,
            GoState::Syscall,
        ];
        let time = |state: GoState| {
            let before = self.lives.backfill[state as usize];
            let total = self.lives.totals[state as usize];
            total.wrapping_add(if backfill { before } else { 0 })
        };
        states.map(|state| (state.name(), time(state))).into()
    }

    pub(super) fn block_reasons(&self, words: &Vocabulary) -> BTreeMap<Name, CountTime> {
        self.by_reason(Account::block, words)
    }

    pub(super) fn stop_reasons(&self, words: &Vocabulary) -> BTreeMap<Name, CountTime> {
        self.by_reason(Account::stop, words)
    }

    fn by_reason(
        &self,
        account: fn(Word) -> Account,
        words: &Vocabulary,
    ) -> BTreeMap<Name, CountTime> {
        let all = (0..words.len()).map(|word| Word(word as u16));
        let booked = all.map(|word| (word, self.lives.accounts.of(account(word))));
        booked
            .filter(|(_, sums)| sums.count > 0)
            .map(|(word, sums)| (Name::from(words.text(word)), sums))
            .collect()
    }

    pub(super) fn at_end_by_reason(&self, words: &Vocabulary) -> BTreeMap<Name, u64> {
        let named = |(&word, &count): (&Word, &u64)| (Name::from(words.text(word)), count);
        self.at_end_by_reason.iter().map(named).collect()
    }

    /// By number of goroutines, then by name and place.
    pub(super) fn origins(&self, stacks: &Stacks) -> Vec<(From, Origin)> {
        let mut origins: Vec<(From, Origin)> = self
            .lives
            .origins
            .iter()
            .map(|(&from, sums)| {
                let origin = Origin {
                    created_at: places(from.0, stacks),
                    start_func: name(from.1, stacks),
                    goroutines: sums.goroutines,
                    alive: sums.alive,
                    times: sums.times,
                };
                (from, origin)
            })
            .collect();
        origins.sort_by(|(_, a), (_, b)| {
            b.goroutines
                .cmp(&a.goroutines)
                .then_with(|| a.start_func.cmp(&b.start_func))
                .then_with(|| a.created_at.cmp(&b.created_at))
        });
        origins
    }

    /// The lists of the greatest.
    pub(super) fn lists(self, stacks: &Stacks, words: &Vocabulary) -> Lists {
        let stretches = |list: Top<Kept>| -> Vec<Stretch> {
            let shown = |kept: Kept| Stretch {
                goroutine: kept.goroutine,
                start_func: name(kept.start, stacks),
                since_ns: kept.since,
                ns: kept.ns,
                reason: Name::from(words.text(kept.reason)),
                stack: places(kept.stack, stacks),
                at_end: kept.at_end,
            };
            list.into_sorted().into_iter().map(shown).collect()
        };
        let waiter = |(goroutine, wait_ns, creator, start)| Waiter {
            goroutine,
            wait_ns,
            create_func: name(creator, stacks),
            start_func: name(start, stacks),
        };
        let waiting = self.lives.waiting.into_sorted();
        let [_, _, runnable, _, waits, syscalls] = self.lives.longest;
        Lists {
            waiting: waiting.into_iter().map(waiter).collect(),
            waits: stretches(waits),
            at_end: stretches(self.at_end),
            runnable: stretches(runnable),
            syscalls: stretches(syscalls),
        }
    }
}
