//! The next event of every thread, and which comes first.
//!
//! A cursor walks over the batches of one thread and decodes one event at a time; the cursors stand in a binary heap by time. Where
//! times are equal, what Go's own reader takes first follows from the shape of its heap, so this heap moves exactly as that one:
//! cursors enter in the order of their first batch in the file, sift up while the parent is later, sift down to the strictly
//! earliest of three, and when the head has to wait the heap is sorted. Read [`Frontier::step`] first.

use super::super::leb::Bytes;
use super::index::Batch;
use super::order::Step;
use crate::goruntime::tracewire::{ARGUMENT_COUNTS, MAX_ARGUMENTS, NOT_TIMED};
use crate::model::trace::{DamageKind, Damages, Tick};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// No further batch.
const NONE: u32 = u32::MAX;

/// A decoded event.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    /// Its wire number.
    pub(super) number: u8,
    /// When, in ns.
    pub(super) at: i64,
    /// Its arguments after `dt`.
    pub(super) arguments: [u64; MAX_ARGUMENTS],
}

/// The stream of one thread.
pub(super) struct Cursor<'t> {
    /// The thread's number, or `ABSENT`.
    pub(super) thread: u64,
    /// Its slot among the threads; the state tracking sets it at the first event.
    pub(super) slot: u32,
    /// The event that comes next.
    pub(super) head: Head,
    bytes: Bytes<'t>,
    /// Where `bytes` begin in the file.
    base: usize,
    /// Where `head` begins in `bytes`.
    head_at: usize,
    /// Time to which `head` adds its own.
    before: i64,
    /// Of `head` only the time is known; it is whole, and begins at `bytes`' position.
    peeked: bool,
    /// The batch that comes next.
    next: u32,
    /// The last one known, while batches are being gathered.
    latest: u32,
}

impl<'t> Cursor<'t> {
    /// Where in the file the head begins.
    pub(super) fn offset(&self) -> usize {
        self.base + self.head_at
    }

    /// The batch's bytes from the head on, and the time to which the head adds its own.
    #[inline(always)]
    pub(super) fn at_head(&self) -> (&'t [u8], i64) {
        (self.bytes.since(self.head_at), self.before)
    }

    /// Goes behind the first `length` bytes of [`Self::at_head`]. `at`: time of the last event in them. `next`: time of the one behind,
    /// if that is known, and the event whole.
    #[inline(always)]
    pub(super) fn go_on(&mut self, at: i64, length: usize, next: Option<i64>) {
        self.head_at += length;
        self.bytes.go_to(self.head_at);
        self.before = at;
        self.head.at = next.unwrap_or(at);
        self.peeked = next.is_some();
    }

    /// Decodes the head, if only its time is known. Called before anybody looks at it.
    #[inline(always)]
    pub(super) fn look(&mut self, tick: Tick) {
        if self.peeked {
            self.peeked = false;
            self.head.at = self.before;
            // It is whole.
            let _ = event(self, tick);
        }
    }
}

/// All threads of a generation.
pub(super) struct Frontier<'t> {
    cursors: Vec<Cursor<'t>>,
    /// Time of the head, number of the cursor.
    heap: Vec<(i64, u32)>,
    batches: Vec<Batch<'t>>,
    /// For each batch the next one of its thread.
    links: Vec<u32>,
    tick: Tick,
}

impl<'t> Frontier<'t> {
    /// Gathers batches by thread and reads everybody's first event.
    pub(super) fn new(batches: Vec<Batch<'t>>, tick: Tick, damage: &mut Damages) -> Self {
        let mut frontier = Self {
            cursors: Vec::new(),
            heap: Vec::new(),
            links: vec![NONE; batches.len()],
            batches,
            tick,
        };
        let mut threads: HashMap<u64, u32, FxBuildHasher> = HashMap::default();
        for (number, batch) in frontier.batches.iter().enumerate() {
            let number = number as u32;
            let cursor = *threads.entry(batch.thread).or_insert_with(|| {
                frontier.cursors.push(Cursor {
                    thread: batch.thread,
                    slot: NONE,
                    head: Head::default(),
                    bytes: Bytes::new(&[]),
                    base: 0,
                    head_at: 0,
                    before: 0,
                    peeked: false,
                    next: number,
                    latest: NONE,
                });
                (frontier.cursors.len() - 1) as u32
            });
            let cursor = &mut frontier.cursors[cursor as usize];
            if let Some(link) = frontier.links.get_mut(cursor.latest as usize) {
                *link = number;
            }
            cursor.latest = number;
        }
        for cursor in 0..frontier.cursors.len() {
            if frontier.decode(cursor, damage) {
                let at = frontier.cursors[cursor].head.at;
                frontier.heap.push((at, cursor as u32));
                frontier.sift_up(frontier.heap.len() - 1);
            }
        }
        frontier
    }

    /// The earliest head's time.
    #[inline]
    pub(super) fn earliest(&self) -> Option<i64> {
        self.heap.first().map(|entry| entry.0)
    }

    /// Threads with events left.
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    /// The cursor at a place of the heap; 0 is the earliest.
    #[inline]
    pub(super) fn cursor(&mut self, place: usize) -> Option<&mut Cursor<'t>> {
        let &(_, number) = self.heap.get(place)?;
        let cursor = self.cursors.get_mut(number as usize)?;
        cursor.look(self.tick);
        Some(cursor)
    }

    /// Lets the earliest thread take its events, then the one that is the earliest after that, until the earliest event is later than
    /// `until`, until there is none, or until `take` does not answer [`Step::Done`], which is then the answer. `take` takes the head, and
    /// may take those behind it that are not later than the limit it is told.
    #[inline(always)]
    pub(super) fn run(
        &mut self,
        until: i64,
        damage: &mut Damages,
        mut take: impl FnMut(&mut Cursor<'t>, i64, Tick) -> Step,
    ) -> Step {
        while let Some(&(time, number)) = self.heap.first()
            && time <= until
        {
            let other = |place: usize| self.heap.get(place).map_or(i64::MAX, |entry| entry.0);
            let limit = other(1).min(other(2)).min(until);
            let cursor = &mut self.cursors[number as usize];
            let (mut step, mut more) = (Step::Done, true);
            while step == Step::Done && more && cursor.head.at <= limit {
                step = take(cursor, limit, self.tick);
                more = step != Step::Done
                    || cursor.peeked
                    || decode(cursor, &self.batches, &self.links, self.tick, damage);
            }
            let at = cursor.head.at;
            match more {
                true => self.sink(0, (at, number)),
                false => self.remove(0),
            }
            if step != Step::Done {
                return step;
            }
        }
        Step::Done
    }

    /// Takes the head of that cursor as done and reads the next one.
    pub(super) fn step(&mut self, place: usize, damage: &mut Damages) {
        let number = self.heap[place].1 as usize;
        if !self.decode(number, damage) {
            self.remove(place);
            return;
        }
        self.heap[place].0 = self.cursors[number].head.at;
        if self.sift_up(place) == place {
            self.sift_down(place);
        }
    }

    /// Puts the heap in the order of time, for trying one after the other.
    pub(super) fn sort(&mut self) {
        self.heap.sort_by_key(|entry| entry.0);
    }

    fn decode(&mut self, number: usize, damage: &mut Damages) -> bool {
        let cursor = &mut self.cursors[number];
        decode(cursor, &self.batches, &self.links, self.tick, damage)
    }

    fn sift_up(&mut self, mut place: usize) -> usize {
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.heap[parent].0 <= self.heap[place].0 {
                break;
            }
            self.heap.swap(parent, place);
            place = parent;
        }
        place
    }

    fn sift_down(&mut self, place: usize) {
        if let Some(&entry) = self.heap.get(place) {
            self.sink(place, entry);
        }
    }

    /// Puts `entry` in `place`, and then down to where it belongs. It is held in registers meanwhile: what was written in parts and
    /// then copied whole makes the processor wait.
    #[inline(always)]
    fn sink(&mut self, mut place: usize, entry: (i64, u32)) {
        loop {
            let (mut least, mut lead) = (place, entry);
            for child in [2 * place + 1, 2 * place + 2] {
                if let Some(&below) = self.heap.get(child)
                    && below.0 < lead.0
                {
                    (least, lead) = (child, below);
                }
            }
            self.heap[place] = lead;
            if least == place {
                return;
            }
            place = least;
        }
    }

    fn remove(&mut self, mut place: usize) {
        while place > 0 {
            let parent = (place - 1) / 2;
            self.heap.swap(parent, place);
            place = parent;
        }
        self.heap.swap_remove(0);
        self.sift_down(0);
    }
}

/// Reads a cursor's next event; false where it has none. What cannot be decoded costs the rest of its batch.
#[inline(always)]
fn decode<'t>(
    cursor: &mut Cursor<'t>,
    batches: &[Batch<'t>],
    links: &[u32],
    tick: Tick,
    damage: &mut Damages,
) -> bool {
    loop {
        if quick_event(cursor, tick) {
            return true;
        }
        if cursor.bytes.left() == 0 {
            if !next_batch(cursor, batches, links, tick) {
                return false;
            }
            continue;
        }
        match event(cursor, tick) {
            Ok(()) => return true,
            Err(kind) => {
                damage.add(
                    kind,
                    cursor.base + cursor.head_at,
                    cursor.bytes.left() + cursor.bytes.position() - cursor.head_at,
                );
                cursor.bytes = Bytes::new(&[]);
            }
        }
    }
}

/// Decodes an event of short numbers into the cursor's head; false where it is another, which stays to be decoded.
#[inline(always)]
fn quick_event(cursor: &mut Cursor<'_>, tick: Tick) -> bool {
    let Some(mut window) = cursor.bytes.window() else {
        return false;
    };
    let number = window.byte();
    let count = ARGUMENT_COUNTS[usize::from(number)];
    let delta = window.number();
    let mut arguments = [0; 3];
    // Unrolled: a loop over so few numbers costs more than they do.
    let [a, b, c] = &mut arguments;
    if count > 0 {
        *a = window.number();
    }
    if count > 1 {
        *b = window.number();
    }
    if count > 2 {
        *c = window.number();
    }
    let head_at = cursor.bytes.position();
    if count > 3 || !cursor.bytes.skip(&window) {
        return false;
    }
    cursor.head_at = head_at;
    let head = &mut cursor.head;
    cursor.before = head.at;
    head.number = number;
    head.at = head.at.wrapping_add(tick.ns(delta));
    let [a, b, c] = arguments;
    head.arguments = [a, b, c, 0];
    true
}

/// Goes on with the thread's next batch; false where there is none.
#[cold]
fn next_batch<'t>(
    cursor: &mut Cursor<'t>,
    batches: &[Batch<'t>],
    links: &[u32],
    tick: Tick,
) -> bool {
    let number = cursor.next as usize;
    let (Some(batch), Some(&next)) = (batches.get(number), links.get(number)) else {
        return false;
    };
    cursor.next = next;
    cursor.bytes = Bytes::new(batch.data);
    cursor.base = batch.offset;
    cursor.head.at = tick.ns(batch.time);
    true
}

/// Decodes the event at the cursor's position into its head.
#[inline(never)]
fn event(cursor: &mut Cursor<'_>, tick: Tick) -> Result<(), DamageKind> {
    cursor.head_at = cursor.bytes.position();
    let number = cursor.bytes.byte().ok_or(DamageKind::BrokenEvent)?;
    let count = ARGUMENT_COUNTS[usize::from(number)];
    if count == NOT_TIMED {
        return Err(DamageKind::UnknownEvent);
    }
    let delta = cursor.bytes.number().ok_or(DamageKind::BrokenEvent)?;
    let head = &mut cursor.head;
    head.arguments = [0; MAX_ARGUMENTS];
    for argument in head.arguments.iter_mut().take(usize::from(count)) {
        *argument = cursor.bytes.number().ok_or(DamageKind::BrokenEvent)?;
    }
    cursor.before = head.at;
    head.number = number;
    head.at = head.at.wrapping_add(tick.ns(delta));
    Ok(())
}
