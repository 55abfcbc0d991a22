//! Everything the settlement service refuses or fails with.

use std::borrow::Cow;

use liufang_kernel::{Fault, ReasonDoc, Violations};
use liufang_platform::rpc::Invalid;
use liufang_platform::{AuthFault, CipherError, DbFault, PeerFault};
use sea_orm::DbErr;

use crate::domain::decide::Undecided;
use crate::domain::ledger::Unbalanced;

mod reasons;
pub use reasons::REASONS;
use reasons::*;

/// A refusal by state or policy. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    QuoteNotFound,
    PaymentNotFound,
    ClaimNotFound,
    QuoteLegForbidden,
    QuoteExpired,
    QuoteUsed,
    NotInsured,
    InsuredElsewhere,
    NotDesignated,
    SchemeNotOpen,
    DiseaseNotInScheme,
    DiseaseNotRegistered,
    ConsultationFeeMismatch,
    InsufficientBalance,
    ChannelRequired,
    PaymentEnded,
    PaymentCaptured,
    PaymentNotCaptured,
    /// A notice from outside where services alone bring them.
    NoticeSender,
    PaymentNotStuck,
    CaptureLineUnknown,
    CaptureNotLess,
    CaptureWholeOnly,
    RefundLineUnknown,
    RefundTooMuch,
    RefundWholeOnly,
    NoticeSignature,
    NoticeAmount,
    NoticeOrder,
    DayClosed,
    ClaimState,
    DeductionTooLarge,
    TransferReused,
    InsurerTrial,
    InsurerAmount,
    InsurerSilent,
    DetailFileNotFound,
    DetailFileCompared,
    DetailFileNotCompared,
    DetailRowRepeated,
    StatementNotFound,
    StatementChanged,
    StatementLineRepeated,
    StatementDayOpen,
    StatementUnreadable,
    StatementNotFetched,
    ClaimLineNotFound,
    ClaimPaymentTooLarge,
}

impl Refusal {
    /// With one fact; never personal data.
    pub fn with(self, key: &'static str, value: String) -> SettlementError {
        SettlementError::Refused(self, vec![(key.into(), value)])
    }

    fn doc(self) -> &'static ReasonDoc {
        match self {
            Refusal::QuoteNotFound => &QUOTE_NOT_FOUND,
            Refusal::PaymentNotFound => &PAYMENT_NOT_FOUND,
            Refusal::ClaimNotFound => &CLAIM_NOT_FOUND,
            Refusal::QuoteLegForbidden => &QUOTE_LEG_FORBIDDEN,
            Refusal::QuoteExpired => &QUOTE_EXPIRED,
            Refusal::QuoteUsed => &QUOTE_USED,
            Refusal::NotInsured => &NOT_INSURED,
            Refusal::InsuredElsewhere => &INSURED_ELSEWHERE,
            Refusal::NotDesignated => &INSTITUTION_NOT_DESIGNATED,
            Refusal::SchemeNotOpen => &SCHEME_NOT_OPEN,
            Refusal::DiseaseNotInScheme => &DISEASE_NOT_IN_SCHEME,
            Refusal::DiseaseNotRegistered => &DISEASE_NOT_REGISTERED,
            Refusal::ConsultationFeeMismatch => &CONSULTATION_FEE_MISMATCH,
            Refusal::InsufficientBalance => &INSUFFICIENT_BALANCE,
            Refusal::ChannelRequired => &CHANNEL_REQUIRED,
            Refusal::PaymentEnded => &PAYMENT_ENDED,
            Refusal::PaymentCaptured => &PAYMENT_CAPTURED,
            Refusal::PaymentNotCaptured => &PAYMENT_NOT_CAPTURED,
            Refusal::CaptureLineUnknown => &CAPTURE_LINE_UNKNOWN,
            Refusal::CaptureNotLess => &CAPTURE_NOT_LESS,
            Refusal::CaptureWholeOnly => &CAPTURE_WHOLE_ONLY,
            Refusal::RefundLineUnknown => &REFUND_LINE_UNKNOWN,
            Refusal::RefundTooMuch => &REFUND_TOO_MUCH,
            Refusal::RefundWholeOnly => &REFUND_WHOLE_ONLY,
            Refusal::NoticeSender => &NOTICE_FROM_OUTSIDE,
            Refusal::PaymentNotStuck => &PAYMENT_NOT_STUCK,
            Refusal::NoticeSignature => &NOTICE_SIGNATURE_INVALID,
            Refusal::NoticeAmount => &NOTICE_AMOUNT_MISMATCH,
            Refusal::NoticeOrder => &NOTICE_ORDER_UNKNOWN,
            Refusal::DayClosed => &DAY_CLOSED,
            Refusal::ClaimState => &CLAIM_STATE,
            Refusal::DeductionTooLarge => &DEDUCTION_TOO_LARGE,
            Refusal::TransferReused => &TRANSFER_REUSED,
            Refusal::InsurerTrial => &INSURER_TRIAL_REFUSED,
            Refusal::InsurerAmount => &INSURER_AMOUNT_MISMATCH,
            Refusal::InsurerSilent => &INSURER_NO_ANSWER,
            Refusal::DetailFileNotFound => &DETAIL_FILE_NOT_FOUND,
            Refusal::DetailFileCompared => &DETAIL_FILE_COMPARED,
            Refusal::DetailFileNotCompared => &DETAIL_FILE_NOT_COMPARED,
            Refusal::DetailRowRepeated => &DETAIL_ROW_REPEATED,
            Refusal::StatementNotFound => &STATEMENT_NOT_FOUND,
            Refusal::StatementChanged => &STATEMENT_CHANGED,
            Refusal::StatementLineRepeated => &STATEMENT_LINE_REPEATED,
            Refusal::StatementDayOpen => &STATEMENT_DAY_OPEN,
            Refusal::StatementUnreadable => &STATEMENT_UNREADABLE,
            Refusal::StatementNotFetched => &STATEMENT_NOT_FETCHED,
            Refusal::ClaimLineNotFound => &CLAIM_LINE_NOT_FOUND,
            Refusal::ClaimPaymentTooLarge => &CLAIM_PAYMENT_TOO_LARGE,
        }
    }
}

/// Facts that go with a refusal; never personal data.
pub type Facts = Vec<(Cow<'static, str>, String)>;

#[derive(Debug, thiserror::Error)]
pub enum SettlementError {
    #[error("{}", .0.doc().reason)]
    Refused(Refusal, Facts),
    #[error("invalid request")]
    Invalid(Violations),
    #[error(transparent)]
    Auth(#[from] AuthFault),
    #[error(transparent)]
    Db(#[from] DbFault),
    #[error(transparent)]
    Peer(Box<PeerFault>),
    /// A twin moved the same row first.
    #[error("lost a race")]
    LostRace,
    #[error("benefit calculation: {0}")]
    Undecided(#[from] Undecided),
    #[error("ledger: {0}")]
    Unbalanced(#[from] Unbalanced),
    #[error(transparent)]
    Cipher(#[from] CipherError),
    #[error("stored row cannot be read: {0}")]
    Stored(&'static str),
}

impl SettlementError {
    /// A refusal with nothing to add.
    pub fn refused(refusal: Refusal) -> SettlementError {
        SettlementError::Refused(refusal, Vec::new())
    }

    /// Whether it is an outcome of the request alone: refused before anything was changed.
    pub fn changed_nothing(&self) -> bool {
        matches!(self, SettlementError::Refused(..) | SettlementError::Invalid(_) | SettlementError::LostRace)
    }

    /// A refusal that names the present state.
    pub fn in_state(refusal: Refusal, state: &str) -> SettlementError {
        SettlementError::Refused(refusal, vec![("state".into(), state.to_owned())])
    }
}

impl From<DbErr> for SettlementError {
    fn from(error: DbErr) -> SettlementError {
        SettlementError::Db(DbFault::from(error))
    }
}

impl From<PeerFault> for SettlementError {
    fn from(fault: PeerFault) -> SettlementError {
        SettlementError::Peer(Box::new(fault))
    }
}

impl From<Refusal> for SettlementError {
    fn from(refusal: Refusal) -> SettlementError {
        SettlementError::refused(refusal)
    }
}

impl Fault for SettlementError {
    fn doc(&self) -> &ReasonDoc {
        match self {
            SettlementError::Refused(refusal, _) => refusal.doc(),
            SettlementError::Invalid(_) => Invalid::reason(),
            SettlementError::Auth(fault) => fault.doc(),
            SettlementError::Db(fault) => fault.doc(),
            SettlementError::Peer(fault) => fault.doc(),
            SettlementError::LostRace => &PAYMENT_BUSY,
            SettlementError::Undecided(_)
            | SettlementError::Unbalanced(_)
            | SettlementError::Cipher(_)
            | SettlementError::Stored(_) => &SETTLEMENT_INTERNAL,
        }
    }

    fn metadata(&self) -> Facts {
        match self {
            SettlementError::Refused(_, facts) => facts.clone(),
            SettlementError::Auth(fault) => fault.metadata(),
            SettlementError::Peer(fault) => fault.metadata(),
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            SettlementError::Invalid(violations) => Some(violations),
            SettlementError::Peer(fault) => fault.violations(),
            _ => None,
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            SettlementError::Peer(fault) => fault.retry_after_ms(),
            SettlementError::Db(fault) => fault.retry_after_ms(),
            _ => 100,
        }
    }
}
