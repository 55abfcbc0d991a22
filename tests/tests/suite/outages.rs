//! PostgreSQL or Redis away, at start or later; a Redis without memory; processes that stop. Nothing is lost, nobody ends
//! who should not, and probes are told the truth.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use liufang::client::Patient;
use liufang_proto::order::v1::{Order, OrderState};
use liufang_tests::servers::{self, PrivateCluster, PrivatePostgres, PrivateRedis};
use liufang_tests::{Shape, World, behaviour, eventually, eventually_or, logs, on_own_servers, processes};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::cast::*;

behaviour!(processes a_call_in_flight_outlives_the_signal);
behaviour!(processes a_second_signal_ends_at_once);
// what looks at PostgreSQL away, or at servers away at start, reads the health of one process with every role in it
on_own_servers!(redis_away_during_orders_loses_no_news);
on_own_servers!(a_redis_cluster_carries_the_events);

const ROW: u32 = 163;
pub const ADMIN: &str = "admin.listen=\"127.0.0.1:0\"";

/// The status and body of a page.
pub fn page(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let code = text.split(' ').nth(1).unwrap().parse().unwrap();
    (code, text.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned())
}

/// What gRPC health says of a service.
async fn health(address: &str, service: &str) -> ServingStatus {
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut client = HealthClient::new(channel);
    let asked = client.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap();
    asked.into_inner().status()
}

/// Places an order under one key until somebody answers.
pub async fn placed(patient: &Patient, basket: &Basket, key: String) -> Order {
    let keyed = patient.keyed(&key);
    eventually("the order is placed", || async {
        match basket.place(&keyed).await {
            Ok(order) => Some(order),
            Err(refusal) => {
                let passing = [Code::Unavailable, Code::DeadlineExceeded, Code::Aborted];
                assert!(passing.contains(&refusal.code), "{refusal}");
                None
            }
        }
    })
    .await
}

pub fn admin(world: &World) -> String {
    world.running.as_ref().unwrap().admin.unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_stops_under_calls_and_comes_back() {
    let _announced = logs::announce("not ready: database of");
    let mut postgres = PrivatePostgres::start();
    postgres.create_databases("alone");
    let settings = [
        format!("database.url={:?}", postgres.url("alone_{role}")),
        "database.acquire_timeout_ms=60000".to_owned(),
        ADMIN.to_owned(),
    ];
    let world = World::alone(&settings).await;
    let admin = admin(&world);
    assert_eq!(page(&admin, "/readyz").0, 200);
    let cast = Cast::of(&world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let basket = Basket::of(GRANULES, 1, cast.door(ROW));
    let looking = world.database("order").await;
    let lock = looking.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE idempotency IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let placing = join_all((0..6).map(|n| placed(&patient, &basket, format!("outage-key-{n}"))));
    let outage = async {
        // in the middle of their work
        arrived(&looking, 1).await;
        tokio::task::block_in_place(|| postgres.stop());
        eventually("it is not ready", || async { (page(&admin, "/readyz").0 == 503).then_some(()) }).await;
        let (_, body) = page(&admin, "/readyz");
        assert!(body.contains("database of order: does not answer"), "{body}");
        assert_eq!(page(&admin, "/livez").0, 200, "a restart would not help");
        assert_eq!(health(&admin, "liveness").await, ServingStatus::Serving);
        let service = "liufang.order.v1.OrderService";
        assert_eq!(health(&admin, service).await, ServingStatus::NotServing);
        let started = Instant::now();
        let refusal = refused_as(basket.place(&patient).await, "DATABASE_UNAVAILABLE");
        assert_eq!(refusal.code, Code::Unavailable);
        assert!(started.elapsed() < Duration::from_secs(20), "refused at once, not after a time-out");
        tokio::task::block_in_place(|| postgres.start_again());
        eventually("it is ready", || async { (page(&admin, "/readyz").0 == 200).then_some(()) }).await;
        assert_eq!(health(&admin, service).await, ServingStatus::Serving);
    };
    let (orders, ()) = tokio::join!(placing, outage);
    let mut ids: Vec<_> = orders.iter().map(|order| order.order_id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6, "every key one order");
    for order in &orders {
        cast.pay(&patient, order).await;
    }
    cast.books_agree().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_are_away_at_start_are_waited_for() {
    let _announced = logs::announce("not ready: database of");
    let _announced = logs::announce("waiting for the bus");
    let (mut postgres, mut redis) = (PrivatePostgres::start(), PrivateRedis::start());
    postgres.create_databases("late");
    postgres.stop();
    redis.kill();
    let settings = [
        format!("database.url={:?}", postgres.url("late_{role}")),
        "bus.kind=\"redis\"".to_owned(),
        format!("bus.url={:?}", redis.url()),
        ADMIN.to_owned(),
    ];
    let world = World::bare(&settings).await;
    let admin = admin(&world);
    let (code, body) = page(&admin, "/readyz");
    assert_eq!((code, page(&admin, "/livez").0), (503, 200), "{body}");
    assert!(body.contains("database of identity: does not answer") && body.contains("bus: redis"), "{body}");
    postgres.start_again();
    eventually("it is ready", || async { (page(&admin, "/readyz").0 == 200).then_some(()) }).await;
    assert!(page(&admin, "/readyz").1.contains("bus: redis"), "without the bus calls are answered");
    redis.start_again();
    eventually("the bus answers", || async {
        let (code, body) = page(&admin, "/readyz");
        (code == 200 && !body.contains("redis")).then_some(())
    })
    .await;
    // few words for many tries
    let words = logs::containing(&["does not answer: ", "waiting for the bus"]);
    let loud = words.iter().filter(|line| line.starts_with("WARN")).count();
    assert!(loud < 60, "{loud} lines: {words:?}");
    world.stop().await;
}

async fn redis_away_during_orders_loses_no_news(shape: Shape) {
    let _announced = logs::announce("waiting for the bus");
    let _announced = logs::announce("the bus may have lost events");
    let mut redis = PrivateRedis::start();
    let mut settings = redis.settings().to_vec();
    settings.extend((shape == Shape::Postgres).then(|| ADMIN.to_owned()));
    let world = World::start_with(shape, &settings).await;
    let cast = Cast::of(&world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    redis.kill();
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let claim = cast.claim(&order).await;
    cast.pos(SHOP).judge(&claim, &cast.practitioner(SHOP_PHARMACIST), true, "同意").await.unwrap();
    // the review is news of prescription; everybody goes on answering calls
    let replicas = processes::replicas("prescription");
    let (tellers, others): (Vec<String>, Vec<String>) = match &world.processes {
        None => (vec![admin(&world)], Vec::new()),
        Some(processes) => (
            (0..replicas).map(|replica| processes.admin("prescription", replica)).collect(),
            processes::all().map(|(role, replica)| processes.admin(role, replica)).collect(),
        ),
    };
    for admin in &tellers {
        eventually("it has noticed", || async {
            page(admin, "/readyz").1.contains("bus: redis").then_some(())
        })
        .await;
    }
    for admin in tellers.iter().chain(&others) {
        let (code, body) = page(admin, "/readyz");
        assert_eq!(code, 200, "{admin}: {body}");
    }
    // the news waits in the outbox
    let still = patient.order(&order.order_id).await.unwrap();
    assert_eq!(
        still.state().as_str_name(),
        OrderState::AwaitingPharmacy.as_str_name(),
        "nobody could tell the order"
    );
    redis.start_again();
    let order = cast.order_in(&patient, &order.order_id, OrderState::AwaitingPayment).await;
    cast.pay(&patient, &order).await;
    cast.books_agree().await;
    world.stop().await;
}

/// How often a delivery is tried before it waits to be claimed again.
const TRIES: u64 = 4;

/// Flushed after the event was published and before the order service has it: its tries all fail meanwhile.
///
/// In one process: as separate ones it has not been seen green.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_redis_forgot_is_published_again() {
    let _announced = logs::announce("the bus may have lost events");
    let _announced = logs::announce("internal error");
    let redis = PrivateRedis::start();
    let world = World::start_with(Shape::Postgres, &redis.settings()).await;
    let cast = Cast::of(&world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let claim = cast.claim(&order).await;
    let database = world.database("order").await;
    let lock = database.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE").await.unwrap();
    cast.pos(SHOP).judge(&claim, &cast.practitioner(SHOP_PHARMACIST), true, "同意").await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    // the tries of one delivery are over when nobody comes any more
    let (mut tries, mut last) = (0, Instant::now());
    while tries < TRIES || last.elapsed() < Duration::from_millis(300) {
        let cut = database.execute_unprepared(cut).await.unwrap().rows_affected();
        if 0 < cut {
            (tries, last) = (tries + cut, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    flush(&redis).await;
    assert_eq!(database.execute_unprepared(cut).await.unwrap().rows_affected(), 0, "nobody had it in hand");
    lock.rollback().await.unwrap();
    let order = cast.order_in(&patient, &order.order_id, OrderState::AwaitingPayment).await;
    cast.pay(&patient, &order).await;
    // and everything that had its effect before had it once
    cast.books_agree().await;
    world.stop().await;
}

async fn flush(redis: &PrivateRedis) {
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let _: () = redis::cmd("FLUSHALL").query_async(&mut connection).await.unwrap();
}

async fn a_redis_cluster_carries_the_events(shape: Shape) {
    let _announced = ["the bus may have lost events", "waiting for the bus"].map(logs::announce);
    let mut cluster = PrivateCluster::start();
    let settings = [
        format!("bus.url={:?}", cluster.urls()),
        format!("bus.ca_file={:?}", cluster.ca_file().display().to_string()),
        "bus.cluster=true".to_owned(),
        // it decides which server has which key: with this one, each has some
        "bus.prefix=\"spread\"".to_owned(),
    ];
    let world = World::start_with(shape, &settings).await;
    let cast = Cast::of(&world).await;
    let patient = cast.patient(1).await;
    let (order, claim) = cast.to_pay(&patient, SHOP, SHOP_PHARMACIST).await;
    cast.pay(&patient, &order).await;
    eventually_or("topics are spread", || async {
        let keys = cluster.keys();
        if keys.iter().all(|keys| 0 < *keys) { Ok(()) } else { Err(keys) }
    })
    .await;
    let before = cluster.events();
    assert!(0 < before);
    cluster.flush();
    cast.dispense(&order, SHOP_PHARMACIST, &claim.secret).await;
    cast.order_in(&patient, &order.order_id, OrderState::Dispensed).await;
    let whole = async |cluster: &PrivateCluster| {
        eventually("the cluster has everything again", || async {
            (before < cluster.events()).then_some(())
        })
        .await;
    };
    whole(&cluster).await;
    // and when a server with some of them is replaced by an empty one
    tokio::task::block_in_place(|| cluster.replace(1));
    whole(&cluster).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_without_a_free_connection_is_an_answer() {
    let name = "pool";
    servers::shared().create_databases(name);
    let url = servers::shared().postgres_url("pool_order");
    let mut options = liufang_platform::db::DbOptions::new(url);
    options.max_connections = 1;
    options.acquire_timeout = Duration::from_millis(200);
    let cipher = liufang_platform::Cipher::new("a secret for tests only, long enough");
    let clock = Arc::new(liufang_platform::SystemClock);
    let db = liufang_platform::Db::connect(&options, cipher, clock).await.unwrap();
    db.migrate(&[]).await.unwrap();
    // the first look proves the data keys, as at a start
    assert_eq!(db.look(&[], &[]).await, liufang_platform::db::DbState::Ready);
    let held = db.begin_step().await.unwrap();
    let refused = db.begin_step().await.err().expect("no connection is free");
    let status = liufang_platform::status::to_status(&refused, None);
    assert_eq!(status.code(), Code::Unavailable);
    use tonic_types::StatusExt as _;
    assert!(status.get_details_retry_info().is_some());
    assert_eq!(db.look(&[], &[]).await, liufang_platform::db::DbState::Ready, "busy is not away");
    held.cancel().await.unwrap();
    db.begin_step().await.unwrap().done().await.unwrap();
}

/// One order process of which a call is in flight: it waits for a lock that the test has.
struct InFlight {
    patient: Patient,
    basket: Basket,
    lock: sea_orm::DatabaseTransaction,
    /// Sees whether the call has come to the lock.
    looking: DatabaseConnection,
}

impl InFlight {
    async fn prepare(world: &mut World) -> InFlight {
        let cast = Cast::of(world).await;
        let patient = cast.patient_through("jd", ROW).await;
        let basket = Basket::of(GRANULES, 1, cast.door(ROW));
        let looking = world.database("order").await;
        let lock = looking.begin().await.unwrap();
        lock.execute_unprepared("LOCK TABLE idempotency IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let processes = world.processes.as_mut().expect("processes");
        let others = 1..processes::replicas("order");
        tokio::task::block_in_place(|| others.for_each(|replica| processes.kill("order", replica)));
        InFlight { patient, basket, lock, looking }
    }
}

/// So many calls wait for the lock.
async fn arrived(looking: &DatabaseConnection, calls: i64) {
    let waiting = "SELECT COUNT(*) AS calls FROM pg_locks WHERE relation = 'idempotency'::regclass AND NOT granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    eventually("the call waits for the lock", || async {
        let row = looking.query_one_raw(Statement::from_string(DbBackend::Postgres, waiting)).await.unwrap();
        let waiting: i64 = row.unwrap().try_get("", "calls").unwrap();
        (calls <= waiting).then_some(())
    })
    .await;
}

async fn a_call_in_flight_outlives_the_signal(world: &mut World) {
    let InFlight { patient, basket, lock, looking } = InFlight::prepare(world).await;
    let processes = world.processes.as_mut().expect("processes");
    let admin = processes.admin("order", 0);
    assert_eq!(page(&admin, "/readyz").0, 200);
    let stopping = async {
        arrived(&looking, 1).await;
        processes.signal("order", 0);
        let body = eventually("it is not ready", || async {
            let (code, body) = page(&admin, "/readyz");
            (code == 503).then_some(body)
        })
        .await;
        assert!(body.contains("stopping"), "{body}");
        assert_eq!(page(&admin, "/livez").0, 200);
        // past the drain: nothing new is taken, the running call still waits for its lock
        eventually("the drain is over", || async {
            processes.log("order", 0).contains("no more calls are taken").then_some(())
        })
        .await;
        lock.rollback().await.unwrap();
        tokio::task::block_in_place(|| processes.ended("order", 0))
    };
    let (placed, ended) = tokio::join!(basket.place(&patient), stopping);
    let order = placed.expect("the call in flight is answered");
    assert_eq!(ended.code(), Some(0), "{}", world.processes.as_ref().unwrap().log("order", 0));
    tokio::task::block_in_place(|| world.processes.as_mut().unwrap().restart_all("order"));
    assert_eq!(patient.order(&order.order_id).await.unwrap().order_id, order.order_id);
}

async fn a_second_signal_ends_at_once(world: &mut World) {
    world.expect_log("ended by a second signal");
    let InFlight { patient, basket, lock, looking } = InFlight::prepare(world).await;
    let processes = world.processes.as_mut().expect("processes");
    let admin = processes.admin("order", 0);
    let stopping = async {
        arrived(&looking, 1).await;
        processes.signal("order", 0);
        eventually("the first is heard", || async { (page(&admin, "/readyz").0 == 503).then_some(()) }).await;
        processes.signal("order", 0);
        // the lock is still held: it did not wait for the running call
        tokio::task::block_in_place(|| processes.ended("order", 0))
    };
    let keyed = patient.keyed("cut-off-key");
    let (ended, placing) = tokio::join!(stopping, basket.place(&keyed));
    assert_eq!(ended.code(), Some(1));
    assert!([Code::Unavailable, Code::DeadlineExceeded].contains(&refused(placing).code));
    lock.rollback().await.unwrap();
    tokio::task::block_in_place(|| world.processes.as_mut().unwrap().restart_all("order"));
    placed(&patient, &basket, "cut-off-key".to_owned()).await;
}
