//! Traces of the corpus, the oracle's answers for them, and a sink that writes events as the oracle does.
#![allow(dead_code, clippy::panic, clippy::unwrap_used)]

use gotriage::model::trace::{Event, EventKind, GoState, Scope, Sink, StackRef, Tables};
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The same numbers in every run.
pub struct Numbers(pub u64);

impl Numbers {
    /// The next one, less than `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// One trace of the corpus.
pub struct Sample {
    pub name: String,
    pub bytes: Vec<u8>,
    pub oracle: Value,
}

impl Sample {
    /// True for the form up to Go 1.21.
    pub fn is_v1(&self) -> bool {
        gotriage::parse::trace::header(&self.bytes).is_none_or(|number| number < 22)
    }

    /// The error at which Go's reader stopped.
    pub fn error(&self) -> Option<&str> {
        self.oracle["error"].as_str()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/traces")
}

/// All of them, by name.
pub fn samples() -> Vec<Sample> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".trace.zst"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| sample(path)).collect()
}

/// Those that Go's reader reads to the end.
pub fn whole() -> impl Iterator<Item = Sample> {
    let samples = samples().into_iter();
    samples.filter(|sample| sample.error().is_none())
}

fn sample(path: &Path) -> Sample {
    let name = path.file_name().unwrap().to_str().unwrap();
    let name = name.strip_suffix(".trace.zst").unwrap().to_owned();
    let packed = std::fs::read(path).unwrap();
    let answer = path.with_file_name(format!("{name}.oracle.json"));
    let answer = std::fs::read(&answer).unwrap_or_else(|error| panic!("{name}: {error}"));
    Sample {
        bytes: zstd::decode_all(&packed[..]).unwrap(),
        oracle: serde_json::from_slice(&answer).unwrap(),
        name,
    }
}

/// One of them.
pub fn pick(name: &str) -> Sample {
    sample(&folder().join(format!("{name}.trace.zst")))
}

/// The text that `go tool trace` prints for some of them, by name.
pub fn texts() -> Vec<(&'static str, Vec<u8>)> {
    let names = ["panic-go1.22.10", "mixed-go1.24.11", "panic-go1.27.3"];
    unpacked(names, "text")
}

/// The text that the tools up to Go 1.21 print for some of them, by name.
pub fn old_texts() -> Vec<(&'static str, Vec<u8>)> {
    unpacked(["mixed-go1.19.8", "panic-go1.21.13"], "text")
}

/// The JSON that `go tool trace` gives a browser for some of them, by name.
pub fn views() -> Vec<(&'static str, Vec<u8>)> {
    let names = [
        "mixed-go1.19.8",
        "panic-go1.21.13",
        "panic-go1.23.9",
        "mixed-go1.25.5",
        "panic-go1.27.3",
    ];
    unpacked(names, "view.json")
}

fn unpacked<const N: usize>(names: [&'static str; N], kind: &str) -> Vec<(&'static str, Vec<u8>)> {
    let read = |name| {
        let packed = std::fs::read(folder().join(format!("{name}.{kind}.zst"))).unwrap();
        (name, zstd::decode_all(&packed[..]).unwrap())
    };
    names.into_iter().map(read).collect()
}

/// FNV-1a, 64 bits.
#[derive(Clone, Copy)]
pub struct Fnv(pub u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    pub fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

/// Writes every event as a line, as `programs/trace-oracle` does, and hashes the lines.
#[derive(Default)]
pub struct Lines {
    pub stream: Fnv,
    pub multiset: u64,
    /// Leave out what Go's reader does not know: the first functions of goroutines that were there before a trace up to Go 1.21.
    pub old_starts_dropped: bool,
    /// The lines themselves, for a look at a difference.
    pub kept: Option<String>,
    pub stacks: Vec<Option<u64>>,
}

impl Sink for Lines {
    fn generation(&mut self, tables: &Tables<'_>) {
        self.stacks = vec![None; tables.stack_places()];
    }

    fn event(&mut self, event: &Event, tables: &Tables<'_>) {
        let context = event.context;
        let stack = self.stack(event.stack, tables);
        let details = self.details(event, tables);
        let line = format!(
            "{} {} {} {} {details} {stack:x}\n",
            context.thread as i64,
            context.proc as i64,
            context.goroutine as i64,
            event.kind.kind().name(),
        );
        self.stream.add(format!("{} ", event.at).as_bytes());
        self.stream.add(line.as_bytes());
        let mut hash = Fnv::default();
        hash.add(line.as_bytes());
        self.multiset = self.multiset.wrapping_add(hash.0);
        if let Some(kept) = &mut self.kept {
            write!(kept, "{} {line}", event.at).unwrap();
        }
    }
}

impl Lines {
    fn stack(&mut self, stack: StackRef, tables: &Tables<'_>) -> u64 {
        if !stack.is_some() {
            return 0;
        }
        let place = stack.0 as usize;
        if let Some(known) = self.stacks[place] {
            return known;
        }
        let mut hash = Fnv::default();
        for frame in tables.frames(stack) {
            let (func, file) = (text(frame.func), text(frame.file));
            hash.add(format!("{:x} {func} {file} {}\n", frame.pc, frame.line).as_bytes());
        }
        self.stacks[place] = Some(hash.0);
        hash.0
    }

    fn details(&mut self, event: &Event, tables: &Tables<'_>) -> String {
        let word = |word| text(tables.vocabulary.text(word));
        match event.kind {
            EventKind::Goroutine(change) => format!(
                "g{} {}->{} {} {:x}",
                change.id,
                change.from.name(),
                change.to.name(),
                word(change.reason),
                match change.from {
                    GoState::Undetermined if self.old_starts_dropped => 0,
                    _ => self.stack(change.stack, tables),
                }
            ),
            EventKind::Proc(change) => format!(
                "p{} {}->{}",
                change.id,
                change.from.name(),
                change.to.name()
            ),
            EventKind::Sync(point) => match tables.clock {
                Some(clock) if !point.last => format!(
                    "{} {} {} {}",
                    point.number,
                    clock.trace_ns,
                    clock.mono_ns,
                    clock.wall_seconds * 1_000_000_000 + clock.wall_nanos
                ),
                _ => point.number.to_string(),
            },
            EventKind::Metric(metric, value) => format!("{} {value}", metric.name()),
            EventKind::Label(label) => word(label),
            EventKind::StackSample => String::new(),
            EventKind::RangeBegin(range)
            | EventKind::RangeActive(range)
            | EventKind::RangeEnd(range) => {
                let scope = match range.scope {
                    Scope::Global => "-".to_owned(),
                    Scope::Goroutine(id) => format!("g{}", id as i64),
                    Scope::Proc(id) => format!("p{id}"),
                };
                let swept = match range.swept {
                    Some((swept, reclaimed)) => format!(" {swept} {reclaimed}"),
                    None => String::new(),
                };
                format!("{} {scope}{swept}", word(range.name))
            }
            EventKind::TaskBegin(task) | EventKind::TaskEnd(task) => {
                format!("{} {} {}", task.id, task.parent as i64, word(task.name))
            }
            EventKind::RegionBegin(region) | EventKind::RegionEnd(region) => {
                format!("{} {}", region.task, word(region.name))
            }
            EventKind::Log(log) => format!(
                "{} {} {}",
                log.task,
                word(log.category),
                text(tables.text(log.message))
            ),
            EventKind::Experimental(number, arguments) => {
                let event = gotriage::goruntime::tracewire::wire_event(number).unwrap();
                let mut line = event.name.to_owned();
                for argument in arguments.iter().take(event.arguments.len()) {
                    write!(line, " {argument}").unwrap();
                }
                line
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
