//! The creation forest folded: goroutines that look alike and come from alike creators stand together.
//!
//! `triage::graph` draws it. A hundred thousand goroutines of three kinds are three [`Class`]es, each with its number; the goroutine
//! that died, and whoever the caller names, stay alone, with all their creators. Read [`kin`] first, then [`Kin::shown`].

#[cfg(test)]
mod tests;

use super::accesses::user_site;
use super::census::Census;
use super::creation::Forest;
use super::incident::Incident;
use crate::goruntime::frames::{Owner, owner};
use crate::model::{Evidence, FrameId, Goroutine, GoroutineId, Grade, NameId, StackId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How many goroutines may stand alone; a chain of creators may be as long as the process has lived.
const ALONE_MOST: usize = 40;

/// What makes two goroutines of one creator alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sameness {
    /// Equal stack, state and `go` statement.
    Stack,
    /// Equal line of user code, state and `go` statement.
    Line,
    /// Equal `go` statement.
    Statement,
}

/// Who is in a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Goroutines of the text, by position in [`Incident::goroutines`], ascending ids.
    Printed(Vec<u32>),
    /// Creators that are named but not in the text, ascending.
    Gone(Vec<GoroutineId>),
    /// Goroutines that the runtime keeps for itself (its collector, its finalizers), by position, ascending ids.
    Runtime(Vec<u32>),
    /// Creators whose number is not printed (before Go 1.21).
    Unnamed,
}

/// Goroutines that look alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// The class of their creators; always of a lower index.
    pub creator: Option<u32>,
    /// The `go` statement.
    pub site: Option<FrameId>,
    /// How sure the creator is; `Confirmed` where it is printed.
    pub grade: Grade,
    /// Who they are.
    pub who: Who,
    /// Goroutines of the text in it and in all classes below.
    pub family: u64,
    /// One of the family stands alone.
    pub important: bool,
}

/// The folded forest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kin {
    /// Creators before those they created.
    pub classes: Vec<Class>,
    /// What counted as alike.
    pub sameness: Sameness,
}

/// Classes left out below one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// The class they were created by; `None` for roots.
    pub creator: Option<u32>,
    /// How many classes.
    pub classes: u64,
    /// How many goroutines of the text are in them.
    pub goroutines: u64,
}

/// What a picture has room for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Classes to show, ascending.
    pub classes: Vec<u32>,
    /// The others, put together by creator.
    pub rests: Vec<Rest>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Alone(u32),
    Stack(StackId, NameId, Option<FrameId>),
    Line(Option<FrameId>, NameId, Option<FrameId>),
    Statement(Option<FrameId>),
    Runtime,
    Gone(Vec<FrameId>),
    Unnamed(FrameId),
}

/// Where a goroutine comes from.
#[derive(Clone, Copy)]
enum Origin {
    Printed(u32, Grade),
    Gone(GoroutineId),
    Unnamed(FrameId),
    Root,
}

/// Folds the forest: alike by stack, or more coarsely where that makes more than `most` classes. `alone` are positions in
/// [`Incident::goroutines`] that must not be folded. Time linear in the goroutines and the frames of distinct stacks.
pub fn kin(
    incident: &Incident,
    census: &Census,
    forest: &Forest<'_, '_>,
    evidence: &Evidence<'_>,
    alone: &[u32],
    most: usize,
) -> Kin {
    let origins = Origins::new(incident, census, forest, evidence);
    let alone = with_creators(&origins, alone);
    let fold = |sameness| {
        let fold = Fold {
            incident,
            evidence,
            origins: &origins,
            alone: &alone,
            sameness,
            index: FxHashMap::default(),
            sites: FxHashMap::default(),
            classes: Vec::new(),
        };
        fold.run()
    };
    let by_stack = fold(Sameness::Stack);
    if by_stack.classes.len() <= most {
        return by_stack;
    }
    let by_line = fold(Sameness::Line);
    if by_line.classes.len() <= most {
        return by_line;
    }
    fold(Sameness::Statement)
}

/// These goroutines and their creators, up to [`ALONE_MOST`].
fn with_creators(origins: &Origins, alone: &[u32]) -> FxHashSet<u32> {
    let mut all = FxHashSet::default();
    for &position in alone {
        let mut at = position;
        while all.len() < ALONE_MOST && all.insert(at) {
            match origins.of(at) {
                Origin::Printed(creator, _) => at = creator,
                _ => break,
            }
        }
    }
    all
}

struct Origins {
    by_position: Vec<Origin>,
    /// The `go` statements of each creator that is gone.
    gone: FxHashMap<GoroutineId, Vec<FrameId>>,
}

impl Origins {
    fn new(
        incident: &Incident,
        census: &Census,
        forest: &Forest<'_, '_>,
        evidence: &Evidence<'_>,
    ) -> Self {
        let mut gone: FxHashMap<GoroutineId, Vec<FrameId>> = FxHashMap::default();
        let mut by_position = vec![Origin::Root; incident.goroutines.len()];
        let mut runners = None;
        for &(id, position) in incident.ids() {
            let site = incident
                .goroutines
                .get(position as usize)
                .and_then(|block| block.of(evidence)?.created_by);
            let Some(site) = site else { continue };
            let origin = match forest.creator(position) {
                Some(creator) if creator == id => Origin::Root,
                Some(creator) => match incident.position(creator) {
                    Some(at) => Origin::Printed(at, Grade::Confirmed),
                    None => {
                        gone.entry(creator).or_default().push(site);
                        Origin::Gone(creator)
                    }
                },
                None => {
                    let runners = runners.get_or_insert_with(|| Runners::new(census, evidence));
                    runners.likely_creator(evidence, site, position)
                }
            };
            if let Some(slot) = by_position.get_mut(position as usize) {
                *slot = origin;
            }
        }
        for sites in gone.values_mut() {
            sites.sort_unstable();
            sites.dedup();
        }
        Self { by_position, gone }
    }

    fn of(&self, position: u32) -> Origin {
        let origin = self.by_position.get(position as usize);
        origin.copied().unwrap_or(Origin::Root)
    }
}

/// Functions by the goroutine that runs them, where it is the only one.
struct Runners {
    only: FxHashMap<NameId, Option<u32>>,
}

impl Runners {
    fn new(census: &Census, evidence: &Evidence<'_>) -> Self {
        let mut only: FxHashMap<NameId, Option<u32>> = FxHashMap::default();
        for group in &census.groups {
            let members = census.members(group);
            let single = match members {
                [one] => Some(*one),
                _ => None,
            };
            for frame in evidence.symbols.frames(group.stack) {
                let known = only.entry(frame.func).or_insert(single);
                if *known != single {
                    *known = None;
                }
            }
        }
        Self { only }
    }

    /// Up to Go 1.20 a block names the function of the `go` statement alone. Where one goroutine of the text runs that function it
    /// may be the creator, and is likely to be for `main.main`, which runs once.
    fn likely_creator(&self, evidence: &Evidence<'_>, site: FrameId, child: u32) -> Origin {
        let func = evidence.symbols.get(site).map(|frame| frame.func);
        let runner = func.and_then(|func| self.only.get(&func).copied().flatten());
        match (runner, func) {
            (Some(at), Some(func)) if at != child => {
                let is_main = evidence.symbols.text(func) == b"main.main";
                let grade = if is_main {
                    Grade::Probable
                } else {
                    Grade::Possible
                };
                Origin::Printed(at, grade)
            }
            _ => Origin::Unnamed(site),
        }
    }
}

const UNSEEN: u32 = u32::MAX;
const CLIMBING: u32 = u32::MAX - 1;

struct Fold<'f, 't> {
    incident: &'f Incident,
    evidence: &'f Evidence<'t>,
    origins: &'f Origins,
    alone: &'f FxHashSet<u32>,
    sameness: Sameness,
    index: FxHashMap<(Option<u32>, Key), u32>,
    /// Innermost line of user code by stack.
    sites: FxHashMap<StackId, Option<FrameId>>,
    classes: Vec<Class>,
}

impl Fold<'_, '_> {
    fn run(mut self) -> Kin {
        let mut class_of = vec![UNSEEN; self.incident.goroutines.len()];
        let mut way = Vec::new();
        for &(_, position) in self.incident.ids() {
            let mut creator = self.climb(position, &mut class_of, &mut way);
            while let Some((at, grade)) = way.pop() {
                let class = self.class_of(at, creator, grade);
                if let Some(slot) = class_of.get_mut(at as usize) {
                    *slot = class;
                }
                creator = Some(class);
            }
        }
        // Members were added creators first, ids second.
        let ids = self.incident;
        let id_at = |&at: &u32| {
            let block = ids.goroutines.get(at as usize);
            block.and_then(|block| block.of(self.evidence).map(|goroutine| goroutine.id))
        };
        for class in &mut self.classes {
            match &mut class.who {
                Who::Printed(members) | Who::Runtime(members) => members.sort_by_cached_key(id_at),
                Who::Gone(ids) => {
                    ids.sort_unstable();
                    ids.dedup();
                }
                Who::Unnamed => {}
            }
        }
        let mut kin = Kin {
            classes: self.classes,
            sameness: self.sameness,
        };
        kin.count_families(self.alone);
        kin
    }

    /// Goes up to a creator whose class is known, leaving those without one in `way`. Links that run in a circle are cut.
    fn climb(
        &mut self,
        from: u32,
        class_of: &mut [u32],
        way: &mut Vec<(u32, Grade)>,
    ) -> Option<u32> {
        let mut at = from;
        loop {
            let slot = class_of.get_mut(at as usize)?;
            match *slot {
                UNSEEN => *slot = CLIMBING,
                CLIMBING => return None,
                known => return Some(known),
            }
            match self.origins.of(at) {
                Origin::Printed(creator, grade) => {
                    way.push((at, grade));
                    at = creator;
                }
                Origin::Gone(id) => {
                    way.push((at, Grade::Confirmed));
                    return Some(self.gone(id));
                }
                Origin::Unnamed(site) => {
                    way.push((at, Grade::Confirmed));
                    let key = (None, Key::Unnamed(site));
                    return Some(self.class(key, None, Grade::Confirmed, Who::Unnamed));
                }
                Origin::Root => {
                    way.push((at, Grade::Confirmed));
                    return None;
                }
            }
        }
    }

    fn gone(&mut self, id: GoroutineId) -> u32 {
        let sites = self.origins.gone.get(&id).cloned().unwrap_or_default();
        let key = (None, Key::Gone(sites));
        let class = self.class(key, None, Grade::Confirmed, Who::Gone(Vec::new()));
        if let Some(Who::Gone(ids)) = self.who(class)
            && ids.last() != Some(&id)
        {
            ids.push(id);
        }
        class
    }

    fn class_of(&mut self, position: u32, creator: Option<u32>, grade: Grade) -> u32 {
        let block = self.incident.goroutines.get(position as usize);
        let goroutine = block.and_then(|block| block.of(self.evidence));
        let made = goroutine.and_then(|goroutine| goroutine.created_by);
        let key = match goroutine {
            Some(goroutine) if self.is_the_runtimes(goroutine) => Key::Runtime,
            Some(goroutine) if !self.alone.contains(&position) => match self.sameness {
                Sameness::Stack => Key::Stack(goroutine.stack, goroutine.state, made),
                Sameness::Line => {
                    let site = self.sites.entry(goroutine.stack);
                    let site = site.or_insert_with(|| user_site(self.evidence, goroutine.stack));
                    Key::Line(*site, goroutine.state, made)
                }
                Sameness::Statement => Key::Statement(made),
            },
            _ => Key::Alone(position),
        };
        let (who, made) = match key {
            Key::Runtime => (Who::Runtime(Vec::new()), None),
            _ => (Who::Printed(Vec::new()), made),
        };
        let class = self.class((creator, key), made, grade, who);
        if let Some(Who::Printed(members) | Who::Runtime(members)) = self.who(class) {
            members.push(position);
        }
        class
    }

    /// Made by the runtime, and nothing but the runtime on its stack: printed at system level, and the same in every process.
    fn is_the_runtimes(&self, goroutine: &Goroutine) -> bool {
        let symbols = &self.evidence.symbols;
        let own = |func: NameId| owner(symbols.text(func)) == Owner::Runtime;
        let made = goroutine.created_by.and_then(|site| symbols.get(site));
        made.is_some_and(|site| own(site.func))
            && symbols.frames(goroutine.stack).all(|frame| own(frame.func))
    }

    fn who(&mut self, class: u32) -> Option<&mut Who> {
        self.classes
            .get_mut(class as usize)
            .map(|class| &mut class.who)
    }

    fn class(
        &mut self,
        key: (Option<u32>, Key),
        site: Option<FrameId>,
        grade: Grade,
        who: Who,
    ) -> u32 {
        let creator = key.0;
        let next = self.classes.len() as u32;
        let class = *self.index.entry(key).or_insert(next);
        if class == next {
            self.classes.push(Class {
                creator,
                site,
                grade,
                who,
                family: 0,
                important: false,
            });
        }
        class
    }
}

impl Kin {
    fn count_families(&mut self, alone: &FxHashSet<u32>) {
        for at in (0..self.classes.len()).rev() {
            let Some(class) = self.classes.get_mut(at) else {
                continue;
            };
            if let Who::Printed(members) | Who::Runtime(members) = &class.who {
                class.family += members.len() as u64;
                class.important |= members.iter().any(|member| alone.contains(member));
            }
            let (creator, family, important) = (class.creator, class.family, class.important);
            if let Some(creator) = creator.and_then(|at| self.classes.get_mut(at as usize)) {
                creator.family += family;
                creator.important |= important;
            }
        }
    }

    /// The classes to show where there is room for `most` nodes, those that stand for the others counted: families with somebody who
    /// stands alone first, then the largest.
    pub fn shown(&self, most: usize) -> Shown {
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); self.classes.len()];
        let mut open = BinaryHeap::new();
        let rank = |at: u32| {
            let class = self.classes.get(at as usize);
            let (important, family) =
                class.map_or((false, 0), |class| (class.important, class.family));
            (important, family, Reverse(at))
        };
        for (at, class) in (0..).zip(&self.classes) {
            match class
                .creator
                .and_then(|creator| children.get_mut(creator as usize))
            {
                Some(siblings) => siblings.push(at),
                None => open.push(rank(at)),
            }
        }
        let mut kept = Vec::new();
        while let Some((_, _, Reverse(at))) = open.pop() {
            if kept.len() == most {
                break;
            }
            kept.push(at);
            let below = children.get(at as usize).into_iter().flatten();
            open.extend(below.map(|&at| rank(at)));
        }
        loop {
            let rests = self.rests(&kept);
            if kept.len() + rests.len() <= most.max(2) {
                kept.sort_unstable();
                let classes = kept;
                return Shown { classes, rests };
            }
            // Each class taken out may leave a rest: about half as many as there are too many.
            let excess = kept.len() + rests.len() - most.max(2);
            kept.truncate(kept.len().saturating_sub(excess.div_ceil(2)));
        }
    }

    /// What is left out, by creator. A kept class has kept creators, so whatever hangs below a class left out is in its family.
    fn rests(&self, kept: &[u32]) -> Vec<Rest> {
        let kept: FxHashSet<u32> = kept.iter().copied().collect();
        let mut rests: Vec<Rest> = Vec::new();
        let mut index: FxHashMap<Option<u32>, usize> = FxHashMap::default();
        let mut heads: FxHashMap<u32, usize> = FxHashMap::default();
        for (at, class) in (0..).zip(&self.classes) {
            if kept.contains(&at) {
                continue;
            }
            let above = class
                .creator
                .and_then(|creator| heads.get(&creator).copied());
            let rest = above.unwrap_or_else(|| {
                *index.entry(class.creator).or_insert_with(|| {
                    rests.push(Rest {
                        creator: class.creator,
                        classes: 0,
                        goroutines: 0,
                    });
                    rests.len() - 1
                })
            });
            heads.insert(at, rest);
            if let Some(rest) = rests.get_mut(rest) {
                rest.classes += 1;
                if above.is_none() {
                    rest.goroutines += class.family;
                }
            }
        }
        rests
    }
}
