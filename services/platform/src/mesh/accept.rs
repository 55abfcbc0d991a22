//! Incoming connections: TLS is shaken hands on beside the accept loop, so that a slow peer holds up nobody.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use super::handshakes::{HandshakeLimits, Networks};
use super::roles;
use super::tls::{MeshTls, PublicTls};

/// After a failed accept, e.g. when there are no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the listener knows of the caller; travels with each request as an extension, which nothing on the wire can set.
#[derive(Clone, Debug, Default)]
pub struct MeshPeer {
    /// Roles its certificate names; `None` on a plain connection.
    pub roles: Option<Arc<[&'static str]>>,
}

/// A connection, plain or inside TLS.
pub enum MeshStream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connected for MeshStream {
    type ConnectInfo = MeshPeer;

    fn connect_info(&self) -> MeshPeer {
        let MeshStream::Tls(stream) = self else { return MeshPeer::default() };
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        MeshPeer { roles: Some(chain.first().map(roles::roles_in).unwrap_or_default().into()) }
    }
}

/// Connections of peers. With `tls`, only those that showed a role's certificate come through; each of the others leaves one
/// line in the log.
pub fn mesh(
    listener: TcpListener,
    tls: Option<MeshTls>,
) -> impl Stream<Item = io::Result<MeshStream>> + Send + 'static {
    let config = tls.map(|tls| -> Config { Arc::new(move || tls.server()) });
    let (connections, receiver) = mpsc::channel(16);
    let refused = |peer: SocketAddr, reason: &str| tracing::warn!(%peer, reason, "mesh connection refused");
    tokio::spawn(accept(listener, config, HandshakeLimits::MESH, connections, refused));
    ReceiverStream::new(receiver).map(|(stream, _)| Ok(stream))
}

/// The public port, for `axum::serve`.
pub struct PublicListener {
    connections: mpsc::Receiver<(MeshStream, SocketAddr)>,
    address: SocketAddr,
}

impl PublicListener {
    /// Inside TLS with `tls`, plain without. Who speaks no TLS is not worth a line on a public port.
    pub fn new(listener: TcpListener, tls: Option<PublicTls>) -> io::Result<PublicListener> {
        PublicListener::with_limits(listener, tls, HandshakeLimits::PUBLIC)
    }

    pub fn with_limits(
        listener: TcpListener,
        tls: Option<PublicTls>,
        limits: HandshakeLimits,
    ) -> io::Result<PublicListener> {
        let address = listener.local_addr()?;
        let config = tls.map(|tls| -> Config { Arc::new(move || tls.server()) });
        let (connections, receiver) = mpsc::channel(16);
        let refused =
            |peer: SocketAddr, reason: &str| tracing::debug!(%peer, reason, "public connection refused");
        tokio::spawn(accept(listener, config, limits, connections, refused));
        Ok(PublicListener { connections: receiver, address })
    }
}

impl axum::serve::Listener for PublicListener {
    type Io = MeshStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (MeshStream, SocketAddr) {
        match self.connections.recv().await {
            Some(connection) => connection,
            // the accept loop ends after its listener only
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// The present configuration, asked at every handshake.
type Config = Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync>;

async fn accept(
    listener: TcpListener,
    config: Option<Config>,
    limits: HandshakeLimits,
    connections: mpsc::Sender<(MeshStream, SocketAddr)>,
    refused: impl Fn(SocketAddr, &str) + Clone + Send + 'static,
) {
    let handshakes = Arc::new(Semaphore::new(limits.at_once));
    let networks = Networks::default();
    loop {
        let next = async {
            let room = handshakes.clone().acquire_owned().await;
            (listener.accept().await, room)
        };
        let (accepted, room) = tokio::select! {
            // the server stopped taking connections: the socket closes with this task
            () = connections.closed() => return,
            next = next => next,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!("accept failed: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // a plain connection has nothing to begin with
        let begun = config.as_ref().map(|_| networks.begin(peer.ip(), limits.of_one_network));
        if matches!(begun, Some(None)) {
            refused(peer, "too many handshakes of its network at once");
            continue;
        }
        // small answers must not wait for more; an old socket that refuses is only slower
        let _ = stream.set_nodelay(true);
        let (config, connections, refused) = (config.clone(), connections.clone(), refused.clone());
        tokio::spawn(async move {
            let stream = match config {
                None => Ok(MeshStream::Plain(stream)),
                Some(config) => shake_hands(stream, config(), limits.patience).await,
            };
            drop((room, begun));
            match stream {
                // fails when the server stopped meanwhile
                Ok(stream) => drop(connections.send((stream, peer)).await),
                Err(Some(reason)) => refused(peer, &reason),
                Err(None) => tracing::debug!(%peer, "connection closed before it began"),
            }
        });
    }
}

/// An error without a reason is a peer that said nothing, e.g. a probe of the port.
async fn shake_hands(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    patience: Duration,
) -> Result<MeshStream, Option<String>> {
    let shaken = tokio::time::timeout(patience, TlsAcceptor::from(config).accept(stream)).await;
    match shaken {
        Ok(Ok(stream)) => Ok(MeshStream::Tls(Box::new(stream))),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(None),
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => Err(None),
        Ok(Err(error)) => Err(Some(explain(&error))),
        Err(_) => Err(Some("no handshake in time".to_owned())),
    }
}

/// Words for a person; rustls' own where they are good.
fn explain(error: &io::Error) -> String {
    use rustls::{CertificateError, Error};
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidMessage(_)) => "does not speak TLS (plain text?)".to_owned(),
        Some(Error::NoCertificatesPresented) => "showed no certificate".to_owned(),
        Some(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)) => {
            "its certificate names no role".to_owned()
        }
        // the second: somebody else's authority under the name of ours
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)) => {
            "its certificate is of an unknown authority".to_owned()
        }
        Some(Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => "its certificate has expired".to_owned(),
        Some(Error::AlertReceived(alert)) => format!("it refused our certificate: {alert:?}"),
        _ => error.to_string(),
    }
}

impl AsyncRead for MeshStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            MeshStream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            MeshStream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for MeshStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            MeshStream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            MeshStream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            MeshStream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            MeshStream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            MeshStream::Plain(stream) => stream.is_write_vectored(),
            MeshStream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            MeshStream::Plain(stream) => Pin::new(stream).poll_flush(context),
            MeshStream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            MeshStream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            MeshStream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
