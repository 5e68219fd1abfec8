//! What has a beginning and an end: the runtime's ranges, the program's tasks and regions; and its messages.
//!
//! Only what is open is kept, and sums by name. Read [`Spans::range`] first.

use super::figures::{Message, Name, RangeCounts, SpanCounts};
use crate::model::trace::{Range, Region, Scope, Task, Vocabulary, Word};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::collections::{BTreeMap, VecDeque};

/// Spans open at once, of each sort; what begins beyond is counted without its time.
const OPEN_LIMIT: usize = 1 << 20;

/// Regions open at once in one goroutine.
const NESTING_LIMIT: usize = 1000;

/// Messages kept, the last ones.
const MESSAGES: usize = 32;

/// How the names of ranges begin in which nothing else runs.
const STOP: &[u8] = b"stop-the-world";

/// What an edge of a range is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Begin,
    Active,
    End,
}

#[derive(Debug, Default)]
pub(super) struct Spans {
    ranges: Vec<RangeCounts>,
    open_ranges: HashMap<(Word, Scope), i64, FxBuildHasher>,
    tasks: Vec<SpanCounts>,
    open_tasks: HashMap<u64, i64, FxBuildHasher>,
    regions: Vec<SpanCounts>,
    open_regions: HashMap<u64, Vec<(u64, Word, i64)>, FxBuildHasher>,
    logs: Vec<u64>,
    messages: VecDeque<(i64, u64, Word, Vec<u8>)>,
    longest: Vec<i64>,
    pub(super) dropped: u64,
}

fn at<T: Default + Clone>(list: &mut Vec<T>, word: Word) -> &mut T {
    let place = usize::from(word.0);
    if place >= list.len() {
        list.resize(place + 1, T::default());
    }
    &mut list[place]
}

impl Spans {
    /// An edge of a range.
    pub(super) fn range(&mut self, time: i64, edge: Edge, range: &Range) {
        let counts = at(&mut self.ranges, range.name);
        let key = (range.name, range.scope);
        match edge {
            Edge::Begin => counts.begin += 1,
            Edge::Active => counts.active += 1,
            Edge::End => {
                counts.end += 1;
                if let Some(begun) = self.open_ranges.remove(&key) {
                    let ns = time.wrapping_sub(begun);
                    counts.ns = counts.ns.wrapping_add(ns);
                    let longest = at(&mut self.longest, range.name);
                    *longest = ns.max(*longest);
                }
                return;
            }
        }
        if self.open_ranges.len() >= OPEN_LIMIT {
            self.dropped += 1;
        } else if edge == Edge::Begin {
            self.open_ranges.insert(key, time);
        } else {
            self.open_ranges.entry(key).or_insert(time);
        }
    }

    /// A task begins.
    pub(super) fn task_begin(&mut self, time: i64, task: &Task) {
        at(&mut self.tasks, task.name).count += 1;
        if self.open_tasks.len() < OPEN_LIMIT {
            self.open_tasks.insert(task.id, time);
        } else {
            self.dropped += 1;
        }
    }

    /// A task ends.
    pub(super) fn task_end(&mut self, time: i64, task: &Task) {
        if let Some(begun) = self.open_tasks.remove(&task.id) {
            close(at(&mut self.tasks, task.name), time.wrapping_sub(begun));
        }
    }

    /// A region begins in a goroutine.
    pub(super) fn region_begin(&mut self, time: i64, goroutine: u64, region: &Region) {
        at(&mut self.regions, region.name).count += 1;
        let room = self.open_regions.len() < OPEN_LIMIT;
        match self.open_regions.get_mut(&goroutine) {
            Some(open) if open.len() < NESTING_LIMIT => open.push((region.task, region.name, time)),
            None if room => {
                let open = vec![(region.task, region.name, time)];
                self.open_regions.insert(goroutine, open);
            }
            _ => self.dropped += 1,
        }
    }

    /// A region ends: the innermost one, if it is the one that is meant.
    pub(super) fn region_end(&mut self, time: i64, goroutine: u64, region: &Region) {
        let Some(open) = self.open_regions.get_mut(&goroutine) else {
            return;
        };
        let matching = open.pop_if(|(task, name, _)| *task == region.task && *name == region.name);
        if open.is_empty() {
            self.open_regions.remove(&goroutine);
        }
        if let Some((_, _, begun)) = matching {
            close(at(&mut self.regions, region.name), time.wrapping_sub(begun));
        }
    }

    /// A message.
    pub(super) fn log(&mut self, time: i64, goroutine: u64, category: Word, text: &[u8]) {
        *at(&mut self.logs, category) += 1;
        if self.messages.len() >= MESSAGES {
            self.messages.pop_front();
        }
        self.messages
            .push_back((time, goroutine, category, text.to_vec()));
    }

    pub(super) fn ranges(&self, words: &Vocabulary) -> BTreeMap<Name, RangeCounts> {
        named(&self.ranges, words, |counts| {
            counts.begin + counts.active + counts.end > 0
        })
    }

    pub(super) fn tasks(&self, words: &Vocabulary) -> BTreeMap<Name, SpanCounts> {
        named(&self.tasks, words, |counts| counts.count + counts.ended > 0)
    }

    pub(super) fn regions(&self, words: &Vocabulary) -> BTreeMap<Name, SpanCounts> {
        named(&self.regions, words, |counts| {
            counts.count + counts.ended > 0
        })
    }

    pub(super) fn logs(&self, words: &Vocabulary) -> BTreeMap<Name, u64> {
        named(&self.logs, words, |&count| count > 0)
    }

    /// The last messages, oldest first.
    pub(super) fn messages(&self, words: &Vocabulary) -> Vec<Message> {
        let shown = |(at_ns, goroutine, category, text): &(i64, u64, Word, Vec<u8>)| Message {
            at_ns: *at_ns,
            goroutine: *goroutine,
            category: Name::from(words.text(*category)),
            text: Name(text.clone()),
        };
        self.messages.iter().map(shown).collect()
    }

    /// The longest stop of the world.
    pub(super) fn longest_stop(&self, words: &Vocabulary) -> Option<(Name, i64)> {
        let ranges = self.longest.iter().enumerate();
        ranges
            .map(|(word, &ns)| (words.text(Word(word as u16)), ns))
            .filter(|(name, _)| name.starts_with(STOP))
            .max_by_key(|&(name, ns)| (ns, std::cmp::Reverse(name)))
            .map(|(name, ns)| (Name::from(name), ns))
    }
}

fn close(counts: &mut SpanCounts, ns: i64) {
    counts.ended += 1;
    counts.ns = counts.ns.wrapping_add(ns);
    counts.longest_ns = counts.longest_ns.max(ns);
}

fn named<T: Clone>(
    list: &[T],
    words: &Vocabulary,
    counted: impl Fn(&T) -> bool,
) -> BTreeMap<Name, T> {
    list.iter()
        .enumerate()
        .filter(|(_, entry)| counted(entry))
        .map(|(word, entry)| (Name::from(words.text(Word(word as u16))), entry.clone()))
        .collect()
}
