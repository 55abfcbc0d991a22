//! What a service crate takes and what it hands to the composition.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tower::Service;

use crate::auth::Tokens;
use crate::bus::Consumer;
use crate::cipher::Cipher;
use crate::clock::SharedClock;
use crate::db::Db;
use crate::ids::Ids;
use crate::mesh::Peers;
use crate::metrics::Gauge;
use crate::regions::Regions;
use crate::rpc::Calls;
use crate::settings::Settings;
use crate::worker::Worker;

/// Everything a service may use of the world.
#[derive(Clone)]
pub struct Deps {
    pub role: &'static str,
    pub db: Db,
    pub peers: Peers,
    pub clock: SharedClock,
    pub ids: Ids,
    pub cipher: Cipher,
    pub tokens: Tokens,
    pub regions: Arc<Regions>,
    pub settings: Settings,
}

impl Deps {
    /// Opens calls with this service's clock.
    pub fn calls(&self) -> Calls {
        Calls::new(self.clock.clone())
    }
}

/// What a service looks at before it starts; `Err` says why it must not.
pub type Opening =
    Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;
/// A port of a service's own, for outside parties that do not speak gRPC.
pub struct Port {
    /// The setting that says where, e.g. `role.channels.listen`; also its name among the process's ports.
    pub setting: &'static str,
    pub listen: String,
    pub router: axum::Router,
}

/// A built service: its gRPC routes, workers and consumers.
pub struct Module {
    pub role: &'static str,
    pub routes: Routes,
    /// Full names of its gRPC services, for health.
    pub services: Vec<&'static str>,
    pub workers: Vec<Worker>,
    pub consumers: Vec<Consumer>,
    /// Numbers of its own for the metrics.
    pub gauges: Vec<Gauge>,
    /// Looked at once, when the database is there and before any worker runs.
    pub opening: Option<Opening>,
    pub http: Vec<Port>,
    /// What in its settings cannot be used; the process does not start.
    pub mistakes: Vec<String>,
}

impl Module {
    pub fn new(role: &'static str) -> Module {
        Module {
            role,
            routes: Routes::default(),
            services: Vec::new(),
            workers: Vec::new(),
            consumers: Vec::new(),
            gauges: Vec::new(),
            opening: None,
            http: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    /// Adds a generated server.
    #[must_use]
    pub fn service<S>(mut self, server: S) -> Module
    where
        S: Service<http::Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.services.push(S::NAME);
        self.routes = self.routes.add_service(server);
        self
    }

    #[must_use]
    pub fn worker(mut self, worker: Worker) -> Module {
        self.workers.push(worker.of(self.role));
        self
    }

    #[must_use]
    pub fn consumer(mut self, consumer: Consumer) -> Module {
        self.consumers.push(consumer.of(self.role));
        self
    }

    /// Adds what must be right before the service starts.
    #[must_use]
    pub fn opening<F>(mut self, look: impl FnOnce() -> F + Send + Sync + 'static) -> Module
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.opening = Some(Box::new(move || Box::pin(look())));
        self
    }

    #[must_use]
    pub fn gauge(mut self, gauge: Gauge) -> Module {
        self.gauges.push(gauge);
        self
    }

    /// Serves `port` too; not where its address is empty.
    #[must_use]
    pub fn port(mut self, port: Port) -> Module {
        if !port.listen.is_empty() {
            self.http.push(port);
        }
        self
    }
}
