//! How fast captures and crashes become evidence and reports: `cargo bench`.
//!
//! Machines are noisy and differ, so each figure is set against counting the line ends of the same bytes in the same run: the ratio
//! is what may be compared between runs. The rows of one input are measured in turns, and the fastest turn counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../builder/mod.rs"]
mod builder;
#[path = "../pipeline/mod.rs"]
mod pipeline;

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Size of the large capture, in bytes: the most that /debug/pprof/goroutine?debug=2 hands out.
const LARGE: usize = 64 << 20;

/// A crash as it reaches a ticket.
const SMALL: &str = "../corpus/dumps/map-write-write/go1.27.3-system.txt";

/// Least time for one turn, so that small inputs are repeated often enough for the clock.
const TURN: Duration = Duration::from_millis(20);

type Work = fn(&[u8]);

const ROWS: [(&str, Work); 3] = [
    ("count line ends", count),
    ("unwrap and parse", parse),
    ("whole report", report),
];

fn main() {
    // `cargo test --benches` runs this once, to see that it works.
    let once = !std::env::args().any(|arg| arg == "--bench");
    let large = builder::big::capture(if once { 1 << 16 } else { LARGE });
    measure("large capture", large.as_bytes(), if once { 1 } else { 5 });
    let small = std::fs::read(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(SMALL),
    );
    let small = small.unwrap_or_else(|error| panic!("{SMALL}: {error}"));
    measure("small crash", &small, if once { 1 } else { 25 });
}

fn measure(name: &str, bytes: &[u8], turns: u32) {
    let mut best = [Duration::MAX; ROWS.len()];
    for _ in 0..turns {
        for ((_, work), best) in ROWS.iter().zip(&mut best) {
            *best = turn(*work, bytes).min(*best);
        }
    }
    println!("{name}: {} bytes", bytes.len());
    for ((row, _), took) in ROWS.iter().zip(best) {
        let rate = bytes.len() as f64 / took.as_secs_f64() / f64::from(1 << 20);
        let ratio = took.as_secs_f64() / best[0].as_secs_f64();
        println!("  {row:<18} {took:>12.1?} {rate:>10.0} MiB/s {ratio:>8.1} x counting");
    }
}

/// Mean time of one run over a turn.
fn turn(work: Work, bytes: &[u8]) -> Duration {
    let start = Instant::now();
    let mut runs = 0;
    while runs == 0 || start.elapsed() < TURN {
        work(black_box(bytes));
        runs += 1;
    }
    start.elapsed() / runs
}

fn count(bytes: &[u8]) {
    black_box(memchr::memchr_iter(b'\n', bytes).count());
}

fn parse(bytes: &[u8]) {
    pipeline::with_evidence(&[("bench", bytes)], |evidence| {
        black_box(evidence.documents.len());
    });
}

fn report(bytes: &[u8]) {
    black_box(pipeline::report(&[("bench", bytes)]));
}
