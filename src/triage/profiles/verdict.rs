//! What a capture of profiles amounts to: a crowd at a lock, too many goroutines alike, or nothing wrong seen. Read [`verdict`] first.

use super::super::case::Case;
use super::super::report::Category;
use super::super::values::{grouped, site};
use super::words::wait_word;
use super::{amount, called, counted, share, waits};
use crate::analyze::accesses::user_site;
use crate::analyze::leaks::is_idle;
use crate::analyze::profile::Weighed;
use crate::goruntime::waits::WaitKind;
use crate::model::{FrameId, Grade, ProfileKind};

/// With this many goroutines at one lock it is no passing contention, as for dumps.
const HANG_CROWD: i64 = 10;

/// Goroutines alike at one line that are too many for any pool, and so many that a pool is as likely.
const LEAK_MANY: i64 = 10_000;
const LEAK_ALIKE: i64 = 100;

/// Senders at one line, and goroutines that nothing can wake, as for dumps.
const LEAK_SENDERS: i64 = 50;
const LEAK_FOR_EVER: i64 = 10;

/// With this many goroutines, half of all or more, a line is where the program stands.
const GATHERED: i64 = 10;

/// What a capture of profiles amounts to: a hang at a lock, a leak, or nothing wrong seen.
pub(in crate::triage) fn verdict(case: &Case<'_, '_>) -> Option<(Category, Grade)> {
    let found = |kind| {
        case.profiles
            .iter()
            .any(|weighed: &Weighed| weighed.kind == kind && weighed.total > 0)
    };
    if found(ProfileKind::GoroutineLeak) {
        return Some((Category::GoroutineLeak, Grade::Confirmed));
    }
    if case.profiles.is_empty() {
        return None;
    }
    let Some((group, _)) = crowd(case) else {
        return Some((Category::Healthy, Grade::Possible));
    };
    Some(match group.waits {
        Some(kind) if kind.is_lock() => (Category::LockHang, Grade::Possible),
        _ if group.weight >= LEAK_MANY => (Category::GoroutineLeak, Grade::Probable),
        _ => (Category::GoroutineLeak, Grade::Possible),
    })
}

/// The group that is too large to be passing: at a lock, or alike at one line.
fn crowd<'c>(case: &'c Case<'_, '_>) -> Option<(&'c crate::analyze::profile::Group, &'c Weighed)> {
    let leaked = case
        .profiles
        .iter()
        .find(|weighed| weighed.kind == ProfileKind::GoroutineLeak && weighed.total > 0);
    let weighed = leaked.or(counted(case))?;
    let is_lock = |kind: Option<WaitKind>| kind.is_some_and(WaitKind::is_lock);
    let needs_another = |kind: Option<WaitKind>| kind.is_some_and(WaitKind::needs_another);
    let groups = || {
        weighed
            .groups
            .iter()
            .filter(|group| user_site(case.evidence, group.stack).is_some())
    };
    let held = groups().find(|group| is_lock(group.waits) && group.weight >= HANG_CROWD);
    let alike = || {
        groups().find(|group| {
            let most = match group.waits {
                Some(WaitKind::ChanNil | WaitKind::SelectEmpty) => LEAK_FOR_EVER,
                Some(WaitKind::ChanSend) => LEAK_SENDERS,
                waits if needs_another(waits) => LEAK_ALIKE,
                _ => return false,
            };
            group.weight >= most && !is_idle(case.evidence, group.stack)
        })
    };
    let first = || groups().next().filter(|_| leaked.is_some());
    first()
        .or(held)
        .or_else(alike)
        .map(|group| (group, weighed))
}

/// The sentence for the top of the page.
pub(in crate::triage) fn headline(case: &Case<'_, '_>) -> Option<String> {
    if let Some((group, weighed)) = crowd(case) {
        let doing = group.waits.map_or("one place", wait_word);
        let place = user_site(case.evidence, group.stack)
            .map(|id| format!(" at {}", site(case.evidence, id)));
        let why = match weighed.kind {
            ProfileKind::GoroutineLeak => {
                ": the runtime's leak collector found that nothing can wake them"
            }
            _ => "; a profile does not show for how long",
        };
        let many = match weighed.kind {
            ProfileKind::Goroutine if group.weight < weighed.total => format!(
                "{} of {}",
                grouped(group.weight.unsigned_abs()),
                amount(case, weighed, weighed.total)
            ),
            _ => amount(case, weighed, group.weight),
        };
        return Some(format!(
            "{many} in {doing}{}{why}",
            place.unwrap_or_default()
        ));
    }
    let weighed = counted(case).or(case.profiles.first())?;
    if let Some(said) = waits::headline(case, weighed).or_else(|| gathered(case, weighed)) {
        return Some(said);
    }
    let map = weighed
        .map_sites
        .iter()
        .max_by_key(|site| (site.op.mutates(), site.weight));
    let what = amount(case, weighed, weighed.total);
    Some(match map {
        Some(map) if weighed.kind.counts_goroutines() => format!(
            "{what}, {} of them inside map operations, first at {}; nothing proved wrong",
            grouped(weighed.in_maps().unsigned_abs()),
            site(case.evidence, map.site)
        ),
        Some(map) => format!(
            "{} of {what}, {} of it inside map operations, first at {}",
            called(case, weighed),
            share(weighed, weighed.in_maps()),
            site(case.evidence, map.site)
        ),
        None if weighed.kind.counts_goroutines() => format!("{what}, nothing wrong seen in them"),
        None => match weighed.kind {
            ProfileKind::Other => format!("{}: {what}", called(case, weighed)),
            _ => format!("{} of {what}", called(case, weighed)),
        },
    })
}

/// Goroutines that mostly stand at one line: no fault by itself, and not nothing.
fn gathered(case: &Case<'_, '_>, weighed: &Weighed) -> Option<String> {
    let group = weighed.groups.first().filter(|group| {
        weighed.kind.counts_goroutines()
            && group.weight >= GATHERED
            && group.weight.saturating_mul(2) >= weighed.total
            && group.waits.is_none_or(WaitKind::needs_another)
            && !is_idle(case.evidence, group.stack)
    })?;
    let line = user_site(case.evidence, group.stack)?;
    let doing = group.waits.map_or("", wait_word);
    Some(format!(
        "{} of {} {}at {}; whether that is meant is not in a profile",
        grouped(group.weight.unsigned_abs()),
        amount(case, weighed, weighed.total),
        if doing.is_empty() {
            String::new()
        } else {
            format!("in {doing} ")
        },
        site(case.evidence, line)
    ))
}

/// The line to open first: where the crowd stands, else the hottest map write.
pub(in crate::triage) fn culprit(case: &Case<'_, '_>) -> Option<FrameId> {
    crowd(case).and_then(|(group, _)| user_site(case.evidence, group.stack))
}
