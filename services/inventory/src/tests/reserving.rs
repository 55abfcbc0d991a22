use super::*;
use crate::app::Extend;
use crate::domain::ReservationState;

async fn stocked(packs: i64) -> Shop {
    let shop = shop().await;
    shop.stock(vec![purchase("1", "B1", "2027-12-31", packs, &[])]).await;
    shop
}

#[tokio::test]
async fn the_first_to_expire_is_held_and_expired_lots_are_not() {
    let shop = shop().await;
    let rows = vec![
        purchase("1", "LATE", "2028-12-31", 3, &[]),
        purchase("2", "GONE", "2020-01-31", 9, &[]),
        purchase("3", "SOON", "2027-06-30", 2, &[]),
    ];
    shop.stock(rows).await;
    assert_eq!(shop.level().await, (14, 0, 5));
    let reservation = shop.app.reserve(shop.reserving("o1", 4)).await.unwrap();
    let picks: Vec<_> =
        reservation.picks.iter().map(|pick| (pick.manu_lotnum.as_str(), pick.quantity.to_string())).collect();
    assert_eq!(picks, [("SOON", "2".to_owned()), ("LATE", "2".to_owned())]);
    assert_eq!(shop.level().await, (14, 4, 1));
}

#[tokio::test]
async fn what_is_held_lasts_until_the_supply_is_used_up() {
    let shop = shop().await;
    let in_days = |days| liufang_kernel::timestamp::date_text(shop.now().plus_days(days).china_date());
    let rows = vec![
        purchase("1", "SHORT", &in_days(83), 9, &[]),
        purchase("2", "JUST", &in_days(84), 2, &[]),
        purchase("3", "LONG", &in_days(400), 2, &[]),
    ];
    shop.stock(rows).await;
    let reserving = |order: &str, packs| {
        let mut call = shop.reserving(order, packs);
        call.body.asks[0].use_days = 84;
        call
    };
    let short = shop.app.reserve(reserving("o1", 5)).await.unwrap_err();
    assert_eq!(short.doc().reason, "SHORT_STOCK");
    assert!(short.metadata().contains(&("available_1".into(), "4".to_owned())));
    let held = shop.app.reserve(reserving("o2", 3)).await.unwrap();
    let lots: Vec<_> = held.picks.iter().map(|pick| pick.manu_lotnum.as_str()).collect();
    assert_eq!(lots, ["JUST", "LONG"]);
    let again = shop.app.reserve(reserving("o2", 3)).await.unwrap();
    assert!(again.reservation_id == held.reservation_id && again.lines == held.lines, "read back as written");
}

#[tokio::test]
async fn all_lines_or_nothing() {
    let shop = stocked(3).await;
    let mut call = shop.reserving("o1", 2);
    call.body.asks.push(ask(2, OTHER_DRUG, 1));
    let refused = shop.app.reserve(call).await.unwrap_err();
    assert_eq!(refused.doc().reason, "SHORT_STOCK");
    let metadata = refused.metadata();
    assert!(metadata.contains(&("line_2".into(), "SHORT_STOCK".to_owned())), "{metadata:?}");
    assert!(metadata.contains(&("available_2".into(), "0".to_owned())), "{metadata:?}");
    assert_eq!(shop.level().await, (3, 0, 3));
}

#[tokio::test]
async fn one_reservation_per_order() {
    let shop = stocked(5).await;
    let first = shop.app.reserve(shop.reserving("o1", 2)).await.unwrap();
    let again = shop.app.reserve(shop.reserving("o1", 2)).await.unwrap();
    assert_eq!(first.reservation_id, again.reservation_id);
    assert_eq!(reason(shop.app.reserve(shop.reserving("o1", 3)).await), "RESERVATION_EXISTS");
    assert_eq!(shop.level().await, (5, 2, 3));
}

#[tokio::test]
async fn a_hundred_clients_share_what_there_is() {
    let shop = stocked(30).await;
    let orders: Vec<_> = (0..100).map(|n| shop.app.reserve(shop.reserving(&format!("o{n}"), 1))).collect();
    let settled = futures::future::join_all(orders).await;
    assert_eq!(settled.iter().filter(|result| result.is_ok()).count(), 30);
    for refused in settled.into_iter().filter(Result::is_err) {
        assert_eq!(reason(refused), "SHORT_STOCK");
    }
    assert_eq!(shop.level().await, (30, 30, 0));
}

#[tokio::test]
async fn release_gives_back_and_is_harmless_twice() {
    let shop = stocked(5).await;
    let release = |order: &str| shop.app.release(shop.call(Principal::service("order"), order.to_owned()));
    shop.app.reserve(shop.reserving("o1", 2)).await.unwrap();
    for _ in 0..2 {
        let released = release("o1").await.unwrap().0.unwrap();
        assert_eq!(released.state, ReservationState::Released);
        assert_eq!(shop.level().await, (5, 0, 5));
    }
    // a reservation that arrives after its order gave up
    assert!(release("o2").await.unwrap().0.is_none());
    assert!(release("o2").await.unwrap().0.is_none());
    assert_eq!(reason(shop.app.reserve(shop.reserving("o2", 1)).await), "RESERVATION_NOT_HELD");
    assert_eq!(reason(shop.app.commit(shop.committing("o2", &[])).await), "RESERVATION_NOT_FOUND");
}

#[tokio::test]
async fn a_passed_deadline_frees_the_stock() {
    let shop = stocked(5).await;
    shop.app.reserve(shop.reserving("o1", 2)).await.unwrap();
    shop.app.reserve(shop.reserving("o2", 1)).await.unwrap();
    let body = Extend { order_id: "o2".into(), expires_at: shop.now().plus_seconds(7_200) };
    shop.app.extend(shop.call(Principal::service("order"), body)).await.unwrap();
    assert_eq!(shop.app.expire_step().await.unwrap(), 0);
    shop.world.clock.advance_seconds(901);
    assert_eq!(reason(shop.app.commit(shop.committing("o1", &[])).await), "RESERVATION_EXPIRED");
    assert_eq!(shop.app.expire_step().await.unwrap(), 1);
    assert_eq!(shop.app.expire_step().await.unwrap(), 0);
    assert_eq!(shop.level().await, (5, 1, 4));
    assert_eq!(shop.events("ReservationExpired").await, 1);
    assert_eq!(reason(shop.app.commit(shop.committing("o1", &[])).await), "RESERVATION_EXPIRED");
    let mut late = shop.reserving("o3", 1);
    late.body.expires_at = late.meta.now;
    assert_eq!(reason(shop.app.reserve(late).await), "DEADLINE_PASSED");
}

#[tokio::test]
async fn a_reservation_that_cannot_be_ended_holds_up_no_other() {
    use sea_orm::{ConnectionTrait, Statement};
    let shop = shop().await;
    shop.stock(vec![purchase("1", "SOON", "2027-06-30", 3, &[1, 2, 3])]).await;
    shop.app.reserve(shop.reserving("o1", 1)).await.unwrap();
    shop.app.reserve(shop.reserving("o2", 1)).await.unwrap();
    let db = &shop.world.deps.db;
    let sql = "UPDATE reservation_line SET used_up = 'x' WHERE reservation_id = \
               (SELECT reservation_id FROM reservation WHERE order_id = 'o1')";
    db.read().execute_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    shop.world.clock.advance_seconds(86_400);
    assert_eq!(shop.app.expire_step().await.unwrap(), 1);
    assert_eq!(shop.events("ReservationExpired").await, 1);
    assert_eq!(shop.level().await.1, 1, "the other one's pack is free again");
    assert_eq!(shop.app.expire_step().await.unwrap(), 0);
}
