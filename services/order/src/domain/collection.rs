//! The collection code: few wrong tries, then a pause.

use liufang_kernel::Timestamp;

use super::{Order, Refusal};

/// Wrong codes until the pause.
pub const MAX_GUESSES: u32 = 5;
/// Length of the pause.
const PAUSE_SECONDS: i64 = 900;

/// What a try at the collection code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    Right,
    /// Counted already; to be stored although the call is refused.
    Wrong(Refusal),
}

/// Counts a try. `matches` was compared in constant time.
///
/// # Errors
/// [`Refusal::CodeGuessing`] while the pause lasts, whatever the code.
pub fn guess(order: &mut Order, matches: bool, now: Timestamp) -> Result<Guess, Refusal> {
    if now < order.locked_until {
        let wait_us = order.locked_until.0 - now.0;
        let retry_after_ms = u64::try_from(wait_us / 1000).unwrap_or(0).max(1);
        return Err(Refusal::CodeGuessing { retry_after_ms });
    }
    if matches {
        return Ok(Guess::Right);
    }
    order.wrong_codes += 1;
    let left = MAX_GUESSES.saturating_sub(order.wrong_codes);
    if left == 0 {
        order.wrong_codes = 0;
        order.locked_until = now.plus_seconds(PAUSE_SECONDS);
    }
    Ok(Guess::Wrong(Refusal::CollectionCodeWrong { left }))
}
