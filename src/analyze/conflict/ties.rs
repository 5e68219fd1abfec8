//! Why another goroutine is held to be the party that the crash does not name.
//!
//! A map fatal is always about a mutation by somebody else, so the other party writes, deletes or clears, and a goroutine seen on another
//! map is none. The world goes on for a moment before the dump is made: one that is seen reading may have written just before, but then
//! it is a possible partner at most. Grades follow the report contract:
//!
//! | grade | tie |
//! |---|---|
//! | confirmed | inside an operation on the same header, both printed without a doubt |
//! | probable | printed the same fatal error at the same moment; inside a mutation whose words, marked as doubtful, hold the header; or not waiting for anything and: same receiver or argument, same line of the operation |
//! | possible | an open mutation that may be of the same map, another thread's unseen stack, same type, function, `go` statement or package |
//!
//! Measured on real crashes, about one partner in three is elsewhere in its own code when the dump is made: a goroutine without any tie is
//! not listed at all, rather than blamed.

use super::{Party, Reason, Why, header_reason, party};
use crate::analyze::accesses::{KeyWord, ObjectWord, Stand, Standing, may_mutate};
use crate::analyze::incident::GoroutineRef;
use crate::goruntime::frames::{self, Receiver};
use crate::goruntime::mapops::{KeyKind, MapOp, MapRole};
use crate::model::{
    Evidence, Frame, FrameId, FrameKind, Goroutine, GoroutineFlags, GoroutineId, Grade,
};

/// Strength of a tie by the line of the operation alone; ties above it rest on an address.
const SAME_LINE: u8 = 6;

/// Strength of a tie by `go` statement or package alone.
const WEAKEST: u8 = 2;

/// The goroutine that noticed, with what others are compared with.
pub(super) struct Noticed<'s> {
    pub id: GoroutineId,
    standing: &'s Standing,
    op: MapOp,
    second: Option<GoroutineRef>,
    site: Option<Frame>,
    created_by: Option<FrameId>,
}

/// A partner and what ties it.
#[derive(Clone, Debug)]
pub(super) struct Tie {
    pub grade: Grade,
    /// Strength within the grade.
    strength: u8,
    pub party: Party,
    pub reasons: Vec<Reason>,
    pub key: Option<(GoroutineRef, KeyWord)>,
    pub key_kind: Option<KeyKind>,
    id: GoroutineId,
}

impl Tie {
    /// True for one of several that stand at the crash's own line with nothing else to tell them apart.
    pub fn is_one_of_a_crowd(&self) -> bool {
        self.strength == SAME_LINE
            && self.grade == Grade::Possible
            && self
                .reasons
                .iter()
                .any(|reason| reason.why == Why::SameLine)
    }
}

impl<'s> Noticed<'s> {
    pub fn new(
        evidence: &Evidence<'_>,
        standing: &'s Standing,
        role: MapRole,
        second: Option<GoroutineRef>,
    ) -> Option<Self> {
        let goroutine = standing.goroutine.of(evidence)?;
        let op = standing
            .op
            .filter(|op| op.mutates() == role.op().mutates())
            .unwrap_or(role.op());
        let site = standing
            .stand
            .site_frame
            .and_then(|id| evidence.symbols.get(id))
            .copied();
        Some(Self {
            id: goroutine.id,
            standing,
            op,
            second,
            site,
            created_by: goroutine.created_by,
        })
    }

    /// A cheap look without arguments: true where a tie is possible at all.
    pub fn may_tie(&self, evidence: &Evidence<'_>, goroutine: &Goroutine, stand: &Stand) -> bool {
        let symbols = &evidence.symbols;
        !stand.operations.is_empty()
            || goroutine.flags.has(GoroutineFlags::STACK_UNAVAILABLE)
            || goroutine.created_by.is_some() && goroutine.created_by == self.created_by
            || stand
                .site_frame
                .and_then(|id| symbols.get(id))
                .zip(self.site.as_ref())
                .is_some_and(|(other, own)| {
                    other.func == own.func
                        || same_line(other, own)
                        || self.same_type(evidence, other)
                        || self.same_package(evidence, other)
                })
            || self.shares_function(evidence, goroutine, stand)
    }

    /// True where one of the physical frames next to both sites is of the same function.
    fn shares_function(
        &self,
        evidence: &Evidence<'_>,
        goroutine: &Goroutine,
        stand: &Stand,
    ) -> bool {
        let symbols = &evidence.symbols;
        let ids = symbols.frame_ids(goroutine.stack);
        let functions = stand
            .objects
            .iter()
            .filter_map(|&index| symbols.get(*ids.get(index)?));
        let own = || {
            self.standing
                .objects
                .iter()
                .filter_map(|object| symbols.get(object.frame))
        };
        functions
            .into_iter()
            .any(|frame| own().any(|own| own.func == frame.func))
    }

    /// What ties `other` to the crash, if anything does.
    pub fn tie(&self, evidence: &Evidence<'_>, other: &Standing, parked: bool) -> Option<Tie> {
        if self.is_excluded(other) {
            return None;
        }
        let goroutine = other.goroutine.of(evidence)?;
        let (grade, strength, mut reasons) =
            self.best_reason(evidence, goroutine, other, parked)?;
        reasons.extend(
            (grade == Grade::Confirmed)
                .then(|| header_reason(self.standing))
                .flatten(),
        );
        let mut party = party(other);
        if grade != Grade::Confirmed && !other.op.is_some_and(MapOp::mutates) {
            party.op =
                (grade == Grade::Probable || may_mutate(&other.stand)).then_some(MapOp::Write);
        }
        Some(Tie {
            grade,
            strength,
            party,
            reasons,
            key: other.key.map(|key| (other.goroutine, key)),
            key_kind: other.key_kind,
            id: goroutine.id,
        })
    }

    /// True where the text shows that this is not the other party: it is on another map.
    fn is_excluded(&self, other: &Standing) -> bool {
        if may_mutate(&other.stand) && !other.op.is_some_and(MapOp::mutates) {
            // What its words name is the map it ranges over, not the one it writes.
            return false;
        }
        let differ = |a: Option<u64>, b: Option<u64>| a.zip(b).is_some_and(|(a, b)| a != b);
        let header = |standing: &Standing| standing.header.map(|(address, _)| address.0);
        let map_type = |standing: &Standing| standing.map_type.map(|address| address.0);
        let mutating = other.op.is_some_and(MapOp::mutates);
        mutating
            && (differ(header(self.standing), header(other))
                || differ(map_type(self.standing), map_type(other))
                || self
                    .standing
                    .key_kind
                    .zip(other.key_kind)
                    .is_some_and(|(own, other)| !compatible(own, other)))
    }

    fn best_reason(
        &self,
        evidence: &Evidence<'_>,
        goroutine: &Goroutine,
        other: &Standing,
        parked: bool,
    ) -> Option<(Grade, u8, Vec<Reason>)> {
        let at = |why: Why, line| Reason {
            why,
            document: other.goroutine.document,
            line,
        };
        let here = |why: Why| vec![at(why, other.line)];
        let one_map =
            self.standing.header.is_some() && header_of(self.standing) == header_of(other);
        if one_map && !self.op.mutates() && !may_mutate(&other.stand) {
            return None;
        }
        if one_map {
            return Some((
                Grade::Confirmed,
                9,
                header_reason(other).into_iter().collect(),
            ));
        }
        if self.second == Some(other.goroutine) {
            return Some((Grade::Probable, 9, here(Why::DiedTogether)));
        }
        if self.mentions_one_map(other) {
            let grade = if may_mutate(&other.stand) {
                Grade::Probable
            } else {
                Grade::Possible
            };
            return Some((grade, 7, here(Why::DoubtfulHeader)));
        }
        let elsewhere = other.op.is_some() && !may_mutate(&other.stand);
        let open = other.op.is_some() && !elsewhere;
        if let Some(object) = self.shared_object(evidence, other) {
            let why = if object.receiver {
                Why::SameReceiver
            } else {
                Why::SameArgument
            };
            let reasons = vec![at(why, object.line)];
            return match () {
                () if !self.op.mutates() && !open && self.is_same_line(evidence, other) => None,
                () if parked && !open => Some((Grade::Possible, 3, reasons)),
                () if elsewhere => Some((Grade::Possible, 7, reasons)),
                () => Some((Grade::Probable, 8, reasons)),
            };
        }
        if parked && !open {
            return None;
        }
        let (grade, strength, why) = self.weak_reason(evidence, goroutine, other, open)?;
        let grade = if elsewhere { Grade::Possible } else { grade };
        Some((grade, strength, here(why)))
    }

    /// True where the header that one side prints firmly is among the other's words.
    fn mentions_one_map(&self, other: &Standing) -> bool {
        let names = |a: &Standing, b: &Standing| {
            header_of(a).is_some_and(|header| b.mentions.contains(&header))
        };
        other.op.is_some()
            && (self.op.mutates() || may_mutate(&other.stand))
            && (names(self.standing, other) || names(other, self.standing))
    }

    /// Ties without a common address.
    fn weak_reason(
        &self,
        evidence: &Evidence<'_>,
        goroutine: &Goroutine,
        other: &Standing,
        open: bool,
    ) -> Option<(Grade, u8, Why)> {
        if self.is_same_line(evidence, other) {
            if !self.op.mutates() && !open {
                return None;
            }
            return Some(match self.contradicted(evidence, other) {
                false => (Grade::Probable, SAME_LINE, Why::SameLine),
                true => (Grade::Possible, 4, Why::SameLine),
            });
        }
        let site = other
            .stand
            .site_frame
            .and_then(|id| evidence.symbols.get(id));
        let same_type = site.is_some_and(|site| self.same_type(evidence, site));
        let same_function = site
            .zip(self.site.as_ref())
            .is_some_and(|(other, own)| other.func == own.func);
        let sibling = goroutine.created_by.is_some() && goroutine.created_by == self.created_by;
        let found = match () {
            () if open && (same_type || same_function) => (SAME_LINE, Why::OpenMapOperation),
            () if other.unavailable && sibling => (5, Why::OtherThread),
            () if same_type => (5, Why::SameType),
            () if same_function => (5, Why::SameFunction),
            () if open => (4, Why::OpenMapOperation),
            () if other.unavailable => (4, Why::OtherThread),
            () if sibling => (2, Why::Sibling),
            () if site.is_some_and(|site| self.same_package(evidence, site)) => {
                (1, Why::SamePackage)
            }
            () => return None,
        };
        Some((Grade::Possible, found.0, found.1))
    }

    /// An address that both sides print firmly for what they work on.
    fn shared_object<'o>(
        &self,
        evidence: &Evidence<'_>,
        other: &'o Standing,
    ) -> Option<&'o ObjectWord> {
        let func = |object: &ObjectWord| evidence.symbols.get(object.frame).map(|frame| frame.func);
        other.objects.iter().find(|theirs| {
            self.standing.objects.iter().any(|own| {
                own.address == theirs.address
                    && (own.receiver && theirs.receiver || func(own) == func(theirs))
            })
        })
    }

    /// True where both name the object they work on in the same function, and it is not the same; or where the same inlined line
    /// was reached through different functions, so that nothing shows it to be the same object.
    fn contradicted(&self, evidence: &Evidence<'_>, other: &Standing) -> bool {
        let func = |object: &ObjectWord| evidence.symbols.get(object.frame).map(|frame| frame.func);
        let differ = self.standing.objects.iter().any(|own| {
            other
                .objects
                .iter()
                .any(|theirs| func(own) == func(theirs) && own.address != theirs.address)
        });
        differ || self.enclosing(evidence, self.standing) != self.enclosing(evidence, other)
    }

    /// The function that the site was compiled into.
    fn enclosing(
        &self,
        evidence: &Evidence<'_>,
        standing: &Standing,
    ) -> Option<crate::model::NameId> {
        let goroutine = standing.goroutine.of(evidence)?;
        let frames = evidence
            .symbols
            .frames(goroutine.stack)
            .skip(standing.stand.site?);
        frames
            .into_iter()
            .find(|frame| frame.kind == FrameKind::Call)
            .map(|frame| frame.func)
    }

    fn is_same_line(&self, evidence: &Evidence<'_>, other: &Standing) -> bool {
        let site = other
            .stand
            .site_frame
            .and_then(|id| evidence.symbols.get(id));
        site.zip(self.site.as_ref())
            .is_some_and(|(other, own)| same_line(other, own))
    }

    fn same_package(&self, evidence: &Evidence<'_>, other: &Frame) -> bool {
        let package = |frame: &Frame| frames::package(evidence.symbols.text(frame.func));
        self.site
            .as_ref()
            .is_some_and(|own| package(own) == package(other))
    }

    /// True for a method of the type whose method noticed.
    fn same_type(&self, evidence: &Evidence<'_>, other: &Frame) -> bool {
        let receiver = |frame: &Frame| frames::receiver(evidence.symbols.text(frame.func));
        let key =
            |receiver: Receiver<'_>| (receiver.package.to_owned(), receiver.type_name.to_owned());
        self.site
            .as_ref()
            .and_then(receiver)
            .map(key)
            .is_some_and(|own| receiver(other).map(key) == Some(own))
    }
}

fn header_of(standing: &Standing) -> Option<u64> {
    standing.header.map(|(address, _)| address.0)
}

fn same_line(a: &Frame, b: &Frame) -> bool {
    (a.file, a.line) == (b.file, b.line)
}

/// True where two functions may work on one map: a map with pointer keys is assigned by the pointer form and read by the plain one,
/// and the generic functions serve every map.
fn compatible(a: KeyKind, b: KeyKind) -> bool {
    use KeyKind::{Bits32, Bits64, Generic, Pointer};
    match (a, b) {
        (Generic, _) | (_, Generic) => true,
        (Pointer, Bits32 | Bits64) | (Bits32 | Bits64, Pointer) => true,
        (a, b) => a == b,
    }
}

/// Keeps all confirmed and probable partners, at most `pairs`; without any, the strongest of the possible ones, at most `suspects`. A
/// partner known by an address leaves no room for guesses by line; several that only stand at the same line are each only possible; a
/// crowd that nothing but its package ties to the crash says nothing about any one of it, and is dropped.
pub(super) fn keep_best(ties: &mut Vec<Tie>, pairs: usize, suspects: usize) {
    let by_address = ties
        .iter()
        .any(|tie| tie.grade >= Grade::Probable && tie.strength > SAME_LINE);
    if by_address {
        ties.retain(|tie| tie.strength > SAME_LINE);
    }
    let at_the_line = |tie: &Tie| tie.strength == SAME_LINE && tie.grade == Grade::Probable;
    if ties.iter().filter(|tie| at_the_line(tie)).count() > 1 {
        for tie in ties.iter_mut().filter(|tie| at_the_line(tie)) {
            tie.grade = Grade::Possible;
        }
    }
    ties.sort_by_key(|tie| (std::cmp::Reverse((tie.grade, tie.strength)), tie.id));
    let Some(best) = ties.first() else { return };
    let (grade, strength) = (best.grade, best.strength);
    if grade >= Grade::Probable {
        ties.retain(|tie| tie.grade >= Grade::Probable);
        ties.truncate(pairs);
        return;
    }
    ties.retain(|tie| tie.strength == strength);
    if strength <= WEAKEST && ties.len() > suspects {
        ties.clear();
    }
    ties.truncate(if strength >= SAME_LINE {
        pairs
    } else {
        suspects
    });
}
