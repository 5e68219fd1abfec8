//! What the runtime does beside scheduling (collections, sweeps, assists, stops of the world), and what the program writes itself
//! (tasks, regions, messages). One function a kind of event; `order.rs` calls them.

use super::order::{Step, Turn};
use super::state::{Marking, States};
use crate::model::trace::Sink;
use crate::model::trace::{
    ABSENT, EventKind, Metric, NO_SLOT, Range, Region, Scope, StackRef, Task, UserLog, Word,
};

fn range(name: Word, scope: Scope) -> Range {
    Range {
        name,
        scope,
        swept: None,
    }
}

impl States {
    /// Broken where an event of a running goroutine comes without one; `Done` stands for "go on".
    #[inline]
    fn needs_goroutine<S: Sink>(&self, turn: &Turn<'_, '_, '_, S>) -> bool {
        self.forced || turn.in_goroutine()
    }

    /// `GCBegin gc_seq stack`.
    #[inline(never)]
    pub(super) fn mark_begin<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let number = turn.argument(0);
        if self.marking != Marking::Unknown && !self.forced {
            if number != self.mark_number.wrapping_add(1) {
                return Step::Wait;
            }
            if self.marking == Marking::Yes || !turn.in_goroutine() {
                return Step::Broken;
            }
        }
        (self.marking, self.mark_number) = (Marking::Yes, number);
        let stack = turn.stack(1);
        turn.emit(
            stack,
            EventKind::RangeBegin(range(self.names.mark, Scope::Global)),
        );
        Step::Done
    }

    /// `GCActive gc_seq`: it was going on when the generation began.
    #[inline(never)]
    pub(super) fn mark_active<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let number = turn.argument(0);
        if !self.forced {
            if self.first_generation() {
                if self.marking != Marking::Unknown {
                    return Step::Broken;
                }
            } else if number != self.mark_number.wrapping_add(1) {
                return Step::Wait;
            } else if self.marking != Marking::Yes || !turn.in_goroutine() {
                return Step::Broken;
            }
        }
        (self.marking, self.mark_number) = (Marking::Yes, number);
        turn.emit(
            StackRef::NONE,
            EventKind::RangeActive(range(self.names.mark, Scope::Global)),
        );
        Step::Done
    }

    /// `GCEnd gc_seq`.
    #[inline(never)]
    pub(super) fn mark_end<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let number = turn.argument(0);
        if !self.forced {
            if number != self.mark_number.wrapping_add(1) {
                return Step::Wait;
            }
            if self.marking != Marking::Yes || !turn.in_goroutine() {
                return Step::Broken;
            }
        }
        (self.marking, self.mark_number) = (Marking::No, number);
        turn.emit(
            StackRef::NONE,
            EventKind::RangeEnd(range(self.names.mark, Scope::Global)),
        );
        Step::Done
    }

    /// Notes whether a processor sweeps; false where it did so already.
    fn set_sweeping(&mut self, proc: u64, sweeps: bool) -> bool {
        match self.procs.find(proc) {
            Some(slot) => std::mem::replace(&mut self.procs.at(slot).sweeps, sweeps) != sweeps,
            None => false,
        }
    }

    /// `GCSweepBegin stack`, on a processor.
    #[inline(never)]
    pub(super) fn sweep_begin<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let proc = turn.context().proc;
        if !(turn.on_proc() && self.set_sweeping(proc, true) || self.forced) {
            return Step::Broken;
        }
        let stack = turn.stack(0);
        turn.emit(
            stack,
            EventKind::RangeBegin(range(self.names.sweep, Scope::Proc(proc))),
        );
        Step::Done
    }

    /// `GCSweepActive p`.
    #[inline(never)]
    pub(super) fn sweep_active<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let proc = turn.argument(0);
        let begins = self.set_sweeping(proc, true);
        let known = self.procs.find(proc).is_some();
        if !self.forced && (!known || begins != self.first_generation()) {
            return Step::Broken;
        }
        turn.emit(
            StackRef::NONE,
            EventKind::RangeActive(range(self.names.sweep, Scope::Proc(proc))),
        );
        Step::Done
    }

    /// `GCSweepEnd swept reclaimed`.
    #[inline(never)]
    pub(super) fn sweep_end<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let proc = turn.context().proc;
        if !(turn.on_proc() && self.set_sweeping(proc, false) || self.forced) {
            return Step::Broken;
        }
        let swept = Range {
            swept: Some((turn.argument(0), turn.argument(1))),
            ..range(self.names.sweep, Scope::Proc(proc))
        };
        turn.emit(StackRef::NONE, EventKind::RangeEnd(swept));
        Step::Done
    }

    /// Notes whether the context's goroutine assists; false where nothing changes.
    fn set_assisting(&mut self, slot: u32, assists: bool) -> bool {
        slot != NO_SLOT
            && std::mem::replace(&mut self.goroutines.at(slot).assists, assists) != assists
    }

    /// `GCMarkAssistBegin stack`.
    #[inline(never)]
    pub(super) fn assist_begin<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let fits = self.needs_goroutine(turn) && self.set_assisting(turn.context().slot, true);
        if !fits && !self.forced {
            return Step::Broken;
        }
        let stack = turn.stack(0);
        let scope = Scope::Goroutine(turn.context().goroutine);
        turn.emit(
            stack,
            EventKind::RangeBegin(range(self.names.assist, scope)),
        );
        Step::Done
    }

    /// `GCMarkAssistActive g`: of any goroutine, at any time.
    #[inline(never)]
    pub(super) fn assist_active<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let id = turn.argument(0);
        let known = self.goroutines.find(id);
        let begins = known.is_some_and(|slot| self.set_assisting(slot, true));
        if !self.forced && (known.is_none() || begins != self.first_generation()) {
            return Step::Broken;
        }
        turn.emit(
            StackRef::NONE,
            EventKind::RangeActive(range(self.names.assist, Scope::Goroutine(id))),
        );
        Step::Done
    }

    /// `GCMarkAssistEnd`.
    #[inline(never)]
    pub(super) fn assist_end<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let fits = self.needs_goroutine(turn) && self.set_assisting(turn.context().slot, false);
        if !fits && !self.forced {
            return Step::Broken;
        }
        let scope = Scope::Goroutine(turn.context().goroutine);
        turn.emit(
            StackRef::NONE,
            EventKind::RangeEnd(range(self.names.assist, scope)),
        );
        Step::Done
    }

    /// `STWBegin kind stack`.
    #[inline(never)]
    pub(super) fn stop_begin<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let context = *turn.context();
        if !self.needs_goroutine(turn) {
            return Step::Broken;
        }
        let reason = turn.word(0);
        let name = self.names.stop(reason, &mut turn.tables.vocabulary);
        if context.slot != NO_SLOT {
            let before = std::mem::replace(&mut self.goroutines.at(context.slot).stops, name);
            if before == name && !self.forced {
                return Step::Broken;
            }
        }
        let stack = turn.stack(1);
        let scope = Scope::Goroutine(context.goroutine);
        turn.emit(stack, EventKind::RangeBegin(range(name, scope)));
        Step::Done
    }

    /// `STWEnd`: the name is that of its beginning.
    #[inline(never)]
    pub(super) fn stop_end<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let context = *turn.context();
        let name = match context.slot {
            NO_SLOT => Word::EMPTY,
            slot => std::mem::take(&mut self.goroutines.at(slot).stops),
        };
        if !self.forced && (!turn.in_goroutine() || name == Word::EMPTY) {
            return Step::Broken;
        }
        let scope = Scope::Goroutine(context.goroutine);
        turn.emit(StackRef::NONE, EventKind::RangeEnd(range(name, scope)));
        Step::Done
    }

    /// `HeapAlloc value`, `HeapGoal value`.
    #[inline(never)]
    pub(super) fn metric<S: Sink>(
        &mut self,
        turn: &mut Turn<'_, '_, '_, S>,
        metric: Metric,
    ) -> Step {
        if !turn.on_proc() && !self.forced {
            return Step::Broken;
        }
        turn.emit(StackRef::NONE, EventKind::Metric(metric, turn.argument(0)));
        Step::Done
    }

    /// `ProcsChange value stack`.
    #[inline(never)]
    pub(super) fn procs_change<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        if !self.needs_goroutine(turn) {
            return Step::Broken;
        }
        let stack = turn.stack(1);
        turn.emit(stack, EventKind::Metric(Metric::Procs, turn.argument(0)));
        Step::Done
    }

    /// `GoLabel label`.
    #[inline(never)]
    pub(super) fn label<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        if !self.needs_goroutine(turn) {
            return Step::Broken;
        }
        let label = turn.word(0);
        turn.emit(StackRef::NONE, EventKind::Label(label));
        Step::Done
    }

    /// `UserTaskBegin task parent name stack`. A parent of 0 is none.
    #[inline(never)]
    pub(super) fn task_begin<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        let id = turn.argument(0);
        let parent = match turn.argument(1) {
            0 => ABSENT,
            parent => parent,
        };
        let name = turn.word(2);
        if !self.needs_goroutine(turn) || !self.tasks.begin(id, parent, name) && !self.forced {
            return Step::Broken;
        }
        let stack = turn.stack(3);
        turn.emit(stack, EventKind::TaskBegin(Task { id, parent, name }));
        Step::Done
    }

    /// `UserTaskEnd task stack`: perhaps generations after its beginning, whose name it takes.
    #[inline(never)]
    pub(super) fn task_end<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        if !self.needs_goroutine(turn) {
            return Step::Broken;
        }
        let id = turn.argument(0);
        let (parent, name) = self.tasks.end(id);
        let stack = turn.stack(1);
        turn.emit(stack, EventKind::TaskEnd(Task { id, parent, name }));
        Step::Done
    }

    /// `UserRegionBegin task name stack`, `UserRegionEnd`.
    #[inline(never)]
    pub(super) fn region<S: Sink>(
        &mut self,
        turn: &mut Turn<'_, '_, '_, S>,
        kind: fn(Region) -> EventKind,
    ) -> Step {
        if !self.needs_goroutine(turn) {
            return Step::Broken;
        }
        let region = Region {
            task: turn.argument(0),
            name: turn.word(1),
        };
        let stack = turn.stack(2);
        turn.emit(stack, kind(region));
        Step::Done
    }

    /// `UserLog task key value stack`.
    #[inline(never)]
    pub(super) fn log<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        if !self.needs_goroutine(turn) {
            return Step::Broken;
        }
        let log = UserLog {
            task: turn.argument(0),
            category: turn.word(1),
            message: turn.tables.string(turn.argument(2)),
        };
        let stack = turn.stack(3);
        turn.emit(stack, EventKind::Log(log));
        Step::Done
    }

    /// An event of the allocation experiment.
    #[inline(never)]
    pub(super) fn experimental<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Step {
        if turn.context().thread == ABSENT && !self.forced {
            return Step::Broken;
        }
        let arguments = [turn.argument(0), turn.argument(1), turn.argument(2)];
        turn.emit(
            StackRef::NONE,
            EventKind::Experimental(turn.head.number, arguments),
        );
        Step::Done
    }
}
