//! Times as `--since` and `--until` take them: `2026-01-02T15:04:05Z`, `2026-01-02`, `7d`.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The earliest time that counts, in nanoseconds since 1970.
pub fn since(text: &str) -> Result<i128, String> {
    time(text, Timestamp::now()).map(|(first, _)| first)
}

/// The latest.
pub fn until(text: &str) -> Result<i128, String> {
    time(text, Timestamp::now()).map(|(_, last)| last)
}

/// The first and last nanosecond that `text` names.
fn time(text: &str, now: Timestamp) -> Result<(i128, i128), String> {
    let moment = |time: Timestamp| (time.as_nanosecond(), time.as_nanosecond());
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(moment(time));
    }
    let day = text.parse::<Date>().ok().filter(|_| is_date(text));
    if let Some(day) = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok()) {
        let first = day.timestamp().as_nanosecond();
        return Ok((first, first + SignedDuration::from_hours(24).as_nanos() - 1));
    }
    let ago = span(text).and_then(|span| now.checked_sub(span).ok());
    ago.map(moment).ok_or_else(|| {
        format!("\"{text}\" is no time; write 2026-01-31, 2026-01-31T12:00:00Z, or a span before now such as 7d, 12h or 30m")
    })
}

/// A date alone: a time of day without a zone would be read as its day.
fn is_date(text: &str) -> bool {
    text.len() == "2026-01-31".len()
}

/// `7d`, `12h`, `30m`, `2w`.
fn span(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let minutes = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        'w' => 7 * 24 * 60,
        _ => return None,
    };
    let minutes = number
        .checked_mul(minutes)
        .filter(|minutes| *minutes >= 0)?;
    Some(SignedDuration::from_secs(minutes.checked_mul(60)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i128 = 1_000_000_000;
    const NOON: i128 = 1_767_355_200 * SECOND; // 2026-01-02T12:00:00Z

    fn at_noon(text: &str) -> Option<(i128, i128)> {
        let now = Timestamp::from_nanosecond(NOON).ok()?;
        time(text, now).ok()
    }

    #[test]
    fn times_dates_and_spans() {
        let hour = 3600 * SECOND;
        let moment = |time| Some((time, time));
        assert_eq!(at_noon("2026-01-02T13:00:00Z"), moment(NOON + hour));
        assert_eq!(at_noon("2026-01-02T13:00:00+01:00"), moment(NOON));
        let midnight = NOON - 12 * hour;
        assert_eq!(
            at_noon("2026-01-02"),
            Some((midnight, NOON + 12 * hour - 1))
        );
        assert_eq!(at_noon("30m"), moment(NOON - hour / 2));
        assert_eq!(at_noon("12h"), moment(midnight));
        assert_eq!(at_noon("7d"), moment(NOON - 7 * 24 * hour));
        assert_eq!(at_noon("1w"), at_noon("7d"));
        for wrong in [
            "",
            "d",
            "7",
            "-7d",
            "7y",
            "2026-13-01",
            "2026-01-02T13:00",
            "9999999999999999999w",
        ] {
            assert_eq!(at_noon(wrong), None, "{wrong}");
        }
    }
}
