//! How loops that must not end live with what is away: growing pauses, and few words.

use std::time::Duration;

/// Counts failures in a row.
#[derive(Clone, Debug)]
pub struct Retry {
    failures: u32,
    least: Duration,
    most: Duration,
}

impl Retry {
    pub fn new(least: Duration, most: Duration) -> Retry {
        Retry { failures: 0, least, most: most.max(least) }
    }

    /// The pause before the next try, and whether this failure is worth a line: the 1st, 2nd, 4th, 8th … in a row.
    pub fn failed(&mut self) -> (Duration, bool) {
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        let pause = self.least.saturating_mul(1 << doublings).min(self.most);
        (pause, self.failures.is_power_of_two())
    }

    pub fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_most_and_words_become_few() {
        let mut retry = Retry::new(Duration::from_millis(100), Duration::from_secs(2));
        let answers: Vec<_> = (0..100).map(|_| retry.failed()).collect();
        assert_eq!(answers[0], (Duration::from_millis(100), true));
        assert_eq!(answers[2], (Duration::from_millis(400), false));
        assert_eq!(answers[99].0, Duration::from_secs(2));
        assert_eq!(answers.iter().filter(|(_, speak)| *speak).count(), 7);
        retry.succeeded();
        assert_eq!(retry.failed(), (Duration::from_millis(100), true));
    }
}
