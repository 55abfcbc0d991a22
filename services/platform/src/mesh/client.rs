//! The client stack: deadline → trace and request id → identity → concurrency limit → breaker → retry.
//!
//! Only roles of this mesh are retried, at another address where there is one, and only when the peer did not answer: every
//! method of theirs is either free of side effects or idempotent by key. Hooks are never retried blindly
//! (`domain.md` §11): they are sent again only what nobody began with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response, request};
use http_body_util::{BodyExt as _, Full};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Service, ServiceExt as _};

use super::balance::was_not_begun;
use super::limits::{ClientLimits, PeerState};
use super::{MeshError, MeshKey, Peers, Place};
use crate::deadline;
use crate::metrics;
use crate::stack::{self, ServicePrincipal};

/// No call lives longer than a stream may.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Whose credential a call carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    Role,
    Forwarded,
}

#[derive(Clone)]
pub(super) struct Client {
    peers: Peers,
    peer: Arc<str>,
    identity: Identity,
    state: Arc<PeerState>,
}

impl Client {
    pub(super) fn new(peers: Peers, peer: &str, identity: Identity) -> Client {
        let state = peers.directory.0.limits.of(&peers.own_role, peer);
        Client { peers, peer: Arc::from(peer), identity, state }
    }

    async fn run(self, request: Request<Body>) -> Result<Response<Body>, MeshError> {
        // the gateway sets the outside caller's own deadline; only calls of our roles have a budget of their own
        let most = match self.identity {
            Identity::Forwarded => Duration::MAX,
            Identity::Role => Duration::from_millis(self.limits().call_budget_ms),
        };
        let until = Instant::now() + deadline::remaining(most).min(LONGEST);
        let run = self.run_until(request, until);
        let result = match tokio::time::timeout_at(until.into(), run).await {
            Ok(result) => result,
            Err(_) => Err(Status::deadline_exceeded("the peer did not answer in time")),
        };
        let code = result.as_ref().map_or_else(Status::code, answered);
        metrics::client_call(&self.peers.own_role, &self.peer, code);
        result.map_err(|status| self.error(status))
    }

    fn limits(&self) -> &ClientLimits {
        &self.peers.directory.0.limits.limits
    }

    async fn run_until(&self, request: Request<Body>, until: Instant) -> Result<Response<Body>, Status> {
        let place = self.peers.directory.place(&self.peer);
        let place = place.ok_or_else(|| Status::unavailable("no such peer is bound"))?.clone();
        let closed = || Status::unavailable("peer is gone");
        // nobody waits for a turn to be told this
        self.may_send(until)?;
        let _permit = self.state.in_flight.acquire().await.map_err(|_| closed())?;
        let mut tried = Vec::new();
        if self.identity == Identity::Forwarded && !matches!(place, Place::Remote(_)) {
            self.may_send(until)?;
            return self.attempt(&place, self.prepare(request, until, &place), &mut tried).await;
        }
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let mut pause = Duration::from_millis(self.limits().first_pause_ms);
        self.may_send(until)?;
        for attempt in 1.. {
            let request = self.prepare(rebuild(&parts, body.clone()), until, &place);
            let result = self.attempt(&place, request, &mut tried).await;
            let again = attempt < self.limits().attempts && self.may_retry(&result);
            if !again {
                return result;
            }
            let elsewhere = matches!(&place, Place::Remote(remote) if remote.has_another(&tried));
            if !elsewhere {
                // a known failure is worth more than a time-out
                if until <= Instant::now() + pause {
                    return result;
                }
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            if self.may_send(until).is_err() {
                return result;
            }
            metrics::client_retry(&self.peers.own_role, &self.peer);
        }
        Err(closed())
    }

    /// What is not sent is no try: nothing is counted, nothing repeated.
    fn may_send(&self, until: Instant) -> Result<(), Status> {
        if self.state.is_open() {
            return Err(Status::unavailable("peer failed too often just now"));
        }
        if until <= Instant::now() {
            return Err(Status::deadline_exceeded("no time was left for the call"));
        }
        Ok(())
    }

    async fn attempt(
        &self,
        place: &Place,
        request: Request<Body>,
        tried: &mut Vec<SocketAddr>,
    ) -> Result<Response<Body>, Status> {
        let result = match place.clone() {
            Place::Local(stack) => stack.oneshot(request).await.map_err(|never| match never {}),
            Place::Bent(way) => way.oneshot(request).await,
            Place::Remote(remote) => remote.call(request, tried).await,
        };
        // answers of the peer, even bad ones, show that it lives; only transport failures count
        if !result.as_ref().is_err_and(was_not_begun) {
            self.state.note(result.is_err());
        }
        result
    }

    fn may_retry(&self, result: &Result<Response<Body>, Status>) -> bool {
        let failed = match result {
            Err(_) => true,
            // a peer's own UNAVAILABLE is for the outside caller to see: the roles behind have tried already
            Ok(_) if self.identity == Identity::Forwarded => false,
            Ok(response) => answered(response) == Code::Unavailable,
        };
        if !failed {
            self.state.deposit();
        }
        let harmless = !self.peer.starts_with("hook.") || result.as_ref().is_err_and(was_not_begun);
        failed && harmless && !self.state.is_open() && self.state.withdraw()
    }

    fn prepare(&self, mut request: Request<Body>, until: Instant, place: &Place) -> Request<Body> {
        let headers = request.headers_mut();
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        let left = until.saturating_duration_since(Instant::now());
        set("grpc-timeout", &deadline::write_timeout(left));
        if let Some(traceparent) = stack::traceparent() {
            set("traceparent", &traceparent);
        }
        let id = stack::request_id();
        if !id.is_empty() {
            set("x-request-id", &id);
        }
        if self.identity == Identity::Role {
            match place {
                Place::Local(_) | Place::Bent(_) => {
                    request.extensions_mut().insert(ServicePrincipal(self.peers.own_role.to_string()));
                }
                // the certificate of this process is the proof; a process of several roles says which one calls
                Place::Remote(remote) if remote.is_mesh() => set(MeshKey::HEADER, &self.peers.own_role),
                // an outside party is nobody to prove a role to
                Place::Remote(remote) if remote.is_outside() => {}
                Place::Remote(_) => {
                    if let Some(proof) = self.peers.directory.0.key.prove(&self.peers.own_role) {
                        set(MeshKey::HEADER, &proof);
                    }
                }
            }
        }
        request
    }

    fn error(&self, status: Status) -> MeshError {
        MeshError { peer: self.peer.to_string(), status }
    }
}

/// The code of an answer; an answer that goes on has none yet.
fn answered(response: &Response<Body>) -> Code {
    response.headers().get("grpc-status").map_or(Code::Ok, |value| Code::from_bytes(value.as_bytes()))
}

fn rebuild(parts: &request::Parts, body: Bytes) -> Request<Body> {
    let mut request = Request::new(Body::new(Full::new(body)));
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.version_mut() = parts.version;
    *request.headers_mut() = parts.headers.clone();
    request
}

impl Service<Request<Body>> for Client {
    type Response = Response<Body>;
    type Error = MeshError;
    type Future = BoxFuture<'static, Result<Response<Body>, MeshError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), MeshError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().run(request))
    }
}
