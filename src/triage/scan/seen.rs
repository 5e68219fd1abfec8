//! When an incident was: the time stamp of its lines, or of the log lines nearest to it.
//!
//! A wrapper stamps every line of a dump. The runtime itself stamps none, so in a plain log the last stamp before the crash is the
//! time until which the program was alive; where nothing stands before it, the first stamp behind it.

use crate::analyze::incident::{Incident, ItemRef};
use crate::envelope;
use crate::model::{Document, Evidence, Item, TextLine};

/// Lines before a crash in which its time is looked for: what a busy service writes in some seconds.
const LINES_BEFORE: usize = 1_000;

/// Lines behind it.
const LINES_BEHIND: usize = 100;

/// Where and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// First line in the input; 0 where it has none.
    pub line: u32,
    /// Earliest time, in nanoseconds since 1970.
    pub first: Option<i64>,
    /// Latest time: that of the last repetition.
    pub last: Option<i64>,
}

/// Of one incident.
pub(super) fn of(evidence: &Evidence<'_>, incident: &Incident) -> Seen {
    let own = incident.crash.into_iter().chain([incident.at]).take(1);
    let all = own
        .chain(incident.further_crashes.iter().copied())
        .chain(incident.repeats.iter().copied());
    let times = all.filter_map(|at| time(evidence, at));
    let (first, last) = times.fold((None, None), |(first, last): (Option<i64>, _), time| {
        (
            Some(first.map_or(time, |first| first.min(time))),
            last.max(Some(time)),
        )
    });
    let place = place(evidence, incident.at);
    let line = place.map_or(0, |(document, line)| document.lines.origin(line).line);
    Seen { line, first, last }
}

/// The document of an item and the item's first line; `None` for what has no lines.
fn place<'e, 't>(evidence: &'e Evidence<'t>, at: ItemRef) -> Option<(&'e Document<'t>, TextLine)> {
    let document = evidence.document(at.document)?;
    let line = match at.of(evidence)? {
        Item::Crash(crash) => crash.line,
        Item::Goroutines(range) => document.goroutines.get(range.start as usize)?.line,
        Item::Thread(dump) => dump.line,
        Item::Registers(registers) => registers.line,
        Item::Race(report) => report.line,
        Item::RaceCount(_, line) => *line,
        Item::Test(mark) => mark.line,
        Item::Profile(profile) if profile.samples.iter().any(|sample| sample.line.is_some()) => {
            profile.line
        }
        Item::Profile(_) | Item::Trace(_) => return None,
        Item::Fragment(fragment) => fragment.line,
    };
    Some((document, line))
}

fn time(evidence: &Evidence<'_>, at: ItemRef) -> Option<i64> {
    let (document, line) = place(evidence, at)?;
    let stamped = document.lines.origin(line).time;
    stamped.or_else(|| near(document.text, line.0 as usize))
}

/// The stamp nearest to a line: on it, before it, behind it.
fn near(text: &[u8], line: usize) -> Option<i64> {
    let start = match line.checked_sub(1) {
        None => 0,
        Some(before) => memchr::memchr_iter(b'\n', text).nth(before)? + 1,
    };
    let (before, behind) = text.split_at_checked(start)?;
    let mut behind = behind.split(|&byte| byte == b'\n').take(LINES_BEHIND);
    let own = behind.next().and_then(envelope::time_of);
    let last_before = || {
        let lines = before.rsplit(|&byte| byte == b'\n').take(LINES_BEFORE);
        lines.into_iter().find_map(envelope::time_of)
    };
    own.or_else(last_before)
        .or_else(|| behind.find_map(envelope::time_of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_stamp_counts() {
        let text = b"2026-01-02T15:04:05Z up\n2026-01-02T15:04:06Z on\npanic: x\n\n2026-01-02T15:04:09Z up\n";
        let second = 1_767_366_245_000_000_000;
        assert_eq!(near(text, 0), Some(second));
        assert_eq!(near(text, 2), Some(second + 1_000_000_000));
        assert_eq!(
            near(b"panic: x\n2026-01-02T15:04:05Z up\n", 0),
            Some(second)
        );
        assert_eq!(near(b"panic: x\n", 0), None);
        assert_eq!(near(b"", 7), None);
    }
}
