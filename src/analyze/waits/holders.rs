//! Who keeps a lock that others wait for. Called by [`super::waits`].
//!
//! A dump does not print who holds a lock. One case is certain: `sync.Once` keeps its lock while its function runs, so the goroutine
//! with `doSlow` of the same address further down is the holder. Else a goroutine that stands in code handed the same lock, or in a
//! method of the object that contains it, and does not wait for it itself, is likely to be the one, and only where it is the only
//! one. A method of the same type, without an address, is a possibility.

use super::{Object, Wait, place_of, pointer};
use crate::analyze::census::Census;
use crate::analyze::incident::{GoroutineRef, Incident};
use crate::analyze::version::GoFacts;
use crate::goruntime::arguments::UNMARKED_IS_RIGHT;
use crate::goruntime::frames::{is_user, receiver};
use crate::goruntime::waits::{WaitKind, wait_object, wait_state};
use crate::model::{Evidence, FrameArgs, FrameId, Grade, StackId};
use crate::parse;
use rustc_hash::FxHashMap;

/// How many locks are looked at, those with the most waiters first.
const LOCKS_MOST: usize = 64;

/// How many goroutines of one stack are looked at: a lock has one holder, and hundreds at one place are a queue.
const OF_ONE_STACK: usize = 32;

/// How many goroutines are looked at in all; each costs a second look at its block.
const LOOKS_MOST: usize = 20_000;

/// How large an object with locks may be, in bytes, for a lock to be taken for a part of it.
const OBJECT_MOST: u64 = 1_024;

/// How many holders are named for one lock. A longer list is no answer.
const NAMED_MOST: usize = 4;

/// How many of a frame's first arguments may be the lock or its object.
const HANDED: usize = 4;

/// Why a goroutine is held to be the holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HolderReason {
    /// It runs the function of this very `sync.Once`.
    RunsOnce,
    /// A frame of it was handed the lock, or the object that contains it, and it does not wait for the lock.
    SameObject,
    /// It stands in a method of the type whose methods wait, and does not wait for the lock.
    SameType,
}

/// A goroutine that holds a lock, or may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Which.
    pub goroutine: GoroutineRef,
    /// Its position in [`Incident::goroutines`].
    pub position: u32,
    /// The frame that ties it to the lock.
    pub frame: FrameId,
    /// How far the evidence goes.
    pub grade: Grade,
    /// What it is.
    pub reason: HolderReason,
}

/// Goroutines that wait for each other in a ring: each waits for a lock that the next one holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Positions in [`Incident::goroutines`].
    pub goroutines: Vec<u32>,
    /// The locks, as indices into `Waits::waits`: goroutine n waits for lock n, which goroutine n + 1 holds.
    pub waits: Vec<usize>,
    /// The lowest grade among the holders.
    pub grade: Grade,
}

/// Fills `holders` and `moving` of the locks and finds the rings. Time by the goroutines looked at ([`LOOKS_MOST`]) times their frames.
pub(super) fn find(
    incident: &Incident,
    census: &Census,
    evidence: &Evidence<'_>,
    go: &GoFacts,
    waits: &mut [Wait],
) -> Vec<Cycle> {
    let mut search = Search::new(incident, evidence, go, waits);
    if search.locks.is_empty() {
        return Vec::new();
    }
    for group in &census.groups {
        let state = wait_state(evidence.symbols.text(group.state)).map(|row| row.kind);
        for &position in census.members(group).iter().take(OF_ONE_STACK) {
            search.look(position, group.stack, state);
        }
    }
    search.grade(waits);
    cycles(waits, &search.waits_for)
}

struct Candidate {
    lock: usize,
    holder: Holder,
}

struct Search<'e, 't> {
    incident: &'e Incident,
    evidence: &'e Evidence<'t>,
    trusted: bool,
    go: &'e GoFacts,
    /// Indices of the locks looked at.
    locks: Vec<usize>,
    /// Locks by an address that names them: their own, or that of an object that contains them.
    by_word: FxHashMap<u64, Vec<usize>>,
    /// Locks by the type whose methods wait for them.
    by_type: FxHashMap<(&'t [u8], &'t [u8]), Vec<usize>>,
    /// The lock each waiter waits for, by position.
    waits_for: FxHashMap<u32, usize>,
    once: Vec<(u64, usize)>,
    /// The address of each lock, where known.
    addresses: FxHashMap<usize, u64>,
    moving: Vec<usize>,
    candidates: Vec<Candidate>,
    looks: usize,
}

impl<'e, 't> Search<'e, 't> {
    fn new(
        incident: &'e Incident,
        evidence: &'e Evidence<'t>,
        go: &'e GoFacts,
        waits: &[Wait],
    ) -> Self {
        let mut search = Self {
            incident,
            evidence,
            trusted: go.must_be(UNMARKED_IS_RIGHT),
            go,
            locks: Vec::new(),
            by_word: FxHashMap::default(),
            by_type: FxHashMap::default(),
            waits_for: FxHashMap::default(),
            once: Vec::new(),
            addresses: FxHashMap::default(),
            moving: Vec::new(),
            candidates: Vec::new(),
            looks: 0,
        };
        let locks = waits
            .iter()
            .enumerate()
            .filter(|(_, wait)| wait.object.is_lock());
        for (at, wait) in locks.take(LOCKS_MOST) {
            search.locks.push(at);
            search.enter(at, wait);
        }
        search
    }

    fn enter(&mut self, at: usize, wait: &Wait) {
        let own = wait.address.or(wait.through).map(|address| address.0);
        self.addresses.extend(own.map(|word| (at, word)));
        for word in wait.owners.iter().copied().chain(own) {
            let known = self.by_word.entry(word).or_default();
            if !known.contains(&at) {
                known.push(at);
            }
        }
        if let (Object::Once, Some(word)) = (wait.object, own) {
            self.once.push((word, at));
        }
        let symbols = &self.evidence.symbols;
        for (site, _) in &wait.sites {
            let name = symbols.get(*site).map(|frame| symbols.text(frame.func));
            if let Some(method) = name.and_then(receiver) {
                let known = self
                    .by_type
                    .entry((method.package, method.type_name))
                    .or_default();
                if !known.contains(&at) {
                    known.push(at);
                }
            }
        }
        for &waiter in &wait.waiters {
            self.waits_for.insert(waiter, at);
        }
    }

    /// Looks whether a goroutine may hold one of the locks.
    fn look(&mut self, position: u32, stack: StackId, state: Option<WaitKind>) -> Option<()> {
        if self.looks >= LOOKS_MOST {
            return None;
        }
        let block = *self.incident.goroutines.get(position as usize)?;
        let goroutine = block.of(self.evidence)?;
        let symbols = &self.evidence.symbols;
        let ids = symbols.frame_ids(stack);
        let name = |id: &FrameId| {
            let frame = symbols.get(*id)?;
            Some((symbols.text(frame.func), symbols.text(frame.file)))
        };
        let of_interest = ids.iter().filter_map(name).any(|(func, file)| {
            is_user(func, file) || func == b"sync.(*Once).doSlow" || wait_object(func).is_some()
        });
        if !of_interest {
            return None;
        }
        self.looks += 1;
        let document = self.evidence.document(block.document)?;
        let frames = if self.trusted {
            parse::arguments(document.text, goroutine)
        } else {
            Vec::new()
        };
        let runs = matches!(state, Some(WaitKind::Running | WaitKind::Runnable));
        if runs {
            self.note_moving(stack, &frames);
        }
        let waited_for = self.waits_for.get(&position).copied();
        for (index, id) in ids.iter().enumerate() {
            let Some((func, file)) = name(id) else {
                continue;
            };
            let tie = self.tie(func, file, index, &frames, waited_for);
            for (lock, grade, reason) in tie {
                let holder = Holder {
                    goroutine: block,
                    position,
                    frame: *id,
                    grade,
                    reason,
                };
                self.candidates.push(Candidate { lock, holder });
            }
        }
        Some(())
    }

    /// The locks that one frame ties its goroutine to.
    fn tie(
        &self,
        func: &'t [u8],
        file: &[u8],
        index: usize,
        frames: &[FrameArgs],
        waited_for: Option<usize>,
    ) -> Vec<(usize, Grade, HolderReason)> {
        let mut ties = Vec::new();
        if func == b"sync.(*Once).doSlow" {
            let word = pointer(frames, index);
            let own = self.once.iter().filter(|(once, _)| Some(*once) == word);
            ties.extend(own.map(|&(_, lock)| (lock, Grade::Confirmed, HolderReason::RunsOnce)));
        }
        if is_user(func, file) {
            if let Some(frame) = frames.get(index) {
                let words = (0..HANDED).filter_map(|n| frame.args.firm(n, 0));
                let own = waited_for.and_then(|lock| self.addresses.get(&lock).copied());
                let own = own.and_then(|own| {
                    own_object(own, (0..HANDED).filter_map(|n| frame.args.firm(n, 0)))
                });
                let words = words.filter(|&word| Some(word) != own);
                let locks = words.filter_map(|word| self.by_word.get(&word)).flatten();
                ties.extend(locks.map(|&lock| (lock, Grade::Probable, HolderReason::SameObject)));
            }
            // Whoever queues for a lock himself is no guess for the holder of another one of that type.
            let method = receiver(func).filter(|_| waited_for.is_none());
            let method = method.map(|method| (method.package, method.type_name));
            let locks = method.and_then(|method| self.by_type.get(&method));
            ties.extend(
                locks
                    .into_iter()
                    .flatten()
                    .map(|&lock| (lock, Grade::Possible, HolderReason::SameType)),
            );
        }
        ties.retain(|&(lock, ..)| Some(lock) != waited_for);
        ties
    }

    /// A goroutine that could run inside Lock or Unlock shows that the lock changes hands.
    fn note_moving(&mut self, stack: StackId, frames: &[FrameArgs]) {
        for state in [WaitKind::Mutex, WaitKind::RwMutexRead] {
            let Some(place) = place_of(self.evidence, stack, state, self.go) else {
                continue;
            };
            let in_lock = place
                .words
                .iter()
                .filter_map(|&(index, offset)| pointer(frames, index)?.checked_sub(offset));
            let locks = in_lock.filter_map(|word| self.by_word.get(&word)).flatten();
            let found: Vec<usize> = locks.copied().collect();
            self.moving.extend(found);
        }
    }

    /// Chooses the holders of each lock: the best reason of each goroutine; those tied by an address, where there are any, else
    /// those tied by type. Several likely holders are each only possible.
    fn grade(&mut self, waits: &mut [Wait]) {
        for &at in &self.moving {
            if let Some(wait) = waits.get_mut(at) {
                wait.moving = true;
            }
        }
        let candidates = &mut self.candidates;
        candidates.sort_by_key(|c| (c.lock, c.holder.position, c.holder.reason));
        candidates.dedup_by_key(|c| (c.lock, c.holder.position));
        for of_one in self.candidates.chunk_by(|a, b| a.lock == b.lock) {
            let Some(best) = of_one.iter().map(|c| c.holder.reason).min() else {
                continue;
            };
            let chosen = || of_one.iter().filter(|c| c.holder.reason == best);
            let alone = chosen().count() == 1;
            let named = chosen().take(NAMED_MOST).map(|c| {
                let mut holder = c.holder;
                if !alone {
                    holder.grade = holder.grade.min(Grade::Possible);
                }
                holder
            });
            let lock = of_one.first().map(|c| c.lock);
            if let Some(wait) = lock.and_then(|lock| waits.get_mut(lock)) {
                wait.holders = named.collect();
            }
        }
    }
}

/// Rings of locks with one likely holder each, who waits for the next lock. Each lock has one way on, so the walk is linear.
fn cycles(waits: &[Wait], waits_for: &FxHashMap<u32, usize>) -> Vec<Cycle> {
    let way_on = |lock: usize| -> Option<(usize, u32, Grade)> {
        let [holder] = waits.get(lock)?.holders.as_slice() else {
            return None;
        };
        let likely = holder.grade >= Grade::Probable;
        let next = waits_for.get(&holder.position).filter(|_| likely)?;
        Some((*next, holder.position, holder.grade))
    };
    let mut seen_from: Vec<Option<usize>> = vec![None; waits.len()];
    let mut cycles = Vec::new();
    for start in 0..waits.len() {
        let mut lock = start;
        while let Some(mark @ None) = seen_from.get_mut(lock) {
            *mark = Some(start);
            let Some((next, ..)) = way_on(lock) else {
                break;
            };
            if seen_from.get(next) == Some(&Some(start)) {
                cycles.extend(ring(next, way_on));
                break;
            }
            lock = next;
        }
    }
    cycles
}

/// The ring that `first` is on.
/// Which of the objects a goroutine was handed contains the lock it waits for. Whoever waits for one lock of an object shows that being
/// handed the object is no sign of holding another of its locks.
fn own_object(lock: u64, handed: impl Iterator<Item = u64>) -> Option<u64> {
    handed
        .filter(|&object| lock.wrapping_sub(object) < OBJECT_MOST)
        .max()
}

fn ring(first: usize, way_on: impl Fn(usize) -> Option<(usize, u32, Grade)>) -> Option<Cycle> {
    let mut ring = Cycle {
        goroutines: Vec::new(),
        waits: Vec::new(),
        grade: Grade::Confirmed,
    };
    let mut lock = first;
    loop {
        let (next, holder, grade) = way_on(lock)?;
        ring.goroutines.push(holder);
        ring.waits.push(next);
        ring.grade = ring.grade.min(grade);
        lock = next;
        if lock == first {
            return Some(ring);
        }
    }
}
