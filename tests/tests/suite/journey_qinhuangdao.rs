//! Chronic renewal from the registration to the agency's payment, every numbered step, with its amounts and books.

use liufang::client::Patient;
use liufang_proto::common::v1::{Channel, Leg};
use liufang_proto::identity::v1::{
    InstitutionKind, ListInstitutionsRequest, ListPractitionersRequest, Purpose, StepState,
    VerifyFaceRequest, VerifyPhoneCodeRequest,
};
use liufang_proto::inventory::v1::{FindPharmaciesRequest, MovementKind};
use liufang_proto::order::v1::{Order, OrderState};
use liufang_proto::prescription::v1::{
    GetPrescriptionRequest, GetSignedDocumentRequest, ListMyPrescriptionsRequest, ListQueueRequest,
    Prescription, PrescriptionState, ReviewState, UseState, Visit, VisitState,
};
use liufang_proto::settlement::v1::{
    ClaimState, CloseDayRequest, GetDailyTotalsRequest, ListClaimsRequest, ListStatementRequest,
    PaymentState, ReviewClaimRequest,
};
use liufang_tests::{World, behaviour};

use super::cast::*;

behaviour!(everywhere the_renewal_from_registration_to_the_agencys_payment);

/// Row 1: employee, hypertension and coronary disease, 3 000 yuan in the account.
const ROW: u32 = 1;

async fn the_renewal_from_registration_to_the_agencys_payment(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = registers(&cast).await;
    let visit = books_and_pays(&cast, &patient).await;
    let rx = is_prescribed(&cast, &patient, &visit).await;
    chooses_a_pharmacy(&cast, &patient, &rx).await;
    let order = patient.place(cast.filling(&rx, SHOP, Some(cast.door(ROW)))).await.unwrap();
    assert_eq!(order.state().as_str_name(), OrderState::AwaitingPharmacy.as_str_name());
    let (order, claim) = is_claimed_and_passed(&cast, &patient, &rx, &order).await;
    let order = pays(&cast, &patient, &order).await;
    let order = is_dispensed_and_brought(&cast, &patient, &order, &claim.secret).await;
    the_day_is_closed(&cast, &order).await;
    the_outside_books_agree(&cast, &order, &patient).await;
}

/// 1: ID number, phone code and face; only all three together sign in.
async fn registers(cast: &Cast) -> Patient {
    let citizen = cast.citizen(ROW);
    let public = cast.public();
    let verifier = public.verifier();
    let id = verifier.open(&citizen, Purpose::Register).await.unwrap();
    let early = VerifyFaceRequest {
        verification_id: id.clone(),
        capture_ref: "face-pass".to_owned(),
        ..Default::default()
    };
    refused_as(verifier.check_face(early.clone()).await, "STEP_OUT_OF_ORDER");
    verifier
        .send_code(liufang_proto::identity::v1::SendPhoneCodeRequest { verification_id: id.clone() })
        .await
        .unwrap();
    let code = verifier.code_on(&citizen.phone).await.unwrap();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let guess = VerifyPhoneCodeRequest { verification_id: id.clone(), code: wrong.to_owned() };
    let guessed = verifier.check_code(guess).await.unwrap().verification.unwrap();
    assert!(
        !guessed.complete && guessed.steps[1].attempts_left < 5,
        "{}",
        show(std::slice::from_ref(&guessed))
    );
    let right = VerifyPhoneCodeRequest { verification_id: id.clone(), code };
    verifier.check_code(right).await.unwrap();
    let sign_in = liufang_proto::identity::v1::SignInRequest { verification_id: id.clone() };
    refused_as(verifier.sign_in(sign_in.clone()).await, "VERIFICATION_INCOMPLETE");
    let done = verifier.check_face(early).await.unwrap().verification.unwrap();
    assert!(
        done.complete && done.steps.iter().all(|step| step.state() == StepState::Passed),
        "{}",
        show(std::slice::from_ref(&done))
    );
    verifier.sign_in(sign_in.clone()).await.unwrap();
    refused_as(verifier.sign_in(sign_in).await, "VERIFICATION_USED");
    let patient = Patient::sign_in(&cast.gateway, &citizen).await.unwrap();
    let me = patient.me().await.unwrap();
    assert!(me.verified && me.person_id == patient.person_id());
    patient
}

/// 2: hospitals, doctors, slots; the fee of a level-3 hospital is 15 yuan, 9 of them from the fund.
async fn books_and_pays(cast: &Cast, patient: &Patient) -> Visit {
    let public = cast.public();
    let body = ListInstitutionsRequest {
        region: QINHUANGDAO.to_owned(),
        kind: InstitutionKind::Hospital.into(),
        capability: "chronic_renewal".to_owned(),
        ..Default::default()
    };
    let hospitals = public.list_institutions(body).await.unwrap().institutions;
    assert_eq!(hospitals.len(), 7);
    let body = ListPractitionersRequest { fixmedins_code: HOSPITAL.to_owned(), ..Default::default() };
    let doctors = public.list_practitioners(body).await.unwrap().practitioners;
    assert!(doctors.iter().any(|doctor| doctor.practitioner_code == DOCTOR));
    let slot = cast.slot(DOCTOR).await;
    let visit = patient.book_visit(cast.booking(&slot, "M03900")).await.unwrap().visit.unwrap();
    assert_eq!((visit.state().as_str_name(), visit.fee_fen), (VisitState::Booked.as_str_name(), 1_500));
    let again = cast.slot_of(&slot.slot_id).await;
    assert_eq!(again.available, slot.available - 1);

    let order = patient.place_fee(&visit.visit_id).await.unwrap();
    quote_adds_up(quote(&order));
    assert_eq!(quote(&order).total_fen, 1_500);
    assert_eq!(leg(&quote(&order).legs, Leg::Fund), 900);
    assert_eq!(leg(&quote(&order).legs, Leg::Account), 600);
    let paid = patient.pay(&order, Channel::Unspecified).await.unwrap();
    assert_eq!(paid.state().as_str_name(), OrderState::Completed.as_str_name());
    assert_eq!(patient.account().await.unwrap().balance_fen, 300_000 - 600);
    let queue = ListQueueRequest { doctor_code: DOCTOR.to_owned() };
    let queue = cast.his(HOSPITAL).list_queue(queue).await.unwrap().visits;
    assert!(queue.iter().any(|own| own.visit_id == visit.visit_id && own.state() == VisitState::Paid));
    visit
}

/// 3: the HIS takes the visit, records, pre-verifies two drugs; the hospital pharmacist reviews; both sign; active.
async fn is_prescribed(cast: &Cast, patient: &Patient, visit: &Visit) -> Prescription {
    let taken = cast.take(visit, DOCTOR).await.unwrap();
    assert_eq!(taken.psn_name, cast.citizen(ROW).name);
    let shown = taken.visit.unwrap();
    assert_eq!(
        (shown.state().as_str_name(), shown.first_rx_ref.as_str()),
        (VisitState::Taken.as_str_name(), "MZ-2026-0001")
    );
    assert!(!shown.condition.is_empty(), "the doctor reads the present condition");
    let recorded = cast.record(visit, DOCTOR, true).await.unwrap();
    assert_eq!(recorded.state().as_str_name(), VisitState::Completed.as_str_name());

    // twelve weeks need the doctor's reason
    let draft = cast.pre_verify(visit, two_drugs(12)).await.unwrap();
    assert_eq!(
        (draft.state().as_str_name(), draft.lines.len(), draft.rx_trace_code.len()),
        (PrescriptionState::Draft.as_str_name(), 2, 20)
    );
    assert_eq!(draft.dise_codg, "M03900");
    let reviewed = cast.review_draft(&draft, true).await.unwrap();
    assert_eq!(reviewed.state().as_str_name(), PrescriptionState::Reviewed.as_str_name());
    let his = cast.his(HOSPITAL);
    let (doctor, pharmacist) = (cast.practitioner(DOCTOR), cast.practitioner(HOSPITAL_PHARMACIST));
    let rx = his.sign_and_upload(&reviewed, &doctor, &pharmacist).await.unwrap();
    assert_eq!(
        (rx.state().as_str_name(), rx.use_state().as_str_name()),
        (PrescriptionState::Active.as_str_name(), UseState::Unused.as_str_name())
    );
    assert_eq!(rx.rx_trace_code, draft.rx_trace_code);
    assert_eq!(rx.vali_end_time_us - rx.prsc_time_us, 3 * 86_400_000_000);
    let body = GetSignedDocumentRequest { hi_rxno: rx.hi_rxno.clone() };
    let signed = patient.get_signed_document(body).await.unwrap();
    assert_eq!((signed.doctor_key, signed.pharmacist_key), (doctor.public_key(), pharmacist.public_key()));
    rx
}

/// 4: the patient sees it and which pharmacies fill every line.
async fn chooses_a_pharmacy(cast: &Cast, patient: &Patient, rx: &Prescription) {
    let mine =
        patient.list_my_prescriptions(ListMyPrescriptionsRequest::default()).await.unwrap().prescriptions;
    assert_eq!(mine.iter().map(|own| own.hi_rxno.as_str()).collect::<Vec<_>>(), [rx.hi_rxno.as_str()]);
    let near = cast.door(ROW).location;
    let body = FindPharmaciesRequest { hi_rxno: rx.hi_rxno.clone(), near, include_refused: false };
    let offers = patient.find_pharmacies(body.clone()).await.unwrap().offers;
    assert!(
        offers.iter().all(|offer| offer.fills_all && offer.lines.iter().all(|line| line.refusal.is_empty()))
    );
    let own = offers.iter().find(|offer| offer.fixmedins_code == SHOP).expect("the stories' shop fills it");
    // 12 × 21.08 + 12 × 38.11
    assert_eq!(own.total_fen, 71_028);
    let all = FindPharmaciesRequest { include_refused: true, ..body };
    let all = patient.find_pharmacies(all).await.unwrap().offers;
    assert!(offers.len() < all.len());
}

/// 5: token → secret, own credential and written opinion, stock held first expired first out.
async fn is_claimed_and_passed(
    cast: &Cast,
    patient: &Patient,
    rx: &Prescription,
    order: &Order,
) -> (Order, liufang::client::Claimed) {
    let before = cast.stock(SHOP, AMLODIPINE.code).await;
    let claim = cast.claim(order).await;
    assert_eq!(claim.hi_rxno, rx.hi_rxno);
    refused_as(cast.pay_early(patient, order).await, "REVIEW_NOT_PASSED");
    let pharmacist = cast.practitioner(SHOP_PHARMACIST);
    cast.pos(SHOP).judge(&claim, &pharmacist, true, "处方适宜，可以调配").await.unwrap();
    let order = cast.order_in(patient, &order.order_id, OrderState::AwaitingPayment).await;
    let after = cast.stock(SHOP, AMLODIPINE.code).await;
    assert_eq!(packs(&before.available) - packs(&after.available), 12);
    let held: Vec<(&str, i64)> =
        after.lots.iter().map(|lot| (lot.expy_end.as_str(), packs(&lot.reserved))).collect();
    // the expired lot never; the one that expires before twelve weeks are over, not for this patient
    assert_eq!(held, [("2026-10-31", 0), ("2026-12-15", 0), ("2028-06-20", 12)]);
    let body = GetPrescriptionRequest { hi_rxno: rx.hi_rxno.clone() };
    let seen = patient.get_prescription(body).await.unwrap().prescription.unwrap();
    assert_eq!(
        (seen.review_state().as_str_name(), seen.holder_fixmedins_code.as_str()),
        (ReviewState::Passed.as_str_name(), SHOP)
    );
    assert_eq!(seen.pharmacy_pharmacist_code, SHOP_PHARMACIST);
    assert!(cast.clock_now() < order.pay_by_us);
    (order, claim)
}

/// 6: every line and leg explained; delivery and packing outside; confirmed, authorised, captured.
async fn pays(cast: &Cast, patient: &Patient, order: &Order) -> Order {
    let quoted = quote(order);
    quote_adds_up(quoted);
    let sums = totals(order);
    // 立普妥 is 38.11 over a limit of 35.00, twelve times
    assert_eq!(
        (sums.medfee_sumamt_fen, sums.overlmt_selfpay_fen, sums.inscp_scp_amt_fen),
        (71_028, 3_732, 67_296)
    );
    // 300 yuan deductible, then 80 %: 372.96 × 0.80 = 298.368
    assert_eq!((sums.act_pay_dedc_fen, sums.fund_pay_sumamt_fen), (30_000, 29_837));
    assert_eq!((sums.acct_pay_fen, sums.psn_cash_pay_fen), (71_028 - 29_837, 0));
    let fees: Vec<(&str, i64)> =
        quoted.outside.iter().map(|fee| (fee.kind.as_str(), fee.amount_fen)).collect();
    assert_eq!(fees, [("delivery", 400), ("packing", 100)]);
    assert_eq!(leg(&quoted.legs, Leg::Channel), 500);
    refused_as(patient.pay(order, Channel::Unspecified).await, "CHANNEL_REQUIRED");
    let paid = cast.pay(patient, order).await;
    assert_eq!(paid.state().as_str_name(), OrderState::Paid.as_str_name());
    let payment = patient.payment(&order.order_id).await.unwrap();
    assert_eq!((payment.state().as_str_name(), payment.ord_stas), (PaymentState::Captured.as_str_name(), 6));
    assert!(!payment.setl_id.is_empty() && !payment.channel_order_no.is_empty());
    let account = patient.account().await.unwrap();
    assert_eq!((account.balance_fen, account.held_fen), (300_000 - 600 - 41_191, 0));
    let rows = patient.list_statement(ListStatementRequest::default()).await.unwrap().rows;
    let amounts: Vec<i64> = rows.iter().map(|row| row.amount_fen).collect();
    assert_eq!(amounts, [-41_191, -600, 300_000]);
    paid
}

/// 7 and 8: scanned and dispensed (3505), a courier, the code at the door, complete.
async fn is_dispensed_and_brought(cast: &Cast, patient: &Patient, order: &Order, secret: &str) -> Order {
    let dispensed = cast.dispense(order, SHOP_PHARMACIST, secret).await;
    assert_eq!(dispensed.hand_over_code.len(), 6);
    let payment = patient.payment(&order.order_id).await.unwrap();
    let rows = cast.movements(SHOP, &order.order_id).await;
    assert!(rows.iter().all(|row| row.kind() == MovementKind::Sale && row.mdtrt_setl_type == "1"));
    assert!(rows.iter().all(|row| row.setl_id == payment.setl_id && row.hi_rxno == order.hi_rxno));
    assert_eq!(rows.iter().map(|row| packs(&row.quantity)).sum::<i64>(), -24);
    let mut codes: Vec<&String> = rows.iter().flat_map(|row| &row.trace_codes).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 24, "one code per pack");
    let body = GetPrescriptionRequest { hi_rxno: order.hi_rxno.clone() };
    let used = patient.get_prescription(body).await.unwrap().prescription.unwrap();
    assert_eq!(used.use_state().as_str_name(), UseState::Used.as_str_name());
    let done = cast.bring(patient, &dispensed, RIDER).await;
    let steps: Vec<String> =
        patient.story(&order.order_id).await.unwrap().into_iter().map(|event| event.step).collect();
    for step in ["placed", "paid", "dispensed", "delivered"] {
        assert!(steps.iter().any(|own| own == step), "{step} is missing in {steps:?}");
    }
    done
}

/// 9: totals that differ close nothing; those that agree open the claim; the agency cuts, pays; the books sum to zero.
async fn the_day_is_closed(cast: &Cast, order: &Order) {
    let pos = cast.pos(SHOP);
    let body = GetDailyTotalsRequest { stmt_date: cast.today(), ..Default::default() };
    let totals = pos.get_daily_totals(body).await.unwrap().totals;
    assert_eq!(totals.len(), 1, "{}", show(&totals));
    let day = &totals[0];
    assert_eq!((day.medfee_sumamt_fen, day.fund_pay_sumamt_fen, day.acct_pay_fen), (71_028, 29_837, 41_191));
    assert_eq!((day.insutype.as_str(), day.clr_type.as_str(), day.fixmedins_setl_cnt), ("310", "41", 1));

    let mut wrong = totals.clone();
    wrong[0].fund_pay_sumamt_fen -= 1;
    let close = |totals| CloseDayRequest { stmt_date: cast.today(), totals };
    let answer = pos.close_day(close(wrong)).await.unwrap();
    assert!(
        !answer.flat && answer.claims.is_empty() && !answer.differences.is_empty(),
        "{}",
        show(std::slice::from_ref(&answer))
    );
    let answer = pos.close_day(close(totals)).await.unwrap();
    assert!(answer.flat && answer.differences.is_empty());
    let claim = answer.claims.first().expect("a claim").clone();
    assert_eq!((claim.state().as_str_name(), claim.claimed_fen), (ClaimState::Applied.as_str_name(), 71_028));
    assert_eq!(cast.ledger(&format!("receivable:agency:{SHOP}")).await, 71_028);

    let agency = cast.agency(QINHUANGDAO);
    let listed = agency.list_claims(ListClaimsRequest::default()).await.unwrap().claims;
    assert!(listed.iter().any(|own| own.claim_id == claim.claim_id));
    let cut = ReviewClaimRequest { claim_id: claim.claim_id.clone(), deducted_fen: 28, ..Default::default() };
    refused(agency.review_claim(cut.clone()).await);
    let cut = ReviewClaimRequest { deduction_reason: "凭证缺失".to_owned(), ..cut };
    agency.review_claim(cut).await.unwrap();
    let body = liufang_proto::settlement::v1::PayClaimRequest {
        claim_id: claim.claim_id.clone(),
        bank_reference: "YH20261122-1".to_owned(),
        ..Default::default()
    };
    let paid = agency.pay_claim(body).await.unwrap().claim.unwrap();
    assert_eq!(
        (paid.state().as_str_name(), paid.paid_fen, paid.deducted_fen),
        (ClaimState::Paid.as_str_name(), 71_000, 28)
    );
    assert_eq!(cast.ledger(&format!("receivable:agency:{SHOP}")).await, 0);
    assert_eq!(cast.ledger(&format!("bank:{SHOP}")).await, 71_000);
    assert_eq!(order.state().as_str_name(), OrderState::Completed.as_str_name());
    cast.books_agree().await;
}

/// The channel and the insurer say what we say.
async fn the_outside_books_agree(cast: &Cast, order: &Order, patient: &Patient) {
    let payment = patient.payment(&order.order_id).await.unwrap();
    let public = cast.public();
    let channel = public.list_channel_book(Default::default()).await.unwrap().rows;
    let own: Vec<_> = channel.iter().filter(|row| row.channel_order_no == payment.channel_order_no).collect();
    assert_eq!(own.len(), 1);
    assert_eq!((own[0].amount_fen, own[0].refunded_fen, own[0].state.as_str()), (500, 0, "paid"));
    let insurer = public.list_insurer_book(Default::default()).await.unwrap().rows;
    let own: Vec<_> = insurer.iter().filter(|row| row.setl_id == payment.setl_id).collect();
    assert_eq!(own.len(), 1);
    assert_eq!((own[0].fund_pay_sumamt_fen, own[0].acct_pay_fen, own[0].reversed), (29_837, 41_191, false));
}
