//! The deadline of the running call, carried to the calls it makes.

use std::time::{Duration, Instant};

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs `future` with a deadline that calls made inside inherit.
pub async fn scope<F: Future>(deadline: Instant, future: F) -> F::Output {
    DEADLINE.scope(deadline, future).await
}

/// What is left of the running call's deadline; none outside a call.
pub fn left() -> Option<Duration> {
    DEADLINE.try_with(|deadline| deadline.saturating_duration_since(Instant::now())).ok()
}

/// What is left of the running call's deadline, at most `budget`.
pub fn remaining(budget: Duration) -> Duration {
    left().map_or(budget, |left| left.min(budget))
}

/// Reads a `grpc-timeout` header: digits and a unit out of `H M S m u n`.
pub fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

/// Writes a `grpc-timeout` header in milliseconds, or seconds when that would be too long.
pub fn write_timeout(timeout: Duration) -> String {
    let millis = timeout.as_millis();
    if millis < 100_000_000 {
        format!("{millis}m")
    } else {
        format!("{}S", timeout.as_secs().min(99_999_999))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_round_trip_and_bad_ones_are_refused() {
        assert_eq!(
            parse_timeout(&write_timeout(Duration::from_millis(1500))),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(parse_timeout("99999999H").map(|d| d.as_secs()), Some(99_999_999 * 3600));
        for bad in ["", "S", "1", "123456789S", "-1S", "1x", "１S"] {
            assert_eq!(parse_timeout(bad), None, "{bad}");
        }
    }
}
