//! What traces say of the goroutines that a dump prints, and what profiles say of its stacks.
//!
//! A trace knows goroutines by the numbers that the dump prints, so its statements are about single ones: who created the creators that
//! have ended, what a goroutine did last, who woke it. A profile knows stacks only ([`stacks`]). `analyze::joined` decides whether a
//! trace is of the same process; nothing is joined where it is not. Read [`of`] first.

mod reported;
pub(super) mod stacks;

pub(super) use reported::reports;

use super::case::Case;
use super::graph::principals;
use super::observe::finding;
use super::report::{At, ChainLink, Code, Finding, Place};
use super::trace::{TraceSummary, site_words, time};
use super::values::{count, grouped, site, stands, text};
use crate::analyze::incident::{GoroutineRef, Incident};
use crate::analyze::joined::{Clash, Join, Kinship, at_line, join};
use crate::analyze::trace::{Creation, LiveFrame, LiveGoroutine, LiveGoroutines, is_programs};
use crate::analyze::version::TraceSigns;
use crate::goruntime::tracewire::writers;
use crate::model::trace::GoState;
use crate::model::{Evidence, Goroutine, GoroutineId, Grade};

/// A trace of an incident, held against its goroutines.
pub(super) struct Joined<'c> {
    pub summary: &'c TraceSummary,
    pub join: Join,
}

/// Goroutines that get a sentence from a trace, groups that do, locks whose first waiter does, wakers named, links that a trace adds to a chain.
const PARTIES: usize = 6;
const GROUPS: usize = 3;
const LOCKS: usize = 2;
const WAKERS: usize = 2;
const LINKS: usize = 32;

/// Functions named behind a `go` statement.
const CALLERS: usize = 3;

/// What the collector calls it when it stops a goroutine to scan it, and lets it go on: no wake-up of the program.
const STOPPED: &[u8] = b"preempted";

/// Numbers listed in a sentence.
const IDS: usize = 8;

/// The traces of an incident.
pub(super) fn of<'c>(
    evidence: &Evidence<'_>,
    incident: &Incident,
    traces: &'c [TraceSummary],
) -> Vec<Joined<'c>> {
    let inputs = incident.traces.iter().filter_map(|item| {
        let document = evidence.documents.get(item.document.0 as usize)?;
        Some(document.input.0)
    });
    let summaries = inputs.filter_map(|input| traces.iter().find(|trace| trace.input == input));
    summaries
        .map(|summary| Joined {
            summary,
            join: join(evidence, incident, &summary.findings.live),
        })
        .collect()
}

/// What the traces tell of the Go version, those of other processes apart.
pub(super) fn signs<'c>(joins: &[Joined<'c>]) -> Vec<TraceSigns<'c>> {
    let own = joins
        .iter()
        .filter(|joined| joined.join.kinship != Kinship::Other);
    own.map(|joined| TraceSigns {
        header: &joined.summary.trace.header,
        calls: joined.summary.findings.live.calls(),
    })
    .collect()
}

impl Joined<'_> {
    fn live(&self) -> &LiveGoroutines {
        &self.summary.findings.live
    }

    /// A trace has no lines, so the whole of it is the evidence.
    fn at(&self) -> Vec<At> {
        vec![At {
            input: self.summary.input,
            line: 0,
        }]
    }

    /// How long a goroutine has been in its last state.
    fn lasting(&self, seen: &LiveGoroutine<'_>) -> String {
        let findings = &self.summary.findings;
        match seen.since_before() {
            true => format!(
                "all of its {} and longer",
                time(findings.last_ns.saturating_sub(findings.first_ns))
            ),
            false => time(seen.for_ns()),
        }
    }

    /// True where its events may be told of the goroutines of the text.
    pub fn is_same(&self, case: &Case<'_, '_>) -> bool {
        self.join.kinship == Kinship::Same && !self.is_of_other_version(case)
    }

    /// True for a trace that the dump's Go version does not write.
    fn is_of_other_version(&self, case: &Case<'_, '_>) -> bool {
        let minors = writers(&self.summary.trace.header).map(|writers| writers.minors);
        match (case.go.version, minors) {
            (Some(version), Some((first, last))) => !(first..=last).contains(&version.minor),
            _ => false,
        }
    }

    /// True where it is known to be of another process than the text.
    pub fn is_foreign(&self, case: &Case<'_, '_>) -> bool {
        self.join.kinship == Kinship::Other || self.is_of_other_version(case)
    }
}

/// Statements for step 1: whether each trace is of this process, and what the largest groups did in it.
pub(super) fn observe(case: &Case<'_, '_>, joined: &Joined<'_>) -> Vec<Finding> {
    if case.incident.goroutines.is_empty() {
        return Vec::new();
    }
    let mut findings = vec![relation(case, joined)];
    if joined.is_same(case) {
        findings.extend(groups(case, joined));
        findings.extend(over_time(case, joined));
    }
    findings
}

fn relation(case: &Case<'_, '_>, joined: &Joined<'_>) -> Finding {
    let join = &joined.join;
    let apart = "Given apart, or with --separate, each is reported alone.";
    let other_version = writers(&joined.summary.trace.header)
        .filter(|_| joined.is_of_other_version(case))
        .zip(case.go.version);
    let (said, grade) = match (other_version, join.kinship) {
        (Some((writers, version)), _) => (
            format!(
                "The text is of Go {version} and this trace was written by {}: they are not of one process, and nothing of it is joined. {apart}",
                writers.words
            ),
            Grade::Confirmed,
        ),
        (None, Kinship::Other) => (
            format!(
                "This trace is of another process: {}. Nothing of it is joined. {apart}",
                clash(join)
            ),
            Grade::Confirmed,
        ),
        (None, Kinship::Strangers) => (
            "No goroutine of the text is in this trace, so it says nothing of them.".to_owned(),
            Grade::Confirmed,
        ),
        (None, Kinship::Same) => (shared(case, join), Grade::Probable),
    };
    finding(said, grade, joined.at())
}

fn clash(join: &Join) -> String {
    let Some(&(id, why)) = join.clashes.first() else {
        return "it contradicts the text".to_owned();
    };
    match why {
        Clash::CreatedElsewhere => format!("it has goroutine {id} created at another go statement"),
        Clash::BegunOtherwise => format!("its goroutine {id} began with another function"),
        Clash::Ended => format!("its goroutine {id} ended, and the text has it alive"),
    }
}

/// `11 of the 14 goroutines of the text are in this trace, …`.
fn shared(case: &Case<'_, '_>, join: &Join) -> String {
    let total = count(u64::from(case.census.total), "goroutine", "goroutines");
    let agreeing = match join.agreeing {
        0 => "; nothing contradicts",
        _ => ", and their go statements agree",
    };
    let mut said = format!(
        "{} of the {total} of the text are in this trace, by number{agreeing}.",
        grouped(join.shared)
    );
    if !join.absent.is_empty() {
        let why = match case.words {
            Some(_) => {
                "created after its end, or lost with up to a second that a dying process may not write"
            }
            None => "they were created after it ended",
        };
        said.push_str(&format!(" Not in it: {} ({why}).", ids(&join.absent)));
    }
    said
}

/// `33, 34, 35`, `33, 34, … (20 in all)`.
fn ids(ids: &[u64]) -> String {
    let shown: Vec<String> = ids.iter().take(IDS).map(u64::to_string).collect();
    match ids.len() > IDS {
        true => format!(
            "{}, … ({} in all)",
            shown.join(", "),
            grouped(ids.len() as u64)
        ),
        false => shown.join(", "),
    }
}

/// What the members of the largest groups did when the trace ended.
fn groups(case: &Case<'_, '_>, joined: &Joined<'_>) -> Vec<Finding> {
    let several = case.census.groups.iter().filter(|group| group.count() > 1);
    several
        .filter_map(|group| {
            let numbers = case.census.members(group).iter().filter_map(|&at| {
                let block = case.incident.goroutines.get(at as usize)?;
                Some(block.of(case.evidence)?.id.0)
            });
            let seen: Vec<LiveGoroutine<'_>> =
                numbers.filter_map(|id| joined.live().get(id)).collect();
            let first = seen.first().filter(|_| seen.len() > 1)?;
            if !is_programs(first.start_func()) {
                return None;
            }
            let alike = seen
                .iter()
                .all(|one| (one.state(), one.reason()) == (first.state(), first.reason()));
            let longest = seen
                .iter()
                .map(|one| one.for_ns())
                .max()
                .filter(|_| alike)?;
            let shortest = seen.iter().map(|one| one.for_ns()).min()?;
            let place = stands(case.evidence, group.stack)
                .map(|id| format!(" at {}", site(case.evidence, id)))
                .unwrap_or_default();
            let of = match seen.len() as u64 == u64::from(group.count()) {
                true => format!("The {} goroutines", grouped(seen.len() as u64)),
                false => format!(
                    "{} of the {} goroutines",
                    grouped(seen.len() as u64),
                    grouped(u64::from(group.count()))
                ),
            };
            let long = match (first.since_before(), time(shortest) == time(longest)) {
                (true, _) | (_, true) => joined.lasting(first),
                _ => format!("{} to {}", time(shortest), time(longest)),
            };
            let said = format!(
                "{of}{place} are {} when the trace ends, for {long}.",
                doing(first)
            );
            Some(finding(said, Grade::Probable, joined.at()))
        })
        .take(GROUPS)
        .collect()
}

/// `waiting (sync)`, `running`.
fn doing(seen: &LiveGoroutine<'_>) -> String {
    let state = seen.state().name().to_lowercase();
    let state = match seen.state() {
        GoState::Syscall => "in a system call",
        _ => &state,
    };
    match seen.reason() {
        b"" => state.to_owned(),
        reason => format!("{state} ({})", text(reason)),
    }
}

/// Lines over time of those who matter.
fn over_time(case: &Case<'_, '_>, joined: &Joined<'_>) -> Option<Finding> {
    let parties = parties(case);
    let rows: Vec<(u64, &str)> = parties
        .iter()
        .filter_map(|goroutine| Some((goroutine.id.0, joined.live().line(goroutine.id.0)?)))
        .collect();
    let wide = rows.iter().map(|(id, _)| id.to_string().len()).max()?;
    let mut lines: Vec<String> = rows
        .iter()
        .map(|(id, states)| format!("{id:>wide$} |{states}|"))
        .collect();
    lines.push(LEGEND.to_owned());
    let slice = joined.summary.findings.timeline.slice_ns;
    let said = format!(
        "What they did up to the end of the trace, {} a column:",
        time(slice)
    );
    Some(Finding {
        code: Some(Code {
            lang: "text",
            text: lines.join("\n"),
        }),
        ..finding(said, Grade::Probable, joined.at())
    })
}

/// What the letters of a line over time mean.
pub const LEGEND: &str = "# running  + could run  - waits  s system call";

/// Those whom a report is about: who died, parties, holders, the first who wait for a lock; each once.
pub(super) fn parties<'c>(case: &Case<'c, '_>) -> Vec<&'c Goroutine> {
    let locks = case.waits.waits.iter().filter(|wait| wait.object.is_lock());
    let waiters = locks.filter_map(|wait| wait.waiters.first().copied());
    let mut positions = principals(case);
    for waiter in waiters.take(LOCKS) {
        if !positions.contains(&waiter) {
            positions.push(waiter);
        }
    }
    let blocks = positions.into_iter().filter_map(|at| {
        let block = case.incident.goroutines.get(at as usize)?;
        block.of(case.evidence)
    });
    blocks.take(PARTIES).collect()
}

/// Statements for step 2: what each party did last in the trace, and who woke it.
pub(super) fn locate(case: &Case<'_, '_>, joined: &Joined<'_>) -> Vec<Finding> {
    if !joined.is_same(case) {
        return Vec::new();
    }
    let parties = parties(case).into_iter();
    parties
        .filter_map(|goroutine| {
            let seen = joined.live().get(goroutine.id.0)?;
            let said = party(joined, &seen);
            Some(finding(said, Grade::Probable, joined.at()))
        })
        .collect()
}

/// `Goroutine 23 in the trace: waiting (sync) at main.feed (main.go:104) for 1.2 ms when it ends; woken by …; seen …`.
fn party(joined: &Joined<'_>, seen: &LiveGoroutine<'_>) -> String {
    let place = own_frame(seen.stack())
        .map(|frame| format!(" at {}", site_words(&frame)))
        .unwrap_or_default();
    let mut said = format!(
        "Goroutine {} when the trace ends: {}{place} for {}",
        seen.id(),
        doing(seen),
        joined.lasting(seen)
    );
    let wakers: Vec<String> = seen
        .wakers()
        .filter(|(_, reason, _)| *reason != STOPPED)
        .take(WAKERS)
        .map(|(waker, reason, times)| {
            let reason = match reason {
                b"" => String::new(),
                reason => format!(" from {}", text(reason)),
            };
            format!(
                "by goroutine {waker}{reason} ({})",
                count(times, "time", "times")
            )
        })
        .collect();
    if !wakers.is_empty() {
        said.push_str(&format!("; woken most {}", wakers.join(", ")));
    }
    let uses = joined.summary.findings.map_uses.iter();
    let mut own = uses.filter(|used| used.goroutine == seen.id());
    if let Some(used) = own.next() {
        said.push_str(&format!(
            "; seen {} inside {} at {}",
            count(used.samples + used.events, "time", "times"),
            used.operation,
            site_words(&used.at)
        ));
    }
    said.push('.');
    said
}

/// The innermost frame of the program's own code, else the innermost.
fn own_frame<'a>(
    frames: impl Iterator<Item = LiveFrame<'a>>,
) -> Option<crate::analyze::trace::Place> {
    let mut first = None;
    for frame in frames {
        if crate::goruntime::frames::is_user(frame.func, frame.file) {
            return Some(traced_place(&frame));
        }
        first.get_or_insert(frame);
    }
    first.map(|frame| traced_place(&frame))
}

fn traced_place(frame: &LiveFrame<'_>) -> crate::analyze::trace::Place {
    crate::analyze::trace::Place {
        func: frame.func.into(),
        file: frame.file.into(),
        line: frame.line,
    }
}

fn place(frame: &LiveFrame<'_>) -> Place {
    Place {
        func: text(frame.func),
        file: text(frame.file),
        line: frame.line,
    }
}

/// Adds to a chain what the traces know: the callers behind its first statement, and the creators of the last one, who is not in the
/// text.
pub(super) fn lengthen(case: &Case<'_, '_>, at: GoroutineRef, links: &mut Vec<ChainLink>) {
    let Some(goroutine) = at.of(case.evidence) else {
        return;
    };
    for joined in case.joins.iter().filter(|joined| joined.is_same(case)) {
        callers(case, joined, goroutine, links);
        for _ in 0..LINKS {
            let unknown = match links.last() {
                None => goroutine.created_by.is_none().then_some(goroutine.id.0),
                Some(last) if !last.present => last.goroutine,
                Some(_) => None,
            };
            let Some(link) = unknown.filter(|&id| id != 1).and_then(|id| {
                let creation = joined.live().creation(id)?;
                created(case, joined, &creation)
            }) else {
                break;
            };
            links.push(link);
        }
    }
}

fn created(case: &Case<'_, '_>, joined: &Joined<'_>, creation: &Creation<'_>) -> Option<ChainLink> {
    let mut stack = creation.stack();
    let site = place(&stack.next()?);
    let creator = creation.creator();
    Some(ChainLink {
        site,
        goroutine: creator,
        present: creator.is_some_and(|id| case.incident.find(GoroutineId(id)).is_some()),
        callers: stack.take(CALLERS).map(|frame| place(&frame)).collect(),
        input: Some(joined.summary.input),
    })
}

/// The callers of the function that ran the first statement, and its number where the text does not print it.
fn callers(
    case: &Case<'_, '_>,
    joined: &Joined<'_>,
    goroutine: &Goroutine,
    links: &mut [ChainLink],
) {
    let (Some(first), Some(created_by), Some(creation)) = (
        links.first_mut(),
        goroutine.created_by,
        joined.live().creation(goroutine.id.0),
    ) else {
        return;
    };
    let mut behind = creation
        .stack()
        .skip_while(|frame| !at_line(case.evidence, created_by, frame));
    if behind.next().is_some() && first.callers.is_empty() {
        first.callers = behind.take(CALLERS).map(|frame| place(&frame)).collect();
    }
    if let (None, Some(creator)) = (first.goroutine, creation.creator()) {
        first.goroutine = Some(creator);
        first.present = case.incident.find(GoroutineId(creator)).is_some();
        first.input = Some(joined.summary.input);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_numbers_are_cut() {
        assert_eq!(ids(&[3, 5]), "3, 5");
        let many: Vec<u64> = (1..=20).collect();
        assert_eq!(ids(&many), "1, 2, 3, 4, 5, 6, 7, 8, … (20 in all)");
    }
}
