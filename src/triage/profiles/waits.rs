//! Mutex and block profiles in words: the lines that others waited for, or that waited, and what no line of the program accounts for.

use super::super::case::Case;
use super::super::joins::stacks::{Tie, tie};
use super::super::observe::finding;
use super::super::report::Finding;
use super::super::values::{count, site};
use super::words::wait_word;
use super::{SENTENCES_MOST, amount, called, head_of, share};
use crate::analyze::profile::{SiteWeight, Weighed};
use crate::model::{Grade, ProfileKind};

/// True for profiles of waiting.
fn is_waiting(kind: ProfileKind) -> bool {
    matches!(
        kind,
        ProfileKind::Mutex | ProfileKind::Block | ProfileKind::Contention
    )
}

/// The heaviest lines, the runtime's own part, and the rest.
pub(super) fn findings(case: &Case<'_, '_>, weighed: &Weighed) -> Vec<Finding> {
    let (shown, folded) = weighed
        .sites
        .split_at(weighed.sites.len().min(SENTENCES_MOST));
    let mut findings: Vec<Finding> = shown
        .iter()
        .map(|line| contended(case, weighed, line))
        .collect();
    let said = |said: String| finding(said, Grade::Confirmed, head_of(case, weighed));
    if weighed.in_runtime > 0 {
        let what = match weighed.kind {
            ProfileKind::Mutex => "the runtime's own locks",
            _ => "waits of the runtime itself",
        };
        findings.push(said(format!(
            "{} ({}) are {what}, which no line of the program takes.",
            amount(case, weighed, weighed.in_runtime),
            share(weighed, weighed.in_runtime)
        )));
    }
    let told = shown.iter().fold(weighed.in_runtime, |sum, line| {
        sum.saturating_add(line.weight)
    });
    let rest = weighed.total.saturating_sub(told);
    if rest > 0 {
        let lines = match folded.len() as u64 {
            0 => "at no line of the program".to_owned(),
            more => format!(
                "at {} or at no line of the program",
                count(more, "further line", "further lines")
            ),
        };
        findings.push(said(format!(
            "The rest, {} ({}), is {lines}.",
            amount(case, weighed, rest),
            share(weighed, rest)
        )));
    }
    findings
}

fn contended(case: &Case<'_, '_>, weighed: &Weighed, line: &SiteWeight) -> Finding {
    let place = site(case.evidence, line.site);
    let events = count(line.events.unsigned_abs(), "wait", "waits");
    let waited = amount(case, weighed, line.weight);
    let part = share(weighed, line.weight);
    let tied = tie(case, line.site).map_or_else(String::new, Tie::words);
    let said = match (weighed.kind, line.waits) {
        (ProfileKind::Mutex, _) => {
            format!(
                "Others waited {waited} ({part}, {events}) for the lock that is released at {place}{tied}."
            )
        }
        (_, Some(kind)) => format!(
            "{waited} ({part}, {events}) were spent in {} at {place}{tied}.",
            wait_word(kind)
        ),
        (_, None) => format!("{waited} ({part}, {events}) were spent blocked at {place}{tied}."),
    };
    finding(said, Grade::Confirmed, head_of(case, weighed))
}

/// The heaviest line of a profile of waiting.
pub(super) fn headline(case: &Case<'_, '_>, weighed: &Weighed) -> Option<String> {
    let line = weighed
        .sites
        .first()
        .filter(|line| is_waiting(weighed.kind) && line.weight > 0)?;
    let part = share(weighed, line.weight);
    let place = site(case.evidence, line.site);
    let what = match (weighed.kind, line.waits) {
        (ProfileKind::Mutex, _) => format!("{part} of it for the lock released at {place}"),
        (_, Some(kind)) => format!("{part} of it in {} at {place}", wait_word(kind)),
        (_, None) => format!("{part} of it at {place}"),
    };
    Some(format!(
        "{} of {} of waiting, {what}",
        called(case, weighed),
        amount(case, weighed, weighed.total)
    ))
}
