//! What keeps a busy or failing peer from being asked too much: a role that has enough to do says so, retries have a budget,
//! and calls follow a peer's name to the addresses it has now.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Request, Response};
use liufang_platform::mesh::{
    ClientLimits, Names, Place, Remote, RemoteOptions, Security, incoming, parse_targets,
};
use liufang_proto::identity::v1::ListInstitutionsRequest;
use liufang_proto::identity::v1::institution_service_client::InstitutionServiceClient;
use liufang_tests::{eventually, logs, servers};
use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement, TransactionTrait as _};
use tokio::net::TcpListener;
use tonic::Code;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::Server;

use super::calls::{Away, call, peers};
use super::cast::*;
use super::otlp::{Program, metrics_of, sample};

/// A server on a port of its own that answers every call with UNAVAILABLE, and counts.
async fn away(at: SocketAddr) -> (Away, SocketAddr) {
    let listener = TcpListener::bind(at).await.unwrap();
    let (away, at) = (Away::default(), listener.local_addr().unwrap());
    let server = Server::builder().add_routes(Routes::new(away.clone()));
    tokio::spawn(server.serve_with_incoming(incoming(listener, None)));
    (away, at)
}

/// A call waits for a lock of the test meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_with_enough_to_do_says_so() {
    logs::install();
    servers::shared().create_databases("busy");
    let folder = servers::folder("liufang-busy-");
    let settings = [
        format!("database.url={:?}", servers::shared().postgres_url("busy_{role}")),
        "mesh.max_in_flight=1".to_owned(),
    ];
    let program = Program::start(folder.path(), &settings).await;
    let database = Database::connect(servers::shared().postgres_url("busy_identity")).await.unwrap();
    let lock = database.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE institution IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let institutions = InstitutionServiceClient::new(program.gateway().await.channel());
    let mut others = institutions.clone();
    let full = async {
        let waiting = "SELECT 1 FROM pg_locks WHERE relation = 'institution'::regclass AND NOT granted \
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        eventually("the call waits for the lock", || async {
            database.query_one_raw(Statement::from_string(DbBackend::Postgres, waiting)).await.unwrap()
        })
        .await;
        let refusal = refused_status(others.list_institutions(ListInstitutionsRequest::default()).await);
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::ResourceExhausted, "OVERLOADED"));
        assert!(refusal.retry_after.is_some(), "worth another try: {refusal}");
        let page = metrics_of(&program.admin).await;
        let shed = sample(&page, "liufang_rpc_shed_total{role=\"identity\"}").expect("the counter");
        assert!(1 <= shed.parse::<u64>().unwrap(), "{shed}");
        lock.rollback().await.unwrap();
    };
    // the gateway asks identity now and then as well, and may have the one place
    let begun = eventually("there is room", || async {
        let answer = institutions.clone().list_institutions(ListInstitutionsRequest::default()).await;
        answer
            .as_ref()
            .err()
            .is_none_or(|refused| refused.code() != Code::ResourceExhausted)
            .then_some(answer)
    });
    let (answer, ()) = tokio::join!(begun, full);
    answer.expect("what was begun is finished");
    eventually("there is room again", || async {
        institutions.clone().list_institutions(ListInstitutionsRequest::default()).await.ok()
    })
    .await;
    program.stop();
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn options(peer: &str, url: &str, resolve_every: Duration) -> RemoteOptions {
    RemoteOptions {
        peer: peer.to_owned(),
        targets: parse_targets(url).unwrap(),
        security: Security::Plain,
        outside: false,
        resolve_every,
        connect_timeout: Duration::from_secs(10),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_of_a_failing_peer_have_a_budget() {
    const CALLS: usize = 20;
    logs::install();
    let (away, at) = away(loopback()).await;
    // ten retries in ten seconds, and none for calls that succeed
    let limits = ClientLimits {
        attempts: 3,
        first_pause_ms: 1,
        retry_percent: 0,
        retries_per_second: 1,
        ..ClientLimits::default()
    };
    let place =
        Place::Remote(Remote::new(options("spent", &format!("http://{at}"), Duration::from_secs(60))));
    let peers = peers("order", "spent", place, limits);
    for _ in 0..CALLS {
        let answer = call(&peers, "spent").await.unwrap();
        assert_eq!(answer.headers()["grpc-status"], "14", "the peer's own word");
    }
    let tries = away.0.lock().unwrap().len();
    // without a budget there would be two retries of each; on a slow machine ten more seconds may begin
    assert!((CALLS + 10..=CALLS + 20).contains(&tries), "{tries} tries of {CALLS} calls");
}

/// A name service that says what it is told to.
#[derive(Default)]
struct Told(Mutex<Vec<SocketAddr>>);

impl Told {
    fn says(&self, addresses: &[SocketAddr]) {
        *self.0.lock().unwrap() = addresses.to_vec();
    }
}

impl Names for Told {
    fn lookup<'a>(&'a self, host: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        assert_eq!(host, "settlement.mesh.example");
        let addresses = self.0.lock().unwrap().clone();
        let answer = if addresses.is_empty() { Err(io::Error::other("no such name")) } else { Ok(addresses) };
        Box::pin(std::future::ready(answer))
    }
}

/// How many of `calls` each address answered.
async fn spread(remote: &Remote, calls: usize) -> BTreeMap<SocketAddr, usize> {
    let mut answered = BTreeMap::new();
    for _ in 0..calls {
        let request = Request::post("/liufang.settlement.v1.PaymentService/Void");
        let request = request.header("content-type", "application/grpc").header("grpc-timeout", "10S");
        let mut tried = Vec::new();
        let answer: Response<Body> =
            remote.call(request.body(Body::empty()).unwrap(), &mut tried).await.unwrap();
        assert_eq!(answer.headers()["grpc-status"], "14", "the peer's own word");
        *answered.entry(tried[0]).or_default() += 1;
    }
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_follow_a_name_to_its_addresses() {
    logs::install();
    let ((_, one), (_, two), (_, three)) =
        (away(loopback()).await, away(loopback()).await, away(loopback()).await);
    let names = Arc::new(Told::default());
    names.says(&[one, two]);
    let every = Duration::from_millis(50);
    let remote =
        Remote::named_by(names.clone(), options("settlement", "http://settlement.mesh.example:7000", every));
    let spread_over = async |addresses: &[SocketAddr]| {
        eventually("every address has its part of the calls, and nobody else", || async {
            let seen = spread(&remote, 60).await;
            let all = addresses.iter().all(|at| 10 <= seen.get(at).copied().unwrap_or_default());
            (all && seen.len() == addresses.len()).then_some(())
        })
        .await;
    };
    spread_over(&[one, two]).await;
    // one replica more; one less; all others
    names.says(&[one, two, three]);
    spread_over(&[one, two, three]).await;
    names.says(&[two, three]);
    spread_over(&[two, three]).await;
    names.says(&[one]);
    spread_over(&[one]).await;
    // a name service that is away takes nobody's address
    names.says(&[]);
    tokio::time::sleep(4 * every).await;
    spread_over(&[one]).await;
}
