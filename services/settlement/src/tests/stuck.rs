//! Refunds that are refused: tried ever later, shown, ended by an operator.

use liufang_platform::{Principal, PrincipalKind};

use super::fakes::Fault;
use super::world::*;
use crate::app::stuck::{Resolve, Wish};
use crate::domain::benefit::OutsideKind;
use crate::domain::payment::{Payment, PaymentState, Step};
use crate::error::SettlementError;

fn operator() -> Principal {
    Principal { kind: PrincipalKind::Operator, subject: "op-1".into(), ..Principal::default() }
}

async fn paid(town: &Town) -> Payment {
    town.credit("qhd1", "130300", 10_000).await;
    let fees = vec![outside(OutsideKind::Delivery, 600)];
    let quote = town.quote(chronic("qhd1", "ord1", &["甲 100 5"], fees)).await;
    town.authorise(&quote).await
}

async fn resolve(
    town: &Town,
    payment: &Payment,
    wish: Wish,
    evidence: &str,
) -> Result<Payment, SettlementError> {
    let body = Resolve { payment_id: payment.payment_id.clone(), wish, evidence: evidence.into() };
    town.app.resolve(town.call(operator(), body)).await
}

async fn stuck(town: &Town) -> Vec<(Step, Vec<String>)> {
    let stuck = town.app.list_stuck(town.call(operator(), ())).await.unwrap();
    stuck.into_iter().map(|stuck| (stuck.journal.step, stuck.raised)).collect()
}

fn calls(town: &Town, method: &str) -> usize {
    town.fakes.books().calls.iter().filter(|call| **call == method).count()
}

#[tokio::test]
async fn a_refused_refund_is_tried_ever_later_until_an_operator_helps() {
    let town = town().await;
    let paid = town.capture(&paid(&town).await).await;
    let fund = town.balance_of("fund:130300:310").await;
    town.fakes.dial("refund", [Fault::Refuse; 400]);
    assert_eq!(town.refund(&paid).await.ord_stas, 17, "the first no is no alarm yet");
    assert!(stuck(&town).await.is_empty());
    town.settle_down(40).await;
    assert_eq!(town.payment(&paid).await.ord_stas, 14);
    assert_eq!(stuck(&town).await, [(Step::RefundChannel, vec!["CHANNEL_REFUND_REFUSED".to_owned()])]);
    assert_eq!(town.app.payments_stuck().await.unwrap()[&14], 1);
    let tries = calls(&town, "refund");
    town.settle_down(600).await;
    let later = calls(&town, "refund") - tries;
    assert!((1..=5).contains(&later), "{later} tries in two hours: the pauses grow");
    let still = resolve(&town, &paid, Wish::TryNow, "").await.unwrap();
    assert_eq!((still.state, still.ord_stas), (PaymentState::Refunding, 14));
    town.fakes.heal("refund");
    assert_eq!(town.balance_of("fund:130300:310").await, fund, "nothing is booked");
    let refunded = resolve(&town, &paid, Wish::TryNow, "").await.unwrap();
    assert_eq!((refunded.state, refunded.ord_stas), (PaymentState::Refunded, 7));
    assert!(stuck(&town).await.is_empty());
    assert_eq!(town.app.payments_stuck().await.unwrap()[&14], 0);
    town.audit().await;
}

#[tokio::test]
async fn what_was_done_by_hand_is_not_asked_for_again() {
    let town = town().await;
    let paid = town.capture(&paid(&town).await).await;
    town.fakes.dial("reverse", [Fault::Refuse; 400]);
    town.refund(&paid).await;
    town.settle_down(40).await;
    assert_eq!(stuck(&town).await, [(Step::ReverseInsurer, vec!["INSURER_REVERSAL_REFUSED".to_owned()])]);
    let refunded = resolve(&town, &paid, Wish::DoneByHand, "letter 2026-17").await.unwrap();
    assert_eq!(refunded.state, PaymentState::Refunded);
    assert_eq!(town.account("qhd1").await, (10_000, 0));
    town.audit().await;
    let twice = resolve(&town, &paid, Wish::DoneByHand, "letter 2026-17").await;
    assert_eq!(reason(twice), "PAYMENT_NOT_STUCK");
}

#[tokio::test]
async fn kept_cash_of_a_refused_settlement_wants_a_person_at_once() {
    let town = town().await;
    let held = paid(&town).await;
    town.fakes.dial("settle", [Fault::Refuse]);
    town.fakes.dial("refund", [Fault::Refuse; 400]);
    assert_eq!(town.capture(&held).await.ord_stas, 16);
    assert_eq!(town.app.payments_stuck().await.unwrap()[&16], 1);
    let failed = resolve(&town, &held, Wish::DoneByHand, "bank 4711").await.unwrap();
    assert_eq!((failed.state, failed.ord_stas), (PaymentState::Failed, 15));
    assert_eq!(town.account("qhd1").await, (10_000, 0));
    town.audit().await;
}

#[tokio::test]
async fn a_payment_that_gets_on_is_left_alone() {
    let town = town().await;
    let held = paid(&town).await;
    assert_eq!(reason(resolve(&town, &held, Wish::TryNow, "").await), "PAYMENT_NOT_STUCK");
    let captured = town.capture(&held).await;
    assert_eq!(reason(resolve(&town, &captured, Wish::DoneByHand, "x").await), "PAYMENT_NOT_STUCK");
}
