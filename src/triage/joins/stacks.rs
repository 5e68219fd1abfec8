//! What profiles say of the stacks of a dump.
//!
//! A goroutine profile of the same process shows the runtime's frames that `debug=2` and most crashes hide: a group of the dump with the
//! same frames of user code stood, when the profile was taken, in the map operation that the profile names. Lines of other profiles are
//! the conflict's, or those at which goroutines of the dump wait. Read [`same_stack`] first, then [`tie`].

use super::super::case::Case;
use super::super::observe::finding;
use super::super::report::{At, Finding};
use super::super::values::{count, grouped, site, stands};
use super::ids;
use crate::analyze::accesses::{Stands, operation};
use crate::analyze::joined::{Own, own_frames};
use crate::analyze::profile::Weighed;
use crate::goruntime::frames::receiver;
use crate::model::{FrameId, Grade, StackId};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Groups that get a sentence.
const GROUPS: usize = 4;

/// With this many times as many goroutines on one stack, dump and profile show a growth or a shrinking.
const TIMES: i64 = 2;

/// Fewer goroutines than this on one stack come and go.
const MANY: i64 = 20;

/// Goroutines of the dump, and of a goroutine profile, on the same frames of user code.
struct Crowd {
    stack: StackId,
    dumped: i64,
    profiled: i64,
}

/// Statements for step 2: groups that grew or shrank between the two captures.
pub(in crate::triage) fn findings(
    case: &Case<'_, '_>,
    weighed: &Weighed,
    at: &[At],
) -> Vec<Finding> {
    if !weighed.kind.counts_goroutines() || case.incident.goroutines.is_empty() {
        return Vec::new();
    }
    let mut crowds: BTreeMap<Vec<Own>, Crowd> = BTreeMap::new();
    let mut crowd = |stack, dumped, profiled| {
        let own = own_frames(case.evidence, stack);
        if !own.is_empty() {
            let known = crowds.entry(own).or_insert(Crowd {
                stack,
                dumped: 0,
                profiled: 0,
            });
            known.dumped = known.dumped.saturating_add(dumped);
            known.profiled = known.profiled.saturating_add(profiled);
        }
    };
    for group in &case.census.groups {
        crowd(group.stack, i64::from(group.count()), 0);
    }
    for group in &weighed.groups {
        crowd(group.stack, 0, group.weight);
    }
    let mut changed: Vec<&Crowd> = crowds
        .values()
        .filter(|crowd| crowd.has_changed())
        .collect();
    changed.sort_by_key(|crowd| Reverse(crowd.dumped.max(crowd.profiled)));
    let said = changed.into_iter().take(GROUPS).filter_map(|crowd| {
        let place = site(case.evidence, stands(case.evidence, crowd.stack)?);
        let said = format!(
            "{} at {place} in the profile, {} in the text: they were taken at different moments.",
            count(crowd.profiled.unsigned_abs(), "goroutine", "goroutines"),
            grouped(crowd.dumped.unsigned_abs())
        );
        Some(finding(said, Grade::Probable, at.to_vec()))
    });
    said.collect()
}

impl Crowd {
    fn has_changed(&self) -> bool {
        let (most, least) = (
            self.dumped.max(self.profiled),
            self.dumped.min(self.profiled),
        );
        most >= MANY && most >= least.saturating_mul(TIMES)
    }
}

/// `: goroutines 22, 23, 24 of the text stand on that stack, and the text hides the operation`, for a stack of a goroutine profile that is
/// inside a map operation. Empty where the dump has nobody there, or shows the operation itself.
pub(in crate::triage) fn same_stack(case: &Case<'_, '_>, stack: StackId) -> String {
    let own = own_frames(case.evidence, stack);
    let mut stood = Stands::default();
    let groups = case.census.groups.iter().filter(|group| {
        operation(stood.of(case.evidence, group.stack)).is_none()
            && own_frames(case.evidence, group.stack) == own
    });
    let members = groups.flat_map(|group| case.census.members(group));
    let mut numbers: Vec<u64> = members
        .filter_map(|&at| {
            let block = case.incident.goroutines.get(at as usize)?;
            Some(block.of(case.evidence)?.id.0)
        })
        .collect();
    numbers.sort_unstable();
    match &numbers[..] {
        [] => String::new(),
        [one] => format!(
            ": goroutine {one} of the text stands on that stack, and the text hides the operation"
        ),
        several => format!(
            ": goroutines {} of the text stand on that stack, and the text hides the operation",
            ids(several)
        ),
    }
}

/// What a line of a profile has to do with the incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::triage) enum Tie {
    /// A line of a conflict.
    Racing,
    /// In a function, or in a method of the type, of a conflict.
    NearRacing,
    /// So many goroutines of the text wait there.
    Waiting(u32),
    /// In the function whose lock so many goroutines of the text wait for.
    NearWaiting(u32),
}

/// The tie of a line; `None` where it has none, or where there are only profiles.
pub(in crate::triage) fn tie(case: &Case<'_, '_>, line: FrameId) -> Option<Tie> {
    let symbols = &case.evidence.symbols;
    let key = |id: FrameId| {
        let frame = symbols.get(id)?;
        Some((frame.func, frame.file, frame.line))
    };
    let own = key(line)?;
    let conflicts = case.maps.conflicts.iter();
    let parties = conflicts
        .filter(|conflict| conflict.grade >= Grade::Probable)
        .flat_map(|conflict| &conflict.parties);
    let racing: Vec<FrameId> = parties.filter_map(|party| party.site).collect();
    if racing.iter().any(|&id| key(id) == Some(own)) {
        return Some(Tie::Racing);
    }
    let locks = || case.waits.waits.iter().filter(|wait| wait.object.is_lock());
    let at_line = |near: bool| {
        let sites = locks().flat_map(|wait| &wait.sites);
        let equal = sites.filter(|(id, _)| {
            key(*id).is_some_and(|other| other == own || near && other.0 == own.0)
        });
        equal.map(|(_, waiters)| *waiters).sum::<u32>()
    };
    match (at_line(false), at_line(true)) {
        (0, 0) => {}
        (0, near) => return Some(Tie::NearWaiting(near)),
        (exact, _) => return Some(Tie::Waiting(exact)),
    }
    let near = racing.iter().any(|&id| {
        key(id).is_some_and(|other| {
            other.0 == own.0 || same_type(symbols.text(other.0), symbols.text(own.0))
        })
    });
    near.then_some(Tie::NearRacing)
}

fn same_type(a: &[u8], b: &[u8]) -> bool {
    let of = |func| receiver(func).map(|of| (of.package, of.type_name));
    of(a).is_some() && of(a) == of(b)
}

impl Tie {
    /// For the end of a sentence on time or waits at that line.
    pub fn words(self) -> String {
        match self {
            Tie::Racing => ": a line of the conflict".to_owned(),
            Tie::NearRacing => String::new(),
            Tie::Waiting(waiters) => format!(
                ": {} of the text wait there",
                count(u64::from(waiters), "goroutine", "goroutines")
            ),
            Tie::NearWaiting(waiters) => format!(
                ": in the function where {} of the text wait",
                count(u64::from(waiters), "goroutine", "goroutines")
            ),
        }
    }

    /// For the end of a sentence on memory allocated at that line.
    pub fn of_memory(self) -> &'static str {
        match self {
            Tie::Racing => ": a line of the conflict",
            Tie::NearRacing => ": in the function or type of the conflict",
            Tie::Waiting(_) | Tie::NearWaiting(_) => "",
        }
    }
}
