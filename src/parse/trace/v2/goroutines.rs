//! What events do to goroutines: created, started, stopped, blocked, woken, gone. One function a kind of event; `order.rs` calls them.

use super::order::{Step, Turn};
use super::state::{ProcStatus, States};
use crate::model::trace::Sink;
use crate::model::trace::{
    ABSENT, Context, EventKind, GoState, GoTransition, NO_SLOT, ProcState, ProcTransition,
    StackRef, Word,
};

/// A transition without reason and stack, as an event.
#[inline(always)]
fn plainly(id: u64, slot: u32, from: GoState, to: GoState) -> EventKind {
    EventKind::Goroutine(GoTransition::plain(id, slot, from, to))
}

/// Neither reason nor stack.
const NOTHING: (Word, StackRef) = (Word::EMPTY, StackRef::NONE);

/// The state that a status names on the wire.
fn wire_state(status: u64) -> Option<GoState> {
    match status {
        1 => Some(GoState::Runnable),
        2 => Some(GoState::Running),
        3 => Some(GoState::Syscall),
        4 => Some(GoState::Waiting),
        _ => None,
    }
}

impl States {
    /// The slot of a goroutine in `state` whose turn it is. Forced, whatever is known is overruled.
    #[inline(always)]
    fn awaited(&mut self, id: u64, number: u64, state: GoState) -> Option<u32> {
        let slot = self.goroutines.find(id);
        let generation = self.generation;
        if let Some(slot) = slot {
            let goroutine = self.goroutines.at(slot);
            if goroutine.state == state && goroutine.sequence.precedes(generation, number) {
                return Some(slot);
            }
        }
        if !self.forced || id == ABSENT {
            return None;
        }
        self.believed = true;
        Some(self.set_goroutine(id, state))
    }

    /// Gives a goroutine its next state and number.
    #[inline(always)]
    fn moved(&mut self, slot: u32, state: GoState, number: u64) {
        let goroutine = self.goroutines.at(slot);
        goroutine.state = state;
        goroutine.sequence.number = number;
    }

    /// True where the goroutine of the context is in `state`, or nothing is asked.
    #[inline(always)]
    fn own_is(&mut self, context: Context, state: GoState) -> bool {
        self.forced || context.slot != NO_SLOT && self.goroutines.at(context.slot).state == state
    }

    /// True where the thread holds a processor and runs a goroutine in `state`, or nothing is asked.
    #[inline(always)]
    fn own_on_proc<S: Sink>(&mut self, turn: &Turn<'_, '_, '_, S>, state: GoState) -> bool {
        (self.forced || turn.in_goroutine()) && self.own_is(*turn.context(), state)
    }

    /// The answer to an event that says nothing we understand. Forced, it is passed over.
    pub(super) fn meaningless(&self) -> Step {
        match self.forced {
            true => Step::Done,
            false => Step::Broken,
        }
    }

    /// Puts a goroutine on the turn's thread and hands its transition on.
    #[inline(always)]
    fn enters<S: Sink>(
        &mut self,
        turn: &mut Turn<'_, '_, '_, S>,
        (id, slot): (u64, u32),
        from: GoState,
        to: GoState,
    ) -> Step {
        if let Some(thread) = self.turn_thread(turn) {
            thread.run(id, slot);
        }
        turn.emit(StackRef::NONE, plainly(id, slot, from, to));
        Step::Done
    }

    /// Gives the turn's own goroutine its next state, and hands that on. Forced, it may be that nobody knows whom this is about.
    #[inline(always)]
    fn own_becomes<S: Sink>(
        &mut self,
        turn: &mut Turn<'_, '_, '_, S>,
        (from, to): (GoState, GoState),
        (reason, stack): (Word, StackRef),
    ) -> Step {
        let (id, slot) = (turn.context().goroutine, turn.context().slot);
        if slot == NO_SLOT {
            return Step::Done;
        }
        self.goroutines.at(slot).state = to;
        let change = GoTransition {
            id,
            slot,
            from,
            to,
            reason,
            stack,
        };
        turn.emit(stack, EventKind::Goroutine(change));
        Step::Done
    }

    /// `GoStart g seq`: Runnable→Running.
    #[inline(always)]
    pub(super) fn go_start<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let (id, number) = (turn.argument(0), turn.argument(1));
        let Some(slot) = self.awaited(id, number, GoState::Runnable) else {
            return Step::Wait;
        };
        if !self.forced && (!turn.on_proc() || turn.context().goroutine != ABSENT) {
            return Step::Broken;
        }
        self.moved(slot, GoState::Running, number);
        self.enters(turn, (id, slot), GoState::Runnable, GoState::Running)
    }

    /// `GoStop reason stack`, `GoBlock reason stack`, `GoDestroy`: the running goroutine leaves its thread.
    #[inline(always)]
    pub(super) fn go_stop<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>, to: GoState) -> Step {
        if !self.own_on_proc(turn, GoState::Running) {
            return Step::Broken;
        }
        let (id, slot) = (turn.context().goroutine, turn.context().slot);
        if slot == NO_SLOT {
            return Step::Done;
        }
        if let Some(thread) = self.turn_thread(turn) {
            thread.leave();
        }
        if to == GoState::NotExist {
            self.own_becomes(turn, (GoState::Running, to), NOTHING);
            self.goroutines.remove(id);
            return Step::Done;
        }
        let why = (turn.word(0), turn.stack(1));
        self.own_becomes(turn, (GoState::Running, to), why)
    }

    /// `GoUnblock g seq stack`: Waiting→Runnable, by whoever is in the context.
    #[inline(always)]
    pub(super) fn go_unblock<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let (id, number) = (turn.argument(0), turn.argument(1));
        let Some(slot) = self.awaited(id, number, GoState::Waiting) else {
            return Step::Wait;
        };
        self.moved(slot, GoState::Runnable, number);
        let stack = turn.stack(2);
        turn.emit(
            stack,
            plainly(id, slot, GoState::Waiting, GoState::Runnable),
        );
        Step::Done
    }

    /// `GoCreate new_g new_stack stack`, `GoCreateBlocked`: by a goroutine, or by the scheduler itself.
    #[inline(never)]
    pub(super) fn go_create<S: Sink>(
        &mut self,
        turn: &mut Turn<'_, '_, '_, S>,
        state: GoState,
    ) -> Step {
        let id = turn.argument(0);
        let creator_runs =
            turn.context().slot == NO_SLOT || self.own_is(*turn.context(), GoState::Running);
        let new = self.goroutines.find(id).is_none();
        if !self.forced && (!turn.on_proc() || !creator_runs || !new) {
            return Step::Broken;
        }
        let slot = self.set_goroutine(id, state);
        let (inner, stack) = (turn.stack(1), turn.stack(2));
        turn.emit(
            stack,
            EventKind::Goroutine(GoTransition {
                id,
                slot,
                from: GoState::NotExist,
                to: state,
                reason: Word::EMPTY,
                stack: inner,
            }),
        );
        Step::Done
    }

    /// `GoCreateSyscall new_g`: a thread of C code enters Go.
    #[inline(never)]
    pub(super) fn go_create_syscall<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let id = turn.argument(0);
        let alone = turn.context().thread != ABSENT && turn.context().goroutine == ABSENT;
        let new = self.goroutines.find(id).is_none();
        if !self.forced && (!alone || !new) {
            return Step::Broken;
        }
        let slot = self.set_goroutine(id, GoState::Syscall);
        self.enters(turn, (id, slot), GoState::NotExist, GoState::Syscall)
    }

    /// `GoDestroySyscall`: it leaves for good. A processor it still holds is let go first, as an event of its own.
    #[inline(never)]
    pub(super) fn go_destroy_syscall<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let context = *turn.context();
        if !self.forced && (context.thread == ABSENT || context.goroutine == ABSENT)
            || !self.own_is(context, GoState::Syscall)
        {
            return Step::Broken;
        }
        let proc = match context.proc {
            ABSENT => None,
            id => self.procs.find(id),
        };
        if let Some(slot) = proc {
            let proc = self.procs.at(slot);
            if proc.status != ProcStatus::Syscall && !self.forced {
                return Step::Broken;
            }
            proc.status = ProcStatus::Abandoned;
            let let_go = ProcTransition {
                id: context.proc,
                from: ProcState::Running,
                to: ProcState::Idle,
            };
            turn.emit(StackRef::NONE, EventKind::Proc(let_go));
        }
        if let Some(thread) = self.turn_thread(turn) {
            thread.leave();
            thread.proc = ABSENT;
        }
        self.own_becomes(turn, (GoState::Syscall, GoState::NotExist), NOTHING);
        self.goroutines.remove(context.goroutine);
        Step::Done
    }

    /// `GoSwitch g seq`, `GoSwitchDestroy g seq`: from one goroutine to another past the scheduler. Three events in one: the other is
    /// woken, the own one blocks or ends, the other starts.
    #[inline(never)]
    pub(super) fn go_switch<S: Sink>(
        &mut self,
        turn: &mut Turn<'_, '_, '_, S>,
        own: GoState,
    ) -> Step {
        let context = *turn.context();
        if !self.own_on_proc(turn, GoState::Running) {
            return Step::Broken;
        }
        let (id, number) = (turn.argument(0), turn.argument(1));
        let Some(slot) = self.awaited(id, number, GoState::Waiting) else {
            return Step::Wait;
        };
        turn.emit(
            StackRef::NONE,
            plainly(id, slot, GoState::Waiting, GoState::Runnable),
        );
        self.own_becomes(turn, (GoState::Running, own), NOTHING);
        if own == GoState::NotExist {
            self.goroutines.remove(context.goroutine);
        }
        self.moved(slot, GoState::Running, number);
        if let Some(thread) = self.turn_thread(turn) {
            thread.run(id, slot);
        }
        let nobody = Context {
            goroutine: ABSENT,
            slot: NO_SLOT,
            ..context
        };
        turn.emit_as(
            nobody,
            StackRef::NONE,
            plainly(id, slot, GoState::Runnable, GoState::Running),
        );
        Step::Done
    }

    /// `GoSyscallBegin p_seq stack`: Running→Syscall, and so does the processor.
    #[inline(never)]
    pub(super) fn go_syscall_begin<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        if !self.own_on_proc(turn, GoState::Running) {
            return Step::Broken;
        }
        let (number, generation) = (turn.argument(0), self.generation);
        if let Some(slot) = self.procs.find(turn.context().proc) {
            let proc = self.procs.at(slot);
            if !proc.sequence.precedes(generation, number) && !self.forced {
                return Step::Broken;
            }
            proc.status = ProcStatus::Syscall;
            proc.sequence.number = number;
        } else if !self.forced {
            return Step::Broken;
        }
        let why = (Word::EMPTY, turn.stack(1));
        self.own_becomes(turn, (GoState::Running, GoState::Syscall), why)
    }

    /// `GoSyscallEnd`: Syscall→Running, the processor was kept.
    #[inline(never)]
    pub(super) fn go_syscall_end<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        if !self.own_on_proc(turn, GoState::Syscall) {
            return Step::Broken;
        }
        match self.procs.find(turn.context().proc) {
            Some(slot) => {
                let proc = self.procs.at(slot);
                if proc.status != ProcStatus::Syscall && !self.forced {
                    return Step::Broken;
                }
                proc.status = ProcStatus::Running;
            }
            None if !self.forced => return Step::Broken,
            None => {}
        }
        self.own_becomes(turn, (GoState::Syscall, GoState::Running), NOTHING)
    }

    /// `GoSyscallEndBlocked`: Syscall→Runnable, the processor is lost. Waits until it is.
    #[inline(never)]
    pub(super) fn go_syscall_end_blocked<S: Sink>(
        &mut self,
        turn: &mut Turn<'_, '_, '_, S>,
    ) -> Step {
        let context = *turn.context();
        if context.proc != ABSENT && !self.forced {
            match self.procs.find(context.proc) {
                Some(slot) if self.procs.at(slot).status == ProcStatus::Syscall => {
                    return Step::Wait;
                }
                Some(_) => {}
                None => return Step::Broken,
            }
        }
        let complete = context.thread != ABSENT && context.goroutine != ABSENT;
        if !self.forced && !complete || !self.own_is(context, GoState::Syscall) {
            return Step::Broken;
        }
        if context.slot == NO_SLOT {
            return Step::Done;
        }
        if let Some(thread) = self.turn_thread(turn) {
            thread.leave();
        }
        self.own_becomes(turn, (GoState::Syscall, GoState::Runnable), NOTHING)
    }

    /// `GoStatus g m status`, `GoStatusStack g m status stack`: once a generation for everybody. In the first one it introduces the
    /// goroutine; later it must agree with what is known.
    #[inline(never)]
    pub(super) fn go_status<S: Sink>(
        &mut self,
        turn: &mut Turn<'_, '_, '_, S>,
        stack: StackRef,
    ) -> Step {
        let id = turn.argument(0);
        let Some(state) = wire_state(turn.argument(2)) else {
            return self.meaningless();
        };
        let known = self.goroutines.find(id);
        let from = match known {
            Some(slot) if self.goroutines.at(slot).state == state => state,
            None if self.first_generation() => GoState::Undetermined,
            Some(slot) if self.forced => self.goroutines.at(slot).state,
            None if self.forced => GoState::Undetermined,
            _ => return Step::Broken,
        };
        let mut context = *turn.context();
        if state == GoState::Syscall {
            match self.thread_in_syscall(turn, id) {
                Some(found) => context = found,
                None => return Step::Broken,
            }
        }
        let slot = self.set_goroutine(id, state);
        let here = state == GoState::Running
            || state == GoState::Syscall && turn.argument(1) == turn.context().thread;
        if here {
            if let Some(thread) = self.turn_thread(turn) {
                thread.run(id, slot);
            }
        } else if state == GoState::Syscall && turn.argument(1) != ABSENT {
            let thread = self.thread(turn.argument(1));
            self.threads.at(thread).run(id, slot);
        }
        turn.emit_as(
            context,
            stack,
            EventKind::Goroutine(GoTransition {
                id,
                slot,
                from,
                to: state,
                reason: Word::EMPTY,
                stack,
            }),
        );
        Step::Done
    }

    /// The context of a status in a system call: that of the thread which is in it, often not the one that writes.
    fn thread_in_syscall<S: Sink>(
        &mut self,
        turn: &Turn<'_, '_, '_, S>,
        goroutine: u64,
    ) -> Option<Context> {
        let thread = turn.argument(1);
        let mut context = *turn.context();
        if thread == ABSENT {
            return self.forced.then_some(context);
        }
        if thread == context.thread {
            let same = self.first_generation() || context.goroutine == goroutine;
            return (same || self.forced).then_some(context);
        }
        if let Some(slot) = self.threads.find(thread) {
            let known = self.threads.at(slot).goroutine();
            if known.0 != goroutine && !self.forced {
                return None;
            }
            (context.goroutine, context.slot) = known;
        }
        context.thread = thread;
        Some(context)
    }
}
