//! Network ports: the gateway's, and the roles' for other processes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use futures::future::BoxFuture;
use liufang_platform::health::Health;
use liufang_platform::mesh::{PublicListener, PublicTls, incoming};
use liufang_platform::metrics;
use liufang_platform::stack::ServerStack;
use liufang_platform::{Port, admin};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;

use super::wires::MeshPort;

/// Whether this process can do its work.
pub(super) type Ready = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

pub(super) fn readiness(health: &Health) -> Ready {
    let health = health.clone();
    Arc::new(move || Box::pin(std::future::ready(health.is_ready())))
}

/// A listener at `listen`, which is what `setting` says, and where it is.
async fn bound(setting: &str, listen: &str) -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("{setting} {listen}"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves the admin port; the answer is the bound address. It answers until its task is dropped.
pub(super) async fn admin(
    listen: &str,
    health: Health,
    tasks: &mut JoinSet<()>,
    shutdown: &CancellationToken,
) -> Result<SocketAddr> {
    let (listener, address) = bound("admin.listen", listen).await?;
    let router = admin::router(health, metrics::metrics_text, shutdown.clone());
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!("admin port ended: {error}");
        }
    });
    Ok(address)
}

/// Serves the gateway; the answer is the bound address.
pub(super) async fn gateway(
    router: Router,
    listen: &str,
    tls: Option<PublicTls>,
    tasks: &mut JoinSet<()>,
    shutdown: &CancellationToken,
) -> Result<SocketAddr> {
    let (listener, address) = bound("gateway.listen", listen).await?;
    let listener = PublicListener::new(listener, tls)?;
    let shutdown = shutdown.clone();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tasks.spawn(async move {
        use axum::serve::ListenerExt as _;
        // only a tapped listener of another kind than TCP tells its callers' addresses
        let listener = listener.tap_io(|_| {});
        let served = axum::serve(listener, service).with_graceful_shutdown(shutdown.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!("gateway ended: {error}");
        }
    });
    Ok(address)
}

/// Serves a role's own port for outside parties; the answer is the bound address. TLS is the proxy's in front.
pub(super) async fn outside(
    port: Port,
    tasks: &mut JoinSet<()>,
    shutdown: &CancellationToken,
) -> Result<SocketAddr> {
    let (listener, address) = bound(port.setting, &port.listen).await?;
    let (shutdown, setting) = (shutdown.clone(), port.setting);
    tasks.spawn(async move {
        let served = axum::serve(listener, port.router).with_graceful_shutdown(shutdown.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(setting, "port ended: {error}");
        }
    });
    Ok(address)
}

/// Serves one role to other processes, with health; the answer is the bound address.
pub(super) async fn role(
    stack: ServerStack,
    listen: &str,
    mesh: MeshPort,
    health: Health,
    tasks: &mut JoinSet<()>,
    shutdown: &CancellationToken,
) -> Result<SocketAddr> {
    let (listener, address) = bound("mesh.listen", listen).await?;
    let stack = stack.closing(shutdown.clone());
    let behind_stack = tower::service_fn(move |request: http::Request<axum::body::Body>| {
        let mut stack = stack.clone();
        async move { tower::Service::call(&mut stack, request.map(tonic::body::Body::new)).await }
    });
    let routes = Routes::from(Router::new().fallback_service(behind_stack))
        .add_service(admin::rpc(health, shutdown.clone()));
    let stop = shutdown.clone();
    tasks.spawn(async move {
        let server = Server::builder()
            .http2_keepalive_interval(Some(Duration::from_secs(20)))
            .max_connection_age(mesh.max_connection_age)
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming(listener, mesh.tls), stop.cancelled_owned());
        if let Err(error) = server.await {
            tracing::error!("role port ended: {error}");
        }
    });
    Ok(address)
}
