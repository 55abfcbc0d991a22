//! What the outside parties refuse with.

use std::borrow::Cow;

use liufang_kernel::combined::AMOUNT_DIFFERS;
use liufang_kernel::{Class, Fault, INTERNAL, ReasonDoc, Violations};
use liufang_platform::{CipherError, DbFault, PeerFault};

/// Errors of the sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A dial or a magic number swallowed the request or its answer.
    #[error("the outside party gives no answer")]
    NoAnswer,
    #[error("channel order number used with another amount")]
    AmountDiffers,
    #[error("no such check")]
    CheckUnknown,
    #[error("sealed data cannot be opened")]
    Sealed(#[from] CipherError),
    #[error(transparent)]
    Db(#[from] DbFault),
    #[error(transparent)]
    Peer(Box<PeerFault>),
}

static NO_ANSWER: ReasonDoc = ReasonDoc::new(
    "OUTSIDE_NO_ANSWER",
    Class::Unavailable,
    "外部机构未应答，结果未知",
    "the outside party gave no answer; whether it happened is unknown",
);
static CHECK_UNKNOWN: ReasonDoc = ReasonDoc::new(
    "CHECK_NOT_FOUND",
    Class::NotFound,
    "没有这个核验请求编号",
    "no check that was still at work was asked under this request id",
);

/// Every reason of this service's own.
pub const REASONS: &[&ReasonDoc] = &[&NO_ANSWER, &AMOUNT_DIFFERS, &CHECK_UNKNOWN];

impl From<PeerFault> for SandboxError {
    fn from(fault: PeerFault) -> SandboxError {
        SandboxError::Peer(Box::new(fault))
    }
}

impl Fault for SandboxError {
    fn doc(&self) -> &ReasonDoc {
        match self {
            SandboxError::NoAnswer => &NO_ANSWER,
            SandboxError::AmountDiffers => &AMOUNT_DIFFERS,
            SandboxError::CheckUnknown => &CHECK_UNKNOWN,
            SandboxError::Sealed(_) => &INTERNAL,
            SandboxError::Db(fault) => fault.doc(),
            SandboxError::Peer(fault) => fault.doc(),
        }
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        match self {
            SandboxError::Peer(fault) => fault.metadata(),
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            SandboxError::Peer(fault) => fault.violations(),
            _ => None,
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            SandboxError::Peer(fault) => fault.retry_after_ms(),
            _ => 100,
        }
    }
}
