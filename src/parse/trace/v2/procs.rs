//! What events do to processors: taken by a thread, given back, taken away. One function a kind of event; `order.rs` calls them.

use super::order::{Step, Turn};
use super::state::{ProcStatus, States};
use crate::model::trace::Sink;
use crate::model::trace::{
    ABSENT, Context, EventKind, NO_SLOT, ProcState, ProcTransition, StackRef,
};

fn change(id: u64, from: ProcState, to: ProcState) -> EventKind {
    EventKind::Proc(ProcTransition { id, from, to })
}

fn wire_status(status: u64) -> Option<ProcStatus> {
    match status {
        1 => Some(ProcStatus::Running),
        2 => Some(ProcStatus::Idle),
        3 => Some(ProcStatus::Syscall),
        4 => Some(ProcStatus::Abandoned),
        _ => None,
    }
}

/// As Go's reader shows it.
fn shown(status: ProcStatus) -> ProcState {
    match status {
        ProcStatus::Running | ProcStatus::Syscall => ProcState::Running,
        ProcStatus::Idle | ProcStatus::Abandoned => ProcState::Idle,
    }
}

impl States {
    /// The slot of a processor whose turn it is and whose status is as `fits` says.
    fn awaited_proc(
        &mut self,
        id: u64,
        number: u64,
        fits: impl Fn(ProcStatus) -> bool,
    ) -> Option<u32> {
        let generation = self.generation;
        let found = self.procs.find(id);
        if let Some(slot) = found {
            let proc = self.procs.at(slot);
            if fits(proc.status) && proc.sequence.precedes(generation, number) || self.forced {
                return Some(slot);
            }
        }
        (self.forced && found.is_none() && id != ABSENT)
            .then(|| self.add_proc(id, ProcStatus::Idle))
    }

    /// `ProcStart p p_seq`: Idle→Running on this thread.
    #[inline(never)]
    pub(super) fn proc_start<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let (id, number) = (turn.argument(0), turn.argument(1));
        if turn.context().proc != ABSENT && !self.forced {
            return Step::Wait;
        }
        let Some(slot) = self.awaited_proc(id, number, |status| status == ProcStatus::Idle) else {
            return Step::Wait;
        };
        if turn.context().thread == ABSENT && !self.forced {
            return Step::Broken;
        }
        let proc = self.procs.at(slot);
        (proc.status, proc.sequence.number) = (ProcStatus::Running, number);
        if let Some(thread) = self.turn_thread(turn) {
            thread.proc = id;
        }
        turn.emit(
            StackRef::NONE,
            change(id, ProcState::Idle, ProcState::Running),
        );
        Step::Done
    }

    /// `ProcStop`: the thread lets go of its processor.
    #[inline(never)]
    pub(super) fn proc_stop<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let id = turn.context().proc;
        let slot = match id {
            ABSENT => None,
            id => self.procs.find(id),
        };
        let Some(slot) = slot else {
            return self.meaningless();
        };
        let proc = self.procs.at(slot);
        let held = matches!(proc.status, ProcStatus::Running | ProcStatus::Syscall);
        if !held && !self.forced {
            return Step::Broken;
        }
        proc.status = ProcStatus::Idle;
        if let Some(thread) = self.turn_thread(turn) {
            thread.proc = ABSENT;
        }
        turn.emit(
            StackRef::NONE,
            change(id, ProcState::Running, ProcState::Idle),
        );
        Step::Done
    }

    /// `ProcSteal p p_seq m`: taken away from thread m, which sits in a system call.
    #[inline(never)]
    pub(super) fn proc_steal<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let (id, number) = (turn.argument(0), turn.argument(1));
        let stealable = |status| matches!(status, ProcStatus::Syscall | ProcStatus::Abandoned);
        let Some(slot) = self.awaited_proc(id, number, stealable) else {
            return Step::Wait;
        };
        if turn.context().thread == ABSENT && !self.forced {
            return Step::Broken;
        }
        let abandoned = self.procs.at(slot).status == ProcStatus::Abandoned;
        if !abandoned && !self.robbed(turn, id) {
            return Step::Broken;
        }
        let proc = self.procs.at(slot);
        (proc.status, proc.sequence.number) = (ProcStatus::Idle, number);
        let from = match abandoned {
            true => ProcState::Idle,
            false => ProcState::Running,
        };
        turn.emit(StackRef::NONE, change(id, from, ProcState::Idle));
        Step::Done
    }

    /// Takes the processor from the thread that the event names; false where that one does not hold it.
    fn robbed<S: Sink>(&mut self, turn: &Turn<'_, '_, '_, S>, proc: u64) -> bool {
        let victim = turn.argument(2);
        let slot = match victim == turn.context().thread {
            true => Some(turn.thread),
            false => self.threads.find(victim),
        };
        match slot.filter(|&slot| slot != NO_SLOT) {
            Some(slot) => {
                let thread = self.threads.at(slot);
                if thread.proc == proc {
                    thread.proc = ABSENT;
                    return true;
                }
                self.forced
            }
            None => self.forced,
        }
    }

    /// `ProcStatus p status`: once a generation for each processor.
    #[inline(never)]
    pub(super) fn proc_status<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let id = turn.argument(0);
        let Some(mut status) = wire_status(turn.argument(1)) else {
            return self.meaningless();
        };
        let mut context = *turn.context();
        let written = status;
        let from = match self.procs.find(id) {
            Some(slot) => {
                let sequence = self.fresh();
                let known = self.procs.at(slot);
                let about_to_be_stolen =
                    written == ProcStatus::Abandoned && known.status == ProcStatus::Syscall;
                if about_to_be_stolen {
                    status = ProcStatus::Syscall;
                } else if known.status != status && !self.forced {
                    return Step::Broken;
                }
                let from = shown(known.status);
                (known.status, known.sequence) = (status, sequence);
                if about_to_be_stolen {
                    match self.holder(id) {
                        Some(holder) => context = holder,
                        None if self.forced => {}
                        None => return Step::Broken,
                    }
                }
                from
            }
            None => {
                self.add_proc(id, status);
                match self.first_generation() {
                    true => ProcState::Undetermined,
                    false => ProcState::NotExist,
                }
            }
        };
        if matches!(written, ProcStatus::Running | ProcStatus::Syscall)
            && let Some(thread) = self.turn_thread(turn)
        {
            thread.proc = id;
        }
        turn.emit_as(context, StackRef::NONE, change(id, from, shown(status)));
        Step::Done
    }

    /// The context of the thread that holds a processor. Looks at all threads: the case is rare, and only so often as it may be in a
    /// file that was made to be slow.
    fn holder(&mut self, proc: u64) -> Option<Context> {
        let threads = self.threads.iter();
        let looked = threads.len() as u64;
        let found = threads
            .take(usize::try_from(self.thread_looks).unwrap_or(usize::MAX))
            .find(|thread| thread.proc == proc)
            .map(|thread| thread.context());
        self.thread_looks = self.thread_looks.saturating_sub(looked);
        found
    }
}
