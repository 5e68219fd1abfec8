//! A process's memory as somebody captured it, held against the text of its death.
//!
//! A snapshot says of each map at which address its header is; a traceback prints that address. Equal addresses are one map as long
//! as both are of one process, which neither can prove: what the functions in the text say of the key, and the Go version, have to
//! agree, or nothing is taken from the snapshot. `maps`, `places` and the third step ask [`same`] and [`find`].

use super::case::Case;
use super::maps::layout_word;
use super::suspects::SourceView;
use super::trace::TraceSummary;
use crate::analyze::conflict::MapIdentity;
use crate::analyze::version::GoFacts;
use crate::gomap::snapshot::Snapshot;
use crate::gomap::snapshot::answer::{Book, Entry};
use crate::gomap::target::{Arch, Target};
use crate::gomap::types::GoType;
use crate::goruntime::mapops::KeyKind;
use crate::goruntime::version::{GoBuild, GoVersion, MapExperiment};
use crate::model::Grade;

/// What the user has of the process besides its text.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// `--snapshot`, with the secrets of `--secrets` taken over.
    pub snapshot: Option<Snapshot>,
    /// `--secrets` was given.
    pub has_secrets: bool,
}

/// [`Memory`] as an incident sees it.
#[derive(Clone, Copy, Default)]
pub(super) struct Capture<'s> {
    /// The snapshot, ready for questions.
    pub book: Option<&'s Book<'s>>,
    /// `--secrets` was given.
    pub has_secrets: bool,
    /// Incidents in the report. A snapshot is of one of them.
    pub processes: usize,
    /// The execution traces of all inputs.
    pub traces: &'s [TraceSummary],
    /// The program's source.
    pub source: Option<&'s SourceView<'s>>,
}

/// What the snapshot holds for a map of the text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Match<'s> {
    /// A map at the same header, and nothing speaks against it.
    Same(&'s Entry<'s>),
    /// The text prints no header for certain; a doubtful word of the map operation is the header of this one.
    Doubtful(&'s Entry<'s>),
    /// A map at the same header that must be another; why.
    Other(&'s Entry<'s>, Contradiction),
}

/// Why a map of the snapshot is not the one of the text, though their headers are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contradiction {
    /// The versions exclude each other.
    Version,
    /// Keys of that type go through other functions than the text shows.
    Key,
}

impl Capture<'_> {
    /// How far a place that follows from the snapshot can be relied on: the map may have changed since, and of several processes it
    /// is not known which was captured.
    pub fn grade(&self) -> Grade {
        match self.processes {
            0 | 1 => Grade::Probable,
            _ => Grade::Possible,
        }
    }
}

/// The snapshot's map for a map of the text, where the header is printed and nothing contradicts.
pub(super) fn same<'c>(case: &Case<'c, '_>, map: &MapIdentity) -> Option<&'c Entry<'c>> {
    match find(case, map)? {
        Match::Same(entry) => Some(entry),
        _ => None,
    }
}

/// What the snapshot holds for a map of the text.
pub(super) fn find<'c>(case: &Case<'c, '_>, map: &MapIdentity) -> Option<Match<'c>> {
    let book = case.capture.book?;
    let at = |header: u64| {
        let mut entries = book.entries().iter();
        entries.find(|entry| entry.shot.header == Some(header))
    };
    let Some(header) = map.header else {
        let doubtful = mentioned(case).find_map(at)?;
        let fits = contradiction(case, book, map, doubtful).is_none();
        return fits.then_some(Match::Doubtful(doubtful));
    };
    let entry = at(header.0)?;
    Some(match contradiction(case, book, map, entry) {
        Some(why) => Match::Other(entry, why),
        None => Match::Same(entry),
    })
}

/// Pointers among the words of the dying goroutine's map operation; of a single map only, else they could be another's.
fn mentioned(case: &Case<'_, '_>) -> impl Iterator<Item = u64> {
    let noticed = case.maps.noticed.as_ref();
    let words = noticed.filter(|_| case.maps.maps.len() == 1);
    let words = words.map_or(&[][..], |standing| &standing.mentions);
    words.iter().copied()
}

fn contradiction(
    case: &Case<'_, '_>,
    book: &Book<'_>,
    map: &MapIdentity,
    entry: &Entry<'_>,
) -> Option<Contradiction> {
    if !may_be_of(&case.go, book.snapshot) {
        return Some(Contradiction::Version);
    }
    let types = entry.shot.types.as_ref().ok()?;
    let word = book.snapshot.target.word();
    let fits = map
        .key_kind
        .is_none_or(|kind| takes(kind, &types.key, word));
    (!fits).then_some(Contradiction::Key)
}

/// Whether the program of the text can be the one of the snapshot, by their Go versions.
pub(super) fn may_be_of(go: &GoFacts, snapshot: &Snapshot) -> bool {
    let minor = snapshot.target.build.version.minor;
    let named = go.candidates.iter().any(|version| version.minor == minor);
    let layout = snapshot.target.rules.layout;
    named && go.map_layout.is_none_or(|known| known == layout)
}

/// The builds that may have written the text, oldest first, one for each set of rules in a row; `None` where one of them can't be
/// computed with, so that nothing holds for all.
pub(super) fn targets(go: &GoFacts, arch: Arch) -> Option<Vec<Target>> {
    let of = |version: GoVersion| {
        let plain = GoBuild {
            version,
            map_experiment: None,
        };
        let other = GoBuild {
            version,
            map_experiment: Some(MapExperiment::NoSwissMap),
        };
        let target = |build| Target::new(build, arch).ok();
        let fits = |target: &Target| go.map_layout.is_none_or(|it| it == target.rules.layout);
        [plain, other].into_iter().filter_map(target).find(fits)
    };
    let candidates = go.candidates.iter();
    let mut targets: Vec<Target> = candidates
        .map(|&version| of(version))
        .collect::<Option<_>>()?;
    targets.dedup_by(|later, earlier| later.rules == earlier.rules);
    Some(targets)
}

/// Whether functions for this kind of key serve maps with this key type.
fn takes(kind: KeyKind, key: &GoType, word: u64) -> bool {
    match kind {
        // A struct or array of one string is hashed as the string.
        KeyKind::String => key.size == 2 * word && key.has_pointers(),
        KeyKind::Bits32 => key.size == 4,
        KeyKind::Bits64 => key.size == 8,
        KeyKind::Pointer => key.size == word,
        KeyKind::Generic => true,
    }
}

impl Contradiction {
    /// In words.
    pub fn sentence(self, case: &Case<'_, '_>, entry: &Entry<'_>) -> String {
        match self {
            Contradiction::Version => {
                let layout = case.go.map_layout.map(layout_word);
                let own = case.go.version.map_or_else(
                    || layout.map_or_else(String::new, |word| format!(" with {word} maps")),
                    |version| format!(" {version}"),
                );
                let book = case.capture.book;
                let its = book.map_or("", |book| book.snapshot.go_version.as_str());
                format!("the text is of Go{own} and the snapshot of {its}")
            }
            Contradiction::Key => format!(
                "the functions in the text do not serve the keys of its {}",
                entry.shot.type_text
            ),
        }
    }
}
