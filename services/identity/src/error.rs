//! Every refusal of the identity service, each with its published reason.

use std::borrow::Cow;

use liufang_kernel::{Fault, ReasonDoc, Timestamp};
use liufang_platform::{AuthFault, CipherError, DbFault};

use crate::domain::face_proof::ProofRefused;
use crate::domain::machine::AssertionProblem;
use crate::domain::mutual_aid::{AidRefused, MutualAidState, Party};
use crate::domain::phone_code::CodeRefused;
use crate::domain::token_family::TokenRefused;
use crate::domain::verification::{Refused, Step};
use crate::reasons as reason;

pub use crate::reasons::REASONS;

/// What can go wrong in identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error(transparent)]
    Db(#[from] DbFault),
    #[error(transparent)]
    Auth(#[from] AuthFault),
    #[error("stored data cannot be read: {0}")]
    Stored(&'static str),

    #[error("verification does not exist for this caller")]
    VerificationNotFound,
    #[error("verification is locked")]
    VerificationLocked { until: Timestamp },
    #[error("verification has expired")]
    VerificationExpired,
    #[error("an earlier step is missing")]
    StepOutOfOrder { next: Step },
    #[error("a step is missing")]
    VerificationIncomplete { missing: Step },
    #[error("verification was used")]
    VerificationUsed,
    #[error("verification has another purpose")]
    VerificationPurpose,
    #[error("verification is another person's")]
    VerificationOtherPerson,
    #[error("name and number do not match")]
    IdentityMismatch,
    #[error("not insured here")]
    NotInsured,
    #[error("not registered")]
    NotRegistered,
    #[error("no phone code was sent")]
    PhoneCodeNotSent,
    #[error("phone code has expired")]
    PhoneCodeExpired,
    #[error("phone code was sent a moment ago")]
    ResendTooSoon { wait_ms: u64 },

    #[error("refresh token is unknown")]
    RefreshTokenInvalid,
    #[error("refresh token has expired")]
    RefreshTokenExpired,
    #[error("refresh token was revoked")]
    TokenRevoked,
    #[error("refresh token was used before")]
    TokenReused,
    #[error("client assertion: {0}")]
    AssertionInvalid(&'static str),
    #[error("client assertion was used before")]
    AssertionReused,

    #[error("practitioner does not exist")]
    PractitionerNotFound,
    #[error("practitioner may not sign")]
    PractitionerInactive,
    #[error("practitioner belongs elsewhere")]
    PractitionerElsewhere,
    #[error("signature does not verify")]
    SignatureInvalid,
    #[error("signature is too old or from the future")]
    SignatureStale,
    #[error("nonce was used before")]
    NonceReused,

    #[error("person does not exist")]
    PersonNotFound,
    #[error("this role may not see contact data")]
    ContactNotAllowed,
    #[error("region is not served")]
    RegionUnknown,
    #[error("relation is not allowed")]
    RelationNotAllowed,
    #[error("insured elsewhere")]
    InsuredElsewhere { party: Party },
    #[error("holder is not in the employee scheme")]
    HolderNotEmployee,
    #[error("holder does not exist")]
    HolderNotFound,
    #[error("mutual aid exists")]
    MutualAidExists { mutual_aid_id: String },
    #[error("mutual aid does not exist for this person")]
    MutualAidNotFound,
    #[error("mutual aid is in another state")]
    MutualAidState { state: MutualAidState },
    #[error("mutual aid is not filed")]
    MutualAidNotFiled { holder_person_id: String },
    #[error("proof of presence is not good")]
    PresenceInvalid,
    #[error("insurance code is not good")]
    InsuranceCodeInvalid,
    #[error("too many wrong guesses")]
    CodeGuessing { wait_ms: u64 },

    #[error("institution does not exist")]
    InstitutionNotFound,
}

impl From<CipherError> for IdentityError {
    fn from(_: CipherError) -> IdentityError {
        IdentityError::Stored("sealed column")
    }
}
impl From<Refused> for IdentityError {
    fn from(refused: Refused) -> IdentityError {
        match refused {
            Refused::Locked { until } => IdentityError::VerificationLocked { until },
            Refused::Expired => IdentityError::VerificationExpired,
            Refused::OutOfOrder { next } => IdentityError::StepOutOfOrder { next },
        }
    }
}
impl From<CodeRefused> for IdentityError {
    fn from(refused: CodeRefused) -> IdentityError {
        match refused {
            CodeRefused::NotSent => IdentityError::PhoneCodeNotSent,
            CodeRefused::Expired => IdentityError::PhoneCodeExpired,
        }
    }
}
impl From<ProofRefused> for IdentityError {
    fn from(refused: ProofRefused) -> IdentityError {
        match refused {
            ProofRefused::Used => IdentityError::VerificationUsed,
            ProofRefused::OtherPurpose => IdentityError::VerificationPurpose,
            ProofRefused::OtherPerson => IdentityError::VerificationOtherPerson,
            ProofRefused::Expired => IdentityError::VerificationExpired,
        }
    }
}
impl From<TokenRefused> for IdentityError {
    fn from(refused: TokenRefused) -> IdentityError {
        match refused {
            TokenRefused::OtherClient => IdentityError::RefreshTokenInvalid,
            TokenRefused::Revoked => IdentityError::TokenRevoked,
            TokenRefused::Reused => IdentityError::TokenReused,
            TokenRefused::Expired => IdentityError::RefreshTokenExpired,
        }
    }
}
impl From<AssertionProblem> for IdentityError {
    fn from(problem: AssertionProblem) -> IdentityError {
        IdentityError::AssertionInvalid(match problem {
            AssertionProblem::Issuer => "iss",
            AssertionProblem::Audience => "aud",
            AssertionProblem::Expiry => "exp",
            AssertionProblem::Jti => "jti",
        })
    }
}
impl From<AidRefused> for IdentityError {
    fn from(refused: AidRefused) -> IdentityError {
        match refused {
            AidRefused::RelationNotAllowed => IdentityError::RelationNotAllowed,
            AidRefused::InsuredElsewhere(party) => IdentityError::InsuredElsewhere { party },
            AidRefused::HolderNotEmployee => IdentityError::HolderNotEmployee,
        }
    }
}

impl Fault for IdentityError {
    fn doc(&self) -> &ReasonDoc {
        match self {
            IdentityError::Db(fault) => fault.doc(),
            IdentityError::Auth(fault) => fault.doc(),
            IdentityError::Stored(_) => &reason::STORED_DATA_UNREADABLE,
            IdentityError::VerificationNotFound => &reason::VERIFICATION_NOT_FOUND,
            IdentityError::VerificationLocked { .. } => &reason::VERIFICATION_LOCKED,
            IdentityError::VerificationExpired => &reason::VERIFICATION_EXPIRED,
            IdentityError::StepOutOfOrder { .. } => &reason::STEP_OUT_OF_ORDER,
            IdentityError::VerificationIncomplete { .. } => &reason::VERIFICATION_INCOMPLETE,
            IdentityError::VerificationUsed => &reason::VERIFICATION_USED,
            IdentityError::VerificationPurpose => &reason::VERIFICATION_PURPOSE,
            IdentityError::VerificationOtherPerson => &reason::VERIFICATION_OTHER_PERSON,
            IdentityError::IdentityMismatch => &reason::IDENTITY_MISMATCH,
            IdentityError::NotInsured => &reason::NOT_INSURED,
            IdentityError::NotRegistered => &reason::NOT_REGISTERED,
            IdentityError::PhoneCodeNotSent => &reason::PHONE_CODE_NOT_SENT,
            IdentityError::PhoneCodeExpired => &reason::PHONE_CODE_EXPIRED,
            IdentityError::ResendTooSoon { .. } => &reason::RESEND_TOO_SOON,
            IdentityError::RefreshTokenInvalid => &reason::REFRESH_TOKEN_INVALID,
            IdentityError::RefreshTokenExpired => &reason::REFRESH_TOKEN_EXPIRED,
            IdentityError::TokenRevoked => &reason::TOKEN_REVOKED,
            IdentityError::TokenReused => &reason::TOKEN_REUSED,
            IdentityError::AssertionInvalid(_) => &reason::ASSERTION_INVALID,
            IdentityError::AssertionReused => &reason::ASSERTION_REUSED,
            IdentityError::PractitionerNotFound => &reason::PRACTITIONER_NOT_FOUND,
            IdentityError::PractitionerInactive => &reason::PRACTITIONER_INACTIVE,
            IdentityError::PractitionerElsewhere => &reason::PRACTITIONER_ELSEWHERE,
            IdentityError::SignatureInvalid => &reason::PRACTITIONER_SIGNATURE_INVALID,
            IdentityError::SignatureStale => &reason::SIGNATURE_STALE,
            IdentityError::NonceReused => &reason::NONCE_REUSED,
            IdentityError::PersonNotFound => &reason::PERSON_NOT_FOUND,
            IdentityError::ContactNotAllowed => &reason::CONTACT_NOT_ALLOWED,
            IdentityError::RegionUnknown => &reason::REGION_UNKNOWN,
            IdentityError::RelationNotAllowed => &reason::RELATION_NOT_ALLOWED,
            IdentityError::InsuredElsewhere { .. } => &reason::INSURED_ELSEWHERE,
            IdentityError::HolderNotEmployee => &reason::HOLDER_NOT_EMPLOYEE,
            IdentityError::HolderNotFound => &reason::HOLDER_NOT_FOUND,
            IdentityError::MutualAidExists { .. } => &reason::MUTUAL_AID_EXISTS,
            IdentityError::MutualAidNotFound => &reason::MUTUAL_AID_NOT_FOUND,
            IdentityError::MutualAidState { .. } => &reason::MUTUAL_AID_STATE,
            IdentityError::MutualAidNotFiled { .. } => &reason::MUTUAL_AID_NOT_FILED,
            IdentityError::PresenceInvalid => &reason::PRESENCE_TOKEN_INVALID,
            IdentityError::InsuranceCodeInvalid => &reason::INSURANCE_CODE_INVALID,
            IdentityError::CodeGuessing { .. } => &reason::CODE_GUESSING,
            IdentityError::InstitutionNotFound => &reason::INSTITUTION_NOT_FOUND,
        }
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        let one = |key: &'static str, value: String| vec![(Cow::Borrowed(key), value)];
        match self {
            IdentityError::Db(fault) => fault.metadata(),
            IdentityError::Auth(fault) => fault.metadata(),
            IdentityError::VerificationLocked { until } => one("locked_until_us", until.0.to_string()),
            IdentityError::StepOutOfOrder { next } => one("next_step", next.word().to_owned()),
            IdentityError::VerificationIncomplete { missing } => {
                one("missing_step", missing.word().to_owned())
            }
            IdentityError::AssertionInvalid(claim) => one("claim", (*claim).to_owned()),
            IdentityError::InsuredElsewhere { party } => one("party", party.word().to_owned()),
            IdentityError::MutualAidExists { mutual_aid_id } => one("mutual_aid_id", mutual_aid_id.clone()),
            IdentityError::MutualAidState { state } => one("state", state_word(*state).to_owned()),
            IdentityError::MutualAidNotFiled { holder_person_id } => {
                one("holder_person_id", holder_person_id.clone())
            }
            _ => Vec::new(),
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            IdentityError::Db(fault) => fault.retry_after_ms(),
            IdentityError::ResendTooSoon { wait_ms } | IdentityError::CodeGuessing { wait_ms } => *wait_ms,
            _ => 100,
        }
    }
}

const fn state_word(state: MutualAidState) -> &'static str {
    match state {
        MutualAidState::Filed => "filed",
        MutualAidState::Active => "active",
        MutualAidState::Withdrawn => "withdrawn",
    }
}
