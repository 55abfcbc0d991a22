//! Who may connect to a role, and as whom: certificates of the mesh, their rotation, and the public port's.
//!
//! Each listens at one port of one process. That nobody notices a rotation is asked of all of them in `replicas.rs`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use liufang::client::{Gateway, Public, Refusal};
use liufang_platform::config::{Config, Layers};
use liufang_platform::mesh::{
    ClientLimits, MeshFiles, MeshKey, MeshTls, Place, Remote, RemoteOptions, Security, incoming,
    parse_targets,
};
use liufang_proto::settlement::v1::VoidRequest;
use liufang_proto::settlement::v1::payment_service_client::PaymentServiceClient;
use liufang_tests::certificates::{Authority, Files, Pair};
use liufang_tests::processes::ROLES;
use liufang_tests::{Shape, World, eventually, logs, servers};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request};

use super::calls::{call, peers};
use super::cast::*;

const REFUSED: &str = "mesh connection refused";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// A client that trusts `authority` and shows `own`, as somebody else could write it.
pub fn client(authority: &Authority, own: Option<&Pair>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some(own) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(own.cert.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap(),
            )
            .unwrap(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

pub async fn channel(address: SocketAddr, config: ClientConfig, name: &str) -> Channel {
    let config = Arc::new(config);
    let server = ServerName::try_from(name.to_owned()).unwrap();
    let connect = move |_| {
        let (connector, name) = (TlsConnector::from(config.clone()), server.clone());
        async move {
            let stream = TcpStream::connect(address).await?;
            Ok::<_, io::Error>(TokioIo::new(connector.connect(name, stream).await?))
        }
    };
    let endpoint = Endpoint::from_static("http://mesh").origin(format!("https://{name}").parse().unwrap());
    endpoint.connect_with_connector(tower::service_fn(connect)).await.unwrap()
}

/// Speaks to a port and tells from where, and how it ended: nothing must be answered.
async fn turned_away(address: SocketAddr, config: Option<ClientConfig>) -> (SocketAddr, String) {
    let stream = TcpStream::connect(address).await.unwrap();
    let own = stream.local_addr().unwrap();
    let mut answer = Vec::new();
    let ended = match config {
        None => {
            let mut stream = stream;
            let _ = stream.write_all(PREFACE).await;
            stream.read_to_end(&mut answer).await
        }
        Some(config) => {
            let name = ServerName::try_from("settlement.liufang.mesh").unwrap();
            match TlsConnector::from(Arc::new(config)).connect(name, stream).await {
                Err(error) => Err(error),
                Ok(mut stream) => {
                    let _ = stream.write_all(PREFACE).await;
                    stream.read_to_end(&mut answer).await
                }
            }
        }
    };
    // a plain caller may be sent a TLS alert, but no HTTP/2
    assert!(answer.len() < 16, "somebody answered: {answer:?}");
    (own, ended.map_or_else(|error| error.to_string(), |_| "closed".to_owned()))
}

/// An installation in one process whose settlement listens for peers inside TLS.
async fn listening(authority: &Authority) -> (World, SocketAddr, TempDir) {
    let folder = servers::folder("liufang-mtls-");
    let files = Files::of(folder.path(), "all");
    files.write(&authority.pem(), &authority.role(&ROLES));
    let mut settings = files.settings();
    settings.push("mesh.listen.settlement=\"127.0.0.1:0\"".to_owned());
    let world = World::start_with(Shape::Sqlite, &settings).await;
    let address = world.running.as_ref().unwrap().ports["settlement"];
    (world, address, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_refused_with_one_clear_line_each() {
    let _announced = logs::announce(REFUSED);
    let (ours, theirs) = (Authority::named("mesh"), Authority::new());
    let namesake = Authority::named("mesh");
    let (world, address, _folder) = listening(&ours).await;
    let stranger = ours.issue(&["somebody.example.cn".to_owned()]);
    let wildcard = ours.issue(&["*.liufang.mesh".to_owned()]);
    let of = |role: &str| vec![format!("{role}.liufang.mesh")];
    let expired = ours.issue_until(&of("order"), time::Duration::minutes(-1));
    let foreign = theirs.role(&["order"]);
    let cases = [
        (None, "does not speak TLS", ""),
        (Some(client(&ours, None)), "showed no certificate", "CertificateRequired"),
        (Some(client(&ours, Some(&foreign))), "unknown authority", "UnknownCA"),
        (Some(client(&ours, Some(&namesake.role(&["order"])))), "unknown authority", "DecryptError"),
        (Some(client(&ours, Some(&expired))), "has expired", "CertificateExpired"),
        (Some(client(&ours, Some(&stranger))), "names no role", "AccessDenied"),
        (Some(client(&ours, Some(&wildcard))), "names no role", "AccessDenied"),
        // the caller does not trust us
        (Some(client(&theirs, Some(&ours.role(&["order"])))), "it refused our certificate", "UnknownIssuer"),
    ];
    let about = |own: &SocketAddr| logs::containing(&[&own.to_string()]);
    let mut turned = Vec::new();
    for (config, line, told) in cases {
        let (own, told_us) = turned_away(address, config).await;
        assert!(told_us.contains(told), "{line}: the caller learned `{told_us}`");
        eventually("the refusal is logged", || async { (!about(&own).is_empty()).then_some(()) }).await;
        turned.push((own, line));
    }
    for (own, line) in turned {
        let lines = about(&own);
        assert_eq!(lines.len(), 1, "one line: {lines:?}");
        let last = &lines[0];
        assert!(last.starts_with("WARN") && last.contains(REFUSED) && last.contains(line), "{last}");
    }
    // after all of them, somebody who may
    let order =
        channel(address, client(&ours, Some(&ours.role(&["order"]))), "settlement.liufang.mesh").await;
    let refusal = void(&order, |request| as_role(request, "order")).await;
    assert_eq!(refusal.reason, "PAYMENT_NOT_FOUND", "{refusal}");
    world.stop().await;
}

async fn void(channel: &Channel, with: impl FnOnce(&mut Request<VoidRequest>)) -> Refusal {
    let mut request = Request::new(VoidRequest { payment_id: "pay_1".to_owned() });
    request.metadata_mut().insert("idempotency-key", "mtls-key-1".parse().unwrap());
    with(&mut request);
    refused_status(PaymentServiceClient::new(channel.clone()).void(request).await)
}

fn as_role(request: &mut Request<VoidRequest>, role: &str) {
    request.metadata_mut().insert(MeshKey::HEADER, role.parse().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_what_its_certificate_says() {
    let authority = Authority::new();
    let (world, address, _folder) = listening(&authority).await;
    let of = async |roles: &[&str]| {
        let own = authority.role(roles);
        channel(address, client(&authority, Some(&own)), "settlement.liufang.mesh").await
    };
    let (order, inventory) = (of(&["order"]).await, of(&["inventory"]).await);
    let (both, gateway) = (of(&["order", "inventory"]).await, of(&["gateway"]).await);
    let code =
        async |channel: &Channel, role: &str| void(channel, |request| as_role(request, role)).await.code;
    assert_eq!(code(&order, "order").await, Code::NotFound, "comes through");
    assert_eq!(code(&inventory, "inventory").await, Code::PermissionDenied, "may not call this");
    assert_eq!(code(&inventory, "order").await, Code::Unauthenticated, "not its name");
    assert_eq!(code(&gateway, "order").await, Code::Unauthenticated, "not its name either");
    // a process of two roles calls as one of them
    assert_eq!(code(&both, "order").await, Code::NotFound);
    assert_eq!(code(&both, "inventory").await, Code::PermissionDenied);
    assert_eq!(code(&both, "supervision").await, Code::Unauthenticated);
    // the key of development proves nothing here
    let development = Config::load(&Layers::default()).unwrap().mesh.secret;
    for secret in [development.as_str(), &world.config.mesh.secret, "x"] {
        let proof = MeshKey::new(secret).prove("order").unwrap();
        assert_eq!(code(&order, &proof).await, Code::Unauthenticated, "a proof by key");
    }
    // the words of outside callers come through the gateway's connections only
    let token = format!("Bearer {}", world.operator_token());
    let says = |request: &mut Request<VoidRequest>| {
        request.metadata_mut().insert("authorization", token.parse().unwrap());
    };
    assert_eq!(void(&order, says).await.code, Code::Unauthenticated);
    assert_eq!(void(&gateway, says).await.code, Code::PermissionDenied, "an operator is no role");
    assert_eq!(void(&gateway, |_| {}).await.code, Code::Unauthenticated, "nobody");
    assert_eq!(void(&order, |_| {}).await.code, Code::Unauthenticated, "a role that does not say so");
    world.stop().await;
}

/// A server that knows no method: whoever gets through is told so.
async fn empty_server(tls: &MeshTls, age: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().max_connection_age(age).add_routes(Routes::default());
    tokio::spawn(server.serve_with_incoming(incoming(listener, Some(tls.clone()))));
    address
}

fn load(files: &Files, roles: &[&str]) -> MeshTls {
    let files = MeshFiles { ca: files.ca.clone(), cert: files.cert.clone(), key: files.key.clone() };
    MeshTls::load(&files, roles).unwrap()
}

fn remote(role: &str, urls: &str, tls: &MeshTls) -> Remote {
    Remote::new(RemoteOptions {
        peer: role.to_owned(),
        targets: parse_targets(urls).unwrap(),
        security: Security::Mesh {
            tls: tls.clone(),
            name: ServerName::try_from(format!("{role}.liufang.mesh")).unwrap(),
        },
        outside: false,
        resolve_every: Duration::from_secs(1),
        connect_timeout: Duration::from_secs(2),
    })
}

async fn reaches(remote: &Remote) -> Result<(), String> {
    let request = http::Request::post("/nobody.Knows/This").header("content-type", "application/grpc");
    let request = request.body(tonic::body::Body::empty()).unwrap();
    let answer = remote.call(request, &mut Vec::new()).await.map_err(|status| status.message().to_owned())?;
    assert_eq!(answer.headers()["grpc-status"], "12", "an answer of the empty server");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_check_whom_they_reach() {
    logs::install();
    let _announced = logs::announce(REFUSED);
    let folder = servers::folder("liufang-mtls-");
    let (ours, theirs) = (Authority::new(), Authority::new());
    let made = |authority: &Authority, trusted: &Authority, role: &str| {
        let files = Files::of(&folder.path().join(format!("{role}{}", trusted.pem().len())), role);
        files.write(&format!("{}{}", authority.pem(), trusted.pem()), &authority.role(&[role]));
        load(&files, &[role])
    };
    let order = made(&ours, &ours, "order");
    let address = empty_server(&made(&ours, &ours, "settlement"), Duration::from_secs(60)).await;
    let url = format!("https://{address}");
    assert_eq!(reaches(&remote("settlement", &url, &order)).await, Ok(()));
    let error = reaches(&remote("inventory", &url, &order)).await.unwrap_err();
    assert!(error.contains("inventory.liufang.mesh") && error.contains("not valid for name"), "{error}");
    // it trusts us, we do not trust it
    let address = empty_server(&made(&theirs, &ours, "settlement"), Duration::from_secs(60)).await;
    let error = reaches(&remote("settlement", &format!("https://{address}"), &order)).await.unwrap_err();
    assert!(error.contains("settlement.liufang.mesh") && error.contains("UnknownIssuer"), "{error}");
    // a plain server
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(
        Server::builder().add_routes(Routes::default()).serve_with_incoming(incoming(listener, None)),
    );
    let error = reaches(&remote("settlement", &format!("https://{address}"), &order)).await.unwrap_err();
    assert!(error.contains("TLS with settlement.liufang.mesh failed"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_address_is_left_alone() {
    logs::install();
    let folder = servers::folder("liufang-mtls-");
    let authority = Authority::new();
    let files = |role: &str| {
        let files = Files::of(&folder.path().join(role), role);
        files.write(&authority.pem(), &authority.role(&[role]));
        load(&files, &[role])
    };
    let tls = files("settlement");
    let (one, two) = (
        empty_server(&tls, Duration::from_secs(60)).await,
        empty_server(&tls, Duration::from_secs(60)).await,
    );
    let dead = liufang_tests::servers::free_port();
    let urls = format!("https://{one},https://127.0.0.1:{dead},https://{two}");
    let remote = remote("settlement", &urls, &files("order"));
    let mut used = Vec::new();
    let mut failed = 0;
    for _ in 0..200 {
        let mut tried = Vec::new();
        let request = http::Request::post("/nobody.Knows/This").header("content-type", "application/grpc");
        let request = request.body(tonic::body::Body::empty()).unwrap();
        match remote.call(request, &mut tried).await {
            Ok(_) => used.push(tried[0]),
            Err(_) => failed += 1,
        }
    }
    let share = used.iter().filter(|address| **address == one).count();
    assert!((1..=5).contains(&failed), "{failed} calls went to the dead address");
    assert!((50..150).contains(&share), "{share} of {} calls to one of two addresses", used.len());
}

/// How long connections live while certificates change.
const AGE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_change_without_a_failed_call() {
    logs::install();
    let _announced = logs::announce(REFUSED);
    let folder = servers::folder("liufang-mtls-");
    let (old, new) = (Authority::named("mesh"), Authority::named("mesh"));
    let (server, caller) =
        (Files::of(&folder.path().join("server"), "tls"), Files::of(&folder.path().join("caller"), "tls"));
    let write = |authorities: &str, signer: &Authority| {
        server.write(authorities, &signer.role(&["settlement"]));
        caller.write(authorities, &signer.role(&["order"]));
    };
    write(&old.pem(), &old);
    let (server_tls, caller_tls) = (load(&server, &["settlement"]), load(&caller, &["order"]));
    let address = empty_server(&server_tls, AGE).await;
    let settlement = remote("settlement", &format!("https://{address}"), &caller_tls);
    // a hook: nothing is sent twice that may have arrived, and yet no call fails
    let peers = peers("order", "hook.settlement", Place::Remote(settlement), ClientLimits::default());
    let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let (peers, stop, made) = (peers.clone(), stop.clone(), made.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    call(&peers, "hook.settlement").await.unwrap();
                    made.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    // every connection of a phase ends in it, and calls go on
    let a_phase = async || {
        let before = made.load(Ordering::Relaxed);
        tokio::time::sleep(AGE + AGE / 2).await;
        eventually("calls go on", || async { (before + 20 < made.load(Ordering::Relaxed)).then_some(()) })
            .await;
    };
    let both = format!("{}{}", old.pem(), new.pem());
    for (authorities, signer) in [(&both, &old), (&both, &new), (&new.pem(), &new)] {
        a_phase().await;
        write(authorities, signer);
        assert_eq!((server_tls.reload(), caller_tls.reload()), (Ok(true), Ok(true)));
        assert_eq!(server_tls.reload(), Ok(false), "nothing new");
    }
    a_phase().await;
    // a broken pair, an expired one, one of nobody's: the last good one stays
    let hour = time::Duration::hours(1);
    let names = ["settlement.liufang.mesh".to_owned()];
    let expired = new.issue_until(&names, -hour);
    let mixed = Pair { cert: new.role(&["settlement"]).cert, key: new.role(&["settlement"]).key };
    let foreign = Authority::new().role(&["settlement"]);
    let nameless = new.role(&["order"]);
    let garbage = Pair { cert: "no certificate".to_owned(), key: "no key".to_owned() };
    for broken in [expired, mixed, foreign, nameless, garbage] {
        server.write(&new.pem(), &broken);
        let error = server_tls.reload().unwrap_err().to_string();
        assert!(error.starts_with("mesh.tls."), "{error}");
        assert!(!error.contains(broken.key.lines().nth(1).unwrap_or("-----")), "a key in a message");
    }
    a_phase().await;
    stop.store(true, Ordering::Relaxed);
    for calls in calls {
        calls.await.expect("no call failed");
    }
    // nothing of the old authority is accepted any more
    let (_, told) = turned_away(address, Some(client(&new, Some(&old.role(&["order"]))))).await;
    assert!(told.contains("DecryptError"), "the signature is of another authority: {told}");
    assert!(3_000 < server_tls.validity().until - time::OffsetDateTime::now_utc().unix_timestamp());
    // made for a day before now and an hour after
    let life = server_tls.validity().until - server_tls.validity().from;
    assert!((90_000..=90_001).contains(&life), "{life}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_port_speaks_tls() {
    let authority = Authority::new();
    let folder = servers::folder("liufang-mtls-");
    let files = Files::of(folder.path(), "public");
    let names = ["gateway.example.cn".to_owned()];
    files.write(&authority.pem(), &authority.issue(&names));
    let mut settings = vec![
        format!("gateway.tls.cert_file={:?}", files.cert.display().to_string()),
        format!("gateway.tls.key_file={:?}", files.key.display().to_string()),
    ];
    settings.push("mesh.tls.reload_seconds=1".to_owned());
    let world = World::start_with(Shape::Sqlite, &settings).await;
    let address = world.running.as_ref().unwrap().gateway.unwrap();
    let calls = async |authority: &Authority| {
        let channel = channel(address, client(authority, None), "gateway.example.cn").await;
        let gateway = Gateway::over(channel, &world.url).with_clock(Arc::new(world.clock.clone()));
        Public::new(&gateway).list_channel_book(Default::default()).await
    };
    assert!(calls(&authority).await.is_ok());
    let plain = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    let plain = Public::new(&Gateway::over(plain, &world.url)).list_channel_book(Default::default()).await;
    assert!(plain.is_err(), "plain text is not understood");
    // a new certificate of another authority is shown soon
    let other = Authority::new();
    files.write(&other.pem(), &other.issue(&names));
    eventually("the new certificate is shown", || async {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("gateway.example.cn").unwrap();
        TlsConnector::from(Arc::new(client(&other, None))).connect(name, stream).await.ok().map(drop)
    })
    .await;
    assert!(calls(&other).await.is_ok());
    world.stop().await;
}
