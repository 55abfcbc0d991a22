//! Two replicas of every role on one database: nothing twice, nothing lost, nobody notices an upgrade.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use liufang::client::{Answer, Patient};
use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::{Order, OrderState};
use liufang_proto::sandbox::v1::Dial;
use liufang_tests::certificates::Authority;
use liufang_tests::processes::{self, ROLES};
use liufang_tests::streams::{self, Info};
use liufang_tests::{World, behaviour, eventually, logs};
use sea_orm::{ConnectionTrait as _, Statement};
use tonic::Code;

use super::cast::*;
use super::otlp::metrics_of;

behaviour!(processes an_event_is_handled_once);
behaviour!(processes the_other_replica_finishes_what_a_killed_one_began);
behaviour!(processes a_rolling_restart_is_not_noticed);
behaviour!(processes new_certificates_are_not_noticed);

const ROW: u32 = 163;

/// What every table of every database holds: how many rows, and a digest of them.
async fn rows(world: &World) -> BTreeMap<String, String> {
    let mut rows = BTreeMap::new();
    for role in ROLES.into_iter().filter(|role| *role != "gateway") {
        let database = world.database(role).await;
        let statement = |sql: String| Statement::from_string(database.get_database_backend(), sql);
        // a role notes from time to time that its data key is in use
        let tables = "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public' \
                      AND tablename <> 'data_key'";
        for table in database.query_all_raw(statement(tables.to_owned())).await.unwrap() {
            let table: String = table.try_get("", "name").unwrap();
            let sql = format!(
                "SELECT COUNT(*) || ' ' || MD5(STRING_AGG(t::text, '|' ORDER BY t::text)) AS held FROM {table} t"
            );
            let held = database.query_one_raw(statement(sql)).await.unwrap().unwrap();
            let held: Option<String> = held.try_get("", "held").unwrap();
            rows.insert(format!("{role}.{table}"), held.unwrap_or_default());
        }
        database.close().await.unwrap();
    }
    rows
}

struct Streams {
    connection: redis::aio::MultiplexedConnection,
    names: Vec<String>,
}

/// Id and fields.
type Entry = (String, Vec<(String, Vec<u8>)>);

fn number(info: &Info, key: &str) -> i64 {
    info.get(key).and_then(|value| redis::from_redis_value_ref(value).ok()).unwrap_or(0)
}

impl Streams {
    async fn of(world: &World) -> Streams {
        let (connection, names) = streams::of(&world.config).await;
        Streams { connection, names }
    }

    /// Publishes everything that was ever published once more; answers the events.
    async fn repeat(&mut self) -> Vec<String> {
        let mut ids = Vec::new();
        for name in &self.names {
            let entries: Vec<Entry> = redis::cmd("XRANGE")
                .arg(name)
                .arg("-")
                .arg("+")
                .query_async(&mut self.connection)
                .await
                .unwrap();
            for (_, fields) in entries {
                let mut add = redis::cmd("XADD");
                add.arg(name).arg("*");
                for (field, value) in fields {
                    if field == "id" {
                        ids.push(String::from_utf8(value.clone()).unwrap());
                    }
                    add.arg(field).arg(value);
                }
                let _: String = add.query_async(&mut self.connection).await.unwrap();
            }
        }
        ids
    }

    async fn info(&mut self, what: &str, of: &[&str]) -> Vec<Info> {
        streams::info(&mut self.connection, what, of).await
    }

    /// What every consumer group has neither read nor finished.
    async fn open(&mut self) -> Vec<(String, i64)> {
        let mut all = Vec::new();
        for name in self.names.clone() {
            for group in self.info("GROUPS", &[&name]).await {
                all.push((name.clone(), number(&group, "lag") + number(&group, "pending")));
            }
        }
        all
    }

    /// The most replicas that read one stream within the last seconds.
    async fn readers(&mut self) -> usize {
        let mut most = 0;
        for name in self.names.clone() {
            for group in self.info("GROUPS", &[&name]).await {
                let group: String = redis::from_redis_value_ref(&group["name"]).unwrap();
                let consumers = self.info("CONSUMERS", &[&name, &group]).await;
                most = most.max(consumers.iter().filter(|info| number(info, "idle") < 5_000).count());
            }
        }
        most
    }

    async fn until_done(&mut self) {
        let started = Instant::now();
        loop {
            let open = self.open().await;
            if open.iter().all(|(_, open)| *open == 0) {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{open:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Deliveries that every process together found handled before.
async fn duplicates(world: &World) -> i64 {
    let processes = world.processes.as_ref().expect("processes");
    let mut sum = 0;
    for (role, replica) in processes::all() {
        let page = metrics_of(&processes.admin(role, replica)).await;
        let found = page.lines().filter(|line| line.starts_with("liufang_bus_handled_total{"));
        let found = found.filter(|line| line.contains("outcome=\"duplicate\""));
        sum += found.map(|line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap()).sum::<i64>();
    }
    sum
}

/// How often the inboxes of all roles have noted these events.
async fn noted(world: &World, ids: &[String]) -> i64 {
    let mut sum = 0;
    for role in ROLES.into_iter().filter(|role| *role != "gateway") {
        let database = world.database(role).await;
        let sql = "SELECT COUNT(*) AS noted FROM inbox WHERE event_id = ANY($1)";
        let values = [ids.to_vec().into()];
        let count = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
        sum += database.query_one_raw(count).await.unwrap().unwrap().try_get::<i64>("", "noted").unwrap();
        database.close().await.unwrap();
    }
    sum
}

async fn an_event_is_handled_once(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let orders = join_all((0..5).map(|_| cast.paid_otc(&patient, ROW))).await;
    for order in &orders[..2] {
        patient.cancel(&order.order_id).await.unwrap();
    }
    for order in &orders[2..] {
        cast.dispense(order, OTC_PHARMACIST, "").await;
    }
    let mut streams = Streams::of(world).await;
    // everything has settled when nothing changes any more
    let inventory = cast.available(OTC_SHOP, GRANULES).await;
    eventually("nothing changes any more", || async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        (rows(world).await == rows(world).await).then_some(())
    })
    .await;
    streams.until_done().await;
    let (before, known) = (rows(world).await, duplicates(world).await);
    // every event comes once more, to whichever replica is free
    let repeated = streams.repeat().await;
    assert!(20 < repeated.len(), "{} events", repeated.len());
    let expected = noted(world, &repeated).await;
    streams.until_done().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let after = rows(world).await;
    let changed: Vec<_> = after.iter().filter(|(table, count)| before.get(*table) != Some(count)).collect();
    assert!(changed.is_empty(), "a second delivery had an effect: {changed:?}");
    // most effects would be the same if they were made again: the inbox itself must have said no, to each consumer
    logs::note(&format!("{} events again, {expected} times known to an inbox", repeated.len()));
    assert!(10 < expected, "{expected} known");
    assert_eq!(duplicates(world).await - known, expected, "deliveries the inbox refused");
    assert_eq!(cast.available(OTC_SHOP, GRANULES).await, inventory);
    cast.books_agree().await;
    assert_eq!(streams.readers().await, processes::replicas("order"), "every replica takes its share");
}

/// How often each replica of a role has answered a method.
async fn answered(world: &World, role: &'static str, method: &str) -> Vec<u64> {
    let processes = world.processes.as_ref().expect("processes");
    let mut counts = Vec::new();
    for replica in 0..processes::replicas(role) {
        let page = metrics_of(&processes.admin(role, replica)).await;
        let of = format!("method=\"{method}\"");
        let lines = page.lines().filter(|line| line.starts_with("liufang_rpc_duration_seconds_count{"));
        let own = lines.filter(|line| line.contains(&of)).map(|line| line.rsplit(' ').next().unwrap());
        counts.push(own.map(|count| count.parse::<u64>().unwrap()).sum());
    }
    counts
}

async fn the_other_replica_finishes_what_a_killed_one_began(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let mut orders = Vec::new();
    for (role, call) in [
        ("order", "liufang.order.v1.OrderService/PayOrder"),
        ("settlement", "liufang.settlement.v1.PaymentService/Authorise"),
    ]
    .repeat(2)
    {
        if processes::replicas(role) < 2 {
            return logs::note("skipped: nobody takes over where there is one replica");
        }
        let before = answered(world, role, call).await;
        let order = cast.unpaid_otc(&patient, ROW).await;
        // nothing reaches the channel
        cast.pays_unheard(&patient, &order, Dial::LoseRequest, 0).await;
        // the one that began it
        let replica = eventually("one replica has answered", || async {
            let now = answered(world, role, call).await;
            (0..now.len()).find(|replica| before[*replica] < now[*replica])
        })
        .await;
        let processes = world.processes.as_mut().expect("processes");
        tokio::task::block_in_place(|| processes.kill(role, replica));
        cast.hears_again().await;
        // nobody starts it again before the other has finished
        let started = Instant::now();
        eventually("the order is paid", || async {
            let seen = patient.order(&order.order_id).await;
            seen.is_ok_and(|order| order.state() == OrderState::Paid).then_some(())
        })
        .await;
        logs::note(&format!("without {role}-{replica}: paid after {} ms", started.elapsed().as_millis()));
        let processes = world.processes.as_mut().expect("processes");
        tokio::task::block_in_place(|| processes.restart(role, replica));
        orders.push(order);
    }
    cast.outside_books_show(orders.len()).await;
    cast.books_agree().await;
}

#[derive(Default)]
pub struct Tally {
    calls: AtomicUsize,
    retries: AtomicUsize,
    paid: AtomicUsize,
    failed: std::sync::Mutex<Vec<String>>,
}

/// What a client's standard retry does: the same call under the same key while the answer is UNAVAILABLE.
async fn retried<T>(tally: &Tally, call: impl AsyncFn() -> Answer<T>) -> Option<T> {
    tally.calls.fetch_add(1, Ordering::Relaxed);
    let mut pause = Duration::from_millis(50);
    for _ in 0..8 {
        match call().await {
            Ok(answer) => return Some(answer),
            Err(refusal) if refusal.code == Code::Unavailable => {
                tally.retries.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
            Err(refusal) => {
                tally.failed.lock().unwrap().push(refusal.to_string());
                return None;
            }
        }
    }
    tally.failed.lock().unwrap().push("UNAVAILABLE again and again".to_owned());
    None
}

/// Four patients go on whatever happens behind the door, until `control` has ended: `paid` orders are paid for, one after the
/// other; others are placed and cancelled; and people look.
pub async fn under_load(world: &mut World, paid: usize, control: impl AsyncFnOnce(&mut World)) -> Tally {
    let (stop, tally) = (AtomicBool::new(false), Tally::default());
    let mut people = Vec::new();
    for _ in 0..4 {
        let cast = Cast::of(world).await;
        let patient = cast.patient_through("jd", ROW).await;
        people.push((cast, patient));
    }
    let goes_on = async |worker: usize, (cast, patient): (Cast, Patient)| {
        let mut round = 0;
        while !stop.load(Ordering::Relaxed) || (worker == 0 && round < paid) {
            let key = format!("load-{worker}-{round}");
            match worker {
                0 if round < paid => buys(&cast, &patient, &tally, &key).await,
                0 | 1 => looks(&patient, &tally).await,
                _ => thinks_again(&cast, &patient, &tally, &key).await,
            }
            round += 1;
        }
    };
    let everybody = join_all(people.into_iter().enumerate().map(|(worker, person)| goes_on(worker, person)));
    let controlled = async {
        control(world).await;
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(everybody, controlled);
    tally
}

async fn places(cast: &Cast, patient: &Patient, tally: &Tally, key: &str) -> Option<Order> {
    let (basket, keyed) = (Basket::of(GRANULES, 1, cast.door(ROW)), patient.keyed(key));
    retried(tally, async || basket.place(&keyed).await).await
}

async fn buys(cast: &Cast, patient: &Patient, tally: &Tally, key: &str) {
    let Some(order) = places(cast, patient, tally, key).await else { return };
    let keyed = patient.keyed(&format!("{key}-pay"));
    if retried(tally, async || keyed.pay(&order, Channel::Wechat).await).await.is_none() {
        return;
    }
    let started = Instant::now();
    loop {
        let seen = retried(tally, async || patient.order(&order.order_id).await).await;
        let state = seen.map(|order| order.state());
        match state {
            Some(OrderState::Paid) => break,
            Some(_) if started.elapsed() < Duration::from_secs(60) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other => {
                tally.failed.lock().unwrap().push(format!(
                    "{} is {:?}",
                    order.order_id,
                    other.map(|state| state.as_str_name())
                ));
                return;
            }
        }
    }
    tally.paid.fetch_add(1, Ordering::Relaxed);
}

async fn thinks_again(cast: &Cast, patient: &Patient, tally: &Tally, key: &str) {
    let Some(order) = places(cast, patient, tally, key).await else { return };
    let keyed = patient.keyed(&format!("{key}-cancel"));
    retried(tally, async || keyed.cancel(&order.order_id).await).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
}

async fn looks(patient: &Patient, tally: &Tally) {
    retried(tally, async || patient.account().await).await;
    retried(tally, async || patient.list_orders(Default::default()).await).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
}

pub async fn nobody_noticed(world: &World, tally: &Tally, least_calls: usize) {
    let failed = tally.failed.lock().unwrap().clone();
    let (calls, retries) = (tally.calls.load(Ordering::Relaxed), tally.retries.load(Ordering::Relaxed));
    assert!(failed.is_empty(), "{} of {calls} calls failed ({retries} retries): {failed:#?}", failed.len());
    assert!(least_calls < calls, "{calls} calls are no load");
    let cast = Cast::of(world).await;
    let paid = tally.paid.load(Ordering::Relaxed);
    cast.outside_books_show(paid).await;
    eventually("what was cancelled is on the shelf again", || async {
        let level = cast.stock(OTC_SHOP, GRANULES).await;
        (usize::try_from(packs(&level.reserved)).unwrap() == paid).then_some(())
    })
    .await;
    cast.books_agree().await;
    logs::note(&format!("load: {calls} calls, {retries} retried, {paid} orders paid"));
}

async fn a_rolling_restart_is_not_noticed(world: &mut World) {
    if processes::replicas("order") < 2 {
        return logs::note("skipped: it is noticed where there is one replica");
    }
    let tally = under_load(world, 6, async |world| {
        let mut processes = world.processes.take().expect("processes");
        // blocking work beside the load
        let restarted = tokio::task::spawn_blocking(move || {
            for (role, replica) in processes::all() {
                let ended = processes.terminate(role, replica);
                assert_eq!(ended.code(), Some(0), "{role}-{replica}: {}", processes.log(role, replica));
                processes.restart(role, replica);
            }
            processes
        });
        world.processes = Some(restarted.await.expect("every process ends well"));
    })
    .await;
    nobody_noticed(world, &tally, 30).await;
}

async fn new_certificates_are_not_noticed(world: &mut World) {
    let tally = under_load(world, 2, async |world| {
        let processes = world.processes.as_mut().expect("processes");
        let new = Authority::new();
        let both = format!("{}{}", processes.authority.pem(), new.pem());
        let phases = [(&both, &processes.authority), (&both, &new), (&new.pem(), &new)];
        for (phase, (authorities, signer)) in phases.into_iter().enumerate() {
            for role in ROLES {
                processes.certificate(role).write(authorities, &signer.role(&[role]));
            }
            eventually("every process has read them", || async {
                let read =
                    |(role, replica)| processes.log(role, replica).matches("certificate replaced").count();
                processes::all().all(|process| phase < read(process)).then_some(())
            })
            .await;
        }
        // connections of the old certificates are gone after their age
        tokio::time::sleep(Duration::from_secs(6)).await;
        processes.authority = new;
    })
    .await;
    nobody_noticed(world, &tally, 30).await;
}
