//! Couriers' clocks: late and out-of-order reports are normal, reports from the future are not.

use liufang_kernel::Timestamp;

/// How far a courier's clock may run ahead before it is set back to ours.
const AHEAD_SECONDS: i64 = 60;

/// The courier's time when it can be trusted, else ours: a clock running ahead must not make every later report look
/// old. Absent (zero or negative) means now.
pub fn trusted(at: Timestamp, now: Timestamp) -> Timestamp {
    if at.0 <= 0 || at > now.plus_seconds(AHEAD_SECONDS) { now } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_is_kept_and_future_is_set_back() {
        let now = Timestamp(1_000_000_000);
        assert_eq!(trusted(Timestamp(5), now), Timestamp(5));
        assert_eq!(trusted(now.plus_seconds(60), now), now.plus_seconds(60));
        assert_eq!(trusted(now.plus_seconds(61), now), now);
        assert_eq!(trusted(Timestamp(0), now), now);
        assert_eq!(trusted(Timestamp(i64::MIN), now), now);
    }
}
