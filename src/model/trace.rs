//! An execution trace as values: what happened when, to which goroutine, on which processor and thread.
//!
//! `parse::trace` delivers [`Event`]s one after the other and keeps none; `analyze::trace` adds them up. Events are what Go's own
//! reader (golang.org/x/exp/trace) makes of the wire, whatever version wrote it. Stacks and strings are numbers into the [`Tables`]
//! that go with the event and live until the next generation of the trace; words that return over and over (reasons, names of
//! ranges, types of tasks) are [`Word`]s and hold for the whole trace. Read [`Event`] and [`EventKind`] first.

mod damage;
mod event;
mod passages;
mod sink;
mod tables;

pub use damage::{Damage, DamageKind, Damages};
pub use event::{
    ABSENT, Context, Event, EventKind, GoState, GoTransition, Kind, Metric, NO_SLOT, ProcState,
    ProcTransition, Range, Region, Scope, StackRef, StringRef, SyncPoint, Task, UserLog,
};
pub use passages::{
    BLOCK, Each, Passages, Passing, REACH, REASON_PLACES, START, Tick, WAKE, Window,
};
pub use sink::{Outcome, Sink};
pub use tables::{ClockSnapshot, FrameRecord, TableBuilder, Tables, TraceFrame, Vocabulary, Word};
