//! Wrappers that put a dump into the fields of records.

pub(super) mod csv;
pub(super) mod export;
pub(super) mod json;
pub(super) mod logfmt;
mod record;
mod scan;

use super::sample::Sample;
use bstr::ByteSlice;

/// True where a print call that begins a line of a dump may stand alone in a record.
fn pieces_likely(sample: &Sample) -> bool {
    let text = &sample.as_layer().text;
    [
        &b"\"goroutine \""[..],
        b"\"goroutine\"",
        b"\"panic: \"",
        b"\"fatal error: \"",
    ]
    .iter()
    .any(|call| text.find(call).is_some())
}
