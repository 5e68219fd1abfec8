//! `gotriage trace`: the four steps of a trace, and under each the tables that its sentences come from.

use super::sheet::{Block, Fit};
use crate::analyze::trace::{MapUse, Name, Origin, Place, SpanCounts, Stretch};
use crate::triage::report::Step;
use crate::triage::trace::{TraceReport, site_words, time};
use std::collections::BTreeMap;

/// Rows of a folded table.
const SHOWN: usize = 8;

/// Columns of a full bar.
const BAR: usize = 24;

/// States in the order in which they are shown.
const STATES: [&str; 4] = ["Running", "Runnable", "Syscall", "Waiting"];

/// The page; `all` shows every row of every table.
pub fn sheet(report: &TraceReport, all: bool) -> Vec<Block> {
    let tables = [observed, located, anatomy];
    let mut blocks = vec![Block::Prose(format!(
        "Execution trace {}, {} bytes",
        report.input.path,
        super::words::count(report.input.bytes)
    ))];
    for (index, step) in report.steps.iter().enumerate() {
        blocks.extend(statements(step));
        for table in tables.get(index).into_iter().flat_map(|of| of(report)) {
            blocks.extend(table.blocks(all));
        }
    }
    blocks
}

fn statements(step: &Step) -> impl Iterator<Item = Block> {
    let heading = Block::Heading(format!("{}  {}", step.n, step.title));
    let findings = step.findings.iter().cloned().map(Block::Finding);
    std::iter::once(heading).chain(findings)
}

/// A table before it is folded.
struct Listing {
    title: &'static str,
    noun: &'static str,
    columns: Vec<(&'static str, Fit)>,
    rows: Vec<Vec<String>>,
}

impl Listing {
    /// The rows that are shown under their title, and how many are not.
    fn blocks(mut self, all: bool) -> Vec<Block> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let shown = if all { self.rows.len() } else { SHOWN };
        let more = self.rows.len().saturating_sub(shown);
        self.rows.truncate(shown);
        vec![
            Block::Table {
                title: self.title.to_owned(),
                columns: self.columns,
                rows: self.rows,
            },
            Block::Folded {
                more,
                noun: self.noun,
            },
        ]
    }
}

fn observed(report: &TraceReport) -> Vec<Listing> {
    let times = &report.trace.state_time_backfilled_ns;
    let total: i64 = times.values().sum();
    let states = STATES.iter().filter_map(|state| {
        let ns = *times.get(*state)?;
        let share = if total > 0 {
            ns as f64 / total as f64
        } else {
            0.0
        };
        let full = (share * BAR as f64).round() as usize;
        Some(vec![
            state.to_lowercase(),
            time(ns),
            format!("{:.1} %", share * 100.0),
            "█".repeat(full.min(BAR)),
        ])
    });
    let reasons = report.trace.block_reasons.iter().map(|(reason, blocked)| {
        let waiting = &report.findings.waiting_at_end_by_reason;
        let now = waiting.get(reason).copied().unwrap_or(0);
        (blocked.ns, blocked.count, now, reason)
    });
    let mut reasons: Vec<(i64, u64, u64, &Name)> = reasons.collect();
    reasons.sort_by(|a, b| b.0.cmp(&a.0).then(a.3.cmp(b.3)));
    let [by_state, by_goroutine] = over_time(report);
    vec![
        by_state,
        by_goroutine,
        Listing {
            title: "Time of all goroutines by state",
            noun: "state",
            columns: vec![
                ("STATE", Fit::Whole),
                ("TIME", Fit::Number),
                ("SHARE", Fit::Number),
                ("", Fit::Middle),
            ],
            rows: states.collect(),
        },
        Listing {
            title: "What they blocked on",
            noun: "reason",
            columns: vec![
                ("REASON", Fit::Middle),
                ("TIMES", Fit::Number),
                ("WAITED", Fit::Number),
                ("AT THE END", Fit::Number),
            ],
            rows: reasons
                .into_iter()
                .map(|(ns, times, now, reason)| {
                    let reason = match reason.is_empty() {
                        true => "-".to_owned(),
                        false => reason.to_string(),
                    };
                    vec![reason, count(times), time(ns), count(now)]
                })
                .collect(),
        },
    ]
}

/// The states of all goroutines, and of single ones, slice by slice.
fn over_time(report: &TraceReport) -> [Listing; 2] {
    let timeline = &report.findings.timeline;
    let counts = STATES.iter().filter_map(|state| {
        let counts = timeline.states.get(state)?;
        let most = counts.iter().copied().max()?;
        let line = counts.iter().map(|&of| digit(of, most)).collect();
        Some(vec![state.to_lowercase(), line, count(most)])
    });
    let starts = report.findings.live.iter();
    let starts: BTreeMap<u64, &[u8]> = starts.map(|seen| (seen.id(), seen.start_func())).collect();
    let lines = timeline.goroutines.iter().map(|line| {
        let start = starts.get(&line.goroutine).copied().unwrap_or_default();
        let states = line.states.replace(' ', ".");
        let start = String::from_utf8_lossy(start).into_owned();
        vec![line.goroutine.to_string(), states, start]
    });
    [
        Listing {
            title: "Goroutines by state over time (a digit is the number; beyond 9, ninths of the most)",
            noun: "state",
            columns: vec![
                ("STATE", Fit::Whole),
                ("FROM THE BEGINNING TO THE END", Fit::Middle),
                ("MOST", Fit::Number),
            ],
            rows: counts.collect(),
        },
        Listing {
            title: "Single goroutines over time (# running, + could run, - waits, s system call, . not there or not told)",
            noun: "goroutine",
            columns: vec![
                ("GOROUTINE", Fit::Number),
                ("FROM THE BEGINNING TO THE END", Fit::Middle),
                ("BEGUN WITH", Fit::Middle),
            ],
            rows: lines.collect(),
        },
    ]
}

/// One character for a number.
fn digit(of: u64, most: u64) -> char {
    let ninths = match most {
        0..=9 => of,
        _ => of.saturating_mul(9).div_ceil(most),
    };
    match (of, char::from_digit(ninths as u32, 10)) {
        (0, _) => '.',
        (_, Some(digit)) => digit,
        (_, None) => '9',
    }
}

fn located(report: &TraceReport) -> Vec<Listing> {
    let found = &report.findings;
    let waits = found.longest_waits.iter();
    let ended: Vec<Stretch> = waits.filter(|wait| !wait.at_end).cloned().collect();
    vec![
        Listing {
            title: "Map operations on stacks",
            noun: "line",
            columns: vec![
                ("GOROUTINE", Fit::Number),
                ("OPERATION", Fit::Middle),
                ("AT", Fit::Middle),
                ("SAMPLES", Fit::Number),
                ("EVENTS", Fit::Number),
            ],
            rows: found.map_uses.iter().map(map_use).collect(),
        },
        stretches("Longest waits that ended", "wait", &ended),
        stretches("Waiting at the end", "wait", &found.waiting_at_end),
        stretches(
            "Longest without a processor",
            "time",
            &found.longest_runnable,
        ),
        stretches("Longest system calls", "call", &found.longest_syscalls),
        Listing {
            title: "Where goroutines come from",
            noun: "origin",
            columns: vec![
                ("CREATED", Fit::Number),
                ("ALIVE", Fit::Number),
                ("BEGUN WITH", Fit::Middle),
                ("AT", Fit::Middle),
                ("RUNNING", Fit::Number),
                ("WAITING", Fit::Number),
            ],
            rows: found.origins.iter().map(origin).collect(),
        },
        Listing {
            title: "Who woke whom",
            noun: "pair",
            columns: vec![
                ("WAKER", Fit::Number),
                ("BEGUN WITH", Fit::Middle),
                ("WOKEN", Fit::Number),
                ("BEGUN WITH", Fit::Middle),
                ("TIMES", Fit::Number),
            ],
            rows: found
                .wakes
                .iter()
                .map(|wake| {
                    vec![
                        wake.waker.to_string(),
                        wake.waker_func.to_string(),
                        wake.woken.to_string(),
                        wake.woken_func.to_string(),
                        count(wake.count),
                    ]
                })
                .collect(),
        },
    ]
}

fn map_use(used: &MapUse) -> Vec<String> {
    vec![
        used.goroutine.to_string(),
        used.operation.to_string(),
        site(Some(&used.at)),
        count(used.samples),
        count(used.events),
    ]
}

/// Goroutines of the runtime and of the tracer are left to the JSON: they wait by their nature.
fn stretches(title: &'static str, noun: &'static str, list: &[Stretch]) -> Listing {
    Listing {
        title,
        noun,
        columns: vec![
            ("GOROUTINE", Fit::Number),
            ("BEGUN WITH", Fit::Middle),
            ("TIME", Fit::Number),
            ("REASON", Fit::Middle),
            ("AT", Fit::Middle),
        ],
        rows: list
            .iter()
            .filter(|stretch| stretch.is_programs())
            .map(|stretch| {
                vec![
                    stretch.goroutine.to_string(),
                    stretch.start_func.to_string(),
                    time(stretch.ns),
                    stretch.reason.to_string(),
                    site(stretch.place()),
                ]
            })
            .collect(),
    }
}

fn origin(origin: &Origin) -> Vec<String> {
    vec![
        count(origin.goroutines),
        count(origin.alive),
        origin.start_func.to_string(),
        site(origin.created_at.first()),
        time(origin.times.running),
        time(origin.times.waiting),
    ]
}

fn anatomy(report: &TraceReport) -> Vec<Listing> {
    let ranges = report.trace.ranges.iter().map(|(name, range)| {
        vec![
            name.to_string(),
            count(range.begin),
            count(range.end),
            time(range.ns),
        ]
    });
    let spans = |title, of: &BTreeMap<_, SpanCounts>| Listing {
        title,
        noun: "type",
        columns: vec![
            ("TYPE", Fit::Middle),
            ("BEGUN", Fit::Number),
            ("ENDED", Fit::Number),
            ("TIME", Fit::Number),
            ("LONGEST", Fit::Number),
        ],
        rows: of
            .iter()
            .map(|(name, span): (&Name, _)| {
                vec![
                    name.to_string(),
                    count(span.count),
                    count(span.ended),
                    time(span.ns),
                    time(span.longest_ns),
                ]
            })
            .collect(),
    };
    vec![
        Listing {
            title: "The runtime's own work",
            noun: "range",
            columns: vec![
                ("RANGE", Fit::Middle),
                ("BEGUN", Fit::Number),
                ("ENDED", Fit::Number),
                ("TIME", Fit::Number),
            ],
            rows: ranges.collect(),
        },
        spans("User tasks", &report.findings.tasks),
        spans("User regions", &report.findings.regions),
    ]
}

fn site(of: Option<&Place>) -> String {
    of.map_or_else(String::new, site_words)
}

fn count(number: u64) -> String {
    super::words::count(number)
}
