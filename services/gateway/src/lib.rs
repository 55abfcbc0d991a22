//! The one door to Liufang: gRPC, gRPC-Web and HTTP/JSON on one port.
//!
//! Owns protocols, limits, deadlines, the access log, the published reasons, reflection and health. Deliberately has no
//! business rules and no code per RPC: methods, message shapes and who may reach them are read from the contracts.
//! Invariants: a method that the contract does not call public cannot be reached; no header an outside caller sends can
//! pass for a word between services; nothing personal is logged.

mod access_log;
mod acting;
mod body;
mod caller;
mod config;
mod cors;
mod deadline;
mod door;
mod ended;
mod error;
mod grpc;
mod headers;
mod json;
mod limits;
mod methods;
mod oversee;
mod own;
mod pages;
mod reflection;
mod refusal;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use liufang_kernel::{ReasonDoc, Violations};
use liufang_platform::access::POOL;
use liufang_platform::mesh::Mesh;
use liufang_platform::{Principal, SharedClock, Tokens, stack};
use tokio_util::sync::CancellationToken;

pub use config::{GatewayConfig, MethodLimit};
pub use door::{Authenticate, Resolve};
pub use ended::Ended;
pub use error::REASONS;
pub use own::Ready;

use crate::door::Door;
use crate::methods::Methods;

/// Name of this role.
pub const ROLE: &str = "gateway";

/// What the door needs of the composition.
pub struct Gateway {
    resolve: Resolve,
    authenticate: Authenticate,
    config: GatewayConfig,
    identity: Option<Mesh>,
    ended: Ended,
    ready: Ready,
    reasons: Vec<&'static ReasonDoc>,
    closing: CancellationToken,
}

impl Gateway {
    /// A door that is always ready and publishes its own reasons only.
    ///
    /// `resolve` must hand out meshes that pass the caller's credential on (`Peers::forwarding`), never ones that carry
    /// this role's own identity.
    pub fn new(resolve: Resolve, authenticate: Authenticate, config: GatewayConfig) -> Gateway {
        let ready: Ready = Arc::new(|| Box::pin(std::future::ready(true)));
        Gateway {
            resolve,
            authenticate,
            config,
            identity: None,
            ended: Ended::default(),
            ready,
            reasons: REASONS.to_vec(),
            closing: CancellationToken::new(),
        }
    }

    /// Identity, called as this role: says whether a guardian may act for a child. Without it no such call passes.
    #[must_use]
    pub fn identity(mut self, identity: Mesh) -> Gateway {
        self.identity = Some(identity);
        self
    }

    /// Sign-ins that have ended, as somebody else follows them.
    #[must_use]
    pub fn ended(mut self, ended: Ended) -> Gateway {
        self.ended = ended;
        self
    }

    /// Asked by `/readyz` and by gRPC health checks.
    #[must_use]
    pub fn ready(mut self, ready: Ready) -> Gateway {
        self.ready = ready;
        self
    }

    /// When `closing` is cancelled, open server streams end with `GATEWAY_CLOSING` instead of holding the shutdown up.
    #[must_use]
    pub fn closing(mut self, closing: CancellationToken) -> Gateway {
        self.closing = closing;
        self
    }

    /// More rows for `/reasons`: those of the services.
    #[must_use]
    pub fn reasons(mut self, reasons: impl IntoIterator<Item = &'static ReasonDoc>) -> Gateway {
        self.reasons.extend(reasons);
        self
    }

    /// The HTTP service. Serve it with connect info (`into_make_service_with_connect_info::<SocketAddr>()`), or callers
    /// without a credential share one rate limit. Fails with everything that is wrong in the configuration.
    pub fn router(self) -> Result<Router, Violations> {
        let methods = Methods::read(&POOL);
        let violations = self.config.check(&methods);
        if !violations.is_empty() {
            return Err(violations);
        }
        let (health, own) = own::services(&POOL, &methods, self.ready);
        let landing = pages::landing(&methods);
        let reasons = pages::reasons(&self.reasons);
        let door = Arc::new(Door {
            limits: limits::Limits::new(&self.config),
            cors: cors::Cors::new(&self.config.cors_origins),
            config: self.config,
            methods,
            resolve: self.resolve,
            authenticate: self.authenticate,
            identity: self.identity,
            ended: self.ended,
            own,
            closing: self.closing,
        });
        Ok(Router::new()
            .route("/", get(move || std::future::ready(pages::html_page(&landing))))
            .route("/reasons", get(move || std::future::ready(pages::json_page(&reasons))))
            .route("/healthz", get(|| std::future::ready(pages::probe(true))))
            .route("/readyz", get(move || async move { pages::probe(health.refresh().await) }))
            .fallback(move |request| door::serve(door.clone(), request)))
    }
}

/// The HTTP service with nothing but the essentials; see [`Gateway`] for the rest.
pub fn service(
    resolve: Resolve,
    authenticate: Authenticate,
    config: GatewayConfig,
) -> Result<Router, Violations> {
    Gateway::new(resolve, authenticate, config).router()
}

/// Authenticates by the bearer token; no credential at all is the anonymous principal.
pub fn by_token(tokens: Tokens, clock: SharedClock) -> Authenticate {
    Arc::new(move |headers| match stack::bearer(headers)? {
        Some(token) => tokens.verify(token, clock.now()),
        None => Ok(Principal::anonymous()),
    })
}
