//! Capture of less than was quoted.

use liufang_kernel::Quantity;

use super::world::*;
use crate::app::less::CaptureLess;
use crate::app::refund::RefundPart;
use crate::domain::benefit::OutsideKind;
use crate::domain::payment::{Payment, PaymentState};
use crate::domain::refund::Returned;
use crate::error::SettlementError;

impl Town {
    async fn capture_less(&self, held: &Payment, keep: &[(i32, i64)]) -> Result<Payment, SettlementError> {
        let keep = keep.iter().map(|(line_no, packs)| (*line_no, Quantity(packs * 10_000))).collect();
        let body = CaptureLess { payment_id: held.payment_id.clone(), keep };
        self.app.capture_less(self.call(order(), body)).await
    }
}

#[tokio::test]
async fn less_is_captured_as_if_less_had_been_quoted() {
    let town = town().await;
    town.credit("qhd1", "130300", 30_000).await;
    let fees = || vec![outside(OutsideKind::Delivery, 600)];
    let fewer = town.quote(chronic("qhd1", "ord0", &["甲 100 3"], fees())).await;
    let whole = town.quote(chronic("qhd1", "ord1", &["甲 100 5", "乙 50 2"], fees())).await;
    let held = town.authorise(&whole).await;
    let paid = town.capture_less(&held, &[(1, 3)]).await.unwrap();
    assert_eq!(paid.state, PaymentState::Captured);
    let amounts = |legs: &[crate::domain::benefit::Leg]| {
        legs.iter().map(|leg| (leg.kind, leg.amount)).collect::<Vec<_>>()
    };
    assert_eq!(amounts(&paid.legs), amounts(&fewer.legs));
    let own = fewer.totals.account.0;
    assert_eq!(town.account("qhd1").await, (30_000 - own, 0), "nothing stays held");
    let totals = &fewer.totals;
    assert_eq!(town.fakes.settled(), [totals.medical.0, totals.fund.0, own, totals.cash.0]);
    assert_eq!(town.fakes.kept(), (totals.cash + totals.outside).0);
    town.audit().await;
    // what was captured is what comes back
    let returned = Returned { lines: vec![(1, Quantity(10_000))], outside: vec![] };
    let body = RefundPart { payment_id: paid.payment_id.clone(), reason: "RETURNED".into(), returned };
    let (after, _) = town.app.refund_part(town.call(order(), body)).await.unwrap();
    assert_eq!(after.refunded.0, 10_000);
    assert_eq!(town.refund(&paid).await.refunded, fewer.total());
    assert_eq!((town.account("qhd1").await, town.fakes.kept()), ((30_000, 0), 0));
    town.audit().await;
}

#[tokio::test]
async fn a_leg_that_is_not_needed_is_given_back_whole() {
    let town = town().await;
    town.credit("bj1", "110000", 3_000).await;
    town.credit("bjrel", "110000", 9_000).await;
    let quote = town.quote(otc("bj1", "ord1", &["甲 30 1", "甲 40 1"], &["bjrel"], vec![])).await;
    let held = town.authorise(&quote).await;
    assert_eq!(town.account("bjrel").await, (9_000, 4_000));
    let paid = town.capture_less(&held, &[(1, 1)]).await.unwrap();
    assert_eq!((paid.state, paid.legs.len()), (PaymentState::Captured, 1));
    assert_eq!((town.account("bj1").await, town.account("bjrel").await), ((0, 0), (9_000, 0)));
    town.audit().await;
}

#[tokio::test]
async fn only_less_is_less() {
    let town = town().await;
    town.credit("bj1", "110000", 9_000).await;
    let quote = town.quote(otc("bj1", "ord1", &["甲 30 2"], &[], vec![])).await;
    let held = town.authorise(&quote).await;
    assert_eq!(reason(town.capture_less(&held, &[(1, 2)]).await), "CAPTURE_NOT_LESS");
    assert_eq!(reason(town.capture_less(&held, &[(1, 3)]).await), "CAPTURE_NOT_LESS");
    assert_eq!(reason(town.capture_less(&held, &[(2, 1)]).await), "CAPTURE_LINE_UNKNOWN");
    assert_eq!(town.account("bj1").await, (9_000, 6_000), "a refusal changes nothing");
    assert_eq!(town.capture_less(&held, &[(1, 1)]).await.unwrap().state, PaymentState::Captured);
    assert_eq!(town.account("bj1").await, (6_000, 0));
    assert_eq!(reason(town.capture_less(&held, &[(1, 1)]).await), "PAYMENT_CAPTURED");
}
