//! A PostgreSQL or Redis host that vanishes without a word: connections stay open, and nothing comes back on them. Nobody
//! waits for TCP to give up, and no restart is needed when the host, or another in its place, takes new connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use liufang_platform::bus::{Bus as _, Consumer, Event, RedisBus, RedisOptions};
use liufang_platform::db::{DbFault, DbOptions, DbState, Gate};
use liufang_platform::{Cipher, Db, SystemClock, deadline};
use liufang_proto::order::v1::OrderChanged;
use liufang_tests::front::Front;
use liufang_tests::servers::{self, PrivatePostgres, PrivateRedis};
use liufang_tests::{World, eventually, logs};
use sea_orm::ConnectionTrait as _;
use tokio_util::sync::CancellationToken;
use tonic::Code;

use super::cast::*;
use super::outages::{ADMIN, admin, page, placed};

const ROW: u32 = 163;
/// Far more than anything here takes, far less than TCP's patience.
const PATIENCE: Duration = Duration::from_secs(45);

/// One connection to a database of its own behind a front.
async fn behind(name: &str, statement_timeout: Duration) -> (Front, Db) {
    servers::shared().create_databases(name);
    let front = Front::start(servers::shared().postgres_port);
    let url = servers::shared().postgres_url(&format!("{name}_order"));
    let url = url.replace(&servers::shared().postgres_port.to_string(), &front.port().to_string());
    let mut options = DbOptions::new(url);
    options.max_connections = 1;
    options.acquire_timeout = Duration::from_secs(20);
    options.statement_timeout = statement_timeout;
    let cipher = Cipher::new("a secret for tests only, long enough");
    let db = Db::connect(&options, cipher, Arc::new(SystemClock)).await.unwrap();
    db.migrate(&[]).await.unwrap();
    assert_eq!(db.look(&[], &[]).await, DbState::Ready);
    (front, db)
}

async fn works_again(db: &Db) {
    eventually("the database works", || async {
        let work = db.begin_step().await.ok()?;
        work.tx().execute_unprepared("SELECT 1").await.ok()?;
        work.done().await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_whose_statement_got_no_answer_is_closed() {
    let (front, db) = behind("unanswered", Duration::from_millis(500)).await;
    let work = db.begin_step().await.unwrap();
    work.tx().execute_unprepared("SELECT 1").await.unwrap();
    front.fall_silent();
    front.let_new_ones_through();
    let asked = tokio::time::timeout(PATIENCE, work.tx().execute_unprepared("SELECT 2")).await;
    let fault = DbFault::from(asked.expect("it is given up").unwrap_err());
    assert!(matches!(fault, DbFault::Unavailable(_)), "{fault:?}");
    drop(work);
    // the pool has one place: it is free, and another connection in it
    works_again(&db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_that_finds_silence_ends_what_waits_in_it() {
    let (front, db) = behind("looked", Duration::from_secs(600)).await;
    let work = db.begin_step().await.unwrap();
    front.fall_silent();
    let waiting = work.tx().execute_unprepared("SELECT 1");
    let (asked, state) = tokio::join!(tokio::time::timeout(PATIENCE, waiting), db.look(&[], &[]));
    assert_eq!(state, DbState::Ready, "one look without an answer is not an outage");
    assert!(asked.expect("the statement ends").is_err());
    drop(work);
    assert!(matches!(db.look(&[], &[]).await, DbState::Away(_)));
    front.let_new_ones_through();
    works_again(&db).await;
    assert_eq!(db.look(&[], &[]).await, DbState::Ready);
}

/// Its place in the pool hangs in the round trip with which the pool takes it back: no statement is there to be given up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_given_back_to_silence_blocks_nobody() {
    let (front, db) = behind("given", Duration::from_secs(600)).await;
    let work = db.begin_step().await.unwrap();
    front.fall_silent();
    drop(work);
    db.look(&[], &[]).await;
    front.let_new_ones_through();
    works_again(&db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_asked_again_is_given_up_before_the_deadline() {
    let (front, db) = behind("reading", Duration::from_secs(600)).await;
    db.read().execute_unprepared("SELECT 1").await.unwrap();
    // the pool has taken the connection back, and gives it out again without a question
    eventually("the connection is free", || async { (db.pool().idle == 1).then_some(()) }).await;
    front.fall_silent();
    let end = Instant::now() + Duration::from_secs(6);
    let read = deadline::scope(end, db.read().execute_unprepared("SELECT 2"));
    let read = tokio::time::timeout_at(end.into(), read).await;
    assert!(read.expect("an answer before the deadline").is_err());
    let begun = deadline::scope(Instant::now(), async { db.begin_step().await.err() }).await;
    assert!(matches!(begun, Some(DbFault::Unavailable(_))), "{begun:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_falls_silent_under_calls_and_is_replaced() {
    let _announced = logs::announce("not ready: database of");
    let postgres = PrivatePostgres::start();
    postgres.create_databases("mute");
    let front = Front::start(postgres.port());
    let url = postgres.url("mute_{role}").replace(&postgres.port().to_string(), &front.port().to_string());
    let settings =
        [format!("database.url={url:?}"), "database.acquire_timeout_ms=2000".to_owned(), ADMIN.to_owned()];
    let world = World::alone(&settings).await;
    let admin = admin(&world);
    assert_eq!(page(&admin, "/readyz").0, 200);
    let cast = Cast::of(&world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let basket = Basket::of(GRANULES, 1, cast.door(ROW));
    front.fall_silent();
    let calls = join_all((0..4).map(|n| {
        let patient = patient.keyed(&format!("silence-key-{n}"));
        let basket = &basket;
        async move { basket.place(&patient).await }
    }));
    for refusal in calls.await.into_iter().map(refused) {
        assert_eq!(refusal.code, Code::Unavailable, "an answer, and before the deadline: {refusal}");
    }
    eventually("it is not ready", || async { (page(&admin, "/readyz").0 == 503).then_some(()) }).await;
    let (_, body) = page(&admin, "/readyz");
    assert!(body.contains("database of order: does not answer"), "{body}");
    assert_eq!(page(&admin, "/livez").0, 200, "a restart would not help");
    refused_as(basket.place(&patient).await, "DATABASE_UNAVAILABLE");
    front.let_new_ones_through();
    eventually("it is ready", || async { (page(&admin, "/readyz").0 == 200).then_some(()) }).await;
    for n in 0..4 {
        let order = placed(&patient, &basket, format!("silence-key-{n}")).await;
        cast.pay(&patient, &order).await;
    }
    cast.books_agree().await;
    world.stop().await;
}

fn event(id: &str) -> Event {
    use prost::{Message as _, Name as _};
    let body = OrderChanged { order_id: id.to_owned(), ..OrderChanged::default() };
    Event {
        id: id.to_owned(),
        topic: OrderChanged::full_name(),
        key: id.to_owned(),
        payload: body.encode_to_vec(),
        traceparent: String::new(),
        at: liufang_kernel::Timestamp(1),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_falls_silent_and_is_replaced() {
    let redis = PrivateRedis::secured();
    let front = Front::start(redis.port());
    let options = RedisOptions {
        url: redis.url().replace(&redis.port().to_string(), &front.port().to_string()),
        cluster: false,
        ca_file: redis.tls().ca().display().to_string(),
        prefix: "silence".to_owned(),
        keep_published: false,
    };
    let bus = RedisBus::new(&options).unwrap();
    let taken: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let list = taken.clone();
    let consumer = Consumer::new::<OrderChanged, _, _, _>("listener", move |_, body: OrderChanged| {
        list.lock().unwrap().push(body.order_id);
        async { Ok::<(), DbFault>(()) }
    });
    let shutdown = CancellationToken::new();
    let (own, stop) = (bus.clone(), shutdown.clone());
    let running = tokio::spawn(async move { own.consume(consumer, "replica", Gate::opened(), stop).await });
    bus.publish(&event("before")).await.unwrap();
    let is_taken = |id: &'static str| {
        let taken = taken.clone();
        move || {
            let found = taken.lock().unwrap().iter().any(|other| other == id).then_some(());
            async move { found }
        }
    };
    eventually("the first is taken", is_taken("before")).await;
    front.fall_silent();
    let lost = tokio::time::timeout(PATIENCE, bus.publish(&event("into silence"))).await;
    assert!(lost.expect("it is given up").unwrap_err().is_transient());
    front.let_new_ones_through();
    eventually("it can be published to", || async { bus.publish(&event("after")).await.ok() }).await;
    eventually("the consumer has another connection too", is_taken("after")).await;
    shutdown.cancel();
    running.await.unwrap();
}
