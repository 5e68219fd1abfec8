//! Step 2, Locate: the operations and lines that fought, who started them, who waits for whom.

use super::case::Case;
use super::maps::{op_word, why_sentence};
use super::observe::{crash_at, finding};
use super::report::{At, Category, ChainLink, Creation, CreationEdge, CreationSite, Finding};
use super::values::{at, count, place, site};
use crate::analyze::conflict::{Conflict, ConflictGraph, Party, Why};
use crate::analyze::creation::ChainEnd;
use crate::analyze::incident::GoroutineRef;
use crate::model::{Grade, Item, RaceAccess, RaceActor, RaceStack};

/// The statements of the step.
pub(super) fn findings(case: &Case<'_, '_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = case
        .maps
        .conflicts
        .iter()
        .map(|conflict| conflict_finding(case, conflict))
        .collect();
    findings.extend(hottest_line(case));
    findings.extend(no_map_conflict(case));
    findings.extend(data_races(case));
    findings.extend(super::waits::findings(case));
    findings.extend(super::profiles::locate(case));
    findings.extend(super::trace::findings(case, 2));
    findings.extend(chains(case));
    findings.extend(busiest_site(case));
    findings
}

fn conflict_finding(case: &Case<'_, '_>, conflict: &Conflict) -> Finding {
    let [first, second] = &conflict.parties;
    let said = match conflict.grade {
        Grade::Unknown => format!(
            "{}. The other party, a writer, is not in the text.",
            described(case, first)
        ),
        _ => format!(
            "{}; {}: {}.",
            described(case, first),
            described(case, second),
            reasons(conflict)
        ),
    };
    let evidence = conflict
        .reasons
        .iter()
        .map(|reason| at(case.evidence, reason.document, reason.line));
    finding(said, conflict.grade, evidence.collect())
}

/// The line that takes part in most of several conflicts.
fn hottest_line(case: &Case<'_, '_>) -> Option<Finding> {
    let certain: Vec<Conflict> = case
        .maps
        .conflicts
        .iter()
        .filter(|conflict| conflict.grade >= Grade::Probable)
        .cloned()
        .collect();
    let graph = ConflictGraph::of(&certain);
    let (line, conflicts) = graph.hottest()?;
    let apart = match graph.quarrels() {
        1 => String::new(),
        quarrels => format!(" The conflicts fall into {quarrels} groups that share no line."),
    };
    let said = format!(
        "{} takes part in {conflicts} of {}: guard it first.{apart}",
        site(case.evidence, line),
        count(certain.len() as u64, "conflict", "conflicts")
    );
    let grade = certain.iter().map(|conflict| conflict.grade).min()?;
    let lines = certain.iter().flat_map(|conflict| &conflict.reasons);
    Some(finding(
        said,
        grade,
        lines
            .map(|reason| at(case.evidence, reason.document, reason.line))
            .collect(),
    ))
}

/// Why the second party is held to be one.
fn reasons(conflict: &Conflict) -> String {
    let mut whys: Vec<Why> = conflict
        .reasons
        .iter()
        .map(|reason| reason.why)
        .filter(|&why| why != Why::RuntimeMessage)
        .collect();
    whys.dedup();
    let sentences: Vec<&str> = whys.into_iter().map(why_sentence).collect();
    sentences.join(", and ")
}

/// `goroutine 24 wrote in main.set (main.go:20), on the object 0xc00012a000`
fn described(case: &Case<'_, '_>, party: &Party) -> String {
    let who = match (
        party.goroutine.and_then(|at| at.of(case.evidence)),
        party.actor,
    ) {
        (Some(goroutine), _) => format!("Goroutine {}", goroutine.id),
        (None, Some(RaceActor::Main)) => "The main goroutine".into(),
        (None, Some(RaceActor::Goroutine(id))) => format!("Goroutine {id} of the detector"),
        (None, None) => "One of the goroutines there".into(),
    };
    let op = op_word(party.op);
    let place = match (party.site, party.actor) {
        (Some(id), _) => format!("at {}", site(case.evidence, id)),
        (None, Some(_)) => {
            "at a line the report leaves out (Go 1.27 hides the function of a plain lookup)".into()
        }
        (None, None) => "at a line that is not in the text".into(),
    };
    let object = party
        .receiver
        .map(|address| format!(", receiver {address}"))
        .unwrap_or_default();
    format!("{who}: {op} {place}{object}")
}

/// Said where readers might suspect a map and nothing bears it out.
fn no_map_conflict(case: &Case<'_, '_>) -> Option<Finding> {
    let in_map_code = !case.maps.in_operations.is_empty() && case.maps.conflicts.is_empty();
    let faulted_inside = case
        .crasher
        .is_some_and(|at| case.maps.in_operations.contains(&at));
    match (in_map_code, faulted_inside, case.category) {
        (true, true, Category::NilDereference | Category::RuntimeFault | Category::Signal) => Some(finding(
            "The fault happened inside the runtime's own map code. A map that is written without a lock can be left broken without any fatal message, so an unnoticed race is one cause; stray writes through unsafe or cgo are another.".into(),
            Grade::Possible,
            crash_at(case),
        )),
        (true, false, _) => Some(finding(
            "Goroutines inside map operations were found on no common map: they are not held to be part of this.".into(),
            Grade::Probable,
            Vec::new(),
        )),
        _ => None,
    }
}

/// Reports of the detector that are about no map operation.
fn data_races(case: &Case<'_, '_>) -> Vec<Finding> {
    const LISTED: usize = 8;
    let reports = case
        .incident
        .races
        .iter()
        .filter_map(|item| match item.of(case.evidence)? {
            Item::Race(report) => Some((item.document, report)),
            _ => None,
        });
    let plain = reports.filter(|(document, report)| {
        let lines: Vec<_> = report.accesses.iter().map(|access| access.line).collect();
        !case.maps.conflicts.iter().any(|conflict| {
            conflict
                .reasons
                .iter()
                .any(|reason| reason.document == *document && lines.contains(&reason.line))
        })
    });
    let said = plain.take(LISTED).filter_map(|(document, report)| {
        let [first, second, ..] = &report.accesses[..] else {
            return None;
        };
        let text = format!(
            "Data race on {}: {}; {}.",
            first.address,
            access(case, first),
            access(case, second)
        );
        let evidence = vec![
            at(case.evidence, document, first.line),
            at(case.evidence, document, second.line),
        ];
        Some(finding(text, Grade::Confirmed, evidence))
    });
    said.collect()
}

fn access(case: &Case<'_, '_>, access: &RaceAccess) -> String {
    let did = if access.write { "write" } else { "read" };
    let site_id = match access.stack {
        RaceStack::Known(stack) => crate::analyze::accesses::user_site(case.evidence, stack),
        RaceStack::Lost => None,
    };
    let place = site_id
        .map(|id| format!("at {}", site(case.evidence, id)))
        .unwrap_or("at a lost stack".into());
    let who = match access.actor {
        RaceActor::Main => "the main goroutine".into(),
        RaceActor::Goroutine(id) => format!("goroutine {id} of the detector"),
    };
    format!("{did} {place} by {who}")
}

/// How the parties came to be.
fn chains(case: &Case<'_, '_>) -> Vec<Finding> {
    let mut seen: Vec<GoroutineRef> = Vec::new();
    let parties = case
        .maps
        .conflicts
        .iter()
        .filter(|conflict| conflict.grade >= Grade::Probable)
        .flat_map(|conflict| &conflict.parties);
    for block in parties
        .filter_map(|party| party.goroutine)
        .chain(case.crasher)
    {
        if !seen.contains(&block) {
            seen.push(block);
        }
    }
    const LISTED: usize = 4;
    let mut told: Vec<(Vec<ChainLink>, Vec<GoroutineRef>)> = Vec::new();
    for block in seen.into_iter().take(LISTED) {
        let links = case.chain(block);
        // A chain that reaches into a trace is long: equal ones are told once.
        let traced = links.iter().any(|link| link.input.is_some());
        let known = told.iter_mut().find(|(known, _)| traced && *known == links);
        match known {
            Some((_, blocks)) => blocks.push(block),
            None => told.push((links, vec![block])),
        }
    }
    told.iter()
        .filter_map(|(links, blocks)| chain_finding(case, links, blocks))
        .collect()
}

fn chain_finding(
    case: &Case<'_, '_>,
    links: &[ChainLink],
    blocks: &[GoroutineRef],
) -> Option<Finding> {
    let block = *blocks.first()?;
    let goroutine = block.of(case.evidence)?;
    let end = ending(case.forest.chain(block).end);
    let said = match (links.is_empty(), goroutine.id.0) {
        (true, 1) => "Goroutine 1 is the main goroutine.".to_owned(),
        (true, id) => format!("Who created goroutine {id} is not in the text."),
        (false, id) => {
            let steps: Vec<String> = links.iter().map(link_text).collect();
            let steps = steps.join(", which was created ");
            match blocks.len() {
                1 => format!("Goroutine {id} was created {steps}{end}."),
                _ => format!("{} were created {steps}{end}.", together(case, blocks)),
            }
        }
    };
    let printed = blocks.iter().filter_map(|block| {
        let line = block.of(case.evidence)?.line;
        Some(at(case.evidence, block.document, line))
    });
    let mut evidence: Vec<At> = printed.collect();
    let mut traces: Vec<u32> = links.iter().filter_map(|link| link.input).collect();
    traces.dedup();
    evidence.extend(traces.iter().map(|&input| At { input, line: 0 }));
    let grade = match traces.is_empty() {
        true => Grade::Confirmed,
        false => Grade::Probable,
    };
    Some(finding(said, grade, evidence))
}

/// `Goroutines 22, 23 and 24`.
fn together(case: &Case<'_, '_>, blocks: &[GoroutineRef]) -> String {
    let ids = blocks.iter().filter_map(|block| block.of(case.evidence));
    let ids: Vec<String> = ids.map(|goroutine| goroutine.id.0.to_string()).collect();
    match ids.split_last() {
        Some((last, before)) => format!("Goroutines {} and {last}", before.join(", ")),
        None => String::new(),
    }
}

/// Why a chain goes no further, where that is worth a word.
fn ending(end: ChainEnd) -> &'static str {
    match end {
        ChainEnd::Main | ChainEnd::ParentGone => "",
        ChainEnd::ParentUnknown => "; who ran that statement is not printed",
        ChainEnd::SiteMissing => "; the text breaks off there",
        ChainEnd::Circle => "; the links run in a circle, so the text mixes several processes",
        ChainEnd::TooLong => "; and so on",
    }
}

fn link_text(link: &ChainLink) -> String {
    let file = link.site.file.rsplit('/').next().unwrap_or_default();
    let callers: String = link
        .callers
        .iter()
        .map(|caller| format!(" ← {}", caller.func))
        .collect();
    let place = format!("at {} ({file}:{}){callers}", link.site.func, link.site.line);
    match (link.goroutine, link.present) {
        (Some(1), true) => format!("{place} by goroutine 1"),
        (Some(id), true) => format!("{place} by goroutine {id}"),
        (Some(id), false) if link.input.is_some() => format!("{place} by goroutine {id}"),
        (Some(id), false) => format!("{place} by goroutine {id}, which is not in the text"),
        (None, _) => place,
    }
}

fn busiest_site(case: &Case<'_, '_>) -> Option<Finding> {
    let busiest = case
        .forest
        .sites
        .first()
        .filter(|busiest| busiest.goroutines > 1)?;
    let said = format!(
        "Most live goroutines come from {}: {}.",
        site(case.evidence, busiest.site),
        count(u64::from(busiest.goroutines), "goroutine", "goroutines")
    );
    Some(finding(said, Grade::Confirmed, Vec::<At>::new()))
}

/// The creation forest as reported: all edges up to the forest's bound, those of parties in any case.
pub(super) fn creation(case: &Case<'_, '_>) -> Creation {
    let parties = case
        .maps
        .conflicts
        .iter()
        .flat_map(|conflict| &conflict.parties)
        .filter_map(|party| party.goroutine);
    let asked: Vec<GoroutineRef> = parties.chain(case.crasher).collect();
    let (edges, edges_omitted) = case.forest.edges(&asked);
    let edges = edges.into_iter().map(|edge| CreationEdge {
        parent: edge.parent.map(|id| id.0),
        child: edge.child.0,
        site: place(case.evidence, edge.site),
    });
    let sites = case.forest.sites.iter().map(|made| {
        let at = place(case.evidence, made.site);
        CreationSite {
            func: at.func,
            file: at.file,
            line: at.line,
            goroutines: u64::from(made.goroutines),
            parents: made.parents.iter().map(|id| id.0).collect(),
        }
    });
    Creation {
        edges: edges.collect(),
        edges_omitted,
        sites: sites.collect(),
        gone_parents: u64::from(case.forest.gone_parents),
    }
}
