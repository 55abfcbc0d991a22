//! The door: which protocol a request speaks, whether it may pass, and where it goes. Owns the order of checks —
//! rate, method, credential, method's rate, headers, room, who acts for whom — and nothing of what lies behind.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body as AxumBody;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method as Verb, Request, Response, StatusCode, Version, header};
use liufang_platform::deadline::scope;
use liufang_platform::mesh::Mesh;
use liufang_platform::stack::{set_parent, with_request_id};
use liufang_platform::{AuthFault, Principal};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic::body::Body;
use tower::{ServiceExt as _, service_fn};
use tracing::{Instrument as _, Span};

use crate::access_log::Entry;
use crate::config::GatewayConfig;
use crate::cors::Cors;
use crate::ended::Ended;
use crate::error::GatewayError;
use crate::limits::Limits;
use crate::methods::{Method, Methods, Target};
use crate::oversee::Oversee;
use crate::{acting, caller, deadline, grpc, headers, json};

/// Finds the mesh of a role.
pub type Resolve = Arc<dyn Fn(&str) -> Mesh + Send + Sync>;
/// Says who sends these headers; no credential at all is the anonymous principal.
pub type Authenticate = Arc<dyn Fn(&HeaderMap) -> Result<Principal, AuthFault> + Send + Sync>;

/// Everything one request needs.
pub(crate) struct Door {
    pub config: GatewayConfig,
    pub methods: Methods,
    pub limits: Limits,
    pub cors: Cors,
    pub resolve: Resolve,
    pub authenticate: Authenticate,
    /// Says whether a guardian may act for a child.
    pub identity: Option<Mesh>,
    /// Sign-ins that have ended.
    pub ended: Ended,
    /// Health and reflection.
    pub own: Mesh,
    /// Cancelled when the process stops.
    pub closing: CancellationToken,
}

/// A call that may pass.
pub(crate) struct Admitted {
    pub method: Arc<Method>,
    pub principal: Principal,
    /// Headers of the call behind the door.
    pub headers: HeaderMap,
    pub deadline: Instant,
    /// Its place among the calls in work.
    pub place: OwnedSemaphorePermit,
    /// Cancelled when the process stops.
    pub closing: CancellationToken,
    /// Of a stream: whether its caller may still have it.
    pub oversee: Option<Oversee>,
    /// The caller's trace goes on through us.
    pub span: Span,
}

/// Protocols of the one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Grpc,
    GrpcWeb,
    Connect(json::Codec),
    ConnectStream,
}

impl Protocol {
    fn of(headers: &HeaderMap) -> Option<Protocol> {
        let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let kind = value.split(';').next()?.trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/grpc" | "application/grpc+proto" => Some(Protocol::Grpc),
            "application/grpc-web"
            | "application/grpc-web+proto"
            | "application/grpc-web-text"
            | "application/grpc-web-text+proto" => Some(Protocol::GrpcWeb),
            "application/json" => Some(Protocol::Connect(json::Codec::Json)),
            "application/connect+json" => Some(Protocol::ConnectStream),
            "application/proto" => Some(Protocol::Connect(json::Codec::Proto)),
            _ => None,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Protocol::Grpc => "grpc",
            Protocol::GrpcWeb => "grpc-web",
            Protocol::Connect(json::Codec::Json) => "json",
            Protocol::Connect(json::Codec::Proto) => "proto",
            Protocol::ConnectStream => "json-stream",
        }
    }
}

/// Serves one request.
pub(crate) async fn serve(door: Arc<Door>, mut request: Request<AxumBody>) -> Response<AxumBody> {
    if request.method() == Verb::OPTIONS {
        return door.cors.preflight(request.headers());
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let request_id = headers::request_id(request.headers());
    request.headers_mut().insert(headers::REQUEST_ID, request_id.clone());
    let id = request_id.to_str().unwrap_or_default().to_owned();
    let mut response = with_request_id(id, pass(&door, request, &request_id)).await;
    let mut asked = HeaderMap::new();
    if let Some(origin) = origin {
        asked.insert(header::ORIGIN, origin);
    }
    headers::clean_answer(response.headers_mut());
    response.headers_mut().insert(headers::REQUEST_ID, request_id);
    door.cors.mark(&asked, response.headers_mut());
    response
}

async fn pass(door: &Arc<Door>, request: Request<AxumBody>, request_id: &HeaderValue) -> Response<AxumBody> {
    let protocol = match speaks(door, &request) {
        Ok(protocol) => protocol,
        Err((status, text)) => {
            let mut entry = Entry::new("http", request_id.clone());
            entry.settle_code(if status == StatusCode::NOT_FOUND {
                Code::NotFound
            } else {
                Code::Unimplemented
            });
            return plain(status, text);
        }
    };
    let entry = Entry::new(protocol.label(), request_id.clone());
    match protocol {
        Protocol::Grpc => grpc::call(door, request.map(Body::new), entry).await.map(AxumBody::new),
        Protocol::GrpcWeb => web(door, request, entry).await,
        Protocol::Connect(codec) => json::call(door, request, codec, entry).await,
        Protocol::ConnectStream => json::stream(door, request, entry).await,
    }
}

/// The protocol of a request, or what is wrong with it in words of plain HTTP.
fn speaks(door: &Door, request: &Request<AxumBody>) -> Result<Protocol, (StatusCode, &'static str)> {
    if request.method() != Verb::POST {
        let status = match door.methods.find(request.uri().path()) {
            Some(_) => StatusCode::METHOD_NOT_ALLOWED,
            None => StatusCode::NOT_FOUND,
        };
        return Err((status, "POST /package.Service/Method\n"));
    }
    match Protocol::of(request.headers()) {
        // HTTP/1.1 would lose the trailers
        Some(Protocol::Grpc) if request.version() < Version::HTTP_2 => {
            Err((StatusCode::HTTP_VERSION_NOT_SUPPORTED, "gRPC needs HTTP/2; gRPC-Web and JSON do not\n"))
        }
        Some(protocol) => Ok(protocol),
        None => Err((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content-type: application/json, application/connect+json, application/proto, application/grpc or application/grpc-web\n",
        )),
    }
}

/// Takes the web framing off, calls, and puts it on again.
async fn web(door: &Arc<Door>, request: Request<AxumBody>, entry: Entry) -> Response<AxumBody> {
    let mut entry = Some(entry);
    let inner = service_fn(move |request: Request<Body>| {
        let (door, entry) = (door.clone(), entry.take());
        async move {
            let entry = entry.unwrap_or_else(|| Entry::new("grpc-web", HeaderValue::from_static("-")));
            Ok::<_, std::convert::Infallible>(grpc::call(&door, request, entry).await)
        }
    });
    let service = tower::Layer::layer(&tonic_web::GrpcWebLayer::new(), inner);
    match service.oneshot(request).await {
        Ok(response) => response.map(AxumBody::new),
        Err(never) => match never {},
    }
}

impl Door {
    /// Every check that needs no body, in the order callers may rely on.
    pub fn admit(&self, parts: &Parts, entry: &mut Entry) -> Result<Admitted, GatewayError> {
        let principal = (self.authenticate)(&parts.headers);
        if let Ok(principal) = &principal {
            entry.caller(principal.kind.label());
        }
        let identity = caller::identity(parts, &principal, self.config.trusted_proxies);
        self.limits.take_call(&identity)?;
        let method = self.methods.find(parts.uri.path()).ok_or(GatewayError::MethodNotFound)?;
        entry.method(&method.name);
        let span = span(&method, &parts.headers);
        entry.span(&span);
        let principal = principal?;
        self.ended.check(&principal)?;
        self.limits.take_method(&method.name, &identity)?;
        let budget = deadline::budget(&parts.headers, method.streaming, &self.config)?;
        self.check_declared_size(&parts.headers)?;
        let place = self.limits.enter(method.streaming)?;
        // gRPC callers alone can read compressed messages; JSON is decoded here
        let compressed = Protocol::of(&parts.headers).is_some_and(|protocol| protocol == Protocol::Grpc);
        let request_id = headers::request_id(&parts.headers);
        let headers = headers::outgoing(&parts.headers, &request_id, budget, compressed);
        Ok(Admitted {
            oversee: self.oversee(&method, &principal),
            method,
            principal,
            headers,
            deadline: Instant::now() + budget,
            place,
            closing: self.closing.clone(),
            span,
        })
    }

    fn oversee(&self, method: &Method, principal: &Principal) -> Option<Oversee> {
        let concerned = method.streaming && Oversee::concerns(principal);
        concerned.then(|| Oversee {
            every: Duration::from_millis(self.config.recheck_ms),
            ended: self.ended.clone(),
            identity: self.identity.clone(),
            principal: principal.clone(),
            method: method.name.clone(),
        })
    }

    fn check_declared_size(&self, headers: &HeaderMap) -> Result<(), GatewayError> {
        let max_bytes = self.config.max_request_bytes;
        let declared =
            headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        match declared {
            Some(declared) if declared > max_bytes as u64 => Err(GatewayError::TooLarge { max_bytes }),
            _ => Ok(()),
        }
    }

    /// Sends a call behind the door.
    pub async fn forward(&self, admitted: &Admitted, body: Body) -> Result<Response<Body>, GatewayError> {
        let mut request = Request::new(body);
        *request.method_mut() = Verb::POST;
        *request.version_mut() = Version::HTTP_2;
        // extensions stay empty: inside one process they carry principals of services
        *request.headers_mut() = admitted.headers.clone();
        let path = format!("/{}", admitted.method.name);
        *request.uri_mut() = path.parse().map_err(|_| GatewayError::MethodNotFound)?;
        let mesh = match &admitted.method.target {
            Target::Role(role) => (self.resolve)(role),
            Target::Own => self.own.clone(),
        };
        let (until, method) = (admitted.deadline.into_std(), &admitted.method.name);
        let vouched = scope(until, acting::check(self.identity.as_ref(), &admitted.principal, method));
        match tokio::time::timeout_at(admitted.deadline, vouched.instrument(admitted.span.clone())).await {
            Ok(vouched) => vouched?,
            Err(_) => return Err(GatewayError::DeadlineExceeded),
        }
        let call = scope(until, mesh.oneshot(request));
        let call = call.instrument(admitted.span.clone());
        match tokio::time::timeout_at(admitted.deadline, call).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.status.code() == Code::DeadlineExceeded => {
                Err(GatewayError::DeadlineExceeded)
            }
            Ok(Err(error)) => Err(GatewayError::Unavailable(format!("{error}: {}", error.status.message()))),
            Err(_) => Err(GatewayError::DeadlineExceeded),
        }
    }
}

fn span(method: &Method, headers: &HeaderMap) -> Span {
    let method = method.name.as_str();
    let span = tracing::info_span!("gateway", method, otel.name = method, otel.kind = "server");
    if let Some(parent) = headers.get("traceparent").and_then(|value| value.to_str().ok()) {
        set_parent(&span, parent);
    }
    span
}

fn plain(status: StatusCode, text: &'static str) -> Response<AxumBody> {
    let mut response = Response::new(AxumBody::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    }
    response
}
