//! What the runtime does beside scheduling, and what the program writes itself, in a trace up to Go 1.21. `convert.rs` calls
//! [`States::extra`].

use super::convert::{States, Turn};
use crate::goruntime::tracewire::{V1_STOP_REASONS, V1_STOP_REASONS_TO_20, fake_proc, v1};
use crate::model::trace::{
    ABSENT, Context, DamageKind, EventKind, Metric, Range, Region, Scope, Sink, StackRef, Task,
    UserLog, Word,
};

/// The first header whose `STWStart` tells reasons other than the collector's.
const STOP_REASONS_SINCE: u16 = 21;

fn range(name: Word, scope: Scope) -> Range {
    Range {
        name,
        scope,
        swept: None,
    }
}

impl States {
    /// Everything that touches no goroutine's state. A flat table.
    pub(super) fn extra<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) {
        let context = turn.lane.context();
        let (own, proc) = (
            Scope::Goroutine(context.goroutine),
            Scope::Proc(context.proc),
        );
        match turn.lane.head().number {
            v1::HEAP_ALLOC => metric(turn, Metric::HeapAlloc),
            v1::HEAP_GOAL => metric(turn, Metric::HeapGoal),
            v1::GC_DONE => {
                let mark = range(self.names.mark, Scope::Global);
                turn.emit(StackRef::NONE, EventKind::RangeEnd(mark));
            }
            v1::GC_SWEEP_START => {
                let sweep = range(self.names.sweep, proc);
                turn.emit(turn.stack(0), EventKind::RangeBegin(sweep));
            }
            v1::GC_SWEEP_DONE => {
                let swept = Range {
                    swept: Some((turn.argument(0), turn.argument(1))),
                    ..range(self.names.sweep, proc)
                };
                turn.emit(StackRef::NONE, EventKind::RangeEnd(swept));
            }
            v1::GC_MARK_ASSIST_START => {
                let assist = range(self.names.assist, own);
                turn.emit(turn.stack(0), EventKind::RangeBegin(assist));
            }
            v1::GC_MARK_ASSIST_DONE => {
                let assist = range(self.names.assist, own);
                turn.emit(StackRef::NONE, EventKind::RangeEnd(assist));
            }
            v1::STW_START => {
                self.stops = self.stop_name(turn);
                let stop = range(self.stops, own);
                turn.emit(StackRef::NONE, EventKind::RangeBegin(stop));
            }
            v1::STW_DONE => {
                let stop = range(self.stops, own);
                turn.emit(StackRef::NONE, EventKind::RangeEnd(stop));
            }
            v1::USER_TASK_CREATE => self.task_begin(turn),
            v1::USER_TASK_END => {
                let id = turn.argument(0);
                let (parent, name) = self.tasks.end(id);
                turn.emit(turn.stack(1), EventKind::TaskEnd(Task { id, parent, name }));
            }
            v1::USER_REGION => self.region(turn),
            v1::USER_LOG => log(turn),
            // A wake-up in vain; nothing has written it since 1.11, and Go's reader does not know it.
            _ => {}
        }
    }

    /// `GCStart seq stack`.
    pub(super) fn collection<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) {
        self.order.collections = turn.argument(0).wrapping_add(1);
        let context = Context {
            thread: ABSENT,
            proc: fake_proc::COLLECTOR,
            ..turn.lane.context()
        };
        let mark = range(self.names.mark, Scope::Global);
        turn.emit_as(context, turn.stack(1), EventKind::RangeBegin(mark));
    }

    /// `Gomaxprocs n stack`. The first one ends the preamble and says nothing else.
    pub(super) fn procs<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Option<u32> {
        if self.preamble.is_some() {
            self.end_preamble(turn);
        } else {
            let stack = turn.stack(1);
            turn.emit(stack, EventKind::Metric(Metric::Procs, turn.argument(0)));
        }
        None
    }

    /// The range that `STWStart kind` opens.
    fn stop_name<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) -> Word {
        let kind = usize::try_from(turn.argument(0)).unwrap_or(usize::MAX);
        let reasons: &[&str] = match self.header >= STOP_REASONS_SINCE {
            true => &V1_STOP_REASONS,
            false => &V1_STOP_REASONS_TO_20,
        };
        let reason = reasons.get(kind).copied().unwrap_or_default();
        let vocabulary = &mut turn.tables.vocabulary;
        let reason = vocabulary.word(reason.as_bytes());
        self.names.stop(reason, vocabulary)
    }

    /// `UserTaskCreate task parent name stack`. A parent of 0 is none; Go's reader says so at the beginning, but not at the end.
    fn task_begin<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) {
        let (id, parent) = (turn.argument(0), turn.argument(1));
        let name = turn.word(2);
        if !self.tasks.begin(id, parent, name) {
            self.damage
                .add(DamageKind::Contradiction, turn.lane.offset(), 0);
        }
        let parent = match parent {
            0 => ABSENT,
            parent => parent,
        };
        let stack = turn.stack(3);
        turn.emit(stack, EventKind::TaskBegin(Task { id, parent, name }));
    }

    /// `UserRegion task mode name stack`.
    fn region<S: Sink>(&mut self, turn: &mut Turn<'_, '_, '_, S>) {
        let region = Region {
            task: turn.argument(0),
            name: turn.word(2),
        };
        let kind = match turn.argument(1) {
            0 => EventKind::RegionBegin(region),
            1 => EventKind::RegionEnd(region),
            _ => {
                self.damage
                    .add(DamageKind::BrokenEvent, turn.lane.offset(), 0);
                return;
            }
        };
        turn.emit(turn.stack(3), kind);
    }
}

fn metric<S: Sink>(turn: &mut Turn<'_, '_, '_, S>, metric: Metric) {
    turn.emit(StackRef::NONE, EventKind::Metric(metric, turn.argument(0)));
}

/// `UserLog task key stack`, and the message.
fn log<S: Sink>(turn: &mut Turn<'_, '_, '_, S>) {
    let log = UserLog {
        task: turn.argument(0),
        category: turn.word(1),
        message: turn.tables.inline(turn.lane.text()),
    };
    turn.emit(turn.stack(2), EventKind::Log(log));
}
