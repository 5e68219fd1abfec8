//! Reports of real profiles against the marked lines of the program that they are of (corpus/programs/profile-work).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests fail as tests do

mod pipeline;
mod profiling;
mod support;

use profiling::with_profile;
use support::unpacked;

// --- the report ---

fn line_of(mark: &str) -> u32 {
    let source =
        std::fs::read_to_string(support::corpus().join("programs/profile-work/main.go")).unwrap();
    source
        .lines()
        .position(|line| line.contains(mark))
        .expect("a marked line") as u32
        + 1
}

fn report_of(name: &str) -> gotriage::triage::report::Report {
    let bytes = unpacked(&support::corpus().join("profiles").join(name));
    pipeline::report(&[(name, &bytes)])
}

/// `file:line` of everything that steps say, one text.
fn said(report: &gotriage::triage::report::Report, step: usize) -> String {
    let findings = report.incidents[0].steps[step].findings.iter();
    findings
        .map(|finding| finding.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

const RELEASES: [&str; 7] = [
    "go1.19.8",
    "go1.21.13",
    "go1.23.9",
    "go1.24.11",
    "go1.25.5",
    "go1.26.6",
    "go1.27.3",
];

/// The lines of the program that operate on its map.
fn map_lines() -> [u32; 2] {
    [line_of("// hot write"), line_of("// hot delete")]
}

#[test]
fn a_goroutine_profile_alone_names_the_map_operation_and_its_line() {
    for release in RELEASES {
        for form in ["goroutine.pb.gz", "goroutine.debug1.txt"] {
            let name = format!("{release}/{form}");
            let report = report_of(&name);
            assert_eq!(report.incidents.len(), 1, "{name}");
            let incident = &report.incidents[0];
            let maps = &incident.profiles[0].map_operations;
            let [map] = maps.as_slice() else {
                panic!("{name}: {maps:?}");
            };
            assert!(map_lines().contains(&map.line), "{name}: {map:?}");
            let does = if map.line == map_lines()[0] {
                "write"
            } else {
                "delete"
            };
            assert_eq!((map.does.as_deref(), map.weight), (Some(does), 1), "{name}");
            let place = format!("main.go:{}", map.line);
            assert!(
                said(&report, 1).contains(&place),
                "{name}: {}",
                said(&report, 1)
            );
            let waiting = line_of("// waits for a mutex");
            let groups = &incident.goroutines.groups;
            let group = groups
                .iter()
                .find(|group| group.stack.iter().any(|frame| frame.line == waiting));
            assert_eq!(group.map(|group| group.count), Some(5), "{name}");
            assert_eq!(incident.goroutines.in_map_operations, 1, "{name}");
            assert!(
                said(&report, 1).contains("Who created these goroutines is not in a profile"),
                "{name}"
            );
            assert_eq!(incident.steps.len(), 4, "{name}");
        }
    }
}

#[test]
fn hot_writes_locks_and_memory_stand_at_their_lines() {
    for release in RELEASES {
        let cpu = report_of(&format!("{release}/cpu.pb.gz"));
        let maps = &cpu.incidents[0].profiles[0];
        assert!(
            maps.map_operations
                .iter()
                .all(|map| map_lines().contains(&map.line)),
            "{release}: {maps:?}"
        );
        assert!(
            maps.in_map_operations * 2 > maps.total,
            "{release}: the program does little else"
        );
        assert!(
            said(&cpu, 1).contains("main.refill"),
            "{release}: {}",
            said(&cpu, 1)
        );

        let block = report_of(&format!("{release}/block.pb.gz"));
        let contended = line_of("// contended");
        let lines = &block.incidents[0].profiles[0].lines;
        let line = lines.iter().find(|line| line.line == contended);
        assert_eq!(
            line.and_then(|line| line.does.as_deref()),
            Some("sync.Mutex.Lock"),
            "{release}"
        );

        let mutex = report_of(&format!("{release}/mutex.pb.gz"));
        let released = line_of("s.mu.Unlock()");
        assert!(
            said(&mutex, 1).contains(&format!("main.go:{released}")),
            "{release}: {}",
            said(&mutex, 1)
        );

        let heap = report_of(&format!("{release}/heap.pb.gz"));
        let live = line_of("// made, live");
        assert!(
            said(&heap, 2).contains(&format!("main.go:{live}")),
            "{release}: {}",
            said(&heap, 2)
        );

        let allocs = report_of(&format!("{release}/allocs.pb.gz"));
        let garbage = line_of("// made, garbage");
        assert!(
            said(&allocs, 2).contains(&format!("main.go:{garbage}")),
            "{release}: {}",
            said(&allocs, 2)
        );
        assert!(
            said(&allocs, 2).contains("Which of these are maps is not in the profile"),
            "{release}"
        );
    }
    for (release, grade) in [("go1.26.6", "confirmed"), ("go1.27.3", "confirmed")] {
        let leak = report_of(&format!("{release}/goroutineleak.pb.gz"));
        let verdict = &leak.incidents[0].verdict;
        assert_eq!(
            (verdict.category.word(), verdict.grade.word()),
            ("goroutine-leak", grade),
            "{release}"
        );
        assert_eq!(
            verdict.culprit.as_ref().map(|place| place.line),
            Some(line_of("// leaks"))
        );
    }
}

#[test]
fn lines_of_texts_are_accounted_for_and_logs_around_them_set_aside() {
    let profile = unpacked(&support::corpus().join("profiles/go1.27.3/goroutine.debug1.txt"));
    let lines: Vec<&[u8]> = profile.split_inclusive(|&byte| byte == b'\n').collect();
    let mut logged = b"starting up\n".to_vec();
    for (number, line) in lines.iter().enumerate() {
        logged.extend_from_slice(line);
        if number % 4 == 3 && number + 4 < lines.len() {
            logged.extend_from_slice(b"2026/11/21 request served\n");
        }
    }
    logged.extend_from_slice(b"shutting down\n");
    let samples = |bytes: &[u8]| with_profile(bytes, |_, profile| profile.samples.len());
    assert_eq!(samples(&logged), samples(&profile));
    let report = pipeline::report(&[("-", &logged)]);
    assert!(pipeline::unaccounted(&report).is_empty());
    let input = &report.inputs[0];
    assert_eq!(
        (input.parsed_lines, input.unparsed_lines),
        (lines.len() as u64, 0)
    );
}

#[test]
fn a_cut_count_and_a_crowd_are_said() {
    let text = b"goroutine profile: total 83\n70 @ 0x4e8fde 0x485ea1\n#\t0x4e8fdd\tmain.leaker+0x1d\t/src/main.go:60\n\n9 @ 0x4e974a\n#\t0x4e9749\tmain.work+0x9\t/src/main.go:55\n";
    let report = pipeline::report(&[("-", text)]);
    assert!(report.notes.iter().any(|note| note.text.contains("83")));
    let headline = &report.incidents[0].verdict.headline;
    assert!(
        headline.starts_with("70 of 79 goroutines at main.leaker"),
        "{headline}"
    );
}

#[test]
fn the_runtimes_own_locks_are_no_line_of_the_program() {
    let text = b"--- mutex:\ncycles/second=1000000000\nsampling period=1\n900 9 @ 0x44e43c 0x4e974a\n#\t0x4e9749\tmain.work+0x9\t/src/main.go:55\n\n100 1 @ 0x48a747 0x4e8490\n#\t0x48a746\tsync.(*Mutex).Unlock+0x86\t/go/src/sync/mutex.go:65\n#\t0x4e848f\tmain.hold+0x4f\t/src/main.go:78\n";
    let report = pipeline::report(&[("-", text)]);
    let lines = &report.incidents[0].profiles[0].lines;
    let found: Vec<(u32, i64)> = lines.iter().map(|line| (line.line, line.weight)).collect();
    assert_eq!(found, [(78, 100)]);
}

/// The program sets labels on some goroutines (`pprof.Do`): they stand with their groups.
#[test]
fn labels_are_told_with_the_groups_that_carry_them() {
    for release in RELEASES {
        for form in ["goroutine.pb.gz", "goroutine.debug1.txt"] {
            let name = format!("{release}/{form}");
            let report = report_of(&name);
            let labelled = &report.incidents[0].profiles[0].labelled;
            let drains = labelled.iter().find(|group| {
                let mut labels = group.labels.iter();
                labels.any(|label| (label.key.as_str(), label.value.as_str()) == ("job", "drain"))
            });
            let drains = drains.unwrap_or_else(|| panic!("{name}: {labelled:?}"));
            assert_eq!((drains.weight, drains.labels[0].weight), (3, 3), "{name}");
            assert!(said(&report, 0).contains("job=drain (3)"), "{name}");
        }
    }
}

#[test]
fn two_profiles_of_one_kind_are_told_apart() {
    let read = |release: &str| {
        let path = support::corpus().join("profiles").join(release);
        unpacked(&path.join("goroutine.pb.gz"))
    };
    let (one, other) = (read("go1.27.3"), read("go1.23.9"));
    let report = pipeline::report(&[("a.pb", &one), ("b.pb", &other)]);
    let [incident] = &report.incidents[..] else {
        panic!("{} incidents", report.incidents.len());
    };
    let alone = pipeline::report(&[("a.pb", &one)]);
    let totals = [incident, &alone.incidents[0]].map(|one| one.goroutines.total);
    assert_eq!(totals[0], totals[1], "nothing is added up");
    let observed = said(&report, 0);
    assert!(
        observed.contains("a.pb and b.pb are goroutine profiles"),
        "{observed}"
    );
    assert!(observed.contains("gotriage diff a.pb b.pb"), "{observed}");
    for name in ["a.pb", "b.pb"] {
        let own = format!("goroutine profile in {name}");
        assert!(observed.contains(&own), "{own}: {observed}");
    }
}

#[test]
fn cut_profiles_are_said_to_be_cut() {
    for name in [
        "goroutine.pb.gz",
        "goroutine.debug1.txt",
        "threadcreate.debug1.txt",
        "heap.debug1.txt.zst",
        "mutex.debug1.txt",
        "block.debug1.txt",
    ] {
        let path = support::corpus().join("profiles/go1.27.3").join(name);
        let whole = unpacked(&path);
        let report = pipeline::report(&[(name, &whole)]);
        assert!(!report.inputs[0].truncated, "{name} is whole");
        let cut = &whole[..whole.len() * 2 / 3];
        let report = pipeline::report(&[(name, cut)]);
        if name.starts_with("threadcreate") && !report.inputs[0].truncated {
            continue; // one record: what is cut off it are addresses of 0
        }
        assert!(report.inputs[0].truncated, "{name} is cut");
        let mut notes = report.notes.iter();
        assert!(notes.any(|note| note.text.contains("cut")), "{name}");
    }
}

/// Lines of a profile in what log systems put around them.
#[test]
fn a_profile_in_a_log_is_found() {
    let text = unpacked(&support::corpus().join("profiles/go1.27.3/goroutine.debug1.txt"));
    let text = String::from_utf8(text).expect("text");
    let of = |wrap: &dyn Fn(&str) -> String| -> String { text.lines().map(wrap).collect() };
    let stamp = "2026-11-21T10:00:00.000000000Z";
    let wrapped = [
        ("cri", of(&|line| format!("{stamp} stdout F {line}\n"))),
        (
            "docker",
            of(&|line| {
                let line = serde_json::to_string(&format!("{line}\n")).unwrap();
                format!("{{\"log\":{line},\"stream\":\"stdout\",\"time\":\"{stamp}\"}}\n")
            }),
        ),
    ];
    let plain = report_of("go1.27.3/goroutine.debug1.txt");
    for (name, log) in wrapped {
        let report = pipeline::report(&[(name, log.as_bytes())]);
        let [incident] = &report.incidents[..] else {
            panic!("{name}: {} incidents", report.incidents.len());
        };
        let [profile] = &incident.profiles[..] else {
            panic!("{name}: {} profiles", incident.profiles.len());
        };
        let own = &plain.incidents[0].profiles[0];
        assert_eq!(
            (profile.total, profile.stacks),
            (own.total, own.stacks),
            "{name}"
        );
        assert!(!report.inputs[0].truncated, "{name}");
    }
}
