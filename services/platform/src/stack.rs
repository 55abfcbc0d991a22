//! The server stack, the same in front of a network port and of the in-process mesh.
//!
//! Outermost first: request id → trace → own task (catches panics, and a caller that goes away does not cut a use case in
//! two) → deadline → shed → authenticate → authorise by method (no row: deny) → record.

mod context;
mod ending;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use liufang_kernel::{Class, Fault, INTERNAL, ReasonDoc};
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::Service;
use tracing::Instrument as _;

use crate::access::AccessTable;
use crate::auth::{AuthFault, Principal, Tokens};
use crate::clock::SharedClock;
use crate::deadline;
use crate::mesh::{MeshKey, MeshPeer};
use crate::metrics;
use crate::status::to_status;

pub use context::{in_request, request_id, set_parent, traceparent, with_request_id};

/// What the stack found out about the caller; travels to [`crate::rpc::Calls`] as a request extension.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub principal: Principal,
    pub method: String,
    /// The contract calls the method a write.
    pub write: bool,
}

/// How one role serves.
#[derive(Clone)]
pub struct StackOptions {
    pub role: &'static str,
    pub tokens: Tokens,
    pub mesh_key: MeshKey,
    pub clock: SharedClock,
    /// Calls running at once; more are shed.
    pub max_in_flight: usize,
    /// Used when the caller names none, and the most a caller may ask for.
    pub max_deadline: Duration,
}

/// A module's routes behind the stack.
#[derive(Clone)]
pub struct ServerStack {
    routes: Routes,
    options: Arc<StackOptions>,
    in_flight: Arc<Semaphore>,
    closing: Option<CancellationToken>,
}

/// What the stack itself refuses with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StackFault {
    #[error("no such method")]
    UnknownMethod,
    #[error("too many calls at once")]
    Overloaded,
    #[error("deadline passed")]
    Deadline,
    #[error("handler panicked")]
    Panic,
    #[error("the process stops before the answer")]
    Stopping,
}

static UNKNOWN: ReasonDoc = ReasonDoc::new(
    "METHOD_NOT_FOUND",
    Class::Unimplemented,
    "没有此方法",
    "no such method, or it has no access rule",
);
static OVERLOADED: ReasonDoc = ReasonDoc::new(
    "OVERLOADED",
    Class::Exhausted,
    "系统繁忙，请稍后重试",
    "too many calls at once; retry later under the same key",
);
static DEADLINE: ReasonDoc = ReasonDoc::new(
    "DEADLINE_EXCEEDED",
    Class::Deadline,
    "处理超时，结果未知，请以同一幂等键重试",
    "the deadline passed before the answer was ready; retry under the same key to learn the outcome",
);
static STOPPING: ReasonDoc = ReasonDoc::new(
    "STOPPING",
    Class::Unavailable,
    "服务正在停止，结果未知，请以同一幂等键重试；数据流请从最后收到的位置重新打开",
    "the server stopped before the answer was complete; retry under the same key to learn the outcome, open a stream again from its last position",
);

impl StackFault {
    pub const REASONS: [&'static ReasonDoc; 5] = [&UNKNOWN, &OVERLOADED, &DEADLINE, &INTERNAL, &STOPPING];

    /// Why a handler's task gave no answer: a bug, or a runtime that goes down and takes its tasks with it.
    fn of_task(gone: &JoinError) -> StackFault {
        if gone.is_panic() { StackFault::Panic } else { StackFault::Stopping }
    }
}

impl Fault for StackFault {
    fn doc(&self) -> &ReasonDoc {
        match self {
            StackFault::UnknownMethod => &UNKNOWN,
            StackFault::Overloaded => &OVERLOADED,
            StackFault::Deadline => &DEADLINE,
            StackFault::Panic => &INTERNAL,
            StackFault::Stopping => &STOPPING,
        }
    }

    fn retry_after_ms(&self) -> u64 {
        500
    }
}

impl ServerStack {
    pub fn new(routes: Routes, options: StackOptions) -> ServerStack {
        let in_flight = Arc::new(Semaphore::new(options.max_in_flight));
        // axum asks its router to be prepared once, or every clone does it again
        ServerStack { routes: routes.prepare(), options: Arc::new(options), in_flight, closing: None }
    }

    /// The same stack, in front of a port that closes when `closing` is cancelled: answers that are still open then, streams,
    /// end with [`StackFault::Stopping`] instead of holding the end of the process up.
    #[must_use]
    pub fn closing(mut self, closing: CancellationToken) -> ServerStack {
        self.closing = Some(closing);
        self
    }

    async fn handle(self, mut request: Request<Body>) -> Response<Body> {
        let id = context::request_id_of(request.headers());
        context::write_request_id(request.headers_mut(), &id);
        let span = context::span(self.options.role, request.uri().path(), request.headers());
        // what is said and answered about the call beside its own task has its ids too
        context::with_request_id(id.clone(), self.watched(id, request)).instrument(span).await
    }

    async fn watched(self, id: String, request: Request<Body>) -> Response<Body> {
        let role = self.options.role;
        let method = request.uri().path().to_owned();
        let closing = self.closing.clone();
        let started = Instant::now();
        let deadline = started + self.deadline_of(request.headers());
        let expired = async move {
            tokio::time::sleep_until(deadline.into()).await;
            to_status(&StackFault::Deadline, None).into_http()
        };
        let answer = tokio::spawn(
            context::with_request_id(id, deadline::scope(deadline, self.answer(method.clone(), request)))
                .in_current_span(),
        );
        let response = tokio::select! {
            answer = answer => answer.unwrap_or_else(|gone| to_status(&StackFault::of_task(&gone), None).into_http()),
            response = expired => response,
        };
        let code =
            Code::from_bytes(response.headers().get("grpc-status").map_or(b"0", |value| value.as_bytes()));
        metrics::rpc_ended(role, &method, code, response.headers(), started.elapsed());
        let elapsed_us = started.elapsed().as_micros() as u64;
        tracing::debug!(?code, elapsed_us, "answered");
        match closing {
            Some(closing) => ending::cut_when(closing, response),
            None => response,
        }
    }

    async fn answer(mut self, method: String, mut request: Request<Body>) -> Response<Body> {
        let Ok(_permit) = self.in_flight.clone().try_acquire_owned() else {
            metrics::shed(self.options.role);
            return to_status(&StackFault::Overloaded, None).into_http();
        };
        let _running = metrics::running(self.options.role);
        match self.admit(&method, &request) {
            Ok(caller) => request.extensions_mut().insert(caller),
            Err(status) => return status.into_http(),
        };
        match self.routes.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn admit(&self, method: &str, request: &Request<Body>) -> Result<Caller, Status> {
        let Some(rule) = AccessTable::shared().get(method) else {
            return Err(to_status(&StackFault::UnknownMethod, None));
        };
        let principal = self.authenticate(request).map_err(|fault| to_status(&fault, None))?;
        if rule.allows(&principal) {
            return Ok(Caller { principal, method: method.to_owned(), write: rule.write });
        }
        let anonymous = principal == Principal::anonymous();
        let fault = if anonymous { AuthFault::Missing } else { AuthFault::NotAllowed };
        Err(to_status(&fault, None))
    }

    /// A service principal cannot be forged: in process it is an extension nothing on the wire can set, between processes
    /// it is a role of the caller's certificate, or proven with the mesh key where there are no certificates.
    fn authenticate(&self, request: &Request<Body>) -> Result<Principal, AuthFault> {
        if let Some(ServicePrincipal(role)) = request.extensions().get() {
            return Ok(Principal::service(role));
        }
        let claimed = request.headers().get(MeshKey::HEADER).map(|value| value.to_str());
        let claimed = claimed.transpose().map_err(|_| AuthFault::Invalid)?;
        let peer = request.extensions().get::<MeshPeer>().and_then(|peer| peer.roles.as_deref());
        match (claimed, peer) {
            (Some(role), Some(roles)) if roles.contains(&role) => return Ok(Principal::service(role)),
            (Some(_), Some(_)) => return Err(AuthFault::Invalid),
            (Some(proof), None) => {
                return self.options.mesh_key.verify(proof).map(|role| Principal::service(&role));
            }
            // the words of outside callers come through the gateway only
            (None, Some(roles)) if !roles.contains(&"gateway") => return Err(AuthFault::Missing),
            (None, _) => {}
        }
        let now = self.options.clock.now();
        bearer(request.headers())?
            .map_or(Ok(Principal::anonymous()), |token| self.options.tokens.verify(token, now))
    }

    fn deadline_of(&self, headers: &HeaderMap) -> Duration {
        let asked = headers
            .get("grpc-timeout")
            .and_then(|value| value.to_str().ok())
            .and_then(deadline::parse_timeout);
        asked.map_or(self.options.max_deadline, |asked| asked.min(self.options.max_deadline))
    }
}

/// The role that calls inside this process.
#[derive(Clone, Debug)]
pub struct ServicePrincipal(pub String);

/// The bearer token of a request, `None` when there is no credential at all.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, AuthFault> {
    let Some(value) = headers.get(http::header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| AuthFault::Invalid)?;
    let (scheme, token) = text.split_once(' ').ok_or(AuthFault::Invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(AuthFault::Invalid) }
}

impl Service<Request<Body>> for ServerStack {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // overload is answered, not queued
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let stack = self.clone();
        Box::pin(async move { Ok(stack.handle(request).await) })
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    /// What the caller of a task that ended so is told.
    async fn told(task: tokio::task::JoinHandle<()>) -> (Code, StackFault) {
        let fault = StackFault::of_task(&task.await.unwrap_err());
        (to_status(&fault, None).code(), fault)
    }

    #[tokio::test]
    async fn a_task_cut_off_is_no_bug() {
        let cut = tokio::spawn(pending::<()>());
        cut.abort();
        assert_eq!(told(cut).await, (Code::Unavailable, StackFault::Stopping));
        let bug = tokio::spawn(async { panic!("a bug") });
        assert_eq!(told(bug).await, (Code::Internal, StackFault::Panic));
    }

    /// A stack before one handler, and a call that it admits.
    fn before<F>(handler: fn() -> F) -> (ServerStack, Request<Body>)
    where
        F: Future<Output = axum::response::Response> + Send + 'static,
    {
        let options = StackOptions {
            role: "settlement",
            tokens: Tokens::signing(&crate::auth::SigningKey::generate().unwrap()),
            mesh_key: MeshKey::new(""),
            clock: Arc::new(crate::clock::SystemClock),
            max_in_flight: 1,
            max_deadline: Duration::from_secs(60),
        };
        let mut request = Request::post("/liufang.settlement.v1.PaymentService/Void");
        request = request.extension(ServicePrincipal("order".to_owned())).header("x-request-id", "req-7");
        let routes = Routes::from(axum::Router::new().fallback(handler));
        (ServerStack::new(routes, options), request.body(Body::empty()).unwrap())
    }

    #[tokio::test]
    async fn a_bug_is_answered_with_the_id_of_its_call() {
        use tonic_types::StatusExt as _;
        async fn bug() -> axum::response::Response {
            panic!("a bug")
        }
        let (mut stack, request) = before(bug);
        let response = stack.call(request).await.unwrap();
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!(status.code(), Code::Internal);
        assert_eq!(status.get_details_request_info().unwrap().request_id, "req-7");
    }

    #[tokio::test]
    async fn only_answers_that_go_on_are_cut() {
        use http_body_util::{BodyExt as _, StreamBody};
        async fn endless() -> axum::response::Response {
            let first = http_body::Frame::data(bytes::Bytes::from_static(b"first"));
            let frames = futures::stream::once(async { Ok::<_, Status>(first) });
            let body = StreamBody::new(futures::StreamExt::chain(frames, futures::stream::pending()));
            Response::new(axum::body::Body::new(body))
        }
        async fn whole() -> axum::response::Response {
            Response::new(axum::body::Body::from("whole"))
        }
        let closing = CancellationToken::new();
        let (stack, request) = before(endless);
        let mut answer = stack.closing(closing.clone()).call(request).await.unwrap().into_body();
        assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
        closing.cancel();
        let trailers = answer.frame().await.unwrap().unwrap().into_trailers().unwrap();
        assert_eq!(Status::from_header_map(&trailers).unwrap().code(), Code::Unavailable);
        assert!(answer.frame().await.is_none());
        let (stack, request) = before(whole);
        let answer = stack.closing(closing).call(request).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "whole");
    }
}
