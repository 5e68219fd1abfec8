//! Whether an event may come now: the rules by which the lanes of a trace up to Go 1.21 are put in order.
//!
//! Clocks of different processors are not exact enough, so every event that takes a goroutine from one processor to another carries
//! the goroutine's sequence number:
//!
//! | event | on | may come when it is | makes it |
//! |---|---|---|---|
//! | `GoCreate g` | g | not there | 1, runnable |
//! | `GoWaiting g`, `GoInSyscall g` | g | 1, runnable | 2, waiting |
//! | `GoStart g s`, `GoStartLabel g s` | g | s, runnable | s+1, running |
//! | `GoStartLocal g` | g | runnable | +1, running |
//! | `GoBlock…`, `GoSleep`, `GoSysBlock` | the lane's | running | waiting |
//! | `GoSched`, `GoPreempt` | the lane's | running | runnable |
//! | `GoUnblock g s`, `GoSysExit g s` | g | s, waiting | s+1, runnable |
//! | `GoUnblockLocal g`, `GoSysExitLocal g` | g | waiting | +1, runnable |
//! | `GCStart s` | the collector | s | s+1 |
//!
//! Everything else may always come. Of the events that may come the earliest is taken; one that may come stays so. A lane whose next
//! event may not is asked again only when the goroutine it waits for has changed. Read [`Order::waits`] first.

use super::super::slots::Slots;
use super::lane::Lane;
use crate::goruntime::tracewire::v1;
use crate::model::trace::{NO_SLOT, StackRef};

/// In place of a goroutine's slot: the collector.
pub(super) const COLLECTOR: u32 = NO_SLOT;

/// What the order knows of a goroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Not created, or gone.
    Dead,
    Runnable,
    Running,
    Waiting,
}

/// A goroutine.
pub(super) struct Goroutine {
    pub(super) sequence: u64,
    pub(super) status: Status,
    /// Waits for the network.
    pub(super) network: bool,
    /// Was there before the trace, and its state has not been told yet.
    pub(super) untold: bool,
    /// Lanes that wait for it to change.
    pub(super) awaited: u32,
    /// The function it began with, as a stack; only of those that were there before the trace.
    pub(super) start: StackRef,
    /// When its system call blocked, in ticks.
    pub(super) blocked: u64,
}

impl Goroutine {
    fn new() -> Self {
        Self {
            sequence: 0,
            status: Status::Dead,
            network: false,
            untold: false,
            awaited: 0,
            start: StackRef::NONE,
            blocked: 0,
        }
    }
}

/// What decides the order.
#[derive(Default)]
pub(super) struct Order {
    pub(super) goroutines: Slots<Goroutine>,
    /// Collections begun.
    pub(super) collections: u64,
    /// Lanes that wait for one.
    pub(super) collector_awaited: u32,
    /// Time alone decides.
    pub(super) forced: bool,
}

/// Which state a goroutine must be in.
struct Needs {
    goroutine: u64,
    status: Status,
    sequence: Option<u64>,
}

impl Needs {
    fn of(goroutine: u64, status: Status, sequence: Option<u64>) -> Option<Self> {
        Some(Self {
            goroutine,
            status,
            sequence,
        })
    }
}

impl Order {
    /// The slot of what the lane's next event waits for; `None` where it may come.
    #[inline]
    pub(super) fn waits(&mut self, lane: &Lane<'_>) -> Option<u32> {
        if self.forced {
            return None;
        }
        let head = lane.head();
        let [first, second, ..] = head.arguments;
        let needs = match head.number {
            v1::GO_START | v1::GO_START_LABEL => Needs::of(first, Status::Runnable, Some(second)),
            v1::GO_START_LOCAL => Needs::of(first, Status::Runnable, None),
            v1::GO_UNBLOCK | v1::GO_SYS_EXIT => Needs::of(first, Status::Waiting, Some(second)),
            v1::GO_UNBLOCK_LOCAL | v1::GO_SYS_EXIT_LOCAL => Needs::of(first, Status::Waiting, None),
            v1::GO_BLOCK
            | v1::GO_BLOCK_SEND..=v1::GO_BLOCK_NET
            | v1::GO_BLOCK_GC
            | v1::GO_SLEEP
            | v1::GO_SYS_BLOCK
            | v1::GO_SCHED
            | v1::GO_PREEMPT => return self.own_waits(lane),
            v1::GO_CREATE => Needs::of(first, Status::Dead, Some(0)),
            v1::GO_WAITING | v1::GO_IN_SYSCALL => Needs::of(first, Status::Runnable, Some(1)),
            v1::GC_START => return (self.collections != first).then_some(COLLECTOR),
            _ => None,
        }?;
        let slot = match self.goroutines.find(needs.goroutine) {
            Some(slot) => slot,
            None if needs.status == Status::Dead => return None,
            None => self.goroutines.insert(needs.goroutine, Goroutine::new()),
        };
        let goroutine = self.goroutines.at(slot);
        let fits = goroutine.status == needs.status
            && needs
                .sequence
                .is_none_or(|sequence| sequence == goroutine.sequence);
        (!fits).then_some(slot)
    }

    /// The same for an event of the goroutine that runs on the lane.
    #[inline]
    fn own_waits(&mut self, lane: &Lane<'_>) -> Option<u32> {
        match lane.goroutine() {
            (_, NO_SLOT) => None,
            (_, slot) => (self.goroutines.at(slot).status != Status::Running).then_some(slot),
        }
    }

    /// The slot of a goroutine, new or known.
    #[inline]
    pub(super) fn slot(&mut self, id: u64) -> u32 {
        match self.goroutines.find(id) {
            Some(slot) => slot,
            None => self.goroutines.insert(id, Goroutine::new()),
        }
    }

    /// Counts a lane as waiting (`more`), or not any more.
    pub(super) fn await_for(&mut self, slot: u32, more: bool) {
        let count = match slot {
            COLLECTOR => &mut self.collector_awaited,
            slot => &mut self.goroutines.at(slot).awaited,
        };
        *count = match more {
            true => count.saturating_add(1),
            false => count.saturating_sub(1),
        };
    }

    /// Forgets a goroutine that has ended.
    pub(super) fn end(&mut self, id: u64, slot: u32) {
        let goroutine = self.goroutines.at(slot);
        if goroutine.awaited > 0 {
            (goroutine.status, goroutine.sequence) = (Status::Dead, 0);
        } else {
            self.goroutines.remove(id);
        }
    }
}
