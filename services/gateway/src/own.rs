//! The gateway's own gRPC services: health and reflection, behind the same door as everything else.

use std::sync::Arc;

use futures::future::BoxFuture;
use liufang_platform::mesh::{Mesh, MeshError};
use prost_reflect::DescriptorPool;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

use crate::methods::Methods;
use crate::reflection;

/// Says whether this process can serve; asked by probes.
pub type Ready = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// Readiness as probes see it: HTTP asks, gRPC is told.
#[derive(Clone)]
pub(crate) struct Health {
    ready: Ready,
    reporter: HealthReporter,
}

impl Health {
    /// Asks, and tells those who watch over gRPC.
    pub async fn refresh(&self) -> bool {
        let ready = (self.ready)().await;
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.reporter.set_service_status("", status).await;
        ready
    }
}

/// Health, and a mesh that serves health and reflection.
pub(crate) fn services(pool: &DescriptorPool, methods: &Methods, ready: Ready) -> (Health, Mesh) {
    let (reporter, health_server) = tonic_health::server::health_reporter();
    let health = Health { ready, reporter };
    let mut routes = Routes::new(health_server);
    let public = reflection::public_set(pool, methods);
    let builder =
        || tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(&public);
    if let Ok(server) = builder().build_v1() {
        routes = routes.add_service(server);
    }
    if let Ok(server) = builder().build_v1alpha() {
        routes = routes.add_service(server);
    }
    let asked = health.clone();
    let service = tower::service_fn(move |request: http::Request<tonic::body::Body>| {
        let (health, routes) = (asked.clone(), routes.clone());
        async move {
            if request.uri().path().starts_with("/grpc.health.") {
                health.refresh().await;
            }
            let answer = routes.oneshot(request).await;
            answer.map_err(|never| -> MeshError { match never {} })
        }
    });
    (health, BoxCloneSyncService::new(service))
}
