//! Repeat prescriptions: signed once, used several times. Each use is a prescription of its own — number, trace code, claim,
//! dispensing — with a window of its own, so one that is missed takes no other with it.
//!
//! Windows never overlap: of a series one use at most can be filled at any moment. A dispensing moves the opening of the next
//! use so that the minimum interval (`minInrvDays`) lies between them; its end stays where it was signed.

use liufang_kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::prescription::Line;

/// Most uses of one series.
pub const MOST_USES: i32 = 12;

/// What the doctor asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// All of them, the first included; 2 to [`MOST_USES`].
    pub uses: i32,
    /// From the opening of one window to the next.
    pub interval_days: i32,
    /// How long a later use may be filled; the first one has the validity of the sheet.
    pub window_days: i32,
    /// Between two dispensings; at most the interval, so that a window is never closed before it opens.
    pub min_interval_days: i32,
}

/// A later use as it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    pub use_no: i32,
    pub hi_rxno: String,
    pub trace_code: String,
    pub opens_at: Timestamp,
    pub valid_until: Timestamp,
}

/// The place of a prescription in its series; the default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// The number of the first use; empty when nothing repeats.
    pub first: String,
    /// From 1.
    pub use_no: i32,
    pub uses: i32,
    pub min_interval_days: i32,
    /// Nobody may fill it before.
    pub opens_at: Timestamp,
    /// The uses after this one, told by the first alone.
    pub later: Vec<Planned>,
}

/// Why a sheet may not repeat so.
///
/// A series is a long prescription 长期处方 handed out in parts: all its uses together supply no more than the longest one may
/// (`domain.md` §8), and what may not stand on a long prescription is blocked by the rules as ever.
pub fn problem(repeat: &Repeat, long_rx: bool, lines: &[Line], most_days: u32) -> Option<&'static str> {
    let longest = lines.iter().map(|line| line.days.begun()).max().unwrap_or_default();
    if !long_rx {
        Some("NOT_A_LONG_PRESCRIPTION")
    } else if i64::from(most_days) < longest.saturating_mul(i64::from(repeat.uses)) {
        Some("SUPPLY_TOO_LONG")
    } else if i64::from(repeat.interval_days) + i64::from(repeat.window_days) < longest {
        Some("INTERVAL_SHORTER_THAN_SUPPLY")
    } else {
        None
    }
}

/// The later uses; `number` gives each its number and trace code.
pub fn plan(
    repeat: &Repeat,
    issued_at: Timestamp,
    mut number: impl FnMut() -> (String, String),
) -> Vec<Planned> {
    let later = |use_no: i32| {
        let (hi_rxno, trace_code) = number();
        let opens_at = issued_at.plus_days(i64::from(use_no - 1) * i64::from(repeat.interval_days));
        let valid_until = opens_at.plus_days(i64::from(repeat.window_days));
        Planned { use_no, hi_rxno, trace_code, opens_at, valid_until }
    };
    (2..=repeat.uses).map(later).collect()
}

/// When the next use may be filled at the earliest after a dispensing.
pub fn next_opening(series: &Series, dispensed_at: Timestamp) -> Timestamp {
    // windows are exact to the second
    Timestamp(0).plus_seconds(dispensed_at.seconds()).plus_days(i64::from(series.min_interval_days))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn windows_follow_each_other_and_never_close_before_they_open(
            uses in 2..=MOST_USES, interval in 1..90_i32, window in 0..90_i32, gap in 0..90_i32, late in 0..90_i64,
        ) {
            let (window, gap) = (1 + window % interval, gap % (interval + 1));
            let late = late % i64::from(window);
            let repeat = Repeat { uses, interval_days: interval, window_days: window, min_interval_days: gap };
            let planned = plan(&repeat, Timestamp(0), || (String::new(), String::new()));
            prop_assert_eq!(planned.len(), usize::try_from(uses - 1).unwrap());
            for pair in planned.windows(2) {
                prop_assert!(pair[0].valid_until <= pair[1].opens_at);
                // however late in its window a use is dispensed, the next one can still be
                let series = Series { min_interval_days: gap, ..Series::default() };
                let dispensed = pair[0].opens_at.plus_days(late);
                prop_assert!(next_opening(&series, dispensed) < pair[1].valid_until);
            }
        }
    }
}
