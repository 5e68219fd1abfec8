//! Labels that the program set with `pprof.Do`, in words and as values: whose goroutines the largest group is, for whom the hottest map
//! write is done.

use super::super::case::Case;
use super::super::observe::finding;
use super::super::report::{Finding, ProfileLabel};
use super::super::values::{grouped, site};
use super::{Weighed, line_of};
use crate::analyze::accesses::user_site;
use crate::analyze::profile::LabelWeight;
use crate::model::Grade;

/// Labels in a sentence.
const SAID_MOST: usize = 4;

/// Labels of one place in the JSON.
const REPORTED_MOST: usize = 32;

/// Groups whose labels are told.
const GROUPS_MOST: usize = 3;

/// What the labels of the largest groups and of the hottest map operation say.
pub(super) fn findings(case: &Case<'_, '_>, weighed: &Weighed) -> Vec<Finding> {
    let groups = weighed.groups.iter();
    let labelled = groups.filter(|group| !group.labels.is_empty());
    let mut findings: Vec<Finding> = labelled
        .take(GROUPS_MOST)
        .filter_map(|group| {
            let here = user_site(case.evidence, group.stack)?;
            let said = format!(
                "Labels at {}: {}.",
                site(case.evidence, here),
                words(&group.labels)
            );
            Some(finding(
                said,
                Grade::Confirmed,
                line_of(case, weighed, group.line),
            ))
        })
        .collect();
    let writes = weighed.map_sites.iter().filter(|map| map.op.mutates());
    let hottest = writes.into_iter().find(|map| !map.labels.is_empty());
    findings.extend(hottest.map(|map| {
        let said = format!(
            "Labels of the map write at {}: {}.",
            site(case.evidence, map.site),
            words(&map.labels)
        );
        finding(said, Grade::Confirmed, line_of(case, weighed, map.line))
    }));
    findings
}

/// `job=drain (3 of it), tenant=a`.
fn words(labels: &[LabelWeight]) -> String {
    let said = labels.iter().take(SAID_MOST).map(|label| {
        let weight = grouped(label.weight.unsigned_abs());
        format!("{}={} ({weight})", text(&label.key), text(&label.value))
    });
    let mut said: Vec<String> = said.collect();
    if labels.len() > SAID_MOST {
        said.push(format!("{} more values", labels.len() - SAID_MOST));
    }
    said.join(", ")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// As values of the report.
pub(super) fn reported(labels: &[LabelWeight]) -> Vec<ProfileLabel> {
    let label = |label: &LabelWeight| ProfileLabel {
        key: text(&label.key),
        value: text(&label.value),
        weight: label.weight,
    };
    labels.iter().take(REPORTED_MOST).map(label).collect()
}
