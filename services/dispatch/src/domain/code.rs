//! Codes that prove a hand-over: six digits; guesses are counted before they are compared.

use liufang_kernel::Timestamp;

/// Digits of a code.
pub const DIGITS: usize = 6;
/// Wrong codes before the throttle closes.
pub const TRIES: i64 = 5;
/// How long it stays closed.
pub const CLOSED_SECONDS: i64 = 600;

/// Which code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The pharmacy tells the courier.
    HandOver,
    /// The recipient shows the courier.
    Recipient,
}

impl Kind {
    pub const fn word(self) -> &'static str {
        match self {
            Kind::HandOver => "hand_over",
            Kind::Recipient => "recipient",
        }
    }
}

/// Guesses at one code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guesses {
    /// Since the last right code or the last pause.
    pub tries: i64,
    /// No guess is taken before this moment.
    pub closed_until: Timestamp,
}

/// No guess is taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many wrong codes")]
pub struct Closed {
    pub until: Timestamp,
}

/// Takes one guess before it is compared, so that parallel guesses cannot outrun the count.
///
/// # Errors
/// [`Closed`] while the throttle is closed.
pub fn take(guesses: Guesses, now: Timestamp) -> Result<Guesses, Closed> {
    if now < guesses.closed_until {
        return Err(Closed { until: guesses.closed_until });
    }
    let tries = if guesses.tries >= TRIES { 1 } else { guesses.tries + 1 };
    let closed_until = if tries >= TRIES { now.plus_seconds(CLOSED_SECONDS) } else { guesses.closed_until };
    Ok(Guesses { tries, closed_until })
}

/// Guesses left after `taken`.
pub fn left(taken: Guesses) -> i64 {
    (TRIES - taken.tries).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_after_the_allowed_tries_and_opens_again() {
        let now = Timestamp(1_000_000);
        let mut guesses = Guesses::default();
        for expected_left in [4, 3, 2, 1, 0] {
            guesses = take(guesses, now).unwrap();
            assert_eq!(left(guesses), expected_left);
        }
        let until = now.plus_seconds(CLOSED_SECONDS);
        assert_eq!(take(guesses, now), Err(Closed { until }));
        assert_eq!(take(guesses, Timestamp(until.0 - 1)), Err(Closed { until }));
        assert_eq!(left(take(guesses, until).unwrap()), 4);
    }
}
