//! Calls to outside parties that speak HTTP with JSON rather than gRPC. A call is a connection: payments are few beside the
//! time a payer takes, and nothing is ever sent twice by a pool that guesses.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::mesh::{OutsideTls, TlsError};

/// Largest answer that is read.
const LARGEST: usize = 1 << 20;

/// Why there is no answer. Whether the request had its effect is not known unless it never left.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    #[error("the address is not http:// or https:// with a host")]
    Address,
    #[error("no answer within the time")]
    Late,
    #[error("no connection: {0}")]
    Connect(#[from] std::io::Error),
    #[error("the exchange broke: {0}")]
    Exchange(#[from] hyper::Error),
    #[error("the answer cannot be read")]
    Answer,
}

/// Calls addresses; cheap to clone.
#[derive(Clone)]
pub struct Https {
    tls: Arc<ClientConfig>,
    timeout: Duration,
}

impl Https {
    /// Checks certificates against `ca_file`, named by `setting`; empty: the public web's authorities.
    pub fn new(setting: &'static str, ca_file: &str, timeout: Duration) -> Result<Https, TlsError> {
        let mut tls = OutsideTls::load(setting, ca_file)?.client().as_ref().clone();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Https { tls: Arc::new(tls), timeout })
    }

    /// Sends a request with a whole address, reads the whole answer.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpsError> {
        tokio::time::timeout(self.timeout, self.exchange(request)).await.map_err(|_| HttpsError::Late)?
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpsError> {
        let uri = request.uri().clone();
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(HttpsError::Address),
        };
        let host = uri.host().ok_or(HttpsError::Address)?.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        let request = relative(request, &uri)?;
        if !secure {
            return over(stream, request).await;
        }
        let name = ServerName::try_from(host).map_err(|_| HttpsError::Address)?;
        over(TlsConnector::from(self.tls.clone()).connect(name, stream).await?, request).await
    }
}

/// The path in the request line, the authority in `host`.
fn relative(request: Request<Bytes>, uri: &Uri) -> Result<Request<Full<Bytes>>, HttpsError> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().ok_or(HttpsError::Address)?.as_str();
    let (mut parts, body) = request.into_parts();
    parts.uri = path.parse().map_err(|_| HttpsError::Address)?;
    let host = http::HeaderValue::from_str(authority).map_err(|_| HttpsError::Address)?;
    parts.headers.insert(http::header::HOST, host);
    Ok(Request::from_parts(parts, Full::new(body)))
}

async fn over<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, HttpsError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let answered = async {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(|_| HttpsError::Answer)?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    };
    let answer = answered.await;
    driver.abort();
    answer
}
