//! What an over-the-counter order must refuse, each with its reason, and nothing held afterwards.

use liufang::client::{Patient, Practitioner};
use liufang_proto::common::v1::Leg;
use liufang_proto::identity::v1::Purpose;
use liufang_proto::inventory::v1::{GetTraceCodeRequest, SearchOffersRequest};
use liufang_proto::order::v1::{OrderState, Scan};
use liufang_proto::supervision::v1::{CaseKind, ListCasesRequest};
use liufang_tests::{World, behaviour, eventually};

use super::cast::*;

behaviour!(everywhere prescription_drugs_are_no_otc_goods);
behaviour!(everywhere only_filed_relatives_lend);
behaviour!(everywhere only_relatives_insured_here_lend);
behaviour!(everywhere suspended_and_terminated_pharmacies_do_not_sell);
behaviour!(everywhere expired_lots_are_never_sold);
behaviour!(everywhere nobody_orders_more_than_there_is);
behaviour!(everywhere fees_lie_on_no_insured_leg);
behaviour!(everywhere a_missing_verification_step_keeps_everybody_out);
behaviour!(everywhere a_trace_code_is_sold_once);
behaviour!(everywhere others_see_nothing);

/// Row 163: Beijing, 5 089 yuan.
const RICH: u32 = 163;

async fn prescription_drugs_are_no_otc_goods(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", RICH).await;
    // amoxicillin; then the prescription pack of a 双跨 drug
    for (drug, pack) in [("XJ01CAA169E001010100527", "Rx"), ("XA07AXX143A001010200583", "双跨 as Rx")] {
        let refusal =
            refused_as(Basket::of(drug, 1, cast.door(RICH)).place(&patient).await, "RX_NOT_ALLOWED");
        assert!(
            refusal.metadata.values().any(|value| value.contains("RX_NOT_ALLOWED") || value.contains(drug)),
            "{pack}: {refusal}"
        );
    }
    // a good line beside it does not help, and nothing is held
    let before = cast.available(OTC_SHOP, GRANULES).await;
    let mixed = Basket::of(GRANULES, 1, cast.door(RICH)).and("XJ01CAA169E001010100527", 1);
    refused_as(mixed.place(&patient).await, "RX_NOT_ALLOWED");
    assert_eq!(cast.available(OTC_SHOP, GRANULES).await, before);
    // the OTC pack of the same drug is sold
    let order = Basket::of("XA07AXX143A001010100583", 1, cast.door(RICH)).place(&patient).await.unwrap();
    assert_eq!(order.state().as_str_name(), OrderState::AwaitingPayment.as_str_name());
}

async fn only_filed_relatives_lend(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 159).await;
    let sibling = cast.patient(160).await;
    let basket = Basket::of(GRANULES, 1, cast.door(159)).lent_by(sibling.person_id());
    let refusal = refused_as(basket.place(&patient).await, "MUTUAL_AID_NOT_FILED");
    assert_eq!(refusal.meta("holder_person_id"), sibling.person_id());
    // filed but not consented is not filed
    let filed = patient.ask_relative(&cast.citizen(160), "sibling", BEIJING).await.unwrap();
    refused_as(basket.place(&patient).await, "MUTUAL_AID_NOT_FILED");
    // consent needs the holder's own face, made for this purpose
    let own = sibling.verify_again(Purpose::SignIn).await.unwrap().verification_id;
    let body = liufang_proto::identity::v1::ConsentMutualAidRequest {
        mutual_aid_id: filed.mutual_aid_id.clone(),
        verification_id: own,
    };
    refused_as(sibling.consent_mutual_aid(body).await, "VERIFICATION_PURPOSE");
    sibling.consent(&filed.mutual_aid_id).await.unwrap();
    let order = basket.place(&patient).await.unwrap();
    assert_eq!(leg(&quote(&order).legs, Leg::RelativeAccount), 1_558);
    // withdrawn, the next order is refused again
    let body = liufang_proto::identity::v1::WithdrawMutualAidRequest { mutual_aid_id: filed.mutual_aid_id };
    sibling.withdraw_mutual_aid(body).await.unwrap();
    refused_as(basket.place(&patient).await, "MUTUAL_AID_NOT_FILED");
}

async fn only_relatives_insured_here_lend(world: &mut World) {
    let cast = Cast::of(world).await;
    let child = cast.patient_through("jd", 153).await;
    refused_as(child.ask_relative(&cast.citizen(154), "parent", BEIJING).await, "INSURED_ELSEWHERE");
    let in_law = cast.patient_through("jd", 155).await;
    let asked = in_law.ask_relative(&cast.citizen(156), "parent_in_law", BEIJING).await;
    refused_as(asked, "RELATION_NOT_ALLOWED");
    // a resident lends nothing
    let buyer = cast.patient_through("jd", 165).await;
    refused_as(buyer.ask_relative(&cast.citizen(164), "sibling", BEIJING).await, "HOLDER_NOT_EMPLOYEE");
    // somebody insured elsewhere named as payer all the same
    let parent = cast.patient(154).await;
    let basket = Basket::of(GRANULES, 1, cast.door(153)).lent_by(parent.person_id());
    refused_as(basket.place(&child).await, "MUTUAL_AID_NOT_FILED");
    // a buyer insured elsewhere has no account here
    let stranger = cast.patient_through("jd", 12).await;
    refused_as(Basket::of(GRANULES, 1, cast.door(163)).place(&stranger).await, "INSURED_ELSEWHERE");
}

async fn suspended_and_terminated_pharmacies_do_not_sell(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", RICH).await;
    for (shop, case) in [("P11010500002", "suspended"), ("P11010800002", "terminated")] {
        let basket = Basket::of(GRANULES, 1, cast.door(RICH)).at(shop);
        let refusal = refused(basket.place(&patient).await);
        assert_eq!(refusal.reason, "INSTITUTION_NOT_DESIGNATED", "{case}: {refusal}");
    }
    let shop = Basket::of(GRANULES, 1, cast.door(RICH)).at("P11010100002");
    refused_as(shop.place(&patient).await, "INSTITUTION_NOT_CAPABLE");
    let body = liufang_proto::identity::v1::ListInstitutionsRequest {
        region: BEIJING.to_owned(),
        capability: "otc_online".to_owned(),
        ..Default::default()
    };
    let capable = cast.public().list_institutions(body).await.unwrap().institutions;
    assert!(!capable.is_empty());
    assert!(
        capable.iter().all(|shop| shop.fixmedins_code != "P11010100002"),
        "listed without the capability"
    );
    // suspended for a time and resumed: sells
    let body = liufang_proto::identity::v1::GetInstitutionRequest {
        fixmedins_code: "P11010800001".to_owned(),
        date: "2025-10-01".to_owned(),
    };
    let then = cast.public().get_institution(body).await.unwrap().institution.unwrap();
    assert_eq!(
        then.agreement_state().as_str_name(),
        liufang_proto::identity::v1::AgreementState::Suspended.as_str_name(),
        "on that date"
    );
    let body = SearchOffersRequest {
        query: "感冒灵".to_owned(),
        near: cast.door(RICH).location,
        radius_m: 50_000,
        region: BEIJING.to_owned(),
        ..Default::default()
    };
    let offers = cast.public().search_offers(body).await.unwrap().offers;
    let shops: Vec<&str> = offers.iter().map(|offer| offer.fixmedins_code.as_str()).collect();
    assert!(
        shops.contains(&"P11010800001")
            && !shops.contains(&"P11010500002")
            && !shops.contains(&"P11010800002")
    );
}

async fn expired_lots_are_never_sold(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", RICH).await;
    let order = cast.paid_otc(&patient, RICH).await;
    // the pack of the lot that expired on 2026-10-31
    let scan = |code: &str| vec![Scan { line_no: 1, trace_codes: vec![code.to_owned()] }];
    let pos = cast.pos(OTC_SHOP);
    let pharmacist: Practitioner = cast.practitioner(OTC_PHARMACIST);
    let hand_out = pos.hand_out(&order.order_id, &pharmacist, "", scan(EXPIRED_PACK)).await;
    refused_as(hand_out, "LOT_EXPIRED");
    assert_eq!(
        patient.order(&order.order_id).await.unwrap().state().as_str_name(),
        OrderState::Paid.as_str_name(),
        "nothing happened"
    );
    // other bad scans
    let foreign = cast.seed.drug(SMECTITE).unwrap().trace_prefix.clone();
    refused_as(
        pos.hand_out(&order.order_id, &pharmacist, "", scan(&format!("{foreign}0000000000001"))).await,
        "TRACE_CODE_MISMATCH",
    );
    refused_as(pos.hand_out(&order.order_id, &pharmacist, "", Vec::new()).await, "TRACE_CODE_COUNT");
    let other_shops = cast.pos("P11010100001");
    refused_as(
        other_shops.hand_out(&order.order_id, &pharmacist_of(&cast), "", scan(EXPIRED_PACK)).await,
        "ORDER_NOT_FOUND",
    );
    // the right pack goes out
    cast.dispense(&order, OTC_PHARMACIST, "").await;
}

fn pharmacist_of(cast: &Cast) -> Practitioner {
    cast.practitioner("YS110101000001")
}

/// 感冒灵颗粒, lot 2310E172.
const EXPIRED_PACK: &str = "83963540102000440000";

async fn nobody_orders_more_than_there_is(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", RICH).await;
    let there = cast.available(OTC_SHOP, GRANULES).await;
    assert_eq!(there, 12, "five expired packs do not count");
    let refusal = refused_as(Basket::of(GRANULES, 13, cast.door(RICH)).place(&patient).await, "SHORT_STOCK");
    assert!(refusal.metadata.values().any(|value| value.contains("12")), "{refusal}");
    assert_eq!(cast.available(OTC_SHOP, GRANULES).await, 12);
    Basket::of(GRANULES, 12, cast.door(RICH)).place(&patient).await.unwrap();
    refused_as(Basket::of(GRANULES, 1, cast.door(RICH)).place(&patient).await, "SHORT_STOCK");
    refused_as(Basket::of("XC08CAA456A001010100100", 1, cast.door(RICH)).place(&patient).await, "NOT_LISTED");
}

async fn fees_lie_on_no_insured_leg(world: &mut World) {
    let cast = Cast::of(world).await;
    // an account that could pay everything pays the drug, and nothing of the fees
    let patient = cast.patient_through("jd", RICH).await;
    let order = Basket::of(GRANULES, 1, cast.door(RICH)).and(CALCIUM, 1).place(&patient).await.unwrap();
    quote_adds_up(quote(&order));
    assert_eq!(leg(&quote(&order).legs, Leg::Account), 1_558);
    assert_eq!(leg(&quote(&order).legs, Leg::Channel), 7_056 + totals_fees(&order));
    let insured = |kind: Leg| matches!(kind, Leg::Fund | Leg::Account | Leg::RelativeAccount);
    let paid: i64 =
        quote(&order).legs.iter().filter(|own| insured(own.leg())).map(|own| own.amount_fen).sum();
    assert_eq!(paid, totals(&order).medfee_sumamt_fen);
    refused_as(
        patient.pay(&order, liufang_proto::common::v1::Channel::Unspecified).await,
        "CHANNEL_REQUIRED",
    );
    assert!(totals_fees(&order) > 0);
}

fn totals_fees(order: &liufang_proto::order::v1::Order) -> i64 {
    quote(order).outside.iter().filter(|fee| fee.kind != "goods").map(|fee| fee.amount_fen).sum()
}

async fn a_missing_verification_step_keeps_everybody_out(world: &mut World) {
    let cast = Cast::of(world).await;
    let citizen = cast.citizen(RICH);
    let verifier = cast.public().verifier();
    // the registry does not know the name
    let stranger = liufang::client::Citizen { name: "测试无名氏".to_owned(), ..citizen.clone() };
    refused(verifier.walk(&stranger, Purpose::Register, "face-pass").await);
    // the face fails: the session is not complete, and signs nobody in
    let id = verifier.open(&citizen, Purpose::Register).await.unwrap();
    let sign_in = |id: &str| liufang_proto::identity::v1::SignInRequest { verification_id: id.to_owned() };
    refused_as(verifier.sign_in(sign_in(&id)).await, "VERIFICATION_INCOMPLETE");
    verifier.phone(&id, &citizen.phone).await.unwrap();
    refused_as(verifier.sign_in(sign_in(&id)).await, "VERIFICATION_INCOMPLETE");
    for capture in ["face-fail", "face-no-answer"] {
        let body = liufang_proto::identity::v1::VerifyFaceRequest {
            verification_id: id.clone(),
            capture_ref: capture.to_owned(),
            ..Default::default()
        };
        let seen = verifier.check_face(body).await.unwrap().verification.unwrap();
        assert!(!seen.complete, "{capture}");
    }
    refused_as(verifier.sign_in(sign_in(&id)).await, "VERIFICATION_INCOMPLETE");
    // nobody without a token orders
    let nobody = liufang::client::Session::anonymous(&cast.gateway);
    let answer = nobody
        .write(Basket::of(GRANULES, 1, cast.door(RICH)).request(), |channel, request| async move {
            liufang_proto::order::v1::order_service_client::OrderServiceClient::new(channel)
                .place_order(request)
                .await
        })
        .await;
    let refusal = refused(answer);
    assert!(["TOKEN_MISSING", "CALLER_NOT_ALLOWED"].contains(&refusal.reason.as_str()), "{refusal}");
    // the last step done, the same session signs in
    let body = liufang_proto::identity::v1::VerifyFaceRequest {
        verification_id: id.clone(),
        capture_ref: "face-pass".to_owned(),
        ..Default::default()
    };
    assert!(verifier.check_face(body).await.unwrap().verification.unwrap().complete);
    verifier.sign_in(sign_in(&id)).await.unwrap();
}

async fn a_trace_code_is_sold_once(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", RICH).await;
    let first = cast.paid_otc(&patient, RICH).await;
    let scans = cast.scans(&first).await;
    let code = scans[0].trace_codes[0].clone();
    let second = cast.paid_otc(&patient, RICH).await;
    let (pos, pharmacist) = (cast.pos(OTC_SHOP), cast.practitioner(OTC_PHARMACIST));
    pos.hand_out(&first.order_id, &pharmacist, "", scans.clone()).await.unwrap();
    refused_as(pos.hand_out(&second.order_id, &pharmacist, "", scans).await, "TRACE_CODE_SOLD");
    let story = pos.get_trace_code(GetTraceCodeRequest { drug_trac_codg: code.clone() }).await.unwrap();
    assert_eq!(story.state, "dispensed");
    assert_eq!(
        story.movements.iter().filter(|row| !row.order_id.is_empty()).count(),
        1,
        "one sale in its life"
    );
    // the attempt is a case for the supervisor
    let supervisor = cast.supervisor(BEIJING);
    let case = eventually("the resale is a case", || async {
        let cases = supervisor.list_cases(ListCasesRequest::default()).await.unwrap().cases;
        cases.into_iter().find(|case| case.kind() == CaseKind::TraceCodeResold && case.subject == code)
    })
    .await;
    assert_eq!(case.fixmedins_code, OTC_SHOP);
    // the second order goes out with another pack
    cast.dispense(&second, OTC_PHARMACIST, "").await;
}

async fn others_see_nothing(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", RICH).await;
    let order = cast.unpaid_otc(&patient, RICH).await;
    let other: Patient = cast.patient_through("jd", 165).await;
    refused_as(other.order(&order.order_id).await, "ORDER_NOT_FOUND");
    refused_as(other.cancel(&order.order_id).await, "ORDER_NOT_FOUND");
    refused_as(other.pay(&order, liufang_proto::common::v1::Channel::Wechat).await, "ORDER_NOT_FOUND");
    refused_as(other.payment(&order.order_id).await, "PAYMENT_NOT_FOUND");
    refused_as(cast.pos("P11010100001").order(&order.order_id).await, "ORDER_NOT_FOUND");
    assert_eq!(
        patient.order(&order.order_id).await.unwrap().state().as_str_name(),
        OrderState::AwaitingPayment.as_str_name()
    );
}
