//! Why an operation is refused. `error.rs` gives each one its registry row.

use liufang_kernel::Timestamp;

use super::state::{State, VisitState};

/// A refusal of the domain. A refused operation changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    // prescriptions
    #[error("the prescription is not active")]
    NotActive(State),
    #[error("the prescription expired")]
    Expired,
    #[error("the prescription was revoked")]
    Revoked,
    #[error("the hospital pharmacist refused the prescription")]
    DraftRefused,
    #[error("a pharmacy holds the prescription")]
    Held,
    #[error("the prescription is used")]
    Used,
    #[error("the caller does not hold the prescription")]
    NotHeld,
    #[error("the circulation token is not valid here")]
    TokenInvalid,
    #[error("the claim secret is wrong")]
    SecretInvalid,
    #[error("the practitioner may not do this")]
    PractitionerNotAllowed(&'static str),
    #[error("already reviewed")]
    AlreadyReviewed,
    #[error("a second pharmacist has to review")]
    SecondReviewNeeded(&'static str),
    #[error("the pharmacist has not passed the prescription")]
    ReviewNotPassed,
    #[error("the signature does not verify")]
    SignatureInvalid(Vec<&'static str>),
    #[error("the trace code was spent")]
    TraceCodeSpent,
    #[error("the trace code belongs to another prescription")]
    TraceCodeMismatch,
    #[error("another order has the prescription")]
    OtherOrder,
    #[error("personal data went after the time it is kept")]
    Archived { document_hash: String },
    #[error("the QR is not good")]
    QrInvalid,
    #[error("the counter token is not good")]
    CounterTokenInvalid,
    #[error("the use of the series is not open yet")]
    NotOpen(Timestamp),
    #[error("the sheet may not repeat so")]
    RepeatNotAllowed(&'static str),
    #[error("line {line} cannot be dispensed: {why}")]
    Line { line: i32, why: LineProblem },
    // visits and booking
    #[error("the visit is in another state")]
    VisitState(VisitState),
    #[error("no vacancy in the slot")]
    SlotFull,
    #[error("the slot is over")]
    SlotOver,
    #[error("a first visit cannot be made online")]
    FirstVisitOnline,
    #[error("the disease is not part of the scheme")]
    DiseaseNotInScheme,
    #[error("the disease is not registered for the person")]
    DiseaseNotRegistered,
    #[error("the institution is not designated for this")]
    NotDesignated(&'static str),
    #[error("the person is not verified")]
    IdentityNotVerified,
    #[error("no consultation fee is set for this hospital level")]
    FeeUnknown,
    #[error("not an insured doctor of this hospital")]
    DoctorNotInsured(&'static str),
    #[error("the doctor has not practised long enough to work online")]
    PracticeTooShort(&'static str),
}

/// What is wrong with a line to dispense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    #[error("UNKNOWN_LINE")]
    Unknown,
    #[error("ALREADY_TAKEN")]
    Taken,
    #[error("MORE_THAN_PRESCRIBED")]
    TooMuch,
    #[error("OTHER_DRUG")]
    OtherDrug,
}
