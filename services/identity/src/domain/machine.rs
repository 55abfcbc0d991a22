//! Machine sign-in by client assertion (RFC 7523): who signed, for whom, until when.

use liufang_kernel::Timestamp;
use serde::Deserialize;

/// The audience every assertion names.
pub const AUDIENCE: &str = "liufang";
/// An assertion ends at most this far ahead.
pub const MAX_SECONDS: i64 = 5 * 60;

/// The payload of an assertion.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Assertion {
    pub iss: String,
    pub sub: String,
    pub aud: Audience,
    /// Seconds since the epoch.
    pub exp: i64,
    pub jti: String,
}

/// One audience or several (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Why an assertion is no credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionProblem {
    #[error("iss and sub must both be the client id")]
    Issuer,
    #[error("aud must be liufang")]
    Audience,
    #[error("exp must lie ahead, by five minutes at most")]
    Expiry,
    #[error("jti must have 8 to 128 characters")]
    Jti,
}

impl Assertion {
    /// Checks everything but the signature and the first use of `jti`.
    pub fn check(&self, now: Timestamp) -> Result<(), AssertionProblem> {
        let ahead = self.exp.saturating_sub(now.seconds());
        if self.iss.is_empty() || self.iss != self.sub {
            Err(AssertionProblem::Issuer)
        } else if !self.is_for(AUDIENCE) {
            Err(AssertionProblem::Audience)
        } else if !(1..=MAX_SECONDS).contains(&ahead) {
            Err(AssertionProblem::Expiry)
        } else if !(8..=128).contains(&self.jti.len()) {
            Err(AssertionProblem::Jti)
        } else {
            Ok(())
        }
    }

    fn is_for(&self, audience: &str) -> bool {
        match &self.aud {
            Audience::One(one) => one == audience,
            Audience::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_counts() {
        let now = Timestamp(1_700_000_000_000_000);
        let good = Assertion {
            iss: "his-1".to_owned(),
            sub: "his-1".to_owned(),
            aud: Audience::One("liufang".to_owned()),
            exp: now.seconds() + 300,
            jti: "12345678".to_owned(),
        };
        assert_eq!(good.check(now), Ok(()));
        let many = Audience::Many(vec!["other".to_owned(), "liufang".to_owned()]);
        assert_eq!(Assertion { aud: many, ..good.clone() }.check(now), Ok(()));
        let check = |changed: Assertion, expected| assert_eq!(changed.check(now), Err(expected));
        check(Assertion { sub: "his-2".to_owned(), ..good.clone() }, AssertionProblem::Issuer);
        check(Assertion { aud: Audience::One("x".to_owned()), ..good.clone() }, AssertionProblem::Audience);
        check(Assertion { exp: now.seconds() + 301, ..good.clone() }, AssertionProblem::Expiry);
        check(Assertion { exp: now.seconds(), ..good.clone() }, AssertionProblem::Expiry);
        check(Assertion { exp: i64::MIN, ..good.clone() }, AssertionProblem::Expiry);
        check(Assertion { jti: "short".to_owned(), ..good }, AssertionProblem::Jti);
    }
}
