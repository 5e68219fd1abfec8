//! The suspects of a module without a crash: for review and CI, where a false alarm costs more than a miss.
//!
//! One pair for each map, and only where all of this holds: one of the lines writes, nothing keeps them apart, several goroutines may
//! hold the map, and two that are certain to run (`go` statements, handlers, `main` behind its first goroutine) get to the lines.

use super::{Pair, SourceView, copied_lock};
use crate::model::Grade;
use crate::source::facts::{Access, Held, Place};
use crate::source::flow::{RootKind, Use};
use crate::source::pairs::{Doubt, MapUses, Meeting, Relation, clash, map_name, may_be_shared};
use crate::triage::report::{
    Code, Finding, ModuleReport, SUSPECTS_SCHEMA, SourceRemark, Suspect, SuspectsReport, Tool,
};

/// Accesses of one map that are paired: beyond it pairs repeat each other.
const MAX_USES: usize = 200;

/// Weights: what is locked elsewhere was meant to be locked here, which makes it the surest find.
const MEANT_TO_BE_LOCKED: i32 = 30;
const READ_LOCK: i32 = 40;
const OTHER_LOCK: i32 = 20;
const BOTH_WRITE: i32 = 5;
const HANDLERS: i32 = 5;

/// Everything suspect in a module.
pub fn review(view: &SourceView<'_>) -> SuspectsReport {
    let mut pairs: Vec<Pair<'_>> = view
        .maps
        .iter()
        .filter_map(|map| worst(view, map))
        .collect();
    pairs.sort_by_cached_key(|pair| {
        (
            -pair.score,
            map_name(&view.analysis, &pair.map.place),
            pair.map.place.clone(),
        )
    });
    let suspects: Vec<Suspect> = pairs
        .iter()
        .zip(1..)
        .map(|(pair, rank)| pair.suspect(view, rank))
        .collect();
    let module = view.analysis.module;
    let notes = module.notes.iter().map(|note| SourceRemark {
        file: note.file.clone(),
        line: note.line,
        text: note.text.clone(),
    });
    SuspectsReport {
        schema: SUSPECTS_SCHEMA,
        tool: Tool::this(),
        module: ModuleReport {
            path: module.modules.get("").cloned().unwrap_or_default(),
            files: module.files.len() as u64,
            lines: module.lines(),
            maps: view.maps.len() as u64,
        },
        findings: suspects.iter().map(statement).collect(),
        suspects,
        notes: notes.collect(),
    }
}

/// The most suspect pair of a map.
fn worst<'v>(view: &'v SourceView<'_>, map: &'v MapUses) -> Option<Pair<'v>> {
    if !may_be_shared(&view.analysis, &map.place) {
        return None;
    }
    let open: Vec<(&Use, &Access)> = map
        .uses
        .iter()
        .filter(|used| !used.private && !used.roots.is_empty())
        .filter_map(|used| Some((used, view.analysis.access(used)?)))
        .filter(|(_, access)| access.op.is_checked())
        .take(MAX_USES)
        .collect();
    let writers = open.iter().filter(|(_, access)| access.op.writes());
    let mut best: Option<Pair<'_>> = None;
    for &writer in writers {
        for &other in &open {
            let Some(pair) = judged(view, map, other, writer) else {
                continue;
            };
            if best.as_ref().is_none_or(|best| pair.score > best.score) {
                best = Some(pair);
            }
        }
    }
    best
}

fn judged<'v>(
    view: &'v SourceView<'_>,
    map: &'v MapUses,
    left: (&'v Use, &'v Access),
    right: (&'v Use, &'v Access),
) -> Option<Pair<'v>> {
    let (relation, meeting) = clash(&view.analysis, &map.place, left, right, Doubt::Keeps)?;
    let relation = meant(&map.place, relation, [left.1, right.1]);
    let locks = match &relation {
        Relation::Guarded => return None,
        Relation::Unguarded => 0,
        Relation::OneSided(..) => MEANT_TO_BE_LOCKED,
        Relation::Different(..) => OTHER_LOCK,
        Relation::ReadLocked(_) => READ_LOCK,
    };
    if !meeting.strong {
        return None;
    }
    let both_write = if left.1.op.writes() { BOTH_WRITE } else { 0 };
    let handlers = if in_handlers(view, meeting) {
        HANDLERS
    } else {
        0
    };
    Some(Pair {
        map,
        left: left.0,
        right: right.0,
        relation,
        meeting: Some(meeting),
        copy: copied_lock(view, [left.0, right.0]),
        score: locks + both_write + handlers,
        support: None,
    })
}

/// Locks that callers hold for something else say nothing of this map: only one that is taken where the map is used, or that stands
/// beside it in its struct, was meant for it.
fn meant(place: &Place, relation: Relation, accesses: [&Access; 2]) -> Relation {
    let is_meant = |held: &Held| {
        let taken_there = accesses
            .iter()
            .any(|access| access.held.iter().any(|own| own.lock == held.lock));
        let beside = matches!((&held.lock, place), (Some(Place::Field(lock, _)), Place::Field(map, _)) if lock == map);
        taken_there || beside
    };
    match relation {
        Relation::OneSided(held, _) if !is_meant(&held) => Relation::Unguarded,
        Relation::Different(left, right) => match (is_meant(&left), is_meant(&right)) {
            (true, true) => Relation::Different(left, right),
            (true, false) => Relation::OneSided(left, true),
            (false, true) => Relation::OneSided(right, false),
            (false, false) => Relation::Unguarded,
        },
        relation => relation,
    }
}

fn in_handlers(view: &SourceView<'_>, meeting: Meeting) -> bool {
    let roots = [meeting.left, meeting.right].into_iter().flatten();
    let mut kinds = roots.filter_map(|id| view.analysis.roots.get(id as usize));
    kinds.any(|root| root.kind == RootKind::Handler)
}

/// A suspect as a statement with its lines.
fn statement(suspect: &Suspect) -> Finding {
    let lines = suspect.sites.iter().map(|site| {
        format!(
            "{}\t// {}:{} {} in {}",
            site.excerpt, site.file, site.line, site.op, site.func
        )
    });
    let mut lines: Vec<String> = lines.collect();
    lines.dedup();
    Finding {
        text: format!("{}: {}. {}.", suspect.map, suspect.why, suspect.fix),
        items: Vec::new(),
        grade: Grade::Possible,
        evidence: Vec::new(),
        code: Some(Code {
            lang: "go",
            text: lines.join("\n"),
        }),
        advice: false,
    }
}
