//! Which Go version wrote a dump, from what the dump itself shows.
//!
//! Four sources, strongest first: the version the user names, the installation path of the standard library, the lines its
//! functions stand on (a vote, since a few table rows in a thousand are wrong), and forms that only some versions print. Cues narrow
//! what the lines left open; where they contradict each other the lines win, and the reasons say so. `triage` asks once per
//! incident; map layout, argument order and hidden goroutines depend on the answer. Read [`of_incident`] first.

mod gather;

use crate::analyze::incident::Incident;
use crate::goruntime::cues;
use crate::goruntime::frames::{Owner, owner};
use crate::goruntime::landmarks::{file_arch, goroot_relative, path_version, sites};
use crate::goruntime::version::{GoBuild, GoVersion, MapLayout, ReleaseSet, VersionRange};
use crate::goruntime::waits::wait_state;
use crate::model::{Evidence, FrameId};
use std::collections::{BTreeMap, BTreeSet};

pub use gather::{TraceSigns, VersionCues};

/// What the version was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VersionSource {
    /// The user named it.
    Override,
    /// The path of the standard library names it.
    Path,
    /// Lines of standard library functions.
    Landmarks,
    /// Forms and names only.
    Cues,
    /// Nothing told.
    Unknown,
}

impl VersionSource {
    /// The word in the report.
    pub fn word(self) -> &'static str {
        match self {
            VersionSource::Override => "override",
            VersionSource::Path => "path",
            VersionSource::Landmarks => "landmarks",
            VersionSource::Cues => "cues",
            VersionSource::Unknown => "unknown",
        }
    }
}

/// What is known of the Go version behind one incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoFacts {
    /// The version: with a patch where only one release is possible, else the minor; `None` where several minors are.
    pub version: Option<GoVersion>,
    /// The known releases that fit, oldest first; all of them where nothing told. Releases between two neighbours may fit too.
    pub candidates: Vec<GoVersion>,
    /// What told it.
    pub from: VersionSource,
    /// Why, in short sentences, the most telling first.
    pub reasons: Vec<String>,
    /// The map implementation, where all candidates share it.
    pub map_layout: Option<MapLayout>,
    /// GOARCH, where a file of the standard library shows it.
    pub arch: Option<&'static str>,
}

impl GoFacts {
    /// True where some version in `ranges` may have written the dump.
    pub fn may_be(&self, ranges: &[VersionRange]) -> bool {
        self.all_candidates(ranges, false)
    }

    /// True where every version that may have written the dump is in `ranges`.
    pub fn must_be(&self, ranges: &[VersionRange]) -> bool {
        self.all_candidates(ranges, true)
    }

    fn all_candidates(&self, ranges: &[VersionRange], all: bool) -> bool {
        let mut fit = self
            .candidates
            .iter()
            .map(|&version| ranges.iter().any(|range| range.contains(version)));
        if all {
            fit.all(|fits| fits)
        } else {
            fit.any(|fits| fits)
        }
    }
}

/// The reasons kept for a report; further ones say the same.
const MAX_REASONS: usize = 3;

/// The version behind one incident; `traces` are those of the same process, `named` is the user's own word.
pub fn of_incident(
    evidence: &Evidence<'_>,
    incident: &Incident,
    traces: &[TraceSigns<'_>],
    named: Option<GoBuild>,
) -> GoFacts {
    let (frames, mut cues) = gather::gather(evidence, incident);
    cues.note_traces(traces);
    infer(evidence, frames, &cues, named)
}

/// Infers the version behind the `frames` (stacks and creation sites) and `cues` of one incident; `named` is the user's own word.
pub fn infer(
    evidence: &Evidence<'_>,
    frames: impl IntoIterator<Item = FrameId>,
    cues: &VersionCues,
    named: Option<GoBuild>,
) -> GoFacts {
    let distinct: BTreeSet<FrameId> = frames.into_iter().collect();
    let seen = look_at_frames(evidence, &distinct, cues);
    let voted = vote(&seen.votes);
    let mut reasons = Vec::new();
    if let Some(build) = named {
        return overridden(build, &voted, &seen);
    }
    let mut from = VersionSource::Unknown;
    let mut candidates = ReleaseSet::ALL;
    if let Some(tally) = &voted {
        candidates = tally.releases;
        from = VersionSource::Landmarks;
        reasons.extend(tally.reasons(&seen.votes));
    }
    let mut exact = None;
    if let Some((version, path)) = seen.path_version() {
        let contradicted = voted.as_ref().is_some_and(|tally| tally.excludes(version));
        if contradicted {
            reasons.push(format!(
                "the path {path} names {version}, but the lines are not of {version}"
            ));
        } else {
            from = VersionSource::Path;
            exact = Some(version);
            let named = ReleaseSet::of(&[VersionRange {
                since: Some(version),
                until: Some(version),
            }]);
            candidates = prefer(candidates, named);
            reasons.insert(0, format!("the path {path} names {version}"));
        }
    }
    let narrowed = narrow(candidates, evidence, cues, &seen, &mut reasons);
    if from == VersionSource::Unknown && narrowed != ReleaseSet::ALL {
        from = VersionSource::Cues;
    }
    conclude(narrowed, exact, from, reasons, &seen)
}

/// `narrower` where it leaves something of `candidates`, else all that `narrower` allows.
fn prefer(candidates: ReleaseSet, narrower: ReleaseSet) -> ReleaseSet {
    match candidates.intersect(narrower) {
        both if !both.is_empty() => both,
        _ if narrower.is_empty() => candidates,
        _ => narrower,
    }
}

fn conclude(
    candidates: ReleaseSet,
    exact: Option<GoVersion>,
    from: VersionSource,
    reasons: Vec<String>,
    seen: &SeenFrames,
) -> GoFacts {
    let minor = candidates.only_minor().map(GoVersion::minor);
    let version = exact
        .filter(|version| version.patch.is_some())
        .or(pinned(candidates))
        .or(minor)
        .or(exact);
    let layouts: BTreeSet<Option<MapLayout>> =
        candidates.iter().map(GoVersion::map_layout).collect();
    let shared = match layouts.iter().collect::<Vec<_>>().as_slice() {
        [layout] => **layout,
        _ => None,
    };
    GoFacts {
        version,
        candidates: match exact {
            Some(release) if release.patch.is_some() && !candidates.contains(release) => {
                vec![release]
            }
            _ => candidates.iter().collect(),
        },
        from,
        reasons,
        map_layout: if seen.noswiss {
            Some(MapLayout::Classic)
        } else {
            shared
        },
        arch: seen.arch,
    }
}

/// The only release of a set, where the releases just before and after it are known too, so that no unlisted one can fit as well.
fn pinned(candidates: ReleaseSet) -> Option<GoVersion> {
    let mut releases = candidates.iter();
    let (only, None) = (releases.next()?, releases.next()) else {
        return None;
    };
    let patch = only.patch?;
    let is_known = |patch| ReleaseSet::ALL.contains(GoVersion::release(only.minor, patch));
    let before = patch.checked_sub(1).is_none_or(is_known);
    (before && is_known(patch.saturating_add(1))).then_some(only)
}

fn overridden(build: GoBuild, voted: &Option<Tally>, seen: &SeenFrames) -> GoFacts {
    let mut reasons = vec![format!("{} was named on the command line", build.version)];
    if let Some(tally) = voted.as_ref().filter(|tally| tally.excludes(build.version)) {
        reasons.push(format!(
            "the dump's own lines are those of {}",
            tally.releases
        ));
    }
    GoFacts {
        version: Some(build.version),
        candidates: vec![build.version],
        from: VersionSource::Override,
        reasons,
        map_layout: build.map_layout(),
        arch: seen.arch,
    }
}

/// One distinct site of the standard library and the releases that have it.
struct Vote {
    site: String,
    releases: ReleaseSet,
    /// True where these releases know no other line of that function.
    only_line: bool,
}

/// What the frames of an incident show.
#[derive(Default)]
struct SeenFrames {
    votes: Vec<Vote>,
    paths: BTreeMap<GoVersion, (usize, String)>,
    names: BTreeMap<&'static str, ReleaseSet>,
    arch: Option<&'static str>,
    noswiss: bool,
}

impl SeenFrames {
    /// The version most frames' paths name, and one such path.
    fn path_version(&self) -> Option<(GoVersion, &str)> {
        let (version, (_, path)) = self.paths.iter().max_by_key(|(_, (count, _))| *count)?;
        Some((*version, path))
    }

    /// Takes a frame; its line counts where `listed`, and once.
    fn note_frame<'f>(
        &mut self,
        (function, file, line): Line<'f>,
        listed: bool,
        voted: &mut BTreeSet<Line<'f>>,
    ) {
        let names = cues::frame_cues(function, file);
        self.names
            .extend(names.map(|row| (row.words, ReleaseSet::of(row.versions))));
        if !matches!(owner(function), Owner::Runtime | Owner::Std) {
            return;
        }
        let Some(relative) = goroot_relative(file) else {
            return;
        };
        self.note_file(file, relative);
        // `panic` is how the runtime prints the name of runtime.gopanic.
        let function = if function == b"panic" {
            b"runtime.gopanic"
        } else {
            function
        };
        if listed && voted.insert((function, relative, line)) {
            self.votes.extend(vote_of(function, relative, line));
        }
    }

    fn note_file(&mut self, path: &[u8], relative: &[u8]) {
        self.arch = self.arch.or(file_arch(relative));
        self.noswiss |= relative.ends_with(b"_noswiss.go");
        if let Some(version) = path_version(path) {
            let entry = self
                .paths
                .entry(version)
                .or_insert_with(|| (0, printable(path).to_owned()));
            entry.0 += 1;
        }
    }
}

fn look_at_frames(
    evidence: &Evidence<'_>,
    frames: &BTreeSet<FrameId>,
    cues: &VersionCues,
) -> SeenFrames {
    let mut seen = SeenFrames::default();
    let mut voted = BTreeSet::new();
    for &id in frames {
        let Some(frame) = evidence.symbols.get(id) else {
            continue;
        };
        let function = evidence.symbols.text(frame.func);
        let file = evidence.symbols.text(frame.file);
        let listed = !cues.unlisted.contains(&id);
        seen.note_frame((function, file, frame.line), listed, &mut voted);
    }
    for (function, file, line) in &cues.traced {
        seen.note_frame((function, file, *line), true, &mut voted);
    }
    seen
}

/// Function, file and line.
type Line<'f> = (&'f [u8], &'f [u8], u32);

/// The vote of a site; `None` where the table does not know it.
fn vote_of(function: &[u8], file: &[u8], line: u32) -> Option<Vote> {
    let known = sites(function, file);
    let here = known.iter().filter(|site| site.line == line);
    let releases = here.fold(ReleaseSet::EMPTY, |set, site| set.union(site.releases));
    let elsewhere = known.iter().filter(|site| site.line != line);
    let others = elsewhere.fold(ReleaseSet::EMPTY, |set, site| set.union(site.releases));
    let site = || format!("{} at {}:{line}", printable(function), printable(file));
    (!releases.is_empty()).then(|| Vote {
        site: site(),
        releases,
        only_line: releases.intersect(others).is_empty(),
    })
}

/// Names of the standard library are ASCII; a path around them may be anything.
fn printable(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap_or("(not UTF-8)")
}

/// The result of a vote.
struct Tally {
    /// Releases that fit.
    releases: ReleaseSet,
    /// How many sites agree with the best of them.
    agreeing: usize,
}

impl Tally {
    /// True where the vote speaks against `version` with more than one site.
    fn excludes(&self, version: GoVersion) -> bool {
        let minor = GoVersion::minor(version.minor);
        self.agreeing > 1 && !self.releases.contains(minor)
    }

    fn reasons(&self, votes: &[Vote]) -> Vec<String> {
        let mut telling: Vec<&Vote> = votes
            .iter()
            .filter(|vote| self.releases.is_subset(vote.releases))
            .collect();
        telling.sort_by(|a, b| (a.releases.len(), &a.site).cmp(&(b.releases.len(), &b.site)));
        let mut reasons: Vec<String> = telling
            .iter()
            .take(MAX_REASONS)
            .map(|vote| format!("{}: {}", vote.site, vote.releases))
            .collect();
        if votes.len() > 1 {
            reasons.push(format!(
                "{} of {} known lines agree on {}",
                self.agreeing,
                votes.len(),
                self.releases
            ));
        }
        reasons
    }
}

/// The releases most sites agree on. Of their minors also the releases with one site fewer: a single row may be wrong, or a function
/// may call from a line that is not in the table. `None` without a vote, and where the only one is of a function with several lines.
fn vote(votes: &[Vote]) -> Option<Tally> {
    if let [
        Vote {
            only_line: false, ..
        },
    ] = votes
    {
        return None;
    }
    let count = |release: GoVersion| {
        votes
            .iter()
            .filter(|vote| vote.releases.contains(release))
            .count()
    };
    let counts: Vec<(GoVersion, usize)> = ReleaseSet::ALL
        .iter()
        .map(|release| (release, count(release)))
        .collect();
    let agreeing = counts
        .iter()
        .map(|&(_, count)| count)
        .max()
        .filter(|&count| count > 0)?;
    let winners = counts
        .iter()
        .filter(|&&(_, count)| count == agreeing)
        .map(|(release, _)| release.minor);
    let minors: BTreeSet<u16> = winners.collect();
    let releases = counts
        .iter()
        .filter(|(release, count)| minors.contains(&release.minor) && count + 1 >= agreeing)
        .filter(|(_, count)| *count > 0)
        .map(|&(release, _)| {
            ReleaseSet::of(&[VersionRange {
                since: Some(release),
                until: Some(release),
            }])
        })
        .fold(ReleaseSet::EMPTY, ReleaseSet::union);
    Some(Tally { releases, agreeing })
}

/// Takes from `candidates` what cues exclude: firm ones first, then those that may deceive. A cue that would leave nothing is set
/// aside, and said to be.
fn narrow(
    mut candidates: ReleaseSet,
    evidence: &Evidence<'_>,
    cues: &VersionCues,
    seen: &SeenFrames,
    reasons: &mut Vec<String>,
) -> ReleaseSet {
    let rows: Vec<_> = cues.seen.iter().filter_map(|&cue| cues::row(cue)).collect();
    let of_rows = |firm| {
        rows.iter()
            .filter(move |row| row.firm == firm)
            .map(|row| (ReleaseSet::of(row.versions), row.words.to_owned()))
    };
    let states = cues
        .states
        .iter()
        .filter_map(|&state| wait_state(evidence.symbols.text(state)));
    let states = states.map(|row| {
        (
            ReleaseSet::of(row.versions),
            format!("the state \"{}\"", row.state),
        )
    });
    let names = seen
        .names
        .iter()
        .map(|(words, releases)| (*releases, (*words).to_owned()));
    let messages = cues.messages.iter().cloned();
    for (releases, words) in of_rows(true)
        .chain(names)
        .chain(states)
        .chain(messages)
        .chain(of_rows(false))
    {
        let left = candidates.intersect(releases);
        if left.is_empty() {
            reasons.push(format!(
                "{words} would mean {releases}, against the other signs"
            ));
        } else if left != candidates {
            candidates = left;
            reasons.push(format!("{words}: {releases}"));
        }
    }
    candidates
}

#[cfg(test)]
mod tests;
