//! Redaction: what is somebody's is gone from every output, and the verdict is the same as before.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

mod pipeline;
mod support;
mod wrap;

use gotriage::redact::{Clean, Dirty, Key, NotCleanable, Redaction, Scope, clean};
use gotriage::render::Format;
use gotriage::triage::report::{IncidentReport, Participant, Report};
use rayon::prelude::*;
use support::manifest;

const DATA: Redaction = Redaction {
    scope: Scope::Data,
    key: None,
    roots: Vec::new(),
};

const ALL: Redaction = Redaction {
    scope: Scope::All,
    key: None,
    roots: Vec::new(),
};

fn cleaned_by(redaction: &Redaction, bytes: &[u8]) -> Vec<u8> {
    let dirty = Dirty {
        name: "dump.log",
        bytes,
    };
    let mut all = clean(&[dirty], redaction);
    let clean = all.pop().map(|clean| clean.bytes);
    clean.expect("one for one").expect("a text")
}

fn cleaned(bytes: &[u8]) -> Vec<u8> {
    cleaned_by(&DATA, bytes)
}

fn report(bytes: &[u8]) -> Report {
    pipeline::report(&[("dump.log", bytes)])
}

/// All that redaction must not touch.
fn structure(report: &Report) -> String {
    let incidents: Vec<String> = report.incidents.iter().map(incident).collect();
    let inputs = report.inputs.iter();
    let lines: Vec<_> = inputs
        .map(|input| {
            (
                &input.envelope,
                &input.holds,
                input.truncated,
                (input.lines, input.parsed_lines, input.set_aside_lines),
                input.unparsed_lines,
            )
        })
        .collect();
    format!("{lines:#?}\n{}", incidents.join("\n"))
}

fn incident(one: &IncidentReport) -> String {
    let verdict = (one.verdict.category.word(), one.verdict.grade.word());
    let crash = one.crash.as_ref().map(|crash| {
        (
            (&crash.kind, crash.goroutine, &crash.role, &crash.noticed),
            (
                crash.at,
                &crash.time,
                crash.panics.len(),
                crash.times_printed,
            ),
            crash.recovered,
        )
    });
    let states = one.goroutines.states.iter();
    let states: Vec<_> = states
        .map(|state| (&state.state, state.count, state.longest_wait_minutes))
        .collect();
    let groups = one.goroutines.groups.iter();
    let groups: Vec<_> = groups
        .map(|group| {
            let lines: Vec<u32> = group.stack.iter().map(|frame| frame.line).collect();
            (group.count, &group.goroutines, group.user_frame, lines)
        })
        .collect();
    let side = |party: &Participant| (party.goroutine, party.op.clone(), party.line);
    let conflicts = one.conflicts.iter();
    let conflicts: Vec<_> = conflicts
        .map(|conflict| {
            let sides: Vec<_> = conflict.participants.iter().map(side).collect();
            let why: Vec<_> = conflict
                .evidence
                .iter()
                .map(|why| (&why.why, why.line))
                .collect();
            (
                &conflict.map,
                &conflict.kind,
                conflict.grade.word(),
                sides,
                why,
            )
        })
        .collect();
    let edges = one.creation.edges.iter();
    let edges: Vec<_> = edges
        .map(|edge| (edge.parent, edge.child, edge.site.line))
        .collect();
    let waits = one.waits.iter();
    let waits: Vec<_> = waits
        .map(|wait| (&wait.kind, wait.waiters, wait.holder, &wait.goroutines))
        .collect();
    let profiles = one.profiles.iter();
    let profiles: Vec<_> = profiles
        .map(|profile| {
            (
                &profile.kind,
                profile.total,
                profile.stacks,
                profile.in_map_operations,
            )
        })
        .collect();
    format!(
        "{verdict:?} {crash:?} go {:?}\n{} {states:?}\n{groups:?}\n{conflicts:?}\n{edges:?}\n{waits:?}\n{profiles:?}",
        one.go.version, one.goroutines.total
    )
}

/// The first line in which two texts differ.
fn difference(a: &str, b: &str) -> String {
    let pair = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    let (a, b) = pair.unwrap_or(("one is longer", ""));
    format!("\n  was {a:.600}\n  is  {b:.600}")
}

/// Runs a check over every so many-th dump of the corpus, on all cores.
fn corpus(step: usize, check: impl Fn(&[u8]) -> Result<(), String> + Sync) {
    let dumps: Vec<_> = manifest().into_iter().step_by(step).collect();
    let complaints: Vec<String> = dumps
        .par_iter()
        .filter_map(|truth| {
            let complaint = check(&truth.bytes()).err()?;
            Some(format!("{}: {complaint}", truth.file))
        })
        .collect();
    assert!(
        complaints.is_empty(),
        "{} dumps:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

#[test]
fn the_report_of_a_dump_has_the_same_structure() {
    corpus(7, |bytes| {
        let before = structure(&report(bytes));
        for redaction in [&DATA, &ALL] {
            let after = structure(&report(&cleaned_by(redaction, bytes)));
            if after != before {
                let scope = redaction.scope;
                return Err(format!("{scope:?}{}", difference(&before, &after)));
            }
        }
        Ok(())
    });
}

#[test]
fn cleaning_twice_changes_nothing() {
    let keyed = |key: &[u8]| Redaction {
        scope: Scope::Data,
        key: Some(Key::new(key)),
        roots: Vec::new(),
    };
    corpus(11, |bytes| {
        for (first, second) in [
            (&DATA, &DATA),
            (&ALL, &ALL),
            (&keyed(b"one"), &keyed(b"two")),
        ] {
            let once = cleaned_by(first, bytes);
            let twice = cleaned_by(second, &once);
            if once != twice {
                let texts = [&once, &twice].map(|text| String::from_utf8_lossy(text).into_owned());
                return Err(difference(&texts[0], &texts[1]));
            }
        }
        Ok(())
    });
}

#[test]
fn lines_stay_lines_in_every_wrapper() {
    let dumps = [
        "map-write-write/go1.23.9-system.txt",
        "labels/go1.27.3-all.txt",
        "lock-hang/go1.27.3-debug2.txt",
        "race-map/go1.24.11-race.txt",
    ];
    let truths = manifest();
    let mut complaints = Vec::new();
    for dump in dumps {
        let truth = truths.iter().find(|truth| truth.file.ends_with(dump));
        let bytes = truth.expect("in the manifest").bytes();
        let all: Vec<String> = wrap::table()
            .par_iter()
            .filter_map(|wrapper| {
                let wrapped = (wrapper.wrap)(&bytes).text;
                let (before, after) = (report(&wrapped), report(&cleaned(&wrapped)));
                let essence = |report: &Report| {
                    let incidents = report.incidents.iter().map(|one| {
                        let mut one = one.clone();
                        // Lines and times are those of the bare text where the wrapper cuts words in two.
                        if let Some(crash) = &mut one.crash {
                            (crash.at.line, crash.time) = (0, None);
                        }
                        for conflict in &mut one.conflicts {
                            conflict.evidence.iter_mut().for_each(|why| why.line = 0);
                        }
                        incident(&one)
                    });
                    incidents.collect::<Vec<_>>().join("\n")
                };
                let (before, after) = (essence(&before), essence(&after));
                (before != after)
                    .then(|| format!("{dump}, {}:{}", wrapper.name, difference(&before, &after)))
            })
            .collect();
        complaints.extend(all);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Secrets, none of which may be read anywhere; words, numbers and names of the forms that dumps carry.
const SECRETS: [&str; 14] = [
    "zyxwtenant",
    "Qqalice",
    "zyxwcorp",
    "hunter2zyxw",
    "eyJhbGciOiJIUzI1NiJ9zyxw",
    "4111111111111111",
    "203.0.113.77",
    "zyxwhost7",
    "2001:db8::beef:7",
    "deadbeefcafebabe0123456789abcdef",
    "5f3c9a1be2",
    "zÿxwümlaut",
    "491701234567",
    "0x727b6b8887",
];

/// A dump with every secret in every place that a program can put it.
fn planted(secret: &str) -> String {
    format!(
        "2026-03-01T10:00:00Z zyx login of {secret} from {secret}@{secret}.example ok\n\
         time=2026-03-01T10:00:01Z level=error tenant={secret} msg=\"no plan for {secret}\" id={secret}\n\
         {{\"ts\":1772359200.5,\"level\":\"error\",\"user\":\"{secret}\",\"{secret}\":1,\"msg\":\"x \\\"{secret}\\\"\\n{secret}\"}}\n\
         GET https://{secret}.example.com/v1/{secret}?token={secret}#{secret} 500\n\
         panic: order of {secret} (\"{secret}\", '{secret}') failed: dial tcp {secret}:5432: connect: connection refused\n\
         \tand {secret} as well [recovered]\n\
         \tpanic: main.fault{{tenant:\"{secret}\"}}\n\n\
         goroutine 7 [running]:\n\
         main.(*Store).Charge(0xc00012a000, {{0xc00003a010, 0x5}}, 0x727b6b8887)\n\
         \t/home/{secret}/src/{secret}-app/store.go:42 +0x1d\n\
         main.serve.func1()\n\
         \t/home/{secret}/src/{secret}-app/main.go:17 +0x2c\n\
         created by main.serve in goroutine 1\n\
         \t/home/{secret}/src/{secret}-app/main.go:15 +0x45\n\n\
         goroutine 9 [select, 3 minutes] {{tenant: \"{secret}\", {secret}: x, open: \"gold {secret}\"}}:\n\
         main.wait()\n\
         \tC:/Users/{secret}/app/wait.go:9 +0x1d\n\
         created by main.main in goroutine 1\n\
         \t/srv/{secret}/main.go:15 +0x45\n\
         {secret}\n\
         exit status 2\n"
    )
}

/// Every form of a report, of graphs too.
fn outputs(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let report = report(bytes);
    let forms = [
        ("text", pipeline::text(100)),
        ("json", Format::Json),
        ("markdown", Format::Markdown { all: true }),
        ("html", Format::Html { all: true }),
    ];
    let forms = forms.map(|(name, form)| (name, pipeline::printed(&report, form)));
    forms.into_iter().chain([("log", bytes.to_vec())]).collect()
}

fn holds(text: &[u8], secret: &str) -> bool {
    let text = String::from_utf8_lossy(text).to_lowercase();
    text.contains(&secret.to_lowercase())
}

#[test]
fn no_planted_secret_survives_in_any_output() {
    for secret in SECRETS {
        let dump = planted(secret);
        assert!(holds(dump.as_bytes(), secret));
        let report = report(dump.as_bytes());
        assert_eq!(report.incidents.len(), 1, "{secret}");
        for redaction in [&DATA, &ALL] {
            let clean = cleaned_by(redaction, dump.as_bytes());
            for (form, text) in outputs(&clean) {
                let text_shown = String::from_utf8_lossy(&text);
                assert!(!holds(&text, secret), "{secret} in {form}:\n{text_shown}");
            }
        }
    }
}

#[test]
fn no_planted_secret_survives_in_a_wrapper() {
    for wrapper in wrap::table() {
        // Hard wraps cut words in two.
        if wrapper.name.starts_with("hard wrap") || wrapper.name.starts_with("print calls") {
            continue;
        }
        for secret in ["zyxwtenant", "4111111111111111"] {
            let wrapped = (wrapper.wrap)(planted(secret).as_bytes()).text;
            let clean = cleaned(&wrapped);
            let shown = String::from_utf8_lossy(&clean);
            let line = shown.lines().find(|line| holds(line.as_bytes(), secret));
            assert_eq!(line, None, "{}", wrapper.name);
        }
    }
}

#[test]
fn what_maintainers_need_stays() {
    let clean = String::from_utf8(cleaned(planted("zyxwtenant").as_bytes())).expect("text");
    for kept in [
        "main.(*Store).Charge(0xc0",
        "/store.go:42 +0x1d",
        "created by main.serve in goroutine 1",
        "goroutine 9 [select, 3 minutes] {",
        "failed: dial tcp",
        "connect: connection refused",
        "exit status 2",
        "2026-03-01T10:00:00Z",
        "1772359200.5",
        "/home/",
        "level=error",
    ] {
        assert!(clean.contains(kept), "{kept} is lost:\n{clean}");
    }
    let runtime = "panic: runtime error: index out of range [70000] with length 12345\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:3 +0x1d\nexit status 2\n";
    assert_eq!(cleaned(runtime.as_bytes()), runtime.as_bytes());
}

#[test]
fn equal_words_stay_equal_across_files_of_a_run() {
    let texts = [
        planted("zyxwtenant"),
        planted("hunter2zyxw") + "zyxwtenant\n",
    ];
    let dirty = texts.each_ref().map(|text| Dirty {
        name: "/home/zyxwtenant/zyxwtenant.log",
        bytes: text.as_bytes(),
    });
    let clean: Vec<Clean> = clean(&dirty, &DATA);
    let [first, second] = &clean[..] else {
        unreachable!("one for one")
    };
    let texts = [first, second].map(|one| String::from_utf8(one.bytes.clone().expect("text")));
    let [first_text, second_text] = texts.map(|text| text.expect("UTF-8"));
    let last = second_text.lines().last().expect("a line");
    assert!(last.starts_with("anon"), "{last}");
    assert!(
        first_text.contains(&format!("tenant={last} ")),
        "{first_text}"
    );
    assert_eq!(first.name, format!("/home/{last}/{last}.log"));
}

#[test]
fn a_key_makes_runs_agree() {
    let keyed = |key: &[u8]| {
        let redaction = Redaction {
            scope: Scope::Data,
            key: Some(Key::new(key)),
            roots: Vec::new(),
        };
        cleaned_by(&redaction, b"bob and zyxwtenant\n")
    };
    let alone = Redaction {
        scope: Scope::Data,
        key: Some(Key::new(b"k")),
        roots: Vec::new(),
    };
    let other = cleaned_by(&alone, b"zyxwtenant\n");
    let first = keyed(b"k");
    assert!(first.ends_with(&other), "the same name in another run");
    assert_ne!(first, keyed(b"another"));
}

#[test]
fn all_replaces_own_code_and_keeps_what_is_public() {
    let dump = "panic: x\n\ngoroutine 1 [running]:\n\
        github.com/gin-gonic/gin.(*Context).Next(0xc00012a000)\n\t/home/u/go/pkg/mod/github.com/gin-gonic/gin@v1.9.0/context.go:174 +0x2b\n\
        github.com/zyxwcorp/lib.Do()\n\t/home/u/go/pkg/mod/github.com/zyxwcorp/lib@v1.2.3/do.go:7 +0x2b\n\
        github.com/zyxwcorp/billing/store.(*Ledger).Charge(0xc00012a000)\n\t/home/u/src/billing/store/ledger.go:42 +0x1d\n\
        net/http.HandlerFunc.ServeHTTP(0xc00012a000)\n\t/usr/local/go/src/net/http/server.go:2136 +0x29\n\
        main.main.func1()\n\t/home/u/src/billing/main.go:9 +0x1d\n";
    let data = String::from_utf8(cleaned(dump.as_bytes())).expect("text");
    for kept in [
        "zyxwcorp/billing/store.(*Ledger).Charge(",
        "/billing/store/ledger.go:42",
    ] {
        assert!(data.contains(kept), "{kept}:\n{data}");
    }
    let all = String::from_utf8(cleaned_by(&ALL, dump.as_bytes())).expect("text");
    for gone in ["zyxwcorp", "billing", "Ledger", "Charge", "ledger"] {
        assert!(!all.contains(gone), "{gone}:\n{all}");
    }
    for kept in [
        "github.com/gin-gonic/gin.(*Context).Next(",
        "gin@v1.9.0/context.go:174",
        "net/http.HandlerFunc.ServeHTTP(",
        "/usr/local/go/src/net/http/server.go:2136",
        "main.main.func1()",
    ] {
        assert!(all.contains(kept), "{kept}:\n{all}");
    }
}

#[test]
fn binary_profiles_are_cleaned_and_traces_refused() {
    let folders = std::fs::read_dir(support::corpus().join("profiles")).expect("profiles");
    let files = folders
        .flatten()
        .filter_map(|folder| std::fs::read_dir(folder.path()).ok());
    let paths: Vec<_> = files.flatten().flatten().map(|file| file.path()).collect();
    assert!(paths.len() > 10, "{paths:?}");
    let profiles = paths.iter().filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".pb.gz")
            || name.ends_with(".debug1.txt")
            || name.ends_with(".debug1.txt.zst")
    });
    for path in profiles {
        let bytes = support::unpacked(path);
        let (before, after) = (
            structure(&report(&bytes)),
            structure(&report(&cleaned(&bytes))),
        );
        assert_eq!(before, after, "{}", path.display());
    }
    let trace = Dirty {
        name: "trace.out",
        bytes: b"go 1.26 trace\0\0\0zyxwtenant",
    };
    let refused = clean(&[trace], &DATA).pop().map(|clean| clean.bytes);
    assert_eq!(refused, Some(Err(NotCleanable::Trace)));
}
