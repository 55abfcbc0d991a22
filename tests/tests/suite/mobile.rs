//! Regions that settle what is bought online by mobile payment (移动支付, 6201 to 6401): paid once whatever is lost, undone in parts
//! and whole, and shown to the operator where the centre leaves an order between its states.

use std::path::Path;

use liufang::client::Patient;
use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::{Order, OrderState, PayOrderRequest, ReturnOrderRequest, Scan};
use liufang_proto::sandbox::v1::Dial;
use liufang_proto::settlement::v1::{
    Payer, PaymentResolution, PaymentState, ResolvePaymentRequest, StuckPayment,
};
use liufang_tests::audit::agrees;
use liufang_tests::world::run_in;
use liufang_tests::{Shape, World, behaviour, eventually};
use sea_orm::ConnectionTrait as _;

use super::cast::*;

// The setting stands in the region pack, so these worlds are made here.
behaviour!(own an_order_is_paid_once_and_comes_back_in_parts);
// as above
behaviour!(own an_order_between_states_is_shown_and_ended);
// as above
behaviour!(own a_notice_of_the_centre_ends_the_wait);

const ROW: u32 = 163;

async fn run(shape: Shape, test: impl AsyncFnOnce(&mut World)) {
    let packs = tempfile::tempdir().unwrap();
    for name in ["beijing.toml", "qinhuangdao.toml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/regions").join(name);
        let pack = std::fs::read_to_string(path).unwrap();
        let mobile = pack.replacen("[region]\n", "[region]\nmobile_payment = true\n", 1);
        std::fs::write(packs.path().join(name), mobile).unwrap();
    }
    let settings = [format!("regions_dir=\"{}\"", packs.path().display())];
    run_in(World::start_with(shape, &settings).await, test).await;
}

/// Pays under an authorisation of the person's at the centre.
async fn pays(patient: &Patient, order: &Order, pay_auth_no: &str) -> Order {
    let payer = Payer { pay_auth_no: pay_auth_no.to_owned(), ..Default::default() };
    let body = PayOrderRequest {
        order_id: order.order_id.clone(),
        quote_id: order.quote.as_ref().unwrap().quote_id.clone(),
        channel: Channel::Wechat.into(),
        payer: Some(payer),
    };
    patient.pay_order(body).await.unwrap().order.unwrap()
}

async fn an_order_is_paid_once_and_comes_back_in_parts(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let account = async || patient.account().await.unwrap().balance_fen;
    let before = account().await;
    for method in ["UploadFee", "PayOrder", "QueryOrder"] {
        cast.public().dial(&format!("MobilePayment/{method}"), Dial::LoseAnswer, 1, "").await.unwrap();
    }
    let order = Basket::of(GRANULES, 2, cast.door(ROW)).place(&patient).await.unwrap();
    pays(&patient, &order, "auth-163").await;
    let order = cast.order_in(&patient, &order.order_id, OrderState::Paid).await;
    let book = async || cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    let paid = patient.payment(&order.order_id).await.unwrap();
    let rows = book().await;
    assert_eq!((rows.len(), paid.ord_stas), (1, 6), "paid once");
    assert!(
        rows[0].setl_id == paid.setl_id && paid.setl_id.starts_with("MP"),
        "the centre's order: {}",
        paid.setl_id
    );
    let dispensed = cast.dispense(&order, OTC_PHARMACIST, "").await;
    let order = cast.bring(&patient, &dispensed, BEIJING_RIDER).await;
    let moved = cast.movements(OTC_SHOP, &order.order_id).await;
    let codes: Vec<String> = moved.into_iter().flat_map(|movement| movement.trace_codes).collect();

    // one pack comes back, and the centre's answer to the refund gets lost
    cast.public().dial("MobilePayment/RefundOrder", Dial::LoseAnswer, 1, "").await.unwrap();
    let pos = cast.pos(OTC_SHOP);
    let body = ReturnOrderRequest {
        order_id: order.order_id.clone(),
        reason: "多买了一盒".to_owned(),
        scans: vec![Scan { line_no: 1, trace_codes: codes[..1].to_vec() }],
    };
    pos.return_order(body).await.unwrap();
    let rest = eventually("half of the order is back", || async {
        let payment = patient.payment(&order.order_id).await.unwrap();
        (payment.state() == PaymentState::Captured && payment.refunded_fen > 0).then_some(payment)
    })
    .await;
    assert!([8, 11].contains(&rest.ord_stas), "the first order was undone at the centre: {}", rest.ord_stas);
    assert_ne!(rest.setl_id, paid.setl_id);
    let standing: Vec<_> = book().await.into_iter().filter(|row| !row.reversed).collect();
    assert_eq!(standing.len(), 1, "the rest alone stands");
    assert_eq!(standing[0].setl_id, rest.setl_id);
    cast.books_agree().await;
    agrees(&world.config).await;

    let whole = ReturnOrderRequest {
        order_id: order.order_id.clone(),
        reason: "包装破损".to_owned(),
        ..Default::default()
    };
    pos.return_order(whole).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    assert_eq!(account().await, before);
    assert_eq!(patient.payment(&order.order_id).await.unwrap().ord_stas, 7);
    assert!(book().await.iter().all(|row| row.reversed), "nothing stands at the centre");
    cast.books_agree().await;
    agrees(&world.config).await;
}

/// The centre pays while settlement waits before it asks again, and its notice (6302) ends the wait.
async fn a_notice_of_the_centre_ends_the_wait(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    world.clock.stand_still();
    let paying = pays(&patient, &order, "auth-stas-2").await;
    assert_eq!(paying.state().as_str_name(), OrderState::Paying.as_str_name(), "2 is not paid");
    let settlement = world.database("settlement").await;
    let long = "UPDATE payment SET next_at_us = next_at_us + 3600000000 WHERE step = 'ask_insurer'";
    assert_eq!(settlement.execute_unprepared(long).await.unwrap().rows_affected(), 1);
    settlement.close().await.unwrap();
    world.clock.advance_seconds(5);
    eventually("the centre's word ends the wait", || async {
        let payment = patient.payment(&order.order_id).await.unwrap();
        (payment.state() == PaymentState::Captured).then_some(())
    })
    .await;
    world.clock.go_on();
    cast.order_in(&patient, &order.order_id, OrderState::Paid).await;
    cast.books_agree().await;
}

async fn an_order_between_states_is_shown_and_ended(world: &mut World) {
    world.expect_log("resolved by an operator");
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let before = patient.account().await.unwrap().balance_fen;
    let order = cast.unpaid_otc(&patient, ROW).await;
    let revoke = "MobilePayment/RevokeOrder";
    cast.public().dial(revoke, Dial::Refuse, 0, "").await.unwrap();
    let paying = pays(&patient, &order, "auth-stas-4").await;
    assert_eq!(paying.state().as_str_name(), OrderState::Paying.as_str_name(), "4 is not paid");
    let operator = cast.operator();
    let stuck: StuckPayment = eventually("the payment wants a person", || async {
        world.clock.advance_seconds(30);
        operator.list_stuck_payments(Default::default()).await.unwrap().payments.into_iter().next()
    })
    .await;
    assert_eq!((stuck.ord_stas, stuck.centre_ord_stas), (14, Some(4)));
    assert!(stuck.pay_ord_id.starts_with("MP"));
    cast.public().dial(revoke, Dial::Unspecified, 0, "").await.unwrap();
    let body = ResolvePaymentRequest {
        payment_id: stuck.payment_id.clone(),
        resolution: PaymentResolution::TryNow.into(),
        evidence: String::new(),
    };
    // the worker may have asked again by itself meanwhile
    if let Err(refusal) = operator.resolve_payment(body).await {
        assert_eq!(refusal.reason, "PAYMENT_NOT_STUCK", "{refusal}");
    }
    let ended = eventually("the payment ends", || async {
        world.clock.advance_seconds(30);
        let payment = patient.payment(&order.order_id).await.unwrap();
        (payment.state() == PaymentState::Failed).then_some(payment)
    })
    .await;
    assert_eq!((ended.failure_reason.as_str(), ended.ord_stas), ("INSURER_NO_ANSWER", 15));
    assert_eq!(patient.account().await.unwrap().balance_fen, before);
    let book = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    assert!(book.is_empty(), "the centre paid nothing");
    cast.books_agree().await;
}
