//! One line per request. Invariant: no body, no query, no unknown path, no address and no subject ever reaches it.

use std::time::Instant;

use http::HeaderValue;
use liufang_platform::status::code_name;
use liufang_platform::{metrics, stack};
use tonic::{Code, Status};
use tracing::Span;

use crate::error::{GATEWAY_OVERLOADED_REASON as GATEWAY_OVERLOADED, GatewayError};
use crate::refusal;

/// The line of one request; written when dropped, so a caller that leaves early is logged too (as `CANCELLED`).
#[derive(Debug)]
pub(crate) struct Entry {
    started: Instant,
    protocol: &'static str,
    request_id: HeaderValue,
    method: String,
    caller: &'static str,
    outcome: Option<(Code, String)>,
    /// The trace the call is in.
    span: Span,
    _running: metrics::Running,
}

impl Entry {
    pub fn new(protocol: &'static str, request_id: HeaderValue) -> Entry {
        Entry {
            started: Instant::now(),
            protocol,
            request_id,
            method: "-".to_owned(),
            caller: "-",
            outcome: None,
            span: Span::none(),
            _running: metrics::running(crate::ROLE),
        }
    }

    /// Puts the line into a trace.
    pub fn span(&mut self, span: &Span) {
        self.span = span.clone();
    }

    /// Kind of the principal.
    pub fn caller(&mut self, kind: &'static str) {
        self.caller = kind;
    }

    /// A method of the contracts; never a path as the caller wrote it.
    pub fn method(&mut self, name: &str) {
        name.clone_into(&mut self.method);
    }

    /// Ends the call with a refusal of the door's own. What is said of it has the call's trace and request id.
    pub fn refuse(&mut self, error: &GatewayError) -> Status {
        let status = self.say(|| refusal::status(error));
        self.settle(&status);
        status
    }

    /// Does something that may be told of, as part of the call.
    pub fn say<R>(&self, work: impl FnOnce() -> R) -> R {
        stack::in_request(self.request_id.to_str().unwrap_or_default().to_owned(), &self.span, work)
    }

    /// Notes how the call ended. The first word counts.
    pub fn settle(&mut self, status: &Status) {
        if self.outcome.is_none() {
            self.outcome = Some((status.code(), refusal::reason(status)));
        }
    }

    /// The same where there is no status, only a code.
    pub fn settle_code(&mut self, code: Code) {
        if self.outcome.is_none() {
            self.outcome = Some((code, String::new()));
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let (code, reason) = self.outcome.take().unwrap_or((Code::Cancelled, String::new()));
        let took = self.started.elapsed();
        metrics::call_ended(crate::ROLE, &self.method, code, &reason, took);
        if reason == GATEWAY_OVERLOADED {
            metrics::shed(crate::ROLE);
        }
        let _entered = self.span.enter();
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            target: "liufang::access",
            method = self.method,
            status = code_name(code),
            reason,
            ms,
            caller = self.caller,
            protocol = self.protocol,
            request_id = self.request_id.to_str().unwrap_or_default(),
            "call"
        );
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::StatusExt as _;

    use super::*;

    #[test]
    fn refusals_know_the_request_they_refuse() {
        let mut entry = Entry::new("grpc", HeaderValue::from_static("req-7"));
        let status = entry.refuse(&GatewayError::BadAnswer("of nobody"));
        assert_eq!(status.get_details_request_info().unwrap().request_id, "req-7");
        assert_eq!(entry.outcome, Some((Code::Internal, "ANSWER_UNREADABLE".to_owned())));
        assert!(stack::request_id().is_empty(), "outside of the call");
    }
}
