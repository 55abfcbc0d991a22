//! How orders end other than at the door: cancelled, unpaid in time, refunded, returned.

use liufang_proto::inventory::v1::{GetTraceCodeRequest, MovementKind};
use liufang_proto::order::v1::{CancelOrderRequest, CollectOrderRequest, OrderState, ReturnOrderRequest};
use liufang_proto::prescription::v1::{GetPrescriptionRequest, GetVisitRequest, UseState, VisitState};
use liufang_proto::settlement::v1::PaymentState;
use liufang_tests::{World, behaviour, eventually};

use super::cast::*;

behaviour!(everywhere cancelling_before_payment_frees_stock_and_prescription);
behaviour!(everywhere an_unpaid_order_closes_itself);
behaviour!(everywhere an_unpaid_prescription_order_closes_itself);
behaviour!(everywhere an_unpaid_visit_frees_its_slot);
behaviour!(everywhere cancelling_after_payment_refunds_everything);
behaviour!(everywhere a_returned_order_takes_everything_back);
behaviour!(everywhere collected_at_the_counter_with_the_code);
behaviour!(everywhere a_cancelled_visit_is_refunded);

async fn cancelling_before_payment_frees_stock_and_prescription(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let before = cast.available(SHOP, AMLODIPINE.code).await;
    let (order, _) = cast.to_pay(&patient, SHOP, SHOP_PHARMACIST).await;
    assert_eq!(cast.available(SHOP, AMLODIPINE.code).await, before - 4);
    let ended = patient.cancel(&order.order_id).await.unwrap();
    assert_eq!(ended.state().as_str_name(), OrderState::Cancelled.as_str_name());
    eventually("the stock is free", || async {
        (cast.available(SHOP, AMLODIPINE.code).await == before).then_some(())
    })
    .await;
    let body = GetPrescriptionRequest { hi_rxno: order.hi_rxno.clone() };
    let rx = patient.get_prescription(body).await.unwrap().prescription.unwrap();
    assert!(rx.holder_fixmedins_code.is_empty() && rx.use_state() == UseState::Unused, "free again");
    // and filled elsewhere, whole
    let order = patient.place(cast.filling(&rx, SHOP_2, None)).await.unwrap();
    let (order, claim) = cast.passed(&patient, &order, SHOP_2_PHARMACIST).await;
    let order = cast.pay(&patient, &order).await;
    cast.dispense(&order, SHOP_2_PHARMACIST, &claim.secret).await;
    refused_as(patient.cancel(&ended.order_id).await, "ORDER_ENDED");
}

async fn an_unpaid_order_closes_itself(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 163).await;
    let before = cast.available(OTC_SHOP, GRANULES).await;
    let order = cast.unpaid_otc(&patient, 163).await;
    assert_eq!(cast.available(OTC_SHOP, GRANULES).await, before - 1);
    world.clock.advance_seconds(901);
    let closed = cast.order_in(&patient, &order.order_id, OrderState::Cancelled).await;
    assert!(!closed.cancel_reason.is_empty());
    eventually("the stock is free", || async {
        (cast.available(OTC_SHOP, GRANULES).await == before).then_some(())
    })
    .await;
    let late = patient.pay(&order, liufang_proto::common::v1::Channel::Wechat).await;
    refused_as(late, "ORDER_ENDED");
    assert_eq!(patient.account().await.unwrap().available_fen, 508_900);
}

async fn an_unpaid_prescription_order_closes_itself(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let before = cast.available(SHOP, AMLODIPINE.code).await;
    let (order, _) = cast.to_pay(&patient, SHOP, SHOP_PHARMACIST).await;
    world.clock.advance_seconds(1_801);
    cast.order_in(&patient, &order.order_id, OrderState::Cancelled).await;
    eventually("the stock is free", || async {
        (cast.available(SHOP, AMLODIPINE.code).await == before).then_some(())
    })
    .await;
    let rx = eventually("the prescription is free", || async {
        let body = GetPrescriptionRequest { hi_rxno: order.hi_rxno.clone() };
        let rx = patient.get_prescription(body).await.unwrap().prescription.unwrap();
        rx.holder_fixmedins_code.is_empty().then_some(rx)
    })
    .await;
    let order = patient.place(cast.filling(&rx, SHOP_2, None)).await.unwrap();
    assert_eq!(order.state().as_str_name(), OrderState::AwaitingPharmacy.as_str_name());
}

async fn an_unpaid_visit_frees_its_slot(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    // a slot that is still ahead when the deadline passes
    let body = liufang_proto::prescription::v1::ListSlotsRequest {
        fixmedins_code: HOSPITAL.to_owned(),
        doctor_code: DOCTOR.to_owned(),
        ..Default::default()
    };
    let slots = cast.public().list_slots(body).await.unwrap().slots;
    let ahead = cast.clock_now() + 3 * 3_600_000_000;
    let slot = slots.into_iter().find(|slot| ahead < slot.starts_at_us).unwrap();
    let visit = patient.book_visit(cast.booking(&slot, "M03900")).await.unwrap().visit.unwrap();
    assert_eq!(cast.slot_of(&slot.slot_id).await.available, slot.available - 1);
    world.clock.advance_seconds(1_801);
    eventually("the visit is cancelled", || async {
        let body = GetVisitRequest { visit_id: visit.visit_id.clone() };
        let now = patient.get_visit(body).await.unwrap().visit.unwrap();
        (now.state() == VisitState::Cancelled).then_some(())
    })
    .await;
    assert_eq!(cast.slot_of(&slot.slot_id).await.available, slot.available);
    refused(patient.place_fee(&visit.visit_id).await);
}

async fn cancelling_after_payment_refunds_everything(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let before = cast.available(SHOP, AMLODIPINE.code).await;
    let (order, _) = cast.paid_rx(&patient, SHOP, SHOP_PHARMACIST).await;
    let balance = patient.account().await.unwrap().balance_fen;
    let paid = totals(&order).acct_pay_fen;
    assert!(0 < paid);
    patient.cancel_order(CancelOrderRequest { order_id: order.order_id.clone() }).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    let payment = patient.payment(&order.order_id).await.unwrap();
    assert_eq!((payment.state().as_str_name(), payment.ord_stas), (PaymentState::Refunded.as_str_name(), 7));
    assert_eq!(patient.account().await.unwrap().balance_fen, balance + paid);
    eventually("the stock is free", || async {
        (cast.available(SHOP, AMLODIPINE.code).await == before).then_some(())
    })
    .await;
    let insurer = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    let row = insurer.iter().find(|row| row.setl_id == payment.setl_id).expect("settled before");
    assert!(row.reversed);
    assert_eq!(cast.ledger(&format!("receivable:agency:{SHOP}")).await, 0);
    cast.books_agree().await;
    // the deductible is given back too: the next quote has it whole
    let body = GetPrescriptionRequest { hi_rxno: order.hi_rxno.clone() };
    let rx = patient.get_prescription(body).await.unwrap().prescription.unwrap();
    let again = patient.place(cast.filling(&rx, SHOP_2, None)).await.unwrap();
    let (again, _) = cast.passed(&patient, &again, SHOP_2_PHARMACIST).await;
    assert_eq!(totals(&again).act_pay_dedc_fen, totals(&again).inscp_scp_amt_fen.min(30_000));
}

async fn a_returned_order_takes_everything_back(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let before = cast.available(SHOP, AMLODIPINE.code).await;
    let (order, claim) = cast.paid_rx(&patient, SHOP, SHOP_PHARMACIST).await;
    let balance = patient.account().await.unwrap().balance_fen;
    cast.dispense(&order, SHOP_PHARMACIST, &claim.secret).await;
    refused(patient.cancel(&order.order_id).await);
    let body = ReturnOrderRequest {
        order_id: order.order_id.clone(),
        reason: "包装破损".to_owned(),
        ..Default::default()
    };
    refused_as(cast.pos(SHOP_2).return_order(body.clone()).await, "ORDER_NOT_FOUND");
    cast.pos(SHOP).return_order(body.clone()).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    refused_as(cast.pos(SHOP).return_order(body).await, "ORDER_ENDED");
    assert_eq!(patient.account().await.unwrap().balance_fen, balance + totals(&order).acct_pay_fen);
    let rows = cast.movements(SHOP, &order.order_id).await;
    let sold: i64 = rows.iter().map(|row| packs(&row.quantity)).sum();
    assert_eq!(sold, 0, "3506 undoes 3505");
    assert_eq!(
        rows.iter()
            .filter(|row| row.kind() == MovementKind::SaleReturn)
            .map(|row| packs(&row.quantity))
            .sum::<i64>(),
        8
    );
    let code = rows[0].trace_codes[0].clone();
    let story = cast.pos(SHOP).get_trace_code(GetTraceCodeRequest { drug_trac_codg: code }).await.unwrap();
    assert_ne!(story.state, "dispensed");
    let body = GetPrescriptionRequest { hi_rxno: order.hi_rxno.clone() };
    let rx = patient.get_prescription(body).await.unwrap().prescription.unwrap();
    assert_eq!(rx.use_state().as_str_name(), UseState::Unused.as_str_name());
    assert!(cast.available(SHOP, AMLODIPINE.code).await <= before);
    cast.books_agree().await;
}

async fn collected_at_the_counter_with_the_code(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let (order, claim) = cast.paid_rx(&patient, SHOP, SHOP_PHARMACIST).await;
    let pos = cast.pos(SHOP);
    let collect = |code: &str| CollectOrderRequest {
        order_id: order.order_id.clone(),
        collection_code: code.to_owned(),
    };
    // four weeks of tablets from a lot that expires in three
    let mut early = cast.scans(&order).await;
    early[0].trace_codes = (0..4).map(|pack| format!("8100011000800002000{pack}")).collect();
    let handed =
        pos.hand_out(&order.order_id, &cast.practitioner(SHOP_PHARMACIST), &claim.secret, early).await;
    refused_as(handed, "LOT_EXPIRES_EARLY");
    cast.dispense(&order, SHOP_PHARMACIST, &claim.secret).await;
    let shown = patient.order(&order.order_id).await.unwrap().collection_code;
    assert!(pos.order(&order.order_id).await.unwrap().collection_code.is_empty(), "only the patient sees it");
    let wrong = if shown == "000000" { "000001" } else { "000000" };
    refused_as(pos.collect_order(collect(wrong)).await, "COLLECTION_CODE_WRONG");
    refused_as(cast.pos(SHOP_2).collect_order(collect(&shown)).await, "ORDER_NOT_FOUND");
    let done = cast.collect(&patient, &order.order_id).await;
    assert_eq!(done.state().as_str_name(), OrderState::Completed.as_str_name());
}

async fn a_cancelled_visit_is_refunded(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let visit = cast.booked(&patient, DOCTOR, "M03900").await;
    let order = patient.place_fee(&visit.visit_id).await.unwrap();
    patient.pay(&order, liufang_proto::common::v1::Channel::Unspecified).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Completed).await;
    assert_eq!(patient.account().await.unwrap().balance_fen, 299_400);
    patient.cancel(&order.order_id).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    assert_eq!(patient.account().await.unwrap().balance_fen, 300_000);
    let now =
        patient.get_visit(GetVisitRequest { visit_id: visit.visit_id.clone() }).await.unwrap().visit.unwrap();
    assert_eq!(now.state().as_str_name(), VisitState::Cancelled.as_str_name());
    refused(cast.take(&visit, DOCTOR).await);
}
