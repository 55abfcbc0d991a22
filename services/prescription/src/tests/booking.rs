use std::sync::Arc;

use liufang_proto::prescription::v1 as pb;

use super::peers::*;
use super::world::*;

#[tokio::test]
async fn bookings_are_refused_by_reason() {
    let town = town().await;
    town.publish("s1", 1).await;
    assert_eq!(reason(town.book(PATIENT, |b| b.first_rx_ref.clear()).await), "FIRST_VISIT_ONLINE");
    assert_eq!(reason(town.book(PATIENT, |b| b.dise_codg = "M05300".into()).await), "DISEASE_NOT_IN_SCHEME");
    assert_eq!(reason(town.book(PATIENT, |b| b.dise_codg = "M01600".into()).await), "DISEASE_NOT_REGISTERED");
    assert_eq!(reason(town.book("per_unverified", |_| {}).await), "IDENTITY_NOT_VERIFIED");
    assert_eq!(reason(town.book(PATIENT, |b| b.slot_id = "s9".into()).await), "SLOT_NOT_FOUND");
    let visit = town.book(PATIENT, |_| {}).await.unwrap();
    assert!(0 < visit.fee_fen && visit.state == pb::VisitState::Booked as i32);
    assert_eq!(reason(town.book("per_2", |_| {}).await), "SLOT_FULL");
}

#[tokio::test]
async fn an_unpaid_visit_ends_and_frees_its_place() {
    let town = town().await;
    town.publish("s1", 1).await;
    let visit = town.book(PATIENT, |_| {}).await.unwrap();
    town.work().await;
    assert_eq!(reason(town.book("per_2", |_| {}).await), "SLOT_FULL");
    town.world.clock.advance_seconds(1_801);
    town.work().await;
    let get = town.ask(Who::Patient(PATIENT), pb::GetVisitRequest { visit_id: visit.visit_id.clone() });
    let ended = taken(town.visits().get_visit(get).await).unwrap().visit.unwrap();
    assert_eq!(ended.state, pb::VisitState::Cancelled as i32);
    let late = pb::MarkVisitPaidRequest { visit_id: visit.visit_id, order_id: "o".to_owned() };
    assert_eq!(
        reason(taken(town.visits().mark_visit_paid(town.ask(Who::Order, late)).await)),
        "VISIT_STATE_MISMATCH"
    );
    // the place is free again; the slot itself lasts one more moment
    assert_eq!(reason(town.book("per_2", |_| {}).await), "OK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_calls_share_three_places() {
    const PEOPLE: [&str; 4] = ["per_a", "per_b", "per_c", "per_d"];
    let town = Arc::new(town().await);
    town.publish("s1", 3).await;
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let town = town.clone();
            tokio::spawn(async move { reason(town.book(PEOPLE[n % PEOPLE.len()], |_| {}).await) })
        })
        .collect();
    let mut booked = 0;
    for call in calls {
        match call.await.unwrap().as_str() {
            "OK" => booked += 1,
            "SLOT_FULL" | "VISIT_ALREADY_BOOKED" => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(booked, 3);
}

#[tokio::test]
async fn only_the_doctor_of_the_visit_takes_it() {
    let town = town().await;
    town.publish("s1", 1).await;
    let visit_id = town.book(PATIENT, |_| {}).await.unwrap().visit_id;
    let take = |token: String| pb::TakeVisitRequest { visit_id: visit_id.clone(), doctor_token: token };
    let his = Who::His(HOSPITAL);
    let unpaid = town.visits().take_visit(town.ask(his, take(town.doctor_token()))).await;
    assert_eq!(reason(taken(unpaid)), "VISIT_STATE_MISMATCH");
    let stranger = town.staff("D130302000002", "H13030200002");
    let other = town.visits().take_visit(town.ask(his, take(stranger))).await;
    assert_eq!(reason(taken(other)), "DOCTOR_NOT_INSURED");
    let hidden =
        town.visits().take_visit(town.ask(Who::His("H13030200002"), take(town.doctor_token()))).await;
    assert_eq!(reason(taken(hidden)), "VISIT_NOT_FOUND");
}

/// Books, pays and takes a visit that renews `FIRST-1`.
async fn first_shown(
    town: &Town,
    person: &'static str,
    hospital: &'static str,
    doctor: &str,
) -> Option<pb::Prescription> {
    let visit = town.book(person, |body| body.fixmedins_code = hospital.to_owned()).await.unwrap();
    let paid = pb::MarkVisitPaidRequest { visit_id: visit.visit_id.clone(), order_id: "ord_1".to_owned() };
    taken(town.visits().mark_visit_paid(town.ask(Who::Order, paid)).await).unwrap();
    let doctor_token = town.staff(doctor, hospital);
    let take = pb::TakeVisitRequest { visit_id: visit.visit_id, doctor_token };
    taken(town.visits().take_visit(town.ask(Who::His(hospital), take)).await).unwrap().first_prescription
}

#[tokio::test]
async fn the_first_prescription_is_shown_to_its_hospital_for_its_patient() {
    const OTHER: (&str, &str) = ("H13030200002", "D130302000002");
    let town = town().await;
    let rx = town.active("FIRST-1").await;
    let shown = first_shown(&town, PATIENT, HOSPITAL, DOCTOR).await.unwrap();
    assert_eq!((shown.hi_rxno, shown.hosp_rxno), (rx.hi_rxno, rx.hosp_rxno));
    assert!(shown.lines == rx.lines, "line by line");
    assert!(first_shown(&town, "per_2", HOSPITAL, DOCTOR).await.is_none(), "another's prescription");
    town.publish_at("s1", 5, OTHER).await;
    assert!(first_shown(&town, PATIENT, OTHER.0, OTHER.1).await.is_none(), "another hospital's number");
}

#[tokio::test]
async fn a_paid_visit_is_released_by_its_order_alone() {
    let town = town().await;
    town.publish("s1", 1).await;
    let visit_id = town.book(PATIENT, |_| {}).await.unwrap().visit_id;
    let paid = pb::MarkVisitPaidRequest { visit_id: visit_id.clone(), order_id: "ord_1".to_owned() };
    taken(town.visits().mark_visit_paid(town.ask(Who::Order, paid)).await).unwrap();
    let cancel = pb::CancelVisitRequest { visit_id: visit_id.clone() };
    let cancelled = town.visits().cancel_visit(town.ask(Who::Patient(PATIENT), cancel)).await;
    assert_eq!(reason(taken(cancelled)), "VISIT_STATE_MISMATCH");
    let release = |order_id: &str| pb::ReleaseVisitRequest {
        visit_id: visit_id.clone(),
        order_id: order_id.to_owned(),
    };
    let other = town.visits().release_visit(town.ask(Who::Order, release("ord_2"))).await;
    assert_eq!(reason(taken(other)), "VISIT_STATE_MISMATCH");
    for _ in 0..2 {
        let own = town.visits().release_visit(town.ask(Who::Order, release("ord_1"))).await;
        assert_eq!(reason(taken(own)), "OK");
    }
}
