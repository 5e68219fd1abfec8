//! What is known of goroutines, processors and threads between two events.
//!
//! The records are small on purpose: two million events look them up four million times. Read [`States`] first.

use super::super::names::RangeNames;
use super::super::slots::Slots;
use super::super::tasks::Tasks;
use crate::model::trace::{ABSENT, Context, GoState, NO_SLOT, Vocabulary, Word};

/// How far the events of an object are: its generation in this file, counted from 1, and the number of its last event there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) generation: u32,
    pub(super) number: u64,
}

impl Sequence {
    /// True where `number` of `generation` comes right after this.
    #[inline]
    pub(super) fn precedes(self, generation: u32, number: u64) -> bool {
        self.generation == generation && number == self.number.wrapping_add(1)
    }
}

/// A goroutine.
pub(super) struct Goroutine {
    pub(super) sequence: Sequence,
    pub(super) state: GoState,
    /// True inside a mark assist.
    pub(super) assists: bool,
    /// The range's name while it stops the world; empty otherwise.
    pub(super) stops: Word,
}

/// What a processor does, as the runtime knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProcStatus {
    Running,
    Idle,
    /// Held by a thread in a system call; may be taken away from it.
    Syscall,
    /// The same, by a thread that is gone or somewhere else.
    Abandoned,
}

/// A processor.
pub(super) struct Proc {
    pub(super) sequence: Sequence,
    pub(super) status: ProcStatus,
    /// True inside a sweep.
    pub(super) sweeps: bool,
}

/// Keeps a field away from its neighbours. Every other event changes it and the next one asks for it; copied in one go together with
/// a neighbour that was not just written, it would make the processor wait.
#[derive(Clone, Copy, Debug)]
#[repr(align(16))]
struct Apart<T>(T);

/// A thread: whom it runs, on which processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thread {
    pub(super) id: u64,
    pub(super) proc: u64,
    goroutine: Apart<u64>,
    slot: Apart<u32>,
}

impl Thread {
    pub(super) fn new(id: u64) -> Self {
        Self {
            id,
            proc: ABSENT,
            goroutine: Apart(ABSENT),
            slot: Apart(NO_SLOT),
        }
    }

    /// Its goroutine and that one's slot.
    pub(super) fn goroutine(&self) -> (u64, u32) {
        (self.goroutine.0, self.slot.0)
    }

    /// Puts a goroutine on it.
    #[inline]
    pub(super) fn run(&mut self, goroutine: u64, slot: u32) {
        (self.goroutine.0, self.slot.0) = (goroutine, slot);
    }

    /// Takes its goroutine off.
    #[inline]
    pub(super) fn leave(&mut self) {
        self.run(ABSENT, NO_SLOT);
    }

    #[inline]
    pub(super) fn context(&self) -> Context {
        Context {
            thread: self.id,
            proc: self.proc,
            goroutine: self.goroutine.0,
            slot: self.slot.0,
        }
    }
}

/// Whether the collector marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marking {
    Unknown,
    No,
    Yes,
}

/// Threads looked at, in all, in search of the one that holds a processor: a hundred thousand searches among as many threads as a
/// large program has.
const THREAD_LOOKS: u64 = 1 << 26;

/// Everything that lasts from event to event, and from generation to generation.
pub(super) struct States {
    pub(super) goroutines: Slots<Goroutine>,
    pub(super) procs: Slots<Proc>,
    pub(super) threads: Slots<Thread>,
    pub(super) marking: Marking,
    pub(super) mark_number: u64,
    pub(super) names: RangeNames,
    pub(super) tasks: Tasks,
    /// The generation in this file, counted from 1.
    pub(super) generation: u32,
    /// Believe the event whatever was known before.
    pub(super) forced: bool,
    /// A goroutine was believed to be in a state that no event has told.
    pub(super) believed: bool,
    /// Threads that may still be looked at in search of a processor's holder.
    pub(super) thread_looks: u64,
}

impl States {
    pub(super) fn new(vocabulary: &mut Vocabulary) -> Self {
        Self {
            goroutines: Slots::default(),
            procs: Slots::default(),
            threads: Slots::default(),
            marking: Marking::Unknown,
            mark_number: 0,
            names: RangeNames::new(vocabulary),
            tasks: Tasks::default(),
            generation: 0,
            forced: false,
            believed: false,
            thread_looks: THREAD_LOOKS,
        }
    }

    pub(super) fn first_generation(&self) -> bool {
        self.generation == 1
    }

    /// A sequence that has just begun.
    pub(super) fn fresh(&self) -> Sequence {
        Sequence {
            generation: self.generation,
            number: 0,
        }
    }

    /// Adds a goroutine, or gives an old one its new state.
    pub(super) fn set_goroutine(&mut self, id: u64, state: GoState) -> u32 {
        let sequence = self.fresh();
        match self.goroutines.find(id) {
            Some(slot) => {
                let known = self.goroutines.at(slot);
                (known.sequence, known.state) = (sequence, state);
                slot
            }
            None => self.goroutines.insert(
                id,
                Goroutine {
                    sequence,
                    state,
                    assists: false,
                    stops: Word::EMPTY,
                },
            ),
        }
    }

    /// Adds a processor.
    pub(super) fn add_proc(&mut self, id: u64, status: ProcStatus) -> u32 {
        let sequence = self.fresh();
        self.procs.insert(
            id,
            Proc {
                sequence,
                status,
                sweeps: false,
            },
        )
    }

    /// The thread's slot, new or known.
    pub(super) fn thread(&mut self, id: u64) -> u32 {
        match self.threads.find(id) {
            Some(slot) => slot,
            None => self.threads.insert(id, Thread::new(id)),
        }
    }
}
