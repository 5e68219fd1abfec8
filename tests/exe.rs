//! Names from the program's own tables against the names that Go printed: profile-work is built in several ways, runs, and the text form
//! of its goroutines, named with `--exe`, has to show the stacks of the protobuf form, hidden frames included.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;
mod toolchain;

use gotriage::envelope;
use gotriage::model::{FrameKind, Item};
use gotriage::parse::symbols::Executable;
use gotriage::parse::{self, Given};
use gotriage::triage::{self, Options};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Ways to link: as it is, without symbols, at an address that the kernel chooses.
const BUILDS: [&[&str]; 3] = [&[], &["-ldflags=-s -w"], &["-buildmode=pie"]];

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("out")).unwrap();
    folder
}

fn with_report<T>(
    bytes: &[u8],
    program: Option<&Executable<'_>>,
    look: impl FnOnce(&gotriage::model::Evidence<'_>) -> T,
) -> T {
    let opened = envelope::open(bytes);
    let given = [Given {
        name: "-",
        bytes: bytes.len() as u64,
        opened: &opened,
        truncated: false,
        notes: Vec::new(),
    }];
    look(&parse::read_named(&given, program))
}

/// Functions that goroutines stand still in, one group each.
const MARKED: [&str; 3] = ["main.waiter", "main.receiver", "main.sender"];

/// A stack's functions without goexit, repeats in a row as one: all of them, and those with a physical frame.
#[derive(Debug, Default, PartialEq)]
struct Stack {
    count: i64,
    all: Vec<String>,
    physical: Vec<String>,
}

/// The stacks of the marked functions.
fn stacks(bytes: &[u8], program: Option<&Executable<'_>>) -> BTreeMap<&'static str, Stack> {
    with_report(bytes, program, |evidence| {
        let mut stacks: BTreeMap<&str, Stack> = BTreeMap::new();
        let profiles = evidence
            .documents
            .iter()
            .flat_map(|document| &document.items);
        for item in profiles {
            let Item::Profile(profile) = item else {
                continue;
            };
            for (sample, row) in profile.rows() {
                let names = |inlined: bool| {
                    let frames = evidence.symbols.frames(sample.stack);
                    let mut names: Vec<String> = frames
                        .filter(|frame| inlined || frame.kind != FrameKind::Inlined)
                        .map(|frame| {
                            String::from_utf8_lossy(evidence.symbols.text(frame.func)).into_owned()
                        })
                        .filter(|name| name != "runtime.goexit")
                        .collect();
                    names.dedup();
                    names
                };
                let all = names(true);
                let Some(mark) = MARKED
                    .iter()
                    .find(|mark| all.iter().any(|name| name == *mark))
                else {
                    continue;
                };
                let physical = names(false);
                let count = stacks.get(mark).map_or(0, |known| known.count) + row[0];
                stacks.insert(
                    mark,
                    Stack {
                        count,
                        all,
                        physical,
                    },
                );
            }
        }
        stacks
    })
}

/// True where all of `part` stand in `whole` in this order.
fn is_within(part: &[String], whole: &[String]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|name| rest.any(|other| other == name))
}

/// The runtime gives an address for each inlined call too; the tables name the function that it was inlined into. So what is named
/// lies between the physical frames and all.
fn is_named_alike(named: &BTreeMap<&str, Stack>, expected: &BTreeMap<&str, Stack>) -> bool {
    MARKED
        .iter()
        .all(|mark| match (named.get(mark), expected.get(mark)) {
            (Some(named), Some(expected)) => {
                named.count == expected.count
                    && is_within(&expected.physical, &named.all)
                    && is_within(&named.all, &expected.all)
            }
            _ => false,
        })
}

#[test]
fn hidden_frames_are_named_as_go_names_them() {
    for go in toolchain::toolchains() {
        for (number, flags) in BUILDS.iter().enumerate() {
            let place = folder(&format!("exe-{}-{number}", go.version));
            let source = support::corpus().join("programs/profile-work/main.go");
            std::fs::copy(source, place.join("main.go")).unwrap();
            std::fs::write(place.join("go.mod"), "module example.com/app\n\ngo 1.19\n").unwrap();
            let binary = place.join("app");
            let built = toolchain::run(go.build(&place, &binary).args(*flags).arg("."));
            built.unwrap_or_else(|error| panic!("{} {flags:?}: {error}", go.version));
            toolchain::run(
                Command::new(&binary)
                    .env("GODEBUG", "memprofilerate=16384")
                    .arg(place.join("out")),
            )
            .unwrap_or_else(|error| panic!("{}: {error}", go.version));
            check(&place, &binary, &format!("Go {} {flags:?}", go.version));
            let _ = std::fs::remove_dir_all(&place);
        }
    }
}

fn check(place: &Path, binary: &Path, what: &str) {
    let file = std::fs::read(binary).unwrap();
    let program = Executable::read(&file).unwrap_or_else(|error| panic!("{what}: {error}"));
    let text = std::fs::read(place.join("out/goroutine.debug1.txt")).unwrap();
    let expected = stacks(&support::unpacked(&place.join("out/goroutine.pb.gz")), None);
    let named = stacks(&text, Some(&program));
    assert!(
        is_named_alike(&named, &expected),
        "{what}: {named:?}, not {expected:?}"
    );
    assert!(
        !is_named_alike(&stacks(&text, None), &expected),
        "{what}: nothing was hidden"
    );
    let heap = std::fs::read(place.join("out/heap.debug1.txt")).unwrap();
    let report = with_report(&heap, Some(&program), |evidence| {
        triage::report(evidence, &Options::default())
    });
    let maps = &report.incidents[0].profiles[0].map_memory;
    let source = std::fs::read_to_string(place.join("main.go")).unwrap();
    let marked =
        |mark: &str| source.lines().position(|line| line.contains(mark)).unwrap() as u32 + 1;
    // Maps that die before the profile is taken are counted in all, not as live.
    let garbage = maps
        .iter()
        .find(|map| map.line == marked("// made, garbage"));
    assert!(
        garbage.is_some_and(|map| map.total_bytes > 1 << 20),
        "{what}: {maps:?}"
    );
    let grown = maps.iter().find(|map| map.line == marked("// grows, live"));
    assert!(
        grown.is_some_and(|map| map.total_bytes > 1 << 17),
        "{what}: {maps:?}"
    );
}

/// All goroutines are started with arguments: the function that is printed is inlined into a wrapper, which is not.
const WRAPPED: &str = r#"package main

import (
	"os"
	"runtime/pprof"
	"sync"
	"time"
)

func waiter(lock *sync.Mutex) { lock.Lock() }

func receiver(c chan int) { <-c }

func sender(c chan int) { c <- 1 }

// EXTRA

func start() {
	lock := new(sync.Mutex)
	lock.Lock()
	for i := 0; i < 5; i++ {
		go waiter(lock)
		go receiver(make(chan int))
	}
	for i := 0; i < 50; i++ {
		go sender(make(chan int))
	}
}

func main() {
	start()
	time.Sleep(100 * time.Millisecond)
	for i, name := range []string{"named.pb.gz", "text"} {
		file, _ := os.Create(name)
		pprof.Lookup("goroutine").WriteTo(file, i)
		file.Close()
	}
}
"#;

/// Shifts what is linked behind it.
const EXTRA: &str = "var Sum int

func init() {
	for i := range os.Args {
		Sum += i * len(os.Args[i])
	}
}";

#[test]
fn wrappers_mislead_nobody_and_other_builds_name_nothing() {
    for go in toolchain::toolchains() {
        for (number, flags) in BUILDS.iter().enumerate() {
            let what = format!("Go {} {flags:?}", go.version);
            let place = folder(&format!("exe-wrapped-{}-{number}", go.version));
            std::fs::write(place.join("go.mod"), "module example.com/app\n\ngo 1.19\n").unwrap();
            let build = |source: &str, name: &str| {
                std::fs::write(place.join("main.go"), source).unwrap();
                let binary = place.join(name);
                toolchain::run(go.build(&place, &binary).args(*flags).arg("."))
                    .unwrap_or_else(|error| panic!("{what}: {error}"));
                binary
            };
            let other = std::fs::read(build(&WRAPPED.replace("// EXTRA", EXTRA), "other")).unwrap();
            let binary = build(WRAPPED, "app");
            toolchain::run(Command::new(&binary).current_dir(&place)).unwrap();
            let text = std::fs::read(place.join("text")).unwrap();
            let expected = stacks(&support::unpacked(&place.join("named.pb.gz")), None);
            let own = std::fs::read(&binary).unwrap();
            let named = stacks(&text, Some(&Executable::read(&own).unwrap()));
            assert!(
                is_named_alike(&named, &expected),
                "{what}: {named:?}, not {expected:?}"
            );
            let other = Executable::read(&other).unwrap();
            assert_eq!(
                stacks(&text, Some(&other)),
                stacks(&text, None),
                "{what}: named by another build"
            );
            let report = with_report(&text, Some(&other), |evidence| {
                triage::report(evidence, &Options::default())
            });
            let said = |note: &triage::report::NoteReport| note.text.contains("not the build");
            assert!(report.notes.iter().any(said), "{what}: {:?}", report.notes);
            let _ = std::fs::remove_dir_all(&place);
        }
    }
}

#[test]
fn what_is_no_program_is_said() {
    for (bytes, said) in [
        (&b"goroutine 1 [running]:\n"[..], "not a program"),
        (&b""[..], "not a program"),
        (&b"\x7fELF\x02\x01\x01"[..], "not a program"),
    ] {
        let error = Executable::read(bytes).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// Every table of a program may be wrong: names may be missing or odd, nothing else happens.
#[test]
fn damaged_programs_name_nothing_and_break_nothing() {
    use proptest::prelude::Rng;
    use proptest::test_runner::{RngAlgorithm, TestRng};
    let Some(go) = toolchain::toolchains().pop() else {
        return;
    };
    let place = folder("exe-damage");
    std::fs::write(
        place.join("main.go"),
        "package main\n\nfunc main() { println(\"x\") }\n",
    )
    .unwrap();
    std::fs::write(place.join("go.mod"), "module example.com/app\n\ngo 1.19\n").unwrap();
    let binary = place.join("app");
    toolchain::run(go.build(&place, &binary).arg(".")).unwrap();
    let file = std::fs::read(&binary).unwrap();
    let mut numbers = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut below = |limit: usize| (numbers.next_u64() % limit as u64) as usize;
    let magic = memchr::memmem::find(&file, b"\xf1\xff\xff\xff\0\0\x01\x08").expect("a table");
    for round in 0..300 {
        let mut damaged = file.clone();
        for _ in 0..20 {
            let at = match round % 3 {
                0 => below(4096),
                1 => magic + below(256),
                _ => magic + below(file.len() - magic),
            };
            damaged[at] = below(256) as u8;
        }
        if round % 7 == 0 {
            damaged.truncate(below(damaged.len()));
        }
        if let Ok(program) = Executable::read(&damaged) {
            for step in 0..500u64 {
                program.frame(gotriage::model::Address(0x40_0000 + step * 1021), 0);
            }
        }
    }
}
