//! Replicas share work by leases: what one has in hand the others leave alone, and what a dead one had is taken when its lease
//! is over. The clock stands still meanwhile, so that no lease ends by itself.

use liufang::client::Patient;
use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::{ListOrdersRequest, Order, OrderState};
use liufang_proto::sandbox::v1::Dial;
use liufang_tests::processes::{self, Processes};
use liufang_tests::{World, behaviour, eventually};
use sea_orm::{ConnectionTrait as _, Statement};

use super::cast::*;
use super::otlp::{metrics_of, sample};

behaviour!(processes a_payment_in_hand_is_left_alone_until_its_lease_ends);
behaviour!(processes a_step_in_hand_is_left_alone_until_its_lease_ends);

const ROW: u32 = 163;
/// Longer than the lease of a payment and of a step.
const LEASES_S: i64 = 21;

fn running(world: &World) -> &Processes {
    world.processes.as_ref().expect("processes")
}

/// The one row a query finds, as text.
async fn row(world: &World, role: &str, sql: &str) -> Option<String> {
    let database = world.database(role).await;
    let query = Statement::from_string(database.get_database_backend(), sql);
    let mut rows = database.query_all_raw(query).await.unwrap();
    assert!(rows.len() < 2, "{} rows", rows.len());
    let row = rows.pop().map(|row| row.try_get("", "row").unwrap());
    database.close().await.unwrap();
    row
}

async fn read(world: &World, (role, replica): (&'static str, usize), series: &str) -> i64 {
    let page = metrics_of(&running(world).admin(role, replica)).await;
    sample(&page, series).map_or(0, |value| value.parse().unwrap())
}

/// The replica that has a call in hand which does not end.
async fn holder(world: &World, role: &'static str) -> usize {
    let in_flight = format!("liufang_rpc_in_flight{{role=\"{role}\"}}");
    eventually(&format!("one replica of {role} has a call in hand"), || async {
        let mut busy = [true, true];
        for _ in 0..5 {
            for (replica, busy) in busy.iter_mut().enumerate() {
                *busy &= 0 < read(world, (role, replica), &in_flight).await;
            }
        }
        match busy {
            [true, false] => Some(0),
            [false, true] => Some(1),
            _ => None,
        }
    })
    .await
}

/// Waits until a replica's worker has looked for work so often again.
async fn looks(world: &World, process: (&'static str, usize), worker: &str, times: i64) {
    let steps = format!("liufang_worker_step_seconds_count{{role=\"{}\",worker=\"{worker}\"}}", process.0);
    let before = read(world, process, &steps).await;
    eventually("the worker looks for work", || async {
        (before + times <= read(world, process, &steps).await).then_some(())
    })
    .await;
}

/// `held` runs in one replica, which stands still in the middle of it: the other leaves it alone, even when the first is
/// dead, as long as the lease lasts. Afterwards it takes it.
async fn is_left_alone(world: &mut World, role: &'static str, worker: &str, holder: usize, sql: &str) {
    let other = (role, 1 - holder);
    let in_hand = row(world, role, sql).await.expect("work in hand");
    looks(world, other, worker, 5).await;
    assert_eq!(row(world, role, sql).await.as_ref(), Some(&in_hand), "taken while somebody had it");
    let processes = world.processes.as_mut().expect("processes");
    tokio::task::block_in_place(|| processes.kill(role, holder));
    looks(world, other, worker, 5).await;
    assert_eq!(row(world, role, sql).await.as_ref(), Some(&in_hand), "taken before the lease ended");
    world.clock.advance_seconds(LEASES_S);
    eventually("the other replica takes it", || async {
        (row(world, role, sql).await.as_ref() != Some(&in_hand)).then_some(())
    })
    .await;
    world.clock.go_on();
}

async fn a_payment_in_hand_is_left_alone_until_its_lease_ends(world: &mut World) {
    if processes::replicas("settlement") < 2 {
        return;
    }
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    // the first order to the channel is lost on its way
    cast.public().dial("PaymentChannel/CreatePayment", Dial::LoseRequest, 1, "").await.unwrap();
    world.clock.stand_still();
    // the channel holds the line until the settlement that called it stands still too
    running(world).freeze("sandbox", 0);
    let paying = {
        let (patient, order) = (patient.clone(), order.clone());
        tokio::spawn(async move { patient.pay(&order, Channel::Wechat).await.map(drop) })
    };
    let sql = "SELECT CONCAT_WS(' ', payment_id, state, step, attempts, next_at_us, version) AS row \
               FROM payment WHERE state = 'pending'";
    eventually("the payment is in hand", || row(world, "settlement", sql)).await;
    let holder = holder(world, "settlement").await;
    running(world).freeze("settlement", holder);
    running(world).thaw("sandbox", 0);
    is_left_alone(world, "settlement", "converge-payments", holder, sql).await;
    // whatever the payer heard
    let _ = paying.await.expect("the payer lives on");
    cast.order_in(&patient, &order.order_id, OrderState::Paid).await;
    let book = cast.public().list_channel_book(Default::default()).await.unwrap().rows;
    assert_eq!(book.iter().filter(|row| row.state == "paid").count(), 1, "{}", show(&book));
    let insurer = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    assert_eq!(insurer.iter().filter(|row| !row.reversed).count(), 1);
    let account = patient.account().await.unwrap();
    assert_eq!((account.balance_fen, account.held_fen), (508_900 - 1_558, 0));
    cast.books_agree().await;
    starts_again(world, "settlement", holder);
}

async fn a_step_in_hand_is_left_alone_until_its_lease_ends(world: &mut World) {
    if processes::replicas("order") < 2 {
        return;
    }
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let (first, free) = (cast.unpaid_otc(&patient, ROW).await, cast.available(OTC_SHOP, GRANULES).await);
    world.clock.stand_still();
    // the shelf holds the line until the order service that called it stands still too
    let shelves = 0..processes::replicas("inventory");
    shelves.clone().for_each(|replica| running(world).freeze("inventory", replica));
    let cancelling = {
        let (patient, id) = (patient.clone(), first.order_id.clone());
        tokio::spawn(async move { patient.cancel(&id).await.map(drop) })
    };
    let sql = format!(
        "SELECT CONCAT_WS(' ', position, step, attempts, next_at_us) AS row FROM journal \
         WHERE order_id = '{}' AND state = 'open' AND step = 'release'",
        first.order_id
    );
    eventually("the step is in hand", || row(world, "order", &sql)).await;
    let holder = holder(world, "order").await;
    running(world).freeze("order", holder);
    shelves.for_each(|replica| running(world).thaw("inventory", replica));
    // a caller who waits has his step made by whom he asks next
    cancelling.abort();
    let _ = cancelling.await;
    nobody_waits_at_the_door(world).await;
    is_left_alone(world, "order", "resume-sagas", holder, &sql).await;
    cast.order_in(&patient, &first.order_id, OrderState::Cancelled).await;
    let shelf = cast.stock(OTC_SHOP, GRANULES).await;
    assert_eq!((packs(&shelf.available), packs(&shelf.reserved)), (free + 1, 0), "released once");
    assert_eq!(orders(&patient).await.len(), 1);
    cast.books_agree().await;
    starts_again(world, "order", holder);
}

async fn orders(patient: &Patient) -> Vec<Order> {
    patient.list_orders(ListOrdersRequest::default()).await.unwrap().orders
}

/// The doors have noticed that their caller has gone.
async fn nobody_waits_at_the_door(world: &World) {
    let in_flight = "liufang_rpc_in_flight{role=\"gateway\"}";
    eventually("nobody waits at the door", || async {
        let mut waiting = 0;
        for replica in 0..processes::replicas("gateway") {
            waiting += read(world, ("gateway", replica), in_flight).await;
        }
        (waiting == 0).then_some(())
    })
    .await;
}

fn starts_again(world: &mut World, role: &'static str, replica: usize) {
    let processes = world.processes.as_mut().expect("processes");
    tokio::task::block_in_place(|| processes.restart(role, replica));
}
