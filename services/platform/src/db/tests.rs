//! The unit of work on a real SQLite file; the same guarantees on PostgreSQL are tested in `tests/`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sea_orm::{ConnectionTrait, Statement};

use super::relay::Relay;
use super::{Begun, DbFault, outbox};
use crate::auth::{Principal, PrincipalKind};
use crate::bus::{Consumer, LocalBus};
use crate::call::CallMeta;
use crate::migrate::Migration;
use crate::testing::{World, world};

const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_counter",
    sql: "CREATE TABLE counter (id TEXT PRIMARY KEY, n BIGINT NOT NULL);\n",
}];

fn meta(world: &World, key: &str, hash: &str) -> CallMeta {
    CallMeta {
        principal: Principal::service("test"),
        method: "/test/Count".to_owned(),
        idempotency_key: Some(key.to_owned()),
        request_hash: hash.to_owned(),
        now: world.deps.clock.now(),
    }
}

async fn count(world: &World, key: &str, hash: &str) -> Result<i64, DbFault> {
    let work = match world.deps.db.begin::<i64>(&meta(world, key, hash)).await? {
        Begun::Fresh(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let sql = "INSERT INTO counter (id, n) VALUES ('a', 1) ON CONFLICT (id) DO UPDATE SET n = counter.n + 1 RETURNING n";
    let row = work.tx().query_one_raw(Statement::from_string(world.deps.db.backend(), sql)).await?.unwrap();
    let event =
        liufang_proto::dispatch::v1::DeliveryChanged { delivery_id: key.to_owned(), ..Default::default() };
    work.push(&event, key).await?;
    work.commit(row.try_get::<i64>("", "n")?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_key_has_one_effect_and_one_answer() {
    let world = Arc::new(world("test", MIGRATIONS, &[]).await);
    let calls = (0..50).map(|_| {
        let world = world.clone();
        tokio::spawn(async move { count(&world, "the-same-key", "hash").await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), 1);
    }
    assert_eq!(count(&world, "another-key", "hash").await.unwrap(), 2);
    assert!(matches!(count(&world, "another-key", "other body").await, Err(DbFault::KeyReused)));
}

#[tokio::test]
async fn machines_of_an_institution_share_their_keys() {
    let world = world("test", MIGRATIONS, &[]).await;
    let by = async |kind, client: &str| {
        let principal =
            Principal { kind, subject: "P1".to_owned(), client: client.to_owned(), ..Principal::default() };
        let meta = CallMeta { principal, ..meta(&world, "the-same-key", "hash") };
        match world.deps.db.begin::<i64>(&meta).await.unwrap() {
            Begun::Replay(reply) => reply,
            Begun::Fresh(work) => {
                work.commit(i64::try_from(client.len()).unwrap()).await.unwrap();
                -1
            }
        }
    };
    assert_eq!(by(PrincipalKind::Pos, "").await, -1);
    assert_eq!((by(PrincipalKind::Pos, "pos-1").await, by(PrincipalKind::Pos, "pos-22").await), (0, 0));
    // a person's key is not the key of the platform they come through
    assert_eq!(
        (by(PrincipalKind::Patient, "jd").await, by(PrincipalKind::Patient, "meituan").await),
        (-1, -1)
    );
}

#[tokio::test]
async fn a_dropped_work_leaves_nothing_and_frees_the_key() {
    let world = world("test", MIGRATIONS, &[]).await;
    let Begun::Fresh(work) = world.deps.db.begin::<i64>(&meta(&world, "dropped-key", "h")).await.unwrap()
    else {
        panic!("a fresh key");
    };
    work.push(&liufang_proto::dispatch::v1::DeliveryChanged::default(), "x").await.unwrap();
    drop(work);
    assert_eq!(outbox::backlog(&world.deps.db).await.unwrap().0, 0);
    assert_eq!(count(&world, "dropped-key", "h").await.unwrap(), 1);
}

#[tokio::test]
async fn an_event_reaches_a_failing_consumer_later_and_a_good_one_once() {
    let world = Arc::new(world("test", MIGRATIONS, &[]).await);
    let (good, bad) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let bus = LocalBus::default();
    let (seen, db) = (good.clone(), world.deps.db.clone());
    let first =
        Consumer::new::<liufang_proto::dispatch::v1::DeliveryChanged, _, _, _>("good", move |event, _| {
            let (seen, db) = (seen.clone(), db.clone());
            async move {
                if let Some(work) = db.begin_event("good", &event).await? {
                    seen.fetch_add(1, Ordering::SeqCst);
                    work.done().await?;
                }
                Ok::<(), DbFault>(())
            }
        });
    let tries = bad.clone();
    let second =
        Consumer::new::<liufang_proto::dispatch::v1::DeliveryChanged, _, _, _>("bad", move |_, _| {
            let tried = tries.fetch_add(1, Ordering::SeqCst);
            async move { if tried < 2 { Err(DbFault::LostRace) } else { Ok(()) } }
        });
    bus.attach(vec![first, second]);
    count(&world, "one-event", "h").await.unwrap();
    let mut relay = Relay::new(world.deps.db.clone(), Arc::new(bus));
    for expected in [0, 0, 1, 0] {
        assert_eq!(relay.step().await.unwrap(), expected);
        world.clock.advance_seconds(100);
    }
    assert_eq!((good.load(Ordering::SeqCst), bad.load(Ordering::SeqCst)), (1, 3));
}
