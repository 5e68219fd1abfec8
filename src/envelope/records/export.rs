//! journald's export format (`journalctl -o export`): fields in lines, entries apart by an empty line.
//!
//! ```text
//! __REALTIME_TIMESTAMP=1767366245000000
//! _SYSTEMD_UNIT=web.service
//! MESSAGE=goroutine 1 [running]:
//!
//! MESSAGE                        a value with control bytes: name, length in 8 bytes (little endian), value
//! ```

use super::record::Record;
use crate::envelope::sample::Sample;
use crate::envelope::step::Peeled;
use crate::envelope::streams::{Assembly, assemble};
use crate::envelope::text::{Layer, count_lines};
use crate::model::TextLine;

/// Takes the entries off and leaves their messages.
pub(in crate::envelope) fn peel(layer: &Layer, sample: &Sample) -> Option<Peeled> {
    let mut lines = sample.lines();
    if !lines.any(|line| line.starts_with(b"__REALTIME_TIMESTAMP="))
        || !lines.any(|line| line == b"MESSAGE" || line.starts_with(b"MESSAGE="))
    {
        return None;
    }
    let assembled = assemble(layer, sample, read)?;
    Some(Peeled::assembled("journald export", assembled))
}

fn read(layer: &Layer, assembly: &mut Assembly) {
    let mut record = Record::default();
    let mut rest: &[u8] = &layer.text;
    let mut line = 0u32;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or_default();
        let origin = layer.lines.origin(TextLine(line));
        rest = rest.get(end + 1..).unwrap_or_default();
        line += 1;
        if text.is_empty() {
            std::mem::take(&mut record).close(false, assembly);
            continue;
        }
        let value = match memchr::memchr(b'=', text) {
            Some(equals) => text.get(equals + 1..).unwrap_or_default(),
            None => {
                let value = binary(rest);
                line += count_lines(rest.get(..8).unwrap_or_default()).saturating_sub(1)
                    + count_lines(value);
                rest = rest.get(8 + value.len() + 1..).unwrap_or_default();
                value
            }
        };
        let key = text.split(|&byte| byte == b'=').next().unwrap_or_default();
        if key == b"MESSAGE" {
            record.values.push((origin, value.to_vec()));
        } else {
            record.note(key, value, || (origin, value.to_vec()));
        }
    }
    record.close(false, assembly);
}

/// A value behind its length, no longer than what is there.
fn binary(rest: &[u8]) -> &[u8] {
    let length = rest
        .get(..8)
        .and_then(|bytes| <[u8; 8]>::try_from(bytes).ok())
        .map_or(0, u64::from_le_bytes);
    let there = rest.len().saturating_sub(8);
    let length = usize::try_from(length).unwrap_or(there).min(there);
    rest.get(8..8 + length).unwrap_or_default()
}
