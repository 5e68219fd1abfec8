//! Two profiles of one kind against each other: which belong together, what the difference says, and its verdict.
//!
//! A profile knows no goroutine by its id, so what grew may be others than before; the grades say so. Live memory is a leak where
//! nearly all that was allocated at a line since is still there. Read [`pairs`], then [`judge`].

use super::report::profile::{ColumnChange, LineChange, ProfileDiff, StackChange};
use super::report::{DiffVerdict, Process};
use super::{Pair, change_word};
use crate::analyze::accesses::user_site;
use crate::analyze::leaks::is_idle;
use crate::analyze::profile::compare::{self, Change, Difference, Rows, SiteChange};
use crate::goruntime::waits::WaitKind;
use crate::model::{Evidence, FrameId, Grade, Item, Profile, ProfileKind};
use crate::triage::case::Case;
use crate::triage::maps::op_word;
use crate::triage::observe::finding;
use crate::triage::profiles::{quantity, wait_word};
use crate::triage::report::{Category, Finding};
use crate::triage::values::{grouped, name, place, rfc3339, sentence, site};

/// Fewer new goroutines at one place are what a server under changing load has.
const GREW_LEAST: i64 = 10;

/// So many more at one place are too many for any pool.
const GREW_MANY: i64 = 10_000;

/// Growth counts where it is at least half of what was there, in halves.
const GREW_BY_HALVES: i64 = 3;

/// Live memory that grew by less is noise of the sampling: at the usual rate a sample stands for half a MiB.
const MEMORY_LEAST: i64 = 1 << 20;

/// Of ten bytes allocated at a line in between, how many must be live for the line to keep what it allocates.
const KEPT_OF_TEN: i64 = 9;

/// Lines that get a sentence; the table has more, the JSON all.
const SENTENCES_MOST: usize = 5;

/// Two profiles that belong together.
pub(super) struct ProfilePair<'e, 't> {
    before: Option<&'e Profile<'t>>,
    after: Option<&'e Profile<'t>>,
    difference: Difference,
}

/// Profiles of one kind in both cases; a profile of goroutines goes with a dump where the other side has no such profile.
pub(super) fn pairs<'e, 't>(
    before: &Case<'e, 't>,
    after: &Case<'e, 't>,
) -> Vec<ProfilePair<'e, 't>> {
    let evidence = after.evidence;
    let (then, now) = (profiles(before), profiles(after));
    let mut pairs = Vec::new();
    for later in &now {
        let Some(earlier) = then.iter().find(|one| one.kind == later.kind) else {
            continue;
        };
        let (one, other) = (Rows::of_profile(earlier), Rows::of_profile(later));
        let difference = compare::difference(evidence, &one, &other);
        pairs.extend(difference.map(|difference| ProfilePair {
            before: Some(earlier),
            after: Some(later),
            difference,
        }));
    }
    if pairs.is_empty() {
        pairs.extend(with_dump(before, after, &then, &now));
    }
    pairs
}

fn with_dump<'e, 't>(
    before: &Case<'e, 't>,
    after: &Case<'e, 't>,
    then: &[&'e Profile<'t>],
    now: &[&'e Profile<'t>],
) -> Option<ProfilePair<'e, 't>> {
    let evidence = after.evidence;
    let counts = |all: &[&'e Profile<'t>]| {
        let mut all = all.iter().copied();
        all.find(|profile| profile.kind == ProfileKind::Goroutine)
    };
    let (earlier, later) = (counts(then), counts(now));
    let rows = match (earlier, later) {
        (Some(earlier), None) if !after.incident.goroutines.is_empty() => {
            let one = Rows::of_profile(earlier);
            let other = Rows::of_dump(after.incident, evidence, &one);
            (one, other)
        }
        (None, Some(later)) if !before.incident.goroutines.is_empty() => {
            let other = Rows::of_profile(later);
            (Rows::of_dump(before.incident, evidence, &other), other)
        }
        _ => return None,
    };
    let difference = compare::difference(evidence, &rows.0, &rows.1)?;
    Some(ProfilePair {
        before: earlier,
        after: later,
        difference,
    })
}

fn profiles<'e, 't>(case: &Case<'e, 't>) -> Vec<&'e Profile<'t>> {
    let found = case
        .incident
        .profiles
        .iter()
        .filter_map(|at| match at.of(case.evidence)? {
            Item::Profile(profile) => Some(&**profile),
            _ => None,
        });
    found.collect()
}

/// Kinds of a capture's profiles, in its order.
pub(super) fn kinds(case: &Case<'_, '_>) -> Vec<String> {
    let kinds = profiles(case).into_iter();
    kinds
        .map(|profile| profile.kind.word().to_owned())
        .collect()
}

/// The differences as values.
pub(super) fn reports(pair: &Pair<'_, '_, '_>) -> Vec<ProfileDiff> {
    let evidence = pair.after.evidence;
    pair.profiles
        .iter()
        .map(|pair| report(evidence, pair))
        .collect()
}

fn report(evidence: &Evidence<'_>, pair: &ProfilePair<'_, '_>) -> ProfileDiff {
    let found = &pair.difference;
    let form = |profile: Option<&Profile<'_>>| {
        let form = profile.map_or("dump", |profile| profile.form.word());
        form.to_owned()
    };
    let columns = found.columns.iter().enumerate();
    let word = |change: &Change| {
        let (before, after) = change.of(found.shown);
        change_word(before.unsigned_abs(), after.unsigned_abs())
    };
    let stacks = found.stacks.iter().map(|stack| StackChange {
        change: word(&stack.change),
        before: stack.change.before.clone(),
        after: stack.change.after.clone(),
        does: stack.waits.map(|kind| wait_word(kind).to_owned()),
        stack: evidence
            .symbols
            .frame_ids(stack.stack)
            .iter()
            .map(|&id| place(evidence, id))
            .collect(),
    });
    let lines = found.sites.iter().map(|line| LineChange {
        change: word(&line.change),
        before: line.change.before.clone(),
        after: line.change.after.clone(),
        does: does(line).map(str::to_owned),
        site: place(evidence, line.site),
    });
    ProfileDiff {
        kind: found.kind.word().to_owned(),
        before: form(pair.before),
        after: form(pair.after),
        columns: columns
            .map(|(at, &(column, unit))| {
                let (before, after) = found.total.of(at);
                ColumnChange {
                    name: name(evidence, column),
                    unit: name(evidence, unit),
                    before,
                    after,
                }
            })
            .collect(),
        shown: found.shown as u64,
        since_start: since_start(found.kind),
        stacks: stacks.collect(),
        lines: lines.collect(),
    }
}

fn does(line: &SiteChange) -> Option<&'static str> {
    match line.op {
        _ if line.makes_map => Some("makes a map"),
        Some(op) => Some(op_word(Some(op))),
        None => line.waits.map(wait_word),
    }
}

/// True for kinds whose numbers never fall while a process lives.
fn since_start(kind: ProfileKind) -> bool {
    matches!(
        kind,
        ProfileKind::Allocs
            | ProfileKind::Mutex
            | ProfileKind::Block
            | ProfileKind::Contention
            | ProfileKind::ThreadCreate
    )
}

/// Whether both are of one process.
pub(super) fn process(evidence: &Evidence<'_>, pairs: &[ProfilePair<'_, '_>]) -> Process {
    let against: Vec<(Grade, String)> = pairs
        .iter()
        .flat_map(|pair| contradictions(evidence, pair))
        .collect();
    if let Some(grade) = against.iter().map(|(grade, _)| *grade).max() {
        return Process {
            answer: "different",
            grade,
            reasons: against.into_iter().map(|(_, reason)| reason).collect(),
        };
    }
    let build = pairs.iter().find_map(|pair| {
        let (before, after) = (
            build_id(evidence, pair.before?)?,
            build_id(evidence, pair.after?)?,
        );
        (before == after).then_some(after)
    });
    match build {
        Some(build) => Process {
            answer: "same",
            grade: Grade::Possible,
            reasons: vec![format!("both are of the build {build}")],
        },
        None => Process {
            answer: "unknown",
            grade: Grade::Unknown,
            reasons: vec!["profiles name neither goroutines nor their process".to_owned()],
        },
    }
}

fn build_id(evidence: &Evidence<'_>, profile: &Profile<'_>) -> Option<String> {
    let program = profile.mappings.first()?;
    Some(name(evidence, program.build_id)).filter(|id| !id.is_empty())
}

fn contradictions(
    evidence: &Evidence<'_>,
    pair: &ProfilePair<'_, '_>,
) -> impl Iterator<Item = (Grade, String)> {
    let kind = pair.difference.kind.word();
    let both = pair.before.zip(pair.after);
    let builds = both.and_then(|(before, after)| {
        let ids = (build_id(evidence, before)?, build_id(evidence, after)?);
        let said = format!("the binaries differ: build {} and build {}", ids.0, ids.1);
        (ids.0 != ids.1).then_some((Grade::Probable, said))
    });
    let times = both.and_then(|(before, after)| {
        let (then, now) = (before.time_nanos?, after.time_nanos?);
        let said = format!(
            "the {kind} profile of AFTER was taken {}, before that of BEFORE, {}: they are given in the wrong order",
            rfc3339(now),
            rfc3339(then)
        );
        (now < then).then_some((Grade::Confirmed, said))
    });
    // Live columns of a heap may fall; the two that count from the start may not.
    let counting = match pair.difference.kind {
        ProfileKind::Heap | ProfileKind::Allocs => 0..2,
        kind if since_start(kind) => 0..pair.difference.columns.len(),
        _ => 0..0,
    };
    let fell = counting.into_iter().find(|&column| {
        let (before, after) = pair.difference.total.of(column);
        after < before
    });
    let fell = fell.map(|column| {
        let (before, after) = pair.difference.total.of(column);
        let what = pair.difference.columns.get(column);
        let (what, unit) = what.map_or_else(Default::default, |&(column, unit)| {
            (name(evidence, column), name(evidence, unit))
        });
        let said = format!(
            "{what} of the {kind} profile counts from the start of a process and fell from {} to {}: AFTER is older, or of a process that was started anew",
            quantity(&unit, before),
            quantity(&unit, after)
        );
        (Grade::Probable, said)
    });
    [builds, times, fell].into_iter().flatten()
}

/// A leak, or a hang.
struct Claim {
    category: Category,
    grade: Grade,
    size: i64,
    said: String,
    culprit: Option<FrameId>,
}

/// The verdict, and the statements in reading order.
pub(super) fn judge(pair: &Pair<'_, '_, '_>) -> (DiffVerdict, Vec<Finding>) {
    let evidence = pair.after.evidence;
    let said = |text: String, grade| finding(text, grade, Vec::new());
    let mut findings = vec![said(same_process(&pair.process), pair.process.grade)];
    let verdict = |category, grade, headline, culprit: Option<FrameId>| DiffVerdict {
        category,
        grade,
        headline,
        culprit: culprit.map(|id| place(evidence, id)),
        created_by: None,
        evidence: Vec::new(),
    };
    if pair.process.answer == "different" {
        let headline = "the profiles are no before and after of one process".to_owned();
        return (
            verdict(Category::None, pair.process.grade, headline, None),
            findings,
        );
    }
    let mut claims: Vec<Claim> = Vec::new();
    for one in &pair.profiles {
        findings.push(said(totals(evidence, one), Grade::Confirmed));
        findings.extend(grown(evidence, &one.difference).map(|line| said(line, Grade::Confirmed)));
        claims.extend(goroutines(evidence, &one.difference));
        claims.extend(memory(evidence, &one.difference));
    }
    claims.sort_by_key(|claim| std::cmp::Reverse((claim.grade, claim.size)));
    let told = claims.iter().skip(1).take(SENTENCES_MOST);
    findings.extend(told.map(|claim| said(sentence(&claim.said), claim.grade)));
    let verdict = match claims.first() {
        Some(claim) => verdict(
            claim.category,
            claim.grade,
            claim.said.clone(),
            claim.culprit,
        ),
        None => {
            let (headline, culprit) = nothing(evidence, &pair.profiles);
            verdict(Category::Healthy, Grade::Possible, headline, culprit)
        }
    };
    (verdict, findings)
}

fn same_process(process: &Process) -> String {
    let reasons = sentence(&process.reasons.join("; "));
    match process.answer {
        "same" => format!("The profiles may be of one process. {reasons}"),
        "different" => format!("The profiles are no before and after of one process. {reasons}"),
        _ => format!("Nothing tells whether the profiles are of one process. {reasons}"),
    }
}

/// `heap: inuse_space 1.2 MiB, then 6.6 MiB; …`.
fn totals(evidence: &Evidence<'_>, pair: &ProfilePair<'_, '_>) -> String {
    let found = &pair.difference;
    let columns = found
        .columns
        .iter()
        .enumerate()
        .map(|(at, &(column, unit))| {
            let (before, after) = found.total.of(at);
            let unit = name(evidence, unit);
            format!(
                "{} {} before, {} after",
                name(evidence, column),
                quantity(&unit, before),
                quantity(&unit, after)
            )
        });
    let columns: Vec<String> = columns.collect();
    let measured = pair
        .before
        .zip(pair.after)
        .and_then(|(before, after)| Some((before.duration_nanos?, after.duration_nanos?)));
    let measured = match measured {
        Some((before, after)) if found.kind == ProfileKind::Cpu => format!(
            "; measured for {} and for {}",
            quantity("nanoseconds", before),
            quantity("nanoseconds", after)
        ),
        _ => String::new(),
    };
    let since = match since_start(found.kind) {
        true => ". These numbers count from the start of the process",
        false => "",
    };
    sentence(&format!(
        "the {} profile: {}{measured}{since}",
        found.kind.word(),
        columns.join("; ")
    ))
}

/// The lines that grew most.
fn grown<'f>(
    evidence: &'f Evidence<'_>,
    found: &'f Difference,
) -> impl Iterator<Item = String> + 'f {
    let lines = found.sites.iter();
    let lines = lines.filter(|line| line.change.grown(found.shown) > 0);
    lines
        .take(SENTENCES_MOST)
        .map(|line| line_sentence(evidence, found, line))
}

fn unit(evidence: &Evidence<'_>, found: &Difference) -> String {
    let column = found.columns.get(found.shown);
    column.map_or_else(String::new, |&(_, unit)| name(evidence, unit))
}

fn line_sentence(evidence: &Evidence<'_>, found: &Difference, line: &SiteChange) -> String {
    let unit = unit(evidence, found);
    let (before, after) = line.change.of(found.shown);
    let what = match found.kind {
        ProfileKind::Goroutine | ProfileKind::GoroutineLeak => match after.saturating_sub(before) {
            1 => " goroutine",
            _ => " goroutines",
        },
        ProfileKind::Heap => " live",
        ProfileKind::Allocs => " allocated",
        ProfileKind::Mutex => " waited by others for the lock released",
        ProfileKind::Block | ProfileKind::Contention => " blocked",
        _ => "",
    };
    let does = does(line).map_or(String::new(), |does| format!(" ({does})"));
    let of_it = match kept(found, line) {
        Some((allocated, live)) => format!(
            "; {} was allocated there in between, {} more is live",
            quantity("bytes", allocated),
            quantity("bytes", live)
        ),
        None => String::new(),
    };
    format!(
        "{} more{what} at {}{does}: {} before, {} after{of_it}.",
        quantity(&unit, after.saturating_sub(before)),
        site(evidence, line.site),
        quantity(&unit, before),
        quantity(&unit, after)
    )
}

/// Of a line of a heap profile: bytes allocated in between, and how many more are live. Columns: objects and bytes, all and live.
fn kept(found: &Difference, line: &SiteChange) -> Option<(i64, i64)> {
    let heap = matches!(found.kind, ProfileKind::Heap | ProfileKind::Allocs);
    (heap && found.columns.len() == 4).then(|| (line.change.grown(1), line.change.grown(3)))
}

/// Places where goroutines became more.
fn goroutines<'f>(
    evidence: &'f Evidence<'_>,
    found: &'f Difference,
) -> impl Iterator<Item = Claim> + 'f {
    let counts = found.kind.counts_goroutines();
    let stacks = found.stacks.iter().filter(move |_| counts);
    stacks.filter_map(move |stack| {
        let (before, after) = stack.change.of(found.shown);
        let more = after.saturating_sub(before);
        let leaked = found.kind == ProfileKind::GoroutineLeak && more > 0;
        let much = more >= GREW_LEAST && after.saturating_mul(2) >= before.saturating_mul(GREW_BY_HALVES);
        let needs_another = stack.waits.is_none_or(WaitKind::needs_another);
        if !leaked && (!much || !needs_another || is_idle(evidence, stack.stack)) {
            return None;
        }
        let here = user_site(evidence, stack.stack)?;
        let lock = stack.waits.is_some_and(WaitKind::is_lock);
        let (category, grade) = match (leaked, lock) {
            (true, _) => (Category::GoroutineLeak, Grade::Confirmed),
            (false, true) => (Category::LockHang, Grade::Possible),
            (false, false) if more >= GREW_MANY => (Category::GoroutineLeak, Grade::Probable),
            (false, false) => (Category::GoroutineLeak, Grade::Possible),
        };
        let doing = stack.waits.map_or("stand", |_| "wait");
        let state = stack.waits.map_or(String::new(), |kind| format!(" in {}", wait_word(kind)));
        Some(Claim {
            category,
            grade,
            size: more,
            said: format!(
                "{} more goroutines {doing}{state} at {}: {} before, {} after; a profile does not show whether the old ones moved",
                grouped(more.unsigned_abs()),
                site(evidence, here),
                grouped(before.unsigned_abs()),
                grouped(after.unsigned_abs())
            ),
            culprit: Some(here),
        })
    })
}

/// Lines whose live memory grew.
fn memory<'f>(
    evidence: &'f Evidence<'_>,
    found: &'f Difference,
) -> impl Iterator<Item = Claim> + 'f {
    const LIVE: usize = 3;
    let heap = found.kind == ProfileKind::Heap && found.columns.len() == 4;
    let sites = found.sites.iter().filter(move |_| heap);
    sites.filter_map(move |line| {
        let (before, after) = line.change.of(LIVE);
        let more = after.saturating_sub(before);
        let much = more >= MEMORY_LEAST && after.saturating_mul(2) >= before.saturating_mul(GREW_BY_HALVES);
        if !much {
            return None;
        }
        let (allocated, _) = kept(found, line)?;
        let keeps = more.saturating_mul(10) >= allocated.saturating_mul(KEPT_OF_TEN);
        let grade = match keeps && before > 0 {
            true => Grade::Probable,
            false => Grade::Possible,
        };
        let map = if line.makes_map { " in maps" } else { "" };
        Some(Claim {
            category: Category::MemoryLeak,
            grade,
            size: more,
            said: format!(
                "{} more live{map} allocated at {}: {} before, {} after, of {} allocated there in between",
                quantity("bytes", more),
                site(evidence, line.site),
                quantity("bytes", before),
                quantity("bytes", after),
                quantity("bytes", allocated)
            ),
            culprit: Some(line.site),
        })
    })
}

/// Where nothing leaks: what grew most all the same.
fn nothing(evidence: &Evidence<'_>, pairs: &[ProfilePair<'_, '_>]) -> (String, Option<FrameId>) {
    let most = pairs.iter().find_map(|pair| {
        let found = &pair.difference;
        let line = found.sites.first()?;
        (line.change.grown(found.shown) > 0).then_some((found, line))
    });
    match most {
        Some((found, line)) if !found.kind.counts_goroutines() => {
            let said = line_sentence(evidence, found, line);
            let said = said.trim_end_matches('.').to_owned();
            (
                format!("no leak seen; {} profile: {said}", found.kind.word()),
                Some(line.site),
            )
        }
        _ => ("nothing grew that leaks show".to_owned(), None),
    }
}
