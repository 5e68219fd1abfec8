//! Whether an event may come now, and what it changes: the scheduler's rules, by which events of different threads are put in order.
//!
//! Times alone do not order events of different threads: a clock is read before the event is written. So events that concern another
//! thread's goroutine or processor carry its sequence number, and wait until it is their turn. A status at the beginning (or, for
//! what is idle, at the end) of a generation starts the count anew. Three answers are possible:
//!
//! * [`Step::Done`]: it went through, events have been handed on;
//! * [`Step::Wait`]: another thread's event must come first;
//! * [`Step::Broken`]: it contradicts what is known. Go's reader gives up here; ours says so and believes the event
//!   ([`States::forced`]).
//!
//! The rules for goroutines are in `goroutines.rs`, for processors in `procs.rs`, for ranges and annotations in `ranges.rs`. Read
//! [`States::advance`] first.

use super::super::out::Out;
use super::frontier::{Cursor, Head};
use super::state::{States, Thread};
use crate::goruntime::tracewire::wire;
use crate::model::trace::Sink;
use crate::model::trace::{
    ABSENT, Context, Event, EventKind, GoState, Metric, NO_SLOT, StackRef, Tables, Word,
};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is through.
    Done,
    /// It is not its turn.
    Wait,
    /// It contradicts what is known.
    Broken,
}

/// One event, with all it needs.
pub(super) struct Turn<'a, 't, 's, S> {
    pub(super) head: &'a Head,
    /// The thread's slot, or [`NO_SLOT`].
    pub(super) thread: u32,
    /// The event as it will be handed on. Its context (who is at work on the thread, before the event) stands from the beginning;
    /// the rest is filled in at its place, because a copy of what was just written field by field makes the processor wait.
    pub(super) event: Event,
    pub(super) tables: &'a mut Tables<'t>,
    pub(super) out: &'a mut Out<'s, S>,
}

impl<S: Sink> Turn<'_, '_, '_, S> {
    /// An argument after `dt`, from 0.
    #[inline]
    pub(super) fn argument(&self, number: usize) -> u64 {
        self.head.arguments[number]
    }

    /// An argument that is a stack.
    #[inline]
    pub(super) fn stack(&self, number: usize) -> StackRef {
        self.tables.stack(self.argument(number))
    }

    /// An argument that is a string, as a word.
    #[inline]
    pub(super) fn word(&mut self, number: usize) -> Word {
        self.tables.word(self.head.arguments[number])
    }

    /// Who is at work, before the event.
    #[inline(always)]
    pub(super) fn context(&self) -> &Context {
        &self.event.context
    }

    /// Hands an event on, in this turn's context.
    #[inline(always)]
    pub(super) fn emit(&mut self, stack: StackRef, kind: EventKind) {
        self.event.at = self.head.at;
        self.event.stack = stack;
        self.event.kind = kind;
        self.out.hand_on(&mut self.event, self.tables);
    }

    /// Hands an event on, in another context.
    pub(super) fn emit_as(&mut self, context: Context, stack: StackRef, kind: EventKind) {
        self.out
            .emit(self.head.at, context, stack, kind, self.tables);
    }

    /// True with a thread that holds a processor and runs a goroutine.
    #[inline]
    pub(super) fn in_goroutine(&self) -> bool {
        self.event.context.goroutine != ABSENT && self.on_proc()
    }

    /// True with a thread that holds a processor.
    #[inline]
    pub(super) fn on_proc(&self) -> bool {
        self.event.context.thread != ABSENT && self.event.context.proc != ABSENT
    }
}

impl States {
    /// Tries the head of a cursor.
    #[inline(never)]
    pub(super) fn advance<'t, S: Sink>(
        &mut self,
        cursor: &mut Cursor<'t>,
        tables: &mut Tables<'t>,
        out: &mut Out<'_, S>,
    ) -> Step {
        let context = match cursor.thread {
            ABSENT => Context::NONE,
            thread => {
                if cursor.slot == NO_SLOT {
                    cursor.slot = self.thread(thread);
                }
                self.threads.at(cursor.slot).context()
            }
        };
        let turn = Turn {
            head: &cursor.head,
            thread: cursor.slot,
            event: Event {
                at: 0,
                context,
                stack: StackRef::NONE,
                kind: EventKind::StackSample,
            },
            tables,
            out,
        };
        self.dispatch(turn)
    }

    /// By type. A flat table.
    #[inline(always)]
    fn dispatch<S: Sink>(&mut self, mut turn: Turn<'_, '_, '_, S>) -> Step {
        let turn = &mut turn;
        match turn.head.number {
            wire::GO_START => self.go_start(turn),
            wire::GO_BLOCK => self.go_stop(turn, GoState::Waiting),
            wire::GO_UNBLOCK => self.go_unblock(turn),
            wire::GO_STOP => self.go_stop(turn, GoState::Runnable),
            wire::GO_CREATE => self.go_create(turn, GoState::Runnable),
            wire::GO_CREATE_BLOCKED => self.go_create(turn, GoState::Waiting),
            wire::GO_CREATE_SYSCALL => self.go_create_syscall(turn),
            wire::GO_DESTROY => self.go_stop(turn, GoState::NotExist),
            wire::GO_DESTROY_SYSCALL => self.go_destroy_syscall(turn),
            wire::GO_SYSCALL_BEGIN => self.go_syscall_begin(turn),
            wire::GO_SYSCALL_END => self.go_syscall_end(turn),
            wire::GO_SYSCALL_END_BLOCKED => self.go_syscall_end_blocked(turn),
            wire::GO_STATUS => self.go_status(turn, StackRef::NONE),
            wire::GO_STATUS_STACK => {
                let stack = turn.stack(3);
                self.go_status(turn, stack)
            }
            wire::GO_SWITCH => self.go_switch(turn, GoState::Waiting),
            wire::GO_SWITCH_DESTROY => self.go_switch(turn, GoState::NotExist),
            wire::PROC_START => self.proc_start(turn),
            wire::PROC_STOP => self.proc_stop(turn),
            wire::PROC_STEAL => self.proc_steal(turn),
            wire::PROC_STATUS => self.proc_status(turn),
            wire::STW_BEGIN => self.stop_begin(turn),
            wire::STW_END => self.stop_end(turn),
            wire::GC_ACTIVE => self.mark_active(turn),
            wire::GC_BEGIN => self.mark_begin(turn),
            wire::GC_END => self.mark_end(turn),
            wire::GC_SWEEP_ACTIVE => self.sweep_active(turn),
            wire::GC_SWEEP_BEGIN => self.sweep_begin(turn),
            wire::GC_SWEEP_END => self.sweep_end(turn),
            wire::GC_MARK_ASSIST_ACTIVE => self.assist_active(turn),
            wire::GC_MARK_ASSIST_BEGIN => self.assist_begin(turn),
            wire::GC_MARK_ASSIST_END => self.assist_end(turn),
            wire::HEAP_ALLOC => self.metric(turn, Metric::HeapAlloc),
            wire::HEAP_GOAL => self.metric(turn, Metric::HeapGoal),
            wire::PROCS_CHANGE => self.procs_change(turn),
            wire::GO_LABEL => self.label(turn),
            wire::USER_TASK_BEGIN => self.task_begin(turn),
            wire::USER_TASK_END => self.task_end(turn),
            wire::USER_REGION_BEGIN => self.region(turn, EventKind::RegionBegin),
            wire::USER_REGION_END => self.region(turn, EventKind::RegionEnd),
            wire::USER_LOG => self.log(turn),
            wire::SPAN..=wire::GOROUTINE_STACK_FREE => self.experimental(turn),
            _ => Step::Broken,
        }
    }

    /// The thread of a turn, if it has one.
    #[inline]
    pub(super) fn turn_thread<S>(&mut self, turn: &Turn<'_, '_, '_, S>) -> Option<&mut Thread> {
        match turn.thread {
            NO_SLOT => None,
            slot => Some(self.threads.at(slot)),
        }
    }
}
