//! The same input gives the same bytes out: whatever the number of threads, and each time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod builder;
mod pipeline;
mod support;

use gotriage::render::Format;

/// The JSON form, computed by so many threads.
fn json(threads: usize, inputs: &[(&str, &[u8])]) -> Vec<u8> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.unwrap_or_else(|error| panic!("{threads} threads: {error}"));
    pool.install(|| pipeline::printed(&pipeline::report(inputs), Format::Json))
}

/// Compared without printing megabytes where it fails.
fn assert_same(what: &str, one: &[u8], other: &[u8]) {
    let differs = one.iter().zip(other).position(|(a, b)| a != b);
    let at = differs.unwrap_or(one.len().min(other.len()));
    let around = |bytes: &[u8]| {
        let range = at.saturating_sub(200)..(at + 200).min(bytes.len());
        String::from_utf8_lossy(&bytes[range]).into_owned()
    };
    assert!(
        one == other,
        "{what} differs at {at}:\n{}\n---\n{}",
        around(one),
        around(other)
    );
}

fn assert_independent_of_threads(what: &str, inputs: &[(&str, &[u8])]) {
    let one = json(1, inputs);
    for threads in [2, 8] {
        assert_same(
            &format!("{what} by {threads} threads"),
            &one,
            &json(threads, inputs),
        );
    }
}

#[test]
fn a_capture_of_many_pieces() {
    let text = builder::big::capture(9 << 20);
    assert!(text.len() > 8 << 20);
    assert_independent_of_threads("9 MiB", &[("big", text.as_bytes())]);
}

#[test]
fn dumps_of_the_corpus_alone_and_together() {
    let every_tenth = support::manifest().into_iter().step_by(10);
    let dumps: Vec<(String, Vec<u8>)> = every_tenth
        .map(|truth| (truth.file.clone(), truth.bytes()))
        .collect();
    for (file, bytes) in &dumps {
        assert_independent_of_threads(file, &[(file, bytes)]);
    }
    for pair in dumps.windows(2).step_by(7) {
        let inputs: Vec<(&str, &[u8])> = pair
            .iter()
            .map(|(file, bytes)| (file.as_str(), &bytes[..]))
            .collect();
        assert_independent_of_threads(&format!("{} and {}", inputs[0].0, inputs[1].0), &inputs);
        assert_same(inputs[0].0, &json(2, &inputs), &json(2, &inputs));
    }
}
