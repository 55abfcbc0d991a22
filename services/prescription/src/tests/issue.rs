use liufang_proto::prescription::v1 as pb;

use super::peers::*;
use super::world::*;

#[tokio::test]
async fn rules_block_and_warn_before_anything_is_kept() {
    let town = town().await;
    let visit_id = town.consulted().await;
    let mut blocked = town.sheet(&visit_id, "B-1");
    blocked.lines.push(line(3, DIAZEPAM, "5"));
    let fault = town.pre_verify(blocked).await.err().unwrap();
    assert_eq!(fault.reason(), "PRESCRIPTION_BLOCKED");
    assert!(fault.meta("rules").unwrap().contains("RX_CONTROLLED"));
    let mut heavy = town.sheet(&visit_id, "B-1");
    heavy.lines = vec![line(1, AMLODIPINE, "15")];
    heavy.lines[0].drug_cnt = "12".to_owned();
    let fault = town.pre_verify(heavy.clone()).await.err().unwrap();
    assert_eq!(
        (fault.reason(), fault.meta("rules")),
        ("OVERRIDE_NEEDED", Some("RX_MAX_DOSE,RX_MAX_SINGLE_DOSE"))
    );
    heavy.overrides = ["RX_MAX_DOSE", "RX_MAX_SINGLE_DOSE"]
        .map(|rule| pb::Override { rule_id: rule.into(), line: 1, reason: "专科医师评估".into() })
        .into();
    let rx = town.pre_verify(heavy).await.unwrap();
    let finding = rx.findings.iter().find(|finding| finding.rule_id == "RX_MAX_DOSE").unwrap();
    assert_eq!(finding.overridden_by, DOCTOR);
    assert_eq!(reason(town.pre_verify(town.sheet(&visit_id, "B-1")).await), "HOSP_RXNO_USED");
}

#[tokio::test]
async fn a_prescription_becomes_active_once_by_two_good_signatures() {
    let town = town().await;
    let visit_id = town.consulted().await;
    let rx = town.pre_verify(town.sheet(&visit_id, "A-1")).await.unwrap();
    assert!(rx.hi_rxno.len() <= 30 && rx.rx_trace_code.len() == 20);
    assert_eq!(rx.vali_end_time_us - rx.prsc_time_us, 3 * 86_400_000_000);
    let early = ("AAAA".to_owned(), "AAAA".to_owned());
    assert_eq!(reason(town.upload(&rx, early.clone()).await), "PRESCRIPTION_NOT_ACTIVE");
    let reviewed = town.review_draft(&rx.hi_rxno, true).await.unwrap();
    assert_eq!(reviewed.state, pb::PrescriptionState::Reviewed as i32);
    assert_eq!(reason(town.review_draft(&rx.hi_rxno, true).await), "REVIEW_ALREADY_DONE");
    let document = town.document(&rx.hi_rxno).await;
    let (doctor, pharmacist) = town.sign(&document);
    let fault = town.upload(&rx, (pharmacist.clone(), pharmacist.clone())).await.err().unwrap();
    assert_eq!((fault.reason(), fault.meta("signature")), ("SIGNATURE_INVALID", Some("doctor")));
    let other_code = pb::Prescription { rx_trace_code: "1".repeat(20), ..rx.clone() };
    let signatures = (doctor.clone(), pharmacist.clone());
    assert_eq!(
        reason(town.upload(&other_code, signatures.clone()).await),
        "TRACE_CODE_OF_OTHER_PRESCRIPTION"
    );
    let active = town.upload(&rx, signatures.clone()).await.unwrap();
    assert_eq!(active.state, pb::PrescriptionState::Active as i32);
    assert_eq!(reason(town.upload(&rx, signatures).await), "TRACE_CODE_SPENT");
    assert_eq!(town.events("PrescriptionActivated").await, 1);
    let body = pb::GetSignedDocumentRequest { hi_rxno: rx.hi_rxno.clone() };
    let signed = town.prescribing().get_signed_document(town.ask(Who::Patient(PATIENT), body)).await;
    let signed = taken(signed).unwrap();
    assert!(signed.document == document && signed.doctor_signature == doctor);
    let text = String::from_utf8(document).unwrap();
    assert!(text.contains("\"pharCode\":\"HY130302000001\"") && text.contains("\"drugCnt\":\"4\""));
}

#[tokio::test]
async fn a_repeated_call_is_answered_after_its_token_has_expired() {
    let town = town().await;
    let visit_id = town.consulted().await;
    let sheet = town.sheet(&visit_id, "R-1");
    let his = Who::His(HOSPITAL);
    let first = town.prescribing().pre_verify(town.ask_keyed(his, sheet.clone(), "the-same-key")).await;
    let first = taken(first).unwrap().prescription.unwrap();
    town.world.clock.advance_seconds(3_600);
    let again = town.prescribing().pre_verify(town.ask_keyed(his, sheet.clone(), "the-same-key")).await;
    assert_eq!(taken(again).unwrap().prescription.unwrap().hi_rxno, first.hi_rxno);
    let fresh = town.prescribing().pre_verify(town.ask_keyed(his, sheet, "another-key")).await;
    assert_eq!(reason(taken(fresh)), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_refused_draft_ends_and_a_first_visit_is_not_recorded() {
    let town = town().await;
    let visit_id = town.consulted().await;
    let rx = town.pre_verify(town.sheet(&visit_id, "F-1")).await.unwrap();
    let refused = town.review_draft(&rx.hi_rxno, false).await.unwrap();
    assert_eq!(refused.state, pb::PrescriptionState::Refused as i32);
    assert_eq!(reason(town.review_draft(&rx.hi_rxno, true).await), "PRESCRIPTION_REFUSED");
    let by_doctor = pb::ReviewDraftRequest {
        hi_rxno: rx.hi_rxno.clone(),
        pharmacist_token: town.doctor_token(),
        pass: true,
        opinion: "自审".to_owned(),
    };
    let other = town.pre_verify(town.sheet(&visit_id, "F-2")).await.unwrap();
    let by_doctor = pb::ReviewDraftRequest { hi_rxno: other.hi_rxno, ..by_doctor };
    let answer = town.prescribing().review_draft(town.ask(Who::His(HOSPITAL), by_doctor)).await;
    assert_eq!(reason(taken(answer)), "PRACTITIONER_NOT_ALLOWED");
}
