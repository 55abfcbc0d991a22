//! The one-time phone code: six digits, kept only as a keyed hash, valid for minutes.
//!
//! Tries are counted by the phone step of the session, so a fresh code never refills them.

use liufang_kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// Digits of a code.
pub const DIGITS: usize = 6;
/// A code is good this long.
pub const VALID_SECONDS: i64 = 5 * 60;
/// A delivered code may be replaced after this long.
pub const RESEND_SECONDS: i64 = 60;

/// A code that was sent, or may have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneCode {
    /// Keyed hash over session and code.
    pub hash: String,
    pub sent_at: Timestamp,
    /// The carrier took it. Without an answer it may still arrive, so the code is good either way.
    pub delivered: bool,
}

/// Why a code cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefused {
    #[error("no code was sent")]
    NotSent,
    #[error("the code has expired")]
    Expired,
}

/// How long to wait before another code may be sent, in milliseconds; `None`: now. A send without an answer may be
/// repeated at once.
pub fn resend_wait_ms(last: Option<&PhoneCode>, now: Timestamp) -> Option<u64> {
    let last = last.filter(|code| code.delivered)?;
    let wait_us = last.sent_at.plus_seconds(RESEND_SECONDS).0 - now.0;
    u64::try_from(wait_us).ok().filter(|wait| *wait > 0).map(|wait| wait.div_ceil(1000))
}

/// Compares the hash of a typed code.
pub fn matches(sent: Option<&PhoneCode>, typed_hash: &str, now: Timestamp) -> Result<bool, CodeRefused> {
    let sent = sent.ok_or(CodeRefused::NotSent)?;
    if sent.sent_at.plus_seconds(VALID_SECONDS) <= now {
        return Err(CodeRefused::Expired);
    }
    // both sides are keyed hashes, so the time of the comparison tells nothing about the code
    Ok(sent.hash == typed_hash)
}

/// Six ASCII digits.
pub fn is_code(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

    fn sent(delivered: bool) -> PhoneCode {
        PhoneCode { hash: "h".to_owned(), sent_at: NOW, delivered }
    }

    #[test]
    fn a_minute_between_two_codes() {
        assert_eq!(resend_wait_ms(None, NOW), None);
        assert_eq!(resend_wait_ms(Some(&sent(true)), NOW.plus_seconds(20)), Some(40_000));
        assert_eq!(resend_wait_ms(Some(&sent(true)), NOW.plus_seconds(60)), None);
        assert_eq!(resend_wait_ms(Some(&sent(false)), NOW), None);
    }

    #[test]
    fn a_code_is_compared_while_it_is_good() {
        assert_eq!(matches(None, "h", NOW), Err(CodeRefused::NotSent));
        assert_eq!(matches(Some(&sent(false)), "h", NOW), Ok(true));
        assert_eq!(matches(Some(&sent(true)), "x", NOW.plus_seconds(299)), Ok(false));
        assert_eq!(matches(Some(&sent(true)), "h", NOW.plus_seconds(300)), Err(CodeRefused::Expired));
    }

    #[test]
    fn six_ascii_digits() {
        assert!(is_code("012345"));
        for bad in ["12345", "1234567", "12345a", "１２３４５６"] {
            assert!(!is_code(bad), "{bad}");
        }
    }
}
