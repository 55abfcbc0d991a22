//! Whom a delivery went to is forgotten six years after its end, and nothing else.

use liufang_platform::PrincipalKind;
use sea_orm::{ConnectionTrait as _, Statement};

use super::*;

const DAY: i64 = 86_400;

async fn kept(house: &House, id: &str) -> i64 {
    let db = &house.world.deps.db;
    let sql = "SELECT LENGTH(contact_sealed || hand_over_code_sealed || recipient_code_sealed) AS kept FROM delivery \
               WHERE delivery_id = $1";
    let row = Statement::from_sql_and_values(db.backend(), sql, [id.into()]);
    db.read().query_one_raw(row).await.unwrap().unwrap().try_get("", "kept").unwrap()
}

#[tokio::test]
async fn a_contact_goes_when_it_was_kept_long_enough() {
    let house = House::build().await;
    let (id, code) = house.picked_up("c1").await;
    let open = house.app.create(house.create("ord_2", false)).await.unwrap().delivery_id;
    // the years count from the end, not from the beginning
    house.world.clock.advance_seconds(20 * DAY);
    let delivered = house.deliver("c1", &id, &code).await.unwrap();
    let notes = house.notes(&id).await;

    house.world.clock.advance_seconds((6 * 365 + 1) * DAY);
    assert_eq!(house.app.forget_contacts().await.unwrap(), 0);
    assert!(0 < kept(&house, &id).await);
    house.world.clock.advance_seconds(2 * DAY);
    assert_eq!(house.app.forget_contacts().await.unwrap(), 1);
    assert_eq!(house.app.forget_contacts().await.unwrap(), 0, "once");
    assert_eq!(kept(&house, &id).await, 0);
    assert!(0 < kept(&house, &open).await, "a delivery that goes on needs its door");

    let look = house.call(PrincipalKind::Patient, "psn_1", Which::Delivery(id.clone()));
    let seen = house.app.get(look).await.unwrap();
    assert!(seen.view.door.is_none() && seen.view.address.is_empty() && seen.view.recipient_phone.is_empty());
    assert!(seen.recipient_code.is_empty());
    assert_eq!((seen.view.state, seen.view.version), (State::Delivered, delivered.version));
    assert_eq!(house.notes(&id).await, notes);
    let points = house.app.track_after(&id, 0).await.unwrap();
    assert!(points.iter().all(|point| point.position.is_none()), "the last places are close to the door");
    let again = house.deliver("c1", &id, "").await.unwrap();
    assert_eq!(again.version, delivered.version, "no code opens what is over");
}
