//! Time stamps as log systems write them.
//!
//! ```text
//! 2026-01-02T15:04:05.123456789Z    2026-01-02 15:04:05,123 +0100    2026/01/02 15:04:05.000001
//! Jan  2 15:04:05    Fri Jan  2 15:04:05 2026    02/Jan/2026:15:04:05 +0000    E0102 15:04:05.000001    15:04:05
//! 1767366245.5    1767366245000    1767366245000000    1767366245000000000
//! ```
//!
//! A stamp without a zone is read as UTC; one without a year has a length but no time. Read [`parse`] first.

/// A stamp at the start of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Bytes it takes.
    pub length: usize,
    /// Nanoseconds since 1970-01-01T00:00:00Z, where the stamp names a year.
    pub time: Option<i64>,
}

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];
const WEEKDAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A calendar day.
#[derive(Clone, Copy)]
struct Day {
    year: i64,
    month: i64,
    day: i64,
}

impl Day {
    /// Days since 1970-01-01 in the Gregorian calendar; years counted from March put the leap day last.
    fn since_epoch(self) -> i64 {
        let year = if self.month > 2 {
            self.year
        } else {
            self.year - 1
        };
        let months_from_march = (self.month + 9) % 12;
        let day_of_year = (153 * months_from_march + 2) / 5 + self.day - 1;
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
            - 719_468
    }
}

/// A place in a text; each method takes something or leaves the place alone.
#[derive(Clone, Copy)]
struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Cursor<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn byte(&mut self, accepted: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| accepted.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    /// Exactly `count` digits with a value within `range`.
    fn number(&mut self, count: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let digits = self.text.get(self.at..self.at + count)?;
        let value = digits.iter().try_fold(0i64, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + i64::from(byte - b'0'))
        })?;
        range.contains(&value).then(|| {
            self.at += count;
            value
        })
    }

    /// A day of the month: two digits, or a blank and one, or one.
    fn day(&mut self) -> Option<i64> {
        self.number(2, 1..=31).or_else(|| {
            self.byte(b" ");
            self.number(1, 1..=9)
        })
    }

    fn name(&mut self, names: &[&[u8; 3]]) -> Option<i64> {
        let word = self.text.get(self.at..self.at + 3)?;
        let index = names.iter().position(|name| *name == word)?;
        self.at += 3;
        i64::try_from(index).ok()
    }

    /// `15:04:05`, `15:04:05.123`, `15:04:05,123`: nanoseconds of the day.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.number(2, 0..=23)?;
        self.byte(b":")?;
        let minute = self.number(2, 0..=59)?;
        self.byte(b":")?;
        let second = self.number(2, 0..=60)?;
        Some(((hour * 60 + minute) * 60 + second) * NANOS_PER_SECOND + self.fraction())
    }

    /// `.123456789`, 0 where there is none.
    fn fraction(&mut self) -> i64 {
        let digits = self
            .text
            .get(self.at + 1..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .take(9);
        let (count, value) = digits.fold((0u32, 0i64), |(count, sum), byte| {
            (count + 1, sum * 10 + i64::from(byte - b'0'))
        });
        if count == 0 || self.byte(b".,").is_none() {
            return 0;
        }
        self.at += count as usize;
        value * 10i64.pow(9 - count)
    }

    /// `Z`, `+01:00`, `+0100`, ` +0100`, ` UTC`: nanoseconds east of UTC, 0 where there is no zone.
    fn zone(&mut self) -> i64 {
        let mut ahead = *self;
        if ahead.byte(b"Zz").is_some() {
            *self = ahead;
            return 0;
        }
        ahead.byte(b" ");
        if [&b"UTC"[..], b"GMT"]
            .contains(&ahead.text.get(ahead.at..ahead.at + 3).unwrap_or_default())
        {
            self.at = ahead.at + 3;
            return 0;
        }
        match ahead.offset() {
            Some(offset) => {
                *self = ahead;
                offset
            }
            None => 0,
        }
    }

    fn offset(&mut self) -> Option<i64> {
        let sign = if self.byte(b"+-")? == b'+' { 1 } else { -1 };
        let hours = self.number(2, 0..=14)?;
        self.byte(b":");
        let minutes = self.number(2, 0..=59)?;
        Some(sign * (hours * 60 + minutes) * 60 * NANOS_PER_SECOND)
    }

    fn stamp(&self, day: Option<Day>, nanos: i64) -> Stamp {
        let time = day.and_then(|day| {
            day.since_epoch()
                .checked_mul(86_400 * NANOS_PER_SECOND)?
                .checked_add(nanos)
        });
        Stamp {
            length: self.at,
            time,
        }
    }
}

/// The stamp at the start of `text`.
pub(super) fn parse(text: &[u8]) -> Option<Stamp> {
    let start = Cursor { text, at: 0 };
    match *text.first()? {
        b'0'..=b'9' => iso(start)
            .or_else(|| day_first(start))
            .or_else(|| clock_only(start)),
        b'A'..=b'Z' => klog(start)
            .or_else(|| month_first(start))
            .or_else(|| weekday_first(start)),
        _ => None,
    }
}

/// `2026-01-02T15:04:05.5Z`, `2026/01/02 15:04:05`.
fn iso(mut c: Cursor) -> Option<Stamp> {
    let year = c.number(4, 1970..=2200)?;
    let separator = c.byte(b"-/")?;
    let month = c.number(2, 1..=12)?;
    c.byte(&[separator])?;
    let day = c.number(2, 1..=31)?;
    c.byte(b"Tt ")?;
    let nanos = c.clock()?;
    let zone = c.zone();
    Some(c.stamp(Some(Day { year, month, day }), nanos - zone))
}

/// `02/Jan/2026:15:04:05 +0000`, `02 Jan 2026 15:04:05`.
fn day_first(mut c: Cursor) -> Option<Stamp> {
    let day = c.number(2, 1..=31)?;
    let separator = c.byte(b"/ -")?;
    let month = c.name(&MONTHS)? + 1;
    c.byte(&[separator])?;
    let year = c.number(4, 1970..=2200)?;
    c.byte(b": ")?;
    let nanos = c.clock()?;
    let zone = c.zone();
    Some(c.stamp(Some(Day { year, month, day }), nanos - zone))
}

/// `15:04:05.000`.
fn clock_only(mut c: Cursor) -> Option<Stamp> {
    c.clock()?;
    Some(c.stamp(None, 0))
}

/// `E0102 15:04:05.000001`.
fn klog(mut c: Cursor) -> Option<Stamp> {
    c.byte(b"IWEFD")?;
    c.number(2, 1..=12)?;
    c.number(2, 1..=31)?;
    c.byte(b" ")?;
    c.clock()?;
    Some(c.stamp(None, 0))
}

/// `Jan  2 15:04:05`, `Jan  2 15:04:05.000001`, `Jan 2 2026 15:04:05`.
fn month_first(mut c: Cursor) -> Option<Stamp> {
    let month = c.name(&MONTHS)? + 1;
    c.byte(b" ")?;
    let day = c.day()?;
    c.byte(b" ")?;
    let mut with_year = c;
    let year = with_year
        .number(4, 1970..=2200)
        .filter(|_| with_year.byte(b" ").is_some());
    let c = if year.is_some() {
        &mut with_year
    } else {
        &mut c
    };
    let nanos = c.clock()?;
    Some(c.stamp(year.map(|year| Day { year, month, day }), nanos))
}

/// `Fri Jan  2 15:04:05 2026`, `Fri, 02 Jan 2026 15:04:05 GMT`.
fn weekday_first(mut c: Cursor) -> Option<Stamp> {
    c.name(&WEEKDAYS)?;
    if c.byte(b",").is_some() {
        c.byte(b" ")?;
        let inner = day_first(Cursor {
            text: c.text.get(c.at..)?,
            at: 0,
        })?;
        return Some(Stamp {
            length: c.at + inner.length,
            ..inner
        });
    }
    c.byte(b" ")?;
    let month = c.name(&MONTHS)? + 1;
    c.byte(b" ")?;
    let day = c.day()?;
    c.byte(b" ")?;
    let nanos = c.clock()?;
    let zone = c.zone();
    let mut ahead = c;
    let year = ahead.byte(b" ").and_then(|_| ahead.number(4, 1970..=2200));
    if year.is_some() {
        c = ahead;
    }
    Some(c.stamp(year.map(|year| Day { year, month, day }), nanos - zone))
}

/// Bytes of a line in which its stamp is looked for: what stands before it is a host, a pod or a level.
const STAMP_WITHIN: usize = 256;

/// Keys behind which a record keeps its time as a number.
const TIME_KEYS: [&[u8]; 5] = [
    b"\"ts\":",
    b"\"time\":",
    b"\"timestamp\":",
    b"ts=",
    b"time=",
];

/// The time of the first stamp with a year in a line, wherever it stands.
pub(super) fn inside(line: &[u8]) -> Option<i64> {
    let near = line.get(..line.len().min(STAMP_WITHIN)).unwrap_or_default();
    let opens = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| near.get(before));
        before
            .is_none_or(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'-' | b'/'))
    };
    let mut places = (0..near.len()).filter(|&at| opens(at));
    let stamped = places.find_map(|at| parse(near.get(at..)?)?.time);
    stamped.or_else(|| {
        TIME_KEYS.iter().find_map(|key| {
            let at = memchr::memmem::find(near, key)?;
            of_value(near.get(at + key.len()..)?.trim_ascii_start())
        })
    })
}

/// The time of a scalar that a log system calls its time stamp: text, or a count since 1970 in the unit its length shows.
pub(super) fn of_value(value: &[u8]) -> Option<i64> {
    if let Some(stamp) = parse(value) {
        return stamp.time;
    }
    let digits = value
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let count: i64 = std::str::from_utf8(value.get(..digits)?)
        .ok()?
        .parse()
        .ok()?;
    let mut fraction = Cursor {
        text: value,
        at: digits,
    };
    match digits {
        10 => count
            .checked_mul(NANOS_PER_SECOND)?
            .checked_add(fraction.fraction()),
        13 => count.checked_mul(1_000_000),
        16 => count.checked_mul(1_000),
        19 => Some(count),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_767_366_245; // 2026-01-02T15:04:05Z

    #[test]
    fn stamps_with_a_year_give_their_time() {
        let cases: [(&[u8], usize, i64); 9] = [
            (b"2026-01-02T15:04:05Z x", 20, SECOND * NANOS_PER_SECOND),
            (
                b"2026-01-02T15:04:05.5Z",
                22,
                SECOND * NANOS_PER_SECOND + 500_000_000,
            ),
            (
                b"2026-01-02T15:04:05.123456789+01:00 x",
                35,
                (SECOND - 3600) * NANOS_PER_SECOND + 123_456_789,
            ),
            (
                b"2026-01-02 15:04:05,123 +0100 x",
                29,
                (SECOND - 3600) * NANOS_PER_SECOND + 123_000_000,
            ),
            (
                b"2026/01/02 15:04:05 goroutine",
                19,
                SECOND * NANOS_PER_SECOND,
            ),
            (
                b"02/Jan/2026:15:04:05 +0000]",
                26,
                SECOND * NANOS_PER_SECOND,
            ),
            (b"Fri Jan  2 15:04:05 2026 x", 24, SECOND * NANOS_PER_SECOND),
            (
                b"Fri, 02 Jan 2026 15:04:05 GMT",
                29,
                SECOND * NANOS_PER_SECOND,
            ),
            (b"Jan 2 2026 15:04:05 x", 19, SECOND * NANOS_PER_SECOND),
        ];
        for (text, length, time) in cases {
            assert_eq!(
                parse(text),
                Some(Stamp {
                    length,
                    time: Some(time)
                }),
                "{}",
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn stamps_without_a_year_have_a_length_only() {
        for (text, length) in [
            (&b"Jan  2 15:04:05 host"[..], 15),
            (b"Jan 02 15:04:05.000001 host", 22),
            (b"E0102 15:04:05.000001   1", 21),
            (b"15:04:05.1 x", 10),
        ] {
            assert_eq!(
                parse(text),
                Some(Stamp { length, time: None }),
                "{}",
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn counts_since_1970_are_read_by_their_length() {
        assert_eq!(
            of_value(b"1767366245.5"),
            Some(SECOND * NANOS_PER_SECOND + 500_000_000)
        );
        assert_eq!(of_value(b"1767366245000"), Some(SECOND * NANOS_PER_SECOND));
        assert_eq!(
            of_value(b"1767366245000000"),
            Some(SECOND * NANOS_PER_SECOND)
        );
        assert_eq!(
            of_value(b"1767366245000000000"),
            Some(SECOND * NANOS_PER_SECOND)
        );
        assert_eq!(of_value(b"42"), None);
        assert_eq!(of_value(b"9999999999.9"), None);
    }

    #[test]
    fn stamps_are_found_inside_lines() {
        for line in [
            &b"2026/01/02 15:04:05 http: panic serving"[..],
            b"web-1 | [2026-01-02T15:04:05Z] up",
            b"{\"level\":\"info\",\"time\":\"2026-01-02T15:04:05Z\"}",
            b"{\"level\":\"info\",\"ts\":1767366245.0}",
            b"time=2026-01-02T15:04:05Z level=info",
        ] {
            let time = SECOND * NANOS_PER_SECOND;
            assert_eq!(
                inside(line),
                Some(time),
                "{}",
                String::from_utf8_lossy(line)
            );
        }
        for line in [
            &b"Jan  2 15:04:05 host app[1]: up"[..],
            b"goroutine 7 [running]:",
            b"",
        ] {
            assert_eq!(inside(line), None);
        }
    }

    #[test]
    fn what_is_no_stamp_is_refused() {
        for text in [
            &b"2026-13-02T15:04:05Z"[..],
            b"goroutine 1",
            b"January 2",
            b"0x1234",
            b"10.0.0.1:443",
            b"",
        ] {
            assert_eq!(parse(text), None, "{}", String::from_utf8_lossy(text));
        }
    }
}
