//! Adding up on a second thread, while the first one puts the events in order.
//!
//! Between the two go chunks of words, as few as can be, since what one processor writes and another reads is dear. Where the reader has
//! checked many changes of state in a row ([`Passages`]), two words say where their bytes are in the trace; one that comes by itself is
//! [`Packed`] into eight bytes, if it is of the frequent kinds; all else goes as the event it is. The tally gets the same events in the
//! same order as without a second thread, so it comes to the same sums. Tables are not handed over: when a generation begins or ends,
//! the tally is taken back, which learns what it needs of them. Read [`add_up`] first, then [`Relay::transition`], which packs, and
//! [`Chunk::add_to`], which unpacks.

use super::Tally;
use super::lives::Passage;
use crate::model::trace::{
    ABSENT, Context, Event, EventKind, GoState, GoTransition, NO_SLOT, Passages, Sink, StackRef,
    Tables, Tick, Word,
};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

/// Events of a chunk: enough that handing over costs nothing, few enough that the other thread begins early.
const CHUNK: usize = 1 << 14;

/// Events in a chunk that go as they are: they take more than a hundred bytes each.
const OTHERS: usize = 1 << 10;

/// Chunks on their way: so many that who reads a little faster need not be woken for each.
const IN_FLIGHT: usize = 32;

/// Adds up what `read`, which reads the trace in `bytes`, hands to the sink: on a second thread if there may be one. `watch` is told
/// the number of events now and then.
pub fn add_up<R>(
    top: usize,
    bytes: &[u8],
    watch: &(dyn Fn(u64) + Sync),
    read: impl FnOnce(&mut Relay<'_, '_>) -> R,
) -> (Tally, R) {
    // Not rayon's number: asking for that starts its threads, which look for work that there is not.
    let beside = std::thread::available_parallelism().is_ok_and(|threads| threads.get() > 1);
    relayed(Tally::new(top), bytes, beside.then_some(CHUNK), watch, read)
}

/// `beside`: events of a chunk, if there may be a second thread.
fn relayed<R>(
    tally: Tally,
    bytes: &[u8],
    beside: Option<usize>,
    watch: &(dyn Fn(u64) + Sync),
    read: impl FnOnce(&mut Relay<'_, '_>) -> R,
) -> (Tally, R) {
    std::thread::scope(|scope| {
        let mut relay = Relay {
            scope: beside.map(|_| scope),
            bytes,
            dense: false,
            tally: Some(Box::new(tally)),
            beside: None,
            chunk: Chunk::default(),
            size: beside.unwrap_or(CHUNK),
            last: 0,
            ids: Vec::new(),
            events: 0,
            watch,
        };
        let result = read(&mut relay);
        relay.take_back();
        let tally = relay.tally.map(|tally| *tally).unwrap_or_default();
        (tally, result)
    })
}

/// Takes events for a [`Tally`] that may be on another thread.
pub struct Relay<'scope, 'env> {
    /// None where there is but one thread.
    scope: Option<&'scope Scope<'scope, 'env>>,
    /// The whole trace.
    bytes: &'env [u8],
    /// Stacks stand by their numbers in this generation.
    dense: bool,
    /// While it is on this thread.
    tally: Option<Box<Tally>>,
    /// While it is on another.
    beside: Option<Beside<'scope>>,
    chunk: Chunk,
    /// Events at which a chunk is full.
    size: usize,
    /// Time of the event before.
    last: i64,
    /// The goroutine in each slot, as the tally was told.
    ids: Vec<u64>,
    events: u64,
    watch: &'env (dyn Fn(u64) + Sync),
}

/// A thread that adds up.
struct Beside<'scope> {
    full: SyncSender<Chunk>,
    used: Receiver<Chunk>,
    thread: ScopedJoinHandle<'scope, Box<Tally>>,
}

/// What a word of a chunk begins with, in its lowest bits: one of the frequent transitions, whole in one word.
mod tag {
    pub(super) const START: u64 = 0;
    pub(super) const BLOCK: u64 = 1;
    pub(super) const WAKE: u64 = 2;
    pub(super) const STOP: u64 = 3;
    /// A transition in [`super::WIDE`] words.
    pub(super) const WIDE: u64 = 4;
    /// An event of an experiment, which is only counted.
    pub(super) const EXPERIMENT: u64 = 5;
    /// It stands among the chunk's others, at the place in the rest of the word.
    pub(super) const OTHER: u64 = 6;
    /// Many transitions, in two words that say where their bytes are.
    pub(super) const PASSAGES: u64 = 7;
    pub(super) const MASK: u64 = 7;
}

/// How many bits of the word each part of a frequent transition has, from the lowest on, behind the tag's three.
const SLOT_BITS: u32 = 13;
const BY_BITS: u32 = 13;
const STACK_BITS: u32 = 11;
const AFTER_BITS: u32 = 24;
const _: () = assert!(3 + SLOT_BITS + BY_BITS + STACK_BITS + AFTER_BITS == u64::BITS);

/// Words of a transition that does not fit into one.
const WIDE: usize = 3;

/// The same for transitions in their bytes: in the first word their length and place, in the second the slot of the goroutine at work
/// and the time before them.
const LENGTH_BITS: u32 = 20;
const OFFSET_BITS: u32 = 41;
const OWN_BITS: u32 = 24;
const BEFORE_BITS: u32 = 40;
const _: () = assert!(3 + LENGTH_BITS + OFFSET_BITS == u64::BITS);
const _: () = assert!(OWN_BITS + BEFORE_BITS == u64::BITS);

/// In the bits of the goroutine at work: nobody.
const IDLE: u64 = (1 << OWN_BITS) - 1;

/// In the bits of `by`: nobody.
const NOBODY: u64 = (1 << BY_BITS) - 1;

/// A transition as it is packed.
#[derive(Clone, Copy, Debug)]
struct Packed {
    from: GoState,
    to: GoState,
    /// ns since the event before.
    after: u64,
    slot: u32,
    /// The waker's slot, or the reason.
    by: u32,
    /// A stack: of the goroutine, or of its waker.
    stack: u32,
}

impl Packed {
    fn tag(&self) -> Option<u64> {
        match (self.from, self.to) {
            (GoState::Runnable, GoState::Running) => Some(tag::START),
            (GoState::Running, GoState::Waiting) => Some(tag::BLOCK),
            (GoState::Waiting, GoState::Runnable) => Some(tag::WAKE),
            (GoState::Running, GoState::Runnable) => Some(tag::STOP),
            _ => None,
        }
    }

    /// In one word, if it fits.
    #[inline(always)]
    fn narrow(&self) -> Option<u64> {
        let tag = self.tag()?;
        let by = match self.by {
            NO_SLOT => NOBODY,
            by => u64::from(by),
        };
        let (slot, stack) = (u64::from(self.slot), u64::from(self.stack));
        let beyond = slot >> SLOT_BITS | stack >> STACK_BITS | self.after >> AFTER_BITS;
        let fits = beyond == 0 && by <= NOBODY && (by < NOBODY || self.by == NO_SLOT);
        let rest = (self.after << STACK_BITS | stack) << BY_BITS | by;
        fits.then_some((rest << SLOT_BITS | slot) << 3 | tag)
    }

    fn wide(&self) -> [u64; WIDE] {
        let states = u64::from(self.from as u8) << 8 | u64::from(self.to as u8) << 16;
        [
            tag::WIDE | states | u64::from(self.stack) << 32,
            u64::from(self.slot) | u64::from(self.by) << 32,
            self.after,
        ]
    }

    /// The transition of a word that holds one.
    #[inline(always)]
    fn of_narrow(word: u64, from: GoState, to: GoState) -> Packed {
        let part = |shift: u32, bits: u32| (word >> shift & ((1 << bits) - 1)) as u32;
        let by = part(3 + SLOT_BITS, BY_BITS);
        Packed {
            from,
            to,
            after: word >> (u64::BITS - AFTER_BITS),
            slot: part(3, SLOT_BITS),
            by: if u64::from(by) == NOBODY { NO_SLOT } else { by },
            stack: part(3 + SLOT_BITS + BY_BITS, STACK_BITS),
        }
    }

    /// The transition of several words.
    fn of_wide(words: [u64; WIDE]) -> Option<Packed> {
        let state = |shift: u32| {
            GoState::ALL
                .get((words[0] >> shift) as usize & 0xff)
                .copied()
        };
        Some(Packed {
            from: state(8)?,
            to: state(16)?,
            after: words[2],
            slot: words[1] as u32,
            by: (words[1] >> 32) as u32,
            stack: (words[0] >> 32) as u32,
        })
    }

    /// Hands it to the tally.
    #[inline(always)]
    fn add_to(self, tally: &mut Tally, last: &mut i64) {
        *last = last.wrapping_add(self.after as i64);
        let stack = StackRef(self.stack);
        let mut passage = Passage {
            slot: self.slot,
            from: self.from,
            to: self.to,
            reason: Word(self.by as u16),
            stack,
            by: ABSENT,
        };
        if let (GoState::Waiting, GoState::Runnable) = (self.from, self.to) {
            passage.reason = Word::EMPTY;
            passage.stack = StackRef::NONE;
            if self.by != NO_SLOT {
                passage.by = tally.lives.id(self.by);
            }
        }
        tally.pass(*last, passage, self.by, stack);
    }
}

/// Events on their way.
#[derive(Default)]
struct Chunk {
    words: Vec<u64>,
    /// With the text of a message.
    others: Vec<(Event, Vec<u8>)>,
    /// Time of the event before the first.
    from: i64,
    /// How many events there are.
    events: u64,
    /// How the times of those in their bytes are written: the same way in a whole generation.
    tick: Option<Tick>,
}

impl Chunk {
    fn clear(&mut self, from: i64) {
        self.words.clear();
        self.others.clear();
        self.tick = None;
        self.from = from;
        self.events = 0;
    }

    /// Adds transitions in their bytes, `after` ns after the event before; false where they do not fit into two words.
    #[inline(always)]
    fn push_passages(&mut self, passages: &Passages<'_>, after: i64) -> bool {
        let own = match passages.context.slot {
            NO_SLOT => IDLE,
            slot => u64::from(slot).min(IDLE + 1),
        };
        let (length, offset) = (passages.length as u64, passages.offset as u64);
        let reach = 1 << (BEFORE_BITS - 1);
        let fits = length >> LENGTH_BITS | offset >> OFFSET_BITS | own >> OWN_BITS == 0
            && (-reach..reach).contains(&after)
            && (own < IDLE || passages.context.slot == NO_SLOT);
        if fits {
            let place = (offset << LENGTH_BITS | length) << 3 | tag::PASSAGES;
            // Not as one: copying so little costs more than asking twice for room.
            self.words.push(place);
            self.words.push((after as u64) << OWN_BITS | own);
            self.events += passages.events;
            if self.tick.is_none() {
                self.tick = Some(passages.tick);
            }
        }
        fits
    }

    /// What two words of [`Self::push_passages`] say. `last`: time of the event before.
    #[inline(always)]
    fn passages<'b>(&self, words: [u64; 2], last: i64, bytes: &'b [u8]) -> Option<Passages<'b>> {
        let tick = self.tick?;
        let place = words[0] >> 3;
        let offset = (place >> LENGTH_BITS) as usize;
        let slot = match words[1] & IDLE {
            IDLE => NO_SLOT,
            slot => slot as u32,
        };
        Some(Passages {
            bytes: bytes.get(offset..)?,
            length: (place & ((1 << LENGTH_BITS) - 1)) as usize,
            offset,
            events: 0,
            before: last.wrapping_add(words[1] as i64 >> OWN_BITS),
            until: 0,
            tick,
            context: Context {
                slot,
                ..Context::NONE
            },
        })
    }

    /// Hands all events to the tally.
    fn add_to(&self, tally: &mut Tally, bytes: &[u8]) {
        use GoState::{Runnable, Running, Waiting};
        let mut at = self.from;
        let mut words = self.words.iter();
        while let Some(&word) = words.next() {
            // The frequent ones one by one: their transition is then known where it is booked.
            match word & tag::MASK {
                tag::START => Packed::of_narrow(word, Runnable, Running).add_to(tally, &mut at),
                tag::BLOCK => Packed::of_narrow(word, Running, Waiting).add_to(tally, &mut at),
                tag::WAKE => Packed::of_narrow(word, Waiting, Runnable).add_to(tally, &mut at),
                tag::STOP => Packed::of_narrow(word, Running, Runnable).add_to(tally, &mut at),
                tag::EXPERIMENT => {
                    at = at.wrapping_add((word >> 3) as i64);
                    tally.experiment(at);
                }
                tag::OTHER => {
                    if let Some((event, text)) = self.others.get((word >> 3) as usize) {
                        at = event.at;
                        tally.take(event, text);
                    }
                }
                tag::PASSAGES => {
                    let passages = words
                        .next()
                        .and_then(|&second| self.passages([word, second], at, bytes));
                    if let Some(passages) = passages {
                        at = tally.spell(&passages);
                    }
                }
                _ => {
                    let more = [words.next(), words.next()];
                    if let [Some(&second), Some(&third)] = more
                        && let Some(packed) = Packed::of_wide([word, second, third])
                    {
                        packed.add_to(tally, &mut at);
                    }
                }
            }
        }
    }
}

impl Sink for Relay<'_, '_> {
    fn generation(&mut self, tables: &Tables<'_>) {
        self.take_back();
        self.dense = tables.stacks_stand_by_number();
        if let Some(tally) = &mut self.tally {
            tally.generation(tables);
        }
    }

    #[inline(always)]
    fn event(&mut self, event: &Event, tables: &Tables<'_>) {
        let taken = match &event.kind {
            EventKind::Goroutine(change) => {
                let told =
                    self.is_in(change.slot, change.id) && self.is_context_told(&event.context);
                told && self.transition(event, change)
            }
            EventKind::Experimental(..) => self.experiment(event),
            _ => false,
        };
        if !taken {
            // A copy: what the other function sees has to lie in memory, and this event need not.
            self.other(*event, tables);
        }
    }

    #[inline(always)]
    fn passage(&mut self, event: &Event, change: &GoTransition, tables: &Tables<'_>) {
        if !self.transition(event, change) {
            self.other(*event, tables);
        }
    }

    #[inline(always)]
    fn passages(
        &mut self,
        passages: &Passages<'_>,
        slot: &mut dyn FnMut(u64) -> u32,
        tables: &Tables<'_>,
    ) {
        if self.is_here(passages) {
            let after = passages.before.wrapping_sub(self.last);
            if self.chunk.push_passages(passages, after) {
                self.last = passages.until;
                if self.chunk.events >= self.size as u64 {
                    self.send();
                }
                return;
            }
        }
        self.passages_apart(passages, slot, tables);
    }

    fn end_generation(&mut self, tables: &Tables<'_>) {
        self.take_back();
        if let Some(tally) = &mut self.tally {
            tally.end_generation(tables);
        }
    }
}

impl<'scope, 'env> Relay<'scope, 'env> {
    /// True where transitions can be found again in the bytes of the trace.
    #[inline(always)]
    fn is_here(&self, passages: &Passages<'_>) -> bool {
        let there = self.bytes.get(passages.offset..);
        self.dense
            && there.is_some_and(|there| std::ptr::eq(there.as_ptr(), passages.bytes.as_ptr()))
    }

    /// A transition in few bytes, of a goroutine that the tally was told of, and in a context that it was told of; false where it does not
    /// fit.
    #[inline(always)]
    fn transition(&mut self, event: &Event, change: &GoTransition) -> bool {
        let context = &event.context;
        let (by, fits) = match (change.from, change.to) {
            (GoState::NotExist | GoState::Undetermined, _) | (_, GoState::NotExist) => {
                return false;
            }
            (GoState::Waiting, GoState::Runnable) => (
                context.slot,
                !change.stack.is_some() && change.reason == Word::EMPTY,
            ),
            _ => {
                let own = context.slot == change.slot && context.goroutine == change.id;
                let stack = event.stack == change.stack && (own || !event.stack.is_some());
                (u32::from(change.reason.0), stack)
            }
        };
        if !fits || event.at < self.last {
            return false;
        }
        let packed = Packed {
            from: change.from,
            to: change.to,
            after: event.at.wrapping_sub(self.last) as u64,
            slot: change.slot,
            by,
            stack: event.stack.0,
        };
        self.last = event.at;
        match packed.narrow() {
            Some(word) => self.push(word),
            None => self.push_wide(packed),
        }
        true
    }

    #[inline(always)]
    fn experiment(&mut self, event: &Event) -> bool {
        let after = event.at.wrapping_sub(self.last) as u64;
        let fits = after >> (u64::BITS - 3) == 0 && !event.stack.is_some();
        if fits {
            self.last = event.at;
            self.push(after << 3 | tag::EXPERIMENT);
        }
        fits
    }

    /// True where the tally was told that a goroutine is in a slot.
    #[inline(always)]
    fn is_in(&self, slot: u32, goroutine: u64) -> bool {
        self.ids.get(slot as usize) == Some(&goroutine) && goroutine != ABSENT
    }

    /// True where the tally knows the goroutine of the context by its slot, or there is none.
    #[inline(always)]
    fn is_context_told(&self, context: &Context) -> bool {
        match context.slot {
            NO_SLOT => context.goroutine == ABSENT,
            slot => self.is_in(slot, context.goroutine),
        }
    }

    #[inline(never)]
    fn other(&mut self, event: Event, tables: &Tables<'_>) {
        let text = match &event.kind {
            EventKind::Log(log) => tables.text(log.message).to_vec(),
            _ => Vec::new(),
        };
        if let EventKind::Goroutine(change) = &event.kind {
            let slot = change.slot as usize;
            if slot >= self.ids.len() {
                self.ids.resize(slot + 1, ABSENT);
            }
            // Who is gone has to be introduced again.
            self.ids[slot] = match change.to {
                GoState::NotExist => ABSENT,
                _ => change.id,
            };
        }
        let place = self.chunk.others.len() as u64;
        self.chunk.others.push((event, text));
        self.last = event.at;
        self.push(place << 3 | tag::OTHER);
        if self.chunk.others.len() >= OTHERS {
            self.send();
        }
    }

    #[cold]
    fn push_wide(&mut self, packed: Packed) {
        let [first, second, third] = packed.wide();
        self.chunk.words.extend([first, second]);
        self.push(third);
    }

    #[inline(always)]
    fn push(&mut self, word: u64) {
        self.chunk.words.push(word);
        self.chunk.events += 1;
        if self.chunk.events >= self.size as u64 {
            self.send();
        }
    }

    /// Sends the chunk off. With the first full one the tally moves to a thread of its own.
    #[cold]
    fn send(&mut self) {
        self.events += self.chunk.events;
        (self.watch)(self.events);
        if let Some(scope) = self.scope
            && let Some(tally) = self.tally.take()
        {
            self.beside = Some(Beside::start(scope, tally, self.bytes));
        }
        if let Some(beside) = &self.beside {
            let empty = beside.used.try_recv().unwrap_or_default();
            // It fails only if the other thread has panicked, which taking back tells.
            let _ = beside.full.send(std::mem::replace(&mut self.chunk, empty));
        } else if let Some(tally) = &mut self.tally {
            self.chunk.add_to(tally, self.bytes);
        }
        self.chunk.clear(self.last);
    }

    /// Has the tally on this thread again, with all events so far.
    fn take_back(&mut self) {
        if let Some(beside) = self.beside.take() {
            self.tally = Some(beside.end());
        }
        if let Some(tally) = &mut self.tally {
            self.chunk.add_to(tally, self.bytes);
        }
        self.events += self.chunk.events;
        self.chunk.clear(self.last);
    }
}

impl<'scope> Beside<'scope> {
    fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        mut tally: Box<Tally>,
        bytes: &'env [u8],
    ) -> Self {
        let (full, chunks) = sync_channel::<Chunk>(IN_FLIGHT);
        let (give_back, used) = channel();
        let thread = scope.spawn(move || {
            for chunk in chunks {
                chunk.add_to(&mut tally, bytes);
                let _ = give_back.send(chunk);
            }
            tally
        });
        Self { full, used, thread }
    }

    /// Waits until all chunks are added up.
    fn end(self) -> Box<Tally> {
        drop(self.full);
        match self.thread.join() {
            Ok(tally) => tally,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

#[cfg(test)]
mod tests;
