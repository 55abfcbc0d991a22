//! Money that the outside does not take back: shown to the operator, ended by the operator.

use liufang::client::{Operator, Patient};
use liufang_proto::order::v1::{Order, OrderState};
use liufang_proto::sandbox::v1::Dial;
use liufang_proto::settlement::v1::{PaymentResolution, PaymentState, ResolvePaymentRequest, StuckPayment};
use liufang_tests::{World, behaviour, eventually};

use super::cast::*;

behaviour!(everywhere a_refund_that_is_refused_is_ended_by_an_operator);
behaviour!(everywhere a_reversal_done_by_hand_ends_the_refund);

const ROW: u32 = 163;

/// A paid order that is cancelled while `method` refuses, and the payment as the operator sees it once it wants a person.
async fn refused_for_long(world: &World, cast: &Cast, method: &str) -> (Patient, Order, StuckPayment) {
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.paid_otc(&patient, ROW).await;
    assert!(listed(&cast.operator()).await.is_none());
    cast.public().dial(method, Dial::Refuse, 0, "").await.unwrap();
    let cancelled = patient.cancel(&order.order_id).await.unwrap();
    assert_eq!(cancelled.state().as_str_name(), OrderState::Refunding.as_str_name());
    let stuck = eventually("the payment wants a person", || async {
        world.clock.advance_seconds(60);
        listed(&cast.operator()).await
    })
    .await;
    (patient, order, stuck)
}

async fn listed(operator: &Operator) -> Option<StuckPayment> {
    operator.list_stuck_payments(Default::default()).await.unwrap().payments.into_iter().next()
}

async fn resolve(operator: &Operator, stuck: &StuckPayment, how: PaymentResolution) -> PaymentState {
    let evidence = if how == PaymentResolution::DoneByHand { "letter 2026-17" } else { "" };
    let body = ResolvePaymentRequest {
        payment_id: stuck.payment_id.clone(),
        resolution: how.into(),
        evidence: evidence.to_owned(),
    };
    operator.resolve_payment(body).await.unwrap().payment.unwrap().state()
}

async fn a_refund_that_is_refused_is_ended_by_an_operator(world: &mut World) {
    world.expect_log("difference raised");
    world.expect_log("resolved by an operator");
    let cast = Cast::of(world).await;
    let method = "PaymentChannel/RefundPayment";
    let (patient, order, stuck) = refused_for_long(world, &cast, method).await;
    assert_eq!((stuck.ord_stas, stuck.step.as_str()), (14, "refund_channel"));
    assert_eq!(stuck.raised, ["CHANNEL_REFUND_REFUSED"]);
    assert_eq!(patient.account().await.unwrap().balance_fen, 508_900 - 1_558, "nothing is booked yet");
    let operator = cast.operator();
    let still = resolve(&operator, &stuck, PaymentResolution::TryNow).await;
    assert_eq!(still.as_str_name(), PaymentState::Refunding.as_str_name());
    cast.public().dial(method, Dial::Unspecified, 0, "").await.unwrap();
    let ended = resolve(&operator, &stuck, PaymentResolution::TryNow).await;
    assert_eq!(ended.as_str_name(), PaymentState::Refunded.as_str_name());
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    assert!(listed(&operator).await.is_none());
    cast.books_agree().await;
}

async fn a_reversal_done_by_hand_ends_the_refund(world: &mut World) {
    world.expect_log("difference raised");
    world.expect_log("resolved by an operator");
    let cast = Cast::of(world).await;
    let (patient, order, stuck) = refused_for_long(world, &cast, "InsurerHook/Reverse").await;
    assert_eq!((stuck.ord_stas, stuck.step.as_str()), (14, "reverse_insurer"));
    let operator = cast.operator();
    let silent = ResolvePaymentRequest {
        payment_id: stuck.payment_id.clone(),
        resolution: PaymentResolution::DoneByHand.into(),
        evidence: String::new(),
    };
    refused_as(operator.resolve_payment(silent).await, "INVALID_REQUEST");
    let ended = resolve(&operator, &stuck, PaymentResolution::DoneByHand).await;
    assert_eq!(ended.as_str_name(), PaymentState::Refunded.as_str_name());
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    assert_eq!(patient.account().await.unwrap().balance_fen, 508_900);
    cast.books_agree().await;
}
