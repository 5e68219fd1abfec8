//! The sentences of the four steps of a trace's report. Numbers come from the figures; nothing is counted here.

use super::TraceSummary;
use crate::analyze::trace::{
    CHROME_HEADER, Figures, Findings, MapOverlap, MapUse, Name, Origin, Place, Stretch, TEXT_HEADER,
};
use crate::goruntime::tracewire::writers;
use crate::model::Grade;
use crate::model::trace::DamageKind;
use crate::triage::observe::finding;
use crate::triage::report::{Code, Finding, Step};
use crate::triage::values::{count, grouped};

/// A wait or a stretch without a processor below this is the work of any scheduler, in ns.
const NOTABLE: i64 = 10_000_000;

/// The range in which the collector marks.
const MARKING: &[u8] = b"GC concurrent mark phase";

/// Goroutines of one origin alive at the end that are worth a sentence.
const MANY: u64 = 100;

/// The four steps.
pub(super) fn all(summary: &TraceSummary, truncated: bool) -> Vec<Step> {
    let (trace, findings) = (&summary.trace, &summary.findings);
    let step = |n, title, findings| Step { n, title, findings };
    vec![
        step(1, "Observe", observe(truncated, trace, findings)),
        step(2, "Locate", locate(trace, findings)),
        step(3, "Anatomy", anatomy(trace, findings)),
        step(4, "Verify and mitigate", verify(trace, findings)),
    ]
}

/// A statement about the whole trace: its evidence are the figures that go with the report.
fn said(text: String, grade: Grade) -> Finding {
    finding(text, grade, Vec::new())
}

/// With lines to paste.
fn with_code(mut finding: Finding, text: &str) -> Finding {
    finding.code = Some(Code {
        lang: "sh",
        text: text.to_owned(),
    });
    finding
}

/// What a viewer's picture of a trace does not hold.
fn left_out(trace: &Figures) -> Option<Finding> {
    let unseen = trace.go_transitions.get("Waiting->Running");
    let unseen = match unseen {
        Some(&count) => format!(
            " It does not tell when and by whom {} ended: their whole time until the goroutine ran again counts as waiting.",
            self::count(count, "wait was", "waits were")
        ),
        None => String::new(),
    };
    let text = format!(
        "The JSON is a picture of the trace: goroutines that never ran, labels, tasks, regions and GOMAXPROCS are not in it, and counts of events are of what was read back from it.{unseen} The trace it was made from tells all of it."
    );
    (trace.header == CHROME_HEADER).then(|| said(text, Grade::Confirmed))
}

fn observe(truncated: bool, trace: &Figures, findings: &Findings) -> Vec<Finding> {
    let origin = match (writers(&trace.header), trace.header.as_str()) {
        (Some(writers), header) => format!("written by {} (header {header:?})", writers.words),
        (None, TEXT_HEADER) => {
            "read from the text of go tool trace, which does not tell the Go version".to_owned()
        }
        (None, CHROME_HEADER) => "read from the JSON that go tool trace gives a browser, which does not tell the Go version".to_owned(),
        (None, header) => format!("written by a Go version that is not known (header {header:?})"),
    };
    let mut list = vec![said(
        format!(
            "{} in {}, {origin}.",
            count(trace.events_total, "event", "events"),
            time(findings.last_ns.saturating_sub(findings.first_ns))
        ),
        Grade::Confirmed,
    )];
    list.extend(left_out(trace));
    let of = &trace.goroutines;
    list.push(said(
        format!(
            "{}: {} there before, {} created, {} ended, {} alive at the end.",
            count(of.seen, "goroutine", "goroutines"),
            grouped(of.preexisting),
            grouped(of.created),
            grouped(of.destroyed),
            grouped(of.alive_at_end)
        ),
        Grade::Confirmed,
    ));
    list.extend(earlier(findings));
    list.extend(stop(findings));
    list.extend(damage(truncated, trace, findings));
    list
}

/// A first generation that is not number 1.
fn earlier(findings: &Findings) -> Option<Finding> {
    (findings.first_generation > 1).then(|| {
        said(
            format!(
                "The trace begins with generation {}: a flight recorder wrote it, or the process had traced before. Who created the goroutines that were there is not in it.",
                findings.first_generation
            ),
            Grade::Confirmed,
        )
    })
}

fn stop(findings: &Findings) -> Option<Finding> {
    let (name, ns) = findings.longest_stop.as_ref()?;
    Some(said(
        format!(
            "The longest stop of the world took {}{}.",
            time(*ns),
            named(&name.to_string())
        ),
        Grade::Confirmed,
    ))
}

/// ` (stop-the-world (GC mark termination))`; nothing where the name is lost.
fn named(name: &str) -> String {
    match name.ends_with("()") || name.is_empty() {
        true => String::new(),
        false => format!(" ({name})"),
    }
}

/// What of the file could not be read, and what that means.
fn damage(truncated: bool, trace: &Figures, findings: &Findings) -> Vec<Finding> {
    let mut list = Vec::new();
    let total: u64 = findings.damage_counts.values().sum();
    if total > 0 {
        let kinds = findings.damage_counts.iter();
        let kinds: Vec<String> = kinds
            .map(|(kind, times)| format!("{} ({})", damage_words(*kind), grouped(*times)))
            .collect();
        let first = trace.damage.first().map_or_else(String::new, |first| {
            format!(", first at byte {}", grouped(first.offset))
        });
        list.push(said(
            format!(
                "The trace is damaged: {}{first}. What could be read is counted.",
                kinds.join("; ")
            ),
            Grade::Confirmed,
        ));
    }
    if let Some(saved) = &findings.salvaged {
        list.push(said(
            format!(
                "The last generation has no tables: its {} ({}) are counted without stacks and names, in the order of time alone.",
                count(saved.events, "event", "events"),
                time(saved.to_ns.saturating_sub(saved.from_ns))
            ),
            Grade::Confirmed,
        ));
    }
    if truncated {
        list.push(said(
            "Reading stopped before the end of the input.".into(),
            Grade::Confirmed,
        ));
    }
    list
}

fn damage_words(kind: DamageKind) -> &'static str {
    match kind {
        DamageKind::CutBatch => "the file ends inside a batch of events",
        DamageKind::IncompleteGeneration => "the last generation's tables are lost",
        DamageKind::NotABatch => "bytes that are no batch",
        DamageKind::GenerationOrder => "generations out of order",
        DamageKind::NoFrequency => "the clock's frequency is lost",
        DamageKind::UnknownEvent => "events of an unknown type",
        DamageKind::BrokenEvent => "broken events",
        DamageKind::BrokenTable => "broken tables",
        DamageKind::MissingEntry => "stacks or strings that are in no table",
        DamageKind::Contradiction => "events that contradict the state before them",
        DamageKind::NoOrder => "events that wait for others that never come",
        DamageKind::NewFormat => "a newer format than is known",
        DamageKind::TimeOrder => "time that goes backwards",
    }
}

fn locate(trace: &Figures, findings: &Findings) -> Vec<Finding> {
    let mut list = Vec::new();
    list.extend(map_work(trace, findings));
    list.extend(
        findings
            .map_overlaps
            .iter()
            .take(3)
            .filter_map(|overlap| overlapping(overlap, findings)),
    );
    list.extend(longest(
        &findings.waiting_at_end,
        "waits at the end",
        "has waited",
    ));
    list.extend(longest(
        &findings.longest_runnable,
        "went longest without a processor",
        "was runnable",
    ));
    list.extend(growing(findings));
    if list.is_empty() {
        list.push(said(
            "Nothing stands out: no map operation on a stack, no long wait at the end, nobody kept from running.".into(),
            Grade::Unknown,
        ));
    }
    list
}

/// The line with most of the map work.
fn map_work(trace: &Figures, findings: &Findings) -> Option<Finding> {
    let top = findings.map_uses.first()?;
    let sampled = match trace.cpu_samples.total {
        0 => "no CPU profile ran with the trace, so these are chance sights".to_owned(),
        total => format!(
            "{} of {} show one",
            grouped(trace.cpu_samples.with_map_frame),
            count(total, "CPU sample", "CPU samples")
        ),
    };
    Some(said(
        format!(
            "Map operations stand on {} ({sampled}); most often goroutine {} in {} at {}.",
            count(trace.events_with_map_frame, "stack", "stacks"),
            top.goroutine,
            top.operation,
            site_words(&top.at)
        ),
        Grade::Confirmed,
    ))
}

/// Two goroutines in map operations at one moment. It need not be one map, so no more than a suspicion.
fn overlapping(overlap: &MapOverlap, findings: &Findings) -> Option<Finding> {
    let [a, b] = [overlap.a, overlap.b].map(|index| findings.map_uses.get(index));
    let (a, b): (&MapUse, &MapUse) = (a?, b?);
    (overlap.inside > 0).then(|| {
        said(
            format!(
                "Goroutine {} ({} at {}) and goroutine {} ({} at {}) were seen inside at the same moment, {} within {}. Whether it was one map is not in a trace.",
                a.goroutine,
                a.operation,
                site_words(&a.at),
                b.goroutine,
                b.operation,
                site_words(&b.at),
                count(overlap.inside, "time", "times"),
                time(overlap.to_ns.saturating_sub(overlap.from_ns))
            ),
            Grade::Possible,
        )
    })
}

/// The first of a list, where it is long enough to matter; goroutines of the tracer are left out.
fn longest(list: &[Stretch], what: &str, verb: &str) -> Option<Finding> {
    let top = list
        .iter()
        .filter(|stretch| stretch.is_programs())
        .find(|stretch| stretch.ns >= NOTABLE && !stretch.stack.is_empty())?;
    let reason = match top.reason.is_empty() {
        true => String::new(),
        false => format!(" ({})", top.reason),
    };
    Some(said(
        format!(
            "Goroutine {} {what}: it {verb} for {}{reason} at {}.",
            top.goroutine,
            time(top.ns),
            top.place()
                .map_or_else(|| "a place that is not in the trace".into(), site_words)
        ),
        Grade::Confirmed,
    ))
}

/// One `go` statement whose goroutines stay.
fn growing(findings: &Findings) -> Option<Finding> {
    let stays = |origin: &&Origin| origin.alive >= MANY && !origin.created_at.is_empty();
    let top = findings
        .origins
        .iter()
        .filter(stays)
        .max_by_key(|origin| origin.alive)?;
    Some(said(
        format!(
            "{} begun with {} are alive at the end, of {} created at {}.",
            count(top.alive, "goroutine", "goroutines"),
            top.start_func,
            grouped(top.goroutines),
            top.created_at.first().map_or_else(String::new, site_words)
        ),
        Grade::Confirmed,
    ))
}

fn anatomy(trace: &Figures, findings: &Findings) -> Vec<Finding> {
    let maps = match findings.map_uses.is_empty() {
        true => "No stack of this trace stands in a map operation.",
        false => "Which map a stack stands in, its header and its keys are not in a trace.",
    };
    let mut list = vec![said(
        format!(
            "Map operations make no events; they show in CPU samples and on stacks of other events. {maps}"
        ),
        Grade::Confirmed,
    )];
    let gauges = &findings.gauges;
    if gauges.heap_most > 0 {
        list.push(said(
            format!(
                "The heap was {} bytes at most, {} at the end, with a goal of {}; GOMAXPROCS {}.",
                grouped(gauges.heap_most),
                grouped(gauges.heap_last),
                grouped(gauges.goal_last),
                gauges.procs
            ),
            Grade::Confirmed,
        ));
    }
    let mark = trace.ranges.get(&Name::from(MARKING));
    list.extend(mark.filter(|mark| mark.begin > 0).map(|mark| {
        said(
            format!(
                "The garbage collector marked {}, for {} in all.",
                count(mark.begin, "time", "times"),
                time(mark.ns)
            ),
            Grade::Confirmed,
        )
    }));
    list
}

fn verify(trace: &Figures, findings: &Findings) -> Vec<Finding> {
    let lost = "A fatal error such as concurrent map writes flushes nothing: up to the last second before it is missing, without a sign of it in the file. Shorter generations lose less.";
    let mut list = vec![with_code(
        said(lost.into(), Grade::Confirmed),
        "GODEBUG=traceadvanceperiod=50000000 ./app    # Go 1.22 and later: generations of 50 ms\n",
    )];
    if trace.cpu_samples.total == 0 {
        let blind = "No CPU profile ran with the trace, so map operations show by chance only. Taken together, a hundred samples for each second of CPU time join the trace.";
        list.push(with_code(
            said(blind.into(), Grade::Confirmed),
            "curl -o cpu.pb.gz 'http://HOST/debug/pprof/profile?seconds=6' &\ncurl -o trace.out 'http://HOST/debug/pprof/trace?seconds=5'\n",
        ));
    }
    if !findings.map_overlaps.is_empty() {
        let open =
            "Whether these goroutines share one map without a lock, the race detector tells.";
        list.push(with_code(
            said(open.into(), Grade::Unknown),
            "CGO_ENABLED=1 go test -race ./...\n",
        ));
    }
    list
}

/// `main.worker (main.go:30)`.
pub fn site_words(place: &Place) -> String {
    let file = place.file.to_string();
    let file = file.rsplit('/').next().unwrap_or_default();
    format!("{} ({file}:{})", place.func, place.line)
}

/// `1.25 s`, `340 ms`, `12 µs`.
pub fn time(ns: i64) -> String {
    let of = |unit: f64, name: &str| {
        let value = ns as f64 / unit;
        match value.abs() {
            value if value >= 100.0 => format!("{value:.0} {name}"),
            value if value >= 10.0 => format!("{value:.1} {name}"),
            _ => format!("{value:.2} {name}"),
        }
    };
    match ns.unsigned_abs() {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => of(1e3, "µs"),
        1_000_000..1_000_000_000 => of(1e6, "ms"),
        _ => of(1e9, "s"),
    }
}
