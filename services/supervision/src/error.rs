//! What supervision refuses with.

use std::borrow::Cow;

use liufang_kernel::{Class, Fault, ReasonDoc, Violations};
use liufang_platform::{DbFault, PeerFault};

/// Errors of supervision.
#[derive(Debug, thiserror::Error)]
pub enum SupervisionError {
    #[error("no such case for this caller")]
    NotFound,
    #[error("case is closed")]
    Closed,
    #[error(transparent)]
    Db(#[from] DbFault),
    #[error(transparent)]
    Peer(Box<PeerFault>),
}

static NOT_FOUND: ReasonDoc = ReasonDoc::new(
    "CASE_NOT_FOUND",
    Class::NotFound,
    "没有找到该案件",
    "there is no such case for this caller",
);
static CLOSED: ReasonDoc = ReasonDoc::new(
    "CASE_CLOSED",
    Class::Precondition,
    "案件已结案",
    "the case is closed; a new finding opens a new one",
);

/// Every reason of this service's own.
pub const REASONS: &[&ReasonDoc] = &[&NOT_FOUND, &CLOSED];

impl From<PeerFault> for SupervisionError {
    fn from(fault: PeerFault) -> SupervisionError {
        SupervisionError::Peer(Box::new(fault))
    }
}

impl Fault for SupervisionError {
    fn doc(&self) -> &ReasonDoc {
        match self {
            SupervisionError::NotFound => &NOT_FOUND,
            SupervisionError::Closed => &CLOSED,
            SupervisionError::Db(fault) => fault.doc(),
            SupervisionError::Peer(fault) => fault.doc(),
        }
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        match self {
            SupervisionError::Closed => vec![("state".into(), "closed".to_owned())],
            SupervisionError::Peer(fault) => fault.metadata(),
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            SupervisionError::Peer(fault) => fault.violations(),
            _ => None,
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            SupervisionError::Peer(fault) => fault.retry_after_ms(),
            _ => 100,
        }
    }
}
