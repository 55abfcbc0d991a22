//! Counting in fixed windows: wrong guesses of a caller, messages to a phone.

use liufang_kernel::Timestamp;

/// How many in how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub limit: i32,
    pub window_seconds: i64,
}

/// Wrong guesses of insurance codes, per caller.
pub const CODE_GUESSES: Policy = Policy { limit: 10, window_seconds: 600 };
/// Wrong guesses of insurance codes, of all callers of an institution together: many tills do not guess more than one.
pub const INSTITUTION_GUESSES: Policy = Policy { limit: 30, window_seconds: 600 };
/// Wrong guesses of an account holder's name and number, per person who files.
pub const HOLDER_GUESSES: Policy = Policy { limit: 10, window_seconds: 600 };
/// Registry refusals of one ID number, before it is locked.
pub const IDENTITY_MISSES: Policy = Policy { limit: 5, window_seconds: 1800 };
/// Messages to one phone, over all sessions.
pub const PHONE_MESSAGES: Policy = Policy { limit: 5, window_seconds: 600 };

/// A counted window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub started_at: Timestamp,
    pub count: i32,
}

impl Policy {
    /// Milliseconds until the window ends, when what it counted last was one too many.
    pub fn wait_ms(&self, window: Window, now: Timestamp) -> Option<u64> {
        let window = Some(window).filter(|window| self.limit < window.count && self.is_open(window, now))?;
        let end = window.started_at.plus_seconds(self.window_seconds);
        u64::try_from(end.0 - now.0).ok().map(|wait| wait.div_ceil(1000))
    }

    /// How many more a window takes, when what it counted last turns out wrong.
    pub fn left(&self, window: Window) -> i32 {
        self.limit.saturating_sub(window.count).max(0)
    }

    /// The window with one more event in it; an old window begins anew.
    pub fn count(&self, window: Option<Window>, now: Timestamp) -> Window {
        match window.filter(|window| self.is_open(window, now)) {
            Some(window) => Window { count: window.count.saturating_add(1), ..window },
            None => Window { started_at: now, count: 1 },
        }
    }

    fn is_open(&self, window: &Window, now: Timestamp) -> bool {
        now < window.started_at.plus_seconds(self.window_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_after_the_limit_and_free_after_the_window() {
        let start = Timestamp(1_700_000_000_000_000);
        let mut window = CODE_GUESSES.count(None, start);
        for left in (0..CODE_GUESSES.limit).rev() {
            assert_eq!(CODE_GUESSES.left(window), left);
            assert_eq!(CODE_GUESSES.wait_ms(window, start), None);
            window = CODE_GUESSES.count(Some(window), start);
        }
        assert_eq!(CODE_GUESSES.wait_ms(window, start.plus_seconds(1)), Some(599_000));
        assert_eq!(CODE_GUESSES.wait_ms(window, start.plus_seconds(600)), None);
        let later = start.plus_seconds(600);
        assert_eq!(CODE_GUESSES.count(Some(window), later), Window { started_at: later, count: 1 });
    }
}
