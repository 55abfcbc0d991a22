//! A check that a provider is still at work on: asked again with a growing pause until the session ends.

use liufang_kernel::Timestamp;

use super::verification::Step;

/// Longest pause.
const LONGEST_SECONDS: i64 = 30;

/// A check that was answered PENDING.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCheck {
    /// Ours; the provider knows the check by it.
    pub request_id: String,
    pub verification_id: String,
    pub step: Step,
    /// Name of `[hooks]`.
    pub provider: String,
    /// How often it was asked again.
    pub asks: i32,
    /// When it is given up: the end of the session.
    pub until: Timestamp,
}

impl OpenCheck {
    /// When it is asked next: after 1, 2, 4, … 30 seconds.
    pub fn next_at(&self, now: Timestamp) -> Timestamp {
        let doubled = 1_i64 << self.asks.clamp(0, 5);
        now.plus_seconds(doubled.min(LONGEST_SECONDS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_a_minute() {
        let pause = |asks: i32| {
            let own = OpenCheck {
                request_id: String::new(),
                verification_id: String::new(),
                step: Step::Face,
                provider: String::new(),
                asks,
                until: Timestamp(0),
            };
            own.next_at(Timestamp(0)).seconds()
        };
        assert_eq!([0, 1, 2, 3, 4, 5, 6, i32::MAX].map(pause), [1, 2, 4, 8, 16, 30, 30, 30]);
    }
}
