//! Many incidents of many logs: which are the same, since when, and what one log says that another leaves open.
//!
//! `cli::scan` finds incidents ([`find::find`]) and keeps them as lines, `cli::merge` reads such lines from files; [`summary`] makes a
//! [`report::ScanReport`] of them, whatever their order. Read `report` first.

pub mod brief;
mod complete;
pub mod find;
pub mod report;
mod seen;

use super::report::{Category, NoteReport, Report, Tool};
use crate::triage::fingerprint::Fingerprint;
use brief::Brief;
use report::{Cluster, Occurrence, SCHEMA, ScanIncident, ScanNote, ScanReport};
use std::collections::{BTreeMap, BTreeSet};

/// Puts incidents into their order, and takes out what was read twice.
pub fn arrange(briefs: &mut Vec<Brief>) {
    briefs.sort_by(|a, b| (&a.path, a.line, a.digest).cmp(&(&b.path, b.line, b.digest)));
    briefs.dedup_by(|a, b| a.path == b.path && a.digest == b.digest);
}

/// The same for remarks.
pub fn arrange_notes(notes: &mut Vec<ScanNote>) {
    notes.sort();
    notes.dedup();
}

/// The overview of arranged incidents. `load` fetches an incident of which the overview shows all; an error of it ends the summary.
///
/// # Errors
/// Those of `load`.
pub fn summary<E>(
    briefs: &[Brief],
    notes: Vec<ScanNote>,
    mut load: impl FnMut(&Brief) -> Result<ScanIncident, E>,
) -> Result<ScanReport, E> {
    let mut groups: BTreeMap<Fingerprint, Vec<&Brief>> = BTreeMap::new();
    for brief in briefs {
        groups.entry(brief.fingerprint).or_default().push(brief);
    }
    let mut groups: Vec<Group<'_>> = groups.into_values().filter_map(Group::of).collect();
    groups.sort_by_key(Group::rank);
    let mut clusters = Vec::with_capacity(groups.len());
    for group in &groups {
        clusters.push(group.cluster(load(group.example)?));
    }
    let examples = (0..).zip(groups.iter().map(|group| group.example));
    let mut conflicts = Vec::new();
    for (at, (conflict, sides)) in (0..).zip(complete::joined(examples)) {
        for side in sides {
            if let Some(cluster) = clusters.get_mut(side as usize) {
                cluster.other_side = cluster.other_side.max(Some(conflict.grade));
                cluster.conflicts.push(at);
            }
        }
        conflicts.push(conflict);
    }
    Ok(ScanReport {
        schema: SCHEMA,
        tool: Tool::this(),
        clusters,
        conflicts,
        notes,
    })
}

/// One incident as the report that the default command gives, with the remarks on its file.
pub fn alone(found: ScanIncident, notes: &[ScanNote]) -> Report {
    let about = notes.iter().filter(|note| note.path == found.path);
    let notes = about.map(|note| NoteReport {
        input: 0,
        line: note.line,
        text: note.text.clone(),
    });
    Report {
        schema: super::report::SCHEMA,
        tool: Tool::this(),
        notes: notes.collect(),
        inputs: vec![found.input],
        incidents: vec![found.incident],
    }
}

/// The incidents of one fingerprint.
struct Group<'b> {
    briefs: Vec<&'b Brief>,
    /// Best known, then with most goroutines, then first by path.
    example: &'b Brief,
}

impl<'b> Group<'b> {
    fn of(briefs: Vec<&'b Brief>) -> Option<Self> {
        let shows = |brief: &&&Brief| (brief.grade, brief.other_side, brief.goroutines);
        // Of equal ones, `max_by_key` takes the last.
        let example = briefs.iter().rev().max_by_key(shows).copied()?;
        Some(Self { briefs, example })
    }

    /// Deaths before captures of the living, many before few, the latest first.
    fn rank(&self) -> impl Ord + use<> {
        let last = self.briefs.iter().filter_map(|brief| brief.seen.as_ref());
        let last = last.map(|seen| seen.last).max().unwrap_or(i128::MIN);
        (
            self.example.category == Category::Healthy,
            std::cmp::Reverse((self.briefs.len(), last)),
            self.example.fingerprint,
        )
    }

    fn cluster(&self, example: ScanIncident) -> Cluster {
        let seen = || self.briefs.iter().filter_map(|brief| brief.seen.as_ref());
        let first = seen().min_by_key(|seen| seen.first);
        let last = seen().max_by_key(|seen| seen.last);
        let versions = self.briefs.iter().filter_map(|brief| brief.go.as_deref());
        let versions: BTreeSet<(Vec<u32>, &str)> = versions
            .map(|version| (numbers(version), version))
            .collect();
        let occurrence = |brief: &&Brief| Occurrence {
            path: brief.path.clone(),
            line: brief.line,
            time: brief.seen.as_ref().map(|seen| seen.first_text.clone()),
        };
        Cluster {
            fingerprint: self.example.fingerprint,
            count: self.briefs.len() as u64,
            category: self.example.category,
            grade: self.example.grade,
            other_side: self.example.other_side,
            headline: example.incident.verdict.headline.clone(),
            culprit: example.incident.verdict.culprit.clone(),
            first_seen: first.map(|seen| seen.first_text.clone()),
            last_seen: last.map(|seen| seen.last_text.clone()),
            go: versions
                .into_iter()
                .map(|(_, version)| version.to_owned())
                .collect(),
            incidents: self.briefs.iter().map(occurrence).collect(),
            example: Box::new(example),
            conflicts: Vec::new(),
        }
    }
}

/// `1.9` before `1.27`.
fn numbers(version: &str) -> Vec<u32> {
    let parts = version.split(|c: char| !c.is_ascii_digit());
    parts.filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests;
