//! One text taken apart: which of its items belong to one process. Called by [`super::incidents`].
//!
//! A [`Part`] is an incident in the making. One is open at a time: a crash collects what follows it, a loose part collects what
//! belongs to no crash yet. Marks of `go test` and `go run` close it.

use super::{GoroutineRef, GoroutineRun, Incident, IncidentKind, ItemRef, distinct};
use crate::goruntime::frames::{Owner, owner};
use crate::goruntime::waits::{WaitKind, wait_state};
use crate::model::{
    Crash, Document, Evidence, Goroutine, GoroutineFlags, Item, ProfileKind, StackId, Symbols,
    TestMark, TestMarkKind,
};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// An incident in the making.
pub(super) struct Part {
    pub(super) incident: Incident,
    /// The process is over: only the lines that report its end may still follow.
    ended: bool,
    /// `FAIL pkg` has named the package.
    package_named: bool,
}

impl Part {
    fn new(kind: IncidentKind, at: ItemRef) -> Self {
        Self {
            incident: Incident::new(kind, at),
            ended: false,
            package_named: false,
        }
    }

    fn is_crash(&self) -> bool {
        self.incident.kind == IncidentKind::Crash
    }

    fn add_run(&mut self, document: &Document<'_>, range: Range<u32>) {
        if !range.is_empty() {
            self.incident.runs.push(GoroutineRun {
                document: document.id,
                range,
                joined: false,
            });
        }
    }

    /// Takes race reports and failed tests that stood before this crash.
    fn take_forerunners(&mut self, loose: &mut Part) {
        self.incident.races.append(&mut loose.incident.races);
        self.incident.tests.append(&mut loose.incident.tests);
        self.incident
            .race_counts
            .append(&mut loose.incident.race_counts);
    }

    /// What a part without a preamble turned out to be; `None` where it holds nothing to report.
    fn named(mut self, evidence: &Evidence<'_>, document: &Document<'_>) -> Option<Incident> {
        let incident = &self.incident;
        if incident.crash.is_some() {
            return Some(self.incident);
        }
        let captured = !incident.runs.is_empty()
            || !incident.fragments.is_empty()
            || !incident.threads.is_empty()
            || !incident.profiles.is_empty()
            || !incident.traces.is_empty();
        let failed = incident.tests.iter().any(|at| {
            let kind = test_kind(document, *at);
            kind == Some(TestMarkKind::TestFailed) || kind == Some(TestMarkKind::PackageFailed)
        });
        self.incident.kind = if captured && is_cut_crash(evidence, document, incident) {
            IncidentKind::CutCrash
        } else if captured {
            IncidentKind::Capture
        } else if !incident.races.is_empty() {
            IncidentKind::RaceReports
        } else if failed {
            IncidentKind::TestFailure
        } else {
            return None;
        };
        Some(self.incident)
    }
}

fn test_kind(document: &Document<'_>, at: ItemRef) -> Option<TestMarkKind> {
    match document.items.get(at.item as usize) {
        Some(Item::Test(mark)) => Some(mark.kind),
        _ => None,
    }
}

/// The incidents of one document, in text order, not yet joined with those of others.
pub(super) fn parts(evidence: &Evidence<'_>, document: &Document<'_>) -> Vec<Incident> {
    let mut splitter = Splitter {
        document,
        symbols: &evidence.symbols,
        closed: Vec::new(),
        open: None,
        recovered: FxHashMap::default(),
        awaiting_recovered: None,
    };
    for (item, content) in document.items.iter().enumerate() {
        let at = ItemRef {
            document: document.id,
            item: item as u32,
        };
        splitter.take(at, content);
    }
    splitter.close();
    let mut incidents: Vec<Incident> = Vec::new();
    for part in splitter.closed {
        let Some(incident) = part.named(evidence, document) else {
            continue;
        };
        match incidents.last_mut() {
            Some(before) if is_same_process(evidence, document, before, &incident) => {
                absorb_further(before, incident);
            }
            _ => incidents.push(incident),
        }
    }
    incidents
}

struct Splitter<'e, 't> {
    document: &'e Document<'t>,
    symbols: &'e Symbols<'t>,
    closed: Vec<Part>,
    open: Option<Part>,
    /// Recovered panics by their stack, as indices into `closed`.
    recovered: FxHashMap<StackId, usize>,
    /// An `http: panic serving` line whose goroutine has not come yet.
    awaiting_recovered: Option<ItemRef>,
}

impl<'t> Splitter<'_, 't> {
    fn take(&mut self, at: ItemRef, content: &Item<'t>) {
        if !matches!(content, Item::Goroutines(_)) {
            self.settle_recovered(None);
        }
        match content {
            Item::Crash(_) => self.begin_crash(at),
            Item::Goroutines(range) => {
                let rest = self.settle_recovered(Some(range.clone()));
                let document = self.document;
                if !rest.is_empty() {
                    self.live(at).add_run(document, rest);
                }
            }
            Item::Fragment(_) => self.live(at).incident.fragments.push(at),
            Item::Thread(_) => self.live(at).incident.threads.push(at),
            Item::Registers(_) => self.live(at).incident.registers.push(at),
            Item::Race(_) => self.live(at).incident.races.push(at),
            Item::RaceCount(..) => {
                // Printed as the process exits.
                let part = self.live(at);
                part.incident.race_counts.push(at);
                part.ended = true;
            }
            Item::Profile(profile) => {
                if self.open.as_ref().is_some_and(Part::is_crash) {
                    self.close();
                }
                let incident = &mut self.live(at).incident;
                incident.profiles.push(at);
                if profile.kind == ProfileKind::Goroutine {
                    let counted = profile.total(0).and_then(|total| u64::try_from(total).ok());
                    let total = profile.declared_total.or(counted);
                    incident.profile_total = incident.profile_total.max(total);
                }
            }
            Item::Trace(_) => {
                if self.open.as_ref().is_some_and(Part::is_crash) {
                    self.close();
                }
                self.live(at).incident.traces.push(at);
            }
            Item::Test(mark) => self.take_test(at, mark),
        }
    }

    fn begin_crash(&mut self, at: ItemRef) {
        let mut crash = Part::new(IncidentKind::Crash, at);
        crash.incident.crash = Some(at);
        if let Some(mut loose) = self.open.take_if(|open| !open.is_crash() && !open.ended) {
            crash.take_forerunners(&mut loose);
            self.closed.push(loose);
        }
        self.close();
        self.open = Some(crash);
    }

    fn take_test(&mut self, at: ItemRef, mark: &TestMark<'_>) {
        match mark.kind {
            TestMarkKind::HttpPanic => {
                // Whoever serves again is alive: a crash before it was of another process.
                if self.open.as_ref().is_some_and(Part::is_crash) {
                    self.close();
                }
                self.awaiting_recovered = Some(at);
            }
            TestMarkKind::TestFailed | TestMarkKind::RaceInTest => {
                self.live(at).incident.tests.push(at);
            }
            TestMarkKind::ProcessEnded => {
                if let Some(open) = &mut self.open {
                    open.incident.tests.push(at);
                    open.ended = true;
                }
            }
            TestMarkKind::PackageOk => self.close(),
            TestMarkKind::PackageFailed => self.end_package(at, mark),
        }
    }

    /// `FAIL pkg` ends the package whose test is open; alone, it is a package that failed to build.
    fn end_package(&mut self, at: ItemRef, mark: &TestMark<'_>) {
        let named = !mark.name.is_empty();
        let belongs = self
            .open
            .as_ref()
            .is_some_and(|open| !open.package_named || !named);
        if !belongs {
            self.close();
            if !named {
                return;
            }
        }
        let part = self
            .open
            .get_or_insert_with(|| Part::new(IncidentKind::TestFailure, at));
        part.incident.tests.push(at);
        part.package_named |= named;
        part.ended = true;
    }

    /// Gives a recovered panic its goroutine, the first of `range`; what is left of the range is returned.
    fn settle_recovered(&mut self, range: Option<Range<u32>>) -> Range<u32> {
        let mut rest = range.unwrap_or_default();
        let Some(at) = self.awaiting_recovered.take() else {
            return rest;
        };
        let start = self.serving(&rest).unwrap_or(rest.start);
        let own = start..rest.end.min(start.saturating_add(1));
        rest.start = own.end;
        let stack = self
            .document
            .goroutines
            .get(own.start as usize)
            .filter(|_| !own.is_empty())
            .map_or(StackId::EMPTY, |goroutine| goroutine.stack);
        if stack != StackId::EMPTY {
            if let Some(known) = self
                .recovered
                .get(&stack)
                .and_then(|&n| self.closed.get_mut(n))
            {
                known.incident.repeats.push(at);
                return rest;
            }
            self.recovered.insert(stack, self.closed.len());
        }
        let mut part = Part::new(IncidentKind::RecoveredPanic, at);
        part.incident.crash = Some(at);
        part.add_run(self.document, own);
        self.closed.push(part);
        rest
    }

    /// The goroutine of a request among the first of a range: blocks before it are quoted in the panic's own text, which net/http prints
    /// as it is.
    fn serving(&self, range: &Range<u32>) -> Option<u32> {
        const QUOTED_MOST: usize = 4;
        range.clone().take(QUOTED_MOST).find(|&index| {
            let stack = self
                .document
                .goroutines
                .get(index as usize)
                .map(|goroutine| goroutine.stack);
            let mut functions = self
                .symbols
                .frames(stack.unwrap_or(StackId::EMPTY))
                .map(|frame| self.symbols.text(frame.func));
            functions.any(|function| function == b"net/http.(*conn).serve.func1")
        })
    }

    /// The part that goes on collecting at `at`.
    fn live(&mut self, at: ItemRef) -> &mut Part {
        if self.open.as_ref().is_some_and(|open| open.ended) {
            self.close();
        }
        self.open
            .get_or_insert_with(|| Part::new(IncidentKind::Capture, at))
    }

    fn close(&mut self) {
        self.settle_recovered(None);
        self.closed.extend(self.open.take());
    }
}

/// The first goroutine block but g0 behind an item, before the next preamble.
pub(super) fn first_goroutine(document: &Document<'_>, item: u32) -> Option<GoroutineRef> {
    let behind = document.items.get(item as usize + 1..).unwrap_or_default();
    let own = behind
        .iter()
        .take_while(|item| !matches!(item, Item::Crash(_)));
    own.filter_map(|item| match item {
        Item::Goroutines(range) => Some(range.clone()),
        _ => None,
    })
    .flatten()
    .find(|&index| {
        let goroutine = document.goroutines.get(index as usize);
        goroutine.is_some_and(|goroutine| goroutine.id.0 != 0)
    })
    .map(|index| GoroutineRef {
        document: document.id,
        index,
    })
}

/// True where `later` is proved to be a second death in the process of `before`; the rule stands at [`super::incidents`].
fn is_same_process(
    evidence: &Evidence<'_>,
    document: &Document<'_>,
    before: &Incident,
    later: &Incident,
) -> bool {
    let both_died = before.kind == IncidentKind::Crash && later.kind == IncidentKind::Crash;
    let ended = before.tests.iter().any(|at| {
        test_kind(document, *at) == Some(TestMarkKind::ProcessEnded)
            || test_kind(document, *at) == Some(TestMarkKind::PackageFailed)
    });
    let Some(crash) = later.preamble(evidence).filter(|_| both_died && !ended) else {
        return false;
    };
    if says_panic_during_panic(document, crash) {
        return true;
    }
    let mut ids = later.blocks().filter_map(|block| block.of(evidence));
    let Some(second) = ids.find(|goroutine| goroutine.id.0 != 0) else {
        return false;
    };
    let alone = ids.all(|other| other.id == second.id || other.id.0 == 0);
    let mut listed = before.blocks().filter_map(|block| block.of(evidence));
    alone
        && (listed.any(|listed| super::is_unavailable_copy(listed, second, &evidence.symbols))
            || died_at_once(evidence, document, before, crash, second))
}

/// True where a report of another goroutine stands directly on the last line of the one before, without the blank line or the words
/// that a new process prints first, and not a second later.
fn died_at_once(
    evidence: &Evidence<'_>,
    document: &Document<'_>,
    before: &Incident,
    crash: &Crash<'_>,
    second: &Goroutine,
) -> bool {
    const AT_ONCE: i64 = 1_000_000_000;
    let panicked = before
        .preamble(evidence)
        .is_some_and(|first| first.fatal.is_none() && first.signal_dump.is_none());
    let Some(last) = before
        .blocks()
        .next_back()
        .and_then(|block| block.of(evidence))
    else {
        return false;
    };
    let time = |line| document.lines.origin(line).time;
    let apart = time(crash.line)
        .zip(time(last.line))
        .map(|(later, earlier)| later.abs_diff(earlier));
    last.span.end == crash.span.start
        && panicked
        && crash.fatal.is_none()
        && crash.signal_dump.is_none()
        && before
            .blocks()
            .filter_map(|block| block.of(evidence))
            .all(|other| other.id != second.id)
        && apart.is_none_or(|apart| apart <= AT_ONCE as u64)
}

fn says_panic_during_panic(document: &Document<'_>, crash: &Crash<'_>) -> bool {
    let text = document.slice(crash.span);
    let in_text = text
        .split(|&b| b == b'\n')
        .any(|line| line.trim_ascii() == b"panic during panic");
    in_text
        || crash
            .context
            .iter()
            .any(|line| line.trim_ascii() == b"panic during panic")
}

fn absorb_further(before: &mut Incident, later: Incident) {
    before.further_crashes.extend(later.crash);
    before.further_crashes.extend(later.further_crashes);
    before.runs.extend(later.runs);
    before.fragments.extend(later.fragments);
    before.races.extend(later.races);
    before.race_counts.extend(later.race_counts);
    before.threads.extend(later.threads);
    before.registers.extend(later.registers);
    before.tests.extend(later.tests);
}

/// True where the first goroutine of the document was raising a panic or a fatal error, though no preamble says so.
fn is_cut_crash(evidence: &Evidence<'_>, document: &Document<'_>, incident: &Incident) -> bool {
    let symbols = &evidence.symbols;
    let Some(first) = incident.blocks().next().filter(|first| first.index == 0) else {
        return false;
    };
    let Some(goroutine) = document.goroutines.get(first.index as usize) else {
        return false;
    };
    let state = wait_state(symbols.text(goroutine.state)).map(|row| row.kind);
    let runs = state == Some(WaitKind::Running);
    let whole_header = !goroutine.flags.has(GoroutineFlags::DAMAGED_HEADER);
    runs && whole_header
        && distinct::quality(goroutine) > 0
        && (innermost(symbols, goroutine.stack).is_some_and(raises)
            || begins_behind_preamble(document, goroutine))
}

/// True where the text begins with the blank line that stands between a preamble and the first goroutine: `debug.SetCrashOutput` of
/// Go 1.23 and later leaves the fatal error itself out of its file.
fn begins_behind_preamble(document: &Document<'_>, first: &Goroutine) -> bool {
    first.line.0 == 1 && document.text.first() == Some(&b'\n')
}

fn innermost<'t>(symbols: &Symbols<'t>, stack: StackId) -> Option<&'t [u8]> {
    let frame = symbols.frames(stack).next()?;
    Some(symbols.text(frame.func))
}

/// True for functions that end a process: `panic`, `runtime.throw`, `internal/runtime/maps.fatal`, `sync.fatal`.
fn raises(function: &[u8]) -> bool {
    const RUNTIME: &[&[u8]] = &[
        b"panic",
        b"runtime.throw",
        b"runtime.fatal",
        b"runtime.fatalthrow",
        b"runtime.fatalpanic",
        b"runtime.gopanic",
        b"runtime.sigpanic",
        b"runtime.panicmem",
        b"runtime.dopanic_m",
    ];
    // Packages of the standard library reach the runtime's `throw` and `fatal` by linked names of their own.
    let linked = matches!(owner(function), Owner::Runtime | Owner::Std)
        && (function.ends_with(b".fatal") || function.ends_with(b".throw"));
    linked || RUNTIME.contains(&function)
}
