//! Who waits for what: goroutines blocked on one lock, channel or group, and who may hold it.
//!
//! `triage` asks [`waits`] after the census; `leaks` turns the answer into findings. Goroutines are put together by the address of the
//! object where a frame prints it without a doubt, else, for locks, by the object whose method waits (its own lock, most likely),
//! else by the line of user code that waits. `holders` looks for those that keep a lock.
//!
//! ```text
//! goroutine 6 [sync.Mutex.Lock]:
//! internal/sync.(*Mutex).lockSlow(0x1b46fd38e078)            the address
//! internal/sync.(*Mutex).Lock(...)
//! sync.(*Mutex).Lock(...)
//! main.(*Ledger).Post(0x1b46fd38e070, {0x4df0d4, 0x4}, 0x1)  the site, and the object it is reached through
//! ```

mod holders;
#[cfg(test)]
mod tests;

pub use holders::{Cycle, Holder, HolderReason};

use super::accesses::LOWEST_OBJECT;
use super::census::{Census, Group};
use super::incident::Incident;
use super::version::GoFacts;
use crate::goruntime::arguments::UNMARKED_IS_RIGHT;
use crate::goruntime::frames::{Owner, is_user, owner, receiver};
use crate::goruntime::waits::{WaitKind, semacquire1_offset, wait_object, wait_state};
use crate::model::{Address, Evidence, FrameArgs, FrameId, StackId};
use crate::parse;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// How many waiters have their arguments read. Each costs a second look at its block (some microseconds); waiters beyond are
/// grouped by site.
const LOOKS_MOST: usize = 50_000;

/// What a goroutine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// `sync.Mutex`.
    Mutex,
    /// `sync.RWMutex`, as a reader or as a writer.
    RwMutex,
    /// `sync.Once`: its function runs in another goroutine.
    Once,
    /// `sync.WaitGroup`.
    WaitGroup,
    /// `sync.Cond`.
    Cond,
    /// A lock or a wait group; up to Go 1.23 the header alone does not say which.
    Semaphore,
    /// A channel, receiving.
    ChanReceive,
    /// A channel, sending.
    ChanSend,
    /// A nil channel: for ever.
    NilChan,
    /// The cases of a `select`.
    Select,
    /// `select {}`: for ever.
    EmptySelect,
    /// The other side of an iterator.
    Coroutine,
    /// A synctest bubble.
    Synctest,
}

impl Object {
    /// As reports print it.
    pub fn name(self) -> &'static str {
        match self {
            Object::Mutex => "sync.Mutex",
            Object::RwMutex => "sync.RWMutex",
            Object::Once => "sync.Once",
            Object::WaitGroup => "sync.WaitGroup",
            Object::Cond => "sync.Cond",
            Object::Semaphore => "semaphore",
            Object::ChanReceive => "chan receive",
            Object::ChanSend => "chan send",
            Object::NilChan => "nil channel",
            Object::Select => "select",
            Object::EmptySelect => "select (no cases)",
            Object::Coroutine => "coroutine",
            Object::Synctest => "synctest",
        }
    }

    /// True for the two forms of `select`.
    pub fn is_select(self) -> bool {
        matches!(self, Object::Select | Object::EmptySelect)
    }

    /// True for what one goroutine holds while others wait.
    pub fn is_lock(self) -> bool {
        matches!(self, Object::Mutex | Object::RwMutex | Object::Once)
    }

    /// The object behind a wait; `None` where no other goroutine has to act.
    pub fn of(kind: WaitKind) -> Option<Self> {
        Some(match kind {
            WaitKind::Mutex => Object::Mutex,
            WaitKind::RwMutexWrite | WaitKind::RwMutexRead => Object::RwMutex,
            WaitKind::WaitGroup => Object::WaitGroup,
            WaitKind::Cond => Object::Cond,
            WaitKind::Semaphore => Object::Semaphore,
            WaitKind::ChanReceive => Object::ChanReceive,
            WaitKind::ChanSend => Object::ChanSend,
            WaitKind::ChanNil => Object::NilChan,
            WaitKind::Select => Object::Select,
            WaitKind::SelectEmpty => Object::EmptySelect,
            WaitKind::Coroutine => Object::Coroutine,
            WaitKind::Synctest => Object::Synctest,
            _ => return None,
        })
    }
}

/// Goroutines blocked on one thing.
#[derive(Clone, Debug)]
pub struct Wait {
    /// What kind of thing.
    pub object: Object,
    /// Its address, where a frame prints it without a doubt.
    pub address: Option<Address>,
    /// Where that is unknown: the object whose method waits for its own lock.
    pub through: Option<Address>,
    /// Lines of user code that wait, with their numbers, most first; a library's line where no user code is on the stack.
    pub sites: Vec<(FrameId, u32)>,
    /// Positions in [`Incident::goroutines`], by ascending goroutine id.
    pub waiters: Vec<u32>,
    /// Longest wait in full minutes; `None` where none has waited for a minute.
    pub longest_wait_minutes: Option<u32>,
    /// A goroutine that could run stands inside this lock's own Lock or Unlock: it changes hands.
    pub moving: bool,
    /// Who holds it or may hold it, best first; only for locks.
    pub holders: Vec<Holder>,
    /// Firm receivers of the methods that wait: the objects that contain the lock.
    owners: Vec<u64>,
    /// How many runs of waiters, each in order, were put together.
    parts: u32,
}

impl Wait {
    /// The goroutine that certainly holds it.
    pub fn holder(&self) -> Option<&Holder> {
        let first = self.holders.first();
        first.filter(|holder| holder.grade == crate::model::Grade::Confirmed)
    }
}

/// All that is waited for in an incident.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// Most waiters first; equal numbers by the lowest id.
    pub waits: Vec<Wait>,
    /// Goroutines that wait for each other in a ring.
    pub cycles: Vec<Cycle>,
}

/// Where a group of equal stacks stands.
#[derive(Clone, Debug)]
struct Place {
    object: Object,
    site: FrameId,
    /// Frames whose first word is the object's address plus an offset, best first.
    words: Vec<(usize, u64)>,
    /// The first user frame, where it is a method of a pointer receiver.
    method: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    At(Object, u64),
    Through(Object, u64),
    Site(Object, FrameId),
}

/// Groups the blocked goroutines of an incident. Time linear in the goroutines, plus one second look at each waiter whose frames may
/// show an address, at most [`LOOKS_MOST`]; n log n in each group.
pub fn waits(incident: &Incident, census: &Census, evidence: &Evidence<'_>, go: &GoFacts) -> Waits {
    let mut grouping = Grouping {
        incident,
        evidence,
        go,
        index: FxHashMap::default(),
        waits: Vec::new(),
        looks: 0,
    };
    for group in &census.groups {
        if let Some(place) = place(evidence, group, go) {
            grouping.add(&place, group, census.members(group));
        }
    }
    let mut waits = grouping.waits;
    for wait in &mut waits {
        let id = |&at: &u32| {
            incident
                .goroutines
                .get(at as usize)?
                .of(evidence)
                .map(|g| g.id)
        };
        if wait.parts > 1 {
            wait.waiters.sort_by_cached_key(id);
        }
        wait.sites
            .sort_by_key(|&(site, count)| (Reverse(count), site));
        wait.owners.sort_unstable();
        wait.owners.dedup();
    }
    let lowest = |wait: &Wait| {
        let first = wait.waiters.first().copied().unwrap_or_default();
        incident
            .goroutines
            .get(first as usize)
            .and_then(|at| at.of(evidence))
            .map(|g| g.id)
    };
    waits.sort_by_cached_key(|wait| (Reverse(wait.waiters.len()), lowest(wait)));
    let cycles = holders::find(incident, census, evidence, go, &mut waits);
    Waits { waits, cycles }
}

/// Where a group waits; `None` where it does not wait for another goroutine.
fn place(evidence: &Evidence<'_>, group: &Group, go: &GoFacts) -> Option<Place> {
    let symbols = &evidence.symbols;
    let state = wait_state(symbols.text(group.state))?.kind;
    Object::of(state)?;
    place_of(evidence, group.stack, state, go)
}

fn place_of(
    evidence: &Evidence<'_>,
    stack: StackId,
    state: WaitKind,
    go: &GoFacts,
) -> Option<Place> {
    let symbols = &evidence.symbols;
    let ids = symbols.frame_ids(stack);
    let mut kinds = Vec::new();
    let mut words = Vec::new();
    let mut site = None;
    let mut once = None;
    let mut method = None;
    for (index, &id) in ids.iter().enumerate() {
        let frame = symbols.get(id)?;
        let (func, file) = (symbols.text(frame.func), symbols.text(frame.file));
        if is_user(func, file) {
            site = Some(id);
            let own = receiver(func).is_some_and(|r| r.pointer && !r.is_closure());
            method = own.then_some(index);
            break;
        }
        if site.is_none() && owner(func) != Owner::Runtime && wait_object(func).is_none() {
            site = Some(id);
        }
        if func == b"sync.(*Once).doSlow" {
            once = Some(index);
        }
        if let Some(row) = wait_object(func) {
            kinds.push(row.kind);
            if row.place.is_some() && go.must_be(row.exact_in) {
                words.push((row.kind, (index, u64::from(row.offset))));
            }
        }
    }
    let object = if once.is_some() && kinds.contains(&WaitKind::Mutex) {
        Object::Once
    } else {
        object(state, &kinds)?
    };
    // Up to Go 1.19 an RWMutex waits through `runtime_SemacquireMutex`: that word is no Mutex, unless `lockSlow` says so.
    let own_mutex = names(evidence, ids).any(|name| name.ends_with(b"(*Mutex).lockSlow"));
    let foreign = |kind| object == Object::RwMutex && kind == WaitKind::Mutex && !own_mutex;
    kinds.retain(|&kind| !foreign(kind));
    let words = words.into_iter().filter(|&(kind, _)| !foreign(kind));
    let mut words: Vec<(usize, u64)> = words.map(|(_, word)| word).collect();
    words.extend(semaphore_word(evidence, ids, state, &kinds));
    if let (Object::Once, Some(index)) = (object, once) {
        words = vec![(index, 0)];
    }
    Some(Place {
        object,
        site: site.or(ids.first().copied())?,
        words,
        method: method.filter(|_| object.is_lock()),
    })
}

/// The header's word, made precise by the frames: an RWMutex takes its own Mutex first, and up to Go 1.23 several kinds of waits are
/// all `semacquire`.
fn object(state: WaitKind, frames: &[WaitKind]) -> Option<Object> {
    let rw = |kind: &&WaitKind| matches!(kind, WaitKind::RwMutexRead | WaitKind::RwMutexWrite);
    match state {
        WaitKind::Mutex | WaitKind::Semaphore => {
            let outer = frames.iter().rev();
            let kind = frames.iter().find(rw).or(outer
                .clone()
                .find(|kind| matches!(kind, WaitKind::WaitGroup | WaitKind::Mutex)));
            Object::of(kind.copied().unwrap_or(state))
        }
        _ => Object::of(state),
    }
}

/// The function names of a stack; one for each frame id, as all ids come from one table.
fn names<'t>(evidence: &Evidence<'t>, ids: &[FrameId]) -> impl Iterator<Item = &'t [u8]> {
    let symbols = &evidence.symbols;
    ids.iter()
        .filter_map(|&id| symbols.get(id).map(|frame| symbols.text(frame.func)))
}

/// At system level `runtime.semacquire1` prints the semaphore inside the object.
fn semaphore_word(
    evidence: &Evidence<'_>,
    ids: &[FrameId],
    state: WaitKind,
    kinds: &[WaitKind],
) -> Option<(usize, u64)> {
    let index = names(evidence, ids).position(|name| name == b"runtime.semacquire1")?;
    let kind = match state {
        // The innermost object is the one whose semaphore it is.
        WaitKind::Semaphore => *kinds.iter().find(|kind| **kind != WaitKind::Semaphore)?,
        named => named,
    };
    Some((index, u64::from(semacquire1_offset(kind)?)))
}

struct Grouping<'e, 't> {
    incident: &'e Incident,
    evidence: &'e Evidence<'t>,
    go: &'e GoFacts,
    index: FxHashMap<Key, usize>,
    waits: Vec<Wait>,
    looks: usize,
}

impl Grouping<'_, '_> {
    fn add(&mut self, place: &Place, group: &Group, members: &[u32]) {
        let by_site = Key::Site(place.object, place.site);
        let may_show_address = !place.words.is_empty() || place.method.is_some();
        let looks = match may_show_address {
            true => members.len().min(LOOKS_MOST.saturating_sub(self.looks)),
            false => 0,
        };
        self.looks += looks;
        let (looked_at, others) = members.split_at_checked(looks).unwrap_or((members, &[]));
        for position in looked_at {
            let (key, owner) = self.look(place, *position).unwrap_or((by_site, None));
            let block = self.incident.goroutines.get(*position as usize);
            let goroutine = block.and_then(|block| block.of(self.evidence));
            let minutes = goroutine.and_then(|goroutine| goroutine.wait_minutes);
            let wait = self.join(key, place.site, std::slice::from_ref(position), minutes);
            if let Some(wait) = wait.filter(|wait| wait.owners.last() != owner.as_ref()) {
                wait.owners.extend(owner);
            }
        }
        if !others.is_empty() {
            self.join(by_site, place.site, others, group.longest_wait_minutes);
        }
    }

    /// Adds goroutines, in the order of their ids, to those that wait for the same.
    fn join(
        &mut self,
        key: Key,
        site: FrameId,
        members: &[u32],
        minutes: Option<u32>,
    ) -> Option<&mut Wait> {
        let at = *self.index.entry(key).or_insert(self.waits.len());
        if at == self.waits.len() {
            self.waits.push(new_wait(key));
        }
        let wait = self.waits.get_mut(at)?;
        wait.waiters.extend_from_slice(members);
        wait.longest_wait_minutes = wait.longest_wait_minutes.max(minutes);
        let count = members.len() as u32;
        match wait.sites.iter_mut().find(|(known, _)| *known == site) {
            Some((_, known)) => *known += count,
            None => wait.sites.push((site, count)),
        }
        wait.parts += 1;
        Some(wait)
    }

    /// The key of a goroutine whose frames may show an address, and the object whose method waits.
    fn look(&self, place: &Place, position: u32) -> Option<(Key, Option<u64>)> {
        let block = self.incident.goroutines.get(position as usize)?;
        let goroutine = block.of(self.evidence)?;
        let document = self.evidence.document(block.document)?;
        let frames = parse::arguments(document.text, goroutine);
        let trusted = self.go.must_be(UNMARKED_IS_RIGHT);
        let mut words = place.words.iter().filter(|_| trusted);
        let address =
            words.find_map(|&(index, offset)| pointer(&frames, index)?.checked_sub(offset));
        let owner = place.method.filter(|_| trusted);
        let owner = owner.and_then(|index| pointer(&frames, index));
        let key = match (address, owner) {
            (Some(address), _) => Key::At(place.object, address),
            (None, Some(owner)) => Key::Through(place.object, owner),
            (None, None) => Key::Site(place.object, place.site),
        };
        Some((key, owner))
    }
}

/// The first word of a frame, where it is printed without a doubt and can be a pointer.
fn pointer(frames: &[FrameArgs], index: usize) -> Option<u64> {
    let word = frames.get(index)?.args.firm(0, 0);
    word.filter(|&word| word >= LOWEST_OBJECT)
}

fn new_wait(key: Key) -> Wait {
    let (object, address, through) = match key {
        Key::At(object, address) => (object, Some(Address(address)), None),
        Key::Through(object, owner) => (object, None, Some(Address(owner))),
        Key::Site(object, _) => (object, None, None),
    };
    Wait {
        object,
        address,
        through,
        sites: Vec::new(),
        waiters: Vec::new(),
        longest_wait_minutes: None,
        moving: false,
        holders: Vec::new(),
        owners: Vec::new(),
        parts: 0,
    }
}
