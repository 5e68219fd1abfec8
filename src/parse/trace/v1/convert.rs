//! What an event of a trace up to Go 1.21 means, in the events of later ones: scheduling. The rest is in `extras.rs`.
//!
//! The conversion is that of Go's own reader, so that old and new traces can be compared, with one exception: the functions that
//! old goroutines began with, which it drops, are kept. Its ways where the old form says less:
//!
//! * A trace begins with a `GoCreate` for every goroutine that is there, and `GoWaiting` or `GoInSyscall` for those that do not run.
//!   This preamble ends with the first `Gomaxprocs`; whoever has not been told to run, wait or be in a system call by then is runnable.
//! * `GoSysCall` does not say when the call ends. If it blocks (`GoSysBlock` is the goroutine's next event), `GoSysExit` ends it; if
//!   not, it takes 1 ns, and its time is spent running.
//! * `GoSysExit` is written late and says when it should have been.
//! * Timers, the network, ends of system calls and collections get processors of their own.
//!
//! Read [`States::apply`] first.

use super::super::names::RangeNames;
use super::super::out::Out;
use super::super::tasks::Tasks;
use super::lane::Lane;
use super::order::{COLLECTOR, Order, Status};
use crate::goruntime::tracewire::{V1_REASONS, fake_proc, v1};
use crate::model::trace::{
    ABSENT, Context, DamageKind, Damages, EventKind, GoState, GoTransition, NO_SLOT, ProcState,
    ProcTransition, Sink, StackRef, Tables, Vocabulary, Word,
};

/// Ticks to ns since the trace began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticks {
    /// The first tick.
    pub(super) base: u64,
    /// ns of a tick; 1 where the frequency is lost.
    pub(super) ns: f64,
}

impl Ticks {
    /// Go's reader multiplies as floating point and cuts off; so must who wants to agree with it.
    #[inline]
    pub(super) fn at(self, tick: u64) -> i64 {
        (tick.wrapping_sub(self.base) as i64 as f64 * self.ns) as i64
    }
}

/// Everything that lasts from event to event.
pub(super) struct States {
    pub(super) order: Order,
    /// `go 1.NN`.
    pub(super) header: u16,
    pub(super) ticks: Ticks,
    pub(super) names: RangeNames,
    pub(super) tasks: Tasks,
    /// The range that the last `STWStart` opened.
    pub(super) stops: Word,
    /// Those that were there before the trace, while it tells so.
    pub(super) preamble: Option<Vec<u64>>,
    /// Goroutines that run timers, sorted.
    timers: Vec<u64>,
    /// By event.
    reasons: [Word; 64],
    pub(super) damage: Damages,
}

/// One event, with all it needs.
pub(super) struct Turn<'a, 't, 's, S> {
    pub(super) lane: &'a mut Lane<'t>,
    /// True where it begins a system call that blocks.
    pub(super) blocks: bool,
    /// In ns.
    pub(super) at: i64,
    pub(super) tables: &'a mut Tables<'t>,
    pub(super) out: &'a mut Out<'s, S>,
}

impl<S: Sink> Turn<'_, '_, '_, S> {
    /// An argument after `dt`, from 0.
    #[inline]
    pub(super) fn argument(&self, number: usize) -> u64 {
        self.lane.head().arguments[number]
    }

    /// An argument that is a stack.
    #[inline]
    pub(super) fn stack(&self, number: usize) -> StackRef {
        self.tables.stack(self.argument(number))
    }

    /// An argument that is a string, as a word.
    pub(super) fn word(&mut self, number: usize) -> Word {
        let id = self.argument(number);
        self.tables.word(id)
    }

    /// Hands an event on, in the lane's context.
    #[inline]
    pub(super) fn emit(&mut self, stack: StackRef, kind: EventKind) {
        self.emit_as(self.lane.context(), stack, kind);
    }

    /// Hands an event on, in another context.
    #[inline]
    pub(super) fn emit_as(&mut self, context: Context, stack: StackRef, kind: EventKind) {
        self.out.emit(self.at, context, stack, kind, self.tables);
    }
}

impl States {
    pub(super) fn new(
        header: u16,
        ticks: Ticks,
        timers: Vec<u64>,
        damage: Damages,
        vocabulary: &mut Vocabulary,
    ) -> Self {
        let mut reasons = [Word::EMPTY; 64];
        for &(event, reason) in V1_REASONS {
            reasons[usize::from(event)] = vocabulary.word(reason.as_bytes());
        }
        Self {
            order: Order::default(),
            header,
            ticks,
            names: RangeNames::new(vocabulary),
            tasks: Tasks::default(),
            stops: Word::EMPTY,
            preamble: None,
            timers,
            reasons,
            damage,
        }
    }

    /// Takes the lane's next event as done. Returns whose state changed that other lanes wait for. By type of event, the frequent ones
    /// first. A flat table.
    #[inline]
    pub(super) fn apply<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Option<u32> {
        let slot = match turn.lane.head().number {
            v1::GO_START_LOCAL | v1::GO_START => self.start(turn),
            v1::GO_UNBLOCK_LOCAL => self.unblock(turn, 1),
            v1::GO_UNBLOCK => self.unblock(turn, 2),
            v1::GO_BLOCK
            | v1::GO_BLOCK_SEND..=v1::GO_BLOCK_NET
            | v1::GO_BLOCK_GC
            | v1::GO_SLEEP => self.stop(turn, Status::Waiting),
            v1::GO_SCHED | v1::GO_PREEMPT => self.stop(turn, Status::Runnable),
            v1::GO_STOP => self.stop(turn, Status::Running),
            v1::GO_START_LABEL => {
                let slot = self.start(turn);
                let label = turn.word(2);
                turn.emit(StackRef::NONE, EventKind::Label(label));
                slot
            }
            v1::GO_SYS_CALL => return self.syscall(turn),
            v1::GO_SYS_BLOCK => self.syscall_blocks(turn),
            v1::GO_SYS_EXIT => self.syscall_exit(turn, 2),
            v1::GO_SYS_EXIT_LOCAL => self.syscall_exit(turn, 1),
            v1::GO_CREATE => self.create(turn),
            v1::GO_WAITING => self.status(turn, GoState::Waiting),
            v1::GO_IN_SYSCALL => self.status(turn, GoState::Syscall),
            v1::GO_END => self.end(turn),
            v1::PROC_START => return self.proc_start(turn),
            v1::PROC_STOP => return self.proc_stop(turn),
            v1::GOMAXPROCS => return self.procs(turn),
            v1::GC_START => {
                self.collection(turn);
                return (self.order.collector_awaited > 0).then_some(COLLECTOR);
            }
            _ => {
                self.extra(turn);
                return None;
            }
        };
        match slot {
            NO_SLOT => None,
            slot => (self.order.goroutines.at(slot).awaited > 0).then_some(slot),
        }
    }

    /// An event of a running goroutine on a lane that runs none: nobody knows whom it is about.
    #[cold]
    fn nobody<S: Sink>(&mut self, turn: &Turn<'_, '_, '_, S>) -> u32 {
        if !self.order.forced {
            self.damage
                .add(DamageKind::Contradiction, turn.lane.offset(), 0);
        }
        NO_SLOT
    }

    /// `GoStart g seq`, `GoStartLocal g`, `GoStartLabel g seq label`: Runnable→Running.
    #[inline]
    fn start<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> u32 {
        let id = turn.argument(0);
        let slot = self.order.slot(id);
        let number = turn.lane.head().number;
        let goroutine = self.order.goroutines.at(slot);
        goroutine.status = Status::Running;
        goroutine.sequence = match number {
            v1::GO_START_LOCAL => goroutine.sequence,
            _ => turn.argument(1),
        }
        .wrapping_add(1);
        let mut change = GoTransition::plain(id, slot, GoState::Runnable, GoState::Running);
        if number != v1::GO_START_LABEL && self.preamble.is_some() {
            goroutine.untold = false;
            change.from = GoState::Undetermined;
            change.stack = goroutine.start;
        }
        turn.lane.run(id, slot);
        turn.emit(StackRef::NONE, EventKind::Goroutine(change));
        slot
    }

    /// `GoBlock… stack`, `GoSched stack`, `GoPreempt stack`, `GoStop stack`: the running goroutine leaves its processor. Who stops for
    /// ever is in nobody's way afterwards, so its status does not matter.
    #[inline]
    fn stop<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>, status: Status) -> u32 {
        let (id, slot) = turn.lane.goroutine();
        if slot == NO_SLOT {
            return self.nobody(turn);
        }
        let number = turn.lane.head().number;
        let goroutine = self.order.goroutines.at(slot);
        goroutine.status = status;
        goroutine.network = number == v1::GO_BLOCK_NET;
        let stack = turn.stack(0);
        let change = GoTransition {
            id,
            slot,
            from: GoState::Running,
            to: match status {
                Status::Runnable => GoState::Runnable,
                _ => GoState::Waiting,
            },
            reason: self.reasons[usize::from(number)],
            stack,
        };
        turn.emit(stack, EventKind::Goroutine(change));
        turn.lane.leave();
        slot
    }

    /// `GoUnblock g seq stack`, `GoUnblockLocal g stack`: Waiting→Runnable.
    #[inline]
    fn unblock<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>, stack: usize) -> u32 {
        let id = turn.argument(0);
        let slot = self.order.slot(id);
        let mut context = turn.lane.context();
        let goroutine = self.order.goroutines.at(slot);
        goroutine.status = Status::Runnable;
        goroutine.sequence = match stack {
            1 => goroutine.sequence,
            _ => turn.argument(1),
        }
        .wrapping_add(1);
        let fake = match goroutine.network {
            true => Some(fake_proc::NETWORK),
            false if self.timers.is_empty() => None,
            false => {
                let timer = self.timers.binary_search(&context.goroutine).is_ok();
                timer.then_some(fake_proc::TIMERS)
            }
        };
        if let Some(proc) = fake {
            (context.proc, context.thread) = (proc, ABSENT);
        }
        let stack = turn.stack(stack);
        let change = GoTransition::plain(id, slot, GoState::Waiting, GoState::Runnable);
        turn.emit_as(context, stack, EventKind::Goroutine(change));
        slot
    }

    /// `GoSysCall stack`: Running→Syscall, and back 1 ns later unless it blocks.
    fn syscall<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Option<u32> {
        let (id, slot) = turn.lane.goroutine();
        if slot == NO_SLOT {
            self.nobody(turn);
            return None;
        }
        self.order.goroutines.at(slot).network = false;
        let stack = turn.stack(0);
        let change = GoTransition {
            stack,
            ..GoTransition::plain(id, slot, GoState::Running, GoState::Syscall)
        };
        turn.emit(stack, EventKind::Goroutine(change));
        if !turn.blocks {
            turn.at = turn.at.saturating_add(1);
            let change = GoTransition::plain(id, slot, GoState::Syscall, GoState::Running);
            turn.emit(StackRef::NONE, EventKind::Goroutine(change));
        }
        None
    }

    /// `GoSysBlock`: its processor does something else from now on.
    fn syscall_blocks<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> u32 {
        let (_, slot) = turn.lane.goroutine();
        if slot == NO_SLOT {
            return self.nobody(turn);
        }
        let goroutine = self.order.goroutines.at(slot);
        goroutine.status = Status::Waiting;
        goroutine.blocked = turn.lane.head().tick;
        turn.lane.leave();
        slot
    }

    /// `GoSysExit g seq ts`, `GoSysExitLocal g ts`: Syscall→Runnable, at tick `ts`, if that is given.
    fn syscall_exit<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>, ts: usize) -> u32 {
        let id = turn.argument(0);
        let slot = self.order.slot(id);
        let goroutine = self.order.goroutines.at(slot);
        goroutine.status = Status::Runnable;
        goroutine.sequence = match ts {
            1 => goroutine.sequence,
            _ => turn.argument(1),
        }
        .wrapping_add(1);
        let tick = turn.argument(ts);
        if (goroutine.blocked..=turn.lane.head().tick).contains(&tick) {
            turn.at = self.ticks.at(tick);
        } else if tick != 0 {
            self.damage
                .add(DamageKind::TimeOrder, turn.lane.offset(), 0);
        }
        let context = Context {
            thread: ABSENT,
            proc: fake_proc::SYSCALLS,
            goroutine: id,
            slot,
        };
        let change = GoTransition::plain(id, slot, GoState::Syscall, GoState::Runnable);
        turn.emit_as(context, StackRef::NONE, EventKind::Goroutine(change));
        slot
    }

    /// `GoCreate g new_stack stack`: by a goroutine, or, in the preamble, told to be there.
    fn create<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> u32 {
        let id = turn.argument(0);
        let slot = self.order.slot(id);
        let inner = turn.stack(1);
        let goroutine = self.order.goroutines.at(slot);
        (goroutine.status, goroutine.sequence) = (Status::Runnable, 1);
        goroutine.network = false;
        if let Some(known) = &mut self.preamble {
            goroutine.untold = true;
            goroutine.start = start(inner, turn.tables);
            known.push(id);
            return slot;
        }
        let stack = turn.stack(2);
        let change = GoTransition {
            stack: inner,
            ..GoTransition::plain(id, slot, GoState::NotExist, GoState::Runnable)
        };
        turn.emit(stack, EventKind::Goroutine(change));
        slot
    }

    /// `GoWaiting g`, `GoInSyscall g`: what it did before the trace began.
    fn status<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>, state: GoState) -> u32 {
        let id = turn.argument(0);
        let slot = self.order.slot(id);
        let goroutine = self.order.goroutines.at(slot);
        (goroutine.status, goroutine.sequence) = (Status::Waiting, 2);
        goroutine.untold = false;
        goroutine.blocked = turn.lane.head().tick;
        let change = GoTransition {
            stack: goroutine.start,
            ..GoTransition::plain(id, slot, GoState::Undetermined, state)
        };
        let context = Context {
            goroutine: id,
            slot,
            ..turn.lane.context()
        };
        turn.emit_as(context, StackRef::NONE, EventKind::Goroutine(change));
        slot
    }

    /// `GoEnd`.
    fn end<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> u32 {
        let (id, slot) = turn.lane.goroutine();
        if slot == NO_SLOT {
            return self.nobody(turn);
        }
        let change = GoTransition::plain(id, slot, GoState::Running, GoState::NotExist);
        turn.emit(StackRef::NONE, EventKind::Goroutine(change));
        turn.lane.leave();
        self.order.end(id, slot);
        slot
    }

    /// `ProcStart thread`. The first word of a processor is its status.
    fn proc_start<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Option<u32> {
        turn.lane.thread = turn.argument(0);
        self.proc_change(turn, ProcState::Idle, ProcState::Running);
        None
    }

    /// `ProcStop`.
    fn proc_stop<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Option<u32> {
        self.proc_change(turn, ProcState::Running, ProcState::Idle);
        turn.lane.thread = ABSENT;
        None
    }

    fn proc_change<S: Sink>(
        &mut self,
        turn: &mut Turn<'_, '_, '_, S>,
        from: ProcState,
        to: ProcState,
    ) {
        let known = std::mem::replace(&mut turn.lane.told, true);
        let change = ProcTransition {
            id: turn.lane.proc,
            from: if known { from } else { ProcState::Undetermined },
            to,
        };
        turn.emit(StackRef::NONE, EventKind::Proc(change));
    }

    /// Ends the preamble: who was created in it and not told to wait, run or be in a system call can run.
    pub(super) fn end_preamble<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) {
        for id in self.preamble.take().unwrap_or_default() {
            let slot = self.order.slot(id);
            let goroutine = self.order.goroutines.at(slot);
            if !std::mem::take(&mut goroutine.untold) {
                continue;
            }
            let change = GoTransition {
                stack: goroutine.start,
                ..GoTransition::plain(id, slot, GoState::Undetermined, GoState::Runnable)
            };
            turn.emit_as(Context::NONE, StackRef::NONE, EventKind::Goroutine(change));
        }
    }
}

/// The stack of a goroutine that was there before the trace: its first function. That of the main goroutine is `runtime.main`, which
/// all other stacks leave out, as if it began with `main.main`.
fn start(stack: StackRef, tables: &Tables<'_>) -> StackRef {
    let mut frames = tables.frames(stack);
    match (frames.next(), frames.next()) {
        (Some(only), None) if only.func == b"runtime.main" => StackRef::NONE,
        _ => stack,
    }
}
