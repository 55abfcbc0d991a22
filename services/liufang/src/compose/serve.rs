//! Network ports: the gateway's, and the roles' for other processes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::routing::get;
use futures::future::BoxFuture;
use liufang_platform::stack::ServerStack;
use liufang_platform::{Db, Migration, metrics};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;

/// Whether this process can do its work.
pub(super) type Ready = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// Ready when every database answers and has no pending migration.
pub(super) fn readiness(databases: Vec<(Db, &'static [Migration])>) -> Ready {
    let databases = Arc::new(databases);
    Arc::new(move || {
        let databases = databases.clone();
        Box::pin(async move {
            for (db, migrations) in databases.iter() {
                match db.pending_migrations(migrations).await {
                    Ok(0) => {}
                    _ => return false,
                }
            }
            true
        })
    })
}

/// Serves the gateway; the answer is the bound address.
pub(super) async fn gateway(
    router: Router,
    listen: &str,
    tasks: &mut JoinSet<()>,
    shutdown: &CancellationToken,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("gateway.listen {listen}"))?;
    let address = listener.local_addr()?;
    let shutdown = shutdown.clone();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tasks.spawn(async move {
        use axum::serve::ListenerExt as _;
        let listener = listener.tap_io(|stream| {
            // small answers must not wait for more; an old socket that refuses is only slower
            let _ = stream.set_nodelay(true);
        });
        let served = axum::serve(listener, service).with_graceful_shutdown(shutdown.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!("gateway ended: {error}");
        }
    });
    Ok(address)
}

/// Serves `/metrics` inside the cluster; the answer is the bound address.
pub(super) async fn admin(
    listen: &str,
    tasks: &mut JoinSet<()>,
    shutdown: &CancellationToken,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("admin.listen {listen}"))?;
    let address = listener.local_addr()?;
    let text = [(http::header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    let router = Router::new().route("/metrics", get(async move || (text, metrics::metrics_text())));
    let shutdown = shutdown.clone();
    tasks.spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!("admin port ended: {error}");
        }
    });
    Ok(address)
}

/// Tells the metrics whether the roles of this process are ready.
pub(super) async fn tell_ready(roles: Vec<&'static str>, ready: Ready, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let is_ready = tokio::select! { is_ready = ready() => is_ready, () = shutdown.cancelled() => false };
        roles.iter().for_each(|role| metrics::ready(role, is_ready));
        tokio::select! { () = tokio::time::sleep(Duration::from_secs(2)) => {} () = shutdown.cancelled() => {} }
    }
    roles.iter().for_each(|role| metrics::ready(role, false));
}

/// Serves one role to other processes, with health; the answer is the bound address.
pub(super) async fn role(
    stack: ServerStack,
    services: Vec<&'static str>,
    listen: &str,
    ready: Ready,
    tasks: &mut JoinSet<()>,
    shutdown: &CancellationToken,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("mesh.listen {listen}"))?;
    let address = listener.local_addr()?;
    let (reporter, health) = tonic_health::server::health_reporter();
    let behind_stack = tower::service_fn(move |request: http::Request<axum::body::Body>| {
        let mut stack = stack.clone();
        async move { tower::Service::call(&mut stack, request.map(tonic::body::Body::new)).await }
    });
    let routes = Routes::from(Router::new().fallback_service(behind_stack)).add_service(health);
    let stop = shutdown.clone();
    tasks.spawn(async move {
        let server = Server::builder()
            .tcp_nodelay(true)
            .http2_keepalive_interval(Some(Duration::from_secs(20)))
            .add_routes(routes)
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop.cancelled_owned());
        if let Err(error) = server.await {
            tracing::error!("role port ended: {error}");
        }
    });
    let stop = shutdown.clone();
    tasks.spawn(async move {
        while !stop.is_cancelled() {
            let status = if ready().await { ServingStatus::Serving } else { ServingStatus::NotServing };
            for service in services.iter().copied().chain([""]) {
                reporter.set_service_status(service, status).await;
            }
            tokio::select! { () = tokio::time::sleep(Duration::from_secs(1)) => {} () = stop.cancelled() => {} }
        }
        for service in services.iter().copied().chain([""]) {
            reporter.set_service_status(service, ServingStatus::NotServing).await;
        }
    });
    Ok(address)
}
