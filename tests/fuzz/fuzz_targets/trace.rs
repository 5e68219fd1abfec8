//! Any bytes behind a trace's header are read and added up: kinds sum up to all events, damage lies inside the file, and there are no
//! more events than bytes could hold.
#![no_main]

use gotriage::analyze::trace::Tally;
use gotriage::parse::trace::{Options, read};
use libfuzzer_sys::fuzz_target;

/// The first byte picks the form.
const HEADERS: [&[u8; 16]; 6] = [
    b"go 1.11 trace\0\0\0",
    b"go 1.21 trace\0\0\0",
    b"go 1.22 trace\0\0\0",
    b"go 1.23 trace\0\0\0",
    b"go 1.25 trace\0\0\0",
    b"go 1.26 trace\0\0\0",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&form, body)) = bytes.split_first() else {
        return;
    };
    let header = HEADERS[usize::from(form) % HEADERS.len()];
    let trace = [header.as_slice(), body].concat();
    let mut tally = Tally::default();
    let Some(outcome) = read(&trace, Options::default(), &mut tally) else {
        panic!("the header was not taken");
    };
    let (figures, _) = tally.finish(&outcome);
    assert_eq!(
        figures.events_by_kind.values().sum::<u64>(),
        figures.events_total
    );
    assert!(figures.events_total <= 2 * trace.len() as u64 + 3);
    for damage in &figures.damage {
        assert!(damage.offset + damage.bytes <= trace.len() as u64);
    }
});
