//! How a role calls a peer that does not answer, and what operators are told of it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use liufang_platform::auth::SigningKey;
use liufang_platform::mesh::{
    ClientLimits, Directory, MeshError, MeshKey, Peers, Place, Remote, RemoteOptions, Security, incoming,
    parse_targets,
};
use liufang_platform::stack::{ServerStack, StackOptions};
use liufang_platform::{SystemClock, Tokens, deadline, metrics};
use liufang_tests::servers::{self, free_port};
use liufang_tests::{eventually, logs};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use super::otlp::{Program, http, sample};

/// The peers of a role of this name, of which there is one at `place`.
pub fn peers(own: &str, peer: &str, place: Place, limits: ClientLimits) -> Peers {
    let directory = Directory::with_limits(MeshKey::new(""), limits);
    directory.bind(HashMap::from([(peer.to_owned(), place)]));
    directory.peers(own)
}

fn at(port: u16) -> Place {
    Place::Remote(Remote::new(RemoteOptions {
        peer: "a peer".to_owned(),
        targets: parse_targets(&format!("http://127.0.0.1:{port}")).unwrap(),
        security: Security::Plain,
        outside: false,
        resolve_every: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(10),
    }))
}

/// One call of a client of its own, as roles make them.
pub async fn call(peers: &Peers, peer: &str) -> Result<Response<Body>, MeshError> {
    let request = Request::post("/liufang.settlement.v1.PaymentService/Void");
    let request = request.header("content-type", "application/grpc").body(Body::empty()).unwrap();
    peers.mesh(peer).oneshot(request).await
}

/// What the page of this process says of a pair of role and peer.
fn shown(metric: &str, own: &str, peer: &str) -> Option<String> {
    sample(&metrics::metrics_text(), &format!("{metric}{{peer=\"{peer}\",role=\"{own}\"}}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_peer_is_shown_until_it_answers() {
    logs::install();
    let (own, peer, port) = ("a-caller", "a-broken-peer", free_port());
    // open for no time at all, so that every call is a try
    let limits = ClientLimits { breaker_failures: 3, breaker_pause_ms: 0, attempts: 1, ..Default::default() };
    let peers = peers(own, peer, at(port), limits);
    let open = || shown("liufang_breaker_open", own, peer).expect("the gauge");
    for failures in 0..6 {
        drop(peers.mesh(peer));
        assert_eq!(open(), if failures < 3 { "0" } else { "1" }, "after {failures} failures");
        assert_eq!(call(&peers, peer).await.unwrap_err().status.code(), Code::Unavailable);
    }
    assert_eq!(open(), "1", "another client of the same peer changes nothing");
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    tokio::spawn(
        Server::builder().add_routes(Routes::default()).serve_with_incoming(incoming(listener, None)),
    );
    eventually("the peer answers", || async { call(&peers, peer).await.ok() }).await;
    assert_eq!(open(), "0");
    drop(peers);
    assert_eq!(shown("liufang_breaker_open", own, peer), None, "nobody calls it any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_breaker_answers_at_once() {
    logs::install();
    let (own, peer) = ("another-caller", "a-gone-peer");
    let limits = ClientLimits { breaker_failures: 2, breaker_pause_ms: 600_000, ..Default::default() };
    let peers = peers(own, peer, at(free_port()), limits);
    let retries = || shown("liufang_client_retries_total", own, peer).expect("the counter");
    let refused = call(&peers, peer).await.unwrap_err().status;
    assert!(refused.message().contains("127.0.0.1"), "the last try says why: {refused}");
    assert_eq!(retries(), "1", "the second failure opens the breaker, a third try is none");
    for _ in 0..3 {
        let refused = call(&peers, peer).await.unwrap_err().status;
        assert_eq!(refused.code(), Code::Unavailable);
        assert!(refused.message().contains("failed too often"), "{refused}");
    }
    assert_eq!(retries(), "1", "what is not sent is not repeated");
}

/// A service that is never there, and remembers how long it was given.
#[derive(Clone, Default)]
pub struct Away(pub Arc<Mutex<Vec<Duration>>>);

impl NamedService for Away {
    const NAME: &'static str = "liufang.settlement.v1.PaymentService";
}

impl tower::Service<Request<Body>> for Away {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let given = request.headers()["grpc-timeout"].to_str().unwrap();
        self.0.lock().unwrap().push(deadline::parse_timeout(given).unwrap());
        std::future::ready(Ok(Status::unavailable("not now").into_http()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_is_given_what_is_left() {
    logs::install();
    let away = Away::default();
    let options = StackOptions {
        role: "settlement",
        tokens: Tokens::signing(&SigningKey::generate().unwrap()),
        mesh_key: MeshKey::new(""),
        clock: Arc::new(SystemClock),
        max_in_flight: 10,
        max_deadline: Duration::from_secs(600),
    };
    let place = Place::Local(ServerStack::new(Routes::new(away.clone()), options));
    let limits =
        ClientLimits { attempts: 3, first_pause_ms: 100, call_budget_ms: 60_000, ..Default::default() };
    let peers = peers("order", "settlement", place, limits);
    let answer = call(&peers, "settlement").await.unwrap();
    assert_eq!(answer.headers()["grpc-status"], "14", "the peer's own word");
    let given = away.0.lock().unwrap().clone();
    let [first, second, third] = given[..] else { panic!("three tries: {given:?}") };
    assert!(first <= Duration::from_secs(60), "{given:?}");
    // the pauses between them are gone from the budget
    assert!(second + Duration::from_millis(100) <= first, "{given:?}");
    assert!(third + Duration::from_millis(200) <= second, "{given:?}");
}

/// A gateway with nobody behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_of_refusals_have_the_ids_of_their_call() {
    let folder = servers::folder("liufang-calls-");
    let settings = [
        "roles=[\"gateway\"]".to_owned(),
        format!("mesh.peers.identity=\"http://127.0.0.1:{}\"", free_port()),
        "telemetry.format=\"json\"".to_owned(),
    ];
    let program = Program::start(folder.path(), &settings).await;
    let door = program.gateway.strip_prefix("http://").unwrap();
    let line = "POST /liufang.identity.v1.InstitutionService/ListInstitutions";
    let answer = http(door, line, "{}").await;
    assert!(answer.contains("SERVICE_UNREACHABLE"), "{answer}");
    let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("an id").to_owned();
    program.stop();
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let lines: Vec<_> = lines.filter(|line| line["request_id"] == id.as_str()).collect();
    let refusal = lines
        .iter()
        .find(|line| line["reason"] == "SERVICE_UNREACHABLE" && line["target"] != "liufang::access");
    let access = lines.iter().find(|line| line["target"] == "liufang::access").expect("an access line");
    let refusal = refusal.unwrap_or_else(|| panic!("no line of the refusal has its id:\n{log}"));
    assert!(access["trace_id"].is_string() && refusal["trace_id"] == access["trace_id"], "{refusal}");
}
