//! Refresh tokens rotate: each is used once, all of one sign-in form a family, and the reuse of an old one ends the
//! whole family, because either the thief or the owner holds a copy.

use liufang_kernel::Timestamp;

/// Life of an access token.
pub const ACCESS_SECONDS: i64 = 10 * 60;
/// Life of a practitioner's token.
pub const PRACTITIONER_SECONDS: i64 = 5 * 60;
/// Life of one refresh token.
pub const REFRESH_DAYS: i64 = 30;
/// Life of a family: after this the person verifies again.
pub const FAMILY_DAYS: i64 = 90;

/// All refresh tokens of one sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    pub family_id: String,
    pub person_id: String,
    /// Purchase platform that signed the person in; empty for the person's own app.
    pub client: String,
    pub region: String,
    pub started_at: Timestamp,
    /// Sign-in or last refresh.
    pub used_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl Family {
    /// A purchase platform sees what came through it, the person's own app (empty) everything.
    pub fn is_seen_by(&self, platform: &str) -> bool {
        platform.is_empty() || platform == self.client
    }
}

/// Whether a sign-in is listed: it still holds, and `platform` may see it.
pub fn is_shown(family: &Family, platform: &str, now: Timestamp) -> bool {
    family.revoked_at.is_none() && now < family.expires_at && family.is_seen_by(platform)
}

/// One refresh token of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

/// Why a refresh token gives no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// Bound to another caller; answered as if it were unknown.
    #[error("is not a token of this caller")]
    OtherClient,
    #[error("the family was revoked")]
    Revoked,
    #[error("was used before; the family is revoked now")]
    Reused,
    #[error("has expired")]
    Expired,
}

/// When the next refresh token of a family ends: never after the family.
pub fn refresh_expiry(family_expires_at: Timestamp, now: Timestamp) -> Timestamp {
    now.plus_days(REFRESH_DAYS).min(family_expires_at)
}

/// Whether `token` may be turned into the next pair by `client`.
pub fn rotate(
    family: &Family,
    token: &RefreshToken,
    client: &str,
    now: Timestamp,
) -> Result<(), TokenRefused> {
    if family.client != client {
        Err(TokenRefused::OtherClient)
    } else if family.revoked_at.is_some() {
        Err(TokenRefused::Revoked)
    } else if token.used_at.is_some() {
        Err(TokenRefused::Reused)
    } else if token.expires_at <= now || family.expires_at <= now {
        Err(TokenRefused::Expired)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

    fn family() -> Family {
        Family {
            family_id: "fam_1".to_owned(),
            person_id: "per_1".to_owned(),
            client: "jd".to_owned(),
            region: String::new(),
            started_at: NOW,
            used_at: NOW,
            expires_at: NOW.plus_days(FAMILY_DAYS),
            revoked_at: None,
        }
    }

    #[test]
    fn rotates_once_for_its_own_caller() {
        let token = RefreshToken { expires_at: NOW.plus_days(30), used_at: None };
        assert_eq!(rotate(&family(), &token, "jd", NOW), Ok(()));
        assert_eq!(rotate(&family(), &token, "", NOW), Err(TokenRefused::OtherClient));
        assert_eq!(rotate(&family(), &token, "jd", NOW.plus_days(30)), Err(TokenRefused::Expired));
        let used = RefreshToken { used_at: Some(NOW), ..token };
        assert_eq!(rotate(&family(), &used, "jd", NOW), Err(TokenRefused::Reused));
        let revoked = Family { revoked_at: Some(NOW), ..family() };
        assert_eq!(rotate(&revoked, &used, "jd", NOW), Err(TokenRefused::Revoked));
    }

    #[test]
    fn sign_ins_that_hold_are_shown_to_whom_they_came_through() {
        let own = family();
        assert!(is_shown(&own, "", NOW) && is_shown(&own, "jd", NOW));
        assert!(!is_shown(&own, "mt", NOW), "of another platform");
        assert!(!is_shown(&own, "", own.expires_at));
        assert!(!is_shown(&Family { revoked_at: Some(NOW), ..own }, "", NOW));
    }

    #[test]
    fn no_token_outlives_its_family() {
        let family = family();
        assert_eq!(refresh_expiry(family.expires_at, NOW), NOW.plus_days(30));
        assert_eq!(refresh_expiry(family.expires_at, NOW.plus_days(80)), family.expires_at);
    }
}
