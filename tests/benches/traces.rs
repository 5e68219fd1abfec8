//! Events per second of the trace reader, alone, with adding up, and with adding up on a second thread as the commands do it, against
//! a plain scan of the same bytes:
//! `GOTRIAGE_TRACE=FILE cargo bench --bench traces`.
//!
//! FILE is best a large trace (`corpus/traces.py --long FILE --go 1.27.3`: two million events); without it the largest ones of the
//! corpus are read, and every row says so little. The scan sums all bytes: the least that any reader must do, and what may be compared
//! between machines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use gotriage::analyze::trace::{TOP_WAITING, Tally, add_up};
use gotriage::model::trace::{Event, Sink, Tables};
use gotriage::parse::trace::{Options, read};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// The fastest of so many runs counts.
const RUNS: u32 = 15;

/// Takes events and forgets them.
#[derive(Default)]
struct Counter(u64);

impl Sink for Counter {
    #[inline]
    fn event(&mut self, event: &Event, _: &Tables<'_>) {
        self.0 += 1;
        black_box(event.at);
    }
}

fn fastest(runs: u32, mut work: impl FnMut()) -> Duration {
    let once = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..runs).map(once).min().unwrap_or_default()
}

fn measure(name: &str, bytes: &[u8], runs: u32) {
    let mut events = 0;
    let scan = fastest(runs, || {
        let sum: u64 = bytes.iter().map(|&byte| u64::from(byte)).sum();
        black_box(sum);
    });
    let read_only = fastest(runs, || {
        let mut counter = Counter::default();
        black_box(read(bytes, Options::default(), &mut counter));
        events = counter.0;
    });
    let added_up = fastest(runs, || {
        let mut tally = Tally::default();
        if let Some(outcome) = read(bytes, Options::default(), &mut tally) {
            black_box(tally.finish(&outcome));
        }
    });
    let beside = fastest(runs, || {
        let (tally, outcome) = add_up(TOP_WAITING, bytes, &|_| {}, |sink| {
            read(bytes, Options::default(), sink)
        });
        black_box(outcome.map(|outcome| tally.finish(&outcome)));
    });
    println!("{name}: {} bytes, {events} events", bytes.len());
    for (what, time) in [
        ("scan", scan),
        ("read", read_only),
        ("read and add up", added_up),
        ("on two threads", beside),
    ] {
        let seconds = time.as_secs_f64().max(1e-9);
        println!(
            "  {what:<16} {:>8.2} ms {:>8.1} MB/s {:>7.1} million events/s {:>6.1} scans",
            seconds * 1e3,
            bytes.len() as f64 / 1e6 / seconds,
            events as f64 / 1e6 / seconds,
            seconds / scan.as_secs_f64().max(1e-9),
        );
    }
}

fn main() {
    // `cargo test --benches` runs this once, to see that it works.
    let runs = if std::env::args().any(|arg| arg == "--bench") {
        RUNS
    } else {
        1
    };
    if let Some(path) = std::env::var_os("GOTRIAGE_TRACE") {
        let bytes = std::fs::read(&path).expect("the file in GOTRIAGE_TRACE");
        measure(&Path::new(&path).display().to_string(), &bytes, runs);
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/traces");
    for name in ["mixed-go1.22.10", "mixed-go1.26.6"] {
        let packed =
            std::fs::read(folder.join(format!("{name}.trace.zst"))).expect("a trace of the corpus");
        let bytes = zstd::decode_all(&packed[..]).expect("zstd");
        measure(name, &bytes, runs);
    }
}
