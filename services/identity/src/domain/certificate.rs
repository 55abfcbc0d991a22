//! When a signing certificate holds: inside its validity, and before its revocation.

use liufang_kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::authority::{Problem, Standing};
use super::coded::coded;

coded! {
    /// Why a certificate was revoked (RFC 5280 §5.3.1).
    pub enum RevocationReason {
        /// No signature of the key is relied on any more, whenever it was made.
        KeyCompromise = 1,
        Superseded = 4,
        Cessation = 5,
    }
}

/// A revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    pub at: Timestamp,
    pub reason: RevocationReason,
}

/// A practitioner's signing certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// SHA-256 of the DER.
    pub fingerprint: String,
    pub practitioner: String,
    pub serial: String,
    pub issuer: String,
    pub algorithm: String,
    /// Base64, with the algorithm before it where it is not SM2.
    pub signing_key: String,
    pub not_before: Timestamp,
    /// Last moment.
    pub not_after: Timestamp,
    pub revocation: Option<Revocation>,
    /// What the authorities above it say now.
    #[serde(default)]
    pub standing: Standing,
}

/// Why a certificate does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    NotYet,
    Expired,
    Revoked,
    Untrusted,
    AuthorityExpired,
    RevocationsUnknown,
    /// There is none, and the registered key alone does not sign here.
    Missing,
}

impl Invalid {
    pub const fn word(self) -> &'static str {
        match self {
            Invalid::NotYet => "not_yet_valid",
            Invalid::Expired => "expired",
            Invalid::Revoked => "revoked",
            Invalid::Untrusted => "untrusted",
            Invalid::AuthorityExpired => "authority_expired",
            Invalid::RevocationsUnknown => "revocations_unknown",
            Invalid::Missing => "missing",
        }
    }
}

impl Certificate {
    /// Whether the key may sign at `at`, the moment of its standing.
    pub fn check(&self, at: Timestamp) -> Result<(), Invalid> {
        if self.revocation.is_some_and(|revocation| {
            revocation.at <= at || revocation.reason == RevocationReason::KeyCompromise
        }) {
            Err(Invalid::Revoked)
        } else if at < self.not_before {
            Err(Invalid::NotYet)
        } else if self.not_after < at {
            Err(Invalid::Expired)
        } else {
            match self.standing.problem {
                None => Ok(()),
                Some(Problem::Untrusted) => Err(Invalid::Untrusted),
                Some(Problem::AuthorityExpired) => Err(Invalid::AuthorityExpired),
                Some(Problem::RevocationsUnknown) => Err(Invalid::RevocationsUnknown),
            }
        }
    }

    /// Takes over what the authorities say of it.
    pub fn stand(&mut self, standing: Standing) {
        standing.revocation.into_iter().for_each(|next| self.revoke(next));
        self.standing = standing;
    }

    /// Revokes; the earlier of two revocations stays, and a compromise weighs more than any other reason.
    pub fn revoke(&mut self, next: Revocation) {
        let worse = next.reason == RevocationReason::KeyCompromise;
        self.revocation = Some(match self.revocation {
            None => next,
            Some(known) => Revocation {
                at: known.at.min(next.at),
                reason: if worse { next.reason } else { known.reason },
            },
        });
    }
}

/// The keys that may sign at `at`: those of certificates that hold; the `registered` one, where it counts at all, while there is
/// no certificate.
///
/// # Errors
/// There are certificates and none holds: why the first of them does not; or there is none, and one is needed.
pub fn keys<'a>(
    certificates: &'a [Certificate],
    registered: Option<&'a str>,
    at: Timestamp,
) -> Result<Vec<&'a str>, Invalid> {
    let mut problem = None;
    let mut good = Vec::new();
    for own in certificates {
        match own.check(at) {
            Ok(()) => good.push(own.signing_key.as_str()),
            Err(invalid) => problem = problem.or(Some(invalid)),
        }
    }
    match problem {
        Some(invalid) if good.is_empty() => Err(invalid),
        None if good.is_empty() => registered.map(|key| vec![key]).ok_or(Invalid::Missing),
        _ => Ok(good),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: Timestamp = Timestamp(1_700_000_000_000_000);

    fn certificate(key: &str) -> Certificate {
        Certificate {
            fingerprint: key.to_owned(),
            practitioner: "D1".to_owned(),
            serial: "01".to_owned(),
            issuer: String::new(),
            algorithm: "sm2".to_owned(),
            signing_key: key.to_owned(),
            not_before: FROM,
            not_after: FROM.plus_days(365),
            revocation: None,
            standing: Standing::default(),
        }
    }

    #[test]
    fn holds_from_its_first_moment_to_its_last_unless_it_is_revoked() {
        let mut own = certificate("k");
        assert_eq!(own.check(Timestamp(FROM.0 - 1)), Err(Invalid::NotYet));
        assert_eq!((own.check(FROM), own.check(own.not_after)), (Ok(()), Ok(())));
        assert_eq!(own.check(Timestamp(own.not_after.0 + 1)), Err(Invalid::Expired));
        let at = FROM.plus_days(10);
        own.revoke(Revocation { at, reason: RevocationReason::Superseded });
        assert_eq!(own.check(Timestamp(at.0 - 1)), Ok(()), "what was signed before stays good");
        assert_eq!(own.check(at), Err(Invalid::Revoked));
        own.revoke(Revocation { at: FROM.plus_days(20), reason: RevocationReason::Cessation });
        assert_eq!(own.revocation, Some(Revocation { at, reason: RevocationReason::Superseded }));
        own.revoke(Revocation { at: FROM.plus_days(20), reason: RevocationReason::KeyCompromise });
        assert_eq!(own.check(FROM), Err(Invalid::Revoked), "no signature of a stolen key is believed");
    }

    #[test]
    fn authorities_have_the_last_word() {
        let mut own = certificate("k");
        own.stand(Standing { problem: Some(Problem::Untrusted), ..Standing::default() });
        assert_eq!(own.check(FROM), Err(Invalid::Untrusted));
        let gone = Revocation { at: FROM.plus_days(3), reason: RevocationReason::Superseded };
        own.stand(Standing { revocation: Some(gone), ..Standing::default() });
        assert_eq!((own.check(FROM), own.check(gone.at)), (Ok(()), Err(Invalid::Revoked)));
    }

    #[test]
    fn the_registered_key_signs_only_while_there_is_no_certificate() {
        assert_eq!(keys(&[], Some("raw"), FROM), Ok(vec!["raw"]));
        assert_eq!(keys(&[], None, FROM), Err(Invalid::Missing), "nobody vouches for it");
        let (good, mut bad) = (certificate("a"), certificate("b"));
        bad.revoke(Revocation { at: FROM, reason: RevocationReason::Cessation });
        assert_eq!(keys(&[bad.clone(), good], Some("raw"), FROM), Ok(vec!["a"]));
        assert_eq!(keys(&[bad], Some("raw"), FROM), Err(Invalid::Revoked));
    }
}
