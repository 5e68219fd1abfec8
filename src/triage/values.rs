//! From ids and bytes of the model to the strings and numbers of the report.
//!
//! Lossy UTF-8 happens here and nowhere before; escaping is the renderers' business.

use super::report::{At, Place};
use crate::analyze::accesses::user_site;
use crate::goruntime::frames;
use crate::model::{DocumentId, Evidence, Frame, FrameId, FrameKind, NameId, StackId, TextLine};

/// Bytes of a log as text; what is not UTF-8 becomes U+FFFD.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An interned name as text.
pub(super) fn name(evidence: &Evidence<'_>, id: NameId) -> String {
    text(evidence.symbols.text(id))
}

/// A function's name as source code would write it: last path element, escapes undone.
pub(super) fn short(evidence: &Evidence<'_>, id: FrameId) -> String {
    let func = evidence
        .symbols
        .get(id)
        .map(|frame| evidence.symbols.text(frame.func));
    text(&frames::display_name(func.unwrap_or_default()))
}

/// A frame as a place; an elision mark becomes a place without a file.
pub(super) fn place(evidence: &Evidence<'_>, id: FrameId) -> Place {
    let Some(frame) = evidence.symbols.get(id) else {
        return Place {
            func: String::new(),
            file: String::new(),
            line: 0,
        };
    };
    if frame.kind == FrameKind::Elided {
        return elision(frame);
    }
    if let FrameKind::Unnamed(address) = frame.kind {
        return Place {
            func: address.to_string(),
            file: String::new(),
            line: 0,
        };
    }
    Place {
        func: name(evidence, frame.func),
        file: name(evidence, frame.file),
        line: frame.line,
    }
}

fn elision(frame: &Frame) -> Place {
    let func = match frame.line {
        0 => "...additional frames elided...".into(),
        count => format!("...{count} frames elided..."),
    };
    Place {
        func,
        file: String::new(),
        line: 0,
    }
}

/// `main.go:20`: enough of a path to recognise the file, for sentences.
pub(super) fn file_line(evidence: &Evidence<'_>, id: FrameId) -> String {
    let place = place(evidence, id);
    let file = place.file.rsplit('/').next().unwrap_or(&place.file);
    format!("{file}:{}", place.line)
}

/// `main.(*Cache).Set (main.go:41)`, for sentences; the function alone where no more is known.
pub(super) fn site(evidence: &Evidence<'_>, id: FrameId) -> String {
    if place(evidence, id).file.is_empty() {
        return short(evidence, id);
    }
    format!("{} ({})", short(evidence, id), file_line(evidence, id))
}

/// `store.(*Votes).Cast (store.go:15)`: a place of the report in a sentence.
pub(super) fn call(place: &Place) -> String {
    let func = text(&frames::display_name(place.func.as_bytes()));
    let file = place.file.rsplit(['/', '\\']).next().unwrap_or_default();
    format!("{func} ({file}:{})", place.line)
}

/// Where a goroutine of this stack stands: in user code if there is any.
pub(super) fn stands(evidence: &Evidence<'_>, stack: StackId) -> Option<FrameId> {
    let innermost = || evidence.symbols.frame_ids(stack).first().copied();
    user_site(evidence, stack).or_else(innermost)
}

/// The place of a line in its input.
pub(super) fn at(evidence: &Evidence<'_>, document: DocumentId, line: TextLine) -> At {
    match evidence.document(document) {
        Some(document) => At {
            input: document.input.0,
            line: document.lines.origin(line).line,
        },
        None => At { input: 0, line: 0 },
    }
}

/// First letter large, a full stop at the end.
pub(crate) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters)
        .chain(std::iter::once('.'))
        .collect()
}

/// `1 goroutine`, `12 goroutines`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{} {many}", grouped(number))
    }
}

/// `170,003`: digits in threes.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Nanoseconds since the epoch as RFC 3339 in UTC. Days to civil date after the proleptic Gregorian calendar (era of 400 years).
pub(super) fn rfc3339(nanos: i64) -> String {
    let (seconds, fraction) = (
        nanos.div_euclid(1_000_000_000),
        nanos.rem_euclid(1_000_000_000),
    );
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let time = format!(
        "{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    let fraction = if fraction == 0 {
        String::new()
    } else {
        format!(".{fraction:09}").trim_end_matches('0').to_owned()
    };
    format!("{year:04}-{month:02}-{day:02}T{time}{fraction}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_709_164_800_000_000_000), "2024-02-29T00:00:00Z");
        assert_eq!(
            rfc3339(1_767_323_045_120_000_000),
            "2026-01-02T03:04:05.12Z"
        );
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999999999Z");
    }
}
