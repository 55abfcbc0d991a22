//! The plain ways of a payment.

use super::world::*;
use crate::domain::benefit::{LegKind, OutsideKind};
use crate::domain::payment::PaymentState;

#[tokio::test]
async fn otc_from_own_then_relatives_account_with_delivery_in_cash() {
    let town = town().await;
    town.credit("bj1", "110000", 2_000).await;
    town.credit("bjrel", "110000", 10_000).await;
    let fees = vec![outside(OutsideKind::Delivery, 500), outside(OutsideKind::Packing, 100)];
    let quote = town.quote(otc("bj1", "ord1", &["甲 30 2"], &["bjrel"], fees)).await;
    let legs: Vec<_> = quote.legs.iter().map(|leg| (leg.kind, leg.amount.0)).collect();
    assert_eq!(legs, [(LegKind::Account, 2_000), (LegKind::RelativeAccount, 4_000), (LegKind::Channel, 600)]);

    let held = town.authorise(&quote).await;
    assert_eq!((held.state, held.ord_stas), (PaymentState::Authorised, 1));
    assert_eq!(town.account("bj1").await, (2_000, 2_000));
    assert_eq!(town.account("bjrel").await, (10_000, 4_000));

    let paid = town.capture(&held).await;
    assert_eq!((paid.state, paid.ord_stas, paid.setl_id.as_str()), (PaymentState::Captured, 6, "S000001"));
    assert_eq!(town.account("bj1").await, (0, 0));
    assert_eq!(town.account("bjrel").await, (6_000, 0));
    assert_eq!(town.balance_of(&format!("receivable:agency:{BJ_SHOP}")).await, 6_000);
    assert_eq!(town.balance_of(&format!("receivable:channel:wechat:{BJ_SHOP}")).await, 600);
    let row = town.fakes.books().channel[&paid.channel_order_no].clone();
    assert_eq!((row.amount, row.freight), (600, 600));
    town.audit().await;

    let again = town.capture(&held).await;
    assert_eq!(again, paid, "the same key, the same answer");
    assert_eq!(town.fakes.books().calls, ["create", "settle"], "and nothing outside happened twice");
}

#[tokio::test]
async fn a_zero_cash_payment_needs_no_channel() {
    let town = town().await;
    town.credit("bj1", "110000", 9_000).await;
    let quote = town.quote(otc("bj1", "ord1", &["甲 30 1"], &[], vec![])).await;
    let held = town.try_authorise(&quote, "").await.unwrap();
    let paid = town.capture(&held).await;
    assert_eq!((paid.state, paid.channel_order_no.as_str()), (PaymentState::Captured, ""));
    assert_eq!(town.fakes.books().calls, ["settle"]);
}

#[tokio::test]
async fn cash_alone_needs_no_insurer() {
    let town = town().await;
    let paid = town.pay(otc("bj1", "ord1", &[], &[], vec![outside(OutsideKind::Goods, 1_250)])).await;
    assert_eq!(paid.state, PaymentState::Captured);
    assert!(paid.setl_id.starts_with("LF"));
    assert_eq!(town.fakes.books().calls, ["create"]);
    town.audit().await;
}

#[tokio::test]
async fn a_refund_mirrors_everything() {
    let town = town().await;
    town.credit("qhd1", "130300", 50_000).await;
    let body = || chronic("qhd1", "ord1", &["甲 100 5"], vec![outside(OutsideKind::Delivery, 600)]);
    let paid = town.pay(body()).await;
    assert_eq!(town.account("qhd1").await.0, 50_000 - 34_000);
    let second = town.quote(chronic("qhd1", "ord2", &["甲 100 5"], vec![])).await;
    assert_eq!(second.totals.deductible.0, 0, "the year remembers the deductible");

    let refunded = town.refund(&paid).await;
    assert_eq!((refunded.state, refunded.ord_stas), (PaymentState::Refunded, 7));
    assert_eq!(refunded.refunded.0, 50_600);
    assert_eq!(town.account("qhd1").await, (50_000, 0));
    let third = town.quote(chronic("qhd1", "ord3", &["甲 100 5"], vec![])).await;
    assert_eq!(third.totals.deductible.0, 30_000, "the refund gave the deductible back");
    for account in ["receivable:agency", "receivable:channel:wechat"] {
        assert_eq!(town.balance_of(&format!("{account}:{QHD_SHOP}")).await, 0);
    }
    town.audit().await;
    let again = town.refund(&paid).await;
    assert_eq!(again.state, PaymentState::Refunded, "a second refund changes nothing");
    assert_eq!(town.fakes.books().calls, ["create", "settle", "refund", "reverse"]);
}

#[tokio::test]
async fn void_and_expiry_give_everything_back() {
    let town = town().await;
    town.credit("bj1", "110000", 9_000).await;
    let quote = town.quote(otc("bj1", "ord1", &["甲 30 1"], &[], vec![])).await;
    let held = town.authorise(&quote).await;
    let void = || town.app.void(town.call(order(), held.payment_id.clone()));
    assert_eq!(void().await.unwrap().state, PaymentState::Voided);
    assert_eq!(void().await.unwrap().state, PaymentState::Voided, "harmless when given back already");
    assert_eq!(town.account("bj1").await, (9_000, 0));
    let capture = town.app.capture(town.call(order(), held.payment_id.clone())).await;
    assert_eq!(reason(capture), "PAYMENT_ENDED");

    let quote = town.quote(otc("bj1", "ord2", &["甲 30 1"], &[], vec![])).await;
    let held = town.authorise(&quote).await;
    town.world.clock.advance_seconds(901);
    let late = town.app.capture(town.call(order(), held.payment_id.clone())).await;
    assert_eq!(reason(late), "PAYMENT_ENDED");
    assert_eq!(town.app.expire_step().await.unwrap(), 1);
    assert_eq!(town.payment(&held).await.state, PaymentState::Expired);
    assert_eq!(town.account("bj1").await, (9_000, 0));
    town.audit().await;
}

#[tokio::test]
async fn authorise_refuses_in_order() {
    let town = town().await;
    town.credit("bj1", "110000", 3_000).await;
    let fees = || vec![outside(OutsideKind::Delivery, 500)];
    let quote = town.quote(otc("bj1", "ord1", &["甲 30 1"], &[], fees())).await;
    let other = town.quote(otc("bj1", "ord2", &["甲 30 1"], &[], fees())).await;
    assert_eq!(reason(town.try_authorise(&quote, "").await), "CHANNEL_REQUIRED");
    town.authorise(&quote).await;
    assert_eq!(reason(town.try_authorise(&quote, "wechat").await), "QUOTE_USED");
    assert_eq!(reason(town.try_authorise(&other, "wechat").await), "INSUFFICIENT_BALANCE");
    assert_eq!(town.account("bj1").await, (3_000, 3_000), "a refusal changes nothing");
    town.world.clock.advance_seconds(601);
    assert_eq!(reason(town.try_authorise(&other, "wechat").await), "QUOTE_EXPIRED");
    let mut lost = other;
    lost.order_id = "another".into();
    assert_eq!(reason(town.try_authorise(&lost, "wechat").await), "QUOTE_NOT_FOUND");
}

#[tokio::test]
async fn many_orders_never_spend_an_account_twice() {
    let town = town().await;
    town.credit("bj1", "110000", 10_000).await;
    let mut quotes = Vec::new();
    for n in 0..12 {
        quotes.push(town.quote(otc("bj1", &format!("ord{n}"), &["甲 30 1"], &[], vec![])).await);
    }
    let tries = futures::future::join_all(quotes.iter().map(|quote| town.try_authorise(quote, ""))).await;
    let held: Vec<_> = tries.into_iter().flatten().collect();
    assert_eq!(held.len(), 3, "three times 30 yuan fit into 100");
    let paid = futures::future::join_all(held.iter().map(|payment| town.capture(payment))).await;
    assert!(paid.iter().all(|payment| payment.state == PaymentState::Captured));
    assert_eq!(town.account("bj1").await, (1_000, 0));
    town.audit().await;
}

#[tokio::test]
async fn a_twin_order_is_quoted_anew_once_the_year_has_moved() {
    let town = town().await;
    town.credit("qhd1", "130300", 100_000).await;
    let first = town.quote(chronic("qhd1", "ord1", &["甲 100 5"], vec![])).await;
    let second = town.quote(chronic("qhd1", "ord2", &["甲 100 5"], vec![])).await;
    let third = town.quote(chronic("qhd1", "ord3", &["甲 100 5"], vec![])).await;
    let (first, second) = (town.authorise(&first).await, town.authorise(&second).await);
    assert_eq!(town.capture(&first).await.state, PaymentState::Captured);
    assert_eq!(reason(town.try_authorise(&third, "wechat").await), "QUOTE_EXPIRED");
    let late = town.capture(&second).await;
    assert_eq!((late.state, late.failure_reason.as_str()), (PaymentState::Expired, "BENEFIT_USED_SINCE"));
    assert_eq!(town.account("qhd1").await, (100_000 - 34_000, 0));
    assert_eq!(town.fakes.books().calls, ["settle"], "nobody outside heard of the second");
    town.audit().await;
}

#[tokio::test]
async fn a_void_hurries_a_payment_that_waits_for_its_payer() {
    let town = town().await;
    let fees = vec![outside(OutsideKind::Delivery, 600)];
    let quote = town.quote(otc("bj1", "ord1", &[], &[], fees)).await;
    let held = town.authorise(&quote).await;
    town.fakes.dial("create", [super::fakes::Fault::StayOpen]);
    town.capture(&held).await;
    town.app.void(town.call(order(), held.payment_id.clone())).await.unwrap();
    town.settle_down(1).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Expired);
    assert_eq!(town.fakes.books().calls, ["create", "query", "close"]);
}

#[tokio::test]
async fn twins_at_the_same_moment_never_use_one_deductible_twice() {
    let town = town().await;
    town.credit("qhd1", "130300", 200_000).await;
    let mut held = Vec::new();
    for n in 0..4 {
        let quote = town.quote(chronic("qhd1", &format!("ord{n}"), &["甲 100 5"], vec![])).await;
        held.push(town.authorise(&quote).await);
    }
    let capture = |id: &str| town.app.capture(town.call(order(), id.to_owned()));
    futures::future::join_all(held.iter().map(|payment| capture(&payment.payment_id))).await;
    // whoever lost the race tries again, as its caller would
    for payment in &held {
        capture(&payment.payment_id).await.unwrap();
    }
    let mut captured = 0;
    for payment in &held {
        captured += usize::from(town.payment(payment).await.state == PaymentState::Captured);
    }
    assert_eq!(captured, 1, "the others have to be quoted anew");
    assert_eq!(town.account("qhd1").await, (200_000 - 34_000, 0));
    town.audit().await;
}
