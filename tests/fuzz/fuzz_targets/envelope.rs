//! Any bytes can be unwrapped, and every unwrapped line comes from a line that is there.
#![no_main]

use gotriage::envelope;
use gotriage::model::TextLine;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let opened = envelope::open(bytes);
    let newlines = |text: &[u8]| text.iter().filter(|&&byte| byte == b'\n').count() as u32;
    for unwrapped in &opened.texts {
        let ended = unwrapped.text.last().is_none_or(|&last| last == b'\n');
        let lines = newlines(&unwrapped.text) + u32::from(!ended);
        for line in 0..lines {
            let origin = unwrapped.lines.origin(TextLine(line)).line;
            assert!(
                (1..=opened.lines).contains(&origin),
                "line {line} from {origin} of {}",
                opened.lines
            );
        }
    }
    for range in &opened.wrapper_lines {
        assert!(range.start >= 1 && range.end <= opened.lines + 1);
    }
});
