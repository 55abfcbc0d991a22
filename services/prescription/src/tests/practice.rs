//! Three years of independent practice before a doctor works online (互联网诊疗管理办法 art. 25).

use liufang_proto::prescription::v1 as pb;

use super::peers::*;
use super::world::*;

#[tokio::test]
async fn who_has_not_practised_for_three_years_does_not_work_online() {
    let town = town().await;
    let today = town.world.deps.clock.now().china_date();
    let text =
        |years: i32| liufang_kernel::timestamp::date_text(today.replace_year(today.year() - years).unwrap());

    // a visit that was booked, paid and recorded when the doctor was thought to be good
    let visit_id = town.consulted().await;
    let rx = town.pre_verify(town.sheet(&visit_id, "P-1")).await.unwrap();
    town.review_draft(&rx.hi_rxno, true).await.unwrap();
    let signatures = town.sign(&town.document(&rx.hi_rxno).await);
    let next = town.book("per_2", |_| {}).await.unwrap().visit_id;
    let paid = pb::MarkVisitPaidRequest { visit_id: next.clone(), order_id: "ord_p".to_owned() };
    taken(town.visits().mark_visit_paid(town.ask(Who::Order, paid)).await).unwrap();

    for (since, cause) in [(text(2), "LESS_THAN_THREE_YEARS"), (String::new(), "UNKNOWN")] {
        *town.practice_from.lock().unwrap() = since;
        let starts = town.world.deps.clock.now().plus_seconds(60);
        let slot = pb::Slot {
            slot_id: "s2".to_owned(),
            fixmedins_code: HOSPITAL.to_owned(),
            dept: "心血管内科".to_owned(),
            doctor_code: DOCTOR.to_owned(),
            starts_at_us: starts.0,
            ends_at_us: starts.plus_seconds(1_800).0,
            capacity: 1,
            ..Default::default()
        };
        let publish = town.ask(Who::His(HOSPITAL), pb::PublishSlotsRequest { rows: vec![slot] });
        let errors = taken(town.visits().publish_slots(publish).await).unwrap().errors;
        assert_eq!(errors[0].reason, "PRACTICE_TOO_SHORT");
        let take = pb::TakeVisitRequest { visit_id: next.clone(), doctor_token: town.doctor_token() };
        let fault = taken(town.visits().take_visit(town.ask(Who::His(HOSPITAL), take)).await).err().unwrap();
        assert_eq!((fault.reason(), fault.meta("cause")), ("PRACTICE_TOO_SHORT", Some(cause)));
        let fault = town.upload(&rx, signatures.clone()).await.err().unwrap();
        assert_eq!((fault.reason(), fault.meta("cause")), ("PRACTICE_TOO_SHORT", Some(cause)));
    }
    *town.practice_from.lock().unwrap() = text(3);
    let active = town.upload(&rx, signatures).await.unwrap();
    assert_eq!(active.state, pb::PrescriptionState::Active as i32);
    // and a prescription may be revoked by whoever wrote it
    *town.practice_from.lock().unwrap() = String::new();
    let body = pb::RevokeRequest {
        hi_rxno: rx.hi_rxno.clone(),
        doctor_token: town.doctor_token(),
        reason: "误开".to_owned(),
        ..Default::default()
    };
    let revoked = town.prescribing().revoke(town.ask(Who::His(HOSPITAL), body)).await;
    assert_eq!(taken(revoked).unwrap().prescription.unwrap().state, pb::PrescriptionState::Revoked as i32);
}
