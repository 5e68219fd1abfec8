//! Heap profiles in words: where live maps, or live memory, were allocated. Read [`anatomy`] first.

use super::super::case::Case;
use super::super::joins::stacks::{Tie, tie};
use super::super::observe::finding;
use super::super::report::Finding;
use super::super::values::{count, site};
use super::words::bytes;
use super::{SENTENCES_MOST, amount, head_of, profile, share};
use crate::analyze::profile::Weighed;
use crate::model::{Grade, ProfileForm, ProfileKind};

/// Statements for step 3: where live maps, or live memory, were allocated.
pub(in crate::triage) fn anatomy(case: &Case<'_, '_>) -> Vec<Finding> {
    let heaps = case
        .profiles
        .iter()
        .filter(|weighed| matches!(weighed.kind, ProfileKind::Heap | ProfileKind::Allocs));
    heaps.flat_map(|weighed| memory(case, weighed)).collect()
}

fn memory(case: &Case<'_, '_>, weighed: &Weighed) -> Vec<Finding> {
    let mut findings: Vec<Finding> = weighed
        .map_memory
        .iter()
        .take(SENTENCES_MOST)
        .map(|map| {
            let said = format!(
                "Maps made or grown at {}: {} live in {}, {} allocated in all{}.",
                site(case.evidence, map.site),
                bytes(map.live_bytes),
                count(map.live_objects.unsigned_abs(), "object", "objects"),
                bytes(map.total_bytes),
                tie(case, map.site).map_or("", Tie::of_memory)
            );
            finding(said, Grade::Confirmed, head_of(case, weighed))
        })
        .collect();
    if !findings.is_empty() {
        return findings;
    }
    let mut sites: Vec<_> = weighed
        .sites
        .iter()
        .filter(|line| line.weight > 0)
        .collect();
    let memory = |id| tie(case, id).map_or("", Tie::of_memory);
    sites.sort_by_key(|line| memory(line.site).is_empty());
    findings.extend(sites.into_iter().take(SENTENCES_MOST).map(|line| {
        let said = format!(
            "{} ({}) allocated at {}{}.",
            amount(case, weighed, line.weight),
            share(weighed, line.weight),
            site(case.evidence, line.site),
            memory(line.site)
        );
        finding(said, Grade::Confirmed, head_of(case, weighed))
    }));
    if !findings.is_empty() {
        findings.push(finding(
            "Which of these are maps is not in the profile: Go leaves out the runtime's frames in front of the line that allocates. The text form (debug=1) has their addresses; with --exe and the program they are named, and maps are told apart.".into(),
            Grade::Unknown,
            head_of(case, weighed),
        ));
    }
    findings
}

/// True for heap profiles that do not show which of their lines make maps.
pub(in crate::triage) fn lacks_maps(case: &Case<'_, '_>) -> bool {
    case.profiles.iter().any(|weighed| {
        let heap = matches!(weighed.kind, ProfileKind::Heap | ProfileKind::Allocs);
        let hidden = weighed.unnamed > 0
            || profile(case, weighed).is_some_and(|profile| profile.form == ProfileForm::Protobuf);
        heap && hidden && weighed.map_memory.is_empty() && !weighed.sites.is_empty()
    })
}
