//! Orders of the mobile-payment centre: one a number, paid once, given back once.

use super::*;
use crate::domain::insurer::OPENING;
use crate::domain::insurer::tests::claim;

const PERSON: &str = "per_1";

impl House {
    async fn order(&self) -> (String, String) {
        let order = self.app.upload_fee(claim(), PERSON).await.unwrap().unwrap();
        (order.pay_ord_id, order.pay_token)
    }

    async fn spent(&self) -> i64 {
        let year = self.world.deps.clock.now().china_date().year();
        OPENING.0 - self.app.year_sums(PERSON, year).await.unwrap().balance.0
    }
}

fn refund((id, token): &(String, String), sn: &str, fund: i64) -> RefundOrder {
    RefundOrder {
        pay_ord_id: id.clone(),
        pay_token: token.clone(),
        app_refd_sn: sn.to_owned(),
        total: Fen(300 + fund),
        accounts: Fen(300),
        fund: Fen(fund),
        cash: Fen(0),
        refd_type: "HI".to_owned(),
    }
}

#[tokio::test]
async fn an_order_is_paid_once_and_given_back_once() {
    let house = House::build().await;
    let own = house.order().await;
    assert_eq!(house.order().await, own, "the same number is the same order");
    assert_eq!(house.spent().await, 0, "an upload pays nothing");
    house.dial("MobilePayment/PayOrder", Dial::LoseAnswer, 1, "").await;
    refused(house.app.pay_order(&own.0, &own.1, "").await, "OUTSIDE_NO_ANSWER");
    let state = house.app.pay_order(&own.0, &own.1, "").await.unwrap().unwrap();
    assert_eq!((state.order.ord_stas, house.spent().await), (6, 300));
    assert_eq!(parts(&state.paid.unwrap()), (Fen(100), Fen(300), Fen(600)));
    assert!(!house.app.revoke_order(&own.0, &own.1).await.unwrap(), "what is paid is not revoked");
    assert_eq!(
        house.app.refund_order(&refund(&own, "R1", 601)).await.unwrap(),
        Given::Refused,
        "more than paid"
    );
    for (sn, given) in [("R1", Given::Back), ("R1", Given::Back), ("R2", Given::Refused)] {
        assert_eq!(house.app.refund_order(&refund(&own, sn, 600)).await.unwrap(), given, "{sn}");
    }
    let state = house.app.query_order(&own.0, &own.1).await.unwrap().unwrap();
    assert_eq!((state.order.ord_stas, house.spent().await), (8, 0), "the cash is another's");
    assert!(house.app.query_order(&own.0, "another token").await.unwrap().is_none());
}

#[tokio::test]
async fn an_order_that_stays_under_way_is_paid_unasked_and_told_of() {
    let house = House::build().await;
    let (id, token) = house.order().await;
    let state = house.app.pay_order(&id, &token, "auth-stas-2").await.unwrap().unwrap();
    assert_eq!((state.order.ord_stas, house.app.work_order_step().await.unwrap()), (2, 0));
    house.world.clock.advance_seconds(3);
    while house.app.work_order_step().await.unwrap() > 0 {}
    assert_eq!((house.spent().await, house.settlement.1.lock().unwrap().as_slice()), (300, [6].as_slice()));
    house.world.clock.advance_seconds(60);
    assert_eq!(house.app.work_order_step().await.unwrap(), 0, "told once");
    let state = house.app.query_order(&id, &token).await.unwrap().unwrap();
    assert_eq!((state.order.ord_stas, house.spent().await), (6, 300), "paid once");
}

#[tokio::test]
async fn an_unpaid_order_is_revoked_and_never_paid() {
    let house = House::build().await;
    let own = house.order().await;
    for _ in 0..2 {
        assert!(house.app.revoke_order(&own.0, &own.1).await.unwrap());
    }
    let state = house.app.pay_order(&own.0, &own.1, "").await.unwrap().unwrap();
    assert_eq!((state.order.ord_stas, state.paid, house.spent().await), (12, None, 0));
}

#[tokio::test]
async fn an_authorisation_says_where_the_order_stands() {
    let house = House::build().await;
    let own = house.order().await;
    for _ in 0..2 {
        let state = house.app.pay_order(&own.0, &own.1, "auth-stas-16").await.unwrap().unwrap();
        assert_eq!((state.order.ord_stas, state.paid, house.spent().await), (16, None, 0));
    }
    let other = house.app.query_order(&own.0, &own.1).await.unwrap().unwrap();
    assert_eq!((other.order.ord_stas, other.paid), (16, None), "no amounts before it is paid");
}

#[tokio::test]
async fn who_settles_slowly_is_done_when_asked() {
    let house = House::build().await;
    let own = house.order().await;
    house.dial("MobilePayment/PayOrder", Dial::SlowNotice, 1, "").await;
    let state = house.app.pay_order(&own.0, &own.1, "").await.unwrap().unwrap();
    assert_eq!((state.order.ord_stas, house.spent().await), (2, 0));
    for _ in 0..2 {
        let state = house.app.query_order(&own.0, &own.1).await.unwrap().unwrap();
        assert_eq!((state.order.ord_stas, house.spent().await), (6, 300));
    }
}
