//! What a client keeps of an error: the machine-readable reason and its metadata.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// A call that was not answered with OK. Match on `code` and `reason`, never on `message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    /// `google.rpc.ErrorInfo.reason`, e.g. `QUOTE_EXPIRED`; empty when the answer carries none (transport errors).
    pub reason: String,
    /// `google.rpc.ErrorInfo.metadata`.
    pub metadata: BTreeMap<String, String>,
    /// Fields of `google.rpc.BadRequest`, with what is wrong.
    pub violations: Vec<(String, String)>,
    /// English text, for people.
    pub message: String,
    /// How long to wait before the same call, with the same key, may be sent again.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A failure on the client's own side.
    pub fn local(reason: &str, message: impl Into<String>) -> Refusal {
        Refusal {
            code: Code::Unknown,
            reason: reason.to_owned(),
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            message: message.into(),
            retry_after: None,
        }
    }

    /// One value of the metadata; empty when absent.
    pub fn meta(&self, key: &str) -> &str {
        self.metadata.get(key).map_or("", String::as_str)
    }

    pub fn is(&self, reason: &str) -> bool {
        self.reason == reason
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Refusal {
        let info = status.get_details_error_info();
        let (reason, metadata) = info.map(|info| (info.reason, info.metadata)).unwrap_or_default();
        let fields = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
        Refusal {
            code: code_of(&status),
            reason,
            metadata: metadata.into_iter().collect(),
            violations: fields.into_iter().map(|field| (field.field, field.description)).collect(),
            message: status.message().to_owned(),
            retry_after: status.get_details_retry_info().and_then(|retry| retry.retry_delay),
        }
    }
}

/// This client never cancels: a `CANCELLED` from its own transport is a connection that a stopping server closed before the call
/// was on its way. What any client's standard retry sends again.
fn code_of(status: &Status) -> Code {
    match status.code() {
        Code::Cancelled if status.source().is_some() => Code::Unavailable,
        code => code,
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = if self.reason.is_empty() { "no reason" } else { &self.reason };
        write!(f, "{:?} {reason}: {}", self.code, self.message)?;
        if !self.metadata.is_empty() {
            write!(f, " {:?}", self.metadata)?;
        }
        if !self.violations.is_empty() {
            write!(f, " {:?}", self.violations)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn reason_and_metadata_come_from_the_details() {
        let mut details = ErrorDetails::new();
        let metadata = HashMap::from([("line_1".to_owned(), "SHORT_STOCK".to_owned())]);
        details.set_error_info("SHORT_STOCK", "liufang", metadata);
        details.add_bad_request_violation("items[0].quantity", "not positive");
        details.set_retry_info(Some(Duration::from_millis(40)));
        let status = Status::with_error_details(Code::FailedPrecondition, "not enough", details);
        let refusal = Refusal::from(status);
        assert!(
            refusal.is("SHORT_STOCK")
                && refusal.meta("line_1") == "SHORT_STOCK"
                && refusal.meta("x").is_empty()
        );
        assert_eq!(refusal.violations, [("items[0].quantity".to_owned(), "not positive".to_owned())]);
        assert_eq!(refusal.retry_after, Some(Duration::from_millis(40)));
    }

    #[test]
    fn a_connection_that_ended_may_be_tried_again() {
        let mut own = Status::cancelled("operation was canceled");
        own.set_source(std::sync::Arc::new(std::io::Error::other("the connection is closed")));
        assert_eq!(Refusal::from(own).code, Code::Unavailable);
        assert_eq!(Refusal::from(Status::cancelled("by the server")).code, Code::Cancelled);
    }

    #[test]
    fn a_status_without_details_has_no_reason() {
        let refusal = Refusal::from(Status::unavailable("connection refused"));
        assert!(refusal.reason.is_empty() && refusal.code == Code::Unavailable);
    }
}
