//! Reports built by hand, for tests of what is printed: every field filled, every text and number open to change.

#![allow(dead_code)] // each test file uses its part

use gotriage::model::Grade;
use gotriage::render::{Format, TextOptions, write};
use gotriage::triage::report::*;
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr;

/// Fills a report: gets each field's plain value, gives the value to use.
pub struct Filler<'f> {
    pub text: &'f mut dyn FnMut(&str) -> String,
    pub number: &'f mut dyn FnMut(u64) -> u64,
}

/// A report of one crash with plain contents.
pub fn plain() -> Report {
    Filler {
        text: &mut str::to_owned,
        number: &mut |n| n,
    }
    .report()
}

/// A report on a text without anything from Go.
pub fn nothing() -> Report {
    let mut report = plain();
    report.incidents.clear();
    report.notes.clear();
    for input in &mut report.inputs {
        input.holds.clear();
        input.set_aside_lines = input.lines;
        input.parsed_lines = 0;
        input.unparsed_lines = 0;
        input.truncated = false;
    }
    report
}

/// The lines of the text report that are wider than `width` and no code to be pasted.
pub fn too_wide(report: &Report, width: usize, all: bool) -> Vec<String> {
    let options = TextOptions {
        width,
        colour: false,
        all,
    };
    let mut out = Vec::new();
    write(report, Format::Text(options), &mut out).expect("writing to memory");
    let text = String::from_utf8(out).expect("reports are UTF-8");
    let code = code_lines(report);
    let mut incidents = report.incidents.iter();
    let nothing = incidents.all(|incident| incident.verdict.category == Category::None);
    // A page without incidents holds commands of its own.
    let is_code = |line: &str| {
        let code_line = line.strip_prefix("      ");
        code_line.is_some_and(|line| nothing || code.contains(line))
    };
    text.lines()
        .filter(|line| line.width() > width && !is_code(line))
        .map(|line| format!("{} > {width}: {line}", line.width()))
        .collect()
}

/// All lines that are printed as they are.
fn code_lines(report: &Report) -> BTreeSet<&str> {
    let mut texts = Vec::new();
    for incident in &report.incidents {
        let findings = incident.steps.iter().flat_map(|step| &step.findings);
        let codes = findings.filter_map(|finding| finding.code.as_ref());
        texts.extend(codes.map(|code| &code.text));
        texts.extend(incident.reproduction.iter().map(|program| &program.program));
        texts.extend(incident.breakpoints.iter().map(|points| &points.script));
        texts.extend(incident.missing.iter().map(|missing| &missing.how));
    }
    texts.into_iter().flat_map(|text| text.lines()).collect()
}

impl Filler<'_> {
    fn t(&mut self, plain: &str) -> String {
        (self.text)(plain)
    }

    fn some(&mut self, plain: &str) -> Option<String> {
        Some(self.t(plain))
    }

    fn n(&mut self, plain: u64) -> u64 {
        (self.number)(plain)
    }

    fn small(&mut self, plain: u32) -> u32 {
        u32::try_from(self.n(plain.into())).unwrap_or(u32::MAX)
    }

    pub fn report(&mut self) -> Report {
        Report {
            schema: SCHEMA,
            tool: Tool {
                name: "gotriage",
                version: "0.1.0",
            },
            inputs: vec![self.input(0, "/var/log/app/crash.log"), self.input(1, "-")],
            incidents: vec![self.incident()],
            notes: vec![NoteReport {
                input: 0,
                line: Some(self.small(4711)),
                text: self.t("dump cut at 64 MiB: 26,044 of 200,003 goroutines are missing"),
            }],
        }
    }

    fn input(&mut self, id: u32, path: &str) -> InputReport {
        InputReport {
            id,
            path: self.t(path),
            bytes: self.n(8_074),
            envelope: self.t("cri + json"),
            holds: vec![self.t("dump")],
            truncated: true,
            lines: self.n(1_240),
            parsed_lines: self.n(1_200),
            set_aside_lines: self.n(34),
            unparsed_lines: self.n(6),
        }
    }

    fn suspect(&mut self) -> Suspect {
        Suspect {
            rank: 1,
            grade: Grade::Possible,
            kind: self.t("unguarded"),
            map: self.t("main.cache"),
            sites: vec![SuspectSite {
                func: self.t("main.updateCache"),
                file: self.t("main.go"),
                line: u32::try_from(self.n(20)).unwrap_or(u32::MAX),
                op: self.t("assign"),
                locks: vec![self.t("main.mu (read)")],
                excerpt: self.t("cache[key] = value"),
            }],
            why: self.t("no lock is held at either line"),
            fix: self.t("take main.mu around it"),
        }
    }

    pub fn incident(&mut self) -> IncidentReport {
        IncidentReport {
            go: self.go(),
            verdict: Verdict {
                category: Category::MapWriteWrite,
                grade: Grade::Confirmed,
                headline: self.t("two goroutines wrote one map[string]int in main.updateCache (main.go:20)"),
                culprit: Some(self.place("main.updateCache", "/app/main.go", 20)),
            },
            crash: Some(self.crash()),
            traceback: Some(Traceback {
                level: self.t("all"),
                from: self.t("other goroutines are printed, runtime frames are not"),
                shows_runtime_frames: false,
                shows_other_goroutines: true,
            }),
            goroutines: self.goroutines(),
            creation: self.creation(),
            maps: vec![self.map()],
            places: vec![MapPlace {
                what: self.t("key"),
                value: self.t("0x2a"),
                map: Some(self.t("m1")),
                goroutines: vec![24],
                place: Some(serde_json::json!({ "bucket": 3, "tophash": 50 })),
                text: self.t("bucket 3 of 8"),
                grade: Grade::Probable,
                evidence: vec![At { input: 0, line: 9 }],
            }],
            conflicts: vec![self.conflict()],
            waits: vec![self.wait()],
            profiles: Vec::new(),
            traces: Vec::new(),
            joins: Vec::new(),
            suspects: vec![self.suspect()],
            steps: self.steps(),
            missing: vec![
                Missing {
                    what: self.t("the map's address"),
                    why: self.t("user-level tracebacks hide the frames of the runtime, and the map operation with them"),
                    how: self.t("GOTRACEBACK=system"),
                },
                Missing {
                    what: self.t("the other writer"),
                    why: self.t("one of two goroutines is in the text"),
                    how: self.t("export GOTRACEBACK=all\n./app"),
                },
            ],
            reproduction: Some(Reproduction {
                program: self.t("package main\n\nfunc main() {\n\tm := map[string]int{}\n\tgo func() {\n\t\tfor {\n\t\t\tm[\"a\"]++\n\t\t}\n\t}()\n\tfor {\n\t\tm[\"a\"]++\n\t}\n}\n"),
                message: self.t("fatal error: concurrent map writes"),
                run: self.t("go run main.go"),
                go_since: self.t("1.18"),
            }),
            breakpoints: vec![Breakpoints {
                debugger: "dlv",
                script: self.t("break main.updateCache\ncondition 1 runtime.curg.goid == 24\n"),
            }],
        }
    }

    fn go(&mut self) -> GoReport {
        GoReport {
            version: self.some("1.27"),
            candidates: vec![self.t("1.27.0"), self.t("1.27.3")],
            from: self.t("landmarks"),
            map_layout: self.some("swiss"),
            reasons: vec![self.t("runtime.fatal stands at panic.go:1101")],
        }
    }

    fn crash(&mut self) -> CrashReport {
        CrashReport {
            kind: self.t("fatal"),
            message: self.t("concurrent map writes\n[recovered]"),
            goroutine: Some(self.n(24)),
            role: self.some("writer"),
            noticed: self.some("exit"),
            at: self.at(2),
            time: self.some("2026-03-01T10:00:00Z"),
            panics: vec![self.panic("first"), self.panic("second")],
            signal: Some(SignalReport {
                name: self.t("SIGSEGV: segmentation violation"),
                code: self.some("0x1"),
                addr: self.some("0x18"),
                pc: self.some("0x47e3c4"),
            }),
            context: vec![self.t("runtime: goroutine stack exceeds 1000000000-byte limit")],
            times_printed: self.small(2),
            recovered: true,
        }
    }

    fn panic(&mut self, value: &str) -> PanicReport {
        PanicReport {
            value: self.t(value),
            recovered: true,
            repanicked: true,
        }
    }

    fn at(&mut self, line: u32) -> At {
        At {
            input: 0,
            line: self.small(line),
        }
    }

    fn place(&mut self, func: &str, file: &str, line: u32) -> Place {
        Place {
            func: self.t(func),
            file: self.t(file),
            line: self.small(line),
        }
    }

    fn goroutines(&mut self) -> Goroutines {
        Goroutines {
            total: self.n(12),
            states: vec![
                self.state("chan receive", 9, 12),
                self.state("running", 2, 0),
                self.state("sync.Mutex.Lock", 1, 300),
            ],
            groups: vec![self.group(9, "chan receive"), self.group(2, "running")],
            in_map_operations: self.n(2),
        }
    }

    fn state(&mut self, state: &str, count: u64, wait: u32) -> StateCount {
        StateCount {
            state: self.t(state),
            count: self.n(count),
            longest_wait_minutes: self.small(wait),
        }
    }

    fn group(&mut self, count: u64, state: &str) -> Group {
        Group {
            count: self.n(count),
            state: self.t(state),
            longest_wait_minutes: self.small(12),
            goroutines: (0..count).map(|id| self.n(18 + id)).collect(),
            stack: vec![
                self.place(
                    "main.waiter(...)",
                    "/app/internal/workers/pool/waiter.go",
                    30,
                ),
                self.place("...additional frames elided...", "", 0),
                self.place(
                    "github.com/example/service/internal/workers/pool.(*Pool[...]).Run.func1",
                    "/app/internal/workers/pool/pool.go",
                    118,
                ),
            ],
            user_frame: Some(self.small(0)),
            created_by: Some(CreatedBy {
                func: self.t("main.main"),
                file: self.t("/app/main.go"),
                line: self.small(36),
                goroutine: Some(self.n(1)),
            }),
        }
    }

    fn creation(&mut self) -> Creation {
        Creation {
            edges: vec![CreationEdge {
                parent: Some(self.n(1)),
                child: self.n(24),
                site: self.place("main.startWorkers", "/app/main.go", 26),
            }],
            edges_omitted: self.n(0),
            sites: vec![CreationSite {
                func: self.t("main.startWorkers"),
                file: self.t("/app/main.go"),
                line: self.small(26),
                goroutines: self.n(4),
                parents: vec![self.n(1)],
            }],
            gone_parents: self.n(0),
        }
    }

    fn map(&mut self) -> MapReport {
        MapReport {
            id: self.t("m1"),
            header: self.some("0x3320e19060f0"),
            go_type: self.some("map[string]int"),
            key_kind: self.some("string"),
            layout: self.some("swiss"),
            type_pointer: self.some("0x4a2ee0"),
            keys: vec![KeySeen {
                goroutine: Some(self.n(24)),
                value: None,
                pointer: self.some("0x4b1a20"),
                length: Some(self.n(5)),
            }],
            identified_by: self.t("header"),
        }
    }

    fn conflict(&mut self) -> Conflict {
        let why = |filler: &mut Self, line| ConflictEvidence {
            why: filler.t("same-map-header"),
            input: 0,
            line: filler.small(line),
        };
        Conflict {
            rank: 1,
            map: self.t("m1"),
            kind: self.t("write-write"),
            grade: Grade::Confirmed,
            participants: vec![self.party(24, Some("exit")), self.party(9, None)],
            evidence: vec![why(self, 9), why(self, 61)],
        }
    }

    fn party(&mut self, id: u64, noticed: Option<&str>) -> Participant {
        Participant {
            goroutine: Some(self.n(id)),
            numbering: noticed.map(|_| self.t("race-detector")),
            op: self.t("write"),
            func: self.some("main.(*Cache).update"),
            file: self.some("/app/internal/cache/main.go"),
            line: Some(self.small(20)),
            noticed: noticed.map(|noticed| self.t(noticed)),
            receiver: self.some("0xc00012a000"),
            chain: vec![ChainLink {
                site: self.place("main.startWorkers", "/app/main.go", 26),
                goroutine: Some(self.n(1)),
                present: false,
                callers: vec![self.place("main.main", "/app/main.go", 12)],
                input: Some(self.small(1)),
            }],
        }
    }

    fn wait(&mut self) -> Wait {
        Wait {
            kind: self.t("sync.Mutex"),
            address: self.some("0xc00001c0a8"),
            waiters: self.n(33_333),
            longest_wait_minutes: self.small(12),
            holder: Some(self.n(7)),
            sites: vec![WaitSite {
                func: self.t("main.(*Cache).Get"),
                file: self.t("/app/internal/cache/main.go"),
                line: self.small(77),
                waiters: self.n(33_333),
            }],
            goroutines: vec![self.n(8)],
        }
    }

    fn steps(&mut self) -> Vec<Step> {
        let titles = ["Observe", "Locate", "Anatomy", "Verify and mitigate"];
        let grades = [
            Grade::Confirmed,
            Grade::Probable,
            Grade::Possible,
            Grade::Unknown,
        ];
        let mut steps = Vec::new();
        for (n, title) in (1..).zip(titles) {
            let findings = grades.into_iter().map(|grade| self.finding(n, grade));
            let findings = findings.collect();
            steps.push(Step { n, title, findings });
        }
        steps
    }

    fn finding(&mut self, step: u32, grade: Grade) -> Finding {
        let last = step == 4 && grade == Grade::Possible;
        let code = last.then(|| Code {
            lang: "sh",
            text: self.t("go build -race -o app-race ./cmd/a-program-with-a-long-name && GOTRACEBACK=all GORACE='halt_on_error=1' ./app-race\n"),
        });
        Finding {
            advice: step == 4,
            text: self.t("goroutine 24 stood in main.updateCache and found that another goroutine had written the same map[string]int while it was writing."),
            items: if last { vec![self.t("restart it"), self.t("take the release back")] } else { Vec::new() },
            grade,
            evidence: vec![self.at(2), self.at(61)],
            code,
        }
    }
}
