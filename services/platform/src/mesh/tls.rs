//! Certificates: of the mesh (both ends show one), of the public port, and what we trust of outside parties.
//!
//! Sessions are never resumed: a resumed one would skip the check of a certificate that has expired or whose authority is
//! gone. Connections between roles are few and long.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_util::sync::CancellationToken;
use x509_cert::der::Decode as _;

use super::roles::{self, RoleVerifier};
use super::rotate::{Rotating, TlsError};
use crate::metrics;

const ALPN_GRPC: &[u8] = b"h2";
const ALPN_HTTP1: &[u8] = b"http/1.1";

/// PEM files of the mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshFiles {
    pub ca: PathBuf,
    pub cert: PathBuf,
    pub key: PathBuf,
}

struct MeshConfigs {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    validity: Validity,
}

/// From when and until when a certificate is good, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub from: i64,
    pub until: i64,
}

/// This process's certificate in the mesh, always the newest good one; cheap to clone.
#[derive(Clone)]
pub struct MeshTls(Arc<Rotating<MeshConfigs>>);

impl MeshTls {
    /// Reads the files and checks that peers would accept what they hold for every one of `own_roles`.
    pub fn load(files: &MeshFiles, own_roles: &[&str]) -> Result<MeshTls, TlsError> {
        let own_roles: Vec<String> = own_roles.iter().map(|role| (*role).to_owned()).collect();
        let named = vec![
            ("mesh.tls.ca_file", files.ca.clone()),
            ("mesh.tls.cert_file", files.cert.clone()),
            ("mesh.tls.key_file", files.key.clone()),
        ];
        let build = move |content: &[Vec<u8>]| match content {
            [ca, cert, key] => mesh_configs(ca, cert, key, &own_roles),
            _ => Err(TlsError("three files".to_owned())),
        };
        Rotating::load("mesh", named, build).map(|rotating| MeshTls(Arc::new(rotating)))
    }

    pub(super) fn server(&self) -> Arc<ServerConfig> {
        self.0.current().server.clone()
    }

    pub(super) fn client(&self) -> Arc<ClientConfig> {
        self.0.current().client.clone()
    }

    /// Of the certificate in use.
    pub fn validity(&self) -> Validity {
        self.0.current().validity
    }

    /// Looks for new content at once; see [`Rotating::reload`].
    pub fn reload(&self) -> Result<bool, TlsError> {
        self.0.reload()
    }

    /// Follows the files until `shutdown`, and shows the metrics when the certificate in use ends.
    pub async fn watch(self, every: Duration, shutdown: CancellationToken) {
        let shown = self.clone();
        metrics::certificate("mesh", move || {
            let Validity { from, until } = shown.validity();
            (from, until)
        });
        self.0.watch(every, shutdown).await;
    }
}

fn mesh_configs(ca: &[u8], cert: &[u8], key: &[u8], own_roles: &[String]) -> Result<MeshConfigs, TlsError> {
    let provider = provider();
    let roots = Arc::new(roots("mesh.tls.ca_file", ca)?);
    let chain = chain("mesh.tls.cert_file", cert)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
        .build()
        .map_err(|error| TlsError(format!("mesh.tls.ca_file: {error}")))?;
    check_own(&chain, &roots, verifier.as_ref(), own_roles)?;
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])
        .map_err(broken("mesh.tls"))?
        .with_client_cert_verifier(Arc::new(RoleVerifier(verifier)))
        .with_single_cert(chain.clone(), private("mesh.tls.key_file", key)?)
        .map_err(broken("mesh.tls.key_file"))?;
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(broken("mesh.tls"))?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain.clone(), private("mesh.tls.key_file", key)?)
        .map_err(broken("mesh.tls.key_file"))?;
    client.resumption = Resumption::disabled();
    client.alpn_protocols = vec![ALPN_GRPC.to_vec()];
    Ok(MeshConfigs {
        server: Arc::new(served(server, &[ALPN_GRPC])),
        client: Arc::new(client),
        validity: validity("mesh.tls.cert_file", &chain)?,
    })
}

/// What a peer would check, so that a useless certificate is found here and not in every peer's log.
fn check_own(
    chain: &[CertificateDer<'static>],
    roots: &Arc<RootCertStore>,
    as_client: &dyn ClientCertVerifier,
    own_roles: &[String],
) -> Result<(), TlsError> {
    let Some((own, intermediates)) = chain.split_first() else {
        return Err(TlsError("mesh.tls.cert_file: holds no certificate".to_owned()));
    };
    let now = UnixTime::now();
    let as_server = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider())
        .build()
        .map_err(|error| TlsError(format!("mesh.tls.ca_file: {error}")))?;
    for role in own_roles {
        let name = roles::dns_name(role);
        let server = ServerName::try_from(name.clone())
            .map_err(|_| TlsError(format!("mesh.tls: {name} is not a DNS name")))?;
        as_server.verify_server_cert(own, intermediates, &server, &[], now).map_err(|error| {
            TlsError(format!("mesh.tls.cert_file: peers would not accept it for {name}: {}", explain(error)))
        })?;
    }
    as_client.verify_client_cert(own, intermediates, now).map_err(|error| {
        TlsError(format!("mesh.tls.cert_file: peers would not accept it of a client: {}", explain(error)))
    })?;
    Ok(())
}

/// The library's words without the time of the look, so that the same mistake has the same text.
fn explain(error: rustls::Error) -> String {
    use rustls::CertificateError::{ExpiredContext, NotValidYetContext};
    match error {
        rustls::Error::InvalidCertificate(NotValidYetContext { not_before, .. }) => {
            format!("it is not valid before {} (UNIX seconds)", not_before.as_secs())
        }
        rustls::Error::InvalidCertificate(ExpiredContext { not_after, .. }) => {
            format!("it expired at {} (UNIX seconds)", not_after.as_secs())
        }
        other => other.to_string(),
    }
}

struct PublicConfig {
    server: Arc<ServerConfig>,
    validity: Validity,
}

/// The certificate of the public port, always the newest good one; cheap to clone.
#[derive(Clone)]
pub struct PublicTls(Arc<Rotating<PublicConfig>>);

impl PublicTls {
    pub fn load(cert: &Path, key: &Path) -> Result<PublicTls, TlsError> {
        let named =
            vec![("gateway.tls.cert_file", cert.to_owned()), ("gateway.tls.key_file", key.to_owned())];
        let build = |content: &[Vec<u8>]| match content {
            [cert, key] => public_config(cert, key),
            _ => Err(TlsError("two files".to_owned())),
        };
        Rotating::load("public", named, build).map(|rotating| PublicTls(Arc::new(rotating)))
    }

    pub(super) fn server(&self) -> Arc<ServerConfig> {
        self.0.current().server.clone()
    }

    /// Of the certificate in use.
    pub fn validity(&self) -> Validity {
        self.0.current().validity
    }

    /// Follows the files until `shutdown`, and shows the metrics when the certificate in use ends.
    pub async fn watch(self, every: Duration, shutdown: CancellationToken) {
        let shown = self.clone();
        metrics::certificate("public", move || {
            let Validity { from, until } = shown.validity();
            (from, until)
        });
        self.0.watch(every, shutdown).await;
    }
}

fn public_config(cert: &[u8], key: &[u8]) -> Result<PublicConfig, TlsError> {
    let chain = chain("gateway.tls.cert_file", cert)?;
    let validity = validity("gateway.tls.cert_file", &chain)?;
    let now = i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX);
    if validity.until <= now {
        return Err(TlsError("gateway.tls.cert_file: the certificate has expired".to_owned()));
    }
    let server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(broken("gateway.tls"))?
        .with_no_client_auth()
        .with_single_cert(chain, private("gateway.tls.key_file", key)?)
        .map_err(broken("gateway.tls.key_file"))?;
    Ok(PublicConfig { server: Arc::new(served(server, &[ALPN_GRPC, ALPN_HTTP1])), validity })
}

/// How outside parties are checked: against the authorities of a file, always its newest good content, or those of the public
/// web; cheap to clone.
#[derive(Clone)]
pub struct OutsideTls(Arc<Rotating<Arc<ClientConfig>>>);

impl OutsideTls {
    /// `setting` is the name of what names the file, for messages. Empty: the public web's authorities.
    pub fn load(setting: &'static str, ca_file: &str) -> Result<OutsideTls, TlsError> {
        let named = match ca_file {
            "" => Vec::new(),
            path => vec![(setting, PathBuf::from(path))],
        };
        let build = move |content: &[Vec<u8>]| match content {
            [] => outside_config(setting, RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }),
            [pem] => outside_config(setting, roots(setting, pem)?),
            _ => Err(TlsError("one file".to_owned())),
        };
        Rotating::load("hooks", named, build).map(|rotating| OutsideTls(Arc::new(rotating)))
    }

    pub fn client(&self) -> Arc<ClientConfig> {
        self.0.current().as_ref().clone()
    }

    /// Looks for new content at once; see [`Rotating::reload`].
    pub fn reload(&self) -> Result<bool, TlsError> {
        self.0.reload()
    }

    /// Follows the file until `shutdown`.
    pub async fn watch(self, every: Duration, shutdown: CancellationToken) {
        self.0.watch(every, shutdown).await;
    }
}

fn outside_config(setting: &'static str, roots: RootCertStore) -> Result<Arc<ClientConfig>, TlsError> {
    let mut client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(broken(setting))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.resumption = Resumption::disabled();
    client.alpn_protocols = vec![ALPN_GRPC.to_vec()];
    Ok(Arc::new(client))
}

fn served(mut server: ServerConfig, alpn: &[&[u8]]) -> ServerConfig {
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    server.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    server
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn roots(setting: &str, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(setting, pem)? {
        roots.add(certificate).map_err(|error| TlsError(format!("{setting}: {error}")))?;
    }
    Ok(roots)
}

fn chain(setting: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|error| TlsError(format!("{setting}: {error}")))?;
    if chain.is_empty() { Err(TlsError(format!("{setting}: holds no certificate"))) } else { Ok(chain) }
}

fn private(setting: &str, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    // the parser's own message could quote the file
    PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| TlsError(format!("{setting}: holds no private key in PEM")))
}

fn validity(setting: &str, chain: &[CertificateDer<'static>]) -> Result<Validity, TlsError> {
    let own = chain.first().ok_or_else(|| TlsError(format!("{setting}: holds no certificate")))?;
    let parsed = x509_cert::Certificate::from_der(own)
        .map_err(|error| TlsError(format!("{setting}: cannot be read: {error}")))?;
    let stated = parsed.tbs_certificate().validity();
    let seconds =
        |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Ok(Validity { from: seconds(stated.not_before), until: seconds(stated.not_after) })
}

fn broken(setting: &'static str) -> impl Fn(rustls::Error) -> TlsError {
    move |error| TlsError(format!("{setting}: {error}"))
}
