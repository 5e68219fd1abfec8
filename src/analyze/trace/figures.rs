//! What a trace adds up to, ready to be shown: [`Figures`] are those that Go's own reader gives as well and can be checked against
//! it number by number; [`Findings`] are what we make of the same events beside them. All times in ns.

use super::alive::LiveGoroutines;
use super::moments::{GoroutineLine, Timeline};
use crate::goruntime::tracewire::TRACER_GOROUTINES;
use crate::model::trace::{Damage, DamageKind};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A name as the trace writes it. Bytes that are no UTF-8 are replaced when it is serialised.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub Vec<u8>);

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(&self.0))
    }
}

impl Name {
    /// True where the trace has no name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(&self.0))
    }
}

impl JsonSchema for Name {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

impl From<&[u8]> for Name {
    fn from(bytes: &[u8]) -> Self {
        Name(bytes.to_vec())
    }
}

/// How often, and for how long in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CountTime {
    /// How often.
    pub count: u64,
    /// How long in all.
    pub ns: i64,
}

/// Goroutines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GoroutineCounts {
    /// Created in the trace.
    pub created: u64,
    /// There before it.
    pub preexisting: u64,
    /// Gone in the trace.
    pub destroyed: u64,
    /// Different numbers seen.
    pub seen: u64,
    /// There at its end.
    pub alive_at_end: u64,
}

/// Who woke whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnblockCounts {
    /// Wake-ups by a goroutine.
    pub edges: u64,
    /// Wake-ups by the network poller, a timer, the collector, …
    pub edges_without_goroutine: u64,
    /// Different pairs of waker and woken.
    pub distinct_pairs: u64,
}

/// Ranges of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RangeCounts {
    /// Begun.
    pub begin: u64,
    /// Told to be going on.
    pub active: u64,
    /// Ended.
    pub end: u64,
    /// Time of those that ended, from their beginning or from the first word of them.
    pub ns: i64,
}

/// CPU samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SampleCounts {
    /// All.
    pub total: u64,
    /// With a stack.
    pub with_stack: u64,
    /// With a function of the runtime's maps in it.
    pub with_map_frame: u64,
}

/// A goroutine that waited long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Waiter {
    /// Its number.
    pub goroutine: u64,
    /// Time in all its waits.
    pub wait_ns: i64,
    /// The function with the `go` statement; empty where it was there before the trace.
    pub create_func: Name,
    /// The function it began with.
    pub start_func: Name,
}

/// The figures to be checked against golang.org/x/exp/trace. Kinds, transitions, reasons and ranges that do not occur are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Figures {
    /// `go 1.26`: the trace's header, not the Go version; `text` for the text of `go tool trace`.
    pub header: String,
    /// Events, synchronisation included.
    pub events_total: u64,
    /// By kind.
    pub events_by_kind: BTreeMap<&'static str, u64>,
    /// `Runnable->Running`: how often, statuses that change nothing included.
    pub go_transitions: BTreeMap<String, u64>,
    /// The same for processors.
    pub proc_transitions: BTreeMap<String, u64>,
    /// Goroutines.
    pub goroutines: GoroutineCounts,
    /// By state, over all goroutines, from the first transition on.
    pub state_time_ns: BTreeMap<&'static str, i64>,
    /// The same, those that were there before the trace counted from its beginning.
    pub state_time_backfilled_ns: BTreeMap<&'static str, i64>,
    /// By reason: how often a running goroutine blocked, and how long.
    pub block_reasons: BTreeMap<Name, CountTime>,
    /// By reason: how often a running goroutine was stopped, and how long it could not run then.
    pub stop_reasons: BTreeMap<Name, CountTime>,
    /// Who woke whom.
    pub unblock: UnblockCounts,
    /// By name.
    pub ranges: BTreeMap<Name, RangeCounts>,
    /// CPU samples.
    pub cpu_samples: SampleCounts,
    /// Events whose stack holds a function of the runtime's maps.
    pub events_with_map_frame: u64,
    /// Those that waited longest, then by number.
    pub top_waiting: Vec<Waiter>,
    /// What is wrong with the file; empty for a whole trace.
    pub damage: Vec<Damage>,
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Place {
    /// Function.
    pub func: Name,
    /// Source path.
    pub file: Name,
    /// Line.
    pub line: u32,
}

/// Time in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StateTimes {
    /// Could run.
    pub runnable: i64,
    /// Ran.
    pub running: i64,
    /// Was blocked.
    pub waiting: i64,
    /// Was in a system call.
    pub syscall: i64,
}

/// Goroutines of one origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Origin {
    /// Where they were created, innermost first; empty where they were there before the trace, or nobody created them.
    pub created_at: Vec<Place>,
    /// The function they began with.
    pub start_func: Name,
    /// How many.
    pub goroutines: u64,
    /// How many of them are there at the end.
    pub alive: u64,
    /// Their times, summed.
    pub times: StateTimes,
}

/// One stretch of a goroutine in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stretch {
    /// Whose.
    pub goroutine: u64,
    /// The function it began with.
    pub start_func: Name,
    /// When it began, in the trace's clock.
    pub since_ns: i64,
    /// How long.
    pub ns: i64,
    /// Why it blocked, or stopped; empty where it became runnable by being woken or created.
    pub reason: Name,
    /// Where it blocked, innermost first.
    pub stack: Vec<Place>,
    /// True where it lasts beyond the end of the trace.
    pub at_end: bool,
}

/// How the names of functions begin in which goroutines block for others.
const BLOCKING: &[&str] = &[
    "runtime.",
    "sync.",
    "internal/",
    "time.Sleep",
    "syscall.",
    "os.(*File).",
    "net.(*",
];

/// True for a function in which goroutines block for others: its callers say what for.
pub(super) fn blocks_for_others(func: &[u8]) -> bool {
    let mut begins = BLOCKING.iter();
    begins.any(|begin| func.starts_with(begin.as_bytes()))
}

impl Stretch {
    /// The innermost frame of the program: where it blocked, as its author sees it.
    pub fn place(&self) -> Option<&Place> {
        let own = |place: &&Place| !blocks_for_others(&place.func.0);
        self.stack.iter().find(own).or(self.stack.first())
    }

    /// False for goroutines of the runtime and of the tracer, which wait by their nature.
    pub fn is_programs(&self) -> bool {
        is_programs(&self.start_func.0)
    }
}

/// False for the start functions of the runtime's and the tracer's own goroutines.
pub fn is_programs(start_func: &[u8]) -> bool {
    let of_runtime = start_func.starts_with(b"runtime.") && start_func != b"runtime.main";
    let of_tracer = TRACER_GOROUTINES
        .iter()
        .any(|func| func.as_bytes() == start_func);
    !of_runtime && !of_tracer && !start_func.starts_with(b"runtime/pprof.")
}

/// A pair of waker and woken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Wake {
    /// Who woke.
    pub waker: u64,
    /// Its start function.
    pub waker_func: Name,
    /// Who was woken.
    pub woken: u64,
    /// Its start function.
    pub woken_func: Name,
    /// How often.
    pub count: u64,
}

/// Wake-ups between goroutines of two origins, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WakeOrigin {
    /// Where those who woke come from: index into [`Findings::origins`].
    pub waker: usize,
    /// The same of the woken.
    pub woken: usize,
    /// What the woken had waited for.
    pub reason: Name,
    /// How often.
    pub count: u64,
    /// Pairs of goroutines.
    pub pairs: u64,
}

/// Goroutines of one origin created by those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OriginCreation {
    /// Where the creators come from: index into [`Findings::origins`].
    pub creator: usize,
    /// The same of the created.
    pub created: usize,
    /// How many. Who has ended without having created others is not counted.
    pub count: u64,
}

/// A map operation of one goroutine at one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MapUse {
    /// Who; 0 where a sample does not say.
    pub goroutine: u64,
    /// The runtime's function: `runtime.mapassign_faststr`.
    pub operation: Name,
    /// The line in the program.
    pub at: Place,
    /// CPU samples there.
    pub samples: u64,
    /// Other events there.
    pub events: u64,
    /// First and last of them.
    pub first_ns: i64,
    /// Last.
    pub last_ns: i64,
}

/// Map operations of two goroutines at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MapOverlap {
    /// Index into [`Findings::map_uses`].
    pub a: usize,
    /// The same.
    pub b: usize,
    /// With `inside`: the first moment at which both were in their operations for certain. Else where the stretches in which each was
    /// seen begin to overlap, which says little.
    pub from_ns: i64,
    /// The last such moment; they need not have been at it all the time between.
    pub to_ns: i64,
    /// How often one was seen in its operation while the other had been stopped inside its own: an overlap beyond doubt.
    pub inside: u64,
}

/// Tasks or regions of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SpanCounts {
    /// Begun.
    pub count: u64,
    /// Begun and ended in the trace.
    pub ended: u64,
    /// Time of those.
    pub ns: i64,
    /// The longest of those.
    pub longest_ns: i64,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Message {
    /// When.
    pub at_ns: i64,
    /// Who.
    pub goroutine: u64,
    /// Its category.
    pub category: Name,
    /// The text.
    pub text: Name,
}

/// The heap and the processors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gauges {
    /// GOMAXPROCS at the end; 0 where the trace does not say.
    pub procs: u64,
    /// Bytes of the heap at the end.
    pub heap_last: u64,
    /// The most it was.
    pub heap_most: u64,
    /// The goal at the end.
    pub goal_last: u64,
}

/// What was left out to bound memory, by list. All zero but for very large traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Dropped {
    /// Stacks shown without frames.
    pub stacks: u64,
    /// Wake-ups of pairs that are not counted one by one; `distinct_pairs` is then a lower bound.
    pub wake_pairs: u64,
    /// Origins merged into one without names.
    pub origins: u64,
    /// Events in map operations whose goroutine and line are not listed.
    pub map_uses: u64,
    /// Open ranges, tasks and regions whose time is not known.
    pub spans: u64,
}

/// The part of a trace whose tables are lost, included in all other figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Salvaged {
    /// Its events.
    pub events: u64,
    /// Its first.
    pub from_ns: i64,
    /// Its last.
    pub to_ns: i64,
}

/// What the events say beside the figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Findings {
    /// First event.
    pub first_ns: i64,
    /// Last event.
    pub last_ns: i64,
    /// Generations read.
    pub generations: u32,
    /// Number of the first; other than 1 for flight recorders and processes that traced before.
    pub first_generation: u64,
    /// Goroutines by origin, the most numerous first.
    pub origins: Vec<Origin>,
    /// The longest single waits, those that last to the end included.
    pub longest_waits: Vec<Stretch>,
    /// Who waits at the end, the longest first.
    pub waiting_at_end: Vec<Stretch>,
    /// How many wait at the end, by reason.
    pub waiting_at_end_by_reason: BTreeMap<Name, u64>,
    /// The longest stretches without a processor, though runnable.
    pub longest_runnable: Vec<Stretch>,
    /// The longest system calls.
    pub longest_syscalls: Vec<Stretch>,
    /// The most frequent pairs of waker and woken.
    pub wakes: Vec<Wake>,
    /// The same by origin and reason, the most frequent first.
    pub wake_origins: Vec<WakeOrigin>,
    /// Who created whom, by origin.
    pub origin_creations: Vec<OriginCreation>,
    /// States over time.
    pub timeline: Timeline,
    /// Map operations seen, the most frequent first.
    pub map_uses: Vec<MapUse>,
    /// Pairs of them at the same time.
    pub map_overlaps: Vec<MapOverlap>,
    /// Tasks by type.
    pub tasks: BTreeMap<Name, SpanCounts>,
    /// Regions by type.
    pub regions: BTreeMap<Name, SpanCounts>,
    /// Messages by category.
    pub logs: BTreeMap<Name, u64>,
    /// The last messages.
    pub last_messages: Vec<Message>,
    /// Heap and processors.
    pub gauges: Gauges,
    /// The longest stop of the world, with its name.
    pub longest_stop: Option<(Name, i64)>,
    /// What was read of an incomplete last generation.
    pub salvaged: Option<Salvaged>,
    /// What was left out.
    pub dropped: Dropped,
    /// Damage by kind; [`Figures::damage`] lists only the first places.
    pub damage_counts: BTreeMap<DamageKind, u64>,
    /// The goroutines that are there at the end, for other captures of the same process. Too many to print.
    #[serde(skip)]
    #[schemars(skip)]
    pub live: Arc<LiveGoroutines>,
}

/// Goroutines that get a line of the timeline, and how many each list of them gives at most.
const LINES: usize = 12;
const LINES_EACH: usize = 4;

impl Findings {
    /// Lines over time of those who stand out: in map operations, waiting at the end, waiting long, kept from running.
    pub(super) fn told_lines(&self) -> Vec<GoroutineLine> {
        let stretches = [
            &self.waiting_at_end,
            &self.longest_runnable,
            &self.longest_waits,
        ];
        let mut chosen: Vec<u64> = Vec::new();
        let mut choose = |goroutines: &mut dyn Iterator<Item = u64>| {
            let mut more = LINES_EACH;
            for goroutine in goroutines {
                if more > 0 && chosen.len() < LINES && !chosen.contains(&goroutine) {
                    chosen.push(goroutine);
                    more -= 1;
                }
            }
        };
        choose(&mut self.map_uses.iter().map(|used| used.goroutine));
        for list in stretches {
            let own = list.iter().filter(|stretch| stretch.is_programs());
            choose(&mut own.map(|stretch| stretch.goroutine));
        }
        let line = |goroutine| {
            let states = self.live.line(goroutine)?.to_owned();
            Some(GoroutineLine { goroutine, states })
        };
        chosen.into_iter().filter_map(line).collect()
    }
}
