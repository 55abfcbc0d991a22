//! Every way a call can end badly, with its published reason.

pub mod reasons;

use std::borrow::Cow;

use liufang_kernel::{Fault, ReasonDoc, Violations};
use liufang_platform::{AuthFault, DbFault, PeerFault};

use crate::domain::refusal::Refusal;
use crate::domain::rules::Finding;
use crate::store::StoreError;

pub use reasons::REASONS;

/// What was looked for and not found, or may not be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Slot,
    Visit,
    Prescription,
}

/// A refusal or failure of this service.
#[derive(Debug, thiserror::Error)]
pub enum PrescriptionError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("not found: {0:?}")]
    Missing(Missing),
    #[error("no such notice: {0}")]
    NoNotice(String),
    /// Rules forbid the prescription.
    #[error("rules forbid the prescription")]
    Blocked(Vec<Finding>),
    /// Warnings without the doctor's reason.
    #[error("warnings need a written reason")]
    OverrideNeeded(Vec<Finding>),
    #[error("the hospital used this number before")]
    HospitalNumberUsed,
    #[error("the person has an open visit in this slot")]
    AlreadyBooked,
    #[error("row cannot be read: {0}")]
    Corrupt(&'static str),
    #[error(transparent)]
    Peer(Box<PeerFault>),
    #[error(transparent)]
    Db(#[from] DbFault),
    #[error(transparent)]
    Auth(#[from] AuthFault),
}

impl From<PeerFault> for PrescriptionError {
    fn from(fault: PeerFault) -> PrescriptionError {
        PrescriptionError::Peer(Box::new(fault))
    }
}

impl From<StoreError> for PrescriptionError {
    fn from(error: StoreError) -> PrescriptionError {
        match error {
            StoreError::Db(fault) => PrescriptionError::Db(fault),
            StoreError::Corrupt(column) => PrescriptionError::Corrupt(column),
            // callers that know what the index means say so; anywhere else somebody was faster
            StoreError::Exists => PrescriptionError::Db(DbFault::LostRace),
        }
    }
}

impl Fault for PrescriptionError {
    fn doc(&self) -> &ReasonDoc {
        match self {
            PrescriptionError::Refused(refusal) => reasons::of_refusal(refusal),
            PrescriptionError::Missing(missing) => reasons::of_missing(*missing),
            PrescriptionError::NoNotice(_) => &reasons::NOTICE_NOT_FOUND,
            PrescriptionError::Blocked(_) => &reasons::PRESCRIPTION_BLOCKED,
            PrescriptionError::OverrideNeeded(_) => &reasons::OVERRIDE_NEEDED,
            PrescriptionError::HospitalNumberUsed => &reasons::HOSP_RXNO_USED,
            PrescriptionError::AlreadyBooked => &reasons::VISIT_ALREADY_BOOKED,
            PrescriptionError::Corrupt(_) => &reasons::ROW_UNREADABLE,
            PrescriptionError::Peer(fault) => fault.doc(),
            PrescriptionError::Db(fault) => fault.doc(),
            PrescriptionError::Auth(fault) => fault.doc(),
        }
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        match self {
            PrescriptionError::Refused(refusal) => refusal_facts(refusal),
            PrescriptionError::NoNotice(id) => vec![(Cow::Borrowed("notice_id"), id.clone())],
            PrescriptionError::Blocked(findings) | PrescriptionError::OverrideNeeded(findings) => {
                finding_facts(findings)
            }
            PrescriptionError::Peer(fault) => fault.metadata(),
            PrescriptionError::Db(fault) => fault.metadata(),
            PrescriptionError::Auth(fault) => fault.metadata(),
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            PrescriptionError::Peer(fault) => fault.violations(),
            _ => None,
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            PrescriptionError::Peer(fault) => fault.retry_after_ms(),
            PrescriptionError::Db(fault) => fault.retry_after_ms(),
            _ => 100,
        }
    }
}

fn refusal_facts(refusal: &Refusal) -> Vec<(Cow<'static, str>, String)> {
    let fact = |key: &'static str, value: String| vec![(Cow::Borrowed(key), value)];
    match refusal {
        Refusal::NotActive(state) => fact("state", state.word().to_owned()),
        Refusal::VisitState(state) => fact("state", state.word().to_owned()),
        Refusal::Archived { document_hash } => fact("document_sha256", document_hash.clone()),
        Refusal::NotOpen(at) => fact("opens_at_us", at.0.to_string()),
        Refusal::PractitionerNotAllowed(why)
        | Refusal::RepeatNotAllowed(why)
        | Refusal::SecondReviewNeeded(why)
        | Refusal::NotDesignated(why)
        | Refusal::DoctorNotInsured(why)
        | Refusal::PracticeTooShort(why) => fact("cause", (*why).to_owned()),
        Refusal::SignatureInvalid(which) => fact("signature", which.join(",")),
        Refusal::Line { line, why } => {
            vec![(Cow::Borrowed("line"), line.to_string()), (Cow::Borrowed("cause"), why.to_string())]
        }
        _ => Vec::new(),
    }
}

/// `rules` lists the ids; `finding.<n>` tells severity, rule, line and evidence. Evidence never holds personal data.
fn finding_facts(findings: &[Finding]) -> Vec<(Cow<'static, str>, String)> {
    let mut ids: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut facts = vec![(Cow::Borrowed("rules"), ids.join(","))];
    facts.extend(findings.iter().enumerate().map(|(index, finding)| {
        let Finding { rule, severity, line, evidence, .. } = finding;
        (
            Cow::Owned(format!("finding.{}", index + 1)),
            format!("{} {rule} line {line}: {evidence}", severity.word()),
        )
    }));
    facts
}
