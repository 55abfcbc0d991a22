//! What the renewal of a prescription must refuse, each with its reason.

use liufang::client::Patient;
use liufang_kernel::timestamp::date_text;
use liufang_proto::common::v1::Leg;
use liufang_proto::identity::v1::{ImportPractitionersRequest, Practitioner, PractitionerKind};
use liufang_proto::inventory::v1::FindPharmaciesRequest;
use liufang_proto::order::v1::{Order, OrderState, PlaceOrderRequest};
use liufang_proto::prescription::v1::{
    BookVisitRequest, ClaimRequest, GetPrescriptionRequest, GetSigningDocumentRequest, GiveBackRequest,
    Prescription, PublishSlotsRequest, RecoverSecretRequest, ReviewRequest, RevokeRequest, RxLine,
    TakeVisitRequest, UploadRequest,
};
use liufang_tests::{World, behaviour, eventually};

use super::cast::*;

behaviour!(everywhere only_registered_diseases_of_the_scheme_are_renewed);
behaviour!(everywhere no_first_visit_online);
behaviour!(everywhere only_insured_doctors_of_the_hospital_prescribe);
behaviour!(everywhere rules_block_a_prescription);
behaviour!(everywhere only_the_same_product_at_the_hospitals_price_fills);
behaviour!(everywhere another_specification_does_not_fill);
behaviour!(everywhere suspended_pharmacies_fill_nothing);
behaviour!(everywhere no_payment_before_the_pharmacists_pass);
behaviour!(everywhere a_prescription_has_one_holder);
behaviour!(everywhere signatures_are_checked);
behaviour!(everywhere the_wrong_pharmacist_passes_nothing);
behaviour!(everywhere an_expired_prescription_is_not_filled);

async fn only_registered_diseases_of_the_scheme_are_renewed(world: &mut World) {
    let cast = Cast::of(world).await;
    let slot = cast.slot(DOCTOR).await;
    let cases = [
        (5, "M03900", "DISEASE_NOT_REGISTERED"), // nothing registered
        (6, "M05300", "DISEASE_NOT_IN_SCHEME"),  // registered, outside the scheme
        (7, "M03900", "DISEASE_NOT_REGISTERED"), // from 2027 on
        (1, "M01600", "DISEASE_NOT_REGISTERED"), // another disease
    ];
    for (row, disease, reason) in cases {
        let patient = cast.patient(row).await;
        let answer = patient.book_visit(cast.booking(&slot, disease)).await;
        assert!(answer.is_err(), "row {row} booked for {disease}");
        let refusal = refused(answer);
        assert_eq!(refusal.reason, reason, "row {row}: {refusal}");
    }
    assert_eq!(cast.slot_of(&slot.slot_id).await.available, slot.available, "no place was taken");
    // suspended insurance, and one of another city: anybody may see a doctor in cash, but no drugs are settled
    for (row, reason) in [(8, "NOT_INSURED"), (12, "INSURED_ELSEWHERE")] {
        let patient = cast.patient(row).await;
        let visit = cast.booked(&patient, DOCTOR, "M03900").await;
        let fee = patient.place_fee(&visit.visit_id).await.unwrap();
        assert_eq!(leg(&quote(&fee).legs, Leg::Channel), 1_500, "row {row}");
        patient.cancel(&fee.order_id).await.unwrap();
        let before = cast.available(SHOP, AMLODIPINE.code).await;
        let rx = cast.prescribed(&patient, two_drugs(4)).await;
        let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
        let claim = cast.claim(&order).await;
        cast.pos(SHOP).judge(&claim, &cast.practitioner(SHOP_PHARMACIST), true, "同意").await.unwrap();
        let ended = cast.order_in(&patient, &order.order_id, OrderState::Cancelled).await;
        assert_eq!(ended.cancel_reason, reason, "row {row}");
        // given back after the order is told that it has ended
        eventually("the stock is free", || async {
            (cast.available(SHOP, AMLODIPINE.code).await == before).then_some(())
        })
        .await;
    }
}

async fn no_first_visit_online(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let slot = cast.slot(DOCTOR).await;
    let first = BookVisitRequest { first_rx_ref: String::new(), ..cast.booking(&slot, "M03900") };
    refused_as(patient.book_visit(first).await, "FIRST_VISIT_ONLINE");
    assert_eq!(cast.slot_of(&slot.slot_id).await.available, slot.available);
    // the doctor has the last word on whether it is a follow-up
    let visit = cast.paid_visit(&patient, DOCTOR, "M03900").await;
    cast.take(&visit, DOCTOR).await.unwrap();
    refused_as(cast.record(&visit, DOCTOR, false).await, "FIRST_VISIT_ONLINE");
    // and without a record there is no prescription
    refused_as(cast.pre_verify(&visit, two_drugs(4)).await, "VISIT_STATE_MISMATCH");
    cast.record(&visit, DOCTOR, true).await.unwrap();
    cast.pre_verify(&visit, two_drugs(4)).await.unwrap();
}

async fn only_insured_doctors_of_the_hospital_prescribe(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let visit = cast.paid_visit(&patient, DOCTOR, "M03900").await;
    let (own, other) = (cast.his(HOSPITAL), cast.his(OTHER_HOSPITAL));
    let stranger = cast.practitioner(OTHER_HOSPITALS_DOCTOR);
    refused_as(own.token_of(&stranger).await, "PRACTITIONER_ELSEWHERE");
    // the other hospital's doctor with a good token of the other hospital
    let doctor_token = other.token_of(&stranger).await.unwrap();
    let take =
        |token: &str| TakeVisitRequest { visit_id: visit.visit_id.clone(), doctor_token: token.to_owned() };
    let refusal = refused_as(own.take_visit(take(&doctor_token)).await, "DOCTOR_NOT_INSURED");
    assert!(refusal.metadata.values().any(|value| value == "OTHER_HOSPITAL"), "{refusal}");
    refused_as(other.take_visit(take(&doctor_token)).await, "VISIT_NOT_FOUND");
    // another doctor of the same hospital is insured, but it is not their visit
    let colleague = own.token_of(&cast.practitioner(DOCTOR_2)).await.unwrap();
    refused_as(own.take_visit(take(&colleague)).await, "PRACTITIONER_NOT_ALLOWED");
    // a pharmacist is no doctor
    let pharmacist = own.token_of(&cast.practitioner(HOSPITAL_PHARMACIST)).await.unwrap();
    refused_as(own.take_visit(take(&pharmacist)).await, "DOCTOR_NOT_INSURED");
    // not an insured doctor at all: no token, no slots
    refused_as(own.token_of(&cast.practitioner("D130302000005")).await, "PRACTITIONER_INACTIVE");
    let mut slot = cast.slot(DOCTOR).await;
    slot.slot_id = "test-uninsured".to_owned();
    slot.doctor_code = "D130302000005".to_owned();
    let errors = own.publish_slots(PublishSlotsRequest { rows: vec![slot] }).await.unwrap().errors;
    assert_eq!(errors.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>(), ["DOCTOR_NOT_INSURED"]);
    // struck off between token and visit
    let good = own.token_of(&cast.practitioner(DOCTOR)).await.unwrap();
    let row = Practitioner {
        practitioner_code: DOCTOR.to_owned(),
        kind: PractitionerKind::Doctor.into(),
        name: "甲测试医生一".to_owned(),
        fixmedins_code: HOSPITAL.to_owned(),
        title_code: "232".to_owned(),
        dept: "心血管内科".to_owned(),
        signing_key: cast.practitioner(DOCTOR).public_key(),
        active: false,
        practice_from: "2005-07-01".to_owned(),
        ..Default::default()
    };
    let reply =
        cast.operator().import_practitioners(ImportPractitionersRequest { rows: vec![row] }).await.unwrap();
    assert!(reply.errors.is_empty(), "{}", show(&reply.errors));
    let refusal = refused_as(own.take_visit(take(&good)).await, "DOCTOR_NOT_INSURED");
    assert!(refusal.metadata.values().any(|value| value == "NOT_ACTIVE"), "{refusal}");
}

async fn rules_block_a_prescription(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let visit = cast.seen(&patient, DOCTOR, "M03900").await;
    let blocked = |lines| cast.pre_verify(&visit, lines);
    // the same substance twice
    let twice = vec![AMLODIPINE.line(1, 4), AMLODIPINE.line(2, 4)];
    let refusal = refused_as(blocked(twice).await, "PRESCRIPTION_BLOCKED");
    assert!(format!("{:?}", refusal.metadata).contains("RX_DUPLICATE_THERAPY"), "{refusal}");
    // six kinds
    let mut six = two_drugs(4);
    six.extend((3..=6).map(|line_no| AMLODIPINE.line(line_no, 4)));
    let refusal = refused_as(blocked(six).await, "PRESCRIPTION_BLOCKED");
    assert!(format!("{:?}", refusal.metadata).contains("RX_MAX_KINDS"), "{refusal}");
    // sixteen weeks
    let refusal = refused_as(blocked(two_drugs(16)).await, "PRESCRIPTION_BLOCKED");
    assert!(format!("{:?}", refusal.metadata).contains("RX_DAYS_OF_SUPPLY"), "{refusal}");
    // the hospital pharmacist's no ends the draft
    let draft = cast.pre_verify(&visit, two_drugs(4)).await.unwrap();
    cast.review_draft(&draft, false).await.unwrap();
    let body = GetSigningDocumentRequest { hi_rxno: draft.hi_rxno };
    let refusal = refused_as(cast.his(HOSPITAL).get_signing_document(body).await, "PRESCRIPTION_NOT_ACTIVE");
    assert_eq!(refusal.meta("state"), "REFUSED");
}

/// What a shop answers for each line of a prescription.
async fn line_refusals(cast: &Cast, patient: &Patient, rx: &Prescription, shop: &str) -> Vec<String> {
    let near = cast.door(1).location;
    let body = FindPharmaciesRequest { hi_rxno: rx.hi_rxno.clone(), near, include_refused: true };
    let offers = patient.find_pharmacies(body).await.unwrap().offers;
    let offer = offers.into_iter().find(|offer| offer.fixmedins_code == shop).expect("the shop is named");
    assert!(!offer.fills_all, "{shop}");
    offer.lines.into_iter().map(|line| line.refusal).collect()
}

async fn only_the_same_product_at_the_hospitals_price_fills(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let cases = [
        ("P13030200011", "OTHER_MAKER"),
        ("P13030300001", "PRICE_ABOVE_HOSPITAL"),
        ("P13030200012", "SHORT_STOCK"),
    ];
    for (shop, reason) in cases {
        assert_eq!(line_refusals(&cast, &patient, &rx, shop).await, [reason, ""], "{shop}");
        let refusal = refused(patient.place(cast.filling(&rx, shop, None)).await);
        assert_eq!(refusal.reason, reason, "{shop}: {refusal}");
    }
    let body = GetPrescriptionRequest { hi_rxno: rx.hi_rxno.clone() };
    let rx = patient.get_prescription(body).await.unwrap().prescription.unwrap();
    assert!(rx.holder_fixmedins_code.is_empty(), "still free");
    // the risk warning is mandatory
    let unwarned = PlaceOrderRequest { risk_confirmed: false, ..cast.filling(&rx, SHOP, None) };
    refused_as(patient.place(unwarned).await, "RISK_NOT_CONFIRMED");
    // somebody else's prescription does not exist
    let other = cast.patient(3).await;
    refused_as(other.place(cast.filling(&rx, SHOP, None)).await, "PRESCRIPTION_NOT_FOUND");
    patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
}

async fn another_specification_does_not_fill(world: &mut World) {
    let cast = Cast::of(world).await;
    let neighbour = cast.patient(21).await;
    // 格华止 0.85 g is prescribed, the shops have 0.5 g
    let strong = RxLine {
        med_list_codg: "XA10BAE117A001020100268".to_owned(),
        drug_cnt: "2".to_owned(),
        drug_pric: "29.80".to_owned(),
        ..AMLODIPINE.line(1, 4)
    };
    let other = cast.prescribed(&neighbour, vec![strong]).await;
    assert_eq!(line_refusals(&cast, &neighbour, &other, SHOP).await, ["OTHER_SPECIFICATION"]);
    refused_as(neighbour.place(cast.filling(&other, SHOP, None)).await, "OTHER_SPECIFICATION");
}

async fn suspended_pharmacies_fill_nothing(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    for (shop, case) in [("P13030600001", "suspended"), ("P13037100011", "terminated")] {
        let refusal = refused(patient.place(cast.filling(&rx, shop, None)).await);
        assert_eq!(refusal.reason, "INSTITUTION_NOT_DESIGNATED", "{case}: {refusal}");
        let body = FindPharmaciesRequest { hi_rxno: rx.hi_rxno.clone(), near: None, include_refused: true };
        let offers = patient.find_pharmacies(body).await.unwrap().offers;
        assert!(offers.iter().all(|offer| offer.fixmedins_code != shop), "{case}");
    }
    // designated, but for over-the-counter goods in another city
    refused(patient.place(cast.filling(&rx, OTC_SHOP, None)).await);
}

async fn no_payment_before_the_pharmacists_pass(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    refused_as(cast.pay_early(&patient, &order).await, "REVIEW_NOT_PASSED");
    let claim = cast.claim(&order).await;
    refused_as(cast.pay_early(&patient, &order).await, "REVIEW_NOT_PASSED");
    let refused_review =
        cast.pos(SHOP).judge(&claim, &cast.practitioner(SHOP_PHARMACIST), false, "剂量存疑").await;
    refused_review.unwrap();
    let order = cast.order_in(&patient, &order.order_id, OrderState::Cancelled).await;
    assert!(!order.cancel_reason.is_empty());
    refused_as(cast.pay_early(&patient, &order).await, "ORDER_ENDED");
    assert_eq!(patient.account().await.unwrap().held_fen, 0);
}

async fn a_prescription_has_one_holder(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let old = cast.pos(SHOP).queued(&order.order_id).await.unwrap().expect("queued");
    // the patient changes their mind twice: only the newest choice counts, the orders before it are closed
    let second = patient.place(cast.filling(&rx, SHOP_2, None)).await.unwrap();
    let first = order;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    for replaced in [&first, &second] {
        let ended = cast.order_in(&patient, &replaced.order_id, OrderState::Cancelled).await;
        assert_eq!(ended.cancel_reason, "REPLACED");
    }
    assert!(cast.pos(SHOP_2).queued(&second.order_id).await.unwrap().is_none());
    let stale = ClaimRequest { epc_token: old.epc_token };
    refused_as(cast.pos(SHOP).claim(stale).await, "CIRCULATION_TOKEN_INVALID");
    let item = cast.pos(SHOP).queued(&order.order_id).await.unwrap().expect("queued");
    let claim = ClaimRequest { epc_token: item.epc_token };
    refused_as(cast.pos(SHOP_2).claim(claim.clone()).await, "CIRCULATION_TOKEN_INVALID");
    let reply = cast.pos(SHOP).claim(claim.clone()).await.unwrap();
    refused_as(cast.pos(SHOP).claim(claim.clone()).await, "PRESCRIPTION_HELD");
    refused_as(cast.pos(SHOP_2).claim(claim).await, "CIRCULATION_TOKEN_INVALID");
    // held, it goes to nobody else, and cannot be revoked either
    refused_as(patient.place(cast.filling(&rx, SHOP_2, None)).await, "PRESCRIPTION_HELD");
    let his = cast.his(HOSPITAL);
    let revoke = RevokeRequest {
        hi_rxno: rx.hi_rxno.clone(),
        doctor_token: his.token_of(&cast.practitioner(DOCTOR)).await.unwrap(),
        reason: "重开".to_owned(),
        when_given_back: false,
        later_uses: false,
    };
    refused_as(his.revoke(revoke.clone()).await, "PRESCRIPTION_HELD");
    let give_back = |secret: &str| GiveBackRequest {
        hi_rxno: rx.hi_rxno.clone(),
        secret: secret.to_owned(),
        reason: "缺货".to_owned(),
    };
    refused_as(cast.pos(SHOP).give_back(give_back("wrong")).await, "CLAIM_SECRET_INVALID");
    // for the other shop it does not exist, whatever it asks and knows
    let (stranger, hi_rxno) = (cast.pos(SHOP_2), rx.hi_rxno.clone());
    refused_as(stranger.give_back(give_back(&reply.secret)).await, "PRESCRIPTION_NOT_FOUND");
    let recover = RecoverSecretRequest { hi_rxno: hi_rxno.clone() };
    refused_as(stranger.recover_secret(recover).await, "PRESCRIPTION_NOT_FOUND");
    let review = ReviewRequest {
        hi_rxno,
        secret: reply.secret.clone(),
        pharmacist_token: stranger.token_of(&cast.practitioner(SHOP_2_PHARMACIST)).await.unwrap(),
        pass: true,
        opinion: "同意".to_owned(),
        second_pharmacist_token: String::new(),
    };
    refused_as(stranger.review(review).await, "PRESCRIPTION_NOT_FOUND");
    cast.pos(SHOP).give_back(give_back(&reply.secret)).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Cancelled).await;
    // given back, the other shop may have it
    let order = patient.place(cast.filling(&rx, SHOP_2, None)).await.unwrap();
    cast.claim(&order).await;
    patient.cancel(&order.order_id).await.unwrap();
}

async fn signatures_are_checked(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let visit = cast.seen(&patient, DOCTOR, "M03900").await;
    let draft = cast.pre_verify(&visit, two_drugs(4)).await.unwrap();
    let draft = cast.review_draft(&draft, true).await.unwrap();
    let his = cast.his(HOSPITAL);
    let body = GetSigningDocumentRequest { hi_rxno: draft.hi_rxno.clone() };
    let document = his.get_signing_document(body).await.unwrap().document;
    let (doctor, pharmacist) = (cast.practitioner(DOCTOR), cast.practitioner(HOSPITAL_PHARMACIST));
    let good = UploadRequest {
        hi_rxno: draft.hi_rxno.clone(),
        rx_trace_code: draft.rx_trace_code.clone(),
        doctor_signature: doctor.sign(&document).unwrap(),
        pharmacist_signature: pharmacist.sign(&document).unwrap(),
    };
    // swapped, another document, another doctor, another trace code
    let swapped = UploadRequest {
        doctor_signature: good.pharmacist_signature.clone(),
        pharmacist_signature: good.doctor_signature.clone(),
        ..good.clone()
    };
    refused_as(his.upload(swapped).await, "SIGNATURE_INVALID");
    let edited = [document.as_slice(), b" "].concat();
    let other = UploadRequest { doctor_signature: doctor.sign(&edited).unwrap(), ..good.clone() };
    refused_as(his.upload(other).await, "SIGNATURE_INVALID");
    let colleague = cast.practitioner(DOCTOR_2);
    let other = UploadRequest { doctor_signature: colleague.sign(&document).unwrap(), ..good.clone() };
    refused_as(his.upload(other).await, "SIGNATURE_INVALID");
    let other = UploadRequest { rx_trace_code: "0".repeat(20), ..good.clone() };
    refused(his.upload(other).await);
    his.upload(good.clone()).await.unwrap();
    let again = refused(his.upload(good).await);
    assert!(["TRACE_CODE_SPENT", "PRESCRIPTION_NOT_ACTIVE"].contains(&again.reason.as_str()), "{again}");
}

async fn the_wrong_pharmacist_passes_nothing(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let claim = cast.claim(&order).await;
    let pos = cast.pos(SHOP);
    let strangers_token = cast.pos(SHOP_2).token_of(&cast.practitioner(SHOP_2_PHARMACIST)).await.unwrap();
    let review = |secret: &str, token: &str, opinion: &str| ReviewRequest {
        hi_rxno: rx.hi_rxno.clone(),
        secret: secret.to_owned(),
        pharmacist_token: token.to_owned(),
        pass: true,
        opinion: opinion.to_owned(),
        second_pharmacist_token: String::new(),
    };
    let refusal = refused(pos.review(review(&claim.secret, &strangers_token, "同意")).await);
    assert_eq!(refusal.reason, "PRACTITIONER_NOT_ALLOWED", "{refusal}");
    let own_token = pos.token_of(&cast.practitioner(SHOP_PHARMACIST)).await.unwrap();
    refused_as(pos.review(review("wrong", &own_token, "同意")).await, "CLAIM_SECRET_INVALID");
    refused_as(pos.review(review(&claim.secret, &own_token, "")).await, "INVALID_REQUEST");
    refused_as(pos.review(review(&claim.secret, "not-a-token", "同意")).await, "TOKEN_INVALID");
    let still = patient.order(&order.order_id).await.unwrap();
    assert_eq!(still.state().as_str_name(), OrderState::AwaitingPharmacy.as_str_name());
    pos.review(review(&claim.secret, &own_token, "同意")).await.unwrap();
    // dispensing asks for the secret too, before anything is sold: the money may still come back
    wrong_secret_sells_nothing(&cast, &patient, &order.order_id).await;
    patient.cancel(&order.order_id).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    // and the right secret goes on from a wrong one
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let claim = cast.claim(&order).await;
    let pharmacist = cast.practitioner(SHOP_PHARMACIST);
    pos.judge(&claim, &pharmacist, true, "同意").await.unwrap();
    let order = wrong_secret_sells_nothing(&cast, &patient, &order.order_id).await;
    let scans = cast.scans(&order).await;
    pos.hand_out(&order.order_id, &pharmacist, &claim.secret, scans).await.unwrap();
    assert!(!cast.movements(SHOP, &order.order_id).await.is_empty());
}

/// Pays, and dispenses with a wrong secret.
async fn wrong_secret_sells_nothing(cast: &Cast, patient: &Patient, order_id: &str) -> Order {
    let order = cast.order_in(patient, order_id, OrderState::AwaitingPayment).await;
    let order = cast.pay(patient, &order).await;
    let (scans, pharmacist) = (cast.scans(&order).await, cast.practitioner(SHOP_PHARMACIST));
    let before = patient.order(order_id).await.unwrap();
    let dispensed = cast.pos(SHOP).hand_out(order_id, &pharmacist, "wrong", scans).await;
    refused_as(dispensed, "CLAIM_SECRET_INVALID");
    assert!(cast.movements(SHOP, order_id).await.is_empty(), "a wrong secret sold something");
    assert!(patient.order(order_id).await.unwrap() == before, "a wrong secret changed the order");
    order
}

async fn an_expired_prescription_is_not_filled(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    world.clock.advance_seconds(3 * 86_400 + 1);
    let late = liufang_platform::Clock::now(&world.clock).china_date();
    assert_eq!(date_text(late), "2026-11-25");
    let patient = Patient::sign_in(&cast.gateway, &cast.citizen(1)).await.unwrap();
    let refusal = refused(patient.place(cast.filling(&rx, SHOP, None)).await);
    assert!(
        ["PRESCRIPTION_NOT_ACTIVE", "PRESCRIPTION_EXPIRED"].contains(&refusal.reason.as_str()),
        "{refusal}"
    );
}
