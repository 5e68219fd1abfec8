//! Hashes per second by key length, and Go's own runtime beside them: `cargo bench --bench hashes`.
//!
//! Both run the amd64 hash with AES instructions on this machine, one after the other, thus their ratio is what may be compared
//! between runs. Go is looked for in GOTRIAGE_GO, then where `corpus/toolchains.sh` installs; without it only our column is printed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use gotriage::gomap::hash::{Hasher, Secrets};
use gotriage::gomap::target::{Arch, Target};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Shortest time that is measured, and how often: the fastest counts. The Go program does the same.
const TURN: Duration = Duration::from_millis(20);
const TURNS: u32 = 5;

/// Bytes of a key; `word32` and `word64` are the words' own functions.
const KEYS: [&str; 15] = [
    "word32", "word64", "1", "8", "16", "17", "32", "33", "64", "65", "128", "129", "256", "1024",
    "16384",
];

fn main() {
    // `cargo test --benches` runs this once, to see that it works.
    let once = !std::env::args().any(|arg| arg == "--bench");
    let target = Target::new("1.27".parse().unwrap(), Arch::Amd64).unwrap();
    let secrets = Secrets {
        aeskeysched: Some((0..128).map(|n| n * 29 + 7).collect()),
        hashkey: None,
        use_aes: Some(true),
    };
    let hasher = Hasher::new(&target, &secrets).unwrap();
    let go = match once {
        true => None,
        false => toolchain().map(|go| rates_of_go(&go)),
    };
    println!("{} in millions per second", hasher.algorithm());
    println!(
        "  {:<8} {:>10} {:>10} {:>8}",
        "key", "gotriage", "Go", "ratio"
    );
    for key in KEYS {
        let ours = if once {
            once_over(&hasher, key)
        } else {
            rate(&hasher, key)
        } / 1e6;
        match go.as_ref().and_then(|rates| rates.get(key)) {
            Some(theirs) => {
                let theirs = theirs / 1e6;
                println!(
                    "  {key:<8} {ours:>10.2} {theirs:>10.2} {:>8.2}",
                    ours / theirs
                );
            }
            None => println!("  {key:<8} {ours:>10.2} {:>10} {:>8}", "-", "-"),
        }
    }
}

/// Hashes `count` keys, each with another seed, none waiting for the one before.
fn work(hasher: &Hasher, key: &str, count: u64) {
    let hashes: u64 = match key {
        "word32" => (0..count)
            .map(|n| hasher.word32(black_box(7), n))
            .fold(0, |a, b| a ^ b),
        "word64" => (0..count)
            .map(|n| hasher.word64(black_box(7), n))
            .fold(0, |a, b| a ^ b),
        length => {
            let data = vec![0x5a; length.parse().unwrap()];
            (0..count)
                .map(|n| hasher.bytes(black_box(&data), n))
                .fold(0, |a, b| a ^ b)
        }
    };
    black_box(hashes);
}

fn once_over(hasher: &Hasher, key: &str) -> f64 {
    let start = Instant::now();
    work(hasher, key, 1);
    1.0 / start.elapsed().as_secs_f64()
}

/// Hashes per second.
fn rate(hasher: &Hasher, key: &str) -> f64 {
    let (mut count, mut best, mut turns) = (1, Duration::MAX, 0);
    while turns < TURNS {
        let start = Instant::now();
        work(hasher, key, count);
        let took = start.elapsed();
        if took < TURN {
            count *= 2;
            continue;
        }
        best = best.min(took);
        turns += 1;
    }
    count as f64 / best.as_secs_f64()
}

/// The newest Go of the corpus, or the one that was asked for.
fn toolchain() -> Option<PathBuf> {
    if let Some(go) = std::env::var_os("GOTRIAGE_GO") {
        return Some(go.into());
    }
    let dir = std::env::var_os("GOTRIAGE_GO_DIR").map(PathBuf::from);
    let dir =
        dir.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache/gotriage-go")))?;
    let go = dir.join("1.27.3/go/bin/go");
    go.exists().then_some(go)
}

fn rates_of_go(go: &Path) -> BTreeMap<String, f64> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/programs/map-hashes");
    let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join("map-hashes");
    let built = Command::new(go)
        .args(["build", "-ldflags=-checklinkname=0", "-o"])
        .arg(&binary)
        .arg(".")
        .env("GOTOOLCHAIN", "local")
        .current_dir(program)
        .status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "{} builds nothing",
        go.display()
    );
    let printed = Command::new(&binary)
        .arg("bench")
        .args(KEYS)
        .output()
        .unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let rows = printed.lines().filter_map(|line| line.split_once(' '));
    rows.map(|(key, rate)| (key.to_owned(), rate.parse().unwrap()))
        .collect()
}
