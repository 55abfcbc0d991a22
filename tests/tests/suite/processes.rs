//! Roles as processes of their own: killed in the middle, stopped in good order, gone and back.

use std::time::Duration;

use futures::future::join_all;
use liufang::client::Patient;
use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::{Order, OrderState};
use liufang_proto::sandbox::v1::Dial;
use liufang_tests::{World, behaviour, eventually, logs, processes};

use super::cast::*;

behaviour!(processes a_killed_settlement_finishes_its_payments);
behaviour!(processes a_killed_order_service_finishes_its_sagas);
behaviour!(processes stopped_replicas_drain_and_end_well);

const ROW: u32 = 163;

/// Sends the same payment under one key until somebody answers it.
async fn pays_in_the_end(patient: &Patient, order: &Order, key: &str) {
    let keyed = patient.keyed(key);
    eventually("the payment is taken", || async {
        match keyed.pay(order, Channel::Wechat).await {
            Ok(_) => Some(()),
            Err(refusal) => {
                let silent = [
                    tonic::Code::Unavailable,
                    tonic::Code::DeadlineExceeded,
                    tonic::Code::Aborted,
                    tonic::Code::Unknown,
                ];
                let twin = ["ORDER_STATE_FORBIDS", "PAYMENT_PENDING"].contains(&refusal.reason.as_str());
                assert!(silent.contains(&refusal.code) || twin, "{refusal}");
                twin.then_some(())
            }
        }
    })
    .await;
}

async fn paid_exactly_once(cast: &Cast, patient: &Patient, orders: &[Order], balance: i64) {
    for order in orders {
        cast.order_in(patient, &order.order_id, OrderState::Paid).await;
    }
    let count = i64::try_from(orders.len()).unwrap();
    cast.outside_books_show(orders.len()).await;
    let account = patient.account().await.unwrap();
    assert_eq!((account.balance_fen, account.held_fen), (balance - count * 1_558, 0));
    cast.books_agree().await;
}

async fn a_killed_settlement_finishes_its_payments(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    // the channel has the money, we do not know it and hear nothing, and then we die
    cast.pays_unheard(&patient, &order, Dial::LoseAnswer, 1).await;
    let processes = world.processes.as_mut().expect("processes");
    processes.kill_all("settlement");
    assert_eq!(
        patient.order(&order.order_id).await.unwrap().state().as_str_name(),
        OrderState::Paying.as_str_name(),
        "others go on"
    );
    processes.restart_all("settlement");
    cast.hears_again().await;
    paid_exactly_once(&cast, &patient, std::slice::from_ref(&order), 508_900).await;
    // killed at any moment of several payments
    let mut orders = vec![order];
    for round in 0..3 {
        let order = cast.unpaid_otc(&patient, ROW).await;
        let key = format!("payment-round-{round}");
        let processes = world.processes.as_mut().expect("processes");
        let paying = async {
            let _ = patient.keyed(&key).pay(&order, Channel::Wechat).await;
        };
        let killing = async {
            tokio::time::sleep(Duration::from_millis(15 * (round + 1))).await;
            tokio::task::block_in_place(|| {
                processes.kill_all("settlement");
                processes.restart_all("settlement");
            });
        };
        tokio::join!(paying, killing);
        pays_in_the_end(&patient, &order, &key).await;
        orders.push(order);
    }
    paid_exactly_once(&cast, &patient, &orders, 508_900).await;
}

async fn a_killed_order_service_finishes_its_sagas(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let mut orders = Vec::new();
    for round in 0..3 {
        let order = cast.unpaid_otc(&patient, ROW).await;
        let key = format!("payment-round-{round}");
        let processes = world.processes.as_mut().expect("processes");
        let paying = async {
            let _ = patient.keyed(&key).pay(&order, Channel::Wechat).await;
        };
        let killing = async {
            tokio::time::sleep(Duration::from_millis(20 * (round + 1))).await;
            tokio::task::block_in_place(|| {
                processes.kill_all("order");
                processes.restart_all("order");
            });
        };
        tokio::join!(paying, killing);
        pays_in_the_end(&patient, &order, &key).await;
        orders.push(order);
    }
    paid_exactly_once(&cast, &patient, &orders, 508_900).await;
    // what must be given back waits for the service that is away
    let before = cast.available(OTC_SHOP, GRANULES).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    world.processes.as_mut().expect("processes").kill_all("inventory");
    let _ = patient.cancel(&order.order_id).await;
    world.processes.as_mut().expect("processes").restart_all("inventory");
    cast.order_in(&patient, &order.order_id, OrderState::Cancelled).await;
    eventually("the stock is free", || async {
        let pos = cast.pos(OTC_SHOP);
        let body =
            liufang_proto::inventory::v1::GetStockRequest { med_list_codgs: vec![GRANULES.to_owned()] };
        let levels = pos.get_stock(body).await.ok()?.levels;
        (packs(&levels[0].available) == before).then_some(())
    })
    .await;
}

async fn stopped_replicas_drain_and_end_well(world: &mut World) {
    if processes::replicas("order") < 2 {
        return logs::note("skipped: nobody takes over where there is one replica");
    }
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let basket = Basket::of(GRANULES, 1, cast.door(ROW));
    // calls on their way when a replica of the order role is told to stop: the other answers what comes later
    let processes = world.processes.as_mut().expect("processes");
    let placing = join_all((0..8).map(|_| basket.place(&patient)));
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        let ended = tokio::task::block_in_place(|| processes.terminate("order", 0));
        (ended, join_all((0..2).map(|_| basket.place(&patient))).await)
    };
    let (answers, (ended, later)) = tokio::join!(placing, stopping);
    assert_eq!(ended.code(), Some(0), "{}", world.processes.as_ref().unwrap().log("order", 0));
    for answer in answers.into_iter().chain(later) {
        answer.expect("placed");
    }
    // both gone: the answer says that it is worth another try
    let processes = world.processes.as_mut().expect("processes");
    let ended = tokio::task::block_in_place(|| processes.terminate("order", 1));
    assert_eq!(ended.code(), Some(0), "{}", world.processes.as_ref().unwrap().log("order", 1));
    let refusal = refused(basket.place(&patient).await);
    assert_eq!((refusal.code, refusal.retry_after.is_some()), (tonic::Code::Unavailable, true), "{refusal}");
    let processes = world.processes.as_mut().expect("processes");
    tokio::task::block_in_place(|| processes.restart_all("order"));
}
