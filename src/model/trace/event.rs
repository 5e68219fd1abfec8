//! One event, small and `Copy`. Read [`Event`] first.

use super::Word;

/// In a [`Context`] and as a task's parent: none. It is the number Go writes, too.
pub const ABSENT: u64 = u64::MAX;

/// In place of a slot: no goroutine.
pub const NO_SLOT: u32 = u32::MAX;

/// A stack of the generation's tables; 0 is no stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct StackRef(pub u32);

impl StackRef {
    /// No stack.
    pub const NONE: StackRef = StackRef(0);

    /// True where there is one.
    pub fn is_some(self) -> bool {
        self.0 != 0
    }
}

/// A string of the generation's tables; 0 is the empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct StringRef(pub u32);

/// Who was at work when an event was written, before the event took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Operating system's number of the thread, or [`ABSENT`].
    pub thread: u64,
    /// Processor (P), or [`ABSENT`].
    pub proc: u64,
    /// Goroutine, or [`ABSENT`].
    pub goroutine: u64,
    /// The goroutine's slot (see [`GoTransition::slot`]), or [`NO_SLOT`].
    pub slot: u32,
}

impl Context {
    /// Nobody.
    pub const NONE: Context = Context {
        thread: ABSENT,
        proc: ABSENT,
        goroutine: ABSENT,
        slot: NO_SLOT,
    };
}

/// What a goroutine does. The names are those of Go's own reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum GoState {
    /// Not known yet.
    Undetermined,
    /// Not created yet, or gone.
    NotExist,
    /// Could run, waits for a processor.
    Runnable,
    /// Runs.
    Running,
    /// Blocked, for a reason.
    Waiting,
    /// In a system call or in C code.
    Syscall,
}

impl GoState {
    /// All states, in the order of their numbers.
    pub const ALL: [GoState; 6] = [
        GoState::Undetermined,
        GoState::NotExist,
        GoState::Runnable,
        GoState::Running,
        GoState::Waiting,
        GoState::Syscall,
    ];

    /// As Go's reader prints it.
    pub fn name(self) -> &'static str {
        match self {
            GoState::Undetermined => "Undetermined",
            GoState::NotExist => "NotExist",
            GoState::Runnable => "Runnable",
            GoState::Running => "Running",
            GoState::Waiting => "Waiting",
            GoState::Syscall => "Syscall",
        }
    }
}

/// What a processor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ProcState {
    /// Not known yet.
    Undetermined,
    /// Not there yet (GOMAXPROCS grew).
    NotExist,
    /// Held by a thread; in a system call, too.
    Running,
    /// Held by nobody.
    Idle,
}

impl ProcState {
    /// All states, in the order of their numbers.
    pub const ALL: [ProcState; 4] = [
        ProcState::Undetermined,
        ProcState::NotExist,
        ProcState::Running,
        ProcState::Idle,
    ];

    /// As Go's reader prints it.
    pub fn name(self) -> &'static str {
        match self {
            ProcState::Undetermined => "Undetermined",
            ProcState::NotExist => "NotExist",
            ProcState::Running => "Running",
            ProcState::Idle => "Idle",
        }
    }
}

/// A goroutine's change of state; `from` and `to` are equal where only its status was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoTransition {
    /// The goroutine's number.
    pub id: u64,
    /// A small number that it alone has as long as it lives; afterwards another may get it.
    pub slot: u32,
    /// State before.
    pub from: GoState,
    /// State after.
    pub to: GoState,
    /// Why it blocked or stopped; empty for everything else.
    pub reason: Word,
    /// Its own stack: for a creation that of the new goroutine (its start function); the same for a first status whose event has no
    /// stack (up to Go 1.21, and in the JSON for a browser).
    pub stack: StackRef,
}

impl GoTransition {
    /// Without reason and stack.
    #[inline(always)]
    #[must_use]
    pub fn plain(id: u64, slot: u32, from: GoState, to: GoState) -> Self {
        Self {
            id,
            slot,
            from,
            to,
            reason: Word::EMPTY,
            stack: StackRef::NONE,
        }
    }
}

/// A processor's change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcTransition {
    /// The processor.
    pub id: u64,
    /// State before.
    pub from: ProcState,
    /// State after.
    pub to: ProcState,
}

/// Between two of these lies a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncPoint {
    /// Counted from 1.
    pub number: u32,
    /// True for the one that ends the trace: no tables go with it.
    pub last: bool,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// GOMAXPROCS.
    Procs,
    /// Bytes of live and not yet swept objects.
    HeapAlloc,
    /// Heap size at which the next collection shall end, in bytes.
    HeapGoal,
}

impl Metric {
    /// Its name in package runtime/metrics.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Procs => "/sched/gomaxprocs:threads",
            Metric::HeapAlloc => "/memory/classes/heap/objects:bytes",
            Metric::HeapGoal => "/gc/heap/goal:bytes",
        }
    }
}

/// What a range belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole process.
    Global,
    /// A goroutine.
    Goroutine(u64),
    /// A processor.
    Proc(u64),
}

/// A stretch of the runtime's own work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// `GC concurrent mark phase`, `stop-the-world (GC mark termination)`, …
    pub name: Word,
    /// What it belongs to.
    pub scope: Scope,
    /// At the end of a sweep: bytes swept and bytes reclaimed.
    pub swept: Option<(u64, u64)>,
}

/// A task of package runtime/trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its number in the process.
    pub id: u64,
    /// The task it is part of, or [`ABSENT`].
    pub parent: u64,
    /// Its type; at an end whose beginning is not in the trace: empty.
    pub name: Word,
}

/// A region of package runtime/trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The task it belongs to; 0 is the background.
    pub task: u64,
    /// Its type.
    pub name: Word,
}

/// A message of package runtime/trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserLog {
    /// The task it belongs to; 0 is the background.
    pub task: u64,
    /// Its category.
    pub category: Word,
    /// The text.
    pub message: StringRef,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A goroutine changed its state, or told it.
    Goroutine(GoTransition),
    /// A processor did.
    Proc(ProcTransition),
    /// A generation begins, or the trace ends.
    Sync(SyncPoint),
    /// A measured value.
    Metric(Metric, u64),
    /// The goroutine of the context is labelled; the runtime does this to its collectors.
    Label(Word),
    /// A CPU sample; it changes nothing and may contradict the states.
    StackSample,
    /// A range begins.
    RangeBegin(Range),
    /// A range was already open.
    RangeActive(Range),
    /// A range ends.
    RangeEnd(Range),
    /// A task begins.
    TaskBegin(Task),
    /// A task ends.
    TaskEnd(Task),
    /// A region begins.
    RegionBegin(Region),
    /// A region ends.
    RegionEnd(Region),
    /// A message.
    Log(UserLog),
    /// An event of an experiment, by wire number, with its arguments.
    Experimental(u8, [u64; 3]),
}

/// The kinds that Go's reader tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // they are explained at EventKind
pub enum Kind {
    StateTransition,
    Sync,
    Metric,
    Label,
    StackSample,
    RangeBegin,
    RangeActive,
    RangeEnd,
    TaskBegin,
    TaskEnd,
    RegionBegin,
    RegionEnd,
    Log,
    Experimental,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Kind; 14] = [
        Kind::StateTransition,
        Kind::Sync,
        Kind::Metric,
        Kind::Label,
        Kind::StackSample,
        Kind::RangeBegin,
        Kind::RangeActive,
        Kind::RangeEnd,
        Kind::TaskBegin,
        Kind::TaskEnd,
        Kind::RegionBegin,
        Kind::RegionEnd,
        Kind::Log,
        Kind::Experimental,
    ];

    /// As Go's reader prints it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::StateTransition => "StateTransition",
            Kind::Sync => "Sync",
            Kind::Metric => "Metric",
            Kind::Label => "Label",
            Kind::StackSample => "StackSample",
            Kind::RangeBegin => "RangeBegin",
            Kind::RangeActive => "RangeActive",
            Kind::RangeEnd => "RangeEnd",
            Kind::TaskBegin => "TaskBegin",
            Kind::TaskEnd => "TaskEnd",
            Kind::RegionBegin => "RegionBegin",
            Kind::RegionEnd => "RegionEnd",
            Kind::Log => "Log",
            Kind::Experimental => "Experimental",
        }
    }
}

impl EventKind {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            EventKind::Goroutine(_) | EventKind::Proc(_) => Kind::StateTransition,
            EventKind::Sync(_) => Kind::Sync,
            EventKind::Metric(..) => Kind::Metric,
            EventKind::Label(_) => Kind::Label,
            EventKind::StackSample => Kind::StackSample,
            EventKind::RangeBegin(_) => Kind::RangeBegin,
            EventKind::RangeActive(_) => Kind::RangeActive,
            EventKind::RangeEnd(_) => Kind::RangeEnd,
            EventKind::TaskBegin(_) => Kind::TaskBegin,
            EventKind::TaskEnd(_) => Kind::TaskEnd,
            EventKind::RegionBegin(_) => Kind::RegionBegin,
            EventKind::RegionEnd(_) => Kind::RegionEnd,
            EventKind::Log(_) => Kind::Log,
            EventKind::Experimental(..) => Kind::Experimental,
        }
    }
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in ns of the trace's clock: the monotonic clock of the machine from Go 1.22 on (not on Windows), ns since the trace
    /// began before.
    pub at: i64,
    /// By whom.
    pub context: Context,
    /// Stack of the context's goroutine.
    pub stack: StackRef,
    /// What.
    pub kind: EventKind,
}
