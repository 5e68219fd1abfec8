//! Any bytes get a report in every form, and all their lines are accounted for.
#![no_main]

#[path = "../../pipeline/mod.rs"]
mod pipeline;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let report = pipeline::report(&[("-", bytes)]);
    assert_eq!(pipeline::unaccounted(&report), Vec::<String>::new());
    pipeline::print_all(&report);
});
