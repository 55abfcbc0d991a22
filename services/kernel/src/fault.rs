//! What every refusal and failure says about itself. `platform::status` turns a [`Fault`] into a gRPC status.

use std::borrow::Cow;

use crate::Violations;

/// The class decides the gRPC code and the details that go with it (design rules: `services/README.md`, errors).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The request itself is wrong; carries field violations.
    Invalid,
    /// State or policy forbids it; metadata carries the present state.
    Precondition,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    Unauthenticated,
    /// Lost a race; the whole use case may be retried under the same key.
    Aborted,
    Exhausted,
    Unavailable,
    /// The time for the answer was over; what happened is unknown, ask or repeat under the same key.
    Deadline,
    /// No such method here.
    Unimplemented,
    /// A bug: nothing but the request id leaves the process.
    Internal,
}

/// One row of the published reason registry. Text is borrowed for our own reasons and owned when another role's
/// refusal is passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonDoc {
    pub reason: Cow<'static, str>,
    pub class: Class,
    /// What it means and what the caller can do, in Chinese and English. Never personal data.
    pub zh: Cow<'static, str>,
    pub en: Cow<'static, str>,
}

impl ReasonDoc {
    /// A row of a service's own registry.
    pub const fn new(reason: &'static str, class: Class, zh: &'static str, en: &'static str) -> ReasonDoc {
        ReasonDoc { reason: Cow::Borrowed(reason), class, zh: Cow::Borrowed(zh), en: Cow::Borrowed(en) }
    }
}

/// What nobody outside can mend: every service says it in the same words.
pub static INTERNAL: ReasonDoc =
    ReasonDoc::new("INTERNAL", Class::Internal, "系统内部错误", "an internal error; quote the request id");

/// An error that can leave a service.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// The registry row this error belongs to.
    fn doc(&self) -> &ReasonDoc;

    /// Machine-readable facts, such as the present state. Never personal data.
    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        Vec::new()
    }

    /// For [`Class::Invalid`]: every bad field.
    fn violations(&self) -> Option<&Violations> {
        None
    }

    /// For retryable classes: how long to wait, in milliseconds.
    fn retry_after_ms(&self) -> u64 {
        100
    }
}
