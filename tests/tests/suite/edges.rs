//! At the edges of an installation: what the public port takes from strangers, what outside parties show, and certificates
//! that come before their time.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, Uri, header};
use liufang_platform::mesh::{
    HandshakeLimits, MeshFiles, MeshTls, OutsideTls, PublicListener, PublicTls, Remote, RemoteOptions,
    Security, parse_targets,
};
use liufang_tests::certificates::{Authority, Files};
use liufang_tests::{Shape, World, eventually, logs, servers};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

/// Far above what anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves `router` at `ip` with a certificate of `authority` for that address.
async fn public(
    authority: &Authority,
    ip: &str,
    limits: HandshakeLimits,
    router: Router,
    folder: &Path,
) -> SocketAddr {
    let files = Files::of(&folder.join(ip), "public");
    files.write(&authority.pem(), &authority.issue(&[ip.to_owned()]));
    let tls = PublicTls::load(&files.cert, &files.key).unwrap();
    let listener = TcpListener::bind((ip, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = PublicListener::with_limits(listener, Some(tls), limits).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn connect(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::from(from), 0))).unwrap();
    socket.connect(to).await.unwrap()
}

async fn shake_hands(stream: TcpStream, authority: &Authority) -> io::Result<()> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map(drop)
}

async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("it never happened that {what}"))
}

async fn is_closed(mut stream: TcpStream) {
    let read = in_time("a connection too many is closed", stream.read(&mut [0])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "somebody answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_network_does_not_shut_the_public_port() {
    let folder = servers::folder("liufang-edges-");
    let authority = Authority::new();
    let limits = HandshakeLimits { patience: Duration::from_secs(3_600), at_once: 8, of_one_network: 4 };
    let address = public(&authority, "127.0.0.1", limits, Router::new(), folder.path()).await;
    let mut silent = Vec::new();
    for _ in 0..12 {
        silent.push(connect([127, 0, 0, 2], address).await);
    }
    let surplus = silent.split_off(4);
    for stream in surplus {
        is_closed(stream).await;
    }
    let other = connect([127, 0, 0, 3], address).await;
    in_time("another network gets in", shake_hands(other, &authority)).await.unwrap();
    for stream in &silent {
        let read = stream.try_read(&mut [0]).map_err(|error| error.kind());
        assert_eq!(read, Err(io::ErrorKind::WouldBlock), "still at its handshake");
    }
    // places come back
    drop(silent);
    eventually("the network gets in itself", || async {
        shake_hands(connect([127, 0, 0, 2], address).await, &authority).await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_port_waits_for_nobody_long() {
    let folder = servers::folder("liufang-edges-");
    let limits = HandshakeLimits { patience: Duration::from_millis(50), ..HandshakeLimits::PUBLIC };
    let address = public(&Authority::new(), "127.0.0.1", limits, Router::new(), folder.path()).await;
    is_closed(connect([127, 0, 0, 1], address).await).await;
}

/// An outside party that says under which name it was called.
fn party() -> Router {
    let name = async |uri: Uri, headers: HeaderMap| {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
        let called = uri.authority().map(ToString::to_string).or(host).unwrap_or_default();
        [("x-called", called)]
    };
    Router::new().fallback(name)
}

fn hook(urls: &str, tls: &OutsideTls) -> Remote {
    Remote::new(RemoteOptions {
        peer: "hook.payment".to_owned(),
        targets: parse_targets(urls).unwrap(),
        security: Security::Outside(tls.clone()),
        outside: true,
        resolve_every: Duration::from_secs(1),
        connect_timeout: Duration::from_secs(20),
    })
}

/// The name under which one of several addresses was called.
async fn called(remote: &Remote, not: &[SocketAddr]) -> Result<String, String> {
    let request = http::Request::post("/nobody.Knows/This").body(tonic::body::Body::empty()).unwrap();
    let answer =
        remote.call(request, &mut not.to_vec()).await.map_err(|status| status.message().to_owned())?;
    Ok(answer.headers()["x-called"].to_str().unwrap().to_owned())
}

fn trusting(authority: &Authority, folder: &Path) -> OutsideTls {
    std::fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    OutsideTls::load("hooks_tls.ca_file", folder.join("ca.pem").to_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_address_of_a_hook_has_its_own_name() {
    let folder = servers::folder("liufang-edges-");
    let authority = Authority::new();
    let serve = |ip| public(&authority, ip, HandshakeLimits::PUBLIC, party(), folder.path());
    let (one, two) = (serve("127.0.0.1").await, serve("127.0.0.2").await);
    let tls = trusting(&authority, folder.path());
    let both = hook(&format!("https://{one},https://{two}"), &tls);
    assert_eq!(called(&both, &[two]).await, Ok(one.to_string()));
    assert_eq!(called(&both, &[one]).await, Ok(two.to_string()));
    // the name is checked: here is somebody else's certificate
    let port = two.port();
    let error = called(&hook(&format!("https://localhost:{port}"), &tls), &[]).await.unwrap_err();
    assert!(error.contains("hook.payment at "), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_authority_of_outside_parties_is_taken_without_a_restart() {
    let folder = servers::folder("liufang-edges-");
    let (ours, theirs) = (Authority::new(), Authority::new());
    let address = public(&theirs, "127.0.0.1", HandshakeLimits::PUBLIC, party(), folder.path()).await;
    let tls = trusting(&ours, folder.path());
    let stop = CancellationToken::new();
    let watch = tokio::spawn(tls.clone().watch(Duration::from_millis(20), stop.clone()));
    let remote = hook(&format!("https://{address}"), &tls);
    let error = called(&remote, &[]).await.unwrap_err();
    assert!(error.contains("TLS with 127.0.0.1 failed") && error.contains("UnknownIssuer"), "{error}");
    std::fs::write(folder.path().join("new.pem"), ours.pem() + &theirs.pem()).unwrap();
    std::fs::rename(folder.path().join("new.pem"), folder.path().join("ca.pem")).unwrap();
    eventually("the new authority is believed", || async { called(&remote, &[]).await.ok() }).await;
    stop.cancel();
    in_time("the watch ends", watch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_follows_the_authorities_of_outside_parties() {
    let folder = servers::folder("liufang-edges-");
    let file = folder.path().join("ca.pem");
    let shown = file.display().to_string();
    std::fs::write(&file, Authority::new().pem()).unwrap();
    let settings = [format!("hooks_tls.ca_file={shown:?}"), "mesh.tls.reload_seconds=1".to_owned()];
    let world = World::start_with(Shape::Sqlite, &settings).await;
    // what is wrong with the file is told, so somebody looks at it
    let _announced = logs::announce(&shown);
    std::fs::remove_file(&file).unwrap();
    let told = || logs::containing(&[&format!("the old one stays: hooks_tls.ca_file: {shown}")]);
    eventually("the file is missed", || async { (!told().is_empty()).then_some(()) }).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_before_its_time_is_taken_in_time() {
    let folder = servers::folder("liufang-edges-");
    let authority = Authority::new();
    let files = Files::of(folder.path(), "order");
    files.write(&authority.pem(), &authority.role(&["order"]));
    let named = MeshFiles { ca: files.ca.clone(), cert: files.cert.clone(), key: files.key.clone() };
    let tls = MeshTls::load(&named, &["order"]).unwrap();
    let old = tls.validity().until;
    let names = ["order.liufang.mesh".to_owned()];
    let (soon, later) = (time::Duration::seconds(2), time::Duration::hours(2));
    // a machine that was away for two seconds between the writing and the look tries again
    let error = loop {
        files.write(&authority.pem(), &authority.issue_between(&names, soon, later));
        if let Err(error) = tls.reload() {
            break error.to_string();
        }
    };
    assert!(error.starts_with("mesh.tls.cert_file:") && error.contains("not valid before"), "{error}");
    eventually("it is in use", || async { tls.reload().unwrap_or(false).then_some(()) }).await;
    assert!(old < tls.validity().until);
}
