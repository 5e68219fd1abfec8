//! The goroutines that are there when a trace ends: what each was doing, since when, who created and who last woke it.
//!
//! Goroutine numbers are those of the process, so a dump taken at the same time names the same ones; that is what [`LiveGoroutines`] is
//! for. It holds numbers into the tally's own tables, and spells names out only when asked. Read [`LiveGoroutines::get`] first.

use super::lineage::Birth;
use super::moments::Line;
use super::stacks::{KeptFrame, KeptStack, NameId, Stacks};
use super::wakes::Edge;
use crate::model::trace::{ABSENT, GoState, Vocabulary, Word};

/// Goroutines kept, the oldest (by number) first: as many as a report can say something about one by one.
pub const LIVE_LIMIT: usize = 100_000;

/// What is kept of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) state: GoState,
    pub(super) reason: Word,
    pub(super) since: i64,
    /// True where a status told the state, which may be older than the trace.
    pub(super) told: bool,
    pub(super) stack: KeptStack,
    pub(super) creator: u64,
    pub(super) created_at: KeptStack,
    pub(super) start: NameId,
    pub(super) waker: u64,
}

/// Wakers kept for one goroutine, the most frequent first.
const WAKERS: usize = 4;

/// The goroutines that get a line over time, ascending, with the state of those that had it all the time.
pub(super) fn watched(rows: &[Row]) -> Vec<(u64, Option<GoState>)> {
    let of = |row: &Row| (row.id, row.told.then_some(row.state));
    let mut watched: Vec<_> = rows.iter().map(of).collect();
    watched.sort_unstable_by_key(|&(id, _)| id);
    watched
}

/// Of each woken goroutine its most frequent wakers, by number of the woken.
pub(super) fn wakers(edges: &[Edge]) -> Vec<Edge> {
    let mut wakers = edges.to_vec();
    wakers.sort_unstable_by_key(|edge| {
        let count = std::cmp::Reverse(edge.count);
        (edge.woken, count, edge.waker, edge.reason)
    });
    let of_one = wakers.chunk_by(|a, b| a.woken == b.woken);
    of_one
        .flat_map(|of| of.iter().take(WAKERS))
        .copied()
        .collect()
}

/// What a tally keeps of single goroutines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) rows: Vec<Row>,
    /// By number; of those that have ended only who created others.
    pub(super) births: Vec<(u64, Birth)>,
    /// By number of the woken.
    pub(super) wakers: Vec<Edge>,
    /// By number.
    pub(super) lines: Vec<Line>,
}

/// All of them, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveGoroutines {
    kept: Kept,
    stacks: Stacks,
    words: Vocabulary,
    last: i64,
    left_out: u64,
}

impl LiveGoroutines {
    /// `last`: when the trace ended, in its clock.
    pub(super) fn new(
        mut kept: Kept,
        stacks: Stacks,
        words: Vocabulary,
        last: i64,
        left_out: u64,
    ) -> Self {
        kept.rows.sort_unstable_by_key(|row| row.id);
        Self {
            kept,
            stacks,
            words,
            last,
            left_out,
        }
    }

    /// The goroutine of that number.
    pub fn get(&self, id: u64) -> Option<LiveGoroutine<'_>> {
        let rows = &self.kept.rows;
        let place = rows.binary_search_by_key(&id, |row| row.id).ok()?;
        rows.get(place).map(|row| self.seen(row))
    }

    /// All, by number.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = LiveGoroutine<'_>> {
        self.kept.rows.iter().map(|row| self.seen(row))
    }

    /// How a goroutine was created, where that was in the trace: one that is alive, or that has ended and had created others.
    pub fn creation(&self, id: u64) -> Option<Creation<'_>> {
        let births = &self.kept.births;
        let place = births.binary_search_by_key(&id, |&(id, _)| id).ok()?;
        let (_, birth) = births.get(place)?;
        Some(Creation { birth, table: self })
    }

    /// The distinct frames at which goroutines wait and were created; all of them stand at calls.
    pub fn calls(&self) -> Vec<LiveFrame<'_>> {
        let waiting = |row: &&Row| row.state == GoState::Waiting;
        let stood = self.kept.rows.iter().filter(waiting).map(|row| row.stack);
        let created = self.kept.births.iter().map(|(_, birth)| birth.created_at);
        let mut stacks: Vec<KeptStack> = stood.chain(created).collect();
        stacks.sort_unstable();
        stacks.dedup();
        let mut calls: Vec<LiveFrame<'_>> = stacks
            .into_iter()
            .flat_map(|stack| self.frames(stack))
            .collect();
        calls.sort_unstable();
        calls.dedup();
        calls
    }

    /// What it did over time, a letter for each slice of [`super::Timeline`].
    pub fn line(&self, id: u64) -> Option<&str> {
        let lines = &self.kept.lines;
        let place = lines
            .binary_search_by_key(&id, |line| line.goroutine)
            .ok()?;
        std::str::from_utf8(&lines.get(place)?.states).ok()
    }

    /// How many are alive and not kept, because of [`LIVE_LIMIT`].
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn frames(&self, stack: KeptStack) -> impl ExactSizeIterator<Item = LiveFrame<'_>> {
        let stacks = &self.stacks;
        let shown = |frame: &KeptFrame| LiveFrame {
            func: stacks.text(frame.func),
            file: stacks.text(frame.file),
            line: frame.line,
        };
        stacks.frames(stack).iter().map(shown)
    }

    fn seen<'a>(&'a self, row: &'a Row) -> LiveGoroutine<'a> {
        LiveGoroutine { row, table: self }
    }
}

/// A goroutine that is there when the trace ends.
#[derive(Clone, Copy, Debug)]
pub struct LiveGoroutine<'a> {
    row: &'a Row,
    table: &'a LiveGoroutines,
}

impl<'a> LiveGoroutine<'a> {
    /// Its number.
    pub fn id(&self) -> u64 {
        self.row.id
    }

    /// What it does at the end.
    pub fn state(&self) -> GoState {
        self.row.state
    }

    /// Why it waits, or was stopped, in the words of the trace (`sync`, `chan receive`); empty where it does neither, or did so before
    /// the trace began.
    pub fn reason(&self) -> &'a [u8] {
        self.table.words.text(self.row.reason)
    }

    /// Since when it has been in its state, in ns of the trace's clock.
    pub fn since_ns(&self) -> i64 {
        self.row.since
    }

    /// How long that is at the end of the trace, in ns.
    pub fn for_ns(&self) -> i64 {
        self.table.last.wrapping_sub(self.row.since)
    }

    /// True where the trace only tells that it was in its state already: it has been so for longer than [`Self::for_ns`].
    pub fn since_before(&self) -> bool {
        self.row.told
    }

    /// Where it was when it came into its state, innermost frame first.
    pub fn stack(&self) -> impl ExactSizeIterator<Item = LiveFrame<'a>> {
        self.frames(self.row.stack)
    }

    /// Who created it, where that was in the trace and was a goroutine.
    pub fn creator(&self) -> Option<u64> {
        (self.row.creator != ABSENT).then_some(self.row.creator)
    }

    /// Its creator's stack at the `go` statement, innermost frame first.
    pub fn created_at(&self) -> impl ExactSizeIterator<Item = LiveFrame<'a>> {
        self.frames(self.row.created_at)
    }

    /// The function it began with; empty where the trace does not tell.
    pub fn start_func(&self) -> &'a [u8] {
        self.table.stacks.text(self.row.start)
    }

    /// Who woke it, most often first: the waker's number, what it had waited for, how often.
    pub fn wakers(&self) -> impl Iterator<Item = (u64, &'a [u8], u64)> {
        let (table, id) = (self.table, self.row.id);
        let wakers = &table.kept.wakers;
        let first = wakers.partition_point(|edge| edge.woken < id);
        let of_it = wakers.get(first..).unwrap_or_default().iter();
        of_it
            .take_while(move |edge| edge.woken == id)
            .map(|edge| (edge.waker, table.words.text(edge.reason), edge.count))
    }

    /// The goroutine that woke it last, if one did.
    pub fn woken_by(&self) -> Option<u64> {
        (self.row.waker != ABSENT).then_some(self.row.waker)
    }

    fn frames(&self, stack: KeptStack) -> impl ExactSizeIterator<Item = LiveFrame<'a>> + use<'a> {
        self.table.frames(stack)
    }
}

/// A creation that the trace saw.
#[derive(Clone, Copy, Debug)]
pub struct Creation<'a> {
    birth: &'a Birth,
    table: &'a LiveGoroutines,
}

impl<'a> Creation<'a> {
    /// Who ran the `go` statement, if a goroutine did.
    pub fn creator(&self) -> Option<u64> {
        (self.birth.creator != ABSENT).then_some(self.birth.creator)
    }

    /// The creator's stack at the `go` statement, innermost frame first.
    pub fn stack(&self) -> impl ExactSizeIterator<Item = LiveFrame<'a>> {
        self.table.frames(self.birth.created_at)
    }

    /// The function that the new one began with.
    pub fn start_func(&self) -> &'a [u8] {
        self.table.stacks.text(self.birth.start)
    }
}

/// A frame of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LiveFrame<'a> {
    /// Function.
    pub func: &'a [u8],
    /// Source path.
    pub file: &'a [u8],
    /// Line.
    pub line: u32,
}
