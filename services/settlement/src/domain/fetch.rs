//! Fetching statements of channels: what a channel may say, which days are asked for, and when again.

use liufang_kernel::{Date, Timestamp};

use super::statement::StatementFormat;

/// Channels that pay out by statement. The pharmacy's own till gives none out.
pub const CHANNELS: [&str; 4] = ["wechat", "alipay", "unionpay", "bank_card"];
/// What our books have of the first hour of a day may stand in the channel's statement of the day before.
pub const EARLY_S: i64 = 3_600;
/// First pause between two attempts; it doubles.
const PAUSE_S: i64 = 300;
const DOUBLINGS: u32 = 4;

/// What a channel says of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillSays {
    Ready(Bill),
    NotReady,
    Nothing,
    Unsupported,
    /// No answer that counts, with the reason.
    Unknown(String),
}

/// A statement as the channel gives it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    pub format: StatementFormat,
    pub text: String,
    /// Several institutions share the merchant account.
    pub shared: bool,
}

/// What became of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchTold {
    Taken,
    NotReady,
    Nothing,
    Unsupported,
}

impl FetchTold {
    pub fn as_str(self) -> &'static str {
        match self {
            FetchTold::Taken => "TAKEN",
            FetchTold::NotReady => "NOT_READY",
            FetchTold::Nothing => "NONE",
            FetchTold::Unsupported => "UNSUPPORTED",
        }
    }
}

/// The newest day whose statement is asked for at `now`: yesterday from `hour` on, else the day before.
pub fn newest(now: Timestamp, hour: i64) -> Option<Date> {
    let today = now.china_date();
    let written = Timestamp::start_of(today).plus_seconds(hour * 3_600) <= now;
    let yesterday = today.previous_day()?;
    if written { Some(yesterday) } else { yesterday.previous_day() }
}

/// How long to wait after so many attempts that brought nothing, in seconds.
pub fn pause_s(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.max(0)).unwrap_or(DOUBLINGS).min(DOUBLINGS);
    PAUSE_S << doublings
}

#[cfg(test)]
mod tests {
    use liufang_kernel::timestamp::parse_date;

    use super::*;

    #[test]
    fn yesterday_is_asked_for_from_the_hour_on() {
        let today = parse_date("2026-11-23").unwrap();
        let ten = Timestamp::start_of(today).plus_seconds(36_000);
        assert_eq!(newest(ten, 10), parse_date("2026-11-22"));
        assert_eq!(newest(ten.plus_seconds(-1), 10), parse_date("2026-11-21"));
        assert_eq!(newest(Timestamp::start_of(today), 0), parse_date("2026-11-22"));
    }

    #[test]
    fn pauses_grow_to_an_hour_and_a_bit() {
        assert_eq!([0, 1, 4, 9].map(pause_s), [300, 600, 4_800, 4_800]);
    }
}
