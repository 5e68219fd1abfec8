//! What an execution trace adds up to: counts, times, waits, wake-ups, origins, map operations.
//!
//! [`Tally`] is the sink that `parse::trace` fills. It looks at each event once and keeps sums, what is open, and the greatest few of
//! everything; its memory depends on how many goroutines live at once and how many names there are, not on the number of events.
//! [`Tally::finish`] gives [`Figures`] (to be checked against Go's own reader) and [`Findings`]. One file a question: `lives`
//! (states, waits, origins), `wakes`, `spans` (ranges, tasks, regions), `maps`, `alive` (who is there at the end); `stacks` keeps what
//! must outlive a generation, `relay` adds up on a thread of its own, and `passing` adds up many transitions at once, by the numbers of
//! goroutines that `slots` knows. Read [`Tally`] first.

mod alive;
mod ends;
mod figures;
mod lineage;
mod lives;
mod maps;
mod moments;
mod origins;
pub mod pair;
mod passing;
mod relay;
mod slots;
mod spans;
mod stacks;
mod top;
mod wakes;

pub use alive::{Creation, LIVE_LIMIT, LiveFrame, LiveGoroutine, LiveGoroutines};
pub use figures::*;
pub use moments::{GoroutineLine, Timeline};
pub use relay::{Relay, add_up};

use crate::model::trace::{
    ABSENT, Event, EventKind, GoState, GoTransition, Kind, Metric, Outcome, Passages, ProcState,
    REASON_PLACES, Sink, StackRef, Tables, Word,
};
use lineage::{Birth, Lineage};
use lives::{By, Lives, Passage};
use maps::MapUses;
use moments::Moments;
use spans::{Edge, Spans};
use stacks::{KeptFrame, KeptStack, NameId, Stacks};
use std::collections::BTreeMap;
use std::sync::Arc;
use wakes::Wakes;

/// Entries of [`Figures::top_waiting`] where nothing else is asked for.
pub const TOP_WAITING: usize = 20;

/// [`Figures::header`] of a trace that was read from text, which does not tell its header.
pub const TEXT_HEADER: &str = "text";

/// [`Figures::header`] of a trace that was read from the JSON that `go tool trace` gives a browser, which does not tell it either.
pub const CHROME_HEADER: &str = "chrome";

const PROC_STATES: usize = ProcState::ALL.len();

/// Adds up a trace. On cache lines of its own: another thread may be writing beside it.
#[derive(Debug)]
#[repr(align(128))]
pub struct Tally {
    kinds: [u64; Kind::ALL.len()],
    procs: [[u64; PROC_STATES]; PROC_STATES],
    lives: Lives,
    wakes: Wakes,
    spans: Spans,
    maps: MapUses,
    lineage: Lineage,
    moments: Moments,
    samples: SampleCounts,
    gauges: Gauges,
    stacks: Stacks,
    /// By number of the string, in this generation.
    reasons: [Word; REASON_PLACES],
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
        self.reasons = std::array::from_fn(|id| tables.known_word(id as u64));
        self.incomplete = tables.incomplete;
    }

    fn event(&mut self, event: &Event, tables: &Tables<'_>) {
        let text = match &event.kind {
            EventKind::Log(log) => tables.text(log.message),
            _ => &[],
        };
        self.take(event, text);
    }

    fn passages(
        &mut self,
        passages: &Passages<'_>,
        slot: &mut dyn FnMut(u64) -> u32,
        tables: &Tables<'_>,
    ) {
        if tables.stacks_stand_by_number() {
            self.spell(passages);
        } else {
            passages.events(slot, tables, |event, _| self.event(&event, tables));
        }
    }

    fn end_generation(&mut self, _: &Tables<'_>) {
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
            lineage: Lineage::default(),
            moments: Moments::default(),
            samples: SampleCounts::default(),
            gauges: Gauges::default(),
            stacks: Stacks::default(),
            reasons: [Word::EMPTY; REASON_PLACES],
            first: None,
            last: 0,
            last_sync: 0,
            salvaged: None,
            incomplete: false,
        }
    }

    /// An event; `text` is that of a message.
    fn take(&mut self, event: &Event, text: &[u8]) {
        self.look(event.at);
        self.kinds[event.kind.kind() as usize] += 1;
        self.last = self.last.max(event.at);
        let in_map = self.stacks.in_map(event.stack);
        let mut stopped = None;
        match &event.kind {
            EventKind::Goroutine(change) => {
                self.goroutine(event, change);
                stopped = stops(change.from, change.to).then_some(change.id);
            }
            _ => self.other(event, in_map, text),
        }
        if in_map {
            let sample = matches!(event.kind, EventKind::StackSample);
            let by = event.context.goroutine;
            self.in_map(event.at, by, event.stack, sample, stopped);
        }
    }

    /// The same for a change of state of a goroutine in whose slot nobody else is. `waker`: the slot of who wakes it, if anybody.
    /// `by`: the stack of who makes it.
    #[inline(always)]
    fn pass(&mut self, at: i64, passage: Passage, waker: u32, by: StackRef) {
        self.look(at);
        self.kinds[Kind::StateTransition as usize] += 1;
        self.last = self.last.max(at);
        let id = self.lives.id(passage.slot);
        self.before(
            passage.from,
            passage.to,
            id,
            passage.slot,
            (passage.by, waker),
        );
        self.lives.pass(at, passage, &self.stacks);
        if by.is_some() && self.stacks.in_map(by) {
            let stopped = stops(passage.from, passage.to).then_some(id);
            let who = match passage.stack.is_some() {
                true => id,
                false => passage.by,
            };
            self.in_map(at, who, by, false, stopped);
        }
    }

    /// Keeps what everybody does, if it is time to.
    #[inline(always)]
    fn look(&mut self, at: i64) {
        if at >= self.moments.next {
            self.lives.show(at, &mut self.moments);
        }
    }

    /// An event of an experiment.
    fn experiment(&mut self, at: i64) {
        self.look(at);
        self.kinds[Kind::Experimental as usize] += 1;
        self.last = self.last.max(at);
    }

    #[inline]
    fn goroutine(&mut self, event: &Event, change: &GoTransition) {
        let waker = (event.context.goroutine, event.context.slot);
        self.before(change.from, change.to, change.id, change.slot, waker);
        let by = By {
            goroutine: event.context.goroutine,
            stack: event.stack,
        };
        self.lives
            .transition(event.at, change, by, self.last_sync, &self.stacks);
        match (change.from, change.to) {
            (_, GoState::NotExist) => self.lineage.ended(change.id),
            (GoState::NotExist, _) => {
                let birth = Birth {
                    creator: by.goroutine,
                    created_at: self.stacks.facts(by.stack).kept,
                    start: self.stacks.facts(change.stack).root,
                };
                self.lineage.born(change.id, birth);
            }
            _ => {}
        }
    }

    /// What a transition means to others than its goroutine. `waker`: number and slot.
    #[inline(always)]
    fn before(&mut self, from: GoState, to: GoState, id: u64, slot: u32, waker: (u64, u32)) {
        match (from, to) {
            (GoState::Waiting, GoState::Runnable) if waker.0 == ABSENT => {
                self.wakes.without_goroutine();
            }
            (GoState::Waiting, GoState::Runnable) => {
                let lives = &self.lives;
                self.wakes.edge((waker.0, id, lives.reason(slot)), || {
                    (lives.origin(waker.1, waker.0), lives.origin(slot, id))
                });
            }
            (_, GoState::Running | GoState::NotExist) => self.maps.runs(id),
            _ => {}
        }
    }

    /// An event's stack is in a map operation. `stopped`: who stops there.
    #[cold]
    fn in_map(&mut self, at: i64, by: u64, stack: StackRef, sample: bool, stopped: Option<u64>) {
        let Some(site) = self.stacks.facts(stack).map else {
            return;
        };
        self.maps.seen(at, by, site, sample);
        if let Some(id) = stopped {
            self.maps.stops(id, site);
        }
    }

    /// Everything but goroutines.
    fn other(&mut self, event: &Event, in_map: bool, text: &[u8]) {
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
            EventKind::Log(log) => self.spans.log(at, goroutine, log.category, text),
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
        let mut lives = self.lives.finish(self.last);
        let (unblock, edges) = self.wakes.finish();
        let (map_uses, map_overlaps) = self.maps.finish(&self.stacks);
        let mut figures = Figures {
            header: match outcome.header {
                Outcome::TEXT => TEXT_HEADER.to_owned(),
                Outcome::CHROME => CHROME_HEADER.to_owned(),
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
            waiting_at_end_by_reason: lives.at_end_by_reason(words),
            wakes: wakes::listed(&edges, &self.stacks),
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
        let (alive, left_out) = (std::mem::take(&mut lives.alive), lives.left_out);
        let origins = lives.origins(&self.stacks);
        findings.wake_origins = origins::wakes(&edges, &origins, &alive, words);
        let births = self.lineage.finish();
        findings.origin_creations = origins::creations(&births, &origins, &alive);
        findings.origins = origins.into_iter().map(|(_, origin)| origin).collect();
        let (timeline, lines) = self.moments.finish(self.last, &alive::watched(&alive));
        findings.timeline = timeline;
        let lists = lives.lists(&self.stacks, words);
        figures.top_waiting = lists.waiting;
        findings.longest_waits = lists.waits;
        findings.waiting_at_end = lists.at_end;
        findings.longest_runnable = lists.runnable;
        findings.longest_syscalls = lists.syscalls;
        self.stacks.end();
        findings.live = Arc::new(LiveGoroutines::new(
            alive::Kept {
                rows: alive,
                births,
                wakers: alive::wakers(&edges),
                lines,
            },
            self.stacks,
            words.clone(),
            self.last,
            left_out,
        ));
        findings.timeline.goroutines = findings.told_lines();
        (figures, findings)
    }
}

/// True where a running goroutine stops and stays where it is.
fn stops(from: GoState, to: GoState) -> bool {
    from == GoState::Running && matches!(to, GoState::Runnable | GoState::Waiting)
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
