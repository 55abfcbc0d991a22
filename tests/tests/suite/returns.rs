//! Some goods of an order come back: into stock, and their money to whoever paid it.

use liufang_proto::common::v1::Leg;
use liufang_proto::order::v1::{OrderState, ReturnOrderRequest, Scan};
use liufang_proto::sandbox::v1::Dial;
use liufang_proto::settlement::v1::{GetPaymentRequest, PaymentState, RefundState};
use liufang_tests::{World, behaviour, eventually};

use super::cast::*;
use liufang_tests::audit::agrees;

behaviour!(everywhere one_pack_of_two_comes_back);

const ROW: u32 = 163;

/// Two packs are bought and dispensed; one comes back, then the rest.
async fn one_pack_of_two_comes_back(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let account = async || patient.account().await.unwrap().balance_fen;
    let before = account().await;
    let order = Basket::of(GRANULES, 2, cast.door(ROW)).place(&patient).await.unwrap();
    let order = cast.pay(&patient, &order).await;
    let spent = before - account().await;
    let dispensed = cast.dispense(&order, OTC_PHARMACIST, "").await;
    let order = cast.bring(&patient, &dispensed, BEIJING_RIDER).await;
    let shelf = cast.available(OTC_SHOP, GRANULES).await;
    let codes: Vec<String> = cast
        .movements(OTC_SHOP, &order.order_id)
        .await
        .into_iter()
        .flat_map(|movement| movement.trace_codes)
        .collect();
    assert_eq!(codes.len(), 2);

    // the insurer's answer about the rest gets lost on the way
    cast.public().dial("InsurerHook/Settle", Dial::LoseAnswer, 1, "").await.unwrap();
    let back = |codes: &[String]| ReturnOrderRequest {
        order_id: order.order_id.clone(),
        reason: "多买了一盒".to_owned(),
        scans: vec![Scan { line_no: 1, trace_codes: codes.to_vec() }],
    };
    let pos = cast.pos(OTC_SHOP);
    refused_as(pos.return_order(back(&["8".repeat(20)])).await, "TRACE_CODE_UNKNOWN");
    let standing = pos.return_order(back(&codes[..1])).await.unwrap().order.unwrap();
    assert_eq!(standing.state().as_str_name(), OrderState::Completed.as_str_name());
    let payment = async || {
        let body = GetPaymentRequest { order_id: order.order_id.clone(), payment_id: String::new() };
        patient.get_payment(body).await.unwrap()
    };
    let part = eventually("the half is back", || async {
        let part = payment().await.refunds.into_iter().next()?;
        (part.state() == RefundState::Booked).then_some(part)
    })
    .await;
    assert_eq!(part.amount_fen * 2, spent, "one pack of two; the delivery was made");
    assert_eq!(leg(&part.legs, Leg::Account), part.amount_fen, "to the account that paid it");
    assert_eq!(account().await, before - spent / 2);
    let paid = payment().await.payment.unwrap();
    assert_eq!(paid.state().as_str_name(), PaymentState::Captured.as_str_name());
    assert_eq!(paid.refunded_fen, part.amount_fen);
    let insurer = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    assert_eq!(insurer.iter().filter(|row| !row.reversed).count(), 1, "the rest alone is settled");
    assert_eq!(
        cast.available(OTC_SHOP, GRANULES).await,
        shelf,
        "what came back is looked at before it is sold"
    );
    cast.books_agree().await;
    agrees(&world.config).await;
    refused_as(pos.return_order(back(&codes[..1])).await, "TRACE_CODE_RETURNED");

    // then the whole order comes back: what is left of it
    let whole = ReturnOrderRequest {
        order_id: order.order_id.clone(),
        reason: "包装破损".to_owned(),
        ..Default::default()
    };
    pos.return_order(whole).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    assert_eq!(account().await, before);
    let refunded = payment().await;
    assert_eq!(refunded.refunds.len(), 2);
    let sum: i64 = refunded.refunds.iter().map(|part| part.amount_fen).sum();
    assert_eq!(sum, refunded.payment.unwrap().refunded_fen);
    cast.books_agree().await;
    agrees(&world.config).await;
}
