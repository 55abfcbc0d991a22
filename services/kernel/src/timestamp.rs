//! Points in time in microseconds since the Unix epoch, and dates in China time (GMT+8, no daylight saving).

use std::fmt;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, UtcOffset};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// China standard time; every date and time text of the national interfaces is in it.
pub const CHINA: UtcOffset = time::macros::offset!(+8);

impl Timestamp {
    pub const fn plus_seconds(self, seconds: i64) -> Timestamp {
        Timestamp(self.0 + seconds * 1_000_000)
    }

    pub const fn plus_days(self, days: i64) -> Timestamp {
        self.plus_seconds(days * 86_400)
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The calendar date in China. Times outside the calendar's range clamp to its ends.
    pub fn china_date(self) -> Date {
        self.china().date()
    }

    /// `yyyy-MM-dd HH:mm:ss` in China time, the `T` notation of the national specification.
    pub fn china_text(self) -> String {
        let t = self.china();
        format!("{} {:02}:{:02}:{:02}", t.date(), t.hour(), t.minute(), t.second())
    }

    /// The moment a date begins in China.
    pub fn start_of(date: Date) -> Timestamp {
        let seconds = date.midnight().assume_offset(CHINA).unix_timestamp();
        Timestamp(seconds * 1_000_000)
    }

    fn china(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.seconds())
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .to_offset(CHINA)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.china().format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

/// Reads `yyyy-MM-dd`.
pub fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let shape = (year.len(), month.len(), day.len()) == (4, 2, 2) && parts.next().is_none();
    let digits = [year, month, day].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if !shape || !digits {
        return None;
    }
    let month = time::Month::try_from(month.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

/// Reads what [`Timestamp::china_text`] writes, to the second; None for anything else.
pub fn parse_china(text: &str) -> Option<Timestamp> {
    let (date, clock) = text.split_once(' ')?;
    let mut parts = clock.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let two_digits = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let shape = [hour, minute, second].iter().all(two_digits) && parts.next().is_none();
    if !shape {
        return None;
    }
    let time = time::Time::from_hms(hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?).ok()?;
    let seconds = parse_date(date)?.with_time(time).assume_offset(CHINA).unix_timestamp();
    Some(Timestamp(seconds * 1_000_000))
}

/// Writes `yyyy-MM-dd`.
pub fn date_text(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn the_china_day_starts_eight_hours_before_utc() {
        let start = Timestamp::start_of(date!(2026 - 11 - 22));
        assert_eq!(start.china_text(), "2026-11-22 00:00:00");
        assert_eq!(Timestamp(start.0 - 1).china_date(), date!(2026 - 11 - 21));
    }

    #[test]
    fn moments_are_read_as_they_are_written() {
        let moment = Timestamp(1_767_240_001_000_000);
        assert_eq!(moment.china_text(), "2026-01-01 12:00:01");
        assert_eq!(parse_china(&moment.china_text()), Some(moment));
        for bad in [
            "",
            "2026-01-01",
            "2026-02-30 12:00:00",
            "2026-01-01 24:00:00",
            "2026-01-01 12:00",
            "2026-01-01 12:00:00:00",
            "2026-01-01 +1:00:00",
            "2026-01-01T12:00:00",
        ] {
            assert_eq!(parse_china(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_read_strictly() {
        assert_eq!(parse_date("2024-02-29"), Some(date!(2024 - 02 - 29)));
        for bad in [
            "2023-02-29",
            "2024-2-1",
            "2024-02-01 ",
            "24-02-01",
            "2024-02-01-",
            "２０２４-02-01",
            "+024-02-01",
        ] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
        assert_eq!(date_text(date!(2024 - 02 - 01)), "2024-02-01");
    }
}
