//! One effect per event, whatever the bus does: an effect that would show every repeat, on real servers.

use std::future::pending;
use std::sync::Arc;

use liufang_kernel::Timestamp;
use liufang_platform::bus::{Bus as _, RedisBus, RedisOptions};
use liufang_platform::db::{DbOptions, Gate};
use liufang_platform::{Cipher, Consumer, Db, DbFault, Event, Ids, Migration, SystemClock};
use liufang_proto::order::v1::OrderChanged;
use liufang_tests::{eventually, logs, servers};
use prost::{Message as _, Name as _};
use sea_orm::{ConnectionTrait as _, Statement};
use tokio_util::sync::CancellationToken;

const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_tally",
    sql: "CREATE TABLE tally (taken BIGINT NOT NULL); INSERT INTO tally VALUES (0);",
}];
const CONSUMER: &str = "tally";

fn event(number: usize) -> Event {
    Event {
        id: format!("event-{number}"),
        topic: OrderChanged::full_name(),
        key: "ord_1".to_owned(),
        payload: OrderChanged::default().encode_to_vec(),
        traceparent: String::new(),
        at: Timestamp(1),
    }
}

/// Counts one up per event. The doomed one comes to no end after its commit, so nothing is acknowledged.
fn counting(db: &Db, doomed: bool) -> Consumer {
    let db = db.clone();
    Consumer::new::<OrderChanged, _, _, _>(CONSUMER, move |event, _| {
        let db = db.clone();
        async move {
            if let Some(work) = db.begin_event(CONSUMER, &event).await? {
                work.tx().execute_unprepared("UPDATE tally SET taken = taken + 1").await?;
                work.done().await?;
            }
            if doomed {
                pending::<()>().await;
            }
            Ok::<(), DbFault>(())
        }
    })
}

async fn taken(db: &Db) -> i64 {
    let query = Statement::from_string(db.backend(), "SELECT taken FROM tally");
    db.read().query_one_raw(query).await.unwrap().unwrap().try_get("", "taken").unwrap()
}

/// What the group has neither read nor acknowledged.
async fn open(connection: &mut redis::aio::MultiplexedConnection, stream: &str) -> i64 {
    let groups: Vec<std::collections::BTreeMap<String, redis::Value>> =
        redis::cmd("XINFO").arg("GROUPS").arg(stream).query_async(connection).await.unwrap();
    let number = |key: &str| redis::from_redis_value_ref::<i64>(&groups[0][key]).unwrap();
    number("lag") + number("pending")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_delivered_again_counts_once() {
    logs::install();
    let name = Ids.digits(8);
    let servers = servers::shared();
    servers.create_databases(&format!("tally{name}"));
    let options = DbOptions::new(servers.postgres_url(&format!("tally{name}_order")));
    let cipher = Cipher::new("a secret for tests only, long enough");
    let db = Db::connect(&options, cipher, Arc::new(SystemClock)).await.unwrap();
    db.migrate(MIGRATIONS).await.unwrap();
    let options = RedisOptions {
        url: servers.redis_url(),
        ca_file: String::new(),
        cluster: false,
        prefix: format!("tally-{name}"),
        keep_published: false,
    };
    let bus = RedisBus::new(&options).unwrap();
    let stream = format!("tally-{name}:{}", OrderChanged::full_name());
    let run = |replica: &'static str, doomed: bool, stop: CancellationToken| {
        let (bus, consumer) = (bus.clone(), counting(&db, doomed));
        tokio::spawn(async move { bus.consume(consumer, replica, Gate::opened(), stop).await })
    };

    // one replica dies between its commit and its acknowledgement
    bus.publish(&event(0)).await.unwrap();
    let dying = run("replica-0", true, CancellationToken::new());
    eventually("the effect is there", || async { (taken(&db).await == 1).then_some(()) }).await;
    dying.abort();
    let _ = dying.await;
    let client = redis::Client::open(servers.redis_url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    assert_eq!(open(&mut connection, &stream).await, 1, "handled, and nobody knows");
    // as if it had lain there for a minute: others may claim it
    let (id, ..): (String, String, i64, i64) = {
        let mut pending = redis::cmd("XPENDING");
        pending.arg(&stream).arg(CONSUMER).arg("-").arg("+").arg(1);
        let rows: Vec<(String, String, i64, i64)> = pending.query_async(&mut connection).await.unwrap();
        rows.into_iter().next().unwrap()
    };
    let mut age = redis::cmd("XCLAIM");
    age.arg(&stream).arg(CONSUMER).arg("replica-0").arg(0).arg(&id).arg("IDLE").arg(60_000);
    let _: redis::Value = age.query_async(&mut connection).await.unwrap();

    // and every event is published twice, to two replicas
    for number in (1..=20).chain(1..=20) {
        bus.publish(&event(number)).await.unwrap();
    }
    let stop = CancellationToken::new();
    let running = [run("replica-1", false, stop.clone()), run("replica-2", false, stop.clone())];
    eventually("everything is acknowledged", || async {
        (open(&mut connection.clone(), &stream).await == 0).then_some(())
    })
    .await;
    assert_eq!(taken(&db).await, 21, "each event counts once");
    stop.cancel();
    for replica in running {
        replica.await.unwrap();
    }
    db.close().await;
}
