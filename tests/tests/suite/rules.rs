//! What the rules find, through the gateway: in the patient stated, in time, and in what other hospitals wrote.

use liufang::client::{Answer, Patient};
use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::OrderState;
use liufang_proto::prescription::v1::{
    ListRulesRequest, ListSlotsRequest, Override, PatientFacts, PreVerifyRequest, Prescription,
    RecordConsultationRequest, RxLine, Severity, TakeVisitRequest, Visit,
};
use liufang_tests::{World, behaviour};

use super::cast::*;

behaviour!(everywhere the_rules_are_published);
behaviour!(everywhere what_is_stated_of_the_patient_counts);
behaviour!(everywhere a_long_prescription_is_confirmed);
behaviour!(everywhere interactions_want_a_reason_that_is_kept);
behaviour!(everywhere other_hospitals_prescriptions_count);
behaviour!(everywhere a_refill_waits_until_little_is_left);

/// 缬沙坦胶囊 and 硫酸氢氯吡格雷片 with 奥美拉唑肠溶胶囊.
const VALSARTAN: Drug = Drug { code: "XC09CAX178E001010100170", price: "24.99" };
const LEVAMLODIPINE: Drug = Drug { code: "XC08CAZ119A001010100128", price: "19.60" };

/// Sends a sheet as it is.
async fn sent(
    cast: &Cast,
    hospital: &str,
    visit: &Visit,
    edit: impl FnOnce(&mut PreVerifyRequest),
) -> Answer<Prescription> {
    let his = cast.his(hospital);
    let mut body = PreVerifyRequest {
        visit_id: visit.visit_id.clone(),
        doctor_token: his.token_of(&cast.practitioner(&visit.doctor_code)).await?,
        hosp_rxno: format!("RULES-{}", &visit.visit_id[visit.visit_id.len() - 12..]),
        vali_days: 3,
        lines: two_drugs(4),
        ..Default::default()
    };
    edit(&mut body);
    Ok(his.pre_verify(body).await?.prescription.unwrap_or_default())
}

/// The ids of the rules in a refusal of `reason`.
#[track_caller]
fn refused_by(answer: Answer<Prescription>, reason: &str) -> String {
    refused_as(answer, reason).meta("rules").to_owned()
}

fn reason(rule: &str, line: i32) -> Override {
    Override { rule_id: rule.to_owned(), line, reason: "专科医师评估后继续使用".to_owned() }
}

async fn the_rules_are_published(world: &mut World) {
    let cast = Cast::of(world).await;
    let rules = cast.his(HOSPITAL).list_rules(ListRulesRequest {}).await.unwrap().rules;
    assert!(30 <= rules.len());
    for rule in &rules {
        assert!(rule.rule_id.starts_with("RX_") && !rule.source.is_empty() && !rule.finds.is_empty());
        assert!(!rule.severities.is_empty(), "{}", rule.rule_id);
    }
    let patient = cast.patient(1).await;
    let visit = cast.seen(&patient, DOCTOR, "M03900").await;
    let draft = cast.pre_verify(&visit, two_drugs(12)).await.unwrap();
    assert!(!draft.findings.is_empty());
    for finding in &draft.findings {
        let rule = rules.iter().find(|rule| rule.rule_id == finding.rule_id);
        let rule = rule.unwrap_or_else(|| panic!("{} is not published", finding.rule_id));
        assert!(rule.severities.contains(&finding.severity), "{}", finding.rule_id);
    }
}

async fn what_is_stated_of_the_patient_counts(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let visit = cast.seen(&patient, DOCTOR, "M03900").await;
    let stated = |facts: PatientFacts| {
        sent(&cast, HOSPITAL, &visit, |body| {
            body.lines = vec![VALSARTAN.line(1, 4)];
            body.patient = Some(facts);
        })
    };
    let pregnant = PatientFacts { geso_val: 20, ..Default::default() };
    assert_eq!(refused_by(stated(pregnant).await, "PRESCRIPTION_BLOCKED"), "RX_PREGNANCY,RX_VALIDITY_DAYS");
    let feeding = PatientFacts { suck_prd_flag: true, ..Default::default() };
    assert_eq!(refused_by(stated(feeding).await, "OVERRIDE_NEEDED"), "RX_LACTATION");
    let kidneys = PatientFacts { egfr: 20, ..Default::default() };
    assert_eq!(refused_by(stated(kidneys).await, "OVERRIDE_NEEDED"), "RX_RENAL");
    let allergic = PatientFacts { algs_his: vec!["缬沙坦".to_owned()], ..Default::default() };
    assert!(refused_by(stated(allergic).await, "PRESCRIPTION_BLOCKED").contains("RX_ALLERGY"));
    let swollen = PatientFacts { diag_codes: vec!["E87.5".to_owned()], ..Default::default() };
    assert_eq!(refused_by(stated(swollen).await, "OVERRIDE_NEEDED"), "RX_CONTRAINDICATION");
    refused_as(stated(PatientFacts { geso_val: 46, ..Default::default() }).await, "INVALID_REQUEST");
    stated(PatientFacts { egfr: 90, ..Default::default() }).await.unwrap();
}

async fn a_long_prescription_is_confirmed(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let visit = cast.seen(&patient, DOCTOR, "M03900").await;
    let twelve_weeks = |consent: &str| {
        let consent = consent.to_owned();
        sent(&cast, HOSPITAL, &visit, move |body| {
            body.lines = two_drugs(12);
            body.long_rx = true;
            body.long_rx_consent = consent;
            body.overrides = vec![reason("RX_DAYS_OF_SUPPLY", 1), reason("RX_DAYS_OF_SUPPLY", 2)];
        })
    };
    assert!(refused_by(twelve_weeks("").await, "PRESCRIPTION_BLOCKED").contains("RX_LONG_CONSENT"));
    let draft = twelve_weeks("CONSENT-7").await.unwrap();
    let note = draft.findings.iter().find(|finding| finding.rule_id == "RX_LONG_CONSENT").unwrap();
    assert!(note.severity() == Severity::Note && note.row == "CONSENT-7", "{}", note.evidence);
    // the pharmacy's claim asks the rules again and finds the confirmation in what was kept
    let rx = cast.activate(&draft).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    cast.claim(&order).await;
}

async fn interactions_want_a_reason_that_is_kept(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let visit = cast.seen(&patient, DOCTOR, "M03900").await;
    let fosinopril = RxLine {
        med_list_codg: "XC09AAF707A001010100268".to_owned(),
        drug_cnt: "2".to_owned(),
        drug_pric: "28.70".to_owned(),
        ..VALSARTAN.line(2, 4)
    };
    let both = |overrides: Vec<Override>| {
        let lines = vec![VALSARTAN.line(1, 4), fosinopril.clone()];
        sent(&cast, HOSPITAL, &visit, move |body| (body.lines, body.overrides) = (lines, overrides))
    };
    assert_eq!(refused_by(both(vec![]).await, "OVERRIDE_NEEDED"), "RX_INTERACTION");
    // a reason for another line is none
    assert_eq!(
        refused_by(both(vec![reason("RX_INTERACTION", 1)]).await, "OVERRIDE_NEEDED"),
        "RX_INTERACTION"
    );
    let draft = both(vec![reason("RX_INTERACTION", 2)]).await.unwrap();
    let kept = draft.findings.iter().find(|finding| finding.rule_id == "RX_INTERACTION").unwrap();
    assert_eq!((kept.row.as_str(), kept.overridden_by.as_str()), ("ace_inhibitor+arb", DOCTOR));
    assert!(!kept.override_reason.is_empty() && kept.source.contains("说明书"));
}

/// A recorded visit at the other hospital.
async fn seen_elsewhere(cast: &Cast, patient: &Patient) -> Visit {
    let his = cast.his(OTHER_HOSPITAL);
    let body = ListSlotsRequest {
        fixmedins_code: OTHER_HOSPITAL.to_owned(),
        doctor_code: OTHER_HOSPITALS_DOCTOR.to_owned(),
        ..Default::default()
    };
    let slots = cast.public().list_slots(body).await.unwrap().slots;
    let slot = slots.into_iter().find(|slot| 0 < slot.available).expect("a vacancy");
    let mut booking = cast.booking(&slot, "M03900");
    booking.fixmedins_code = OTHER_HOSPITAL.to_owned();
    let visit = patient.book_visit(booking).await.unwrap().visit.unwrap();
    let order = patient.place_fee(&visit.visit_id).await.unwrap();
    let order = patient.pay(&order, Channel::Wechat).await.unwrap();
    cast.order_in(patient, &order.order_id, OrderState::Completed).await;
    let doctor_token = his.token_of(&cast.practitioner(OTHER_HOSPITALS_DOCTOR)).await.unwrap();
    let take = TakeVisitRequest { visit_id: visit.visit_id.clone(), doctor_token: doctor_token.clone() };
    his.take_visit(take).await.unwrap();
    let body = RecordConsultationRequest {
        visit_id: visit.visit_id.clone(),
        doctor_token,
        record: "复诊，血压控制良好，续方。".to_owned(),
        diag_code: "I10".to_owned(),
        follow_up: true,
    };
    his.record_consultation(body).await.unwrap().visit.unwrap()
}

async fn other_hospitals_prescriptions_count(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    cast.prescribed(&patient, vec![AMLODIPINE.line(1, 4)]).await;
    let elsewhere = seen_elsewhere(&cast, &patient).await;
    let levamlodipine = |overrides: Vec<Override>| {
        sent(&cast, OTHER_HOSPITAL, &elsewhere, move |body| {
            let half = RxLine { drug_cnt: "2".to_owned(), ..LEVAMLODIPINE.line(1, 4) };
            (body.lines, body.overrides) = (vec![half], overrides);
        })
    };
    assert_eq!(refused_by(levamlodipine(vec![]).await, "OVERRIDE_NEEDED"), "RX_DUPLICATE_ACTIVE");
    let draft = levamlodipine(vec![reason("RX_DUPLICATE_ACTIVE", 1)]).await.unwrap();
    let kept = draft.findings.iter().find(|finding| finding.rule_id == "RX_DUPLICATE_ACTIVE").unwrap();
    assert_eq!((kept.row.as_str(), kept.overridden_by.as_str()), ("XC08CA", OTHER_HOSPITALS_DOCTOR));
}

async fn a_refill_waits_until_little_is_left(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let (order, claim) = cast.paid_rx(&patient, SHOP, SHOP_PHARMACIST).await;
    cast.dispense(&order, SHOP_PHARMACIST, &claim.secret).await;
    // four weeks of it were handed out today
    let visit = cast.seen(&patient, DOCTOR, "M03900").await;
    let again = |overrides: Vec<Override>| sent(&cast, HOSPITAL, &visit, |body| body.overrides = overrides);
    assert_eq!(refused_by(again(vec![]).await, "OVERRIDE_NEEDED"), "RX_REFILL_TOO_SOON");
    world.clock.advance_seconds(20 * 86_400);
    assert_eq!(refused_by(again(vec![]).await, "OVERRIDE_NEEDED"), "RX_REFILL_TOO_SOON");
    // a week is left
    world.clock.advance_seconds(86_400);
    let draft = again(vec![]).await.unwrap();
    assert!(draft.findings.iter().all(|finding| finding.rule_id != "RX_REFILL_TOO_SOON"));
}
