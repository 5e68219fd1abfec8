//! The suspects of one crash: the line that crashed against every line that writes the same map.
//!
//! Whoever raises a map's fatal error found the mark of a writer in it, so the other party writes, whatever the message says of the
//! one that noticed.

use super::site::{CrashStack, Place};
use super::{Pair, SourceView, copied_lock, words};
use crate::analyze::incident::IncidentKind;
use crate::goruntime::frames;
use crate::goruntime::mapops::MapRole;
use crate::model::{Grade, StackId};
use crate::source::facts::MapOp;
use crate::source::flow::{NodeId, RootKind, Use};
use crate::source::frames::{Finder, Found, Frame};
use crate::source::pairs::{Doubt, MapUses, Meeting, Relation, clash, relation};
use crate::triage::case::Case;
use crate::triage::observe::{crash_at, finding};
use crate::triage::report::{Code, Finding, Suspect};
use std::collections::{BTreeSet, HashSet};

/// Suspects of one crash: behind these nobody looks.
const MAX_SUSPECTS: usize = 10;

/// Weights of what speaks for a pair. Locks decide first: a pair that locks keep apart is no suspect at all. Then what the dump
/// shows, then whether two goroutines can get there.
const NO_LOCK_ON_THE_OTHER_SIDE: i32 = 50;
const NO_LOCK: i32 = 40;
const READ_LOCK: i32 = 45;
const OTHER_LOCK: i32 = 40;
const LOCKED_OTHER_SIDE: i32 = 30;
const STRONG_MEETING: i32 = 30;
const WEAK_MEETING: i32 = 10;
const STANDS_AT_LINE: i32 = 60;
const STANDS_IN_FUNCTION: i32 = 40;
const STARTED_THERE: i32 = 25;
/// Before anybody else can know the map: only if nothing better is found.
const PRIVATE: i32 = -60;

/// The suspects of an incident, and what could not be matched.
#[derive(Default)]
pub(in crate::triage) struct Named {
    /// Ranked.
    pub suspects: Vec<Suspect>,
    /// What the source has to say where there is no suspect.
    pub remark: Option<String>,
}

impl Named {
    /// Looks for the other party of a crash.
    pub(in crate::triage) fn of(case: &Case<'_, '_>) -> Self {
        let Some(view) = case.capture.source else {
            return Self::default();
        };
        let role = case.map_fatal.map(|fatal| fatal.role);
        if !is_asked(case) {
            return Self::default();
        }
        let finder = Finder::new(&view.analysis);
        let dump = Dump::new(case, &finder);
        let Some(site) = Place::of(case, &finder) else {
            let remark = "The source given with --src has none of the crashing goroutine's files: is it that program's module?";
            return Self::remarked(remark.to_owned());
        };
        let site = match site {
            Ok(site) => site,
            Err(remark) => return Self::remarked(remark),
        };
        let fits = |op: MapOp| role.is_none_or(|role| op.writes() == (role == MapRole::Writer));
        let done = site.done(view, &finder, fits);
        let at = &site.at;
        if done.uses.is_empty() && role.is_none() {
            return Self::default();
        }
        if done.uses.is_empty() {
            return Self::remarked(format!(
                "Which map {at} works on could not be told from the source: its type comes from elsewhere, or the line is of another revision."
            ));
        }
        let pairs = dump.ranked(view, &done.uses);
        if pairs.is_empty() {
            return Self::remarked(format!(
                "No other line of this source writes the map of {at} without its lock: the writer is outside the module, behind reflection, or in another revision."
            ));
        }
        let ranked = pairs.iter().zip(1..);
        let suspects = ranked.map(|(pair, rank)| Suspect {
            grade: match done.instead {
                // A line that was guessed proves nothing by the goroutines at it.
                Some(_) => Grade::Possible,
                None => pair.grade(),
            },
            ..pair.suspect(view, rank)
        });
        Self {
            suspects: suspects.collect(),
            remark: done.instead.map(|line| {
                format!(
                    "{at} works on no map in the source given with --src, which is of another revision than the program that died; line {line} of the same function is taken for it."
                )
            }),
        }
    }

    fn remarked(remark: String) -> Self {
        Self {
            suspects: Vec::new(),
            remark: Some(remark),
        }
    }

    /// The statements of step 2: the best suspects with their lines.
    pub(in crate::triage) fn located(&self, case: &Case<'_, '_>) -> Vec<Finding> {
        const SHOWN: usize = 3;
        let mut findings: Vec<Finding> = Vec::new();
        for suspect in self.suspects.iter().take(SHOWN) {
            let [crashed, other] = &suspect.sites[..] else {
                continue;
            };
            let text = format!(
                "Suspect {} from the source: {} ({} of {}) at {}:{}, against {}:{}: {}.",
                suspect.rank,
                other.func,
                other.op,
                suspect.map,
                other.file,
                other.line,
                crashed.file,
                crashed.line,
                suspect.why
            );
            let mut said = finding(text, suspect.grade, crash_at(case));
            said.code = Some(Code {
                lang: "go",
                text: format!(
                    "{}\t// {}:{}\n{}\t// {}:{}",
                    other.excerpt,
                    other.file,
                    other.line,
                    crashed.excerpt,
                    crashed.file,
                    crashed.line
                ),
            });
            findings.push(said);
        }
        findings.extend(
            self.remark
                .iter()
                .map(|remark| finding(remark.clone(), Grade::Unknown, Vec::new())),
        );
        findings
    }

    /// The statement of step 4: the fix for exactly this map.
    pub(in crate::triage) fn repair(&self, case: &Case<'_, '_>) -> Option<Finding> {
        let best = self.suspects.first()?;
        let text = format!("For {}: {}.", best.map, best.fix);
        Some(finding(text, case.grade, Vec::new()))
    }
}

/// The stacks of all crashes that the source is asked about.
pub(in crate::triage) fn stacks<'c, 'e: 'c>(
    cases: impl Iterator<Item = Case<'c, 'e>>,
) -> Vec<CrashStack> {
    let asked = cases.filter(is_asked);
    asked.filter_map(|case| CrashStack::of(&case)).collect()
}

/// True for the crash of a map.
fn is_asked(case: &Case<'_, '_>) -> bool {
    case.map_fatal.is_some() || may_be_fatal(case)
}

/// What the dump shows of the module's functions.
struct Dump {
    /// Functions that goroutines other than the crashing one stand in, with their ids.
    stands: Vec<(NodeId, u32, u64)>,
    /// Creation sites of goroutines, by file and line, with the ids of the goroutines.
    created: Vec<(u32, u32, u64)>,
    /// The creation site of the crashing goroutine.
    crasher_created: Option<(u32, u32)>,
}

impl Dump {
    fn new(case: &Case<'_, '_>, finder: &Finder<'_, '_>) -> Self {
        let mut dump = Self {
            stands: Vec::new(),
            created: Vec::new(),
            crasher_created: None,
        };
        let mut seen: HashSet<StackId> = HashSet::new();
        for block in &case.incident.goroutines {
            let Some(goroutine) = block.of(case.evidence) else {
                continue;
            };
            let crashed = Some(*block) == case.crasher;
            let creation = goroutine
                .created_by
                .and_then(|id| place_of(case, finder, id));
            if let Some((file, _, line)) = creation {
                match crashed {
                    true => dump.crasher_created = Some((file, line)),
                    false => dump.created.push((file, line, goroutine.id.0)),
                }
            }
            if crashed || !seen.insert(goroutine.stack) {
                continue;
            }
            for &id in case.evidence.symbols.frame_ids(goroutine.stack) {
                if let Some((_, node, line)) = place_of(case, finder, id) {
                    dump.stands.push((node, line, goroutine.id.0));
                }
            }
        }
        dump
    }

    /// The best pairs of what the crashing line does, best first.
    fn ranked<'v>(
        &self,
        view: &'v SourceView<'_>,
        uses: &[(&'v MapUses, &'v Use)],
    ) -> Vec<Pair<'v>> {
        let pairs = uses.iter();
        let mut pairs: Vec<Pair<'_>> = pairs
            .flat_map(|(map, used)| self.pairs(view, map, used))
            .collect();
        if pairs.is_empty() {
            // A map handed in by several callers is one line all the same.
            let mut seen = HashSet::new();
            let itself = uses.iter();
            pairs = itself
                .filter(|(_, used)| seen.insert((used.node, used.index)))
                .filter_map(|(map, used)| with_itself(view, map, used))
                .collect();
        }
        pairs.sort_by_cached_key(|pair| {
            (
                -pair.score,
                words::at(view, pair.right),
                pair.right.node,
                pair.right.index,
            )
        });
        let mut seen = HashSet::new();
        pairs.retain(|pair| {
            seen.insert((
                pair.map.place.clone(),
                words::at(view, pair.right),
                pair.right.node,
            ))
        });
        pairs.truncate(MAX_SUSPECTS);
        pairs
    }

    fn pairs<'v>(
        &self,
        view: &'v SourceView<'_>,
        map: &'v MapUses,
        left: &'v Use,
    ) -> Vec<Pair<'v>> {
        let Some(crashed) = view.analysis.access(left) else {
            return Vec::new();
        };
        let mut narrowed = left.clone();
        self.narrow(view, &mut narrowed);
        let mut pairs = Vec::new();
        for right in &map.uses {
            let Some(other) = view
                .analysis
                .access(right)
                .filter(|other| other.op.writes())
            else {
                continue;
            };
            let locks = relation((left, crashed), (right, other));
            let (relation, meeting) = match clash(
                &view.analysis,
                &map.place,
                (&narrowed, crashed),
                (right, other),
                Doubt::Crashed,
            ) {
                Some((relation, meeting)) => (relation, Some(meeting)),
                None => (locks, None),
            };
            let is_self = left.node == right.node && left.index == right.index;
            if relation == Relation::Guarded || (is_self && meeting.is_none()) {
                continue;
            }
            let (support, shown) = self.support(view, right, other.line);
            let score = locks_score(&relation)
                + meeting_score(meeting)
                + shown
                + if right.private { PRIVATE } else { 0 };
            pairs.push(Pair {
                map,
                left,
                right,
                relation,
                meeting,
                copy: copied_lock(view, [left, right]),
                score,
                support,
            });
        }
        pairs
    }

    /// The crashing goroutine was started at one place: the other roots of its function are out of question.
    fn narrow(&self, view: &SourceView<'_>, left: &mut Use) {
        let Some(created) = self.crasher_created else {
            return;
        };
        let here: Vec<u32> = left
            .roots
            .iter()
            .filter(|&&id| started_at(view, id) == Some(created))
            .copied()
            .collect();
        if !here.is_empty() {
            left.roots = here;
        }
    }

    /// What the dump shows of a use's function.
    fn support(&self, view: &SourceView<'_>, right: &Use, line: u32) -> (Option<String>, i32) {
        let mut at_line = self.stands.iter().filter(|(node, ..)| *node == right.node);
        if let Some((.., id)) = at_line.clone().find(|(_, stands, _)| *stands == line) {
            return (
                Some(format!("goroutine {id} of the dump stands at that line")),
                STANDS_AT_LINE,
            );
        }
        if let Some((.., id)) = at_line.next() {
            return (
                Some(format!(
                    "goroutine {id} of the dump stands in that function"
                )),
                STANDS_IN_FUNCTION,
            );
        }
        let sites: BTreeSet<(u32, u32)> = right
            .roots
            .iter()
            .filter_map(|&id| started_at(view, id))
            .collect();
        let child = self
            .created
            .iter()
            .find(|(file, line, _)| sites.contains(&(*file, *line)));
        match child {
            Some((.., id)) => (
                Some(format!(
                    "goroutine {id} of the dump was started where that line's goroutines are"
                )),
                STARTED_THERE,
            ),
            None => (None, 0),
        }
    }
}

/// A line that writes, against itself in another goroutine: all that is left where nothing else writes the map.
fn with_itself<'v>(view: &'v SourceView<'_>, map: &'v MapUses, used: &'v Use) -> Option<Pair<'v>> {
    let access = view.analysis.access(used)?;
    let relation = relation((used, access), (used, access));
    let is_open = access.op.writes() && !used.private && relation != Relation::Guarded;
    is_open.then(|| Pair {
        map,
        left: used,
        right: used,
        relation,
        meeting: None,
        copy: copied_lock(view, [used, used]),
        score: 0,
        support: None,
    })
}

/// True where the message is not in the text, and the crashing goroutine stands in what raises fatal errors, or, as dumps hide the
/// runtime's frames, in code of its own: a panic would show.
fn may_be_fatal(case: &Case<'_, '_>) -> bool {
    let symbols = &case.evidence.symbols;
    let stack = case.crash_goroutine().map(|goroutine| goroutine.stack);
    let first = stack.and_then(|stack| symbols.frames(stack).next());
    case.incident.kind == IncidentKind::CutCrash
        && first.is_some_and(|frame| {
            let (func, file) = (symbols.text(frame.func), symbols.text(frame.file));
            frames::is_user(func, file)
                || matches!(
                    func,
                    b"internal/runtime/maps.fatal" | b"runtime.fatal" | b"runtime.throw"
                )
        })
}

/// File and line of the `go` statement of a root.
fn started_at(view: &SourceView<'_>, id: u32) -> Option<(u32, u32)> {
    let root = view.analysis.roots.get(id as usize)?;
    if root.kind != RootKind::Go {
        return None;
    }
    let (node, line) = root.started?;
    let (_, _, func) = view.analysis.part(node)?;
    Some((view.analysis.program.func(func)?.file, line))
}

fn place_of(
    case: &Case<'_, '_>,
    finder: &Finder<'_, '_>,
    id: crate::model::FrameId,
) -> Option<(u32, NodeId, u32)> {
    let symbols = &case.evidence.symbols;
    let frame = symbols.get(id)?;
    let func = String::from_utf8_lossy(symbols.text(frame.func));
    let file = String::from_utf8_lossy(symbols.text(frame.file));
    let asked = Frame {
        func: &func,
        file: &file,
        line: frame.line,
    };
    match finder.find(asked) {
        Found::Line { file, node } => Some((file, node, frame.line)),
        _ => None,
    }
}

fn locks_score(relation: &Relation) -> i32 {
    match relation {
        Relation::Guarded => 0,
        Relation::Unguarded => NO_LOCK,
        Relation::OneSided(_, true) => NO_LOCK_ON_THE_OTHER_SIDE,
        Relation::OneSided(_, false) => LOCKED_OTHER_SIDE,
        Relation::Different(..) => OTHER_LOCK,
        Relation::ReadLocked(_) => READ_LOCK,
    }
}

fn meeting_score(meeting: Option<Meeting>) -> i32 {
    match meeting {
        Some(meeting) if meeting.strong => STRONG_MEETING,
        Some(_) => WEAK_MEETING,
        None => 0,
    }
}
