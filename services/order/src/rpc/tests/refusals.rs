//! What is refused, and what a refusal leaves: nothing.

use liufang_proto::prescription::v1::CheckDispenseRequest;
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
fn a_wrong_secret_sells_nothing() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", prescription()).await.unwrap();
        bench.app.on_review(&event("evt_1"), &placed.id, true).await.unwrap();
        bench.pay("key-pay-1", &placed.id).await.unwrap();
        bench.peers.writes();
        let before = bench.get(&placed.id).await;
        // any refusal of the check will do
        bench.peers.refuse("CheckDispense", &error::PRESCRIPTION_NOT_ACTIVE);
        let wrong = bench.dispense_with("key-dispense", &placed.id, "wrong").await;
        assert_eq!(refused(wrong), "PRESCRIPTION_NOT_ACTIVE");
        let asked: CheckDispenseRequest = bench.peers.asked("CheckDispense");
        let asked = [asked.hi_rxno.as_str(), asked.order_id.as_str(), asked.secret.as_str()];
        assert_eq!(asked, ["rx_1", placed.id.as_str(), "wrong"]);
        assert!(bench.peers.writes().is_empty() && bench.get(&placed.id).await == before);
        // nobody to ask is no sale either
        for _ in 0..8 {
            bench.peers.silence("CheckDispense");
        }
        assert_eq!(refused(bench.dispense("key-dispense", &placed.id).await), "PEER_UNAVAILABLE");
        assert!(bench.peers.writes().is_empty());
        bench.peers.forget_script();
        is(&bench.dispense("key-dispense", &placed.id).await.unwrap().order, State::Dispensed);
        assert_eq!(bench.peers.writes(), ["Commit", "RecordDispense"]);
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
        // the prescription service knows which nomination came last, and says so
        bench.app.on_release(&event("evt_1"), &first.id, "REPLACED").await.unwrap();
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
fn a_prescription_lost_after_payment_brings_the_money_back() {
    block(async {
        for (n, reason) in ["EXPIRED", "REVOKED", "GIVEN_BACK"].into_iter().enumerate() {
            let bench = bench().await;
            let placed = bench.place(&format!("key-place-{n}"), prescription()).await.unwrap();
            bench.app.on_review(&event("evt_1"), &placed.id, true).await.unwrap();
            is(&bench.pay("key-pay-1", &placed.id).await.unwrap(), State::Paid);
            bench.peers.writes();
            // twice, as the bus may tell it
            for _ in 0..2 {
                bench.app.on_release(&event("evt_2"), &placed.id, reason).await.unwrap();
            }
            let back = bench.get(&placed.id).await;
            assert_eq!((back.state.as_str(), back.cancel_reason.as_str()), ("refunded", reason));
            assert_eq!(bench.peers.writes(), ["Release", "ReleaseNomination", "Refund"]);
            let told = bench.app.story(&placed.id, crate::domain::Kind::Otc, 0).await.unwrap();
            let withdrawn = told.iter().find(|line| line.step == "refunding").unwrap();
            assert_eq!(withdrawn.detail, reason);
        }
    });
}

#[test]
fn a_prescription_that_expires_while_it_is_dispensed_brings_goods_and_money_back() {
    block(async {
        // the refusal and the news come in either order
        for news_first in [false, true] {
            let bench = bench().await;
            let placed = bench.place("key-place", prescription()).await.unwrap();
            bench.app.on_review(&event("evt_1"), &placed.id, true).await.unwrap();
            bench.pay("key-pay-1", &placed.id).await.unwrap();
            bench.peers.writes();
            bench.peers.refuse("RecordDispense", &error::PRESCRIPTION_NOT_ACTIVE);
            if news_first {
                bench.peers.hang("Commit");
                let late = std::time::Duration::from_millis(500);
                let dispense = bench.dispense("key-dispense", &placed.id);
                assert!(tokio::time::timeout(late, dispense).await.is_err());
                bench.app.on_release(&event("evt_2"), &placed.id, "EXPIRED").await.unwrap();
                is(&bench.get(&placed.id).await, State::Dispensing);
                bench.world.clock.advance_seconds(60);
                bench.app.resume_step().await.unwrap();
            } else {
                let refused = refused(bench.dispense("key-dispense", &placed.id).await);
                assert_eq!(refused, "PRESCRIPTION_NOT_ACTIVE");
                is(&bench.get(&placed.id).await, State::Paid);
                bench.app.on_release(&event("evt_2"), &placed.id, "EXPIRED").await.unwrap();
            }
            let back = bench.get(&placed.id).await;
            assert_eq!((back.state.as_str(), back.cancel_reason.as_str()), ("refunded", "EXPIRED"));
            let mut writes = bench.peers.writes();
            // a call that never answered was made again
            writes.dedup();
            let expected = ["Commit", "RecordDispense", "ReturnSale", "ReleaseNomination", "Refund"];
            assert_eq!(writes, expected);
        }
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
