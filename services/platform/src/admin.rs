//! The admin port: plain text, for probes and scrapers inside the cluster, never for the outside.
//!
//! HTTP `/livez`, `/readyz` and `/metrics`, and `grpc.health.v1.Health`. The gRPC service name `liveness` always serves while
//! the process runs; the empty name and the names of this process's services follow its readiness.

use std::pin::Pin;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::Stream;
use futures::StreamExt as _;
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::{Request, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health as HealthRpc, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::health::{Health, Report};

/// The service name that says whether the process runs.
pub const LIVENESS: &str = "liveness";
/// Of the Prometheus text format.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything the port answers. `closing` ends open streams.
pub fn router(health: Health, metrics: fn() -> String, closing: CancellationToken) -> Router {
    let ready = health.clone();
    let pages = Router::new()
        .route("/livez", get(|| async { json(StatusCode::OK, &Report { ready: true, ..Report::default() }) }))
        .route("/readyz", get(move || async move { readiness(&ready.report()) }))
        .route("/metrics", get(move || async move { ([(CONTENT_TYPE, METRICS)], metrics()) }));
    Routes::from(pages).add_service(rpc(health, closing)).into_axum_router()
}

/// The gRPC health service.
pub fn rpc(health: Health, closing: CancellationToken) -> HealthServer<impl HealthRpc> {
    HealthServer::new(Service { health, closing })
}

fn readiness(report: &Report) -> Response {
    let code = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(code, report)
}

fn json(code: StatusCode, report: &Report) -> Response {
    (code, axum_json(report)).into_response()
}

fn axum_json(report: &Report) -> impl IntoResponse {
    let text = serde_json::to_string(report).unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], text)
}

struct Service {
    health: Health,
    closing: CancellationToken,
}

impl Service {
    fn knows(&self, service: &str) -> bool {
        service == LIVENESS || self.health.knows(service)
    }
}

fn answer(service: &str, report: &Report) -> HealthCheckResponse {
    let serving = report.ready || service == LIVENESS;
    let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
    HealthCheckResponse { status: status.into() }
}

#[async_trait::async_trait]
impl HealthRpc for Service {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if !self.knows(&service) {
            return Err(Status::not_found("no such service here"));
        }
        Ok(tonic::Response::new(answer(&service, &self.health.report())))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        let service = request.into_inner().service;
        if !self.knows(&service) {
            // the protocol: an unknown service may become known, so the stream stays open
            let status = HealthCheckResponse { status: ServingStatus::ServiceUnknown.into() };
            let first = futures::stream::once(async move { Ok(status) });
            let open = first.chain(futures::stream::pending());
            return Ok(tonic::Response::new(Box::pin(
                open.take_until(self.closing.clone().cancelled_owned()),
            )));
        }
        let mut last = None;
        let changes = WatchStream::new(self.health.subscribe()).filter_map(move |report| {
            let now = answer(&service, &report);
            let news = (last != Some(now.status)).then_some(Ok(now));
            last = Some(now.status);
            std::future::ready(news)
        });
        Ok(tonic::Response::new(Box::pin(changes.take_until(self.closing.clone().cancelled_owned()))))
    }
}
