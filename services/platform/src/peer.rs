//! What a peer answered when it did not answer well. Its reason passes through unchanged.

use std::borrow::Cow;

use liufang_kernel::{Class, Fault, INTERNAL, ReasonDoc, Violations};
use tonic::{Code, Status};
use tonic_types::{ErrorDetail, StatusExt};

/// A refusal or failure of another role or of a hook.
#[derive(Debug, thiserror::Error)]
#[error("peer answered {}", self.doc.reason)]
pub struct PeerFault {
    doc: ReasonDoc,
    metadata: Vec<(Cow<'static, str>, String)>,
    violations: Option<Violations>,
    retry_after_ms: u64,
    code: Code,
}

static UNAVAILABLE: ReasonDoc = ReasonDoc::new(
    "PEER_UNAVAILABLE",
    Class::Unavailable,
    "服务暂时不可用，请稍后以同一幂等键重试",
    "a part of the system does not answer; retry later under the same key",
);

impl PeerFault {
    pub const REASONS: [&'static ReasonDoc; 2] = [&UNAVAILABLE, &INTERNAL];

    /// The peer's reason, e.g. `SHORT_STOCK`.
    pub fn reason(&self) -> &str {
        &self.doc.reason
    }

    /// One value of the peer's metadata.
    pub fn meta(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// True when nobody knows whether the call had its effect. Ask, or repeat under the same key.
    pub fn is_unknown(&self) -> bool {
        matches!(
            self.code,
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::Internal
        )
    }

    /// True when the peer refused: nothing happened, and repeating will not help. A credential of ours that is not accepted
    /// says nothing about the matter: an earlier try may have had its effect. Nor does [`PeerFault::is_key_reused`].
    pub fn is_refusal(&self) -> bool {
        let later = matches!(self.code, Code::Aborted | Code::ResourceExhausted | Code::Unauthenticated);
        !self.is_unknown() && !later && !self.is_key_reused()
    }

    /// True when the key was used with another request: an earlier call under it did have its effect, but not this one's.
    /// Only a person can tell what to make of that.
    pub fn is_key_reused(&self) -> bool {
        self.doc.reason == "IDEMPOTENCY_KEY_REUSED"
    }
}

impl From<Status> for PeerFault {
    fn from(status: Status) -> PeerFault {
        let code = status.code();
        let mut fault = PeerFault {
            doc: default_doc(code),
            metadata: Vec::new(),
            violations: None,
            retry_after_ms: 100,
            code,
        };
        for detail in status.get_error_details_vec() {
            fault.take(detail, code);
        }
        fault
    }
}

impl PeerFault {
    fn take(&mut self, detail: ErrorDetail, code: Code) {
        match detail {
            ErrorDetail::ErrorInfo(info) if info.domain == crate::status::DOMAIN => {
                self.doc.reason = Cow::Owned(info.reason);
                if let Some(class) = class(code) {
                    self.doc.class = class;
                }
                self.metadata =
                    info.metadata.into_iter().map(|(key, value)| (Cow::Owned(key), value)).collect();
                self.metadata.sort();
            }
            ErrorDetail::BadRequest(bad) => {
                let mut violations = Violations::new();
                for field in bad.field_violations {
                    violations.add(field.field, field.description);
                }
                self.violations = Some(violations);
            }
            ErrorDetail::RetryInfo(retry) => {
                let millis = retry.retry_delay.map_or(100, |delay| delay.as_millis());
                self.retry_after_ms = u64::try_from(millis).unwrap_or(100);
            }
            ErrorDetail::LocalizedMessage(text) if text.locale == "zh-CN" => {
                self.doc.zh = Cow::Owned(text.message)
            }
            ErrorDetail::LocalizedMessage(text) if text.locale == "en" => {
                self.doc.en = Cow::Owned(text.message)
            }
            _ => {}
        }
    }
}

fn default_doc(code: Code) -> ReasonDoc {
    match code {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted => {
            UNAVAILABLE.clone()
        }
        _ => INTERNAL.clone(),
    }
}

fn class(code: Code) -> Option<Class> {
    Some(match code {
        Code::InvalidArgument => Class::Invalid,
        Code::FailedPrecondition => Class::Precondition,
        Code::NotFound => Class::NotFound,
        Code::AlreadyExists => Class::AlreadyExists,
        Code::PermissionDenied => Class::PermissionDenied,
        Code::Unauthenticated => Class::Unauthenticated,
        Code::Aborted => Class::Aborted,
        Code::ResourceExhausted => Class::Exhausted,
        Code::Unavailable => Class::Unavailable,
        Code::DeadlineExceeded => Class::Deadline,
        Code::Unimplemented => Class::Unimplemented,
        Code::Internal => Class::Internal,
        _ => return None,
    })
}

impl Fault for PeerFault {
    fn doc(&self) -> &ReasonDoc {
        &self.doc
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        self.metadata.clone()
    }

    fn violations(&self) -> Option<&Violations> {
        self.violations.as_ref()
    }

    fn retry_after_ms(&self) -> u64 {
        self.retry_after_ms
    }
}
