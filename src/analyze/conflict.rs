//! Who fought whom over which map, at which grade.
//!
//! [`find`] pairs the goroutine that noticed a conflict with the others of the dump, pairs goroutines that stand in operations on
//! one printed header, and takes over what race reports say. `ties` decides why two goroutines are held to be on one map and how
//! far that carries; `races` reads the detector's reports; `graph` holds the lines against
//! each other.

mod graph;
mod races;
mod ties;

pub use graph::ConflictGraph;

use super::accesses::{KeyWord, Standing, Stands, look, operation};
use super::incident::{GoroutineRef, Incident, is_parked};
use super::version::GoFacts;
use crate::goruntime::mapchecks::CheckPoint;
use crate::goruntime::mapops::{KeyKind, MapOp, MapRole};
use crate::model::{Address, DocumentId, Evidence, FrameId, Grade, RaceActor, TextLine};
use std::collections::BTreeMap;
use ties::{Noticed, Tie};

/// How many pairs of one map are kept: beyond this they repeat each other.
const PAIRS_MOST: usize = 8;

/// How many merely possible partners are named: a list of suspects is no answer.
const SUSPECTS_MOST: usize = 4;

/// How many goroutines have their arguments read for one crash. Each costs a second look at its block; a dump with more goroutines
/// at the very functions of the crash shows the same partners many times over.
const LOOKS_MOST: usize = 20_000;

/// What two parties did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConflictKind {
    /// Two mutations.
    WriteWrite,
    /// A lookup and a mutation.
    ReadWrite,
    /// A range and a mutation.
    IterateWrite,
    /// `maps.Clone` and a mutation.
    CloneWrite,
}

/// Why a pair is claimed; each is worth a grade, see `ties`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The runtime's fatal error names this party.
    RuntimeMessage,
    /// The race detector names this party.
    RaceReport,
    /// Inside an operation on this header, printed without a doubt.
    SameMapHeader,
    /// The header that one side prints firmly stands among the other's words, marked as doubtful.
    DoubtfulHeader,
    /// Printed the same fatal error at the same moment.
    DiedTogether,
    /// In a method of the same object.
    SameReceiver,
    /// Handed the same pointer, in the same function.
    SameArgument,
    /// At the same line of a map operation.
    SameLine,
    /// Inside a mutating operation on a map that may be the same.
    OpenMapOperation,
    /// In a method of the same type.
    SameType,
    /// In the same function, at another line.
    SameFunction,
    /// Running on another thread when the dump was made; its stack is not in the text.
    OtherThread,
    /// Started by the same `go` statement.
    Sibling,
    /// In code of the same package, and not waiting for anything.
    SamePackage,
    /// Not in the text.
    NotInText,
}

/// One piece of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// Why.
    pub why: Why,
    /// Where.
    pub document: DocumentId,
    /// Its line.
    pub line: TextLine,
}

/// One side of a conflict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Party {
    /// Its block; `None` where it is inferred, or known from a race report only.
    pub goroutine: Option<GoroutineRef>,
    /// The race detector's name for it.
    pub actor: Option<RaceActor>,
    /// What it did; `None` where that can't be told.
    pub op: Option<MapOp>,
    /// Its first frame of user code.
    pub site: Option<FrameId>,
    /// The receiver or first argument there, where printed firmly.
    pub receiver: Option<Address>,
    /// Which check noticed, for the party that died.
    pub noticed: Option<CheckPoint>,
}

/// A pair of parties.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// Index into [`MapFindings::maps`].
    pub map: usize,
    /// What they did.
    pub kind: ConflictKind,
    /// How far the evidence carries.
    pub grade: Grade,
    /// The one that noticed, then the other.
    pub parties: [Party; 2],
    /// What carries it.
    pub reasons: Vec<Reason>,
}

/// What ties the parties to one map, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentifiedBy {
    /// The header's address.
    Header,
    /// The address in a race report, which is that of the header.
    RaceReport,
    /// The object whose methods touch it.
    Receiver,
    /// The line of the operation.
    Line,
    /// Nothing but the runtime's message.
    Message,
}

/// A map that takes part.
#[derive(Clone, Debug, PartialEq)]
pub struct MapIdentity {
    /// Header address, where known.
    pub header: Option<Address>,
    /// Type descriptor's address, where known.
    pub map_type: Option<Address>,
    /// What the functions say of its key.
    pub key_kind: Option<KeyKind>,
    /// Keys in use, with who used them.
    pub keys: Vec<(GoroutineRef, KeyWord)>,
    /// How it was told from others.
    pub by: IdentifiedBy,
}

/// What the dying process said about a map.
#[derive(Clone, Copy, Debug)]
pub struct MapFatal {
    /// Which conflict the message names.
    pub kind: ConflictKind,
    /// What the goroutine that noticed was doing.
    pub role: MapRole,
    /// Where it says so.
    pub document: DocumentId,
    /// Its line.
    pub line: TextLine,
}

/// Everything found about maps in one incident.
#[derive(Debug, Default)]
pub struct MapFindings {
    /// Maps that take part in a conflict.
    pub maps: Vec<MapIdentity>,
    /// Pairs, best first.
    pub conflicts: Vec<Conflict>,
    /// Goroutines inside map operations, as far as frames of the runtime are printed.
    pub in_operations: Vec<GoroutineRef>,
    /// The goroutine that noticed.
    pub noticed: Option<Standing>,
    /// Possible partners beyond those named.
    pub more_suspects: usize,
}

impl MapRole {
    /// The operation a role stands for.
    pub fn op(self) -> MapOp {
        match self {
            MapRole::Writer => MapOp::Write,
            MapRole::Reader => MapOp::Read,
            MapRole::Iterator => MapOp::Iterate,
            MapRole::Cloner => MapOp::Clone,
        }
    }
}

impl ConflictKind {
    /// The conflict of a mutation with `other`.
    pub fn of(other: MapOp) -> Self {
        match other {
            MapOp::Write | MapOp::Delete | MapOp::Clear => ConflictKind::WriteWrite,
            MapOp::Read => ConflictKind::ReadWrite,
            MapOp::Iterate => ConflictKind::IterateWrite,
            MapOp::Clone => ConflictKind::CloneWrite,
        }
    }
}

/// Who takes part in an incident, as far as `incident` could tell.
pub struct Cast<'i> {
    /// The incident.
    pub incident: &'i Incident,
    /// What the process said, where it died of a map.
    pub fatal: Option<MapFatal>,
    /// The goroutine that died.
    pub crasher: Option<GoroutineRef>,
    /// A second one that died with it.
    pub second: Option<GoroutineRef>,
}

/// All conflicts of an incident. Linear in its goroutines, with at most [`LOOKS_MOST`] second looks.
pub fn find(evidence: &Evidence<'_>, cast: &Cast<'_>, go: &GoFacts) -> MapFindings {
    let mut search = Search {
        evidence,
        cast,
        go,
        stands: Stands::default(),
        findings: MapFindings::default(),
    };
    search.findings.in_operations = search.open_operations();
    if let Some(fatal) = cast.fatal {
        search.pair_the_crasher(fatal);
    }
    search.pair_equal_headers();
    races::take_over(
        evidence,
        cast.incident,
        &mut search.stands,
        &mut search.findings,
    );
    search.findings
}

struct Search<'s, 't> {
    evidence: &'s Evidence<'t>,
    cast: &'s Cast<'s>,
    go: &'s GoFacts,
    stands: Stands,
    findings: MapFindings,
}

impl Search<'_, '_> {
    /// Goroutines whose innermost frames are those of a map operation.
    fn open_operations(&mut self) -> Vec<GoroutineRef> {
        let mut open = Vec::new();
        for &at in &self.cast.incident.goroutines {
            let Some(goroutine) = at.of(self.evidence) else {
                continue;
            };
            if operation(self.stands.of(self.evidence, goroutine.stack)).is_some() {
                open.push(at);
            }
        }
        open
    }

    fn look(&mut self, at: GoroutineRef) -> Option<Standing> {
        look(self.evidence, &mut self.stands, at, self.go)
    }

    /// The pairs of the goroutine that the runtime's message is about.
    fn pair_the_crasher(&mut self, fatal: MapFatal) {
        let noticed = self.cast.crasher.and_then(|at| self.look(at));
        let first = crasher_party(noticed.as_ref(), fatal.role);
        let message = Reason {
            why: Why::RuntimeMessage,
            document: fatal.document,
            line: fatal.line,
        };
        let mut ties = match &noticed {
            Some(standing) => self.ties(standing, fatal),
            None => Vec::new(),
        };
        let all = ties.len();
        ties::keep_best(&mut ties, PAIRS_MOST, SUSPECTS_MOST);
        self.findings.more_suspects = all - ties.len();
        let map = self.add_map(noticed.as_ref(), &ties);
        self.pair_with_crowd(fatal.kind, map, &first, message, &ties);
        for tie in &ties {
            let mut reasons = vec![message];
            reasons.extend_from_slice(&tie.reasons);
            // A reader inside the same map as a writer is a conflict of its own, beside the one the message is about.
            let kind = match tie.party.op {
                Some(op) if !op.mutates() && tie.grade == Grade::Confirmed => ConflictKind::of(op),
                _ => fatal.kind,
            };
            let parties = [first.clone(), tie.party.clone()];
            self.findings.conflicts.push(Conflict {
                map,
                kind,
                grade: tie.grade,
                parties,
                reasons,
            });
        }
        if ties.is_empty() {
            let unseen = Party {
                op: Some(MapOp::Write),
                ..Party::default()
            };
            let parties = [first, unseen];
            let reasons = vec![message];
            self.findings.conflicts.push(Conflict {
                map,
                kind: fatal.kind,
                grade: Grade::Unknown,
                parties,
                reasons,
            });
        }
        self.findings.noticed = noticed;
    }

    /// Several at the crash's own line: that the other party wrote there is probable, which of them it was is not.
    fn pair_with_crowd(
        &mut self,
        kind: ConflictKind,
        map: usize,
        first: &Party,
        message: Reason,
        ties: &[Tie],
    ) {
        let crowd: Vec<&Tie> = ties.iter().filter(|tie| tie.is_one_of_a_crowd()).collect();
        let [any, _, ..] = &crowd[..] else { return };
        let unnamed = Party {
            op: any.party.op.or(Some(MapOp::Write)),
            site: any.party.site,
            ..Party::default()
        };
        let mut reasons = vec![message];
        reasons.extend(crowd.iter().flat_map(|tie| tie.reasons.iter().copied()));
        let parties = [first.clone(), unnamed];
        self.findings.conflicts.push(Conflict {
            map,
            kind,
            grade: Grade::Probable,
            parties,
            reasons,
        });
    }

    fn ties(&mut self, standing: &Standing, fatal: MapFatal) -> Vec<Tie> {
        let Some(noticed) = Noticed::new(self.evidence, standing, fatal.role, self.cast.second)
        else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut looks = 0;
        for &at in &self.cast.incident.goroutines {
            let Some(goroutine) = at.of(self.evidence) else {
                continue;
            };
            if Some(at) == self.cast.crasher || goroutine.id == noticed.id {
                continue;
            }
            let stand = self.stands.of(self.evidence, goroutine.stack);
            if looks == LOOKS_MOST || !noticed.may_tie(self.evidence, goroutine, stand) {
                continue;
            }
            looks += 1;
            let parked = is_parked(goroutine, &self.evidence.symbols);
            if let Some(other) = look(self.evidence, &mut self.stands, at, self.go) {
                found.extend(noticed.tie(self.evidence, &other, parked));
            }
        }
        found
    }

    /// The map of the crash.
    fn add_map(&mut self, noticed: Option<&Standing>, ties: &[Tie]) -> usize {
        let header = noticed
            .and_then(|standing| standing.header)
            .map(|(address, _)| address);
        let whys = || {
            ties.iter()
                .flat_map(|tie| tie.reasons.iter().map(|reason| reason.why))
        };
        let by = match header {
            Some(_) => IdentifiedBy::Header,
            None if whys().any(|why| matches!(why, Why::SameReceiver | Why::SameArgument)) => {
                IdentifiedBy::Receiver
            }
            None if whys().any(|why| why == Why::SameLine) => IdentifiedBy::Line,
            None => IdentifiedBy::Message,
        };
        let others = ties
            .iter()
            .filter(|tie| tie.grade == Grade::Confirmed)
            .filter_map(|tie| tie.key);
        let own = noticed.and_then(|standing| Some((standing.goroutine, standing.key?)));
        self.findings.maps.push(MapIdentity {
            header,
            map_type: noticed.and_then(|standing| standing.map_type),
            key_kind: noticed
                .and_then(|standing| standing.key_kind)
                .or(ties.iter().find_map(|tie| tie.key_kind)),
            keys: own.into_iter().chain(others).collect(),
            by,
        });
        self.findings.maps.len() - 1
    }

    /// Pairs of goroutines inside operations on one header, one of them mutating, that the crash is not about.
    fn pair_equal_headers(&mut self) {
        let open: Vec<GoroutineRef> = self
            .findings
            .in_operations
            .iter()
            .copied()
            .take(LOOKS_MOST)
            .collect();
        let mut by_header = BTreeMap::<Address, Vec<Standing>>::new();
        for at in open {
            if let Some(standing) = self.look(at)
                && let Some((header, _)) = standing.header
                && !self
                    .findings
                    .maps
                    .iter()
                    .any(|map| map.header == Some(header))
            {
                by_header.entry(header).or_default().push(standing);
            }
        }
        for (header, standings) in by_header {
            self.pair_on_header(header, &standings);
        }
    }

    fn pair_on_header(&mut self, header: Address, standings: &[Standing]) {
        let Some(writer) = standings
            .iter()
            .find(|standing| standing.op.is_some_and(MapOp::mutates))
        else {
            return;
        };
        let others = standings
            .iter()
            .filter(|other| other.goroutine != writer.goroutine);
        let map = self.findings.maps.len();
        for other in others.take(PAIRS_MOST) {
            let Some(op) = other.op else { continue };
            let reasons = [other, writer]
                .iter()
                .filter_map(|standing| header_reason(standing))
                .collect();
            let parties = [party(other), party(writer)];
            self.findings.conflicts.push(Conflict {
                map,
                kind: ConflictKind::of(op),
                grade: Grade::Confirmed,
                parties,
                reasons,
            });
        }
        if self
            .findings
            .conflicts
            .iter()
            .any(|conflict| conflict.map == map)
        {
            self.findings.maps.push(MapIdentity {
                header: Some(header),
                map_type: writer.map_type,
                key_kind: writer.key_kind,
                keys: standings
                    .iter()
                    .filter_map(|standing| Some((standing.goroutine, standing.key?)))
                    .collect(),
                by: IdentifiedBy::Header,
            });
        }
    }
}

/// The side that the runtime's message is about. Its role is certain; the frames may say more exactly what it did.
fn crasher_party(noticed: Option<&Standing>, role: MapRole) -> Party {
    let Some(standing) = noticed else {
        return Party {
            op: Some(role.op()),
            ..Party::default()
        };
    };
    let seen = standing.op.filter(|op| op.mutates() == role.op().mutates());
    Party {
        op: Some(seen.unwrap_or(role.op())),
        noticed: standing.check.map(|check| check.point),
        ..party(standing)
    }
}

fn party(standing: &Standing) -> Party {
    Party {
        goroutine: Some(standing.goroutine),
        actor: None,
        op: standing.op,
        site: standing.stand.site_frame,
        receiver: standing
            .objects
            .iter()
            .find(|object| object.receiver)
            .map(|object| object.address),
        noticed: None,
    }
}

fn header_reason(standing: &Standing) -> Option<Reason> {
    let (_, line) = standing.header?;
    Some(Reason {
        why: Why::SameMapHeader,
        document: standing.goroutine.document,
        line,
    })
}
