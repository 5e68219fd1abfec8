//! What everybody did at some moments of the trace, a few dozen of them evenly spread.
//!
//! How long a trace is shows only at its end. So the first moments lie close together, and whenever there are too many, every second
//! one is forgotten and the next ones lie twice as far apart. Between two moments nothing is looked at: the cost does not depend on
//! the number of events. Read [`Moments::look`] first, then [`Timeline`].

use crate::model::trace::GoState;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Moments kept at most; at the end there are more than half as many, two for a column or one.
const MOST: usize = 96;

/// Between the first moments, in ns.
const FIRST_STEP: i64 = 10_000;

/// Goroutines watched one by one: the first that many places of the table of live ones.
const WATCHED: usize = 2048;

/// What one goroutine is doing.
pub(super) type Seen = (u64, GoState);

/// One moment.
#[derive(Clone, Debug)]
struct Moment {
    /// Goroutines by state, in the order of [`GoState::ALL`].
    counts: [u64; GoState::ALL.len()],
    /// Watched ones, in the order of their places.
    seen: Vec<Seen>,
}

/// Takes the moments.
#[derive(Debug)]
pub(super) struct Moments {
    /// When the next one is due.
    pub(super) next: i64,
    first: i64,
    step: i64,
    /// One every `step` from `first` on.
    kept: Vec<Moment>,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            next: i64::MIN,
            first: 0,
            step: FIRST_STEP,
            kept: Vec::new(),
        }
    }
}

impl Moments {
    /// Looks, before the event at `at` takes effect: so it has been since the event before, also at the moments due in between. `live`
    /// are the goroutines that are there.
    #[cold]
    pub(super) fn look(
        &mut self,
        at: i64,
        counts: [u64; GoState::ALL.len()],
        live: impl Iterator<Item = Seen>,
    ) {
        if self.kept.is_empty() {
            self.first = at;
        }
        let elapsed = at.saturating_sub(self.first);
        while elapsed / self.step >= MOST as i64 {
            let mut even = false;
            self.kept.retain(|_| {
                even = !even;
                even
            });
            self.step = self.step.saturating_mul(2);
        }
        let seen: Vec<Seen> = live.take(WATCHED).collect();
        // A time that nothing lies behind is due for ever.
        while self.kept.len() < MOST && self.since_first() <= elapsed {
            let seen = seen.clone();
            self.kept.push(Moment { counts, seen });
        }
        self.next = self.first.saturating_add(self.since_first());
    }

    fn since_first(&self) -> i64 {
        self.step.saturating_mul(self.kept.len() as i64)
    }

    /// The moments as columns of equal width up to `last`. `of` are goroutines that get a line, ascending; with each the state that it
    /// is known to have had from the beginning, if any.
    pub(super) fn finish(self, last: i64, of: &[(u64, Option<GoState>)]) -> (Timeline, Vec<Line>) {
        let columns = self.kept.len().min(COLUMNS);
        let length = last.saturating_sub(self.first);
        if columns < 2 || length <= 0 {
            return Default::default();
        }
        let slice = (length / columns as i64).max(1);
        let middle = |column: i64| slice * column + slice / 2;
        let index = |column| (middle(column) / self.step).clamp(0, self.kept.len() as i64 - 1);
        let moments: Vec<&Moment> = (0..columns as i64)
            .filter_map(|column| self.kept.get(index(column) as usize))
            .collect();
        let states = SHOWN.iter().map(|&state| {
            let counts = moments.iter().map(|moment| moment.counts[state as usize]);
            (state.name(), counts.collect())
        });
        let timeline = Timeline {
            first_ns: self.first,
            slice_ns: slice,
            states: states.collect(),
            goroutines: Vec::new(),
        };
        (timeline, lines(&moments, of))
    }
}

/// What each of some goroutines did at the moments; those without a single sight are left out.
fn lines(moments: &[&Moment], of: &[(u64, Option<GoState>)]) -> Vec<Line> {
    let blank = |&(goroutine, before): &(u64, Option<GoState>)| Line {
        goroutine,
        states: vec![letter(before); moments.len()],
    };
    let mut lines: Vec<Line> = of.iter().map(blank).collect();
    for (column, moment) in moments.iter().enumerate() {
        for &(goroutine, state) in &moment.seen {
            let found = lines.binary_search_by_key(&goroutine, |line| line.goroutine);
            let place = found
                .ok()
                .and_then(|at| lines.get_mut(at)?.states.get_mut(column));
            if let Some(place) = place {
                *place = letter(Some(state));
            }
        }
    }
    lines.retain(|line| line.states.iter().any(|&state| state != b' '));
    lines
}

/// One goroutine over time, a letter a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) goroutine: u64,
    pub(super) states: Vec<u8>,
}

/// Columns of a timeline at most: with a number and a name beside them they fit 80.
const COLUMNS: usize = 40;

/// States that are counted in a timeline.
const SHOWN: [GoState; 4] = [
    GoState::Running,
    GoState::Runnable,
    GoState::Syscall,
    GoState::Waiting,
];

/// One letter a state, readable without colour.
fn letter(state: Option<GoState>) -> u8 {
    match state {
        Some(GoState::Running) => b'#',
        Some(GoState::Runnable) => b'+',
        Some(GoState::Syscall) => b's',
        Some(GoState::Waiting) => b'-',
        _ => b' ',
    }
}

/// States over time: one look in the middle of each slice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Timeline {
    /// When the first slice begins, in the trace's clock.
    pub first_ns: i64,
    /// How long a slice is.
    pub slice_ns: i64,
    /// Goroutines by state, one number a slice.
    pub states: BTreeMap<&'static str, Vec<u64>>,
    /// Single goroutines.
    pub goroutines: Vec<GoroutineLine>,
}

/// One goroutine over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GoroutineLine {
    /// Its number.
    pub goroutine: u64,
    /// One letter a slice: `#` running, `+` runnable, `-` waiting, `s` in a system call, a space where it was not there or nothing tells.
    pub states: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two goroutines; the first runs through the first half of the time and waits then, the second comes in the last quarter. An
    /// event every `every` ns.
    fn watched(length: i64, every: i64) -> (Timeline, Vec<Line>) {
        let mut moments = Moments::default();
        let doing = |at: i64| {
            let first = match at < length / 2 {
                true => GoState::Running,
                false => GoState::Waiting,
            };
            let second = (at >= length / 4 * 3).then_some((8, GoState::Runnable));
            std::iter::once((7, first)).chain(second)
        };
        for at in (0..=length).step_by(every as usize) {
            if at >= moments.next {
                // Before the event: as it was since the one before.
                let before = (at - every).max(0);
                let mut counts = [0; GoState::ALL.len()];
                for (_, state) in doing(before) {
                    counts[state as usize] += 1;
                }
                moments.look(at, counts, doing(before));
            }
        }
        moments.finish(length, &[(7, None), (8, None), (9, None)])
    }

    #[test]
    fn halves_and_quarters_come_out_whatever_the_length() {
        for (length, every) in [
            (1_000_000, 1_000),
            (70_000_000, 1_000),
            (300_000_000, 7_000),
            (3_000_000_000, 750_000_000),
        ] {
            let (timeline, lines) = watched(length, every);
            let [runs, comes] = &lines[..] else {
                panic!("{lines:?}");
            };
            let width = runs.states.len();
            assert!(width >= COLUMNS / 2, "{length}: {width}");
            let many = |line: &Line, letter| line.states.iter().filter(|&&of| of == letter).count();
            assert!(
                many(runs, b'#').abs_diff(width / 2) <= 1,
                "{length}: {lines:?}"
            );
            assert!(
                many(runs, b'-').abs_diff(width / 2) <= 1,
                "{length}: {lines:?}"
            );
            assert!(
                many(comes, b'+').abs_diff(width / 4) <= 1,
                "{length}: {lines:?}"
            );
            let counted: u64 = timeline.states["Running"].iter().sum();
            assert_eq!(counted as usize, many(runs, b'#'));
        }
    }

    #[test]
    fn all_the_time_there_is_has_as_many_moments_as_any() {
        for (from, to) in [(i64::MIN, i64::MAX), (0, i64::MAX), (-1, i64::MAX)] {
            let mut moments = Moments::default();
            for at in [from, to, to] {
                moments.look(at, [0; GoState::ALL.len()], std::iter::empty());
            }
            assert!(moments.kept.len() <= MOST);
            let (timeline, _) = moments.finish(to, &[]);
            assert!(timeline.slice_ns > 0, "{from} {to}");
        }
    }

    #[test]
    fn what_was_never_looked_at_has_no_line() {
        assert_eq!(Moments::default().finish(5, &[]), Default::default());
    }
}
