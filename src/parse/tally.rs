//! Counting where every line of a text went, while it is parsed.
//!
//! A line is *parsed* unless it is reported here: as *set aside* (no dump form claims it) or *not understood* (it looks like part of
//! a dump and fits nowhere).

use crate::model::TextLine;
use std::ops::Range;

/// The two kinds of lines that are not parsed, as ascending ranges.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub aside: Vec<Range<u32>>,
    pub unparsed: Vec<Range<u32>>,
}

impl Tally {
    /// Other output, kept out of the dump.
    pub fn aside(&mut self, line: TextLine) {
        extend(&mut self.aside, line.0);
    }

    /// Part of a dump by its looks, but no grammar took it.
    pub fn unparsed(&mut self, line: TextLine) {
        extend(&mut self.unparsed, line.0);
    }
}

impl Tally {
    /// Puts the ranges in order: lines that are kept until it shows what follows them are reported late.
    pub fn settle(&mut self) {
        for ranges in [&mut self.aside, &mut self.unparsed] {
            ranges.sort_unstable_by_key(|range| range.start);
            ranges.dedup_by(|next, range| {
                let joined = next.start <= range.end;
                if joined {
                    range.end = range.end.max(next.end);
                }
                joined
            });
        }
    }
}

fn extend(ranges: &mut Vec<Range<u32>>, line: u32) {
    match ranges.last_mut() {
        Some(last) if last.contains(&line) => {}
        Some(last) if last.end == line => last.end += 1,
        _ => ranges.push(line..line.saturating_add(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_join_and_repeats_count_once() {
        let mut tally = Tally::default();
        for line in [3, 4, 4, 7] {
            tally.aside(TextLine(line));
        }
        assert_eq!(tally.aside, [3..5, 7..8]);
        tally.aside(TextLine(5));
        tally.settle();
        assert_eq!(tally.aside, [3..6, 7..8]);
    }
}
