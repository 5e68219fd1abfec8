//! One incident with everything that analysis found out about it; the steps read from here.

use super::crash::{self, LastWords};
use super::joins::{self, Joined};
use super::level::{self, LevelFacts};
use super::memory::Capture;
use super::report::{Category, ChainLink};
use super::values::place;
use crate::analyze::accesses::user_site;
use crate::analyze::census::{Census, census};
use crate::analyze::conflict::{self, Cast, MapFatal, MapFindings};
use crate::analyze::creation::{Forest, forest};
use crate::analyze::incident::{GoroutineRef, Incident, crash_goroutine, second_crasher};
use crate::analyze::leaks::{HangFinding, LeakFinding, hangs, leaks};
use crate::analyze::profile::{Weighed, weigh};
use crate::analyze::version::{GoFacts, of_incident};
use crate::analyze::waits::{Waits, waits};
use crate::goruntime::frames;
use crate::goruntime::version::GoBuild;
use crate::model::{DocumentId, Evidence, FrameId, Goroutine, GoroutineId, Grade, Item, StackId};

/// An incident and what is known of it.
pub(super) struct Case<'c, 't> {
    pub evidence: &'c Evidence<'t>,
    pub incident: &'c Incident,
    /// What the process said as it died.
    pub words: Option<(DocumentId, LastWords<'c, 't>)>,
    /// The goroutine that died.
    pub crasher: Option<GoroutineRef>,
    pub go: GoFacts,
    pub level: Option<LevelFacts>,
    pub census: Census,
    pub forest: Forest<'c, 't>,
    /// The conflict that the process died of.
    pub map_fatal: Option<MapFatal>,
    pub maps: MapFindings,
    pub waits: Waits,
    pub hangs: Vec<HangFinding>,
    pub leaks: Vec<LeakFinding>,
    /// The profiles, weighed.
    pub profiles: Vec<Weighed>,
    pub category: Category,
    pub grade: Grade,
    /// What was captured of a process's memory.
    pub capture: Capture<'c>,
    /// The traces of the incident, held against its goroutines.
    pub joins: Vec<Joined<'c>>,
}

impl<'c, 't> Case<'c, 't> {
    /// Runs the analyses in their order.
    pub fn new(
        evidence: &'c Evidence<'t>,
        incident: &'c Incident,
        named: Option<GoBuild>,
        capture: Capture<'c>,
    ) -> Self {
        let words = crash::last_words(evidence, incident);
        let crasher = crash_goroutine(incident, evidence);
        let joins = joins::of(evidence, incident, capture.traces);
        let go = of_incident(evidence, incident, &joins::signs(&joins), named);
        let map_fatal = words
            .as_ref()
            .and_then(|(document, words)| crash::map_fatal(*document, words));
        let map_fatal =
            map_fatal.or_else(|| crash::unannounced_map_fatal(evidence, incident, crasher, &go));
        let cast = Cast {
            incident,
            fatal: map_fatal,
            crasher,
            second: second_crasher(incident, evidence),
        };
        let census = census(incident, evidence);
        let waits = waits(incident, &census, evidence, &go);
        let mut case = Self {
            evidence,
            incident,
            words,
            crasher,
            level: None,
            hangs: hangs(incident, &census, &waits, evidence),
            leaks: leaks(incident, &census, evidence),
            profiles: weigh(incident, evidence),
            census,
            waits,
            forest: forest(incident, evidence),
            map_fatal,
            maps: conflict::find(evidence, &cast, &go),
            go,
            category: Category::None,
            grade: Grade::Unknown,
            capture,
            joins,
        };
        case.level = level::infer(&case);
        (case.category, case.grade) = super::verdict::category(&case);
        case
    }

    /// The block of the goroutine that died.
    pub fn crash_goroutine(&self) -> Option<&'c Goroutine> {
        self.crasher.and_then(|at| at.of(self.evidence))
    }

    /// Its id.
    pub fn crasher_id(&self) -> Option<u64> {
        self.crash_goroutine().map(|goroutine| goroutine.id.0)
    }

    /// The innermost user frame of the goroutine that died.
    ///
    /// Where a deferred call raised the panic again, the line of the first panic, below the frame of `panic`.
    pub fn crash_site(&self) -> Option<FrameId> {
        let stack = self.crash_goroutine()?.stack;
        let raised_again = self
            .words
            .as_ref()
            .is_some_and(|(_, words)| words.is_raised_again());
        let first = raised_again
            .then(|| below_panic(self.evidence, stack))
            .flatten();
        first.or_else(|| user_site(self.evidence, stack))
    }

    /// The line that panicked, in a capture whose only goroutine was printed while it unwound (`debug.Stack()` in a deferred call).
    pub fn logged_panic(&self) -> Option<FrameId> {
        let [only] = &self.incident.goroutines[..] else {
            return None;
        };
        let stack = only.of(self.evidence)?.stack;
        self.is_alive()
            .then(|| below_panic(self.evidence, stack))
            .flatten()
    }

    /// The creators of a goroutine, nearest first.
    pub fn chain(&self, at: GoroutineRef) -> Vec<ChainLink> {
        let links = self.forest.chain(at).links.into_iter();
        let mut links: Vec<ChainLink> = links
            .map(|link| ChainLink {
                site: place(self.evidence, link.site),
                goroutine: link.parent.map(|id| id.0),
                present: link.present,
                callers: Vec::new(),
                input: None,
            })
            .collect();
        joins::lengthen(self, at, &mut links);
        links
    }

    /// Where the race detector saw a goroutine of its own numbering created.
    pub fn race_creation(&self, id: GoroutineId) -> Option<ChainLink> {
        let reports = self
            .incident
            .races
            .iter()
            .filter_map(|at| at.of(self.evidence));
        let creations = reports.flat_map(|item| match item {
            Item::Race(report) => &report.creations[..],
            _ => &[],
        });
        let site = creations
            .filter(|creation| creation.goroutine == id)
            .find_map(|creation| creation.site)?;
        Some(ChainLink {
            site: place(self.evidence, site),
            goroutine: None,
            present: false,
            callers: Vec::new(),
            input: None,
        })
    }

    /// True where the process was alive when this was captured.
    pub fn is_alive(&self) -> bool {
        self.words.is_none()
    }
}

/// The first frame of user code below the outermost `panic` of a stack.
fn below_panic(evidence: &Evidence<'_>, stack: StackId) -> Option<FrameId> {
    let symbols = &evidence.symbols;
    let ids = symbols.frame_ids(stack);
    let is_panic = |id: &FrameId| {
        symbols
            .get(*id)
            .is_some_and(|frame| symbols.text(frame.func) == b"panic")
    };
    let outermost = ids.iter().rposition(is_panic)?;
    ids.get(outermost + 1..)?.iter().copied().find(|&id| {
        symbols.get(id).is_some_and(|frame| {
            frames::is_user(symbols.text(frame.func), symbols.text(frame.file))
        })
    })
}
