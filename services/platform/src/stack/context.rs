//! Request id and trace context of the running call.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::ids::Ids;

tokio::task_local! {
    static REQUEST_ID: String;
}

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the running call, or empty outside of one.
pub fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Runs `future` as part of the call with this request id, which must be of a harmless shape.
pub async fn with_request_id<F: Future>(id: String, future: F) -> F::Output {
    REQUEST_ID.scope(id, future).await
}

/// Does something as part of a call, outside of its task: what is said has the call's ids.
pub fn in_request<R>(id: String, span: &Span, work: impl FnOnce() -> R) -> R {
    REQUEST_ID.sync_scope(id, || span.in_scope(work))
}

/// The caller's id when it is plain, a fresh one otherwise.
pub(super) fn request_id_of(headers: &HeaderMap) -> String {
    let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
    let plain = |id: &&str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    given.filter(plain).map_or_else(|| Ids.next("req"), str::to_owned)
}

pub(super) fn write_request_id(headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HEADER, value);
    }
}

/// The span of one served call, child of the caller's.
pub(super) fn span(role: &'static str, method: &str, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!("rpc", role, method, otel.name = method, otel.kind = "server");
    if let Some(parent) = headers.get("traceparent").and_then(|value| value.to_str().ok()) {
        set_parent(&span, parent);
    }
    span
}

struct One<'a>(&'a str);

impl Extractor for One<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == "traceparent").then_some(self.0)
    }
    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

#[derive(Default)]
struct Taken(Option<String>);

impl Injector for Taken {
    fn set(&mut self, key: &str, value: String) {
        if key == "traceparent" {
            self.0 = Some(value);
        }
    }
}

/// Makes `span` a child of a W3C `traceparent`; an empty or broken one changes nothing.
pub fn set_parent(span: &Span, traceparent: &str) {
    if !traceparent.is_empty() {
        let context = TraceContextPropagator::new().extract(&One(traceparent));
        // fails only where no OpenTelemetry layer is installed
        let _ = span.set_parent(context);
    }
}

/// The W3C `traceparent` of the current span, when it is recorded.
pub fn traceparent() -> Option<String> {
    let mut taken = Taken::default();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut taken);
    taken.0
}
