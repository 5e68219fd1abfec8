//! Any bytes behind the beginning of a profile can be read: rows are whole, ranges lie inside, and the report prints.
#![no_main]

#[path = "../../pipeline/mod.rs"]
mod pipeline;

use gotriage::model::Item;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Without it nearly all inputs are text.
    let begun = [&[0x0a, 4, 8, 1, 16, 2][..], bytes].concat();
    for input in [bytes, &begun] {
        pipeline::with_evidence(&[("-", input)], |evidence| {
            for item in evidence.documents.iter().flat_map(|document| &document.items) {
                let Item::Profile(profile) = item else {
                    continue;
                };
                assert_eq!(profile.values.len(), profile.samples.len() * profile.types.len().max(1));
                for sample in &profile.samples {
                    assert_eq!(profile.addresses_of(sample).len(), sample.addresses.len());
                    assert_eq!(profile.labels_of(sample).len(), sample.labels.len());
                }
            }
        });
    }
    pipeline::print_all(&pipeline::report(&[("-", &begun)]));
});
