//! A face pass: a dated proof bound to person, purpose and session, used once (`domain.md` §7). No image is kept.

use liufang_kernel::Timestamp;

use super::verification::Purpose;

/// How long a pass may be used where no region says otherwise, never beyond the end of its session.
pub const VALID_SECONDS: u32 = 10 * 60;

/// A face pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaceProof {
    pub person_id: String,
    pub purpose: Purpose,
    pub passed_at: Timestamp,
    pub valid_until: Timestamp,
    pub used_at: Option<Timestamp>,
}

/// Why a proof is not good for this use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofRefused {
    #[error("was used already")]
    Used,
    #[error("was made for another purpose")]
    OtherPurpose,
    #[error("belongs to another person")]
    OtherPerson,
    #[error("is too old")]
    Expired,
}

impl FaceProof {
    /// A pass made now, good for `seconds`, within a session that ends at `session_end`.
    pub fn new(
        person_id: &str,
        purpose: Purpose,
        now: Timestamp,
        seconds: u32,
        session_end: Timestamp,
    ) -> FaceProof {
        FaceProof {
            person_id: person_id.to_owned(),
            purpose,
            passed_at: now,
            valid_until: now.plus_seconds(i64::from(seconds)).min(session_end),
            used_at: None,
        }
    }

    /// Whether it may be used for one of `purposes`, by `person_id` when the user is already known.
    pub fn usable(
        &self,
        purposes: &[Purpose],
        person_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), ProofRefused> {
        if person_id.is_some_and(|person_id| person_id != self.person_id) {
            Err(ProofRefused::OtherPerson)
        } else if !purposes.contains(&self.purpose) {
            Err(ProofRefused::OtherPurpose)
        } else if self.used_at.is_some() {
            Err(ProofRefused::Used)
        } else if self.valid_until <= now {
            Err(ProofRefused::Expired)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_good_for_one_person_one_purpose_one_time_and_minutes() {
        let now = Timestamp(1_700_000_000_000_000);
        let end = now.plus_seconds(300);
        let proof = FaceProof::new("per_1", Purpose::MutualAid, now, VALID_SECONDS, end);
        let aid = &[Purpose::MutualAid][..];
        assert_eq!(proof.valid_until, end);
        assert_eq!(proof.usable(aid, Some("per_1"), now), Ok(()));
        assert_eq!(proof.usable(aid, None, now), Ok(()));
        assert_eq!(proof.usable(aid, Some("per_2"), now), Err(ProofRefused::OtherPerson));
        assert_eq!(proof.usable(&[Purpose::SignIn], None, now), Err(ProofRefused::OtherPurpose));
        assert_eq!(proof.usable(aid, None, end), Err(ProofRefused::Expired));
        let used = FaceProof { used_at: Some(now), ..proof };
        assert_eq!(used.usable(aid, None, now), Err(ProofRefused::Used));
    }
}
