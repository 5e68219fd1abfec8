//! What an execution trace adds up to: counts, times, waits, wake-ups, origins, map operations.
//!
//! [`Tally`] is the sink that `parse::trace` fills. It looks at each event once and keeps sums, what is open, and the greatest few of
//! everything; its memory depends on how many goroutines live at once and how many names there are, not on the number of events.
//! [`Tally::finish`] gives [`Figures`] (to be checked against Go's own reader) and [`Findings`]. One file a question: `lives`
//! (states, waits, origins), `wakes`, `spans` (ranges, tasks, regions), `maps`; `stacks` keeps what must outlive a generation. Read
//! [`Tally`] first.

mod figures;
mod lives;
mod maps;
mod spans;
mod stacks;
mod top;
mod wakes;

pub use figures::*;

use crate::model::trace::{
    ABSENT, Event, EventKind, GoState, GoTransition, Kind, Metric, Outcome, ProcState, Sink, Tables,
};
use lives::Lives;
use maps::MapUses;
use spans::{Edge, Spans};
use stacks::{KeptFrame, KeptStack, NameId, Stacks};
use std::collections::BTreeMap;
use wakes::Wakes;

/// Entries of [`Figures::top_waiting`] where nothing else is asked for.
pub const TOP_WAITING: usize = 20;

/// [`Figures::header`] of a trace that was read from text, which does not tell its header.
pub const TEXT_HEADER: &str = "text";

const PROC_STATES: usize = ProcState::ALL.len();

/// Adds up a trace.
#[derive(Debug)]
pub struct Tally {
    kinds: [u64; Kind::ALL.len()],
    procs: [[u64; PROC_STATES]; PROC_STATES],
    lives: Lives,
    wakes: Wakes,
    spans: Spans,
    maps: MapUses,
    samples: SampleCounts,
    gauges: Gauges,
    stacks: Stacks,
    first: Option<i64>,
    last: i64,
    last_sync: i64,
    salvaged: Option<Salvaged>,
    incomplete: bool,
}

impl Default for Tally {
    fn default() -> Self {
        Self::new(TOP_WAITING)
    }
}

impl Sink for Tally {
    fn generation(&mut self, tables: &Tables<'_>) {
        self.stacks.begin(tables);
        self.incomplete = tables.incomplete;
    }

    fn event(&mut self, event: &Event, tables: &Tables<'_>) {
        self.kinds[event.kind.kind() as usize] += 1;
        self.last = self.last.max(event.at);
        let in_map = self.stacks.in_map(event.stack, tables);
        match &event.kind {
            EventKind::Goroutine(change) => self.goroutine(event, change, tables),
            _ => self.other(event, in_map, tables),
        }
        if in_map {
            self.in_map(event, tables);
        }
    }

    fn end_generation(&mut self, tables: &Tables<'_>) {
        self.lives.end_generation(&mut self.stacks, tables);
        if self.incomplete {
            self.note_salvaged();
        }
    }
}

impl Tally {
    /// `top`: entries of [`Figures::top_waiting`].
    pub fn new(top: usize) -> Self {
        Self {
            kinds: [0; Kind::ALL.len()],
            procs: [[0; PROC_STATES]; PROC_STATES],
            lives: Lives::new(top),
            wakes: Wakes::new(),
            spans: Spans::default(),
            maps: MapUses::default(),
            samples: SampleCounts::default(),
            gauges: Gauges::default(),
            stacks: Stacks::default(),
            first: None,
            last: 0,
            last_sync: 0,
            salvaged: None,
            incomplete: false,
        }
    }

    #[inline]
    fn goroutine(&mut self, event: &Event, change: &GoTransition, tables: &Tables<'_>) {
        match (change.from, change.to) {
            (GoState::Waiting, GoState::Runnable) => {
                let waker = event.context;
                match waker.goroutine {
                    ABSENT => self.wakes.without_goroutine(),
                    id => {
                        let lives = &self.lives;
                        self.wakes.edge(id, change.id, || {
                            (
                                lives.start(waker.slot, id),
                                lives.start(change.slot, change.id),
                            )
                        });
                    }
                }
            }
            (_, GoState::Running | GoState::NotExist) => self.maps.runs(change.id),
            _ => {}
        }
        self.lives.transition(
            event.at,
            change,
            event.stack,
            self.last_sync,
            &mut self.stacks,
            tables,
        );
    }

    /// The event's stack is in a map operation.
    #[cold]
    fn in_map(&mut self, event: &Event, tables: &Tables<'_>) {
        let Some(site) = self.stacks.facts(event.stack, tables).map else {
            return;
        };
        let sample = matches!(event.kind, EventKind::StackSample);
        self.maps
            .seen(event.at, event.context.goroutine, site, sample);
        if let EventKind::Goroutine(change) = &event.kind
            && change.from == GoState::Running
            && matches!(change.to, GoState::Runnable | GoState::Waiting)
        {
            self.maps.stops(change.id, site);
        }
    }

    /// Everything but goroutines.
    fn other(&mut self, event: &Event, in_map: bool, tables: &Tables<'_>) {
        let at = event.at;
        let goroutine = event.context.goroutine;
        match &event.kind {
            EventKind::Goroutine(_) | EventKind::Label(_) | EventKind::Experimental(..) => {}
            EventKind::Proc(change) => {
                self.procs[change.from as usize][change.to as usize] += 1;
            }
            EventKind::Sync(point) => {
                self.first.get_or_insert(at);
                self.last_sync = at;
                if self.incomplete && !point.last {
                    self.begin_salvaged(at);
                }
            }
            EventKind::Metric(metric, value) => self.metric(*metric, *value),
            EventKind::StackSample => {
                self.samples.total += 1;
                self.samples.with_stack += u64::from(event.stack.is_some());
                self.samples.with_map_frame += u64::from(in_map);
            }
            EventKind::RangeBegin(range) => self.spans.range(at, Edge::Begin, range),
            EventKind::RangeActive(range) => self.spans.range(at, Edge::Active, range),
            EventKind::RangeEnd(range) => self.spans.range(at, Edge::End, range),
            EventKind::TaskBegin(task) => self.spans.task_begin(at, task),
            EventKind::TaskEnd(task) => self.spans.task_end(at, task),
            EventKind::RegionBegin(region) => self.spans.region_begin(at, goroutine, region),
            EventKind::RegionEnd(region) => self.spans.region_end(at, goroutine, region),
            EventKind::Log(log) => self.spans.log(at, goroutine, log, tables),
        }
    }

    fn metric(&mut self, metric: Metric, value: u64) {
        match metric {
            Metric::Procs => self.gauges.procs = value,
            Metric::HeapGoal => self.gauges.goal_last = value,
            Metric::HeapAlloc => {
                self.gauges.heap_last = value;
                self.gauges.heap_most = self.gauges.heap_most.max(value);
            }
        }
    }

    fn total(&self) -> u64 {
        self.kinds.iter().sum()
    }

    /// `events` counts down from here until [`Self::note_salvaged`].
    fn begin_salvaged(&mut self, at: i64) {
        // The synchronisation that begins it belongs to it.
        let before = self.total().saturating_sub(1);
        self.salvaged.get_or_insert(Salvaged {
            events: before,
            from_ns: at,
            to_ns: at,
        });
    }

    fn note_salvaged(&mut self) {
        let total = self.total();
        if let Some(salvaged) = &mut self.salvaged {
            salvaged.events = total.saturating_sub(salvaged.events);
            salvaged.to_ns = self.last;
        }
        self.incomplete = false;
    }

    /// All figures. `outcome` is what reading the trace gave.
    pub fn finish(mut self, outcome: &Outcome) -> (Figures, Findings) {
        let words = &outcome.vocabulary;
        let lives = self.lives.finish(self.last, &mut self.stacks);
        let (unblock, wakes) = self.wakes.finish(&self.stacks);
        let (map_uses, map_overlaps) = self.maps.finish(&self.stacks);
        let mut figures = Figures {
            header: match outcome.header {
                0 => TEXT_HEADER.to_owned(),
                number => format!("go 1.{number}"),
            },
            events_total: self.kinds.iter().sum(),
            events_by_kind: kinds(&self.kinds),
            go_transitions: lives.transitions(),
            proc_transitions: proc_transitions(&self.procs),
            goroutines: lives.counts(),
            state_time_ns: lives.state_times(false),
            state_time_backfilled_ns: lives.state_times(true),
            block_reasons: lives.block_reasons(words),
            stop_reasons: lives.stop_reasons(words),
            unblock,
            ranges: self.spans.ranges(words),
            cpu_samples: self.samples,
            events_with_map_frame: self.maps.events,
            top_waiting: Vec::new(),
            damage: outcome.damage.places.clone(),
        };
        let mut findings = Findings {
            first_ns: self.first.unwrap_or(0),
            last_ns: self.last,
            generations: outcome.generations,
            first_generation: outcome.first_generation,
            origins: lives.origins(&self.stacks),
            waiting_at_end_by_reason: lives.at_end_by_reason(words),
            wakes,
            map_uses,
            map_overlaps,
            tasks: self.spans.tasks(words),
            regions: self.spans.regions(words),
            logs: self.spans.logs(words),
            last_messages: self.spans.messages(words),
            gauges: self.gauges,
            longest_stop: self.spans.longest_stop(words),
            salvaged: self.salvaged,
            dropped: Dropped {
                stacks: self.stacks.dropped,
                wake_pairs: self.wakes.dropped,
                origins: lives.dropped_origins(),
                map_uses: self.maps.dropped,
                spans: self.spans.dropped,
            },
            damage_counts: outcome.damage.counts.clone(),
            ..Findings::default()
        };
        let lists = lives.lists(&self.stacks, words);
        figures.top_waiting = lists.waiting;
        findings.longest_waits = lists.waits;
        findings.waiting_at_end = lists.at_end;
        findings.longest_runnable = lists.runnable;
        findings.longest_syscalls = lists.syscalls;
        (figures, findings)
    }
}

fn kinds(counts: &[u64; Kind::ALL.len()]) -> BTreeMap<&'static str, u64> {
    let kinds = Kind::ALL.iter().zip(counts);
    let seen = kinds.filter(|(_, count)| **count > 0);
    seen.map(|(kind, &count)| (kind.name(), count)).collect()
}

fn proc_transitions(procs: &[[u64; PROC_STATES]; PROC_STATES]) -> BTreeMap<String, u64> {
    let mut named = BTreeMap::new();
    for (row, from) in procs.iter().zip(ProcState::ALL) {
        for (&count, to) in row.iter().zip(ProcState::ALL) {
            if count > 0 {
                named.insert(format!("{}->{}", from.name(), to.name()), count);
            }
        }
    }
    named
}

fn name(id: NameId, stacks: &Stacks) -> Name {
    Name::from(stacks.text(id))
}

fn frame_place(frame: &KeptFrame, stacks: &Stacks) -> Place {
    Place {
        func: name(frame.func, stacks),
        file: name(frame.file, stacks),
        line: frame.line,
    }
}

fn places(stack: KeptStack, stacks: &Stacks) -> Vec<Place> {
    let frames = stacks.frames(stack).iter();
    frames.map(|frame| frame_place(frame, stacks)).collect()
}
