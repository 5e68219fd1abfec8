//! Profiles as values of the report.

use super::words::wait_word;
use super::{Case, labels, profile};
use crate::analyze::accesses::user_site;
use crate::analyze::profile::Weighed;
use crate::model::FrameId;
use crate::triage::maps::op_word;
use crate::triage::report::{ProfileLine, ProfileMap, ProfileReport};
use crate::triage::values::{name, place, rfc3339};

/// Groups with labels that are reported.
const LABELLED_MOST: usize = 20;

/// All profiles as reported.
pub(in crate::triage) fn reports(case: &Case<'_, '_>) -> Vec<ProfileReport> {
    let report = |weighed: &Weighed| {
        let profile = profile(case, weighed)?;
        let text = |id| name(case.evidence, id);
        let column = profile.types.get(weighed.column);
        Some(ProfileReport {
            input: case.evidence.document(weighed.at.document)?.input.0,
            kind: weighed.kind.word().to_owned(),
            form: profile.form.word().to_owned(),
            counts: column.map(|column| text(column.name)).unwrap_or_default(),
            unit: column.map(|column| text(column.unit)).unwrap_or_default(),
            total: weighed.total,
            stacks: weighed.groups.len() as u64,
            taken: profile.time_nanos.map(rfc3339),
            duration_nanos: profile.duration_nanos,
            build_id: profile
                .mappings
                .first()
                .map(|mapping| text(mapping.build_id))
                .filter(|id| !id.is_empty()),
            in_map_operations: weighed.in_maps(),
            map_operations: weighed
                .map_sites
                .iter()
                .map(|map| ProfileLine {
                    labels: labels::reported(&map.labels),
                    ..line_report(case, map.site, Some(op_word(Some(map.op))), map.weight)
                })
                .collect(),
            lines: weighed
                .sites
                .iter()
                .map(|line| line_report(case, line.site, line.waits.map(wait_word), line.weight))
                .collect(),
            labelled: weighed
                .groups
                .iter()
                .filter(|group| !group.labels.is_empty())
                .take(LABELLED_MOST)
                .filter_map(|group| {
                    let site = user_site(case.evidence, group.stack)?;
                    Some(ProfileLine {
                        labels: labels::reported(&group.labels),
                        ..line_report(case, site, group.waits.map(wait_word), group.weight)
                    })
                })
                .collect(),
            map_memory: weighed
                .map_memory
                .iter()
                .map(|map| {
                    let at = place(case.evidence, map.site);
                    ProfileMap {
                        func: at.func,
                        file: at.file,
                        line: at.line,
                        live_bytes: map.live_bytes,
                        live_objects: map.live_objects,
                        total_bytes: map.total_bytes,
                    }
                })
                .collect(),
        })
    };
    case.profiles.iter().filter_map(report).collect()
}

fn line_report(case: &Case<'_, '_>, id: FrameId, does: Option<&str>, weight: i64) -> ProfileLine {
    let at = place(case.evidence, id);
    ProfileLine {
        func: at.func,
        file: at.file,
        line: at.line,
        does: does.map(str::to_owned),
        weight,
        labels: Vec::new(),
    }
}
