//! Hangs and leaks: what the census and the waits amount to. Called by `triage`, for the verdict of a process that did not crash and
//! for remarks on one that did. Read [`hangs`] and [`leaks`] first.
//!
//! Healthy servers are full of goroutines that wait: accept loops, kept-alive connections, workers without work. What tells a leak or
//! a hang from them stands beside each threshold; what is merely quiet is no finding.

#[cfg(test)]
mod tests;

use super::census::{Census, Group};
use super::incident::{GoroutineRef, Incident};
use super::waits::{Object, Waits};
use crate::goruntime::frames::is_user;
use crate::goruntime::messages::{CrashClass, classify_fatal, classify_panic};
use crate::goruntime::waits::{WaitKind, wait_state};
use crate::model::{Evidence, FrameId, GoroutineId, Grade, StackId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;

/// With this many waiters on one lock at one moment it is no passing contention: a lock that changes hands in microseconds would need
/// as many requests within them.
const HANG_CROWD: usize = 10;

/// Senders blocked at one line: a queue that is merely slow has as many senders as the program has producers, tens at most.
const LEAK_SENDERS: u32 = 50;

/// Fewer senders are suspicious only where they have waited for minutes: back pressure lets each one go on in turn.
const LEAK_SENDERS_WAITED: u32 = 10;

/// Receivers or selects at one line whose creators are gone. Pools of workers are made by one goroutine; a goroutine that each request
/// leaves behind has a creator of its own, which has ended.
const LEAK_ORPHANS: u32 = 100;

/// Goroutines at one line, of whatever creators, that are too many for any pool.
const LEAK_MANY: u32 = 10_000;

/// Goroutines alike in a receive or a select, of one creator: a large pool without work looks the same, so this is a possibility and
/// no more.
const LEAK_ALIKE: u32 = 100;

/// Goroutines that can never go on, at one line: a few may be meant (`select {}` keeps `main` alive), many are not.
const LEAK_FOR_EVER: u32 = 10;

/// How many goroutines are named for one finding.
const NAMED_MOST: usize = 20;

/// Goroutines of libraries that wait by design, by their function or its beginning: one of these frames and the wait is no finding,
/// unless it is for a lock.
const IDLE_BY_DESIGN: &[&str] = &[
    "database/sql.(*DB).connectionCleaner",
    "database/sql.(*DB).connectionOpener",
    "database/sql.(*DB).connectionResetter",
    "database/sql.(*Tx).awaitDone",
    "github.com/golang/glog.(*fileSink).flushDaemon",
    "github.com/golang/glog.(*loggingT).flushDaemon",
    "go.opencensus.io/stats/view.(*worker).start",
    "golang.org/x/net/http2.(*ClientConn).",
    "golang.org/x/net/http2.(*clientConnReadLoop).",
    "golang.org/x/net/http2.(*serverConn).",
    "google.golang.org/grpc.(*addrConn).",
    "google.golang.org/grpc.(*ccBalancerWrapper).",
    "google.golang.org/grpc/internal/grpcsync.(*CallbackSerializer).run",
    "google.golang.org/grpc/internal/transport.(*controlBuffer).get",
    "google.golang.org/grpc/internal/transport.(*http2Client).",
    "google.golang.org/grpc/internal/transport.(*http2Server).",
    "internal/poll.runtime_pollWait",
    "k8s.io/klog/v2.(*flushDaemon).",
    "net/http.(*connReader).backgroundRead",
    "net/http.(*http2",
    "net/http.(*persistConn).readLoop",
    "net/http.(*persistConn).writeLoop",
    "net/http/internal/http2.",
    "os/signal.",
    "testing.",
];

/// What hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HangKind {
    /// The runtime said that all goroutines are asleep.
    AllAsleep,
    /// Goroutines wait for each other's locks.
    LockCycle,
    /// Many wait for one lock, or some have for minutes.
    Lock,
    /// `go test -timeout` ran out while these goroutines of tests were blocked.
    TestTimeout,
}

/// Goroutines that do not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HangFinding {
    /// What hangs.
    pub kind: HangKind,
    /// How far the evidence goes.
    pub grade: Grade,
    /// Index into [`Waits::waits`] of the lock; of the first one of a ring.
    pub wait: Option<usize>,
    /// Index into [`Waits::cycles`].
    pub cycle: Option<usize>,
    /// How many goroutines are held up.
    pub count: u32,
    /// Longest wait in full minutes.
    pub longest_wait_minutes: Option<u32>,
    /// The first of them, at most 20, by ascending id; the parties of a ring in its order.
    pub goroutines: Vec<GoroutineRef>,
}

/// Why goroutines are held to be leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeakReason {
    /// The runtime's leak collector marked them.
    MarkedLeaked,
    /// They wait for what can never come: a nil channel, an empty select.
    WaitsForEver,
    /// They send to a channel that nobody receives from.
    Senders,
    /// Those that created them are gone.
    Orphans,
    /// There are too many for any pool.
    TooMany,
    /// There are many alike; they may be a pool without work.
    Alike,
}

/// Goroutines left behind at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakFinding {
    /// The `go` statement that made them.
    pub created_by: Option<FrameId>,
    /// The line where they are blocked.
    pub blocked_at: FrameId,
    /// What they wait for.
    pub object: Object,
    /// How many.
    pub count: u32,
    /// How many creators are gone; 0 before Go 1.21.
    pub orphans: u32,
    /// Longest wait in full minutes.
    pub longest_wait_minutes: Option<u32>,
    /// How far the evidence goes.
    pub grade: Grade,
    /// What it is.
    pub reason: LeakReason,
    /// The first of them, at most 20, by ascending id of each stack.
    pub goroutines: Vec<GoroutineRef>,
}

/// Everything that hangs, best grade first, then the most goroutines.
///
/// A lock counts where it is part of a ring, where somebody has waited for a minute or more, or (possibly) where [`HANG_CROWD`] goroutines wait
/// and none that could run stands in its Lock or Unlock.
pub fn hangs(
    incident: &Incident,
    census: &Census,
    waits: &Waits,
    evidence: &Evidence<'_>,
) -> Vec<HangFinding> {
    let mut findings = Vec::new();
    match crash_class(incident, evidence) {
        Some(CrashClass::DeadlockAllAsleep) => {
            findings.push(all_asleep(incident, census, evidence))
        }
        Some(CrashClass::TestTimeout) => findings.push(test_timeout(incident, census, evidence)),
        _ => {}
    }
    for (index, cycle) in waits.cycles.iter().enumerate() {
        let held = cycle.waits.iter().filter_map(|&at| waits.waits.get(at));
        findings.push(HangFinding {
            kind: HangKind::LockCycle,
            grade: cycle.grade,
            wait: cycle.waits.first().copied(),
            cycle: Some(index),
            count: held.clone().map(|wait| wait.waiters.len() as u32).sum(),
            longest_wait_minutes: held.filter_map(|wait| wait.longest_wait_minutes).max(),
            goroutines: named(incident, &cycle.goroutines),
        });
    }
    for (index, wait) in waits.waits.iter().enumerate() {
        let in_ring = waits
            .cycles
            .iter()
            .any(|cycle| cycle.waits.contains(&index));
        let waited = wait.longest_wait_minutes.is_some();
        let crowd = wait.waiters.len() >= HANG_CROWD && !wait.moving;
        if wait.object.is_lock() && !in_ring && (waited || crowd) {
            findings.push(HangFinding {
                kind: HangKind::Lock,
                // One moment shows a crowd, not that it stands still; and without its address the lock may be several.
                grade: if waited && wait.address.or(wait.through).is_some() {
                    Grade::Probable
                } else {
                    Grade::Possible
                },
                wait: Some(index),
                cycle: None,
                count: wait.waiters.len() as u32,
                longest_wait_minutes: wait.longest_wait_minutes,
                goroutines: named(incident, &wait.waiters),
            });
        }
    }
    findings.sort_by_key(|finding| (Reverse(finding.grade), finding.kind, Reverse(finding.count)));
    findings
}

fn crash_class(incident: &Incident, evidence: &Evidence<'_>) -> Option<CrashClass> {
    let crash = incident.preamble(evidence)?;
    match &crash.fatal {
        Some(fatal) => Some(classify_fatal(fatal.text).class),
        None => classify_panic(crash.panics.last()?.value).map(|row| row.class),
    }
}

fn named(incident: &Incident, positions: &[u32]) -> Vec<GoroutineRef> {
    let first = positions.iter().take(NAMED_MOST);
    first
        .filter_map(|&at| incident.goroutines.get(at as usize).copied())
        .collect()
}

fn all_asleep(incident: &Incident, census: &Census, evidence: &Evidence<'_>) -> HangFinding {
    let asleep = |group: &&Group| {
        let state = wait_state(evidence.symbols.text(group.state));
        state.is_none_or(|row| row.kind != WaitKind::System)
    };
    let groups = census.groups.iter().filter(asleep);
    let mut all: Vec<u32> = groups
        .flat_map(|group| census.members(group))
        .copied()
        .collect();
    all.sort_by_cached_key(|&at| id_at(incident, evidence, at));
    HangFinding {
        kind: HangKind::AllAsleep,
        grade: Grade::Confirmed,
        wait: None,
        cycle: None,
        count: all.len() as u32,
        longest_wait_minutes: longest(census, |_| true),
        goroutines: named(incident, &all),
    }
}

/// The tests that did not come back: blocked below `testing.tRunner`, but not merely waiting for a subtest.
fn test_timeout(incident: &Incident, census: &Census, evidence: &Evidence<'_>) -> HangFinding {
    let stuck = |group: &Group| {
        let mut names = names(evidence, group.stack);
        let waits_for_subtest = names.clone().any(|name| name == b"testing.(*T).Run");
        let is_queued = names.clone().any(|name| name == b"testing.(*T).Parallel");
        let in_test = names.any(|name| name == b"testing.tRunner");
        in_test
            && !is_queued
            && (!waits_for_subtest || has_user_frame_above_run(evidence, group.stack))
    };
    let mut blocked: Vec<u32> = census
        .groups
        .iter()
        .filter(|group| stuck(group))
        .flat_map(|group| census.members(group))
        .copied()
        .collect();
    blocked.sort_by_cached_key(|&at| id_at(incident, evidence, at));
    HangFinding {
        kind: HangKind::TestTimeout,
        grade: Grade::Confirmed,
        wait: None,
        cycle: None,
        count: blocked.len() as u32,
        longest_wait_minutes: longest(census, stuck),
        goroutines: named(incident, &blocked),
    }
}

fn has_user_frame_above_run(evidence: &Evidence<'_>, stack: StackId) -> bool {
    let symbols = &evidence.symbols;
    symbols
        .frames(stack)
        .map(|frame| (symbols.text(frame.func), symbols.text(frame.file)))
        .take_while(|(func, _)| *func != b"testing.(*T).Run")
        .any(|(func, file)| is_user(func, file))
}

fn longest(census: &Census, of: impl Fn(&Group) -> bool) -> Option<u32> {
    let groups = census.groups.iter().filter(|group| of(group));
    groups.filter_map(|group| group.longest_wait_minutes).max()
}

fn names<'t>(evidence: &Evidence<'t>, stack: StackId) -> impl Iterator<Item = &'t [u8]> + Clone {
    let symbols = &evidence.symbols;
    let ids = symbols.frame_ids(stack).iter();
    ids.filter_map(move |&id| symbols.get(id).map(|frame| symbols.text(frame.func)))
}

fn id_at(incident: &Incident, evidence: &Evidence<'_>, position: u32) -> Option<GoroutineId> {
    let block = incident.goroutines.get(position as usize)?;
    block.of(evidence).map(|goroutine| goroutine.id)
}

/// Blocked goroutines of one `go` statement at one line.
struct Place {
    created_by: Option<FrameId>,
    blocked_at: FrameId,
    object: Object,
    count: u32,
    leaked: u32,
    waited: u32,
    longest_wait_minutes: Option<u32>,
    members: Vec<u32>,
}

/// Goroutines left behind, best grade first, then the most goroutines. Stacks that wait by design ([`IDLE_BY_DESIGN`]) are left out;
/// waits for locks are [`hangs`]. Time linear in the goroutines.
pub fn leaks(incident: &Incident, census: &Census, evidence: &Evidence<'_>) -> Vec<LeakFinding> {
    let mut readers = None;
    let mut findings: Vec<LeakFinding> = places(census, evidence)
        .into_iter()
        .filter_map(|place| {
            let many = place.count >= LEAK_ORPHANS;
            let orphans = if many {
                let readers =
                    readers.get_or_insert_with(|| parents_of_readers(incident, census, evidence));
                orphans(incident, evidence, &place, readers)
            } else {
                0
            };
            let (reason, grade) = judge(&place, orphans)?;
            Some(LeakFinding {
                created_by: place.created_by,
                blocked_at: place.blocked_at,
                object: place.object,
                count: if reason == LeakReason::MarkedLeaked {
                    place.leaked
                } else {
                    place.count
                },
                orphans,
                longest_wait_minutes: place.longest_wait_minutes,
                grade,
                reason,
                goroutines: named(incident, &place.members),
            })
        })
        .collect();
    findings.sort_by_key(|finding| (Reverse(finding.grade), Reverse(finding.count)));
    findings
}

fn places(census: &Census, evidence: &Evidence<'_>) -> Vec<Place> {
    let symbols = &evidence.symbols;
    let mut index: FxHashMap<(Option<FrameId>, FrameId, Object), usize> = FxHashMap::default();
    let mut places: Vec<Place> = Vec::new();
    for group in &census.groups {
        let state = wait_state(symbols.text(group.state));
        let Some(object) = state.and_then(|row| Object::of(row.kind)) else {
            continue;
        };
        let idle = group.leaked == 0 && is_idle(evidence, group.stack);
        if object.is_lock() || idle {
            continue;
        }
        let Some(blocked_at) = blocked_at(evidence, group.stack) else {
            continue;
        };
        let key = (group.created_by, blocked_at, object);
        let at = *index.entry(key).or_insert(places.len());
        if at == places.len() {
            places.push(Place {
                created_by: group.created_by,
                blocked_at,
                object,
                count: 0,
                leaked: 0,
                waited: 0,
                longest_wait_minutes: None,
                members: Vec::new(),
            });
        }
        if let Some(place) = places.get_mut(at) {
            place.count += group.count();
            place.leaked += group.leaked;
            place.waited += group.waited;
            place.longest_wait_minutes = place.longest_wait_minutes.max(group.longest_wait_minutes);
            place.members.extend_from_slice(census.members(group));
        }
    }
    places
}

/// True for a stack that waits by design ([`IDLE_BY_DESIGN`]).
pub fn is_idle(evidence: &Evidence<'_>, stack: StackId) -> bool {
    names(evidence, stack).any(is_idle_by_design)
}

fn is_idle_by_design(name: &[u8]) -> bool {
    IDLE_BY_DESIGN
        .iter()
        .any(|idle| name.starts_with(idle.as_bytes()))
}

/// The first frame of user code, else the innermost frame.
fn blocked_at(evidence: &Evidence<'_>, stack: StackId) -> Option<FrameId> {
    let symbols = &evidence.symbols;
    let ids = symbols.frame_ids(stack);
    let user = ids.iter().find(|&&id| {
        let frame = symbols.get(id);
        frame.is_some_and(|frame| is_user(symbols.text(frame.func), symbols.text(frame.file)))
    });
    user.or(ids.first()).copied()
}

/// Creators of goroutines that read from the network: a writer that waits beside its reader serves a connection.
fn parents_of_readers(
    incident: &Incident,
    census: &Census,
    evidence: &Evidence<'_>,
) -> FxHashSet<GoroutineId> {
    let reads = |group: &&Group| {
        let state = wait_state(evidence.symbols.text(group.state));
        state.is_some_and(|row| row.kind == WaitKind::Io)
    };
    let groups = census.groups.iter().filter(reads);
    groups
        .flat_map(|group| census.members(group))
        .filter_map(|&at| incident.goroutines.get(at as usize)?.of(evidence)?.parent)
        .collect()
}

/// How many of a place's goroutines have a creator that is gone, and no sibling that reads from the network.
fn orphans(
    incident: &Incident,
    evidence: &Evidence<'_>,
    place: &Place,
    readers: &FxHashSet<GoroutineId>,
) -> u32 {
    let mut creators: Vec<GoroutineId> = place
        .members
        .iter()
        .filter_map(|&at| incident.goroutines.get(at as usize)?.of(evidence)?.parent)
        .filter(|parent| !readers.contains(parent) && incident.position(*parent).is_none())
        .collect();
    let orphans = creators.len() as u32;
    creators.sort_unstable();
    creators.dedup();
    // One creator that is gone may have set up a pool.
    if creators.len() as u32 * 4 >= orphans {
        orphans
    } else {
        0
    }
}

fn judge(place: &Place, orphans: u32) -> Option<(LeakReason, Grade)> {
    use LeakReason::*;
    if place.leaked > 0 {
        return Some((MarkedLeaked, Grade::Confirmed));
    }
    match place.object {
        Object::NilChan | Object::EmptySelect if place.count >= LEAK_FOR_EVER => {
            Some((WaitsForEver, Grade::Probable))
        }
        Object::ChanSend if place.count >= LEAK_SENDERS => Some((Senders, Grade::Probable)),
        Object::ChanSend
            if place.count >= LEAK_SENDERS_WAITED && place.waited * 2 >= place.count =>
        {
            Some((Senders, Grade::Probable))
        }
        Object::ChanSend if place.count >= LEAK_SENDERS_WAITED => Some((Senders, Grade::Possible)),
        _ if orphans >= LEAK_ORPHANS && orphans * 2 >= place.count => {
            let waited = place.waited * 2 >= place.count;
            Some((
                Orphans,
                if waited {
                    Grade::Probable
                } else {
                    Grade::Possible
                },
            ))
        }
        _ if place.count >= LEAK_MANY => {
            let waited = place.waited * 2 >= place.count;
            Some((
                TooMany,
                if waited {
                    Grade::Probable
                } else {
                    Grade::Possible
                },
            ))
        }
        Object::ChanReceive | Object::Select | Object::WaitGroup | Object::Semaphore
            if place.count >= LEAK_ALIKE =>
        {
            Some((Alike, Grade::Possible))
        }
        _ => None,
    }
}
