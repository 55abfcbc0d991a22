//! What is refused, and what a refusal leaves: nothing.

use liufang_proto::settlement::v1::{CreateQuoteResponse, Quote};

use super::stub::block;
use super::{bench, event, is, otc, prescription, refused};
use crate::domain::State;
use crate::error;

#[test]
fn a_refused_placing_leaves_nothing_and_may_be_tried_again() {
    block(async {
        let bench = bench().await;
        bench.peers.refuse("CreateQuote", &error::IDENTITY_NOT_VERIFIED);
        assert_eq!(refused(bench.place("key-place", otc()).await), "IDENTITY_NOT_VERIFIED");
        assert_eq!(bench.peers.writes(), ["Reserve", "CreateQuote", "Release"]);
        is(&bench.place("key-place", otc()).await.unwrap(), State::AwaitingPayment);
    });
}

#[test]
fn a_refused_scan_may_be_scanned_again() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.pay("key-pay-1", &placed.id).await.unwrap();
        bench.peers.refuse("Commit", &error::VISIT_NOT_OPEN);
        assert_eq!(refused(bench.dispense("key-dispense", &placed.id).await), "VISIT_NOT_OPEN");
        is(&bench.get(&placed.id).await, State::Paid);
        is(&bench.dispense("key-dispense", &placed.id).await.unwrap().order, State::Dispensed);
    });
}

#[test]
fn another_sees_nothing() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        let stranger =
            bench.call(liufang_platform::PrincipalKind::Patient, "per_2", "key", placed.id.clone());
        assert_eq!(refused(bench.app.get(stranger).await), "ORDER_NOT_FOUND");
    });
}

#[test]
fn a_quote_over_another_sum_is_never_shown() {
    block(async {
        let bench = bench().await;
        let wrong = Quote { quote_id: "quo_2".to_owned(), total_fen: 1, ..Default::default() };
        bench.peers.answer("CreateQuote", &CreateQuoteResponse { quote: Some(wrong) });
        assert_eq!(refused(bench.place("key-place", otc()).await), "INTERNAL");
    });
}

#[test]
fn another_pharmacy_ends_the_order_that_still_waited() {
    block(async {
        let bench = bench().await;
        let first = bench.place("key-place-1", prescription()).await.unwrap();
        let second = bench.place("key-place-2", prescription()).await.unwrap();
        assert_eq!(bench.get(&first.id).await.cancel_reason, "REPLACED");
        is(&bench.get(&second.id).await, State::AwaitingPharmacy);
    });
}

#[test]
fn a_refused_review_and_a_lost_prescription_end_the_order() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place-1", prescription()).await.unwrap();
        bench.app.on_review(&event("evt_1"), &placed.id, false).await.unwrap();
        assert_eq!(bench.get(&placed.id).await.cancel_reason, "REFUSED");
        let placed = bench.place("key-place-2", prescription()).await.unwrap();
        bench.app.on_review(&event("evt_2"), &placed.id, true).await.unwrap();
        bench.app.on_release(&event("evt_3"), &placed.id, "GIVEN_BACK").await.unwrap();
        assert_eq!(bench.get(&placed.id).await.cancel_reason, "GIVEN_BACK");
    });
}

#[test]
fn who_may_buy_what_where() {
    block(async {
        let bench = bench().await;
        let mut closed = super::stub::institution();
        closed.institution.as_mut().unwrap().agreement_state = 2;
        bench.peers.answer("GetInstitution", &closed);
        assert_eq!(refused(bench.place("key-place", otc()).await), "INSTITUTION_NOT_DESIGNATED");
        let mut plain = super::stub::institution();
        plain.institution.as_mut().unwrap().capabilities.clear();
        bench.peers.answer("GetInstitution", &plain);
        assert_eq!(refused(bench.place("key-place", otc()).await), "INSTITUTION_NOT_CAPABLE");
        let unknown = liufang_proto::identity::v1::GetPersonForServiceResponse {
            person: Some(Default::default()),
            ..Default::default()
        };
        bench.peers.answer("GetPersonForService", &unknown);
        assert_eq!(refused(bench.place("key-place", otc()).await), "IDENTITY_NOT_VERIFIED");
        let pick_up =
            crate::app::Place { fulfilment: crate::domain::Fulfilment::PickUp, door: None, ..otc() };
        assert_eq!(refused(bench.place("key-place", pick_up).await), "FULFILMENT_NOT_OFFERED");
        let hasty = crate::app::Place { risk_confirmed: false, ..prescription() };
        assert_eq!(refused(bench.place("key-place", hasty).await), "RISK_NOT_CONFIRMED");
        assert!(bench.peers.writes().is_empty(), "a refusal changes nothing anywhere");
    });
}
