//! Outgoing connections: TCP to one address, inside TLS where the peer wants it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::Service;

use super::tls::{MeshTls, OutsideTls};

/// How a peer's identity is made sure of, and ours shown.
#[derive(Clone)]
pub enum Security {
    /// Not at all: development, or a proxy beside us does it.
    Plain,
    /// Both ends show a certificate of the mesh.
    Mesh { tls: MeshTls, name: ServerName<'static> },
    /// An outside party shows a certificate for its host name.
    Outside(OutsideTls),
}

impl Security {
    /// The newest configuration and the name the certificate must be for, when the connection is to `host`.
    fn present(&self, host: &str) -> io::Result<Option<(Arc<ClientConfig>, ServerName<'static>)>> {
        Ok(match self {
            Security::Plain => None,
            Security::Mesh { tls, name } => Some((tls.client(), name.clone())),
            Security::Outside(tls) => {
                let name = ServerName::try_from(host.to_owned());
                Some((
                    tls.client(),
                    name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?,
                ))
            }
        })
    }
}

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects to one address whatever the URI says.
#[derive(Clone)]
pub(super) struct Connect {
    pub at: SocketAddr,
    /// The host that resolved to it.
    pub host: String,
    pub security: Security,
    pub timeout: Duration,
}

impl Connect {
    async fn dial(self) -> io::Result<TokioIo<Box<dyn Stream>>> {
        let connected = async {
            let stream = TcpStream::connect(self.at).await?;
            stream.set_nodelay(true)?;
            let stream: Box<dyn Stream> = match self.security.present(&self.host)? {
                None => Box::new(stream),
                Some((config, name)) => {
                    let shown = name.to_str().into_owned();
                    let tls = TlsConnector::from(config).connect(name, stream).await;
                    Box::new(tls.map_err(|error| {
                        io::Error::new(error.kind(), format!("TLS with {shown} failed: {error}"))
                    })?)
                }
            };
            Ok(TokioIo::new(stream))
        };
        match tokio::time::timeout(self.timeout, connected).await {
            Ok(connected) => connected,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no connection in time")),
        }
    }
}

impl Service<Uri> for Connect {
    type Response = TokioIo<Box<dyn Stream>>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().dial())
    }
}
