//! Any bytes can be parsed: spans lie inside the text, goroutines follow each other, every line is counted once.
#![no_main]

#[path = "../../pipeline/mod.rs"]
mod pipeline;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    pipeline::with_evidence(&[("-", bytes)], |evidence| {
        for document in &evidence.documents {
            let mut end = 0;
            for goroutine in &document.goroutines {
                let span = goroutine.span;
                assert!(end <= span.start && span.start < span.end);
                assert!(span.end <= document.text.len());
                assert!(goroutine.line.0 < document.tally.total);
                end = span.end;
                let own = evidence.symbols.frame_ids(goroutine.stack).len();
                let args = gotriage::parse::arguments(document.text, goroutine);
                assert_eq!(own, args.len(), "frames and their arguments");
            }
            let (aside, unparsed) = (&document.tally.aside, &document.tally.unparsed);
            for lines in [aside, unparsed] {
                assert!(lines.windows(2).all(|pair| pair[0].end <= pair[1].start));
                assert!(
                    lines
                        .last()
                        .is_none_or(|last| last.end <= document.tally.total)
                );
            }
        }
    });
});
