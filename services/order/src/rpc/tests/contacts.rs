//! How somebody is reached is forgotten six years after the end of the order, and nothing else.

use sea_orm::{ConnectionTrait as _, Statement};

use super::stub::block;
use super::{Bench, bench, event, is, otc};
use crate::domain::{Journey, State};

const DAY: i64 = 86_400;

/// How much text the order's columns of contacts hold.
async fn kept(bench: &Bench, id: &str) -> i64 {
    let db = &bench.world.deps.db;
    let sql = "SELECT LENGTH(door || collection_code || hand_over_code || return_note) AS kept FROM purchase_order \
               WHERE order_id = $1";
    let row = Statement::from_sql_and_values(db.backend(), sql, [id.into()]);
    db.read().query_one_raw(row).await.unwrap().unwrap().try_get("", "kept").unwrap()
}

#[test]
fn a_contact_goes_when_it_was_kept_long_enough() {
    block(async {
        let bench = bench().await;
        let open = bench.place("key-open", otc()).await.unwrap();
        bench.pay("key-pay-0", &open.id).await.unwrap();
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.pay("key-pay-1", &placed.id).await.unwrap();
        bench.dispense("key-dispense", &placed.id).await.unwrap();
        // the years count from the end, not from the beginning
        bench.world.clock.advance_seconds(20 * DAY);
        bench.app.on_delivery(&event("evt_1"), &placed.id, Journey::PickedUp).await.unwrap();
        bench.app.on_delivery(&event("evt_2"), &placed.id, Journey::Delivered).await.unwrap();
        let before = bench.get(&placed.id).await;
        is(&before, State::Completed);

        bench.world.clock.advance_seconds((6 * 365 + 1) * DAY);
        assert_eq!(bench.app.forget_contacts().await.unwrap(), 0);
        assert!(0 < kept(&bench, &placed.id).await);
        bench.world.clock.advance_seconds(2 * DAY);
        assert_eq!(bench.app.forget_contacts().await.unwrap(), 1);
        assert_eq!(bench.app.forget_contacts().await.unwrap(), 0, "once");
        assert_eq!(kept(&bench, &placed.id).await, 0);
        assert!(0 < kept(&bench, &open.id).await, "an order that goes on needs its door");
        let after = bench.get(&placed.id).await;
        assert_eq!((after.id, after.state, after.quote), (before.id, before.state, before.quote));
    });
}
