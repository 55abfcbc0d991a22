//! Circulation beyond one order: over the counter, in parts, in repeats, and revocation against everything at once.

use futures::future::join_all;
use liufang::client::{Answer, Claimed, Patient, Pos};
use liufang_proto::identity::v1::DecodeInsuranceCodeRequest;
use liufang_proto::order::v1::{OrderState, PlaceOrderRequest};
use liufang_proto::prescription::v1::{
    ClaimAtCounterRequest, ClaimAtCounterResponse, ClaimRequest, DispenseAtCounterRequest, DispensedLine,
    GetPrescriptionRequest, GetSigningDocumentRequest, ListHandOutsRequest, ListMyPrescriptionsRequest,
    OpenCounterRequest, OpenCounterResponse, PreVerifyRequest, Prescription, PrescriptionState,
    PresentPrescriptionRequest, Repeat, ReturnAtCounterRequest, RevokeRequest, UploadRequest, UseState,
    WatchPrescriptionsRequest,
};
use liufang_tests::{World, behaviour, eventually};

use super::cast::*;

behaviour!(everywhere the_counter_fills_by_insurance_code);
behaviour!(everywhere the_counter_fills_by_qr);
behaviour!(everywhere a_part_is_bought_here_and_the_rest_elsewhere);
behaviour!(everywhere a_series_opens_use_by_use);
behaviour!(everywhere claim_revocation_and_expiry_have_one_winner);
behaviour!(everywhere an_upload_never_outlives_a_revocation);

async fn seen(patient: &Patient, hi_rxno: &str) -> Prescription {
    let body = GetPrescriptionRequest { hi_rxno: hi_rxno.to_owned() };
    patient.get_prescription(body).await.unwrap().prescription.unwrap()
}

/// The patient shows a fresh insurance code; the counter gets a proof of presence for it.
async fn presence(patient: &Patient, pos: &Pos) -> String {
    let code = patient.issue_insurance_code(Default::default()).await.unwrap().code;
    let body = DecodeInsuranceCodeRequest { code, business_type: "02122".to_owned() };
    pos.decode_insurance_code(body).await.unwrap().presence_token
}

async fn by_presence(pos: &Pos, presence_token: &str) -> Answer<OpenCounterResponse> {
    let presence_token = presence_token.to_owned();
    pos.open_counter(OpenCounterRequest { presence_token, ..Default::default() }).await
}

async fn claim(pos: &Pos, opened: &OpenCounterResponse, rx: &Prescription) -> Answer<ClaimAtCounterResponse> {
    let (counter_token, hi_rxno) = (opened.counter_token.clone(), rx.hi_rxno.clone());
    pos.claim_at_counter(ClaimAtCounterRequest { counter_token, hi_rxno }).await
}

/// Reviewed and handed out, everything that `rx` has.
async fn sell(cast: &Cast, pos: &Pos, rx: &Prescription, sale: &ClaimAtCounterResponse) -> Prescription {
    let pharmacist = cast.practitioner(SHOP_PHARMACIST);
    let claimed = Claimed { hi_rxno: rx.hi_rxno.clone(), secret: sale.secret.clone() };
    let lines = rx.lines.iter().map(|line| DispensedLine {
        line_no: line.line_no,
        quantity: line.drug_cnt.clone(),
        med_list_codg: line.med_list_codg.clone(),
        manu_lotnum: "L1".to_owned(),
        bchno: String::new(),
    });
    let body = DispenseAtCounterRequest {
        hi_rxno: rx.hi_rxno.clone(),
        secret: sale.secret.clone(),
        pharmacist_token: pos.token_of(&pharmacist).await.unwrap(),
        lines: lines.collect(),
        last: true,
    };
    refused_as(pos.dispense_at_counter(body.clone()).await, "REVIEW_NOT_PASSED");
    pos.judge(&claimed, &pharmacist, true, "处方适宜，可以调配").await.unwrap();
    pos.dispense_at_counter(body).await.unwrap().prescription.unwrap()
}

async fn the_counter_fills_by_insurance_code(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let (pos, other) = (cast.pos(SHOP), cast.pos(SHOP_2));
    let proof = presence(&patient, &pos).await;
    refused_as(by_presence(&other, &proof).await, "PRESENCE_TOKEN_INVALID");
    let opened = by_presence(&pos, &proof).await.unwrap();
    refused_as(by_presence(&pos, &proof).await, "PRESENCE_TOKEN_INVALID");
    assert_eq!(
        opened.items.iter().map(|item| item.hi_rxno.as_str()).collect::<Vec<_>>(),
        [rx.hi_rxno.as_str()]
    );
    refused_as(claim(&other, &opened, &rx).await, "COUNTER_TOKEN_INVALID");
    let sale = claim(&pos, &opened, &rx).await.unwrap();
    refused_as(claim(&pos, &opened, &rx).await, "PRESCRIPTION_HELD");
    let used = sell(&cast, &pos, &rx, &sale).await;
    assert!(used.use_state() == UseState::Used && used.lines.iter().all(|line| line.taken));
    let body = ReturnAtCounterRequest { hi_rxno: rx.hi_rxno.clone(), sale_id: sale.sale_id.clone() };
    refused_as(other.return_at_counter(body.clone()).await, "PRESCRIPTION_NOT_FOUND");
    pos.return_at_counter(body).await.unwrap();
    let back = seen(&patient, &rx.hi_rxno).await;
    assert!(back.use_state() == UseState::Unused && back.holder_fixmedins_code.is_empty());
    // and somebody else's code opens nothing of it
    let stranger = cast.patient(3).await;
    let proof = presence(&stranger, &pos).await;
    let opened = by_presence(&pos, &proof).await.unwrap();
    assert!(opened.items.is_empty());
    refused_as(claim(&pos, &opened, &rx).await, "PRESCRIPTION_NOT_FOUND");
    let proof = presence(&patient, &pos).await;
    world.clock.advance_seconds(301);
    let cast = Cast::of(world).await;
    refused_as(by_presence(&cast.pos(SHOP), &proof).await, "PRESENCE_TOKEN_INVALID");
}

async fn the_counter_fills_by_qr(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let body = PresentPrescriptionRequest { hi_rxno: rx.hi_rxno.clone() };
    refused_as(cast.patient(3).await.present_prescription(body.clone()).await, "PRESCRIPTION_NOT_FOUND");
    let qr_token = patient.present_prescription(body).await.unwrap().qr_token;
    // an order waits with it elsewhere
    let order = patient.place(cast.filling(&rx, SHOP_2, None)).await.unwrap();
    let body = OpenCounterRequest { qr_token, ..Default::default() };
    // two counters read it at once: it opens one
    let counters = [cast.pos(SHOP), cast.pos(SHOP_2)];
    let read = join_all((0..16).map(|at| counters[at % 2].open_counter(body.clone()))).await;
    let mut won = Vec::new();
    for (at, answer) in read.into_iter().enumerate() {
        match answer {
            Ok(opened) => won.push((at % 2, opened)),
            Err(refusal) => assert_eq!(refusal.reason, "QR_INVALID", "{refusal}"),
        }
    }
    let [(at, opened)] = &won[..] else { panic!("{} readers", won.len()) };
    claim(&counters[*at], opened, &rx).await.unwrap();
    let ended = cast.order_in(&patient, &order.order_id, OrderState::Cancelled).await;
    assert_eq!(ended.cancel_reason, "REPLACED");
}

async fn a_part_is_bought_here_and_the_rest_elsewhere(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let part = |line_no: i32, shop: &str| PlaceOrderRequest {
        line_nos: vec![line_no],
        ..cast.filling(&rx, shop, None)
    };
    refused_as(patient.place(part(9, SHOP)).await, "INVALID_REQUEST");
    let order = patient.place(part(1, SHOP)).await.unwrap();
    assert_eq!(order.lines.iter().map(|line| line.line_no).collect::<Vec<_>>(), [1]);
    let (order, claimed) = cast.passed(&patient, &order, SHOP_PHARMACIST).await;
    let first = cast.pay(&patient, &order).await;
    cast.dispense(&first, SHOP_PHARMACIST, &claimed.secret).await;
    let partly = seen(&patient, &rx.hi_rxno).await;
    assert!(partly.use_state() == UseState::PartlyUsed && partly.holder_fixmedins_code.is_empty());
    // what it handed out the pharmacy reads, and the rest is not its business any more
    let own = cast.pos(SHOP).get_prescription(GetPrescriptionRequest { hi_rxno: rx.hi_rxno.clone() }).await;
    let own = own.unwrap().prescription.unwrap();
    assert_eq!(own.lines.iter().map(|line| line.line_no).collect::<Vec<_>>(), [1]);
    let handed_out = cast.pos(SHOP).list_hand_outs(ListHandOutsRequest::default()).await.unwrap().hand_outs;
    assert!(handed_out.iter().any(|row| row.order_id == first.order_id && row.hi_rxno == rx.hi_rxno));
    // what was handed out is not bought again
    refused_as(patient.place(part(1, SHOP_2)).await, "INVALID_REQUEST");
    let order = patient.place(cast.filling(&rx, SHOP_2, None)).await.unwrap();
    assert_eq!(order.lines.iter().map(|line| line.line_no).collect::<Vec<_>>(), [2]);
    let (order, claimed) = cast.passed(&patient, &order, SHOP_2_PHARMACIST).await;
    let second = cast.pay(&patient, &order).await;
    cast.dispense(&second, SHOP_2_PHARMACIST, &claimed.secret).await;
    assert!(seen(&patient, &rx.hi_rxno).await.use_state() == UseState::Used);
    refused_as(patient.place(cast.filling(&rx, SHOP, None)).await, "PRESCRIPTION_USED");
    cast.collect(&patient, &first.order_id).await;
    cast.collect(&patient, &second.order_id).await;
    cast.books_agree().await;
}

async fn a_series_opens_use_by_use(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let visit = cast.seen(&patient, DOCTOR, "M03900").await;
    let his = cast.his(HOSPITAL);
    let body = PreVerifyRequest {
        visit_id: visit.visit_id.clone(),
        doctor_token: his.token_of(&cast.practitioner(DOCTOR)).await.unwrap(),
        hosp_rxno: "SERIES-1".to_owned(),
        vali_days: 3,
        long_rx: true,
        lines: two_drugs(4),
        overrides: Vec::new(),
        repeat: Some(Repeat { uses: 3, interval_days: 28, window_days: 7, min_interval_days: 26 }),
        ..Default::default()
    };
    let four = Some(Repeat { uses: 4, interval_days: 28, window_days: 7, min_interval_days: 26 });
    refused_as(his.pre_verify(PreVerifyRequest { repeat: four, ..body.clone() }).await, "REPEAT_NOT_ALLOWED");
    let draft = his.pre_verify(body).await.unwrap().prescription.unwrap();
    let first = cast.activate(&draft).await;
    let listed = patient.list_my_prescriptions(ListMyPrescriptionsRequest::default()).await.unwrap();
    let mut uses = listed.prescriptions;
    uses.sort_by_key(|rx| rx.use_no);
    assert_eq!(uses.iter().map(|rx| rx.use_no).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(uses.iter().all(|rx| rx.series_rxno == first.hi_rxno && rx.state() == PrescriptionState::Active));
    refused_as(patient.place(cast.filling(&uses[1], SHOP, None)).await, "PRESCRIPTION_NOT_OPEN");
    let order = patient.place(cast.filling(&first, SHOP, None)).await.unwrap();
    let (order, claimed) = cast.passed(&patient, &order, SHOP_PHARMACIST).await;
    let order = cast.pay(&patient, &order).await;
    cast.dispense(&order, SHOP_PHARMACIST, &claimed.secret).await;
    // the rest is revoked in one go
    let revoke = RevokeRequest {
        hi_rxno: uses[1].hi_rxno.clone(),
        doctor_token: his.token_of(&cast.practitioner(DOCTOR)).await.unwrap(),
        reason: "换药".to_owned(),
        when_given_back: false,
        later_uses: true,
    };
    his.revoke(revoke).await.unwrap();
    assert!(seen(&patient, &uses[2].hi_rxno).await.state() == PrescriptionState::Revoked);
    assert!(seen(&patient, &first.hi_rxno).await.use_state() == UseState::Used);
}

/// The states a prescription went through, as its hospital was told.
async fn story(cast: &Cast, hi_rxno: &str) -> Vec<PrescriptionState> {
    let body = WatchPrescriptionsRequest { after_sequence: 0, stop_at_end: true };
    let rows = cast.his(HOSPITAL).watch_prescriptions(body).await.unwrap();
    rows.iter().filter(|row| row.hi_rxno == hi_rxno).map(|row| row.state()).collect()
}

/// Nothing is told after the end, and one end.
#[track_caller]
fn one_end(story: &[PrescriptionState]) -> PrescriptionState {
    let over =
        |state: &PrescriptionState| [PrescriptionState::Revoked, PrescriptionState::Expired].contains(state);
    let told: Vec<&str> = story.iter().map(|state| state.as_str_name()).collect();
    let last = *story.last().expect("a story");
    assert!(over(&last) && story.iter().filter(|state| over(state)).count() == 1, "{told:?}");
    last
}

async fn claim_revocation_and_expiry_have_one_winner(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let item = cast.pos(SHOP).queued(&order.order_id).await.unwrap().expect("queued");
    // a moment before the end: tokens are fresh, and the worker comes while the calls are on their way
    world.clock.advance_seconds((rx.vali_end_time_us - cast.clock_now()) / 1_000_000);
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let (pos, his) = (cast.pos(SHOP), cast.his(HOSPITAL));
    let doctor_token = his.token_of(&cast.practitioner(DOCTOR)).await.unwrap();
    let claims = join_all((0..8).map(|_| pos.claim(ClaimRequest { epc_token: item.epc_token.clone() })));
    let revocations = join_all((0..8).map(|_| {
        his.revoke(RevokeRequest {
            hi_rxno: rx.hi_rxno.clone(),
            doctor_token: doctor_token.clone(),
            reason: "误开".to_owned(),
            when_given_back: false,
            later_uses: false,
        })
    }));
    let passing = async { world.clock.advance_seconds(1) };
    let (claims, revocations, ()) = tokio::join!(claims, revocations, passing);
    let claimed = claims.iter().filter(|answer| answer.is_ok()).count();
    let revoked = revocations.iter().filter(|answer| answer.is_ok()).count();
    assert!(claimed + revoked <= 1, "{claimed} claims and {revoked} revocations");
    let end = eventually("it has ended", || async {
        let state = seen(&patient, &rx.hi_rxno).await.state();
        (state != PrescriptionState::Active).then_some(state)
    })
    .await;
    assert_eq!(end == PrescriptionState::Revoked, revoked == 1);
    assert!(one_end(&story(&cast, &rx.hi_rxno).await) == end, "the story ends as the prescription does");
    cast.order_in(&patient, &order.order_id, OrderState::Cancelled).await;
}

async fn an_upload_never_outlives_a_revocation(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let visit = cast.seen(&patient, DOCTOR, "M03900").await;
    let draft = cast.pre_verify(&visit, two_drugs(4)).await.unwrap();
    let draft = cast.review_draft(&draft, true).await.unwrap();
    let his = cast.his(HOSPITAL);
    let hi_rxno = draft.hi_rxno.clone();
    let body = GetSigningDocumentRequest { hi_rxno: hi_rxno.clone() };
    let document = his.get_signing_document(body).await.unwrap().document;
    let upload = UploadRequest {
        hi_rxno: hi_rxno.clone(),
        rx_trace_code: draft.rx_trace_code.clone(),
        doctor_signature: cast.practitioner(DOCTOR).sign(&document).unwrap(),
        pharmacist_signature: cast.practitioner(HOSPITAL_PHARMACIST).sign(&document).unwrap(),
    };
    let revoke = RevokeRequest {
        hi_rxno: hi_rxno.clone(),
        doctor_token: his.token_of(&cast.practitioner(DOCTOR)).await.unwrap(),
        reason: "误开".to_owned(),
        when_given_back: false,
        later_uses: false,
    };
    let uploads = join_all((0..16).map(|_| his.upload(upload.clone())));
    let (uploads, revoked) = tokio::join!(uploads, his.revoke(revoke));
    revoked.unwrap();
    let reasons = ["PRESCRIPTION_REVOKED", "TRACE_CODE_SPENT", "LOST_RACE"];
    for refusal in uploads.into_iter().filter_map(Result::err) {
        assert!(reasons.contains(&refusal.reason.as_str()), "{refusal}");
    }
    assert!(one_end(&story(&cast, &hi_rxno).await) == PrescriptionState::Revoked);
    assert!(seen(&patient, &hi_rxno).await.state() == PrescriptionState::Revoked);
}
