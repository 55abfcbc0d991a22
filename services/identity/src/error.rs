//! Every refusal of the identity service, each with its published reason.

use std::borrow::Cow;

use liufang_kernel::{Fault, ReasonDoc, Timestamp};
use liufang_platform::{AuthFault, CipherError, DbFault, PeerFault};

use crate::domain::authority::Broken;
use crate::domain::certificate::Invalid;
use crate::domain::face_proof::ProofRefused;
use crate::domain::guardian::{GuardianState, PairRefused};
use crate::domain::machine::AssertionProblem;
use crate::domain::mutual_aid::{AidRefused, MutualAidState, Party};
use crate::domain::phone_code::CodeRefused;
use crate::domain::token_family::TokenRefused;
use crate::domain::verification::{LOCK_SECONDS, MAX_ATTEMPTS, Refused, Step};
use crate::reasons as reason;

pub use crate::reasons::REASONS;

/// A limit that was reached: whose, how much it allows, and when it allows the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// session, phone, caller, institution or person.
    pub scope: &'static str,
    pub limit: i32,
    pub window_seconds: i64,
    pub retry_at: Timestamp,
    pub wait_ms: u64,
}

impl Limited {
    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        vec![
            ("scope".into(), self.scope.to_owned()),
            ("limit".into(), self.limit.to_string()),
            ("window_seconds".into(), self.window_seconds.to_string()),
            ("retry_at_us".into(), self.retry_at.0.to_string()),
        ]
    }
}

/// What can go wrong in identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error(transparent)]
    Db(#[from] DbFault),
    #[error(transparent)]
    Auth(#[from] AuthFault),
    #[error("stored data cannot be read: {0}")]
    Stored(&'static str),
    #[error("stored data cannot be read: {0}")]
    Sealed(CipherError),

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
    IdentityMismatch { attempts_left: i32, locked_until: Option<Timestamp> },
    #[error("not insured here")]
    NotInsured,
    #[error("not registered")]
    NotRegistered,
    #[error("no phone code was sent")]
    PhoneCodeNotSent,
    #[error("phone code has expired")]
    PhoneCodeExpired,
    #[error("phone code was sent a moment ago")]
    ResendTooSoon(Limited),
    #[error("face provider is not configured")]
    FaceProviderUnknown { providers: String },

    #[error("sign-in does not exist for this caller")]
    SessionNotFound,
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
    #[error("the person is still needed")]
    PersonNeeded { needed_by: &'static str },
    #[error("this role may not ask with this purpose")]
    PurposeNotAllowed,
    #[error(transparent)]
    Peer(Box<PeerFault>),
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
    HolderNotFound { attempts_left: i32 },
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
    InsuranceCodeInvalid { attempts_left: i32 },
    #[error("too many wrong guesses")]
    CodeGuessing(Limited),

    #[error("child does not exist")]
    ChildNotFound { attempts_left: i32 },
    #[error("not a child")]
    NotAChild,
    #[error("guardian is not of age")]
    GuardianNotAdult,
    #[error("relation of guardian and child exists")]
    GuardianExists { guardianship_id: String },
    #[error("no such relation for this caller")]
    GuardianNotFound,
    #[error("relation of guardian and child is in another state")]
    GuardianState { state: GuardianState },
    #[error("the guardian may not act")]
    GuardianEnded { state: Option<GuardianState> },

    #[error("certificate does not exist")]
    CertificateNotFound,
    #[error("certificate is another practitioner's")]
    CertificateTaken,
    #[error("key is another practitioner's")]
    CertificateKeyTaken,
    #[error("no certificate holds: {}", .0.word())]
    CertificateInvalid(Invalid),
    #[error("nobody who is trusted vouches for the certificate: {0}")]
    CertificateUntrusted(&'static str),
    #[error("its authority has revoked the certificate")]
    CertificateRevoked,
    #[error("a revocation list is stale or missing")]
    RevocationsUnknown,
    #[error("no trusted authority signed the list: {}", .0.word())]
    ListUntrusted(Broken),
    #[error("the list is from the future")]
    ListFromFuture,
    #[error("a newer list is known")]
    ListOlder { this_update: Timestamp, number: String },
    #[error("not of the caller's region")]
    OutsideRegion,

    #[error("institution does not exist")]
    InstitutionNotFound,
}

impl From<PeerFault> for IdentityError {
    fn from(fault: PeerFault) -> IdentityError {
        IdentityError::Peer(Box::new(fault))
    }
}

impl From<CipherError> for IdentityError {
    fn from(error: CipherError) -> IdentityError {
        IdentityError::Sealed(error)
    }
}
impl From<PairRefused> for IdentityError {
    fn from(refused: PairRefused) -> IdentityError {
        match refused {
            PairRefused::NotAChild => IdentityError::NotAChild,
            PairRefused::GuardianNotAdult => IdentityError::GuardianNotAdult,
        }
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
impl From<Invalid> for IdentityError {
    fn from(invalid: Invalid) -> IdentityError {
        match invalid {
            Invalid::Untrusted | Invalid::AuthorityExpired => {
                IdentityError::CertificateUntrusted(invalid.word())
            }
            Invalid::RevocationsUnknown => IdentityError::RevocationsUnknown,
            _ => IdentityError::CertificateInvalid(invalid),
        }
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
            IdentityError::Stored(_) | IdentityError::Sealed(_) => &reason::STORED_DATA_UNREADABLE,
            IdentityError::VerificationNotFound => &reason::VERIFICATION_NOT_FOUND,
            IdentityError::VerificationLocked { .. } => &reason::VERIFICATION_LOCKED,
            IdentityError::VerificationExpired => &reason::VERIFICATION_EXPIRED,
            IdentityError::StepOutOfOrder { .. } => &reason::STEP_OUT_OF_ORDER,
            IdentityError::VerificationIncomplete { .. } => &reason::VERIFICATION_INCOMPLETE,
            IdentityError::VerificationUsed => &reason::VERIFICATION_USED,
            IdentityError::VerificationPurpose => &reason::VERIFICATION_PURPOSE,
            IdentityError::VerificationOtherPerson => &reason::VERIFICATION_OTHER_PERSON,
            IdentityError::IdentityMismatch { .. } => &reason::IDENTITY_MISMATCH,
            IdentityError::NotInsured => &reason::NOT_INSURED,
            IdentityError::NotRegistered => &reason::NOT_REGISTERED,
            IdentityError::PhoneCodeNotSent => &reason::PHONE_CODE_NOT_SENT,
            IdentityError::PhoneCodeExpired => &reason::PHONE_CODE_EXPIRED,
            IdentityError::ResendTooSoon(_) => &reason::RESEND_TOO_SOON,
            IdentityError::FaceProviderUnknown { .. } => &reason::FACE_PROVIDER_UNKNOWN,
            IdentityError::SessionNotFound => &reason::SESSION_NOT_FOUND,
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
            IdentityError::PersonNeeded { .. } => &reason::PERSON_NEEDED,
            IdentityError::PurposeNotAllowed => &reason::PURPOSE_NOT_ALLOWED,
            IdentityError::Peer(fault) => fault.doc(),
            IdentityError::ContactNotAllowed => &reason::CONTACT_NOT_ALLOWED,
            IdentityError::RegionUnknown => &reason::REGION_UNKNOWN,
            IdentityError::RelationNotAllowed => &reason::RELATION_NOT_ALLOWED,
            IdentityError::InsuredElsewhere { .. } => &reason::INSURED_ELSEWHERE,
            IdentityError::HolderNotEmployee => &reason::HOLDER_NOT_EMPLOYEE,
            IdentityError::HolderNotFound { .. } => &reason::HOLDER_NOT_FOUND,
            IdentityError::MutualAidExists { .. } => &reason::MUTUAL_AID_EXISTS,
            IdentityError::MutualAidNotFound => &reason::MUTUAL_AID_NOT_FOUND,
            IdentityError::MutualAidState { .. } => &reason::MUTUAL_AID_STATE,
            IdentityError::MutualAidNotFiled { .. } => &reason::MUTUAL_AID_NOT_FILED,
            IdentityError::PresenceInvalid => &reason::PRESENCE_TOKEN_INVALID,
            IdentityError::InsuranceCodeInvalid { .. } => &reason::INSURANCE_CODE_INVALID,
            IdentityError::CodeGuessing(_) => &reason::CODE_GUESSING,
            IdentityError::ChildNotFound { .. } => &reason::CHILD_NOT_FOUND,
            IdentityError::NotAChild => &reason::NOT_A_CHILD,
            IdentityError::GuardianNotAdult => &reason::GUARDIAN_NOT_ADULT,
            IdentityError::GuardianExists { .. } => &reason::GUARDIAN_EXISTS,
            IdentityError::GuardianNotFound => &reason::GUARDIAN_NOT_FOUND,
            IdentityError::GuardianState { .. } => &reason::GUARDIAN_STATE,
            IdentityError::GuardianEnded { .. } => &reason::GUARDIAN_ENDED,
            IdentityError::CertificateNotFound => &reason::CERTIFICATE_NOT_FOUND,
            IdentityError::CertificateTaken => &reason::CERTIFICATE_TAKEN,
            IdentityError::CertificateKeyTaken => &reason::CERTIFICATE_KEY_TAKEN,
            IdentityError::CertificateInvalid(_) => &reason::CERTIFICATE_INVALID,
            IdentityError::CertificateUntrusted(_) => &reason::CERTIFICATE_UNTRUSTED,
            IdentityError::CertificateRevoked => &reason::CERTIFICATE_REVOKED,
            IdentityError::RevocationsUnknown => &reason::CRL_STALE,
            IdentityError::ListUntrusted(_) => &reason::CRL_UNTRUSTED,
            IdentityError::ListFromFuture => &reason::CRL_FROM_FUTURE,
            IdentityError::ListOlder { .. } => &reason::CRL_OLDER,
            IdentityError::OutsideRegion => &reason::OUTSIDE_REGION,
            IdentityError::InstitutionNotFound => &reason::INSTITUTION_NOT_FOUND,
        }
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        let one = |key: &'static str, value: String| vec![(Cow::Borrowed(key), value)];
        match self {
            IdentityError::Db(fault) => fault.metadata(),
            IdentityError::Auth(fault) => fault.metadata(),
            IdentityError::Peer(fault) => fault.metadata(),
            IdentityError::PersonNeeded { needed_by } => one("needed_by", (*needed_by).to_owned()),
            IdentityError::VerificationLocked { until } => vec![
                ("locked_until_us".into(), until.0.to_string()),
                ("max_attempts".into(), MAX_ATTEMPTS.to_string()),
                ("lock_seconds".into(), LOCK_SECONDS.to_string()),
            ],
            IdentityError::IdentityMismatch { attempts_left, locked_until } => {
                let mut told = one("attempts_left", attempts_left.to_string());
                told.extend(locked_until.map(|until| ("locked_until_us".into(), until.0.to_string())));
                told
            }
            IdentityError::HolderNotFound { attempts_left }
            | IdentityError::ChildNotFound { attempts_left }
            | IdentityError::InsuranceCodeInvalid { attempts_left } => {
                one("attempts_left", attempts_left.to_string())
            }
            IdentityError::ResendTooSoon(limited) | IdentityError::CodeGuessing(limited) => {
                limited.metadata()
            }
            IdentityError::FaceProviderUnknown { providers } => one("providers", providers.clone()),
            IdentityError::StepOutOfOrder { next } => one("next_step", next.word().to_owned()),
            IdentityError::VerificationIncomplete { missing } => {
                one("missing_step", missing.word().to_owned())
            }
            IdentityError::CertificateInvalid(cause) => one("cause", cause.word().to_owned()),
            IdentityError::CertificateUntrusted(cause) => one("cause", (*cause).to_owned()),
            IdentityError::ListUntrusted(broken) => one("cause", broken.word().to_owned()),
            IdentityError::ListOlder { this_update, number } => {
                vec![("this_update_us".into(), this_update.0.to_string()), ("number".into(), number.clone())]
            }
            IdentityError::AssertionInvalid(claim) => one("claim", (*claim).to_owned()),
            IdentityError::InsuredElsewhere { party } => one("party", party.word().to_owned()),
            IdentityError::MutualAidExists { mutual_aid_id } => one("mutual_aid_id", mutual_aid_id.clone()),
            IdentityError::MutualAidState { state } => one("state", state_word(*state).to_owned()),
            IdentityError::GuardianExists { guardianship_id } => {
                one("guardianship_id", guardianship_id.clone())
            }
            IdentityError::GuardianState { state } | IdentityError::GuardianEnded { state: Some(state) } => {
                one("state", state.word().to_owned())
            }
            IdentityError::MutualAidNotFiled { holder_person_id } => {
                one("holder_person_id", holder_person_id.clone())
            }
            _ => Vec::new(),
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            IdentityError::Db(fault) => fault.retry_after_ms(),
            IdentityError::Peer(fault) => fault.retry_after_ms(),
            IdentityError::ResendTooSoon(limited) | IdentityError::CodeGuessing(limited) => limited.wait_ms,
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
