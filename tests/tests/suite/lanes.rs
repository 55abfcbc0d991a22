//! Payments of a region that come together share a transaction; none is the worse for the company.

use futures::future::join_all;
use liufang::client::Patient;
use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::{Order, OrderState};
use liufang_tests::{World, behaviour, eventually};
use sea_orm::{ConnectionTrait as _, Statement, TransactionTrait as _};

use super::cast::*;

behaviour!(servers one_that_cannot_be_booked_holds_up_no_other);

/// Buyers of Beijing with accounts.
const BUYERS: [u32; 2] = [163, 165];
const EACH: usize = 4;

async fn one_that_cannot_be_booked_holds_up_no_other(world: &mut World) {
    world.expect_log("poison");
    let cast = Cast::of(world).await;
    let mut orders: Vec<(Patient, Order)> = Vec::new();
    for row in BUYERS {
        let patient = cast.patient_through("jd", row).await;
        for _ in 0..EACH {
            let order = cast.unpaid_otc(&patient, row).await;
            orders.push((patient.clone(), order));
        }
    }
    let settlement = world.database("settlement").await;
    // the database will not have the settlement of one order, whoever writes it and with whatever else
    let poisoned = &orders[1].1.order_id;
    let refuse = format!(
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF NEW.order_id = '{poisoned}' AND NEW.state = 'captured' THEN RAISE EXCEPTION 'poison'; END IF; \
         RETURN NEW; END $$; \
         CREATE TRIGGER poison BEFORE UPDATE ON payment FOR EACH ROW EXECUTE FUNCTION poison();"
    );
    settlement.execute_unprepared(&refuse).await.unwrap();
    // nothing of the region is written before all are under way
    let standing = settlement.begin().await.unwrap();
    let held = "UPDATE region_head SET sequence = sequence WHERE region = '110000'";
    assert_eq!(standing.execute_unprepared(held).await.unwrap().rows_affected(), 1);
    let paying = orders.iter().map(|(patient, order)| patient.pay(order, Channel::Wechat));
    let released = async {
        eventually("somebody waits for the head", || async {
            let waiting = "SELECT 1 AS one FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                           AND query LIKE 'UPDATE region_head%'";
            let waiting = Statement::from_string(settlement.get_database_backend(), waiting);
            settlement.query_one_raw(waiting).await.unwrap()
        })
        .await;
        standing.rollback().await.unwrap();
    };
    let (_, ()) = tokio::join!(join_all(paying), released);
    for (patient, order) in orders.iter().filter(|(_, order)| order.order_id != *poisoned) {
        cast.order_in(patient, &order.order_id, OrderState::Paid).await;
    }
    let (patient, order) = &orders[1];
    assert!(patient.order(&order.order_id).await.unwrap().state() == OrderState::Paying, "it waits");
    settlement.execute_unprepared("DROP TRIGGER poison ON payment").await.unwrap();
    cast.order_in(patient, &order.order_id, OrderState::Paid).await;
    cast.books_agree().await;
}
