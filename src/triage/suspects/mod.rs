//! Who the other party at a map may be, from the source.
//!
//! The steps ask [`Named`] for an incident: `crash` pairs the line that crashed with every other access of its map and ranks the pairs
//! by what the dump shows, `site` says where it stands; [`review`] does without a crash and keeps silent wherever a reason for silence can be found. `words` makes
//! sentences, `fix` says what to do about exactly this map.

mod annotations;
mod crash;
mod fix;
mod review;
mod site;
mod words;

pub use annotations::annotations;
pub(super) use crash::{Named, stacks};
pub use review::review;
pub(super) use site::CrashStack;

use super::report::{Suspect, SuspectSite};
use crate::model::Grade;
use crate::source::Module;
use crate::source::facts::{Access, Place};
use crate::source::flow::{Analysis, Use};
use crate::source::frames::Frame;
use crate::source::pairs::{MapUses, Meeting, Relation, map_name, maps};

/// A module as both questions need it.
pub struct SourceView<'m> {
    /// Everything known of its functions.
    pub analysis: Analysis<'m>,
    /// Its maps with their uses.
    pub maps: Vec<MapUses>,
}

impl<'m> SourceView<'m> {
    /// Analyses a module.
    pub fn new(module: &'m Module) -> Self {
        Self::of(Analysis::new(module))
    }

    /// Analyses what has to do with these crashes.
    pub(super) fn at(module: &'m Module, stacks: &[CrashStack]) -> Self {
        let frames: Vec<Vec<Frame<'_>>> = stacks.iter().map(CrashStack::frames).collect();
        Self::of(Analysis::at(module, &frames))
    }

    fn of(analysis: Analysis<'m>) -> Self {
        let maps = maps(&analysis);
        Self { analysis, maps }
    }
}

/// Two uses of a map, and what speaks for their being the parties.
#[derive(Clone, Debug)]
struct Pair<'v> {
    map: &'v MapUses,
    left: &'v Use,
    right: &'v Use,
    relation: Relation,
    meeting: Option<Meeting>,
    /// The lock of which one of them takes a copy.
    copy: Option<String>,
    /// Higher is more suspect.
    score: i32,
    /// What of the dump supports it, as the end of a sentence.
    support: Option<String>,
}

impl Pair<'_> {
    fn kind(&self) -> &'static str {
        match self.relation {
            Relation::Unguarded | Relation::Guarded if self.copy.is_some() => "copied-lock",
            Relation::Unguarded | Relation::Guarded => "unguarded",
            Relation::OneSided(..) => "one-side-unlocked",
            Relation::Different(..) => "different-locks",
            Relation::ReadLocked(_) => "write-under-read-lock",
        }
    }

    /// The lock that the sentence about the pair names, the first of two.
    fn named_lock(&self) -> Option<&Place> {
        match &self.relation {
            Relation::OneSided(held, _)
            | Relation::Different(held, _)
            | Relation::ReadLocked(held) => held.lock.as_ref(),
            Relation::Guarded | Relation::Unguarded => None,
        }
    }

    /// True where at least one of the lines is reached with a lock held.
    fn holds_any(&self) -> bool {
        !(self.left.locks.is_empty() && self.right.locks.is_empty())
    }

    fn grade(&self) -> Grade {
        match self.support {
            Some(_) => Grade::Probable,
            None => Grade::Possible,
        }
    }

    fn suspect(&self, view: &SourceView<'_>, rank: u32) -> Suspect {
        Suspect {
            rank,
            grade: self.grade(),
            kind: self.kind().to_owned(),
            map: map_name(&view.analysis, &self.map.place),
            sites: [self.left, self.right]
                .into_iter()
                .filter_map(|used| site(view, used))
                .collect(),
            why: words::why(view, self),
            fix: match &self.copy {
                Some(lock) => {
                    format!("Make the receiver a pointer, so that all of them lock the same {lock}")
                }
                None => fix::fix(view, self.map, self.named_lock()),
            },
        }
    }
}

/// The lock of a copied struct that one of two uses takes in vain: `main.flagSet.mu`.
fn copied_lock(view: &SourceView<'_>, uses: [&Use; 2]) -> Option<String> {
    uses.into_iter().find_map(|used| {
        let (facts, ..) = view.analysis.part(used.node)?;
        let part = view.analysis.part_number(used.node)?;
        let copy = facts.copies.iter().find(|copy| copy.part == part)?;
        let lock = Place::Field(copy.ty, copy.field.clone());
        Some(map_name(&view.analysis, &lock))
    })
}

/// A use as the report shows it.
fn site(view: &SourceView<'_>, used: &Use) -> Option<SuspectSite> {
    let access: &Access = view.analysis.access(used)?;
    let (name, file) = view.analysis.name(used.node);
    let file = file?;
    Some(SuspectSite {
        func: name.to_owned(),
        file: file.path.clone(),
        line: access.line,
        op: access.op.word().to_owned(),
        locks: words::locks(view, used),
        excerpt: words::excerpt(file, access.line),
    })
}
