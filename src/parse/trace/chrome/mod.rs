//! The JSON that `go tool trace` gives its viewer in a browser (`/jsontrace`), in the format of Chrome's trace viewer.
//!
//! ```text
//! {"displayTimeUnit":"ns"
//! ,"traceEvents": [{"name":"proc start","ph":"I","s":"t","ts":0,"pid":0,"tid":1,"args":{"thread":1508,"proc":1}}
//! ,{"name":"G1 main.main","ph":"X","ts":0,"dur":302.592,"pid":0,"tid":1,"esf":7}
//! ,{"name":"go","ph":"s","ts":217.408,"pid":0,"tid":1,"id":1,"sf":15}
//! ,{"name":"go","ph":"t","ts":304.256,"pid":0,"tid":1,"id":1}
//! ,{"name":"unblock (chan receive)","ph":"s","ts":22433.472,"pid":0,"tid":1,"id":121}
//! …],"stackFrames":{"7":{"name":"time.Sleep:363","parent":6},…}}
//! ```
//!
//! It is a picture, not a trace: slices of running goroutines on processors, arrows to where a goroutine ran next, and stacks last.
//! `gather` streams the document into small records, `lives` makes states of each goroutine's slices again, `convert` the rest, and
//! [`read`] hands all on in the order of time. What the picture leaves out stays out:
//!
//! | left out | by the tool of |
//! |---|---|
//! | goroutines that never ran; states that change nothing; GOMAXPROCS; labels; tasks and regions by number | all |
//! | who woke a goroutine, and when, if that was on processor 0 | 1.22 on |
//! | why a goroutine waited: taken from the function it stood in | to 1.21, and where no arrow follows |
//! | the number of a goroutine that marks for the collector | to 1.21 |
//!
//! A goroutine whose waking is not told goes from waiting to running at once. Memory follows the number of slices and arrows. Read
//! [`read`] first.

mod convert;
mod gather;
mod lives;

use super::Clock;
use super::out::Out;
use super::slots::Slots;
pub use crate::goruntime::anchors::is_trace_json;
use crate::model::trace::{
    Context, Event, EventKind, GoState, NO_SLOT, Outcome, Sink, StackRef, SyncPoint, Tables,
};
use gather::Gathered;

/// Reads all of it; `None` where `bytes` are no such document, or one that Go did not write.
pub(super) fn read<S: Sink>(bytes: &[u8], sink: &mut S) -> Option<Outcome> {
    if !is_trace_json(bytes) {
        return None;
    }
    let mut gathered = Gathered::read(bytes);
    if gathered.slices.is_empty() && gathered.marks.is_empty() {
        return None;
    }
    let damage = std::mem::take(&mut gathered.damage);
    let (tables, events) = convert::events(&gathered);
    let mut writer = Writer {
        out: Out::new(sink, Clock::Written),
        slots: Slots::default(),
        tables,
    };
    writer.all(events, gathered.end);
    Some(Outcome {
        header: Outcome::CHROME,
        generations: 1,
        first_generation: 0,
        salvaged_from: None,
        damage,
        vocabulary: writer.tables.vocabulary,
    })
}

/// Hands events on, and gives slots to goroutines.
struct Writer<'t, 's, S> {
    out: Out<'s, S>,
    slots: Slots<()>,
    tables: Tables<'t>,
}

impl<S: Sink> Writer<'_, '_, S> {
    fn all(&mut self, events: Vec<Event>, end: i64) {
        let first = events.first().map_or(0, |event| event.at);
        self.out.begin_before(first);
        self.out.generation(&self.tables);
        self.sync(first, 1, false);
        for event in events {
            self.event(event);
        }
        self.out.end_generation(&self.tables);
        self.sync(end, 2, true);
    }

    fn sync(&mut self, at: i64, number: u32, last: bool) {
        let point = EventKind::Sync(SyncPoint { number, last });
        self.out
            .emit(at, Context::NONE, StackRef::NONE, point, &self.tables);
    }

    fn event(&mut self, mut event: Event) {
        let mut ended = None;
        if let EventKind::Goroutine(change) = &mut event.kind {
            change.slot = match self.slots.find(change.id) {
                Some(slot) => slot,
                None => self.slots.insert(change.id, ()),
            };
            ended = (change.to == GoState::NotExist).then_some(change.id);
        }
        let by = event.context.goroutine;
        event.context.slot = self.slots.find(by).unwrap_or(NO_SLOT);
        self.out.hand_on(&mut event, &self.tables);
        if let Some(id) = ended {
            self.slots.remove(id);
        }
    }
}
